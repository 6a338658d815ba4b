//! What was found as a test of the language.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Compiler, Engine, Registry, Source};
use wayfare_sim::{
    explore::{Found, NoTest, RunStep, Violation, as_test},
    scenario,
};

const LOGIN: &str = r#"
journey login {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> code
    false -> failure
  }
  node code: OneTimePasswordCollectorDecision {
    true -> success
    false -> failure
  }
  allow unwritten_key because "it is what the test is about"
}
"#;

fn engine() -> Engine {
    let compiled =
        Compiler::new(wayfare::catalogue::standard()).compile([Source::new("a.journey", LOGIN)]);
    let program = compiled.into_program().unwrap();
    scenario::link(program, Registry::standard(), &BTreeMap::new()).unwrap()
}

fn stuck(way: &[(&str, &str)], end: &str) -> Found {
    let step = |(node, outcome): &(&str, &str)| RunStep {
        run: 0,
        journey: Arc::from("login"),
        node: Arc::from(*node),
        path: Arc::from(*node),
        outcome: Some(Arc::from(*outcome)),
        asks: Vec::new(),
        note: None,
        steals: false,
        only: false,
    };
    Found {
        what: Violation::Stuck,
        locked: false,
        runs: 1,
        steps: way.iter().map(step).collect(),
        end: Arc::from(end),
    }
}

#[test]
fn a_run_that_is_stuck_stands_or_fails_at_the_end_of_its_way() {
    let engine = engine();
    let test = |found: &Found| as_test(&engine, "login", found);
    let stands = test(&stuck(&[], "credentials")).unwrap();
    assert!(
        stands.contains("  expect ask credentials { NameCallback, PasswordCallback }\n"),
        "{stands}"
    );
    let outcome = engine.program().journey_named("login").unwrap();
    let outcome = outcome
        .graph
        .node_weights()
        .find(|node| &*node.path == "credentials");
    let outcome = outcome.unwrap().outcomes[0].to_string();
    let way = [("credentials", &*outcome), ("check", "true")];
    let fails = test(&stuck(&way, "code")).unwrap();
    assert!(
        fails.contains("  expect failure { reason = \"node_failed\" }\n"),
        "{fails}"
    );
    // It neither stands nor fails at the check: the engine goes on.
    let goes_on = test(&stuck(&way[..1], "check"));
    assert_eq!(goes_on, Err(NoTest::NotTaken));
    let several = Found {
        runs: 2,
        ..stuck(&[], "credentials")
    };
    assert_eq!(test(&several), Err(NoTest::SeveralRuns));
    assert_eq!(
        as_test(&engine, "logout", &several),
        Err(NoTest::SeveralRuns)
    );
    assert_eq!(
        as_test(&engine, "logout", &stuck(&[], "x")),
        Err(NoTest::NoJourney)
    );
}

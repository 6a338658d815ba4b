//! One run, of anybody.

use wayfare_sim::explore::{Budget, Options, Unfinished};

use super::{examples, lines, names, program, run};

#[test]
fn the_examples_are_clean() {
    let program = examples();
    for name in names(&program) {
        let explored = run(&program, &name, Options::default());
        println!("{name}: {} states, {} moves, depth {}", explored.states, explored.moves, explored.depth);
        assert!(explored.is_clean(), "{name}: {:#?}", lines(&explored));
        assert!(explored.states > 3, "{name}");
    }
}

const UNPROVED: &str = r#"
journey login {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> again
    false -> failure
  }
  node again: UsernameCollector -> success
  ensure "no way" never success after again
  ensure at most 0 visits of again
}
"#;

#[test]
fn a_name_after_the_proof_is_found_with_a_shortest_run() {
    let explored = run(&program(UNPROVED), "login", Options::default());
    let way = "credentials [Name, Password] -> check.true -> again [Name]";
    assert_eq!(
        lines(&explored),
        [
            format!("ensure_failed: {way} (the same person) -> success"),
            "ensure_failed: credentials [Name, Password] -> check.true -> again".to_owned(),
            format!("unproved_success: {way} -> success"),
        ]
    );
}

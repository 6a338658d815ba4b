//! The ready-made properties: they hold of what is right, and each finds what is wrong.

use std::sync::atomic::{AtomicU64, Ordering};

use wayfare::{
    Action, Answer, Callback, Compiler, Context, Engine, NodeError, NodeType, Prepared, Registry,
    Reply, Setup, Signature, Source, Value,
    model::{journey::OutcomeId, signature::Known},
};
use wayfare_testing::{Check, Run, check, property};

const LOGIN: &str = include_str!("../../../journeys/login.journey");
const LOCKOUT: &str = include_str!("../../../journeys/retry_and_lockout.journey");

#[test]
fn they_hold_of_the_examples() {
    check!(Check::new(LOGIN).cases(64), property::all);
    check!(Check::new(LOCKOUT).cases(64), property::all);
    check!(Check::new(LOCKOUT).faults().cases(64), property::all);
}

/// A node that asks for a word and does something with it that it should not.
#[derive(Debug)]
struct Odd(fn(&mut Context<'_>, &str));

#[derive(Debug)]
struct OddNode(OutcomeId, fn(&mut Context<'_>, &str));

impl NodeType for Odd {
    fn signature(&self) -> Signature {
        Signature {
            asks: Known::Is(true),
            suspends: Known::Is(false),
            calls_out: Known::Is(false),
            verifies: Known::Is(false),
            ..Signature::new("Odd", "OddNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(OddNode(setup.outcome("outcome")?, self.0)))
    }
}

impl Prepared for OddNode {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([Callback::Password {
            prompt: "A word".to_owned(),
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if let Reply::Answers(answers) = reply
            && let [Answer::Secret(secret)] = &*answers
        {
            (self.1)(cx, secret.reveal());
        }
        Ok(Action::go(self.0))
    }
}

fn odd(does: fn(&mut Context<'_>, &str)) -> Engine {
    let mut registry = Registry::standard();
    registry.add(Odd(does)).unwrap();
    let text = "
journey odd {
  start ask
  node ask: Odd -> again
  node again: Odd -> failure
  allow no_success because \"a test\"
}
";
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("odd.journey", text)]);
    let found = format!("{:#?}", compiled.diagnostics);
    Engine::link(compiled.program.expect(&found), registry).unwrap()
}

fn found(engine: &Engine, property: fn(&Run) -> Result<(), String>) -> Option<String> {
    let check = Check::new(engine).cases(64).seed(7);
    let finding = check.find(property).unwrap();
    finding.map(|finding| format!("{} {}", finding.steps(), finding.message))
}

#[test]
fn a_node_that_tells_a_secret_is_found() {
    let engine = odd(|cx, typed| {
        let key = cx.key("echo");
        cx.put_shared(key, Value::from(typed));
    });
    let told = found(&engine, property::no_secret_is_shown).unwrap();
    assert!(told.starts_with("1 the secret `"), "{told}");
    let engine = odd(|cx, typed| cx.trace(format!("typed: {typed}")));
    found(&engine, property::no_secret_is_shown).unwrap();
    let engine = odd(|cx, typed| cx.trace(format!("typed {} letters", typed.len())));
    assert_eq!(found(&engine, property::all), None);
}

static COUNT: AtomicU64 = AtomicU64::new(0);

#[test]
fn a_node_that_remembers_outside_the_run_is_found() {
    let engine = odd(|cx, _| cx.trace(COUNT.fetch_add(1, Ordering::Relaxed).to_string()));
    let told = found(&engine, property::same_seed_same_transcript).unwrap();
    assert!(
        told.contains("played again the run is another one"),
        "{told}"
    );
    found(&engine, property::restoring_changes_nothing).unwrap();
}

#[test]
fn a_run_that_goes_round_without_end_is_found() {
    let text = "
journey round {
  start one
  node one: Decision {
    when has request.parameters[\"out\"] -> failure
    else -> two
  }
  node two: Decision {
    when has request.headers[\"out\"] -> failure
    else -> one
  }
  allow no_success, spinning_loop because \"a test\"
}
";
    let finding = Check::new(text)
        .cases(16)
        .find(property::ends_within_limits);
    let finding = finding.unwrap().unwrap();
    assert_eq!(finding.message, "more nodes were visited than the limit");
    assert_eq!(finding.steps(), 0);
}

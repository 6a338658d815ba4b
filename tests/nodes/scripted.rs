//! Scripts in whole journeys: linked by name, run within the engine.

use wayfare::{
    Compiler, Engine, LinkError, Registry, ScriptAction, Source, Value, model::program::Program,
};

use super::stage::Play;
use super::*;

const TEXT: &str = r#"journey t {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> risk
    false -> failure
  }
  node risk: ScriptedDecision {
    script = "risk"
    outputs = ["score"]
    low -> success
    high -> failure
  }
}
"#;

fn program(registry: &Registry) -> wayfare::Valid<Program> {
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("t.journey", TEXT)]);
    compiled.program.expect("the journey has no mistake")
}

#[test]
fn a_script_decides_by_what_came_with_the_request() {
    let mut registry = Registry::standard();
    registry
        .script("risk", |view| {
            let high = view.request().header("x-risk").next() == Some("high");
            view.put_shared("score", if high { 9 } else { 1 })?;
            if view.get("score") != Some(&Value::Int(9)) {
                return Ok(ScriptAction::go("low"));
            }
            Ok(ScriptAction::go("high").error_message("Not from here."))
        })
        .unwrap();
    success(Play::registered(registry.clone(), TEXT).log_in());
    let failed = failure(
        Play::registered(registry, TEXT)
            .header("X-Risk", "high")
            .log_in(),
    );
    assert_eq!(failed.message.as_deref(), Some("Not from here."));
}

#[test]
fn another_outcome_fails_the_run_and_takes_its_writes_back() {
    let mut registry = Registry::standard();
    registry
        .script("risk", |view| {
            view.put_shared("score", 1)?;
            Ok(ScriptAction::go("middle"))
        })
        .unwrap();
    let failed = failure(Play::registered(registry, TEXT).log_in());
    let FailureReason::NodeFailed { node, message } = failed.reason else {
        panic!("{:?}", failed.reason)
    };
    assert_eq!(&*node, "t/risk");
    assert_eq!(message, "Invalid outcome from script, 'middle'");
}

#[test]
fn a_script_that_is_not_registered_is_told_when_linked() {
    let registry = Registry::standard();
    let errors = Engine::link(program(&registry), registry).unwrap_err();
    let [LinkError::NoScript { node, script, .. }] = &*errors.0 else {
        panic!("{errors}")
    };
    assert_eq!((&**node, &**script), ("risk", "risk"));
    assert_eq!(
        errors.to_string(),
        "node `risk` of journey `t` runs script `risk`, which is not registered"
    );
}

#[test]
fn another_revision_of_a_script_is_another_program() {
    let hash = |revision: u32| {
        let mut registry = Registry::standard();
        registry
            .script("risk", |_| Ok(ScriptAction::go("low")))
            .unwrap()
            .script_revision("risk", revision);
        let engine = Engine::link(program(&registry), registry).unwrap();
        engine.hashes()[0]
    };
    assert_eq!(hash(1), hash(1));
    assert_ne!(hash(1), hash(2));
}

#[test]
fn a_name_is_registered_once() {
    let mut registry = Registry::standard();
    let mut add = || {
        let added = registry.script("risk", |_| Ok(ScriptAction::go("low")));
        added.map(|_| ()).map_err(|error| error.to_string())
    };
    add().unwrap();
    assert_eq!(add().unwrap_err(), "a script `risk` is registered already");
}

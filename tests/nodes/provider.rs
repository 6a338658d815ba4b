//! Settings that scripts make, in whole journeys: compiled, proved, linked and run.

use wayfare::{
    Compiled, Compiler, Diagnostic, Engine, LinkError, Registry, ScriptAction, Source, Value,
};

use super::stage::Play;
use super::*;

fn text(nodes: &str) -> String {
    format!(
        "journey t {{
  start credentials
  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}
{nodes}}}
"
    )
}

const ACTS: &str = r#"  node check: ConfigProvider {
    nodeType = "DataStoreDecisionNode"
    script = "none"
    true -> greet
    false -> failure
    CONFIGURATION_FAILED -> failure
  }
  node greet: ConfigProvider {
    nodeType = "MessageNode"
    script = "greeting"
    true -> success
    false -> failure
    CONFIGURATION_FAILED -> failure
  }
  ensure every path to success passes proof of password
"#;

fn registry(greeting: Option<&'static str>) -> Registry {
    let mut registry = Registry::standard();
    registry
        .script("none", |_| Ok(ScriptAction::configure::<&str>([])))
        .unwrap();
    registry
        .script("greeting", move |view| {
            let name = view.get("username").and_then(Value::as_text).unwrap_or("?");
            let message = greeting.map(|greeting| format!("{greeting}, {name}"));
            Ok(ScriptAction::configure([
                ("message", message.map_or(Value::Int(1), Value::from)),
                ("messageYes", Value::from("Yes")),
                ("messageNo", Value::from("No")),
            ]))
        })
        .unwrap();
    registry
}

fn compiled(nodes: &str) -> Compiled {
    let registry = Registry::standard();
    Compiler::new(registry.catalog()).compile([Source::new("t.journey", text(nodes))])
}

#[test]
fn a_login_by_provided_settings_is_proved_and_runs() {
    let mut play = Play::registered(registry(Some("Hello")), &text(ACTS));
    let asked = play.log_in();
    let shown = callbacks(&asked);
    assert!(
        matches!(&shown[0], Callback::TextOutput { text, .. } if text == "Hello, demo"),
        "{shown:?}"
    );
    let done = success(play.answer([Answer::None, Answer::Index(0)]));
    assert_eq!(factors(&done), [Factor::Password]);
}

#[test]
fn settings_of_a_wrong_type_go_the_way_for_it() {
    let failed = failure(Play::registered(registry(None), &text(ACTS)).log_in());
    assert_eq!(failed.reason, FailureReason::Rejected);
}

#[test]
fn all_outcomes_of_the_type_are_there_whatever_the_settings() {
    let wait = r#"  node check: ConfigProvider {
    nodeType = "PollingWaitNode"
    script = "none"
    DONE -> failure
    CONFIGURATION_FAILED -> failure
  }
"#;
    let found = compiled(wait);
    let messages: Vec<&str> = found
        .diagnostics
        .iter()
        .map(|finding: &Diagnostic| &*finding.message)
        .collect();
    assert!(
        messages
            .iter()
            .any(|m| m.contains("EXITED") && m.contains("SPAM")),
        "{messages:?}"
    );
}

#[test]
fn types_whose_outcomes_are_free_and_places_that_mean_none_are_refused() {
    let said = |of: &str, ensure: &str| {
        let node = format!(
            "  node check: ConfigProvider {{
    nodeType = \"{of}\"
    script = \"none\"
    true -> failure
    false -> failure
    CONFIGURATION_FAILED -> failure
  }}
  {ensure}
"
        );
        let found = compiled(&node);
        assert!(found.program.is_none(), "{of}");
        let all = found.diagnostics.iter();
        let all: Vec<String> = all
            .map(|finding| format!("{}: {}", finding.code, finding.message))
            .collect();
        all.join("; ")
    };
    let free = said("ChoiceCollectorNode", "");
    assert!(
        free.contains("its outcomes are those that its author writes"),
        "{free}"
    );
    let inner = said("InnerTreeEvaluatorNode", "");
    assert!(
        inner.contains("journeys are called by their names"),
        "{inner}"
    );
    assert!(said("NoSuchNode", "").contains("out_of_range"));
    let any = said(
        "DataStoreDecisionNode",
        "ensure every path to success passes any ConfigProvider",
    );
    assert!(any.contains("act as other types"), "{any}");
}

#[test]
fn a_type_that_is_not_built_is_refused_when_linked() {
    // A vendor's cloud alone can do what this type does.
    let nodes = r#"  node check: DataStoreDecision {
    true -> made
    false -> failure
  }
  node made: ConfigProvider {
    nodeType = "product-PingOneProtectResultNode"
    script = "none"
    outcome -> success
    CONFIGURATION_FAILED -> failure
  }
"#;
    let registry = registry(Some("Hello"));
    let found = Compiler::new(registry.catalog()).compile([Source::new("t.journey", text(nodes))]);
    let program = found.program.expect("the outcomes are all wired");
    let errors = Engine::link(program, registry).unwrap_err();
    assert!(
        matches!(&*errors.0, [LinkError::Refused { .. }]),
        "{errors}"
    );
}

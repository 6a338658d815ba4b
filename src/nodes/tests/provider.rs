//! Nodes whose settings a script makes.

use super::*;
use crate::engine::script::{ScriptAction, ScriptView};

const MESSAGE: [&str; 3] = ["true", "false", "CONFIGURATION_FAILED"];

fn acting_as(
    wire: &str,
    arms: &[&str],
    body: impl Fn(&mut ScriptView<'_>) -> Result<ScriptAction, NodeError> + Send + Sync + 'static,
) -> Visit {
    let scripts = BTreeMap::from([(Arc::from("settings"), Script::new(body))]);
    let settings = vec![
        ("nodeType", Value::from(wire)),
        ("script", Value::from("settings")),
    ];
    Visit::scripted("ConfigProvider", settings, arms, &scripts).unwrap()
}

#[test]
fn the_node_does_what_one_of_that_type_with_those_settings_does() {
    let mut visit = acting_as("MessageNode", &MESSAGE, |view| {
        let name = view.get("username").and_then(Value::as_text).unwrap_or("?");
        let message = Value::from(format!("Hello, {name}"));
        let yes = Value::Map(Arc::new([(Arc::from("fr"), Value::from("Oui"))].into()));
        Ok(ScriptAction::configure([
            ("message", message),
            ("messageYes", yes),
            ("messageNo", Value::from("No")),
            ("stateField", Value::from("agreed")),
        ]))
    })
    .with_shared("username", "demo");
    let Did::Ask(asked) = visit.enter().unwrap() else {
        panic!("it asks");
    };
    assert!(
        matches!(&asked[0], Callback::TextOutput { text, .. } if text == "Hello, demo"),
        "{asked:?}"
    );
    let Callback::Confirmation { options, .. } = &asked[1] else {
        panic!("{asked:?}");
    };
    assert_eq!(options, &["Oui", "No"]);
    // What the script would say now is not asked again on this visit.
    visit = visit.with_shared("username", "other");
    let answers = [Answer::None, Answer::Index(1)];
    assert_eq!(visit.answer(answers).unwrap(), went("false"));
    assert!(visit.shared("agreed").is_some());
}

#[test]
fn settings_that_do_not_fit_leave_by_the_outcome_for_it() {
    let fits = |settings: Vec<(&'static str, Value)>| {
        let mut visit = acting_as(
            "PollingWaitNode",
            &["DONE", "EXITED", "SPAM", "CONFIGURATION_FAILED"],
            move |_| Ok(ScriptAction::configure(settings.clone())),
        );
        (visit.enter().unwrap(), visit.world.trace)
    };
    let seconds = |n: u64| Value::Duration(Duration::from_secs(n));
    let failed = went("CONFIGURATION_FAILED");
    for good in [vec![], vec![("secondsToWait", Value::Int(2))]] {
        assert!(matches!(fits(good).0, Did::Ask(_)));
    }
    for bad in [
        vec![("secondsToWait", Value::from("2"))],
        vec![("secondsToWait", Value::Duration(Duration::from_millis(1)))],
        vec![("secondsToWait", Value::Int(-1))],
        vec![("waitingMessage", secret("x"))],
        vec![("exitable", Value::Int(1))],
        vec![
            ("nobodyKnows", Value::Int(1)),
            ("secondsToWait", seconds(2)),
        ],
    ] {
        let (did, trace) = fits(bad.clone());
        assert_eq!(did, failed, "{bad:?}");
        assert_eq!(trace.len(), 1, "{bad:?}");
    }
}

#[test]
fn settings_that_name_the_user_are_none() {
    let state = |key: &'static str| {
        let arms = ["outcome", "CONFIGURATION_FAILED"];
        let mut visit = acting_as("SetStateNode", &arms, move |_| {
            let attributes = [(Arc::from(key), Value::from("eve"))].into();
            Ok(ScriptAction::configure([(
                "attributes",
                Value::Map(Arc::new(attributes)),
            )]))
        });
        visit.enter().unwrap()
    };
    assert_eq!(state("note"), went("outcome"));
    assert_eq!(state("username"), went("CONFIGURATION_FAILED"));
}

#[test]
fn a_script_that_fails_or_says_nothing_leaves_by_the_outcome_for_it() {
    let mut fails = acting_as("MessageNode", &MESSAGE, |_| Err(NodeError::new("no")));
    assert_eq!(fails.enter().unwrap(), went("CONFIGURATION_FAILED"));
    let mut silent = acting_as("MessageNode", &MESSAGE, |_| Ok(ScriptAction::go("true")));
    assert_eq!(silent.enter().unwrap(), went("CONFIGURATION_FAILED"));
    assert_eq!(
        silent.world.trace,
        ["no settings: Script must set 'config' to a Map."]
    );
}

#[test]
fn a_script_that_makes_settings_only_looks() {
    let mut visit = acting_as("MessageNode", &MESSAGE, |view| {
        assert!(view.put_shared("username", "eve").is_err());
        assert!(view.put_transient("password", "x").is_err());
        assert!(view.put_object_shared("mail", "x").is_err());
        view.remove("kept");
        Err(NodeError::new("seen"))
    })
    .with_shared("kept", 1);
    visit.enter().unwrap();
    assert_eq!(visit.shared("kept"), Some(Value::Int(1)));
    assert_eq!(visit.shared("username"), None);
}

#[test]
fn proofs_are_those_of_the_type_it_acts_as() {
    let arms = ["true", "false", "CONFIGURATION_FAILED"];
    let mut visit = acting_as("DataStoreDecisionNode", &arms, |_| {
        Ok(ScriptAction::configure::<&str>([]))
    })
    .with_shared("username", "demo")
    .with_transient("password", secret("Ch4ng31t"));
    // The broad signature of the type proves nothing: the compiler gives the node a narrower one.
    visit.contract.signature.facts = ty("DataStoreDecision").facts;
    assert!(matches!(
        visit.enter().unwrap(),
        Did::Call(Effect::Verify(_))
    ));
    let right = visit.effect(EffectReply::Match(demo())).unwrap();
    assert_eq!(
        right,
        Did::Go("true".to_owned(), Some((Factor::Password, demo())))
    );
}

fn ty(name: &str) -> crate::model::signature::Signature {
    let catalog = crate::catalogue::standard();
    let found = catalog.get(catalog.find(name).unwrap()).unwrap();
    (**found).clone()
}

#[test]
fn what_the_node_keeps_on_a_visit_is_kept_beside_the_settings() {
    let arms = ["DONE", "EXITED", "SPAM", "CONFIGURATION_FAILED"];
    let mut visit = acting_as("PollingWaitNode", &arms, |_| {
        Ok(ScriptAction::configure([("secondsToWait", Value::Int(8))]))
    });
    visit.enter().unwrap();
    let Some(Value::Map(kept)) = &visit.world.visit else {
        panic!("the settings are kept");
    };
    assert!(kept.contains_key("config"));
    visit.world.now += 9_000;
    assert_eq!(visit.answer([Answer::None]).unwrap(), went("DONE"));
}

#[test]
fn types_without_a_behaviour_of_their_own_are_refused() {
    let refused = |wire: &str| {
        let scripts = BTreeMap::from([(
            Arc::from("settings"),
            Script::new(|_: &mut ScriptView<'_>| Ok(ScriptAction::default())),
        )]);
        let settings = vec![
            ("nodeType", Value::from(wire)),
            ("script", Value::from("settings")),
        ];
        Visit::scripted("ConfigProvider", settings, &MESSAGE, &scripts)
            .err()
            .map(|error| error.message)
    };
    assert!(refused("MessageNode").is_none());
    assert_eq!(
        refused("PingOneVerifyEvaluationNode").as_deref(),
        Some("type `PingOneVerifyEvaluation` has no behaviour here")
    );
    assert!(refused("ConfigProviderNode").is_some());
}

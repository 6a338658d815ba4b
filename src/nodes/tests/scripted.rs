//! Scripts, and what they may and may not do.

use super::*;
use crate::engine::script::{ScriptAction, ScriptView};

fn scripted<const N: usize>(
    settings: [(&str, Value); N],
    arms: &[&str],
    body: impl Fn(&mut ScriptView<'_>) -> Result<ScriptAction, NodeError> + Send + Sync + 'static,
) -> Visit {
    let scripts = BTreeMap::from([(Arc::from("risk"), Script::new(body))]);
    let mut all = vec![
        ("script", Value::from("risk")),
        ("outcomes", list(arms.iter().copied())),
    ];
    all.extend(settings);
    Visit::scripted("ScriptedDecision", all, arms, &scripts).unwrap()
}

#[test]
fn a_script_looks_at_the_run_and_names_an_outcome() {
    let mut visit = scripted([], &["low", "high"], |view| {
        let country = view.request().header("X-Country").next() == Some("FR");
        let asked = view.request().parameter("asked").next() == Some("yes");
        let known = view.get("username").and_then(Value::as_text) == Some("demo");
        view.put_shared("risk", if country { 1 } else { 9 })?;
        view.put_transient("note", "seen")?;
        view.remove("old");
        assert_eq!(view.script_name(), "risk");
        assert!(view.answers().is_empty() && !view.resumed());
        Ok(ScriptAction::go(if country && asked && known {
            "low"
        } else {
            "high"
        }))
    })
    .with_shared("username", "demo")
    .with_shared("old", "x");
    assert_eq!(visit.enter().unwrap(), went("high"));
    visit.world.request.headers = vec![("x-country".to_owned(), "FR".to_owned())];
    visit.world.request.parameters = vec![("asked".to_owned(), "yes".to_owned())];
    assert_eq!(visit.enter().unwrap(), went("low"));
    assert_eq!(visit.shared("risk"), Some(Value::Int(1)));
    assert_eq!(visit.transient("note"), Some(Value::from("seen")));
    assert_eq!(visit.shared("old"), None);
}

#[test]
fn a_script_asks_and_gets_the_answers() {
    let mut visit = scripted([], &["right", "wrong"], |view| {
        let Some(Answer::Text(answer)) = view.answers().first() else {
            return Ok(ScriptAction::ask([Callback::TextInput {
                prompt: "2 + 2".to_owned(),
                default: String::new(),
            }]));
        };
        let right = answer == "4";
        Ok(ScriptAction::go(if right { "right" } else { "wrong" }))
    });
    assert!(matches!(visit.enter().unwrap(), Did::Ask(asked) if asked.len() == 1));
    let answer = |text: &str| [Answer::Text(text.to_owned())];
    assert_eq!(visit.answer(answer("4")).unwrap(), went("right"));
    visit.enter().unwrap();
    assert_eq!(visit.answer(answer("5")).unwrap(), went("wrong"));
}

#[test]
fn a_script_keeps_the_word_of_its_node_on_whether_it_asks() {
    let asking = |view: &mut ScriptView<'_>| {
        let ask = Callback::TextInput {
            prompt: "2 + 2".to_owned(),
            default: String::new(),
        };
        Ok(if view.answers().is_empty() {
            ScriptAction::ask([ask])
        } else {
            ScriptAction::go("on")
        })
    };
    let silent = |_: &mut ScriptView<'_>| Ok(ScriptAction::go("on"));
    let said = |asks: bool| [("asks", Value::Bool(asks))];

    let mut visit = scripted(said(true), &["on"], asking);
    assert!(matches!(visit.enter().unwrap(), Did::Ask(_)));
    assert_eq!(
        visit.answer([Answer::Text("4".to_owned())]).unwrap(),
        went("on")
    );
    assert!(scripted(said(false), &["on"], asking).enter().is_err());
    assert!(scripted(said(true), &["on"], silent).enter().is_err());
    assert_eq!(
        scripted(said(false), &["on"], silent).enter().unwrap(),
        went("on")
    );
}

#[test]
fn a_script_suspends_and_sees_that_somebody_came_back() {
    let hour = Duration::from_secs(3_600);
    let mut visit = scripted([], &["back"], move |view| {
        Ok(if view.resumed() {
            ScriptAction::go("back")
        } else {
            ScriptAction::suspend("look at your mail", Some(hour))
        })
    });
    let suspended = Suspend {
        text: "look at your mail".to_owned(),
        within: Some(hour),
        deliver: None,
    };
    assert_eq!(visit.enter().unwrap(), Did::Suspend(suspended));
    assert_eq!(visit.resume(Reply::Resumed).unwrap(), went("back"));
}

#[test]
fn a_script_prepares_the_session_and_the_failure() {
    let minute = Duration::from_secs(60);
    let mut visit = scripted([], &["done"], move |_| {
        Ok(ScriptAction::go("done")
            .session_property("shop", "north")
            .remove_session_property("cart")
            .session_time(minute)
            .idle_time(minute)
            .error_message("try later"))
    });
    assert_eq!(visit.enter().unwrap(), went("done"));
    let properties = BTreeMap::from([
        ("cart".to_owned(), None),
        ("shop".to_owned(), Some(Value::from("north"))),
    ]);
    assert_eq!(visit.world.properties, properties);
    assert_eq!(visit.world.times, (Some(minute), Some(minute)));
    assert_eq!(
        visit.world.failure,
        Some((Some("try later".to_owned()), Vec::new()))
    );
    let mut visit = scripted([], &["done"], |_| {
        Ok(ScriptAction::go("done").session_property("AuthLevel", 100))
    });
    assert!(visit.enter().is_err());
}

#[test]
fn an_outcome_that_is_none_of_the_node_is_its_error() {
    let mut visit = scripted([], &["yes"], |_| Ok(ScriptAction::go("no")));
    assert_eq!(
        visit.enter().unwrap_err(),
        "Invalid outcome from script, 'no'"
    );
    let mut visit = scripted([], &["yes"], |_| Ok(ScriptAction::default()));
    assert_eq!(
        visit.enter().unwrap_err(),
        "Script must set 'outcome' to a string."
    );
    let mut visit = scripted([], &["yes"], |_| Err(NodeError::new("no weather")));
    assert_eq!(visit.enter().unwrap_err(), "no weather");
}

#[test]
fn a_script_sees_its_inputs_and_writes_its_outputs_alone() {
    let keys = [("inputs", list(["seen"])), ("outputs", list(["made"]))];
    let mut visit = scripted(keys.clone(), &["yes"], |view| {
        assert!(view.is_defined("seen") && !view.is_defined("unseen"));
        assert_eq!(view.object_attribute("mail"), None);
        view.put_shared("made", 1)?;
        Ok(ScriptAction::go("yes"))
    })
    .with_shared("seen", "a")
    .with_shared("unseen", "b");
    visit
        .world
        .put_object("mail", "x@example.com".into(), false);
    assert_eq!(visit.enter().unwrap(), went("yes"));
    let mut visit = scripted(keys, &["yes"], |view| {
        view.put_shared("username", "root")?;
        Ok(ScriptAction::go("yes"))
    });
    let error = "script `risk` writes `username`, which is not among its outputs";
    assert_eq!(visit.enter().unwrap_err(), error);
}

#[test]
fn a_script_that_nobody_registered_is_told() {
    let settings = vec![("script", Value::from("risk")), ("outcomes", list(["a"]))];
    let refused = Visit::scripted("ScriptedDecision", settings, &["a"], &BTreeMap::new());
    let error = refused.err().map(|error| error.message);
    assert_eq!(error.as_deref(), Some("no script `risk` is registered"));
}

#[test]
fn a_script_writes_the_profile_under_construction_where_it_is_an_output() {
    let body = |view: &mut ScriptView<'_>| {
        view.put_object_shared("givenName", "Ada")?;
        view.put_object_transient("password", secret("x"))?;
        Ok(ScriptAction::go("on"))
    };
    let mut may = scripted([("outputs", list(["objectAttributes"]))], &["on"], body);
    assert_eq!(may.enter().unwrap(), went("on"));
    assert_eq!(
        may.world.object.get("givenName"),
        Some(&(Value::from("Ada"), false))
    );
    assert_eq!(may.world.object.get("password"), Some(&(secret("x"), true)));
    let mut not = scripted([("outputs", list(["score"]))], &["on"], body);
    assert!(not.enter().unwrap_err().contains("objectAttributes"));
}

#[test]
fn a_script_names_a_user_and_the_store_says_who_that_is() {
    let body = |_: &mut ScriptView<'_>| Ok(ScriptAction::go("on").identified_user("DEMO"));
    let mut visit = scripted([("outputs", list(["username"]))], &["off", "on"], body);
    let asked = Effect::ReadIdentity(crate::engine::effect::ReadIdentity {
        who: crate::engine::effect::Who::Name(Arc::from("DEMO")),
        attributes: Vec::new(),
    });
    assert_eq!(visit.enter().unwrap(), Did::Call(asked));
    visit.contract.signature.facts =
        std::borrow::Cow::Owned(vec![crate::model::signature::OutcomeFacts {
            writes_identity: crate::model::signature::Known::Unknown,
            ..crate::model::signature::OutcomeFacts::new("*")
        }]);
    let reply = EffectReply::Identity(Some(demo()));
    assert_eq!(
        visit.effect(reply).unwrap(),
        Did::Found("on".to_owned(), demo())
    );
    visit.enter().unwrap();
    assert!(visit.effect(EffectReply::Identity(None)).is_err());
    let mut not = scripted([("outputs", list(["score"]))], &["on"], body);
    assert!(not.enter().unwrap_err().contains("username"));
}

#[test]
fn a_script_dresses_what_it_asks_and_says_what_a_locked_user_is_told() {
    let mut visit = scripted([], &["on"], |_| {
        Ok(ScriptAction::ask([Callback::TextOutput {
            text: "x".to_owned(),
            message: crate::engine::callback::MessageKind::Information,
        }])
        .stage("themed")
        .header("Head")
        .description("Body")
        .lockout_message("Call us."))
    });
    assert!(matches!(visit.enter().unwrap(), Did::Ask(_)));
    assert_eq!(
        visit.world.dress,
        Some(Dress {
            stage: Some("themed".to_owned()),
            header: Some("Head".to_owned()),
            description: Some("Body".to_owned()),
        })
    );
    assert_eq!(visit.world.lockout.as_deref(), Some("Call us."));
}

#[test]
fn a_script_has_its_link_sent_and_nothing_else_done() {
    use crate::engine::effect::{Custom, SetStatus, Who};
    let custom = || {
        Effect::Custom(Custom {
            kind: Arc::from("pigeon"),
            request: Value::from("{0}"),
            once: true,
        })
    };
    let mut sends = scripted([], &["on"], move |_| {
        Ok(ScriptAction::suspend("wait", None).deliver(custom()))
    });
    assert!(matches!(
        sends.enter().unwrap(),
        Did::Suspend(Suspend {
            deliver: Some(Effect::Custom(_)),
            ..
        })
    ));
    let mut locks = scripted([], &["on"], |_| {
        let set = SetStatus {
            who: Who::Name(Arc::from("demo")),
            active: false,
        };
        Ok(ScriptAction::suspend("wait", None).deliver(Effect::SetStatus(set)))
    });
    assert!(locks.enter().is_err());
}

//! Nodes that ask, and the state they write.

use serde_json::json;

use super::*;
use crate::engine::callback::MessageKind;

fn name(autocomplete: &[&str], default: &str) -> Did {
    Did::Ask(vec![Callback::Name {
        prompt: "User Name".to_owned(),
        default: default.to_owned(),
        autocomplete: autocomplete.iter().map(ToString::to_string).collect(),
    }])
}

fn password() -> Did {
    Did::Ask(vec![Callback::Password {
        prompt: "Password".to_owned(),
    }])
}

fn text(text: &str) -> Answer {
    Answer::Text(text.to_owned())
}

#[test]
fn a_username_is_asked_again_while_empty_and_kept_as_typed() {
    let mut visit = Visit::new(
        "UsernameCollector",
        [("autocompleteValues", list(["username", "webauthn"]))],
    );
    let asked = name(&["username", "webauthn"], "");
    assert_eq!(visit.enter().unwrap(), asked);
    assert_eq!(visit.answer([text("")]).unwrap(), asked);
    assert_eq!(visit.shared("username"), None);
    assert_eq!(visit.answer([text(" Demo")]).unwrap(), went("outcome"));
    assert_eq!(visit.shared("username"), Some(Value::from(" Demo")));
    assert!(visit.answer([Answer::Index(0)]).is_err());
}

#[test]
fn a_password_is_asked_again_while_empty_and_stays_transient() {
    let mut visit = Visit::new("PasswordCollector", []);
    assert_eq!(visit.enter().unwrap(), password());
    assert_eq!(
        visit.answer([Answer::Secret("".into())]).unwrap(),
        password()
    );
    let went_on = visit.answer([Answer::Secret("x".into())]).unwrap();
    assert_eq!(went_on, went("outcome"));
    assert_eq!(visit.transient("password"), Some(secret("x")));
    assert_eq!(visit.shared("password"), None);
}

#[test]
fn a_platform_username_goes_into_the_profile_too() {
    let mut visit = Visit::new(
        "ValidatedUsername",
        [
            ("usernameAttribute", "mail".into()),
            ("prepopulate", true.into()),
            ("autocompleteValues", list(["email"])),
        ],
    )
    .with_shared("username", "before");
    assert_eq!(visit.enter().unwrap(), name(&["email"], "before"));
    assert_eq!(visit.answer([text("demo")]).unwrap(), went("outcome"));
    assert_eq!(visit.shared("username"), Some("demo".into()));
    assert_eq!(visit.world.object["mail"], ("demo".into(), false));

    let mut plain = Visit::new("ValidatedUsername", []).with_shared("username", "before");
    assert_eq!(plain.enter().unwrap(), name(&[], ""));
    plain.answer([text("demo")]).unwrap();
    assert!(plain.world.object.contains_key("userName"));
}

#[test]
fn a_platform_password_is_secret_in_state_and_profile() {
    let mut visit = Visit::new("ValidatedPassword", [("passwordAttribute", "pin".into())]);
    assert_eq!(visit.enter().unwrap(), password());
    let went_on = visit.answer([Answer::Secret("1234".into())]).unwrap();
    assert_eq!(went_on, went("outcome"));
    assert_eq!(visit.transient("password"), Some(secret("1234")));
    assert_eq!(visit.world.object["pin"], (secret("1234"), true));
}

#[test]
fn choices_that_cannot_give_the_level_are_left_out() {
    let settings = || [("prompt", "How?".into()), ("defaultChoice", "phone".into())];
    let asked = |levels: [u32; 3]| {
        let arms = &["mail", "phone", "key"];
        let mut visit = Visit::authored("ChoiceCollector", settings(), arms).unwrap();
        visit.world.target_level = Some(AuthLevel::saturating(20));
        let levels = (0..).map(OutcomeId).zip(levels);
        visit.world.leads_to = levels
            .map(|(outcome, level)| (outcome, AuthLevel::saturating(i64::from(level))))
            .collect();
        visit
    };
    let choice = |choices: &[&str], default| {
        Did::Ask(vec![Callback::Choice {
            prompt: "How?".to_owned(),
            choices: choices.iter().map(ToString::to_string).collect(),
            default,
        }])
    };
    let mut visit = asked([10, 20, 30]);
    assert_eq!(visit.enter().unwrap(), choice(&["phone", "key"], 0));
    assert_eq!(visit.answer([Answer::Index(1)]).unwrap(), went("key"));
    let mut visit = asked([30, 10, 20]);
    assert_eq!(visit.enter().unwrap(), choice(&["mail", "key"], 0));
    assert_eq!(visit.answer([Answer::Index(1)]).unwrap(), went("key"));
    let mut visit = asked([20, 20, 20]);
    assert_eq!(visit.enter().unwrap(), choice(&["mail", "phone", "key"], 1));
    assert_eq!(visit.answer([Answer::Index(0)]).unwrap(), went("mail"));
    assert_eq!(asked([19, 0, 20]).enter().unwrap(), went("key"));
    assert_eq!(
        asked([19, 0, 1]).enter().unwrap_err(),
        "Node doesn't have outcomes which can give auth level >= 20"
    );
}

#[test]
fn choices_are_the_arms_in_order() {
    let settings = || {
        [
            ("prompt", localized([("en", "How?"), ("fr", "Comment ?")])),
            ("defaultChoice", "by phone".into()),
        ]
    };
    let mut visit = Visit::authored("ChoiceCollector", settings(), &["mail", "by phone"]).unwrap();
    visit.world.request.locales = vec!["fr-CA".to_owned()];
    let asked = |prompt: &str, default| {
        Did::Ask(vec![Callback::Choice {
            prompt: prompt.to_owned(),
            choices: vec!["mail".to_owned(), "by phone".to_owned()],
            default,
        }])
    };
    assert_eq!(visit.enter().unwrap(), asked("Comment ?", 1));
    assert_eq!(visit.answer([Answer::Index(0)]).unwrap(), went("mail"));
    assert_eq!(visit.answer([Answer::Index(1)]).unwrap(), went("by phone"));
    assert!(visit.answer([Answer::Index(2)]).is_err());

    let none = [("prompt", "How?".into())];
    let mut visit = Visit::authored("ChoiceCollector", none, &["mail", "by phone"]).unwrap();
    assert_eq!(visit.enter().unwrap(), asked("How?", 0));
    for (named, near) in [("fax", ""), ("by phon", "; did you mean `by phone`?")] {
        let unknown = [("prompt", "How?".into()), ("defaultChoice", named.into())];
        let refused = Visit::authored("ChoiceCollector", unknown, &["mail", "by phone"]);
        assert_eq!(
            refused.err().expect("refused").message,
            format!("setting `defaultChoice` is `{named}`, which is none of the choices{near}")
        );
    }
}

#[test]
fn a_message_has_two_answers_and_keeps_which() {
    let confirmation = |first: &str, second: &str| Callback::Confirmation {
        prompt: String::new(),
        message: MessageKind::Information,
        options: vec![first.to_owned(), second.to_owned()],
        default: 1,
        optional: false,
    };
    let output = |text: &str| Callback::TextOutput {
        text: text.to_owned(),
        message: MessageKind::Information,
    };
    let mut visit = Visit::new(
        "Message",
        [
            ("message", localized([("en", "Stay?"), ("de", "Bleiben?")])),
            ("messageYes", localized([("en", "Yes!"), ("de", "Ja")])),
            ("messageNo", localized([("en", "No!"), ("de", "Nein")])),
            ("stateField", "stay".into()),
        ],
    );
    visit.world.request.locales = vec!["de".to_owned()];
    let asked = Did::Ask(vec![output("Bleiben?"), confirmation("Ja", "Nein")]);
    assert_eq!(visit.enter().unwrap(), asked);
    let answer = |at| [Answer::None, Answer::Index(at)];
    assert_eq!(visit.answer(answer(0)).unwrap(), went("true"));
    assert_eq!(visit.shared("stay"), Some(Value::Int(0)));
    assert_eq!(visit.answer(answer(1)).unwrap(), went("false"));
    assert_eq!(visit.shared("stay"), Some(Value::Int(1)));
    assert!(visit.answer(answer(2)).is_err());

    let mut plain = Visit::new("Message", []);
    let asked = Did::Ask(vec![output("Default message"), confirmation("Yes", "No")]);
    assert_eq!(plain.enter().unwrap(), asked);
    assert_eq!(plain.answer(answer(0)).unwrap(), went("true"));
    assert!(plain.world.shared.is_empty());
}

#[test]
fn metadata_sends_what_is_shared_and_not_secret() {
    let attributes = list(["username", "count", "pin", "password", "absent"]);
    let mut visit = Visit::new("Metadata", [("attributes", attributes)])
        .with_shared("username", "demo")
        .with_shared("count", 3)
        .with_shared("pin", secret("1234"))
        .with_shared("other", "hidden")
        .with_transient("password", secret("x"));
    let data = json!({ "username": "demo", "count": 3 });
    assert_eq!(
        visit.enter().unwrap(),
        Did::Ask(vec![Callback::Metadata { data }])
    );
    assert_eq!(visit.answer([Answer::None]).unwrap(), went("outcome"));
}

#[test]
fn debug_shows_shared_state_as_text_that_cannot_act() {
    let mut visit = Visit::new("Debug", [])
        .with_shared("username", "</script><b>&")
        .with_transient("password", secret("hunter2"));
    let Did::Ask(callbacks) = visit.enter().unwrap() else {
        panic!("it asks");
    };
    let [
        Callback::TextOutput {
            text: state,
            message: MessageKind::Script,
        },
        Callback::TextOutput {
            message: MessageKind::Script,
            ..
        },
        Callback::TextOutput {
            text: step,
            message: MessageKind::Information,
        },
    ] = &*callbacks
    else {
        panic!("two scripts and a text");
    };
    assert_eq!(step, "Debug Step");
    assert!(!state.contains('<') && !state.contains('&'), "{state}");
    assert!(!state.contains("hunter2"), "{state}");
    let json = state
        .strip_prefix("window.debugState = ")
        .and_then(|rest| rest.strip_suffix(';'))
        .unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(json, json!({ "username": "</script><b>&" }));
    let answers = [Answer::None, Answer::None, Answer::None];
    assert_eq!(visit.answer(answers).unwrap(), went("outcome"));

    let mut quiet =
        Visit::new("Debug", [("popupEnabled", false.into())]).with_shared("username", "demo");
    assert_eq!(quiet.enter().unwrap(), went("outcome"));
    assert_eq!(quiet.world.trace, ["shared state has username"]);
}

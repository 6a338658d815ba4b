//! New passwords, and what stands around the registration of a second factor.

use super::*;
use crate::engine::callback::MessageKind;

fn buttons<const N: usize>(options: [&str; N]) -> Callback {
    Callback::Confirmation {
        prompt: String::new(),
        message: MessageKind::Information,
        options: options.map(str::to_owned).to_vec(),
        default: 0,
        optional: false,
    }
}

fn shown(text: &str, message: MessageKind) -> Callback {
    Callback::TextOutput {
        text: text.to_owned(),
        message,
    }
}

#[test]
fn a_new_password_is_asked_until_both_are_the_same_and_long_enough() {
    let mut visit = Visit::new("CreatePassword", [("minPasswordLength", 3.into())]);
    let asked = |wrong: Option<&str>| {
        let prompt = |text: &str| Callback::Password {
            prompt: text.to_owned(),
        };
        let mut callbacks = vec![prompt("New Password"), prompt("Confirm Password")];
        callbacks.extend(wrong.map(|text| shown(text, MessageKind::Error)));
        Did::Ask(callbacks)
    };
    let both = |a: &str, b: &str| [Answer::Secret(a.into()), Answer::Secret(b.into())];
    assert_eq!(visit.enter().unwrap(), asked(None));
    let short = Some("The password must have at least 3 characters");
    assert_eq!(visit.answer(both("ab", "ab")).unwrap(), asked(short));
    // Letters count, not bytes.
    assert_eq!(visit.answer(both("äö", "äö")).unwrap(), asked(short));
    let other = Some("The passwords are not the same");
    assert_eq!(visit.answer(both("abc", "abd")).unwrap(), asked(other));
    assert_eq!(visit.transient("password"), None);
    assert_eq!(visit.answer(both("äöü", "äöü")).unwrap(), went("outcome"));
    assert_eq!(visit.transient("password"), Some(secret("äöü")));
    assert_eq!(visit.shared("password"), None);
}

#[test]
fn no_minimum_still_asks_for_something() {
    let mut visit = Visit::new("CreatePassword", [("minPasswordLength", (-5).into())]);
    visit.enter().unwrap();
    let empty = [Answer::Secret("".into()), Answer::Secret("".into())];
    assert!(matches!(visit.answer(empty).unwrap(), Did::Ask(_)));
}

fn options<const N: usize>(settings: [(&'static str, Value); N]) -> Visit {
    Visit::new("MultiFactorRegistrationOptions", settings)
        .with_shared("username", "demo")
        .with_shared("mfaMethod", "oath")
}

#[test]
fn what_there_is_to_choose_follows_from_the_settings() {
    let all = [
        "registerOutcome",
        "getAppOutcome",
        "skipOutcome",
        "optOutOutcome",
    ];
    for (mandatory, app, offered) in [
        (false, true, &all[..]),
        (
            false,
            false,
            &["registerOutcome", "skipOutcome", "optOutOutcome"],
        ),
        (true, true, &["registerOutcome", "getAppOutcome"]),
        (true, false, &["registerOutcome"]),
    ] {
        for (at, outcome) in (0..).zip(offered) {
            let mut visit = options([("mandatory", mandatory.into()), ("getApp", app.into())]);
            let Did::Ask(callbacks) = visit.enter().unwrap() else {
                panic!("it asks")
            };
            let Callback::Confirmation { options, .. } = &callbacks[1] else {
                panic!("buttons")
            };
            assert_eq!(options.len(), offered.len());
            let chosen = visit.answer([Answer::None, Answer::Index(at)]).unwrap();
            assert_eq!(chosen, went(outcome));
            let past = u32::try_from(offered.len()).unwrap();
            assert!(visit.answer([Answer::None, Answer::Index(past)]).is_err());
        }
    }
}

#[test]
fn nobody_and_nothing_cannot_be_registered() {
    let mut visit = Visit::new("MultiFactorRegistrationOptions", []);
    assert_eq!(visit.enter().unwrap_err(), "Expected username to be set.");
    let mut visit = visit.with_shared("username", "demo");
    let error = "Expected multi-factor authentication method to be set.";
    assert_eq!(visit.enter().unwrap_err(), error);
}

#[test]
fn the_places_of_the_app_are_put_into_the_text() {
    let mut visit = Visit::new(
        "GetAuthenticatorApp",
        [
            (
                "message",
                localized([("en", "{{appleLabel}} {{appleLink}} {{googleLink}} {{x}}")]),
            ),
            ("appleLink", "https://a.example".into()),
            ("googleLink", "https://g.example".into()),
        ],
    );
    let text = "Apple App Store https://a.example https://g.example {{x}}";
    let asked = Did::Ask(vec![
        shown(text, MessageKind::Information),
        buttons(["Continue"]),
    ]);
    assert_eq!(visit.enter().unwrap(), asked);
    let pressed = [Answer::None, Answer::Index(0)];
    assert_eq!(visit.answer(pressed).unwrap(), went("outcome"));
}

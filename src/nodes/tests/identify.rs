//! Whom nodes find, and by what.

use super::*;
use crate::{
    engine::{
        callback::MessageKind,
        effect::{FindIdentity, ReadIdentity, Who},
    },
    filter::Filter,
};

fn attributes(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn read(who: Who, wanted: &[&str]) -> Did {
    let attributes = attributes(wanted);
    Did::Call(Effect::ReadIdentity(ReadIdentity { who, attributes }))
}

fn find(attribute: &str, text: &str, wanted: &[&str]) -> Did {
    Did::Call(Effect::FindIdentity(FindIdentity {
        filter: Filter::equal(attribute, text),
        attributes: attributes(wanted),
    }))
}

fn name(name: &str) -> Who {
    Who::Name(Arc::from(name))
}

fn with<const N: usize>(attributes: [(&str, Value); N]) -> Identity {
    Identity {
        attributes: attributes
            .map(|(name, value)| (Arc::from(name), value))
            .into(),
        ..demo()
    }
}

fn existing<const N: usize>(settings: [(&'static str, Value); N]) -> Visit {
    Visit::new("IdentifyExistingUser", settings)
}

fn collected(mut visit: Visit, name: &str, value: impl Into<Value>) -> Visit {
    let value = (value.into(), false);
    visit.world.object.insert(name.to_owned(), value);
    visit
}

const WANTED: &[&str] = &["userName", "aliasList"];

#[test]
fn a_user_is_found_by_what_was_collected_first() {
    let visit = existing([])
        .with_shared("mail", "b@example.com")
        .with_shared("username", "typed");
    let mut visit = collected(visit, "mail", "a@example.com");
    let by = |text: &str| find("mail", text, WANTED);
    assert_eq!(visit.enter().unwrap(), by("a@example.com"));
    let mut visit = existing([])
        .with_shared("mail", "b@example.com")
        .with_shared("username", "typed");
    assert_eq!(visit.enter().unwrap(), by("b@example.com"));
    let mut visit = existing([]).with_shared("username", "typed");
    assert_eq!(visit.enter().unwrap(), read(name("typed"), WANTED));
    // What is typed goes before whom the run knows: this node is there to find somebody.
    let mut visit = collected(existing([]), "mail", "a@example.com");
    visit.world.subject = Some(subject());
    assert_eq!(visit.enter().unwrap(), by("a@example.com"));
    // The store knows how names are compared.
    let mut visit = existing([("identityAttribute", "userName".into())]);
    visit = collected(visit, "userName", "Demo");
    assert_eq!(visit.enter().unwrap(), read(name("Demo"), WANTED));
    // Nothing, and what is no text, names nobody.
    let mut visit = collected(existing([]), "mail", "");
    assert_eq!(visit.enter().unwrap(), went("false"));
    let mut visit = collected(existing([]), "mail", list(["a@example.com"]));
    assert_eq!(visit.enter().unwrap(), went("false"));
}

#[test]
fn who_is_found_is_the_subject_and_nothing_is_proved() {
    let mut visit = collected(existing([]), "mail", "a@example.com");
    visit.enter().unwrap();
    let aliases = list(["google-7"]);
    let found = with([("userName", "Demo".into()), ("aliasList", aliases.clone())]);
    let reply = EffectReply::Identity(Some(found.clone()));
    let did = visit.effect(reply).unwrap();
    assert_eq!(did, Did::Found("true".to_owned(), found));
    assert_eq!(visit.shared("_id"), Some("id-demo".into()));
    assert_eq!(visit.world.object["userName"], ("demo".into(), false));
    assert_eq!(visit.world.object["aliasList"], (aliases, true));
    // Another attribute may name users for the journey.
    let mut visit = collected(
        existing([("identifier", "employeeNumber".into())]),
        "mail",
        "a@example.com",
    );
    let wanted = &["employeeNumber", "aliasList"];
    assert_eq!(
        visit.enter().unwrap(),
        find("mail", "a@example.com", wanted)
    );
    let found = with([("employeenumber", "7".into())]);
    visit.effect(EffectReply::Identity(Some(found))).unwrap();
    assert_eq!(visit.world.object["employeeNumber"], ("7".into(), false));
    assert!(!visit.world.object.contains_key("aliasList"));
}

#[test]
fn nobody_is_found_without_a_trace() {
    let mut visit = collected(existing([]), "mail", "a@example.com");
    visit.enter().unwrap();
    let nobody = EffectReply::Identity(None);
    assert_eq!(visit.effect(nobody).unwrap(), went("false"));
    assert_eq!(visit.shared("_id"), None);
    assert!(visit.effect(EffectReply::Miss).is_err());
}

fn shown(text: &str) -> Did {
    Did::Ask(vec![Callback::TextOutput {
        text: text.to_owned(),
        message: MessageKind::Information,
    }])
}

#[test]
fn the_name_of_the_user_is_shown() {
    let mut visit = collected(Visit::new("DisplayUserName", []), "userName", "typed");
    assert_eq!(visit.enter().unwrap(), shown("typed"));
    assert_eq!(visit.answer([Answer::None]).unwrap(), went("outcome"));
    // Of whom the run knows, and not of whom somebody typed the address.
    let mut visit = collected(Visit::new("DisplayUserName", []), "mail", "a@example.com");
    let by = find("mail", "a@example.com", &["userName"]);
    assert_eq!(visit.enter().unwrap(), by);
    visit.world.subject = Some(subject());
    let known = Who::Subject(demo().subject);
    assert_eq!(visit.enter().unwrap(), read(known, &["userName"]));
    let reply = EffectReply::Identity(Some(demo()));
    assert_eq!(visit.effect(reply).unwrap(), shown("demo"));
    let gone = visit.effect(EffectReply::Identity(None)).unwrap_err();
    assert_eq!(gone, "Failed to retrieve existing object");
}

#[test]
fn there_may_be_no_name_to_show() {
    let mut visit = Visit::new("DisplayUserName", [("userName", "nick".into())]);
    assert_eq!(visit.enter().unwrap_err(), "mail not present in state");
    let mut visit = visit.with_shared("username", "demo");
    assert_eq!(visit.enter().unwrap(), read(name("demo"), &["nick"]));
    let nick = EffectReply::Identity(Some(with([("nick", "d".into())])));
    assert_eq!(visit.effect(nick).unwrap(), shown("d"));
    let error = visit
        .effect(EffectReply::Identity(Some(demo())))
        .unwrap_err();
    assert_eq!(error, "Unable to find username to display");
}

#[test]
fn the_anonymous_user_must_be_there() {
    let mut visit = Visit::new("AnonymousUser", [("anonymousUserName", "guest".into())]);
    assert_eq!(visit.enter().unwrap(), read(name("guest"), &[]));
    let error = visit.effect(EffectReply::Identity(None)).unwrap_err();
    assert_eq!(
        error,
        "Anonymous user name could not be found in the configuration"
    );
    visit.enter().unwrap();
    let did = visit.effect(EffectReply::Identity(Some(demo()))).unwrap();
    assert_eq!(did, Did::Found("outcome".to_owned(), demo()));
    assert_eq!(visit.shared("username"), Some("demo".into()));
}

//! Terms and consent.

use super::*;
use crate::engine::effect::{Document, ReadIdentity, Who};

/// 2026-11-22T08:00:00Z
const NOW: u64 = 1_795_334_400_000;
const AT: &str = "2026-11-22T08:00:00.000Z";

fn terms(version: &str) -> Value {
    map([
        ("version", version.into()),
        ("createDate", "2026-01-01T00:00:00.000Z".into()),
        (
            "text",
            map([("en", "Be kind".into()), ("de", "Sei nett".into())]),
        ),
    ])
}

fn document(value: Value) -> EffectReply {
    EffectReply::Document(Some(value))
}

fn asks(which: Document) -> Did {
    Did::Call(Effect::ReadDocument(which))
}

fn shown(version: &str, text: &str) -> Did {
    Did::Ask(vec![Callback::Terms {
        version: version.to_owned(),
        text: text.to_owned(),
        created: "2026-01-01T00:00:00.000Z".to_owned(),
        accepted: false,
    }])
}

#[test]
fn terms_are_shown_until_they_are_accepted() {
    let mut visit = Visit::new("AcceptTermsAndConditions", []);
    visit.world.now = NOW;
    visit.world.request.locales = vec!["de".to_owned()];
    assert_eq!(visit.enter().unwrap(), asks(Document::Terms));
    let asked = visit.effect(document(terms("1"))).unwrap();
    assert_eq!(asked, shown("1", "Sei nett"));
    let again = visit.answer([Answer::Flag(false)]).unwrap();
    assert_eq!(again, asks(Document::Terms));
    assert_eq!(visit.shared("termsAccepted"), None);
    // What counts is the version that was shown.
    let asked = visit.effect(document(terms("2"))).unwrap();
    assert_eq!(asked, shown("2", "Sei nett"));
    let went_on = visit.answer([Answer::Flag(true)]).unwrap();
    assert_eq!(went_on, went("outcome"));
    assert_eq!(visit.shared("termsVersion"), Some("2".into()));
    let accepted = map([("acceptDate", AT.into()), ("termsVersion", "2".into())]);
    assert_eq!(visit.shared("termsAccepted"), Some(accepted));
}

#[test]
fn who_reads_none_of_the_locales_is_shown_english() {
    for locales in [vec![], vec!["it".to_owned()]] {
        let mut visit = Visit::new("AcceptTermsAndConditions", []);
        visit.world.request.locales = locales;
        visit.enter().unwrap();
        let asked = visit.effect(document(terms("1"))).unwrap();
        assert_eq!(asked, shown("1", "Be kind"));
    }
}

#[test]
fn without_terms_nothing_can_be_accepted() {
    let mut visit = Visit::new("AcceptTermsAndConditions", []);
    let none = "Terms configuration not found";
    for reply in [
        EffectReply::Document(None),
        document(map([])),
        document(map([("version", "1".into())])),
    ] {
        visit.enter().unwrap();
        assert_eq!(visit.effect(reply).unwrap_err(), none);
    }
    assert!(visit.answer([Answer::Flag(true)]).is_err());
}

#[test]
fn the_terms_in_force_were_accepted_or_not() {
    let accepted = |terms_now: Value, version: Option<Value>| {
        let mut visit = Visit::new("TermsAndConditionsDecision", []);
        visit.world.subject = Some(subject());
        assert_eq!(visit.enter().unwrap(), asks(Document::Terms));
        let read = Did::Call(Effect::ReadIdentity(ReadIdentity {
            who: Who::Subject(demo().subject),
            attributes: vec![Arc::from("_termsAccepted")],
        }));
        assert_eq!(visit.effect(document(terms_now)).unwrap(), read);
        let version = version.map(|version| {
            let accepted = map([("termsVersion", version)]);
            (Arc::from("_termsAccepted"), accepted)
        });
        let known = Identity {
            attributes: version.into_iter().collect(),
            ..demo()
        };
        visit.effect(EffectReply::Identity(Some(known))).unwrap() == went("true")
    };
    assert!(accepted(terms("2"), Some("2".into())));
    assert!(!accepted(terms("2"), Some("1".into())));
    assert!(!accepted(terms("2"), Some(Value::Null)));
    assert!(!accepted(terms("2"), None));
    let mut visit = Visit::new("TermsAndConditionsDecision", []);
    visit.enter().unwrap();
    let none = visit.effect(EffectReply::Document(None)).unwrap();
    assert_eq!(none, went("true"), "there is nothing to accept");
    let nobody = visit.effect(document(terms("1"))).unwrap_err();
    assert_eq!(nobody, "userName not present in state");
}

fn mapping(name: &str, required: bool) -> Value {
    map([
        ("name", name.into()),
        ("displayName", map([("en", "The shop".into())])),
        ("icon", "shop.svg".into()),
        ("accessLevel", "Full profile".into()),
        ("required", required.into()),
        ("fields", list(["mail", "sn"])),
    ])
}

fn consent(name: &str, required: bool) -> Callback {
    Callback::Consent {
        name: name.to_owned(),
        display_name: "The shop".to_owned(),
        icon: "shop.svg".to_owned(),
        access_level: "Full profile".to_owned(),
        required,
        message: "Share?".to_owned(),
        fields: vec!["mail".to_owned(), "sn".to_owned()],
        given: false,
    }
}

fn consenting(all: bool) -> Visit {
    let settings = [
        ("allRequired", all.into()),
        ("message", localized([("en", "Share?")])),
    ];
    let mut visit = Visit::new("Consent", settings);
    visit.world.now = NOW;
    visit
}

fn mappings() -> EffectReply {
    document(Value::List(Arc::from([
        mapping("shop", true),
        mapping("news", false),
    ])))
}

#[test]
fn consent_is_asked_for_until_what_is_required_is_given() {
    let mut visit = consenting(false);
    assert_eq!(visit.enter().unwrap(), asks(Document::Consent));
    let asked = visit.effect(mappings()).unwrap();
    let both = vec![consent("shop", true), consent("news", false)];
    assert_eq!(asked, Did::Ask(both));
    let no = [Answer::Flag(false), Answer::Flag(true)];
    assert_eq!(visit.answer(no).unwrap(), asks(Document::Consent));
    assert!(visit.world.object.is_empty());
    visit.effect(mappings()).unwrap();
    let yes = [Answer::Flag(true), Answer::Flag(false)];
    assert_eq!(visit.answer(yes).unwrap(), went("outcome"));
    let given = map([("consentDate", AT.into()), ("mapping", "shop".into())]);
    let given = (Value::List(Arc::from([given])), false);
    assert_eq!(visit.world.object["consentedMappings"], given);
    // Where the author says so, all of them are required.
    let mut visit = consenting(true);
    visit.enter().unwrap();
    let both = vec![consent("shop", true), consent("news", true)];
    assert_eq!(visit.effect(mappings()).unwrap(), Did::Ask(both));
    let yes = [Answer::Flag(true), Answer::Flag(false)];
    assert_eq!(visit.answer(yes).unwrap(), asks(Document::Consent));
}

#[test]
fn where_nothing_is_shared_nothing_is_asked() {
    let none = || Value::List(Arc::from([]));
    for reply in [EffectReply::Document(None), document(none())] {
        let mut visit = consenting(true);
        visit.enter().unwrap();
        assert_eq!(visit.effect(reply).unwrap(), went("outcome"));
        assert!(visit.world.object.is_empty());
    }
    let mut visit = consenting(false);
    for broken in [
        Value::from("x"),
        Value::List(Arc::from([map([("icon", "x".into())])])),
    ] {
        visit.enter().unwrap();
        let error = visit.effect(document(broken)).unwrap_err();
        assert_eq!(error, "Unable to fetch resources that require consent");
    }
}

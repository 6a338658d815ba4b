//! What nodes ask of a profile.

use serde_json::json;

use super::*;
use crate::{
    engine::effect::{
        Change, FindIdentity, Judge, Judgement, PatchIdentity, ReadIdentity, Shape, Who,
    },
    filter::{Filter, Pointer},
    model::value::Decimal,
};

fn known() -> Who {
    Who::Subject(demo().subject)
}

fn names(names: &[&str]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(*name)).collect()
}

fn read(who: Who, wanted: &[&str]) -> Did {
    let attributes = names(wanted);
    Did::Call(Effect::ReadIdentity(ReadIdentity { who, attributes }))
}

fn find(filter: Filter) -> Did {
    let attributes = Vec::new();
    Did::Call(Effect::FindIdentity(FindIdentity { filter, attributes }))
}

fn of_demo(filter: Filter) -> Did {
    find(Filter::All(vec![Filter::equal("_id", "id-demo"), filter]))
}

fn present(name: &str) -> Filter {
    Filter::Present(Pointer(Arc::from([Arc::from(name)])))
}

fn with<const N: usize>(attributes: [(&str, Value); N]) -> EffectReply {
    let attributes = attributes.map(|(name, value)| (Arc::from(name), value));
    EffectReply::Identity(Some(Identity {
        attributes: attributes.into(),
        ..demo()
    }))
}

fn proved<const N: usize>(ty: &str, settings: [(&str, Value); N]) -> Visit {
    let mut visit = Visit::new(ty, settings);
    visit.world.subject = Some(subject());
    visit
}

const NOBODY: EffectReply = EffectReply::Identity(None);

#[test]
fn nobody_has_nothing() {
    for (ty, settings) in [
        ("AttributePresentDecision", vec![]),
        (
            "AttributeValueDecision",
            vec![
                ("comparisonAttribute", "city".into()),
                ("comparisonValue", "Bonn".into()),
            ],
        ),
        ("QueryFilterDecision", vec![("queryFilter", "true".into())]),
        ("LoginCountDecision", vec![]),
        ("TimeSinceDecision", vec![("elapsedTime", "1".into())]),
    ] {
        let visit = || match settings.as_slice() {
            [] => Visit::new(ty, []),
            [one] => Visit::new(ty, [one.clone()]),
            [one, two] => Visit::new(ty, [one.clone(), two.clone()]),
            _ => panic!("no more than two settings"),
        };
        let error = visit().enter().unwrap_err();
        assert_eq!(error, "userName not present in state", "{ty}");
        let mut named = visit().with_shared("username", "demo");
        let Did::Call(Effect::ReadIdentity(asked)) = named.enter().unwrap() else {
            panic!("{ty} looks for the user");
        };
        assert_eq!(asked.who, Who::Name(Arc::from("demo")), "{ty}");
        let error = named.effect(NOBODY).unwrap_err();
        assert_eq!(error, "Failed to retrieve existing object", "{ty}");
    }
}

#[test]
fn an_attribute_is_there_or_not_secrets_too() {
    for (ty, settings) in [
        (
            "AttributePresentDecision",
            [
                ("presentAttribute", "password".into()),
                ("identityAttribute", "mail".into()),
            ],
        ),
        (
            "AttributeValueDecision",
            [
                ("comparisonAttribute", "password".into()),
                ("comparisonOperation", "PRESENT".into()),
            ],
        ),
    ] {
        let mut visit = proved(ty, settings);
        // The profile is the subject's, whatever was typed.
        let typed = ("victim@example.com".into(), false);
        visit.world.object.insert("mail".to_owned(), typed);
        for (reply, outcome) in [(with([]), "true"), (NOBODY, "false")] {
            assert_eq!(visit.enter().unwrap(), read(known(), &[]), "{ty}");
            let asked = visit.effect(with([])).unwrap();
            assert_eq!(asked, of_demo(present("password")), "{ty}");
            assert_eq!(visit.effect(reply).unwrap(), went(outcome), "{ty}");
        }
    }
}

#[test]
fn a_value_is_compared_as_what_it_is() {
    let fits = |value: &str, known: Value| {
        let mut visit = proved(
            "AttributeValueDecision",
            [
                ("comparisonAttribute", "it".into()),
                ("comparisonValue", value.into()),
            ],
        );
        visit.enter().unwrap();
        visit.effect(with([("IT", known)])).unwrap() == went("true")
    };
    assert!(fits("Bonn", "Bonn".into()));
    assert!(!fits("bonn", "Bonn".into()));
    assert!(fits("True", true.into()) && fits("false", false.into()));
    assert!(!fits("1", true.into()));
    assert!(fits("41", 41.into()) && !fits("41.0", 41.into()));
    let half = || Value::Decimal(Decimal::parse("0.5").unwrap());
    assert!(fits("0.50", half()) && !fits("1", half()));
    assert!(!fits("", "".into()) && !fits("x", list(["x"])));
    assert!(!fits("x", secret("x")), "a secret is compared with nothing");
    let settings = [("comparisonAttribute", "it".into())];
    let mut visit = proved("AttributeValueDecision", settings);
    visit.enter().unwrap();
    let error = visit.effect(with([])).unwrap_err();
    assert_eq!(error, "there is no `comparisonValue` to compare with");
}

#[test]
fn a_query_filter_is_the_authors_and_is_held_by_the_store() {
    let text = r#"mail ew "@example.com" and password pr"#;
    let mut visit = proved("QueryFilterDecision", [("queryFilter", text.into())]);
    for (reply, outcome) in [(with([]), "true"), (NOBODY, "false")] {
        assert_eq!(visit.enter().unwrap(), read(known(), &[]));
        let asked = visit.effect(with([])).unwrap();
        assert_eq!(asked, of_demo(Filter::parse(text).unwrap()));
        assert_eq!(visit.effect(reply).unwrap(), went(outcome));
    }
    let error = Visit::refused("QueryFilterDecision", [("queryFilter", "mail eq".into())]);
    assert!(error.starts_with("`queryFilter`: "), "{error}");
}

#[test]
fn logins_are_counted_and_asked_for() {
    let at = |interval: &str, amount: i64, count: Option<i64>| {
        let settings = [("interval", interval.into()), ("amount", amount.into())];
        let mut visit = proved("LoginCountDecision", settings);
        assert_eq!(visit.enter().unwrap(), read(known(), &["_loginCount"]));
        let reply = match count {
            Some(count) => with([("_loginCount", count.into())]),
            None => with([]),
        };
        visit.effect(reply).unwrap() == went("true")
    };
    assert!(at("AT", 3, Some(3)) && !at("AT", 3, Some(6)));
    assert!(at("EVERY", 3, Some(6)) && !at("EVERY", 3, Some(7)));
    assert!(!at("EVERY", 0, Some(0)) && !at("EVERY", 3, Some(0)));
    assert!(!at("AT", 0, None) && !at("EVERY", 3, None));
}

#[test]
fn a_login_that_cannot_be_counted_stops_nobody() {
    let add = |who| {
        Did::Call(Effect::PatchIdentity(PatchIdentity {
            resource: Arc::from("managed/user"),
            who,
            changes: vec![(Arc::from("_loginCount"), Change::Add(1))],
            attributes: Vec::new(),
        }))
    };
    let mut visit = proved("IncrementLoginCount", []);
    for reply in [
        EffectReply::Written(demo()),
        EffectReply::Refused(Vec::new()),
        NOBODY,
    ] {
        assert_eq!(visit.enter().unwrap(), add(known()));
        assert_eq!(visit.effect(reply).unwrap(), went("outcome"));
    }
    let by_mail = || {
        Visit::new(
            "IncrementLoginCount",
            [("identityAttribute", "mail".into())],
        )
    };
    assert_eq!(by_mail().enter().unwrap(), went("outcome"));
    let mut visit = by_mail().with_shared("mail", "a@example.com");
    let by = find(Filter::equal("mail", "a@example.com"));
    assert_eq!(visit.enter().unwrap(), by);
    assert_eq!(visit.effect(with([])).unwrap(), add(known()));
}

#[test]
fn a_profile_is_older_than_a_time_or_not() {
    let since = |elapsed: &str, created: Option<&str>| {
        let mut visit = proved("TimeSinceDecision", [("elapsedTime", elapsed.into())]);
        // 2026-11-22T08:00:00Z
        visit.world.now = 1_795_334_400_000;
        assert_eq!(visit.enter().unwrap(), read(known(), &["_createDate"]));
        let reply = match created {
            Some(created) => with([("_createDate", created.into())]),
            None => with([]),
        };
        visit.effect(reply).unwrap() == went("true")
    };
    let an_hour_ago = Some("2026-11-22T07:00:00.000Z");
    for (span, over) in [
        ("60", true),
        ("61", false),
        ("60 minutes", true),
        ("1h", true),
        ("59m 60s", true),
        ("1 hour and 1 second", false),
        ("0 weeks, 0 days", true),
        ("1 Day", false),
    ] {
        assert_eq!(since(span, an_hour_ago), over, "{span}");
    }
    assert!(!since("0", None) && !since("0", Some("yesterday")));
    for wrong in [
        "",
        " ",
        "soon",
        "-1",
        "1 month",
        "1.5h",
        "99999999999999999999",
        "5 m x",
    ] {
        let error = Visit::refused("TimeSinceDecision", [("elapsedTime", wrong.into())]);
        assert!(error.starts_with("`elapsedTime` is no number"), "{wrong:?}");
    }
}

fn judgement(attribute: &str, change: fn(&mut Judgement)) -> Judgement {
    let mut judgement = Judgement {
        attribute: Arc::from(attribute),
        shape: Some(Shape::Text),
        title: String::new(),
        required: false,
        secret: false,
        viewable: true,
        editable: true,
        policies: json!({}),
        failed: Vec::new(),
    };
    change(&mut judgement);
    judgement
}

fn all(who: Option<Who>) -> Did {
    Did::Call(Effect::Judge(Judge {
        resource: Arc::from("managed/user"),
        who,
        attributes: Vec::new(),
        values: BTreeMap::new(),
    }))
}

#[test]
fn a_profile_is_filled_by_more_than_a_share() {
    let schema = || {
        EffectReply::Judged(vec![
            judgement("userName", |_| {}),
            judgement("mail", |_| {}),
            judgement("sn", |_| {}),
            judgement("city", |_| {}),
            judgement("hidden", |it| it.viewable = false),
            judgement("fixed", |it| it.editable = false),
            judgement("password", |it| it.secret = true),
        ])
    };
    let fuller = |threshold: i64| {
        let settings = [("threshold", threshold.into())];
        let mut visit = proved("ProfileCompletenessDecision", settings);
        assert_eq!(visit.enter().unwrap(), all(Some(known())));
        let wanted = ["userName", "mail", "sn", "city"];
        let asked = visit.effect(schema()).unwrap();
        assert_eq!(asked, read(known(), &wanted));
        let filled = [
            ("userName", "demo".into()),
            ("mail", list(["a@example.com"])),
            ("sn", "".into()),
        ];
        visit.effect(with(filled)).unwrap() == went("true")
    };
    assert!(fuller(49) && !fuller(50) && !fuller(i64::MAX) && fuller(i64::MIN));
    // Of nothing there is no share.
    let settings = [("threshold", 0.into())];
    let mut visit = proved("ProfileCompletenessDecision", settings);
    visit.enter().unwrap();
    visit.effect(EffectReply::Judged(Vec::new())).unwrap();
    assert_eq!(visit.effect(with([])).unwrap(), went("false"));
    let mut nobody = Visit::new("ProfileCompletenessDecision", [("threshold", 0.into())]);
    let error = nobody.enter().unwrap_err();
    assert_eq!(error, "userName not present in state");
}

#[test]
fn what_the_schema_requires_was_collected_or_not() {
    let schema = || {
        EffectReply::Judged(vec![
            judgement("userName", |it| it.required = true),
            judgement("password", |it| {
                it.required = true;
                it.secret = true;
            }),
            judgement("mail", |_| {}),
        ])
    };
    let mut visit = Visit::new("RequiredAttributesDecision", []);
    let object = &mut visit.world.object;
    object.insert("username".to_owned(), ("ada".into(), false));
    object.insert("password".to_owned(), (secret(""), true));
    assert_eq!(visit.enter().unwrap(), all(None));
    assert_eq!(visit.effect(schema()).unwrap(), went("false"));
    let object = &mut visit.world.object;
    object.insert("password".to_owned(), (secret("x"), true));
    assert_eq!(visit.effect(schema()).unwrap(), went("true"));
    let none = visit.effect(EffectReply::Judged(Vec::new())).unwrap_err();
    assert_eq!(none, "Configured object type has no schema");
}

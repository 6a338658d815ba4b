//! State, sessions and what the end of a run answers.

use super::*;
use crate::engine::effect::{ReadSession, SessionView};

#[test]
fn state_is_set_with_its_types_and_taken_out_of_other_scopes() {
    let values = map([
        ("plan", "gold".into()),
        ("count", 3.into()),
        ("flags", list(["a", "b"])),
    ]);
    let mut visit = Visit::new("SetState", [("attributes", values)])
        .with_transient("plan", "hidden")
        .with_shared("count", 1);
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert_eq!(visit.shared("plan"), Some("gold".into()));
    assert_eq!(visit.transient("plan"), None);
    assert_eq!(visit.shared("count"), Some(Value::Int(3)));
    assert_eq!(visit.shared("flags"), Some(list(["a", "b"])));
    let secrets = map([("pin", secret("1234"))]);
    let refused = Visit::refused("SetState", [("attributes", secrets)]);
    assert!(refused.contains("`pin`"), "{refused}");
    let profile = map([(
        "objectAttributes",
        map([("mail", "ann@example.com".into())]),
    )]);
    let refused = Visit::refused("SetState", [("attributes", profile)]);
    assert!(refused.contains("profile under construction"), "{refused}");
}

fn view(properties: &[(&str, &str)]) -> EffectReply {
    EffectReply::Session(Some(SessionView {
        subject: demo().subject,
        username: demo().username,
        level: AuthLevel::saturating(10),
        created: Timestamp(0),
        properties: properties
            .iter()
            .map(|(name, value)| (Arc::from(*name), Value::from(*value)))
            .collect(),
    }))
}

fn data(property: &str, target: &str) -> Visit {
    let mut visit = Visit::new(
        "SessionData",
        [
            ("sessionDataKey", property.into()),
            ("sharedStateKey", target.into()),
        ],
    );
    visit.world.session = Some(session());
    visit
}

#[test]
fn the_user_of_the_session_becomes_the_subject_with_session_evidence() {
    let mut visit = data("UserToken", "username");
    assert_eq!(
        visit.enter().unwrap(),
        Did::Call(Effect::ReadSession(ReadSession {
            session: session().session,
            properties: vec![Arc::from("UserToken")],
        }))
    );
    assert_eq!(
        visit.effect(view(&[("UserToken", "forged")])).unwrap(),
        Did::Go("outcome".to_owned(), Some((Factor::Session, demo())))
    );
    assert_eq!(visit.shared("username"), Some("demo".into()));
    assert_eq!(visit.world.object["username"], ("demo".into(), false));
}

#[test]
fn other_properties_are_copied_and_prove_nothing() {
    let cases = [
        ("plan", "plan", "gold"),
        ("UserToken", "userName", "demo"),
        ("UserId", "username", "demo"),
        ("AuthLevel", "level", "10"),
    ];
    for (property, target, value) in cases {
        let mut visit = data(property, target);
        let reply = view(&[("plan", "gold")]);
        assert_eq!(visit.effect(reply).unwrap(), went("outcome"));
        assert_eq!(visit.shared(target), Some(value.into()), "{property}");
        assert_eq!(visit.world.object[target], (value.into(), false));
    }
}

#[test]
fn without_session_or_property_there_is_no_data() {
    let mut visit = data("plan", "plan");
    let error = visit.effect(view(&[])).unwrap_err();
    assert!(error.contains("`plan`"), "{error}");
    visit.effect(EffectReply::Session(None)).unwrap_err();
    visit.world.session = None;
    visit.enter().unwrap_err();
    assert!(visit.world.shared.is_empty());
}

#[test]
fn session_properties_and_times_are_set_and_taken_back() {
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let mut visit = Visit::new(
        "SetSessionProperties",
        [
            ("properties", map([("plan", "gold".into())])),
            ("maxSessionTime", Value::Duration(minutes(90))),
            ("maxIdleTime", Value::Duration(minutes(7))),
        ],
    );
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert_eq!(visit.world.properties["plan"], Some("gold".into()));
    assert_eq!(visit.world.times, (Some(minutes(90)), Some(minutes(7))));

    let mut plain = Visit::new("SetSessionProperties", []);
    plain.enter().unwrap();
    assert!(plain.world.properties.is_empty());
    assert_eq!(plain.world.times, (None, None));

    let system = map([("AUTHLEVEL", "99".into())]);
    let refused = Visit::refused("SetSessionProperties", [("properties", system)]);
    assert!(refused.contains("AUTHLEVEL"), "{refused}");

    let mut remove = Visit::new(
        "RemoveSessionProperties",
        [("propertyNames", list(["plan", "team"]))],
    );
    assert_eq!(remove.enter().unwrap(), went("outcome"));
    assert_eq!(remove.world.properties["plan"], None);
    assert_eq!(remove.world.properties["team"], None);
    let system = [("propertyNames", list(["authLevel"]))];
    Visit::refused("RemoveSessionProperties", system);
}

#[test]
fn addresses_are_set_for_success_and_failure() {
    for (ty, key, word) in [
        ("SetSuccessUrl", "successUrl", "success"),
        ("SetFailureUrl", "failureUrl", "failure"),
    ] {
        let mut visit = Visit::new(ty, [(key, "https://app.example.com/".into())]);
        assert_eq!(visit.enter().unwrap(), went("outcome"));
        let url = format!("{word} https://app.example.com/");
        assert_eq!(visit.world.urls, [url]);
        assert_eq!(visit.shared(key), Some("https://app.example.com/".into()));
        let mut split = Visit::new(ty, [(key, "https://a/\r\nSet-Cookie: a=b".into())]);
        split.enter().unwrap_err();
        assert!(split.world.urls.is_empty());
    }
}

#[test]
fn success_gets_details_properties_and_headers() {
    let mut visit = Visit::new(
        "SetSuccessDetails",
        [
            ("successDetails", map([("plan", "gold".into())])),
            ("sessionProperties", map([("level", "AuthLevel".into())])),
            ("headerControl", map([("X-Plan", "gold".into())])),
        ],
    );
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    assert_eq!(visit.world.success["plan"], "gold".into());
    assert_eq!(visit.world.session_details["level"], "AuthLevel");
    let header = (Ending::Success, "x-plan".to_owned(), "gold".to_owned());
    assert_eq!(visit.world.headers, [header]);
    for key in ["tokenId", "realm", "successUrl"] {
        let details = map([(key, "x".into())]);
        Visit::refused("SetSuccessDetails", [("successDetails", details.clone())]);
        Visit::refused("SetSuccessDetails", [("sessionProperties", details)]);
    }
}

#[test]
fn failure_and_error_get_message_details_and_headers() {
    for (ty, message, details, ending) in [
        (
            "SetFailureDetails",
            "failureMessage",
            "failureDetails",
            Ending::Failure,
        ),
        (
            "SetErrorDetails",
            "errorMessage",
            "errorDetails",
            Ending::Error,
        ),
    ] {
        let mut visit = Visit::new(
            ty,
            [
                (message, localized([("en", "No"), ("fr", "Non")])),
                (details, map([("why", "limits".into())])),
                ("headerControl", map([("X-Why", "limits".into())])),
            ],
        );
        visit.world.request.locales = vec!["fr".to_owned()];
        assert_eq!(visit.enter().unwrap(), went("outcome"));
        let expected: Option<Message> = Some((
            Some("Non".to_owned()),
            vec![(Arc::from("why"), "limits".into())],
        ));
        let (got, other) = match ending {
            Ending::Error => (&visit.world.error, &visit.world.failure),
            Ending::Success | Ending::Failure => (&visit.world.failure, &visit.world.error),
        };
        assert_eq!((got, other), (&expected, &None));
        let header = (ending, "x-why".to_owned(), "limits".to_owned());
        assert_eq!(visit.world.headers, [header]);

        let mut plain = Visit::new(ty, []);
        plain.enter().unwrap();
        let (failure, error) = (&plain.world.failure, &plain.world.error);
        assert_eq!(
            failure.as_ref().or(error.as_ref()),
            Some(&(None, Vec::new()))
        );
    }
}

#[test]
fn headers_that_are_not_a_journey_s_are_refused() {
    let bad = [
        ("Set-Cookie", "a=b"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("X Y", "a"),
        ("", "a"),
        ("X-Y", "a\r\nb: c"),
        ("X-Y", "é"),
    ];
    for (name, value) in bad {
        for ty in ["SetSuccessDetails", "SetFailureDetails", "SetErrorDetails"] {
            let headers = map([(name, value.into())]);
            Visit::refused(ty, [("headerControl", headers)]);
        }
    }
}

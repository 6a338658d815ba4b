//! Cookies of a journey's own, and persistent ones.

use super::*;
use crate::engine::output::{CookieSite, CookieUse, OpenCookie, SetCookie};

const HOUR: Duration = Duration::from_secs(3_600);

fn custom<const N: usize>(more: [(&'static str, Value); N]) -> Vec<(&'static str, Value)> {
    let mut all = vec![("name", "tour".into()), ("value", "seen".into())];
    all.extend(more);
    all
}

fn set(settings: Vec<(&'static str, Value)>) -> Result<Visit, NodeError> {
    Visit::scripted("SetCustomCookie", settings, &[], &BTreeMap::new())
}

#[test]
fn a_cookie_of_the_journeys_own_is_handed_out_at_once() {
    let mut visit = set(custom([
        ("maxAge", Value::Duration(HOUR)),
        ("domain", "example.com".into()),
        ("path", "/app".into()),
        ("useSecureCookie", true.into()),
        ("useHttpOnlyCookie", true.into()),
        ("sameSite", "NONE".into()),
    ]))
    .unwrap();
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    let cookie = SetCookie {
        name: "tour".into(),
        value: "seen".into(),
        max_age: Some(HOUR),
        domain: Some("example.com".into()),
        path: Some("/app".into()),
        usage: CookieUse {
            secure: true,
            http_only: true,
            site: CookieSite::None,
        },
    };
    assert_eq!(visit.world.outputs, [Output::Cookie(cookie)]);
}

#[test]
fn what_no_browser_would_take_or_what_splits_the_header_is_refused() {
    let refused = |settings: Vec<(&'static str, Value)>| {
        let error = set(settings).err().map(|error| error.message);
        error.expect("the settings are refused")
    };
    for value in [
        "a b",
        "a;b",
        "a,b",
        "a\"b",
        "a\\b",
        "a\r\nset-cookie: x=y",
        "ä",
    ] {
        let error = refused(vec![("name", "tour".into()), ("value", value.into())]);
        assert!(error.contains("no cookie may have"), "{value}: {error}");
    }
    for name in ["", "a b", "a=b", "a;b", "ä"] {
        let error = refused(vec![("name", name.into()), ("value", "x".into())]);
        assert_eq!(error, format!("`{name}` is no name of a cookie"));
    }
    let error = refused(custom([("domain", "example.com; Secure".into())]));
    assert_eq!(error, "`example.com; Secure` is no domain");
    let error = refused(custom([("path", "/a;b".into())]));
    assert_eq!(error, "`/a;b` is no path of a cookie");
    let error = refused(custom([("sameSite", "NONE".into())]));
    assert!(error.contains("must be secure"), "{error}");
    let error = refused(vec![("name", "__Host-a".into()), ("value", "x".into())]);
    assert!(error.contains("must be secure"), "{error}");
    let mut of_a_domain = set(vec![
        ("name", "__Host-a".into()),
        ("value", "x".into()),
        ("domain", "example.com".into()),
        ("useSecureCookie", true.into()),
    ])
    .unwrap();
    assert!(of_a_domain.enter().unwrap_err().contains("of one host"));
}

const USAGE: CookieUse = CookieUse {
    secure: true,
    http_only: true,
    site: CookieSite::Lax,
};

#[test]
fn a_persistent_cookie_is_prepared_for_the_success() {
    let mut visit = Visit::new(
        "SetPersistentCookie",
        [
            ("hmacSigningKey", secret("k")),
            ("maxLife", Value::Duration(9 * HOUR)),
        ],
    );
    visit.world.now = 1_000;
    assert_eq!(visit.enter().unwrap(), went("outcome"));
    let cookie = Remember {
        name: "session-jwt".into(),
        key: Some(Secret::from("k")),
        idle: 5 * HOUR,
        until: Timestamp(1_000).plus(9 * HOUR),
        usage: USAGE,
    };
    assert_eq!(visit.world.remember, [cookie]);
    let zero = ("maxLife", Value::Duration(Duration::ZERO));
    assert!(Visit::new("SetPersistentCookie", [zero]).enter().is_err());
}

fn decision<const N: usize>(settings: [(&str, Value); N], cookie: Option<&str>) -> Visit {
    let mut visit = Visit::new("PersistentCookieDecision", settings);
    let cookies = cookie.map(|value| ("session-jwt".to_owned(), value.to_owned()));
    visit.world.request.cookies = cookies.into_iter().collect();
    visit
}

#[test]
fn a_cookie_proves_its_owner_and_is_renewed_for_as_long_as_it_may_live() {
    let until = Timestamp(5_000);
    let mut visit = decision([], Some("sealed"));
    let asked = OpenCookie {
        name: "session-jwt".into(),
        value: "sealed".into(),
        key: None,
        client: None,
    };
    assert_eq!(visit.enter().unwrap(), Did::Call(Effect::OpenCookie(asked)));
    let opened = EffectReply::Remembered(Some((demo(), until)));
    let proved = Did::Go("true".to_owned(), Some((Factor::Cookie, demo())));
    assert_eq!(visit.effect(opened).unwrap(), proved);
    assert_eq!(visit.shared("username"), Some("demo".into()));
    assert_eq!(visit.world.remember[0].until, until);
    assert_eq!(visit.world.remember[0].idle, 5 * HOUR);
}

#[test]
fn no_cookie_a_worthless_one_and_one_of_an_inactive_user_prove_nobody() {
    assert_eq!(decision([], None).enter().unwrap(), went("false"));
    assert_eq!(decision([], Some("")).enter().unwrap(), went("false"));
    let long = "x".repeat(4_097);
    assert_eq!(decision([], Some(&long)).enter().unwrap(), went("false"));
    let gone = Identity {
        active: false,
        ..demo()
    };
    for reply in [
        None,
        Some((gone, Timestamp(5_000))),
        Some((demo(), Timestamp(0))),
    ] {
        let mut visit = decision([], Some("sealed"));
        visit.enter().unwrap();
        let reply = EffectReply::Remembered(reply);
        assert_eq!(visit.effect(reply).unwrap(), went("false"));
        assert_eq!(visit.shared("username"), None);
        assert!(visit.world.remember.is_empty());
    }
    let mut visit = decision([], Some("sealed"));
    visit.enter().unwrap();
    assert!(visit.effect(EffectReply::Identity(Some(demo()))).is_err());
}

#[test]
fn the_address_is_enforced_where_the_node_says_so() {
    let settings = [("enforceClientIp", true.into())];
    let mut visit = decision(settings.clone(), Some("sealed"));
    assert_eq!(visit.enter().unwrap(), went("false"));
    let mut visit = decision(settings, Some("sealed"));
    visit.world.request.client = Some([192, 0, 2, 7].into());
    let Did::Call(Effect::OpenCookie(open)) = visit.enter().unwrap() else {
        panic!("it opens the cookie")
    };
    assert_eq!(open.client, visit.world.request.client);
}

//! Nodes about credentials, accounts, tries and levels.

use super::*;
use crate::engine::effect::{Change, Credential, ReadIdentity, SetStatus, Verify, Who};

fn by_name(name: &str) -> Who {
    Who::Name(Arc::from(name))
}

fn check() -> Visit {
    Visit::new("DataStoreDecision", [])
        .with_shared("username", "Demo")
        .with_transient("password", secret("Ch4ng31t"))
}

#[test]
fn a_match_proves_the_password_of_the_identity_that_matched() {
    let mut visit = check();
    assert_eq!(
        visit.enter().unwrap(),
        Did::Call(Effect::Verify(Verify {
            who: by_name("Demo"),
            credential: Credential::Password,
            secret: "Ch4ng31t".into(),
        }))
    );
    assert_eq!(
        visit.effect(EffectReply::Match(demo())).unwrap(),
        Did::Go("true".to_owned(), Some((Factor::Password, demo())))
    );
}

#[test]
fn a_miss_is_false_and_other_replies_are_errors() {
    let mut visit = check();
    assert_eq!(visit.effect(EffectReply::Miss).unwrap(), went("false"));
    assert!(visit.effect(EffectReply::Sent).is_err());
    assert!(visit.answer([]).is_err());
}

#[test]
fn a_known_subject_is_verified_by_its_id() {
    let mut visit = check();
    visit.world.subject = Some(subject());
    let Did::Call(Effect::Verify(verify)) = visit.enter().unwrap() else {
        panic!("it verifies");
    };
    assert_eq!(verify.who, Who::Subject(demo().subject));
}

#[test]
fn a_blank_password_is_false_and_a_missing_one_an_error() {
    for blank in ["", "  \t"] {
        let mut visit = check().with_transient("password", secret(blank));
        assert_eq!(visit.enter().unwrap(), went("false"));
    }
    let mut nameless = Visit::new("DataStoreDecision", []).with_transient("password", secret("x"));
    // Who is missing does the same work as who is unknown, and fails all the same.
    let Did::Call(Effect::Verify(verify)) = nameless.enter().unwrap() else {
        panic!("it verifies");
    };
    assert_eq!(verify.who, Who::Name(Arc::from("")));
    let said = nameless.effect(EffectReply::Miss).unwrap_err();
    assert!(said.contains("username"));
    let mut visit = Visit::new("DataStoreDecision", []).with_shared("username", "demo");
    assert!(visit.enter().unwrap_err().contains("password"));
}

#[test]
fn retries_are_counted_and_then_rejected_for_good() {
    let mut visit = Visit::new("RetryLimitDecision", [("retryLimit", 2.into())]);
    for expected in ["Retry", "Retry", "Reject", "Reject"] {
        assert_eq!(visit.enter().unwrap(), went(expected));
    }
    let mut none = Visit::new("RetryLimitDecision", [("retryLimit", 0.into())]);
    assert_eq!(none.enter().unwrap(), went("Reject"));
    let mut plain = Visit::new("RetryLimitDecision", []);
    for _ in 0..3 {
        assert_eq!(plain.enter().unwrap(), went("Retry"));
    }
    assert_eq!(plain.enter().unwrap(), went("Reject"));
    Visit::refused("RetryLimitDecision", [("retryLimit", (-1).into())]);
}

#[test]
fn retries_are_counted_for_the_user_too() {
    let settings = || {
        [
            ("retryLimit", 2.into()),
            ("incrementUserAttributeOnFailure", true.into()),
        ]
    };
    let wanted = |did: &Did| {
        let Did::Call(Effect::PatchIdentity(patch)) = did else {
            panic!("{did:?}");
        };
        let [(name, change)] = patch.changes.as_slice() else {
            panic!("{patch:?}");
        };
        assert!(name.starts_with("_retry/"), "{name}");
        (Arc::clone(name), change.clone())
    };
    let written = |name: &Arc<str>, tries: Option<i64>| {
        let mut identity = Identity::named(Arc::from("demo"));
        let tries = tries.map(|tries| (Arc::clone(name), Value::Int(tries)));
        identity.attributes.extend(tries);
        EffectReply::Written(identity)
    };
    let new = || Visit::new("RetryLimitDecision", settings()).with_shared("username", "demo");
    let mut visit = new();
    let (name, change) = wanted(&visit.enter().unwrap());
    assert_eq!(change, Change::Add(1));
    assert_eq!(
        visit.effect(written(&name, Some(1))).unwrap(),
        went("Retry")
    );
    // Other runs have used up the tries of the user: they are rejected, and counted anew.
    visit.enter().unwrap();
    let (_, change) = wanted(&visit.effect(written(&name, Some(3))).unwrap());
    assert_eq!(change, Change::Remove);
    assert_eq!(visit.effect(written(&name, None)).unwrap(), went("Reject"));

    // Of nobody, and without a name, the run alone counts.
    let mut nobody = new();
    for _ in 0..2 {
        nobody.enter().unwrap();
        assert_eq!(
            nobody.effect(EffectReply::Identity(None)).unwrap(),
            went("Retry")
        );
    }
    let (_, change) = wanted(&nobody.enter().unwrap());
    assert_eq!(change, Change::Remove);
    assert_eq!(
        nobody.effect(EffectReply::Identity(None)).unwrap(),
        went("Reject")
    );
    let mut nameless = Visit::new("RetryLimitDecision", settings());
    for expected in ["Retry", "Retry", "Reject"] {
        assert_eq!(nameless.enter().unwrap(), went(expected));
    }
    // A store that does not tell is one that fails.
    let mut silent = new();
    silent.enter().unwrap();
    assert!(silent.effect(written(&name, None)).is_err());
    let mut refusing = new();
    refusing.enter().unwrap();
    assert!(refusing.effect(EffectReply::Refused(Vec::new())).is_err());
}

#[test]
fn the_store_of_identities_tells_a_locked_account_behind_its_password() {
    let mut visit = Visit::new("IdentityStoreDecision", [])
        .with_shared("username", "demo")
        .with_transient("password", secret("right"));
    assert!(matches!(
        visit.enter().unwrap(),
        Did::Call(Effect::Verify(_))
    ));
    let mut identity = Identity::named(Arc::from("demo"));
    let proved = visit.effect(EffectReply::Match(identity.clone())).unwrap();
    let expected = (Factor::Password, identity.clone());
    assert_eq!(proved, Did::Go("TRUE".to_owned(), Some(expected)));
    assert_eq!(visit.effect(EffectReply::Miss).unwrap(), went("FALSE"));
    identity.active = false;
    assert_eq!(
        visit.effect(EffectReply::Match(identity)).unwrap(),
        went("LOCKED")
    );
}

#[test]
fn a_lockout_sets_the_status() {
    for (action, active) in [("LOCK", false), ("UNLOCK", true)] {
        let mut visit = Visit::new("AccountLockout", [("lockAction", action.into())])
            .with_shared("username", "demo");
        assert_eq!(
            visit.enter().unwrap(),
            Did::Call(Effect::SetStatus(SetStatus {
                who: by_name("demo"),
                active,
            }))
        );
        let done = visit.effect(EffectReply::StatusSet(true)).unwrap();
        assert_eq!(done, went("outcome"));
        assert_eq!(
            visit.effect(EffectReply::StatusSet(false)).unwrap_err(),
            "Could not find the identity based on the information available on context."
        );
    }
    assert_eq!(
        Visit::new("AccountLockout", []).enter().unwrap_err(),
        "Could not get a valid username from the context"
    );
}

#[test]
fn an_account_is_active_or_not() {
    let mut visit = Visit::new("AccountActiveDecision", []);
    visit.world.subject = Some(subject());
    assert_eq!(
        visit.enter().unwrap(),
        Did::Call(Effect::ReadIdentity(ReadIdentity {
            who: Who::Subject(demo().subject),
            attributes: Vec::new(),
        }))
    );
    for (active, outcome) in [(true, "true"), (false, "false")] {
        let identity = Identity { active, ..demo() };
        let reply = EffectReply::Identity(Some(identity));
        assert_eq!(visit.effect(reply).unwrap(), went(outcome));
    }
    let missing = visit.effect(EffectReply::Identity(None)).unwrap_err();
    assert_eq!(missing, "Failed to get the identity object");
    Visit::new("AccountActiveDecision", []).enter().unwrap_err();
}

#[test]
fn levels_are_compared_and_moved() {
    let mut plain = Visit::new("AuthLevelDecision", []);
    assert_eq!(plain.enter().unwrap(), went("true"));
    for (level, outcome) in [(0, "false"), (19, "false"), (20, "true"), (21, "true")] {
        let mut visit = Visit::new("AuthLevelDecision", [("authLevelRequirement", 20.into())]);
        visit.world.level = AuthLevel::saturating(level);
        assert_eq!(visit.enter().unwrap(), went(outcome), "{level}");
    }
    for (by, level) in [(10, 15), (-3, 2), (-9, 0), (i64::MAX, i32::MAX as u32)] {
        let mut visit = Visit::new("ModifyAuthLevel", [("authLevelIncrement", by.into())]);
        visit.world.level = AuthLevel::saturating(5);
        assert_eq!(visit.enter().unwrap(), went("outcome"));
        assert_eq!(visit.world.level.number(), level, "{by}");
    }
    let mut still = Visit::new("ModifyAuthLevel", []);
    still.enter().unwrap();
    assert_eq!(still.world.level, AuthLevel::ZERO);
}

fn headers(visit: &mut Visit, headers: &[(&str, &str)]) {
    visit.world.request.headers = headers
        .iter()
        .map(|(name, value)| (ToString::to_string(name), ToString::to_string(value)))
        .collect();
}

#[test]
fn a_header_login_takes_what_is_there_and_decodes_it_once() {
    let mut visit = Visit::new("ZeroPageLogin", []);
    assert_eq!(visit.enter().unwrap(), went("false"));
    let both = [
        ("x-openam-username", "=?UTF-8?B?ZGVtbw==?="),
        ("X-OpenAM-Password", "=?UTF-8?Q?p=C3=A4ss?="),
    ];
    headers(&mut visit, &both);
    assert_eq!(visit.enter().unwrap(), went("true"));
    assert_eq!(visit.shared("username"), Some("demo".into()));
    assert_eq!(visit.transient("password"), Some(secret("päss")));

    let mut one = Visit::new("ZeroPageLogin", []);
    headers(&mut one, &[("X-OpenAM-Password", "x")]);
    assert_eq!(one.enter().unwrap(), went("true"));
    assert_eq!(one.shared("username"), None);
}

#[test]
fn a_header_login_reads_the_headers_it_is_told() {
    let settings = [
        ("usernameHeader", "X-User".into()),
        ("passwordHeader", "X-Pass".into()),
    ];
    let mut visit = Visit::new("ZeroPageLogin", settings);
    headers(&mut visit, &[("X-OpenAM-Username", "demo")]);
    assert_eq!(visit.enter().unwrap(), went("false"));
    headers(&mut visit, &[("X-User", "demo"), ("X-Pass", "x")]);
    assert_eq!(visit.enter().unwrap(), went("true"));
    assert_eq!(visit.shared("username"), Some("demo".into()));
    assert_eq!(visit.transient("password"), Some(secret("x")));
}

#[test]
fn cases_d01_and_d02_bad_headers_are_errors_and_change_nothing() {
    let limit = Limits::default().username_chars;
    let fits = "a".repeat(limit);
    let long = "a".repeat(limit + 1);
    let bad: [&[(&str, &str)]; 5] = [
        &[("X-OpenAM-Username", "a"), ("x-openam-username", "b")],
        &[
            ("X-OpenAM-Username", "demo"),
            ("X-OpenAM-Password", "=?utf-7?Q?x?="),
        ],
        &[("X-OpenAM-Username", "=?UTF-8?Q?a=0D=0Ab?=")],
        &[("X-OpenAM-Username", "=?UTF-8?B?ZGVtbw=?=")],
        &[("X-OpenAM-Username", &long)],
    ];
    for bad in bad {
        let mut visit = Visit::new("ZeroPageLogin", []);
        headers(&mut visit, bad);
        visit.enter().unwrap_err();
        assert!(visit.world.shared.is_empty() && visit.world.transient.is_empty());
    }
    let mut visit = Visit::new("ZeroPageLogin", []);
    headers(&mut visit, &[("X-OpenAM-Username", &fits)]);
    assert_eq!(visit.enter().unwrap(), went("true"));
}

#[test]
fn a_header_login_wants_a_listed_referer_where_it_is_told_so() {
    let allowed = "https://app.example.com/login";
    let cases: [(&[&str], &str); 5] = [
        (&[], "false"),
        (&["https://evil.example/"], "false"),
        (&["https://app.example.com/login/"], "false"),
        (&[allowed], "true"),
        (&[allowed, allowed], "false"),
    ];
    for (referers, outcome) in cases {
        let settings = [
            ("allowWithoutReferer", false.into()),
            ("referrerWhiteList", list([allowed])),
        ];
        let mut visit = Visit::new("ZeroPageLogin", settings);
        let mut sent = vec![("X-OpenAM-Username", "demo")];
        sent.extend(referers.iter().map(|referer| ("Referer", *referer)));
        headers(&mut visit, &sent);
        assert_eq!(visit.enter().unwrap(), went(outcome), "{referers:?}");
        assert_eq!(visit.shared("username").is_some(), outcome == "true");
    }
}

#[test]
fn an_agent_is_verified_and_nobody_else() {
    let new = || {
        Visit::new("AgentDataStoreDecision", [])
            .with_shared("username", "door")
            .with_transient("password", secret("right"))
    };
    let mut agent = Identity::named(Arc::from("door"));
    let user = agent.clone();
    agent
        .attributes
        .insert(Arc::from("_agent"), Value::Bool(true));
    let mut text = user.clone();
    text.attributes
        .insert(Arc::from("_agent"), Value::text("true"));
    let whose = |found: Option<Identity>| {
        let mut visit = new();
        let Did::Call(Effect::ReadIdentity(read)) = visit.enter().unwrap() else {
            panic!("nobody is looked up");
        };
        assert_eq!(read.who, by_name("door"));
        let did = visit.effect(EffectReply::Identity(found)).unwrap();
        let Did::Call(Effect::Verify(verify)) = did else {
            panic!("{did:?}");
        };
        assert_eq!(verify.secret, "right".into());
        assert_eq!(visit.effect(EffectReply::Miss).unwrap(), went("false"));
        verify.who
    };
    assert_eq!(
        whose(Some(agent.clone())),
        Who::Subject(agent.subject.clone())
    );
    // The same work is done of nobody.
    for found in [None, Some(user), Some(text)] {
        assert_eq!(whose(found), by_name(""));
    }
    let mut visit = new();
    visit.enter().unwrap();
    visit
        .effect(EffectReply::Identity(Some(agent.clone())))
        .unwrap();
    let proved = visit.effect(EffectReply::Match(agent.clone())).unwrap();
    assert_eq!(
        proved,
        Did::Go("true".to_owned(), Some((Factor::Password, agent)))
    );
}

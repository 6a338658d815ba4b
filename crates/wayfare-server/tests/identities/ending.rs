//! Who is disabled and who has a new password: what they had ends in the same change.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value as Json;
use wayfare::{
    AuthLevel, Secret, Value,
    engine::effect::{PatchIdentity, Who},
};
use wayfare_server::{
    identities::{Identities as _, Once, Outcome},
    store::{
        session::{NewSession, Session},
        token::{Kind, NewToken, Token, TokenKey},
    },
};

use super::bench::{Bench, NOW, alpha, change, named, set, text, values};

const ACCESS: Kind = Kind::new("test.access");

/// A user with two sessions, and a token of each.
async fn there() -> Bench {
    let mut bench = Bench::new();
    let made = bench
        .create(values([
            ("userName", text("anna")),
            ("password", Value::Secret(Secret::from("Wayfare1!"))),
        ]))
        .await;
    let Ok(Outcome::Written(anna)) = made else {
        panic!("{made:?}");
    };
    for (handle, fill) in [("s1", 1), ("s2", 2)] {
        let session = Session {
            handle: handle.to_owned(),
            realm: alpha(),
            subject: anna.subject.0.to_string(),
            username: "anna".to_owned(),
            level: AuthLevel::saturating(1),
            proved: true,
            created: NOW,
            accessed: NOW,
            time_max: Duration::from_secs(600),
            idle_max: Duration::from_secs(600),
            properties: BTreeMap::new(),
        };
        let new = NewSession {
            token: [fill; 32],
            session,
            quota: None,
        };
        bench.store.finish_run(None, new, None, None).await.unwrap();
        let token = Token {
            realm: alpha(),
            subject: Some(anna.subject.0.to_string()),
            client: None,
            family: None,
            session: Some(handle.to_owned()),
            issued: NOW,
            exp: NOW.plus(Duration::from_secs(600)),
            used: None,
            data: Json::Null,
        };
        let key = TokenKey::of(ACCESS, handle);
        bench
            .store
            .put_tokens(vec![NewToken { key, token }])
            .await
            .unwrap();
    }
    assert_eq!(left(&bench), ["s1", "s2"]);
    bench
}

/// The sessions that are left; their tokens are too, and no others.
fn left(bench: &Bench) -> Vec<&'static str> {
    let has = |handle: &str| {
        bench
            .store
            .session_by_handle(handle, NOW)
            .unwrap()
            .is_some()
    };
    for handle in ["s1", "s2"] {
        let key = TokenKey::of(ACCESS, handle);
        assert_eq!(
            bench.store.token(&key, NOW).unwrap().is_some(),
            has(handle),
            "{handle}"
        );
    }
    ["s1", "s2"]
        .into_iter()
        .filter(|handle| has(handle))
        .collect()
}

fn password() -> Value {
    Value::Secret(Secret::from("Another1!"))
}

#[tokio::test]
async fn a_new_password_ends_all_but_the_session_that_set_it() {
    let mut bench = there().await;
    let id = bench.next();
    let patch = PatchIdentity {
        resource: Arc::from("managed/user"),
        who: named("anna"),
        changes: vec![change("PASSWORD", set(password()))],
        attributes: Vec::new(),
    };
    let once = Once {
        spared: Some("s2"),
        ..bench.once(id)
    };
    let written = bench.identities.patch(&patch, once).await;
    assert!(matches!(written, Ok(Outcome::Written(_))), "{written:?}");
    assert_eq!(left(&bench), ["s2"]);
    // The same change again is no other change.
    let written = bench.identities.patch(&patch, bench.once(id)).await;
    assert!(matches!(written, Ok(Outcome::Written(_))), "{written:?}");
    assert_eq!(left(&bench), ["s2"]);
    let written = bench
        .patch(named("anna"), vec![change("password", set(password()))])
        .await;
    assert!(matches!(written, Ok(Outcome::Written(_))), "{written:?}");
    assert!(left(&bench).is_empty());
}

#[tokio::test]
async fn who_is_disabled_is_out_by_whatever_way() {
    let mut bench = there().await;
    let who: Who = named("anna");
    let written = bench
        .patch(
            who.clone(),
            vec![change("accountStatus", set(text("inactive")))],
        )
        .await;
    assert!(matches!(written, Ok(Outcome::Written(_))), "{written:?}");
    assert!(left(&bench).is_empty());
    let bench = there().await;
    assert_eq!(bench.identities.set_status(&who, false).await, Ok(true));
    assert!(left(&bench).is_empty());
    // Any other change ends nothing.
    let mut bench = there().await;
    assert_eq!(bench.identities.set_status(&who, true).await, Ok(true));
    let written = bench
        .patch(who, vec![change("sn", set(text("Smith")))])
        .await;
    assert!(matches!(written, Ok(Outcome::Written(_))), "{written:?}");
    assert_eq!(left(&bench), ["s1", "s2"]);
}

#[tokio::test]
async fn what_is_refused_ends_nothing() {
    let mut bench = there().await;
    let weak = Value::Secret(Secret::from("x"));
    let refused = bench
        .patch(named("anna"), vec![change("password", set(weak))])
        .await;
    assert!(matches!(refused, Ok(Outcome::Refused(_))), "{refused:?}");
    assert_eq!(left(&bench), ["s1", "s2"]);
}

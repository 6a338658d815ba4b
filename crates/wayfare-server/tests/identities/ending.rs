//! Who is disabled and who has a new password: what they had ends in the same change.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value as Json;
use wayfare::{
    AuthLevel, Secret, Value,
    engine::effect::{EffectId, PatchIdentity, Who},
};
use wayfare_server::{
    identities::{Identities as _, Once, Outcome},
    store::{
        StoreError,
        ending::Since,
        run::{Finished, RunEnd},
        session::{NewSession, Session},
        token::{Basis, Kind, NewToken, Token, TokenKey},
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
        let new = session(&anna.subject.0, handle, fill, Since::FIRST);
        bench.store.finish_run(None, new, None, None).await.unwrap();
        let new = token(&anna.subject.0, handle);
        bench
            .store
            .put_tokens(vec![new], Basis::Nobody)
            .await
            .unwrap();
    }
    assert_eq!(left(&bench), ["s1", "s2"]);
    bench
}

fn session(subject: &str, handle: &str, fill: u8, since: Since) -> NewSession {
    NewSession {
        token: [fill; 32],
        session: Session {
            handle: handle.to_owned(),
            realm: alpha(),
            subject: subject.to_owned(),
            username: "anna".to_owned(),
            level: AuthLevel::saturating(1),
            proved: true,
            created: NOW,
            accessed: NOW,
            time_max: Duration::from_secs(600),
            idle_max: Duration::from_secs(600),
            properties: BTreeMap::new(),
        },
        quota: None,
        since,
    }
}

fn token(subject: &str, handle: &str) -> NewToken {
    NewToken {
        key: TokenKey::of(ACCESS, handle),
        token: Token {
            realm: alpha(),
            subject: Some(subject.to_owned()),
            client: None,
            family: None,
            session: Some(handle.to_owned()),
            issued: NOW,
            exp: NOW.plus(Duration::from_secs(600)),
            used: None,
            data: Json::Null,
        },
    }
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

/// A run sets the password; who lets in whom afterwards.
#[tokio::test]
async fn a_login_that_began_before_makes_nothing_but_in_the_run_that_set_the_password() {
    let mut bench = there().await;
    let Ok(Some(anna)) = bench.identities.read(&named("anna"), &[]).await else {
        panic!("nobody");
    };
    let anna = anna.subject.0.to_string();
    let store = bench.store.clone();
    let before = store.since();
    let id = bench.next();
    let patch = PatchIdentity {
        resource: Arc::from("managed/user"),
        who: named("anna"),
        changes: vec![change("password", set(password()))],
        attributes: Vec::new(),
    };
    let written = bench.identities.patch(&patch, bench.once(id)).await;
    assert!(matches!(written, Ok(Outcome::Written(_))), "{written:?}");
    let finish = async |fill: u8, since: Since| {
        let new = session(&anna, &format!("n{fill}"), fill, since);
        let made = store.finish_run(None, new, None, None).await.unwrap();
        let put = store.put_tokens(vec![token(&anna, &format!("n{fill}"))], Basis::Login(since));
        let kept = match put.await {
            Ok(()) => true,
            Err(StoreError::Ended) => false,
            Err(error) => panic!("{error}"),
        };
        let made = match made {
            Finished::Made(_) => true,
            Finished::SubjectEnded => false,
            other => panic!("{other:?}"),
        };
        assert_eq!(made, kept);
        made
    };
    assert!(!finish(10, before).await, "no run of its own");
    assert!(!finish(11, before.of_run(id.run + 1)).await, "another run");
    assert!(
        finish(12, before.of_run(id.run)).await,
        "the one that set it"
    );
    assert!(finish(13, store.since()).await, "a later one");
    // On a session that is gone, or never was, nothing rests.
    let gone = Basis::Session("n10".to_owned());
    let put = store.put_tokens(vec![token(&anna, "x")], gone).await;
    assert_eq!(put, Err(StoreError::Ended));
    // Somebody else ends all, and the run once more: it began before both.
    let after = store.since();
    assert_eq!(
        store.set_active(&alpha(), anna.clone(), false).await,
        Ok(true)
    );
    assert_eq!(
        store.set_active(&alpha(), anna.clone(), true).await,
        Ok(true)
    );
    let again = EffectId {
        ordinal: id.ordinal + 1,
        ..id
    };
    let written = bench.identities.patch(&patch, bench.once(again)).await;
    assert!(matches!(written, Ok(Outcome::Written(_))), "{written:?}");
    assert!(!finish(14, before.of_run(id.run)).await);
    assert!(!finish(15, after.of_run(id.run)).await);
}

/// A run goes on since its first step, or since a request before it in which somebody was proved.
#[tokio::test]
async fn a_run_goes_on_since_its_first_step() {
    let bench = there().await;
    let Ok(Some(anna)) = bench.identities.read(&named("anna"), &[]).await else {
        panic!("nobody");
    };
    let anna = anna.subject.0.to_string();
    let store = bench.store.clone();
    let exp = NOW.plus(Duration::from_secs(600));
    let before = store.since();
    store.keep_since(3, before, exp).await.unwrap();
    store.claim_run(4, 0, exp, exp).await.unwrap();
    assert_eq!(
        store.set_active(&alpha(), anna.clone(), false).await,
        Ok(true)
    );
    // Claims that come later move nothing.
    store.claim_run(3, 0, exp, exp).await.unwrap();
    store.claim_run(4, 1, exp, exp).await.unwrap();
    store.claim_run(5, 0, exp, exp).await.unwrap();
    let now = store.since();
    for (run, lets_in) in [(3, false), (4, false), (5, true), (6, true)] {
        let end = Some(RunEnd { run, exp });
        let fill = u8::try_from(run).unwrap();
        let new = session(&anna, &format!("n{run}"), fill, now.of_run(run));
        let made = store.finish_run(end, new, None, None).await.unwrap();
        assert_eq!(matches!(made, Finished::Made(_)), lets_in, "{run}");
    }
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

//! The table of transactions: one conclusion, one use, and neither comes back.

use std::{collections::BTreeMap, time::Duration};

use rusqlite::Connection;
use tempfile::TempDir;
use wayfare::{AuthLevel, Realm, Timestamp};
use wayfare_server::{
    config::Durability,
    store::{
        SCHEMA_VERSION, Store,
        ending::Since,
        run::{Claimed, ENDED, Finished, RunEnd},
        session::{NewSession, Session},
        transaction::{Approves, Conclusion, OPEN_MAX, Outcome, Purpose, State, Transaction},
    },
};

const NOW: Timestamp = Timestamp(1_000);
const EXP: Timestamp = Timestamp(601_000);

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), Durability::Normal).expect("a store")
}

fn realm(path: &str) -> Realm {
    Realm::parse(path).expect("a realm")
}

fn policy(id: &str) -> Transaction {
    let purpose = Purpose::Policy {
        policy: "payments".to_owned(),
        resource: "https://app.example.com:443/pay/1".to_owned(),
    };
    Transaction::new(id.to_owned(), realm("/alpha"), "Confirm", purpose, EXP).of("u1", "demo")
}

fn backchannel(id: &str, retry: bool) -> Transaction {
    let data = r#"{"amount":5}"#.to_owned();
    let purpose = Purpose::Backchannel { data, retry };
    let mut new = Transaction::new(id.to_owned(), realm("/alpha"), "Login", purpose, EXP);
    new.tracking.push("order-7".to_owned());
    new.of("u1", "demo")
}

async fn begin(store: &Store, id: &str, subject: Option<&str>) -> Option<Transaction> {
    begin_at(store, "/alpha", id, subject, NOW).await
}

async fn begin_at(
    store: &Store,
    at: &str,
    id: &str,
    subject: Option<&str>,
    now: Timestamp,
) -> Option<Transaction> {
    let subject = subject.map(str::to_owned);
    let begun = store.begin_transaction(realm(at), id.to_owned(), subject, now);
    begun.await.expect("a store")
}

fn end(id: &str, approved: bool) -> Conclusion {
    Conclusion {
        of: Approves {
            realm: realm("/alpha"),
            id: id.to_owned(),
            run: Some("r1".to_owned()),
            now: NOW,
        },
        approved,
        session: None,
        login: None,
        end: Some(RunEnd { run: 7, exp: EXP }),
    }
}

async fn used(store: &Store, at: &str, id: &str, subject: &str, now: Timestamp) -> bool {
    let (id, subject) = (id.to_owned(), subject.to_owned());
    let used = store.use_transaction(realm(at), id, subject, now);
    used.await.expect("a store")
}

fn standing(store: &Store, id: &str) -> Option<(State, Outcome)> {
    let found = store.transaction(&realm("/alpha"), id, NOW).unwrap();
    found.map(|found| (found.state, found.outcome))
}

#[tokio::test]
async fn a_transaction_is_begun_approved_and_used_once() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.open_transaction(policy("t")).await.unwrap();
    assert_eq!(
        standing(&store, "t"),
        Some((State::Created, Outcome::Unknown))
    );
    // Nothing that was not begun can be approved, nothing that was not approved can be used.
    assert!(!store.conclude_transaction(end("t", true)).await.unwrap());
    assert!(!used(&store, "/alpha", "t", "u1", NOW).await);
    let begun = begin(&store, "t", Some("u1")).await.unwrap();
    assert_eq!(begun.purpose, policy("t").purpose);
    assert_eq!(begun.journey, "Confirm");
    assert!(!used(&store, "/alpha", "t", "u1", NOW).await);
    // A second run may begin; one of them counts.
    assert!(begin(&store, "t", Some("u1")).await.is_some());
    assert!(store.conclude_transaction(end("t", true)).await.unwrap());
    assert_eq!(
        standing(&store, "t"),
        Some((State::Completed, Outcome::Approved))
    );
    assert!(!store.conclude_transaction(end("t", true)).await.unwrap());
    assert!(!store.conclude_transaction(end("t", false)).await.unwrap());
    assert_eq!(
        standing(&store, "t"),
        Some((State::Completed, Outcome::Approved))
    );
    assert_eq!(begin(&store, "t", Some("u1")).await, None);
    // The run is over.
    assert_eq!(store.claim_run(7, 0, EXP, EXP).await, Ok(Claimed::Lost));

    assert!(
        !used(&store, "/beta", "t", "u1", NOW).await,
        "another realm"
    );
    assert!(
        !used(&store, "/alpha", "t", "u2", NOW).await,
        "another subject"
    );
    assert!(!used(&store, "/alpha", "t", "u1", EXP).await, "expired");
    assert!(used(&store, "/alpha", "t", "u1", NOW).await);
    assert!(!used(&store, "/alpha", "t", "u1", NOW).await);
    assert_eq!(standing(&store, "t"), None);
}

#[tokio::test]
async fn a_policy_transaction_is_begun_by_its_subject_in_its_realm_and_time_only() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.open_transaction(policy("t")).await.unwrap();
    assert_eq!(begin(&store, "t", None).await, None);
    assert_eq!(begin(&store, "t", Some("u2")).await, None);
    assert_eq!(begin_at(&store, "/beta", "t", Some("u1"), NOW).await, None);
    assert_eq!(begin_at(&store, "/", "t", Some("u1"), NOW).await, None);
    assert_eq!(begin_at(&store, "/alpha", "t", Some("u1"), EXP).await, None);
    assert_eq!(begin(&store, "T", Some("u1")).await, None);
    assert_eq!(
        standing(&store, "t"),
        Some((State::Created, Outcome::Unknown))
    );
    let just = Timestamp(EXP.0 - 1);
    assert!(
        begin_at(&store, "/alpha", "t", Some("u1"), just)
            .await
            .is_some()
    );
}

#[tokio::test]
async fn what_fails_is_denied_unless_it_may_be_tried_again() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for (id, retry, expected) in [
        ("once", false, (State::Completed, Outcome::Denied)),
        ("again", true, (State::InProgress, Outcome::Unknown)),
    ] {
        store
            .open_transaction(backchannel(id, retry))
            .await
            .unwrap();
        assert!(begin(&store, id, None).await.is_some(), "without a session");
        assert!(store.conclude_transaction(end(id, false)).await.unwrap());
        assert_eq!(standing(&store, id), Some(expected), "{id}");
        assert_eq!(begin(&store, id, None).await.is_some(), retry);
        assert_eq!(store.conclude_transaction(end(id, true)).await, Ok(retry));
    }
    let found = store
        .transaction(&realm("/alpha"), "again", NOW)
        .unwrap()
        .unwrap();
    assert_eq!(found.tracking, ["order-7", "r1", "r1"]);
    assert_eq!(found.purpose, backchannel("again", true).purpose);
    // A login is nothing that a policy could use.
    assert!(!used(&store, "/alpha", "again", "u1", NOW).await);
    // However often it is tried, its row stays small.
    store
        .open_transaction(backchannel("long", true))
        .await
        .unwrap();
    begin(&store, "long", None).await.unwrap();
    for _ in 0..1_000 {
        assert!(
            store
                .conclude_transaction(end("long", false))
                .await
                .unwrap()
        );
    }
    let found = store
        .transaction(&realm("/alpha"), "long", NOW)
        .unwrap()
        .unwrap();
    assert!(found.tracking.len() < 400);
}

fn session(handle: &str) -> Session {
    Session {
        handle: handle.to_owned(),
        realm: realm("/alpha"),
        subject: "u1".to_owned(),
        username: "demo".to_owned(),
        level: AuthLevel::ZERO,
        proved: true,
        created: NOW,
        accessed: NOW,
        time_max: Duration::from_secs(60),
        idle_max: Duration::from_secs(60),
        properties: BTreeMap::new(),
    }
}

fn new(token: u8, handle: &str) -> NewSession {
    NewSession {
        token: [token; 32],
        session: session(handle),
        quota: None,
        since: Since::FIRST,
    }
}

#[tokio::test]
async fn an_approval_rests_on_the_session_that_it_was_begun_beside() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.open_transaction(policy("t")).await.unwrap();
    store
        .finish_run(None, new(1, "h1"), None, None)
        .await
        .unwrap();
    begin(&store, "t", Some("u1")).await.unwrap();
    let beside = |handle: &str, now| {
        let mut end = end("t", true);
        end.session = Some(handle.to_owned());
        end.of.now = now;
        store.conclude_transaction(end)
    };
    assert_eq!(beside("gone", NOW).await, Ok(false));
    let idle = Timestamp(NOW.0 + 60_000);
    assert_eq!(beside("h1", idle).await, Ok(false));
    assert_eq!(
        standing(&store, "t"),
        Some((State::InProgress, Outcome::Unknown))
    );
    assert_eq!(beside("h1", NOW).await, Ok(true));
}

#[tokio::test]
async fn a_session_and_its_transaction_are_one_change() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store
        .open_transaction(backchannel("t", false))
        .await
        .unwrap();
    begin(&store, "t", None).await.unwrap();
    let finish = |token, handle: &str| {
        let end = RunEnd {
            run: u128::from(token),
            exp: EXP,
        };
        store.finish_run(
            Some(end),
            new(token, handle),
            None,
            Some(super::store::end("t", true).of),
        )
    };
    assert!(matches!(finish(1, "h1").await, Ok(Finished::Made(_))));
    let found = store
        .transaction(&realm("/alpha"), "t", NOW)
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.state, found.outcome),
        (State::Completed, Outcome::Approved)
    );
    assert_eq!(found.session.as_deref(), Some("h1"));
    // The run that came too late is over, and there is no second session.
    assert_eq!(finish(2, "h2").await, Ok(Finished::TransactionOver));
    assert_eq!(store.generation(2), Ok(Some(ENDED)));
    assert_eq!(store.session_count(), Ok(1));
    // A session that cannot be made approves nothing.
    store
        .open_transaction(backchannel("u", false))
        .await
        .unwrap();
    begin(&store, "u", None).await.unwrap();
    let twice = store.finish_run(None, new(1, "h3"), None, Some(end("u", true).of));
    assert!(twice.await.is_err());
    assert_eq!(
        standing(&store, "u"),
        Some((State::InProgress, Outcome::Unknown))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_thirty_two_uses_at_once_one_is_allowed() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for round in 0..8 {
        let id = format!("t{round}");
        store.open_transaction(policy(&id)).await.unwrap();
        begin(&store, &id, Some("u1")).await.unwrap();
        let ends: Vec<_> = (0..32)
            .map(|_| {
                tokio::spawn({
                    let (store, id) = (store.clone(), id.clone());
                    async move { store.conclude_transaction(end(&id, true)).await }
                })
            })
            .collect();
        let mut ended = 0;
        for end in ends {
            ended += u32::from(end.await.unwrap().unwrap());
        }
        assert_eq!(ended, 1);
        let uses: Vec<_> = (0..32)
            .map(|_| {
                tokio::spawn({
                    let (store, id) = (store.clone(), id.clone());
                    async move { used(&store, "/alpha", &id, "u1", NOW).await }
                })
            })
            .collect();
        let mut allowed = 0;
        for one in uses {
            allowed += u32::from(one.await.unwrap());
        }
        assert_eq!(allowed, 1);
    }
}

#[tokio::test]
async fn a_use_stays_a_use_after_a_restart_and_after_a_copy_was_put_back() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for id in ["used", "left"] {
        store.open_transaction(policy(id)).await.unwrap();
        begin(&store, id, Some("u1")).await.unwrap();
        store.conclude_transaction(end(id, true)).await.unwrap();
    }
    store.close();
    drop(store);
    let file = folder.path().join("wayfare.db");
    let copy = std::fs::read(&file).unwrap();

    let store = open(&folder);
    assert!(used(&store, "/alpha", "used", "u1", NOW).await);
    store.close();
    drop(store);
    let store = open(&folder);
    assert!(!used(&store, "/alpha", "used", "u1", NOW).await);
    assert!(
        used(&store, "/alpha", "left", "u1", NOW).await,
        "an approval stays, too"
    );
    store.close();
    drop(store);

    std::fs::write(&file, copy).unwrap();
    let store = open(&folder);
    assert!(store.restored());
    assert!(!used(&store, "/alpha", "used", "u1", NOW).await);
    assert!(!used(&store, "/alpha", "left", "u1", NOW).await);
}

/// What `kill -9` leaves is what has reached the files: they are copied while the store goes on.
#[tokio::test]
async fn what_was_used_is_used_also_where_the_process_was_killed_then() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for at in 0..20 {
        let id = format!("t{at}");
        store.open_transaction(policy(&id)).await.unwrap();
        begin(&store, &id, Some("u1")).await.unwrap();
        store.conclude_transaction(end(&id, true)).await.unwrap();
        assert!(used(&store, "/alpha", &id, "u1", NOW).await);
        let killed = TempDir::new().unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), killed.path().join(file.file_name())).unwrap();
        }
        let again = open(&killed);
        assert!(!used(&again, "/alpha", &id, "u1", NOW).await);
        assert_eq!(standing(&again, &id), None);
    }
}

#[tokio::test]
async fn a_subject_has_only_so_many_open() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let other = policy("other").of("u2", "eve");
    store.open_transaction(other).await.unwrap();
    store
        .open_transaction(backchannel("login", false))
        .await
        .unwrap();
    for at in 0..OPEN_MAX + 3 {
        let mut next = policy(&format!("t{at}"));
        next.exp = Timestamp(EXP.0 + u64::try_from(at).unwrap());
        store.open_transaction(next).await.unwrap();
    }
    for gone in ["t0", "t1", "t2"] {
        assert_eq!(standing(&store, gone), None);
    }
    for here in ["t3", "t66", "other", "login"] {
        assert!(standing(&store, here).is_some(), "{here}");
    }
    store.purge(Timestamp(EXP.0 + 1)).await.unwrap();
    assert_eq!(standing(&store, "login"), None);
    assert!(standing(&store, "t66").is_some());
}

/// A file as the first version made it, with something in it.
const VERSION_1: &str = include_str!("version_1.sql");

#[tokio::test]
async fn a_file_of_the_first_version_is_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("wayfare.db");
    let old = Connection::open(&file).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    drop(old);
    let store = open(&folder);
    let found = store.session_by_handle("h1", NOW).unwrap().unwrap();
    assert_eq!((&*found.username, found.level.number()), ("demo", 20));
    store.open_transaction(policy("t")).await.unwrap();
    assert!(begin(&store, "t", Some("u1")).await.is_some());
    store.close();
    drop(store);
    // It is the same as one that was made anew.
    let new = TempDir::new().unwrap();
    open(&new).close();
    let schema = |folder: &TempDir| {
        let file = Connection::open(folder.path().join("wayfare.db")).unwrap();
        let version: i64 = file
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        let id: i64 = file
            .query_row("PRAGMA application_id", [], |row| row.get(0))
            .unwrap();
        let mut lines = file
            .prepare("SELECT name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY name")
            .unwrap();
        let lines: Vec<String> = lines
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        (version, id, lines)
    };
    assert_eq!(schema(&folder), schema(&new));
    assert_eq!(schema(&new).0, SCHEMA_VERSION);
}

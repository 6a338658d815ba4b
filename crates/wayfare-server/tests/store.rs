//! The store: what is on disk when it is acknowledged, and how a bad folder is refused.

use std::{
    collections::BTreeMap,
    fs,
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tempfile::TempDir;
use wayfare::{AuthLevel, Realm, Timestamp, engine::effect::EffectId};
use wayfare_server::{
    config::{Config, Durability, Lockout},
    store::{
        Store, StoreError,
        counter::{Counter, CounterKey, Reserved},
        effect::Seen,
        ending::Since,
        run::{Claimed, ENDED, Finished, RunEnd},
        session::{NewSession, Replaces, Session},
        user::{NameKey, User},
    },
};

const MINUTE: Duration = Duration::from_secs(60);

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), Durability::Normal).expect("a store")
}

fn alpha() -> Realm {
    Realm::parse("/alpha").expect("a realm")
}

fn session(handle: &str, level: i64, created: u64) -> Session {
    Session {
        handle: handle.to_owned(),
        realm: alpha(),
        subject: "u1".to_owned(),
        username: "demo".to_owned(),
        level: AuthLevel::saturating(level),
        proved: true,
        created: Timestamp(created),
        accessed: Timestamp(created),
        time_max: MINUTE * 120,
        idle_max: MINUTE * 30,
        properties: BTreeMap::new(),
    }
}

fn new(token: u8, session: Session) -> NewSession {
    NewSession {
        token: [token; 32],
        session,
        quota: None,
        since: Since::FIRST,
    }
}

#[tokio::test]
async fn a_step_is_taken_once() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let exp = Timestamp(1_000);
    let claim = |generation| store.claim_run(7, generation, exp, exp);
    assert_eq!(
        claim(1).await,
        Ok(Claimed::Lost),
        "only generation 0 may lack a row"
    );
    assert_eq!(store.generation(7), Ok(None));
    assert_eq!(claim(0).await, Ok(Claimed::Won));
    assert_eq!(claim(0).await, Ok(Claimed::Lost));
    assert_eq!(claim(1).await, Ok(Claimed::Won));
    assert_eq!(claim(0).await, Ok(Claimed::Lost));
    assert_eq!(store.generation(7), Ok(Some(2)));
    store.end_run(RunEnd { run: 7, exp }).await.unwrap();
    for generation in [0, 1, 2, 3, u32::MAX] {
        assert_eq!(claim(generation).await, Ok(Claimed::Lost));
    }
    assert_eq!(store.generation(7), Ok(Some(ENDED)));
}

#[tokio::test]
async fn of_many_claims_at_once_one_wins() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let exp = Timestamp(1_000);
    let claims: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.claim_run(9, 0, exp, exp).await })
        })
        .collect();
    let mut won = 0;
    for claim in claims {
        won += u32::from(claim.await.unwrap() == Ok(Claimed::Won));
    }
    assert_eq!(won, 1);
    let applied = store.applied();
    assert!(applied.transactions <= applied.changes, "{applied:?}");
}

#[tokio::test]
async fn a_change_stands_though_whoever_asked_for_it_has_gone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let exp = Timestamp(1_000);
    {
        let mut claim = pin!(store.claim_run(5, 0, exp, exp));
        poll_fn(|context| {
            assert!(claim.as_mut().poll(context).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    assert_eq!(store.generation(5), Ok(Some(1)));
}

#[tokio::test]
async fn a_store_that_is_closed_twice_leaves_the_folder_alone() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let exp = Timestamp(1_000);
    store.claim_run(5, 0, exp, exp).await.unwrap();
    store.close();
    assert_eq!(
        store.claim_run(5, 1, exp, exp).await,
        Err(StoreError::Closed)
    );
    let other = open(&folder);
    assert_eq!(other.claim_run(5, 1, exp, exp).await, Ok(Claimed::Won));
    drop(store);
    assert_eq!(other.generation(5), Ok(Some(2)));
    assert_eq!(other.claim_run(5, 2, exp, exp).await, Ok(Claimed::Won));
}

#[tokio::test]
async fn what_was_purged_never_comes_back_whatever_the_clock_says() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let exp = Timestamp(1_000);
    assert_eq!(store.claim_run(1, 0, exp, exp).await, Ok(Claimed::Won));
    store.purge(Timestamp(2_000)).await.unwrap();
    assert_eq!(store.generation(1), Ok(None), "the row is gone");
    assert_eq!(store.claim_run(1, 0, exp, exp).await, Ok(Claimed::Lost));
    let at_the_line = Timestamp(2_000);
    assert_eq!(
        store.claim_run(2, 0, at_the_line, at_the_line).await,
        Ok(Claimed::Lost)
    );
    store.purge(Timestamp(500)).await.unwrap();
    assert_eq!(store.purged_before(), Ok(Timestamp(2_000)), "never back");
    drop(store);
    let store = open(&folder);
    assert_eq!(store.claim_run(1, 0, exp, exp).await, Ok(Claimed::Lost));
}

#[tokio::test]
async fn kept_state_belongs_to_one_generation() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let exp = Timestamp(1_000);
    store.keep_state(3, 0, exp, b"zero".to_vec()).await.unwrap();
    assert_eq!(store.kept_state(3, 0), Ok(Some(b"zero".to_vec())));
    assert_eq!(store.claim_run(3, 0, exp, exp).await, Ok(Claimed::Won));
    assert_eq!(store.kept_state(3, 0), Ok(None));
    store.keep_state(3, 1, exp, b"one".to_vec()).await.unwrap();
    assert_eq!(store.kept_state(3, 1), Ok(Some(b"one".to_vec())));
    store.end_run(RunEnd { run: 3, exp }).await.unwrap();
    store.keep_state(3, 1, exp, b"late".to_vec()).await.unwrap();
    assert_eq!(
        store.kept_state(3, 1),
        Ok(None),
        "an ended run keeps nothing"
    );
}

#[tokio::test]
async fn a_session_ends_by_time_by_idleness_and_by_logout() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let born = 1_000_000;
    store
        .finish_run(None, new(1, session("h1", 0, born)), None, None)
        .await
        .unwrap();
    let unused = new(2, session("h2", 0, born));
    store.finish_run(None, unused, None, None).await.unwrap();
    let at = |minutes: u64, ms: i64| Timestamp((born + minutes * 60_000).saturating_add_signed(ms));
    let idle = |at| store.session(&[2; 32], at).unwrap().is_none();
    assert!(!idle(at(30, -1)));
    assert!(idle(at(30, 0)));
    // It is taken away behind the answer; a write that is waited for comes after it.
    store.end_session("nobody".into()).await.unwrap();
    assert!(
        idle(at(1, 0)),
        "what was seen to end stays over, whatever the clock says"
    );
    let valid = |store: &Store, at| store.session(&[1; 32], at).unwrap().is_some();
    assert!(valid(&store, at(29, 0)));
    for minutes in [29, 58, 87, 116] {
        assert!(
            store
                .touch_session("h1".into(), at(minutes, 0))
                .await
                .unwrap()
        );
    }
    assert!(valid(&store, at(120, -1)));
    assert!(
        !valid(&store, at(120, 0)),
        "its longest time is over, used or not"
    );
    let third = new(1, session("h1", 0, born));
    store.finish_run(None, third, None, None).await.unwrap();
    assert!(valid(&store, at(1, 0)));
    assert!(store.end_session("h1".into()).await.unwrap());
    assert!(!store.end_session("h1".into()).await.unwrap(), "once");
    assert!(!valid(&store, at(1, 0)));
    assert!(!store.touch_session("h1".into(), at(1, 0)).await.unwrap());
}

#[tokio::test]
async fn a_new_session_replaces_the_old_one_in_one_transaction() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let mut old = session("old", 20, 1_000);
    old.properties.insert("Service".into(), "Login".into());
    old.properties.insert("colour".into(), "red".into());
    old.properties.insert("shade".into(), "dark".into());
    store
        .finish_run(None, new(1, old), None, None)
        .await
        .unwrap();
    let end = RunEnd {
        run: 5,
        exp: Timestamp(9_000),
    };
    let replaces = |required| {
        Some(Replaces {
            handle: "old".into(),
            required,
            forgets: vec!["shade".into()],
            released: false,
        })
    };
    let mut next = session("next", 10, 2_000);
    next.properties.insert("Service".into(), "StepUp".into());
    let Finished::Made(made) = store
        .finish_run(Some(end), new(2, next), replaces(true), None)
        .await
        .unwrap()
    else {
        panic!("the old session is there");
    };
    let made = made.session;
    assert_eq!(made.level.number(), 20, "a session never falls");
    assert_eq!(made.properties["Service"], "StepUp|Login");
    assert_eq!(made.properties["colour"], "red");
    assert_eq!(
        made.properties.get("shade"),
        None,
        "the journey took it away"
    );
    let now = Timestamp(2_001);
    assert!(
        store.session(&[1; 32], now).unwrap().is_none(),
        "the old token is dead"
    );
    assert!(store.session(&[2; 32], now).unwrap().is_some());
    assert_eq!(store.generation(5), Ok(Some(ENDED)));
    let third = store
        .finish_run(
            None,
            new(3, session("third", 0, 2_000)),
            replaces(true),
            None,
        )
        .await;
    assert_eq!(third, Ok(Finished::SessionGone));
    assert_eq!(store.session_count(), Ok(1));
}

#[tokio::test]
async fn a_visitor_that_is_let_go_hands_nothing_on() {
    // Whether somebody was proved in it, whether it is let go, and whether the new one is made.
    for (proved, released, made) in [
        (false, true, true),
        (true, true, false),
        (false, false, false),
        (true, false, false),
    ] {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        let mut visitor = session("visitor", 20, 1_000);
        visitor.subject = "guest".into();
        visitor.proved = proved;
        visitor.properties.insert("colour".into(), "red".into());
        store
            .finish_run(None, new(1, visitor), None, None)
            .await
            .unwrap();
        let replaces = Replaces {
            handle: "visitor".into(),
            required: false,
            forgets: Vec::new(),
            released,
        };
        let next = new(2, session("next", 10, 2_000));
        let finished = store.finish_run(None, next, Some(replaces), None).await;
        let there = |token: u8| store.session(&[token; 32], Timestamp(2_001)).unwrap();
        if made {
            assert!(matches!(finished, Ok(Finished::Made(_))), "{finished:?}");
            let next = there(2).unwrap();
            assert_eq!(next.level.number(), 10);
            assert_eq!(next.properties.get("colour"), None);
        } else {
            assert_eq!(finished, Ok(Finished::SessionGone));
            assert!(there(2).is_none());
        }
        assert_eq!(there(1).is_none(), made, "it ends with the login alone");
    }
}

#[tokio::test]
async fn what_nobody_proved_is_not_handed_on_to_what_is_proved() {
    // Proved before and by the run; the level of the run; the level, the services, the proof and the end.
    for (before, after, level, expected, services, proved, capped) in [
        (true, true, 10, 20, "StepUp|Login", true, true),
        (true, true, 30, 30, "StepUp|Login", true, false),
        (true, false, 10, 20, "Login", true, true),
        (true, false, 40, 20, "Login", true, true),
        (false, false, 10, 20, "StepUp|Login", false, true),
        (false, true, 10, 10, "StepUp", true, false),
    ] {
        let folder = TempDir::new().unwrap();
        let store = open(&folder);
        let mut old = session("old", 20, 1_000);
        let before_end = old.expires();
        old.proved = before;
        old.properties.insert("Service".into(), "Login".into());
        old.properties.insert("colour".into(), "red".into());
        store
            .finish_run(None, new(1, old), None, None)
            .await
            .unwrap();
        let mut next = session("next", level, 2_000);
        let end = if capped { before_end } else { next.expires() };
        next.proved = after;
        next.properties.insert("Service".into(), "StepUp".into());
        let replaces = Replaces {
            handle: "old".into(),
            required: false,
            forgets: Vec::new(),
            released: false,
        };
        let Ok(Finished::Made(made)) = store
            .finish_run(None, new(2, next), Some(replaces), None)
            .await
        else {
            panic!("a session is made");
        };
        let made = made.session;
        let case = format!("{before} then {after} at {level}");
        assert_eq!(made.level.number(), expected, "{case}");
        assert_eq!(made.properties["AuthLevel"], expected.to_string(), "{case}");
        assert_eq!(made.properties["Service"], services, "{case}");
        assert_eq!(made.properties["colour"], "red", "{case}");
        assert_eq!(made.proved, proved, "{case}");
        assert_eq!(made.expires(), end, "{case}");
    }
}

#[tokio::test]
async fn acknowledged_changes_are_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let epoch = store.epoch();
    store
        .finish_run(None, new(1, session("h1", 0, 1_000)), None, None)
        .await
        .unwrap();
    store
        .claim_run(1, 0, Timestamp(9), Timestamp(9))
        .await
        .unwrap();
    drop(store);
    let store = open(&folder);
    assert_eq!(store.epoch(), epoch, "a restart is no new store");
    assert!(!store.restored());
    assert!(store.session(&[1; 32], Timestamp(1_001)).unwrap().is_some());
    assert_eq!(store.generation(1), Ok(Some(1)));
}

#[tokio::test]
async fn a_database_put_back_from_a_copy_gets_another_epoch_and_no_sessions() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let epoch = store.epoch();
    store
        .finish_run(None, new(1, session("h1", 0, 1_000)), None, None)
        .await
        .unwrap();
    drop(store);
    let file = folder.path().join("wayfare.db");
    let copy = fs::read(&file).unwrap();
    drop(open(&folder));
    fs::write(&file, copy).unwrap();
    for beside in ["wayfare.db-wal", "wayfare.db-shm"] {
        let _ = fs::remove_file(folder.path().join(beside));
    }
    let store = open(&folder);
    assert!(store.restored());
    assert_ne!(store.epoch(), epoch);
    assert_eq!(
        store.session_count(),
        Ok(0),
        "a log-out after the copy must not be undone"
    );
}

#[tokio::test]
async fn failures_are_counted_before_and_given_back_after() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let lockout = Lockout::default();
    let key = |subject: &str, kind| CounterKey {
        realm: "/alpha".into(),
        subject: subject.into(),
        kind,
    };
    let now = Timestamp(1_000_000);
    for _ in 0..4 {
        assert_eq!(
            store.reserve(key("u", "password"), lockout, now).await,
            Ok(Reserved::Taken)
        );
    }
    store.refund(key("u", "password")).unwrap();
    for _ in 0..5 {
        assert_eq!(
            store.reserve(key("u", "password"), lockout, now).await,
            Ok(Reserved::Taken)
        );
    }
    assert_eq!(
        store.reserve(key("u", "password"), lockout, now).await,
        Ok(Reserved::Spent)
    );
    assert_eq!(
        store.reserve(key("u", "otp"), lockout, now).await,
        Ok(Reserved::Taken),
        "of its own kind"
    );
    assert_eq!(
        store.reserve(key("v", "password"), lockout, now).await,
        Ok(Reserved::Taken),
        "of its own user"
    );
    drop(store);
    let store = open(&folder);
    assert_eq!(
        store.reserve(key("u", "password"), lockout, now).await,
        Ok(Reserved::Spent),
        "after a restart"
    );
    assert_eq!(store.counter(&key("u", "password")).unwrap().refused, 2);
}

#[test]
fn locks_double_up_to_an_hour_and_a_hundred_failures_are_the_end() {
    let lockout = Lockout::default();
    let mut counter = Counter::default();
    let mut now = Timestamp(1_000_000);
    let mut lengths = Vec::new();
    let mut taken = 0;
    for _ in 0..1_000 {
        match counter.take(&lockout, now) {
            true => taken += 1,
            false if counter.total >= lockout.hard => break,
            false => {
                let length = counter.locked_until.since(now);
                lengths.push(length.as_secs());
                let almost = Timestamp(counter.locked_until.0 - 1);
                assert!(!counter.take(&lockout, almost), "a moment before");
                now = counter.locked_until;
            }
        }
    }
    assert_eq!(taken, 100);
    assert_eq!(lengths[..8], [30, 60, 120, 240, 480, 960, 1_920, 3_600]);
    assert!(
        lengths[8..].iter().all(|length| *length == 3_600),
        "{lengths:?}"
    );
    let years_later = now.plus(MINUTE * 60 * 24 * 3_650);
    assert!(!counter.take(&lockout, years_later));
}

#[test]
fn failures_outside_the_window_do_not_lock() {
    let lockout = Lockout::default();
    let mut counter = Counter::default();
    for n in 0..50 {
        let now = Timestamp(1_000_000).plus(MINUTE * 2 * n);
        assert!(counter.take(&lockout, now), "failure {n}");
    }
}

#[test]
fn a_clock_put_back_does_not_lengthen_a_lock() {
    let lockout = Lockout::default();
    let mut counter = Counter::default();
    let now = Timestamp(1_000_000_000);
    for _ in 0..5 {
        counter.take(&lockout, now);
    }
    let back = Timestamp(5_000);
    assert!(!counter.take(&lockout, back));
    assert!(counter.take(&lockout, back.plus(MINUTE)));
}

#[tokio::test]
async fn an_effect_is_new_once() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let id = EffectId {
        run: u128::MAX,
        generation: u32::MAX,
        ordinal: 0,
    };
    let exp = Timestamp(10);
    assert_eq!(store.begin_effect(id, exp).await, Ok(Seen::New));
    assert_eq!(store.begin_effect(id, exp).await, Ok(Seen::Before(None)));
    store.end_effect(id, "sent".into()).await.unwrap();
    assert_eq!(
        store.begin_effect(id, exp).await,
        Ok(Seen::Before(Some("sent".into())))
    );
}

#[test]
fn names_are_compared_by_one_rule() {
    let key = |name: &str| NameKey::of(name).map(|key| key.as_str().to_owned());
    let demo = key("demo");
    assert_eq!(key("DEMO"), demo);
    assert_eq!(key("J\u{fc}rgen"), key("ju\u{308}rgen"), "composed or not");
    assert_ne!(key("ｄｅｍｏ"), demo, "full width is another name");
    assert_ne!(key("dem\u{43e}"), demo, "so is a look-alike");
    assert_ne!(key("d\u{e9}mo"), demo);
    for nobody in [
        "",
        " demo",
        "demo ",
        "de\u{200b}mo",
        "demo\0",
        "de\u{ad}mo",
        "\u{202e}omed",
        "demo\r\n",
        "de\u{fe0f}mo",
    ] {
        assert_eq!(key(nobody), None, "{nobody:?}");
    }
}

#[test]
fn a_name_is_taken_once_in_its_realm() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let user = |id: &str, username: &str| User {
        id: id.into(),
        username: username.into(),
        active: true,
        attributes: BTreeMap::from([("mail".into(), "demo@example.com".into())]),
        password: None,
    };
    assert_eq!(store.add_user(&alpha(), user("1", "demo")), Ok(true));
    assert_eq!(store.add_user(&alpha(), user("2", "Demo")), Ok(false));
    assert_eq!(store.add_user(&Realm::root(), user("3", "demo")), Ok(true));
    assert_eq!(
        store.add_user(&alpha(), user("4", "de\u{200b}mo")),
        Ok(false)
    );
    let found = store
        .user(&alpha(), &NameKey::of("DEMO").unwrap())
        .unwrap()
        .unwrap();
    assert_eq!(found.id, "1");
    assert_eq!(found.attribute("MAIL").unwrap(), "demo@example.com");
    assert!(
        store.user_by_id(&Realm::root(), "1").unwrap().is_none(),
        "of another realm"
    );
}

#[test]
fn a_folder_has_one_server() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let second = Store::open(folder.path(), Durability::Normal).map(|_| ());
    assert!(
        matches!(second, Err(StoreError::InUse { .. })),
        "{second:?}"
    );
    drop(store);
    drop(open(&folder));
}

#[test]
fn a_damaged_database_is_refused_and_left_alone() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder));
    let file = folder.path().join("wayfare.db");
    let mut bent = fs::read(&file).unwrap();
    fs::write(
        &file,
        b"this is no database, whatever its name says; not one byte of it",
    )
    .unwrap();
    let error = Store::open(folder.path(), Durability::Normal).expect_err("damaged");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(
        error.to_string().contains("wayfare.db is damaged"),
        "{error}"
    );
    for byte in &mut bent[4_096..8_192] {
        *byte ^= 0xff;
    }
    fs::write(&file, &bent).unwrap();
    let error = Store::open(folder.path(), Durability::Normal).expect_err("damaged");
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert_eq!(fs::read(&file).unwrap(), bent, "nothing was written");
}

#[test]
fn a_newer_database_is_refused() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder));
    let file = folder.path().join("wayfare.db");
    let mut bytes = fs::read(&file).unwrap();
    // The user version stands at offset 60 of the header.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&file, bytes).unwrap();
    let error = Store::open(folder.path(), Durability::Normal).expect_err("newer");
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Store::open(&file.join("below"), Durability::Normal).expect_err("below a file");
    assert!(matches!(error, StoreError::Unwritable { .. }), "{error}");
    assert!(
        error.to_string().contains("choose another with --data"),
        "{error}"
    );
}

#[test]
fn the_default_configuration_is_the_table_of_limits() {
    let limits = Config::default().limits;
    assert_eq!(
        (limits.head_bytes, limits.headers, limits.header_bytes),
        (32_768, 100, 8_192)
    );
    assert_eq!(
        (
            limits.body_bytes,
            limits.json_depth,
            limits.string_bytes,
            limits.callbacks
        ),
        (65_536, 32, 16_384, 32)
    );
    assert_eq!(
        (limits.runs_per_realm, limits.runs_per_source),
        (200_000, 200)
    );
}

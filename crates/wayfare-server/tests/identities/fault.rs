//! A store that is full, closed or killed: a change is there whole or not at all.

use std::{fs, path::Path, sync::Arc};

use rusqlite::Connection;
use tempfile::TempDir;
use wayfare::{Value, engine::effect::Change};
use wayfare_server::{
    config::{Durability, Lockout},
    identities::Outcome,
    store::{
        Store,
        counter::{CounterKey, Reserved},
    },
};

use super::{
    Bench,
    bench::{NOW, alpha},
    change, named, set, text, values,
};

/// Has every write to a table fail from now on, as on a disk that is full, or succeed again.
fn full(folder: &Path, table: &str, is_full: bool) {
    let db = Connection::open(folder.join("wayfare.db")).expect("a database");
    db.busy_timeout(std::time::Duration::from_secs(5))
        .expect("a timeout");
    let sql = if is_full {
        format!(
            "CREATE TRIGGER full BEFORE INSERT ON {table} BEGIN
             SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    } else {
        "DROP TRIGGER full".to_owned()
    };
    db.execute_batch(&sql).expect("a trigger");
}

/// How many rows there are that a change of identities writes.
fn rows(folder: &Path) -> Vec<i64> {
    let db = Connection::open(folder.join("wayfare.db")).expect("a database");
    let count = |table: &str| {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })
        .expect("a count")
    };
    ["user", "entry", "secret", "effect", "counter"]
        .map(count)
        .to_vec()
}

fn ada() -> std::collections::BTreeMap<Arc<str>, Value> {
    let answer = values([("questionId", text("1")), ("answer", text("Blue"))]);
    values([
        ("userName", text("ada")),
        ("mail", text("ada@example.com")),
        ("password", text("Secret12")),
        (
            "kbaInfo",
            Value::List(Arc::from([Value::Map(Arc::new(answer))])),
        ),
    ])
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written() {
    // Whatever table the disk is full at.
    for table in ["user", "entry", "secret", "effect"] {
        let mut bench = Bench::new();
        let folder = bench.folder.path().to_path_buf();
        let before = rows(&folder);
        full(&folder, table, true);
        let id = bench.next();
        let refused = bench.create_as(id, ada()).await.unwrap_err();
        assert!(refused.to_string().contains("full"), "{table}: {refused}");
        assert_eq!(rows(&folder), before, "{table}");
        assert!(bench.read("ada", &[]).await.is_none(), "{table}");
        // The same effect is done when there is room again: it never happened.
        full(&folder, table, false);
        let made = bench.create_as(id, ada()).await;
        assert!(matches!(made, Ok(Outcome::Written(_))), "{table}");
    }
}

#[tokio::test]
async fn a_change_that_fails_changes_nothing() {
    let mut bench = Bench::new();
    bench.create(ada()).await.unwrap();
    let folder = bench.folder.path().to_path_buf();
    let before = rows(&folder);
    full(&folder, "secret", true);
    let other = values([("customQuestion", text("?")), ("answer", text("Red"))]);
    let changes = || {
        vec![
            change("mail", set("eve@example.com")),
            change("_loginCount", Change::Add(1)),
            change(
                "kbaInfo",
                set(Value::List(Arc::from([Value::Map(Arc::new(
                    other.clone(),
                ))]))),
            ),
        ]
    };
    let id = bench.next();
    assert!(bench.patch_as(id, named("ada"), changes()).await.is_err());
    assert_eq!(rows(&folder), before);
    let seen = bench.read("ada", &["mail", "_loginCount"]).await.unwrap();
    assert_eq!(seen.attributes, values([("mail", text("ada@example.com"))]));
    full(&folder, "secret", false);
    bench.patch_as(id, named("ada"), changes()).await.unwrap();
    let seen = bench.read("ada", &["_loginCount"]).await.unwrap();
    assert_eq!(seen.attributes, values([("_loginCount", Value::Int(1))]));
}

#[tokio::test]
async fn a_closed_store_fails_and_does_not_hang() {
    let mut bench = Bench::new();
    bench.create(ada()).await.unwrap();
    let before = rows(bench.folder.path());
    bench.store.close();
    assert!(
        bench
            .create(values([("userName", text("eve"))]))
            .await
            .is_err()
    );
    let changes = vec![change("mail", set("eve@example.com"))];
    assert!(bench.patch(named("ada"), changes).await.is_err());
    assert_eq!(rows(bench.folder.path()), before);
}

#[tokio::test]
async fn a_kill_between_taking_a_try_and_comparing_loses_the_try_and_gains_none() {
    let mut bench = Bench::new();
    bench.create(ada()).await.unwrap();
    let subject = bench.read("ada", &[]).await.unwrap().subject.0.to_string();
    for kind in ["password", "otp", "answers", "recovery"] {
        let key = CounterKey {
            realm: alpha().as_str().to_owned(),
            subject: subject.clone(),
            kind,
        };
        let id = bench.next();
        let lockout = Lockout::default();
        let taken = bench
            .store
            .reserve_for(id, NOW, key.clone(), lockout, NOW)
            .await;
        assert_eq!(taken, Ok(Reserved::Taken));
        // What is on disk at this moment, as a killed process leaves it: nothing was compared yet.
        let left = TempDir::new().unwrap();
        for entry in fs::read_dir(bench.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name != "lock.db") {
                fs::copy(&path, left.path().join(path.file_name().unwrap())).unwrap();
            }
        }
        let store = Store::open(left.path(), Durability::Normal).unwrap();
        assert_eq!(store.counter(&key).unwrap().total, 1, "{kind}");
        // The same comparison is not made again: it is a miss, and takes no second try.
        let again = store.reserve_for(id, NOW, key.clone(), lockout, NOW).await;
        assert_eq!(again, Ok(Reserved::Repeated), "{kind}");
        assert_eq!(store.counter(&key).unwrap().total, 1, "{kind}");
    }
}

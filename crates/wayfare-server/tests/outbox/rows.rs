//! Rows of messages: bounded in number, once by their effect, and none from an older copy.

use std::time::Duration;

use tempfile::TempDir;
use wayfare::{Realm, Timestamp, engine::effect::EffectId};
use wayfare_server::{
    config::Durability,
    store::{
        Store,
        outbox::{Due, Kept, Posting},
    },
};

use crate::support::alpha;

const NOW: Timestamp = Timestamp(1_000);

fn id(ordinal: u32) -> EffectId {
    EffectId {
        run: u128::MAX - 1,
        generation: 3,
        ordinal,
    }
}

fn posting(realm: &Realm, ordinal: u32) -> Posting {
    Posting {
        id: id(ordinal),
        realm: realm.clone(),
        exp: NOW.plus(Duration::from_secs(60)),
        keep: NOW.plus(Duration::from_secs(60)),
        due: NOW,
        data: vec![7; 100],
    }
}

fn due(now: u64) -> Due {
    Due {
        now: Timestamp(now),
        never: Timestamp(now + 10_000),
    }
}

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), Durability::Normal).expect("a store")
}

#[tokio::test]
async fn a_realm_has_so_many_and_an_effect_one() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let keep = |realm: &Realm, ordinal| store.keep_posting(posting(realm, ordinal), 2);
    assert_eq!(keep(&alpha(), 1).await, Ok(Kept::New));
    assert_eq!(keep(&alpha(), 1).await, Ok(Kept::Before));
    assert_eq!(keep(&alpha(), 2).await, Ok(Kept::New));
    assert_eq!(keep(&alpha(), 3).await, Ok(Kept::Full));
    // That is no matter of another realm.
    assert_eq!(keep(&Realm::root(), 4).await, Ok(Kept::New));
    store.end_posting(id(1), "sent").await.unwrap();
    // Once is once, also when the row is gone.
    assert_eq!(keep(&alpha(), 1).await, Ok(Kept::Before));
    assert_eq!(keep(&alpha(), 3).await, Ok(Kept::New));
}

#[tokio::test]
async fn whoever_begins_to_send_says_so_and_what_is_put_off_waits() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.keep_posting(posting(&alpha(), 1), 9).await.unwrap();
    let due_now = |now| store.due_postings(due(now), 9).unwrap().len();
    assert_eq!((due_now(999), due_now(1_000)), (0, 1));
    assert_eq!(store.take_posting(id(1), due(999)).await, Ok(None));
    let first = store.take_posting(id(1), due(1_000)).await.unwrap();
    let first = first.unwrap();
    assert_eq!((first.tries, first.doubts), (0, 0));
    assert_eq!(first.data, [7; 100]);
    // The server was killed: it is seen to have been begun.
    let store = {
        store.close();
        open(&folder)
    };
    let second = store.take_posting(id(1), due(1_000)).await.unwrap();
    let second = second.unwrap();
    assert_eq!((second.tries, second.doubts), (1, 1));
    let until = Timestamp(5_000);
    store.delay_posting(id(1), until, true).await.unwrap();
    assert_eq!(store.take_posting(id(1), due(4_999)).await, Ok(None));
    let third = store.take_posting(id(1), due(5_000)).await.unwrap();
    let third = third.unwrap();
    assert_eq!((third.tries, third.doubts), (2, 1));
    // A clock that goes back far does not keep it for ever.
    let until = Timestamp(50_000);
    store.delay_posting(id(1), until, false).await.unwrap();
    assert_eq!(store.due_postings(due(1), 9).unwrap().len(), 1);
    store.end_posting(id(1), "sent").await.unwrap();
    assert_eq!(store.postings(), Ok(0));
}

#[tokio::test]
async fn nothing_is_sent_from_a_copy_that_was_put_back() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.keep_posting(posting(&alpha(), 1), 9).await.unwrap();
    store.close();
    let file = folder.path().join("wayfare.db");
    let copy = std::fs::read(&file).unwrap();
    let store = open(&folder);
    assert_eq!(store.postings(), Ok(1));
    store.close();
    for beside in ["wayfare.db-wal", "wayfare.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join(beside));
    }
    std::fs::write(&file, copy).unwrap();
    let store = open(&folder);
    assert!(store.restored());
    assert_eq!(store.postings(), Ok(0));
}

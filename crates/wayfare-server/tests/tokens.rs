//! The store of tokens: one use, no crossing of kinds, and every way in which they end.

use std::{collections::BTreeMap, fs, time::Duration};

use serde_json::json;
use tempfile::TempDir;
use wayfare::{AuthLevel, Realm, Timestamp};
use wayfare_server::{
    config::{Durability, QuotaExceeded},
    store::{
        Store,
        ending::Since,
        quota::Quota,
        run::Finished,
        session::{NewSession, Replaces, Session},
        token::{Basis, Ending, Kind, NewToken, Taken, Token, TokenKey},
    },
};

const CODE: Kind = Kind::new("test.code");
const ACCESS: Kind = Kind::new("test.access");
const NOW: Timestamp = Timestamp(1_000);
const MINUTE: Duration = Duration::from_secs(60);

fn open(folder: &TempDir) -> Store {
    Store::open(folder.path(), Durability::Normal).expect("a store")
}

fn realm(name: &str) -> Realm {
    Realm::parse(name).expect("a realm")
}

fn token(kind: Kind, secret: &str) -> NewToken {
    NewToken {
        key: TokenKey::of(kind, secret),
        token: Token {
            realm: realm("/alpha"),
            subject: Some("u1".to_owned()),
            client: Some("app".to_owned()),
            family: Some("f1".to_owned()),
            session: Some("s1".to_owned()),
            issued: NOW,
            exp: Timestamp(2_000),
            used: None,
            data: json!({"scope": "openid"}),
        },
    }
}

fn with(secret: &str, change: impl FnOnce(&mut Token)) -> NewToken {
    let mut new = token(ACCESS, secret);
    change(&mut new.token);
    new
}

fn there(store: &Store, secret: &str) -> bool {
    let key = TokenKey::of(ACCESS, secret);
    store.token(&key, NOW).expect("a store").is_some()
}

fn session(handle: &str) -> NewSession {
    let fill = handle.bytes().last().unwrap_or_default();
    NewSession {
        token: [fill; 32],
        session: Session {
            handle: handle.to_owned(),
            realm: realm("/alpha"),
            subject: "u1".to_owned(),
            username: "demo".to_owned(),
            level: AuthLevel::saturating(1),
            proved: true,
            created: NOW,
            accessed: NOW,
            time_max: MINUTE,
            idle_max: MINUTE,
            properties: BTreeMap::new(),
        },
        quota: None,
        since: Since::FIRST,
    }
}

async fn make(store: &Store, new: NewSession, replaces: Option<Replaces>) {
    let made = store.finish_run(None, new, replaces, None).await.unwrap();
    assert!(matches!(made, Finished::Made(_)), "{made:?}");
}

#[tokio::test]
async fn what_is_kept_comes_back_and_only_under_its_kind() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let new = token(CODE, "xyzzy1");
    store
        .put_tokens(vec![new.clone()], Basis::Nobody)
        .await
        .unwrap();
    let kept = store.token(&new.key, NOW).unwrap();
    assert_eq!(kept, Some(new.token.clone()));
    // RFC 8725 §3.12 and L14: kinds never cross, and no secret is a part of another.
    for (kind, secret) in [
        (ACCESS, "xyzzy1"),
        (Kind::new("test.codex"), "yzzy1"),
        (Kind::new("test.cod"), "exyzzy1"),
        (CODE, "xyzzy"),
        (CODE, "xyzzy1 "),
        (CODE, "Xyzzy1"),
        (CODE, ""),
    ] {
        let key = TokenKey::of(kind, secret);
        assert_eq!(store.token(&key, NOW), Ok(None), "{kind:?} {secret}");
        assert_eq!(store.take_token(key, NOW).await, Ok(Taken::Absent));
        assert_eq!(store.revoke_token(key, NOW).await, Ok(false));
    }
    assert_eq!(
        store.take_token(new.key, NOW).await,
        Ok(Taken::Fresh(new.token))
    );
    drop(store);
    for file in fs::read_dir(folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap_or_default();
        assert!(
            !bytes.windows(6).any(|part| part == b"xyzzy1"),
            "the secret is on disk"
        );
    }
}

#[tokio::test]
async fn of_64_at_once_one_is_the_first() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store
        .put_tokens(vec![token(CODE, "once")], Basis::Nobody)
        .await
        .unwrap();
    let key = TokenKey::of(CODE, "once");
    let tries: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.take_token(key, NOW).await })
        })
        .collect();
    let (mut fresh, mut reused) = (0, 0);
    for one in tries {
        match one.await.unwrap().unwrap() {
            Taken::Fresh(_) => fresh += 1,
            Taken::Reused(_) => reused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((fresh, reused), (1, 63));
}

/// RFC 6749 §4.1.2 and RFC 9700 §4.14.2: what is used twice ends what came of it.
#[tokio::test]
async fn of_64_exchanges_at_once_one_is_the_first_and_the_family_ends() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let other = with("other family", |token| token.family = Some("f2".to_owned()));
    store
        .put_tokens(vec![token(CODE, "once"), other], Basis::Nobody)
        .await
        .unwrap();
    let key = TokenKey::of(CODE, "once");
    let tries: Vec<_> = (0..64)
        .map(|at| {
            let store = store.clone();
            let new = vec![token(ACCESS, &format!("access {at}"))];
            tokio::spawn(async move { store.exchange_token(key, new, NOW).await })
        })
        .collect();
    let mut fresh = 0;
    for one in tries {
        fresh += u32::from(matches!(one.await.unwrap(), Ok(Taken::Fresh(_))));
    }
    assert_eq!(fresh, 1);
    assert!((0..64).all(|at| !there(&store, &format!("access {at}"))));
    assert!(there(&store, "other family"));
    assert_eq!(store.token_count(CODE), Ok(0));
}

#[tokio::test]
async fn what_is_over_stays_over_whatever_the_clock_says() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let (old, older) = (token(CODE, "old"), token(ACCESS, "older"));
    store
        .put_tokens(vec![old.clone(), older.clone()], Basis::Nobody)
        .await
        .unwrap();
    assert!(store.token(&old.key, Timestamp(1_999)).unwrap().is_some());
    let late = Timestamp(2_000);
    assert_eq!(store.take_token(old.key, late).await, Ok(Taken::Expired));
    assert_eq!(store.token(&older.key, late), Ok(None));
    assert_eq!(store.take_token(old.key, NOW).await, Ok(Taken::Absent));
    assert_eq!(store.take_token(older.key, NOW).await, Ok(Taken::Absent));
    let used = token(CODE, "used");
    store
        .put_tokens(vec![used.clone()], Basis::Nobody)
        .await
        .unwrap();
    store.take_token(used.key, NOW).await.unwrap();
    store.purge(Timestamp(1_500)).await.unwrap();
    let again = store.take_token(used.key, NOW).await;
    assert!(
        matches!(again, Ok(Taken::Reused(_))),
        "kept until it expires"
    );
    store.purge(Timestamp(3_000)).await.unwrap();
    assert_eq!(store.take_token(used.key, NOW).await, Ok(Taken::Absent));
    assert_eq!(store.token_count(CODE), Ok(0));
}

/// L8: what was acknowledged is on disk, and a copy that is put back brings nothing back.
#[tokio::test]
async fn a_use_and_an_end_outlive_the_server_and_a_copy_brings_nothing_back() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store
        .put_tokens(
            vec![token(CODE, "used"), token(ACCESS, "there")],
            Basis::Nobody,
        )
        .await
        .unwrap();
    store.close();
    drop(store);
    let file = folder.path().join("wayfare.db");
    let copy = fs::read(&file).unwrap();
    let store = open(&folder);
    let used = TokenKey::of(CODE, "used");
    store.take_token(used, NOW).await.unwrap();
    let standing = store.standing(&realm("/alpha"), "u1").unwrap();
    store.close();
    drop(store);
    let store = open(&folder);
    let again = store.take_token(used, NOW).await;
    assert!(matches!(again, Ok(Taken::Reused(_))));
    assert!(there(&store, "there"));
    assert_eq!(store.standing(&realm("/alpha"), "u1"), Ok(standing.clone()));
    store.close();
    drop(store);
    fs::write(&file, copy).unwrap();
    let store = open(&folder);
    assert!(store.restored());
    assert_eq!(store.take_token(used, NOW).await, Ok(Taken::Absent));
    assert!(!there(&store, "there"));
    assert_ne!(store.standing(&realm("/alpha"), "u1"), Ok(standing));
}

#[tokio::test]
async fn tokens_end_with_their_session_their_family_and_their_client() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    make(&store, session("s1"), None).await;
    store
        .put_tokens(
            vec![
                with("of s1", |_| ()),
                with("of s2", |token| token.session = Some("s2".to_owned())),
                with("of none", |token| token.session = None),
                with("of f2", |token| {
                    token.session = None;
                    token.family = Some("f2".to_owned());
                }),
                with("of another", |token| {
                    token.session = None;
                    token.family = None;
                    token.client = Some("other".to_owned());
                }),
            ],
            Basis::Nobody,
        )
        .await
        .unwrap();
    assert_eq!(store.end_session("s1".to_owned()).await, Ok(true));
    assert!(!there(&store, "of s1") && there(&store, "of s2") && there(&store, "of none"));
    let family = Ending::Family("f1".to_owned());
    assert_eq!(store.end_tokens(family).await, Ok(2));
    assert!(!there(&store, "of s2") && !there(&store, "of none") && there(&store, "of f2"));
    let client = Ending::Client {
        realm: realm("/alpha"),
        subject: "u1".to_owned(),
        client: "app".to_owned(),
    };
    assert_eq!(store.end_tokens(client).await, Ok(1));
    assert!(there(&store, "of another"));
    let one = TokenKey::of(ACCESS, "of another");
    assert_eq!(store.revoke_token(one, NOW).await, Ok(true));
    assert_eq!(store.revoke_token(one, NOW).await, Ok(false));
}

#[tokio::test]
async fn a_session_in_place_of_another_has_its_tokens() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    make(&store, session("s1"), None).await;
    store
        .put_tokens(vec![with("x", |_| ())], Basis::Nobody)
        .await
        .unwrap();
    let replaces = Replaces {
        handle: "s1".to_owned(),
        required: true,
        forgets: Vec::new(),
        released: false,
    };
    make(&store, session("s2"), Some(replaces)).await;
    assert!(there(&store, "x"));
    // One session too many: the oldest makes room, and its tokens with it.
    let mut third = session("s3");
    third.quota = Some(Quota {
        max: 1,
        exceeded: QuotaExceeded::EndOldest,
    });
    make(&store, third, None).await;
    assert!(!there(&store, "x"));
}

#[tokio::test]
async fn all_of_a_subject_ends_but_for_one_session() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    for handle in ["s1", "s2"] {
        make(&store, session(handle), None).await;
    }
    let tokens = || {
        vec![
            with("of s1", |_| ()),
            with("of s2", |token| token.session = Some("s2".to_owned())),
            with("of none", |token| token.session = None),
            with("of another", |token| token.subject = Some("u2".to_owned())),
            with("elsewhere", |token| token.realm = realm("/beta")),
            with("of a client", |token| token.subject = None),
        ]
    };
    store.put_tokens(tokens(), Basis::Nobody).await.unwrap();
    let alpha = realm("/alpha");
    let before = store.standing(&alpha, "u1").unwrap();
    let spared = Some("s2".to_owned());
    let ended = store.end_subject(&alpha, "u1".to_owned(), spared).await;
    let handles: Vec<_> = ended.unwrap().into_iter().map(|one| one.handle).collect();
    assert_eq!(handles, ["s1"]);
    assert!(!there(&store, "of s1") && !there(&store, "of none"));
    assert!(there(&store, "of s2") && there(&store, "of another"));
    assert!(there(&store, "elsewhere") && there(&store, "of a client"));
    let after = store.standing(&alpha, "u1").unwrap();
    assert_ne!(before, after);
    assert_ne!(after, store.standing(&alpha, "u2").unwrap());
    assert_ne!(after, store.standing(&realm("/beta"), "u1").unwrap());
    let ended = store.end_subject(&alpha, "u1".to_owned(), None).await;
    assert_eq!(ended.unwrap().len(), 1);
    assert!(!there(&store, "of s2") && there(&store, "of another"));
    assert_ne!(after, store.standing(&alpha, "u1").unwrap());
}

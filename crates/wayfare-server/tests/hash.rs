//! Password hashes and the bounds of the pool.

use wayfare::Secret;
use wayfare_server::{
    config::Config,
    hash::{Against, HashPool},
};

fn pool(threads: usize, queue: usize) -> HashPool {
    let mut config = Config::default();
    config.hash.memory_kib = 8;
    config.hash.time = 1;
    config.hash.threads = threads;
    config.hash.queue = queue;
    HashPool::start(&config.hash).expect("a pool")
}

async fn matches(pool: &HashPool, typed: &str, stored: &str) -> bool {
    let permit = pool.admit().expect("a permit");
    pool.verify(
        &permit,
        &Secret::from(typed),
        Against::Stored(stored.to_owned()),
    )
    .await
    .expect("a readable hash")
}

#[tokio::test]
async fn a_password_matches_its_hash_and_no_other() {
    let pool = pool(1, 0);
    let stored = pool.here().hash(&Secret::from("Ch4ng31t")).expect("a hash");
    assert!(
        stored.starts_with("$argon2id$v=19$m=8,t=1,p=1$"),
        "{stored}"
    );
    assert!(matches(&pool, "Ch4ng31t", &stored).await);
    assert!(!matches(&pool, "ch4ng31t", &stored).await);
    assert!(!matches(&pool, "Ch4ng31t ", &stored).await);
    assert_eq!((pool.compared(), pool.dummies()), (3, 0));
}

#[tokio::test]
async fn passwords_are_nfc_and_never_cut() {
    let pool = pool(1, 0);
    let stored = pool
        .here()
        .hash(&Secret::from("p\u{e4}ss"))
        .expect("a hash");
    assert!(
        matches(&pool, "pa\u{308}ss", &stored).await,
        "the same letters, composed or not"
    );
    assert!(!matches(&pool, "pass", &stored).await);
    let long = "x".repeat(1_024);
    let stored = pool.here().hash(&Secret::from(&*long)).expect("a hash");
    assert!(matches(&pool, &long, &stored).await);
    assert!(!matches(&pool, &"x".repeat(1_023), &stored).await);
    let stored = pool.here().hash(&Secret::from("a\0b")).expect("a hash");
    assert!(!matches(&pool, "a", &stored).await, "not cut at NUL");
    assert!(!matches(&pool, "a\0c", &stored).await, "not cut at NUL");
}

#[tokio::test]
async fn hashes_of_many_come_in_the_order_of_their_passwords() {
    let pool = pool(3, 0);
    for count in [0, 1, 2, 3, 7] {
        let passwords: Vec<_> = (0..count)
            .map(|at| Secret::new(format!("password{at}")))
            .collect();
        let hashes = pool.all_here(&passwords.iter().collect::<Vec<_>>());
        let hashes = hashes.expect("hashes");
        assert_eq!(hashes.len(), count);
        for (password, stored) in passwords.iter().zip(&hashes) {
            assert!(matches(&pool, password.reveal(), stored).await);
        }
    }
}

#[tokio::test]
async fn nothing_and_a_broken_hash_never_match() {
    let pool = pool(1, 0);
    let permit = pool.admit().expect("a permit");
    let password = Secret::from("anything");
    assert_eq!(
        pool.verify(&permit, &password, Against::Nothing).await,
        Ok(false)
    );
    for broken in [
        "",
        "$argon2id$",
        "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA",
        "plain",
    ] {
        let result = pool
            .verify(&permit, &password, Against::Stored(broken.to_owned()))
            .await;
        assert!(result.is_err(), "{broken:?} gave {result:?}");
    }
    assert_eq!(pool.dummies(), 1);
}

#[tokio::test]
async fn there_are_as_many_permits_as_threads_and_places_in_the_queue() {
    let pool = pool(2, 3);
    let held: Vec<_> = (0..5)
        .map(|_| pool.admit().expect("within the bound"))
        .collect();
    assert!(pool.admit().is_none(), "one past the bound");
    drop(held);
    assert!(pool.admit().is_some());
}

#[test]
fn settings_out_of_bounds_are_refused() {
    let mut config = Config::default();
    config.hash.memory_kib = 1;
    let error = HashPool::start(&config.hash).expect_err("too little memory");
    assert!(error.to_string().starts_with("[hash] "), "{error}");
}

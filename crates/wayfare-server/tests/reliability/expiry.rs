//! What ends by its time ends at its time, and costs no request more among very many (R7).

use std::time::{Duration, Instant};

use crate::{
    figures::{p99, resident},
    size,
    support::{BEGIN, TestServer},
};

#[path = "../../benches/support/filled.rs"]
mod filled;

/// `WAYFARE_SESSIONS` sessions end at once: none of them is valid any more from then on, those that are asked
/// for cost what they cost before, the purge takes all of them away, and what begins beside it is not held up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_sessions_end_at_their_time() {
    let count = size("WAYFARE_SESSIONS", 5_000);
    let server = TestServer::demo().await;
    let store = server.running.store();
    let before = resident();
    filled::fill(store, count).await;
    let full = resident();
    assert_eq!(store.session_count(), Ok(count));
    let look = |now, found: bool| {
        let times = (0..2_000_u64).map(|turn| {
            let token = filled::new(turn.wrapping_mul(7_919) % count).token;
            let begun = Instant::now();
            assert_eq!(store.session(&token, now).unwrap().is_some(), found);
            begun.elapsed()
        });
        p99(times.collect())
    };
    let live = look(BEGIN, true);
    let idle = Duration::from_secs(1_800);
    let last = wayfare::Timestamp(BEGIN.0 + 1_800_000 - 1);
    let over = wayfare::Timestamp(BEGIN.0 + 1_800_000);
    look(last, true);
    let ended = look(over, false);
    server.advance(idle);
    let begun = Instant::now();
    let mut client = server.client();
    let login = async {
        let begun = Instant::now();
        client.login("demo", "Ch4ng31t").await.token();
        begun.elapsed()
    };
    let purge = async {
        store.purge(over).await.unwrap();
        begun.elapsed()
    };
    let (login, purged) = tokio::join!(login, purge);
    println!(
        "{count} sessions: {before} MiB before, {full} MiB after; looked up within {live} us (p99), {ended} us \
         once over; purged in {purged:?}, a login beside it in {login:?}"
    );
    // The one that logged in; the purge takes what is over in parts, so it is asked until nothing is left.
    let mut rounds = 1;
    while store.session_count().unwrap() > 1 {
        store.purge(over).await.unwrap();
        rounds += 1;
        assert!(rounds < 10_000, "it is never empty");
    }
    println!("{rounds} purges");
    server.running.stop().await;
}

//! How long it takes to say whether a session is valid, with one session in the store and with many.
//!
//! `look-up` is what every request with a session waits for; `use` notes the use on disk as well, which
//! happens once a second at most; `validate` is a whole request over the loopback on a connection of its own.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "a bench fails as a test does, and uses only a part of what the tests share"
)]

#[path = "support/filled.rs"]
mod filled;
#[path = "../tests/support/mod.rs"]
mod support;

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use filled::{fill, new};
use support::{BEGIN, TestServer};
use tokio::runtime::Runtime;
use wayfare::Timestamp;

/// Sessions in the store.
const COUNTS: [u64; 3] = [1, 10_000, 100_000];
fn sessions(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("session");
    for count in COUNTS {
        let server = runtime.block_on(TestServer::demo());
        let store = server.running.store();
        runtime.block_on(fill(store, count));
        let tokens: Vec<_> = (0..count).map(|number| new(number).token).collect();
        let mut turn = 0;
        group.bench_function(BenchmarkId::new("look-up", count), |b| {
            b.iter(|| {
                turn = (turn + 7_919) % tokens.len();
                let found = store.session(&tokens[turn], BEGIN).expect("it is read");
                assert!(black_box(found).is_some());
            });
        });
        let mut now = BEGIN.0;
        group.bench_function(BenchmarkId::new("use", count), |b| {
            b.iter(|| {
                turn = (turn + 7_919) % tokens.len();
                now += 1;
                let touched = store.touch_session(format!("handle-{turn}"), Timestamp(now));
                assert_eq!(runtime.block_on(touched), Ok(true));
            });
        });
        let mut client = server.client();
        runtime.block_on(client.login("demo", "Ch4ng31t")).token();
        group.bench_function(BenchmarkId::new("validate", count), |b| {
            b.iter(|| {
                let reply = runtime.block_on(client.sessions("validate&refresh=false", ""));
                assert_eq!(reply.status, 200);
            });
        });
        runtime.block_on(server.running.stop());
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(2));
    targets = sessions
}
criterion_main!(benches);

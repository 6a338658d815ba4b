//! How long one authenticate request takes, bytes in and bytes out, without a socket.
//!
//! The world is that of the tests: real keys, real tokens, steps and sessions in memory. A password is
//! compared as text there, so that what is left is the work of the wire and of the engine.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench fails as a test does"
)]

#[path = "support/login.rs"]
mod login;
#[expect(dead_code, reason = "a bench uses only a part of what the tests share")]
#[path = "../tests/world.rs"]
mod world;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use login::Client;

/// Sends the requests of one operation, each answered as it should be.
type Requests = fn(&Client);

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("authenticate");
    let steps: [(&str, Requests); 3] = [
        ("start", |client| drop(client.start())),
        ("start and name", |client| drop(client.password_body())),
        ("start, name and password", Client::login),
    ];
    for (label, step) in steps {
        let client = Client::new();
        group.bench_function(label, |b| b.iter(|| step(&client)));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = requests
}
criterion_main!(benches);

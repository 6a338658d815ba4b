//! How long a whole login takes over the loopback: two requests, each on a connection of its own.
//!
//! `cheap` has the smallest legal argon2, so that what is left is the server; `default` is what a server
//! does that nobody has configured.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    unused_imports,
    reason = "a bench fails as a test does, and uses only a part of what the tests share"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use support::TestServer;
use tokio::runtime::Runtime;
use wayfare_server::config::Config;

fn logins(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = c.benchmark_group("login");
    for (label, cheap) in [("cheap argon2", true), ("default argon2", false)] {
        let server = runtime.block_on(TestServer::with(|config, folder| {
            if !cheap {
                config.hash = Config::demo(folder).hash;
            }
        }));
        group.bench_function(label, |b| {
            b.iter(|| {
                let reply = runtime.block_on(server.client().login("demo", "Ch4ng31t"));
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
    targets = logins
}
criterion_main!(benches);

//! How long operations of Autonomous Identity take over the loopback, each on a connection of its own.
//!
//! `login` is a login by name and password with the cheapest hash there is, so that it is all but the hash;
//! `verify` is a token that is read out, and `renewToken` one that is exchanged for another.

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

use criterion::{Criterion, criterion_group, criterion_main};
use support::{Client, TestServer, alpha};
use tokio::runtime::Runtime;

async fn server() -> TestServer {
    TestServer::with(|config, _| {
        // All of it comes from one address.
        config.limits.runs_per_source = usize::MAX;
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let autoid = realm.autoid.as_mut().expect("its settings");
        autoid.logins_per_minute = 0;
    })
    .await
}

fn autoid(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let server = runtime.block_on(server());
    let json = |client: Client| client.bare().header("content-type", "application/json");
    let mut client = json(server.client());
    let mut login = || {
        let body = r#"{"username":"demo","password":"Ch4ng31t"}"#;
        let said = client.post("/api/authentication/login", body);
        let said = runtime.block_on(said).json();
        said["token"].as_str().expect("a token").to_owned()
    };
    let token = format!("Bearer {}", login());
    let mut group = c.benchmark_group("autoid");
    group.sample_size(20);
    group.bench_function("login", |b| b.iter(&mut login));
    let mut known = json(server.client()).header("authorization", &token);
    group.bench_function("verify", |b| {
        b.iter(|| {
            let said = runtime.block_on(known.get("/api/authentication/verify"));
            assert_eq!(said.status, 200, "{}", said.text());
        });
    });
    group.bench_function("renewToken", |b| {
        b.iter(|| {
            let said = runtime.block_on(known.post("/api/authentication/renewToken", "{}"));
            assert_eq!(said.status, 200, "{}", said.text());
        });
    });
    group.finish();
    runtime.block_on(server.running.stop());
}

criterion_group!(benches, autoid);
criterion_main!(benches);

//! How long one authenticate request takes, bytes in and bytes out, without a socket.
//!
//! The world is that of the tests: real keys, real tokens, steps and sessions in memory. A password is
//! compared as text there, so that what is left is the work of the wire and of the engine.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    dead_code,
    reason = "a bench fails as a test does, and uses only a part of what the tests share"
)]

#[path = "../tests/world.rs"]
mod world;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use world::World;

const TARGET: &str = "/json/realms/root/realms/alpha/authenticate";
const LOGIN: &str =
    "/json/realms/root/realms/alpha/authenticate?authIndexType=service&authIndexValue=Single";

fn send(world: &World, target: &str, body: &str) -> String {
    let headers = [
        ("accept-api-version", "resource=2.1"),
        ("content-type", "application/json"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let reply = world.send("POST", target, &headers, body.as_bytes());
    String::from_utf8(reply.body).expect("JSON is text")
}

/// The text of a member, which holds nothing that JSON escapes.
fn auth_id(reply: &str) -> &str {
    let (_, rest) = reply.split_once(r#""authId":""#).expect("a step");
    rest.split('"').next().unwrap_or(rest)
}

fn answer(reply: &str, kind: &str, value: &str) -> String {
    format!(
        r#"{{"authId":"{}","callbacks":[{{"type":"{kind}","input":[{{"name":"IDToken1","value":"{value}"}}]}}]}}"#,
        auth_id(reply)
    )
}

fn start(world: &World) -> String {
    send(world, LOGIN, "{}")
}

fn name(world: &World) -> String {
    let body = answer(&start(world), "NameCallback", "demo");
    send(world, TARGET, &body)
}

fn login(world: &World) -> String {
    let body = answer(&name(world), "PasswordCallback", "Ch4ng31t");
    send(world, TARGET, &body)
}

/// Sends the requests of one operation; the last reply.
type Requests = fn(&World) -> String;

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("authenticate");
    let steps: [(&str, Requests); 3] = [
        ("start", start),
        ("start and name", name),
        ("start, name and password", login),
    ];
    for (label, step) in steps {
        // A fresh world for each, as it keeps every session and summary.
        let world = World::new();
        group.bench_function(label, |b| b.iter(|| step(&world)));
    }
    group.finish();
    let done = login(&World::new());
    assert!(done.contains("tokenId"), "{done}");
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

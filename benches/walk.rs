//! How long a run walks: a login of three posts, and chains of nodes that ask nothing.
//!
//! What the same costs by hand is in `limit`.

#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{LOGIN, Store, Walk, engine, login};
use wayfare::{Request, Start};

fn chains(c: &mut Criterion) {
    let mut group = c.benchmark_group("chain");
    for count in [100, 10_000_u32] {
        group.throughput(Throughput::Elements(u64::from(count)));
        let walk = Walk::chain(count as usize);
        group.bench_function(format!("levels/{count}"), |b| b.iter(|| walk.run()));
    }
    let walk = Walk::mixed(100);
    group.throughput(Throughput::Elements(100));
    group.bench_function("mixed/100", |b| b.iter(|| walk.run()));
    group.finish();
}

fn logins(c: &mut Criterion) {
    let (engine, store) = (engine(LOGIN), Store::new());
    let (start, request) = (Start::journey("Login"), Request::default());
    c.bench_function("login/three posts", |b| {
        b.iter(|| login(&engine, &start, &request, &store));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = chains, logins
}
criterion_main!(benches);

//! How close a run comes to the least that it can cost: beside each figure of the engine stands that of the
//! same journey by hand.

#[path = "support/limit.rs"]
mod limit;
#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use limit::{Run, Stop, Table};
use support::{LOGIN, Store, Walk, engine, login};
use wayfare::{Request, Start};

fn chains(c: &mut Criterion) {
    let mut group = c.benchmark_group("limit/chain");
    for count in [10, 100, 1_000, 10_000_u32] {
        group.throughput(Throughput::Elements(u64::from(count)));
        let table = Table::chain(count);
        let by_hand = || {
            let end = table.step(black_box(&mut Run::default()), None);
            assert_eq!(end, Stop::Success);
        };
        group.bench_function(format!("by hand/{count}"), |b| b.iter(by_hand));
        let walk = Walk::chain(count as usize);
        group.bench_function(format!("engine/{count}"), |b| b.iter(|| walk.run()));
    }
    group.finish();
}

fn logins(c: &mut Criterion) {
    let mut group = c.benchmark_group("limit/login");
    let table = Table::login();
    let by_hand = || table.log_in(black_box(b"demo"), black_box(b"demo-password"));
    assert_eq!(by_hand(), Stop::Success);
    assert_eq!(table.log_in(b"demo", b"other"), Stop::Name);
    group.bench_function("by hand", |b| b.iter(by_hand));
    let (engine, store) = (engine(LOGIN), Store::new());
    let (start, request) = (Start::journey("Login"), Request::default());
    group.bench_function("engine", |b| {
        b.iter(|| login(&engine, &start, &request, &store));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = chains, logins
}
criterion_main!(benches);

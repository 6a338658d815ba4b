//! How long a run walks: a login of three posts, and chains of nodes that ask nothing.
//!
//! `flat` is the yardstick of the same run: the least that a walk over a table can cost, written by
//! hand. The ratio to it is what the budget bounds.

#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{LOGIN, Store, chain, engine, login, mixed, walk};
use wayfare::{Request, Start};

/// A node of the yardstick: a kind, its operand, and both ways out.
#[derive(Clone, Copy)]
struct Flat {
    decides: bool,
    least: u32,
    yes: u32,
    no: u32,
}

/// Follows level decisions to the end; the number of visits.
fn flat(nodes: &[Flat], level: u32) -> u32 {
    let (mut at, mut visits) = (0, 0);
    while let Some(node) = nodes.get(at as usize).filter(|node| node.decides) {
        visits += 1;
        at = if level >= node.least {
            node.yes
        } else {
            node.no
        };
    }
    visits
}

fn flat_chain(count: u32) -> Vec<Flat> {
    let end = Flat {
        decides: false,
        least: 0,
        yes: 0,
        no: 0,
    };
    let node = |at| Flat {
        decides: true,
        least: 0,
        yes: at + 1,
        no: count,
    };
    (0..count).map(node).chain([end]).collect()
}

fn chains(c: &mut Criterion) {
    let request = Request::default();
    let mut group = c.benchmark_group("chain");
    for count in [100, 10_000_u32] {
        group.throughput(Throughput::Elements(u64::from(count)));
        let nodes = flat_chain(count);
        group.bench_function(format!("flat/{count}"), |b| {
            b.iter(|| flat(black_box(&nodes), black_box(0)));
        });
        let (engine, start) = (engine(&chain(count as usize)), Start::journey("Chain"));
        group.bench_function(format!("levels/{count}"), |b| {
            b.iter(|| walk(&engine, &start, &request));
        });
    }
    let (engine, start) = (engine(&mixed(100)), Start::journey("Mixed"));
    group.throughput(Throughput::Elements(100));
    group.bench_function("mixed/100", |b| b.iter(|| walk(&engine, &start, &request)));
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

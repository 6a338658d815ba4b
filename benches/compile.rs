//! How long text becomes a program that can be run: read, checked, proved and linked.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{LOGIN, mixed};
use wayfare::{Compiler, Engine, Registry, Source};

fn compiles(c: &mut Criterion) {
    let registry = Registry::standard();
    let compiler = Compiler::new(registry.catalog());
    let mut group = c.benchmark_group("compile");
    for (name, text) in [("login", LOGIN.to_owned()), ("1000 nodes", mixed(1_000))] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let source = Source::new("b.journey", text.as_str());
        group.bench_function(name, |b| {
            b.iter(|| {
                let program = compiler.compile([black_box(&source).clone()]).program;
                let program = program.expect("a text without a mistake");
                Engine::link(program, registry.clone()).expect("built-in types alone")
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = compiles
}
criterion_main!(benches);

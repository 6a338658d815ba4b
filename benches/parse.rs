//! How long text becomes a tree.

#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{LOGIN, mixed};
use wayfare::{Source, SourceId, parse};

fn parses(c: &mut Criterion) {
    let mut group = c.benchmark_group("parse");
    for (name, text) in [("login", LOGIN.to_owned()), ("1000 nodes", mixed(1_000))] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        let source = Source::new("b.journey", text.as_str());
        group.bench_function(name, |b| {
            b.iter(|| {
                let parsed = parse(black_box(&source), SourceId::default());
                assert!(parsed.diagnostics.is_empty(), "a text without a mistake");
                assert_eq!(parsed.file.items.len(), 1, "one journey");
                parsed
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
    targets = parses
}
criterion_main!(benches);

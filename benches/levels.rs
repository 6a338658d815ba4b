//! How long it takes to find the journeys that reach a level, among few and among very many.
//!
//! A whole program stands behind the smaller sizes; for the greatest one the index is made of the levels
//! alone, for to write and compile as many journeys takes longer than anybody waits for a bench.

#![expect(clippy::expect_used, reason = "a bench fails as a test does")]

use std::{fmt::Write as _, hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wayfare::{
    AuthLevel, Compiler, Engine, Greatest, LevelSpan, Registry, Source,
    engine::level_index::LevelIndex,
};

const MENU: usize = 64;

fn level(number: i64) -> AuthLevel {
    AuthLevel::saturating(number)
}

/// The level of a journey among so many: every tenth reaches 10, a few at the end reach 1,000.
fn reached(at: u32, journeys: u32) -> i64 {
    if at + 3 >= journeys {
        1_000
    } else if at.is_multiple_of(10) {
        10
    } else {
        1
    }
}

/// How many of so many journeys are found at a level.
fn found(asked: i64, journeys: u32) -> usize {
    let all = (0..journeys).filter(|at| reached(*at, journeys) >= asked);
    all.count().min(MENU)
}

fn engine(journeys: u32) -> Engine {
    let mut text = String::new();
    for at in 0..journeys {
        let level = reached(at, journeys);
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "journey j{at} {{\n  start page\n  node page: Page {{\n    node name: UsernameCollector\n    \
             node password: PasswordCollector\n    -> check\n  }}\n  node check: DataStoreDecision {{\n    \
             true -> level\n    false -> failure\n  }}\n  node level: ModifyAuthLevel(authLevelIncrement = \
             {level}) -> success\n}}"
        );
    }
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("b.journey", text)]);
    let program = compiled.program.expect("journeys without a mistake");
    Engine::link(program, registry).expect("it links")
}

fn index(journeys: u32) -> LevelIndex {
    let span = |at| {
        let level = level(reached(at, journeys));
        Some(LevelSpan {
            least: level,
            greatest: Greatest::Finite(level),
        })
    };
    let spans: Vec<_> = (0..journeys).map(span).collect();
    let offered = vec![true; spans.len()];
    LevelIndex::new(spans, &offered)
}

fn programs(c: &mut Criterion) {
    let mut group = c.benchmark_group("journeys that reach a level");
    for count in [10, 1_000] {
        let engine = engine(count);
        for (label, asked) in [("at the end", 1_000), ("none", 1_001), ("a menu", 10)] {
            let expected = found(asked, count);
            group.bench_function(BenchmarkId::new(label, count), |b| {
                b.iter(|| {
                    let found = engine.at_least(black_box(level(asked)), MENU);
                    assert_eq!(found.len(), expected);
                    found
                });
            });
        }
    }
    group.finish();
}

fn indices(c: &mut Criterion) {
    let mut group = c.benchmark_group("positions that reach a level");
    for count in [10, 1_000, 100_000] {
        let index = index(count);
        for (label, asked) in [("at the end", 1_000), ("none", 1_001), ("a menu", 10)] {
            let expected = found(asked, count);
            group.bench_function(BenchmarkId::new(label, count), |b| {
                b.iter(|| {
                    let found = index.at_least(black_box(level(asked)), MENU);
                    assert_eq!(found.len(), expected);
                    found
                });
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = programs, indices
}
criterion_main!(benches);

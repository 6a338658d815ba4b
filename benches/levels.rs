//! How long it takes to find the journeys that reach a level, among few and among very many.
//!
//! The look-up is an index: a hundred times as many journeys must not cost anything like a hundred times
//! as much, and the bench fails where they do.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench fails as a test does, and reads the clock"
)]

use std::{
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wayfare::{AuthLevel, CompileLimits, Compiler, Engine, Registry, Source};

/// As many journeys; every tenth reaches 10, a few at the end reach 1,000.
fn engine(journeys: u32) -> Engine {
    let mut text = String::new();
    for at in 0..journeys {
        let level = if at + 3 >= journeys {
            1_000
        } else if at % 10 == 0 {
            10
        } else {
            1
        };
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
    let bytes = text.len();
    let compiled = Compiler::new(registry.catalog())
        .limits(CompileLimits::default().file_bytes(bytes))
        .compile([Source::new("b.journey", text)]);
    let program = compiled.program.expect("journeys without a mistake");
    Engine::link(program, registry).expect("it links")
}

const MENU: usize = 64;

fn level(number: i64) -> AuthLevel {
    AuthLevel::saturating(number)
}

fn lookups(c: &mut Criterion) {
    let mut group = c.benchmark_group("journeys that reach a level");
    let mut fastest = Vec::new();
    for count in [10, 1_000, 100_000] {
        let engine = engine(count);
        for (label, asked, found) in [("at the end", 1_000, 3), ("none", 1_001, 0)] {
            assert_eq!(engine.at_least(level(asked), MENU).len(), found, "{label}");
            group.bench_function(BenchmarkId::new(label, count), |b| {
                b.iter(|| engine.at_least(black_box(level(asked)), MENU));
            });
        }
        let menu = engine.at_least(level(10), MENU).len();
        group.bench_function(BenchmarkId::new(format!("a menu of {menu}"), count), |b| {
            b.iter(|| engine.at_least(black_box(level(10)), MENU));
        });
        fastest.push(least(&engine));
    }
    group.finish();
    if let [few, .., many] = fastest.as_slice() {
        let grown = many.as_secs_f64() / few.as_secs_f64();
        println!("100,000 journeys instead of 10 cost {grown:.1} times as much");
        assert!(grown < 100.0, "{grown:.1} times as much");
    }
}

/// The least time of many look-ups: what others do on the machine is not in it.
fn least(engine: &Engine) -> Duration {
    let once = |_| {
        let begin = Instant::now();
        for _ in 0..100 {
            black_box(engine.at_least(black_box(level(1_000)), MENU));
        }
        begin.elapsed()
    };
    (0..50).map(once).min().unwrap_or_default()
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = lookups
}
criterion_main!(benches);

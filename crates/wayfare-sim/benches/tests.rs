//! How many tests of the language are played in a second, on one core; compiled and linked once.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wayfare::{Compiler, Engine, MemoryImporter, Registry, Source};
use wayfare_sim::{coverage::Coverage, scenario};

macro_rules! journeys {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../journeys/", $name)))),+]
    };
}

fn engine() -> Engine {
    let library = journeys!["lib/otp.journey"].map(|(name, text)| Source::new(name, text));
    let importer = MemoryImporter::new(library);
    let sources = journeys![
        "choice_of_factor.journey",
        "choice_of_factor.test.journey",
        "guards.journey",
        "guards.test.journey",
        "inner_journey.journey",
        "inner_journey.test.journey",
        "login.journey",
        "login.test.journey",
        "message.journey",
        "message.test.journey",
        "otp_step_up.journey",
        "otp_step_up.test.journey",
        "policies.journey",
        "policies.test.journey",
        "polling.journey",
        "polling.test.journey",
        "retry_and_lockout.journey",
        "retry_and_lockout.test.journey",
        "two_codes.journey",
        "two_codes.test.journey",
        "zero_page.journey",
        "zero_page.test.journey",
    ]
    .map(|(name, text)| Source::new(name, text));
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog())
        .importer(&importer)
        .compile(sources);
    let program = compiled.program.expect("the examples compile");
    scenario::link(program, registry, &BTreeMap::new()).expect("the examples link")
}

fn tests(c: &mut Criterion) {
    let engine = engine();
    let scenarios = &engine.program().scenarios;
    let mut group = c.benchmark_group("tests");
    group.throughput(Throughput::Elements(scenarios.len() as u64));
    group.bench_function("all examples", |b| {
        b.iter(|| {
            for scenario in scenarios {
                let report = scenario::run(&engine, black_box(scenario));
                assert!(report.failed.is_none(), "{:?}", report.failed);
            }
        });
    });
    group.bench_function("all examples with coverage", |b| {
        b.iter(|| {
            let mut coverage = Coverage::new(engine.program());
            for scenario in scenarios {
                let report = scenario::run(&engine, black_box(scenario));
                assert!(report.failed.is_none(), "{:?}", report.failed);
                coverage.add(&report.trace);
            }
            let tally = coverage.tally();
            assert!(tally.is_whole(), "{tally:?}");
            tally
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(3)).sample_size(20);
    targets = tests
}
criterion_main!(benches);

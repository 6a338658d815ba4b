//! How long it takes from the text of an advice to what is to be started.
//!
//! The realms are in memory, as an embedder has them; documents are as a gateway sends them, as large as
//! one may be, and hostile. Levels are looked up among many journeys.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails as a test does"
)]

use std::{fmt::Write as _, hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wayfare::{Compiler, Engine, Journeys, Realm, Registry, Resolution, Source};
use wayfare_wire::am::advice::{advice_xml, read_json, read_xml};

struct World(Engine);

impl Journeys for World {
    fn engine(&self, _: &Realm) -> Option<Engine> {
        Some(self.0.clone())
    }
    fn default_journey(&self, _: &Realm) -> Option<Arc<str>> {
        None
    }
    fn scheme(&self, _: &Realm, _: &str) -> Option<Arc<str>> {
        None
    }
    fn alias(&self, _: &str) -> Option<Realm> {
        None
    }
}

/// As many journeys, each of a level of its own.
fn world(journeys: usize) -> World {
    let mut text = String::new();
    for n in 0..journeys {
        let level = n % 1_000;
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "journey j{n} {{
  start who
  node who: UsernameCollector -> secret
  node secret: PasswordCollector -> check
  node check: DataStoreDecision {{
    true -> level
    false -> failure
  }}
  node level: ModifyAuthLevel(authLevelIncrement = {level}) -> success
}}"
        );
    }
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("bench.journey", text)]);
    let refused = |found: &&wayfare::Diagnostic| found.severity == wayfare::Severity::Error;
    let found: Vec<_> = compiled
        .diagnostics
        .iter()
        .filter(refused)
        .take(3)
        .collect();
    let program = compiled.program.unwrap_or_else(|| panic!("{found:?}"));
    World(Engine::link(program, registry).expect("a program that links"))
}

fn pair(name: &str, value: &str) -> String {
    format!(
        "<AttributeValuePair><Attribute name=\"{name}\"/><Value>{value}</Value></AttributeValuePair>"
    )
}

fn documents() -> Vec<(&'static str, String)> {
    let service = |n: usize| pair("AuthenticateToServiceConditionAdvice", &format!("j{n}"));
    let level = pair("AuthLevelConditionAdvice", "5");
    let encoded = |text: &str| text.replace('<', "%3C").replace('>', "%3E");
    let one = format!("<Advices>{}</Advices>", service(1));
    let pairs: String = (0..21).map(service).collect();
    vec![
        ("of a level", format!("<Advices>{level}</Advices>")),
        (
            "of a level, encoded twice",
            encoded(&format!("<Advices>{level}</Advices>")),
        ),
        ("of a journey", one),
        ("of 21 journeys", format!("<Advices>{pairs}</Advices>")),
        (
            "of 8 KiB of blanks",
            format!("<Advices>{}</Advices>", " ".repeat(8_100)),
        ),
        (
            "that is refused at its end",
            format!("<Advices>{}", "&amp;".repeat(1_600)),
        ),
        ("of 1 MiB", "<".repeat(1 << 20)),
    ]
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("read an advice");
    for (label, document) in documents() {
        group.bench_function(label, |b| b.iter(|| read_xml(black_box(&document))));
    }
    let json = br#"{"AuthLevelConditionAdvice":["500"]}"#;
    group.bench_function("as JSON", |b| b.iter(|| read_json(black_box(json))));
    group.finish();
    let advice = read_xml(&documents().remove(3).1).expect("an advice");
    c.bench_function("write an advice of 21 journeys", |b| {
        b.iter(|| advice_xml(black_box(&advice)));
    });
}

fn starting(c: &mut Criterion) {
    let mut group = c.benchmark_group("from an advice to what is to be started");
    let at = Realm::root();
    for journeys in [10, 1_000] {
        let world = world(journeys);
        for (label, document) in documents().into_iter().take(4) {
            let id = BenchmarkId::new(label, format!("{journeys} journeys"));
            group.bench_function(id, |b| {
                b.iter(|| {
                    let advice = read_xml(black_box(&document)).expect("an advice");
                    advice.resolve(&at, &world, false)
                });
            });
        }
        let advice = read_xml(&documents().remove(2).1).expect("an advice");
        let resolved = advice.resolve(&at, &world, false);
        assert!(matches!(resolved, Resolution::One(_)), "{resolved:?}");
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = reading, starting
}
criterion_main!(benches);

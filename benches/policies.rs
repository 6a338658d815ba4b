//! How long a policy decision takes, among few policies and among many.
//!
//! The subject has what is asked of it, has too low a level, or asks for what no policy protects.

#![expect(clippy::expect_used, reason = "a bench fails as a test does")]

use std::{collections::BTreeMap, fmt::Write as _, hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use wayfare::{
    AuthLevel, CompileLimits, Compiler, Engine, Realm, Registry, Request, Source, SubjectId,
    Timestamp,
    policy::{Decision, Query, SubjectView},
};

/// As many policies, each for a part of its own and for the parts below it.
fn engine(policies: usize) -> Engine {
    let mut text = String::new();
    for at in 0..policies {
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "policy p{at} \"https://app.example.com:443/part{at}/*\" {{\n  actions = [GET, POST]\n  \
             subjects = [group \"staff\"]\n  when request.ip in [\"10.0.0.0/8\"]\n  require level 20\n}}\n"
        );
    }
    let registry = Registry::standard();
    let bytes = text.len();
    let compiled = Compiler::new(registry.catalog())
        .limits(CompileLimits::default().file_bytes(bytes))
        .compile([Source::new("b.journey", text)]);
    let program = compiled.program.expect("policies without a mistake");
    Engine::link(program, registry).expect("it links")
}

fn subject(level: i64) -> SubjectView {
    SubjectView {
        subject: SubjectId("1".into()),
        username: "demo".into(),
        realm: Realm::root(),
        level: AuthLevel::saturating(level),
        proved: true,
        services: vec!["Login".into()],
        groups: ["sales", "staff"].map(Arc::from).to_vec(),
        properties: BTreeMap::new(),
    }
}

fn ask(engine: &Engine, resource: &str, subject: &SubjectView, request: &Request) -> Decision {
    engine.policies().evaluate(Query {
        resource,
        realm: &Realm::root(),
        subject: Some(subject),
        request,
        environment: &BTreeMap::new(),
        now: Timestamp(1_800_000_000_000),
        transaction: None,
    })
}

fn decisions(c: &mut Criterion) {
    let mut group = c.benchmark_group("policy decision");
    let mut request = Request::default();
    request.client = Some([10, 1, 2, 3].into());
    for count in [10, 1_000, 10_000] {
        let engine = engine(count);
        let last = format!("https://app.example.com/part{}/x/y?z=1", count - 1);
        let cases = [
            ("granted", last.as_str(), subject(20)),
            ("denied with an advice", &last, subject(0)),
            ("of nothing", "https://app.example.com/other", subject(20)),
        ];
        for (label, resource, subject) in cases {
            let decision = ask(&engine, resource, &subject, &request);
            assert_eq!(decision.matched, label != "of nothing", "{label}");
            assert_eq!(decision.grants("GET"), label == "granted", "{label}");
            group.bench_function(BenchmarkId::new(label, count), |b| {
                b.iter(|| ask(&engine, black_box(resource), &subject, &request));
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
    targets = decisions
}
criterion_main!(benches);

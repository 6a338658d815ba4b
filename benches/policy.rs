//! How long a decision takes among 1, 100 and 10,000 policies, and where all of them match.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::{collections::BTreeMap, fmt::Write as _, hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use wayfare::{
    AuthLevel, Compiler, Engine, Realm, Registry, Request, Source, SubjectId, Timestamp,
    policy::{Decision, Query, SubjectView},
};

/// Policies of one host, each for a folder of its own; several files, since a file has a limit.
fn engine(count: usize, path: impl Fn(usize) -> String) -> Engine {
    let all: Vec<usize> = (0..count).collect();
    let sources = all.chunks(1_000).map(|part| {
        let mut text = String::new();
        for at in part {
            let path = path(*at);
            let _ = write!(
                text,
                "policy p{at} \"https://app.example.com:443{path}\" {{\n  actions = [GET, POST]\n  \
                 subjects = [group \"staff\"]\n  when has session.department && session.department == \
                 \"sales\"\n  require level 20\n}}\n\n"
            );
        }
        let first = part.first().copied().unwrap_or_default();
        Source::new(format!("p{first}.journey"), text)
    });
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile(sources.collect::<Vec<_>>());
    Engine::link(compiled.program.expect("policies"), registry).expect("a program")
}

fn subject() -> SubjectView {
    let word = |text: &str| -> Arc<str> { Arc::from(text) };
    SubjectView {
        subject: SubjectId(word("id")),
        username: word("demo"),
        realm: Realm::root(),
        level: AuthLevel::saturating(20),
        proved: true,
        services: vec![word("Login")],
        groups: vec![word("staff")],
        properties: BTreeMap::from([(word("department"), word("sales"))]),
    }
}

fn decide(engine: &Engine, subject: &SubjectView, resource: &str) -> Decision {
    engine.policies().evaluate(Query {
        resource,
        realm: &Realm::root(),
        subject: Some(subject),
        request: &Request::default(),
        environment: &BTreeMap::new(),
        now: Timestamp(0),
        transaction: None,
    })
}

fn policies(c: &mut Criterion) {
    let subject = subject();
    let mut group = c.benchmark_group("policy");
    for count in [1, 100, 10_000] {
        let engine = engine(count, |at| format!("/folder{at}/*"));
        let last = format!("https://app.example.com/folder{}/a/page.html", count - 1);
        assert!(decide(&engine, &subject, &last).grants("GET"));
        group.bench_function(format!("one of {count:>6} matches"), |b| {
            b.iter(|| black_box(decide(&engine, &subject, &last)));
        });
        let none = "https://app.example.com/nowhere/page.html";
        assert!(!decide(&engine, &subject, none).matched);
        group.bench_function(format!("none of {count:>6} matches"), |b| {
            b.iter(|| black_box(decide(&engine, &subject, none)));
        });
    }
    let all = engine(100, |_| "/*".to_owned());
    let page = "https://app.example.com/a/page.html";
    assert!(decide(&all, &subject, page).grants("GET"));
    group.bench_function("all of 100 match", |b| {
        b.iter(|| black_box(decide(&all, &subject, page)));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = policies
}
criterion_main!(benches);

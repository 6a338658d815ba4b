//! How long a run that waits becomes bytes, and bytes a run again; without a cipher.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

#[path = "support/open.rs"]
mod open;
#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use open::Open;
use support::{LOGIN, Still, Store, engine, name, password, step};
use wayfare::{End, Input, Request, Start, Step};

fn resumes(c: &mut Criterion) {
    let (engine, store, request) = (engine(LOGIN), Store::new(), Request::default());
    let start = Start::journey("Login");
    let mut run = engine.begin(start, &Still).expect("the journey is there");
    step(&mut run, &store, &request, Input::Begin);
    step(&mut run, &store, &request, name());
    let bytes = run.seal(&Open, b"").expect("a run that waits");
    let mut group = c.benchmark_group("resume");
    group.bench_function("seal", |b| {
        b.iter(|| run.seal(&Open, b"").expect("a run that waits"));
    });
    group.bench_function("open", |b| {
        b.iter(|| engine.open(&Open, b"", &bytes).expect("its own bytes"));
    });
    group.bench_function("open and answer", |b| {
        b.iter(|| {
            let mut run = engine.open(&Open, b"", &bytes).expect("its own bytes");
            let end = step(&mut run, &store, &request, password());
            assert!(matches!(end, Step::Done(End::Success(_))), "{end:?}");
            end
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = resumes
}
criterion_main!(benches);

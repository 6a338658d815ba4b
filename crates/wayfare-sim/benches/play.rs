//! How many steps a second a play takes: one is a stop with its effects performed.

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use wayfare::{Answer, Compiler, End, Engine, Registry, Secret, Source, Start};
use wayfare_sim::{Play, SimHost, Stop, World};

const LOGIN: &str = include_str!("../../../journeys/login.journey");

fn steps(c: &mut Criterion) {
    let registry = Registry::standard();
    let source = Source::new("login.journey", LOGIN);
    let compiled = Compiler::new(registry.catalog()).compile([source]);
    let program = compiled.program.unwrap();
    let wire = program.journey_named("login").unwrap().wire_name.clone();
    let engine = Engine::link(program, registry).unwrap();
    let credentials = |password: &str| {
        vec![
            Answer::Text("demo".to_owned()),
            Answer::Secret(Secret::from(password)),
        ]
    };
    let mut group = c.benchmark_group("play");
    // A first step, a wrong password and a right one.
    group.throughput(Throughput::Elements(3));
    group.bench_function("login", |b| {
        b.iter(|| {
            let start = Start::journey(wire.clone());
            let mut play = Play::begin(&engine, start, World::demo(), SimHost::new(7)).unwrap();
            play.first().unwrap();
            play.answer(credentials("no")).unwrap();
            let stop = black_box(play.answer(credentials("Ch4ng31t")).unwrap());
            assert!(matches!(stop, Stop::Done(End::Success(_))), "{stop:?}");
            stop
        });
    });
    group.finish();
}

criterion_group!(benches, steps);
criterion_main!(benches);

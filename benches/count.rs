//! What one operation costs in allocations, and in instructions where an outside counter looks on.
//!
//! Times lie on a shared machine; counts do not. Without arguments every operation is run and its
//! allocations are printed, and a walk that asks nothing must make none per node. With a name and a
//! number that operation is run so often and nothing else: the difference of two numbers under
//! `valgrind --tool=callgrind` is what one costs.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on has nothing better to do"
)]

#[path = "support/open.rs"]
mod open;
#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::hint::black_box;

use allocation_counter::measure;
use open::Open;
use support::{LOGIN, Still, Store, chain, engine, login, mixed, name, step};
use wayfare::{Compiler, Engine, Input, Registry, Request, Source, Start};

type Operation = (&'static str, Box<dyn Fn()>);

fn operations() -> Vec<Operation> {
    let walked = |text: String, journey: &str| -> Box<dyn Fn()> {
        let (engine, start) = (engine(&text), Start::journey(journey));
        let request = Request::default();
        Box::new(move || {
            let mut run = engine
                .begin(start.clone(), &Still)
                .expect("the journey is there");
            let end = run.step(&Still, &request, Input::Begin);
            drop(black_box(end.expect("a first step")));
        })
    };
    vec![
        ("chain_100", walked(chain(100), "Chain")),
        ("chain_1100", walked(chain(1_100), "Chain")),
        ("mixed_100", walked(mixed(100), "Mixed")),
        ("mixed_1100", walked(mixed(1_100), "Mixed")),
        ("login", logged_in()),
        ("seal_and_open", sealed()),
        ("compile_login", compiled(LOGIN.to_owned())),
        ("compile_1000", compiled(mixed(1_000))),
    ]
}

fn logged_in() -> Box<dyn Fn()> {
    let (engine, store) = (engine(LOGIN), Store::new());
    let (start, request) = (Start::journey("Login"), Request::default());
    Box::new(move || drop(black_box(login(&engine, &start, &request, &store))))
}

/// A run that waits for a password, to bytes and back.
fn sealed() -> Box<dyn Fn()> {
    let (engine, store, request) = (engine(LOGIN), Store::new(), Request::default());
    let mut run = engine
        .begin(Start::journey("Login"), &Still)
        .expect("the journey is there");
    step(&mut run, &store, &request, Input::Begin);
    step(&mut run, &store, &request, name());
    Box::new(move || {
        let bytes = run.seal(&Open, b"").expect("a run that waits");
        drop(black_box(
            engine.open(&Open, b"", &bytes).expect("its own bytes"),
        ));
    })
}

fn compiled(text: String) -> Box<dyn Fn()> {
    let registry = Registry::standard();
    let compiler = Compiler::new(registry.catalog());
    Box::new(move || {
        let program = compiler
            .compile([Source::new("b.journey", text.as_str())])
            .program;
        let program = program.expect("a text without a mistake");
        drop(black_box(
            Engine::link(program, registry.clone()).expect("built-in types alone"),
        ));
    })
}

fn allocations(operation: &dyn Fn()) -> u64 {
    operation();
    measure(operation).count_total
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let operations = operations();
    if let [name, times] = arguments.as_slice() {
        let times: u32 = times.parse().expect("a number of times");
        let (_, operation) = operations
            .iter()
            .find(|(known, _)| known == name)
            .expect("the name of an operation");
        for _ in 0..times {
            operation();
        }
        return;
    }
    let mut counted = std::collections::BTreeMap::new();
    for (name, operation) in &operations {
        let count = allocations(operation);
        println!("{name:<16} {count:>8} allocations");
        counted.insert(*name, count);
    }
    assert_eq!(
        counted.get("chain_100"),
        counted.get("chain_1100"),
        "a node that asks nothing allocates"
    );
}

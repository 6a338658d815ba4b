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
mod support;

use std::{collections::BTreeMap, hint::black_box};

use allocation_counter::measure;
use open::Open;
use support::{LOGIN, Still, Store, Walk, engine, login, logins, name, step};
use wayfare::{
    Compiler, Engine, Input, Registry, Request, Source, SourceId, Start, analysis::findings, parse,
};

/// An operation that is ready to be run.
type Ready = Box<dyn Fn()>;

/// An operation by its name, made ready where it is run.
type Operation = (&'static str, fn() -> Ready);

const OPERATIONS: &[Operation] = &[
    ("chain_100", || walked(Walk::chain(100))),
    ("chain_1100", || walked(Walk::chain(1_100))),
    ("mixed_100", || walked(Walk::mixed(100))),
    ("mixed_1100", || walked(Walk::mixed(1_100))),
    ("login", logged_in),
    ("seal_and_open", sealed),
    ("parse_login", || parsed(LOGIN.to_owned())),
    ("parse_1000", || parsed(logins(200))),
    ("compile_login", || compiled(LOGIN.to_owned())),
    ("compile_1000", || compiled(logins(200))),
    ("check_1000", || checked(&logins(200))),
];

/// A run that goes to its end without a question.
fn walked(walk: Walk) -> Ready {
    Box::new(move || drop(black_box(walk.run())))
}

fn logged_in() -> Ready {
    let (engine, store) = (engine(LOGIN), Store::new());
    let (start, request) = (Start::journey("Login"), Request::default());
    Box::new(move || drop(black_box(login(&engine, &start, &request, &store))))
}

/// A run that waits for a password, to bytes and back.
fn sealed() -> Ready {
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

fn parsed(text: String) -> Ready {
    let source = Source::new("b.journey", text);
    Box::new(move || {
        let parsed = parse(&source, SourceId::default());
        assert!(parsed.diagnostics.is_empty(), "a text without a mistake");
        drop(black_box(parsed));
    })
}

/// All proofs of a program that stands.
fn checked(text: &str) -> Ready {
    let registry = Registry::standard();
    let compiler = Compiler::new(registry.catalog());
    let program = compiler.compile([Source::new("b.journey", text)]).program;
    let program = program.expect("a text without a mistake");
    Box::new(move || {
        let found = findings(black_box(&program));
        assert!(found.is_empty(), "nothing is wrong with a login");
        drop(found);
    })
}

fn compiled(text: String) -> Ready {
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

fn allocations(operation: &Ready) -> u64 {
    operation();
    measure(operation).count_total
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    if let [name, times] = arguments.as_slice() {
        let times: u32 = times.parse().expect("a number of times");
        let (_, ready) = OPERATIONS
            .iter()
            .find(|(known, _)| known == name)
            .expect("the name of an operation");
        let operation = ready();
        for _ in 0..times {
            operation();
        }
        return;
    }
    let mut counted = BTreeMap::new();
    for (name, ready) in OPERATIONS {
        let count = allocations(&ready());
        println!("{name:<16} {count:>8} allocations");
        counted.insert(*name, count);
    }
    assert_eq!(
        counted.get("chain_100"),
        counted.get("chain_1100"),
        "a node that asks nothing allocates"
    );
}

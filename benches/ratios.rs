//! The budgets that need no peer, each in one line: `ratio NAME value V goal G ok|short`.
//!
//! It exits in peace whatever they are. Every operation asserts what comes of it, so that a ratio of two
//! refusals is none.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot go on has nothing better to do"
)]

#[path = "support/limit.rs"]
mod limit;
#[path = "support/open.rs"]
mod open;
#[path = "support/ratio.rs"]
mod ratio;
mod support;

use std::{fmt::Write as _, hint::black_box};

use allocation_counter::measure;
use limit::{Run, Stop, Table};
use open::Open;
use ratio::{alone, beside, detail, line};
use support::{LOGIN, Still, Store, Walk, engine, login, logins, name, step};
use wayfare::{
    CompileLimits, Compiler, Engine, Input, Program, Registry, Request, Source, SourceId, Start,
    Trees, Valid, parse,
};

/// P1: what comes after the pairs costs no more than the pairs.
fn compiling() {
    let registry = Registry::standard();
    let compiler = Compiler::new(registry.catalog());
    for (label, text) in [("login", LOGIN.to_owned()), ("200_logins", logins(200))] {
        let source = Source::new("b.journey", text.as_str());
        let mut read = || {
            let parsed = parse(black_box(&source), SourceId::default());
            assert!(parsed.diagnostics.is_empty(), "a text without a mistake");
            drop(black_box(parsed));
        };
        let mut linked = || {
            let program = compiler.compile([black_box(&source).clone()]).program;
            let program = program.expect("a text without a mistake");
            let engine = Engine::link(program, registry.clone());
            drop(black_box(engine.expect("built-in types alone")));
        };
        let (pairs, all) = beside(&mut read, &mut linked);
        let rest = (all.least - pairs.least) / pairs.least;
        line(&format!("P1_after_pairs_{label}"), rest, 1.0);
        detail("text to tree", pairs);
        detail("text to linked program", all);
    }
}

fn program(text: &str) -> Valid<Program> {
    let registry = Registry::standard();
    let limits = CompileLimits::default()
        .file_bytes(64 * 1_024 * 1_024)
        .nodes(1_000_000);
    let compiler = Compiler::new(registry.catalog()).limits(limits);
    let made = compiler.compile([Source::new("b.journey", text)]);
    let Some(program) = made.program else {
        panic!("refused: {:?}", made.diagnostics.iter().next());
    };
    program
}

/// P1: what a change of one file among a thousand costs, where the others are known.
fn changing() {
    const FILES: usize = 1_000;
    let source = |at: usize, text: &str| {
        let named = text.replacen(
            "journey login \"Login\"",
            &format!("journey j{at} \"J{at}\""),
            1,
        );
        assert_ne!(named, text, "a name of its own");
        Source::new(format!("j{at:04}.journey"), named)
    };
    let files: Vec<Source> = (0..FILES).map(|at| source(at, LOGIN)).collect();
    let registry = Registry::standard();
    let compiler = Compiler::new(registry.catalog());
    let mut anew = || {
        let program = compiler.compile(files.iter().cloned()).program;
        drop(black_box(program.expect("a text without a mistake")));
    };
    let trees = Trees::default();
    let mut turn = 0_usize;
    let mut changed = || {
        turn += 1;
        let mut files = files.clone();
        if let Some(file) = files.get_mut(turn % FILES) {
            let text = format!("{}\n// {turn}\n", file.text());
            *file = Source::new(file.name(), text);
        }
        let compiler = compiler.clone().trees(&trees);
        let program = compiler.compile(files).program;
        drop(black_box(program.expect("a text without a mistake")));
    };
    changed();
    let (all, one) = beside(&mut anew, &mut changed);
    line("P1_one_changed_of_1000_to_all", one.least / all.least, 0.01);
    detail("all of them", all);
    detail("one of them", one);
}

/// P2: cost and memory of a node do not grow with their number.
fn compiling_at_scale() {
    let (few, many) = (logins(200), logins(10_000));
    let mut small = || drop(black_box(program(&few)));
    let mut large = || drop(black_box(program(&many)));
    let (small, large) = beside(&mut small, &mut large);
    let ratio = (large.least / 50_000.0) / (small.least / 1_000.0);
    line("P2_node_of_50000_to_node_of_1000", ratio, 3.0);
    detail("1,000 nodes", small);
    detail("50,000 nodes", large);
    let mut kept = None;
    let counted = measure(|| kept = Some(program(&many)));
    assert!(kept.is_some(), "a program");
    #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
    let bytes = counted.bytes_current as f64 / 50_000.0;
    line("P2_bytes_kept_per_node", bytes, 1_024.0);
}

/// P3: a visit against the same visit by hand.
fn walking() {
    for count in [100_u32, 10_000] {
        let table = Table::chain(count);
        let mut by_hand = || {
            let end = table.step(black_box(&mut Run::default()), None);
            assert_eq!(end, Stop::Success);
        };
        let walk = Walk::chain(count as usize);
        let (least, ours) = beside(&mut by_hand, &mut || drop(walk.run()));
        let ratio = ours.least / least.least;
        line(&format!("P3_step_{count}"), ratio, 2.0);
        detail("by hand", least);
        detail("engine", ours);
    }
    let table = Table::chain(100);
    let mut by_hand = || {
        let end = table.step(black_box(&mut Run::default()), None);
        assert_eq!(end, Stop::Success);
    };
    let walk = Walk::mixed(100);
    let (least, ours) = beside(&mut by_hand, &mut || drop(walk.run()));
    let ratio = ours.least / least.least;
    line("P3_mixed_step_100", ratio, 2.0);
    detail("level decisions by hand", least);
    detail("five types by the engine", ours);
}

/// P4: a login with two stops.
fn logging_in() {
    let table = Table::login();
    let mut by_hand = || {
        let end = table.log_in(black_box(b"demo"), black_box(b"demo-password"));
        assert_eq!(end, Stop::Success);
    };
    let (engine, store) = (engine(LOGIN), Store::new());
    let (start, request) = (Start::journey("Login"), Request::default());
    let mut ours = || drop(black_box(login(&engine, &start, &request, &store)));
    let (least, ours) = beside(&mut by_hand, &mut ours);
    line("P4_login_nanoseconds", ours.least, 500.0);
    line("P4_login_to_limit", ours.least / least.least, 10.0);
    detail("by hand", least);
    detail("engine", ours);
    let mut run = engine.begin(start, &Still).expect("the journey is there");
    step(&mut run, &store, &request, Input::Begin);
    step(&mut run, &store, &request, name());
    let sealed = run.seal(&Open, b"").expect("a run that waits");
    #[expect(clippy::cast_precision_loss, reason = "a few hundred bytes")]
    let bytes = sealed.len() as f64;
    line("P4_suspended_bytes", bytes, 512.0);
    let mut opened = || {
        let run = engine.open(&Open, b"", &sealed);
        drop(black_box(run.expect("its own bytes")));
    };
    detail("opened", alone(&mut opened));
}

/// A journey that ends at once, so often, under names of their own.
fn journeys(count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let _ = write!(
            text,
            "journey j{at} \"J{at}\" {{\n  allow no_success because \"it is only walked\"\n  start n\n\n  \
             node n: AuthLevelDecision {{\n    authLevelRequirement = 0\n    true -> failure\n    \
             false -> failure\n  }}\n}}\n\n"
        );
    }
    text
}

/// Laws: a step costs the same whatever stands around it.
fn laws() {
    let (small, large) = (Walk::chain(1_000), Walk::chain(100_000));
    let (small, large) = beside(&mut || drop(small.run()), &mut || drop(large.run()));
    let ratio = (large.least / 100_000.0) / (small.least / 1_000.0);
    line("law_step_among_100000_nodes_to_1000", ratio, 1.3);
    let one = Walk::new(engine(&journeys(1)), "J0", 1);
    let many = Walk::new(engine(&journeys(2_000)), "J1999", 1);
    let (one, many) = beside(&mut || drop(one.run()), &mut || drop(many.run()));
    let ratio = many.least / one.least;
    line("law_run_among_2000_journeys_to_1", ratio, 1.3);
    detail("one journey", one);
    detail("two thousand", many);
}

fn main() {
    compiling();
    changing();
    compiling_at_scale();
    walking();
    logging_in();
    laws();
}

//! Any text with tests in it is compiled without a panic, and what compiles is run.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wayfare::{Compiler, Engine, Registry, Source};

/// A journey that tests of the corpus speak of.
const LOGIN: &str = include_str!("../../journeys/login.journey");

fuzz_target!(|text: &str| {
    let registry = Registry::standard();
    let sources = [
        Source::new("login.journey", LOGIN),
        Source::new("login.test.journey", text),
    ];
    let compiled = Compiler::new(registry.catalog()).compile(sources);
    for finding in &compiled.diagnostics {
        let _ = finding.one_line(&compiled.sources);
    }
    let Some(program) = compiled.program else { return };
    let scenarios = program.scenarios.clone();
    let Ok(engine) = Engine::link(program, registry) else { return };
    for scenario in scenarios.iter().take(20) {
        let _ = wayfare_sim::scenario::run(&engine, scenario);
    }
});

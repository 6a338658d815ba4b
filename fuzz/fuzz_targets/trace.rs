//! Any text is read as a record without a panic; a record is written as it was read, and replayed.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wayfare::{Compiler, Engine, Registry, Source};
use wayfare_sim::trace::Trace;

static ENGINE: OnceLock<Engine> = OnceLock::new();

fn engine() -> &'static Engine {
    ENGINE.get_or_init(|| {
        let registry = Registry::standard();
        let text = include_str!("../../journeys/login.journey");
        let source = Source::new("login.journey", text);
        let compiled = Compiler::new(registry.catalog()).compile([source]);
        let program = compiled.program.expect("the example compiles");
        Engine::link(program, registry).expect("the example links")
    })
}

fuzz_target!(|text: &str| {
    let Ok(trace) = Trace::parse(text) else { return };
    let _ = trace.words();
    let _ = trace.way();
    assert_eq!(Trace::parse(&trace.text()).as_ref(), Ok(&trace));
    let _ = trace.replay(engine());
});

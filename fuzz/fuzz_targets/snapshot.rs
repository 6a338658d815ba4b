//! Any bytes are opened as a run without a panic, and a run that can be opened can be taken on.

#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use wayfare::{Compiler, Engine, Input, Registry, Request, Source, Start};
use wayfare_sim::{OpenSeal, SimHost};

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

fuzz_target!(|bytes: &[u8]| {
    let (host, request) = (SimHost::new(1), Request::default());
    // A sound run with some of its bytes changed comes further than any bytes do.
    let mut run = engine().begin(Start::journey("Login"), &host).expect("it begins");
    let _ = run.step(&host, &request, Input::Begin);
    let mut sealed = run.seal(&OpenSeal, b"fuzz").expect("it can be sealed");
    for change in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let length = sealed.len().max(1);
        if let Some(byte) = sealed.get_mut(at % length) {
            *byte ^= change[2];
        }
    }
    for sealed in [bytes, &sealed] {
        if let Ok(mut run) = engine().open(&OpenSeal, b"fuzz", sealed) {
            let _ = run.standing();
            let _ = run.step(&host, &request, Input::Answers(Vec::new()));
            let _ = run.step(&host, &request, Input::Resume);
        }
    }
});

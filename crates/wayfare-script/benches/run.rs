//! How long a script takes to start: a fresh engine, its bindings, and a script that does next to nothing.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use wayfare::{
    Compiler, Engine, Host, Input, Registry, Request, Source, Start, Timestamp,
    compile::MemoryImporter, engine::host::NoRandomness,
};
use wayfare_script::{Scripts, Settings};

#[derive(Debug)]
struct Still;

impl Host for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(7);
        Ok(())
    }
}

fn engine(file: &str, script: &str) -> Arc<Engine> {
    let text = format!(
        "journey t {{
  start main
  node main: ScriptedDecision {{
    script = file(\"{file}\")
    outputs = [\"a\"]
    one -> success
    two -> failure
    allow unproved_success because \"a bench\"
  }}
}}
"
    );
    let mut registry = Registry::standard();
    registry.interpreter(Scripts::new(Settings::default()));
    let importer = MemoryImporter::new([Source::new(file, script)]);
    let program = Compiler::new(registry.catalog())
        .importer(&importer)
        .compile([Source::new("t.journey", text)])
        .into_program()
        .expect("the journey compiles");
    Arc::new(Engine::link(program, registry).expect("the journey links"))
}

fn starts(criterion: &mut Criterion) {
    let scripts = [
        ("outcome", "outcome = 'two';"),
        (
            "state",
            "nodeState.putShared('a', 1); action.goTo(nodeState.get('a') === 1 ? 'two' : 'one');",
        ),
        ("callbacks", "callbacksBuilder.nameCallback('Name');"),
        (
            "date and digest",
            "nodeState.putShared('a', new Date().toISOString() + utils.crypto.subtle.digest('SHA-256', [1]).length); outcome = 'two';",
        ),
    ];
    let first = [
        ("first generation: outcome", "outcome = 'two';"),
        (
            "first generation: state",
            "sharedState.put('a', 1); outcome = sharedState.get('a').equals(1) ? 'two' : 'one';",
        ),
        (
            "first generation: callbacks",
            "var fr = JavaImporter(org.forgerock.openam.auth.node.api.Action, javax.security.auth.callback.NameCallback);
             action = fr.Action.send(new fr.NameCallback('Name')).build();",
        ),
    ];
    let scripts = scripts.map(|(name, script)| (name, "main.js", script));
    let first = first.map(|(name, script)| (name, "main.legacy.js", script));
    for (name, file, script) in scripts.into_iter().chain(first) {
        let engine = engine(file, script);
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut run = engine
                    .begin(Start::journey("t"), &Still)
                    .expect("it begins");
                black_box(
                    run.step(&Still, &Request::default(), Input::Begin)
                        .expect("it steps"),
                )
            });
        });
    }
}

criterion_group!(benches, starts);
criterion_main!(benches);

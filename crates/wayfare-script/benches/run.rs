//! How long a script takes to start: a fresh engine, its bindings, and a script that does next to nothing.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::{hint::black_box, sync::Arc};

use criterion::{Criterion, criterion_group, criterion_main};
use wayfare::{
    Compiler, End, Engine, FailureReason, Host, Input, Registry, Request, Source, Start, Step,
    Timestamp, compile::MemoryImporter, engine::host::NoRandomness,
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
    // A script that does not write what it declares fails.
    let outputs = if script.contains("'a'") {
        "outputs = [\"a\"]"
    } else {
        ""
    };
    let text = format!(
        "journey t {{
  start main
  node main: ScriptedDecision {{
    script = file(\"{file}\")
    {outputs}
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

/// What a script comes to.
type Expected = fn(&Step) -> bool;

/// The second outcome, and not an error.
fn two(step: &Step) -> bool {
    match step {
        Step::Done(End::Failure(failure)) => failure.reason == FailureReason::Rejected,
        _ => false,
    }
}

fn asks(step: &Step) -> bool {
    matches!(step, Step::Ask(_))
}

fn starts(criterion: &mut Criterion) {
    let scripts: [(&str, &str, Expected); 4] = [
        ("outcome", "outcome = 'two';", two),
        (
            "state",
            "nodeState.putShared('a', 1); action.goTo(nodeState.get('a') === 1 ? 'two' : 'one');",
            two,
        ),
        ("callbacks", "callbacksBuilder.nameCallback('Name');", asks),
        (
            "date and digest",
            "nodeState.putShared('a', new Date().toISOString() + utils.crypto.subtle.digest('SHA-256', [1]).length); outcome = 'two';",
            two,
        ),
    ];
    let first: [(&str, &str, Expected); 3] = [
        ("first generation: outcome", "outcome = 'two';", two),
        (
            "first generation: state",
            "sharedState.put('a', 1); outcome = sharedState.get('a').equals(1) ? 'two' : 'one';",
            two,
        ),
        (
            "first generation: callbacks",
            "var fr = JavaImporter(org.forgerock.openam.auth.node.api.Action, javax.security.auth.callback.NameCallback);
             action = fr.Action.send(new fr.NameCallback('Name')).build();",
            asks,
        ),
    ];
    let scripts = scripts.map(|(name, script, expected)| (name, "main.js", script, expected));
    let first = first.map(|(name, script, expected)| (name, "main.legacy.js", script, expected));
    for (name, file, script, expected) in scripts.into_iter().chain(first) {
        let engine = engine(file, script);
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut run = engine
                    .begin(Start::journey("t"), &Still)
                    .expect("it begins");
                let step = run.step(&Still, &Request::default(), Input::Begin);
                let step = black_box(step.expect("it steps"));
                assert!(expected(&step), "{step:?}");
                step
            });
        });
    }
}

criterion_group!(benches, starts);
criterion_main!(benches);

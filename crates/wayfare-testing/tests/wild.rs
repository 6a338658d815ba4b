//! Answers that fit are taken, and answers that do not are refused.

use std::sync::Arc;

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};
use wayfare::{
    Action, AuthSession, Callback, Compiler, Context, Engine, Input, Limits, NodeError, NodeType,
    Prepared, Registry, Request, Setup, Signature, Source, Start, Step,
    engine::callback::MessageKind,
};
use wayfare_sim::SimHost;
use wayfare_testing::strategy;

/// A node that asks everything there is.
#[derive(Debug)]
struct Everything;

impl NodeType for Everything {
    fn signature(&self) -> Signature {
        Signature::new("Everything", "EverythingNode")
    }

    fn prepare(&self, _: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Self))
    }
}

impl Prepared for Everything {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask(callbacks()))
    }
}

fn callbacks() -> Vec<Callback> {
    let text = String::new;
    vec![
        Callback::Name {
            prompt: text(),
            default: text(),
            autocomplete: Vec::new(),
        },
        Callback::Password { prompt: text() },
        Callback::TextInput {
            prompt: text(),
            default: text(),
        },
        Callback::Choice {
            prompt: text(),
            choices: vec!["a".to_owned(), "b".to_owned()],
            default: 0,
        },
        Callback::Confirmation {
            prompt: text(),
            message: MessageKind::Information,
            options: vec!["yes".to_owned()],
            default: 0,
            optional: true,
        },
        Callback::HiddenValue {
            id: "h".to_owned(),
            value: "v".to_owned(),
        },
        Callback::TextOutput {
            text: text(),
            message: MessageKind::Warning,
        },
        Callback::ValidatedUsername {
            prompt: text(),
            policies: serde_json::Value::Null,
            failed: Vec::new(),
            validate_only: false,
            value: String::new(),
        },
        Callback::ValidatedPassword {
            prompt: text(),
            echo: false,
            policies: serde_json::Value::Null,
            failed: Vec::new(),
            validate_only: false,
        },
    ]
}

fn asked() -> (AuthSession, Arc<wayfare::Ask>) {
    let mut registry = Registry::standard();
    registry.add(Everything).unwrap();
    let text = "journey all {\n  start ask\n  node ask: Everything -> failure\n  allow no_success because \"a test\"\n}\n";
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("all.journey", text)]);
    let found = format!("{:#?}", compiled.diagnostics);
    let engine = Engine::link(compiled.program.expect(&found), registry).unwrap();
    let host = SimHost::new(7);
    let mut run = engine.begin(Start::journey("all"), &host).unwrap();
    match run.step(&host, &Request::default(), Input::Begin).unwrap() {
        Step::Ask(ask) => (run, ask),
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers_that_fit_are_taken() {
    let (run, ask) = asked();
    let mut runner = TestRunner::deterministic();
    let strategy = strategy::answers(&ask);
    for _ in 0..500 {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        // What it is made simpler to fits as well.
        for _ in 0..20 {
            let answers = tree.current();
            assert_eq!(run.check(&answers), Ok(()), "{answers:?}");
            if !tree.simplify() {
                break;
            }
        }
    }
}

#[test]
fn answers_that_do_not_fit_are_refused() {
    let (run, ask) = asked();
    let all = strategy::misfits(&ask, &Limits::default());
    assert!(all.len() > 25, "{}", all.len());
    for answers in &all {
        assert!(run.check(answers).is_err(), "{answers:?}");
    }
    let mut runner = TestRunner::deterministic();
    let strategy = strategy::wild_answers(&ask);
    for _ in 0..200 {
        let answers = strategy.new_tree(&mut runner).unwrap().current();
        assert!(all.contains(&answers));
    }
}

//! The counter-examples of the golden files, walked by the engine.
//!
//! The node types are those of the product by their signatures; each asks on every visit what to do.

use std::{collections::VecDeque, path::Path, sync::Arc};

use wayfare::{
    Action, Compiler, Context, Effect, EffectReply, End, Engine, Event, FailureReason, Input,
    NodeError, NodeType, Prepared, Registry, Reply, Request, Setup, Signature, Source, Start, Step,
    Value,
    analysis::{Counterexample, Verdict, prove},
    engine::effect::Custom,
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::{Journey, JourneyId, NodeKind, On, OutcomeId},
        property::{At, Property},
    },
};

use super::{replay::Machine, scripted};

#[derive(Debug)]
struct Product(Signature);

impl NodeType for Product {
    fn signature(&self) -> Signature {
        self.0.clone()
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        let outcomes = setup.outcomes().to_vec();
        let facts = outcomes
            .iter()
            .map(|name| self.0.facts.iter().find(|fact| *fact.outcome == **name));
        let proves = facts
            .map(|fact| fact.and_then(|fact| fact.proves))
            .collect();
        Ok(Box::new(Node {
            outcomes,
            proves,
            username: setup.key("username"),
            score: setup.key("score"),
        }))
    }
}

#[derive(Debug)]
struct Node {
    outcomes: Vec<Arc<str>>,
    proves: Vec<Option<wayfare::Factor>>,
    username: wayfare::model::expr::KeyId,
    score: wayfare::model::expr::KeyId,
}

impl Prepared for Node {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        cx.put_shared(self.username, Value::from("demo"));
        // What a guard of these files compares.
        cx.put_shared(self.score, Value::Int(5));
        Ok(Action::call(Effect::Custom(Custom {
            kind: Arc::from("script"),
            request: Value::Null,
            once: false,
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Effect(EffectReply::Custom(Value::Text(name))) = reply else {
            return Err(NodeError::new("not the reply to this effect"));
        };
        // A child of a page that is not the last has one outcome, and is told that of the page.
        let at = self.outcomes.iter().position(|outcome| *outcome == name);
        let at = at.or((self.outcomes.len() == 1).then_some(0));
        let at = at.ok_or_else(|| NodeError::new("no such outcome"))?;
        let outcome = OutcomeId(u16::try_from(at).unwrap());
        Ok(match self.proves[at] {
            Some(factor) => Action::prove(outcome, factor, scripted::demo()),
            None => Action::go(outcome),
        })
    }
}

fn registry() -> Registry {
    let mut registry = Registry::empty();
    for (_, signature) in wayfare::catalogue::standard().iter() {
        registry.add(Product((**signature).clone())).unwrap();
    }
    registry
}

/// The same text with what is found allowed, so that it can run.
fn allowed(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let word = line.trim_start();
        if word.starts_with("journey ") {
            format!("{line}\nallow ensure_failed, unbounded_password_loop, identity_swapped, enumeration because \"a test\"\n")
        } else if word.starts_with("node ") && word.ends_with('{') {
            format!("{line}\nallow unproved_success because \"a test\"\n")
        } else {
            format!("{line}\n")
        }
    });
    lines.collect()
}

/// Sets a request by what guards want of it; state is what the nodes left.
fn want(expr: &Expr, truth: bool, request: &mut Request) {
    match expr {
        Expr::Has(Slot::Cookie(name)) if truth => {
            request.cookies.push((name.to_string(), "yes".to_owned()));
        }
        Expr::Binary(BinaryOp::And, left, right) if truth => {
            want(left, true, request);
            want(right, true, request);
        }
        Expr::Binary(BinaryOp::Equal, left, right) if truth => {
            if let (Expr::Read(Slot::ClientAddress, _), Expr::Literal(Value::Text(address))) =
                (&**left, &**right)
            {
                request.client = address.parse().ok();
            }
        }
        _ => {}
    }
}

/// What is left how, and what of it the trace tells.
fn told(program: &wayfare::Program, run: &Counterexample) -> VecDeque<(JourneyId, usize, String)> {
    let steps = run.steps.iter().filter_map(|step| {
        let journey = program.journey(step.journey)?;
        let node = &journey.graph[step.node];
        let name = format!("{}/{}", journey.name, node.path);
        let said = match step.on {
            On::Outcome(outcome) => format!("{name} -> {}", node.outcomes[outcome.index()]),
            // The error of an inner journey was told where it happened.
            On::Error if matches!(node.kind, NodeKind::Inner(_)) => return None,
            On::Error => format!("{name} failed"),
        };
        Some((step.journey, step.node.index(), said))
    });
    steps.collect()
}

fn request(program: &wayfare::Program, marks: &VecDeque<(JourneyId, usize, String)>) -> Request {
    let mut request = Request::default();
    for (at, (id, node, said)) in marks.iter().enumerate() {
        let node = program.journeys[id.index()].graph.node_weights().nth(*node);
        let node = node.unwrap();
        match &node.kind {
            NodeKind::Decision(arms) => {
                for arm in arms {
                    if let Some(condition) = &arm.condition {
                        want(
                            condition,
                            said.ends_with(&format!(" -> {}", arm.name)),
                            &mut request,
                        );
                    }
                }
            }
            _ if at > 0 => break,
            _ => {}
        }
    }
    request
}

fn walk(engine: &Engine, journey: &Journey, run: &Counterexample) {
    let program = engine.program();
    let mut marks = told(program, run);
    let end = &program.journeys[run.end.journey.index()];
    let last = &end.graph[run.end.node];
    let last_name = format!("{}/{}", end.name, last.path);
    let mut auth = engine
        .begin(Start::journey(&*journey.wire_name), &Machine)
        .unwrap()
        .traced();
    let mut input = Input::Begin;
    let mut entered = None;
    for _ in 0..1_000 {
        let step = auth
            .step(&Machine, &request(program, &marks), input)
            .unwrap();
        for event in auth.take_trace() {
            let said = match event {
                Event::Entered { node } => {
                    if marks.is_empty() && entered.is_none() {
                        entered = Some(node.to_string());
                    }
                    continue;
                }
                Event::Left { node, outcome } => format!("{node} -> {outcome}"),
                Event::Failed { node, .. } => format!("{node} failed"),
                _ => continue,
            };
            if let Some((.., expected)) = marks.pop_front() {
                assert_eq!(said, expected, "{}", run.text(program));
            }
        }
        let outermost = run.end.calls.is_empty();
        match (&step, &last.kind) {
            (Step::Done(End::Success(_)), NodeKind::Success) if outermost && marks.is_empty() => {
                return;
            }
            (Step::Done(End::Failure(failure)), NodeKind::Failure)
                if outermost && marks.is_empty() =>
            {
                assert_eq!(failure.reason, FailureReason::Rejected);
                return;
            }
            (Step::Done(end), _) => panic!("{}: {end:?}", run.text(program)),
            _ if marks.is_empty() && run.end.at != At::Node => return,
            _ => {}
        }
        if let Some(entered) = entered {
            let there = entered == last_name || entered.starts_with(&format!("{last_name}."));
            assert!(there, "{entered}: {}", run.text(program));
            return;
        }
        let Step::Call(call) = step else {
            panic!("{}: {step:?}", run.text(program));
        };
        let reply = match marks.front() {
            _ if matches!(call.effect, Effect::ReadIdentity(_)) => {
                EffectReply::Identity(Some(scripted::demo()))
            }
            Some((.., said)) => match said.split_once(" -> ") {
                Some((_, outcome)) => EffectReply::Custom(Value::from(outcome)),
                None => EffectReply::Failed("it is down".to_owned()),
            },
            None => panic!("{}: nothing is left to do", run.text(program)),
        };
        input = Input::Effect(reply);
    }
    panic!("{}: no end", run.text(program));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn the_engine_walks_the_counter_examples_of_the_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/ensure");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut walked = 0;
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = allowed(text.split("\n// findings").next().unwrap());
        let compiled = Compiler::new(registry().catalog())
            .compile([Source::new("main.journey", text.as_str())]);
        let program = compiled
            .program
            .unwrap_or_else(|| panic!("{}: {:?}", path.display(), compiled.diagnostics));
        let engine = Engine::link(program, registry()).unwrap();
        let program = engine.program();
        for journey in &program.journeys {
            for ensure in &journey.ensures {
                let Verdict::Fails(run) = prove(program, journey.id, ensure) else {
                    continue;
                };
                assert_eq!(ensure.from, journey.start);
                if let Property::AtMost { visits, .. } = &ensure.property
                    && run.end.calls.is_empty()
                {
                    let before = run.steps.iter().filter(|step| step.node == run.end.node);
                    assert_eq!(before.count() as u64, *visits, "{}", run.text(program));
                }
                walk(&engine, journey, &run);
                walked += 1;
            }
        }
    }
    println!("{walked} counter-examples walked");
    assert!(walked >= 8, "only {walked}");
}

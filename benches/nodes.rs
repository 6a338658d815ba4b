//! What a round of a page of five children costs, and what it costs that many types are registered.
//!
//! `page` is one post: the answers to five children, the way back to the page, and the next question.
//! `dispatch` walks nodes of a type that does nothing: among no others, and among all types of the
//! product.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

#[expect(dead_code, reason = "each bench uses a part of what they share")]
mod support;

use std::{borrow::Cow, fmt::Write as _, hint::black_box, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{Still, Store, Walk, link, step};
use wayfare::{
    Action, Answer, Context, Input, NodeError, NodeType, Prepared, Registry, Request, Secret,
    Setup, Signature, Start, Step, catalogue,
    model::{journey::OutcomeId, signature::Outcomes},
};

/// A page that is asked again until somebody has enough of it.
const PAGE: &str = r#"journey page "Page" {
  allow no_success because "it is only asked"
  start details

  node details: Page {
    stage = "Registration"
    node username: UsernameCollector
    node password: PasswordCollector
    node device: DeviceProfileCollector(deviceMetadata = true)
    node again: CreatePassword
    node choice: ChoiceCollector(prompt = "And now?")
    "Once more" -> details
    Enough -> failure
  }
}
"#;

/// How many nodes a walk visits.
const VISITS: usize = 100;

/// A type whose nodes go on.
#[derive(Debug)]
struct Pass(Signature);

impl Pass {
    fn new(name: &'static str, wire: &'static str) -> Self {
        Self(Signature {
            outcomes: Outcomes::Fixed(Cow::Borrowed(&[Cow::Borrowed("outcome")])),
            ..Signature::new(name, wire)
        })
    }
}

impl NodeType for Pass {
    fn signature(&self) -> Signature {
        self.0.clone()
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Passing(setup.outcome("outcome")?)))
    }
}

/// A node of it.
#[derive(Debug)]
struct Passing(OutcomeId);

impl Prepared for Passing {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::go(self.0))
    }
}

fn passing() -> String {
    let mut text = "journey passing \"Passing\" {\n  allow no_success because \"it is only walked\"\n  start n0\n"
        .to_owned();
    for at in 0..VISITS {
        let next = if at + 1 < VISITS {
            format!("n{}", at + 1)
        } else {
            "failure".to_owned()
        };
        let _ = write!(text, "\n  node n{at}: Pass -> {next}\n");
    }
    text + "}\n"
}

/// A registry of that type alone.
fn one() -> Registry {
    let mut registry = Registry::empty();
    let _ = registry.add(Pass::new("Pass", "PassNode"));
    registry
}

/// Every type of the product, built in or doing nothing, and that type.
fn all() -> Registry {
    let mut registry = Registry::standard();
    let _ = registry.add(Pass::new("Pass", "PassNode"));
    for (_, signature) in catalogue::standard().iter() {
        // Those with a behaviour are there already.
        let _ = registry.add(Pass(Signature::clone(signature)));
    }
    registry
}

/// What somebody answers who wants it once more.
fn answers() -> Input {
    let secret = || Answer::Secret(Secret::from("Engine1843"));
    let device =
        r#"{"identifier":"d1","metadata":{"platform":{"platform":"Linux","language":"en"}}}"#;
    Input::Answers(vec![
        Answer::Text("demo".to_owned()),
        secret(),
        Answer::Text(device.to_owned()),
        secret(),
        secret(),
        Answer::Index(0),
    ])
}

fn dispatch(c: &mut Criterion) {
    let mut group = c.benchmark_group("dispatch");
    group.throughput(Throughput::Elements(VISITS as u64));
    for (name, registry) in [("one type", one()), ("142 types", all())] {
        let walk = Walk::new(link(&passing(), &registry), "Passing", VISITS);
        group.bench_function(name, |b| b.iter(|| walk.run()));
    }
    group.finish();
}

fn page(c: &mut Criterion) {
    let (engine, store) = (link(PAGE, &Registry::standard()), Store::new());
    let request = Request::default();
    let mut run = engine
        .begin(Start::journey("Page"), &Still)
        .expect("the journey is there");
    step(&mut run, &store, &request, Input::Begin);
    c.bench_function("page/five children", |b| {
        b.iter(|| {
            let asked = black_box(step(&mut run, &store, &request, answers()));
            assert!(matches!(asked, Step::Ask(_)), "{asked:?}");
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    targets = page, dispatch
}
criterion_main!(benches);

//! Journeys of any length end as they should, and never silently.
//!
//! A login with a chain of decisions behind it ends in success however long the chain is, where the limits
//! allow as many visits, and otherwise in the error that says so. It stands here as only the checker makes a
//! program that an engine takes, and a text of a million nodes would take long to read unoptimised.

use std::sync::Arc;

use petgraph::visit::EdgeRef as _;

use crate::{
    Answer, Compiler, Effect, EffectReply, End, Engine, Host, Input, Limits, Program, Registry,
    Request, Secret, Source, Start, Step, SubjectId, Timestamp,
    engine::{effect::Identity, host::NoRandomness, step::FailureReason},
    model::{
        journey::{On, OutcomeId},
        program::Valid,
    },
};

const TEXT: &str = r"
journey login {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> decision
    false -> failure
  }

  node decision: AuthLevelDecision {
    authLevelRequirement = 0
    true -> success
    false -> failure
  }
}
";

/// A login with so many decisions behind it, which ask nothing and hold.
fn decisions(count: usize) -> Program {
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("long.journey", TEXT)]);
    let mut program = compiled.into_program().unwrap().into_inner();
    let graph = &mut program.journeys[0].graph;
    let mut nodes = graph.node_indices();
    let first = nodes
        .find(|at| graph[*at].path.ends_with("decision"))
        .unwrap();
    let leads = |outcome| {
        let mut edges = graph.edges(first);
        let edge = edges
            .find(|edge| edge.weight().on == On::Outcome(OutcomeId(outcome)))
            .unwrap();
        (*edge.weight(), edge.target())
    };
    let ((holds, success), (otherwise, failure)) = (leads(0), leads(1));
    let arrow = graph.find_edge(first, success).unwrap();
    graph.remove_edge(arrow);
    let mut last = first;
    for _ in 1..count {
        let next = graph.add_node(graph[first].clone());
        graph.add_edge(last, next, holds);
        graph.add_edge(next, failure, otherwise);
        last = next;
    }
    graph.add_edge(last, success, holds);
    program
}

struct Still;

impl Host for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(7);
        Ok(())
    }
}

/// How a login ends.
fn ended(engine: &Engine, program: &Program) -> End {
    let journey = &program.journeys[0];
    let request = Request::default();
    let start = Start::journey(&*journey.wire_name);
    let mut run = engine.begin(start, &Still).unwrap();
    let mut step = run.step(&Still, &request, Input::Begin).unwrap();
    for _ in 0..10 {
        let input = match step {
            Step::Ask(_) => Input::Answers(vec![
                Answer::Text("demo".to_owned()),
                Answer::Secret(Secret::new("Ch4ng31t".to_owned())),
            ]),
            Step::Call(call) => {
                assert!(matches!(
                    call.effect,
                    Effect::Verify(_) | Effect::ReadIdentity(_)
                ));
                let identity = Identity {
                    subject: SubjectId(Arc::from("id-demo")),
                    username: Arc::from("demo"),
                    active: true,
                    attributes: std::collections::BTreeMap::new(),
                };
                Input::Effect(match call.effect {
                    Effect::Verify(_) => EffectReply::Match(identity),
                    _ => EffectReply::Identity(Some(identity)),
                })
            }
            Step::Done(end) => return end,
            Step::Suspended(_) => panic!("nothing suspends it"),
        };
        step = run.step(&Still, &request, input).unwrap();
    }
    panic!("it does not end: {step:?}");
}

#[test]
fn a_journey_of_any_length_ends_and_says_how() {
    for nodes in [10, 1_000, 1_000_000] {
        let program = decisions(nodes);
        let valid = Valid::assume(program.clone());
        let engine = Engine::link(valid, Registry::standard()).unwrap();
        let within = nodes < Limits::default().visits_per_turn as usize;
        match ended(&engine, &program) {
            End::Success(success) => assert!(within && success.proved, "{nodes}"),
            End::Failure(failure) => {
                assert!(!within, "{nodes}");
                assert_eq!(failure.reason, FailureReason::TooManyVisits);
            }
        }
        let mut limits = Limits::default();
        (limits.visits_per_turn, limits.visits_per_run) = (u32::MAX, u32::MAX);
        let end = ended(&engine.with_limits(limits), &program);
        assert!(matches!(end, End::Success(_)), "{nodes}: {end:?}");
    }
}

//! Programs that would overflow a stack, or a patience, if anything recursed or unfolded.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::graph::{DiGraph, NodeIndex};
use wayfare::{
    LevelSpan, Program, SourceMap, Span, Value,
    analysis::{Verdict, findings, level_spans, prove},
    codes,
    model::{
        journey::{
            Edge, Journey, JourneyId, JourneySettings, Node, NodeKind, On, OutcomeId, SettingValue,
            Task,
        },
        property::{At, Ensure, Place, PlaceKind, Point, Property},
    },
};

fn node(path: impl Into<Arc<str>>, kind: NodeKind, outcomes: &[&str]) -> Node {
    Node {
        path: path.into(),
        kind,
        outcomes: outcomes.iter().map(|name| Arc::from(*name)).collect(),
        doc: None,
        allows: Vec::new(),
        span: Span::default(),
    }
}

fn journey(id: u32) -> Journey {
    let mut graph = DiGraph::default();
    let success = graph.add_node(node("success", NodeKind::Success, &[]));
    let failure = graph.add_node(node("failure", NodeKind::Failure, &[]));
    let loose_end = graph.add_node(node("nowhere", NodeKind::LooseEnd, &[]));
    let name: Arc<str> = Arc::from(format!("j{id}"));
    Journey {
        id: JourneyId(id),
        wire_name: Arc::clone(&name),
        name,
        doc: None,
        settings: JourneySettings::default(),
        graph,
        start: NodeIndex::new(3),
        success,
        failure,
        loose_end,
        ensures: Vec::new(),
        allows: Vec::new(),
        span: Span::default(),
    }
}

fn program(journeys: Vec<Journey>) -> Program {
    let names: BTreeMap<Arc<str>, JourneyId> = journeys
        .iter()
        .map(|journey| (Arc::clone(&journey.name), journey.id))
        .collect();
    Program {
        sources: Arc::new(SourceMap::default()),
        catalog: Arc::new(wayfare::catalogue::standard()),
        journeys,
        by_wire_name: names.clone(),
        by_name: names,
        keys: ["username", "password"]
            .into_iter()
            .map(Arc::from)
            .collect(),
        secret_parameters: BTreeMap::new(),
        policies: Vec::new(),
        guards: Vec::new(),
        scenarios: Vec::new(),
        uncovered: Vec::new(),
    }
}

fn task(name: &str) -> NodeKind {
    let ty = wayfare::catalogue::standard().find(name).unwrap();
    NodeKind::Task(Task {
        ty,
        version: 1,
        settings: Vec::new(),
        files: BTreeMap::new(),
    })
}

fn arrow(journey: &mut Journey, from: NodeIndex, outcome: u16, to: NodeIndex) {
    let on = On::Outcome(OutcomeId(outcome));
    journey.graph.add_edge(
        from,
        to,
        Edge {
            on,
            span: Span::default(),
        },
    );
}

fn place(journey: &Journey, node: NodeIndex) -> Place {
    let point = Point {
        calls: Vec::new(),
        journey: journey.id,
        node,
        at: At::Node,
    };
    Place {
        text: "place".into(),
        kind: PlaceKind::Points(vec![point]),
        span: Span::default(),
    }
}

fn ensure(journey: &Journey, property: Property) -> Ensure {
    Ensure {
        label: "e".into(),
        from: journey.start,
        property,
        span: Span::default(),
    }
}

fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    thread.spawn(run).unwrap().join().unwrap();
}

fn chain(length: usize) -> Journey {
    let mut journey = journey(0);
    let kind = task("Debug");
    for _ in 0..length {
        journey
            .graph
            .add_node(node("n", kind.clone(), &["outcome"]));
    }
    for at in 3..length + 3 {
        let to = if at + 1 < length + 3 {
            NodeIndex::new(at + 1)
        } else {
            journey.success
        };
        arrow(&mut journey, NodeIndex::new(at), 0, to);
    }
    journey
}

fn has(program: &Program, code: wayfare::Code) -> usize {
    findings(program)
        .iter()
        .filter(|finding| finding.code == code)
        .count()
}

#[test]
fn a_chain_of_a_million_nodes() {
    on_a_small_stack(|| {
        let journey = chain(1_000_000);
        let what = place(&journey, journey.success);
        let after = place(&journey, NodeIndex::new(500_000));
        let broken = ensure(&journey, Property::Never { what, after });
        let program = program(vec![journey]);
        let Verdict::Fails(run) = prove(&program, JourneyId(0), &broken) else {
            panic!("it does not hold");
        };
        assert_eq!(run.length, 1_000_000);
        assert_eq!(run.steps.len(), 10_000);
        assert!(run.text(&program).len() < 2_000);
    });
}

#[test]
fn everything_that_is_found_in_a_long_chain() {
    on_a_small_stack(|| {
        let mut journey = chain(100_000);
        let to = place(&journey, journey.success);
        let passes = vec![place(&journey, NodeIndex::new(50_000))];
        journey.ensures = vec![ensure(&journey, Property::EveryPath { to, passes })];
        let program = program(vec![journey]);
        let found = findings(&program);
        assert_eq!(found.len(), 1);
        assert_eq!(has(&program, codes::UNPROVED_SUCCESS), 1);
    });
}

#[test]
fn a_ring_and_a_hundred_thousand_loops_of_one_node() {
    on_a_small_stack(|| {
        let mut ring = chain(100_000);
        let end = NodeIndex::new(100_002);
        let last = ring.graph.find_edge(end, ring.success).unwrap();
        ring.graph.remove_edge(last);
        let start = ring.start;
        arrow(&mut ring, end, 0, start);
        let ring = program(vec![ring]);
        assert_eq!(has(&ring, codes::SPINNING_LOOP), 1);
        assert_eq!(has(&ring, codes::NO_SUCCESS), 1);

        let mut loops = journey(0);
        let kind = task("Message");
        for at in 3..100_003 {
            loops
                .graph
                .add_node(node("n", kind.clone(), &["true", "false"]));
            let this = NodeIndex::new(at);
            arrow(&mut loops, this, 0, this);
        }
        for at in 3..100_002 {
            arrow(&mut loops, NodeIndex::new(at), 1, NodeIndex::new(at + 1));
        }
        let success = loops.success;
        arrow(&mut loops, NodeIndex::new(100_002), 1, success);
        let of = place(&loops, NodeIndex::new(50_000));
        let visits = ensure(&loops, Property::AtMost { visits: 1, of });
        let program = program(vec![loops]);
        assert_eq!(has(&program, codes::SPINNING_LOOP), 0);
        assert!(matches!(
            prove(&program, JourneyId(0), &visits),
            Verdict::Fails(_)
        ));
    });
}

#[test]
fn twenty_diamonds_and_calls_that_double() {
    on_a_small_stack(|| {
        let mut diamonds = journey(0);
        let kind = task("Message");
        for _ in 0..60 {
            diamonds
                .graph
                .add_node(node("n", kind.clone(), &["true", "false"]));
        }
        let success = diamonds.success;
        for diamond in 0..20 {
            let at = |n: usize| NodeIndex::new(3 + diamond * 3 + n);
            let next = if diamond < 19 { at(3) } else { success };
            arrow(&mut diamonds, at(0), 0, at(1));
            arrow(&mut diamonds, at(0), 1, at(2));
            for side in [1, 2] {
                arrow(&mut diamonds, at(side), 0, next);
                arrow(&mut diamonds, at(side), 1, next);
            }
        }
        let of = place(&diamonds, NodeIndex::new(60));
        let once = ensure(&diamonds, Property::AtMost { visits: 1, of });
        let program = program(vec![diamonds]);
        assert_eq!(prove(&program, JourneyId(0), &once), Verdict::Holds);
        assert_eq!(has(&program, codes::UNPROVED_SUCCESS), 2);
    });
    // Each journey calls the next twice: two to the power of forty frames, were they unfolded.
    on_a_small_stack(|| {
        let depth: u32 = 40;
        let mut journeys = Vec::new();
        for id in 0..=depth {
            let mut one = journey(id);
            let (success, failure) = (one.success, one.failure);
            let outcomes = ["true", "false"];
            let kind = if id < depth {
                NodeKind::Inner(JourneyId(id + 1))
            } else {
                task("Message")
            };
            let first = one.graph.add_node(node("a", kind.clone(), &outcomes));
            let second = one.graph.add_node(node("b", kind, &outcomes));
            for (from, to) in [(first, second), (second, success)] {
                arrow(&mut one, from, 0, to);
                arrow(&mut one, from, 1, failure);
            }
            journeys.push(one);
        }
        let root = &journeys[0];
        let (to, first) = (place(root, root.success), place(root, root.start));
        let passes = vec![first.clone()];
        let held = ensure(
            root,
            Property::EveryPath {
                to: to.clone(),
                passes,
            },
        );
        let broken = ensure(
            root,
            Property::Never {
                what: to,
                after: first.clone(),
            },
        );
        let counted = ensure(
            root,
            Property::AtMost {
                visits: 1,
                of: first,
            },
        );
        let program = program(journeys);
        assert_eq!(prove(&program, JourneyId(0), &held), Verdict::Holds);
        let Verdict::Fails(run) = prove(&program, JourneyId(0), &broken) else {
            panic!("it does not hold");
        };
        assert!(run.length > 1 << 40);
        // Visits are counted by unfolding; what is too large is not shown.
        assert!(matches!(
            prove(&program, JourneyId(0), &counted),
            Verdict::Open(_)
        ));
        let _ = findings(&program);
    });
}

#[test]
fn journeys_that_call_each_other_in_a_circle_do_not_hang() {
    on_a_small_stack(|| {
        for length in [1, 2, 1_000] {
            let mut journeys = Vec::new();
            for id in 0..length {
                let mut one = journey(id);
                let (success, failure) = (one.success, one.failure);
                let next = JourneyId((id + 1) % length);
                let call = node("a", NodeKind::Inner(next), &["true", "false"]);
                let call = one.graph.add_node(call);
                arrow(&mut one, call, 0, success);
                arrow(&mut one, call, 1, failure);
                journeys.push(one);
            }
            let root = &journeys[0];
            let to = place(root, root.success);
            let held = ensure(
                root,
                Property::EveryPath {
                    to,
                    passes: Vec::new(),
                },
            );
            let program = program(journeys);
            if length < 100 {
                assert!(has(&program, codes::UNPROVED_SUCCESS) == 0);
            }
            assert_eq!(prove(&program, JourneyId(0), &held), Verdict::Holds);
        }
    });
}

fn raising(by: i64) -> NodeKind {
    let NodeKind::Task(mut task) = task("ModifyAuthLevel") else {
        panic!("not a task");
    };
    let by = SettingValue::Constant(Value::Int(by));
    task.settings.push((Arc::from("authLevelIncrement"), by));
    NodeKind::Task(task)
}

fn span(found: &[Option<LevelSpan>], journey: usize) -> String {
    found[journey].map_or_else(|| "none".to_owned(), |span| span.to_string())
}

/// A chain in which every second node may be gone around, and from whose end one may go back.
fn ladder(length: usize, back: bool) -> Journey {
    let mut journey = journey(0);
    let (raise, choose) = (raising(1), task("Message"));
    for at in 0..length {
        journey.graph.add_node(if at % 2 == 0 {
            node("c", choose.clone(), &["true", "false"])
        } else {
            node("r", raise.clone(), &["outcome"])
        });
    }
    let end = task("Message");
    let end = journey.graph.add_node(node("e", end, &["true", "false"]));
    for at in 0..length {
        let (from, next) = (NodeIndex::new(at + 3), NodeIndex::new(at + 4));
        arrow(&mut journey, from, 0, next);
        if at % 2 == 0 {
            arrow(&mut journey, from, 1, NodeIndex::new(at + 5));
        }
    }
    let (success, start) = (journey.success, journey.start);
    arrow(&mut journey, end, 0, success);
    arrow(&mut journey, end, 1, if back { start } else { success });
    journey
}

#[test]
fn levels_of_a_hundred_thousand_nodes() {
    on_a_small_stack(|| {
        let found = level_spans(&program(vec![ladder(100_000, false)]));
        assert_eq!(span(&found, 0), "0..50000");
        let looped = program(vec![ladder(100_000, true)]);
        assert_eq!(span(&level_spans(&looped), 0), "0..unbounded");
        let looped = program(vec![ladder(1_000, true)]);
        assert_eq!(has(&looped, codes::UNBOUNDED_LEVEL), 1);
    });
}

/// Each journey calls the next, raises, and may call it again: as many ways as there are numbers.
#[test]
fn levels_of_ten_thousand_journeys_in_each_other() {
    on_a_small_stack(|| {
        for twice in [false, true] {
            let count = 10_000;
            let mut journeys = Vec::new();
            for id in 0..count {
                let mut one = journey(id);
                let (success, failure) = (one.success, one.failure);
                let raise = one.graph.add_node(node("r", raising(1), &["outcome"]));
                if id + 1 == count {
                    arrow(&mut one, raise, 0, success);
                    journeys.push(one);
                    continue;
                }
                let inner = NodeKind::Inner(JourneyId(id + 1));
                let outcomes = ["true", "false"];
                let first = one.graph.add_node(node("a", inner.clone(), &outcomes));
                arrow(&mut one, raise, 0, first);
                arrow(&mut one, first, 1, failure);
                if twice {
                    let second = one.graph.add_node(node("b", inner, &outcomes));
                    arrow(&mut one, first, 0, second);
                    arrow(&mut one, second, 0, success);
                    arrow(&mut one, second, 1, failure);
                } else {
                    arrow(&mut one, first, 0, success);
                }
                journeys.push(one);
            }
            let found = level_spans(&program(journeys));
            let last = count as usize - 1;
            assert_eq!(span(&found, last), "1..1");
            if twice {
                // 2^10000 - 1 raises: the level has long been the greatest there is.
                assert_eq!(span(&found, last - 2), "7..7");
                assert!(span(&found, last - 12).ends_with("..8191"));
                let all = found[0].unwrap();
                assert!(all.may_reach(wayfare::AuthLevel::MAX), "{all}");
            } else {
                assert_eq!(span(&found, last - 7), "8..8");
                // Journeys that are entered with many levels keep their greatest exactly.
                assert!(span(&found, 0).ends_with("..10000"));
            }
        }
    });
}

//! Programs of types made up for each node, which read, write and remove keys in every scope.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use petgraph::graph::{DiGraph, NodeIndex};
use wayfare::{
    Catalog, Program, SourceId, SourceMap, Span, Type, Value,
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::{
            Child, Edge, Guard, Journey, JourneyId, JourneySettings, Node, NodeKind, On, OutcomeId,
            Page, SettingValue, Task,
        },
        signature::{
            Known, Outcomes, Preset, Removal, Scope, Secrecy, Setting, Signature, StateKey,
        },
    },
};

use super::super::{
    kinds::KEYS,
    random::{Choices, Made, key},
};

/// The keys that the programs speak of.
pub(super) const NAMES: [&str; 3] = ["username", "note", "ticket"];

pub(super) const SCOPES: [Scope; 4] = [Scope::Shared, Scope::Transient, Scope::Secure, Scope::Any];

pub(super) const TYPES: [Type; 4] = [Type::Any, Type::Text, Type::Int, Type::Bool];

pub(super) fn line(choices: &mut Choices<'_>, scope: Scope, ty: Type) -> StateKey {
    StateKey {
        scope,
        key: Cow::Borrowed(*choices.pick(&NAMES)),
        named_by: None,
        ty,
        secrecy: Secrecy::Public,
        always: !choices.one_in(4),
    }
}

/// A type of its own for one node, and the node's task.
pub(super) fn task(
    choices: &mut Choices<'_>,
    catalog: &mut Catalog,
    child: bool,
) -> (Task, Vec<Arc<str>>) {
    let number = catalog.iter().count();
    let (mut reads, mut writes, mut removes) = (Vec::new(), Vec::new(), Vec::new());
    let outcomes: &[&str] = if !child && choices.one_in(2) {
        &["true", "false"]
    } else {
        &["done"]
    };
    match choices.below(6) {
        0 | 1 => {
            let scope = *choices.pick(&SCOPES);
            let ty = choices.pick(&TYPES).clone();
            reads.push(line(choices, scope, ty));
        }
        2 | 3 => {
            for _ in 0..=choices.below(2) {
                let scope = *choices.pick(&[Scope::Shared, Scope::Transient]);
                let ty = choices.pick(&TYPES).clone();
                writes.push(line(choices, scope, ty));
            }
        }
        4 => removes.push(Removal {
            key: Cow::Borrowed(*choices.pick(&NAMES)),
            named_by: None,
            outcome: Cow::Borrowed(*choices.pick(&["*", outcomes[0]])),
        }),
        _ => {}
    }
    let mut settings = Vec::new();
    let mut declared: Vec<Setting> = Vec::new();
    // Secrets are kept transient, and a setting may name one where it is shown.
    let is_secret = choices.one_in(10);
    if is_secret {
        writes = vec![StateKey {
            secrecy: Secrecy::Secret,
            key: Cow::Borrowed("ticket"),
            ..line(choices, Scope::Transient, Type::Any)
        }];
    } else if choices.one_in(10) {
        declared.push(Setting {
            default: Preset::None,
            ..Setting::new("names", Type::Text)
        });
        let name = *choices.pick(&NAMES);
        settings.push((
            Arc::from("names"),
            SettingValue::Constant(Value::from(name)),
        ));
        let scope = *choices.pick(&SCOPES);
        reads.push(StateKey {
            key: Cow::Borrowed("*"),
            named_by: Some(Cow::Borrowed("names")),
            always: false,
            ..line(choices, scope, Type::Any)
        });
    }
    let asks = choices.one_in(4);
    let signature = Signature {
        settings: declared.into(),
        outcomes: Outcomes::Fixed(outcomes.iter().map(|name| Cow::Borrowed(*name)).collect()),
        reads: reads.into(),
        writes: writes.into(),
        removes: removes.into(),
        asks: Known::Is(asks),
        suspends: Known::Is(false),
        calls_out: Known::Is(false),
        verifies: Known::Is(false),
        ..Signature::new(format!("Probe{number}"), format!("Probe{number}Node"))
    };
    let ty = catalog.add(signature).unwrap();
    let outcomes = outcomes.iter().map(|name| Arc::from(*name)).collect();
    let task = Task {
        ty,
        version: 1,
        settings,
        files: BTreeMap::new(),
    };
    (task, outcomes)
}

pub(super) fn has(choices: &mut Choices<'_>) -> Expr {
    let id = key(NAMES[choices.below(NAMES.len())]);
    let slot = match choices.below(3) {
        0 => Slot::Shared(id),
        1 => Slot::Transient(id),
        _ => Slot::Secure(id),
    };
    let has = Expr::Has(slot);
    if choices.one_in(3) {
        Expr::Not(Box::new(has))
    } else {
        has
    }
}

pub(super) fn guards(choices: &mut Choices<'_>, at: usize) -> Vec<Guard> {
    let mut arms = Vec::new();
    for arm in 0..=choices.below(2) {
        let open = Expr::Has(Slot::Header(Arc::from(format!("h{at}-{arm}"))));
        let own = has(choices);
        let condition = match choices.below(4) {
            0 => open,
            1 => own,
            2 => Expr::Binary(BinaryOp::And, Box::new(own), Box::new(open)),
            _ => Expr::Binary(BinaryOp::Or, Box::new(own), Box::new(open)),
        };
        arms.push(Guard {
            name: Arc::from(format!("{arm}")),
            condition: Some(condition),
            span: Span::default(),
        });
    }
    arms.push(Guard {
        name: Arc::from("else"),
        condition: None,
        span: Span::default(),
    });
    arms
}

pub(super) fn next_span(spans: &mut usize) -> Span {
    *spans += 2;
    Span::new(SourceId::default(), *spans, *spans + 1)
}

pub(super) fn node(
    choices: &mut Choices<'_>,
    catalog: &mut Catalog,
    spans: &mut usize,
    (at, journey, journeys): (usize, usize, usize),
) -> Node {
    let (kind, outcomes) = match choices.below(8) {
        0 => {
            let arms = guards(choices, at);
            let names = (0..arms.len()).map(|arm| Arc::from(format!("{arm}")));
            let names = names.collect();
            (NodeKind::Decision(arms), names)
        }
        1 => {
            let count = 2 + choices.below(2);
            let mut children = Vec::new();
            for child in 0..count {
                let (task, outcomes) = task(choices, catalog, child + 1 < count);
                children.push(Child {
                    name: Arc::from(format!("c{child}")),
                    task,
                    outcomes,
                    span: next_span(spans),
                });
            }
            let outcomes = children.last().unwrap().outcomes.clone();
            let page = Page {
                header: wayfare::LocalizedText::default(),
                description: wayfare::LocalizedText::default(),
                stage: None,
                children,
                version: 1,
            };
            (NodeKind::Page(page), outcomes)
        }
        2 | 3 if journey + 1 < journeys => {
            let inner = journey + 1 + choices.below(journeys - journey - 1);
            let mut names: Vec<Arc<str>> = vec![Arc::from("true"), Arc::from("false")];
            if choices.one_in(3) {
                names.push(Arc::from("error"));
            }
            let inner = JourneyId(u32::try_from(inner).unwrap());
            (NodeKind::Inner(inner), names)
        }
        _ => {
            let (task, outcomes) = task(choices, catalog, false);
            (NodeKind::Task(task), outcomes)
        }
    };
    Node {
        path: Arc::from(format!("n{at}")),
        kind,
        outcomes,
        doc: None,
        allows: Vec::new(),
        span: next_span(spans),
    }
}

pub(super) fn end(path: &str, kind: NodeKind) -> Node {
    Node {
        path: Arc::from(path),
        kind,
        outcomes: Vec::new(),
        doc: None,
        allows: Vec::new(),
        span: Span::default(),
    }
}

pub(super) fn program(choices: &mut Choices<'_>) -> Made {
    let mut catalog = Catalog::default();
    let count = 1 + choices.below(3);
    let mut spans = 0;
    let mut journeys = Vec::new();
    for number in 0..count {
        let mut graph = DiGraph::default();
        let success = graph.add_node(end("success", NodeKind::Success));
        let failure = graph.add_node(end("failure", NodeKind::Failure));
        let loose_end = graph.add_node(end("nowhere", NodeKind::LooseEnd));
        let nodes = 1 + choices.below(if count == 1 { 8 } else { 4 });
        for at in 0..nodes {
            graph.add_node(node(choices, &mut catalog, &mut spans, (at, number, count)));
        }
        for at in 0..nodes {
            let from = NodeIndex::new(at + 3);
            let target = |choices: &mut Choices<'_>| {
                // Mostly onward, so that runs are long enough to be of use.
                if choices.one_in(3) {
                    NodeIndex::new(choices.below(nodes + 3))
                } else if at + 1 < nodes {
                    NodeIndex::new(at + 4)
                } else {
                    success
                }
            };
            for outcome in 0..graph[from].outcomes.len() {
                let on = On::Outcome(OutcomeId(u16::try_from(outcome).unwrap()));
                let to = target(choices);
                graph.add_edge(
                    from,
                    to,
                    Edge {
                        on,
                        span: Span::default(),
                    },
                );
            }
            if choices.one_in(5) {
                let to = target(choices);
                let on = On::Error;
                graph.add_edge(
                    from,
                    to,
                    Edge {
                        on,
                        span: Span::default(),
                    },
                );
            }
        }
        let id = JourneyId(u32::try_from(number).unwrap());
        let name: Arc<str> = Arc::from(format!("j{number}"));
        journeys.push(Journey {
            id,
            wire_name: Arc::clone(&name),
            name,
            doc: None,
            settings: JourneySettings {
                inner_only: number > 0 && !choices.one_in(3),
                transactional_only: choices.one_in(12),
                ..JourneySettings::default()
            },
            graph,
            start: NodeIndex::new(3),
            success,
            failure,
            loose_end,
            ensures: Vec::new(),
            allows: Vec::new(),
            span: Span::default(),
        });
    }
    let by_name: BTreeMap<Arc<str>, JourneyId> = journeys
        .iter()
        .map(|j| (Arc::clone(&j.name), j.id))
        .collect();
    let program = Program {
        sources: Arc::new(SourceMap::default()),
        catalog: Arc::new(catalog),
        by_wire_name: by_name.clone(),
        by_name,
        journeys,
        keys: KEYS.iter().map(|key| Arc::from(*key)).collect(),
        secret_parameters: BTreeMap::new(),
        policies: Vec::new(),
        guards: Vec::new(),
        scenarios: Vec::new(),
        uncovered: Vec::new(),
    };
    Made {
        program,
        kinds: BTreeMap::new(),
    }
}

//! Random journeys of node types made up for two runs: of whom an outcome can be taken, who is named, what
//! is shown.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use petgraph::graph::{DiGraph, NodeIndex};
use wayfare::{
    Catalog, Factor, LocalizedText, Program, SourceId, SourceMap, Span, Type, Value,
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::{
            Child, Edge, Guard, Journey, JourneyId, JourneySettings, Node, NodeKind, On, OutcomeId,
            Page, SettingValue, Task,
        },
        property::{At, Ensure, Place, PlaceKind, Point, Property},
        signature::{
            Account, Known, LevelChange, Limit, OutcomeFacts, Outcomes, Presence, Removal, Scope,
            Secrecy, Setting, Signature, StateKey,
        },
    },
};

use super::super::{
    kinds::KEYS,
    random::{Choices, Made, key, point},
};

/// Of whom an outcome can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Anybody,
    User,
    Nobody,
    /// Behind a right secret.
    Right,
    /// The type does not say.
    Unsaid,
}

use Of::{Anybody, Nobody, Right, Unsaid, User};

/// Whose name the run has behind a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    No,
    /// The client's word.
    Typed,
    /// The client's word, for another key than the name.
    Told,
    /// That of a session or a provider.
    Trusted,
    /// That of whom a key names, or of whom it has made itself, by its first outcome alone.
    First,
}

/// What a node of a type does.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
pub(super) struct Sort {
    pub(super) name: &'static str,
    pub(super) outcomes: &'static [(&'static str, Of, Option<Factor>)],
    pub(super) names: Names,
    /// Whether something is seen of it.
    pub(super) seen: bool,
    /// Whether it may look the user up, as far as its type says.
    pub(super) looks: bool,
    pub(super) calls_out: bool,
    pub(super) reads: Option<&'static str>,
    /// Whether it cannot work without what it reads.
    pub(super) needs: bool,
    pub(super) writes: Option<&'static str>,
    /// Whether it writes on every outcome.
    pub(super) always: bool,
    pub(super) clears: Option<&'static str>,
}

const PLAIN: Sort = Sort {
    name: "",
    outcomes: &[("done", Anybody, None)],
    names: Names::No,
    seen: false,
    looks: false,
    calls_out: false,
    reads: None,
    needs: false,
    writes: None,
    always: false,
    clears: None,
};

const BOTH: &[(&str, Of, Option<Factor>)] = &[("true", Anybody, None), ("false", Anybody, None)];

pub(super) const SORTS: &[Sort] = &[
    Sort {
        name: "Name",
        names: Names::Typed,
        seen: true,
        ..PLAIN
    },
    Sort {
        name: "Mail",
        names: Names::Told,
        seen: true,
        ..PLAIN
    },
    Sort {
        name: "Asks",
        seen: true,
        outcomes: BOTH,
        ..PLAIN
    },
    Sort {
        name: "Says",
        seen: true,
        ..PLAIN
    },
    Sort {
        name: "SetErrorDetails",
        seen: true,
        ..PLAIN
    },
    Sort {
        name: "Waits",
        seen: true,
        calls_out: true,
        ..PLAIN
    },
    Sort {
        name: "Works",
        outcomes: BOTH,
        ..PLAIN
    },
    Sort {
        name: "Limits",
        outcomes: BOTH,
        ..PLAIN
    },
    Sort {
        name: "Stores",
        outcomes: BOTH,
        writes: Some("note"),
        ..PLAIN
    },
    Sort {
        name: "Exists",
        outcomes: &[("true", User, None), ("false", Nobody, None)],
        calls_out: true,
        looks: true,
        writes: Some("note"),
        ..PLAIN
    },
    Sort {
        name: "Active",
        outcomes: &[("true", User, None), ("false", User, None)],
        calls_out: true,
        looks: true,
        ..PLAIN
    },
    Sort {
        name: "Looks",
        outcomes: &[("true", Unsaid, None), ("false", Unsaid, None)],
        calls_out: true,
        looks: true,
        writes: Some("ticket"),
        ..PLAIN
    },
    Sort {
        name: "Check",
        outcomes: &[
            ("true", Unsaid, Some(Factor::Password)),
            ("false", Anybody, None),
        ],
        calls_out: true,
        looks: true,
        ..PLAIN
    },
    Sort {
        name: "Entitles",
        outcomes: &[
            ("true", Right, None),
            ("false", Anybody, None),
            ("gone", Nobody, None),
        ],
        calls_out: true,
        looks: true,
        ..PLAIN
    },
    Sort {
        name: "Passkey",
        outcomes: &[("true", User, Some(Factor::Device)), ("false", User, None)],
        calls_out: true,
        looks: true,
        seen: true,
        ..PLAIN
    },
    Sort {
        name: "Push",
        outcomes: &[("true", User, Some(Factor::Push))],
        calls_out: true,
        looks: true,
        seen: true,
        ..PLAIN
    },
    Sort {
        name: "Session",
        outcomes: &[("true", Anybody, Some(Factor::Session))],
        names: Names::Trusted,
        ..PLAIN
    },
    Sort {
        name: "Provider",
        outcomes: &[("true", Anybody, Some(Factor::Federation))],
        names: Names::Trusted,
        seen: true,
        calls_out: true,
        ..PLAIN
    },
    Sort {
        name: "Goes",
        outcomes: &[("true", Unsaid, None), ("false", Unsaid, None)],
        reads: Some("note"),
        ..PLAIN
    },
    Sort {
        name: "Uses",
        outcomes: &[("true", Unsaid, None), ("false", Anybody, None)],
        reads: Some("ticket"),
        writes: Some("note"),
        ..PLAIN
    },
    Sort {
        name: "Raises",
        ..PLAIN
    },
    Sort {
        name: "Gate",
        outcomes: &[("true", Anybody, None), ("false", Anybody, None)],
        ..PLAIN
    },
    Sort {
        name: "Sets",
        writes: Some("note"),
        always: true,
        ..PLAIN
    },
    Sort {
        name: "Puts",
        ..PLAIN
    },
    Sort {
        name: "Clears",
        clears: Some("note"),
        ..PLAIN
    },
    Sort {
        name: "Copies",
        reads: Some("note"),
        writes: Some("ticket"),
        ..PLAIN
    },
    Sort {
        name: "Needs",
        reads: Some("note"),
        needs: true,
        ..PLAIN
    },
    Sort {
        name: "Finds",
        outcomes: &[
            ("true", Anybody, Some(Factor::Device)),
            ("false", Anybody, None),
        ],
        names: Names::First,
        calls_out: true,
        looks: true,
        seen: true,
        ..PLAIN
    },
    Sort {
        name: "Registers",
        outcomes: &[
            ("true", Nobody, Some(Factor::Registration)),
            ("false", User, None),
        ],
        names: Names::First,
        calls_out: true,
        looks: true,
        ..PLAIN
    },
];

fn line(key: &'static str, secrecy: Secrecy) -> StateKey {
    StateKey {
        scope: Scope::Shared,
        key: Cow::Borrowed(key),
        named_by: None,
        ty: Type::Any,
        secrecy,
        always: false,
    }
}

fn reads(sort: &'static Sort) -> Vec<StateKey> {
    let mut reads: Vec<StateKey> = sort
        .reads
        .iter()
        .map(|key| StateKey {
            always: sort.needs,
            ..line(key, Secrecy::Public)
        })
        .collect();
    if sort.looks {
        reads.push(line("username", Secrecy::Personal));
    }
    reads.push(StateKey {
        key: Cow::Borrowed("*"),
        named_by: Some(Cow::Borrowed("list")),
        ..line("*", Secrecy::Public)
    });
    reads
}

fn writes(sort: &'static Sort) -> Vec<StateKey> {
    let mut writes: Vec<StateKey> = sort
        .writes
        .iter()
        .map(|key| StateKey {
            always: sort.always,
            ..line(key, Secrecy::Public)
        })
        .collect();
    if sort.name == "Puts" {
        writes.push(StateKey {
            named_by: Some(Cow::Borrowed("into")),
            always: true,
            ..line("*", Secrecy::Public)
        });
    }
    match sort.names {
        Names::No => {}
        Names::Typed | Names::Trusted | Names::First => {
            writes.push(line("username", Secrecy::Personal));
        }
        Names::Told => writes.push(line("mail", Secrecy::Personal)),
    }
    writes
}

fn signature(sort: &'static Sort) -> Signature {
    let level = |key: &'static str, by: bool| by.then_some(Cow::Borrowed(key));
    let names = matches!(sort.names, Names::Typed | Names::Trusted);
    let facts = sort.outcomes.iter().map(|(name, of, proves)| OutcomeFacts {
        proves: *proves,
        writes_identity: Known::Is(names || sort.names == Names::First && *name == "true"),
        account: if *proves == Some(Factor::Registration) {
            Account::Made
        } else {
            Account::Kept
        },
        presence: match of {
            Anybody => Known::Is(Presence::Either),
            User => Known::Is(Presence::Present),
            Nobody => Known::Is(Presence::Absent),
            Right => Known::Is(Presence::Entitled),
            Unsaid => Known::Unknown,
        },
        level: if sort.name == "Raises" {
            LevelChange::By(1)
        } else {
            LevelChange::None
        },
        level_at_least: level("most", sort.name == "Gate" && *name == "true"),
        level_below: level("most", sort.name == "Gate" && *name == "false"),
        ..OutcomeFacts::new(*name)
    });
    let removes = sort.clears.iter().map(|key| Removal {
        key: Cow::Borrowed(*key),
        named_by: None,
        outcome: Cow::Borrowed("*"),
    });
    let declared = |key: &'static str| Setting::new(key, Type::Any);
    Signature {
        settings: ["text", "list", "most", "into"]
            .map(declared)
            .to_vec()
            .into(),
        outcomes: Outcomes::Fixed(
            sort.outcomes
                .iter()
                .map(|(name, ..)| Cow::Borrowed(*name))
                .collect(),
        ),
        reads: reads(sort).into(),
        writes: writes(sort).into(),
        removes: removes.collect(),
        facts: facts.collect(),
        asks: Known::Is(sort.seen && !matches!(sort.name, "Waits" | "SetErrorDetails")),
        suspends: Known::Is(sort.name == "Waits"),
        calls_out: Known::Is(sort.calls_out),
        verifies: Known::Is(sort.name == "Check"),
        limits: (sort.name == "Limits").then_some(Limit {
            setting: Cow::Borrowed("most"),
            outcome: Cow::Borrowed("true"),
        }),
        ..Signature::new(sort.name, sort.name)
    }
}

pub(super) fn sort_of(made: &Made, task: &Task) -> &'static Sort {
    let name = &made.program.catalog.get(task.ty).unwrap().name;
    SORTS.iter().find(|sort| sort.name == &**name).unwrap()
}

fn slot(choices: &mut Choices<'_>) -> Slot {
    match choices.below(4) {
        0 => Slot::User(Arc::from("mail")),
        1 => Slot::Shared(key("note")),
        2 => Slot::Shared(key("ticket")),
        _ => Slot::Header(Arc::from("h")),
    }
}

/// A condition of an arm or a value of a setting.
fn asked(choices: &mut Choices<'_>) -> Expr {
    if choices.one_in(5) {
        let level = Expr::Read(Slot::AuthLevel, Type::Int);
        let one = Expr::Literal(Value::Int(1));
        return Expr::Binary(BinaryOp::GreaterOrEqual, Box::new(level), Box::new(one));
    }
    Expr::Has(slot(choices))
}

/// The names are given by number, so that small numbers are the most usual.
const USUAL: &[usize] = &[
    0, 2, 9, 12, 6, 3, 1, 4, 5, 7, 8, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 18, 7, 2,
];

/// What can be done without being seen.
const QUIET: &[usize] = &[22, 7, 20, 23, 8, 24, 25, 6, 19];

fn task(choices: &mut Choices<'_>, catalog: &Catalog, child: bool) -> (Task, Vec<Arc<str>>) {
    let mut sort = &SORTS[USUAL[choices.below(USUAL.len())]];
    if child && sort.outcomes.len() > 1 {
        sort = &SORTS[0];
    }
    task_of(choices, catalog, sort)
}

fn task_of(
    choices: &mut Choices<'_>,
    catalog: &Catalog,
    sort: &'static Sort,
) -> (Task, Vec<Arc<str>>) {
    let mut settings: Vec<(Arc<str>, SettingValue)> = Vec::new();
    let mut set = |key: &str, value| settings.push((Arc::from(key), value));
    match choices.below(6) {
        0 => set("text", SettingValue::Constant(Value::from("other"))),
        1 if choices.one_in(3) => set("text", SettingValue::Computed(asked(choices))),
        2 if choices.one_in(2) => {
            let names = Value::List(vec![Value::from("note")].into());
            set("list", SettingValue::Constant(names));
        }
        _ => {}
    }
    if matches!(sort.name, "Limits" | "Gate") {
        let most = i64::try_from(choices.below(3)).unwrap();
        set("most", SettingValue::Constant(Value::Int(most)));
    }
    if sort.name == "Puts" {
        let key = Value::from(*choices.pick(&["note", "ticket", "count"]));
        let value = match choices.below(4) {
            0 => Value::List(vec![key].into()),
            1 => Value::Map(Arc::new(BTreeMap::from([(Arc::from("ticket"), key)]))),
            2 => Value::Map(Arc::new(BTreeMap::from([(
                Arc::from("note"),
                Value::Int(1),
            )]))),
            _ => key,
        };
        set("into", SettingValue::Constant(value));
    }
    let outcomes = sort
        .outcomes
        .iter()
        .map(|(name, ..)| Arc::from(*name))
        .collect();
    let task = Task {
        ty: catalog.find(sort.name).unwrap(),
        version: 1,
        settings,
        files: BTreeMap::new(),
    };
    (task, outcomes)
}

fn next_span(spans: &mut usize) -> Span {
    *spans += 2;
    Span::new(SourceId::default(), *spans, *spans + 1)
}

fn node(
    choices: &mut Choices<'_>,
    catalog: &Catalog,
    spans: &mut usize,
    (at, journey, journeys): (usize, usize, usize),
) -> Node {
    let (kind, outcomes) = match choices.below(9) {
        7 => {
            let arm = |name: &str, condition| Guard {
                name: Arc::from(name),
                condition,
                span: Span::default(),
            };
            let arms = vec![arm("0", Some(asked(choices))), arm("else", None)];
            (
                NodeKind::Decision(arms),
                vec![Arc::from("0"), Arc::from("1")],
            )
        }
        6 => {
            let count = 1 + choices.below(3);
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
                header: LocalizedText::default(),
                description: LocalizedText::default(),
                stage: choices.one_in(4).then(|| Arc::from("stage")),
                children,
                version: 1,
            };
            (NodeKind::Page(page), outcomes)
        }
        4 | 5 if journey + 1 < journeys => {
            let inner = journey + 1 + choices.below(journeys - journey - 1);
            let mut names: Vec<Arc<str>> = vec![Arc::from("true"), Arc::from("false")];
            if choices.one_in(3) {
                names.push(Arc::from("error"));
            }
            (
                NodeKind::Inner(JourneyId(u32::try_from(inner).unwrap())),
                names,
            )
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

fn end(path: &str, kind: NodeKind) -> Node {
    Node {
        path: Arc::from(path),
        kind,
        outcomes: Vec::new(),
        doc: None,
        allows: Vec::new(),
        span: Span::default(),
    }
}

fn journey(
    choices: &mut Choices<'_>,
    catalog: &Catalog,
    spans: &mut usize,
    (number, count): (usize, usize),
) -> Journey {
    let mut graph = DiGraph::default();
    let success = graph.add_node(end("success", NodeKind::Success));
    let failure = graph.add_node(end("failure", NodeKind::Failure));
    let loose_end = graph.add_node(end("nowhere", NodeKind::LooseEnd));
    let nodes = 1 + choices.below([12, 6, 4][count - 1]);
    // One of two arms behind a look-up does something that nobody sees, and they meet again.
    let arms = nodes > 5 && choices.one_in(2);
    for at in 0..nodes {
        let mut made = node(choices, catalog, spans, (at, number, count));
        let sort = match at {
            0 => Some(&SORTS[0]),
            1 => Some(&SORTS[[9, 10, 11][choices.below(3)]]),
            2 => Some(&SORTS[*choices.pick(QUIET)]),
            3 if choices.one_in(2) => Some(&SORTS[*choices.pick(QUIET)]),
            _ => None,
        };
        if let Some(sort) = sort.filter(|_| arms && !(at == 2 && choices.one_in(4))) {
            let (task, outcomes) = task_of(choices, catalog, sort);
            made.kind = NodeKind::Task(task);
            made.outcomes = outcomes;
        }
        graph.add_node(made);
    }
    for at in 0..nodes {
        let from = NodeIndex::new(at + 3);
        let target = |choices: &mut Choices<'_>, outcome: usize| match choices.below(4) {
            _ if arms && at == 0 => NodeIndex::new(4),
            _ if arms && at == 1 && outcome == 0 => NodeIndex::new(5),
            _ if arms && at == 1 => NodeIndex::new(6),
            1..4 if arms && (at == 2 || at == 3) => NodeIndex::new(7),
            0 => NodeIndex::new(choices.below(nodes + 3)),
            1 if at + 2 < nodes => NodeIndex::new(at + 5),
            _ if at + 1 < nodes => NodeIndex::new(at + 4),
            _ => failure,
        };
        let span = Span::default();
        for outcome in 0..graph[from].outcomes.len() {
            let on = On::Outcome(OutcomeId(u16::try_from(outcome).unwrap()));
            let to = target(choices, outcome);
            graph.add_edge(from, to, Edge { on, span });
        }
        if choices.one_in(3) || arms && at == 1 {
            let to = target(choices, 1);
            graph.add_edge(
                from,
                to,
                Edge {
                    on: On::Error,
                    span,
                },
            );
        }
    }
    let name: Arc<str> = Arc::from(format!("j{number}"));
    Journey {
        id: JourneyId(u32::try_from(number).unwrap()),
        wire_name: Arc::clone(&name),
        name,
        doc: None,
        settings: JourneySettings {
            inner_only: number > 0,
            ..JourneySettings::default()
        },
        graph,
        start: NodeIndex::new(3),
        success,
        failure,
        loose_end,
        ensures: Vec::new(),
        allows: Vec::new(),
        span: next_span(spans),
    }
}

pub(super) fn program(choices: &mut Choices<'_>) -> Made {
    let mut catalog = Catalog::default();
    for sort in SORTS {
        catalog.add(signature(sort)).unwrap();
    }
    let count = 1 + choices.below(3);
    let mut spans = 0;
    let journeys: Vec<Journey> = (0..count)
        .map(|number| journey(choices, &catalog, &mut spans, (number, count)))
        .collect();
    let names = journeys.iter().map(|j| (Arc::clone(&j.name), j.id));
    let by_name: BTreeMap<Arc<str>, JourneyId> = names.collect();
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

/// An `ensure` line for the first journey.
pub(super) fn ensure(choices: &mut Choices<'_>, made: &Made) -> Ensure {
    let journey = made.journey(JourneyId(0));
    let kind = match choices.below(8) {
        0 => PlaceKind::Proof(*choices.pick(&[Factor::Password, Factor::Push, Factor::Session])),
        1 => {
            let sort = choices.pick(SORTS);
            let (outcome, ..) = *choices.pick(sort.outcomes);
            let outcome = choices.one_in(2).then(|| Arc::from(outcome));
            PlaceKind::Any(made.program.catalog.find(sort.name).unwrap(), outcome)
        }
        2 => {
            let point = Point {
                calls: Vec::new(),
                journey: journey.id,
                node: *choices.pick(&[journey.success, journey.failure]),
                at: At::Node,
            };
            PlaceKind::Points(vec![point])
        }
        _ => PlaceKind::Points(
            (0..=choices.below(2))
                .map(|_| point(choices, made))
                .collect(),
        ),
    };
    let from = if choices.one_in(6) {
        let nodes = journey.graph.node_count() - 3;
        NodeIndex::new(3 + choices.below(nodes))
    } else {
        journey.start
    };
    Ensure {
        label: Arc::from("ensure"),
        from,
        property: Property::SameFace {
            until: Place {
                text: Arc::from("place"),
                kind,
                span: Span::default(),
            },
        },
        span: Span::default(),
    }
}

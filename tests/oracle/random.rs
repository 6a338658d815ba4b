//! Random programs and properties, made from a list of numbers so that a failing one shrinks.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::graph::{DiGraph, NodeIndex};
use wayfare::{
    AuthLevel, Factor, Program, SourceId, SourceMap, Span, Type, Value,
    model::{
        expr::{BinaryOp, Expr, KeyId, Slot},
        journey::{
            Child, Edge, Guard, Journey, JourneyId, JourneySettings, Node, NodeKind, On, OutcomeId,
            Page,
        },
        property::{At, Ensure, Place, PlaceKind, Point, Property},
    },
};

use super::kinds::{KEYS, KINDS, Kind, catalog, task};

/// Numbers to decide by; at their end all decisions are the first choice.
#[derive(Debug)]
pub(super) struct Choices<'a> {
    numbers: &'a [u16],
    at: usize,
}

impl<'a> Choices<'a> {
    pub(super) fn new(numbers: &'a [u16]) -> Self {
        Self { numbers, at: 0 }
    }

    pub(super) fn below(&mut self, count: usize) -> usize {
        let number = self.numbers.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(number) % count.max(1)
    }

    pub(super) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    pub(super) fn pick<'b, T>(&mut self, list: &'b [T]) -> &'b T {
        &list[self.below(list.len())]
    }
}

/// A program, and for each task what it was made of.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) program: Program,
    pub(super) kinds: BTreeMap<(JourneyId, NodeIndex<u32>, u16), (Kind, i64)>,
}

impl Made {
    pub(super) fn kind(
        &self,
        journey: JourneyId,
        node: NodeIndex<u32>,
        child: u16,
    ) -> Option<(Kind, i64)> {
        self.kinds.get(&(journey, node, child)).copied()
    }

    /// The kinds of a node: of a page, those of all its children.
    pub(super) fn all_kinds(&self, stack: &[(JourneyId, NodeIndex<u32>, u16)]) -> Vec<Kind> {
        let (id, node, _) = *stack.last().unwrap();
        let children = (0..).map_while(|child| self.kind(id, node, child));
        children.map(|(kind, _)| kind).collect()
    }

    pub(super) fn journey(&self, id: JourneyId) -> &Journey {
        self.program.journey(id).unwrap()
    }
}

/// What guards may speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guards {
    /// Request parameters, each its own.
    Opaque,
    /// Also state and the level.
    All,
}

pub(super) fn program(choices: &mut Choices<'_>, guards: Guards) -> Made {
    let (catalog, ids) = catalog();
    let count = 1 + choices.below(3);
    let mut kinds = BTreeMap::new();
    let mut journeys = Vec::new();
    let mut spans = 0;
    for id in 0..count {
        let id = JourneyId(u32::try_from(id).unwrap());
        journeys.push(journey(
            choices, guards, id, count, &ids, &mut kinds, &mut spans,
        ));
    }
    let by_name: BTreeMap<Arc<str>, JourneyId> = journeys
        .iter()
        .map(|journey| (Arc::clone(&journey.name), journey.id))
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
    Made { program, kinds }
}

fn next_span(spans: &mut usize) -> Span {
    *spans += 2;
    Span::new(SourceId::default(), *spans, *spans + 1)
}

pub(super) type Kinds = BTreeMap<(JourneyId, NodeIndex<u32>, u16), (Kind, i64)>;

fn journey(
    choices: &mut Choices<'_>,
    guards: Guards,
    id: JourneyId,
    journeys: usize,
    ids: &[wayfare::model::catalog::TypeId],
    kinds: &mut Kinds,
    spans: &mut usize,
) -> Journey {
    let span = next_span(spans);
    let mut graph: DiGraph<Node, Edge, u32> = DiGraph::default();
    let end = |kind| Node {
        path: Arc::from("end"),
        kind,
        outcomes: Vec::new(),
        doc: None,
        allows: Vec::new(),
        span,
    };
    let success = graph.add_node(end(NodeKind::Success));
    let failure = graph.add_node(end(NodeKind::Failure));
    let loose_end = graph.add_node(end(NodeKind::LooseEnd));
    let count = 1 + choices.below(if id.0 == 0 { 8 } else { 4 });
    for number in 0..count {
        let index = NodeIndex::new(3 + number);
        let (kind, outcomes) = node(choices, guards, id, index, journeys, ids, kinds, spans);
        // Some stand in the expansion of a fragment.
        let path = if number % 3 == 2 {
            format!("part.n{number}")
        } else {
            format!("n{number}")
        };
        graph.add_node(Node {
            path: Arc::from(path),
            kind,
            outcomes: outcomes.into_iter().map(Arc::from).collect(),
            doc: None,
            allows: Vec::new(),
            span: next_span(spans),
        });
    }
    let nodes: Vec<NodeIndex<u32>> = graph.node_indices().skip(3).collect();
    for index in nodes.clone() {
        let outcomes = graph[index].outcomes.len();
        for outcome in 0..outcomes {
            let target = target(choices, &nodes, index, [success, failure, loose_end]);
            let on = On::Outcome(OutcomeId(u16::try_from(outcome).unwrap()));
            graph.add_edge(
                index,
                target,
                Edge {
                    on,
                    span: next_span(spans),
                },
            );
        }
        if choices.one_in(4) {
            let target = target(choices, &nodes, index, [success, failure, loose_end]);
            graph.add_edge(
                index,
                target,
                Edge {
                    on: On::Error,
                    span: next_span(spans),
                },
            );
        }
    }
    let name: Arc<str> = Arc::from(format!("j{}", id.0));
    Journey {
        id,
        wire_name: Arc::clone(&name),
        name,
        doc: None,
        settings: JourneySettings {
            inner_only: id.0 > 0 && choices.one_in(2),
            ..JourneySettings::default()
        },
        graph,
        start: nodes[0],
        success,
        failure,
        loose_end,
        ensures: Vec::new(),
        allows: Vec::new(),
        span,
    }
}

fn target(
    choices: &mut Choices<'_>,
    nodes: &[NodeIndex<u32>],
    from: NodeIndex<u32>,
    [success, failure, loose_end]: [NodeIndex<u32>; 3],
) -> NodeIndex<u32> {
    match choices.below(8) {
        // Onwards more often than back, so that ways are long enough.
        0..3 => nodes.get(from.index() - 2).copied().unwrap_or(success),
        3..5 => *choices.pick(nodes),
        5 => success,
        6 => failure,
        _ if choices.one_in(3) => loose_end,
        _ => *choices.pick(nodes),
    }
}

fn leaf(choices: &mut Choices<'_>) -> (Kind, i64) {
    let kind = *choices.pick(KINDS);
    let number = match kind {
        Kind::Limits => choices.below(3),
        Kind::Raises => 1 + choices.below(3),
        Kind::Gate => 1 + choices.below(4),
        _ => 0,
    };
    let number = i64::try_from(number).unwrap();
    if kind == Kind::Raises && choices.one_in(16) {
        (kind, -number)
    } else {
        (kind, number)
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the generator is one function in parts"
)]
fn node(
    choices: &mut Choices<'_>,
    guards: Guards,
    id: JourneyId,
    index: NodeIndex<u32>,
    journeys: usize,
    ids: &[wayfare::model::catalog::TypeId],
    kinds: &mut Kinds,
    spans: &mut usize,
) -> (NodeKind, Vec<String>) {
    let later = journeys - 1 - id.0 as usize;
    match choices.below(8) {
        6 if later > 0 => {
            let inner = id.0 as usize + 1 + choices.below(later);
            let mut outcomes = vec!["true".to_owned(), "false".to_owned()];
            if choices.one_in(2) {
                outcomes.push("error".to_owned());
            }
            (
                NodeKind::Inner(JourneyId(u32::try_from(inner).unwrap())),
                outcomes,
            )
        }
        5 => page(choices, id, index, ids, kinds, spans),
        4 => {
            let mut arms = Vec::new();
            for arm in 0..=choices.below(2) {
                arms.push(Guard {
                    name: Arc::from(format!("{}", arm + 1)),
                    condition: Some(condition(choices, guards, index, arm)),
                    span: next_span(spans),
                });
            }
            arms.push(Guard {
                name: Arc::from("else"),
                condition: None,
                span: next_span(spans),
            });
            let outcomes = arms.iter().map(|arm| arm.name.to_string()).collect();
            (NodeKind::Decision(arms), outcomes)
        }
        _ => {
            let (kind, number) = leaf(choices);
            kinds.insert((id, index, 0), (kind, number));
            let outcomes = kind
                .outcomes()
                .iter()
                .map(|name| (*name).to_owned())
                .collect();
            (NodeKind::Task(task(ids, kind, number)), outcomes)
        }
    }
}

fn page(
    choices: &mut Choices<'_>,
    id: JourneyId,
    index: NodeIndex<u32>,
    ids: &[wayfare::model::catalog::TypeId],
    kinds: &mut Kinds,
    spans: &mut usize,
) -> (NodeKind, Vec<String>) {
    let single: Vec<Kind> = KINDS
        .iter()
        .copied()
        .filter(|k| k.outcomes().len() == 1)
        .collect();
    let count = 1 + choices.below(3);
    let mut children = Vec::new();
    for at in 0..count {
        let (kind, number) = if at + 1 == count {
            leaf(choices)
        } else {
            (*choices.pick(&single), 1)
        };
        let at = u16::try_from(at).unwrap();
        kinds.insert((id, index, at), (kind, number));
        children.push(Child {
            name: Arc::from(format!("c{at}")),
            task: task(ids, kind, number),
            outcomes: kind
                .outcomes()
                .iter()
                .map(|name| Arc::from(*name))
                .collect(),
            span: next_span(spans),
        });
    }
    let outcomes = children[count - 1]
        .outcomes
        .iter()
        .map(ToString::to_string)
        .collect();
    let page = Page {
        header: wayfare::LocalizedText::default(),
        description: wayfare::LocalizedText::default(),
        stage: None,
        children,
        version: 1,
    };
    (NodeKind::Page(page), outcomes)
}

pub(super) fn key(name: &str) -> KeyId {
    KeyId(u32::try_from(KEYS.iter().position(|key| *key == name).unwrap()).unwrap())
}

pub(super) fn compare(slot: Slot, op: BinaryOp, number: i64) -> Expr {
    Expr::Binary(
        op,
        Box::new(Expr::Read(slot, Type::Int)),
        Box::new(Expr::Literal(Value::Int(number))),
    )
}

const OPS: &[BinaryOp] = &[
    BinaryOp::GreaterOrEqual,
    BinaryOp::Less,
    BinaryOp::Equal,
    BinaryOp::Greater,
    BinaryOp::LessOrEqual,
    BinaryOp::NotEqual,
];

fn condition(choices: &mut Choices<'_>, guards: Guards, at: NodeIndex<u32>, arm: usize) -> Expr {
    let opaque = Expr::Has(Slot::Parameter(Arc::from(format!("p{}_{arm}", at.index()))));
    if guards == Guards::Opaque {
        return opaque;
    }
    let number = i64::try_from(1 + choices.below(4)).unwrap();
    let atom = match choices.below(8) {
        0 => compare(Slot::AuthLevel, *choices.pick(OPS), number),
        1 => Expr::Has(Slot::Shared(key("note"))),
        2 => Expr::Has(Slot::Transient(key("ticket"))),
        3 => Expr::Has(Slot::Secure(key("ticket"))),
        4 => Expr::Binary(
            BinaryOp::And,
            Box::new(Expr::Has(Slot::Shared(key("count")))),
            Box::new(compare(
                Slot::Shared(key("count")),
                *choices.pick(OPS),
                number,
            )),
        ),
        5 => Expr::Has(Slot::User(Arc::from("mail"))),
        6 => Expr::Has(Slot::Session(Arc::from("since"))),
        _ => Expr::Has(Slot::Header(Arc::from("x"))),
    };
    match choices.below(6) {
        0 => Expr::Binary(BinaryOp::And, Box::new(atom), Box::new(opaque)),
        1 => Expr::Binary(BinaryOp::Or, Box::new(atom), Box::new(opaque)),
        2 => Expr::Not(Box::new(atom)),
        _ => atom,
    }
}

/// A place seen from the first journey.
pub(super) fn place(choices: &mut Choices<'_>, made: &Made) -> Place {
    let kind = match choices.below(8) {
        0 => {
            let kind = *choices.pick(KINDS);
            let ty = made.program.catalog.find(kind.name()).unwrap();
            let outcome = choices
                .one_in(2)
                .then(|| Arc::from(*choices.pick(kind.outcomes())));
            PlaceKind::Any(ty, outcome)
        }
        1 => PlaceKind::Proof(*choices.pick(&[Factor::Password, Factor::Otp, Factor::Session])),
        2 => {
            // The exit of a fragment: all arrows that leave by it.
            let points = (0..=choices.below(3))
                .map(|_| point(choices, made))
                .collect();
            PlaceKind::Points(points)
        }
        3 | 4 => {
            let journey = made.journey(JourneyId(0));
            let node = *choices.pick(&[journey.success, journey.failure]);
            let point = Point {
                calls: Vec::new(),
                journey: journey.id,
                node,
                at: At::Node,
            };
            PlaceKind::Points(vec![point])
        }
        _ => PlaceKind::Points(vec![point(choices, made)]),
    };
    Place {
        text: Arc::from("place"),
        kind,
        span: Span::default(),
    }
}

pub(super) fn point(choices: &mut Choices<'_>, made: &Made) -> Point {
    let mut calls = Vec::new();
    let mut journey = made.journey(JourneyId(0));
    loop {
        let nodes: Vec<NodeIndex<u32>> = journey
            .graph
            .node_indices()
            .filter(|index| *index != journey.loose_end)
            .collect();
        let node = *choices.pick(&nodes);
        if let NodeKind::Inner(inner) = journey.graph[node].kind
            && !choices.one_in(3)
        {
            calls.push((journey.id, node));
            journey = made.journey(inner);
            continue;
        }
        let at = at(choices, journey, node);
        return Point {
            calls,
            journey: journey.id,
            node,
            at,
        };
    }
}

fn at(choices: &mut Choices<'_>, journey: &Journey, index: NodeIndex<u32>) -> At {
    let node = &journey.graph[index];
    let outcome = |choices: &mut Choices<'_>, count: usize| {
        OutcomeId(u16::try_from(choices.below(count)).unwrap())
    };
    match (choices.below(6), &node.kind) {
        (1 | 2, NodeKind::Page(page)) => {
            let child = choices.below(page.children.len());
            let number = u16::try_from(child).unwrap();
            if choices.one_in(2) {
                At::Child(number)
            } else {
                let count = page.children[child].outcomes.len();
                At::ChildOutcome(number, outcome(choices, count))
            }
        }
        (0..=3, _) if !node.outcomes.is_empty() => {
            At::Outcome(outcome(choices, node.outcomes.len()))
        }
        (4, _) if !node.outcomes.is_empty() => At::Error,
        _ => At::Node,
    }
}

/// A property of each form.
pub(super) fn ensures(choices: &mut Choices<'_>, made: &Made, guards: Guards) -> Vec<Ensure> {
    let mut list = Vec::new();
    let mut add = |choices: &mut Choices<'_>, property| {
        let journey = made.journey(JourneyId(0));
        // A fragment begins in the midst of the journey.
        let from = if choices.one_in(6) {
            let ends = [journey.success, journey.failure, journey.loose_end];
            let nodes = journey.graph.node_indices();
            let nodes: Vec<_> = nodes.filter(|node| !ends.contains(node)).collect();
            *choices.pick(&nodes)
        } else {
            journey.start
        };
        list.push(Ensure {
            label: Arc::from("ensure"),
            from,
            property,
            span: Span::default(),
        });
    };
    for _ in 0..2 {
        let to = place(choices, made);
        let passes = (0..=choices.below(2))
            .map(|_| place(choices, made))
            .collect();
        add(choices, Property::EveryPath { to, passes });
        let (what, after) = (place(choices, made), place(choices, made));
        add(choices, Property::Never { what, after });
        let visits = choices.below(5) as u64;
        let of = place(choices, made);
        add(choices, Property::AtMost { visits, of });
    }
    if guards == Guards::Opaque {
        return list;
    }
    for _ in 0..2 {
        let level = AuthLevel::saturating(i64::try_from(1 + choices.below(5)).unwrap());
        let at = place(choices, made);
        add(choices, Property::LevelAtLeast { level, place: at });
        let slot = choices
            .pick(&[
                Slot::Shared(key("note")),
                Slot::Transient(key("ticket")),
                Slot::Secure(key("ticket")),
                Slot::User(Arc::from("mail")),
                Slot::Session(Arc::from("since")),
                Slot::Header(Arc::from("x")),
            ])
            .clone();
        let at = place(choices, made);
        add(choices, Property::Has { slot, place: at });
        let number = i64::try_from(1 + choices.below(4)).unwrap();
        let condition = compare(Slot::Shared(key("count")), *choices.pick(OPS), number);
        let at = place(choices, made);
        add(
            choices,
            Property::Holds {
                condition,
                place: at,
            },
        );
    }
    list
}

/// A program in few lines, for messages.
pub(super) fn show(made: &Made) -> String {
    use petgraph::visit::EdgeRef;
    use std::fmt::Write as _;
    let mut text = String::new();
    for journey in &made.program.journeys {
        let _ = writeln!(
            text,
            "journey {} inner_only={}",
            journey.name, journey.settings.inner_only
        );
        for (index, node) in journey
            .graph
            .node_indices()
            .zip(journey.graph.node_weights())
        {
            let what = match &node.kind {
                NodeKind::Task(_) => format!("{:?}", made.kind(journey.id, index, 0)),
                NodeKind::Page(page) => {
                    let kinds = (0..page.children.len())
                        .map(|at| made.kind(journey.id, index, u16::try_from(at).unwrap()));
                    format!("page {:?}", kinds.collect::<Vec<_>>())
                }
                NodeKind::Inner(inner) => format!("inner {}", inner.0),
                NodeKind::Decision(arms) => {
                    let arms = arms.iter().map(|arm| format!("{:?}", arm.condition));
                    format!("decision {}", arms.collect::<Vec<_>>().join(" | "))
                }
                NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => continue,
            };
            let arrows: Vec<String> = journey
                .graph
                .edges(index)
                .map(|edge| format!("{:?}->{}", edge.weight().on, edge.target().index()))
                .collect();
            let _ = writeln!(text, "  {} {what}: {}", index.index(), arrows.join(" "));
        }
    }
    text
}

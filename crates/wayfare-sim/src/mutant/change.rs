//! Small changes to a program: what somebody might get wrong, one at a time.
//!
//! In: a program. Out: its mutants in the order of journeys and nodes, each with the program it makes. An
//! arrow is redirected to success, to failure, to the start and to where another arrow of its node leads;
//! two outcomes of a node change places; a node is passed by as each of its outcomes would have it; limits,
//! levels and expiries move by one; a guard says the contrary.

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use petgraph::{
    graph::{EdgeIndex, NodeIndex},
    visit::EdgeRef,
};
use wayfare::{
    Program, Value,
    model::{
        expr::Expr,
        journey::{Journey, JourneyId, Node, NodeKind, On, SettingValue, Task},
    },
};

/// What kind of change a mutant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An arrow leads elsewhere.
    Redirected,
    /// Two outcomes have changed places.
    Swapped,
    /// A node is passed by.
    Dropped,
    /// A limit of tries is one more or less.
    Limit,
    /// A level is one more or less.
    Level,
    /// Something lapses a minute sooner or later.
    Expiry,
    /// A guard says the contrary.
    Guard,
}

impl Kind {
    /// The word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Redirected => "redirected",
            Self::Swapped => "swapped",
            Self::Dropped => "dropped",
            Self::Limit => "limit",
            Self::Level => "level",
            Self::Expiry => "expiry",
            Self::Guard => "guard",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    Redirect(EdgeIndex<u32>, NodeIndex<u32>),
    Swap(EdgeIndex<u32>, EdgeIndex<u32>),
    Bypass(EdgeIndex<u32>),
    Setting(Option<usize>, Arc<str>, Value),
    Negate(usize),
}

/// A program with one small change in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mutant {
    /// What kind of change.
    pub kind: Kind,
    /// The journey that is changed, by its identifier.
    pub journey: Arc<str>,
    /// The node.
    pub node: Arc<str>,
    /// The change in words.
    pub text: String,
    /// The instant around which it makes a difference, where it is an expiry.
    pub expiry: Option<Duration>,
    id: JourneyId,
    at: NodeIndex<u32>,
    change: Change,
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.journey, self.text)
    }
}

/// Every mutant of a program.
pub fn mutants(program: &Program) -> Vec<Mutant> {
    let mut all = Vec::new();
    for journey in &program.journeys {
        for (at, node) in journey
            .graph
            .node_indices()
            .zip(journey.graph.node_weights())
        {
            let mut maker = Maker {
                journey,
                at,
                node,
                all: &mut all,
            };
            maker.arrows();
            match &node.kind {
                NodeKind::Task(task) => maker.settings(None, task),
                NodeKind::Page(page) => {
                    for (child, of) in page.children.iter().enumerate() {
                        maker.settings(Some(child), &of.task);
                    }
                }
                NodeKind::Decision(arms) => {
                    for (arm, guard) in arms
                        .iter()
                        .enumerate()
                        .filter(|(_, guard)| guard.condition.is_some())
                    {
                        maker.push(
                            Kind::Guard,
                            format!(
                                "the guard `{}` of `{}` says the contrary",
                                guard.name, node.path
                            ),
                            Change::Negate(arm),
                        );
                    }
                }
                NodeKind::Inner(_) | NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => {
                }
            }
        }
    }
    all
}

struct Maker<'a> {
    journey: &'a Journey,
    at: NodeIndex<u32>,
    node: &'a Node,
    all: &'a mut Vec<Mutant>,
}

impl Maker<'_> {
    fn push(&mut self, kind: Kind, text: String, change: Change) {
        self.all.push(Mutant {
            kind,
            journey: Arc::clone(&self.journey.name),
            node: Arc::clone(&self.node.path),
            text,
            expiry: None,
            id: self.journey.id,
            at: self.at,
            change,
        });
    }

    fn name(&self, node: NodeIndex<u32>) -> String {
        match self.journey.graph.node_weight(node) {
            Some(Node {
                kind: NodeKind::Success,
                ..
            }) => "success".to_owned(),
            Some(Node {
                kind: NodeKind::Failure,
                ..
            }) => "failure".to_owned(),
            Some(Node {
                kind: NodeKind::LooseEnd,
                ..
            }) => "nowhere".to_owned(),
            Some(node) => format!("`{}`", node.path),
            None => String::new(),
        }
    }

    fn arrow(&self, on: On) -> String {
        match on {
            On::Error => format!("`on error` of `{}`", self.node.path),
            On::Outcome(outcome) => {
                let name = self
                    .node
                    .outcomes
                    .get(outcome.index())
                    .map_or("", |name| name);
                format!("`{}.{name}`", self.node.path)
            }
        }
    }

    fn arrows(&mut self) {
        let journey = self.journey;
        let mut edges: Vec<(On, EdgeIndex<u32>, NodeIndex<u32>)> = journey
            .graph
            .edges(self.at)
            .map(|edge| (edge.weight().on, edge.id(), edge.target()))
            .collect();
        edges.sort_unstable();
        let beside: Vec<NodeIndex<u32>> = edges.iter().map(|(_, _, to)| *to).collect();
        for (on, edge, to) in &edges {
            let mut told = BTreeSet::from([*to, self.at]);
            let others = [journey.success, journey.failure, journey.start]
                .into_iter()
                .chain(beside.iter().copied());
            for other in others {
                if told.insert(other) {
                    let text = format!(
                        "{} leads to {}, not to {}",
                        self.arrow(*on),
                        self.name(other),
                        self.name(*to)
                    );
                    self.push(Kind::Redirected, text, Change::Redirect(*edge, other));
                }
            }
        }
        for (at, (on, edge, to)) in edges.iter().enumerate() {
            for (other, swapped, other_to) in edges.iter().skip(at + 1) {
                if to != other_to {
                    let text = format!(
                        "{} and {} have changed places",
                        self.arrow(*on),
                        self.arrow(*other)
                    );
                    self.push(Kind::Swapped, text, Change::Swap(*edge, *swapped));
                }
            }
        }
        let mut told = BTreeSet::from([self.at]);
        for (on, edge, to) in &edges {
            if *on != On::Error && told.insert(*to) {
                let text = format!(
                    "`{}` is passed by, on to {}",
                    self.node.path,
                    self.name(*to)
                );
                self.push(Kind::Dropped, text, Change::Bypass(*edge));
            }
        }
    }

    fn settings(&mut self, child: Option<usize>, task: &Task) {
        for (key, value) in &task.settings {
            let SettingValue::Constant(value) = value else {
                continue;
            };
            let kind = match &**key {
                "retryLimit" => Kind::Limit,
                "authLevelIncrement" | "authLevelRequirement" => Kind::Level,
                "passwordExpiryTime" => Kind::Expiry,
                _ => continue,
            };
            for more in [true, false] {
                let Some((changed, expiry)) = moved(value, more) else {
                    continue;
                };
                let how = if more { "more" } else { "less" };
                let text = format!("`{key}` of `{}` is one {how}", self.node.path);
                self.push(kind, text, Change::Setting(child, Arc::clone(key), changed));
                if let Some(mutant) = self.all.last_mut() {
                    mutant.expiry = expiry;
                }
            }
        }
    }
}

/// A value moved by one, and for a time the instant that tells both apart.
fn moved(value: &Value, more: bool) -> Option<(Value, Option<Duration>)> {
    match value {
        Value::Int(number) if more => Some((Value::Int(number.checked_add(1)?), None)),
        Value::Int(number) if *number > 0 => Some((Value::Int(number - 1), None)),
        Value::Duration(span) => {
            let (minute, half) = (Duration::from_secs(60), Duration::from_secs(30));
            if more {
                Some((
                    Value::Duration(span.checked_add(minute)?),
                    Some(span.checked_add(half)?),
                ))
            } else {
                Some((
                    Value::Duration(span.checked_sub(minute)?),
                    Some(span.checked_sub(half)?),
                ))
            }
        }
        _ => None,
    }
}

impl Mutant {
    /// The program with the change in it.
    pub fn program(&self, original: &Program) -> Program {
        let mut program = original.clone();
        let Some(journey) = program.journeys.get_mut(self.id.index()) else {
            return program;
        };
        match &self.change {
            Change::Redirect(edge, to) => rewire(
                journey,
                |at, _, target| if at == *edge { *to } else { target },
            ),
            Change::Swap(one, other) => {
                let target =
                    |edge: EdgeIndex<u32>| journey.graph.edge_endpoints(edge).map(|(_, to)| to);
                let (first, second) = (target(*one), target(*other));
                rewire(journey, |at, _, old| {
                    let new = if at == *one {
                        second
                    } else if at == *other {
                        first
                    } else {
                        None
                    };
                    new.unwrap_or(old)
                });
            }
            Change::Bypass(edge) => {
                let Some((_, to)) = journey.graph.edge_endpoints(*edge) else {
                    return program;
                };
                let dropped = self.at;
                rewire(journey, |_, from, old| {
                    if old == dropped && from != dropped {
                        to
                    } else {
                        old
                    }
                });
                if journey.start == dropped {
                    journey.start = to;
                }
            }
            Change::Setting(child, key, value) => {
                if let Some(node) = journey.graph.node_weight_mut(self.at) {
                    set(node, *child, key, value);
                }
            }
            Change::Negate(arm) => {
                if let Some(Node {
                    kind: NodeKind::Decision(arms),
                    ..
                }) = journey.graph.node_weight_mut(self.at)
                    && let Some(guard) = arms.get_mut(*arm)
                {
                    guard.condition = guard.condition.take().map(|condition| match condition {
                        Expr::Not(inner) => *inner,
                        other => Expr::Not(Box::new(other)),
                    });
                }
            }
        }
        program
    }

    /// Whether the change leaves a node alone that whoever made it would have taken out too.
    pub(super) fn leaves_a_node(&self) -> bool {
        self.kind == Kind::Dropped
    }
}

fn set(node: &mut Node, child: Option<usize>, key: &str, value: &Value) {
    let task = match (&mut node.kind, child) {
        (NodeKind::Task(task), None) => Some(task),
        (NodeKind::Page(page), Some(child)) => {
            page.children.get_mut(child).map(|child| &mut child.task)
        }
        _ => None,
    };
    let settings = task.map(|task| task.settings.iter_mut());
    if let Some((_, old)) =
        settings.and_then(|mut settings| settings.find(|(name, _)| &**name == key))
    {
        *old = SettingValue::Constant(value.clone());
    }
}

/// Draws every arrow again, in the same order, to where it is told to lead.
fn rewire(
    journey: &mut Journey,
    to: impl Fn(EdgeIndex<u32>, NodeIndex<u32>, NodeIndex<u32>) -> NodeIndex<u32>,
) {
    let edges: Vec<_> = journey
        .graph
        .edge_indices()
        .filter_map(|edge| {
            let (from, target) = journey.graph.edge_endpoints(edge)?;
            Some((
                from,
                to(edge, from, target),
                *journey.graph.edge_weight(edge)?,
            ))
        })
        .collect();
    journey.graph.clear_edges();
    for (from, target, weight) in edges {
        journey.graph.add_edge(from, target, weight);
    }
}

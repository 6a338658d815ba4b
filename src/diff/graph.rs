//! A journey as what can be seen of it: labelled nodes and arrows.
//!
//! The label of a node is its type, for a page the types of its children, for an inner journey its name on
//! the wire. Names of nodes, settings, docs and spans are no part of it. Arrows are labelled by outcomes
//! as they are seen from outside; the arms of a decision by their conditions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use petgraph::visit::EdgeRef as _;

use crate::model::{
    journey::{Journey, Node, NodeKind, On, Task},
    program::Program,
    signature::Known,
};

/// What an arrow is taken on, as it is seen.
pub(super) type Way = Arc<str>;

/// A node.
#[derive(Debug)]
pub(super) struct Spot {
    /// What it is.
    pub(super) label: Arc<str>,
    /// The name for people: its path, or the end it is.
    pub(super) name: Arc<str>,
    /// The callbacks it may ask, in order.
    pub(super) asks: Vec<Arc<str>>,
    /// Whether it is an end.
    pub(super) is_end: bool,
    /// Where its arrows lead.
    pub(super) ways: BTreeMap<Way, (u32, On)>,
}

/// A journey.
#[derive(Debug)]
pub(super) struct Graph<'a> {
    /// The program.
    pub(super) program: &'a Program,
    /// The journey.
    pub(super) journey: &'a Journey,
    /// Its nodes by number.
    pub(super) spots: Vec<Spot>,
    /// Where it starts.
    pub(super) start: u32,
}

/// The most asks that are told apart behind an arrow.
const ASKS_MAX: usize = 8;

impl<'a> Graph<'a> {
    /// The graph of a journey.
    pub(super) fn new(program: &'a Program, journey: &'a Journey) -> Self {
        let spots = journey
            .graph
            .node_indices()
            .zip(journey.graph.node_weights())
            .map(|(index, node)| {
                let mut ways = BTreeMap::new();
                for edge in journey.graph.edges(index) {
                    let to = number(edge.target().index());
                    let on = edge.weight().on;
                    let mut way = way_text(program, node, on);
                    // Two arms may have one condition; the second is never taken.
                    while ways.contains_key(&way) {
                        way = Arc::from(format!("{way}'"));
                    }
                    ways.insert(way, (to, on));
                }
                Spot {
                    label: label(program, node),
                    name: name(node),
                    asks: asks(program, node),
                    is_end: is_end(node),
                    ways,
                }
            })
            .collect();
        Self {
            program,
            journey,
            spots,
            start: number(journey.start.index()),
        }
    }

    /// A node by number.
    pub(super) fn spot(&self, at: u32) -> Option<&Spot> {
        self.spots.get(at as usize)
    }

    /// The node in the model.
    pub(super) fn node(&self, at: u32) -> Option<&'a Node> {
        self.journey
            .graph
            .node_weight(petgraph::graph::NodeIndex::new(at as usize))
    }

    /// By node, what is asked first from there on; `None` where that is too much to tell.
    pub(super) fn first_asks(&self) -> Vec<Option<BTreeSet<Arc<str>>>> {
        let mut known: Vec<Option<BTreeSet<Arc<str>>>> = self
            .spots
            .iter()
            .map(|spot| Some(spot.own_ask().into_iter().collect()))
            .collect();
        let mut into: Vec<Vec<u32>> = vec![Vec::new(); self.spots.len()];
        for (from, spot) in (0..).zip(&self.spots) {
            if spot.own_ask().is_none() {
                for (to, _) in spot.ways.values() {
                    if let Some(list) = into.get_mut(*to as usize) {
                        list.push(from);
                    }
                }
            }
        }
        let mut open: Vec<u32> = (0..number(self.spots.len())).collect();
        while let Some(at) = open.pop() {
            let here = known.get(at as usize).cloned().flatten();
            for from in into.get(at as usize).into_iter().flatten() {
                let Some(place) = known.get_mut(*from as usize) else {
                    continue;
                };
                let before = place.as_ref().map(BTreeSet::len);
                *place = match (place.take(), &here) {
                    (Some(mut mine), Some(theirs)) => {
                        mine.extend(theirs.iter().cloned());
                        (mine.len() <= ASKS_MAX).then_some(mine)
                    }
                    _ => None,
                };
                if place.as_ref().map(BTreeSet::len) != before {
                    open.push(*from);
                }
            }
        }
        known
    }
}

impl Spot {
    /// What it asks as one text; nothing where it does not.
    fn own_ask(&self) -> Option<Arc<str>> {
        if self.label.starts_with(INNER) {
            return Some(Arc::clone(&self.label));
        }
        (!self.asks.is_empty()).then(|| Arc::from(self.asks.join(", ")))
    }
}

const INNER: &str = "journey ";

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn is_end(node: &Node) -> bool {
    matches!(
        node.kind,
        NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
    )
}

fn name(node: &Node) -> Arc<str> {
    match node.kind {
        NodeKind::Success => Arc::from("success"),
        NodeKind::Failure => Arc::from("failure"),
        NodeKind::LooseEnd => Arc::from("nowhere"),
        NodeKind::Task(_) | NodeKind::Decision(_) | NodeKind::Page(_) | NodeKind::Inner(_) => {
            Arc::clone(&node.path)
        }
    }
}

/// The type of a task with its version, as one word.
pub(super) fn type_text(program: &Program, task: &Task) -> String {
    let name = program.catalog.get(task.ty).map_or("?", |s| &*s.name);
    match task.version {
        1 => name.to_owned(),
        version => format!("{name}@{version}"),
    }
}

fn label(program: &Program, node: &Node) -> Arc<str> {
    match &node.kind {
        NodeKind::Success => Arc::from("success"),
        NodeKind::Failure => Arc::from("failure"),
        NodeKind::LooseEnd => Arc::from("nowhere"),
        NodeKind::Decision(_) => Arc::from("Decision"),
        NodeKind::Task(task) => Arc::from(type_text(program, task)),
        NodeKind::Inner(inner) => {
            let wire = program.journey(*inner).map_or("?", |j| &*j.wire_name);
            Arc::from(format!("{INNER}{wire}"))
        }
        NodeKind::Page(page) => {
            let children: Vec<String> = page
                .children
                .iter()
                .map(|child| type_text(program, &child.task))
                .collect();
            Arc::from(format!("Page [{}]", children.join(", ")))
        }
    }
}

fn asks(program: &Program, node: &Node) -> Vec<Arc<str>> {
    let of = |task: &Task| -> Vec<Arc<str>> {
        let signature = program.catalog.get(task.ty);
        let signature = signature.filter(|signature| signature.asks != Known::Is(false));
        signature.map_or_else(Vec::new, |signature| {
            let names = signature.callbacks.iter();
            names
                .map(|name| Arc::from(name.strip_suffix("Callback").unwrap_or(name)))
                .collect()
        })
    };
    match &node.kind {
        NodeKind::Task(task) => of(task),
        NodeKind::Page(page) => page.children.iter().flat_map(|c| of(&c.task)).collect(),
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => Vec::new(),
    }
}

/// The condition of an arm of a decision, `else` for the last.
pub(super) fn arm_text(program: &Program, node: &Node, at: usize) -> Option<String> {
    let NodeKind::Decision(arms) = &node.kind else {
        return None;
    };
    let arm = arms.get(at)?;
    let condition = arm.condition.as_ref();
    Some(condition.map_or_else(|| "else".to_owned(), |c| c.text(&program.keys)))
}

fn way_text(program: &Program, node: &Node, on: On) -> Way {
    let On::Outcome(outcome) = on else {
        return Arc::from("on error");
    };
    let at = outcome.index();
    if let Some(text) = arm_text(program, node, at) {
        return Arc::from(text);
    }
    // In a page of version 2 the outcome has the name of the child in it, which nobody sees.
    let names = match &node.kind {
        NodeKind::Page(page) => match page.children.last() {
            Some(child) if child.outcomes.len() == node.outcomes.len() => &child.outcomes,
            Some(_) | None => &node.outcomes,
        },
        NodeKind::Task(_)
        | NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => &node.outcomes,
    };
    names.get(at).map_or_else(|| Arc::from("?"), Arc::clone)
}

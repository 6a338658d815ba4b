//! What is known of every node before any run: what may still be read from there, and whether a secret
//! may be compared before the next stop.
//!
//! Both are asked at every stop of every run, so both are worked out when a program is linked. Reading
//! comes from signatures, guards and computed settings alone. Every pass here is a work list or a single
//! sweep over the components of the graph; nothing recurses.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::{
    algo::kosaraju_scc,
    graph::{DiGraph, NodeIndex},
};

use crate::{
    engine::plan::{Kind, NOWHERE, Plan},
    model::expr::{KeyId, Slot},
};

/// Something sensitive that may be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Input {
    /// A key of transient or secure state.
    Key(KeyId),
    /// An attribute of the profile under construction.
    Member(Arc<str>),
}

/// What one node reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reads {
    pub(crate) inputs: Vec<Input>,
    /// `*`
    pub(crate) everything: bool,
}

impl Reads {
    /// Adds what an expression reads.
    pub(crate) fn slot(&mut self, slot: &Slot) {
        match slot {
            Slot::Transient(key) | Slot::Secure(key) => self.inputs.push(Input::Key(*key)),
            Slot::Object(name) => self.inputs.push(Input::Member(Arc::clone(name))),
            Slot::Shared(_)
            | Slot::Header(_)
            | Slot::Cookie(_)
            | Slot::Parameter(_)
            | Slot::ClientAddress
            | Slot::Host
            | Slot::Locale
            | Slot::Environment(_)
            | Slot::Session(_)
            | Slot::SessionLevel
            | Slot::User(_)
            | Slot::Realm
            | Slot::AuthLevel => {}
        }
    }
}

/// A set of inputs: one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Row {
    words: Vec<u64>,
    everything: bool,
}

impl Row {
    fn join(&mut self, other: &Self) {
        self.everything |= other.everything;
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    fn set(&mut self, bit: usize) {
        if self.words.len() <= bit / 64 {
            self.words.resize(bit / 64 + 1, 0);
        }
        if let Some(word) = self.words.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    fn has(&self, bit: usize) -> bool {
        self.words
            .get(bit / 64)
            .is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }
}

/// The bits that inputs have in rows.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    keys: BTreeMap<KeyId, usize>,
    members: BTreeMap<Arc<str>, usize>,
}

impl Inputs {
    /// Whether the key is among a set.
    pub(crate) fn key(&self, row: &Row, key: KeyId) -> bool {
        row.everything || self.keys.get(&key).is_some_and(|bit| row.has(*bit))
    }

    /// Whether the attribute is among a set.
    pub(crate) fn member(&self, row: &Row, name: &str) -> bool {
        row.everything || self.members.get(name).is_some_and(|bit| row.has(*bit))
    }

    fn row(&mut self, reads: &Reads) -> Row {
        let mut row = Row {
            words: Vec::new(),
            everything: reads.everything,
        };
        for input in &reads.inputs {
            let next = self.keys.len() + self.members.len();
            row.set(match input {
                Input::Key(key) => *self.keys.entry(*key).or_insert(next),
                Input::Member(name) => *self.members.entry(Arc::clone(name)).or_insert(next),
            });
        }
        row
    }
}

/// What a node means to the two questions.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeFacts {
    pub(crate) reads: Reads,
    /// Whether it may compare a secret.
    pub(crate) verifies: bool,
    /// Whether it always stops before it goes on.
    pub(crate) stops: bool,
}

/// Fills the answers into the labels and journeys of a plan.
pub(crate) fn annotate(plan: &mut Plan, facts: &[NodeFacts]) -> Inputs {
    let mut inputs = Inputs::default();
    let own: Vec<Row> = facts.iter().map(|node| inputs.row(&node.reads)).collect();
    journey_inputs(plan, &own);
    live_rows(plan, own);
    comparisons(plan, facts);
    inputs
}

/// What each journey reads at any depth: its own nodes first, then along the calls.
fn journey_inputs(plan: &mut Plan, own: &[Row]) {
    let mut calls = DiGraph::<(), (), u32>::default();
    for _ in &plan.journeys {
        calls.add_node(());
    }
    let mut rows = vec![Row::default(); plan.journeys.len()];
    for ((node, label), reads) in plan.nodes.iter().zip(&plan.labels).zip(own) {
        if let Some(row) = rows.get_mut(label.journey as usize) {
            row.join(reads);
        }
        if node.kind == Kind::Inner {
            calls.update_edge(
                NodeIndex::new(label.journey as usize),
                NodeIndex::new(node.body as usize),
                (),
            );
        }
    }
    // Callees come first, so that one sweep is enough.
    for component in kosaraju_scc(&calls) {
        let mut joined = Row::default();
        for journey in &component {
            if let Some(row) = rows.get(journey.index()) {
                joined.join(row);
            }
            for callee in calls.neighbors(*journey) {
                if let Some(row) = rows.get(callee.index()) {
                    joined.join(row);
                }
            }
        }
        for journey in component {
            if let Some(row) = rows.get_mut(journey.index()) {
                row.clone_from(&joined);
            }
        }
    }
    for (journey, row) in plan.journeys.iter_mut().zip(rows) {
        journey.inputs = row;
    }
}

/// What may be read from each node on, within its journey.
fn live_rows(plan: &mut Plan, mut rows: Vec<Row>) {
    let mut graph = DiGraph::<(), (), u32>::with_capacity(plan.nodes.len(), plan.targets.len());
    for _ in &plan.nodes {
        graph.add_node(());
    }
    for (at, node) in plan.nodes.iter().enumerate() {
        for to in plan.successors(*node) {
            graph.add_edge(NodeIndex::new(at), NodeIndex::new(to as usize), ());
        }
        if node.kind == Kind::Inner
            && let (Some(row), Some(inner)) = (rows.get_mut(at), plan.journey(node.body))
        {
            row.join(&inner.inputs);
        }
    }
    for component in kosaraju_scc(&graph) {
        let mut joined = Row::default();
        for node in &component {
            if let Some(row) = rows.get(node.index()) {
                joined.join(row);
            }
            for next in graph.neighbors(*node) {
                if let Some(row) = rows.get(next.index()) {
                    joined.join(row);
                }
            }
        }
        for node in component {
            if let Some(row) = rows.get_mut(node.index()) {
                row.clone_from(&joined);
            }
        }
    }
    for (label, row) in plan.labels.iter_mut().zip(rows) {
        label.live = row;
    }
}

/// From which nodes a comparison is reached before the next stop: backwards from those that compare.
///
/// A node counts twice, as entered and as resumed: one that asks goes on only when it is resumed, but
/// may fail when it is entered. An inner journey returns to every caller; that reads a little too much
/// and never too little.
fn comparisons(plan: &mut Plan, facts: &[NodeFacts]) {
    let points = Points {
        nodes: plan.nodes.len(),
        journeys: plan.journeys.len(),
    };
    let mut into: Vec<Vec<u32>> = vec![Vec::new(); points.count()];
    let mut edge = |from: usize, to: usize| {
        if let (Some(list), Ok(from)) = (into.get_mut(to), u32::try_from(from)) {
            list.push(from);
        }
    };
    for (at, (node, label)) in plan.nodes.iter().zip(&plan.labels).enumerate() {
        let journey = label.journey as usize;
        let failed = if node.error == NOWHERE {
            points.failed(journey)
        } else {
            node.error as usize
        };
        edge(at, failed);
        edge(points.resumed(at), failed);
        match node.kind {
            Kind::Success | Kind::Failure => edge(at, points.ended(journey)),
            Kind::LooseEnd => edge(at, points.failed(journey)),
            Kind::Inner => {
                let inner = node.body as usize;
                if let Some(inner) = plan.journey(node.body) {
                    edge(at, inner.start as usize);
                }
                for to in plan.successors(*node) {
                    edge(points.ended(inner), to as usize);
                }
                let error = label.inner.and_then(|outcomes| outcomes.error);
                let wired = error.and_then(|outcome| plan.target(*node, outcome));
                edge(points.failed(inner), wired.map_or(failed, |to| to as usize));
            }
            Kind::Task | Kind::Page => {
                for to in plan.successors(*node) {
                    edge(points.resumed(at), to as usize);
                }
                if !facts.get(at).is_some_and(|fact| fact.stops) {
                    edge(at, points.resumed(at));
                }
            }
        }
    }
    let compares = facts
        .iter()
        .enumerate()
        .filter(|(_, fact)| fact.verifies)
        .filter_map(|(at, _)| u32::try_from(points.resumed(at)).ok());
    let reached = backwards(&into, compares.collect());
    let bit = |at: usize| reached.get(at).copied().unwrap_or(true);
    for (at, label) in plan.labels.iter_mut().enumerate() {
        label.verifies_entered = bit(at);
        label.verifies_resumed = bit(points.resumed(at));
    }
}

/// Where a run may be, as numbers: nodes entered, nodes resumed, journeys ended, journeys failed.
#[derive(Debug, Clone, Copy)]
struct Points {
    nodes: usize,
    journeys: usize,
}

impl Points {
    fn resumed(self, node: usize) -> usize {
        self.nodes + node
    }

    fn ended(self, journey: usize) -> usize {
        2 * self.nodes + journey
    }

    fn failed(self, journey: usize) -> usize {
        2 * self.nodes + self.journeys + journey
    }

    fn count(self) -> usize {
        2 * (self.nodes + self.journeys)
    }
}

/// Everything from which one of these points is reached.
fn backwards(into: &[Vec<u32>], mut work: Vec<u32>) -> Vec<bool> {
    let mut reached = vec![false; into.len()];
    for at in &work {
        if let Some(bit) = reached.get_mut(*at as usize) {
            *bit = true;
        }
    }
    // BOUND: a point is put on the list once, when its bit turns.
    while let Some(at) = work.pop() {
        for from in into.get(at as usize).into_iter().flatten() {
            if let Some(bit) = reached.get_mut(*from as usize)
                && !*bit
            {
                *bit = true;
                work.push(*from);
            }
        }
    }
    reached
}

//! What becomes of arrows that are taken on errors.
//!
//! In: a program. Out: for each node with such an arrow, whether the product does the same without it. In
//! the product a node that fails fails its run, and one in an inner journey that of its caller; it has no
//! arrow that says otherwise. So an arrow into failure needs no counterpart where no caller could tell the
//! one from the other, and any other arrow has none.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::visit::EdgeRef as _;
use wayfare::model::{
    journey::{Journey, JourneyId, NodeKind, On},
    program::Program,
};

/// Which journeys may end in failure where the product breaks off.
#[derive(Debug)]
pub(super) struct Callers {
    /// Journeys whose failure and whose breaking look different to a caller.
    told_apart: BTreeSet<JourneyId>,
}

/// The journeys that a journey calls.
pub(super) fn called<'p>(program: &'p Program, journey: &Journey) -> Vec<&'p Journey> {
    let nodes = journey.graph.node_weights();
    let ids = nodes.filter_map(|node| match node.kind {
        NodeKind::Inner(id) => Some(id),
        _ => None,
    });
    ids.filter_map(|id| program.journey(id)).collect()
}

impl Callers {
    pub(super) fn new(program: &Program) -> Self {
        let mut callers: BTreeMap<JourneyId, Vec<JourneyId>> = BTreeMap::new();
        let mut told_apart = BTreeSet::new();
        for journey in &program.journeys {
            for at in journey.graph.node_indices() {
                let Some(node) = journey.graph.node_weight(at) else {
                    continue;
                };
                let NodeKind::Inner(inner) = node.kind else {
                    continue;
                };
                callers.entry(inner).or_default().push(journey.id);
                // Failing by `false` and breaking are one thing only where both fail the caller.
                let same = journey.graph.edges(at).all(|edge| match edge.weight().on {
                    On::Outcome(outcome) => {
                        let name = node.outcomes.get(outcome.index());
                        name.is_some_and(|name| &**name == "true")
                            || edge.target() == journey.failure
                    }
                    On::Error => edge.target() == journey.failure,
                });
                if !same {
                    told_apart.insert(inner);
                }
            }
        }
        // What a caller's caller can tell, a caller that fails with it can tell too.
        let mut inner_of: BTreeMap<JourneyId, Vec<JourneyId>> = BTreeMap::new();
        for (inner, outer) in &callers {
            for outer in outer {
                inner_of.entry(*outer).or_default().push(*inner);
            }
        }
        let mut open: Vec<JourneyId> = told_apart.iter().copied().collect();
        while let Some(id) = open.pop() {
            for inner in inner_of.get(&id).into_iter().flatten() {
                if told_apart.insert(*inner) {
                    open.push(*inner);
                }
            }
        }
        Self { told_apart }
    }

    /// Why an arrow on an error from a node has no counterpart; `None` where it needs none.
    pub(super) fn refusal(
        &self,
        journey: &Journey,
        at: petgraph::graph::NodeIndex<u32>,
    ) -> Option<&'static str> {
        let target = journey
            .graph
            .edges(at)
            .find(|edge| edge.weight().on == On::Error)?
            .target();
        if target != journey.failure {
            return Some("`on error` leads on: in the product a node that breaks ends the run");
        }
        self.told_apart.contains(&journey.id).then_some(
            "`on error -> failure` fails this journey, and its caller goes on from there: in the \
             product the caller breaks as well",
        )
    }
}

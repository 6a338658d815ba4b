//! What a run can stand at: a node, a child of a page, a call, an end.
//!
//! In: a node. Out: the facts that hold on every visit of it, whichever way it is left. What depends on the
//! way it is left is a fact of the arc.

use petgraph::graph::NodeIndex;

use crate::{analysis::flow::exit::Exit, model::journey::JourneyId};

/// What a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analysis) enum StateKind {
    /// A node, a page with its first child, or a later child of a page.
    Step,
    /// A call of an inner journey.
    Call(JourneyId),
    /// An end.
    Exit(Exit),
}

/// A state.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
#[derive(Debug, Clone, Copy)]
pub(in crate::analysis) struct State {
    /// What it is.
    pub(in crate::analysis) kind: StateKind,
    /// The node; for an end without a node of its own, failure.
    pub(in crate::analysis) node: NodeIndex<u32>,
    /// Which child of a page; 0 for everything else.
    pub(in crate::analysis) child: u16,
    /// Whether every visit asks or suspends before it ends in an outcome.
    pub(in crate::analysis) asks: bool,
    /// Whether its author could say whether it asks, and has not.
    pub(in crate::analysis) unsaid: bool,
    /// Whether a visit may stop the run and wait for a person.
    pub(in crate::analysis) stops: bool,
    /// Whether a secret may be compared.
    pub(in crate::analysis) verifies: bool,
    /// Whether failing is to be expected.
    pub(in crate::analysis) may_fail: bool,
}

impl State {
    pub(super) fn plain(kind: StateKind, node: NodeIndex<u32>) -> Self {
        Self {
            kind,
            node,
            child: 0,
            asks: false,
            unsaid: false,
            stops: false,
            verifies: false,
            may_fail: false,
        }
    }
}

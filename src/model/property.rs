//! The properties that an author states, with every place resolved.

use std::sync::Arc;

use petgraph::graph::NodeIndex;

use crate::{
    model::{
        catalog::TypeId,
        expr::{Expr, Slot},
        journey::{JourneyId, OutcomeId},
        level::AuthLevel,
        signature::Factor,
    },
    source::Span,
};

/// One `ensure` line.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensure {
    /// The label, or the line as written.
    pub label: Arc<str>,
    /// Where runs begin that the property speaks of: the start of the journey, or of the expanded
    /// fragment that holds the line.
    pub from: NodeIndex<u32>,
    /// What must hold.
    pub property: Property,
    /// The line.
    pub span: Span,
}

/// What an `ensure` states.
#[derive(Debug, Clone, PartialEq)]
pub enum Property {
    /// Every path to `to` passes one of `passes`.
    EveryPath {
        /// Where the paths end.
        to: Place,
        /// The cut.
        passes: Vec<Place>,
    },
    /// No path reaches `what` once it has passed `after`.
    Never {
        /// What must not follow.
        what: Place,
        /// What it must not follow.
        after: Place,
    },
    /// The level of the run is at least this at every arrival at `place`.
    LevelAtLeast {
        /// The bound.
        level: AuthLevel,
        /// Where.
        place: Place,
    },
    /// The value is there at every arrival at `place`.
    Has {
        /// The value.
        slot: Slot,
        /// Where.
        place: Place,
    },
    /// Any other condition that guards on the way must imply, at every arrival at `place`.
    Holds {
        /// The condition.
        condition: Expr,
        /// Where.
        place: Place,
    },
    /// A stranger sees the same of a known and of an unknown user.
    SameFace {
        /// Where they may part.
        until: Place,
    },
    /// The place is passed at most this often in one run.
    AtMost {
        /// The bound.
        visits: u64,
        /// What is counted.
        of: Place,
    },
}

/// A set of points, as one place of the text names them.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The place as written.
    pub text: Arc<str>,
    /// What it means.
    pub kind: PlaceKind,
    /// Where it stands.
    pub span: Span,
}

/// What a place means.
#[derive(Debug, Clone, PartialEq)]
pub enum PlaceKind {
    /// Exactly these points.
    Points(Vec<Point>),
    /// Every node of this type, at any depth of inner journeys, or only its outcome of that name.
    Any(TypeId, Option<Arc<str>>),
    /// Every edge on which this factor is proved, at any depth of inner journeys.
    Proof(Factor),
}

/// A node or an arrow, seen from the journey that holds the `ensure`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Point {
    /// The inner-journey nodes walked into, outermost first; empty in the journey itself.
    pub calls: Vec<(JourneyId, NodeIndex<u32>)>,
    /// The journey the node is in.
    pub journey: JourneyId,
    /// The node.
    pub node: NodeIndex<u32>,
    /// What of the node.
    pub at: At,
}

/// What of a node a point means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    /// Being entered.
    Node,
    /// Being left by this outcome.
    Outcome(OutcomeId),
    /// Being left by its error arrow.
    Error,
    /// A child of the page being visited.
    Child(u16),
    /// A child of the page ending in this outcome of its own.
    ChildOutcome(u16, OutcomeId),
}

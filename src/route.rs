//! A run that belongs to a finding, by names: what pictures, editors and reports show of it.
//!
//! In: nothing; [`crate::analysis::Counterexample::route`] makes one. It holds no number of the graph, so
//! that it can be read without the program.

use std::sync::Arc;

/// A run that shows a finding: the nodes in the order in which they are completed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The journey in which the run begins.
    pub journey: Arc<str>,
    /// The nodes; of a very long run the first [`Route::STEPS_MAX`].
    pub steps: Vec<RouteStep>,
    /// Where the run ends: `success`, a node, or how a node is left, `check.true`.
    pub end: Arc<str>,
}

impl Route {
    /// How many steps are kept.
    pub const STEPS_MAX: usize = 1_000;
}

/// One node of a run, left in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStep {
    /// The journey of the node.
    pub journey: Arc<str>,
    /// The path of the node within its journey.
    pub node: Arc<str>,
    /// How it is left.
    pub on: RouteOn,
    /// The callbacks that it may ask, by their names on the wire without `Callback`.
    pub asks: Vec<Arc<str>>,
}

/// How a node is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteOn {
    /// By this outcome; of a decision, by the arm of this name.
    Outcome(Arc<str>),
    /// In an error.
    Error,
}

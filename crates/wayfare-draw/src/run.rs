//! One run on a picture: of a trace, or of a finding.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::{graph::NodeIndex, visit::EdgeRef as _};
use serde_json::Value;
use wayfare::{
    Route, RouteOn,
    model::journey::{Journey, Node, NodeKind, On},
};

use crate::overlay::{Overlay, Paint, Tone};

/// How many numbers of steps stand at one arrow.
const NUMBERS_MAX: usize = 6;

/// One step of a run: a node that was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The identifier of its journey.
    pub journey: Arc<str>,
    /// Its path; of a child of a page, `page.child`.
    pub node: Arc<str>,
    /// The outcome; `None` for an error.
    pub outcome: Option<Arc<str>>,
}

/// The steps of a route.
pub fn steps(route: &Route) -> Vec<Left> {
    let steps = route.steps.iter().map(|step| Left {
        journey: Arc::clone(&step.journey),
        node: Arc::clone(&step.node),
        outcome: match &step.on {
            RouteOn::Outcome(outcome) => Some(Arc::clone(outcome)),
            RouteOn::Error => None,
        },
    });
    steps.collect()
}

/// Why a text is no trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTrace(String);

impl std::fmt::Display for BadTrace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadTrace {}

/// The steps of a trace: of its lines those that say that a node was left, or failed.
///
/// # Errors
/// Its first line is no head of a trace, or a line is no JSON.
pub fn read_trace(text: &str) -> Result<Vec<Left>, BadTrace> {
    let mut steps = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        let value: Value = serde_json::from_str(line)
            .map_err(|e| BadTrace(format!("line {number} is no JSON: {e}")))?;
        if number == 1 && value.get("wayfare_trace").and_then(Value::as_u64) != Some(1) {
            return Err(BadTrace("its first line is no head of a trace".to_owned()));
        }
        let (left, failed) = (value.get("left"), value.get("failed"));
        let Some(what) = left.or(failed) else {
            continue;
        };
        let text = |key: &str| what.get(key).and_then(Value::as_str);
        let Some((journey, node)) = text("node").and_then(|node| node.split_once('/')) else {
            continue;
        };
        steps.push(Left {
            journey: Arc::from(journey),
            node: Arc::from(node),
            outcome: left.and(text("outcome")).map(Arc::from),
        });
    }
    if steps.is_empty() {
        return Err(BadTrace("no node is left in it".to_owned()));
    }
    Ok(steps)
}

impl Overlay {
    /// A run, its steps numbered from 1 over all journeys; what it does not pass is pale.
    ///
    /// Steps that this journey does not have are passed over: a trace may be of another version.
    pub fn run(journey: &Journey, title: impl Into<String>, steps: &[Left]) -> Self {
        let mut walked: BTreeMap<(usize, On), Vec<usize>> = BTreeMap::new();
        let mut visited: BTreeMap<usize, Option<String>> = BTreeMap::new();
        let paths: BTreeMap<&str, NodeIndex<u32>> = journey
            .graph
            .node_indices()
            .filter_map(|index| Some((&*journey.graph.node_weight(index)?.path, index)))
            .collect();
        let mut before = None;
        for (number, step) in (1..).zip(steps) {
            if step.journey != journey.name && step.journey != journey.wire_name {
                continue;
            }
            let Some((index, node)) = find(journey, &paths, &step.node) else {
                continue;
            };
            // The last child of a page and then the page: one arrow, taken once.
            let here = (index, step.outcome.clone());
            let again = node.path == step.node && before.as_ref() == Some(&here);
            before = (node.path != step.node).then_some(here);
            if again {
                continue;
            }
            let fails = visited.entry(index.index()).or_insert(None);
            match taken(journey, index, node, step) {
                Some((on, target)) => {
                    walked.entry((index.index(), on)).or_default().push(number);
                    visited.entry(target.index()).or_insert(None);
                }
                None if step.outcome.is_none() => *fails = Some(format!("fails here ({number})")),
                None => {}
            }
        }
        let mut overlay = Self {
            title: Some(title.into()),
            legend: vec![
                (
                    Tone::Walked,
                    "the way of the run; numbers are its steps".to_owned(),
                ),
                (Tone::Faded, "not on its way".to_owned()),
            ],
            ..Self::default()
        };
        for index in journey.graph.node_indices() {
            let Some(node) = journey.graph.node_weight(index) else {
                continue;
            };
            let seen = visited.get(&index.index());
            let paint = Paint {
                tone: if seen.is_some() {
                    Tone::Walked
                } else {
                    Tone::Faded
                },
                note: seen.cloned().flatten(),
                tip: None,
            };
            overlay.nodes.insert(Arc::clone(&node.path), paint);
            for edge in journey.graph.edges(index) {
                let on = edge.weight().on;
                let numbers = walked.get(&(index.index(), on));
                let paint = Paint {
                    tone: if numbers.is_some() {
                        Tone::Walked
                    } else {
                        Tone::Faded
                    },
                    note: numbers.map(|numbers| said(numbers)),
                    tip: None,
                };
                overlay.edges.insert((Arc::clone(&node.path), on), paint);
            }
        }
        overlay
    }
}

fn said(numbers: &[usize]) -> String {
    let shown: Vec<String> = numbers
        .iter()
        .take(NUMBERS_MAX)
        .map(ToString::to_string)
        .collect();
    let more = if numbers.len() > NUMBERS_MAX {
        ", …"
    } else {
        ""
    };
    format!("({}{more})", shown.join(", "))
}

/// The node with this path, or the page whose child it is.
fn find<'j>(
    journey: &'j Journey,
    paths: &BTreeMap<&str, NodeIndex<u32>>,
    path: &str,
) -> Option<(NodeIndex<u32>, &'j Node)> {
    let at = |path: &str| {
        let index = *paths.get(path)?;
        Some((index, journey.graph.node_weight(index)?))
    };
    at(path).or_else(|| {
        let (page, _) = path.rsplit_once('.')?;
        at(page).filter(|(_, node)| matches!(node.kind, NodeKind::Page(_)))
    })
}

/// The arrow by which a step leaves its node; `None` where it does not leave it by one.
fn taken(
    journey: &Journey,
    index: NodeIndex<u32>,
    node: &Node,
    step: &Left,
) -> Option<(On, NodeIndex<u32>)> {
    let on = match &step.outcome {
        None => On::Error,
        Some(outcome) => {
            let child = step
                .node
                .strip_prefix(&*node.path)
                .and_then(|rest| rest.strip_prefix('.'));
            if let (Some(child), NodeKind::Page(page)) = (child, &node.kind) {
                // Only the last child leaves its page.
                page.children.last().filter(|last| *last.name == *child)?;
                let long = format!("{child}-{outcome}");
                On::Outcome(node.outcome(outcome).or_else(|| node.outcome(&long))?)
            } else {
                On::Outcome(node.outcome(outcome)?)
            }
        }
    };
    let mut edges = journey.graph.edges(index);
    let edge = edges.find(|edge| edge.weight().on == on)?;
    Some((on, edge.target()))
}

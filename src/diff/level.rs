//! Levels at other places than success: with how little a run comes to a node.

use std::collections::BTreeSet;

use super::{
    Direction, Found, Topic,
    graph::Graph,
    side::Side,
    walk::{Pair, Walked},
};
use crate::{
    analysis::level_spans_at_nodes,
    model::{
        journey::{Journey, NodeKind},
        level::{AuthLevel, LevelSpan},
        program::Program,
        signature::Known,
    },
};

/// How many changes a journey reports.
const SHOWN_MAX: usize = 16;

/// Compares the least levels at the nodes that do something outside or enter an inner journey, and at the
/// success of a journey that others enter.
pub(super) fn both(
    old: &Side<'_>,
    new: &Side<'_>,
    graphs: (&Graph<'_>, &Graph<'_>),
    walked: &Walked,
    found: &mut Found,
) {
    let (a, b) = (graphs.0.journey, graphs.1.journey);
    let spans = (
        level_spans_at_nodes(old.program, a.id),
        level_spans_at_nodes(new.program, b.id),
    );
    let least = |spans: &[Option<LevelSpan>], at: u32| {
        let span = spans.get(at as usize).copied().flatten();
        span.map(|span| span.least)
    };
    let change = |pair: &Pair| -> Option<(AuthLevel, AuthLevel)> {
        let both = (
            least(&spans.0, pair.nodes.0)?,
            least(&spans.1, pair.nodes.1)?,
        );
        (both.0 != both.1).then_some(both)
    };
    let mut told = BTreeSet::new();
    for (number, pair) in walked.pairs.iter().enumerate() {
        let Some((before, after)) = change(pair) else {
            continue;
        };
        let matters =
            matters(old.program, a, pair.nodes.0) && matters(new.program, b, pair.nodes.1);
        let Some(spot) = graphs.1.spot(pair.nodes.1).filter(|_| matters) else {
            continue;
        };
        if told.len() >= SHOWN_MAX || !told.insert(spot.name.clone()) {
            continue;
        }
        let name = &spot.name;
        let (direction, message, graph) = if after < before {
            let message =
                format!("`{name}` can be reached at level {after}, and took {before} before");
            (Direction::Weaker, message, graphs.1)
        } else {
            let message = format!("`{name}` takes level {after}, and could be reached at {before}");
            (Direction::Stronger, message, graphs.0)
        };
        let is_old = direction == Direction::Stronger;
        let shown = walked.run_to(graph, is_old, Some(number), None);
        found.shown(
            direction,
            Topic::Level,
            message,
            (graph.program, shown.as_ref()),
        );
    }
}

/// Whether the level on arrival at a node is anybody's business.
fn matters(program: &Program, journey: &Journey, at: u32) -> bool {
    let node = journey
        .graph
        .node_weight(petgraph::graph::NodeIndex::new(at as usize));
    match node.map(|node| &node.kind) {
        Some(NodeKind::Task(task)) => {
            let signature = program.catalog.get(task.ty);
            signature.is_none_or(|signature| {
                let setting = |key: &str| {
                    let found = task.settings.iter().find(|(name, _)| &**name == key);
                    found.map(|(_, value)| value)
                };
                signature.calls(setting) != Known::Is(false)
            })
        }
        Some(NodeKind::Inner(_)) => true,
        Some(NodeKind::Success) => journey.settings.inner_only,
        Some(
            NodeKind::Page(_) | NodeKind::Decision(_) | NodeKind::Failure | NodeKind::LooseEnd,
        )
        | None => false,
    }
}

//! Nodes as findings name them.

use crate::{
    analysis::{
        definite::task_of,
        flow::{Arc, Flow, Flows, Leave},
    },
    model::{
        journey::{JourneyId, NodeKind},
        program::Program,
    },
    source::Span,
};

/// A node, or a child of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) text: String,
    pub(super) span: Span,
}

/// The node of a state.
pub(super) fn named(
    program: &Program,
    flows: &Flows,
    journey: JourneyId,
    state: u32,
) -> Option<Named> {
    let state = flows.get(journey)?.state(state)?;
    let node = program.journey(journey)?.graph.node_weight(state.node)?;
    if let NodeKind::Page(page) = &node.kind
        && let Some(child) = page.children.get(usize::from(state.child))
    {
        return Some(Named {
            text: format!("{}.{}", node.path, child.name),
            span: child.span,
        });
    }
    Some(Named {
        text: node.path.to_string(),
        span: node.span,
    })
}

/// The outcome of the task that an arc leaves; empty for everything else.
pub(super) fn outcome<'p>(program: &'p Program, flow: &Flow, arc: &Arc) -> &'p str {
    let (Leave::Next(outcome) | Leave::Outcome(outcome)) = arc.leave else {
        return "";
    };
    let node = flow.state(arc.from).and_then(|state| {
        let journey = program.journey(flow.journey)?;
        Some((journey.graph.node_weight(state.node)?, state.child))
    });
    node.and_then(|(node, child)| task_of(node, child))
        .and_then(|(_, outcomes)| outcomes.get(outcome.index()))
        .map_or("", |name| name)
}

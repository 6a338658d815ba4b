//! The levels that runs arrive with, on a picture.

use std::sync::Arc;

use wayfare::{
    Greatest, LevelSpan, Program,
    analysis::level_spans_at_nodes,
    model::journey::{Journey, NodeKind},
};

use crate::overlay::{Overlay, Paint, Tone};

impl Overlay {
    /// At each node the least and the greatest level of runs that arrive there, where the journey is
    /// started alone.
    pub fn levels(program: &Program, journey: &Journey) -> Self {
        let mut overlay = Self {
            title: Some("levels on arrival, where the journey is started alone".to_owned()),
            ..Self::default()
        };
        let spans = level_spans_at_nodes(program, journey.id);
        for (index, span) in journey.graph.node_indices().zip(spans) {
            let Some(node) = journey.graph.node_weight(index) else {
                continue;
            };
            let claimed = matches!(node.kind, NodeKind::Success)
                .then_some(journey.settings.level)
                .flatten();
            let words = match (span, claimed) {
                (None, _) => "no run comes here".to_owned(),
                (Some(span), None) => said(span),
                (Some(span), Some(level)) => format!("{}; claims {level}", said(span)),
            };
            let paint = Paint {
                tone: if span.is_none() {
                    Tone::Faded
                } else {
                    Tone::Plain
                },
                note: Some(words),
                tip: None,
            };
            overlay.nodes.insert(Arc::clone(&node.path), paint);
        }
        overlay
    }
}

fn said(span: LevelSpan) -> String {
    match span.greatest {
        Greatest::Finite(most) if most == span.least => format!("level {most}"),
        Greatest::Finite(most) => format!("level {} to {most}", span.least),
        Greatest::Unbounded => format!("level {} or more", span.least),
    }
}

//! Where the designer draws nodes that nobody has placed.
//!
//! In: a journey. Out: a column and a row for each node: by the fewest arrows from the start, and in the
//! order they are found. A layout that people made comes back from the side files.

use std::collections::{BTreeMap, VecDeque};

use petgraph::graph::NodeIndex;
use serde_json::{Value as Json, json};
use wayfare::model::journey::{Journey, NodeKind};

const LEFT: u64 = 210;
const TOP: u64 = 60;
const COLUMN: u64 = 260;
const ROW: u64 = 140;

/// A place in the drawing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) x: u64,
    pub(super) y: u64,
}

impl At {
    pub(super) fn json(self) -> Json {
        json!({ "x": self.x, "y": self.y })
    }
}

/// The drawing of a journey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) nodes: BTreeMap<NodeIndex<u32>, At>,
    pub(super) start: At,
    pub(super) success: At,
    pub(super) failure: At,
}

/// Places every node of a journey, those that nothing leads to at the end.
pub(super) fn layout(journey: &Journey) -> Layout {
    let graph = &journey.graph;
    let mut nodes: BTreeMap<NodeIndex<u32>, At> = BTreeMap::new();
    let mut rows: BTreeMap<u64, u64> = BTreeMap::new();
    let mut last = 0;
    let others = graph.node_indices().filter(|node| *node != journey.start);
    for root in std::iter::once(journey.start).chain(others) {
        let mut open = VecDeque::from([(root, if root == journey.start { 0 } else { last })]);
        while let Some((at, column)) = open.pop_front() {
            let is_end = graph.node_weight(at).is_none_or(|node| {
                matches!(
                    node.kind,
                    NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
                )
            });
            if is_end || nodes.contains_key(&at) {
                continue;
            }
            let row = rows.entry(column).or_default();
            let place = At {
                x: LEFT + column * COLUMN,
                y: TOP + *row * ROW,
            };
            *row += 1;
            last = last.max(column);
            nodes.insert(at, place);
            let mut next: Vec<_> = graph.neighbors(at).collect();
            // petgraph gives the arrow that was written last first.
            next.reverse();
            open.extend(next.into_iter().map(|to| (to, column + 1)));
        }
    }
    let end = LEFT + (last + 1) * COLUMN;
    Layout {
        nodes,
        start: At { x: 50, y: TOP },
        success: At { x: end, y: TOP },
        failure: At {
            x: end,
            y: TOP + ROW,
        },
    }
}

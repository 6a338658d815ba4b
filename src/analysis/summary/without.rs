//! Runs on which nothing says that a condition is true.

use crate::{
    analysis::{
        flow::{Arc, Flow, Leave},
        implied,
    },
    model::{
        expr::{BinaryOp, Expr},
        journey::{Journey, NodeKind},
    },
};

/// How many parts a condition may have to be compared with others by more than its words.
const PARTS_MAX: usize = 16;

/// Whether taking an arc says that one of the conditions is true.
pub(super) fn is_shut(journey: &Journey, flow: &Flow, arc: &Arc, conditions: &[Expr]) -> bool {
    if conditions.is_empty() {
        return false;
    }
    let node = flow
        .state(arc.from)
        .and_then(|state| journey.graph.node_weight(state.node));
    let (Some(NodeKind::Decision(arms)), Leave::Outcome(outcome)) =
        (node.map(|node| &node.kind), arc.leave)
    else {
        return false;
    };
    let at = outcome.index();
    let said = arms
        .iter()
        .take(at.saturating_add(1))
        .enumerate()
        .filter_map(|(number, arm)| {
            arm.condition
                .as_ref()
                .map(|condition| (condition, number == at))
        });
    said.into_iter().any(|(condition, holds)| {
        conditions
            .iter()
            .any(|wanted| says(condition, holds, wanted))
    })
}

fn says(condition: &Expr, holds: bool, wanted: &Expr) -> bool {
    if holds && condition == wanted {
        return true;
    }
    if let Expr::Not(inner) = wanted
        && !holds
        && **inner == *condition
    {
        return true;
    }
    let small = |expr: &Expr| parts(expr) <= PARTS_MAX;
    small(condition) && small(wanted) && implied::says(condition, holds, wanted)
}

/// How many conditions are joined in one.
fn parts(expr: &Expr) -> usize {
    let mut open = vec![expr];
    let mut count = 0_usize;
    while let Some(expr) = open.pop() {
        count += 1;
        match expr {
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
                open.push(left);
                open.push(right);
            }
            Expr::Literal(_)
            | Expr::Read(..)
            | Expr::Has(_)
            | Expr::Binary(..)
            | Expr::Call(..)
            | Expr::Join(_) => {}
        }
    }
    count
}

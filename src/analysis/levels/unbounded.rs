//! Loops that raise the level on every round, and that nothing holds.
//!
//! One loop is one finding, at the first node of it that raises. Where an inner journey is to blame for itself, its callers are
//! not told.

use std::collections::BTreeSet;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        component::Arcs,
        flow::{Arc, Flow, StateKind},
        levels::{
            gain::Gains,
            reach::{Parts, Reach},
            shape::Shape,
        },
    },
    codes,
    model::journey::Journey,
};

/// How many nodes of a loop are named.
const SHOWN_MAX: usize = 20;

pub(super) fn check(parts: Parts<'_>, diagnostics: &mut Diagnostics) {
    let mut reach = Reach::new(parts);
    for id in &parts.flows.order {
        let (Some(flow), Some(shape), Some(journey)) = (
            parts.flows.get(*id),
            parts.shapes.get(id.index()),
            parts.program.journey(*id),
        ) else {
            continue;
        };
        let suspects = suspects(flow, shape, parts.gains);
        if suspects.is_empty() {
            continue;
        }
        let at = reach.states(*id);
        let unbounded = |state: u32| {
            let interval = at.get(state as usize).copied().flatten();
            interval.is_some_and(super::interval::Interval::is_unbounded)
        };
        let mut told = BTreeSet::new();
        for arc in suspects {
            let node = flow.state(arc.from).map(|state| state.node);
            let Some(node) = node.and_then(|node| journey.graph.node_weight(node)) else {
                continue;
            };
            if !unbounded(arc.from) || !unbounded(arc.to) || !told.insert(shape.group_of(arc.from))
            {
                continue;
            }
            let finding = Diagnostic::new(
                codes::UNBOUNDED_LEVEL,
                node.span,
                format!("`{}` raises the level on every round of a loop", node.path),
            )
            .expected("nothing bounds the level that a run can have after it")
            .note(format!("around: {}", around(flow, shape, journey, arc)))
            .help("raise the level behind the loop, or leave the loop by a guard on `auth_level`");
            diagnostics.push(finding);
        }
    }
}

/// The arcs of loops that raise the level by themselves.
fn suspects<'f>(flow: &'f Flow, shape: &Shape, gains: &Gains) -> Vec<&'f Arc> {
    let within = |arc: &&Arc| {
        let group = shape.group_of(arc.from);
        group == shape.group_of(arc.to) && shape.is_loop(group as usize)
    };
    let raises = |arc: &&Arc| {
        let Some(gain) = gains.of_arc(flow, arc) else {
            return false;
        };
        let calls = matches!(
            flow.state(arc.from).map(|state| state.kind),
            Some(StateKind::Call(_))
        );
        gain.raises() || (gain.by().is_none() && !calls)
    };
    flow.arcs.iter().filter(within).filter(raises).collect()
}

/// The nodes of a shortest way around, beginning and ending with the one that raises.
fn around(flow: &Flow, shape: &Shape, journey: &Journey, arc: &Arc) -> String {
    let pairs: Vec<(u32, u32)> = flow
        .arcs
        .iter()
        .filter(|arc| super::shape::is_open(arc))
        .map(|arc| (arc.from, arc.to))
        .collect();
    let arcs = Arcs::new(flow.states.len(), &pairs);
    let mut nodes = Vec::new();
    for state in [arc.from]
        .into_iter()
        .chain(arcs.path(&shape.group, arc.to, arc.from))
    {
        let Some(node) = flow.state(state).map(|state| state.node) else {
            continue;
        };
        if nodes.last() != Some(&node) {
            nodes.push(node);
        }
    }
    let count = nodes.len();
    let mut parts: Vec<String> = nodes
        .into_iter()
        .filter_map(|node| journey.graph.node_weight(node))
        .map(|node| node.path.to_string())
        .collect();
    if count > SHOWN_MAX
        && let Some(last) = parts.pop()
    {
        parts.truncate(SHOWN_MAX - 1);
        parts.push(format!("… {} more …", count - SHOWN_MAX));
        parts.push(last);
    }
    parts.join(" -> ")
}

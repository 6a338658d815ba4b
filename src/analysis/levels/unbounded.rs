//! Loops that raise the level on every round, and that nothing holds.
//!
//! One loop is one finding, at the first node of it that raises. Where an inner journey is to blame for itself, its callers are
//! not told.

use std::collections::BTreeSet;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        component::Arcs,
        counterexample::Counterexample,
        flow::{Arc, Flow, StateKind},
        levels::{
            gain::Gains,
            reach::{Parts, Reach},
            shape::Shape,
        },
        route,
    },
    codes,
};

/// How many arcs may be looked at to draw the loops of one journey.
const WORK_MAX: usize = 4_000_000;

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
        let mut drawing = Drawing::new(flow, shape);
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
            .help("raise the level behind the loop, or leave the loop by a guard on `auth_level`");
            diagnostics.push(match drawing.around(arc) {
                Some(around) => around.tell(parts.program, finding, "around:"),
                None => finding,
            });
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

/// Draws the loops of one journey.
struct Drawing<'a> {
    flow: &'a Flow,
    shape: &'a Shape,
    /// The arcs that may be taken, by where they begin, and the table of them; made for the first loop.
    open: Option<(Vec<&'a Arc>, Arcs)>,
    /// What may still be spent on it.
    work: usize,
}

impl<'a> Drawing<'a> {
    fn new(flow: &'a Flow, shape: &'a Shape) -> Self {
        Self {
            flow,
            shape,
            open: None,
            work: WORK_MAX,
        }
    }

    /// A shortest way around, beginning and ending with the node that raises; none where drawing has taken
    /// too much already.
    fn around(&mut self, arc: &'a Arc) -> Option<Counterexample> {
        let flow = self.flow;
        let (open, arcs) = self.open.get_or_insert_with(|| {
            let arcs = flow.arcs.iter();
            let open: Vec<&Arc> = arcs.filter(|arc| super::shape::is_open(arc)).collect();
            let pairs: Vec<(u32, u32)> = open.iter().map(|arc| (arc.from, arc.to)).collect();
            let table = Arcs::new(flow.states.len(), &pairs);
            (open, table)
        });
        let path = arcs.path(&self.shape.group, arc.to, arc.from, &mut self.work)?;
        Some(route::around(flow, route::arcs_of(open, arc, &path)))
    }
}

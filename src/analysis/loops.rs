//! Loops that do not end by themselves.
//!
//! A loop *spins* when no node on it asks, suspends or counts: a run would go around until the engine
//! stops it. A password loop is *unbounded* when a secret can be tried on every round without passing the
//! bounded outcome of a limiter. Leaving a verifying node by the outcome that proves the secret is not a
//! try. Inner journeys are seen through: what matters is by which ends they can be left without asking,
//! or without a limit, or after a try.

use std::collections::BTreeSet;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        component::Arcs,
        counterexample::Counterexample,
        flow::{Arc, Bound, Exits, Flow, Flows, Only, StateKind},
        route,
    },
    codes,
    model::{
        journey::{Journey, JourneyId, NodeKind},
        program::Program,
        signature::Factor,
    },
};

/// Finds both kinds in every journey.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let none = vec![Exits::default(); program.journeys.len()];
    let mut silent = none.clone();
    let mut free = none.clone();
    let mut tried = none;
    for id in &flows.order {
        let (Some(flow), Some(journey)) = (flows.get(*id), program.journey(*id)) else {
            continue;
        };
        let here = Here {
            program,
            flow,
            journey,
            reached: flow.reached(&flows.ends),
        };
        let ends = here.spinning(&silent, diagnostics);
        put(&mut silent, *id, ends);
        let (free_ends, tried_ends) = here.unbounded(&free, &tried, diagnostics);
        put(&mut free, *id, free_ends);
        put(&mut tried, *id, tried_ends);
    }
}

fn put(list: &mut [Exits], id: JourneyId, ends: Exits) {
    if let Some(place) = list.get_mut(id.index()) {
        *place = ends;
    }
}

struct Here<'a> {
    program: &'a Program,
    flow: &'a Flow,
    journey: &'a Journey,
    reached: Vec<bool>,
}

impl Here<'_> {
    fn is_reached(&self, state: u32) -> bool {
        self.reached.get(state as usize) == Some(&true)
    }

    /// Reports loops that spin; by which ends the journey can be left without asking or counting.
    fn spinning(&self, silent: &[Exits], diagnostics: &mut Diagnostics) -> Exits {
        let is_silent = |arc: &&Arc| {
            let Some(state) = self.flow.state(arc.from) else {
                return false;
            };
            let quiet = if arc.via.is_some() {
                self.flow.returns(arc, silent)
            } else if arc.is_error() {
                // A node may fail before it asks.
                state.may_fail || arc.only == Only::Done
            } else {
                !state.asks
            };
            quiet && arc.bound == Bound::None && self.is_reached(arc.from)
        };
        let kept: Vec<&Arc> = self.flow.arcs.iter().filter(is_silent).collect();
        let pairs: Vec<(u32, u32)> = kept.iter().map(|arc| (arc.from, arc.to)).collect();
        let arcs = Arcs::new(self.flow.states.len(), &pairs);
        let components = arcs.components();
        let mut told = BTreeSet::new();
        for arc in &kept {
            let component = components.get(arc.from as usize);
            if component != components.get(arc.to as usize) || !told.insert(component) {
                continue;
            }
            let path = arcs.path(&components, arc.to, arc.from);
            let Some(node) = self.flow.state(arc.from).map(|state| state.node) else {
                continue;
            };
            let Some(node) = self.journey.graph.node_weight(node) else {
                continue;
            };
            let finding = Diagnostic::new(
                codes::SPINNING_LOOP,
                node.span,
                format!("the loop through `{}` neither asks nor counts", node.path),
            )
            .expected("a run would go around here until it is stopped")
            .help("let the loop pass a node that asks, or a `RetryLimitDecision`");
            let around = self.around(arc, &path, &kept);
            diagnostics.push(around.tell(self.program, finding, "around:"));
        }
        self.flow
            .ends(&arcs.reach([Flow::of_node(self.journey.start)]))
    }

    /// Reports unbounded tries; by which ends the journey can be left without passing a limiter, and by
    /// which after a try besides.
    fn unbounded(
        &self,
        free: &[Exits],
        tried: &[Exits],
        diagnostics: &mut Diagnostics,
    ) -> (Exits, Exits) {
        let kept: Vec<&Arc> = self
            .flow
            .arcs
            .iter()
            .filter(|arc| arc.bound == Bound::None && self.is_reached(arc.from))
            .filter(|arc| self.flow.returns(arc, free))
            .collect();
        let count = self.flow.states.len();
        let pairs: Vec<(u32, u32)> = kept.iter().map(|arc| (arc.from, arc.to)).collect();
        let arcs = Arcs::new(count, &pairs);
        let components = arcs.components();
        let mut told = BTreeSet::new();
        for arc in kept.iter().filter(|arc| self.is_try(arc, tried)) {
            let within = components.get(arc.from as usize) == components.get(arc.to as usize);
            let Some(state) = self.flow.state(arc.from) else {
                continue;
            };
            if !within || !told.insert(arc.from) {
                continue;
            }
            let Some(node) = self.journey.graph.node_weight(state.node) else {
                continue;
            };
            let path = arcs.path(&components, arc.to, arc.from);
            let around = self.around(arc, &path, &kept);
            let finding = self.tries(state.kind, node, state.child);
            diagnostics.push(around.tell(self.program, finding, "around:"));
        }
        let start = Flow::of_node(self.journey.start);
        let ends = self.flow.ends(&arcs.reach([start]));
        (ends, self.ends_after_a_try(&kept, tried))
    }

    fn tries(&self, kind: StateKind, node: &crate::model::journey::Node, child: u16) -> Diagnostic {
        let (message, expected) = match (kind, &node.kind) {
            (StateKind::Call(inner), _) => {
                let name = self.program.journey(inner).map_or("", |inner| &*inner.name);
                (
                    format!(
                        "a secret can be tried without a limit: `{}` is asked again and again",
                        node.path
                    ),
                    format!("`{name}` compares a secret and sets no limit by itself"),
                )
            }
            (_, NodeKind::Page(page)) => {
                let child = page
                    .children
                    .get(usize::from(child))
                    .map_or("", |child| &*child.name);
                (
                    format!(
                        "a secret can be tried at `{}.{child}` without a limit",
                        node.path
                    ),
                    "a secret is compared here".to_owned(),
                )
            }
            (StateKind::Step | StateKind::Exit(_), _) => (
                format!("a secret can be tried at `{}` without a limit", node.path),
                "a secret is compared here".to_owned(),
            ),
        };
        let finding = Diagnostic::new(codes::UNBOUNDED_PASSWORD_LOOP, node.span, message)
            .expected(expected)
            .help("let every way back pass the `Retry` of a `RetryLimitDecision`");
        // Near misses are worth naming: a limiter that this loop goes around.
        let limiter = self
            .flow
            .arcs
            .iter()
            .filter(|arc| arc.bound != Bound::None && self.is_reached(arc.from))
            .find_map(|arc| {
                let state = self.flow.state(arc.from)?;
                self.journey.graph.node_weight(state.node)
            });
        match limiter {
            Some(limiter) => finding.label(
                limiter.span,
                format!("`{}` is not on that way", limiter.path),
            ),
            None => finding,
        }
    }

    fn is_try(&self, arc: &Arc, tried: &[Exits]) -> bool {
        if arc.via.is_some() {
            return self.flow.returns(arc, tried);
        }
        let verifies = self
            .flow
            .state(arc.from)
            .is_some_and(|state| state.verifies);
        let proved = arc.proves.is_some_and(|factor| factor != Factor::Session);
        verifies && !proved
    }

    /// Two copies of the journey, before and after a try.
    fn ends_after_a_try(&self, kept: &[&Arc], tried: &[Exits]) -> Exits {
        let count = self.flow.states.len();
        let shift = u32::try_from(count).unwrap_or(u32::MAX);
        let mut pairs = Vec::with_capacity(kept.len() * 2);
        for arc in kept {
            let after = arc.to.saturating_add(shift);
            // An inner journey may end alike with and without a try.
            pairs.push((arc.from, arc.to));
            if self.is_try(arc, tried) {
                pairs.push((arc.from, after));
            }
            pairs.push((arc.from.saturating_add(shift), after));
        }
        let reached =
            Arcs::new(count.saturating_mul(2), &pairs).reach([Flow::of_node(self.journey.start)]);
        self.flow.ends(reached.get(count..).unwrap_or(&[]))
    }

    /// The loop as a run: the arc, then the way back to where it begins.
    fn around(&self, arc: &Arc, path: &[u32], kept: &[&Arc]) -> Counterexample {
        let mut arcs = vec![arc];
        for pair in path.windows(2) {
            let [from, to] = pair else { continue };
            let start = kept.partition_point(|arc| arc.from < *from);
            let taken = kept
                .get(start..)
                .unwrap_or(&[])
                .iter()
                .take_while(|arc| arc.from == *from)
                .find(|arc| arc.to == *to);
            arcs.extend(taken.copied());
        }
        route::around(self.flow, arcs)
    }
}

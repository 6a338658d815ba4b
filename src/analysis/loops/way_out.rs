//! Nodes that can be reached and from which no end can be.
//!
//! A way out is made of outcomes and of error arrows that are written: a person whose only hope is an
//! outage is stuck. Of nodes that are stuck together one is named, and a call of an inner journey that
//! never ends is the mistake of that journey.

use std::collections::BTreeSet;

use crate::{
    Diagnostic, Diagnostics,
    analysis::{
        component::Arcs,
        flow::{Arc, Exit, Flow, Flows, Leave, State, StateKind},
        loops::WORK_MAX,
        route,
    },
    codes,
    model::{
        journey::{Journey, JourneyId},
        program::Program,
    },
};

/// Finds them in every journey.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    for id in &flows.order {
        if let (Some(flow), Some(journey)) = (flows.get(*id), program.journey(*id)) {
            Search::new(flows, flow).report(program, journey, diagnostics);
        }
    }
}

struct Search<'a> {
    flow: &'a Flow,
    flows: &'a Flows,
    reached: &'a [bool],
    leads_out: Vec<bool>,
}

impl<'a> Search<'a> {
    fn new(flows: &'a Flows, flow: &'a Flow) -> Self {
        let ends = (0..).zip(&flow.states);
        let mut open: Vec<u32> = ends
            .filter_map(|(id, state)| is_end(flows, state).then_some(id))
            .collect();
        let mut leads_out = vec![false; flow.states.len()];
        for end in &open {
            if let Some(place) = leads_out.get_mut(*end as usize) {
                *place = true;
            }
        }
        while let Some(state) = open.pop() {
            for (_, arc) in flow.entering(state) {
                if let Some(place) = leads_out.get_mut(arc.from as usize)
                    && !*place
                    && is_way(flows, flow, arc)
                {
                    *place = true;
                    open.push(arc.from);
                }
            }
        }
        Self {
            flow,
            flows,
            reached: flow.reached(&flows.ends),
            leads_out,
        }
    }

    fn is_stuck(&self, state: u32) -> bool {
        let at = state as usize;
        self.reached.get(at) == Some(&true) && self.leads_out.get(at) == Some(&false)
    }

    /// Reports where the journey gets stuck.
    fn report(&self, program: &Program, journey: &Journey, diagnostics: &mut Diagnostics) {
        let count = u32::try_from(self.flow.states.len()).unwrap_or(u32::MAX);
        if !(0..count).any(|state| self.is_stuck(state)) {
            return;
        }
        let arcs = self.flow.arcs.iter();
        let taken: Vec<&Arc> = arcs
            .filter(|arc| is_way(self.flows, self.flow, arc))
            .collect();
        let kept: Vec<(u32, u32)> = taken.iter().map(|arc| (arc.from, arc.to)).collect();
        let forwards = Arcs::new(self.flow.states.len(), &kept);
        let components = forwards.components();
        let component = |state: u32| components.get(state as usize).copied().unwrap_or(u32::MAX);
        // What only leads to other nodes that are stuck is a consequence of those.
        let onwards: BTreeSet<u32> = (0..count)
            .filter(|state| self.is_stuck(*state))
            .filter(|state| {
                let mut targets = forwards.from(*state).iter();
                targets.any(|target| component(*target) != component(*state))
            })
            .map(component)
            .collect();
        let mut told = BTreeSet::new();
        let (order, came_by) = self.in_order(&taken);
        let mut work = WORK_MAX;
        for state in order.into_iter().filter(|id| self.is_stuck(*id)) {
            if onwards.contains(&component(state)) || !told.insert(component(state)) {
                continue;
            }
            let node = self.flow.state(state).map(|state| state.node);
            let Some(node) = node.and_then(|node| journey.graph.node_weight(node)) else {
                continue;
            };
            let finding = Diagnostic::new(
                codes::NO_WAY_OUT,
                node.span,
                format!("whoever comes to `{}` cannot leave any more", node.path),
            )
            .expected("neither success nor failure can be reached from here")
            .help("point an arrow out of this loop: to `failure`, say");
            let Some(run) = self.run_to(state, &came_by, &mut work) else {
                diagnostics.push(finding);
                continue;
            };
            let run = route::around(self.flow, run);
            diagnostics.push(run.tell(program, finding, "it is reached by"));
        }
    }

    /// The states that are reached, the nearest first, and by which arc each is reached first.
    fn in_order(&self, taken: &[&'a Arc]) -> (Vec<u32>, Vec<Option<&'a Arc>>) {
        let mut came_by = vec![None; self.flow.states.len()];
        let mut order = vec![self.flow.start];
        let mut next = 0;
        while let Some(state) = order.get(next).copied() {
            next += 1;
            let first = taken.partition_point(|arc| arc.from < state);
            let leaving = taken.get(first..).unwrap_or(&[]).iter();
            for arc in leaving.take_while(|arc| arc.from == state) {
                if arc.to != self.flow.start
                    && let Some(link) = came_by.get_mut(arc.to as usize)
                    && link.is_none()
                {
                    *link = Some(*arc);
                    order.push(arc.to);
                }
            }
        }
        (order, came_by)
    }

    /// A shortest run to a state; none where drawing has taken too much already.
    fn run_to(
        &self,
        state: u32,
        came_by: &[Option<&'a Arc>],
        work: &mut usize,
    ) -> Option<Vec<&'a Arc>> {
        let mut run = Vec::new();
        let mut at = state;
        while at != self.flow.start
            && let Some(arc) = came_by.get(at as usize).copied().flatten()
        {
            *work = work.checked_sub(1)?;
            run.push(arc);
            at = arc.from;
        }
        run.reverse();
        Some(run)
    }
}

/// Whether an arc is a way on: no error that nothing takes.
fn is_way(flows: &Flows, flow: &Flow, arc: &Arc) -> bool {
    let taken = arc.leave != Leave::Unhandled || arc.via == Some(Exit::Loose);
    taken && flow.returns(arc, &flows.ends) && !arc.is_shut()
}

/// Whether a state is the end, or must not be judged here: the call of a journey that never ends.
fn is_end(flows: &Flows, state: &State) -> bool {
    match state.kind {
        StateKind::Exit(_) => true,
        StateKind::Call(inner) => !ends(flows, inner),
        StateKind::Step => false,
    }
}

/// Whether a journey ends at an end that is written.
fn ends(flows: &Flows, journey: JourneyId) -> bool {
    let ends = flows.ends.get(journey.index()).copied().unwrap_or_default();
    ends.has(Exit::Success) || ends.has(Exit::Failure) || ends.has(Exit::Loose)
}

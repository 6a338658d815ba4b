//! Up to where a trace can matter.
//!
//! In: what each state of some journeys goes by. Out: for each state, what it or any state that a run can
//! come to from there goes by, also behind the end of an inner journey, whoever has called it. A trace that
//! no state goes by any more is dropped, so that long journeys are not compared once for each of theirs.

use std::collections::BTreeMap;

use crate::{
    analysis::{
        faces::memory::{Site, Traces},
        flow::{Exit, State, StateKind},
        space::Space,
    },
    model::journey::JourneyId,
};

/// The traces that matter from each state on.
#[derive(Debug, Default)]
pub(super) struct Live {
    first: BTreeMap<JourneyId, u32>,
    traces: Vec<Traces>,
    /// Where runs have come from, as chains: the state, and the next of the chain.
    links: Vec<(u32, Option<u32>)>,
    heads: Vec<Option<u32>>,
    exits: BTreeMap<JourneyId, Vec<(Exit, u32)>>,
}

impl Live {
    /// What matters from each state of these journeys on.
    pub(super) fn of(space: &Space<'_>, sites: &BTreeMap<JourneyId, Vec<Site>>) -> Self {
        let mut live = Self::default();
        for (id, sites) in sites {
            let first = u32::try_from(live.traces.len()).unwrap_or(u32::MAX);
            live.first.insert(*id, first);
            live.traces.extend(sites.iter().map(Site::matters));
            live.exits.insert(*id, exits(space, *id));
        }
        live.heads = vec![None; live.traces.len()];
        for id in sites.keys() {
            live.link_journey(space, *id);
        }
        live.spread();
        live
    }

    /// Whether a trace matters from this state on.
    pub(super) fn at(&self, journey: JourneyId, state: u32) -> Traces {
        let at = self.number(journey, state).map(|at| at as usize);
        let traces = at.and_then(|at| self.traces.get(at));
        traces.copied().unwrap_or_default()
    }

    fn number(&self, journey: JourneyId, state: u32) -> Option<u32> {
        self.first.get(&journey)?.checked_add(state)
    }

    fn link_journey(&mut self, space: &Space<'_>, id: JourneyId) {
        let Some(flow) = space.flows.get(id) else {
            return;
        };
        for arc in &flow.arcs {
            let from = flow.state(arc.from).map(|state| state.kind);
            if let (Some(StateKind::Call(inner)), Some(exit)) = (from, arc.via) {
                self.link_return(inner, exit, (id, arc.to));
            } else {
                self.link((id, arc.from), (id, arc.to));
            }
        }
        for (call, inner) in flow.calls() {
            if let Some(callee) = space.flows.get(inner) {
                self.link((id, call), (inner, callee.start));
            }
        }
    }

    fn link_return(&mut self, inner: JourneyId, exit: Exit, to: (JourneyId, u32)) {
        let ends = self.exits.get(&inner).into_iter().flatten();
        let ends: Vec<u32> = ends
            .filter(|(own, _)| *own == exit)
            .map(|(_, at)| *at)
            .collect();
        for at in ends {
            self.link((inner, at), to);
        }
    }

    fn link(&mut self, from: (JourneyId, u32), to: (JourneyId, u32)) {
        let (Some(from), Some(to)) = (self.number(from.0, from.1), self.number(to.0, to.1)) else {
            return;
        };
        let next = u32::try_from(self.links.len()).ok();
        if let Some(head) = self.heads.get_mut(to as usize) {
            self.links.push((from, *head));
            *head = next;
        }
    }

    /// What matters at a state matters wherever a run comes from to it.
    fn spread(&mut self) {
        let count = u32::try_from(self.traces.len()).unwrap_or(u32::MAX);
        let mut open: Vec<u32> = (0..count).collect();
        while let Some(at) = open.pop() {
            let traces = self.traces.get(at as usize).copied().unwrap_or_default();
            let mut next = self.heads.get(at as usize).copied().flatten();
            while let Some((from, after)) = next.and_then(|id| self.links.get(id as usize)) {
                if let Some(before) = self.traces.get_mut(*from as usize) {
                    let both = before.and(traces);
                    if both != *before {
                        *before = both;
                        open.push(*from);
                    }
                }
                next = *after;
            }
        }
    }
}

/// The states in which a journey ends.
fn exits(space: &Space<'_>, id: JourneyId) -> Vec<(Exit, u32)> {
    let Some(flow) = space.flows.get(id) else {
        return Vec::new();
    };
    let exit = |(at, state): (u32, &State)| match state.kind {
        StateKind::Exit(exit) => Some((exit, at)),
        StateKind::Step | StateKind::Call(_) => None,
    };
    (0..).zip(&flow.states).filter_map(exit).collect()
}

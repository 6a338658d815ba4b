//! The flows of all journeys of a program, callees before their callers.
//!
//! In: a program. Out: a flow for each journey, an order in which whoever is called stands before those that
//! call, and by which ends each can be left. What a flow consists of is not here.

use std::cell::OnceCell;

use crate::{
    analysis::{
        evidence::Fates,
        flow::{Flow, exit::Exits},
    },
    model::{
        address::Addresses, hearsay::Hearsay, journey::JourneyId, program::Program, unsent::Unsent,
    },
};

/// The flows of a program, and its journeys so ordered that each stands behind those it calls.
#[derive(Debug)]
pub(in crate::analysis) struct Flows {
    list: Vec<Flow>,
    /// How many states all have.
    total: usize,
    /// Callees first. Journeys that call each other in a circle are left out; they are refused earlier.
    pub(in crate::analysis) order: Vec<JourneyId>,
    /// By journey, the ways in which it can end.
    pub(in crate::analysis) ends: Vec<Exits>,
    /// With what the runs of each journey begin and end, worked out where it is asked for.
    pub(in crate::analysis) fates: OnceCell<Fates>,
}

impl Flows {
    /// All flows of a program.
    pub(in crate::analysis) fn new(program: &Program) -> Self {
        let addresses = Addresses::new(&program.catalog, program.journeys.iter());
        let unsent = Unsent::new(program);
        let hearsay = Hearsay::new(program);
        let flows: Vec<Flow> = program
            .journeys
            .iter()
            .map(|journey| Flow::new(program, (&addresses, &unsent, &hearsay), journey))
            .collect();
        let order = callees_first(&flows);
        let ends = vec![Exits::default(); flows.len()];
        let mut all = Self {
            total: flows.iter().map(|flow| flow.states.len()).sum(),
            list: flows,
            order,
            ends,
            fates: OnceCell::new(),
        };
        for id in &all.order {
            let Some(flow) = all.list.get(id.index()) else {
                continue;
            };
            let ends = flow.ends(flow.reached(&all.ends));
            if let Some(place) = all.ends.get_mut(id.index()) {
                *place = ends;
            }
        }
        all
    }

    /// By journey, at most how many states it and those that it calls have.
    pub(in crate::analysis) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.list.iter().map(|flow| flow.states.len()).collect();
        for id in &self.order {
            let Some(flow) = self.get(*id) else { continue };
            let mut inner: Vec<JourneyId> = flow.calls().map(|(_, inner)| inner).collect();
            inner.sort_unstable();
            inner.dedup();
            let deeper = inner.iter().filter_map(|inner| sizes.get(inner.index()));
            let size = deeper.fold(flow.states.len(), |sum, size| sum.saturating_add(*size));
            if let Some(place) = sizes.get_mut(id.index()) {
                *place = size.min(self.total);
            }
        }
        sizes
    }

    /// The flow of a journey.
    pub(in crate::analysis) fn get(&self, journey: JourneyId) -> Option<&Flow> {
        self.list.get(journey.index())
    }
}

/// Kahn's order on the call graph.
fn callees_first(flows: &[Flow]) -> Vec<JourneyId> {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); flows.len()];
    let mut open: Vec<usize> = vec![0; flows.len()];
    for (at, flow) in flows.iter().enumerate() {
        for (_, inner) in flow.calls() {
            if let Some(list) = callers.get_mut(inner.index()) {
                list.push(at);
                if let Some(count) = open.get_mut(at) {
                    *count += 1;
                }
            }
        }
    }
    let mut ready: Vec<usize> = (0..flows.len())
        .filter(|at| open.get(*at) == Some(&0))
        .collect();
    let mut order = Vec::with_capacity(flows.len());
    let mut next = 0;
    while let Some(at) = ready.get(next).copied() {
        next += 1;
        if let Some(flow) = flows.get(at) {
            order.push(flow.journey);
        }
        for caller in callers.get(at).into_iter().flatten() {
            if let Some(count) = open.get_mut(*caller) {
                *count -= 1;
                if *count == 0 {
                    ready.push(*caller);
                }
            }
        }
    }
    order
}

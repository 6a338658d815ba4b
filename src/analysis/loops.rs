//! Loops that do not end by themselves, and ways that lead to no end.
//!
//! A loop *spins* when no node on it asks, suspends or counts: a run would go around until the engine
//! stops it; it *may spin* where that hangs on nodes whose authors could say that they ask, and have not.
//! A loop of tries is *unbounded* when a secret can be tried on every round without passing the bounded
//! outcome of a limiter. Leaving a verifying node by the outcome that proves the secret is not a try. Where every such round issues the code anew, its count is *reset*: each code is good for fresh
//! guesses, however few are left for the one before. Inner journeys are seen through: what matters is by
//! which ends they can be left without asking, or without a limit, or after a try.

use std::collections::BTreeSet;

use crate::{
    Diagnostics,
    analysis::{
        component::Arcs,
        counterexample::Counterexample,
        flow::{Arc, Exits, Flow, Flows},
        loops::{code::Part, spinning::Silent, tries::Summaries},
        route,
    },
    model::{
        journey::{Journey, JourneyId},
        program::Program,
    },
};

mod code;
mod spinning;
mod tries;
mod way_out;

/// Finds all kinds in every journey.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let mut silent = Silent::new(program.journeys.len());
    let mut summaries = Summaries::new(program);
    let all = flows.order.iter().filter_map(|id| flows.get(*id));
    let called: BTreeSet<JourneyId> = all.flat_map(Flow::calls).map(|(_, inner)| inner).collect();
    for id in &flows.order {
        let (Some(flow), Some(journey)) = (flows.get(*id), program.journey(*id)) else {
            continue;
        };
        let mut here = Here {
            program,
            flow,
            journey,
            reached: flow.reached(&flows.ends),
            parts: summaries.parts_of(journey, flow),
            called: called.contains(id),
            work: WORK_MAX,
        };
        here.spinning(&mut silent, diagnostics);
        here.tries(&mut summaries, diagnostics);
    }
    way_out::check(program, flows, diagnostics);
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
    reached: &'a [bool],
    /// By state, what it has to do with codes.
    parts: Vec<Part>,
    /// Whether another journey calls it, so that it matters how it can end.
    called: bool,
    /// What may still be spent on drawing the loops that are found.
    work: usize,
}

/// The loops of one journey, of some of its arcs.
struct Loops<'a> {
    /// Those that may be on a loop, by where they begin.
    kept: Vec<&'a Arc>,
    arcs: Arcs,
    components: Vec<u32>,
}

impl<'a> Loops<'a> {
    fn new(flow: &'a Flow, keep: impl Fn(&Arc) -> bool) -> Self {
        let arcs = flow.arcs.iter();
        let kept: Vec<&Arc> = arcs.filter(|arc| flow.may_loop(arc) && keep(arc)).collect();
        let pairs: Vec<(u32, u32)> = kept.iter().map(|arc| (arc.from, arc.to)).collect();
        let vertices = if kept.is_empty() {
            0
        } else {
            flow.states.len()
        };
        let arcs = Arcs::new(vertices, &pairs);
        let components = arcs.components();
        Self {
            kept,
            arcs,
            components,
        }
    }

    fn component(&self, state: u32) -> Option<u32> {
        self.components.get(state as usize).copied()
    }

    /// Whether an arc of these is on a loop of these.
    fn is_on_one(&self, arc: &Arc) -> bool {
        self.component(arc.from) == self.component(arc.to)
    }
}

impl Here<'_> {
    /// How the journey can end by some of its arcs; nothing where nobody asks.
    fn ends_by(&self, keep: impl Fn(&Arc) -> bool) -> Exits {
        if !self.called {
            return Exits::default();
        }
        self.flow.ends(&self.flow.reach(keep))
    }

    fn is_reached(&self, state: u32) -> bool {
        self.reached.get(state as usize) == Some(&true)
    }

    /// The loop as a run: the arc, then the way back to where it begins; none where drawing has taken too
    /// much already.
    fn around<'a>(&mut self, arc: &'a Arc, loops: &Loops<'a>) -> Option<Counterexample> {
        let Loops {
            kept,
            arcs,
            components,
        } = loops;
        let path = arcs.path(components, arc.to, arc.from, &mut self.work)?;
        Some(route::around(self.flow, route::arcs_of(kept, arc, &path)))
    }
}

/// How many arcs may be looked at to draw the loops of one journey.
const WORK_MAX: usize = 4_000_000;

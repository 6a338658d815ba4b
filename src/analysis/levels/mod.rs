//! The levels that runs have at success, and what they can still become.
//!
//! In: the flow of each journey. Out: for each journey the least and the greatest level of a run that is
//! started there and succeeds, or nothing where none can; for each node what the level can still gain;
//! and a finding for each loop that raises the level without end. Both bounds are safe, and exact where
//! there are neither loops nor guards. Every search is iterative: forward it passes each state a bounded
//! number of times for each of a few intervals that its journey is entered with, backward a bounded
//! number of times in all.
//!
//! What a journey claims is proved elsewhere, and exactly: `level`.

mod gain;
mod interval;
mod limit;
mod reach;
mod shape;
mod unbounded;

pub(crate) use gain::{Gain, GainRow, join};

use crate::{
    Diagnostics,
    analysis::{
        flow::{Exit, Flows, StateKind},
        levels::{
            gain::Gains,
            interval::Interval,
            reach::{Parts, Reach},
            shape::Shape,
        },
    },
    model::{journey::JourneyId, level::LevelSpan, program::Program},
};

/// By journey, the levels of the runs that are started there and succeed; `None` where none does.
///
/// No run succeeds outside of them.
pub fn level_spans(program: &Program) -> Vec<Option<LevelSpan>> {
    Levels::new(program).spans
}

/// By node of a journey that is started alone, the levels on arrival; `None` where no run comes.
///
/// For pictures and for those who look for where a level is lost. An inner journey, a page and an end are
/// one node each.
pub fn level_spans_at_nodes(program: &Program, journey: JourneyId) -> Vec<Option<LevelSpan>> {
    let Some(graph) = program.journey(journey).map(|journey| &journey.graph) else {
        return Vec::new();
    };
    let flows = Flows::new(program);
    let shapes = shapes(program, &flows);
    let gains = Gains::new(&flows, &shapes);
    let mut reach = Reach::new(Parts {
        program,
        flows: &flows,
        shapes: &shapes,
        gains: &gains,
    });
    let mut found: Vec<Option<Interval>> = vec![None; graph.node_count()];
    let intervals = reach.states(journey);
    let states = flows.get(journey).map_or(&[][..], |flow| &flow.states);
    for (state, interval) in states.iter().zip(intervals) {
        // An error that nothing takes is no arrival at the node failure.
        let is_arrival =
            state.child == 0 && !matches!(state.kind, StateKind::Exit(Exit::Raise | Exit::Stumble));
        let slot = found.get_mut(state.node.index()).filter(|_| is_arrival);
        if let (Some(slot), Some(interval)) = (slot, interval) {
            *slot = Some(slot.map_or(interval, |known| known.join(interval)));
        }
    }
    found
        .into_iter()
        .map(|interval| interval.map(Interval::span))
        .collect()
}

/// What linking needs to know of the levels of a program.
#[derive(Debug)]
pub(crate) struct Levels {
    /// By journey, the levels at success.
    pub(crate) spans: Vec<Option<LevelSpan>>,
    gains: Gains,
}

impl Levels {
    pub(crate) fn new(program: &Program) -> Self {
        let flows = Flows::new(program);
        let shapes = shapes(program, &flows);
        let gains = Gains::new(&flows, &shapes);
        let mut reach = Reach::new(Parts {
            program,
            flows: &flows,
            shapes: &shapes,
            gains: &gains,
        });
        let mut spans = vec![None; program.journeys.len()];
        // Callees first, so that few journeys wait for others.
        for id in &flows.order {
            let ends = reach.ends(*id, Interval::ZERO);
            let success = ends.get(Exit::Success.number()).copied().flatten();
            if let Some(span) = spans.get_mut(id.index()) {
                *span = success.map(Interval::span);
            }
        }
        Self { spans, gains }
    }

    /// The different gains from a node to the ends of its journey, and by journey and node which of
    /// them are its own.
    pub(crate) fn into_gains(self) -> (Vec<GainRow>, Vec<Vec<u32>>) {
        self.gains.into_parts()
    }
}

fn shapes(program: &Program, flows: &Flows) -> Vec<Shape> {
    let journeys = program.journeys.iter();
    journeys
        .filter_map(|journey| flows.get(journey.id))
        .map(|flow| Shape::new(flow, &flows.ends))
        .collect()
}

/// Finds the loops that raise the level without end.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let shapes = shapes(program, flows);
    let gains = Gains::new(flows, &shapes);
    let parts = Parts {
        program,
        flows,
        shapes: &shapes,
        gains: &gains,
    };
    unbounded::check(parts, diagnostics);
}

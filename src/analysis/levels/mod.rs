//! The levels that runs have at success, and what they can still become.
//!
//! In: the flow of each journey. Out: for each journey the least and the greatest level of a run that is
//! started there and succeeds, or nothing where none can; for each node what the level can still gain;
//! and a finding for each loop that raises the level without end. Both bounds are safe, and exact where
//! there are neither loops nor guards. Every search is iterative: forward it passes each state a bounded
//! number of times for each of a few intervals that its journey is entered with, backward a bounded
//! number of times in all.
//!
//! What a journey claims is proved here where the least level is enough; where it is not, it is decided
//! elsewhere, and exactly: `claim`.

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
    model::{
        journey::JourneyId,
        level::{AuthLevel, LevelSpan},
        program::Program,
    },
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

/// For each of these journeys, a level that no success of it is below; `None` where nothing is known.
///
/// The first of a pair is the journey, the second whether runs may come to it with any level. Where no run
/// succeeds, every level is one that none is below.
pub(super) fn leasts(
    program: &Program,
    flows: &Flows,
    asked: &[(JourneyId, bool)],
) -> Vec<Option<AuthLevel>> {
    let shapes = shapes(program, flows);
    let gains = Gains::new(flows, &shapes);
    let mut reach = Reach::new(Parts {
        program,
        flows,
        shapes: &shapes,
        gains: &gains,
    });
    let mut places = vec![None; program.journeys.len()];
    for (at, (journey, _)) in asked.iter().enumerate() {
        if let Some(place) = places.get_mut(journey.index()) {
            *place = Some(at);
        }
    }
    let mut leasts = vec![None; asked.len()];
    // Callees first, so that few journeys wait for others. Journeys that call themselves are not in it.
    for id in &flows.order {
        let place = places.get(id.index()).copied().flatten();
        let asked = place.and_then(|at| asked.get(at).zip(leasts.get_mut(at)));
        let Some(((_, any), least)) = asked else {
            continue;
        };
        let input = if *any { Interval::ANY } else { Interval::ZERO };
        let ends = reach.ends(*id, input);
        let success = ends.get(Exit::Success.number()).copied().flatten();
        *least = Some(success.map_or(AuthLevel::saturating(i64::MAX), |levels| {
            AuthLevel::saturating(levels.least)
        }));
    }
    leasts
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
    let mut flows_of = program.journeys.iter().filter_map(|one| flows.get(one.id));
    // Where nothing raises, no loop does.
    if !flows_of.any(|flow| flow.arcs.iter().any(|arc| arc.raise.may_raise())) {
        return;
    }
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

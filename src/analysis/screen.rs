//! Which of very many properties hold, sixty-four at once.
//!
//! In: properties about places that are passed, each of a journey. Out: those that some run breaks. A
//! sweep follows one bit of a word for each property, whether a run is armed there; inner journeys are swept once
//! for all that call them. The rules are those of `phase`; the run that shows a broken property is looked
//! for elsewhere, one by one. Properties of another kind, and those that name a place by its callers, are
//! left to that search too.

mod groups;
mod marked;
mod marks;
mod sweep;

use crate::{
    analysis::{
        flow::Flows,
        screen::{
            groups::Groups,
            marks::{Role, places_of},
        },
    },
    model::{
        journey::JourneyId,
        program::Program,
        property::{Ensure, Place, PlaceKind, Property},
    },
};

/// How many properties are followed at once.
const WIDTH: usize = 64;

/// What is known of a property before any run is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screened {
    /// It holds in every run.
    Holds,
    /// Some run breaks it.
    Broken,
    /// It was not looked at.
    Open,
}

/// Looks at all properties, each with its journey.
pub(super) fn screen(
    program: &Program,
    flows: &Flows,
    asked: &[(JourneyId, &Ensure)],
) -> Vec<Screened> {
    let mut found = vec![Screened::Open; asked.len()];
    let ordered: Vec<bool> = {
        let mut ordered = vec![false; program.journeys.len()];
        for id in &flows.order {
            if let Some(place) = ordered.get_mut(id.index()) {
                *place = true;
            }
        }
        ordered
    };
    let mut fit: Vec<usize> = Vec::new();
    for (at, (journey, ensure)) in asked.iter().enumerate() {
        if ordered.get(journey.index()) == Some(&true) && fits(*journey, ensure) {
            fit.push(at);
        }
    }
    // One search alone is as fast, and finds the run besides.
    if fit.len() < 2 {
        return found;
    }
    // Properties of one journey share what it calls.
    fit.sort_by_key(|at| asked.get(*at).map(|(journey, _)| *journey));
    let mut all = Groups::new(program, flows);
    let properties = fit.iter().filter_map(|at| asked.get(*at));
    let patterns: Vec<usize> = if fit.len() > WIDTH {
        properties.map(|(_, one)| all.pattern(one)).collect()
    } else {
        Vec::new()
    };
    // Of more patterns than are followed at once, little is shared.
    let few = all.patterns.list.len() <= WIDTH;
    let mut patterns = patterns.chunks(WIDTH).filter(|_| few);
    for group in fit.chunks(WIDTH) {
        let here: Vec<(JourneyId, &Ensure)> = group
            .iter()
            .filter_map(|at| asked.get(*at))
            .copied()
            .collect();
        let broken = all.broken(&here, patterns.next());
        for ((bit, at), (_, ensure)) in group.iter().enumerate().zip(&here) {
            if let Some(place) = found.get_mut(*at) {
                *place = if broken >> bit & 1 == 1 {
                    // Those that ask for a proof are followed a little too carefully.
                    if asks_for_proof(ensure) {
                        Screened::Open
                    } else {
                        Screened::Broken
                    }
                } else {
                    Screened::Holds
                };
            }
        }
    }
    found
}

fn asks_for_proof(ensure: &Ensure) -> bool {
    let mut places = places_of(&ensure.property).into_iter();
    places.any(|(role, _)| role == Role::Proof)
}

/// Whether a property is one of places that are passed, and of none that is told apart by its callers.
fn fits(journey: JourneyId, ensure: &Ensure) -> bool {
    let places: Vec<&Place> = match &ensure.property {
        Property::EveryPath { to, passes } => passes.iter().chain([to]).collect(),
        Property::Never { what, after } => vec![what, after],
        Property::LevelAtLeast { .. }
        | Property::Has { .. }
        | Property::Holds { .. }
        | Property::SameFace { .. }
        | Property::AtMost { .. } => return false,
    };
    places.iter().all(|place| match &place.kind {
        PlaceKind::Points(points) => points
            .iter()
            .all(|point| point.calls.is_empty() && point.journey == journey),
        PlaceKind::Any(..) | PlaceKind::Proof(_) => true,
    })
}

//! Which events a place of a property means.
//!
//! In: a place, and something that happens in a run. Out: whether it is there. What a property makes of it
//! is not here.

use wayfare::{
    Span,
    model::{
        journey::JourneyId,
        property::{At, Place, PlaceKind, Point},
    },
};

use super::{
    moves::{Event, How, Spot},
    random::Made,
};

/// Whether an event is among what a place means.
pub(super) fn is_at(made: &Made, place: &Place, event: &Event) -> bool {
    match &place.kind {
        PlaceKind::Points(points) => points.iter().any(|point| is_point(made, point, event)),
        PlaceKind::Any(ty, outcome) => {
            let name = &made.program.catalog.get(*ty).unwrap().name;
            let (stack, how) = match event {
                Event::Visit(stack) => (stack, None),
                Event::Leave(stack, how) => (stack, Some(*how)),
                Event::Enter | Event::Return(..) | Event::Failed => return false,
            };
            let (id, node, child) = *stack.last().unwrap();
            let Some((kind, _)) = made.kind(id, node, child) else {
                return false;
            };
            if kind.name() != name {
                return false;
            }
            match (outcome, how) {
                (None, None) => true,
                (Some(wanted), Some(How::Next(outcome) | How::Go(outcome))) => {
                    kind.outcomes()[outcome.index()] == &**wanted
                }
                _ => false,
            }
        }
        PlaceKind::Proof(factor) => match event {
            Event::Leave(stack, How::Next(outcome) | How::Go(outcome)) => {
                let (id, node, child) = *stack.last().unwrap();
                made.kind(id, node, child).is_some_and(|(kind, _)| {
                    kind.proves(kind.outcomes()[outcome.index()]) == Some(*factor)
                })
            }
            _ => false,
        },
    }
}

fn is_point(made: &Made, point: &Point, event: &Event) -> bool {
    let here = |stack: &[Spot]| {
        let (id, node, _) = *stack.last().unwrap();
        let calls = stack[..stack.len() - 1]
            .iter()
            .map(|(id, node, _)| (*id, *node));
        calls.eq(point.calls.iter().copied()) && id == point.journey && node == point.node
    };
    let root = made.journey(JourneyId(0));
    let fails = point.calls.is_empty() && point.node == root.failure && point.at == At::Node;
    match event {
        Event::Failed => fails,
        Event::Visit(stack) => {
            let (id, node, child) = *stack.last().unwrap();
            let loose = stack.len() == 1 && id == root.id && node == root.loose_end;
            loose && fails
                || here(stack)
                    && match point.at {
                        At::Node => child == 0,
                        At::Child(wanted) => child == wanted,
                        _ => false,
                    }
        }
        Event::Leave(stack, how) | Event::Return(stack, how) => {
            let child = stack.last().unwrap().2;
            here(stack)
                && match (point.at, *how) {
                    (At::Outcome(wanted), How::Go(outcome)) => wanted == outcome,
                    (At::ChildOutcome(of, wanted), How::Go(outcome) | How::Next(outcome)) => {
                        of == child && wanted == outcome
                    }
                    (At::Error, How::Error) => true,
                    _ => false,
                }
        }
        Event::Enter => false,
    }
}

/// The end of a counter-example is the very point; failing with an error is arriving at failure.
pub(super) fn is_end(made: &Made, end: &Point, event: &Event) -> bool {
    let place = Place {
        text: "end".into(),
        kind: PlaceKind::Points(vec![end.clone()]),
        span: Span::default(),
    };
    let loose = made.journey(JourneyId(0)).loose_end;
    let on_loose = matches!(event, Event::Visit(stack) if stack.last().unwrap().1 == loose);
    is_at(made, &place, event) || on_loose && end.node == loose
}

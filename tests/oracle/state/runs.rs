//! All runs of a program, the shortest first.

use std::collections::BTreeSet;

use wayfare::model::journey::{JourneyId, NodeKind};

use super::{
    super::{
        moves::{Event, How, Spot, moves},
        random::Made,
    },
    data::{Data, Never, Question, follow},
    declared::journey_declares,
};

/// The number of nodes that a move completes.
pub(super) fn length(events: &[Event]) -> u64 {
    let completes = |event: &&Event| match event {
        Event::Leave(_, how) => !matches!(how, How::Next(_)),
        Event::Return(..) => true,
        _ => false,
    };
    events.iter().filter(completes).count() as u64
}

/// Calls back for all that runs from one journey bring, the shortest runs first; `along` keeps to the
/// steps of one run.
pub(super) fn runs(
    made: &Made,
    asked: &Question<'_>,
    root: JourneyId,
    along: Option<&[Step]>,
    mut each: impl FnMut(&[Spot], &Data, u64),
) {
    let given = asked.given && made.journey(root).settings.transactional_only;
    let start = vec![(root, made.journey(root).start, 0)];
    let data = Data {
        shared: given,
        frames: vec![Never],
        before: (given, Never),
        step: 0,
    };
    let mut open = BTreeSet::from([(0_u64, start, data)]);
    let mut seen = BTreeSet::new();
    while let Some((far, stack, data)) = open.pop_first() {
        if !seen.insert((stack.clone(), data.clone())) {
            continue;
        }
        assert!(seen.len() < 200_000, "a case that is too large");
        each(&stack, &data, far);
        for next in moves(made, &stack) {
            let (mut data, mut goes) = (data.clone(), true);
            for event in &next.events {
                if matches!(event, Event::Enter) {
                    let NodeKind::Inner(inner) =
                        made.journey(stack.last().unwrap().0).graph[stack.last().unwrap().1].kind
                    else {
                        panic!("only inner journeys are entered");
                    };
                    let own = *data.own();
                    let given = journey_declares(made, inner, asked.name);
                    data.frames.push(if given { own } else { Never });
                }
                goes &= goes && follow(made, asked, &mut data, event);
                goes &= along.is_none_or(|steps| keeps_to(made, steps, &mut data, event));
            }
            if let Some(to) = next.to
                && goes
            {
                open.insert((far + length(&next.events), to, data));
            }
        }
    }
}

/// A step of a run as a finding tells it.
pub(super) type Step = (String, String, Option<String>);

pub(super) fn keeps_to(made: &Made, steps: &[Step], data: &mut Data, event: &Event) -> bool {
    let (stack, how) = match event {
        Event::Leave(stack, how) if !matches!(how, How::Next(_)) => (stack, how),
        Event::Return(stack, how) => (stack, how),
        _ => return true,
    };
    let (id, node, _) = *stack.last().unwrap();
    let journey = made.journey(id);
    let weight = &journey.graph[node];
    let on = match how {
        How::Go(outcome) => Some(match &weight.kind {
            NodeKind::Decision(arms) => arms[outcome.index()].name.to_string(),
            _ => weight.outcomes[outcome.index()].to_string(),
        }),
        _ => None,
    };
    let own: Step = (journey.name.to_string(), weight.path.to_string(), on);
    let fits = steps.get(data.step) == Some(&own);
    data.step += 1;
    fits
}

/// The journeys that runs begin in.
pub(super) fn roots(made: &Made) -> Vec<JourneyId> {
    let journeys = made.program.journeys.iter();
    let outer = journeys.filter(|journey| journey.settings.enabled && !journey.settings.inner_only);
    outer.map(|journey| journey.id).collect()
}

/// The length of the shortest run on which something is so at a spot, from any root.
pub(super) fn shortest(
    made: &Made,
    asked: &Question<'_>,
    spot: Spot,
    is: &dyn Fn(&Data) -> bool,
) -> Option<u64> {
    let mut best: Option<u64> = None;
    for root in roots(made) {
        runs(made, asked, root, None, |stack, data, far| {
            if *stack.last().unwrap() == spot && is(data) && best.is_none_or(|best| far < best) {
                best = Some(far);
            }
        });
    }
    best
}

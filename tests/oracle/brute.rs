//! The oracle: every run, one state at a time, with the whole stack in it.
//!
//! In: a property that is watched. Out: how long a shortest run is that breaks it, and the events of the run
//! that a counter-example tells of. Nothing here is shared with the checks: the graph of the program is
//! walked node by node, and everything is tried that the rules allow.

use std::collections::{BTreeMap, BTreeSet};

use wayfare::{analysis::Counterexample, model::journey::JourneyId};

use super::{
    moves::{Event, How, Move, Spot, is_step, moves},
    place::is_end,
    watch::{Data, Then, Watch},
};

type Run = (Vec<Spot>, Data);

/// Follows one move: the data behind it, the nodes completed, and which of its events hits.
fn follow(
    watch: &Watch<'_>,
    data: &Data,
    next: &Move,
    other: bool,
    mut step: impl FnMut(&[Spot], How) -> bool,
) -> Option<(Data, u64, Option<usize>)> {
    let mut data = data.clone();
    data.other = other;
    let mut length = 0;
    for (at, event) in next.events.iter().enumerate() {
        if let Event::Leave(stack, how) | Event::Return(stack, how) = event
            && !matches!(how, How::Next(_))
        {
            length += 1;
            if !step(stack, *how) {
                return None;
            }
        }
        if matches!(event, Event::Enter)
            && let Some((inner, ..)) = next.to.as_ref().and_then(|to| to.last())
        {
            watch.enters(&mut data, *inner);
        }
        match watch.event(&mut data, event) {
            Then::Dead => return None,
            // Nobody else was named after all.
            Then::Hit if data.other => return None,
            Then::Hit => return Some((data, length, Some(at))),
            Then::Go => {}
        }
    }
    (!data.other).then_some((data, length, None))
}

/// The length of a shortest run that breaks a property; none where there is no such run.
pub(super) fn shortest(watch: &Watch<'_>) -> Option<u64> {
    let root = watch.made.journey(JourneyId(0));
    let stack = vec![(root.id, watch.ensure.from, 0)];
    let mut known: BTreeMap<Run, u64> = BTreeMap::new();
    let mut open: BTreeSet<(u64, Run)> = BTreeSet::new();
    let mut best: Option<u64> = None;
    for mut data in watch.starts() {
        match watch.event(&mut data, &Event::Visit(stack.clone())) {
            Then::Dead => {}
            Then::Hit => return Some(0),
            Then::Go => {
                open.insert((0, (stack.clone(), data)));
            }
        }
    }
    while let Some((length, (stack, data))) = open.pop_first() {
        if best.is_some_and(|best| best <= length) {
            break;
        }
        let all = moves(watch.made, &stack);
        for (next, other) in all.iter().flat_map(|next| [(next, false), (next, true)]) {
            let Some((data, more, hit)) = follow(watch, &data, next, other, |_, _| true) else {
                continue;
            };
            let length = length + more;
            if hit.is_some() {
                best = Some(best.map_or(length, |best| best.min(length)));
                continue;
            }
            let Some(to) = next.to.clone() else { continue };
            let run = (to, data);
            if known.get(&run).is_none_or(|best| length < *best) {
                known.insert(run.clone(), length);
                open.insert((length, run));
            }
        }
        assert!(
            known.len() < 300_000,
            "a case that is too large for the oracle"
        );
    }
    best
}

/// What happens in the run that a counter-example tells of, up to the end it names; none where there is
/// no such run.
pub(super) fn events(watch: &Watch<'_>, run: &Counterexample) -> Option<Vec<Event>> {
    let root = watch.made.journey(JourneyId(0));
    let stack = vec![(root.id, watch.ensure.from, 0)];
    let ends_at = |event: &Event| is_end(watch.made, &run.end, event);
    let first = Event::Visit(stack.clone());
    let mut open: Vec<(usize, Run, Vec<Event>)> = Vec::new();
    for mut data in watch.starts() {
        match watch.event(&mut data, &first) {
            Then::Dead => {}
            Then::Hit => {
                return (run.steps.is_empty() && ends_at(&first)).then(|| vec![first]);
            }
            Then::Go => open.push((0, (stack.clone(), data), vec![first.clone()])),
        }
    }
    let mut seen: BTreeSet<(usize, Run)> = BTreeSet::new();
    while let Some((taken, (stack, data), told)) = open.pop() {
        let all = moves(watch.made, &stack);
        for (next, other) in all.iter().flat_map(|next| [(next, false), (next, true)]) {
            let mut at = taken;
            let fits = |stack: &[Spot], how: How| {
                let fits = run
                    .steps
                    .get(at)
                    .is_some_and(|step| is_step(step, stack, how));
                at += 1;
                fits
            };
            let Some((data, _, hit)) = follow(watch, &data, next, other, fits) else {
                continue;
            };
            if let Some(hit) = hit {
                if at == run.steps.len() && ends_at(&next.events[hit]) {
                    let mut told = told;
                    told.extend_from_slice(&next.events[..=hit]);
                    return Some(told);
                }
                continue;
            }
            if let Some(to) = next.to.clone()
                && seen.insert((at, (to.clone(), data.clone())))
            {
                let mut told = told.clone();
                told.extend(next.events.iter().cloned());
                open.push((at, (to, data), told));
            }
        }
    }
    None
}

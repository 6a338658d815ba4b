//! What limiters leave of a loop that raises the level.
//!
//! Where no raise of a loop can be passed again without passing a limiter between, a run passes each
//! raise once at most for every time that the limiters let it on, and once more.

use crate::analysis::{
    component::Arcs,
    flow::{Bound, Flow},
    levels::{gain::Gains, shape::Shape},
};

/// The greatest level in a loop that is entered with at most `greatest`; none where there is no bound.
pub(super) fn greatest(
    flow: &Flow,
    shape: &Shape,
    group: usize,
    gains: &Gains,
    greatest: i64,
) -> Option<i64> {
    let members = shape.members(group);
    let first = members.first().map_or(0, |state| shape.place_of(*state));
    let within = |state: u32| shape.place_of(state) - first;
    let inside = |state: u32| shape.group_of(state) as usize == group;
    let (mut rounds, mut raises, mut floor) = (0_i64, Vec::new(), greatest);
    let mut free = Vec::new();
    for state in members {
        for (_, arc) in flow.leaving(*state).filter(|(_, arc)| inside(arc.to)) {
            let Some(gain) = gains.of_arc(flow, arc) else {
                continue;
            };
            let by = gain.by()?;
            floor = floor.max(gain.floor()?);
            let ends = (within(arc.from), within(arc.to));
            let is_free = match arc.bound {
                Bound::Times(times) => {
                    rounds = rounds.saturating_add(i64::try_from(times).unwrap_or(i64::MAX));
                    false
                }
                Bound::None | Bound::Unknown => {
                    free.push(ends);
                    true
                }
            };
            if by > 0 {
                raises.push((ends, is_free, by));
            }
        }
    }
    let components = Arcs::new(members.len(), &free).components();
    let component = |place: u32| components.get(place as usize);
    let mut again = raises
        .iter()
        .filter(|((from, to), is_free, _)| *is_free && component(*from) == component(*to));
    if again.next().is_some() {
        return None;
    }
    let once = raises
        .iter()
        .fold(0_i64, |sum, (.., by)| sum.saturating_add(*by));
    let all = once.saturating_mul(rounds.saturating_add(1));
    Some(floor.saturating_add(all))
}

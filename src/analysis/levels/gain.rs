//! Backward: what the level can still become from a node on.
//!
//! Whatever arrows lead from a node to an end of its journey, a run that is at level `x` there leaves at
//! most at `max(floor, x + by)`: `by` is the greatest sum of raises, and `floor` is what is left where the
//! level was lowered to 0 on the way. Such bounds are closed under following and joining, so that the
//! greatest over all ways is one of them. Guards and requirements are not looked at. A loop that raises
//! more than it lowers has no bound.

use std::collections::BTreeMap;

use crate::{
    analysis::{
        flow::{Arc, Exit, Flow, Flows, Raise, StateKind},
        level::MAX,
        levels::shape::{Shape, is_open},
    },
    model::journey::JourneyId,
};

/// No bound.
const INFINITE: i64 = i64::MAX / 4;

/// How often a loop is gone through before its gain is taken to have no bound. Every loop of up to half as
/// many nodes is exact; of a longer one that raises the level, nothing is tried.
const ROUNDS_MAX: usize = 64;

/// A bound on the level at an end, by the level before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gain {
    floor: i64,
    by: i64,
}

impl Gain {
    /// The level stays.
    pub(crate) const NONE: Self = Self { floor: 0, by: 0 };
    const ANY: Self = Self {
        floor: INFINITE,
        by: INFINITE,
    };

    fn of(raise: Raise) -> Self {
        match raise {
            Raise::By(by) => Self { floor: 0, by },
            Raise::Unknown => Self::ANY,
        }
    }

    /// A raise by at most this much, or by nothing.
    pub(crate) fn at_most(raise: Option<i64>) -> Self {
        raise.map_or(Self::ANY, |by| Self {
            floor: 0,
            by: by.max(0),
        })
    }

    /// One way, and behind it another.
    pub(crate) fn then(self, next: Self) -> Self {
        Self {
            floor: next.floor.max(sum(self.floor, next.by)),
            by: sum(self.by, next.by),
        }
    }

    /// One way or another.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            floor: self.floor.max(other.floor),
            by: self.by.max(other.by),
        }
    }

    /// The greatest level behind it; one more than the greatest there is where there is no bound.
    pub(super) fn after(self, level: i64) -> i64 {
        if level > MAX || self.by >= INFINITE || self.floor >= INFINITE {
            return MAX + 1;
        }
        self.floor.max(level.saturating_add(self.by)).clamp(0, MAX)
    }

    /// Whether a run at one level may come to another or above it.
    pub(crate) fn may_reach(self, from: u32, level: u32) -> bool {
        self.after(i64::from(from)) >= i64::from(level)
    }

    /// Whether the level may rise, within bounds.
    pub(super) fn raises(self) -> bool {
        self.by > 0 && self.by < INFINITE
    }

    pub(super) fn by(self) -> Option<i64> {
        (self.by < INFINITE).then_some(self.by)
    }

    pub(super) fn floor(self) -> Option<i64> {
        (self.floor < INFINITE).then_some(self.floor)
    }
}

fn sum(left: i64, right: i64) -> i64 {
    if left >= INFINITE || right >= INFINITE {
        return INFINITE;
    }
    left.saturating_add(right).max(-INFINITE)
}

/// Gains to each end of a journey, by [`Exit::number`]; none where it cannot be reached.
pub(super) type Row = [Option<Gain>; Exit::COUNT];

/// Gains from a node to the ends of its journey, as a caller tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GainRow {
    pub(crate) success: Option<Gain>,
    pub(crate) failure: Option<Gain>,
    pub(crate) loose: Option<Gain>,
    pub(crate) error: Option<Gain>,
}

/// The gains of a program: equal rows stand once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gains {
    rows: Vec<GainRow>,
    /// By journey and node, the number of its row.
    nodes: Vec<Vec<u32>>,
    through: Vec<Option<Row>>,
}

impl Gains {
    pub(super) fn new(flows: &Flows, shapes: &[Shape]) -> Self {
        let mut gains = Self {
            nodes: vec![Vec::new(); shapes.len()],
            through: vec![None; shapes.len()],
            ..Self::default()
        };
        let mut numbers = BTreeMap::new();
        for id in &flows.order {
            let (Some(flow), Some(shape)) = (flows.get(*id), shapes.get(id.index())) else {
                continue;
            };
            let rows = Backward {
                gains: &gains,
                flow,
            }
            .rows(shape);
            let through = rows.get(flow.start as usize).copied();
            if let Some(place) = gains.through.get_mut(id.index()) {
                *place = through;
            }
            let nodes = rows.iter().take(flow.nodes()).map(|row| {
                let row = GainRow::of(row);
                *numbers.entry(row).or_insert_with(|| {
                    gains.rows.push(row);
                    u32::try_from(gains.rows.len() - 1).unwrap_or(u32::MAX)
                })
            });
            let nodes = nodes.collect();
            if let Some(place) = gains.nodes.get_mut(id.index()) {
                *place = nodes;
            }
        }
        gains
    }

    /// The different rows, and by journey and node which one is its.
    pub(crate) fn into_parts(self) -> (Vec<GainRow>, Vec<Vec<u32>>) {
        (self.rows, self.nodes)
    }

    /// The gain through a journey, from its start to one of its ends.
    pub(super) fn through(&self, journey: JourneyId, exit: usize) -> Option<Gain> {
        let row = self.through.get(journey.index())?.as_ref()?;
        row.get(exit).copied().flatten()
    }

    /// Whether the journey does not lead back to itself.
    pub(super) fn is_ordered(&self, journey: JourneyId) -> bool {
        self.through
            .get(journey.index())
            .is_some_and(Option::is_some)
    }

    /// What an arc does to the level; none where no run takes it.
    pub(super) fn of_arc(&self, flow: &Flow, arc: &Arc) -> Option<Gain> {
        if !is_open(arc) {
            return None;
        }
        let inner = match flow.state(arc.from)?.kind {
            StateKind::Call(inner) => inner,
            StateKind::Step | StateKind::Exit(_) => return Some(Gain::of(arc.raise)),
        };
        match arc.via {
            Some(exit) => self.through(inner, exit.number()),
            None => Some(Gain::NONE),
        }
    }
}

impl GainRow {
    fn of(row: &Row) -> Self {
        let to = |exit: Exit| row.get(exit.number()).copied().flatten();
        Self {
            success: to(Exit::Success),
            failure: to(Exit::Failure),
            loose: to(Exit::Loose),
            error: join(to(Exit::Raise), to(Exit::Stumble)),
        }
    }
}

/// One way or another, where there are any.
pub(crate) fn join(left: Option<Gain>, right: Option<Gain>) -> Option<Gain> {
    match (left, right) {
        (Some(left), Some(right)) => Some(left.or(right)),
        (left, right) => left.or(right),
    }
}

/// The search through one journey.
struct Backward<'a> {
    gains: &'a Gains,
    flow: &'a Flow,
}

impl Backward<'_> {
    fn rows(&self, shape: &Shape) -> Vec<Row> {
        let mut rows: Vec<Row> = vec![[None; Exit::COUNT]; self.flow.states.len()];
        for (state, row) in self.flow.states.iter().zip(&mut rows) {
            if let StateKind::Exit(exit) = state.kind
                && let Some(end) = row.get_mut(exit.number())
            {
                *end = Some(Gain::NONE);
            }
        }
        for group in (0..shape.groups()).rev() {
            let members = shape.members(group);
            let exact = 2 * members.len() + 2;
            let rounds = if !shape.is_loop(group) || self.is_long(shape, members, exact) {
                1
            } else {
                exact.min(ROUNDS_MAX)
            };
            let mut changed = true;
            for _ in 0..rounds {
                changed = members.iter().rev().fold(false, |changed, state| {
                    self.renew(&mut rows, *state) | changed
                });
                if !changed {
                    break;
                }
            }
            if changed && shape.is_loop(group) {
                widen(&mut rows, members);
            }
        }
        rows
    }

    /// Whether a loop raises the level and is too long to find out whether it lowers it as much.
    fn is_long(&self, shape: &Shape, members: &[u32], exact: usize) -> bool {
        let inside = |arc: &Arc| shape.group_of(arc.from) == shape.group_of(arc.to);
        let raises = |arc: &Arc| {
            let gain = self.gains.of_arc(self.flow, arc);
            gain.is_some_and(|gain| gain.by > 0 || gain.floor > 0)
        };
        let leaving = |state: &u32| self.flow.leaving(*state).map(|(_, arc)| arc);
        let mut arcs = members.iter().flat_map(leaving);
        exact > ROUNDS_MAX && arcs.any(|arc| inside(arc) && raises(arc))
    }

    /// Joins what lies behind a state; whether that changes it.
    fn renew(&self, rows: &mut [Row], state: u32) -> bool {
        let Some(mut row) = rows.get(state as usize).copied() else {
            return false;
        };
        for (_, arc) in self.flow.leaving(state) {
            let (Some(gain), Some(behind)) =
                (self.gains.of_arc(self.flow, arc), rows.get(arc.to as usize))
            else {
                continue;
            };
            for (end, behind) in row.iter_mut().zip(behind) {
                *end = join(*end, behind.map(|behind| gain.then(behind)));
            }
        }
        rows.get_mut(state as usize).is_some_and(|place| {
            let changed = *place != row;
            *place = row;
            changed
        })
    }
}

/// Takes every end that is reached from a loop to be reached from all of it, with any level.
fn widen(rows: &mut [Row], members: &[u32]) {
    for exit in 0..Exit::COUNT {
        let end = |state: &u32| rows.get(*state as usize)?.get(exit).copied().flatten();
        if !members.iter().any(|state| end(state).is_some()) {
            continue;
        }
        for state in members {
            let row = rows.get_mut(*state as usize);
            if let Some(end) = row.and_then(|row| row.get_mut(exit)) {
                *end = Some(Gain::ANY);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gain_is_what_the_walk_does() {
        let raises = [7, -3, 0, 20, -40, 5];
        for level in [0, 2, 10, 45, 100] {
            let mut now: i64 = level;
            let mut gain = Gain::NONE;
            for by in raises {
                now = (now + by).clamp(0, MAX);
                gain = gain.then(Gain::of(Raise::By(by)));
                assert_eq!(gain.after(level), now, "{level} {by}");
            }
        }
    }

    #[test]
    fn without_bound_stays_without_bound() {
        let gain = Gain::of(Raise::Unknown).then(Gain::of(Raise::By(-MAX)));
        assert!(gain.may_reach(0, i32::MAX as u32));
        assert!(!Gain::at_most(Some(-5)).may_reach(9, 10));
        assert!(Gain::at_most(None).may_reach(9, 10));
    }
}

//! The shortest run with one visit too many.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use petgraph::graph::NodeIndex;

use crate::{
    analysis::{
        counterexample::{CounterStep, Counterexample, at_of, on_of},
        space::Space,
        visits::{FREE, Unfolded, Way},
    },
    model::{
        journey::JourneyId,
        property::{At, Point},
    },
};

/// How many states the search may look at.
const STATES_MAX: usize = 1_000_000;

/// The positions seen: the length of the run, and how it came there.
type Seen = HashMap<Position, (u64, Option<(Position, usize)>)>;

/// A vertex, the visits so far, and how much of the limits is used, in a mixed radix.
type Position = (u32, u64, u64);

impl Unfolded {
    /// The shortest run in which the place is passed more often than `visits` times, unless the search
    /// takes too much.
    pub(in crate::analysis) fn shortest(
        &self,
        space: &Space<'_>,
        visits: u64,
    ) -> Option<Counterexample> {
        let units = self.units()?;
        let start: Position = (self.start, self.at_start, 0);
        let mut known = Seen::new();
        let mut open = BinaryHeap::from([Reverse((0_u64, start))]);
        known.insert(start, (0, None));
        if self.at_start > visits {
            return Some(self.run(space, &[], visits));
        }
        while let Some(Reverse((length, at))) = open.pop() {
            if known.get(&at).is_none_or(|(best, _)| *best < length) {
                continue;
            }
            if at.1 > visits {
                return Some(self.run(space, &trail(&known, at), visits));
            }
            for (id, way) in self.leaving(at.0) {
                let Some(used) = self.take(&units, way, at.2) else {
                    continue;
                };
                let next = (way.to, at.1.saturating_add(way.visits()), used);
                let length = length + u64::from(way.completes);
                if known.get(&next).is_none_or(|(best, _)| length < *best) {
                    known.insert(next, (length, Some((at, id))));
                    open.push(Reverse((length, next)));
                }
            }
            if known.len() > STATES_MAX {
                return None;
            }
        }
        None
    }

    /// The weight of one use of each limiter.
    fn units(&self) -> Option<Vec<u64>> {
        let mut units = vec![0; self.limits.len()];
        let mut unit: u64 = 1;
        let mut bounds = vec![false; self.limits.len()];
        for way in &self.ways {
            if let Some(bounds) = bounds.get_mut(way.limiter as usize) {
                *bounds = true;
            }
        }
        for ((place, limit), bounds) in units.iter_mut().zip(&self.limits).zip(bounds) {
            if bounds {
                *place = unit;
                unit = unit.checked_mul(limit.checked_add(1)?)?;
            }
        }
        Some(units)
    }

    fn take(&self, units: &[u64], way: &Way, used: u64) -> Option<u64> {
        if way.limiter == FREE {
            return Some(used);
        }
        let unit = units
            .get(way.limiter as usize)
            .copied()
            .filter(|unit| *unit > 0)?;
        let limit = self.limits.get(way.limiter as usize).copied()?;
        let taken = (used / unit) % limit.saturating_add(1);
        (taken < limit).then(|| used.saturating_add(unit))
    }

    fn run(&self, space: &Space<'_>, ways: &[usize], visits: u64) -> Counterexample {
        let mut steps = Vec::new();
        let mut length = 0;
        let mut seen = self.at_start;
        let mut end = self.point(space, self.start, None);
        for way in ways.iter().filter_map(|id| self.ways.get(*id)) {
            if let Some(step) = self.step(space, way) {
                length += 1;
                if steps.len() < Counterexample::STEPS_MAX {
                    steps.push(step);
                }
            }
            let on_arc = seen.saturating_add(u64::from(way.on_arc)) > visits;
            seen = seen.saturating_add(way.visits());
            end = self.point(space, way.to, on_arc.then_some(way));
        }
        Counterexample {
            steps,
            length,
            end,
            beside: None,
        }
    }

    fn step(&self, space: &Space<'_>, way: &Way) -> Option<CounterStep> {
        let (frame, arc) = way.arc?;
        let frame = self.frames.get(frame as usize)?;
        let flow = space.flow(frame.instance)?;
        let arc = flow.arcs.get(arc as usize)?;
        let on = on_of(arc.leave)?;
        let node = flow.state(arc.from)?.node;
        Some(CounterStep {
            calls: frame.calls.clone(),
            journey: flow.journey,
            node,
            on,
        })
    }

    /// Where a run stands: at a vertex, or on the arc that led there.
    fn point(&self, space: &Space<'_>, vertex: u32, on: Option<&Way>) -> Point {
        let on = on.and_then(|way| way.arc);
        let at = match on {
            Some((frame, _)) => frame as usize,
            None => self
                .frames
                .partition_point(|frame| frame.offset <= vertex)
                .saturating_sub(1),
        };
        let mut point = Point {
            calls: Vec::new(),
            journey: JourneyId(0),
            node: NodeIndex::new(0),
            at: At::Node,
        };
        let Some(frame) = self.frames.get(at) else {
            return point;
        };
        point.calls = frame.calls.to_vec();
        let Some(flow) = space.flow(frame.instance) else {
            return point;
        };
        point.journey = flow.journey;
        match on.and_then(|(_, arc)| flow.arcs.get(arc as usize)) {
            Some(arc) => {
                if let Some(state) = flow.state(arc.from) {
                    point.node = state.node;
                    point.at = at_of(arc.leave, state.child);
                }
            }
            None => {
                if let Some(state) = flow.state(vertex.saturating_sub(frame.offset)) {
                    point.node = state.node;
                    point.at = if state.child == 0 {
                        At::Node
                    } else {
                        At::Child(state.child)
                    };
                }
            }
        }
        point
    }
}

fn trail(known: &Seen, end: Position) -> Vec<usize> {
    let mut ways = Vec::new();
    let mut at = end;
    while let Some((_, Some((before, way)))) = known.get(&at) {
        ways.push(*way);
        at = *before;
    }
    ways.reverse();
    ways
}

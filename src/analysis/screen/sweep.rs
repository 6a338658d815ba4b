//! One sweep over a journey, for all properties of a group at once.
//!
//! In: where runs begin, and what comes of entering each journey that is called. Out: with what the ends are
//! reached, and what is broken on the way. Which journeys are swept, and in which order, is not here.

use std::collections::VecDeque;

use crate::{
    analysis::{
        flow::{Arc, Exit, Flow, Flows, Only, StateKind},
        screen::{
            marked::{Marked, Spot},
            marks::Row,
        },
    },
    model::{
        journey::JourneyId,
        property::{Ensure, Property},
    },
};

/// What comes of entering an inner journey, calm or armed, for every property.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Summary {
    pub(super) from_calm: ([Row; Exit::COUNT], u64),
    pub(super) from_armed: ([Row; Exit::COUNT], u64),
}

impl Summary {
    /// Takes over one bit of another.
    pub(super) fn add(&mut self, other: &Self, from: usize, to: usize) {
        let bit = |word: u64| (word >> from & 1) << to;
        let pairs = [
            (&mut self.from_calm, &other.from_calm),
            (&mut self.from_armed, &other.from_armed),
        ];
        for ((ends, broken), (other_ends, other_broken)) in pairs {
            *broken |= bit(*other_broken);
            for (end, other) in ends.iter_mut().zip(other_ends) {
                end.calm |= bit(other.calm);
                end.armed |= bit(other.armed);
            }
        }
    }
}

pub(super) struct Sweep<'a, 'm> {
    pub(super) flows: &'a Flows,
    pub(super) marked: &'m Marked<'a>,
    pub(super) summaries: &'m [Summary],
}

impl Sweep<'_, '_> {
    /// The properties that some run breaks, one bit each.
    pub(super) fn broken(&self, here: &[(JourneyId, &Ensure)]) -> u64 {
        let mut broken = 0;
        let numbered: Vec<(usize, &(JourneyId, &Ensure))> = here.iter().enumerate().collect();
        for same in numbered.chunk_by(|(_, (one, _)), (_, (other, _))| one == other) {
            let Some(flow) = same.first().and_then(|(_, (id, _))| self.flows.get(*id)) else {
                continue;
            };
            let starts: Vec<(u32, Row)> = same
                .iter()
                .map(|(bit, (_, ensure))| {
                    let bit = 1_u64 << bit;
                    let is_armed = matches!(ensure.property, Property::EveryPath { .. });
                    let row = Row {
                        calm: if is_armed { 0 } else { bit },
                        armed: if is_armed { bit } else { 0 },
                    };
                    (Flow::of_node(ensure.from), row)
                })
                .collect();
            broken |= self.through(flow, &starts).1;
        }
        broken
    }

    /// With what the ends of a journey are reached from these states, and what is broken on the way.
    pub(super) fn through(&self, flow: &Flow, starts: &[(u32, Row)]) -> ([Row; Exit::COUNT], u64) {
        let mut front = Front {
            marked: self.marked,
            flow,
            rows: vec![Row::default(); flow.states.len()],
            waiting: vec![false; flow.states.len()],
            work: VecDeque::new(),
            broken: 0,
        };
        for (state, row) in starts {
            front.arrive(*state, *row);
        }
        // BOUND: a state comes back only when a bit of its row turns, and rows never lose one.
        while let Some((state, here)) = front.next() {
            let kind = flow.state(state).map(|state| state.kind);
            let open = |arc: &Arc| arc.only != Only::Done && !arc.is_shut();
            for (id, arc) in flow.leaving(state).filter(|(_, arc)| open(arc)) {
                let before = match (arc.via, kind) {
                    (None, _) => here,
                    (Some(exit), Some(StateKind::Call(inner))) => {
                        let (row, broken) = self.behind(inner, exit, here);
                        front.broken |= broken;
                        row
                    }
                    (Some(_), _) => continue,
                };
                let marks = self.marked.at(flow.journey, Spot::Arc(id));
                let before = before.behind(arc, self.marked.asked, marks);
                let (next, broken) = before.step(marks);
                front.broken |= broken;
                front.arrive(arc.to, next);
            }
        }
        let mut ends = [Row::default(); Exit::COUNT];
        for (state, exit) in flow.exits() {
            let row = front.rows.get(state as usize).copied().unwrap_or_default();
            if let Some(end) = ends.get_mut(exit.number()) {
                *end = end.or(row);
            }
        }
        (ends, front.broken)
    }

    /// What comes out of an inner journey on one of its ends, and what it breaks.
    fn behind(&self, inner: JourneyId, exit: Exit, here: Row) -> (Row, u64) {
        let Some(summary) = self.summaries.get(inner.index()) else {
            return (Row::default(), 0);
        };
        let end = |(ends, broken): &([Row; Exit::COUNT], u64), entered: u64| {
            let row = ends.get(exit.number()).copied().unwrap_or_default();
            let row = Row {
                calm: row.calm & entered,
                armed: row.armed & entered,
            };
            (row, broken & entered)
        };
        let (calm, broken) = end(&summary.from_calm, here.calm);
        let (armed, more) = end(&summary.from_armed, here.armed);
        (calm.or(armed), broken | more)
    }
}

/// The states that a sweep has come to.
struct Front<'a> {
    marked: &'a Marked<'a>,
    flow: &'a Flow,
    rows: Vec<Row>,
    waiting: Vec<bool>,
    work: VecDeque<u32>,
    broken: u64,
}

impl Front<'_> {
    fn arrive(&mut self, state: u32, row: Row) {
        if row == Row::default() {
            return;
        }
        let marks = self.marked.at(self.flow.journey, Spot::State(state));
        let (row, broken) = row.step(marks);
        self.broken |= broken;
        let Some(known) = self.rows.get_mut(state as usize) else {
            return;
        };
        let joined = known.or(row);
        if joined == *known {
            return;
        }
        *known = joined;
        if let Some(waiting) = self.waiting.get_mut(state as usize)
            && !*waiting
        {
            *waiting = true;
            self.work.push_back(state);
        }
    }

    fn next(&mut self) -> Option<(u32, Row)> {
        let state = self.work.pop_front()?;
        if let Some(waiting) = self.waiting.get_mut(state as usize) {
            *waiting = false;
        }
        let row = self.rows.get(state as usize).copied().unwrap_or_default();
        Some((state, row))
    }
}

#[cfg(test)]
mod tests;

//! Which journeys may succeed, or raise the level, without a proof: for all of them at once.
//!
//! In: the flows of a program. Out: by journey and the memory it is entered with, the memories with which
//! each end is reached, and whether the level is raised unproved on the way. Callees come first and serve
//! every caller, so that journeys of which nothing is found are never explored one by one. The rules of a
//! memory, and the runs that show a finding, are those of `proof`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    analysis::{
        flow::{Arc, Exit, Flow, Flows, Only, Raise, StateKind},
        proof::Memory,
    },
    model::{
        journey::{Journey, JourneyId},
        signature::Challenge,
    },
};

/// A set of memories, by their numbers.
type Set = u16;

/// What comes of entering a journey with one memory.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    ends: [Set; Exit::COUNT],
    raises: bool,
}

/// What comes of every journey.
#[derive(Debug, Default)]
pub(super) struct Fates {
    by: BTreeMap<(JourneyId, u32), Fate>,
}

impl Fates {
    /// Sweeps all journeys that do not call themselves.
    pub(super) fn new(flows: &Flows) -> Self {
        let all = || flows.order.iter().filter_map(|id| flows.get(*id));
        let called: BTreeSet<JourneyId> = all()
            .flat_map(Flow::calls)
            .map(|(_, inner)| inner)
            .collect();
        let mut fates = Self::default();
        for flow in all() {
            let start = Memory::START.pack();
            let entries = if called.contains(&flow.journey) {
                0..Set::BITS
            } else {
                start..start + 1
            };
            for entry in entries {
                let fate = fates.sweep(flow, entry);
                fates.by.insert((flow.journey, entry), fate);
            }
        }
        fates
    }

    fn of_run(&self, journey: &Journey) -> Option<&Fate> {
        self.by.get(&(journey.id, Memory::START.pack()))
    }

    /// Whether runs of a journey may succeed unproved.
    pub(super) fn may_succeed(&self, journey: &Journey) -> bool {
        self.of_run(journey).is_none_or(|fate| {
            let [success, ..] = fate.ends;
            members(success).any(|memory| !Memory::unpack(memory).is_proved())
        })
    }

    /// Whether runs of a journey may raise the level unproved.
    pub(super) fn may_raise(&self, journey: &Journey) -> bool {
        self.of_run(journey).is_none_or(|fate| fate.raises)
    }

    fn sweep(&self, flow: &Flow, entry: u32) -> Fate {
        let mut fate = Fate::default();
        let mut rows: Vec<Set> = vec![0; flow.states.len()];
        if let Some(row) = rows.get_mut(flow.start as usize) {
            *row = 1 << entry;
        }
        let mut work = vec![flow.start];
        // BOUND: a state comes back only when a bit of its row turns, at most sixteen times.
        while let Some(at) = work.pop() {
            let here = rows.get(at as usize).copied().unwrap_or(0);
            let kind = flow.state(at).map(|state| state.kind);
            for (_, arc) in flow.leaving(at) {
                if arc.only == Only::Passing || arc.is_shut() {
                    continue;
                }
                let before = match (arc.via, kind) {
                    (None, _) => here,
                    (Some(exit), Some(StateKind::Call(inner))) => {
                        self.behind(inner, exit, here, &mut fate)
                    }
                    (Some(_), _) => continue,
                };
                let next = after(before, arc);
                fate.raises |= raises(arc) && unproved(next);
                if let Some(row) = rows.get_mut(arc.to as usize)
                    && next & !*row != 0
                {
                    *row |= next;
                    work.push(arc.to);
                }
            }
        }
        for (state, row) in flow.states.iter().zip(&rows) {
            if let StateKind::Exit(exit) = state.kind
                && let Some(end) = fate.ends.get_mut(exit.number())
            {
                *end |= row;
            }
        }
        fate
    }

    /// What an inner journey ends with in one way, entered with any of these.
    fn behind(&self, inner: JourneyId, exit: Exit, entered: Set, fate: &mut Fate) -> Set {
        members(entered).fold(0, |set, memory| {
            let Some(inner) = self.by.get(&(inner, memory)) else {
                return set;
            };
            fate.raises |= inner.raises;
            set | inner.ends.get(exit.number()).copied().unwrap_or(0)
        })
    }
}

fn members(set: Set) -> impl Iterator<Item = u32> {
    (0..Set::BITS).filter(move |memory| set >> memory & 1 == 1)
}

fn after(before: Set, arc: &Arc) -> Set {
    let keeps = arc.proves.is_none() && !arc.writes_identity && arc.challenge == Challenge::None;
    if keeps {
        return before;
    }
    members(before).fold(0, |set, memory| {
        set | 1 << Memory::unpack(memory).after(arc).pack()
    })
}

fn raises(arc: &Arc) -> bool {
    match arc.raise {
        Raise::By(by) => by > 0,
        Raise::Unknown => true,
    }
}

fn unproved(set: Set) -> bool {
    members(set).any(|memory| !Memory::unpack(memory).is_proved())
}

//! Which journeys may succeed, raise the level or change an account without a proof: for all of them at
//! once.
//!
//! In: the flows of a program. Out: by journey and the memory it is entered with, the memories with which
//! each end is reached, and whether the level is raised or an account changed unproved on the way. A journey
//! is swept when something first enters it so, and serves every caller, so that journeys of which nothing is
//! found are never explored one by one, and of those of which very much is found the places are known
//! without a run. The rules of a memory, and the runs that show a finding, are those of `proof`.

use std::collections::BTreeSet;

use crate::{
    analysis::{
        explore::{Hit, HitPlace},
        flow::{Arc, Exit, Factors, Flow, Flows, Only, StateKind},
        proof::Memory,
    },
    model::{
        address::Stated,
        journey::{Journey, JourneyId},
        program::Program,
        signature::Challenge,
        unsent::Use,
    },
};

/// A set of memories, by their numbers.
type Set = u128;

/// What comes of entering a journey with one memory.
#[derive(Debug, Clone, Copy, Default)]
struct Fate {
    ends: [Set; Exit::COUNT],
    raises: bool,
    /// Whether an account is changed unproved.
    changes: bool,
    /// Whether a factor is handed out unproved, which may prove something later.
    hands: bool,
}

/// On which kinds of unproved runs success is entered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unproved {
    /// Nobody was ever proved.
    pub(super) never: bool,
    /// Somebody was, and then another named.
    pub(super) dropped: bool,
}

/// What comes of every journey, entered with each memory that something enters it with.
#[derive(Debug, Default)]
pub(super) struct Fates {
    by: Vec<Vec<(u32, Fate)>>,
}

impl Fates {
    /// Sweeps all journeys that do not call themselves, from those that can be started.
    pub(super) fn new(program: &Program, flows: &Flows) -> Self {
        let mut fates = Self {
            by: vec![Vec::new(); program.journeys.len()],
        };
        for id in &flows.order {
            let starts = |journey: &Journey| !journey.settings.inner_only;
            if program.journey(*id).is_some_and(starts) {
                fates.fill(flows, *id);
            }
        }
        fates
    }

    /// Sweeps a journey from its start, and those it calls with what they are entered with.
    fn fill(&mut self, flows: &Flows, id: JourneyId) {
        let start = Memory::START.pack();
        if self.get(id, start).is_some() {
            return;
        }
        let begin = |(id, entry)| flows.get(id).map(|flow| Sweep::new(flow, entry));
        let mut open: Vec<Sweep<'_>> = begin((id, start)).into_iter().collect();
        // BOUND: one lies upon another only for an inner journey that was not swept with that memory, and
        // none calls itself.
        while let Some(mut sweep) = open.pop() {
            let wanted = sweep.go_on(self, true);
            if let Some(inner) = wanted.and_then(begin) {
                open.extend([sweep, inner]);
                continue;
            }
            let (journey, entry) = (sweep.flow.journey, sweep.entry);
            let fate = sweep.finish();
            if let Some(known) = self.by.get_mut(journey.index()) {
                known.push((entry, fate));
            }
        }
    }

    fn get(&self, journey: JourneyId, entry: u32) -> Option<&Fate> {
        let known = self.by.get(journey.index())?.iter();
        let mut same = known.filter(|(with, _)| *with == entry);
        same.next().map(|(_, fate)| fate)
    }

    fn of_run(&self, journey: &Journey) -> Option<&Fate> {
        self.get(journey.id, Memory::START.pack())
    }

    /// Whether runs of a journey may succeed unproved.
    pub(super) fn may_succeed(&self, journey: &Journey) -> bool {
        self.of_run(journey).is_none_or(|fate| {
            let [success, ..] = fate.ends;
            members(success).any(|memory| !Memory::unpack(memory).lets_in())
        })
    }

    /// Whether runs of a journey may raise the level unproved.
    pub(super) fn may_raise(&self, journey: &Journey) -> bool {
        self.of_run(journey).is_none_or(|fate| fate.raises)
    }

    /// The arcs by which runs of a journey enter success unproved: each as a hit without a run, and
    /// whether somebody was proved before another was named, or nobody was.
    pub(super) fn unproved(&self, flow: &Flow) -> Vec<(Hit, Unproved)> {
        let rows = self.rows(flow, Memory::START.pack());
        let mut hits = Vec::new();
        for (id, arc, memories) in self.taken(flow, &rows) {
            let kind = flow.state(arc.to).map(|state| state.kind);
            if kind != Some(StateKind::Exit(Exit::Success)) {
                continue;
            }
            let memories = || members(memories).map(Memory::unpack);
            let unproved = Unproved {
                never: memories().any(|memory| !memory.lets_in() && !memory.is_dropped()),
                dropped: memories().any(Memory::is_dropped),
            };
            let hit = Hit {
                length: u64::MAX,
                state: arc.from,
                memory: 0,
                place: HitPlace::Behind(id, 0),
            };
            hits.push((hit, unproved));
        }
        hits
    }

    /// The states in which runs of a journey raise the level unproved, in it and further in; `seen` are the
    /// journeys that were looked into before, with the memories they were entered with.
    pub(super) fn raises(
        &self,
        flows: &Flows,
        journey: &Journey,
        seen: &mut BTreeSet<(JourneyId, u32)>,
    ) -> Vec<(JourneyId, u32)> {
        let mut found = Vec::new();
        let mut open = vec![(journey.id, Memory::START.pack())];
        while let Some((id, entry)) = open.pop() {
            let raises = self.get(id, entry).is_none_or(|fate| fate.raises);
            let (Some(flow), true) = (flows.get(id), raises && seen.insert((id, entry))) else {
                continue;
            };
            let rows = self.rows(flow, entry);
            for (_, arc, memories) in self.taken(flow, &rows) {
                if arc.raise.may_raise() && unproved(memories) {
                    found.push((id, arc.from));
                }
            }
            for (state, inner) in flow.calls() {
                let row = rows.get(state as usize).copied().unwrap_or(0);
                open.extend(members(row).map(|memory| (inner, memory)));
            }
        }
        found
    }

    /// Whether runs of a journey may change an account that is not theirs, or prepare to.
    pub(super) fn may_change(&self, journey: &Journey) -> bool {
        let fate = self.of_run(journey);
        fate.is_none_or(|fate| fate.changes || fate.hands)
    }

    /// The states in which runs of a journey may change an account that is not theirs, in it and further
    /// in; where factors are handed out, all that change one. `seen` as for the raises.
    pub(super) fn changes(
        &self,
        flows: &Flows,
        journey: &Journey,
        seen: &mut BTreeSet<(JourneyId, u32, bool)>,
    ) -> Vec<(JourneyId, u32)> {
        let all = self.of_run(journey).is_none_or(|fate| fate.hands);
        let mut found = Vec::new();
        let mut open = vec![(journey.id, Memory::START.pack())];
        while let Some((id, entry)) = open.pop() {
            let (Some(flow), true) = (flows.get(id), seen.insert((id, entry, all))) else {
                continue;
            };
            let rows = self.rows(flow, entry);
            for arc in flow.arcs.iter().filter(|arc| arc.account.changes) {
                let here = rows.get(arc.from as usize).copied().unwrap_or(0);
                let here = taking(here, arc);
                let passes = arc.only != Only::Passing && !arc.is_shut() && here != 0;
                if passes && (all || strangers(here)) {
                    found.push((id, arc.from));
                }
            }
            for (state, inner) in flow.calls() {
                let row = rows.get(state as usize).copied().unwrap_or(0);
                open.extend(members(row).map(|memory| (inner, memory)));
            }
        }
        found
    }

    /// The arcs that are taken, with the memories behind each.
    fn taken<'f>(
        &self,
        flow: &'f Flow,
        rows: &'f [Set],
    ) -> impl Iterator<Item = (u32, &'f Arc, Set)> + use<'_, 'f> {
        let arcs = (0..).zip(&flow.arcs);
        let open = arcs.filter(|(_, arc)| arc.only != Only::Passing && !arc.is_shut());
        open.map(|(id, arc)| {
            let here = rows.get(arc.from as usize).copied().unwrap_or(0);
            let before = self.before(flow, arc, here, &mut Fate::default());
            (id, arc, after(taking(before, arc), arc))
        })
    }

    /// The memories with which an arc is taken from a state that is reached with some.
    fn before(&self, flow: &Flow, arc: &Arc, here: Set, fate: &mut Fate) -> Set {
        match (arc.via, flow.state(arc.from).map(|state| state.kind)) {
            (None, _) => here,
            (Some(exit), Some(StateKind::Call(inner))) => self.behind(inner, exit, here, fate),
            (Some(_), _) => 0,
        }
    }

    /// With which memories each state is reached.
    fn rows(&self, flow: &Flow, entry: u32) -> Vec<Set> {
        let mut sweep = Sweep::new(flow, entry);
        sweep.go_on(self, false);
        sweep.rows
    }

    /// What an inner journey ends with in one way, entered with any of these.
    fn behind(&self, inner: JourneyId, exit: Exit, entered: Set, fate: &mut Fate) -> Set {
        members(entered).fold(0, |set, memory| {
            let Some(inner) = self.get(inner, memory) else {
                return set;
            };
            fate.raises |= inner.raises;
            fate.changes |= inner.changes;
            fate.hands |= inner.hands;
            set | inner.ends.get(exit.number()).copied().unwrap_or(0)
        })
    }
}

/// One journey, being swept.
struct Sweep<'a> {
    flow: &'a Flow,
    entry: u32,
    rows: Vec<Set>,
    fate: Fate,
    work: Vec<u32>,
}

impl<'a> Sweep<'a> {
    /// Enters it with one memory.
    fn new(flow: &'a Flow, entry: u32) -> Self {
        let mut rows: Vec<Set> = vec![0; flow.states.len()];
        if let Some(row) = rows.get_mut(flow.start as usize) {
            *row = 1 << entry;
        }
        Self {
            flow,
            entry,
            rows,
            fate: Fate::default(),
            work: vec![flow.start],
        }
    }

    /// Goes on until all is swept; where it `waits`, until something is wanted of an inner journey that was
    /// not swept yet.
    fn go_on(&mut self, fates: &Fates, waits: bool) -> Option<(JourneyId, u32)> {
        // BOUND: a state comes back only when a bit of its row turns, at most once for each memory.
        while let Some(at) = self.work.last().copied() {
            let here = self.rows.get(at as usize).copied().unwrap_or(0);
            let kind = self.flow.state(at).map(|state| state.kind);
            if let Some(StateKind::Call(inner)) = kind.filter(|_| waits) {
                let mut entries = members(here);
                if let Some(entry) = entries.find(|entry| fates.get(inner, *entry).is_none()) {
                    return Some((inner, entry));
                }
            }
            self.work.pop();
            for (_, arc) in self.flow.leaving(at) {
                if arc.only == Only::Passing || arc.is_shut() {
                    continue;
                }
                let fate = &mut self.fate;
                let before = taking(fates.before(self.flow, arc, here, fate), arc);
                fate.changes |= arc.account.changes && strangers(before);
                fate.hands |= arc.account.hands != Factors::default() && strangers(before);
                let next = after(before, arc);
                fate.raises |= arc.raise.may_raise() && unproved(next);
                if let Some(row) = self.rows.get_mut(arc.to as usize)
                    && next & !*row != 0
                {
                    *row |= next;
                    self.work.push(arc.to);
                }
            }
        }
        None
    }

    fn finish(mut self) -> Fate {
        for (state, exit) in self.flow.exits() {
            let row = self.rows.get(state as usize).copied().unwrap_or(0);
            if let Some(end) = self.fate.ends.get_mut(exit.number()) {
                *end |= row;
            }
        }
        self.fate
    }
}

/// What runs may know of codes where they come to a state of a journey, without what they proved; at its
/// start, where they enter it: who comes back there is on a run that has begun already.
pub(super) fn codes_at(
    program: &Program,
    flows: &Flows,
    journey: JourneyId,
    state: u32,
) -> Vec<Memory> {
    let has_codes = |flow: &Flow| flow.arcs.iter().any(|arc| arc.challenge != Challenge::None);
    let mut all = flows.order.iter().filter_map(|id| flows.get(*id));
    let Some(flow) = flows.get(journey).filter(|_| all.any(has_codes)) else {
        return vec![Memory::START];
    };
    let fates = flows.fates.get_or_init(|| {
        let mut fates = Fates::new(program, flows);
        for id in &flows.order {
            if fates.by.get(id.index()).is_some_and(Vec::is_empty) {
                fates.fill(flows, *id);
            }
        }
        fates
    });
    let entries = fates.by.get(journey.index()).into_iter().flatten();
    let here = entries.fold(0, |here: Set, (entry, _)| {
        if state == flow.start {
            return here | 1 << *entry;
        }
        let rows = fates.rows(flow, *entry);
        here | rows.get(state as usize).copied().unwrap_or(0)
    });
    let codes: BTreeSet<u32> = members(here)
        .map(|memory| Memory::unpack(memory).of_codes().pack())
        .collect();
    if codes.is_empty() {
        return vec![Memory::START];
    }
    codes.into_iter().map(Memory::unpack).collect()
}

fn members(set: Set) -> impl Iterator<Item = u32> {
    let mut left = set;
    std::iter::from_fn(move || {
        let least = (left != 0).then(|| left.trailing_zeros())?;
        left &= left - 1;
        Some(least)
    })
}

/// Those with which an arc can be taken.
fn taking(before: Set, arc: &Arc) -> Set {
    if arc.code != Use::Waits {
        return before;
    }
    let out = members(before).filter(|memory| !Memory::unpack(*memory).can_take(arc));
    out.fold(before, |set, memory| set & !(1 << memory))
}

fn after(before: Set, arc: &Arc) -> Set {
    let keeps = arc.proves.is_none()
        && !arc.renames
        && !arc.account.makes
        && arc.challenge == Challenge::None
        && arc.code != Use::Shows
        && arc.stated == Stated::Kept;
    if keeps {
        return before;
    }
    members(before).fold(0, |set, memory| {
        set | 1 << Memory::unpack(memory).after(arc).pack()
    })
}

fn unproved(set: Set) -> bool {
    members(set).any(|memory| !Memory::unpack(memory).is_proved())
}

fn strangers(set: Set) -> bool {
    members(set).any(|memory| !Memory::unpack(memory).may_change())
}

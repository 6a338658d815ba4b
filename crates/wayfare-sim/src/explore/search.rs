//! Breadth first over all states, so that the first run to a finding is a shortest one.
//!
//! The list of states is the queue. Parents are kept as numbers, four bytes each; which move was taken is
//! found again by taking them all. Two attackers are alike, so their parts of a state are put in order.

use crate::explore::{
    Attacker, Budget, Progress, Runs,
    apply::{Rules, apply, begin, steal},
    local::without_circles,
    seen::{Offer, Seen},
    table::{Finding, Table},
};

/// How the search came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    States,
    Memory,
    Stopped,
}

/// A step of a run: who did it and by which move; without a move the attacker took a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) run: usize,
    pub(super) found: Option<u32>,
}

/// What a search found.
#[derive(Debug)]
pub(super) struct Searched {
    pub(super) end: End,
    pub(super) states: u64,
    pub(super) moves: u64,
    pub(super) depth: u32,
    pub(super) bytes: u64,
    /// By number of the finding, the shortest run to it; whether it starts with a locked account.
    pub(super) runs: Vec<Option<(bool, Vec<Step>)>>,
}

#[derive(Debug, Clone, Copy)]
struct Hit {
    state: u32,
    step: Option<Step>,
}

struct Search<'a, const N: usize> {
    table: &'a Table,
    rules: Rules,
    seen: Seen<N>,
    hits: Vec<Option<Hit>>,
    buffer: Vec<u16>,
    moves: u64,
}

/// How many states are looked at between two reports.
const REPORT: usize = 1 << 16;

/// Searches with states of as many words as the table needs.
pub(super) fn search(
    table: &Table,
    rules: Rules,
    budget: Budget,
    report: &mut dyn FnMut(Progress) -> bool,
) -> Option<Searched> {
    match table.words {
        0..=1 => Some(Search::<1>::new(table, rules).run(budget, report)),
        2 => Some(Search::<2>::new(table, rules).run(budget, report)),
        3 => Some(Search::<3>::new(table, rules).run(budget, report)),
        4 => Some(Search::<4>::new(table, rules).run(budget, report)),
        5..=8 => Some(Search::<8>::new(table, rules).run(budget, report)),
        9..=16 => Some(Search::<16>::new(table, rules).run(budget, report)),
        _ => None,
    }
}

impl<'a, const N: usize> Search<'a, N> {
    fn new(table: &'a Table, rules: Rules) -> Self {
        let findings = table.properties.len() + Finding::COUNT;
        Self {
            table,
            rules,
            seen: Seen::new(),
            hits: vec![None; findings],
            buffer: Vec::new(),
            moves: 0,
        }
    }

    fn run(mut self, budget: Budget, report: &mut dyn FnMut(Progress) -> bool) -> Searched {
        let mut buffer = std::mem::take(&mut self.buffer);
        for locked in [false, true] {
            if locked && !self.table.locks {
                continue;
            }
            let state = begin(self.table, self.rules, locked, &mut buffer);
            self.seen.offer(&state, None);
            let number = self.seen.number(&state).unwrap_or(0);
            self.note(
                &buffer,
                Hit {
                    state: number,
                    step: None,
                },
            );
        }
        self.buffer = buffer;
        let (mut at, mut depth, mut end_of_level) = (0_usize, 0_u32, self.seen.len());
        let end = loop {
            if at >= self.seen.len() {
                break End::Whole;
            }
            if at == end_of_level {
                depth = depth.saturating_add(1);
                end_of_level = self.seen.len();
            }
            if at.is_multiple_of(REPORT) {
                let progress = Progress {
                    states: self.seen.len() as u64,
                    waiting: (self.seen.len() - at) as u64,
                    depth,
                    bytes: self.seen.bytes() as u64,
                };
                if !report(progress) {
                    break End::Stopped;
                }
            }
            if self.seen.len() as u64 >= budget.states {
                break End::States;
            }
            if self.seen.is_tight() && self.seen.bytes_grown() as u64 > budget.bytes {
                break End::Memory;
            }
            self.expand(u32::try_from(at).unwrap_or(u32::MAX));
            at += 1;
        };
        if end == End::Whole && self.rules.runs == Runs::One {
            self.spinning();
        }
        let runs = (0..self.hits.len()).map(|at| self.rebuild(at)).collect();
        Searched {
            end,
            states: self.seen.len() as u64,
            moves: self.moves,
            depth,
            bytes: self.seen.bytes() as u64,
            runs,
        }
    }

    fn note(&mut self, numbers: &[u16], hit: Hit) {
        for number in numbers {
            if let Some(place) = self.hits.get_mut(usize::from(*number)) {
                place.get_or_insert(hit);
            }
        }
    }

    fn expand(&mut self, id: u32) {
        let Some(state) = self.seen.state(id).copied() else {
            return;
        };
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut any = false;
        let local = self.local_run(&state);
        let runs = local.map_or(0..self.rules.runs.number(), |run| run..run + 1);
        for run in runs {
            let place = self
                .table
                .parts
                .place
                .get(&state, run * self.table.parts.words);
            let (first, moves) = self.table.moves_at(place);
            for (number, found) in (first..).zip(moves) {
                let Some(next) = apply(self.table, self.rules, &state, run, found, &mut buffer)
                else {
                    continue;
                };
                any = true;
                self.offer(
                    next,
                    id,
                    &buffer,
                    Step {
                        run,
                        found: Some(number),
                    },
                );
            }
            let steals = local.is_none() && self.rules.attacker == Attacker::Code;
            if steals && let Some(next) = steal(self.table, self.rules, &state, run) {
                self.offer(next, id, &[], Step { run, found: None });
            }
        }
        self.buffer = buffer;
        if !any && self.rules.runs == Runs::One {
            let place = self.table.place(self.table.parts.place.get(&state, 0));
            if place.is_some_and(|place| !place.is_end) {
                let number = self.table.finding(Finding::Stuck);
                self.note(
                    &[number],
                    Hit {
                        state: id,
                        step: None,
                    },
                );
            }
        }
    }

    fn offer(&mut self, next: [u64; N], from: u32, hits: &[u16], step: Step) {
        self.moves += 1;
        if !hits.is_empty() {
            self.note(
                hits,
                Hit {
                    state: from,
                    step: Some(step),
                },
            );
        }
        let next = self.ordered(next);
        // A full table ends the search at the budget: there are fewer numbers than states allowed.
        if self.seen.offer(&next, Some(from)) == Offer::Full {
            self.moves = self.moves.saturating_sub(1);
        }
    }

    /// The run that goes on alone, as its moves concern no other.
    fn local_run(&self, state: &[u64; N]) -> Option<usize> {
        if self.rules.runs == Runs::One {
            return Some(0);
        }
        if !self.rules.reduced {
            return None;
        }
        let mut hits = Vec::new();
        (0..self.rules.runs.number()).find(|run| {
            let place = self
                .table
                .parts
                .place
                .get(state, run * self.table.parts.words);
            let local = self.table.place(place).is_some_and(|place| place.is_local);
            let moves = self.table.moves_at(place).1;
            local
                && moves.iter().any(|found| {
                    apply(self.table, self.rules, state, *run, found, &mut hits).is_some()
                })
        })
    }

    /// The state with the attacker's runs in order; which of them had its code stolen moves along.
    fn ordered(&self, state: [u64; N]) -> [u64; N] {
        if self.rules.runs != Runs::Three || !self.rules.reduced {
            return state;
        }
        let words = self.table.parts.words;
        let (Some(second), Some(third)) =
            (state.get(words..2 * words), state.get(2 * words..3 * words))
        else {
            return state;
        };
        let store = &self.table.store;
        let stolen = store.stolen.get(&state, store.base);
        if second <= third {
            return state;
        }
        let mut swapped = state;
        for (at, word) in second.iter().enumerate() {
            if let Some(place) = swapped.get_mut(2 * words + at) {
                *place = *word;
            }
        }
        for (at, word) in third.iter().enumerate() {
            if let Some(place) = swapped.get_mut(words + at) {
                *place = *word;
            }
        }
        let moved = match stolen {
            2 => 3,
            3 => 2,
            _ => stolen,
        };
        store.stolen.set(&mut swapped, store.base, moved);
        swapped
    }

    /// States from which neither an end nor a question is reached: only circles of silent places have them.
    fn spinning(&mut self) {
        let table = self.table;
        let silent = |at: u32| {
            table
                .place(at)
                .is_some_and(|place| !place.stops && !place.is_end)
        };
        let leaves = without_circles(table, silent);
        if (0_u32..)
            .zip(&leaves)
            .all(|(at, leaves)| *leaves || !silent(at))
        {
            return;
        }
        let mut hits = Vec::new();
        let count = self.seen.len();
        let mut good = vec![false; count];
        let mut back: Vec<(u32, u32)> = Vec::new();
        let mut ready = Vec::new();
        for id in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            let Some(state) = self.seen.state(id) else {
                continue;
            };
            let place = table.parts.place.get(state, 0);
            if !silent(place) {
                ready.push(id);
                continue;
            }
            for found in table.moves_at(place).1 {
                let next = apply(table, self.rules, state, 0, found, &mut hits);
                if let Some(to) = next.and_then(|next| self.seen.number(&next)) {
                    back.push((to, id));
                }
            }
        }
        back.sort_unstable();
        for id in &ready {
            if let Some(good) = good.get_mut(*id as usize) {
                *good = true;
            }
        }
        while let Some(id) = ready.pop() {
            let from = back.partition_point(|(to, _)| *to < id);
            for (_, before) in back
                .get(from..)
                .into_iter()
                .flatten()
                .take_while(|(to, _)| *to == id)
            {
                if let Some(good) = good.get_mut(*before as usize).filter(|good| !**good) {
                    *good = true;
                    ready.push(*before);
                }
            }
        }
        if let Some(id) = good.iter().position(|good| !good) {
            let number = self.table.finding(Finding::Spinning);
            self.note(
                &[number],
                Hit {
                    state: u32::try_from(id).unwrap_or(0),
                    step: None,
                },
            );
        }
    }

    /// The run to a finding, with the runs named as they were, not as they were ordered.
    fn rebuild(&self, number: usize) -> Option<(bool, Vec<Step>)> {
        let hit = (*self.hits.get(number)?)?;
        let mut chain = vec![hit.state];
        let mut at = hit.state;
        loop {
            let parent = self.seen.parent(at)?;
            if parent == at {
                break;
            }
            chain.push(parent);
            at = parent;
        }
        chain.reverse();
        let first = *self.seen.state(at)?;
        let locked = self.table.store.locked.get(&first, self.table.store.base) == 1;
        let mut state = first;
        let mut steps = Vec::new();
        for id in chain.iter().skip(1) {
            let (step, next) = self.step_to(&state, |_, next| {
                self.seen.number(&self.ordered(*next)) == Some(*id)
            })?;
            steps.push(step);
            state = next;
        }
        if hit.step.is_some() {
            let wanted = u16::try_from(number).unwrap_or(u16::MAX);
            let (step, _) = self.step_to(&state, |hits, _| hits.contains(&wanted))?;
            steps.push(step);
        }
        Some((locked, steps))
    }

    fn step_to(
        &self,
        state: &[u64; N],
        wanted: impl Fn(&[u16], &[u64; N]) -> bool,
    ) -> Option<(Step, [u64; N])> {
        let mut hits = Vec::new();
        for run in 0..self.rules.runs.number() {
            let place = self
                .table
                .parts
                .place
                .get(state, run * self.table.parts.words);
            let (first, moves) = self.table.moves_at(place);
            for (number, found) in (first..).zip(moves) {
                if let Some(next) = apply(self.table, self.rules, state, run, found, &mut hits)
                    && wanted(&hits, &next)
                {
                    return Some((
                        Step {
                            run,
                            found: Some(number),
                        },
                        next,
                    ));
                }
            }
            if let Some(next) = steal(self.table, self.rules, state, run)
                && wanted(&[], &next)
            {
                return Some((Step { run, found: None }, next));
            }
        }
        None
    }
}

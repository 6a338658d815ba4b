//! Which memories of each key reach each state, for sixty-four keys at once.
//!
//! In: what every arc does to the keys. Out: by journey and state, for each memory, the keys of which some
//! run comes there with it. An inner journey is swept once for each memory it can be entered with, and its
//! ends serve every caller; callees come first and their entries last, so that nothing is inlined.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    analysis::{
        flow::{Arc, Exit, Flow, Flows, Only, StateKind},
        state::{
            memory::{self, COUNT, Event, Memory},
            wired::{Wired, Wires},
        },
    },
    model::journey::JourneyId,
};

/// For each memory, the keys that have it.
pub(super) type Row = [u64; COUNT];

const EMPTY: Row = [0; COUNT];

fn join(into: &mut Row, more: &Row) {
    for (word, more) in into.iter_mut().zip(more) {
        *word |= more;
    }
}

fn add(row: &mut Row, memory: Memory, mask: u64) {
    if let Some(word) = row.get_mut(usize::from(memory)) {
        *word |= mask;
    }
}

fn cells(row: &Row) -> impl Iterator<Item = (Memory, u64)> {
    (0..)
        .zip(row.iter().copied())
        .filter(|(_, mask)| *mask != 0)
}

fn take(row: &Row, events: &[(Event, u64)]) -> Row {
    let mut row = *row;
    for (event, mask) in events {
        let mut next = EMPTY;
        for (memory, keys) in cells(&row) {
            add(&mut next, memory, keys & !mask);
            if let Some(to) = memory::step(memory, *event) {
                add(&mut next, to, keys & mask);
            }
        }
        row = next;
    }
    row
}

/// The rows that stand somewhere, each once, and what was worked out of them: most states of a long
/// journey have one of a few.
#[derive(Debug)]
struct Rows {
    list: Vec<Row>,
    numbers: BTreeMap<Row, u32>,
    joined: Memo,
}

/// The number of the empty row.
const NOWHERE: u32 = 0;

impl Rows {
    fn new() -> Self {
        Self {
            list: vec![EMPTY],
            numbers: BTreeMap::from([(EMPTY, NOWHERE)]),
            joined: Memo::new(),
        }
    }

    fn get(&self, row: u32) -> &Row {
        self.list.get(row as usize).unwrap_or(&EMPTY)
    }

    fn number(&mut self, row: Row) -> u32 {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(row).or_insert(next);
        if number == next {
            self.list.push(row);
        }
        number
    }

    /// What lies in one or the other.
    fn join(&mut self, one: u32, other: u32) -> u32 {
        if one == other || other == NOWHERE {
            return one;
        }
        if one == NOWHERE {
            return other;
        }
        if let Some(known) = self.joined.get(one, other) {
            return known;
        }
        let mut row = *self.get(one);
        join(&mut row, self.get(other));
        let number = self.number(row);
        self.joined.put(one, other, number);
        number
    }
}

/// What came of two numbers, where they were asked for not long ago.
#[derive(Debug)]
struct Memo(Vec<(u32, u32, u32)>);

impl Memo {
    const PLACES: usize = 1 << 8;

    fn new() -> Self {
        Self(vec![(u32::MAX, u32::MAX, 0); Self::PLACES])
    }

    fn place(one: u32, other: u32) -> usize {
        one.wrapping_mul(31).wrapping_add(other) as usize % Self::PLACES
    }

    fn get(&self, one: u32, other: u32) -> Option<u32> {
        let found = self.0.get(Self::place(one, other));
        found
            .filter(|found| (found.0, found.1) == (one, other))
            .map(|found| found.2)
    }

    fn put(&mut self, one: u32, other: u32, result: u32) {
        if let Some(place) = self.0.get_mut(Self::place(one, other)) {
            *place = (one, other, result);
        }
    }
}

/// A journey entered with one memory.
#[derive(Debug)]
struct Swept {
    entry: Memory,
    /// By state, the number of its row.
    rows: Vec<u32>,
    ends: [Row; Exit::COUNT],
}

/// By journey, what came of each memory it may be entered with.
type Tables = Vec<Vec<Swept>>;

fn table(tables: &Tables, journey: JourneyId, entry: Memory) -> Option<&Swept> {
    let known = tables.get(journey.index())?;
    known.iter().find(|table| table.entry == entry)
}

/// What reaches every state of every journey.
#[derive(Debug)]
pub(super) struct Reached {
    rows: Rows,
    tables: Tables,
    /// By journey, the keys that enter it with each memory.
    entered: Vec<Row>,
}

impl Reached {
    /// What reaches a state.
    pub(super) fn at(&self, journey: JourneyId, state: u32) -> Row {
        let mut here = EMPTY;
        let entered = self.entered.get(journey.index()).copied();
        for (entry, keys) in entered.iter().flat_map(cells) {
            let Some(table) = table(&self.tables, journey, entry) else {
                continue;
            };
            let row = table.rows.get(state as usize).copied();
            for (memory, reached) in cells(self.rows.get(row.unwrap_or(NOWHERE))) {
                add(&mut here, memory, reached & keys);
            }
        }
        here
    }
}

/// Sweeps a program from these journeys, each with the memory its runs begin with.
pub(super) fn sweep(flows: &Flows, wired: &Wired, roots: &BTreeMap<JourneyId, Memory>) -> Reached {
    let journeys = flows.ends.len();
    let mut called = vec![false; journeys];
    for id in &flows.order {
        for (_, inner) in flows.get(*id).into_iter().flat_map(Flow::calls) {
            if let Some(place) = called.get_mut(inner.index()) {
                *place = true;
            }
        }
    }
    let mut reached = Reached {
        rows: Rows::new(),
        tables: (0..journeys).map(|_| Vec::new()).collect(),
        entered: vec![EMPTY; journeys],
    };
    for id in &flows.order {
        let Some(flow) = flows.get(*id) else { continue };
        let mut entries: Vec<Memory> = roots.get(id).copied().into_iter().collect();
        if called.get(id.index()) == Some(&true) {
            let sensitive = wired.of(*id).declared != 0;
            let all = 0..Memory::try_from(COUNT / 2).unwrap_or(0);
            entries.extend(all.filter(|memory| sensitive || *memory <= memory::SHARED));
        }
        entries.sort_unstable();
        entries.dedup();
        let mut taken = Memo::new();
        for entry in entries {
            let sweep = Sweep {
                flow,
                wired,
                own: wired.of(*id),
                tables: &reached.tables,
            };
            let swept = sweep.from(entry, &mut reached.rows, &mut taken);
            if let Some(known) = reached.tables.get_mut(id.index()) {
                known.push(swept);
            }
        }
    }
    enter(flows, wired, roots, &mut reached);
    reached
}

/// One journey.
struct Sweep<'a> {
    flow: &'a Flow,
    wired: &'a Wired,
    own: &'a Wires,
    tables: &'a Tables,
}

impl Sweep<'_> {
    /// Sweeps it, entered with one memory by every key.
    fn from(&self, entry: Memory, rows: &mut Rows, taken: &mut Memo) -> Swept {
        let flow = self.flow;
        let mut swept = Swept {
            entry,
            rows: vec![NOWHERE; flow.states.len()],
            ends: [EMPTY; Exit::COUNT],
        };
        let mut first = EMPTY;
        add(&mut first, entry, self.wired.all());
        if let Some(row) = swept.rows.get_mut(flow.start as usize) {
            *row = rows.number(first);
        }
        let mut waiting = vec![false; flow.states.len()];
        let mut work = VecDeque::from([flow.start]);
        // BOUND: a state comes back only when a bit of its row turns, and rows never lose one.
        while let Some(at) = work.pop_front() {
            if let Some(flag) = waiting.get_mut(at as usize) {
                *flag = false;
            }
            let row = swept.rows.get(at as usize).copied().unwrap_or(NOWHERE);
            let open = |arc: &Arc| arc.only != Only::Passing && !arc.is_shut();
            for (id, arc) in flow.leaving(at).filter(|(_, arc)| open(arc)) {
                let next = match (arc.via, flow.state(at).map(|state| state.kind)) {
                    (Some(exit), Some(StateKind::Call(inner))) => {
                        let next = self.behind(rows.get(row), arc.from, (inner, exit));
                        rows.number(next)
                    }
                    (Some(_), _) => continue,
                    (None, _) => self.take(row, self.own.list_of(id), rows, taken),
                };
                let Some(target) = swept.rows.get_mut(arc.to as usize) else {
                    continue;
                };
                let joined = rows.join(*target, next);
                if joined != *target {
                    *target = joined;
                    if let Some(flag) = waiting.get_mut(arc.to as usize)
                        && !*flag
                    {
                        *flag = true;
                        work.push_back(arc.to);
                    }
                }
            }
        }
        for (state, row) in flow.states.iter().zip(&swept.rows) {
            if let StateKind::Exit(exit) = state.kind
                && let Some(end) = swept.ends.get_mut(exit.number())
            {
                join(end, rows.get(*row));
            }
        }
        swept
    }

    /// What an arc makes of a row.
    fn take(&self, row: u32, list: u32, rows: &mut Rows, taken: &mut Memo) -> u32 {
        if list == 0 || row == NOWHERE {
            return row;
        }
        if let Some(known) = taken.get(row, list) {
            return known;
        }
        let next = take(rows.get(row), self.own.events(list));
        let next = rows.number(next);
        taken.put(row, list, next);
        next
    }

    /// What comes out of an inner journey on one of its ends.
    fn behind(&self, row: &Row, from: u32, (inner, exit): (JourneyId, Exit)) -> Row {
        let declared = self.wired.of(inner).declared;
        let kept = self.own.later.get(from as usize).copied().unwrap_or(0);
        let mut out = EMPTY;
        for (before, keys) in cells(row) {
            for (is_declared, keys) in [(true, keys & declared), (false, keys & !declared)] {
                if keys == 0 {
                    continue;
                }
                let entry = memory::enter(before, is_declared);
                let ends = table(self.tables, inner, entry)
                    .and_then(|table| table.ends.get(exit.number()));
                for (after, reached) in ends.into_iter().flat_map(cells) {
                    let keys = keys & reached;
                    add(&mut out, memory::back(before, after, true), keys & kept);
                    add(&mut out, memory::back(before, after, false), keys & !kept);
                }
            }
        }
        out
    }
}

/// Finds with which memories journeys are really entered; callers first.
fn enter(flows: &Flows, wired: &Wired, roots: &BTreeMap<JourneyId, Memory>, reached: &mut Reached) {
    for (id, memory) in roots {
        if let Some(row) = reached.entered.get_mut(id.index()) {
            add(row, *memory, wired.all());
        }
    }
    for id in flows.order.iter().rev() {
        let Some(flow) = flows.get(*id) else { continue };
        for (state, inner) in flow.calls() {
            let row = reached.at(*id, state);
            let declared = wired.of(inner).declared;
            let Some(into) = reached.entered.get_mut(inner.index()) else {
                continue;
            };
            for (before, keys) in cells(&row) {
                add(into, memory::enter(before, true), keys & declared);
                add(into, memory::enter(before, false), keys & !declared);
            }
        }
    }
}

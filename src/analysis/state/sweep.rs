//! Which memories of each key reach each state, for sixty-four keys at once.
//!
//! In: what every arc does to the keys. Out: by journey and state, for each memory, the keys of which some
//! run comes there with it. An inner journey is swept once for each memory it is entered with, when a caller
//! first comes to it so, and its ends serve every caller: nothing is inlined.

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
        if let Some(known) = self.joined.get((one, other, 0)) {
            return known;
        }
        let mut row = *self.get(one);
        join(&mut row, self.get(other));
        let number = self.number(row);
        self.joined.put((one, other, 0), number);
        number
    }
}

/// What came of some numbers, where they were asked for not long ago.
#[derive(Debug)]
struct Memo(Vec<(Asked, u32)>);

/// Two numbers, and the journey in which they mean something.
type Asked = (u32, u32, u32);

impl Memo {
    const PLACES: usize = 1 << 8;

    fn new() -> Self {
        Self(vec![((u32::MAX, u32::MAX, u32::MAX), 0); Self::PLACES])
    }

    fn place((one, other, journey): Asked) -> usize {
        let both = one.wrapping_mul(31).wrapping_add(other);
        both.wrapping_add(journey.wrapping_mul(7)) as usize % Self::PLACES
    }

    fn get(&self, asked: Asked) -> Option<u32> {
        let found = self.0.get(Self::place(asked));
        found.filter(|found| found.0 == asked).map(|found| found.1)
    }

    fn put(&mut self, asked: Asked, result: u32) {
        if let Some(place) = self.0.get_mut(Self::place(asked)) {
            *place = (asked, result);
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
    let mut reached = Reached {
        rows: Rows::new(),
        tables: (0..journeys).map(|_| Vec::new()).collect(),
        entered: vec![EMPTY; journeys],
    };
    let mut taken = Memo::new();
    for id in &flows.order {
        if let Some(entry) = roots.get(id) {
            fill(flows, wired, (*id, *entry), &mut reached, &mut taken);
        }
    }
    enter(flows, wired, roots, &mut reached);
    reached
}

/// Sweeps a journey entered with one memory, and those it calls with what they are entered with.
fn fill(
    flows: &Flows,
    wired: &Wired,
    from: (JourneyId, Memory),
    reached: &mut Reached,
    taken: &mut Memo,
) {
    if table(&reached.tables, from.0, from.1).is_some() {
        return;
    }
    let begin = |(id, entry), rows: &mut Rows| {
        let flow = flows.get(id)?;
        Some(Sweep::new(flow, wired, entry, rows))
    };
    let mut open: Vec<Sweep<'_>> = begin(from, &mut reached.rows).into_iter().collect();
    // BOUND: one lies upon another only for an inner journey that was not swept with that memory, and none
    // calls itself.
    while let Some(mut sweep) = open.pop() {
        let wanted = sweep.go_on(&reached.tables, &mut reached.rows, taken);
        if let Some(inner) = wanted.and_then(|inner| begin(inner, &mut reached.rows)) {
            open.extend([sweep, inner]);
            continue;
        }
        let journey = sweep.flow.journey;
        let swept = sweep.finish(&reached.rows);
        if let Some(known) = reached.tables.get_mut(journey.index()) {
            known.push(swept);
        }
    }
}

/// One journey, being swept.
struct Sweep<'a> {
    flow: &'a Flow,
    wired: &'a Wired,
    own: &'a Wires,
    swept: Swept,
    waiting: Vec<bool>,
    work: VecDeque<u32>,
}

impl<'a> Sweep<'a> {
    /// Enters it with one memory by every key.
    fn new(flow: &'a Flow, wired: &'a Wired, entry: Memory, rows: &mut Rows) -> Self {
        let mut sweep = Self {
            flow,
            wired,
            own: wired.of(flow.journey),
            swept: Swept {
                entry,
                rows: vec![NOWHERE; flow.states.len()],
                ends: [EMPTY; Exit::COUNT],
            },
            waiting: vec![false; flow.states.len()],
            work: VecDeque::from([flow.start]),
        };
        let mut first = EMPTY;
        add(&mut first, entry, wired.all());
        if let Some(row) = sweep.swept.rows.get_mut(flow.start as usize) {
            *row = rows.number(first);
        }
        sweep
    }

    /// Goes on until all is swept, or something is wanted of an inner journey that was not swept yet.
    fn go_on(
        &mut self,
        tables: &Tables,
        rows: &mut Rows,
        taken: &mut Memo,
    ) -> Option<(JourneyId, Memory)> {
        let flow = self.flow;
        // BOUND: a state comes back only when a bit of its row turns, and rows never lose one.
        while let Some(at) = self.work.front().copied() {
            let row = self.swept.rows.get(at as usize).copied();
            let row = row.unwrap_or(NOWHERE);
            let inner = match flow.state(at).map(|state| state.kind) {
                Some(StateKind::Call(inner)) => Some(inner),
                _ => None,
            };
            if let Some(inner) = inner {
                let mut entries = self.entries(rows.get(row), inner);
                let wanted = entries.find(|(entry, _)| table(tables, inner, *entry).is_none());
                if let Some((entry, _)) = wanted {
                    return Some((inner, entry));
                }
            }
            self.work.pop_front();
            if let Some(flag) = self.waiting.get_mut(at as usize) {
                *flag = false;
            }
            let open = |arc: &Arc| arc.only != Only::Passing && !arc.is_shut();
            for (id, arc) in flow.leaving(at).filter(|(_, arc)| open(arc)) {
                let next = match (arc.via, inner) {
                    (Some(exit), Some(inner)) => {
                        let next = self.behind(tables, rows.get(row), arc.from, (inner, exit));
                        rows.number(next)
                    }
                    (Some(_), None) => continue,
                    (None, _) => self.take(row, self.own.list_of(id), rows, taken),
                };
                self.arrive(arc.to, next, rows);
            }
        }
        None
    }

    fn arrive(&mut self, to: u32, row: u32, rows: &mut Rows) {
        let Some(target) = self.swept.rows.get_mut(to as usize) else {
            return;
        };
        let joined = rows.join(*target, row);
        if joined == *target {
            return;
        }
        *target = joined;
        if let Some(flag) = self.waiting.get_mut(to as usize)
            && !*flag
        {
            *flag = true;
            self.work.push_back(to);
        }
    }

    fn finish(mut self, rows: &Rows) -> Swept {
        for (state, exit) in self.flow.exits() {
            let row = self.swept.rows.get(state as usize).copied();
            if let Some(end) = self.swept.ends.get_mut(exit.number()) {
                join(end, rows.get(row.unwrap_or(NOWHERE)));
            }
        }
        self.swept
    }

    /// The memories with which an inner journey is entered, and by which keys.
    fn entries(&self, row: &Row, inner: JourneyId) -> impl Iterator<Item = (Memory, u64)> {
        let declared = self.wired.of(inner).declared;
        cells(row).flat_map(move |(before, keys)| {
            let entered = [(true, keys & declared), (false, keys & !declared)];
            let some = entered.into_iter().filter(|(_, keys)| *keys != 0);
            some.map(move |(declared, keys)| (memory::enter(before, declared), keys))
        })
    }

    /// What an arc makes of a row.
    fn take(&self, row: u32, list: u32, rows: &mut Rows, taken: &mut Memo) -> u32 {
        if list == 0 || row == NOWHERE {
            return row;
        }
        let asked = (row, list, self.flow.journey.0);
        if let Some(known) = taken.get(asked) {
            return known;
        }
        let next = take(rows.get(row), self.own.events(list));
        let next = rows.number(next);
        taken.put(asked, next);
        next
    }

    /// What comes out of an inner journey on one of its ends.
    fn behind(
        &self,
        tables: &Tables,
        row: &Row,
        from: u32,
        (inner, exit): (JourneyId, Exit),
    ) -> Row {
        let declared = self.wired.of(inner).declared;
        let kept = self.own.later.get(from as usize).copied().unwrap_or(0);
        let mut out = EMPTY;
        for (before, keys) in cells(row) {
            for (is_declared, keys) in [(true, keys & declared), (false, keys & !declared)] {
                if keys == 0 {
                    continue;
                }
                let entry = memory::enter(before, is_declared);
                let ends =
                    table(tables, inner, entry).and_then(|table| table.ends.get(exit.number()));
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

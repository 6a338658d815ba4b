//! Which memories of each key reach each state, for sixty-four keys at once.
//!
//! In: what every arc does to the keys. Out: by journey and state, for each memory, the keys of which some
//! run comes there with it. An inner journey is swept once for each memory it can be entered with, and its
//! ends serve every caller; callees come first and their entries last, so that nothing is inlined.

use std::collections::BTreeMap;

use crate::{
    analysis::{
        flow::{Exit, Flow, Flows, Only, StateKind},
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

fn join(into: &mut Row, more: &Row) -> bool {
    let mut grown = false;
    for (word, more) in into.iter_mut().zip(more) {
        grown |= *word | more != *word;
        *word |= more;
    }
    grown
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

/// A journey entered with one memory.
#[derive(Debug, Default)]
struct Swept {
    rows: Vec<Row>,
    ends: [Row; Exit::COUNT],
}

/// What reaches every state of every journey.
#[derive(Debug)]
pub(super) struct Reached {
    rows: BTreeMap<JourneyId, Vec<Row>>,
}

impl Reached {
    /// What reaches a state.
    pub(super) fn at(&self, journey: JourneyId, state: u32) -> Row {
        let rows = self.rows.get(&journey);
        rows.and_then(|rows| rows.get(state as usize))
            .copied()
            .unwrap_or(EMPTY)
    }
}

/// Sweeps a program from these journeys, each with the memory its runs begin with.
pub(super) fn sweep(flows: &Flows, wired: &Wired, roots: &BTreeMap<JourneyId, Memory>) -> Reached {
    let mut called: BTreeMap<JourneyId, bool> = BTreeMap::new();
    for id in &flows.order {
        for (_, inner) in flows.get(*id).into_iter().flat_map(Flow::calls) {
            called.insert(inner, true);
        }
    }
    let mut tables: BTreeMap<(JourneyId, Memory), Swept> = BTreeMap::new();
    for id in &flows.order {
        let Some(flow) = flows.get(*id) else { continue };
        let mut entries: Vec<Memory> = roots.get(id).copied().into_iter().collect();
        if called.contains_key(id) {
            let sensitive = wired.of(*id).declared != 0;
            let all = 0..Memory::try_from(COUNT / 2).unwrap_or(0);
            entries.extend(all.filter(|memory| sensitive || *memory <= memory::SHARED));
        }
        entries.sort_unstable();
        entries.dedup();
        for entry in entries {
            let swept = journey(flow, wired, &tables, entry);
            tables.insert((*id, entry), swept);
        }
    }
    collect(flows, wired, roots, &tables)
}

/// Sweeps one journey, entered with one memory by every key.
fn journey(
    flow: &Flow,
    wired: &Wired,
    tables: &BTreeMap<(JourneyId, Memory), Swept>,
    entry: Memory,
) -> Swept {
    let own = wired.of(flow.journey);
    let mut swept = Swept {
        rows: vec![EMPTY; flow.states.len()],
        ends: [EMPTY; Exit::COUNT],
    };
    if let Some(row) = swept.rows.get_mut(flow.start as usize) {
        add(row, entry, wired.all());
    }
    let mut waiting = vec![false; flow.states.len()];
    let mut work = std::collections::VecDeque::from([flow.start]);
    // BOUND: a state comes back only when a bit of its row turns, and rows never lose one.
    while let Some(at) = work.pop_front() {
        if let Some(flag) = waiting.get_mut(at as usize) {
            *flag = false;
        }
        let Some(row) = swept.rows.get(at as usize).copied() else {
            continue;
        };
        let open = |arc: &&crate::analysis::flow::Arc| arc.only != Only::Passing && !arc.is_shut();
        for (id, arc) in flow.leaving(at).filter(|(_, arc)| open(arc)) {
            let next = match (arc.via, flow.state(at).map(|state| state.kind)) {
                (Some(exit), Some(StateKind::Call(inner))) => {
                    behind(&row, arc.from, own, wired, (inner, exit), tables)
                }
                (Some(_), _) => continue,
                (None, _) => take(&row, own.on_arc(id)),
            };
            let Some(target) = swept.rows.get_mut(arc.to as usize) else {
                continue;
            };
            if join(target, &next)
                && let Some(flag) = waiting.get_mut(arc.to as usize)
                && !*flag
            {
                *flag = true;
                work.push_back(arc.to);
            }
        }
    }
    for (state, row) in flow.states.iter().zip(&swept.rows) {
        if let StateKind::Exit(exit) = state.kind
            && let Some(end) = swept.ends.get_mut(exit.number())
        {
            join(end, row);
        }
    }
    swept
}

/// What comes out of an inner journey on one of its ends.
fn behind(
    row: &Row,
    from: u32,
    own: &Wires,
    wired: &Wired,
    (inner, exit): (JourneyId, Exit),
    tables: &BTreeMap<(JourneyId, Memory), Swept>,
) -> Row {
    let declared = wired.of(inner).declared;
    let kept = own.later.get(from as usize).copied().unwrap_or(0);
    let mut out = EMPTY;
    for (before, keys) in cells(row) {
        for (is_declared, keys) in [(true, keys & declared), (false, keys & !declared)] {
            let entry = memory::enter(before, is_declared);
            let ends = tables
                .get(&(inner, entry))
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

/// Keeps of every table what its real entries make true; callers first.
fn collect(
    flows: &Flows,
    wired: &Wired,
    roots: &BTreeMap<JourneyId, Memory>,
    tables: &BTreeMap<(JourneyId, Memory), Swept>,
) -> Reached {
    let mut entered: BTreeMap<JourneyId, Row> = BTreeMap::new();
    for (id, memory) in roots {
        add(entered.entry(*id).or_insert(EMPTY), *memory, wired.all());
    }
    let mut rows: BTreeMap<JourneyId, Vec<Row>> = BTreeMap::new();
    for id in flows.order.iter().rev() {
        let (Some(flow), Some(entries)) = (flows.get(*id), entered.get(id).copied()) else {
            continue;
        };
        let mut mine = vec![EMPTY; flow.states.len()];
        for (entry, keys) in cells(&entries) {
            let Some(table) = tables.get(&(*id, entry)) else {
                continue;
            };
            for (own, row) in mine.iter_mut().zip(&table.rows) {
                for (memory, reached) in cells(row) {
                    add(own, memory, reached & keys);
                }
            }
        }
        for (state, inner) in flow.calls() {
            let row = mine.get(state as usize).copied().unwrap_or(EMPTY);
            let declared = wired.of(inner).declared;
            let into = entered.entry(inner).or_insert(EMPTY);
            for (before, keys) in cells(&row) {
                add(into, memory::enter(before, true), keys & declared);
                add(into, memory::enter(before, false), keys & !declared);
            }
        }
        rows.insert(*id, mine);
    }
    Reached { rows }
}

//! Shortest runs, told apart by a little memory, through inner journeys.
//!
//! In: a [`Space`] and a [`Domain`], which says how a small number, the *memory*, changes on every event
//! and which event is looked for. Out: the shortest run to it. An inner journey is explored once for each
//! memory it is entered with, and its ends are reused by every caller; nothing is inlined and nothing
//! recurses. The length of a run is the number of nodes it completes, inner journeys included.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

use crate::analysis::{
    flow::{Arc, Exit, Flow, State, StateKind},
    space::{Instance, InstanceId, Space},
};

/// What becomes of a run at an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It cannot go on, or need not be followed.
    Dead,
    /// It is what is looked for.
    Hit,
    /// It is what is looked for, and the run is followed further with this memory.
    HitAndGo(u32),
    /// It goes on with this memory.
    Go(u32),
}

/// How the memory of a run changes.
pub(super) trait Domain {
    /// The run arrives at a state.
    fn visit(&self, at: &Instance, id: u32, state: &State, memory: u32) -> Next;

    /// The run takes an arc.
    fn leave(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next;

    /// What else may become of a run that takes the arc.
    fn otherwise(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        let _ = (at, id, arc, memory);
        Next::Dead
    }

    /// The memory with which an inner journey begins.
    fn call(&self, at: &Instance, state: u32, memory: u32) -> u32 {
        let _ = (at, state);
        memory
    }

    /// The memory after an inner journey: `before` at the call, `after` at its end.
    fn back(&self, at: &Instance, arc: &Arc, before: u32, after: u32) -> u32 {
        let _ = (at, arc, before);
        after
    }
}

/// The length of a run that is not there.
const NEVER: u64 = u64::MAX;

/// How many cells one exploration may fill beyond what memory-free ones need.
const CELLS_EXTRA: usize = 1_000_000;

/// The number of a table: one instance entered with one memory.
pub(super) type TableId = usize;

#[derive(Debug, Clone, Copy)]
struct Cell {
    length: u64,
    from: u32,
    memory: u32,
    arc: u32,
    after: u32,
}

const EMPTY: Cell = Cell {
    length: NEVER,
    from: u32::MAX,
    memory: 0,
    arc: u32::MAX,
    after: 0,
};

/// One way in which an inner journey ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    exit: Exit,
    state: u32,
    memory: u32,
    length: u64,
}

/// What is looked for, found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// The length of the run up to it, within its table.
    pub(super) length: u64,
    /// The state before.
    pub(super) state: u32,
    /// The memory before.
    pub(super) memory: u32,
    /// Where exactly.
    pub(super) place: HitPlace,
}

/// Where a hit lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HitPlace {
    /// At the state where the run begins.
    Start,
    /// On an arc: its number, and the memory at the end of an inner journey.
    OnArc(u32, u32),
    /// At the end of an arc.
    Behind(u32, u32),
    /// Further in: the table of the inner journey.
    Inside(TableId),
}

/// One instance entered with one memory.
#[derive(Debug)]
pub(super) struct Table {
    /// The instance.
    pub(super) instance: InstanceId,
    /// The table and state that first led here.
    pub(super) caller: Option<(TableId, u32, u32)>,
    rows: BTreeMap<u32, Vec<Cell>>,
    heap: BinaryHeap<Reverse<(u64, u32, u32)>>,
    endings: Vec<Ending>,
    /// The shortest hit, inner journeys included.
    pub(super) best: Option<Hit>,
    /// The shortest hit in each state of this very journey.
    pub(super) hits: BTreeMap<u32, Hit>,
    done: bool,
}

/// A step back along a shortest run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link {
    /// Where it starts.
    pub(super) state: u32,
    /// The memory there.
    pub(super) memory: u32,
    /// The arc.
    pub(super) arc: u32,
    /// The memory at the end of the inner journey, where it is a call.
    pub(super) after: u32,
}

/// All tables of an exploration, or of several of one space with one domain.
#[derive(Debug, Default)]
pub(super) struct Explored {
    /// The tables; of one exploration the first is the outermost journey.
    pub(super) tables: Vec<Table>,
    known: BTreeMap<(InstanceId, u32), TableId>,
    /// Whether the bound on memory was hit, so that the absence of a hit means nothing.
    pub(super) cut_short: bool,
    cells: usize,
    /// How many cells there were before the exploration at hand.
    before: usize,
}

/// Explores all runs from a state of the first instance.
pub(super) fn explore<D: Domain>(
    space: &Space<'_>,
    domain: &D,
    from: u32,
    memory: u32,
) -> Explored {
    let mut all = Explored::default();
    all.enter(space, domain, 0, (from, memory));
    all
}

impl Explored {
    /// Explores all runs from a state of an instance; tables that are there already are reused.
    pub(super) fn enter<D: Domain>(
        &mut self,
        space: &Space<'_>,
        domain: &D,
        instance: InstanceId,
        (from, memory): (u32, u32),
    ) -> TableId {
        self.before = self.cells;
        let root = self.open(space, domain, instance, from, memory, None);
        let mut stack = vec![root];
        while let Some(top) = stack.last().copied() {
            match self.advance(space, domain, top) {
                None => {
                    stack.pop();
                }
                Some(inner) => stack.push(inner),
            }
        }
        root
    }

    fn open<D: Domain>(
        &mut self,
        space: &Space<'_>,
        domain: &D,
        instance: InstanceId,
        from: u32,
        memory: u32,
        caller: Option<(TableId, u32, u32)>,
    ) -> TableId {
        let mut table = Table {
            instance,
            caller,
            rows: BTreeMap::new(),
            heap: BinaryHeap::new(),
            endings: Vec::new(),
            best: None,
            hits: BTreeMap::new(),
            done: false,
        };
        let here = space.instance(instance).zip(space.flow(instance));
        if let Some((at, flow)) = here
            && let Some(state) = flow.state(from)
        {
            let place = HitPlace::Start;
            let hit = Hit {
                length: 0,
                state: from,
                memory,
                place,
            };
            if let Some(memory) = table.note(domain.visit(at, from, state, memory), hit) {
                let link = Link {
                    state: u32::MAX,
                    memory: 0,
                    arc: u32::MAX,
                    after: 0,
                };
                self.cells += table.improve(flow, from, memory, 0, link);
            }
        }
        let id = self.tables.len();
        self.known.insert((instance, memory), id);
        self.tables.push(table);
        id
    }

    /// Works on one table until it is done (`None`) or needs another one first.
    fn advance<D: Domain>(
        &mut self,
        space: &Space<'_>,
        domain: &D,
        id: TableId,
    ) -> Option<TableId> {
        let instance = self.tables.get(id)?.instance;
        let at = space.instance(instance)?;
        let flow = space.flow(instance)?;
        loop {
            let table = self.tables.get_mut(id)?;
            let Some(Reverse((length, state, memory))) = table.heap.pop() else {
                table.done = true;
                return None;
            };
            if table.cell(state, memory).length < length {
                continue;
            }
            let Some(kind) = flow.state(state).map(|state| state.kind) else {
                continue;
            };
            match kind {
                StateKind::Exit(exit) => {
                    table.endings.push(Ending {
                        exit,
                        state,
                        memory,
                        length,
                    });
                }
                StateKind::Step => self.follow(domain, at, flow, id, (state, memory, length)),
                StateKind::Call(_) => {
                    let Some(target) = at.callee(state) else {
                        continue;
                    };
                    let entry = domain.call(at, state, memory);
                    let Some(inner) = self.known.get(&(target, entry)).copied() else {
                        table.heap.push(Reverse((length, state, memory)));
                        let start = space.flow(target).map_or(0, |flow| flow.start);
                        let caller = Some((id, state, memory));
                        return Some(self.open(space, domain, target, start, entry, caller));
                    };
                    self.follow(domain, at, flow, id, (state, memory, length));
                    self.call(domain, at, flow, id, inner, (state, memory, length));
                }
            }
            let table = self.tables.get_mut(id)?;
            if self.cells.saturating_sub(self.before)
                > flow
                    .states
                    .len()
                    .saturating_mul(4)
                    .saturating_add(CELLS_EXTRA)
            {
                self.cut_short = true;
                table.heap.clear();
            }
        }
    }

    /// Takes the arcs of a state, but not those on which inner journeys come back.
    fn follow<D: Domain>(
        &mut self,
        domain: &D,
        at: &Instance,
        flow: &Flow,
        id: TableId,
        (state, memory, length): (u32, u32, u64),
    ) {
        let Some(table) = self.tables.get_mut(id) else {
            return;
        };
        let open = |(_, arc): &(u32, &Arc)| arc.via.is_none() && !arc.is_shut();
        for (arc_id, arc) in flow.leaving(state).filter(open) {
            let link = Link {
                state,
                memory,
                arc: arc_id,
                after: 0,
            };
            let length = length.saturating_add(u64::from(arc.completes()));
            self.cells += table.relax(domain, at, flow, arc, memory, length, link);
        }
    }

    /// Goes on behind an inner journey that is explored. One that is not yet is its own caller; such
    /// journeys are refused earlier, and here their calls never return.
    fn call<D: Domain>(
        &mut self,
        domain: &D,
        at: &Instance,
        flow: &Flow,
        id: TableId,
        inner: TableId,
        (state, memory, length): (u32, u32, u64),
    ) {
        let Some(callee) = self.tables.get(inner).filter(|table| table.done) else {
            return;
        };
        let best = callee.best;
        let endings = callee.endings.clone();
        let Some(table) = self.tables.get_mut(id) else {
            return;
        };
        if let Some(best) = best {
            let length = length.saturating_add(best.length);
            table.better(Hit {
                length,
                state,
                memory,
                place: HitPlace::Inside(inner),
            });
        }
        for ending in endings {
            for (arc_id, arc) in flow
                .leaving(state)
                .filter(|(_, arc)| arc.via == Some(ending.exit))
            {
                let back = domain.back(at, arc, memory, ending.memory);
                let link = Link {
                    state,
                    memory,
                    arc: arc_id,
                    after: ending.memory,
                };
                let length = length.saturating_add(ending.length).saturating_add(1);
                self.cells += table.relax(domain, at, flow, arc, back, length, link);
            }
        }
    }

    /// How much was looked at.
    pub(super) fn work(&self) -> usize {
        self.cells.saturating_add(self.tables.len())
    }

    /// The links of the shortest run to a state of a table, from its start on.
    pub(super) fn links(&self, table: TableId, state: u32, memory: u32) -> Vec<Link> {
        let mut links = Vec::new();
        let Some(table) = self.tables.get(table) else {
            return links;
        };
        let (mut state, mut memory) = (state, memory);
        loop {
            let cell = table.cell(state, memory);
            if cell.length == NEVER || cell.arc == u32::MAX {
                break;
            }
            links.push(Link {
                state: cell.from,
                memory: cell.memory,
                arc: cell.arc,
                after: cell.after,
            });
            (state, memory) = (cell.from, cell.memory);
        }
        links.reverse();
        links
    }

    /// The table that a call of `instance` with `memory` leads to.
    pub(super) fn table_of(&self, instance: InstanceId, memory: u32) -> Option<TableId> {
        self.known.get(&(instance, memory)).copied()
    }

    /// With which memories the outermost journey ends in this way.
    pub(super) fn memories(&self, exit: Exit) -> impl Iterator<Item = u32> {
        let endings = self.tables.first().into_iter().flat_map(|t| &t.endings);
        endings
            .filter(move |ending| ending.exit == exit)
            .map(|ending| ending.memory)
    }

    /// Where a table ends in this way with this memory.
    pub(super) fn ending(&self, table: TableId, exit: Exit, memory: u32) -> Option<u32> {
        let table = self.tables.get(table)?;
        let fits = |ending: &&Ending| ending.exit == exit && ending.memory == memory;
        table.endings.iter().find(fits).map(|ending| ending.state)
    }
}

impl Table {
    fn cell(&self, state: u32, memory: u32) -> Cell {
        let row = self.rows.get(&memory);
        row.and_then(|row| row.get(state as usize))
            .copied()
            .unwrap_or(EMPTY)
    }

    fn better(&mut self, hit: Hit) {
        if self.best.is_none_or(|best| hit.length < best.length) {
            self.best = Some(hit);
        }
    }

    fn hit(&mut self, hit: Hit) {
        self.better(hit);
        let known = self.hits.entry(hit.state).or_insert(hit);
        if hit.length < known.length {
            *known = hit;
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the inner loop of every proof")]
    fn relax<D: Domain>(
        &mut self,
        domain: &D,
        at: &Instance,
        flow: &Flow,
        arc: &Arc,
        memory: u32,
        length: u64,
        link: Link,
    ) -> usize {
        let hit = |place| Hit {
            length,
            state: link.state,
            memory: link.memory,
            place,
        };
        let mut cells = 0;
        for next in [
            domain.leave(at, link.arc, arc, memory),
            domain.otherwise(at, link.arc, arc, memory),
        ] {
            let Some(memory) = self.note(next, hit(HitPlace::OnArc(link.arc, link.after))) else {
                continue;
            };
            let Some(state) = flow.state(arc.to) else {
                continue;
            };
            let next = domain.visit(at, arc.to, state, memory);
            if let Some(memory) = self.note(next, hit(HitPlace::Behind(link.arc, link.after))) {
                cells += self.improve(flow, arc.to, memory, length, link);
            }
        }
        cells
    }

    /// Keeps a hit, and says with which memory the run goes on.
    fn note(&mut self, next: Next, hit: Hit) -> Option<u32> {
        match next {
            Next::Dead => None,
            Next::Hit => {
                self.hit(hit);
                None
            }
            Next::HitAndGo(memory) => {
                self.hit(hit);
                Some(memory)
            }
            Next::Go(memory) => Some(memory),
        }
    }

    /// Notes a run to a state where it is the shortest so far; how many cells that took.
    fn improve(&mut self, flow: &Flow, state: u32, memory: u32, length: u64, link: Link) -> usize {
        let mut cells = 0;
        let row = self.rows.entry(memory).or_insert_with(|| {
            cells = flow.states.len();
            vec![EMPTY; flow.states.len()]
        });
        if let Some(cell) = row.get_mut(state as usize)
            && length < cell.length
        {
            *cell = Cell {
                length,
                from: link.state,
                memory: link.memory,
                arc: link.arc,
                after: link.after,
            };
            self.heap.push(Reverse((length, state, memory)));
        }
        cells
    }
}

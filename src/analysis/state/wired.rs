//! Up to sixty-four keys on the arcs of a program: what each arc does to them, and where they are read.

use std::collections::BTreeMap;

use crate::{
    analysis::{
        definite::Slots,
        flow::{Arc, Flow, Flows, Leave, Only},
        implied::{Fact, by_arms},
        state::{
            memory::Event,
            place::outcome,
            touch::{KeyNo, Touch, Touches, Write},
        },
    },
    model::{
        expr::Expr,
        journey::{Guard, JourneyId, NodeKind},
        program::Program,
        signature::Scope,
    },
};

/// How many keys are followed at once.
pub(super) const WIDTH: usize = 64;

/// What a write means to the question at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// What is looked for is there.
    Put,
    /// What is looked for is there no longer.
    Drop,
    /// Nothing.
    Nothing,
}

/// A question about writes: what each means, and whether reads and guards stop a run without the value.
pub(super) struct Question<'q> {
    pub(super) means: &'q dyn Fn(&Write) -> Means,
    /// What `*` means.
    pub(super) any: Means,
    pub(super) filters: bool,
}

/// The question whether a key is there at all.
pub(super) const PRESENCE: Question<'static> = Question {
    means: &|_| Means::Put,
    any: Means::Put,
    filters: true,
};

/// One journey.
#[derive(Debug, Default)]
pub(super) struct Wires {
    /// By state: what is read further on, from transient or secure state; empty where nothing is.
    pub(super) later: Vec<u64>,
    /// What any node in it reads from transient or secure state, further in included.
    pub(super) declared: u64,
    /// What arcs do; equal lists stand once, the empty one first and that of a plain stop behind it.
    lists: Vec<Events>,
    /// By arc, which list is its.
    of_arc: Vec<u32>,
}

/// What happens to which keys, in order.
pub(super) type Events = Vec<(Event, u64)>;

impl Wires {
    /// What an arc does, in order.
    pub(super) fn on_arc(&self, arc: u32) -> &[(Event, u64)] {
        self.events(self.list_of(arc))
    }

    /// The number of what an arc does; 0 where that is nothing.
    pub(super) fn list_of(&self, arc: u32) -> u32 {
        self.of_arc.get(arc as usize).copied().unwrap_or(0)
    }

    /// What stands under a number.
    pub(super) fn events(&self, list: u32) -> &[(Event, u64)] {
        self.lists.get(list as usize).map_or(&[], |list| list)
    }
}

/// The keys that are followed, and what every journey does to them.
#[derive(Debug)]
pub(super) struct Wired {
    bits: BTreeMap<KeyNo, u64>,
    every: u64,
    journeys: Vec<Wires>,
    empty: Wires,
}

impl Wired {
    /// Follows these keys, of which there are at most [`WIDTH`].
    pub(super) fn new(
        program: &Program,
        flows: &Flows,
        touches: &Touches,
        keys: &[KeyNo],
        question: &Question<'_>,
    ) -> Self {
        let bits: BTreeMap<KeyNo, u64> = (0_u32..)
            .zip(keys.iter().take(WIDTH))
            .map(|(bit, key)| (*key, 1_u64 << bit))
            .collect();
        let touching = touches.touching(keys.iter().copied());
        let mut all = Self {
            every: bits.values().fold(0, |mask, bit| mask | bit),
            bits,
            journeys: Vec::new(),
            empty: Wires::default(),
        };
        all.journeys
            .resize_with(program.journeys.len(), Wires::default);
        let members = all.mask_of(|key| touches.names.is_member(key));
        for id in &flows.order {
            if let Some(flow) = flows.get(*id) {
                let builder = Builder {
                    all: &all,
                    program,
                    touches,
                    numbers: touches.numbers(*id),
                    touching: &touching,
                    flow,
                    question,
                    members,
                };
                let wires = builder.finish();
                if let Some(place) = all.journeys.get_mut(id.index()) {
                    *place = wires;
                }
            }
        }
        all
    }

    fn mask_of(&self, is: impl Fn(KeyNo) -> bool) -> u64 {
        let of = self.bits.iter().filter(|(key, _)| is(**key));
        of.fold(0, |mask, (_, bit)| mask | bit)
    }

    /// The bit of a key; none where it is not followed.
    pub(super) fn bit(&self, key: KeyNo) -> u64 {
        self.bits.get(&key).copied().unwrap_or(0)
    }

    /// All bits.
    pub(super) fn all(&self) -> u64 {
        self.every
    }

    /// What a journey does.
    pub(super) fn of(&self, journey: JourneyId) -> &Wires {
        self.journeys.get(journey.index()).unwrap_or(&self.empty)
    }
}

/// The number of what an arc does that stops and does nothing else to keys that nobody reads further on.
const STOP: u32 = 1;

/// By arc of a flow, [`STOP`] where taking it means that the run has stopped; 0 for every other.
pub(super) fn stops(flow: &Flow) -> Vec<u32> {
    let stops = |arc: &Arc| {
        let asks = flow.state(arc.from).is_some_and(|state| state.asks);
        if asks && happens(arc) { STOP } else { 0 }
    };
    flow.arcs.iter().map(stops).collect()
}

/// Whether anything that a node does is sure to be done once an arc is taken: an error takes back what the
/// node wrote, and that it had stopped before is not sure; but a later child of a page may fail once the page
/// has asked, and what the stop lost stays lost.
fn happens(arc: &Arc) -> bool {
    match arc.only {
        Only::Always => !arc.is_error() && arc.via.is_none(),
        Only::Done => arc.via.is_none(),
        Only::Passing => false,
    }
}

/// What arcs do, each list once.
struct Lists {
    list: Vec<Events>,
    numbers: BTreeMap<Events, u32>,
    /// The one asked for last.
    last: u32,
}

impl Lists {
    fn number(&mut self, events: &Events) -> u32 {
        if self.list.get(self.last as usize) != Some(events) {
            self.last = if let Some(known) = self.numbers.get(events) {
                *known
            } else {
                let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
                self.numbers.insert(events.clone(), next);
                self.list.push(events.clone());
                next
            };
        }
        self.last
    }
}

/// By decision, what taking each of its arms says.
type Guards = BTreeMap<u32, Vec<(u16, Event, u64)>>;

struct Builder<'a> {
    all: &'a Wired,
    program: &'a Program,
    touches: &'a Touches,
    numbers: &'a [u32],
    /// By number of what is touched, whether a key is among it.
    touching: &'a [bool],
    flow: &'a Flow,
    question: &'a Question<'a>,
    members: u64,
}

impl Builder<'_> {
    fn finish(&self) -> Wires {
        let (live, later, declared) = self.liveness();
        let stop = vec![(Event::StopLost, self.all.all())];
        let mut lists = Lists {
            numbers: BTreeMap::from([(Events::new(), 0), (stop.clone(), STOP)]),
            list: vec![Events::new(), stop],
            last: 0,
        };
        let mut of_arc = self.touches.stops(self.flow.journey).to_vec();
        let mut guards: Guards = BTreeMap::new();
        let mut events = Events::new();
        for (state, number) in (0_u32..).zip(self.numbers) {
            let kept = live.get(state as usize).copied().unwrap_or(0);
            let touches = self.is_touching(*number);
            let asks = || self.flow.state(state).is_some_and(|state| state.asks);
            if !touches && (kept == 0 || !asks()) {
                continue;
            }
            for (id, arc) in self.flow.leaving(state) {
                events.clear();
                self.arc(arc, kept, &mut guards, &mut events);
                if let Some(place) = of_arc.get_mut(id as usize) {
                    *place = lists.number(&events);
                }
            }
        }
        Wires {
            later,
            declared,
            lists: lists.list,
            of_arc,
        }
    }

    fn is_touching(&self, number: u32) -> bool {
        self.touching.get(number as usize) == Some(&true)
    }

    /// What is declared to be read from transient or secure state, at a state itself.
    fn declared_at(&self, state: u32) -> u64 {
        let touch = self.touches.of(self.flow.journey, state);
        let any = if touch.declares_any {
            self.all.all() & !self.members
        } else {
            0
        };
        let members = if touch.reads_any_member {
            self.members
        } else {
            0
        };
        let reads = touch
            .reads
            .iter()
            .filter(|read| read.scope != Scope::Shared);
        reads.fold(any | members, |mask, read| mask | self.all.bit(read.key))
    }

    /// What each state declares to read that is sensitive, spread backwards; nothing where none does.
    fn liveness(&self) -> (Vec<u64>, Vec<u64>, u64) {
        let calls = self.flow.calls();
        let calls = calls.map(|(state, inner)| (state, self.all.of(inner).declared));
        let touching = (0_u32..).zip(self.numbers);
        let touching = touching.filter(|(_, number)| self.is_touching(**number));
        let steps = touching.map(|(state, _)| (state, self.declared_at(state)));
        let own: Vec<(u32, u64)> = calls.chain(steps).filter(|(_, own)| *own != 0).collect();
        if own.is_empty() {
            return (Vec::new(), Vec::new(), 0);
        }
        let states = self.flow.states.len();
        let (mut live, mut later) = (vec![0; states], vec![0; states]);
        let (mut work, mut declared) = (Vec::with_capacity(own.len()), 0);
        for (state, own) in own {
            declared |= own;
            if let Some(place) = live.get_mut(state as usize) {
                *place = own;
                work.push(state);
            }
        }
        // BOUND: a state is put on the list again only when a bit of it turns, at most sixty-four times.
        while let Some(at) = work.pop() {
            let mask = live.get(at as usize).copied().unwrap_or(0);
            for (_, arc) in self.flow.entering(at) {
                if let Some(own) = later.get_mut(arc.from as usize) {
                    *own |= mask;
                }
                if let Some(own) = live.get_mut(arc.from as usize)
                    && *own | mask != *own
                {
                    *own |= mask;
                    work.push(arc.from);
                }
            }
        }
        (live, later, declared)
    }

    fn arc(&self, arc: &Arc, kept: u64, guards: &mut Guards, events: &mut Events) {
        if !happens(arc) {
            return;
        }
        let Some(state) = self.flow.state(arc.from) else {
            return;
        };
        let touch = self.touches.of(self.flow.journey, arc.from);
        let mut add = |event: Event, mask: u64| {
            if mask != 0 {
                events.push((event, mask));
            }
        };
        if self.question.filters {
            for read in touch.reads.iter().filter(|read| read.needed) {
                add(Event::Have(read.scope), self.all.bit(read.key));
            }
            let node = self
                .program
                .journey(self.flow.journey)
                .and_then(|journey| journey.graph.node_weight(state.node));
            if let (Some(NodeKind::Decision(arms)), Leave::Outcome(outcome)) =
                (node.map(|node| &node.kind), arc.leave)
            {
                let implied = guards.entry(arc.from).or_insert_with(|| self.implied(arms));
                for (arm, event, mask) in implied.iter() {
                    if *arm == outcome.0 {
                        add(*event, *mask);
                    }
                }
            }
        }
        if state.asks {
            add(Event::StopKept, self.all.all() & kept);
            add(Event::StopLost, self.all.all() & !kept);
        }
        if arc.only == Only::Done {
            return;
        }
        let outcome = if touch.gone.is_empty() {
            ""
        } else {
            outcome(self.program, self.flow, arc)
        };
        self.changes(touch, outcome, &mut add);
    }

    fn changes(&self, touch: &Touch, outcome: &str, add: &mut impl FnMut(Event, u64)) {
        for (key, on) in &touch.gone {
            if **on == *"*" || **on == *outcome {
                add(Event::Gone, self.all.bit(*key));
            }
        }
        for write in &touch.writes {
            let event = match ((self.question.means)(write), write.sensitive) {
                (Means::Nothing, _) => continue,
                (Means::Put, false) => Event::PutShared,
                (Means::Put, true) => Event::PutSensitive,
                (Means::Drop, false) => Event::DropShared,
                (Means::Drop, true) => Event::DropSensitive,
            };
            add(event, self.all.bit(write.key));
        }
        if self.question.any == Means::Put {
            let keys = self.all.all() & !self.members;
            for (touches, event, mask) in [
                (touch.writes_any_shared, Event::PutShared, keys),
                (touch.writes_any_sensitive, Event::PutSensitive, keys),
                (touch.writes_any_member, Event::PutShared, self.members),
            ] {
                if touches {
                    add(event, mask);
                }
            }
        }
    }

    /// What taking each arm of a decision says of the keys.
    fn implied(&self, arms: &[Guard]) -> Vec<(u16, Event, u64)> {
        let mut slots = Vec::new();
        for condition in arms.iter().filter_map(|arm| arm.condition.as_ref()) {
            slots.extend(Slots::of(condition).read);
        }
        slots.sort();
        slots.dedup();
        let mut found = Vec::new();
        for slot in &slots {
            let Some((key, scope)) = self.touches.key_of_slot(self.program, slot) else {
                continue;
            };
            let bit = self.all.bit(key);
            if bit == 0 {
                continue;
            }
            let lacks = Expr::Not(Box::new(Expr::Has(slot.clone())));
            let there = by_arms(arms, Fact::Has(slot));
            let missing = by_arms(arms, Fact::Holds(&lacks));
            for (arm, implied) in (0..).zip(there) {
                if implied {
                    found.push((arm, Event::Have(scope), bit));
                }
            }
            for (arm, implied) in (0..).zip(missing) {
                if implied {
                    found.push((arm, Event::Lack(scope), bit));
                }
            }
        }
        found
    }
}

//! What one of two runs may have done alone before they meet again, and where that matters.
//!
//! In: the journeys of a space. Out: *traces*, by number: a key that may hold another value in the one run
//! than in the other, the level, or a pair of limiters of which the known user's was passed another number
//! of times than the unknown one's. Only what some node goes by is a trace. For every state: the traces it
//! leaves, and those that matter to it. Two runs carry one trace at a time, for each does what it does by
//! itself, and the way to a difference is then a way that left that trace.
//!
//! There are at most [`TRACES_MAX`] of them; the rest of the keys is one more, and so is the rest of the
//! limiters, so that each such trace matters wherever one of its kind does.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc as Shared,
};

use petgraph::graph::NodeIndex;

use crate::{
    analysis::{
        faces::{
            live::Live,
            world::{Thing, is_settled},
        },
        flow::{Flow, Raise, State},
        space::Space,
    },
    model::{
        expr::{Expr, Slot},
        journey::{Child, Journey, JourneyId, NodeKind, SettingValue, Task},
        program::Program,
        signature::{OutcomeFacts, Scope, Signature},
        value::Value,
    },
};

/// How many traces are told apart.
const TRACES_MAX: u8 = 28;
const OTHER_KEYS: Trace = Trace(TRACES_MAX + 1);
const OTHER_COUNTS: Trace = Trace(TRACES_MAX + 2);

/// What differs between two runs besides where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Trace(u8);

impl Trace {
    /// Nothing.
    pub(super) const NONE: Self = Self(0);
}

/// Some traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Traces(u64);

impl Traces {
    /// Whether this trace is among them.
    pub(super) fn has(self, trace: Trace) -> bool {
        trace != Trace::NONE && self.0 & (1 << trace.0) != 0
    }

    /// Those of both.
    pub(super) fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// All of them.
    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, trace: Trace) -> Self {
        Self(self.0 & !(1 << trace.0))
    }

    fn add(&mut self, trace: Trace) {
        self.0 |= 1 << trace.0;
    }

    /// Each of them.
    pub(super) fn list(self) -> impl Iterator<Item = Trace> {
        let all = 1..=OTHER_COUNTS.0;
        all.map(Trace).filter(move |trace| self.has(*trace))
    }
}

/// A node in its journey.
type Unit = (JourneyId, u32);

/// A key of the state: whether it is one of the profile under construction, and its name.
type Key<'a> = (bool, &'a str);

/// What a state has to do with traces.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Site {
    /// By these it may choose its way.
    pub(super) chooses: Traces,
    /// Without the value of these it may fail.
    pub(super) needs: Traces,
    /// On these depends what it writes.
    pub(super) reads: Traces,
    /// These show.
    pub(super) shows: Traces,
    /// What it writes, and the level if it moves it.
    pub(super) writes: Traces,
    /// What it writes on every outcome.
    pub(super) sets: Traces,
    /// What the earlier children of its page write, which an error takes back.
    pub(super) before: Traces,
    /// For a limiter: whether it counts for a known user, and for an unknown one.
    counts: Option<[Traces; 2]>,
}

impl Site {
    /// What it goes by.
    pub(super) fn matters(&self) -> Traces {
        let [known, unknown] = self.counts.unwrap_or_default();
        [self.needs, self.reads, self.shows, known, unknown]
            .into_iter()
            .fold(self.chooses, Traces::and)
    }
}

/// What a state does with a key, or with all keys of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Chooses,
    Needs,
    Reads,
    Shows,
    Writes,
    Sets,
}

/// Which keys are meant.
#[derive(Debug, Clone, Copy)]
enum Meant<'a> {
    One(Key<'a>),
    /// All of the profile under construction, or all others.
    All(bool),
    Level,
}

/// The traces of a space.
#[derive(Debug, Default)]
pub(super) struct Memory {
    sites: BTreeMap<JourneyId, Vec<Site>>,
    counts: BTreeMap<(Unit, Unit), Trace>,
    live: Live,
}

impl Memory {
    /// The traces that runs of a space can leave.
    pub(super) fn new(space: &Space<'_>) -> Self {
        let seen = Seen::of(space);
        let mut numbers = Numbers::default();
        if seen.level {
            numbers.level = Some(numbers.next(OTHER_KEYS));
        }
        for (unit, _) in &seen.limiters {
            let trace = numbers.next(OTHER_COUNTS);
            if trace == OTHER_COUNTS {
                break;
            }
            numbers.counts.insert((*unit, *unit), trace);
        }
        for key in seen.keys() {
            let trace = numbers.next(OTHER_KEYS);
            numbers.keys.insert(key, trace);
        }
        if numbers.last == 0 {
            return Self::default();
        }
        numbers.uneven(&seen.limiters);
        let sites = seen
            .journeys
            .iter()
            .map(|id| (*id, numbers.sites(space, *id)));
        let mut sites: BTreeMap<_, _> = sites.collect();
        for (at, task) in &seen.limiters {
            if let Some(site) = site_mut(&mut sites, *at) {
                site.counts = Some(numbers.moved(*at, task, &seen.limiters));
            }
        }
        let live = Live::of(space, &sites);
        Self {
            sites,
            counts: numbers.counts,
            live,
        }
    }

    /// Whether a trace still matters to one of two runs.
    pub(super) fn matters(&self, trace: Trace, known: Unit, unknown: Unit) -> bool {
        let at = |unit: Unit| self.live.at(unit.0, unit.1);
        at(known).and(at(unknown)).has(trace)
    }

    /// What a state has to do with traces.
    pub(super) fn site(&self, journey: JourneyId, state: u32) -> Site {
        let sites = self.sites.get(&journey);
        let site = sites.and_then(|sites| sites.get(state as usize));
        site.copied().unwrap_or_default()
    }

    /// What two runs leave behind that pass two states side by side, as one node or as two of one kind.
    pub(super) fn side_by_side(&self, known: Unit, unknown: Unit) -> Traces {
        let (left, right) = (self.site(known.0, known.1), self.site(unknown.0, unknown.1));
        let (Some([of_known, _]), Some([_, of_unknown])) = (left.counts, right.counts) else {
            return Traces::default();
        };
        match self.counts.get(&(known, unknown)) {
            // Both have counted one more.
            Some(both) => of_known.without(*both).and(of_unknown.without(*both)),
            None => of_known.and(of_unknown),
        }
    }

    /// What a run leaves behind that passes a state alone, besides what it writes.
    pub(super) fn alone(&self, at: Unit, known: bool) -> Traces {
        let [of_known, of_unknown] = self.site(at.0, at.1).counts.unwrap_or_default();
        if known { of_known } else { of_unknown }
    }

    /// Whether two limiters may have counted differently.
    pub(super) fn is_uneven(&self, known: Unit, unknown: Unit, trace: Trace) -> bool {
        let (left, right) = (self.site(known.0, known.1), self.site(unknown.0, unknown.1));
        if left.counts.is_none() || right.counts.is_none() {
            return false;
        }
        self.counts
            .get(&(known, unknown))
            .map_or(trace == OTHER_COUNTS, |both| trace == *both)
    }
}

fn site_mut(sites: &mut BTreeMap<JourneyId, Vec<Site>>, at: Unit) -> Option<&mut Site> {
    sites.get_mut(&at.0)?.get_mut(at.1 as usize)
}

/// What there is in a space.
#[derive(Default)]
struct Seen<'a> {
    journeys: BTreeSet<JourneyId>,
    read: BTreeSet<Key<'a>>,
    written: BTreeSet<Key<'a>>,
    /// Whether anything reads all keys of the profile under construction; and all others.
    read_all: [bool; 2],
    written_all: [bool; 2],
    level: bool,
    limiters: Vec<(Unit, &'a Task)>,
}

impl<'a> Seen<'a> {
    fn of(space: &Space<'a>) -> Self {
        let journeys = space.instances.iter().map(|instance| instance.journey);
        let mut seen = Self {
            journeys: journeys.collect(),
            ..Self::default()
        };
        for id in seen.journeys.clone() {
            let (Some(journey), Some(flow)) = (space.program.journey(id), space.flows.get(id))
            else {
                continue;
            };
            for (at, state) in (0..).zip(&flow.states) {
                let thing = Thing::of(journey, state).1;
                uses(space.program, flow, at, thing, &mut |of, meant| {
                    seen.note(of, meant);
                });
                if let Some(task) = limiter(space.program, thing) {
                    seen.limiters.push(((id, at), task));
                }
            }
        }
        seen
    }

    fn note(&mut self, of: Use, meant: Meant<'a>) {
        let writes = matches!(of, Use::Writes | Use::Sets);
        let (keys, all) = if writes {
            (&mut self.written, &mut self.written_all)
        } else {
            (&mut self.read, &mut self.read_all)
        };
        match meant {
            Meant::One(key) => {
                keys.insert(key);
            }
            Meant::All(object) => {
                let [others, objects] = all;
                *(if object { objects } else { others }) = true;
            }
            Meant::Level => self.level |= !writes,
        }
    }

    /// The keys that something writes and something goes by.
    fn keys(&self) -> BTreeSet<Key<'a>> {
        let by = |[others, objects]: [bool; 2], key: &Key<'_>| if key.0 { objects } else { others };
        let written = self.written.iter();
        let read = self.read.iter();
        let one = written.filter(|key| self.read.contains(*key) || by(self.read_all, key));
        let other = read.filter(|key| by(self.written_all, key));
        one.chain(other).copied().collect()
    }
}

/// The numbers of the traces.
#[derive(Default)]
struct Numbers<'a> {
    last: u8,
    level: Option<Trace>,
    keys: BTreeMap<Key<'a>, Trace>,
    counts: BTreeMap<(Unit, Unit), Trace>,
}

impl Numbers<'_> {
    fn next(&mut self, or: Trace) -> Trace {
        if self.last >= TRACES_MAX {
            return or;
        }
        self.last += 1;
        Trace(self.last)
    }

    /// Limiters of one kind and limit may be compared with each other.
    fn uneven(&mut self, limiters: &[(Unit, &Task)]) {
        for (left, task) in limiters {
            for (right, other) in limiters {
                if self.last >= TRACES_MAX {
                    return;
                }
                if left != right && task == other {
                    let trace = self.next(OTHER_COUNTS);
                    self.counts.insert((*left, *right), trace);
                }
            }
        }
    }

    /// What a limiter leaves behind that one run passes: a known user's, and an unknown one's.
    fn moved(&self, at: Unit, task: &Task, limiters: &[(Unit, &Task)]) -> [Traces; 2] {
        let mut moved = [Traces::default(); 2];
        let [known, unknown] = &mut moved;
        let mut peers = 0_usize;
        // Over the bound all are one, and need not be gone through.
        for (other, _) in limiters
            .iter()
            .filter(|(_, other)| *other == task)
            .take(PEERS_MAX)
        {
            peers += 1;
            let trace = |pair| self.counts.get(&pair).copied().unwrap_or(OTHER_COUNTS);
            known.add(trace((at, *other)));
            unknown.add(trace((*other, at)));
        }
        if peers == PEERS_MAX {
            known.add(OTHER_COUNTS);
            unknown.add(OTHER_COUNTS);
        }
        let own = self.counts.get(&(at, at)).copied().unwrap_or(OTHER_COUNTS);
        known.add(own);
        unknown.add(own);
        moved
    }

    fn sites(&self, space: &Space<'_>, id: JourneyId) -> Vec<Site> {
        let (Some(journey), Some(flow)) = (space.program.journey(id), space.flows.get(id)) else {
            return Vec::new();
        };
        let mut pages: BTreeMap<NodeIndex<u32>, Traces> = BTreeMap::new();
        let site = |(at, state): (u32, &State)| {
            let mut site = Site::default();
            let thing = Thing::of(journey, state).1;
            uses(space.program, flow, at, thing, &mut |of, meant| {
                let traces = match of {
                    Use::Chooses => &mut site.chooses,
                    Use::Needs => &mut site.needs,
                    Use::Reads => &mut site.reads,
                    Use::Shows => &mut site.shows,
                    Use::Writes => &mut site.writes,
                    Use::Sets => &mut site.sets,
                };
                *traces = traces.and(self.traces(meant));
            });
            // Of many keys one may be set; and a later child that fails takes all back.
            site.sets = if may_be_undone(journey, flow, state) {
                Traces::default()
            } else {
                site.sets.without(OTHER_KEYS)
            };
            let before = pages.entry(state.node).or_default();
            site.before = *before;
            *before = before.and(site.writes);
            // A page shows all that its children do.
            for child in later_children(journey, state) {
                task_uses(
                    space.program,
                    &child.task,
                    &child.outcomes,
                    &mut |of, meant| {
                        if of == Use::Shows {
                            site.shows = site.shows.and(self.traces(meant));
                        }
                    },
                );
            }
            site
        };
        (0..).zip(&flow.states).map(site).collect()
    }

    fn traces(&self, meant: Meant<'_>) -> Traces {
        let mut traces = Traces::default();
        match meant {
            Meant::One(key) => {
                if let Some(trace) = self.keys.get(&key) {
                    traces.add(*trace);
                }
            }
            Meant::All(object) => {
                for (_, trace) in self.keys.iter().filter(|((of, _), _)| *of == object) {
                    traces.add(*trace);
                }
            }
            Meant::Level => {
                if let Some(trace) = self.level {
                    traces.add(trace);
                }
            }
        }
        traces
    }
}

fn may_be_undone(journey: &Journey, flow: &Flow, state: &State) -> bool {
    let node = journey.graph.node_weight(state.node);
    let Some(NodeKind::Page(page)) = node.map(|node| &node.kind) else {
        return false;
    };
    let count = u16::try_from(page.children.len()).unwrap_or(u16::MAX);
    let mut later = (state.child.saturating_add(1)..count).map(|at| flow.of_child(state.node, at));
    later.any(|at| flow.state(at).is_none_or(|state| state.may_fail))
}

fn later_children<'a>(journey: &'a Journey, state: &State) -> &'a [Child] {
    let node = journey.graph.node_weight(state.node);
    match node.map(|node| &node.kind) {
        Some(NodeKind::Page(page)) if state.child == 0 => page.children.get(1..).unwrap_or(&[]),
        _ => &[],
    }
}

/// How many limiters of one kind are looked at one by one.
const PEERS_MAX: usize = 32;

fn limiter<'a>(program: &Program, thing: Thing<'a>) -> Option<&'a Task> {
    let Thing::Task(task, _) = thing else {
        return None;
    };
    let signature = program.catalog.get(task.ty);
    let counts = signature.is_none_or(|signature| signature.limits.is_some());
    counts.then_some(task)
}

/// Everything that a state does with keys and with the level.
fn uses<'a>(
    program: &'a Program,
    flow: &Flow,
    at: u32,
    thing: Thing<'a>,
    tell: &mut impl FnMut(Use, Meant<'a>),
) {
    match thing {
        Thing::Other => {}
        Thing::Decision(guards) => {
            for condition in guards.iter().filter_map(|guard| guard.condition.as_ref()) {
                slots(program, condition, &mut |meant| tell(Use::Chooses, meant));
            }
        }
        Thing::Task(task, outcomes) => task_uses(program, task, outcomes, tell),
    }
    let mut moves = flow.leaving(at).map(|(_, arc)| arc.raise);
    if matches!(thing, Thing::Task(..)) && moves.any(|raise| raise != Raise::By(0)) {
        tell(Use::Writes, Meant::Level);
    }
}

fn task_uses<'a>(
    program: &'a Program,
    task: &'a Task,
    outcomes: &[Shared<str>],
    tell: &mut impl FnMut(Use, Meant<'a>),
) {
    let computed = task.settings.iter().filter_map(|(_, value)| match value {
        SettingValue::Computed(expr) => Some(expr),
        SettingValue::Constant(_) => None,
    });
    for expr in computed {
        slots(program, expr, &mut |meant| {
            for of in [Use::Chooses, Use::Reads, Use::Shows] {
                tell(of, meant);
            }
        });
    }
    if let Some(signature) = program.catalog.get(task.ty) {
        let open = outcomes
            .iter()
            .any(|outcome| !is_settled(signature, task, outcome));
        reads(task, signature, open, tell);
        writes(task, signature, tell);
    } else {
        for object in [false, true] {
            tell(Use::Chooses, Meant::All(object));
            tell(Use::Writes, Meant::All(object));
        }
    }
}

fn reads<'a>(
    task: &'a Task,
    signature: &'a Signature,
    open: bool,
    tell: &mut impl FnMut(Use, Meant<'a>),
) {
    let bounds =
        |facts: &OutcomeFacts| facts.level_at_least.is_some() || facts.level_below.is_some();
    if signature.facts.iter().any(bounds) {
        tell(Use::Chooses, Meant::Level);
    }
    for read in signature.reads.iter() {
        let object = is_object(read.scope);
        let named_by = read.named_by.as_deref();
        names(task, (&read.key, named_by), &mut |name, how| {
            // Most types read the name to look somebody up with it, which is told elsewhere.
            if name == Some("username") && !object {
                return;
            }
            let meant = meant(object, name);
            let of = [
                (Use::Reads, true),
                (Use::Chooses, open),
                (Use::Needs, read.always),
                (Use::Shows, how == How::Listed),
            ];
            for (of, _) in of.into_iter().filter(|(_, holds)| *holds) {
                tell(of, meant);
            }
        });
    }
}

fn writes<'a>(task: &'a Task, signature: &'a Signature, tell: &mut impl FnMut(Use, Meant<'a>)) {
    for write in signature.writes.iter() {
        let object = is_object(write.scope);
        let named_by = write.named_by.as_deref();
        names(task, (&write.key, named_by), &mut |name, how| {
            tell(Use::Writes, meant(object, name));
            if write.always && name.is_some() && how != How::Either {
                tell(Use::Sets, meant(object, name));
            }
        });
    }
    for gone in signature.removes.iter() {
        let named_by = gone.named_by.as_deref();
        names(task, (&gone.key, named_by), &mut |name, how| {
            for object in [false, true] {
                tell(Use::Writes, meant(object, name));
                if gone.outcome == "*" && name.is_some() && how != How::Either {
                    tell(Use::Sets, meant(object, name));
                }
            }
        });
    }
}

fn is_object(scope: Scope) -> bool {
    match scope {
        Scope::ObjectShared | Scope::ObjectTransient => true,
        Scope::Shared | Scope::Transient | Scope::Secure | Scope::Any => false,
    }
}

fn meant(object: bool, name: Option<&str>) -> Meant<'_> {
    name.map_or(Meant::All(object), |name| Meant::One((object, name)))
}

/// How a key is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// By itself.
    Plainly,
    /// In a list, whose values are shown by a node that reads them and shows something.
    Listed,
    /// In a map, on its left or on its right: one of them may be meant.
    Either,
}

/// The keys that a line of a signature means, for a node with these settings; none for all.
fn names<'a>(
    task: &'a Task,
    (key, named_by): (&'a str, Option<&str>),
    tell: &mut impl FnMut(Option<&'a str>, How),
) {
    let Some(setting) = named_by else {
        return tell((key != "*").then_some(key), How::Plainly);
    };
    let value = task.settings.iter().find(|(key, _)| &**key == setting);
    match value.map(|(_, value)| value) {
        None => {}
        Some(SettingValue::Computed(_)) => tell(None, How::Plainly),
        Some(SettingValue::Constant(Value::List(list))) => {
            for name in list.iter().filter_map(Value::as_text) {
                tell(Some(name), How::Listed);
            }
        }
        Some(SettingValue::Constant(Value::Map(map))) => {
            for name in map.keys().map(|key| &**key) {
                tell(Some(name), How::Either);
            }
            for name in map.values().filter_map(Value::as_text) {
                tell(Some(name), How::Either);
            }
        }
        Some(SettingValue::Constant(value)) => {
            if let Some(name) = value.as_text() {
                tell(Some(name), How::Plainly);
            }
        }
    }
}

/// What an expression reads of the run.
fn slots<'a>(program: &'a Program, expr: &'a Expr, tell: &mut impl FnMut(Meant<'a>)) {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(slot, _) | Expr::Has(slot) => match slot {
                Slot::Shared(key) | Slot::Transient(key) | Slot::Secure(key) => {
                    if let Some(key) = program.keys.get(key.0 as usize) {
                        tell(Meant::One((false, key)));
                    }
                }
                Slot::Object(key) => tell(Meant::One((true, key))),
                Slot::AuthLevel => tell(Meant::Level),
                Slot::User(_)
                | Slot::Header(_)
                | Slot::Cookie(_)
                | Slot::Parameter(_)
                | Slot::ClientAddress
                | Slot::Host
                | Slot::Locale
                | Slot::Environment(_)
                | Slot::Session(_)
                | Slot::SessionLevel
                | Slot::Realm => {}
            },
            Expr::Literal(_) => {}
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Call(_, arguments) => open.extend(arguments),
            Expr::Join(parts) => open.extend(parts),
        }
    }
}

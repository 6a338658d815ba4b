//! Values that are written and overwritten, or lost, before anything can read them.
//!
//! Only what a node writes on every outcome is looked at, and a node whose type writes several keys is
//! named only where none of them is ever read: which of them a type needs is not the author's choice, but
//! each entry of a map is. What the engine, the wire or a session may read is never dead, nor is what a
//! script, a declared type that says nothing, or a caller may read; and what shared state holds at the end
//! of a run is there for whoever started it. Behind an outcome that is there for nobody's name, a prompt
//! is asked so that a stranger sees what a user sees: its answer is meant for nobody.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Diagnostic,
    analysis::{
        counterexample,
        explore::{Domain, Next, explore},
        flow::{Arc, Exit, Flow, Only, State, StateKind},
        space::{Instance, Space},
        state::{
            Check,
            place::{named, outcome},
            start,
            touch::{KeyNo, Touch, Touches, Write},
            wired::WIDTH,
        },
    },
    codes,
    model::{
        journey::{JourneyId, NodeKind},
        program::Program,
        property::At,
        signature::{Known, Scope},
    },
    source::Span,
};

/// Writes that are dead only together.
#[derive(Debug, Clone)]
struct Candidate {
    journey: JourneyId,
    state: u32,
    writes: Vec<Write>,
}

/// Which keys are live, in shared and in transient state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Live {
    shared: u64,
    sensitive: u64,
}

impl Live {
    fn or(self, other: Self) -> Self {
        Self {
            shared: self.shared | other.shared,
            sensitive: self.sensitive | other.sensitive,
        }
    }

    fn without(self, other: Self) -> Self {
        Self {
            shared: self.shared & !other.shared,
            sensitive: self.sensitive & !other.sensitive,
        }
    }

    fn of(bit: u64, sensitive: bool) -> Self {
        if sensitive {
            Self {
                shared: 0,
                sensitive: bit,
            }
        } else {
            Self {
                shared: bit,
                sensitive: 0,
            }
        }
    }
}

/// Checks every write.
pub(super) fn check(check: &mut Check<'_>) {
    let mut all = Vec::new();
    for flow in check
        .flows
        .order
        .iter()
        .filter_map(|id| check.flows.get(*id))
    {
        let known = known(flow);
        for (at, state) in (0..).zip(&flow.states) {
            let decoy = known.get(at as usize) != Some(&true) && asks(check, flow, state);
            if state.kind == StateKind::Step && !decoy {
                candidates(check, flow.journey, at, &mut all);
            }
        }
    }
    let mut by_key: BTreeMap<KeyNo, Vec<&Candidate>> = BTreeMap::new();
    for candidate in &all {
        if let Some(first) = candidate.writes.first() {
            by_key.entry(first.key).or_default().push(candidate);
        }
    }
    let mut here: Vec<&Candidate> = Vec::new();
    let mut keys: BTreeSet<KeyNo> = BTreeSet::new();
    for candidates in by_key.into_values() {
        let writes = || candidates.iter().flat_map(|candidate| &candidate.writes);
        let more = writes().filter(|write| !keys.contains(&write.key));
        let more: BTreeSet<KeyNo> = more.map(|write| write.key).collect();
        if !here.is_empty() && keys.len() + more.len() > WIDTH {
            group(check, &here);
            here.clear();
            keys.clear();
        }
        keys.extend(writes().map(|write| write.key));
        here.extend(candidates);
    }
    if !here.is_empty() {
        group(check, &here);
    }
}

/// The states that a run with the name of a user reaches.
fn known(flow: &Flow) -> Vec<bool> {
    flow.reach(|arc| !arc.absent)
}

/// Whether a state is a prompt.
fn asks(check: &Check<'_>, flow: &Flow, state: &State) -> bool {
    let node = check
        .program
        .journey(flow.journey)
        .and_then(|journey| journey.graph.node_weight(state.node));
    let task = match node.map(|node| &node.kind) {
        Some(NodeKind::Task(task)) => Some(task),
        Some(NodeKind::Page(page)) => {
            let child = page.children.get(usize::from(state.child));
            child.map(|child| &child.task)
        }
        _ => None,
    };
    let signature = task.and_then(|task| check.program.catalog.get(task.ty));
    signature.is_some_and(|signature| signature.asks == Known::Is(true))
}

/// How many keys one candidate may have.
const TOGETHER_MAX: usize = 8;

fn candidates(check: &Check<'_>, journey: JourneyId, state: u32, all: &mut Vec<Candidate>) {
    let touch = check.touches.of(journey, state);
    let names = &check.touches.names;
    let watched = |write: &Write| {
        !names.is_member(write.key) && start::is_read_by_engine(names.name(write.key))
            || check.lost.contains(&write.key)
    };
    let (entries, rest): (Vec<Write>, Vec<Write>) =
        touch.writes.iter().cloned().partition(|write| write.entry);
    for write in entries {
        if write.always && !write.blank && !watched(&write) {
            all.push(Candidate {
                journey,
                state,
                writes: vec![write],
            });
        }
    }
    let whole = !touch.writes_any_shared && !touch.writes_any_sensitive && !touch.writes_any_member;
    let fits = !rest.is_empty() && rest.len() <= TOGETHER_MAX && whole;
    if fits && rest.iter().all(|write| write.always && !watched(write)) {
        all.push(Candidate {
            journey,
            state,
            writes: rest,
        });
    }
}

fn group(check: &mut Check<'_>, here: &[&Candidate]) {
    let mut bits: BTreeMap<KeyNo, u64> = BTreeMap::new();
    for write in here.iter().flat_map(|candidate| &candidate.writes) {
        let next = u32::try_from(bits.len()).unwrap_or(u32::MAX);
        let bit = 1_u64.checked_shl(next).unwrap_or(0);
        bits.entry(write.key).or_insert(bit);
    }
    let members = bits
        .iter()
        .filter(|(key, _)| check.touches.names.is_member(**key))
        .fold(0, |mask, (_, bit)| mask | bit);
    let mut pass = Pass {
        program: check.program,
        touches: &check.touches,
        members,
        all: bits.values().fold(0, |mask, bit| mask | bit),
        bits: &bits,
        touched: Vec::new(),
    };
    pass.touched = pass.touched();
    let mut closures: BTreeMap<JourneyId, Live> = BTreeMap::new();
    let mut live: BTreeMap<JourneyId, Vec<Live>> = BTreeMap::new();
    let written: BTreeSet<JourneyId> = here.iter().map(|candidate| candidate.journey).collect();
    for id in &check.flows.order {
        let Some(flow) = check.flows.get(*id) else {
            continue;
        };
        let own = pass.own(flow, &closures);
        let closure = own.iter().fold(Live::default(), |all, one| all.or(*one));
        if written.contains(id) {
            let end = Live {
                shared: pass.all,
                sensitive: 0,
            };
            let called = check.called.contains(id);
            let failed = if called { end } else { Live::default() };
            live.insert(*id, pass.lives(flow, (end, failed), own));
        }
        closures.insert(*id, closure);
    }
    let is_dead = |candidate: &Candidate| {
        let flow = check.flows.get(candidate.journey);
        let lives = live.get(&candidate.journey);
        flow.zip(lives)
            .is_some_and(|(flow, lives)| pass.is_dead(flow, lives, candidate))
    };
    // Copies of a fragment are one text: it is dead where every copy is.
    let mut copies: BTreeMap<(Span, KeyNo), Option<&Candidate>> = BTreeMap::new();
    for candidate in here {
        let at = named(
            check.program,
            check.flows,
            candidate.journey,
            candidate.state,
        );
        let (Some(at), Some(first)) = (at, candidate.writes.first()) else {
            continue;
        };
        let dead = is_dead(candidate);
        copies
            .entry((at.span, first.key))
            .and_modify(|kept| *kept = kept.filter(|_| dead))
            .or_insert(dead.then_some(candidate));
    }
    for candidate in copies.into_values().flatten() {
        report(check, candidate);
    }
}

struct Pass<'a> {
    program: &'a Program,
    touches: &'a Touches,
    members: u64,
    all: u64,
    bits: &'a BTreeMap<KeyNo, u64>,
    /// By number of what is touched, what becomes of these keys there.
    touched: Vec<Touched>,
}

/// What a node does to the keys at hand.
#[derive(Debug, Clone, Copy, Default)]
struct Touched {
    reads: Live,
    /// What it overwrites on every outcome.
    kills: Live,
    /// Whether it takes keys out, which is a matter of the outcome.
    removes: bool,
}

impl Pass<'_> {
    fn bit(&self, key: KeyNo) -> u64 {
        self.bits.get(&key).copied().unwrap_or(0)
    }

    fn touched(&self) -> Vec<Touched> {
        let touching = self.touches.touching(self.bits.keys().copied());
        let list = self.touches.list().iter().zip(touching);
        let touched = list.map(|(touch, touching)| {
            if !touching {
                return Touched::default();
            }
            Touched {
                reads: self.reads(touch),
                kills: self.overwrites(touch),
                removes: !touch.gone.is_empty(),
            }
        });
        touched.collect()
    }

    fn reads(&self, touch: &Touch) -> Live {
        let mut live = Live::default();
        if touch.reads_any {
            let keys = self.all & !self.members;
            live = live.or(Live {
                shared: keys,
                sensitive: keys,
            });
        }
        if touch.reads_any_member {
            live = live.or(Live {
                shared: self.members,
                sensitive: self.members,
            });
        }
        for read in &touch.reads {
            let bit = self.bit(read.key);
            let shared = !matches!(read.scope, Scope::Transient | Scope::Secure);
            let sensitive = read.scope != Scope::Shared;
            live = live.or(Live {
                shared: if shared { bit } else { 0 },
                sensitive: if sensitive { bit } else { 0 },
            });
        }
        live
    }

    fn overwrites(&self, touch: &Touch) -> Live {
        let mut kills = Live::default();
        for write in touch.writes.iter().filter(|write| write.always) {
            kills = kills.or(Live::of(self.bit(write.key), write.sensitive));
        }
        kills
    }

    /// What leaving by an outcome takes out.
    fn removes(&self, touch: &Touch, outcome: &str) -> Live {
        let gone = touch
            .gone
            .iter()
            .filter(|(_, on)| **on == *"*" || **on == *outcome);
        gone.fold(Live::default(), |removed, (key, _)| {
            let bit = self.bit(*key);
            removed.or(Live {
                shared: bit,
                sensitive: bit,
            })
        })
    }

    /// What taking an arc overwrites or takes out.
    fn kills(&self, flow: &Flow, numbers: &[u32], arc: &Arc) -> Live {
        if arc.is_error() || arc.via.is_some() {
            return Live::default();
        }
        let touched = self.of(numbers, arc.from);
        if !touched.removes {
            return touched.kills;
        }
        let touch = self.touches.of(flow.journey, arc.from);
        let outcome = outcome(self.program, flow, arc);
        touched.kills.or(self.removes(touch, outcome))
    }

    fn of(&self, numbers: &[u32], state: u32) -> Touched {
        let number = numbers.get(state as usize).copied().unwrap_or(0);
        self.touched
            .get(number as usize)
            .copied()
            .unwrap_or_default()
    }

    /// What each state of a journey reads, the journeys that it calls included.
    fn own(&self, flow: &Flow, closures: &BTreeMap<JourneyId, Live>) -> Vec<Live> {
        let numbers = self.touches.numbers(flow.journey);
        let states = (0..).zip(&flow.states);
        let own = states.map(|(at, state)| match state.kind {
            StateKind::Step => self.of(numbers, at).reads,
            StateKind::Call(inner) => closures.get(&inner).copied().unwrap_or_default(),
            StateKind::Exit(_) => Live::default(),
        });
        own.collect()
    }

    /// What is live at each state of a journey whose states read this themselves.
    fn lives(&self, flow: &Flow, (end, failed): (Live, Live), own: Vec<Live>) -> Vec<Live> {
        let numbers = self.touches.numbers(flow.journey);
        let mut live = own;
        for (state, live) in flow.states.iter().zip(&mut live) {
            match state.kind {
                StateKind::Exit(Exit::Raise | Exit::Stumble) => *live = failed,
                StateKind::Exit(_) => *live = end,
                StateKind::Step | StateKind::Call(_) => {}
            }
        }
        let mut work: Vec<u32> = (0..).zip(&live).map(|(at, _)| at).collect();
        // BOUND: a state is put on the list again only when a bit of it turns.
        while let Some(at) = work.pop() {
            let here = live.get(at as usize).copied().unwrap_or_default();
            if here == Live::default() {
                continue;
            }
            // An error in a page takes back what all its children wrote.
            let arcs = flow.entering(at).map(|(_, arc)| arc);
            for arc in arcs.filter(|arc| arc.only != Only::Passing) {
                let through = here.without(self.kills(flow, numbers, arc));
                if let Some(own) = live.get_mut(arc.from as usize)
                    && own.or(through) != *own
                {
                    *own = own.or(through);
                    work.push(arc.from);
                }
            }
        }
        live
    }

    fn is_dead(&self, flow: &Flow, live: &[Live], candidate: &Candidate) -> bool {
        let written = candidate.writes.iter().fold(Live::default(), |all, write| {
            all.or(Live::of(self.bit(write.key), write.sensitive))
        });
        let mut arcs = flow
            .leaving(candidate.state)
            .filter(|(_, arc)| !arc.is_error() && !arc.is_shut())
            .peekable();
        // A key that found no room in the group is not known to be dead.
        let followed = candidate
            .writes
            .iter()
            .all(|write| self.bit(write.key) != 0);
        followed
            && arcs.peek().is_some()
            && arcs.all(|(_, arc)| {
                let then = live.get(arc.to as usize).copied().unwrap_or_default();
                then.shared & written.shared == 0 && then.sensitive & written.sensitive == 0
            })
    }
}

const BEFORE: u32 = 0;
const WRITTEN: u32 = 1;

/// A run that writes the value and then overwrites or loses it.
struct Wasted<'a> {
    space: &'a Space<'a>,
    touches: &'a Touches,
    candidate: &'a Candidate,
    key: KeyNo,
    sensitive: bool,
}

impl Wasted<'_> {
    fn overwrites(&self, at: &Instance, arc: &Arc) -> bool {
        let touch = self.touches.of(at.journey, arc.from);
        let flow = self.space.flow(at.id);
        let outcome = flow.map_or("", |flow| outcome(self.space.program, flow, arc));
        let same = |write: &Write| {
            write.always && write.key == self.key && write.sensitive == self.sensitive
        };
        let gone = |(key, on): &(KeyNo, std::sync::Arc<str>)| {
            *key == self.key && (**on == *"*" || **on == *outcome)
        };
        touch.writes.iter().any(same) || touch.gone.iter().any(gone)
    }
}

impl Domain for Wasted<'_> {
    fn visit(&self, at: &Instance, _: u32, state: &State, memory: u32) -> Next {
        let ends = self.sensitive && at.journey == self.candidate.journey;
        if memory == WRITTEN && ends && matches!(state.kind, StateKind::Exit(_)) {
            return Next::Hit;
        }
        Next::Go(memory)
    }

    fn leave(&self, at: &Instance, _: u32, arc: &Arc, memory: u32) -> Next {
        if arc.only == Only::Passing {
            return Next::Dead;
        }
        if arc.is_error() || arc.via.is_some() {
            return Next::Go(memory);
        }
        if memory == WRITTEN && self.overwrites(at, arc) {
            return Next::Hit;
        }
        let own = at.journey == self.candidate.journey && arc.from == self.candidate.state;
        Next::Go(if own { WRITTEN } else { memory })
    }
}

fn report(check: &mut Check<'_>, candidate: &Candidate) {
    let Some(first) = candidate.writes.first() else {
        return;
    };
    let (program, flows) = (check.program, check.flows);
    let Some(at) = named(program, flows, candidate.journey, candidate.state) else {
        return;
    };
    let best = shortest(check, candidate, first);
    // What no run comes to is said elsewhere.
    let unseen = check.is_spent() && check.may_come_to(candidate.journey, candidate.state);
    if best.is_none() && !unseen {
        return;
    }
    if !check
        .told
        .insert((codes::DEAD_WRITE.word, at.span, first.key))
        || check.is_beyond(codes::DEAD_WRITE, &at)
    {
        return;
    }
    let texts: Vec<String> = candidate
        .writes
        .iter()
        .map(|write| {
            let scope = if write.sensitive {
                Scope::Transient
            } else {
                Scope::Shared
            };
            format!("`{}`", check.touches.names.text(write.key, scope))
        })
        .collect();
    let what = texts.join(" and ");
    let is_over = |run: &&counterexample::Counterexample| {
        matches!(run.end.at, At::Outcome(_) | At::ChildOutcome(..))
    };
    let over = best.as_ref().filter(is_over);
    let how = match (&best, over) {
        (Some(_), None) => "lost",
        (Some(_), Some(_)) => "overwritten",
        (None, _) => "overwritten or lost",
    };
    let (it_is, it) = match candidate.writes.len() {
        1 => ("it is", "it"),
        _ => ("they are", "them"),
    };
    let message = format!(
        "`{}` writes {what}, and {it_is} {how} before anything can read {it}",
        at.text
    );
    let mut finding = Diagnostic::new(codes::DEAD_WRITE, at.span, message);
    if let Some(run) = over
        && let Some(flow) = flows.get(run.end.journey)
        && let Some(state) = super::later_first(flow, run.end.node)
            .into_iter()
            .find(|state| overwrites(check, run.end.journey, *state, first))
        && let Some(other) = named(program, flows, run.end.journey, state)
        && other != at
    {
        finding = finding.label(other.span, format!("`{}` overwrites it", other.text));
    }
    let finding = finding.help("take the write out, or let something read it");
    check.report(finding, &format!("{it_is} {how} by"), best.as_ref());
}

/// The shortest run on which nothing reads what is written, unless looking for it has taken too much.
fn shortest(
    check: &mut Check<'_>,
    candidate: &Candidate,
    first: &Write,
) -> Option<counterexample::Counterexample> {
    let (program, flows) = (check.program, check.flows);
    let mut best: Option<counterexample::Counterexample> = None;
    if check.is_spent() {
        return best;
    }
    for (root, _) in start::leading_to(flows, &check.roots, candidate.journey) {
        let Some(journey) = program.journey(root) else {
            continue;
        };
        if check.is_spent() {
            break;
        }
        let space = Space::new(program, flows, root, &[]);
        let wasted = Wasted {
            space: &space,
            touches: &check.touches,
            candidate,
            key: first.key,
            sensitive: first.sensitive,
        };
        let explored = explore(&space, &wasted, Flow::of_node(journey.start), BEFORE);
        let run = counterexample::of_best(&space, &wasted, &explored);
        check.spend(explored.work());
        if let Some(run) = run
            && best.as_ref().is_none_or(|best| run.length < best.length)
        {
            best = Some(run);
        }
    }
    best
}

fn overwrites(check: &Check<'_>, journey: JourneyId, state: u32, first: &Write) -> bool {
    let touch = check.touches.of(journey, state);
    let writes = touch.writes.iter();
    let mut writes = writes.filter(|write| write.always && write.sensitive == first.sensitive);
    writes.any(|write| write.key == first.key)
        || touch.gone.iter().any(|(key, _)| *key == first.key)
}

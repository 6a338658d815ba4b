//! Whether a value is there, or a condition holds, at every arrival at a place.
//!
//! A fact is made by a node that writes the value on every outcome and by a guard that says so, and it is
//! lost again: request and user may be others after a stop; another identity has other attributes; a
//! transient value becomes secure at a stop, and only for a node further on that declares that it reads it;
//! an inner journey gets it only where a node in there does. A node may also take a value out.

use std::collections::BTreeMap;

use crate::{
    analysis::{
        component::Arcs,
        counterexample,
        ensure::{Question, Verdict, verdict},
        explore::{Domain, Next, explore},
        flow::{Arc, Flow, Leave, Only, Raise, State, StateKind},
        implied::{Fact, by_arms},
        level::comparison,
        phase::{ARMED, Phase},
        space::{Instance, InstanceId, Mark, Space},
    },
    model::{
        expr::{BinaryOp, Expr, Function, KeyId, Slot},
        journey::{JourneyId, Node, NodeKind, SettingValue, Task},
        level::AuthLevel,
        program::Program,
        property::Place,
        signature::{Scope, StateKey},
        value::{Type, Value},
    },
};

impl Question<'_> {
    /// Whether a value is there at every arrival at a place.
    pub(super) fn has(&self, slot: &Slot, place: &Place) -> Verdict {
        match slot {
            Slot::Realm | Slot::AuthLevel => Verdict::Holds,
            Slot::Transient(key) | Slot::Secure(key) => self.has_sensitive(*key, slot, place),
            Slot::Object(_) => match self.has_written(slot, place, Objects::Shared) {
                Verdict::Holds => Verdict::Holds,
                Verdict::Fails(_) | Verdict::Open(_) => {
                    self.has_written(slot, place, Objects::Both)
                }
            },
            Slot::Shared(_)
            | Slot::Header(_)
            | Slot::Cookie(_)
            | Slot::Parameter(_)
            | Slot::ClientAddress
            | Slot::Host
            | Slot::Locale
            | Slot::Environment(_)
            | Slot::Session(_)
            | Slot::SessionLevel
            | Slot::User(_) => self.has_written(slot, place, Objects::Both),
        }
    }

    fn has_written(&self, slot: &Slot, place: &Place, objects: Objects) -> Verdict {
        let mut space = self.space(&[place]);
        space.mark(place, Mark::GOAL);
        mark_guards(&mut space, Fact::Has(slot), Mark::DISARM);
        let program = self.program;
        mark_tasks(&mut space, |task, outcome| {
            flag(Mark::ARM, removes(program, task, outcome, slot))
                | flag(Mark::DISARM, makes(program, task, slot, objects))
        });
        lose(&mut space, Losses::of_slot(slot, objects));
        self.phase(&space, Phase::Facts, ARMED)
    }

    fn has_sensitive(&self, key: KeyId, slot: &Slot, place: &Place) -> Verdict {
        let mut space = self.space(&[place]);
        space.mark(place, Mark::GOAL);
        // One mark for what is made transient, another for what is known to be secure.
        let (transient, secure) = (Slot::Transient(key), Slot::Secure(key));
        mark_guards(&mut space, Fact::Has(&transient), Mark::DISARM);
        mark_guards(&mut space, Fact::Has(&secure), Mark::ARM);
        let program = self.program;
        mark_tasks(&mut space, |task, outcome| {
            flag(Mark::CUT, removes(program, task, outcome, slot))
                | flag(
                    Mark::DISARM,
                    makes(program, task, &transient, Objects::Both),
                )
                | flag(Mark::ARM, makes(program, task, &secure, Objects::Both))
        });
        let wanted = if *slot == secure {
            NOT_SECURE
        } else {
            NOT_TRANSIENT
        };
        let carried = Carried::new(&space, key, wanted);
        let explored = explore(&space, &carried, self.start(), NOT_TRANSIENT | NOT_SECURE);
        verdict(
            &explored,
            counterexample::of_best(&space, &carried, &explored),
        )
    }

    /// Whether a condition holds at every arrival at a place.
    pub(super) fn holds(&self, condition: &Expr, place: &Place) -> Verdict {
        let mut conjuncts = Vec::new();
        let mut open = vec![condition];
        while let Some(expr) = open.pop() {
            match expr {
                Expr::Binary(BinaryOp::And, left, right) => open.extend([&**right, &**left]),
                _ => conjuncts.push(expr),
            }
        }
        let mut worst = Verdict::Holds;
        for conjunct in conjuncts {
            let verdict = match (conjunct, comparison(conjunct)) {
                (Expr::Literal(Value::Bool(true)), _) => Verdict::Holds,
                (Expr::Has(slot), _) => self.has(slot, place),
                (_, Some((BinaryOp::GreaterOrEqual, number))) => {
                    self.level_at_least(AuthLevel::saturating(number), place)
                }
                (_, Some((BinaryOp::Greater, number))) if number < i64::from(i32::MAX) => {
                    self.level_at_least(AuthLevel::saturating(number.saturating_add(1)), place)
                }
                _ => self.guarded(conjunct, place),
            };
            worst = match (worst, verdict) {
                (worst, Verdict::Holds) | (worst @ Verdict::Fails(_), Verdict::Open(_)) => worst,
                (Verdict::Fails(a), Verdict::Fails(b)) if a.length <= b.length => Verdict::Fails(a),
                (_, verdict) => verdict,
            };
        }
        worst
    }

    fn guarded(&self, condition: &Expr, place: &Place) -> Verdict {
        let mut space = self.space(&[place]);
        space.mark(place, Mark::GOAL);
        let slots = Slots::of(condition);
        let program = self.program;
        mark_tasks(&mut space, |task, outcome| {
            let Some(signature) = program.catalog.get(task.ty) else {
                return Mark::ARM.0;
            };
            let writes = |slot: &Slot| {
                let touches = |key: &StateKey| {
                    writes_slot(program, task, key, slot, Objects::Both) != Some(false)
                };
                signature.writes.iter().any(touches)
            };
            let changed = |slot: &Slot| writes(slot) || removes(program, task, outcome, slot);
            flag(Mark::ARM, slots.read.iter().any(changed))
        });
        lose(&mut space, slots.losses());
        mark_guards(&mut space, Fact::Holds(condition), Mark::DISARM);
        self.phase(&space, Phase::Facts, ARMED)
    }
}

type Name = std::sync::Arc<str>;

/// Which writes to the profile under construction count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Objects {
    /// Those that outlive a stop.
    Shared,
    /// All, and a stop loses them.
    Both,
}

/// Marks what taking an arm of a decision implies.
fn mark_guards(space: &mut Space<'_>, fact: Fact<'_>, mark: Mark) {
    let (program, flows) = (space.program, space.flows);
    for instance in &mut space.instances {
        let (Some(journey), Some(flow)) = (
            program.journey(instance.journey),
            flows.get(instance.journey),
        ) else {
            continue;
        };
        for (index, node) in journey
            .graph
            .node_indices()
            .zip(journey.graph.node_weights())
        {
            let NodeKind::Decision(arms) = &node.kind else {
                continue;
            };
            let implied = by_arms(arms, fact);
            for (id, arc) in flow.leaving(Flow::of_node(index)) {
                if let Leave::Outcome(outcome) = arc.leave
                    && implied.get(outcome.index()) == Some(&true)
                {
                    instance.mark_arc(flow, id, mark);
                }
            }
        }
    }
}

/// The task of a node, or of a child of a page, with its outcomes.
pub(super) fn task_of(node: &Node, child: u16) -> Option<(&Task, &[Name])> {
    match &node.kind {
        NodeKind::Task(task) => Some((task, &node.outcomes)),
        NodeKind::Page(page) => {
            let child = page.children.get(usize::from(child))?;
            Some((&child.task, &child.outcomes))
        }
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => None,
    }
}

/// Marks the arcs on which a task ends in an outcome.
fn mark_tasks(space: &mut Space<'_>, mark: impl Fn(&Task, &str) -> u8) {
    let (program, flows) = (space.program, space.flows);
    let mut known: BTreeMap<JourneyId, Vec<(u32, u8)>> = BTreeMap::new();
    for instance in &mut space.instances {
        let (Some(journey), Some(flow)) = (
            program.journey(instance.journey),
            flows.get(instance.journey),
        ) else {
            continue;
        };
        let marks = known.entry(instance.journey).or_insert_with(|| {
            let mut marks = Vec::new();
            for (at, state) in (0..)
                .zip(&flow.states)
                .filter(|(_, s)| s.kind == StateKind::Step)
            {
                let Some(node) = journey.graph.node_weight(state.node) else {
                    continue;
                };
                let Some((task, outcomes)) = task_of(node, state.child) else {
                    continue;
                };
                for (id, arc) in flow.leaving(at) {
                    let (Leave::Next(outcome) | Leave::Outcome(outcome)) = arc.leave else {
                        continue;
                    };
                    let name = outcomes.get(outcome.index()).map_or("", |name| &**name);
                    match mark(task, name) {
                        0 => {}
                        found => marks.push((id, found)),
                    }
                }
            }
            marks
        });
        for (id, found) in marks {
            instance.mark_arc(flow, *id, Mark(*found));
        }
    }
}

/// Whether leaving by the outcome may take the key of a slot out of the state.
fn removes(program: &Program, task: &Task, outcome: &str, slot: &Slot) -> bool {
    let (Slot::Shared(id) | Slot::Transient(id) | Slot::Secure(id)) = slot else {
        return false;
    };
    let (Some(signature), Some(wanted)) = (
        program.catalog.get(task.ty),
        program.keys.get(id.0 as usize),
    ) else {
        return true;
    };
    signature.removes.iter().any(|removal| {
        let named_by = removal.named_by.as_deref();
        (removal.outcome == "*" || removal.outcome == outcome)
            && names(task, &removal.key, named_by, wanted) != Some(false)
    })
}

/// Whether leaving by an outcome writes a slot for sure.
fn makes(program: &Program, task: &Task, slot: &Slot, objects: Objects) -> bool {
    program.catalog.get(task.ty).is_some_and(|signature| {
        let writes = |key: &StateKey| {
            key.always && writes_slot(program, task, key, slot, objects) == Some(true)
        };
        signature.writes.iter().any(writes)
    })
}

fn flag(mark: Mark, set: bool) -> u8 {
    if set { mark.0 } else { 0 }
}

/// Whether a line of a signature speaks of a key, for one task; `None` where nothing says of which keys.
///
/// A map names them by its names, but one of texts may name them by its values.
fn names(task: &Task, key: &str, named_by: Option<&str>, wanted: &str) -> Option<bool> {
    let Some(setting) = named_by else {
        return (key != "*").then(|| key == wanted);
    };
    match task.settings.iter().find(|(name, _)| **name == *setting) {
        Some((_, SettingValue::Constant(Value::Map(map)))) => {
            Some(map.iter().any(|(name, _)| **name == *wanted))
        }
        Some((_, SettingValue::Constant(value))) => value.as_text().map(|name| *name == *wanted),
        Some((_, SettingValue::Computed(_))) | None => None,
    }
}

/// Whether a line of a signature writes a slot, for one task; `None` where nothing says what it writes.
fn writes_slot(
    program: &Program,
    task: &Task,
    key: &StateKey,
    slot: &Slot,
    objects: Objects,
) -> Option<bool> {
    let named_by = key.named_by.as_deref();
    let by_values = named_by.is_some_and(|setting| names_by_values(program, task, setting));
    if by_values || names(task, &key.key, named_by, "").is_none() {
        return None;
    }
    let is = |wanted: &str| names(task, &key.key, named_by, wanted);
    let is_key = |id: KeyId| {
        program
            .keys
            .get(id.0 as usize)
            .map_or(Some(false), |wanted| is(wanted))
    };
    match (key.scope, slot) {
        (Scope::Shared | Scope::Any, Slot::Shared(id))
        | (Scope::Transient, Slot::Transient(id))
        | (Scope::Secure, Slot::Secure(id)) => is_key(*id),
        (Scope::ObjectShared, Slot::Object(wanted)) => is(wanted),
        (Scope::ObjectTransient, Slot::Object(wanted)) if objects == Objects::Both => is(wanted),
        (
            Scope::Shared
            | Scope::Transient
            | Scope::Secure
            | Scope::ObjectShared
            | Scope::ObjectTransient
            | Scope::Any,
            _,
        ) => Some(false),
    }
}

fn names_by_values(program: &Program, task: &Task, setting: &str) -> bool {
    let signature = program.catalog.get(task.ty);
    let setting = signature.and_then(|signature| signature.setting(setting));
    setting.is_none_or(|setting| matches!(&setting.ty, Type::Map(of) if **of == Type::Text))
}

/// What makes a fact uncertain again.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent causes, each named"
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Losses {
    stop: bool,
    identity: bool,
    level: bool,
    frame: bool,
    everything: bool,
}

impl Losses {
    fn of_slot(slot: &Slot, objects: Objects) -> Self {
        let none = Self::default();
        match slot {
            Slot::Header(_)
            | Slot::Cookie(_)
            | Slot::Parameter(_)
            | Slot::ClientAddress
            | Slot::Host
            | Slot::Locale
            | Slot::Environment(_) => Self { stop: true, ..none },
            Slot::User(_) => Self {
                stop: true,
                identity: true,
                ..none
            },
            Slot::Transient(_) | Slot::Secure(_) => Self {
                stop: true,
                frame: true,
                ..none
            },
            Slot::Object(_) => {
                let both = objects == Objects::Both;
                Self {
                    stop: both,
                    frame: both,
                    ..none
                }
            }
            Slot::AuthLevel => Self {
                level: true,
                ..none
            },
            Slot::Shared(_) | Slot::Session(_) | Slot::SessionLevel | Slot::Realm => none,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            stop: self.stop || other.stop,
            identity: self.identity || other.identity,
            level: self.level || other.level,
            frame: self.frame || other.frame,
            everything: self.everything || other.everything,
        }
    }
}

/// Marks where a fact is lost.
fn lose(space: &mut Space<'_>, losses: Losses) {
    if losses == Losses::default() {
        return;
    }
    let flows = space.flows;
    for instance in &mut space.instances {
        let Some(flow) = flows.get(instance.journey) else {
            continue;
        };
        for (at, state) in (0..).zip(&flow.states) {
            let call = matches!(state.kind, StateKind::Call(_));
            if losses.everything || losses.stop && state.stops || losses.frame && call {
                instance.mark_state(flow, at, Mark::ARM);
            }
        }
        for (id, arc) in (0..).zip(&flow.arcs) {
            if losses.identity && arc.writes_identity
                || losses.level && arc.raise != Raise::By(0)
                || losses.frame && arc.via.is_some()
            {
                instance.mark_arc(flow, id, Mark::ARM);
            }
        }
    }
}

/// What a condition depends on.
#[derive(Debug, Default)]
pub(super) struct Slots {
    /// What it reads, and what it asks for.
    pub(super) read: Vec<Slot>,
    clock: bool,
}

impl Slots {
    /// Those of a condition.
    pub(super) fn of(condition: &Expr) -> Self {
        let mut slots = Self::default();
        let mut open = vec![condition];
        while let Some(expr) = open.pop() {
            match expr {
                Expr::Literal(_) => {}
                Expr::Read(slot, _) | Expr::Has(slot) => slots.read.push(slot.clone()),
                Expr::Not(inner) => open.push(inner),
                Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
                Expr::Call(function, parts) => {
                    slots.clock |= matches!(function, Function::Now | Function::Age);
                    open.extend(parts);
                }
                Expr::Join(parts) => open.extend(parts),
            }
        }
        slots
    }

    fn losses(&self) -> Losses {
        let start = Losses {
            everything: self.clock,
            ..Losses::default()
        };
        self.read
            .iter()
            .map(|slot| Losses::of_slot(slot, Objects::Both))
            .fold(start, Losses::and)
    }
}

const NOT_TRANSIENT: u32 = 1;
const NOT_SECURE: u32 = 2;
const STOPPED: u32 = 4;

/// A sensitive value as the memory of a run: whether it is missing from transient and from secure state,
/// and whether the run has stopped since this journey was entered.
struct Carried {
    /// For each instance: the states from which on a node reads the value, that of the state included.
    live: Vec<Vec<bool>>,
    /// The same for what comes after the state only.
    later: Vec<Vec<bool>>,
    /// For each instance: whether a node in it reads the value.
    declared: Vec<bool>,
    /// What must not be at the goal.
    wanted: u32,
}

/// What is left of a value when the run stops: what was transient is secure, if anything still reads it.
fn stop(memory: u32, kept: bool) -> u32 {
    let there = memory & NOT_TRANSIENT == 0 || memory & NOT_SECURE == 0;
    let secure = if there && kept { 0 } else { NOT_SECURE };
    memory & STOPPED | NOT_TRANSIENT | secure
}

impl Carried {
    fn new(space: &Space<'_>, key: KeyId, wanted: u32) -> Self {
        let mut readers: BTreeMap<JourneyId, bool> = BTreeMap::new();
        let mut from_here: BTreeMap<JourneyId, (Vec<bool>, Vec<bool>)> = BTreeMap::new();
        for id in &space.flows.order {
            let Some(flow) = space.flows.get(*id) else {
                continue;
            };
            let read: Vec<u32> = (0..)
                .zip(&flow.states)
                .filter(|(_, state)| match state.kind {
                    StateKind::Call(inner) => readers.get(&inner) == Some(&true),
                    StateKind::Step => reads_key(space.program, flow.journey, state, key),
                    StateKind::Exit(_) => false,
                })
                .map(|(at, _)| at)
                .collect();
            readers.insert(*id, !read.is_empty());
            let back: Vec<(u32, u32)> = flow.arcs.iter().map(|arc| (arc.to, arc.from)).collect();
            let back = Arcs::new(flow.states.len(), &back);
            let live = back.reach(read.iter().copied());
            let is_live = |at: u32| live.get(at as usize) == Some(&true);
            let mut later = vec![false; flow.states.len()];
            for arc in flow.arcs.iter().filter(|arc| is_live(arc.to)) {
                if let Some(place) = later.get_mut(arc.from as usize) {
                    *place = true;
                }
            }
            from_here.insert(*id, (live, later));
        }
        let of = |instance: &Instance| {
            from_here
                .get(&instance.journey)
                .cloned()
                .unwrap_or_default()
        };
        let (live, later) = space.instances.iter().map(of).unzip();
        let has_reader = |instance: &Instance| readers.get(&instance.journey) == Some(&true);
        let declared: Vec<bool> = space.instances.iter().map(has_reader).collect();
        Self {
            live,
            later,
            declared,
            wanted,
        }
    }
}

fn within(states: &[Vec<bool>], instance: InstanceId, state: u32) -> bool {
    let states = states.get(instance as usize);
    states.and_then(|states| states.get(state as usize)) == Some(&true)
}

fn reads_key(program: &Program, journey: JourneyId, state: &State, key: KeyId) -> bool {
    let Some(name) = program.keys.get(key.0 as usize) else {
        return false;
    };
    let node = program
        .journey(journey)
        .and_then(|journey| journey.graph.node_weight(state.node));
    let Some(node) = node else { return false };
    let in_expr = |expr: &Expr| {
        let reads = Slots::of(expr).read;
        reads.contains(&Slot::Transient(key)) || reads.contains(&Slot::Secure(key))
    };
    if let NodeKind::Decision(arms) = &node.kind {
        return arms
            .iter()
            .filter_map(|arm| arm.condition.as_ref())
            .any(in_expr);
    }
    let Some((task, _)) = task_of(node, state.child) else {
        return false;
    };
    let declared = program.catalog.get(task.ty).is_some_and(|signature| {
        signature.reads.iter().any(|read| {
            let scope = matches!(read.scope, Scope::Transient | Scope::Secure | Scope::Any);
            scope
                && (read.key == "*" && read.named_by.is_none()
                    || names(task, &read.key, read.named_by.as_deref(), name) == Some(true))
        })
    });
    declared
        || task.settings.iter().any(|(_, value)| match value {
            SettingValue::Computed(expr) => in_expr(expr),
            SettingValue::Constant(_) => false,
        })
}

impl Domain for Carried {
    fn visit(&self, at: &Instance, id: u32, state: &State, memory: u32) -> Next {
        if Mark::GOAL.within(at.on_state(id)) && memory & self.wanted != 0 {
            return Next::Hit;
        }
        if !state.stops {
            return Next::Go(memory);
        }
        Next::Go(stop(memory, within(&self.live, at.id, id)) | STOPPED)
    }

    fn leave(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        if arc.only == Only::Passing {
            return Next::Dead;
        }
        let marks = at.on_arc(id);
        let mut memory = memory;
        if Mark::CUT.within(marks) {
            memory |= NOT_TRANSIENT | NOT_SECURE;
        }
        if Mark::DISARM.within(marks) {
            memory &= !NOT_TRANSIENT;
        }
        if Mark::ARM.within(marks) {
            memory &= !NOT_SECURE;
        }
        if Mark::GOAL.within(marks) && memory & self.wanted != 0 {
            return Next::Hit;
        }
        Next::Go(memory)
    }

    fn call(&self, at: &Instance, state: u32, memory: u32) -> u32 {
        let nothing = NOT_TRANSIENT | NOT_SECURE;
        let declared = at
            .callee(state)
            .and_then(|callee| self.declared.get(callee as usize));
        if declared == Some(&true) {
            memory & nothing
        } else {
            nothing
        }
    }

    fn back(&self, at: &Instance, arc: &Arc, before: u32, after: u32) -> u32 {
        if after & STOPPED == 0 {
            return before;
        }
        stop(before, within(&self.later, at.id, arc.from)) | STOPPED
    }
}

//! The two worlds: in one the name that was typed is that of a user, in the other it is nobody's.
//!
//! What a node type says of whom its outcomes can be taken is read here, and where it says nothing, what
//! follows from what it reads and whether it calls out.

use std::{collections::BTreeSet, sync::Arc as Shared};

use crate::{
    analysis::{
        flow::{Arc, Leave, State},
        space::Space,
    },
    model::{
        expr::{Expr, Slot},
        journey::{Guard, Journey, JourneyId, Node, NodeKind, SettingValue, Task},
        program::Program,
        signature::{Account, Factor, Known, Presence, Scope, Secrecy, Signature, StateKey},
        value::Value,
    },
};

/// The setting that names the attribute by which a profile is looked up.
const FOUND_BY: &str = "identityAttribute";

/// What stands at a state.
#[derive(Debug, Clone, Copy)]
pub(super) enum Thing<'a> {
    /// A node of a type, alone or in a page.
    Task(&'a Task, &'a [Shared<str>]),
    /// A decision.
    Decision(&'a [Guard]),
    /// An end, a call, a page without children.
    Other,
}

impl<'a> Thing<'a> {
    pub(super) fn of(journey: &'a Journey, state: &State) -> (Option<&'a Node>, Self) {
        let node = journey.graph.node_weight(state.node);
        let thing = match node.map(|node| (node, &node.kind)) {
            Some((node, NodeKind::Task(task))) => Self::Task(task, &node.outcomes),
            Some((_, NodeKind::Decision(guards))) => Self::Decision(guards),
            Some((_, NodeKind::Page(page))) => page
                .children
                .get(usize::from(state.child))
                .map_or(Self::Other, |child| {
                    Self::Task(&child.task, &child.outcomes)
                }),
            Some(_) | None => Self::Other,
        };
        (node, thing)
    }
}

/// Whether what a node does can depend on whether there is such a user.
pub(super) fn depends(program: &Program, thing: Thing<'_>) -> bool {
    match thing {
        Thing::Other => false,
        Thing::Decision(guards) => guards
            .iter()
            .filter_map(|guard| guard.condition.as_ref())
            .any(reads_profile),
        Thing::Task(task, outcomes) => {
            let Some(signature) = program.catalog.get(task.ty) else {
                return true;
            };
            let unclear = is_unclear(signature, task);
            shows(task)
                || outcomes
                    .iter()
                    .any(|outcome| match presence(signature, task, outcome) {
                        Known::Is(Presence::Present | Presence::Absent) => true,
                        Known::Is(Presence::Either | Presence::Entitled) => false,
                        Known::Unknown => unclear && !proves(signature, task, outcome),
                    })
        }
    }
}

/// Whether an outcome is taken alike whatever the state holds, or only behind a right secret.
pub(super) fn is_settled(signature: &Signature, task: &Task, outcome: &str) -> bool {
    match presence(signature, task, outcome) {
        Known::Is(Presence::Either | Presence::Entitled) => true,
        Known::Is(Presence::Present | Presence::Absent) => false,
        Known::Unknown => proves(signature, task, outcome),
    }
}

/// Whether a type may look up the user that is named, for all that is known of it.
fn is_unclear(signature: &Signature, task: &Task) -> bool {
    let calls = signature.calls(|key| setting(task, key));
    let looks = calls.or(true) || signature.verifies.or(true);
    looks
        && signature.reads.iter().any(|read| {
            let by_name = &*read.key == "username" && read.scope != Scope::ObjectTransient;
            let by_attribute = read.named_by.as_deref() == Some(FOUND_BY);
            by_name || by_attribute
        })
}

fn presence(signature: &Signature, task: &Task, outcome: &str) -> Known<Presence> {
    signature.presence(outcome, |key| setting(task, key))
}

fn setting<'a>(task: &'a Task, key: &str) -> Option<&'a SettingValue> {
    let found = task.settings.iter().find(|(name, _)| &**name == key);
    found.map(|(_, value)| value)
}

/// Whether an outcome can be taken only behind a right secret.
pub(super) fn may_prove(program: &Program, thing: Thing<'_>) -> bool {
    let Thing::Task(task, outcomes) = thing else {
        return false;
    };
    let Some(signature) = program.catalog.get(task.ty) else {
        return true;
    };
    outcomes.iter().any(|outcome| {
        proves(signature, task, outcome)
            || presence(signature, task, outcome) == Known::Is(Presence::Entitled)
    })
}

fn proves(signature: &Signature, task: &Task, outcome: &str) -> bool {
    let factor = signature.proves(outcome, |key| setting(task, key));
    factor.is_some_and(Factor::is_shown)
}

/// In which world an arc of a node that depends can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// In both.
    Both,
    /// Only where there is such a user.
    Known,
    /// Only where there is none.
    Unknown,
    /// Only where there is such a user, and where the secret was right: they part rightly.
    Rightly,
    /// Where something outside has failed, in both worlds alike.
    Outage,
}

/// When an arc is taken. `depends` is what [`depends`] says of its node, where a name was typed.
pub(super) fn when(program: &Program, thing: Thing<'_>, arc: &Arc, depends: bool) -> When {
    let Thing::Task(task, outcomes) = thing else {
        return if arc.is_error() {
            When::Outage
        } else {
            When::Both
        };
    };
    let signature = program.catalog.get(task.ty);
    let outcome = match arc.leave {
        Leave::Next(outcome) | Leave::Outcome(outcome) => outcomes.get(outcome.index()),
        Leave::Past => return When::Both,
        Leave::Error | Leave::Unhandled => {
            let absent = |outcome: &Shared<str>| {
                signature.is_some_and(|signature| {
                    presence(signature, task, outcome) == Known::Is(Presence::Absent)
                })
            };
            return if depends && !outcomes.iter().any(absent) {
                When::Unknown
            } else {
                When::Outage
            };
        }
    };
    if arc.proves.is_some_and(Factor::is_shown) {
        return When::Rightly;
    }
    let (Some(signature), Some(outcome)) = (signature, outcome) else {
        return When::Both;
    };
    match presence(signature, task, outcome) {
        Known::Is(Presence::Entitled) => When::Rightly,
        Known::Is(Presence::Present) if depends => When::Known,
        Known::Is(_) | Known::Unknown => When::Both,
    }
}

/// The attributes of a profile by which nodes find a user.
#[derive(Debug, Default)]
pub(super) struct Finders<'a> {
    keys: BTreeSet<&'a str>,
    /// Whether a node may find one by any.
    any: bool,
}

impl<'a> Finders<'a> {
    /// Those of all nodes that a run can come to.
    pub(super) fn of(space: &Space<'a>) -> Self {
        let mut finders = Self::default();
        let journeys: BTreeSet<JourneyId> = space.instances.iter().map(|i| i.journey).collect();
        for id in journeys {
            let (Some(journey), Some(flow)) = (space.program.journey(id), space.flows.get(id))
            else {
                continue;
            };
            for state in &flow.states {
                if let Thing::Task(task, _) = Thing::of(journey, state).1 {
                    finders.add(space.program, task);
                }
            }
        }
        finders
    }

    fn add(&mut self, program: &Program, task: &'a Task) {
        let Some(signature) = program.catalog.get(task.ty) else {
            self.any = true;
            return;
        };
        let calls = signature.calls(|key| setting(task, key));
        let looks = calls.or(true) || signature.verifies.or(true);
        let by_attribute = |read: &StateKey| read.named_by.as_deref() == Some(FOUND_BY);
        // What is looked up by one attribute reads the others for what they say.
        let named = signature.reads.iter().any(by_attribute);
        let reads = signature.reads.iter().filter(|read| {
            looks
                && matches!(read.scope, Scope::ObjectShared | Scope::ObjectTransient)
                && (!named || by_attribute(read))
        });
        for read in reads {
            match read.named_by.as_deref() {
                None => self.any |= read.key == "*",
                Some(FOUND_BY) => match setting(task, FOUND_BY) {
                    Some(SettingValue::Constant(value)) => self.keys.extend(value.as_text()),
                    Some(SettingValue::Computed(_)) => self.any = true,
                    None => {}
                },
                Some(_) => {}
            }
        }
    }

    /// Whether what is written here may be such an attribute.
    fn has(&self, task: &Task, write: &StateKey) -> bool {
        let object = matches!(write.scope, Scope::ObjectShared | Scope::ObjectTransient);
        let Some(named_by) = write.named_by.as_deref().filter(|_| object) else {
            return true;
        };
        match setting(task, named_by) {
            Some(SettingValue::Constant(Value::List(list))) => {
                let mut names = list.iter().filter_map(Value::as_text);
                names.any(|name| self.any || self.keys.contains(name))
            }
            _ => true,
        }
    }
}

/// Whether what the client says becomes the name of the run, or what a user is found by; whether it no
/// longer is; or neither.
pub(super) fn typed(
    program: &Program,
    thing: Thing<'_>,
    arc: &Arc,
    finders: &Finders<'_>,
) -> Option<bool> {
    if arc.is_error() {
        return None;
    }
    let Thing::Task(task, outcomes) = thing else {
        return arc.writes_identity.then_some(arc.proves.is_none());
    };
    let signature = program.catalog.get(task.ty);
    let outcome = match arc.leave {
        Leave::Next(outcome) | Leave::Outcome(outcome) => outcomes.get(outcome.index()),
        Leave::Past | Leave::Error | Leave::Unhandled => None,
    };
    let facts = signature
        .zip(outcome)
        .and_then(|(signature, outcome)| signature.facts_of(outcome));
    // Who has made the user in this run knows of it.
    if facts.is_some_and(|facts| facts.vouched || facts.account == Account::Made) {
        return Some(false);
    }
    if arc.writes_identity {
        return Some(arc.proves.is_none());
    }
    let signature = signature?;
    // Of the name itself the outcome has said already that it is not written.
    let is_name = |write: &StateKey| write.key == "username" && write.named_by.is_none();
    let personal = |write: &StateKey| {
        write.secrecy == Secrecy::Personal && !is_name(write) && finders.has(task, write)
    };
    let told = signature.asks.or(true) && signature.writes.iter().any(personal);
    told.then_some(true)
}

/// Whether what a node shows differs by itself between the worlds: it is computed from the profile.
pub(super) fn shows(task: &Task) -> bool {
    task.settings.iter().any(|(_, value)| match value {
        SettingValue::Computed(expr) => reads_profile(expr),
        SettingValue::Constant(_) => false,
    })
}

/// Whether an expression reads the profile of the user.
fn reads_profile(expr: &Expr) -> bool {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(Slot::User(_), _) | Expr::Has(Slot::User(_)) => return true,
            Expr::Read(..) | Expr::Has(_) | Expr::Literal(_) => {}
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Call(_, arguments) => open.extend(arguments),
            Expr::Join(parts) => open.extend(parts),
        }
    }
    false
}

//! The two worlds: in one the name that was typed is that of a user, in the other it is nobody's.
//!
//! What a node type says of whom its outcomes can be taken is read here, and where it says nothing, what
//! follows from what it reads and whether it calls out.

use std::{collections::BTreeSet, sync::Arc as Shared};

use crate::{
    analysis::flow::{Arc, Leave, State},
    model::{
        expr::{Expr, Slot},
        journey::{Guard, Journey, Node, NodeKind, SettingValue, Task},
        program::Program,
        signature::{Factor, Known, Presence, Scope, Secrecy, Signature},
        value::Value,
    },
};

/// Keys whose values differ between the worlds.
pub(super) type Tainted = BTreeSet<Shared<str>>;

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
pub(super) fn depends(program: &Program, thing: Thing<'_>, tainted: &Tainted) -> bool {
    match thing {
        Thing::Other => false,
        Thing::Decision(guards) => guards
            .iter()
            .filter_map(|guard| guard.condition.as_ref())
            .any(|condition| differs(program, condition, tainted)),
        Thing::Task(task, outcomes) => {
            let Some(signature) = program.catalog.get(task.ty) else {
                return true;
            };
            let unclear = is_unclear(signature) || reads_tainted(signature, tainted);
            outcomes
                .iter()
                .any(|outcome| match presence(signature, outcome) {
                    Known::Is(Presence::Present | Presence::Absent) => true,
                    Known::Is(Presence::Either | Presence::Entitled) => false,
                    Known::Unknown => unclear && !proves(signature, task, outcome),
                })
        }
    }
}

/// Whether a type may look up the user that is named, for all that is known of it.
fn is_unclear(signature: &Signature) -> bool {
    let looks = signature.calls_out.or(true) || signature.verifies.or(true);
    looks
        && signature.reads.iter().any(|read| {
            let by_name = &*read.key == "username" && read.scope != Scope::ObjectTransient;
            let by_attribute = read.named_by.as_deref() == Some("identityAttribute");
            by_name || by_attribute
        })
}

fn reads_tainted(signature: &Signature, tainted: &Tainted) -> bool {
    // Most types read the name to look somebody up with it; that is what `is_unclear` is about.
    let shown = |key: &str| key != "username" && tainted.contains(key);
    signature.reads.iter().any(|read| shown(&read.key))
}

fn presence(signature: &Signature, outcome: &str) -> Known<Presence> {
    signature
        .facts_of(outcome)
        .map_or(Known::Unknown, |facts| facts.presence)
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
            || presence(signature, outcome) == Known::Is(Presence::Entitled)
    })
}

fn proves(signature: &Signature, task: &Task, outcome: &str) -> bool {
    let setting = |key: &str| {
        let found = task.settings.iter().find(|(name, _)| &**name == key);
        found.map(|(_, value)| value)
    };
    let factor = signature.proves(outcome, setting);
    factor.is_some_and(|factor| factor != Factor::Session)
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
        Leave::Error | Leave::Unhandled => {
            let absent = |outcome: &Shared<str>| {
                signature.is_some_and(|signature| {
                    presence(signature, outcome) == Known::Is(Presence::Absent)
                })
            };
            return if depends && !outcomes.iter().any(absent) {
                When::Unknown
            } else {
                When::Outage
            };
        }
    };
    if arc.proves.is_some_and(|factor| factor != Factor::Session) {
        return When::Rightly;
    }
    let (Some(signature), Some(outcome)) = (signature, outcome) else {
        return When::Both;
    };
    match presence(signature, outcome) {
        Known::Is(Presence::Entitled) => When::Rightly,
        Known::Is(Presence::Present) if depends => When::Known,
        Known::Is(_) | Known::Unknown => When::Both,
    }
}

/// Whether what the client says becomes the name of the run, or what a user is found by; whether it no
/// longer is; or neither.
pub(super) fn typed(program: &Program, thing: Thing<'_>, arc: &Arc) -> Option<bool> {
    if arc.is_error() {
        return None;
    }
    if arc.writes_identity {
        return Some(arc.proves.is_none());
    }
    let Thing::Task(task, _) = thing else {
        return None;
    };
    let signature = program.catalog.get(task.ty)?;
    let personal = |write: &crate::model::signature::StateKey| write.secrecy == Secrecy::Personal;
    let told = signature.asks.or(true) && signature.writes.iter().any(personal);
    told.then_some(true)
}

/// Adds the keys whose values a node leaves different in the two worlds.
pub(super) fn taint(program: &Program, thing: Thing<'_>, tainted: &mut Tainted) {
    let Thing::Task(task, _) = thing else { return };
    let Some(signature) = program.catalog.get(task.ty) else {
        return;
    };
    for write in signature.writes.iter().filter(|write| &*write.key != "*") {
        if !tainted.contains(&*write.key) {
            tainted.insert(Shared::from(&*write.key));
        }
    }
}

/// Whether what a node shows differs by itself between the worlds: a text or a list names what does.
pub(super) fn shows(program: &Program, task: &Task, tainted: &Tainted) -> bool {
    let computed = task.settings.iter().any(|(_, value)| match value {
        SettingValue::Computed(expr) => differs(program, expr, tainted),
        SettingValue::Constant(_) => false,
    });
    let Some(signature) = program.catalog.get(task.ty) else {
        return computed;
    };
    let named = signature
        .reads
        .iter()
        .filter_map(|read| read.named_by.as_deref())
        .filter_map(|setting| task.settings.iter().find(|(key, _)| &**key == setting))
        .any(|(_, value)| match value {
            SettingValue::Constant(Value::List(list)) => list
                .iter()
                .filter_map(Value::as_text)
                .any(|key| tainted.contains(key)),
            SettingValue::Constant(_) | SettingValue::Computed(_) => false,
        });
    computed || named
}

/// Whether a value can differ: it reads the profile of the user, or what differs.
fn differs(program: &Program, expr: &Expr, tainted: &Tainted) -> bool {
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(slot, _) | Expr::Has(slot) => match slot {
                Slot::User(_) => return true,
                Slot::Shared(key) | Slot::Transient(key) | Slot::Secure(key) => {
                    if program
                        .keys
                        .get(key.0 as usize)
                        .is_some_and(|key| tainted.contains(key))
                    {
                        return true;
                    }
                }
                Slot::Object(key) => {
                    if tainted.contains(key) {
                        return true;
                    }
                }
                Slot::Header(_)
                | Slot::Cookie(_)
                | Slot::Parameter(_)
                | Slot::ClientAddress
                | Slot::Host
                | Slot::Locale
                | Slot::Environment(_)
                | Slot::Session(_)
                | Slot::SessionLevel
                | Slot::Realm
                | Slot::AuthLevel => {}
            },
            Expr::Literal(_) => {}
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Call(_, arguments) => open.extend(arguments),
            Expr::Join(parts) => open.extend(parts),
        }
    }
    false
}

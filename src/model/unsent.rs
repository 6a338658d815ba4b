//! Which nodes may let somebody know a code that was made and has gone to nobody.
//!
//! In: the signatures of the types of a program, and its tasks. Out: the keys that such a code stands in,
//! which tasks wait for one, and which may hand one out that are no senders of codes. As long as neither a
//! sender nor such a task was passed nobody can know the code, and no answer to it is right.

use std::collections::BTreeSet;

use crate::model::{
    address::{names_of, tasks},
    expr::{KeyId, Slot},
    journey::{SettingValue, Task},
    program::Program,
    signature::{Challenge, Scope, Signature, StateKey},
};

/// What a node does with a code that was made and has gone to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Use {
    /// Nothing that lets anybody know it.
    #[default]
    None,
    /// It waits for one: before it has gone to somebody no answer is right.
    Waits,
    /// It may read it, and hand it out.
    Shows,
}

/// The keys of codes that are made before anybody is to know them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unsent<'a> {
    keys: BTreeSet<&'a str>,
    ids: BTreeSet<KeyId>,
}

impl<'a> Unsent<'a> {
    /// Those of the types that the nodes of a program have.
    pub fn new(program: &'a Program) -> Self {
        let mut found = Self::default();
        let nodes = program.journeys.iter().flat_map(|j| j.graph.node_weights());
        for signature in nodes
            .flat_map(tasks)
            .filter_map(|task| program.catalog.get(task.ty))
            .filter(|signature| has(signature, Challenge::Makes))
        {
            let kept = signature.writes.iter().filter(|write| is_kept(write));
            found.keys.extend(kept.map(|write| &*write.key));
        }
        found.ids = found
            .keys
            .iter()
            .filter_map(|key| program.key(key))
            .collect();
        found
    }

    /// What a node does with such a code.
    pub fn of(&self, signature: &Signature, task: &Task) -> Use {
        let mut reads = signature.reads.iter();
        if self.keys.is_empty() || has(signature, Challenge::Binds) {
            return Use::None;
        }
        if has(signature, Challenge::Answers)
            && reads.any(|read| read.always && self.keys.contains(&*read.key))
        {
            return Use::Waits;
        }
        if self.may_read(signature, task) {
            Use::Shows
        } else {
            Use::None
        }
    }

    fn may_read(&self, signature: &Signature, task: &Task) -> bool {
        let is_code = |slot: &Slot| match slot {
            Slot::Shared(key) | Slot::Transient(key) | Slot::Secure(key) => self.ids.contains(key),
            _ => false,
        };
        let may_read = |read: &StateKey| {
            !matches!(read.scope, Scope::ObjectShared | Scope::ObjectTransient)
                && names_of(signature, task, read)
                    .is_none_or(|names| names.iter().any(|name| self.keys.contains(&**name)))
        };
        signature.reads.iter().any(may_read)
            || task.settings.iter().any(|(_, setting)| match setting {
                SettingValue::Computed(expr) => expr.reads(is_code),
                SettingValue::Constant(_) => false,
            })
    }
}

fn has(signature: &Signature, challenge: Challenge) -> bool {
    let mut facts = signature.facts.iter();
    facts.any(|facts| facts.challenge == challenge)
}

/// Whether a write stays with the run and is no part of a profile.
fn is_kept(write: &StateKey) -> bool {
    write.key != "*" && !matches!(write.scope, Scope::ObjectShared | Scope::ObjectTransient)
}

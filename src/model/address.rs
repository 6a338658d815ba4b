//! Where the state may say to which address a code goes.
//!
//! In: the signatures and tasks of a program. Out: the keys from which senders of codes take an address
//! before they look at the profile, and for each outcome of a task whether it may put an address there. A
//! code proves something only of whom the address belongs to, and a state says of none whose it is.

use std::{collections::BTreeSet, sync::Arc};

use crate::model::{
    catalog::Catalog,
    journey::{Journey, NodeKind, SettingValue, Task},
    signature::{Challenge, Known, Preset, Scope, Secrecy, Signature, StateKey},
    value::Value,
};

/// What an outcome does to the address that the state may state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stated {
    /// Nothing.
    Kept,
    /// Some address may stand there from then on.
    Written,
    /// The user is found by the address that stands there, so that it is theirs.
    Found,
    /// A code is sent there, and the address stays.
    Used,
}

/// The keys from which the senders of a program take an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses {
    shared: BTreeSet<Arc<str>>,
    object: BTreeSet<Arc<str>>,
    /// Whether a sender reads an attribute that is computed.
    any: bool,
    /// Whether something else than a sender may write one of the shared keys.
    elsewhere: bool,
}

impl Addresses {
    /// Those of all journeys.
    pub fn new<'a>(catalog: &Catalog, journeys: impl Iterator<Item = &'a Journey>) -> Self {
        let mut all = Self::default();
        let nodes = |journey: &'a Journey| journey.graph.node_weights();
        let tasks: Vec<&Task> = journeys.flat_map(nodes).flat_map(tasks).collect();
        for task in &tasks {
            if let Some(signature) = catalog.get(task.ty).filter(|of| binds(of)) {
                for read in signature.reads.iter().filter(|read| is_address(read)) {
                    all.add(signature, task, read);
                }
            }
        }
        let others = tasks
            .iter()
            .filter_map(|task| Some((task, catalog.get(task.ty)?)));
        all.elsewhere = !all.shared.is_empty()
            && others
                .filter(|(_, signature)| !binds(signature))
                .any(|(task, signature)| {
                    let mut writes = signature.writes.iter();
                    writes.any(|key| {
                        in_shared(key.scope) && all.names(signature, task, key, &all.shared)
                    })
                });
        all
    }

    /// Whether no sender takes an address from the state.
    pub fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.object.is_empty() && !self.any
    }

    /// What leaving a task by an outcome does.
    pub fn stated(&self, signature: &Signature, task: &Task, outcome: &str) -> Stated {
        if self.is_empty() {
            return Stated::Kept;
        }
        if binds(signature) {
            let reads = signature.reads.iter().any(is_address);
            return if reads { Stated::Used } else { Stated::Kept };
        }
        if self.finds(signature, task, outcome) {
            return Stated::Found;
        }
        let writes = |key: &StateKey| match key.scope {
            Scope::Shared | Scope::Any => self.names(signature, task, key, &self.shared),
            Scope::ObjectShared | Scope::ObjectTransient => {
                self.any || self.names(signature, task, key, &self.object)
            }
            Scope::Transient | Scope::Secure => false,
        };
        if signature.writes.iter().any(writes) {
            Stated::Written
        } else {
            Stated::Kept
        }
    }

    /// Whether whoever is named by this outcome was looked up by the very attribute that senders read.
    fn finds(&self, signature: &Signature, task: &Task, outcome: &str) -> bool {
        let setting = |key: &str| setting(task, key);
        let named = signature.writes_identity(outcome, setting) == Known::Is(true);
        let key = "identityAttribute";
        let looks = signature
            .reads
            .iter()
            .any(|read| read.named_by.as_deref() == Some(key));
        if !named || !looks || self.any || self.elsewhere {
            return false;
        }
        let by = match setting(key) {
            Some(SettingValue::Constant(value)) => value.as_text().map(str::to_owned),
            Some(SettingValue::Computed(_)) => None,
            None => match signature.setting(key).map(|setting| &setting.default) {
                Some(Preset::Text(text)) => Some(text.to_string()),
                _ => None,
            },
        };
        by.is_some_and(|by| self.object.iter().all(|attribute| **attribute == by))
    }

    fn add(&mut self, signature: &Signature, task: &Task, read: &StateKey) {
        let names = names_of(signature, task, read);
        match (in_shared(read.scope), names) {
            (true, Some(names)) => self.shared.extend(names),
            (false, Some(names)) => self.object.extend(names),
            (_, None) => self.any = true,
        }
    }

    /// Whether a line of a signature may speak of one of these keys.
    fn names(
        &self,
        signature: &Signature,
        task: &Task,
        key: &StateKey,
        wanted: &BTreeSet<Arc<str>>,
    ) -> bool {
        let of_keys = !wanted.is_empty() || self.any;
        of_keys
            && names_of(signature, task, key)
                .is_none_or(|names| names.iter().any(|name| wanted.contains(name)))
    }
}

fn in_shared(scope: Scope) -> bool {
    matches!(scope, Scope::Shared | Scope::Any)
}

fn binds(signature: &Signature) -> bool {
    let mut facts = signature.facts.iter();
    facts.any(|facts| facts.challenge == Challenge::Binds)
}

/// What a sender reads of a person, but for the name, is where the code goes.
fn is_address(read: &StateKey) -> bool {
    read.secrecy == Secrecy::Personal && read.key != "username"
}

fn setting<'a>(task: &'a Task, key: &str) -> Option<&'a SettingValue> {
    let found = task.settings.iter().find(|(name, _)| &**name == key);
    found.map(|(_, value)| value)
}

/// The keys that a line speaks of; none where nothing says which.
pub(super) fn names_of(
    signature: &Signature,
    task: &Task,
    key: &StateKey,
) -> Option<Vec<Arc<str>>> {
    let Some(by) = key.named_by.as_deref() else {
        return (key.key != "*").then(|| vec![Arc::from(&*key.key)]);
    };
    match setting(task, by) {
        Some(SettingValue::Computed(_)) => None,
        // A map names keys on its left or on its right: either may be meant.
        Some(SettingValue::Constant(Value::Map(map))) => {
            let left = map.keys().map(|name| Arc::from(&**name));
            let right = map.values().filter_map(Value::as_text);
            Some(left.chain(right.map(Arc::from)).collect())
        }
        Some(SettingValue::Constant(Value::List(list))) => {
            let name = |value: &Value| value.as_text().map(Arc::from);
            list.iter().map(name).collect()
        }
        Some(SettingValue::Constant(value)) => value.as_text().map(|text| vec![Arc::from(text)]),
        None => match signature.setting(by).map(|setting| &setting.default) {
            Some(Preset::Text(text)) => Some(vec![Arc::from(&**text)]),
            Some(Preset::Texts(texts)) => {
                Some(texts.iter().map(|text| Arc::from(&**text)).collect())
            }
            // What nobody names is not there.
            Some(Preset::EmptyList | Preset::EmptyMap | Preset::None) | None => Some(Vec::new()),
            _ => None,
        },
    }
}

pub(super) fn tasks(node: &crate::model::journey::Node) -> Vec<&Task> {
    match &node.kind {
        NodeKind::Task(task) => vec![task],
        NodeKind::Page(page) => page.children.iter().map(|child| &child.task).collect(),
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => Vec::new(),
    }
}

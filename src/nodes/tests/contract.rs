//! What a signature promises, held against what the node did.
//!
//! The checks of journeys see signatures alone, and state that no signature reads is gone after a stop:
//! a behaviour that does more than its signature says would be proved wrong things of.

use super::*;
use crate::{
    engine::action::Go,
    model::signature::{LevelChange, Scope as At, Signature, StateKey},
};

/// A signature and the settings of one node.
pub(super) struct Contract {
    pub(super) signature: Signature,
    pub(super) settings: Vec<(Arc<str>, SettingValue)>,
}

/// The world before a visit, as far as signatures speak of it.
pub(super) struct Before {
    shared: Scope,
    transient: Scope,
    object: BTreeMap<String, (Value, bool)>,
    level: AuthLevel,
}

impl Before {
    pub(super) fn of(world: &Fake) -> Self {
        world.read.borrow_mut().clear();
        Self {
            shared: world.shared.clone(),
            transient: world.transient.clone(),
            object: world.object.clone(),
            level: world.level,
        }
    }
}

/// The keys that hold another value than before; keys that went are another matter.
fn written<'w, K: Ord, V: PartialEq>(
    before: &'w BTreeMap<K, V>,
    now: &'w BTreeMap<K, V>,
) -> impl Iterator<Item = &'w K> {
    now.iter()
        .filter(|(key, value)| before.get(key) != Some(value))
        .map(|(key, _)| key)
}

impl Contract {
    pub(super) fn hold(
        &self,
        action: &Action,
        before: &Before,
        world: &Fake,
        outcomes: &[Arc<str>],
    ) {
        let name = &self.signature.name;
        match action {
            Action::Ask(callbacks) => {
                assert!(self.signature.asks.or(true), "{name} asks");
                for callback in callbacks {
                    let kind = callback.kind();
                    let declared = self
                        .signature
                        .callbacks
                        .iter()
                        .any(|known| known == kind || known == "*");
                    assert!(declared, "{name} sends a {kind}");
                }
            }
            Action::Call(effect) => {
                assert!(self.signature.calls_out.or(true), "{name} calls out");
                if let Effect::Verify(_) = **effect {
                    assert!(self.signature.verifies.or(true), "{name} verifies");
                }
            }
            Action::Go(go) => self.left(go, before, world, &outcomes[go.outcome.index()]),
            Action::Suspend(_) => assert!(self.signature.suspends.or(true), "{name} suspends"),
        }
        self.state(before, world);
    }

    fn left(&self, go: &Go, before: &Before, world: &Fake, outcome: &str) {
        let name = &self.signature.name;
        let facts = self.signature.facts_of(outcome);
        if let Some(factor) = go.proof {
            let proves = facts.and_then(|facts| facts.proves);
            assert_eq!(proves, Some(factor), "{name}.{outcome} proves");
        }
        if go.identity.is_some() && go.proof.is_none() {
            let writes = facts.is_some_and(|facts| facts.writes_identity.or(true));
            assert!(writes, "{name}.{outcome} names somebody");
        }
        if world.level != before.level {
            let level = facts.map_or(&LevelChange::None, |facts| &facts.level);
            assert_ne!(
                *level,
                LevelChange::None,
                "{name}.{outcome} moves the level"
            );
        }
        if written(&before.shared, &world.shared).any(|key| self.key(world, *key) == "username")
            && self.signature.writes.iter().all(|w| w.named_by.is_none())
        {
            let writes = facts.is_some_and(|facts| facts.writes_identity.or(true));
            assert!(writes, "{name}.{outcome} writes the identity");
        }
        for write in self.signature.writes.iter().filter(|write| write.always) {
            let there = |name: &str| match write.scope {
                At::Shared => world.shared.contains_key(&world.keys.find(name).unwrap()),
                At::Transient => world
                    .transient
                    .contains_key(&world.keys.find(name).unwrap()),
                At::ObjectShared | At::ObjectTransient => world.object.contains_key(name),
                At::Secure | At::Any => true,
            };
            for key in self.names(write) {
                assert!(there(&key), "{name} always writes {key}");
            }
        }
    }

    fn state(&self, before: &Before, world: &Fake) {
        let name = &self.signature.name;
        let writes = |at: At, key: &str| {
            self.signature
                .writes
                .iter()
                .filter(|write| write.scope == at)
                .any(|write| self.covers(write, key))
        };
        for key in written(&before.shared, &world.shared) {
            let key = self.key(world, *key);
            assert!(writes(At::Shared, key), "{name} writes shared.{key}");
        }
        for key in written(&before.transient, &world.transient) {
            let key = self.key(world, *key);
            assert!(writes(At::Transient, key), "{name} writes transient.{key}");
        }
        for key in written(&before.object, &world.object) {
            let at = if world.object[key].1 {
                At::ObjectTransient
            } else {
                At::ObjectShared
            };
            assert!(writes(at, key), "{name} writes {at:?} {key}");
        }
        for key in world.read.borrow().iter() {
            let key = self.key(world, *key);
            let sensitive = |read: &&StateKey| read.scope != At::Shared;
            let reads = self.signature.reads.iter().filter(sensitive);
            let mut declared = reads.chain(&*self.signature.writes);
            let declared = declared.any(|known| self.covers(known, key));
            assert!(declared, "{name} looks at sensitive {key}");
        }
    }

    fn key<'w>(&self, world: &'w Fake, key: KeyId) -> &'w str {
        world
            .keys
            .name(key)
            .unwrap_or_else(|| panic!("{} knows its keys", self.signature.name))
    }

    fn covers(&self, known: &StateKey, key: &str) -> bool {
        self.names(known)
            .iter()
            .any(|name| &**name == "*" || &**name == key)
    }

    /// The keys that a cell of the signature means for this node.
    fn names(&self, known: &StateKey) -> Vec<Arc<str>> {
        let Some(setting) = &known.named_by else {
            return vec![Arc::from(&*known.key)];
        };
        let value = self.settings.iter().find(|(key, _)| **key == **setting);
        match value.map(|(_, value)| value) {
            Some(SettingValue::Constant(Value::Text(name))) => vec![Arc::clone(name)],
            Some(SettingValue::Constant(Value::List(names))) => names
                .iter()
                .filter_map(|name| name.as_text().map(Arc::from))
                .collect(),
            // A map of texts says from where on its left, and to which key on its right.
            Some(SettingValue::Constant(Value::Map(map)))
                if self
                    .signature
                    .setting(setting)
                    .is_some_and(|setting| setting.ty == Type::Map(Arc::new(Type::Text))) =>
            {
                map.values()
                    .filter_map(|key| key.as_text().map(Arc::from))
                    .collect()
            }
            Some(SettingValue::Constant(Value::Map(map))) => map.keys().cloned().collect(),
            _ => Vec::new(),
        }
    }
}

//! The state of a run in its scopes.
//!
//! Keys are numbers, so that a look-up compares numbers in a short sorted list. What a node changes is
//! recorded first, so that a node that fails leaves nothing behind; the record is the [`Undo`] log of the
//! run. Which transient values outlive a stop is not decided here but by the plan.

use std::{collections::BTreeMap, mem, sync::Arc};

use crate::model::{expr::KeyId, value::Value};

/// A scope, as a position in [`State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Shared,
    Transient,
    Secure,
}

impl Place {
    pub(crate) const ALL: [Self; 3] = [Self::Shared, Self::Transient, Self::Secure];
}

/// Values by key, sorted by key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cells<K> {
    entries: Vec<(K, Value)>,
}

impl<K> Default for Cells<K> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<K: Ord> Cells<K> {
    /// Cells of these entries, if their keys are in order.
    pub(crate) fn sorted(entries: Vec<(K, Value)>) -> Option<Self> {
        let keys = entries.iter().map(|(key, _)| key);
        let sorted = keys.clone().zip(keys.skip(1)).all(|(a, b)| a < b);
        sorted.then_some(Self { entries })
    }

    pub(crate) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&Value>
    where
        K: std::borrow::Borrow<Q>,
    {
        let at = self
            .entries
            .binary_search_by(|(k, _)| k.borrow().cmp(key))
            .ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }

    /// Puts or removes a value; what was there before comes back.
    pub(crate) fn set(&mut self, key: K, value: Option<Value>) -> Option<Value> {
        match (self.entries.binary_search_by(|(k, _)| k.cmp(&key)), value) {
            (Ok(at), Some(value)) => self
                .entries
                .get_mut(at)
                .map(|entry| mem::replace(&mut entry.1, value)),
            (Ok(at), None) => Some(self.entries.remove(at).1),
            (Err(at), Some(value)) => {
                self.entries.insert(at, (key, value));
                None
            }
            (Err(_), None) => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.entries.retain(|(key, _)| keep(key));
    }

    /// Moves everything over, replacing what is there.
    fn pour_into(&mut self, other: &mut Self) {
        for (key, value) in mem::take(&mut self.entries) {
            other.set(key, Some(value));
        }
    }
}

/// The names of profile attributes; longer-lived than any key table, so they stay texts.
pub(crate) type Name = Arc<str>;

/// What is sensitive and belongs to one frame: transient and secure, keys and profile attributes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Sensitive {
    pub(crate) transient: Cells<KeyId>,
    pub(crate) secure: Cells<KeyId>,
    pub(crate) transient_object: Cells<Name>,
    pub(crate) secure_object: Cells<Name>,
}

impl Sensitive {
    pub(crate) fn is_empty(&self) -> bool {
        self.transient.is_empty()
            && self.secure.is_empty()
            && self.transient_object.is_empty()
            && self.secure_object.is_empty()
    }

    /// Drops what does not cross: the entry of an inner journey, or a stop.
    pub(crate) fn retain(&mut self, key: impl Fn(KeyId) -> bool, member: impl Fn(&str) -> bool) {
        self.transient.retain(|k| key(*k));
        self.secure.retain(|k| key(*k));
        self.transient_object.retain(|name| member(name));
        self.secure_object.retain(|name| member(name));
    }

    /// Makes transient what is left secure: it has crossed a stop.
    pub(crate) fn settle(&mut self) {
        self.transient.pour_into(&mut self.secure);
        self.transient_object.pour_into(&mut self.secure_object);
    }
}

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct State {
    pub(crate) shared: Cells<KeyId>,
    pub(crate) shared_object: Cells<Name>,
    pub(crate) sensitive: Sensitive,
}

impl State {
    pub(crate) fn cells(&self, place: Place) -> &Cells<KeyId> {
        match place {
            Place::Shared => &self.shared,
            Place::Transient => &self.sensitive.transient,
            Place::Secure => &self.sensitive.secure,
        }
    }

    pub(crate) fn cells_mut(&mut self, place: Place) -> &mut Cells<KeyId> {
        match place {
            Place::Shared => &mut self.shared,
            Place::Transient => &mut self.sensitive.transient,
            Place::Secure => &mut self.sensitive.secure,
        }
    }

    pub(crate) fn members_mut(&mut self, place: Place) -> &mut Cells<Name> {
        match place {
            Place::Shared => &mut self.shared_object,
            Place::Transient => &mut self.sensitive.transient_object,
            Place::Secure => &mut self.sensitive.secure_object,
        }
    }

    /// All attributes of the profile under construction, as [`State::member`] finds them.
    pub(crate) fn members(&self) -> BTreeMap<Name, Value> {
        let shared = self.shared_object.iter();
        let secure = self.sensitive.secure_object.iter();
        let transient = self.sensitive.transient_object.iter();
        // What comes later replaces what came before.
        shared
            .chain(secure)
            .chain(transient)
            .map(|(name, value)| (Arc::clone(name), value.clone()))
            .collect()
    }

    /// An attribute of the profile under construction: transient over secure over shared.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.sensitive
            .transient_object
            .get(name)
            .or_else(|| self.sensitive.secure_object.get(name))
            .or_else(|| self.shared_object.get(name))
    }
}

/// One change to take back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Undo {
    Cell(Place, KeyId, Option<Value>),
    Member(Place, Name, Option<Value>),
    Memory(u32, Option<Value>),
    Level(crate::model::level::AuthLevel),
    Expires(crate::engine::host::Timestamp),
    Identity(Box<crate::engine::evidence::Proofs>),
    Ends(Option<Box<crate::engine::run::Ends>>),
}

impl Undo {
    /// Whether both take back the same thing; then the older one is enough.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cell(a, k, _), Self::Cell(b, l, _)) => a == b && k == l,
            (Self::Member(a, k, _), Self::Member(b, l, _)) => a == b && k == l,
            (Self::Memory(a, _), Self::Memory(b, _)) => a == b,
            (Self::Level(_), Self::Level(_))
            | (Self::Expires(_), Self::Expires(_))
            | (Self::Identity(_), Self::Identity(_))
            | (Self::Ends(_), Self::Ends(_)) => true,
            (
                Self::Cell(..)
                | Self::Member(..)
                | Self::Memory(..)
                | Self::Level(_)
                | Self::Expires(_)
                | Self::Identity(_)
                | Self::Ends(_),
                _,
            ) => false,
        }
    }
}

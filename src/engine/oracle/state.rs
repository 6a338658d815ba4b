//! What the walker knows of a run: plain maps, copied whole.

use std::collections::BTreeMap;

use crate::{
    engine::{
        action::Subject, effect::SubjectId, ground::Ground, run::Ends, script::Activation,
        step::Evidence,
    },
    model::{level::AuthLevel, value::Value},
};

/// Values by name.
pub(super) type Names = BTreeMap<String, Value>;

/// What is sensitive: it belongs to one frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Hidden {
    pub(super) transient: Names,
    pub(super) secure: Names,
    pub(super) transient_object: Names,
    pub(super) secure_object: Names,
}

impl Hidden {
    /// Keeps only what is wanted.
    pub(super) fn keep(&mut self, wanted: &Wanted) {
        self.transient.retain(|name, _| wanted.key(name));
        self.secure.retain(|name, _| wanted.key(name));
        self.transient_object.retain(|name, _| wanted.member(name));
        self.secure_object.retain(|name, _| wanted.member(name));
    }

    /// Crosses a stop: what is wanted becomes secure, the rest is gone.
    pub(super) fn cross(&mut self, wanted: &Wanted) {
        self.keep(wanted);
        self.secure.append(&mut self.transient);
        self.secure_object.append(&mut self.transient_object);
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Names that nodes declare to read.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) everything: bool,
    pub(super) keys: Vec<String>,
    pub(super) members: Vec<String>,
}

impl Wanted {
    pub(super) fn key(&self, name: &str) -> bool {
        self.everything || self.keys.iter().any(|key| key == name)
    }

    pub(super) fn member(&self, name: &str) -> bool {
        self.everything || self.members.iter().any(|member| member == name)
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.everything |= other.everything;
        self.keys.extend(other.keys.iter().cloned());
        self.members.extend(other.members.iter().cloned());
    }
}

/// An open challenge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Challenge {
    /// Whom its code went to.
    pub(super) sent_to: Option<Subject>,
    /// Whether somebody may have seen it all the same.
    pub(super) seen: bool,
}

/// Everything that a failing node gives back.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct State {
    pub(super) shared: Names,
    pub(super) shared_object: Names,
    pub(super) hidden: Hidden,
    pub(super) level: AuthLevel,
    pub(super) subject: Option<Subject>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) challenge: Option<Challenge>,
    /// Run memory by the path of the node.
    pub(super) memory: Names,
    pub(super) ends: Ends,
}

/// What lasts for one visit.
#[derive(Debug, Clone, Default)]
pub(super) struct Visit {
    pub(super) memory: Option<Value>,
    pub(super) script: Option<Box<Activation>>,
    pub(super) user: Option<Names>,
    pub(super) session: Option<Names>,
    /// Whom replies have named.
    pub(super) named: Vec<SubjectId>,
    /// Whether an embedder's own effect was answered, which may have named anybody.
    pub(super) anybody: bool,
    /// The level before the node moved it.
    pub(super) level: Option<AuthLevel>,
    /// Why the node may be left in no success, as a reply told.
    pub(super) told: Option<Ground>,
    /// The same, as the node said.
    pub(super) raised: Option<Ground>,
}

impl Visit {
    /// A later round of a page: nothing from outside is remembered.
    pub(super) fn again(memory: Option<Value>) -> Self {
        Self {
            memory,
            ..Self::default()
        }
    }
}

//! All journeys of a realm, compiled together.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use crate::{
    model::{
        catalog::Catalog,
        expr::KeyId,
        guard::RealmGuard,
        journey::{Journey, JourneyId, NodeKind},
        policy::Policy,
        scenario::{Scenario, Uncovered},
        signature::Signature,
        value::Type,
    },
    source::SourceMap,
};

/// The journeys of a realm: one name space, one table of state keys, one catalogue.
#[derive(Debug, Clone)]
pub struct Program {
    /// The texts it was made of.
    pub sources: Arc<SourceMap>,
    /// The node types it was compiled against, those declared by `extern` included.
    pub catalog: Arc<Catalog>,
    /// The journeys in declaration order: by file name bytewise, then by position.
    pub journeys: Vec<Journey>,
    /// Journeys by identifier.
    pub by_name: BTreeMap<Arc<str>, JourneyId>,
    /// Journeys by the name that the wire calls them.
    pub by_wire_name: BTreeMap<Arc<str>, JourneyId>,
    /// The state keys that any node or expression names; [`KeyId`] is the position.
    pub keys: Vec<Arc<str>>,
    /// Secret parameters that are bound when a run asks, with their types.
    pub secret_parameters: BTreeMap<Arc<str>, Type>,
    /// The policies in declaration order; no run depends on them.
    pub policies: Vec<Policy>,
    /// The guards of the realm in declaration order; no run depends on them.
    pub guards: Vec<RealmGuard>,
    /// The tests in declaration order; no run depends on them.
    pub scenarios: Vec<Scenario>,
    /// The arrows that no test need take; no run depends on them.
    pub uncovered: Vec<Uncovered>,
}

impl Program {
    /// The journey with this number.
    pub fn journey(&self, id: JourneyId) -> Option<&Journey> {
        self.journeys.get(id.index())
    }

    /// The journey that the wire calls by this name, compared byte for byte.
    pub fn journey_on_wire(&self, name: &str) -> Option<&Journey> {
        self.by_wire_name.get(name).and_then(|id| self.journey(*id))
    }

    /// The journey with this identifier.
    pub fn journey_named(&self, name: &str) -> Option<&Journey> {
        self.by_name.get(name).and_then(|id| self.journey(*id))
    }

    /// The signatures of the types that nodes have, those in pages included, by name.
    pub fn types(&self) -> Vec<&Signature> {
        let mut found: BTreeMap<&str, &Signature> = BTreeMap::new();
        for node in self.journeys.iter().flat_map(|j| j.graph.node_weights()) {
            let types: Vec<_> = match &node.kind {
                NodeKind::Task(task) => vec![task.ty],
                NodeKind::Page(page) => page.children.iter().map(|child| child.task.ty).collect(),
                _ => Vec::new(),
            };
            for signature in types
                .into_iter()
                .filter_map(|ty| self.catalog.get(self.catalog.kind(ty)))
            {
                found.insert(&signature.name, signature);
            }
        }
        found.into_values().collect()
    }

    /// The number of a state key.
    pub fn key(&self, name: &str) -> Option<KeyId> {
        let at = self.keys.iter().position(|key| &**key == name)?;
        u32::try_from(at).ok().map(KeyId)
    }
}

/// Proof that a thing passed every check; the only way to run a program is to hold one.
#[derive(Debug, Clone)]
pub struct Valid<T>(T);

impl<T> Valid<T> {
    /// Only the checker makes one.
    pub(crate) fn assume(value: T) -> Self {
        Self(value)
    }

    /// The thing, without the proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

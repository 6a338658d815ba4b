//! What stands beside the trees of a bundle already: the realm that they are to run in.
//!
//! In: the texts of a realm, and what they were compiled with. Out: nothing; the writer looks things up here.
//! A tree that is called and stands beside is called by its own identifier, and no new one is called so.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Catalog, Realm, Source, Value, catalogue};

/// The realm that trees are to run in.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The types that are known.
    pub catalog: Catalog,
    /// The texts of the realm.
    pub sources: Vec<Source>,
    /// What they import.
    pub imports: Vec<Source>,
    /// The values of their parameters.
    pub parameters: BTreeMap<Arc<str>, Value>,
    /// The realm.
    pub realm: Option<Realm>,
    /// The identifiers of their journeys, by the names that the wire calls them.
    pub journeys: BTreeMap<Arc<str>, Arc<str>>,
    /// What the names of parameters for secrets begin with. Where it is something, a parameter is called after
    /// the id of its node, too, so that it is that node's whichever trees are written together.
    pub secrets: Arc<str>,
    /// What the names of parameters for variables begin with, so that a tree has none of the texts'.
    pub variables: Arc<str>,
}

impl Default for Beside {
    fn default() -> Self {
        Self {
            catalog: catalogue::standard(),
            sources: Vec::new(),
            imports: Vec::new(),
            parameters: BTreeMap::new(),
            realm: None,
            journeys: BTreeMap::new(),
            secrets: Arc::from(""),
            variables: Arc::from(""),
        }
    }
}

impl Beside {
    /// Whether a journey of this identifier stands here.
    pub(super) fn has(&self, journey: &str) -> bool {
        self.journeys.values().any(|known| **known == *journey)
    }
}

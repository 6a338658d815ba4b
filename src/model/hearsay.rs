//! What a provider told of somebody, and what else may have written it.
//!
//! In: the signatures and tasks of a program. Out: which types make an account of such a key and so prove
//! whose it is, while something that asks no provider names the same key. What that one writes no provider
//! has told, and at run time it makes no account. A script of which nothing says what it writes is not
//! counted: it may leave the key alone, and where it does not the run fails.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::unionfind::UnionFind;

use crate::model::{
    address::{names_of, tasks},
    catalog::Catalog,
    journey::{JourneyId, NodeKind, Task},
    program::Program,
    signature::{Factor, Scope, Secrecy, Signature, StateKey},
};

/// For each journey, the keys that only providers are to write and that something else names in a run that
/// may come there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hearsay<'a> {
    /// By journey, which of the sets is its own: journeys that call each other have one.
    groups: Vec<usize>,
    keys: BTreeMap<usize, BTreeSet<&'a str>>,
}

impl<'a> Hearsay<'a> {
    /// Those of a program.
    pub fn new(program: &'a Program) -> Self {
        let catalog = &program.catalog;
        let groups = groups(program);
        let mut placed: BTreeMap<usize, Vec<&Task>> = BTreeMap::new();
        for (journey, group) in program.journeys.iter().zip(&groups) {
            let nodes = journey.graph.node_weights().flat_map(tasks);
            placed.entry(*group).or_default().extend(nodes);
        }
        let keys = placed.into_iter().filter_map(|(group, tasks)| {
            let relying = tasks.iter().filter_map(|task| catalog.get(task.ty));
            let mut keys: BTreeSet<&str> = relying.flat_map(|signature| told(signature)).collect();
            keys.retain(|key| tasks.iter().any(|task| names(catalog, task, key)));
            (!keys.is_empty()).then_some((group, keys))
        });
        Self {
            keys: keys.collect(),
            groups,
        }
    }

    /// Whether what a type proves in a journey rests on a key that something else than a provider may have
    /// written.
    pub fn spoils(&self, journey: JourneyId, signature: &Signature) -> bool {
        let group = self.groups.get(journey.index());
        let keys = group.and_then(|group| self.keys.get(group));
        keys.is_some_and(|keys| told(signature).any(|key| keys.contains(key)))
    }
}

/// By journey, a number that those have in common that a run may go through together.
fn groups(program: &Program) -> Vec<usize> {
    let mut groups = UnionFind::new(program.journeys.len());
    for (at, journey) in program.journeys.iter().enumerate() {
        for node in journey.graph.node_weights() {
            if let NodeKind::Inner(called) = &node.kind
                && called.index() < program.journeys.len()
            {
                groups.union(at, called.index());
            }
        }
    }
    groups.into_labeling()
}

fn proves_federation(signature: &Signature) -> bool {
    let mut facts = signature.facts.iter();
    facts.any(|facts| facts.proves == Some(Factor::Federation))
}

/// The keys of what a provider told without which a type cannot prove whose account it is.
fn told(signature: &Signature) -> impl Iterator<Item = &str> {
    let relies = proves_federation(signature);
    let reads = signature
        .reads
        .iter()
        .filter(move |read| relies && read.always);
    let own = reads.filter(|read| in_shared(read) && read.named_by.is_none());
    // Which provider is to be asked is a matter of nobody.
    own.filter(|read| read.secrecy == Secrecy::Personal)
        .filter(|read| read.key != "*" && read.key != "username")
        .map(|read| &*read.key)
}

fn in_shared(key: &StateKey) -> bool {
    matches!(key.scope, Scope::Shared | Scope::Any)
}

/// Whether a node that asks no provider writes this key: its type or a setting names it.
fn names(catalog: &Catalog, task: &Task, wanted: &str) -> bool {
    let signature = catalog.get(task.ty).filter(|of| !proves_federation(of));
    signature.is_some_and(|signature| {
        let mut writes = signature.writes.iter();
        writes.any(|write| {
            in_shared(write)
                && names_of(signature, task, write)
                    .is_some_and(|names| names.iter().any(|name| &**name == wanted))
        })
    })
}

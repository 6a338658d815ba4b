//! Which policies may protect a resource, found without asking all of them.
//!
//! A pattern is kept under its host, where that has no wildcard, and under the letters before the first
//! wildcard of its path. A look-up tries the beginnings of the resource that have the length of one that
//! is kept, so its cost grows with how many lengths there are and not with how many policies.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::{
    pattern::{Pattern, Place},
    resource::Resource,
};

#[derive(Debug, Default)]
pub(super) struct Index {
    hosts: HashMap<Box<str>, Beginnings>,
    /// Patterns of URLs whose host has a wildcard.
    any_host: Beginnings,
    /// Patterns of what is no URL.
    opaque: Beginnings,
}

#[derive(Debug, Default)]
struct Beginnings {
    lengths: BTreeSet<usize>,
    policies: BTreeMap<Box<str>, Vec<usize>>,
}

impl Index {
    pub(super) fn of<'p>(policies: impl Iterator<Item = &'p [Pattern]>) -> Self {
        let mut made = Self::default();
        for (at, patterns) in policies.enumerate() {
            for pattern in patterns {
                let (place, beginning) = pattern.key();
                let place = match place {
                    Place::Host(host) => made.hosts.entry(host.into()).or_default(),
                    Place::AnyHost => &mut made.any_host,
                    Place::Opaque => &mut made.opaque,
                };
                place.lengths.insert(beginning.len());
                place.policies.entry(beginning.into()).or_default().push(at);
            }
        }
        made
    }

    /// The numbers of the policies that may protect it, in order.
    pub(super) fn candidates(&self, resource: &Resource) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        match resource.key() {
            (None, name) => self.opaque.add(name, &mut found),
            (Some(host), path) => {
                // A pattern may end in the slash that the resource has lost.
                let path = format!("{path}/");
                if let Some(place) = self.hosts.get(host) {
                    place.add(&path, &mut found);
                }
                self.any_host.add(&path, &mut found);
            }
        }
        found
    }
}

impl Beginnings {
    fn add(&self, text: &str, found: &mut BTreeSet<usize>) {
        for length in self.lengths.range(..=text.len()) {
            let policies = text.get(..*length).and_then(|part| self.policies.get(part));
            found.extend(policies.into_iter().flatten());
        }
    }
}

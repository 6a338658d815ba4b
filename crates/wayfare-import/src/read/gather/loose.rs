//! What may be nodes, and no tree names.
//!
//! In: the records that no tree took. Out: loose nodes of the trees that they stand beside, and things of kinds
//! of their own.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{FILES, Gathering, Realm, folder};
use crate::{
    bundle::{NodeId, Tree},
    finding::{Code, Finding},
    read::{
        draft::{Record, Thing},
        tree::{Builder, Found},
    },
};

impl Gathering {
    /// What may be nodes, and no tree names.
    ///
    /// Gives back those of which nothing is known.
    pub(super) fn records(&mut self, notes: &mut Vec<Finding>) -> Vec<Record> {
        let mut unknown = Vec::new();
        let mut loose: BTreeMap<(Realm, Arc<str>), BTreeMap<Arc<str>, Record>> = BTreeMap::new();
        for (place, record) in std::mem::take(&mut self.records).into_iter().enumerate() {
            if self.taken.contains(&place) {
                continue;
            }
            let node = is_node(&record);
            if node && let Some(tree) = self.tree_beside(&record) {
                let here = loose.entry(tree).or_default();
                here.entry(record.id.clone()).or_insert(record);
                continue;
            }
            if record.metadata.is_none() && !node && record.body.get("_type").is_none() {
                unknown.push(record);
                continue;
            }
            if node {
                let message = format!("no tree and no page names the node `{}`", record.id);
                let file = record.origin.file.clone();
                notes.push(Finding::new(Code::OrphanNode, message).file(file));
            }
            self.things.push(of_record(record, node));
        }
        for ((realm, name), records) in loose {
            let bundle = self.bundles.get_mut(&realm);
            if let Some(tree) = bundle.and_then(|bundle| bundle.trees.get_mut(&name)) {
                add_loose(tree, &records, notes);
            }
        }
        unknown
    }

    /// The only tree in whose folder a record stands.
    fn tree_beside(&self, record: &Record) -> Option<(Realm, Arc<str>)> {
        let mut inner = folder(&record.origin.file);
        loop {
            match self.folders.get(inner).map(Vec::as_slice) {
                Some([only]) => return Some(only.clone()),
                Some(_) => return None,
                None if inner.is_empty() => return None,
                None => inner = folder(inner),
            }
        }
    }
}

/// Adds nodes to a tree that nothing in it names, pages first.
fn add_loose(tree: &mut Tree, records: &BTreeMap<Arc<str>, Record>, notes: &mut Vec<Finding>) {
    let mut find = |id: &NodeId| {
        let record = records.get(&id.0)?;
        Some(Found {
            body: record.body.clone(),
            metadata: record.metadata.clone(),
        })
    };
    let colons = |record: &Record| {
        let uid = record
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.get("uid"));
        uid.is_some()
    };
    let colons = records.values().any(colons);
    let mut builder = Builder::new(std::mem::take(tree), colons, &mut find, notes);
    let is_page = |record: &&Record| record.body.get("nodes").is_some();
    let (pages, others): (Vec<_>, Vec<_>) = records.values().partition(is_page);
    for record in pages.into_iter().chain(others) {
        builder.loose(NodeId(record.id.clone()));
    }
    *tree = builder.tree;
}

/// A record that is no node of a tree.
fn of_record(record: Record, node: bool) -> Thing {
    let ty = record.body.get("_type").and_then(|ty| ty.get("_id"));
    let kind: Option<Arc<str>> = match &record.metadata {
        Some(metadata) => metadata
            .get("entityType")
            .and_then(Value::as_str)
            .map(Arc::from),
        None if node => Some("nodes".into()),
        None => ty.and_then(Value::as_str).map(Arc::from),
    };
    let value = match record.metadata {
        Some(metadata) => Value::Object(Map::from_iter([
            ("metadata".to_owned(), metadata),
            ("data".to_owned(), record.body),
        ])),
        None => record.body,
    };
    Thing {
        kind: kind.unwrap_or_else(|| FILES.into()),
        origin: record.origin,
        id: record.id,
        value,
    }
}

/// Whether a record is the JSON of a node rather than of anything else.
fn is_node(record: &Record) -> bool {
    let ty = record.body.get("_type").and_then(|ty| ty.get("_id"));
    let ty = ty.and_then(Value::as_str).unwrap_or_default();
    record.body.get("_outcomes").is_some()
        || ty.contains("Node")
        || ty.starts_with("designer-")
        || ty.starts_with("product-")
}

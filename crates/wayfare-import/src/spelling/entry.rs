//! What a tree says of a node: its type, its name, its place and where its outcomes lead.
//!
//! In: the entry as it stood. Out: the fields of a [`Node`] that come of it, and the entry again. A node's own
//! JSON is not here.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use crate::bundle::{Node, NodeId};

/// Where an entry is kept as it stood, when its fields do not tell it.
pub(crate) const RAW: &str = "$raw";
/// Marks a tree, or a page, that has no member `nodes`.
pub(crate) const NO_NODES: &str = "$noNodes";

/// Marks a node whose own JSON has no underscored members.
pub(crate) const BARE: &str = "$bare";

/// The fields of a node that come of an entry.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Entry {
    pub(crate) ty: Arc<str>,
    pub(crate) version: Option<Arc<str>>,
    pub(crate) display: Option<Arc<str>>,
    pub(crate) connections: BTreeMap<Arc<str>, NodeId>,
    pub(crate) rest: Map<String, Value>,
}

/// Takes a member that is a text.
pub(crate) fn take_text(map: &mut Map<String, Value>, key: &str) -> Option<Arc<str>> {
    let text = Arc::from(map.get(key)?.as_str()?);
    map.remove(key);
    Some(text)
}

impl Entry {
    /// Reads the entry of a node in a tree.
    pub(crate) fn of_tree(raw: &Value) -> Self {
        let Value::Object(raw) = raw else {
            return Self::default();
        };
        let mut rest = raw.clone();
        let mut entry = Self {
            ty: take_text(&mut rest, "nodeType").unwrap_or_default(),
            version: take_text(&mut rest, "version"),
            display: take_text(&mut rest, "displayName"),
            ..Self::default()
        };
        if let Some(Value::Object(connections)) = rest.remove("connections") {
            let mut others = Map::new();
            for (outcome, target) in connections {
                match target {
                    Value::String(target) => {
                        let target = NodeId(target.into());
                        entry.connections.insert(outcome.into(), target);
                    }
                    other => {
                        others.insert(outcome, other);
                    }
                }
            }
            if !others.is_empty() {
                rest.insert("connections".to_owned(), Value::Object(others));
            }
        } else if let Some(other) = raw.get("connections") {
            rest.insert("connections".to_owned(), other.clone());
        }
        entry.rest = rest;
        entry
    }

    /// Gives the fields to a node.
    pub(crate) fn give(self, node: &mut Node) {
        node.ty = self.ty;
        node.version = self.version;
        node.display = self.display;
        node.connections = self.connections;
        node.entry = self.rest;
    }

    /// Whether a node still has these fields; a type that was not written agrees with any.
    pub(crate) fn agrees(&self, node: &Node) -> bool {
        (self.ty.is_empty() || self.ty == node.ty)
            && self.version == node.version
            && self.display == node.display
            && self.connections == node.connections
            && self.rest.len() == plain(&node.entry).count()
            && self.rest.iter().eq(plain(&node.entry))
    }
}

/// The members that stood there: those of the reader's own begin with `$`.
pub(crate) fn plain(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    map.iter().filter(|(key, _)| !key.starts_with('$'))
}

/// A text as a value.
pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// The entry of a node in a tree.
pub(crate) fn in_tree(node: &Node) -> Value {
    if let Some(raw) = node.entry.get(RAW)
        && Entry::of_tree(raw).agrees(node)
    {
        return raw.clone();
    }
    let mut entry = Map::new();
    entry.insert("nodeType".to_owned(), text(&node.ty));
    if let Some(display) = &node.display {
        entry.insert("displayName".to_owned(), text(display));
    }
    if let Some(version) = &node.version {
        entry.insert("version".to_owned(), text(version));
    }
    let mut connections: Map<String, Value> = node
        .connections
        .iter()
        .map(|(outcome, target)| (outcome.to_string(), text(&target.0)))
        .collect();
    for (key, value) in plain(&node.entry) {
        match (key.as_str(), value) {
            ("connections", Value::Object(others)) => connections.extend(others.clone()),
            _ => {
                entry.insert(key.clone(), value.clone());
            }
        }
    }
    entry
        .entry("connections")
        .or_insert(Value::Object(connections));
    Value::Object(entry)
}

/// The member `_type` of a node whose export has none.
pub(crate) fn ty(node: &Node) -> Value {
    let mut ty = Map::from_iter([
        ("_id".to_owned(), text(&node.ty)),
        ("name".to_owned(), text(&node.ty)),
        ("collection".to_owned(), Value::Bool(true)),
    ]);
    if let Some(version) = &node.version {
        ty.insert("version".to_owned(), text(version));
    }
    Value::Object(ty)
}

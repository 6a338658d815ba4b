//! The trees, nodes and scripts of a realm that administrators keep by the configuration interface.
//!
//! In: the rows of the store. Out: a snapshot to look things up in. Who may change what is not decided here, nor whether a tree runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value as Json};
use wayfare_wire::am::configuration::Body;

use crate::store::configured::{Key, Kind};

/// How many trees a realm may keep.
pub(crate) const TREES_MAX: usize = 2_000;
/// How many nodes.
pub(crate) const NODES_MAX: usize = 50_000;
/// How many scripts.
pub(crate) const SCRIPTS_MAX: usize = 5_000;
/// How many bytes of JSON in all.
pub(crate) const BYTES_MAX: usize = 64 * 1_024 * 1_024;

/// What a realm keeps, as it was at one time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    rows: BTreeMap<Key, Arc<Row>>,
    bytes: usize,
}

/// One thing.
#[derive(Debug)]
pub(crate) struct Row {
    /// As it stands on disk.
    pub(crate) text: String,
    pub(crate) body: Body,
}

impl Row {
    pub(crate) fn new(body: Body) -> Self {
        let json = Json::Object(body);
        let text = json.to_string();
        let Json::Object(body) = json else {
            return Self {
                text,
                body: Map::new(),
            };
        };
        Self { text, body }
    }
}

impl Stored {
    /// What the store has; rows that are no objects of JSON are told by their keys.
    pub(crate) fn read(rows: Vec<(Key, String)>) -> (Self, Vec<Key>) {
        let (mut stored, mut broken) = (Self::default(), Vec::new());
        for (key, text) in rows {
            match serde_json::from_str::<Body>(&text) {
                Ok(body) => {
                    stored.bytes += text.len();
                    stored.rows.insert(key, Arc::new(Row { text, body }));
                }
                Err(_) => broken.push(key),
            }
        }
        (stored, broken)
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Row>> {
        self.rows.get(key)
    }

    /// Those of a kind, in order.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Arc<Row>)> {
        self.rows.iter().filter(move |(key, _)| key.kind == kind)
    }

    pub(crate) fn trees(&self) -> impl Iterator<Item = (&str, &Body)> {
        self.of(Kind::Tree).map(|(key, row)| (&*key.id, &row.body))
    }

    /// The same with one thing changed, or gone.
    pub(crate) fn with(&self, key: &Key, row: Option<Arc<Row>>) -> Self {
        let mut next = self.clone();
        if let Some(old) = next.rows.remove(key) {
            next.bytes = next.bytes.saturating_sub(old.text.len());
        }
        if let Some(row) = row {
            next.bytes += row.text.len();
            next.rows.insert(key.clone(), row);
        }
        next
    }

    /// Which bound it is over, in words.
    pub(crate) fn over(&self) -> Option<String> {
        let most = [
            (Kind::Tree, TREES_MAX, "trees"),
            (Kind::Node, NODES_MAX, "nodes"),
            (Kind::Script, SCRIPTS_MAX, "scripts"),
        ];
        let full = most
            .into_iter()
            .find(|(kind, most, _)| self.of(*kind).count() > *most);
        match full {
            Some((_, most, what)) => Some(format!("a realm keeps at most {most} {what}")),
            None if self.bytes > BYTES_MAX => Some(format!(
                "a realm keeps at most {BYTES_MAX} bytes of trees, nodes and scripts"
            )),
            None => None,
        }
    }

    /// The nodes of a tree, those in its pages among them, in order.
    pub(crate) fn nodes_of(&self, tree: &Body) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        for key in named(tree) {
            if let Some(row) = self.get(&key) {
                keys.extend(children(&row.body));
            }
            keys.insert(key);
        }
        keys
    }

    /// The tree that a node or a script is used by, where there is one.
    pub(crate) fn user_of(&self, key: &Key) -> Option<&str> {
        let uses = |tree: &Body| {
            let nodes = self.nodes_of(tree);
            match key.kind {
                Kind::Node => nodes.contains(key),
                Kind::Script => nodes.iter().any(|node| {
                    self.get(node)
                        .and_then(|row| row.body.get("script"))
                        .and_then(Json::as_str)
                        == Some(&*key.id)
                }),
                Kind::Tree => false,
            }
        };
        self.trees()
            .find(|(_, tree)| uses(tree))
            .map(|(name, _)| name)
    }

    /// Whether some tree depends on it, so that a change of it is a change of a journey.
    pub(crate) fn is_used(&self, key: &Key) -> bool {
        key.kind == Kind::Tree || self.user_of(key).is_some()
    }
}

/// A member that is a text; empty where it is none.
pub(crate) fn member<'b>(body: &'b Body, name: &str) -> &'b str {
    body.get(name).and_then(Json::as_str).unwrap_or("")
}

/// The key of a node.
pub(crate) fn node(ty: &str, id: &str) -> Key {
    Key {
        kind: Kind::Node,
        ty: ty.to_owned(),
        id: id.to_owned(),
    }
}

/// The nodes that a tree names.
fn named(tree: &Body) -> impl Iterator<Item = Key> {
    let nodes = tree.get("nodes").and_then(Json::as_object);
    nodes.into_iter().flatten().filter_map(|(id, entry)| {
        let ty = entry.get("nodeType")?.as_str()?;
        Some(node(ty, id))
    })
}

/// What a page says of the nodes that it holds.
pub(crate) fn entries(page: &Body) -> impl Iterator<Item = &Json> {
    let nodes = page.get("nodes").and_then(Json::as_array);
    nodes.into_iter().flatten()
}

/// The nodes that a page holds.
pub(crate) fn children(page: &Body) -> impl Iterator<Item = Key> {
    entries(page).map(|child| node(member_of(child, "nodeType"), member_of(child, "_id")))
}

/// A member of any JSON that is a text; empty where it is none.
pub(crate) fn member_of<'j>(json: &'j Json, name: &str) -> &'j str {
    json.get(name).and_then(Json::as_str).unwrap_or("")
}

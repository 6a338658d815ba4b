//! The JSON of a tree and of its nodes.
//!
//! In: a [`Tree`]. Out: its own JSON, and that of each node, as a form has them.

use serde_json::{Map, Value};

use crate::{
    bundle::{Form, Node, NodeId, Place, Tree},
    pack::Packing,
    spelling::{
        entry::{self, plain, text},
        page,
    },
};

/// What configuration in files puts before ids.
const DEFAULT: &str = "default/";
/// The type of trees in configuration in files.
pub(super) const TREES: &str = "authenticationTreesService";

/// Whether a node has JSON of its own.
pub(super) fn is_written(node: &Node) -> bool {
    node.found || node.record.contains_key(entry::RAW)
}

/// The nodes that have JSON of their own.
pub(super) fn written(tree: &Tree) -> impl Iterator<Item = (&NodeId, &Node)> {
    tree.nodes.iter().filter(|(_, node)| is_written(node))
}

impl Packing<'_> {
    /// The JSON of a tree itself.
    pub(super) fn tree(&self, tree: &Tree) -> Map<String, Value> {
        let mut body = tree.body.clone();
        if let Some(entry) = &tree.entry {
            body.insert("entryNodeId".to_owned(), text(&entry.0));
        }
        let nodes: Map<String, Value> = tree
            .nodes
            .iter()
            .filter(|(_, node)| node.place == Place::Tree)
            .map(|(id, node)| (id.to_string(), entry::in_tree(node)))
            .collect();
        let none = tree.meta.contains_key(entry::NO_NODES);
        if !nodes.is_empty() || !(none || body.contains_key("nodes")) {
            body.insert("nodes".to_owned(), Value::Object(nodes));
        }
        if self.same {
            return body;
        }
        let id = if self.form == Form::FileBased {
            body.insert("_type".to_owned(), of_service(TREES));
            body.remove("_rev");
            format!("{DEFAULT}{}", tree.name)
        } else {
            if body.get("_type") == Some(&of_service(TREES)) {
                body.remove("_type");
            }
            tree.name.to_string()
        };
        if self.form == Form::Amster {
            body.remove("_rev");
        }
        body.insert("_id".to_owned(), Value::String(id));
        body
    }

    /// The JSON of a node itself.
    pub(super) fn node(&self, tree: &Tree, id: &NodeId, node: &Node) -> Value {
        if !node.found
            && let Some(raw) = node.record.get(entry::RAW)
        {
            return raw.clone();
        }
        let mut body: Map<String, Value> = plain(&node.record)
            .chain(&node.settings)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let colons = self.form == Form::FileBased;
        if let Some(list) = page::list(tree, id, node, colons) {
            body.insert("nodes".to_owned(), list);
        }
        if !self.same {
            self.own_ids(&mut body, id, node);
        } else if node.record.is_empty() {
            // what was never written has no record yet
            self.own_ids(&mut body, id, node);
        }
        Value::Object(body)
    }

    /// Makes ids and types those of the form.
    fn own_ids(&self, body: &mut Map<String, Value>, id: &NodeId, node: &Node) {
        let from_files = |body: &Map<String, Value>| {
            body.get("_id")
                .and_then(Value::as_str)
                .is_some_and(|id| id.starts_with(DEFAULT))
        };
        if self.form == Form::FileBased {
            body.insert("_id".to_owned(), Value::String(format!("{DEFAULT}{id}")));
            body.insert("_type".to_owned(), of_service(&node.ty));
            body.remove("_rev");
            body.remove("_outcomes");
            return;
        }
        if from_files(body) {
            body.insert("_id".to_owned(), text(&id.0));
            body.insert("_type".to_owned(), entry::ty(node));
        }
        body.entry("_id").or_insert_with(|| text(&id.0));
        if body.get("_type").is_none_or(|ty| ty.get("name").is_none()) {
            body.insert("_type".to_owned(), entry::ty(node));
        }
        if self.form == Form::Amster {
            body.remove("_rev");
        }
    }
}

/// The member `_type` of a service in configuration in files.
pub(super) fn of_service(ty: &str) -> Value {
    let name = |key: &str| (key.to_owned(), text(ty));
    let collection = ("collection".to_owned(), Value::Bool(false));
    Value::Object(Map::from_iter([name("_id"), name("name"), collection]))
}

//! Things as the product's interfaces answer them, each for itself.
//!
//! In: trees, nodes and scripts in files of their own, in folders as fr-config-manager writes them, or in lists.
//! Out: drafts.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    bundle::Form,
    read::draft::{Draft, DraftTree, Origin, Record, Thing},
};

fn is_text(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key).is_some_and(Value::is_string)
}

/// Whether this is a tree: it says where it begins, or has nodes that lead somewhere.
pub(super) fn is_tree(map: &Map<String, Value>) -> bool {
    let entry = |value: &Value| {
        value.get("nodeType").is_some()
            && (value.get("connections").is_some() || value.get("x").is_some())
    };
    let nodes = match map.get("nodes") {
        Some(Value::Object(nodes)) => {
            nodes.values().any(entry)
                || (nodes.is_empty() && (map.contains_key("staticNodes") || is_text(map, "_id")))
        }
        Some(Value::Array(nodes)) => nodes.iter().any(|node| node.get("connections").is_some()),
        _ => false,
    };
    let named = is_text(map, "entryNodeId")
        && (map.contains_key("nodes") || map.contains_key("staticNodes"));
    (nodes || named) && !map.contains_key("_outcomes")
}

/// The name of a tree: its id, else the name of its file.
pub(super) fn tree_name(map: &Map<String, Value>, file: &str) -> Arc<str> {
    if let Some(id) = map.get("_id").and_then(Value::as_str) {
        return id.strip_prefix("default/").unwrap_or(id).into();
    }
    let stem = file.rsplit('/').next().unwrap_or_default();
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    stem.strip_suffix(".journey").unwrap_or(stem).into()
}

/// Takes in a tree.
pub(super) fn tree(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    draft.trees.push(DraftTree {
        origin: origin.clone(),
        form: Form::Rest,
        name: tree_name(&map, &origin.file),
        raw: map,
        sections: None,
        file_meta: None,
        meta: Map::new(),
    });
}

/// Whether this is a script.
pub(super) fn is_script(map: &Map<String, Value>) -> bool {
    map.contains_key("script")
        && is_text(map, "_id")
        && !map.contains_key("_outcomes")
        && (is_text(map, "language") || (is_text(map, "context") && is_text(map, "name")))
}

/// Takes in a script.
pub(super) fn script(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    let id = map.get("_id").and_then(Value::as_str).unwrap_or_default();
    thing(draft, origin, "scripts", &Arc::from(id), map);
}

/// Whether this is the definition of a designer's node.
pub(super) fn is_node_type(map: &Map<String, Value>) -> bool {
    is_text(map, "serviceName") && map.contains_key("properties") && map.contains_key("script")
}

/// Takes in the definition of a designer's node.
pub(super) fn node_type(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    let said = |key: &str| map.get(key).and_then(Value::as_str);
    let id = said("_id")
        .or_else(|| said("serviceName"))
        .unwrap_or_default();
    thing(draft, origin, "nodeTypes", &Arc::from(id), map);
}

fn thing(draft: &mut Draft, origin: &Origin, kind: &str, id: &Arc<str>, map: Map<String, Value>) {
    draft.things.push(Thing {
        origin: origin.clone(),
        kind: kind.into(),
        id: id.clone(),
        value: Value::Object(map),
    });
}

/// Whether this may be a node: it has an id, and says of which type it is.
pub(super) fn is_record(map: &Map<String, Value>) -> bool {
    let typed = map
        .get("_type")
        .and_then(|ty| ty.get("_id"))
        .is_some_and(Value::is_string);
    let named = map
        .get("_id")
        .and_then(Value::as_str)
        .is_some_and(|id| !id.is_empty());
    named && (typed || map.contains_key("_outcomes") || email(map).is_some())
}

/// The name of an email template.
fn email(map: &Map<String, Value>) -> Option<&str> {
    map.get("_id")?.as_str()?.strip_prefix("emailTemplate/")
}

/// Takes in what may be a node.
pub(super) fn record(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    if let Some(name) = email(&map).map(Arc::from) {
        thing(draft, origin, "emailTemplates", &name, map);
        return;
    }
    let id = map.get("_id").and_then(Value::as_str).unwrap_or_default();
    draft.records.push(Record {
        origin: origin.clone(),
        id: id.into(),
        body: Value::Object(map),
        metadata: None,
    });
}

/// Whether this is nothing but an id: a node without settings, if a tree names it.
pub(super) fn is_bare(map: &Map<String, Value>) -> bool {
    is_text(map, "_id") && map.keys().all(|key| matches!(key.as_str(), "_id" | "_rev"))
}

/// Takes in what may be a node without settings.
pub(super) fn bare(draft: &mut Draft, origin: &Origin, value: Value) {
    let id = value.get("_id").and_then(Value::as_str).unwrap_or_default();
    draft.records.push(Record {
        origin: origin.clone(),
        id: id.into(),
        body: value,
        metadata: None,
    });
}

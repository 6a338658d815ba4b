//! The children that a page lists.
//!
//! In: the page's `nodes`: objects in interfaces and exports, colon texts in configuration files. Out: the
//! children in order with what the page says of them, and the list again.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    bundle::{Node, NodeId, Place, Tree},
    spelling::entry::{Entry, NO_NODES, plain, take_text, text},
};

/// Where the list is kept as it stood, when the children do not tell it.
pub(crate) const RAW: &str = "$nodes";

/// The types whose `nodes` are children, whatever they look like.
pub(crate) fn is_page(ty: &str) -> bool {
    matches!(ty, "PageNode" | "CustomPageNode")
}

/// Whether a list looks like children of a page, whatever the type.
pub(crate) fn looks_like_children(raw: &Value) -> bool {
    let child = |item: &Value| item.get("_id").is_some() && item.get("nodeType").is_some();
    raw.as_array()
        .is_some_and(|items| !items.is_empty() && items.iter().all(child))
}

/// A child as a page lists it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Child {
    pub(crate) id: NodeId,
    pub(crate) entry: Entry,
}

/// The children that a list names, and whether that is all there is in it.
pub(crate) fn children(raw: &Value) -> (Vec<Child>, bool) {
    let Some(items) = raw.as_array() else {
        return (Vec::new(), false);
    };
    let children: Vec<_> = items.iter().filter_map(child).collect();
    let whole = children.len() == items.len();
    (children, whole)
}

fn child(item: &Value) -> Option<Child> {
    match item {
        Value::String(colons) => from_colons(colons),
        Value::Object(map) => {
            let mut rest = map.clone();
            let id = NodeId(take_text(&mut rest, "_id")?);
            let entry = Entry {
                ty: take_text(&mut rest, "nodeType").unwrap_or_default(),
                version: take_text(&mut rest, "nodeVersion"),
                display: take_text(&mut rest, "displayName"),
                connections: std::collections::BTreeMap::new(),
                rest,
            };
            Some(Child { id, entry })
        }
        _ => None,
    }
}

/// `id:Type:name`, or `id:Type:version:name`; a name may have colons too.
fn from_colons(colons: &str) -> Option<Child> {
    let (id, rest) = colons.split_once(':')?;
    let (ty, rest) = rest.split_once(':').unwrap_or((rest, ""));
    if id.is_empty() || ty.is_empty() {
        return None;
    }
    let (version, display) = match rest.split_once(':') {
        Some((version, display)) if is_version(version) => (Some(Arc::from(version)), display),
        _ => (None, rest),
    };
    let entry = Entry {
        ty: ty.into(),
        version,
        display: Some(display.into()),
        ..Entry::default()
    };
    Some(Child {
        id: NodeId(id.into()),
        entry,
    })
}

fn is_version(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.contains('.') && text.split('.').all(number)
}

fn to_colons(id: &NodeId, node: &Node) -> Value {
    let display = node.display.as_deref().unwrap_or_default();
    Value::String(match &node.version {
        Some(version) => format!("{id}:{}:{version}:{display}", node.ty),
        None => format!("{id}:{}:{display}", node.ty),
    })
}

fn to_object(id: &NodeId, node: &Node) -> Value {
    let mut map = Map::new();
    map.insert("_id".to_owned(), text(&id.0));
    map.insert("nodeType".to_owned(), text(&node.ty));
    if let Some(display) = &node.display {
        map.insert("displayName".to_owned(), text(display));
    }
    if let Some(version) = &node.version {
        map.insert("nodeVersion".to_owned(), text(version));
    }
    map.extend(plain(&node.entry).map(|(key, value)| (key.clone(), value.clone())));
    Value::Object(map)
}

/// The list of a page's children; nothing where the page had none and is no page.
pub(crate) fn list(tree: &Tree, id: &NodeId, page: &Node, colons: bool) -> Option<Value> {
    if let Some(raw) = page.record.get(RAW)
        && still_says(tree, id, page, raw)
    {
        return Some(raw.clone());
    }
    let unlisted = page.record.contains_key(NO_NODES) || !is_page(&page.ty);
    if page.children.is_empty() && unlisted {
        return None;
    }
    let listed = page.children.iter().map(|child| {
        let Some(node) = tree.nodes.get(child) else {
            return text(&child.0);
        };
        if colons {
            to_colons(child, node)
        } else {
            to_object(child, node)
        }
    });
    Some(listed.collect())
}

/// Whether a list as it stood names the children that the page has now, as they are now.
fn still_says(tree: &Tree, id: &NodeId, page: &Node, raw: &Value) -> bool {
    let (said, _) = children(raw);
    said.iter().map(|child| &child.id).eq(&page.children)
        && said.iter().all(|child| {
            tree.nodes.get(&child.id).is_none_or(|node| {
                node.place != Place::Page(id.clone())
                    || node.entry.contains_key(super::entry::RAW)
                    || child.entry.agrees(node)
            })
        })
}

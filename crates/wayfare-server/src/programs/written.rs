//! The journeys of texts as the product's own JSON, to be listed, read and exported.
//!
//! In: the texts of a realm as they were compiled. Out: trees, nodes and scripts as the configuration
//! interface tells them, each with the file it stands in. A journey that says what the product has no words
//! for is not there; nothing of this can be changed but by editing the file.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json, json};
use wayfare_import::{DeriveOptions, Node, Place, Script, Tree, derive, restore};
use wayfare_wire::am::configuration::Body;

use super::{join::Base, stored};
use crate::store::configured::{Key, Kind};

/// The member of a node that is kept which names the settings for which a secret was sent.
pub(crate) const SECRETS: &str = "_secrets";

/// The texts of a realm in the product's words.
#[derive(Debug, Default)]
pub(crate) struct Written {
    rows: BTreeMap<Key, Body>,
    /// The file of the journey that a thing belongs to.
    files: BTreeMap<Key, String>,
}

impl Written {
    pub(super) fn of(base: &Base) -> Self {
        let program = base.built.engine.program();
        let derived = derive(program, &DeriveOptions::default());
        let texts = base.texts.sources.iter().chain(&base.texts.imports);
        let texts = texts.map(|source| (source.name().to_owned(), source.text().into()));
        let side = base.texts.side.clone();
        // With what an import knew and the text cannot say, it goes back as it came.
        let bundle = restore(&derived, &side.into_iter().chain(texts).collect()).bundle;
        let mut written = Self::default();
        for (name, tree) in &bundle.trees {
            // What no text has any more is not served, and so not there.
            if program.journey_on_wire(name).is_none() {
                continue;
            }
            let file = base.file_of(name).unwrap_or_default();
            written.add(key(Kind::Tree, "", name), tree_body(tree), &file);
            for (id, node) in &tree.nodes {
                let children = node.children.iter().filter_map(|child| {
                    let found = tree.nodes.get(child)?;
                    let mut entry = entry(found);
                    entry.insert("_id".to_owned(), Json::from(&*child.0));
                    rename(&mut entry, "version", "nodeVersion");
                    Some(Json::Object(entry))
                });
                let body = node_body(node, children.collect());
                written.add(stored::node(&node.ty, &id.0), body, &file);
                let script = node.settings.get("script").and_then(Json::as_str);
                if let Some((id, script)) = script.and_then(|id| {
                    let script = bundle.scripts.get(id)?;
                    Some((id, script))
                }) {
                    written.add(key(Kind::Script, "", id), script_body(script), &file);
                }
            }
        }
        written
    }

    fn add(&mut self, key: Key, body: Body, file: &str) {
        self.files.insert(key.clone(), file.to_owned());
        self.rows.insert(key, body);
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Body> {
        self.rows.get(key)
    }

    /// The file in which something stands.
    pub(crate) fn file_of(&self, key: &Key) -> Option<&str> {
        self.files.get(key).map(|file| &**file)
    }

    /// Those of a kind, in order.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = (&Key, &Body)> {
        self.rows.iter().filter(move |(key, _)| key.kind == kind)
    }
}

fn key(kind: Kind, ty: &str, id: &str) -> Key {
    Key {
        kind,
        ty: ty.to_owned(),
        id: id.to_owned(),
    }
}

fn rename(body: &mut Body, from: &str, to: &str) {
    if let Some(value) = body.remove(from) {
        body.insert(to.to_owned(), value);
    }
}

/// What a tree or a page says of a node.
fn entry(node: &Node) -> Body {
    let mut entry = node.entry.clone();
    entry.insert("nodeType".to_owned(), Json::from(&*node.ty));
    let shown = node.display.as_deref().unwrap_or(&node.ty);
    entry.insert("displayName".to_owned(), Json::from(shown));
    if let Some(version) = &node.version {
        entry.insert("version".to_owned(), Json::from(&**version));
    }
    entry
}

fn tree_body(tree: &Tree) -> Body {
    let mut body = tree.body.clone();
    if let Some(entry) = &tree.entry {
        body.insert("entryNodeId".to_owned(), Json::from(&*entry.0));
    }
    let mut nodes = Map::new();
    for (id, node) in &tree.nodes {
        if node.place != Place::Tree {
            continue;
        }
        let mut entry = entry(node);
        let connections: Map<String, Json> = node
            .connections
            .iter()
            .map(|(outcome, to)| (outcome.to_string(), Json::from(&*to.0)))
            .collect();
        entry.insert("connections".to_owned(), Json::Object(connections));
        nodes.insert(id.0.to_string(), Json::Object(entry));
    }
    body.insert("nodes".to_owned(), Json::Object(nodes));
    body
}

fn node_body(node: &Node, children: Vec<Json>) -> Body {
    let mut body = node.settings.clone();
    for (name, value) in &node.record {
        body.insert(name.clone(), value.clone());
    }
    if &*node.ty == "PageNode" {
        body.insert("nodes".to_owned(), Json::Array(children));
    }
    let version = node.version.as_deref().unwrap_or("1.0");
    body.insert(
        "_type".to_owned(),
        json!({ "_id": &*node.ty, "version": version }),
    );
    body
}

fn script_body(script: &Script) -> Body {
    let mut body = script.record.clone();
    body.insert("name".to_owned(), Json::from(&*script.name));
    let text = STANDARD.encode(script.text.as_bytes());
    body.insert("script".to_owned(), Json::from(text));
    body
}

/// A tree of the store as an import has it.
pub(super) fn tree_of(name: &str, body: &Body, stored: &stored::Stored) -> Tree {
    let mut tree = Tree {
        name: Arc::from(name),
        body: body.clone(),
        ..Tree::default()
    };
    let nodes = tree.body.remove("nodes");
    tree.entry = tree
        .body
        .remove("entryNodeId")
        .as_ref()
        .and_then(Json::as_str)
        .map(id_of);
    for (id, entry) in nodes
        .as_ref()
        .and_then(Json::as_object)
        .into_iter()
        .flatten()
    {
        let Some(mut node) = node_of(id, entry, stored) else {
            continue;
        };
        let connections = node.entry.remove("connections");
        let connections = connections.as_ref().and_then(Json::as_object);
        node.connections = connections
            .into_iter()
            .flatten()
            .filter_map(|(outcome, to)| Some((Arc::from(&**outcome), id_of(to.as_str()?))))
            .collect();
        let row = stored.get(&stored::node(&node.ty, id));
        for child in row
            .map(|row| stored::entries(&row.body))
            .into_iter()
            .flatten()
        {
            let own = stored::member_of(child, "_id");
            let mut entry = child.clone();
            if let Json::Object(entry) = &mut entry {
                entry.remove("_id");
                rename(entry, "nodeVersion", "version");
            }
            let Some(mut inner) = node_of(own, &entry, stored) else {
                continue;
            };
            inner.place = Place::Page(id_of(id));
            node.children.push(id_of(own));
            tree.nodes.insert(id_of(own), inner);
        }
        tree.nodes.insert(id_of(id), node);
    }
    tree
}

fn id_of(id: &str) -> wayfare_import::NodeId {
    wayfare_import::NodeId(Arc::from(id))
}

fn node_of(id: &str, entry: &Json, stored: &stored::Stored) -> Option<Node> {
    let mut entry = entry.as_object()?.clone();
    let mut taken = |name: &str| match entry.remove(name) {
        Some(Json::String(text)) => Some(Arc::from(text)),
        _ => None,
    };
    let (ty, display): (Arc<str>, _) = (taken("nodeType")?, taken("displayName"));
    let mut version = taken("version");
    let row = stored.get(&stored::node(&ty, id));
    let (mut settings, mut record) = (Map::new(), Map::new());
    for (name, value) in row.map(|row| &row.body).into_iter().flatten() {
        if name == SECRETS {
            // That there is one must be known, for a parameter to stand in its place.
            let given = value.as_array().into_iter().flatten();
            let given = given.filter_map(Json::as_str);
            settings.extend(given.map(|key| (key.to_owned(), Json::from("kept elsewhere"))));
        } else if name.starts_with('_') {
            record.insert(name.clone(), value.clone());
        } else if !(&*ty == "PageNode" && name == "nodes") {
            settings.insert(name.clone(), value.clone());
        }
    }
    if row.is_some() {
        record.insert("_id".to_owned(), Json::from(id));
    }
    if version.is_none() {
        let of_type = record.get("_type").and_then(|ty| ty.get("version"));
        version = of_type.and_then(Json::as_str).map(Arc::from);
    }
    Some(Node {
        ty,
        version,
        display,
        entry,
        settings,
        record,
        found: row.is_some(),
        ..Node::default()
    })
}

/// A script of the store as an import has it.
pub(super) fn script_of(id: &str, body: &Body) -> Option<Script> {
    let mut record = body.clone();
    let encoded = record.remove("script")?;
    let bytes = STANDARD.decode(encoded.as_str()?.trim()).ok()?;
    let name = stored::member(body, "name");
    record.insert("_id".to_owned(), Json::from(id));
    Some(Script {
        name: Arc::from(if name.is_empty() { id } else { name }),
        text: Arc::from(String::from_utf8(bytes).ok()?),
        record,
        ..Script::default()
    })
}

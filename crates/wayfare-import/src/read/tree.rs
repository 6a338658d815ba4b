//! A tree with its nodes, put together.
//!
//! In: a tree's own JSON, and a way to find the JSON of its nodes. Out: a [`Tree`] that says the same; what its
//! fields cannot say is kept as it stood.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use crate::{
    bundle::{Node, NodeId, Place, Tree},
    finding::{Code, Finding},
    read::entity::METADATA,
    spelling::{
        entry::{self, Entry, take_text},
        page,
    },
};

/// The JSON of a node that was found.
pub(super) struct Found {
    pub(super) body: Value,
    pub(super) metadata: Option<Value>,
}

/// A tree that is being put together.
pub(super) struct Builder<'a> {
    pub(super) tree: Tree,
    /// Whether pages list their children as colon texts.
    colons: bool,
    find: &'a mut dyn FnMut(&NodeId) -> Option<Found>,
    notes: &'a mut Vec<Finding>,
    /// What pages list, as it stands; none where a page has no list.
    lists: BTreeMap<NodeId, Option<Value>>,
    open: VecDeque<NodeId>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        tree: Tree,
        colons: bool,
        find: &'a mut dyn FnMut(&NodeId) -> Option<Found>,
        notes: &'a mut Vec<Finding>,
    ) -> Self {
        Self {
            tree,
            colons,
            find,
            notes,
            lists: BTreeMap::new(),
            open: VecDeque::new(),
        }
    }

    fn note(&mut self, code: Code, message: String) {
        let finding = Finding::new(code, message).tree(self.tree.name.clone());
        self.notes.push(finding);
    }

    /// Takes in the tree's own JSON, and every node that it names.
    pub(super) fn take(&mut self, mut raw: Map<String, Value>) {
        let nodes = raw.remove("nodes");
        self.tree.entry = take_text(&mut raw, "entryNodeId").map(NodeId);
        self.tree.body = raw;
        match nodes {
            Some(Value::Object(nodes)) => {
                for (id, raw) in nodes {
                    self.named(NodeId(id.into()), raw);
                }
            }
            Some(Value::Array(nodes)) => self.listed(nodes),
            Some(other) => {
                self.note(
                    Code::BadValue,
                    "the nodes of the tree are no nodes".to_owned(),
                );
                self.tree.body.insert("nodes".to_owned(), other);
            }
            None => {
                self.tree
                    .meta
                    .insert(entry::NO_NODES.to_owned(), Value::Bool(true));
            }
        }
        self.pages();
    }

    /// Nodes in a list rather than by id.
    fn listed(&mut self, nodes: Vec<Value>) {
        let none = !nodes.iter().any(|node| id_in_list(node).is_some());
        if none {
            if !nodes.is_empty() {
                self.note(Code::BadValue, "no node in the list has an id".to_owned());
            }
            self.tree
                .body
                .insert("nodes".to_owned(), Value::Array(nodes));
            return;
        }
        for mut raw in nodes {
            let Value::Object(map) = &mut raw else {
                self.note(
                    Code::BadValue,
                    "an item of the list of nodes is no node".to_owned(),
                );
                continue;
            };
            let id = ID_IN_LIST.iter().find_map(|key| take_text(map, key));
            match id {
                Some(id) => self.named(NodeId(id), raw),
                None => self.note(Code::BadValue, "a node in the list has no id".to_owned()),
            }
        }
    }

    /// A node that the tree names.
    fn named(&mut self, id: NodeId, raw: Value) {
        let mut node = Node::default();
        Entry::of_tree(&raw).give(&mut node);
        let beside = (self.find)(&id);
        let is_beside = beside.is_some();
        let found = beside.or_else(|| inline(&id, &mut node));
        let is_inline = !is_beside && found.is_some();
        self.fill(&id, &mut node, found);
        if !raw.is_object() {
            self.note(
                Code::BadValue,
                format!("what the tree says of the node `{id}` is no object"),
            );
        }
        if !is_inline && entry::in_tree(&node) != raw {
            node.entry.insert(entry::RAW.to_owned(), raw);
        }
        self.open.push_back(id.clone());
        self.tree.nodes.insert(id, node);
    }

    /// A node that nothing names.
    pub(super) fn loose(&mut self, id: NodeId) {
        if self.tree.nodes.contains_key(&id) {
            return;
        }
        let found = (self.find)(&id);
        let mut node = Node {
            place: Place::Loose,
            ..Node::default()
        };
        self.fill(&id, &mut node, found);
        self.open.push_back(id.clone());
        self.tree.nodes.insert(id, node);
        self.pages();
    }

    /// Gives a node what its own JSON says.
    fn fill(&mut self, id: &NodeId, node: &mut Node, found: Option<Found>) {
        let Some(found) = found else {
            return;
        };
        if let Some(metadata) = found.metadata {
            node.record.insert(METADATA.to_owned(), metadata);
        }
        let Value::Object(body) = found.body else {
            self.note(
                Code::BadValue,
                format!("the settings of the node `{id}` are no object"),
            );
            node.record.insert(entry::RAW.to_owned(), found.body);
            return;
        };
        node.found = true;
        let ty = body
            .get("_type")
            .and_then(|ty| ty.get("_id"))
            .and_then(Value::as_str);
        if node.ty.is_empty() {
            node.ty = ty.unwrap_or_default().into();
        }
        let is_page = page::is_page(&node.ty)
            || ty.is_some_and(page::is_page)
            || body.get("nodes").is_some_and(page::looks_like_children);
        if is_page {
            self.lists.insert(id.clone(), None);
        }
        if !body.keys().any(|key| key.starts_with('_')) {
            node.record
                .insert(entry::BARE.to_owned(), Value::Bool(true));
        }
        for (key, value) in body {
            if key.starts_with('_') {
                node.record.insert(key, value);
            } else if is_page && key == "nodes" {
                self.lists.insert(id.clone(), Some(value));
            } else {
                node.settings.insert(key, value);
            }
        }
    }

    /// Gives every page its children.
    fn pages(&mut self) {
        while let Some(id) = self.open.pop_front() {
            let Some(listed) = self.lists.remove(&id) else {
                continue;
            };
            let is_listed = listed.is_some();
            let raw = listed.unwrap_or_default();
            let (children, whole) = page::children(&raw);
            if !whole && is_listed {
                self.note(
                    Code::BadPage,
                    format!("the page `{id}` lists what is no node"),
                );
            }
            let mut ids = Vec::with_capacity(children.len());
            let mut seen = BTreeSet::new();
            for child in children {
                if !seen.insert(child.id.clone()) {
                    let message = format!("the page `{id}` lists `{}` twice", child.id);
                    self.note(Code::BadPage, message);
                    continue;
                }
                ids.push(child.id.clone());
                if self.tree.nodes.contains_key(&child.id) {
                    let message = format!(
                        "the page `{id}` lists `{}`, which stands elsewhere already",
                        child.id
                    );
                    self.note(Code::BadPage, message);
                    continue;
                }
                let mut node = Node {
                    place: Place::Page(id.clone()),
                    ..Node::default()
                };
                child.entry.give(&mut node);
                let found = (self.find)(&child.id);
                self.fill(&child.id, &mut node, found);
                self.open.push_back(child.id.clone());
                self.tree.nodes.insert(child.id, node);
            }
            self.keep_list(&id, ids, is_listed.then_some(raw));
        }
    }

    /// Sets the children of a page, and keeps its list where they do not tell it.
    fn keep_list(&mut self, id: &NodeId, children: Vec<NodeId>, raw: Option<Value>) {
        let Some(page) = self.tree.nodes.get_mut(id) else {
            return;
        };
        page.children = children;
        let Some(raw) = raw else {
            let mark = entry::NO_NODES.to_owned();
            page.record.insert(mark, Value::Bool(true));
            return;
        };
        let page = page.clone();
        if page::list(&self.tree, id, &page, self.colons) != Some(raw.clone())
            && let Some(page) = self.tree.nodes.get_mut(id)
        {
            page.record.insert(page::RAW.to_owned(), raw);
        }
    }
}

/// The members that say the id of a node in a list.
const ID_IN_LIST: [&str; 3] = ["_id", "id", "nodeId"];

fn id_in_list(node: &Value) -> Option<&str> {
    ID_IN_LIST.iter().find_map(|key| node.get(*key)?.as_str())
}

/// The settings of a node that stand in the tree itself.
fn inline(id: &NodeId, node: &mut Node) -> Option<Found> {
    let held = ["_properties", "properties", "details", "settings", "config"]
        .into_iter()
        .find(|key| node.entry.get(*key).is_some_and(Value::is_object));
    let typed = node.entry.get("_type").is_some_and(Value::is_object);
    let mut body = if let Some(key) = held {
        match node.entry.remove(key) {
            Some(Value::Object(body)) => body,
            _ => return None,
        }
    } else if typed {
        let layout = |key: &str| matches!(key, "x" | "y");
        let all = std::mem::take(&mut node.entry);
        let (layout, body): (Vec<_>, Vec<_>) = all.into_iter().partition(|(key, _)| layout(key));
        node.entry = layout.into_iter().collect();
        body.into_iter().collect()
    } else {
        return None;
    };
    body.entry("_id").or_insert_with(|| entry::text(&id.0));
    body.entry("_type").or_insert_with(|| entry::ty(node));
    Some(Found {
        body: Value::Object(body),
        metadata: None,
    })
}

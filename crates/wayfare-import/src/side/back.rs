//! Trees again, from what follows from a text and what stands beside it.
//!
//! In: the trees of the text, and the files beside it, read. Out: the trees as they go back. What a file
//! says of a node that is not there any more is not looked at.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json, json};

use super::{
    change::{self, Change},
    journey::{EVERY, called, file_of, is_placeholder, kind_of},
    script::mark,
    shape::{self, Called},
};
use crate::{
    bundle::{Bundle, Node, NodeId, Tree},
    derive::Derived,
    finding::{Code, Finding},
    pack::standard_lists,
};

/// What stands beside a text, read.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) common: Vec<Change>,
    pub(super) types: BTreeMap<String, Vec<Change>>,
    pub(super) sides: BTreeMap<String, Map<String, Json>>,
    /// By journey, path and key.
    pub(super) secrets: Map<String, Json>,
    /// The files of scripts by id.
    pub(super) paths: BTreeMap<Arc<str>, String>,
}

/// What is still to be listed with a tree, once all else is there.
#[derive(Debug)]
pub(super) struct Unlisted {
    tree: Arc<str>,
    called: Called,
    changes: Vec<Change>,
}

/// The trees, and what is to be listed with them.
pub(super) fn restore(
    derived: &Derived,
    files: &BTreeMap<String, Vec<u8>>,
    beside: &Beside,
    findings: &mut Vec<Finding>,
) -> (BTreeMap<Arc<str>, Tree>, Vec<Unlisted>) {
    let mut trees = BTreeMap::new();
    let mut unlisted = Vec::new();
    for (name, journey) in &derived.names.journeys {
        let Some(own) = derived.bundle.trees.get(name) else {
            continue;
        };
        let side = beside.sides.get(&**journey);
        let (tree, lists) = restored(derived, own, beside, journey, side);
        unlisted.extend(lists.filter(|_| side.is_some()));
        trees.insert(Arc::clone(&tree.name), tree);
    }
    for (journey, side) in &beside.sides {
        let Some(whole) = side.get("whole") else {
            continue;
        };
        let mut journeys = derived.names.journeys.values();
        let is_derived = journeys.any(|own| **own == **journey);
        let text = files.get(&file_of(journey));
        let (Some(text), false) = (text, is_derived) else {
            continue;
        };
        if side.get("of").and_then(Json::as_str) == Some(&mark(text)) {
            let tree = of_whole(whole);
            trees.entry(Arc::clone(&tree.name)).or_insert(tree);
        } else {
            let message = "its text was edited, and nothing of the product follows from it";
            findings.push(Finding::new(Code::NotCompiled, message).tree(journey.as_str()));
        }
    }
    (trees, unlisted)
}

/// Lists with each tree what an export would list, but for what came otherwise.
pub(super) fn list(bundle: &mut Bundle, unlisted: Vec<Unlisted>) {
    for one in unlisted {
        let Some(tree) = bundle.trees.get(&one.tree) else {
            continue;
        };
        let standard = standard_lists(bundle, tree);
        if one.changes.is_empty() {
            if let Some(tree) = bundle.trees.get_mut(&one.tree) {
                tree.lists = standard;
            }
            continue;
        }
        let mut value = json!({ "lists": shape::of_lists(&standard, &one.called) });
        for change in &one.changes {
            change.apply(&mut value);
        }
        let lists = value.get("lists").cloned().unwrap_or_default();
        if let Some(tree) = bundle.trees.get_mut(&one.tree) {
            tree.lists = shape::to_lists(&lists, &one.called);
        }
    }
}

fn of_whole(value: &Json) -> Tree {
    let bare = Called::default();
    let mut tree = shape::to_tree(value, &bare);
    if let Some(lists) = value.get("lists") {
        tree.lists = shape::to_lists(lists, &bare);
    }
    draw_ends(&mut tree, value.get("ends").and_then(Json::as_object));
    let nodes = value.get("nodes").and_then(Json::as_object);
    for (id, value) in nodes.into_iter().flatten() {
        let id = NodeId(Arc::from(id.as_str()));
        let node = kept(&id, value, &bare);
        tree.nodes.insert(id, node);
    }
    tree
}

/// A node that stands beside the text as a whole.
fn kept(id: &NodeId, value: &Json, called: &Called) -> Node {
    let mut node = shape::to_node(id, value, called, &[]);
    draw(&mut node.entry, value.get("at"));
    node
}

fn draw(entry: &mut Map<String, Json>, at: Option<&Json>) {
    if let Some([x, y]) = at.and_then(Json::as_array).map(Vec::as_slice) {
        entry.insert("x".to_owned(), x.clone());
        entry.insert("y".to_owned(), y.clone());
    }
}

fn draw_ends(tree: &mut Tree, ends: Option<&Map<String, Json>>) {
    let Some(ends) = ends else {
        return;
    };
    let places = ends
        .iter()
        .filter_map(|(word, at)| match at.as_array()?.as_slice() {
            [x, y] => Some((shape::end_id(word).to_owned(), json!({ "x": x, "y": y }))),
            _ => None,
        });
    tree.body
        .insert("staticNodes".to_owned(), Json::Object(places.collect()));
}

/// The words of a side that are no changes of the tree.
const OWN: &[&str] = &["absent", "drawn", "ends", "kept", "nodes", "of", "whole"];

/// The nodes that only stood where something had not come along, and still do.
fn absent<'s>(own: &Tree, was: &Called, side: &'s Map<String, Json>) -> Vec<&'s str> {
    let said = side.get("absent").and_then(Json::as_object);
    let said = said.into_iter().flatten();
    let still = said.filter(|(path, ty)| {
        let node = was.id_of(path).and_then(|id| own.nodes.get(id));
        node.is_some_and(|node| ty.as_str() == Some(&*node.ty))
    });
    still.map(|(path, _)| path.as_str()).collect()
}

/// The changes of a side, without those that would lead back to where something is by now.
fn changes_of(side: &Map<String, Json>, but: &[&str], filled: &[&str]) -> Vec<Change> {
    let mut changes = change::read(side, but);
    changes.retain(|change| {
        let leads = matches!(
            change.at.first().map(String::as_str),
            Some("connections" | "entry_node")
        );
        let was = change.was.as_ref().and_then(Json::as_str);
        !(leads && was.is_some_and(|was| filled.contains(&was)))
    });
    changes
}

fn restored(
    derived: &Derived,
    own: &Tree,
    beside: &Beside,
    journey: &str,
    side: Option<&Map<String, Json>>,
) -> (Tree, Option<Unlisted>) {
    let empty = Map::new();
    let side = side.unwrap_or(&empty);
    let member = |key: &str| side.get(key).and_then(Json::as_object);
    let nodes = member("nodes").unwrap_or(&empty);
    let was = called(&derived.names, &own.name);
    let absent = absent(own, &was, side);
    let filled = member("absent").into_iter().flatten();
    let filled = filled.map(|(path, _)| path.as_str());
    let filled: Vec<&str> = filled.filter(|path| !absent.contains(path)).collect();
    let now = Called::new(ids(&was, nodes), &beside.paths);
    let mut value = shape::of_tree(own, &was);
    let changes = changes_of(side, OWN, &filled);
    let (lists, changes): (Vec<Change>, Vec<Change>) = beside
        .common
        .iter()
        .cloned()
        .chain(changes)
        .partition(|change| change.at.first().is_some_and(|first| first == "lists"));
    for change in &changes {
        change.apply(&mut value);
    }
    let listed = value.get("listed") != Some(&Json::from(false));
    let mut tree = shape::to_tree(&value, &now);
    let drawn = shape::ends(own);
    draw_ends(
        &mut tree,
        if side.is_empty() {
            drawn.as_ref()
        } else {
            member("ends")
        },
    );
    let is_drawn = side.get("drawn") != Some(&Json::from(false));
    let secrets = beside.secrets.get(journey);
    for (id, node) in &own.nodes {
        let Some(path) = was.path(id).filter(|path| !absent.contains(&&***path)) else {
            continue;
        };
        let Some(new) = now.id_of(path) else {
            continue;
        };
        let mut value = shape::of_node(id, node, &was);
        let said = nodes.get(&**path).and_then(Json::as_object);
        let changes = said.map(|map| changes_of(map, &["id", "at"], &filled));
        let kind = kind_of(&value);
        let of_type = [EVERY, &kind].map(|kind| beside.types.get(kind));
        let of_type = of_type.into_iter().flatten().flatten();
        for change in of_type.chain(changes.iter().flatten()) {
            change.apply(&mut value);
        }
        let secrets = secrets.and_then(|secrets| secrets.get(&**path)?.as_object());
        give_secrets(&mut value, secrets);
        let mut made = shape::to_node(new, &value, &now, &shape::order(node, &was));
        match said.and_then(|map| map.get("at")) {
            Some(at) => draw(&mut made.entry, Some(at)),
            None if is_drawn => {
                if let Some((x, y)) = shape::drawn(node) {
                    draw(&mut made.entry, Some(&Json::from(vec![x, y])));
                }
            }
            None => {}
        }
        tree.nodes.insert(new.clone(), made);
    }
    for (id, value) in member("kept").into_iter().flatten() {
        let id = NodeId(Arc::from(id.as_str()));
        let node = kept(&id, value, &now);
        tree.nodes.entry(id).or_insert(node);
    }
    let unlisted = listed.then(|| Unlisted {
        tree: Arc::clone(&tree.name),
        called: now,
        changes: lists,
    });
    (tree, unlisted)
}

/// The ids of the nodes: those that are said, and those that follow from the paths.
fn ids(was: &Called, nodes: &Map<String, Json>) -> BTreeMap<NodeId, Arc<str>> {
    let mut ids: BTreeMap<NodeId, Arc<str>> = BTreeMap::new();
    for (path, id) in was.paths() {
        let said = match nodes.get(&**path) {
            Some(Json::String(id)) => Some(id.as_str()),
            Some(Json::Object(map)) => map.get("id").and_then(Json::as_str),
            _ => None,
        };
        // An id is one node's, and never that of an end.
        let said = said.map(|id| NodeId(Arc::from(id)));
        let said = said.filter(|id| !id.is_end() && !ids.contains_key(id));
        ids.insert(said.unwrap_or_else(|| id.clone()), Arc::clone(path));
    }
    ids
}

/// Puts secrets where the text still names what the environment gives.
fn give_secrets(node: &mut Json, secrets: Option<&Map<String, Json>>) {
    let Some(settings) = node.get_mut("settings").and_then(Json::as_object_mut) else {
        return;
    };
    for (key, secret) in secrets.into_iter().flatten() {
        let said = settings.get(key).and_then(Json::as_str);
        if said.is_some_and(is_placeholder) {
            settings.insert(key.clone(), secret.clone());
        }
    }
}

//! The ids, places and differences of the nodes of each journey.
//!
//! In: what follows from the text and what came in. Out: a value for each journey, what all nodes of a type
//! have in common, and what all trees have. Secrets are taken apart. The way back is in `back`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value as Json, json};

use super::{
    change::{self, Change},
    script::{mark, one_or_many},
    shape::{self, Called},
};
use crate::{
    bundle::{Bundle, Node, NodeId, Tree},
    derive::{Derived, is_script},
    pack::standard_lists,
    project::Names,
};

/// The files of the journeys, and what they share.
#[derive(Debug, Default)]
pub(super) struct Sides {
    pub(super) files: BTreeMap<Arc<str>, Json>,
    pub(super) types: Map<String, Json>,
    pub(super) common: Vec<Change>,
    /// By journey, path and key.
    pub(super) secrets: Map<String, Json>,
    /// The scripts that are named and did not come along, by id.
    pub(super) absent: BTreeMap<Arc<str>, String>,
}

/// A tree that came in beside the one that follows from its text.
struct Pair<'p> {
    bundle: &'p Bundle,
    secret: &'p BTreeSet<(Arc<str>, Arc<str>, Arc<str>)>,
    journey: &'p Arc<str>,
    own: &'p Tree,
    came: &'p Tree,
    /// What things are called in the one that follows, and in the one that came.
    called: (Called, Called),
}

/// What the things of a tree are called.
pub(super) fn called(names: &Names, tree: &Arc<str>) -> Called {
    let from = (Arc::clone(tree), NodeId(Arc::from("")));
    let nodes = names
        .nodes
        .range(from..)
        .take_while(|((of, _), _)| of == tree);
    let nodes = nodes.map(|((_, id), path)| (id.clone(), Arc::clone(path)));
    Called::new(nodes, &names.scripts)
}

/// By what nodes share what they have: their type and, but for the first, its version.
pub(super) fn kind_of(value: &Json) -> String {
    let text = |key: &str| value.get(key).and_then(Json::as_str);
    let ty = text("type").unwrap_or_default();
    match text("version") {
        Some(version) => format!("{ty} {version}"),
        None => ty.to_owned(),
    }
}

/// The file of a journey.
pub(super) fn file_of(journey: &str) -> String {
    format!("{journey}.journey")
}

pub(super) fn side(
    derived: &Derived,
    files: &BTreeMap<String, Vec<u8>>,
    bundle: &Bundle,
    names: &Names,
) -> Sides {
    let by_journey: BTreeMap<&Arc<str>, &Arc<str>> = derived
        .names
        .journeys
        .iter()
        .map(|(tree, journey)| (journey, tree))
        .collect();
    let mut sides = Sides::default();
    let mut both: Vec<(&Arc<str>, &Tree, &Tree)> = Vec::new();
    for (name, came) in &bundle.trees {
        let Some(journey) = names.journeys.get(name) else {
            continue;
        };
        let own = by_journey
            .get(journey)
            .and_then(|tree| derived.bundle.trees.get(*tree));
        if let Some(own) = own {
            both.push((journey, own, came));
        } else {
            let text = files.get(&file_of(journey)).map(|bytes| mark(bytes));
            let side = json!({ "of": text, "whole": whole(came) });
            sides.files.insert(Arc::clone(journey), side);
        }
    }
    sides.absent = absent_scripts(derived, names, &both);
    let mut known = names.clone();
    known.scripts.extend(sides.absent.clone());
    let pairs = both.into_iter().map(|(journey, own, came)| Pair {
        bundle,
        secret: &derived.secrets,
        journey,
        own,
        came,
        called: (
            called(&derived.names, &own.name),
            called(&known, &came.name),
        ),
    });
    let pairs: Vec<Pair<'_>> = pairs.collect();
    let types = types_of(&pairs);
    let of_trees: Vec<Vec<Change>> = pairs.iter().map(Pair::of_tree).collect();
    let lists: Vec<&[Change]> = of_trees.iter().map(Vec::as_slice).collect();
    sides.common = change::common(&lists);
    for pair in &pairs {
        let made = pair.side(&types, &sides.common);
        sides.files.insert(Arc::clone(pair.journey), made);
        let secrets = pair.secrets();
        if !secrets.is_empty() {
            sides
                .secrets
                .insert(pair.journey.to_string(), Json::Object(secrets));
        }
    }
    for (ty, changes) in types {
        if !changes.is_empty() {
            sides
                .types
                .insert(ty, Json::Object(change::write(&changes)));
        }
    }
    sides
}

/// The scripts that nodes name and that did not come along: the text has a file in the place of each.
fn absent_scripts(
    derived: &Derived,
    names: &Names,
    both: &[(&Arc<str>, &Tree, &Tree)],
) -> BTreeMap<Arc<str>, String> {
    let known: BTreeSet<&String> = names.scripts.values().collect();
    let mut found: BTreeMap<Arc<str>, String> = BTreeMap::new();
    for (_, own, came) in both {
        let (mine, theirs) = (called(&derived.names, &own.name), called(names, &came.name));
        for (path, id) in mine.paths() {
            let settings = own.nodes.get(id).map(|node| &node.settings);
            let node = theirs.id_of(path).and_then(|id| came.nodes.get(id));
            for (key, value) in settings.into_iter().flatten() {
                let file = value.as_str().and_then(|id| derived.names.scripts.get(id));
                let Some(file) = file.filter(|file| is_script(key) && !known.contains(file)) else {
                    continue;
                };
                let id = node.and_then(|node| node.settings.get(key)?.as_str());
                let is_new = |id: &&str| {
                    !bundle_has(names, id)
                        && !found.contains_key(*id)
                        && !found.values().any(|f| f == file)
                };
                if let Some(id) = id.filter(is_new) {
                    found.insert(Arc::from(id), file.clone());
                }
            }
        }
    }
    found
}

fn bundle_has(names: &Names, id: &str) -> bool {
    names.scripts.contains_key(id)
}

/// What all nodes have in common, whatever their type.
pub(super) const EVERY: &str = "*";

/// What all nodes, and all nodes of a type, have that does not follow from the text.
fn types_of(pairs: &[Pair<'_>]) -> BTreeMap<String, Vec<Change>> {
    let nodes = pairs.iter().flat_map(Pair::nodes);
    let nodes: Vec<(Json, Json)> = nodes.map(|(_, own, came)| (own, came)).collect();
    let common = |lists: &[Vec<Change>]| {
        let lists: Vec<&[Change]> = lists.iter().map(Vec::as_slice).collect();
        change::common(&lists)
    };
    let lists = nodes
        .iter()
        .map(|(own, came)| change::differences(own, came));
    let every = common(&lists.collect::<Vec<_>>());
    let mut found: BTreeMap<String, Vec<Vec<Change>>> = BTreeMap::new();
    for (mut own, came) in nodes {
        let kind = kind_of(&own);
        for change in &every {
            change.apply(&mut own);
        }
        let changes = change::differences(&own, &came);
        found.entry(kind).or_default().push(changes);
    }
    let of_types = found.into_iter().map(|(ty, lists)| (ty, common(&lists)));
    let mut types: BTreeMap<String, Vec<Change>> = of_types.collect();
    types.insert(EVERY.to_owned(), every);
    types
}

impl Pair<'_> {
    /// The nodes that are in both, by path.
    fn nodes(&self) -> Vec<(&Arc<str>, Json, Json)> {
        let (own, came) = &self.called;
        let ids: BTreeMap<&Arc<str>, &NodeId> = came.paths().collect();
        let both = own.paths().filter_map(|(path, id)| {
            let other = *ids.get(path)?;
            let mine = shape::of_node(id, self.own.nodes.get(id)?, own);
            let mut theirs = shape::of_node(other, self.came.nodes.get(other)?, came);
            for (key, _) in self.secrets_of(path, &theirs) {
                let said = mine.get("settings").and_then(|s| s.get(&key)).cloned();
                if let (Some(settings), Some(said)) = (theirs.get_mut("settings"), said) {
                    put(settings, &key, said);
                }
            }
            Some((path, mine, theirs))
        });
        both.collect()
    }

    /// The settings of a node that hold secrets, where they stand there as they are.
    fn secrets_of(&self, path: &Arc<str>, node: &Json) -> Vec<(String, Json)> {
        let settings = node.get("settings").and_then(Json::as_object);
        let settings = settings.into_iter().flatten().filter(|(key, value)| {
            let at = (
                Arc::clone(self.journey),
                Arc::clone(path),
                Arc::from(key.as_str()),
            );
            let is_plain = |text: &str| !text.is_empty() && !is_placeholder(text);
            self.secret.contains(&at) && value.as_str().is_some_and(is_plain)
        });
        let settings = settings.map(|(key, value)| (key.clone(), value.clone()));
        settings.collect()
    }

    fn secrets(&self) -> Map<String, Json> {
        let (_, came) = &self.called;
        let nodes = came.paths().filter_map(|(path, id)| {
            let node = shape::of_node(id, self.came.nodes.get(id)?, came);
            let found: Map<String, Json> = self.secrets_of(path, &node).into_iter().collect();
            (!found.is_empty()).then(|| (path.to_string(), Json::Object(found)))
        });
        nodes.collect()
    }

    fn of_tree(&self) -> Vec<Change> {
        let (own, came) = self.trees();
        change::differences(&own, &came)
    }

    /// The tree as it follows and as it came, without nodes.
    fn trees(&self) -> (Json, Json) {
        let (own, came) = &self.called;
        let mut trees = (
            shape::of_tree(self.own, own),
            shape::of_tree(self.came, came),
        );
        if self.came.lists.is_empty() {
            put(&mut trees.1, "listed", Json::from(false));
        } else {
            let standard = standard_lists(self.bundle, self.came);
            put(&mut trees.0, "lists", shape::of_lists(&standard, came));
            put(
                &mut trees.1,
                "lists",
                shape::of_lists(&self.came.lists, came),
            );
        }
        trees
    }

    fn side(&self, types: &BTreeMap<String, Vec<Change>>, common: &[Change]) -> Json {
        let (own, came) = &self.called;
        let ids: BTreeMap<&Arc<str>, &NodeId> = came.paths().collect();
        let mut nodes = Map::new();
        let mut said = Vec::new();
        for (path, mut mine, other) in self.nodes() {
            let kind = kind_of(&mine);
            for kind in [EVERY, &kind] {
                for change in types.get(kind).into_iter().flatten() {
                    change.apply(&mut mine);
                }
            }
            let mut node = change::write(&change::differences(&mine, &other));
            let Some(id) = ids.get(path) else {
                continue;
            };
            said.push((*id).clone());
            if own.id_of(path) != Some(*id) {
                node.insert("id".to_owned(), Json::from(&*id.0));
            }
            if let Some((x, y)) = self.came.nodes.get(*id).and_then(shape::drawn) {
                node.insert("at".to_owned(), Json::from(vec![x, y]));
            }
            if !node.is_empty() {
                nodes.insert(path.to_string(), one_or_many(node));
            }
        }
        let kept = self.came.nodes.iter().filter(|(id, _)| !said.contains(id));
        let kept = kept.map(|(id, node)| (id.0.to_string(), keep(id, node, came)));
        let kept: Map<String, Json> = kept.collect();
        let (mut base, wanted) = self.trees();
        for change in common {
            change.apply(&mut base);
        }
        let mut side = change::write(&change::differences(&base, &wanted));
        let absent = own.paths().filter(|(path, _)| !ids.contains_key(*path));
        let absent = absent.filter_map(|(path, id)| {
            let node = self.own.nodes.get(id)?;
            Some((path.to_string(), Json::from(&*node.ty)))
        });
        let absent: Map<String, Json> = absent.collect();
        let ends = shape::ends(self.came);
        if ends.is_none()
            && !self
                .came
                .nodes
                .values()
                .any(|node| shape::drawn(node).is_some())
        {
            side.insert("drawn".to_owned(), Json::from(false));
        }
        let mut put = |key: &str, map: Option<Map<String, Json>>| {
            if let Some(map) = map.filter(|map| !map.is_empty() || key == "ends") {
                side.insert(key.to_owned(), Json::Object(map));
            }
        };
        put("ends", ends);
        put("nodes", Some(nodes));
        put("kept", Some(kept));
        put("absent", Some(absent));
        Json::Object(side)
    }
}

/// A tree as it came, with the ids that it has.
fn whole(tree: &Tree) -> Json {
    let bare = Called::default();
    let mut value = shape::of_tree(tree, &bare);
    let nodes = tree
        .nodes
        .iter()
        .map(|(id, node)| (id.0.to_string(), keep(id, node, &bare)));
    let nodes = Json::Object(nodes.collect());
    if let Some(map) = value.as_object_mut() {
        map.insert("lists".to_owned(), shape::of_lists(&tree.lists, &bare));
        map.insert("nodes".to_owned(), nodes);
        if let Some(ends) = shape::ends(tree) {
            map.insert("ends".to_owned(), Json::Object(ends));
        }
    }
    value
}

/// A node as a whole, to be kept beside the text.
fn keep(id: &NodeId, node: &Node, called: &Called) -> Json {
    let mut value = shape::as_it_came(id, node, called);
    if let (Some((x, y)), Some(map)) = (shape::drawn(node), value.as_object_mut()) {
        map.insert("at".to_owned(), Json::from(vec![x, y]));
    }
    value
}

fn put(map: &mut Json, key: &str, value: Json) {
    if let Some(map) = map.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// Whether a text stands for what the environment gives.
pub(super) fn is_placeholder(text: &str) -> bool {
    text.starts_with("&{") && text.ends_with('}')
}

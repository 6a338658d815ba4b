//! Nodes, trees and scripts as plain values that name things by their paths in the text.
//!
//! In: a node of a tree, and what is called what. Out: a value in which no id stands that the text knows a
//! name for, so that two trees with other ids are one value; and the way back. Coordinates of drawings and
//! revisions are not in it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json};

use crate::{
    bundle::{Node, NodeId, Place, Tree},
    derive::is_script,
};

/// Before an id that nothing has a name for.
const BARE: &str = "id:";
/// What the reader of Amster's files keeps of a thing.
const METADATA: &str = "$metadata";
/// What the type of trees is called there.
const TREE: &str = "AuthTree";
/// Before the path of the file of a script.
const FILE: &str = "file:";

/// What the things of one tree are called.
#[derive(Debug, Clone, Default)]
pub(super) struct Called {
    paths: BTreeMap<NodeId, Arc<str>>,
    ids: BTreeMap<Arc<str>, NodeId>,
    files: BTreeMap<Arc<str>, Arc<str>>,
    scripts: BTreeMap<Arc<str>, Arc<str>>,
}

impl Called {
    pub(super) fn new<'a>(
        nodes: impl IntoIterator<Item = (NodeId, Arc<str>)>,
        scripts: impl IntoIterator<Item = (&'a Arc<str>, &'a String)>,
    ) -> Self {
        let mut made = Self::default();
        for (id, path) in nodes {
            // Of two with one path the first has it; the other keeps its id.
            if !made.ids.contains_key(&path) && !made.paths.contains_key(&id) {
                made.ids.insert(Arc::clone(&path), id.clone());
                made.paths.insert(id, path);
            }
        }
        for (id, file) in scripts {
            let file: Arc<str> = Arc::from(file.as_str());
            if !made.scripts.contains_key(&file) {
                made.scripts.insert(Arc::clone(&file), Arc::clone(id));
                made.files.insert(Arc::clone(id), file);
            }
        }
        made
    }

    pub(super) fn path(&self, id: &NodeId) -> Option<&Arc<str>> {
        self.paths.get(id)
    }

    pub(super) fn id_of(&self, path: &str) -> Option<&NodeId> {
        self.ids.get(path)
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = (&Arc<str>, &NodeId)> {
        self.ids.iter()
    }

    fn word(&self, id: &NodeId) -> String {
        match &*id.0 {
            NodeId::SUCCESS => "success".to_owned(),
            NodeId::FAILURE => "failure".to_owned(),
            raw => match self.paths.get(id) {
                Some(path) => path.to_string(),
                None => format!("{BARE}{raw}"),
            },
        }
    }

    fn id(&self, word: &str) -> Option<NodeId> {
        match word {
            "success" => Some(NodeId(Arc::from(NodeId::SUCCESS))),
            "failure" => Some(NodeId(Arc::from(NodeId::FAILURE))),
            _ => match word.strip_prefix(BARE) {
                Some(raw) => Some(NodeId(Arc::from(raw))),
                None => self.ids.get(word).cloned(),
            },
        }
    }

    /// An outcome; one of a page's second version begins with the id of its last child.
    fn outcome_word(&self, node: &Node, outcome: &str) -> String {
        let last = node.children.last();
        let own = last.and_then(|last| {
            let own = outcome.strip_prefix(&*last.0)?.strip_prefix('-')?;
            Some(format!("{}>{own}", self.paths.get(last)?))
        });
        own.unwrap_or_else(|| {
            if outcome.contains('>') {
                format!(">{outcome}")
            } else {
                outcome.to_owned()
            }
        })
    }

    fn outcome(&self, word: &str) -> String {
        if let Some(raw) = word.strip_prefix('>') {
            return raw.to_owned();
        }
        let own = word.split_once('>').and_then(|(path, own)| {
            let id = self.ids.get(path)?;
            Some(format!("{}-{own}", id.0))
        });
        own.unwrap_or_else(|| word.to_owned())
    }

    fn script_word(&self, value: &Json) -> Json {
        let file = value.as_str().and_then(|id| self.files.get(id));
        file.map_or_else(|| value.clone(), |file| Json::from(format!("{FILE}{file}")))
    }

    fn script(&self, value: &Json) -> Json {
        let file = value.as_str().and_then(|text| text.strip_prefix(FILE));
        let id = file.and_then(|file| self.scripts.get(file));
        id.map_or_else(|| value.clone(), |id| Json::from(&**id))
    }
}

/// What is drawn of a node.
pub(super) fn drawn(node: &Node) -> Option<(Json, Json)> {
    let (x, y) = (node.entry.get("x")?, node.entry.get("y")?);
    (x.is_number() && y.is_number()).then(|| (x.clone(), y.clone()))
}

/// A node.
pub(super) fn of_node(id: &NodeId, node: &Node, called: &Called) -> Json {
    let mut made = as_it_came(id, node, called);
    if let (Some(outcomes), Some(made)) = (outcomes(node, called), made.as_object_mut()) {
        made.insert("outcomes".to_owned(), outcomes);
        if let Some(record) = made.get_mut("record").and_then(Json::as_object_mut) {
            record.remove("_outcomes");
        }
    }
    made
}

/// A node that is kept as a whole, its outcomes in their order.
pub(super) fn as_it_came(id: &NodeId, node: &Node, called: &Called) -> Json {
    let mut made = Map::new();
    let place = match &node.place {
        Place::Tree => Json::from("tree"),
        Place::Loose => Json::from("loose"),
        Place::Page(page) => Json::from(format!("in {}", called.word(page))),
    };
    let text = |text: &Arc<str>| Json::from(&**text);
    let mut put = |key: &str, value: Json| made.insert(key.to_owned(), value);
    put("place", place);
    put("type", text(&node.ty));
    if let Some(version) = &node.version {
        put("version", text(version));
    }
    if let Some(display) = &node.display {
        put("display", text(display));
    }
    put("found", Json::from(node.found));
    let connections = node.connections.iter().map(|(outcome, to)| {
        let word = called.outcome_word(node, outcome);
        (word, Json::from(called.word(to)))
    });
    put("connections", Json::Object(connections.collect()));
    let children = node
        .children
        .iter()
        .map(|child| Json::from(called.word(child)));
    put("children", children.collect());
    let mut entry = node.entry.clone();
    if drawn(node).is_some() {
        entry.remove("x");
        entry.remove("y");
    }
    put("entry", Json::Object(entry));
    let settings = node.settings.iter().map(|(key, value)| {
        let value = if is_script(key) {
            called.script_word(value)
        } else {
            value.clone()
        };
        (key.clone(), value)
    });
    put("settings", Json::Object(settings.collect()));
    let mut record = node.record.clone();
    record.remove("_rev");
    own_id(&mut record, &id.0);
    own_metadata(&mut record, &node.ty, &id.0);
    put("record", Json::Object(record));
    Json::Object(made)
}

/// An id that is the one by which a thing is known says nothing; that there is none does.
fn own_id(record: &mut Map<String, Json>, id: &str) {
    match record.get("_id") {
        Some(own) if own.as_str() == Some(id) => {
            record.remove("_id");
        }
        Some(_) => {}
        None => {
            record.insert("_id".to_owned(), Json::Null);
        }
    }
}

fn give_id(record: &mut Map<String, Json>, id: &str) {
    match record.get("_id") {
        Some(Json::Null) => {
            record.remove("_id");
        }
        Some(_) => {}
        None => {
            record.insert("_id".to_owned(), Json::from(id));
        }
    }
}

/// What Amster writes besides a thing names its type and its id once more.
fn own_metadata(map: &mut Map<String, Json>, ty: &str, id: &str) {
    let Some(data) = map.get_mut(METADATA).and_then(Json::as_object_mut) else {
        return;
    };
    for (key, own) in [("entityType", ty), ("entityId", id)] {
        match data.get(key).and_then(Json::as_str) {
            Some(said) if said == own => drop(data.remove(key)),
            Some(_) => {}
            None => drop(data.insert(key.to_owned(), Json::Null)),
        }
    }
}

fn give_metadata(map: &mut Map<String, Json>, ty: &str, id: &str) {
    let Some(data) = map.get_mut(METADATA).and_then(Json::as_object_mut) else {
        return;
    };
    for (key, own) in [("entityType", ty), ("entityId", id)] {
        match data.get(key) {
            Some(Json::Null) => drop(data.remove(key)),
            Some(_) => {}
            None => drop(data.insert(key.to_owned(), Json::from(own))),
        }
    }
}

/// The outcomes by their ids, where each has one of its own.
fn outcomes(node: &Node, called: &Called) -> Option<Json> {
    let listed = node.record.get("_outcomes")?.as_array()?;
    let mut made = Map::new();
    for outcome in listed {
        let mut outcome = outcome.as_object()?.clone();
        let id = outcome.remove("id")?;
        let word = called.outcome_word(node, id.as_str()?);
        if made.insert(word, Json::Object(outcome)).is_some() {
            return None;
        }
    }
    Some(Json::Object(made))
}

/// The way back; `order` are the outcomes in the order in which the text has them.
pub(super) fn to_node(id: &NodeId, value: &Json, called: &Called, order: &[String]) -> Node {
    let text = |key: &str| value.get(key).and_then(Json::as_str);
    let map = |key: &str| {
        value
            .get(key)
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let place = match text("place") {
        Some("loose") => Place::Loose,
        Some(place) => place
            .strip_prefix("in ")
            .and_then(|page| called.id(page))
            .map_or(Place::Tree, Place::Page),
        None => Place::Tree,
    };
    let connections = map("connections");
    let connections = connections.iter().filter_map(|(outcome, to)| {
        let to = called.id(to.as_str()?)?;
        Some((Arc::from(called.outcome(outcome)), to))
    });
    let children = value.get("children").and_then(Json::as_array);
    let children = children.into_iter().flatten();
    let children = children.filter_map(|child| called.id(child.as_str()?));
    let mut record = map("record");
    give_id(&mut record, &id.0);
    give_metadata(&mut record, text("type").unwrap_or_default(), &id.0);
    if let Some(outcomes) = value.get("outcomes").and_then(Json::as_object) {
        record.insert("_outcomes".to_owned(), listed(outcomes, called, order));
    }
    let settings = map("settings").into_iter().map(|(key, value)| {
        let value = if is_script(&key) {
            called.script(&value)
        } else {
            value
        };
        (key, value)
    });
    Node {
        place,
        ty: Arc::from(text("type").unwrap_or_default()),
        version: text("version").map(Arc::from),
        display: text("display").map(Arc::from),
        connections: connections.collect(),
        entry: map("entry"),
        settings: settings.collect(),
        record,
        found: value.get("found").and_then(Json::as_bool).unwrap_or(true),
        children: children.collect(),
    }
}

fn listed(outcomes: &Map<String, Json>, called: &Called, order: &[String]) -> Json {
    let known = order
        .iter()
        .filter_map(|word| Some((word, outcomes.get(word)?)));
    let others = outcomes.iter().filter(|(word, _)| !order.contains(word));
    let all = known.chain(others).map(|(word, rest)| {
        let mut outcome = rest.as_object().cloned().unwrap_or_default();
        outcome.insert("id".to_owned(), Json::from(called.outcome(word)));
        Json::Object(outcome)
    });
    all.collect()
}

/// The outcomes of a node in order, as they are called in values.
pub(super) fn order(node: &Node, called: &Called) -> Vec<String> {
    let ids = node.outcomes();
    ids.iter()
        .map(|(id, _)| called.outcome_word(node, id))
        .collect()
}

/// What the ends of a tree, and its start, are called.
const ENDS: &[(&str, &str)] = &[
    ("start", NodeId::START),
    ("success", NodeId::SUCCESS),
    ("failure", NodeId::FAILURE),
];

/// The id of an end, or of the start.
pub(super) fn end_id(word: &str) -> &str {
    ENDS.iter()
        .find(|(own, _)| *own == word)
        .map_or(word, |(_, id)| id)
}

/// What is drawn of the ends of a tree, where it is nothing else.
pub(super) fn ends(tree: &Tree) -> Option<Map<String, Json>> {
    let ends = tree.body.get("staticNodes")?.as_object()?;
    let mut made = Map::new();
    for (id, place) in ends {
        let place = place.as_object().filter(|place| place.len() == 2)?;
        let (x, y) = (place.get("x")?, place.get("y")?);
        if !x.is_number() || !y.is_number() {
            return None;
        }
        let word = ENDS
            .iter()
            .find(|(_, own)| own == id)
            .map_or(id.as_str(), |(word, _)| word);
        made.insert(word.to_owned(), Json::from(vec![x.clone(), y.clone()]));
    }
    Some(made)
}

/// A tree without its nodes.
pub(super) fn of_tree(tree: &Tree, called: &Called) -> Json {
    let mut made = Map::new();
    let mut put = |key: &str, value: Json| made.insert(key.to_owned(), value);
    put("name", Json::from(&*tree.name));
    if let Some(realm) = &tree.realm {
        put("realm", Json::from(&**realm));
    }
    if let Some(entry) = &tree.entry {
        put("entry_node", Json::from(called.word(entry)));
    }
    let mut body = tree.body.clone();
    body.remove("_rev");
    if ends(tree).is_some() {
        body.remove("staticNodes");
    }
    own_id(&mut body, &tree.name);
    put("body", Json::Object(body));
    let mut meta = tree.meta.clone();
    own_metadata(&mut meta, TREE, &tree.name);
    put("meta", Json::Object(meta));
    Json::Object(made)
}

/// What is listed with a tree.
pub(super) fn of_lists(lists: &BTreeMap<Arc<str>, Vec<Arc<str>>>, called: &Called) -> Json {
    let lists = lists.iter().map(|(kind, ids)| {
        let words = ids
            .iter()
            .map(|id| (list_word(kind, id, called), Json::from(true)));
        (kind.to_string(), Json::Object(words.collect()))
    });
    Json::Object(lists.collect())
}

/// The way back.
pub(super) fn to_lists(value: &Json, called: &Called) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let lists = value.as_object().into_iter().flatten();
    let lists = lists.map(|(kind, words)| {
        let words = words.as_object().into_iter().flatten();
        let ids = words.filter_map(|(word, _)| list_id(kind, word, called));
        (Arc::from(kind.as_str()), ids.collect())
    });
    lists.collect()
}

fn is_of_nodes(kind: &str) -> bool {
    matches!(kind, "nodes" | "innerNodes" | "innernodes")
}

fn list_word(kind: &str, id: &Arc<str>, called: &Called) -> String {
    if is_of_nodes(kind) {
        return called.word(&NodeId(Arc::clone(id)));
    }
    match called.files.get(id) {
        Some(file) if kind == "scripts" => format!("{FILE}{file}"),
        _ => id.to_string(),
    }
}

fn list_id(kind: &str, word: &str, called: &Called) -> Option<Arc<str>> {
    if is_of_nodes(kind) {
        return called.id(word).map(|id| id.0);
    }
    match word.strip_prefix(FILE).filter(|_| kind == "scripts") {
        Some(file) => called.scripts.get(file).cloned(),
        None => Some(Arc::from(word)),
    }
}

/// The way back, without nodes and drawing.
pub(super) fn to_tree(value: &Json, called: &Called) -> Tree {
    let text = |key: &str| value.get(key).and_then(Json::as_str);
    let name = text("name").unwrap_or_default();
    let map = |key: &str| {
        value
            .get(key)
            .and_then(Json::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let mut body = map("body");
    give_id(&mut body, name);
    let mut meta = map("meta");
    give_metadata(&mut meta, TREE, name);
    Tree {
        name: Arc::from(name),
        realm: text("realm").map(Arc::from),
        entry: text("entry_node").and_then(|word| called.id(word)),
        body,
        nodes: BTreeMap::new(),
        meta,
        lists: BTreeMap::new(),
    }
}

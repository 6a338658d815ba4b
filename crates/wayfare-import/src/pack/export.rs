//! Packages in which everything of a tree stands in one file.
//!
//! In: a bundle. Out: files as frodo writes them, with one tree, several or a whole configuration, and as the
//! treetool and the administrator's pages do.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use crate::{
    bundle::{Form, Node, NodeId, Place, Tree},
    pack::{
        Packing,
        beside::{Listed, listed},
        files::{Files, folder_of},
        lists::{Lists, standard_lists},
        name,
        script::Beside,
        tree::{is_written, written},
    },
    read::{FILE, SINGLE},
    spelling::{
        entry::plain,
        kind::{self, SCRIPTS, THEMES},
    },
};

/// Packs trees in files of one or several.
pub(super) fn pack(packing: &Packing<'_>, files: &mut Files) {
    let bundle = packing.bundle;
    let mut groups: BTreeMap<Option<&str>, Vec<&Tree>> = BTreeMap::new();
    let mut listed = listed(bundle);
    for tree in bundle.trees.values() {
        listed.extend(packing.listed(tree));
        if packing.alone(tree) {
            let mut whole = packing.export(tree, files);
            let said = packing.file_meta(tree);
            for (key, value) in said.iter().filter(|(key, _)| key.as_str() == "meta") {
                whole.entry(key.clone()).or_insert_with(|| value.clone());
            }
            let folder = packing.folder(tree);
            files.json(&folder, &tree.name, ".journey.json", &Value::Object(whole));
        } else {
            let file = tree.meta.get(FILE).and_then(|file| file.get("path"));
            groups
                .entry(file.and_then(Value::as_str))
                .or_default()
                .push(tree);
        }
    }
    let mut broken = bundle.besides.get("trees").cloned().unwrap_or_default();
    let several = !packing.alone(&Tree::default());
    if groups.is_empty() && several && !(bundle.meta.is_empty() && broken.is_empty()) {
        groups.insert(None, Vec::new());
    }
    for (file, trees) in groups {
        let broken = std::mem::take(&mut broken);
        let mut whole = packing.several(&trees, files);
        if let Some(Value::Object(all)) = whole.get_mut("trees") {
            all.extend(
                broken
                    .into_iter()
                    .map(|(id, value)| (id.to_string(), value)),
            );
        }
        let folder = trees
            .first()
            .map_or_else(String::new, |tree| packing.folder(tree));
        let whole_file = || (folder, "all.journeys.json".to_owned());
        let (folder, stem) = file.map_or_else(whole_file, folder_of);
        let stem = stem.strip_suffix(".json").unwrap_or(&stem);
        files.json(&folder, stem, ".json", &Value::Object(whole));
    }
    packing.scripts_beside("", &listed, files);
    packing.things_beside("", &listed, &["trees"], files);
}

/// Packs a whole configuration.
pub(super) fn pack_config(packing: &Packing<'_>, files: &mut Files) {
    let bundle = packing.bundle;
    let realm = bundle.trees.values().find_map(|tree| tree.realm.clone());
    let said = bundle
        .meta
        .get("$realm")
        .and_then(Value::as_str)
        .map(str::to_owned);
    let name = said.unwrap_or_else(|| name::exported_realm(realm.as_deref().unwrap_or("/alpha")));
    let mut listed = listed(bundle);
    for tree in bundle.trees.values() {
        listed.extend(packing.listed(tree));
    }
    let mut inner = packing.several(&bundle.trees.values().collect::<Vec<_>>(), files);
    inner.retain(|key, _| key == "trees");
    if let (Some(broken), Some(Value::Object(trees))) =
        (bundle.besides.get("trees"), inner.get_mut("trees"))
    {
        trees.extend(
            broken
                .iter()
                .map(|(id, value)| (id.to_string(), value.clone())),
        );
    }
    let beside = Beside {
        from: String::new(),
    };
    let scripts: Map<String, Value> = bundle
        .scripts
        .iter()
        .filter(|(id, _)| !listed.contains(&(SCRIPTS.into(), (*id).clone())))
        .map(|(id, script)| {
            let record = packing.script(id, script, &beside, files);
            (id.to_string(), Value::Object(record))
        })
        .collect();
    inner.insert("script".to_owned(), Value::Object(scripts));
    for (kind, things) in &bundle.besides {
        let left: Map<String, Value> = things
            .iter()
            .filter(|(id, _)| !listed.contains(&(kind.clone(), (*id).clone())))
            .map(|(id, value)| (id.to_string(), value.clone()))
            .collect();
        if !left.is_empty() && &**kind != "trees" {
            let section = kind::alone(kind).unwrap_or(kind);
            inner.insert(section.to_owned(), Value::Object(left));
        }
    }
    let realms = Map::from_iter([(name, Value::Object(inner))]);
    let mut whole: Map<String, Value> = plain(&bundle.meta)
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    whole.insert("realm".to_owned(), Value::Object(realms));
    whole
        .entry("global")
        .or_insert_with(|| Value::Object(Map::new()));
    files.json("", "all.config", ".json", &Value::Object(whole));
}

impl Packing<'_> {
    /// The folder of a tree: of its realm where folders said it when it was read.
    fn folder(&self, tree: &Tree) -> String {
        let realm = tree.realm.as_deref().filter(|_| self.same);
        realm.map_or_else(String::new, |realm| {
            let realm = name::part(&name::exported_realm(realm));
            format!("realm/{realm}/journey")
        })
    }

    /// Whether a tree has a file of its own.
    fn alone(&self, tree: &Tree) -> bool {
        let said = tree.meta.get(SINGLE).and_then(Value::as_bool);
        let said = said.filter(|_| self.same);
        said.unwrap_or_else(|| self.form.is_single())
    }

    /// What the file of a tree says of itself, where the file had several.
    fn file_meta(&self, tree: &Tree) -> Map<String, Value> {
        if !self.kin() {
            return Map::new();
        }
        let said = match tree.meta.get(FILE) {
            Some(Value::Object(said)) => said,
            _ => &self.bundle.meta,
        };
        plain(said)
            .filter(|(key, _)| key.as_str() != "path")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }

    /// A file with several trees.
    fn several(&self, trees: &[&Tree], files: &mut Files) -> Map<String, Value> {
        let mut whole = trees.first().map_or_else(
            || self.file_meta(&Tree::default()),
            |tree| self.file_meta(tree),
        );
        let mut all = Map::new();
        for tree in trees {
            let mut export = self.export(tree, files);
            if !self.same {
                // what a file of one tree said of itself belongs to the file of several
                for key in ["meta", "origin"] {
                    if let Some(value) = export.remove(key) {
                        whole.entry(key).or_insert(value);
                    }
                }
            }
            all.insert(tree.name.to_string(), Value::Object(export));
        }
        whole.insert("trees".to_owned(), Value::Object(all));
        whole
    }

    /// The sections of a tree's export.
    fn lists(&self, tree: &Tree) -> Lists {
        let mut lists = tree.lists.clone();
        let nodes = ["nodes", "innerNodes", "innernodes"];
        if !nodes.iter().any(|section| lists.contains_key(*section)) {
            // no export of a tree listed it
            for (section, ids) in standard_lists(self.bundle, tree) {
                let listed = lists.entry(section).or_default();
                let more: Vec<_> = ids.into_iter().filter(|id| !listed.contains(id)).collect();
                listed.extend(more);
            }
        }
        if !self.same {
            let (old, new) = ("innernodes", "innerNodes");
            let old_form = self.form == Form::Treetool;
            let (from, to) = if old_form { (new, old) } else { (old, new) };
            let inner = lists.remove(from).unwrap_or_default();
            lists.entry(to.into()).or_insert(inner);
        }
        lists
    }

    /// What a tree lists, by kind and id.
    fn listed(&self, tree: &Tree) -> Listed {
        let mut listed = Listed::new();
        for (section, ids) in self.lists(tree) {
            if let Some(kind) = kind::kind(&section) {
                listed.extend(ids.into_iter().map(|id| (Arc::from(kind), id)));
            }
        }
        listed
    }

    /// The export of a tree.
    pub(super) fn export(&self, tree: &Tree, files: &mut Files) -> Map<String, Value> {
        let mut export: Map<String, Value> = plain(&tree.meta)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !self.kin() {
            export.remove("meta");
            export.remove("origin");
        }
        export.insert("tree".to_owned(), Value::Object(self.tree(tree)));
        let mut lists = self.lists(tree);
        let nodes = node_sections(tree, &lists);
        for section in nodes.keys() {
            lists.entry(section.clone()).or_default();
        }
        for (section, ids) in &lists {
            let items: Vec<(String, Value)> = match kind::kind(section) {
                None => {
                    let items = nodes.get(section).into_iter().flatten();
                    let node =
                        |id: &NodeId| tree.nodes.get(id).map(|node| self.node(tree, id, node));
                    items
                        .filter_map(|id| Some((id.to_string(), node(id)?)))
                        .collect()
                }
                Some(kind) => self.things(kind, ids, files),
            };
            let kept = tree
                .meta
                .get(&format!("${section}"))
                .and_then(Value::as_bool);
            let as_list = kept.unwrap_or(kind::kind(section) == Some(THEMES));
            let value = if as_list {
                items.into_iter().map(|(_, value)| value).collect()
            } else {
                Value::Object(items.into_iter().collect())
            };
            export.insert(section.to_string(), value);
        }
        export
    }

    /// Things of a kind by id, in the order of the list.
    fn things(&self, kind: &str, ids: &[Arc<str>], files: &mut Files) -> Vec<(String, Value)> {
        let beside = Beside {
            from: String::new(),
        };
        let things = self.bundle.besides.get(kind);
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            let script = self.bundle.scripts.get(id).filter(|_| kind == SCRIPTS);
            if let Some(script) = script {
                let record = self.script(id, script, &beside, files);
                items.push((id.to_string(), Value::Object(record)));
            } else if let Some(thing) = things.and_then(|things| things.get(id)) {
                items.push((id.to_string(), thing.clone()));
            }
        }
        items
    }
}

fn is_inner(node: &Node) -> bool {
    matches!(node.place, Place::Page(_))
}

/// Which nodes stand in which section: as listed, and those that nothing lists by where they stand.
fn node_sections<'t>(tree: &'t Tree, lists: &Lists) -> BTreeMap<Arc<str>, Vec<&'t NodeId>> {
    let sections = ["nodes", "innerNodes", "innernodes"];
    let inner = if lists.contains_key("innernodes") {
        "innernodes"
    } else {
        "innerNodes"
    };
    let mut by_section: BTreeMap<Arc<str>, Vec<&NodeId>> = BTreeMap::new();
    let mut listed: std::collections::BTreeSet<&NodeId> = std::collections::BTreeSet::new();
    for section in sections {
        for id in lists.get(section).into_iter().flatten() {
            let node = tree.nodes.get_key_value(&NodeId(id.clone()));
            if let Some((id, node)) = node
                && is_written(node)
            {
                listed.insert(id);
                by_section.entry(section.into()).or_default().push(id);
            }
        }
    }
    for (id, node) in written(tree) {
        if !listed.contains(id) {
            let section = if is_inner(node) { inner } else { "nodes" };
            by_section.entry(section.into()).or_default().push(id);
        }
    }
    by_section
}

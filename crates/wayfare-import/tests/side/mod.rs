//! What a text cannot say, kept beside it: `side_files` and `restore`.

mod beside;
mod corpus;
mod edited;

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use wayfare_import::{
    Bundle, DeriveOptions, Derived, Names, NodeId, derive, program_of, restore, side_files,
    standard_lists,
};

/// Files of a folder.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn files(texts: &[(&str, &str)]) -> Files {
    let texts = texts.iter();
    texts
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect()
}

pub(crate) fn derived(files: &Files) -> Derived {
    derive(&program_of(files).unwrap(), &DeriveOptions::default())
}

/// What somebody could have exported whose journeys are written so: with ids and names of their own, and
/// with what no text says.
pub(crate) fn came(derived: &Derived) -> (Bundle, Names) {
    let mut bundle = derived.bundle.clone();
    let mut names = Names {
        journeys: derived.names.journeys.clone(),
        ..Names::default()
    };
    let fresh = |id: &str| format!("00000000-0000-4000-8000-{}", id.split_at(24).1);
    let mut ids = BTreeMap::new();
    for ((tree, id), path) in &derived.names.nodes {
        let new = NodeId(Arc::from(fresh(&id.0)));
        ids.insert(id.clone(), new.clone());
        names
            .nodes
            .insert((Arc::clone(tree), new), Arc::clone(path));
    }
    for (id, path) in &derived.names.scripts {
        names.scripts.insert(Arc::from(fresh(id)), path.clone());
    }
    let mut texts: Vec<(String, String)> = ids
        .iter()
        .map(|(old, new)| (old.0.to_string(), new.0.to_string()))
        .collect();
    texts.extend(
        derived
            .names
            .scripts
            .keys()
            .map(|id| (id.to_string(), fresh(id))),
    );
    let swap = |id: &NodeId| ids.get(id).cloned().unwrap_or_else(|| id.clone());
    let swapped = |value: &Value| {
        let mut text = value.to_string();
        for (old, new) in &texts {
            text = text.replace(old.as_str(), new);
        }
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let map = |value: &serde_json::Map<String, Value>| {
        swapped(&Value::Object(value.clone()))
            .as_object()
            .unwrap()
            .clone()
    };
    for tree in bundle.trees.values_mut() {
        tree.entry = tree.entry.as_ref().map(&swap);
        tree.body
            .insert("uiConfig".to_owned(), json!({ "categories": "[\"Old\"]" }));
        tree.body.remove("transactionalOnly");
        let nodes = std::mem::take(&mut tree.nodes)
            .into_iter()
            .map(|(id, mut node)| {
                if let wayfare_import::Place::Page(page) = &mut node.place {
                    *page = swap(page);
                }
                node.children = node.children.iter().map(&swap).collect();
                let connections = node.connections.iter().map(|(outcome, to)| {
                    let outcome = swapped(&json!(**outcome));
                    (Arc::from(outcome.as_str().unwrap()), swap(to))
                });
                node.connections = connections.collect();
                node.record = map(&node.record);
                node.settings = map(&node.settings);
                node.settings
                    .insert("aSettingOfTomorrow".to_owned(), Value::Null);
                node.display = node.display.map(|name| Arc::from(format!("{name} (prod)")));
                if let Some(x) = node.entry.get_mut("x") {
                    *x = json!(-12.5);
                }
                (swap(&id), node)
            });
        tree.nodes = nodes.collect();
    }
    let scripts = std::mem::take(&mut bundle.scripts)
        .into_values()
        .map(|mut script| {
            script.record = map(&script.record);
            script
                .record
                .insert("createdBy".to_owned(), json!("somebody"));
            let id = script.record["_id"].as_str().unwrap().to_owned();
            (Arc::from(id), script)
        });
    bundle.scripts = scripts.collect();
    bundle
        .meta
        .insert("origin".to_owned(), json!("https://am.example.com"));
    let lists: Vec<_> = bundle
        .trees
        .values()
        .map(|tree| standard_lists(&bundle, tree))
        .collect();
    for (tree, lists) in bundle.trees.values_mut().zip(lists) {
        tree.lists = lists;
    }
    let mail = BTreeMap::from([(Arc::from("welcome"), json!({ "subject": "Hello" }))]);
    bundle.besides.insert(Arc::from("emailTemplates"), mail);
    bundle.besides.insert(
        Arc::from("../up"),
        BTreeMap::from([(Arc::from("x"), json!(1))]),
    );
    (bundle, names)
}

/// The files of a text and what is kept beside it of what came.
pub(crate) fn with_side(files: &Files) -> (Files, Bundle) {
    let (bundle, names) = came(&derived(files));
    let mut all = files.clone();
    all.extend(side_files(files, &bundle, &names));
    (all, bundle)
}

pub(crate) fn back(files: &Files) -> Bundle {
    let made = restore(&derived(files), files);
    assert_eq!(made.findings, []);
    made.bundle
}

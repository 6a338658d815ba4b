//! Real exports as text and back: `WAYFARE_CORPUS` names the folder.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;
use wayfare_import::{
    Bundle, DeriveOptions, ReadLimits, WriteOptions, derive, program_of, read, restore, write,
};

use crate::corpus;

/// A bundle without what goes another way by design: revisions, and orders that mean nothing.
fn plain(bundle: &Bundle) -> Bundle {
    let mut bundle = bundle.clone();
    for tree in bundle.trees.values_mut() {
        tree.body.remove("_rev");
        for node in tree.nodes.values_mut() {
            node.record.remove("_rev");
            if let Some(Value::Array(outcomes)) = node.record.get_mut("_outcomes") {
                outcomes.sort_by_key(ToString::to_string);
            }
        }
        for list in tree.lists.values_mut() {
            list.sort();
        }
    }
    for script in bundle.scripts.values_mut() {
        script.record.remove("_rev");
    }
    bundle
}

/// Where two bundles differ, a line each.
fn differences(came: &Bundle, made: &Bundle) -> Vec<String> {
    let mut lines = Vec::new();
    if came.form != made.form || came.meta != made.meta {
        lines.push("form or meta".to_owned());
    }
    if came.besides != made.besides {
        lines.push("besides".to_owned());
    }
    for (id, script) in &came.scripts {
        match made.scripts.get(id) {
            None => lines.push(format!("script {id} is gone")),
            Some(other) if other != script => {
                lines.push(format!("script {id}:\n{script:?}\n{other:?}"));
            }
            Some(_) => {}
        }
    }
    lines.extend(
        made.scripts
            .keys()
            .filter(|id| !came.scripts.contains_key(*id))
            .map(|id| format!("script {id} is new")),
    );
    lines.extend(
        made.trees
            .keys()
            .filter(|id| !came.trees.contains_key(*id))
            .map(|id| format!("tree {id} is new")),
    );
    for (name, tree) in &came.trees {
        let Some(other) = made.trees.get(name) else {
            lines.push(format!("tree {name} is gone"));
            continue;
        };
        for (id, node) in &tree.nodes {
            match other.nodes.get(id) {
                None => lines.push(format!("{name}: node {id} is gone: {node:?}")),
                Some(other) if other != node => {
                    lines.push(format!("{name}: node {id}:\n  {node:?}\n  {other:?}"));
                }
                Some(_) => {}
            }
        }
        lines.extend(
            other
                .nodes
                .keys()
                .filter(|id| !tree.nodes.contains_key(*id))
                .map(|id| format!("{name}: node {id} is new")),
        );
        let head = |tree: &wayfare_import::Tree| wayfare_import::Tree {
            nodes: BTreeMap::new(),
            ..tree.clone()
        };
        if head(tree) != head(other) {
            lines.push(format!("{name}:\n  {:?}\n  {:?}", head(tree), head(other)));
        }
    }
    lines
}

#[test]
fn what_came_goes_back_as_it_was() {
    let Some(folder) = corpus::folder() else {
        return;
    };
    let (mut nodes, mut bytes, mut trees, mut whole) = (0, 0, 0, 0);
    let mut exceptions = String::new();
    let mut done: std::collections::BTreeSet<Vec<String>> = std::collections::BTreeSet::new();
    let mut often: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for row in corpus::rows(&folder) {
        let input = corpus::files(&folder, &row);
        if !done.insert(input.iter().map(|file| file.path.clone()).collect()) {
            continue;
        }
        for came in read(&input, &ReadLimits::default()).bundles {
            let project = write(&came, &WriteOptions::default());
            let files = project.files;
            let derived = match program_of(&files) {
                Some(program) => derive(
                    &program,
                    &DeriveOptions {
                        form: came.form,
                        ..DeriveOptions::default()
                    },
                ),
                None => wayfare_import::Derived::default(),
            };
            let made = restore(&derived, &files);
            for line in differences(&plain(&came), &plain(&made.bundle)) {
                let _ = writeln!(exceptions, "{}: {line}", row.get("file"));
            }
            for finding in &made.findings {
                let _ = writeln!(exceptions, "{}: {finding:?}", row.get("file"));
            }
            trees += came.trees.len();
            whole += came
                .trees
                .keys()
                .filter(|name| !derived.bundle.trees.contains_key(*name))
                .count();
            for (path, text) in &files {
                if path.starts_with("am/journeys/") || path == "am/bundle.json" {
                    bytes += text.len();
                    let value: Value = serde_json::from_slice(text).unwrap();
                    count(&value, "", &mut often);
                }
            }
            nodes += came
                .trees
                .values()
                .map(|tree| tree.nodes.len())
                .sum::<usize>();
        }
    }
    let mut often: Vec<_> = often.into_iter().collect();
    often.sort_by_key(|(_, (_, bytes))| std::cmp::Reverse(*bytes));
    for (what, (times, bytes)) in often.iter().take(40) {
        println!("{bytes:8} {times:6} {what}");
    }
    println!(
        "{trees} trees, {whole} of them kept whole, {nodes} nodes, {} bytes a node",
        bytes / nodes.max(1)
    );
    assert!(exceptions.is_empty(), "{exceptions}");
}

/// What stands in side files how often, and how long it is.
fn count(value: &Value, at: &str, often: &mut BTreeMap<String, (usize, usize)>) {
    let Value::Object(map) = value else {
        return;
    };
    for (key, value) in map {
        let inner = match (at, key.as_str()) {
            ("", "nodes") => "nodes",
            ("nodes", _) if value.is_object() => "node",
            ("nodes", _) => "node (id only)",
            ("", "types") => "types",
            ("types", _) => "type",
            ("", key) => key,
            (at, key) => {
                let line = format!("{at}: {key}");
                let entry = often.entry(line).or_default();
                entry.0 += 1;
                entry.1 += value.to_string().len() + key.len();
                continue;
            }
        };
        let entry = often.entry(inner.to_owned()).or_default();
        entry.0 += 1;
        entry.1 += value.to_string().len();
        if matches!(inner, "nodes" | "node" | "types" | "type") {
            count(value, inner, often);
        }
    }
}

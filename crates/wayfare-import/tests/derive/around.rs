//! The journeys of this repository out, in again as another would read them, and out once more.
//!
//! What the second text says is compared with what the first one says, without any file beside a text.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde_json::Value;
use wayfare_import::{
    Bundle, DeriveOptions, Form, InputFile, Node, NodeId, ReadLimits, Tree, WriteOptions, derive,
    pack, program_of, read, write,
};

use super::folder::{derived, files, roots};

/// Settings as they are read: scripts by their texts.
fn settings(bundle: &Bundle, node: &Node) -> BTreeMap<String, Value> {
    let settings = node.settings.iter().map(|(key, value)| {
        let script = value.as_str().and_then(|id| bundle.scripts.get(id));
        let value = script.map_or_else(|| value.clone(), |script| Value::from(&*script.text));
        (key.clone(), value)
    });
    settings.collect()
}

/// The arrows of a node, with outcomes that name the last child by that word.
fn arrows(node: &Node) -> BTreeMap<String, NodeId> {
    let last = node.children.last().map(|id| format!("{id}-"));
    let name = |outcome: &str| match last.as_deref().and_then(|last| outcome.strip_prefix(last)) {
        Some(own) => format!("last-{own}"),
        None => outcome.to_owned(),
    };
    let arrows = node.connections.iter();
    arrows
        .map(|(outcome, to)| (name(outcome), to.clone()))
        .collect()
}

/// Where two trees differ that begin at the same place.
fn differences(one: (&Bundle, &Tree), two: (&Bundle, &Tree)) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let body = |tree: &Tree| {
        let mut body = tree.body.clone();
        body.remove("staticNodes");
        body
    };
    if body(one.1) != body(two.1) {
        found.push(format!("{:?} and {:?}", body(one.1), body(two.1)));
    }
    let mut open = vec![(one.1.entry.clone().unwrap(), two.1.entry.clone().unwrap())];
    while let Some((a, b)) = open.pop() {
        if !seen.insert((a.clone(), b.clone())) {
            continue;
        }
        if a.is_end() || b.is_end() {
            if a != b {
                found.push(format!("{a} and {b}"));
            }
            continue;
        }
        let (a, b) = (&one.1.nodes[&a], &two.1.nodes[&b]);
        let shown = a.display.as_deref().unwrap_or_default();
        if (&a.ty, a.type_version(), a.found) != (&b.ty, b.type_version(), b.found) {
            found.push(format!("{shown}: {} and {}", a.ty, b.ty));
        }
        let (own, other) = (settings(one.0, a), settings(two.0, b));
        if own != other {
            found.push(format!("{shown}: {own:?} and {other:?}"));
        }
        let outcomes = |node: &Node| {
            let ids: Vec<String> = node
                .outcomes()
                .iter()
                .map(|(_, shown)| (*shown).to_owned())
                .collect();
            ids
        };
        if outcomes(a) != outcomes(b) {
            found.push(format!("{shown}: {:?} and {:?}", outcomes(a), outcomes(b)));
        }
        let (own, other) = (arrows(a), arrows(b));
        if own.keys().ne(other.keys()) || a.children.len() != b.children.len() {
            found.push(format!("{shown}: {own:?} and {other:?}"));
            continue;
        }
        open.extend(own.into_values().zip(other.into_values()));
        open.extend(a.children.iter().cloned().zip(b.children.iter().cloned()));
    }
    found
}

#[test]
fn what_goes_out_says_the_same_when_it_comes_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../journeys");
    let files = files(&root);
    let (mut trees, mut refused, mut wrong) = (0, 0, Vec::new());
    for name in roots(&files) {
        let first = derived(name, &files);
        refused += first.refused.len();
        if first.bundle.trees.is_empty() {
            continue;
        }
        let forms: &[Form] = if name.starts_with("nodes/") {
            &[Form::FrodoMulti]
        } else {
            &[Form::FrodoMulti, Form::Amster]
        };
        for form in forms.iter().copied() {
            let packed = pack(&first.bundle, form).unwrap();
            let packed: Vec<InputFile> = packed
                .into_iter()
                .map(|file| InputFile::new(file.path, file.bytes))
                .collect();
            let reading = read(&packed, &ReadLimits::default());
            assert_eq!(reading.bundles.len(), 1, "{name}: {:?}", reading.findings);
            let project = write(&reading.bundles[0], &WriteOptions::default());
            let program = program_of(&project.files).unwrap_or_else(|| panic!("{name}"));
            let second = derive(&program, &DeriveOptions::default());
            for (tree, one) in &first.bundle.trees {
                let Some(two) = second.bundle.trees.get(tree) else {
                    wrong.push(format!("{name}: {tree} is gone: {:?}", second.findings));
                    continue;
                };
                trees += 1;
                let differences = differences((&first.bundle, one), (&second.bundle, two));
                wrong.extend(
                    differences
                        .into_iter()
                        .map(|line| format!("{name}: {form:?}: {line}")),
                );
            }
        }
    }
    println!("{trees} trees compared, {refused} refused");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(trees > 120, "{trees}");
}

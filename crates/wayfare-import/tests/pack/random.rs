//! Bundles of any content are packed in every form and read as the same again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};
use wayfare_import::{
    Bundle, Form, InputFile, Node, NodeId, Place, ReadLimits, Script, Spelling, Tree, pack, read,
};

use crate::pack::{
    forms::FORMS,
    real::{again, meaning},
};

/// Names as nobody should give them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Za-z][A-Za-z0-9 _-]{0,12}",
        1 => select(vec![
            "..", ".", "a/b", "../../up", "C:\\x", "CON", "nul.txt", "end.", " x ", "a\u{0}b", "\u{202e}turned",
            "A", "a", "x?*<>|\"", "com1", "%2E%2E", "~", "-", "$x", "Ünï", "default", "nodes", "\u{1f980}",
        ]).prop_map(str::to_owned),
        1 => "\\PC{1,200}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::String),
        Just(json!("&{esv.a.b}")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn settings() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("s[a-zA-Z]{1,8}", value(), 0..4)
        .prop_map(|map| map.into_iter().collect())
}

fn id() -> impl Strategy<Value = NodeId> {
    "[0-9a-f]{4}-[0-9a-f]{4}".prop_map(|id| NodeId(id.into()))
}

fn record(id: &str, ty: &str, outcomes: &[String]) -> Map<String, Value> {
    let outcomes: Vec<Value> = outcomes
        .iter()
        .map(|outcome| json!({"id": outcome, "displayName": outcome}))
        .collect();
    let record = json!({
        "_id": id,
        "_type": {"_id": ty, "name": ty, "collection": true},
        "_outcomes": outcomes,
    });
    record.as_object().unwrap().clone()
}

/// A node without its place.
fn node(ty: &'static str) -> impl Strategy<Value = (NodeId, Node)> {
    let ways = prop::collection::btree_map("\\PC{1,8}", id(), 0..3);
    let version = prop_oneof![3 => Just(None), 1 => Just(Some(Arc::from("2.0")))];
    (id(), "[^0-9]\\PC{0,10}", version, ways, settings()).prop_map(
        move |(id, display, version, ways, settings)| {
            let outcomes: Vec<String> = ways.keys().cloned().collect();
            let node = Node {
                ty: ty.into(),
                version,
                display: Some(display.into()),
                connections: ways.into_iter().map(|(way, to)| (way.into(), to)).collect(),
                settings,
                record: record(&id.0, ty, &outcomes),
                found: true,
                ..Node::default()
            };
            (id, node)
        },
    )
}

fn types() -> impl Strategy<Value = (NodeId, Node)> {
    prop_oneof![
        node("MessageNode"),
        node("ScriptedDecisionNode"),
        node("designer-0123"),
        node("NobodyKnowsNode"),
    ]
}

/// A page with its children; what a page says of a child leads nowhere.
fn page() -> impl Strategy<Value = Vec<(NodeId, Node)>> {
    (node("PageNode"), vec(types(), 0..4)).prop_map(|((id, mut page), children)| {
        let mut nodes = Vec::new();
        for (child, mut node) in children {
            if page.children.contains(&child) || child == id {
                continue;
            }
            node.connections.clear();
            node.place = Place::Page(id.clone());
            page.children.push(child.clone());
            nodes.push((child, node));
        }
        nodes.push((id, page));
        nodes
    })
}

fn tree() -> impl Strategy<Value = Tree> {
    let nodes = vec(
        prop_oneof![types().prop_map(|node| vec![node]), page()],
        0..5,
    );
    (name(), prop::option::of(id()), settings(), nodes).prop_map(|(name, entry, body, groups)| {
        let mut tree = Tree {
            name: name.as_str().into(),
            entry,
            body,
            ..Tree::default()
        };
        tree.body.insert("_id".to_owned(), json!(name));
        tree.body.insert("staticNodes".to_owned(), json!({}));
        for group in groups {
            // ids of a group that are taken would tear pages apart
            if group.iter().all(|(id, _)| !tree.nodes.contains_key(id)) {
                tree.nodes.extend(group);
            }
        }
        tree
    })
}

fn script() -> impl Strategy<Value = Script> {
    let text = prop_oneof![
        "[ -~\n]{0,80}",
        "\\PC{0,20}",
        Just("outcome = \"é\";\n".to_owned())
    ];
    (name(), text, select(vec!["JAVASCRIPT", "GROOVY"])).prop_map(|(name, text, language)| {
        let record = json!({"name": name, "language": language, "context": "A/B"});
        Script {
            name: name.into(),
            text: text.into(),
            record: record.as_object().unwrap().clone(),
            spelling: Spelling::Base64,
        }
    })
}

fn bundle() -> impl Strategy<Value = Bundle> {
    let scripts = prop::collection::btree_map("[0-9a-f]{8}", script(), 0..3);
    let themes = prop::collection::btree_map("[a-z]{1,5}", settings(), 0..3);
    (vec(tree(), 1..4), scripts, themes).prop_map(|(trees, scripts, themes)| {
        let mut bundle = Bundle::default();
        for tree in trees {
            bundle.trees.insert(tree.name.clone(), tree);
        }
        for (id, mut script) in scripts {
            script.record.insert("_id".to_owned(), json!(id));
            bundle.scripts.insert(id.into(), script);
        }
        let themes: BTreeMap<Arc<str>, Value> = themes
            .into_iter()
            .map(|(id, mut theme)| {
                theme.insert("_id".to_owned(), json!(id));
                (id.into(), Value::Object(theme))
            })
            .collect();
        if !themes.is_empty() {
            bundle.besides.insert("themes".into(), themes);
        }
        bundle
    })
}

/// Whether every path can be written everywhere and no two meet.
fn are_safe(files: &[InputFile]) -> Result<(), String> {
    let mut taken = BTreeSet::new();
    for file in files {
        let bad = |part: &str| {
            part.is_empty()
                || part.chars().all(|c| c == '.')
                || part.ends_with([' ', '.'])
                || part.len() > 200
                || part.contains(['\\', ':', '*', '?', '<', '>', '|', '"'])
                || part.contains(char::is_control)
                || ["con", "nul", "com1"]
                    .contains(&part.split('.').next().unwrap().to_lowercase().as_str())
        };
        if file.path.split('/').any(bad) || !taken.insert(file.path.to_lowercase()) {
            return Err(format!("{:?}", file.path));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bundle_comes_back(bundle in bundle(), form in select(FORMS.to_vec())) {
        let files = again(pack(&bundle, form).unwrap());
        prop_assert_eq!(are_safe(&files), Ok(()));
        let reading = read(&files, &ReadLimits::default());
        prop_assert_eq!(&reading.findings, &[]);
        prop_assert_eq!(reading.bundles.len(), 1);
        let first = &reading.bundles[0];
        prop_assert_eq!(meaning(first), meaning(&bundle));

        // packed in the form that it was read from, it is the same to the last member
        let files = again(pack(first, first.form).unwrap());
        prop_assert_eq!(are_safe(&files), Ok(()));
        let second = read(&files, &ReadLimits::default());
        prop_assert_eq!(&second.bundles, std::slice::from_ref(first));
        prop_assert!(form == Form::Platform || first.form == form);
    }
}

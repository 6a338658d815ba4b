//! Exports in which everything of a tree stands in one file.
//!
//! In: files of frodo with one tree, several trees or a whole configuration, of the treetool, and of the
//! administrator's pages. Out: drafts of trees with the sections that stood beside them.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    bundle::Form,
    finding::{Code, Finding},
    read::{
        draft::{Draft, DraftTree, Origin, Thing},
        raw,
    },
    spelling::kind,
};

/// The member that holds the settings of nodes in a list.
pub(crate) const DETAILS: &str = "details";

fn is_export(value: &Value) -> bool {
    value.get("tree").is_some_and(Value::is_object)
}

/// Whether a file has one tree with sections beside it.
pub(super) fn is_single(map: &Map<String, Value>) -> bool {
    map.get("tree").is_some_and(Value::is_object) && !map.contains_key("_type")
}

/// Whether a file has trees by name.
pub(super) fn is_multi(map: &Map<String, Value>) -> bool {
    let Some(Value::Object(trees)) = map.get("trees") else {
        return false;
    };
    let tree = |value: &Value| is_export(value) || value.as_object().is_some_and(raw::is_tree);
    trees.is_empty() || trees.values().any(tree)
}

/// Whether a file has a configuration by realm.
pub(super) fn is_config(map: &Map<String, Value>) -> bool {
    let Some(Value::Object(realms)) = map.get("realm") else {
        return false;
    };
    map.contains_key("global")
        || realms.values().any(|realm| {
            realm.as_object().is_some_and(|realm| {
                realm
                    .keys()
                    .any(|key| key == "trees" || kind::kind(key).is_some())
            })
        })
}

/// Which tool a file with trees is from.
fn form(map: &Map<String, Value>, several: bool) -> Form {
    let tool = map.get("meta").and_then(|meta| meta.get("exportTool"));
    let tool = tool.and_then(Value::as_str).unwrap_or_default();
    if tool.contains("platform") {
        Form::Platform
    } else if tool.is_empty()
        && !map.contains_key("meta")
        && (map.contains_key("origin") || (!several && map.contains_key("innernodes")))
    {
        Form::Treetool
    } else if several {
        Form::FrodoMulti
    } else {
        Form::FrodoSingle
    }
}

/// Whether this is a list of nodes with their settings in a member of their own.
fn is_detailed(nodes: &Value) -> bool {
    let detailed = |node: &Value| {
        node.get("_id").is_some_and(Value::is_string)
            && node.get(DETAILS).is_some_and(Value::is_object)
    };
    let nodes = nodes.as_array();
    nodes.is_some_and(|nodes| !nodes.is_empty() && nodes.iter().all(detailed))
}

/// Takes in a file with one tree.
pub(super) fn single(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    let form = if map.get("nodes").is_some_and(is_detailed) {
        Form::Rest
    } else {
        form(&map, false)
    };
    one(draft, origin, form, None, map, None);
}

/// Takes in a file with several trees.
pub(super) fn multi(draft: &mut Draft, origin: &Origin, mut map: Map<String, Value>) {
    let form = form(&map, true);
    let trees = map.remove("trees");
    if trees
        .as_ref()
        .and_then(Value::as_object)
        .is_some_and(Map::is_empty)
    {
        nothing(draft, origin);
    }
    let mut rest = Map::new();
    for (section, value) in map {
        match kind::kind(&section) {
            Some(kind) if value.is_object() => things(draft, origin, kind, value),
            _ => {
                rest.insert(section, value);
            }
        }
    }
    by_name(draft, origin, form, trees, Some(&rest));
    if draft.trees.is_empty() {
        draft.meta.extend(rest);
    }
}

/// Says that a file is known, and holds nothing.
pub(super) fn nothing(draft: &mut Draft, origin: &Origin) {
    let note = Finding::new(Code::UnknownFormat, "there is nothing in its list");
    draft.note(note.file(origin.file.clone()));
}

fn by_name(
    draft: &mut Draft,
    origin: &Origin,
    form: Form,
    trees: Option<Value>,
    file_meta: Option<&Map<String, Value>>,
) {
    let Some(Value::Object(trees)) = trees else {
        return;
    };
    for (name, value) in trees {
        match value {
            Value::Object(map) if map.get("tree").is_some_and(Value::is_object) => {
                let name = Some(name.into());
                one(draft, origin, form, name, map, file_meta);
            }
            Value::Object(map) if raw::is_tree(&map) => raw::tree(draft, origin, map),
            other => {
                let message = format!("the tree `{name}` is no tree: it is kept as it is");
                draft.note(Finding::new(Code::BadValue, message).file(origin.file.clone()));
                draft.things.push(Thing {
                    origin: origin.clone(),
                    kind: "trees".into(),
                    id: name.into(),
                    value: other,
                });
            }
        }
    }
}

fn one(
    draft: &mut Draft,
    origin: &Origin,
    form: Form,
    name: Option<Arc<str>>,
    mut map: Map<String, Value>,
    file_meta: Option<&Map<String, Value>>,
) {
    let Some(Value::Object(raw)) = map.remove("tree") else {
        return;
    };
    let name = name.unwrap_or_else(|| raw::tree_name(&raw, &origin.file));
    draft.trees.push(DraftTree {
        origin: origin.clone(),
        form,
        name,
        raw,
        sections: Some(map),
        file_meta: file_meta.cloned(),
        meta: Map::new(),
    });
}

/// Takes in a file with a configuration by realm.
pub(super) fn config(draft: &mut Draft, origin: &Origin, mut map: Map<String, Value>) {
    let realms = map.remove("realm");
    let global = map.remove("global");
    let Some(Value::Object(realms)) = realms else {
        return;
    };
    for (name, realm) in realms {
        let origin = Origin {
            file: origin.file.clone(),
            realm: Some(realm_of_export(&name)),
        };
        let Value::Object(mut realm) = realm else {
            continue;
        };
        let mut file_meta = Map::new();
        file_meta.insert("$realm".to_owned(), Value::String(name));
        by_name(
            draft,
            &origin,
            Form::FrodoConfig,
            realm.remove("trees"),
            Some(&file_meta),
        );
        sections(draft, &origin, realm);
    }
    // what is of no realm is for all of them where it is known, and else of the configuration
    let mut rest = Map::new();
    let is_map = matches!(global, Some(Value::Object(_)));
    match global {
        Some(Value::Object(global)) => {
            for (section, value) in global {
                match kind::kind(&section).filter(|_| value.is_object()) {
                    Some(kind) => things(draft, origin, kind, value),
                    None => {
                        rest.insert(section, value);
                    }
                }
            }
        }
        Some(other) => {
            map.insert("global".to_owned(), other);
        }
        None => {}
    }
    if is_map {
        map.insert("global".to_owned(), Value::Object(rest));
    }
    for (key, value) in map {
        draft.meta.entry(key).or_insert(value);
    }
}

/// Sections of a configuration: those of known kinds, and others under their own names.
fn sections(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    for (section, value) in map {
        match kind::kind(&section) {
            Some(kind) => things(draft, origin, kind, value),
            None => things(draft, origin, &section, value),
        }
    }
}

/// A realm as whole configurations name it: `root`, `root-alpha`, with doubled hyphens for hyphens.
pub(super) fn realm_of_export(name: &str) -> Arc<str> {
    let name = name.strip_prefix("root").map_or(name, |rest| {
        if rest.is_empty() || rest.starts_with('-') {
            rest
        } else {
            name
        }
    });
    let mut path = String::with_capacity(name.len() + 1);
    let mut parts = name.chars().peekable();
    while let Some(c) = parts.next() {
        if c == '-' {
            path.push(if parts.next_if_eq(&'-').is_some() {
                '-'
            } else {
                '/'
            });
        } else {
            path.push(c);
        }
    }
    if path.starts_with('/') {
        path.into()
    } else {
        format!("/{path}").into()
    }
}

/// Takes in things of a kind, by id or in a list.
pub(super) fn things(draft: &mut Draft, origin: &Origin, kind: &str, value: Value) {
    let items: Vec<(String, Value)> = match value {
        Value::Object(map) => map.into_iter().collect(),
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(place, item)| (kind::id_in_list(&item, place), item))
            .collect(),
        other => vec![(String::new(), other)],
    };
    for (id, value) in items {
        let (id, value) = if kind == kind::SCRIPTS {
            without_payload(id, value)
        } else {
            (id, value)
        };
        draft.things.push(Thing {
            origin: origin.clone(),
            kind: kind.into(),
            id: id.into(),
            value,
        });
    }
}

/// A script in a list of `{payload, filename}`, whose text stands in that file.
fn without_payload(id: String, value: Value) -> (String, Value) {
    let file = value.get("filename").and_then(Value::as_str);
    if let (Some(Value::Object(payload)), Some(file)) = (value.get("payload"), file)
        && let Some(own) = payload.get("_id").and_then(Value::as_str)
    {
        let mut script = payload.clone();
        let reference = Map::from_iter([("file".to_owned(), Value::String(file.to_owned()))]);
        script.insert("script".to_owned(), Value::Object(reference));
        return (own.to_owned(), Value::Object(script));
    }
    (id, value)
}

//! What else came along and is listed with no tree.
//!
//! In: a bundle, and what the trees listed. Out: files with sections of one kind, files that are kept as they
//! stood, and entities.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value};

use crate::{
    bundle::{Bundle, Form},
    pack::{
        Packing,
        files::{self, Files},
        script::Beside,
    },
    read::FILES,
    spelling::kind,
};

/// What trees list, by kind.
pub(super) type Listed = BTreeSet<(Arc<str>, Arc<str>)>;

/// What the trees of a bundle list, by kind and id.
pub(super) fn listed(bundle: &Bundle) -> Listed {
    let mut listed = Listed::new();
    for tree in bundle.trees.values() {
        for (section, ids) in &tree.lists {
            if let Some(kind) = kind::kind(section) {
                listed.extend(ids.iter().map(|id| (Arc::from(kind), id.clone())));
            }
        }
    }
    listed
}

/// Whether something is an entity with its metadata.
pub(super) fn is_entity(value: &Value) -> bool {
    value.get("metadata").is_some_and(Value::is_object) && value.get("data").is_some()
}

/// Whether something is a record that says its kind by its type.
fn is_record(kind: &str, id: &str, value: &Value) -> bool {
    let ty = value
        .get("_type")
        .and_then(|ty| ty.get("_id"))
        .and_then(Value::as_str);
    let own = value.get("_id").and_then(Value::as_str) == Some(id);
    own && (ty == Some(kind) || kind == "nodes")
}

impl Packing<'_> {
    /// Scripts that no tree lists, each in a file of its own as frodo writes it.
    pub(super) fn scripts_beside(&self, folder: &str, listed: &Listed, files: &mut Files) {
        for (id, script) in &self.bundle.scripts {
            if listed.contains(&(kind::SCRIPTS.into(), id.clone())) {
                continue;
            }
            let beside = Beside {
                from: folder.to_owned(),
            };
            let record = Value::Object(self.script(id, script, &beside, files));
            let section = Map::from_iter([(id.to_string(), record)]);
            let whole = Map::from_iter([("script".to_owned(), Value::Object(section))]);
            files.json(folder, &script.name, ".script.json", &Value::Object(whole));
        }
    }

    /// Everything else that no tree lists, and that is not of the kinds that the caller has written.
    pub(super) fn things_beside(
        &self,
        folder: &str,
        listed: &Listed,
        done: &[&str],
        files: &mut Files,
    ) {
        for (kind, things) in &self.bundle.besides {
            if done.contains(&&**kind) {
                continue;
            }
            let things: BTreeMap<_, _> = things
                .iter()
                .filter(|(id, _)| !listed.contains(&(kind.clone(), (*id).clone())))
                .collect();
            if &**kind == FILES {
                for (path, value) in things {
                    kept_file(path, value, files);
                }
            } else if kind::kind(kind) == Some(kind) {
                self.section(folder, kind, &things, files);
            } else {
                self.records(folder, kind, &things, files);
            }
        }
    }

    /// Things of a known kind, in one file.
    fn section(
        &self,
        folder: &str,
        kind: &str,
        things: &BTreeMap<&Arc<str>, &Value>,
        files: &mut Files,
    ) {
        if things.is_empty() {
            return;
        }
        let section: Map<String, Value> = things
            .iter()
            .map(|(id, value)| (id.to_string(), (*value).clone()))
            .collect();
        let spelling = match self.form {
            Form::ConfigManager | Form::Rest => kind,
            _ => kind::alone(kind).unwrap_or(kind),
        };
        let whole = Map::from_iter([(spelling.to_owned(), Value::Object(section))]);
        let name = format!("all.{spelling}");
        files.json(folder, &name, ".json", &Value::Object(whole));
    }

    /// Things that say themselves what they are.
    fn records(
        &self,
        folder: &str,
        kind: &str,
        things: &BTreeMap<&Arc<str>, &Value>,
        files: &mut Files,
    ) {
        // a folder `nodes` beside a tree is that of its own nodes
        let kept = if kind == "nodes" { "orphans" } else { kind };
        let own = files::within(folder, &super::name::part(kept));
        for (id, value) in things {
            let entities = matches!(self.form, Form::Amster | Form::FileBased);
            if (is_entity(value) && entities && self.same) || is_record(kind, id, value) {
                files.json(&own, id, ".json", value);
            }
        }
    }
}

/// A file that is kept as it stood, by its path.
fn kept_file(path: &str, value: &Value, files: &mut Files) {
    let (folder, file) = files::folder_of(path);
    let (stem, ending) = match file.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => {
            (stem, format!(".{}", super::name::part(ending)))
        }
        _ => (file.as_str(), String::new()),
    };
    let path = files.path(&folder, stem, &ending);
    let bytes = match value {
        Value::String(text) => text.clone().into_bytes(),
        value => files::pretty(value),
    };
    files.bytes(path, bytes);
}

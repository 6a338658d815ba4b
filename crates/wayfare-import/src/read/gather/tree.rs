//! Trees with the nodes and the things that are beside them.
//!
//! In: the draft of a tree, and what was found in files of its own. Out: the tree; things that its export lists
//! go to the others.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};

use super::{Gathering, Realm, folder, within};
use crate::{
    bundle::{Form, NodeId, Tree},
    finding::{Code, Finding},
    read::{
        DETAILS,
        draft::{DraftTree, Origin, Thing},
        tree::{Builder, Found},
    },
    spelling::kind,
};

impl Gathering {
    /// A tree whose nodes stand in files of their own.
    pub(super) fn of_records(
        &mut self,
        draft: DraftTree,
        form: Form,
        by_id: &BTreeMap<Arc<str>, Vec<usize>>,
        notes: &mut Vec<Finding>,
    ) -> Tree {
        let tree = Tree {
            name: draft.name,
            realm: draft.origin.realm.clone(),
            meta: draft.meta,
            ..Tree::default()
        };
        let mut differing = Vec::new();
        let mut find = |id: &NodeId| {
            let places = by_id.get(&id.0)?;
            let near = |place: &&usize| {
                self.records.get(**place).is_some_and(|record| {
                    let inner = folder(&record.origin.file);
                    record.origin.realm == draft.origin.realm
                        && within(inner, folder(&draft.origin.file))
                })
            };
            let same = |place: &&usize| {
                let record = self.records.get(**place);
                record.is_some_and(|record| record.origin.realm == draft.origin.realm)
            };
            let place = places
                .iter()
                .find(near)
                .or_else(|| places.iter().find(same))
                .or_else(|| places.first())?;
            let record = self.records.get(*place)?;
            self.taken.extend(places);
            let other = |place: &usize| {
                let other = self.records.get(*place);
                other.is_some_and(|other| {
                    other.origin.realm == record.origin.realm && other.body != record.body
                })
            };
            if places.iter().any(other) {
                differing.push(id.clone());
            }
            Some(Found {
                body: record.body.clone(),
                metadata: record.metadata.clone(),
            })
        };
        let colons = form == Form::FileBased;
        let mut builder = Builder::new(tree, colons, &mut find, notes);
        builder.take(draft.raw);
        let tree = builder.tree;
        for id in differing {
            let message = format!("the node `{id}` came along twice with different settings");
            notes.push(Finding::new(Code::DuplicateId, message).tree(tree.name.clone()));
        }
        tree
    }

    /// A tree whose nodes and other things stand beside it in the same export.
    pub(super) fn of_sections(
        &mut self,
        draft: DraftTree,
        realm: &Realm,
        notes: &mut Vec<Finding>,
    ) -> Tree {
        let mut tree = Tree {
            name: draft.name,
            realm: draft.origin.realm.clone(),
            meta: draft.meta,
            ..Tree::default()
        };
        let form = draft.form;
        let mut bodies: Vec<Map<String, Value>> = Vec::new();
        for (section, value) in draft.sections.unwrap_or_default() {
            let is_nodes = matches!(section.as_str(), "nodes" | "innerNodes" | "innernodes");
            let kind = kind::kind(&section);
            if !is_nodes && kind.is_none() {
                tree.meta.insert(section, value);
                continue;
            }
            let listed = value.is_array();
            let items: Vec<(String, Value)> = match value {
                Value::Object(map) => map.into_iter().collect(),
                Value::Array(items) => items
                    .into_iter()
                    .enumerate()
                    .map(|(place, item)| (kind::id_in_list(&item, place), item))
                    .collect(),
                other => {
                    let message = format!("`{section}` is no list of things: it is kept as it is");
                    let note = Finding::new(Code::BadValue, message);
                    notes.push(note.tree(tree.name.clone()).file(draft.origin.file.clone()));
                    tree.meta.insert(section, other);
                    continue;
                }
            };
            if listed != (kind == Some(kind::THEMES)) {
                tree.meta.insert(format!("${section}"), Value::Bool(listed));
            }
            let ids = items.iter().map(|(id, _)| Arc::from(id.as_str())).collect();
            tree.lists.insert(section.as_str().into(), ids);
            match kind {
                None => bodies.push(items.into_iter().collect()),
                Some(kind) => self.listed(&draft.origin, realm, kind, items),
            }
        }
        // `nodes` last: they are asked first
        let mut ids: Vec<NodeId> = Vec::new();
        for section in bodies.iter().rev() {
            ids.extend(section.keys().map(|id| NodeId(id.as_str().into())));
        }
        let mut find = |id: &NodeId| {
            let body = bodies
                .iter()
                .rev()
                .find_map(|section| section.get(&*id.0))?
                .clone();
            Some(if form == Form::Rest {
                of_details(body)
            } else {
                Found {
                    body,
                    metadata: None,
                }
            })
        };
        let mut builder = Builder::new(tree, false, &mut find, notes);
        builder.take(draft.raw);
        for id in ids {
            builder.loose(id);
        }
        builder.tree
    }

    fn listed(&mut self, origin: &Origin, realm: &Realm, kind: &str, items: Vec<(String, Value)>) {
        let origin = Origin {
            file: origin.file.clone(),
            realm: realm.clone(),
        };
        for (id, value) in items {
            self.things.push(Thing {
                origin: origin.clone(),
                kind: kind.into(),
                id: id.into(),
                value,
            });
        }
    }
}

/// A node of a list, with its settings in a member of their own.
fn of_details(mut item: Value) -> Found {
    let ty = item.get("nodeType").cloned();
    let id = item.get("_id").cloned();
    let details = item.as_object_mut().and_then(|item| item.remove(DETAILS));
    let mut body = match details {
        Some(Value::Object(details)) => details,
        _ => Map::new(),
    };
    if let Some(id) = id {
        body.entry("_id").or_insert(id);
    }
    if let Some(ty) = ty {
        let ty = Value::Object(Map::from_iter([("_id".to_owned(), ty)]));
        body.entry("_type").or_insert(ty);
    }
    Found {
        body: Value::Object(body),
        metadata: Some(item),
    }
}

//! Entities in files of their own, each with what it is beside it.
//!
//! In: `{metadata, data}` as Amster writes it, and as the product keeps its configuration in files. Out:
//! drafts.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    bundle::Form,
    read::{
        draft::{Draft, DraftTree, Origin, Record, Thing},
        raw,
    },
};

/// Where the metadata of an entity is kept.
pub(crate) const METADATA: &str = "$metadata";

/// Whether this is an entity with its metadata.
pub(super) fn is_entity(map: &Map<String, Value>) -> bool {
    let metadata = map.get("metadata");
    let typed = metadata.and_then(|metadata| metadata.get("entityType"));
    typed.is_some_and(Value::is_string) && map.get("data").is_some_and(Value::is_object)
}

/// An id without what configuration in files puts before it: `default/<id>`, and
/// `default/scriptConfigurations/<id>` for scripts.
fn short_id(id: &str) -> Arc<str> {
    let id = id.strip_prefix("default/").unwrap_or(id);
    let id = id.strip_prefix("scriptConfigurations/").unwrap_or(id);
    id.strip_prefix("globalScripts/").unwrap_or(id).into()
}

/// Takes in an entity.
pub(super) fn entity(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    let (Some(metadata), Some(Value::Object(data))) = (map.get("metadata"), map.get("data")) else {
        return;
    };
    let said = |key: &str| metadata.get(key).and_then(Value::as_str);
    let kind: Arc<str> = said("entityType").unwrap_or_default().into();
    let from_files = metadata.get("sunServiceID").is_some() || metadata.get("uid").is_some();
    let origin = Origin {
        file: origin.file.clone(),
        realm: said("realm").map(Arc::from),
    };
    let id = said("entityId").or_else(|| data.get("_id").and_then(Value::as_str));
    let id = id.unwrap_or_default();
    let short = short_id(id);
    let whole = map.len() == 2;
    if raw::is_tree(data) && whole {
        let mut meta = Map::new();
        meta.insert(METADATA.to_owned(), metadata.clone());
        draft.trees.push(DraftTree {
            origin,
            form: if from_files {
                Form::FileBased
            } else {
                Form::Amster
            },
            name: short,
            raw: data.clone(),
            sections: None,
            file_meta: None,
            meta,
        });
        return;
    }
    if data.contains_key("script")
        && (data.contains_key("language") || data.contains_key("context"))
    {
        let mut value = data.clone();
        value.insert(METADATA.to_owned(), metadata.clone());
        draft.things.push(Thing {
            origin,
            kind: "scripts".into(),
            id: short,
            value: Value::Object(value),
        });
        return;
    }
    // what the product keeps of a service besides its instances
    let service = from_files && !id.starts_with("default/");
    if whole && !service && !short.is_empty() {
        draft.records.push(Record {
            origin,
            id: short,
            body: Value::Object(data.clone()),
            metadata: Some(metadata.clone()),
        });
        return;
    }
    draft.things.push(Thing {
        origin,
        kind,
        id: id.into(),
        value: Value::Object(map),
    });
}

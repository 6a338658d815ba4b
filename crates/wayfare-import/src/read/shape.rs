//! What a JSON file is, by what stands in it.
//!
//! In: the value of a file, or one of a list in it. Out: what was found in it, in the draft.

use serde_json::{Map, Value};

use crate::{
    read::{
        FILES,
        draft::{Draft, Origin, Thing},
        entity, export, raw,
    },
    spelling::kind,
};

/// How many lists may stand in lists before nothing is looked for in them.
const NESTED: usize = 3;

/// Finds what is in the value of a file.
pub(super) fn place(draft: &mut Draft, origin: &Origin, value: Value) {
    if let Err(value) = find(draft, origin, value, NESTED) {
        if let Value::Object(map) = &value
            && raw::is_bare(map)
        {
            raw::bare(draft, origin, value);
        } else {
            draft.keep(origin, origin.file.clone(), value);
        }
    }
}

/// Finds what is in a value, or gives it back.
fn find(draft: &mut Draft, origin: &Origin, value: Value, nested: usize) -> Result<(), Value> {
    match value {
        Value::Object(map) => object(draft, origin, map, nested),
        Value::Array(items) if nested > 0 => list(draft, origin, items, nested),
        other => Err(other),
    }
}

fn list(draft: &mut Draft, origin: &Origin, items: Vec<Value>, nested: usize) -> Result<(), Value> {
    let mut unknown = Vec::new();
    let all = items.len();
    for item in items {
        match find(draft, origin, item, nested - 1) {
            Ok(()) => {}
            Err(Value::Object(map)) if nested == NESTED && raw::is_bare(&map) => {
                raw::bare(draft, origin, Value::Object(map));
            }
            Err(item) => unknown.push(item),
        }
    }
    if unknown.len() < all {
        for (place, value) in unknown.into_iter().enumerate() {
            let id = format!("{}#{place}", origin.file).into();
            draft.keep(origin, id, value);
        }
        return Ok(());
    }
    Err(Value::Array(unknown))
}

fn object(
    draft: &mut Draft,
    origin: &Origin,
    mut map: Map<String, Value>,
    nested: usize,
) -> Result<(), Value> {
    if export::is_config(&map) {
        export::config(draft, origin, map);
    } else if export::is_multi(&map) {
        export::multi(draft, origin, map);
    } else if export::is_single(&map) {
        export::single(draft, origin, map);
    } else if entity::is_entity(&map) {
        entity::entity(draft, origin, map);
    } else if raw::is_tree(&map) {
        raw::tree(draft, origin, map);
    } else if raw::is_script(&map) {
        raw::script(draft, origin, map);
    } else if raw::is_node_type(&map) {
        raw::node_type(draft, origin, map);
    } else if raw::is_record(&map) {
        raw::record(draft, origin, map);
    } else if map.get("result").is_some_and(Value::is_array) && nested > 0 {
        let items = map.remove("result").unwrap_or_default();
        let items = match items {
            Value::Array(items) => items,
            _ => Vec::new(),
        };
        if !items.is_empty() {
            return list(draft, origin, items, nested);
        }
        export::nothing(draft, origin);
    } else if is_sections(&map) {
        sections(draft, origin, map);
    } else if nested > 0
        && map
            .values()
            .any(|value| value.is_object() || value.is_array())
    {
        return members(draft, origin, map, nested);
    } else {
        return Err(Value::Object(map));
    }
    Ok(())
}

/// Members of an object of which nothing is known, each looked into.
fn members(
    draft: &mut Draft,
    origin: &Origin,
    map: Map<String, Value>,
    nested: usize,
) -> Result<(), Value> {
    let before = found(draft);
    let mut unknown = Map::new();
    for (key, value) in map {
        let kind = kind::kind(&key).filter(|_| is_section(&value));
        if let Some(kind) = kind {
            export::things(draft, origin, kind, value);
        } else if let Err(value) = find(draft, origin, value, nested - 1) {
            unknown.insert(key, value);
        }
    }
    if before == found(draft) {
        return Err(Value::Object(unknown));
    }
    keep_rest(draft, origin, unknown);
    Ok(())
}

/// How much was found.
fn found(draft: &Draft) -> (usize, usize, usize) {
    (draft.trees.len(), draft.records.len(), draft.things.len())
}

/// Keeps what is left of a file.
fn keep_rest(draft: &mut Draft, origin: &Origin, rest: Map<String, Value>) {
    if !rest.is_empty() {
        draft.things.push(Thing {
            origin: origin.clone(),
            kind: FILES.into(),
            id: origin.file.clone(),
            value: Value::Object(rest),
        });
    }
}

/// Whether a value has things by id, or in a list.
fn is_section(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().all(Value::is_object),
        Value::Array(items) => items.iter().all(Value::is_object),
        _ => false,
    }
}

/// Whether a file has sections of known kinds and nothing else: an export of scripts, or of themes.
fn is_sections(map: &Map<String, Value>) -> bool {
    let known = |key: &str, value: &Value| kind::kind(key).is_some() && is_section(value);
    map.iter().any(|(key, value)| known(key, value))
        && map
            .iter()
            .all(|(key, value)| key == "meta" || known(key, value))
}

fn sections(draft: &mut Draft, origin: &Origin, map: Map<String, Value>) {
    let mut rest = Map::new();
    for (section, value) in map {
        if let Some(kind) = kind::kind(&section) {
            export::things(draft, origin, kind, value);
        } else {
            rest.insert(section, value);
        }
    }
    keep_rest(draft, origin, rest);
}

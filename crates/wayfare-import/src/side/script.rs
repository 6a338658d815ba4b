//! Scripts as plain values, and back.
//!
//! In: a script as it came, or as it follows from its file. Out: what of it the file does not say: its name
//! where that is another, who made it and when, how it was spelled. The text itself stands in the file; only
//! where the file had to be another text than came in does that stand here, and it holds until the file is
//! edited.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::change::{self, Change};
use crate::{
    bundle::{Bundle, Script, Spelling},
    derive::{Derived, script_of_file},
    project::Names,
};

/// Before a text that is not that of the file.
const OTHER: &str = "text:";

/// The mark of a text: enough of its hash to tell that it was edited.
pub(super) fn mark(text: &[u8]) -> String {
    let mut made = String::from("sha256:");
    for byte in Sha256::digest(text).iter().take(16) {
        // INVARIANT: writing to a text never fails.
        let _ = write!(made, "{byte:02x}");
    }
    made
}

fn value(id: &str, script: &Script, text: &str) -> Json {
    let spelling = match &script.spelling {
        Spelling::Base64 => json!("base64"),
        Spelling::Plain => json!("plain"),
        Spelling::Quoted => json!("quoted"),
        Spelling::Lines => json!("lines"),
        Spelling::File(path) => json!({ "file": &**path }),
    };
    let mut record = script.record.clone();
    record.remove("_rev");
    match record.get("_id").and_then(Json::as_str) {
        Some(own) if own == id => drop(record.remove("_id")),
        Some(_) => {}
        None => drop(record.insert("_id".to_owned(), Json::Null)),
    }
    match record.get("name").and_then(Json::as_str) {
        Some(own) if own == &*script.name => drop(record.remove("name")),
        Some(_) => {}
        None => drop(record.insert("name".to_owned(), Json::Null)),
    }
    json!({
        "display": &*script.name,
        "spelling": spelling,
        "record": record,
        "text": text,
    })
}

fn to_script(id: &str, value: &Json, text: &Arc<str>) -> Script {
    let name: Arc<str> = Arc::from(
        value
            .get("display")
            .and_then(Json::as_str)
            .unwrap_or_default(),
    );
    let spelling = match value.get("spelling") {
        Some(Json::String(word)) if word == "plain" => Spelling::Plain,
        Some(Json::String(word)) if word == "quoted" => Spelling::Quoted,
        Some(Json::String(word)) if word == "lines" => Spelling::Lines,
        Some(Json::Object(map)) => match map.get("file").and_then(Json::as_str) {
            Some(path) => Spelling::File(Arc::from(path)),
            None => Spelling::Base64,
        },
        _ => Spelling::Base64,
    };
    let mut record = value
        .get("record")
        .and_then(Json::as_object)
        .cloned()
        .unwrap_or_default();
    let mut give = |key: &str, own: &str| match record.get(key) {
        Some(Json::Null) => drop(record.remove(key)),
        Some(_) => {}
        None => drop(record.insert(key.to_owned(), Json::from(own))),
    };
    give("_id", id);
    give("name", &name);
    let own = value.get("text").and_then(Json::as_str);
    let own = own.and_then(|text| text.strip_prefix(OTHER));
    Script {
        name,
        text: own.map_or_else(|| Arc::clone(text), Arc::from),
        record,
        spelling,
    }
}

/// What follows of a script from its file alone, by the path of the file.
fn bases<'f>(
    derived: &Derived,
    files: &'f BTreeMap<String, Vec<u8>>,
    paths: impl Iterator<Item = &'f String>,
) -> BTreeMap<String, (Arc<str>, Script)> {
    let mut found = BTreeMap::new();
    for (id, path) in &derived.names.scripts {
        if let Some(script) = derived.bundle.scripts.get(id) {
            found.insert(path.clone(), (Arc::clone(id), script.clone()));
        }
    }
    for path in paths {
        let text = files
            .get(path)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        if let (Some(text), false) = (text, found.contains_key(path)) {
            found.insert(path.clone(), script_of_file(path, text));
        }
    }
    found
}

/// The side of the scripts: what all have, and what each has.
pub(super) fn side(
    derived: &Derived,
    files: &BTreeMap<String, Vec<u8>>,
    bundle: &Bundle,
    names: &Names,
    absent: &BTreeMap<Arc<str>, String>,
) -> (Vec<Change>, Map<String, Json>) {
    let bases = bases(derived, files, names.scripts.values());
    let mut changes: BTreeMap<&String, (&Arc<str>, Json, Json)> = BTreeMap::new();
    let mut whole = Map::new();
    for (id, script) in &bundle.scripts {
        let base = names
            .scripts
            .get(id)
            .and_then(|path| Some((path, bases.get(path)?)));
        if let Some((path, (own, base))) = base.filter(|(path, _)| !changes.contains_key(path)) {
            let file = mark(base.text.as_bytes());
            let text = if script.text == base.text {
                file.clone()
            } else {
                format!("{OTHER}{}", script.text)
            };
            changes.insert(
                path,
                (id, value(own, base, &file), value(id, script, &text)),
            );
        } else {
            let text = format!("{OTHER}{}", script.text);
            whole.insert(id.to_string(), value(id, script, &text));
        }
    }
    let lists: Vec<Vec<Change>> = changes
        .values()
        .map(|(_, base, own)| change::differences(base, own))
        .collect();
    let all: Vec<&[Change]> = lists.iter().map(Vec::as_slice).collect();
    let common = change::common(&all);
    let mut made = Map::new();
    for (path, (id, mut base, own)) in changes {
        for change in &common {
            change.apply(&mut base);
        }
        let mut script = change::write(&change::differences(&base, &own));
        script.insert("id".to_owned(), Json::from(&**id));
        made.insert(path.clone(), one_or_many(script));
    }
    for (id, path) in absent {
        let text = files.get(path).map(|bytes| mark(bytes));
        made.insert(path.clone(), json!({ "id": &**id, "absent": text }));
    }
    if !whole.is_empty() {
        made.insert(String::new(), Json::Object(whole));
    }
    (common, made)
}

/// An object that has nothing but an id is that id.
pub(super) fn one_or_many(mut map: Map<String, Json>) -> Json {
    if map.len() == 1
        && let Some(id) = map.remove("id")
    {
        return id;
    }
    Json::Object(map)
}

/// The way back: the scripts, and which script a file is.
pub(super) fn restore(
    derived: &Derived,
    files: &BTreeMap<String, Vec<u8>>,
    common: &[Change],
    side: &Map<String, Json>,
) -> (BTreeMap<Arc<str>, Script>, BTreeMap<Arc<str>, String>) {
    let mut scripts = BTreeMap::new();
    let mut paths = BTreeMap::new();
    for (path, (own, base)) in bases(derived, files, side.keys()) {
        let said = side.get(&path);
        let id = match said {
            Some(Json::String(id)) => Arc::from(id.as_str()),
            Some(Json::Object(map)) => match map.get("id").and_then(Json::as_str) {
                Some(id) => Arc::from(id),
                None => own.clone(),
            },
            _ => own.clone(),
        };
        let file = mark(base.text.as_bytes());
        let absent = said.and_then(|said| said.get("absent")?.as_str());
        if absent == Some(&*file) {
            // It still only stands for a script that did not come along.
            paths.insert(id, path);
            continue;
        }
        let mut made = value(&own, &base, &file);
        let changes = said.and_then(Json::as_object);
        let changes = changes
            .map(|map| change::read(map, &["id", "absent"]))
            .unwrap_or_default();
        for change in common.iter().chain(&changes) {
            change.apply(&mut made);
        }
        scripts.insert(Arc::clone(&id), to_script(&id, &made, &base.text));
        paths.insert(id, path);
    }
    let whole = side.get("").and_then(Json::as_object);
    for (id, value) in whole.into_iter().flatten() {
        let empty: Arc<str> = Arc::from("");
        scripts
            .entry(Arc::from(id.as_str()))
            .or_insert_with(|| to_script(id, value, &empty));
    }
    (scripts, paths)
}

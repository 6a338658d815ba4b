//! Exports in which anything is of the wrong type, or missing, are read, and nothing of them is lost.

use serde_json::{Value, json};
use wayfare_import::{InputFile, ReadLimits, pack, read};

use crate::{exports, pack::real::again};

/// Where a value stands in another one.
#[derive(Debug, Clone)]
enum Step {
    Member(String),
    Item(usize),
}

/// Every place in a value, outer ones first.
fn places(value: &Value) -> Vec<Vec<Step>> {
    let mut places = Vec::new();
    let mut open = vec![(Vec::new(), value)];
    while let Some((path, value)) = open.pop() {
        let inner: Vec<(Step, &Value)> = match value {
            Value::Object(map) => map
                .iter()
                .map(|(key, value)| (Step::Member(key.clone()), value))
                .collect(),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(place, value)| (Step::Item(place), value))
                .collect(),
            _ => Vec::new(),
        };
        for (step, value) in inner {
            let mut path = path.clone();
            path.push(step);
            open.push((path, value));
        }
        places.push(path);
    }
    places
}

/// A value with another one, or none, at a place.
fn with(whole: &Value, path: &[Step], new: Option<&Value>) -> Value {
    let mut whole = whole.clone();
    let Some((last, outer)) = path.split_last() else {
        return new.cloned().unwrap_or_default();
    };
    let mut at = &mut whole;
    for step in outer {
        at = match step {
            Step::Member(key) => &mut at[key.as_str()],
            Step::Item(place) => &mut at[*place],
        };
    }
    match (last, new) {
        (Step::Member(key), Some(new)) => at[key.as_str()] = new.clone(),
        (Step::Item(place), Some(new)) => at[*place] = new.clone(),
        (Step::Member(key), None) => {
            at.as_object_mut().unwrap().remove(key);
        }
        (Step::Item(place), None) => {
            at.as_array_mut().unwrap().remove(*place);
        }
    }
    whole
}

/// Reads a value with the files beside it, packs it and reads it again; gives back the JSON of the file.
fn again_and_again(value: &Value, path: &str, beside: &[InputFile]) -> Option<Vec<Value>> {
    let mut files = vec![InputFile::new(path, value.to_string())];
    files.extend(beside.iter().cloned());
    let reading = read(&files, &ReadLimits::default());
    let mut values = Vec::new();
    for bundle in &reading.bundles {
        let Ok(packed) = pack(bundle, bundle.form) else {
            continue;
        };
        let packed = again(packed);
        values.extend(
            packed
                .iter()
                .filter_map(|file| serde_json::from_slice(&file.bytes).ok()),
        );
        let second = read(&packed, &ReadLimits::default());
        if second.bundles != std::slice::from_ref(bundle) {
            return None;
        }
    }
    Some(values)
}

fn wrong() -> Vec<Value> {
    vec![
        Value::Null,
        json!("x"),
        json!(["x", {}]),
        json!(7),
        json!({"x": 1}),
        json!([]),
        json!(true),
        json!({}),
    ]
}

/// Whether a file without this is none of its packaging: what is known in it is kept, in other files.
fn is_nothing(path: &[Step]) -> bool {
    match path {
        [] => true,
        [Step::Member(key)] => ["tree", "trees", "metadata"].contains(&key.as_str()),
        [Step::Member(outer), Step::Member(inner)] => outer == "metadata" && inner == "entityType",
        _ => false,
    }
}

fn every_mutant(folder: &str, file: &str) -> Vec<String> {
    let mut lost = Vec::new();
    let files = exports::files(folder);
    let (at, beside): (Vec<_>, Vec<_>) = files.into_iter().partition(|one| one.path == file);
    let value: Value = serde_json::from_slice(&at[0].bytes).unwrap();
    let wrong = wrong();
    for (number, path) in places(&value).into_iter().enumerate() {
        // every place once without, and once with one of the values that are wrong there
        for new in [None, Some(wrong[number % wrong.len()].clone())] {
            if is_nothing(&path) {
                continue;
            }
            let mutant = with(&value, &path, new.as_ref());
            let what = format!("{path:?} is {new:?}");
            match again_and_again(&mutant, file, &beside) {
                None => lost.push(format!("{what}: read as another one")),
                Some(values) if !values.contains(&mutant) => lost.push(what),
                Some(_) => {}
            }
        }
    }
    lost
}

#[test]
fn nothing_of_an_export_is_lost() {
    for (folder, file) in [
        ("frodo-single", "Sign In.journey.json"),
        ("frodo-old", "journeys.json"),
        ("treetool", "signin.json"),
        ("platform-single", "signin.json"),
    ] {
        assert_eq!(every_mutant(folder, file), Vec::<String>::new(), "{folder}");
    }
}

const ALPHA: &str = "realm/root-alpha";
const PAGE: &str = "00000000-0000-4000-8000-000000000a00";
const SCRIPT: &str = "00000000-0000-4000-8000-000000000c01";

#[test]
fn nothing_of_files_beside_each_other_is_lost() {
    let config =
        format!("{ALPHA}/authenticationtreesservice/1.0/organizationconfig/default/sign in.json");
    let page = format!("{ALPHA}/pagenode/1.0/organizationconfig/default/{PAGE}.json");
    let nodes = "realms/alpha/journeys/Sign In";
    for (folder, file) in [
        ("amster", "realms/root/AuthTree/Sign In.json"),
        ("amster", &format!("realms/root/PageNode/{PAGE}.json")),
        ("amster", &format!("realms/root/Scripts/{SCRIPT}.json")),
        ("file-based", config.as_str()),
        ("file-based", page.as_str()),
        ("config-manager", &format!("{nodes}/Sign In.json")),
        (
            "config-manager",
            &format!("{nodes}/nodes/Who are you%3F - {PAGE}.json"),
        ),
        (
            "config-manager",
            &format!("realms/alpha/scripts/scripts-config/{SCRIPT}.json"),
        ),
        ("rest", "Sign In.json"),
    ] {
        assert_eq!(
            every_mutant(folder, file),
            Vec::<String>::new(),
            "{folder} {file}"
        );
    }
}

//! Every callback as it is written here against what is known of the product's.
//!
//! The reference is no part of the repository. Where the variable `WAYFARE_REFERENCE` names the folder with
//! `am-callbacks.json`, each type is compared: its fields in order, their names and kinds, its inputs with
//! their ends, kinds and what stands in them.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde_json::Value as Json;
use wayfare::{Ask, Callback, engine::callback::Foreign};
use wayfare_wire::am::reply;

use crate::callbacks::{device_profile, every_kind};

const FOLDER: &str = "WAYFARE_REFERENCE";

/// What is written otherwise on purpose: type, field or end of an input, what about it, and why.
const DEVIATIONS: &[(&str, &str, &str, &str)] = &[(
    "TextInputCallback",
    "",
    "default",
    "the field stands filled in with its default text, as older versions of the product send it",
)];

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn reference() -> Option<Vec<Json>> {
    let path = PathBuf::from(std::env::var_os(FOLDER)?).join("am-callbacks.json");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key].as_str().unwrap_or_default()
}

/// The callbacks of a step as they are written.
fn written(callbacks: Vec<Callback>) -> Vec<Json> {
    let body = reply::step("a.b.c", &Ask::new(callbacks)).body;
    let step: Json = serde_json::from_slice(&body).expect("JSON");
    list(&step, "callbacks").to_vec()
}

/// What a node outside asks by a type that only it knows: as the reference has it.
fn foreign(of: &str, shape: &Json) -> Json {
    let named = |entry: &Json, key: &str, value: &str| -> (Arc<str>, Json) {
        (text(entry, key).into(), entry[value].clone())
    };
    let callback = Callback::Foreign(Box::new(Foreign {
        kind: of.into(),
        output: list(shape, "output")
            .iter()
            .map(|entry| named(entry, "name", "example"))
            .collect(),
        input: list(shape, "input")
            .iter()
            .map(|entry| named(entry, "suffix", "default"))
            .collect(),
    }));
    written(vec![callback]).remove(0)
}

fn is_of(kind: &str, value: &Json) -> bool {
    let all = |fits: fn(&Json) -> bool| value.as_array().is_some_and(|list| list.iter().all(fits));
    let json_text = |value: &Json| {
        let text = value.as_str().unwrap_or_default();
        serde_json::from_str::<Json>(text).is_ok_and(|json| json.is_object())
    };
    match kind {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number|null" => value.is_number() || value.is_null(),
        "object" => value.is_object(),
        "array<string>" => all(Json::is_string),
        "array<object>" => all(Json::is_object),
        "array<json-string>" => all(json_text),
        other => panic!("a kind `{other}`"),
    }
}

/// What differs, as type, field and what about it.
type Differences = BTreeSet<(String, String, String)>;

/// Compares the fields of one callback.
fn compare(of: &str, shape: &Json, sent: &Json, differences: &mut Differences) {
    let mut differs = |field: &str, what: &str| {
        differences.insert((of.to_owned(), field.to_owned(), what.to_owned()));
    };
    let mut fields = list(sent, "output").iter().peekable();
    for expected in list(shape, "output") {
        let name = text(expected, "name");
        match fields.next_if(|field| text(field, "name") == name) {
            Some(field) if !is_of(text(expected, "type"), &field["value"]) => differs(name, "kind"),
            Some(_) => {}
            None if expected["optional"] == true => {}
            None => differs(name, "missing or elsewhere"),
        }
    }
    for field in fields {
        differs(text(field, "name"), "more or elsewhere");
    }
    let inputs = list(sent, "input");
    let expected = list(shape, "input");
    if inputs.len() != expected.len() || expected.is_empty() != sent["input"].is_null() {
        differs("", "inputs");
    }
    for (input, expected) in inputs.iter().zip(expected) {
        let end = text(expected, "suffix");
        let name = text(input, "name").trim_start_matches("IDToken");
        if name.trim_start_matches(|c: char| c.is_ascii_digit()) != end {
            differs(end, "name");
        }
        let value = &input["value"];
        if !is_of(text(expected, "type"), value) {
            differs(end, "input kind");
        }
        if *value != default_of(expected, sent) {
            differs(end, "default");
        }
    }
}

/// What stands in an input: what the reference says, or the field it says it is taken from.
fn default_of(expected: &Json, sent: &Json) -> Json {
    let from = text(expected, "defaultFrom");
    list(sent, "output")
        .iter()
        .find(|field| from.split(' ').any(|word| word == text(field, "name")))
        .map_or_else(
            || expected["default"].clone(),
            |field| field["value"].clone(),
        )
}

#[test]
fn every_callback_is_written_as_the_product_writes_it() {
    let Some(reference) = reference() else {
        println!("skipped: {FOLDER} does not name the folder of the reference");
        return;
    };
    let mut own = every_kind().callbacks;
    // This one is of no kind of ours.
    own.retain(|callback| !matches!(callback, Callback::Foreign(_)));
    own.push(device_profile());
    let own = written(own);
    let mut differences = Differences::new();
    let mut kinds = BTreeSet::new();
    let mut compared = 0;
    for shape in &reference {
        let of = text(shape, "type");
        if list(shape, "output").is_empty() && list(shape, "input").is_empty() {
            // It is never written.
            assert!(own.iter().all(|sent| text(sent, "type") != of), "{of}");
            continue;
        }
        compared += 1;
        let sent: Vec<Json> = own
            .iter()
            .filter(|sent| text(sent, "type") == of)
            .cloned()
            .collect();
        if let Some(sent) = sent.first() {
            kinds.insert(of.to_owned());
            compare(of, shape, sent, &mut differences);
        } else {
            compare(of, shape, &foreign(of, shape), &mut differences);
            for variant in list(shape, "variants") {
                compare(of, variant, &foreign(of, variant), &mut differences);
            }
        }
    }
    let unknown: Vec<_> = own
        .iter()
        .map(|sent| text(sent, "type"))
        .filter(|of| !kinds.contains(*of))
        .collect();
    assert!(unknown.is_empty(), "not in the reference: {unknown:?}");
    println!(
        "{compared} types compared, {} of them kinds of the engine",
        kinds.len()
    );
    let expected: Differences = DEVIATIONS
        .iter()
        .map(|(of, field, what, _)| ((*of).to_owned(), (*field).to_owned(), (*what).to_owned()))
        .collect();
    let more: Vec<_> = differences.difference(&expected).collect();
    let fewer: Vec<_> = expected.difference(&differences).collect();
    assert!(
        more.is_empty() && fewer.is_empty(),
        "not listed: {more:#?}\nlisted only: {fewer:#?}"
    );
}

//! The table against what was read of the product and recorded of its exports.
//!
//! The reference is no part of the repository. Where the variable `WAYFARE_REFERENCE` names the folder
//! with `am-nodes.json` and `node-types-recorded.json`, every key, type, default, word and outcome is
//! compared, when which outcome is there, the callbacks, the keys that are read and written, and what can
//! fail. What differs on purpose stands in `deviations.rs`, with the reason.

mod deviations;
mod prose;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use serde_json::Value as Json;
use wayfare::{
    Catalog, Setting, Signature,
    catalogue::standard,
    model::{
        signature::{Condition, Known, Outcomes, Preset, StateKey},
        value::{Type, Value},
    },
};

use self::deviations::DEVIATIONS;
use super::{OURS, document::errors_of};

const FOLDER: &str = "WAYFARE_REFERENCE";

#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn read(file: &str) -> Option<Json> {
    let folder = PathBuf::from(std::env::var_os(FOLDER)?);
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn texts(json: &Json) -> Vec<String> {
    let list = json.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .filter_map(Json::as_str)
        .map(str::to_owned)
        .collect()
}

fn type_fits(setting: &Setting, vendor: &str) -> bool {
    match &setting.ty {
        Type::Bool => vendor == "boolean",
        Type::Int | Type::Duration => vendor == "integer",
        Type::Text | Type::Secret => vendor == "string",
        Type::LocalizedText => vendor == "map<string,string>",
        Type::List(of) => vendor == "array<string>" && **of == Type::Text,
        Type::Map(of) => vendor == "map<string,string>" && matches!(**of, Type::Text | Type::Any),
        Type::Decimal | Type::Size | Type::Any => false,
    }
}

/// The default as the vendor's JSON has it.
fn default_of(setting: &Setting) -> Json {
    match &setting.default {
        Preset::None => Json::Null,
        Preset::Bool(value) => Json::from(*value),
        Preset::Int(number) if setting.ty == Type::Size => Json::from(number.to_string()),
        Preset::Int(number) => Json::from(*number),
        Preset::Text(text) => Json::from(&**text),
        Preset::Texts(list) => list.iter().map(|text| Json::from(&**text)).collect(),
        Preset::EmptyList => Json::Array(Vec::new()),
        Preset::EmptyMap => Json::Object(serde_json::Map::new()),
        Preset::Value(Value::Map(map)) => map
            .iter()
            .map(|(key, value)| (key.to_string(), Json::from(value.as_text())))
            .collect(),
        Preset::Value(Value::Localized(text)) => text
            .iter()
            .map(|(locale, text)| (locale.to_owned(), Json::from(text)))
            .collect(),
        Preset::Value(other) => panic!("{}: no default is {other:?}", setting.key),
    }
}

/// What differs, as type, what it is about (a setting, a key of the state), and what about it.
type Differences = BTreeSet<(String, String, String)>;

fn compare_settings(signature: &Signature, config: &[Json], differences: &mut Differences) {
    let mut differs = |key: &str, what: &str| {
        differences.insert((signature.wire.to_string(), key.to_owned(), what.to_owned()));
    };
    let mut keys = BTreeSet::new();
    for vendor in config {
        let key = vendor["key"].as_str().expect("a key");
        keys.insert(key);
        let Some(setting) = signature.setting(key) else {
            differs(key, "missing");
            continue;
        };
        if !type_fits(setting, vendor["type"].as_str().expect("a type")) {
            differs(key, "type");
        }
        if default_of(setting) != vendor["default"] {
            differs(key, "default");
        }
        let allowed: Vec<_> = setting.allowed.iter().map(ToString::to_string).collect();
        // The words of this one are what a single server happened to have.
        let listed = key != "policySet" && key != "certificateIdentityStore";
        if listed && allowed != texts(&vendor["enum"]) {
            differs(key, "words");
        }
        let required = vendor["schema_required"] == true && vendor["default"].is_null();
        if setting.required != required {
            differs(key, "required");
        }
        if vendor["format"] == "password" && setting.ty != Type::Secret {
            differs(key, "secrecy");
        }
    }
    for setting in signature
        .settings
        .iter()
        .filter(|setting| !keys.contains(&*setting.key))
    {
        differs(&setting.key, "recorded");
    }
}

/// The outcomes of the table, without those that settings or authors make.
fn outcomes(signature: &Signature) -> Vec<String> {
    match &signature.outcomes {
        Outcomes::Fixed(names) | Outcomes::Authored { besides: names, .. } => {
            names.iter().map(ToString::to_string).collect()
        }
        Outcomes::Bounded(bounded) => bounded
            .iter()
            .flat_map(|outcome| match &outcome.when {
                Condition::EachOf(key) => match signature.setting(key).map(|s| &s.default) {
                    Some(Preset::Texts(list)) => list.iter().map(ToString::to_string).collect(),
                    _ => Vec::new(),
                },
                _ => vec![outcome.name.to_string()],
            })
            .collect(),
        Outcomes::LastChild => Vec::new(),
    }
}

fn compare_outcomes(signature: &Signature, vendor: &Json, differences: &mut Differences) {
    let ids: Vec<_> = vendor["ids"]
        .as_array()
        .expect("ids")
        .iter()
        .filter_map(|outcome| outcome["id"].as_str())
        // Names in angle brackets are titles: the ids are not published.
        .filter(|id| !id.starts_with('<'))
        .map(str::to_owned)
        .collect();
    if outcomes(signature) != ids {
        let entry = (
            signature.wire.to_string(),
            format!("{ids:?}"),
            "outcomes".to_owned(),
        );
        differences.insert(entry);
    }
}

/// Keys of the state: `-shared.x` is one that the product alone has, `+shared.x` one of the table alone.
fn compare_state(
    wire: &str,
    what: &str,
    lines: &[StateKey],
    vendor: &Json,
    differences: &mut Differences,
) -> usize {
    let (named, remarks) = prose::keys(&texts(vendor));
    let mut differs = |item: String| {
        differences.insert((wire.to_owned(), item, what.to_owned()));
    };
    for named in &named {
        if !lines.iter().any(|line| named.is(line)) {
            differs(format!("-{}", named.path()));
        }
    }
    for line in lines {
        if !named.iter().any(|named| named.is(line)) {
            differs(format!("+{}", prose::path(line)));
        }
    }
    remarks
}

fn compare_callbacks(
    signature: &Signature,
    catalog: &Catalog,
    vendor: &Json,
    differences: &mut Differences,
) {
    let of_type = |wire: &str| {
        let signature = catalog.get(catalog.find_wire(wire)?)?;
        Some(
            signature
                .callbacks
                .iter()
                .map(ToString::to_string)
                .collect(),
        )
    };
    let sent = prose::callbacks(&texts(vendor), of_type);
    if *signature.callbacks != sent {
        let entry = (
            signature.wire.to_string(),
            String::new(),
            "callbacks".to_owned(),
        );
        differences.insert(entry);
    }
}

/// What is one word about the whole type.
fn compare_type(signature: &Signature, node: &Json, differences: &mut Differences) {
    let mut differs = |item: String, what: &str| {
        differences.insert((signature.wire.to_string(), item, what.to_owned()));
    };
    let rule = prose::rule(
        node["outcomes"]["rule"].as_str().unwrap_or_default(),
        signature,
    );
    if rule != prose::conditions(signature) {
        differs(format!("{rule:?}"), "conditions");
    }
    let versions: Vec<_> = signature
        .versions
        .iter()
        .map(|version| format!("{version}.0"))
        .collect();
    if versions != texts(&node["versions"]) {
        differs(format!("{versions:?}"), "versions");
    }
    if signature.summary.contains("deprecated") != (node["deprecated"] == true) {
        differs(String::new(), "deprecated");
    }
    let in_pages = node["page_child"]["instances_seen_in_pages"].as_u64();
    if in_pages > Some(0) && !signature.page_child {
        differs(String::new(), "page");
    }
    // What the product throws is here a run that takes `on error`, so the type must be able to.
    let needs = signature.reads.iter().any(|line| line.always);
    let may_fail =
        needs || signature.calls_out != Known::Is(false) || !errors_of(&signature.name).is_empty();
    if !texts(&node["errors"]).is_empty() && !may_fail {
        differs(String::new(), "fails");
    }
}

/// What is found, without what is listed; and what is listed and not found.
fn settle(mut differences: Differences) -> (Differences, Vec<String>) {
    let mut idle = Vec::new();
    for (reason, lines) in DEVIATIONS {
        assert!(!reason.is_empty(), "a deviation without a reason");
        for (wire, item, what) in *lines {
            let before = differences.len();
            differences.retain(|(type_of, about, how)| {
                let of_type = *wire == "*" || wire == type_of;
                !(of_type && item == about && what == how)
            });
            if differences.len() == before {
                idle.push(format!("{wire} {item} {what}: {reason}"));
            }
        }
    }
    (differences, idle)
}

#[test]
fn the_table_says_what_the_product_says() {
    let Some(reference) = read("am-nodes.json") else {
        println!("skipped: {FOLDER} does not name the folder of the reference");
        return;
    };
    let catalog = standard();
    let nodes = reference["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len() + OURS.len(), catalog.iter().count());
    let mut differences = Differences::new();
    let mut remarks = 0;
    for node in nodes {
        let wire = node["type"].as_str().expect("a type");
        let id = catalog
            .find_wire(wire)
            .unwrap_or_else(|| panic!("{wire} is missing"));
        let signature: &Arc<Signature> = catalog.get(id).expect("an id of this catalogue");
        compare_settings(
            signature,
            node["config"].as_array().expect("config"),
            &mut differences,
        );
        compare_outcomes(signature, &node["outcomes"], &mut differences);
        compare_type(signature, node, &mut differences);
        compare_callbacks(
            signature,
            &catalog,
            &node["callbacks_sent"],
            &mut differences,
        );
        for (what, lines, vendor) in [
            ("reads", &signature.reads, &node["state_reads"]),
            ("writes", &signature.writes, &node["state_writes"]),
        ] {
            remarks += compare_state(wire, what, lines, vendor, &mut differences);
        }
    }
    println!(
        "{} types compared; {} differences, {remarks} remarks that name no key",
        nodes.len(),
        differences.len()
    );
    let (more, fewer) = settle(differences);
    assert!(
        more.is_empty() && fewer.is_empty(),
        "not listed: {more:#?}\nlisted only: {fewer:#?}"
    );
}

#[test]
fn a_deviation_is_of_a_type_that_is_there() {
    let catalog = standard();
    for (wire, item, what) in DEVIATIONS.iter().flat_map(|(_, lines)| *lines) {
        let known = *wire == "*" || catalog.find_wire(wire).is_some();
        assert!(known, "{wire} {item} {what}");
    }
}

#[test]
fn the_table_holds_what_servers_recorded() {
    let Some(recorded) = read("node-types-recorded.json") else {
        println!("skipped: {FOLDER} does not name the folder of the reference");
        return;
    };
    let catalog = standard();
    let mut compared = 0;
    for (wire, node) in recorded.as_object().expect("an object") {
        let Some(id) = catalog.find_wire(wire) else {
            assert!(wire.starts_with("designer-"), "{wire} is missing");
            continue;
        };
        compared += 1;
        let signature = catalog.get(id).expect("an id of this catalogue");
        for key in node["fields"].as_object().expect("fields").keys() {
            let known = signature.setting(key).is_some() || (wire == "PageNode" && key == "nodes");
            assert!(known, "{wire}: the recorded key `{key}` is missing");
        }
        let own = outcomes(signature);
        for seen in node["outcomes"].as_array().expect("outcomes") {
            let seen = texts(seen);
            match &signature.outcomes {
                Outcomes::Fixed(_) => assert_eq!(seen, own, "{wire}"),
                Outcomes::Bounded(_) => {
                    let known = seen.iter().all(|outcome| own.contains(outcome));
                    assert!(known, "{wire}: {seen:?} is not among {own:?}");
                }
                Outcomes::LastChild | Outcomes::Authored { .. } => {}
            }
        }
    }
    println!("{compared} recorded types compared");
    assert!(compared > 50);
}

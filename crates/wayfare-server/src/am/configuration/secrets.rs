//! Secrets in the settings of nodes: taken in by nobody, given out to nobody.
//!
//! A setting whose type is a secret is told as `null`. What was sent for it is not kept: a secret of a
//! journey is a parameter of the configuration, bound by name, in no file and in no database.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use wayfare::Type;
use wayfare_import::names_secret;
use wayfare_wire::am::configuration::Body;

use super::types::NodeType;
use crate::programs::written::SECRETS;

/// The settings among these that are secrets: of a type that nobody describes, those whose names say so.
fn keys<'b>(ty: &NodeType<'_>, named: impl Iterator<Item = &'b String>) -> BTreeSet<String> {
    match ty.settings() {
        Some(settings) => settings
            .iter()
            .filter(|setting| setting.ty == Type::Secret)
            .map(|setting| setting.key.to_string())
            .collect(),
        None => named.filter(|name| is_secret(name)).cloned().collect(),
    }
}

/// Whether a name says that it is a secret's.
fn is_secret(name: &str) -> bool {
    names_secret(name) || name.to_ascii_lowercase().ends_with("-encrypted")
}

/// Whether a value only names a variable.
fn is_reference(value: &Json) -> bool {
    let name = value
        .as_str()
        .and_then(|text| text.strip_prefix("&{")?.strip_suffix('}'));
    // Anything else that stands in braces might be the secret, or its default.
    name.is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
    })
}

/// Whether a value could be a secret: neither `true` nor a number is one.
fn can_be_secret(value: &Json) -> bool {
    !matches!(value, Json::Null | Json::Bool(_) | Json::Number(_)) && !is_reference(value)
}

/// Takes secrets out that lie deeper, by their names.
// BOUND: what is read nests 64 deep.
fn clean(value: &mut Json) {
    match value {
        Json::Object(map) => {
            map.retain(|name, value| !(is_secret(name) && can_be_secret(value)));
            map.values_mut().for_each(clean);
        }
        Json::Array(list) => list.iter_mut().for_each(clean),
        _ => {}
    }
}

/// Takes the secrets out of what is told; of one that was given it is told that there is one.
pub(super) fn hide(ty: &NodeType<'_>, body: &mut Body) {
    let given = given(body);
    body.remove(SECRETS);
    let is_described = ty.settings().is_some();
    let keys = keys(ty, body.keys().chain(&given));
    for key in keys {
        let is_open = match body.get(&key) {
            Some(value) if is_described => is_reference(value),
            Some(value) => !can_be_secret(value),
            None => false,
        };
        if !is_open && (body.contains_key(&key) || given.contains(&key)) {
            body.insert(key, Json::Null);
        }
    }
    if !is_described {
        body.values_mut().for_each(clean);
    }
}

/// Takes the secrets out of what is to be kept; that there was one is kept. Who sends back the `null` that was
/// told leaves it as it is.
pub(super) fn forget(
    ty: &NodeType<'_>,
    body: &mut Body,
    nulls: &BTreeSet<String>,
    old: Option<&Body>,
) {
    let before = old.map(given).unwrap_or_default();
    let is_described = ty.settings().is_some();
    let mut given = Vec::new();
    for key in keys(ty, body.keys().chain(nulls)) {
        let sent = match body.get(&key) {
            Some(value) if is_reference(value) => continue,
            Some(value) if !is_described && !can_be_secret(value) => continue,
            Some(Json::String(text)) => !text.is_empty(),
            Some(_) => true,
            None => nulls.contains(&key) && before.contains(&key),
        };
        body.remove(&key);
        if sent {
            given.push(Json::from(key));
        }
    }
    if !is_described {
        body.values_mut().for_each(clean);
    }
    body.remove(SECRETS);
    if !given.is_empty() {
        body.insert(SECRETS.to_owned(), Json::Array(given));
    }
}

/// The settings of a node that is kept for which a secret was sent.
fn given(body: &Body) -> BTreeSet<String> {
    let listed = body.get(SECRETS).and_then(Json::as_array);
    let listed = listed.into_iter().flatten();
    listed.filter_map(Json::as_str).map(str::to_owned).collect()
}

//! Secrets in the settings of nodes: taken in by nobody, given out to nobody.
//!
//! A setting whose type is a secret is told as `null`. What was sent for it is not kept: a secret of a
//! journey is a parameter of the configuration, bound by name, in no file and in no database.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use wayfare::Type;
use wayfare_wire::am::configuration::Body;

use super::types::NodeType;
use crate::programs::written::SECRETS;

/// The settings of a type that are secrets.
fn keys(ty: &NodeType<'_>) -> Vec<String> {
    let settings = ty.settings().unwrap_or_default();
    settings
        .iter()
        .filter(|setting| setting.ty == Type::Secret)
        .map(|setting| setting.key.to_string())
        .collect()
}

/// Whether a value only names a variable.
fn is_reference(value: &Json) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.starts_with("&{") && text.ends_with('}'))
}

/// Takes the secrets out of what is told; of one that was given it is told that there is one.
pub(super) fn hide(ty: &NodeType<'_>, body: &mut Body) {
    let given = given(body);
    body.remove(SECRETS);
    for key in keys(ty) {
        let is_open = body.get(&key).is_some_and(is_reference);
        if !is_open && (body.contains_key(&key) || given.contains(&key)) {
            body.insert(key, Json::Null);
        }
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
    let mut given = Vec::new();
    for key in keys(ty) {
        let sent = match body.get(&key) {
            Some(value) if is_reference(value) => continue,
            Some(Json::String(text)) => !text.is_empty(),
            Some(_) => true,
            None => nulls.contains(&key) && before.contains(&key),
        };
        body.remove(&key);
        if sent {
            given.push(Json::from(key));
        }
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

//! Values of the engine as JSON for scripts, and back.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Number, Value as Json};
use wayfare::{Decimal, Secret, Value};

/// How deep values may nest.
const DEPTH_MAX: u32 = 32;

/// A value as a script sees it: secrets as their texts, which are noted.
pub(super) fn to_json(value: &Value, secrets: &mut Vec<Secret<String>>) -> Json {
    json(value, secrets, DEPTH_MAX)
}

/// BOUND: as deep as `depth`; what lies deeper is null.
fn json(value: &Value, secrets: &mut Vec<Secret<String>>, depth: u32) -> Json {
    match value {
        Value::Secret(text) => {
            secrets.push(text.clone());
            Json::String(text.reveal().clone())
        }
        Value::List(list) if depth > 0 => list
            .iter()
            .map(|item| json(item, secrets, depth - 1))
            .collect(),
        Value::Map(map) if depth > 0 => Json::Object(
            map.iter()
                .map(|(key, item)| (key.to_string(), json(item, secrets, depth - 1)))
                .collect(),
        ),
        Value::List(_) | Value::Map(_) => Json::Null,
        other => other.to_json(),
    }
}

/// A value that a script gives; nothing where it nests too deep or has a number that is none here.
pub(super) fn from_json(value: &Json) -> Option<Value> {
    value_of(value, DEPTH_MAX)
}

/// BOUND: as deep as `depth`.
fn value_of(value: &Json, depth: u32) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(yes) => Value::Bool(*yes),
        Json::Number(number) => number_of(number)?,
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(list) => {
            let depth = depth.checked_sub(1)?;
            let items: Option<Vec<Value>> = list.iter().map(|item| value_of(item, depth)).collect();
            Value::List(items?.into())
        }
        Json::Object(map) => {
            let depth = depth.checked_sub(1)?;
            let mut members = BTreeMap::new();
            for (key, item) in map {
                members.insert(Arc::from(key.as_str()), value_of(item, depth)?);
            }
            Value::Map(Arc::new(members))
        }
    })
}

/// A number as the engine has them: whole, or with up to nine digits behind the point.
pub(super) fn number_of(number: &Number) -> Option<Value> {
    if let Some(whole) = number.as_i64() {
        return Some(Value::Int(whole));
    }
    let number = number.as_f64()?;
    // Whole numbers of scripts may be written with a point.
    if number.fract() == 0.0 {
        return format!("{number:.0}").parse().ok().map(Value::Int);
    }
    Decimal::parse(&format!("{number:.9}")).map(Value::Decimal)
}

/// A text member of an object; empty where it has none.
pub(super) fn text_of(map: &Map<String, Json>, key: &str) -> String {
    match map.get(key) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(yes)) => yes.to_string(),
        _ => String::new(),
    }
}

/// The texts of a list member.
pub(super) fn texts_of(map: &Map<String, Json>, key: &str) -> Vec<String> {
    let list = map.get(key).and_then(Json::as_array);
    let list = list.map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|item| match item {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect()
}

/// Whether a member is true.
pub(super) fn flag_of(map: &Map<String, Json>, key: &str) -> bool {
    map.get(key).and_then(Json::as_bool).unwrap_or(false)
}

/// Whether two values are the same to a script: it knows one kind of numbers.
///
/// Both came through parsers that bound how deep they nest.
pub(super) fn same(left: &Json, right: &Json) -> bool {
    match (left, right) {
        (Json::Number(left), Json::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Json::Array(left), Json::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Json::Object(left), Json::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        (left, right) => left == right,
    }
}

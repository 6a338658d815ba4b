//! Values as JSON for handlers, and back.
//!
//! Spans of time are milliseconds and sizes are bytes, as in the rest of the wires; the type that a
//! signature declares says what a number is. What a handler may not see was taken out before.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Number, Value as Json};
use wayfare::{Decimal, Value};

/// How deep lists and maps are followed.
const DEPTH_MAX: u32 = 16;

/// Whether a value is a secret or has one in it; also one that is too deep to be looked through.
pub(super) fn holds_secret(value: &Value) -> bool {
    within(value, DEPTH_MAX)
}

fn within(value: &Value, depth: u32) -> bool {
    let Some(below) = depth.checked_sub(1) else {
        return true;
    };
    match value {
        Value::Secret(_) | Value::SecretParameter(_) => true,
        Value::List(list) => list.iter().any(|item| within(item, below)),
        Value::Map(map) => map.values().any(|item| within(item, below)),
        _ => false,
    }
}

/// The value, secrets as texts.
pub(super) fn json(value: &Value) -> Json {
    json_within(value, DEPTH_MAX)
}

fn json_within(value: &Value, depth: u32) -> Json {
    let Some(below) = depth.checked_sub(1) else {
        return Json::Null;
    };
    match value {
        Value::Secret(secret) => Json::from(secret.reveal().as_str()),
        Value::Localized(text) => text
            .iter()
            .map(|(locale, text)| (locale.to_owned(), Json::from(text)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Decimal(number) => number
            .to_string()
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map_or(Json::Null, Json::Number),
        Value::List(list) => list.iter().map(|item| json_within(item, below)).collect(),
        Value::Map(map) => map
            .iter()
            .map(|(key, item)| (key.to_string(), json_within(item, below)))
            .collect::<Map<_, _>>()
            .into(),
        plain => plain.to_json(),
    }
}

/// A JSON value as one of the engine's; `None` where there is none for it.
pub(super) fn value(json: &Json) -> Option<Value> {
    value_within(json, DEPTH_MAX)
}

fn value_within(json: &Json, depth: u32) -> Option<Value> {
    let below = depth.checked_sub(1)?;
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => number
            .as_i64()
            .map(Value::Int)
            .or_else(|| Decimal::parse(&number.to_string()).map(Value::Decimal)),
        Json::String(text) => Some(Value::text(&**text)),
        Json::Array(list) => {
            let values: Option<Vec<_>> =
                list.iter().map(|item| value_within(item, below)).collect();
            values.map(|values| Value::List(Arc::from(values)))
        }
        Json::Object(map) => {
            let values: Option<BTreeMap<_, _>> = map
                .iter()
                .map(|(key, item)| Some((Arc::from(&**key), value_within(item, below)?)))
                .collect();
            values.map(|values| Value::Map(Arc::new(values)))
        }
    }
}

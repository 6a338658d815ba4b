//! Values of an export as values of the language.
//!
//! In: JSON and what a setting admits. Out: a value, and how it is written. Where a value stands, and what a
//! name in it means, is not looked at here.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;
use wayfare::{Decimal, Type, Value};

use super::text;
use crate::derive::LOCALE;

/// How deep a value is looked into; readers hold the same.
const DEPTH_MAX: usize = 64;

/// The value that a JSON value stands for where this type is expected, as lenient as the product is: a
/// number or truth value may stand in quotes, and a single value in a list of one.
pub(super) fn read(json: &Json, ty: &Type) -> Option<Value> {
    read_within(json, ty, DEPTH_MAX)
}

// BOUND: as deep as `depth`.
fn read_within(json: &Json, ty: &Type, depth: usize) -> Option<Value> {
    let below = depth.checked_sub(1)?;
    match (ty, json) {
        (Type::List(of), Json::Array(list)) => {
            let list = list.iter().map(|item| read_within(item, of, below));
            Some(Value::List(list.collect::<Option<Vec<Value>>>()?.into()))
        }
        (Type::Map(of), Json::Object(map)) => {
            let map = map
                .iter()
                .map(|(key, item)| Some((Arc::from(key.as_str()), read_within(item, of, below)?)));
            Some(Value::Map(Arc::new(
                map.collect::<Option<BTreeMap<_, _>>>()?,
            )))
        }
        (Type::LocalizedText, Json::Object(map)) => {
            // A language without a text is as good as not there.
            let texts = map.iter().filter(|(_, item)| !item.is_null());
            let texts = texts.map(|(key, item)| Some((key.as_str(), item.as_str()?)));
            let texts: Vec<(&str, &str)> = texts.collect::<Option<_>>()?;
            if let [(LOCALE, text)] = texts.as_slice()
                && !text.is_empty()
            {
                return Some(Value::text(*text));
            }
            let texts = texts
                .into_iter()
                .map(|(key, text)| (Arc::from(key), Value::text(text)));
            Some(Value::Map(Arc::new(texts.collect())))
        }
        (Type::Any, _) => any(json, below),
        (Type::List(_) | Type::Map(_), _) => None,
        (_, Json::Array(list)) => match list.as_slice() {
            [one] => read_within(one, ty, below),
            _ => None,
        },
        (Type::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
        (Type::Bool, Json::String(text)) => text.parse().ok().map(Value::Bool),
        (Type::Int | Type::Duration | Type::Size, Json::Number(_)) => whole(json).map(Value::Int),
        (Type::Int | Type::Duration | Type::Size, Json::String(text)) => {
            text.trim().parse().ok().map(Value::Int)
        }
        (Type::Decimal, Json::Number(number)) => decimal(&number.to_string()).map(Value::Decimal),
        (Type::Decimal, Json::String(text)) => decimal(text.trim()).map(Value::Decimal),
        (Type::Text | Type::LocalizedText, Json::String(text)) => Some(Value::text(text.as_str())),
        (Type::Text | Type::LocalizedText, Json::Number(number)) => {
            Some(Value::text(number.to_string()))
        }
        (Type::Text | Type::LocalizedText, Json::Bool(value)) => {
            Some(Value::text(value.to_string()))
        }
        _ => None,
    }
}

/// Any value, as it is.
fn any(json: &Json, depth: usize) -> Option<Value> {
    let below = depth.checked_sub(1)?;
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match whole(json) {
            Some(number) => Value::Int(number),
            None => Value::Decimal(decimal(&number.to_string())?),
        },
        Json::String(text) => Value::text(text.as_str()),
        Json::Array(list) => {
            let list = list.iter().map(|item| any(item, below));
            Value::List(list.collect::<Option<Vec<Value>>>()?.into())
        }
        Json::Object(map) => {
            let map = map
                .iter()
                .map(|(key, item)| Some((Arc::from(key.as_str()), any(item, below)?)));
            Value::Map(Arc::new(map.collect::<Option<BTreeMap<_, _>>>()?))
        }
    })
}

fn whole(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| {
        let text = json.as_number()?.to_string();
        let (whole, part) = text.split_once('.')?;
        part.bytes()
            .all(|b| b == b'0')
            .then(|| whole.parse().ok())?
    })
}

fn decimal(text: &str) -> Option<Decimal> {
    Decimal::parse(text)
}

/// A value as it is written, for a setting that admitted it.
pub(super) fn written(value: &Value) -> Option<String> {
    written_within(value, DEPTH_MAX)
}

// BOUND: as deep as `depth`.
fn written_within(value: &Value, depth: usize) -> Option<String> {
    let below = depth.checked_sub(1)?;
    Some(match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Text(of) => text::value(of),
        Value::Localized(of) => {
            let entries: Vec<(&str, &str)> = of.iter().collect();
            match entries.as_slice() {
                [("", plain)] => text::value(plain),
                entries => braces(
                    entries
                        .iter()
                        .map(|(locale, of)| format!("{} = {}", text::key(locale), text::value(of))),
                ),
            }
        }
        Value::Duration(time) => text::duration(time.as_millis()),
        Value::Size(bytes) => text::size(*bytes),
        Value::List(list) => {
            let list: Option<Vec<String>> = list
                .iter()
                .map(|item| written_within(item, below))
                .collect();
            format!("[{}]", list?.join(", "))
        }
        Value::Map(map) => {
            let entries: Option<Vec<String>> = map
                .iter()
                .map(|(key, item)| {
                    Some(format!(
                        "{} = {}",
                        text::key(key),
                        written_within(item, below)?
                    ))
                })
                .collect();
            braces(entries?.into_iter())
        }
        // A secret is never written, and there are no others.
        _ => return None,
    })
}

fn braces(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.collect();
    if entries.is_empty() {
        return "{}".to_owned();
    }
    format!("{{ {} }}", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(json: &Json, ty: &Type) -> Option<String> {
        read(json, ty).as_ref().and_then(written)
    }

    #[test]
    fn values_are_read_as_the_product_reads_them() {
        assert_eq!(shown(&json!(3.0), &Type::Int).as_deref(), Some("3"));
        assert_eq!(shown(&json!("3"), &Type::Int).as_deref(), Some("3"));
        assert_eq!(shown(&json!(["3"]), &Type::Int).as_deref(), Some("3"));
        assert_eq!(shown(&json!(3.5), &Type::Int), None);
        assert_eq!(shown(&json!("true"), &Type::Bool).as_deref(), Some("true"));
        assert_eq!(shown(&json!(0.25), &Type::Decimal).as_deref(), Some("0.25"));
        assert_eq!(shown(&json!({}), &Type::Text), None);
        let any = json!({ "a b": [1, null, { "c": "d" }] });
        assert_eq!(
            shown(&any, &Type::Any).as_deref(),
            Some("{ \"a b\" = [1, null, { c = \"d\" }] }")
        );
    }
}

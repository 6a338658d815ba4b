//! Values as the store keeps them, and back.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;
use wayfare::{Decimal, Value};

/// How deep lists and objects may go.
const DEPTH_MAX: u32 = 16;

/// A JSON value as one of the engine's; `None` where there is none for it.
pub(crate) fn value(json: &Json) -> Option<Value> {
    read(json, 0)
}

/// BOUND: what is stored was bounded when it was written; deeper is left out.
fn read(json: &Json, depth: u32) -> Option<Value> {
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => number
            .as_i64()
            .map(Value::Int)
            .or_else(|| decimal(number).map(Value::Decimal)),
        Json::String(text) => Some(Value::text(&**text)),
        Json::Array(list) if depth < DEPTH_MAX => {
            let values: Option<Vec<_>> = list.iter().map(|item| read(item, depth + 1)).collect();
            values.map(|values| Value::List(Arc::from(values)))
        }
        Json::Object(map) if depth < DEPTH_MAX => {
            let values: Option<BTreeMap<_, _>> = map
                .iter()
                .map(|(key, item)| Some((Arc::from(&**key), read(item, depth + 1)?)))
                .collect();
            values.map(|values| Value::Map(Arc::new(values)))
        }
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// A number with a point, also where it is so small that it is written with an exponent.
fn decimal(number: &serde_json::Number) -> Option<Decimal> {
    Decimal::parse(&number.to_string())
        .or_else(|| Decimal::parse(&format!("{:.9}", number.as_f64()?)))
}

/// A value as JSON; `None` where it goes too deep or is none that can be kept. Secrets are not kept here.
pub(crate) fn json(value: &Value) -> Option<Json> {
    write(value, 0)
}

/// BOUND: as deep as [`DEPTH_MAX`].
fn write(value: &Value, depth: u32) -> Option<Json> {
    match value {
        Value::Null => Some(Json::Null),
        Value::Bool(flag) => Some(Json::from(*flag)),
        Value::Int(number) => Some(Json::from(*number)),
        Value::Decimal(number) => number.to_string().parse().ok().map(Json::Number),
        Value::Text(text) => Some(Json::from(&**text)),
        Value::Localized(text) => {
            let texts = text
                .iter()
                .map(|(locale, text)| (locale.to_owned(), Json::from(text)));
            Some(Json::Object(texts.collect()))
        }
        Value::Duration(span) => u64::try_from(span.as_millis()).ok().map(Json::from),
        Value::Size(bytes) => Some(Json::from(*bytes)),
        Value::List(list) if depth < DEPTH_MAX => {
            let items: Option<Vec<Json>> = list.iter().map(|item| write(item, depth + 1)).collect();
            items.map(Json::Array)
        }
        Value::Map(map) if depth < DEPTH_MAX => {
            let members: Option<serde_json::Map<String, Json>> = map
                .iter()
                .map(|(key, item)| Some((key.to_string(), write(item, depth + 1)?)))
                .collect();
            members.map(Json::Object)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use wayfare::Secret;

    use super::*;

    #[test]
    fn values_come_back_as_they_were() {
        let text = r#"{"a":[1,-2.5,"x",true,null,{"b":[]}],"c":{}}"#;
        let parsed: Json = serde_json::from_str(text).unwrap();
        let read = value(&parsed).unwrap();
        assert_eq!(json(&read), Some(parsed));
        let smallest = Value::Decimal(Decimal::from_units(-1));
        let written = json(&smallest).unwrap().to_string();
        assert_eq!(
            value(&serde_json::from_str(&written).unwrap()),
            Some(smallest)
        );
    }

    #[test]
    fn secrets_and_what_goes_too_deep_are_not_kept() {
        assert_eq!(json(&Value::Secret(Secret::from("x"))), None);
        let mut deep = Value::Null;
        for _ in 0..=DEPTH_MAX {
            deep = Value::List(Arc::from([deep]));
        }
        assert_eq!(json(&deep), None);
    }
}

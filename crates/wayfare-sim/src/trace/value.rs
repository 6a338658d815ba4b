//! Values in a record: as they are, but for what is secret.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use wayfare::{Decimal, LocalizedText, Secret, Value};

/// What stands where a secret was.
pub(super) const STAND_IN: &str = "00000000";

/// A value of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ValueLine {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A decimal number in billionths.
    Decimal(i64),
    /// A text.
    Text(String),
    /// A text by locale, in order.
    Localized(Vec<(String, String)>),
    /// A span of time in milliseconds.
    Duration(u64),
    /// A number of bytes.
    Size(u64),
    /// A secret: whether there was anything in it.
    Secret(bool),
    /// A secret parameter by its name.
    Parameter(String),
    /// Values in order.
    List(Vec<ValueLine>),
    /// Values by name.
    Map(BTreeMap<String, ValueLine>),
}

/// How deep a value is followed.
const DEPTH_MAX: u32 = 64;

impl ValueLine {
    /// The line for a value; `name` is called for every text.
    pub(super) fn of(value: &Value, name: &mut impl FnMut(&str) -> String) -> Self {
        Self::within(value, name, DEPTH_MAX)
    }

    fn within(value: &Value, name: &mut impl FnMut(&str) -> String, depth: u32) -> Self {
        let Some(below) = depth.checked_sub(1) else {
            return Self::Null;
        };
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(number) => Self::Int(*number),
            Value::Decimal(number) => Self::Decimal(number.units()),
            Value::Text(text) => Self::Text(name(text)),
            Value::Localized(text) => Self::Localized(
                text.iter()
                    .map(|(locale, text)| (locale.to_owned(), text.to_owned()))
                    .collect(),
            ),
            Value::Duration(span) => {
                Self::Duration(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
            }
            Value::Size(bytes) => Self::Size(*bytes),
            Value::Secret(secret) => Self::Secret(!secret.reveal().is_empty()),
            Value::SecretParameter(name) => Self::Parameter(name.to_string()),
            Value::List(list) => {
                Self::List(list.iter().map(|v| Self::within(v, name, below)).collect())
            }
            Value::Map(map) => Self::Map(
                map.iter()
                    .map(|(key, value)| (key.to_string(), Self::within(value, name, below)))
                    .collect(),
            ),
            // Also what later versions add.
            _ => Self::Null,
        }
    }

    /// The value for a replay: a stand-in for each secret.
    pub(super) fn value(&self) -> Value {
        self.value_within(DEPTH_MAX)
    }

    fn value_within(&self, depth: u32) -> Value {
        let Some(below) = depth.checked_sub(1) else {
            return Value::Null;
        };
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(number) => Value::Int(*number),
            Self::Decimal(units) => Value::Decimal(Decimal::from_units(*units)),
            Self::Text(text) => Value::text(text.as_str()),
            Self::Localized(entries) => Value::Localized(LocalizedText::by_locale(
                entries
                    .iter()
                    .map(|(locale, text)| (locale.as_str(), text.as_str())),
            )),
            Self::Duration(ms) => Value::Duration(Duration::from_millis(*ms)),
            Self::Size(bytes) => Value::Size(*bytes),
            Self::Secret(there) => Value::Secret(Secret::new(stand_in(*there))),
            Self::Parameter(name) => Value::SecretParameter(Arc::from(name.as_str())),
            Self::List(list) => {
                let list: Vec<Value> = list.iter().map(|v| v.value_within(below)).collect();
                Value::List(Arc::from(list))
            }
            Self::Map(map) => {
                let entry = |(key, value): (&String, &Self)| {
                    (Arc::from(key.as_str()), value.value_within(below))
                };
                Value::Map(Arc::new(map.iter().map(entry).collect()))
            }
        }
    }
}

/// What stands for a secret in a replay.
pub(super) fn stand_in(there: bool) -> String {
    if there {
        STAND_IN.to_owned()
    } else {
        String::new()
    }
}

//! Values: what settings hold, what expressions compute, what a run keeps in its state.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{model::text::LocalizedText, secret::Secret};

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// `true`, `false`
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A number with up to nine digits after the point.
    Decimal,
    /// A text.
    Text,
    /// A text in one or more languages.
    LocalizedText,
    /// A span of time.
    Duration,
    /// A number of bytes.
    Size,
    /// A text that is never shown.
    Secret,
    /// Values of one type.
    List(Arc<Type>),
    /// Values of one type by name.
    Map(Arc<Type>),
    /// Any value: state whose type nothing declares.
    Any,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool => f.write_str("Bool"),
            Self::Int => f.write_str("Int"),
            Self::Decimal => f.write_str("Decimal"),
            Self::Text => f.write_str("Text"),
            Self::LocalizedText => f.write_str("LocalizedText"),
            Self::Duration => f.write_str("Duration"),
            Self::Size => f.write_str("Size"),
            Self::Secret => f.write_str("Secret"),
            Self::List(of) => write!(f, "[{of}]"),
            Self::Map(of) => write!(f, "{{{of}}}"),
            Self::Any => f.write_str("Any"),
        }
    }
}

/// A decimal number: a whole number of billionths, so that equality is exact and order total.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Decimal(i64);

impl Decimal {
    /// How many units make one.
    pub const UNITS: i64 = 1_000_000_000;

    /// The number with this many billionths.
    pub fn from_units(units: i64) -> Self {
        Self(units)
    }

    /// The number as billionths.
    pub fn units(self) -> i64 {
        self.0
    }

    /// Reads `-?digits.digits` with at most nine digits after the point.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || part.len() > 9 || !is_digits(whole) || !is_digits(part) {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let mut units: i64 = 0;
        for at in 0..9 {
            let digit = part.as_bytes().get(at).map_or(0, |b| i64::from(b - b'0'));
            units = units * 10 + digit;
        }
        let total = whole.checked_mul(Self::UNITS)?.checked_add(units)?;
        Some(Self(if negative { -total } else { total }))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let units = self.0.unsigned_abs();
        let one = Self::UNITS.unsigned_abs();
        let part = format!("{:09}", units % one);
        let part = part.trim_end_matches('0');
        write!(
            f,
            "{sign}{}.{}",
            units / one,
            if part.is_empty() { "0" } else { part }
        )
    }
}

/// A value.
///
/// `Debug` prints `_` for secrets. Order is total: first by kind, then by content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Value {
    /// Nothing.
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a point.
    Decimal(Decimal),
    /// A text.
    Text(Arc<str>),
    /// A text in one or more languages.
    Localized(LocalizedText),
    /// A span of time.
    Duration(Duration),
    /// A number of bytes.
    Size(u64),
    /// A text that is never shown.
    Secret(Secret<String>),
    /// A secret parameter, bound by name when the run asks for it; in neither hash nor kept text.
    SecretParameter(Arc<str>),
    /// Values in order.
    List(Arc<[Value]>),
    /// Values by name.
    Map(Arc<BTreeMap<Arc<str>, Value>>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is a number, duration or size above zero.
    pub(crate) fn is_positive(&self) -> bool {
        match self {
            Self::Int(number) => *number > 0,
            Self::Duration(duration) => !duration.is_zero(),
            Self::Size(bytes) => *bytes > 0,
            _ => false,
        }
    }

    /// The whole number, where it is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, where it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The duration, where it is one.
    pub fn as_duration(&self) -> Option<Duration> {
        match self {
            Self::Duration(value) => Some(*value),
            _ => None,
        }
    }

    /// The value as JSON: durations in milliseconds, secrets as `null`, never shown.
    pub fn to_json(&self) -> serde_json::Value {
        self.json(Self::DEPTH_MAX)
    }

    /// How deep lists and maps are shown.
    const DEPTH_MAX: u32 = 64;

    fn json(&self, depth: u32) -> serde_json::Value {
        use serde_json::Value as Json;
        let Some(below) = depth.checked_sub(1) else {
            return Json::Null;
        };
        match self {
            Self::Null | Self::Secret(_) | Self::SecretParameter(_) => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(number) => Json::from(*number),
            Self::Decimal(number) => number
                .to_string()
                .parse::<f64>()
                .ok()
                .and_then(serde_json::Number::from_f64)
                .map_or(Json::Null, Json::Number),
            Self::Text(text) => Json::from(&**text),
            Self::Localized(text) => Json::from(text.best([])),
            Self::Duration(span) => Json::from(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
            Self::Size(bytes) => Json::from(*bytes),
            Self::List(list) => list.iter().map(|item| item.json(below)).collect(),
            Self::Map(map) => map
                .iter()
                .map(|(key, item)| (String::from(&**key), item.json(below)))
                .collect(),
        }
    }

    /// The type; `Any` for `null`, for a list the type of its first element.
    pub fn ty(&self) -> Type {
        match self {
            Self::Null => Type::Any,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Decimal(_) => Type::Decimal,
            Self::Text(_) => Type::Text,
            Self::Localized(_) => Type::LocalizedText,
            Self::Duration(_) => Type::Duration,
            Self::Size(_) => Type::Size,
            Self::Secret(_) | Self::SecretParameter(_) => Type::Secret,
            Self::List(list) => Type::List(Arc::new(list.first().map_or(Type::Any, Self::ty))),
            Self::Map(map) => Type::Map(Arc::new(map.values().next().map_or(Type::Any, Self::ty))),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Arc::from(value))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Arc::from(value))
    }
}

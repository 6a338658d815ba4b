//! Settings as a behaviour keeps them.
//!
//! A setting comes in when a program is linked; what goes out is a typed value, at once where it is
//! constant and on each visit where it depends on the run. Which settings a type has is the catalogue's.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{context::Context, error::NodeError, node_type::Setup},
    model::{journey::SettingValue, text::LocalizedText, value::Value},
    nodes::failure::unfit,
    secret::Secret,
};

/// A setting that is known when linked, or computed on each visit.
#[derive(Debug)]
pub(super) enum Kept<T> {
    /// The same on every visit.
    Known(T),
    /// It reads the run, or a secret that is bound late.
    Computed {
        key: &'static str,
        from: SettingValue,
    },
}

impl<T: FromValue> Kept<T> {
    /// The setting, where it has a value.
    pub(super) fn find(setup: &Setup<'_>, key: &'static str) -> Result<Option<Self>, NodeError> {
        match setup.setting(key) {
            None | Some(SettingValue::Constant(Value::Null)) => Ok(None),
            Some(SettingValue::Constant(value)) if !value_is_late(value) => T::from_value(value)
                .map_or_else(
                    || Err(unfit(format!("setting `{key}` is not {}", T::KIND))),
                    |value| Ok(Some(Self::Known(value))),
                ),
            Some(from) => Ok(Some(Self::Computed {
                key,
                from: from.clone(),
            })),
        }
    }

    /// The setting, which must have a value.
    pub(super) fn get(setup: &Setup<'_>, key: &'static str) -> Result<Self, NodeError> {
        Self::find(setup, key)?.ok_or_else(|| missing(key))
    }

    /// The value on this visit.
    pub(super) fn now(&self, cx: &Context<'_>) -> Result<Cow<'_, T>, NodeError> {
        match self {
            Self::Known(value) => Ok(Cow::Borrowed(value)),
            Self::Computed { key, from } => T::from_value(&cx.value(from)?)
                .map(Cow::Owned)
                .ok_or_else(|| unfit(format!("setting `{key}` is not {}", T::KIND))),
        }
    }

    /// The value, where it is known when linked.
    pub(super) fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Computed { .. } => None,
        }
    }
}

/// The value of an optional setting on this visit.
pub(super) fn optional<'k, T: FromValue>(
    kept: Option<&'k Kept<T>>,
    cx: &Context<'_>,
) -> Result<Option<Cow<'k, T>>, NodeError> {
    kept.map(|kept| kept.now(cx)).transpose()
}

/// A setting that must be the same on every visit.
pub(super) fn constant<T: FromValue>(setup: &Setup<'_>, key: &'static str) -> Result<T, NodeError> {
    constant_or_none(setup, key)?.ok_or_else(|| missing(key))
}

/// A setting that must be the same on every visit, where it has a value.
pub(super) fn constant_or_none<T: FromValue>(
    setup: &Setup<'_>,
    key: &'static str,
) -> Result<Option<T>, NodeError> {
    match Kept::find(setup, key)? {
        None => Ok(None),
        Some(Kept::Known(value)) => Ok(Some(value)),
        Some(Kept::Computed { .. }) => {
            Err(unfit(format!("setting `{key}` cannot depend on the run")))
        }
    }
}

/// An error for a setting without a value.
fn missing(key: &str) -> NodeError {
    unfit(format!("setting `{key}` has no value"))
}

/// Whether a secret parameter, bound when the run asks, stands in the value.
fn value_is_late(value: &Value) -> bool {
    match value {
        Value::SecretParameter(_) => true,
        Value::List(list) => list.iter().any(|v| matches!(v, Value::SecretParameter(_))),
        Value::Map(map) => map.values().any(|v| matches!(v, Value::SecretParameter(_))),
        _ => false,
    }
}

/// What a setting's value can be read as.
pub(super) trait FromValue: Clone {
    /// The name in messages.
    const KIND: &'static str;

    fn from_value(value: &Value) -> Option<Self>;
}

impl FromValue for bool {
    const KIND: &'static str = "true or false";

    fn from_value(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl FromValue for i64 {
    const KIND: &'static str = "a whole number";

    fn from_value(value: &Value) -> Option<Self> {
        value.as_int()
    }
}

impl FromValue for Duration {
    const KIND: &'static str = "a duration";

    fn from_value(value: &Value) -> Option<Self> {
        value.as_duration()
    }
}

impl FromValue for Arc<str> {
    const KIND: &'static str = "a text";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(Self::clone(text)),
            _ => None,
        }
    }
}

impl FromValue for LocalizedText {
    const KIND: &'static str = "a text in one or more languages";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Localized(text) => Some(text.clone()),
            Value::Text(text) => Some(Self::plain(Arc::clone(text))),
            Value::Map(map) if map.is_empty() => Some(Self::default()),
            _ => None,
        }
    }
}

impl FromValue for Secret<String> {
    const KIND: &'static str = "a secret";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Secret(secret) => Some(secret.clone()),
            _ => None,
        }
    }
}

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

impl FromValue for Size {
    const KIND: &'static str = "a size";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Size(bytes) => Some(Self(*bytes)),
            _ => None,
        }
    }
}

impl FromValue for Vec<Arc<str>> {
    const KIND: &'static str = "a list of texts";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::List(list) => list.iter().map(FromValue::from_value).collect(),
            _ => None,
        }
    }
}

impl FromValue for BTreeMap<Arc<str>, Value> {
    const KIND: &'static str = "a map";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Map(map) => Some((**map).clone()),
            _ => None,
        }
    }
}

impl FromValue for BTreeMap<Arc<str>, Arc<str>> {
    const KIND: &'static str = "a map of texts";

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Map(map) => map
                .iter()
                .map(|(key, value)| Some((Arc::clone(key), FromValue::from_value(value)?)))
                .collect(),
            _ => None,
        }
    }
}

//! What a setting admits.
//!
//! In: a setting of a signature and a value. Out: the value as nodes read it, or why it does not fit. The
//! compiler asks piece by piece, because it can say where the value is written; what a script makes while
//! a run is under way is asked for as a whole. Expressions and parameters are not here.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use crate::model::{
    signature::{Preset, Setting, Unit},
    text::LocalizedText,
    value::{Decimal, Type, Value},
};

/// How deep lists and maps of a setting of any type are looked into.
const DEPTH_MAX: u32 = 16;

/// Why a value is none of a setting's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is of another type.
    #[error("setting `{0}` takes another type of value")]
    Type(String),
    /// It is out of range.
    #[error("setting `{0}` is out of range")]
    Range(String),
    /// It is none of the words.
    #[error("setting `{0}` is none of its words")]
    Word(String),
    /// It is not a whole number of the vendor's units.
    #[error("setting `{0}` is not a whole number of its units")]
    Unit(String),
    /// It is not there and has no default.
    #[error("setting `{0}` has no value")]
    Missing(String),
    /// It has nodes write the name of the user.
    #[error("setting `{0}` names the key of the user")]
    User(String),
    /// The type has no setting of this name.
    #[error("there is no setting `{0}`")]
    Unknown(String),
}

/// Whether a number is within the range of a setting.
pub(crate) fn is_within(range: Option<(i64, i64)>, number: i64) -> bool {
    range.is_none_or(|(least, greatest)| (least..=greatest).contains(&number))
}

/// Whether a text is one of the words of a setting; any is where it has none.
pub(crate) fn is_among(words: &[Cow<'static, str>], text: &str) -> bool {
    words.is_empty() || words.iter().any(|word| word == text)
}

/// How many of a unit a duration is; `None` where it is not a whole number of them.
pub(crate) fn count_of(unit: Unit, duration: Duration) -> Option<i64> {
    let one = unit.duration()?.as_millis().max(1);
    let all = duration.as_millis();
    all.is_multiple_of(one)
        .then(|| i64::try_from(all / one).unwrap_or(i64::MAX))
}

/// Whether a size can be kept in a unit.
pub(crate) fn is_whole_size(unit: Option<Unit>, bytes: u64) -> bool {
    unit != Some(Unit::Kibibytes) || bytes.is_multiple_of(1_024)
}

/// Whether a tag names a language.
pub(crate) fn is_locale(tag: &str) -> bool {
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or("");
    (1..=8).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

impl Setting {
    /// The value where the author writes none.
    pub fn preset(&self) -> Option<Value> {
        match &self.default {
            Preset::None => None,
            Preset::Bool(value) => Some(Value::Bool(*value)),
            Preset::Int(number) => self.of_unit(*number).or(match self.ty {
                Type::Decimal => number
                    .checked_mul(Decimal::UNITS)
                    .map(|units| Value::Decimal(Decimal::from_units(units))),
                Type::Duration | Type::Size => None,
                _ => Some(Value::Int(*number)),
            }),
            Preset::Text(text) => Some(match self.ty {
                Type::LocalizedText => Value::Localized(LocalizedText::plain(Arc::from(&**text))),
                _ => Value::text(&**text),
            }),
            Preset::Texts(texts) => {
                let texts = texts.iter().map(|text| Value::text(&**text));
                Some(Value::List(texts.collect()))
            }
            Preset::EmptyList => Some(Value::List(Arc::from([]))),
            Preset::EmptyMap => Some(match self.ty {
                Type::LocalizedText => Value::Localized(LocalizedText::default()),
                _ => Value::Map(Arc::default()),
            }),
            Preset::Value(value) => Some(value.clone()),
        }
    }

    /// The value as nodes read it, where it is one of this setting's.
    ///
    /// A number stands for that many of the vendor's units where a duration or a size is expected. A
    /// secret is admitted as a secret only, and never where none is expected.
    ///
    /// # Errors
    /// It does not fit; the error names the setting and never the value.
    pub fn admit(&self, value: &Value) -> Result<Value, Unfit> {
        self.admit_as(&self.ty, value, DEPTH_MAX)
    }

    // BOUND: as deep as `depth`.
    fn admit_as(&self, ty: &Type, value: &Value, depth: u32) -> Result<Value, Unfit> {
        let wrong = || Unfit::Type(self.key.to_string());
        match (ty, value) {
            (Type::Bool, Value::Bool(_))
            | (Type::Decimal, Value::Decimal(_))
            | (Type::LocalizedText, Value::Localized(_))
            | (Type::Secret, Value::Secret(_))
            | (
                Type::Any,
                Value::Null
                | Value::Bool(_)
                | Value::Int(_)
                | Value::Decimal(_)
                | Value::Text(_)
                | Value::Localized(_)
                | Value::Duration(_)
                | Value::Size(_),
            ) => Ok(value.clone()),
            (Type::Int, Value::Int(number)) => {
                self.in_range(*number)?;
                Ok(value.clone())
            }
            (Type::Decimal, Value::Int(number)) => number
                .checked_mul(Decimal::UNITS)
                .map(|units| Value::Decimal(Decimal::from_units(units)))
                .ok_or_else(wrong),
            (Type::Text, Value::Text(text)) => {
                if is_among(&self.allowed, text) {
                    return Ok(value.clone());
                }
                Err(Unfit::Word(self.key.to_string()))
            }
            (Type::Duration, Value::Duration(duration)) => {
                if let Some(unit) = self.unit {
                    let count = count_of(unit, *duration);
                    self.in_range(count.ok_or_else(|| Unfit::Unit(self.key.to_string()))?)?;
                }
                Ok(value.clone())
            }
            (Type::Duration, Value::Int(number)) => {
                self.in_range(*number)?;
                self.of_unit(*number).ok_or_else(wrong)
            }
            (Type::Size, Value::Size(bytes)) => {
                if is_whole_size(self.unit, *bytes) {
                    return Ok(value.clone());
                }
                Err(Unfit::Unit(self.key.to_string()))
            }
            (Type::Size, Value::Int(number)) => self.of_unit(*number).ok_or_else(wrong),
            (Type::LocalizedText, Value::Text(text)) => {
                Ok(Value::Localized(LocalizedText::plain(Arc::clone(text))))
            }
            (Type::LocalizedText, Value::Map(map)) => by_locale(map).ok_or_else(wrong),
            (Type::List(of), Value::List(list)) if depth > 0 => list
                .iter()
                .map(|item| self.admit_as(of, item, depth - 1))
                .collect::<Result<Arc<[Value]>, Unfit>>()
                .map(Value::List),
            (Type::Map(of), Value::Map(map)) if depth > 0 => map
                .iter()
                .map(|(key, item)| Ok((Arc::clone(key), self.admit_as(of, item, depth - 1)?)))
                .collect::<Result<BTreeMap<_, _>, Unfit>>()
                .map(|map| Value::Map(Arc::new(map))),
            (Type::Any, Value::List(list)) if depth > 0 => list
                .iter()
                .map(|item| self.admit_as(ty, item, depth - 1))
                .collect::<Result<Arc<[Value]>, Unfit>>()
                .map(Value::List),
            (Type::Any, Value::Map(map)) if depth > 0 => map
                .iter()
                .map(|(key, item)| Ok((Arc::clone(key), self.admit_as(ty, item, depth - 1)?)))
                .collect::<Result<BTreeMap<_, _>, Unfit>>()
                .map(|map| Value::Map(Arc::new(map))),
            _ => Err(wrong()),
        }
    }

    fn in_range(&self, number: i64) -> Result<(), Unfit> {
        if is_within(self.range, number) {
            return Ok(());
        }
        Err(Unfit::Range(self.key.to_string()))
    }

    /// So many of the vendor's units, for durations and sizes.
    fn of_unit(&self, number: i64) -> Option<Value> {
        let number = u64::try_from(number).ok()?;
        match self.ty {
            Type::Duration => {
                let one = self.unit.and_then(Unit::duration)?;
                let ms = u64::try_from(one.as_millis()).ok()?.checked_mul(number)?;
                Some(Value::Duration(Duration::from_millis(ms)))
            }
            Type::Size if self.unit == Some(Unit::Kibibytes) => {
                Some(Value::Size(number.checked_mul(1_024)?))
            }
            Type::Size => Some(Value::Size(number)),
            _ => None,
        }
    }
}

fn by_locale(map: &BTreeMap<Arc<str>, Value>) -> Option<Value> {
    let mut made: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(map.len());
    for (locale, text) in map {
        let Value::Text(text) = text else {
            return None;
        };
        if !is_locale(locale) {
            return None;
        }
        made.push((Arc::clone(locale), Arc::clone(text)));
    }
    Some(Value::Localized(LocalizedText::by_locale(made)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn unfit(name: fn(String) -> Unfit) -> Result<Value, Unfit> {
        Err(name("k".to_owned()))
    }

    #[test]
    fn values_are_admitted_as_text_would_be() {
        let int = Setting {
            range: Some((0, 5)),
            ..Setting::new("k", Type::Int)
        };
        assert_eq!(int.admit(&Value::Int(5)), Ok(Value::Int(5)));
        assert_eq!(int.admit(&Value::Int(6)), unfit(Unfit::Range));
        assert_eq!(int.admit(&Value::from("5")), unfit(Unfit::Type));
        let word = Setting {
            allowed: Cow::Owned(vec![Cow::Borrowed("A")]),
            ..Setting::new("k", Type::Text)
        };
        assert_eq!(word.admit(&Value::from("A")), Ok(Value::from("A")));
        assert_eq!(word.admit(&Value::from("B")), unfit(Unfit::Word));
        let time = Setting {
            unit: Some(Unit::Minutes),
            range: Some((1, 60)),
            ..Setting::new("k", Type::Duration)
        };
        let minutes = |n: u64| Value::Duration(Duration::from_secs(60 * n));
        assert_eq!(time.admit(&Value::Int(5)), Ok(minutes(5)));
        assert_eq!(time.admit(&minutes(60)), Ok(minutes(60)));
        assert_eq!(time.admit(&minutes(61)), unfit(Unfit::Range));
        assert_eq!(time.admit(&Value::Int(-1)), unfit(Unfit::Range));
        let second = Value::Duration(Duration::from_secs(61));
        assert_eq!(time.admit(&second), unfit(Unfit::Unit));
    }

    #[test]
    fn secrets_go_where_secrets_are_expected_and_nowhere_else() {
        let secret = Value::Secret(Secret::new("s".to_owned()));
        assert_eq!(
            Setting::new("k", Type::Secret).admit(&secret),
            Ok(secret.clone())
        );
        for ty in [Type::Text, Type::Any, Type::LocalizedText] {
            assert_eq!(Setting::new("k", ty).admit(&secret), unfit(Unfit::Type));
        }
        let list = Setting::new("k", Type::List(Arc::new(Type::Any)));
        assert_eq!(
            list.admit(&Value::List(Arc::from([secret]))),
            unfit(Unfit::Type)
        );
        let late = Value::SecretParameter(Arc::from("p"));
        for ty in [Type::Secret, Type::Text, Type::Any] {
            assert_eq!(Setting::new("k", ty).admit(&late), unfit(Unfit::Type));
        }
        let plain = Value::from("s");
        assert_eq!(
            Setting::new("k", Type::Secret).admit(&plain),
            unfit(Unfit::Type)
        );
    }

    #[test]
    fn texts_by_language_are_told_from_other_maps() {
        let setting = Setting::new("k", Type::LocalizedText);
        let map = |key: &str| Value::Map(Arc::new([(Arc::from(key), Value::from("x"))].into()));
        assert!(setting.admit(&map("pt-BR")).is_ok());
        assert_eq!(setting.admit(&map("no locale")), unfit(Unfit::Type));
    }
}

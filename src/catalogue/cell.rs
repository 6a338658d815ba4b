//! Settings as constants.

use std::{borrow::Cow, sync::Arc};

use crate::model::{
    signature::{Preset, Setting, Unit},
    text::LocalizedText,
    value::{Type, Value},
};

/// Words of a constant.
pub(super) type Words = &'static [&'static str];

/// Names and texts of a constant.
type Pairs = &'static [(&'static str, &'static str)];

/// A type that can stand in a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Text,
    Localized,
    Time(Unit),
    Size(Unit),
    Secret,
    Texts,
    TextMap,
    AnyMap,
    Any,
}

impl Kind {
    pub(super) fn ty(self) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Text => Type::Text,
            Self::Localized => Type::LocalizedText,
            Self::Time(_) => Type::Duration,
            Self::Size(_) => Type::Size,
            Self::Secret => Type::Secret,
            Self::Texts => Type::List(Arc::new(Type::Text)),
            Self::TextMap => Type::Map(Arc::new(Type::Text)),
            Self::AnyMap => Type::Map(Arc::new(Type::Any)),
            Self::Any => Type::Any,
        }
    }

    fn unit(self) -> Option<Unit> {
        match self {
            Self::Time(unit) | Self::Size(unit) => Some(unit),
            _ => None,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Fallback {
    None,
    Bool(bool),
    Int(i64),
    Text(&'static str),
    Texts(Words),
    EmptyList,
    EmptyMap,
    Locales(Pairs),
    Entries(Pairs),
}

impl Fallback {
    fn preset(self) -> Preset {
        match self {
            Self::None => Preset::None,
            Self::Bool(value) => Preset::Bool(value),
            Self::Int(value) => Preset::Int(value),
            Self::Text(value) => Preset::Text(Cow::Borrowed(value)),
            Self::Texts(values) => Preset::Texts(borrowed(values)),
            Self::EmptyList => Preset::EmptyList,
            Self::EmptyMap => Preset::EmptyMap,
            Self::Locales(texts) => Preset::Value(Value::Localized(LocalizedText::by_locale(
                texts.iter().copied(),
            ))),
            Self::Entries(entries) => Preset::Value(Value::Map(Arc::new(
                entries
                    .iter()
                    .map(|(name, text)| (Arc::from(*name), Value::from(*text)))
                    .collect(),
            ))),
        }
    }
}

/// A setting. One without a default is required unless it says [`Cell::optional`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    key: &'static str,
    kind: Kind,
    default: Fallback,
    required: bool,
    allowed: Words,
    range: Option<(i64, i64)>,
}

const fn cell(key: &'static str, kind: Kind, default: Fallback) -> Cell {
    Cell {
        key,
        kind,
        required: matches!(default, Fallback::None),
        default,
        allowed: &[],
        range: None,
    }
}

/// A truth value.
pub(super) const fn flag(key: &'static str, default: bool) -> Cell {
    cell(key, Kind::Bool, Fallback::Bool(default))
}

/// A truth value whose default no source names.
pub(super) const fn flag_unset(key: &'static str) -> Cell {
    cell(key, Kind::Bool, Fallback::None).optional()
}

/// A whole number without a default.
pub(super) const fn int(key: &'static str) -> Cell {
    cell(key, Kind::Int, Fallback::None)
}

/// A whole number.
pub(super) const fn int_or(key: &'static str, default: i64) -> Cell {
    cell(key, Kind::Int, Fallback::Int(default))
}

/// A span of time without a default; the unit is the vendor's.
pub(super) const fn time(key: &'static str, unit: Unit) -> Cell {
    cell(key, Kind::Time(unit), Fallback::None)
}

/// A span of time.
pub(super) const fn time_or(key: &'static str, unit: Unit, default: i64) -> Cell {
    cell(key, Kind::Time(unit), Fallback::Int(default))
}

/// A number of bytes.
pub(super) const fn size_or(key: &'static str, unit: Unit, default: i64) -> Cell {
    cell(key, Kind::Size(unit), Fallback::Int(default))
}

/// A text without a default.
pub(super) const fn text(key: &'static str) -> Cell {
    cell(key, Kind::Text, Fallback::None)
}

/// A text.
pub(super) const fn text_or(key: &'static str, default: &'static str) -> Cell {
    cell(key, Kind::Text, Fallback::Text(default))
}

/// A word out of several.
pub(super) const fn word(key: &'static str, default: &'static str, allowed: Words) -> Cell {
    Cell {
        allowed,
        ..text_or(key, default)
    }
}

/// A word out of several, or none.
pub(super) const fn word_unset(key: &'static str, allowed: Words) -> Cell {
    Cell {
        allowed,
        ..text(key).optional()
    }
}

/// Texts, none by default.
pub(super) const fn texts(key: &'static str) -> Cell {
    cell(key, Kind::Texts, Fallback::EmptyList)
}

/// Texts.
pub(super) const fn texts_or(key: &'static str, default: Words) -> Cell {
    cell(key, Kind::Texts, Fallback::Texts(default))
}

/// A text in several languages; where it is empty the node says what it always says.
pub(super) const fn localized(key: &'static str) -> Cell {
    cell(key, Kind::Localized, Fallback::EmptyMap)
}

/// A text in several languages.
pub(super) const fn localized_or(key: &'static str, default: Pairs) -> Cell {
    cell(key, Kind::Localized, Fallback::Locales(default))
}

/// Texts by name, none by default.
pub(super) const fn map(key: &'static str) -> Cell {
    cell(key, Kind::TextMap, Fallback::EmptyMap)
}

/// Texts by name.
pub(super) const fn map_or(key: &'static str, default: Pairs) -> Cell {
    cell(key, Kind::TextMap, Fallback::Entries(default))
}

/// Values of any type by name, none by default.
pub(super) const fn values(key: &'static str) -> Cell {
    cell(key, Kind::AnyMap, Fallback::EmptyMap)
}

/// A text that is never shown; there is never a default.
pub(super) const fn secret(key: &'static str) -> Cell {
    cell(key, Kind::Secret, Fallback::None)
}

impl Cell {
    /// The author may leave it out.
    pub(super) const fn optional(self) -> Self {
        Self {
            required: false,
            ..self
        }
    }

    /// The author must write it, even though it could be empty.
    pub(super) const fn required(self) -> Self {
        Self {
            default: Fallback::None,
            required: true,
            ..self
        }
    }

    /// The author may leave it out, because the configuration of the realm supplies it.
    pub(super) const fn supplied_by_realm(self) -> Self {
        self.optional()
    }

    /// One of these words.
    pub(super) const fn among(self, allowed: Words) -> Self {
        Self { allowed, ..self }
    }

    /// The least and the greatest number.
    pub(super) const fn within(self, least: i64, greatest: i64) -> Self {
        Self {
            range: Some((least, greatest)),
            ..self
        }
    }

    pub(super) fn setting(&self) -> Setting {
        Setting {
            key: Cow::Borrowed(self.key),
            ty: self.kind.ty(),
            unit: self.kind.unit(),
            default: self.default.preset(),
            required: self.required,
            allowed: borrowed(self.allowed),
            range: self.range,
        }
    }
}

/// Words as a signature holds them.
pub(super) fn borrowed(words: Words) -> Cow<'static, [Cow<'static, str>]> {
    words.iter().copied().map(Cow::Borrowed).collect()
}

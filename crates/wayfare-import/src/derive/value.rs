//! Values of settings as the product writes them.
//!
//! In: a value of the program, the setting that it is of, and what stands in the text. Out: JSON in the
//! vendor's units, with the environment's placeholders where the text names a parameter.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Map, Value as Json};
use wayfare::{
    LocalizedText, Type, Value, ast,
    model::signature::{Setting, Unit},
};

use super::{
    param,
    text::{Env, Means, Texts},
};

/// How deep values are written; the text is no deeper.
const DEPTH_MAX: u32 = 64;

/// What a value is written with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writer<'w> {
    pub(super) texts: &'w Texts,
    pub(super) locale: &'w str,
}

/// What a setting holds: its type and its unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'s> {
    pub(super) ty: &'s Type,
    pub(super) unit: Option<Unit>,
}

impl<'s> From<&'s Setting> for Held<'s> {
    fn from(setting: &'s Setting) -> Self {
        Self {
            ty: &setting.ty,
            unit: setting.unit,
        }
    }
}

impl Held<'_> {
    /// What is in a list or a map of it.
    fn inner(&self) -> Held<'_> {
        match self.ty {
            Type::List(of) | Type::Map(of) => Held {
                ty: of,
                unit: self.unit,
            },
            Type::LocalizedText => Held {
                ty: &Type::Text,
                unit: None,
            },
            _ => Held {
                ty: self.ty,
                unit: self.unit,
            },
        }
    }
}

impl Writer<'_> {
    /// A value of the program; `None` for what is never written.
    pub(super) fn plain(&self, value: &Value, held: Held<'_>) -> Option<Json> {
        self.at_depth(value, held, DEPTH_MAX)
    }

    // BOUND: as deep as `depth`.
    fn at_depth(&self, value: &Value, held: Held<'_>, depth: u32) -> Option<Json> {
        let below = depth.checked_sub(1)?;
        Some(match value {
            Value::SecretParameter(name) => {
                let declared = self.texts.parameter(name);
                let named = declared.map_or_else(|| param::substitution(name, None), param::of);
                Json::from(named)
            }
            Value::Secret(_) => return None,
            Value::Duration(span) => Json::from(count(*span, held.unit)),
            // The product keeps these numbers as texts.
            Value::Size(bytes) if held.unit == Some(Unit::Kibibytes) => {
                Json::from((bytes / 1_024).to_string())
            }
            Value::Localized(text) => self.localized(text),
            Value::List(list) => {
                let inner = held.inner();
                let items = list.iter().filter_map(|v| self.at_depth(v, inner, below));
                Json::Array(items.collect())
            }
            Value::Map(map) => {
                let inner = held.inner();
                let items = map
                    .iter()
                    .filter_map(|(k, v)| Some((k.to_string(), self.at_depth(v, inner, below)?)));
                Json::Object(items.collect())
            }
            other => other.to_json(),
        })
    }

    /// Texts by language; one without a language is written under the one that is set.
    pub(super) fn localized(&self, text: &LocalizedText) -> Json {
        let entries = text.iter().map(|(locale, text)| {
            let locale = if locale.is_empty() {
                self.locale
            } else {
                locale
            };
            (locale.to_owned(), Json::from(text))
        });
        Json::Object(entries.collect())
    }

    /// A value as it is written in the text, where a parameter is part of it; `None` where none is.
    pub(super) fn with_parameters(
        &self,
        value: &Value,
        written: &ast::Value,
        env: &Env<'_>,
        held: Held<'_>,
    ) -> Option<Json> {
        self.written(Some(value), written, env, held, DEPTH_MAX)
    }

    // BOUND: as deep as `depth`.
    fn written(
        &self,
        value: Option<&Value>,
        written: &ast::Value,
        env: &Env<'_>,
        held: Held<'_>,
        depth: u32,
    ) -> Option<Json> {
        let below = depth.checked_sub(1)?;
        let (written, env) = match self.texts.follow(written, env)? {
            Means::Parameter(parameter) => {
                return Some(param::json_of(parameter, held.ty));
            }
            Means::Value(written, env) => (written, env),
        };
        match &written.kind {
            ast::ValueKind::Text(parts) => self.text(parts, &env, below).map(Json::from),
            ast::ValueKind::List(items) => {
                let values = match value {
                    Some(Value::List(list)) => list.to_vec(),
                    _ => Vec::new(),
                };
                let parts = items.iter().enumerate().map(|(at, item)| {
                    let value = values.get(at);
                    let found = self.written(value, item, &env, held.inner(), below);
                    (None, value, found)
                });
                self.joined(parts.collect(), held, |items| {
                    Json::Array(items.into_iter().map(|(_, item)| item).collect())
                })
            }
            ast::ValueKind::Record(fields) => {
                let values = fields_of(value);
                let parts = fields.iter().map(|(key, item)| {
                    let value = values.get(key.text.as_str());
                    let found = self.written(value, item, &env, held.inner(), below);
                    (Some(key.text.as_str()), value, found)
                });
                self.joined(parts.collect(), held, |items| {
                    let items = items.into_iter();
                    let items = items.filter_map(|(key, item)| Some((key?.to_owned(), item)));
                    Json::Object(items.collect::<Map<String, Json>>())
                })
            }
            _ => None,
        }
    }

    /// The parts of a value, where at least one of them holds a parameter.
    fn joined<'k>(
        &self,
        parts: Vec<(Option<&'k str>, Option<&Value>, Option<Json>)>,
        held: Held<'_>,
        join: impl FnOnce(Vec<(Option<&'k str>, Json)>) -> Json,
    ) -> Option<Json> {
        if parts.iter().all(|(_, _, found)| found.is_none()) {
            return None;
        }
        let made = parts.into_iter().filter_map(|(key, value, found)| {
            let json = found.or_else(|| self.plain(value?, held.inner()))?;
            Some((key, json))
        });
        Some(join(made.collect()))
    }

    /// A text in which parameters stand.
    // BOUND: as deep as `depth`.
    fn text(&self, parts: &[ast::TextPart], env: &Env<'_>, depth: u32) -> Option<String> {
        let mut made = String::new();
        let mut any = false;
        for part in parts {
            match part {
                ast::TextPart::Raw(raw) => made.push_str(raw),
                ast::TextPart::Path(path) => match self.texts.named(path, env)? {
                    Means::Parameter(parameter) => {
                        any = true;
                        made.push_str(&param::of(parameter));
                    }
                    Means::Value(value, env) => {
                        let (text, has) = self.piece(value, &env, depth)?;
                        any |= has;
                        made.push_str(&text);
                    }
                },
            }
        }
        any.then_some(made)
    }

    /// A constant within a text, and whether a parameter is in it.
    fn piece(&self, value: &ast::Value, env: &Env<'_>, depth: u32) -> Option<(String, bool)> {
        let below = depth.checked_sub(1)?;
        Some(match &value.kind {
            ast::ValueKind::Text(parts) => {
                if let Some(text) = self.text(parts, env, below) {
                    return Some((text, true));
                }
                let mut made = String::new();
                for part in parts {
                    match part {
                        ast::TextPart::Raw(raw) => made.push_str(raw),
                        ast::TextPart::Path(path) => {
                            let Means::Value(value, env) = self.texts.named(path, env)? else {
                                return None;
                            };
                            made.push_str(&self.piece(value, &env, below)?.0);
                        }
                    }
                }
                (made, false)
            }
            ast::ValueKind::Block(text) | ast::ValueKind::Decimal(text) => (text.clone(), false),
            ast::ValueKind::Int(number) => (number.to_string(), false),
            ast::ValueKind::Bool(value) => (value.to_string(), false),
            ast::ValueKind::Size(bytes) => (bytes.to_string(), false),
            _ => return None,
        })
    }
}

fn fields_of(value: Option<&Value>) -> BTreeMap<String, Value> {
    match value {
        Some(Value::Map(map)) => map
            .iter()
            .map(|(k, v)| (k.to_string(), v.clone()))
            .collect(),
        Some(Value::Localized(text)) => text
            .iter()
            .map(|(locale, text)| (locale.to_owned(), Value::Text(Arc::from(text))))
            .collect(),
        _ => BTreeMap::new(),
    }
}

/// How many of the vendor's units a time is; thousandths of a second where there is no unit.
pub(super) fn count(span: Duration, unit: Option<Unit>) -> u64 {
    let one = unit
        .and_then(Unit::duration)
        .map_or(1, |one| one.as_millis());
    u64::try_from(span.as_millis() / one.max(1)).unwrap_or(u64::MAX)
}

//! Values that an export leaves to the tenant: `&{esv.…}`.
//!
//! In: JSON. Out: the names in it, and a parameter for each. Whole values are told from those that are a
//! part of a text; the product writes whole ones of other types as `{"$int": "&{…}"}`.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value as Json;
use wayfare::{Type, Value, model::signature::Setting};

use super::{draft::Param, ident::Taken, json, text};
use crate::bundle::Bundle;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// As it stands.
    Text(&'a str),
    /// The name in `&{…}`.
    Name(&'a str),
}

/// The parts of a text; one that is not closed is text.
pub(super) fn parts(of: &str) -> Vec<Part<'_>> {
    let mut made = Vec::new();
    let mut rest = of;
    while let Some((before, after)) = rest.split_once("&{") {
        let Some((name, behind)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
            let end = rest.len() - after.len();
            made.push(Part::Text(rest.get(..end).unwrap_or_default()));
            rest = after;
            continue;
        };
        if !before.is_empty() {
            made.push(Part::Text(before));
        }
        made.push(Part::Name(name));
        rest = behind;
    }
    if !rest.is_empty() {
        made.push(Part::Text(rest));
    }
    made
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 256
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// The name, where the whole value is one.
pub(super) fn whole(json: &Json) -> Option<&str> {
    let text = match json {
        Json::String(text) => text.as_str(),
        Json::Object(map) => {
            let mut entries = map.iter();
            let (key, value) = entries.next()?;
            if entries.next().is_some() || !key.starts_with('$') {
                return None;
            }
            value.as_str()?
        }
        _ => return None,
    };
    match parts(text).as_slice() {
        [Part::Name(name)] => text.get(2..2 + name.len()),
        _ => None,
    }
}

/// The identifiers of variables, one for each type that a variable is read with.
#[derive(Debug, Default)]
pub(super) struct Variables {
    /// By the name of the variable and the type.
    names: BTreeMap<(String, String), Arc<str>>,
}

impl Variables {
    /// The parameter for a variable where this setting is expected, with a name that begins so; whether its
    /// value is known.
    pub(super) fn parameter(
        &mut self,
        (name, begin): (&str, &str),
        setting: &Setting,
        bundle: &Bundle,
        taken: &mut Taken,
    ) -> (Arc<str>, Param, bool) {
        let ty = match &setting.ty {
            // A text with places in it is one text, whatever the setting takes.
            Type::LocalizedText => Type::Text,
            other => other.clone(),
        };
        let shown = ty.to_string();
        let key = (name.to_owned(), shown.clone());
        let ident = self.names.entry(key).or_insert_with(|| {
            let word: String = name
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() {
                        c.to_ascii_lowercase()
                    } else {
                        '_'
                    }
                })
                .collect();
            let word = if word.starts_with(|c: char| c.is_ascii_alphabetic()) {
                word
            } else {
                format!("esv_{word}")
            };
            let word = if word.starts_with(begin) {
                word
            } else {
                format!("{begin}{word}")
            };
            taken.take(&word, "esv")
        });
        let known = value_of(bundle, name)
            .filter(|_| ty != Type::Secret)
            .and_then(|value| fit(&value, setting, &ty));
        let is_known = known.is_some();
        let default = if ty == Type::Secret {
            None
        } else {
            known.or_else(|| stand_in(name, setting, &ty))
        };
        let param = Param {
            ty: shown,
            default: default.clone(),
            remark: Some(match &default {
                Some(value) if !is_known && !value.contains("&{") => {
                    format!("&{{{name}}}, whose value did not come along: this one {STANDS_IN}")
                }
                _ => format!("&{{{name}}}"),
            }),
        };
        (Arc::clone(ident), param, is_known || ty == Type::Secret)
    }
}

/// How the remark ends that stands above a parameter whose value nobody has said.
pub const STANDS_IN: &str = "stands in";

/// The text of a variable that came along.
fn value_of(bundle: &Bundle, name: &str) -> Option<String> {
    let id = name.replace('.', "-");
    let found = ["variables", "variable"]
        .iter()
        .filter_map(|kind| bundle.besides.get(*kind))
        .find_map(|all| all.get(id.as_str()))?;
    if let Some(value) = found.get("value").and_then(Json::as_str) {
        return Some(value.to_owned());
    }
    let encoded = found.get("valueBase64").and_then(Json::as_str)?;
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

fn fit(value: &str, setting: &Setting, ty: &Type) -> Option<String> {
    let read = match ty {
        Type::List(_) | Type::Map(_) | Type::Any => serde_json::from_str(value)
            .ok()
            .and_then(|json| json::read(&json, ty)),
        _ => json::read(&Json::from(value), ty),
    };
    let setting = Setting {
        ty: ty.clone(),
        ..setting.clone()
    };
    json::written(&setting.admit(&read?).ok()?)
}

/// What stands in for a value that did not come along: for a text its own placeholder, which no server
/// takes for anything else, and else the default of the setting or the least that it admits.
fn stand_in(name: &str, setting: &Setting, ty: &Type) -> Option<String> {
    if *ty == Type::Text && setting.allowed.is_empty() {
        return Some(text::quoted(&format!("&{{{name}}}")));
    }
    if let Some(preset) = setting.preset() {
        return json::written(&preset);
    }
    let least = setting.range.map_or(0, |(least, _)| least.max(0));
    let value = match ty {
        Type::Bool => Value::Bool(false),
        Type::Text | Type::LocalizedText => {
            Value::text(setting.allowed.first().map_or("", |word| &**word))
        }
        Type::List(_) => Value::List(Arc::from([])),
        Type::Map(_) => Value::Map(Arc::default()),
        Type::Any => Value::Null,
        Type::Secret => return None,
        Type::Int | Type::Decimal | Type::Duration | Type::Size => Value::Int(least),
    };
    let setting = Setting {
        ty: ty.clone(),
        ..setting.clone()
    };
    json::written(&setting.admit(&value).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_found_in_texts() {
        let made = parts("https://&{fqdn}/x?&{&{esv.a-b}");
        let wanted = [
            Part::Text("https://"),
            Part::Name("fqdn"),
            Part::Text("/x?&{"),
            Part::Name("esv.a-b"),
        ];
        assert_eq!(made, wanted);
        assert_eq!(whole(&json!("&{esv.a}")), Some("esv.a"));
        assert_eq!(whole(&json!({ "$int": "&{esv.a}" })), Some("esv.a"));
        assert_eq!(whole(&json!("x&{esv.a}")), None);
        assert_eq!(whole(&json!({ "int": "&{esv.a}" })), None);
    }
}

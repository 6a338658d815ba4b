//! The settings of a node, as its type takes them.
//!
//! In: the JSON of a node and the signature of its type. Out: what is written, with defaults and nulls left
//! out, and the values that decide which outcomes there are. What does not fit is said and left to the side
//! file; a secret never comes into the text.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use wayfare::{
    Signature, Type, Value,
    model::signature::{Outcomes, Preset, Setting},
    spelling,
};

use super::{
    draft::Param,
    json,
    shape::Values,
    text,
    tree::Cx,
    variable::{self, Part},
};
use crate::{bundle::Node, derive::derived_id, finding::Code};

/// The settings of a node.
#[derive(Debug, Clone, Default)]
pub(super) struct Filled {
    /// What is written, in the order of the signature.
    pub(super) written: Vec<(String, String)>,
    /// The values, defaults among them.
    pub(super) values: Values,
    /// Required ones that have no value.
    pub(super) missing: Vec<String>,
}

/// What became of a value.
enum Became {
    /// Nothing is written.
    LeftOut,
    /// This is written; a value where it is known.
    Written(String, Option<Value>),
    /// It does not fit, and why.
    Unfit(String),
}

/// Who has the settings: the node as people read it, the word for it in names of parameters, and its id.
#[derive(Debug, Clone, Copy)]
pub(super) struct Of<'a> {
    pub(super) shown: &'a str,
    pub(super) word: &'a str,
    pub(super) id: &'a str,
}

/// The id that the record of a node gives.
pub(super) fn id_of(node: &Node) -> &str {
    let id = node.record.get("_id").and_then(Json::as_str);
    id.unwrap_or_default()
}

impl Cx<'_, '_> {
    /// Fills the settings of a type.
    pub(super) fn fill(
        &mut self,
        signature: &Signature,
        json: &Map<String, Json>,
        of: Of<'_>,
    ) -> Filled {
        let derived = match &signature.outcomes {
            Outcomes::Authored { setting, .. } => setting.as_deref(),
            Outcomes::Fixed(_) | Outcomes::Bounded(_) | Outcomes::LastChild => None,
        };
        let mut filled = Filled::default();
        for setting in signature.settings.iter() {
            let key = &*setting.key;
            if Some(key) == derived {
                continue;
            }
            if let Some(preset) = setting.preset() {
                filled.values.insert(key.to_owned(), preset);
            }
            let given = json.get(key).unwrap_or(&Json::Null);
            match self.became(setting, given, of, signature, json) {
                Became::LeftOut => {
                    if setting.required && setting.preset().is_none() {
                        filled.missing.push(key.to_owned());
                    }
                }
                Became::Written(written, value) => {
                    filled.written.push((key.to_owned(), written));
                    if let Some(value) = value {
                        filled.values.insert(key.to_owned(), value);
                    }
                }
                Became::Unfit(why) => {
                    self.find(
                        Code::BadValue,
                        Some(of.shown),
                        format!("setting `{key}` {why}"),
                        None,
                    );
                    if setting.required && setting.preset().is_none() {
                        filled.missing.push(key.to_owned());
                    }
                }
            }
        }
        self.unknown(signature, json, of);
        filled
    }

    fn became(
        &mut self,
        setting: &Setting,
        given: &Json,
        of: Of<'_>,
        signature: &Signature,
        all: &Map<String, Json>,
    ) -> Became {
        if &*setting.key == "script" && setting.ty == Type::Text {
            // A script that is switched off is not run, and often is not there.
            let is_off = ["useScript", "useFilterScript"].iter().any(|key| {
                signature.setting(key).is_some()
                    && all.get(*key).and_then(Json::as_bool) != Some(true)
            });
            return match given {
                _ if is_off => Became::LeftOut,
                Json::String(id) => Became::Written(self.script(id, of.shown), None),
                _ => Became::LeftOut,
            };
        }
        if let Some(name) = variable::whole(given) {
            return Became::Written(self.variable(name, setting, of), setting.preset());
        }
        if setting.ty == Type::Secret {
            return self.secret(setting, given, of);
        }
        if given.is_null() {
            return Became::LeftOut;
        }
        if let Some(written) = self.with_variables(setting, given, of) {
            return Became::Written(written, None);
        }
        let Some(read) = json::read(given, &setting.ty) else {
            return Became::Unfit(format!("is no `{}`", setting.ty));
        };
        let value = match setting.admit(&read) {
            Ok(value) => value,
            Err(_) if is_blank(&read) => return Became::LeftOut,
            Err(unfit) => {
                let why = unfit.to_string();
                let why = why.strip_prefix(&format!("setting `{}` ", setting.key));
                return Became::Unfit(why.unwrap_or("does not fit").to_owned());
            }
        };
        let is_default = setting.preset().as_ref() == Some(&value);
        // What is empty says nothing where nothing is expected.
        let is_nothing = !setting.required && setting.default == Preset::None && is_blank(&value);
        if is_default || is_nothing {
            return Became::LeftOut;
        }
        match json::written(&value) {
            Some(written) => Became::Written(written, Some(value)),
            None => Became::Unfit("cannot be written".to_owned()),
        }
    }

    /// A secret as the parameter that stands for it.
    fn secret(&mut self, setting: &Setting, given: &Json, of: Of<'_>) -> Became {
        let is_given = match given {
            Json::Null => false,
            Json::String(text) => !text.is_empty(),
            _ => true,
        };
        if !is_given && !setting.required {
            return Became::LeftOut;
        }
        if is_given {
            self.find(
                Code::InlineSecret,
                Some(of.shown),
                format!("setting `{}` holds a secret as it is", setting.key),
                Some("give it to the parameter that stands in its place".to_owned()),
            );
        }
        Became::Written(self.secret_parameter(&setting.key, of), None)
    }

    /// A parameter for a secret of a node.
    pub(super) fn secret_parameter(&mut self, key: &str, of: Of<'_>) -> String {
        let begin = &self.whole.beside.secrets;
        let word = format!("{begin}{}_{}", of.word, super::ident::snake(key));
        let name = if begin.is_empty() {
            self.whole.values.take(&word, "secret")
        } else {
            let id = derived_id("secret", of.id);
            let id = id.split('-').next().unwrap_or_default();
            Arc::from(format!("{word}_{id}"))
        };
        let param = Param {
            ty: "Secret".to_owned(),
            default: None,
            remark: None,
        };
        self.params.insert(Arc::clone(&name), param);
        name.to_string()
    }

    /// The parameter that stands for a variable.
    pub(super) fn variable(&mut self, name: &str, setting: &Setting, of: Of<'_>) -> String {
        let bundle = self.whole.bundle;
        let whole = &mut *self.whole;
        let (ident, param, is_known) = whole.variables.parameter(
            (name, &whole.beside.variables),
            setting,
            bundle,
            &mut whole.values,
        );
        if !is_known {
            self.find(
                Code::UnboundVariable,
                Some(of.shown),
                format!("the value of `&{{{name}}}` did not come along"),
                Some(format!("bind the parameter `{ident}`")),
            );
        }
        self.params.insert(Arc::clone(&ident), param);
        ident.to_string()
    }

    /// A text with variables in it; none where there are none, or where the setting takes no text.
    fn with_variables(&mut self, setting: &Setting, given: &Json, of: Of<'_>) -> Option<String> {
        let has = |text: &str| {
            variable::parts(text)
                .iter()
                .any(|part| matches!(part, Part::Name(_)))
        };
        let text_setting = Setting {
            allowed: (&[]).into(),
            ..Setting::new(setting.key.clone(), Type::Text)
        };
        match (&setting.ty, given) {
            (Type::Text | Type::LocalizedText, Json::String(text)) if has(text) => {
                Some(self.interpolated(text, &text_setting, of))
            }
            (Type::LocalizedText | Type::Map(_), Json::Object(map))
                if map.values().any(|v| v.as_str().is_some_and(has)) =>
            {
                let mut entries = Vec::new();
                for (key, value) in map {
                    let value = value.as_str()?;
                    let written = self.interpolated(value, &text_setting, of);
                    entries.push(format!("{} = {written}", text::key(key)));
                }
                Some(format!("{{ {} }}", entries.join(", ")))
            }
            (Type::List(_), Json::Array(list))
                if list.iter().any(|v| v.as_str().is_some_and(has)) =>
            {
                let mut items = Vec::new();
                for value in list {
                    items.push(self.interpolated(value.as_str()?, &text_setting, of));
                }
                Some(format!("[{}]", items.join(", ")))
            }
            _ => None,
        }
    }

    fn interpolated(&mut self, of_text: &str, setting: &Setting, of: Of<'_>) -> String {
        let parts = variable::parts(of_text);
        if let [Part::Name(name)] = parts.as_slice() {
            return self.variable(name, setting, of);
        }
        let mut made = String::from("\"");
        for part in parts {
            match part {
                Part::Text(text) => text::escape(text, &mut made),
                Part::Name(name) => {
                    let name = self.variable(name, setting, of);
                    made.push_str("${");
                    made.push_str(&name);
                    made.push('}');
                }
            }
        }
        made.push('"');
        made
    }

    /// Says which settings the type has not.
    fn unknown(&mut self, signature: &Signature, json: &Map<String, Json>, of: Of<'_>) {
        for (key, value) in json {
            if value.is_null() || signature.setting(key).is_some() || key.starts_with('_') {
                continue;
            }
            if let Some(of_secret) = key.strip_suffix("-encrypted")
                && signature.setting(of_secret).is_some()
            {
                self.find(
                    Code::InlineSecret,
                    Some(of.shown),
                    format!("setting `{key}` holds a secret that only its tenant can read"),
                    None,
                );
                continue;
            }
            let known = signature.settings.iter().map(|setting| &*setting.key);
            let meant = spelling::nearest(key, known.filter(|known| !json.contains_key(*known)));
            let help = meant.map(|meant| format!("did you mean `{meant}`?"));
            let name = &signature.name;
            self.find(
                Code::UnknownSetting,
                Some(of.shown),
                format!("`{name}` has no setting `{}`", text::remark(key)),
                help,
            );
        }
    }
}

/// Whether a value of an export is one that a setting takes: of its type, among its words, within its range.
///
/// What is empty fits anywhere, as what a variable is part of does, and a secret is not looked at. This is how
/// an import reads values, as lenient as the product is about numbers in quotes.
///
/// ```
/// use serde_json::json;
/// use wayfare::{Type, model::signature::Setting};
///
/// let mut tries = Setting::new("retryLimit", Type::Int);
/// tries.range = Some((1, 10));
/// assert!(wayfare_import::fits(&tries, &json!(3)));
/// assert!(wayfare_import::fits(&tries, &json!("3")));
/// assert!(wayfare_import::fits(&tries, &json!({ "$int": "&{esv.tries}" })));
/// assert!(!wayfare_import::fits(&tries, &json!(11)));
/// ```
pub fn fits(setting: &Setting, given: &Json) -> bool {
    let varies = |json: &Json| json.as_str().is_some_and(|text| text.contains("&{"));
    let is_left_open = match given {
        Json::Array(list) => list.iter().any(varies),
        Json::Object(map) => map.values().any(varies),
        other => varies(other),
    };
    if setting.ty == Type::Secret || given.is_null() || is_left_open {
        return true;
    }
    json::read(given, &setting.ty)
        .is_some_and(|value| is_blank(&value) || setting.admit(&value).is_ok())
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.is_empty(),
        Value::Localized(text) => text.is_empty(),
        Value::List(list) => list.is_empty(),
        Value::Map(map) => map.is_empty(),
        _ => false,
    }
}

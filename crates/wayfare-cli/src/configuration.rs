//! The `wayfare.toml` beside journeys that were imported.
//!
//! In: the texts of the journeys and the values that came along. Out: a file with which they can be served
//! at once, and a list of what is missing for it. Secrets are named and never written.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use wayfare::{
    Source, SourceMap, Span,
    ast::{Item, Journey, TypeKind, ValueKind},
};
use wayfare_import::STANDS_IN;

/// The journey that somebody who just comes to log in is most likely to mean, in this order.
const WELCOMES: &[&str] = &["login", "sign", "auth"];

/// A parameter that the journeys declare and give no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Its name.
    pub(crate) name: String,
    /// What can stand for it until somebody knows better; `None` where the file cannot hold a value of its
    /// type, as of a secret.
    value: Option<&'static str>,
    /// What a value of its type looks like in the file.
    shown: Option<Cow<'static, str>>,
    /// Its type as it is written.
    ty: String,
}

/// What the journeys say of themselves.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// The journeys that can be begun, by folder and by their names on the wire.
    journeys: BTreeSet<(String, String)>,
    /// The parameters without a default, by folder and name.
    pub(crate) parameters: BTreeMap<(String, String), Missing>,
}

impl Declared {
    /// Reads the texts.
    pub(crate) fn of(files: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut declared = Self::default();
        for (path, bytes) in files {
            if !path.ends_with(".journey") {
                continue;
            }
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let source = Source::new(path.as_str(), String::from_utf8_lossy(bytes).into_owned());
            let id = SourceMap::default().add(source.clone());
            for item in wayfare::syntax::parse(&source, id).file.items {
                declared.item(folder, item, &source);
            }
        }
        declared
    }

    fn item(&mut self, folder: &str, item: Item, source: &Source) {
        match item {
            Item::Journey(journey) if !is_inner(&journey) => {
                let name = journey.wire_name.unwrap_or(journey.name).text;
                self.journeys.insert((folder.to_owned(), name));
            }
            Item::Parameter(parameter) => {
                let text = |span: Span| {
                    let text = source.text().get(span.start as usize..span.end as usize);
                    text.unwrap_or_default().to_owned()
                };
                let default = parameter.default.as_ref().map(|value| text(value.span));
                // A variable of the tenant stands for itself until somebody says its value, or a value stands
                // in that was not the tenant's.
                let above = text(Span::new(
                    parameter.span.source,
                    0,
                    parameter.span.start as usize,
                ));
                let stands_in = above.trim_end().ends_with(STANDS_IN);
                if let Some(default) = &default
                    && !default.contains("&{")
                    && !stands_in
                {
                    return;
                }
                let missing = Missing {
                    name: parameter.name.text.clone(),
                    value: stand_in(&parameter.ty.kind).filter(|_| default.is_none()),
                    shown: match &default {
                        Some(default) if stands_in && is_plain(default) => {
                            Some(Cow::Owned(default.clone()))
                        }
                        _ => stand_in(&parameter.ty.kind).map(Cow::Borrowed),
                    },
                    ty: text(parameter.ty.span),
                };
                let key = (folder.to_owned(), parameter.name.text);
                self.parameters.insert(key, missing);
            }
            _ => {}
        }
    }

    /// The journey of a folder that runs where none is asked for.
    fn welcome(&self, folder: &str) -> Option<&str> {
        let of_folder = self.journeys.iter().filter(|(of, _)| of == folder);
        let names: Vec<&str> = of_folder.map(|(_, name)| name.as_str()).collect();
        let exact = names.iter().find(|name| **name == "Login");
        let likely = || {
            let with = |word: &str| names.iter().find(|name| name.to_lowercase().contains(word));
            WELCOMES.iter().find_map(|word| with(word))
        };
        exact.or_else(likely).or_else(|| names.first()).copied()
    }

    /// The file: the journeys of each folder, served in its realm.
    pub(crate) fn file(&self, realms: &BTreeMap<String, String>) -> String {
        let mut text = String::from(
            "# Made by `wayfare import`, which does not write over it.\n\n\
             [server]\nlisten = \"127.0.0.1:8080\"\n",
        );
        for (realm, folder) in realms {
            self.realm(&mut text, realm, folder);
        }
        text
    }

    fn realm(&self, text: &mut String, realm: &str, folder: &str) {
        let realm = format!("realms.{}", quoted(realm));
        let path = if folder.is_empty() { "." } else { folder };
        // Writing into a string cannot fail.
        let _ = writeln!(text, "\n[{realm}]\njourneys = [{}]", quoted(path));
        if let Some(default) = self.welcome(folder) {
            let _ = writeln!(text, "default = {}", quoted(default));
        }
        text.push_str(
            "# Makes the user `demo` with the password `Ch4ng31t` at the first start; take it out before others come.\n\
             demo_user = true\n\
             # What is missing fails where a run comes to it, and is told at the start; take it out when nothing is.\n\
             incomplete = true\n",
        );
        let of_folder = self.parameters.iter().filter(|((of, _), _)| of == folder);
        let parameters: Vec<&Missing> = of_folder.map(|(_, parameter)| parameter).collect();
        if parameters.is_empty() {
            return;
        }
        let _ = writeln!(
            text,
            "\n# The journeys name these values, and the export does not hold them: put in yours.\n[{realm}.params]"
        );
        for parameter in parameters {
            let Missing {
                name,
                value,
                shown,
                ty,
            } = parameter;
            let _ = match (value, shown) {
                (Some(value), _) => writeln!(text, "{name} = {value} # {ty}"),
                (None, Some(shown)) => writeln!(text, "# {name} = {shown} # {ty}"),
                (None, None) if ty == "Secret" => {
                    writeln!(
                        text,
                        "# {name} = {{ env = {} }}",
                        quoted(&name.to_uppercase())
                    )
                }
                (None, None) => writeln!(text, "# {name}: {ty}"),
            };
        }
    }
}

/// Whether only other journeys call it.
fn is_inner(journey: &Journey) -> bool {
    let mut settings = journey.body.settings.iter();
    settings.any(|setting| {
        setting.key.text == "innerTreeOnly" && matches!(setting.value.kind, ValueKind::Bool(true))
    })
}

/// Whether a value is written in a configuration as it is in a journey.
fn is_plain(value: &str) -> bool {
    matches!(value, "true" | "false") || value.parse::<f64>().is_ok()
}

/// A value of a type as the file has it.
fn stand_in(ty: &TypeKind) -> Option<&'static str> {
    match ty {
        TypeKind::Named(name) => match name.as_str() {
            "Text" | "Url" => Some("\"\""),
            "Int" => Some("0"),
            "Decimal" => Some("0.0"),
            "Bool" => Some("false"),
            _ => None,
        },
        TypeKind::List(_) => Some("[]"),
        TypeKind::Map(_) => None,
    }
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                // Writing into a string cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wayfare_server::config::{Config, DefaultJourney};

    use super::*;

    fn declared(text: &str) -> Declared {
        let files = BTreeMap::from([("a.journey".to_owned(), text.as_bytes().to_vec())]);
        Declared::of(&files)
    }

    fn realm(name: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), String::new())])
    }

    #[test]
    fn parameters_without_a_value_are_named_and_secrets_are_not_written() {
        let declared = declared(
            "param esv_key: Secret\nparam esv_url: Text\nparam esv_n: Int\nparam esv_list: [Text]\n\
             param esv_set: Int = 5\nparam esv_host: Text = \"&{esv.host}\"\n\
             journey sign_in \"Sign in\" {\n}\njourney inner {\n  innerTreeOnly = true\n}\n",
        );
        let file = declared.file(&realm("/alpha"));
        assert!(file.contains("default = \"Sign in\"\n"), "{file}");
        assert!(file.contains("esv_url = \"\" # Text\n"), "{file}");
        assert!(file.contains("esv_n = 0 # Int\n"), "{file}");
        assert!(file.contains("esv_list = [] # [Text]\n"), "{file}");
        assert!(
            file.contains("# esv_key = { env = \"ESV_KEY\" }\n"),
            "{file}"
        );
        assert!(file.contains("# esv_host = \"\" # Text\n"), "{file}");
        assert!(!file.contains("esv_set"), "{file}");
        let read = Config::parse("a", &file, Path::new("")).unwrap();
        let alpha = read
            .realms
            .get(&wayfare::Realm::parse("/alpha").unwrap())
            .unwrap();
        assert_eq!(alpha.params.len(), 3);
        assert!(alpha.incomplete && alpha.demo_user);
    }

    #[test]
    fn what_is_called_login_welcomes() {
        let of = |names: &[&str]| {
            let journeys = names.iter().map(|name| (String::new(), (*name).to_owned()));
            let declared = Declared {
                journeys: journeys.collect(),
                parameters: BTreeMap::new(),
            };
            declared.welcome("").map(str::to_owned)
        };
        assert_eq!(of(&["A", "Login", "MyLogin"]).as_deref(), Some("Login"));
        assert_eq!(of(&["A", "Sign in", "XLogin"]).as_deref(), Some("XLogin"));
        assert_eq!(of(&["A", "B"]).as_deref(), Some("A"));
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn names_of_others_are_no_lines_of_the_file() {
        let journeys = BTreeSet::from([(String::new(), "a\"\n[server]\nx = \"\\".to_owned())]);
        let declared = Declared {
            journeys,
            parameters: BTreeMap::new(),
        };
        let file = declared.file(&realm("/alpha"));
        let read = Config::parse("a", &file, Path::new("")).unwrap();
        let alpha = read
            .realms
            .get(&wayfare::Realm::parse("/alpha").unwrap())
            .unwrap();
        let expected = DefaultJourney::Named("a\"\n[server]\nx = \"\\".to_owned());
        assert_eq!(alpha.default, expected);
    }
}

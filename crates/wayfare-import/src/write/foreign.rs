//! Types that the catalogue does not know, as an `extern` each.
//!
//! In: every node of such a type in a bundle. Out: its declaration: settings by the values that were seen,
//! outcomes by what the nodes list and wire. What such a type asks, reads, writes and proves nobody says, so
//! nothing of it is declared. A type that was designed in the product came with its script, and runs it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use serde_json::Value as Json;
use wayfare::{Catalog, Type, model::signature::Setting};

use super::{
    ident::{self, Taken},
    json, text, variable,
};
use crate::bundle::{Bundle, Node, Place};

/// Words in the names of settings that hold secrets.
const SECRETS: &[&str] = &[
    "password",
    "secret",
    "apikey",
    "token",
    "privatekey",
    "credential",
];

/// Whether a setting is a secret, as far as its name tells.
pub fn names_secret(key: &str) -> bool {
    let lower = key.to_ascii_lowercase();
    SECRETS.iter().any(|word| lower.contains(word))
}

/// A declared type.
#[derive(Debug, Clone, Default)]
pub(super) struct Foreign {
    /// Its name in text.
    pub(super) name: Arc<str>,
    /// Its id.
    pub(super) wire: Arc<str>,
    /// Its settings by key.
    pub(super) settings: BTreeMap<String, Seen>,
    /// Its outcomes where every node has the same; none where they differ.
    pub(super) outcomes: Option<Vec<String>>,
    /// What came along of its design.
    pub(super) designed: Option<Designed>,
}

/// A type that was designed in the product.
#[derive(Debug, Clone, Default)]
pub(super) struct Designed {
    /// What it is for.
    pub(super) description: String,
    /// The text of its script.
    pub(super) script: String,
    /// The path of the file of its script.
    pub(super) path: String,
}

impl Designed {
    /// None where its script did not come along.
    fn of(record: &Json) -> Option<Self> {
        let script = match record.get("script")? {
            Json::String(text) => text.clone(),
            Json::Array(lines) => {
                let lines: Option<Vec<&str>> = lines.iter().map(Json::as_str).collect();
                lines?.join("\n")
            }
            _ => return None,
        };
        let description = record.get("description").and_then(Json::as_str);
        let description = description.unwrap_or("").split_whitespace();
        Some(Self {
            description: description.collect::<Vec<_>>().join(" "),
            script,
            path: String::new(),
        })
    }
}

/// A setting as it was seen.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) ty: Kind,
    /// Whether some node has none.
    pub(super) may_lack: bool,
}

/// The type of a value, as far as values tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// No value was seen that tells.
    Unknown,
    Plain(Type),
    List(Box<Kind>),
    Map(Box<Kind>),
    Any,
}

impl Kind {
    // BOUND: readers hold nesting to 64.
    fn of(json: &Json) -> Self {
        match json {
            Json::Null => Self::Unknown,
            Json::Bool(_) => Self::Plain(Type::Bool),
            Json::Number(_) if json::read(json, &Type::Int).is_some() => Self::Plain(Type::Int),
            Json::Number(_) => Self::Plain(Type::Decimal),
            Json::String(_) => Self::Plain(Type::Text),
            Json::Array(list) => Self::List(Box::new(
                list.iter().map(Self::of).fold(Self::Unknown, Self::join),
            )),
            // A place for a value within another value is text like all else: only whole settings are bound.
            Json::Object(map) => Self::Map(Box::new(
                map.values().map(Self::of).fold(Self::Unknown, Self::join),
            )),
        }
    }

    fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, one) | (one, Self::Unknown) => one,
            (Self::List(a), Self::List(b)) => Self::List(Box::new(a.join(*b))),
            (Self::Map(a), Self::Map(b)) => Self::Map(Box::new(a.join(*b))),
            (Self::Plain(Type::Int), Self::Plain(Type::Decimal))
            | (Self::Plain(Type::Decimal), Self::Plain(Type::Int)) => Self::Plain(Type::Decimal),
            (a, b) if a == b => a,
            _ => Self::Any,
        }
    }

    pub(super) fn ty(&self) -> Type {
        match self {
            Self::Unknown | Self::Any => Type::Any,
            Self::Plain(ty) => ty.clone(),
            Self::List(of) => Type::List(Arc::new(of.ty())),
            Self::Map(of) => Type::Map(Arc::new(of.ty())),
        }
    }
}

impl Seen {
    /// The setting as nodes fill it.
    pub(super) fn setting(&self, key: &str) -> Setting {
        Setting {
            required: !self.may_lack,
            ..Setting::new(key.to_owned(), self.ty.ty())
        }
    }
}

/// Every type of a bundle that the catalogue does not know, by its id.
pub(super) fn foreign(bundle: &Bundle, catalog: &Catalog) -> BTreeMap<Arc<str>, Foreign> {
    let mut nodes: BTreeMap<&Arc<str>, Vec<&Node>> = BTreeMap::new();
    let shown = designed(bundle);
    for tree in bundle.trees.values() {
        for node in tree.nodes.values() {
            let is_known = catalog.find_wire(&node.ty).is_some();
            if is_known || !node.found || node.place == Place::Loose || node.ty.is_empty() {
                continue;
            }
            nodes.entry(&node.ty).or_default().push(node);
        }
    }
    let mut taken = Taken::default();
    nodes
        .into_iter()
        .map(|(wire, nodes)| {
            let said = shown.get(&**wire).and_then(|record| read_as(record));
            let name = name(wire, said, catalog, &mut taken);
            let made = Foreign {
                name,
                wire: Arc::clone(wire),
                settings: settings(&nodes),
                outcomes: outcomes(&nodes),
                designed: shown.get(&**wire).and_then(|record| Designed::of(record)),
            };
            (Arc::clone(wire), made)
        })
        .collect()
}

/// The records of types that were designed in the product, by type.
fn designed(bundle: &Bundle) -> BTreeMap<String, &Json> {
    let mut found = BTreeMap::new();
    for (id, ty) in bundle.besides.get("nodeTypes").into_iter().flatten() {
        let service = ty.get("serviceName").and_then(Json::as_str).unwrap_or(id);
        found.insert(format!("designer-{service}"), ty);
    }
    found
}

/// What people read of a type.
fn read_as(record: &Json) -> Option<&str> {
    let said = |key: &str| record.get(key).and_then(Json::as_str);
    said("displayName").or_else(|| said("name"))
}

/// The name in text: the id without `Node`, or what people read where the id is no word.
fn name(wire: &str, shown: Option<&str>, catalog: &Catalog, taken: &mut Taken) -> Arc<str> {
    let short = wire.strip_suffix("Node").unwrap_or(wire);
    let is_designed = wire.starts_with("designer-");
    let is_word = text::is_key(short) && short.starts_with(|c: char| c.is_ascii_uppercase());
    let word = match shown.map(ident::camel).filter(|word| !word.is_empty()) {
        Some(word) if is_designed => word,
        _ if is_word => short.to_owned(),
        _ if is_designed && text::is_key(short) && short.len() <= 24 => ident::camel(short),
        _ if is_designed => "Designed".to_owned(),
        _ => ident::camel(short),
    };
    let word = if word.starts_with(|c: char| c.is_ascii_uppercase()) {
        word
    } else {
        format!("Type{word}")
    };
    let is_taken = |word: &str| catalog.find(word).is_some() || word == "Page";
    let word = if is_taken(&word) {
        format!("{word}Foreign")
    } else {
        word
    };
    taken.take(&word, "Foreign")
}

fn settings(nodes: &[&Node]) -> BTreeMap<String, Seen> {
    let mut made: BTreeMap<String, Seen> = BTreeMap::new();
    let keys: BTreeSet<&String> = nodes.iter().flat_map(|node| node.settings.keys()).collect();
    for key in keys {
        if !text::is_key(key) || key.contains('-') || ident::is_reserved(key) {
            continue;
        }
        let values = nodes.iter().map(|node| node.settings.get(key));
        let mut kind = Kind::Unknown;
        let mut may_lack = false;
        for value in values {
            may_lack |= value.is_none_or(Json::is_null);
            // Of a place for a value nobody knows the type, but a text.
            let value = value.filter(|value| variable::whole(value).is_none());
            kind = kind.join(value.map_or(Kind::Unknown, Kind::of));
        }
        if names_secret(key) && kind == Kind::Plain(Type::Text) {
            kind = Kind::Plain(Type::Secret);
        }
        if kind == Kind::Unknown {
            let is_place = |node: &&Node| {
                node.settings
                    .get(key)
                    .is_some_and(|v| variable::whole(v).is_some())
            };
            if !nodes.iter().any(is_place) {
                continue;
            }
            kind = Kind::Plain(Type::Text);
        }
        // A number that no `Decimal` holds is said of its node and stays in the side file, so that node has
        // nothing to write.
        let ty = kind.ty();
        may_lack |= ty != Type::Secret
            && nodes.iter().any(|node| {
                let value = node.settings.get(key);
                let value = value.filter(|value| variable::whole(value).is_none());
                value.is_some_and(|value| json::read(value, &ty).is_none())
            });
        made.insert(key.clone(), Seen { ty: kind, may_lack });
    }
    made
}

/// The outcomes of a node of an unknown type: those that it lists, and those that it wires.
pub(super) fn outcomes_of(node: &Node) -> Vec<String> {
    let mut made: Vec<String> = Vec::new();
    let listed = node.outcomes();
    let listed = listed.iter().map(|(id, _)| *id);
    for name in listed.chain(node.connections.keys().map(|name| &**name)) {
        if !made.iter().any(|known| known == name) {
            made.push(name.to_owned());
        }
    }
    made
}

fn outcomes(nodes: &[&Node]) -> Option<Vec<String>> {
    let mut all = nodes.iter().map(|node| outcomes_of(node));
    let first = all.next()?;
    let same: BTreeSet<&String> = first.iter().collect();
    let agree = all.all(|other| other.iter().collect::<BTreeSet<_>>() == same);
    (agree && !first.is_empty()).then_some(first)
}

/// The declarations, a line each.
pub(super) fn declarations(types: &BTreeMap<Arc<str>, Foreign>) -> String {
    let mut out = String::new();
    for ty in types.values() {
        let designed = ty.designed.as_ref();
        if let Some(said) = designed.filter(|designed| !designed.description.is_empty()) {
            let _ = writeln!(out, "/// {}", text::remark(&said.description));
        }
        let _ = write!(out, "extern {} {}", ty.name, text::quoted(&ty.wire));
        let settings: Vec<String> = ty
            .settings
            .iter()
            .map(|(key, seen)| {
                let lack = if seen.may_lack { " = null" } else { "" };
                format!("{key}: {}{lack}", seen.ty.ty())
            })
            .collect();
        if !settings.is_empty() {
            let _ = write!(out, " ({})", settings.join(", "));
        }
        let outcomes = match &ty.outcomes {
            Some(names) => {
                let names: Vec<String> = names.iter().map(|name| text::outcome(name)).collect();
                names.join(" | ")
            }
            None => "*".to_owned(),
        };
        let _ = write!(out, " -> {outcomes}");
        match designed {
            Some(designed) => {
                let path = text::quoted(&designed.path);
                let _ = writeln!(out, " {{\n  runs file({path})\n}}");
            }
            None => out.push('\n'),
        }
    }
    super::draft::formatted("externs", out)
}

//! What may stand in a tree, a node and a script.
//!
//! In: the object that a client sent. Out: the object as it is kept, or a refusal in the product's words,
//! which clients read: they take the members away that are named as not valid, and try again.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json, json};
use wayfare::{Catalog, Type};
use wayfare_wire::am::{
    configuration::{Body, is_name},
    error::Refusal,
};

use super::{
    secrets,
    types::{self, NodeType, titled},
    version_of,
};
use crate::{
    programs::{
        stored::{Stored, entries, member, member_of, node},
        written::Written,
    },
    store::configured::{Key, Kind},
};

/// What the product says where no script was chosen yet.
const NO_SCRIPT: &str = "[Empty]";

/// The members of a tree, each with a value that fits.
const TREE: &[(&str, Shape)] = &[
    ("description", Shape::Text),
    ("enabled", Shape::Flag),
    ("entryNodeId", Shape::Text),
    ("identityResource", Shape::Text),
    ("innerTreeOnly", Shape::Flag),
    ("maximumIdleTime", Shape::Number),
    ("maximumSessionTime", Shape::Number),
    ("mustRun", Shape::Flag),
    ("noSession", Shape::Flag),
    ("nodes", Shape::Object),
    ("staticNodes", Shape::Object),
    ("transactionalOnly", Shape::Flag),
    ("treeTimeout", Shape::Number),
    ("uiConfig", Shape::Object),
];

/// The members of a script.
const SCRIPT: &[(&str, Shape)] = &[
    ("context", Shape::Text),
    ("createdBy", Shape::Text),
    ("creationDate", Shape::Number),
    ("default", Shape::Flag),
    ("description", Shape::Text),
    ("evaluatorVersion", Shape::Text),
    ("exports", Shape::List),
    ("language", Shape::Text),
    ("lastModifiedBy", Shape::Text),
    ("lastModifiedDate", Shape::Number),
    ("name", Shape::Text),
    ("script", Shape::Text),
];

/// What a value is, as far as JSON goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Flag,
    Number,
    Text,
    List,
    Object,
    Any,
}

impl Shape {
    fn of(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Flag,
            Type::Int | Type::Duration | Type::Size | Type::Decimal => Self::Number,
            Type::Text | Type::Secret => Self::Text,
            Type::List(_) => Self::List,
            Type::Map(_) => Self::Object,
            // A text, or one for each language.
            Type::LocalizedText | Type::Any => Self::Any,
        }
    }

    /// Whether a value fits: what is not there fits anywhere, and so does what a variable stands for.
    fn takes(self, value: &Json) -> bool {
        let variable = match value {
            Json::String(text) => text.contains("&{"),
            Json::Object(map) => map.len() == 1 && map.keys().all(|key| key.starts_with('$')),
            _ => false,
        };
        let own = match self {
            Self::Flag => value.is_boolean(),
            // Older versions wrote numbers as texts.
            Self::Number => {
                value.is_number()
                    || value.as_str().is_some_and(|text| {
                        text.is_empty() || text.trim().parse::<f64>().is_ok_and(f64::is_finite)
                    })
            }
            Self::Text => value.is_string(),
            Self::List => value.is_array(),
            Self::Object => value.is_object(),
            Self::Any => true,
        };
        value.is_null() || variable || own
    }
}

/// What is looked at besides the object itself.
pub(super) struct Looked<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) stored: &'a Stored,
    pub(super) written: &'a Written,
    /// The version that the path names.
    pub(super) version: Option<&'a str>,
}

impl Looked<'_> {
    /// The object as it is kept.
    pub(super) fn fit(&self, key: &Key, mut body: Body) -> Result<Body, Refusal> {
        body.remove("_id");
        body.remove("_rev");
        match key.kind {
            Kind::Tree => tree(body),
            Kind::Script => self.script(key, body),
            Kind::Node => self.node(key, body),
        }
    }

    fn has(&self, key: &Key) -> bool {
        self.stored.get(key).is_some() || self.written.get(key).is_some()
    }

    fn script(&self, key: &Key, mut body: Body) -> Result<Body, Refusal> {
        body.retain(|name, _| !name.starts_with('_'));
        shaped(&body, SCRIPT)?;
        let name = member(&body, "name");
        if name.trim().is_empty() || name.chars().any(char::is_control) {
            return Err(Refusal::Unfit("Script name must be provided".to_owned()));
        }
        let language = member(&body, "language");
        if !matches!(language, "JAVASCRIPT" | "GROOVY") {
            return Err(Refusal::Unfit(format!(
                "Scripting language not supported: {language}"
            )));
        }
        let text = STANDARD.decode(member(&body, "script").trim());
        if text
            .ok()
            .and_then(|text| String::from_utf8(text).ok())
            .is_none()
        {
            return Err(Refusal::Unfit("Script must be base 64 encoded".to_owned()));
        }
        let texts = self.written.of_kind(Kind::Script);
        let stored = self.stored.of(Kind::Script);
        let named = texts.chain(stored.map(|(key, row)| (key, &row.body)));
        for (other, script) in named {
            if other.id != key.id && member(script, "name") == name {
                return Err(Refusal::Conflict(format!(
                    "Script with name {name} already exist in realm"
                )));
            }
        }
        Ok(body)
    }

    fn node(&self, key: &Key, mut body: Body) -> Result<Body, Refusal> {
        let ty = types::find(self.catalog, &key.ty).ok_or(Refusal::NotFound)?;
        let sent = version_of(&body).to_owned();
        let version = self.version.unwrap_or(&sent);
        if !ty.has_version(version) {
            return Err(Refusal::Unfit(format!(
                "Version {version} of node type {} does not exist",
                ty.wire
            )));
        }
        let version = version.to_owned();
        let outcomes = body.remove("_outcomes").filter(Json::is_array);
        let nulls = body.iter().filter(|(_, value)| value.is_null());
        let nulls = nulls.map(|(name, _)| name.clone()).collect();
        body.retain(|name, value| !name.starts_with('_') && !value.is_null());
        if let Some(settings) = ty.settings() {
            let shapes: Vec<(&str, Shape)> = settings
                .iter()
                .map(|setting| (&*setting.key, Shape::of(&setting.ty)))
                .collect();
            shaped(&body, &shapes)?;
            // A word that is none of the choices would stand for the default, and may be weaker than meant.
            for setting in &settings {
                let is_bound = !setting.allowed.is_empty() || setting.range.is_some();
                let given = body.get(&*setting.key).filter(|_| is_bound);
                if given.is_some_and(|given| !wayfare_import::fits(setting, given)) {
                    return Err(invalid(&titled(&setting.key)));
                }
            }
        }
        if ty.wire == types::PAGE {
            self.page(&ty, &body)?;
        }
        let script = member(&body, "script");
        if !script.is_empty() && script != NO_SCRIPT && !script.contains("&{") {
            let script = Key {
                kind: Kind::Script,
                ty: String::new(),
                id: script.to_owned(),
            };
            if !self.has(&script) {
                return Err(invalid("Script"));
            }
        }
        let old = self.stored.get(key).map(|row| &row.body);
        secrets::forget(&ty, &mut body, &nulls, old);
        let told = json!({ "_id": ty.wire, "version": version });
        body.insert("_type".to_owned(), told);
        if let Some(outcomes) = outcomes {
            body.insert("_outcomes".to_owned(), outcomes);
        }
        Ok(body)
    }

    /// The nodes in a page are there, and such as may stand in one.
    fn page(&self, page: &NodeType<'_>, body: &Body) -> Result<(), Refusal> {
        let mut seen = std::collections::BTreeSet::new();
        for child in entries(body) {
            let (ty, id) = (member_of(child, "nodeType"), member_of(child, "_id"));
            if !is_name(ty) || !is_name(id) || !seen.insert(id) {
                return Err(invalid("Nodes"));
            }
            if ty == page.wire || ty == "InnerTreeEvaluatorNode" {
                return Err(Refusal::Unfit(format!("Illegal child node type: {ty}")));
            }
            if !self.has(&node(ty, id)) {
                return Err(Refusal::Unfit(format!("Node does not exist: {id}")));
            }
        }
        Ok(())
    }
}

fn invalid(attribute: &str) -> Refusal {
    Refusal::Unfit(format!(
        "Data validation failed for the attribute, {attribute}"
    ))
}

/// Every member is one of these, and has a value that fits.
fn shaped(body: &Body, shapes: &[(&str, Shape)]) -> Result<(), Refusal> {
    let find = |name: &str| shapes.iter().find(|(known, _)| *known == name);
    if body.keys().any(|name| find(name).is_none()) {
        let mut valid: Vec<String> = shapes.iter().map(|(name, _)| (*name).to_owned()).collect();
        valid.sort();
        return Err(Refusal::Attribute(valid));
    }
    for (name, value) in body {
        if find(name).is_some_and(|(_, shape)| !shape.takes(value)) {
            return Err(invalid(&titled(name)));
        }
    }
    Ok(())
}

fn tree(mut body: Body) -> Result<Body, Refusal> {
    body.retain(|name, _| !name.starts_with('_'));
    shaped(&body, TREE)?;
    if member(&body, "entryNodeId").is_empty() {
        let message = "Node with ID entryNodeId must exist in the tree.";
        return Err(Refusal::Unfit(message.to_owned()));
    }
    let nodes = body.get("nodes").and_then(Json::as_object);
    for (id, entry) in nodes.into_iter().flatten() {
        let connections = match entry.get("connections") {
            None => true,
            Some(Json::Object(map)) => map.values().all(Json::is_string),
            Some(_) => false,
        };
        if !is_name(id) || !is_name(member_of(entry, "nodeType")) || !connections {
            return Err(invalid("Nodes"));
        }
    }
    if let Json::Object(defaults) = tree_template() {
        for (name, value) in defaults {
            body.entry(name).or_insert(value);
        }
    }
    Ok(body)
}

/// What stands in a new tree.
pub(super) fn tree_template() -> Json {
    json!({
        "enabled": true,
        "innerTreeOnly": false,
        "mustRun": false,
        "noSession": false,
        "nodes": {},
        "staticNodes": {},
        "transactionalOnly": false,
    })
}

/// What may stand in a tree.
pub(super) fn tree_schema() -> Json {
    let mut properties = Map::new();
    let mut order = 0_u32;
    for (name, shape) in TREE {
        order += 100;
        let ty = match shape {
            Shape::Flag => "boolean",
            Shape::Number => "integer",
            Shape::Text => "string",
            Shape::List => "array",
            Shape::Object | Shape::Any => "object",
        };
        let told = json!({
            "title": titled(name),
            "description": "",
            "propertyOrder": order,
            "type": ty,
            "exampleValue": "",
        });
        properties.insert((*name).to_owned(), told);
    }
    json!({ "type": "object", "properties": properties, "required": ["entryNodeId", "nodes"] })
}

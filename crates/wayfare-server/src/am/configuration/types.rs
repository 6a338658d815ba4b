//! Node types as the product tells them: what may stand in a node, what stands in a new one, how it ends.
//!
//! In: a signature of the catalogue, or the mere name of a type of a partner. Out: JSON. Titles are made of
//! the keys, as the catalogue keeps none; what a partner's type takes, nobody knows, so it takes anything.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use wayfare::{
    Catalog, Setting, Signature, Type,
    catalogue::{families, partners},
    model::signature::{Condition, Outcomes, Preset},
};
use wayfare_wire::am::configuration::Body;

/// The type of pages.
pub(super) const PAGE: &str = "PageNode";

/// The language's own types, which have no counterpart in the product.
const OF_LANGUAGE: [&str; 2] = ["Decision", "Unavailable"];

/// A type of nodes.
#[derive(Debug, Clone)]
pub(super) struct NodeType<'c> {
    /// Its id.
    pub(super) wire: String,
    signature: Option<&'c Signature>,
    outcomes: &'static [&'static str],
}

/// The type of this id, where it is known.
pub(super) fn find<'c>(catalog: &'c Catalog, wire: &str) -> Option<NodeType<'c>> {
    if let Some(signature) = catalog.find_wire(wire).and_then(|id| catalog.get(id)) {
        return (!OF_LANGUAGE.contains(&wire)).then(|| NodeType {
            wire: wire.to_owned(),
            signature: Some(signature),
            outcomes: &[],
        });
    }
    let partner = partners().find(|partner| partner.wire == wire)?;
    Some(NodeType {
        wire: wire.to_owned(),
        signature: None,
        outcomes: partner.outcomes,
    })
}

/// Every type, as the product lists them.
pub(super) fn all(catalog: &Catalog) -> Json {
    let mut types: BTreeMap<String, Json> = BTreeMap::new();
    for (_, signature) in catalog.iter() {
        if let Some(found) = find(catalog, &signature.wire) {
            types.insert(found.wire.clone(), found.told(&found.wire));
        }
    }
    let listed: Vec<Json> = types.into_values().collect();
    json!({ "result": listed })
}

impl NodeType<'_> {
    /// What people call it.
    pub(super) fn name(&self) -> String {
        let bare = self.wire.strip_suffix("Node").unwrap_or(&self.wire);
        let bare = bare.strip_prefix("product-").unwrap_or(bare);
        if self.wire == PAGE {
            return "Page Node".to_owned();
        }
        titled(bare)
    }

    /// What is told of the type itself.
    pub(super) fn told(&self, id: &str) -> Json {
        let summary = self.signature.map_or("", |signature| &*signature.summary);
        let tags: Vec<&str> = families()
            .iter()
            .filter(|family| {
                self.signature
                    .is_some_and(|own| family.types().any(|name| name == own.name))
            })
            .map(|family| family.title)
            .collect();
        json!({
            "_id": id,
            "name": self.name(),
            "collection": true,
            "tags": tags,
            "metadata": { "tags": tags },
            "help": summary,
        })
    }

    /// Whether there is such a version.
    pub(super) fn has_version(&self, version: &str) -> bool {
        let versions = self
            .signature
            .map_or(&[1][..], |signature| &signature.versions);
        versions.iter().any(|known| version == format!("{known}.0"))
    }

    /// What may stand in a node of it; `None` where anything may.
    pub(super) fn settings(&self) -> Option<Vec<Setting>> {
        let signature = self.signature?;
        let mut settings: Vec<Setting> = signature
            .settings
            .iter()
            // Ours: the product has no word for it.
            .filter(|setting| !(self.wire == "ScriptedDecisionNode" && setting.key == "asks"))
            .cloned()
            .collect();
        if let Outcomes::Authored {
            setting: Some(key), ..
        } = &signature.outcomes
            && !settings.iter().any(|setting| setting.key == *key)
        {
            let texts = Type::List(Type::Text.into());
            settings.push(Setting::new(key.clone(), texts));
        }
        if self.wire == PAGE {
            let objects = Type::List(Type::Any.into());
            settings.push(Setting::new("nodes", objects));
        }
        Some(settings)
    }

    /// What may stand in a node of it, as a schema.
    pub(super) fn schema(&self) -> Json {
        let settings = self.settings().unwrap_or_default();
        let mut properties = Map::new();
        let mut order = 0_u32;
        for setting in &settings {
            order += 100;
            properties.insert(setting.key.to_string(), property(setting, order));
        }
        let required: Vec<&str> = settings
            .iter()
            .filter(|setting| setting.required || setting.default != Preset::None)
            .map(|setting| &*setting.key)
            .collect();
        json!({ "type": "object", "properties": properties, "required": required })
    }

    /// What stands in a new node.
    pub(super) fn template(&self) -> Json {
        let settings = self.settings().unwrap_or_default();
        let defaults = settings
            .iter()
            .filter_map(|setting| Some((setting.key.to_string(), preset(&setting.default)?)));
        Json::Object(defaults.collect())
    }

    /// How a node with these settings ends: what the type says where it says it, else what was sent along.
    ///
    /// `child` tells the outcomes of a node in a page.
    pub(super) fn outcomes(
        &self,
        body: &Body,
        version: &str,
        child: impl FnOnce(&str, &str) -> Option<Vec<Json>>,
    ) -> Vec<Json> {
        let sent = body.get("_outcomes").and_then(Json::as_array);
        let sent = sent.map(Vec::as_slice).unwrap_or_default();
        let told = |id: &str| {
            let known = sent
                .iter()
                .find(|one| one.get("id") == Some(&Json::from(id)));
            let name = known.and_then(|one| one.get("displayName")).cloned();
            json!({ "id": id, "displayName": name.unwrap_or_else(|| Json::from(titled(id))) })
        };
        let fixed = |ids: &[&str]| ids.iter().map(|id| told(id)).collect::<Vec<_>>();
        let Some(signature) = self.signature else {
            return if sent.is_empty() {
                fixed(self.outcomes)
            } else {
                sent.to_vec()
            };
        };
        match &signature.outcomes {
            Outcomes::Fixed(ids) => ids.iter().map(|id| told(id)).collect(),
            Outcomes::Bounded(bounded) => {
                let mut ids = Vec::new();
                for one in bounded.iter() {
                    match &one.when {
                        Condition::EachOf(key) => ids.extend(texts(self.value(body, key))),
                        when if self.holds(body, when) => ids.push(one.name.to_string()),
                        _ => {}
                    }
                }
                ids.iter().map(|id| told(id)).collect()
            }
            Outcomes::Authored {
                setting: Some(key),
                besides,
            } => {
                let listed = texts(self.value(body, key)).into_iter();
                let besides = besides.iter().map(ToString::to_string);
                listed.chain(besides).map(|id| told(&id)).collect()
            }
            Outcomes::Authored { setting: None, .. } => sent.to_vec(),
            Outcomes::LastChild => {
                let last = body
                    .get("nodes")
                    .and_then(Json::as_array)
                    .and_then(|n| n.last());
                let last = last.and_then(|last| {
                    let id = last.get("_id")?.as_str()?;
                    Some((id, child(last.get("nodeType")?.as_str()?, id)?))
                });
                let Some((id, outcomes)) = last else {
                    return sent.to_vec();
                };
                if version == "1.0" {
                    return outcomes;
                }
                // Since the second version they say whose they are.
                let named = |mut one: Json| {
                    let own = one.get("id").and_then(Json::as_str).unwrap_or("");
                    let whole = Json::from(format!("{id}-{own}"));
                    if let Some(at) = one.get_mut("id") {
                        *at = whole;
                    }
                    one
                };
                outcomes.into_iter().map(named).collect()
            }
        }
    }

    /// What a setting is, the default where it is not there.
    fn value(&self, body: &Body, key: &str) -> Json {
        if let Some(value) = body.get(key).filter(|value| !value.is_null()) {
            return value.clone();
        }
        self.signature
            .and_then(|signature| signature.setting(key))
            .and_then(|setting| preset(&setting.default))
            .unwrap_or(Json::Null)
    }

    // The nesting is that of the catalogue: one level.
    fn holds(&self, body: &Body, when: &Condition) -> bool {
        match when {
            Condition::Always => true,
            Condition::IsTrue(key) => self.value(body, key) == Json::Bool(true),
            Condition::IsFalse(key) => self.value(body, key) != Json::Bool(true),
            Condition::Positive(key) => self
                .value(body, key)
                .as_i64()
                .is_some_and(|number| number > 0),
            Condition::Is(key, word) => self.value(body, key).as_str() == Some(word),
            Condition::EachOf(_) => false,
            Condition::Both(all) => all.iter().all(|one| self.holds(body, one)),
        }
    }
}

fn texts(value: Json) -> Vec<String> {
    let Json::Array(list) = value else {
        return Vec::new();
    };
    list.iter()
        .filter_map(Json::as_str)
        .map(str::to_owned)
        .collect()
}

fn property(setting: &Setting, order: u32) -> Json {
    let mut property = json!({
        "title": titled(&setting.key),
        "description": "",
        "propertyOrder": order,
        "type": word(&setting.ty),
        "exampleValue": "",
    });
    let members = [
        ("default", preset(&setting.default)),
        ("items", items(&setting.ty)),
        (
            "format",
            (setting.ty == Type::Secret).then(|| Json::from("password")),
        ),
        (
            "enum",
            (!setting.allowed.is_empty()).then(|| json!(setting.allowed)),
        ),
        ("minimum", setting.range.map(|(least, _)| Json::from(least))),
        ("maximum", setting.range.map(|(_, most)| Json::from(most))),
    ];
    if let Json::Object(map) = &mut property {
        for (name, value) in members {
            if let Some(value) = value {
                map.insert(name.to_owned(), value);
            }
        }
    }
    property
}

fn items(ty: &Type) -> Option<Json> {
    match ty {
        Type::List(of) => Some(json!({ "type": word(of) })),
        _ => None,
    }
}

fn word(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "boolean",
        Type::Int | Type::Duration | Type::Size => "integer",
        Type::Decimal => "number",
        Type::Text | Type::Secret => "string",
        Type::List(_) => "array",
        Type::LocalizedText | Type::Map(_) | Type::Any => "object",
    }
}

fn preset(preset: &Preset) -> Option<Json> {
    match preset {
        Preset::None => None,
        Preset::Bool(flag) => Some(Json::from(*flag)),
        Preset::Int(number) => Some(Json::from(*number)),
        Preset::Text(text) => Some(Json::from(&**text)),
        Preset::Texts(texts) => Some(json!(texts)),
        Preset::EmptyList => Some(json!([])),
        Preset::EmptyMap => Some(json!({})),
        Preset::Value(value) => Some(value.to_json()),
    }
}

/// A key or an outcome as a title: `usernameAttribute` is `Username Attribute`.
pub(super) fn titled(key: &str) -> String {
    let mut title = String::with_capacity(key.len() + 8);
    let mut before = ' ';
    for c in key.chars() {
        if matches!(c, '_' | '-' | ' ') {
            title.push(' ');
        } else if title.is_empty() || before == ' ' {
            title.extend(c.to_uppercase());
        } else {
            if c.is_uppercase() && before.is_lowercase() {
                title.push(' ');
            }
            title.push(c);
        }
        before = if matches!(c, '_' | '-') { ' ' } else { c };
    }
    title
}

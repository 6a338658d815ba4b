//! One node of a type as the product keeps it.
//!
//! In: a task of the program, and the node in the text. Out: its settings in the vendor's spelling and
//! units, defaults filled in, and its record. What surrounds it is not here.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value as Json, json};
use wayfare::{
    Signature, Type, Value,
    model::{
        journey::{SettingValue, Task},
        provided::provider_of,
        signature::{Condition, Outcomes},
    },
};

use super::{
    script,
    text::Written,
    tree::{Maker, display_of},
    value::{Held, Writer},
    words,
};
use crate::{
    bundle::{Node, NodeId, Place},
    finding::{Code, Finding},
};

/// Settings that this project has and the product does not: they tell checks what scripts do.
pub(super) const OURS: &[(&str, &str)] = &[
    ("ScriptedDecision", "asks"),
    ("SetFailureDetails", "ground"),
];

/// Settings that came with the newest release, or with a later version of their type: left out where they
/// say what an older one does anyway, since that refuses what it does not know.
const YOUNG: &[(&str, &str)] = &[
    ("DeviceBindingNode", "skewAllowance"),
    ("DeviceSigningVerifierNode", "skewAllowance"),
    ("PersistentCookieDecisionNode", "sameSite"),
    ("SetErrorDetailsNode", "headerControl"),
    ("SetFailureDetailsNode", "headerControl"),
    ("SetPersistentCookieNode", "sameSite"),
    ("SetSuccessDetailsNode", "headerControl"),
    ("SocialProviderHandlerNode", "subjectAttribute"),
    ("SocialProviderHandlerNodeV2", "detectConnectionTimeOut"),
    ("SocialProviderHandlerNodeV2", "subjectAttribute"),
    ("UsernameCollectorNode", "autocompleteValues"),
    ("ValidatedUsernameNode", "autocompleteValues"),
    ("ValidatedUsernameNode", "prepopulate"),
    ("product-Saml2Node", "validateIdpEntityId"),
];

/// Settings that are texts by language here, and one text in the product.
const ONE_TEXT: &[(&str, &str)] = &[("ChoiceCollectorNode", "prompt")];

/// The type of nodes that stand where one of the product cannot be said.
pub(super) const UNAVAILABLE: &str = "Unavailable";
/// What such a node says of its type where it stands for a whole tree.
pub(super) const TREE: &str = "Tree";

/// The type that a node stands for which cannot be said.
pub(super) fn type_of_unavailable(task: &Task) -> Option<&str> {
    let (_, value) = task.settings.iter().find(|(key, _)| &**key == "type")?;
    match value {
        SettingValue::Constant(value) => value.as_text(),
        SettingValue::Computed(_) => None,
    }
}

/// The type of a page.
pub(super) const PAGE: &str = "PageNode";
/// The type of an inner journey.
pub(super) const INNER: &str = "InnerTreeEvaluatorNode";
/// The type of a script that decides.
pub(super) const SCRIPTED: &str = "ScriptedDecisionNode";

/// The id of a type on the wire, without what a script makes of its nodes.
pub(super) fn wire_of(signature: &Signature) -> &str {
    provider_of(&signature.wire)
}

/// How a version is spelled, where one is: the first is not.
pub(super) fn version_of(version: u32) -> Option<Arc<str>> {
    (version > 1).then(|| Arc::from(format!("{version}.0")))
}

/// The underscored members of a node.
pub(super) fn record(
    id: &NodeId,
    wire: &str,
    version: Option<&str>,
    outcomes: &[(String, String)],
) -> Map<String, Json> {
    let mut ty = json!({ "_id": wire, "name": words::of_type(wire), "collection": true });
    if let (Some(version), Some(ty)) = (version, ty.as_object_mut()) {
        ty.insert("version".to_owned(), Json::from(version));
    }
    let outcomes: Vec<Json> = outcomes
        .iter()
        .map(|(id, shown)| json!({ "id": id, "displayName": shown }))
        .collect();
    let mut record = Map::new();
    record.insert("_id".to_owned(), Json::from(&*id.0));
    record.insert("_type".to_owned(), ty);
    record.insert("_outcomes".to_owned(), Json::Array(outcomes));
    record
}

/// What people read of an outcome of a type.
pub(super) fn shown(signature: &Signature, outcome: &str) -> String {
    let named = match &signature.outcomes {
        Outcomes::Fixed(names) => names.iter().any(|name| name == outcome),
        Outcomes::Bounded(all) => all
            .iter()
            .any(|one| one.name == outcome && !matches!(one.when, Condition::EachOf(_))),
        Outcomes::Authored { besides, .. } => besides.iter().any(|name| name == outcome),
        Outcomes::LastChild => false,
    };
    if named {
        words::of_outcome(wire_of(signature), outcome)
    } else {
        outcome.to_owned()
    }
}

impl Maker<'_> {
    /// A node of a type; `None` where something of it has no counterpart.
    pub(super) fn task(
        &mut self,
        path: &str,
        task: &Task,
        outcomes: &[Arc<str>],
        written: Option<&Written<'_>>,
        place: Place,
    ) -> Option<Node> {
        let Some(signature) = self.program.catalog.get(task.ty).map(Arc::clone) else {
            self.refuse(path, "its type is not known");
            return None;
        };
        if signature.name == UNAVAILABLE {
            return Some(self.unavailable(path, task, place));
        }
        let settings = self.settings(path, task, &signature, outcomes, written)?;
        let id = self.id_of(path);
        let wire = wire_of(&signature);
        let version = version_of(task.version);
        let outcomes: Vec<(String, String)> = outcomes
            .iter()
            .map(|outcome| (outcome.to_string(), shown(&signature, outcome)))
            .collect();
        Some(Node {
            place,
            ty: Arc::from(wire),
            version: version.clone(),
            display: Some(display_of(path, wire)),
            connections: BTreeMap::new(),
            entry: Map::new(),
            settings,
            record: record(&id, wire, version.as_deref(), &outcomes),
            found: true,
            children: Vec::new(),
        })
    }

    /// A node of which nothing but the type came along.
    fn unavailable(&mut self, path: &str, task: &Task, place: Place) -> Node {
        let ty = type_of_unavailable(task).unwrap_or(UNAVAILABLE);
        let message = format!("nothing is said of this `{ty}` but that it is there");
        self.findings
            .push(self.at(Finding::new(Code::MissingNode, message), path));
        self.id_of(path);
        Node {
            place,
            ty: Arc::from(ty),
            display: Some(display_of(path, ty)),
            ..Node::default()
        }
    }

    fn settings(
        &mut self,
        path: &str,
        task: &Task,
        signature: &Signature,
        outcomes: &[Arc<str>],
        written: Option<&Written<'_>>,
    ) -> Option<Map<String, Json>> {
        let mut made = Map::new();
        if let Outcomes::Authored {
            setting: Some(key),
            besides,
        } = &signature.outcomes
        {
            let own = outcomes
                .iter()
                .filter(|o| !besides.iter().any(|b| *b == ***o));
            made.insert(key.to_string(), own.map(|o| Json::from(&**o)).collect());
        }
        let texts = self.texts;
        let writer = Writer {
            texts,
            locale: &self.options.locale,
        };
        let mut is_whole = true;
        for (key, value) in &task.settings {
            if OURS.contains(&(provider_of(&signature.name), &**key)) {
                let why = "is left out: the product has no word for it";
                self.left_out(path, &format!("`{key}` {why}"));
                continue;
            }
            let Some(setting) = signature.setting(key) else {
                continue;
            };
            let wire = wire_of(signature);
            if YOUNG.contains(&(wire, &**key))
                && *value
                    == setting
                        .preset()
                        .map_or(SettingValue::Constant(Value::Null), SettingValue::Constant)
            {
                continue;
            }
            if setting.ty == Type::Secret {
                self.secrets.insert((Arc::from(path), Arc::clone(key)));
            }
            let SettingValue::Constant(value) = value else {
                let message = format!(
                    "`{key}` is made of what is known in the run: settings of the product are fixed"
                );
                self.refuse(path, &message);
                is_whole = false;
                continue;
            };
            let held = Held::from(setting);
            let stands = written.and_then(|written| {
                let found = written.node.settings.iter().find(|s| s.key.text == **key)?;
                Some((&found.value, &written.env))
            });
            let json = match stands {
                Some((text, env)) if script::is_script(key) => {
                    match self.script(path, signature, value, text, env) {
                        Some(found) => Some(found),
                        None => writer.with_parameters(value, text, env, held),
                    }
                }
                Some((text, env)) => writer.with_parameters(value, text, env, held),
                None => None,
            };
            let json = match value {
                Value::Localized(text) if ONE_TEXT.contains(&(wire, &**key)) => {
                    if text.iter().count() > 1 {
                        let message =
                            format!("of `{key}` one language is said: the product has one text");
                        self.left_out(path, &message);
                    }
                    Some(Json::from(text.best([&*self.options.locale])))
                }
                _ => json.or_else(|| writer.plain(value, held)),
            };
            if let Some(json) = json {
                made.insert(key.to_string(), json);
            }
        }
        is_whole.then_some(made)
    }
}

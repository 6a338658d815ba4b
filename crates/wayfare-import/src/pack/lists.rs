//! What an export of a tree lists with it.
//!
//! In: a tree, and what else is in its bundle. Out: ids by section, as frodo writes them, for trees whose
//! packaging listed nothing: its nodes, and whatever their settings name.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    bundle::{Bundle, Place, Tree},
    pack::tree,
    spelling::kind::{self, SCRIPTS, THEMES},
};

/// Ids by the name of the section.
pub(super) type Lists = BTreeMap<Arc<str>, Vec<Arc<str>>>;

/// The kinds of which settings name things by id.
const NAMED: &[&str] = &[
    "emailTemplates",
    "socialIdentityProviders",
    "saml2Entities",
    "circlesOfTrust",
    THEMES,
];

/// What an export of a tree lists with it: its nodes, and the scripts, templates, providers and themes that
/// their settings name, by the section's name as frodo spells it.
pub fn standard_lists(bundle: &Bundle, tree: &Tree) -> BTreeMap<Arc<str>, Vec<Arc<str>>> {
    let mut lists = Lists::new();
    let placed = |inner: bool| {
        tree::written(tree)
            .filter(|(_, node)| matches!(node.place, Place::Page(_)) == inner)
            .map(|(id, _)| id.0.clone())
            .collect()
    };
    lists.insert("nodes".into(), placed(false));
    lists.insert("innerNodes".into(), placed(true));
    let mut named = Named {
        bundle,
        found: BTreeSet::new(),
    };
    for node in tree.nodes.values() {
        named.node_type(&node.ty);
        for value in node.settings.values() {
            named.look(value);
        }
    }
    for kind in [SCRIPTS].iter().chain(NAMED) {
        let section = kind::section(kind).unwrap_or(kind);
        lists.insert(section.into(), named.of(kind));
    }
    let node_types = named.of("nodeTypes");
    if !node_types.is_empty() {
        lists.insert("nodeTypes".into(), node_types);
    }
    lists
}

struct Named<'a> {
    bundle: &'a Bundle,
    found: BTreeSet<(Arc<str>, Arc<str>)>,
}

impl Named<'_> {
    fn of(&self, kind: &str) -> Vec<Arc<str>> {
        let of_kind = self.found.iter().filter(|(found, _)| &**found == kind);
        of_kind.map(|(_, id)| id.clone()).collect()
    }

    /// The definition of a designer's node, which is kept by its type or by that with a version.
    fn node_type(&mut self, ty: &str) {
        let (Some(service), Some(types)) = (
            ty.strip_prefix("designer-"),
            self.bundle.besides.get("nodeTypes"),
        ) else {
            return;
        };
        for (id, definition) in types {
            let said = definition.get("serviceName").and_then(Value::as_str);
            if said == Some(service) || &**id == service {
                self.found.insert(("nodeTypes".into(), id.clone()));
            }
        }
    }

    /// Looks for ids in a setting, and in the settings of what they name.
    fn look(&mut self, value: &Value) {
        let bundle = self.bundle;
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::Array(items) => open.extend(items),
                Value::Object(map) => open.extend(map.values()),
                Value::String(text) => {
                    if let Some((id, _)) = bundle.scripts.get_key_value(text.as_str()) {
                        self.found.insert((SCRIPTS.into(), id.clone()));
                    }
                    for kind in NAMED {
                        let things = bundle.besides.get(*kind);
                        let named = things.and_then(|things| things.get_key_value(text.as_str()));
                        if let Some((id, thing)) = named
                            && self.found.insert(((*kind).into(), id.clone()))
                        {
                            open.push(thing);
                        }
                    }
                    self.theme(text);
                }
                _ => {}
            }
        }
    }

    /// The theme that a page names in its stage, which is JSON in a text.
    fn theme(&mut self, text: &str) {
        let Some(themes) = self.bundle.besides.get(THEMES) else {
            return;
        };
        let Some((_, rest)) = text.split_once("\"themeId\"") else {
            return;
        };
        let id = rest.split('"').nth(1).unwrap_or_default();
        if let Some((id, _)) = themes.get_key_value(id) {
            self.found.insert((THEMES.into(), id.clone()));
        }
    }
}

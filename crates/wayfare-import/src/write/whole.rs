//! What the trees of a bundle share: names of journeys, scripts, declared types and variables.
//!
//! In: a bundle. Out: a name for everything that is named from more than one place. Trees are not looked
//! into, but for which others they call.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value as Json;
use wayfare::Catalog;

use super::{
    beside::Beside,
    foreign::{self, Foreign},
    ident::{self, Taken},
    variable::Variables,
};
use crate::bundle::{Bundle, Node, NodeId, Place, Script};

/// The type of nodes that run another tree.
pub(super) const INNER: &str = "InnerTreeEvaluatorNode";

/// What the trees of a bundle share.
#[derive(Debug)]
pub(super) struct Whole<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) catalog: &'a Catalog,
    /// What stands in the realm already.
    pub(super) beside: &'a Beside,
    /// The identifier of each tree, and of those that are called and did not come along.
    pub(super) journeys: BTreeMap<Arc<str>, Arc<str>>,
    /// The trees that are called and did not come along.
    pub(super) absent: BTreeSet<Arc<str>>,
    /// The path of each script, by id.
    pub(super) scripts: BTreeMap<Arc<str>, String>,
    /// The path of each script that did not come along, by id.
    pub(super) absent_scripts: BTreeMap<Arc<str>, String>,
    pub(super) script_names: Taken,
    pub(super) foreign: BTreeMap<Arc<str>, Foreign>,
    pub(super) variables: Variables,
    /// The names of parameters.
    pub(super) values: Taken,
    /// The nodes by which trees go round.
    pub(super) circles: BTreeSet<(Arc<str>, NodeId)>,
}

impl<'a> Whole<'a> {
    pub(super) fn new(bundle: &'a Bundle, beside: &'a Beside) -> Self {
        let catalog = &beside.catalog;
        let mut whole = Self {
            bundle,
            catalog,
            beside,
            journeys: BTreeMap::new(),
            absent: BTreeSet::new(),
            scripts: BTreeMap::new(),
            absent_scripts: BTreeMap::new(),
            script_names: Taken::default(),
            foreign: foreign::foreign(bundle, catalog),
            variables: Variables::default(),
            values: Taken::default(),
            circles: BTreeSet::new(),
        };
        whole.name_journeys();
        whole.name_scripts();
        whole.name_designed();
        whole.circles = circles(bundle);
        whole
    }

    fn name_journeys(&mut self) {
        let called = self
            .bundle
            .trees
            .values()
            .flat_map(|tree| tree.nodes.values())
            .filter(|node| node.found && node.place == Place::Tree)
            .filter_map(called);
        self.absent = called
            .filter(|name| !self.bundle.trees.contains_key(*name) && is_wire_name(name))
            .filter(|name| !self.beside.journeys.contains_key(*name))
            .map(Arc::from)
            .collect();
        let all = self.bundle.trees.keys().chain(&self.absent);
        // Whose name is a word already keeps it.
        let (plain, other): (Vec<&Arc<str>>, Vec<&Arc<str>>) =
            all.partition(|name| ident::snake(name) == ***name);
        let mut taken = Taken::default();
        // The file with the declarations has this name.
        taken.take(EXTERNS, "");
        for (name, ident) in &self.beside.journeys {
            taken.take(ident, "");
            if !self.bundle.trees.contains_key(name) {
                self.journeys.insert(Arc::clone(name), Arc::clone(ident));
            }
        }
        for name in plain.into_iter().chain(other) {
            let ident = taken.take(&ident::snake(name), "journey");
            self.journeys.insert(Arc::clone(name), ident);
        }
    }

    /// The scripts of types that were designed in the product get files, named after the types.
    fn name_designed(&mut self) {
        for ty in self.foreign.values_mut() {
            if let Some(designed) = &mut ty.designed {
                let stem = self.script_names.take(&ident::snake(&ty.name), "script");
                designed.path = format!("scripts/{stem}.js");
            }
        }
    }

    fn name_scripts(&mut self) {
        for (id, script) in &self.bundle.scripts {
            let stem = self
                .script_names
                .take(&ident::snake(&script.name), "script");
            let path = format!("scripts/{stem}.{}", ending(script));
            self.scripts.insert(Arc::clone(id), path);
        }
    }

    /// The id of the script that a node names, by its id or by a name that one script alone has.
    pub(super) fn script(&self, named: &str) -> Option<(&'a Arc<str>, &'a Script)> {
        if let Some(found) = self.bundle.scripts.get_key_value(named) {
            return Some(found);
        }
        let mut found = self
            .bundle
            .scripts
            .iter()
            .filter(|(_, script)| *script.name == *named);
        found.next().filter(|_| found.next().is_none())
    }

    /// The file that stands for a script that did not come along, called after the first node that names it.
    pub(super) fn absent_script(&mut self, id: &str, shown: &str) -> String {
        if let Some(path) = self.absent_scripts.get(id) {
            return path.clone();
        }
        let stem = self
            .script_names
            .take(&ident::snake(&format!("missing {shown}")), "missing");
        let path = format!("scripts/{stem}.js");
        self.absent_scripts.insert(Arc::from(id), path.clone());
        path
    }
}

/// The file in which types are declared.
pub(super) const EXTERNS: &str = "externs";

/// The tree that a node runs.
pub(super) fn called(node: &Node) -> Option<&str> {
    (&*node.ty == INNER).then_some(())?;
    let name = node.settings.get("tree").and_then(Json::as_str)?;
    (!name.is_empty()).then_some(name)
}

/// Whether a name can be the name of a journey on the wire.
pub(super) fn is_wire_name(name: &str) -> bool {
    use unicode_normalization::is_nfc;
    (1..=128).contains(&name.chars().count())
        && !name.contains(|c: char| c.is_control() || c == '|')
        && name.trim() == name
        && is_nfc(name)
}

/// How the file of a script ends: its language and the generation of its bindings.
fn ending(script: &Script) -> &'static str {
    let of = |key: &str| {
        script
            .record
            .get(key)
            .and_then(Json::as_str)
            .unwrap_or_default()
    };
    if is_groovy(script) {
        "groovy"
    } else if of("evaluatorVersion").starts_with('2') || of("context") == "SCRIPTED_DECISION_NODE" {
        "js"
    } else {
        "legacy.js"
    }
}

/// Whether a script is in a language that does not run here; where its record is silent, its text tells.
pub(super) fn is_groovy(script: &Script) -> bool {
    match script.record.get("language").and_then(Json::as_str) {
        Some(language) => language.eq_ignore_ascii_case("groovy"),
        None => wayfare_script::groovy_sign(&script.text).is_some(),
    }
}

/// The nodes that close a circle of trees, found by walking depth first in the order of names.
fn circles(bundle: &Bundle) -> BTreeSet<(Arc<str>, NodeId)> {
    let calls: BTreeMap<&Arc<str>, Vec<(&NodeId, &Arc<str>)>> = bundle
        .trees
        .iter()
        .map(|(name, tree)| {
            let calls = tree
                .nodes
                .iter()
                .filter(|(_, node)| node.found && node.place == Place::Tree)
                .filter_map(|(id, node)| {
                    let (inner, _) = bundle.trees.get_key_value(called(node)?)?;
                    Some((id, inner))
                });
            (name, calls.collect())
        })
        .collect();
    let mut made = BTreeSet::new();
    let mut open: BTreeSet<&Arc<str>> = BTreeSet::new();
    let mut done: BTreeSet<&Arc<str>> = BTreeSet::new();
    for root in bundle.trees.keys() {
        if done.contains(root) {
            continue;
        }
        let mut stack: Vec<(&Arc<str>, usize)> = vec![(root, 0)];
        open.insert(root);
        while let Some((at, next)) = stack.pop() {
            let Some((id, inner)) = calls.get(at).and_then(|calls| calls.get(next)) else {
                open.remove(at);
                done.insert(at);
                continue;
            };
            stack.push((at, next + 1));
            if open.contains(inner) {
                made.insert((Arc::clone(at), (*id).clone()));
            } else if !done.contains(inner) {
                open.insert(inner);
                stack.push((inner, 0));
            }
        }
    }
    made
}

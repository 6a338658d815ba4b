//! Trees of the store as texts of the language.
//!
//! In: what the store keeps, and the texts that stand beside it. Out: a source for each tree that can be
//! served as it was meant, what these share, and of the others why they cannot. Whether a source compiles
//! beside all the others is not asked here.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;
use wayfare::Source;
use wayfare_import::{Beside, Bundle, Code, Finding, WriteOptions, write_beside};
use wayfare_wire::am::configuration::Body;

use super::{
    build::{With, values},
    join::{Base, STORED, Unfit},
    stored::{Stored, member},
    written::{script_of, tree_of},
};
use crate::{
    config::Parameter,
    store::configured::{Key, Kind},
};

/// How the texts of the realm are called while trees are written; no tree is called so.
const BESIDE: &str = "~beside/";

/// What the names of parameters for secrets of trees begin with.
pub(super) const SECRETS: &str = "stored_";

/// What the names of parameters for variables of trees begin with: the others are the texts'.
pub(super) const VARIABLES: &str = "esv_";

/// The settings of a tree that say who may start it and what comes of it. The language has no parameters
/// there, and what the default says is nobody's wish.
const SETTLED: [&str; 9] = [
    "enabled",
    "identityResource",
    "innerTreeOnly",
    "maximumIdleTime",
    "maximumSessionTime",
    "mustRun",
    "noSession",
    "transactionalOnly",
    "treeTimeout",
];

/// How the comment begins that stands before a parameter for a variable.
const VARIABLE: &str = "// &{";

/// What trees of the store are in the language.
#[derive(Debug, Clone, Default)]
pub(super) struct Converted {
    /// The journeys, by the names of their trees.
    pub(super) journeys: BTreeMap<String, Source>,
    /// What they share: declarations of types.
    pub(super) shared: Vec<Source>,
    /// The scripts.
    pub(super) scripts: Vec<Source>,
    /// What cannot be served.
    pub(super) refused: Unfit,
    /// What was noticed, by tree.
    pub(super) noticed: BTreeMap<String, Vec<String>>,
    /// The group of each tree.
    pub(super) groups: BTreeMap<String, GroupKey>,
    /// The identifiers that were given.
    named: BTreeMap<Arc<str>, Arc<str>>,
}

/// What a group of trees is made of, as a hash.
pub(super) type GroupKey = String;

/// What was made of groups of trees before: most changes are of one.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// The texts beside which they were made.
    edition: String,
    made: BTreeMap<GroupKey, Converted>,
    /// Of which trees it is known that they do not compile or cannot be linked, with the reasons.
    pub(super) blamed: BTreeMap<GroupKey, Unfit>,
}

/// The trees of the store as texts, but for those of these names.
pub(super) fn convert(
    stored: &Stored,
    base: &Base,
    with: With<'_>,
    but: &dyn Fn(&str) -> bool,
    cache: &mut Cache,
) -> Converted {
    if cache.edition != base.built.edition {
        *cache = Cache {
            edition: base.built.edition.clone(),
            ..Cache::default()
        };
    }
    let bundle = bundle(stored, base, but);
    let mut beside = beside(base, with);
    let mut all = Converted::default();
    let (mut made, mut blamed) = (BTreeMap::new(), BTreeMap::new());
    for group in groups(bundle, &beside) {
        let key = key_of(&group, stored, base);
        let known = cache.made.remove(&key).filter(|known| {
            let taken = |ident| beside.journeys.values().any(|own| own == ident);
            !known.named.values().any(taken)
        });
        let one = known.unwrap_or_else(|| converted(&group, with, &beside));
        let named = one.named.iter();
        beside
            .journeys
            .extend(named.map(|(name, ident)| (Arc::clone(name), Arc::clone(ident))));
        for name in group.trees.keys() {
            all.groups.insert(name.to_string(), key.clone());
        }
        let copy = one.clone();
        all.journeys.extend(copy.journeys);
        all.shared.extend(copy.shared);
        all.scripts.extend(copy.scripts);
        all.refused.extend(copy.refused);
        all.noticed.extend(copy.noticed);
        if let Some(unfit) = cache.blamed.remove(&key) {
            blamed.insert(key.clone(), unfit);
        }
        made.insert(key, one);
    }
    cache.made = made;
    cache.blamed = blamed;
    all
}

/// The trees in groups of those that call each other, or that have nodes of types that must be declared.
fn groups(bundle: Bundle, beside: &Beside) -> Vec<Bundle> {
    let names: Vec<Arc<str>> = bundle.trees.keys().cloned().collect();
    let at: BTreeMap<&str, usize> = names
        .iter()
        .enumerate()
        .map(|(n, name)| (&**name, n))
        .collect();
    let mut group: Vec<usize> = (0..names.len()).collect();
    let mut foreign: Option<usize> = None;
    for (from, tree) in bundle.trees.values().enumerate() {
        for node in tree.nodes.values() {
            let called = (&*node.ty == "InnerTreeEvaluatorNode")
                .then(|| at.get(member(&node.settings, "tree")).copied())
                .flatten();
            let declared = beside
                .catalog
                .find_wire(&node.ty)
                .is_none()
                .then(|| *foreign.get_or_insert(from));
            for to in called.into_iter().chain(declared) {
                let (a, b) = (root(&group, from), root(&group, to));
                if let Some(slot) = group.get_mut(a.max(b)) {
                    *slot = a.min(b);
                }
            }
        }
    }
    let mut made: BTreeMap<usize, Bundle> = BTreeMap::new();
    let Bundle { trees, scripts, .. } = bundle;
    for (number, (name, tree)) in trees.into_iter().enumerate() {
        let of = made.entry(root(&group, number)).or_default();
        for node in tree.nodes.values() {
            let id = member(&node.settings, "script");
            if let Some((id, script)) = scripts.get_key_value(id) {
                of.scripts.insert(Arc::clone(id), script.clone());
            }
        }
        of.trees.insert(name, tree);
    }
    made.into_values().collect()
}

/// The first of a group.
fn root(group: &[usize], mut at: usize) -> usize {
    // BOUND: each step leads to a smaller number.
    while let Some(&up) = group.get(at).filter(|up| **up < at) {
        at = up;
    }
    at
}

/// What a group is made of: the trees, their nodes and their scripts, as they stand on disk.
fn key_of(group: &Bundle, stored: &Stored, base: &Base) -> GroupKey {
    let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
    let mut add = |kind: Kind, ty: &str, id: &str| {
        let key = Key {
            kind,
            ty: ty.to_owned(),
            id: id.to_owned(),
        };
        let kept = stored.get(&key).map(|row| row.text.clone());
        let own = || {
            let body = base.written().get(&key)?;
            Some(Json::Object(body.clone()).to_string())
        };
        let text = match kind {
            Kind::Script => own().or(kept),
            Kind::Tree | Kind::Node => kept.or_else(own),
        };
        let text = text.unwrap_or_default();
        for part in [kind.word(), ty, id, &text] {
            hash.update(&part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
    };
    for (name, tree) in &group.trees {
        add(Kind::Tree, "", name);
        for (id, node) in &tree.nodes {
            add(Kind::Node, &node.ty, &id.0);
        }
    }
    for id in group.scripts.keys() {
        add(Kind::Script, "", id);
    }
    crate::audit::hex(hash.finish().as_ref().iter())
}

/// A group of trees as texts.
fn converted(bundle: &Bundle, with: With<'_>, beside: &Beside) -> Converted {
    let project = write_beside(bundle, &WriteOptions::default(), beside);
    let mut made = Converted {
        named: project.names.journeys.clone(),
        ..Converted::default()
    };
    for finding in &project.findings {
        let Some(tree) = &finding.tree else {
            continue;
        };
        // No value comes along with a tree: whether the realm has one is looked at below.
        if finding.code == Code::UnboundVariable {
            continue;
        }
        let line = line(finding);
        if is_grave(finding.code) {
            let reasons = made.refused.entry(tree.to_string()).or_default();
            reasons.push(line.clone());
        }
        made.noticed.entry(tree.to_string()).or_default().push(line);
    }
    for (name, tree) in &bundle.trees {
        for setting in SETTLED {
            if tree.body.get(setting).is_some_and(is_open) {
                let why = format!(
                    "bad_value: the setting `{setting}` of the tree is left to a variable, which it cannot be"
                );
                made.refused.entry(name.to_string()).or_default().push(why);
            }
        }
        if !project.journeys.contains_key(name) {
            let why = "it cannot be the name of a journey".to_owned();
            made.refused.entry(name.to_string()).or_default().push(why);
        }
    }
    let of_tree: BTreeMap<&str, &Arc<str>> = project
        .journeys
        .iter()
        .map(|(tree, journey)| (journey.file.as_str(), tree))
        .collect();
    // A folder for each group, so that scripts of two are never one.
    let folder = project.names.journeys.values().next();
    let folder = folder.map_or("none", |ident| &**ident);
    for (path, bytes) in &project.files {
        let Ok(text) = std::str::from_utf8(bytes) else {
            continue;
        };
        let source = Source::new(format!("{STORED}{folder}/{path}"), text);
        match of_tree.get(path.as_str()) {
            Some(tree) => {
                let unbound = unbound(text, with);
                if !unbound.is_empty() {
                    let reasons = made.refused.entry(tree.to_string()).or_default();
                    reasons.extend(unbound);
                }
                if !made.refused.contains_key(&***tree) {
                    made.journeys.insert(tree.to_string(), source);
                }
            }
            None if path == "externs.journey" => made.shared.push(source),
            // What stands in the place of trees that are not there; who calls them is refused.
            None if path.ends_with(".journey") => {}
            None => made.scripts.push(source),
        }
    }
    made
}

/// Whether a tree of which this was noticed would not do what it says.
fn is_grave(code: Code) -> bool {
    matches!(
        code,
        Code::NotCompiled
            | Code::InnerTreeCycle
            | Code::MissingEntry
            | Code::MissingInnerTree
            | Code::MissingNode
            | Code::MissingScript
            // It would be served by another name, and nobody asks for that one.
            | Code::UnsafeName
    )
}

/// Whether a value is left to a variable, in either spelling.
fn is_open(value: &Json) -> bool {
    value.is_object() || value.as_str().is_some_and(|text| text.contains("&{"))
}

/// A finding as a line.
fn line(finding: &Finding) -> String {
    let node = finding.node.as_deref();
    let at = node.map_or_else(String::new, |node| format!("node `{node}`: "));
    let help = finding.help.as_deref();
    let help = help.map_or_else(String::new, |help| format!("; {help}"));
    format!("{}: {at}{}{help}", finding.code, finding.message)
}

/// The variables of a text to which the settings of the realm give no value, or none that may stand there:
/// what stands in for them while it is written is nobody's wish.
fn unbound(text: &str, with: With<'_>) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut before = "";
    for line in text.lines() {
        let declared = line
            .strip_prefix("param ")
            .and_then(|rest| rest.split_once(':'));
        if let (Some((name, rest)), Some(variable)) = (declared, before.strip_prefix(VARIABLE)) {
            let is_secret = rest.trim() == "Secret";
            let why = match with.settings.params.get(name) {
                None => Some(format!(
                    "is not given: set `{name}` among the parameters of the realm"
                )),
                Some(Parameter::SecretFile(_) | Parameter::SecretVariable(_)) if !is_secret => {
                    Some(format!(
                        "is a secret, and may not stand here: `{name}` of the realm"
                    ))
                }
                Some(_) => None,
            };
            let variable = variable.trim_end().trim_end_matches('}');
            reasons.extend(
                why.map(|why| format!("unbound_variable: the value of `&{{{variable}}}` {why}")),
            );
        }
        before = line;
    }
    reasons
}

/// The trees of the store with their scripts.
fn bundle(stored: &Stored, base: &Base, but: &dyn Fn(&str) -> bool) -> Bundle {
    let mut bundle = Bundle::default();
    for (name, body) in stored.trees().filter(|(name, _)| !but(name)) {
        let tree = tree_of(name, body, stored);
        for node in tree.nodes.values() {
            let id = member(&node.settings, "script");
            if let Some(script) = script(stored, base, id).and_then(|body| script_of(id, body)) {
                bundle.scripts.insert(Arc::from(id), script);
            }
        }
        bundle.trees.insert(Arc::from(name), tree);
    }
    bundle
}

/// A script: one of the texts, which go before, or one of the store.
fn script<'s>(stored: &'s Stored, base: &'s Base, id: &str) -> Option<&'s Body> {
    if id.is_empty() {
        return None;
    }
    let key = Key {
        kind: Kind::Script,
        ty: String::new(),
        id: id.to_owned(),
    };
    let kept = || stored.get(&key).map(|row| &row.body);
    base.written().get(&key).or_else(kept)
}

/// The realm as the trees find it.
fn beside(base: &Base, with: With<'_>) -> Beside {
    let program = base.built.engine.program();
    let renamed = |sources: &[Source]| -> Vec<Source> {
        let renamed =
            |source: &Source| Source::new(format!("{BESIDE}{}", source.name()), source.text());
        sources.iter().map(renamed).collect()
    };
    let journeys = program.by_wire_name.iter().filter_map(|(name, id)| {
        let journey = program.journey(*id)?;
        Some((Arc::clone(name), Arc::clone(&journey.name)))
    });
    Beside {
        catalog: (*program.catalog).clone(),
        sources: renamed(&base.texts.sources),
        imports: renamed(&base.texts.imports),
        parameters: values(with),
        realm: Some(with.realm.clone()),
        journeys: journeys.collect(),
        secrets: Arc::from(SECRETS),
        variables: Arc::from(VARIABLES),
    }
}

/// The identifier of the journey that a source of the store is.
pub(super) fn identifier_of(source: &Source) -> &str {
    let name = source.name();
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    name.strip_suffix(".journey").unwrap_or(name)
}

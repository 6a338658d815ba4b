//! What an import suggests in the place of scripts.
//!
//! In: the texts that an import made. Out: for each node whose script only compares, says one outcome, sets fixed
//! values, shows a message or counts, a node of the language. What a script does is the business of
//! `wayfare_script`; here is whether anybody else looks at what it counts.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::{
    Generation, Registry, ScriptText, Source, ast,
    ast::{Arm, Node, NodeKind, TargetKind, TextPart, ValueKind},
    model::signature::{Scope, StateKey},
};
use wayfare_script::{Suggestion, facts, suggest};

/// The suggestions for a folder of texts, how many, and how many scripted nodes there are.
pub(crate) fn suggestions(files: &BTreeMap<String, Vec<u8>>) -> (String, usize, usize) {
    let (mut text, mut made, mut all) = (String::new(), 0, 0);
    for (path, journey) in texts(files, ".journey") {
        let parsed = parsed(path, journey);
        for node in nodes(&parsed) {
            let Some(file) = script_of(node) else {
                continue;
            };
            all += 1;
            let beside = beside(path, file);
            let script = files
                .get(&beside)
                .and_then(|bytes| std::str::from_utf8(bytes).ok());
            let Some(script) = script.filter(|_| sees_all(node)) else {
                continue;
            };
            let generation = ScriptText::new(file, script).generation();
            let elsewhere = |key: &str| is_elsewhere(files, &beside, key);
            let Some(found) = suggest(script, generation, &targets(node), &elsewhere) else {
                continue;
            };
            made += 1;
            if !text.is_empty() {
                text.push('\n');
            }
            let _ = writeln!(
                text,
                "{path}: `{}` runs `{file}`, which could be",
                node.name.text
            );
            show(&found, &node.name.text, &mut text);
        }
    }
    (text, made, all)
}

fn texts<'f>(
    files: &'f BTreeMap<String, Vec<u8>>,
    ending: &'f str,
) -> impl Iterator<Item = (&'f str, &'f str)> {
    let files = files.iter().filter(move |(path, _)| path.ends_with(ending));
    files.filter_map(|(path, bytes)| Some((path.as_str(), std::str::from_utf8(bytes).ok()?)))
}

fn parsed(path: &str, journey: &str) -> ast::File {
    let mut sources = wayfare::SourceMap::default();
    let source = Source::new(path, journey);
    let id = sources.add(source.clone());
    wayfare::parse(&source, id).file
}

/// The path of a file that a journey names.
fn beside(journey: &str, file: &str) -> String {
    match journey.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{file}"),
        None => file.to_owned(),
    }
}

/// Whether anything but the one node that runs this script may look at a key or write it. What cannot be told
/// counts as looking.
fn is_elsewhere(files: &BTreeMap<String, Vec<u8>>, script: &str, key: &str) -> bool {
    let catalog = Registry::standard().catalog();
    let mut runs = 0;
    for (path, journey) in texts(files, ".journey") {
        let mut text = journey.to_owned();
        for (other, _) in texts(files, ".js") {
            let folder = path
                .rsplit_once('/')
                .map_or(0, |(folder, _)| folder.len() + 1);
            let Some(name) = other
                .get(folder..)
                .filter(|name| beside(path, name) == other)
            else {
                continue;
            };
            let named = format!("file(\"{name}\")");
            if other == script {
                runs += text.matches(&named).count();
            }
            // The name of a script may well be what it counts.
            text = text.replace(&named, "");
        }
        if names(&text, key) || text.contains(".*") || text.contains("[\"*\"]") {
            return true;
        }
        let reads = |name: &str| {
            let ty = catalog.find(name).and_then(|id| catalog.get(id));
            ty.is_some_and(|ty| {
                // The profile under construction is apart from the keys.
                let of_keys = |known: &&StateKey| {
                    !matches!(known.scope, Scope::ObjectShared | Scope::ObjectTransient)
                };
                let mut keys = ty.reads.iter().chain(ty.writes.iter()).filter(of_keys);
                keys.any(|known| known.key == key || (known.key == "*" && known.named_by.is_none()))
            })
        };
        let parsed = parsed(path, journey);
        let types = every_node(&parsed).into_iter().filter_map(|node| {
            let NodeKind::Type { name, .. } = &node.kind else {
                return None;
            };
            // Of these the scripts are read.
            (name.text != "ScriptedDecision").then_some(name.text.as_str())
        });
        if types.into_iter().any(reads) {
            return true;
        }
    }
    runs != 1
        || texts(files, ".js").any(|(path, text)| path != script && may_know(path, text, key))
        || texts(files, ".groovy").next().is_some()
}

/// Whether a text of the language may name a key: behind a point, as a text, or as what is set.
fn names(text: &str, key: &str) -> bool {
    text.match_indices(key).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + key.len()..));
        before.is_none_or(|text| text.ends_with(['.', '"']))
            || after.is_none_or(|text| text.trim_start().starts_with('='))
    })
}

/// Whether a script may look at a key or write it.
fn may_know(path: &str, text: &str, key: &str) -> bool {
    let generation = ScriptText::new(path, text).generation();
    let found = facts(text, generation);
    let is_told = generation != Generation::Groovy
        && found.unread.is_none()
        && found.reads.all
        && found.writes.all;
    !is_told || text.contains(key)
}

fn show(found: &Suggestion, name: &str, text: &mut String) {
    match found.ty {
        None => {
            let target = found.lines.first().map_or("", |line| line);
            let _ = writeln!(text, "  nothing: every run goes on to `{target}`");
        }
        Some(ty) => {
            let _ = writeln!(text, "  node {name}: {ty} {{");
            for line in &found.lines {
                let _ = writeln!(text, "    {line}");
            }
            let _ = writeln!(text, "  }}");
        }
    }
    for but in &found.but {
        let _ = writeln!(text, "  but {but}");
    }
}

/// The nodes of journeys; those in pages stay what they are, for a page has no guards.
fn nodes(file: &ast::File) -> Vec<&Node> {
    let items = file.items.iter();
    let journeys = items.filter_map(|item| match item {
        ast::Item::Journey(journey) => Some(&journey.body),
        _ => None,
    });
    journeys.flat_map(|body| &body.nodes).collect()
}

/// The same and those in pages.
fn every_node(file: &ast::File) -> Vec<&Node> {
    let (mut found, mut open) = (Vec::new(), nodes(file));
    // BOUND: each node is taken once.
    while let Some(node) = open.pop() {
        open.extend(&node.children);
        found.push(node);
    }
    found
}

/// Whether the script of a node sees and writes the whole state, and whether its failing fails the node: so it is
/// with a guard.
fn sees_all(node: &Node) -> bool {
    if !node.on_errors.is_empty() {
        return false;
    }
    let mut bounds = node
        .settings
        .iter()
        .filter(|setting| matches!(&*setting.key.text, "inputs" | "outputs"));
    bounds.all(|setting| match &setting.value.kind {
        ValueKind::List(keys) => {
            let all = |parts: &[TextPart]| matches!(parts, [TextPart::Raw(all)] if all == "*");
            matches!(keys.as_slice(), [key] if matches!(&key.kind, ValueKind::Text(parts) if all(parts)))
        }
        _ => false,
    })
}

/// The file of the script of a node that decides by one.
fn script_of(node: &Node) -> Option<&str> {
    let is_scripted =
        matches!(&node.kind, NodeKind::Type { name, .. } if name.text == "ScriptedDecision");
    let setting = node
        .settings
        .iter()
        .find(|setting| setting.key.text == "script");
    match setting
        .filter(|_| is_scripted)
        .map(|setting| &setting.value.kind)
    {
        Some(ValueKind::File(file)) => Some(&file.text),
        _ => None,
    }
}

/// Where the outcomes of a node lead.
fn targets(node: &Node) -> BTreeMap<Arc<str>, String> {
    let mut targets = BTreeMap::new();
    for arm in &node.arms {
        if let Arm::Edge(edge) = arm {
            let target = match &edge.target.kind {
                TargetKind::Success => "success",
                TargetKind::Failure => "failure",
                TargetKind::Nowhere => "nowhere",
                TargetKind::Name(name) => name,
            };
            for outcome in &edge.outcomes {
                targets.insert(Arc::from(outcome.text.as_str()), target.to_owned());
            }
        }
    }
    targets
}

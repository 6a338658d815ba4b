//! What an import suggests in the place of scripts.
//!
//! In: the texts that an import made. Out: for each node whose script only compares, says one outcome or sets
//! fixed values, a node of the language. What a script does is the business of `wayfare_script`.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::{
    ScriptText, Source, ast,
    ast::{Arm, Node, NodeKind, TargetKind, ValueKind},
};
use wayfare_script::{Suggestion, suggest};

/// The suggestions for a folder of texts, how many, and how many scripted nodes there are.
pub(crate) fn suggestions(files: &BTreeMap<String, Vec<u8>>) -> (String, usize, usize) {
    let (mut text, mut made, mut all) = (String::new(), 0, 0);
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".journey")) {
        let Ok(journey) = std::str::from_utf8(bytes) else {
            continue;
        };
        let mut sources = wayfare::SourceMap::default();
        let source = Source::new(path.as_str(), journey);
        let id = sources.add(source.clone());
        let parsed = wayfare::parse(&source, id);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for node in nodes(&parsed.file) {
            let Some(file) = script_of(node) else {
                continue;
            };
            all += 1;
            let beside = if folder.is_empty() {
                file.to_owned()
            } else {
                format!("{folder}/{file}")
            };
            let script = files
                .get(&beside)
                .and_then(|bytes| std::str::from_utf8(bytes).ok());
            let Some(script) = script else { continue };
            let generation = ScriptText::new(file, script).generation();
            let Some(found) = suggest(script, generation, &targets(node)) else {
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

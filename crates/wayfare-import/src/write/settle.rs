//! Drafts become text that compiles.
//!
//! In: drafts, and the files that they name. Out: the text of each, with the exceptions that it needs. What
//! calls each other is compiled together and apart from all else: a finding of the language that can be
//! allowed is allowed at its node, of one that cannot the setting or the node is taken out. A few rounds are
//! enough, for an exception makes no new finding; what does not compile then is said.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Code as LanguageCode, Compiled, Compiler, Engine, MemoryImporter, Program, Registry, Severity,
    Source, Span, Valid, ast,
};

use super::{
    beside::Beside,
    draft::{Draft, DraftNode},
    text,
};
use crate::finding::{Code, Finding};

/// How often a group is compiled.
const ROUNDS_MAX: usize = 8;

/// What is at hand for a compilation.
pub(super) struct Bench<'a> {
    /// What stands in the realm already.
    pub(super) beside: &'a Beside,
    pub(super) compiler: Compiler<'a>,
    /// What the types of nodes say of their settings.
    pub(super) registry: Registry,
    /// The declarations of types, where there are any.
    pub(super) externs: Option<Source>,
    /// Why exceptions are made.
    pub(super) reason: Arc<str>,
}

/// A journey as text.
#[derive(Debug, Clone)]
pub(super) struct Settled {
    pub(super) draft: Draft,
    pub(super) text: Arc<str>,
    pub(super) compiles: bool,
    /// The codes that are allowed, with how often.
    pub(super) allowed: BTreeMap<Arc<str>, usize>,
}

/// The files that texts name, for a compiler.
pub(super) fn importer(files: &BTreeMap<String, Vec<u8>>, imports: &[Source]) -> MemoryImporter {
    let files = files.iter().filter_map(|(path, bytes)| {
        Some(Source::new(path.as_str(), std::str::from_utf8(bytes).ok()?))
    });
    MemoryImporter::new(imports.iter().cloned().chain(files))
}

/// The drafts in groups of those that call each other.
pub(super) fn groups(drafts: Vec<Draft>) -> Vec<Vec<Draft>> {
    let at: BTreeMap<Arc<str>, usize> = drafts
        .iter()
        .enumerate()
        .map(|(at, draft)| (Arc::clone(&draft.journey), at))
        .collect();
    let mut group: Vec<usize> = (0..drafts.len()).collect();
    for (from, draft) in drafts.iter().enumerate() {
        for to in draft.calls.iter().filter_map(|to| at.get(to)) {
            let (a, b) = (root(&mut group, from), root(&mut group, *to));
            if let Some(slot) = group.get_mut(a.max(b)) {
                *slot = a.min(b);
            }
        }
    }
    let mut made: BTreeMap<usize, Vec<Draft>> = BTreeMap::new();
    for (number, draft) in drafts.into_iter().enumerate() {
        let root = root(&mut group, number);
        made.entry(root).or_default().push(draft);
    }
    made.into_values().collect()
}

/// The first of a group.
fn root(group: &mut [usize], mut at: usize) -> usize {
    // BOUND: each step leads to a smaller number.
    while let Some(&up) = group.get(at).filter(|up| **up != at) {
        let further = group.get(up).copied().unwrap_or(up);
        if let Some(slot) = group.get_mut(at) {
            *slot = further;
        }
        at = up;
    }
    at
}

/// Makes a group compile, as far as that goes.
pub(super) fn settle(
    drafts: Vec<Draft>,
    bench: &Bench<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<Settled> {
    let mut made: Vec<Settled> = drafts
        .into_iter()
        .map(|draft| Settled {
            text: Arc::from(draft.text(&bench.reason)),
            draft,
            compiles: false,
            allowed: BTreeMap::new(),
        })
        .collect();
    for round in 0..ROUNDS_MAX {
        let compiled = compile(&made, bench);
        if let Some(program) = &compiled.program {
            if round + 1 < ROUNDS_MAX && relent(&mut made, &compiled, program, bench, findings) {
                continue;
            }
            for settled in &mut made {
                settled.compiles = true;
                settled.allowed = allowed(&settled.draft);
            }
            return made;
        }
        let mut changed = false;
        for settled in &mut made {
            changed |= mend(settled, &compiled, round, findings);
        }
        for settled in made.iter_mut().filter(|settled| settled.text.is_empty()) {
            settled.text = Arc::from(settled.draft.text(&bench.reason));
        }
        if !changed {
            break;
        }
    }
    refused(made, bench, findings)
}

/// Takes out the settings that the types of their nodes refuse although the catalogue takes them, such as a
/// default that is none of the choices; true where one was taken out.
fn relent(
    made: &mut [Settled],
    compiled: &Compiled,
    program: &Valid<Program>,
    bench: &Bench<'_>,
    findings: &mut Vec<Finding>,
) -> bool {
    let mut changed = false;
    for refusal in &Engine::refusals(program, &bench.registry) {
        let mut of_file = made.iter_mut().filter(|settled| {
            compiled.sources.find(&file_of(&settled.draft)) == Some(refusal.span.source)
        });
        let Some(settled) = of_file.next() else {
            continue;
        };
        let source = Source::new(file_of(&settled.draft), Arc::clone(&settled.text));
        let parsed = wayfare::parse(&source, refusal.span.source);
        let nodes = nodes_of(&parsed.file);
        let Some(place) = nodes.iter().find(|node| holds(node.span, refusal.span)) else {
            continue;
        };
        let Some((key, why)) = setting_of(&refusal.message) else {
            continue;
        };
        // Whether a tree is there is for the whole realm to say, and this may be a part of it.
        if key == "tree" {
            continue;
        }
        let child = place.children.iter().find(|c| holds(c.span, refusal.span));
        let tree = Arc::clone(&settled.draft.tree);
        let Some(node) = draft_of(&mut settled.draft, place, child) else {
            continue;
        };
        let before = node.settings.len();
        node.settings.retain(|(other, _)| *other != key);
        if node.settings.len() < before {
            let finding = Finding::new(Code::BadValue, format!("setting `{key}` {why}"));
            findings.push(finding.tree(tree).node(Arc::clone(&node.name)));
            settled.text = Arc::from(settled.draft.text(&bench.reason));
            changed = true;
        }
    }
    changed
}

/// The setting that a type speaks of when it refuses a node, and what it says of it.
fn setting_of(message: &str) -> Option<(&str, &str)> {
    let (_, of) = message.split_once("cannot be set so: setting `")?;
    of.split_once("` ")
}

/// A node of a draft, or a child of it.
fn draft_of<'d>(
    draft: &'d mut Draft,
    place: &ast::Node,
    child: Option<&ast::Node>,
) -> Option<&'d mut DraftNode> {
    let node = named(draft, &place.name.text)?;
    match child {
        Some(child) => node
            .children
            .iter_mut()
            .find(|one| *one.name == *child.name.text),
        None => Some(node),
    }
}

/// Says which journeys of a group do not compile.
fn refused(mut made: Vec<Settled>, bench: &Bench<'_>, findings: &mut Vec<Finding>) -> Vec<Settled> {
    let compiled = compile(&made, bench);
    for settled in &mut made {
        let file = compiled.sources.find(&file_of(&settled.draft));
        let first = compiled
            .diagnostics
            .iter()
            .find(|d| d.severity == Severity::Error && Some(d.span.source) == file);
        settled.compiles = compiled.program.is_some();
        settled.allowed = allowed(&settled.draft);
        let message = match first {
            Some(first) => first.one_line(&compiled.sources),
            None if settled.compiles => continue,
            None => "a journey that it calls or that calls it does not compile".to_owned(),
        };
        let finding = Finding::new(Code::NotCompiled, message);
        findings.push(finding.tree(Arc::clone(&settled.draft.tree)));
    }
    made
}

/// The path of the file of a journey.
pub(super) fn file_of(draft: &Draft) -> String {
    format!("{}.journey", draft.journey)
}

fn compile(made: &[Settled], bench: &Bench<'_>) -> Compiled {
    let declares = made.iter().any(|settled| settled.draft.declares);
    let externs = bench.externs.iter().filter(|_| declares).cloned();
    let texts = made
        .iter()
        .map(|settled| Source::new(file_of(&settled.draft), Arc::clone(&settled.text)));
    // The realm is compiled again only with what calls into it.
    let calls = made
        .iter()
        .any(|settled| settled.draft.calls.iter().any(|to| bench.beside.has(to)));
    let beside = bench.beside.sources.iter().filter(|_| calls).cloned();
    bench.compiler.compile(externs.chain(beside).chain(texts))
}

/// Changes a draft so that what was found in it is found no more; true where it was changed, and then its
/// text is taken away.
fn mend(
    settled: &mut Settled,
    compiled: &Compiled,
    round: usize,
    findings: &mut Vec<Finding>,
) -> bool {
    let Some(file) = compiled.sources.find(&file_of(&settled.draft)) else {
        return false;
    };
    let found: Vec<(LanguageCode, Span, String)> = compiled
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error && d.span.source == file)
        .map(|d| (d.code, d.span, d.message.to_string()))
        .collect();
    if found.is_empty() {
        return false;
    }
    let source = Source::new(file_of(&settled.draft), Arc::clone(&settled.text));
    let parsed = wayfare::parse(&source, file);
    let nodes = nodes_of(&parsed.file);
    let mut changed = false;
    for (code, span, message) in found {
        let place = nodes.iter().find(|node| holds(node.span, span));
        if code.allowable {
            let allows = match place.and_then(|node| named(&mut settled.draft, &node.name.text)) {
                Some(node) => &mut node.allows,
                None => &mut settled.draft.allows,
            };
            changed |= allows.insert(code.word);
            continue;
        }
        let Some(place) = place else {
            continue;
        };
        changed |= take_out(
            &mut settled.draft,
            place,
            span,
            round,
            (code, message),
            findings,
        );
    }
    if changed {
        settled.text = Arc::from("");
    }
    changed
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn nodes_of(file: &ast::File) -> Vec<&ast::Node> {
    let mut made = Vec::new();
    for item in &file.items {
        if let ast::Item::Journey(journey) = item {
            made.extend(&journey.body.nodes);
        }
    }
    made
}

fn named<'d>(draft: &'d mut Draft, name: &str) -> Option<&'d mut DraftNode> {
    draft.nodes.iter_mut().find(|node| &*node.name == name)
}

/// Takes out what cannot be compiled: a setting at first, and where that does not help the node.
fn take_out(
    draft: &mut Draft,
    place: &ast::Node,
    span: Span,
    round: usize,
    (code, message): (LanguageCode, String),
    findings: &mut Vec<Finding>,
) -> bool {
    let child = place.children.iter().find(|child| holds(child.span, span));
    let written = child.unwrap_or(place);
    let setting = written.settings.iter().find(|s| holds(s.span, span));
    let key = setting.map(|setting| setting.key.text.clone());
    let tree = Arc::clone(&draft.tree);
    let Some(node) = draft_of(draft, place, child) else {
        return false;
    };
    let what = text::remark(&message);
    let finding = Finding::new(Code::BadValue, format!("{what} ({code})"));
    let finding = finding.tree(tree).node(Arc::clone(&node.name));
    if let Some(key) = key.filter(|_| round < 2 && node.ty != "Unavailable") {
        let before = node.settings.len();
        node.settings.retain(|(other, _)| *other != key);
        findings.push(finding);
        return node.settings.len() < before;
    }
    if node.ty == "Unavailable" || node.ty.starts_with("Page") {
        return false;
    }
    findings.push(finding);
    "Unavailable".clone_into(&mut node.ty);
    node.settings = vec![
        ("type".to_owned(), text::quoted(&text::remark(&node.wire))),
        ("why".to_owned(), text::quoted(&what)),
    ];
    for arm in node.arms.iter_mut().filter(|arm| arm.outcomes.is_empty()) {
        arm.outcomes.push("outcome".to_owned());
    }
    true
}

fn allowed(draft: &Draft) -> BTreeMap<Arc<str>, usize> {
    let mut made: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let of_nodes = draft.nodes.iter().flat_map(|node| &node.allows);
    for code in draft.allows.iter().chain(of_nodes) {
        *made.entry(Arc::from(*code)).or_default() += 1;
    }
    made
}

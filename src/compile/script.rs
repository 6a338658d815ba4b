//! What the texts of scripts tell, where the authors of their nodes say nothing.
//!
//! In: a program with its journeys, and a reader of scripts. Out: for every node with a script that can be
//! read a variant of its type that says what the script reads, writes and asks, so that the checks need not
//! fear the worst; and findings about what script and node do not agree on. A node whose script cannot be
//! read stays as its type says, and nothing is found of it.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use petgraph::{Direction, graph::NodeIndex};

use crate::{
    codes,
    compile::{context::Cx, outcome::outcome_text},
    diagnostic::Diagnostic,
    model::{
        catalog::{Catalog, TypeId},
        journey::{Journey, NodeKind, SettingValue, Task},
        program::Program,
        script::{Lines, ScriptFacts, ScriptReader, is_script_text},
        signature::{Known, OutcomeFacts, Removal, Scope, Secrecy, Signature, StateKey},
        value::{Type, Value},
    },
    source::Span,
};

/// The type whose nodes run scripts that decide.
const TYPE: &str = "ScriptedDecision";
/// Its settings.
const SCRIPT: &str = "script";
const INPUTS: &str = "inputs";
const OUTPUTS: &str = "outputs";
/// The profile under construction among inputs and outputs.
const OBJECT: &str = "objectAttributes";
/// The key that names who is there.
const USERNAME: &str = "username";

/// A node, or a child of a page, with a script.
struct Scripted<'p> {
    task: &'p Task,
    outcomes: &'p [Arc<str>],
    span: Span,
    name: &'p str,
    /// The last arrow of the node.
    arrow: Option<Span>,
}

/// Where a task is: journey, node, child of a page.
type Place = (usize, NodeIndex<u32>, Option<usize>);

/// Reads the scripts of a program.
pub(super) fn tell(reader: &dyn ScriptReader, program: &mut Program, cx: &mut Cx<'_>) {
    let mut catalog = Catalog::clone(&program.catalog);
    let mut variants: Vec<(Place, TypeId)> = Vec::new();
    let mut told = Told::default();
    for (at, journey) in program.journeys.iter().enumerate() {
        for index in journey.graph.node_indices() {
            for (child, scripted) in scripted(journey, index) {
                let Some(base) = catalog.get(scripted.task.ty).map(Arc::clone) else {
                    continue;
                };
                let Some(text) = Text::of(journey, &scripted, &base) else {
                    continue;
                };
                let Some(facts) = told.read(reader, &text) else {
                    continue;
                };
                disagreements(cx, &mut told.said, &scripted, &text, &facts);
                let signature = signature(&base, &text, &facts);
                if signature == *base {
                    continue;
                }
                let ty = told.variant(&mut catalog, scripted.task.ty, signature);
                variants.push(((at, index, child), ty));
            }
        }
    }
    if variants.is_empty() {
        return;
    }
    for ((journey, node, child), ty) in variants {
        let node = program
            .journeys
            .get_mut(journey)
            .and_then(|journey| journey.graph.node_weight_mut(node));
        match (node.map(|node| &mut node.kind), child) {
            (Some(NodeKind::Task(task)), None) => task.ty = ty,
            (Some(NodeKind::Page(page)), Some(child)) => {
                if let Some(child) = page.children.get_mut(child) {
                    child.task.ty = ty;
                }
            }
            _ => {}
        }
    }
    program.catalog = Arc::new(catalog);
}

/// The nodes at a node of the graph that may have scripts: itself, or children of a page.
fn scripted(journey: &Journey, index: NodeIndex<u32>) -> Vec<(Option<usize>, Scripted<'_>)> {
    let arrows = journey.graph.edges_directed(index, Direction::Outgoing);
    let arrow = arrows
        .map(|edge| edge.weight().span)
        .max_by_key(|span| span.end);
    let Some(node) = journey.graph.node_weight(index) else {
        return Vec::new();
    };
    match &node.kind {
        NodeKind::Task(task) => vec![(
            None,
            Scripted {
                task,
                outcomes: &node.outcomes,
                span: node.span,
                name: &node.path,
                arrow,
            },
        )],
        NodeKind::Page(page) => {
            let children = page.children.iter().enumerate();
            let scripted = children.map(|(at, child)| {
                let scripted = Scripted {
                    task: &child.task,
                    outcomes: &child.outcomes,
                    span: child.span,
                    name: &child.name,
                    arrow: None,
                };
                (Some(at), scripted)
            });
            scripted.collect()
        }
        NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => Vec::new(),
    }
}

fn setting<'t>(task: &'t Task, key: &str) -> Option<&'t SettingValue> {
    let found = task.settings.iter().find(|(name, _)| **name == *key);
    found.map(|(_, value)| value)
}

/// The script of a node, and what its author says of it.
struct Text {
    /// What it is called.
    path: Arc<str>,
    body: Arc<str>,
    /// The keys that it may look at, and write; none where nobody lists them.
    inputs: Option<BTreeSet<Arc<str>>>,
    outputs: Option<BTreeSet<Arc<str>>>,
    /// Whether the author says if it asks.
    says_asks: bool,
    /// Whether the type of the node is declared with the script.
    is_declared: bool,
}

impl Text {
    /// None where the node has no script that stands as text.
    fn of(journey: &Journey, scripted: &Scripted<'_>, base: &Signature) -> Option<Self> {
        if let Some(runs) = &base.runs {
            return Some(Self {
                path: Arc::clone(&runs.path),
                body: Arc::clone(&runs.text),
                inputs: declared(&base.reads),
                outputs: declared(&base.writes),
                says_asks: false,
                is_declared: true,
            });
        }
        let task = scripted.task;
        let text = match setting(task, SCRIPT) {
            Some(SettingValue::Constant(Value::Text(text))) if base.name == TYPE => text,
            _ => return None,
        };
        let file = task.files.get(SCRIPT).map(Arc::clone);
        let within = || Arc::from(format!("{}/{}", journey.name, scripted.name));
        Some(Self {
            path: file.or_else(|| is_script_text(text).then(within))?,
            body: Arc::clone(text),
            inputs: listed(task, INPUTS),
            outputs: listed(task, OUTPUTS),
            says_asks: setting(task, "asks").is_some(),
            is_declared: false,
        })
    }
}

/// The keys that a declaration lists.
fn declared(keys: &[StateKey]) -> Option<BTreeSet<Arc<str>>> {
    let any = keys.iter().any(|key| key.key == "*");
    let names = keys
        .iter()
        .map(|key| Arc::from(listed_as(key.scope, &key.key)));
    (!any).then(|| names.collect())
}

/// A script by what it is called and its text.
type ByText = (Arc<str>, Arc<str>);

/// What was read and said so far.
#[derive(Default)]
struct Told {
    facts: BTreeMap<ByText, Option<Arc<ScriptFacts>>>,
    variants: Vec<(TypeId, Signature, TypeId)>,
    /// What was said of which place: copies of a fragment are one.
    said: BTreeSet<(&'static str, u32, u32, u32, Arc<str>)>,
}

impl Told {
    /// The facts of a script; none where it cannot be read.
    fn read(&mut self, reader: &dyn ScriptReader, text: &Text) -> Option<Arc<ScriptFacts>> {
        let key = (Arc::clone(&text.path), Arc::clone(&text.body));
        let facts = self.facts.entry(key).or_insert_with(|| {
            let facts = reader.read(&text.path, &text.body);
            facts.unread.is_none().then(|| Arc::new(facts))
        });
        facts.clone()
    }

    fn variant(&mut self, catalog: &mut Catalog, of: TypeId, signature: Signature) -> TypeId {
        let known = self
            .variants
            .iter()
            .find(|(base, known, _)| *base == of && *known == signature);
        if let Some((_, _, ty)) = known {
            return *ty;
        }
        let ty = catalog.add_variant(of, signature.clone());
        self.variants.push((of, signature, ty));
        ty
    }
}

/// The keys that an author lists; none where the list has a star, or none is written.
fn listed(task: &Task, key: &str) -> Option<BTreeSet<Arc<str>>> {
    let Some(SettingValue::Constant(Value::List(list))) = setting(task, key) else {
        return None;
    };
    let names: BTreeSet<Arc<str>> = list
        .iter()
        .filter_map(Value::as_text)
        .map(Arc::from)
        .collect();
    (!names.contains("*")).then_some(names)
}

/// What is known of a node with this script.
fn signature(base: &Signature, text: &Text, facts: &ScriptFacts) -> Signature {
    let mut signature = base.clone();
    if facts.reads.all {
        signature.reads = keys(&facts.reads, text.inputs.as_ref());
    }
    if facts.writes.all {
        match &text.outputs {
            None => {
                signature.writes = keys(&facts.writes, None);
                let identity = [Scope::Shared, Scope::Any].iter().any(|scope| {
                    facts
                        .writes
                        .lines
                        .contains_key(&(*scope, Arc::from(USERNAME)))
                });
                let all: Vec<OutcomeFacts> = base
                    .facts
                    .iter()
                    .map(|known| OutcomeFacts {
                        writes_identity: Known::Is(identity),
                        ..known.clone()
                    })
                    .collect();
                signature.facts = Cow::Owned(all);
            }
            Some(_) if text.is_declared => {}
            Some(outputs) => {
                // The engine holds the script to what is listed; of attributes only the text tells.
                let named = base
                    .writes
                    .iter()
                    .filter(|key| key.named_by.is_some())
                    .cloned();
                let members = keys(&facts.writes, Some(outputs));
                let members = members.iter().filter(|key| is_member(key.scope)).cloned();
                signature.writes = Cow::Owned(named.chain(members).collect());
            }
        }
    }
    if facts.removes.all {
        let removed = facts.removes.lines.keys().map(|key| Removal {
            key: Cow::Owned(key.to_string()),
            named_by: None,
            outcome: Cow::Borrowed("*"),
        });
        signature.removes = Cow::Owned(removed.collect());
    }
    if !text.says_asks && facts.asks != Known::Unknown {
        signature.asks = facts.asks;
        signature.asks_when = None;
    }
    // That it may suspend the run does not say that it always does.
    if facts.suspends == Known::Is(false) {
        signature.suspends = facts.suspends;
    }
    signature
}

fn is_member(scope: Scope) -> bool {
    matches!(scope, Scope::ObjectShared | Scope::ObjectTransient)
}

/// The name by which a key is listed.
fn listed_as(scope: Scope, key: &str) -> &str {
    if is_member(scope) { OBJECT } else { key }
}

fn keys(
    lines: &Lines<(Scope, Arc<str>)>,
    among: Option<&BTreeSet<Arc<str>>>,
) -> Cow<'static, [StateKey]> {
    let named = lines
        .lines
        .keys()
        .filter(|(scope, key)| among.is_none_or(|names| names.contains(listed_as(*scope, key))));
    // The whole profile is all of its attributes.
    let keys = named.flat_map(|(scope, key)| {
        let whole = &**key == OBJECT && !is_member(*scope);
        let scopes: &[Scope] = match (whole, scope) {
            (false, _) => std::slice::from_ref(scope),
            (true, Scope::Shared) => &[Scope::ObjectShared],
            (true, Scope::Transient) => &[Scope::ObjectTransient],
            (true, _) => &[Scope::ObjectShared, Scope::ObjectTransient],
        };
        let name: &str = if whole { "*" } else { key };
        scopes.iter().map(move |scope| StateKey {
            scope: *scope,
            key: Cow::Owned(name.to_owned()),
            named_by: None,
            ty: Type::Any,
            secrecy: Secrecy::Personal,
            always: false,
        })
    });
    Cow::Owned(keys.collect())
}

/// Says what a script and its node do not agree on.
fn disagreements(
    cx: &mut Cx<'_>,
    said: &mut BTreeSet<(&'static str, u32, u32, u32, Arc<str>)>,
    scripted: &Scripted<'_>,
    text: &Text,
    facts: &ScriptFacts,
) {
    let path = &*text.path;
    let mut report = |cx: &mut Cx<'_>, what: &Arc<str>, finding: Diagnostic| {
        let span = finding.span;
        let place = (
            finding.code.word,
            u32::try_from(span.source.index()).unwrap_or(u32::MAX),
            span.start,
            span.end,
            Arc::clone(what),
        );
        if said.insert(place) {
            cx.report(finding);
        }
    };
    for (outcome, line) in &facts.outcomes.lines {
        if !scripted.outcomes.contains(outcome) {
            let finding = unwired(cx, scripted, path, outcome, *line);
            report(cx, outcome, finding);
        }
    }
    if facts.outcomes.all && !text.is_declared {
        for outcome in scripted.outcomes {
            if !facts.outcomes.lines.contains_key(outcome) {
                report(cx, outcome, unset(scripted, path, outcome, facts));
            }
        }
    }
    let names = if text.is_declared {
        ["writes", "reads"]
    } else {
        [OUTPUTS, INPUTS]
    };
    let lists = [
        (&text.outputs, "writes", &facts.writes),
        (&text.inputs, "looks at", &facts.reads),
    ];
    for (setting, (listed, verb, lines)) in names.into_iter().zip(lists) {
        let Some(names) = listed else {
            continue;
        };
        for ((scope, key), line) in &lines.lines {
            let name = listed_as(*scope, key);
            if !names.contains(name) {
                let name: Arc<str> = Arc::from(name);
                let finding = unlisted(scripted, path, (setting, verb), &name, *line);
                report(cx, &name, finding);
            }
        }
    }
    for leak in &facts.leaks {
        let key = leak
            .key
            .as_deref()
            .map_or_else(String::new, |key| format!(" as `{key}`"));
        let message = format!(
            "the script of `{}` puts {} into shared state{key}",
            scripted.name, leak.what
        );
        let finding = Diagnostic::new(codes::LEAKED_SECRET, scripted.span, message)
            .expected("secrets in transient state only")
            .note(at(path, leak.line))
            .help("put it into transient state, or keep it out of the state");
        let what: Arc<str> = Arc::from(format!("{key}{}", leak.what));
        report(cx, &what, finding);
    }
}

/// Where in a script something is.
fn at(path: &str, line: u32) -> String {
    format!("`{path}`, line {line}")
}

fn unwired(
    cx: &mut Cx<'_>,
    scripted: &Scripted<'_>,
    path: &str,
    outcome: &str,
    line: u32,
) -> Diagnostic {
    let message = format!(
        "the script of `{}` leaves by `{outcome}`, which leads nowhere",
        scripted.name
    );
    let finding = Diagnostic::new(codes::UNWIRED_SCRIPT_OUTCOME, scripted.span, message)
        .expected("an arrow for each outcome that the script sets")
        .note(at(path, line));
    let arm = format!("{} -> failure", outcome_text(outcome));
    let meant = cx.nearest(outcome, scripted.outcomes.iter().map(|name| &**name));
    if let Some(meant) = meant {
        return finding.help(format!("did the script mean `{meant}`? else add `{arm}`"));
    }
    let place = scripted
        .arrow
        .and_then(|arrow| Some((arrow, cx.indent(arrow)?)));
    match place {
        Some((arrow, indent)) => finding.fix(
            format!("add `{arm}`"),
            arrow.after(),
            format!("\n{indent}{arm}"),
        ),
        None => finding.help(format!("add an arrow such as `{arm}`")),
    }
}

fn unset(scripted: &Scripted<'_>, path: &str, outcome: &str, facts: &ScriptFacts) -> Diagnostic {
    let message = format!(
        "the script of `{}` never leaves by `{outcome}`",
        scripted.name
    );
    let names: Vec<String> = facts
        .outcomes
        .lines
        .iter()
        .map(|(name, line)| format!("`{name}` in line {line}"))
        .collect();
    let sets = if names.is_empty() {
        format!("`{path}` sets no outcome at all")
    } else {
        format!("`{path}` sets {}", names.join(", "))
    };
    Diagnostic::new(codes::UNSET_OUTCOME, scripted.span, message)
        .expected("outcomes that the script sets")
        .note(sets)
        .help("take the arrow out, or let the script set the outcome")
}

fn unlisted(
    scripted: &Scripted<'_>,
    path: &str,
    (setting, verb): (&str, &str),
    name: &str,
    line: u32,
) -> Diagnostic {
    let then = if verb == "writes" {
        "the script fails there"
    } else {
        "it finds nothing there"
    };
    let message = format!(
        "the script of `{}` {verb} `{name}`, which is not among its `{setting}`",
        scripted.name
    );
    Diagnostic::new(codes::UNLISTED_KEY, scripted.span, message)
        .expected(format!("every key that the script {verb}; {then}"))
        .note(at(path, line))
        .help(format!("list `{name}` among `{setting}`"))
}

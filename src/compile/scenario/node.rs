//! The nodes that tests name, and what is answered to them.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    codes,
    compile::{
        clip,
        context::Cx,
        raw::{Place, RawKind},
        scenario::{Bench, Site},
    },
    diagnostic::Diagnostic,
    model::{
        journey::{Journey, Node, NodeKind, On, SettingValue, Task},
        program::Program,
        scenario::{
            AnswerPart, Answering, Given, GivenText, NodeRef, SentPart, StepKind, Uncovered,
        },
        signature::{Known, Outcomes},
        value::Value,
    },
    source::Span,
    syntax::ast::{self, Dotted},
};

/// The nodes of each journey by their paths.
pub(super) type Nodes<'p> = Vec<BTreeMap<&'p str, &'p Node>>;

/// A node that a test names.
pub(super) struct Found<'p> {
    pub(super) node: NodeRef,
    /// The node with the settings, where it or the child is of a type.
    pub(super) task: Option<&'p Task>,
    pub(super) outcomes: &'p [Arc<str>],
    /// The node itself; a child belongs to its page.
    pub(super) of: &'p Node,
}

impl<'p> Site<'p> {
    pub(super) fn new(program: &'p Program) -> Self {
        let nodes = program
            .journeys
            .iter()
            .map(|journey| {
                let weights = journey.graph.node_weights();
                weights.map(|node| (&*node.path, node)).collect()
            })
            .collect();
        let mut keys = program.keys.iter().map(|key| &**key).collect();
        for node in program.journeys.iter().flat_map(|j| j.graph.node_weights()) {
            match &node.kind {
                NodeKind::Task(task) => note_keys(program, task, &mut keys),
                NodeKind::Page(page) => {
                    for child in &page.children {
                        note_keys(program, &child.task, &mut keys);
                    }
                }
                _ => {}
            }
        }
        Self {
            program,
            nodes,
            keys,
        }
    }
}

/// The keys that a node reads or writes, those that its settings name among them.
fn note_keys<'p>(
    program: &'p Program,
    task: &'p Task,
    keys: &mut std::collections::BTreeSet<&'p str>,
) {
    let Some(signature) = program.catalog.get(task.ty) else {
        return;
    };
    for key in signature.reads.iter().chain(signature.writes.iter()) {
        let Some(named_by) = &key.named_by else {
            keys.insert(&key.key);
            continue;
        };
        let setting = task.settings.iter().find(|(name, _)| **name == **named_by);
        match setting {
            Some((_, SettingValue::Constant(Value::Text(name)))) => {
                keys.insert(name);
            }
            Some((_, SettingValue::Constant(Value::List(list)))) => {
                keys.extend(list.iter().filter_map(Value::as_text));
            }
            Some((_, SettingValue::Constant(Value::Map(map)))) => {
                keys.extend(map.keys().map(|key| &**key));
                keys.extend(map.values().filter_map(Value::as_text));
            }
            _ => {}
        }
    }
}

impl<'a> Cx<'a> {
    /// The node that a path means, from the journey of the test.
    pub(super) fn test_node<'p>(
        &mut self,
        bench: &Bench<'p>,
        path: &'a Dotted,
    ) -> Option<Found<'p>> {
        self.test_node_in(bench.site, bench.journey, &path.parts)
    }

    fn test_node_in<'p>(
        &mut self,
        site: &Site<'p>,
        journey: &'p Journey,
        parts: &'a [ast::Name],
    ) -> Option<Found<'p>> {
        let text = joined(parts);
        let mut journey = journey;
        let mut rest = parts;
        let mut callers: Vec<Arc<str>> = Vec::new();
        loop {
            let nodes = site.nodes.get(journey.id.index())?;
            let found = (1..=rest.len()).find_map(|length| {
                let (head, tail) = rest.split_at_checked(length)?;
                Some((*nodes.get(joined(head).as_str())?, tail))
            });
            let Some((node, tail)) = found.filter(|(node, _)| !is_end(node)) else {
                self.no_node(journey, nodes, rest);
                return None;
            };
            let at: Arc<str> = Arc::from(format!("{}/{}", journey.name, node.path));
            let reference = |child: Option<&Arc<str>>| NodeRef {
                text: Arc::from(text.as_str()),
                at: Arc::clone(&at),
                child: child.cloned(),
                callers: callers.clone(),
            };
            match (&node.kind, tail) {
                (NodeKind::Task(task), []) => {
                    return Some(Found {
                        node: reference(None),
                        task: Some(task),
                        outcomes: &node.outcomes,
                        of: node,
                    });
                }
                (_, []) => {
                    return Some(Found {
                        node: reference(None),
                        task: None,
                        outcomes: &node.outcomes,
                        of: node,
                    });
                }
                (NodeKind::Page(page), [name]) => {
                    let child = page.children.iter().find(|c| *c.name == *name.text);
                    let Some(child) = child else {
                        let known = page.children.iter().map(|c| &*c.name);
                        self.no_child(&node.path, name, known.collect());
                        return None;
                    };
                    return Some(Found {
                        node: reference(Some(&child.name)),
                        task: Some(&child.task),
                        outcomes: &child.outcomes,
                        of: node,
                    });
                }
                (NodeKind::Inner(inner), tail) => {
                    callers.push(at);
                    journey = site.program.journey(*inner)?;
                    rest = tail;
                }
                (_, [name, ..]) => {
                    self.no_child(&node.path, name, Vec::new());
                    return None;
                }
            }
        }
    }

    fn no_node(&mut self, journey: &Journey, nodes: &BTreeMap<&str, &Node>, parts: &[ast::Name]) {
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else {
            return;
        };
        let path = joined(parts);
        if parts.iter().any(|part| self.in_broken_line(&part.text)) {
            return;
        }
        let span = first.span.to(last.span);
        let message = format!("`{}` has no node `{}`", journey.name, clip(&path));
        let mut finding = Diagnostic::new(codes::UNKNOWN_NODE, span, message)
            .expected("the path of a node, such as `check` or `code.enter`");
        let inside = format!("{path}.");
        let within: Vec<&str> = nodes
            .range(&*inside..)
            .map(|(path, _)| *path)
            .take_while(|path| path.starts_with(&inside))
            .collect();
        if within.is_empty() {
            let known = nodes.iter().filter(|(_, node)| !is_end(node));
            if let Some(meant) = self.nearest(&path, known.map(|(path, _)| *path)) {
                finding = finding.fix(format!("did you mean `{meant}`?"), span, meant);
            }
        } else {
            let names = crate::compile::outcome::list(within.into_iter());
            finding = finding.note(format!("`{}` is a fragment; it has {names}", clip(&path)));
        }
        self.report(finding);
    }

    fn no_child(&mut self, node: &str, name: &ast::Name, known: Vec<&str>) {
        let message = format!("there is nothing called `{}` in `{node}`", clip(&name.text));
        let mut finding = Diagnostic::new(codes::UNKNOWN_NODE, name.span, message);
        finding = finding.expected(if known.is_empty() {
            "the end of the path".to_owned()
        } else {
            crate::compile::outcome::list(known.iter().copied())
        });
        if let Some(meant) = self.nearest(&name.text, known) {
            finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
        }
        self.report(finding);
    }

    pub(super) fn no_outcome(&mut self, node: &str, outcome: &str, span: Span, known: &[Arc<str>]) {
        let message = format!("`{node}` has no outcome `{}`", clip(outcome));
        let known = || known.iter().map(|name| &**name);
        let mut finding = Diagnostic::new(codes::UNKNOWN_OUTCOME, span, message)
            .expected(crate::compile::outcome::list(known()));
        if let Some(meant) = self.nearest(outcome, known()) {
            let quoted = self.text(span).starts_with('"');
            let edit = if quoted {
                format!("\"{meant}\"")
            } else {
                meant.clone()
            };
            finding = finding.fix(format!("did you mean `{meant}`?"), span, edit);
        }
        self.report(finding);
    }

    // ---- answers -------------------------------------------------------------------------------------

    pub(super) fn answer(
        &mut self,
        bench: &Bench<'_>,
        answer: &'a ast::Exchange,
    ) -> Option<StepKind> {
        let found = self.test_node(bench, &answer.node)?;
        let mut children = Vec::new();
        if let (NodeKind::Page(page), None) = (&found.of.kind, &found.node.child) {
            let known: Vec<&str> = page.children.iter().map(|child| &*child.name).collect();
            let holder = format!("the page `{}`", found.node.text);
            for (name, value) in self.fields(answer.value.as_ref(), &holder, &known, false) {
                let child = page
                    .children
                    .iter()
                    .find(|child| *child.name == *name.text)?;
                let (task, outcomes) = (&child.task, child.outcomes.as_slice());
                let part =
                    self.part(bench, &name.text, (task, outcomes), Some(value), name.span)?;
                children.push((Some(Arc::clone(&child.name)), part));
            }
        } else {
            let Some(task) = found.task else {
                let message = format!("`{}` asks nothing", found.node.text);
                self.report(
                    Diagnostic::new(codes::UNKNOWN_CALLBACK, answer.node.span, message)
                        .expected("a node that asks"),
                );
                return None;
            };
            let value = answer.value.as_ref();
            let of = (task, found.outcomes);
            let part = self.part(bench, &found.node.text, of, value, answer.node.span)?;
            children.push((found.node.child.clone(), part));
        }
        Some(StepKind::Answer(Answering {
            node: found.node,
            children,
        }))
    }

    /// What is answered to one node of a type.
    fn part(
        &mut self,
        bench: &Bench<'_>,
        name: &str,
        (task, outcomes): (&Task, &[Arc<str>]),
        value: Option<&'a ast::Value>,
        span: Span,
    ) -> Option<AnswerPart> {
        let signature = bench.site.program.catalog.get(task.ty)?;
        if signature.asks == Known::Is(false) {
            self.report(
                Diagnostic::new(
                    codes::UNKNOWN_CALLBACK,
                    span,
                    format!("`{name}` asks nothing"),
                )
                .expected("a node that asks")
                .note(format!("`{name}` is of type `{}`", signature.name)),
            );
            return None;
        }
        let Some(value) = value else {
            return Some(AnswerPart::Values(Vec::new()));
        };
        let is_menu = matches!(signature.outcomes, Outcomes::Authored { .. })
            && signature.callbacks.iter().any(|c| c == "ChoiceCallback");
        let menu = is_menu.then_some(outcomes);
        Some(match &value.kind {
            ast::ValueKind::Record(_) => {
                let mut made = Vec::new();
                let holder = format!("`{name}`");
                for (key, value) in self.fields(Some(value), &holder, &[], true) {
                    let kind = self.callback(&signature.callbacks, name, key)?;
                    made.push((kind, self.one(bench, task, menu, value)?));
                }
                AnswerPart::ByCallback(made)
            }
            ast::ValueKind::List(values) => {
                let values: Option<Vec<Given>> = values
                    .iter()
                    .map(|value| self.one(bench, task, menu, value))
                    .collect();
                AnswerPart::Values(values?)
            }
            _ => AnswerPart::Values(vec![self.one(bench, task, menu, value)?]),
        })
    }

    /// The full name of a callback that a node sends.
    pub(super) fn callback(
        &mut self,
        known: &[std::borrow::Cow<'static, str>],
        node: &str,
        name: &ast::Name,
    ) -> Option<Arc<str>> {
        let full = if name.text.ends_with("Callback") {
            name.text.clone()
        } else {
            format!("{}Callback", name.text)
        };
        if known.iter().any(|callback| *callback == full) {
            return Some(Arc::from(full));
        }
        let message = format!("`{node}` sends no `{}`", clip(&name.text));
        let mut finding = Diagnostic::new(codes::UNKNOWN_CALLBACK, name.span, message);
        finding = finding.expected(if known.is_empty() {
            "nothing, as it asks nothing".to_owned()
        } else {
            crate::compile::outcome::list(known.iter().map(|callback| &**callback))
        });
        let names = || known.iter().map(|callback| &**callback);
        let meant = self.nearest(&name.text, names());
        if let Some(meant) = meant.or_else(|| self.nearest(&full, names())) {
            finding = finding.fix(format!("did you mean `{meant}`?"), name.span, meant);
        }
        self.report(finding);
        None
    }

    fn one(
        &mut self,
        bench: &Bench<'_>,
        task: &Task,
        menu: Option<&[Arc<str>]>,
        value: &'a ast::Value,
    ) -> Option<Given> {
        let given = match &value.kind {
            ast::ValueKind::Reference(path) if is_sent(path) => {
                Given::Text(vec![GivenText::Sent(self.sent(path)?)])
            }
            ast::ValueKind::Reference(path) if is_app(path) => Given::Text(vec![GivenText::App]),
            ast::ValueKind::Text(parts) => {
                let mut made = Vec::new();
                for part in parts {
                    made.push(match part {
                        ast::TextPart::Raw(raw) => GivenText::Raw(Arc::from(raw.as_str())),
                        ast::TextPart::Path(path) if is_sent(path) => {
                            GivenText::Sent(self.sent(path)?)
                        }
                        ast::TextPart::Path(path) if is_app(path) => GivenText::App,
                        ast::TextPart::Path(path) => {
                            let place = Place {
                                file: bench.file,
                                env: None,
                            };
                            let raw = self.raw_reference(path, place);
                            let RawKind::Text(text) = raw.kind else {
                                return self.no_answer(path.span);
                            };
                            GivenText::Raw(text)
                        }
                    });
                }
                Given::Text(made)
            }
            _ => {
                let place = Place {
                    file: bench.file,
                    env: None,
                };
                match self.raw(value, place).kind {
                    RawKind::Text(text) => Given::Text(vec![GivenText::Raw(text)]),
                    RawKind::Int(number) => Given::Number(number),
                    RawKind::Bool(value) => Given::Bool(value),
                    RawKind::Broken => return None,
                    _ => return self.no_answer(value.span),
                }
            }
        };
        self.is_offered(task, menu, &given, value.span)?;
        Some(given)
    }

    fn no_answer(&mut self, span: Span) -> Option<Given> {
        self.report(
            Diagnostic::new(codes::WRONG_TYPE, span, "nobody can answer with this")
                .expected("a text, a number, `true` or `false`, `sent.code` or `app.code`"),
        );
        None
    }

    /// Whether a menu or the buttons of a node offer what is answered; a finding otherwise.
    fn is_offered(
        &mut self,
        task: &Task,
        menu: Option<&[Arc<str>]>,
        given: &Given,
        span: Span,
    ) -> Option<()> {
        let Given::Text(parts) = given else {
            return Some(());
        };
        let raw = match parts.as_slice() {
            [] => "",
            [GivenText::Raw(raw)] => raw,
            _ => return Some(()),
        };
        let buttons = buttons(task);
        let offered: Vec<&str> = match menu {
            Some(menu) => menu.iter().map(|name| &**name).collect(),
            None => buttons.iter().map(|name| &**name).collect(),
        };
        if offered.is_empty() || offered.contains(&raw) {
            return Some(());
        }
        let message = format!("nothing here is called `{}`", clip(raw));
        let mut finding = Diagnostic::new(codes::UNKNOWN_CHOICE, span, message)
            .expected(crate::compile::outcome::list(offered.iter().copied()));
        if let Some(meant) = self.nearest(raw, offered) {
            let edit = format!("\"{}\"", meant.replace('\\', "\\\\").replace('"', "\\\""));
            finding = finding.fix(format!("did you mean `{meant}`?"), span, edit);
        }
        self.report(finding);
        None
    }

    fn sent(&mut self, path: &ast::Path) -> Option<SentPart> {
        const KNOWN: [&str; 4] = ["code", "to", "subject", "body"];
        let [_, part] = path.parts.as_slice() else {
            self.bad_line(
                path.span,
                "this does not say what of the message".to_owned(),
                "`sent.code`, `sent.to`, `sent.subject` or `sent.body`",
            );
            return None;
        };
        Some(match part.text.as_str() {
            "code" => SentPart::Code,
            "to" => SentPart::To,
            "subject" => SentPart::Subject,
            "body" => SentPart::Body,
            _ => {
                self.unknown_field(part, "a message", &KNOWN);
                return None;
            }
        })
    }

    // ---- arrows --------------------------------------------------------------------------------------

    pub(super) fn uncovered(
        &mut self,
        site: &Site<'_>,
        journey: &Journey,
        item: &'a ast::Uncovered,
    ) -> Vec<Uncovered> {
        let program = site.program;
        let mut made = Vec::new();
        for arrow in &item.arrows {
            let Some((last, path)) = arrow
                .parts
                .split_last()
                .filter(|(_, path)| !path.is_empty())
            else {
                self.bad_line(
                    arrow.span,
                    "this does not name an arrow".to_owned(),
                    "a node and an outcome, such as `check.false`",
                );
                continue;
            };
            let Some(journey) = program.journey(journey.id) else {
                continue;
            };
            let Some(found) = self.test_node_in(site, journey, path) else {
                continue;
            };
            let is_error = last.text == "error" && found.of.outcome("error").is_none();
            if found.node.child.is_some() || !found.node.callers.is_empty() {
                self.bad_line(
                    arrow.span,
                    "arrows belong to nodes of the journey itself".to_owned(),
                    "a node of the journey, not of a page or of an inner journey",
                );
                continue;
            }
            if is_error && !has_error_arrow(journey, found.of)
                || !is_error && found.of.outcome(&last.text).is_none()
            {
                self.no_outcome(&found.node.text, &last.text, last.span, &found.of.outcomes);
                continue;
            }
            made.push(Uncovered {
                journey: Arc::clone(&journey.name),
                node: Arc::clone(&found.of.path),
                outcome: (!is_error).then(|| Arc::from(last.text.as_str())),
                reason: Arc::from(item.reason.text.as_str()),
                span: arrow.span,
            });
        }
        made
    }
}

fn has_error_arrow(journey: &Journey, node: &Node) -> bool {
    let index = journey.graph.node_indices().find(|index| {
        journey
            .graph
            .node_weight(*index)
            .is_some_and(|n| n.path == node.path)
    });
    index.is_some_and(|index| {
        let mut edges = journey.graph.edges(index);
        edges.any(|edge| edge.weight().on == On::Error)
    })
}

fn is_end(node: &Node) -> bool {
    matches!(
        node.kind,
        NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd
    )
}

fn is_sent(path: &ast::Path) -> bool {
    path.parts.first().is_some_and(|part| part.text == "sent")
}

fn is_app(path: &ast::Path) -> bool {
    let parts: Vec<&str> = path.parts.iter().map(|part| part.text.as_str()).collect();
    parts == ["app", "code"]
}

fn joined(parts: &[ast::Name]) -> String {
    let parts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    parts.join(".")
}

/// What the buttons of a node read, in every language; nothing where the author did not write them all.
fn buttons(task: &Task) -> Vec<Arc<str>> {
    const KEYS: [&[&str]; 2] = [&["messageYes", "messageNo"], &["exitMessage"]];
    let texts = |key: &str| -> Vec<Arc<str>> {
        let setting = task.settings.iter().find(|(name, _)| **name == *key);
        match setting {
            Some((_, SettingValue::Constant(Value::Localized(text)))) => {
                text.iter().map(|(_, text)| Arc::from(text)).collect()
            }
            _ => Vec::new(),
        }
    };
    for keys in KEYS {
        let found: Vec<Vec<Arc<str>>> = keys.iter().map(|key| texts(key)).collect();
        if found.iter().all(|texts| !texts.is_empty()) {
            return found.concat();
        }
    }
    Vec::new()
}

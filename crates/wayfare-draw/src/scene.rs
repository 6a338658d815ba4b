//! From a journey to figures and arrows that can be laid out.
//!
//! In: a journey and an overlay. Out: what is drawn, with sizes, and without places. Here it is decided
//! what a reader is shown of the graph: several outcomes that lead to one node are one arrow; an end that
//! many nodes lead to is drawn once beside each; and one `on error` line that serves many nodes is one
//! figure of its own.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use petgraph::visit::EdgeRef as _;
use wayfare::{
    Program, Span, Value,
    model::{
        journey::{Journey, Node, NodeKind, On, SettingValue, Task},
        signature::{Known, LevelChange, Signature},
    },
};

use crate::{
    layout::{Draft, Link, Shape},
    overlay::{Overlay, Paint, Tone},
    text::{self, Face},
};

/// Names.
pub(crate) const NAME: Face = Face {
    size: 13,
    bold: true,
};
/// Types and everything below names.
pub(crate) const SMALL: Face = Face {
    size: 11,
    bold: false,
};
/// What an overlay says.
pub(crate) const NOTE: Face = Face {
    size: 11,
    bold: true,
};
/// The widest text in a box.
const TEXT_MAX: i64 = 210;
/// The widest text at an arrow.
const LABEL_MAX: i64 = 150;
/// The most lines at an arrow.
const LINES_MAX: usize = 8;
/// The most children of a page that are listed.
const CHILDREN_MAX: usize = 12;
/// An end with more arrows than these is drawn beside each node that leads to it.
const ENDS_MAX: usize = 6;
/// From so many nodes on, an `on error` line they share is one figure.
const SHARED_MIN: usize = 3;

/// What a figure stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Start,
    Asks,
    Silent,
    Decision,
    Page,
    Inner,
    OnError,
    Success,
    Failure,
    Nowhere,
}

#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) form: Form,
    /// The name, then smaller lines.
    pub(crate) lines: Vec<String>,
    /// How many of the smaller lines stand above the rule of a page.
    pub(crate) head: usize,
    /// Which line is what an overlay says.
    pub(crate) note: Option<usize>,
    pub(crate) tip: String,
    pub(crate) tone: Tone,
    /// The path; empty for what is no node of the author's.
    pub(crate) path: Arc<str>,
    pub(crate) suspends: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Arrow {
    /// A line an outcome.
    pub(crate) lines: Vec<String>,
    pub(crate) tip: String,
    pub(crate) error: bool,
    pub(crate) tone: Tone,
}

#[derive(Debug, Default)]
pub(crate) struct Scene {
    pub(crate) draft: Draft,
    pub(crate) figures: Vec<Figure>,
    pub(crate) arrows: Vec<Arrow>,
}

/// An arrow of the graph.
struct Drawn {
    from: usize,
    to: usize,
    on: On,
    span: Span,
    label: String,
    paint: Paint,
}

impl Scene {
    pub(crate) fn new(program: &Program, journey: &Journey, overlay: &Overlay) -> Self {
        let mut scene = Self::default();
        let mut groups: BTreeMap<String, u32> = BTreeMap::new();
        // Figures have the numbers of their nodes first; ends that nothing leads to are left out later.
        let drawn = drawn(journey, overlay);
        let mut figure_of: BTreeMap<usize, usize> = BTreeMap::new();
        scene.add(start(), 0);
        for index in journey.graph.node_indices() {
            let Some(node) = journey.graph.node_weight(index) else {
                continue;
            };
            let figure = figure(program, node, overlay);
            if is_end(&figure) {
                continue;
            }
            let group = match node.path.split_once('.') {
                Some((fragment, _)) => {
                    let next = u32::try_from(groups.len() + 1).unwrap_or(u32::MAX);
                    *groups.entry(fragment.to_owned()).or_insert(next)
                }
                None => 0,
            };
            figure_of.insert(index.index(), scene.figures.len());
            scene.add(figure, group);
        }
        if let Some(to) = figure_of.get(&journey.start.index()) {
            scene.link(0, *to, Arrow::plain());
        } else {
            // A journey that starts at an end.
            let end = scene.end(program, journey, overlay, journey.start.index());
            scene.link(0, end, Arrow::plain());
        }
        let drawn = scene.share_errors(journey, drawn, &figure_of, &groups);
        let mut counts: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for arrow in &drawn {
            counts.entry(arrow.to).or_default().insert(arrow.from);
        }
        let mut ends: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        let mut merged: BTreeMap<(usize, usize, bool, Tone), usize> = BTreeMap::new();
        for arrow in drawn {
            let from = arrow.from;
            let to = if let Some(to) = figure_of.get(&arrow.to) {
                *to
            } else {
                let many = counts
                    .get(&arrow.to)
                    .is_some_and(|from| from.len() > ENDS_MAX);
                let key = (arrow.to, if many { from } else { usize::MAX });
                if let Some(end) = ends.get(&key) {
                    *end
                } else {
                    let end = scene.end(program, journey, overlay, arrow.to);
                    ends.insert(key, end);
                    end
                }
            };
            let error = arrow.on == On::Error;
            let key = (from, to, error, arrow.paint.tone);
            let line = arrow.line();
            let tip = arrow.tip(program, journey);
            if let Some(known) = merged.get(&key).and_then(|at| scene.arrows.get_mut(*at)) {
                known.lines.push(line);
                known.tip.push('\n');
                known.tip.push_str(&tip);
                continue;
            }
            let made = Arrow {
                lines: vec![line],
                tip,
                error,
                tone: arrow.paint.tone,
            };
            merged.insert(key, scene.arrows.len());
            scene.link(from, to, made);
        }
        scene.measure_labels();
        scene
    }

    fn add(&mut self, figure: Figure, group: u32) -> usize {
        let (width, height, inset) = size(&figure);
        let name = figure.lines.first().map_or("", String::as_str);
        let stub = text::width(&text::shorten(name, SMALL, 120), SMALL) + 34;
        self.draft.boxes.push(Shape {
            width,
            height,
            inset,
            group,
            stub: (stub, 20),
        });
        self.figures.push(figure);
        self.figures.len() - 1
    }

    fn end(
        &mut self,
        program: &Program,
        journey: &Journey,
        overlay: &Overlay,
        node: usize,
    ) -> usize {
        let index = petgraph::graph::NodeIndex::new(node);
        match journey.graph.node_weight(index) {
            Some(end) => self.add(figure(program, end, overlay), 0),
            None => 0,
        }
    }

    fn link(&mut self, from: usize, to: usize, arrow: Arrow) {
        self.draft.links.push(Link {
            from,
            to,
            label: None,
        });
        self.arrows.push(arrow);
    }

    /// Makes one figure of an `on error` line that many nodes share; gives back what is drawn from where,
    /// by figure.
    fn share_errors(
        &mut self,
        journey: &Journey,
        drawn: Vec<Drawn>,
        figure_of: &BTreeMap<usize, usize>,
        groups: &BTreeMap<String, u32>,
    ) -> Vec<Drawn> {
        let key = |arrow: &Drawn| {
            let paint = (arrow.paint.tone, arrow.paint.note.clone());
            (arrow.span.source.index(), arrow.span.start, arrow.to, paint)
        };
        let mut shared: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for arrow in drawn.iter().filter(|arrow| arrow.on == On::Error) {
            shared.entry(key(arrow)).or_default().push(arrow.from);
        }
        shared.retain(|_, nodes| nodes.len() >= SHARED_MIN);
        let mut made: BTreeMap<_, usize> = BTreeMap::new();
        let mut kept = Vec::with_capacity(drawn.len());
        for mut arrow in drawn {
            let nodes = if arrow.on == On::Error {
                shared.get(&key(&arrow))
            } else {
                None
            };
            if let Some(nodes) = nodes {
                let key = key(&arrow);
                if made.contains_key(&key) {
                    continue;
                }
                let paths: Vec<&str> = nodes
                    .iter()
                    .filter_map(|node| {
                        let index = petgraph::graph::NodeIndex::new(*node);
                        journey.graph.node_weight(index).map(|node| &*node.path)
                    })
                    .collect();
                let group = common_group(&paths, groups);
                let figure = on_error(&paths, arrow.paint.tone);
                let at = self.add(figure, group);
                made.insert(key, at);
                arrow.label = arrow.paint.note.take().unwrap_or_default();
                arrow.from = at;
            } else if let Some(figure) = figure_of.get(&arrow.from) {
                arrow.from = *figure;
            } else {
                continue;
            }
            kept.push(arrow);
        }
        kept
    }

    fn measure_labels(&mut self) {
        for (arrow, link) in self.arrows.iter_mut().zip(&mut self.draft.links) {
            let face = if arrow.tone == Tone::Plain {
                SMALL
            } else {
                NOTE
            };
            arrow.lines.retain(|line| !line.is_empty());
            if arrow.lines.len() > LINES_MAX {
                let more = arrow.lines.len() - (LINES_MAX - 1);
                arrow.lines.truncate(LINES_MAX - 1);
                arrow.lines.push(format!("and {more} more"));
            }
            for line in &mut arrow.lines {
                *line = text::shorten(line, face, LABEL_MAX);
            }
            let widest = arrow
                .lines
                .iter()
                .map(|line| text::width(line, SMALL))
                .max();
            link.label = widest.map(|width| (width + 8, lines_height(arrow.lines.len()) + 4));
        }
    }
}

/// The height of some small lines.
pub(crate) fn lines_height(lines: usize) -> i64 {
    14 * i64::try_from(lines).unwrap_or(0)
}

impl Arrow {
    fn plain() -> Self {
        Self {
            lines: Vec::new(),
            tip: String::new(),
            error: false,
            tone: Tone::Plain,
        }
    }
}

impl Drawn {
    fn line(&self) -> String {
        match &self.paint.note {
            Some(note) if self.label.is_empty() => note.clone(),
            Some(note) => format!("{} {note}", self.label),
            None => self.label.clone(),
        }
    }

    fn tip(&self, program: &Program, journey: &Journey) -> String {
        let name = |node: usize| {
            let index = petgraph::graph::NodeIndex::new(node);
            journey
                .graph
                .node_weight(index)
                .map_or("", |node| &*node.path)
        };
        let written = program.sources.text(self.span).trim();
        let to = name(self.to);
        let mut tip = if written.contains("->") {
            written.to_owned()
        } else if self.label.is_empty() {
            format!("-> {to}")
        } else {
            format!("{} -> {to}", self.label)
        };
        if let Some(more) = &self.paint.tip {
            tip.push_str(": ");
            tip.push_str(more);
        }
        tip
    }
}

/// The arrows of the graph by node and outcome.
fn drawn(journey: &Journey, overlay: &Overlay) -> Vec<Drawn> {
    let mut all = Vec::with_capacity(journey.graph.edge_count());
    for from in journey.graph.node_indices() {
        let Some(node) = journey.graph.node_weight(from) else {
            continue;
        };
        let mut edges: Vec<_> = journey.graph.edges(from).collect();
        edges.sort_by_key(|edge| (edge.weight().on, edge.target().index()));
        for edge in edges {
            let on = edge.weight().on;
            let label = match on {
                On::Error => "on error",
                // An only arrow says nothing by its name.
                On::Outcome(_) if node.outcomes.len() == 1 => "",
                On::Outcome(id) => node.outcomes.get(id.index()).map_or("", |o| &**o),
            };
            let paint = overlay.edges.get(&(Arc::clone(&node.path), on));
            all.push(Drawn {
                from: from.index(),
                to: edge.target().index(),
                on,
                span: edge.weight().span,
                label: label.to_owned(),
                paint: paint.cloned().unwrap_or_default(),
            });
        }
    }
    all
}

fn is_end(figure: &Figure) -> bool {
    matches!(figure.form, Form::Success | Form::Failure | Form::Nowhere)
}

/// The group of the fragment that all these nodes are in.
fn common_group(paths: &[&str], groups: &BTreeMap<String, u32>) -> u32 {
    let mut found = paths.iter().map(|path| {
        let fragment = path.split_once('.').map(|(fragment, _)| fragment);
        fragment
            .and_then(|name| groups.get(name))
            .copied()
            .unwrap_or(0)
    });
    let first = found.next().unwrap_or(0);
    if found.all(|group| group == first) {
        first
    } else {
        0
    }
}

fn start() -> Figure {
    Figure {
        form: Form::Start,
        lines: Vec::new(),
        head: 0,
        note: None,
        tip: "start".to_owned(),
        tone: Tone::Plain,
        path: Arc::from(""),
        suspends: false,
    }
}

fn on_error(paths: &[&str], tone: Tone) -> Figure {
    let mut tip = format!("on error, in {} nodes:", paths.len());
    for path in paths.iter().take(30) {
        tip.push('\n');
        tip.push_str(path);
    }
    Figure {
        form: Form::OnError,
        lines: vec!["on error".to_owned(), format!("of {} nodes", paths.len())],
        head: 0,
        tip,
        tone,
        ..start()
    }
}

/// The figure of a node.
fn figure(program: &Program, node: &Node, overlay: &Overlay) -> Figure {
    let signature = |task: &Task| program.catalog.get(task.ty).cloned();
    let local = node
        .path
        .rsplit('.')
        .next()
        .unwrap_or(&node.path)
        .to_owned();
    let mut suspends = false;
    let mut head = 0;
    let (form, mut lines) = match &node.kind {
        NodeKind::Task(task) => {
            let signature = signature(task);
            suspends = signature
                .as_ref()
                .is_some_and(|s| s.suspends == Known::Is(true));
            let asks = signature.as_ref().is_none_or(|s| s.asks.or(true));
            let mut lines = vec![
                local,
                signature
                    .as_ref()
                    .map_or(String::new(), |s| s.name.to_string()),
            ];
            lines.extend(signature.and_then(|s| in_short(&s, task)));
            (if asks { Form::Asks } else { Form::Silent }, lines)
        }
        NodeKind::Decision(_) => (Form::Decision, vec![local, "Decision".to_owned()]),
        NodeKind::Page(page) => {
            let mut lines = vec![local, "Page".to_owned()];
            head = 1;
            for child in page.children.iter().take(CHILDREN_MAX) {
                let ty = signature(&child.task).map_or(String::new(), |s| s.name.to_string());
                lines.push(format!("{}: {ty}", child.name));
            }
            if page.children.len() > CHILDREN_MAX {
                lines.push(format!("and {} more", page.children.len() - CHILDREN_MAX));
            }
            (Form::Page, lines)
        }
        NodeKind::Inner(id) => {
            let name = program.journey(*id).map_or("", |journey| &journey.name);
            (Form::Inner, vec![local, format!("journey {name}")])
        }
        NodeKind::Success => (Form::Success, vec!["success".to_owned()]),
        NodeKind::Failure => (Form::Failure, vec!["failure".to_owned()]),
        NodeKind::LooseEnd => (Form::Nowhere, vec!["nowhere".to_owned()]),
    };
    let paint = overlay.nodes.get(&node.path).cloned().unwrap_or_default();
    let tip = tip(program, node, &lines, &paint);
    for (at, line) in lines.iter_mut().enumerate() {
        *line = text::shorten(line, if at == 0 { NAME } else { SMALL }, TEXT_MAX);
    }
    let mut noted = None;
    if let Some(note) = paint.note {
        // In a page it stands above the rule, below it are the children.
        let at = if head == 0 { lines.len() } else { head + 1 };
        head += usize::from(head > 0);
        lines.insert(at, text::shorten(&note, NOTE, TEXT_MAX));
        noted = Some(at);
    }
    Figure {
        form,
        lines,
        head,
        note: noted,
        tip,
        tone: paint.tone,
        path: Arc::clone(&node.path),
        suspends,
    }
}

/// What a reader wants to know of a node besides its type: its limit, or how it moves the level.
fn in_short(signature: &Signature, task: &Task) -> Option<String> {
    let int = |key: &str| {
        let setting = task.settings.iter().find(|(name, _)| **name == *key);
        match setting {
            Some((_, SettingValue::Constant(Value::Int(number)))) => Some(*number),
            _ => None,
        }
    };
    if let Some(limit) = &signature.limits {
        return int(&limit.setting).map(|number| format!("{} = {number}", limit.setting));
    }
    signature.facts.iter().find_map(|facts| match &facts.level {
        LevelChange::BySetting(key) => int(key).map(|by| format!("level {by:+}")),
        LevelChange::By(by) => Some(format!("level {by:+}")),
        LevelChange::None => {
            let least = facts.level_at_least.as_ref()?;
            int(least).map(|level| format!("level ≥ {level}?"))
        }
    })
}

fn tip(program: &Program, node: &Node, lines: &[String], paint: &Paint) -> String {
    let mut tip = node.path.to_string();
    for line in lines.iter().skip(1) {
        tip.push('\n');
        tip.push_str(line);
    }
    let callbacks = match &node.kind {
        NodeKind::Task(task) => program.catalog.get(task.ty).map(|s| s.callbacks.join(", ")),
        _ => None,
    };
    if let Some(callbacks) = callbacks.filter(|callbacks| !callbacks.is_empty()) {
        tip.push_str("\nasks ");
        tip.push_str(&callbacks);
    }
    if let Some(more) = &paint.tip {
        tip.push('\n');
        tip.push_str(more);
    }
    if let Some(doc) = &node.doc {
        tip.push_str("\n\n");
        tip.push_str(doc);
    }
    tip
}

/// Width, height, and how far arrows keep off the corners besides.
fn size(figure: &Figure) -> (i64, i64, i64) {
    let widest = figure
        .lines
        .iter()
        .enumerate()
        .map(|(at, line)| match at {
            0 => text::width(line, NAME),
            at if figure.note == Some(at) => text::width(line, NOTE),
            _ => text::width(line, SMALL),
        })
        .max()
        .unwrap_or(0);
    let small = lines_height(figure.lines.len().saturating_sub(1));
    match figure.form {
        Form::Start => (16, 16, 0),
        Form::Success | Form::Failure | Form::Nowhere => (widest + 42, 26 + small, 4),
        Form::OnError => (widest + 20, 22 + small, 0),
        Form::Asks => (widest + 46, 28 + small, 0),
        Form::Silent => (
            widest + 24 + if figure.suspends { 22 } else { 0 },
            28 + small,
            0,
        ),
        Form::Decision => (widest + 52, 28 + small, 14),
        Form::Inner => (widest + 40, 28 + small, 4),
        Form::Page => (widest + 46, 36 + small, 0),
    }
}

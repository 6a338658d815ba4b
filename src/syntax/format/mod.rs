//! The one form of a file.
//!
//! In: a text that reads without findings. Out: the same file with two spaces a level, one blank line
//! between nodes, in a node settings before children before arrows, and nothing aligned. There are no
//! options. Every comment is kept: one on a line of its own stays before what it stood before, one behind
//! an item stays behind it. Items of a file or journey are never moved; their order is the author's.

mod guard;
mod line;
mod node;
mod test;

use line::type_text;

use crate::{
    diagnostic::Diagnostics,
    source::{Source, SourceId, Span},
    syntax::{
        SourceLimits,
        ast::{Body, Extern, ExternFact, File, Formal, Item, Node, Policy, Required},
        layout::{Bracket, Doc, Element},
        phrase::phrase,
        scan::{self, Comment, CommentKind},
    },
};

/// The canonical form of a text, or what is wrong with its shape.
pub fn format(source: &Source) -> Result<String, Diagnostics> {
    let id = SourceId::default();
    let parsed = super::parse(source, id);
    if parsed.diagnostics.has_errors() {
        return Err(parsed.diagnostics);
    }
    let text = source.text();
    let comments = scan::scan(text, id, SourceLimits::default()).comments;
    let printer = Printer {
        text,
        comments: &comments,
    };
    Ok(printer.file(&parsed.file))
}

/// What an item is, in the order in which a node holds its items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Import,
    Constant,
    Parameter,
    Extern,
    Block,
    Start,
    Setting,
    Node,
    Allow,
    Arm,
    OnError,
    Ensure,
    Step,
}

/// Items of one group may stand without an empty line between them.
fn group(class: Class) -> Class {
    match class {
        Class::Start | Class::Allow | Class::OnError => Class::Setting,
        other => other,
    }
}

/// An item of a block: where it stands and how it is written.
struct Part<'a> {
    class: Class,
    span: Span,
    what: What<'a>,
}

enum What<'a> {
    Line(Doc),
    Node(&'a Node),
    Body {
        head: Doc,
        open: Span,
        close: Span,
        parts: Vec<Part<'a>>,
    },
}

/// An item with the comments that stand with it.
struct Entry<'a> {
    part: Part<'a>,
    lead: Vec<Lead>,
    /// Whether an empty line stands between the comments and the item.
    is_apart: bool,
    trail: Option<String>,
}

/// A comment on a line of its own.
struct Lead {
    text: String,
    kind: CommentKind,
    /// Whether an empty line stands before it.
    is_apart: bool,
}

/// The items between two places, and the comments after the last.
struct Entries<'a> {
    /// A comment behind the opening brace.
    head_trail: Option<String>,
    items: Vec<Entry<'a>>,
    dangling: Vec<Lead>,
}

struct Printer<'a> {
    text: &'a str,
    comments: &'a [Comment],
}

impl<'a> Printer<'a> {
    // ---- text and comments ---------------------------------------------------------------------------

    fn slice(&self, span: Span) -> &'a str {
        self.text.get(span.range()).unwrap_or_default()
    }

    fn between(&self, from: usize, to: usize) -> &'a [Comment] {
        let first = self.comments.partition_point(|c| c.start < from);
        let last = self.comments.partition_point(|c| c.start < to);
        self.comments.get(first..last).unwrap_or_default()
    }

    fn comment(&self, comment: Comment) -> String {
        let text = self.text.get(comment.start..comment.end);
        text.unwrap_or_default().to_owned()
    }

    fn is_same_line(&self, from: usize, to: usize) -> bool {
        self.text.get(from..to).is_some_and(|t| !t.contains('\n'))
    }

    fn has_empty_line(&self, from: usize, to: usize) -> bool {
        let between = self.text.get(from..to).unwrap_or_default();
        between.bytes().filter(|b| *b == b'\n').count() >= 2
    }

    /// Gives each part its comments.
    fn entries(&self, mut parts: Vec<Part<'a>>, from: usize, to: usize) -> Entries<'a> {
        parts.sort_by_key(|part| part.span.start);
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut head_trail = None;
        let mut at = from;
        for part in parts {
            let (trail, lead, after) = self.leads(at, part.span.start as usize);
            match entries.last_mut() {
                Some(last) => last.trail = trail,
                None => head_trail = trail,
            }
            entries.push(Entry {
                lead,
                is_apart: self.has_empty_line(after, part.span.start as usize),
                trail: None,
                part,
            });
            if let Some(last) = entries.last() {
                at = last.part.span.end as usize;
            }
        }
        let (trail, dangling, _) = self.leads(at, to);
        match entries.last_mut() {
            Some(last) => last.trail = trail,
            None => head_trail = trail,
        }
        Entries {
            head_trail,
            items: entries,
            dangling,
        }
    }

    /// The comments of a gap: the one on the line of its beginning, the others, and where they end.
    fn leads(&self, from: usize, to: usize) -> (Option<String>, Vec<Lead>, usize) {
        let mut trail = None;
        let mut lead = Vec::new();
        let mut at = from;
        for comment in self.between(from, to) {
            if from > 0 && at == from && self.is_same_line(from, comment.start) {
                trail = Some(self.comment(*comment));
            } else {
                lead.push(Lead {
                    text: self.comment(*comment),
                    kind: comment.kind,
                    is_apart: self.has_empty_line(at, comment.start),
                });
            }
            at = comment.end;
        }
        (trail, lead, at)
    }

    /// The elements of a bracket that covers `from..to`, with their comments.
    fn bracket(
        &self,
        signs: (&'static str, &'static str),
        elements: Vec<(Span, Doc)>,
        from: usize,
        to: usize,
    ) -> Bracket {
        let mut found: Vec<Element> = Vec::new();
        let mut at = from;
        for (span, doc) in elements {
            let lead = self.element_comments(&mut found, at, span.start as usize);
            found.push(Element {
                lead,
                doc,
                has_comma: true,
                trail: None,
            });
            at = span.end as usize;
        }
        let dangling = self.element_comments(&mut found, at, to);
        Bracket {
            open: signs.0,
            close: signs.1,
            is_padded: signs.0 == "{",
            is_breakable: true,
            elements: found,
            dangling,
        }
    }

    /// The comments between two elements; the one on the line of the first stays with it.
    fn element_comments(&self, found: &mut [Element], from: usize, to: usize) -> Vec<String> {
        let mut lead = Vec::new();
        for comment in self.between(from, to) {
            let text = self.comment(*comment);
            match found.last_mut() {
                Some(last)
                    if lead.is_empty()
                        && last.trail.is_none()
                        && self.is_same_line(from, comment.start) =>
                {
                    last.trail = Some(text);
                }
                _ => lead.push(text),
            }
        }
        lead
    }

    // ---- files and blocks ----------------------------------------------------------------------------

    fn file(&self, file: &'a File) -> String {
        let parts = file.items.iter().map(|item| self.item(item)).collect();
        let entries = self.entries(parts, 0, self.text.len());
        let mut out = String::new();
        self.print(entries, 0, true, &mut out);
        if let Some(rest) = out.strip_prefix('\n') {
            out = rest.to_owned();
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    fn item(&self, item: &'a Item) -> Part<'a> {
        let line = |class, span, doc| Part {
            class,
            span,
            what: What::Line(doc),
        };
        match item {
            Item::Import(import) => line(
                Class::Import,
                import.span,
                Doc::text(format!("import {}", self.slice(import.path.span))),
            ),
            Item::Constant(constant) => line(
                Class::Constant,
                constant.span,
                Doc::Row(vec![
                    Doc::text(format!("let {} = ", constant.name.text)),
                    self.value(&constant.value),
                ]),
            ),
            Item::Parameter(parameter) => {
                let mut row = vec![Doc::text(format!(
                    "param {}: {}",
                    parameter.name.text,
                    type_text(&parameter.ty)
                ))];
                if let Some(default) = &parameter.default {
                    row.push(Doc::text(" = "));
                    row.push(self.value(default));
                }
                line(Class::Parameter, parameter.span, Doc::Row(row))
            }
            Item::Allow(allow) => line(Class::Allow, allow.span, self.allow(allow)),
            Item::Extern(item) => self.extern_type(item),
            Item::Policy(policy) => self.policy(policy),
            Item::Test(test) => self.test(test),
            Item::Guard(guard) => self.realm_guard(guard),
            Item::Uncovered(item) => self.uncovered(item),
            Item::Journey(journey) => {
                let mut head = format!("journey {}", journey.name.text);
                if let Some(wire) = &journey.wire_name {
                    head.push(' ');
                    head.push_str(self.slice(wire.span));
                }
                self.block(Doc::text(head), &journey.body, journey.span)
            }
            Item::Fragment(fragment) => {
                let from = fragment.name.span.end as usize;
                let to = fragment
                    .exits
                    .first()
                    .map_or(from, |e| e.span.start as usize);
                let mut row = vec![Doc::text(format!("fragment {}", fragment.name.text))];
                if let Some(formals) = self.formals(&fragment.formals, from, to) {
                    row.push(Doc::Bracket(formals));
                }
                row.push(Doc::text(format!(" -> {}", self.names(&fragment.exits))));
                self.block(Doc::Row(row), &fragment.body, fragment.span)
            }
        }
    }

    fn block(&self, head: Doc, body: &'a Body, span: Span) -> Part<'a> {
        let mut parts: Vec<Part<'a>> = Vec::new();
        for start in &body.starts {
            let doc = Doc::text(format!("start {}", start.text));
            parts.push(Part {
                class: Class::Start,
                span: start.span,
                what: What::Line(doc),
            });
        }
        let settings = body.settings.iter().map(|s| self.setting_part(s));
        parts.extend(self.beside(settings.collect(), 2));
        parts.extend(body.nodes.iter().map(node_part));
        parts.extend(body.allows.iter().map(|a| self.allow_part(a)));
        parts.extend(
            body.on_errors
                .iter()
                .map(|o| self.on_error_part(o.span, &o.target)),
        );
        parts.extend(body.ensures.iter().map(|e| self.ensure_part(e)));
        Part {
            class: Class::Block,
            span,
            what: What::Body {
                head,
                open: body.open,
                close: body.close,
                parts,
            },
        }
    }

    fn extern_type(&self, item: &'a Extern) -> Part<'a> {
        let from = item.wire_type.span.end as usize;
        let to = match (&item.outcomes, item.open) {
            (Some(outcomes), _) => outcomes.first().map_or(from, |o| o.span.start as usize),
            (None, Some(open)) => open.start as usize,
            (None, None) => item.span.end as usize,
        };
        let mut row = vec![Doc::text(format!(
            "extern {} {}",
            item.name.text,
            self.slice(item.wire_type.span)
        ))];
        if let Some(settings) = self.formals(&item.settings, from, to) {
            row.push(Doc::text(" "));
            row.push(Doc::Bracket(settings));
        }
        row.push(Doc::text(match &item.outcomes {
            Some(outcomes) => format!(" -> {}", self.names(outcomes)),
            None => " -> *".to_owned(),
        }));
        let head = Doc::Row(row);
        let what = match item.open {
            Some(open) => What::Body {
                head,
                open,
                close: Span::new(
                    open.source,
                    (item.span.end as usize).saturating_sub(1),
                    item.span.end as usize,
                ),
                parts: item.facts.iter().map(|fact| self.fact(fact)).collect(),
            },
            None => What::Line(head),
        };
        Part {
            class: Class::Extern,
            span: item.span,
            what,
        }
    }

    fn policy(&self, policy: &'a Policy) -> Part<'a> {
        let resources: Vec<&str> = policy
            .resources
            .iter()
            .map(|r| self.slice(r.span))
            .collect();
        let head = format!("policy {} {}", policy.name.text, resources.join(", "));
        let line = |span, doc| Part {
            class: Class::Setting,
            span,
            what: What::Line(doc),
        };
        let mut parts: Vec<Part<'a>> = Vec::new();
        parts.extend(policy.settings.iter().map(|s| self.setting_part(s)));
        parts.extend(policy.allows.iter().map(|a| self.allow_part(a)));
        for subjects in &policy.subjects {
            let elements = subjects
                .list
                .iter()
                .map(|subject| {
                    let text = match &subject.name {
                        Some(name) => format!("{} {}", subject.kind.text, self.slice(name.span)),
                        None => subject.kind.text.clone(),
                    };
                    (subject.span, Doc::text(text))
                })
                .collect();
            let (from, to) = (subjects.value.start as usize, subjects.value.end as usize);
            let list = self.bracket(("[", "]"), elements, from + 1, to.saturating_sub(1));
            let row = vec![Doc::text("subjects = "), Doc::Bracket(list)];
            parts.push(line(subjects.span, Doc::Row(row)));
        }
        for condition in &policy.conditions {
            let row = vec![Doc::text("when "), phrase(self.slice(condition.expr.span))];
            parts.push(line(condition.span, Doc::Row(row)));
        }
        for require in &policy.requires {
            let what = match &require.what {
                Some(Required::Number(value)) => format!(" {}", self.slice(value.span)),
                Some(Required::Name(name)) => format!(" {}", self.slice(name.span)),
                None => String::new(),
            };
            let text = format!("require {}{what}", require.kind.text);
            parts.push(line(require.span, Doc::text(text)));
        }
        Part {
            class: Class::Block,
            span: policy.span,
            what: What::Body {
                head: Doc::text(head.trim_end().to_owned()),
                open: policy.open,
                close: policy.close,
                parts,
            },
        }
    }

    fn fact(&self, fact: &ExternFact) -> Part<'a> {
        let (span, text) = match fact {
            ExternFact::Asks(name) => (name.span, format!("asks {}", name.text)),
            ExternFact::Reads(path) => (path.span, format!("reads {}", self.slice(path.span))),
            ExternFact::Writes(path, ty) => (
                path.span.to(ty.span),
                format!("writes {}: {}", self.slice(path.span), type_text(ty)),
            ),
            ExternFact::Proves { factor, on, span } => {
                let mut text = "proves nothing".to_owned();
                if let (Some(factor), Some(on)) = (factor, on) {
                    text = format!("proves {} on {}", factor.text, self.slice(on.span));
                }
                (*span, text)
            }
            ExternFact::Suspends(span) => (*span, "suspends".to_owned()),
            ExternFact::CallsOut(span) => (*span, "calls out".to_owned()),
            ExternFact::Runs { script, span } => {
                return Part {
                    class: Class::Setting,
                    span: *span,
                    what: What::Line(Doc::Row(vec![
                        Doc::text("runs ".to_owned()),
                        self.value(script),
                    ])),
                };
            }
        };
        Part {
            class: Class::Setting,
            span,
            what: What::Line(Doc::text(text)),
        }
    }

    /// Prints the items of a block, each on a new line at `indent`.
    fn print(&self, entries: Entries<'a>, indent: usize, is_free: bool, out: &mut String) {
        let mut before: Option<(Class, bool)> = None;
        for entry in entries.items {
            let mut text = " ".repeat(indent);
            self.part(&entry.part, indent, &mut text);
            if let Some(trail) = &entry.trail {
                text.push(' ');
                text.push_str(trail);
            }
            let class = entry.part.class;
            let is_tall = text.contains('\n')
                && matches!(class, Class::Block | Class::Node | Class::Extern)
                || class == Class::Block;
            let was_apart = entry
                .lead
                .first()
                .map_or(entry.is_apart, |lead| lead.is_apart);
            let is_apart = match before {
                None => false,
                Some((last, was_tall)) if is_free => {
                    was_apart || was_tall || is_tall || group(last) != group(class)
                }
                Some((_, was_tall)) => was_apart || was_tall || is_tall && class == Class::Node,
            };
            if is_apart {
                out.push('\n');
            }
            let mut above: Option<CommentKind> = None;
            for lead in &entry.lead {
                let is_apart = match above {
                    None => false,
                    Some(CommentKind::FileDoc) => {
                        lead.is_apart || lead.kind != CommentKind::FileDoc
                    }
                    Some(_) => lead.is_apart,
                };
                if is_apart {
                    out.push('\n');
                }
                line(indent, &lead.text, out);
                above = Some(lead.kind);
            }
            let is_apart = match above {
                None | Some(CommentKind::Doc) => false,
                Some(CommentKind::FileDoc) => true,
                Some(CommentKind::Plain) => entry.is_apart,
            };
            if is_apart {
                out.push('\n');
            }
            line(0, &text, out);
            before = Some((class, is_tall));
        }
        let mut is_first = before.is_none();
        for lead in &entries.dangling {
            if lead.is_apart && !is_first {
                out.push('\n');
            }
            is_first = false;
            line(indent, &lead.text, out);
        }
    }

    fn part(&self, part: &Part<'a>, indent: usize, out: &mut String) {
        match &part.what {
            What::Line(doc) => doc.render(indent, 0, out),
            What::Node(node) => self.node(node, indent, out),
            What::Body {
                head,
                open,
                close,
                parts,
            } => {
                head.render(indent, 2, out);
                let parts = parts.iter().map(Part::again).collect();
                let entries = self.entries(parts, open.end as usize, close.start as usize);
                self.body(entries, indent, true, out);
            }
        }
    }

    fn body(&self, entries: Entries<'a>, indent: usize, is_free: bool, out: &mut String) {
        out.push_str(" {");
        if let Some(trail) = &entries.head_trail {
            out.push(' ');
            out.push_str(trail);
        }
        self.print(entries, indent + 2, is_free, out);
        line(indent, "}", out);
    }

    fn formals(&self, formals: &[Formal], from: usize, to: usize) -> Option<Bracket> {
        if formals.is_empty() && self.between(from, to).is_empty() {
            return None;
        }
        let elements = formals
            .iter()
            .map(|formal| {
                let mut row = vec![Doc::text(format!(
                    "{}: {}",
                    formal.name.text,
                    type_text(&formal.ty)
                ))];
                if let Some(default) = &formal.default {
                    row.push(Doc::text(" = "));
                    row.push(self.value(default));
                }
                (formal.span, Doc::Row(row))
            })
            .collect();
        Some(self.bracket(("(", ")"), elements, from, to))
    }
}

impl<'a> Part<'a> {
    /// The same part, to be sorted and printed.
    fn again(&self) -> Part<'a> {
        Part {
            class: self.class,
            span: self.span,
            what: match &self.what {
                What::Line(doc) => What::Line(doc.clone()),
                What::Node(node) => What::Node(node),
                What::Body {
                    head,
                    open,
                    close,
                    parts,
                } => What::Body {
                    head: head.clone(),
                    open: *open,
                    close: *close,
                    parts: parts.iter().map(Part::again).collect(),
                },
            },
        }
    }
}

fn node_part(node: &Node) -> Part<'_> {
    Part {
        class: Class::Node,
        span: node.span,
        what: What::Node(node),
    }
}

fn bare(elements: Vec<(Span, Doc)>) -> Vec<Element> {
    elements
        .into_iter()
        .map(|(_, doc)| Element {
            lead: Vec::new(),
            doc,
            has_comma: true,
            trail: None,
        })
        .collect()
}

fn line(indent: usize, text: &str, out: &mut String) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push_str(text);
}

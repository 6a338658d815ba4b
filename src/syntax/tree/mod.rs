//! Lines to a tree: which block each line belongs to.
//!
//! In: the flat run of lines that the grammar made, and the comments of the scan. Out: the file's tree
//! and every finding about its shape. Blocks are kept on a stack of our own, so that a missing or surplus
//! brace is one finding and the items after it are still read. Where a brace is missing, the indentation
//! of the lines says which head it belongs to; well-formed files never depend on indentation.

mod block;
mod doc;
mod guard;
mod owner;
mod policy;
mod stray;
mod test;

use owner::Owner;
pub(super) use test::is_step;

use crate::{
    codes,
    diagnostic::{Diagnostic, Diagnostics},
    source::{SourceId, Span},
    syntax::{
        Parsed,
        ast::{Body, Doc, File, Fragment, Item, Journey},
        item::{Inner as _, Pair, Reader},
        parser::Rule,
        recover::{self, Budget, Place},
        scan::Scan,
    },
};

/// The tree of the lines in `pairs`.
pub(super) fn build(
    text: &str,
    id: SourceId,
    scan: &Scan,
    pairs: pest::iterators::Pairs<'_, Rule>,
    budget: Budget,
) -> Parsed {
    let mut tree = Tree {
        text,
        id,
        scan,
        reader: Reader::new(text, id),
        file: File {
            doc: doc::file_doc(text, id, &scan.comments),
            items: Vec::new(),
        },
        open: Vec::new(),
        pending: None,
        closed: None,
        marks: Vec::new(),
        crowded: Vec::new(),
        lines: lines(text),
        comma: None,
        last_item: None,
        dangling: None,
        last_end: 0,
        budget,
    };
    for file in pairs {
        for pair in file.inner() {
            tree.line(pair);
        }
    }
    tree.finish();
    let mut diagnostics: Diagnostics = tree.reader.findings.into_iter().collect();
    diagnostics.append(scan.diagnostics.clone());
    Parsed {
        file: tree.file,
        diagnostics,
    }
}

/// An open block.
struct Frame {
    owner: Owner,
    /// The head, the part that messages point at.
    head: Span,
    /// The blanks before the head on its line.
    indent: usize,
    /// Whether a finding about this block was given already.
    blamed: bool,
    /// For lines behind a brace that closed too early: that brace, and the first of the lines.
    early: Option<(Span, Span)>,
    /// What to say of the head if nothing was found in the block, and how many findings there were before.
    deferred: Option<(usize, Diagnostic)>,
}

/// What kind of line stood where, to find the head whose brace is missing.
#[derive(Clone, Copy)]
struct Mark {
    kind: MarkKind,
    start: usize,
    indent: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MarkKind {
    Head(Span),
    Line,
    Close,
}

/// Items of a node that may stand beside others of their kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Setting,
    Arm,
}

impl Beside {
    fn of(rule: Rule) -> Option<Self> {
        match rule {
            Rule::setting => Some(Self::Setting),
            Rule::edge | Rule::guard | Rule::otherwise => Some(Self::Arm),
            _ => None,
        }
    }
}

struct Tree<'a> {
    text: &'a str,
    id: SourceId,
    scan: &'a Scan,
    reader: Reader<'a>,
    file: File,
    open: Vec<Frame>,
    /// A head whose brace, if it has one, comes next.
    pending: Option<Frame>,
    /// The brace just read, and what it closed.
    closed: Option<(Span, Place)>,
    /// The lines since the last item of the top began.
    marks: Vec<Mark>,
    /// Where items begin on a line that belongs to another item.
    crowded: Vec<usize>,
    /// Where each line of the text begins, and how many blanks it begins with.
    lines: Vec<(usize, usize)>,
    /// The comma behind an item of a node, which another one like it may follow on the same line.
    comma: Option<(Span, Beside)>,
    /// What the last item was, where it may stand beside others.
    last_item: Option<Beside>,
    /// The start of the line below an arrow without a target.
    dangling: Option<usize>,
    /// The end of the last item, for the edits that bring two lines together.
    last_end: usize,
    budget: Budget,
}

impl Tree<'_> {
    fn line(&mut self, pair: Pair<'_>) {
        let span = self.reader.span(&pair);
        let rule = pair.as_rule();
        if let Some((comma, kind)) = self.comma.take()
            && Beside::of(rule) != Some(kind)
        {
            self.terminated(comma);
        }
        match rule {
            Rule::EOI => return,
            Rule::OPEN => return self.open_block(span, false),
            Rule::LATE_OPEN => return self.open_block(span, true),
            Rule::TERMINATOR => return self.terminator(span),
            Rule::CROWDED => return self.crowded(span.start as usize),
            _ => {}
        }
        self.settle();
        let closed = self.closed.take();
        if rule == Rule::closing {
            self.close_block(span);
        } else if rule == Rule::STRAY {
            self.stray(pair, span);
        } else if is_top(rule) {
            self.top(pair, span);
        } else {
            self.inner(pair, span, closed);
        }
        self.last_end = span.end as usize;
        self.last_item = Beside::of(rule);
    }

    fn finish(&mut self) {
        self.settle();
        self.report_crowded();
        let end = self.scan.readable;
        if self.scan.readable < self.text.len() {
            // The text block that never ends holds the braces too.
            for frame in &mut self.open {
                frame.blamed = true;
            }
        }
        self.close_all(end);
    }

    // ---- places --------------------------------------------------------------------------------------

    fn place(&self) -> Place {
        match self.open.last().map(|frame| &frame.owner) {
            None => Place::Top,
            Some(Owner::Journey(_) | Owner::Fragment(_)) => Place::Body,
            Some(Owner::Node(_)) => Place::Node,
            Some(Owner::Extern(_)) => Place::Extern,
            Some(Owner::Policy(_)) => Place::Policy,
            Some(Owner::Test(_) | Owner::Repeat(_)) => Place::Test,
            Some(Owner::Guard(_)) => Place::Guard,
            Some(Owner::Stray) => Place::Any,
        }
    }

    /// The line that holds this byte: where it begins, and how many blanks it begins with.
    fn line_of(&self, at: usize) -> (usize, usize) {
        let above = self.lines.partition_point(|(start, _)| *start <= at);
        self.lines
            .get(above.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }

    fn line_start(&self, at: usize) -> usize {
        self.line_of(at).0
    }

    fn indent(&self, at: usize) -> usize {
        self.line_of(at).1
    }

    fn starts_line(&self, at: usize) -> bool {
        let (start, indent) = self.line_of(at);
        at == start + indent
    }

    /// The start of the line below this byte.
    fn line_below(&self, at: usize) -> usize {
        let above = self.lines.partition_point(|(start, _)| *start <= at);
        self.lines
            .get(above)
            .map_or(self.text.len(), |(start, _)| *start)
    }

    // ---- items ---------------------------------------------------------------------------------------

    fn top(&mut self, pair: Pair<'_>, span: Span) {
        let rule = pair.as_rule();
        let opens = matches!(
            rule,
            Rule::journey
                | Rule::fragment
                | Rule::extern_type
                | Rule::policy
                | Rule::test
                | Rule::realm_guard
        );
        let outer = self.open.first().map(|frame| frame.indent);
        let is_inside = outer.is_some_and(|indent| {
            self.indent(span.start as usize) > indent && self.starts_line(span.start as usize)
        });
        if is_inside && !self.open.iter().any(|frame| frame.blamed) {
            self.reader.report(
                Diagnostic::new(
                    codes::MISPLACED,
                    span,
                    format!("`{}` stands inside a block", first_word(pair.as_str())),
                )
                .expected(format!(
                    "`{}` at the top of the file",
                    first_word(pair.as_str())
                )),
            );
            if opens {
                self.await_block(Owner::Stray, span);
            }
            return;
        }
        if !self.open.is_empty() {
            let at = self.line_below(self.last_end);
            self.close_all(at);
        }
        self.marks.clear();
        let doc = self.doc(span);
        let reader = &mut self.reader;
        let item = match rule {
            Rule::import => reader.import(pair).map(Item::Import),
            Rule::constant => reader.constant(pair, doc).map(Item::Constant),
            Rule::parameter => reader.parameter(pair, doc).map(Item::Parameter),
            Rule::extern_type => {
                if let Some(item) = reader.extern_type(pair, doc) {
                    let head = item.name.span;
                    self.await_block(Owner::Extern(Box::new(item)), head);
                    return;
                }
                None
            }
            Rule::uncovered => reader.uncovered(pair).map(Item::Uncovered),
            Rule::test => {
                if let Some(test) = reader.test(pair, doc) {
                    let head = test.head;
                    self.await_block(Owner::Test(Box::new(test)), head);
                    return;
                }
                None
            }
            Rule::realm_guard => {
                if let Some(guard) = reader.realm_guard(pair, doc) {
                    let head = guard.head;
                    self.await_block(Owner::Guard(Box::new(guard)), head);
                    return;
                }
                None
            }
            Rule::policy => {
                if let Some(policy) = reader.policy(pair, doc) {
                    let head = policy.head;
                    self.await_block(Owner::Policy(Box::new(policy)), head);
                    return;
                }
                None
            }
            _ => {
                if let Some((owner, head)) = self.headed(pair, span, doc) {
                    self.await_block(owner, head);
                    return;
                }
                None
            }
        };
        match item {
            Some(item) => self.file.items.push(item),
            None => self.not_understood(span),
        }
    }

    fn headed(&mut self, pair: Pair<'_>, span: Span, doc: Option<Doc>) -> Option<(Owner, Span)> {
        let is_journey = pair.as_rule() == Rule::journey;
        let mut inner = pair.inner();
        let name = self.reader.declared(inner.next()?)?;
        let head = span.before().to(name.span);
        if is_journey {
            let wire_name = inner.next().map(|string| self.reader.quoted(&string));
            let journey = Journey {
                doc,
                name,
                wire_name,
                body: Body::default(),
                span,
                head,
            };
            return Some((Owner::Journey(Box::new(journey)), head));
        }
        let mut formals = Vec::new();
        let mut exits = Vec::new();
        for part in inner {
            if part.as_rule() == Rule::formals {
                formals = self.reader.formals(part, true)?;
            } else {
                exits = self.reader.exits(part, true)?;
            }
        }
        let fragment = Fragment {
            doc,
            name,
            formals,
            exits,
            body: Body::default(),
            span,
            head,
        };
        Some((Owner::Fragment(Box::new(fragment)), head))
    }

    fn inner(&mut self, pair: Pair<'_>, span: Span, closed: Option<(Span, Place)>) {
        let rule = pair.as_rule();
        let place = self.place();
        if rule == Rule::condition && place != Place::Policy {
            return self.guard_without_arrow(span);
        }
        if !recover::fits(rule, place) {
            self.misplaced(&pair, span, place, closed);
            return;
        }
        self.mark(MarkKind::Line, span.start as usize);
        let doc = self.doc(span);
        let put = if is_step(rule) {
            self.put_step(pair)
        } else {
            self.put(pair, doc)
        };
        if put.is_none() {
            self.not_understood(span);
        }
    }

    /// Builds an item and puts it where it belongs; in a stray block only its findings count.
    fn put(&mut self, pair: Pair<'_>, doc: Option<Doc>) -> Option<()> {
        let rule = pair.as_rule();
        let reader = &mut self.reader;
        let owner = self.open.last_mut().map(|frame| &mut frame.owner);
        match rule {
            Rule::node => {
                let node = reader.node(pair, doc)?;
                let head = node.head;
                self.await_block(Owner::Node(Box::new(node)), head);
            }
            Rule::allow => {
                let allow = reader.allow(pair)?;
                match owner {
                    Some(Owner::Journey(journey)) => journey.body.allows.push(allow),
                    Some(Owner::Fragment(fragment)) => fragment.body.allows.push(allow),
                    Some(Owner::Node(node)) => node.allows.push(allow),
                    Some(Owner::Policy(policy)) => policy.allows.push(allow),
                    Some(
                        Owner::Extern(_)
                        | Owner::Test(_)
                        | Owner::Repeat(_)
                        | Owner::Guard(_)
                        | Owner::Stray,
                    ) => {}
                    None => self.file.items.push(Item::Allow(allow)),
                }
            }
            Rule::setting => {
                let setting = reader.setting(pair, doc)?;
                match owner {
                    Some(Owner::Journey(journey)) => journey.body.settings.push(setting),
                    Some(Owner::Fragment(fragment)) => fragment.body.settings.push(setting),
                    Some(Owner::Node(node)) => node.settings.push(setting),
                    Some(Owner::Policy(policy)) => policy.setting(setting),
                    Some(
                        Owner::Extern(_)
                        | Owner::Test(_)
                        | Owner::Repeat(_)
                        | Owner::Guard(_)
                        | Owner::Stray,
                    )
                    | None => {}
                }
            }
            Rule::on_error => {
                let arrow = reader.on_error(pair)?;
                match owner {
                    Some(Owner::Journey(journey)) => journey.body.on_errors.push(arrow),
                    Some(Owner::Fragment(fragment)) => fragment.body.on_errors.push(arrow),
                    Some(Owner::Node(node)) => node.on_errors.push(arrow),
                    Some(
                        Owner::Extern(_)
                        | Owner::Policy(_)
                        | Owner::Test(_)
                        | Owner::Repeat(_)
                        | Owner::Guard(_)
                        | Owner::Stray,
                    )
                    | None => {}
                }
            }
            Rule::start => {
                let start = reader.word(&pair.inner().next()?);
                match owner {
                    Some(Owner::Journey(journey)) => journey.body.starts.push(start),
                    Some(Owner::Fragment(fragment)) => fragment.body.starts.push(start),
                    _ => {}
                }
            }
            Rule::ensure => {
                let ensure = reader.ensure(pair, doc)?;
                match owner {
                    Some(Owner::Journey(journey)) => journey.body.ensures.push(ensure),
                    Some(Owner::Fragment(fragment)) => fragment.body.ensures.push(ensure),
                    Some(Owner::Guard(guard)) => guard.ensures.push(ensure),
                    _ => {}
                }
            }
            Rule::edge | Rule::only_edge | Rule::guard | Rule::otherwise => {
                let arm = reader.arm(pair, doc)?;
                if let Some(Owner::Node(node)) = owner {
                    node.arms.push(arm);
                }
            }
            Rule::subjects | Rule::condition | Rule::require => {
                let line = reader.policy_line(pair)?;
                if let Some(Owner::Policy(policy)) = owner {
                    policy.line(line);
                }
            }
            _ => {
                let fact = reader.fact(pair)?;
                if let Some(Owner::Extern(item)) = owner {
                    item.facts.push(fact);
                }
            }
        }
        Some(())
    }

    /// A line that is well formed and stands in the wrong block.
    fn misplaced(
        &mut self,
        pair: &Pair<'_>,
        span: Span,
        place: Place,
        closed: Option<(Span, Place)>,
    ) {
        if let Some((brace, before)) = closed
            && recover::fits(pair.as_rule(), before)
        {
            self.open.push(Frame {
                owner: Owner::Stray,
                head: span,
                indent: self.indent(span.start as usize),
                blamed: true,
                early: Some((brace, span)),
                deferred: None,
            });
            return;
        }
        let finding = recover::misplaced(pair.as_rule(), pair.as_str(), span, place);
        self.reader.report(finding);
        if matches!(pair.as_rule(), Rule::node | Rule::repeat) {
            self.await_block(Owner::Stray, span);
        }
    }

    fn not_understood(&mut self, span: Span) {
        self.reader.report(Diagnostic::new(
            codes::SYNTAX,
            span,
            "this line is not understood",
        ));
    }
}

fn is_top(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::import
            | Rule::constant
            | Rule::parameter
            | Rule::journey
            | Rule::fragment
            | Rule::extern_type
            | Rule::policy
            | Rule::test
            | Rule::realm_guard
            | Rule::uncovered
    )
}

/// Where each line begins, and how many blanks it begins with.
fn lines(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
        found.push((start, blanks));
        start += line.len();
    }
    found
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .next()
        .unwrap_or_default()
}

//! What every pass of one compilation shares: sources, tables, findings and budgets.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    codes,
    compile::{
        limits::CompileLimits,
        raw::Raw,
        scope::{ConstantDef, FileScope, ParameterDef},
        slot::Reader,
    },
    diagnostic::{Diagnostic, Diagnostics, Severity},
    engine::node_type::KeyTable,
    model::{catalog::Catalog, value::Value},
    source::{SourceId, SourceMap, Span},
    spelling,
    syntax::ast,
};

/// A parsed source with what it names resolved.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) id: SourceId,
    pub(super) file: Arc<ast::File>,
    /// Whether the embedder gave it, or an import brought it.
    pub(super) root: bool,
    /// The places of syntax errors; what may follow from them is not reported again.
    pub(super) broken: Vec<Span>,
    /// The imports in order: the path, and the file it means.
    pub(super) imports: Vec<(Span, Option<SourceId>)>,
    /// The texts that `file("…")` brings in.
    pub(super) texts: BTreeMap<String, Arc<str>>,
}

/// BOUND: how many arms, exits or parameters one node or fragment may have.
const MANY_MAX: usize = 1_024;

/// What the passes share.
pub(super) struct Cx<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) sources: &'a SourceMap,
    pub(super) files: &'a [Loaded],
    pub(super) bound: &'a BTreeMap<Arc<str>, Value>,
    pub(super) limits: CompileLimits,
    pub(super) diagnostics: Diagnostics,
    errors: usize,
    /// BOUND: comparisons left for "did you mean"; past it findings come without a guess.
    guesses: usize,
    /// BOUND: bytes and values that interpolation and copying of lists may still make.
    budget: u64,
    pub(super) keys: KeyTable,
    words: BTreeSet<Arc<str>>,
    broken_words: BTreeSet<String>,
    /// What findings took a misspelt name for; it is not called unused besides.
    pub(super) meant: BTreeSet<String>,
    /// Files with a name that could mean anything: nothing in them is called unused.
    pub(super) vague: BTreeSet<SourceId>,
    pub(super) scopes: Vec<FileScope<'a>>,
    pub(super) constants: Vec<ConstantDef<'a>>,
    pub(super) parameters: Vec<ParameterDef<'a>>,
    pub(super) constant_values: Vec<Raw>,
    pub(super) parameter_values: Vec<Raw>,
    /// Set whenever a value came from a formal of a fragment; callers clear it before they look.
    pub(super) touched_formal: bool,
    /// Who will evaluate the expression at hand.
    pub(super) reader: Reader,
}

impl<'a> Cx<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        sources: &'a SourceMap,
        files: &'a [Loaded],
        bound: &'a BTreeMap<Arc<str>, Value>,
        limits: CompileLimits,
    ) -> Self {
        Self {
            catalog,
            sources,
            files,
            bound,
            limits,
            diagnostics: Diagnostics::default(),
            errors: 0,
            guesses: 100_000,
            budget: 64 * 1_024 * 1_024,
            keys: KeyTable::new([Arc::from("username")]),
            words: BTreeSet::new(),
            broken_words: broken_words(files, sources),
            meant: BTreeSet::new(),
            vague: BTreeSet::new(),
            scopes: Vec::new(),
            constants: Vec::new(),
            parameters: Vec::new(),
            constant_values: Vec::new(),
            parameter_values: Vec::new(),
            touched_formal: false,
            reader: Reader::Run,
        }
    }

    /// The same passes with a catalogue that knows the declared types besides.
    pub(super) fn with_catalog<'b>(self, catalog: &'b Catalog) -> Cx<'b>
    where
        'a: 'b,
    {
        let shorter: Cx<'b> = self;
        Cx { catalog, ..shorter }
    }

    /// Whether there are at most [`MANY_MAX`] of a thing whose pairs are compared; a finding otherwise.
    pub(super) fn few(&mut self, count: usize, span: Span, what: &str) -> bool {
        if count <= MANY_MAX {
            return true;
        }
        self.report(
            Diagnostic::new(
                codes::OUT_OF_RANGE,
                span,
                format!("here are {count} {what}"),
            )
            .expected(format!("at most {MANY_MAX}")),
        );
        false
    }

    pub(super) fn report(&mut self, mut finding: Diagnostic) {
        shorten(&mut finding);
        if finding.severity == Severity::Error {
            self.errors += 1;
        }
        self.diagnostics.push(finding);
    }

    /// Remembers that a name of a file could mean anything in it.
    pub(super) fn may_mean_any(&mut self, file: SourceId) {
        self.vague.insert(file);
    }

    /// Counts what is broken by an error that was reported elsewhere.
    pub(super) fn excuse(&mut self) {
        self.errors += 1;
    }

    /// How many errors there were so far; equal before and after means clean between.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Takes `amount` from the budget; false once it is spent.
    pub(super) fn charge(&mut self, amount: u64) -> bool {
        self.budget = self.budget.saturating_sub(amount);
        self.budget > 0
    }

    /// The candidate that was most likely meant.
    pub(super) fn nearest<'c>(
        &mut self,
        word: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> Option<String> {
        let guesses = &mut self.guesses;
        let bounded = candidates.into_iter().take_while(|_| {
            *guesses = guesses.saturating_sub(1);
            *guesses > 0
        });
        let found = spelling::nearest(word, bounded).map(str::to_owned);
        self.meant.extend(found.clone());
        found
    }

    /// One shared copy of a word that many nodes have.
    pub(super) fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.words.get(word) {
            return Arc::clone(known);
        }
        let made: Arc<str> = Arc::from(word);
        self.words.insert(Arc::clone(&made));
        made
    }

    pub(super) fn file(&self, id: SourceId) -> Option<&'a Loaded> {
        self.files.get(id.index())
    }

    /// Whether a syntax error lies in this range.
    pub(super) fn is_broken(&self, span: Span) -> bool {
        self.file(span.source).is_some_and(|file| {
            let first = file.broken.partition_point(|b| b.start < span.start);
            file.broken.get(first).is_some_and(|b| b.start <= span.end)
        })
    }

    /// Whether some line that did not parse names `word`: then its absence is not a second mistake.
    pub(super) fn in_broken_line(&self, word: &str) -> bool {
        self.broken_words.contains(word)
    }

    /// Whether a guess may still be made; callers ask before they gather candidates.
    pub(super) fn may_guess(&self) -> bool {
        self.guesses > 1
    }

    /// Whether an import of the file could not be read, so that any name may be missing by that alone.
    pub(super) fn lacks_import(&self, file: SourceId) -> bool {
        self.file(file)
            .is_some_and(|file| file.imports.iter().any(|(_, target)| target.is_none()))
    }

    /// The blanks before the line a span starts on, where nothing else stands before it.
    pub(super) fn indent(&self, span: Span) -> Option<&'a str> {
        let text = self.sources.get(span.source)?.text();
        let before = text.get(..span.start as usize)?;
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let indent = before.get(line..)?;
        indent
            .bytes()
            .all(|b| matches!(b, b' ' | b'\t'))
            .then_some(indent)
    }

    /// The text of a span as written.
    pub(super) fn text(&self, span: Span) -> &'a str {
        self.sources.text(span)
    }
}

/// BOUND: how many bytes each part of a finding has; names and texts of authors have no such bound.
const PART_MAX: usize = 700;

/// Holds every part of a finding to one short line.
fn shorten(finding: &mut Diagnostic) {
    short(&mut finding.message);
    short(&mut finding.expected);
    finding.labels.truncate(4);
    for label in &mut finding.labels {
        short(&mut label.text);
    }
    finding.notes.iter_mut().for_each(short);
    if let Some(help) = &mut finding.help {
        short(help);
    }
    if let Some(fix) = &mut finding.fix {
        short(&mut fix.title);
    }
}

fn short(text: &mut Cow<'static, str>) {
    if text.len() <= PART_MAX && !text.contains(char::is_control) {
        return;
    }
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut made: String = text.chars().map(plain).take(PART_MAX / 4).collect();
    if made.chars().count() < text.chars().count() {
        made.push('…');
    }
    *text = Cow::Owned(made);
}

/// The words of every line that did not parse.
fn broken_words(files: &[Loaded], sources: &SourceMap) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for file in files {
        let text = sources.get(file.id).map_or("", |s| s.text());
        for span in &file.broken {
            let range = span.range();
            let start = text
                .get(..range.start)
                .and_then(|t| t.rfind('\n'))
                .map_or(0, |at| at + 1);
            let end = text
                .get(range.start..)
                .and_then(|t| t.find('\n'))
                .map_or(text.len(), |at| range.start + at);
            let line = text.get(start..end).unwrap_or("");
            let parts = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
            words.extend(parts.filter(|p| !p.is_empty()).take(64).map(str::to_owned));
        }
    }
    words
}

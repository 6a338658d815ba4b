//! What the compiler says to authors.
//!
//! A diagnostic is data: a stable word code, the place, what was expected there, the other place that
//! matters, and where one edit mends it, that edit. Drawing is the business of the command line and of
//! editors. Errors for embedders are a different family and live beside the things that raise them.

use std::{borrow::Cow, fmt};

use crate::{
    route::Route,
    source::{SourceId, SourceMap, Span},
};

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program runs; the author should look.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A word that names one kind of finding for ever.
///
/// Codes are declared in one table, [`crate::codes`]; `allowable` says whether an `allow` line may
/// turn the finding into a recorded exception.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// The word, `snake_case`.
    pub word: &'static str,
    /// The weight of the finding where nothing lowers it.
    pub severity: Severity,
    /// Whether `allow` may name it.
    pub allowable: bool,
    /// What the code means, in one sentence.
    pub summary: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

/// Another place that belongs to a finding, with a few words about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// What is there, in a few words.
    pub text: Cow<'static, str>,
}

/// One replacement that removes a finding and adds none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What to do, as an instruction: "add `false -> failure`".
    pub title: Cow<'static, str>,
    /// The range to replace; empty for an insertion.
    pub span: Span,
    /// The text to put there.
    pub replacement: String,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The kind of finding.
    pub code: Code,
    /// Its weight here; an allowed error is a warning with `allowed` set.
    pub severity: Severity,
    /// What is wrong, in one line: lower case, no full stop.
    pub message: Cow<'static, str>,
    /// The place that is wrong.
    pub span: Span,
    /// What was expected at that place, in a few words; may be empty.
    pub expected: Cow<'static, str>,
    /// The other places.
    pub labels: Vec<Label>,
    /// Facts that help: a counter-example, a list of what exists.
    pub notes: Vec<Cow<'static, str>>,
    /// What to do, where no single edit is sure to be right.
    pub help: Option<Cow<'static, str>>,
    /// The edit that mends it.
    pub fix: Option<Fix>,
    /// The run that shows it.
    pub route: Option<Route>,
    /// The reason of the `allow` line that silenced it.
    pub allowed: Option<String>,
}

impl Diagnostic {
    /// A finding with the code's own weight.
    pub fn new(code: Code, span: Span, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            severity: code.severity,
            message: message.into(),
            span,
            expected: Cow::Borrowed(""),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            fix: None,
            route: None,
            allowed: None,
        }
    }

    /// Says what was expected at the place.
    pub fn expected(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.expected = text.into();
        self
    }

    /// Names another place.
    pub fn label(mut self, span: Span, text: impl Into<Cow<'static, str>>) -> Self {
        self.labels.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds a fact.
    pub fn note(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Says what to do.
    pub fn help(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Gives the edit that mends it.
    pub fn fix(
        mut self,
        title: impl Into<Cow<'static, str>>,
        span: Span,
        replacement: impl Into<String>,
    ) -> Self {
        self.fix = Some(Fix {
            title: title.into(),
            span,
            replacement: replacement.into(),
        });
        self
    }

    /// Gives the run that shows it.
    pub fn route(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }

    /// The finding in one line, `name:line:column: error[code]: message`.
    pub fn one_line(&self, sources: &SourceMap) -> String {
        let at = sources.locate(self.span);
        let name = sources.get(self.span.source).map_or("?", |s| s.name());
        format!(
            "{name}:{}:{}: {}[{}]: {}",
            at.line, at.column, self.severity, self.code, self.message
        )
    }
}

/// The findings of one run, in source order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    dropped: usize,
    dropped_errors: usize,
}

impl Diagnostics {
    /// How many findings are kept; the rest are counted. The first error is kept whatever came before it.
    pub const KEPT_MAX: usize = 1_000;

    /// How many errors that an `allow` can speak for are kept past [`KEPT_MAX`](Self::KEPT_MAX).
    ///
    /// An error that is not kept refuses the program, since no `allow` was asked about it. A realm of
    /// imported journeys has thousands, each with its `allow`.
    pub const ALLOWABLE_MAX: usize = 5_000;

    /// Adds a finding.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.severity == Severity::Error;
        let more = if is_error && diagnostic.code.allowable {
            Self::ALLOWABLE_MAX
        } else {
            0
        };
        if self.list.len() < Self::KEPT_MAX + more || is_error && !self.keeps_errors() {
            self.list.push(diagnostic);
        } else {
            self.dropped += 1;
            self.dropped_errors += usize::from(is_error);
        }
    }

    /// Adds all findings of another run.
    pub fn append(&mut self, other: Self) {
        self.dropped += other.dropped;
        self.dropped_errors += other.dropped_errors;
        for diagnostic in other.list {
            self.push(diagnostic);
        }
    }

    /// Puts the findings in source order and drops exact repetitions.
    pub fn sort(&mut self) {
        self.list.sort_by(|a, b| {
            (a.span, a.code.word, &a.message).cmp(&(b.span, b.code.word, &b.message))
        });
        self.list.dedup();
    }

    /// Whether any finding refuses the program.
    ///
    /// An error that was not kept counts: no `allow` has spoken for it.
    pub fn has_errors(&self) -> bool {
        self.dropped_errors > 0 || self.keeps_errors()
    }

    fn keeps_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether there are no findings at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many findings are kept.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// How many findings were not kept.
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// The findings.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// The findings, to change.
    pub(crate) fn kept_mut(&mut self) -> std::slice::IterMut<'_, Diagnostic> {
        self.list.iter_mut()
    }

    /// Only the findings in one source.
    pub fn of(&self, source: SourceId) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter().filter(move |d| d.span.source == source)
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<T: IntoIterator<Item = Diagnostic>>(iter: T) -> Self {
        let mut all = Self::default();
        for diagnostic in iter {
            all.push(diagnostic);
        }
        all
    }
}

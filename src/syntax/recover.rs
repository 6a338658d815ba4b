//! What the author most likely meant by a line that fits nothing.
//!
//! In: the text of one stray line and the kind of block it stands in. Out: exactly one finding, with a
//! one-edit fix where an edit makes the line fit. A guess is never trusted: it is tried by reading the
//! mended line, and the first that leaves nothing to say is offered.

use std::ops::Range;

use crate::{
    codes,
    diagnostic::{Code, Diagnostic},
    source::Span,
    syntax::{guess, literal::clip, parser::Rule, tree::is_step},
};

/// The kinds of block that a line may stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    Body,
    Node,
    Extern,
    Policy,
    Test,
    Guard,
    /// A block of a line that was not understood.
    Any,
}

/// How much text may still be read again for guesses, so that a file of nothing but bad lines stays cheap.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
}

impl Budget {
    /// The longest line that is guessed at.
    const LINE_MAX: usize = 2_048;

    /// No guesses: for reading a guess itself.
    pub(super) const NONE: Self = Self { bytes: 0 };

    fn take(&mut self, bytes: usize) -> bool {
        let is_enough = self.bytes >= bytes;
        self.bytes = self.bytes.saturating_sub(bytes);
        is_enough
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: 512 * 1024 }
    }
}

/// A guess: what is wrong, where, and the edit that would mend it; ranges count from the line's start.
#[derive(Debug, Clone)]
pub(super) struct Guess {
    pub(super) code: Code,
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) expected: String,
    pub(super) title: String,
    pub(super) edit: Range<usize>,
    pub(super) replacement: String,
}

/// The stray line, as guesses see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) has_block: bool,
    pub(super) place: Place,
    /// The word that stands alone on the next line, with the bytes before it.
    pub(super) next: Option<(usize, &'a str)>,
}

/// Whether an item may stand in a block of this kind.
pub(super) fn fits(rule: Rule, place: Place) -> bool {
    match place {
        Place::Any => true,
        Place::Top => rule == Rule::allow,
        Place::Body => matches!(
            rule,
            Rule::start | Rule::setting | Rule::node | Rule::ensure | Rule::on_error | Rule::allow
        ),
        Place::Node => matches!(
            rule,
            Rule::setting
                | Rule::node
                | Rule::edge
                | Rule::only_edge
                | Rule::guard
                | Rule::otherwise
                | Rule::on_error
                | Rule::allow
        ),
        Place::Extern => matches!(
            rule,
            Rule::asks
                | Rule::reads
                | Rule::writes
                | Rule::proves
                | Rule::suspends
                | Rule::calls_out
                | Rule::runs
        ),
        Place::Policy => matches!(
            rule,
            Rule::setting | Rule::subjects | Rule::condition | Rule::require | Rule::allow
        ),
        Place::Test => is_step(rule),
        Place::Guard => rule == Rule::ensure,
    }
}

/// The finding about a well-formed item in the wrong block.
pub(super) fn misplaced(rule: Rule, text: &str, span: Span, place: Place) -> Diagnostic {
    let what = match rule {
        Rule::start => "`start`",
        Rule::setting => "a setting",
        Rule::node => "a node",
        Rule::ensure => "`ensure`",
        Rule::on_error => "`on error`",
        Rule::edge | Rule::only_edge => "an arrow",
        Rule::guard if place == Place::Policy => "an arrow",
        Rule::guard | Rule::condition => "`when`",
        Rule::require => "`require`",
        Rule::subjects => "`subjects`",
        Rule::otherwise => "`else`",
        Rule::allow => "`allow`",
        Rule::given => "`given`",
        Rule::answer => "`answer`",
        Rule::reply => "`reply`",
        Rule::expect => "`expect`",
        Rule::advance => "`advance`",
        Rule::resume => "`resume`",
        Rule::repeat => "`repeat`",
        _ => "what a type does",
    };
    let finding = Diagnostic::new(
        codes::MISPLACED,
        span,
        format!("{what} has no meaning {}", here(place)),
    )
    .expected(expected(place));
    if rule == Rule::setting && place == Place::Top {
        return finding.fix("make it a constant", span.before(), "let ");
    }
    if rule == Rule::edge
        && place == Place::Body
        && let Some(after) = text.strip_prefix("start")
        && let Some(target) = after.trim_start().strip_prefix("->")
    {
        let gap = text.len() - target.trim_start().len();
        let edit = Span::new(span.source, span.start as usize, span.start as usize + gap);
        return finding.fix("write `start` without an arrow", edit, "start ");
    }
    finding
}

fn here(place: Place) -> &'static str {
    match place {
        Place::Top => "at the top of a file",
        Place::Body => "in a journey or fragment",
        Place::Node => "in a node",
        Place::Extern => "in an `extern`",
        Place::Policy => "in a policy",
        Place::Test => "in a test",
        Place::Guard => "in a guard",
        Place::Any => "here",
    }
}

/// What may stand in a block of this kind.
fn expected(place: Place) -> &'static str {
    match place {
        Place::Top => {
            "`journey`, `fragment`, `import`, `let`, `param`, `extern`, `policy`, `test`, `guard` or `allow`"
        }
        Place::Body => "`start`, `node`, `ensure`, `key = value`, `on error` or `allow`",
        Place::Node => "`outcome -> target`, `key = value`, `when`, `else`, `node` or `allow`",
        Place::Extern => "`asks`, `reads`, `writes`, `proves`, `suspends`, `calls out` or `runs`",
        Place::Policy => {
            "`actions = […]`, `subjects = […]`, `ttl = …`, `when`, `require` or `allow`"
        }
        Place::Test => "`given`, `answer`, `reply`, `advance`, `resume`, `repeat` or `expect`",
        Place::Guard => "`ensure`",
        Place::Any => "an item of the language",
    }
}

/// The one finding about a stray line.
pub(super) fn explain(line: Line<'_>, span: Span, budget: &mut Budget) -> Diagnostic {
    let place_of = |range: &Range<usize>| {
        let start = span.start as usize;
        Span::new(span.source, start + range.start, start + range.end)
    };
    if line.text.len() <= Budget::LINE_MAX && budget.bytes > 0 {
        for found in guess::all(line) {
            if !budget.take(line.text.len() + 64) {
                break;
            }
            if reads(line, &found) {
                return Diagnostic::new(found.code, place_of(&found.at), found.message)
                    .expected(found.expected)
                    .fix(found.title, place_of(&found.edit), found.replacement);
            }
        }
    }
    if let Some((range, message, expected)) = guess::hopeless(line) {
        return Diagnostic::new(codes::SYNTAX, place_of(&range), message).expected(expected);
    }
    let first = line.text.lines().next().unwrap_or_default();
    Diagnostic::new(
        codes::SYNTAX,
        place_of(&(0..first.trim_end().len())),
        format!("`{}` is not understood", clip(first.trim_end())),
    )
    .expected(expected(line.place))
}

/// Whether the line, mended, leaves nothing to say.
fn reads(line: Line<'_>, guess: &Guess) -> bool {
    let (Some(before), Some(after)) = (
        line.text.get(..guess.edit.start),
        line.text.get(guess.edit.end.min(line.text.len())..),
    ) else {
        return false;
    };
    let block = if line.has_block { " {\n}" } else { "" };
    let mended = format!("{before}{}{after}{block}\n", guess.replacement);
    if is_clean(line.place, &mended) {
        return true;
    }
    // A bracket that is left open takes lines with it that may have mistakes of their own.
    let first = format!("{before}{}\n", guess.replacement);
    guess.code == codes::UNCLOSED
        && guess.edit.is_empty()
        && after.starts_with(['\n', '\r'])
        && is_clean(line.place, &first)
}

/// Whether lines leave nothing to say in a block of this kind.
fn is_clean(place: Place, lines: &str) -> bool {
    let wrapped: &[(&str, &str)] = match place {
        Place::Top => &[("", "")],
        Place::Body => &[("journey x {\n", "}\n")],
        Place::Node => &[("journey x {\nnode x: X {\n", "}\n}\n")],
        Place::Extern => &[("extern X \"X\" -> x {\n", "}\n")],
        Place::Policy => &[("policy x \"x\" {\n", "}\n")],
        Place::Test => &[("test \"x\" {\n", "}\n")],
        Place::Guard => &[("guard \"x\" {\n", "}\n")],
        Place::Any => &[
            ("test \"x\" {\n", "}\n"),
            ("journey x {\nnode x: X {\n", "}\n}\n"),
            ("journey x {\n", "}\n"),
            ("", ""),
        ],
    };
    wrapped
        .iter()
        .any(|(head, tail)| super::is_clean(&format!("{head}{lines}{tail}")))
}

//! What the author most likely meant by a line that fits nothing.
//!
//! In: the text of one stray line and the kind of block it stands in. Out: exactly one finding, with a
//! one-edit fix where an edit makes the line fit. A guess is never trusted: it is tried by reading the
//! mended line with the grammar.

use crate::{
    codes,
    diagnostic::Diagnostic,
    source::Span,
    syntax::{literal::clip, parser::Rule},
};

/// The kinds of block that a line may stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    Body,
    Node,
    Extern,
    /// A block of a line that was not understood.
    Any,
}

/// How much text may still be read again for guesses, so that a file of nothing but bad lines stays cheap.
pub(super) struct Budget {
    pub(super) bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: 1024 * 1024 }
    }
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
        ),
    }
}

/// The finding about a well-formed item in the wrong block.
pub(super) fn misplaced(rule: Rule, _text: &str, span: Span, place: Place) -> Diagnostic {
    let what = match rule {
        Rule::start => "`start`",
        Rule::setting => "a setting",
        Rule::node => "a node",
        Rule::ensure => "`ensure`",
        Rule::on_error => "`on error`",
        Rule::edge | Rule::only_edge => "an arrow",
        Rule::guard => "`when`",
        Rule::otherwise => "`else`",
        Rule::allow => "`allow`",
        _ => "a fact",
    };
    let here = match place {
        Place::Top => "at the top of a file",
        Place::Body => "in a journey or fragment",
        Place::Node => "in a node",
        Place::Extern => "in an `extern`",
        Place::Any => "here",
    };
    Diagnostic::new(
        codes::MISPLACED,
        span,
        format!("{what} has no meaning {here}"),
    )
}

/// The one finding about a stray line.
pub(super) fn explain(
    text: &str,
    span: Span,
    _has_block: bool,
    _place: Place,
    _budget: &mut Budget,
) -> Diagnostic {
    Diagnostic::new(
        codes::SYNTAX,
        span,
        format!("`{}` is not understood", clip(text)),
    )
}

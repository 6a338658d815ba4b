//! Text to tree: the grammar decides shape only, and a broken line costs one finding.
//!
//! In: the text of one file. Out: its [`ast::File`] and everything that is wrong with its shape, in one
//! run. The passes, in order: `scan` caps size and depth and looks at every character, the grammar splits
//! the rest into lines, `tree` puts the lines into blocks, and `recover` says of a line that fits nothing
//! what its author most likely meant. Node types, outcomes and settings are not known here.

pub mod ast;

mod expr;
mod format;
mod guess;
mod item;
mod layout;
mod literal;
mod parser;
mod phrase;
mod piece;
mod recover;
mod scan;
mod tree;

use pest::Parser as _;

pub use format::format;
pub use scan::SourceLimits;

use crate::{
    codes,
    diagnostic::{Diagnostic, Diagnostics},
    source::{Source, SourceId, Span},
};

/// A file as read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// The tree; where there are errors, the part that was understood.
    pub file: ast::File,
    /// What is wrong with the shape of the text, in source order.
    pub diagnostics: Diagnostics,
}

/// The tree of a text, within the default limits.
pub fn parse(source: &Source, id: SourceId) -> Parsed {
    parse_within(source, id, SourceLimits::default())
}

/// The tree of a text, within the given limits.
pub fn parse_within(source: &Source, id: SourceId, limits: SourceLimits) -> Parsed {
    read(source.text(), id, limits, recover::Budget::default())
}

/// Whether a text reads without a finding; nothing is guessed.
fn is_clean(text: &str) -> bool {
    let limits = SourceLimits::default();
    read(text, SourceId::default(), limits, recover::Budget::NONE)
        .diagnostics
        .is_empty()
}

fn read(text: &str, id: SourceId, limits: SourceLimits, budget: recover::Budget) -> Parsed {
    let found = scan::scan(text, id, limits);
    let readable = text.get(..found.readable).unwrap_or_default();
    let mut parsed = if readable.is_empty() {
        Parsed {
            file: ast::File::default(),
            diagnostics: found.diagnostics,
        }
    } else {
        match parser::JourneyParser::parse(parser::Rule::file, readable) {
            Ok(pairs) => tree::build(text, id, &found, pairs, budget),
            // INVARIANT: a stray line takes whatever no other line takes, so this is never reached; a
            // change of the grammar that breaks it shows as a finding, not as a lost file.
            Err(error) => {
                let at = match error.location {
                    pest::error::InputLocation::Pos(at)
                    | pest::error::InputLocation::Span((at, _)) => at,
                };
                let mut diagnostics = found.diagnostics;
                diagnostics.push(Diagnostic::new(
                    codes::SYNTAX,
                    Span::new(id, at, at),
                    "the text is not understood from here on",
                ));
                Parsed {
                    file: ast::File::default(),
                    diagnostics,
                }
            }
        }
    };
    parsed.diagnostics.sort();
    parsed
}

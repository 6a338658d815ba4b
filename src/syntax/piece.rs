//! A line cut into words, signs and strings, however wrong it is.
//!
//! In: the text of a stray line. Out: its pieces with their places, for guesses to look at.

use std::ops::Range;

use crate::syntax::literal::insert_length;

/// A word or sign of the line; strings are one piece, quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) kind: PieceKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    Word,
    Sign,
    Text,
    /// A string that its line does not close.
    OpenText,
}

impl Piece<'_> {
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end()
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != PieceKind::Text && self.text == text
    }
}

pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    const SIGN_PAIRS: [&str; 22] = [
        "-->", "->>", "===", "!==", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", ":=", "<>",
        "=<", "~>", ">>", "|>", "--", "/*", "*/", "${",
    ];
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(c) = rest.chars().next() else {
            break;
        };
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        let (length, kind) = if c == '"' {
            quoted(rest)
        } else if c.is_alphanumeric() || c == '_' {
            (word(rest), PieceKind::Word)
        } else {
            let pair = SIGN_PAIRS.iter().find(|sign| rest.starts_with(**sign));
            (
                pair.map_or(c.len_utf8(), |sign| sign.len()),
                PieceKind::Sign,
            )
        };
        found.push(Piece {
            text: rest.get(..length).unwrap_or_default(),
            start: at,
            kind,
        });
        at += length;
    }
    found
}

fn word(text: &str) -> usize {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
        .unwrap_or(text.len());
    // A hyphen at the end belongs to an arrow.
    let word = text.get(..end).unwrap_or_default();
    let cut = word.find("--").unwrap_or(end);
    word.get(..cut)
        .unwrap_or_default()
        .trim_end_matches('-')
        .len()
}

fn quoted(text: &str) -> (usize, PieceKind) {
    if let Some(inside) = text.strip_prefix("\"\"\"")
        && let Some(length) = inside.find("\"\"\"")
    {
        return (length + 6, PieceKind::Text);
    }
    let mut at = 1;
    while let Some(rest) = text.get(at..) {
        let Some(c) = rest.chars().next() else {
            break;
        };
        match c {
            '\n' => return (at, PieceKind::OpenText),
            '"' => return (at + 1, PieceKind::Text),
            '\\' => at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '$' => at += insert_length(rest).unwrap_or(1),
            _ => at += c.len_utf8(),
        }
    }
    (text.len(), PieceKind::OpenText)
}

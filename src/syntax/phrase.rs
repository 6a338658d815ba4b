//! An expression as its author wrote it, brackets and comments included, with canonical blanks.
//!
//! In: the text of an expression that has been read without findings, and the comments within. Out: a
//! [`Doc`]. The tree of the expression does not know brackets that change nothing, so the formatter goes
//! by its words.

use crate::syntax::{
    layout::{Bracket, Doc, Element},
    literal::insert_length,
};

/// A word, sign or comment of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token<'a> {
    text: &'a str,
    kind: Kind,
    /// Whether it is the first of its line.
    is_first: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Operand,
    Operator,
    Not,
    Open,
    Close,
    Comma,
    Comment,
}

/// A bracket that is being read, and the run of words in it.
struct Level {
    open: &'static str,
    close: &'static str,
    elements: Vec<Element>,
    lead: Vec<String>,
    run: Vec<Doc>,
}

impl Level {
    fn new(open: &'static str, close: &'static str) -> Self {
        Self {
            open,
            close,
            elements: Vec::new(),
            lead: Vec::new(),
            run: Vec::new(),
        }
    }

    /// Ends a run of words.
    fn end(&mut self, has_comma: bool) {
        if self.run.is_empty() {
            if has_comma && let Some(last) = self.elements.last_mut() {
                last.has_comma = true;
            }
            return;
        }
        self.elements.push(Element {
            lead: std::mem::take(&mut self.lead),
            doc: Doc::Row(std::mem::take(&mut self.run)),
            has_comma,
            trail: None,
        });
    }

    fn comment(&mut self, token: Token<'_>) {
        self.end(false);
        let text = token.text.to_owned();
        match self.elements.last_mut() {
            Some(last) if last.trail.is_none() && self.lead.is_empty() && !token.is_first => {
                last.trail = Some(text);
            }
            _ => self.lead.push(text),
        }
    }

    fn finish(mut self) -> Doc {
        self.end(false);
        let is_list = self.elements.iter().any(|e| e.has_comma) || self.open == "[";
        let is_call = self.open == "(" && is_list;
        if is_list && let Some(last) = self.elements.last_mut() {
            last.has_comma = is_call || self.open == "[";
        }
        Doc::Bracket(Bracket {
            open: self.open,
            close: self.close,
            is_padded: false,
            is_breakable: false,
            elements: self.elements,
            dangling: self.lead,
        })
    }
}

/// The expression in `text`, which is well formed.
pub(super) fn phrase(text: &str) -> Doc {
    let mut levels = vec![Level::new("", "")];
    let mut before: Option<Token<'_>> = None;
    for token in tokens(text) {
        let Some(level) = levels.last_mut() else {
            break;
        };
        match token.kind {
            Kind::Comment => {
                level.comment(token);
                continue;
            }
            Kind::Comma => level.end(true),
            Kind::Open => {
                blank(level, before, token);
                levels.push(match token.text {
                    "(" => Level::new("(", ")"),
                    _ => Level::new("[", "]"),
                });
            }
            Kind::Close => {
                if let Some(done) = levels.pop()
                    && let Some(level) = levels.last_mut()
                {
                    level.run.push(done.finish());
                }
            }
            Kind::Operand | Kind::Operator | Kind::Not => {
                blank(level, before, token);
                level.run.push(Doc::text(token.text));
            }
        }
        before = Some(token);
    }
    let Some(mut whole) = levels.into_iter().next() else {
        return Doc::text(text);
    };
    whole.end(false);
    Doc::Row(whole.elements.into_iter().map(|e| e.doc).collect())
}

fn blank(level: &mut Level, before: Option<Token<'_>>, token: Token<'_>) {
    if level.run.is_empty() {
        return;
    }
    let is_tight = match before {
        Some(before) => {
            before.kind == Kind::Not
                || token.text == "("
                    && before.kind == Kind::Operand
                    && !["has", "in"].contains(&before.text)
        }
        None => true,
    };
    if !is_tight {
        level.run.push(Doc::text(" "));
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    let mut is_first = false;
    while let Some(rest) = text.get(at..) {
        let Some(c) = rest.chars().next() else {
            break;
        };
        if c.is_whitespace() {
            is_first |= c == '\n';
            at += c.len_utf8();
            continue;
        }
        let after_operand = found
            .iter()
            .rfind(|t| t.kind != Kind::Comment)
            .is_some_and(|t| matches!(t.kind, Kind::Operand | Kind::Close));
        let (length, kind) = token(rest, c, after_operand);
        let text = rest.get(..length).unwrap_or_default().trim_end();
        found.push(Token {
            text,
            kind,
            is_first,
        });
        is_first = false;
        at += length.max(1);
    }
    found
}

fn token(rest: &str, c: char, after_operand: bool) -> (usize, Kind) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), Kind::Comment);
    }
    let next_is_digit = rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    match c {
        '(' | '[' => (1, Kind::Open),
        ')' | ']' => (1, Kind::Close),
        ',' => (1, Kind::Comma),
        '!' if !rest.starts_with("!=") => (1, Kind::Not),
        '"' => (string_length(rest), Kind::Operand),
        '-' if !after_operand && next_is_digit => (1 + number_length(rest, 1), Kind::Operand),
        _ if c.is_ascii_digit() => (number_length(rest, 0), Kind::Operand),
        _ if c.is_ascii_alphabetic() || c == '_' => {
            let length = path_length(rest);
            let kind = if rest.get(..length) == Some("in") {
                Kind::Operator
            } else {
                Kind::Operand
            };
            (length, kind)
        }
        _ => {
            let is_pair = ["&&", "||", "==", "!=", "<=", ">="]
                .iter()
                .any(|sign| rest.starts_with(sign));
            (if is_pair { 2 } else { c.len_utf8() }, Kind::Operator)
        }
    }
}

fn number_length(text: &str, from: usize) -> usize {
    let digits = text.get(from..).unwrap_or_default();
    let mut length = 0;
    let mut letters = digits.chars().peekable();
    while let Some(c) = letters.next() {
        let is_part = c.is_ascii_alphanumeric()
            || c == '_'
            || c == '.' && letters.peek().is_some_and(char::is_ascii_digit);
        if !is_part {
            break;
        }
        length += 1;
    }
    length
}

/// `a.b["c"]` is one word.
fn path_length(text: &str) -> usize {
    let word = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len())
    };
    let mut at = word(0);
    if text.get(..at) == Some("in") {
        return at;
    }
    while let Some(rest) = text.get(at..) {
        if rest.starts_with('.') {
            at += 1 + word(at + 1);
        } else if let Some(key) = rest.strip_prefix('[').filter(|r| r.starts_with('"')) {
            at += string_length(key) + 2;
        } else {
            break;
        }
    }
    at
}

/// The bytes of a string or text block, quotes included.
fn string_length(text: &str) -> usize {
    if let Some(inside) = text.strip_prefix("\"\"\"") {
        return inside.find("\"\"\"").map_or(text.len(), |n| n + 6);
    }
    let mut at = 1;
    while let Some(rest) = text.get(at..) {
        let Some(c) = rest.chars().next() else {
            break;
        };
        match c {
            '"' => return at + 1,
            '\\' => at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            '$' => at += insert_length(rest).unwrap_or(1),
            _ => at += c.len_utf8(),
        }
    }
    text.len()
}

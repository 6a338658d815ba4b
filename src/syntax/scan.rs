//! One look at every character, before the grammar sees any.
//!
//! In: a text of any size and content. Out: whether the grammar may have it at all (its size and the
//! depth of its brackets are capped here, so that nothing behind this pass needs a guard against deep
//! recursion), the characters that have no place in a journey, and every comment with its place. The
//! scan knows strings, text blocks and comments exactly as the grammar does; of everything else it knows
//! brackets only.

use crate::{
    codes,
    diagnostic::{Diagnostic, Diagnostics},
    source::{SourceId, Span},
};

/// The bounds on one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceLimits {
    /// The most bytes of a file.
    pub bytes_max: usize,
    /// The deepest nesting of brackets; values above [`SourceLimits::DEPTH_CEILING`] count as that.
    pub depth_max: usize,
}

impl SourceLimits {
    /// The depth up to which every pass over the tree may recurse.
    pub const DEPTH_CEILING: usize = 64;

    /// The same limits with another size.
    pub fn bytes_max(mut self, bytes: usize) -> Self {
        self.bytes_max = bytes;
        self
    }

    /// The same limits with another depth.
    pub fn depth_max(mut self, depth: usize) -> Self {
        self.depth_max = depth;
        self
    }
}

impl Default for SourceLimits {
    fn default() -> Self {
        Self {
            bytes_max: 1024 * 1024,
            depth_max: Self::DEPTH_CEILING,
        }
    }
}

/// What two slashes begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CommentKind {
    /// `//`, and a doc comment that has nothing behind it to document.
    Plain,
    /// `///` on a line of its own.
    Doc,
    /// `//!` on a line of its own.
    FileDoc,
}

/// A comment: from its slashes to the end of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comment {
    pub(super) kind: CommentKind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether nothing but blanks stands before it on its line.
    pub(super) own_line: bool,
}

/// What the scan found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// In source order.
    pub(super) comments: Vec<Comment>,
    pub(super) diagnostics: Diagnostics,
    /// How much of the text the grammar may read: all, up to a text block that never ends, or nothing.
    pub(super) readable: usize,
}

pub(super) fn scan(text: &str, id: SourceId, limits: SourceLimits) -> Scan {
    if text.len() > limits.bytes_max {
        let mut scan = Scan::default();
        scan.diagnostics.push(
            Diagnostic::new(
                codes::FILE_TOO_LARGE,
                Span::new(id, 0, 0),
                format!("the file has {} bytes", text.len()),
            )
            .expected(format!("at most {} bytes", limits.bytes_max))
            .help("split it into several files"),
        );
        return scan;
    }
    let mut scanner = Scanner {
        text,
        bytes: text.as_bytes(),
        id,
        at: 0,
        depth: 0,
        depth_max: limits.depth_max.min(SourceLimits::DEPTH_CEILING),
        blank_so_far: true,
        line_is_blamed: false,
        is_foreign: false,
        out: Scan {
            readable: text.len(),
            ..Scan::default()
        },
    };
    scanner.run();
    scanner.out
}

/// Where a character stands, which decides what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    Code,
    Text,
    Block,
    Comment,
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    id: SourceId,
    at: usize,
    depth: usize,
    depth_max: usize,
    /// Whether only blanks have been seen on this line.
    blank_so_far: bool,
    /// Whether a character of this line has been refused already; one finding a line is enough.
    line_is_blamed: bool,
    /// Whether a byte that was no text has been told: a file in another encoding is one mistake.
    is_foreign: bool,
    out: Scan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => {
                    self.at += 1;
                    self.new_line();
                }
                b' ' | b'\t' => self.at += 1,
                b'/' if self.starts_with("//") => self.comment(),
                b'"' if self.starts_with("\"\"\"") => self.block(),
                b'"' => self.string(),
                b'(' | b'[' | b'{' => {
                    if self.depth == self.depth_max {
                        self.too_deep();
                        return;
                    }
                    self.depth += 1;
                    self.code();
                }
                b')' | b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.code();
                }
                _ => {
                    if self.blank_so_far && self.top_item_begins() {
                        self.depth = 0;
                    }
                    self.check(Zone::Code);
                    self.blank_so_far = false;
                }
            }
        }
    }

    fn code(&mut self) {
        self.at += 1;
        self.blank_so_far = false;
    }

    fn new_line(&mut self) {
        self.blank_so_far = true;
        self.line_is_blamed = false;
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn starts_with(&self, what: &str) -> bool {
        self.rest().starts_with(what)
    }

    /// Whether an item of the top of a file begins here; nothing that is well formed reaches across one.
    fn top_item_begins(&self) -> bool {
        let rest = self.rest();
        ["import", "let", "param", "journey", "fragment", "extern"]
            .iter()
            .filter_map(|word| rest.strip_prefix(word))
            .any(|after| {
                let name = after.trim_start_matches([' ', '\t']);
                name.len() < after.len()
                    && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '"')
            })
    }

    fn comment(&mut self) {
        let start = self.at;
        let own_line = self.blank_so_far;
        let kind = if !own_line {
            CommentKind::Plain
        } else if self.starts_with("//!") {
            CommentKind::FileDoc
        } else if self.starts_with("///") && !self.starts_with("////") {
            CommentKind::Doc
        } else {
            CommentKind::Plain
        };
        while self.bytes.get(self.at).is_some_and(|b| *b != b'\n') {
            self.check(Zone::Comment);
        }
        let line = self.text.get(start..self.at).unwrap_or_default();
        let end = start + line.trim_end_matches(['\r', ' ', '\t']).len();
        self.out.comments.push(Comment {
            kind,
            start,
            end,
            own_line,
        });
    }

    fn block(&mut self) {
        let start = self.at;
        let inner = self.text.get(start + 3..).unwrap_or_default();
        let Some(length) = inner.find("\"\"\"") else {
            self.out.diagnostics.push(
                Diagnostic::new(
                    codes::UNCLOSED,
                    Span::new(self.id, start, start + 3),
                    "this text block is not closed",
                )
                .expected("`\"\"\"` at its end")
                .fix(
                    "close it at the end of the file",
                    Span::new(self.id, self.text.len(), self.text.len()),
                    "\"\"\"",
                ),
            );
            self.out.readable = start;
            self.at = self.text.len();
            return;
        };
        self.at = start + 3;
        while self.at < start + 3 + length {
            if self.bytes.get(self.at) == Some(&b'\n') {
                self.at += 1;
                self.new_line();
            } else {
                self.check(Zone::Block);
            }
        }
        self.at = start + length + 6;
        self.blank_so_far = false;
    }

    /// A string, or an opening quote with no partner on its line.
    fn string(&mut self) {
        self.at += 1;
        self.blank_so_far = false;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' => return,
                b'\r' if self.starts_with("\r\n") => return,
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => {
                    self.at += 1;
                    let stop = self.starts_with("\n") || self.starts_with("\r\n");
                    if !stop && self.at < self.bytes.len() {
                        self.check(Zone::Text);
                    }
                }
                b'$' => match super::literal::insert_length(self.rest()) {
                    Some(length) => {
                        let end = self.at + length;
                        while self.at < end {
                            self.check(Zone::Text);
                        }
                    }
                    None => self.at += 1,
                },
                _ => self.check(Zone::Text),
            }
        }
    }

    fn too_deep(&mut self) {
        self.out.readable = 0;
        self.out.diagnostics.push(
            Diagnostic::new(
                codes::TOO_DEEP,
                Span::new(self.id, self.at, self.at + 1),
                format!("brackets are nested deeper than {}", self.depth_max),
            )
            .help("close the brackets before, or take the inner part out"),
        );
    }

    /// The finding about a text in the quotes of a word processor.
    fn quoted_otherwise(&self, c: char, start: usize) -> Option<Diagnostic> {
        let is_quote = |c: char| plain_form(c) == Some("\"");
        if !is_quote(c) {
            return None;
        }
        let line = self.rest().lines().next().unwrap_or_default();
        let finding = Diagnostic::new(
            codes::BAD_ENCODING,
            Span::new(self.id, start, self.at),
            format!("`{c}` does not quote"),
        )
        .expected("`\"`");
        let Some((length, close)) = line.char_indices().find(|(_, c)| is_quote(*c)) else {
            return Some(finding);
        };
        let inside = line.get(..length).unwrap_or_default();
        if inside.contains(['"', '\\', '$']) || inside.len() > 200 {
            return Some(finding);
        }
        let edit = Span::new(self.id, start, self.at + length + close.len_utf8());
        Some(finding.fix("write straight quotes", edit, format!("\"{inside}\"")))
    }

    /// Looks at one character and steps over it.
    fn check(&mut self, zone: Zone) {
        let Some(c) = self.rest().chars().next() else {
            self.at = self.text.len();
            return;
        };
        let start = self.at;
        self.at += c.len_utf8();
        if c == '\t' || (c.is_ascii() && !c.is_ascii_control()) {
            return;
        }
        if c == '\r' && self.bytes.get(self.at) == Some(&b'\n') {
            return;
        }
        let before = self
            .text
            .get(..start)
            .and_then(|head| head.chars().next_back());
        let span = Span::new(self.id, start, self.at);
        if c == char::REPLACEMENT_CHARACTER && std::mem::replace(&mut self.is_foreign, true) {
            return;
        }
        let found = match self.quoted_otherwise(c, start) {
            Some(found) if zone == Zone::Code => Some(found),
            _ => refuse(c, before, zone, span),
        };
        if let Some(found) = found
            && !self.line_is_blamed
        {
            self.line_is_blamed = zone == Zone::Code;
            self.out.diagnostics.push(found);
        }
    }
}

/// The finding about a character that may not stand in this zone.
fn refuse(c: char, before: Option<char>, zone: Zone, span: Span) -> Option<Diagnostic> {
    let number = u32::from(c);
    let bad = |message: String| Diagnostic::new(codes::BAD_ENCODING, span, message);
    if c == '\u{FEFF}' && span.start == 0 {
        return Some(
            bad("the file begins with a byte order mark".to_owned())
                .expected("plain UTF-8")
                .fix("remove it", span, ""),
        );
    }
    if c == char::REPLACEMENT_CHARACTER {
        let message = "U+FFFD stands where bytes were not UTF-8";
        return Some(bad(message.to_owned()).expected("text saved as UTF-8"));
    }
    if c == '\r' {
        return Some(
            bad("a carriage return stands alone".to_owned())
                .expected("a newline")
                .fix("put a newline", span, "\n"),
        );
    }
    if c.is_control() {
        return Some(
            bad(format!("the control character U+{number:04X} is not text")).fix(
                "remove it",
                span,
                "",
            ),
        );
    }
    match zone {
        Zone::Code => {
            let found = bad(format!("`{}` has no place outside quotes", shown(c)))
                .expected("ASCII letters, digits and signs");
            Some(match plain_form(c) {
                Some(plain) => found.fix(format!("write `{plain}`"), span, plain),
                None => found,
            })
        }
        Zone::Text | Zone::Block | Zone::Comment => {
            let what = hidden(c, before)?;
            let found = Diagnostic::new(
                codes::HIDDEN_CHARACTER,
                span,
                format!("U+{number:04X} {what}"),
            );
            Some(if zone == Zone::Text && before != Some('\\') {
                found.fix("write it as an escape", span, format!("\\u{{{number:x}}}"))
            } else {
                found.fix("remove it", span, "")
            })
        }
    }
}

/// Why a character does not show as what it is; joiners are part of some scripts and of emoji.
fn hidden(c: char, before: Option<char>) -> Option<&'static str> {
    match c {
        '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{061C}' => Some("changes the order in which the line is shown"),
        '\u{200C}' | '\u{200D}' if before.is_none_or(|b| b.is_ascii()) => Some("cannot be seen"),
        '\u{00AD}'
        | '\u{034F}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'
        | '\u{2028}'..='\u{2029}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206A}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF9}'..='\u{FFFB}'
        | '\u{E0000}'..='\u{E007F}' => Some("cannot be seen"),
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}'
            if before.is_none_or(|b| b.is_ascii_alphabetic()) =>
        {
            Some("cannot be seen")
        }
        _ => None,
    }
}

/// The character as a message may show it.
fn shown(c: char) -> String {
    if hidden(c, None).is_some() || c.is_whitespace() {
        format!("U+{:04X}", u32::from(c))
    } else {
        c.to_string()
    }
}

/// What an editor or a word processor has put a lookalike in place of.
fn plain_form(c: char) -> Option<&'static str> {
    match c {
        '\u{2190}'..='\u{21FF}' | '\u{27F5}'..='\u{27FF}' | '\u{2900}'..='\u{297F}' => Some("->"),
        '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Some(" "),
        '\u{2010}'..='\u{2015}' | '\u{2212}' => Some("-"),
        '\u{2018}' | '\u{2019}' | '\u{201C}'..='\u{201F}' | '\u{00AB}' | '\u{00BB}' => Some("\""),
        '\u{2260}' => Some("!="),
        '\u{2264}' => Some("<="),
        '\u{2265}' => Some(">="),
        _ => None,
    }
}

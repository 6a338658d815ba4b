//! The words of a script.
//!
//! In: a text. Out: its tokens with their places, or the place where it is none of this language. What
//! tokens mean together is not here.

use std::rc::Rc;

use super::problem::Unreadable;

/// How many tokens of a script are looked at.
const TOKENS_MAX: usize = 200_000;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word(Rc<str>),
    /// A text in quotes, what is escaped replaced.
    Text(Rc<str>),
    /// A number.
    Number(f64),
    /// A regular expression.
    Regex,
    /// A piece of a template; whether an expression follows.
    Template(Rc<str>, bool),
    /// A piece of it behind an expression, likewise.
    Further(Rc<str>, bool),
    /// An operator or a bracket.
    Sign(&'static str),
    /// The end of the text.
    End,
}

/// A token at its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// The line, from 1.
    pub(super) line: u32,
    /// Whether a line ends before it.
    pub(super) fresh: bool,
}

/// Longest first.
const SIGNS: &[&str] = &[
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=",
    "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=",
    "<<", ">>", "**", "{", "}", "(", ")", "[", "]", ";", ",", "<", ">", "+", "-", "*", "/", "%",
    "&", "|", "^", "!", "~", "?", ":", "=", ".",
];

/// Words behind which a slash begins a regular expression.
const BEFORE_VALUES: &[&str] = &[
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "delete",
    "void",
    "throw",
    "new",
    "else",
    "do",
    "instanceof",
];

struct Lexer<'t> {
    rest: &'t str,
    line: u32,
    fresh: bool,
    /// For each open template, how many braces are open in its expression.
    templates: Vec<u32>,
    tokens: Vec<Token>,
}

/// The tokens of a text, an [`Kind::End`] last.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Unreadable> {
    let mut lexer = Lexer {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        line: 1,
        fresh: false,
        templates: Vec::new(),
        tokens: Vec::new(),
    };
    // BOUND: each turn takes at least one character, or ends.
    while lexer.step()? {
        if lexer.tokens.len() > TOKENS_MAX {
            return Err(Unreadable::new(lexer.line, "the script is too long"));
        }
    }
    Ok(lexer.tokens)
}

impl<'t> Lexer<'t> {
    fn step(&mut self) -> Result<bool, Unreadable> {
        self.blank()?;
        let Some(first) = self.rest.chars().next() else {
            self.push(Kind::End);
            return Ok(false);
        };
        match first {
            '"' | '\'' => self.text(first)?,
            '`' => {
                self.take(1);
                self.template(Kind::Template)?;
            }
            '}' if self.templates.last() == Some(&0) => {
                self.templates.pop();
                self.take(1);
                self.template(Kind::Further)?;
            }
            c if c.is_ascii_digit() => self.number(),
            '.' if self.second().is_some_and(|c| c.is_ascii_digit()) => self.number(),
            c if is_word(c) || c == '\\' => self.word()?,
            '/' if self.may_be_regex() => self.regex()?,
            _ => self.sign()?,
        }
        Ok(true)
    }

    fn second(&self) -> Option<char> {
        self.rest.chars().nth(1)
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, Unreadable> {
        Err(Unreadable::new(self.line, what))
    }

    fn push(&mut self, kind: Kind) {
        self.tokens.push(Token {
            kind,
            line: self.line,
            fresh: std::mem::take(&mut self.fresh),
        });
    }

    /// Takes so many bytes, which end at a character.
    fn take(&mut self, bytes: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        let lines = taken.bytes().filter(|b| *b == b'\n').count();
        self.line = self
            .line
            .saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        taken
    }

    fn blank(&mut self) -> Result<(), Unreadable> {
        // BOUND: each turn takes at least one character, or ends.
        loop {
            let blank = self.rest.len() - self.rest.trim_start().len();
            if blank > 0 {
                let line = self.line;
                self.take(blank);
                self.fresh |= self.line > line;
            } else if self.rest.starts_with("//") {
                let end = self.rest.find('\n').unwrap_or(self.rest.len());
                self.take(end);
            } else if self.rest.starts_with("/*") {
                let Some(end) = self.rest.find("*/") else {
                    return self.fail("a comment is not closed");
                };
                let line = self.line;
                self.take(end + 2);
                self.fresh |= self.line > line;
            } else {
                return Ok(());
            }
        }
    }

    fn word(&mut self) -> Result<(), Unreadable> {
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        if end == 0
            || self
                .rest
                .get(end..)
                .is_some_and(|rest| rest.starts_with('\\'))
        {
            return self.fail("a name has an escape in it");
        }
        let word = self.take(end);
        self.push(Kind::Word(Rc::from(word)));
        Ok(())
    }

    fn number(&mut self) {
        let is_part = |(at, c): (usize, char)| {
            let before = at
                .checked_sub(1)
                .and_then(|at| self.rest.as_bytes().get(at));
            let is_hex = self.rest.starts_with("0x") || self.rest.starts_with("0X");
            c.is_ascii_alphanumeric()
                || matches!(c, '.' | '_')
                || matches!(c, '+' | '-') && !is_hex && matches!(before, Some(b'e' | b'E'))
        };
        let mut chars = self.rest.char_indices();
        let end = chars
            .find(|c| !is_part(*c))
            .map_or(self.rest.len(), |(at, _)| at);
        let written = self.take(end).replace('_', "").to_ascii_lowercase();
        let radix = |prefix: &str, radix: u32| {
            let digits = written.strip_prefix(prefix)?;
            u32::from_str_radix(digits, radix).ok().map(f64::from)
        };
        // `010` is eight in old scripts, and ten to a reader: it is a number that nobody is sure of.
        let is_octal = written.len() > 1
            && written.starts_with('0')
            && written.bytes().all(|digit| digit.is_ascii_digit());
        let value = written.parse::<f64>().ok().filter(|_| !is_octal);
        let value = value
            .or_else(|| radix("0x", 16))
            .or_else(|| radix("0o", 8))
            .or_else(|| radix("0b", 2))
            .unwrap_or(f64::NAN);
        self.push(Kind::Number(value));
    }

    fn text(&mut self, quote: char) -> Result<(), Unreadable> {
        let line = self.line;
        self.take(1);
        let mut text = String::new();
        // BOUND: each turn takes a character.
        loop {
            match self.rest.chars().next() {
                None | Some('\n') => return self.fail("a text is not closed"),
                Some(c) if c == quote => {
                    self.take(1);
                    break;
                }
                Some('\\') => self.escape(&mut text)?,
                Some(c) => {
                    self.take(c.len_utf8());
                    text.push(c);
                }
            }
        }
        self.push(Kind::Text(Rc::from(text)));
        if let Some(token) = self.tokens.last_mut() {
            token.line = line;
        }
        Ok(())
    }

    fn escape(&mut self, text: &mut String) -> Result<(), Unreadable> {
        self.take(1);
        let Some(c) = self.rest.chars().next() else {
            return self.fail("a text is not closed");
        };
        self.take(c.len_utf8());
        let digits = match c {
            'n' => {
                text.push('\n');
                return Ok(());
            }
            't' => {
                text.push('\t');
                return Ok(());
            }
            'r' => {
                text.push('\r');
                return Ok(());
            }
            'b' => {
                text.push('\u{8}');
                return Ok(());
            }
            'f' => {
                text.push('\u{c}');
                return Ok(());
            }
            'v' => {
                text.push('\u{b}');
                return Ok(());
            }
            '\r' => {
                if self.rest.starts_with('\n') {
                    self.take(1);
                }
                return Ok(());
            }
            '\n' | '\u{2028}' | '\u{2029}' => return Ok(()),
            'x' => 2,
            'u' if self.rest.starts_with('{') => {
                let end = self.rest.find('}').unwrap_or(0);
                let code = self
                    .rest
                    .get(1..end)
                    .and_then(|d| u32::from_str_radix(d, 16).ok());
                self.take(end + 1);
                return self.code(text, code);
            }
            'u' => 4,
            '0'..='9' => {
                if c == '0' && !self.rest.starts_with(|c: char| c.is_ascii_digit()) {
                    text.push('\0');
                    return Ok(());
                }
                return self.fail("a text has an octal escape in it");
            }
            other => {
                text.push(other);
                return Ok(());
            }
        };
        let code = self
            .rest
            .get(..digits)
            .and_then(|d| u32::from_str_radix(d, 16).ok());
        self.take(digits);
        self.code(text, code)
    }

    fn code(&mut self, text: &mut String, code: Option<u32>) -> Result<(), Unreadable> {
        // Halves of a pair are shown as what they are not; no key or outcome is spelt so.
        match code {
            Some(code) => text.push(char::from_u32(code).unwrap_or('\u{fffd}')),
            None => return self.fail("a text has a broken escape in it"),
        }
        Ok(())
    }

    fn template(&mut self, kind: fn(Rc<str>, bool) -> Kind) -> Result<(), Unreadable> {
        let line = self.line;
        let mut text = String::new();
        // BOUND: each turn takes a character.
        let more = loop {
            if self.rest.starts_with("${") {
                self.take(2);
                self.templates.push(0);
                break true;
            }
            match self.rest.chars().next() {
                None => return self.fail("a template is not closed"),
                Some('`') => {
                    self.take(1);
                    break false;
                }
                Some('\\') => self.escape(&mut text)?,
                Some(c) => {
                    self.take(c.len_utf8());
                    text.push(c);
                }
            }
        };
        self.push(kind(Rc::from(text), more));
        if let Some(token) = self.tokens.last_mut() {
            token.line = line;
        }
        Ok(())
    }

    fn may_be_regex(&self) -> bool {
        match self.tokens.last().map(|token| &token.kind) {
            None => true,
            Some(Kind::Sign(sign)) => !matches!(*sign, ")" | "]" | "++" | "--"),
            Some(Kind::Word(word)) => BEFORE_VALUES.contains(&&**word),
            Some(Kind::Template(_, more) | Kind::Further(_, more)) => *more,
            Some(_) => false,
        }
    }

    fn regex(&mut self) -> Result<(), Unreadable> {
        self.take(1);
        let mut in_class = false;
        // BOUND: each turn takes a character.
        loop {
            let Some(c) = self.rest.chars().next() else {
                return self.fail("a regular expression is not closed");
            };
            self.take(c.len_utf8());
            match c {
                '\n' => return self.fail("a regular expression is not closed"),
                '\\' => {
                    let next = self.rest.chars().next().map_or(0, char::len_utf8);
                    self.take(next);
                }
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => break,
                _ => {}
            }
        }
        let flags = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        self.take(flags);
        self.push(Kind::Regex);
        Ok(())
    }

    fn sign(&mut self) -> Result<(), Unreadable> {
        let Some(sign) = SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) else {
            return self.fail("a character that no script has");
        };
        match (*sign, self.templates.last_mut()) {
            ("{", Some(open)) => *open += 1,
            ("}", Some(open)) => *open = open.saturating_sub(1),
            _ => {}
        }
        self.take(sign.len());
        self.push(Kind::Sign(sign));
        Ok(())
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

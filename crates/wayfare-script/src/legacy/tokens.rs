//! Where in a text of JavaScript the code is, apart from strings, comments and patterns.
//!
//! In: a text. Out: its pieces in order, which together are the text again. Nothing is parsed: a piece of code is
//! one character or one word. What is broken, an unclosed string for example, is a piece up to where it ends.

/// One piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// A word: a name, a keyword or a number.
    Word(&'a str),
    /// One character that is none of the others.
    Sign(char),
    /// White space and line ends.
    Space(&'a str),
    /// A comment, a string, a part of a template or a pattern.
    Opaque(&'a str),
}

/// The words after which a slash begins a pattern.
const BEFORE_PATTERN: [&str; 12] = [
    "return",
    "typeof",
    "case",
    "in",
    "of",
    "instanceof",
    "new",
    "delete",
    "void",
    "throw",
    "do",
    "else",
];

/// How long a pattern may be, so that a line of slashes is not gone through for each of them.
const PATTERN_MAX: usize = 1_024;

/// The pieces of a text.
#[derive(Debug)]
pub(super) struct Pieces<'a> {
    rest: &'a str,
    /// Whether a slash here divides.
    divides: bool,
    /// For each open template the number of its open braces.
    templates: Vec<usize>,
}

/// The pieces of `text`.
pub(super) fn pieces(text: &str) -> Pieces<'_> {
    Pieces {
        rest: text,
        divides: false,
        templates: Vec::new(),
    }
}

impl<'a> Pieces<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// How long what begins with a quote is.
    fn quoted(&self, quote: char) -> usize {
        let mut escaped = false;
        for (at, sign) in self.rest.char_indices().skip(1) {
            match sign {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\n' => return at,
                _ if sign == quote => return at + 1,
                _ => {}
            }
        }
        self.rest.len()
    }

    /// How long a part of a template is that begins here, and whether it ends in an opening of code.
    fn template(&self) -> (usize, bool) {
        let mut escaped = false;
        let mut dollar = false;
        for (at, sign) in self.rest.char_indices().skip(1) {
            if escaped {
                escaped = false;
                continue;
            }
            match sign {
                '\\' => escaped = true,
                '`' => return (at + 1, false),
                '{' if dollar => return (at + 1, true),
                _ => {}
            }
            dollar = sign == '$';
        }
        (self.rest.len(), false)
    }

    /// How long a pattern is that begins here; nothing where the line ends before it does, or it is too long.
    fn pattern(&self) -> Option<usize> {
        let mut escaped = false;
        let mut class = false;
        for (at, sign) in self.rest.char_indices().skip(1).take(PATTERN_MAX) {
            match sign {
                '\n' => return None,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => class = true,
                ']' => class = false,
                '/' if !class => return Some(at + 1),
                _ => {}
            }
        }
        None
    }

    fn comment(&self) -> Option<usize> {
        if self.rest.starts_with("//") {
            return Some(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        self.rest
            .starts_with("/*")
            .then(|| self.rest.find("*/").map_or(self.rest.len(), |at| at + 2))
    }

    fn slash(&mut self) -> Piece<'a> {
        if let Some(length) = self.comment() {
            return Piece::Opaque(self.take(length));
        }
        if !self.divides
            && let Some(length) = self.pattern()
        {
            self.divides = true;
            return Piece::Opaque(self.take(length));
        }
        self.divides = false;
        self.take(1);
        Piece::Sign('/')
    }

    fn template_part(&mut self) -> Piece<'a> {
        let (length, opens) = self.template();
        if opens {
            self.templates.push(0);
        }
        self.divides = !opens;
        Piece::Opaque(self.take(length))
    }

    fn sign(&mut self, sign: char) -> Piece<'a> {
        match (sign, self.templates.last_mut()) {
            ('{', Some(open)) => *open += 1,
            ('}', Some(0)) => {
                self.templates.pop();
                return self.template_part();
            }
            ('}', Some(open)) => *open -= 1,
            _ => {}
        }
        self.divides = matches!(sign, ')' | ']' | '}');
        self.take(sign.len_utf8());
        Piece::Sign(sign)
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let first = self.rest.chars().next()?;
        let run = |rest: &str, of: fn(char) -> bool| {
            rest.find(|sign: char| !of(sign)).unwrap_or(rest.len())
        };
        Some(match first {
            '/' => self.slash(),
            '"' | '\'' => {
                self.divides = true;
                let length = self.quoted(first);
                Piece::Opaque(self.take(length.max(1)))
            }
            '`' => self.template_part(),
            _ if first.is_whitespace() => {
                let length = run(self.rest, char::is_whitespace);
                Piece::Space(self.take(length))
            }
            _ if is_word(first) => {
                let length = run(self.rest, is_word);
                let word = self.take(length);
                self.divides = !BEFORE_PATTERN.contains(&word);
                Piece::Word(word)
            }
            _ => self.sign(first),
        })
    }
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '$')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, pieces};

    proptest! {
        #[test]
        fn pieces_are_the_text_again(text in "[a-z0-9 \n\\'\"`/*${}()\\[\\].=éß]{0,80}") {
            let mut again = String::new();
            for piece in pieces(&text) {
                match piece {
                    Piece::Word(part) | Piece::Space(part) | Piece::Opaque(part) => {
                        prop_assert!(!part.is_empty());
                        again.push_str(part);
                    }
                    Piece::Sign(sign) => again.push(sign),
                }
            }
            prop_assert_eq!(again, text);
        }
    }
}

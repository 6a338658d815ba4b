//! Reads the XML of an advice.
//!
//! One pass over at most 8 KiB, without recursion. Elements, attributes, the five named entities and
//! numeric ones are read; whatever begins with `<!` or `<?` is refused (document types, comments, CDATA,
//! instructions), but for one declaration at the very start that names UTF-8 or nothing. So there is no
//! entity to expand, nothing to open, and no second way to write a value.

use std::borrow::Cow;

use wayfare::Advice;

use super::{BadAdvice, DEPTH_MAX, ELEMENTS_MAX, ask};

/// How many attributes an element may have.
const ATTRIBUTES_MAX: usize = 16;

const ROOT: &str = "Advices";
const PAIR: &str = "AttributeValuePair";

/// Reads a document that is no longer than the bound.
pub(super) fn read(document: &str) -> Result<Advice, BadAdvice> {
    let mut reader = Reader {
        rest: document,
        bytes: document.len(),
    };
    let mut walk = Walk::default();
    let read = reader
        .declaration()
        .and_then(|()| walk.document(&mut reader));
    match read {
        Ok(()) => Ok(walk.advice),
        Err(why) => Err(BadAdvice::Xml {
            at: reader.bytes - reader.rest.len(),
            why,
        }),
    }
}

/// Whether a character may stand in a value.
pub(super) fn stands(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// A piece of the document.
enum Token<'a> {
    Open {
        name: &'a str,
        /// The attribute `name`.
        called: Option<String>,
        /// Whether it is closed as well.
        closed: bool,
    },
    Close(&'a str),
    Text(Cow<'a, str>),
    End,
}

/// Where the walk is, and what it has read of the pair it is in.
#[derive(Default)]
struct Walk<'a> {
    advice: Advice,
    open: Vec<&'a str>,
    elements: usize,
    name: Option<String>,
    values: Vec<String>,
}

impl<'a> Walk<'a> {
    fn document(&mut self, reader: &mut Reader<'a>) -> Result<(), &'static str> {
        // BOUND: each token takes a byte at least.
        loop {
            match reader.token()? {
                Token::Open {
                    name,
                    called,
                    closed,
                } => {
                    self.opened(name, called)?;
                    if closed {
                        self.closed(name)?;
                    }
                }
                Token::Close(name) => self.closed(name)?,
                Token::Text(text) => self.text(&text)?,
                Token::End if self.open.is_empty() && self.elements > 0 => return Ok(()),
                Token::End => return Err("it ends too early"),
            }
        }
    }

    fn opened(&mut self, name: &'a str, called: Option<String>) -> Result<(), &'static str> {
        if self.open.is_empty() && (self.elements > 0 || name != ROOT) {
            return Err("the one outermost element is `Advices`");
        }
        if self.open.len() >= DEPTH_MAX {
            return Err("elements stand too deep");
        }
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err("too many elements");
        }
        match (&*self.open, name) {
            ([ROOT], PAIR) => {
                self.name = None;
                self.values.clear();
            }
            ([ROOT, PAIR], "Attribute") => {
                if self.name.is_some() {
                    return Err("a pair has one attribute");
                }
                self.name = called;
            }
            ([ROOT, PAIR], "Value") => self.values.push(String::new()),
            _ => {}
        }
        self.open.push(name);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), &'static str> {
        match &*self.open {
            [] if text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => Ok(()),
            [] => Err("text outside of the document"),
            [ROOT, PAIR, "Value"] => {
                if let Some(value) = self.values.last_mut() {
                    value.push_str(text);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn closed(&mut self, name: &str) -> Result<(), &'static str> {
        if self.open.pop() != Some(name) {
            return Err("an element is closed that is not open");
        }
        if name == PAIR && *self.open == [ROOT] {
            if let Some(name) = self.name.take().filter(|name| !name.is_empty()) {
                ask(&mut self.advice, name.trim(), &self.values);
            }
            self.values.clear();
        }
        Ok(())
    }
}

/// What is left of the document.
struct Reader<'a> {
    rest: &'a str,
    bytes: usize,
}

impl<'a> Reader<'a> {
    /// Passes over the mark that some editors write, and over the declaration.
    fn declaration(&mut self) -> Result<(), &'static str> {
        self.eat("\u{feff}");
        let rest = self.rest;
        if !self.eat("<?xml") {
            return Ok(());
        }
        let wrong = "a declaration of another kind";
        // BOUND: each turn takes an attribute.
        loop {
            let blank = self.blanks();
            if self.eat("?>") {
                return Ok(());
            }
            let (name, value) = self.attribute()?;
            let known = match name {
                "version" => value == "1.0",
                "encoding" => value.eq_ignore_ascii_case("utf-8"),
                "standalone" => matches!(&*value, "yes" | "no"),
                _ => false,
            };
            if !blank || !known {
                self.rest = rest;
                return Err(wrong);
            }
        }
    }

    fn token(&mut self) -> Result<Token<'a>, &'static str> {
        if self.rest.is_empty() {
            return Ok(Token::End);
        }
        if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
            return Err("only elements and text are read");
        }
        if self.eat("</") {
            let name = self.name()?;
            self.blanks();
            return if self.eat(">") {
                Ok(Token::Close(name))
            } else {
                Err("expected `>`")
            };
        }
        if self.eat("<") {
            return self.element();
        }
        let text = self.until(|c| c == '<');
        if text.contains("]]>") {
            return Err("`]]>` in a text");
        }
        Ok(Token::Text(decoded(text)?))
    }

    fn element(&mut self) -> Result<Token<'a>, &'static str> {
        let name = self.name()?;
        let mut names: Vec<&str> = Vec::new();
        let mut called = None;
        // BOUND: each turn takes an attribute, of which there are only so many.
        loop {
            let blank = self.blanks();
            let closed = self.eat("/");
            if self.eat(">") {
                return Ok(Token::Open {
                    name,
                    called,
                    closed,
                });
            }
            if closed || !blank {
                return Err("expected `>`");
            }
            let (attribute, value) = self.attribute()?;
            if names.contains(&attribute) {
                return Err("an attribute stands twice");
            }
            if names.len() >= ATTRIBUTES_MAX {
                return Err("too many attributes");
            }
            names.push(attribute);
            if attribute == "name" {
                called = Some(value.into_owned());
            }
        }
    }

    fn attribute(&mut self) -> Result<(&'a str, Cow<'a, str>), &'static str> {
        let name = self.name()?;
        self.blanks();
        if !self.eat("=") {
            return Err("expected `=`");
        }
        self.blanks();
        let quote = if self.eat("\"") {
            '"'
        } else if self.eat("'") {
            '\''
        } else {
            return Err("expected a quote");
        };
        let value = self.until(|c| c == quote || c == '<');
        if !self.rest.starts_with(quote) {
            return Err("a text without an end");
        }
        let value = decoded(value)?;
        self.rest = self.rest.get(1..).unwrap_or("");
        Ok((name, value))
    }

    fn name(&mut self) -> Result<&'a str, &'static str> {
        let starts = |c: char| c.is_alphabetic() || matches!(c, '_' | ':');
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '-' | '.');
        if !self.rest.starts_with(starts) {
            return Err("expected a name");
        }
        Ok(self.until(|c| !goes_on(c)))
    }

    fn blanks(&mut self) -> bool {
        !self
            .until(|c| !matches!(c, ' ' | '\t' | '\r' | '\n'))
            .is_empty()
    }

    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes what stands before the first character that ends it, or all.
    fn until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let at = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }
}

/// A text with its entities in their place.
fn decoded(text: &str) -> Result<Cow<'_, str>, &'static str> {
    if !text
        .chars()
        .all(|c| stands(c) || matches!(c, '\t' | '\r' | '\n'))
    {
        return Err("a character that may not stand there");
    }
    let Some((start, mut rest)) = text.split_once('&') else {
        return Ok(Cow::Borrowed(text));
    };
    let mut decoded = String::with_capacity(text.len());
    decoded.push_str(start);
    // BOUND: each turn takes an entity.
    loop {
        let (name, after) = rest.split_once(';').ok_or("an entity without an end")?;
        decoded.push(entity(name).ok_or("an entity that is not known")?);
        let Some((plain, next)) = after.split_once('&') else {
            decoded.push_str(after);
            return Ok(Cow::Owned(decoded));
        };
        decoded.push_str(plain);
        rest = next;
    }
}

fn entity(name: &str) -> Option<char> {
    let number = |digits: &str, radix| {
        let fits = (1..=7).contains(&digits.len()) && digits.chars().all(|c| c.is_digit(radix));
        fits.then(|| u32::from_str_radix(digits, radix).ok())
            .flatten()
            .and_then(char::from_u32)
            .filter(|c| stands(*c))
    };
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match name.strip_prefix("#x") {
            Some(digits) => number(digits, 16),
            None => number(name.strip_prefix('#')?, 10),
        },
    }
}

//! The query of an address: read once, decoded once.
//!
//! A `+` is a blank and `%xx` a byte, as forms write them. What does not decode to UTF-8 is refused as a
//! whole; nothing is ever decoded a second time.

use std::{borrow::Cow, fmt};

/// Parameters in order, decoded.
///
/// They may hold tokens: `Debug` shows their names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    parameters: Vec<(String, String)>,
}

/// A query does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the query does not decode to UTF-8")]
pub struct BadQuery;

/// A parameter that may stand once stands more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("parameter `{0}` stands more than once")]
pub struct Repeated(pub &'static str);

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.parameters.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Query {
    /// Reads the part of an address after `?`.
    ///
    /// # Errors
    /// A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    pub fn parse(text: &str) -> Result<Self, BadQuery> {
        let mut parameters = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decode = |part| decode(part, Plus::Blank).map(Cow::into_owned);
            let name = decode(name).ok_or(BadQuery)?;
            let value = decode(value).ok_or(BadQuery)?;
            parameters.push((name, value));
        }
        Ok(Self { parameters })
    }

    /// The values of a parameter, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, value)| &**value)
    }

    /// The value of a parameter that may stand once.
    ///
    /// # Errors
    /// It stands more than once: two readers would take different ones.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Repeated> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(Repeated(name));
        }
        Ok(first)
    }

    /// Whether a parameter that may stand once is `true`.
    ///
    /// # Errors
    /// It stands more than once.
    pub fn flag(&self, name: &'static str) -> Result<bool, Repeated> {
        Ok(self
            .one(name)?
            .is_some_and(|value| value.eq_ignore_ascii_case("true")))
    }

    /// All parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(n, v)| (&**n, &**v))
    }

    /// All parameters as a request of the engine holds them.
    pub fn into_parameters(self) -> Vec<(String, String)> {
        self.parameters
    }
}

/// What a `+` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plus {
    /// A blank, as in forms.
    Blank,
    /// Itself, as in paths.
    Plus,
}

/// Decodes `%xx` once; `None` where it is broken or not UTF-8.
pub(crate) fn decode(text: &str, plus: Plus) -> Option<Cow<'_, str>> {
    let special = |b: &u8| *b == b'%' || (*b == b'+' && plus == Plus::Blank);
    if !text.as_bytes().iter().any(special) {
        return Some(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? * 16 + hex(bytes.next()?)?,
            b'+' if plus == Plus::Blank => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once() {
        let query = Query::parse("a=1&b=%2541+x&&c&a=%C3%A9").unwrap();
        assert_eq!(query.all("a").collect::<Vec<_>>(), ["1", "é"]);
        assert_eq!(query.one("b").unwrap(), Some("%41 x"));
        assert_eq!(query.one("c").unwrap(), Some(""));
        assert_eq!(query.one("d").unwrap(), None);
        assert_eq!(query.one("a"), Err(Repeated("a")));
    }

    #[test]
    fn broken_escapes_are_refused() {
        for text in ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%c3%28"] {
            assert_eq!(Query::parse(text), Err(BadQuery), "{text}");
        }
    }
}

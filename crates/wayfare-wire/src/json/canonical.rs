//! Reads back what [`Writer`] wrote, and nothing else.
//!
//! What is signed has one form. White space, another order, escapes that need not be and digits that say
//! nothing are not read, so that no two texts say the same.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use memchr::memchr;

use super::{Writer, write::split};

/// What is left of a text that was written here.
pub(crate) struct Canonical<'a> {
    rest: &'a str,
}

impl<'a> Canonical<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Takes exactly these characters.
    pub(crate) fn take(&mut self, characters: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(characters)?;
        Some(())
    }

    /// Takes a text that needs no escape.
    pub(crate) fn plain(&mut self) -> Option<&'a str> {
        let inner = self.rest.strip_prefix('"')?;
        let (plain, special, _) = split(inner.as_bytes())?;
        let (plain, rest) = inner.split_at_checked(plain.len())?;
        self.rest = rest.strip_prefix('"').filter(|_| special == b'"')?;
        Some(plain)
    }

    /// Takes bytes that stand as a text in base64url.
    pub(crate) fn base64(&mut self) -> Option<Vec<u8>> {
        let inner = self.rest.strip_prefix('"')?;
        let (text, rest) = inner.split_at_checked(memchr(b'"', inner.as_bytes())?)?;
        // What is decoded has one form: neither padding nor bits that say nothing are taken.
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        self.rest = rest.strip_prefix('"')?;
        Some(bytes)
    }

    /// Takes any text.
    pub(crate) fn text(&mut self) -> Option<Cow<'a, str>> {
        if let Some(plain) = self.plain() {
            return Some(Cow::Borrowed(plain));
        }
        let mut texts = serde_json::Deserializer::from_str(self.rest).into_iter::<String>();
        let text = texts.next()?.ok()?;
        let (written, rest) = self.rest.split_at_checked(texts.byte_offset())?;
        let mut again = Writer::default();
        again.text(&text);
        if again.into_bytes() != written.as_bytes() {
            return None;
        }
        self.rest = rest;
        Some(Cow::Owned(text))
    }

    /// Takes a whole number that is not negative; the writer has none beyond 63 bits.
    pub(crate) fn whole(&mut self) -> Option<u64> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at_checked(digits)?;
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        self.rest = rest;
        digits.parse::<i64>().ok()?.try_into().ok()
    }

    /// Whether nothing is left.
    pub(crate) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn text(written: &str) -> Option<Cow<'_, str>> {
        let mut canonical = Canonical::new(written);
        canonical.text().filter(|_| canonical.is_over())
    }

    fn whole(written: &str) -> Option<u64> {
        let mut canonical = Canonical::new(written);
        canonical.whole().filter(|_| canonical.is_over())
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(whole("0"), Some(0));
        assert_eq!(whole("1700000300"), Some(1_700_000_300));
        assert_eq!(whole("9223372036854775807"), Some(i64::MAX.unsigned_abs()));
        for other in [
            "",
            "00",
            "01",
            "-1",
            "+1",
            "1.0",
            "1e9",
            " 1",
            "9223372036854775808",
        ] {
            assert_eq!(whole(other), None, "{other}");
        }
    }

    #[test]
    fn texts_have_one_form() {
        assert_eq!(
            text(r#""a\"b\\\n\u0001é""#).as_deref(),
            Some("a\"b\\\n\u{1}é")
        );
        for other in [
            "",
            "\"",
            "a",
            r#""a"#,
            r#""\/""#,
            r#""\u0061""#,
            r#""\u001F""#,
            r#""\b""#,
            "\"\n\"",
            " \"a\"",
            "\"a\" ",
            "null",
            "1",
        ] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    #[test]
    fn bytes_have_one_form() {
        let bytes = |written: &str| {
            let mut canonical = Canonical::new(written);
            canonical.base64().filter(|_| canonical.is_over())
        };
        assert_eq!(bytes(r#""""#), Some(Vec::new()));
        assert_eq!(bytes(r#""c2VhbGVk""#).as_deref(), Some(&b"sealed"[..]));
        for other in [
            r#""c2VhbGV""#,
            r#""c2VhbGU=""#,
            r#""c2Vh bGVk""#,
            r#""_-9""#,
            r#""+/+/""#,
            r#""c2Vh\u0062GVk""#,
            r#""c2Vh"#,
            "c2Vh",
        ] {
            assert_eq!(bytes(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(said in r#"(["\\\n\x00é/a]){0,8}"#, other in r#""(["\\nu0/abé]|\\u00[01][0-9a-fA-F]){0,6}""#) {
            let written = |said: &str| {
                let mut writer = Writer::default();
                writer.text(said);
                String::from_utf8(writer.into_bytes()).unwrap()
            };
            let once = written(&said);
            let read = text(&once);
            prop_assert_eq!(read.as_deref(), Some(&*said));
            if let Some(read) = text(&other) {
                prop_assert_eq!(written(&read), other);
            }
        }
    }
}

//! Encoded words of RFC 2047, as clients put names and passwords into headers.
//!
//! A raw header value comes in, its text goes out. A value is decoded once and strictly: a word that
//! begins like an encoded word is one or the value is refused, as are other charsets, broken encodings
//! and control characters. The limit of 75 characters a word is not kept: clients put a whole password
//! into one word. How long a value may be is not decided here.

use std::{borrow::Cow, str};

/// Why a header value is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodedWordError {
    /// It begins like an encoded word and is none.
    #[error("broken encoded word")]
    Broken,
    /// The charset is not `UTF-8`, `US-ASCII` or `ISO-8859-1`.
    #[error("unknown charset in an encoded word")]
    Charset,
    /// The text holds a control character.
    #[error("control character in a header value")]
    Control,
    /// The text looks like an encoded word again.
    #[error("encoded word within an encoded word")]
    Nested,
}

/// The text of a header value: encoded words decoded, everything else as it stands.
///
/// Blanks between two encoded words are dropped, as the RFC demands.
///
/// ```
/// use wayfare::encoded_word::decode;
/// assert_eq!(decode("=?UTF-8?B?ZGVtbw==?=").as_deref(), Ok("demo"));
/// assert_eq!(decode("demo").as_deref(), Ok("demo"));
/// assert!(decode("=?utf-7?Q?demo?=").is_err());
/// ```
///
/// # Errors
/// The value is refused; nothing of it may be used.
pub fn decode(value: &str) -> Result<Cow<'_, str>, EncodedWordError> {
    if !value.contains("=?") {
        return if value.chars().any(is_control) {
            Err(EncodedWordError::Control)
        } else {
            Ok(Cow::Borrowed(value))
        };
    }
    let mut text = String::with_capacity(value.len());
    let mut blanks = "";
    let mut after_encoded = false;
    let mut rest = value;
    while !rest.is_empty() {
        let (word, tail) = split(rest, |c| c == ' ' || c == '\t');
        if word.is_empty() {
            let (gap, tail) = split(rest, |c| c != ' ' && c != '\t');
            blanks = gap;
            rest = tail;
            continue;
        }
        let encoded = word.starts_with("=?");
        if !(encoded && after_encoded) {
            text.push_str(blanks);
        }
        if encoded {
            text.push_str(&decode_word(word)?);
        } else {
            text.push_str(word);
        }
        blanks = "";
        after_encoded = encoded;
        rest = tail;
    }
    text.push_str(blanks);
    if text.chars().any(is_control) {
        return Err(EncodedWordError::Control);
    }
    Ok(Cow::Owned(text))
}

fn split(text: &str, until: impl Fn(char) -> bool) -> (&str, &str) {
    text.find(until)
        .and_then(|at| text.split_at_checked(at))
        .unwrap_or((text, ""))
}

/// Controls of ASCII and Latin-1, and the two separators that end a line elsewhere.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

fn decode_word(word: &str) -> Result<String, EncodedWordError> {
    let inner = word
        .strip_prefix("=?")
        .and_then(|word| word.strip_suffix("?="))
        .ok_or(EncodedWordError::Broken)?;
    let mut parts = inner.split('?');
    let (Some(charset), Some(encoding), Some(text), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(EncodedWordError::Broken);
    };
    let bytes = match encoding {
        "B" | "b" => base64(text.as_bytes()),
        "Q" | "q" => quoted(text.as_bytes()),
        _ => None,
    }
    .ok_or(EncodedWordError::Broken)?;
    // RFC 2231 lets a language follow the charset.
    let charset = charset.split_once('*').map_or(charset, |(name, _)| name);
    let text = if charset.eq_ignore_ascii_case("utf-8") {
        String::from_utf8(bytes).map_err(|_| EncodedWordError::Broken)?
    } else if charset.eq_ignore_ascii_case("us-ascii") {
        if !bytes.is_ascii() {
            return Err(EncodedWordError::Broken);
        }
        bytes.iter().map(|byte| char::from(*byte)).collect()
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        bytes.iter().map(|byte| char::from(*byte)).collect()
    } else {
        return Err(EncodedWordError::Charset);
    };
    if text.contains("=?") && text.contains("?=") {
        return Err(EncodedWordError::Nested);
    }
    Ok(text)
}

/// Base64 with padding; bits beyond the last byte must be zero.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (groups, rest) = text.as_chunks::<4>();
    if !rest.is_empty() {
        return None;
    }
    let last = groups.len().checked_sub(1);
    for (at, group) in groups.iter().enumerate() {
        let padding = match group {
            [_, _, b'=', b'='] => 2,
            [_, _, _, b'='] => 1,
            _ => 0,
        };
        if padding > 0 && Some(at) != last {
            return None;
        }
        let mut bits: u32 = 0;
        for (place, symbol) in group.iter().enumerate() {
            let six = if place >= 4 - padding {
                0
            } else {
                sextet(*symbol)?
            };
            bits = bits << 6 | u32::from(six);
        }
        let [_, first, second, third] = bits.to_be_bytes();
        match padding {
            0 => bytes.extend([first, second, third]),
            1 if third == 0 => bytes.extend([first, second]),
            2 if second == 0 && third == 0 => bytes.push(first),
            _ => return None,
        }
    }
    Some(bytes)
}

fn sextet(symbol: u8) -> Option<u8> {
    match symbol {
        b'A'..=b'Z' => Some(symbol - b'A'),
        b'a'..=b'z' => Some(symbol - b'a' + 26),
        b'0'..=b'9' => Some(symbol - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

/// The `Q` encoding: `_` is a blank, `=XX` a byte, everything else printable ASCII as it stands.
fn quoted(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'_' => bytes.push(b' '),
            b'=' => {
                let [high, low, tail @ ..] = rest else {
                    return None;
                };
                rest = tail;
                let digits = [*high, *low];
                let digits = str::from_utf8(&digits).ok()?;
                if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return None;
                }
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
            }
            byte if byte.is_ascii_graphic() => bytes.push(*byte),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(value: &str) -> String {
        decode(value).unwrap().into_owned()
    }

    #[test]
    fn plain_values_stand_as_they_are() {
        for plain in ["", "demo", " de mo ", "a=b?c", "x=?y", "päss"] {
            assert_eq!(ok(plain), plain);
        }
    }

    #[test]
    fn words_are_decoded_in_both_encodings_and_three_charsets() {
        assert_eq!(ok("=?UTF-8?B?ZGVtbw==?="), "demo");
        assert_eq!(ok("=?utf-8?b?ZMOpbW8=?="), "démo");
        assert_eq!(ok("=?iso-8859-1?Q?d=E9mo_x?="), "démo x");
        assert_eq!(ok("=?us-ascii?q?a=3Fb?="), "a?b");
        assert_eq!(ok("=?UTF-8*fr?Q?demo?="), "demo");
        assert_eq!(ok("=?UTF-8?B??="), "");
    }

    #[test]
    fn blanks_between_encoded_words_are_dropped_and_others_kept() {
        assert_eq!(ok("=?UTF-8?Q?a?=  =?UTF-8?Q?b?="), "ab");
        assert_eq!(ok("=?UTF-8?Q?a?= b  =?UTF-8?Q?c?= "), "a b  c ");
    }

    #[test]
    fn case_d01_broken_words_are_refused() {
        for broken in [
            "=?UTF-8?B?ZGVtbw=?=",
            "=?UTF-8?B?ZGVtbx==?=",
            "=?UTF-8?B?ZG=tbw==?=",
            "=?UTF-8?B?ZGVtbw==",
            "=?UTF-8?B?Z GVtbw==?=",
            "=?UTF-8?B?/////w==?=",
            "=?UTF-8?Q?=C?=",
            "=?UTF-8?Q?=+1?=",
            "=?UTF-8?X?demo?=",
            "=?UTF-8?demo?=",
            "=?UTF-8?Q?a?b?=",
            "=?us-ascii?Q?=E9?=",
            "=?",
            "=??=",
        ] {
            assert_eq!(decode(broken), Err(EncodedWordError::Broken), "{broken}");
        }
    }

    #[test]
    fn case_d01_unknown_charsets_are_refused() {
        for charset in ["utf-7", "utf-16", "koi8-r", "", "utf8"] {
            let value = format!("=?{charset}?Q?demo?=");
            assert_eq!(decode(&value), Err(EncodedWordError::Charset), "{value}");
        }
    }

    #[test]
    fn case_d01_controls_and_second_decodings_are_refused() {
        for control in ["=0D", "=0A", "=00", "=7F", "=C2=85", "=E2=80=A8", "=09"] {
            let value = format!("=?UTF-8?Q?a{control}b?=");
            assert_eq!(decode(&value), Err(EncodedWordError::Control), "{value}");
        }
        assert_eq!(decode("a\u{1b}b"), Err(EncodedWordError::Control));
        let nested = "=?UTF-8?Q?=3D=3FUTF-8=3FQ=3Fx=3F=3D?=";
        assert_eq!(decode(nested), Err(EncodedWordError::Nested));
    }

    #[test]
    fn a_long_value_takes_linear_time() {
        let long = format!("=?UTF-8?B?{}?=", "QUFB".repeat(16 * 1024));
        assert_eq!(ok(&long).len(), 48 * 1024);
    }

    proptest::proptest! {
        #[test]
        fn any_value_is_text_without_controls_or_refused(
            value in "(.{0,8}|=\\?(UTF-8|iso-8859-1|x)\\?[BQbq]\\?[ -~é]{0,12}\\?=|[ \t]){0,5}",
        ) {
            if let Ok(text) = decode(&value) {
                proptest::prop_assert!(!text.chars().any(is_control));
            }
        }
    }
}

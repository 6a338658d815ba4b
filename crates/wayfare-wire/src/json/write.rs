//! Writes JSON into a buffer, keys in the order in which they are given.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use wayfare::Value;

/// A buffer that JSON is written to.
///
/// It places commas by itself; closing what was opened is the caller's duty.
#[derive(Debug, Default)]
pub struct Writer {
    buffer: Vec<u8>,
    /// Whether a value was written at the level that is open, so that a comma is due.
    comma: bool,
}

impl Writer {
    /// An empty buffer with room for this many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            buffer: Vec::with_capacity(bytes),
            comma: false,
        }
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }

    fn separate(&mut self) {
        if self.comma {
            self.buffer.push(b',');
        }
        self.comma = true;
    }

    /// Opens an object.
    pub fn open_object(&mut self) -> &mut Self {
        self.separate();
        self.buffer.push(b'{');
        self.comma = false;
        self
    }

    /// Closes an object.
    pub fn close_object(&mut self) -> &mut Self {
        self.buffer.push(b'}');
        self.comma = true;
        self
    }

    /// Opens an array.
    pub fn open_array(&mut self) -> &mut Self {
        self.separate();
        self.buffer.push(b'[');
        self.comma = false;
        self
    }

    /// Closes an array.
    pub fn close_array(&mut self) -> &mut Self {
        self.buffer.push(b']');
        self.comma = true;
        self
    }

    /// Writes a key; its value comes next.
    pub fn key(&mut self, key: &str) -> &mut Self {
        self.separate();
        self.escaped(key);
        self.buffer.push(b':');
        self.comma = false;
        self
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.separate();
        self.escaped(text);
        self
    }

    /// Writes bytes as a text, in base64url.
    pub(crate) fn base64(&mut self, bytes: &[u8]) -> &mut Self {
        self.separate();
        self.buffer.push(b'"');
        base64(bytes, &mut self.buffer);
        self.buffer.push(b'"');
        self
    }

    /// Writes a whole number.
    pub fn int(&mut self, number: i64) -> &mut Self {
        self.separate();
        if number < 0 {
            self.buffer.push(b'-');
        }
        self.digits(number.unsigned_abs());
        self
    }

    fn digits(&mut self, mut number: u64) {
        let start = self.buffer.len();
        // BOUND: a number has twenty digits at most.
        loop {
            // The last digit always fits.
            let digit = u8::try_from(number % 10).unwrap_or(0);
            self.buffer.push(b'0' + digit);
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.buffer.get_mut(start..).unwrap_or_default().reverse();
    }

    /// Writes `true` or `false`.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        self.separate();
        let word: &[u8] = if value { b"true" } else { b"false" };
        self.buffer.extend_from_slice(word);
        self
    }

    /// Writes `null`.
    pub fn null(&mut self) -> &mut Self {
        self.separate();
        self.buffer.extend_from_slice(b"null");
        self
    }

    /// Writes texts as an array.
    pub fn texts<T: AsRef<str>>(&mut self, texts: impl IntoIterator<Item = T>) -> &mut Self {
        self.open_array();
        for text in texts {
            self.text(text.as_ref());
        }
        self.close_array()
    }

    /// Writes a JSON value; bounded in depth by where such values come from.
    pub fn json(&mut self, value: &serde_json::Value) -> &mut Self {
        self.separate();
        // Writing a value into memory cannot fail; if it did, `null` would stand for it.
        let start = self.buffer.len();
        if serde_json::to_writer(&mut self.buffer, value).is_err() {
            self.buffer.truncate(start);
            self.buffer.extend_from_slice(b"null");
        }
        self
    }

    /// Writes a value of a run: durations in milliseconds, secrets as `null`, never shown.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        let json = to_json(value, 64);
        self.json(&json)
    }

    fn escaped(&mut self, text: &str) {
        self.buffer.reserve(text.len() + 2);
        self.buffer.push(b'"');
        let mut rest = text.as_bytes();
        // BOUND: every turn but the last takes a byte.
        while let Some((plain, special, after)) = split(rest) {
            self.buffer.extend_from_slice(plain);
            match special {
                b'"' => self.buffer.extend_from_slice(b"\\\""),
                b'\\' => self.buffer.extend_from_slice(b"\\\\"),
                b'\n' => self.buffer.extend_from_slice(b"\\n"),
                b'\r' => self.buffer.extend_from_slice(b"\\r"),
                b'\t' => self.buffer.extend_from_slice(b"\\t"),
                other => {
                    const HEX: &[u8; 16] = b"0123456789abcdef";
                    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
                    self.buffer.extend_from_slice(b"\\u00");
                    self.buffer.push(digit(other >> 4));
                    self.buffer.push(digit(other & 0xf));
                }
            }
            rest = after;
        }
        self.buffer.extend_from_slice(rest);
        self.buffer.push(b'"');
    }
}

/// Adds bytes in base64url, without padding.
pub(crate) fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    // There is room for padding besides, so that this cannot fail.
    let written = URL_SAFE_NO_PAD.encode_slice(bytes, room).unwrap_or(0);
    out.truncate(start + written);
}

/// Whether a byte cannot stand in a string as it is.
const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// What stands before the first byte that cannot stand in a string as it is, that byte, and what comes after.
pub(super) fn split(bytes: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    // Sixteen at a time without a branch in between, which is one comparison of a vector.
    let (chunks, _) = bytes.as_chunks::<16>();
    let is_clean = |chunk: &&[u8; 16]| {
        !chunk
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
    };
    let clean = chunks.iter().take_while(is_clean).count() * 16;
    let rest = bytes.get(clean..)?;
    let within = rest.iter().position(|byte| is_special(*byte))?;
    let (plain, rest) = bytes.split_at_checked(clean + within)?;
    let (special, after) = rest.split_first()?;
    Some((plain, *special, after))
}

fn to_json(value: &Value, depth: u32) -> serde_json::Value {
    use serde_json::Value as Json;
    if depth == 0 {
        return Json::Null;
    }
    match value {
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(number) => Json::from(*number),
        Value::Decimal(number) => number
            .to_string()
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or(Json::Null, Json::Number),
        Value::Text(text) => Json::String(text.as_ref().to_owned()),
        Value::Localized(text) => Json::String(text.best([]).to_owned()),
        Value::Duration(span) => Json::from(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        Value::Size(bytes) => Json::from(*bytes),
        Value::List(list) => list.iter().map(|item| to_json(item, depth - 1)).collect(),
        Value::Map(map) => map
            .iter()
            .map(|(key, item)| (key.as_ref().to_owned(), to_json(item, depth - 1)))
            .collect(),
        // Secrets are never written; a kind of value added later is not either, until it stands here.
        _ => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped_as_a_second_writer_does() {
        for text in [
            "",
            "a\"b\\c",
            "\u{0}\u{1f}\n\r\t\u{7f}",
            "ɗëɱø 🙂",
            "</script>",
        ] {
            let mut writer = Writer::default();
            writer.text(text);
            let written = String::from_utf8(writer.into_bytes()).unwrap();
            let read: String = serde_json::from_str(&written).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn secrets_are_not_written() {
        let mut writer = Writer::default();
        writer.value(&Value::List(
            [
                Value::Secret(wayfare::Secret::from("hunter2")),
                Value::Int(1),
            ]
            .into(),
        ));
        assert_eq!(writer.into_bytes(), b"[null,1]");
    }

    #[test]
    fn numbers_are_written_as_a_second_writer_does() {
        for number in [0, 1, -1, 10, 1_700_000_300, i64::MAX, i64::MIN] {
            let mut writer = Writer::default();
            writer.int(number);
            assert_eq!(writer.into_bytes(), number.to_string().into_bytes());
        }
    }

    #[test]
    fn bytes_are_written_in_base64() {
        for length in 0..9_u8 {
            let bytes: Vec<u8> = (250 - length..250).collect();
            let mut writer = Writer::default();
            writer.base64(&bytes);
            let expected = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(String::from_utf8(writer.into_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn commas_stand_between_values_only() {
        let mut w = Writer::default();
        w.open_object();
        w.key("a")
            .open_array()
            .int(1)
            .bool(true)
            .null()
            .close_array();
        w.key("b").texts(["x", "y"]);
        w.key("c").open_object().close_object();
        w.close_object();
        assert_eq!(
            String::from_utf8(w.into_bytes()).unwrap(),
            r#"{"a":[1,true,null],"b":["x","y"],"c":{}}"#
        );
    }
}

//! JSON of unknown origin, within bounds.
//!
//! In: bytes. Out: a value, with the members that stood twice and differed, of which the first is taken. Depth
//! is counted before anything recurses; how many values there are, while they are read.

use std::{
    borrow::Cow,
    cell::{Cell, RefCell},
    fmt,
};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why bytes are no value here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// No JSON, or not whole; with the reason.
    Broken(String),
    /// Nested too deep.
    Deep,
    /// Too many values.
    Large,
}

/// A value that was read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parsed {
    pub(super) value: Value,
    /// The names of members that stood twice with different values.
    pub(super) repeated: Vec<String>,
}

/// UTF-16 with the mark that says so, as shells of Windows write what is sent to a file, as UTF-8; all else as
/// it is.
pub(super) fn as_utf8(bytes: &[u8]) -> Cow<'_, [u8]> {
    let read: fn([u8; 2]) -> u16 = match bytes {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ => return Cow::Borrowed(bytes),
    };
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().copied().map(read)).collect();
    match text {
        Ok(text) if rest.is_empty() => Cow::Owned(text.into_bytes()),
        _ => Cow::Borrowed(bytes),
    }
}

/// Bytes without the mark that some editors put before them.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// Reads a value.
pub(super) fn parse(bytes: &[u8], depth: usize, values: usize) -> Result<Parsed, Fault> {
    let bytes = without_mark(bytes);
    if deeper_than(bytes, depth) {
        return Err(Fault::Deep);
    }
    let bounds = Bounds {
        left: Cell::new(values),
        repeated: RefCell::new(Vec::new()),
    };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Seed(&bounds).deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(value) => Ok(Parsed {
            value,
            repeated: bounds.repeated.into_inner(),
        }),
        Err(_) if bounds.left.get() == 0 => Err(Fault::Large),
        Err(error) => Err(Fault::Broken(error.to_string())),
    }
}

/// Whether brackets outside of texts are open deeper than this at any place.
fn deeper_than(bytes: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

struct Bounds {
    left: Cell<usize>,
    repeated: RefCell<Vec<String>>,
}

#[derive(Clone, Copy)]
struct Seed<'a>(&'a Bounds);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let left = self.0.left.get();
        if left <= 1 {
            self.0.left.set(0);
            return Err(D::Error::custom("too many values"));
        }
        self.0.left.set(left - 1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value_seed(self)?;
            match map.get(&key) {
                None => {
                    map.insert(key, value);
                }
                Some(first) if *first == value => {}
                Some(_) => self.0.repeated.borrow_mut().push(key),
            }
        }
        Ok(Value::Object(map))
    }
}

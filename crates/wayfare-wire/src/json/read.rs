//! Reads JSON strictly.

use std::{borrow::Cow, collections::BTreeSet, fmt};

use memchr::memchr2;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use wayfare::Decimal;

/// What a JSON text may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes in all.
    pub bytes: usize,
    /// Objects and arrays within each other.
    pub depth: u32,
    /// Bytes of one string, as written.
    pub string_bytes: usize,
    /// Bytes of one number, as written.
    pub number_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            bytes: 64 * 1_024,
            depth: 32,
            string_bytes: 16 * 1_024,
            number_bytes: 32,
        }
    }
}

/// A text is not the JSON that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadJson {
    /// It is longer than the bound.
    #[error("longer than allowed")]
    TooLong,
    /// It is not JSON, holds a key twice, is of another shape or over a bound.
    #[error("not the JSON expected")]
    Malformed,
}

/// Reads a typed value from bytes that may borrow from them.
///
/// # Errors
/// The bytes are over a bound, are not JSON, or are not of the shape of `T`.
pub fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8], bounds: Bounds) -> Result<T, BadJson> {
    if bytes.len() > bounds.bytes {
        return Err(BadJson::TooLong);
    }
    if !within(bytes, bounds) {
        return Err(BadJson::Malformed);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BadJson::Malformed)?;
    serde_json::from_str(text).map_err(|_| BadJson::Malformed)
}

/// Whether depth, strings and numbers are within bounds.
///
/// One pass without recursion, so that what comes after may recurse.
fn within(bytes: &[u8], bounds: Bounds) -> bool {
    let mut depth: u32 = 0;
    let mut number: usize = 0;
    let mut rest = bytes;
    // BOUND: every turn takes a byte.
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        number = match byte {
            b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' => number + 1,
            _ => 0,
        };
        if number > bounds.number_bytes {
            return false;
        }
        match byte {
            b'"' => match behind_string(rest, bounds.string_bytes) {
                Some(after) => rest = after,
                None => return false,
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > bounds.depth {
            return false;
        }
    }
    true
}

/// What stands behind a string whose quote has been read; `None` where it is longer than the bound.
fn behind_string(bytes: &[u8], most: usize) -> Option<&[u8]> {
    let mut length = 0;
    // BOUND: every turn goes on by a byte at least.
    while let Some(at) = bytes
        .get(length..)
        .and_then(|rest| memchr2(b'"', b'\\', rest))
    {
        length += at;
        if bytes.get(length) == Some(&b'"') {
            return (length <= most).then(|| bytes.get(length + 1..).unwrap_or_default());
        }
        // A backslash, and whatever it stands before.
        length += 2;
    }
    // It does not end, which the reader refuses.
    (bytes.len() <= most).then_some(&[])
}

/// Any value, looked at only for keys that stand twice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Ignored;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Ignored, E> {
                Ok(Ignored)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Ignored, E> {
                Ok(Ignored)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Ignored, E> {
                Ok(Ignored)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Ignored, E> {
                Ok(Ignored)
            }
            fn visit_str<E>(self, _: &str) -> Result<Ignored, E> {
                Ok(Ignored)
            }
            fn visit_unit<E>(self) -> Result<Ignored, E> {
                Ok(Ignored)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ignored, A::Error> {
                while seq.next_element::<Ignored>()?.is_some() {}
                Ok(Ignored)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ignored, A::Error> {
                let mut seen = Seen::default();
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    if !seen.insert(&key) {
                        return Err(A::Error::custom("a key stands twice"));
                    }
                    map.next_value::<Ignored>()?;
                }
                Ok(Ignored)
            }
        }
        deserializer.deserialize_any(Walk)
    }
}

/// An object, looked at only for keys that stand twice: its own are told, and those within are refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// The first of its own keys that stands there again.
    pub twice: Option<String>,
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Keys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                let mut seen = Seen::default();
                let mut found = Keys::default();
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    map.next_value::<Ignored>()?;
                    if !seen.insert(&key) && found.twice.is_none() {
                        found.twice = Some(key.0.into_owned());
                    }
                }
                Ok(found)
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// A key, borrowed where it holds no escape.
#[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// The keys of an object that were read so far.
///
/// The first few stand in place, so that the objects that clients send take no memory for it.
#[derive(Debug, Default)]
pub(crate) struct Seen<'a> {
    first: [Cow<'a, str>; 8],
    count: usize,
    more: BTreeSet<Cow<'a, str>>,
}

impl<'a> Seen<'a> {
    /// Adds a key; `false` where it stands there already.
    pub(crate) fn insert(&mut self, Key(key): &Key<'a>) -> bool {
        if self.first.iter().take(self.count).any(|one| one == key) {
            return false;
        }
        match self.first.get_mut(self.count) {
            Some(place) => {
                place.clone_from(key);
                self.count += 1;
                true
            }
            None => self.more.insert(key.clone()),
        }
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.count + self.more.len()
    }
}

/// A value that is no object and no array; those stand as [`Scalar::Other`].
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number written as a whole number that fits 64 bits.
    Int(i64),
    /// Any other number; its value where it can be kept, with at most nine digits after the point.
    Number(Option<Decimal>),
    /// A string.
    Text(Cow<'a, str>),
    /// An object or an array.
    Other,
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Scalar::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Scalar::Int(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(value).map_or(Scalar::Number(None), Scalar::Int))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Scalar::Number(Decimal::parse(&value.to_string())))
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(value.to_owned())))
            }
            fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
                Ok(Scalar::Text(Cow::Owned(value)))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Scalar::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                Ignored::deserialize(serde::de::value::SeqAccessDeserializer::new(seq))?;
                Ok(Scalar::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                Ignored::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Scalar::Other)
            }
        }
        deserializer.deserialize_any(Walk)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::*;

    fn ok(text: &str) -> bool {
        read::<Ignored>(text.as_bytes(), Bounds::default()).is_ok()
    }

    #[test]
    fn keys_that_stand_twice_are_refused_at_every_depth() {
        assert!(ok(r#"{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}"#));
        assert!(!ok(r#"{"a":1,"a":1}"#));
        assert!(!ok(r#"{"b":[{"a":1,"\u0061":1}]}"#));
        for again in 0..20 {
            let keys = (0..20).chain([again]).map(|key| format!("\"{key}\":0"));
            let twice = format!("{{{}}}", keys.collect::<Vec<_>>().join(","));
            assert!(!ok(&twice), "{twice}");
            let once = twice.replace(&format!(",\"{again}\":0}}"), "}");
            assert!(ok(&once), "{once}");
        }
    }

    #[test]
    fn e01_bounds_hold_at_the_limit_and_one_past_it() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(ok(&nested(32)));
        assert!(!ok(&nested(33)));
        assert!(!ok(&nested(128)));
        let bounds = Bounds {
            bytes: usize::MAX,
            ..Bounds::default()
        };
        let deep = nested(100_000);
        assert_eq!(
            read::<Ignored>(deep.as_bytes(), bounds).unwrap_err(),
            BadJson::Malformed
        );
        let text = |n: usize| format!("\"{}\"", "x".repeat(n));
        assert!(ok(&text(16 * 1024)));
        assert!(!ok(&text(16 * 1024 + 1)));
        assert!(ok(&"9".repeat(32)));
        assert!(!ok(&"9".repeat(33)));
        assert!(read::<Ignored>("9".repeat(1_000_000).as_bytes(), bounds).is_err());
        let long = " ".repeat(64 * 1024 + 1);
        assert_eq!(
            read::<Ignored>(long.as_bytes(), Bounds::default()).unwrap_err(),
            BadJson::TooLong
        );
    }

    /// As [`within`], byte by byte.
    fn within_by_bytes(bytes: &[u8], bounds: Bounds) -> bool {
        let (mut depth, mut number, mut string, mut escaped) = (0_u32, 0, None, false);
        for &byte in bytes {
            if let Some(length) = &mut string {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => {
                        string = None;
                        continue;
                    }
                    _ => {}
                }
                *length += 1;
                if *length > bounds.string_bytes {
                    return false;
                }
                continue;
            }
            let digit = matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
            number = if digit { number + 1 } else { 0 };
            match byte {
                b'"' => string = Some(0),
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if number > bounds.number_bytes || depth > bounds.depth {
                return false;
            }
        }
        true
    }

    proptest! {
        #[test]
        fn bounds_are_those_of_a_look_at_every_byte(text in r#"(["\\\[\]{}1e,:xé ]|"x{0,5}"){0,24}"#) {
            let bounds = Bounds { bytes: 1_024, depth: 3, string_bytes: 4, number_bytes: 3 };
            let text = text.as_bytes();
            prop_assert_eq!(within(text, bounds), within_by_bytes(text, bounds));
        }
    }

    #[test]
    fn scalars_keep_their_type() {
        let s =
            |text: &'static str| read::<Scalar<'_>>(text.as_bytes(), Bounds::default()).unwrap();
        assert_eq!(s("1"), Scalar::Int(1));
        assert_eq!(s("-1"), Scalar::Int(-1));
        assert_eq!(s("1.5"), Scalar::Number(Decimal::parse("1.5")));
        assert_eq!(s("1e2"), Scalar::Number(Decimal::parse("100")));
        assert_eq!(s("1e-10"), Scalar::Number(None));
        assert_eq!(s("1e300"), Scalar::Number(None));
        assert_eq!(s("18446744073709551615"), Scalar::Number(None));
        assert_eq!(s("null"), Scalar::Null);
        assert_eq!(s("[0]"), Scalar::Other);
        assert_eq!(s(r#"{"a":{}}"#), Scalar::Other);
        assert_eq!(s(r#""x""#), Scalar::Text("x".into()));
    }
}

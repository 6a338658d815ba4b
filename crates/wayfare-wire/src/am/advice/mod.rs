//! An advice as it is spelled: XML in requests, JSON in decisions of policies, base64 in a header.
//!
//! What an advice means is the library's; here are the names it goes by, one strict reader for each
//! spelling and one writer for each. A name that this wire does not know is kept for the audit and asks
//! for nothing.

mod xml;

use std::{borrow::Cow, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use wayfare::{Advice, Realm};

use crate::{
    json::{Bounds, Key, Writer, read},
    query::{Plus, decode},
};

/// The longest document that is read, in bytes.
pub const BYTES_MAX: usize = 8 * 1_024;
/// How many elements a document may hold.
pub const ELEMENTS_MAX: usize = 64;
/// How many elements may stand within each other.
pub const DEPTH_MAX: usize = 4;

/// A text is not the advice that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAdvice {
    /// It is longer than the bound.
    #[error("the advice is longer than {BYTES_MAX} bytes")]
    TooLong,
    /// It was encoded once more than a query is, and does not decode.
    #[error("the advice does not decode")]
    Encoding,
    /// It is not the XML that is read.
    #[error("the advice is not read as XML at byte {at}: {why}")]
    Xml {
        /// Where, in the decoded document.
        at: usize,
        /// Why.
        why: &'static str,
    },
    /// It is not the JSON that is read.
    #[error("the advice is no JSON object of lists of texts")]
    Json,
}

/// What a name asks for, and the method of the advice that takes its values.
type Ask = fn(&mut Advice, &str);

/// The names, in the order in which they are written. The first that asks for a thing is the one written.
const NAMES: [(&str, Ask); 6] = [
    ("AuthenticateToRealmConditionAdvice", Advice::realm),
    ("AuthenticateToServiceConditionAdvice", Advice::service),
    ("AuthenticateToTreeConditionAdvice", Advice::service),
    ("AuthSchemeConditionAdvice", Advice::scheme),
    ("AuthLevelConditionAdvice", Advice::level),
    ("TransactionConditionAdvice", Advice::transaction),
];

/// Adds the values of a name.
fn ask(advice: &mut Advice, name: &str, values: &[String]) {
    match NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, ask)) => values.iter().for_each(|value| ask(advice, value)),
        None if values.is_empty() => {}
        None => advice.other(name),
    }
}

/// Reads the XML of a request, its query decoded.
///
/// Clients encode it once more than they need; a document that begins with `%3C` is decoded here, once.
///
/// # Errors
/// It is too long, does not decode, or is not the XML that is read here: see docs/wire.md.
pub fn read_xml(value: &str) -> Result<Advice, BadAdvice> {
    // Encoded, each byte may have become three.
    if value.len() > 3 * BYTES_MAX {
        return Err(BadAdvice::TooLong);
    }
    let value = value.trim_matches([' ', '\t', '\r', '\n']);
    let encoded = value
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("%3C"));
    let document = if encoded {
        decode(value, Plus::Blank).ok_or(BadAdvice::Encoding)?
    } else {
        Cow::Borrowed(value)
    };
    if document.len() > BYTES_MAX {
        return Err(BadAdvice::TooLong);
    }
    xml::read(&document)
}

/// Writes an advice as XML, as a client sends it.
///
/// What no document can hold, such as a name with a control character, is left out; so is what asks for
/// nothing.
pub fn advice_xml(advice: &Advice) -> String {
    let mut document = String::from("<Advices>");
    for (name, values) in named(advice) {
        // Writing into a string cannot fail.
        let _ = write!(document, "<AttributeValuePair><Attribute name=\"{name}\"/>");
        for value in values {
            document.push_str("<Value>");
            for c in value.chars() {
                match c {
                    '&' => document.push_str("&amp;"),
                    '<' => document.push_str("&lt;"),
                    '>' => document.push_str("&gt;"),
                    other => document.push(other),
                }
            }
            document.push_str("</Value>");
        }
        document.push_str("</AttributeValuePair>");
    }
    document.push_str("</Advices>");
    document
}

/// The names that an advice uses, each with its values.
fn named(advice: &Advice) -> Vec<(&'static str, Vec<String>)> {
    let levels = advice.levels.iter().map(|(realm, level)| match realm {
        Some(realm) => format!("{realm}:{level}"),
        None => level.to_string(),
    });
    let levels: Vec<String> = levels.collect();
    let with_values = NAMES.iter().map(|(name, _)| {
        let mut values: Vec<String> = match *name {
            "AuthenticateToRealmConditionAdvice" => texts(&advice.realms),
            "AuthenticateToServiceConditionAdvice" => texts(&advice.services),
            "AuthSchemeConditionAdvice" => texts(&advice.schemes),
            "AuthLevelConditionAdvice" => texts(&levels),
            "TransactionConditionAdvice" => texts(&advice.transactions),
            _ => Vec::new(),
        };
        values.retain(|value| value.chars().all(xml::stands));
        (*name, values)
    });
    with_values
        .filter(|(_, values)| !values.is_empty())
        .collect()
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// Writes an advice as JSON, as decisions of policies hold it.
pub fn write_json(advice: &Advice, json: &mut Writer) {
    json.open_object();
    for (name, values) in named(advice) {
        json.key(name).texts(values);
    }
    json.close_object();
}

/// Reads the JSON of an advice: an object of lists of texts.
///
/// # Errors
/// It is too long, no such object, or holds a key twice.
pub fn read_json(bytes: &[u8]) -> Result<Advice, BadAdvice> {
    if bytes.len() > BYTES_MAX {
        return Err(BadAdvice::TooLong);
    }
    let bounds = Bounds {
        bytes: BYTES_MAX,
        depth: 2,
        ..Bounds::default()
    };
    let Spelled(advice) = read(bytes, bounds).map_err(|_| BadAdvice::Json)?;
    Ok(advice)
}

/// The value of `WWW-Authenticate` by which a gateway tells a client what it lacks.
pub fn challenge(advice: &Advice, realm: &Realm, address: &str) -> String {
    let mut json = Writer::default();
    write_json(advice, &mut json);
    let advices = STANDARD.encode(json.into_bytes());
    // Addresses hold neither a quote nor a control character; what does is no address.
    let quoted = |b: u8| b == b'"' || b == b'\\' || !(b' '..=b'~').contains(&b);
    let address = if address.bytes().any(quoted) {
        ""
    } else {
        address
    };
    format!("SSOADVICE realm=\"{realm}\",advices=\"{advices}\",am_uri=\"{address}\"")
}

/// An advice as JSON spells it.
struct Spelled(Advice);

impl<'de> Deserialize<'de> for Spelled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Spelled;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object of lists of texts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut advice = Advice::default();
                let mut names: Vec<Cow<'de, str>> = Vec::new();
                let mut left = ELEMENTS_MAX;
                while let Some(Key(name)) = map.next_key()? {
                    if names.contains(&name) {
                        return Err(A::Error::custom("a key stands twice"));
                    }
                    let Texts(values) = map.next_value()?;
                    left = left
                        .checked_sub(1 + values.len())
                        .ok_or_else(|| A::Error::custom("too many values"))?;
                    ask(&mut advice, &name, &values);
                    names.push(name);
                }
                Ok(Spelled(advice))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// A list of texts.
struct Texts(Vec<String>);

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Texts;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of texts")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element()? {
                    if texts.len() >= ELEMENTS_MAX {
                        return Err(A::Error::custom("too many values"));
                    }
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_seq(Walk)
    }
}

//! The text of a script, in any spelling.
//!
//! In: the member `script` of its JSON. Out: the text, how it stood, and the member again. Base64 is told from
//! plain text by whether it decodes to a text and encodes to the same again.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use crate::bundle::Spelling;

/// Marks a script that has no member `script`.
pub(crate) const NONE: &str = "$noScript";

/// What the member `script` holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Held {
    /// The text.
    Text(Arc<str>, Spelling),
    /// The name of a file that holds the text.
    File(Arc<str>),
    /// Nothing that could be a script.
    Nothing,
}

/// Reads the member `script`.
pub(crate) fn held(raw: &Value) -> Held {
    match raw {
        Value::String(text) => of_text(text),
        Value::Array(lines) => of_lines(lines),
        Value::Object(map) => {
            of_reference(map).map_or(Held::Nothing, |file| Held::File(file.into()))
        }
        _ => Held::Nothing,
    }
}

/// How long base64 is that may be a word by chance.
const SHORT: usize = 16;

fn of_text(text: &str) -> Held {
    if let Some(file) = text.strip_prefix("file://") {
        return Held::File(file.into());
    }
    if text.starts_with('"')
        && let Ok(inner) = serde_json::from_str::<String>(text)
    {
        return Held::Text(inner.into(), Spelling::Quoted);
    }
    match from_base64(text) {
        Some(decoded) => Held::Text(decoded.into(), Spelling::Base64),
        None => Held::Text(text.into(), Spelling::Plain),
    }
}

/// Decodes base64 that is wrapped or not; nothing where it is none, or does not decode to a text.
fn from_base64(text: &str) -> Option<String> {
    let tight: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let decoded = String::from_utf8(STANDARD.decode(&tight).ok()?).ok()?;
    // a short word of a plain text may decode to something; nobody writes that
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}');
    (tight.len() > SHORT || !decoded.contains(odd)).then_some(decoded)
}

fn of_lines(lines: &[Value]) -> Held {
    let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
    match lines {
        Some(lines) => Held::Text(lines.join("\n").into(), Spelling::Lines),
        None => Held::Nothing,
    }
}

/// `{"file": path}`, or `{"$base64:encode": {"$inline": path}}` with any other words that begin with `$`.
fn of_reference(map: &Map<String, Value>) -> Option<&str> {
    if let Some(file) = map.get("file").and_then(Value::as_str) {
        return Some(file);
    }
    let mut map = map;
    for _ in 0..4 {
        let (key, inner) = map.iter().next()?;
        match inner {
            Value::String(file) if key == "$inline" => return Some(file),
            Value::Object(deeper) if key.starts_with('$') => map = deeper,
            _ => return None,
        }
    }
    None
}

/// The member `script` in a spelling; for a file, a plain reference.
pub(crate) fn spell(text: &str, spelling: &Spelling) -> Value {
    match spelling {
        Spelling::Base64 => Value::String(STANDARD.encode(text)),
        Spelling::Plain => Value::String(text.to_owned()),
        Spelling::Quoted => Value::String(Value::String(text.to_owned()).to_string()),
        Spelling::Lines => text.split('\n').map(str::to_owned).collect(),
        Spelling::File(path) => {
            let file = Value::String(path.to_string());
            Value::Object(Map::from_iter([("file".to_owned(), file)]))
        }
    }
}

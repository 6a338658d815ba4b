//! Bodies in parts, RFC 7578, for fields of text only.

use crate::capture::{
    error::{Code, Error},
    parameters::COUNT_MAX,
};

/// The fields of a body in parts.
///
/// # Errors
/// It is no such body, one of its parts is a file, or there are more parts than may be.
pub(super) fn read(kind: &str, body: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let boundary = parameter(kind, "boundary").ok_or_else(malformed)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&b);
    if boundary.is_empty() || boundary.len() > 70 || !boundary.bytes().all(plain) {
        return Err(malformed());
    }
    let text = std::str::from_utf8(body)
        .map_err(|_| Error::new(Code::InvalidArgument, "a field is not UTF-8"))?;
    let opening = format!("--{boundary}");
    let between = format!("\r\n--{boundary}");
    let mut rest = text.strip_prefix(&*opening).ok_or_else(malformed)?;
    let mut fields = Vec::new();
    loop {
        if let Some(end) = rest.strip_prefix("--") {
            return if matches!(end, "" | "\r\n") {
                Ok(fields)
            } else {
                Err(malformed())
            };
        }
        if fields.len() > COUNT_MAX {
            return Err(Error::new(
                Code::InvalidArgument,
                "there are too many parameters",
            ));
        }
        let part = rest.strip_prefix("\r\n").ok_or_else(malformed)?;
        let (part, after) = part.split_once(&*between).ok_or_else(malformed)?;
        let (head, value) = part.split_once("\r\n\r\n").ok_or_else(malformed)?;
        fields.push((name(head)?, value.to_owned()));
        rest = after;
    }
}

/// The name of a field; a part that is a file, or is written in a way of its own, is refused.
fn name(head: &str) -> Result<String, Error> {
    let mut found = None;
    for line in head.split("\r\n") {
        let (header, value) = line.split_once(':').ok_or_else(malformed)?;
        let value = value.trim();
        if header.eq_ignore_ascii_case("content-disposition") {
            let form = value.split(';').next().unwrap_or_default().trim();
            if !form.eq_ignore_ascii_case("form-data") || found.is_some() {
                return Err(malformed());
            }
            if parameter(value, "filename").is_some() || parameter(value, "filename*").is_some() {
                return Err(Error::new(Code::InvalidArgument, "files are not taken"));
            }
            found = parameter(value, "name");
        } else if header.eq_ignore_ascii_case("content-type") {
            let essence = value.split(';').next().unwrap_or_default().trim();
            if !essence.eq_ignore_ascii_case("text/plain") {
                return Err(malformed());
            }
        } else if header.eq_ignore_ascii_case("content-transfer-encoding") {
            if !matches!(&*value.to_ascii_lowercase(), "7bit" | "8bit" | "binary") {
                return Err(malformed());
            }
        } else if !header.eq_ignore_ascii_case("content-length") {
            return Err(malformed());
        }
    }
    found.ok_or_else(malformed)
}

/// A parameter of a header such as `form-data; name="a"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    let mut rest = header.split_once(';')?.1;
    // BOUND: each turn takes at least one byte away.
    loop {
        let (key, after) = rest.split_once('=')?;
        let key = key.trim_matches([' ', '\t', ';']);
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, next) = quoted_text(quoted)?;
                (value, next.split_once(';').map(|(_, next)| next))
            }
            None => match after.split_once(';') {
                Some((value, next)) => (value.trim().to_owned(), Some(next)),
                None => (after.trim().to_owned(), None),
            },
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next?;
    }
}

/// What stands before the closing quote, and what comes after it.
fn quoted_text(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            // Browsers write these so in names.
            '%' => match text.get(at..at + 3) {
                Some("%22") => {
                    value.push('"');
                    characters.nth(1);
                }
                _ => value.push('%'),
            },
            other => value.push(other),
        }
    }
    None
}

fn malformed() -> Error {
    Error::new(Code::InvalidArgument, "the multipart body is malformed")
}

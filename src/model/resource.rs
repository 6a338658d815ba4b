//! Resources that policies protect.
//!
//! In: the text of a resource. Out: its one canonical form, or why it has none. A text with
//! `://` in it is a URL and is taken apart, so that no wildcard of a path can match a host and none of a
//! host a path; any other text is opaque and compared byte for byte. URLs are decoded once, here, and
//! whatever two servers might read in two ways is refused rather than mended.

use std::{fmt, net::Ipv6Addr};

/// What a policy is asked about.
///
/// ```
/// use wayfare::policy::Resource;
/// let resource = Resource::parse("HTTPS://App.Example.com/pay/%7Edemo/").unwrap();
/// assert_eq!(resource.to_string(), "https://app.example.com:443/pay/~demo");
/// assert!(Resource::parse("https://app.example.com/a/../pay").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource(pub(super) Form);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    Url(Url),
    Opaque(Box<str>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: Box<str>,
    pub(super) host: Box<str>,
    pub(super) port: Option<u16>,
    /// With a `/` before each part and none at the end.
    pub(super) path: Box<str>,
    /// Its fields sorted by name.
    pub(super) query: Option<Box<str>>,
}

/// Why a text is no resource, or no pattern of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadResource(pub(crate) &'static str);

impl BadResource {
    /// The reason, in a few words.
    pub fn reason(self) -> &'static str {
        self.0
    }
}

impl Resource {
    /// The longest resource in bytes.
    pub const BYTES_MAX: usize = 4_096;

    /// The resource that a text names.
    ///
    /// # Errors
    /// It is empty or too long, holds a control character, or is a URL that servers may read in more
    /// than one way: with user information, a fragment, `\`, escape sequences of what is not UTF-8 or of
    /// control characters, or in its path an encoded slash, backslash, semicolon or percent sign, what
    /// may be folded to one of these, or a part that is empty or nothing but dots next to what some server
    /// drops or folds.
    pub fn parse(text: &str) -> Result<Self, BadResource> {
        plain(text, Self::BYTES_MAX)?;
        if let Some((scheme, rest)) = text.split_once("://") {
            return Url::parse(scheme, rest).map(|url| Self(Form::Url(url)));
        }
        opaque(text)?;
        Ok(Self(Form::Opaque(text.into())))
    }

    /// Where the index looks for patterns: the host, and what stands behind it.
    pub(crate) fn key(&self) -> (Option<&str>, &str) {
        match &self.0 {
            Form::Url(url) => (Some(&url.host), &url.path),
            Form::Opaque(name) => (None, name),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Opaque(name) => f.write_str(name),
            Form::Url(url) => {
                write!(f, "{}://{}", url.scheme, url.host)?;
                if let Some(port) = url.port {
                    write!(f, ":{port}")?;
                }
                f.write_str(if url.path.is_empty() { "/" } else { &url.path })?;
                match &url.query {
                    Some(query) => write!(f, "?{query}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// What holds for every text: neither empty nor long, no control characters.
pub(super) fn plain(text: &str, bytes_max: usize) -> Result<(), BadResource> {
    if text.is_empty() {
        return Err(BadResource("it is empty"));
    }
    if text.len() > bytes_max {
        return Err(BadResource("it is too long"));
    }
    if text.chars().any(char::is_control) {
        return Err(BadResource("it holds a control character"));
    }
    Ok(())
}

/// What is not a URL must not look like one to others.
pub(super) fn opaque(text: &str) -> Result<(), BadResource> {
    let scheme = text.split(':').next().unwrap_or_default();
    let names_url = ["http", "https", "ws", "wss"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    if names_url && text.contains(':') {
        return Err(BadResource("its scheme is not followed by `://`"));
    }
    if text.contains('\\') {
        return Err(BadResource("it holds a backslash"));
    }
    if text.trim() != text {
        return Err(BadResource("it begins or ends with a blank"));
    }
    Ok(())
}

impl Url {
    fn parse(scheme: &str, rest: &str) -> Result<Self, BadResource> {
        if !is_scheme(scheme, false) {
            return Err(BadResource("its scheme is not one"));
        }
        let scheme = scheme.to_ascii_lowercase();
        let (authority, path, query) = split(rest)?;
        let (host, port) = host_and_port(authority)?;
        let port = match port {
            Some(text) => Some(number(text)?),
            None => default_port(&scheme),
        };
        Ok(Self {
            scheme: scheme.into(),
            host: literal_host(host)?.into(),
            port,
            path: canonical_path(path)?.into(),
            query: query.map(canonical_query).transpose()?.map(Into::into),
        })
    }
}

pub(super) fn is_scheme(text: &str, wild: bool) -> bool {
    let fits =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.') || wild && b == b'*';
    let begins = |b: u8| b.is_ascii_alphabetic() || wild && matches!(b, b'*' | b'-');
    text.bytes().next().is_some_and(begins) && text.bytes().all(fits)
}

/// Authority, path and query of what follows `://`.
pub(super) fn split(rest: &str) -> Result<(&str, &str, Option<&str>), BadResource> {
    if rest.contains('#') {
        return Err(BadResource("it has a fragment"));
    }
    if rest.contains('\\') {
        return Err(BadResource("it holds a backslash"));
    }
    let (before, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let end = before.find('/').unwrap_or(before.len());
    let (authority, path) = before.split_at(end);
    if authority.contains('@') {
        return Err(BadResource("it holds user information"));
    }
    Ok((authority, path, query))
}

pub(super) fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), BadResource> {
    if authority.starts_with('[') {
        let end = authority
            .find(']')
            .ok_or(BadResource("its address is not closed by `]`"))?;
        let (host, rest) = authority.split_at(end + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(BadResource("its host is not one")),
        };
    }
    Ok(match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    })
}

pub(super) fn number(port: &str) -> Result<u16, BadResource> {
    let is_plain = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    port.parse()
        .ok()
        .filter(|_| is_plain)
        .ok_or(BadResource("its port is not one"))
}

pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// A host in lower case, without wildcards.
pub(super) fn literal_host(host: &str) -> Result<String, BadResource> {
    let bad = BadResource("its host is not one");
    if let Some(address) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().map_err(|_| bad)?;
        return Ok(format!("[{address}]"));
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if host.split('.').all(is_label) {
        Ok(host.to_ascii_lowercase())
    } else {
        Err(bad)
    }
}

/// A path whose parts everyone reads alike; a slash at its end is dropped.
pub(super) fn canonical_path(path: &str) -> Result<String, BadResource> {
    let made = canonical_text(path, true)?;
    let made = made.strip_suffix('/').unwrap_or(&made);
    for part in decoded(made)?.split('/').skip(1) {
        read_alike(part)?;
    }
    Ok(made.to_owned())
}

/// Refuses a decoded part that some server reads as none, as a step to another place or as several.
///
/// Servers differ in what they drop from a part (blanks, what follows `;`, what is not shown) and in what
/// they fold to ASCII. So dots must stand with a letter or digit, whatever else is around them.
fn read_alike(part: &str) -> Result<(), BadResource> {
    if part.split(';').next().unwrap_or_default().trim().is_empty() {
        return Err(BadResource("its path has an empty part"));
    }
    if part.chars().any(folds_to_separator) {
        return Err(BadResource("its path has what may be read as a separator"));
    }
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '~' | '*');
    let mut runs = part.split(|c| !is_word(c) && !folds_to_dots(c));
    if runs.any(|run| !run.is_empty() && run.chars().all(folds_to_dots)) {
        return Err(BadResource("its path has a `.` or `..` part"));
    }
    Ok(())
}

/// A dot, and what compatibility forms and code pages make one or more dots of.
fn folds_to_dots(c: char) -> bool {
    matches!(
        c,
        '.' | '\u{2024}'
            ..='\u{2026}' // leaders and the ellipsis
            | '\u{3002}' | '\u{FF61}' // ideographic
            | '\u{FE12}' | '\u{FE19}' | '\u{FE30}' // vertical
            | '\u{FE52}' | '\u{FF0E}' // small and full width
    )
}

/// What compatibility forms and code pages make a slash, backslash, semicolon or percent sign of.
fn folds_to_separator(c: char) -> bool {
    matches!(
        c,
        '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{FF0F}' // slashes
            | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}' // signs with a slash in them
            | '\u{2216}' | '\u{29F5}' | '\u{FE68}' | '\u{FF3C}' // backslashes
            | '\u{037E}' | '\u{FE14}' | '\u{FE54}' | '\u{FF1B}' // semicolons
            | '\u{FE6A}' | '\u{FF05}' // percent signs
    )
}

/// A query whose fields are sorted by name, since their order means nothing.
pub(super) fn canonical_query(query: &str) -> Result<String, BadResource> {
    let made = canonical_text(query, false)?;
    let mut fields: Vec<&str> = made.split('&').collect();
    fields.sort_by_key(|field| field.split('=').next().unwrap_or_default().to_owned());
    Ok(fields.join("&"))
}

/// Characters that need no encoding stand decoded, all others encoded in upper case.
fn canonical_text(text: &str, is_path: bool) -> Result<String, BadResource> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut made = String::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = bytes.next().and_then(hex);
            let low = bytes.next().and_then(hex);
            let (Some(high), Some(low)) = (high, low) else {
                return Err(BadResource("it holds a `%` that encodes nothing"));
            };
            let coded = high * 16 + low;
            if coded < 0x20 || coded == 0x7F {
                return Err(BadResource("it encodes a control character"));
            }
            if is_path && matches!(coded, b'/' | b'\\' | b'%' | b';') {
                return Err(BadResource(
                    "it encodes a slash, backslash, semicolon or percent sign",
                ));
            }
            if is_unreserved(coded) {
                made.push(char::from(coded));
            } else {
                push_coded(&mut made, coded, HEX);
            }
        } else if byte == b' ' || matches!(byte, b'"' | b'<' | b'>') || !byte.is_ascii() {
            push_coded(&mut made, byte, HEX);
        } else {
            made.push(char::from(byte));
        }
    }
    decoded(&made)?;
    Ok(made)
}

/// What the escape sequences of a text stand for, which is UTF-8 without control characters.
fn decoded(text: &str) -> Result<String, BadResource> {
    let mut made = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let pair = (byte == b'%').then(|| (bytes.next().and_then(hex), bytes.next().and_then(hex)));
        made.push(match pair {
            None => byte,
            Some((Some(high), Some(low))) => high * 16 + low,
            Some(_) => return Err(BadResource("it holds a `%` that encodes nothing")),
        });
    }
    let made = String::from_utf8(made).map_err(|_| BadResource("it encodes what is not UTF-8"))?;
    if made.chars().any(char::is_control) {
        return Err(BadResource("it encodes a control character"));
    }
    Ok(made)
}

fn push_coded(made: &mut String, byte: u8, digits: &[u8; 16]) {
    made.push('%');
    for nibble in [byte >> 4, byte & 15] {
        let digit = digits.get(usize::from(nibble)).copied().unwrap_or(b'0');
        made.push(char::from(digit));
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|n| u8::try_from(n).ok())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for resource in [
            "",
            "https://a.test/a/../b",
            "https://a.test/a/%2e%2E/b",
            "https://a.test/a/..;x/b",
            "https://a.test/./b",
            "https://a.test//b",
            "https://a.test/a//",
            "https://a.test/a%2fb",
            "https://a.test/a%5Cb",
            "https://a.test/a%252e",
            "https://a.test/a%00",
            "https://a.test/a%c2%80",
            "https://a.test/a?b=%c2%85",
            "https://a.test/a?b=%ff",
            "https://bank.example.com/pay/..%3bx/y",
            "https://bank.example.com/pay/%2e%2e%3b/x",
            "https://bank.example.com/pay/x%3By",
            "https://bank.example.com/pay/..;/admin",
            "https://bank.example.com/pay/%c0%ae%c0%ae/%c0%afadmin",
            "https://bank.example.com/pay/..%c0%afadmin",
            "https://bank.example.com/pay/%e0%80%ae%e0%80%ae/x",
            "https://bank.example.com/pay/%ff%fe",
            "https://bank.example.com/pay/\u{ff0e}\u{ff0e}/admin",
            "https://bank.example.com/pay/%ef%bc%8e./admin",
            "https://bank.example.com/pay/\u{2025}/admin",
            "https://bank.example.com/pay/x\u{ff0f}..\u{ff0f}admin",
            "https://bank.example.com/pay/..%ef%bc%9bx/admin",
            "https://bank.example.com/pay/..%20/x",
            "https://bank.example.com/pay/%20../x",
            "https://bank.example.com/pay/.%20./x",
            "https://bank.example.com/pay/..%c2%a0/x",
            "https://bank.example.com/pay/..%e2%80%8b/x",
            "https://bank.example.com/pay/..%3fx",
            "https://bank.example.com/pay/..%23x",
            "https://bank.example.com/pay/%20/x",
            "https://bank.example.com/pay/;x/y",
            "https://bank.example.com/pay/.../x",
            "https://a.test/a%0d",
            "https://a.test/a%",
            "https://a.test/a%4",
            "https://a.test/a%zz",
            "https://a.test\\b",
            "https://good@a.test/",
            "https://a.test/#x",
            "https://a.test./",
            "https://a..test/",
            "https:///x",
            "https://a.test:0/",
            "https://a.test:080/",
            "https://a.test:99999/",
            "https://a.test:/",
            "https://a.test:1:2/",
            "https://[::1/",
            "https://a*.test/",
            "1https://a.test/",
            "https:/a.test/",
            "https:a.test",
            "HTTP:a",
            "transfer:\\x",
            "transfer:\n",
            " transfer",
        ] {
            assert!(Resource::parse(resource).is_err(), "{resource:?}");
        }
        assert!(Resource::parse(&"a".repeat(Resource::BYTES_MAX)).is_ok());
        assert!(Resource::parse(&"a".repeat(Resource::BYTES_MAX + 1)).is_err());
    }

    #[test]
    fn what_all_read_alike_is_taken() {
        for resource in [
            "https://a.test/.well-known/x",
            "https://a.test/a;v=1/b.html",
            "https://a.test/a%20b/Inc./v1.2",
            "https://a.test/%c3%bc/%E6%97%A5%E6%9C%AC",
            "https://a.test/a?to=../x%2Fy%3B",
        ] {
            assert!(Resource::parse(resource).is_ok(), "{resource:?}");
        }
    }

    proptest! {
        #[test]
        fn no_resource_that_is_taken_steps_elsewhere_when_decoded_again(
            atoms in proptest::collection::vec(proptest::sample::select(vec![
                ".", "..", "/", ";", "x", "%2e", "%2E%2e", "%2f", "%5c", "%3b", "%3f", "%23", "%25", "%20",
                " ", "%09", "%00", "%c2%a0", "%c2%85", "%e2%80%8b", "%c0%ae", "%c0%af", "%e0%80%ae", "%ff",
                "\u{ff0e}", "%ef%bc%8e", "\u{2024}", "\u{2025}", "\u{ff0f}", "%ef%bc%8f", "\u{ff3c}",
                "\u{ff1b}", "\u{37e}", "\u{ff05}2e", "%252e", "%c3%bc",
            ]), 1..8),
        ) {
            let text = format!("https://a.test/pay/{}", atoms.concat());
            if let Ok(resource) = Resource::parse(&text) {
                let shown = resource.to_string();
                prop_assert_eq!(Resource::parse(&shown), Ok(resource), "{}", shown);
                let again = decoded(&shown).unwrap();
                let folded: String = again.chars().map(|c| match c {
                    '\u{ff0e}' | '\u{2024}' => ".".to_owned(),
                    '\u{2025}' => "..".to_owned(),
                    '\u{ff0f}' | '\u{ff3c}' | '\\' => "/".to_owned(),
                    '\u{ff1b}' | '\u{37e}' => ";".to_owned(),
                    '\u{ff05}' => "%".to_owned(),
                    '\u{200b}' => String::new(),
                    other => other.to_string(),
                }).collect();
                prop_assert!(!folded.contains('%'), "{}", text);
                let path = folded.strip_prefix("https://a.test:443/").unwrap();
                for part in path.split('/') {
                    let part = part.split([';', '?', '#']).next().unwrap();
                    let part = part.trim_matches(|c: char| c.is_whitespace() || c.is_control());
                    prop_assert!(!matches!(part, "." | ".."), "{} {}", text, part);
                }
            }
        }

        #[test]
        fn a_canonical_resource_is_its_own_form(text in "[a-c]{1,3}(://[a-c.]{1,5}(:[0-9]{1,4})?[a-c/.%?=&;~27F*]{0,12})?") {
            if let Ok(resource) = Resource::parse(&text) {
                let shown = resource.to_string();
                prop_assert_eq!(Resource::parse(&shown), Ok(resource), "{}", shown);
            }
        }
    }
}

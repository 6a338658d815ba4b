//! Resources that policies protect, and the patterns that name them.
//!
//! In: the text of a resource or a pattern. Out: its one canonical form, or why it has none. A text with
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
pub struct Resource(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Url(Url),
    Opaque(Box<str>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: Box<str>,
    host: Box<str>,
    port: Option<u16>,
    /// With a `/` before each part and none at the end.
    path: Box<str>,
    /// Its fields sorted by name.
    query: Option<Box<str>>,
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
    /// than one way: with user information, a fragment, `.` or `..` or empty parts, `\`, or an encoded
    /// slash, backslash, percent sign or control character in its path.
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
fn plain(text: &str, bytes_max: usize) -> Result<(), BadResource> {
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
fn opaque(text: &str) -> Result<(), BadResource> {
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

fn is_scheme(text: &str, wild: bool) -> bool {
    let fits =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.') || wild && b == b'*';
    let begins = |b: u8| b.is_ascii_alphabetic() || wild && matches!(b, b'*' | b'-');
    text.bytes().next().is_some_and(begins) && text.bytes().all(fits)
}

/// Authority, path and query of what follows `://`.
fn split(rest: &str) -> Result<(&str, &str, Option<&str>), BadResource> {
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

fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), BadResource> {
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

fn number(port: &str) -> Result<u16, BadResource> {
    let is_plain = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    port.parse()
        .ok()
        .filter(|_| is_plain)
        .ok_or(BadResource("its port is not one"))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// A host in lower case, without wildcards.
fn literal_host(host: &str) -> Result<String, BadResource> {
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
fn canonical_path(path: &str) -> Result<String, BadResource> {
    let made = canonical_text(path, true)?;
    let made = made.strip_suffix('/').unwrap_or(&made);
    for part in made.split('/').skip(1) {
        if part.is_empty() {
            return Err(BadResource("its path has an empty part"));
        }
        // Some servers drop what follows `;` before they look at dots.
        if matches!(part.split(';').next(), Some("." | "..")) {
            return Err(BadResource("its path has a `.` or `..` part"));
        }
    }
    Ok(made.to_owned())
}

/// A query whose fields are sorted by name, since their order means nothing.
fn canonical_query(query: &str) -> Result<String, BadResource> {
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
            if is_path && matches!(coded, b'/' | b'\\' | b'%') {
                return Err(BadResource("it encodes a slash, backslash or percent sign"));
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

/// Which resources a policy protects.
///
/// `*` stands for any characters but `?`, `-*-` for any but `/` and `?`; one pattern has one kind of
/// them. A wildcard of one part of a URL matches within that part alone.
///
/// ```
/// use wayfare::policy::{Pattern, Resource};
/// let pattern = Pattern::parse("https://*.example.com:443/pay/*").unwrap();
/// let matches = |text| pattern.matches(&Resource::parse(text).unwrap());
/// assert!(matches("https://app.example.com/pay/now"));
/// assert!(matches("https://app.example.com/pay"));
/// assert!(!matches("https://app.example.com/pay/now?to=1"));
/// assert!(!matches("https://evil.test/x.example.com/pay/now"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: Box<str>,
    form: PatternForm,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PatternForm {
    Url {
        scheme: Glob,
        host: Glob,
        port: Port,
        path: Glob,
        query: Option<Glob>,
    },
    Opaque(Glob),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Port {
    /// The one that the scheme of the resource has by itself.
    Default,
    Number(u16),
    Wild(Glob),
}

impl Pattern {
    /// The longest pattern in bytes.
    pub const BYTES_MAX: usize = 1_024;

    /// The pattern that a text writes.
    ///
    /// # Errors
    /// As [`Resource::parse`], and where it mixes `*` with `-*-`.
    pub fn parse(text: &str) -> Result<Self, BadResource> {
        plain(text, Self::BYTES_MAX)?;
        let level = text.contains("-*-");
        if level && text.replace("-*-", "").contains('*') {
            return Err(BadResource("it mixes `*` with `-*-`"));
        }
        let glob = |text: &str| Glob::new(text, level);
        let form = match text.split_once("://") {
            None => {
                opaque(text)?;
                PatternForm::Opaque(glob(text))
            }
            Some((scheme, rest)) => {
                if !is_scheme(scheme, true) {
                    return Err(BadResource("its scheme is not one"));
                }
                let (authority, path, query) = split(rest)?;
                let (host, port) = host_and_port(authority)?;
                PatternForm::Url {
                    scheme: glob(&scheme.to_ascii_lowercase()),
                    host: glob(&pattern_host(host, level)?),
                    port: match port {
                        None => Port::Default,
                        Some(port) if port.contains('*') => {
                            let rest = port.replace(if level { "-*-" } else { "*" }, "");
                            if !rest.bytes().all(|b| b.is_ascii_digit()) {
                                return Err(BadResource("its port is not one"));
                            }
                            Port::Wild(glob(port))
                        }
                        Some(port) => Port::Number(number(port)?),
                    },
                    path: glob(&canonical_path(path)?),
                    query: query.map(canonical_query).transpose()?.map(|q| glob(&q)),
                }
            }
        };
        Ok(Self {
            text: text.into(),
            form,
        })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this pattern names the resource.
    pub fn matches(&self, resource: &Resource) -> bool {
        match (&self.form, &resource.0) {
            (PatternForm::Opaque(glob), Form::Opaque(name)) => glob.matches(name),
            (
                PatternForm::Url {
                    scheme,
                    host,
                    port,
                    path,
                    query,
                },
                Form::Url(url),
            ) => {
                let fits_port = match port {
                    Port::Default => url.port == default_port(&url.scheme),
                    Port::Number(number) => url.port == Some(*number),
                    Port::Wild(glob) => url.port.is_some_and(|n| glob.matches(&n.to_string())),
                };
                let fits_query = match (query, &url.query) {
                    (None, None) => true,
                    (Some(glob), Some(query)) => glob.matches(query),
                    _ => false,
                };
                fits_port
                    && fits_query
                    && scheme.matches(&url.scheme)
                    && host.matches(&url.host)
                    && (path.matches(&url.path)
                        || path.is_wild() && path.matches(&format!("{}/", url.path)))
            }
            _ => false,
        }
    }

    /// Where the index keeps it: the host where it is one (`None` in the outer option for what is
    /// opaque), and how what stands behind it begins.
    pub(crate) fn key(&self) -> (Option<Option<&str>>, &str) {
        match &self.form {
            PatternForm::Opaque(glob) => (None, glob.prefix()),
            PatternForm::Url { host, path, .. } => (Some(host.literal()), path.prefix()),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A host in lower case, perhaps with wildcards.
fn pattern_host(host: &str, level: bool) -> Result<String, BadResource> {
    if !host.contains('*') {
        return literal_host(host);
    }
    let rest = host.replace(if level { "-*-" } else { "*" }, "");
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if rest.bytes().all(fits) {
        Ok(host.to_ascii_lowercase())
    } else {
        Err(BadResource("its host is not one"))
    }
}

/// Literal pieces with a wildcard between each two.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Glob {
    pieces: Box<[Box<str>]>,
    level: bool,
}

impl Glob {
    fn new(text: &str, level: bool) -> Self {
        let wildcard = if level { "-*-" } else { "*" };
        Self {
            pieces: text.split(wildcard).map(Into::into).collect(),
            level,
        }
    }

    fn is_wild(&self) -> bool {
        self.pieces.len() > 1
    }

    fn prefix(&self) -> &str {
        self.pieces.first().map_or("", |piece| piece)
    }

    fn literal(&self) -> Option<&str> {
        (!self.is_wild()).then(|| self.prefix())
    }

    /// Whether a wildcard may stand for this.
    fn spans(&self, text: &str) -> bool {
        !text.contains('?') && !(self.level && text.contains('/'))
    }

    /// Takes each piece where it first stands. That loses nothing: a later place would only leave more
    /// to the wildcard before it and less to what follows.
    fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.pieces.split_first() else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return text == &**first;
        };
        let Some(mut open) = text.strip_prefix(&**first) else {
            return false;
        };
        for piece in middle {
            let Some((gap, after)) = open.split_once(&**piece) else {
                return false;
            };
            if !self.spans(gap) {
                return false;
            }
            open = after;
        }
        open.strip_suffix(&**last)
            .is_some_and(|gap| self.spans(gap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, resource: &str) -> bool {
        let resource = Resource::parse(resource).unwrap_or_else(|e| panic!("{resource}: {e}"));
        Pattern::parse(pattern).unwrap().matches(&resource)
    }

    #[test]
    fn wildcards_stay_in_their_part() {
        for (pattern, resource, expected) in [
            ("http://a.test:8080/*", "http://a.test:8080", true),
            ("http://a.test:8080/*", "http://a.test:8080/", true),
            ("http://a.test:8080/*", "http://a.test:8080/x/y.html", true),
            ("http://a.test:8080/*", "http://a.test:8090/x", false),
            ("http://a.test:8080/*", "http://a.test:8080/x?b=1", false),
            ("http://a.test:8080/*?*", "http://a.test:8080/x?b=1", true),
            ("http://a.test:8080/*?*", "http://a.test:8080/x", false),
            (
                "http://a.test:8080/*.html",
                "http://a.test:8080/p/a.html",
                true,
            ),
            ("http://a.test:8080/-*-", "http://a.test:8080/b", true),
            ("http://a.test:8080/-*-", "http://a.test:8080/b/c", false),
            ("http://a.test:8080/b/-*-", "http://a.test:8080/b", true),
            ("http://a.test/b/-*-/c", "http://a.test/b/x/c", true),
            ("http://a.test/b/-*-/c", "http://a.test/b/x/y/c", false),
            ("http://a.test/b/", "http://a.test/b", true),
            ("http://a.test/b", "http://a.test/b/", true),
            ("http://a.test/b", "http://a.test:80/b", true),
            ("https://a.test:443/b", "https://A.TEST/b", true),
            ("https://a.test/B", "https://a.test/b", false),
            ("*://*:*/*", "https://a.test:8443/b", true),
            ("*://a.test/*", "https://a.test/b", true),
            ("*://a.test/*", "http://a.test:443/b", false),
            ("https://*.a.test/*", "https://evil.test/x.a.test/b", false),
            ("https://*.a.test/*", "https://x.y.a.test/b", true),
            ("https://*.a.test/*", "https://a.test/b", false),
            ("https://a.test/p?b=*&a=1", "https://a.test/p?a=1&b=2", true),
            ("https://a.test/~x/*", "https://a.test/%7ex/y", true),
            ("https://a.test/ü", "https://a.test/%c3%bc", true),
            ("transfer:*", "transfer:42", true),
            ("transfer:*", "Transfer:42", false),
            ("transfer:-*-", "transfer:4/2", false),
            ("*", "transfer:42", true),
            ("*", "https://a.test/", false),
            (
                "https://[::1]:8443/*",
                "https://[0:0:0:0:0:0:0:1]:8443/x",
                true,
            ),
        ] {
            assert_eq!(matches(pattern, resource), expected, "{pattern} {resource}");
        }
    }

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
        assert!(Pattern::parse(&"a".repeat(Pattern::BYTES_MAX)).is_ok());
        assert!(Pattern::parse(&"a".repeat(Pattern::BYTES_MAX + 1)).is_err());
        for pattern in [
            "*://*/-*-",
            "https://a.test:*x/",
            "https://a/*/../b",
            "h s://a/",
        ] {
            assert!(Pattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn a_star_in_a_resource_is_no_wildcard() {
        assert!(matches("transfer:*", "transfer:*"));
        assert!(!matches("transfer:4", "transfer:*"));
        assert!(!matches("https://a.test/b", "https://a.test/*"));
    }

    /// Tries every split.
    fn slow(pattern: &[char], text: &[char], level: bool) -> bool {
        let Some((first, rest)) = pattern.split_first() else {
            return text.is_empty();
        };
        if *first != '*' {
            return text
                .split_first()
                .is_some_and(|(c, t)| c == first && slow(rest, t, level));
        }
        (0..=text.len()).any(|at| {
            let gap = &text[..at];
            !gap.contains(&'?') && !(level && gap.contains(&'/')) && slow(rest, &text[at..], level)
        })
    }

    proptest! {
        #[test]
        fn the_quick_way_finds_what_trying_all_finds(
            pattern in "[ab/?*]{0,9}", text in "[ab/?]{0,9}", level: bool,
        ) {
            let chars: Vec<char> = pattern.chars().collect();
            let expected = slow(&chars, &text.chars().collect::<Vec<_>>(), level);
            let written = if level { pattern.replace('*', "-*-") } else { pattern };
            prop_assert_eq!(Glob::new(&written, level).matches(&text), expected);
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

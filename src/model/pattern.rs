//! Patterns that name the resources of policies.
//!
//! In: the text of a pattern. Out: its parts, each with its wildcards, and whether it names a resource. A
//! URL is taken apart as a resource is, so that no wildcard of a path can match a host and none of a host a
//! path.

use std::fmt;

use crate::model::resource::{
    BadResource, Form, Resource, canonical_path, canonical_query, default_port, host_and_port,
    is_scheme, literal_host, number, opaque, plain, split,
};

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

/// Where a pattern is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place<'p> {
    /// Among those of one host.
    Host(&'p str),
    /// Among those of URLs whose host has a wildcard.
    AnyHost,
    /// Among those of what is no URL.
    Opaque,
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

    /// Under what the index keeps it, and how what stands behind the host begins.
    pub(crate) fn key(&self) -> (Place<'_>, &str) {
        match &self.form {
            PatternForm::Opaque(glob) => (Place::Opaque, glob.prefix()),
            PatternForm::Url { host, path, .. } => {
                let place = host.literal().map_or(Place::AnyHost, Place::Host);
                (place, path.prefix())
            }
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
        !(text.contains('?') || self.level && text.contains('/'))
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
    fn what_is_no_pattern_is_refused() {
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
            let spans = !(gap.contains(&'?') || level && gap.contains(&'/'));
            spans && slow(rest, &text[at..], level)
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
    }
}

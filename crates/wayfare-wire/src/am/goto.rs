//! Where a client may be sent: `goto` and `gotoOnFail`.
//!
//! An address is taken as it stands or not at all. It is a path on this server, an address with the
//! origin the request came to, or one that matches a pattern of the embedder. What would have to be
//! normalised first to know where it leads is not taken.

/// The longest address.
pub const CHARS_MAX: usize = 2_000;

/// Which addresses are allowed besides the server's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    patterns: Vec<Pattern>,
}

/// A pattern does not say which addresses it means.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no pattern of addresses: expected `https://host:port/path`, with `*` in the path only"
)]
pub struct BadPattern(pub String);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    origin: Origin,
    path: String,
    query: Option<String>,
}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of an address such as `https://am.example.com:8443`.
    pub fn parse(text: &str) -> Option<Self> {
        let (origin, rest) = split(text)?;
        matches!(rest, "" | "/").then_some(origin)
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (scheme, usual) = if self.secure {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

impl Allowed {
    /// The addresses that match one of these patterns.
    ///
    /// `*` in a path stands for anything but `?`, `-*-` for one part of a path; a query is allowed where
    /// the pattern has one.
    ///
    /// # Errors
    /// One of them is no pattern.
    pub fn new<T: AsRef<str>>(patterns: impl IntoIterator<Item = T>) -> Result<Self, BadPattern> {
        let pattern = |text: &str| {
            let (origin, rest) = split(text)?;
            let (path, query) = match rest.split_once('?') {
                Some((path, query)) => (path, Some(query.to_owned())),
                None => (rest, None),
            };
            Some(Pattern {
                origin,
                path: if path.is_empty() { "/" } else { path }.to_owned(),
                query,
            })
        };
        let patterns = patterns
            .into_iter()
            .map(|text| {
                let text = text.as_ref();
                pattern(text).ok_or_else(|| BadPattern(text.to_owned()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// The address, if someone may be sent there.
    pub fn check<'a>(&self, address: &'a str, own: Option<&Origin>) -> Option<&'a str> {
        if !plain(address) {
            return None;
        }
        if address.starts_with('/') {
            // Two slashes begin another host.
            let local = !address.starts_with("//") && steady(address);
            return local.then_some(address);
        }
        let (origin, rest) = split(address)?;
        if !steady(rest) {
            return None;
        }
        let same = own == Some(&origin);
        (same || self.patterns.iter().any(|p| p.matches(&origin, rest))).then_some(address)
    }
}

/// Printable ASCII of a length that is allowed, without what browsers read as something else.
fn plain(address: &str) -> bool {
    let bytes = address.as_bytes();
    let printable =
        |b: &u8| matches!(b, 0x21..=0x7e) && !matches!(b, b'\\' | b'"' | b'<' | b'>' | b'`');
    !bytes.is_empty() && bytes.len() <= CHARS_MAX && bytes.iter().all(printable)
}

/// Whether a path and query mean one thing only: no dot parts, no broken, control or double escapes.
///
/// Where the path ends is seen before anything is decoded, as browsers do: `%3f` ends none.
fn steady(rest: &str) -> bool {
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let Some((path, tail)) = rest.split_at_checked(end) else {
        return false;
    };
    let decoded = |text| {
        let decoded = crate::query::decode(text, crate::query::Plus::Plus)?;
        let plain = !decoded.chars().any(|c| c.is_control() || c == '\\');
        plain.then_some(decoded)
    };
    let (Some(path), Some(_)) = (decoded(path), decoded(tail)) else {
        return false;
    };
    !path.contains('%')
        && !path.split('/').any(|part| matches!(part, "." | ".."))
        && !path.starts_with("//")
}

/// Origin and rest of an absolute address.
fn split(address: &str) -> Option<(Origin, &str)> {
    let (scheme, rest) = address.split_once("://")?;
    let secure = if scheme.eq_ignore_ascii_case("https") {
        true
    } else if scheme.eq_ignore_ascii_case("http") {
        false
    } else {
        return None;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        None if secure => 443,
        None => 80,
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0)?
        }
        Some(_) => return None,
    };
    host_fits(host).then(|| {
        let origin = Origin {
            secure,
            host: host.to_ascii_lowercase(),
            port,
        };
        (origin, rest)
    })
}

fn host_fits(host: &str) -> bool {
    if let Some(inner) = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return inner.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

impl Pattern {
    fn matches(&self, origin: &Origin, rest: &str) -> bool {
        let rest = rest.split('#').next().unwrap_or("");
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        let path = if path.is_empty() { "/" } else { path };
        let query_fits = match (&self.query, query) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(pattern), Some(query)) => glob(pattern.as_bytes(), query.as_bytes()),
        };
        self.origin == *origin && query_fits && glob(self.path.as_bytes(), path.as_bytes())
    }
}

/// Whether a text matches a pattern with `*` (anything) and `-*-` (anything but a slash).
///
/// BOUND: the classic walk with one place to go back to; at most pattern × text comparisons.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize, bool)> = None;
    loop {
        let rest = pattern.get(p..).unwrap_or(&[]);
        if rest.starts_with(b"-*-") {
            p += 3;
            back = Some((p, t, true));
            continue;
        }
        if rest.first() == Some(&b'*') {
            p += 1;
            back = Some((p, t, false));
            continue;
        }
        match (rest.first(), text.get(t)) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((after, from, one_part)) = back else {
                    return false;
                };
                match text.get(from) {
                    Some(b'/') if one_part => return false,
                    Some(_) => {}
                    None => return false,
                }
                p = after;
                t = from + 1;
                back = Some((after, t, one_part));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Origin {
        Origin::parse("https://am.example.com:8443").unwrap()
    }

    fn allowed() -> Allowed {
        Allowed::new([
            "https://app.example.com:443/*",
            "https://q.example.com/in/*?*",
            "http://localhost:3000/-*-/done",
        ])
        .unwrap()
    }

    fn taken(address: &str) -> bool {
        allowed().check(address, Some(&own())) == Some(address)
    }

    #[test]
    fn own_and_allowed_addresses_are_taken() {
        for address in [
            "/",
            "/am/console",
            "/enduser/?realm=/alpha#/profile",
            "/a?x=//b",
            "https://am.example.com:8443/x?y=1",
            "HTTPS://AM.example.com:8443",
            "https://app.example.com/x/y",
            "https://app.example.com:443/",
            "https://app.example.com",
            "https://q.example.com/in/?a=b",
            "http://localhost:3000/x/done",
        ] {
            assert!(taken(address), "{address}");
        }
    }

    #[test]
    fn c07_everything_else_is_not() {
        for address in [
            "",
            "//e.x",
            "/\\e.x",
            "\\\\e.x",
            "\\/e.x",
            "https:e.x",
            "https:/e.x",
            "https:///e.x",
            "https://good@e.x",
            "https://am.example.com:8443@e.x/",
            "https://app.example.com.e.x/",
            "https://app.example.comx/",
            "javascript:alert(1)",
            "data:text/html,x",
            "\r\nSet-Cookie:a=b",
            "%0d%0aSet-Cookie:a=b",
            "/%0d%0aSet-Cookie:a=b",
            "/x%00",
            " /x",
            "\t/x",
            "/x y",
            "/../x",
            "/a/%2e%2e/x",
            "/%5ce.x",
            "/%2f/e.x",
            "/%2fe.x",
            "/%zz",
            "/a/%252e%252e/x",
            "/a%3f/../../b",
            "/a%23/../b",
            "https://app.example.com/safe/%3f/../../b",
            "http://app.example.com/x",
            "https://app.example.com:444/x",
            "https://app.example.com/x?y",
            "https://app.example.com:/x",
            "https://app.example.com:0443x/",
            "https://app.example.com./x",
            "https://xn--.example.com:x/",
            "https://q.example.com/out/?a=b",
            "http://localhost:3000/x/y/done",
            "ftp://app.example.com/",
            "mailto:a@b",
            "x/y",
            "/é",
            "https://e.x/https://am.example.com:8443/",
            "https://e.x#https://am.example.com:8443/",
            "https://e.x?@am.example.com:8443/",
        ] {
            assert!(!taken(address), "{address:?}");
        }
    }

    #[test]
    fn c07_length_at_the_limit_and_one_past_it() {
        let at = |n: usize| format!("/{}", "x".repeat(n - 1));
        assert!(taken(&at(2_000)));
        assert!(!taken(&at(2_001)));
    }

    #[test]
    fn patterns_are_checked_when_they_are_read() {
        for pattern in [
            "*",
            "https://*/x",
            "app.example.com/*",
            "https://a b/",
            "javascript:*",
        ] {
            assert!(Allowed::new([pattern]).is_err(), "{pattern}");
        }
    }

    #[test]
    fn globs_agree_with_a_slow_reading() {
        fn slow(p: &[u8], t: &[u8]) -> bool {
            match (p.first(), t.first()) {
                (None, None) => true,
                (Some(b'*'), None) => slow(&p[1..], t),
                (Some(b'*'), Some(_)) => slow(&p[1..], t) || slow(p, &t[1..]),
                (Some(a), Some(b)) => a == b && slow(&p[1..], &t[1..]),
                _ => false,
            }
        }
        let words = ["", "a", "ab", "aab", "abab", "ba", "bab", "aabb"];
        for p in [
            "", "*", "a*", "*b", "a*b", "*a*b*", "**", "ab", "*ab*", "a*a*b",
        ] {
            for t in words {
                assert_eq!(
                    glob(p.as_bytes(), t.as_bytes()),
                    slow(p.as_bytes(), t.as_bytes()),
                    "{p} {t}"
                );
            }
        }
    }
}

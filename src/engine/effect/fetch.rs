//! Requests over HTTP that scripts make.
//!
//! Which addresses may be asked, whom they may belong to and how much may come back, the embedder decides. That
//! there is no answer is a reply as well: a script may go on without one.

use std::{sync::Arc, time::Duration};

use crate::secret::Secret;

/// Send a request over HTTP.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetch {
    /// The method, in capitals.
    pub method: Arc<str>,
    /// The address, with its query.
    pub url: Secret<String>,
    /// The headers in order, names in lower case; tokens stand in them.
    pub headers: Vec<(Arc<str>, Secret<String>)>,
    /// The body.
    pub body: Option<Secret<String>>,
    /// How long to wait for the answer; the embedder may wait less.
    pub timeout: Duration,
}

impl Fetch {
    /// Whether the method only reads, so that a repetition does no harm.
    pub fn only_reads(&self) -> bool {
        matches!(&*self.method, "GET" | "HEAD" | "OPTIONS")
    }

    /// The request with this text where it has `{0}`, also where that is encoded for an address.
    pub(super) fn addressed(mut self, link: &str) -> Self {
        let encoded: String = link
            .bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    char::from(byte).to_string()
                }
                _ => format!("%{byte:02X}"),
            })
            .collect();
        let put = |text: &Secret<String>| {
            let text = text.reveal().replace("{0}", link);
            Secret::new(text.replace("%7B0%7D", &encoded))
        };
        self.url = put(&self.url);
        self.body = self.body.as_ref().map(put);
        for (_, value) in &mut self.headers {
            *value = put(value);
        }
        self
    }

    /// The address without its query, as traces may show it: who asks, by a name and a password before the host,
    /// is shown as `_`, also where that makes it no address at all.
    pub fn shown(&self) -> String {
        let url = self.url.reveal();
        let (scheme, rest) = url.split_once("://").unwrap_or_else(|| {
            let end = url.find(':').unwrap_or(0);
            url.split_at(end)
        });
        let cut = |text: &str, at: &[char]| {
            let end = text.find(at).unwrap_or(text.len());
            text.split_at(end).0.to_owned()
        };
        let authority = cut(rest, &['/', '\\', '?', '#']);
        let behind = rest.strip_prefix(&*authority).unwrap_or_default();
        let host = match authority.rsplit_once('@') {
            Some((_, host)) => format!("_@{host}"),
            // A password with a slash in it looks like a port, but for its letters.
            None if behind.contains('@') && !is_host(&authority) => "_".to_owned(),
            None => authority,
        };
        let path = if host == "_" {
            String::new()
        } else {
            cut(behind, &['?', '#'])
        };
        let mark = if url.contains("://") { "://" } else { "" };
        format!("{scheme}{mark}{host}{path}")
    }
}

/// Whether this is a host, perhaps with a port.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    port.bytes().all(|byte| byte.is_ascii_digit()) && (host.starts_with('[') || !host.contains(':'))
}

/// The reply to a [`Fetch`].
#[derive(Debug, Clone, PartialEq)]
pub enum Fetched {
    /// The answer.
    Answered {
        /// The status.
        status: u16,
        /// The headers in order, names in lower case.
        headers: Vec<(Arc<str>, Secret<String>)>,
        /// The body as text.
        body: Secret<String>,
    },
    /// The embedder does not let scripts ask there; this is why.
    Denied(Arc<str>),
    /// There was no answer; this is why.
    Failed(Arc<str>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_never_shown() {
        for (url, shown) in [
            ("https://a.example/v1?key=pw", "https://a.example/v1"),
            (
                "https://a.example:8443/u/b@c.d?x@y",
                "https://a.example:8443/u/b@c.d",
            ),
            ("http://[::1]:80/u@b#pw", "http://[::1]:80/u@b"),
            ("https://user:pw@a.example/v1", "https://_@a.example/v1"),
            ("https://pw@a.example/", "https://_@a.example/"),
            ("https://user:p@w@a.example/", "https://_@a.example/"),
            (
                "https://user:pw@a.example\\@b.example/",
                "https://_@a.example\\@b.example/",
            ),
            ("https://user:p/w@a.example/", "https://_"),
            ("https://user:p?w@a.example/", "https://_"),
            ("https://user:p#w@a.example/", "https://_"),
            ("https://user:p\\w@a.example/", "https://_"),
            ("https:user:pw@a.example/", "https_@a.example/"),
            ("user:pw@a.example", "user_@a.example"),
            ("", ""),
        ] {
            let fetch = Fetch {
                method: Arc::from("GET"),
                url: Secret::new(url.to_owned()),
                headers: Vec::new(),
                body: None,
                timeout: Duration::ZERO,
            };
            assert_eq!(fetch.shown(), shown, "{url}");
        }
    }
}

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

    /// The address without its query, as traces may show it.
    pub fn shown(&self) -> &str {
        let url = self.url.reveal();
        let end = url.find(['?', '#']).unwrap_or(url.len());
        let (shown, _) = url.split_at(end);
        shown
    }
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

//! What came with one request; it is given anew with every step and is never kept.

use std::{fmt, net::IpAddr};

/// Headers, cookies, parameters, address and languages of the request at hand.
///
/// Headers, cookies and parameters may hold passwords and tokens: `Debug` shows their names only.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Headers in order; names are compared without case.
    pub headers: Vec<(String, String)>,
    /// Cookies in order.
    pub cookies: Vec<(String, String)>,
    /// Query parameters in order, decoded once.
    pub parameters: Vec<(String, String)>,
    /// The address of the client, as the embedder trusts it.
    pub client: Option<IpAddr>,
    /// The host the client named.
    pub host: Option<String>,
    /// Preferred locales, best first.
    pub locales: Vec<String>,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| -> Vec<String> {
            pairs.iter().map(|(name, _)| name.clone()).collect()
        };
        f.debug_struct("Request")
            .field("headers", &names(&self.headers))
            .field("cookies", &names(&self.cookies))
            .field("parameters", &names(&self.parameters))
            .field("client", &self.client)
            .field("host", &self.host)
            .field("locales", &self.locales)
            .finish()
    }
}

impl Request {
    /// The values of a header, in order.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| &**v)
    }

    /// The first cookie of this name.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| &**v)
    }

    /// The values of a query parameter, in order.
    pub fn parameter<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.parameters
            .iter()
            .filter(move |(n, _)| n == name)
            .map(|(_, v)| &**v)
    }
}

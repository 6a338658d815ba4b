//! The wire of OAuth 2.0 and OpenID Connect: what a provider reads and answers.
//!
//! Requests are decoded once and strictly; a parameter that stands twice is refused (RFC 6749 §3.1). What
//! cannot be told to a client safely, because nobody knows yet whether the address to send it to is the
//! client's, is shown to the user and sent nowhere. The code flow with PKCE is all there is: no implicit
//! flow, no password grant (RFC 9700 §2.1.2 and §2.4).
//!
//! | Module | What it holds |
//! |---|---|
//! | [`authorize`] | the request for an authorization, and the way back to the client |
//! | [`token`] | grants, client authentication, the reply with tokens |
//! | [`bearer`] | tokens as they come to resources, and how they are refused |
//! | [`claims`] | which scope shows what of a user |
//! | [`metadata`] | what discovery says |
//! | [`page`] | the few pages of its own: consent, logout, errors |

pub mod authorize;
pub mod bearer;
pub mod claims;
mod client;
mod error;
pub mod metadata;
pub mod page;
pub mod token;

use std::borrow::Cow;

pub use self::{
    client::{Client, ClientAuth, Consent, Grant, TokenFormat, is_redirect_uri},
    error::{Code, OauthError},
};
use crate::{
    am::{reply::Reply, request::Parts},
    query::Query,
};

/// An endpoint below a realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// `authorize`
    Authorize,
    /// `access_token`
    Token,
    /// `userinfo`
    Userinfo,
    /// `introspect`
    Introspect,
    /// `token/revoke`
    Revoke,
    /// `connect/endSession`
    EndSession,
    /// `connect/jwk_uri`
    Keys,
    /// `.well-known/openid-configuration`, and the document of RFC 8414
    Metadata,
}

impl Endpoint {
    /// The endpoint of what stands in a path behind the realm.
    pub fn of<'p>(tail: impl IntoIterator<Item = &'p str>) -> Option<Self> {
        let mut parts = tail.into_iter();
        let found = match (parts.next()?, parts.next()) {
            ("authorize", None) => Self::Authorize,
            ("access_token", None) => Self::Token,
            ("userinfo", None) => Self::Userinfo,
            ("introspect", None) => Self::Introspect,
            ("token", Some("revoke")) => Self::Revoke,
            ("connect", Some("endSession")) => Self::EndSession,
            ("connect", Some("jwk_uri")) => Self::Keys,
            (".well-known", Some("openid-configuration" | "oauth-authorization-server")) => {
                Self::Metadata
            }
            _ => return None,
        };
        parts.next().is_none().then_some(found)
    }

    /// Whether a part of a path begins an endpoint, and is no realm.
    pub(crate) fn begins(part: &str) -> bool {
        matches!(
            part,
            "authorize"
                | "access_token"
                | "userinfo"
                | "introspect"
                | "token"
                | "connect"
                | ".well-known"
        )
    }

    /// Its path below the issuer.
    pub fn path(self) -> &'static str {
        match self {
            Self::Authorize => "/authorize",
            Self::Token => "/access_token",
            Self::Userinfo => "/userinfo",
            Self::Introspect => "/introspect",
            Self::Revoke => "/token/revoke",
            Self::EndSession => "/connect/endSession",
            Self::Keys => "/connect/jwk_uri",
            Self::Metadata => "/.well-known/openid-configuration",
        }
    }

    /// The methods it takes.
    pub fn methods(self) -> &'static str {
        match self {
            Self::Authorize | Self::Userinfo | Self::EndSession => "GET, POST",
            Self::Token | Self::Introspect | Self::Revoke => "POST",
            Self::Keys | Self::Metadata => "GET",
        }
    }

    /// Whether it takes a method.
    pub fn takes(self, method: &str) -> bool {
        let asked = if method == "HEAD" { "GET" } else { method };
        self.methods().split(", ").any(|one| one == asked)
    }
}

/// The parameters of a form, which is all that endpoints take as a body (RFC 6749 §3.2).
///
/// # Errors
/// The body is of another kind, or does not decode.
pub fn form(parts: &Parts<'_>) -> Result<Query, OauthError> {
    let mut kinds = parts.header("content-type");
    let kind = kinds.next().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if kinds.next().is_some() || !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
    {
        return Err(OauthError::invalid(
            "the body must be application/x-www-form-urlencoded",
        ));
    }
    let text = std::str::from_utf8(parts.body);
    let text = text.map_err(|_| OauthError::invalid("the body does not decode"))?;
    Query::parse(text).map_err(|_| OauthError::invalid("the body does not decode"))
}

/// A parameter that may stand once; an empty one is none (RFC 6749 §3.1).
///
/// # Errors
/// It stands more than once.
pub fn one<'q>(query: &'q Query, name: &'static str) -> Result<Option<&'q str>, OauthError> {
    let value = query.one(name).map_err(|repeated| {
        OauthError::new(
            Code::InvalidRequest,
            format!("parameter `{}` stands more than once", repeated.0),
        )
    })?;
    Ok(value.filter(|value| !value.is_empty()))
}

/// A reply that nobody keeps (RFC 6749 §5.1).
pub(crate) fn fresh(status: u16) -> Reply {
    Reply::new(status)
        .header("cache-control", "no-store")
        .header("pragma", "no-cache")
}

/// A reply of JSON that nobody keeps.
pub fn json(status: u16, body: &serde_json::Value) -> Reply {
    let mut reply = fresh(status).header("content-type", "application/json");
    reply.body = body.to_string().into_bytes();
    reply
}

/// A text as the value of a parameter, percent-encoded but for unreserved characters.
pub fn encoded(text: &str) -> Cow<'_, str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if text.bytes().all(plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if plain(byte) {
            encoded.push(char::from(byte));
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
            encoded.push('%');
            encoded.extend([digit(byte >> 4), digit(byte & 15)].map(|c| c.to_ascii_uppercase()));
        }
    }
    Cow::Owned(encoded)
}

/// Parameters as a query or a form.
pub fn pairs<'p>(parameters: impl IntoIterator<Item = (&'p str, &'p str)>) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(&encoded(name));
        text.push('=');
        text.push_str(&encoded(value));
    }
    text
}

/// A list whose items stand apart by blanks, each once, in order.
pub fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

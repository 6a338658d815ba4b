//! Clients, as far as the wire looks at them.

use std::collections::{BTreeMap, BTreeSet};

/// How a client says who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientAuth {
    /// Not at all: it is public, and can keep no secret.
    None,
    /// By its secret in the header of HTTP.
    Basic,
    /// By its secret in the form.
    Post,
    /// By a token that it signs with a key of its own (RFC 7523).
    PrivateKeyJwt,
}

impl ClientAuth {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Basic, Self::Post, Self::PrivateKeyJwt];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }
}

/// What a client may exchange for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// An authorization code.
    AuthorizationCode,
    /// A refresh token.
    RefreshToken,
    /// Its own authentication.
    ClientCredentials,
}

impl Grant {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
    ];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }
}

/// Whether users are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// No: whoever runs the server has said yes for them.
    Implied,
    /// Yes, once for each scope.
    Ask,
}

/// What access tokens look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFormat {
    /// Random, and told about by introspection.
    Opaque,
    /// Signed, after RFC 9068.
    Jwt,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// What users are shown, where they are asked.
    pub name: Option<String>,
    /// How it says who it is; a secret may come in either way where it is `Basic`.
    pub auth: ClientAuth,
    /// Where codes may be sent.
    pub redirect_uris: Vec<String>,
    /// Where browsers may be sent after a logout.
    pub post_logout_redirect_uris: Vec<String>,
    /// The scopes it may ask for, with what users are told of them.
    pub scopes: BTreeMap<String, Option<String>>,
    /// The scopes it gets where it asks for none.
    pub default_scopes: Vec<String>,
    /// Whether users are asked.
    pub consent: Consent,
    /// What it may exchange.
    pub grants: BTreeSet<Grant>,
    /// Whether it has to send a challenge; a public client always has to.
    pub pkce: bool,
    /// What its access tokens look like.
    pub format: TokenFormat,
}

impl Client {
    /// A public client that may get codes and refresh them.
    pub fn public(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            auth: ClientAuth::None,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            scopes: BTreeMap::new(),
            default_scopes: Vec::new(),
            consent: Consent::Ask,
            grants: BTreeSet::from([Grant::AuthorizationCode, Grant::RefreshToken]),
            pkce: true,
            format: TokenFormat::Opaque,
        }
    }

    /// Whether it can keep no secret.
    pub fn is_public(&self) -> bool {
        self.auth == ClientAuth::None
    }

    /// Whether a code may be sent there.
    pub fn redirects_to(&self, uri: &str) -> bool {
        self.redirect_uris.iter().any(|known| fits(known, uri))
    }

    /// Whether a browser may be sent there after a logout.
    pub fn logs_out_to(&self, uri: &str) -> bool {
        self.post_logout_redirect_uris
            .iter()
            .any(|known| fits(known, uri))
    }
}

/// Whether an address is the registered one: the same characters, but for the port of this machine, which
/// a native app is given by the system (RFC 8252 §7.3, RFC 9700 §4.1.3).
fn fits(known: &str, uri: &str) -> bool {
    if known == uri {
        return true;
    }
    match (loopback(known), loopback(uri)) {
        (Some((host, _, rest)), Some((other, _, again))) => host == other && rest == again,
        _ => false,
    }
}

/// The host, the port and the rest of an address of this machine.
fn loopback(uri: &str) -> Option<(&str, Option<&str>, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let (host, port) = match authority.strip_suffix(|c: char| c.is_ascii_digit()) {
        // Digits at the end: a port, where a colon stands before them.
        Some(_) => match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (host, Some(port)),
            _ => (authority, None),
        },
        None => (authority, None),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (port_fits && matches!(host, "127.0.0.1" | "[::1]" | "localhost")).then_some((host, port, rest))
}

/// Whether an address may be registered: absolute, without a fragment (RFC 6749 §3.1.2), over TLS or on this
/// machine, or of a scheme that an app has for itself (RFC 8252 §7.1).
pub fn is_redirect_uri(uri: &str) -> bool {
    let plain =
        |b: u8| b.is_ascii_graphic() && !matches!(b, b'#' | b'"' | b'<' | b'>' | b'\\' | b'*');
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let scheme_fits = scheme
        .bytes()
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !uri.bytes().all(plain) || !scheme_fits || rest.is_empty() {
        return false;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "https" => rest.strip_prefix("//").is_some_and(|rest| {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, _) = rest.split_at_checked(end).unwrap_or((rest, ""));
            !authority.is_empty() && !authority.contains('@')
        }),
        "http" => loopback(uri).is_some(),
        // A scheme without a dot is anybody's, and some of them run what follows.
        other => other.contains('.'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_registered_one_or_none() {
        let fits_to = |known: &str, uri: &str| {
            let mut client = Client::public("app");
            client.redirect_uris.push(known.to_owned());
            client.redirects_to(uri)
        };
        for (known, uri) in [
            ("https://app.example.com/cb", "https://app.example.com/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"),
            ("http://127.0.0.1:8080/cb", "http://127.0.0.1/cb"),
            ("http://[::1]/cb?x=1", "http://[::1]:9/cb?x=1"),
            ("http://localhost/cb", "http://localhost:3000/cb"),
            ("com.example.app:/cb", "com.example.app:/cb"),
        ] {
            assert!(fits_to(known, uri), "{known} {uri}");
        }
        for (known, uri) in [
            ("https://app.example.com/cb", "https://app.example.com/cb/"),
            ("https://app.example.com/cb", "https://app.example.com/CB"),
            ("https://app.example.com/cb", "https://app.example.com/cb?x"),
            ("https://app.example.com/cb", "https://app.example.com/cb#x"),
            (
                "https://app.example.com/cb",
                "https://app.example.com:443/cb",
            ),
            ("https://app.example.com/cb", "http://app.example.com/cb"),
            (
                "https://app.example.com/cb",
                "https://app.example.com/cb/../x",
            ),
            (
                "https://app.example.com/cb",
                "https://app.example.com.evil/cb",
            ),
            (
                "https://app.example.com/cb",
                "https://app.example.com@evil/cb",
            ),
            ("https://app.example.com/cb", ""),
            ("http://127.0.0.1/cb", "https://127.0.0.1:5/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.2:5/cb"),
            ("http://127.0.0.1/cb", "http://localhost:5/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5@evil/cb"),
            ("http://127.0.0.1/cb", "http://evil:5/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb2"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:5/cb?x=1"),
        ] {
            assert!(!fits_to(known, uri), "{known} {uri}");
        }
    }

    #[test]
    fn addresses_that_may_be_registered() {
        for good in [
            "https://app.example.com/cb",
            "https://app.example.com",
            "http://127.0.0.1/cb",
            "http://localhost:8080/cb",
            "http://[::1]/",
            "com.example.app:/oauth",
        ] {
            assert!(is_redirect_uri(good), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "//app.example.com/cb",
            "http://app.example.com/cb",
            "https://app.example.com/cb#x",
            "https://*.example.com/cb",
            "https://user@app.example.com/cb",
            "https://",
            "javascript:alert(1)",
            "data:text/html,x",
            "app:/cb",
            "https://app.example.com/a b",
            "https://app.example.com\\@evil/",
        ] {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
    }
}

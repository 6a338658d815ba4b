//! What a provider publishes of itself.

use serde::Deserialize;

use super::BOUNDS;
use crate::json::{Ignored, read};

/// The endpoints of a provider and what it can do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Who it is, as its tokens say it.
    pub issuer: Option<String>,
    /// Where somebody logs in.
    pub authorize: String,
    /// Where codes are exchanged.
    pub token: String,
    /// Where claims are read.
    pub userinfo: Option<String>,
    /// Where its keys are.
    pub jwks: Option<String>,
    /// Whether its answers say whom they are from (RFC 9207).
    pub names_itself: bool,
}

/// Why what a provider publishes cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMetadata {
    /// It is no JSON within the bounds, or lacks what is required.
    #[error("what the provider publishes cannot be read")]
    Unreadable,
    /// It is somebody else's.
    #[error("the provider calls itself `{0}`")]
    Issuer(String),
    /// An endpoint is where nothing may be sent.
    #[error("`{0}` is no address that can be trusted")]
    Address(String),
}

#[derive(Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Where a provider publishes it (OIDC Discovery, section 4).
    pub fn address(issuer: &str) -> String {
        let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
        format!("{issuer}/.well-known/openid-configuration")
    }

    /// What the provider of this name publishes.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn read(issuer: &str, bytes: &[u8]) -> Result<Self, BadMetadata> {
        read::<Ignored>(bytes, BOUNDS).map_err(|_| BadMetadata::Unreadable)?;
        let published: Published =
            serde_json::from_slice(bytes).map_err(|_| BadMetadata::Unreadable)?;
        // Section 4.3: exactly, or another provider would speak for this one.
        if published.issuer != issuer {
            let shown = published.issuer.chars().filter(|c| !c.is_control());
            return Err(BadMetadata::Issuer(shown.take(200).collect()));
        }
        let local = issuer.starts_with("http://");
        let trusted = |url: String| {
            if is_trustworthy(&url, local) {
                Ok(url)
            } else {
                let shown = url.chars().filter(|c| !c.is_control());
                Err(BadMetadata::Address(shown.take(200).collect()))
            }
        };
        Ok(Self {
            authorize: trusted(published.authorization_endpoint)?,
            token: trusted(published.token_endpoint)?,
            userinfo: published.userinfo_endpoint.map(trusted).transpose()?,
            jwks: published.jwks_uri.map(trusted).transpose()?,
            names_itself: published.authorization_response_iss_parameter_supported,
            issuer: Some(published.issuer),
        })
    }
}

/// Whether something may be sent there: `https`, or, where the provider itself is on this machine, `http` on
/// this machine; without a name or password before the host, and without a fragment.
pub fn is_trustworthy(url: &str, local: bool) -> bool {
    let Ok(uri) = url.parse::<http::Uri>() else {
        return false;
    };
    let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else {
        return false;
    };
    if host.is_empty() || authority.as_str().contains('@') || url.contains(['#', '\\']) {
        return false;
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let here = bare == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => local && here,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(issuer: &str, token: &str) -> Vec<u8> {
        format!(
            r#"{{"issuer":"{issuer}","authorization_endpoint":"{issuer}/auth","token_endpoint":"{token}",
               "jwks_uri":"{issuer}/jwks","authorization_response_iss_parameter_supported":true}}"#
        )
        .into_bytes()
    }

    #[test]
    fn a_provider_speaks_for_itself_alone() {
        let issuer = "https://op.example";
        let read = |bytes: &[u8]| Metadata::read(issuer, bytes);
        let good = read(&published(issuer, "https://op.example/token")).unwrap();
        assert_eq!(good.jwks.as_deref(), Some("https://op.example/jwks"));
        assert!(good.names_itself);
        for other in [
            "https://op.example/",
            "https://OP.example",
            "https://evil.example",
        ] {
            let bytes = published(other, "https://op.example/token");
            assert!(
                matches!(read(&bytes), Err(BadMetadata::Issuer(_))),
                "{other}"
            );
        }
        for address in [
            "http://op.example/token",
            "http://127.0.0.1/token",
            "https://user@op.example/token",
            "https://op.example/token#a",
            "file:///etc/passwd",
            "/token",
        ] {
            let bytes = published(issuer, address);
            assert!(
                matches!(read(&bytes), Err(BadMetadata::Address(_))),
                "{address}"
            );
        }
        for bytes in [
            &b"{}"[..],
            b"[]",
            b"",
            br#"{"issuer":"https://op.example","issuer":"x"}"#,
        ] {
            assert_eq!(read(bytes), Err(BadMetadata::Unreadable));
        }
    }

    #[test]
    fn one_on_this_machine_may_speak_plainly() {
        let issuer = "http://127.0.0.1:3000";
        let bytes = published(issuer, "http://127.0.0.1:3000/token");
        assert!(Metadata::read(issuer, &bytes).is_ok());
        let bytes = published(issuer, "http://op.example/token");
        assert!(Metadata::read(issuer, &bytes).is_err());
    }

    #[test]
    fn the_address_of_what_is_published() {
        let wanted = "https://op.example/a/.well-known/openid-configuration";
        assert_eq!(Metadata::address("https://op.example/a"), wanted);
        assert_eq!(Metadata::address("https://op.example/a/"), wanted);
    }
}

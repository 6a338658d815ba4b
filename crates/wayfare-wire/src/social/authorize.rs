//! Where somebody is sent to log in.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// What the authorization endpoint is asked (OIDC Core, section 3.1.2.1).
#[derive(Debug, Clone)]
pub struct Authorize<'a> {
    /// The endpoint.
    pub endpoint: &'a str,
    /// Who asks.
    pub client: &'a str,
    /// Where the answer goes.
    pub redirect: &'a str,
    /// What is asked for.
    pub scopes: &'a [String],
    /// What comes back with the answer.
    pub state: &'a str,
    /// What stands in the token; not sent to a provider that makes none.
    pub nonce: Option<&'a str>,
    /// Of which the provider sees the hash.
    pub verifier: &'a str,
    /// How sure the provider is to be.
    pub acr_values: &'a [String],
    /// `form_post`, where the answer is to come in a form.
    pub response_mode: Option<&'a str>,
    /// What else the provider wants to be told.
    pub others: &'a [(String, String)],
}

impl Authorize<'_> {
    /// The address.
    pub fn url(&self) -> String {
        let scopes = self.scopes.join(" ");
        let acr_values = self.acr_values.join(" ");
        let challenge = challenge(self.verifier);
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", self.client),
            ("redirect_uri", self.redirect),
            ("scope", &scopes),
            ("state", self.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        parameters.extend(self.nonce.map(|nonce| ("nonce", nonce)));
        if !acr_values.is_empty() {
            parameters.push(("acr_values", &acr_values));
        }
        parameters.extend(self.response_mode.map(|mode| ("response_mode", mode)));
        let ours: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
        for (name, value) in self.others {
            // What binds the answer to the run is nobody else's to say.
            if !ours.contains(&name.as_str()) {
                parameters.push((name, value));
            }
        }
        with_parameters(self.endpoint, &parameters)
    }
}

/// The challenge of a verifier: `S256` of RFC 7636.
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// An address with these parameters behind those that it has.
pub fn with_parameters(url: &str, parameters: &[(&str, &str)]) -> String {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    let between = match url.split_once('?') {
        None => "?",
        Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{url}{between}{}", form(parameters))
}

/// Parameters as a form or a query.
pub fn form(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| {
        let mut pair = encoded(name);
        pair.push('=');
        pair.push_str(&encoded(value));
        pair
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// A text as a part of a form; nothing but what RFC 3986 leaves unreserved stands for itself.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(
            challenge(verifier),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn nothing_that_is_set_says_what_binds_the_run() {
        let others = [
            ("state".to_owned(), "theirs".to_owned()),
            ("prompt".to_owned(), "select account".to_owned()),
        ];
        let url = Authorize {
            endpoint: "https://op.example/auth?tenant=a&b#x",
            client: "wayfare",
            redirect: "https://login.example/",
            scopes: &["openid".to_owned(), "email".to_owned()],
            state: "s&1",
            nonce: Some("n"),
            verifier: "v",
            acr_values: &[],
            response_mode: None,
            others: &others,
        }
        .url();
        assert_eq!(
            url,
            "https://op.example/auth?tenant=a&b&response_type=code&client_id=wayfare&\
             redirect_uri=https%3A%2F%2Flogin.example%2F&scope=openid%20email&state=s%261&\
             code_challenge=TJTDE-GuwhP0NTZB9TqKf5GoSu_dNL19MhxFeZxvfF8&code_challenge_method=S256&nonce=n&\
             prompt=select%20account"
                .replace("TJTDE-GuwhP0NTZB9TqKf5GoSu_dNL19MhxFeZxvfF8", &challenge("v"))
        );
    }
}

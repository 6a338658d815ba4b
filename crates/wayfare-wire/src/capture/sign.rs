//! Signed requests: HMAC-SHA1 over path, date and parameters, with the secret of the client as the key.
//!
//! `Authorization: Signature {client_id}:{base64}` beside `Date: YYYY-MM-DD HH:MM:SS`. Clients sort the
//! parameters in two ways, by line or by key; they differ where one key is the beginning of another, since
//! `=` comes after digits. Either is taken.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::hmac;

use crate::capture::{date, parameters::Parameters};

/// How far the date of a signed request may be off, either way, unless a setting says otherwise.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);

/// The parameters that are not signed.
const OWN: [&str; 3] = ["client_id", "client_secret", "access_token"];

/// A signature that a request came with, and what it should be of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The client.
    pub id: String,
    /// When it says that it signed, in seconds since 1970.
    pub at: i64,
    signature: Vec<u8>,
    texts: Vec<String>,
}

/// Why a signature cannot be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature or its date is malformed")]
pub struct BadSignature;

impl Signed {
    /// The signature in a header; `paths` are those that the client may have meant, from the root.
    ///
    /// # Errors
    /// Header or date are not written as they should be.
    pub fn read(
        credential: &str,
        date: Option<&str>,
        paths: &[&str],
        parameters: &Parameters,
    ) -> Result<Self, BadSignature> {
        let (id, signature) = credential.split_once(':').ok_or(BadSignature)?;
        let signature = BASE64_STANDARD
            .decode(signature)
            .map_err(|_| BadSignature)?;
        let date = date.ok_or(BadSignature)?;
        let at = date::seconds(date).ok_or(BadSignature)?;
        if id.is_empty() || signature.len() != 20 {
            return Err(BadSignature);
        }
        let mut texts = Vec::new();
        for path in paths {
            for text in messages(path, date, parameters) {
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
        }
        Ok(Self {
            id: id.to_owned(),
            at,
            signature,
            texts,
        })
    }

    /// Whether the client with this secret signed it, about now.
    pub fn is_by(&self, secret: &str, now: i64, window: Duration) -> bool {
        let window = i64::try_from(window.as_secs()).unwrap_or(i64::MAX);
        let fresh = now.saturating_sub(self.at).saturating_abs() <= window;
        let key = key(secret);
        // Every text is tried, so that how long it takes tells nothing.
        let signed = self.texts.iter().fold(false, |signed, text| {
            signed | hmac::verify(&key, text.as_bytes(), &self.signature).is_ok()
        });
        signed && fresh
    }

    /// What tells this request from another of the same client.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// The name of a parameter that cannot be signed: what is signed is lines, which it would be several of, or
/// another one, so that a signature would be good for another request.
pub fn unsignable(parameters: &Parameters) -> Option<&str> {
    let cannot = |(name, value): &(&str, &str)| name.contains(['=', '\n']) || value.contains('\n');
    let mut signed = parameters.iter().filter(|(name, _)| !OWN.contains(name));
    signed.find(cannot).map(|(name, _)| name)
}

/// The signature of a request, as a client makes it that sorts by line.
pub fn signature(secret: &str, path: &str, date: &str, parameters: &Parameters) -> String {
    let [text, _] = messages(path, date, parameters);
    BASE64_STANDARD.encode(hmac::sign(&key(secret), text.as_bytes()))
}

/// Whether an app on a phone signed the renewal of its token with the secret it was given at the login.
pub fn is_refresh(secret: &str, date: &str, token: &str, signature: &str) -> bool {
    let text = format!("refresh_access_token\n{date}\n{token}\n");
    BASE64_STANDARD
        .decode(signature)
        .is_ok_and(|signature| hmac::verify(&key(secret), text.as_bytes(), &signature).is_ok())
}

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes())
}

/// The text sorted by line, and sorted by key.
fn messages(path: &str, date: &str, parameters: &Parameters) -> [String; 2] {
    let by_key: Vec<String> = parameters
        .iter()
        .filter(|(name, _)| !OWN.contains(name))
        .map(|(name, value)| format!("{name}={value}\n"))
        .collect();
    let mut by_line = by_key.clone();
    by_line.sort_by(|a, b| a.trim_end_matches('\n').cmp(b.trim_end_matches('\n')));
    [by_line, by_key].map(|lines| format!("{path}\n{date}\n{}", lines.concat()))
}

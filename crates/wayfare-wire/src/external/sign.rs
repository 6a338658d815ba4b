//! Signatures of requests to handlers and of their replies.
//!
//! HMAC-SHA256 over lines that begin with what is signed, so that a request is never taken for a reply.

use std::fmt;

use ring::hmac;

/// The shortest secret.
pub const SECRET_BYTES_MIN: usize = 32;

/// The secret that a server shares with a handler.
#[derive(Clone)]
pub struct Key(hmac::Key);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(_)")
    }
}

impl Key {
    /// The key of these bytes; `None` where they are fewer than [`SECRET_BYTES_MIN`].
    pub fn new(secret: &[u8]) -> Option<Self> {
        let long = secret.len() >= SECRET_BYTES_MIN;
        long.then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    /// The signature of a request.
    pub fn request(&self, time: &str, nonce: &str, key: &str, body: &[u8]) -> String {
        shown(&self.sign(&["wayfare-request-v1", time, nonce, key], body))
    }

    /// The signature of a reply to the request with this nonce.
    pub fn reply(&self, nonce: &str, body: &[u8]) -> String {
        shown(&self.sign(&["wayfare-reply-v1", nonce], body))
    }

    /// Whether this is the signature of a reply to the request with this nonce, in a time that tells
    /// nothing.
    pub fn is_reply(&self, nonce: &str, body: &[u8], signature: &str) -> bool {
        let Some(given) = signature.strip_prefix("v1=").and_then(bytes) else {
            return false;
        };
        let mut message = lines(&["wayfare-reply-v1", nonce]);
        message.extend_from_slice(body);
        hmac::verify(&self.0, &message, &given).is_ok()
    }

    fn sign(&self, parts: &[&str], body: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&lines(parts));
        context.update(body);
        context.sign()
    }
}

fn lines(parts: &[&str]) -> Vec<u8> {
    let mut message = Vec::new();
    for part in parts {
        message.extend_from_slice(part.as_bytes());
        message.push(b'\n');
    }
    message
}

fn shown(tag: &hmac::Tag) -> String {
    let mut text = "v1=".to_owned();
    for byte in tag.as_ref() {
        for half in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(u32::from(half), 16));
        }
    }
    text
}

/// The bytes of digits in pairs.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    let pairs = digits.chunks_exact(2);
    Some(
        pairs
            .filter_map(|pair| Some((pair.first()? << 4) | pair.get(1)?))
            .collect(),
    )
}

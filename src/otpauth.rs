//! The address of an authenticator, `otpauth://…`, which an app reads from a QR code.

use std::fmt::Write as _;

use crate::{
    engine::effect::{OathHash, OathMoving},
    secret::Secret,
};

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What an app is told of an authenticator.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// Whose it is.
    pub account: &'a str,
    /// Its key, in base 32.
    pub key: &'a Secret<String>,
    /// What moves.
    pub moving: OathMoving,
    /// Where a counter begins.
    pub counter: u64,
    /// How many digits its codes have.
    pub digits: u8,
    /// More that this app understands, name and value.
    pub more: &'a [(&'a str, &'a str)],
}

impl Address<'_> {
    /// The address; it holds the key.
    pub fn write(&self) -> Secret<String> {
        let (kind, hash) = match self.moving {
            OathMoving::Counter => ("hotp", OathHash::Sha1),
            OathMoving::Time { hash, .. } => ("totp", hash),
        };
        let (issuer, account) = (encoded(self.issuer), encoded(self.account));
        let mut address = format!(
            "otpauth://{kind}/{issuer}:{account}?secret={}&issuer={issuer}&digits={}&algorithm={}",
            self.key.reveal(),
            self.digits,
            hash.name()
        );
        // Writing into a string cannot fail.
        let _ = match self.moving {
            OathMoving::Counter => write!(address, "&counter={}", self.counter),
            OathMoving::Time { step, .. } => write!(address, "&period={step}"),
        };
        for (name, value) in self.more {
            let _ = write!(address, "&{}={}", encoded(name), encoded(value));
        }
        Secret::new(address)
    }
}

/// A text within an address: all but letters, digits and `-._~` by their bytes.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// Bytes as a key is written: base 32 without padding (RFC 4648).
pub fn base32(bytes: &[u8]) -> Secret<String> {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let digit = |value: u32| {
        let at = usize::try_from(value & 0x1f).unwrap_or_default();
        ALPHABET.get(at).map_or('A', |digit| char::from(*digit))
    };
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(digit(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        text.push(digit(held << (5 - bits)));
    }
    Secret::new(text)
}

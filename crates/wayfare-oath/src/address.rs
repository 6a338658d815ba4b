//! The address of a token, `otpauth://…`, which an app reads from a QR code.

use std::fmt::Write as _;

use wayfare::Secret;

use crate::{Hash, Key};

/// What moves from one code to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moving {
    /// A counter that begins here.
    Counter(u64),
    /// The time, in steps of so many seconds.
    Time(u64),
}

/// What an app is told of a token.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// Who issues it.
    pub issuer: &'a str,
    /// Whose it is.
    pub account: &'a str,
    /// Its key.
    pub key: &'a Key,
    /// Its hash.
    pub hash: Hash,
    /// How many digits its codes have.
    pub digits: u8,
    /// What moves.
    pub moving: Moving,
    /// More that this app understands, name and value.
    pub more: &'a [(&'a str, &'a str)],
}

impl Address<'_> {
    /// The address; it holds the key.
    pub fn write(&self) -> Secret<String> {
        let kind = match self.moving {
            Moving::Counter(_) => "hotp",
            Moving::Time(_) => "totp",
        };
        let (issuer, account) = (encoded(self.issuer), encoded(self.account));
        let key = self.key.to_base32();
        let mut address = format!(
            "otpauth://{kind}/{issuer}:{account}?secret={}&issuer={issuer}&digits={}&algorithm={}",
            key.reveal(),
            self.digits,
            self.hash.name()
        );
        // Writing into a string cannot fail.
        let _ = match self.moving {
            Moving::Counter(next) => write!(address, "&counter={next}"),
            Moving::Time(step) => write!(address, "&period={step}"),
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

//! Keys, and how they are written: base 32 without padding (RFC 4648).

use wayfare::{Secret, otpauth::base32};
use zeroize::Zeroizing;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The shortest key, in bytes: what RFC 4226 demands at least.
pub const KEY_BYTES_MIN: usize = 16;
/// The longest.
pub const KEY_BYTES_MAX: usize = 64;

/// The key of a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<Vec<u8>>);

/// Why something is no key; never what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not base 32.
    #[error("the key is not written in base 32")]
    Spelling,
    /// It is too short to be safe, or too long.
    #[error("the key does not have {KEY_BYTES_MIN} to {KEY_BYTES_MAX} bytes")]
    Length,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(_)")
    }
}

impl Key {
    /// A key of these bytes.
    ///
    /// # Errors
    /// There are too few or too many.
    pub fn new(bytes: Vec<u8>) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(bytes);
        if !(KEY_BYTES_MIN..=KEY_BYTES_MAX).contains(&bytes.len()) {
            return Err(KeyError::Length);
        }
        Ok(Self(bytes))
    }

    /// The key written so; letter case, blanks and padding at the end do not matter.
    ///
    /// # Errors
    /// It is not base 32, or the key is too short or too long.
    pub fn from_base32(text: &str) -> Result<Self, KeyError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len().min(128)));
        let (mut held, mut bits) = (0_u32, 0_u32);
        for digit in text.trim_end_matches('=').bytes().filter(|b| *b != b' ') {
            let value = ALPHABET
                .iter()
                .position(|known| *known == digit.to_ascii_uppercase())
                .and_then(|at| u32::try_from(at).ok())
                .ok_or(KeyError::Spelling)?;
            held = (held << 5) | value;
            bits += 5;
            if bits >= 8 {
                bits -= 8;
                bytes.push(u8::try_from((held >> bits) & 0xff).unwrap_or_default());
                held &= (1 << bits) - 1;
            }
            if bytes.len() > KEY_BYTES_MAX {
                return Err(KeyError::Length);
            }
        }
        // What is left over must be nothing, else two texts would be one key.
        if bits >= 5 || held != 0 {
            return Err(KeyError::Spelling);
        }
        Self::new(std::mem::take(&mut *bytes))
    }

    /// The key in base 32.
    pub fn to_base32(&self) -> Secret<String> {
        base32(&self.0)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

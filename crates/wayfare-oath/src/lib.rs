//! One-time codes of authenticator apps: HOTP (RFC 4226) and TOTP (RFC 6238).
//!
//! In: a key, what was typed, and the counter or the time. Out: the counter whose code was typed, if it is
//! in the window and was not used before. Where keys are kept, who may try how often, and what the clock
//! says are not here; whoever keeps the key keeps the counter too, and writes it down before it tells
//! anybody that the code was right.
//!
//! ```
//! use wayfare_oath::{Hash, Key, Token, Window};
//! let key = Key::from_base32("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap();
//! let token = Token::new(key, Hash::Sha1, 6).unwrap();
//! let window = Window::by_time(59, 30, 1, None);
//! assert_eq!(token.find("287082", window), Some(1));
//! assert_eq!(token.find("287082", Window::by_time(59, 30, 1, Some(1))), None);
//! ```

mod address;
mod key;

use ring::hmac;

pub use self::{
    address::{Address, Moving},
    key::{KEY_BYTES_MAX, KEY_BYTES_MIN, Key, KeyError},
};

/// The most codes that are looked at for one try.
pub const WINDOW_MAX: u64 = 1_000;

/// A hash that codes are made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1, which every app knows; as a keyed hash it is not broken.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Its name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

/// What makes codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    key: Key,
    hash: Hash,
    digits: u8,
}

/// Which counters a code may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    first: u64,
    last: u64,
}

impl Window {
    /// The next counter that was not used, and this many beyond it.
    ///
    /// Counters before it are over for good: a code is good once.
    pub fn by_counter(next: u64, ahead: u64) -> Self {
        let ahead = ahead.min(WINDOW_MAX - 1);
        Self {
            first: next,
            last: next.saturating_add(ahead),
        }
    }

    /// The step that this second is in, and this many steps on either side, all of them after the last one
    /// used.
    ///
    /// Steps are a second at least.
    pub fn by_time(second: u64, step: u64, around: u64, used: Option<u64>) -> Self {
        let now = second / step.max(1);
        let around = around.min((WINDOW_MAX - 1) / 2);
        let oldest = now.saturating_sub(around);
        let unused = used.map_or(Some(0), |used| used.checked_add(1));
        let Some(unused) = unused else {
            return Self { first: 1, last: 0 };
        };
        Self {
            first: oldest.max(unused),
            last: now.saturating_add(around),
        }
    }
}

impl Token {
    /// What makes codes of this many digits, 6 to 8.
    pub fn new(key: Key, hash: Hash, digits: u8) -> Option<Self> {
        (6..=8)
            .contains(&digits)
            .then_some(Self { key, hash, digits })
    }

    /// The code of a counter.
    pub fn code(&self, counter: u64) -> String {
        let width = usize::from(self.digits);
        format!("{:0width$}", self.number(counter))
    }

    /// The counter of the window whose code was typed.
    ///
    /// All codes of the window are made and compared, whichever it is, so that the time tells nothing.
    /// Blanks within what was typed do not matter. Where two counters have the same code it is the later
    /// one, so that the code cannot be used for the other.
    pub fn find(&self, typed: &str, window: Window) -> Option<u64> {
        let digits: String = typed.chars().filter(|c| *c != ' ').collect();
        let fits = digits.len() == usize::from(self.digits)
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        let typed: Option<u32> = digits.parse().ok().filter(|_| fits);
        let mut found = None;
        // BOUND: a window has at most `WINDOW_MAX` counters, by its making.
        for counter in window.first..=window.last {
            let same = typed.map(|typed| typed ^ self.number(counter)) == Some(0);
            found = if same { Some(counter) } else { found };
        }
        found
    }

    fn number(&self, counter: u64) -> u32 {
        let key = hmac::Key::new(self.hash.algorithm(), self.key.bytes());
        let tag = hmac::sign(&key, &counter.to_be_bytes());
        // RFC 4226, 5.3: the last four bits say where the number stands.
        let bytes = tag.as_ref();
        let at = bytes.last().map_or(0, |last| usize::from(last & 0x0f));
        let four = bytes.iter().skip(at).take(4);
        let number = four.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        (number & 0x7fff_ffff) % 10_u32.pow(u32::from(self.digits))
    }
}

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

mod compare;
mod key;

use ring::hmac;
pub use wayfare::engine::effect::OathHash as Hash;

pub use self::{
    compare::find,
    key::{KEY_BYTES_MAX, KEY_BYTES_MIN, Key, KeyError},
};

/// The most codes that are looked at for one try.
pub const WINDOW_MAX: u64 = 1_000;

fn algorithm(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

/// What makes codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    key: Key,
    hash: Hash,
    digits: u8,
    checksum: bool,
    offset: Option<u8>,
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

    /// From one counter to another; nothing where the second is before the first, and of more than
    /// [`WINDOW_MAX`] the first ones.
    pub fn between(first: u64, last: u64) -> Self {
        let last = last.min(first.saturating_add(WINDOW_MAX - 1));
        Self { first, last }
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
        (6..=8).contains(&digits).then_some(Self {
            key,
            hash,
            digits,
            checksum: false,
            offset: None,
        })
    }

    /// With a digit behind each code that guards against misspelling.
    #[must_use]
    pub fn with_checksum(mut self, checksum: bool) -> Self {
        self.checksum = checksum;
        self
    }

    /// With the number of each code at this byte of what was hashed, else where its last four bits say.
    ///
    /// `None` where the number does not fit there.
    pub fn at(mut self, offset: Option<u8>) -> Option<Self> {
        let bytes = algorithm(self.hash).digest_algorithm().output_len();
        let fits = offset.is_none_or(|at| usize::from(at) + 4 <= bytes);
        self.offset = offset;
        fits.then_some(self)
    }

    /// The code of a counter.
    pub fn code(&self, counter: u64) -> String {
        let width = self.width();
        format!("{:0width$}", self.number(counter))
    }

    /// The counter of the window whose code was typed.
    ///
    /// All codes of the window are made and compared, whichever it is, so that the time tells nothing.
    /// Blanks within what was typed do not matter. Where two counters have the same code it is the later
    /// one, so that the code cannot be used for the other.
    pub fn find(&self, typed: &str, window: Window) -> Option<u64> {
        let digits: String = typed.chars().filter(|c| *c != ' ').collect();
        let fits =
            digits.len() == self.width() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let typed: Option<u64> = digits.parse().ok().filter(|_| fits);
        let mut found = None;
        // BOUND: a window has at most `WINDOW_MAX` counters, by its making.
        for counter in window.first..=window.last {
            let same = typed.map(|typed| typed ^ self.number(counter)) == Some(0);
            found = if same { Some(counter) } else { found };
        }
        found
    }

    fn width(&self) -> usize {
        usize::from(self.digits) + usize::from(self.checksum)
    }

    fn number(&self, counter: u64) -> u64 {
        let key = hmac::Key::new(algorithm(self.hash), self.key.bytes());
        let tag = hmac::sign(&key, &counter.to_be_bytes());
        // RFC 4226, 5.3: the last four bits say where the number stands.
        let bytes = tag.as_ref();
        let said = || bytes.last().map_or(0, |last| usize::from(last & 0x0f));
        let at = self.offset.map_or_else(said, usize::from);
        let four = bytes.iter().skip(at).take(4);
        let number = four.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        let number = u64::from(number & 0x7fff_ffff) % 10_u64.pow(u32::from(self.digits));
        if self.checksum {
            number * 10 + checksum(number)
        } else {
            number
        }
    }
}

/// The digit that guards a number against misspelling, as that of credit cards does.
fn checksum(mut number: u64) -> u64 {
    let (mut sum, mut doubled) = (0, true);
    // BOUND: a number has at most twenty digits.
    while number > 0 {
        let digit = number % 10;
        sum += match (doubled, digit) {
            (true, digit) if digit > 4 => digit * 2 - 9,
            (true, digit) => digit * 2,
            (false, digit) => digit,
        };
        doubled = !doubled;
        number /= 10;
    }
    (10 - sum % 10) % 10
}

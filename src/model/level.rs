//! The auth level: how much a run has proved, as one number.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An auth level, `0..=2147483647`; arithmetic saturates at both ends.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct AuthLevel(u32);

impl AuthLevel {
    /// Where every run begins.
    pub const ZERO: Self = Self(0);
    /// The greatest level.
    pub const MAX: Self = Self(i32::MAX as u32);

    /// The level with this number, held to the bounds.
    pub fn saturating(number: i64) -> Self {
        Self(u32::try_from(number.clamp(0, i64::from(i32::MAX))).unwrap_or(0))
    }

    /// The level after a raise, or a fall where `by` is negative.
    pub fn raised(self, by: i64) -> Self {
        Self::saturating(i64::from(self.0).saturating_add(by))
    }

    /// The number.
    pub fn number(self) -> u32 {
        self.0
    }

    /// A strict decimal within the bounds: digits only, no sign, no blanks.
    ///
    /// ```
    /// use wayfare::AuthLevel;
    /// assert_eq!(AuthLevel::parse("20").map(AuthLevel::number), Some(20));
    /// assert_eq!(AuthLevel::parse("2147483648"), None);
    /// assert_eq!(AuthLevel::parse(" 10 "), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 10 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: u64 = text.parse().ok()?;
        u32::try_from(number)
            .ok()
            .filter(|n| *n <= Self::MAX.0)
            .map(Self)
    }
}

impl fmt::Display for AuthLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The levels that a run of a journey can have at success.
///
/// No run succeeds below `least` or above `greatest`; between them not every level need be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LevelSpan {
    /// The least level at success.
    pub least: AuthLevel,
    /// The greatest level at success.
    pub greatest: Greatest,
}

impl LevelSpan {
    /// Whether some run may succeed at this level or above it.
    pub fn may_reach(&self, level: AuthLevel) -> bool {
        self.greatest >= Greatest::Finite(level)
    }

    /// Whether every run that succeeds has this level or more.
    pub fn always_reaches(&self, level: AuthLevel) -> bool {
        self.least >= level
    }
}

impl fmt::Display for LevelSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.least, self.greatest)
    }
}

/// The greatest level at success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Greatest {
    /// This level.
    Finite(AuthLevel),
    /// No bound is known: a loop raises the level on every round, or the amount is computed.
    Unbounded,
}

impl fmt::Display for Greatest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finite(level) => level.fmt(f),
            Self::Unbounded => f.write_str("unbounded"),
        }
    }
}

//! The two things a run takes from outside without asking: the time and randomness.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The instant this much later; the last instant where there is none.
    pub fn plus(self, span: Duration) -> Self {
        Self(
            self.0
                .saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        )
    }

    /// How much later this is than `earlier`; zero where it is not.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The instant as RFC 3339 has it, with thousandths and in UTC: `2026-11-22T08:00:00.000Z`.
    pub fn rfc3339(self) -> String {
        super::instant::write(self)
    }

    /// Whole seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.0 / 1_000
    }
}

/// The clock and the source of randomness of an embedder.
pub trait Host {
    /// The time now. It may jump; the engine compares, it does not measure.
    fn now(&self) -> Timestamp;

    /// Fills `bytes` from a cryptographically secure source.
    ///
    /// # Errors
    /// There is no randomness to be had; the run fails closed.
    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The id of what begins now, a run first of all: the milliseconds of the time, 48 bits, before 80 random ones.
///
/// It is nobody's secret. Ids that grow with the time stand beside one another wherever a store keeps what
/// belongs to them, so that what is written together is written in one place.
///
/// ```
/// use wayfare::{Timestamp, engine::host::id_of};
///
/// let (early, late) = (id_of(Timestamp(7), [0xff; 16]), id_of(Timestamp(8), [0; 16]));
/// assert!(early < late);
/// assert_ne!(early, id_of(Timestamp(7), [0xfe; 16]));
/// ```
pub fn id_of(now: Timestamp, drawn: [u8; 16]) -> u128 {
    const RANDOM: u32 = 80;
    u128::from(now.0) << RANDOM | u128::from_be_bytes(drawn) & ((1 << RANDOM) - 1)
}

/// The source of randomness failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source of randomness failed")
    }
}

impl std::error::Error for NoRandomness {}

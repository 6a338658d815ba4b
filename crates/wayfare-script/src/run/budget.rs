//! How much a run may take.
//!
//! Steps are counted by the engine itself, which looks at the bounds after every ten thousand of them: loops,
//! calls, and the work of regular expressions. Counting is exact in that the same run is stopped at the same
//! step everywhere, so it is what tests and replays rest on; a clock is exact in that it bounds what a server
//! loses, whatever a step costs. Neither does the other's work, so both bound a run. This crate reads no clock:
//! whoever embeds it brings one, best one that counts the time of the thread, which nobody else can use up.

use std::{fmt, time::Duration};

/// How much a run may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// How long it may run, where there is a [`Meter`].
    pub time: Duration,
    /// How many steps it may take, in ten thousands.
    pub steps: u32,
    /// Bytes of its memory.
    pub memory: usize,
    /// Bytes of its stack.
    pub stack: usize,
    /// Bytes of all that it says and logs.
    pub output: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            time: Duration::from_millis(50),
            steps: 500,
            memory: 16 * 1_024 * 1_024,
            stack: 256 * 1_024,
            output: 64 * 1_024,
        }
    }
}

/// Something that measures time.
pub trait Meter: fmt::Debug + Send + Sync + 'static {
    /// The time since some beginning that stays the same in one thread.
    fn read(&self) -> Duration;
}

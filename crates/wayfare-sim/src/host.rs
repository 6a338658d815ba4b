//! A clock that stands still until it is moved, and numbers from a seed.

use std::{cell::Cell, sync::Arc, time::Duration};

use wayfare::{Host, Timestamp, engine::host::NoRandomness};

/// A virtual clock with randomness from a seed.
///
/// The numbers are the same for the same seed and are **no secret**: whoever sees a few of them knows all
/// others. They are fit for tests and for nothing else.
///
/// ```
/// use std::time::Duration;
/// use wayfare::Host;
/// use wayfare_sim::SimHost;
///
/// let host = SimHost::new(7);
/// let began = host.now();
/// host.advance(Duration::from_secs(60));
/// assert_eq!(host.now().since(began), Duration::from_secs(60));
/// ```
#[derive(Debug, Clone)]
pub struct SimHost {
    now: Cell<Timestamp>,
    state: Cell<u64>,
    draws: Cell<u64>,
    fails: Cell<Fails>,
    jumps: Arc<[i64]>,
    jumped: Cell<usize>,
}

/// Which draws fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fails {
    Never,
    Always,
    At(u64),
}

impl SimHost {
    /// When the clock starts: 2026-01-01T00:00:00Z.
    pub const EPOCH: Timestamp = Timestamp(1_767_225_600_000);

    /// A clock at [`SimHost::EPOCH`] and the numbers of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            now: Cell::new(Self::EPOCH),
            state: Cell::new(seed),
            draws: Cell::new(0),
            fails: Cell::new(Fails::Never),
            jumps: Arc::from([]),
            jumped: Cell::new(0),
        }
    }

    /// With a clock that jumps, forwards or back, by the next of these milliseconds whenever it is read,
    /// and stands still once there are no more.
    pub fn jumping(mut self, jumps: impl Into<Arc<[i64]>>) -> Self {
        self.jumps = jumps.into();
        self.jumped.set(0);
        self
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.now.set(self.now.get().plus(by));
    }

    /// Sets the clock, forwards or back.
    pub fn set(&self, now: Timestamp) {
        self.now.set(now);
    }

    /// Says whether every draw of randomness fails from now on.
    pub fn fail_random(&self, fails: bool) {
        self.fails
            .set(if fails { Fails::Always } else { Fails::Never });
    }

    /// Says that the draw of this number, counted from 0, fails, and no other.
    pub fn fail_random_at(&self, draw: u64) {
        self.fails.set(Fails::At(draw));
    }

    /// How many draws there were, those that failed among them.
    pub fn draws(&self) -> u64 {
        self.draws.get()
    }

    /// The next number, by `SplitMix64`.
    fn next(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.state.set(state);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

impl Host for SimHost {
    fn now(&self) -> Timestamp {
        let at = self.jumped.get();
        if let Some(jump) = self.jumps.get(at) {
            self.jumped.set(at + 1);
            let Timestamp(now) = self.now.get();
            self.now.set(Timestamp(now.saturating_add_signed(*jump)));
        }
        self.now.get()
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let draw = self.draws.get();
        self.draws.set(draw + 1);
        let fails = match self.fails.get() {
            Fails::Never => false,
            Fails::Always => true,
            Fails::At(at) => at == draw,
        };
        if fails {
            return Err(NoRandomness);
        }
        for eight in bytes.chunks_mut(8) {
            let drawn = self.next().to_le_bytes();
            for (byte, drawn) in eight.iter_mut().zip(drawn) {
                *byte = drawn;
            }
        }
        Ok(())
    }
}

//! Laws of security over HTTP, with random moves beside a model, or as a whole table.
//!
//! `WAYFARE_LAW_MOVES` says how many moves the model makes, `WAYFARE_LAW_SEED` which; both are printed.

mod crossing;
mod model;

/// Numbers that are the same on every run.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let count = u64::try_from(count).expect("a number");
        usize::try_from((self.0 >> 11) % count).expect("a number")
    }

    /// Whether it happens, once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A number of the environment.
pub(crate) fn told(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

//! What takes long to show, at a size that a variable sets: tries that 64 threads share, damage of the store,
//! times that tell nobody who exists, nodes that panic, and what waits and what ends by its time among very
//! many.
//!
//! docs/testing.md has the commands and the ledgers of their runs.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod expiry;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod lockout;
#[cfg(test)]
mod panics;
#[cfg(test)]
#[path = "../support/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "these tests use a part of what all tests share"
)]
mod support;
#[cfg(test)]
mod timing;
#[cfg(test)]
mod waiting;

/// The size of a test: that of the variable, or the usual one.
#[cfg(test)]
fn size(name: &str, usual: u64) -> u64 {
    let set = std::env::var(name).ok();
    let size = set.map_or(usual, |set| set.parse().expect("a number"));
    println!("{name}={size}");
    size
}

/// `SplitMix64`: the same numbers for the same seed.
#[cfg(test)]
struct Dice(u64);

#[cfg(test)]
impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }
}

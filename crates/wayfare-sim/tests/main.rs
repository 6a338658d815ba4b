//! The tests of `wayfare-sim`, one binary.

// `cfg(test)` holds anyway; written out, it lets the helpers of the tests fail as the tests do.
#[cfg(test)]
mod explore;
#[cfg(test)]
mod host;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod mutant;
#[cfg(test)]
mod play;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod swaps;
#[cfg(test)]
mod trace;
#[cfg(test)]
mod world;

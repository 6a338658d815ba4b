//! The tests of `wayfare-testing`, one binary.

// `cfg(test)` holds anyway; written out, it lets the helpers of the tests fail as the tests do.
#[cfg(test)]
mod faults;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod wild;

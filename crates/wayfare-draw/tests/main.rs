//! The tests of `wayfare-draw`, one binary.

// `cfg(test)` holds anyway; written out, it lets the helpers of the tests fail as the tests do.
#[cfg(test)]
mod attack;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod layout;
#[cfg(test)]
mod overlays;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod support;

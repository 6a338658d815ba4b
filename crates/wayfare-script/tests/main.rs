//! Tests of the crate, one binary.

#[cfg(test)]
mod facts;
#[cfg(test)]
#[cfg(feature = "run")]
mod legacy;
#[cfg(test)]
mod real;
#[cfg(test)]
mod suggest;
// `cfg(test)` holds anyway; written out, it lets the helpers of the tests fail as the tests do.
#[cfg(test)]
#[cfg(feature = "run")]
mod run;

//! Packing bundles.

mod forms;
mod random;
pub(crate) mod real;

//! The tests of `wayfare-sim`, one binary.

mod host;
mod play;
mod world;

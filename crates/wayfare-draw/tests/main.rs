//! The tests of `wayfare-draw`, one binary.

mod attack;
mod golden;
mod layout;
mod overlays;
mod pictures;
mod support;

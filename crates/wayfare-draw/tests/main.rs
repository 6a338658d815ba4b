//! The tests of `wayfare-draw`, one binary.

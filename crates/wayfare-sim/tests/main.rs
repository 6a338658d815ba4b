//! The tests of `wayfare-sim`, one binary.

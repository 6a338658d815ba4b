//! The tests of `wayfare-testing`, one binary.

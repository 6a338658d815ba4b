//! The wire, seen from outside.

mod callbacks;

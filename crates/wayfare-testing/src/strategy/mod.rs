//! Strategies of `proptest`.

mod answers;

pub use answers::{answers, misfits, wild_answers};

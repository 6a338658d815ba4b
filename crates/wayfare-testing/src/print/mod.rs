//! Runs as others can repeat them.

mod curl;
mod test;

pub(crate) use curl::curl;
pub(crate) use test::test;

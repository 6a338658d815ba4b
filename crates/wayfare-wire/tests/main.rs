//! The wire, seen from outside.

#[cfg(test)]
mod callbacks;

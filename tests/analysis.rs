//! What the proofs say: golden files, and programs too large to recurse on.

mod golden;
mod large;
mod lost;
mod scale;
mod spent;
mod swaps;

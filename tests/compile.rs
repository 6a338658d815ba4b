//! What the compiler says and makes: golden files, laws of fixes, limits, hashes.

mod golden;
mod limits;
mod program;
mod trees;

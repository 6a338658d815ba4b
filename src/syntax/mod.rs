//! Text to tree: the grammar decides shape only, and a broken line costs one finding.

pub mod ast;

//! Why a script cannot be read.

/// Why a script cannot be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// The line, from 1.
    pub(crate) line: u32,
    /// Why.
    pub(crate) why: &'static str,
}

impl Unreadable {
    pub(super) fn new(line: u32, why: &'static str) -> Self {
        Self { line, why }
    }
}

//! How much a program may be.

/// The bounds of one compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileLimits {
    /// Bytes of one file. A journey with its fragments expanded comes to 64 MiB at most, or to this where it
    /// is more.
    pub file_bytes: usize,
    /// Files of a program, imported ones included.
    pub files: usize,
    /// Nodes of one journey, fragments expanded.
    pub nodes: usize,
    /// How deep brackets nest, and fragments use each other.
    pub nesting: usize,
}

impl Default for CompileLimits {
    fn default() -> Self {
        Self {
            file_bytes: 1_024 * 1_024,
            files: 10_000,
            nodes: 10_000,
            nesting: 64,
        }
    }
}

impl CompileLimits {
    /// With files of at most this many bytes.
    pub fn file_bytes(mut self, bytes: usize) -> Self {
        self.file_bytes = bytes;
        self
    }

    /// With at most this many files.
    pub fn files(mut self, files: usize) -> Self {
        self.files = files;
        self
    }

    /// With at most this many nodes in a journey.
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// With nesting of at most this depth; the scan before the parser holds 64 whatever stands here.
    pub fn nesting(mut self, nesting: usize) -> Self {
        self.nesting = nesting.min(64);
        self
    }
}

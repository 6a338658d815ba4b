//! How a journey ends, as its caller sees it.
//!
//! In: an end of a journey. Out: one of five ways, and sets of them. Which of them some run reaches is
//! looked for where the arcs are.

/// How a journey ends, as its caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::analysis) enum Exit {
    /// At success.
    Success,
    /// At failure.
    Failure,
    /// At a declared loose end, its own or one further in.
    Loose,
    /// In an error that nothing inside takes: a node that calls out or may miss a value has failed.
    Raise,
    /// In an error of a node of which none is expected. Only a written arrow makes it count.
    Stumble,
}

impl Exit {
    /// How many ways there are.
    pub(in crate::analysis) const COUNT: usize = 5;

    /// The place of this way in a list of all.
    pub(in crate::analysis) fn number(self) -> usize {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Loose => 2,
            Self::Raise => 3,
            Self::Stumble => 4,
        }
    }
}

/// A set of ways to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::analysis) struct Exits(u8);

impl Exits {
    /// Whether this way is among them.
    pub(in crate::analysis) fn has(self, exit: Exit) -> bool {
        self.0 & Self::bit(exit) != 0
    }

    /// Adds a way.
    pub(in crate::analysis) fn add(&mut self, exit: Exit) {
        self.0 |= Self::bit(exit);
    }

    fn bit(exit: Exit) -> u8 {
        1 << exit.number()
    }
}

//! How a state is left, with all that is known of leaving it so.
//!
//! In: a signature's facts of one outcome, or that of an error. Out: an arc, which every check reads for the
//! few facts that it follows. Where the facts come from is not here.

use crate::{
    analysis::flow::exit::Exit,
    model::{
        address::Stated,
        journey::OutcomeId,
        signature::{Challenge, Factor},
        unsent::Use,
    },
};

/// How an arc leaves its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analysis) enum Leave {
    /// From one child of a page to the next, by the child's own outcome.
    Next(OutcomeId),
    /// Past the other children of a page, to the last one that comes before them.
    Past,
    /// Out of the node by an outcome.
    Outcome(OutcomeId),
    /// By the error arrow that is written.
    Error,
    /// In an error that has no arrow.
    Unhandled,
}

/// How far an arc moves the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analysis) enum Raise {
    /// By this much; mostly not at all.
    By(i64),
    /// By an amount that is computed at run time.
    Unknown,
}

impl Raise {
    /// Whether the level may rise by it.
    pub(in crate::analysis) fn may_raise(self) -> bool {
        match self {
            Self::By(by) => by > 0,
            Self::Unknown => true,
        }
    }
}

/// For which questions an arc stands: an error in a later child of a page has passed the earlier ones, and
/// yet what they did is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analysis) enum Only {
    /// For all.
    Always,
    /// For what a run passes.
    Passing,
    /// For what a run has done.
    Done,
}

/// How often an arc can be taken in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analysis) enum Bound {
    /// As often as one likes.
    None,
    /// At most this often.
    Times(u64),
    /// A limit that is computed at run time.
    Unknown,
}

/// What becomes of the account of whoever is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::analysis) struct Account {
    /// Whether it is changed.
    pub(in crate::analysis) changes: bool,
    /// Whether it is made.
    pub(in crate::analysis) makes: bool,
    /// The factors that are handed out.
    pub(in crate::analysis) hands: Factors,
}

impl Account {
    pub(super) const KEPT: Self = Self {
        changes: false,
        makes: false,
        hands: Factors(0),
    };
}

/// A set of factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::analysis) struct Factors(pub(in crate::analysis) u16);

impl Factors {
    pub(in crate::analysis) fn of(list: &[Factor]) -> Self {
        let one = |factor: &Factor| 1 << *factor as u16;
        Self(list.iter().map(one).fold(0, |all, one: u16| all | one))
    }

    /// Whether this factor is among these.
    pub(in crate::analysis) fn has(self, factor: Factor) -> bool {
        Self::has_in(u32::from(self.0), factor)
    }

    /// The same of factors that a memory holds.
    pub(in crate::analysis) fn has_in(bits: u32, factor: Factor) -> bool {
        bits & u32::from(Self::of(&[factor]).0) != 0
    }
}

/// An arc.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, as signatures state them"
)]
pub(in crate::analysis) struct Arc {
    /// Where it begins.
    pub(in crate::analysis) from: u32,
    /// Where it leads.
    pub(in crate::analysis) to: u32,
    /// How it leaves.
    pub(in crate::analysis) leave: Leave,
    /// For a call: how the inner journey has ended.
    pub(in crate::analysis) via: Option<Exit>,
    /// For which questions it stands.
    pub(in crate::analysis) only: Only,
    /// What is proved.
    pub(in crate::analysis) proves: Option<Factor>,
    /// Whether a secret was compared, where one is.
    pub(in crate::analysis) compares: bool,
    /// What becomes of the account.
    pub(in crate::analysis) account: Account,
    /// Whether it is there for a name that is nobody's.
    pub(in crate::analysis) absent: bool,
    /// Whether the name of the identity may be written.
    pub(in crate::analysis) writes_identity: bool,
    /// Whether another person may be named than the one named before.
    pub(in crate::analysis) renames: bool,
    /// What becomes of the challenge.
    pub(in crate::analysis) challenge: Challenge,
    /// What becomes of the address that the state may state for a code.
    pub(in crate::analysis) stated: Stated,
    /// What becomes of a code that has gone to nobody.
    pub(in crate::analysis) code: Use,
    /// How the level moves.
    pub(in crate::analysis) raise: Raise,
    /// The least level with which it can be taken.
    pub(in crate::analysis) level_min: i64,
    /// The greatest level with which it can be taken.
    pub(in crate::analysis) level_max: i64,
    /// How often it can be taken.
    pub(in crate::analysis) bound: Bound,
}

impl Arc {
    /// Whether taking it completes a node.
    pub(in crate::analysis) fn completes(&self) -> bool {
        !matches!(self.leave, Leave::Next(_) | Leave::Past)
    }

    /// Whether no run can take it: a limiter that lets nothing pass.
    pub(in crate::analysis) fn is_shut(&self) -> bool {
        self.bound == Bound::Times(0)
    }

    /// The outcome of the node, or of the child of a page, by which it leaves.
    pub(in crate::analysis) fn outcome(&self) -> Option<OutcomeId> {
        match self.leave {
            Leave::Next(outcome) | Leave::Outcome(outcome) => Some(outcome),
            Leave::Past | Leave::Error | Leave::Unhandled => None,
        }
    }

    /// Whether it is taken on an error.
    pub(in crate::analysis) fn is_error(&self) -> bool {
        matches!(self.leave, Leave::Error | Leave::Unhandled)
    }
}

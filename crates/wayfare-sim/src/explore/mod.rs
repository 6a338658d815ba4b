//! Every state that runs of a journey can be in, one after the other.
//!
//! In: a program, checked or refused by the proofs, a journey of it, and how many runs of it there are at
//! once. Out: how many states there are, and for each property that is broken in one of them the shortest
//! run to it. Values are abstracted: what a person types is right or wrong, whom they name exists or not,
//! what the outside says may be anything that the signatures allow. What is counted is counted: the limits
//! of the run, the failures of the account up to the lockout, the level, and what was proved of whom.
//!
//! With one run everybody may be anybody, and what is asked are the properties of the journey, proofs and
//! levels at success, and that every state reaches an end or a question. With two or three runs the first
//! is the victim's and the others are an [`Attacker`]'s, on one store: what is asked is whether the
//! attacker gets in by a proof that somebody else gave, by a code of another run, or by more guesses than
//! the lockout allows. The clock stands: a lock does not lapse while several runs are explored.
//!
//! The search says less than the proofs of the compiler where it stops at a budget, and more where they
//! are careful: it counts, and it knows what a guard said of the level before. What it refutes, they refute.
//!
//! Deliberately not here: running nodes. The table is made from signatures, as the proofs are.

mod apply;
mod found;
mod frame;
mod guard;
mod layout;
mod local;
mod lower;
mod outcome;
mod search;
mod seen;
mod table;
mod watch;
mod witness;

use std::sync::Arc;

use wayfare::{Program, model::journey::Journey};

pub use crate::explore::{
    found::{Found, RunStep, Violation},
    witness::{NoTest, as_test},
};

use crate::explore::{apply::Rules, search::End};

/// How many runs there are at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runs {
    /// One, of anybody.
    #[default]
    One,
    /// The victim's and one of the attacker's.
    Two,
    /// The victim's and two of the attacker's.
    Three,
}

impl Runs {
    /// The number.
    pub fn number(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// What the attacker knows of the victim, besides the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attacker {
    /// Nothing: every guess is wrong.
    #[default]
    Nothing,
    /// The password.
    Password,
    /// One code that was sent to the victim, whichever it is.
    Code,
}

/// How far a search may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// States that may be found.
    pub states: u64,
    /// Bytes that may be held.
    pub bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            states: 50_000_000,
            bytes: 2 << 30,
        }
    }
}

/// What to explore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How many runs there are at once.
    pub runs: Runs,
    /// What the attacker knows; of no account with one run.
    pub attacker: Attacker,
    /// How many wrong secrets in a row the store compares before it locks.
    pub failures_max: u32,
    /// How far to go.
    pub budget: Budget,
    /// Whether states that differ in nothing that matters are looked at once; see docs/testing.md.
    pub reduced: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            runs: Runs::One,
            attacker: Attacker::Nothing,
            failures_max: 5,
            budget: Budget::default(),
            reduced: true,
        }
    }
}

impl Options {
    /// With this many runs at once.
    pub fn runs(self, runs: Runs) -> Self {
        Self { runs, ..self }
    }

    /// With an attacker who knows this.
    pub fn attacker(self, attacker: Attacker) -> Self {
        Self { attacker, ..self }
    }

    /// With every order of the moves of several runs: much slower, and finds the same.
    pub fn unreduced(self) -> Self {
        Self {
            reduced: false,
            ..self
        }
    }

    /// Within this budget.
    pub fn budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }
}

/// How far a search has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// States that were found.
    pub states: u64,
    /// Those of them that were not gone on from yet.
    pub waiting: u64,
    /// Moves from the start.
    pub depth: u32,
    /// Bytes that are held.
    pub bytes: u64,
}

/// Why a search did not see everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// The budget of states is spent.
    States,
    /// The budget of memory is spent.
    Memory,
    /// Whoever watched has stopped it.
    Stopped,
}

/// What an exploration found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explored {
    /// The journey.
    pub journey: Arc<str>,
    /// States that were found.
    pub states: u64,
    /// Moves that were made.
    pub moves: u64,
    /// The most moves from the start to any state, along a shortest run.
    pub depth: u32,
    /// Bytes that were held at the end.
    pub bytes: u64,
    /// Why it did not see everything, if it did not.
    pub unfinished: Option<Unfinished>,
    /// What is broken, properties first, each with a shortest run.
    pub found: Vec<Found>,
    /// With several runs: how the attacker gets in by what they know, if they do; no finding.
    pub entered: Option<Found>,
    /// Properties that were left to the checks, and why.
    pub left_out: Vec<(Arc<str>, &'static str)>,
}

impl Explored {
    /// Whether everything was seen and nothing is broken.
    pub fn is_clean(&self) -> bool {
        self.found.is_empty() && self.unfinished.is_none()
    }
}

/// Why a journey cannot be explored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExploreError {
    /// Its inner journeys, each put in where it is called, make too many places.
    #[error("with every inner journey put in where it is called, the journey has too many nodes")]
    TooLarge,
    /// A state would have more parts than there is room for.
    #[error("the journey counts and remembers more than a state has room for")]
    TooWide,
}

/// Explores a journey; `report` is told of the progress now and then, and says whether to go on.
///
/// # Errors
/// The journey is too large to be put into one table, or counts too much for one state.
pub fn explore(
    program: &Program,
    journey: &Journey,
    options: Options,
    report: &mut dyn FnMut(Progress) -> bool,
) -> Result<Explored, ExploreError> {
    let failures_max = options.failures_max.clamp(1, 1_000);
    let table = lower::lower(program, journey, options.runs, failures_max)?;
    let rules = Rules {
        runs: options.runs,
        attacker: options.attacker,
        failures_max,
        reduced: options.reduced,
    };
    let searched =
        search::search(&table, rules, options.budget, report).ok_or(ExploreError::TooWide)?;
    let (found, entered) = found::found(&table, options.runs, &searched);
    Ok(Explored {
        journey: Arc::clone(&journey.name),
        states: searched.states,
        moves: searched.moves,
        depth: searched.depth,
        bytes: searched.bytes,
        unfinished: match searched.end {
            End::Whole => None,
            End::States => Some(Unfinished::States),
            End::Memory => Some(Unfinished::Memory),
            End::Stopped => Some(Unfinished::Stopped),
        },
        found,
        entered,
        left_out: table.left_out.clone(),
    })
}

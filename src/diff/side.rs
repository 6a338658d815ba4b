//! One of the two programs, with what both are asked.

use super::{
    finding::{self, Findings},
    lock,
};
use crate::{
    analysis::{
        level_spans,
        summary::{Passed, Summaries},
    },
    model::{
        journey::{Journey, JourneyId},
        level::LevelSpan,
        program::Program,
    },
};

/// A program with its summaries.
#[derive(Debug)]
pub(super) struct Side<'a> {
    /// The program.
    pub(super) program: &'a Program,
    /// What its runs prove and try.
    pub(super) all: Summaries<'a>,
    /// What its successes have passed.
    pub(super) passed: Passed,
    /// By journey and node, whether from there the account is locked for certain.
    pub(super) locks: Vec<Vec<bool>>,
    /// What the checks of the compiler find.
    pub(super) findings: Findings,
    spans: Vec<Option<LevelSpan>>,
}

impl<'a> Side<'a> {
    /// The summaries of a program.
    pub(super) fn new(program: &'a Program) -> Self {
        let all = Summaries::new(program);
        let passed = all.passed();
        let locks = lock::of(program, all.order());
        Self {
            program,
            all,
            passed,
            locks,
            findings: finding::of(program),
            spans: level_spans(program),
        }
    }

    /// The levels at success of a journey.
    pub(super) fn span(&self, journey: JourneyId) -> Option<LevelSpan> {
        self.spans.get(journey.index()).copied().flatten()
    }
}

/// Whether a login may begin with this journey.
pub(super) fn is_startable(journey: &Journey) -> bool {
    journey.settings.enabled && !journey.settings.inner_only
}

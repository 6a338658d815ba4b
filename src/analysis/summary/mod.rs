//! What the runs of a journey prove, reach and may try: the facts by which two versions are compared.
//!
//! In: the flows of a program. Out: for one journey, what its successes hold (the factors proved of whom
//! they log in, and the level), the checks that every success has passed, and how often a secret may be
//! tried. For each there is a shortest run that goes beyond what another version allows. What counts as
//! better or worse is decided by `diff`.

mod holding;
mod passed;
mod tries;
mod without;

pub(crate) use holding::{Holding, Holdings};
pub(crate) use passed::{Check, Passed};
pub(crate) use tries::{Most, Secrets};

use crate::{
    analysis::{
        counterexample::Counterexample,
        flow::{Exit, Flow, Flows},
        space::{Mark, Space},
    },
    model::{
        expr::Expr,
        journey::{Journey, JourneyId},
        program::Program,
    },
};

/// A program with its flows, ready for questions.
#[derive(Debug)]
pub(crate) struct Summaries<'a> {
    /// The program.
    pub(crate) program: &'a Program,
    flows: Flows,
}

impl<'a> Summaries<'a> {
    /// The flows of a program.
    pub(crate) fn new(program: &'a Program) -> Self {
        Self {
            program,
            flows: Flows::new(program),
        }
    }

    /// Whether some run of the journey succeeds.
    pub(crate) fn succeeds(&self, journey: JourneyId) -> bool {
        let ends = self.flows.ends.get(journey.index());
        ends.is_some_and(|ends| ends.has(Exit::Success))
    }

    /// What the successes of a journey hold.
    pub(crate) fn holdings(&self, journey: &Journey) -> Holdings {
        holding::of(&self.space(journey), Flow::of_node(journey.start))
    }

    /// A shortest run to a success that holds exactly this.
    pub(crate) fn run_to(&self, journey: &Journey, wanted: Holding) -> Option<Counterexample> {
        holding::run_to(&self.space(journey), Flow::of_node(journey.start), wanted)
    }

    /// The checks that every success has passed, by journey.
    pub(crate) fn passed(&self) -> Passed {
        passed::of(self.program, &self.flows, &[])
    }

    /// The checks that every success has passed on which nothing says that one of the conditions is true.
    pub(crate) fn passed_without(&self, conditions: &[Expr]) -> Passed {
        passed::of(self.program, &self.flows, conditions)
    }

    /// What the successes of a journey hold on which nothing says that one of the conditions is true.
    pub(crate) fn holdings_without(&self, journey: &Journey, conditions: &[Expr]) -> Holdings {
        let space = self.space_without(journey, conditions);
        holding::of(&space, Flow::of_node(journey.start))
    }

    /// A shortest run to a success that holds exactly this, on which nothing says that one of the
    /// conditions is true.
    pub(crate) fn run_without(
        &self,
        journey: &Journey,
        conditions: &[Expr],
        wanted: Holding,
    ) -> Option<Counterexample> {
        let space = self.space_without(journey, conditions);
        holding::run_to(&space, Flow::of_node(journey.start), wanted)
    }

    /// A shortest run to success that passes none of these checks, and on which nothing says that one of
    /// the conditions is true.
    pub(crate) fn run_around_without(
        &self,
        journey: &Journey,
        conditions: &[Expr],
        check: &Check,
    ) -> Option<Counterexample> {
        passed::run_around(self.space_without(journey, conditions), journey, check)
    }

    /// The journeys, those that are called before those that call them.
    pub(crate) fn order(&self) -> &[JourneyId] {
        &self.flows.order
    }

    /// A shortest run to success that passes none of these checks.
    pub(crate) fn run_around(&self, journey: &Journey, check: &Check) -> Option<Counterexample> {
        passed::run_around(self.space(journey), journey, check)
    }

    /// The secrets that runs of a journey may try, and how often each at most.
    pub(crate) fn secrets(&self, journey: &Journey) -> Secrets {
        tries::of(self, journey)
    }

    /// A shortest run that tries a secret more often than this.
    pub(crate) fn run_beyond(
        &self,
        journey: &Journey,
        secret: &str,
        tries: u64,
    ) -> Option<Counterexample> {
        tries::run_beyond(self, journey, secret, tries)
    }

    fn space(&self, journey: &Journey) -> Space<'_> {
        Space::new(self.program, &self.flows, journey.id, &[])
    }

    fn space_without(&self, journey: &Journey, conditions: &[Expr]) -> Space<'_> {
        let mut space = self.space(journey);
        for instance in &mut space.instances {
            let (Some(at), Some(flow)) = (
                self.program.journey(instance.journey),
                self.flows.get(instance.journey),
            ) else {
                continue;
            };
            for (id, arc) in (0..).zip(&flow.arcs) {
                if without::is_shut(at, flow, arc, conditions) {
                    instance.mark_arc(flow, id, Mark::CUT);
                }
            }
        }
        space
    }
}

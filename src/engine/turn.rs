//! One turn of a run: what is at hand while it walks.
//!
//! In: a run, its plan, the host and the request. Out: visits that are counted, ends, and lines for whoever
//! traces. Where a run stops, whom it is about and what nodes may do to it stand beside this.

mod identity;
mod stop;
mod world;

use std::sync::Arc;

use crate::{
    engine::{
        context::Dress,
        error::NodeError,
        ground::Ground,
        host::{Host, Timestamp},
        limits::Limits,
        output::Output,
        plan::{InnerOutcomes, Plan, Unit},
        request::Request,
        run::{Run, Standing, Words},
        session::Linked,
        step::{End, Ending, Failure, FailureReason, Step},
        trace::Event,
        walk::Next,
    },
    model::journey::OutcomeId,
};

/// A run with everything that a turn needs besides.
pub(crate) struct Turn<'a> {
    pub(crate) linked: &'a Linked,
    pub(crate) plan: &'a Plan,
    pub(crate) limits: &'a Limits,
    pub(crate) run: &'a mut Run,
    pub(crate) host: &'a dyn Host,
    pub(crate) request: &'a Request,
    pub(crate) now: Timestamp,
    /// The unit at hand.
    pub(crate) unit: u32,
    /// The node left last.
    pub(crate) from: u32,
    pub(crate) trace: Option<&'a mut Vec<Event>>,
    /// Lines that nodes wrote, also where nothing is traced.
    pub(crate) notes: &'a mut Vec<String>,
    /// What nodes hand out at once.
    pub(crate) outputs: &'a mut Vec<Output>,
    /// What the next ask of the node at hand has besides its callbacks.
    pub(crate) dress: Dress,
}

impl std::fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl Turn<'_> {
    /// Counts a visit; false where that is one too many.
    #[inline]
    pub(crate) fn count(&mut self) -> bool {
        let left = self.visits_left() > 0;
        if left {
            self.run.turn += 1;
            self.run.visits += 1;
        }
        left
    }

    /// How many visits the limits still allow.
    #[inline]
    pub(crate) fn visits_left(&self) -> u32 {
        let turn = self.limits.visits_per_turn.saturating_sub(self.run.turn);
        let run = self.limits.visits_per_run.saturating_sub(self.run.visits);
        turn.min(run)
    }

    /// Forgets what the last node kept for its visit.
    #[inline]
    pub(crate) fn begin_visit(&mut self) {
        self.run.undo.clear();
        self.run.visit.clear();
        self.dress = Dress::default();
    }

    /// Something that a valid program rules out: the run ends, and never in success.
    pub(crate) fn broken(&mut self, what: &str) -> Next {
        self.end(FailureReason::NodeFailed {
            node: self.node_name(),
            message: format!("broken invariant: {what}"),
        })
    }

    pub(crate) fn node_name(&self) -> Arc<str> {
        self.plan
            .label(self.run.at)
            .map_or_else(|| Arc::from(""), |label| Arc::clone(&label.name))
    }

    fn unit_name(&self) -> Arc<str> {
        self.plan
            .unit(self.unit)
            .map_or_else(|| self.node_name(), |unit| Arc::clone(&unit.name))
    }

    pub(crate) fn inner_outcomes(&self, node: u32) -> Option<InnerOutcomes> {
        self.plan.label(node).and_then(|label| label.inner)
    }

    /// Ends the run in failure.
    pub(crate) fn end(&mut self, reason: FailureReason) -> Next {
        let run = &mut *self.run;
        let mut ends = run.take_ends();
        let (ending, words) = match reason {
            FailureReason::NodeFailed { .. }
            | FailureReason::TooManyVisits
            | FailureReason::StateTooLarge => (Ending::Error, ends.error),
            FailureReason::Rejected
            | FailureReason::LooseEnd
            | FailureReason::UnprovedSuccess
            | FailureReason::LevelNotReached
            | FailureReason::EnsureUnmet { .. }
            | FailureReason::Inactive
            | FailureReason::OtherSubject => (Ending::Failure, ends.failure),
        };
        let found = run.ground.take().map(|found| *found);
        let ground = Ground::of_failure(&reason, found, &words);
        let Words { message, details } = words;
        let locked = reason == FailureReason::Inactive;
        let lockout_message = ends.lockout.filter(|_| locked);
        let journey_url = ends.failure_url;
        let asked = run.start.goto_on_fail.clone();
        let failure = Failure {
            reason,
            ground,
            username: run.username(self.plan.known.username),
            journey: Arc::clone(&run.start.journey),
            failure_url: asked.or(journey_url.clone()),
            journey_url,
            message,
            lockout_message,
            details,
            headers: ends.headers.remove(&ending).unwrap_or_default(),
        };
        self.finish(End::Failure(Arc::new(failure)))
    }

    /// Ends the run: nothing of its state stays.
    pub(crate) fn finish(&mut self, end: End) -> Next {
        self.run.forget();
        self.run.standing = Standing::Ended(end.clone());
        Next::Stop(Step::Done(end))
    }

    pub(crate) fn note(&mut self, event: Event) {
        if let Some(trace) = &mut self.trace {
            trace.push(event);
        }
    }

    #[inline]
    pub(crate) fn trace_entered(&mut self, unit: &Unit) {
        if let Some(trace) = &mut self.trace {
            trace.push(Event::Entered {
                node: Arc::clone(&unit.name),
            });
        }
    }

    #[inline]
    pub(crate) fn trace_left(&mut self, outcome: OutcomeId) {
        if self.trace.is_some()
            && let Some(label) = self.plan.label(self.run.at)
            && let Some(outcome) = label.outcomes.get(outcome.index())
        {
            let (node, outcome) = (Arc::clone(&label.name), Arc::clone(outcome));
            self.note(Event::Left { node, outcome });
        }
    }

    /// Why a node failed, where an arrow goes on from there: nobody would learn of it otherwise.
    pub(crate) fn note_caught(&mut self, failed: u32, error: &NodeError) {
        let name = self.plan.label(failed).map_or("", |label| &*label.name);
        if self.notes.len() < world::NOTES_MAX {
            self.notes.push(format!("{name}: {}", error.message));
        }
    }

    pub(crate) fn trace_failed(&mut self, error: &NodeError) {
        if self.trace.is_some() {
            let (node, message) = (self.node_name(), error.message.clone());
            self.note(Event::Failed { node, message });
        }
    }
}

//! What the level of a run can still become from the node at hand.
//!
//! What every node can gain on the way to the ends of its own journey was worked out when the program
//! was linked. Here it is put together over the journeys that wait for the one at hand: the level goes
//! on to the caller. The answer errs on one side only: what is said to be out of reach is.

use crate::{
    analysis::levels::{Gain, GainRow, join},
    engine::{
        plan::{Kind, NOWHERE, Plan},
        run::Frame,
        turn::Turn,
    },
    model::{journey::OutcomeId, level::AuthLevel, value::Value},
};

impl Turn<'_> {
    /// The level that success should have: what the start asked for, or what a node has set
    /// `targetAuthLevel` to, whichever is greater.
    pub(crate) fn target_level(&self) -> Option<AuthLevel> {
        let set = self.run.state.shared.get(&self.plan.known.target_level);
        let set = set.and_then(Value::as_int).map(AuthLevel::saturating);
        let asked = self.run.start.asked_level.max(set);
        asked.filter(|level| *level > AuthLevel::ZERO)
    }

    /// Whether a run that leaves the unit at hand by an outcome may still succeed with this level.
    pub(crate) fn outcome_reaches(&self, outcome: OutcomeId, level: AuthLevel) -> bool {
        let plan = self.plan;
        let Some(node) = plan.node(self.run.at) else {
            return true;
        };
        let unit = plan.unit(self.unit);
        let own = unit.and_then(|unit| unit.facts.get(outcome.index()));
        let mut before = own.map_or(Gain::NONE, |facts| Gain::at_most(facts.level));
        let mut outcome = outcome;
        if node.kind == Kind::Page {
            let (Some(page), Some(visit)) = (plan.page(node.body), &self.run.page) else {
                return true;
            };
            // A child that is not the last has one way only, to the next one.
            let last = visit.cursor as usize + 1 == page.children.len();
            let Some(of_page) = page.outcomes.get(outcome.index()).filter(|_| last) else {
                return true;
            };
            // Children that have not answered yet may raise the level before this one is left.
            before = page.before_last.then(before);
            outcome = *of_page;
        }
        let Some(target) = plan.target(node, outcome) else {
            return true;
        };
        let behind = behind(plan, &self.run.frames);
        let gain = plan.gain(target).and_then(|row| row.onto(&behind));
        gain.is_some_and(|gain| {
            let (now, wanted) = (self.run.level.number(), level.number());
            before.then(gain).may_reach(now, wanted)
        })
    }
}

/// From each end of the journey at hand to success of the outermost one, through those that wait.
fn behind(plan: &Plan, frames: &[Frame]) -> GainRow {
    let outermost = GainRow {
        success: Some(Gain::NONE),
        ..GainRow::NOWHERE
    };
    frames.iter().fold(outermost, |behind, frame| {
        let caller = plan.node(frame.caller);
        let inner = plan.label(frame.caller).and_then(|label| label.inner);
        let (Some(caller), Some(inner)) = (caller, inner) else {
            return GainRow::NOWHERE;
        };
        let to = |outcome: Option<OutcomeId>| plan.target(caller, outcome?);
        let gain = |target: u32| plan.gain(target).and_then(|row| row.onto(&behind));
        let error = to(inner.error);
        let handler = error.or((caller.error != NOWHERE).then_some(caller.error));
        GainRow {
            success: to(inner.success).and_then(gain),
            failure: to(inner.failure).and_then(gain),
            loose: error.map_or(behind.loose, gain),
            error: handler.map_or(behind.error, gain),
        }
    })
}

impl GainRow {
    /// No end is reached.
    const NOWHERE: Self = Self {
        success: None,
        failure: None,
        loose: None,
        error: None,
    };

    /// To any end, and on from there.
    fn onto(&self, behind: &Self) -> Option<Gain> {
        let ends = [
            (self.success, behind.success),
            (self.failure, behind.failure),
            (self.loose, behind.loose),
            (self.error, behind.error),
        ];
        ends.into_iter().fold(None, |best, (to, on)| {
            join(best, to.zip(on).map(|(to, on)| to.then(on)))
        })
    }
}

//! The loop.
//!
//! A node is entered or resumed, leaves by an outcome, and the next one is entered, until somebody has
//! to be asked or the journey ends. There is nothing here but that, and one bound: visits.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Go, Reply},
        context::Context,
        error::NodeError,
        expr::{Around, Scene, Test, holds},
        ground::Ground,
        obligation::MarkAt,
        plan::{Behaviour, Kind, NOWHERE, PlanNode, Unit},
        run::Asker,
        step::{FailureReason, Step},
        turn::Turn,
    },
    model::journey::OutcomeId,
};

/// What comes next in a walk.
#[derive(Debug)]
pub(crate) enum Next {
    /// This node is entered.
    Arrive(u32),
    /// The walk stops.
    Stop(Step),
}

/// Walks until something stops the run.
pub(crate) fn walk(turn: &mut Turn<'_>, mut next: Next) -> Step {
    // BOUND: every arrival is counted against the limits of the turn and of the run, but those at an
    // end, which take a frame away or stop.
    loop {
        next = match next {
            Next::Arrive(id) => {
                let id = turn.skip_silent(id);
                arrive(turn, id)
            }
            Next::Stop(step) => return step,
        };
    }
}

#[inline]
fn arrive(turn: &mut Turn<'_>, id: u32) -> Next {
    let Some(node) = turn.plan.node(id) else {
        return turn.broken("an arrow leads out of the plan");
    };
    turn.pass_by(id, MarkAt::Entered);
    match node.kind {
        Kind::Task => {
            if !turn.count() {
                return turn.end(FailureReason::TooManyVisits);
            }
            turn.run.at = id;
            turn.begin_visit();
            turn.unit = node.body;
            let result = enter(turn);
            settle(turn, node, result)
        }
        Kind::Page => {
            if !turn.count() {
                return turn.end(FailureReason::TooManyVisits);
            }
            turn.run.at = id;
            turn.begin_visit();
            turn.enter_page(node)
        }
        Kind::Inner => {
            if !turn.count() {
                return turn.end(FailureReason::TooManyVisits);
            }
            turn.run.at = id;
            turn.begin_visit();
            turn.enter_inner(node)
        }
        Kind::Success => turn.arrive_at_success(),
        Kind::Failure => turn.arrive_at_failure(),
        Kind::LooseEnd => turn.arrive_at_loose_end(),
    }
}

/// Enters the unit at hand, once what its expressions read from outside is there.
#[inline]
pub(crate) fn enter(turn: &mut Turn<'_>) -> Result<Action, NodeError> {
    let plan = turn.plan;
    let unit = plan.unit(turn.unit).ok_or_else(no_unit)?;
    turn.trace_entered(unit);
    if let Some(needs) = &unit.needs
        && let Some(action) = turn.fetch(needs)
    {
        return Ok(action);
    }
    act(turn, unit)
}

/// Enters the unit at hand.
#[inline]
pub(crate) fn act(turn: &mut Turn<'_>, unit: &Unit) -> Result<Action, NodeError> {
    match &unit.behaviour {
        Behaviour::Node(node) => node.enter(&mut Context::new(turn)),
        Behaviour::Guards(guards) => first_that_holds(guards, scene(turn)).map(Action::go),
    }
}

/// What the expressions of the unit at hand read.
pub(crate) fn scene<'a>(turn: &'a Turn<'_>) -> Scene<'a> {
    Scene {
        around: Around::Run(turn.run, &turn.run.visit.fetched),
        request: turn.request,
        now: turn.now,
    }
}

/// The outcome of a decision: that of its first arm that holds.
pub(crate) fn first_that_holds(
    guards: &[Option<Test>],
    scene: Scene<'_>,
) -> Result<OutcomeId, NodeError> {
    for (outcome, guard) in (0_u16..).zip(guards) {
        let taken = match guard {
            None => true,
            Some(test) => holds(test, scene)?,
        };
        if taken {
            return Ok(OutcomeId(outcome));
        }
    }
    Err(NodeError::new("no arm holds"))
}

/// Gives the unit at hand what it waited for.
pub(crate) fn resume(turn: &mut Turn<'_>, reply: Reply) -> Result<Action, NodeError> {
    let plan = turn.plan;
    let unit = plan.unit(turn.unit).ok_or_else(no_unit)?;
    match &unit.behaviour {
        Behaviour::Node(node) => node.resume(&mut Context::new(turn), reply),
        Behaviour::Guards(_) => Err(NodeError::new("a decision does not wait for anything")),
    }
}

fn no_unit() -> NodeError {
    NodeError::new("the node has no behaviour")
}

/// Follows what a node has decided.
#[inline]
pub(crate) fn settle(
    turn: &mut Turn<'_>,
    node: PlanNode,
    result: Result<Action, NodeError>,
) -> Next {
    match result {
        Ok(Action::Go(go)) => match turn.prove(&go) {
            Ok(()) => leave(turn, node, go.outcome),
            Err(error) => fail(turn, node, error),
        },
        Ok(Action::Ask(callbacks)) => match turn.ask(callbacks) {
            Ok(step) => Next::Stop(step),
            Err(error) => fail(turn, node, error),
        },
        Ok(Action::Call(effect)) => turn.call(*effect),
        Ok(Action::Suspend(suspend)) => match turn.suspend(*suspend) {
            Ok(step) => Next::Stop(step),
            Err(error) => fail(turn, node, error),
        },
        Err(error) => fail(turn, node, error),
    }
}

/// Leaves a node by an outcome.
#[inline]
pub(crate) fn leave(turn: &mut Turn<'_>, node: PlanNode, outcome: OutcomeId) -> Next {
    match turn.plan.target(node, outcome) {
        Some(target) if target != NOWHERE => {
            turn.trace_left(outcome);
            turn.pass_by(turn.run.at, MarkAt::Left(outcome));
            turn.from = turn.run.at;
            Next::Arrive(target)
        }
        _ => fail(turn, node, NodeError::new("the node has no such outcome")),
    }
}

/// A node has failed: what it changed is taken back, and the next error arrow outwards is taken.
pub(crate) fn fail(turn: &mut Turn<'_>, node: PlanNode, error: NodeError) -> Next {
    let failed = turn.run.at;
    turn.run.roll_back(false);
    turn.run.page = None;
    turn.run.asker = Asker::Node;
    turn.trace_failed(&error);
    turn.from = failed;
    turn.run.ground = Some(Box::new(Ground::Internal));
    if node.error != NOWHERE {
        turn.note_caught(failed, &error);
        turn.pass_by(failed, MarkAt::Failed);
        return Next::Arrive(node.error);
    }
    // BOUND: every turn takes a frame away.
    while let Some(caller) = turn.leave_inner() {
        let at = turn.run.at;
        turn.from = at;
        if let Some(outcome) = turn.inner_outcomes(at).and_then(|inner| inner.error) {
            turn.note_caught(failed, &error);
            turn.describe_error(failed, &error);
            return leave(turn, caller, outcome);
        }
        if caller.error != NOWHERE {
            turn.note_caught(failed, &error);
            turn.pass_by(at, MarkAt::Failed);
            return Next::Arrive(caller.error);
        }
    }
    let node = turn
        .plan
        .label(failed)
        .map_or_else(|| Arc::from(""), |label| Arc::clone(&label.name));
    turn.end(FailureReason::NodeFailed {
        node,
        message: error.message,
    })
}

impl Turn<'_> {
    /// Adds what a way out means: who was identified, and what was proved of whom.
    #[inline]
    pub(crate) fn prove(&mut self, go: &Go) -> Result<(), NodeError> {
        self.check_level(go.outcome)?;
        if go.proof.is_some() || go.identity.is_some() {
            self.prove_identity(go)?;
        }
        self.find(go);
        Ok(())
    }
}

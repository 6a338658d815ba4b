//! Nodes about the level of the run.

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
        silent::Silent,
    },
    model::journey::OutcomeId,
    nodes::setting::Kept,
};

/// `true` when the level of the run is at least the requirement.
#[derive(Debug)]
struct AuthLevelDecision {
    requirement: Kept<i64>,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn decision(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AuthLevelDecision {
        requirement: Kept::get(setup, "authLevelRequirement")?,
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Prepared for AuthLevelDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let level = i64::from(cx.level().number());
        let enough = level >= *self.requirement.now(cx)?;
        Ok(Action::go(if enough { self.yes } else { self.no }))
    }

    fn silent(&self) -> Option<Silent> {
        Some(Silent::Level {
            least: *self.requirement.known()?,
            yes: self.yes,
            no: self.no,
        })
    }
}

/// Raises the level of the run, or lowers it.
#[derive(Debug)]
struct ModifyAuthLevel {
    increment: Kept<i64>,
    outcome: OutcomeId,
}

pub(super) fn modify(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(ModifyAuthLevel {
        increment: Kept::get(setup, "authLevelIncrement")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for ModifyAuthLevel {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let by = *self.increment.now(cx)?;
        cx.raise(by);
        Ok(Action::go(self.outcome))
    }

    fn silent(&self) -> Option<Silent> {
        Some(Silent::Raise {
            by: *self.increment.known()?,
            outcome: self.outcome,
        })
    }
}

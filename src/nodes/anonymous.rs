//! The node that lets a visitor become somebody.

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::journey::OutcomeId,
    nodes::failure,
};

/// Lets the session that came with the start, in which nobody was proved, become one of somebody else.
#[derive(Debug)]
struct AnonymousSessionUpgrade {
    outcome: OutcomeId,
}

pub(super) fn upgrade(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AnonymousSessionUpgrade {
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for AnonymousSessionUpgrade {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let session = cx.session();
        let session = session.ok_or_else(|| failure::NO_PREVIOUS_SESSION.error())?;
        if session.proved {
            return Err(failure::SESSION_OF_SOMEBODY.error());
        }
        cx.let_go();
        Ok(Action::go(self.outcome))
    }
}

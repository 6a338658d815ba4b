//! The node that lets a visitor become somebody.

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::journey::OutcomeId,
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
        let session = session.ok_or_else(|| NodeError::new("Failed to get previous session"))?;
        if session.proved {
            return Err(NodeError::new(
                "the session that came along is not that of an anonymous user",
            ));
        }
        cx.let_go();
        Ok(Action::go(self.outcome))
    }
}

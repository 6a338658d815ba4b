//! Nodes that set where success and failure lead.
//!
//! Whether a client may be sent there is decided where the reply is made.

use std::sync::Arc;

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{failure, setting::Kept},
};

/// Which of the two addresses.
#[derive(Debug, Clone, Copy)]
enum Target {
    Success,
    Failure,
}

#[derive(Debug)]
struct SetUrl {
    url: Kept<Arc<str>>,
    target: Target,
    key: KeyId,
    outcome: OutcomeId,
}

pub(super) fn success(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    prepare(setup, "successUrl", Target::Success)
}

pub(super) fn failure(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    prepare(setup, "failureUrl", Target::Failure)
}

fn prepare(
    setup: &mut Setup<'_>,
    key: &'static str,
    target: Target,
) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(SetUrl {
        url: Kept::get(setup, key)?,
        target,
        key: setup.key(key),
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for SetUrl {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let url = self.url.now(cx)?;
        if url.chars().any(char::is_control) {
            return Err(failure::UNFIT_ADDRESS.error());
        }
        match self.target {
            Target::Success => cx.set_success_url(&url),
            Target::Failure => cx.set_failure_url(&url),
        }
        cx.put_shared(self.key, Value::Text(url.into_owned()));
        Ok(Action::go(self.outcome))
    }
}

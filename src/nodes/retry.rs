//! The node that bounds how often a run tries again.

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{journey::OutcomeId, value::Value},
    nodes::setting::constant,
};

/// Counts its visits in the memory of the run: `Retry` as often as the limit, then `Reject` for good.
///
/// A count on the user is refused: every comparison is counted for the user already, and a second count
/// on the user needs the store to keep it.
#[derive(Debug)]
struct RetryLimitDecision {
    limit: i64,
    retry: OutcomeId,
    reject: OutcomeId,
}

pub(super) fn limit(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    if constant(setup, "incrementUserAttributeOnFailure")? {
        return Err(NodeError::new(
            "`incrementUserAttributeOnFailure = true` is not built yet: the count on the user",
        ));
    }
    let limit: i64 = constant(setup, "retryLimit")?;
    if limit < 0 {
        return Err(NodeError::new("`retryLimit` is below zero"));
    }
    Ok(Box::new(RetryLimitDecision {
        limit,
        retry: setup.outcome("Retry")?,
        reject: setup.outcome("Reject")?,
    }))
}

impl Prepared for RetryLimitDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let count = match cx.memory() {
            None => 0,
            Some(Value::Int(count)) => *count,
            Some(_) => return Err(NodeError::new("the count of tries is broken")),
        };
        if count >= self.limit {
            return Ok(Action::go(self.reject));
        }
        cx.set_memory(Some(Value::Int(count.saturating_add(1))));
        Ok(Action::go(self.retry))
    }
}

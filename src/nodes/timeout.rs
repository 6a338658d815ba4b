//! The node that sets or changes the time a run may take.

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        failure::{self, unfit},
        setting::{Kept, constant},
    },
};

/// Counts in minutes, from when the run began or was last resumed; never over the limit of the server.
#[derive(Debug)]
struct Update {
    value: Kept<i64>,
    adds: bool,
    key: KeyId,
    outcome: OutcomeId,
}

pub(super) fn update(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let operation: Arc<str> = constant(setup, "operation")?;
    let update = Update {
        value: Kept::get(setup, "value")?,
        adds: match &*operation {
            "SET" => false,
            "MODIFY" => true,
            _ => return Err(unfit("`operation` is neither SET nor MODIFY")),
        },
        key: setup.key("maxAuthenticationSessionDuration"),
        outcome: setup.outcome("outcome")?,
    };
    if let (false, Some(value)) = (update.adds, update.value.known()) {
        minutes(*value, false)?;
    }
    Ok(Box::new(update))
}

/// A positive number of minutes.
fn minutes(value: i64, adds: bool) -> Result<Duration, NodeError> {
    let positive = u64::try_from(value).ok().filter(|minutes| *minutes > 0);
    let seconds = positive.map(|minutes| minutes.saturating_mul(60));
    seconds.map(Duration::from_secs).ok_or_else(|| {
        if adds {
            failure::TIMEOUT_RESULT.error()
        } else {
            failure::TIMEOUT_SET.error()
        }
    })
}

impl Prepared for Update {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let value = *self.value.now(cx)?;
        let result = if self.adds {
            let now = i64::try_from(cx.run_time().as_secs() / 60).unwrap_or(i64::MAX);
            now.saturating_add(value)
        } else {
            value
        };
        cx.set_run_time(minutes(result, self.adds)?);
        cx.put_transient(self.key, Value::Int(result));
        Ok(Action::go(self.outcome))
    }
}

//! Nodes that count, and that measure how long a part of a journey takes.

use std::sync::Arc;

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        host::Timestamp,
        node_type::{Prepared, Setup},
        output::{Measure, Output},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::setting::{Kept, constant},
};

/// Keeps the time, in milliseconds, in shared state.
#[derive(Debug)]
struct TimerStart {
    key: KeyId,
    outcome: OutcomeId,
}

pub(super) fn start(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(TimerStart {
        key: property(setup)?,
        outcome: setup.outcome("outcome")?,
    }))
}

fn property(setup: &mut Setup<'_>) -> Result<KeyId, NodeError> {
    let name: Arc<str> = constant(setup, "startTimeProperty")?;
    Ok(setup.key(&name))
}

impl Prepared for TimerStart {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let now = i64::try_from(cx.now().0).unwrap_or(i64::MAX);
        cx.put_shared(self.key, Value::Int(now));
        Ok(Action::go(self.outcome))
    }
}

/// Reports the time that passed; silent where no timer was started.
#[derive(Debug)]
struct TimerStop {
    key: KeyId,
    metric: Kept<Arc<str>>,
    outcome: OutcomeId,
}

pub(super) fn stop(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(TimerStop {
        key: property(setup)?,
        metric: Kept::get(setup, "metricKey")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for TimerStop {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let started = cx.shared(self.key).and_then(Value::as_int);
        if let Some(started) = started.and_then(|started| u64::try_from(started).ok()) {
            let passed = cx.now().since(Timestamp(started));
            let metric = self.metric.now(cx)?.into_owned();
            cx.trace(format!("timer {metric} {} ms", passed.as_millis()));
            cx.output(Output::Measure(Measure {
                key: metric,
                took: Some(passed),
            }));
        }
        Ok(Action::go(self.outcome))
    }
}

/// Counts how often runs pass.
#[derive(Debug)]
struct Meter {
    metric: Kept<Arc<str>>,
    outcome: OutcomeId,
}

pub(super) fn meter(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Meter {
        metric: Kept::get(setup, "metricKey")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for Meter {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let key = self.metric.now(cx)?.into_owned();
        cx.output(Output::Measure(Measure { key, took: None }));
        Ok(Action::go(self.outcome))
    }
}

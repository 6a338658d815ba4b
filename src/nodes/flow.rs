//! The node that sends a share of all runs one way and the rest the other.

use std::sync::Arc;

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::journey::OutcomeId,
    nodes::{
        draw::below,
        failure::unfit,
        setting::{Kept, constant_or_none},
    },
};

/// Draws a number below 100; below the percentage it is `A`.
#[derive(Debug)]
struct FlowControl {
    percentage: Kept<i64>,
    a: OutcomeId,
    b: OutcomeId,
}

pub(super) fn control(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let percentage: Kept<i64> = Kept::get(setup, "percentageA")?;
    if let Some(known) = percentage.known() {
        check(*known)?;
    }
    // The names are shown by editors; outcomes are `A` and `B` whatever they say.
    for name in ["outcomeADisplayName", "outcomeBDisplayName"] {
        let _: Option<Arc<str>> = constant_or_none(setup, name)?;
    }
    Ok(Box::new(FlowControl {
        percentage,
        a: setup.outcome("A")?,
        b: setup.outcome("B")?,
    }))
}

fn check(percentage: i64) -> Result<u8, NodeError> {
    u8::try_from(percentage)
        .ok()
        .filter(|percentage| *percentage <= 100)
        .ok_or_else(|| unfit("`percentageA` is not within 0 and 100"))
}

impl Prepared for FlowControl {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let percentage = check(*self.percentage.now(cx)?)?;
        let drawn = below(cx, 100, 1)?;
        let first = drawn.first().is_some_and(|drawn| *drawn < percentage);
        Ok(Action::go(if first { self.a } else { self.b }))
    }
}

//! The node that stands where another one could not be brought along.

use std::sync::Arc;

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    nodes::{failure, setting::constant},
};

/// Fails whoever comes here.
#[derive(Debug)]
struct Unavailable {
    why: Arc<str>,
}

pub(super) fn unavailable(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let _: Arc<str> = constant(setup, "type")?;
    Ok(Box::new(Unavailable {
        why: constant(setup, "why")?,
    }))
}

impl Prepared for Unavailable {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Err(failure::UNAVAILABLE.about(&self.why))
    }
}

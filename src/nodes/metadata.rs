//! The node that sends chosen shared state to the client.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::Callback,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{reply::answers, setting::constant},
};

/// Sends what is there of the chosen keys, in one object; secrets never.
#[derive(Debug)]
struct Metadata {
    attributes: Vec<(Arc<str>, KeyId)>,
    outcome: OutcomeId,
}

pub(super) fn metadata(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let names: Vec<Arc<str>> = constant(setup, "attributes")?;
    let attributes = names
        .into_iter()
        .map(|name| {
            let key = setup.key(&name);
            (name, key)
        })
        .collect();
    Ok(Box::new(Metadata {
        attributes,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for Metadata {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let data = self
            .attributes
            .iter()
            .filter_map(|(name, key)| {
                let value = cx.shared(*key)?;
                let shown = !matches!(value, Value::Secret(_) | Value::SecretParameter(_));
                shown.then(|| (name.to_string(), value.to_json()))
            })
            .collect();
        Ok(Action::ask([Callback::Metadata {
            data: serde_json::Value::Object(data),
        }]))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        answers(reply)?;
        Ok(Action::go(self.outcome))
    }
}

//! The node that writes fixed values to shared state.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{journey::OutcomeId, value::Value},
    nodes::setting::Kept,
};

/// Writes values under their keys, which are removed from the other scopes.
#[derive(Debug)]
struct SetState {
    attributes: Kept<BTreeMap<Arc<str>, Value>>,
    outcome: OutcomeId,
}

pub(super) fn set(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let attributes: Kept<BTreeMap<Arc<str>, Value>> = Kept::get(setup, "attributes")?;
    if let Some(known) = attributes.known() {
        refuse_secrets(known)?;
        for key in known.keys() {
            setup.key(key);
        }
    }
    Ok(Box::new(SetState {
        attributes,
        outcome: setup.outcome("outcome")?,
    }))
}

/// Shared state may be shown, so secrets stay out of it.
fn refuse_secrets(attributes: &BTreeMap<Arc<str>, Value>) -> Result<(), NodeError> {
    match attributes
        .iter()
        .find(|(_, value)| matches!(value, Value::Secret(_) | Value::SecretParameter(_)))
    {
        None => Ok(()),
        Some((key, _)) => Err(NodeError::new(format!(
            "`{key}` is a secret and cannot be put into shared state"
        ))),
    }
}

impl Prepared for SetState {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let attributes = self.attributes.now(cx)?;
        refuse_secrets(&attributes)?;
        for (name, value) in &*attributes {
            let key = cx.key(name);
            // A name that stays the same keeps what was proved of its subject.
            let hidden = cx.transient(key).is_some() || cx.secure(key).is_some();
            if hidden || cx.shared(key) != Some(value) {
                cx.remove(key);
                cx.put_shared(key, value.clone());
            }
        }
        Ok(Action::go(self.outcome))
    }
}

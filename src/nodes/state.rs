//! The node that writes fixed values to shared state.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
        silent::Silent,
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{failure::unfit, setting::Kept},
};

/// Writes values under their keys, which are removed from the other scopes.
#[derive(Debug)]
struct SetState {
    attributes: Attributes,
    outcome: OutcomeId,
}

/// What is written: with the numbers of its keys where it is known when linked.
#[derive(Debug)]
enum Attributes {
    Known(Arc<[(KeyId, Value)]>),
    Computed(Kept<BTreeMap<Arc<str>, Value>>),
}

pub(super) fn set(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let kept: Kept<BTreeMap<Arc<str>, Value>> = Kept::get(setup, "attributes")?;
    let attributes = match kept.known() {
        None => Attributes::Computed(kept),
        Some(known) => {
            refuse_secrets(known)?;
            refuse_profile(known)?;
            let entries = known.iter();
            Attributes::Known(entries.map(|(k, v)| (setup.key(k), v.clone())).collect())
        }
    };
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
        Some((key, _)) => Err(unfit(format!(
            "`{key}` is a secret and cannot be put into shared state"
        ))),
    }
}

/// The profile under construction is no value of a key: what is written there, nothing would ever read.
fn refuse_profile(attributes: &BTreeMap<Arc<str>, Value>) -> Result<(), NodeError> {
    if attributes.contains_key("objectAttributes") {
        return Err(unfit(
            "`objectAttributes` is the profile under construction, which this type does not write",
        ));
    }
    Ok(())
}

impl Prepared for SetState {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        match &self.attributes {
            Attributes::Known(entries) => {
                for (key, value) in entries.iter() {
                    write(cx, *key, value);
                }
            }
            Attributes::Computed(attributes) => {
                let attributes = attributes.now(cx)?;
                refuse_secrets(&attributes)?;
                refuse_profile(&attributes)?;
                for (name, value) in &*attributes {
                    let key = cx.key(name);
                    write(cx, key, value);
                }
            }
        }
        Ok(Action::go(self.outcome))
    }

    fn silent(&self) -> Option<Silent> {
        match &self.attributes {
            Attributes::Known(entries) => Some(Silent::Write {
                entries: Arc::clone(entries),
                outcome: self.outcome,
            }),
            Attributes::Computed(_) => None,
        }
    }
}

/// A name that stays the same keeps what was proved of its subject.
fn write(cx: &mut Context<'_>, key: KeyId, value: &Value) {
    let hidden = cx.transient(key).is_some() || cx.secure(key).is_some();
    if hidden || cx.shared(key) != Some(value) {
        cx.remove(key);
        cx.put_shared(key, value.clone());
    }
}

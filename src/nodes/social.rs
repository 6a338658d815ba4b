//! The node that takes the name that a provider gave.

use std::sync::Arc;

use crate::{
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::failure,
};

/// Takes the first of the mapped names; nobody is looked up, and nothing is proved.
#[derive(Debug)]
struct IgnoreProfile {
    info: KeyId,
    username: KeyId,
    outcome: OutcomeId,
}

pub(super) fn ignore_profile(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(IgnoreProfile {
        info: setup.key("userInfo"),
        username: setup.key("username"),
        outcome: setup.outcome("outcome")?,
    }))
}

/// The first text of `userNames`, which lists the names by attribute.
fn first_name(info: &Value) -> Option<&Arc<str>> {
    let Value::Map(info) = info else {
        return None;
    };
    let Some(Value::Map(names)) = info.get("userNames") else {
        return None;
    };
    names.values().find_map(|value| match value {
        Value::Text(name) => Some(name),
        Value::List(list) => match list.first() {
            Some(Value::Text(name)) => Some(name),
            _ => None,
        },
        _ => None,
    })
}

impl Prepared for IgnoreProfile {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let name = cx.shared(self.info).and_then(first_name).cloned();
        let name = name.ok_or_else(|| failure::PROVIDER_WITHOUT_NAME.error())?;
        cx.put_shared(self.username, Value::Text(name));
        Ok(Action::go(self.outcome))
    }
}

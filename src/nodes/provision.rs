//! The node that makes an account of what a provider told.
//!
//! Whoever has the account is who the provider vouched for, so what makes it must have come from a
//! provider in this very run: state that says so is not enough. An account that is there already is never
//! taken over.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{CreateIdentity, Effect, EffectReply},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        failure,
        profile::{NAME, USERS, find},
        reply::unexpected,
        who::secret,
    },
};

/// Makes the account, without a password unless one was collected.
#[derive(Debug)]
struct ProvisionDynamicAccount {
    info: KeyId,
    password: KeyId,
    outcome: OutcomeId,
}

pub(super) fn provision(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(ProvisionDynamicAccount {
        info: setup.key("userInfo"),
        password: setup.key("password"),
        outcome: setup.outcome("outcome")?,
    }))
}

/// The members of an object under this name.
fn members<'v>(value: &'v Value, name: &str) -> Option<&'v BTreeMap<Arc<str>, Value>> {
    match value {
        Value::Map(map) => match find(map, name)? {
            Value::Map(members) => Some(members),
            _ => None,
        },
        _ => None,
    }
}

/// The only value of a list, or the value itself.
fn single(value: &Value) -> &Value {
    match value {
        Value::List(list) => match &**list {
            [only] => only,
            _ => value,
        },
        _ => value,
    }
}

/// The name that the provider gave the user.
fn name(told: &Value) -> Option<Value> {
    let names = members(told, "userNames")?;
    let usual = ["username", "uid"].iter().find_map(|key| find(names, key));
    match single(usual.or_else(|| names.values().next())?) {
        Value::Text(name) if !name.is_empty() => Some(Value::Text(Arc::clone(name))),
        _ => None,
    }
}

impl Prepared for ProvisionDynamicAccount {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let told = cx
            .told_by_provider()
            .filter(|told| cx.shared(self.info) == Some(told));
        let told = told.ok_or_else(|| failure::NO_USER_INFORMATION.error())?;
        let name = name(told).ok_or_else(|| failure::NO_USER_NAMES.error())?;
        let mut attributes: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        for (key, value) in members(told, "attributes").into_iter().flatten() {
            let is_name = ["uid", "username"]
                .iter()
                .any(|own| own.eq_ignore_ascii_case(key));
            if !is_name && !key.starts_with('_') && !key.eq_ignore_ascii_case("password") {
                attributes.insert(Arc::clone(key), single(value).clone());
            }
        }
        attributes.insert(Arc::from(NAME), name);
        if let Some(password) = secret(cx, self.password) {
            attributes.insert(Arc::from("password"), Value::Secret(password));
        }
        Ok(Action::call(Effect::CreateIdentity(CreateIdentity {
            resource: Arc::from(USERS),
            attributes,
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Written(identity)) => {
                Ok(Action::prove(self.outcome, Factor::Federation, identity))
            }
            Reply::Effect(EffectReply::Refused(_)) => Err(failure::USER_NOT_CREATED.error()),
            _ => Err(unexpected()),
        }
    }
}

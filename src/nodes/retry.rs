//! The node that bounds how often a run tries again.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Change, Effect, EffectReply, Identity, PatchIdentity, RETRIES, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
        silent::Silent,
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        failure::{self, unfit},
        reply::unexpected,
        setting::constant,
        who::who,
    },
};

/// Counts its visits in the memory of the run: `Retry` as often as the limit, then `Reject` for good.
///
/// Where it counts for the user too, the count stands in the store, and is gone when it is used up or the
/// user has logged in. Nobody is counted in the run alone.
#[derive(Debug)]
struct RetryLimitDecision {
    limit: i64,
    retry: OutcomeId,
    reject: OutcomeId,
    on_user: Option<OnUser>,
}

/// Where tries of a user are counted.
#[derive(Debug)]
struct OnUser {
    username: KeyId,
    attribute: Arc<str>,
}

pub(super) fn limit(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let limit: i64 = constant(setup, "retryLimit")?;
    if limit < 0 {
        return Err(unfit("`retryLimit` is below zero"));
    }
    let on_user = constant(setup, "incrementUserAttributeOnFailure")?;
    Ok(Box::new(RetryLimitDecision {
        limit,
        retry: setup.outcome("Retry")?,
        reject: setup.outcome("Reject")?,
        on_user: if on_user {
            Some(OnUser {
                username: setup.key("username"),
                attribute: Arc::from(format!("{RETRIES}{}/{}", setup.journey(), setup.node())),
            })
        } else {
            None
        },
    }))
}

fn count(cx: &Context<'_>) -> Result<i64, NodeError> {
    match cx.memory() {
        None => Ok(0),
        Some(Value::Int(count)) => Ok(*count),
        Some(_) => Err(failure::broken("the count of tries is broken")),
    }
}

impl OnUser {
    fn patch(&self, who: Who, change: Change) -> Action {
        Action::call(Effect::PatchIdentity(PatchIdentity {
            resource: Arc::from("managed/user"),
            who,
            changes: vec![(Arc::clone(&self.attribute), change)],
            attributes: vec![Arc::clone(&self.attribute)],
        }))
    }

    fn tries(&self, identity: &Identity) -> Result<i64, NodeError> {
        let kept = identity.attributes.get(&self.attribute);
        kept.and_then(Value::as_int)
            .ok_or_else(|| failure::TRIES_NOT_TOLD.error())
    }
}

impl RetryLimitDecision {
    fn again(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let count = count(cx)?;
        cx.set_memory(Some(Value::Int(count.saturating_add(1))));
        Ok(Action::go(self.retry))
    }
}

impl Prepared for RetryLimitDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let spent = count(cx)? >= self.limit;
        let found = self.on_user.as_ref();
        let found = found.and_then(|on_user| Some((on_user, who(cx, on_user.username)?)));
        match found {
            Some((on_user, who)) if spent => {
                cx.set_visit(Some(Value::Bool(true)));
                Ok(on_user.patch(who, Change::Remove))
            }
            Some((on_user, who)) => Ok(on_user.patch(who, Change::Add(1))),
            None if spent => Ok(Action::go(self.reject)),
            None => self.again(cx),
        }
    }

    fn silent(&self) -> Option<Silent> {
        self.on_user.is_none().then_some(Silent::Count {
            limit: self.limit,
            again: self.retry,
            spent: self.reject,
        })
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Some(on_user) = &self.on_user else {
            return Err(unexpected());
        };
        let spent = cx.visit().is_some();
        match reply {
            Reply::Effect(EffectReply::Written(_) | EffectReply::Identity(None)) if spent => {
                Ok(Action::go(self.reject))
            }
            Reply::Effect(EffectReply::Identity(None)) => self.again(cx),
            Reply::Effect(EffectReply::Written(identity)) => {
                if on_user.tries(&identity)? <= self.limit {
                    return self.again(cx);
                }
                cx.set_visit(Some(Value::Bool(true)));
                Ok(on_user.patch(Who::Subject(identity.subject), Change::Remove))
            }
            _ => Err(unexpected()),
        }
    }
}

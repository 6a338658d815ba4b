//! Nodes about the status of an account.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Effect, EffectReply, ReadIdentity, SetStatus},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId},
    nodes::{
        failure::{self, unfit},
        reply::{identity, unexpected},
        setting::constant,
        who::who,
    },
};

/// Sets the account inactive or active.
#[derive(Debug)]
struct AccountLockout {
    username: KeyId,
    active: bool,
    outcome: OutcomeId,
}

pub(super) fn lockout(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let action: Arc<str> = constant(setup, "lockAction")?;
    Ok(Box::new(AccountLockout {
        username: setup.key("username"),
        active: match &*action {
            "LOCK" => false,
            "UNLOCK" => true,
            _ => return Err(unfit("`lockAction` is neither LOCK nor UNLOCK")),
        },
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for AccountLockout {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let who = who(cx, self.username).ok_or_else(|| failure::NO_VALID_USERNAME.error())?;
        Ok(Action::call(Effect::SetStatus(SetStatus {
            who,
            active: self.active,
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::StatusSet(true)) => Ok(Action::go(self.outcome)),
            Reply::Effect(EffectReply::StatusSet(false)) => Err(failure::NO_SUCH_IDENTITY.error()),
            _ => Err(unexpected()),
        }
    }
}

/// Asks whether the account is active.
#[derive(Debug)]
struct AccountActiveDecision {
    username: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn active(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AccountActiveDecision {
        username: setup.key("username"),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Prepared for AccountActiveDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let who = who(cx, self.username).ok_or_else(no_identity)?;
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: Vec::new(),
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let identity = identity(reply)?.ok_or_else(no_identity)?;
        Ok(Action::go(if identity.active { self.yes } else { self.no }))
    }
}

/// The product's words.
fn no_identity() -> NodeError {
    failure::NO_IDENTITY_OBJECT.error()
}

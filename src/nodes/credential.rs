//! The node that verifies name and password.

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Credential, Effect, EffectReply, Verify},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor},
    nodes::{
        reply::unexpected,
        who::{secret, who},
    },
};

/// Verifies the password in state for the subject, or for the name in state.
///
/// An unknown name and a wrong password end alike; a blank password is compared with nothing.
#[derive(Debug)]
struct DataStoreDecision {
    username: KeyId,
    password: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn data_store(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(DataStoreDecision {
        username: setup.key("username"),
        password: setup.key("password"),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Prepared for DataStoreDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let who = who(cx, self.username)
            .ok_or_else(|| NodeError::new("there is no `username` to verify a password for"))?;
        let secret = secret(cx, self.password)
            .ok_or_else(|| NodeError::new("there is no `password` to verify"))?;
        if secret.reveal().trim().is_empty() {
            return Ok(Action::go(self.no));
        }
        Ok(Action::call(Effect::Verify(Verify {
            who,
            credential: Credential::Password,
            secret,
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Match(identity)) => {
                Ok(Action::prove(self.yes, Factor::Password, identity))
            }
            Reply::Effect(EffectReply::Miss) => Ok(Action::go(self.no)),
            _ => Err(unexpected()),
        }
    }
}

//! The node that verifies name and password.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Credential, Effect, EffectReply, Identity, ReadIdentity, Verify, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        failure,
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
        let secret = secret(cx, self.password).ok_or_else(|| failure::NO_PASSWORD.error())?;
        if secret.reveal().trim().is_empty() {
            return Ok(Action::go(self.no));
        }
        // Where nobody is named the same work is done: it would tell by its time whether a user was found.
        let who = who(cx, self.username).unwrap_or_else(nobody);
        Ok(Action::call(Effect::Verify(Verify {
            who,
            credential: Credential::Password,
            secret,
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if who(cx, self.username).is_none() {
            return Err(failure::NOBODY_TO_VERIFY.error());
        }
        match reply {
            Reply::Effect(EffectReply::Match(identity)) => {
                Ok(Action::prove(self.yes, Factor::Password, identity))
            }
            Reply::Effect(EffectReply::Miss) => Ok(Action::go(self.no)),
            _ => Err(unexpected()),
        }
    }
}

/// A name that no account has.
fn nobody() -> Who {
    Who::Name(Arc::from(""))
}

/// The attribute of the store that says that an account is an agent's.
const AGENT: &str = "_agent";

/// Verifies as [`DataStoreDecision`] does, of agents alone.
///
/// Whoever is no agent is compared as nobody is: the same work, and never a match.
#[derive(Debug)]
struct AgentDataStoreDecision {
    verify: DataStoreDecision,
}

pub(super) fn agent(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AgentDataStoreDecision {
        verify: DataStoreDecision {
            username: setup.key("username"),
            password: setup.key("password"),
            yes: setup.outcome("true")?,
            no: setup.outcome("false")?,
        },
    }))
}

impl Prepared for AgentDataStoreDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let wanted = self.verify.enter(cx)?;
        let Action::Call(effect) = wanted else {
            return Ok(wanted);
        };
        let Effect::Verify(verify) = *effect else {
            return Err(unexpected());
        };
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who: verify.who,
            attributes: vec![Arc::from(AGENT)],
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Effect(EffectReply::Identity(found)) = reply else {
            return self.verify.resume(cx, reply);
        };
        let is_agent = |found: &Identity| found.attributes.get(AGENT) == Some(&Value::Bool(true));
        let who = match found.filter(is_agent) {
            Some(agent) => Who::Subject(agent.subject),
            None => nobody(),
        };
        let secret =
            secret(cx, self.verify.password).ok_or_else(|| failure::NO_PASSWORD.error())?;
        Ok(Action::call(Effect::Verify(Verify {
            who,
            credential: Credential::Password,
            secret,
        })))
    }
}

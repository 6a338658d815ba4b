//! What a node decides.

use std::{sync::Arc, time::Duration};

use crate::{
    engine::{
        callback::Callback,
        effect::{Effect, Identity, SubjectId},
    },
    model::{journey::OutcomeId, signature::Factor},
};

/// What a node decides on a visit.
#[derive(Debug)]
pub enum Action {
    /// Leave by an outcome.
    Go(Go),
    /// Ask and wait for the answers.
    Ask(Vec<Callback>),
    /// Have something done outside and wait for the reply.
    Call(Box<Effect>),
    /// Stop until someone comes back by a link.
    Suspend(Box<Suspend>),
}

impl Action {
    /// Leave by an outcome.
    pub fn go(outcome: OutcomeId) -> Self {
        Self::Go(Go {
            outcome,
            proof: None,
            identity: None,
        })
    }

    /// Leave by an outcome with whom an effect has named; nothing is proved of them.
    pub fn identify(outcome: OutcomeId, identity: Identity) -> Self {
        Self::Go(Go {
            outcome,
            proof: None,
            identity: Some(Box::new(identity)),
        })
    }

    /// Leave by an outcome that proves a factor of this subject.
    ///
    /// Refused at run time unless the signature of the type allows that factor on that outcome.
    pub fn prove(outcome: OutcomeId, factor: Factor, identity: Identity) -> Self {
        Self::Go(Go {
            outcome,
            proof: Some(factor),
            identity: Some(Box::new(identity)),
        })
    }

    /// Ask.
    pub fn ask(callbacks: impl Into<Vec<Callback>>) -> Self {
        Self::Ask(callbacks.into())
    }

    /// Have something done.
    pub fn call(effect: Effect) -> Self {
        Self::Call(Box::new(effect))
    }
}

/// Leaving a node.
#[derive(Debug)]
pub struct Go {
    /// By which outcome.
    pub outcome: OutcomeId,
    /// What was proved, of whom: the identity beside it.
    pub proof: Option<Factor>,
    /// The identity found or proved; the run's subject from now on.
    pub identity: Option<Box<Identity>>,
}

/// Waiting for someone to come back by a link.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspend {
    /// What to show meanwhile.
    pub text: String,
    /// How long the link may be followed; the realm's default where absent.
    pub within: Option<Duration>,
    /// What to do with the link: an effect whose message holds `{0}` where the link goes.
    pub deliver: Option<Effect>,
}

/// What a node gets when it is resumed.
#[derive(Debug)]
pub enum Reply {
    /// The answers to its callbacks, one for each, matched and within limits.
    Answers(Vec<crate::engine::callback::Answer>),
    /// The reply to its effect; never `Failed`, which goes to the error arrow.
    Effect(crate::engine::effect::EffectReply),
    /// Someone came back by the link.
    Resumed,
}

/// A subject with the name it is called by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The canonical id.
    pub id: SubjectId,
    /// The canonical name.
    pub username: Arc<str>,
}

//! What a node that waited gets back; anything else than it waited for is an error.

use std::vec::IntoIter;

use crate::{
    engine::{
        action::Reply,
        callback::Answer,
        effect::{EffectReply, Identity},
        error::NodeError,
    },
    nodes::failure,
};

/// The answers that a node waited for.
pub(super) fn answers(reply: Reply) -> Result<IntoIter<Answer>, NodeError> {
    match reply {
        Reply::Answers(answers) => Ok(answers.into_iter()),
        Reply::Effect(_) | Reply::Resumed => Err(unexpected()),
    }
}

/// The identity that a node asked for.
pub(super) fn identity(reply: Reply) -> Result<Option<Identity>, NodeError> {
    match reply {
        Reply::Effect(EffectReply::Identity(identity)) => Ok(identity),
        _ => Err(unexpected()),
    }
}

/// A reply of another kind than the node waited for.
pub(super) fn unexpected() -> NodeError {
    failure::broken("the reply is not what the node waited for")
}

//! Whom a node deals with: the subject of the run, else the name someone typed.

use std::sync::Arc;

use crate::{
    engine::{
        action::Reply,
        callback::Answer,
        context::Context,
        effect::{EffectReply, Identity, Who},
        error::NodeError,
    },
    model::{expr::KeyId, value::Value},
    secret::Secret,
};

/// The subject of the run, else the name in shared state; nobody where there is neither.
pub(super) fn who(cx: &Context<'_>, username: KeyId) -> Option<Who> {
    if let Some(subject) = cx.subject() {
        return Some(Who::Subject(subject.id.clone()));
    }
    match cx.shared(username) {
        Some(Value::Text(name)) => Some(Who::Name(Arc::clone(name))),
        _ => None,
    }
}

/// The secret text under a key.
pub(super) fn secret(cx: &Context<'_>, key: KeyId) -> Option<Secret<String>> {
    match cx.get(key) {
        Some(Value::Secret(secret)) => Some(secret.clone()),
        Some(Value::Text(text)) => Some(Secret::new(String::from(&**text))),
        _ => None,
    }
}

/// The answers that a node waited for.
pub(super) fn answers(reply: Reply) -> Result<std::vec::IntoIter<Answer>, NodeError> {
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
    NodeError::new("the reply is not what the node waited for")
}

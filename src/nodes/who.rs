//! Whom a node deals with: the subject of the run, else the name someone typed.

use std::sync::Arc;

use crate::{
    engine::{context::Context, effect::Who},
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

//! Answers against what was asked: as many, in the same order, of the kinds and within the bounds.
//!
//! Nothing is put right here and nothing is guessed. An answer that does not fit refuses the whole step,
//! and the ask stands as it stood.

use std::sync::Arc;

use crate::engine::{
    callback::{Answer, AttributeValue, Callback, Foreign},
    error::AnswerError,
    limits::Limits,
};
use crate::model::value::Value;

/// Checks the answers to a list of callbacks.
pub(crate) fn check(
    callbacks: &[Callback],
    answers: &[Answer],
    limits: &Limits,
) -> Result<(), AnswerError> {
    if callbacks.len() != answers.len() {
        return Err(AnswerError::Count {
            expected: callbacks.len(),
            got: answers.len(),
        });
    }
    for (position, (callback, answer)) in callbacks.iter().zip(answers).enumerate() {
        let within = fits(callback, answer, limits).ok_or_else(|| AnswerError::Kind {
            position,
            expected: Arc::from(callback.kind()),
        })?;
        if !within {
            return Err(AnswerError::Bounds { position });
        }
    }
    Ok(())
}

/// Whether an answer is within its bounds; `None` where it is of another kind.
fn fits(callback: &Callback, answer: &Answer, limits: &Limits) -> Option<bool> {
    let text = |text: &str| text.len() <= limits.answer_bytes;
    let username = |name: &str| text(name) && name.chars().count() <= limits.username_chars;
    let password = |secret: &str| text(secret) && secret.chars().count() <= limits.password_chars;
    match (callback, answer) {
        (Callback::Name { .. }, Answer::Text(name)) => Some(username(name)),
        (Callback::ValidatedUsername { .. }, Answer::Validated { text: name, .. }) => {
            Some(username(name))
        }
        (Callback::Password { .. }, Answer::Secret(secret))
        | (Callback::ValidatedPassword { .. }, Answer::ValidatedSecret { secret, .. }) => {
            Some(password(secret.reveal()))
        }
        (
            Callback::TextInput { .. }
            | Callback::HiddenValue { .. }
            | Callback::DeviceProfile { .. },
            Answer::Text(line),
        ) => Some(text(line)),
        (Callback::Attribute { value: asked, .. }, Answer::Attribute { value, .. }) => {
            match (asked, value) {
                (AttributeValue::Text(_), AttributeValue::Text(line)) => Some(text(line)),
                (AttributeValue::Number(_), AttributeValue::Number(_))
                | (AttributeValue::Flag(_), AttributeValue::Flag(_)) => Some(true),
                _ => None,
            }
        }
        (
            Callback::SecurityQuestion { questions, own, .. },
            Answer::SecurityQuestion { question, answer },
        ) => {
            Some(text(question) && text(answer.reveal()) && (*own || questions.contains(question)))
        }
        (Callback::Terms { .. } | Callback::Consent { .. }, Answer::Flag(_)) => Some(true),
        (Callback::Foreign(asked), Answer::Fields(fields)) => foreign(asked, fields, limits),
        (Callback::Choice { choices, .. }, Answer::Index(index)) => {
            Some((*index as usize) < choices.len())
        }
        (Callback::Confirmation { options, .. }, Answer::Index(index)) => {
            Some((*index as usize) < options.len())
        }
        (Callback::Confirmation { optional, .. }, Answer::Untouched) => Some(*optional),
        (callback, Answer::None) if !callback.is_input() => Some(true),
        (
            Callback::Name { .. }
            | Callback::Password { .. }
            | Callback::TextInput { .. }
            | Callback::Choice { .. }
            | Callback::Confirmation { .. }
            | Callback::HiddenValue { .. }
            | Callback::TextOutput { .. }
            | Callback::SuspendedTextOutput { .. }
            | Callback::PollingWait { .. }
            | Callback::Metadata { .. }
            | Callback::Redirect { .. }
            | Callback::ValidatedUsername { .. }
            | Callback::ValidatedPassword { .. }
            | Callback::Attribute { .. }
            | Callback::SecurityQuestion { .. }
            | Callback::Terms { .. }
            | Callback::Consent { .. }
            | Callback::DeviceProfile { .. }
            | Callback::Foreign(_),
            _,
        ) => None,
    }
}

/// Whether there is a value for every input, a simple one and not too long.
fn foreign(asked: &Foreign, fields: &[(Arc<str>, Value)], limits: &Limits) -> Option<bool> {
    let named = asked.input.iter().map(|(name, _)| name);
    if !named.eq(fields.iter().map(|(name, _)| name)) {
        return None;
    }
    let mut within = true;
    for (_, value) in fields {
        match value {
            Value::Secret(text) => within &= text.reveal().len() <= limits.answer_bytes,
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Decimal(_) => {}
            _ => return None,
        }
    }
    Some(within)
}

/// A callback with what was typed in it, to be sent again; what is secret is never sent back.
///
/// It is sent again because its node is content, so what an answer before this one did not meet is over.
pub(crate) fn keep(callback: &mut Callback, answer: &Answer) {
    if let Callback::ValidatedUsername { failed, .. }
    | Callback::ValidatedPassword { failed, .. }
    | Callback::Attribute { failed, .. } = callback
    {
        failed.clear();
    }
    match (callback, answer) {
        (
            Callback::Name { default, .. }
            | Callback::TextInput { default, .. }
            | Callback::HiddenValue { value: default, .. },
            Answer::Text(text),
        ) => {
            default.clone_from(text);
        }
        (
            Callback::Choice { default, .. } | Callback::Confirmation { default, .. },
            Answer::Index(index),
        ) => *default = *index,
        (Callback::Attribute { value, .. }, Answer::Attribute { value: typed, .. }) => {
            value.clone_from(typed);
        }
        (Callback::ValidatedUsername { value, .. }, Answer::Validated { text, .. }) => {
            value.clone_from(text);
        }
        (
            Callback::Terms {
                accepted: ticked, ..
            }
            | Callback::Consent { given: ticked, .. },
            Answer::Flag(flag),
        ) => *ticked = *flag,
        _ => {}
    }
}

//! Nodes that ask for a name or a password.
//!
//! An empty answer is asked for again. What is typed goes on as it is: the store normalises names, and
//! whoever compares a password normalises that.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        reply::{answers, unexpected},
        setting::constant,
    },
};

/// The prompts of the product.
pub(super) const USERNAME_PROMPT: &str = "User Name";
pub(super) const PASSWORD_PROMPT: &str = "Password";

#[derive(Debug)]
struct UsernameCollector {
    username: KeyId,
    autocomplete: Vec<String>,
    outcome: OutcomeId,
}

pub(super) fn username(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(UsernameCollector {
        username: setup.key("username"),
        autocomplete: autocomplete(setup)?,
        outcome: setup.outcome("outcome")?,
    }))
}

/// The hints for the browser.
pub(super) fn autocomplete(setup: &Setup<'_>) -> Result<Vec<String>, NodeError> {
    let values: Vec<Arc<str>> = constant(setup, "autocompleteValues")?;
    Ok(values.iter().map(ToString::to_string).collect())
}

impl Prepared for UsernameCollector {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([Callback::Name {
            prompt: USERNAME_PROMPT.to_owned(),
            default: String::new(),
            autocomplete: self.autocomplete.clone(),
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match answers(reply)?.next() {
            Some(Answer::Text(name)) if !name.is_empty() => {
                cx.put_shared(self.username, Value::from(name));
                Ok(Action::go(self.outcome))
            }
            Some(Answer::Text(_)) => self.enter(cx),
            _ => Err(unexpected()),
        }
    }
}

#[derive(Debug)]
struct PasswordCollector {
    password: KeyId,
    outcome: OutcomeId,
}

pub(super) fn password(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(PasswordCollector {
        password: setup.key("password"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for PasswordCollector {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([Callback::Password {
            prompt: PASSWORD_PROMPT.to_owned(),
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match answers(reply)?.next() {
            Some(Answer::Secret(secret)) if !secret.reveal().is_empty() => {
                cx.put_transient(self.password, Value::Secret(secret));
                Ok(Action::go(self.outcome))
            }
            Some(Answer::Secret(_)) => self.enter(cx),
            _ => Err(unexpected()),
        }
    }
}

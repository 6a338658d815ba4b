//! Nodes that ask for a name or a password.
//!
//! An empty answer is asked for again. What is typed goes on as it is: the store normalises names, and
//! whoever compares a password normalises that. Policies are not checked here.

use std::sync::Arc;

use serde_json::json;

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
        setting::{Kept, constant, constant_or_none},
    },
    secret::Secret,
};

/// The prompts of the product.
const USERNAME_PROMPT: &str = "User Name";
const PASSWORD_PROMPT: &str = "Password";
const NEW_USERNAME_PROMPT: &str = "Username";

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

fn autocomplete(setup: &Setup<'_>) -> Result<Vec<String>, NodeError> {
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

/// Asks for a name, on demand with the policies it must meet.
#[derive(Debug)]
struct ValidatedUsername {
    validate: bool,
    attribute: Kept<Arc<str>>,
    prepopulate: bool,
    autocomplete: Vec<String>,
    username: KeyId,
    outcome: OutcomeId,
}

pub(super) fn validated_username(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(ValidatedUsername {
        validate: constant(setup, "validateInput")?,
        attribute: Kept::get(setup, "usernameAttribute")?,
        prepopulate: constant_or_none(setup, "prepopulate")?.unwrap_or(false),
        autocomplete: autocomplete(setup)?,
        username: setup.key("username"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl ValidatedUsername {
    /// What stands in the field already.
    fn default(&self, cx: &Context<'_>) -> Result<String, NodeError> {
        if !self.prepopulate {
            return Ok(String::new());
        }
        let attribute = self.attribute.now(cx)?;
        let known = cx
            .object_attribute(&attribute)
            .or_else(|| cx.shared(self.username));
        Ok(known.and_then(Value::as_text).unwrap_or("").to_owned())
    }

    fn take(&self, cx: &mut Context<'_>, name: String) -> Result<Action, NodeError> {
        let attribute = self.attribute.now(cx)?;
        let name = Value::from(name);
        cx.put_object_shared(&attribute, name.clone());
        cx.put_shared(self.username, name);
        Ok(Action::go(self.outcome))
    }
}

impl Prepared for ValidatedUsername {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([if self.validate {
            Callback::ValidatedUsername {
                prompt: NEW_USERNAME_PROMPT.to_owned(),
                policies: json!({}),
                failed: Vec::new(),
                validate_only: false,
            }
        } else {
            Callback::Name {
                prompt: USERNAME_PROMPT.to_owned(),
                default: self.default(cx)?,
                autocomplete: self.autocomplete.clone(),
            }
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match answers(reply)?.next() {
            Some(
                Answer::Text(text)
                | Answer::Validated {
                    text,
                    validate_only: false,
                },
            ) if !text.is_empty() => self.take(cx, text),
            Some(Answer::Text(_) | Answer::Validated { .. }) => self.enter(cx),
            _ => Err(unexpected()),
        }
    }
}

/// Asks for a password, on demand with the policies it must meet.
#[derive(Debug)]
struct ValidatedPassword {
    validate: bool,
    attribute: Kept<Arc<str>>,
    password: KeyId,
    outcome: OutcomeId,
}

pub(super) fn validated_password(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(ValidatedPassword {
        validate: constant(setup, "validateInput")?,
        attribute: Kept::get(setup, "passwordAttribute")?,
        password: setup.key("password"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl ValidatedPassword {
    fn take(&self, cx: &mut Context<'_>, secret: Secret<String>) -> Result<Action, NodeError> {
        let attribute = self.attribute.now(cx)?;
        let secret = Value::Secret(secret);
        cx.put_object_transient(&attribute, secret.clone());
        cx.put_transient(self.password, secret);
        Ok(Action::go(self.outcome))
    }
}

impl Prepared for ValidatedPassword {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        let prompt = PASSWORD_PROMPT.to_owned();
        Ok(Action::ask([if self.validate {
            Callback::ValidatedPassword {
                prompt,
                echo: false,
                policies: json!({}),
                failed: Vec::new(),
                validate_only: false,
            }
        } else {
            Callback::Password { prompt }
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match answers(reply)?.next() {
            Some(
                Answer::Secret(secret)
                | Answer::ValidatedSecret {
                    secret,
                    validate_only: false,
                },
            ) if !secret.reveal().is_empty() => self.take(cx, secret),
            Some(Answer::Secret(_) | Answer::ValidatedSecret { .. }) => self.enter(cx),
            _ => Err(unexpected()),
        }
    }
}

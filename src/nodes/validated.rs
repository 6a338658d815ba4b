//! Nodes that ask for a name or a password of the profile under construction, on demand with the policies
//! that it must meet.
//!
//! With policies, what is typed is judged by the schema before it is taken: an answer that fails, and one
//! that is only to be validated, is asked for again with what it failed. What is typed is kept for the
//! visit alone while it is judged.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, FailedPolicy},
        context::Context,
        effect::Judgement,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        collect::{PASSWORD_PROMPT, USERNAME_PROMPT, autocomplete},
        profile::{judge, judged_one},
        reply::unexpected,
        setting::{Kept, constant, constant_or_none},
    },
    secret::Secret,
};

/// The prompt of the product.
const NEW_USERNAME_PROMPT: &str = "Username";

/// What is being judged, as it is kept for the visit.
fn keep(cx: &mut Context<'_>, value: Value, validate_only: bool) {
    let kept = [value, Value::Bool(validate_only)];
    cx.set_visit(Some(Value::List(Arc::from(kept))));
}

/// What was judged, and whether that was all there was to do; `None` where nothing was typed yet.
fn take_kept(cx: &mut Context<'_>) -> Option<(Value, bool)> {
    let kept = cx.visit().cloned();
    cx.set_visit(None);
    let Some(Value::List(kept)) = kept else {
        return None;
    };
    match &*kept {
        [value, Value::Bool(validate_only)] => Some((value.clone(), *validate_only)),
        _ => None,
    }
}

/// Asks for a name.
#[derive(Debug)]
struct ValidatedUsername {
    validate: bool,
    attribute: Kept<Arc<str>>,
    prepopulate: bool,
    autocomplete: Vec<String>,
    username: KeyId,
    outcome: OutcomeId,
}

pub(super) fn username(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
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

    fn judge(&self, cx: &Context<'_>, value: Option<Value>) -> Result<Action, NodeError> {
        let attribute = self.attribute.now(cx)?.into_owned();
        let values = value.map(|value| (Arc::clone(&attribute), value));
        Ok(judge(cx, vec![attribute], values.into_iter().collect()))
    }

    fn take(&self, cx: &mut Context<'_>, name: Value) -> Result<Action, NodeError> {
        let attribute = self.attribute.now(cx)?;
        cx.put_object_shared(&attribute, name.clone());
        cx.put_shared(self.username, name);
        Ok(Action::go(self.outcome))
    }

    fn judged(&self, cx: &mut Context<'_>, judged: Judgement) -> Result<Action, NodeError> {
        let (failed, typed) = match take_kept(cx) {
            None => (Vec::new(), Value::Null),
            Some((name, false)) if judged.failed.is_empty() && is_filled(&name) => {
                return self.take(cx, name);
            }
            Some((name, _)) => (judged.failed, name),
        };
        Ok(Action::ask([Callback::ValidatedUsername {
            prompt: NEW_USERNAME_PROMPT.to_owned(),
            policies: judged.policies,
            failed,
            validate_only: false,
            value: match typed.as_text() {
                Some(typed) => typed.to_owned(),
                None => self.default(cx)?,
            },
        }]))
    }
}

fn is_filled(name: &Value) -> bool {
    name.as_text().is_some_and(|name| !name.is_empty())
}

impl Prepared for ValidatedUsername {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if self.validate {
            return self.judge(cx, None);
        }
        Ok(Action::ask([Callback::Name {
            prompt: USERNAME_PROMPT.to_owned(),
            default: self.default(cx)?,
            autocomplete: self.autocomplete.clone(),
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Answers(answers) = reply else {
            let judged = judged_one(reply)?;
            return self.judged(cx, judged);
        };
        match answers.into_iter().next() {
            Some(Answer::Text(name)) if !self.validate => {
                if name.is_empty() {
                    return self.enter(cx);
                }
                self.take(cx, Value::from(name))
            }
            Some(Answer::Validated {
                text,
                validate_only,
            }) if self.validate => {
                let name = Value::from(text);
                keep(cx, name.clone(), validate_only);
                self.judge(cx, Some(name))
            }
            _ => Err(unexpected()),
        }
    }
}

/// Asks for a password.
#[derive(Debug)]
struct ValidatedPassword {
    validate: bool,
    attribute: Kept<Arc<str>>,
    password: KeyId,
    outcome: OutcomeId,
}

pub(super) fn password(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(ValidatedPassword {
        validate: constant(setup, "validateInput")?,
        attribute: Kept::get(setup, "passwordAttribute")?,
        password: setup.key("password"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl ValidatedPassword {
    /// Asks about the password, beside what else was typed: some policies compare the two.
    fn judge(&self, cx: &Context<'_>, secret: Option<Value>) -> Result<Action, NodeError> {
        let attribute = self.attribute.now(cx)?.into_owned();
        let mut values = BTreeMap::new();
        if let Some(secret) = secret {
            values = cx.object_attributes();
            values.retain(|_, value| matches!(value, Value::Text(_)));
            values.insert(Arc::clone(&attribute), secret);
        }
        Ok(judge(cx, vec![attribute], values))
    }

    fn take(&self, cx: &mut Context<'_>, secret: Value) -> Result<Action, NodeError> {
        let attribute = self.attribute.now(cx)?;
        cx.put_object_transient(&attribute, secret.clone());
        cx.put_transient(self.password, secret);
        Ok(Action::go(self.outcome))
    }

    fn judged(&self, cx: &mut Context<'_>, judged: Judgement) -> Result<Action, NodeError> {
        let failed: Vec<FailedPolicy> = match take_kept(cx) {
            None => Vec::new(),
            Some((Value::Secret(secret), false))
                if judged.failed.is_empty() && !secret.reveal().is_empty() =>
            {
                return self.take(cx, Value::Secret(secret));
            }
            Some(_) => judged.failed,
        };
        Ok(Action::ask([Callback::ValidatedPassword {
            prompt: PASSWORD_PROMPT.to_owned(),
            echo: false,
            policies: judged.policies,
            failed,
            validate_only: false,
        }]))
    }
}

impl Prepared for ValidatedPassword {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if self.validate {
            return self.judge(cx, None);
        }
        let prompt = PASSWORD_PROMPT.to_owned();
        Ok(Action::ask([Callback::Password { prompt }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Answers(answers) = reply else {
            let judged = judged_one(reply)?;
            return self.judged(cx, judged);
        };
        match answers.into_iter().next() {
            Some(Answer::Secret(secret)) if !self.validate => {
                if secret.reveal().is_empty() {
                    return self.enter(cx);
                }
                self.take(cx, Value::Secret(secret))
            }
            Some(Answer::ValidatedSecret {
                secret,
                validate_only,
            }) if self.validate => {
                let secret: Secret<String> = secret;
                keep(cx, Value::Secret(secret.clone()), validate_only);
                self.judge(cx, Some(Value::Secret(secret)))
            }
            _ => Err(unexpected()),
        }
    }
}

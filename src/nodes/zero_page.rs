//! The node that takes name and password from two request headers.
//!
//! Headers are raw here and are decoded once. What came as a header is held to the same limits as what
//! is typed.

use std::{borrow::Cow, sync::Arc};

use crate::{
    encoded_word,
    engine::{
        action::Action,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{failure, setting::Kept},
    secret::Secret,
};

/// `true` where at least one of the headers is there and the referer is as the settings want it.
#[derive(Debug)]
struct ZeroPageLogin {
    username_header: Kept<Arc<str>>,
    password_header: Kept<Arc<str>>,
    without_referer: Kept<bool>,
    referers: Kept<Vec<Arc<str>>>,
    username: KeyId,
    password: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn login(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(ZeroPageLogin {
        username_header: Kept::get(setup, "usernameHeader")?,
        password_header: Kept::get(setup, "passwordHeader")?,
        without_referer: Kept::get(setup, "allowWithoutReferer")?,
        referers: Kept::get(setup, "referrerWhiteList")?,
        username: setup.key("username"),
        password: setup.key("password"),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl ZeroPageLogin {
    fn referer_fits(&self, cx: &Context<'_>) -> Result<bool, NodeError> {
        if *self.without_referer.now(cx)? {
            return Ok(true);
        }
        let allowed = self.referers.now(cx)?;
        let mut referers = cx.request().header("referer");
        Ok(match (referers.next(), referers.next()) {
            (Some(referer), None) => allowed.iter().any(|allowed| **allowed == *referer),
            _ => false,
        })
    }
}

/// The text of a header that may stand once, within `limit` characters.
fn header(cx: &Context<'_>, name: &str, limit: usize) -> Result<Option<String>, NodeError> {
    let mut values = cx.request().header(name);
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let more = values.count();
    if more > 0 {
        return Err(failure::MANY_HEADERS.about(more + 1));
    }
    let text = encoded_word::decode(value)
        .map_err(|error| failure::UNREADABLE_HEADER.about(format_args!("`{name}`: {error}")))?;
    if text.chars().count() > limit {
        return Err(failure::LONG_HEADER.about(name));
    }
    Ok(Some(Cow::into_owned(text)))
}

impl Prepared for ZeroPageLogin {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if !self.referer_fits(cx)? {
            return Ok(Action::go(self.no));
        }
        let limits = cx.limits();
        let (name_limit, password_limit) = (limits.username_chars, limits.password_chars);
        let username = header(cx, &self.username_header.now(cx)?, name_limit)?;
        let password = header(cx, &self.password_header.now(cx)?, password_limit)?.map(Secret::new);
        if username.is_none() && password.is_none() {
            return Ok(Action::go(self.no));
        }
        if let Some(username) = username {
            cx.put_shared(self.username, Value::from(username));
        }
        if let Some(password) = password {
            cx.put_transient(self.password, Value::Secret(password));
        }
        Ok(Action::go(self.yes))
    }
}

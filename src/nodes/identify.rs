//! Nodes that find users, and show or take their names.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Callback, MessageKind},
        context::Context,
        effect::{Effect, Identity, ReadIdentity, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        failure,
        profile::{Finder, attribute, is_name, profile},
        reply::identity,
        setting::{Kept, constant},
    },
};

/// The accounts at other providers.
const ALIASES: &str = "aliasList";

/// Finds the user by what was collected, who is from then on the subject of the run, unproved.
#[derive(Debug)]
struct IdentifyExistingUser {
    identifier: Arc<str>,
    finder: Finder,
    id: KeyId,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn existing(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(IdentifyExistingUser {
        identifier: constant(setup, "identifier")?,
        finder: Finder::prepare(setup)?,
        id: setup.key("_id"),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl IdentifyExistingUser {
    fn found(&self, cx: &mut Context<'_>, identity: Identity) -> Action {
        cx.put_shared(self.id, Value::Text(Arc::clone(&identity.subject.0)));
        let identifier = if is_name(&self.identifier) {
            Some(Value::Text(Arc::clone(&identity.username)))
        } else {
            attribute(&identity, &self.identifier).cloned()
        };
        if let Some(value @ Value::Text(_)) = identifier {
            cx.put_object_shared(&self.identifier, value);
        }
        if let Some(aliases @ Value::List(_)) = attribute(&identity, ALIASES) {
            cx.put_object_transient(ALIASES, aliases.clone());
        }
        // The name that goes into the state is the canonical one: it is what the store knows a user by.
        Action::identify(self.yes, identity)
    }
}

impl Prepared for IdentifyExistingUser {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let wanted = vec![Arc::clone(&self.identifier), Arc::from(ALIASES)];
        Ok(match self.finder.stated(cx) {
            Some(target) => target.read(wanted),
            None => Action::go(self.no),
        })
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        Ok(match identity(reply)? {
            Some(identity) => self.found(cx, identity),
            None => Action::go(self.no),
        })
    }
}

/// Shows the name of the user.
#[derive(Debug)]
struct DisplayUserName {
    attribute: Kept<Arc<str>>,
    finder: Finder,
    outcome: OutcomeId,
}

pub(super) fn display(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(DisplayUserName {
        attribute: Kept::get(setup, "userName")?,
        finder: Finder::prepare(setup)?,
        outcome: setup.outcome("outcome")?,
    }))
}

fn show(name: &str) -> Action {
    Action::ask([Callback::TextOutput {
        text: name.to_owned(),
        message: MessageKind::Information,
    }])
}

impl Prepared for DisplayUserName {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let name = self.attribute.now(cx)?.into_owned();
        let typed = cx.object_attribute(&name).and_then(Value::as_text);
        if let Some(text) = typed.filter(|text| !text.is_empty()) {
            return Ok(show(text));
        }
        Ok(self.finder.target(cx)?.read(vec![name]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if let Reply::Answers(_) = reply {
            return Ok(Action::go(self.outcome));
        }
        let identity = profile(reply)?;
        let name = self.attribute.now(cx)?;
        match attribute(&identity, &name).and_then(Value::as_text) {
            Some(text) => Ok(show(text)),
            None if is_name(&name) => Ok(show(&identity.username)),
            None => Err(failure::NO_NAME_TO_DISPLAY.error()),
        }
    }
}

/// Takes a fixed user, of whom nothing is proved.
#[derive(Debug)]
struct AnonymousUser {
    name: Kept<Arc<str>>,
    username: KeyId,
    outcome: OutcomeId,
}

pub(super) fn anonymous(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(AnonymousUser {
        name: Kept::get(setup, "anonymousUserName")?,
        username: setup.key("username"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for AnonymousUser {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who: Who::Name(self.name.now(cx)?.into_owned()),
            attributes: Vec::new(),
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let identity = identity(reply)?.ok_or_else(|| failure::NO_ANONYMOUS_USER.error())?;
        cx.put_shared(self.username, Value::Text(Arc::clone(&identity.username)));
        Ok(Action::identify(self.outcome, identity))
    }
}

//! Nodes about the session that came with the start and the one to come.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Effect, EffectReply, Identity, ReadSession, SessionView},
        error::NodeError,
        node_type::{Prepared, Setup},
        refuse_system_property,
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        failure,
        reply::unexpected,
        setting::{Kept, constant, optional},
    },
};

/// The property that names whose session it is.
const USER: &str = "UserToken";

/// Copies a property of the session that came with the start into shared state.
///
/// `UserToken` into `username` takes the subject of the session with it; everything else is a text.
#[derive(Debug)]
struct SessionData {
    property: Arc<str>,
    target: Arc<str>,
    key: KeyId,
    takes_subject: bool,
    outcome: OutcomeId,
}

pub(super) fn data(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let property: Arc<str> = constant(setup, "sessionDataKey")?;
    let target: Arc<str> = constant(setup, "sharedStateKey")?;
    Ok(Box::new(SessionData {
        key: setup.key(&target),
        takes_subject: &*property == USER && &*target == "username",
        property,
        target,
        outcome: setup.outcome("outcome")?,
    }))
}

impl SessionData {
    fn value(&self, view: &SessionView) -> Option<Value> {
        if let Some(value) = view.properties.get(&self.property) {
            return Some(value.clone());
        }
        match &*self.property {
            USER | "UserId" => Some(Value::Text(Arc::clone(&view.username))),
            "AuthLevel" => Some(Value::from(view.level.to_string())),
            _ => None,
        }
    }
}

impl Prepared for SessionData {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let session = cx.session().ok_or_else(no_session)?.session.clone();
        Ok(Action::call(Effect::ReadSession(ReadSession {
            session,
            properties: vec![Arc::clone(&self.property)],
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Effect(EffectReply::Session(view)) = reply else {
            return Err(unexpected());
        };
        let view = view.ok_or_else(no_session)?;
        if self.takes_subject {
            let username = Value::Text(Arc::clone(&view.username));
            cx.put_object_shared(&self.target, username.clone());
            cx.put_shared(self.key, username);
            // Whether the account is active is asked when the run succeeds.
            return Ok(Action::prove(
                self.outcome,
                Factor::Session,
                Identity {
                    subject: view.subject,
                    username: view.username,
                    active: true,
                    attributes: BTreeMap::new(),
                },
            ));
        }
        let value = self
            .value(&view)
            .ok_or_else(|| failure::NO_PROPERTY.about(&self.property))?;
        cx.put_object_shared(&self.target, value.clone());
        cx.put_shared(self.key, value);
        Ok(Action::go(self.outcome))
    }
}

fn no_session() -> NodeError {
    failure::NO_SESSION.error()
}

/// Sets properties and times of the session to come.
#[derive(Debug)]
struct SetProperties {
    properties: Kept<BTreeMap<Arc<str>, Arc<str>>>,
    time: Option<Kept<Duration>>,
    idle: Option<Kept<Duration>>,
    outcome: OutcomeId,
}

pub(super) fn set_properties(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let properties: Kept<BTreeMap<Arc<str>, Arc<str>>> = Kept::get(setup, "properties")?;
    for name in properties.known().into_iter().flat_map(BTreeMap::keys) {
        refuse_system_property(name)?;
    }
    Ok(Box::new(SetProperties {
        properties,
        time: Kept::find(setup, "maxSessionTime")?,
        idle: Kept::find(setup, "maxIdleTime")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for SetProperties {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let time = optional(self.time.as_ref(), cx)?.map(|time| *time);
        let idle = optional(self.idle.as_ref(), cx)?.map(|idle| *idle);
        for (name, value) in &*self.properties.now(cx)? {
            cx.session_property(name, Some(Value::Text(Arc::clone(value))))?;
        }
        if time.is_some() || idle.is_some() {
            cx.session_times(time, idle);
        }
        Ok(Action::go(self.outcome))
    }
}

/// Takes back properties of the session to come.
#[derive(Debug)]
struct RemoveProperties {
    names: Kept<Vec<Arc<str>>>,
    outcome: OutcomeId,
}

pub(super) fn remove_properties(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let names: Kept<Vec<Arc<str>>> = Kept::get(setup, "propertyNames")?;
    for name in names.known().into_iter().flatten() {
        refuse_system_property(name)?;
    }
    Ok(Box::new(RemoveProperties {
        names,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for RemoveProperties {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        for name in &*self.names.now(cx)? {
            cx.session_property(name, None)?;
        }
        Ok(Action::go(self.outcome))
    }
}

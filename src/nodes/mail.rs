//! The node that sends a one-time code by mail.
//!
//! The identity is read first, always: a code proves something of a subject only when it went to an
//! address of that subject's profile. Sending itself is the embedder's; the node's settings go along.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply, Subject},
        context::Context,
        effect::{Channel, Effect, EffectReply, Identity, Message, ReadIdentity, SubjectId},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        text::LocalizedText,
        value::Value,
    },
    nodes::{
        failure,
        message::text_or,
        otp::no_code,
        reply::unexpected,
        setting::{Kept, optional},
        who::{secret, who},
    },
    secret::Secret,
};

/// What is replaced by the code, wherever it stands in subject or body.
pub(super) const PLACE_OF_CODE: &str = "{{OTP}}";

/// Settings that say how to send; the embedder reads them from the message.
const ROUTE: [&str; 6] = [
    "hostName",
    "hostPort",
    "password",
    "secretLabelIdentifier",
    "sslOption",
    "username",
];

/// How the embedder is to send, as far as a node says.
#[derive(Debug)]
pub(super) struct Route {
    settings: Vec<(Arc<str>, SettingValue)>,
    gateway: Option<Kept<Arc<str>>>,
    from: Option<Kept<Arc<str>>>,
}

impl Route {
    pub(super) fn of(setup: &Setup<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            settings: setup
                .settings()
                .filter(|(key, _)| ROUTE.contains(key))
                .map(|(key, value)| (Arc::from(key), value.clone()))
                .collect(),
            gateway: Kept::find(setup, "smsGatewayImplementationClass")?,
            from: Kept::find(setup, "fromEmailAddress")?,
        })
    }

    pub(super) fn settings(
        &self,
        cx: &Context<'_>,
    ) -> Result<BTreeMap<Arc<str>, Value>, NodeError> {
        let mut route = BTreeMap::new();
        for (key, setting) in &self.settings {
            route.insert(Arc::clone(key), cx.value(setting)?);
        }
        if let Some(gateway) = optional(self.gateway.as_ref(), cx)? {
            route.insert(
                Arc::from("smsGatewayImplementationClass"),
                Value::Text(gateway.into_owned()),
            );
        }
        Ok(route)
    }

    pub(super) fn from(&self, cx: &Context<'_>) -> Result<Arc<str>, NodeError> {
        let from = optional(self.from.as_ref(), cx)?;
        Ok(from.map_or_else(|| Arc::from(""), std::borrow::Cow::into_owned))
    }
}

#[derive(Debug)]
struct SmtpSender {
    route: Route,
    attribute: Kept<Arc<str>>,
    subject: Kept<LocalizedText>,
    content: Kept<LocalizedText>,
    username: KeyId,
    code: KeyId,
    address: KeyId,
    outcome: OutcomeId,
}

pub(super) fn sender(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(SmtpSender {
        route: Route::of(setup)?,
        attribute: Kept::get(setup, "emailAttribute")?,
        subject: Kept::get(setup, "emailSubject")?,
        content: Kept::get(setup, "emailContent")?,
        username: setup.key("username"),
        code: setup.key("oneTimePassword"),
        address: setup.key("emailAddress"),
        outcome: setup.outcome("outcome")?,
    }))
}

/// A code on its way: what the node must know when it has been sent.
#[derive(Debug)]
struct Posted {
    to: Arc<str>,
    /// The subject whose profile holds the address.
    owner: Option<Subject>,
}

impl Posted {
    fn to_value(&self) -> Value {
        let mut fields = vec![Value::Text(Arc::clone(&self.to))];
        if let Some(owner) = &self.owner {
            fields.push(Value::Text(Arc::clone(&owner.id.0)));
            fields.push(Value::Text(Arc::clone(&owner.username)));
        }
        Value::List(Arc::from(fields))
    }

    fn from_value(value: Option<&Value>) -> Option<Self> {
        let Some(Value::List(fields)) = value else {
            return None;
        };
        match &**fields {
            [Value::Text(to)] => Some(Self {
                to: Arc::clone(to),
                owner: None,
            }),
            [Value::Text(to), Value::Text(id), Value::Text(name)] => Some(Self {
                to: Arc::clone(to),
                owner: Some(Subject {
                    id: SubjectId(Arc::clone(id)),
                    username: Arc::clone(name),
                }),
            }),
            _ => None,
        }
    }
}

impl SmtpSender {
    /// Where the code goes: an address of the state, else the first of the profile.
    fn post(&self, cx: &Context<'_>, identity: Option<&Identity>) -> Result<Posted, NodeError> {
        let attribute = self.attribute.now(cx)?;
        let profile = identity
            .and_then(|identity| identity.attributes.get(&**attribute))
            .map(texts)
            .unwrap_or_default();
        let stated = cx
            .shared(self.address)
            .or_else(|| cx.object_attribute(&attribute))
            .and_then(|value| texts(value).into_iter().next());
        let to = match (stated, profile.first()) {
            (Some(to), _) => to,
            (None, Some(to)) => Arc::clone(to),
            (None, None) if identity.is_none() => return Err(no_identity()),
            (None, None) => {
                return Err(failure::NO_MAIL_ADDRESS.error());
            }
        };
        if to.chars().any(char::is_control) {
            return Err(failure::UNFIT_MAIL_ADDRESS.error());
        }
        let owner = identity
            .filter(|_| profile.contains(&to))
            .map(|identity| Subject {
                id: identity.subject.clone(),
                username: Arc::clone(&identity.username),
            });
        Ok(Posted { to, owner })
    }

    fn message(&self, cx: &Context<'_>, to: Arc<str>) -> Result<Message, NodeError> {
        let code = secret(cx, self.code).ok_or_else(no_code)?;
        let subject = text_or(cx, &self.subject, "Your one-time password")?;
        let body = text_or(cx, &self.content, "Your one-time password is {{OTP}}.")?;
        Ok(Message {
            channel: Channel::Mail,
            to,
            from: self.route.from(cx)?,
            subject: subject.replace(PLACE_OF_CODE, code.reveal()),
            body: Secret::new(body.replace(PLACE_OF_CODE, code.reveal())),
            route: self.route.settings(cx)?,
            template: None,
        })
    }

    fn sent(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let posted = Posted::from_value(cx.visit()).ok_or_else(unexpected)?;
        if let Some(owner) = &posted.owner {
            cx.bind_challenge(owner);
        }
        cx.put_shared(self.address, Value::Text(posted.to));
        Ok(Action::go(self.outcome))
    }
}

/// The texts of an attribute with one or more values.
pub(super) fn texts(value: &Value) -> Vec<Arc<str>> {
    let text = |value: &Value| match value {
        Value::Text(text) if !text.is_empty() => Some(Arc::clone(text)),
        _ => None,
    };
    match value {
        Value::List(list) => list.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect(),
    }
}

/// The product's words.
pub(super) fn no_identity() -> NodeError {
    failure::NO_IDENTITY_OF_NAME.error()
}

impl Prepared for SmtpSender {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if cx.get(self.code).is_none() {
            return Err(no_code());
        }
        let attribute = self.attribute.now(cx)?.into_owned();
        let who = who(cx, self.username).ok_or_else(no_identity)?;
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes: vec![attribute],
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Identity(identity)) => {
                let posted = self.post(cx, identity.as_ref())?;
                let message = self.message(cx, Arc::clone(&posted.to))?;
                if posted.owner.is_none() {
                    // Even if sending fails, the code may have reached someone else.
                    cx.close_challenge();
                }
                cx.set_visit(Some(posted.to_value()));
                Ok(Action::call(Effect::Send(message)))
            }
            Reply::Effect(EffectReply::Sent) => self.sent(cx),
            _ => Err(unexpected()),
        }
    }
}

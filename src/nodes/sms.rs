//! The node that sends a one-time code as a text message.
//!
//! The number is that of the profile and no other, so the code proves something of its subject. The
//! message goes by mail to the gateway of the carrier, `NUMBER@CARRIER`; where the profile names none the
//! embedder knows the gateway.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply, Subject},
        context::Context,
        effect::{Channel, Effect, EffectReply, Identity, Message, ReadIdentity, SubjectId},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{
        failure,
        mail::{PLACE_OF_CODE, Route, no_identity, texts},
        message::text_or,
        otp::no_code,
        reply::unexpected,
        setting::{Kept, optional},
        who::{secret, who},
    },
    secret::Secret,
};

#[derive(Debug)]
struct SmsSender {
    route: Route,
    phone: Kept<Arc<str>>,
    carrier: Option<Kept<Arc<str>>>,
    subject: Kept<LocalizedText>,
    content: Kept<LocalizedText>,
    username: KeyId,
    code: KeyId,
    outcome: OutcomeId,
}

pub(super) fn sender(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(SmsSender {
        route: Route::of(setup)?,
        phone: Kept::get(setup, "mobilePhoneAttributeName")?,
        carrier: Kept::find(setup, "mobileCarrierAttributeName")?,
        subject: Kept::get(setup, "smsSubject")?,
        content: Kept::get(setup, "smsContent")?,
        username: setup.key("username"),
        code: setup.key("oneTimePassword"),
        outcome: setup.outcome("outcome")?,
    }))
}

impl SmsSender {
    fn carrier(&self, cx: &Context<'_>) -> Result<Option<Arc<str>>, NodeError> {
        let carrier = optional(self.carrier.as_ref(), cx)?.map(std::borrow::Cow::into_owned);
        Ok(carrier.filter(|carrier| !carrier.is_empty()))
    }

    /// `NUMBER@CARRIER`, or the number alone.
    fn to(&self, cx: &Context<'_>, identity: &Identity) -> Result<Arc<str>, NodeError> {
        let first = |attribute: &str| {
            let value = identity.attributes.get(attribute)?;
            texts(value).into_iter().next()
        };
        let phone = first(&self.phone.now(cx)?).and_then(|phone| number(&phone));
        let phone = phone.ok_or_else(|| failure::NO_PHONE_NUMBER.error())?;
        let Some(carrier) = self.carrier(cx)? else {
            return Ok(Arc::from(phone));
        };
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let carrier = first(&carrier).filter(|carrier| carrier.bytes().all(fits));
        let carrier = carrier.ok_or_else(|| failure::NO_CARRIER.error())?;
        Ok(Arc::from(format!("{phone}@{carrier}")))
    }

    fn message(&self, cx: &Context<'_>, to: Arc<str>) -> Result<Message, NodeError> {
        let code = secret(cx, self.code).ok_or_else(no_code)?;
        let subject = text_or(cx, &self.subject, "Your one-time password")?;
        let body = text_or(cx, &self.content, "Your one-time password is {{OTP}}.")?;
        Ok(Message {
            channel: Channel::Sms,
            to,
            from: self.route.from(cx)?,
            subject: subject.replace(PLACE_OF_CODE, code.reveal()),
            body: Secret::new(body.replace(PLACE_OF_CODE, code.reveal())),
            route: self.route.settings(cx)?,
            template: None,
        })
    }

    fn send(&self, cx: &mut Context<'_>, identity: &Identity) -> Result<Action, NodeError> {
        let to = self.to(cx, identity)?;
        let message = self.message(cx, to)?;
        cx.set_visit(Some(Value::List(Arc::from([
            Value::Text(Arc::clone(&identity.subject.0)),
            Value::Text(Arc::clone(&identity.username)),
        ]))));
        Ok(Action::call(Effect::Send(message)))
    }

    /// The number is the subject's, so the open challenge is too.
    fn sent(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let owner = match cx.visit() {
            Some(Value::List(fields)) => match &**fields {
                [Value::Text(id), Value::Text(username)] => Some(Subject {
                    id: SubjectId(Arc::clone(id)),
                    username: Arc::clone(username),
                }),
                _ => None,
            },
            _ => None,
        };
        cx.bind_challenge(&owner.ok_or_else(unexpected)?);
        Ok(Action::go(self.outcome))
    }
}

/// The digits of a number, with its sign; `None` where there is anything else in it.
fn number(phone: &str) -> Option<String> {
    let dialled: String = phone
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.' | '/' | '(' | ')'))
        .collect();
    let digits = dialled.strip_prefix('+').unwrap_or(&dialled);
    let fits = (3..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then_some(dialled)
}

impl Prepared for SmsSender {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if cx.get(self.code).is_none() {
            return Err(no_code());
        }
        let mut attributes = vec![self.phone.now(cx)?.into_owned()];
        attributes.extend(self.carrier(cx)?);
        let who = who(cx, self.username).ok_or_else(no_identity)?;
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who,
            attributes,
        })))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Identity(Some(identity))) => self.send(cx, &identity),
            Reply::Effect(EffectReply::Identity(None)) => Err(no_identity()),
            Reply::Effect(EffectReply::Sent) => self.sent(cx),
            _ => Err(unexpected()),
        }
    }
}

//! Nodes that send a mail from a template, one of them with a link that the run waits for.
//!
//! Whom a link goes to decides what it proves: one to the address of a profile is followed by its owner,
//! one to an address that was typed by whoever typed it. Where there is nobody to send to, the run waits
//! all the same and shows the same text, so that nobody learns who has an account. How a template reads
//! is the embedder's.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Reply, Suspend},
        context::Context,
        effect::{
            Channel, Effect, EffectReply, FindIdentity, Identity, Message, ReadIdentity, SubjectId,
            Template, Who,
        },
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    filter::Filter,
    model::{
        expr::KeyId, journey::OutcomeId, signature::Factor, text::LocalizedText, value::Value,
    },
    nodes::{
        mail::texts,
        message::text_or,
        reply::{identity, unexpected},
        setting::{Kept, constant, optional},
        who::who,
    },
    secret::Secret,
};

/// The attribute that holds the name of a user, which the store normalises.
const NAME: &str = "userName";

/// What a template may hold of a profile that is only being made.
const TYPED: [&str; 4] = ["userName", "givenName", "sn", "mail"];

/// Who a mail is about, and where it goes.
#[derive(Debug)]
struct Recipient {
    template: Kept<Arc<str>>,
    address: Kept<Arc<str>>,
    attribute: Arc<str>,
    /// The attribute as a key of the state itself.
    root: KeyId,
    username: KeyId,
}

impl Recipient {
    fn prepare(setup: &mut Setup<'_>) -> Result<Self, NodeError> {
        let attribute: Arc<str> = constant(setup, "identityAttribute")?;
        Ok(Self {
            template: Kept::get(setup, "emailTemplateName")?,
            address: Kept::get(setup, "emailAttribute")?,
            root: setup.key(&attribute),
            attribute,
            username: setup.key("username"),
        })
    }

    /// The look-up of the profile; `None` where nothing says whose.
    fn look_up(&self, cx: &Context<'_>) -> Result<Option<Effect>, NodeError> {
        let attributes = vec![self.address.now(cx)?.into_owned()];
        let stated = cx
            .object_attribute(&self.attribute)
            .or_else(|| cx.shared(self.root))
            .and_then(Value::as_text)
            .filter(|text| !text.is_empty());
        let Some(stated) = stated else {
            let read = |who| Effect::ReadIdentity(ReadIdentity { who, attributes });
            return Ok(who(cx, self.username).map(read));
        };
        Ok(Some(if self.attribute.eq_ignore_ascii_case(NAME) {
            Effect::ReadIdentity(ReadIdentity {
                who: Who::Name(Arc::from(stated)),
                attributes,
            })
        } else {
            Effect::FindIdentity(FindIdentity {
                filter: Filter::equal(Arc::clone(&self.attribute), stated),
                attributes,
            })
        }))
    }

    /// The first address of the profile.
    fn known(&self, cx: &Context<'_>, identity: &Identity) -> Result<Option<Arc<str>>, NodeError> {
        let attribute = self.address.now(cx)?;
        let named = |(name, _): &(&Arc<str>, &Value)| name.eq_ignore_ascii_case(&attribute);
        let found = identity.attributes.iter().find(named);
        Ok(found.and_then(|(_, value)| texts(value).into_iter().find(|to| is_address(to))))
    }

    /// The address of the profile under construction.
    fn typed(&self, cx: &Context<'_>) -> Result<Option<Arc<str>>, NodeError> {
        let attribute = self.address.now(cx)?;
        let value = cx.object_attribute(&attribute);
        Ok(value.and_then(|value| texts(value).into_iter().find(|to| is_address(to))))
    }

    fn message(
        &self,
        cx: &Context<'_>,
        to: Arc<str>,
        about: Option<SubjectId>,
        link: &str,
    ) -> Result<Effect, NodeError> {
        let typed = if about.is_some() {
            BTreeMap::new()
        } else {
            let text = |name: &&str| {
                let text = cx.object_attribute(name).and_then(Value::as_text)?;
                Some((Arc::from(*name), Arc::from(text)))
            };
            TYPED.iter().filter_map(text).collect()
        };
        Ok(Effect::Send(Message {
            channel: Channel::Mail,
            to,
            from: Arc::from(""),
            subject: self.template.now(cx)?.to_string(),
            body: Secret::new(link.to_owned()),
            route: BTreeMap::new(),
            template: Some(Arc::new(Template {
                name: self.template.now(cx)?.into_owned(),
                locales: cx.request().locales.clone(),
                about,
                typed,
                link: Secret::new(link.to_owned()),
            })),
        }))
    }
}

/// Whether it is one address at all, and not the beginning of something else.
fn is_address(text: &str) -> bool {
    let fits = |c: char| !c.is_control() && !c.is_whitespace() && !",;:<>()[]\"\\".contains(c);
    text.rsplit_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty())
        && text.chars().all(fits)
}

/// Mails a link and waits until somebody follows it.
#[derive(Debug)]
struct EmailSuspend {
    to: Recipient,
    /// Whether the address is that of a profile.
    looked_up: bool,
    text: Kept<LocalizedText>,
    within: Option<Kept<Duration>>,
    outcome: OutcomeId,
}

pub(super) fn suspend(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(EmailSuspend {
        to: Recipient::prepare(setup)?,
        looked_up: constant(setup, "objectLookup")?,
        text: Kept::get(setup, "emailSuspendMessage")?,
        within: Kept::find(setup, "suspendDuration")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl EmailSuspend {
    fn wait(&self, cx: &Context<'_>, deliver: Option<Effect>) -> Result<Action, NodeError> {
        let otherwise = "If there is such an account, a mail with a link has been sent. Follow the \
                         link to go on.";
        let within = optional(self.within.as_ref(), cx)?.map(std::borrow::Cow::into_owned);
        Ok(Action::Suspend(Box::new(Suspend {
            text: text_or(cx, &self.text, otherwise)?,
            within,
            deliver,
        })))
    }

    /// The link goes to the address of the profile, if there is one, and is that user's.
    fn send_to(
        &self,
        cx: &mut Context<'_>,
        identity: Option<Identity>,
    ) -> Result<Action, NodeError> {
        let Some(identity) = identity else {
            return self.wait(cx, None);
        };
        let Some(to) = self.to.known(cx, &identity)? else {
            return self.wait(cx, None);
        };
        let about = Some(identity.subject.clone());
        let message = self.to.message(cx, to, about, "{0}")?;
        cx.set_visit(Some(owner_to_value(&identity)));
        self.wait(cx, Some(message))
    }
}

/// Whose link it is, until it is followed.
fn owner_to_value(identity: &Identity) -> Value {
    Value::List(Arc::from([
        Value::Text(Arc::clone(&identity.subject.0)),
        Value::Text(Arc::clone(&identity.username)),
        Value::Bool(identity.active),
    ]))
}

fn owner_from_value(value: Option<&Value>) -> Option<Identity> {
    let Some(Value::List(fields)) = value else {
        return None;
    };
    let [Value::Text(id), Value::Text(username), Value::Bool(active)] = &**fields else {
        return None;
    };
    Some(Identity {
        subject: SubjectId(Arc::clone(id)),
        username: Arc::clone(username),
        active: *active,
        attributes: BTreeMap::new(),
    })
}

impl Prepared for EmailSuspend {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        if !self.looked_up {
            let to = self.to.typed(cx)?;
            let message = to.map(|to| self.to.message(cx, to, None, "{0}"));
            return self.wait(cx, message.transpose()?);
        }
        match self.to.look_up(cx)? {
            Some(effect) => Ok(Action::call(effect)),
            None => self.wait(cx, None),
        }
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Identity(identity)) => self.send_to(cx, identity),
            Reply::Resumed => Ok(match owner_from_value(cx.visit()) {
                Some(owner) if self.looked_up => {
                    Action::prove(self.outcome, Factor::MailLink, owner)
                }
                _ => Action::go(self.outcome),
            }),
            _ => Err(unexpected()),
        }
    }
}

/// Mails a template to the user of a profile.
#[derive(Debug)]
struct EmailTemplate {
    to: Recipient,
    sent: OutcomeId,
    unsent: OutcomeId,
}

pub(super) fn template(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(EmailTemplate {
        to: Recipient::prepare(setup)?,
        sent: setup.outcome("EMAIL_SENT")?,
        unsent: setup.outcome("EMAIL_NOT_SENT")?,
    }))
}

impl Prepared for EmailTemplate {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        match self.to.look_up(cx)? {
            Some(effect) => Ok(Action::call(effect)),
            None => Ok(Action::go(self.unsent)),
        }
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        if let Reply::Effect(EffectReply::Sent) = reply {
            return Ok(Action::go(self.sent));
        }
        let Some(identity) = identity(reply)? else {
            return Ok(Action::go(self.unsent));
        };
        let Some(to) = self.to.known(cx, &identity)? else {
            return Ok(Action::go(self.unsent));
        };
        let message = self.to.message(cx, to, Some(identity.subject), "")?;
        Ok(Action::call(message))
    }
}

//! How nodes find the profile that they are about, and what they ask the store of identities.
//!
//! What a visitor typed names nobody for good: where the run has a subject, a profile is the subject's,
//! and only a node that is there to find somebody looks at what was typed first.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{
            Change, Effect, EffectReply, FindIdentity, Identity, Judge, Judgement, PatchIdentity,
            ReadIdentity, Who,
        },
        error::NodeError,
        node_type::Setup,
    },
    filter::{Filter, Pointer},
    model::{expr::KeyId, value::Value},
    nodes::{failure, reply::unexpected, setting::constant, who::who},
};

/// What kind of object users are, where no setting says it.
pub(super) const USERS: &str = "managed/user";

/// The attribute that holds the name of a user, which the store normalises.
pub(super) const NAME: &str = "userName";

/// Whether an attribute holds the name of the user, which is another word for the canonical name.
pub(super) fn is_name(attribute: &str) -> bool {
    attribute.eq_ignore_ascii_case(NAME)
}

/// How a profile is found.
#[derive(Debug)]
pub(super) struct Finder {
    attribute: Arc<str>,
    /// The attribute as a key of the state itself.
    root: KeyId,
    username: KeyId,
}

/// A profile that was named.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    /// A subject, or somebody of this name.
    Who(Who),
    /// Whoever alone has this.
    Having(Filter),
}

impl Target {
    /// The look-up of the profile.
    pub(super) fn read(self, attributes: Vec<Arc<str>>) -> Action {
        Action::call(match self {
            Self::Who(who) => Effect::ReadIdentity(ReadIdentity { who, attributes }),
            Self::Having(filter) => Effect::FindIdentity(FindIdentity { filter, attributes }),
        })
    }
}

impl Finder {
    /// By the setting `identityAttribute`.
    pub(super) fn prepare(setup: &mut Setup<'_>) -> Result<Self, NodeError> {
        let attribute: Arc<str> = constant(setup, "identityAttribute")?;
        Ok(Self {
            root: setup.key(&attribute),
            username: setup.key("username"),
            attribute,
        })
    }

    /// The subject of the run, else whom the state names.
    pub(super) fn target(&self, cx: &Context<'_>) -> Result<Target, NodeError> {
        let subject = cx.subject().map(|subject| Who::Subject(subject.id.clone()));
        subject
            .map(Target::Who)
            .or_else(|| self.stated(cx))
            .ok_or_else(|| failure::NOT_IN_STATE.about(&self.attribute))
    }

    /// Whom the state names: by the attribute of the profile under construction, by the key of the same
    /// name, by the name of the user.
    pub(super) fn stated(&self, cx: &Context<'_>) -> Option<Target> {
        let text = |value: &Value| {
            let text = value.as_text().filter(|text| !text.is_empty())?;
            Some(Arc::from(text))
        };
        let stated: Option<Arc<str>> = cx
            .object_attribute(&self.attribute)
            .and_then(text)
            .or_else(|| cx.shared(self.root).and_then(text));
        match stated {
            Some(name) if is_name(&self.attribute) => Some(Target::Who(Who::Name(name))),
            Some(text) => Some(Target::Having(Filter::equal(
                Arc::clone(&self.attribute),
                text,
            ))),
            None => who(cx, self.username).map(Target::Who),
        }
    }
}

/// The profile that a node asked for, which must be there.
pub(super) fn profile(reply: Reply) -> Result<Identity, NodeError> {
    match reply {
        Reply::Effect(EffectReply::Identity(Some(identity))) => Ok(identity),
        Reply::Effect(EffectReply::Identity(None)) => Err(no_profile()),
        _ => Err(unexpected()),
    }
}

/// The product's words.
pub(super) fn no_profile() -> NodeError {
    failure::NO_PROFILE.error()
}

/// An attribute of a profile; letter case does not matter, and what is empty is not there.
pub(super) fn attribute<'i>(identity: &'i Identity, name: &str) -> Option<&'i Value> {
    find(&identity.attributes, name).filter(|value| is_something(value))
}

/// A value by its name, or by the path to it; letter case does not matter.
pub(super) fn find<'v>(values: &'v BTreeMap<Arc<str>, Value>, name: &str) -> Option<&'v Value> {
    let named = || {
        values
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    values
        .get(name)
        .or_else(named)
        .or_else(|| Pointer::of(name).find(values))
}

/// The name of an attribute, or the path to it, without the `/` that some write before it.
pub(super) fn plain(name: &Arc<str>) -> Arc<str> {
    name.strip_prefix('/')
        .map_or_else(|| Arc::clone(name), Arc::from)
}

/// An attribute of the profile under construction, which stands there by its path, or in an object.
pub(super) fn constructed<'c>(cx: &'c Context<'_>, path: &str) -> Option<&'c Value> {
    cx.object_attribute(path).or_else(|| {
        let (outer, rest) = path.split_once('/')?;
        match cx.object_attribute(outer)? {
            Value::Map(members) => Pointer::of(rest).find(members),
            _ => None,
        }
    })
}

/// Whether there is anything in a value.
pub(super) fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Text(text) => !text.is_empty(),
        Value::Secret(text) => !text.reveal().is_empty(),
        Value::List(list) => !list.is_empty(),
        Value::Map(map) => !map.is_empty(),
        _ => true,
    }
}

/// Asks what the schema says of attributes, and how values would fare.
pub(super) fn judge(
    cx: &Context<'_>,
    attributes: Vec<Arc<str>>,
    values: BTreeMap<Arc<str>, Value>,
) -> Action {
    // A name that was typed may be anybody's: only the subject's own values do not stand in the way.
    let who = cx.subject().map(|subject| Who::Subject(subject.id.clone()));
    Action::call(Effect::Judge(Judge {
        resource: Arc::from(USERS),
        who,
        attributes,
        values,
    }))
}

/// What the schema says, in the order of the attributes.
pub(super) fn judged(reply: Reply) -> Result<Vec<Judgement>, NodeError> {
    match reply {
        Reply::Effect(EffectReply::Judged(judged)) => Ok(judged),
        _ => Err(unexpected()),
    }
}

/// What the schema says of the one attribute that was asked about, which it must know.
pub(super) fn judged_one(reply: Reply) -> Result<Judgement, NodeError> {
    let mut judged = judged(reply)?.into_iter();
    match (judged.next(), judged.next()) {
        (Some(one), None) if one.shape.is_some() => Ok(one),
        (Some(_), None) => Err(unknown_attribute()),
        _ => Err(unexpected()),
    }
}

/// The product's words.
pub(super) fn unknown_attribute() -> NodeError {
    failure::UNKNOWN_ATTRIBUTE.error()
}

/// Changes a profile.
pub(super) fn patch(resource: &Arc<str>, who: Who, changes: Vec<(Arc<str>, Change)>) -> Action {
    Action::call(Effect::PatchIdentity(PatchIdentity {
        resource: Arc::clone(resource),
        who,
        changes,
        attributes: Vec::new(),
    }))
}

//! Nodes that make and change profiles from what the journey collected.
//!
//! What goes out is the profile under construction as it stands, secrets as secrets; whether it is good
//! enough is the store's. Names that begin with `_` are the store's own and never come from the profile
//! under construction: the accepted terms are the one thing that is added here.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Change, CreateIdentity, Effect, EffectReply, Judgement, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, signature::Factor, value::Value},
    nodes::{
        profile::{Finder, Target, is_name, judge, no_profile, patch, plain},
        reply::unexpected,
        setting::constant,
    },
};

/// Where the store keeps which terms were accepted.
pub(super) const TERMS: &str = "_termsAccepted";

/// What was collected: the profile under construction, and the terms where they were accepted.
fn collected(cx: &Context<'_>, terms: KeyId) -> BTreeMap<Arc<str>, Value> {
    let mut values = cx.object_attributes();
    values.retain(|name, _| !name.starts_with('_'));
    if let Some(accepted @ Value::Map(_)) = cx.shared(terms) {
        values.insert(Arc::from(TERMS), accepted.clone());
    }
    values
}

/// Makes the profile of a user, who is from then on the subject of the run.
#[derive(Debug)]
struct CreateObject {
    resource: Arc<str>,
    terms: KeyId,
    created: OutcomeId,
    failed: OutcomeId,
}

pub(super) fn create(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(CreateObject {
        resource: constant(setup, "identityResource")?,
        terms: setup.key("termsAccepted"),
        created: setup.outcome("CREATED")?,
        failed: setup.outcome("FAILURE")?,
    }))
}

impl Prepared for CreateObject {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let mut attributes = collected(cx, self.terms);
        attributes.retain(|_, value| *value != Value::Null);
        Ok(Action::call(Effect::CreateIdentity(CreateIdentity {
            resource: Arc::clone(&self.resource),
            attributes,
        })))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Written(identity)) => {
                Ok(Action::prove(self.created, Factor::Registration, identity))
            }
            Reply::Effect(EffectReply::Refused(_)) => Ok(Action::go(self.failed)),
            _ => Err(unexpected()),
        }
    }
}

/// Changes the profile of the subject, or of whom the state names.
#[derive(Debug)]
struct PatchObject {
    resource: Arc<str>,
    /// Whether the user does it, who may not change everything.
    as_user: bool,
    ignored: Vec<Arc<str>>,
    finder: Finder,
    terms: KeyId,
    patched: OutcomeId,
    failed: OutcomeId,
}

pub(super) fn change(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(PatchObject {
        resource: constant(setup, "identityResource")?,
        as_user: constant(setup, "patchAsObject")?,
        ignored: constant(setup, "ignoredFields")?,
        finder: Finder::prepare(setup)?,
        terms: setup.key("termsAccepted"),
        patched: setup.outcome("PATCHED")?,
        failed: setup.outcome("FAILURE")?,
    }))
}

impl PatchObject {
    /// What is to be changed.
    fn changes(&self, cx: &Context<'_>) -> BTreeMap<Arc<str>, Value> {
        let mut values = collected(cx, self.terms);
        values.retain(|name, value| !self.is_ignored(name) && !is_own_name(cx, name, value));
        values
    }

    /// Whether an attribute, or the object that it is in, is left as it is.
    fn is_ignored(&self, name: &str) -> bool {
        let mut ignored = self.ignored.iter().map(plain);
        ignored.any(|ignored| {
            let (begin, rest) = name.split_at_checked(ignored.len()).unwrap_or((name, ""));
            begin.eq_ignore_ascii_case(&ignored) && (rest.is_empty() || rest.starts_with('/'))
        })
    }

    fn find(&self, cx: &Context<'_>) -> Result<Action, NodeError> {
        match self.finder.target(cx)? {
            Target::Who(who) => Ok(self.patch(cx, who)),
            having @ Target::Having(_) => Ok(having.read(Vec::new())),
        }
    }

    fn patch(&self, cx: &Context<'_>, who: Who) -> Action {
        let changes = self.changes(cx).into_iter().map(|(name, value)| {
            let change = match value {
                Value::Null => Change::Remove,
                value => Change::Set(value),
            };
            (name, change)
        });
        patch(&self.resource, who, changes.collect())
    }

    /// Whether the user may change all that is to be changed.
    fn may_change(&self, cx: &Context<'_>, judged: &[Judgement]) -> bool {
        let editable = |name: &Arc<str>| {
            judged.iter().any(|judgement| {
                judgement.editable && judgement.attribute.eq_ignore_ascii_case(name)
            })
        };
        self.changes(cx)
            .keys()
            .filter(|name| &***name != TERMS)
            .all(editable)
    }
}

/// Whether it is the name by which the profile is found anyway: what was typed at the login is not a wish
/// to be called so.
fn is_own_name(cx: &Context<'_>, name: &str, value: &Value) -> bool {
    let same = |known: &str| {
        value
            .as_text()
            .is_some_and(|text| text.to_lowercase() == known.to_lowercase())
    };
    is_name(name) && cx.subject().is_none_or(|subject| same(&subject.username))
}

impl Prepared for PatchObject {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let changes = self.changes(cx);
        if changes.is_empty() {
            return Ok(Action::go(self.patched));
        }
        if !self.as_user {
            return self.find(cx);
        }
        let mut names: Vec<Arc<str>> = changes.into_keys().collect();
        names.retain(|name| &**name != TERMS);
        if names.is_empty() {
            return self.find(cx);
        }
        Ok(judge(cx, names, BTreeMap::new()))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Judged(judged)) => {
                if self.may_change(cx, &judged) {
                    self.find(cx)
                } else {
                    Ok(Action::go(self.failed))
                }
            }
            Reply::Effect(EffectReply::Identity(Some(identity))) => {
                Ok(self.patch(cx, Who::Subject(identity.subject)))
            }
            Reply::Effect(EffectReply::Identity(None)) => Err(no_profile()),
            Reply::Effect(EffectReply::Written(_)) => Ok(Action::go(self.patched)),
            Reply::Effect(EffectReply::Refused(_)) => Ok(Action::go(self.failed)),
            _ => Err(unexpected()),
        }
    }
}

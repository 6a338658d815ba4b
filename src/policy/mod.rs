//! Whether somebody may do something, and what would let them.
//!
//! In: the policies of a program, and a [`Query`]: a resource, a subject, the request. Out: a
//! [`Decision`]. Nothing is looked up and nothing is remembered: the same query gives the same decision,
//! and whoever asks makes and consumes transactions. What is not granted is denied, and what goes wrong
//! on the way grants nothing.

mod evaluate;
mod index;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use crate::model::{
    pattern::Pattern,
    policy::{Policy, Requirement, SubjectRule},
    resource::{BadResource, Resource},
};
pub use evaluate::{Denial, Verdict};

use crate::{
    engine::{
        advice::Advice,
        effect::SubjectId,
        expr::{Test, compile_test},
        host::Timestamp,
        request::Request,
    },
    model::{level::AuthLevel, realm::Realm},
    policy::index::Index,
};

/// The policies of a program, ready to be asked.
#[derive(Debug, Default)]
pub struct Policies {
    rows: Vec<Row>,
    index: Index,
}

/// A policy with its condition made ready.
#[derive(Debug)]
struct Row {
    policy: Policy,
    /// `None` where it could not be made ready; it then never holds.
    condition: Option<Test>,
}

/// A question: may this subject do something with this resource?
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The resource as somebody wrote it.
    pub resource: &'a str,
    /// The realm whose policies these are. A session of another realm is one only to a policy that
    /// requires that realm.
    pub realm: &'a Realm,
    /// Who wants it; `None` for somebody without a session.
    pub subject: Option<&'a SubjectView>,
    /// The request that policies read as `request`.
    pub request: &'a Request,
    /// What came with the question. `requestIp` stands for the client's address where it is there.
    pub environment: &'a BTreeMap<String, Vec<String>>,
    /// The time.
    pub now: Timestamp,
    /// The transaction that came with the question and was found confirmed.
    pub transaction: Option<&'a ConfirmedTransaction>,
}

/// A subject with its session, as policies see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectView {
    /// The canonical id.
    pub subject: SubjectId,
    /// The canonical name.
    pub username: Arc<str>,
    /// The realm of the session.
    pub realm: Realm,
    /// The level of the session.
    pub level: AuthLevel,
    /// Whether anything proves that the session is the subject's; one that is not meets no requirement.
    pub proved: bool,
    /// The journeys that made the session, by their names on the wire.
    pub services: Vec<Arc<str>>,
    /// The groups of the subject.
    pub groups: Vec<Arc<str>>,
    /// The properties of the session.
    pub properties: BTreeMap<Arc<str>, Arc<str>>,
}

/// A transaction that its subject has confirmed and nobody has used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmedTransaction {
    /// The policy it was made for.
    pub policy: Arc<str>,
    /// The journey that confirmed it, by its name on the wire.
    pub journey: Arc<str>,
    /// The resource it was made for, as [`WantedTransaction::resource`] said it.
    pub resource: Arc<str>,
    /// Who confirmed it.
    pub subject: SubjectId,
}

/// A transaction to make, since only it is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedTransaction {
    /// The policy that wants it.
    pub policy: Arc<str>,
    /// The journey that confirms it, by its name on the wire.
    pub journey: Arc<str>,
    /// The resource it is for, in its canonical form.
    pub resource: Arc<str>,
}

/// The answer to a [`Query`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decision {
    /// Whether any policy protects the resource.
    pub matched: bool,
    /// The actions of the policies that protect it: `true` where one grants it.
    pub actions: BTreeMap<Arc<str>, bool>,
    /// What would let the subject do more.
    pub advice: Advice,
    /// The transaction that would let the subject do more, where nothing else is missing.
    pub wants_transaction: Option<WantedTransaction>,
    /// Whether something was granted by the transaction alone: it is to be consumed, and the decision
    /// holds only if that succeeds.
    pub used_transaction: bool,
    /// How long the decision may be kept; the shortest that its policies say.
    pub ttl: Option<Duration>,
}

impl Decision {
    /// Whether this action is granted.
    pub fn grants(&self, action: &str) -> bool {
        self.actions.get(action).copied().unwrap_or(false)
    }
}

impl Policies {
    /// These policies, made ready.
    pub(crate) fn of(policies: &[Policy]) -> Self {
        let rows: Vec<Row> = policies
            .iter()
            .map(|policy| Row {
                policy: policy.clone(),
                condition: match &policy.condition {
                    None => Some(Test::always()),
                    Some(condition) => compile_test(condition).ok(),
                },
            })
            .collect();
        let index = Index::of(rows.iter().map(|row| row.policy.resources.as_slice()));
        Self { rows, index }
    }

    /// The policies in declaration order.
    pub fn iter(&self) -> impl Iterator<Item = &Policy> {
        self.rows.iter().map(|row| &row.policy)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

//! How a run begins.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::effect::{SessionRef, SubjectId},
    model::{level::AuthLevel, realm::Realm, value::Value},
};

/// Which journey a run starts, where, and beside which session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Start {
    /// The realm.
    pub realm: Realm,
    /// The journey, by its name on the wire.
    pub journey: Arc<str>,
    /// The transaction that the run is for; with one, the journey may be one that only a transaction
    /// starts.
    pub transaction: Option<Arc<str>>,
    /// The level that is asked for: nodes find it as `targetAuthLevel`, and success below it is refused.
    pub asked_level: Option<AuthLevel>,
    /// Who must succeed, where that is known; success of another subject is refused.
    pub expects: Option<SubjectId>,
    /// What stands in shared state from the beginning. The engine's own `realm` and `authLevel` cannot
    /// be set so. Once the run has begun it is part of the state and no longer stands here.
    pub data: BTreeMap<Arc<str>, Value>,
    /// Whether success makes no session, whatever the journey says.
    pub no_session: bool,
    /// The valid session that came with the start.
    pub session: Option<StartSession>,
    /// Where the client wants to go on success, validated.
    pub goto: Option<Arc<str>>,
    /// Where the client wants to go on failure, validated.
    pub goto_on_fail: Option<Arc<str>>,
}

impl Start {
    /// A start of this journey in the top realm.
    pub fn journey(name: impl Into<Arc<str>>) -> Self {
        Self {
            realm: Realm::root(),
            journey: name.into(),
            transaction: None,
            asked_level: None,
            expects: None,
            data: BTreeMap::new(),
            no_session: false,
            session: None,
            goto: None,
            goto_on_fail: None,
        }
    }

    /// In this realm.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = realm;
        self
    }

    /// Beside this session.
    pub fn session(mut self, session: StartSession) -> Self {
        self.session = Some(session);
        self
    }

    /// For this transaction.
    pub fn transaction(mut self, transaction: impl Into<Arc<str>>) -> Self {
        self.transaction = Some(transaction.into());
        self
    }

    /// With this level asked for.
    pub fn asks(mut self, level: AuthLevel) -> Self {
        self.asked_level = Some(level);
        self
    }

    /// With nobody else's success.
    pub fn expects(mut self, subject: SubjectId) -> Self {
        self.expects = Some(subject);
        self
    }

    /// With this in shared state from the beginning.
    pub fn data(mut self, data: BTreeMap<Arc<str>, Value>) -> Self {
        self.data = data;
        self
    }

    /// Without making a session.
    pub fn no_session(mut self) -> Self {
        self.no_session = true;
        self
    }
}

/// A session that came with a start and was found valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartSession {
    /// Its handle.
    pub session: SessionRef,
    /// Whose it is.
    pub subject: SubjectId,
    /// The canonical name.
    pub username: Arc<str>,
    /// Its level.
    pub level: AuthLevel,
    /// The journeys that led to it, by their names on the wire, the latest first.
    pub services: Vec<Arc<str>>,
    /// Whether a factor of the subject was proved for it.
    pub proved: bool,
}

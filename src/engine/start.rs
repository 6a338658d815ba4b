//! How a run begins.

use std::sync::Arc;

use crate::{
    engine::effect::{SessionRef, SubjectId},
    model::{level::AuthLevel, realm::Realm},
};

/// Which journey a run starts, where, and beside which session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Start {
    /// The realm.
    pub realm: Realm,
    /// The journey, by its name on the wire.
    pub journey: Arc<str>,
    /// Whether the journey may be one that only a transaction starts.
    pub transaction: bool,
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
            transaction: false,
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
}

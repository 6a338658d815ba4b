//! The sessions of a world.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    AuthLevel, StartSession, SubjectId, Success, Timestamp, Value,
    engine::effect::{SessionRef, SessionView},
};

/// A session as a world keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Whose it is.
    pub subject: SubjectId,
    /// The canonical name.
    pub username: Arc<str>,
    /// Its level.
    pub level: AuthLevel,
    /// When it was made.
    pub created: Timestamp,
    /// The journeys that led to it, the latest first.
    pub services: Vec<Arc<str>>,
    /// Whether a factor of the subject was proved for it.
    pub proved: bool,
    /// Its properties.
    pub properties: BTreeMap<Arc<str>, Value>,
}

impl Session {
    /// What a success makes, beside the session that it replaces.
    ///
    /// As the server has it: the level never falls beside what was proved, properties are kept unless they
    /// are set anew, and what nobody proved counts for nothing beside what somebody did.
    pub(crate) fn of(success: &Success, now: Timestamp, old: Option<&Self>) -> Self {
        let mut made = Self {
            subject: success.subject.id.clone(),
            username: Arc::clone(&success.subject.username),
            level: success.level,
            created: now,
            services: vec![Arc::clone(&success.journey)],
            proved: success.proved,
            properties: old.map(|old| old.properties.clone()).unwrap_or_default(),
        };
        for (name, value) in &success.properties {
            match value {
                Some(value) => made.properties.insert(Arc::clone(name), value.clone()),
                None => made.properties.remove(name),
            };
        }
        if let Some(old) = old {
            made.inherit(old);
        }
        made
    }

    fn inherit(&mut self, old: &Self) {
        let earned = old.proved || !self.proved;
        let renewed = self.proved || !old.proved;
        let services = old
            .services
            .iter()
            .filter(|service| !self.services.contains(service));
        let services: Vec<_> = services.cloned().collect();
        match (renewed, earned) {
            (true, true) => {
                self.level = self.level.max(old.level);
                self.services.extend(services);
            }
            (true, false) => {}
            (false, _) => {
                self.proved = true;
                self.level = old.level;
                self.services.clone_from(&old.services);
            }
        }
    }

    /// The session as a run reads it, with the properties that are wanted and there.
    pub(crate) fn view(&self, wanted: &[Arc<str>]) -> SessionView {
        let properties = self.properties.iter();
        SessionView {
            subject: self.subject.clone(),
            username: Arc::clone(&self.username),
            level: self.level,
            created: self.created,
            properties: properties
                .filter(|(name, _)| wanted.contains(name))
                .map(|(name, value)| (Arc::clone(name), value.clone()))
                .collect(),
        }
    }

    /// The session as a start brings it along.
    pub(crate) fn start(&self, handle: &Arc<str>) -> StartSession {
        StartSession {
            session: SessionRef(Arc::clone(handle)),
            subject: self.subject.clone(),
            username: Arc::clone(&self.username),
            level: self.level,
            services: self.services.clone(),
            proved: self.proved,
        }
    }
}

//! Sessions in memory, by their tokens.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wayfare::engine::{effect::SessionRef, host::NoRandomness};
use wayfare::{Host as _, Realm, Secret, StartSession, Success, Timestamp};
use wayfare_wire::am::authenticate::Beside;
use wayfare_wire::am::{cookie::Cookies, error::Refusal, reply::Reply, request::Parts};
use wayfare_wire::am::{sessions, version};
use wayfare_wire::query::Query;

use crate::machine::{Machine, drawn};

const LIFE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<BTreeMap<String, Session>>);

#[derive(Debug, Clone)]
struct Session {
    who: StartSession,
    expires: Timestamp,
}

impl Sessions {
    /// The valid session of a token, as a start is given it.
    pub(crate) fn find(&self, token: &str) -> Option<Beside> {
        self.valid(token).map(Session::beside)
    }

    /// The valid session of this handle.
    pub(crate) fn of(&self, handle: &SessionRef) -> Option<Beside> {
        let sessions = self.lock();
        let mut rows = sessions.values();
        let found = rows.find(|row| row.who.session == *handle)?.clone();
        (Machine.now() < found.expires).then(|| found.beside())
    }

    fn valid(&self, token: &str) -> Option<Session> {
        let mut sessions = self.lock();
        sessions.retain(|_, session| Machine.now() < session.expires);
        sessions.get(token).cloned()
    }

    /// Makes a session, in place of the one it upgrades; `None` where that one is gone.
    pub(crate) fn make(&self, success: &Success) -> Result<Option<Secret<String>>, NoRandomness> {
        let (token, handle) = (name()?, name()?);
        let mut sessions = self.lock();
        let mut who = StartSession {
            session: SessionRef(handle.into()),
            subject: success.subject.id.clone(),
            username: success.subject.username.clone(),
            level: success.level,
            services: vec![success.journey.clone()],
            proved: success.proved,
        };
        if let Some(old) = &success.upgrades {
            let named = sessions.iter().find(|(_, row)| row.who.session == *old);
            let named = named.map(|(token, _)| token.clone());
            let Some(replaced) = named.and_then(|token| sessions.remove(&token)) else {
                return Ok(None);
            };
            // What was reached before is not lost.
            who.level = who.level.max(replaced.who.level);
            who.services.splice(..0, replaced.who.services);
        }
        let expires = Machine.now().plus(LIFE);
        sessions.insert(token.clone(), Session { who, expires });
        Ok(Some(Secret::new(token)))
    }

    /// Answers a request to `sessions`.
    pub(crate) fn answer(&self, query: &Query, parts: &Parts<'_>) -> Result<Reply, Refusal> {
        let cookies = Cookies::default();
        parts.same_site()?;
        let asked = parts.header("accept-api-version");
        let served = version::negotiate(
            asked,
            version::Routes::SESSIONS,
            version::Unversioned::Latest,
        )?;
        let ask = sessions::Ask::read(parts, query, served, &cookies)?;
        let token = ask.token().unwrap_or_default();
        let info = self.valid(token).map(Session::info);
        match ask.action {
            sessions::Action::Logout { .. } => {
                let out = sessions::LoggedOut {
                    logout: match self.lock().remove(token) {
                        Some(_) => sessions::Logout::Done,
                        None => sessions::Logout::Unknown,
                    },
                    goto: None,
                    cookies: Some(&cookies),
                    clear_site_data: true,
                };
                Ok(sessions::logged_out(&out, served))
            }
            sessions::Action::Validate { .. } => Ok(sessions::validated(info.as_ref(), served)),
            sessions::Action::Info { .. } => Ok(sessions::told(info.as_ref(), served)),
            other => Err(Refusal::UnknownAction(other.name().to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    fn beside(self) -> Beside {
        Beside {
            realm: Realm::root(),
            session: self.who,
        }
    }

    fn info(self) -> sessions::Info {
        sessions::Info {
            username: self.who.username.to_string(),
            realm: Realm::root(),
            handle: self.who.session.0.to_string(),
            accessed: Machine.now(),
            idle_expires: self.expires,
            expires: self.expires,
            idle: Duration::ZERO,
            idle_max: LIFE,
            time_max: LIFE,
            left: self.expires.since(Machine.now()),
            properties: Vec::new(),
        }
    }
}

/// A name that nobody guesses.
fn name() -> Result<String, NoRandomness> {
    Ok(format!("{:032x}", u128::from_be_bytes(drawn()?)))
}

//! `sessions`: who may ask what about which session, and what is done.
//!
//! Whoever holds the token of a session may do with it what its owner may. Where a valid session of the
//! caller's comes along, it must be of the same user, or of an administrator of the realm. What ends, ends on
//! disk before it is acknowledged.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Realm, engine::effect::Who};
use wayfare_wire::{
    am::{
        error::Refusal,
        realm::Route,
        reply::Reply,
        request::Parts,
        sessions::{self, Action, Ask, LoggedOut, Logout, Search},
        version::Served,
    },
    query::Query,
};

use super::{
    resource::{broken, find},
    session,
};
use crate::{
    app::App,
    audit::{Event, EventName},
    config::above,
    store::session::{Page, Session},
};

/// Answers a request.
pub(super) async fn answer(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    route: &Route,
    served: Served,
) -> Result<Reply, Refusal> {
    let mut asked = Asked {
        app,
        parts,
        realm: &route.realm,
        served,
        caller: None,
        named: false,
        session: None,
    };
    if matches!(parts.method, "GET" | "HEAD") && served.version.major > 1 {
        return asked.search(query).await;
    }
    let ask = Ask::read(parts, query, served, &app.cookies)?;
    asked.caller = find(app, ask.caller.as_deref(), route)?;
    asked.named = ask.token().is_some();
    asked.session = match &ask.named {
        Some(named) => find(app, Some(named), route)?,
        None => asked.caller.clone(),
    };
    asked.act(ask.action).await
}

/// A request with the sessions that it names.
struct Asked<'a> {
    app: &'a App,
    parts: &'a Parts<'a>,
    realm: &'a Realm,
    served: Served,
    /// The session of whoever asks.
    caller: Option<Session>,
    /// Whether a token came, valid or not.
    named: bool,
    /// The session it is about.
    session: Option<Session>,
}

impl Asked<'_> {
    async fn act(mut self, action: Action) -> Result<Reply, Refusal> {
        // These name sessions in another way, and say for themselves who may.
        match &action {
            Action::LogoutByHandle(handles) => return self.logout_by_handle(handles).await,
            Action::LogoutByUser(username) => return self.logout_by_user(username).await,
            _ => self.permit().await?,
        }
        let served = self.served;
        let touch = matches!(
            action,
            Action::Refresh
                | Action::Info { touch: true }
                | Action::Validate { touch: true }
                | Action::IsActive { touch: true }
        );
        if touch && let Some(found) = self.session.take() {
            let now = self.app.clock.now();
            self.session = session::touched(self.app, found, now)
                .await
                .map_err(|error| broken(self.app, &error))?;
        }
        let info = self.session.as_ref().map(|s| session::info(self.app, s));
        let info = info.as_ref();
        Ok(match action {
            Action::Logout { goto } => return self.logout(goto.as_deref()).await,
            Action::Info { .. } => sessions::told(info, served),
            Action::Validate { .. } => sessions::validated(info, served),
            Action::Refresh => sessions::refreshed(info.ok_or(Refusal::AccessDenied)?, served),
            Action::IsActive { .. } => sessions::active(info, served),
            Action::TimeLeft => sessions::time_left(info, served),
            Action::Idle => sessions::idle(info, served),
            Action::MaxIdle => sessions::idle_max(info, served),
            Action::MaxSessionTime => sessions::time_max(info, served),
            Action::Properties => {
                let session = self.there()?;
                let allowed = session::allowed(self.app, &session.realm);
                sessions::shown(&allowed, &texts(session), served)
            }
            Action::PropertyNames => {
                sessions::names(&session::allowed(self.app, &self.there()?.realm), served)
            }
            Action::Property(names) => {
                let session = self.there()?;
                let allowed = session::allowed(self.app, &session.realm);
                sessions::some(&allowed, &names, &texts(session), served)?
            }
            Action::Update(changes) => {
                let changes = changes.into_iter().map(|(name, value)| (name, Some(value)));
                let session = self.change(changes.collect()).await?;
                let allowed = session::allowed(self.app, &session.realm);
                sessions::shown(&allowed, &texts(&session), served)
            }
            Action::SetProperty(changes) => {
                let changes = changes.into_iter().map(|(name, value)| (name, Some(value)));
                self.change(changes.collect()).await?;
                sessions::changed(served)
            }
            Action::DeleteProperty(names) => {
                let changes = names.into_iter().map(|name| (name, None));
                self.change(changes.collect()).await?;
                sessions::changed(served)
            }
            _ => return Err(Refusal::Internal),
        })
    }

    /// The session it is about, where there is one.
    fn there(&self) -> Result<&Session, Refusal> {
        self.session.as_ref().ok_or(Refusal::AccessDenied)
    }

    /// Refuses a caller who is somebody else and no administrator.
    async fn permit(&self) -> Result<(), Refusal> {
        match (&self.caller, &self.session) {
            (Some(caller), Some(session)) if !self.may(caller, session).await? => {
                Err(Refusal::Forbidden)
            }
            _ => Ok(()),
        }
    }

    /// Whether a caller may do with a session what its owner may.
    async fn may(&self, caller: &Session, session: &Session) -> Result<bool, Refusal> {
        Ok(own(caller, session) || self.administers(caller, &session.realm).await?)
    }

    async fn administers(&self, caller: &Session, realm: &Realm) -> Result<bool, Refusal> {
        self.app
            .is_admin(caller, realm)
            .await
            .map_err(|error| broken(self.app, &error))
    }

    async fn logout(self, goto: Option<&str>) -> Result<Reply, Refusal> {
        if self.session.is_none() && !self.named {
            return Err(Refusal::AccessDenied);
        }
        // Whoever ends another session than the one of the browser stays logged in there.
        let handle = self.session.as_ref().map(|session| &session.handle);
        let stays = self
            .caller
            .as_ref()
            .is_some_and(|caller| Some(&caller.handle) != handle);
        let mut ended = Vec::new();
        if let Some(handle) = handle {
            ended = self.end(vec![handle.clone()]).await?;
        }
        let settings = self.app.realms.get(self.realm).map(|state| &state.wire);
        let goto = goto
            .filter(|goto| !goto.is_empty())
            .zip(settings)
            .and_then(|(goto, wire)| wire.goto.check(goto, wire.origin.as_ref()));
        let details = match (&self.session, ended.is_empty()) {
            (Some(session), false) => session::logout_details(session),
            _ => Vec::new(),
        };
        let out = LoggedOut {
            details: &details,
            logout: if ended.is_empty() {
                Logout::Unknown
            } else {
                Logout::Done
            },
            goto,
            cookies: (!stays).then_some(&self.app.cookies),
            clear_site_data: self.app.config.server.clear_site_data,
        };
        Ok(sessions::logged_out(&out, self.served))
    }

    /// Ends sessions, and notes each that was there.
    async fn end(&self, handles: Vec<String>) -> Result<Vec<Session>, Refusal> {
        let ended = self
            .app
            .store()
            .end_sessions(handles)
            .await
            .map_err(|error| broken(self.app, &error))?;
        self.note(&ended);
        Ok(ended)
    }

    fn note(&self, ended: &[Session]) {
        for session in ended {
            let by = self
                .caller
                .as_ref()
                .filter(|caller| !own(caller, session))
                .map(|caller| &*caller.username);
            let event = Event::new(EventName::SessionLoggedOut)
                .text("realm", session.realm.as_str())
                .text("username", &session.username)
                .maybe("by", by)
                .hashed("session", session.handle.as_bytes())
                .client(self.parts.client);
            self.app.audit(&event);
        }
    }

    /// Whoever asks where no session is named: the session that came, else the one whose token was named.
    fn asking(&mut self) -> Result<Session, Refusal> {
        if self.caller.is_none() {
            self.caller = self.session.clone();
        }
        self.caller.clone().ok_or(Refusal::AccessDenied)
    }

    async fn logout_by_handle(mut self, handles: &[String]) -> Result<Reply, Refusal> {
        let caller = self.asking()?;
        let now = self.app.clock.now();
        let mut allowed = Vec::new();
        for sent in handles {
            let Some(handle) = sessions::handle_of(sent) else {
                continue;
            };
            let found = self
                .app
                .store()
                .session_by_handle(handle, now)
                .map_err(|error| broken(self.app, &error))?
                .filter(|found| session::related(&found.realm, self.realm));
            // One that may not be ended looks like one that is not there.
            if let Some(found) = found
                && self.may(&caller, &found).await?
            {
                allowed.push(found.handle);
            }
        }
        let ended = self.end(allowed).await?;
        let results = handles.iter().map(|sent| {
            let handle = sessions::handle_of(sent);
            let over = ended.iter().any(|session| Some(&*session.handle) == handle);
            (&**sent, over)
        });
        Ok(sessions::logged_out_by_handle(results, self.served))
    }

    async fn logout_by_user(mut self, username: &str) -> Result<Reply, Refusal> {
        let caller = self.asking()?;
        let subject = self.subject(username, self.realm).await?;
        let own = caller.realm == *self.realm && subject.as_deref() == Some(&*caller.subject);
        if !own && !self.administers(&caller, self.realm).await? {
            return Err(Refusal::Forbidden);
        }
        if let Some(subject) = subject {
            let ended = self
                .app
                .store()
                .end_subject(self.realm, subject, None)
                .await
                .map_err(|error| broken(self.app, &error))?;
            self.note(&ended);
        }
        Ok(sessions::logged_out_by_user(self.served))
    }

    /// The canonical id of a user.
    async fn subject(&self, username: &str, realm: &Realm) -> Result<Option<String>, Refusal> {
        let who = Who::Name(Arc::from(username));
        let found = self.app.identity(realm, &who, &[]).await;
        let user = found.map_err(|error| broken(self.app, &error))?;
        Ok(user.map(|user| user.subject.0.to_string()))
    }

    async fn search(mut self, query: &Query) -> Result<Reply, Refusal> {
        let search = Search::read(self.parts, query, &self.app.cookies)?;
        let route_realm = self.realm;
        self.caller = super::resource::find_in(self.app, search.caller.as_deref(), route_realm)?;
        let caller = self.asking()?;
        let within =
            search.realm == *route_realm || above(&search.realm).any(|above| above == *route_realm);
        if !within || !self.administers(&caller, &search.realm).await? {
            return Err(Refusal::Forbidden);
        }
        let found = match self.subject(&search.username, &search.realm).await? {
            None => Vec::new(),
            Some(subject) => {
                let page = Page {
                    offset: search.offset,
                    size: search.size,
                };
                let now = self.app.clock.now();
                self.app
                    .store()
                    .sessions_of(&search.realm, &subject, now, page)
                    .map_err(|error| broken(self.app, &error))?
            }
        };
        let infos: Vec<_> = found.iter().map(|s| session::info(self.app, s)).collect();
        Ok(sessions::found(&infos, self.served))
    }

    /// Changes properties of the session it is about.
    async fn change(&self, changes: BTreeMap<String, Option<String>>) -> Result<Session, Refusal> {
        let session = self.there()?;
        let allowed = session::allowed(self.app, &session.realm);
        allowed.check(changes.keys().map(|name| &**name))?;
        let names: Vec<String> = changes.keys().cloned().collect();
        let after = self
            .app
            .store()
            .set_properties(session.handle.clone(), changes, self.app.clock.now())
            .await
            .map_err(|error| broken(self.app, &error))?
            .ok_or(Refusal::AccessDenied)?;
        let event = Event::new(EventName::SessionChanged)
            .text("realm", after.realm.as_str())
            .text("username", &after.username)
            .list("properties", &names)
            .hashed("session", after.handle.as_bytes())
            .client(self.parts.client);
        self.app.audit(&event);
        Ok(after)
    }
}

/// Whether two sessions are of one user.
fn own(a: &Session, b: &Session) -> bool {
    a.subject == b.subject && a.realm == b.realm
}

/// The properties that are texts, as all are that are set.
fn texts(session: &Session) -> BTreeMap<String, String> {
    session
        .properties
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect()
}

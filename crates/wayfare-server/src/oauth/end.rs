//! Logout that a client begins (OpenID Connect RP-Initiated Logout 1.0).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use wayfare_wire::{
    am::reply::Reply,
    oauth::{
        OauthError,
        authorize::{redirect_to, with_query},
        form, one, page, pairs,
    },
    query::Query,
    same,
};

use super::{Call, known::Known};
use crate::{
    am::session,
    audit::{Event, EventName},
    store::{session::Session, token::Ending},
};

/// What a client asks, and who it is.
struct Leaving {
    /// Whom the hint is about, and which session of theirs.
    hinted: Option<(String, Option<String>)>,
    /// Where to go then.
    to: Option<String>,
}

impl Call<'_> {
    pub(super) async fn end_session(&self, query: Query) -> Reply {
        let request = if self.parts.method == "POST" && !self.parts.body.is_empty() {
            match form(self.parts) {
                Ok(form) => form,
                Err(error) => return self.cannot(&error),
            }
        } else {
            query
        };
        let leaving = match self.leaving(&request).await {
            Ok(leaving) => leaving,
            Err(error) => return self.cannot(&error),
        };
        match self.leave(&request, &leaving).await {
            Ok(reply) => reply,
            Err(error) => self.cannot(&error),
        }
    }

    fn cannot(&self, error: &OauthError) -> Reply {
        self.refused(error, None);
        if self.reads_pages() {
            page::error(error)
        } else {
            error.reply()
        }
    }

    fn reads_pages(&self) -> bool {
        let mut accept = self.parts.header("accept");
        accept.any(|accept| accept.contains("text/html"))
    }

    async fn leaving(&self, request: &Query) -> Result<Leaving, OauthError> {
        let id = one(request, "client_id")?;
        let mut known: Option<&Known> = None;
        if let Some(id) = id {
            let found = self.provider.clients.get(id);
            known = Some(found.ok_or_else(|| OauthError::invalid("client_id is not known"))?);
        }
        let mut hinted = None;
        if let Some(hint) = one(request, "id_token_hint")? {
            let wrong = || OauthError::invalid("id_token_hint is no ID token of this provider");
            let verified = self.id_token_of(hint).await?.ok_or_else(wrong)?;
            let audience = verified.text("aud").ok_or_else(wrong)?;
            if id.is_some_and(|id| id != audience) {
                return Err(OauthError::invalid("id_token_hint is of another client"));
            }
            known = known.or_else(|| self.provider.clients.get(audience));
            let subject = verified.text("sub").ok_or_else(wrong)?.to_owned();
            hinted = Some((subject, verified.text("sid").map(str::to_owned)));
        }
        let to = match one(request, "post_logout_redirect_uri")? {
            None => None,
            Some(uri) => {
                let own = known.is_some_and(|known| known.client.logs_out_to(uri));
                if !own {
                    return Err(OauthError::invalid(
                        "post_logout_redirect_uri is not one that the client has registered",
                    ));
                }
                let state = one(request, "state")?.map(|state| ("state", state));
                Some(with_query(uri, &pairs(state)))
            }
        };
        Ok(Leaving { hinted, to })
    }

    async fn leave(&self, request: &Query, leaving: &Leaving) -> Result<Reply, OauthError> {
        let cookie = &self.app.cookies.session;
        let token = self.parts.session_token(cookie);
        let session = match &token {
            Some(token) => self.kept(session::find(self.app, token))?,
            None => None,
        };
        let session = session.filter(|session| session.realm == *self.realm());
        // RP-Initiated Logout §2: a hint counts of whoever is there, and where nobody is.
        let hinted = leaving.hinted.as_ref().filter(|(subject, _)| {
            let own = session.as_ref();
            own.is_none_or(|session| session.subject == *subject)
        });
        match (hinted, &session) {
            (Some((subject, sid)), session) => {
                // What a session that is over by itself has left ends with it; the hint is signed, so it is its
                // user's.
                if let Some(sid) = sid {
                    let ended = self.app.store().end_tokens(Ending::Session(sid.clone()));
                    self.kept(ended.await)?;
                }
                // The session of the hint, and the one of the browser.
                let mut handles: Vec<String> = sid.iter().cloned().collect();
                handles.extend(session.as_ref().map(|own| own.handle.clone()));
                self.end_of(subject, handles).await?;
            }
            (None, Some(session)) => {
                // Anybody can have a browser ask this, and with the token of somebody else: the user is asked,
                // and it is the user's own session that ends.
                let tag = self
                    .state
                    .keys
                    .sign(format!("oauth-logout\n{}", session.handle).as_bytes());
                let csrf = URL_SAFE_NO_PAD.encode(tag);
                let given = one(request, "csrf")?.unwrap_or_default();
                if self.parts.method != "POST" || !same(given, &csrf) {
                    let own = request.iter().filter(|(name, _)| *name != "csrf");
                    return Ok(page::log_out(&own.collect::<Vec<_>>(), &csrf));
                }
                self.end_of(&session.subject, vec![session.handle.clone()])
                    .await?;
            }
            (None, None) => {}
        }
        let reply = match (&leaving.to, self.reads_pages()) {
            (Some(to), _) => redirect_to(to),
            (None, true) => page::logged_out(),
            (None, false) => Reply::new(204).header("cache-control", "no-store"),
        };
        // What is left of a session that is over goes as well.
        Ok(if token.is_some() {
            reply.with_cookies(self.app.cookies.logout())
        } else {
            reply
        })
    }

    /// Ends sessions of a subject, with their tokens.
    async fn end_of(&self, subject: &str, handles: Vec<String>) -> Result<(), OauthError> {
        let now = self.app.clock.now();
        let store = self.app.store();
        let mut own = Vec::new();
        for handle in handles {
            let found: Option<Session> = self.kept(store.session_by_handle(&handle, now))?;
            let fits =
                |session: &Session| session.subject == subject && session.realm == *self.realm();
            if found.as_ref().is_some_and(fits) && !own.contains(&handle) {
                own.push(handle);
            }
        }
        for session in self.kept(store.end_sessions(own).await)? {
            let event = Event::new(EventName::SessionLoggedOut)
                .text("realm", session.realm.as_str())
                .text("username", &session.username)
                .hashed("session", session.handle.as_bytes())
                .client(self.parts.client);
            self.app.audit(&event);
        }
        Ok(())
    }
}

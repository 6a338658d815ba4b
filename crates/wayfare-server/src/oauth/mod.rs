//! The provider of OAuth 2.0 and OpenID Connect: what the wire reads is looked up, kept and signed here.
//!
//! Codes, access tokens and refresh tokens stand in the store of tokens, each under its kind; they end with
//! the session that they come from, with their user, and as a family where one of them is used twice.

mod authorize;
mod end;
mod issue;
mod known;
mod resource;
mod token;

use wayfare::Realm;
use wayfare_wire::{
    am::{error::Refusal, realm::oauth_route, reply::Reply, request::Parts},
    oauth::{Code, Endpoint, OauthError},
    query::Query,
};

pub(crate) use self::known::Provider;
pub use self::known::ProviderError;
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName},
    store::{StoreError, token::Kind},
};

pub(crate) const CODE: Kind = Kind::new("oauth.code");
pub(crate) const ACCESS: Kind = Kind::new("oauth.access");
pub(crate) const REFRESH: Kind = Kind::new("oauth.refresh");
pub(crate) const CONSENT: Kind = Kind::new("oauth.consent");

/// How long what is published may be kept by whoever reads it, in seconds.
const PUBLISHED_FOR: u64 = 300;

/// A request to a provider.
#[derive(Clone, Copy)]
struct Call<'a> {
    app: &'a App,
    state: &'a RealmState,
    provider: &'a Provider,
    parts: &'a Parts<'a>,
}

/// Whether a path is one of a provider.
pub(crate) fn is_for(path: &str) -> bool {
    path.starts_with("/oauth2/")
}

/// Answers a request below `/oauth2`.
pub(crate) async fn answer(app: &App, parts: &Parts<'_>) -> Reply {
    let Ok(query) = Query::parse(parts.query) else {
        return OauthError::invalid("the query does not decode").reply();
    };
    let (realm, endpoint) = match oauth_route(parts.path, &query, parts.host(), app) {
        Ok(found) => found,
        Err(refusal) => return refusal.reply(None),
    };
    let known = app.realms.get(&realm);
    let Some((state, provider)) = known.and_then(|state| Some((state, state.oauth.as_ref()?)))
    else {
        return Refusal::NotFound.reply(None);
    };
    if !endpoint.takes(parts.method) {
        return Reply::new(405).header("allow", endpoint.methods());
    }
    let call = Call {
        app,
        state,
        provider,
        parts,
    };
    match endpoint {
        Endpoint::Authorize => call.authorize(query).await,
        Endpoint::Token => call.told(call.token().await),
        Endpoint::Userinfo => call.userinfo().await,
        Endpoint::Introspect => call.told(call.introspect().await),
        Endpoint::Revoke => call.told(call.revoke().await),
        Endpoint::EndSession => call.end_session(query).await,
        Endpoint::Keys => call.keys().await,
        Endpoint::Metadata => call.metadata(),
    }
}

impl Call<'_> {
    fn realm(&self) -> &Realm {
        &self.state.realm
    }

    /// The reply, with a refusal noted.
    fn told(&self, done: Result<Reply, OauthError>) -> Reply {
        done.unwrap_or_else(|error| {
            self.refused(&error, None);
            error.reply()
        })
    }

    /// Notes a refusal.
    fn refused(&self, error: &OauthError, client: Option<&str>) {
        let event = Event::new(EventName::AccessRefused)
            .text("result", "FAILED")
            .text("realm", self.realm().as_str())
            .text("path", self.parts.path)
            .maybe("oauthClient", client)
            .text("error", error.code.word())
            .text("reason", &error.description)
            .client(self.parts.client);
        self.app.audit(&event);
    }

    /// What a client is told where the store fails: nothing of it.
    fn broken(&self, error: &dyn std::fmt::Display) -> OauthError {
        self.app.log.error(&format!("oauth: {error}"));
        OauthError::new(Code::ServerError, "the server failed")
    }

    fn kept<T>(&self, done: Result<T, StoreError>) -> Result<T, OauthError> {
        done.map_err(|error| self.broken(&error))
    }

    async fn keys(&self) -> Reply {
        let now = self.app.clock.now();
        match self.provider.keys.ready(now).await {
            Ok(keys) => published(&keys.jwks(now)),
            Err(error) => self.broken(&error).reply(),
        }
    }

    fn metadata(&self) -> Reply {
        published(&self.provider.metadata())
    }
}

/// What everybody may read, and keep for a while.
fn published(document: &serde_json::Value) -> Reply {
    let mut reply = Reply::new(200)
        .header("content-type", "application/json")
        .header("cache-control", format!("public, max-age={PUBLISHED_FOR}"))
        // Whoever reads it holds no secret of the server, wherever they are.
        .header("cross-origin-resource-policy", "cross-origin");
    reply.body = document.to_string().into_bytes();
    reply
}

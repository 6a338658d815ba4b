//! `sessions`, `serverinfo` and `users`: looked up here, spelled by the wire.

use wayfare_wire::{
    am::{
        authenticate::Site as _,
        error::Refusal,
        realm::{Endpoint, Route},
        reply::Reply,
        request::Parts,
        serverinfo::{self, ProductVersion},
        sessions::{self, Action, Logout},
        users,
        version::{Routes, Served, negotiate},
    },
    query::Query,
};

use super::session;
use crate::{
    app::App,
    audit::{Event, EventName},
    store::{StoreError, session::Session},
};

/// Answers a resource; a refusal comes with the version that refused.
pub(super) async fn answer(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    route: &Route,
) -> Result<Reply, (Refusal, Option<Served>)> {
    let routes = match route.endpoint {
        Endpoint::Sessions => Routes::SESSIONS,
        Endpoint::Serverinfo(_) => Routes::SERVERINFO,
        _ => Routes::USERS,
    };
    let served = negotiate(parts.header("accept-api-version"), routes, app.unversioned)
        .map_err(|refusal| (refusal.into(), None))?;
    let done = match &route.endpoint {
        Endpoint::Sessions => about_session(app, parts, query, route, served).await,
        Endpoint::Serverinfo(id) => server_info(app, parts, id, route, served),
        Endpoint::Users(None) => about_user(app, parts, query, route, served),
        _ => Err(Refusal::NotFound),
    };
    done.map_err(|refusal| (refusal, Some(served)))
}

/// The store failed: nothing more is said about it.
fn broken(app: &App, error: &StoreError) -> Refusal {
    app.log.error(&error.to_string());
    Refusal::Internal
}

/// The valid session of a token, where it may be asked about in this realm.
fn find(app: &App, token: Option<&str>, route: &Route) -> Result<Option<Session>, Refusal> {
    let Some(token) = token else {
        return Ok(None);
    };
    let found = session::find(app, token).map_err(|error| broken(app, &error))?;
    Ok(found.filter(|session| session::related(&session.realm, &route.realm)))
}

async fn about_session(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    route: &Route,
    served: Served,
) -> Result<Reply, Refusal> {
    let ask = sessions::Ask::read(parts, query, served, &app.cookies)?;
    let found = find(app, ask.token.as_deref(), route)?;
    match ask.action {
        Action::Logout => logout(app, parts, found, ask.token.is_some(), served).await,
        Action::Info { touch } => {
            let found = used(app, found, touch).await?;
            let info = found.as_ref().map(session::info);
            Ok(sessions::told(info.as_ref(), served))
        }
        Action::Validate { touch } => {
            let found = used(app, found, touch).await?;
            let info = found.as_ref().map(session::info);
            Ok(sessions::validated(info.as_ref(), served))
        }
        _ => Err(Refusal::Internal),
    }
}

async fn used(app: &App, found: Option<Session>, touch: bool) -> Result<Option<Session>, Refusal> {
    match found {
        Some(session) if touch => session::touched(app, session, app.clock.now())
            .await
            .map_err(|error| broken(app, &error)),
        found => Ok(found),
    }
}

async fn logout(
    app: &App,
    parts: &Parts<'_>,
    found: Option<Session>,
    named: bool,
    served: Served,
) -> Result<Reply, Refusal> {
    let Some(found) = found else {
        return if named {
            Ok(sessions::logged_out(Logout::Unknown, &app.cookies, served))
        } else {
            Err(Refusal::AccessDenied)
        };
    };
    // On disk before it is acknowledged.
    let ended = app
        .store()
        .end_session(found.handle.clone())
        .await
        .map_err(|error| broken(app, &error))?;
    let event = Event::new(EventName::SessionLoggedOut)
        .text("realm", found.realm.as_str())
        .text("username", &found.username)
        .hashed("session", found.handle.as_bytes())
        .client(parts.client);
    app.audit(&event);
    let outcome = if ended { Logout::Done } else { Logout::Unknown };
    Ok(sessions::logged_out(outcome, &app.cookies, served))
}

fn server_info(
    app: &App,
    parts: &Parts<'_>,
    id: &str,
    route: &Route,
    served: Served,
) -> Result<Reply, Refusal> {
    if !matches!(parts.method, "GET" | "HEAD") {
        return Err(Refusal::ReadOnly);
    }
    let caller = parts.session_token(&app.cookies.session);
    let known = find(app, caller.as_deref(), route)?.is_some();
    let version = known.then(|| {
        let version = env!("CARGO_PKG_VERSION");
        ProductVersion {
            version: version.to_owned(),
            full: format!("wayfare {version}"),
            revision: String::new(),
            date: String::new(),
        }
    });
    serverinfo::info(id, &route.realm, &app.cookies, version.as_ref(), served)
}

fn about_user(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    route: &Route,
    served: Served,
) -> Result<Reply, Refusal> {
    let asked = users::Ask::read(parts, query)?;
    let success_url = app.success_url();
    match asked {
        users::Ask::IdFromSession => {
            let caller = parts.session_token(&app.cookies.session);
            let session = find(app, caller.as_deref(), route)?.ok_or(Refusal::AccessDenied)?;
            Ok(users::id_from_session(
                &session.username,
                &session.realm,
                &success_url,
                &app.config.server.base_path,
                served,
            ))
        }
        users::Ask::ValidateGoto(goto) => {
            let settings = app.settings(&route.realm);
            Ok(users::validated_goto(
                &goto,
                &settings.goto,
                settings.origin.as_ref(),
                &success_url,
                served,
            ))
        }
        _ => Err(Refusal::Internal),
    }
}

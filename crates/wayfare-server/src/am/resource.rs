//! JSON resources: looked up here, spelled by the wire.

use std::{fmt::Display, sync::Arc};

use wayfare::{Realm, engine::effect::Who};
use wayfare_wire::{
    am::{
        authenticate::Site as _,
        configuration::Asked,
        error::Refusal,
        realm::{Endpoint, Route},
        realms::{self, Listed},
        reply::Reply,
        request::Parts,
        serverinfo::{self, ProductVersion},
        users,
        version::{Routes, Served, negotiate},
    },
    query::Query,
};

use super::{configuration, devices, policies, session, sessions};
use crate::{
    app::App,
    identities::{IdentityError, json},
    store::session::Session,
};

/// Answers a resource; a refusal comes with the version that refused.
pub(super) async fn answer(
    app: &Arc<App>,
    parts: &Parts<'_>,
    query: &Query,
    route: &Route,
) -> Result<Reply, (Refusal, Option<Served>)> {
    let routes = match route.endpoint {
        Endpoint::Sessions => Routes::SESSIONS,
        Endpoint::Serverinfo(_) => Routes::SERVERINFO,
        Endpoint::Realms => Routes::REALMS,
        Endpoint::Policies => Routes::POLICIES,
        Endpoint::Devices(_) => Routes::DEVICES,
        Endpoint::Configuration(Asked::Scripts(_)) => Routes::SCRIPTS,
        Endpoint::Configuration(_) => Routes::CONFIGURATION,
        _ => Routes::USERS,
    };
    let served = negotiate(parts.header("accept-api-version"), routes, app.unversioned)
        .map_err(|refusal| (refusal.into(), None))?;
    let done = match &route.endpoint {
        Endpoint::Sessions => sessions::answer(app, parts, query, route, served).await,
        Endpoint::Serverinfo(id) => server_info(app, parts, id, route, served),
        Endpoint::Users(None) => about_user(app, parts, query, route, served),
        Endpoint::Users(Some(id)) => profile(app, parts, id, route, served).await,
        Endpoint::Devices(asked) => {
            devices::answer(app, parts, query, (route, asked), served).await
        }
        Endpoint::Configuration(asked) => {
            configuration::answer(app, parts, query, (route, asked), served).await
        }
        Endpoint::Policies => policies::answer(app, parts, query, route, served).await,
        Endpoint::Realms => list_realms(app, parts, query, route, served).await,
        _ => Err(Refusal::NotFound),
    };
    done.map_err(|refusal| (refusal, Some(served)))
}

/// The store failed: nothing more is said about it.
pub(super) fn broken(app: &App, error: &dyn Display) -> Refusal {
    app.log.error(&error.to_string());
    Refusal::Internal
}

/// The valid session of a token, where it may be asked about in this realm.
pub(super) fn find(
    app: &App,
    token: Option<&str>,
    route: &Route,
) -> Result<Option<Session>, Refusal> {
    find_in(app, token, &route.realm)
}

/// The same, by the realm.
pub(super) fn find_in(
    app: &App,
    token: Option<&str>,
    realm: &Realm,
) -> Result<Option<Session>, Refusal> {
    let Some(token) = token else {
        return Ok(None);
    };
    let found = session::find(app, token).map_err(|error| broken(app, &error))?;
    Ok(found.filter(|session| session::related(&session.realm, realm)))
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
    let zero_page = app
        .realms
        .get(&route.realm)
        .is_some_and(|state| state.settings.zero_page);
    let version = version.as_ref();
    serverinfo::info(id, &route.realm, &app.cookies, zero_page, version, served)
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

/// What is known of a user: told to that user, and to an administrator.
async fn profile(
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
    let caller = find(app, caller.as_deref(), route)?.ok_or(Refusal::AccessDenied)?;
    let failed = |error: IdentityError| broken(app, &error);
    let who = Who::Name(Arc::from(id));
    let user = match app.realms.get(&route.realm) {
        Some(state) => state.identities.profile(&who).await.map_err(failed)?,
        None => None,
    };
    let own = caller.realm == route.realm
        && user
            .as_ref()
            .is_some_and(|user| *user.subject.0 == *caller.subject);
    let admin = app.is_admin(&caller, &route.realm).await.map_err(failed)?;
    // Nobody else is told whether there is such a user.
    if !own && !admin {
        return Err(Refusal::Forbidden);
    }
    let identities = app.realms.get(&route.realm).map(|state| &state.identities);
    let shown =
        |name: &str| admin || identities.is_some_and(|identities| identities.is_viewable(name));
    let user = user.ok_or_else(|| Refusal::NoResource(id.to_owned()))?;
    let attributes = user.attributes.iter();
    let attributes = attributes
        .filter(|(name, _)| shown(name))
        .filter_map(|(name, value)| Some((name.to_string(), json(value)?)))
        .collect();
    let shown = users::Profile {
        username: &user.username,
        realm: &route.realm,
        active: user.active,
        attributes: &attributes,
    };
    Ok(users::profile(&shown, served))
}

/// The realms that the caller administers.
async fn list_realms(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    route: &Route,
    served: Served,
) -> Result<Reply, Refusal> {
    realms::read(parts, query)?;
    let caller = parts.session_token(&app.cookies.session);
    let caller = find(app, caller.as_deref(), route)?.ok_or(Refusal::AccessDenied)?;
    let mut listed = Vec::new();
    for (realm, state) in &app.realms {
        if app
            .is_admin(&caller, realm)
            .await
            .map_err(|error| broken(app, &error))?
        {
            listed.push(Listed {
                realm: realm.clone(),
                aliases: state.settings.aliases.clone(),
            });
        }
    }
    if listed.is_empty() {
        return Err(Refusal::Forbidden);
    }
    Ok(realms::list(&listed, served))
}

//! `authenticate/backchannel`: transactions that other servers open, and what is told of them.
//!
//! A caller is known by its bearer token alone. It is trusted with names of journeys, not with names of
//! users: a transaction for a user who is not there is made all the same, and nobody can confirm it.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{Realm, engine::effect::Who};
use wayfare_wire::am::{
    authenticate::Site as _,
    backchannel::{self, Info, Initialize},
    error::Refusal,
    realm::Backchannel,
    reply::Reply,
    request::Parts,
    version::{Routes, Served, negotiate},
};

use super::transaction::{self, new_id};
use crate::{
    app::App,
    audit::{Event, EventName},
    store::{
        StoreError,
        transaction::{Outcome, Purpose, State, Transaction},
    },
};

/// Answers a caller; a refusal comes with the version that refused.
pub(super) async fn answer(
    app: &App,
    parts: &Parts<'_>,
    realm: &Realm,
    asked: Backchannel,
) -> Result<Reply, (Refusal, Option<Served>)> {
    let versions = parts.header("accept-api-version");
    let served = negotiate(versions, Routes::BACKCHANNEL, app.unversioned)
        .map_err(|refusal| (refusal.into(), None))?;
    let done = match admitted(app, parts, realm) {
        Err(refusal) => Err(refusal),
        Ok(()) => match asked {
            Backchannel::Initialize => initialize(app, parts, realm, served).await,
            Backchannel::Info => info(app, parts, realm, served),
        },
    };
    done.map_err(|refusal| (refusal, Some(served)))
}

/// Whether the caller may ask here, before anything else is looked at.
fn admitted(app: &App, parts: &Parts<'_>, realm: &Realm) -> Result<(), Refusal> {
    if parts.method != "POST" {
        return Err(Refusal::Method);
    }
    let token = backchannel::bearer(parts)?;
    if app.may_open_transactions(token, realm) {
        Ok(())
    } else {
        Err(Refusal::AccessDenied)
    }
}

fn broken(app: &App, error: &StoreError) -> Refusal {
    app.log.error(&error.to_string());
    Refusal::Internal
}

async fn initialize(
    app: &App,
    parts: &Parts<'_>,
    realm: &Realm,
    served: Served,
) -> Result<Reply, Refusal> {
    let asked = Initialize::read(parts)?;
    let engine = app.engine(realm).ok_or(Refusal::NoConfiguration)?;
    engine
        .program()
        .journey_on_wire(&asked.journey)
        .filter(|journey| journey.settings.enabled && !journey.settings.inner_only)
        .ok_or(Refusal::NoConfiguration)?;
    let broken = |error: StoreError| broken(app, &error);
    let who = Who::Name(Arc::from(&*asked.username));
    let user = app.identity(realm, &who, &[]).await;
    let user = user.map_err(|error| super::resource::broken(app, &error))?;
    // An id that is drawn is nobody's, now and later.
    let subject = match user {
        Some(user) => user.subject.0.to_string(),
        None => new_id().map_err(broken)?,
    };
    let purpose = Purpose::Backchannel {
        data: asked.data,
        retry: asked.retry,
    };
    let exp = app.clock.now().plus(app.config.transactions.time_max);
    let id = new_id().map_err(broken)?;
    let mut new = Transaction::new(id.clone(), realm.clone(), &asked.journey, purpose, exp)
        .of(&subject, &asked.username);
    new.tracking.extend(asked.tracking);
    let tracking = new.tracking.first().cloned();
    app.store().open_transaction(new).await.map_err(broken)?;
    let event = Event::new(EventName::TransactionOpened)
        .text("realm", realm.as_str())
        .text("journey", &asked.journey)
        .text("username", &asked.username)
        .hashed("transaction", id.as_bytes())
        .maybe("trackingId", tracking.as_deref())
        .client(parts.client);
    app.audit(&event);
    let settings = app.settings(realm);
    let origin = settings.origin.as_ref();
    let address = backchannel::redirect_uri(origin, &settings.login_page, realm, &id);
    Ok(backchannel::initialized(&id, &address, served))
}

fn info(app: &App, parts: &Parts<'_>, realm: &Realm, served: Served) -> Result<Reply, Refusal> {
    let id = backchannel::read_info(parts)?;
    let found = transaction::find(app, realm, &id).map_err(|error| broken(app, &error))?;
    // A policy's transaction is between a user and a policy.
    let found = found.filter(|found| matches!(found.purpose, Purpose::Backchannel { .. }));
    let found = found.ok_or(Refusal::UnknownTransaction)?;
    let properties = match &found.session {
        Some(handle) => properties(app, realm, handle).map_err(|error| broken(app, &error))?,
        None => None,
    };
    let info = Info {
        state: match found.state {
            State::Created => backchannel::State::Created,
            State::InProgress => backchannel::State::InProgress,
            State::Completed => backchannel::State::Completed,
        },
        outcome: match found.outcome {
            Outcome::Unknown => backchannel::Outcome::Unknown,
            Outcome::Approved => backchannel::Outcome::Approved,
            Outcome::Denied => backchannel::Outcome::Denied,
        },
        tracking: found.tracking,
        journey: found.journey,
        username: found.username,
        properties,
    };
    Ok(backchannel::told(&info, served))
}

/// What clients may read of a session; `None` where it is over.
pub(super) fn properties(
    app: &App,
    realm: &Realm,
    handle: &str,
) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let session = app.store().session_by_handle(handle, app.clock.now())?;
    let Some((session, state)) = session.zip(app.realms.get(realm)) else {
        return Ok(None);
    };
    let allowed = &state.settings.session.properties;
    let shown = allowed
        .iter()
        .filter_map(|key| {
            let value = session.properties.get(key)?.as_str()?;
            Some((key.clone(), value.to_owned()))
        })
        .collect();
    Ok(Some(shown))
}

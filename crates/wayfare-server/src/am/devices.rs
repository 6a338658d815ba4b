//! Devices of users, for their owners and for administrators.
//!
//! Whoever gives a device up, or opts out, takes a factor away from an account: a session is enough to look,
//! and for that a journey must have said that the session may (`EnableDeviceManagement`), by a factor of
//! the kind where it wants one.

use std::sync::Arc;

use serde_json::Value as Json;
use wayfare::{
    Factor, SubjectId, Value,
    engine::effect::{Change, DeviceKind, EffectId, PatchIdentity, Who},
};
use wayfare_wire::{
    am::{
        devices::{self, Ask, Asked},
        error::Refusal,
        realm::Route,
        reply::{Reply, ResourceReply},
        request::Parts,
        version::Served,
    },
    query::Query,
};

use super::{resource, session::KEPT};
use crate::{
    app::{App, RealmState},
    clock::drawn,
    identities::{Hasher, IdentityError, Once, Outcome},
    store::session::Session,
};

/// Answers a question about devices.
pub(super) async fn answer(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    (route, asked): (&Route, &Asked),
    served: Served,
) -> Result<Reply, Refusal> {
    let ask = Ask::read(parts, query, asked)?;
    let caller = parts.session_token(&app.cookies.session);
    let caller = resource::find(app, caller.as_deref(), route)?.ok_or(Refusal::AccessDenied)?;
    let failed = |error: IdentityError| resource::broken(app, &error);
    let state = app.realms.get(&route.realm).ok_or(Refusal::NotFound)?;
    let who = Who::Name(Arc::from(asked.user.as_str()));
    let wanted: Vec<Arc<str>> = opted_out(asked.kind).into_iter().map(Arc::from).collect();
    let user = state.identities.read(&who, &wanted).await.map_err(failed)?;
    let own = caller.realm == route.realm
        && user
            .as_ref()
            .is_some_and(|user| *user.subject.0 == *caller.subject);
    // Nobody else is told whether there is such a user.
    let admin = !own && app.is_admin(&caller, &route.realm).await.map_err(failed)?;
    if !own && !admin {
        return Err(Refusal::Forbidden);
    }
    let user = user.ok_or_else(|| Refusal::NoResource(asked.user.clone()))?;
    let manageable = admin || may_manage(&caller, asked.kind);
    if ask.gives_up() && !manageable {
        return Err(Refusal::Forbidden);
    }
    let whose = &user.subject;
    match ask {
        Ask::List => {
            let all = state.devices.all(whose, asked.kind).map_err(failed)?;
            Ok(devices::list(&all, manageable, served))
        }
        Ask::Read(uuid) => {
            let all = state.devices.all(whose, asked.kind).map_err(failed)?;
            let one = all.iter().find(|device| *device.uuid == *uuid);
            let one = one.ok_or(Refusal::NoResource(uuid))?;
            Ok(devices::one(one, manageable, ResourceReply::Read, served))
        }
        Ask::Remove(uuid) => {
            let all = state.devices.all(whose, asked.kind).map_err(failed)?;
            let one = all.iter().find(|device| *device.uuid == *uuid);
            let gone = state.devices.forget(whose, asked.kind, Some(&uuid)).await;
            let gone = gone.map_err(|error| failed(error.into()))?;
            let one = one.filter(|_| gone).ok_or(Refusal::NoResource(uuid))?;
            Ok(devices::one(one, manageable, ResourceReply::Action, served))
        }
        Ask::Check => {
            let name = opted_out(asked.kind).unwrap_or_default();
            let out = user.attributes.get(name) == Some(&Value::Bool(true));
            Ok(devices::done(Some(out), served))
        }
        Ask::Skip(skip) => {
            opt_out(app, state, whose, asked.kind, skip).await?;
            Ok(devices::done(None, served))
        }
        Ask::Reset => {
            let gone = state.devices.forget(whose, asked.kind, None).await;
            gone.map_err(|error| failed(error.into()))?;
            opt_out(app, state, whose, asked.kind, false).await?;
            Ok(devices::done(Some(true), served))
        }
        _ => Err(Refusal::Internal),
    }
}

/// Where the store keeps that a user opted out, as the node does that says so.
fn opted_out(kind: DeviceKind) -> Option<&'static str> {
    match kind {
        DeviceKind::Oath => Some("_optedOutOfOath"),
        DeviceKind::Push => Some("_optedOutOfPush"),
        DeviceKind::WebAuthn => Some("_optedOutOfWebAuthn"),
        DeviceKind::Profile | DeviceKind::Trusted | DeviceKind::Binding => None,
    }
}

/// Whether the session may give up devices of a kind.
fn may_manage(session: &Session, kind: DeviceKind) -> bool {
    // What a device looked like is no factor.
    if matches!(kind, DeviceKind::Profile | DeviceKind::Trusted) {
        return session.proved;
    }
    let Some(kept) = session.properties.get(&format!("{KEPT}deviceManagement")) else {
        return false;
    };
    let proved: Vec<&str> = kept
        .get("factors")
        .and_then(Json::as_array)
        .map(|factors| factors.iter().filter_map(Json::as_str).collect())
        .unwrap_or_default();
    match kept.get("strategy").and_then(Json::as_str) {
        Some("NONE") => session.proved,
        Some("ANY") => session.proved && !proved.is_empty(),
        Some("SAME") => {
            let own = match kind {
                DeviceKind::Oath => Factor::Otp,
                DeviceKind::Push => Factor::Push,
                _ => Factor::Device,
            };
            session.proved && proved.contains(&own.word())
        }
        _ => false,
    }
}

async fn opt_out(
    app: &App,
    state: &RealmState,
    whose: &SubjectId,
    kind: DeviceKind,
    out: bool,
) -> Result<(), Refusal> {
    let Some(attribute) = opted_out(kind) else {
        return Err(Refusal::Internal);
    };
    let change = if out {
        Change::Set(Value::Bool(true))
    } else {
        Change::Remove
    };
    let patch = PatchIdentity {
        resource: Arc::from("managed/user"),
        who: Who::Subject(whose.clone()),
        changes: vec![(Arc::from(attribute), change)],
        attributes: Vec::new(),
    };
    let now = app.clock.now();
    let run: [u8; 16] = drawn().map_err(|_| Refusal::Internal)?;
    let once = Once {
        id: EffectId {
            run: u128::from_be_bytes(run),
            generation: 0,
            ordinal: 0,
        },
        exp: now,
        now,
        hasher: Hasher::new(&app.performer.hash, None),
    };
    match state.identities.patch(&patch, once).await {
        Ok(Outcome::Written(_)) => Ok(()),
        Ok(Outcome::Nobody) => Err(Refusal::NotFound),
        Ok(Outcome::Refused(_)) => Err(Refusal::Forbidden),
        Err(error) => Err(resource::broken(app, &error)),
    }
}

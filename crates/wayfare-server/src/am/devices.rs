//! `users/ID/devices/…`: who may see and change which devices, and what is done.
//!
//! A user's devices are that user's and the administrators' of the realm; nobody else is told whether there
//! is such a user. What stands in for a second factor can be changed only in a session whose journey said so.

use std::sync::Arc;

use serde_json::Value as Json;
use wayfare::{
    Factor, SubjectId, Value,
    engine::effect::{Change, Device, DeviceKind, Identity, PatchIdentity, Who},
};
use wayfare_wire::{
    am::{
        devices::{Ask, Asked, Told, done, list_of, one},
        error::Refusal,
        realm::Route,
        reply::Reply,
        request::Parts,
        version::Served,
    },
    query::Query,
};

use super::{
    resource::{broken, find},
    session::kept,
};
use crate::{
    app::{App, RealmState},
    audit::{Event, EventName},
    devices::Change as DeviceChange,
    identities::{Hasher, Once, Outcome},
    store::session::Session,
};

/// Answers a request.
pub(super) async fn answer(
    app: &App,
    parts: &Parts<'_>,
    query: &Query,
    (route, asked): (&Route, &Asked),
    served: Served,
) -> Result<Reply, Refusal> {
    let caller = parts.session_token(&app.cookies.session);
    let caller = find(app, caller.as_deref(), route)?.ok_or(Refusal::AccessDenied)?;
    let state = app.realms.get(&route.realm).ok_or(Refusal::NotFound)?;
    let ask = Ask::read(parts, query, asked)?;
    let (owner, administers) = owner(app, state, &caller, (route, asked)).await?;
    let work = Work {
        app,
        parts,
        state,
        caller: &caller,
        owner,
        kind: asked.kind,
        managed: administers || manages(&caller, asked.kind),
    };
    if ask.changes() && !work.managed {
        return Err(Refusal::Forbidden);
    }
    match ask {
        Ask::List { offset, size } => {
            let all = work.all()?;
            let page = all.iter().skip(offset).take(size.unwrap_or(usize::MAX));
            let told: Vec<_> = page.map(|device| work.told(device)).collect();
            Ok(list_of(&told, served))
        }
        Ask::Read(id) => Ok(one(work.told(&work.one(&id, None)?), served)),
        Ask::Rename { id, name, revision } => {
            let device = work.rename(&id, &name, revision.as_deref()).await?;
            Ok(one(work.told(&device), served))
        }
        Ask::Remove { id, revision } => {
            let device = work.remove(&id, revision.as_deref()).await?;
            Ok(one(work.told(&device), served))
        }
        Ask::Check => {
            let name = opted_out(asked.kind).unwrap_or_default();
            let out = work.owner.attributes.get(name) == Some(&Value::Bool(true));
            Ok(done(Some(out), served))
        }
        Ask::Skip(skip) => {
            work.opt_out(skip).await?;
            Ok(done(None, served))
        }
        Ask::Reset => {
            work.remove_all().await?;
            work.opt_out(false).await?;
            Ok(done(Some(true), served))
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

/// Whose the devices are, and whether an administrator asks; a refusal for whoever is neither.
async fn owner(
    app: &App,
    state: &RealmState,
    caller: &Session,
    (route, asked): (&Route, &Asked),
) -> Result<(Identity, bool), Refusal> {
    let name = Who::Name(asked.user.as_str().into());
    let wanted: Vec<Arc<str>> = opted_out(asked.kind).into_iter().map(Arc::from).collect();
    let known = state.identities.read(&name, &wanted).await;
    let known = known.map_err(|error| broken(app, &error))?;
    let own = known
        .as_ref()
        .is_some_and(|user| caller.realm == route.realm && *user.subject.0 == *caller.subject);
    let administers = app
        .is_admin(caller, &route.realm)
        .await
        .map_err(|error| broken(app, &error))?;
    // Nobody else is told whether there is such a user.
    if !own && !administers {
        return Err(Refusal::Forbidden);
    }
    let user = known.ok_or_else(|| Refusal::NoResource(asked.user.clone()))?;
    Ok((user, administers))
}

/// Whether a session in which its user was proved may change devices of this kind.
///
/// Profiles and trusted devices stand in for nothing; for the others the journey must have said so, by a
/// factor of the kind where it wants one.
fn manages(session: &Session, kind: DeviceKind) -> bool {
    if !session.proved {
        return false;
    }
    let factor = match kind {
        DeviceKind::Profile | DeviceKind::Trusted => return true,
        DeviceKind::Oath => Factor::Otp,
        DeviceKind::Push => Factor::Push,
        DeviceKind::WebAuthn | DeviceKind::Binding => Factor::Device,
    };
    let Some(kept) = kept(session, "deviceManagement") else {
        return false;
    };
    let factors = kept.get("factors").and_then(Json::as_array);
    let mut factors = factors.into_iter().flatten().filter_map(Json::as_str);
    match kept.get("strategy").and_then(Json::as_str) {
        Some("NONE") => true,
        Some("ANY") => factors.next().is_some(),
        Some("SAME") => factors.any(|known| known == factor.word()),
        _ => false,
    }
}

/// A request with whose devices it is about.
struct Work<'a> {
    app: &'a App,
    parts: &'a Parts<'a>,
    state: &'a RealmState,
    caller: &'a Session,
    owner: Identity,
    kind: DeviceKind,
    managed: bool,
}

impl Work<'_> {
    fn all(&self) -> Result<Vec<Device>, Refusal> {
        let all = self.state.devices.all(&self.owner.subject, self.kind);
        all.map_err(|error| broken(self.app, &error))
    }

    /// The device of this id, where it is the one that the client has seen.
    fn one(&self, id: &str, revision: Option<&str>) -> Result<Device, Refusal> {
        let mut all = self.all()?.into_iter();
        let found = all.find(|device| *device.uuid == *id);
        let found = found.ok_or_else(|| Refusal::NoResource(id.to_owned()))?;
        let is_seen = revision.is_none_or(|seen| self.told(&found).revision() == seen);
        is_seen.then_some(found).ok_or(Refusal::Stale)
    }

    fn told<'d>(&self, device: &'d Device) -> Told<'d> {
        Told {
            device,
            kind: self.kind,
            managed: self.managed,
        }
    }

    fn whose(&self) -> &SubjectId {
        &self.owner.subject
    }

    /// The device that a change is meant for; any of that id where the client does not say.
    fn seen(&self, id: &str, revision: Option<&str>) -> Result<Option<Device>, Refusal> {
        let found = self.one(id, revision)?;
        Ok(revision.map(|_| found))
    }

    async fn rename(
        &self,
        id: &str,
        name: &str,
        revision: Option<&str>,
    ) -> Result<Device, Refusal> {
        let seen = self.seen(id, revision)?;
        let devices = &self.state.devices;
        let renamed = devices.rename(self.whose(), self.kind, id, name, seen);
        let renamed = renamed.await.map_err(|error| broken(self.app, &error))?;
        self.done(renamed, id, "renamed")
    }

    async fn remove(&self, id: &str, revision: Option<&str>) -> Result<Device, Refusal> {
        let seen = self.seen(id, revision)?;
        let gone = self.state.devices.forget(self.whose(), self.kind, id, seen);
        let gone = gone.await.map_err(|error| broken(self.app, &error))?;
        self.done(gone, id, "removed")
    }

    /// Notes a change of one device; another may have been quicker.
    fn done(&self, change: DeviceChange, id: &str, what: &'static str) -> Result<Device, Refusal> {
        match change {
            DeviceChange::Done(device) => {
                self.changed(id, what);
                Ok(device)
            }
            DeviceChange::Gone => Err(Refusal::NoResource(id.to_owned())),
            DeviceChange::Stale => Err(Refusal::Stale),
        }
    }

    async fn remove_all(&self) -> Result<(), Refusal> {
        let gone = self.state.devices.forget_all(self.whose(), self.kind);
        gone.await.map_err(|error| broken(self.app, &error))?;
        self.changed("", "reset");
        Ok(())
    }

    async fn opt_out(&self, out: bool) -> Result<(), Refusal> {
        let attribute = opted_out(self.kind).ok_or(Refusal::Internal)?;
        let change = if out {
            Change::Set(Value::Bool(true))
        } else {
            Change::Remove
        };
        let patch = PatchIdentity {
            resource: Arc::from("managed/user"),
            who: Who::Subject(self.whose().clone()),
            changes: vec![(Arc::from(attribute), change)],
            attributes: Vec::new(),
        };
        let now = self.app.clock.now();
        let hasher = Hasher::new(&self.app.performer.hash, None);
        let once = Once::drawn(now, hasher).map_err(|_| Refusal::Internal)?;
        match self.state.identities.patch(&patch, once).await {
            Ok(Outcome::Written(_)) => {
                self.changed("", if out { "skipped" } else { "asked" });
                Ok(())
            }
            Ok(Outcome::Nobody) => Err(Refusal::NotFound),
            Ok(Outcome::Refused(_)) => Err(Refusal::Forbidden),
            Err(error) => Err(broken(self.app, &error)),
        }
    }

    /// Notes a change.
    fn changed(&self, id: &str, what: &'static str) {
        let event = Event::new(EventName::DeviceChanged)
            .text("realm", self.caller.realm.as_str())
            .text("username", &self.caller.username)
            .text("owner", &self.owner.username)
            .text("kind", self.kind.word())
            .text("change", what)
            .hashed("device", id.as_bytes())
            .client(self.parts.client);
        self.app.audit(&event);
    }
}

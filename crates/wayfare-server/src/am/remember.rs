//! Persistent cookies: sealed when somebody has logged in, opened when they come back.
//!
//! A cookie is sealed with the keys of its realm and bound to the realm, to its name and to the key of the
//! journey. It holds the id of its owner, its times, the address it was set at and what the store of the
//! users says changes with the password: a new password ends it, and so does whoever deletes the user or sets them inactive for
//! as long as they are. A stolen cookie is good until then, or until its times are over, unless the journey
//! enforces the address.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use wayfare::{
    Realm, Seal as _, Secret, SubjectId, Timestamp,
    engine::{
        effect::{Identity, Who},
        output::{OpenCookie, Remember},
    },
};
use wayfare_wire::{am::cookie::Cookie, seal::Sealer};

use crate::{
    app::{App, RealmState},
    clock::RunHost,
    identities::IdentityError,
    store::ending::Since,
};

/// What every persistent cookie begins with, so that nothing else is taken for one.
const PREFIX: &str = "wfp1.";

/// What is sealed.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    /// Whose it is.
    subject: String,
    /// Until when it may go unused, in milliseconds since 1970.
    idle: u64,
    /// Until when it may be used at all.
    until: u64,
    /// The address it was set at.
    client: Option<IpAddr>,
    /// What the store said then that changes with the password, and where all cookies are given up.
    stamp: String,
}

/// What a cookie is bound to.
fn beside(realm: &Realm, name: &str, key: Option<&Secret<String>>) -> Vec<u8> {
    let key = key.map_or_else(String::new, |key| hashed(key.reveal().as_bytes()));
    format!("persistent cookie\n{realm}\n{name}\n{key}").into_bytes()
}

fn hashed(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, bytes))
}

/// The cookies of a success; none where its subject is gone by then, or the store does not tell when a
/// password is another.
pub(super) async fn seal(
    app: &App,
    state: &RealmState,
    (subject, since): (&SubjectId, Since),
    remember: &[Remember],
    client: Option<IpAddr>,
) -> Result<Vec<Cookie>, IdentityError> {
    if remember.is_empty() {
        return Ok(Vec::new());
    }
    let Some(stamp) = state.identities.stamp(subject).await? else {
        app.log.info(
            "no persistent cookie is set: the store of the users does not tell when a password is another",
        );
        return Ok(Vec::new());
    };
    // The stamp may be that of a password which was set after the login.
    if app.store().has_ended(&state.realm, &subject.0, since)? {
        return Ok(Vec::new());
    }
    let host = RunHost { clock: &*app.clock };
    let failed = || IdentityError::Other("a persistent cookie cannot be sealed".to_owned());
    let mut cookies = Vec::with_capacity(remember.len());
    for cookie in remember {
        let now = app.clock.now();
        let idle = now.plus(cookie.idle).min(cookie.until);
        let sealed = Sealed {
            subject: subject.0.to_string(),
            idle: idle.0,
            until: cookie.until.0,
            client,
            stamp: stamp.clone(),
        };
        let mut bytes = serde_json::to_vec(&sealed).map_err(|_| failed())?;
        let beside = beside(&state.realm, &cookie.name, cookie.key.as_ref());
        Sealer::new(&state.keys, &host)
            .seal(&beside, &mut bytes)
            .map_err(|_| failed())?;
        let value = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes));
        cookies.push(Cookie::remembered(cookie, value, idle.since(now)));
    }
    Ok(cookies)
}

/// Whose a cookie is, and until when it may be used; nothing where it is worth nothing.
pub(super) async fn open(
    app: &App,
    state: &RealmState,
    asked: &OpenCookie,
) -> Result<Option<(Identity, Timestamp)>, IdentityError> {
    let Some(sealed) = opened(app, state, asked) else {
        return Ok(None);
    };
    let now = app.clock.now().0;
    let elsewhere = asked.client.is_some() && asked.client != sealed.client;
    if now >= sealed.idle || now >= sealed.until || elsewhere {
        return Ok(None);
    }
    let who = Who::Subject(SubjectId(sealed.subject.as_str().into()));
    let identity = state.identities.read(&who, &[]).await?;
    let Some(identity) = identity.filter(|identity| identity.active) else {
        return Ok(None);
    };
    let stamp = state.identities.stamp(&identity.subject).await?;
    // A store that cannot tell whether the password is another one lets nobody in by a cookie.
    if stamp.is_none_or(|stamp| stamp != sealed.stamp) {
        return Ok(None);
    }
    Ok(Some((identity, Timestamp(sealed.until))))
}

fn opened(app: &App, state: &RealmState, asked: &OpenCookie) -> Option<Sealed> {
    let text = asked.value.reveal().strip_prefix(PREFIX)?;
    let mut bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let beside = beside(&state.realm, &asked.name, asked.key.as_ref());
    let host = RunHost { clock: &*app.clock };
    let sealer = Sealer::new(&state.keys, &host);
    sealer.open(&beside, &mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

//! The authenticator app of whoever plays a test: it scans what is shown and makes codes.

use std::collections::BTreeMap;

use wayfare::{
    Callback, Secret, Timestamp,
    engine::effect::{DeviceKind, OathHash, OathKey, OathMoving, StoreDevice},
};
use wayfare_oath::{Key, Token};

use crate::{play::Stop, world::World};

/// What most apps go by.
fn usual(key: Secret<String>) -> OathKey {
    OathKey {
        key,
        moving: OathMoving::Time {
            step: 30,
            hash: OathHash::Sha1,
        },
        digits: 6,
        checksum: false,
        offset: None,
        used: None,
    }
}

/// Adds what a test leaves unsaid of a device.
pub(super) fn complete(store: &mut StoreDevice) {
    for (name, value) in usual(Secret::new(String::new())).data() {
        store.data.entry(name).or_insert(value);
    }
}

/// The app that scans what is asked now.
pub(super) fn shown(stop: &Stop) -> Option<OathKey> {
    let Stop::Ask(ask) = stop else {
        return None;
    };
    ask.callbacks.iter().find_map(|callback| match callback {
        Callback::HiddenValue { value, .. } => scanned(value),
        _ => None,
    })
}

/// What an address says, as an app reads it.
fn scanned(address: &str) -> Option<OathKey> {
    let (kind, rest) = address.strip_prefix("otpauth://")?.split_once('/')?;
    let (_, query) = rest.split_once('?')?;
    let said: BTreeMap<&str, &str> = query.split('&').filter_map(|p| p.split_once('=')).collect();
    let mut key = usual(Secret::from(*said.get("secret")?));
    key.digits = said.get("digits")?.parse().ok()?;
    let hash = match said.get("algorithm").copied() {
        Some("SHA256") => OathHash::Sha256,
        Some("SHA512") => OathHash::Sha512,
        _ => OathHash::Sha1,
    };
    key.moving = match kind {
        "hotp" => OathMoving::Counter,
        "totp" => OathMoving::Time {
            step: said.get("period")?.parse().ok().filter(|step| *step > 0)?,
            hash,
        },
        _ => return None,
    };
    Some(key)
}

/// The code that an app shows; one that counts shows the one after the last that was used.
pub(super) fn code(app: &OathKey, world: &World, now: Timestamp) -> Option<String> {
    let key = Key::from_base32(app.key.reveal()).ok()?;
    let (hash, counter) = match app.moving {
        OathMoving::Time { step, hash } => (hash, now.seconds() / step),
        OathMoving::Counter => {
            let mut devices = world
                .users
                .values()
                .flat_map(|user| user.devices_of(DeviceKind::Oath));
            let same = |key: &OathKey| key.key == app.key;
            let used = devices.find_map(|kept| kept.oath_key().filter(same)?.used);
            (
                OathHash::Sha1,
                used.map_or(0, |used| used.saturating_add(1)),
            )
        }
    };
    let token = Token::new(key, hash, app.digits)?;
    Some(
        token
            .with_checksum(app.checksum)
            .at(app.offset)?
            .code(counter),
    )
}

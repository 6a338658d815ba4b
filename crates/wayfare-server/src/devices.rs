//! Devices of users, as runs and their owners see them.
//!
//! They are in the server's own database, wherever the users themselves are kept. What is known of a device
//! is sealed with keys of its own, bound to its owner, kind and uuid, so that no row can stand for another;
//! of recovery codes there are only hashes. Who may ask and how often is not decided here.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use wayfare::{
    Realm, Seal as _, Secret, SubjectId, Timestamp, Value,
    engine::effect::{
        DEVICES_MAX, Device, DeviceKind, EffectId, OathKey, OathWindow, Room, StoreDevice,
    },
};
use wayfare_wire::seal::{RealmKeys, Sealer};
use zeroize::Zeroizing;

use crate::{
    clock::{Clock, RunHost},
    identities::{Hasher, IdentityError, json, value},
    store::{
        Store, StoreError,
        device::{Changed, DeviceKey, DeviceRow},
    },
};

/// How many bytes may be known of a device.
pub const DEVICE_BYTES_MAX: usize = 64 * 1024;

/// The devices of the users of one realm.
#[derive(Debug, Clone)]
pub struct Devices {
    store: Store,
    realm: Realm,
    keys: Arc<RealmKeys>,
    clock: Arc<dyn Clock>,
}

/// What came of a change that the owner of a device wants.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is done; the device as it is now, or as it was where it is gone.
    Done(Device),
    /// There is no such device.
    Gone,
    /// It is not the one that was seen.
    Stale,
}

/// What is sealed.
#[derive(Serialize, Deserialize)]
struct Sealed {
    data: BTreeMap<String, Json>,
    secrets: BTreeMap<String, String>,
}

impl Drop for Sealed {
    fn drop(&mut self) {
        for secret in self.secrets.values_mut() {
            zeroize::Zeroize::zeroize(secret);
        }
    }
}

/// A device with its secrets.
struct Opened {
    device: Device,
    secrets: BTreeMap<Arc<str>, Secret<String>>,
}

impl Devices {
    /// The keys by which the realm seals what it keeps.
    pub(crate) fn storage(&self) -> &RealmKeys {
        &self.keys
    }

    /// The devices of a realm, sealed with these keys.
    pub fn new(store: Store, realm: Realm, keys: RealmKeys, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            realm,
            keys: Arc::new(keys),
            clock,
        }
    }

    fn key(&self, whose: &SubjectId, kind: DeviceKind) -> DeviceKey {
        DeviceKey {
            realm: self.realm.as_str().to_owned(),
            subject: whose.0.to_string(),
            kind: kind.word(),
        }
    }

    /// The devices of a user, the oldest first.
    ///
    /// # Errors
    /// The database fails, or one of them cannot be opened.
    pub fn all(&self, whose: &SubjectId, kind: DeviceKind) -> Result<Vec<Device>, IdentityError> {
        let key = self.key(whose, kind);
        let rows = self.store.devices(&key)?.into_iter();
        let opened = rows.map(|row| Ok(self.opened(&key, row)?.device));
        opened.collect()
    }

    /// Keeps a device, once; `false` where there is no room for it.
    ///
    /// # Errors
    /// The database fails, no thread is free to hash, or what is to be kept is too long.
    pub async fn put(
        &self,
        once: (EffectId, Timestamp),
        whose: &SubjectId,
        store: &StoreDevice,
        hasher: Hasher<'_>,
    ) -> Result<bool, IdentityError> {
        let key = self.key(whose, store.kind);
        let now = self.clock.now();
        let row = DeviceRow {
            uuid: store.uuid.to_string(),
            name: store.name.to_string(),
            created: now,
            accessed: now,
            used: store.used,
            data: self.sealed(&key, store)?,
        };
        let codes = if store.codes.is_empty() {
            Vec::new()
        } else {
            hasher.hash_alike(&store.codes).await?
        };
        let room = match store.room {
            Room::Only => Room::Only,
            Room::Among(most) => Room::Among(most.min(DEVICES_MAX)),
            Room::Latest(most) => Room::Latest(most.min(DEVICES_MAX)),
        };
        Ok(self.store.put_device(once, key, row, codes, room).await?)
    }

    /// Forgets a device, or all of a kind, once; whether there was one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn remove(
        &self,
        once: (EffectId, Timestamp),
        whose: &SubjectId,
        kind: DeviceKind,
        uuid: Option<&str>,
    ) -> Result<bool, IdentityError> {
        let key = self.key(whose, kind);
        let uuid = uuid.map(str::to_owned);
        Ok(self.store.remove_device(once, key, uuid).await?)
    }

    /// Calls a device by another name, because its owner wants it; the device as it is then.
    ///
    /// Where `seen` says which one is meant, another of that uuid stays as it is.
    ///
    /// # Errors
    /// The database fails, or the device cannot be opened.
    pub async fn rename(
        &self,
        whose: &SubjectId,
        kind: DeviceKind,
        uuid: &str,
        name: &str,
        seen: Option<Device>,
    ) -> Result<Change, IdentityError> {
        let key = self.key(whose, kind);
        let (uuid, name) = (uuid.to_owned(), name.to_owned());
        let is_seen = self.is_seen(&key, seen);
        let changed = self.store.rename_device(key.clone(), uuid, name, is_seen);
        self.change(&key, changed.await?)
    }

    /// Forgets a device, because its owner wants it; the device as it was.
    ///
    /// Where `seen` says which one is meant, another of that uuid stays as it is.
    ///
    /// # Errors
    /// The database fails, or the device cannot be opened.
    pub async fn forget(
        &self,
        whose: &SubjectId,
        kind: DeviceKind,
        uuid: &str,
        seen: Option<Device>,
    ) -> Result<Change, IdentityError> {
        let key = self.key(whose, kind);
        let is_seen = self.is_seen(&key, seen);
        let changed = self
            .store
            .forget_device(key.clone(), uuid.to_owned(), is_seen);
        self.change(&key, changed.await?)
    }

    /// Forgets all devices of a kind, because their owner wants it; whether there were any.
    ///
    /// # Errors
    /// The database fails.
    pub async fn forget_all(
        &self,
        whose: &SubjectId,
        kind: DeviceKind,
    ) -> Result<bool, StoreError> {
        self.store.forget_devices(self.key(whose, kind)).await
    }

    /// Whether a row is the device that was seen, asked where the row is to be changed.
    fn is_seen(
        &self,
        key: &DeviceKey,
        seen: Option<Device>,
    ) -> impl FnOnce(&DeviceRow) -> bool + Send + use<> {
        let (devices, key) = (self.clone(), key.clone());
        move |row| {
            let Some(seen) = seen else {
                return true;
            };
            let opened = devices.opened(&key, row.clone());
            opened.is_ok_and(|opened| opened.device == seen)
        }
    }

    fn change(&self, key: &DeviceKey, changed: Changed) -> Result<Change, IdentityError> {
        Ok(match changed {
            Changed::Done(row) => Change::Done(self.opened(key, row)?.device),
            Changed::Gone => Change::Gone,
            Changed::Stale => Change::Stale,
        })
    }

    /// Whether a code of the user's first authenticator app is right now; it is used up then, on disk.
    ///
    /// A try has been taken by now.
    ///
    /// # Errors
    /// The database fails, or the device cannot be opened.
    pub async fn takes_code(
        &self,
        whose: &SubjectId,
        window: &OathWindow,
        typed: &Secret<String>,
    ) -> Result<bool, IdentityError> {
        let key = self.key(whose, DeviceKind::Oath);
        let Some(row) = self.store.devices(&key)?.into_iter().next() else {
            return Ok(false);
        };
        let Opened { device, secrets } = self.opened(&key, row)?;
        let kept = OathKey::kept(&device.data, &secrets, device.used)
            .ok_or_else(|| IdentityError::Other("a device makes no codes".to_owned()))?;
        let now = self.clock.now();
        let found = wayfare_oath::find(&kept, window, Some(device.accessed), typed, now);
        let Some(counter) = found else {
            return Ok(false);
        };
        let uuid = device.uuid.to_string();
        Ok(self.store.use_device(key, uuid, counter, now).await?)
    }

    /// Whether this is a recovery code of the user's first device of a kind; it is used up then, on disk.
    ///
    /// A try has been taken by now. Where there is nobody, or no device, it takes as long and is never right.
    ///
    /// # Errors
    /// The database fails, or no thread is free to hash.
    pub async fn takes_recovery(
        &self,
        whose: Option<&SubjectId>,
        kind: DeviceKind,
        typed: &Secret<String>,
        hasher: Hasher<'_>,
    ) -> Result<bool, IdentityError> {
        let mut kept = None;
        if let Some(whose) = whose {
            let key = self.key(whose, kind);
            if let Some(row) = self.store.devices(&key)?.into_iter().next() {
                let codes = self.store.recovery_codes(&key, &row.uuid)?;
                kept = Some((key, row.uuid, codes));
            }
        }
        let codes = kept.as_ref().map_or(&[][..], |(_, _, codes)| codes);
        let found = hasher.find(typed, codes).await?;
        let hash = found.and_then(|at| codes.get(at).cloned());
        match (kept, hash) {
            (Some((key, uuid, _)), Some(hash)) => {
                Ok(self.store.use_recovery(key, uuid, hash).await?)
            }
            _ => Ok(false),
        }
    }

    fn sealed(&self, key: &DeviceKey, store: &StoreDevice) -> Result<Vec<u8>, IdentityError> {
        let mut data = BTreeMap::new();
        for (name, value) in &store.data {
            let value = json(value).ok_or_else(|| {
                IdentityError::Other(format!("`{name}` of a device cannot be kept"))
            })?;
            data.insert(name.to_string(), value);
        }
        let secrets = store.secrets.iter();
        let secrets = secrets
            .map(|(name, secret)| (name.to_string(), secret.reveal().clone()))
            .collect();
        let text = serde_json::to_vec(&Sealed { data, secrets });
        let text = text.map_err(|error| IdentityError::Other(error.to_string()))?;
        let mut bytes = Zeroizing::new(text);
        if bytes.len() > DEVICE_BYTES_MAX {
            return Err(IdentityError::Other(format!(
                "more than {DEVICE_BYTES_MAX} bytes are to be kept of a device"
            )));
        }
        let host = RunHost {
            clock: &*self.clock,
        };
        Sealer::new(&self.keys, &host)
            .seal(&beside(key, &store.uuid), &mut bytes)
            .map_err(|_| IdentityError::Other("a device cannot be sealed".to_owned()))?;
        Ok(std::mem::take(&mut *bytes))
    }

    fn opened(&self, key: &DeviceKey, row: DeviceRow) -> Result<Opened, IdentityError> {
        let host = RunHost {
            clock: &*self.clock,
        };
        let mut bytes = Zeroizing::new(row.data);
        let wrong = || {
            IdentityError::Other(format!(
                "a device of kind {} cannot be opened: it was sealed with other keys, or changed",
                key.kind
            ))
        };
        Sealer::new(&self.keys, &host)
            .open(&beside(key, &row.uuid), &mut bytes)
            .map_err(|_| wrong())?;
        let mut sealed: Sealed = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        let secrets = std::mem::take(&mut sealed.secrets).into_iter();
        let secrets = secrets.map(|(name, secret)| (Arc::from(name), Secret::new(secret)));
        let data: BTreeMap<Arc<str>, Value> = sealed
            .data
            .iter()
            .filter_map(|(name, kept)| Some((Arc::from(name.as_str()), value(kept)?)))
            .collect();
        Ok(Opened {
            device: Device {
                uuid: Arc::from(row.uuid),
                name: Arc::from(row.name),
                created: row.created,
                accessed: row.accessed,
                used: row.used,
                data,
            },
            secrets: secrets.collect(),
        })
    }
}

/// What a device is bound to, each part with its length before it.
fn beside(key: &DeviceKey, uuid: &str) -> Vec<u8> {
    let mut beside = Vec::new();
    for part in ["device", &key.realm, &key.subject, key.kind, uuid] {
        beside.extend_from_slice(&(part.len() as u64).to_be_bytes());
        beside.extend_from_slice(part.as_bytes());
    }
    beside
}

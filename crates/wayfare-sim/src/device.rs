//! How a world keeps devices, as a server's store does: secrets go in and are compared, and never come out.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    EffectReply, Secret, SubjectId, Timestamp,
    engine::effect::{
        DEVICES_MAX, Device, DeviceKind, OathKey, OathWindow, ReadDevices, RemoveDevice, Room,
        StoreDevice, Who,
    },
};

use crate::{user::User, world::World};

/// A device of somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptDevice {
    /// What it is for.
    pub kind: DeviceKind,
    /// What may be told of it.
    pub device: Device,
    /// What is a secret of it.
    pub secrets: BTreeMap<Arc<str>, Secret<String>>,
    /// The codes that stand in for it and are not used up.
    pub codes: Vec<Secret<String>>,
}

impl KeptDevice {
    /// A device as it is to be kept, from now on.
    pub fn of(store: &StoreDevice, now: Timestamp) -> Self {
        let mut codes: Vec<Secret<String>> = Vec::with_capacity(store.codes.len());
        for code in &store.codes {
            if !codes.contains(code) {
                codes.push(code.clone());
            }
        }
        Self {
            kind: store.kind,
            device: Device {
                uuid: Arc::clone(&store.uuid),
                name: Arc::clone(&store.name),
                created: now,
                accessed: now,
                used: store.used,
                data: store.data.clone(),
            },
            secrets: store.secrets.clone(),
            codes,
        }
    }

    /// What an authenticator app has in common with it, where it is one.
    pub fn oath_key(&self) -> Option<OathKey> {
        OathKey::kept(&self.device.data, &self.secrets, self.device.used)
            .filter(|_| self.kind == DeviceKind::Oath)
    }
}

impl User {
    /// With one more device.
    pub fn device(mut self, device: KeptDevice) -> Self {
        self.devices.push(device);
        self
    }

    /// The devices of a kind, the oldest first.
    pub fn devices_of(&self, kind: DeviceKind) -> impl Iterator<Item = &KeptDevice> {
        self.devices.iter().filter(move |kept| kept.kind == kind)
    }

    /// Keeps a device; `false` where there is no room for it.
    pub(crate) fn keep(&mut self, store: &StoreDevice, now: Timestamp) -> bool {
        let is_it = |kept: &KeptDevice| kept.kind == store.kind && kept.device.uuid == store.uuid;
        let mut kept = KeptDevice::of(store, now);
        let old = self.devices.iter().position(is_it);
        match store.room {
            Room::Only => self
                .devices
                .retain(|kept| kept.kind != store.kind || is_it(kept)),
            Room::Among(most) => {
                let count = self.devices_of(store.kind).count();
                let most = usize::try_from(most.min(DEVICES_MAX)).unwrap_or(usize::MAX);
                if old.is_none() && count >= most {
                    return false;
                }
            }
            Room::Latest(most) => self.forget_oldest(store, most.min(DEVICES_MAX)),
        }
        match self.devices.iter_mut().find(|kept| is_it(kept)) {
            Some(old) => {
                kept.device.created = old.device.created;
                *old = kept;
            }
            None => self.devices.push(kept),
        }
        true
    }

    /// Forgets the devices that were used longest ago, until with this one there are at most so many.
    fn forget_oldest(&mut self, store: &StoreDevice, most: u32) {
        let stay = usize::try_from(most.saturating_sub(1)).unwrap_or(usize::MAX);
        // BOUND: every round takes one away.
        loop {
            let mut others: Vec<&KeptDevice> = self
                .devices_of(store.kind)
                .filter(|kept| kept.device.uuid != store.uuid)
                .collect();
            if others.len() <= stay {
                return;
            }
            // Of those used at once, the one that was kept first.
            others.sort_by_key(|kept| kept.device.accessed);
            let Some(oldest) = others.first().map(|kept| Arc::clone(&kept.device.uuid)) else {
                return;
            };
            self.forget(store.kind, Some(&oldest));
        }
    }

    /// Forgets devices; whether there were any.
    pub(crate) fn forget(&mut self, kind: DeviceKind, uuid: Option<&str>) -> bool {
        let before = self.devices.len();
        self.devices.retain(|kept| {
            kept.kind != kind || uuid.is_some_and(|uuid| *kept.device.uuid != *uuid)
        });
        self.devices.len() < before
    }

    /// Whether a code of an authenticator app is right now; it is used up then.
    pub(crate) fn takes_code(
        &mut self,
        window: &OathWindow,
        typed: &Secret<String>,
        now: Timestamp,
    ) -> bool {
        let mut kept = self.devices.iter_mut();
        let Some(kept) = kept.find(|kept| kept.kind == DeviceKind::Oath) else {
            return false;
        };
        let Some(key) = kept.oath_key() else {
            return false;
        };
        let found = wayfare_oath::find(&key, window, Some(kept.device.accessed), typed, now);
        let Some(counter) = found else {
            return false;
        };
        kept.device.used = Some(counter);
        kept.device.accessed = now;
        true
    }

    /// Whether this is a recovery code of the first device of a kind, or of the user at large; it is used up
    /// then.
    pub(crate) fn takes_recovery(&mut self, of: DeviceKind, typed: &Secret<String>) -> bool {
        let same = |kept: &Secret<String>| kept == typed && !kept.reveal().is_empty();
        if let Some(at) = self.recovery_codes.iter().position(same) {
            self.recovery_codes.remove(at);
            return true;
        }
        let mut kept = self.devices.iter_mut();
        let Some(kept) = kept.find(|kept| kept.kind == of) else {
            return false;
        };
        let Some(at) = kept.codes.iter().position(same) else {
            return false;
        };
        kept.codes.remove(at);
        true
    }
}

impl World {
    pub(crate) fn user_mut(&mut self, subject: &SubjectId) -> Option<&mut User> {
        let mut users = self.users.values_mut();
        users.find(|user| user.subject == *subject)
    }

    fn whose(&mut self, who: &Who) -> Option<&mut User> {
        let subject = match who {
            Who::Name(name) => self.find(name)?.subject.clone(),
            Who::Subject(subject) => subject.clone(),
        };
        self.user_mut(&subject)
    }

    pub(crate) fn read_devices(&mut self, read: &ReadDevices) -> EffectReply {
        match self.whose(&read.who) {
            Some(user) => EffectReply::Devices(
                user.devices_of(read.kind)
                    .map(|kept| kept.device.clone())
                    .collect(),
            ),
            None => EffectReply::Identity(None),
        }
    }

    pub(crate) fn store_device(&mut self, store: &StoreDevice, now: Timestamp) -> EffectReply {
        match self.whose(&store.who) {
            Some(user) => EffectReply::DeviceStored(user.keep(store, now)),
            None => EffectReply::Identity(None),
        }
    }

    pub(crate) fn remove_device(&mut self, remove: &RemoveDevice) -> EffectReply {
        match self.whose(&remove.who) {
            Some(user) => {
                EffectReply::DeviceRemoved(user.forget(remove.kind, remove.uuid.as_deref()))
            }
            None => EffectReply::Identity(None),
        }
    }
}

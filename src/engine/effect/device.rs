//! What is asked of the store of devices: which a user has, keep one more, forget one.
//!
//! A device belongs to a user and is of a kind. What may be shown of it comes back; its secrets go in, are
//! compared by `Verify`, and never come out.

use std::{collections::BTreeMap, fmt, sync::Arc};

use super::Who;
use crate::{engine::host::Timestamp, model::value::Value, secret::Secret};

/// The most devices of one kind that a user may have, whatever a node allows.
pub const DEVICES_MAX: u32 = 64;

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceKind {
    /// It makes one-time codes.
    Oath,
    /// It is sent push messages.
    Push,
    /// It is a passkey, or another authenticator of browsers.
    WebAuthn,
    /// What a device looked like when its user was there.
    Profile,
    /// A device that its user trusts.
    Trusted,
    /// Its keys are bound to the user.
    Binding,
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Oath,
        Self::Push,
        Self::WebAuthn,
        Self::Profile,
        Self::Trusted,
        Self::Binding,
    ];

    /// Its name in tests, records and the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Oath => "oath",
            Self::Push => "push",
            Self::WebAuthn => "webauthn",
            Self::Profile => "profile",
            Self::Trusted => "trusted",
            Self::Binding => "binding",
        }
    }

    /// The kind of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What may be told of a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Tells it from the user's other devices of its kind.
    pub uuid: Arc<str>,
    /// What it is called.
    pub name: Arc<str>,
    /// When it was kept first.
    pub created: Timestamp,
    /// When it was used last.
    pub accessed: Timestamp,
    /// How often it was used, or what it counts; nothing before its first use.
    pub used: Option<u64>,
    /// What is known of it and is no secret.
    pub data: BTreeMap<Arc<str>, Value>,
}

/// Read the devices of a user. The reply is `Devices`, the oldest first, or `Identity(None)` for nobody.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadDevices {
    /// Whose.
    pub who: Who,
    /// Of which kind.
    pub kind: DeviceKind,
}

/// Keep a device. The reply is `DeviceStored`, or `Identity(None)` for nobody.
///
/// One with the same uuid is replaced and stays as old as it was; its recovery codes are these then.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreDevice {
    /// Whose.
    pub who: Who,
    /// Of which kind.
    pub kind: DeviceKind,
    /// Tells it from the user's other devices of its kind.
    pub uuid: Arc<str>,
    /// What it is called.
    pub name: Arc<str>,
    /// What it counts already.
    pub used: Option<u64>,
    /// What is known of it and is no secret.
    pub data: BTreeMap<Arc<str>, Value>,
    /// What is a secret.
    pub secrets: BTreeMap<Arc<str>, Secret<String>>,
    /// The codes that stand in for it, each once.
    pub codes: Vec<Secret<String>>,
    /// What becomes of the others.
    pub room: Room,
}

/// What becomes of the other devices of a kind where one more is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// They are forgotten: there is one.
    Only,
    /// They stay, and with this one there are at most so many; else nothing is kept.
    Among(u32),
}

/// Forget a device. The reply is `DeviceRemoved`, or `Identity(None)` for nobody.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoveDevice {
    /// Whose.
    pub who: Who,
    /// Of which kind.
    pub kind: DeviceKind,
    /// Which; all of the kind where it is `None`.
    pub uuid: Option<Arc<str>>,
}

//! What is asked of the store of devices: which a user has, keep one more, forget one.
//!
//! A device belongs to a user and is of a kind. What may be shown of it comes back; its secrets go in, are
//! compared by `Verify`, and never come out.

use std::{collections::BTreeMap, sync::Arc};

use super::Who;
pub use crate::model::device::DeviceKind;
use crate::{engine::host::Timestamp, model::value::Value, secret::Secret};

/// The most devices of one kind that a user may have, whatever a node allows.
pub const DEVICES_MAX: u32 = 64;

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
    /// They stay, and with this one there are at most so many; else nothing is kept. One that is replaced
    /// always has room.
    Among(u32),
    /// With this one there are at most so many: those that were used longest ago are forgotten.
    Latest(u32),
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

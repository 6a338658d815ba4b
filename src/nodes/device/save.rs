//! The node that keeps what is known of the device, for the user who is there.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    known::{LOCATION, METADATA, read},
    profile::{PROFILE, Profile, member},
};
use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Device, DeviceKind, Effect, EffectReply, Room, StoreDevice, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        failure::{self, unfit},
        reply::unexpected,
        setting::{Kept, constant},
        who::who,
    },
};

/// How many characters the name of a device may have; a longer one is cut.
const NAME_MAX: usize = 100;
/// How many bytes of JSON are kept of a device.
const BYTES_MAX: usize = 48 * 1024;

/// Keeps the device, and forgets the one that was not here for longest where there are too many.
#[derive(Debug)]
struct DeviceSave {
    username: KeyId,
    profile: KeyId,
    name: Option<KeyId>,
    most: Kept<i64>,
    metadata: Kept<bool>,
    location: Kept<bool>,
    outcome: OutcomeId,
}

pub(in crate::nodes) fn save(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let variable: Arc<str> = constant(setup, "variableName")?;
    let most: Kept<i64> = Kept::get(setup, "maxSavedProfiles")?;
    if most.known().is_some_and(|most| *most < 1) {
        return Err(unfit("`maxSavedProfiles` is below 1"));
    }
    Ok(Box::new(DeviceSave {
        username: setup.key("username"),
        profile: setup.key(PROFILE),
        name: (!variable.is_empty()).then(|| setup.key(&variable)),
        most,
        metadata: Kept::get(setup, "saveDeviceMetadata")?,
        location: Kept::get(setup, "saveDeviceLocation")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl DeviceSave {
    fn who(&self, cx: &Context<'_>) -> Result<Who, NodeError> {
        who(cx, self.username).ok_or_else(|| failure::NO_USERNAME.error())
    }

    fn told<'c>(&self, cx: &'c Context<'_>) -> Result<Profile<'c>, NodeError> {
        let told = cx.shared(self.profile).and_then(Profile::of);
        told.ok_or_else(|| failure::NO_DEVICE_COLLECTED.error())
    }

    /// The device as it is kept from now on: what is not told, or not to be kept, stays as it was.
    fn store(&self, cx: &Context<'_>, devices: Vec<Device>) -> Result<StoreDevice, NodeError> {
        let told = self.told(cx)?;
        let known = devices.into_iter().find(|d| *d.uuid == *told.identifier);
        let (known, mut data) = match known {
            Some(known) => (Some(known.name), known.data),
            None => (None, BTreeMap::new()),
        };
        if *self.metadata.now(cx)?
            && let Some(metadata) = told.metadata
        {
            data.insert(Arc::from(METADATA), metadata.clone());
        }
        if *self.location.now(cx)?
            && told.place().is_some()
            && let Some(location) = told.location
        {
            let degrees = ["latitude", "longitude"];
            let degrees = degrees.iter().filter_map(|name| {
                let value = member(location, name)?.clone();
                Some((Arc::from(*name), value))
            });
            let location = Value::Map(Arc::new(degrees.collect()));
            data.insert(Arc::from(LOCATION), location);
        }
        let kept = Value::Map(Arc::new(data.clone()));
        if kept.to_json().to_string().len() > BYTES_MAX {
            return Err(failure::DEVICE_TOO_LARGE.error());
        }
        Ok(StoreDevice {
            who: self.who(cx)?,
            kind: DeviceKind::Profile,
            uuid: Arc::from(told.identifier),
            name: self.called(cx, known, &data),
            used: None,
            data,
            secrets: BTreeMap::new(),
            codes: Vec::new(),
            room: Room::Latest(self.room(cx)?),
        })
    }

    fn room(&self, cx: &Context<'_>) -> Result<u32, NodeError> {
        let most = u32::try_from(*self.most.now(cx)?).ok();
        let most = most.filter(|most| *most > 0);
        most.ok_or_else(|| unfit("`maxSavedProfiles` is no number of devices"))
    }

    /// What it is called: as the state says, else as it was, else as its platform says.
    fn called(
        &self,
        cx: &Context<'_>,
        known: Option<Arc<str>>,
        data: &BTreeMap<Arc<str>, Value>,
    ) -> Arc<str> {
        let chosen = self.name.and_then(|key| cx.shared(key)?.as_text());
        let chosen = chosen.map(cut).filter(|name| !name.is_empty());
        if let Some(name) = chosen.or_else(|| known.filter(|name| !name.is_empty())) {
            return name;
        }
        let platform = data.get(METADATA).and_then(|metadata| {
            let platform = member(metadata, "platform")?;
            member(platform, "deviceName")?.as_text()
        });
        platform.map(cut).unwrap_or_default()
    }
}

/// A name without what cannot be shown, and not too long.
fn cut(name: &str) -> Arc<str> {
    let shown: String = name
        .chars()
        .filter(|c| !c.is_control())
        .take(NAME_MAX)
        .collect();
    Arc::from(shown.trim())
}

impl Prepared for DeviceSave {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        self.told(cx)?;
        Ok(read(self.who(cx)?))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Devices(devices)) => {
                let store = self.store(cx, devices)?;
                Ok(Action::call(Effect::StoreDevice(Box::new(store))))
            }
            Reply::Effect(EffectReply::DeviceStored(true)) => Ok(Action::go(self.outcome)),
            Reply::Effect(EffectReply::DeviceStored(false)) => {
                Err(failure::NO_ROOM_FOR_DEVICE.error())
            }
            Reply::Effect(EffectReply::Identity(None)) => Err(failure::NO_IDENTITY_OBJECT.error()),
            _ => Err(unexpected()),
        }
    }
}

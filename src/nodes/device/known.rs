//! Nodes that compare the device with those that are kept for the user.
//!
//! A match is no proof: what a client tells it can tell again, and a stranger who has heard it can tell it
//! too. Nobody, and a user without such a device, are the same here.

use std::{sync::Arc, time::Duration};

use super::{
    decimal,
    place::Place,
    profile::{PROFILE, Profile},
    variance::variance,
};
use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        effect::{Device, DeviceKind, Effect, EffectReply, ReadDevices, Room, StoreDevice, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
        script::{Activation, Keys, NO_PROPERTIES, Ran, SaysMore, Scope, Script, ScriptUse},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        failure::{self, unfit},
        reply::unexpected,
        setting::{Kept, constant},
        who::who,
    },
};

/// Under which name metadata are kept.
pub(super) const METADATA: &str = "metadata";
/// Under which name a location is kept.
pub(super) const LOCATION: &str = "location";

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Same,
    Other,
    Unknown,
}

/// What both nodes have in common: whose devices, which one, and the ways on.
#[derive(Debug)]
struct Known {
    username: KeyId,
    profile: KeyId,
    same: OutcomeId,
    other: OutcomeId,
    unknown: OutcomeId,
}

impl Known {
    fn prepare(setup: &mut Setup<'_>) -> Result<Self, NodeError> {
        Ok(Self {
            username: setup.key("username"),
            profile: setup.key(PROFILE),
            same: setup.outcome("true")?,
            other: setup.outcome("false")?,
            unknown: setup.outcome("unknownDevice")?,
        })
    }

    fn who(&self, cx: &Context<'_>) -> Result<Who, NodeError> {
        who(cx, self.username).ok_or_else(|| failure::NO_USERNAME.error())
    }

    fn told<'c>(&self, cx: &'c Context<'_>) -> Option<Profile<'c>> {
        cx.shared(self.profile).and_then(Profile::of)
    }

    /// Asks which devices there are, where the client has named its own.
    fn ask(&self, cx: &Context<'_>) -> Result<Action, NodeError> {
        let who = self.who(cx)?;
        Ok(match self.told(cx) {
            Some(_) => read(who),
            None => self.go(Verdict::Unknown),
        })
    }

    fn go(&self, verdict: Verdict) -> Action {
        Action::go(match verdict {
            Verdict::Same => self.same,
            Verdict::Other => self.other,
            Verdict::Unknown => self.unknown,
        })
    }

    /// Goes on, and notes first that the device was here where its user was proved to be.
    ///
    /// Whoever only typed a name keeps no device of that user's alive.
    fn note(&self, cx: &Context<'_>, device: Device, verdict: Verdict) -> Action {
        let subject = cx.subject().map(|subject| subject.id.clone());
        let proved = cx.evidence().iter().map(|evidence| &evidence.subject);
        match subject.filter(|subject| proved.clone().any(|proved| proved == subject)) {
            Some(subject) if verdict == Verdict::Same => {
                Action::call(Effect::StoreDevice(Box::new(StoreDevice {
                    who: Who::Subject(subject),
                    kind: DeviceKind::Profile,
                    uuid: device.uuid,
                    name: device.name,
                    used: device.used,
                    data: device.data,
                    secrets: [].into(),
                    codes: Vec::new(),
                    // One that its owner has forgotten by now stays forgotten.
                    room: Room::Among(0),
                })))
            }
            _ => self.go(verdict),
        }
    }

    /// The devices that were asked for, or the way on where all is done.
    fn devices(&self, reply: Reply) -> Result<Result<Vec<Device>, Action>, NodeError> {
        match reply {
            Reply::Effect(EffectReply::Devices(devices)) => Ok(Ok(devices)),
            // Only what is the same is noted; where it cannot be any more, it was.
            Reply::Effect(EffectReply::DeviceStored(_)) => Ok(Err(self.go(Verdict::Same))),
            Reply::Effect(EffectReply::Identity(None)) => Ok(Err(self.go(Verdict::Unknown))),
            _ => Err(unexpected()),
        }
    }
}

/// Reads the devices whose profiles are kept.
pub(super) fn read(who: Who) -> Action {
    Action::call(Effect::ReadDevices(ReadDevices {
        who,
        kind: DeviceKind::Profile,
    }))
}

/// The device of this name.
fn find(devices: Vec<Device>, identifier: &str) -> Option<Device> {
    let mut all = devices.into_iter();
    all.find(|device| *device.uuid == *identifier)
}

/// Asks whether the device looks as it did.
#[derive(Debug)]
struct DeviceMatch {
    known: Known,
    acceptable: Kept<i64>,
    expiration: Kept<Duration>,
    script: Option<(Arc<str>, Script, Keys)>,
    outcomes: Vec<Arc<str>>,
}

pub(in crate::nodes) fn matching(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let acceptable: Kept<i64> = Kept::get(setup, "acceptableVariance")?;
    if acceptable.known().is_some_and(|most| *most < 0) {
        return Err(unfit("`acceptableVariance` is below 0"));
    }
    let expiration: Kept<Duration> = Kept::get(setup, "expiration")?;
    if expiration.known().is_some_and(Duration::is_zero) {
        return Err(unfit("`expiration` is no time at all"));
    }
    let mut script = None;
    if constant(setup, "useScript")? {
        let (name, found) = setup.script("script", ScriptUse::Devices)?;
        let inputs = vec![Arc::from("username"), Arc::from(PROFILE)];
        script = Some((name, found, Keys::shared(inputs)));
    }
    Ok(Box::new(DeviceMatch {
        known: Known::prepare(setup)?,
        acceptable,
        expiration,
        script,
        outcomes: setup.outcomes().to_vec(),
    }))
}

impl DeviceMatch {
    fn compare(&self, cx: &mut Context<'_>, device: &Device) -> Result<Verdict, NodeError> {
        let metadata = device.data.get(METADATA);
        let Some(kept @ Value::Map(members)) = metadata else {
            return Ok(Verdict::Unknown);
        };
        // Of nothing all devices are the same.
        if members.is_empty() {
            return Ok(Verdict::Unknown);
        }
        let expiration = *self.expiration.now(cx)?;
        if device.accessed.plus(expiration) < cx.now() {
            return Ok(Verdict::Other);
        }
        let most = u32::try_from(*self.acceptable.now(cx)?)
            .map_err(|_| unfit("`acceptableVariance` is no number of attributes"))?;
        let Some(told) = self.known.told(cx).and_then(|told| told.metadata) else {
            return Ok(Verdict::Unknown);
        };
        Ok(if variance(kept, told, most) <= most {
            Verdict::Same
        } else {
            Verdict::Other
        })
    }

    /// What the script says; it looks at the devices, and may do nothing but choose.
    fn ask_script(
        &self,
        cx: &mut Context<'_>,
        devices: Vec<Device>,
        (name, script, inputs): &(Arc<str>, Script, Keys),
    ) -> Result<Action, NodeError> {
        let scope = Scope {
            name,
            inputs,
            outputs: &Keys::none(),
            outcomes: &self.outcomes,
            properties: &NO_PROPERTIES,
        };
        let activation = Activation {
            devices,
            ..Activation::default()
        };
        let said = match script.run(cx.world, scope, activation, |_| Ok(()))? {
            Ran::Said(said) => *said,
            Ran::Calls(_) => {
                cx.world.set_activation(None);
                return Err(failure::SCRIPT_DOES_MORE.error());
            }
        };
        let named = said
            .outcome_alone()
            .map_err(|SaysMore| failure::SCRIPT_DOES_MORE.error())?;
        let Some(outcome) = named else {
            return Err(failure::SCRIPT_WITHOUT_OUTCOME.error());
        };
        Ok(self.known.go(match &*outcome {
            "true" => Verdict::Same,
            "false" => Verdict::Other,
            "unknownDevice" => Verdict::Unknown,
            other => {
                return Err(failure::INVALID_OUTCOME.about(other));
            }
        }))
    }
}

impl Prepared for DeviceMatch {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        self.known.ask(cx)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let devices = match self.known.devices(reply)? {
            Ok(devices) => devices,
            Err(action) => return Ok(action),
        };
        if let Some(script) = &self.script {
            return self.ask_script(cx, devices, script);
        }
        let told = self.known.told(cx);
        let Some(device) = told.and_then(|told| find(devices, told.identifier)) else {
            return Ok(self.known.go(Verdict::Unknown));
        };
        let verdict = self.compare(cx, &device)?;
        Ok(self.known.note(cx, device, verdict))
    }
}

/// Asks whether the device is near where it was.
#[derive(Debug)]
struct LocationMatch {
    known: Known,
    radius_km: f64,
}

pub(in crate::nodes) fn location(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(LocationMatch {
        known: Known::prepare(setup)?,
        radius_km: decimal(setup, "distance")?,
    }))
}

/// Where a device was.
fn place_of(device: &Device) -> Option<Place> {
    device.data.get(LOCATION).and_then(Place::read)
}

impl Prepared for LocationMatch {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        self.known.ask(cx)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let devices = match self.known.devices(reply)? {
            Ok(devices) => devices,
            Err(action) => return Ok(action),
        };
        let told = self.known.told(cx);
        let here = told.and_then(Profile::place);
        let device = told.and_then(|told| find(devices, told.identifier));
        let (Some(here), Some(device)) = (here, device) else {
            return Ok(self.known.go(Verdict::Unknown));
        };
        let Some(there) = place_of(&device) else {
            return Ok(self.known.go(Verdict::Unknown));
        };
        let verdict = if here.km_to(there) < self.radius_km {
            Verdict::Same
        } else {
            Verdict::Other
        };
        Ok(self.known.note(cx, device, verdict))
    }
}

//! Nodes about the device that a client says it runs on.
//!
//! A profile is what the client says, so nothing here proves anything.

mod known;
mod place;
mod profile;
mod save;
mod variance;

use std::sync::Arc;

pub(super) use self::{
    known::{location, matching},
    save::save,
};
use self::{
    place::Place,
    profile::{PROFILE, Profile, member, number},
};
use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, text::LocalizedText},
    nodes::{
        failure::{self, unfit},
        message::text_or,
        reply::{answers, unexpected},
        setting::{Kept, Size, constant},
    },
};

/// Asks the client what it runs on.
#[derive(Debug)]
struct Collector {
    profile: KeyId,
    most: Kept<Size>,
    metadata: Kept<bool>,
    location: Kept<bool>,
    message: Kept<LocalizedText>,
    outcome: OutcomeId,
}

pub(super) fn collector(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Collector {
        profile: setup.key(PROFILE),
        most: Kept::get(setup, "maximumSize")?,
        metadata: Kept::get(setup, "deviceMetadata")?,
        location: Kept::get(setup, "deviceLocation")?,
        message: Kept::get(setup, "message")?,
        outcome: setup.outcome("outcome")?,
    }))
}

impl Prepared for Collector {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([Callback::DeviceProfile {
            metadata: *self.metadata.now(cx)?,
            location: *self.location.now(cx)?,
            message: text_or(cx, &self.message, "")?,
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Some(Answer::Text(sent)) = answers(reply)?.next() else {
            return Err(unexpected());
        };
        let most = self.most.now(cx)?.0;
        if u64::try_from(sent.len()).unwrap_or(u64::MAX) > most {
            return Err(failure::PROFILE_TOO_LARGE.error());
        }
        let profile = profile::read(&sent, *self.metadata.now(cx)?, *self.location.now(cx)?)?;
        cx.put_shared(self.profile, profile);
        Ok(Action::go(self.outcome))
    }
}

/// Asks whether the device is near one of some places.
#[derive(Debug)]
struct GeoFence {
    profile: KeyId,
    places: Vec<Place>,
    radius_km: f64,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn geo_fence(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let places: Vec<Arc<str>> = constant(setup, "locations")?;
    let places = places
        .iter()
        .map(|text| {
            Place::parse(text)
                .ok_or_else(|| unfit(format!("`{text}` is no place: write `latitude,longitude`")))
        })
        .collect::<Result<_, _>>()?;
    Ok(Box::new(GeoFence {
        profile: setup.key(PROFILE),
        places,
        radius_km: decimal(setup, "distance")?,
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

/// A setting that is a number in a text, as the product has it.
fn decimal(setup: &Setup<'_>, key: &'static str) -> Result<f64, NodeError> {
    let text: Arc<str> = constant(setup, key)?;
    let number = text.trim().parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| unfit(format!("setting `{key}` is not a number: `{text}`")))
}

impl Prepared for GeoFence {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let told = cx.shared(self.profile).and_then(Profile::of);
        let here = told.and_then(Profile::place);
        let near = here.is_some_and(|here| {
            let mut places = self.places.iter();
            places.any(|place| here.km_to(*place) <= self.radius_km)
        });
        Ok(Action::go(if near { self.yes } else { self.no }))
    }
}

/// Asks whether the client says that its device is as it was made.
#[derive(Debug)]
struct Tampering {
    profile: KeyId,
    most: f64,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn tampering(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Tampering {
        profile: setup.key(PROFILE),
        most: decimal(setup, "score")?,
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

impl Prepared for Tampering {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let score = cx.shared(self.profile).and_then(|profile| {
            let metadata = Profile::of(profile)?.metadata?;
            let platform = member(metadata, "platform")?;
            number(member(platform, "jailBreakScore")?)
        });
        let whole = score.is_some_and(|score| (0.0..=self.most).contains(&score));
        Ok(Action::go(if whole { self.yes } else { self.no }))
    }
}

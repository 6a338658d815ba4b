//! Nodes about the device that a client says it runs on.
//!
//! A profile is what the client says, so nothing here proves anything.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{
        expr::KeyId,
        journey::OutcomeId,
        text::LocalizedText,
        value::{Decimal, Value},
    },
    nodes::{
        message::text_or,
        reply::{answers, unexpected},
        setting::{Kept, Size, constant},
    },
};

/// Where the profile stands in shared state.
const PROFILE: &str = "forgeRock.device.profile";
/// How deep a profile may be.
const DEPTH_MAX: u32 = 16;
/// How far it is once around the middle of the earth's radius, in kilometres: the mean of the ellipsoid.
const EARTH_KM: f64 = 6371.0088;

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
            return Err(NodeError::new("the captured data exceed the maximum size"));
        }
        let profile: Json = serde_json::from_str(&sent)
            .map_err(|_| NodeError::new("the device profile is not JSON"))?;
        let named = profile.get("identifier").and_then(Json::as_str);
        if named.is_none_or(str::is_empty) {
            return Err(NodeError::new("the device profile has no identifier"));
        }
        let kept = ["identifier", "metadata", "location", "alias"];
        let members = kept.into_iter().filter_map(|name| {
            let member = profile.get(name)?;
            Some((Arc::from(name), value(member, DEPTH_MAX)?))
        });
        let profile = Value::Map(Arc::new(members.collect()));
        cx.put_shared(self.profile, profile);
        Ok(Action::go(self.outcome))
    }
}

/// JSON as a value; `None` where there is none for it. BOUND: as deep as `depth`.
fn value(json: &Json, depth: u32) -> Option<Value> {
    let below = depth.checked_sub(1)?;
    match json {
        Json::Null => Some(Value::Null),
        Json::Bool(flag) => Some(Value::Bool(*flag)),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Some(Value::Int(number)),
            // Coordinates come with more digits than are kept.
            None => number
                .as_f64()
                .and_then(|number| Decimal::parse(&format!("{number:.9}")))
                .map(Value::Decimal),
        },
        Json::String(text) => Some(Value::text(&**text)),
        Json::Array(list) => {
            let items: Option<Vec<_>> = list.iter().map(|item| value(item, below)).collect();
            items.map(|items| Value::List(Arc::from(items)))
        }
        Json::Object(map) => map
            .iter()
            .map(|(key, item)| Some((Arc::from(&**key), value(item, below)?)))
            .collect::<Option<_>>()
            .map(|map| Value::Map(Arc::new(map))),
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

/// A place on earth, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    latitude: f64,
    longitude: f64,
}

impl Place {
    pub(super) fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        on_earth.then_some(Self {
            latitude,
            longitude,
        })
    }

    /// `latitude,longitude`
    fn parse(text: &str) -> Option<Self> {
        let (latitude, longitude) = text.split_once(',')?;
        Self::new(
            latitude.trim().parse().ok()?,
            longitude.trim().parse().ok()?,
        )
    }

    /// Where a device profile says the device is.
    pub(super) fn of_profile(profile: &Value) -> Option<Self> {
        let location = member(profile, "location")?;
        let degrees = |name| number(member(location, name)?);
        Self::new(degrees("latitude")?, degrees("longitude")?)
    }

    /// How far it is to another place along the surface, in kilometres.
    ///
    /// ```text
    /// hav = sin²(Δφ/2) + cos φ₁ · cos φ₂ · sin²(Δλ/2);  d = 2 r · asin √hav
    /// ```
    pub(super) fn km_to(self, other: Self) -> f64 {
        let (a, b) = (self.latitude.to_radians(), other.latitude.to_radians());
        let half_sin = |difference: f64| (difference / 2.0).sin().powi(2);
        let turn = (other.longitude - self.longitude).to_radians();
        let hav = half_sin(b - a) + a.cos() * b.cos() * half_sin(turn);
        2.0 * EARTH_KM * hav.clamp(0.0, 1.0).sqrt().asin()
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Map(map) => map.get(name),
        _ => None,
    }
}

/// A number, also where a client sent it as a text.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(number) => number.to_string().parse().ok(),
        Value::Decimal(number) => number.to_string().parse().ok(),
        Value::Text(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        _ => None,
    }
}

pub(super) fn geo_fence(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let places: Vec<Arc<str>> = constant(setup, "locations")?;
    let places = places
        .iter()
        .map(|text| {
            Place::parse(text).ok_or_else(|| {
                NodeError::new(format!("`{text}` is no place: write `latitude,longitude`"))
            })
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
pub(super) fn decimal(setup: &Setup<'_>, key: &'static str) -> Result<f64, NodeError> {
    let text: Arc<str> = constant(setup, key)?;
    let number = text.trim().parse().ok();
    number
        .filter(|number: &f64| number.is_finite() && *number >= 0.0)
        .ok_or_else(|| NodeError::new(format!("setting `{key}` is not a number: `{text}`")))
}

impl Prepared for GeoFence {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let here = cx.shared(self.profile).and_then(Place::of_profile);
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
            let platform = member(member(profile, "metadata")?, "platform")?;
            number(member(platform, "jailBreakScore")?)
        });
        let whole = score.is_some_and(|score| score <= self.most);
        Ok(Action::go(if whole { self.yes } else { self.no }))
    }
}

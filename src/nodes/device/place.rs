//! Places on earth, and how far they are from each other.
//!
//! In: degrees, as settings write them and as clients tell them. Out: a [`Place`], which only degrees on
//! earth make, and a distance along the surface.

use crate::{
    model::value::Value,
    nodes::device::profile::{member, number},
};

/// The mean radius of the earth, in kilometres.
const EARTH_KM: f64 = 6371.0088;

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
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (latitude, longitude) = text.split_once(',')?;
        Self::new(
            latitude.trim().parse().ok()?,
            longitude.trim().parse().ok()?,
        )
    }

    /// Where `{latitude, longitude}` is.
    pub(super) fn read(location: &Value) -> Option<Self> {
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

//! What a client tells about its device.
//!
//! In: the text that a client sends. Out: a value for the state, held to bounds, and a [`Profile`] that
//! reads such a value. Nothing in it is to be believed: it is what somebody says.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

use super::place::Place;
use crate::{
    engine::error::NodeError,
    model::value::{Decimal, Value},
    nodes::failure,
};

/// Where the profile stands in shared state.
pub(super) const PROFILE: &str = "forgeRock.device.profile";
/// How deep a profile may be.
pub(super) const DEPTH_MAX: u32 = 16;
/// How many values it may hold, itself and those at all depths counted.
pub(super) const VALUES_MAX: u32 = 512;
/// How many characters the identifier of a device may have.
pub(super) const IDENTIFIER_MAX: usize = 255;

/// The whole numbers that a float holds exactly.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A profile as it stands in the state.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Profile<'v> {
    pub(super) identifier: &'v str,
    pub(super) metadata: Option<&'v Value>,
    pub(super) location: Option<&'v Value>,
}

impl<'v> Profile<'v> {
    /// The profile that a value holds; `None` where it names no device.
    pub(super) fn of(value: &'v Value) -> Option<Self> {
        let identifier = member(value, "identifier")?.as_text()?;
        let map = |name| member(value, name).filter(|value| matches!(value, Value::Map(_)));
        is_identifier(identifier).then_some(Self {
            identifier,
            metadata: map("metadata"),
            location: map("location"),
        })
    }

    /// Where the device says it is.
    pub(super) fn place(self) -> Option<Place> {
        self.location.and_then(Place::read)
    }
}

/// Whether a text can name a device.
fn is_identifier(text: &str) -> bool {
    let length = text.chars().count();
    (1..=IDENTIFIER_MAX).contains(&length) && !text.chars().any(char::is_control)
}

/// The profile that a client sent, as it is kept in the state: what nobody asked for is left out.
pub(super) fn read(sent: &str, metadata: bool, location: bool) -> Result<Value, NodeError> {
    let told = parse(sent)?;
    let Some(identifier) = member(&told, "identifier").and_then(Value::as_text) else {
        return Err(failure::DEVICE_WITHOUT_IDENTIFIER.error());
    };
    if identifier.is_empty() {
        return Err(failure::DEVICE_WITHOUT_IDENTIFIER.error());
    }
    if !is_identifier(identifier) {
        return Err(failure::NO_DEVICE_IDENTIFIER.error());
    }
    let wanted = [
        ("identifier", true),
        ("metadata", metadata),
        ("location", location),
        ("alias", true),
    ];
    let kept = wanted.into_iter().filter(|(_, wanted)| *wanted);
    let members =
        kept.filter_map(|(name, _)| Some((Arc::from(name), member(&told, name)?.clone())));
    Ok(Value::Map(Arc::new(members.collect())))
}

/// A text of JSON as a value, where it is within the bounds and no member stands twice.
pub(super) fn parse(sent: &str) -> Result<Value, NodeError> {
    let mut left = VALUES_MAX;
    let mut reader = serde_json::Deserializer::from_str(sent);
    let node = Node {
        depth: DEPTH_MAX,
        left: &mut left,
    };
    let value = node
        .deserialize(&mut reader)
        .map_err(|error| failure::UNREADABLE_DEVICE.about(error))?;
    reader
        .end()
        .map_err(|_| failure::UNREADABLE_DEVICE.about("something follows it"))?;
    Ok(value)
}

/// One value of a text, and how much there may still be. BOUND: as deep as `depth`.
struct Node<'l> {
    depth: u32,
    left: &'l mut u32,
}

impl Node<'_> {
    /// What lies in this one.
    fn below(&mut self) -> Node<'_> {
        Node {
            depth: self.depth.saturating_sub(1),
            left: self.left,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        if self.depth == 0 {
            return Err(D::Error::custom("it is deeper than it may be"));
        }
        let Some(left) = self.left.checked_sub(1) else {
            return Err(D::Error::custom("it holds more than there may be"));
        };
        *self.left = left;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(match i64::try_from(value) {
            Ok(value) => Value::Int(value),
            Err(_) => Value::from(value.to_string()),
        })
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        // BOUND: what is left.
        while let Some(item) = items.next_element_seed(self.below())? {
            list.push(item);
        }
        Ok(Value::List(Arc::from(list)))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut map: BTreeMap<Arc<str>, Value> = BTreeMap::new();
        // BOUND: what is left.
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.below())?;
            if map.insert(Arc::from(&*name), value).is_some() {
                return Err(A::Error::custom("a member stands twice in it"));
            }
        }
        Ok(Value::Map(Arc::new(map)))
    }
}

/// A number with a point in the one form in which it is compared: a whole one as such, and one that is
/// out of range as a text.
fn float(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < EXACT {
        // Whole and in range, so that nothing is lost.
        if let Ok(whole) = format!("{value:.0}").parse() {
            return Value::Int(whole);
        }
    }
    // Coordinates come with more digits than are kept.
    Decimal::parse(&format!("{value:.9}"))
        .map_or_else(|| Value::from(value.to_string()), Value::Decimal)
}

/// A member of a map.
pub(super) fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Map(map) => map.get(name),
        _ => None,
    }
}

/// A number, also where a client sent it as a text.
pub(super) fn number(value: &Value) -> Option<f64> {
    let number: f64 = match value {
        Value::Int(number) => number.to_string().parse().ok()?,
        Value::Decimal(number) => number.to_string().parse().ok()?,
        Value::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

//! In how many attributes two devices differ.
//!
//! In: the metadata that is kept and the metadata that is told. Out: a count, up to a bound. Maps are gone
//! into; a list is one attribute, as it is to the product. What one of the two does not have at all counts
//! with every attribute in it, so that leaving something out is never cheaper than getting it wrong.

use crate::model::value::Value;

/// How many attributes are looked at; two that have more are as far apart as can be.
const VISITED_MAX: u32 = 4_096;

/// In how many attributes two values differ, `most + 1` where it is more than `most`.
pub(super) fn variance(kept: &Value, told: &Value, most: u32) -> u32 {
    let over = most.saturating_add(1);
    let mut differences: u32 = 0;
    let mut visited: u32 = 0;
    let mut open = vec![(Some(kept), Some(told))];
    // BOUND: every round is counted.
    while let Some(pair) = open.pop() {
        visited += 1;
        if visited > VISITED_MAX || differences > most {
            return over;
        }
        match pair {
            (Some(Value::Map(kept)), Some(Value::Map(told))) => {
                for (name, value) in kept.iter() {
                    open.push((Some(value), told.get(name)));
                }
                let new = told.iter().filter(|(name, _)| !kept.contains_key(*name));
                open.extend(new.map(|(_, value)| (None, Some(value))));
            }
            // One of them alone has members: each of those counts, and an empty map is one attribute.
            (Some(Value::Map(map)), _) | (_, Some(Value::Map(map))) if !map.is_empty() => {
                open.extend(map.values().map(|value| (Some(value), None)));
            }
            (kept, told) => differences += u32::from(kept != told),
        }
    }
    differences.min(over)
}

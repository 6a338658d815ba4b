//! Guards: what is promised of the journeys of a realm, and of which.
//!
//! A promise is a property under the realm that it is for. It is gone where no guard of the other program
//! makes it, or one that asks more; and it holds for fewer where a journey that can be started is excepted
//! now. What guards are called, and which of them makes a promise, changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Change, Direction, Topic, side::is_startable};
use crate::model::{
    program::Program,
    property::{Ensure, Property},
    realm::Realm,
};

/// Compares what the guards of two programs promise.
pub(super) fn both(before: &Program, after: &Program, changes: &mut Vec<Change>) {
    for (first, second, direction) in [
        (before, after, Direction::Weaker),
        (after, before, Direction::Stronger),
    ] {
        let others = promises(second);
        for (key, promise) in promises(first) {
            lost(&key, &promise, (first, second), &others, direction, changes);
        }
    }
}

/// The realm that a promise is for, and its words.
type Key = (Option<Realm>, Arc<str>);

/// A property, and the journeys that it is promised of, by their names on the wire.
struct Promise<'a> {
    ensure: &'a Ensure,
    of: BTreeSet<Arc<str>>,
}

fn promises(program: &Program) -> BTreeMap<Key, Promise<'_>> {
    let mut found: BTreeMap<Key, Promise<'_>> = BTreeMap::new();
    for guard in &program.guards {
        for (id, ensure) in &guard.holds {
            let key = (guard.realm.clone(), Arc::clone(&ensure.label));
            let of = BTreeSet::new();
            let promise = found.entry(key).or_insert(Promise { ensure, of });
            if let Some(journey) = program.journey(*id) {
                promise.of.insert(Arc::clone(&journey.wire_name));
            }
        }
    }
    found
}

fn lost(
    key: &Key,
    promise: &Promise<'_>,
    (first, second): (&Program, &Program),
    others: &BTreeMap<Key, Promise<'_>>,
    direction: Direction,
    changes: &mut Vec<Change>,
) {
    let (realm, label) = key;
    let whose = match realm {
        Some(realm) => format!("of the journeys of \"{realm}\""),
        None => "of every journey".to_owned(),
    };
    let mut push = |message: String| {
        changes.push(Change {
            journey: None,
            direction,
            topic: Topic::Guard,
            message,
            run: None,
        });
    };
    let kept: Vec<&Promise<'_>> = others
        .iter()
        .filter(|((other, _), _)| other.is_none() || other == realm)
        .map(|(_, other)| other)
        .filter(|other| implies(other.ensure, promise.ensure))
        .collect();
    if kept.is_empty() {
        push(match direction {
            Direction::Weaker => format!("no guard promises `{label}` {whose} any more"),
            _ => format!("a guard promises `{label}` {whose} now"),
        });
        return;
    }
    for journey in second.journeys.iter().filter(|j| is_startable(j)) {
        let name = &journey.wire_name;
        let was_there = first.journey_on_wire(name).is_some_and(is_startable);
        // One that could not be started before had the promise to meet if it had been there.
        let was_held = !was_there || promise.of.contains(name);
        if was_held && !kept.iter().any(|other| other.of.contains(name)) {
            push(match (direction, was_there) {
                (Direction::Weaker, true) => {
                    format!("journey {name:?} is excepted from `{label}` now")
                }
                (Direction::Weaker, false) => {
                    format!("journey {name:?} is new, and excepted from `{label}`")
                }
                (_, true) => format!("journey {name:?} has to meet `{label}` now"),
                (_, false) => format!("journey {name:?}, excepted from `{label}`, is gone"),
            });
        }
    }
}

/// Whether one property asks as much as another: the same, or a way through fewer places.
fn implies(one: &Ensure, other: &Ensure) -> bool {
    match (&one.property, &other.property) {
        (
            Property::EveryPath { to, passes },
            Property::EveryPath {
                to: other_to,
                passes: others,
            },
        ) => {
            let known = |text: &Arc<str>| others.iter().any(|place| place.text == *text);
            to.text == other_to.text && passes.iter().all(|place| known(&place.text))
        }
        _ => one.label == other.label,
    }
}

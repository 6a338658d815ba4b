//! What differs between two values, place by place.
//!
//! In: what the text says, and what came in. Out: a list of places with both sides, and the same list put
//! upon another value later. A place at which the text says something else by then is left alone: whoever
//! edits a text means it. Some places no text can speak of; what came in for them holds as long as what they
//! belong to is there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

/// Members of which a text can speak, so that what it says counts.
const SPOKEN: &[&str] = &[
    "children",
    "connections",
    "entry_node",
    "name",
    "settings",
    "script",
    "text",
    "type",
];

/// What a text can say of a journey as a whole.
const SETTINGS: &[&str] = &[
    "description",
    "enabled",
    "identityResource",
    "innerTreeOnly",
    "maximumIdleTime",
    "maximumSessionTime",
    "mustRun",
    "noSession",
    "transactionalOnly",
    "treeTimeout",
];

/// What the text says at a place.
const TEXT: &str = "text";
/// What came in.
const AM: &str = "am";

/// A place at which two values differ.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The names of the members that lead there.
    pub(super) at: Vec<String>,
    /// What the text said.
    pub(super) was: Option<Json>,
    /// What came in.
    pub(super) now: Option<Json>,
}

/// Where two values differ, in the order of the places.
pub(super) fn differences(text: &Json, am: &Json) -> Vec<Change> {
    let mut found = Vec::new();
    let mut open: Vec<(Vec<String>, &Json, &Json)> = vec![(Vec::new(), text, am)];
    // BOUND: every pair of values is looked at once.
    while let Some((at, text, am)) = open.pop() {
        let (Json::Object(left), Json::Object(right)) = (text, am) else {
            if text != am {
                found.push(Change {
                    at,
                    was: Some(text.clone()),
                    now: Some(am.clone()),
                });
            }
            continue;
        };
        let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
        for key in keys {
            let mut at = at.clone();
            at.push(key.clone());
            match (left.get(key), right.get(key)) {
                (Some(left), Some(right)) => open.push((at, left, right)),
                (was, now) => found.push(Change {
                    at,
                    was: was.cloned(),
                    now: now.cloned(),
                }),
            }
        }
    }
    found.sort_by(|a, b| a.at.cmp(&b.at));
    found
}

impl Change {
    /// Whether a text can say something at this place.
    fn is_spoken(&self) -> bool {
        let mut parts = self.at.iter().map(String::as_str);
        match parts.next() {
            Some("body") => parts.next().is_some_and(|key| SETTINGS.contains(&key)),
            Some(first) => SPOKEN.contains(&first),
            None => false,
        }
    }

    /// Puts it upon a value, where the text says what it said then.
    pub(super) fn apply(&self, value: &mut Json) {
        let Some((last, before)) = self.at.split_last() else {
            return;
        };
        let mut at = value;
        for key in before {
            let Some(next) = at.get_mut(key) else {
                return;
            };
            at = next;
        }
        let Json::Object(map) = at else {
            return;
        };
        if self.is_spoken() && map.get(last) != self.was.as_ref() {
            return;
        }
        match &self.now {
            Some(now) => {
                map.insert(last.clone(), now.clone());
            }
            None => {
                map.remove(last);
            }
        }
    }

    /// The place in one text.
    fn place(&self) -> String {
        let parts = self.at.iter();
        let parts = parts.map(|part| part.replace('~', "~0").replace('/', "~1"));
        parts.collect::<Vec<_>>().join("/")
    }

    fn written(&self) -> Json {
        let was = self.was.as_ref().filter(|_| self.is_spoken());
        match (was, &self.now) {
            (None, Some(now)) if !now.is_object() => now.clone(),
            (was, now) => {
                let sides = [(TEXT, was), (AM, now.as_ref())];
                let sides = sides.into_iter();
                let sides = sides.filter_map(|(key, side)| Some((key.to_owned(), side?.clone())));
                Json::Object(sides.collect())
            }
        }
    }

    fn read(place: &str, value: &Json) -> Self {
        let parts = place.split('/');
        let at = parts.map(|part| part.replace("~1", "/").replace("~0", "~"));
        let is_sides = |map: &&Map<String, Json>| map.keys().all(|key| key == TEXT || key == AM);
        let (was, now) = match value.as_object().filter(is_sides) {
            Some(sides) => (sides.get(TEXT).cloned(), sides.get(AM).cloned()),
            None => (None, Some(value.clone())),
        };
        Self {
            at: at.collect(),
            was,
            now,
        }
    }
}

/// Changes as members of an object.
pub(super) fn write(changes: &[Change]) -> Map<String, Json> {
    let members = changes.iter();
    members
        .map(|change| (change.place(), change.written()))
        .collect()
}

/// Changes that are members of an object; members with these names are none.
pub(super) fn read(from: &Map<String, Json>, but: &[&str]) -> Vec<Change> {
    let members = from.iter().filter(|(key, _)| !but.contains(&key.as_str()));
    members
        .map(|(place, value)| Change::read(place, value))
        .collect()
}

/// What every one of several lists of changes has, twice at least: what is said once instead.
pub(super) fn common(lists: &[&[Change]]) -> Vec<Change> {
    let Some((first, others)) = lists.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Vec::new();
    };
    let mut counts: BTreeMap<&[String], usize> = BTreeMap::new();
    let by_place: BTreeMap<&[String], &Change> = first
        .iter()
        .map(|change| (change.at.as_slice(), change))
        .collect();
    for change in others.iter().flat_map(|list| list.iter()) {
        if by_place
            .get(change.at.as_slice())
            .is_some_and(|own| *own == change)
        {
            *counts.entry(&change.at).or_default() += 1;
        }
    }
    let everywhere = first.iter();
    let everywhere =
        everywhere.filter(|change| counts.get(change.at.as_slice()) == Some(&others.len()));
    everywhere.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn through(changes: &[Change]) -> Vec<Change> {
        let mut read = read(&write(changes), &[]);
        read.sort_by(|a, b| a.at.cmp(&b.at));
        read
    }

    #[test]
    fn what_differs_comes_back() {
        let text = json!({
            "settings": { "a": 1, "b": [], "c": { "x": 1 } },
            "record": { "_type": { "name": "A" } },
        });
        let am = json!({
            "settings": { "a": null, "c": { "x": 1, "y/z": { "am": 1 } }, "d": { "text": 0 } },
            "record": { "_type": { "name": "B" } },
        });
        let changes = differences(&text, &am);
        let mut made = text;
        for change in through(&changes) {
            change.apply(&mut made);
        }
        assert_eq!(made, am);
        assert_eq!(
            Json::Object(write(&changes)),
            json!({
                "record/_type/name": "B",
                "settings/a": { "text": 1, "am": null },
                "settings/b": { "text": [] },
                "settings/c/y~1z": { "am": { "am": 1 } },
                "settings/d": { "am": { "text": 0 } },
            })
        );
    }

    #[test]
    fn what_the_text_says_by_then_counts() {
        let text = json!({ "settings": { "a": 1 }, "display": "A" });
        let am = json!({ "settings": { "a": null, "b": 2 }, "display": "B" });
        let changes = differences(&text, &am);
        let mut edited = json!({ "settings": { "a": 5, "b": 7 }, "display": "C" });
        for change in through(&changes) {
            change.apply(&mut edited);
        }
        assert_eq!(
            edited,
            json!({ "settings": { "a": 5, "b": 7 }, "display": "B" })
        );
    }

    #[test]
    fn what_all_have_is_found() {
        let change = |place: &str, now: i64| Change::read(place, &json!(now));
        let (a, b, other) = (change("a", 1), change("b", 1), change("b", 2));
        let lists = [vec![a.clone(), b], vec![a.clone(), other]];
        let lists: Vec<&[Change]> = lists.iter().map(Vec::as_slice).collect();
        assert_eq!(common(&lists), [a]);
        assert_eq!(common(&lists[..1]), []);
    }
}

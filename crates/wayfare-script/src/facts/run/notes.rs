//! What a script was seen to touch.

use std::{collections::BTreeMap, rc::Rc};

use crate::facts::value::{Host, Origin, Part, Value};

/// Something touched, with the first line where it is.
pub(crate) type Note<T> = BTreeMap<T, u32>;

/// What a script was seen to touch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes {
    /// Keys that are looked at, and attributes of the profile under construction.
    pub(crate) reads: Note<(Part, Rc<str>)>,
    pub(crate) reads_members: Note<(Part, Rc<str>)>,
    /// Where any key may be looked at.
    pub(crate) reads_any: Option<u32>,
    pub(crate) reads_any_member: Option<u32>,
    pub(crate) writes: Note<(Part, Rc<str>)>,
    pub(crate) writes_members: Note<(Part, Rc<str>)>,
    pub(crate) writes_any: Option<u32>,
    pub(crate) writes_any_member: Option<u32>,
    pub(crate) removes: Note<Rc<str>>,
    pub(crate) removes_any: Option<u32>,
    /// Secrets that come into shared state: the key, or none where it is not known, and where they are from.
    pub(crate) leaks: Note<(Option<Rc<str>>, Origin)>,
    /// Properties of the session.
    pub(crate) properties: Note<Rc<str>>,
    pub(crate) properties_any: Option<u32>,
    /// Where it names a user.
    pub(crate) identifies: Option<u32>,
    /// What it reaches outside, by name.
    pub(crate) calls: Note<&'static str>,
    /// The outcomes that it names.
    pub(crate) outcomes: Note<Rc<str>>,
    /// The callbacks that it sends, as the wire calls them.
    pub(crate) callbacks: Note<Rc<str>>,
    /// Where it may log a secret.
    pub(crate) logs: Note<Origin>,
}

/// Keeps the first line.
pub(crate) fn note<T: Ord>(notes: &mut Note<T>, what: T, line: u32) {
    let known = notes.entry(what).or_insert(line);
    *known = line.min(*known);
}

pub(crate) fn first(known: &mut Option<u32>, line: u32) {
    *known = Some(known.map_or(line, |known| known.min(line)));
}

impl Notes {
    /// Looks at the keys that a value names.
    pub(crate) fn reads(&mut self, part: Part, key: &Value, line: u32) {
        match key.keys() {
            Some(keys) => {
                for key in keys {
                    note(&mut self.reads, (part, Rc::clone(key)), line);
                }
            }
            None => first(&mut self.reads_any, line),
        }
    }

    pub(crate) fn writes(&mut self, part: Part, key: &Value, value: &Value, line: u32) {
        let keys = key.keys();
        match keys {
            Some(keys) => {
                for key in keys {
                    note(&mut self.writes, (part, Rc::clone(key)), line);
                }
            }
            None => first(&mut self.writes_any, line),
        }
        let Some(origin) = value.secret.filter(|_| part != Part::Transient) else {
            return;
        };
        let key = keys.and_then(|keys| keys.first()).map(Rc::clone);
        note(&mut self.leaks, (key, origin), line);
    }

    pub(crate) fn removes(&mut self, key: &Value, line: u32) {
        match key.keys() {
            Some(keys) => {
                for key in keys {
                    note(&mut self.removes, Rc::clone(key), line);
                }
            }
            None => first(&mut self.removes_any, line),
        }
    }

    /// Whatever holds all of the state is looked at as a whole.
    pub(crate) fn reads_all_of(&mut self, value: &Value, line: u32) {
        let whole = |host: &Host| matches!(host, Host::NodeState | Host::Map(_));
        if value.hosts.iter().any(whole) {
            first(&mut self.reads_any, line);
            first(&mut self.reads_any_member, line);
        }
        let profile = |host: &Host| matches!(host, Host::Kept(_, key) if &**key == OBJECT);
        if value.hosts.iter().any(profile) {
            first(&mut self.reads_any_member, line);
        }
    }
}

/// The key of the profile under construction.
pub(crate) const OBJECT: &str = "objectAttributes";

//! Paths: how attributes within objects are named, `preferences/updates`.
//!
//! Between names stands a `/`, and no name has one, but names of the store's own: they begin with `_`, and are
//! none of a path. Where a value stands is decided here; what it must be,
//! and how its name is spelled, is the schema's.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::Value;

use crate::object::is_own;

/// How many names a path may have.
pub(crate) const PATH_MAX: usize = 8;

/// The attribute that a path begins at.
pub(crate) fn outer(path: &str) -> &str {
    names(path).next().unwrap_or(path)
}

/// The names of a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.splitn(if is_own(path) { 1 } else { usize::MAX }, '/')
}

/// The object that a path ends in; `None` of an attribute that is in none.
pub(crate) fn object(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(object, _)| object)
}

/// Whether one path lies within another one's object.
pub(crate) fn is_within(path: &str, object: &str) -> bool {
    path.strip_prefix(object)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Puts a value where a path says, in place of what was there; `Null` takes it away, and with it the objects
/// that have nothing else in them. What is no object on the way gives way to one.
///
/// Letter case tells no names apart; where there was none of a name, it is spelled as the path does.
///
/// BOUND: as deep as the path, of whose names those beyond [`PATH_MAX`] are left out: nothing stands there.
pub(crate) fn put(values: &mut BTreeMap<Arc<str>, Value>, path: &str, value: Value) {
    let names: Vec<&str> = names(path).collect();
    if names.len() <= PATH_MAX {
        put_at(values, &names, value);
    }
}

fn put_at(values: &mut BTreeMap<Arc<str>, Value>, names: &[&str], value: Value) {
    let Some((name, rest)) = names.split_first() else {
        return;
    };
    if rest.is_empty() {
        values.retain(|known, _| !known.eq_ignore_ascii_case(name));
        values.insert(Arc::from(*name), value);
        return;
    }
    let known = values.keys().find(|known| known.eq_ignore_ascii_case(name));
    let known = known.cloned().unwrap_or_else(|| Arc::from(*name));
    let mut inner = match values.remove(&known) {
        Some(Value::Map(map)) => Arc::unwrap_or_clone(map),
        _ => BTreeMap::new(),
    };
    put_at(&mut inner, rest, value);
    inner.retain(|_, value| *value != Value::Null);
    let inner = if inner.is_empty() {
        Value::Null
    } else {
        Value::Map(Arc::new(inner))
    };
    values.insert(known, inner);
}

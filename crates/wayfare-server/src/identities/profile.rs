//! What every store does alike with a profile: what is shown of it, how values would fare, and what a
//! persistent cookie depends on.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use wayfare::{
    Value,
    engine::effect::{Judge, Judgement},
};
use wayfare_profile::{Schema, Store as Judged, find, is_users, seen};

use super::IdentityError;

/// A profile by the names of attributes.
pub(super) type Profile = BTreeMap<Arc<str>, Value>;

/// Refuses objects that are no users: nothing else is kept.
pub(super) fn known_resource(resource: &Arc<str>) -> Result<(), IdentityError> {
    if is_users(resource) {
        Ok(())
    } else {
        Err(IdentityError::Resource(Arc::clone(resource)))
    }
}

/// All of a profile that may be seen.
pub(super) fn shown(profile: &Profile) -> Profile {
    let all = profile.iter();
    all.filter_map(|(name, value)| Some((Arc::clone(name), seen(value)?)))
        .collect()
}

/// Those of these attributes that are there and may be seen.
pub(super) fn picked(profile: &Profile, wanted: &[Arc<str>]) -> Profile {
    wanted
        .iter()
        .filter_map(|name| Some((Arc::clone(name), seen(find(profile, name)?)?)))
        .collect()
}

/// How values would fare beside a profile, each as if it were written with the others.
pub(super) fn judged<S: Judged>(
    schema: &Schema,
    judge: &Judge,
    profile: &Profile,
    others: &S,
) -> Result<Vec<Judgement>, S::Error> {
    let values = schema.made(&judge.values);
    let profile = schema.overlaid(profile, &judge.values);
    let asked = schema.asked(&judge.attributes).into_iter();
    asked
        .map(|name| schema.judge(name, find(&values, name), &profile, others))
        .collect()
}

/// What somebody's persistent cookies depend on, so that it can be kept in them.
pub(super) fn stamped(id: &str, what: &str) -> String {
    let text = format!("stamp\n{id}\n{what}");
    URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes()))
}

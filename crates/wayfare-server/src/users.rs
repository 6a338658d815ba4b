//! The users that a start makes where they are not there: those of the settings, the demo's, the
//! administrator. One that is there is never changed.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value as Json;
use wayfare::{Realm, Secret, Timestamp};
use wayfare_profile::{AGENT, CREATED};

use crate::{
    clock::drawn,
    config::{Config, Journeys, UserSettings},
    hash::HashPool,
    server::StartError,
    store::{
        Store,
        user::{NameKey, User},
    },
};

/// The administrator of the top realm.
pub const ADMIN: &str = "amadmin";
/// The user of the demo.
pub const DEMO_USER: &str = "demo";
/// The password of the user of the demo.
pub const DEMO_PASSWORD: &str = "Ch4ng31t";
const DEMO_MAIL: &str = "demo@example.com";
/// The group of the user of the demo, for policies that ask for one.
const DEMO_GROUP: &str = "staff";

/// The attribute in which the groups of a user are kept.
pub(crate) const GROUPS: &str = "groups";

/// Makes the users that are wanted and not there; the password of the administrator where it was drawn now.
///
/// The administrator comes last: a start that fails does not use up the one showing of the password.
pub(crate) fn make(
    config: &Config,
    store: &Store,
    hash: &HashPool,
    now: Timestamp,
) -> Result<Option<Secret<String>>, StartError> {
    let mut wanted = Vec::new();
    for (realm, settings) in &config.realms {
        let demo = settings.demo_user && store.user_count(realm)? == 0;
        for (username, user) in &settings.users {
            wanted.extend(of_settings(config, store, (realm, username, user))?);
        }
        if demo {
            let attributes = BTreeMap::from([
                ("mail".to_owned(), DEMO_MAIL.into()),
                (GROUPS.to_owned(), Json::from(vec![DEMO_GROUP])),
            ]);
            wanted.push(Wanted {
                realm: realm.clone(),
                user: user(DEMO_USER, attributes)?,
                password: Some(Secret::from(DEMO_PASSWORD)),
            });
        }
    }
    let admin = administrator(config, store)?;
    let shown = admin.as_ref().and_then(|admin| admin.password.clone());
    wanted.extend(admin);
    let passwords: Vec<&Secret<String>> = wanted
        .iter()
        .filter_map(|one| one.password.as_ref())
        .collect();
    let mut hashes = hash.all_here(&passwords)?.into_iter();
    for mut one in wanted {
        one.user.password = one.password.and_then(|_| hashes.next());
        add(store, &one.realm, one.user, now)?;
    }
    Ok(shown)
}

/// A user that is to be made.
struct Wanted {
    realm: Realm,
    user: User,
    /// Not hashed yet.
    password: Option<Secret<String>>,
}

/// None where somebody of that name is there.
fn of_settings(
    config: &Config,
    store: &Store,
    (realm, username, wanted): (&Realm, &str, &UserSettings),
) -> Result<Option<Wanted>, StartError> {
    let wrong = |message: String| StartError::User {
        realm: realm.clone(),
        username: username.to_owned(),
        message,
    };
    let key = NameKey::of(username).ok_or_else(|| wrong("the name can be nobody's".to_owned()))?;
    if store.user(realm, &key)?.is_some() {
        return Ok(None);
    }
    let mut password = None;
    if let Some(source) = &wanted.password {
        let read = source.read().map_err(|error| wrong(error.to_string()))?;
        let length = read.reveal().chars().count();
        let most = config.limits.password_chars;
        if length == 0 || length > most {
            let message = format!("the password in {source} must have 1 to {most} characters");
            return Err(wrong(message));
        }
        password = Some(read);
    }
    let mut attributes = wanted.attributes.clone();
    if !wanted.groups.is_empty() {
        attributes.insert(GROUPS.to_owned(), Json::from(wanted.groups.clone()));
    }
    if wanted.agent {
        attributes.insert(AGENT.to_owned(), Json::from(true));
    }
    let made = User {
        active: wanted.active,
        ..user(username, attributes)?
    };
    Ok(Some(Wanted {
        realm: realm.clone(),
        user: made,
        password,
    }))
}

/// The administrator with a password that is drawn now; none where there is one, or nobody could use it.
fn administrator(config: &Config, store: &Store) -> Result<Option<Wanted>, StartError> {
    let root = Realm::root();
    let there = NameKey::of(ADMIN)
        .map(|key| store.user(&root, &key))
        .transpose()?
        .flatten();
    let reachable = config
        .realms
        .get(&root)
        .is_some_and(|settings| settings.journeys != Journeys::None);
    if there.is_some() || !reachable {
        return Ok(None);
    }
    let bytes: [u8; 18] = drawn().map_err(|_| StartError::NoRandomness)?;
    Ok(Some(Wanted {
        realm: root,
        user: user(ADMIN, BTreeMap::new())?,
        password: Some(Secret::new(URL_SAFE_NO_PAD.encode(bytes))),
    }))
}

/// A user with a fresh id, and no password yet.
fn user(username: &str, mut attributes: BTreeMap<String, Json>) -> Result<User, StartError> {
    let id: [u8; 16] = drawn().map_err(|_| StartError::NoRandomness)?;
    for name in ["uid", "username"] {
        attributes.insert(name.to_owned(), username.into());
    }
    Ok(User {
        id: URL_SAFE_NO_PAD.encode(id),
        username: username.to_owned(),
        active: true,
        attributes,
        password: None,
    })
}

fn add(store: &Store, realm: &Realm, mut user: User, now: Timestamp) -> Result<(), StartError> {
    user.attributes
        .insert(CREATED.to_owned(), Json::from(now.rfc3339()));
    store.add_user(realm, user)?;
    Ok(())
}

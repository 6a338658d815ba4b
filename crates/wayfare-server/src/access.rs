//! Who may do what: groups, administrators, callers of the backchannel.

use std::{collections::BTreeSet, sync::Arc};

use ring::digest::{SHA256, digest};
use serde_json::Value as Json;
use wayfare::Realm;

use crate::{
    app::App,
    config::{BackchannelSettings, above},
    server::StartError,
    store::{
        StoreError,
        session::Session,
        user::{NameKey, User},
    },
    users::{ADMIN, GROUPS},
};

/// Characters that a bearer token needs at least: 128 bits, written in any common way.
const BEARER_CHARS_MIN: usize = 22;
/// Characters that one may have at most.
const BEARER_CHARS_MAX: usize = 1_024;

/// A caller of the backchannel; its token is known by its hash only.
#[derive(Clone)]
pub(crate) struct Caller {
    token: [u8; 32],
    realms: Vec<Realm>,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Caller")
            .field("realms", &self.realms)
            .finish_non_exhaustive()
    }
}

/// The callers of the settings.
pub(crate) fn callers(settings: &[BackchannelSettings]) -> Result<Vec<Caller>, StartError> {
    settings
        .iter()
        .map(|caller| {
            let token = caller
                .token
                .read()
                .map_err(|error| StartError::Backchannel(error.to_string()))?;
            let fits = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
            let text = token.reveal();
            if !(BEARER_CHARS_MIN..=BEARER_CHARS_MAX).contains(&text.len())
                || !text.bytes().all(fits)
            {
                return Err(StartError::Backchannel(format!(
                    "what is in {} must be {BEARER_CHARS_MIN} to {BEARER_CHARS_MAX} letters, digits and \
                     `-._~+/=`, such as 32 random bytes in base64",
                    caller.token
                )));
            }
            Ok(Caller {
                token: hashed(text),
                realms: caller.realms.clone(),
            })
        })
        .collect()
}

fn hashed(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash
        .iter_mut()
        .zip(digest(&SHA256, token.as_bytes()).as_ref())
    {
        *to = *from;
    }
    hash
}

impl App {
    /// Whether this bearer token lets its sender open transactions in this realm.
    pub(crate) fn may_open_transactions(&self, bearer: &str, realm: &Realm) -> bool {
        // Hashes are compared, so that the time of a comparison says nothing about the token.
        let sent = hashed(bearer);
        self.callers
            .iter()
            .any(|caller| caller.token == sent && caller.realms.contains(realm))
    }

    /// The groups of a user, in order and each once.
    pub(crate) fn groups_of(user: &User) -> Vec<Arc<str>> {
        groups(user.attribute(GROUPS))
    }

    /// Whether the session is that of an administrator of this realm.
    ///
    /// `amadmin` of the top realm is one everywhere. Whom the `admins` of a realm name is one of that realm
    /// and of those below it, as a user of that realm: names and groups of another realm count for nothing
    /// there. An account that is gone or inactive administers nothing, and neither does a session in which
    /// nothing was proved.
    pub(crate) fn is_admin(&self, session: &Session, realm: &Realm) -> Result<bool, StoreError> {
        let reaches = session.realm == *realm || above(realm).any(|above| above == session.realm);
        if !reaches || !session.proved {
            return Ok(false);
        }
        let Some(user) = self.store().user_by_id(&session.realm, &session.subject)? else {
            return Ok(false);
        };
        if !user.active {
            return Ok(false);
        }
        let key = NameKey::of(&user.username);
        let is = |name: &str| key.is_some() && NameKey::of(name) == key;
        if session.realm == Realm::root() && is(ADMIN) {
            return Ok(true);
        }
        let Some(state) = self.realms.get(&session.realm) else {
            return Ok(false);
        };
        let groups = Self::groups_of(&user);
        Ok(state.settings.admins.iter().any(|admin| {
            match (admin.strip_prefix("user:"), admin.strip_prefix("group:")) {
                (Some(name), _) => is(name),
                (None, Some(group)) => groups.iter().any(|of| &**of == group),
                (None, None) => false,
            }
        }))
    }
}

/// A list of texts, or one text.
fn groups(attribute: Option<&Json>) -> Vec<Arc<str>> {
    let listed: BTreeSet<&str> = match attribute {
        Some(Json::String(one)) => BTreeSet::from([one.as_str()]),
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        _ => BTreeSet::new(),
    };
    listed.into_iter().map(Arc::from).collect()
}

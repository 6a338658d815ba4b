//! Who may do what: groups, administrators, callers of the backchannel.

use std::{collections::BTreeSet, sync::Arc};

use ring::digest::{SHA256, digest};
use wayfare::{
    Realm, SubjectId, Value,
    engine::effect::{Identity, Who},
};

use crate::{
    app::App,
    config::{BackchannelSettings, above},
    identities::IdentityError,
    server::StartError,
    store::{session::Session, user::NameKey},
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

/// Whose session it is.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) username: Arc<str>,
    pub(crate) groups: Vec<Arc<str>>,
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

    /// A user of a realm, as its store of identities knows them; nobody where there is no such realm.
    pub(crate) async fn identity(
        &self,
        realm: &Realm,
        who: &Who,
        wanted: &[&str],
    ) -> Result<Option<Identity>, IdentityError> {
        let Some(state) = self.realms.get(realm) else {
            return Ok(None);
        };
        let wanted: Vec<Arc<str>> = wanted.iter().map(|name| Arc::from(*name)).collect();
        state.identities.read(who, &wanted).await
    }

    /// Whose session it is, with the groups; nobody where the account is gone or inactive.
    pub(crate) async fn owner(&self, session: &Session) -> Result<Option<Owner>, IdentityError> {
        let who = Who::Subject(SubjectId(Arc::from(&*session.subject)));
        let found = self.identity(&session.realm, &who, &[GROUPS]).await?;
        Ok(found
            .filter(|identity| identity.active)
            .map(|identity| Owner {
                groups: groups(identity.attributes.get(GROUPS)),
                username: identity.username,
            }))
    }

    /// Whether the session is that of an administrator of this realm.
    ///
    /// `amadmin` of the top realm is one everywhere. Whom the `admins` of a realm name is one of that realm
    /// and of those below it, as a user of that realm: names and groups of another realm count for nothing
    /// there. An account that is gone or inactive administers nothing, and neither does a session in which
    /// nothing was proved.
    pub(crate) async fn is_admin(
        &self,
        session: &Session,
        realm: &Realm,
    ) -> Result<bool, IdentityError> {
        let reaches = session.realm == *realm || above(realm).any(|above| above == session.realm);
        if !reaches || !session.proved {
            return Ok(false);
        }
        let Some(owner) = self.owner(session).await? else {
            return Ok(false);
        };
        let key = NameKey::of(&owner.username);
        let is = |name: &str| key.is_some() && NameKey::of(name) == key;
        if session.realm == Realm::root() && is(ADMIN) {
            return Ok(true);
        }
        let Some(state) = self.realms.get(&session.realm) else {
            return Ok(false);
        };
        Ok(state.settings.admins.iter().any(|admin| {
            match (admin.strip_prefix("user:"), admin.strip_prefix("group:")) {
                (Some(name), _) => is(name),
                (None, Some(group)) => owner.groups.iter().any(|of| &**of == group),
                (None, None) => false,
            }
        }))
    }
}

/// A list of texts, or one text; in order and each once.
fn groups(attribute: Option<&Value>) -> Vec<Arc<str>> {
    let listed: BTreeSet<&str> = match attribute {
        Some(Value::List(list)) => list.iter().filter_map(Value::as_text).collect(),
        Some(one) => one.as_text().into_iter().collect(),
        None => BTreeSet::new(),
    };
    listed.into_iter().map(Arc::from).collect()
}

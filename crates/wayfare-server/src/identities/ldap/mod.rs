//! Identities in a directory.
//!
//! What the directory holds is read and written there; what it cannot hold (counts of tries and logins,
//! accepted terms, answers to security questions, whatever is not mapped to an attribute of it) stands in
//! the server's own database under the id that the entry has for ever. Whoever has no such id or no name is
//! nobody.

mod beside;
mod change;
mod known;
mod meant;
mod written;

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Realm, Secret, SubjectId, Value,
    engine::effect::{
        CreateIdentity, FindIdentity, Identity, Judge, Judgement, LdapPolicy, PatchIdentity, Who,
    },
};
use wayfare_profile::{Attribute, PASSWORD_DATE, STATUS, Schema};

use self::beside::later;
use super::{
    Bound, Done, Embedded, Hasher, Identities, IdentityError, Once, Outcome, Typed, shown, stamped,
};
use crate::{
    config::LdapStoreSettings,
    ldap::{Client, LdapError, Write},
    store::{Store, identity::COOKIES},
};

/// The entry of nobody: what is bound to where there is nobody, so that it takes as long.
const NOBODY: &str = "cn=nobody-is-called-so";
/// The id of nobody, likewise.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

/// The identities of a realm in a directory.
#[derive(Debug, Clone)]
pub(crate) struct InDirectory {
    client: Arc<Client>,
    settings: Arc<LdapStoreSettings>,
    schema: Arc<Schema>,
    store: Store,
    realm: Realm,
    /// What the directory does not hold.
    beside: Embedded,
    /// Held by whoever looks whether a value is free and then writes it; a directory does not do both at once.
    claims: Arc<tokio::sync::Mutex<()>>,
}

impl From<LdapError> for IdentityError {
    fn from(error: LdapError) -> Self {
        match error {
            LdapError::TooMany(most) => Self::TooMany { most },
            other => Self::Other(other.to_string()),
        }
    }
}

impl InDirectory {
    pub(crate) fn new(
        client: Client,
        settings: &LdapStoreSettings,
        schema: Arc<Schema>,
        (store, realm): (Store, Realm),
        beside: Embedded,
    ) -> Self {
        Self {
            client: Arc::new(client),
            settings: Arc::new(settings.clone()),
            schema,
            store,
            realm,
            beside,
            claims: Arc::default(),
        }
    }

    async fn bind_now(
        &self,
        whose: Option<&SubjectId>,
        typed: &Secret<String>,
        new: Option<&Secret<String>>,
        once: Option<Once<'_>>,
    ) -> Result<Bound, IdentityError> {
        // A stranger costs what somebody costs.
        let asked = whose.map_or_else(|| SubjectId(Arc::from(NO_ID)), SubjectId::clone);
        let known = self.entry(&Who::Subject(asked)).await?;
        let known = known.filter(|_| whose.is_some());
        let Some(known) = known else {
            return Ok(self.client.bind_nobody(NOBODY, typed).await?);
        };
        let bound = self.client.bind(&known.entry.dn, typed, new).await?;
        if let (Some(_), Some(once), Bound::Right) = (new, once, &bound) {
            self.note(&known).await?;
            self.end(&known.id, true, later(once)).await?;
        }
        Ok(bound)
    }

    /// What the directory and this server tell of a password without knowing it: when it was changed, and
    /// its hash where the account may read that.
    async fn stamp_now(&self, whose: &SubjectId) -> Result<Option<String>, IdentityError> {
        let target = self.client.target();
        let changed = match (&self.settings.password_changed, target.policy) {
            (Some(attribute), _) => Some(attribute.as_str()),
            (None, LdapPolicy::Control) => Some("pwdChangedTime"),
            (None, LdapPolicy::ActiveDirectory) => Some("pwdLastSet"),
            (None, LdapPolicy::None) => None,
        };
        let asked = [
            Some(target.id.as_str()),
            Some(&self.settings.password),
            changed,
        ];
        let asked = asked.into_iter().flatten().map(str::to_owned).collect();
        let Some(entry) = self.entry_by_id(&whose.0, asked).await? else {
            return Ok(None);
        };
        let of = |attribute: &str| {
            let mut values = entry.all(attribute).to_vec();
            values.sort_unstable();
            values
        };
        let told = [
            changed.map(of).unwrap_or_default(),
            of(&self.settings.password),
        ]
        .concat();
        if told.is_empty() {
            return Ok(None);
        }
        let row = self.store.user_by_id(&self.realm, &whose.0)?;
        let here = [PASSWORD_DATE, COOKIES].map(|name| {
            let value = row.as_ref().and_then(|row| row.attributes.get(name));
            value.map(ToString::to_string).unwrap_or_default()
        });
        let told = format!("directory\n{}\n{}", told.join("\n"), here.join("\n"));
        Ok(Some(stamped(&whose.0, &told)))
    }
}

impl Identities for InDirectory {
    fn read<'a>(&'a self, who: &'a Who, wanted: &'a [Arc<str>]) -> Done<'a, Option<Identity>> {
        Box::pin(async move {
            let Some(known) = self.entry(who).await? else {
                return Ok(None);
            };
            if let Who::Subject(_) = who {
                self.note(&known).await?;
            }
            Ok(Some(self.identity(&known, wanted)?))
        })
    }

    fn profile<'a>(&'a self, who: &'a Who) -> Done<'a, Option<Identity>> {
        Box::pin(async move {
            let Some(known) = self.entry(who).await? else {
                return Ok(None);
            };
            Ok(Some(Identity {
                attributes: shown(&self.all_of(&known)?),
                ..self.identity(&known, &[])?
            }))
        })
    }

    fn is_viewable(&self, attribute: &str) -> bool {
        let known = self.schema.attribute(attribute);
        known.is_none_or(Attribute::is_viewable)
    }

    fn find<'a>(&'a self, wanted: &'a FindIdentity) -> Done<'a, Option<Identity>> {
        Box::pin(self.find_now(wanted))
    }

    fn create<'a>(&'a self, create: &'a CreateIdentity, once: Once<'a>) -> Done<'a, Outcome> {
        Box::pin(self.create_now(create, once))
    }

    fn patch<'a>(&'a self, patch: &'a PatchIdentity, once: Once<'a>) -> Done<'a, Outcome> {
        Box::pin(self.patch_now(patch, once))
    }

    fn judge<'a>(&'a self, judge: &'a Judge) -> Done<'a, Vec<Judgement>> {
        Box::pin(self.judge_now(judge))
    }

    fn set_status<'a>(&'a self, who: &'a Who, active: bool) -> Done<'a, bool> {
        Box::pin(async move {
            let Some(known) = self.entry(who).await? else {
                return Ok(false);
            };
            let status = if active { "active" } else { "inactive" };
            let values = BTreeMap::from([(Arc::from(STATUS), Value::text(status))]);
            let write = Write::Replace(known.entry.dn.clone(), self.written(&values)?);
            self.client.write(write).await?;
            let who = Who::Subject(SubjectId(Arc::from(known.id)));
            if let Some(known) = self.entry(&who).await? {
                self.note(&known).await?;
            }
            Ok(true)
        })
    }

    fn logged_in<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, ()> {
        self.beside.logged_in(whose)
    }

    fn stamp<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, Option<String>> {
        Box::pin(self.stamp_now(whose))
    }

    fn compare<'a>(
        &'a self,
        whose: Option<&'a SubjectId>,
        typed: Typed<'a>,
        hasher: Hasher<'a>,
    ) -> Done<'a, bool> {
        Box::pin(async move {
            let Typed::Password(password) = typed else {
                return self.beside.compare(whose, typed, hasher).await;
            };
            let bound = self.bind_now(whose, password, None, None).await?;
            // Whoever only compares cannot have the password changed, so one that must be is not enough.
            Ok(matches!(
                bound,
                Bound::Right | Bound::Expires(_) | Bound::Grace(_)
            ))
        })
    }

    fn bind<'a>(
        &'a self,
        whose: Option<&'a SubjectId>,
        typed: &'a Secret<String>,
        new: Option<&'a Secret<String>>,
        once: Once<'a>,
    ) -> Done<'a, Bound> {
        Box::pin(self.bind_now(whose, typed, new, Some(once)))
    }
}

//! What the directory does not hold, and the copy of what it does, in the server's own database.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::{Connection, params};
use serde_json::Value as Json;
use wayfare::{
    SubjectId, Value,
    engine::effect::{Change, PatchIdentity, Who},
};
use wayfare_profile::{PASSWORD, PASSWORD_DATE, STATUS, is_own};

use super::{InDirectory, known::Known};
use crate::{
    identities::{Identities as _, IdentityError, Once, Outcome, json as kept_json},
    store::{
        ending,
        identity::{self, Wrote},
        user::{NameKey, User},
    },
};

/// The same effect's second write.
pub(super) fn later(once: Once<'_>) -> Once<'_> {
    let mut once = once;
    once.id.ordinal |= 1 << 30;
    once
}

impl InDirectory {
    /// Puts down what the entry holds, for sessions, policies, letters and cookies, which look at what is
    /// here; nothing is written where it is the same.
    pub(super) async fn note(&self, known: &Known) -> Result<(), IdentityError> {
        let Some(key) = NameKey::of(&known.name) else {
            return Ok(());
        };
        let old = self.store.user_by_id(&self.realm, &known.id)?;
        if old.is_some() && old == Some(self.noted(known, old.as_ref())) {
            return Ok(());
        }
        let (this, known) = (self.clone(), known.clone());
        let write = move |db: &Connection| {
            let realm = this.realm.as_str();
            // As it is now: others may have counted something since it was read.
            let old = identity::user_by_id(db, realm, &known.id)?;
            let user = this.noted(&known, old.as_ref());
            // Whoever had the name before is called otherwise now, or is gone.
            db.execute(
                "UPDATE user SET key = 'gone/' || id WHERE realm = ?1 AND key = ?2 AND id <> ?3",
                params![realm, key.as_str(), user.id],
            )?;
            identity::put(db, realm, &key, &user)
        };
        Ok(self.store.write(write).await?)
    }

    /// The copy of an entry, with what stands beside it.
    fn noted(&self, known: &Known, old: Option<&User>) -> User {
        let mut user = User {
            id: known.id.clone(),
            username: known.name.clone(),
            active: known.active,
            attributes: old.map(|old| old.attributes.clone()).unwrap_or_default(),
            password: None,
        };
        user.attributes
            .retain(|name, _| self.place(name).is_none() || is_own(name));
        for (name, place) in &self.settings.attributes {
            let value = self.read_value(name, known.entry.all(place));
            if let Some(json) = value.as_ref().and_then(kept_json) {
                user.attributes.insert(name.clone(), json);
            }
        }
        for name in ["uid", "username"] {
            let text = Json::from(known.name.as_str());
            user.attributes.insert(name.to_owned(), text);
        }
        user
    }

    /// Whether a value is kept beside the directory.
    pub(super) fn is_beside(&self, name: &str) -> bool {
        let name = name.strip_prefix('/').unwrap_or(name);
        let there = name.eq_ignore_ascii_case(PASSWORD) || name.eq_ignore_ascii_case(STATUS);
        !there && self.place(name).is_none()
    }

    /// What of the values of a new entry the directory does not hold.
    pub(super) fn beside_of(&self, values: &BTreeMap<Arc<str>, Value>) -> Vec<(Arc<str>, Change)> {
        let changes = values.iter().filter(|(name, _)| self.is_beside(name));
        changes
            .map(|(name, value)| (Arc::clone(name), Change::Set(value.clone())))
            .collect()
    }

    pub(super) async fn change_beside(
        &self,
        id: &str,
        changes: Vec<(Arc<str>, Change)>,
        once: Once<'_>,
    ) -> Result<(), IdentityError> {
        if changes.is_empty() {
            return Ok(());
        }
        let patch = PatchIdentity {
            resource: Arc::from("managed/user"),
            who: Who::Subject(SubjectId(Arc::from(id))),
            changes,
            attributes: Vec::new(),
        };
        match self.beside.patch(&patch, once).await? {
            Outcome::Written(_) => Ok(()),
            // It was judged before, and the row is there.
            Outcome::Refused(_) | Outcome::Nobody => Err(IdentityError::Other(
                "what the directory does not hold cannot be kept".to_owned(),
            )),
        }
    }

    /// Notes that a change has happened, and what a new password makes void.
    pub(super) async fn end(
        &self,
        id: &str,
        new: bool,
        once: Once<'_>,
    ) -> Result<(), IdentityError> {
        let (realm, id) = (self.realm.as_str().to_owned(), id.to_owned());
        let at = once.now.rfc3339();
        let (spared, run) = (once.spared.map(str::to_owned), once.id.run);
        let change = move |db: &Connection| {
            if new && let Some(mut user) = identity::user_by_id(db, &realm, &id)? {
                let name = PASSWORD_DATE.to_owned();
                user.attributes.insert(name, Json::from(at));
                if let Some(key) = NameKey::of(&user.username) {
                    identity::put(db, &realm, &key, &user)?;
                }
                identity::forget_failures(db, &realm, &id, "password")?;
                ending::all(db, &realm, &id, spared.as_deref(), Some(run))?;
            }
            Ok(Wrote::Subject(id))
        };
        self.store.change_once(once.id, once.exp, change).await?;
        Ok(())
    }
}

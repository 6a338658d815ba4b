//! Identities in a directory.
//!
//! What the directory holds is read and written there; what it cannot hold (counts of tries and logins,
//! accepted terms, answers to security questions, whatever is not mapped to an attribute of it) stands in
//! the server's own database under the id that the entry has for ever. Whoever has no such id or no name is
//! nobody. A change goes to the directory first, whole, and then to what is beside it.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use rusqlite::{Connection, params};
use serde_json::Value as Json;
use wayfare::{
    Realm, Secret, SubjectId, Value,
    engine::effect::{
        Change, CreateIdentity, FindIdentity, Identity, Judge, Judgement, PatchIdentity, Shape,
        Unmet, Who,
    },
};
use wayfare_profile::{
    Attribute, ID, PASSWORD, PASSWORD_DATE, STATUS, Schema, Store as Judged, find, is_active,
    is_own, is_users, seen,
};

use super::{
    Bound, Done, Embedded, Hasher, Identities, IdentityError, Once, Outcome, Typed,
    json::{json as kept_json, value},
};
use crate::{
    config::LdapStoreSettings,
    ldap::{Client, Entry, LdapError, Write, escaped, filter_for, unmet},
    store::{
        Store,
        effect::Seen,
        identity::{self, Wrote},
        user::{NameKey, User},
    },
};

/// The entry of that name is there already.
const EXISTS: u32 = 68;
/// The value does not meet what the directory asks.
const CONSTRAINT: u32 = 19;
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
        }
    }

    /// The attribute of the directory that holds one of the profile.
    fn place(&self, name: &str) -> Option<&str> {
        let target = self.client.target();
        if name.eq_ignore_ascii_case(self.schema.name()) {
            return Some(&target.name);
        }
        if name.eq_ignore_ascii_case(ID) {
            return Some(&target.id);
        }
        let mut all = self.settings.attributes.iter();
        all.find(|(of, _)| of.eq_ignore_ascii_case(name))
            .map(|(_, place)| place.as_str())
    }

    /// The attributes that are asked for.
    fn asked(&self) -> Vec<String> {
        let target = self.client.target();
        let status = self.settings.status.as_ref();
        let names = (self.settings.attributes.values())
            .chain([&target.name, &target.id])
            .chain(&target.search)
            .chain(status.map(|status| &status.attribute));
        let names: BTreeSet<&String> = names.collect();
        names.into_iter().cloned().collect()
    }

    async fn entry(&self, who: &Who) -> Result<Option<Known>, IdentityError> {
        let found = match who {
            Who::Name(name) => self.client.named(name, self.asked()).await?,
            Who::Subject(SubjectId(id)) => {
                let place = &self.client.target().id;
                let filter = format!("({place}={})", escaped(id));
                let filter = self.client.filtered(&filter);
                match self.client.search(filter, self.asked(), 1).await {
                    Err(LdapError::TooMany(_)) => None,
                    found => found?.pop(),
                }
            }
        };
        Ok(found.and_then(|entry| self.known(entry)))
    }

    /// An entry as somebody, where it has an id and a name that can be somebody's.
    fn known(&self, entry: Entry) -> Option<Known> {
        let target = self.client.target();
        let id = entry.one(&target.id)?.to_owned();
        let name = entry.one(&target.name)?.to_owned();
        NameKey::of(&name)?;
        let status = self.settings.status.as_ref();
        let active = status.is_none_or(|status| {
            let mut values = entry.all(&status.attribute).iter();
            !values.any(|value| value.eq_ignore_ascii_case(&status.inactive))
        });
        Some(Known {
            entry,
            id,
            name,
            active,
        })
    }

    /// A value of the directory as the schema has it.
    fn read_value(&self, name: &str, texts: &[String]) -> Option<Value> {
        let list = || {
            Value::List(
                texts
                    .iter()
                    .map(|text| Value::text(text.as_str()))
                    .collect(),
            )
        };
        let first = texts.first()?;
        match self.schema.attribute(name).map(|known| known.shape) {
            Some(Shape::List) => Some(list()),
            Some(Shape::Flag) => Some(Value::Bool(first.eq_ignore_ascii_case("true"))),
            Some(Shape::Number) => first.parse().ok().map(Value::Int),
            Some(Shape::Text) => Some(Value::text(first.as_str())),
            _ if texts.len() == 1 => Some(Value::text(first.as_str())),
            _ => Some(list()),
        }
    }

    /// All that is known of somebody: what stands in the entry, and beside it.
    fn all_of(&self, known: &Known) -> Result<BTreeMap<Arc<str>, Value>, IdentityError> {
        let row = self.store.user_by_id(&self.realm, &known.id)?;
        let beside = row.map(|row| row.attributes).unwrap_or_default();
        let mut profile: BTreeMap<Arc<str>, Value> = beside
            .iter()
            .filter(|(name, _)| self.place(name).is_none())
            .filter_map(|(name, kept)| {
                Some((self.schema.spelled(&Arc::from(&**name)), value(kept)?))
            })
            .collect();
        for (name, place) in &self.settings.attributes {
            if let Some(value) = self.read_value(name, known.entry.all(place)) {
                profile.insert(self.schema.spelled(&Arc::from(&**name)), value);
            }
        }
        let status = if known.active { "active" } else { "inactive" };
        profile.insert(self.schema.spelled(&Arc::from(STATUS)), Value::text(status));
        profile.insert(Arc::from(PASSWORD), Value::Secret(Secret::from("")));
        profile.insert(Arc::from(ID), Value::text(known.id.as_str()));
        profile.insert(
            Arc::clone(self.schema.name()),
            Value::text(known.name.as_str()),
        );
        Ok(profile)
    }

    fn identity(&self, known: &Known, wanted: &[Arc<str>]) -> Result<Identity, IdentityError> {
        let mut attributes = BTreeMap::new();
        if !wanted.is_empty() {
            let profile = self.all_of(known)?;
            attributes.extend(
                wanted
                    .iter()
                    .filter_map(|name| Some((Arc::clone(name), seen(find(&profile, name)?)?))),
            );
        }
        Ok(Identity {
            subject: SubjectId(Arc::from(known.id.as_str())),
            username: Arc::from(known.name.as_str()),
            active: known.active,
            attributes,
        })
    }

    /// Puts down what the entry holds, for sessions, policies, letters and cookies, which look at what is
    /// here; nothing is written where it is the same.
    async fn note(&self, known: &Known) -> Result<(), IdentityError> {
        let Some(key) = NameKey::of(&known.name) else {
            return Ok(());
        };
        let old = self.store.user_by_id(&self.realm, &known.id)?;
        let mut user = User {
            id: known.id.clone(),
            username: known.name.clone(),
            active: known.active,
            attributes: old
                .as_ref()
                .map(|old| old.attributes.clone())
                .unwrap_or_default(),
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
            user.attributes
                .insert(name.to_owned(), Json::from(known.name.as_str()));
        }
        if old.as_ref() == Some(&user) {
            return Ok(());
        }
        let realm = self.realm.as_str().to_owned();
        let write = move |db: &Connection| {
            // Whoever had the name before is called otherwise now, or is gone.
            db.execute(
                "UPDATE user SET key = 'gone/' || id WHERE realm = ?1 AND key = ?2 AND id <> ?3",
                params![realm, key.as_str(), user.id],
            )?;
            identity::put(db, &realm, &key, &user)
        };
        Ok(self.store.write(write).await?)
    }

    async fn find_now(&self, wanted: &FindIdentity) -> Result<Option<Identity>, IdentityError> {
        let place = |name: &str| self.place(name).map(str::to_owned);
        let Some(filter) = filter_for(&wanted.filter, &place) else {
            return Err(IdentityError::TooMany {
                most: self.settings.searched,
            });
        };
        let filter = self.client.filtered(&filter);
        let most = self.settings.searched;
        let found = self.client.search(filter, self.asked(), most).await?;
        let mut first = None;
        for known in found.into_iter().filter_map(|entry| self.known(entry)) {
            if !wanted.filter.matches(&self.all_of(&known)?) {
                continue;
            }
            if first.is_some() {
                return Ok(None);
            }
            first = Some(known);
        }
        match first {
            Some(known) => Ok(Some(self.identity(&known, &wanted.attributes)?)),
            None => Ok(None),
        }
    }

    /// Which of the values that must be one user's only are another's.
    async fn taken(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
        but: Option<&str>,
    ) -> Result<Taken, IdentityError> {
        let mut taken = BTreeSet::new();
        for attribute in self.schema.attributes() {
            let is_name = attribute.name == *self.schema.name();
            let Some(Value::Text(text)) = find(values, &attribute.name) else {
                continue;
            };
            if !(is_name || attribute.unique) || text.is_empty() {
                continue;
            }
            let Some(place) = self.place(&attribute.name) else {
                continue;
            };
            // A name that can be nobody's is as good as taken.
            let reserved = |key: NameKey| but.is_none() && self.beside.is_reserved(&key);
            let nobodys = is_name && NameKey::of(text).is_none_or(reserved);
            let filter = format!("({place}={})", escaped(text));
            let found = match self.client.search(filter, self.asked(), 2).await {
                Err(LdapError::TooMany(_)) => true,
                found => found?
                    .iter()
                    .any(|entry| but.is_none() || entry.one(&self.client.target().id) != but),
            };
            if nobodys || found {
                taken.insert(attribute.name.to_ascii_lowercase());
            }
        }
        Ok(Taken(taken))
    }

    /// What goes to the directory of these values; `None` where one cannot be written there.
    fn written(
        &self,
        values: &BTreeMap<Arc<str>, Value>,
    ) -> Result<Vec<(String, HashSet<String>)>, IdentityError> {
        let mut all = Vec::new();
        for (name, value) in values {
            if name.eq_ignore_ascii_case(PASSWORD) {
                let Value::Secret(password) = value else {
                    continue;
                };
                let password = HashSet::from([password.reveal().clone()]);
                all.push((self.settings.password.clone(), password));
            } else if name.eq_ignore_ascii_case(STATUS) {
                let Some(status) = &self.settings.status else {
                    return Err(IdentityError::Other(
                        "`ldap.status` does not say how an account is locked".to_owned(),
                    ));
                };
                let active = is_active(value).unwrap_or(true);
                let value = if active {
                    status.active.clone()
                } else {
                    Some(status.inactive.clone())
                };
                all.push((status.attribute.clone(), value.into_iter().collect()));
            } else if let Some(place) = self.place(name).filter(|_| !is_own(name)) {
                let texts = texts_of(value).ok_or_else(|| {
                    IdentityError::Other(format!("`{name}` holds what a directory cannot"))
                })?;
                all.push((place.to_owned(), texts));
            }
        }
        Ok(all)
    }

    async fn create_now(
        &self,
        create: &CreateIdentity,
        once: Once<'_>,
    ) -> Result<Outcome, IdentityError> {
        known_resource(&create.resource)?;
        if let Some(wrote) = self.store.changed_before(once.id)? {
            return self.outcome(wrote, &[]).await;
        }
        let Some(base) = &self.settings.create_in else {
            return Err(IdentityError::Other(
                "`ldap.create_in` does not say where users are made".to_owned(),
            ));
        };
        let values = self.schema.made(&create.attributes);
        let taken = self.taken(&values, None).await?;
        let Ok(refused) = self.schema.refuses_new(&values, &taken);
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        let mut attributes = self.written(&values)?;
        let classes: HashSet<String> = self.settings.object_classes.iter().cloned().collect();
        attributes.push(("objectClass".to_owned(), classes));
        for (place, of) in &self.settings.defaults {
            let given = attributes
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(place));
            if let Some(texts) = find(&values, of).and_then(texts_of).filter(|_| !given) {
                attributes.push((place.clone(), texts));
            }
        }
        attributes.retain(|(_, values)| !values.is_empty());
        let Some(Value::Text(name)) = find(&values, self.schema.name()).cloned() else {
            return Err(IdentityError::Other("there is no name".to_owned()));
        };
        let rdn = ldap3::dn_escape(&*name);
        let dn = format!("{}={rdn},{base}", self.client.target().name);
        // It is noted first: whoever does it again after the process died is told that it was begun.
        if let Seen::Before(_) = self.store.begin_effect(once.id, once.exp).await? {
            return Err(IdentityError::Other("it was begun before".to_owned()));
        }
        match self.client.write(Write::Add(dn, attributes)).await {
            Ok(()) => {}
            Err(LdapError::Refused { code: EXISTS, .. }) => {
                return Ok(Outcome::Refused(vec![Unmet {
                    attribute: Arc::clone(self.schema.name()),
                    ..unmet("UNIQUE")
                }]));
            }
            Err(LdapError::Refused {
                code: CONSTRAINT, ..
            }) => return Ok(Outcome::Refused(vec![unmet("PASSWORD_QUALITY")])),
            Err(error) => return Err(error.into()),
        }
        let Some(known) = self.entry(&Who::Name(name)).await? else {
            return Err(IdentityError::Other(
                "the entry that was made is not found again".to_owned(),
            ));
        };
        self.note(&known).await?;
        self.keep_beside(&known.id, &values, once).await?;
        let wrote = Wrote::Subject(known.id.clone());
        self.store.end_effect(once.id, wrote.text()).await?;
        Ok(Outcome::Written(self.identity(&known, &[])?))
    }

    /// Whether a value is kept beside the directory.
    fn is_beside(&self, name: &str) -> bool {
        let there = name.eq_ignore_ascii_case(PASSWORD) || name.eq_ignore_ascii_case(STATUS);
        !there && self.place(name).is_none()
    }

    /// Keeps what a new entry does not hold.
    async fn keep_beside(
        &self,
        id: &str,
        values: &BTreeMap<Arc<str>, Value>,
        once: Once<'_>,
    ) -> Result<(), IdentityError> {
        let changes = values.iter().filter(|(name, _)| self.is_beside(name));
        let changes = changes.map(|(name, value)| (Arc::clone(name), Change::Set(value.clone())));
        self.change_beside(id, changes.collect(), later(once)).await
    }

    async fn change_beside(
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

    async fn patch_now(
        &self,
        patch: &PatchIdentity,
        once: Once<'_>,
    ) -> Result<Outcome, IdentityError> {
        known_resource(&patch.resource)?;
        if let Some(wrote) = self.store.changed_before(once.id)? {
            return self.outcome(wrote, &patch.attributes).await;
        }
        let Some(known) = self.entry(&patch.who).await? else {
            return Ok(Outcome::Nobody);
        };
        self.note(&known).await?;
        let before = self.all_of(&known)?;
        let values = self.schema.changed(&before, &patch.changes);
        let mut values = values.map_err(|error| IdentityError::Other(error.to_string()))?;
        // The same name is no change; another one would be another entry.
        let name = self.schema.name();
        if let Some(renamed) = values.remove(name)
            && renamed.as_text() != Some(known.name.as_str())
        {
            return Ok(Outcome::Refused(vec![Unmet {
                attribute: Arc::clone(name),
                ..unmet("READ_ONLY")
            }]));
        }
        let taken = self.taken(&values, Some(&known.id)).await?;
        let Ok(refused) = self.schema.refuses(&values, &before, &taken);
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        let written = self.written(&values)?;
        if !written.is_empty() {
            let write = Write::Replace(known.entry.dn.clone(), written);
            match self.client.write(write).await {
                Ok(()) => {}
                Err(LdapError::Refused {
                    code: CONSTRAINT, ..
                }) if find(&values, PASSWORD).is_some() => {
                    return Ok(Outcome::Refused(vec![unmet("PASSWORD_QUALITY")]));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut beside = patch.changes.clone();
        beside.retain(|(name, _)| self.is_beside(name));
        self.change_beside(&known.id, beside, later(once)).await?;
        let is_new = find(&values, PASSWORD).is_some();
        self.end(&known.id, is_new, once).await?;
        self.outcome(Wrote::Subject(known.id), &patch.attributes)
            .await
    }

    /// Notes that a change has happened, and what a new password makes void.
    async fn end(&self, id: &str, new: bool, once: Once<'_>) -> Result<(), IdentityError> {
        let (realm, id) = (self.realm.as_str().to_owned(), id.to_owned());
        let at = once.now.rfc3339();
        let change = move |db: &Connection| {
            if new && let Some(mut user) = identity::user_by_id(db, &realm, &id)? {
                let name = PASSWORD_DATE.to_owned();
                user.attributes.insert(name, Json::from(at));
                if let Some(key) = NameKey::of(&user.username) {
                    identity::put(db, &realm, &key, &user)?;
                }
                identity::forget_failures(db, &realm, &id, "password")?;
            }
            Ok(Wrote::Subject(id))
        };
        self.store.change_once(once.id, once.exp, change).await?;
        Ok(())
    }

    async fn outcome(&self, wrote: Wrote, wanted: &[Arc<str>]) -> Result<Outcome, IdentityError> {
        match wrote {
            Wrote::Subject(id) => {
                let who = Who::Subject(SubjectId(Arc::from(id)));
                Ok(match self.entry(&who).await? {
                    Some(known) => {
                        self.note(&known).await?;
                        Outcome::Written(self.identity(&known, wanted)?)
                    }
                    None => Outcome::Nobody,
                })
            }
            Wrote::Nobody => Ok(Outcome::Nobody),
            Wrote::Refused(_) => Ok(Outcome::Refused(Vec::new())),
            Wrote::Failed(message) => Err(IdentityError::Other(message)),
        }
    }

    async fn judge_now(&self, judge: &Judge) -> Result<Vec<Judgement>, IdentityError> {
        known_resource(&judge.resource)?;
        let known = match &judge.who {
            Some(who) => self.entry(who).await?,
            None => None,
        };
        let mut all = match &known {
            Some(known) => self.all_of(known)?,
            None => BTreeMap::new(),
        };
        let values = self.schema.made(&judge.values);
        for (name, value) in &values {
            all.retain(|known, _| !known.eq_ignore_ascii_case(name));
            all.insert(Arc::clone(name), value.clone());
        }
        let but = known.as_ref().map(|known| known.id.as_str());
        let taken = self.taken(&values, but).await?;
        let asked = self.schema.asked(&judge.attributes);
        let judged = asked.into_iter().map(|name| {
            let Ok(judged) = self.schema.judge(name, find(&values, name), &all, &taken);
            judged
        });
        Ok(judged.collect())
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
}

/// The same effect's second write.
fn later(once: Once<'_>) -> Once<'_> {
    let mut once = once;
    once.id.ordinal |= 1 << 30;
    once
}

fn known_resource(resource: &Arc<str>) -> Result<(), IdentityError> {
    if is_users(resource) {
        Ok(())
    } else {
        Err(IdentityError::Resource(Arc::clone(resource)))
    }
}

/// A value as texts; `None` where it cannot be some. What is gone has none.
fn texts_of(value: &Value) -> Option<HashSet<String>> {
    let one = |value: &Value| match value {
        Value::Text(text) => Some(text.to_string()),
        Value::Int(number) => Some(number.to_string()),
        Value::Bool(true) => Some("TRUE".to_owned()),
        Value::Bool(false) => Some("FALSE".to_owned()),
        _ => None,
    };
    let mut texts = match value {
        Value::Null => HashSet::new(),
        Value::List(list) => list.iter().map(one).collect::<Option<HashSet<_>>>()?,
        other => HashSet::from([one(other)?]),
    };
    texts.remove("");
    Some(texts)
}

/// Somebody who was found.
#[derive(Debug)]
struct Known {
    entry: Entry,
    id: String,
    name: String,
    active: bool,
}

/// The attributes, in small letters, whose values another has.
struct Taken(BTreeSet<String>);

impl Judged for Taken {
    type Error = std::convert::Infallible;

    fn is_taken(&self, attribute: &Attribute, _: &str) -> Result<bool, Self::Error> {
        Ok(self.0.contains(&attribute.name.to_ascii_lowercase()))
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
            let profile = self.all_of(&known)?;
            let shown = profile.iter();
            let attributes = shown
                .filter_map(|(name, value)| Some((Arc::clone(name), seen(value)?)))
                .collect();
            Ok(Some(Identity {
                attributes,
                ..self.identity(&known, &[])?
            }))
        })
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

//! The store of identities in the server's own database.
//!
//! Values are judged before anything is hashed, and once more in the transaction that writes them, against
//! what is there then. Of secrets only argon2 hashes are kept, apart from the attributes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use unicode_normalization::UnicodeNormalization as _;
use wayfare::{
    Realm, Secret, SubjectId, Timestamp, Value,
    engine::{
        callback::FailedPolicy,
        effect::{
            Change, CreateIdentity, FindIdentity, Identity, Judge, Judgement, PatchIdentity,
            RETRIES, Unmet, Who,
        },
    },
    filter::folded,
};
use wayfare_profile::{
    Attribute, CREATED, ID, PASSWORD, PASSWORD_DATE, STATUS, Schema, Store as Judged, answer_key,
    answer_place, compared_texts, find, is_active, secrets, seen,
};

use super::{
    Done, Hasher, Identities, IdentityError, Once, Outcome, Typed,
    json::{json as kept_json, value},
    judged, known_resource, picked, plan, shown, stamped,
};
use crate::{
    clock::drawn,
    hash::Against,
    store::{
        Store, StoreError, ending,
        entry::{self, Next},
        identity::{self, Hashed, Wrote},
        user::{NameKey, User},
    },
};

/// How many users a search looks at that goes by no index, or by one that tells too few apart.
pub const SCAN_MAX: usize = 10_000;
/// How many bytes the attributes of a user may have.
pub const OBJECT_BYTES_MAX: usize = 256 * 1024;
/// How many secrets one change may hash.
pub const SECRETS_MAX: usize = 16;

/// The attributes that hold the name as it was before there were schemas.
const NAMES: [&str; 2] = ["uid", "username"];

/// The identities of one realm in the server's own database.
#[derive(Debug, Clone)]
pub struct Embedded {
    store: Store,
    realm: Realm,
    schema: Arc<Schema>,
    indexed: Arc<BTreeSet<String>>,
    reserved: Arc<BTreeSet<NameKey>>,
    name_follows: Option<Arc<str>>,
}

impl Embedded {
    /// The identities of a realm by this schema; the index is built where it is not that of the schema.
    ///
    /// # Errors
    /// The database fails.
    pub fn open(store: Store, realm: Realm, schema: Arc<Schema>) -> Result<Self, StoreError> {
        let indexed: BTreeSet<String> = schema
            .attributes()
            .iter()
            .filter(|attribute| {
                (attribute.searchable || attribute.unique || attribute.name == *schema.name())
                    && !attribute.secret
            })
            .map(|attribute| attribute.name.to_ascii_lowercase())
            .chain(["username".to_owned()])
            .collect();
        store.index_users(&realm, indexed.clone())?;
        Ok(Self {
            store,
            realm,
            schema,
            indexed: Arc::new(indexed),
            reserved: Arc::default(),
            name_follows: None,
        })
    }

    /// With names that no run gives anybody: those of administrators, who are told by their names.
    pub fn reserving<'n>(mut self, names: impl IntoIterator<Item = &'n str>) -> Self {
        self.reserved = Arc::new(names.into_iter().filter_map(NameKey::of).collect());
        self
    }

    /// With an attribute that the names of those follow who are called by it: where a user's name is the value
    /// and that is changed, the name is, too.
    pub fn following(mut self, attribute: Option<&str>) -> Self {
        self.name_follows = attribute.map(Arc::from);
        self
    }

    /// Whether no run gives anybody this name.
    pub(super) fn is_reserved(&self, name: &NameKey) -> bool {
        self.reserved.contains(name)
    }

    /// Whether another user than this one has a text at an attribute.
    pub(super) fn has_another(
        &self,
        attribute: &Attribute,
        text: &str,
        but: Option<&str>,
    ) -> Result<bool, StoreError> {
        self.store
            .read(|db| Others::new(self, db, but).is_taken(attribute, text))
    }

    fn user(&self, who: &Who) -> Result<Option<User>, StoreError> {
        match who {
            Who::Name(name) => match NameKey::of(name) {
                Some(key) => self.store.user(&self.realm, &key),
                None => Ok(None),
            },
            Who::Subject(SubjectId(id)) => self.store.user_by_id(&self.realm, id),
        }
    }

    fn identity(&self, user: &User, wanted: &[Arc<str>]) -> Identity {
        let attributes = if wanted.is_empty() {
            BTreeMap::new()
        } else {
            picked(&profile(&self.schema, user), wanted)
        };
        Identity {
            subject: SubjectId(Arc::from(&*user.id)),
            username: Arc::from(&*user.username),
            active: user.active,
            attributes,
        }
    }

    fn find_now(&self, wanted: &FindIdentity) -> Result<Option<Identity>, IdentityError> {
        let mut first: Option<User> = None;
        let mut several = false;
        let mut looked_at = 0;
        for lookup in plan(&wanted.filter, &self.indexed) {
            self.store.look_up(&self.realm, &lookup, |user| {
                looked_at += 1;
                if looked_at > SCAN_MAX {
                    return Next::Stop;
                }
                let again = first.as_ref().is_some_and(|first| first.id == user.id);
                if again || !wanted.filter.matches(&profile(&self.schema, &user)) {
                    return Next::More;
                }
                several = first.is_some();
                first.get_or_insert(user);
                if several { Next::Stop } else { Next::More }
            })?;
            if several {
                return Ok(None);
            }
            if looked_at > SCAN_MAX {
                return Err(IdentityError::TooMany { most: SCAN_MAX });
            }
        }
        Ok(first.map(|user| self.identity(&user, &wanted.attributes)))
    }

    async fn create_now(
        &self,
        create: &CreateIdentity,
        once: Once<'_>,
    ) -> Result<Outcome, IdentityError> {
        known_resource(&create.resource)?;
        if let Some(wrote) = self.store.changed_before(once.id)? {
            return self.outcome(wrote, &[]);
        }
        let values = self.schema.made(&create.attributes);
        let refused = self.store.read(|db| {
            let others = Others::new(self, db, None);
            self.schema.refuses_new(&values, &others)
        })?;
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        let hashed = hash_all(&values, once.hasher).await?;
        let id = drawn().map_err(|_| IdentityError::Other("there is no randomness".to_owned()))?;
        let id: [u8; 16] = id;
        let made = Making {
            identities: self.clone(),
            values,
            hashed,
            now: once.now,
            id: URL_SAFE_NO_PAD.encode(id),
        };
        let change = move |db: &Connection| made.write(db);
        let wrote = self.store.change_once(once.id, once.exp, change).await?;
        self.outcome(wrote, &[])
    }

    async fn patch_now(
        &self,
        patch: &PatchIdentity,
        once: Once<'_>,
    ) -> Result<Outcome, IdentityError> {
        known_resource(&patch.resource)?;
        if let Some(wrote) = self.store.changed_before(once.id)? {
            return self.outcome(wrote, &patch.attributes);
        }
        let Some(user) = self.user(&patch.who)? else {
            return Ok(Outcome::Nobody);
        };
        let before = profile(&self.schema, &user);
        let values = self.changed(&before, &patch.changes)?;
        let refused = self.store.read(|db| {
            let others = Others::new(self, db, Some(&user.id));
            self.schema.refuses(&values, &before, &others)
        })?;
        if !refused.is_empty() {
            return Ok(Outcome::Refused(refused));
        }
        let changing = Changing {
            identities: self.clone(),
            id: user.id,
            changes: patch.changes.clone(),
            hashed: hash_all(&values, once.hasher).await?,
            now: once.now,
            spared: once.spared.map(str::to_owned),
            run: once.id.run,
        };
        let change = move |db: &Connection| changing.write(db);
        let wrote = self.store.change_once(once.id, once.exp, change).await?;
        self.outcome(wrote, &patch.attributes)
    }

    fn changed(
        &self,
        before: &BTreeMap<Arc<str>, Value>,
        changes: &[(Arc<str>, Change)],
    ) -> Result<BTreeMap<Arc<str>, Value>, IdentityError> {
        let after = self.schema.changed(before, changes);
        let mut after = after.map_err(|error| IdentityError::Other(error.to_string()))?;
        if let Some(name) = self.followed(before, &after) {
            after.insert(Arc::clone(self.schema.name()), name);
        }
        Ok(after)
    }

    /// The new name of a user who is called by what is changed.
    fn followed(
        &self,
        before: &BTreeMap<Arc<str>, Value>,
        after: &BTreeMap<Arc<str>, Value>,
    ) -> Option<Value> {
        let attribute = self.name_follows.as_deref()?;
        let name = self.schema.name();
        let (old, new) = (find(before, attribute)?, find(after, attribute)?);
        let is_name = NameKey::of(old.as_text()?) == NameKey::of(find(before, name)?.as_text()?);
        let changes = old != new && !new.as_text()?.is_empty();
        (is_name && changes && find(after, name).is_none()).then(|| new.clone())
    }

    fn outcome(&self, wrote: Wrote, wanted: &[Arc<str>]) -> Result<Outcome, IdentityError> {
        match wrote {
            Wrote::Subject(id) => Ok(match self.store.user_by_id(&self.realm, &id)? {
                Some(user) => Outcome::Written(self.identity(&user, wanted)),
                None => Outcome::Nobody,
            }),
            Wrote::Refused(why) => Ok(Outcome::Refused(unmet_of(&why))),
            Wrote::Nobody => Ok(Outcome::Nobody),
            Wrote::Failed(message) => Err(IdentityError::Other(message)),
        }
    }

    fn judge_now(&self, judge: &Judge) -> Result<Vec<Judgement>, IdentityError> {
        known_resource(&judge.resource)?;
        let user = match &judge.who {
            Some(who) => self.user(who)?,
            None => None,
        };
        let all = match &user {
            Some(user) => profile(&self.schema, user),
            None => BTreeMap::new(),
        };
        let judged = self.store.read(|db| {
            let others = Others::new(self, db, user.as_ref().map(|user| &*user.id));
            judged(&self.schema, judge, &all, &others)
        })?;
        Ok(judged)
    }

    async fn compare_now(
        &self,
        whose: Option<&SubjectId>,
        typed: Typed<'_>,
        hasher: Hasher<'_>,
    ) -> Result<bool, IdentityError> {
        let user = match whose {
            Some(SubjectId(id)) => self.store.user_by_id(&self.realm, id)?,
            None => None,
        };
        match typed {
            Typed::Password(typed) => {
                let stored = user.and_then(|user| user.password);
                let against = against(stored.filter(|_| !typed.reveal().is_empty()));
                hasher.verify(typed, against).await
            }
            Typed::Answers { attribute, answers } => {
                let mut all = !answers.is_empty();
                for (question, answer) in answers {
                    let stored = match &user {
                        Some(user) => self.answer_of(user, attribute, question)?,
                        None => None,
                    };
                    let typed = answer_key(answer);
                    let stored = stored.filter(|_| !typed.reveal().is_empty());
                    // All of them are compared, so that nobody learns which one was wrong.
                    all &= hasher.verify(&typed, against(stored)).await?;
                }
                Ok(all)
            }
        }
    }

    fn answer_of(
        &self,
        user: &User,
        attribute: &str,
        question: &str,
    ) -> Result<Option<String>, StoreError> {
        let Some(Json::Array(list)) = user.attribute(attribute) else {
            return Ok(None);
        };
        let asked = |entry: &Json| {
            let asked = entry
                .get("questionId")
                .or_else(|| entry.get("customQuestion"));
            asked.and_then(Json::as_str) == Some(question)
        };
        match list.iter().position(asked) {
            Some(at) => {
                let attribute = attribute.to_ascii_lowercase();
                self.store.secret(&user.id, &attribute, &answer_place(at))
            }
            None => Ok(None),
        }
    }
}

impl Identities for Embedded {
    fn read<'a>(&'a self, who: &'a Who, wanted: &'a [Arc<str>]) -> Done<'a, Option<Identity>> {
        Box::pin(async move {
            let user = self.user(who)?;
            Ok(user.map(|user| self.identity(&user, wanted)))
        })
    }

    fn profile<'a>(&'a self, who: &'a Who) -> Done<'a, Option<Identity>> {
        Box::pin(async move {
            let user = self.user(who)?;
            Ok(user.map(|user| Identity {
                attributes: shown(&profile(&self.schema, &user)),
                ..self.identity(&user, &[])
            }))
        })
    }

    fn is_viewable(&self, attribute: &str) -> bool {
        let known = self.schema.attribute(attribute);
        known.is_none_or(Attribute::is_viewable)
    }

    fn find<'a>(&'a self, wanted: &'a FindIdentity) -> Done<'a, Option<Identity>> {
        Box::pin(async move {
            let (identities, wanted) = (self.clone(), wanted.clone());
            // It may be many rows: whoever waits for others' steps must not wait for them.
            let found = tokio::task::spawn_blocking(move || identities.find_now(&wanted)).await;
            found.unwrap_or_else(|error| Err(IdentityError::Other(error.to_string())))
        })
    }

    fn create<'a>(&'a self, create: &'a CreateIdentity, once: Once<'a>) -> Done<'a, Outcome> {
        Box::pin(self.create_now(create, once))
    }

    fn patch<'a>(&'a self, patch: &'a PatchIdentity, once: Once<'a>) -> Done<'a, Outcome> {
        Box::pin(self.patch_now(patch, once))
    }

    fn judge<'a>(&'a self, judge: &'a Judge) -> Done<'a, Vec<Judgement>> {
        Box::pin(async move { self.judge_now(judge) })
    }

    fn set_status<'a>(&'a self, who: &'a Who, active: bool) -> Done<'a, bool> {
        Box::pin(async move {
            match self.user(who)? {
                Some(user) => Ok(self.store.set_active(&self.realm, user.id, active).await?),
                None => Ok(false),
            }
        })
    }

    fn logged_in<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, ()> {
        Box::pin(async move {
            let counts = |user: &User| user.attributes.keys().any(|name| name.starts_with(RETRIES));
            let user = self.store.user_by_id(&self.realm, &whose.0)?;
            if !user.as_ref().is_some_and(counts) {
                return Ok(());
            }
            let (realm, id) = (self.realm.as_str().to_owned(), whose.0.to_string());
            let forget =
                move |db: &Connection| identity::forget_attributes(db, &realm, &id, RETRIES);
            Ok(self.store.write(forget).await?)
        })
    }

    fn stamp<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, Option<String>> {
        Box::pin(async move {
            let user = self.store.user_by_id(&self.realm, &whose.0)?;
            Ok(user.map(|user| {
                let mut what = user.password.unwrap_or_default();
                // Who has never given up all cookies has those from before that could be done.
                if let Some(times) = user.attributes.get(identity::COOKIES) {
                    let _ = write!(what, "\n{times}");
                }
                stamped(&user.id, &what)
            }))
        })
    }

    fn has_password<'a>(&'a self, whose: &'a SubjectId) -> Done<'a, Option<bool>> {
        Box::pin(async move {
            let user = self.store.user_by_id(&self.realm, &whose.0)?;
            Ok(Some(user.is_some_and(|user| user.password.is_some())))
        })
    }

    fn compare<'a>(
        &'a self,
        whose: Option<&'a SubjectId>,
        typed: Typed<'a>,
        hasher: Hasher<'a>,
    ) -> Done<'a, bool> {
        Box::pin(self.compare_now(whose, typed, hasher))
    }
}

fn against(stored: Option<String>) -> Against {
    stored.map_or(Against::Nothing, Against::Stored)
}

/// All that is known of a user, by the names of the schema; that there is a password is all of it.
fn profile(schema: &Schema, user: &User) -> BTreeMap<Arc<str>, Value> {
    let mut profile: BTreeMap<Arc<str>, Value> = user
        .attributes
        .iter()
        .filter_map(|(name, kept)| Some((schema.spelled(&Arc::from(&**name)), value(kept)?)))
        .collect();
    if user.password.is_some() {
        profile.insert(Arc::from(PASSWORD), Value::Secret(Secret::from("")));
    }
    let status = if user.active { "active" } else { "inactive" };
    profile.insert(schema.spelled(&Arc::from(STATUS)), Value::text(status));
    profile.insert(Arc::from(ID), Value::text(&*user.id));
    profile.insert(Arc::clone(schema.name()), Value::text(&*user.username));
    profile
}

async fn hash_all(
    values: &BTreeMap<Arc<str>, Value>,
    hasher: Hasher<'_>,
) -> Result<Vec<Hashed>, IdentityError> {
    let all: Vec<(String, String, Secret<String>)> = values
        .iter()
        .flat_map(|(name, value)| {
            let name = name.to_ascii_lowercase();
            let found = secrets(value).into_iter();
            found.map(move |(place, secret)| (name.clone(), place, secret))
        })
        .collect();
    if all.len() > SECRETS_MAX {
        return Err(IdentityError::Other(format!(
            "more than {SECRETS_MAX} secrets are to be written at once"
        )));
    }
    let mut made = Vec::with_capacity(all.len());
    for (attribute, place, secret) in all {
        let hash = hasher.hash(&secret).await?;
        made.push(Hashed {
            attribute,
            place,
            hash,
        });
    }
    Ok(made)
}

/// The users of a realm as a connection sees them, one of them left out.
struct Others<'a> {
    realm: &'a str,
    name: &'a str,
    reserved: &'a BTreeSet<NameKey>,
    db: &'a Connection,
    but: Option<&'a str>,
}

impl<'a> Others<'a> {
    fn new(identities: &'a Embedded, db: &'a Connection, but: Option<&'a str>) -> Self {
        Self {
            realm: identities.realm.as_str(),
            name: identities.schema.name(),
            reserved: &identities.reserved,
            db,
            but,
        }
    }
}

impl Judged for Others<'_> {
    type Error = rusqlite::Error;

    fn is_taken(&self, attribute: &Attribute, text: &str) -> Result<bool, rusqlite::Error> {
        if *attribute.name == *self.name {
            // A name that can be nobody's is as good as taken.
            let Some(key) = NameKey::of(text) else {
                return Ok(true);
            };
            let holder = identity::id_by_name(self.db, self.realm, &key)?;
            return Ok(match holder {
                Some(holder) => Some(&*holder) != self.but,
                None => self.reserved.contains(&key),
            });
        }
        let text: String = folded(&text.nfc().collect::<String>());
        let has = |kept: &Json| {
            let kept = value(kept).map_or_else(Vec::new, |kept| compared_texts(&kept));
            kept.iter().any(|kept| folded(kept) == text)
        };
        let mut taken = false;
        entry::holders(self.db, self.realm, &attribute.name, &text, |user| {
            let other = Some(&*user.id) != self.but;
            taken = other && user.attribute(&attribute.name).is_some_and(has);
            if taken { Next::Stop } else { Next::More }
        })?;
        Ok(taken)
    }
}

/// A user to be made.
struct Making {
    identities: Embedded,
    values: BTreeMap<Arc<str>, Value>,
    hashed: Vec<Hashed>,
    now: Timestamp,
    id: String,
}

impl Making {
    fn write(self, db: &Connection) -> rusqlite::Result<Wrote> {
        let schema = &self.identities.schema;
        let others = Others::new(&self.identities, db, None);
        let refused = schema.refuses_new(&self.values, &others)?;
        if !refused.is_empty() {
            return Ok(Wrote::Refused(text_of(&refused)));
        }
        let mut user = User {
            id: self.id,
            username: String::new(),
            active: true,
            attributes: BTreeMap::from([(CREATED.to_owned(), Json::from(self.now.rfc3339()))]),
            password: None,
        };
        let realm = self.identities.realm.as_str();
        put(
            db,
            realm,
            schema,
            &mut user,
            &self.values,
            &self.hashed,
            self.now,
        )
    }
}

/// A user to be changed.
struct Changing {
    identities: Embedded,
    id: String,
    changes: Vec<(Arc<str>, Change)>,
    hashed: Vec<Hashed>,
    now: Timestamp,
    /// The session that stays where a new password ends the others.
    spared: Option<String>,
    /// The run that changes it.
    run: u128,
}

impl Changing {
    fn write(self, db: &Connection) -> rusqlite::Result<Wrote> {
        let (schema, realm) = (&self.identities.schema, self.identities.realm.as_str());
        // As it is now: others may have changed it since it was read.
        let Some(mut user) = identity::user_by_id(db, realm, &self.id)? else {
            return Ok(Wrote::Nobody);
        };
        let before = profile(schema, &user);
        let values = match self.identities.changed(&before, &self.changes) {
            Ok(values) => values,
            Err(error) => return Ok(Wrote::Failed(error.to_string())),
        };
        let others = Others::new(&self.identities, db, Some(&self.id));
        let refused = schema.refuses(&values, &before, &others)?;
        if !refused.is_empty() {
            return Ok(Wrote::Refused(text_of(&refused)));
        }
        let wrote = put(
            db,
            realm,
            schema,
            &mut user,
            &values,
            &self.hashed,
            self.now,
        )?;
        let new_password = values
            .keys()
            .any(|name| name.eq_ignore_ascii_case(PASSWORD));
        if new_password && matches!(wrote, Wrote::Subject(_)) {
            // Who had the old one may have more than it.
            ending::all(db, realm, &self.id, self.spared.as_deref(), Some(self.run))?;
        }
        Ok(wrote)
    }
}

/// Writes values to where a user keeps them, and the user to the store.
fn put(
    db: &Connection,
    realm: &str,
    schema: &Schema,
    user: &mut User,
    values: &BTreeMap<Arc<str>, Value>,
    hashed: &[Hashed],
    now: Timestamp,
) -> rusqlite::Result<Wrote> {
    for (name, value) in values {
        if name == schema.name() {
            if let Value::Text(text) = value {
                user.username = text.to_string();
                for name in NAMES {
                    user.attributes.insert(name.to_owned(), Json::from(&**text));
                }
            }
        } else if name.eq_ignore_ascii_case(PASSWORD) {
            let mut own = hashed.iter().filter(|own| own.attribute == PASSWORD);
            user.password = own.next().map(|own| own.hash.clone());
            let at = Json::from(now.rfc3339());
            user.attributes.insert(PASSWORD_DATE.to_owned(), at);
            // Failures with the old one are nobody's now.
            identity::forget_failures(db, realm, &user.id, "password")?;
        } else if name.eq_ignore_ascii_case(STATUS) {
            user.active = is_active(value).unwrap_or(user.active);
        } else {
            let lower = name.to_ascii_lowercase();
            user.attributes
                .retain(|known, _| !known.eq_ignore_ascii_case(name));
            identity::put_secrets(db, &user.id, &lower, hashed)?;
            if hashed
                .iter()
                .any(|own| own.attribute == lower && own.place.ends_with("/answer"))
            {
                identity::forget_failures(db, realm, &user.id, "answers")?;
            }
            if let Some(value) = seen(value).filter(|value| *value != Value::Null) {
                let Some(json) = kept_json(&value) else {
                    return Ok(Wrote::Failed(format!("`{name}` holds what cannot be kept")));
                };
                user.attributes.insert(name.to_string(), json);
            }
        }
    }
    let Some(key) = NameKey::of(&user.username) else {
        return Ok(Wrote::Failed("the name can be nobody's".to_owned()));
    };
    if identity::bytes_of(&user.attributes) > OBJECT_BYTES_MAX {
        return Ok(Wrote::Failed(format!(
            "the attributes would be more than {OBJECT_BYTES_MAX} bytes"
        )));
    }
    identity::put(db, realm, &key, user)?;
    Ok(Wrote::Subject(user.id.clone()))
}

/// Reasons as they are noted with an effect.
fn text_of(unmet: &[Unmet]) -> String {
    let one = |unmet: &Unmet| {
        let failed = unmet.failed.iter();
        let failed: Vec<Json> = failed
            .map(|failed| json!([&*failed.requirement, failed.params]))
            .collect();
        json!([&*unmet.attribute, failed])
    };
    Json::Array(unmet.iter().map(one).collect()).to_string()
}

fn unmet_of(text: &str) -> Vec<Unmet> {
    type Noted = Vec<(String, Vec<(String, Json)>)>;
    let noted: Noted = serde_json::from_str(text).unwrap_or_default();
    let failed = |(requirement, params): (String, Json)| FailedPolicy {
        requirement: Arc::from(requirement),
        params,
    };
    noted
        .into_iter()
        .map(|(attribute, all)| Unmet {
            attribute: Arc::from(attribute),
            failed: all.into_iter().map(failed).collect(),
        })
        .collect()
}

//! How a world keeps identities: finds one, makes one, changes one, judges values by its schema.
//!
//! All of a change happens or nothing of it. Values of secret attributes go in and are compared; they never
//! come out, not even as hashes, as those of a server.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

use wayfare::{
    EffectReply, Secret, SubjectId, Timestamp, Value,
    engine::effect::{Change, CreateIdentity, FindIdentity, Identity, Judge, PatchIdentity, Who},
    filter::folded,
};
use wayfare_profile::{
    Attribute, CREATED, ID, PASSWORD, PASSWORD_DATE, STATUS, Schema, Store, compared_texts, find,
    is_active, is_users, secrets, seen,
};

use crate::{lockout::Kind, name, user::User, world::World};

/// The users of a world, one of them left out: the one whose values are judged.
struct Others<'w> {
    world: &'w World,
    schema: &'w Schema,
    but: Option<&'w SubjectId>,
}

impl Store for Others<'_> {
    type Error = Infallible;

    fn is_taken(&self, attribute: &Attribute, text: &str) -> Result<bool, Infallible> {
        let is_name = attribute.name == *self.schema.name();
        let key = name::key(text);
        if is_name && key.is_none() {
            // A name that can be nobody's is as good as taken.
            return Ok(true);
        }
        let has = |value: &Value| {
            let mut others = compared_texts(value).into_iter();
            others.any(|other| folded(&other) == folded(text))
        };
        let mut others = self.world.users.values();
        Ok(others.any(|user| {
            if Some(&user.subject) == self.but {
                return false;
            }
            if is_name {
                return name::key(&user.username) == key;
            }
            match find(&self.world.profile(user), &attribute.name) {
                Some(value) => has(value),
                None => false,
            }
        }))
    }
}

impl World {
    /// The schema of the users.
    pub fn user_schema(&self) -> Arc<Schema> {
        self.schema.clone().unwrap_or_else(Schema::standard)
    }

    /// All that is known of a user, by the names of the schema; secrets are there as such.
    pub fn profile(&self, user: &User) -> BTreeMap<Arc<str>, Value> {
        let schema = self.user_schema();
        let given = user.attributes.iter();
        let given = given
            .map(|(name, value)| (Arc::from(&**name), value.clone()))
            .collect();
        let mut profile = schema.overlaid(&BTreeMap::new(), &given);
        if let Some(password) = &user.password {
            profile.insert(Arc::from(PASSWORD), Value::Secret(password.clone()));
        }
        let status = if user.active { "active" } else { "inactive" };
        profile.insert(Arc::from(STATUS), Value::text(status));
        profile.insert(Arc::from(ID), Value::Text(Arc::clone(&user.subject.0)));
        let name = Arc::clone(schema.name());
        profile.insert(name, Value::Text(Arc::clone(&user.username)));
        profile
    }

    /// A user as a store gives it, with the attributes that are wanted, there and no secrets.
    pub fn identity(&self, user: &User, wanted: &[Arc<str>]) -> Identity {
        let profile = self.profile(user);
        Identity {
            attributes: wanted
                .iter()
                .filter_map(|name| Some((Arc::clone(name), seen(find(&profile, name)?)?)))
                .collect(),
            ..user.identity(&[])
        }
    }

    pub(crate) fn find_identity(&self, wanted: &FindIdentity) -> EffectReply {
        let mut found = self
            .users
            .values()
            .filter(|user| wanted.filter.matches(&self.profile(user)));
        let first = found.next();
        let only = first.filter(|_| found.next().is_none());
        EffectReply::Identity(only.map(|user| self.identity(user, &wanted.attributes)))
    }

    pub(crate) fn create(&mut self, create: &CreateIdentity, now: Timestamp) -> EffectReply {
        if !is_users(&create.resource) {
            return unknown(&create.resource);
        }
        let schema = self.user_schema();
        let values = schema.made(&create.attributes);
        let others = Others {
            world: self,
            schema: &schema,
            but: None,
        };
        let Ok(unmet) = schema.refuses_new(&values, &others);
        let username = match find(&values, schema.name()) {
            Some(Value::Text(name)) if name::key(name).is_some() => Arc::clone(name),
            _ => return EffectReply::Refused(unmet),
        };
        if !unmet.is_empty() {
            return EffectReply::Refused(unmet);
        }
        let mut user = User::new(username);
        // Whoever had the name before and has another one now keeps the id.
        let taken = |id: &SubjectId| self.find_subject(id).is_some();
        // BOUND: one more than there are users.
        for number in 2..self.users.len() + 3 {
            if !taken(&user.subject) {
                break;
            }
            user.subject = SubjectId(Arc::from(format!("id-{}-{number}", user.username)));
        }
        put(&mut user, &schema, &values, now);
        user.attributes
            .insert(CREATED.to_owned(), Value::text(now.rfc3339()));
        let identity = self.identity(&user, &[]);
        self.users.insert(user.username.to_string(), user);
        EffectReply::Written(identity)
    }

    pub(crate) fn patch(&mut self, patch: &PatchIdentity, now: Timestamp) -> EffectReply {
        if !is_users(&patch.resource) {
            return unknown(&patch.resource);
        }
        let schema = self.user_schema();
        let Some((key, mut user)) = self.entry(&patch.who) else {
            return EffectReply::Identity(None);
        };
        let before = self.profile(&user);
        let values = match schema.changed(&before, &patch.changes) {
            Ok(values) => values,
            Err(error) => return EffectReply::Failed(error.to_string()),
        };
        let others = Others {
            world: self,
            schema: &schema,
            but: Some(&user.subject),
        };
        let Ok(unmet) = schema.refuses(&values, &before, &others);
        if !unmet.is_empty() {
            return EffectReply::Refused(unmet);
        }
        put(&mut user, &schema, &values, now);
        if find(&values, PASSWORD).is_some() {
            // Another password, another secret: failures with the old one are nobody's.
            self.counters
                .remove(&(user.subject.clone(), Kind::Password));
        }
        if values.values().any(has_answer) {
            self.counters.remove(&(user.subject.clone(), Kind::Answers));
        }
        let identity = self.identity(&user, &patch.attributes);
        self.users.remove(&key);
        self.users.insert(user.username.to_string(), user);
        EffectReply::Written(identity)
    }

    /// Gives somebody another password, whatever the policy had to say of the old one.
    pub(crate) fn change_password(
        &mut self,
        user: &User,
        new: &Secret<String>,
        now: Timestamp,
    ) -> EffectReply {
        let wanted = PatchIdentity {
            resource: Arc::from("managed/user"),
            who: Who::Subject(user.subject.clone()),
            changes: vec![(Arc::from(PASSWORD), Change::Set(Value::Secret(new.clone())))],
            attributes: Vec::new(),
        };
        let reply = self.patch(&wanted, now);
        if let EffectReply::Written(identity) = &reply {
            let mut users = self.users.values_mut();
            if let Some(user) = users.find(|user| user.subject == identity.subject) {
                user.password_state = None;
            }
        }
        reply
    }

    pub(crate) fn judge(&self, judge: &Judge) -> EffectReply {
        if !is_users(&judge.resource) {
            return unknown(&judge.resource);
        }
        let schema = self.user_schema();
        let user = judge.who.as_ref().and_then(|who| self.entry(who));
        let user = user.as_ref().map(|(_, user)| user);
        let all = user.map(|user| self.profile(user)).unwrap_or_default();
        let values = schema.made(&judge.values);
        let all = schema.overlaid(&all, &judge.values);
        let others = Others {
            world: self,
            schema: &schema,
            but: user.map(|user| &user.subject),
        };
        let judged = schema.asked(&judge.attributes).into_iter().map(|name| {
            let value = find(&values, name);
            let Ok(judged) = schema.judge(name, value, &all, &others);
            judged
        });
        EffectReply::Judged(judged.collect())
    }

    /// A user and the name it is kept under.
    fn entry(&self, who: &Who) -> Option<(String, User)> {
        let subject = match who {
            Who::Name(name) => &self.find(name)?.subject,
            Who::Subject(subject) => subject,
        };
        let mut users = self.users.iter();
        users
            .find(|(_, user)| user.subject == *subject)
            .map(|(key, user)| (key.clone(), user.clone()))
    }

    /// Does what a scripted reply says was made, without asking whether it may be.
    pub(crate) fn create_as_said(
        &mut self,
        create: &CreateIdentity,
        identity: &Identity,
        now: Timestamp,
    ) {
        let schema = self.user_schema();
        let mut user = User::new(Arc::clone(&identity.username));
        user.subject = identity.subject.clone();
        put(&mut user, &schema, &schema.made(&create.attributes), now);
        user.username = Arc::clone(&identity.username);
        self.users.insert(user.username.to_string(), user);
    }

    /// Does what a scripted reply says was changed, without asking whether it may be.
    pub(crate) fn patch_as_said(
        &mut self,
        who: &Who,
        changes: &[(Arc<str>, Change)],
        now: Timestamp,
    ) {
        let schema = self.user_schema();
        let Some((key, mut user)) = self.entry(who) else {
            return;
        };
        if let Ok(values) = schema.changed(&self.profile(&user), changes) {
            put(&mut user, &schema, &values, now);
            self.users.remove(&key);
            self.users.insert(user.username.to_string(), user);
        }
    }
}

/// Writes values to where a user keeps them.
fn put(user: &mut User, schema: &Schema, values: &BTreeMap<Arc<str>, Value>, now: Timestamp) {
    for (name, value) in values {
        if name.eq_ignore_ascii_case(PASSWORD) {
            user.password = match value {
                Value::Secret(password) => Some(password.clone()),
                _ => None,
            };
            let at = Value::text(now.rfc3339());
            user.attributes.insert(PASSWORD_DATE.to_owned(), at);
            continue;
        }
        if name.eq_ignore_ascii_case(STATUS) {
            user.active = is_active(value).unwrap_or(user.active);
            continue;
        }
        if name == schema.name() {
            if let Value::Text(text) = value {
                user.username = Arc::clone(text);
                for name in ["uid", "username"] {
                    let text = Value::Text(Arc::clone(text));
                    user.attributes.insert(name.to_owned(), text);
                }
            }
            continue;
        }
        user.attributes
            .retain(|known, _| !known.eq_ignore_ascii_case(name));
        if *value != Value::Null {
            user.attributes.insert(name.to_string(), value.clone());
        }
    }
}

fn unknown(resource: &str) -> EffectReply {
    EffectReply::Failed(format!("this world keeps no `{resource}`"))
}

/// Whether there are answers to security questions in it.
fn has_answer(value: &Value) -> bool {
    let mut places = secrets(value).into_iter().map(|(place, _)| place);
    places.any(|place| place.ends_with("/answer"))
}

//! Everything outside a run, in memory.
//!
//! In: effects. Out: replies, the same ones for the same effects, and what has happened, to be looked at
//! afterwards. How each effect is performed stands in `perform`. Work that only costs time, such as the
//! hash for a user that is not there, is not done here.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use wayfare::{
    AuthLevel, Effect, EffectReply, Secret, StartSession, SubjectId, Success, Timestamp, Value,
    engine::effect::{Document, EffectId, Message, RETRIES},
};
use wayfare_profile::Schema;

use crate::{
    backchannel::Transaction,
    lockout::{Counter, Kind, Lockout},
    name,
    session::Session,
    user::User,
};

/// A message that was taken for delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The node that sent it, as [`wayfare::engine::step::Call::node`] names it.
    pub node: Arc<str>,
    /// The message.
    pub message: Message,
    /// When.
    pub at: Timestamp,
}

impl Sent {
    /// The digits in the body that stand together, the longest of several, the first of those; a code
    /// that was sent.
    pub fn code(&self) -> Option<Secret<String>> {
        let body = self.message.body.reveal();
        let mut best = "";
        for digits in body.split(|c: char| !c.is_ascii_digit()) {
            if digits.len() > best.len() {
                best = digits;
            }
        }
        (!best.is_empty()).then(|| Secret::from(best))
    }
}

/// An effect that was performed, with its reply.
///
/// `Debug` hides passwords, codes and the bodies of messages, as those of [`Effect`] do.
#[derive(Debug, Clone, PartialEq)]
pub struct Performed {
    /// The node that wanted it, as [`wayfare::engine::step::Call::node`] names it.
    pub node: Arc<str>,
    /// Its id.
    pub effect_id: EffectId,
    /// What kind it is, see [`Effect::kind`].
    pub kind: &'static str,
    /// The effect.
    pub effect: Effect,
    /// What was replied.
    pub reply: EffectReply,
    /// When.
    pub at: Timestamp,
}

/// What the outside says to a node, whatever the world would have said.
#[derive(Debug, Clone, PartialEq)]
pub enum Scripted {
    /// This. What it says was done is done: a message that was `Sent` is in the outbox, a status that was
    /// `StatusSet(true)` is set.
    Reply(EffectReply),
    /// It cannot be done, with this message.
    Fail(String),
    /// Yes, in the form that fits the effect: the message is sent, the secret is right, the user is there.
    Yes,
    /// No, in the form that fits the effect: the message is not taken, the secret is wrong, nobody is there.
    No,
}

/// The people, sessions and mail outside a run, and all that was done there.
///
/// A world is a value: a clone is another world with the same past.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    /// The people, by name. Names are compared as the server compares them.
    pub users: BTreeMap<String, User>,
    /// The sessions, by handle.
    pub sessions: BTreeMap<Arc<str>, Session>,
    /// The messages that were taken for delivery, in order.
    pub outbox: Vec<Sent>,
    /// The effects that were performed, in order.
    pub performed: Vec<Performed>,
    /// What the outside says next to a node, by the name that [`wayfare::engine::step::Call::node`] has;
    /// each is said once.
    pub replies: BTreeMap<Arc<str>, VecDeque<Scripted>>,
    /// What every effect of an embedder's own is replied with, by its kind, and what every node outside
    /// says, by the name of its type, where nothing is scripted.
    pub custom: BTreeMap<Arc<str>, EffectReply>,
    /// The effects that fail, by their number in this world, from 0.
    pub failing: BTreeSet<usize>,
    /// When failures lock an account.
    pub lockout: Lockout,
    /// What profiles of users may hold; the schema of users where none is given, see [`Schema::standard`].
    pub schema: Option<Arc<Schema>>,
    /// The documents of the realm.
    pub documents: BTreeMap<Document, Value>,
    pub(crate) counters: BTreeMap<(SubjectId, Kind), Counter>,
    pub(crate) done: BTreeMap<EffectId, EffectReply>,
    /// How nodes ended that ask which providers there are, where a test said it in a word: a page asks them again
    /// in each round.
    pub(crate) chosen: BTreeMap<Arc<str>, EffectReply>,
    pub(crate) transactions: BTreeMap<Arc<str>, Transaction>,
    made: u64,
}

impl World {
    /// A world without anybody.
    pub fn new() -> Self {
        Self::default()
    }

    /// A world with the user `demo`, whose password is `Ch4ng31t` and whose mail is `demo@example.com`.
    pub fn demo() -> Self {
        let demo = User::new("demo").password("Ch4ng31t");
        Self::new().user(demo.attribute("mail", "demo@example.com"))
    }

    /// With this user, in place of one with the same name.
    pub fn user(mut self, user: User) -> Self {
        self.users.insert(String::from(&*user.username), user);
        self
    }

    /// With this schema of users.
    pub fn schema(mut self, schema: Schema) -> Self {
        self.schema = Some(Arc::new(schema));
        self
    }

    /// With this document.
    pub fn document(mut self, document: Document, value: Value) -> Self {
        self.documents.insert(document, value);
        self
    }

    /// With this said to a node, after what is to be said to it already.
    pub fn reply(mut self, node: impl Into<Arc<str>>, scripted: Scripted) -> Self {
        self.script(node, scripted);
        self
    }

    /// With this reply to every effect of this kind, see [`wayfare::engine::effect::Custom::kind`], or to
    /// every node of this type, see [`wayfare::engine::effect::External::name`]; an outcome by its name is
    /// enough there: `EffectReply::Custom(Value::text("low"))`.
    pub fn answers(mut self, kind: impl Into<Arc<str>>, reply: EffectReply) -> Self {
        self.custom.insert(kind.into(), reply);
        self
    }

    /// Has this said to a node, after what is to be said to it already.
    pub fn script(&mut self, node: impl Into<Arc<str>>, scripted: Scripted) {
        self.replies
            .entry(node.into())
            .or_default()
            .push_back(scripted);
    }

    /// The user of this name, letter case and forms of letters aside.
    pub fn find(&self, name: &str) -> Option<&User> {
        let key = name::key(name)?;
        self.users.get(name).or_else(|| {
            let mut users = self.users.values();
            users.find(|user| name::key(&user.username).as_deref() == Some(&*key))
        })
    }

    /// The user with this id.
    pub fn find_subject(&self, subject: &SubjectId) -> Option<&User> {
        self.users.values().find(|user| user.subject == *subject)
    }

    /// The failures of a subject with one kind of secret.
    pub fn counter(&self, subject: &SubjectId, kind: Kind) -> Counter {
        let key = (subject.clone(), kind);
        self.counters.get(&key).copied().unwrap_or_default()
    }

    /// Makes a session of a user, as if it had been proved, and gives its handle; `None` without the user.
    pub fn open_session(
        &mut self,
        username: &str,
        level: AuthLevel,
        now: Timestamp,
    ) -> Option<Arc<str>> {
        let user = self.find(username)?;
        let session = Session {
            subject: user.subject.clone(),
            username: Arc::clone(&user.username),
            level,
            created: now,
            services: Vec::new(),
            proved: true,
            properties: BTreeMap::new(),
        };
        Some(self.keep(session))
    }

    /// The session of this handle, as a start brings it along.
    pub fn start_session(&self, handle: &str) -> Option<StartSession> {
        let (handle, session) = self.sessions.get_key_value(handle)?;
        Some(session.start(handle))
    }

    /// Makes the session that a success asks for, in place of the one that it upgrades, and gives its
    /// handle; `None` where it asks for none.
    pub fn log_in(&mut self, success: &Success, now: Timestamp) -> Option<Arc<str>> {
        let subject = &success.subject.id;
        let mut users = self.users.values_mut();
        if success.proved
            && let Some(user) = users.find(|user| user.subject == *subject)
        {
            // Whoever got through has all tries again; of a name that was only typed nobody knows whose it is.
            user.attributes.retain(|name, _| !name.starts_with(RETRIES));
        }
        if success.no_session {
            return None;
        }
        if let Some(visitor) = &success.releases {
            self.sessions.remove(&visitor.0);
        }
        let replaced = success.upgrades.as_ref();
        let old = replaced.and_then(|session| self.sessions.remove(&session.0));
        let session = Session::of(success, now, old.as_ref());
        Some(self.keep(session))
    }

    fn keep(&mut self, session: Session) -> Arc<str> {
        self.made += 1;
        let handle: Arc<str> = Arc::from(format!("session-{}", self.made));
        self.sessions.insert(Arc::clone(&handle), session);
        handle
    }
}

//! What a node sees of the run it is visited by.
//!
//! A node reads and writes state, level and the answers of the end through this alone. Whatever it
//! writes is taken back when it ends in an error.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crate::{
    engine::{
        action::Subject,
        effect::Effect,
        error::NodeError,
        ground::Ground,
        host::Timestamp,
        limits::Limits,
        output::{Output, Remember},
        request::Request,
        script::Activation,
        start::StartSession,
        step::{Ending, Evidence},
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        level::AuthLevel,
        realm::Realm,
        text::LocalizedText,
        value::Value,
    },
};

/// What the engine does for a node; one implementation, behind a trait so that nodes compile alone.
pub(crate) trait World {
    fn shared(&self, key: KeyId) -> Option<&Value>;
    fn transient(&self, key: KeyId) -> Option<&Value>;
    fn secure(&self, key: KeyId) -> Option<&Value>;
    fn put_shared(&mut self, key: KeyId, value: Value);
    fn put_transient(&mut self, key: KeyId, value: Value);
    fn remove(&mut self, key: KeyId);
    fn key(&mut self, name: &str) -> KeyId;
    /// All of shared state that is not secret, sorted by key.
    fn shared_entries(&self) -> Vec<(Arc<str>, Value)>;
    fn object(&self, name: &str) -> Option<&Value>;
    fn put_object(&mut self, name: &str, value: Value, transient: bool);
    /// All attributes of the profile under construction.
    fn objects(&self) -> BTreeMap<Arc<str>, Value>;
    fn level(&self) -> AuthLevel;
    fn raise(&mut self, by: i64);
    fn target_level(&self) -> Option<AuthLevel>;
    fn may_reach(&self, outcome: OutcomeId, level: AuthLevel) -> bool;
    fn subject(&self) -> Option<&Subject>;
    fn session(&self) -> Option<&StartSession>;
    /// The transaction that the run is for.
    fn transaction(&self) -> Option<&Arc<str>>;
    /// What a provider told, as a node that proves a federation put it into the state.
    fn told(&self) -> Option<&Value>;
    fn challenge_subject(&self) -> Option<&Subject>;
    /// Opens a challenge that is for nobody yet, in place of any other.
    fn open_challenge(&mut self);
    /// Names whom the open challenge is for; closes it where it or the run has another subject.
    fn bind_challenge(&mut self, subject: &Subject);
    /// Never taken back, not even when the node then fails.
    fn close_challenge(&mut self);
    /// The same: what was shown was shown.
    fn hand_out_challenge(&mut self);
    /// Whether the code of the open challenge is nobody's and was shown to nobody.
    fn challenge_is_unsent(&self) -> bool;
    fn now(&mut self) -> Timestamp;
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NodeError>;
    fn realm(&self) -> &Realm;
    fn limits(&self) -> &Limits;
    fn request(&self) -> &Request;
    fn visit(&self) -> Option<&Value>;
    fn set_visit(&mut self, value: Option<Value>);
    fn memory(&self) -> Option<&Value>;
    fn set_memory(&mut self, value: Option<Value>);
    fn value(&self, setting: &SettingValue) -> Result<Value, NodeError>;
    fn session_property(&mut self, name: &str, value: Option<Value>) -> Result<(), NodeError>;
    fn set_success_url(&mut self, url: &str);
    fn set_failure_url(&mut self, url: &str);
    fn success_detail(&mut self, name: &str, value: Value);
    fn success_session_detail(&mut self, name: &str, property: &str);
    fn failure_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>);
    fn error_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>);
    /// What is said where success is refused because the account is not active.
    fn raise_ground(&mut self, ground: Ground);
    fn lockout_message(&mut self, message: &str);
    /// What the next ask of this node has besides its callbacks; nothing in a page, which has its own.
    fn dress(&mut self, dress: Dress);
    fn response_header(&mut self, ending: Ending, name: &str, value: &str);
    fn session_times(&mut self, time: Option<Duration>, idle: Option<Duration>);
    /// What the session to come keeps for the server, out of the reach of journeys and clients.
    fn keep(&mut self, name: &str, value: Value);
    fn remember(&mut self, cookie: Remember);
    fn let_go(&mut self);
    fn output(&mut self, output: Output);
    fn evidence(&self) -> &[Evidence];
    fn run_time(&self) -> Duration;
    /// Never more than the limit.
    fn set_run_time(&mut self, time: Duration);
    fn trace(&mut self, text: String);
    /// The names of the keys that have a value, in shared state or in all of it.
    fn key_names(&self, shared: bool) -> BTreeSet<Arc<str>>;
    /// What a script of the node has kept for its next run, which takes it away.
    fn take_activation(&mut self) -> Option<Box<Activation>>;
    fn set_activation(&mut self, activation: Option<Box<Activation>>);
    /// A digest keyed by the run, so that it tells nothing beside another run.
    fn effect_digest(&self, effect: &Effect) -> [u8; 16];
}

/// What an ask has besides its callbacks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Dress {
    pub(crate) stage: Option<String>,
    pub(crate) header: Option<String>,
    pub(crate) description: Option<String>,
}

/// A node's view of the run.
pub struct Context<'a> {
    pub(crate) world: &'a mut dyn World,
    /// Whether the node acts within another one, which keeps what this one does on a visit beside its own.
    nested: bool,
}

/// Where a node that others act within keeps what they do.
const NESTED: &str = "within";

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

impl<'a> Context<'a> {
    /// A view of the run for the node at hand.
    pub(crate) fn new(world: &'a mut dyn World) -> Self {
        Self {
            world,
            nested: false,
        }
    }
}

impl Context<'_> {
    /// The same view for a node that acts within this one. What it keeps on a visit is kept beside what this
    /// one keeps, which is a map then.
    pub(crate) fn within(&mut self) -> Context<'_> {
        Context {
            world: &mut *self.world,
            nested: true,
        }
    }

    /// A value of shared state.
    pub fn shared(&self, key: KeyId) -> Option<&Value> {
        self.world.shared(key)
    }

    /// A value of transient state.
    pub fn transient(&self, key: KeyId) -> Option<&Value> {
        self.world.transient(key)
    }

    /// A value of secure state.
    pub fn secure(&self, key: KeyId) -> Option<&Value> {
        self.world.secure(key)
    }

    /// The value of a key: transient, then secure, then shared.
    pub fn get(&self, key: KeyId) -> Option<&Value> {
        self.transient(key)
            .or_else(|| self.secure(key))
            .or_else(|| self.shared(key))
    }

    /// Puts a value into shared state.
    ///
    /// Another `username` than the one there drops the subject, every proof and every open challenge.
    pub fn put_shared(&mut self, key: KeyId, value: Value) {
        self.world.put_shared(key, value);
    }

    /// Puts a value into transient state.
    pub fn put_transient(&mut self, key: KeyId, value: Value) {
        self.world.put_transient(key, value);
    }

    /// Removes a key from all three scopes.
    pub fn remove(&mut self, key: KeyId) {
        self.world.remove(key);
    }

    /// The number of a key named at run time.
    pub fn key(&mut self, name: &str) -> KeyId {
        self.world.key(name)
    }

    /// All of shared state that is not secret, sorted by key.
    pub fn shared_entries(&self) -> Vec<(Arc<str>, Value)> {
        self.world.shared_entries()
    }

    /// An attribute of the profile under construction: transient over shared.
    pub fn object_attribute(&self, name: &str) -> Option<&Value> {
        self.world.object(name)
    }

    /// All attributes of the profile under construction: transient over shared. What is sensitive is here
    /// after a stop only where the signature says that it is read.
    pub fn object_attributes(&self) -> BTreeMap<Arc<str>, Value> {
        self.world.objects()
    }

    /// Puts an attribute of the profile under construction into shared state.
    pub fn put_object_shared(&mut self, name: &str, value: Value) {
        self.world.put_object(name, value, false);
    }

    /// Puts an attribute of the profile under construction into transient state.
    pub fn put_object_transient(&mut self, name: &str, value: Value) {
        self.world.put_object(name, value, true);
    }

    /// The level of the run.
    pub fn level(&self) -> AuthLevel {
        self.world.level()
    }

    /// Raises the level, or lowers it where `by` is negative; only as the signature declares.
    pub fn raise(&mut self, by: i64) {
        self.world.raise(by);
    }

    /// The level that success should have, above 0: what the start asked for, or what a node has set
    /// `targetAuthLevel` in shared state to, whichever is greater.
    pub fn target_level(&self) -> Option<AuthLevel> {
        self.world.target_level()
    }

    /// Whether a run that leaves this node by an outcome may still succeed with this level, as far as
    /// arrows tell: false where no way has it, whatever guards and users decide.
    pub fn may_reach(&self, outcome: OutcomeId, level: AuthLevel) -> bool {
        self.world.may_reach(outcome, level)
    }

    /// The subject of the run, where an effect has named one.
    pub fn subject(&self) -> Option<&Subject> {
        self.world.subject()
    }

    /// What a provider told last in this run under `userInfo`, put there by a node whose type proves a
    /// federation; `None` where another person was named since.
    ///
    /// State alone tells nothing of the kind: other nodes may write that key too.
    pub fn told_by_provider(&self) -> Option<&Value> {
        self.world.told()
    }

    /// The session that came with the start.
    pub fn session(&self) -> Option<&StartSession> {
        self.world.session()
    }

    /// The transaction that the run is for.
    pub fn transaction(&self) -> Option<&Arc<str>> {
        self.world.transaction()
    }

    /// The subject whose profile's address received the code of the open challenge.
    pub fn challenge_subject(&self) -> Option<&Subject> {
        self.world.challenge_subject()
    }

    /// Opens a challenge that is for nobody yet, in place of any other: a code was made.
    ///
    /// A write of another `username` closes it.
    pub fn open_challenge(&mut self) {
        self.world.open_challenge();
    }

    /// Names whom the open challenge is for: its code went to an address of that subject's profile.
    ///
    /// Where the challenge or the run has another subject, the challenge is closed; where none is open,
    /// none is opened.
    pub fn bind_challenge(&mut self, subject: &Subject) {
        self.world.bind_challenge(subject);
    }

    /// Closes the open challenge. This is not taken back when the node fails: a code that went
    /// astray proves nothing any more.
    pub fn close_challenge(&mut self) {
        self.world.close_challenge();
    }

    /// Says that the code of the open challenge may be known outside the run, although it was sent to no
    /// address of a profile: the node shows it itself, or hands it to something that may.
    ///
    /// Without this or [`Self::bind_challenge`] no answer matches, for nobody can know the code. With this
    /// an answer can match, and proves nothing. It is not taken back when the node fails.
    pub fn hand_out_challenge(&mut self) {
        self.world.hand_out_challenge();
    }

    /// Whether a code was made that was sent to nobody and shown to nobody.
    pub fn challenge_is_unsent(&self) -> bool {
        self.world.challenge_is_unsent()
    }

    /// The time; the same throughout one pass of a page.
    pub fn now(&mut self) -> Timestamp {
        self.world.now()
    }

    /// Fills `bytes` with randomness; the same bytes again when a page replays the visit.
    ///
    /// # Errors
    /// There is no randomness to be had.
    pub fn random(&mut self, bytes: &mut [u8]) -> Result<(), NodeError> {
        self.world.random(bytes)
    }

    /// The realm of the run.
    pub fn realm(&self) -> &Realm {
        self.world.realm()
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        self.world.limits()
    }

    /// The request at hand.
    pub fn request(&self) -> &Request {
        self.world.request()
    }

    /// The best text for the languages of the request.
    pub fn text<'t>(&self, text: &'t LocalizedText) -> &'t str {
        text.best(self.request().locales.iter().map(String::as_str))
    }

    /// What the node kept on this visit; gone when the node is left.
    pub fn visit(&self) -> Option<&Value> {
        let visit = self.world.visit();
        match (self.nested, visit) {
            (false, visit) => visit,
            (true, Some(Value::Map(map))) => map.get(NESTED),
            (true, _) => None,
        }
    }

    /// Keeps something for this visit.
    pub fn set_visit(&mut self, value: Option<Value>) {
        if !self.nested {
            self.world.set_visit(value);
            return;
        }
        let mut map = match self.world.visit() {
            Some(Value::Map(map)) => (**map).clone(),
            _ => BTreeMap::new(),
        };
        match value {
            Some(value) => map.insert(Arc::from(NESTED), value),
            None => map.remove(NESTED),
        };
        self.world.set_visit(Some(Value::Map(Arc::new(map))));
    }

    /// What the node kept in this run: counters, timers. All frames of one static path share it.
    pub fn memory(&self) -> Option<&Value> {
        self.world.memory()
    }

    /// Keeps something for this run.
    pub fn set_memory(&mut self, value: Option<Value>) {
        self.world.set_memory(value);
    }

    /// The value of a setting now; secret parameters resolved.
    ///
    /// # Errors
    /// It reads something that is not there.
    pub fn value(&self, setting: &SettingValue) -> Result<Value, NodeError> {
        self.world.value(setting)
    }

    /// Sets a session property for the end of the run; `None` removes it.
    ///
    /// # Errors
    /// The name is one of the system's, in any letter case.
    pub fn session_property(&mut self, name: &str, value: Option<Value>) -> Result<(), NodeError> {
        self.world.session_property(name, value)
    }

    /// Sets where success leads, unless the client said where.
    pub fn set_success_url(&mut self, url: &str) {
        self.world.set_success_url(url);
    }

    /// Sets where failure leads, unless the client said where.
    pub fn set_failure_url(&mut self, url: &str) {
        self.world.set_failure_url(url);
    }

    /// Adds a detail to the reply of success.
    pub fn success_detail(&mut self, name: &str, value: Value) {
        self.world.success_detail(name, value);
    }

    /// Adds a property of the session that success makes to the reply of success, under this name.
    pub fn success_session_detail(&mut self, name: &str, property: &str) {
        self.world.success_session_detail(name, property);
    }

    /// Adds a header to the reply of this ending of the run.
    pub fn response_header(&mut self, ending: Ending, name: &str, value: &str) {
        self.world.response_header(ending, name, value);
    }

    /// Sets message and details of the reply of failure.
    pub fn failure_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        self.world.failure_detail(message, details);
    }

    /// Sets message and details of the reply when a node fails.
    pub fn error_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        self.world.error_detail(message, details);
    }

    /// Says why a run that fails from here on fails, where the signature says that the outcome by which the
    /// node is left finds it; elsewhere it says nothing.
    pub fn raise_ground(&mut self, ground: Ground) {
        self.world.raise_ground(ground);
    }

    /// Sets what is said where success is refused because the account of whoever comes there is not active.
    pub fn lockout_message(&mut self, message: &str) {
        self.world.lockout_message(message);
    }

    /// Sets what the next ask of this node has besides its callbacks.
    pub(crate) fn dress(&mut self, dress: Dress) {
        self.world.dress(dress);
    }

    /// Bounds the session that success makes.
    pub fn session_times(&mut self, time: Option<Duration>, idle: Option<Duration>) {
        self.world.session_times(time, idle);
    }

    /// Has the session to come keep something for the server, out of the reach of journeys and clients.
    pub(crate) fn keep(&mut self, name: &str, value: Value) {
        self.world.keep(name, value);
    }

    /// Sets a persistent cookie for whoever succeeds, where success makes a session.
    pub fn remember(&mut self, cookie: Remember) {
        self.world.remember(cookie);
    }

    /// Lets a session that came with the start, and in which nobody was proved, become one of somebody
    /// else.
    pub(crate) fn let_go(&mut self) {
        self.world.let_go();
    }

    /// Hands something out at once, whatever becomes of the run.
    ///
    /// On a page, what is counted or timed is handed out once a visit, and cookies in each round.
    pub fn output(&mut self, output: Output) {
        self.world.output(output);
    }

    /// What was proved in this run so far, in order.
    pub fn evidence(&self) -> &[Evidence] {
        self.world.evidence()
    }

    /// How long the run may take as a whole, since it began or was last resumed by a link.
    pub fn run_time(&self) -> Duration {
        self.world.run_time()
    }

    /// Sets how long the run may take as a whole, up to the limit.
    pub fn set_run_time(&mut self, time: Duration) {
        self.world.set_run_time(time);
    }

    /// Writes a line to the trace of the run; nothing secret.
    pub fn trace(&mut self, text: impl Into<String>) {
        self.world.trace(text.into());
    }
}

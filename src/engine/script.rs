//! Scripts: decisions that an embedder writes in Rust and journeys name.
//!
//! In: what a script may look at, through a [`ScriptView`]. Out: a [`ScriptAction`]. A script is pure: it
//! reaches nothing outside and keeps nothing, so that a run of it is the same again from the same input.
//! Scripts in a language of their own are not here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use crate::{
    engine::{
        action::Subject,
        callback::{Answer, Callback},
        context::{Dress, World},
        effect::{Device, Effect},
        error::NodeError,
        host::Timestamp,
        request::Request,
        start::StartSession,
    },
    model::{level::AuthLevel, realm::Realm, value::Value},
};

/// The key of a one-time code.
const CODE: &str = "oneTimePassword";

/// The key that stands for the profile under construction among the inputs and outputs of a script.
const OBJECT: &str = "objectAttributes";

type Body = dyn Fn(&mut ScriptView<'_>) -> Result<ScriptAction, NodeError> + Send + Sync;

/// A registered script.
#[derive(Clone)]
pub(crate) struct Script {
    body: Arc<Body>,
    pub(crate) revision: u32,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

impl Script {
    pub(crate) fn new(
        body: impl Fn(&mut ScriptView<'_>) -> Result<ScriptAction, NodeError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            body: Arc::new(body),
            revision: 1,
        }
    }

    pub(crate) fn run(&self, view: &mut ScriptView<'_>) -> Result<ScriptAction, NodeError> {
        (self.body)(view)
    }
}

/// The keys of the state that a script may look at, or may write.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    every: bool,
    names: BTreeSet<Arc<str>>,
    /// Whether only shared state is looked at.
    shared: bool,
}

impl Keys {
    /// The keys of a setting: a star stands for all.
    pub(crate) fn new(names: Vec<Arc<str>>) -> Self {
        Self {
            every: names.iter().any(|name| &**name == "*"),
            names: names.into_iter().collect(),
            shared: false,
        }
    }

    /// These keys, in shared state alone.
    pub(crate) fn shared(names: Vec<Arc<str>>) -> Self {
        Self {
            shared: true,
            ..Self::new(names)
        }
    }

    /// No key at all.
    pub(crate) fn none() -> Self {
        Self::new(Vec::new())
    }

    fn is_empty(&self) -> bool {
        !self.every && self.names.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.every || self.names.contains(name)
    }
}

/// What a script sees of the run, and what it writes to it.
///
/// Keys that are not among the `inputs` of the node look as if they were not there, and a write of a key
/// that is not among its `outputs` is an error. A key `username` names who is there; it proves nothing.
pub struct ScriptView<'a> {
    pub(crate) world: &'a mut dyn World,
    pub(crate) name: &'a str,
    pub(crate) inputs: &'a Keys,
    pub(crate) outputs: &'a Keys,
    pub(crate) answers: Vec<Answer>,
    pub(crate) resumed: bool,
    pub(crate) devices: Vec<Device>,
}

impl fmt::Debug for ScriptView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptView")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl ScriptView<'_> {
    /// The name of the script.
    pub fn script_name(&self) -> &str {
        self.name
    }

    /// The value of a key: transient, then secure, then shared.
    pub fn get(&mut self, name: &str) -> Option<&Value> {
        if !self.inputs.has(name) {
            return None;
        }
        let key = self.world.key(name);
        if name == CODE {
            // A script may show what it has read.
            self.world.hand_out_challenge();
        }
        let world = &*self.world;
        if self.inputs.shared {
            return world.shared(key);
        }
        world
            .transient(key)
            .or_else(|| world.secure(key))
            .or_else(|| world.shared(key))
    }

    /// Whether a key has a value.
    pub fn is_defined(&mut self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An attribute of the profile under construction, where `objectAttributes` is an input.
    pub fn object_attribute(&self, name: &str) -> Option<&Value> {
        self.world.object(name).filter(|_| self.inputs.has(OBJECT))
    }

    /// Puts a value into shared state.
    ///
    /// # Errors
    /// The key is not an output of the node.
    pub fn put_shared(&mut self, name: &str, value: impl Into<Value>) -> Result<(), NodeError> {
        self.may_write(name)?;
        let key = self.world.key(name);
        self.world.put_shared(key, value.into());
        Ok(())
    }

    /// Puts a value into transient state.
    ///
    /// # Errors
    /// The key is not an output of the node.
    pub fn put_transient(&mut self, name: &str, value: impl Into<Value>) -> Result<(), NodeError> {
        self.may_write(name)?;
        let key = self.world.key(name);
        self.world.put_transient(key, value.into());
        Ok(())
    }

    /// Removes a key from all three scopes; nothing where the node has no outputs.
    pub fn remove(&mut self, name: &str) {
        if self.outputs.is_empty() {
            return;
        }
        let key = self.world.key(name);
        self.world.remove(key);
    }

    /// Puts an attribute of the profile under construction into shared state.
    ///
    /// # Errors
    /// `objectAttributes` is not an output of the node.
    pub fn put_object_shared(
        &mut self,
        name: &str,
        value: impl Into<Value>,
    ) -> Result<(), NodeError> {
        self.may_write_object()?;
        self.world.put_object(name, value.into(), false);
        Ok(())
    }

    /// Puts an attribute of the profile under construction into transient state.
    ///
    /// # Errors
    /// `objectAttributes` is not an output of the node.
    pub fn put_object_transient(
        &mut self,
        name: &str,
        value: impl Into<Value>,
    ) -> Result<(), NodeError> {
        self.may_write_object()?;
        self.world.put_object(name, value.into(), true);
        Ok(())
    }

    fn may_write_object(&self) -> Result<(), NodeError> {
        if self.outputs.has(OBJECT) {
            return Ok(());
        }
        Err(NodeError::new(format!(
            "script `{}` writes `{OBJECT}`, which is not among its outputs",
            self.name
        )))
    }

    fn may_write(&self, name: &str) -> Result<(), NodeError> {
        if name == OBJECT {
            return Err(NodeError::new(
                "the profile under construction is written attribute by attribute",
            ));
        }
        if self.outputs.has(name) {
            return Ok(());
        }
        Err(NodeError::new(format!(
            "script `{}` writes `{name}`, which is not among its outputs",
            self.name
        )))
    }

    /// The answers to the callbacks that the script asked, one for each; none on its first run of a visit.
    pub fn answers(&self) -> &[Answer] {
        &self.answers
    }

    /// Whether somebody has come back by the link of the suspension that the script asked for.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// The devices of the user whose profiles are kept, the oldest first, where the script is that of a
    /// `DeviceMatch`.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The request at hand: headers, cookies, parameters, address, languages.
    pub fn request(&self) -> &Request {
        self.world.request()
    }

    /// The session that came with the start.
    pub fn session(&self) -> Option<&StartSession> {
        self.world.session()
    }

    /// The subject of the run, where an effect has named one.
    pub fn subject(&self) -> Option<&Subject> {
        self.world.subject()
    }

    /// The realm of the run.
    pub fn realm(&self) -> &Realm {
        self.world.realm()
    }

    /// The level of the run; a script does not move it.
    pub fn level(&self) -> AuthLevel {
        self.world.level()
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

    /// Writes a line to the trace of the run and to the audit; nothing secret.
    pub fn trace(&mut self, text: impl Into<String>) {
        self.world.trace(text.into());
    }
}

/// What a script decides.
///
/// Where it says several things, suspending comes before asking, and asking before an outcome.
#[derive(Debug, Clone, Default)]
pub struct ScriptAction {
    pub(crate) outcome: Option<Arc<str>>,
    pub(crate) callbacks: Vec<Callback>,
    pub(crate) suspend: Option<(String, Option<Duration>)>,
    pub(crate) properties: BTreeMap<Arc<str>, Option<Value>>,
    pub(crate) session_time: Option<Duration>,
    pub(crate) idle_time: Option<Duration>,
    pub(crate) error_message: Option<String>,
    pub(crate) lockout_message: Option<String>,
    pub(crate) dress: Dress,
    pub(crate) deliver: Option<Effect>,
    pub(crate) user: Option<Arc<str>>,
    pub(crate) settings: Option<BTreeMap<Arc<str>, Value>>,
}

/// An action that does more than name an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SaysMore;

impl ScriptAction {
    /// Leave by this outcome, which must be one of the node's.
    #[must_use]
    pub fn go(outcome: impl Into<Arc<str>>) -> Self {
        Self {
            outcome: Some(outcome.into()),
            ..Self::default()
        }
    }

    /// Ask, and run again with the answers.
    #[must_use]
    pub fn ask(callbacks: impl Into<Vec<Callback>>) -> Self {
        Self {
            callbacks: callbacks.into(),
            ..Self::default()
        }
    }

    /// Show a text, suspend the run, and run again when somebody comes back by its link; the realm's
    /// longest time where none is given.
    #[must_use]
    pub fn suspend(text: impl Into<String>, within: Option<Duration>) -> Self {
        Self {
            suspend: Some((text.into(), within)),
            ..Self::default()
        }
    }

    /// And set a property of the session to come.
    #[must_use]
    pub fn session_property(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.properties.insert(name.into(), Some(value.into()));
        self
    }

    /// And take back a property of the session to come.
    #[must_use]
    pub fn remove_session_property(mut self, name: impl Into<Arc<str>>) -> Self {
        self.properties.insert(name.into(), None);
        self
    }

    /// And bound the time of the session to come.
    #[must_use]
    pub fn session_time(mut self, time: Duration) -> Self {
        self.session_time = Some(time);
        self
    }

    /// And bound its idle time.
    #[must_use]
    pub fn idle_time(mut self, time: Duration) -> Self {
        self.idle_time = Some(time);
        self
    }

    /// Act with these settings: what a script of a `ConfigProvider` says.
    ///
    /// ```
    /// use wayfare::{Registry, ScriptAction, Value};
    ///
    /// let mut registry = Registry::standard();
    /// registry.script("greeting", |view| {
    ///     let name = view.get("username").and_then(Value::as_text).unwrap_or("you");
    ///     let message = Value::from(format!("Hello, {name}"));
    ///     Ok(ScriptAction::configure([("message", message)]))
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn configure<K: Into<Arc<str>>>(settings: impl IntoIterator<Item = (K, Value)>) -> Self {
        let settings = settings.into_iter().map(|(key, value)| (key.into(), value));
        Self {
            settings: Some(settings.collect()),
            ..Self::default()
        }
    }

    /// And have what the script asks carry this `stage`; not in a page, which has its own.
    #[must_use]
    pub fn stage(mut self, stage: impl Into<String>) -> Self {
        self.dress.stage = Some(stage.into());
        self
    }

    /// And put this over what the script asks; not in a page, which has its own.
    #[must_use]
    pub fn header(mut self, header: impl Into<String>) -> Self {
        self.dress.header = Some(header.into());
        self
    }

    /// And describe what the script asks; not in a page, which has its own.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.dress.description = Some(description.into());
        self
    }

    /// And name this user, who must be there: the run goes on with their identity, of which nothing is
    /// proved. The node must have `username` among its outputs.
    #[must_use]
    pub fn identified_user(mut self, username: impl Into<Arc<str>>) -> Self {
        self.user = Some(username.into());
        self
    }

    /// And have the link of the suspension sent: a message, or an effect of one's own, with `{0}` where the
    /// link goes.
    #[must_use]
    pub fn deliver(mut self, effect: Effect) -> Self {
        self.deliver = Some(effect);
        self
    }

    /// And say this where success is refused because the account is not active.
    #[must_use]
    pub fn lockout_message(mut self, message: impl Into<String>) -> Self {
        self.lockout_message = Some(message.into());
        self
    }

    /// And say this where the journey ends in failure.
    #[must_use]
    pub fn error_message(mut self, message: impl Into<String>) -> Self {
        self.error_message = Some(message.into());
        self
    }

    /// The outcome that it names, if any.
    ///
    /// # Errors
    /// It says anything else.
    pub(crate) fn outcome_alone(self) -> Result<Option<Arc<str>>, SaysMore> {
        let Self {
            outcome,
            callbacks,
            suspend,
            properties,
            session_time,
            idle_time,
            error_message,
            lockout_message,
            dress,
            deliver,
            user,
            settings,
        } = self;
        let Dress {
            stage,
            header,
            description,
        } = dress;
        let texts = [error_message, lockout_message, stage, header, description];
        let more = !callbacks.is_empty()
            || suspend.is_some()
            || !properties.is_empty()
            || session_time.or(idle_time).is_some()
            || texts.iter().any(Option::is_some)
            || deliver.is_some()
            || user.is_some()
            || settings.is_some();
        if more { Err(SaysMore) } else { Ok(outcome) }
    }
}

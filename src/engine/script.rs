//! Scripts: decisions that journeys name, registered in Rust or written as text beside them.
//!
//! In: what a script may look at, through a [`ScriptView`]. Out: a [`ScriptAction`]. A script reaches nothing
//! outside by itself and keeps nothing: what it needs from there it asks for by [`ScriptView::call`], is run
//! again from its start once the reply is here, and finds at every run of one activation the same instant, the
//! same randomness and the replies so far. What it writes counts once it has run to its end.
//! The languages that scripts are written in are not here: an [`Interpreter`] brings them.

mod activation;
mod draft;
mod text;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
    time::Duration,
};

pub use self::{
    activation::CALLS_MAX,
    text::{Generation, Interpreted, Interpreter, ScriptText, ScriptUse},
    view::{Called, ScriptView},
};
pub(crate) use self::{
    activation::{Activation, Entry},
    draft::Draft,
    view::{NO_PROPERTIES, Scope, Told},
};
pub use crate::model::script::is_script_text;
use crate::{
    engine::{
        callback::Callback,
        context::{Dress, World},
        effect::Effect,
        error::NodeError,
    },
    model::value::Value,
};

type Body = dyn Fn(&mut ScriptView<'_>) -> Result<ScriptAction, NodeError> + Send + Sync;

/// A script that can be run: a registered one, or a text that an interpreter has prepared.
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

/// A digest of an effect that is keyed by nothing, for worlds of tests.
#[cfg(test)]
pub(crate) fn digest_of(effect: &Effect) -> [u8; 16] {
    let mut bytes = Vec::new();
    crate::engine::snapshot::put_effect(&mut bytes, effect);
    let whole = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
    whole.first_chunk().copied().unwrap_or_default()
}

/// What a run of a script has come to.
#[derive(Debug)]
pub(crate) enum Ran {
    /// It has said what it has to say, and what it wrote is written.
    Said(Box<ScriptAction>),
    /// It waits for this to be done outside, and is then run again.
    Calls(Box<Effect>),
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

    /// Runs it with what its activation has so far; `fits` says whether its node may do what it says.
    ///
    /// # Errors
    /// It has failed, or says what does not fit, and nothing that it wrote is written.
    pub(crate) fn run(
        &self,
        world: &mut dyn World,
        scope: Scope<'_>,
        mut activation: Activation,
        fits: impl FnOnce(&ScriptAction) -> Result<(), NodeError>,
    ) -> Result<Ran, NodeError> {
        let mut view = ScriptView::new(world, scope, &mut activation);
        let said = (self.body)(&mut view);
        let Told { draft, pending } = view.told();
        if let Some(effect) = pending {
            activation.waits_for(world.effect_digest(&effect));
            world.set_activation(Some(Box::new(activation)));
            return Ok(Ran::Calls(effect));
        }
        world.set_activation(None);
        let said = said?;
        fits(&said)?;
        draft.write(world);
        Ok(Ran::Said(Box::new(said)))
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

//! What is said to a node outside, and what it may say back.
//!
//! A node outside is a node type of which only the signature is here. It sees the settings of the node,
//! what its signature reads of the state and nothing else, and says how the node ends, what it asks, or
//! that the run waits for a link. What an outcome proves, raises and writes as identity stands in the
//! signature; a reply cannot say it.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use super::{Effect, EffectReply};
use crate::{
    engine::{
        callback::{Answer, Callback},
        effect::EffectId,
        error::NodeError,
        step::Call,
    },
    model::value::Value,
};

/// Have a node outside decide.
#[derive(Debug, Clone, PartialEq)]
pub struct External {
    /// The type, as it is called in text.
    pub name: Arc<str>,
    /// The type, as it is called on the wire.
    pub wire: Arc<str>,
    /// The path of the node in its journey.
    pub node: Arc<str>,
    /// The realm of the run.
    pub realm: Arc<str>,
    /// The languages that the client prefers, the best first.
    pub locales: Vec<String>,
    /// Why it is asked.
    pub event: ExternalEvent,
    /// The settings that have a value now; what is secret is a [`Value::Secret`].
    pub settings: BTreeMap<Arc<str>, Value>,
    /// What the type reads of the state and is there, by its path: `shared.username`. A key that is read
    /// from whichever scope has it is `any.username`. What is declared as a secret is a
    /// [`Value::Secret`]; no other secret is here.
    pub state: BTreeMap<Arc<str>, Value>,
    /// What the node kept when it was asked before in this run.
    pub memory: Option<Value>,
    /// The outcomes by which it may end.
    pub outcomes: Vec<Arc<str>>,
    /// Those of them at which a reply has to name the user whom they prove.
    pub proving: Vec<Arc<str>>,
    /// The kinds of callbacks that it may ask.
    pub callbacks: Vec<Arc<str>>,
    /// The paths that it may write, as in `state`.
    pub writes: Vec<Arc<str>>,
    /// Whether it may suspend the run.
    pub suspends: bool,
}

/// Why a node outside is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum ExternalEvent {
    /// The run arrives at the node.
    Entered,
    /// The callbacks that it asked are answered: of which kind each is, and its answer.
    Answered(Vec<(Arc<str>, Answer)>),
    /// The run is suspended, and this is the link by which it goes on; nothing but
    /// [`ExternalReply::Taken`] is said to that.
    Suspended(String),
    /// Somebody came back by the link.
    Resumed,
}

/// What a node outside says.
#[derive(Debug, Clone, PartialEq)]
pub enum ExternalReply {
    /// The node ends.
    Went(Went),
    /// It asks.
    Asked {
        /// What.
        callbacks: Vec<Callback>,
        /// What to keep until it is asked again.
        memory: Option<Value>,
    },
    /// It waits until somebody comes back by a link.
    Waits {
        /// What to show meanwhile.
        text: String,
        /// How long the link may be followed; the limit of the run where absent.
        within: Option<Duration>,
        /// Whether it wants the link, to have it delivered: see [`ExternalEvent::Suspended`].
        link: bool,
        /// What to keep until then.
        memory: Option<Value>,
        /// How the node ends when somebody came back; where absent, it is asked then.
        then: Option<Went>,
    },
    /// The link of a suspended run was taken.
    Taken,
}

/// How a node outside ends.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Went {
    /// The outcome.
    pub outcome: Arc<str>,
    /// What to write, by path; only what the signature writes.
    pub writes: BTreeMap<Arc<str>, Value>,
    /// The name of the user, where the outcome is one that proves or identifies; the store says who it is.
    pub user: Option<Arc<str>>,
    /// What to keep for another visit in this run; what was kept before is gone.
    pub memory: Option<Value>,
}

impl Went {
    /// The end by this outcome.
    pub fn by(outcome: impl Into<Arc<str>>) -> Self {
        Self {
            outcome: outcome.into(),
            ..Self::default()
        }
    }

    /// The same of this user.
    pub fn user(mut self, name: impl Into<Arc<str>>) -> Self {
        self.user = Some(name.into());
        self
    }

    /// The same, with this written.
    pub fn write(mut self, path: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.writes.insert(path.into(), value.into());
        self
    }
}

/// What decides for nodes of a type whose behaviour is not in the engine, in this process.
///
/// A handler is a value in and a value out: it is called by whoever performs the effects of a run, see
/// [`Handlers`], and never by the engine. A host that has to wait for something performs
/// [`Effect::External`] itself.
///
/// ```
/// use wayfare::{
///     AuthSession, Compiler, Effect, Engine, NodeError, Registry, Source, Value,
///     engine::effect::{EffectId, External, ExternalReply, Handler, Handlers, Went},
/// };
///
/// /// Lets through who scores well.
/// #[derive(Debug)]
/// struct Score;
///
/// impl Handler for Score {
///     fn decide(&self, _: EffectId, asked: &External) -> Result<ExternalReply, NodeError> {
///         let name = asked.state.get("shared.username").and_then(Value::as_text);
///         let name = name.ok_or_else(|| NodeError::new("nobody is named"))?;
///         let score = i64::try_from(name.len()).unwrap_or(i64::MAX);
///         let outcome = if score < 10 { "low" } else { "high" };
///         Ok(ExternalReply::Went(Went::by(outcome).write("shared.score", score)))
///     }
/// }
///
/// let text = r#"
/// extern AcmeScore "AcmeScoreNode" -> low | high {
///   reads shared.username
///   writes shared.score: Int
/// }
///
/// journey login {
///   start ask
///   node ask: UsernameCollector -> score
///   node score: AcmeScore {
///     low -> password
///     high -> failure
///   }
///   node password: PasswordCollector -> check
///   node check: DataStoreDecision {
///     true -> success
///     false -> failure
///   }
/// }"#;
/// let mut registry = Registry::standard();
/// let compiled = Compiler::new(registry.catalog()).compile([Source::new("login.journey", text)]);
/// let program = compiled.program.expect("a journey without a mistake");
/// let handlers = Handlers::new().with("AcmeScore", Score);
/// registry.external(&program, |signature| handlers.knows(&signature.name));
/// Engine::link(program, registry)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Handler: fmt::Debug + Send + Sync + 'static {
    /// Decides. The id is the same where a call is repeated: what has been done under it is not done again.
    ///
    /// # Errors
    /// It cannot; the node takes its error arrow, or the run fails.
    fn decide(&self, id: EffectId, asked: &External) -> Result<ExternalReply, NodeError>;
}

/// The handlers of this process, by the name of the type in text.
#[derive(Debug, Clone, Default)]
pub struct Handlers {
    by_type: BTreeMap<Arc<str>, Arc<dyn Handler>>,
}

impl Handlers {
    /// No handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this handler for a type, in place of one that was there.
    pub fn with(mut self, ty: impl Into<Arc<str>>, handler: impl Handler) -> Self {
        self.by_type.insert(ty.into(), Arc::new(handler));
        self
    }

    /// Whether a type has a handler.
    pub fn knows(&self, ty: &str) -> bool {
        self.by_type.contains_key(ty)
    }

    /// Performs an effect of a node outside; `None` for other effects, and for types without a handler.
    pub fn perform(&self, call: &Call) -> Option<EffectReply> {
        let Effect::External(asked) = &call.effect else {
            return None;
        };
        let handler = self.by_type.get(&asked.name)?;
        Some(match handler.decide(call.id, asked) {
            Ok(reply) => EffectReply::External(Box::new(reply)),
            Err(error) => EffectReply::Failed(error.message),
        })
    }
}

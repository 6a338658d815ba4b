//! What runs scripts: `QuickJS`, a fresh one for every run.
//!
//! In: a script with what it may see, from a [`ScriptView`]. Out: what it has said, or what it waits for. A run
//! gets a runtime and a context of its own, so that nothing of one run is there in the next; there is no host
//! object behind any name, only functions that take and give plain data. What a script calls is listed in its
//! order, and replied to from what the view has; the first call without a reply ends the run.

mod budget;
mod callback;
mod convert;
mod crypto;
mod fault;
mod given;
mod host;
mod identity;
mod jwt;
mod modules;
mod realm;
mod said;
mod shim;
mod syntax;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use wayfare::{
    Generation, Interpreted, Interpreter, NodeError, ScriptAction, ScriptText, ScriptUse,
    ScriptView, Secret,
};

pub use self::budget::{Budget, Meter};
use crate::legacy;

/// What scripts may do, and what is configured for them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// How much a run may take.
    pub budget: Budget,
    /// What it may do to identities.
    pub permissions: Permissions,
    /// Secrets by their labels; scripts see those that begin with `scripted.node.`.
    pub secrets: BTreeMap<String, Secret<String>>,
    /// Variables by their names: `esv.my.variable`.
    pub properties: BTreeMap<String, String>,
    /// The name of the session's cookie.
    pub cookie: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            budget: Budget::default(),
            permissions: Permissions::default(),
            secrets: BTreeMap::new(),
            properties: BTreeMap::new(),
            cookie: "iPlanetDirectoryPro".to_owned(),
        }
    }
}

/// What scripts may do to identities; a star stands for every attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permissions {
    /// The attributes that they may read.
    pub read: Vec<String>,
    /// The attributes that they may write; none by default.
    pub write: Vec<String>,
    /// Whether they may make users, with attributes that they may write.
    pub create: bool,
    /// Whether they may send mail.
    pub mail: bool,
}

impl Default for Permissions {
    fn default() -> Self {
        Self {
            read: vec!["*".to_owned()],
            write: Vec::new(),
            create: false,
            mail: false,
        }
    }
}

/// The interpreter of scripts.
#[derive(Debug, Clone)]
pub struct Scripts {
    settings: Arc<Settings>,
    meter: Option<Arc<dyn Meter>>,
}

/// How long the text of a script may be.
const TEXT_MAX: usize = 256 * 1_024;

impl Scripts {
    /// An interpreter with these settings. Without a meter a run is bounded by its steps alone.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            meter: None,
        }
    }

    /// The same with something that measures the time of a run.
    #[must_use]
    pub fn metered(mut self, meter: impl Meter) -> Self {
        self.meter = Some(Arc::new(meter));
        self
    }
}

/// A script that is ready to run.
#[derive(Debug)]
struct Ready {
    path: Arc<str>,
    text: Arc<str>,
    generation: Generation,
    purpose: ScriptUse,
    journey: Arc<str>,
    node: Arc<str>,
    scripts: Scripts,
}

impl Interpreter for Scripts {
    fn prepare(&self, script: &ScriptText<'_>) -> Result<Box<dyn Interpreted>, NodeError> {
        let path = script.path;
        if script.generation() == Generation::Groovy {
            return Err(NodeError::new(format!(
                "{path}:1:1: {}",
                legacy::GROOVY_ADVICE
            )));
        }
        if script.text.len() > TEXT_MAX {
            return Err(NodeError::new(format!(
                "{path}:1:1: a script has at most {TEXT_MAX} bytes"
            )));
        }
        let text = match script.generation() {
            Generation::First => legacy::translated(script.text),
            Generation::Next | Generation::Groovy => Cow::Borrowed(script.text),
        };
        syntax::check(path, &text, &self.settings.budget)
            .map_err(|error| of_groovy(path, script.text).unwrap_or(error))?;
        Ok(Box::new(Ready {
            path: Arc::from(path),
            text: Arc::from(text),
            generation: script.generation(),
            purpose: script.purpose,
            journey: Arc::from(script.journey),
            node: Arc::from(script.node),
            scripts: self.clone(),
        }))
    }
}

/// What is told of a text that is no JavaScript because it is Groovy.
fn of_groovy(path: &str, text: &str) -> Option<NodeError> {
    let found = legacy::groovy_sign(text)?;
    Some(NodeError::new(format!(
        "{path}:{}:1: this is Groovy, by {}; {}",
        found.line,
        found.sign,
        legacy::GROOVY_ADVICE
    )))
}

impl Interpreted for Ready {
    fn run(&self, view: &mut ScriptView<'_>) -> Result<ScriptAction, NodeError> {
        realm::run(self, view)
    }
}

//! What it takes to be a node type: a signature, and behaviour made from settings.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        context::Context,
        error::NodeError,
        registry::Registry,
        script::{Script, ScriptText, ScriptUse, is_script_text},
        silent::Silent,
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        program::Program,
        signature::Signature,
        value::Value,
    },
};

/// A node type. Built-in types and those of embedders are the same thing.
///
/// ```
/// use std::{borrow::Cow, sync::Arc};
/// use wayfare::{
///     Action, Compiler, Context, Engine, NodeError, NodeType, Prepared, Registry, Setup, Signature,
///     Source,
///     model::{journey::OutcomeId, signature::{Known, Outcomes}},
/// };
///
/// /// Sorts runs by whether they come from this machine.
/// #[derive(Debug)]
/// struct Local;
///
/// impl NodeType for Local {
///     fn signature(&self) -> Signature {
///         Signature {
///             name: Cow::Borrowed("Local"),
///             wire: Cow::Borrowed("AcmeLocalNode"),
///             versions: Cow::Borrowed(&[1]),
///             summary: Cow::Borrowed("Asks whether the client is this machine"),
///             settings: Cow::Borrowed(&[]),
///             outcomes: Outcomes::Fixed(Cow::Borrowed(&[
///                 Cow::Borrowed("yes"),
///                 Cow::Borrowed("no"),
///             ])),
///             callbacks: Cow::Borrowed(&[]),
///             reads: Cow::Borrowed(&[]),
///             writes: Cow::Borrowed(&[]),
///             removes: Cow::Borrowed(&[]),
///             facts: Cow::Borrowed(&[]),
///             finds: Cow::Borrowed(&[]),
///             asks: Known::Is(false),
///             asks_when: None,
///             suspends: Known::Is(false),
///             calls_out: Known::Is(false),
///             calls_when: None,
///             verifies: Known::Is(false),
///             limits: None,
///             runs: None,
///             page_child: true,
///             leads_to: None,
///         }
///     }
///
///     fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
///         Ok(Box::new(Sorter { yes: setup.outcome("yes")?, no: setup.outcome("no")? }))
///     }
/// }
///
/// #[derive(Debug)]
/// struct Sorter {
///     yes: OutcomeId,
///     no: OutcomeId,
/// }
///
/// impl Prepared for Sorter {
///     fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
///         let client = cx.request().client;
///         let client = client.ok_or_else(|| NodeError::new("the client has no address"))?;
///         Ok(Action::go(if client.is_loopback() { self.yes } else { self.no }))
///     }
/// }
///
/// let mut registry = Registry::standard();
/// registry.add(Local)?;
/// let text = "journey j {
///   start local
///   node local: Local {
///     yes -> check
///     no -> failure
///   }
///   node check: ZeroPageLogin {
///     true -> verify
///     false -> failure
///   }
///   node verify: DataStoreDecision {
///     true -> success
///     false -> failure
///   }
/// }";
/// let compiled = Compiler::new(registry.catalog()).compile([Source::new("j.journey", text)]);
/// let program = compiled.program.expect("a journey without a mistake");
/// Engine::link(program, registry)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait NodeType: fmt::Debug + Send + Sync + 'static {
    /// What is known of it without running it.
    fn signature(&self) -> Signature;

    /// Makes the behaviour of one node, once, when a program is linked.
    ///
    /// # Errors
    /// The settings are of the right types but make no sense together; linking is refused.
    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError>;

    /// What nodes of the type say when they fail, with `…` for what differs from run to run; for whoever
    /// writes documents. What the engine says of any node is not among it.
    fn errors(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// What nodes of the type have done outside, and fail where that fails: kinds of effects as traces call
    /// them, and `bind` for a comparison by a directory; for whoever writes documents.
    fn calls(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The revision of the behaviour: another number keeps runs from going on across a change of it.
    fn revision(&self) -> u32 {
        1
    }
}

/// The behaviour of one node. Shared by all runs, so it keeps nothing of any.
pub trait Prepared: fmt::Debug + Send + Sync {
    /// The run arrives.
    ///
    /// # Errors
    /// The node cannot do its work: nothing it changed stays, and its error arrow is taken.
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError>;

    /// What the node waited for is here.
    ///
    /// # Errors
    /// As [`Prepared::enter`].
    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let _ = (cx, reply);
        Err(NodeError::new("the node does not wait for anything"))
    }

    /// What the node does, where that is one of the few things that the walk can do without a visit.
    ///
    /// Asked once, when a program is linked. [`Prepared::enter`] must come to the same: it is what
    /// traced runs and pages use.
    fn silent(&self) -> Option<Silent> {
        None
    }
}

/// What a node type needs to make the behaviour of one node.
#[derive(Debug)]
pub struct Setup<'a> {
    pub(crate) settings: &'a [(Arc<str>, SettingValue)],
    /// The files whose texts settings are, by key.
    pub(crate) files: &'a BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) outcomes: &'a [Arc<str>],
    pub(crate) journey: &'a str,
    pub(crate) node: &'a str,
    pub(crate) keys: &'a mut dyn Intern,
    pub(crate) registry: &'a Registry,
    /// The program that the node stands in, where it is at hand.
    pub(crate) program: Option<&'a Program>,
}

/// What numbers state keys by their names: the table of a program, or a run under way.
pub(crate) trait Intern: fmt::Debug {
    /// The number of a key, made where there is none yet.
    fn intern(&mut self, name: &str) -> KeyId;
}

impl Intern for KeyTable {
    fn intern(&mut self, name: &str) -> KeyId {
        Self::intern(self, name)
    }
}

impl Setup<'_> {
    /// The name of the journey that the node stands in.
    pub fn journey(&self) -> &str {
        self.journey
    }

    /// The path of the node.
    pub fn node(&self) -> &str {
        self.node
    }

    /// The outcomes of the node in order.
    pub fn outcomes(&self) -> &[Arc<str>] {
        self.outcomes
    }

    /// The number of an outcome.
    ///
    /// # Errors
    /// The node has no such outcome.
    pub fn outcome(&self, name: &str) -> Result<OutcomeId, NodeError> {
        self.try_outcome(name)
            .ok_or_else(|| NodeError::new(format!("there is no outcome `{name}`")))
    }

    /// The number of an outcome, where the node has it.
    pub fn try_outcome(&self, name: &str) -> Option<OutcomeId> {
        let at = self
            .outcomes
            .iter()
            .position(|outcome| &**outcome == name)?;
        u16::try_from(at).ok().map(OutcomeId)
    }

    /// The number of a state key, made where there is none yet.
    pub fn key(&mut self, name: &str) -> KeyId {
        self.keys.intern(name)
    }

    /// The script that a setting names, or holds as text, with the name that it goes by.
    pub(crate) fn script(
        &self,
        key: &str,
        purpose: ScriptUse,
    ) -> Result<(Arc<str>, Script), NodeError> {
        let value = self.constant(key)?.and_then(Value::as_text);
        let value = value.ok_or_else(|| NodeError::new(format!("`{key}` is no text")))?;
        if let Some(script) = self.registry.scripts().get(value) {
            return Ok((Arc::from(value), script.clone()));
        }
        let file = self.files.get(key);
        if file.is_none() && !is_script_text(value) {
            let message = format!("no script `{value}` is registered");
            return Err(NodeError::new(message));
        }
        let within = format!("{}/{}", self.journey, self.node);
        self.script_text(file.map_or(&*within, |file| file), value, purpose)
    }

    /// The script with this text, with the name that it goes by.
    pub(crate) fn script_text(
        &self,
        path: &str,
        text: &str,
        purpose: ScriptUse,
    ) -> Result<(Arc<str>, Script), NodeError> {
        let interpreter = self.registry.interprets();
        let interpreter =
            interpreter.ok_or_else(|| NodeError::new("there is nothing that runs scripts"))?;
        let text = ScriptText::new(path, text)
            .at(self.journey, self.node)
            .for_use(purpose);
        let script = match interpreter.prepare(&text) {
            Ok(prepared) => Script::new(move |view| prepared.run(view)),
            Err(error) if self.registry.fails_late() => Script::new(move |_| Err(error.clone())),
            Err(error) => return Err(error),
        };
        Ok((Arc::from(text.name()), script))
    }

    /// The behaviours at hand, for a node that acts as another type.
    pub(crate) fn registry(&self) -> &Registry {
        self.registry
    }

    /// The program that the node stands in, where it is at hand.
    pub(crate) fn program(&self) -> Option<&Program> {
        self.program
    }

    /// The value of a setting, default included; `None` where it has neither.
    pub fn setting(&self, key: &str) -> Option<&SettingValue> {
        self.settings
            .binary_search_by(|(k, _)| (**k).cmp(key))
            .ok()
            .and_then(|at| self.settings.get(at))
            .map(|(_, value)| value)
    }

    /// All settings that have a value, sorted by key.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &SettingValue)> {
        self.settings.iter().map(|(key, value)| (&**key, value))
    }

    /// The constant value of a setting; `None` where it has none.
    ///
    /// # Errors
    /// The value is computed at run time, and this setting cannot be.
    pub fn constant(&self, key: &str) -> Result<Option<&Value>, NodeError> {
        match self.setting(key) {
            None => Ok(None),
            Some(SettingValue::Constant(value)) => Ok(Some(value)),
            Some(SettingValue::Computed(_)) => Err(NodeError::new(format!(
                "setting `{key}` cannot depend on the run"
            ))),
        }
    }
}

/// The state keys of a linked program, by number and by name.
#[derive(Debug, Clone, Default)]
pub struct KeyTable {
    names: Vec<Arc<str>>,
    by_name: BTreeMap<Arc<str>, KeyId>,
}

impl KeyTable {
    /// A table that begins with these keys.
    pub fn new(names: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut table = Self::default();
        for name in names {
            table.intern(&name);
        }
        table
    }

    /// The number of a key, made where there is none yet.
    pub fn intern(&mut self, name: &str) -> KeyId {
        if let Some(id) = self.by_name.get(name) {
            return *id;
        }
        let id = KeyId(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        let name: Arc<str> = Arc::from(name);
        self.names.push(Arc::clone(&name));
        self.by_name.insert(name, id);
        id
    }

    /// The number of a key.
    pub fn find(&self, name: &str) -> Option<KeyId> {
        self.by_name.get(name).copied()
    }

    /// The name of a key.
    pub fn name(&self, id: KeyId) -> Option<&Arc<str>> {
        self.names.get(id.0 as usize)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

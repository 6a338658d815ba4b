//! What a script sees of its run, and what it says to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use super::{
    Activation, Draft, Entry, Keys,
    activation::{CALLS_MAX, SEED, Stream},
};
use crate::{
    engine::{
        action::Subject,
        callback::{Answer, Callback},
        context::World,
        effect::{Device, Effect, EffectReply},
        error::NodeError,
        host::Timestamp,
        request::Request,
        start::StartSession,
    },
    model::{level::AuthLevel, realm::Realm, value::Value},
    secret::Secret,
};

/// The key of a one-time code.
const CODE: &str = "oneTimePassword";

/// The key that stands for the profile under construction among the inputs and outputs of a script.
const OBJECT: &str = "objectAttributes";

/// What the node of a script lets it see and write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) name: &'a str,
    pub(crate) inputs: &'a Keys,
    pub(crate) outputs: &'a Keys,
    pub(crate) outcomes: &'a [Arc<str>],
    pub(crate) properties: &'a BTreeMap<Arc<str>, Value>,
}

/// The properties of a node whose type is not a script's own.
pub(crate) static NO_PROPERTIES: BTreeMap<Arc<str>, Value> = BTreeMap::new();

/// What a script has left behind.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) draft: Draft,
    pub(crate) pending: Option<Box<Effect>>,
}

/// What comes of an effect that a script asks for.
#[derive(Debug)]
pub enum Called {
    /// It was performed.
    Reply(EffectReply),
    /// It is not performed yet: the script ends here, and is run again from its start with the reply.
    Waits,
}

/// What a script sees of the run, and what it writes to it.
///
/// Keys that are not among the `inputs` of the node look as if they were not there, and a write of a key
/// that is not among its `outputs` is an error. A key `username` names who is there; it proves nothing.
pub struct ScriptView<'a> {
    world: &'a mut dyn World,
    scope: Scope<'a>,
    activation: &'a mut Activation,
    draft: Draft,
    stream: Stream,
    /// How many lines this run has written.
    spoken: u32,
    /// How many effects this run has asked for.
    called: usize,
    pending: Option<Box<Effect>>,
}

impl fmt::Debug for ScriptView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptView")
            .field("name", &self.scope.name)
            .finish_non_exhaustive()
    }
}

impl<'a> ScriptView<'a> {
    pub(super) fn new(
        world: &'a mut dyn World,
        scope: Scope<'a>,
        activation: &'a mut Activation,
    ) -> Self {
        Self {
            world,
            scope,
            activation,
            draft: Draft::default(),
            stream: Stream::default(),
            spoken: 0,
            called: 0,
            pending: None,
        }
    }

    pub(super) fn told(self) -> Told {
        Told {
            draft: self.draft,
            pending: self.pending,
        }
    }
}

impl ScriptView<'_> {
    /// The name of the script.
    pub fn script_name(&self) -> &str {
        self.scope.name
    }

    /// The outcomes of the node.
    pub fn outcomes(&self) -> &[Arc<str>] {
        self.scope.outcomes
    }

    /// The settings of the node, where its type is declared with this script; nothing else has any here.
    pub fn properties(&self) -> &BTreeMap<Arc<str>, Value> {
        self.scope.properties
    }

    /// The keys that the node lists as what the script writes; nothing where it lists all of them.
    pub fn outputs(&self) -> Option<&BTreeSet<Arc<str>>> {
        let outputs = self.scope.outputs;
        (!outputs.every).then_some(&outputs.names)
    }

    /// The value of a key: transient, then secure, then shared.
    pub fn get(&mut self, name: &str) -> Option<&Value> {
        if !self.scope.inputs.has(name) {
            return None;
        }
        let key = self.world.key(name);
        if name == CODE {
            // A script may show what it has read.
            self.world.hand_out_challenge();
        }
        let world = &*self.world;
        let kept = !self.draft.removed.contains(name);
        let shared = || {
            let own = self.draft.shared.get(name);
            own.or_else(|| world.shared(key).filter(|_| kept))
        };
        if self.scope.inputs.shared {
            return shared();
        }
        let own = self.draft.transient.get(name);
        own.or_else(|| world.transient(key).filter(|_| kept))
            .or_else(|| world.secure(key).filter(|_| kept))
            .or_else(shared)
    }

    /// The value of a key in shared state alone.
    pub fn get_shared(&mut self, name: &str) -> Option<&Value> {
        if !self.scope.inputs.has(name) {
            return None;
        }
        let key = self.world.key(name);
        if name == CODE {
            self.world.hand_out_challenge();
        }
        let kept = !self.draft.removed.contains(name);
        let own = self.draft.shared.get(name);
        own.or_else(|| self.world.shared(key).filter(|_| kept))
    }

    /// The value of a key in transient state alone, or in what of it has crossed a stop.
    pub fn get_transient(&mut self, name: &str) -> Option<&Value> {
        if !self.scope.inputs.has(name) || self.scope.inputs.shared {
            return None;
        }
        let key = self.world.key(name);
        if name == CODE {
            self.world.hand_out_challenge();
        }
        let kept = !self.draft.removed.contains(name);
        let own = self.draft.transient.get(name);
        own.or_else(|| self.world.transient(key).filter(|_| kept))
            .or_else(|| self.world.secure(key).filter(|_| kept))
    }

    /// The keys that have a value and may be looked at, sorted; the profile under construction among them,
    /// where there is one.
    pub fn keys(&self) -> Vec<Arc<str>> {
        let mut names: BTreeSet<Arc<str>> = self.world.key_names(self.scope.inputs.shared);
        names.retain(|name| !self.draft.removed.contains(name));
        names.extend(self.draft.shared.keys().cloned());
        if !self.scope.inputs.shared {
            names.extend(self.draft.transient.keys().cloned());
        }
        if !self.object_attributes().is_empty() {
            names.insert(Arc::from(OBJECT));
        }
        names.retain(|name| self.scope.inputs.has(name));
        names.into_iter().collect()
    }

    /// All that may be looked at, by key: what is in shared state, and what is in transient state or has crossed
    /// a stop. The profile under construction is not among it, nor a one-time code, which [`Self::get`] gives to
    /// a script that asks for it.
    pub fn state(&mut self) -> (BTreeMap<Arc<str>, Value>, BTreeMap<Arc<str>, Value>) {
        let mut names = self.keys();
        names.retain(|name| !matches!(&**name, CODE | OBJECT));
        let (mut shared, mut transient) = (BTreeMap::new(), BTreeMap::new());
        for name in names {
            if let Some(value) = self.get_shared(&name).cloned() {
                shared.insert(Arc::clone(&name), value);
            }
            if let Some(value) = self.get_transient(&name).cloned() {
                transient.insert(name, value);
            }
        }
        (shared, transient)
    }

    /// Whether a key has a value.
    pub fn is_defined(&mut self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An attribute of the profile under construction, where `objectAttributes` is an input.
    pub fn object_attribute(&self, name: &str) -> Option<&Value> {
        let own = self.draft.object.get(name).map(|(value, _)| value);
        own.or_else(|| self.world.object(name))
            .filter(|_| self.scope.inputs.has(OBJECT))
    }

    /// All attributes of the profile under construction, where `objectAttributes` is an input.
    pub fn object_attributes(&self) -> BTreeMap<Arc<str>, Value> {
        if !self.scope.inputs.has(OBJECT) {
            return BTreeMap::new();
        }
        let mut all = self.world.objects();
        let own = self.draft.object.iter();
        all.extend(own.map(|(name, (value, _))| (Arc::clone(name), value.clone())));
        all
    }

    /// Puts a value into shared state.
    ///
    /// # Errors
    /// The key is not an output of the node.
    pub fn put_shared(&mut self, name: &str, value: impl Into<Value>) -> Result<(), NodeError> {
        self.may_write(name)?;
        self.draft.shared.insert(Arc::from(name), value.into());
        Ok(())
    }

    /// Puts a value into transient state.
    ///
    /// # Errors
    /// The key is not an output of the node.
    pub fn put_transient(&mut self, name: &str, value: impl Into<Value>) -> Result<(), NodeError> {
        self.may_write(name)?;
        self.draft.transient.insert(Arc::from(name), value.into());
        Ok(())
    }

    /// Removes a key from all three scopes; nothing where the node has no outputs.
    pub fn remove(&mut self, name: &str) {
        if !self.scope.outputs.is_empty() {
            self.draft.remove(name);
        }
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
        let value = (value.into(), false);
        self.draft.object.insert(Arc::from(name), value);
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
        let value = (value.into(), true);
        self.draft.object.insert(Arc::from(name), value);
        Ok(())
    }

    fn may_write_object(&self) -> Result<(), NodeError> {
        if self.scope.outputs.has(OBJECT) {
            return Ok(());
        }
        Err(NodeError::new(format!(
            "script `{}` writes `{OBJECT}`, which is not among its outputs",
            self.scope.name
        )))
    }

    fn may_write(&self, name: &str) -> Result<(), NodeError> {
        if name == OBJECT {
            return Err(NodeError::new(
                "the profile under construction is written attribute by attribute",
            ));
        }
        if self.scope.outputs.has(name) {
            return Ok(());
        }
        Err(NodeError::new(format!(
            "script `{}` writes `{name}`, which is not among its outputs",
            self.scope.name
        )))
    }

    /// The answers to the callbacks that the script asked, one for each; none on its first run of a visit.
    pub fn answers(&self) -> &[Answer] {
        match &self.activation.entry {
            Entry::Answered(answers) => answers,
            Entry::Entered | Entry::Resumed => &[],
        }
    }

    /// The callbacks that the answers belong to, as they were asked.
    pub fn asked(&self) -> &[Callback] {
        match &self.activation.entry {
            Entry::Answered(_) => &self.activation.asked,
            Entry::Entered | Entry::Resumed => &[],
        }
    }

    /// Whether somebody has come back by the link of the suspension that the script asked for.
    pub fn resumed(&self) -> bool {
        self.activation.entry == Entry::Resumed
    }

    /// The devices of the user whose profiles are kept, the oldest first, where the script is that of a
    /// `DeviceMatch`.
    pub fn devices(&self) -> &[Device] {
        &self.activation.devices
    }

    /// Has something done outside: an identity read, found, made, changed or judged, a message sent, or a
    /// request over HTTP.
    ///
    /// # Errors
    /// The effect is of another kind, the script has asked for too many, or it is not the one that the script
    /// asked for at this place before.
    pub fn call(&mut self, effect: Effect) -> Result<Called, NodeError> {
        if self.pending.is_some() {
            return Ok(Called::Waits);
        }
        if !is_for_scripts(&effect) {
            return Err(NodeError::new(format!(
                "a script cannot have `{}` done",
                effect.kind()
            )));
        }
        let at = self.called;
        if at >= CALLS_MAX {
            return Err(NodeError::new(format!(
                "the script calls out more than {CALLS_MAX} times"
            )));
        }
        if let Some((before, reply)) = self.activation.replies.get(at) {
            if *before != self.world.effect_digest(&effect) {
                return Err(NodeError::new(
                    "the script calls out otherwise than before from the same input",
                ));
            }
            self.called += 1;
            return Ok(Called::Reply(reply.clone()));
        }
        self.pending = Some(Box::new(effect));
        Ok(Called::Waits)
    }

    /// The replies so far, in the order in which the script asks.
    pub fn replies(&self) -> impl Iterator<Item = &EffectReply> {
        self.activation.replies.iter().map(|(_, reply)| reply)
    }

    /// Whether the script waits for something outside: it ends, whatever it would say.
    pub fn waits(&self) -> bool {
        self.pending.is_some()
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

    /// The time; the same at every run of one activation.
    pub fn now(&mut self) -> Timestamp {
        match self.activation.now {
            Some(now) => now,
            None => *self.activation.now.insert(self.world.now()),
        }
    }

    /// Fills `bytes` with randomness; the same bytes at every run of one activation, and again when a page
    /// replays the visit.
    ///
    /// # Errors
    /// There is no randomness to be had.
    pub fn random(&mut self, bytes: &mut [u8]) -> Result<(), NodeError> {
        let seed = if let Some(seed) = self.activation.seed.take() {
            seed
        } else {
            let mut seed = vec![0; SEED];
            self.world.random(&mut seed)?;
            Secret::new(seed)
        };
        self.stream.fill(&seed, bytes);
        self.activation.seed = Some(seed);
        Ok(())
    }

    /// Writes a line to the trace of the run and to the audit, once; nothing secret.
    pub fn trace(&mut self, text: impl Into<String>) {
        self.spoken = self.spoken.saturating_add(1);
        if self.spoken > self.activation.spoken {
            self.activation.spoken = self.spoken;
            self.world.trace(text.into());
        }
    }
}

/// Whether scripts may ask for an effect of this kind.
fn is_for_scripts(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::ReadIdentity(_)
            | Effect::FindIdentity(_)
            | Effect::CreateIdentity(_)
            | Effect::PatchIdentity(_)
            | Effect::Judge(_)
            | Effect::ReadSession(_)
            | Effect::Send(_)
            | Effect::Fetch(_)
    )
}

//! Behaviours by the name of their node type.
//!
//! A registry is what an embedder adds node types to. The compiler sees the signatures alone, through
//! [`Registry::catalog`]; [`Engine::link`](crate::Engine::link) joins the behaviours to a checked
//! program. Signatures of types without a behaviour stand in the standard catalogue: journeys that use
//! them compile and are refused when linked.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    catalogue,
    engine::{
        error::NodeError,
        node_type::{NodeType, Prepared, Setup},
        script::{Interpreter, Script, ScriptAction, ScriptView, is_script_text},
    },
    model::{
        catalog::{Catalog, DuplicateType},
        journey::SettingValue,
        program::Program,
        provided::{provided_of, provider_of},
        signature::{Runs, Signature},
        value::Value,
    },
    nodes::{self, ExternalNode},
};

/// The node types that a program may use, with their behaviours.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// Clones share them, as one registry serves many programs.
    types: Arc<BTreeMap<Arc<str>, Entry>>,
    /// Names in the order added, so that catalogues come out the same every time.
    order: Vec<Arc<str>>,
    scripts: BTreeMap<Arc<str>, Script>,
    interpreter: Option<Arc<dyn Interpreter>>,
    /// Whether a script that cannot be run fails its node, and not the program.
    fails_late: bool,
    /// What stands in for scripted types at nodes whose script is not registered, by type.
    unscripted: BTreeMap<Arc<str>, Arc<dyn NodeType>>,
}

/// The setting that names the script of a scripted type.
const SCRIPT: &str = "script";

/// Why there is no behaviour for a node.
#[derive(Debug)]
pub(crate) enum Missing {
    /// Its type has none.
    Type,
    /// Its type runs this script, which is not registered.
    Script(Arc<str>),
    /// Its type runs the script of this file, and there is nothing that could.
    Interpreter(Arc<str>),
}

/// A script of this name is registered already.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a script `{0}` is registered already")]
pub struct DuplicateScript(pub String);

#[derive(Debug, Clone)]
struct Entry {
    ty: Arc<dyn NodeType>,
    signature: Signature,
    /// Where it does what a registered script says.
    scripted: Scripted,
}

/// Where a type does what a registered script says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scripted {
    Never,
    Always,
    /// At nodes at which this setting is true.
    Where(&'static str),
}

impl Scripted {
    fn of(ty: &str) -> Self {
        match nodes::SCRIPTED.iter().find(|(name, _)| *name == ty) {
            None => Self::Never,
            Some((_, None)) => Self::Always,
            Some((_, Some(setting))) => Self::Where(setting),
        }
    }

    /// Whether a script decides at a node with these settings.
    fn here(self, settings: &[(Arc<str>, SettingValue)]) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Where(setting) => settings.iter().any(|(key, value)| {
                **key == *setting && *value == SettingValue::Constant(Value::Bool(true))
            }),
        }
    }
}

impl Registry {
    /// A registry without any type.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The built-in types.
    pub fn standard() -> Self {
        let mut registry = Self::default();
        for ty in nodes::standard() {
            let signature = ty.signature();
            // The table of built-in types names each once; a second one would be unreachable.
            let scripted = Scripted::of(&signature.name);
            let _ = registry.insert(ty, signature, scripted);
        }
        registry
    }

    /// Adds a type of one's own.
    ///
    /// # Errors
    /// A type of this name is there already.
    pub fn add(&mut self, ty: impl NodeType) -> Result<&mut Self, DuplicateType> {
        let signature = ty.signature();
        self.insert(Arc::new(ty), signature, Scripted::Never)?;
        Ok(self)
    }

    /// Registers what nodes of type `ScriptedDecision`, and of type `DeviceMatch` with `useScript`, do whose
    /// `script` is this name, and where those of type `ConfigProvider` have their settings from.
    ///
    /// ```
    /// use wayfare::{Registry, ScriptAction};
    ///
    /// let mut registry = Registry::standard();
    /// registry.script("is_local", |view| {
    ///     let client = view.request().client;
    ///     let local = client.is_some_and(|client| client.is_loopback());
    ///     Ok(ScriptAction::go(if local { "yes" } else { "no" }))
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A script of this name is registered already.
    pub fn script(
        &mut self,
        name: impl Into<Arc<str>>,
        body: impl Fn(&mut ScriptView<'_>) -> Result<ScriptAction, NodeError> + Send + Sync + 'static,
    ) -> Result<&mut Self, DuplicateScript> {
        let name = name.into();
        if self.scripts.contains_key(&name) {
            return Err(DuplicateScript(name.to_string()));
        }
        self.scripts.insert(name, Script::new(body));
        Ok(self)
    }

    /// Registers what runs the scripts that stand as text in or beside journeys: `script = file("…")`, or a
    /// block. Scripts that are registered by name come first; a later interpreter takes the place of an earlier
    /// one.
    pub fn interpreter(&mut self, interpreter: impl Interpreter) -> &mut Self {
        self.interpreter = Some(Arc::new(interpreter));
        self
    }

    /// Whether scripts that stand as text can be run.
    pub fn has_interpreter(&self) -> bool {
        self.interpreter.is_some()
    }

    /// Lets a script that stands as text and cannot be run fail the node that runs it, as an error of the
    /// script would; linking refuses the program otherwise.
    pub fn fail_late(&mut self) -> &mut Self {
        self.fails_late = true;
        self
    }

    pub(crate) fn fails_late(&self) -> bool {
        self.fails_late
    }

    /// The same registry, where a script that cannot be run refuses the program.
    pub(crate) fn strict(&self) -> Self {
        Self {
            fails_late: false,
            ..self.clone()
        }
    }

    pub(crate) fn interprets(&self) -> Option<&Arc<dyn Interpreter>> {
        self.interpreter.as_ref()
    }

    /// The same registry with another revision of a script: another number than 1 keeps runs of
    /// journeys with scripts from going on across a change of it.
    pub fn script_revision(&mut self, name: &str, revision: u32) -> &mut Self {
        if let Some(script) = self.scripts.get_mut(name) {
            script.revision = revision;
        }
        self
    }

    /// Adds each type that a program uses, that has no behaviour here, or only that of scripts, and that `handled` says is served from
    /// outside: [`Effect::External`](crate::Effect::External) asks what its nodes do.
    ///
    /// Types for which nobody answers are better left out: linking refuses them by their names.
    pub fn external(
        &mut self,
        program: &Program,
        handled: impl Fn(&Signature) -> bool,
    ) -> &mut Self {
        self.fill(program, |signature| {
            handled(signature).then(|| ExternalNode::new(signature.clone()))
        })
    }

    /// Adds what `make` gives for each type of a program that has no behaviour here; what it gives for a
    /// scripted type is for the scripts that are not registered.
    pub fn fill<T: NodeType>(
        &mut self,
        program: &Program,
        make: impl Fn(&Signature) -> Option<T>,
    ) -> &mut Self {
        for signature in program.types() {
            match self
                .types
                .get(provider_of(&signature.name))
                .map(|known| known.scripted)
            {
                // A type that is declared with its script behaves as the script does.
                None if signature.runs.is_some() && self.has_interpreter() => {}
                None => {
                    if let Some(ty) = make(signature) {
                        // Its name is not there.
                        let _ = self.add(ty);
                    }
                }
                Some(Scripted::Always | Scripted::Where(_)) => {
                    if let Some(ty) = make(signature) {
                        self.unscripted(ty);
                    }
                }
                Some(Scripted::Never) => {}
            }
        }
        self
    }

    /// Serves these types from outside although there is a behaviour here: [`Effect::External`] asks what their
    /// nodes do. Only types can be that hand out their work, one step at a time, in any case: those of other
    /// identity providers.
    ///
    /// [`Effect::External`]: crate::Effect::External
    pub fn hand_over(&mut self, handled: impl Fn(&Signature) -> bool) -> &mut Self {
        for name in nodes::STOOD_IN {
            if let Some(entry) = Arc::make_mut(&mut self.types).get_mut(*name)
                && handled(&entry.signature)
            {
                entry.ty = Arc::new(ExternalNode::new(entry.signature.clone()));
            }
        }
        self
    }

    /// Whether a script of this name is registered.
    pub fn has_script(&self, name: &str) -> bool {
        self.scripts.contains_key(name)
    }

    /// Registers what stands in for a scripted type at nodes whose script is not registered; without
    /// it, a program with such a node is refused when it is linked.
    pub fn unscripted(&mut self, ty: impl NodeType) -> &mut Self {
        let name = Arc::from(&*ty.signature().name);
        self.unscripted.insert(name, Arc::new(ty));
        self
    }

    fn insert(
        &mut self,
        ty: Arc<dyn NodeType>,
        signature: Signature,
        scripted: Scripted,
    ) -> Result<(), DuplicateType> {
        let name: Arc<str> = Arc::from(&*signature.name);
        if self.types.contains_key(&name) {
            return Err(DuplicateType(name.to_string()));
        }
        self.order.push(Arc::clone(&name));
        Arc::make_mut(&mut self.types).insert(
            name,
            Entry {
                ty,
                signature,
                scripted,
            },
        );
        Ok(())
    }

    /// What a compiler needs to know: every product type, and every type added here.
    pub fn catalog(&self) -> Catalog {
        let mut catalog = catalogue::standard();
        for name in &self.order {
            let Some(entry) = self.types.get(name) else {
                continue;
            };
            if catalog.find(name).is_none() {
                // A clash of wire ids leaves the earlier type in place.
                let _ = catalog.add(entry.signature.clone());
            }
        }
        catalog
    }

    /// The names of the types that have a behaviour, in order.
    pub fn built(&self) -> impl Iterator<Item = &str> {
        self.types.keys().map(|name| &**name)
    }

    /// What nodes of the type with this name say when they fail: [`NodeType::errors`].
    pub fn errors(&self, name: &str) -> Vec<&'static str> {
        let known = self.types.get(name);
        known.map_or_else(Vec::new, |entry| entry.ty.errors())
    }

    /// What nodes of the type with this name have done outside: [`NodeType::calls`].
    pub fn calls(&self, name: &str) -> Vec<&'static str> {
        let known = self.types.get(name);
        known.map_or_else(Vec::new, |entry| entry.ty.calls())
    }

    /// The same with these scripts and no others.
    #[cfg(test)]
    pub(crate) fn set_scripts(&mut self, scripts: BTreeMap<Arc<str>, Script>) {
        self.scripts = scripts;
    }

    /// The type with this name, where it has a behaviour that no script makes.
    pub(crate) fn of_its_own(&self, name: &str) -> Option<&Arc<dyn NodeType>> {
        let known = self.types.get(name);
        let entry = known.filter(|entry| entry.scripted != Scripted::Always)?;
        Some(&entry.ty)
    }

    /// The scripts that are registered, by name.
    pub(crate) fn scripts(&self) -> &BTreeMap<Arc<str>, Script> {
        &self.scripts
    }

    /// Makes the behaviour of one node whose type is declared with a script.
    pub(crate) fn prepare_declared(
        setup: &mut Setup<'_>,
        signature: &Signature,
        runs: &Runs,
    ) -> Result<Box<dyn Prepared>, NodeError> {
        nodes::declared(setup, signature, runs)
    }

    /// Whether the type with this name has a behaviour.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.types.contains_key(provider_of(name))
    }

    /// The behaviour for a node of the type with this name and with these settings.
    pub(crate) fn behaviour(
        &self,
        name: &str,
        settings: &[(Arc<str>, SettingValue)],
        files: &BTreeMap<Arc<str>, Arc<str>>,
    ) -> Result<&Arc<dyn NodeType>, Missing> {
        let entry = self.types.get(provider_of(name)).ok_or(Missing::Type)?;
        if !entry.scripted.here(settings) {
            return Ok(&entry.ty);
        }
        let script = settings.iter().find(|(key, _)| &**key == SCRIPT);
        let Some((_, SettingValue::Constant(Value::Text(script)))) = script else {
            // The behaviour says what is wrong with it.
            return Ok(&entry.ty);
        };
        if self.scripts.contains_key(script) {
            return Ok(&entry.ty);
        }
        let file = files.get(SCRIPT);
        let is_text = file.is_some() || is_script_text(script);
        if is_text && self.interpreter.is_some() {
            return Ok(&entry.ty);
        }
        let instead = self.unscripted.get(name);
        instead.ok_or_else(|| match file {
            Some(file) => Missing::Interpreter(Arc::clone(file)),
            None if is_text => Missing::Interpreter(Arc::from("text")),
            None => Missing::Script(Arc::clone(script)),
        })
    }

    /// The revision of the behaviour of the type with this name; 0 where it has none.
    pub(crate) fn revision(&self, name: &str) -> u32 {
        let Some(entry) = self.types.get(provider_of(name)) else {
            return 0;
        };
        let acts_as = provided_of(name).map_or(0, |of| self.revision(of).wrapping_sub(1));
        let own = entry.ty.revision().wrapping_add(acts_as);
        if entry.scripted == Scripted::Never {
            return own;
        }
        let interpreted = self.interpreter.as_ref().map_or(1, |i| i.revision());
        let own = own.wrapping_add(interpreted.wrapping_sub(1));
        let changed = self.scripts.iter().filter(|(_, s)| s.revision != 1);
        changed.fold(own, |all, (name, script)| {
            let bytes = name.bytes().chain(script.revision.to_be_bytes());
            bytes.fold(all, |all, byte| {
                (all ^ u32::from(byte)).wrapping_mul(0x0100_0193)
            })
        })
    }
}

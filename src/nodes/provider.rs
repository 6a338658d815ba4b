//! The node that acts as another type, with settings that a script makes.
//!
//! In: the settings that the registered script gives for the run at hand, which must be those that the text
//! could give to a node of that type. Out: what such a node does. The script is asked once a visit and may
//! only look: where it fails or gives what does not fit, nothing is done and the node is left by an outcome
//! of its own. Which outcomes there are, and what they mean, was settled when the program was compiled.

use std::{collections::BTreeMap, fmt, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply},
        context::{Context, World},
        effect::Effect,
        error::NodeError,
        node_type::{Intern, NodeType, Prepared, Setup},
        registry::Registry,
        script::{Activation, Entry, Keys, NO_PROPERTIES, Ran, Scope, Script, ScriptUse},
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        provided::{UNCONFIGURED, names_user},
        setting::Unfit,
        signature::Signature,
        value::Value,
    },
    nodes::{
        failure::{self, unfit},
        setting::constant,
    },
};

/// What the node keeps on a visit: the settings that the script gave.
const CONFIG: &str = "config";

/// What the script has come to.
enum Asked {
    Given(BTreeMap<Arc<str>, Value>),
    Calls(Box<Effect>),
}

/// Settings by key, sorted.
type Settings = Vec<(Arc<str>, SettingValue)>;

#[derive(Debug)]
struct ConfigProvider {
    script_name: Arc<str>,
    script: Script,
    inputs: Keys,
    outputs: Keys,
    ty: Arc<dyn NodeType>,
    signature: Signature,
    registry: Arc<Registry>,
    outcomes: Vec<Arc<str>>,
    journey: Arc<str>,
    node: Arc<str>,
    unconfigured: OutcomeId,
}

pub(super) fn provider(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let wire: Arc<str> = constant(setup, "nodeType")?;
    let (script_name, script) = setup.script("script", ScriptUse::Settings)?;
    let inputs: Vec<Arc<str>> = constant(setup, "scriptInputs")?;
    let name = wire.strip_suffix("Node").unwrap_or(&wire);
    let ty = setup.registry().of_its_own(name).cloned();
    let ty = ty.ok_or_else(|| unfit(format!("type `{name}` has no behaviour here")))?;
    Ok(Box::new(ConfigProvider {
        script_name,
        script,
        inputs: Keys::new(inputs),
        outputs: Keys::none(),
        signature: ty.signature(),
        ty,
        registry: Arc::new(Registry::empty()),
        outcomes: setup.outcomes().to_vec(),
        journey: Arc::from(setup.journey()),
        node: Arc::from(setup.node()),
        unconfigured: setup.outcome(UNCONFIGURED)?,
    }))
}

impl ConfigProvider {
    /// The settings that the script gives, or what it waits for.
    fn ask_script(&self, cx: &mut Context<'_>, activation: Activation) -> Result<Asked, NodeError> {
        let scope = Scope {
            name: &self.script_name,
            inputs: &self.inputs,
            outputs: &self.outputs,
            outcomes: &self.outcomes,
            properties: &NO_PROPERTIES,
        };
        match self.script.run(cx.world, scope, activation, |_| Ok(()))? {
            Ran::Calls(effect) => Ok(Asked::Calls(effect)),
            Ran::Said(said) => said
                .settings
                .map(Asked::Given)
                .ok_or_else(|| unfit("Script must set 'config' to a Map.")),
        }
    }

    /// Runs the script, and acts with what it gives.
    fn configure(&self, cx: &mut Context<'_>, activation: Activation) -> Result<Action, NodeError> {
        match self.ask_script(cx, activation) {
            Ok(Asked::Calls(effect)) => Ok(Action::Call(effect)),
            Ok(Asked::Given(given)) => self.act(cx, Ok(given)),
            Err(error) => self.act(cx, Err(error)),
        }
    }

    /// Enters the node that this one acts as; where there are no settings for it, leaves.
    fn act(
        &self,
        cx: &mut Context<'_>,
        given: Result<BTreeMap<Arc<str>, Value>, NodeError>,
    ) -> Result<Action, NodeError> {
        let made = given.and_then(|given| Ok((self.acting(cx, &given)?, given)));
        let (acting, given) = match made {
            Ok(made) => made,
            Err(error) => {
                cx.trace(format!("no settings: {}", error.message));
                return Ok(Action::go(self.unconfigured));
            }
        };
        if cx.visit().is_none() {
            let kept = BTreeMap::from([(Arc::from(CONFIG), Value::Map(Arc::new(given)))]);
            cx.set_visit(Some(Value::Map(Arc::new(kept))));
        }
        acting.enter(&mut cx.within())
    }

    /// All settings of the type, as a compiler would fill them from these.
    fn fill(&self, given: &BTreeMap<Arc<str>, Value>) -> Result<Settings, Unfit> {
        let known = |key: &str| self.signature.setting(key).is_some();
        if let Some(unknown) = given.keys().find(|key| !known(key)) {
            return Err(Unfit::Unknown(unknown.to_string()));
        }
        let mut settings: Settings = Vec::with_capacity(self.signature.settings.len());
        for setting in self.signature.settings.iter() {
            let value = match given.get(&*setting.key) {
                None | Some(Value::Null) => setting.preset(),
                Some(value) => Some(setting.admit(value)?),
            };
            match value {
                Some(value) => {
                    settings.push((Arc::from(&*setting.key), SettingValue::Constant(value)));
                }
                None if setting.required => return Err(Unfit::Missing(setting.key.to_string())),
                None => {}
            }
        }
        let value = |key: &str| {
            let found = settings.iter().find(|(name, _)| &**name == key);
            found.and_then(|(_, value)| match value {
                SettingValue::Constant(value) => Some(value.clone()),
                SettingValue::Computed(_) => None,
            })
        };
        if let Some(setting) = names_user(&self.signature, value) {
            return Err(Unfit::User(setting.to_owned()));
        }
        settings.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(settings)
    }

    /// The node that the run is at, with these settings.
    fn acting(
        &self,
        cx: &mut Context<'_>,
        given: &BTreeMap<Arc<str>, Value>,
    ) -> Result<Box<dyn Prepared>, NodeError> {
        let settings = self
            .fill(given)
            .map_err(|unfit| failure::unfit(unfit.to_string()))?;
        self.ty.prepare(&mut Setup {
            settings: &settings,
            files: &BTreeMap::new(),
            outcomes: &self.outcomes,
            journey: &self.journey,
            node: &self.node,
            keys: &mut RunKeys(&mut *cx.world),
            registry: &self.registry,
            program: None,
        })
    }

    fn kept(cx: &Context<'_>) -> Option<BTreeMap<Arc<str>, Value>> {
        match cx.visit() {
            Some(Value::Map(map)) => match map.get(CONFIG) {
                Some(Value::Map(given)) => Some((**given).clone()),
                _ => None,
            },
            _ => None,
        }
    }
}

impl Prepared for ConfigProvider {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        // A page enters its nodes again in each round: the settings of a visit stay as they are.
        match Self::kept(cx) {
            Some(given) => self.act(cx, Ok(given)),
            None => self.configure(cx, Activation::new(Entry::Entered)),
        }
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Some(given) = Self::kept(cx) else {
            let waits = cx.world.take_activation();
            return match (waits, reply) {
                (Some(mut activation), Reply::Effect(reply)) => {
                    activation.take(reply)?;
                    self.configure(cx, *activation)
                }
                _ => Err(failure::broken("the settings are gone")),
            };
        };
        self.acting(cx, &given)?.resume(&mut cx.within(), reply)
    }
}

/// The keys of a run under way.
struct RunKeys<'a>(&'a mut dyn World);

impl fmt::Debug for RunKeys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunKeys").finish_non_exhaustive()
    }
}

impl Intern for RunKeys<'_> {
    fn intern(&mut self, name: &str) -> KeyId {
        self.0.key(name)
    }
}

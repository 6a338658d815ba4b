//! The node that runs a registered script.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply, Suspend},
        context::Context,
        effect::{Effect, EffectReply, ReadIdentity, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
        refuse_system_property,
        script::{Activation, Entry, Keys, Ran, Scope as View, Script, ScriptAction, ScriptUse},
    },
    model::{
        journey::{OutcomeId, SettingValue},
        signature::{Runs, Scope, Signature},
        value::Value,
    },
    nodes::{
        failure,
        reply::unexpected,
        setting::{constant, constant_or_none},
    },
};

/// The key of the state that names who is there.
const USERNAME: &str = "username";

/// The outcome of a declared type for a script that has failed.
const SCRIPT_ERROR: &str = "Script Error";

/// The key that stands for the profile under construction among inputs and outputs.
const OBJECT: &str = "objectAttributes";

/// Runs the script, again with the answers to what it asks, until it names an outcome.
#[derive(Debug)]
struct ScriptedDecision {
    name: Arc<str>,
    script: Script,
    inputs: Keys,
    outputs: Keys,
    /// Whether it asks on every visit, or on none, where the author says so.
    asks: Option<bool>,
    outcomes: BTreeMap<Arc<str>, OutcomeId>,
    /// The outcomes in order.
    names: Vec<Arc<str>>,
    /// The settings of the node where its type is declared with the script.
    settings: Vec<(Arc<str>, SettingValue)>,
    /// The outcome of a node whose script has failed, where its type has one.
    failed: Option<OutcomeId>,
}

pub(super) fn decision(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let (name, script) = setup.script("script", ScriptUse::Decision)?;
    let inputs: Vec<Arc<str>> = constant(setup, "inputs")?;
    let outputs: Vec<Arc<str>> = constant(setup, "outputs")?;
    let asks: Option<bool> = constant_or_none(setup, "asks")?;
    for key in inputs.iter().chain(&outputs).filter(|key| &***key != "*") {
        setup.key(key);
    }
    let outcomes = outcomes(setup)?;
    Ok(Box::new(ScriptedDecision {
        name,
        script,
        inputs: Keys::new(inputs),
        outputs: Keys::new(outputs),
        asks,
        outcomes,
        names: setup.outcomes().to_vec(),
        settings: Vec::new(),
        failed: None,
    }))
}

/// The behaviour of a node whose type is declared with a script.
pub(crate) fn declared(
    setup: &mut Setup<'_>,
    signature: &Signature,
    runs: &Runs,
) -> Result<Box<dyn Prepared>, NodeError> {
    let (name, script) = setup.script_text(&runs.path, &runs.text, ScriptUse::Decision)?;
    let [inputs, outputs] = [&signature.reads, &signature.writes].map(|keys| {
        let names = keys.iter().map(|key| match key.scope {
            Scope::ObjectShared | Scope::ObjectTransient if key.key != "*" => Arc::from(OBJECT),
            _ => Arc::from(&*key.key),
        });
        Keys::new(names.collect())
    });
    let names = signature.reads.iter().chain(signature.writes.iter());
    for key in names.filter(|key| key.key != "*") {
        setup.key(&key.key);
    }
    let settings = setup.settings().map(|(key, value)| {
        let key: Arc<str> = Arc::from(key);
        (key, value.clone())
    });
    Ok(Box::new(ScriptedDecision {
        name,
        script,
        inputs,
        outputs,
        asks: None,
        settings: settings.collect(),
        failed: setup.try_outcome(SCRIPT_ERROR),
        outcomes: outcomes(setup)?,
        names: setup.outcomes().to_vec(),
    }))
}

fn outcomes(setup: &Setup<'_>) -> Result<BTreeMap<Arc<str>, OutcomeId>, NodeError> {
    let mut outcomes = BTreeMap::new();
    for outcome in setup.outcomes().to_vec() {
        let id = setup.outcome(&outcome)?;
        outcomes.insert(outcome, id);
    }
    Ok(outcomes)
}

impl ScriptedDecision {
    fn run(&self, cx: &mut Context<'_>, activation: Activation) -> Result<Action, NodeError> {
        // Who has been answered, or has come back, was asked on this visit.
        let stopped = activation.entry != Entry::Entered;
        let mut properties = BTreeMap::new();
        for (key, setting) in &self.settings {
            properties.insert(Arc::clone(key), cx.value(setting)?);
        }
        let scope = View {
            name: &self.name,
            inputs: &self.inputs,
            outputs: &self.outputs,
            outcomes: &self.names,
            properties: &properties,
        };
        let fits = |said: &ScriptAction| self.fits(said, stopped);
        match self.script.run(cx.world, scope, activation, fits) {
            Ok(Ran::Said(said)) => self.follow(cx, *said),
            Ok(Ran::Calls(effect)) => Ok(Action::Call(effect)),
            Err(error) => self.failed(cx, error),
        }
    }

    /// A script that fails fails its node, but where its type is declared with an outcome for that.
    fn failed(&self, cx: &mut Context<'_>, error: NodeError) -> Result<Action, NodeError> {
        let Some(outcome) = self.failed else {
            return Err(error);
        };
        cx.world.trace(error.to_string());
        Ok(Action::go(outcome))
    }

    /// Whether it asks as the author says; the proofs rest on that.
    fn keeps_its_word(&self, said: &ScriptAction, stopped: bool) -> Result<(), NodeError> {
        let asks = !said.callbacks.is_empty();
        let stops = stopped || asks || said.suspend.is_some();
        match self.asks {
            Some(true) if !stops => Err(failure::SCRIPT_ASKS_NOTHING.error()),
            Some(false) if asks => Err(failure::SCRIPT_ASKS.error()),
            _ => Ok(()),
        }
    }

    /// Whether the node can do what the script says. What it cannot do is told before anything is written.
    fn fits(&self, said: &ScriptAction, stopped: bool) -> Result<(), NodeError> {
        self.keeps_its_word(said, stopped)?;
        for name in said.properties.keys() {
            refuse_system_property(name)?;
        }
        if said.suspend.is_some() {
            return match &said.deliver {
                Some(effect) if !is_delivery(effect) => Err(failure::SCRIPT_SENDS_MORE.error()),
                _ => Ok(()),
            };
        }
        if !said.callbacks.is_empty() {
            return Ok(());
        }
        match &said.outcome {
            None => Err(failure::SCRIPT_WITHOUT_OUTCOME.error()),
            Some(outcome) if !self.outcomes.contains_key(outcome) => {
                Err(failure::INVALID_OUTCOME.about(outcome))
            }
            Some(_) if said.user.is_some() && !self.outputs.has(USERNAME) => {
                Err(failure::NAME_NO_OUTPUT.about(&self.name))
            }
            Some(_) => Ok(()),
        }
    }

    fn follow(&self, cx: &mut Context<'_>, said: ScriptAction) -> Result<Action, NodeError> {
        for (name, value) in said.properties {
            cx.session_property(&name, value)?;
        }
        if said.session_time.is_some() || said.idle_time.is_some() {
            cx.session_times(said.session_time, said.idle_time);
        }
        if let Some(message) = said.error_message {
            cx.failure_detail(Some(&message), Vec::new());
        }
        if let Some(message) = said.lockout_message {
            cx.lockout_message(&message);
        }
        if let Some((text, within)) = said.suspend {
            return Ok(Action::Suspend(Box::new(Suspend {
                text,
                within,
                deliver: said.deliver,
            })));
        }
        if !said.callbacks.is_empty() {
            cx.dress(said.dress);
            // Of what kind an answer is, it does not say itself.
            cx.world.set_activation(Some(Box::new(Activation {
                asked: said.callbacks.clone(),
                ..Activation::default()
            })));
            return Ok(Action::Ask(said.callbacks));
        }
        let Some(outcome) = said.outcome else {
            return Err(failure::SCRIPT_WITHOUT_OUTCOME.error());
        };
        let Some(id) = self.outcomes.get(&outcome) else {
            return Err(failure::INVALID_OUTCOME.about(outcome));
        };
        match said.user {
            None => Ok(Action::go(*id)),
            Some(user) => Ok(Self::look_up(cx, user, outcome)),
        }
    }

    /// Asks the store who this is; what a script says names nobody.
    fn look_up(cx: &mut Context<'_>, user: Arc<str>, outcome: Arc<str>) -> Action {
        cx.set_visit(Some(Value::Text(outcome)));
        Action::call(Effect::ReadIdentity(ReadIdentity {
            who: Who::Name(user),
            attributes: Vec::new(),
        }))
    }

    /// Leaves with the user whom the store knows.
    fn identified(&self, cx: &Context<'_>, reply: EffectReply) -> Result<Action, NodeError> {
        let outcome = cx.visit().and_then(Value::as_text);
        let outcome = outcome.and_then(|outcome| self.outcomes.get(outcome));
        match (outcome, reply) {
            (Some(outcome), EffectReply::Identity(Some(identity))) => {
                Ok(Action::identify(*outcome, identity))
            }
            (Some(_), EffectReply::Identity(None)) => Err(failure::SCRIPT_NAMES_NOBODY.error()),
            _ => Err(unexpected()),
        }
    }
}

/// Whether an effect does nothing but bring a link to somebody.
fn is_delivery(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Send(_) | Effect::Fetch(_) | Effect::Custom(_)
    )
}

impl Prepared for ScriptedDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        self.run(cx, Activation::new(Entry::Entered))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let kept = cx.world.take_activation();
        match (reply, kept) {
            (Reply::Answers(answers), kept) => {
                let asked = kept.map(|kept| kept.asked).unwrap_or_default();
                self.run(
                    cx,
                    Activation {
                        asked,
                        ..Activation::new(Entry::Answered(answers))
                    },
                )
            }
            (Reply::Resumed, _) => self.run(cx, Activation::new(Entry::Resumed)),
            (Reply::Effect(reply), Some(mut waits)) => {
                waits.take(reply)?;
                self.run(cx, *waits)
            }
            (Reply::Effect(reply), None) => self.identified(cx, reply),
        }
    }
}

//! The node that runs a registered script.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply, Suspend},
        callback::Answer,
        context::Context,
        effect::{Effect, EffectReply, ReadIdentity, Who},
        error::NodeError,
        node_type::{Prepared, Setup},
        script::{Keys, Script, ScriptAction, ScriptView},
    },
    model::{journey::OutcomeId, value::Value},
    nodes::{
        failure,
        reply::unexpected,
        setting::{constant, constant_or_none},
    },
};

/// The key of the state that names who is there.
const USERNAME: &str = "username";

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
}

pub(super) fn decision(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let name: Arc<str> = constant(setup, "script")?;
    let script = setup.script(&name)?;
    let inputs: Vec<Arc<str>> = constant(setup, "inputs")?;
    let outputs: Vec<Arc<str>> = constant(setup, "outputs")?;
    let asks: Option<bool> = constant_or_none(setup, "asks")?;
    for key in inputs.iter().chain(&outputs).filter(|key| &***key != "*") {
        setup.key(key);
    }
    let mut outcomes = BTreeMap::new();
    for outcome in setup.outcomes().to_vec() {
        let id = setup.outcome(&outcome)?;
        outcomes.insert(outcome, id);
    }
    Ok(Box::new(ScriptedDecision {
        name,
        script,
        inputs: Keys::new(inputs),
        outputs: Keys::new(outputs),
        asks,
        outcomes,
    }))
}

impl ScriptedDecision {
    fn run(
        &self,
        cx: &mut Context<'_>,
        answers: Vec<Answer>,
        resumed: bool,
    ) -> Result<Action, NodeError> {
        // Who has been answered, or has come back, was asked on this visit.
        let stopped = resumed || !answers.is_empty();
        let said = self.script.run(&mut ScriptView {
            world: &mut *cx.world,
            name: &self.name,
            inputs: &self.inputs,
            outputs: &self.outputs,
            answers,
            resumed,
            devices: Vec::new(),
        })?;
        self.keeps_its_word(&said, stopped)?;
        self.follow(cx, said)
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
            if matches!(&said.deliver, Some(effect) if !is_delivery(effect)) {
                return Err(failure::SCRIPT_SENDS_MORE.error());
            }
            return Ok(Action::Suspend(Box::new(Suspend {
                text,
                within,
                deliver: said.deliver,
            })));
        }
        if !said.callbacks.is_empty() {
            cx.dress(said.dress);
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
            Some(user) => self.look_up(cx, user, outcome),
        }
    }

    /// Asks the store who this is; what a script says names nobody.
    fn look_up(
        &self,
        cx: &mut Context<'_>,
        user: Arc<str>,
        outcome: Arc<str>,
    ) -> Result<Action, NodeError> {
        if !self.outputs.has(USERNAME) {
            return Err(failure::NAME_NO_OUTPUT.about(&self.name));
        }
        cx.set_visit(Some(Value::Text(outcome)));
        Ok(Action::call(Effect::ReadIdentity(ReadIdentity {
            who: Who::Name(user),
            attributes: Vec::new(),
        })))
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
    matches!(effect, Effect::Send(_) | Effect::Custom(_))
}

impl Prepared for ScriptedDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        self.run(cx, Vec::new(), false)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.run(cx, answers, false),
            Reply::Resumed => self.run(cx, Vec::new(), true),
            Reply::Effect(reply) => self.identified(cx, reply),
        }
    }
}

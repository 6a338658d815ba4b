//! The node that runs a registered script.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    engine::{
        action::{Action, Reply, Suspend},
        callback::Answer,
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
        script::{Keys, Script, ScriptAction, ScriptView},
    },
    model::journey::OutcomeId,
    nodes::{reply::unexpected, setting::constant},
};

/// Runs the script, again with the answers to what it asks, until it names an outcome.
#[derive(Debug)]
struct ScriptedDecision {
    name: Arc<str>,
    script: Script,
    inputs: Keys,
    outputs: Keys,
    outcomes: BTreeMap<Arc<str>, OutcomeId>,
}

pub(super) fn decision(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let name: Arc<str> = constant(setup, "script")?;
    let script = setup.script(&name)?;
    let inputs: Vec<Arc<str>> = constant(setup, "inputs")?;
    let outputs: Vec<Arc<str>> = constant(setup, "outputs")?;
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
        let said = self.script.run(&mut ScriptView {
            world: &mut *cx.world,
            name: &self.name,
            inputs: &self.inputs,
            outputs: &self.outputs,
            answers,
            resumed,
        })?;
        self.follow(cx, said)
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
        if let Some((text, within)) = said.suspend {
            return Ok(Action::Suspend(Box::new(Suspend {
                text,
                within,
                deliver: None,
            })));
        }
        if !said.callbacks.is_empty() {
            return Ok(Action::Ask(said.callbacks));
        }
        let Some(outcome) = said.outcome else {
            return Err(NodeError::new("Script must set 'outcome' to a string."));
        };
        match self.outcomes.get(&outcome) {
            Some(id) => Ok(Action::go(*id)),
            None => Err(NodeError::new(format!(
                "Invalid outcome from script, '{outcome}'"
            ))),
        }
    }
}

impl Prepared for ScriptedDecision {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        self.run(cx, Vec::new(), false)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => self.run(cx, answers, false),
            Reply::Resumed => self.run(cx, Vec::new(), true),
            Reply::Effect(_) => Err(unexpected()),
        }
    }
}

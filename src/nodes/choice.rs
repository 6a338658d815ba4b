//! The node that lets the user choose the way.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{
        failure::{self, unfit},
        reply::{answers, unexpected},
        setting::{Kept, optional},
    },
    spelling::nearest,
};

/// Asks for one of the arms, in the order they are written.
///
/// Where a level is asked for, arms that cannot lead to it are left out; with one arm left nobody is
/// asked. What was offered is kept for the visit, as answers count in it.
#[derive(Debug)]
struct ChoiceCollector {
    prompt: Kept<LocalizedText>,
    default: Option<Kept<Arc<str>>>,
    arms: Vec<String>,
}

pub(super) fn collector(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let arms: Vec<String> = setup.outcomes().iter().map(ToString::to_string).collect();
    if arms.is_empty() {
        return Err(unfit("there is nothing to choose from"));
    }
    let default: Option<Kept<Arc<str>>> = Kept::find(setup, "defaultChoice")?;
    if let Some(name) = default.as_ref().and_then(Kept::known) {
        among("defaultChoice", name, &arms)?;
    }
    Ok(Box::new(ChoiceCollector {
        prompt: Kept::get(setup, "prompt")?,
        default,
        arms,
    }))
}

/// Refuses a setting that names none of the choices.
fn among(key: &str, name: &str, arms: &[String]) -> Result<(), NodeError> {
    if arms.iter().any(|arm| arm == name) {
        return Ok(());
    }
    let near = nearest(name, arms.iter().map(String::as_str))
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Err(unfit(format!(
        "setting `{key}` is `{name}`, which is none of the choices{near}"
    )))
}

impl Prepared for ChoiceCollector {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let offered = self.offered(cx)?;
        if let ([only], true) = (offered.as_slice(), cx.target_level().is_some()) {
            return Ok(Action::go(*only));
        }
        let name = |outcome: &OutcomeId| self.arms.get(outcome.index()).cloned();
        let choices: Vec<String> = offered.iter().filter_map(name).collect();
        let default = optional(self.default.as_ref(), cx)?;
        // As in the product, a default that is not offered is the first one.
        let default = default
            .and_then(|name| choices.iter().position(|arm| **arm == **name))
            .and_then(|at| u32::try_from(at).ok())
            .unwrap_or(0);
        let prompt = cx.text(&*self.prompt.now(cx)?).to_owned();
        let some_left_out = offered.len() < self.arms.len();
        cx.set_visit(some_left_out.then(|| kept(&offered)));
        Ok(Action::ask([Callback::Choice {
            prompt,
            choices,
            default,
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Some(Answer::Index(at)) = answers(reply)?.next() else {
            return Err(unexpected());
        };
        let outcome = match cx.visit() {
            Some(Value::List(offered)) => offered.get(at as usize).and_then(Value::as_int),
            Some(_) => None,
            None => Some(i64::from(at)),
        };
        outcome
            .and_then(|outcome| u16::try_from(outcome).ok())
            .filter(|outcome| usize::from(*outcome) < self.arms.len())
            .map(|outcome| Action::go(OutcomeId(outcome)))
            .ok_or_else(unexpected)
    }
}

impl ChoiceCollector {
    /// The arms that can lead to the level asked for; all of them where none is.
    fn offered(&self, cx: &Context<'_>) -> Result<Vec<OutcomeId>, NodeError> {
        let all = (0_u16..).zip(&self.arms).map(|(at, _)| OutcomeId(at));
        let Some(level) = cx.target_level() else {
            return Ok(all.collect());
        };
        let left: Vec<OutcomeId> = all
            .filter(|outcome| cx.may_reach(*outcome, level))
            .collect();
        if left.is_empty() {
            return Err(failure::LEVEL_OUT_OF_REACH.about(level));
        }
        Ok(left)
    }
}

/// What is offered, as a value that a visit keeps.
fn kept(offered: &[OutcomeId]) -> Value {
    let numbers = offered
        .iter()
        .map(|outcome| Value::Int(i64::from(outcome.0)));
    Value::List(numbers.collect::<Vec<_>>().into())
}

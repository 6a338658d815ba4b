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
    model::{journey::OutcomeId, text::LocalizedText},
    nodes::{
        reply::{answers, unexpected},
        setting::{Kept, optional},
    },
};

/// Asks for one of the arms, in the order they are written.
#[derive(Debug)]
struct ChoiceCollector {
    prompt: Kept<LocalizedText>,
    default: Option<Kept<Arc<str>>>,
    arms: Vec<String>,
}

pub(super) fn collector(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let arms: Vec<String> = setup.outcomes().iter().map(ToString::to_string).collect();
    if arms.is_empty() {
        return Err(NodeError::new("there is nothing to choose from"));
    }
    Ok(Box::new(ChoiceCollector {
        prompt: Kept::get(setup, "prompt")?,
        default: Kept::find(setup, "defaultChoice")?,
        arms,
    }))
}

impl Prepared for ChoiceCollector {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let default = optional(self.default.as_ref(), cx)?;
        // As in the product, a default that names no choice is the first one.
        let default = default
            .and_then(|name| self.arms.iter().position(|arm| **arm == **name))
            .and_then(|at| u32::try_from(at).ok())
            .unwrap_or(0);
        Ok(Action::ask([Callback::Choice {
            prompt: cx.text(&*self.prompt.now(cx)?).to_owned(),
            choices: self.arms.clone(),
            default,
        }]))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match answers(reply)?.next() {
            Some(Answer::Index(at)) if (at as usize) < self.arms.len() => {
                let outcome = u16::try_from(at).map_err(|_| unexpected())?;
                Ok(Action::go(OutcomeId(outcome)))
            }
            _ => Err(unexpected()),
        }
    }
}

//! The node that asks for a new password twice.

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, MessageKind},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{
        reply::{answers, unexpected},
        setting::Kept,
    },
    secret::Secret,
};

/// Asks until both are the same and long enough.
#[derive(Debug)]
struct CreatePassword {
    password: KeyId,
    least: Kept<i64>,
    outcome: OutcomeId,
}

pub(super) fn create(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(CreatePassword {
        password: setup.key("password"),
        least: Kept::get(setup, "minPasswordLength")?,
        outcome: setup.outcome("outcome")?,
    }))
}

fn ask(wrong: Option<String>) -> Action {
    let prompt = |text: &str| Callback::Password {
        prompt: text.to_owned(),
    };
    let mut callbacks = vec![prompt("New Password"), prompt("Confirm Password")];
    callbacks.extend(wrong.map(|text| Callback::TextOutput {
        text,
        message: MessageKind::Error,
    }));
    Action::ask(callbacks)
}

impl Prepared for CreatePassword {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(ask(None))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let mut typed = answers(reply)?;
        let (Some(Answer::Secret(first)), Some(Answer::Secret(second))) =
            (typed.next(), typed.next())
        else {
            return Err(unexpected());
        };
        let least = usize::try_from(*self.least.now(cx)?).unwrap_or(0).max(1);
        if first.reveal().chars().count() < least {
            return Ok(ask(Some(format!(
                "The password must have at least {least} characters"
            ))));
        }
        if !is_same(&first, &second) {
            return Ok(ask(Some("The passwords are not the same".to_owned())));
        }
        cx.put_transient(self.password, Value::Secret(first));
        Ok(Action::go(self.outcome))
    }
}

/// Whether what one person typed twice is the same: neither text is known to us, so this compares no
/// secret with a guess.
fn is_same(first: &Secret<String>, second: &Secret<String>) -> bool {
    first == second
}

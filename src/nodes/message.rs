//! The node that shows a message with two answers.

use std::sync::Arc;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Answer, Callback, MessageKind},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, text::LocalizedText, value::Value},
    nodes::{
        reply::{answers, unexpected},
        setting::{Kept, constant_or_none},
    },
};

/// Shows a text and two buttons; the first is `true`, the second is chosen already.
#[derive(Debug)]
struct Message {
    text: Kept<LocalizedText>,
    first: Kept<LocalizedText>,
    second: Kept<LocalizedText>,
    field: Option<KeyId>,
    yes: OutcomeId,
    no: OutcomeId,
}

pub(super) fn message(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    let field: Option<Arc<str>> = constant_or_none(setup, "stateField")?;
    Ok(Box::new(Message {
        text: Kept::get(setup, "message")?,
        first: Kept::get(setup, "messageYes")?,
        second: Kept::get(setup, "messageNo")?,
        field: field
            .filter(|field| !field.is_empty())
            .map(|field| setup.key(&field)),
        yes: setup.outcome("true")?,
        no: setup.outcome("false")?,
    }))
}

/// The best text, or the product's where the author wrote none.
pub(super) fn text_or(
    cx: &Context<'_>,
    text: &Kept<LocalizedText>,
    otherwise: &str,
) -> Result<String, NodeError> {
    let text = text.now(cx)?;
    Ok(if text.is_empty() {
        otherwise
    } else {
        cx.text(&text)
    }
    .to_owned())
}

impl Prepared for Message {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([
            Callback::TextOutput {
                text: text_or(cx, &self.text, "Default message")?,
                message: MessageKind::Information,
            },
            Callback::Confirmation {
                prompt: String::new(),
                message: MessageKind::Information,
                options: vec![
                    text_or(cx, &self.first, "Yes")?,
                    text_or(cx, &self.second, "No")?,
                ],
                default: 1,
                optional: false,
            },
        ]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Some(Answer::Index(at @ 0..=1)) = answers(reply)?.nth(1) else {
            return Err(unexpected());
        };
        if let Some(field) = self.field {
            cx.put_shared(field, Value::Int(i64::from(at)));
        }
        Ok(Action::go(if at == 0 { self.yes } else { self.no }))
    }
}

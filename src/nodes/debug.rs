//! The node that shows the state while a journey is written.

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Callback, MessageKind},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::journey::OutcomeId,
    nodes::{reply::answers, setting::constant},
};

/// Shows shared state in a window of the browser, or only names its keys in the trace.
///
/// Transient state, secure state and secrets are never shown.
#[derive(Debug)]
struct Debug {
    popup: bool,
    outcome: OutcomeId,
}

pub(super) fn debug(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Debug {
        popup: constant(setup, "popupEnabled")?,
        outcome: setup.outcome("outcome")?,
    }))
}

/// Shows what the first script left; as text, so that nothing in the state can act.
const SHOW: &str = "(function () {\
var shown = window.open('', 'debug', 'width=600,height=800');\
if (!shown) { return; }\
shown.document.body.textContent = '';\
var text = shown.document.createElement('pre');\
text.textContent = JSON.stringify(window.debugState, null, 2);\
shown.document.body.appendChild(text);\
})();";

impl Prepared for Debug {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let entries = cx.shared_entries();
        if !self.popup {
            let keys: Vec<&str> = entries.iter().map(|(key, _)| &**key).collect();
            cx.trace(format!("shared state has {}", keys.join(", ")));
            return Ok(Action::go(self.outcome));
        }
        let state = entries
            .into_iter()
            .map(|(key, value)| (key.to_string(), value.to_json()))
            .collect();
        Ok(Action::ask([
            script(format!(
                "window.debugState = {};",
                literal(&serde_json::Value::Object(state))
            )),
            script(SHOW.to_owned()),
            Callback::TextOutput {
                text: "Debug Step".to_owned(),
                message: MessageKind::Information,
            },
        ]))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        answers(reply)?;
        Ok(Action::go(self.outcome))
    }
}

fn script(text: String) -> Callback {
    Callback::TextOutput {
        text,
        message: MessageKind::Script,
    }
}

/// JSON that can stand in a script, and in a page around it, without ending either.
fn literal(value: &serde_json::Value) -> String {
    let json = value.to_string();
    let mut literal = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => literal.push_str("\\u003c"),
            '>' => literal.push_str("\\u003e"),
            '&' => literal.push_str("\\u0026"),
            '\u{2028}' => literal.push_str("\\u2028"),
            '\u{2029}' => literal.push_str("\\u2029"),
            other => literal.push(other),
        }
    }
    literal
}

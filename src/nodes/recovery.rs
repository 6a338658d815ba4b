//! The node that shows new recovery codes, once.

use std::fmt::Write as _;

use crate::{
    engine::{
        action::{Action, Reply},
        callback::{Callback, MessageKind},
        context::Context,
        error::NodeError,
        node_type::{Prepared, Setup},
    },
    model::{expr::KeyId, journey::OutcomeId, value::Value},
    nodes::{failure, reply::answers},
};

/// Shows the codes and takes them out of the state; goes on where there are none.
#[derive(Debug)]
struct Display {
    codes: KeyId,
    device: KeyId,
    outcome: OutcomeId,
}

pub(super) fn display(setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
    Ok(Box::new(Display {
        codes: setup.key("recoveryCodes"),
        device: setup.key("recoveryCodeDeviceName"),
        outcome: setup.outcome("outcome")?,
    }))
}

/// What a device is called that has no name.
const UNNAMED: &str = "New Security Key";

impl Display {
    fn forget(&self, cx: &mut Context<'_>) {
        cx.remove(self.codes);
        cx.remove(self.device);
    }
}

impl Prepared for Display {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let codes = match cx.get(self.codes) {
            Some(Value::List(list)) => list.iter().map(code).collect::<Result<Vec<_>, _>>()?,
            None => Vec::new(),
            Some(_) => return Err(failure::RECOVERY_CODES_NO_LIST.error()),
        };
        let device = match cx.get(self.device) {
            Some(Value::Text(name)) => name.chars().filter(|c| is_plain(*c)).collect(),
            _ => UNNAMED.to_owned(),
        };
        self.forget(cx);
        if codes.is_empty() {
            return Ok(Action::go(self.outcome));
        }
        Ok(Action::ask([Callback::TextOutput {
            text: script(&codes, &device),
            message: MessageKind::Script,
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        answers(reply)?;
        self.forget(cx);
        Ok(Action::go(self.outcome))
    }
}

/// A code; it stands in a script, so it is letters and digits.
fn code(value: &Value) -> Result<String, NodeError> {
    let text = match value {
        Value::Text(text) => String::from(&**text),
        Value::Secret(secret) => secret.reveal().clone(),
        _ => String::new(),
    };
    let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    fits.then_some(text)
        .ok_or_else(|| failure::UNFIT_RECOVERY_CODE.error())
}

/// Whether a letter of a name means nothing in a script or in HTML.
fn is_plain(letter: char) -> bool {
    letter.is_alphanumeric() || " -_.".contains(letter)
}

/// The codes as a script, in the shape that clients read them from.
fn script(codes: &[String], device: &str) -> String {
    let mut text = format!(
        "// <em>{device}</em>\nvar box = document.createElement(\"pre\");\nbox.textContent = \"Your \
         Recovery Codes\\n\" +\n"
    );
    for code in codes {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "  \"{code}\\n\" +");
    }
    text.push_str("\"\";\n(document.getElementById(\"wrapper\") || document.body).prepend(box);\n");
    text
}

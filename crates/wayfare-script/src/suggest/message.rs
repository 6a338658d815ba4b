//! A script that shows a text and asks one of two.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use super::{
    But, Suggestion, quoted,
    trial::{self, Sent, Visit},
};
use crate::facts::tree::Script;

/// The `Message` that a script is: what it asks is the same to the last button, and so is what it keeps.
pub(super) fn message(
    script: &Script,
    legacy: bool,
    targets: &BTreeMap<Arc<str>, String>,
) -> Option<Suggestion> {
    let visit = |answer| trial::visit(script, legacy, BTreeMap::new(), answer);
    let asked = visit(None)?;
    let [
        Sent::Text { kind: 0, text },
        Sent::Confirmation {
            prompt,
            kind: 0,
            options,
            default: 1,
        },
    ] = asked.sent.as_slice()
    else {
        return None;
    };
    let [first, second] = options.as_slice() else {
        return None;
    };
    // Where an author writes nothing, the node has texts of its own.
    let is_empty = [text, first, second]
        .into_iter()
        .any(|text| text.is_empty());
    if is_empty || !prompt.is_empty() || !asked.keys.is_empty() {
        return None;
    }
    let (yes, no) = (&visit(Some(0))?, &visit(Some(1))?);
    if yes.reads || no.reads {
        return None;
    }
    let fields = fields([yes, no])?;
    let target = |visit: &Visit| {
        let outcome = visit.outcome.as_ref().filter(|_| visit.sent.is_empty())?;
        targets.get(&**outcome)
    };
    let mut lines = vec![
        format!("message = {}", quoted(text)?),
        format!("messageYes = {}", quoted(first)?),
        format!("messageNo = {}", quoted(second)?),
    ];
    for field in fields {
        lines.push(format!("stateField = {}", quoted(field)?));
    }
    lines.push(format!("true -> {}", target(yes)?));
    lines.push(format!("false -> {}", target(no)?));
    let logs = asked.logs || yes.logs || no.logs;
    Some(Suggestion {
        ty: Some("Message"),
        lines,
        but: logs.then_some(But::Logs).into_iter().collect(),
    })
}

/// The key that keeps which button it was, or none; nothing where something else is kept.
fn fields([yes, no]: [&Visit; 2]) -> Option<&[Rc<str>]> {
    let is_kept = |key: &Rc<str>| yes.state.get(key) == Some(&0) && no.state.get(key) == Some(&1);
    let fits = yes.keys == no.keys && yes.keys.len() <= 1 && yes.keys.iter().all(is_kept);
    fits.then_some(&yes.keys)
}

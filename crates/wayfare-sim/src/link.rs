//! The links that suspended runs are resumed by.

use std::sync::Arc;

use wayfare::{Effect, Secret, Value};

/// How deep lists and maps are looked through.
const DEPTH_MAX: u32 = 16;

/// The link that leads back to a stop of a run.
pub(crate) fn of(run: u128, generation: u32) -> String {
    format!("https://login.example.com/?suspendedId={run:032x}.{generation}")
}

/// An effect with the link where its message has `{0}`.
pub(crate) fn addressed(effect: Effect, link: &str) -> Effect {
    match effect {
        Effect::Send(mut message) => {
            let body = message.body.reveal().replace("{0}", link);
            message.body = Secret::new(body);
            Effect::Send(message)
        }
        Effect::Custom(mut custom) => {
            custom.request = within(&custom.request, link, DEPTH_MAX);
            Effect::Custom(custom)
        }
        other => other,
    }
}

/// BOUND: as deep as `depth`; what lies deeper stays as it is.
fn within(value: &Value, link: &str, depth: u32) -> Value {
    match value {
        Value::Text(text) => Value::from(text.replace("{0}", link)),
        Value::List(list) if depth > 0 => Value::List(
            list.iter()
                .map(|item| within(item, link, depth - 1))
                .collect(),
        ),
        Value::Map(map) if depth > 0 => Value::Map(Arc::new(
            map.iter()
                .map(|(key, item)| (Arc::clone(key), within(item, link, depth - 1)))
                .collect(),
        )),
        other => other.clone(),
    }
}

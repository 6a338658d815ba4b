//! What a script has said, by the rules of its node.
//!
//! Where it says several things, suspending comes first, then callbacks, then where the action leads, then the
//! variable `outcome`. Which outcomes there are, the node knows.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value as Json};
use wayfare::{Effect, NodeError, ScriptAction, ScriptUse, ScriptView, Value};

use super::{callback, convert};

/// The key of the profile under construction.
const OBJECT: &str = "objectAttributes";

/// The key of a one-time code.
const CODE: &str = "oneTimePassword";

fn error(message: impl Into<String>) -> NodeError {
    NodeError::new(message)
}

/// Writes what the script has written.
///
/// # Errors
/// It has written what its node does not list, or what cannot be kept.
pub(super) fn write(said: &Json, given: &Json, view: &mut ScriptView<'_>) -> Result<(), NodeError> {
    for scope in ["shared", "transient"] {
        let (Some(now), Some(before)) = (
            said.get(scope).and_then(Json::as_object),
            given.get(scope).and_then(Json::as_object),
        ) else {
            continue;
        };
        let gone = before.keys().filter(|key| !now.contains_key(*key));
        let other = other_scope(said, scope);
        for key in gone {
            // Removing takes a key from both: what is still there in the other is written again.
            view.remove(key);
            if let Some(value) = other.and_then(|map| map.get(key)) {
                put(view, scope != "shared", key, value)?;
            }
        }
    }
    for scope in ["shared", "transient"] {
        let Some(now) = said.get(scope).and_then(Json::as_object) else {
            continue;
        };
        let before = given.get(scope).and_then(Json::as_object);
        for (key, value) in now {
            let same = before
                .and_then(|map| map.get(key))
                .is_some_and(|old| convert::same(old, value));
            if key == OBJECT {
                let before = before.and_then(|map| map.get(key));
                object(view, scope == "shared", value, before)?;
            } else if !same {
                put(view, scope == "shared", key, value)?;
            }
        }
    }
    Ok(())
}

/// Refuses where an output that the node lists is in neither state, as the first generation has it.
///
/// # Errors
/// One is missing.
pub(super) fn provided(said: &Json, view: &ScriptView<'_>) -> Result<(), NodeError> {
    let has = |scope: &str, key: &str| said.get(scope).is_some_and(|map| map.get(key).is_some());
    let missing = view.outputs().into_iter().flatten();
    let mut missing = missing.filter(|key| !has("shared", key) && !has("transient", key));
    match missing.next() {
        Some(key) => Err(error(format!(
            "Script did not provide all declared outputs: there is no `{key}`"
        ))),
        None => Ok(()),
    }
}

/// What was said, with only those changes of the state that the node lists, as the first generation has it.
pub(super) fn declared(mut said: Json, given: &Json, view: &ScriptView<'_>) -> Json {
    let Some(outputs) = view.outputs() else {
        return said;
    };
    for scope in ["shared", "transient"] {
        let before = given.get(scope).and_then(Json::as_object);
        let Some(now) = said.get_mut(scope).and_then(Json::as_object_mut) else {
            continue;
        };
        now.retain(|key, _| outputs.contains(key.as_str()));
        for (key, value) in before.into_iter().flatten() {
            if !outputs.contains(key.as_str()) {
                now.insert(key.clone(), value.clone());
            }
        }
    }
    said
}

fn other_scope<'a>(said: &'a Json, scope: &str) -> Option<&'a Map<String, Json>> {
    let other = if scope == "shared" {
        "transient"
    } else {
        "shared"
    };
    said.get(other).and_then(Json::as_object)
}

fn put(view: &mut ScriptView<'_>, shared: bool, key: &str, value: &Json) -> Result<(), NodeError> {
    let kept = convert::from_json(value).ok_or_else(|| {
        error(format!(
            "`{key}` has a value that cannot be kept in the state"
        ))
    })?;
    if key == OBJECT {
        return Ok(());
    }
    if shared && key != CODE {
        view.put_shared(key, kept)
    } else {
        view.put_transient(key, kept)
    }
}

/// Writes the members of the profile under construction that are other than before.
fn object(
    view: &mut ScriptView<'_>,
    shared: bool,
    now: &Json,
    before: Option<&Json>,
) -> Result<(), NodeError> {
    let members = now
        .as_object()
        .ok_or_else(|| error(format!("`{OBJECT}` is a map of attributes")))?;
    for (name, value) in members {
        if before
            .and_then(|map| map.get(name))
            .is_some_and(|old| convert::same(old, value))
        {
            continue;
        }
        let kept = convert::from_json(value)
            .ok_or_else(|| error(format!("`{OBJECT}.{name}` cannot be kept in the state")))?;
        if shared {
            view.put_object_shared(name, kept)?;
        } else {
            view.put_object_transient(name, kept)?;
        }
    }
    Ok(())
}

/// What the node is to do.
///
/// # Errors
/// The script has said nothing, or what cannot be done.
pub(super) fn action(
    said: &Json,
    purpose: ScriptUse,
    deliver: Option<Effect>,
) -> Result<ScriptAction, NodeError> {
    if purpose == ScriptUse::Settings {
        return settings(said);
    }
    audit(said)?;
    let Some(said) = said.as_object() else {
        return Err(error("the script has said nothing"));
    };
    let mut done = outcome(said)?;
    let text = |key: &str| said.get(key).and_then(Json::as_str).map(str::to_owned);
    if let Some(Json::Array(sent)) = said.get("callbacks")
        && !sent.is_empty()
    {
        let all: Result<Vec<_>, String> = sent.iter().map(callback::decode).collect();
        done = Some(ScriptAction::ask(all.map_err(error)?));
    }
    if let Some(Json::Object(suspend)) = said.get("suspend") {
        done = Some(suspended(suspend)?);
    }
    let mut done = done.ok_or_else(|| error("Script must set 'outcome' to a string."))?;
    if let Some(Json::Object(properties)) = said.get("properties") {
        for (name, value) in properties {
            done = match value {
                Json::Null => done.remove_session_property(name.as_str()),
                Json::String(text) => done.session_property(name.as_str(), text.as_str()),
                other => done.session_property(name.as_str(), other.to_string()),
            };
        }
    }
    if let Some(time) = minutes(said, "maxSessionTime")? {
        done = done.session_time(time);
    }
    if let Some(time) = minutes(said, "maxIdleTime")? {
        done = done.idle_time(time);
    }
    if let Some(message) = text("errorMessage") {
        done = done.error_message(message);
    }
    if let Some(message) = text("lockoutMessage") {
        done = done.lockout_message(message);
    }
    if let Some(stage) = text("stage") {
        done = done.stage(stage);
    }
    if let Some(header) = text("header") {
        done = done.header(header);
    }
    if let Some(description) = text("description") {
        done = done.description(description);
    }
    if let Some(user) = text("identifiedUser") {
        done = done.identified_user(user);
    }
    if said
        .get("identifiedAgent")
        .is_some_and(|agent| !agent.is_null())
    {
        return Err(error("agents are not identified by scripts here"));
    }
    if let Some(effect) = deliver {
        done = done.deliver(effect);
    }
    Ok(done)
}

/// The outcome that the action names, else that of the variable.
fn outcome(said: &Map<String, Json>) -> Result<Option<ScriptAction>, NodeError> {
    if let Some(Json::String(name)) = said.get("outcome") {
        return Ok(Some(ScriptAction::go(name.as_str())));
    }
    let asks = said
        .get("callbacks")
        .and_then(Json::as_array)
        .is_some_and(|sent| !sent.is_empty());
    if asks || said.get("suspend").is_some_and(Json::is_object) {
        return Ok(None);
    }
    match said.get("variable") {
        Some(Json::String(name)) => Ok(Some(ScriptAction::go(name.as_str()))),
        _ => Err(error("Script must set 'outcome' to a string.")),
    }
}

fn suspended(suspend: &Map<String, Json>) -> Result<ScriptAction, NodeError> {
    let within = match suspend.get("within").and_then(Json::as_f64) {
        None => None,
        Some(ms) if ms >= 0.0 => Duration::try_from_secs_f64(ms / 1_000.0).ok(),
        Some(_) => return Err(error("a suspension lasts a number of minutes")),
    };
    // The first generation sends callbacks; what is shown is the text of the first.
    let sent = suspend.get("callbacks").and_then(Json::as_array);
    let first = sent.and_then(|list| list.first()?.get("message"));
    let own = suspend.get("text").filter(|text| text.is_string());
    let text = own.or(first).and_then(Json::as_str).unwrap_or_default();
    Ok(ScriptAction::suspend(text, within))
}

fn minutes(said: &Map<String, Json>, key: &str) -> Result<Option<Duration>, NodeError> {
    match said.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => {
            let minutes = value.as_f64().filter(|minutes| *minutes >= 0.0);
            let time = minutes.and_then(|minutes| Duration::try_from_secs_f64(minutes * 60.0).ok());
            time.map(Some)
                .ok_or_else(|| error(format!("`{key}` is a number of minutes")))
        }
    }
}

fn audit(said: &Json) -> Result<(), NodeError> {
    match said.get("auditType").and_then(Json::as_str) {
        None | Some("undefined" | "null" | "string" | "object") => Ok(()),
        Some(_) => Err(error("Invalid auditEntryDetail type from script")),
    }
}

/// The settings that a script of a `ConfigProvider` leaves in `config`.
fn settings(said: &Json) -> Result<ScriptAction, NodeError> {
    let Some(Json::Object(config)) = said.get("config") else {
        return Err(error("Script must set 'config' to a Map."));
    };
    let mut made: Vec<(Arc<str>, Value)> = Vec::with_capacity(config.len());
    for (key, value) in config {
        let value = convert::from_json(value)
            .ok_or_else(|| error(format!("`{key}` has a value that no setting has")))?;
        made.push((Arc::from(key.as_str()), value));
    }
    Ok(ScriptAction::configure(made))
}

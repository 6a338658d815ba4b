//! What a script finds when it begins, as plain data.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use wayfare::{ScriptUse, ScriptView, Secret};

use super::{Ready, callback, convert};

/// The key of a one-time code.
const CODE: &str = "oneTimePassword";

/// Everything that a script may look at, and what of it is secret.
pub(super) fn given(ready: &Ready, view: &mut ScriptView<'_>) -> (Json, Vec<Secret<String>>) {
    let mut secrets = Vec::new();
    let (shared, transient) = view.state();
    let mut plain = |map: BTreeMap<_, _>| -> Map<String, Json> {
        map.iter()
            .map(|(key, value): (&std::sync::Arc<str>, _)| {
                (key.to_string(), convert::to_json(value, &mut secrets))
            })
            .collect()
    };
    let (mut shared, mut transient) = (plain(shared), plain(transient));
    let object = plain(view.object_attributes());
    if !object.is_empty() {
        shared.insert("objectAttributes".to_owned(), Json::Object(object));
    }
    // Reading a code hands it out, so only a script that names it gets it.
    if ready.text.contains(CODE)
        && let Some(code) = view.get(CODE).cloned()
    {
        let code = convert::to_json(&code, &mut secrets);
        transient.insert(CODE.to_owned(), code);
    }
    let callbacks: Vec<Json> = view
        .asked()
        .iter()
        .zip(view.answers())
        .map(|(asked, answer)| callback::encode(asked, answer, &mut secrets))
        .collect();
    let devices: Vec<Json> = view
        .devices()
        .iter()
        .map(|device| {
            let data = device.data.iter();
            let data: Map<String, Json> = data
                .map(|(key, value)| (key.to_string(), convert::to_json(value, &mut secrets)))
                .collect();
            json!({ "identifier": &*device.uuid, "alias": &*device.name, "data": data })
        })
        .collect();
    let request = view.request();
    let session = view.session().map(|session| {
        json!({
            "UserId": &*session.username,
            "UserToken": &*session.username,
            "Principal": &*session.subject.0,
            "AuthLevel": session.level.number().to_string(),
            "Service": session.services.first().map(ToString::to_string),
        })
    });
    let properties: Map<String, Json> = view
        .properties()
        .iter()
        .map(|(key, value)| (key.to_string(), convert::to_json(value, &mut secrets)))
        .collect();
    let given = json!({
        "properties": properties,
        "shared": shared,
        "transient": transient,
        "callbacks": callbacks,
        "devices": devices,
        "headers": listed(&request.headers),
        "parameters": listed(&request.parameters),
        "cookies": request.cookies.iter().cloned().collect::<BTreeMap<_, _>>(),
        "locales": request.locales,
        "session": session,
        "purpose": match ready.purpose {
            ScriptUse::Decision => "decision",
            ScriptUse::Settings => "settings",
            ScriptUse::Devices => "devices",
        },
        "level": view.level().number(),
        "realm": view.realm().as_str(),
        "level": view.level().number(),
        "scriptName": view.script_name(),
        "cookieName": ready.scripts.settings.cookie,
        "resumed": view.resumed(),
        "outcomes": view.outcomes().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "journey": &*ready.journey,
        "node": &*ready.node,
        "subject": view.subject().map(|subject| {
            json!({ "id": &*subject.id.0, "name": &*subject.username })
        }),
    });
    (given, secrets)
}

/// Pairs as lists by name, the first spelling of a name for all of them.
fn listed(pairs: &[(String, String)]) -> Map<String, Json> {
    let mut all: Vec<(String, Vec<Json>)> = Vec::new();
    for (name, value) in pairs {
        let known = all
            .iter_mut()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, values)) => values.push(json!(value)),
            None => all.push((name.clone(), vec![json!(value)])),
        }
    }
    all.into_iter()
        .map(|(name, values)| (name, Json::Array(values)))
        .collect()
}

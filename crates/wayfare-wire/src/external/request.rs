//! The body of a request to a handler.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use wayfare::{
    Answer, Value,
    engine::{
        callback::AttributeValue,
        effect::{External, ExternalEvent},
    },
};

use super::value;
use crate::am::callbacks::UNTOUCHED;

/// The body about this effect, all of which may be seen.
pub(super) fn body(asked: &External) -> Json {
    json!({
        "version": 1,
        "type": &*asked.wire,
        "name": &*asked.name,
        "node": &*asked.node,
        "realm": &*asked.realm,
        "locales": asked.locales,
        "event": event(&asked.event),
        "settings": map(asked.settings.iter()),
        "state": map(asked.state.iter()),
        "memory": asked.memory.as_ref().map_or(Json::Null, value::json),
        "outcomes": texts(&asked.outcomes),
        "proving": texts(&asked.proving),
        "callbacks": texts(&asked.callbacks),
        "writes": texts(&asked.writes),
        "suspends": asked.suspends,
    })
}

fn texts(list: &[Arc<str>]) -> Json {
    list.iter().map(|text| Json::from(&**text)).collect()
}

fn map<'a>(entries: impl Iterator<Item = (&'a Arc<str>, &'a Value)>) -> Json {
    let entries = entries.map(|(key, value)| (key.to_string(), value::json(value)));
    Json::Object(entries.collect::<Map<_, _>>())
}

fn event(event: &ExternalEvent) -> Json {
    match event {
        ExternalEvent::Entered => json!({ "kind": "entered" }),
        ExternalEvent::Suspended(link) => json!({ "kind": "suspended", "link": link }),
        ExternalEvent::Resumed => json!({ "kind": "resumed" }),
        ExternalEvent::Answered(answers) => {
            let answers = answers.iter().enumerate();
            let answers: Vec<Json> = answers
                .map(|(at, (kind, answer))| {
                    let inputs: Vec<Json> = inputs(answer)
                        .into_iter()
                        .map(|(end, value)| {
                            json!({ "name": format!("IDToken{}{end}", at + 1), "value": value })
                        })
                        .collect();
                    json!({ "type": &**kind, "input": inputs })
                })
                .collect();
            json!({ "kind": "answered", "answers": answers })
        }
    }
}

/// The inputs of an answer: how each name ends, and the value.
fn inputs(answer: &Answer) -> Vec<(String, Json)> {
    let first = |value: Json| vec![(String::new(), value)];
    let validated = |value: Json, only: bool| {
        vec![
            (String::new(), value),
            ("validateOnly".to_owned(), Json::Bool(only)),
        ]
    };
    match answer {
        Answer::Text(text) => first(Json::from(text.as_str())),
        Answer::Validated {
            text,
            validate_only,
        } => validated(Json::from(text.as_str()), *validate_only),
        Answer::Secret(secret) => first(Json::from(secret.reveal().as_str())),
        Answer::ValidatedSecret {
            secret,
            validate_only,
        } => validated(Json::from(secret.reveal().as_str()), *validate_only),
        Answer::Index(index) => first(Json::from(*index)),
        Answer::Attribute {
            value,
            validate_only,
        } => validated(attribute(value), *validate_only),
        Answer::SecurityQuestion { question, answer } => vec![
            ("question".to_owned(), Json::from(question.as_str())),
            ("answer".to_owned(), Json::from(answer.reveal().as_str())),
        ],
        Answer::Flag(flag) => first(Json::Bool(*flag)),
        Answer::Fields(fields) => fields
            .iter()
            .map(|(end, value)| (end.to_string(), value::json(value)))
            .collect(),
        Answer::Untouched => first(Json::from(UNTOUCHED)),
        _ => Vec::new(),
    }
}

fn attribute(value: &AttributeValue) -> Json {
    match value {
        AttributeValue::Text(text) => Json::from(text.as_str()),
        AttributeValue::Number(None) => Json::Null,
        AttributeValue::Number(Some(number)) => value::json(&Value::Decimal(*number)),
        AttributeValue::Flag(flag) => Json::Bool(*flag),
    }
}

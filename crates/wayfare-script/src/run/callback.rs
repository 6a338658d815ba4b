//! Callbacks as scripts send them and get them back: a kind, and what is in it.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use wayfare::{
    Answer, Callback, Secret, Value,
    engine::callback::{AttributeValue, FailedPolicy, Foreign, MessageKind},
};

use super::convert::{flag_of, number_of, text_of, texts_of};

/// The buttons of the options that have a number, with the number that each is answered with.
const OPTIONS: [&[(&str, u32)]; 3] = [
    &[("Yes", 0), ("No", 1)],
    &[("Yes", 0), ("No", 1), ("Cancel", 2)],
    &[("OK", 3), ("Cancel", 2)],
];

/// The callback that a script sends.
///
/// # Errors
/// It is none that can be sent.
pub(super) fn decode(sent: &Json) -> Result<Callback, String> {
    let Some(data) = sent.as_object() else {
        return Err("what is sent is no callback".to_owned());
    };
    let kind = text_of(data, "kind");
    let text = |key: &str| text_of(data, key);
    Ok(match &*kind {
        "NameCallback" => Callback::Name {
            prompt: text("prompt"),
            default: text("default"),
            autocomplete: Vec::new(),
        },
        "PasswordCallback" => Callback::Password {
            prompt: text("prompt"),
        },
        "TextInputCallback" => Callback::TextInput {
            prompt: text("prompt"),
            default: text("default"),
        },
        "TextOutputCallback" | "ScriptTextOutputCallback" => Callback::TextOutput {
            text: text("message"),
            message: message_of(data)?,
        },
        "SuspendedTextOutputCallback" => Callback::SuspendedTextOutput {
            text: text("message"),
        },
        "ChoiceCallback" => choice(data)?,
        "ConfirmationCallback" => confirmation(data)?,
        "HiddenValueCallback" => Callback::HiddenValue {
            id: text("id"),
            value: text("default"),
        },
        "PollingWaitCallback" => Callback::PollingWait {
            wait_ms: text("wait")
                .trim()
                .parse()
                .map_err(|_| "the time of a PollingWaitCallback is a number".to_owned())?,
            message: text("message"),
        },
        "MetadataCallback" => Callback::Metadata {
            data: data.get("data").cloned().unwrap_or_else(|| json!({})),
        },
        "RedirectCallback" => Callback::Redirect {
            url: text("url"),
            method: text("method").to_ascii_uppercase(),
            data: data.get("data").filter(|data| !data.is_null()).cloned(),
            tracking_cookie: flag_of(data, "tracking"),
        },
        "KbaCreateCallback" => Callback::SecurityQuestion {
            prompt: text("prompt"),
            questions: texts_of(data, "questions"),
            own: flag_of(data, "own"),
        },
        "TermsAndConditionsCallback" => Callback::Terms {
            version: text("version"),
            text: text("terms"),
            created: text("created"),
            accepted: false,
        },
        "ConsentMappingCallback" => Callback::Consent {
            name: text("name"),
            display_name: text("displayName"),
            icon: text("icon"),
            access_level: text("level"),
            required: flag_of(data, "required"),
            message: text("message"),
            fields: texts_of(data, "fields"),
            given: false,
        },
        "DeviceProfileCallback" => Callback::DeviceProfile {
            metadata: flag_of(data, "metadata"),
            location: flag_of(data, "location"),
            message: text("message"),
        },
        _ => return validated(&kind, data),
    })
}

/// Callbacks with policies, and those that the engine hands through.
fn validated(kind: &str, data: &Map<String, Json>) -> Result<Callback, String> {
    let text = |key: &str| text_of(data, key);
    let policies = data.get("policies").cloned().unwrap_or_else(|| json!({}));
    let validate_only = flag_of(data, "validateOnly");
    let value = match kind {
        "ValidatedCreateUsernameCallback" => {
            return Ok(Callback::ValidatedUsername {
                prompt: text("prompt"),
                policies,
                failed: failed(data),
                validate_only,
                value: text("default"),
            });
        }
        "ValidatedCreatePasswordCallback" => {
            return Ok(Callback::ValidatedPassword {
                prompt: text("prompt"),
                echo: flag_of(data, "echo"),
                policies,
                failed: failed(data),
                validate_only,
            });
        }
        "StringAttributeInputCallback" => AttributeValue::Text(text("default")),
        "NumberAttributeInputCallback" => AttributeValue::Number(match data.get("default") {
            Some(Json::Number(number)) => match number_of(number) {
                Some(Value::Int(whole)) => {
                    let units = whole.checked_mul(wayfare::Decimal::UNITS);
                    units.map(wayfare::Decimal::from_units)
                }
                Some(Value::Decimal(number)) => Some(number),
                _ => None,
            },
            _ => None,
        }),
        "BooleanAttributeInputCallback" => AttributeValue::Flag(flag_of(data, "default")),
        _ => return foreign(kind, data),
    };
    Ok(Callback::Attribute {
        name: text("name"),
        prompt: text("prompt"),
        required: flag_of(data, "required"),
        policies,
        failed: failed(data),
        validate_only,
        value,
    })
}

fn foreign(kind: &str, data: &Map<String, Json>) -> Result<Callback, String> {
    let (shown, asked): (&[(&str, &str)], &[&str]) = match kind {
        "SelectIdPCallback" => (&[("providers", "providers")], &[""]),
        "IdPCallback" => (
            &[
                ("provider", "provider"),
                ("clientId", "clientId"),
                ("redirectUri", "redirectUri"),
                ("scopes", "scopes"),
                ("nonce", "nonce"),
                ("acrValues", "acrValues"),
                ("request", "request"),
                ("requestUri", "requestUri"),
                ("acceptsJSON", "acceptsJSON"),
            ],
            &["token", "token_type"],
        ),
        "LanguageCallback" => (&[], &["Language", "Country"]),
        "HttpCallback" | "X509CertificateCallback" => {
            return Err(format!(
                "a script cannot send a {kind}: it is never shown to a client"
            ));
        }
        _ => return Err(format!("there is no callback `{kind}`")),
    };
    let mut output: Vec<(Arc<str>, Json)> = shown
        .iter()
        .filter_map(|(name, key)| Some((Arc::from(*name), data.get(*key)?.clone())))
        .collect();
    if kind == "SelectIdPCallback" {
        output.push((Arc::from("value"), json!("")));
    }
    let preset = |name: &str| match (kind, name) {
        ("LanguageCallback", "Language") => json!(text_of(data, "language")),
        ("LanguageCallback", _) => json!(text_of(data, "country")),
        ("IdPCallback", "token") => json!(text_of(data, "token")),
        ("IdPCallback", _) => json!(text_of(data, "tokenType")),
        _ => json!(""),
    };
    Ok(Callback::Foreign(Box::new(Foreign {
        kind: Arc::from(kind),
        output,
        input: asked
            .iter()
            .map(|name| (Arc::from(*name), preset(name)))
            .collect(),
    })))
}

fn choice(data: &Map<String, Json>) -> Result<Callback, String> {
    if flag_of(data, "multiple") {
        return Err("a ChoiceCallback has one choice: clients answer with one".to_owned());
    }
    let choices = texts_of(data, "choices");
    let default = index_of(data, "default");
    if choices.is_empty() || default as usize >= choices.len() {
        return Err("the default of a ChoiceCallback is none of its choices".to_owned());
    }
    Ok(Callback::Choice {
        prompt: text_of(data, "prompt"),
        choices,
        default,
    })
}

fn confirmation(data: &Map<String, Json>) -> Result<Callback, String> {
    let options = texts_of(data, "options");
    let default = index_of(data, "default");
    if options.is_empty() || default as usize >= options.len() {
        return Err("the default of a ConfirmationCallback is none of its options".to_owned());
    }
    Ok(Callback::Confirmation {
        prompt: text_of(data, "prompt"),
        message: message_of(data)?,
        options,
        default,
        optional: false,
    })
}

fn index_of(data: &Map<String, Json>, key: &str) -> u32 {
    let index = data.get(key).and_then(Json::as_f64).unwrap_or(0.0);
    format!("{index:.0}").parse().unwrap_or(u32::MAX)
}

fn message_of(data: &Map<String, Json>) -> Result<MessageKind, String> {
    match index_of(data, "messageType") {
        0 => Ok(MessageKind::Information),
        1 => Ok(MessageKind::Warning),
        2 => Ok(MessageKind::Error),
        4 => Ok(MessageKind::Script),
        _ => Err("the type of a message is 0, 1, 2 or 4".to_owned()),
    }
}

/// Failed policies: objects, or texts that hold such objects.
fn failed(data: &Map<String, Json>) -> Vec<FailedPolicy> {
    let list = data.get("failed").and_then(Json::as_array);
    let list = list.map(Vec::as_slice).unwrap_or_default();
    list.iter()
        .map(|item| {
            let read = match item {
                Json::String(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
                other => other.clone(),
            };
            let requirement = match &read {
                Json::Object(map) => text_of(map, "policyRequirement"),
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            FailedPolicy {
                requirement: Arc::from(requirement),
                params: read.get("params").cloned().unwrap_or_else(|| json!({})),
            }
        })
        .collect()
}

/// What a script gets back of a callback and its answer. Passwords and answers to questions are noted.
pub(super) fn encode(asked: &Callback, answer: &Answer, secrets: &mut Vec<Secret<String>>) -> Json {
    let mut data = shown(asked);
    let value = match answer {
        Answer::Text(text) | Answer::Validated { text, .. } => json!(text),
        Answer::Secret(secret) | Answer::ValidatedSecret { secret, .. } => {
            secrets.push(secret.clone());
            json!(secret.reveal())
        }
        Answer::Index(index) => json!(index),
        Answer::Attribute { value, .. } => attribute(value),
        Answer::SecurityQuestion { question, answer } => {
            secrets.push(answer.clone());
            json!({ "question": question, "answer": answer.reveal() })
        }
        Answer::Flag(yes) => json!(yes),
        Answer::Fields(fields) => handed_through(fields),
        _ => Json::Null,
    };
    let only = matches!(
        answer,
        Answer::Validated {
            validate_only: true,
            ..
        } | Answer::ValidatedSecret {
            validate_only: true,
            ..
        } | Answer::Attribute {
            validate_only: true,
            ..
        }
    );
    data.insert("kind".to_owned(), json!(asked.kind()));
    if only {
        data.insert("validateOnly".to_owned(), json!(true));
    }
    data.insert("value".to_owned(), value);
    Json::Object(data)
}

fn attribute(value: &AttributeValue) -> Json {
    match value {
        AttributeValue::Text(text) => json!(text),
        AttributeValue::Number(Some(number)) => Value::Decimal(*number).to_json(),
        AttributeValue::Number(None) => Json::Null,
        AttributeValue::Flag(yes) => json!(yes),
    }
}

/// The inputs of a callback that was handed through: one by its value, several by their names.
fn handed_through(fields: &[(Arc<str>, Value)]) -> Json {
    let plain = |value: &Value| match value {
        Value::Secret(text) => json!(text.reveal()),
        other => other.to_json(),
    };
    match fields {
        [(_, value)] => plain(value),
        all => all
            .iter()
            .map(|(name, value)| (name.to_string(), plain(value)))
            .collect::<Map<_, _>>()
            .into(),
    }
}

/// What a callback shows, in the words that scripts send it in.
fn shown(asked: &Callback) -> Map<String, Json> {
    let data = match asked {
        Callback::Name {
            prompt, default, ..
        }
        | Callback::TextInput { prompt, default } => {
            json!({ "prompt": prompt, "default": default })
        }
        Callback::Password { prompt } => json!({ "prompt": prompt, "echo": false }),
        Callback::Choice {
            prompt,
            choices,
            default,
        } => {
            json!({ "prompt": prompt, "choices": choices, "default": default, "multiple": false })
        }
        Callback::Confirmation {
            prompt,
            message,
            options,
            default,
            ..
        } => json!({
            "prompt": prompt, "messageType": number_of_message(*message), "options": options,
            "optionType": option_type(options), "default": default,
        }),
        Callback::HiddenValue { id, value } => json!({ "id": id, "default": value }),
        Callback::TextOutput { text, message } => {
            json!({ "message": text, "messageType": number_of_message(*message) })
        }
        Callback::SuspendedTextOutput { text } => json!({ "message": text, "messageType": 0 }),
        Callback::PollingWait { wait_ms, message } => {
            json!({ "wait": wait_ms.to_string(), "message": message })
        }
        Callback::Metadata { data } => json!({ "data": data }),
        Callback::Redirect {
            url,
            method,
            data,
            tracking_cookie,
        } => {
            json!({ "url": url, "method": method, "data": data, "tracking": tracking_cookie })
        }
        Callback::Foreign(foreign) => {
            let output = foreign.output.iter();
            Json::Object(
                output
                    .map(|(name, value)| (name.to_string(), value.clone()))
                    .collect(),
            )
        }
        other => shown_of_profile(other),
    };
    match data {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}

/// What callbacks about a profile or a device show.
fn shown_of_profile(asked: &Callback) -> Json {
    match asked {
        Callback::ValidatedUsername {
            prompt, policies, ..
        } => {
            json!({ "prompt": prompt, "policies": policies, "failed": [], "validateOnly": false })
        }
        Callback::ValidatedPassword {
            prompt,
            policies,
            echo,
            ..
        } => json!({
            "prompt": prompt, "policies": policies, "echo": echo, "failed": [], "validateOnly": false,
        }),
        Callback::Attribute {
            name,
            prompt,
            required,
            policies,
            value,
            ..
        } => json!({
            "name": name, "prompt": prompt, "required": required, "policies": policies,
            "default": attribute(value), "failed": [], "validateOnly": false,
        }),
        Callback::SecurityQuestion {
            prompt,
            questions,
            own,
        } => {
            json!({ "prompt": prompt, "questions": questions, "own": own })
        }
        Callback::Terms {
            version,
            text,
            created,
            ..
        } => {
            json!({ "version": version, "terms": text, "created": created })
        }
        Callback::Consent {
            name,
            display_name,
            icon,
            access_level,
            required,
            message,
            fields,
            ..
        } => json!({
            "name": name, "displayName": display_name, "icon": icon, "level": access_level,
            "required": required, "message": message, "fields": fields,
        }),
        Callback::DeviceProfile {
            metadata,
            location,
            message,
        } => {
            json!({ "metadata": metadata, "location": location, "message": message })
        }
        _ => json!({}),
    }
}

fn number_of_message(message: MessageKind) -> u8 {
    match message {
        MessageKind::Information => 0,
        MessageKind::Warning => 1,
        MessageKind::Error => 2,
        MessageKind::Script | MessageKind::QrCode => 4,
    }
}

/// Which of the options with a number these are; -1 for options of one's own.
fn option_type(options: &[String]) -> i32 {
    let same = |known: &[(&str, u32)]| known.iter().map(|(label, _)| *label).eq(options.iter());
    let at = OPTIONS.iter().position(|known| same(known));
    at.and_then(|at| i32::try_from(at).ok()).unwrap_or(-1)
}

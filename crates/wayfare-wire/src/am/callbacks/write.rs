//! Writes what is asked.

use std::borrow::Cow;

use wayfare::{
    Ask, Callback, Value,
    engine::callback::{AttributeValue, FailedPolicy, MessageKind},
};

use super::qr;
use crate::json::Writer;

/// The input value of an optional button that was not pressed.
pub(crate) const UNTOUCHED: u32 = 100;

/// Writes the callbacks of a step as an array.
pub fn write(out: &mut Writer, ask: &Ask) {
    out.open_array();
    for (at, callback) in ask.callbacks.iter().enumerate() {
        let id = ask.ids.as_ref().and_then(|ids| ids.get(at)).copied();
        one(out, callback, at + 1, id);
    }
    out.close_array();
}

fn one(out: &mut Writer, callback: &Callback, position: usize, id: Option<u32>) {
    out.open_object();
    out.key("type").text(callback.kind());
    out.key("output").open_array();
    outputs(out, callback);
    out.close_array();
    if callback.is_input() {
        out.key("input").open_array();
        inputs(out, callback, position);
        out.close_array();
    }
    if let Some(id) = id {
        out.key("_id").int(i64::from(id));
    }
    out.close_object();
}

/// `{"name":…,"value":…}`
fn field(out: &mut Writer, name: &str, value: impl FnOnce(&mut Writer)) {
    out.open_object();
    out.key("name").text(name).key("value");
    value(out);
    out.close_object();
}

fn text(out: &mut Writer, name: &str, value: &str) {
    field(out, name, |out| {
        out.text(value);
    });
}

fn int(out: &mut Writer, name: &str, value: i64) {
    field(out, name, |out| {
        out.int(value);
    });
}

fn flag(out: &mut Writer, name: &str, value: bool) {
    field(out, name, |out| {
        out.bool(value);
    });
}

fn outputs(out: &mut Writer, callback: &Callback) {
    match callback {
        Callback::Name {
            prompt,
            default: _,
            autocomplete,
        } => {
            text(out, "prompt", prompt);
            if !autocomplete.is_empty() {
                field(out, "autocompleteValues", |out| {
                    out.texts(autocomplete);
                });
            }
        }
        Callback::Password { prompt } => text(out, "prompt", prompt),
        Callback::TextInput { prompt, default } => {
            text(out, "prompt", prompt);
            text(out, "defaultText", default);
        }
        Callback::Choice {
            prompt,
            choices,
            default,
        } => {
            text(out, "prompt", prompt);
            field(out, "choices", |out| {
                out.texts(choices);
            });
            int(out, "defaultChoice", i64::from(*default));
        }
        Callback::Confirmation { .. } => confirmation(out, callback),
        Callback::HiddenValue { id, value } => {
            text(out, "value", value);
            text(out, "id", id);
        }
        Callback::TextOutput {
            text: shown,
            message,
        } => {
            match message {
                MessageKind::QrCode => text(out, "message", &qr::script(shown)),
                _ => text(out, "message", shown),
            }
            // A string here, a number in a confirmation: so clients expect it.
            text(out, "messageType", message_digit(*message));
        }
        Callback::SuspendedTextOutput { text: shown } => {
            text(out, "message", shown);
            text(out, "messageType", "0");
        }
        Callback::PollingWait { wait_ms, message } => {
            text(out, "waitTime", &wait_ms.to_string());
            text(out, "message", message);
        }
        Callback::Metadata { data } => field(out, "data", |out| {
            out.json(data);
        }),
        Callback::Redirect { .. } => redirect(out, callback),
        Callback::ValidatedUsername {
            prompt,
            policies,
            failed,
            validate_only,
            value: _,
        } => validated(out, policies, failed, *validate_only, prompt),
        Callback::ValidatedPassword {
            prompt,
            echo,
            policies,
            failed,
            validate_only,
        } => {
            flag(out, "echoOn", *echo);
            validated(out, policies, failed, *validate_only, prompt);
        }
        Callback::Attribute { .. } => attribute(out, callback),
        Callback::Consent { .. } => consent(out, callback),
        Callback::SecurityQuestion { .. }
        | Callback::Terms { .. }
        | Callback::DeviceProfile { .. } => profile(out, callback),
        Callback::Foreign(foreign) => {
            for (name, value) in &foreign.output {
                field(out, name, |out| {
                    out.json(value);
                });
            }
        }
        // A kind that this wire does not spell yet is shown with its type alone; clients pass it over.
        _ => {}
    }
}

fn confirmation(out: &mut Writer, callback: &Callback) {
    let Callback::Confirmation {
        prompt,
        message,
        options,
        default,
        optional: _,
    } = callback
    else {
        return;
    };
    text(out, "prompt", prompt);
    int(out, "messageType", message_number(*message));
    field(out, "options", |out| {
        out.texts(options);
    });
    int(out, "optionType", -1);
    int(out, "defaultOption", i64::from(*default));
}

fn redirect(out: &mut Writer, callback: &Callback) {
    let Callback::Redirect {
        url,
        method,
        data,
        tracking_cookie,
    } = callback
    else {
        return;
    };
    text(out, "redirectUrl", url);
    text(out, "redirectMethod", method);
    flag(out, "trackingCookie", *tracking_cookie);
    if let Some(data) = data {
        field(out, "redirectData", |out| {
            out.json(data);
        });
    }
}

fn attribute(out: &mut Writer, callback: &Callback) {
    let Callback::Attribute {
        name,
        prompt,
        required,
        policies,
        failed,
        validate_only,
        value,
    } = callback
    else {
        return;
    };
    text(out, "name", name);
    text(out, "prompt", prompt);
    flag(out, "required", *required);
    policed(out, policies, failed, *validate_only);
    field(out, "value", |out| attribute_value(out, value));
}

fn attribute_value(out: &mut Writer, value: &AttributeValue) {
    match value {
        AttributeValue::Text(text) => out.text(text),
        AttributeValue::Number(None) => out.null(),
        AttributeValue::Number(Some(number)) => out.value(&Value::Decimal(*number)),
        AttributeValue::Flag(flag) => out.bool(*flag),
    };
}

fn profile(out: &mut Writer, callback: &Callback) {
    match callback {
        Callback::SecurityQuestion {
            prompt,
            questions,
            own,
        } => {
            text(out, "prompt", prompt);
            field(out, "predefinedQuestions", |out| {
                out.texts(questions);
            });
            flag(out, "allowUserDefinedQuestions", *own);
        }
        Callback::Terms {
            version,
            text: terms,
            created,
            accepted: _,
        } => {
            text(out, "version", version);
            text(out, "terms", terms);
            text(out, "createDate", created);
        }
        Callback::DeviceProfile {
            metadata,
            location,
            message,
        } => {
            flag(out, "metadata", *metadata);
            flag(out, "location", *location);
            text(out, "message", message);
        }
        _ => {}
    }
}

fn consent(out: &mut Writer, callback: &Callback) {
    let Callback::Consent {
        name,
        display_name,
        icon,
        access_level,
        required,
        message,
        fields,
        given: _,
    } = callback
    else {
        return;
    };
    text(out, "name", name);
    text(out, "displayName", display_name);
    text(out, "icon", icon);
    text(out, "accessLevel", access_level);
    flag(out, "isRequired", *required);
    text(out, "message", message);
    field(out, "fields", |out| {
        out.texts(fields);
    });
}

fn validated(
    out: &mut Writer,
    policies: &serde_json::Value,
    failed: &[FailedPolicy],
    validate_only: bool,
    prompt: &str,
) {
    policed(out, policies, failed, validate_only);
    text(out, "prompt", prompt);
}

fn policed(
    out: &mut Writer,
    policies: &serde_json::Value,
    failed: &[FailedPolicy],
    validate_only: bool,
) {
    field(out, "policies", |out| {
        out.json(policies);
    });
    field(out, "failedPolicies", |out| {
        out.open_array();
        for policy in failed {
            // Each is a JSON object written into a string; clients parse it a second time.
            let params = &policy.params;
            let requirement = serde_json::Value::from(&*policy.requirement);
            out.text(&format!(
                "{{ \"params\": {params}, \"policyRequirement\": {requirement} }}"
            ));
        }
        out.close_array();
    });
    flag(out, "validateOnly", validate_only);
}

fn inputs(out: &mut Writer, callback: &Callback, position: usize) {
    let name = input(position);
    match callback {
        Callback::Name { default, .. } | Callback::TextInput { default, .. } => {
            text(out, &name, default);
        }
        Callback::Choice { default, .. } => int(out, &name, i64::from(*default)),
        Callback::Confirmation { optional, .. } => {
            let preset = if *optional { UNTOUCHED } else { 0 };
            int(out, &name, i64::from(preset));
        }
        // The preset is the id, so that a value nobody filled in can be told from one that was.
        Callback::HiddenValue { id, .. } => text(out, &name, id),
        Callback::ValidatedUsername {
            value,
            validate_only,
            ..
        } => {
            text(out, &name, value);
            flag(out, &format!("{name}validateOnly"), *validate_only);
        }
        Callback::ValidatedPassword { validate_only, .. } => {
            text(out, &name, "");
            flag(out, &format!("{name}validateOnly"), *validate_only);
        }
        Callback::Attribute {
            value,
            validate_only,
            ..
        } => {
            field(out, &name, |out| attribute_value(out, value));
            flag(out, &format!("{name}validateOnly"), *validate_only);
        }
        Callback::SecurityQuestion { .. } => {
            text(out, &format!("{name}question"), "");
            text(out, &format!("{name}answer"), "");
        }
        Callback::Terms {
            accepted: ticked, ..
        }
        | Callback::Consent { given: ticked, .. } => flag(out, &name, *ticked),
        Callback::Foreign(foreign) => {
            for (suffix, value) in &foreign.input {
                field(out, &format!("{name}{suffix}"), |out| {
                    out.json(value);
                });
            }
        }
        _ => text(out, &name, ""),
    }
}

/// The name of the input at a position; those of short steps are there already.
fn input(position: usize) -> Cow<'static, str> {
    const FIRST: [&str; 4] = ["IDToken1", "IDToken2", "IDToken3", "IDToken4"];
    let first = position.checked_sub(1).and_then(|at| FIRST.get(at));
    first.map_or_else(
        || format!("IDToken{position}").into(),
        |name| (*name).into(),
    )
}

fn message_number(kind: MessageKind) -> i64 {
    match kind {
        MessageKind::Information => 0,
        MessageKind::Warning => 1,
        MessageKind::Error => 2,
        MessageKind::Script | MessageKind::QrCode => 4,
    }
}

fn message_digit(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Information => "0",
        MessageKind::Warning => "1",
        MessageKind::Error => "2",
        MessageKind::Script | MessageKind::QrCode => "4",
    }
}

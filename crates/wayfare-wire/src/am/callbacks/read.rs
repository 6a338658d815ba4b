//! Reads what a node outside asks: callbacks as clients get them.
//!
//! In: the JSON of one callback, type, outputs and inputs. Out: the callback. A type that the engine does
//! not know is handed through as it came. Positions in the names of inputs do not count, as nobody outside
//! knows where a callback will stand.

use std::sync::Arc;

use serde_json::Value as Json;
use wayfare::{
    Callback, Decimal,
    engine::callback::{AttributeValue, FailedPolicy, Foreign, MessageKind},
};

/// The longest name of a type, an output or an input.
const NAME_BYTES_MAX: usize = 128;
/// How many outputs or inputs a callback has at most.
const FIELDS_MAX: usize = 64;

/// The callback in this JSON.
///
/// # Errors
/// It is none, in a few words.
pub fn read(json: &Json) -> Result<Callback, &'static str> {
    let kind = json.get("type").and_then(Json::as_str);
    let kind = kind.ok_or("a callback has no type")?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    if kind.is_empty() || kind.len() > NAME_BYTES_MAX || !kind.bytes().all(fits) {
        return Err("a callback has a type that is no name");
    }
    let fields = Fields {
        output: pairs(json.get("output"))?,
        input: pairs(json.get("input"))?,
    };
    Ok(match kind {
        "NameCallback" => Callback::Name {
            prompt: fields.text("prompt"),
            default: fields.preset(),
            autocomplete: fields.texts("autocompleteValues"),
        },
        "PasswordCallback" => Callback::Password {
            prompt: fields.text("prompt"),
        },
        "TextInputCallback" => Callback::TextInput {
            prompt: fields.text("prompt"),
            default: fields.text("defaultText"),
        },
        "ChoiceCallback" => Callback::Choice {
            prompt: fields.text("prompt"),
            choices: fields.some("choices")?,
            default: fields.index("defaultChoice"),
        },
        "ConfirmationCallback" => Callback::Confirmation {
            prompt: fields.text("prompt"),
            message: fields.message(),
            options: fields.some("options")?,
            default: fields.index("defaultOption"),
            optional: false,
        },
        "HiddenValueCallback" => Callback::HiddenValue {
            id: fields.text("id"),
            value: fields.text("value"),
        },
        "TextOutputCallback" => Callback::TextOutput {
            text: fields.text("message"),
            message: fields.message(),
        },
        "SuspendedTextOutputCallback" => Callback::SuspendedTextOutput {
            text: fields.text("message"),
        },
        "PollingWaitCallback" => Callback::PollingWait {
            wait_ms: fields.number("waitTime").ok_or("a wait has no time")?,
            message: fields.text("message"),
        },
        "MetadataCallback" => Callback::Metadata {
            data: fields.json("data"),
        },
        "RedirectCallback" => Callback::Redirect {
            url: fields.text("redirectUrl"),
            method: fields.text("redirectMethod"),
            data: fields.get("redirectData").cloned(),
            tracking_cookie: fields.flag("trackingCookie"),
        },
        "ValidatedCreateUsernameCallback" | "ValidatedCreatePasswordCallback" => {
            fields.validated(kind)
        }
        "StringAttributeInputCallback"
        | "NumberAttributeInputCallback"
        | "BooleanAttributeInputCallback" => fields.attribute(kind)?,
        "KbaCreateCallback" => Callback::SecurityQuestion {
            prompt: fields.text("prompt"),
            questions: fields.texts("predefinedQuestions"),
            own: fields.flag("allowUserDefinedQuestions"),
        },
        "TermsAndConditionsCallback" => Callback::Terms {
            version: fields.text("version"),
            text: fields.text("terms"),
            created: fields.text("createDate"),
            accepted: false,
        },
        "ConsentMappingCallback" => Callback::Consent {
            name: fields.text("name"),
            display_name: fields.text("displayName"),
            icon: fields.text("icon"),
            access_level: fields.text("accessLevel"),
            required: fields.flag("isRequired"),
            message: fields.text("message"),
            fields: fields.texts("fields"),
            given: false,
        },
        "DeviceProfileCallback" => Callback::DeviceProfile {
            metadata: fields.flag("metadata"),
            location: fields.flag("location"),
            message: fields.text("message"),
        },
        _ => Callback::Foreign(Box::new(fields.foreign(kind))),
    })
}

type Pairs<'a> = Vec<(&'a str, &'a Json)>;

struct Fields<'a> {
    output: Pairs<'a>,
    input: Pairs<'a>,
}

fn pairs(json: Option<&Json>) -> Result<Pairs<'_>, &'static str> {
    let Some(json) = json else {
        return Ok(Vec::new());
    };
    let wrong = "a callback has fields without a name and a value";
    let list = json.as_array().ok_or(wrong)?;
    if list.len() > FIELDS_MAX {
        return Err("a callback has too many fields");
    }
    list.iter()
        .map(|field| {
            let name = field.get("name").and_then(Json::as_str).ok_or(wrong)?;
            if name.len() > NAME_BYTES_MAX {
                return Err("a field of a callback has too long a name");
            }
            Ok((name, field.get("value").ok_or(wrong)?))
        })
        .collect()
}

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Json> {
        let found = self.output.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| *value)
    }

    fn text(&self, name: &str) -> String {
        self.get(name)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let list = self.get(name).and_then(Json::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect()
    }

    /// A list that has to hold something, since one of it is chosen.
    fn some(&self, name: &str) -> Result<Vec<String>, &'static str> {
        Some(self.texts(name))
            .filter(|texts| !texts.is_empty())
            .ok_or("a callback has nothing to choose from")
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Json::as_bool).unwrap_or_default()
    }

    /// A number, or a text that is one: clients get both.
    fn number(&self, name: &str) -> Option<u64> {
        let value = self.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    fn index(&self, name: &str) -> u32 {
        let number = self.number(name).unwrap_or_default();
        u32::try_from(number).unwrap_or_default()
    }

    fn json(&self, name: &str) -> Json {
        self.get(name)
            .cloned()
            .unwrap_or_else(|| serde_json::json!({}))
    }

    fn message(&self) -> MessageKind {
        match self.number("messageType") {
            Some(1) => MessageKind::Warning,
            Some(2) => MessageKind::Error,
            Some(4) => MessageKind::Script,
            _ => MessageKind::Information,
        }
    }

    /// What stands in the first input already.
    fn preset(&self) -> String {
        let first = self.input.first().and_then(|(_, value)| value.as_str());
        first.unwrap_or_default().to_owned()
    }

    /// Each is a text with JSON in it, as clients get it, or that JSON.
    fn failed(&self) -> Vec<FailedPolicy> {
        let list = self.get("failedPolicies").and_then(Json::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|policy| {
                let parsed = policy.as_str().map(serde_json::from_str::<Json>);
                let policy = parsed
                    .and_then(Result::ok)
                    .unwrap_or_else(|| policy.clone());
                Some(FailedPolicy {
                    requirement: Arc::from(policy.get("policyRequirement")?.as_str()?),
                    params: policy
                        .get("params")
                        .cloned()
                        .unwrap_or_else(|| serde_json::json!({})),
                })
            })
            .collect()
    }

    fn validated(&self, kind: &str) -> Callback {
        let (prompt, policies) = (self.text("prompt"), self.json("policies"));
        let (failed, validate_only) = (self.failed(), self.flag("validateOnly"));
        if kind == "ValidatedCreateUsernameCallback" {
            Callback::ValidatedUsername {
                prompt,
                policies,
                failed,
                validate_only,
                value: String::new(),
            }
        } else {
            Callback::ValidatedPassword {
                prompt,
                echo: self.flag("echoOn"),
                policies,
                failed,
                validate_only,
            }
        }
    }

    fn attribute(&self, kind: &str) -> Result<Callback, &'static str> {
        let value = self.get("value").unwrap_or(&Json::Null);
        Ok(Callback::Attribute {
            name: self.text("name"),
            prompt: self.text("prompt"),
            required: self.flag("required"),
            policies: self.json("policies"),
            failed: self.failed(),
            validate_only: self.flag("validateOnly"),
            value: match kind {
                "StringAttributeInputCallback" => {
                    AttributeValue::Text(value.as_str().unwrap_or_default().to_owned())
                }
                "BooleanAttributeInputCallback" => {
                    AttributeValue::Flag(value.as_bool().unwrap_or_default())
                }
                _ if value.is_null() => AttributeValue::Number(None),
                _ => AttributeValue::Number(Some(
                    Decimal::parse(&value.to_string()).ok_or("an attribute has no number")?,
                )),
            },
        })
    }

    fn foreign(&self, kind: &str) -> Foreign {
        let output = self.output.iter();
        let input = self.input.iter().map(|(name, value)| {
            let end = name.strip_prefix("IDToken").unwrap_or(name);
            let end = end.trim_start_matches(|c: char| c.is_ascii_digit());
            (Arc::from(end), (*value).clone())
        });
        Foreign {
            kind: Arc::from(kind),
            output: output
                .map(|(name, value)| (Arc::from(*name), (*value).clone()))
                .collect(),
            input: input.collect(),
        }
    }
}

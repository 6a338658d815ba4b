//! What a run finds that does not come where it should, as an error.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value as Json;
use wayfare::{
    engine::ground::{CredentialDetail, Ground},
    headless::{Lack, NeedsInput, Outcome},
};
use wayfare_wire::capture::{
    call::Native,
    error::{Code, Detail, Error},
    flow::Rule,
};

use super::{
    Turn,
    flow::{Asked, Use},
    record::EMAIL,
    social::{is_linked_elsewhere, linked_elsewhere},
};

/// What is said of a login that fails, to strangers and owners alike.
const INCORRECT: &str = "Incorrect username or password. Try again.";

impl Turn<'_> {
    /// The error of a run that did not come where it should.
    pub(super) fn failed(&self, outcome: &Outcome, asked: &Asked<'_>, call: &Native) -> Error {
        match outcome {
            Outcome::Failure(failed) => {
                let error = self.ground(&failed.ground, asked, call);
                let bound = asked
                    .binding
                    .and_then(|binding| binding.code(failed.ground.kind()));
                let code = bound.and_then(|code| Code::of_number(u16::try_from(code).ok()?));
                match code {
                    Some(code) => Error { code, ..error },
                    None => error,
                }
            }
            Outcome::NeedsInput(needs) => self.lacks(needs, asked, call),
            // A flow that goes on elsewhere cannot be gone on with here.
            _ => Error::new(
                Code::FlowError,
                "the journey of the form does not end in one request",
            ),
        }
    }

    fn lacks(&self, needs: &NeedsInput, asked: &Asked<'_>, call: &Native) -> Error {
        let settings = &self.place.capture.settings;
        let mut invalid = BTreeMap::new();
        for (at, lack) in &needs.lacks {
            let callback = needs.ask.callbacks.get(*at);
            let input = callback
                .and_then(|callback| callback.field())
                .unwrap_or_default();
            for name in asked.fields_of(settings, input) {
                let words = match lack {
                    Lack::Missing => "This field is required.",
                    _ => "The value is not one that is taken here.",
                };
                let text = asked.flow.text(words, &call.locale).to_owned();
                invalid.insert(name, vec![text]);
            }
        }
        if invalid.is_empty() {
            Error::new(
                Code::FlowError,
                "the journey of the form asks what the form does not answer",
            )
        } else {
            fields(invalid)
        }
    }

    fn ground(&self, ground: &Ground, asked: &Asked<'_>, call: &Native) -> Error {
        let detailed = self.place.capture.settings.detailed_credential_errors;
        let signs_in = asked.usage == Use::SignIn;
        let triggered = |message: &str| {
            let text = asked.flow.text(message, &call.locale).to_owned();
            Error::new(Code::TriggeredError, message.to_owned()).message(Some(text))
        };
        match ground {
            ground if is_linked_elsewhere(ground) => linked_elsewhere(),
            Ground::InvalidCredentials { detail } if signs_in => {
                match detail.filter(|_| detailed) {
                    None => Self::incorrect(asked, call),
                    Some(detail) => {
                        let code = match detail {
                            CredentialDetail::Unknown => Code::NoSuchAccount,
                            CredentialDetail::NoPassword => Code::NoPassword,
                            CredentialDetail::Wrong => Code::PasswordIncorrect,
                        };
                        Error {
                            code,
                            ..Self::incorrect(asked, call)
                        }
                    }
                }
            }
            // Whoever is locked out, or no longer let in, looks like everybody else who is not.
            Ground::AccountLocked { .. } | Ground::AccountInactive if signs_in && !detailed => {
                Self::incorrect(asked, call)
            }
            Ground::InvalidCredentials { .. } => {
                let current = self.current_password(asked);
                let text = asked
                    .flow
                    .text("The password is wrong.", &call.locale)
                    .to_owned();
                fields([(current, vec![text])].into())
            }
            Ground::AccountLocked { .. } => triggered("The account is locked."),
            Ground::AccountInactive => triggered("The account is not active."),
            Ground::FieldsInvalid { fields: found } => self.invalid(found, asked, call),
            Ground::AlreadyExists { attribute, .. } => {
                self.exists(attribute.as_deref(), asked, call)
            }
            Ground::NotFound | Ground::NotRegistered { .. } => Error::not_found(),
            Ground::AlreadyDone => done(*asked, call),
            Ground::Expired => triggered("What was begun is over."),
            Ground::Missing { .. } => Error::new(
                Code::MissingRequiredAttribute,
                "a required attribute is missing",
            ),
            Ground::Triggered { message, .. } => triggered(message),
            Ground::Denied | Ground::Rejected => triggered("The request was refused."),
            _ => Error::unexpected(),
        }
    }

    /// One face for all logins that fail.
    pub(super) fn incorrect(asked: &Asked<'_>, call: &Native) -> Error {
        let text = asked.flow.text(INCORRECT, &call.locale).to_owned();
        let invalid = [(asked.name.to_owned(), vec![text.clone()])].into();
        let error = Error::new(Code::InvalidCredentials, "incorrect username or password");
        error.with(Detail::Fields(invalid)).message(Some(text))
    }

    fn current_password(&self, asked: &Asked<'_>) -> String {
        let settings = &self.place.capture.settings;
        let mut fields = asked.fields_of(settings, "password").into_iter();
        fields.next().unwrap_or_else(|| asked.name.to_owned())
    }

    /// Values that the store refuses, told at the fields that they came from.
    fn invalid(
        &self,
        found: &BTreeMap<Arc<str>, Vec<wayfare::engine::callback::FailedPolicy>>,
        asked: &Asked<'_>,
        call: &Native,
    ) -> Error {
        let settings = &self.place.capture.settings;
        let taken = |failed: &wayfare::engine::callback::FailedPolicy| {
            matches!(&*failed.requirement, "UNIQUE" | "VALID_USERNAME")
        };
        let all_taken = !found.is_empty()
            && found
                .values()
                .all(|all| !all.is_empty() && all.iter().all(taken));
        if all_taken && matches!(asked.usage, Use::Register | Use::SocialRegister) {
            return self.exists(found.keys().next().map(|name| &**name), asked, call);
        }
        let mut invalid: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (attribute, failed) in found {
            // The second of two passwords is told by the name of the first.
            let mut names = asked.fields_of(settings, attribute);
            if &**attribute == "password" {
                let second = asked.fields_of(settings, "password#2");
                names = if second.is_empty() { names } else { second };
            }
            // The name may be the address, and follow it.
            let email = settings.attributes.get(EMAIL);
            if let Some(email) = email.filter(|_| attribute.eq_ignore_ascii_case("userName"))
                && names.is_empty()
            {
                names = asked.fields_of(settings, email);
            }
            if names.is_empty() {
                names.push(asked.name.to_owned());
            }
            for name in names {
                let messages = invalid.entry(name.clone()).or_default();
                for one in failed {
                    let text = said(asked, &name, &one.requirement, &one.params, call);
                    if !messages.contains(&text) {
                        messages.push(text);
                    }
                }
            }
        }
        fields(invalid)
    }

    /// Somebody has an account with the address already.
    fn exists(&self, attribute: Option<&str>, asked: &Asked<'_>, call: &Native) -> Error {
        let settings = &self.place.capture.settings;
        let names = attribute
            .map(|name| asked.fields_of(settings, name))
            .unwrap_or_default();
        let name = names.first().map_or(asked.name, String::as_str);
        let text = said(asked, name, "UNIQUE", &Json::Null, call);
        if matches!(asked.usage, Use::Register | Use::SocialRegister) {
            return Error::new(Code::EmailAddressInUse, "email address in use")
                .with(Detail::ExistingProvider("capture".to_owned()))
                .message(Some(text));
        }
        fields([(name.to_owned(), vec![text])].into())
    }
}

/// What was asked for has been done before.
pub(super) fn done(asked: Asked<'_>, call: &Native) -> Error {
    let text = asked
        .flow
        .text("The email address is verified already.", &call.locale);
    Error::new(Code::TriggeredError, "already verified").message(Some(text.to_owned()))
}

pub(super) fn fields(invalid: BTreeMap<String, Vec<String>>) -> Error {
    Error::new(Code::InvalidFormFields, "invalid form fields").with(Detail::Fields(invalid))
}

/// What a policy that is not met says to users: what the flow says of the rule, else the rule in words.
fn said(asked: &Asked<'_>, name: &str, requirement: &str, params: &Json, call: &Native) -> String {
    let number = |key: &str| params.get(key).map(ToString::to_string).unwrap_or_default();
    let (rule, words) = match requirement {
        "REQUIRED" => (Some(Rule::Required), "This field is required.".to_owned()),
        "UNIQUE" | "VALID_USERNAME" => (
            Some(Rule::Unique),
            "Somebody else has this value.".to_owned(),
        ),
        "VALID_EMAIL_ADDRESS_FORMAT" => (
            Some(Rule::Email),
            "This is not an address of mail.".to_owned(),
        ),
        "MIN_LENGTH" => (
            Some(Rule::Length {
                min: None,
                max: None,
            }),
            format!("There must be {} characters at least.", number("minLength")),
        ),
        "MAX_LENGTH" => (
            Some(Rule::Length {
                min: None,
                max: None,
            }),
            format!("There must be {} characters at most.", number("maxLength")),
        ),
        "AT_LEAST_X_CAPITAL_LETTERS" => (
            None,
            format!(
                "There must be {} capital letters at least.",
                number("numCaps")
            ),
        ),
        "AT_LEAST_X_NUMBERS" => (
            None,
            format!("There must be {} digits at least.", number("numNums")),
        ),
        "CANNOT_CONTAIN_OTHERS" => (
            None,
            "The value must not hold others of your profile.".to_owned(),
        ),
        _ => (None, "The value is not one that is taken here.".to_owned()),
    };
    let field = asked.flow.fields.get(name);
    match (rule, field) {
        (Some(rule), Some(field)) => asked.flow.said(field, &rule, &words, &call.locale),
        _ => asked.flow.text(&words, &call.locale).to_owned(),
    }
}

//! What a request asks for, typed.

use serde_json::Value as Json;
use wayfare::Secret;

use crate::{
    capture::{
        error::{Code, Error},
        operation::Operation,
        parameters::Parameters,
    },
    json::{self, Bounds},
};

/// The longest time that a caller may give a code, in seconds.
pub const LIFETIME_MAX: u64 = 30 * 86_400;

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `getAccessToken`
    GetAccessToken {
        /// The record.
        who: Selector,
        /// The client that the token is for, where it is not the caller.
        for_client: Option<String>,
    },
    /// `getAuthorizationCode`
    GetAuthorizationCode {
        /// The record.
        who: Selector,
        /// The client that may redeem it, where it is not the caller.
        for_client: Option<String>,
        /// The address that must come along again.
        redirect_uri: String,
        /// How long it lives, in seconds.
        lifetime: Option<u64>,
        /// What comes back when it is redeemed.
        state: Option<Json>,
    },
    /// `getVerificationCode`
    GetVerificationCode {
        /// The record.
        who: Selector,
        /// The attribute that is set to the time of its use.
        attribute: String,
        /// How long it lives, in seconds.
        lifetime: Option<u64>,
        /// Whether the attribute may lie in a list.
        plural: bool,
    },
    /// `useVerificationCode`
    UseVerificationCode(Secret<String>),
    /// `getCreationToken`
    GetCreationToken {
        /// The type of the record.
        type_name: String,
        /// The client that may use it, where it is not the caller.
        for_client: Option<String>,
        /// How long it lives, in seconds.
        lifetime: Option<u64>,
    },
    /// `token`
    Token(Grant),
    /// `refresh_access_token`
    RefreshAccessToken {
        /// The token to be renewed.
        token: Secret<String>,
        /// When it was signed, as it was signed.
        date: String,
        /// The signature.
        signature: String,
    },
    /// `entity`
    Entity {
        /// The type of the record, where it is said.
        type_name: Option<String>,
        /// The record, where it is not the one of the token.
        who: Option<Selector>,
        /// The one attribute that is asked for, as a path.
        attribute: Option<String>,
        /// The attributes that are asked for, as paths.
        attributes: Option<Vec<String>>,
    },
    /// One of the nine that run a flow.
    Native(Box<Native>),
}

/// What is redeemed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A code.
    Code {
        /// The code.
        code: Secret<String>,
        /// The address that it was made for.
        redirect_uri: String,
    },
    /// A refresh token.
    Refresh(Secret<String>),
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The type of the record.
    pub type_name: String,
    /// Which.
    pub key: RecordKey,
}

/// What finds a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordKey {
    /// Its id of 128 bits.
    Uuid(String),
    /// Its number.
    Id(i64),
    /// An attribute that no two records share, and its value.
    Attribute {
        /// The attribute.
        name: String,
        /// The value.
        value: String,
    },
}

/// What the answer of a login holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResponseType {
    /// An access token.
    #[default]
    Token,
    /// An authorization code.
    Code,
    /// Both.
    CodeAndToken,
}

impl ResponseType {
    /// Whether there is a token.
    pub fn has_token(self) -> bool {
        self != Self::Code
    }

    /// Whether there is a code.
    pub fn has_code(self) -> bool {
        self != Self::Token
    }
}

/// What the operations that run a flow have in common; the fields of the form are still to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    /// Which it is.
    pub operation: Operation,
    /// The language.
    pub locale: String,
    /// The flow.
    pub flow: Option<String>,
    /// The version of the flow.
    pub flow_version: Option<String>,
    /// Where a code is for.
    pub redirect_uri: Option<String>,
    /// What the answer holds.
    pub response: ResponseType,
    /// The form.
    pub form: Option<String>,
    /// The form that a social registration would be filled in with.
    pub registration_form: Option<String>,
    /// Whether an account is made where the social profile has all that it needs.
    pub thin: bool,
    /// The token of a social login.
    pub token: Option<Secret<String>>,
    /// The token of a social login that is to be linked after this login.
    pub merge_token: Option<Secret<String>>,
    /// The identity that is taken away.
    pub identifier: Option<String>,
    /// What an app on a phone will sign renewals with.
    pub refresh_secret: Option<Secret<String>>,
}

/// The shortest and the longest `refresh_secret`, in bytes: the vendor's apps send 40 hexadecimal digits.
pub const REFRESH_SECRET_BYTES: std::ops::RangeInclusive<usize> = 40..=256;

/// The type of records where none is named.
pub const TYPE_NAME: &str = "user";

/// The language where none is named.
pub const LOCALE: &str = "en-US";

/// Reads what a request asks for.
///
/// # Errors
/// Parameters are absent, malformed or contradict each other.
pub fn read(operation: Operation, parameters: &Parameters) -> Result<Call, Error> {
    let text = |name: &str| parameters.filled(name).map(str::to_owned);
    let for_client = || text("for_client_id");
    match operation {
        Operation::GetAccessToken => Ok(Call::GetAccessToken {
            who: required_selector(parameters)?,
            for_client: for_client(),
        }),
        Operation::GetAuthorizationCode => Ok(Call::GetAuthorizationCode {
            who: required_selector(parameters)?,
            for_client: for_client(),
            redirect_uri: required(parameters, "redirect_uri")?,
            lifetime: lifetime(parameters)?,
            state: state(parameters)?,
        }),
        Operation::GetVerificationCode => Ok(Call::GetVerificationCode {
            who: required_selector(parameters)?,
            attribute: required(parameters, "attribute_name")?,
            lifetime: lifetime(parameters)?,
            plural: flag(parameters, "allow_plural")?,
        }),
        Operation::UseVerificationCode => Ok(Call::UseVerificationCode(secret(
            parameters,
            "verification_code",
        )?)),
        Operation::GetCreationToken => Ok(Call::GetCreationToken {
            type_name: type_name(parameters),
            for_client: for_client(),
            lifetime: lifetime(parameters)?,
        }),
        Operation::Token => grant(parameters).map(Call::Token),
        Operation::RefreshAccessToken => Ok(Call::RefreshAccessToken {
            token: secret(parameters, "access_token")?,
            date: required(parameters, "date")?,
            signature: required(parameters, "signature")?,
        }),
        Operation::Entity => Ok(Call::Entity {
            type_name: text("type_name"),
            who: selector(parameters)?,
            attribute: text("attribute_name"),
            attributes: paths(parameters)?,
        }),
        Operation::AuthNative
        | Operation::AuthNativeTraditional
        | Operation::RegisterNative
        | Operation::RegisterNativeTraditional
        | Operation::LinkAccountNative
        | Operation::UnlinkAccountNative
        | Operation::UpdateProfileNative
        | Operation::ForgotPasswordNative
        | Operation::VerifyEmailNative => native(operation, parameters).map(Call::Native),
    }
}

fn native(operation: Operation, parameters: &Parameters) -> Result<Box<Native>, Error> {
    use Operation as O;
    let text = |name: &str| parameters.filled(name).map(str::to_owned);
    let filled = |name: &str| {
        let value = parameters.secret(name)?;
        (!value.reveal().is_empty()).then(|| value.clone())
    };
    let response = match parameters.filled("response_type") {
        None | Some("token") => ResponseType::Token,
        Some("code") => ResponseType::Code,
        Some("code_and_token") => ResponseType::CodeAndToken,
        Some(other) => {
            let message = format!("invalid response type: {other}");
            return Err(Error::invalid("response_type", message));
        }
    };
    let call = Native {
        operation,
        locale: text("locale").unwrap_or_else(|| LOCALE.to_owned()),
        flow: text("flow"),
        flow_version: text("flow_version"),
        redirect_uri: text("redirect_uri"),
        response,
        form: text("form"),
        registration_form: text("registration_form"),
        thin: flag(parameters, "thin_registration")?,
        token: filled("token"),
        merge_token: filled("merge_token"),
        identifier: text("identifier_to_remove"),
        refresh_secret: filled("refresh_secret"),
    };
    let logs_in = matches!(
        operation,
        O::AuthNative | O::AuthNativeTraditional | O::RegisterNative | O::RegisterNativeTraditional
    );
    let mails = matches!(operation, O::ForgotPasswordNative | O::VerifyEmailNative);
    let social = matches!(
        operation,
        O::AuthNative | O::RegisterNative | O::LinkAccountNative
    );
    let has_form = matches!(
        operation,
        O::AuthNativeTraditional
            | O::RegisterNative
            | O::RegisterNativeTraditional
            | O::UpdateProfileNative
            | O::ForgotPasswordNative
            | O::VerifyEmailNative
    );
    let mut missing = Vec::new();
    let mut need = |wanted: bool, has: bool, name| {
        if wanted && !has {
            missing.push(name);
        }
    };
    let redirects = mails || (logs_in && call.response.has_code());
    need(redirects, call.redirect_uri.is_some(), "redirect_uri");
    need(has_form, call.form.is_some(), "form");
    need(social, call.token.is_some(), "token");
    let unlinks = operation == O::UnlinkAccountNative;
    need(unlinks, call.identifier.is_some(), "identifier_to_remove");
    if !missing.is_empty() {
        return Err(Error::missing(&missing));
    }
    let length = |secret: &Secret<String>| secret.reveal().len();
    if let Some(secret) = &call.refresh_secret
        && !REFRESH_SECRET_BYTES.contains(&length(secret))
    {
        let (least, most) = (REFRESH_SECRET_BYTES.start(), REFRESH_SECRET_BYTES.end());
        let message = format!("the secret must have {least} to {most} characters");
        return Err(Error::invalid("refresh_secret", message));
    }
    let tag = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if call.locale.len() > 35 || !call.locale.bytes().all(tag) {
        return Err(Error::invalid("locale", "the locale is not a language tag"));
    }
    if call.flow_version.as_deref() == Some("HEAD") {
        let message = "HEAD is not a version here; name one";
        return Err(Error::invalid("flow_version", message));
    }
    Ok(Box::new(call))
}

fn grant(parameters: &Parameters) -> Result<Grant, Error> {
    match required(parameters, "grant_type")?.as_str() {
        "authorization_code" => {
            let code = parameters.filled("code");
            let uri = parameters.filled("redirect_uri");
            match (code, uri) {
                (Some(code), Some(uri)) => Ok(Grant::Code {
                    code: Secret::from(code),
                    redirect_uri: uri.to_owned(),
                }),
                (None, Some(_)) => Err(Error::missing(&["code"])),
                (Some(_), None) => Err(Error::missing(&["redirect_uri"])),
                (None, None) => Err(Error::missing(&["code", "redirect_uri"])),
            }
        }
        "refresh_token" => secret(parameters, "refresh_token").map(Grant::Refresh),
        other => Err(Error::invalid(
            "grant_type",
            format!("invalid grant_type: {other}"),
        )),
    }
}

fn required_selector(parameters: &Parameters) -> Result<Selector, Error> {
    selector(parameters)?.ok_or_else(|| Error::missing(&["uuid"]))
}

fn selector(parameters: &Parameters) -> Result<Option<Selector>, Error> {
    let named = ["uuid", "id", "key_attribute"].map(|name| parameters.filled(name));
    let value = parameters.filled("key_value");
    let key = match (named, value) {
        ([None, None, None], None) => return Ok(None),
        ([Some(uuid), None, None], None) => RecordKey::Uuid(uuid.to_owned()),
        ([None, Some(id), None], None) => {
            let number = id.parse().ok().filter(|number: &i64| *number >= 0);
            RecordKey::Id(number.ok_or_else(|| Error::invalid("id", "the id is not a number"))?)
        }
        ([None, None, Some(name)], Some(value)) => RecordKey::Attribute {
            name: name.to_owned(),
            value: match small_json(value) {
                Some(Json::String(text)) => text,
                Some(Json::Number(number)) => number.to_string(),
                _ => {
                    let message = "the value must be JSON: a text in quotes, or a number";
                    return Err(Error::invalid("key_value", message));
                }
            },
        },
        ([None, None, Some(_)], None) => return Err(Error::missing(&["key_value"])),
        ([None, None, None], Some(_)) => return Err(Error::missing(&["key_attribute"])),
        _ => {
            let message = "only one of uuid, id and key_attribute may be given";
            return Err(Error::new(Code::DuplicateArgument, message));
        }
    };
    Ok(Some(Selector {
        type_name: type_name(parameters),
        key,
    }))
}

fn type_name(parameters: &Parameters) -> String {
    parameters
        .filled("type_name")
        .unwrap_or(TYPE_NAME)
        .to_owned()
}

fn required(parameters: &Parameters, name: &'static str) -> Result<String, Error> {
    let value = parameters
        .filled(name)
        .ok_or_else(|| Error::missing(&[name]))?;
    Ok(value.to_owned())
}

fn secret(parameters: &Parameters, name: &'static str) -> Result<Secret<String>, Error> {
    let value = parameters
        .filled(name)
        .ok_or_else(|| Error::missing(&[name]))?;
    Ok(Secret::from(value))
}

fn flag(parameters: &Parameters, name: &'static str) -> Result<bool, Error> {
    match parameters.filled(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Error::invalid(name, "the value must be true or false")),
    }
}

fn lifetime(parameters: &Parameters) -> Result<Option<u64>, Error> {
    let Some(text) = parameters.filled("lifetime") else {
        return Ok(None);
    };
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (1..=LIFETIME_MAX).contains(seconds));
    let message = "the lifetime must be a number of seconds, at most 30 days";
    seconds
        .map(Some)
        .ok_or_else(|| Error::invalid("lifetime", message))
}

fn state(parameters: &Parameters) -> Result<Option<Json>, Error> {
    let Some(text) = parameters.filled("transaction_state") else {
        return Ok(None);
    };
    let object = small_json(text).filter(Json::is_object);
    let message = "the state must be a JSON object";
    let object = object.ok_or_else(|| Error::invalid("transaction_state", message))?;
    if object.get("capture").is_some() {
        // Clients read there whether somebody came by a mailed code, which only this server knows.
        let message = "the member `capture` of the state is not the caller's to set";
        return Err(Error::invalid("transaction_state", message));
    }
    Ok(Some(object))
}

fn paths(parameters: &Parameters) -> Result<Option<Vec<String>>, Error> {
    let Some(text) = parameters.filled("attributes") else {
        return Ok(None);
    };
    let wrong = || Error::invalid("attributes", "the attributes must be a JSON list of texts");
    let Some(Json::Array(list)) = small_json(text) else {
        return Err(wrong());
    };
    let texts: Option<Vec<String>> = list
        .iter()
        .map(|path| Some(path.as_str()?.to_owned()))
        .collect();
    texts.map(Some).ok_or_else(wrong)
}

/// A value of JSON within a parameter, read as strictly as a body.
fn small_json(text: &str) -> Option<Json> {
    let bounds = Bounds {
        depth: 8,
        ..Bounds::default()
    };
    json::read::<json::Ignored>(text.as_bytes(), bounds).ok()?;
    json::read(text.as_bytes(), bounds).ok()
}

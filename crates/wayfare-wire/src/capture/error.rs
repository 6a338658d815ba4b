//! What goes wrong: a closed table of codes and names, and the answer that tells of one.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use crate::{
    am::reply::Reply,
    capture::{digit::digit, operation::Operation},
    json::Writer,
};

macro_rules! codes {
    ($($number:literal $variant:ident $name:literal $meaning:literal)*) => {
        /// A code of the error table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, in the order of its numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its number.
            pub const fn number(self) -> u16 {
                match self { $(Self::$variant => $number,)* }
            }

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The code of this number.
            pub const fn of_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// The code of this name.
            pub fn of_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    100 MissingArgument "missing_argument" "A required parameter is absent."
    200 InvalidArgument "invalid_argument" "A parameter is malformed or not recognised."
    201 DuplicateArgument "duplicate_argument" "Parameters contradict each other."
    205 InvalidAuthMethod "invalid_auth_method" "The scheme of `Authorization` is none of those known."
    210 InvalidCredentials "invalid_credentials" "The combination of name and password is wrong."
    211 NoPassword "no_password" "The account has no password."
    212 NoSuchAccount "no_such_account" "There is no such account."
    213 PasswordIncorrect "password_incorrect" "There is such an account, with another password."
    221 UnknownApplication "unknown_application" "There is no such application."
    222 UnknownEntityType "unknown_entity_type" "There is no such type of records."
    223 UnknownAttribute "unknown_attribute" "The type has no such attribute."
    224 ApplicationNotFound "application_not_found" "No application is served here."
    226 FlowError "flow_error" "The flow is not fit to be used."
    232 EntityTypeExists "entity_type_exists" "There is such a type already."
    233 AttributeExists "attribute_exists" "There is such an attribute already."
    234 ReservedAttribute "reserved_attribute" "The attribute may not be changed."
    300 ErrorCreatingRecord "error_creating_record" "A record cannot be made."
    310 RecordNotFound "record_not_found" "There is no such record."
    320 IdInNewRecord "id_in_new_record" "A new record brings an id along."
    330 TimestampMismatch "timestamp_mismatch" "The record was changed in between."
    340 InvalidDataFormat "invalid_data_format" "A value does not fit its attribute."
    341 InvalidJsonType "invalid_json_type" "A value is of another JSON type than its attribute."
    342 InvalidDateTime "invalid_date_time" "A value is no time."
    360 ConstraintViolation "constraint_violation" "A value breaks a rule of its attribute."
    361 UniqueViolation "unique_violation" "Another record has the value already."
    362 MissingRequiredAttribute "missing_required_attribute" "A required attribute is absent."
    363 LengthViolation "length_violation" "A value is too long."
    380 EmailAddressInUse "email_address_in_use" "Another account has the address."
    390 InvalidFormFields "invalid_form_fields" "Fields of a form are refused."
    402 InvalidClientCredentials "invalid_client_credentials" "The client is not known, or its secret is wrong."
    403 ClientPermissionError "client_permission_error" "The client may not do that."
    413 NoAccessGrant "no_access_grant" "What the code or token stood for was taken back."
    414 AccessTokenExpired "access_token_expired" "The access token has expired."
    415 AuthorizationCodeExpired "authorization_code_expired" "The authorization code has expired."
    416 VerificationCodeExpired "verification_code_expired" "The verification code has expired."
    417 CreationTokenExpired "creation_token_expired" "The creation token has expired."
    420 RedirectUriMismatch "redirect_uri_mismatch" "The address is not the one the code was made for."
    480 ApiFeatureDisabled "api_feature_disabled" "The operation is switched off."
    500 UnexpectedError "unexpected_error" "Something broke here."
    510 ApiLimitError "api_limit_error" "Too much is asked at once."
    540 TriggeredError "triggered_error" "The flow itself says no."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.name())
    }
}

/// The members that an error has besides those that every error has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Detail {
    /// None.
    #[default]
    None,
    /// The parameter that is wrong.
    Argument(Cow<'static, str>),
    /// The attribute that is wrong.
    Attribute(String),
    /// The type of records that is wrong.
    EntityType(String),
    /// The application that is wrong.
    Application(String),
    /// What is wrong with fields, or with the form as a whole, by name.
    Fields(BTreeMap<String, Vec<String>>),
    /// What a form to register with may be filled with, by field.
    Prefill(BTreeMap<String, String>),
    /// The same by attribute, where no form was named.
    PrefillAttributes(BTreeMap<String, String>),
    /// Who vouches for the account that has the address: `capture` for a password, else a provider.
    ExistingProvider(String),
    /// The address that came, and the one it should have been where the client may know it.
    Redirect {
        /// What came.
        supplied: String,
        /// What should have come.
        expected: Option<String>,
    },
}

/// One error: what it is, in words, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The code.
    pub code: Code,
    /// What is wrong, for developers.
    pub description: Cow<'static, str>,
    /// What is wrong, for users, in their language.
    pub message: Option<String>,
    /// Further members.
    pub detail: Detail,
    /// After how many seconds it may be tried again.
    pub retry_after: Option<u64>,
    /// The status, where it is not the one of the operation: a bound of the protocol below was reached.
    pub status: Option<u16>,
}

/// The 16 characters by which an error is found in the logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The id of these random bytes.
    pub fn new(random: [u8; 10]) -> Self {
        let mut bits = random
            .iter()
            .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let mut text = String::with_capacity(16);
        for _ in 0..16 {
            text.push(digit(u8::try_from(bits & 31).unwrap_or(0)));
            bits >>= 5;
        }
        Self(text)
    }

    /// It as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Error {
    /// An error with these words.
    pub fn new(code: Code, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            description: description.into(),
            message: None,
            detail: Detail::None,
            retry_after: None,
            status: None,
        }
    }

    /// With these members.
    #[must_use]
    pub fn with(mut self, detail: Detail) -> Self {
        self.detail = detail;
        self
    }

    /// With words for the user.
    #[must_use]
    pub fn message(mut self, message: Option<String>) -> Self {
        self.message = message;
        self
    }

    /// Required parameters that are absent.
    pub fn missing(names: &[&'static str]) -> Self {
        let first = names.first().copied().unwrap_or_default();
        let list = names.join(", ");
        Self::new(Code::MissingArgument, format!("missing arguments: {list}"))
            .with(Detail::Argument(first.into()))
    }

    /// A parameter that is not what it should be.
    pub fn invalid(
        name: impl Into<Cow<'static, str>>,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Code::InvalidArgument, description).with(Detail::Argument(name.into()))
    }

    /// A client that is not known or does not prove itself: one error for both.
    pub fn client() -> Self {
        Self::new(Code::InvalidClientCredentials, "invalid client credentials")
    }

    /// A client without the feature that an operation needs.
    pub fn permission() -> Self {
        Self::new(
            Code::ClientPermissionError,
            "the client is not allowed to do this",
        )
    }

    /// A code of mail verification that nobody issued, or that was used.
    pub fn verification_code() -> Self {
        Self::invalid("verification_code", "verification code not recognized")
    }

    /// A type of records that is not served.
    pub fn entity_type(name: &str) -> Self {
        Self::new(
            Code::UnknownEntityType,
            format!("unknown entity type: {name}"),
        )
        .with(Detail::EntityType(name.to_owned()))
    }

    /// An attribute that records do not have.
    pub fn attribute(name: &str) -> Self {
        Self::new(Code::UnknownAttribute, format!("unknown attribute: {name}"))
            .with(Detail::Attribute(name.to_owned()))
    }

    /// A record that is not there.
    pub fn not_found() -> Self {
        Self::new(Code::RecordNotFound, "record not found")
    }

    /// Something broke here; what it was stands in the log only.
    pub fn unexpected() -> Self {
        Self::new(Code::UnexpectedError, "unexpected error")
    }

    /// Too much is asked at once.
    pub fn limit(retry_after: u64) -> Self {
        let mut error = Self::new(Code::ApiLimitError, "too many simultaneous calls");
        error.retry_after = Some(retry_after);
        error
    }

    /// Too many mails are asked for, to one recipient or from one address.
    pub fn mails(retry_after: u64) -> Self {
        let mut error = Self::new(Code::ApiLimitError, "too many mails were asked for");
        error.retry_after = Some(retry_after);
        error
    }

    /// A path at which nothing is served.
    pub fn not_served() -> Self {
        let mut error = Self::new(Code::InvalidArgument, "there is no such operation");
        error.status = Some(404);
        error
    }

    /// A method that an operation does not take.
    pub fn method() -> Self {
        let mut error = Self::new(
            Code::InvalidArgument,
            "the operation does not take this method",
        );
        error.status = Some(405);
        error
    }

    /// A body that is longer than the bound.
    pub fn too_large() -> Self {
        let mut error = Self::new(Code::InvalidArgument, "the request is too large");
        error.status = Some(413);
        error
    }

    /// The answer that tells of it; `operation` is what was asked for, where that is known.
    pub fn reply(&self, operation: Option<Operation>, request: &RequestId) -> Reply {
        let token = operation == Some(Operation::Token);
        let status = self.status.unwrap_or(match (token, self.code) {
            (true, Code::InvalidClientCredentials) => 401,
            (true, Code::UnexpectedError) => 500,
            (true, _) => 400,
            (false, _) => 200,
        });
        let mut body = Writer::with_capacity(256);
        body.open_object();
        body.key("code").int(self.code.number().into());
        if token {
            body.key("error").text(self.grant_error());
            body.key("sub_error").text(self.code.name());
        } else {
            body.key("error").text(self.code.name());
        }
        self.detail.write(&mut body);
        body.key("error_description").text(&self.description);
        if let Some(message) = &self.message {
            body.key("message").text(message);
        }
        body.key("request_id").text(request.as_str());
        body.key("stat").text("error");
        body.close_object();
        let mut reply = Reply::unkept(status, body);
        if status == 401 {
            reply = reply.header("www-authenticate", "Basic realm=\"capture\"");
        }
        if let (405, Some(operation)) = (status, operation) {
            reply = reply.header("allow", operation.methods());
        }
        if let Some(seconds) = self.retry_after {
            reply = reply.header("retry-after", seconds.to_string());
        }
        reply
    }

    /// The name that RFC 6749, section 5.2, has for an error of the token operation.
    fn grant_error(&self) -> &'static str {
        let redeemed = ["code", "refresh_token"];
        match self.code {
            Code::InvalidClientCredentials => "invalid_client",
            Code::AuthorizationCodeExpired | Code::NoAccessGrant | Code::RedirectUriMismatch => {
                "invalid_grant"
            }
            Code::ClientPermissionError => "unauthorized_client",
            Code::UnexpectedError => "server_error",
            Code::InvalidArgument => match &self.detail {
                Detail::Argument(name) if redeemed.contains(&&**name) => "invalid_grant",
                _ => "invalid_request",
            },
            _ => "invalid_request",
        }
    }
}

impl Detail {
    fn write(&self, body: &mut Writer) {
        match self {
            Self::None => {}
            Self::Argument(name) => {
                body.key("argument_name").text(name);
            }
            Self::Attribute(name) => {
                body.key("attribute_name").text(name);
            }
            Self::EntityType(name) => {
                body.key("type_name").text(name);
            }
            Self::Application(id) => {
                body.key("application_id").text(id);
            }
            Self::Fields(fields) => {
                body.key("invalid_fields").open_object();
                for (field, messages) in fields {
                    body.key(field).texts(messages);
                }
                body.close_object();
            }
            Self::Prefill(values) => texts(body, "prereg_fields", values),
            Self::PrefillAttributes(values) => texts(body, "prereg_attributes", values),
            Self::ExistingProvider(provider) => {
                body.key("existing_provider").text(provider);
            }
            Self::Redirect { supplied, expected } => {
                if let Some(expected) = expected {
                    body.key("expected_value").text(expected);
                }
                body.key("supplied_value").text(supplied);
            }
        }
    }
}

fn texts(body: &mut Writer, key: &str, values: &BTreeMap<String, String>) {
    body.key(key).open_object();
    for (name, value) in values {
        body.key(name).text(value);
    }
    body.close_object();
}

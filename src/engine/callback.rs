//! What a run asks, and what comes back.
//!
//! These are the field's callbacks as a domain: their spellings on a wire, the names of their inputs and
//! the numbers of their types belong to the wire.

use std::sync::Arc;

use crate::{
    model::value::{Decimal, Value},
    secret::Secret,
};

/// One thing asked or shown.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Callback {
    /// A name.
    Name {
        /// What to show.
        prompt: String,
        /// What stands in the field already.
        default: String,
        /// Hints for the browser: `username`, `webauthn`; not sent where empty.
        autocomplete: Vec<String>,
    },
    /// A password.
    Password {
        /// What to show.
        prompt: String,
    },
    /// A line of text.
    TextInput {
        /// What to show.
        prompt: String,
        /// What stands in the field already.
        default: String,
    },
    /// One of several.
    Choice {
        /// What to show.
        prompt: String,
        /// What there is.
        choices: Vec<String>,
        /// The one chosen already.
        default: u32,
    },
    /// A button.
    Confirmation {
        /// What to show.
        prompt: String,
        /// How it is meant.
        message: MessageKind,
        /// The buttons.
        options: Vec<String>,
        /// The one chosen already.
        default: u32,
        /// Whether no button need be pressed: then [`Answer::Untouched`] may come back.
        optional: bool,
    },
    /// A value that a page or script fills in.
    HiddenValue {
        /// Its name.
        id: String,
        /// What it begins with.
        value: String,
    },
    /// A text to show.
    TextOutput {
        /// The text.
        text: String,
        /// How it is meant.
        message: MessageKind,
    },
    /// A text to show while the run is suspended.
    SuspendedTextOutput {
        /// The text.
        text: String,
    },
    /// A wait, after which the client comes back by itself.
    PollingWait {
        /// How long, in milliseconds.
        wait_ms: u64,
        /// What to show.
        message: String,
    },
    /// Data for the page, never shown.
    Metadata {
        /// The data, as JSON.
        data: serde_json::Value,
    },
    /// A way elsewhere.
    Redirect {
        /// Where to.
        url: String,
        /// `GET` or `POST`
        method: String,
        /// The fields to post.
        data: Option<serde_json::Value>,
        /// Whether the client is tracked by a cookie on its way back.
        tracking_cookie: bool,
    },
    /// A name, with the policies it must meet.
    ValidatedUsername {
        /// What to show.
        prompt: String,
        /// The policies, as JSON; `{}` where none apply.
        policies: serde_json::Value,
        /// The policies the last answer failed.
        failed: Vec<FailedPolicy>,
        /// Whether the client asked only to validate.
        validate_only: bool,
        /// What stands in the field already.
        value: String,
    },
    /// A password, with the policies it must meet.
    ValidatedPassword {
        /// What to show.
        prompt: String,
        /// Whether what is typed may be shown.
        echo: bool,
        /// The policies, as JSON; `{}` where none apply.
        policies: serde_json::Value,
        /// The policies the last answer failed.
        failed: Vec<FailedPolicy>,
        /// Whether the client asked only to validate.
        validate_only: bool,
    },
    /// A value for an attribute of the profile; which of the three types it is follows from the value.
    Attribute {
        /// Which attribute.
        name: String,
        /// What to show.
        prompt: String,
        /// Whether it may not be left empty.
        required: bool,
        /// The policies of the attribute, as JSON.
        policies: serde_json::Value,
        /// Those that the last answer did not meet.
        failed: Vec<FailedPolicy>,
        /// Whether the last answer was only to be validated.
        validate_only: bool,
        /// What stands in the field already.
        value: AttributeValue,
    },
    /// A security question, chosen or made up, and the answer to it.
    SecurityQuestion {
        /// What to show.
        prompt: String,
        /// Those to choose from.
        questions: Vec<String>,
        /// Whether one may be made up.
        own: bool,
    },
    /// Terms to accept.
    Terms {
        /// Which version.
        version: String,
        /// What they say.
        text: String,
        /// When the version was made, as ISO 8601.
        created: String,
        /// Whether they are accepted already, on a page that comes again.
        accepted: bool,
    },
    /// Consent to hand on a part of the profile.
    Consent {
        /// The mapping it is about.
        name: String,
        /// What to call it.
        display_name: String,
        /// A picture of it.
        icon: String,
        /// How much of the profile it is.
        access_level: String,
        /// Whether nothing goes on without it.
        required: bool,
        /// What to show.
        message: String,
        /// The parts of the profile.
        fields: Vec<String>,
        /// Whether it is given already, on a page that comes again.
        given: bool,
    },
    /// What a client says of the device it runs on.
    DeviceProfile {
        /// Whether to say what the device is.
        metadata: bool,
        /// Whether to say where it is.
        location: bool,
        /// What to show meanwhile.
        message: String,
    },
    /// A callback of a type that the engine does not know: a node outside asked it.
    Foreign(Box<Foreign>),
}

impl Callback {
    /// The name by which the vendor's protocol and signatures call this kind.
    pub fn kind(&self) -> &str {
        match self {
            Self::Name { .. } => "NameCallback",
            Self::Password { .. } => "PasswordCallback",
            Self::TextInput { .. } => "TextInputCallback",
            Self::Choice { .. } => "ChoiceCallback",
            Self::Confirmation { .. } => "ConfirmationCallback",
            Self::HiddenValue { .. } => "HiddenValueCallback",
            Self::TextOutput { .. } => "TextOutputCallback",
            Self::SuspendedTextOutput { .. } => "SuspendedTextOutputCallback",
            Self::PollingWait { .. } => "PollingWaitCallback",
            Self::Metadata { .. } => "MetadataCallback",
            Self::Redirect { .. } => "RedirectCallback",
            Self::ValidatedUsername { .. } => "ValidatedCreateUsernameCallback",
            Self::ValidatedPassword { .. } => "ValidatedCreatePasswordCallback",
            Self::Attribute { value, .. } => match value {
                AttributeValue::Text(_) => "StringAttributeInputCallback",
                AttributeValue::Number(_) => "NumberAttributeInputCallback",
                AttributeValue::Flag(_) => "BooleanAttributeInputCallback",
            },
            Self::SecurityQuestion { .. } => "KbaCreateCallback",
            Self::Terms { .. } => "TermsAndConditionsCallback",
            Self::Consent { .. } => "ConsentMappingCallback",
            Self::DeviceProfile { .. } => "DeviceProfileCallback",
            Self::Foreign(foreign) => &foreign.kind,
        }
    }

    /// The name of the field that it asks for, whatever page it stands on: `username`, `password`, the
    /// attribute, the id of a hidden value. Several of one step may have the same.
    ///
    /// It is how whoever has answers and no person names them, and how failed policies are told.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Name { .. } | Self::ValidatedUsername { .. } => Some("username"),
            Self::Password { .. } | Self::ValidatedPassword { .. } => Some("password"),
            Self::TextInput { .. } => Some("text"),
            Self::Choice { .. } => Some("choice"),
            Self::Confirmation { .. } => Some("confirmation"),
            Self::HiddenValue { id, .. } => Some(id),
            Self::Attribute { name, .. } | Self::Consent { name, .. } => Some(name),
            Self::SecurityQuestion { .. } => Some("security_question"),
            Self::Terms { .. } => Some("terms"),
            Self::DeviceProfile { .. } => Some("device"),
            Self::Foreign(foreign) if !foreign.input.is_empty() => Some(&foreign.kind),
            Self::Foreign(_)
            | Self::TextOutput { .. }
            | Self::SuspendedTextOutput { .. }
            | Self::PollingWait { .. }
            | Self::Metadata { .. }
            | Self::Redirect { .. } => None,
        }
    }

    /// The policies that the last answer did not meet.
    pub fn failed(&self) -> &[FailedPolicy] {
        match self {
            Self::ValidatedUsername { failed, .. }
            | Self::ValidatedPassword { failed, .. }
            | Self::Attribute { failed, .. } => failed,
            _ => &[],
        }
    }

    /// Whether a person or client must answer it.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Name { .. }
            | Self::Password { .. }
            | Self::TextInput { .. }
            | Self::Choice { .. }
            | Self::Confirmation { .. }
            | Self::HiddenValue { .. }
            | Self::ValidatedUsername { .. }
            | Self::ValidatedPassword { .. }
            | Self::Attribute { .. }
            | Self::SecurityQuestion { .. }
            | Self::Terms { .. }
            | Self::Consent { .. }
            | Self::DeviceProfile { .. } => true,
            Self::Foreign(foreign) => !foreign.input.is_empty(),
            Self::TextOutput { .. }
            | Self::SuspendedTextOutput { .. }
            | Self::PollingWait { .. }
            | Self::Metadata { .. }
            | Self::Redirect { .. } => false,
        }
    }
}

/// The value of an attribute in its field.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeValue {
    /// A text.
    Text(String),
    /// A number, or none yet.
    Number(Option<Decimal>),
    /// Yes or no.
    Flag(bool),
}

/// A callback as a node outside described it.
///
/// The engine hands it through: what is shown as it came, and answers by the names of its inputs.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreign {
    /// The type, as clients spell it.
    pub kind: Arc<str>,
    /// What is shown, by name.
    pub output: Vec<(Arc<str>, serde_json::Value)>,
    /// What may be answered: the end of each input's name (empty for the first), and what stands in it.
    pub input: Vec<(Arc<str>, serde_json::Value)>,
}

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageKind {
    /// It informs.
    #[default]
    Information,
    /// It warns.
    Warning,
    /// It reports an error.
    Error,
    /// It is a script for the page.
    Script,
    /// It is to be shown as a QR code.
    QrCode,
}

/// A policy that an answer did not meet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedPolicy {
    /// The name: `MIN_LENGTH`.
    pub requirement: Arc<str>,
    /// Its parameters, as JSON.
    pub params: serde_json::Value,
}

/// The answer to one callback, in the callback's position.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// A text: for `Name`, `TextInput`, `HiddenValue`, `DeviceProfile`.
    Text(String),
    /// A text with `validateOnly`: for `ValidatedUsername`.
    Validated {
        /// The text.
        text: String,
        /// Whether only to validate.
        validate_only: bool,
    },
    /// A secret: for `Password`.
    Secret(Secret<String>),
    /// A secret with `validateOnly`: for `ValidatedPassword`.
    ValidatedSecret {
        /// The secret.
        secret: Secret<String>,
        /// Whether only to validate.
        validate_only: bool,
    },
    /// A position: for `Choice` and `Confirmation`.
    Index(u32),
    /// A value with `validateOnly`: for `Attribute`, of its kind; a number may be `None`.
    Attribute {
        /// The value.
        value: AttributeValue,
        /// Whether only to validate.
        validate_only: bool,
    },
    /// A question and the answer to it: for `SecurityQuestion`.
    SecurityQuestion {
        /// The question, as chosen or made up.
        question: String,
        /// The answer.
        answer: Secret<String>,
    },
    /// Yes or no: for `Terms` and `Consent`.
    Flag(bool),
    /// The inputs by the ends of their names: for `Foreign`, all of them and in their order. Texts are
    /// secrets, for nobody here knows which of them is one.
    Fields(Vec<(Arc<str>, Value)>),
    /// No button was pressed: for an optional `Confirmation`.
    Untouched,
    /// Nothing: for callbacks that only show.
    None,
}

/// What one step asks: a node's callbacks, or a page's.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Ask {
    /// The callbacks in order.
    pub callbacks: Vec<Callback>,
    /// The ids of the callbacks, where they came through a page.
    pub ids: Option<Vec<u32>>,
    /// `stage`
    pub stage: Option<String>,
    /// `header`
    pub header: Option<String>,
    /// `description`
    pub description: Option<String>,
}

impl Ask {
    /// An ask of these callbacks.
    pub fn new(callbacks: Vec<Callback>) -> Self {
        Self {
            callbacks,
            ..Self::default()
        }
    }
}

/// A value that a node shows under a name in the reply of success or failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// The name.
    pub key: Arc<str>,
    /// The value.
    pub value: Value,
}

//! What a run asks, and what comes back.
//!
//! These are the field's callbacks as a domain: their spellings on a wire, the names of their inputs and
//! the numbers of their types belong to the wire.

use std::sync::Arc;

use crate::{model::value::Value, secret::Secret};

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
}

impl Callback {
    /// The name by which the vendor's protocol and signatures call this kind.
    pub fn kind(&self) -> &'static str {
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
            | Self::ValidatedPassword { .. } => true,
            Self::TextOutput { .. }
            | Self::SuspendedTextOutput { .. }
            | Self::PollingWait { .. }
            | Self::Metadata { .. }
            | Self::Redirect { .. } => false,
        }
    }
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
    /// A text: for `Name`, `TextInput`, `HiddenValue`.
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

//! Failures: one counter for each subject and kind of secret, as the server keeps them.

use wayfare::engine::effect::Credential;

pub use wayfare::engine::lockout::{Counter, Lockout};

/// A kind of secret; each has a count of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Passwords.
    Password,
    /// One-time codes.
    Otp,
    /// Codes of authenticator apps.
    Oath,
    /// Recovery codes.
    Recovery,
    /// Answers to security questions.
    Answers,
}

impl Kind {
    /// The kind of this credential.
    pub fn of(credential: &Credential) -> Self {
        match credential {
            Credential::Password | Credential::Bind(_) => Self::Password,
            Credential::Otp { .. } => Self::Otp,
            Credential::Recovery { .. } => Self::Recovery,
            Credential::Oath(_) => Self::Oath,
            Credential::Answers { .. } => Self::Answers,
        }
    }
}

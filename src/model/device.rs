//! Kinds of devices that users have.

use std::fmt;

/// What a device is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceKind {
    /// It makes one-time codes.
    Oath,
    /// It is sent push messages.
    Push,
    /// It is a passkey, or another authenticator of browsers.
    WebAuthn,
    /// What a device looked like when its user was there.
    Profile,
    /// A device that its user trusts.
    Trusted,
    /// Its keys are bound to the user.
    Binding,
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Oath,
        Self::Push,
        Self::WebAuthn,
        Self::Profile,
        Self::Trusted,
        Self::Binding,
    ];

    /// Its name in tests, records and the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Oath => "oath",
            Self::Push => "push",
            Self::WebAuthn => "webauthn",
            Self::Profile => "profile",
            Self::Trusted => "trusted",
            Self::Binding => "binding",
        }
    }

    /// The kind of this name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

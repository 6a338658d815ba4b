//! The journeys of the demo and the documents that they show, embedded.

use wayfare::{Source, engine::effect::Document};

macro_rules! journeys {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../../journeys/", $name)))),*]
    };
}

const JOURNEYS: &[(&str, &str)] = &journeys![
    "authenticator_app.journey",
    "capture/mail.journey",
    "capture/profile.journey",
    "capture/register.journey",
    "capture/sign_in.journey",
    "capture/social.journey",
    "choice_of_factor.journey",
    "consent.journey",
    "guards.journey",
    "inner_journey.journey",
    "known_device.journey",
    "login.journey",
    "message.journey",
    "otp_step_up.journey",
    "password_reset.journey",
    "policies.journey",
    "polling.journey",
    "progressive_profile.journey",
    "registration.journey",
    "remember_me.journey",
    "retry_and_lockout.journey",
    "two_codes.journey",
    "zero_page.journey",
];

const IMPORTS: &[(&str, &str)] = &journeys!["lib/otp.journey"];

/// What the journeys show to users.
pub(crate) const DOCUMENTS: &[(Document, &str)] = &[
    (Document::Terms, include_str!("demo/terms.json")),
    (
        Document::SecurityQuestions,
        include_str!("demo/questions.json"),
    ),
    (Document::Consent, include_str!("demo/consent.json")),
];

/// The files of the realm.
pub(crate) fn sources() -> Vec<Source> {
    JOURNEYS
        .iter()
        .map(|(name, text)| Source::new(*name, *text))
        .collect()
}

/// The files they import.
pub(crate) fn imports() -> Vec<Source> {
    IMPORTS
        .iter()
        .map(|(name, text)| Source::new(*name, *text))
        .collect()
}

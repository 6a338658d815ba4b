//! The journeys of the demo, embedded.

use wayfare::Source;

macro_rules! journeys {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../../journeys/", $name)))),*]
    };
}

const JOURNEYS: &[(&str, &str)] = &journeys![
    "choice_of_factor.journey",
    "guards.journey",
    "inner_journey.journey",
    "login.journey",
    "message.journey",
    "otp_step_up.journey",
    "policies.journey",
    "polling.journey",
    "retry_and_lockout.journey",
    "two_codes.journey",
    "zero_page.journey",
];

const IMPORTS: &[(&str, &str)] = &journeys!["lib/otp.journey"];

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

//! What built-in types say when they fail, besides what is missing and what they call.
//!
//! A text stands with `…` for what differs from run to run. Errors of settings are found when a program is
//! linked, and are not listed.

use std::path::{Path, PathBuf};

/// An error and the types that fail with it.
type Of = (&'static str, &'static [&'static str]);

const ERRORS: &[Of] = &[
    // Whom it is about.
    (
        "Could not find the identity based on the information available on context.",
        &["AccountLockout"],
    ),
    (
        "Failed to get the identity object",
        &[
            "AccountActiveDecision",
            "DeviceSave",
            "OathRegistration",
            "OptOutMultiFactorAuthentication",
        ],
    ),
    (
        "… not present in state",
        &[
            "AttributePresentDecision",
            "AttributeValueDecision",
            "DisplayUserName",
            "IncrementLoginCount",
            "KbaDecision",
            "KbaVerify",
            "LoginCountDecision",
            "PatchObject",
            "ProfileCompletenessDecision",
            "QueryFilterDecision",
            "TermsAndConditionsDecision",
            "TimeSinceDecision",
        ],
    ),
    (
        "Failed to retrieve existing object",
        &[
            "AttributePresentDecision",
            "AttributeValueDecision",
            "DisplayUserName",
            "KbaDecision",
            "LoginCountDecision",
            "PatchObject",
            "ProfileCompletenessDecision",
            "QueryFilterDecision",
            "TermsAndConditionsDecision",
            "TimeSinceDecision",
        ],
    ),
    ("Failed to retrieve user object", &["KbaVerify"]),
    (
        "Failed to get identity with provided user name",
        &["OneTimePasswordSmsSender", "OneTimePasswordSmtpSender"],
    ),
    (
        "Anonymous user name could not be found in the configuration",
        &["AnonymousUser"],
    ),
    ("Unable to find username to display", &["DisplayUserName"]),
    (
        "Expected username to be set.",
        &[
            "DeviceLocationMatch",
            "DeviceMatch",
            "DeviceSave",
            "OathDeviceStorage",
            "OathRegistration",
            "OathTokenVerifier",
            "OptOutMultiFactorAuthentication",
            "RecoveryCodeCollectorDecision",
        ],
    ),
    (
        "Failed to get previous session",
        &["AnonymousSessionUpgrade"],
    ),
    (
        "the session that came along is not that of an anonymous user",
        &["AnonymousSessionUpgrade"],
    ),
    ("no valid session came with the start", &["SessionData"]),
    ("the session has no property `…`", &["SessionData"]),
    (
        "the provider gave no name of a user",
        &["SocialOAuthIgnoreProfile"],
    ),
    (
        "No user information has been found in the shared state.",
        &["ProvisionDynamicAccount"],
    ),
    (
        "The user information doesn't contain the userNames.",
        &["ProvisionDynamicAccount"],
    ),
    ("Unable to create user", &["ProvisionDynamicAccount"]),
    // What the schema and the settings of the realm say.
    (
        "Configuration contains an invalid attribute",
        &[
            "AttributeCollector",
            "ValidatedPassword",
            "ValidatedUsername",
        ],
    ),
    ("Unhandleable data type: …", &["AttributeCollector"]),
    (
        "`…` is a secret, which this node does not ask for",
        &["AttributeCollector"],
    ),
    (
        "Configured object type has no schema",
        &["RequiredAttributesDecision"],
    ),
    (
        "Terms configuration not found",
        &["AcceptTermsAndConditions"],
    ),
    (
        "Unable to fetch resources that require consent",
        &["Consent"],
    ),
    (
        "Failed to retrieve configuration values",
        &["KbaCreate", "KbaDecision", "KbaVerify"],
    ),
    (
        "there are fewer security questions than answers to define",
        &["KbaCreate"],
    ),
    ("Minimum answers to verify is set to zero", &["KbaVerify"]),
    (
        "Object has defined fewer questions than the minimum",
        &["KbaVerify"],
    ),
    ("Question id … is not defined", &["KbaVerify"]),
    // Codes, addresses and devices.
    (
        "One time password not found",
        &[
            "OneTimePasswordCollectorDecision",
            "OneTimePasswordSmsSender",
            "OneTimePasswordSmtpSender",
        ],
    ),
    (
        "there is no `username` to count the try for",
        &["OneTimePasswordCollectorDecision"],
    ),
    (
        "Failed to find an email address for the specified user.",
        &["OneTimePasswordSmtpSender"],
    ),
    (
        "the mail address holds control characters",
        &["OneTimePasswordSmtpSender"],
    ),
    ("User phone number not found", &["OneTimePasswordSmsSender"]),
    (
        "the carrier of the user is not known",
        &["OneTimePasswordSmsSender"],
    ),
    (
        "No device profile found on shared state",
        &["OathRegistration"],
    ),
    ("`recoveryCodes` is no list", &["RecoveryCodeDisplay"]),
    ("no username is set", &["MultiFactorRegistrationOptions"]),
    (
        "no method of multi-factor authentication is set",
        &["MultiFactorRegistrationOptions"],
    ),
    (
        "Expected MFA method to be set.",
        &["OptOutMultiFactorAuthentication"],
    ),
    (
        "Unsupported MFA method has been set.",
        &["OptOutMultiFactorAuthentication"],
    ),
    (
        "the store refuses to note the choice",
        &["OptOutMultiFactorAuthentication"],
    ),
    (
        "the captured data exceed the maximum size",
        &["DeviceProfileCollector"],
    ),
    (
        "the device profile has no identifier",
        &["DeviceProfileCollector"],
    ),
    (
        "the device profile cannot be read: …",
        &["DeviceProfileCollector"],
    ),
    (
        "the identifier of the device can be none",
        &["DeviceProfileCollector"],
    ),
    ("the state holds no profile of a device", &["DeviceSave"]),
    (
        "there is more to the device than may be kept",
        &["DeviceSave"],
    ),
    ("there is no room for one more device", &["DeviceSave"]),
    (
        "the script may name an outcome, and nothing else",
        &["DeviceMatch"],
    ),
    // Ways, replies and what comes with the request.
    (
        "Node doesn't have outcomes which can give auth level >= …",
        &["ChoiceCollector"],
    ),
    (
        "the store does not tell how often was tried",
        &["RetryLimitDecision"],
    ),
    (
        "Script must set 'outcome' to a string.",
        &["DeviceMatch", "ScriptedDecision"],
    ),
    (
        "Invalid outcome from script, '…'",
        &["DeviceMatch", "ScriptedDecision"],
    ),
    ("Script must set 'config' to a Map.", &["ConfigProvider"]),
    (
        "The resulting timeout value must be positive",
        &["UpdateJourneyTimeout"],
    ),
    (
        "The timeout value must be positive when SET operation is selected",
        &["UpdateJourneyTimeout"],
    ),
    (
        "Expecting only one header value for username and/or password but size is…",
        &["ZeroPageLogin"],
    ),
    ("header `…` is too long", &["ZeroPageLogin"]),
    (
        "the address holds control characters",
        &["SetFailureUrl", "SetSuccessUrl"],
    ),
    (
        "the source of randomness is broken",
        &["FlowControl", "KbaVerify", "OneTimePasswordGenerator"],
    ),
];

/// The errors of a type.
pub(in super::super) fn of(name: &str) -> Vec<&'static str> {
    ERRORS
        .iter()
        .filter(|(_, types)| types.contains(&name))
        .map(|(error, _)| *error)
        .collect()
}

/// The sources of the behaviours, in one text.
#[expect(
    clippy::disallowed_methods,
    reason = "a test reads the sources of the project"
)]
fn sources() -> String {
    let mut text = String::new();
    let mut folders = vec![PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src/nodes"
    ))];
    // BOUND: the folders of the sources.
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() && path.file_name() != Some(Path::new("tests").as_os_str()) {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                text.push_str(&std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }
    text
}

#[test]
fn every_error_that_is_told_is_one_of_the_behaviours() {
    let sources = sources();
    let built = super::built();
    for (error, types) in ERRORS {
        for part in error.split('…').filter(|part| !part.is_empty()) {
            assert!(sources.contains(part), "no behaviour says `{part}`");
        }
        for name in *types {
            assert!(built.iter().any(|built| built == name), "{name}: `{error}`");
        }
    }
}

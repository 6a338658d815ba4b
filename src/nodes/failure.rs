//! How nodes of the built-in types fail: what they say, and which types say it.
//!
//! The set is closed. A behaviour makes no error but from here, and a test goes through the sources and holds
//! them against these lines, type by type, in both directions. What an effect that fails says is the
//! embedder's; which effects a type has done outside stands here too.

use std::fmt::Display;

use crate::engine::error::NodeError;

/// What stands in a text for what differs from run to run.
const GAP: char = '…';

/// A way in which nodes fail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What is said, with [`GAP`] for what differs.
    pub(super) says: &'static str,
    /// The types that say it.
    of: &'static [&'static str],
}

impl Failure {
    /// The error, where nothing differs.
    pub(super) fn error(&self) -> NodeError {
        NodeError::new(self.says)
    }

    /// The error, about this.
    pub(super) fn about(&self, what: impl Display) -> NodeError {
        NodeError::new(self.says.replacen(GAP, &what.to_string(), 1))
    }
}

/// A setting has a value that the type cannot use: linking is refused, or where the value is computed in the
/// run, the node fails.
pub(super) fn unfit(message: impl Into<String>) -> NodeError {
    NodeError::new(message)
}

/// Something that the engine rules out.
pub(super) fn broken(message: &'static str) -> NodeError {
    NodeError::new(message)
}

/// What nodes of a type say when they fail, in the order of the table.
pub(super) fn errors_of(name: &str) -> Vec<&'static str> {
    let of_type = ALL.iter().filter(|failure| failure.of.contains(&name));
    of_type.map(|failure| failure.says).collect()
}

/// What nodes of a type have done outside, by the kinds of effects.
pub(super) fn calls_of(name: &str) -> Vec<&'static str> {
    let of_type = CALLS.iter().filter(|(_, types)| types.contains(&name));
    of_type.map(|(kind, _)| *kind).collect()
}

macro_rules! failures {
    ($($(#[$of:meta])* $name:ident = $says:literal in [$($ty:literal),* $(,)?];)*) => {
        $($(#[$of])* pub(super) const $name: Failure = Failure { says: $says, of: &[$($ty),*] };)*

        /// Every failure by its name.
        #[cfg(test)]
        pub(super) const NAMED: &[(&str, Failure)] = &[$((stringify!($name), $name)),*];

        const ALL: &[Failure] = &[$($name),*];
    };
}

failures! {
    UNAVAILABLE = "this node is not available: …" in ["Unavailable"];
    NO_USERNAME = "Expected username to be set." in [
        "DeviceLocationMatch", "DeviceMatch", "DeviceSave", "MultiFactorRegistrationOptions",
        "OathDeviceStorage", "OathRegistration", "OathTokenVerifier", "OptOutMultiFactorAuthentication",
        "RecoveryCodeCollectorDecision",
    ];
    NO_VALID_USERNAME = "Could not get a valid username from the context" in ["AccountLockout"];
    NOBODY_TO_VERIFY = "there is no `username` to verify a password for" in [
        "ADDecision", "AgentDataStoreDecision", "DataStoreDecision", "IdentityStoreDecision",
        "LdapDecision",
    ];
    NOBODY_TO_COUNT = "there is no `username` to count the try for" in ["OneTimePasswordCollectorDecision"];
    NOT_IN_STATE = "… not present in state" in [
        "AttributePresentDecision", "AttributeValueDecision", "DisplayUserName",
        "IncrementLoginCount", "KbaDecision", "KbaVerify", "LoginCountDecision", "PatchObject",
        "ProfileCompletenessDecision", "QueryFilterDecision", "TermsAndConditionsDecision",
        "TimeSinceDecision",
    ];
    NO_PROFILE = "Failed to retrieve existing object" in [
        "AttributePresentDecision", "AttributeValueDecision", "DisplayUserName", "KbaDecision",
        "LoginCountDecision", "PatchObject", "ProfileCompletenessDecision", "QueryFilterDecision",
        "TermsAndConditionsDecision", "TimeSinceDecision",
    ];
    NO_USER_OBJECT = "Failed to retrieve user object" in ["KbaVerify"];
    NO_IDENTITY_OBJECT = "Failed to get the identity object" in [
        "AccountActiveDecision", "DeviceSave", "OathRegistration", "OptOutMultiFactorAuthentication",
    ];
    NO_IDENTITY_OF_NAME = "Failed to get identity with provided user name" in [
        "OneTimePasswordSmsSender", "OneTimePasswordSmtpSender",
    ];
    NO_SUCH_IDENTITY = "Could not find the identity based on the information available on context." in [
        "AccountLockout",
    ];
    NO_ANONYMOUS_USER = "Anonymous user name could not be found in the configuration" in ["AnonymousUser"];
    NO_NAME_TO_DISPLAY = "Unable to find username to display" in ["DisplayUserName"];
    NO_PROVIDERS = "No available authentication providers" in ["SelectIdP"];
    UNKNOWN_PROVIDER = "Selected provider is unknown" in ["SelectIdP"];
    NO_IDENTITY_TO_OFFER_FOR = "No identity stored in state" in ["SelectIdP"];
    NO_PROVIDER_CHOSEN = "selectedIdp not found in state" in [
        "SocialProviderHandler", "SocialProviderHandlerNodeV2",
    ];
    NO_SUCH_PROVIDER = "Selected provider does not exist." in [
        "SocialProviderHandler", "SocialProviderHandlerNodeV2",
    ];
    NOT_FROM_PROVIDER =
        "Not having the state could mean that this request did not come from the IDP" in [
        "SocialProviderHandler", "SocialProviderHandlerNodeV2",
    ];
    OTHER_ACCOUNT = "Account does not belong to user in share state." in [
        "SocialProviderHandler", "SocialProviderHandlerNodeV2",
    ];
    NO_SOCIAL_PROFILE = "Failed to retrieve social profile data" in [
        "SocialProviderHandler", "SocialProviderHandlerNodeV2",
    ];
    PROVIDER_WITHOUT_NAME = "the provider gave no name of a user" in ["SocialOAuthIgnoreProfile"];
    NO_USER_INFORMATION =
        "No user information has been found in the shared state. You must call a node that sets this information first" in [
        "ProvisionDynamicAccount",
    ];
    NO_USER_NAMES =
        "The user information doesn't contain the userNames. You must call a node that sets this information first" in [
        "ProvisionDynamicAccount",
    ];
    USER_NOT_CREATED = "Unable to create user" in ["ProvisionDynamicAccount"];
    NO_PASSWORD = "there is no `password` to verify" in [
        "ADDecision", "AgentDataStoreDecision", "DataStoreDecision", "IdentityStoreDecision",
        "LdapDecision",
    ];
    NO_PASSWORD_TO_KEEP = "there is no password to keep" in ["JwtPasswordReplay"];
    NO_COMPARISON = "there is no `comparisonValue` to compare with" in ["AttributeValueDecision"];
    NO_PREVIOUS_SESSION = "Failed to get previous session" in ["AnonymousSessionUpgrade"];
    SESSION_OF_SOMEBODY = "the session that came along is not that of an anonymous user" in [
        "AnonymousSessionUpgrade",
    ];
    NO_SESSION = "no valid session came with the start" in ["SessionData"];
    NO_PROPERTY = "the session has no property `…`" in ["SessionData"];
    UNKNOWN_ATTRIBUTE = "Configuration contains an invalid attribute" in [
        "AttributeCollector", "ValidatedPassword", "ValidatedUsername",
    ];
    UNHANDLED_TYPE = "Unhandleable data type: …" in ["AttributeCollector"];
    SECRET_ATTRIBUTE = "`…` is a secret, which this node does not ask for" in ["AttributeCollector"];
    NO_SCHEMA = "Configured object type has no schema" in ["RequiredAttributesDecision"];
    NO_TERMS = "Terms configuration not found" in ["AcceptTermsAndConditions", "TermsAndConditionsDecision"];
    NO_MAPPINGS = "Unable to fetch resources that require consent" in ["Consent"];
    NO_QUESTIONS = "Failed to retrieve configuration values" in ["KbaCreate", "KbaDecision", "KbaVerify"];
    TOO_FEW_QUESTIONS = "there are fewer security questions than answers to define" in ["KbaCreate"];
    NO_ANSWER_TO_VERIFY = "Minimum answers to verify is set to zero" in ["KbaVerify"];
    TOO_FEW_DEFINED = "Object has defined fewer questions than the minimum" in ["KbaVerify"];
    QUESTION_NOT_DEFINED = "Question id … is not defined" in ["KbaVerify"];
    NO_CODE = "One time password not found" in [
        "OneTimePasswordCollectorDecision", "OneTimePasswordSmsSender", "OneTimePasswordSmtpSender",
    ];
    NO_MAIL_ADDRESS = "Failed to find an email address for the specified user." in [
        "OneTimePasswordSmtpSender",
    ];
    UNFIT_MAIL_ADDRESS = "the mail address holds control characters" in ["OneTimePasswordSmtpSender"];
    NO_PHONE_NUMBER = "User phone number not found" in ["OneTimePasswordSmsSender"];
    NO_CARRIER = "the carrier of the user is not known" in ["OneTimePasswordSmsSender"];
    NO_FACTOR = "Expected multi-factor authentication method to be set." in ["MultiFactorRegistrationOptions"];
    NO_METHOD = "Expected MFA method to be set." in ["OptOutMultiFactorAuthentication"];
    UNSUPPORTED_METHOD = "Unsupported MFA method has been set." in ["OptOutMultiFactorAuthentication"];
    CHOICE_REFUSED = "the store refuses to note the choice" in ["OptOutMultiFactorAuthentication"];
    NO_DEVICE_PROFILE = "No device profile found on shared state" in ["OathRegistration"];
    RECOVERY_CODES_NO_LIST = "`recoveryCodes` is no list" in ["RecoveryCodeDisplay"];
    UNFIT_RECOVERY_CODE = "a recovery code is not made of letters and digits" in ["RecoveryCodeDisplay"];
    PROFILE_TOO_LARGE = "the captured data exceed the maximum size" in ["DeviceProfileCollector"];
    UNREADABLE_DEVICE = "the device profile cannot be read: …" in ["DeviceProfileCollector", "DeviceSave"];
    DEVICE_WITHOUT_IDENTIFIER = "the device profile has no identifier" in [
        "DeviceProfileCollector", "DeviceSave",
    ];
    NO_DEVICE_IDENTIFIER = "the identifier of the device can be none" in [
        "DeviceProfileCollector", "DeviceSave",
    ];
    NO_DEVICE_COLLECTED = "the state holds no profile of a device" in ["DeviceSave"];
    DEVICE_TOO_LARGE = "there is more to the device than may be kept" in ["DeviceSave"];
    NO_ROOM_FOR_DEVICE = "there is no room for one more device" in ["DeviceSave"];
    NO_CERTIFICATE = "no certificate was collected" in ["product-CertificateUserExtractor"];
    CERTIFICATE_TOO_LARGE = "the certificate is too large" in ["product-CertificateUserExtractor"];
    LEVEL_OUT_OF_REACH = "Node doesn't have outcomes which can give auth level >= …" in ["ChoiceCollector"];
    TRIES_NOT_TOLD = "the store does not tell how often was tried" in ["RetryLimitDecision"];
    SCRIPT_WITHOUT_OUTCOME = "Script must set 'outcome' to a string." in ["DeviceMatch", "ScriptedDecision"];
    INVALID_OUTCOME = "Invalid outcome from script, '…'" in ["DeviceMatch", "ScriptedDecision"];
    SCRIPT_DOES_MORE = "the script may name an outcome, and nothing else" in ["DeviceMatch"];
    SCRIPT_SENDS_MORE = "a script can have its link sent and no more" in ["ScriptedDecision"];
    SCRIPT_ASKS = "the script asked, and its node says that it does not" in ["ScriptedDecision"];
    SCRIPT_ASKS_NOTHING = "the script asked nothing, and its node says that it does" in ["ScriptedDecision"];
    SCRIPT_NAMES_NOBODY = "the script names a user who is not there" in ["ScriptedDecision"];
    NAME_NO_OUTPUT = "script `…` names a user, and `username` is not among its outputs" in [
        "ScriptedDecision",
    ];
    TIMEOUT_RESULT = "The resulting timeout value must be positive" in ["UpdateJourneyTimeout"];
    TIMEOUT_SET = "The timeout value must be positive when SET operation is selected" in [
        "UpdateJourneyTimeout",
    ];
    MANY_HEADERS = "Expecting only one header value for username and/or password but size is…" in [
        "ZeroPageLogin",
    ];
    UNREADABLE_HEADER = "header …" in ["ZeroPageLogin"];
    LONG_HEADER = "header `…` is too long" in ["ZeroPageLogin"];
    UNFIT_ADDRESS = "the address holds control characters" in ["SetFailureUrl", "SetSuccessUrl"];
    // What the engine and the host say, for the types that run into it.
    SYSTEM_PROPERTY = "session property `…` belongs to the system" in [
        "JwtPasswordReplay", "RemoveSessionProperties", "ScriptedDecision", "SetSessionProperties",
    ];
    NO_RANDOMNESS = "the source of randomness failed" in [
        "AmsterJwtDecision", "FlowControl", "KbaVerify", "OathDeviceStorage", "OathRegistration",
        "OneTimePasswordGenerator", "SocialProviderHandler", "SocialProviderHandlerNodeV2",
    ];
    UNFAIR_RANDOMNESS = "the source of randomness is broken" in [
        "FlowControl", "KbaVerify", "OathDeviceStorage", "OathRegistration",
        "OneTimePasswordGenerator",
    ];
}

/// The kinds of effects, and the types whose nodes have them done.
const CALLS: &[(&str, &[&str])] = &[
    (
        "verify",
        &[
            "ADDecision",
            "AgentDataStoreDecision",
            "DataStoreDecision",
            "IdentityStoreDecision",
            "KbaVerify",
            "LdapDecision",
            "OathTokenVerifier",
            "OneTimePasswordCollectorDecision",
            "PassthroughAuthentication",
            "RecoveryCodeCollectorDecision",
        ],
    ),
    (
        "bind",
        &[
            "ADDecision",
            "IdentityStoreDecision",
            "LdapDecision",
            "PassthroughAuthentication",
        ],
    ),
    (
        "read_identity",
        &[
            "AccountActiveDecision",
            "AgentDataStoreDecision",
            "AmsterJwtDecision",
            "AnonymousUser",
            "AttributePresentDecision",
            "AttributeValueDecision",
            "BackChannelInit",
            "DisplayUserName",
            "EmailSuspend",
            "EmailTemplate",
            "IdentifyExistingUser",
            "IncrementLoginCount",
            "KbaDecision",
            "KbaVerify",
            "LoginCountDecision",
            "OathRegistration",
            "OneTimePasswordSmsSender",
            "OneTimePasswordSmtpSender",
            "PatchObject",
            "ProfileCompletenessDecision",
            "QueryFilterDecision",
            "ScriptedDecision",
            "SelectIdP",
            "SocialProviderHandler",
            "SocialProviderHandlerNodeV2",
            "TermsAndConditionsDecision",
            "TimeSinceDecision",
        ],
    ),
    (
        "find_identity",
        &[
            "AttributePresentDecision",
            "AttributeValueDecision",
            "DisplayUserName",
            "EmailSuspend",
            "EmailTemplate",
            "IdentifyExistingUser",
            "IncrementLoginCount",
            "KbaDecision",
            "KbaVerify",
            "LoginCountDecision",
            "PatchObject",
            "ProfileCompletenessDecision",
            "QueryFilterDecision",
            "SelectIdP",
            "SocialProviderHandler",
            "SocialProviderHandlerNodeV2",
            "TermsAndConditionsDecision",
            "TimeSinceDecision",
        ],
    ),
    ("set_status", &["AccountLockout"]),
    (
        "create_identity",
        &["CreateObject", "ProvisionDynamicAccount"],
    ),
    (
        "patch_identity",
        &[
            "IncrementLoginCount",
            "OathRegistration",
            "OptOutMultiFactorAuthentication",
            "PatchObject",
            "RetryLimitDecision",
        ],
    ),
    (
        "judge",
        &[
            "AttributeCollector",
            "PatchObject",
            "ProfileCompletenessDecision",
            "RequiredAttributesDecision",
            "ValidatedPassword",
            "ValidatedUsername",
        ],
    ),
    (
        "read_document",
        &[
            "AcceptTermsAndConditions",
            "Consent",
            "KbaCreate",
            "KbaDecision",
            "KbaVerify",
            "TermsAndConditionsDecision",
        ],
    ),
    ("read_session", &["SessionData"]),
    ("open_cookie", &["PersistentCookieDecision"]),
    (
        "read_devices",
        &[
            "DeviceLocationMatch",
            "DeviceMatch",
            "DeviceSave",
            "OathTokenVerifier",
        ],
    ),
    (
        "store_device",
        &[
            "DeviceLocationMatch",
            "DeviceMatch",
            "DeviceSave",
            "OathDeviceStorage",
            "OathRegistration",
        ],
    ),
    (
        "send",
        &[
            "EmailSuspend",
            "EmailTemplate",
            "OneTimePasswordSmsSender",
            "OneTimePasswordSmtpSender",
            "ScriptedDecision",
        ],
    ),
    (
        "backchannel",
        &[
            "BackChannelInit",
            "BackChannelStatus",
            "BackchannelNotification",
        ],
    ),
    (
        "keyed",
        &[
            "AmsterJwtDecision",
            "JwtPasswordReplay",
            "product-CertificateUserExtractor",
        ],
    ),
    ("fetch", &["ScriptedDecision"]),
    ("custom", &["ScriptedDecision"]),
    (
        "social",
        &[
            "SelectIdP",
            "SocialProviderHandler",
            "SocialProviderHandlerNodeV2",
        ],
    ),
];

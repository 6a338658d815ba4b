//! Types that decide where a run goes, and those that talk with the user about it.

use super::entry::{
    Entry, Fact,
    Kind::{Any, Int, Text},
    When, any, flag, flag_unset, gone, int_or, key, localized, named, node, on, shared, text,
    text_or, texts, texts_or, time_or,
};
use super::keys::USERNAME;
use crate::model::signature::{
    Scope::{ObjectShared, ObjectTransient, Shared, Transient},
    Unit::Seconds,
};

/// What a script decides, nobody knows.
const SCRIPT: &[Fact] = &[on("*").identity_unknown().tries_unknown()];

pub(super) const TYPES: &[Entry] = &[
    // The children stand as nodes in its block, so the vendor's list `nodes` is no setting. It asks what
    // its children ask. Its state key `pageNodeCallbacks` is the memory of the visit.
    node(
        "PageNode",
        "Puts the callbacks of several nodes on one page",
    )
    .two_versions()
    .settings(&[
        localized("pageHeader"),
        localized("pageDescription"),
        text("stage").optional(),
    ])
    .last_child()
    .asks(&["*"])
    .never_in_page(),
    // `tree` is the name after `journey`; `error` is there where the author wires it, so text never
    // writes `displayErrorOutcome` either.
    node(
        "InnerTreeEvaluatorNode",
        "Runs another journey and ends as it ends",
    )
    .settings(&[text("tree"), flag("displayErrorOutcome", false)])
    .bounded(&[
        ("true", When::Always),
        ("false", When::Always),
        ("error", When::IsTrue("displayErrorOutcome")),
    ])
    .may_ask(&["*"])
    .writes(&[shared("errorNode", Any), shared("errorMessage", Text)])
    .facts(SCRIPT)
    .may_suspend()
    .calls_out()
    .may_verify()
    .never_in_page(),
    // Ours: guards on the arms. It calls out where a guard reads `user.…` or `session.…`.
    node("Decision", "Takes the first arm whose guard holds")
        .arms(&[])
        .calls_out()
        .never_in_page(),
    // Ours, for journeys that were brought from elsewhere: what stood here did not come along, or cannot
    // stand here. Its arms are kept for whoever mends it, and every check takes them for ways.
    node(
        "Unavailable",
        "Stands where a node of another system cannot be brought along: whoever comes here fails",
    )
    .settings(&[text("type"), text("why")])
    .arms(&[]),
    // The vendor's default `[Empty]` says that no script was chosen yet; in text there must be one. The
    // outputs say which keys it writes, the name of the user among them; a star stands for any. Whether it
    // asks is ours to say: the product has no word for it.
    node("ScriptedDecisionNode", "Runs a script that decides")
        .settings(&[
            text("script"),
            texts("outcomes"),
            texts_or("inputs", &["*"]),
            texts_or("outputs", &["*"]),
            flag_unset("asks"),
        ])
        .authored("outcomes")
        .may_ask(&["*"])
        .asks_where(When::IsTrue("asks"))
        .reads(&[any("*", Any)])
        .writes(&[
            named(Shared, "outputs", Any),
            named(Transient, "outputs", Any),
            key(ObjectShared, "*", Any),
            key(ObjectTransient, "*", Any),
        ])
        .removes(&[gone("*", "*")])
        .facts(&[on("*").tries_unknown()])
        .may_suspend()
        .calls_out(),
    node(
        "ConfigProviderNode",
        "Runs a script that makes the settings of another type, and acts as that type",
    )
    .settings(&[
        text("nodeType").among(CONFIGURABLE),
        text("script"),
        texts_or("scriptInputs", &["*"]),
    ])
    .arms(&["CONFIGURATION_FAILED"])
    .may_ask(&["*"])
    .reads(&[any("*", Any)])
    .writes(&[key(Shared, "*", Any), key(Transient, "*", Any)])
    .removes(&[gone("*", "*")])
    .facts(SCRIPT)
    .may_suspend()
    .calls_out()
    .may_verify(),
    // The vendor's prompt is one text; in text it may be written by locale.
    node("ChoiceCollectorNode", "Lets the user choose the way")
        .settings(&[
            texts("choices"),
            // Asked for by the vendor's console; without it the first counts, and the node refuses what is no arm.
            text("defaultChoice").optional(),
            localized("prompt").required(),
        ])
        .authored("choices")
        .asks(&["ChoiceCallback"])
        .reads(&[shared("targetAuthLevel", Int)]),
    node("MessageNode", "Shows a message with two answers")
        .settings(&[
            localized("message"),
            localized("messageYes"),
            localized("messageNo"),
            text("stateField").optional(),
        ])
        .outcomes(&["true", "false"])
        .asks(&["TextOutputCallback", "ConfirmationCallback"])
        .writes(&[named(Shared, "stateField", Int).always()]),
    node(
        "RetryLimitDecisionNode",
        "Lets a run try again a limited number of times; the vendor's default of \
         `incrementUserAttributeOnFailure` is true, in text it is false; where it is true, tries are \
         counted for the user too, until the user logs in or none is left",
    )
    .settings(&[
        int_or("retryLimit", 3).within(0, MANY),
        // The vendor's default is true. In text the store counts each user's failures already.
        flag("incrementUserAttributeOnFailure", false),
    ])
    .outcomes(&["Retry", "Reject"])
    .reads(&[USERNAME])
    .facts(&[
        on("Retry")
            .counts_try()
            .of_either()
            .unsaid_where("incrementUserAttributeOnFailure"),
        on("Reject")
            .of_either()
            .unsaid_where("incrementUserAttributeOnFailure"),
    ])
    .limits("retryLimit", "Retry")
    .calls_out_where(When::IsTrue("incrementUserAttributeOnFailure")),
    node("PollingWaitNode", "Lets the client wait and come back")
        .settings(&[
            time_or("secondsToWait", Seconds, 8),
            flag("spamDetectionEnabled", false),
            int_or("spamDetectionTolerance", 3).within(0, MANY),
            localized("waitingMessage"),
            flag("exitable", false),
            localized("exitMessage"),
        ])
        .bounded(&[
            ("DONE", When::Always),
            ("EXITED", When::IsTrue("exitable")),
            ("SPAM", When::IsTrue("spamDetectionEnabled")),
        ])
        .asks(&["PollingWaitCallback", "ConfirmationCallback"]),
    node(
        "FlowControlNode",
        "Sends a share of all runs one way and the rest the other",
    )
    .settings(&[
        int_or("percentageA", 50).within(0, 100),
        text_or("outcomeADisplayName", "A"),
        text_or("outcomeBDisplayName", "B"),
    ])
    .outcomes(&["A", "B"]),
    node("MetadataNode", "Sends chosen shared state to the client")
        .settings(&[texts("attributes")])
        .asks(&["MetadataCallback"])
        .reads(&[named(Shared, "attributes", Any)]),
    // Secrets are not shown. Without its popup it asks nothing and only traces what there is.
    node("DebugNode", "Shows the state while a journey is written")
        .settings(&[flag("popupEnabled", true)])
        .may_ask(&["TextOutputCallback"])
        .asks_where(When::IsTrue("popupEnabled"))
        .reads(&[shared("*", Any)]),
];

/// The greatest count the product keeps.
const MANY: i64 = i32::MAX as i64;

/// The types whose settings a script may make.
const CONFIGURABLE: &[&str] = &[
    "AcceptTermsAndConditionsNode",
    "AccountActiveDecisionNode",
    "AccountLockoutNode",
    "AgentDataStoreDecisionNode",
    "AmsterJwtDecisionNode",
    "AnonymousSessionUpgradeNode",
    "AnonymousUserNode",
    "AppPolicyDecisionNode",
    "AttributeCollectorNode",
    "AttributePresentDecisionNode",
    "AttributeValueDecisionNode",
    "AuthLevelDecisionNode",
    "IotAuthenticationNode",
    "BackChannelInitNode",
    "BackChannelStatusNode",
    "product-CaptchaNode",
    "product-CertificateCollectorNode",
    "product-CertificateUserExtractorNode",
    "product-CertificateValidationNode",
    "ChoiceCollectorNode",
    "CombinedMultiFactorRegistrationNode",
    "ConsentNode",
    "CookiePresenceDecisionNode",
    "CreateObjectNode",
    "CreatePasswordNode",
    "DataStoreDecisionNode",
    "DebugNode",
    "DeviceBindingNode",
    "DeviceBindingStorageNode",
    "DeviceGeoFencingNode",
    "DeviceLocationMatchNode",
    "DeviceMatchNode",
    "DeviceProfileCollectorNode",
    "DeviceSaveNode",
    "DeviceTamperingVerificationNode",
    "DisplayUserNameNode",
    "EmailSuspendNode",
    "EmailTemplateNode",
    "EnableDeviceManagementNode",
    "SetFailureUrlNode",
    "FlowControlNode",
    "GetAuthenticatorAppNode",
    "SessionDataNode",
    "OneTimePasswordGeneratorNode",
    "IdentifyExistingUserNode",
    "IdentityAssertionDecisionNode",
    "IncrementLoginCountNode",
    "InnerTreeEvaluatorNode",
    "JwtPasswordReplayNode",
    "KbaDecisionNode",
    "KbaCreateNode",
    "KbaVerifyNode",
    "product-KerberosNode",
    "LdapDecisionNode",
    "product-ReCaptchaNode",
    "SocialProviderHandlerNode",
    "LoginCountDecisionNode",
    "MultiFactorRegistrationOptionsNode",
    "MessageNode",
    "MeterNode",
    "ModifyAuthLevelNode",
    "OathDeviceStorageNode",
    "OathRegistrationNode",
    "OathTokenVerifierNode",
    "SocialNode",
    "OidcNode",
    "OneTimePasswordCollectorDecisionNode",
    "OneTimePasswordSmtpSenderNode",
    "OneTimePasswordSmsSenderNode",
    "SocialOpenIdConnectNode",
    "OptOutMultiFactorAuthenticationNode",
    "PassthroughAuthenticationNode",
    "PasswordCollectorNode",
    "PatchObjectNode",
    "PersistentCookieDecisionNode",
    "PingOneCreateUserNode",
    "PingOneDeleteUserNode",
    "PingOneIdentityMatchNode",
    "product-PingOneProtectInitializeNode",
    "product-PingOneProtectResultNode",
    "PingOneVerifyCompletionDecisionNode",
    "PingOneVerifyEvaluationNode",
    "ValidatedPasswordNode",
    "ValidatedUsernameNode",
    "PolicyDecisionNode",
    "PollingWaitNode",
    "ProfileCompletenessDecisionNode",
    "ProvisionDynamicAccountNode",
    "ProvisionIdmAccountNode",
    "PushRegistrationNode",
    "PushResultVerifierNode",
    "PushAuthenticationSenderNode",
    "PushWaitNode",
    "QueryFilterDecisionNode",
    "QueryParameterNode",
    "RadiusChallengeCollectorNode",
    "RadiusDecisionNode",
    "RecoveryCodeCollectorDecisionNode",
    "RecoveryCodeDisplayNode",
    "RegisterLogoutWebhookNode",
    "IotRegistrationNode",
    "RemoveSessionPropertiesNode",
    "RequestHeaderNode",
    "RequiredAttributesDecisionNode",
    "RetryLimitDecisionNode",
    "product-Saml2Node",
    "SelectIdPNode",
    "SetCustomCookieNode",
    "SetErrorDetailsNode",
    "SetFailureDetailsNode",
    "SetLogoutDetailsNode",
    "SetPersistentCookieNode",
    "SetSessionPropertiesNode",
    "SetStateNode",
    "SetSuccessDetailsNode",
    "SocialFacebookNode",
    "SocialGoogleNode",
    "SocialOAuthIgnoreProfileNode",
    "SocialProviderHandlerNodeV2",
    "MetadataNode",
    "SetSuccessUrlNode",
    "TermsAndConditionsDecisionNode",
    "TimeSinceDecisionNode",
    "TimerStartNode",
    "TimerStopNode",
    "UpdateJourneyTimeoutNode",
    "UsernameCollectorNode",
    "WebAuthnAuthenticationNode",
    "WebAuthnDeviceStorageNode",
    "WebAuthnRegistrationNode",
    "product-WriteFederationInformationNode",
    "ZeroPageLoginNode",
    "product-CaptchaEnterpriseNode",
];

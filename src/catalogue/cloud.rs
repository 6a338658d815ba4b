//! Types that need a service of the vendor.

use super::{
    entry::{
        Entry,
        Kind::{Any, Text},
        When, any, flag, flag_unset, int, int_or, localized, map, named, node, on, shared, text,
        text_or, texts, texts_or, time, word,
    },
    keys::USERNAME,
};
use crate::model::signature::{
    Scope::{self},
    Unit::Days,
};

pub(super) const TYPES: &[Entry] = &[
    // The settings from `deviceAttributesToIgnore` on stand in recorded exports only.
    node(
        "product-PingOneProtectInitializeNode",
        "Starts the collection of risk signals on the client",
    )
    .settings(&[
        text("pingOneWorker"),
        flag("behavioralDataCollection", true),
        flag("enableTrust", false),
        flag("disableTags", false),
        flag("agentIdentification", false),
        int("agentTimeout").optional(),
        text("agentPort").optional(),
        map("additionalSignalsInitializationOptions"),
        texts("deviceAttributesToIgnore"),
        time("deviceKeyRsyncIntervals", Days).optional(),
        flag_unset("consoleLogEnabled"),
        flag_unset("disableHub"),
        flag_unset("lazyMetadata"),
    ])
    .outcomes(&["true", "false"])
    .asks(&["PingOneProtectInitializeCallback"]),
    // `userType` stands in recorded exports only.
    node(
        "product-PingOneProtectEvaluationNode",
        "Asks PingOne Protect how great the risk is",
    )
    .settings(&[
        text("pingOneWorker"),
        text("targetResourceID").optional(),
        flag("dynamicTargetResourceID", false),
        text("targetResourceName").optional(),
        flag("dynamicTargetResourceName", false),
        text("riskPolicySetID").optional(),
        flag("dynamicRiskPolicySetID", false),
        flag("targetedPoliciesEvaluation", false),
        word(
            "flowType",
            "AUTHENTICATION",
            &[
                "REGISTRATION",
                "AUTHENTICATION",
                "ACCESS",
                "AUTHORIZATION",
                "TRANSACTION",
            ],
        ),
        word(
            "authenticationFlowSubtype",
            "NONE",
            &[
                "NONE",
                "ACCOUNT_RECOVERY",
                "ACTIVE_SESSION",
                "KERBEROS",
                "NEO_CREDENTIALS",
                "PASSKEY",
                "PASSWORDLESS",
                "USER_CERTIFICATION",
                "USER_PASSWORD",
                "USERNAME_RECOVERY",
            ],
        ),
        word(
            "authorizationFlowSubtype",
            "NONE",
            &[
                "NONE",
                "ADD_ADDRESS",
                "ADD_MFA",
                "ADD_PAYEE",
                "ADD_PHONE_NUMBER",
                "ADD_USER",
                "CHANGE_PASSWORD",
                "DELETE_MFA",
                "DELETE_PAYEE",
                "UPDATE_ADDRESS",
                "UPDATE_PHONE_NUMBER",
            ],
        ),
        text("nodeStateAttributeForSubtype").optional(),
        word(
            "deviceSharingType",
            "SHARED",
            &["UNSPECIFIED", "SHARED", "PRIVATE"],
        ),
        text_or("scoreThreshold", "300"),
        texts("recommendedActions"),
        flag("pauseBehavioralData", true),
        text("userId").optional(),
        text("username").optional(),
        text("userGroups").optional(),
        flag("storeEvaluateResult", false),
        text("customAttributes").optional(),
        text("deviceExternalId").optional(),
        text("sessionId").optional(),
        text("userType").optional(),
    ])
    .bounded(&[
        ("high", When::Always),
        ("medium", When::Always),
        ("low", When::Always),
        ("exceed", When::Always),
        ("failure", When::Always),
        ("clientError", When::Always),
        ("", When::EachOf("recommendedActions")),
    ])
    .asks(&["PingOneProtectEvaluationCallback"])
    .reads(&[
        USERNAME,
        named(Scope::Any, "nodeStateAttributeForSubtype", Text),
    ])
    .writes(&[any("PingOneProtectEvaluationNode.RISK", Any)])
    .calls_out()
    .never_in_page(),
    node(
        "product-PingOneProtectResultNode",
        "Tells PingOne Protect how the run ended",
    )
    .settings(&[word("status", "SUCCESS", &["SUCCESS", "FAILED"])])
    .reads(&[any("PingOneProtectEvaluationNode.RISK", Any)])
    .calls_out(),
    node("PingOneCreateUserNode", "Creates a user in PingOne")
        .settings(&[
            text("pingOneWorker"),
            text_or("populationId", ""),
            flag("anonymizedUser", true),
            text_or("amIdentityAttribute", "uid"),
            flag("captureFailure", false),
        ])
        .outcomes(&["true", "false"])
        .reads(&[USERNAME])
        .writes(&[
            shared("pingOneUserId", Text).personal(),
            shared("pingOneCreateUserFailureReason", Text),
        ])
        .calls_out(),
    node("PingOneDeleteUserNode", "Deletes a user in PingOne")
        .settings(&[text("pingOneWorker"), flag("captureFailure", false)])
        .outcomes(&["true", "false"])
        .reads(&[shared("pingOneUserId", Text).personal().always()])
        .writes(&[shared("pingOneDeleteUserFailureReason", Text)])
        .facts(&[on("true").changes_account(&[])])
        .calls_out(),
    node("PingOneIdentityMatchNode", "Looks for the user in PingOne")
        .settings(&[
            text("pingOneWorker"),
            text_or("amIdentityAttribute", "uid"),
            text_or("pingIdentityAttribute", "username"),
            flag("captureFailure", false),
        ])
        .outcomes(&["true", "false"])
        .reads(&[USERNAME])
        .writes(&[
            shared("pingOneUserId", Text).personal(),
            shared("pingOneIdentityMatchFailureReason", Text),
        ])
        .calls_out(),
    // The unit of the time is not named.
    node(
        "PingOneVerifyEvaluationNode",
        "Has PingOne Verify check an identity document",
    )
    .settings(&[
        text("pingOneWorker"),
        text_or("verifyPolicyId", ""),
        word(
            "deliveryMethod",
            "QRCODE",
            &["QRCODE", "EMAIL", "SMS", "REDIRECT"],
        ),
        flag("allowSameDeviceVerification", true),
        flag("allowDeliveryMethodSelection", false),
        flag("autoRedirect", false),
        localized("deliveryMethodMessage"),
        localized("scanQRCodeMessage"),
        localized("waitingMessage"),
        localized("redirectMessage"),
        int_or("timeout", 120),
        map("biographicMatching"),
        map("nodeStateBiographicMatching"),
        flag("storeVerificationMetadata", false),
        flag("storeVerifiedData", false),
        flag("captureFailure", false),
    ])
    .outcomes(&["successOutcome", "failureOutcome", "timeoutOutcome"])
    .asks(&[
        "TextOutputCallback",
        "ChoiceCallback",
        "ConfirmationCallback",
        "HiddenValueCallback",
        "PollingWaitCallback",
        "RedirectCallback",
    ])
    .reads(&[
        shared("pingOneUserId", Text).personal().always(),
        shared("pingOneVerifyTransactionId", Text),
    ])
    .writes(&[
        shared("pingOneVerifyEvaluationFailureReason", Text),
        shared("*", Any).personal(),
    ])
    .calls_out(),
    node(
        "PingOneVerifyCompletionDecisionNode",
        "Asks how the latest check by PingOne Verify stands",
    )
    .settings(&[
        text("pingOneWorker"),
        flag("useFilterScript", false),
        text("script").optional(),
        texts_or("scriptInputs", &["*"]),
        flag("captureFailure", false),
    ])
    .outcomes(&[
        "successOutcome",
        "notStartedOutcome",
        "notCompletedOutcome",
        "failureOutcome",
        "expiredOutcome",
    ])
    .reads(&[shared("pingOneUserId", Text).personal().always()])
    .writes(&[
        shared("pingOneVerifyTransactionId", Text),
        shared("pingOneVerifyCompletionFailureReason", Text),
    ])
    .calls_out(),
];

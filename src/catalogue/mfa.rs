//! Types that register and verify a second factor.

use super::{
    entry::{
        Entry,
        Kind::{Any, Int, Secret, Text},
        When, any, flag, gone, int_or, localized, named, node, on, shared, text, text_or, texts,
        texts_or, time_or, transient, word,
    },
    keys::{DEVICE_PROFILE, MFA_METHOD, USERNAME},
};
use crate::model::signature::{
    Factor,
    Scope::{self, Shared},
    Unit::{Milliseconds, Seconds},
};

pub(super) const TYPES: &[Entry] = &[
    // Version 2.0 has no `asScript`.
    node(
        "WebAuthnRegistrationNode",
        "Registers a passkey or another FIDO2 authenticator",
    )
    .two_versions()
    .settings(&[
        text_or("relyingPartyName", "ForgeRock"),
        text("relyingPartyDomain").optional(),
        texts("origins"),
        word(
            "userVerificationRequirement",
            "PREFERRED",
            &["REQUIRED", "PREFERRED", "DISCOURAGED"],
        ),
        word(
            "attestationPreference",
            "NONE",
            &["NONE", "INDIRECT", "DIRECT"],
        ),
        texts_or("acceptedSigningAlgorithms", &["ES256", "RS256"]).among(&[
            "ES256", "ES512", "ES384", "RS1", "RS256", "RS384", "RS512", "EDDSA",
        ]),
        word(
            "authenticatorAttachment",
            "UNSPECIFIED",
            &["UNSPECIFIED", "PLATFORM", "CROSS_PLATFORM"],
        ),
        text_or("trustStoreAlias", "trustalias"),
        flag("enforceRevocationCheck", false),
        time_or("timeout", Seconds, 60),
        flag("excludeCredentials", false),
        flag("generateRecoveryCodes", true),
        flag("storeAttestationDataInTransientState", false),
        flag("postponeDeviceProfileStorage", false),
        flag("requiresResidentKey", false),
        text("displayNameSharedState").optional(),
        flag("asScript", true),
        int_or("maxSavedDevices", 0),
        flag("validateFidoU2fAaguid", true),
        word(
            "fidoCertificationLevel",
            "OFF",
            &[
                "OFF",
                "SELF_ASSERTION_SUBMITTED",
                "FIDO_CERTIFIED_L1",
                "FIDO_CERTIFIED_L1plus",
                "FIDO_CERTIFIED_L2",
                "FIDO_CERTIFIED_L2plus",
                "FIDO_CERTIFIED_L3",
                "FIDO_CERTIFIED_L3plus",
            ],
        ),
    ])
    .bounded(&[
        ("unsupported", When::Always),
        ("success", When::Always),
        ("failure", When::Always),
        ("error", When::Always),
        (
            "exceedDeviceLimit",
            When::Both(&[
                When::Positive("maxSavedDevices"),
                When::IsFalse("postponeDeviceProfileStorage"),
            ]),
        ),
    ])
    .asks(&[
        "TextOutputCallback",
        "MetadataCallback",
        "HiddenValueCallback",
    ])
    .reads(&[
        USERNAME.always(),
        named(Shared, "displayNameSharedState", Text).personal(),
        any("webAuthnExtensions", Any),
    ])
    .writes(&[
        shared("WebAuthenticationDOMException", Text),
        transient("webauthnAttestationInfo", Any),
        transient("webauthnData", Any),
        transient("webauthnAttestationType", Text),
        transient("webauthnDeviceAaguid", Text),
        transient("webauthnDeviceData", Any),
        transient("recoveryCodes", Secret),
        transient("recoveryCodeDeviceName", Text),
    ])
    .facts(&[on("success").changes_account_where(
        When::IsFalse("postponeDeviceProfileStorage"),
        &[Factor::Device, Factor::Recovery],
    )])
    .calls_out(),
    node(
        "WebAuthnDeviceStorageNode",
        "Stores the authenticator that a registration kept in the state",
    )
    .settings(&[
        flag("generateRecoveryCodes", true),
        int_or("maxSavedDevices", 0),
    ])
    .bounded(&[
        ("success", When::Always),
        ("failure", When::Always),
        ("exceedDeviceLimit", When::Positive("maxSavedDevices")),
    ])
    .reads(&[USERNAME.always(), any("webauthnDeviceData", Any).always()])
    .writes(&[
        transient("recoveryCodes", Secret),
        transient("recoveryCodeDeviceName", Text),
    ])
    .facts(&[on("success").changes_account(&[Factor::Device, Factor::Recovery])])
    .calls_out(),
    // A counter that fell back hints at a copied authenticator: that outcome proves nothing. Version
    // 2.0 has no `asScript`.
    node(
        "WebAuthnAuthenticationNode",
        "Verifies a signature of a registered passkey or other FIDO2 authenticator",
    )
    .two_versions()
    .settings(&[
        text("relyingPartyDomain").optional(),
        texts("origins"),
        word(
            "userVerificationRequirement",
            "PREFERRED",
            &["REQUIRED", "PREFERRED", "DISCOURAGED"],
        ),
        flag("isRecoveryCodeAllowed", false),
        time_or("timeout", Seconds, 60),
        flag("requiresResidentKey", false),
        flag("asScript", true),
        flag("detectSignCountMismatch", false),
    ])
    .bounded(&[
        ("unsupported", When::Always),
        ("noDevice", When::Always),
        ("success", When::Always),
        ("failure", When::Always),
        ("error", When::Always),
        ("recoveryCode", When::IsTrue("isRecoveryCodeAllowed")),
        (
            "successSignCountMismatch",
            When::IsTrue("detectSignCountMismatch"),
        ),
    ])
    .asks(&[
        "TextOutputCallback",
        "MetadataCallback",
        "HiddenValueCallback",
        "ConfirmationCallback",
    ])
    .reads(&[USERNAME])
    .writes(&[
        USERNAME,
        shared("webauthnDeviceUuid", Text),
        shared("webauthnDeviceName", Text),
        shared("WebAuthenticationDOMException", Text),
        transient("webauthnAssertionInfo", Any),
    ])
    .facts(&[
        on("success")
            .proves(Factor::Device)
            .identity()
            .of_named_where(When::IsFalse("requiresResidentKey")),
        // The signature was right, and so only who has the key, or a copy of it, comes here.
        on("successSignCountMismatch").identity().of_entitled(),
        // Any key may answer where the key names its user, and nobody is looked up by a name.
        on("*").of_either_where("requiresResidentKey"),
    ])
    .calls_out(),
    node(
        "PushRegistrationNode",
        "Registers a device for push messages",
    )
    .settings(&[
        text_or("issuer", "ForgeRock"),
        word(
            "accountName",
            "USERNAME",
            &[
                "COMMON_NAME",
                "EMAIL_ADDRESS",
                "EMPLOYEE_NUMBER",
                "GIVEN_NAME",
                "LAST_NAME",
                "USERNAME",
            ],
        ),
        text_or("bgColor", "032b75"),
        text_or("imgUrl", ""),
        flag("generateRecoveryCodes", true),
        localized("scanQRCodeMessage"),
        time_or("timeout", Seconds, 60),
    ])
    .outcomes(&["successOutcome", "failureOutcome", "timeoutOutcome"])
    .asks(&[
        "TextOutputCallback",
        "HiddenValueCallback",
        "PollingWaitCallback",
    ])
    .reads(&[USERNAME.always()])
    .writes(&[
        shared("pushMessageId", Text),
        shared("pushChallengeKey", Text).secret(),
        shared("pushDeviceProfile", Any).secret(),
        shared("pushRegistrationTimeout", Int),
        transient("recoveryCodes", Secret),
        transient("recoveryCodeDeviceName", Text),
    ])
    .facts(&[on("successOutcome").changes_account(&[Factor::Push, Factor::Recovery])])
    .calls_out(),
    node(
        "CombinedMultiFactorRegistrationNode",
        "Registers one device for push messages and one-time codes",
    )
    .settings(&[
        text_or("issuer", "ForgeRock"),
        word(
            "accountName",
            "USERNAME",
            &[
                "COMMON_NAME",
                "EMAIL_ADDRESS",
                "EMPLOYEE_NUMBER",
                "GIVEN_NAME",
                "LAST_NAME",
                "USERNAME",
            ],
        ),
        text_or("bgColor", "032b75"),
        text_or("imgUrl", ""),
        flag("generateRecoveryCodes", true),
        localized("scanQRCodeMessage"),
        time_or("timeout", Seconds, 60),
        word(
            "passwordLength",
            "SIX_DIGITS",
            &["SIX_DIGITS", "EIGHT_DIGITS"],
        ),
        int_or("minSharedSecretLength", 32),
        word("algorithm", "TOTP", &["HOTP", "TOTP"]),
        time_or("totpTimeInterval", Seconds, 30),
        word(
            "totpHashAlgorithm",
            "HMAC_SHA1",
            &["HMAC_SHA1", "HMAC_SHA256", "HMAC_SHA512"],
        ),
        flag("addChecksum", false),
        int_or("truncationOffset", -1),
        text_or("policiesJson", ""),
    ])
    .outcomes(&["successOutcome", "failureOutcome", "timeoutOutcome"])
    .asks(&[
        "TextOutputCallback",
        "HiddenValueCallback",
        "PollingWaitCallback",
    ])
    .reads(&[USERNAME.always()])
    .writes(&[
        shared("pushMessageId", Text),
        shared("pushChallengeKey", Text).secret(),
        shared("pushDeviceProfile", Any).secret(),
        shared("pushRegistrationTimeout", Int),
        shared("oathDeviceProfile", Any).secret(),
        shared("oathEnableRecoveryCode", Any),
        transient("recoveryCodes", Secret),
        transient("recoveryCodeDeviceName", Text),
    ])
    .facts(&[on("successOutcome").changes_account(&[Factor::Push, Factor::Otp, Factor::Recovery])])
    .calls_out(),
    node(
        "PushAuthenticationSenderNode",
        "Sends a push message to the registered device",
    )
    .settings(&[
        time_or("messageTimeout", Milliseconds, 120_000),
        localized("userMessage"),
        flag("mandatory", false),
        flag("contextInfo", false),
        texts("customPayload"),
        word(
            "pushType",
            "DEFAULT",
            &["DEFAULT", "CHALLENGE", "BIOMETRIC"],
        ),
        flag("captureFailure", false),
    ])
    .bounded(&[
        ("SENT", When::Always),
        ("NOT_REGISTERED", When::Always),
        ("SKIPPED", When::IsFalse("mandatory")),
        ("FAILURE", When::IsTrue("captureFailure")),
    ])
    .reads(&[
        USERNAME.always(),
        shared("pushMessageId", Text),
        named(Scope::Any, "customPayload", Any),
        DEVICE_PROFILE,
    ])
    .writes(&[
        shared("pushMessageId", Text),
        shared("t", Int),
        shared("pushMechanismUid", Text),
        MFA_METHOD,
        shared("PushAuthFailureReason", Text),
        shared("pushNumberChallengeKey", Text),
    ])
    .facts(&[on("SENT").opens_challenge().of_present()])
    .calls_out(),
    node(
        "PushWaitNode",
        "Lets the client wait for the answer to a push message",
    )
    .settings(&[
        time_or("secondsToWait", Seconds, 5),
        localized("waitingMessage"),
        localized("challengeMessage"),
        localized("exitMessage"),
    ])
    .outcomes(&["DONE", "EXITED"])
    .asks(&[
        "PollingWaitCallback",
        "HiddenValueCallback",
        "ConfirmationCallback",
    ])
    .reads(&[shared("pushNumberChallengeKey", Text)]),
    node(
        "PushResultVerifierNode",
        "Looks at the answer to a push message",
    )
    .outcomes(&["TRUE", "FALSE", "EXPIRED", "WAITING"])
    .reads(&[
        USERNAME.always(),
        shared("pushMessageId", Text).always(),
        shared("t", Int),
        shared("pushMessageExpiration", Int),
        shared("pushNumberChallengeKey", Text),
        shared("pushMechanismUid", Text),
    ])
    .writes(&[
        shared("pushContent", Any),
        shared("pushMessageExpiration", Int),
    ])
    // It waits on for the same message where nothing has come yet.
    .removes(&[
        gone("pushMessageId", "TRUE"),
        gone("t", "TRUE"),
        gone("pushMessageId", "FALSE"),
        gone("t", "FALSE"),
        gone("pushMessageId", "EXPIRED"),
        gone("t", "EXPIRED"),
    ])
    .facts(&[on("TRUE").proves(Factor::Push).answers_challenge()])
    .calls_out(),
    node(
        "RecoveryCodeCollectorDecisionNode",
        "Asks for a recovery code and uses it up",
    )
    .settings(&[word(
        "recoveryCodeType",
        "OATH",
        &["OATH", "PUSH", "WEB_AUTHN"],
    )])
    .outcomes(&["true", "false"])
    .asks(&["NameCallback"])
    .reads(&[USERNAME.always()])
    .facts(&[on("true").proves(Factor::Recovery), on("*").of_either()])
    .verifies(),
    node("RecoveryCodeDisplayNode", "Shows new recovery codes once")
        .may_ask(&["TextOutputCallback"])
        .reads(&[
            any("recoveryCodes", Secret),
            any("recoveryCodeDeviceName", Text),
        ])
        .removes(&[
            gone("recoveryCodes", "*"),
            gone("recoveryCodeDeviceName", "*"),
        ]),
    node(
        "GetAuthenticatorAppNode",
        "Shows where to get the authenticator app",
    )
    .settings(&[
        localized("message"),
        localized("continueLabel"),
        text_or("appleLink", "https://apps.apple.com/app/pingid/id891247102"),
        text_or(
            "googleLink",
            "https://play.google.com/store/apps/details?id=prod.com.pingidentity.pingid",
        ),
    ])
    .asks(&["TextOutputCallback", "ConfirmationCallback"]),
    node(
        "MultiFactorRegistrationOptionsNode",
        "Offers to register a second factor, to skip it or to opt out",
    )
    .settings(&[
        flag("mandatory", false),
        flag("getApp", true),
        localized("message"),
        localized("registerDeviceLabel"),
        localized("getAppLabel"),
        localized("skipStepLabel"),
        localized("optOutLabel"),
    ])
    .bounded(&[
        ("registerOutcome", When::Always),
        ("getAppOutcome", When::IsTrue("getApp")),
        ("skipOutcome", When::IsFalse("mandatory")),
        ("optOutOutcome", When::IsFalse("mandatory")),
    ])
    .asks(&["TextOutputCallback", "ConfirmationCallback"])
    .reads(&[USERNAME.always(), MFA_METHOD.always()])
    .writes(&[MFA_METHOD]),
    node(
        "OptOutMultiFactorAuthenticationNode",
        "Marks that the user opted out of a second factor",
    )
    .reads(&[USERNAME.always(), MFA_METHOD.always()])
    .facts(&[on("outcome").changes_account(&[])])
    .calls_out(),
    // Which factor was proved is read from the proofs of the run.
    node(
        "EnableDeviceManagementNode",
        "Lets the session to come manage the devices of the user",
    )
    .settings(&[word(
        "deviceEnforcementStrategy",
        "SAME",
        &["NONE", "ANY", "SAME"],
    )])
    .outcomes(&["successOutcome", "failureOutcome"]),
    // No source names the ids of the outcomes; the callbacks follow from the settings.
    node(
        "product-SecurIdNode",
        "Verifies a second factor by RSA SecurID",
    )
    .settings(&[
        text("baseUrl"),
        text("clientId").optional(),
        text("assurancePolicy").optional(),
        text("clientKeySecretLabelIdentifier"),
        time_or("authnAttemptTimeout", Seconds, 180),
        text_or("httpClient", "[Default]"),
        localized("mfaChoicePrompt"),
        localized("waitingMessage"),
    ])
    .arms(&[])
    .may_ask(&["PasswordCallback", "ChoiceCallback", "PollingWaitCallback"])
    .reads(&[USERNAME.always()])
    .verifies(),
];

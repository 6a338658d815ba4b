//! Types that make, send and verify one-time codes.

use super::{
    entry::{
        Entry,
        Kind::{Any, Int, Secret, Text},
        When, any, flag, gone, int_or, localized, named, node, on, secret, shared, text, text_or,
        time_or, transient, word,
    },
    keys::{MFA_METHOD, USERNAME},
};
use crate::model::signature::{
    Factor,
    Scope::ObjectShared,
    Unit::{Minutes, Seconds},
};

pub(super) const TYPES: &[Entry] = &[
    // The vendor's documents name the least length; HOTP yields ten digits at most.
    node("OneTimePasswordGeneratorNode", "Makes a one-time code")
        .settings(&[int_or("length", 8).within(6, 10)])
        .writes(&[
            transient("oneTimePassword", Secret).always(),
            transient("oneTimePasswordTimestamp", Int).always(),
        ])
        .facts(&[on("*").makes_challenge()]),
    // The configuration of the realm supplies how mail is sent.
    node("OneTimePasswordSmtpSenderNode", "Sends the code by mail")
        .settings(&[
            text("hostName").supplied_by_realm(),
            int_or("hostPort", 0).within(0, 65_535),
            text("username").supplied_by_realm(),
            secret("password").optional(),
            text("secretLabelIdentifier").optional(),
            text("fromEmailAddress").supplied_by_realm(),
            text_or("emailAttribute", "mail"),
            localized("emailSubject"),
            localized("emailContent"),
            word("sslOption", "SSL", &["NON_SSL", "SSL", "START_TLS"]),
            text_or(
                "smsGatewayImplementationClass",
                "com.sun.identity.authentication.modules.hotp.DefaultSMSGatewayImpl",
            ),
        ])
        .reads(&[
            USERNAME.always(),
            any("oneTimePassword", Secret).always(),
            shared("emailAddress", Text).personal(),
            named(ObjectShared, "emailAttribute", Text).personal(),
        ])
        .writes(&[shared("emailAddress", Text).personal().always()])
        .facts(&[on("*").binds_challenge().of_present()])
        .calls_out(),
    // The code stays in the state on a miss; a loop around it needs a limit.
    node(
        "OneTimePasswordCollectorDecisionNode",
        "Asks for the code and verifies it",
    )
    .settings(&[time_or("passwordExpiryTime", Minutes, 5)])
    .outcomes(&["true", "false"])
    .asks(&["PasswordCallback"])
    .reads(&[
        USERNAME,
        any("oneTimePassword", Secret).always(),
        any("oneTimePasswordTimestamp", Int).always(),
    ])
    .removes(&[
        gone("oneTimePassword", "true"),
        gone("oneTimePasswordTimestamp", "true"),
    ])
    .facts(&[
        on("true").proves(Factor::Otp).answers_challenge(),
        on("*").of_either(),
    ])
    .verifies(),
    // The configuration of the realm supplies how mail is sent.
    node(
        "OneTimePasswordSmsSenderNode",
        "Sends the code through a gateway from mail to text message",
    )
    .settings(&[
        text("hostName").supplied_by_realm(),
        int_or("hostPort", 0),
        text("username").supplied_by_realm(),
        secret("password").optional(),
        text("secretLabelIdentifier").optional(),
        text("fromEmailAddress").supplied_by_realm(),
        text_or("mobilePhoneAttributeName", "telephoneNumber"),
        text("mobileCarrierAttributeName").optional(),
        localized("smsSubject"),
        localized("smsContent"),
        word("sslOption", "SSL", &["NON_SSL", "SSL", "START_TLS"]),
        text_or(
            "smsGatewayImplementationClass",
            "com.sun.identity.authentication.modules.hotp.DefaultSMSGatewayImpl",
        ),
    ])
    .reads(&[USERNAME, any("oneTimePassword", Secret).always()])
    .facts(&[on("*").binds_challenge().of_present()])
    .calls_out(),
    node(
        "OathRegistrationNode",
        "Registers an authenticator app that makes one-time codes",
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
        flag("postponeDeviceProfileStorage", false),
    ])
    .outcomes(&["successOutcome", "failureOutcome"])
    .asks(&[
        "TextOutputCallback",
        "HiddenValueCallback",
        "ConfirmationCallback",
    ])
    .reads(&[USERNAME.always()])
    .writes(&[
        shared("oathDeviceProfile", Any).secret(),
        shared("oathEnableRecoveryCode", Any),
        transient("recoveryCodes", Secret),
        transient("recoveryCodeDeviceName", Text),
    ])
    .facts(&[on("successOutcome").changes_account_where(
        When::IsFalse("postponeDeviceProfileStorage"),
        &[Factor::Otp, Factor::Recovery],
    )])
    .calls_out(),
    node(
        "OathDeviceStorageNode",
        "Stores the authenticator app that a registration kept in the state",
    )
    .outcomes(&["successOutcome", "failureOutcome"])
    .reads(&[
        USERNAME.always(),
        shared("oathDeviceProfile", Any).secret().always(),
        shared("oathEnableRecoveryCode", Any),
    ])
    .writes(&[
        transient("recoveryCodes", Secret),
        transient("recoveryCodeDeviceName", Text),
    ])
    .removes(&[
        gone("oathDeviceProfile", "successOutcome"),
        gone("oathEnableRecoveryCode", "successOutcome"),
    ])
    .facts(&[on("successOutcome").changes_account(&[Factor::Otp, Factor::Recovery])])
    .calls_out(),
    // It also takes codes of a device that this very run registered and has not stored; a behaviour
    // must not let such a code prove anything.
    node(
        "OathTokenVerifierNode",
        "Asks for a code of an authenticator app and verifies it",
    )
    .settings(&[
        word("algorithm", "TOTP", &["HOTP", "TOTP"]),
        int_or("hotpWindowSize", 100),
        time_or("totpTimeInterval", Seconds, 30),
        int_or("totpTimeSteps", 2),
        word(
            "totpHashAlgorithm",
            "HMAC_SHA1",
            &["HMAC_SHA1", "HMAC_SHA256", "HMAC_SHA512"],
        ),
        int_or("maximumAllowedClockDrift", 5),
        flag("isRecoveryCodeAllowed", false),
    ])
    .bounded(&[
        ("successOutcome", When::Always),
        ("failureOutcome", When::Always),
        ("notRegisteredOutcome", When::Always),
        ("recoveryCodeOutcome", When::IsTrue("isRecoveryCodeAllowed")),
    ])
    .asks(&["NameCallback", "ConfirmationCallback"])
    .reads(&[USERNAME.always(), shared("oathDeviceProfile", Any).secret()])
    // Of a device of the run it notes which code was used.
    .writes(&[MFA_METHOD, shared("oathDeviceProfile", Any).secret()])
    .facts(&[
        on("successOutcome").proves(Factor::Otp),
        on("notRegisteredOutcome").untried(),
        on("recoveryCodeOutcome").untried(),
    ])
    .verifies(),
];

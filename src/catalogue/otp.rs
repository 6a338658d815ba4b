//! Types that make, send and verify one-time codes.

use super::{
    credential::USERNAME,
    entry::{
        Entry,
        Kind::{Int, Secret, Text},
        any, int_or, localized, named, node, on, secret, shared, text, text_or, time_or, transient,
        word,
    },
};
use crate::model::signature::{Factor, Scope::ObjectShared, Unit::Minutes};

pub(super) const TYPES: &[Entry] = &[
    // Fewer than six digits are guessed within the budget of an account; HOTP yields ten at most.
    node("OneTimePasswordGeneratorNode", "Makes a one-time code")
        .settings(&[int_or("length", 8).within(6, 10)])
        .writes(&[
            transient("oneTimePassword", Secret).always(),
            transient("oneTimePasswordTimestamp", Int).always(),
        ]),
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
            USERNAME,
            any("oneTimePassword", Secret).always(),
            shared("emailAddress", Text).personal(),
            named(ObjectShared, "emailAttribute", Text).personal(),
        ])
        .writes(&[shared("emailAddress", Text).personal()])
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
        any("oneTimePassword", Secret).always(),
        any("oneTimePasswordTimestamp", Int).always(),
    ])
    .facts(&[on("true").proves(Factor::Otp)])
    .verifies(),
];

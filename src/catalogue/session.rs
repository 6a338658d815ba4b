//! Types that write state, and what the end of a run hands over: session, addresses, details, metrics.

use super::{
    entry::{
        Entry,
        Kind::{Any, Int, Text, Texts},
        any, gone_named, int, localized, map, named, node, on, shared, text, text_or, texts, time,
        transient, values, word_unset,
    },
    ground::GROUNDS,
    keys::PASSWORD,
};
use crate::model::signature::{
    Factor,
    Scope::{ObjectShared, Shared},
    Unit::Minutes,
};

pub(super) const TYPES: &[Entry] = &[
    // The vendor's values are texts; in text they keep their types. A key `username` writes the identity.
    node("SetStateNode", "Writes fixed values to shared state")
        .settings(&[values("attributes")])
        .writes(&[named(Shared, "attributes", Any).always()])
        .removes(&[gone_named("attributes")]),
    // `UserToken` into `username` takes the subject of the session; that alone lets nobody in.
    node(
        "SessionDataNode",
        "Copies a property of the session that came with the start into the state",
    )
    .settings(&[text("sessionDataKey"), text("sharedStateKey")])
    .writes(&[
        named(Shared, "sharedStateKey", Text).personal().always(),
        named(ObjectShared, "sharedStateKey", Text)
            .personal()
            .always(),
    ])
    .facts(&[on("outcome").proves(Factor::Session)])
    .calls_out(),
    node(
        "SetSessionPropertiesNode",
        "Sets properties and times of the session to come; one whose time is 0 is over at once",
    )
    .settings(&[
        map("properties"),
        time("maxSessionTime", Minutes).optional(),
        time("maxIdleTime", Minutes).optional(),
    ]),
    node(
        "RemoveSessionPropertiesNode",
        "Takes back properties of the session to come",
    )
    .settings(&[texts("propertyNames")]),
    node("SetSuccessUrlNode", "Sets where to go after success")
        .settings(&[text("successUrl")])
        .writes(&[shared("successUrl", Text).always()]),
    node("SetFailureUrlNode", "Sets where to go after failure")
        .settings(&[text("failureUrl")])
        .writes(&[shared("failureUrl", Text).always()]),
    node(
        "SetSuccessDetailsNode",
        "Adds details to the answer after success",
    )
    .settings(&[
        map("successDetails"),
        map("sessionProperties"),
        map("headerControl"),
    ]),
    node(
        "SetFailureDetailsNode",
        "Adds details to the answer after failure",
    )
    .settings(&[
        localized("failureMessage"),
        map("failureDetails"),
        map("headerControl"),
        // Ours: it names what a run that fails from here on has found.
        word_unset("ground", GROUNDS),
    ]),
    node(
        "SetErrorDetailsNode",
        "Adds details to the answer after an error",
    )
    .settings(&[
        localized("errorMessage"),
        map("errorDetails"),
        map("headerControl"),
    ]),
    node("TimerStartNode", "Starts a timer")
        .settings(&[text_or("startTimeProperty", "TimerNodeStartTime")])
        .writes(&[named(Shared, "startTimeProperty", Int).always()]),
    node(
        "TimerStopNode",
        "Stops a timer and reports the time that passed",
    )
    .settings(&[
        text_or("startTimeProperty", "TimerNodeStartTime"),
        text("metricKey"),
    ])
    .reads(&[named(Shared, "startTimeProperty", Int)]),
    node(
        "QueryParameterNode",
        "Copies query parameters into shared state",
    )
    .settings(&[
        map("allowedQueryParameters"),
        texts("queryParametersToBeDelimited"),
    ])
    .writes(&[named(Shared, "allowedQueryParameters", Texts).always()]),
    node(
        "RequestHeaderNode",
        "Copies request headers into shared state",
    )
    .settings(&[map("allowedHeaders"), texts("headersToBeDelimited")])
    .writes(&[named(Shared, "allowedHeaders", Texts).always()]),
    // The vendor counts minutes; a change may be negative, which no span of time is.
    node(
        "UpdateJourneyTimeoutNode",
        "Sets or changes the time the run may take",
    )
    .settings(&[text("operation").among(&["SET", "MODIFY"]), int("value")])
    .reads(&[any("maxAuthenticationSessionDuration", Int)])
    .writes(&[transient("maxAuthenticationSessionDuration", Int).always()]),
    node(
        "RegisterLogoutWebhookNode",
        "Registers a webhook to call at logout",
    )
    .settings(&[text("webhookName")])
    .calls_out(),
    node(
        "SetLogoutDetailsNode",
        "Adds details to the answer of the later logout",
    )
    .settings(&[map("logoutDetails")]),
    // The sources name neither the cipher nor the claim. Decided here: JWE `dir` with `A128CBC-HS256`, the
    // claim `password`, and the key by the label am.authentication.nodes.jwt.replay.IDENTIFIER.encryption.
    node(
        "JwtPasswordReplayNode",
        "Keeps the password, encrypted, in the session for a gateway to replay",
    )
    .settings(&[
        text("encryptionKeySecretLabelIdentifier"),
        text_or("jwtSessionProperty", "sunIdentityUserPassword"),
    ])
    .reads(&[PASSWORD.always()])
    .calls_out(),
    node("MeterNode", "Counts how often runs pass").settings(&[text("metricKey")]),
];

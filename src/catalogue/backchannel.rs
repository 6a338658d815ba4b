//! Types that run a second journey beside this one.

use super::entry::{
    Entry,
    Kind::{Any, Text},
    flag, named, node, shared, text, time, transient, word,
};
use crate::model::signature::{
    Scope::{self},
    Unit::Seconds,
};

pub(super) const TYPES: &[Entry] = &[
    // The vendor calls the outcomes Created, Unknown Subject and Error; their ids are not published.
    node(
        "BackChannelInitNode",
        "Starts another journey for another subject",
    )
    .settings(&[
        text("tree"),
        word("idType", "NONE", &["USER", "AGENT", "NONE"]),
        text("usernameKey").optional(),
        text("dataKey").optional(),
        word("redirectUrlType", "GET", &["GET", "POST", "CUSTOM", "NONE"]),
        text("customRedirectUrl").optional(),
        time("timeout", Seconds).optional(),
        flag("allowRetry", true),
    ])
    .arms(&[])
    .reads(&[
        named(Scope::Any, "usernameKey", Text).personal(),
        named(Scope::Any, "dataKey", Any),
    ])
    .writes(&[
        shared("backchannel-transaction", Text),
        shared("backchannel-redirectUri", Text),
        shared("backchannel-data", Any),
    ])
    .calls_out(),
    // The vendor calls the outcomes Pending, In Progress, Success, Failure, Unknown and Error; their
    // ids are not published.
    node("BackChannelStatusNode", "Asks how the other journey stands")
        .settings(&[flag("recordData", true)])
        .arms(&[])
        .reads(&[shared("backchannel-transaction", Text).always()])
        .writes(&[
            transient("backchannel-sessionProperties", Any),
            shared("backchannel-transactionData", Any),
        ])
        .calls_out(),
    // The vendor calls the outcomes Success and Error; their ids are not published.
    node(
        "BackchannelNotificationNode",
        "Tells the journey that started this one how it stands",
    )
    .arms(&[])
    .reads(&[shared("backchannel-data", Any)])
    .calls_out(),
];

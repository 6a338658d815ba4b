//! Types that collect and verify names and passwords.

use super::entry::{
    Entry, Key,
    Kind::{Secret, Text},
    any, flag, named, node, on, shared, text_or, texts, transient,
};
use crate::model::signature::{
    Factor,
    Scope::{ObjectShared, ObjectTransient},
};

pub(super) const USERNAME: Key = shared("username", Text).personal();

pub(super) const TYPES: &[Entry] = &[
    node("UsernameCollectorNode", "Asks for the user name")
        .two_versions()
        .settings(&[texts("autocompleteValues")])
        .asks(&["NameCallback"])
        .writes(&[USERNAME.always()])
        .facts(&[on("outcome").identity()]),
    node("PasswordCollectorNode", "Asks for the password")
        .asks(&["PasswordCallback"])
        .writes(&[transient("password", Secret).always()]),
    node(
        "ValidatedUsernameNode",
        "Asks for the user name, on demand by the policies of the store",
    )
    .two_versions()
    .settings(&[
        flag("validateInput", false),
        text_or("usernameAttribute", "userName"),
        texts("autocompleteValues"),
        // Recorded in exports of version 2.0, in no list of the vendor's.
        flag("prepopulate", false),
    ])
    .asks(&["NameCallback", "ValidatedCreateUsernameCallback"])
    .reads(&[
        USERNAME,
        named(ObjectShared, "usernameAttribute", Text).personal(),
    ])
    .writes(&[
        USERNAME.always(),
        named(ObjectShared, "usernameAttribute", Text)
            .personal()
            .always(),
    ])
    .facts(&[on("outcome").identity()])
    .calls_out(),
    node(
        "ValidatedPasswordNode",
        "Asks for the password, on demand by the policies of the store",
    )
    .settings(&[
        flag("validateInput", false),
        text_or("passwordAttribute", "password"),
    ])
    .asks(&["PasswordCallback", "ValidatedCreatePasswordCallback"])
    .reads(&[shared("_id", Text).personal()])
    .writes(&[
        transient("password", Secret).always(),
        named(ObjectTransient, "passwordAttribute", Secret).always(),
    ])
    .calls_out(),
    // The store counts each failure, but no failure ends the node: a loop around it needs a limit.
    node(
        "DataStoreDecisionNode",
        "Verifies name and password against the identity store of the realm",
    )
    .outcomes(&["true", "false"])
    .reads(&[USERNAME.always(), any("password", Secret).always()])
    .facts(&[on("true").proves(Factor::Password).identity()])
    .verifies(),
    node(
        "ZeroPageLoginNode",
        "Takes name and password from two request headers",
    )
    .settings(&[
        text_or("usernameHeader", "X-OpenAM-Username"),
        text_or("passwordHeader", "X-OpenAM-Password"),
        flag("allowWithoutReferer", true),
        texts("referrerWhiteList"),
    ])
    .outcomes(&["true", "false"])
    .writes(&[USERNAME, transient("password", Secret)])
    .facts(&[on("true").identity()]),
];

//! Types that collect and verify names and passwords.

use super::{
    entry::{
        Entry, Fact,
        Kind::{Secret, Text},
        flag, int_or, named, node, on, secret, shared, text, text_or, texts, time_or, transient,
        word,
    },
    keys::{CREDENTIALS, IDENTITY, OBJECT, USERNAME},
};
use crate::model::signature::{
    Factor,
    Scope::{ObjectShared, ObjectTransient},
    Unit::Seconds,
};

/// What a bind says: a locked account is told apart before the password is, one to be changed after.
const BIND: &[Fact] = &[
    on("TRUE").proves(Factor::Password).identity(),
    on("FALSE").of_absent(),
    on("LOCKED").of_present(),
    on("CANCELLED").of_entitled(),
    on("EXPIRED").of_entitled(),
];

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
        // Stands in recorded exports of version 2.0, and in none of the vendor's lists.
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
    .facts(&[on("outcome").identity().of_either()])
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
    .reads(&[shared("_id", Text).personal(), OBJECT])
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
    .reads(CREDENTIALS)
    .facts(&[
        on("true").proves(Factor::Password).identity(),
        on("*").of_either(),
    ])
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
    node(
        "AgentDataStoreDecisionNode",
        "Verifies name and password of an agent",
    )
    .outcomes(&["true", "false"])
    .reads(CREDENTIALS)
    .facts(&[
        on("true").proves(Factor::Password).identity(),
        on("*").of_either(),
    ])
    .verifies(),
    // A password that is about to lapse or was reset brings up a page to change it; `TRUE` follows a
    // successful bind in each case.
    node(
        "LdapDecisionNode",
        "Verifies name and password by a bind to an LDAP server",
    )
    .settings(&[
        texts("primaryServers").required(),
        texts("secondaryServers"),
        texts("accountSearchBaseDn").required(),
        text("adminDn").optional(),
        secret("adminPassword").optional(),
        text("userProfileAttribute"),
        texts("searchFilterAttributes").required(),
        text("userSearchFilter").optional(),
        word(
            "searchScope",
            "SUBTREE",
            &["OBJECT", "ONE_LEVEL", "SUBTREE"],
        ),
        word(
            "ldapConnectionMode",
            "LDAP",
            &["LDAP", "LDAPS", "START_TLS"],
        ),
        flag("mtlsEnabled", false),
        text("mtlsSecretLabel").optional(),
        flag("returnUserDn", true),
        texts("userCreationAttrs"),
        int_or("minimumPasswordLength", 8),
        flag("beheraEnabled", true),
        flag("trustAllServerCertificates", false),
        int_or("heartbeatInterval", 10),
        word(
            "heartbeatTimeUnit",
            "SECONDS",
            &["SECONDS", "MINUTES", "HOURS"],
        ),
        time_or("ldapOperationsTimeout", Seconds, 0),
        flag("mixedCaseForPasswordChangeMessages", false),
        word("affinityLevel", "NONE", &["NONE", "BIND", "ALL"]),
    ])
    .outcomes(&["TRUE", "FALSE", "LOCKED", "CANCELLED", "EXPIRED"])
    .may_ask(&[
        "TextOutputCallback",
        "PasswordCallback",
        "ConfirmationCallback",
    ])
    .reads(CREDENTIALS)
    .writes(&[USERNAME, transient("password", Secret)])
    .facts(BIND)
    .verifies(),
    // The outcomes are those of the LDAP type; no export shows them.
    node(
        "ADDecisionNode",
        "Verifies name and password by a bind to Active Directory",
    )
    .settings(&[
        texts("primaryServers").required(),
        texts("secondaryServers"),
        texts("accountSearchBaseDn").required(),
        text("adminDn").optional(),
        secret("adminPassword").optional(),
        text("userProfileAttribute"),
        texts("searchFilterAttributes").required(),
        text("userSearchFilter").optional(),
        word(
            "searchScope",
            "SUBTREE",
            &["OBJECT", "ONE_LEVEL", "SUBTREE"],
        ),
        word(
            "ldapConnectionMode",
            "LDAP",
            &["LDAP", "LDAPS", "START_TLS"],
        ),
        flag("mtlsEnabled", false),
        text("mtlsSecretLabel").optional(),
        flag("returnAccountLockedMessage", false),
        flag("returnUserDn", true),
        texts("userCreationAttrs"),
        int_or("minimumPasswordLength", 8),
        flag("trustAllServerCertificates", false),
        int_or("heartbeatInterval", 10),
        word(
            "heartbeatTimeUnit",
            "SECONDS",
            &["SECONDS", "MINUTES", "HOURS"],
        ),
        time_or("ldapOperationsTimeout", Seconds, 0),
        flag("mixedCaseForPasswordChangeMessages", false),
        word("affinityLevel", "NONE", &["NONE", "BIND", "ALL"]),
    ])
    .outcomes(&["TRUE", "FALSE", "LOCKED", "CANCELLED", "EXPIRED"])
    .may_ask(&[
        "TextOutputCallback",
        "PasswordCallback",
        "ConfirmationCallback",
    ])
    .reads(CREDENTIALS)
    .writes(&[USERNAME, transient("password", Secret)])
    .facts(BIND)
    .verifies(),
    node(
        "IdentityStoreDecisionNode",
        "Verifies name and password by a bind to the LDAP store of the realm",
    )
    .settings(&[
        int_or("minimumPasswordLength", 8),
        flag("useUniversalIdForUsername", false),
        flag("mixedCaseForPasswordChangeMessages", false),
    ])
    .outcomes(&["TRUE", "FALSE", "LOCKED", "CANCELLED", "EXPIRED"])
    .may_ask(&[
        "TextOutputCallback",
        "PasswordCallback",
        "ConfirmationCallback",
    ])
    .reads(CREDENTIALS)
    .writes(&[USERNAME, transient("password", Secret)])
    .facts(BIND)
    .verifies(),
    // The account verified is one of the other system: no source says that it is the subject, so it
    // proves nothing here.
    node(
        "PassthroughAuthenticationNode",
        "Verifies the credentials in another system through a connector",
    )
    .settings(&[
        text("systemEndpoint"),
        text_or("objectType", "account"),
        text_or("identityAttribute", "userName"),
        text_or("passwordAttribute", "password"),
    ])
    .outcomes(&["AUTHENTICATED", "MISSING", "FAILED"])
    .reads(&[
        IDENTITY,
        named(ObjectTransient, "passwordAttribute", Secret),
    ])
    .facts(&[
        on("AUTHENTICATED").of_entitled(),
        on("MISSING").of_absent(),
        on("FAILED").of_present(),
    ])
    .verifies(),
    node(
        "CreatePasswordNode",
        "Asks for a new password twice; deprecated",
    )
    .settings(&[int_or("minPasswordLength", 8).within(0, 1024)])
    .asks(&["PasswordCallback", "TextOutputCallback"])
    .writes(&[transient("password", Secret).always()]),
    node(
        "product-KerberosNode",
        "Takes the user from a Kerberos ticket",
    )
    .settings(&[
        text("principalName"),
        text("keytabFileName"),
        text("kerberosRealm"),
        text("kerberosServerName"),
        texts("trustedKerberosRealms"),
        flag("returnPrincipalWithDomainName", false),
        flag("lookupUserInRealm", false),
        flag("kerberosServiceIsInitiator", true),
    ])
    .outcomes(&["true", "false"])
    .may_ask(&["HttpCallback"])
    .writes(&[USERNAME])
    .facts(&[on("true").proves(Factor::Certificate).identity()])
    .calls_out(),
    // The key is the tool's, not the subject's: it proves nothing about the user it names.
    node(
        "AmsterJwtDecisionNode",
        "Takes the user from a JWT signed with an authorised SSH key",
    )
    .settings(&[text_or(
        "authorizedKeys",
        "@BASE_DIR@/security/keys/amster/authorized_keys",
    )])
    .outcomes(&["true", "false"])
    .asks(&["HiddenValueCallback"])
    .writes(&[USERNAME])
    .facts(&[on("true").identity().vouched()])
    .calls_out(),
    node("AnonymousUserNode", "Takes a fixed anonymous user")
        .settings(&[text_or("anonymousUserName", "anonymous")])
        .writes(&[USERNAME.always()])
        .facts(&[on("outcome").identity().vouched()])
        .calls_out(),
    node(
        "AnonymousSessionUpgradeNode",
        "Allows the session of an anonymous user to become that of a real one",
    ),
    // No source names the outcomes, so none can be said to prove anything. The units of the two times
    // are not named either.
    node(
        "RadiusDecisionNode",
        "Verifies name and password by a RADIUS server",
    )
    .settings(&[
        texts("primaryServers"),
        texts("secondaryServers"),
        text("sharedSecretPurpose").optional(),
        int_or("timeout", 5),
        int_or("healthCheckInterval", 5),
        flag("checkForLockout", false),
        flag("requireMessageAuthenticator", true),
    ])
    .arms(&[])
    .reads(CREDENTIALS)
    .verifies(),
    // No source names the outcomes; the callbacks follow from what the type is for, and so does that it
    // asks.
    node(
        "RadiusChallengeCollectorNode",
        "Asks what a RADIUS server wants to know",
    )
    .arms(&[])
    .asks(&["PasswordCallback", "NameCallback"]),
];

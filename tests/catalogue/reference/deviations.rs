//! Where the table says something else than the product, on purpose, and why.
//!
//! A line names a type, what it is about and what about it; `*` is any type. A line that is no deviation
//! any more fails the test as one that is not listed does.

/// Lines that differ for one reason.
pub(super) type Deviations = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

pub(super) const DEVIATIONS: &[Deviations] = &[
    // Settings.
    (
        "the store counts each user's failures already",
        &[(
            "RetryLimitDecisionNode",
            "incrementUserAttributeOnFailure",
            "default",
        )],
    ),
    (
        "the children of a page stand in its block",
        &[("PageNode", "nodes", "missing")],
    ),
    (
        "no text is the same as an empty one",
        &[
            ("PageNode", "pageHeader", "default"),
            ("PageNode", "pageDescription", "default"),
        ],
    ),
    (
        "`[Empty]` says that no script was chosen, and in text one must be",
        &[
            ("ScriptedDecisionNode", "script", "default"),
            ("ScriptedDecisionNode", "script", "required"),
            ("ConfigProviderNode", "script", "default"),
            ("ConfigProviderNode", "script", "required"),
            ("PingOneVerifyCompletionDecisionNode", "script", "default"),
        ],
    ),
    (
        "whether a script asks is ours to say",
        &[("ScriptedDecisionNode", "asks", "recorded")],
    ),
    (
        "the text of a choice may be written by locale, and its default left out",
        &[
            ("ChoiceCollectorNode", "prompt", "type"),
            ("ChoiceCollectorNode", "defaultChoice", "required"),
        ],
    ),
    (
        "no directory can be asked where the list is empty, which the product says when it is too late",
        &[
            ("LdapDecisionNode", "primaryServers", "default"),
            ("LdapDecisionNode", "primaryServers", "required"),
            ("LdapDecisionNode", "accountSearchBaseDn", "default"),
            ("LdapDecisionNode", "accountSearchBaseDn", "required"),
            ("LdapDecisionNode", "searchFilterAttributes", "default"),
            ("LdapDecisionNode", "searchFilterAttributes", "required"),
            ("ADDecisionNode", "primaryServers", "default"),
            ("ADDecisionNode", "primaryServers", "required"),
            ("ADDecisionNode", "accountSearchBaseDn", "default"),
            ("ADDecisionNode", "accountSearchBaseDn", "required"),
            ("ADDecisionNode", "searchFilterAttributes", "default"),
            ("ADDecisionNode", "searchFilterAttributes", "required"),
        ],
    ),
    (
        "a size is written with its unit",
        &[("DeviceProfileCollectorNode", "maximumSize", "type")],
    ),
    (
        "the configuration of the realm supplies it",
        &[
            ("OneTimePasswordSmtpSenderNode", "hostName", "required"),
            ("OneTimePasswordSmtpSenderNode", "username", "required"),
            (
                "OneTimePasswordSmtpSenderNode",
                "fromEmailAddress",
                "required",
            ),
            ("OneTimePasswordSmsSenderNode", "hostName", "required"),
            ("OneTimePasswordSmsSenderNode", "username", "required"),
            (
                "OneTimePasswordSmsSenderNode",
                "fromEmailAddress",
                "required",
            ),
        ],
    ),
    (
        "it stands in recorded exports only",
        &[
            ("ValidatedUsernameNode", "prepopulate", "recorded"),
            (
                "product-PingOneProtectEvaluationNode",
                "userType",
                "recorded",
            ),
            (
                "product-PingOneProtectInitializeNode",
                "deviceAttributesToIgnore",
                "recorded",
            ),
            (
                "product-PingOneProtectInitializeNode",
                "deviceKeyRsyncIntervals",
                "recorded",
            ),
            (
                "product-PingOneProtectInitializeNode",
                "consoleLogEnabled",
                "recorded",
            ),
            (
                "product-PingOneProtectInitializeNode",
                "disableHub",
                "recorded",
            ),
            (
                "product-PingOneProtectInitializeNode",
                "lazyMetadata",
                "recorded",
            ),
        ],
    ),
    // Callbacks.
    (
        "the reference lists the two forms of the type one after the other; each callback is named once",
        &[
            ("WebAuthnRegistrationNode", "", "callbacks"),
            ("WebAuthnAuthenticationNode", "", "callbacks"),
        ],
    ),
    // State.
    (
        "the nonce is kept with the visit, where no other node reaches it",
        &[("AmsterJwtDecisionNode", "-transient.amster.nonce", "reads")],
    ),
    // What fails.
    (
        "what the product finds out when a page is shown is refused when the text is compiled",
        &[("PageNode", "", "fails")],
    ),
    (
        "the wire sees to it that what was asked twice is answered twice",
        &[("CreatePasswordNode", "", "fails")],
    ),
    (
        "it calls nobody and needs nothing; what its handler says of a request may fail as any may",
        &[("product-CertificateCollectorNode", "", "fails")],
    ),
    // State.
    (
        "a run knows its realm, and no node changes it",
        &[("*", "-shared.realm", "reads")],
    ),
    (
        "who it is comes with what the store replies and is a field of the run, which no key can set",
        &[
            ("*", "-identifiedIdentity", "writes"),
            ("*", "-universalId", "writes"),
        ],
    ),
    (
        "which factor was proved is what the proofs of the run say",
        &[("*", "-NodeType", "reads"), ("*", "-NodeType", "writes")],
    ),
    (
        "the level is a field of the run, which no key can set",
        &[
            ("*", "-shared.authLevel", "reads"),
            ("*", "-shared.authLevel", "writes"),
        ],
    ),
    (
        "what a node keeps for itself from one step to the next is memory of the run and no state",
        &[
            ("*", "-shared.{nodeId}.end_time", "reads"),
            ("*", "-shared.{nodeId}.spam_count", "reads"),
            ("*", "-any.{nodeId}.retryCount", "reads"),
            ("*", "-shared.{nodeId}.retryCount", "writes"),
            ("*", "-shared.web-authn-challenge", "reads"),
            ("*", "-shared.web-authn-challenge", "writes"),
            ("*", "-shared.pageNodeCallbacks", "reads"),
            ("*", "-shared.pageNodeCallbacks", "writes"),
            ("*", "-shared.lastModuleState", "reads"),
            ("*", "-shared.lastModuleState", "writes"),
            ("*", "-shared.redirectRequestSentForNode-{nodeId}", "reads"),
        ],
    ),
    (
        "where the reference says `the user`, it is who was proved, else who is named here",
        &[("*", "+shared.username", "reads")],
    ),
    (
        "the reference says in words that it reads what a setting names",
        &[
            ("ScriptedDecisionNode", "-{inputs}", "reads"),
            ("ConfigProviderNode", "-{scriptInputs}", "reads"),
            ("ScriptedDecisionNode", "+any.*", "reads"),
            ("ConfigProviderNode", "+any.*", "reads"),
            (
                "PushAuthenticationSenderNode",
                "+any.{customPayload}",
                "reads",
            ),
            (
                "product-PingOneProtectEvaluationNode",
                "+any.{nodeStateAttributeForSubtype}",
                "reads",
            ),
            (
                "OneTimePasswordSmtpSenderNode",
                "+shared.objectAttributes.{emailAttribute}",
                "reads",
            ),
            (
                "PassthroughAuthenticationNode",
                "-{passwordAttribute}",
                "reads",
            ),
            (
                "PassthroughAuthenticationNode",
                "+transient.objectAttributes.{passwordAttribute}",
                "reads",
            ),
            ("IdentityAssertionDecisionNode", "-shared.mapped", "reads"),
            (
                "IdentityAssertionDecisionNode",
                "+shared.{sharedStateToServerMap}",
                "reads",
            ),
            ("BackchannelNotificationNode", "-shared.{data key}", "reads"),
            (
                "BackchannelNotificationNode",
                "+shared.backchannel-data",
                "reads",
            ),
            ("DebugNode", "+shared.*", "reads"),
        ],
    ),
    (
        "the reference says in words that it writes what a setting names",
        &[
            ("IdentityAssertionDecisionNode", "-shared.mapped", "writes"),
            (
                "IdentityAssertionDecisionNode",
                "+shared.{serverToSharedStateMap}",
                "writes",
            ),
            ("QueryParameterNode", "-shared.mapped", "writes"),
            (
                "QueryParameterNode",
                "+shared.{allowedQueryParameters}",
                "writes",
            ),
            ("RequestHeaderNode", "-shared.mapped", "writes"),
            ("RequestHeaderNode", "+shared.{allowedHeaders}", "writes"),
            (
                "AttributeCollectorNode",
                "-shared.objectAttributes.{attribute}",
                "writes",
            ),
            (
                "AttributeCollectorNode",
                "+shared.objectAttributes.{attributesToCollect}",
                "writes",
            ),
            ("TimerStartNode", "-shared.default", "writes"),
            (
                "ScriptedDecisionNode",
                "+shared.objectAttributes.*",
                "writes",
            ),
            (
                "ScriptedDecisionNode",
                "+transient.objectAttributes.*",
                "writes",
            ),
        ],
    ),
    (
        "of the profile under construction it reads what its settings name and finds the user by",
        &[
            ("ValidatedUsernameNode", "-objectAttributes.*", "reads"),
            (
                "ValidatedUsernameNode",
                "+shared.objectAttributes.{usernameAttribute}",
                "reads",
            ),
            ("AttributeCollectorNode", "-objectAttributes.*", "reads"),
            (
                "AttributeCollectorNode",
                "+shared.objectAttributes.{attributesToCollect}",
                "reads",
            ),
            (
                "AttributeCollectorNode",
                "+shared.objectAttributes.{identityAttribute}",
                "reads",
            ),
            (
                "AttributeCollectorNode",
                "+shared.{identityAttribute}",
                "reads",
            ),
        ],
    ),
    (
        "it comes with the request and is no key of the state",
        &[
            ("product-Saml2Node", "-RelayState", "reads"),
            ("PushAuthenticationSenderNode", "-user-agent", "reads"),
            ("ZeroPageLoginNode", "-{passwordHeader}", "reads"),
        ],
    ),
    (
        "it belongs to the session to come and is no key of the state",
        &[
            ("product-Saml2Node", "-NameID", "writes"),
            ("product-Saml2Node", "-isTransient", "writes"),
            ("product-Saml2Node", "-cacheKey", "writes"),
            ("SetSessionPropertiesNode", "-maxSessionTime", "writes"),
            ("SetSessionPropertiesNode", "-maxIdleTime", "writes"),
        ],
    ),
    (
        "it belongs to the last reply and is no key of the state",
        &[("*", "-8.1:", "writes"), ("*", "-detail.*", "writes")],
    ),
    (
        "the reference says `as` another type, which the table writes out",
        &[
            (
                "SocialProviderHandlerNodeV2",
                "+shared.selectedIdp",
                "reads",
            ),
            ("SocialProviderHandlerNodeV2", "+shared.username", "writes"),
            (
                "SocialProviderHandlerNodeV2",
                "+shared.objectAttributes.{usernameAttribute}",
                "writes",
            ),
            (
                "SocialProviderHandlerNodeV2",
                "+transient.objectAttributes.*",
                "writes",
            ),
            (
                "SocialProviderHandlerNodeV2",
                "+transient.socialOAuthData",
                "writes",
            ),
            (
                "SocialProviderHandlerNodeV2",
                "+transient.access_token",
                "writes",
            ),
            (
                "SocialProviderHandlerNodeV2",
                "+transient.refresh_token",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+shared.pushMessageId",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+shared.pushChallengeKey",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+shared.pushDeviceProfile",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+shared.pushRegistrationTimeout",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+shared.oathDeviceProfile",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+shared.oathEnableRecoveryCode",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+transient.recoveryCodes",
                "writes",
            ),
            (
                "CombinedMultiFactorRegistrationNode",
                "+transient.recoveryCodeDeviceName",
                "writes",
            ),
            ("ConfigProviderNode", "+shared.*", "writes"),
            ("ConfigProviderNode", "+transient.*", "writes"),
        ],
    ),
    (
        "a password that was changed at the store is the one to go on with, as in the LDAP type",
        &[
            ("IdentityStoreDecisionNode", "+transient.password", "writes"),
            ("ADDecisionNode", "+transient.password", "writes"),
        ],
    ),
    (
        "an app that this run registered and has not stored is noted as used, so that a code is right once",
        &[(
            "OathTokenVerifierNode",
            "+shared.oathDeviceProfile",
            "writes",
        )],
    ),
    (
        "who was made is who the run is about from then on",
        &[("CreateObjectNode", "+shared.username", "writes")],
    ),
    (
        "a code is never in shared state, whatever a server is told",
        &[("OneTimePasswordGeneratorNode", "-shared.same", "writes")],
    ),
    (
        "the answer is always one of two, so there is never none",
        &[("MessageNode", "-shared.null", "writes")],
    ),
    (
        "the key of the profile is fixed, since no setting names it",
        &[
            (
                "KbaCreateNode",
                "-transient.objectAttributes.{kbaPropertyName}",
                "writes",
            ),
            (
                "KbaCreateNode",
                "+transient.objectAttributes.kbaInfo",
                "writes",
            ),
        ],
    ),
    (
        "no setting names another key",
        &[("BackChannelStatusNode", "-shared.{key}", "writes")],
    ),
    (
        "the reference says in words what is kept, and gives it no name or another",
        &[
            (
                "IotAuthenticationNode",
                "+shared.tokenRestriction",
                "writes",
            ),
            ("PingOneVerifyEvaluationNode", "-shared.verify", "writes"),
            ("PingOneVerifyEvaluationNode", "+shared.*", "writes"),
            (
                "product-PingOneProtectResultNode",
                "+any.PingOneProtectEvaluationNode.RISK",
                "reads",
            ),
        ],
    ),
    (
        "what a failure found is told to programs here, and a journey may say it",
        &[("SetFailureDetailsNode", "ground", "recorded")],
    ),
];

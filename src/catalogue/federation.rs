//! Types that log in at another identity provider.

use super::{
    entry::{
        Entry, Fact,
        Kind::{Any, Secret, Text},
        When, flag, int_or, map, map_or, named, node, on, secret, shared, text, text_or, texts,
        texts_or, transient, word,
    },
    keys::{IDENTIFIED, OBJECT, OBJECT_TRANSIENT, PASSWORD, USERNAME},
};
use crate::model::signature::{
    Factor,
    Scope::{ObjectShared, Shared},
};

/// What a provider says of a person is no word of the client.
const PROVIDER: &[Fact] = &[
    on("ACCOUNT_EXISTS").proves(Factor::Federation).identity(),
    on("NO_ACCOUNT").vouched(),
];

pub(super) const TYPES: &[Entry] = &[
    node("SelectIdPNode", "Asks which identity provider to use")
        .leads_to("localAuthentication")
        .settings(&[
            flag("includeLocalAuthentication", true),
            flag("offerOnlyExisting", false),
            text_or("passwordAttribute", "password"),
            text_or("identityAttribute", "mail"),
            texts("filteredProviders"),
        ])
        .bounded(&[
            ("socialAuthentication", When::Always),
            (
                "localAuthentication",
                When::IsTrue("includeLocalAuthentication"),
            ),
        ])
        .asks(&["SelectIdPCallback"])
        .reads(IDENTIFIED)
        .writes(&[shared("selectedIdp", Text)])
        // Only where it offers what is linked it looks the user up.
        .facts(&[on("*").of_either().unsaid_where("offerOnlyExisting")])
        .calls_out(),
    node(
        "SocialProviderHandlerNode",
        "Logs in at the chosen identity provider; deprecated",
    )
    .settings(&[
        text("script"),
        text_or("usernameAttribute", "userName"),
        word("clientType", "BROWSER", &["BROWSER", "NATIVE"]),
        flag("storeTokens", false),
        text_or("subjectAttribute", "iplanet-am-user-alias-list"),
    ])
    .outcomes(&["ACCOUNT_EXISTS", "NO_ACCOUNT"])
    .asks(&["RedirectCallback", "IdPCallback"])
    .reads(&[shared("selectedIdp", Text).always()])
    .writes(&[
        USERNAME,
        named(ObjectShared, "usernameAttribute", Text).personal(),
        OBJECT_TRANSIENT,
        transient("socialOAuthData", Any).secret(),
        transient("access_token", Secret),
        transient("refresh_token", Secret),
    ])
    .facts(PROVIDER)
    .calls_out(),
    node(
        "SocialProviderHandlerNodeV2",
        "Logs in at the chosen identity provider",
    )
    .settings(&[
        text("script"),
        text_or("usernameAttribute", "userName"),
        word("clientType", "BROWSER", &["BROWSER", "NATIVE"]),
        flag("storeTokens", false),
        flag("detectConnectionTimeOut", false),
        text_or("subjectAttribute", "iplanet-am-user-alias-list"),
    ])
    .outcomes(&["ACCOUNT_EXISTS", "NO_ACCOUNT", "SOCIAL_AUTH_INTERRUPTED"])
    .asks(&["RedirectCallback", "IdPCallback"])
    .reads(&[
        shared("selectedIdp", Text).always(),
        shared("expectProfileInformation", Any),
    ])
    .writes(&[
        USERNAME,
        named(ObjectShared, "usernameAttribute", Text).personal(),
        OBJECT_TRANSIENT,
        transient("socialOAuthData", Any).secret(),
        transient("access_token", Secret),
        transient("refresh_token", Secret),
        shared("expectProfileInformation", Any),
    ])
    .facts(PROVIDER)
    .calls_out(),
    node("SocialNode", "Logs in at an OAuth 2.0 provider; deprecated")
        .settings(&[
            text("clientId"),
            secret("clientSecret"),
            text("authorizeEndpoint"),
            text("tokenEndpoint"),
            text("userInfoEndpoint"),
            text("scopeString"),
            text("scopeDelimiter"),
            text("redirectURI"),
            text("provider"),
            text("authenticationIdKey"),
            flag("basicAuth", false),
            text("cfgAccountProviderClass"),
            text("cfgAccountMapperClass"),
            texts("cfgAttributeMappingClasses"),
            map("cfgAccountMapperConfiguration"),
            map("cfgAttributeMappingConfiguration"),
            flag("saveUserAttributesToSession", false),
            flag("cfgMixUpMitigation", false),
            text_or("issuer", ""),
        ])
        .outcomes(&["ACCOUNT_EXISTS", "NO_ACCOUNT"])
        .asks(&["RedirectCallback"])
        .writes(&[
            USERNAME,
            shared("userInfo", Any).personal(),
            shared("emailAddress", Text).personal(),
        ])
        .facts(PROVIDER)
        .calls_out(),
    node(
        "SocialOpenIdConnectNode",
        "Logs in at an OpenID Connect provider; deprecated",
    )
    .settings(&[
        text("clientId"),
        secret("clientSecret"),
        text("authorizeEndpoint"),
        text("tokenEndpoint"),
        text("userInfoEndpoint"),
        text_or("scopeString", "openid"),
        text_or("redirectURI", "http://am:80/am"),
        text("provider"),
        text_or("authenticationIdKey", "sub"),
        flag("basicAuth", true),
        text_or(
            "cfgAccountProviderClass",
            "org.forgerock.openam.authentication.modules.common.mapping.\
DefaultAccountProvider",
        ),
        text_or(
            "cfgAccountMapperClass",
            "org.forgerock.openam.authentication.modules.oidc.JwtAttributeMapper|*|openid-",
        ),
        texts_or(
            "cfgAttributeMappingClasses",
            &["org.forgerock.openam.authentication.modules.oidc.\
JwtAttributeMapper|iplanet-am-user-alias-list|openid-"],
        ),
        map_or(
            "cfgAccountMapperConfiguration",
            &[("sub", "iplanet-am-user-alias-list")],
        ),
        map_or(
            "cfgAttributeMappingConfiguration",
            &[("sub", "iplanet-am-user-alias-list")],
        ),
        flag("saveUserAttributesToSession", true),
        flag("cfgMixUpMitigation", false),
        text("issuer"),
        word(
            "openIdValidationMethod",
            "WELL_KNOWN_URL",
            &["WELL_KNOWN_URL", "CLIENT_SECRET", "JWK_URL"],
        ),
        text("openIdValidationValue"),
    ])
    .outcomes(&["ACCOUNT_EXISTS", "NO_ACCOUNT"])
    .asks(&["RedirectCallback"])
    .writes(&[
        USERNAME,
        shared("userInfo", Any).personal(),
        shared("emailAddress", Text).personal(),
    ])
    .facts(PROVIDER)
    .calls_out(),
    node("SocialGoogleNode", "Logs in at Google; deprecated")
        .settings(&[
            text("clientId"),
            secret("clientSecret"),
            text_or(
                "authorizeEndpoint",
                "https://accounts.google.com/o/oauth2/v2/auth",
            ),
            text_or(
                "tokenEndpoint",
                "https://www.googleapis.com/oauth2/v4/token",
            ),
            text_or(
                "userInfoEndpoint",
                "https://www.googleapis.com/oauth2/v3/userinfo",
            ),
            text_or("scopeString", "profile email"),
            text_or("redirectURI", "http://am:80/am"),
            text_or("provider", "google"),
            text_or("authenticationIdKey", "sub"),
            flag("basicAuth", true),
            text_or(
                "cfgAccountProviderClass",
                "org.forgerock.openam.authentication.modules.common.mapping.\
DefaultAccountProvider",
            ),
            text_or(
                "cfgAccountMapperClass",
                "org.forgerock.openam.authentication.modules.common.mapping.\
JsonAttributeMapper|*|google-",
            ),
            texts_or(
                "cfgAttributeMappingClasses",
                &[
                    "org.forgerock.openam.authentication.modules.common.mapping.\
JsonAttributeMapper|iplanet-am-user-alias-list|google-",
                ],
            ),
            map_or(
                "cfgAccountMapperConfiguration",
                &[("sub", "iplanet-am-user-alias-list")],
            ),
            map_or(
                "cfgAttributeMappingConfiguration",
                &[
                    ("given_name", "givenName"),
                    ("family_name", "sn"),
                    ("sub", "iplanet-am-user-alias-list"),
                    ("email", "mail"),
                    ("name", "cn"),
                ],
            ),
            flag("saveUserAttributesToSession", true),
            flag("cfgMixUpMitigation", false),
            text_or("issuer", ""),
        ])
        .outcomes(&["ACCOUNT_EXISTS", "NO_ACCOUNT"])
        .asks(&["RedirectCallback"])
        .writes(&[
            USERNAME,
            shared("userInfo", Any).personal(),
            shared("emailAddress", Text).personal(),
        ])
        .facts(PROVIDER)
        .calls_out(),
    node("SocialFacebookNode", "Logs in at Facebook; deprecated")
        .settings(&[
            text("clientId"),
            secret("clientSecret"),
            text_or("authorizeEndpoint", "https://www.facebook.com/dialog/oauth"),
            text_or(
                "tokenEndpoint",
                "https://graph.facebook.com/v2.12/oauth/access_token",
            ),
            text_or(
                "userInfoEndpoint",
                "https://graph.facebook.com/v2.6/me?fields=name%2Cemail%2Cfirst_name%2Clast_name",
            ),
            text_or("scopeString", "public_profile,email"),
            text_or("redirectURI", "http://am:80/am"),
            text_or("provider", "facebook"),
            text_or("authenticationIdKey", "id"),
            flag("basicAuth", true),
            text_or(
                "cfgAccountProviderClass",
                "org.forgerock.openam.authentication.modules.common.mapping.\
DefaultAccountProvider",
            ),
            text_or(
                "cfgAccountMapperClass",
                "org.forgerock.openam.authentication.modules.common.mapping.\
JsonAttributeMapper|*|facebook-",
            ),
            texts_or(
                "cfgAttributeMappingClasses",
                &[
                    "org.forgerock.openam.authentication.modules.common.mapping.\
JsonAttributeMapper|iplanet-am-user-alias-list|facebook-",
                ],
            ),
            map_or(
                "cfgAccountMapperConfiguration",
                &[("id", "iplanet-am-user-alias-list")],
            ),
            map_or(
                "cfgAttributeMappingConfiguration",
                &[
                    ("first_name", "givenName"),
                    ("email", "mail"),
                    ("name", "cn"),
                    ("last_name", "sn"),
                    ("id", "iplanet-am-user-alias-list"),
                ],
            ),
            flag("saveUserAttributesToSession", true),
            flag("cfgMixUpMitigation", false),
            text_or("issuer", ""),
        ])
        .outcomes(&["ACCOUNT_EXISTS", "NO_ACCOUNT"])
        .asks(&["RedirectCallback"])
        .writes(&[
            USERNAME,
            shared("userInfo", Any).personal(),
            shared("emailAddress", Text).personal(),
        ])
        .facts(PROVIDER)
        .calls_out(),
    node(
        "SocialOAuthIgnoreProfileNode",
        "Takes the user name that the provider gave, without a profile; deprecated",
    )
    .reads(&[shared("userInfo", Any).personal().always()])
    .writes(&[USERNAME.always()])
    .facts(&[on("outcome").identity().vouched()]),
    // The token is verified, but which user it stands for is left to a later type, so it proves
    // nothing here and names nobody. The unit of the limit is not named.
    node("OidcNode", "Validates an ID token that came in a header")
        .settings(&[
            word(
                "oidcValidationType",
                "WELL_KNOWN_URL",
                &["WELL_KNOWN_URL", "CLIENT_SECRET", "JWK_URL"],
            ),
            text("oidcValidationValue"),
            text("secretId").optional(),
            text_or("headerName", "oidc_id_token"),
            text("idTokenIssuer"),
            text("audienceName"),
            texts("authorisedParties"),
            text("script"),
            texts_or("inputs", &["*"]),
            int_or("unreasonableLifetimeLimit", 60),
        ])
        .outcomes(&["true", "false"])
        .writes(&[
            shared("lookupAttributes", Any).personal(),
            shared(
                "org.forgerock.openam.authentication.modules.jwtpop.cnf",
                Any,
            ),
        ])
        .calls_out(),
    node(
        "product-Saml2Node",
        "Logs in at a SAML 2.0 identity provider",
    )
    .settings(&[
        text_or("idpEntityId", "https://"),
        flag("validateIdpEntityId", true),
        text_or("metaAlias", "/sp"),
        flag("allowCreate", true),
        word(
            "authComparison",
            "MINIMUM",
            &["EXACT", "MINIMUM", "MAXIMUM", "BETTER"],
        ),
        texts("authnContextClassRef"),
        texts("authnContextDeclRef"),
        word(
            "requestBinding",
            "HTTP_REDIRECT",
            &["HTTP_REDIRECT", "HTTP_POST"],
        ),
        word("binding", "HTTP_ARTIFACT", &["HTTP_ARTIFACT", "HTTP_POST"]),
        flag("forceAuthn", false),
        flag("isPassive", false),
        text_or(
            "nameIdFormat",
            "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        ),
    ])
    .outcomes(&["ACCOUNT_EXISTS", "NO_ACCOUNT"])
    .asks(&["RedirectCallback"])
    .reads(&[USERNAME])
    .writes(&[
        USERNAME,
        shared("userInfo", Any).personal(),
        shared("emailAddress", Text).personal(),
        shared("successUrl", Text),
    ])
    .facts(PROVIDER)
    .calls_out(),
    node(
        "product-WriteFederationInformationNode",
        "Links the account at the provider to the local one",
    )
    .reads(&[
        USERNAME.always(),
        shared("userInfo", Any).personal().always(),
    ])
    .facts(&[on("outcome").changes_account(&[Factor::Federation])])
    .calls_out(),
    // Whose account is made, the provider has proved: without what it told there is none to make.
    node(
        "ProvisionDynamicAccountNode",
        "Creates a local account from what the provider told",
    )
    .settings(&[text_or(
        "accountProviderClass",
        "org.forgerock.openam.authentication.modules.common.mapping.\
DefaultAccountProvider",
    )])
    .reads(&[
        shared("userInfo", Any).personal().always(),
        OBJECT,
        PASSWORD,
    ])
    .writes(&[USERNAME.always()])
    .facts(&[on("outcome")
        .proves(Factor::Federation)
        .identity()
        .makes_account()])
    .calls_out(),
    node(
        "ProvisionIdmAccountNode",
        "Sends the user away to create an account; deprecated",
    )
    .settings(&[text_or(
        "accountProviderClass",
        "org.forgerock.openam.authentication.modules.common.mapping.\
DefaultAccountProvider",
    )])
    .asks(&["RedirectCallback"])
    .reads(&[
        shared("userInfo", Any).personal(),
        shared("IdmFlowInitiated", Any),
    ])
    .writes(&[USERNAME, shared("IdmFlowInitiated", Any)])
    .facts(&[on("outcome").identity().vouched()])
    .calls_out(),
    // No source names the outcomes, so none can be said to prove anything.
    node(
        "IdentityAssertionDecisionNode",
        "Sends the user to an identity assertion server and reads its answer",
    )
    .settings(&[
        text("serverId"),
        text("route"),
        map("sharedStateToServerMap"),
        map_or("serverToSharedStateMap", &[("principal", "username")]),
    ])
    .arms(&[])
    .asks(&["RedirectCallback"])
    .reads(&[named(Shared, "sharedStateToServerMap", Any)])
    .writes(&[named(Shared, "serverToSharedStateMap", Any)])
    .calls_out(),
];

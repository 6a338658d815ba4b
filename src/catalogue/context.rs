//! Types that look at the connection: cookies and certificates.

use super::{
    entry::{Entry, flag, node, on, secret, text, text_or, texts, texts_or, time, time_or, word},
    keys::{CERTIFICATE, USERNAME},
};
use crate::model::signature::{
    Factor,
    Unit::{Hours, Seconds},
};

pub(super) const TYPES: &[Entry] = &[
    node(
        "CookiePresenceDecisionNode",
        "Asks whether a cookie came with the request",
    )
    .settings(&[text("cookieName")])
    .outcomes(&["true", "false"]),
    node(
        "SetPersistentCookieNode",
        "Sets a persistent cookie once the journey succeeds",
    )
    .settings(&[
        time_or("idleTimeout", Hours, 5),
        time_or("maxLife", Hours, 5),
        flag("useSecureCookie", true),
        flag("useHttpOnlyCookie", true),
        secret("hmacSigningKey").optional(),
        text("hmacSigningKeySecretLabelIdentifier").optional(),
        text_or("persistentCookieName", "session-jwt"),
        word("sameSite", "LAX", &["STRICT", "LAX", "NONE"]),
    ]),
    // The cookie is signed, and was set when its user had logged in.
    node(
        "PersistentCookieDecisionNode",
        "Takes the user from a persistent cookie",
    )
    .settings(&[
        time_or("idleTimeout", Hours, 5),
        flag("enforceClientIp", false),
        flag("useSecureCookie", true),
        flag("useHttpOnlyCookie", true),
        secret("hmacSigningKey").optional(),
        text("hmacSigningKeySecretLabelIdentifier").optional(),
        text_or("persistentCookieName", "session-jwt"),
        word("sameSite", "LAX", &["STRICT", "LAX", "NONE"]),
    ])
    .outcomes(&["true", "false"])
    .writes(&[USERNAME])
    .facts(&[on("true").proves(Factor::Cookie).identity()])
    .calls_out(),
    node(
        "SetCustomCookieNode",
        "Sets a cookie of its own in the answer",
    )
    .settings(&[
        text("name"),
        text("value"),
        time("maxAge", Seconds).optional(),
        text("domain").optional(),
        text("path").optional(),
        flag("useSecureCookie", false),
        flag("useHttpOnlyCookie", false),
        word("sameSite", "LAX", &["STRICT", "LAX", "NONE"]),
    ]),
    node(
        "product-CertificateCollectorNode",
        "Takes the client certificate from the connection or a header",
    )
    .settings(&[
        word(
            "certificateCollectionMethod",
            "EITHER",
            &["REQUEST", "HEADER", "EITHER"],
        ),
        text("clientCertificateHttpHeaderName").optional(),
        texts("trustedRemoteHosts"),
    ])
    .outcomes(&["COLLECTED", "NOT_COLLECTED"])
    .writes(&[CERTIFICATE]),
    // It knows the certificate and not yet the user; the extractor knows the user and not whether the
    // certificate is valid. Neither proves anything by itself.
    node(
        "product-CertificateValidationNode",
        "Validates the certificate",
    )
    .settings(&[
        flag("matchCertificateInLdap", false),
        flag("checkCertificateExpiry", false),
        text_or("ldapCertificateAttribute", "CN"),
        flag("matchCertificateToCRL", false),
        text_or("crlMatchingCertificateAttribute", "CN"),
        text("crlHttpParameters").optional(),
        flag("cacheCRLsInMemory", true),
        flag("updateCRLsFromDistributionPoint", true),
        flag("ocspValidationEnabled", false),
        word(
            "certificateIdentityStore",
            "[Empty]",
            &["OpenDJ", "[Empty]"],
        ),
        texts_or("certificateLdapServers", &[""]),
        texts("ldapSearchStartDN"),
        text_or("userBindDN", "cn=Directory Manager"),
        secret("userBindPassword").optional(),
        flag("mtlsEnabled", false),
        text("mtlsSecretLabel").optional(),
        flag("sslEnabled", false),
    ])
    .outcomes(&[
        "TRUE",
        "FALSE",
        "NOT_FOUND",
        "EXPIRED",
        "PATH_VALIDATION_FAILED",
        "REVOKED",
    ])
    .reads(&[CERTIFICATE.always()])
    .calls_out(),
    node(
        "product-CertificateUserExtractorNode",
        "Takes the user from the certificate",
    )
    .settings(&[
        word(
            "certificateAttributeToProfileMapping",
            "SUBJECT_CN",
            &[
                "SUBJECT_DN",
                "SUBJECT_CN",
                "SUBJECT_UID",
                "EMAIL_ADDRESS",
                "OTHER",
                "NONE",
            ],
        ),
        text("otherCertificateAttributeToProfileMapping").optional(),
        word(
            "certificateAttributeProfileMappingExtension",
            "NONE",
            &["NONE", "RFC822_NAME", "UPN"],
        ),
    ])
    .outcomes(&["EXTRACTED", "NOT_EXTRACTED"])
    .reads(&[CERTIFICATE.always()])
    .writes(&[USERNAME])
    .facts(&[on("EXTRACTED").identity()])
    .calls_out(),
];

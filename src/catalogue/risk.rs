//! Types that look at the account, the auth level, or whether a machine is at work.

use super::{
    entry::{
        Entry,
        Kind::{Any, Text},
        When, any, flag, int_or, map, node, on, secret, text, text_or, transient, word,
    },
    keys::USERNAME,
};

pub(super) const TYPES: &[Entry] = &[
    // The vendor keeps the level in shared state as `authLevel`; here it belongs to the run itself.
    node(
        "AuthLevelDecisionNode",
        "Asks whether the auth level suffices",
    )
    .settings(&[int_or("authLevelRequirement", 0).within(0, LEVEL_MAX)])
    .outcomes(&["true", "false"])
    .facts(&[
        on("true").level_at_least("authLevelRequirement"),
        on("false").level_below("authLevelRequirement"),
    ]),
    node("ModifyAuthLevelNode", "Raises or lowers the auth level")
        .settings(&[int_or("authLevelIncrement", 0).within(-LEVEL_MAX, LEVEL_MAX)])
        .facts(&[on("outcome").level_by("authLevelIncrement")]),
    node(
        "AccountActiveDecisionNode",
        "Asks whether the account is active",
    )
    .outcomes(&["true", "false"])
    .reads(&[USERNAME.always()])
    .facts(&[on("*").of_present()])
    .calls_out(),
    node("AccountLockoutNode", "Locks or unlocks the account")
        .settings(&[word("lockAction", "LOCK", &["LOCK", "UNLOCK"])])
        .reads(&[USERNAME.always()])
        .facts(&[on("outcome")
            .of_present()
            .changes_account_where(When::Is("lockAction", "UNLOCK"), &[])])
        .calls_out(),
    node(
        "product-CaptchaNode",
        "Asks a CAPTCHA service whether a person is there",
    )
    .settings(&[
        text("siteKey"),
        secret("secretKey").optional(),
        text("secretLabelIdentifier").optional(),
        text_or(
            "captchaUri",
            "https://www.google.com/recaptcha/api/siteverify",
        ),
        text_or("apiUri", "https://www.google.com/recaptcha/api.js"),
        text_or("divClass", "g-recaptcha"),
        flag("reCaptchaV3", false),
        text_or("scoreThreshold", "0.0"),
        flag("disableSubmission", true),
    ])
    .outcomes(&["true", "false"])
    .asks(&["ReCaptchaCallback"])
    .calls_out(),
    node(
        "product-CaptchaEnterpriseNode",
        "Asks reCAPTCHA Enterprise whether a person is there",
    )
    .settings(&[
        text("projectId"),
        text("siteKey"),
        text("secretLabelIdentifier"),
        text_or("scoreThreshold", "0.0"),
        flag("storeAssessmentResult", false),
        flag("storeErrors", false),
        text_or("divClass", "g-recaptcha"),
        text_or(
            "captchaUri",
            "https://recaptchaenterprise.googleapis.com/v1",
        ),
        text_or("apiUri", "https://www.google.com/recaptcha/enterprise.js"),
    ])
    .outcomes(&["true", "false"])
    .asks(&["ReCaptchaEnterpriseCallback"])
    .reads(&[any("CaptchaEnterpriseNode.PAYLOAD", Any)])
    .writes(&[
        transient("CaptchaEnterpriseNode.ASSESSMENT_RESULT", Any),
        transient("CaptchaEnterpriseNode.FAILURE", Text),
    ])
    .calls_out(),
    node(
        "product-ReCaptchaNode",
        "Asks reCAPTCHA whether a person is there, and fails the run if not; deprecated",
    )
    .settings(&[
        text("siteKey"),
        secret("secretKey"),
        text_or(
            "reCaptchaUri",
            "https://www.google.com/recaptcha/api/siteverify",
        ),
        text_or("apiUri", "https://www.google.com/recaptcha/api.js"),
        text_or("divClass", "g-recaptcha"),
    ])
    .asks(&["ReCaptchaCallback"])
    .calls_out(),
    // The vendor calls the outcomes Accept, Reject and Error; their ids are not published.
    node(
        "PolicyDecisionNode",
        "Asks for a policy decision in the middle of a journey",
    )
    .settings(&[
        text("policySet").among(&[
            "oauth2Scopes",
            "customerApplicationPolicySet",
            "iPlanetAMWebAgentService",
        ]),
        text("resource"),
        text("action"),
        map("environment"),
    ])
    .arms(&[])
    .reads(&[USERNAME])
    .calls_out(),
    // The vendor calls the outcomes Accept, Reject and Error; their ids are not published.
    node(
        "AppPolicyDecisionNode",
        "Asks for a policy decision about the application the journey runs for",
    )
    .arms(&[])
    .reads(&[USERNAME])
    .calls_out(),
];

/// The greatest auth level.
const LEVEL_MAX: i64 = i32::MAX as i64;

//! Types that read and write the profile of a user.

use super::{
    entry::{
        Entry,
        Kind::{Any, Text},
        When, flag, int, int_or, key, localized, localized_or, named, node, on, shared, text,
        text_or, texts, time, word,
    },
    keys::{ALIASES, IDENTIFIED, IDENTITY, IDENTITY_ROOT, OBJECT, OBJECT_TRANSIENT, USERNAME},
};
use crate::model::signature::{
    Factor,
    Scope::{ObjectShared, ObjectTransient},
    Unit::Minutes,
};

/// What whoever writes a profile can prove with it: its password, what is sent to its addresses, its
/// answers.
const PROFILE: &[Factor] = &[
    Factor::Password,
    Factor::Otp,
    Factor::MailLink,
    Factor::Knowledge,
];

pub(super) const TYPES: &[Entry] = &[
    node("IdentifyExistingUserNode", "Finds the user by an attribute")
        .settings(&[
            text_or("identifier", "userName"),
            text_or("identityAttribute", "mail"),
        ])
        .outcomes(&["true", "false"])
        .reads(IDENTIFIED)
        .writes(&[
            shared("_id", Text).personal(),
            USERNAME,
            named(ObjectShared, "identifier", Text).personal(),
            ALIASES,
        ])
        .facts(&[on("true").identity().of_present(), on("false").of_absent()])
        .calls_out(),
    node(
        "CreateObjectNode",
        "Creates the profile of a user from what the journey collected",
    )
    .settings(&[text_or("identityResource", "managed/user")])
    .outcomes(&["CREATED", "FAILURE"])
    .reads(&[OBJECT, OBJECT_TRANSIENT, shared("termsAccepted", Any)])
    .writes(&[USERNAME])
    .facts(&[
        // Whoever makes an account is its owner, and nobody else was: the store has just made it.
        on("CREATED")
            .proves(Factor::Registration)
            .identity()
            .of_absent()
            .makes_account(),
        on("FAILURE").of_present(),
    ])
    .calls_out(),
    node(
        "PatchObjectNode",
        "Changes the profile of the user as the journey collected",
    )
    .settings(&[
        flag("patchAsObject", false),
        texts("ignoredFields"),
        text_or("identityResource", "managed/user"),
        text_or("identityAttribute", "userName"),
    ])
    .outcomes(&["PATCHED", "FAILURE"])
    .reads(&[
        IDENTITY,
        IDENTITY_ROOT,
        USERNAME,
        OBJECT,
        OBJECT_TRANSIENT,
        shared("termsAccepted", Any),
    ])
    .facts(&[on("PATCHED").changes_account(PROFILE)])
    .calls_out(),
    node(
        "AttributeCollectorNode",
        "Asks for attributes of the profile",
    )
    .settings(&[
        texts("attributesToCollect"),
        flag("required", false),
        flag("validateInputs", false),
        text_or("identityAttribute", "userName"),
    ])
    .asks(&[
        "StringAttributeInputCallback",
        "NumberAttributeInputCallback",
        "BooleanAttributeInputCallback",
    ])
    .reads(&[
        IDENTITY,
        IDENTITY_ROOT,
        USERNAME,
        named(ObjectShared, "attributesToCollect", Any).personal(),
    ])
    .writes(&[named(ObjectShared, "attributesToCollect", Any).personal()])
    .facts(&[on("*").of_either()])
    .calls_out(),
    node(
        "AttributePresentDecisionNode",
        "Asks whether an attribute is there",
    )
    .settings(&[
        text_or("presentAttribute", "password"),
        text_or("identityAttribute", "userName"),
    ])
    .outcomes(&["true", "false"])
    .reads(IDENTIFIED)
    .facts(&[on("*").of_present()])
    .calls_out(),
    node("AttributeValueDecisionNode", "Asks what an attribute is")
        .settings(&[
            text("comparisonAttribute"),
            word("comparisonOperation", "EQUALS", &["PRESENT", "EQUALS"]),
            text("comparisonValue").optional(),
            text_or("identityAttribute", "userName"),
        ])
        .outcomes(&["true", "false"])
        .reads(IDENTIFIED)
        .facts(&[on("*").of_present()])
        .calls_out(),
    node(
        "QueryFilterDecisionNode",
        "Asks whether the profile fits a query filter",
    )
    .settings(&[
        text("queryFilter"),
        text_or("identityAttribute", "userName"),
    ])
    .outcomes(&["true", "false"])
    .reads(IDENTIFIED)
    .facts(&[on("*").of_present()])
    .calls_out(),
    node(
        "RequiredAttributesDecisionNode",
        "Asks whether all attributes that the schema requires are there",
    )
    .settings(&[text_or("identityResource", "managed/user")])
    .outcomes(&["true", "false"])
    .reads(&[OBJECT, OBJECT_TRANSIENT])
    .calls_out(),
    node(
        "ProfileCompletenessDecisionNode",
        "Asks whether more of the profile than a share, in percent, is filled",
    )
    .settings(&[int("threshold"), text_or("identityAttribute", "userName")])
    .outcomes(&["true", "false"])
    .reads(IDENTIFIED)
    .facts(&[on("*").of_present()])
    .calls_out(),
    // The vendor writes the time as a text; no source gives its unit.
    node(
        "TimeSinceDecisionNode",
        "Asks whether the profile is older than a time",
    )
    .settings(&[
        text("elapsedTime"),
        text_or("identityAttribute", "userName"),
    ])
    .outcomes(&["true", "false"])
    .reads(IDENTIFIED)
    .facts(&[on("*").of_present()])
    .calls_out(),
    // A count of what has happened changes nothing that the user has to answer for.
    node("IncrementLoginCountNode", "Counts a login of the user")
        .settings(&[text_or("identityAttribute", "userName")])
        .reads(IDENTIFIED)
        .calls_out(),
    node(
        "LoginCountDecisionNode",
        "Asks how often the user has logged in",
    )
    .settings(&[
        word("interval", "AT", &["EVERY", "AT"]),
        int_or("amount", 25),
        text_or("identityAttribute", "userName"),
    ])
    .outcomes(&["true", "false"])
    .reads(IDENTIFIED)
    .facts(&[on("*").of_present()])
    .calls_out(),
    node("DisplayUserNameNode", "Shows the user name")
        .settings(&[
            text_or("userName", "userName"),
            text_or("identityAttribute", "mail"),
        ])
        .asks(&["TextOutputCallback"])
        .reads(&[
            IDENTITY,
            IDENTITY_ROOT,
            USERNAME,
            named(ObjectShared, "userName", Text).personal(),
        ])
        .facts(&[on("*").of_present()])
        .calls_out(),
    node(
        "KbaCreateNode",
        "Asks for security questions and their answers",
    )
    .settings(&[
        localized("message"),
        flag("allowUserDefinedQuestions", true),
    ])
    .asks(&["KbaCreateCallback"])
    .writes(&[key(ObjectTransient, "kbaInfo", Any).secret()])
    .calls_out(),
    node(
        "KbaDecisionNode",
        "Asks whether the user has answered enough security questions",
    )
    .settings(&[text_or("identityAttribute", "userName")])
    .outcomes(&["true", "false"])
    .reads(IDENTIFIED)
    .facts(&[on("*").of_present()])
    .calls_out(),
    // The store counts each failure, but no failure ends the node: a loop around it needs a limit.
    node(
        "KbaVerifyNode",
        "Asks security questions and verifies the answers",
    )
    .settings(&[
        text_or("kbaInfoAttribute", "kbaInfo"),
        text_or("identityAttribute", "userName"),
    ])
    .outcomes(&["true", "false"])
    .asks(&["PasswordCallback"])
    .reads(IDENTIFIED)
    .facts(&[
        on("true").proves(Factor::Knowledge),
        on("false").of_present(),
    ])
    .verifies(),
    node("AcceptTermsAndConditionsNode", "Asks to accept the terms")
        .asks(&["TermsAndConditionsCallback"])
        .writes(&[shared("termsVersion", Text), shared("termsAccepted", Any)])
        .calls_out(),
    node(
        "TermsAndConditionsDecisionNode",
        "Asks whether the user accepted the present terms",
    )
    .settings(&[text_or("identityAttribute", "userName")])
    .outcomes(&["true", "false"])
    .reads(IDENTIFIED)
    // Where there are no terms, everybody has accepted them.
    .facts(&[on("true").of_either(), on("false").of_present()])
    .calls_out(),
    node("ConsentNode", "Asks for consent to share the profile")
        .settings(&[flag("allRequired", false), localized("message")])
        .may_ask(&["ConsentMappingCallback"])
        .writes(&[key(ObjectShared, "consentedMappings", Any)])
        .calls_out(),
    // The link goes to the address of the profile where that is looked up, else to the one that was
    // typed. Whoever follows the first is its user; the second proves nothing of anybody.
    node(
        "EmailSuspendNode",
        "Mails a link and suspends the run until it is followed",
    )
    .settings(&[
        text_or("emailTemplateName", "registration"),
        text_or("emailAttribute", "mail"),
        localized_or(
            "emailSuspendMessage",
            &[(
                "en",
                "An email has been sent to the address you entered. Click the link in \
that email to proceed.",
            )],
        ),
        flag("objectLookup", false),
        text_or("identityAttribute", "userName"),
        time("suspendDuration", Minutes).optional(),
    ])
    .asks(&["SuspendedTextOutputCallback"])
    .reads(&[
        IDENTITY,
        IDENTITY_ROOT,
        USERNAME,
        named(ObjectShared, "emailAttribute", Text).personal(),
    ])
    // The page is shown, and the run waits, also where there is nobody to mail to.
    .facts(&[on("outcome")
        .proves(Factor::MailLink)
        .where_it(When::IsTrue("objectLookup"))
        .of_either()])
    .calls_out()
    .suspends(),
    node("EmailTemplateNode", "Mails a template to the user")
        .settings(&[
            text_or("emailTemplateName", "welcome"),
            text_or("emailAttribute", "mail"),
            text_or("identityAttribute", "userName"),
        ])
        .outcomes(&["EMAIL_SENT", "EMAIL_NOT_SENT"])
        .reads(IDENTIFIED)
        .facts(&[
            on("EMAIL_SENT").of_present(),
            on("EMAIL_NOT_SENT").of_absent(),
        ])
        .calls_out(),
];

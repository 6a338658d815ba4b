//! What built-in types do otherwise than the product, on purpose, and why.
//!
//! Settings, outcomes, callbacks and state are compared field by field elsewhere; here stands what no field
//! shows. Each line is told on the page of its types.

/// What is otherwise, why, and of which types.
type Otherwise = (&'static str, &'static str, &'static [&'static str]);

const OTHERWISE: &[Otherwise] = &[
    (
        "tries are counted in the store before the password is compared, however somebody came here",
        "guessing elsewhere must not begin anew here",
        &[
            "DataStoreDecision",
            "AgentDataStoreDecision",
            "LdapDecision",
            "ADDecision",
            "IdentityStoreDecision",
            "PassthroughAuthentication",
        ],
    ),
    (
        "an agent is a user of the store whose attribute `_agent` is true",
        "there is no second store of agents",
        &["AgentDataStoreDecision"],
    ),
    (
        "the directory of the realm is the one that the settings of the server name, or the server's own store, so that it is never more than one",
        "a journey is not what says where passwords go",
        &["IdentityStoreDecision"],
    ),
    (
        "`trustAllServerCertificates` is refused",
        "whoever stands between would be sent the passwords",
        &["LdapDecision", "ADDecision"],
    ),
    (
        "the level begins at 0 and is never unset, so that a requirement of 0 is met",
        "levels are proved before a journey runs",
        &["AuthLevelDecision"],
    ),
    (
        "the level stays within 0 and 2147483647",
        "a level below 0 would be less than nothing proved",
        &["ModifyAuthLevel"],
    ),
    (
        "too many wrong answers are a wrong answer, and no error",
        "an error would tell who has been guessed at",
        &["KbaVerify"],
    ),
    (
        "all answers are compared at once, letter case and doubled blanks aside",
        "one answer that is known must give no more tries at another",
        &["KbaVerify"],
    ),
    (
        "each try is counted for the user, and the code proves something only where it was sent to an address of the profile of that user",
        "a code that anybody could have sent to themselves shows nothing",
        &["OneTimePasswordCollectorDecision"],
    ),
    (
        "the digits are drawn evenly from the randomness of the host, without HOTP over a secret that is thrown away",
        "it comes to the same with less",
        &["OneTimePasswordGenerator"],
    ),
    (
        "classes of one's own that send are not run: mail goes as the realm says, text messages by mail to a gateway",
        "there is no Java here",
        &["OneTimePasswordSmtpSender", "OneTimePasswordSmsSender"],
    ),
    (
        "mail is handed over before the run goes on, and where it is not taken the node fails",
        "an author who does not mind writes `on error`",
        &["EmailTemplate"],
    ),
    (
        "a count that cannot be written fails the node",
        "a failure that is swallowed is never seen; `on error` with the same target swallows it",
        &["IncrementLoginCount"],
    ),
    (
        "without `incrementUserAttributeOnFailure` the count is the run's, and that is the default",
        "the store counts the failures of each user already",
        &["RetryLimitDecision"],
    ),
    (
        "a script reaches only what [scripts.md](../scripts.md) lists, and what one writes must stand in `outputs`",
        "what a script may do has to be known before it runs",
        &["ScriptedDecision"],
    ),
    (
        "a script reaches only what [scripts.md](../scripts.md) lists, and writes nothing",
        "what a script may do has to be known before it runs",
        &["ConfigProvider", "DeviceMatch"],
    ),
    (
        "where its script makes no settings that fit, it ends in its outcome for that, and nothing fails",
        "it is what that outcome is for",
        &["ConfigProvider"],
    ),
    (
        "a run in which somebody was proved does not become somebody else's",
        "the upgrade is for visitors",
        &["AnonymousSessionUpgrade"],
    ),
    (
        "whom it names is not proved, so that success behind it needs a proof or an exception with a reason",
        "a name is no evidence",
        &[
            "AnonymousUser",
            "IdentifyExistingUser",
            "SocialOAuthIgnoreProfile",
            "product-CertificateUserExtractor",
        ],
    ),
    (
        "`script` is not run: what a provider tells becomes attributes by the settings of the provider",
        "which claim is which attribute belongs to the provider and not to each journey",
        &["SocialProviderHandler", "SocialProviderHandlerNodeV2"],
    ),
    (
        "an app's access token is believed only where the settings of the provider say so",
        "it was perhaps given to another app, whose makers could log in with it here",
        &["SocialProviderHandler", "SocialProviderHandlerNodeV2"],
    ),
    (
        "where the run knows its user and the account elsewhere is nobody's, the user stays and the link is \
         added to those there are",
        "a name that a provider tells is not the user's name here",
        &["SocialProviderHandler", "SocialProviderHandlerNodeV2"],
    ),
    (
        "that somebody came back without the provider is known by what the visit keeps, not by \
         `expectProfileInformation`",
        "nothing else can write it",
        &["SocialProviderHandlerNodeV2"],
    ),
    (
        "with `offerOnlyExisting` a name that is nobody's is offered the password here",
        "a stranger is not told by an error that there is no such user",
        &["SelectIdP"],
    ),
    (
        "cookies of the product are worth nothing here, and an own one ends with the password and the account",
        "its keys are not ours",
        &["SetPersistentCookie", "PersistentCookieDecision"],
    ),
    (
        "the account is made without a password where none was collected, and not with a random one",
        "nobody would know it",
        &["ProvisionDynamicAccount"],
    ),
    (
        "`identityResource` of the journey is not compared with that of the node",
        "the node says which schema it means",
        &["CreateObject", "PatchObject", "RequiredAttributesDecision"],
    ),
    (
        "the profile is that of whom the run is about, whatever was typed; a name counts where nobody is known yet",
        "typing a name must not change what a user that is proved sees or becomes",
        &[
            "PatchObject",
            "AttributePresentDecision",
            "AttributeValueDecision",
            "QueryFilterDecision",
            "ProfileCompletenessDecision",
            "DisplayUserName",
        ],
    ),
    (
        "what only one of the two descriptions has counts with all that is in it",
        "leaving things out must not be the cheaper lie",
        &["DeviceMatch"],
    ),
    (
        "a match proves nobody",
        "what a client tells of its device anybody can tell who has heard it",
        &[
            "DeviceMatch",
            "DeviceLocationMatch",
            "DeviceGeoFencing",
            "DeviceTamperingVerification",
        ],
    ),
    (
        "a device that was away for longer than `expiration` is forgotten, and is kept alive only by a run in which its user was proved",
        "else whoever has once copied it would keep it alive",
        &["DeviceMatch", "DeviceLocationMatch", "DeviceSave"],
    ),
    (
        "a score below 0 is none",
        "no client has a reason to send one",
        &["DeviceTamperingVerification"],
    ),
    (
        "what was not asked for is not kept, and depth, number and size are bounded",
        "a client must not fill the state",
        &["DeviceProfileCollector"],
    ),
    (
        "a code is good once, for every way in",
        "whoever looks over a shoulder must be too late",
        &["OathTokenVerifier", "RecoveryCodeCollectorDecision"],
    ),
    (
        "recovery codes are kept as hashes, and are shown once",
        "a copy of the data must not hold them",
        &["OathRegistration", "OathDeviceStorage"],
    ),
    (
        "a `defaultChoice` that is none of the choices is refused, where it does not depend on the run",
        "the first of them would be chosen in its place, and nobody told",
        &["ChoiceCollector"],
    ),
    (
        "a `tree` that is no journey of the program, or none that can be begun, is refused",
        "every run would find out anew",
        &["BackChannelInit"],
    ),
    (
        "outcomes go by what the arms say, and what goes wrong with the transaction is the arm `error`",
        "the ids of the product are not published",
        &[
            "BackChannelInit",
            "BackChannelStatus",
            "BackchannelNotification",
        ],
    ),
    (
        "secrets are left out, and the popup shows text alone",
        "nothing in the state must act in the browser",
        &["Debug"],
    ),
];

/// What is otherwise with a type, each a sentence without its end.
pub(super) fn of(name: &str) -> Vec<String> {
    let of_type = OTHERWISE
        .iter()
        .filter(|(_, _, types)| types.contains(&name));
    of_type
        .map(|(what, why, _)| format!("{what} ({why})"))
        .collect()
}

#[test]
fn what_is_otherwise_is_told_of_built_types_with_a_reason() {
    for (what, why, types) in OTHERWISE {
        assert!(!what.is_empty() && !why.is_empty() && !types.is_empty());
        for name in *types {
            assert!(super::is_built(name), "{name}: {what}");
        }
    }
}

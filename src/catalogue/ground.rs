//! What a run has found that leaves by an outcome: the ground of a failure further on.
//!
//! A line stands where the outcome itself says why it is taken. Whether there is such a user is told as
//! wrong credentials where a secret was compared, for the two have one face. Outcomes that only sort runs
//! have no line: behind them a run has found what it had found before.

use std::borrow::Cow;

use crate::model::{
    ground::GroundKind::{
        self, AccountInactive, AccountLocked, Denied, Expired, FieldsInvalid, InvalidCredentials,
        Missing, NotFound, NotRegistered,
    },
    signature::{Finding, Found},
};

/// The words of grounds that a journey may raise.
pub(super) const GROUNDS: &[&str] = &[
    "invalid_credentials",
    "fields_invalid",
    "account_inactive",
    "account_locked",
    "already_exists",
    "not_found",
    "not_registered",
    "already_done",
    "expired",
    "missing",
    "denied",
    "triggered",
];

const FOUND: &[(&str, &str, GroundKind)] = &[
    ("DataStoreDecisionNode", "false", InvalidCredentials),
    ("AgentDataStoreDecisionNode", "false", InvalidCredentials),
    ("LdapDecisionNode", "FALSE", InvalidCredentials),
    ("LdapDecisionNode", "LOCKED", AccountLocked),
    ("LdapDecisionNode", "CANCELLED", Denied),
    ("LdapDecisionNode", "EXPIRED", Expired),
    ("ADDecisionNode", "FALSE", InvalidCredentials),
    ("ADDecisionNode", "LOCKED", AccountLocked),
    ("ADDecisionNode", "CANCELLED", Denied),
    ("ADDecisionNode", "EXPIRED", Expired),
    ("IdentityStoreDecisionNode", "FALSE", InvalidCredentials),
    ("IdentityStoreDecisionNode", "LOCKED", AccountLocked),
    ("IdentityStoreDecisionNode", "CANCELLED", Denied),
    ("IdentityStoreDecisionNode", "EXPIRED", Expired),
    (
        "PassthroughAuthenticationNode",
        "MISSING",
        InvalidCredentials,
    ),
    (
        "PassthroughAuthenticationNode",
        "FAILED",
        InvalidCredentials,
    ),
    ("product-KerberosNode", "false", InvalidCredentials),
    ("AmsterJwtDecisionNode", "false", InvalidCredentials),
    (
        "product-CertificateValidationNode",
        "FALSE",
        InvalidCredentials,
    ),
    (
        "product-CertificateValidationNode",
        "NOT_FOUND",
        InvalidCredentials,
    ),
    (
        "product-CertificateValidationNode",
        "PATH_VALIDATION_FAILED",
        InvalidCredentials,
    ),
    ("product-CertificateValidationNode", "EXPIRED", Expired),
    ("product-CertificateValidationNode", "REVOKED", Denied),
    (
        "OneTimePasswordCollectorDecisionNode",
        "false",
        InvalidCredentials,
    ),
    (
        "OathTokenVerifierNode",
        "failureOutcome",
        InvalidCredentials,
    ),
    ("OathRegistrationNode", "failureOutcome", InvalidCredentials),
    (
        "RecoveryCodeCollectorDecisionNode",
        "false",
        InvalidCredentials,
    ),
    ("KbaVerifyNode", "false", InvalidCredentials),
    ("WebAuthnAuthenticationNode", "failure", InvalidCredentials),
    ("DeviceSigningVerifierNode", "failure", InvalidCredentials),
    ("IotAuthenticationNode", "failure", InvalidCredentials),
    ("OidcNode", "false", InvalidCredentials),
    ("PushResultVerifierNode", "FALSE", Denied),
    ("PushResultVerifierNode", "EXPIRED", Expired),
    ("PushRegistrationNode", "timeoutOutcome", Expired),
    (
        "CombinedMultiFactorRegistrationNode",
        "timeoutOutcome",
        Expired,
    ),
    ("PingOneVerifyEvaluationNode", "timeoutOutcome", Expired),
    ("PingOneVerifyEvaluationNode", "failureOutcome", Denied),
    (
        "PingOneVerifyCompletionDecisionNode",
        "failureOutcome",
        Denied,
    ),
    (
        "PingOneVerifyCompletionDecisionNode",
        "expiredOutcome",
        Expired,
    ),
    ("PingOneIdentityMatchNode", "false", NotFound),
    ("AccountActiveDecisionNode", "false", AccountInactive),
    ("IdentifyExistingUserNode", "false", NotFound),
    ("CreateObjectNode", "FAILURE", FieldsInvalid),
    ("PatchObjectNode", "FAILURE", FieldsInvalid),
    ("RequiredAttributesDecisionNode", "false", Missing),
    ("SocialProviderHandlerNode", "NO_ACCOUNT", NotRegistered),
    ("SocialProviderHandlerNodeV2", "NO_ACCOUNT", NotRegistered),
    (
        "SocialProviderHandlerNodeV2",
        "SOCIAL_AUTH_INTERRUPTED",
        Denied,
    ),
    ("SocialNode", "NO_ACCOUNT", NotRegistered),
    ("SocialOpenIdConnectNode", "NO_ACCOUNT", NotRegistered),
    ("SocialGoogleNode", "NO_ACCOUNT", NotRegistered),
    ("SocialFacebookNode", "NO_ACCOUNT", NotRegistered),
    ("product-Saml2Node", "NO_ACCOUNT", NotRegistered),
    ("MessageNode", "false", Denied),
    ("product-CaptchaNode", "false", Denied),
    ("product-CaptchaEnterpriseNode", "false", Denied),
    ("DeviceGeoFencingNode", "false", Denied),
    ("DeviceTamperingVerificationNode", "false", Denied),
];

/// Outcomes whose ground the node names in a setting.
const RAISED: &[(&str, &str, &str)] = &[("SetFailureDetailsNode", "outcome", "ground")];

/// What the outcomes of the type with this id find.
pub(super) fn finds(wire: &str) -> Cow<'static, [Finding]> {
    let found = FOUND.iter().filter(|(ty, ..)| *ty == wire);
    let found = found.map(|(_, outcome, kind)| Finding {
        outcome: Cow::Borrowed(*outcome),
        ground: Found::Kind(*kind),
    });
    let raised = RAISED.iter().filter(|(ty, ..)| *ty == wire);
    let raised = raised.map(|(_, outcome, key)| Finding {
        outcome: Cow::Borrowed(*outcome),
        ground: Found::BySetting(Cow::Borrowed(*key)),
    });
    found.chain(raised).collect()
}

#[cfg(test)]
mod tests {
    use super::{FOUND, GROUNDS, RAISED};
    use crate::{
        catalogue::standard,
        model::{ground::GroundKind, signature::Outcomes},
    };

    #[test]
    fn every_line_speaks_of_an_outcome_that_there_is() {
        let catalog = standard();
        let lines = FOUND.iter().map(|(ty, outcome, _)| (ty, outcome));
        for (ty, outcome) in lines.chain(RAISED.iter().map(|(ty, outcome, _)| (ty, outcome))) {
            let signature = catalog.find_wire(ty).and_then(|id| catalog.get(id));
            let signature = signature.unwrap_or_else(|| panic!("no type {ty}"));
            let there = match &signature.outcomes {
                Outcomes::Fixed(names) => names.iter().any(|name| name == outcome),
                Outcomes::Bounded(names) => names.iter().any(|bounded| bounded.name == *outcome),
                Outcomes::LastChild | Outcomes::Authored { .. } => false,
            };
            assert!(there, "{ty} has no outcome {outcome}");
        }
        let mut said: Vec<_> = FOUND.iter().map(|(ty, outcome, _)| (ty, outcome)).collect();
        said.sort();
        said.dedup();
        assert_eq!(said.len(), FOUND.len());
    }

    #[test]
    fn a_journey_raises_what_is_not_the_engines_own_to_say() {
        let own = [GroundKind::Rejected, GroundKind::Internal];
        let all = GroundKind::ALL
            .iter()
            .filter(|(kind, _)| !own.contains(kind));
        assert!(all.map(|(_, word)| *word).eq(GROUNDS.iter().copied()));
    }
}

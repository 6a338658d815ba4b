//! The types of partners, of the cloud and of the marketplace, by name.
//!
//! Of these only their names are known, and of some the outcomes. They are in no catalogue: a journey that
//! uses one declares it by `extern`, with what it asks, reads, writes and proves, and a handler outside
//! does its work.

/// A type of a partner, as journeys of the product name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartnerType {
    /// The id on the wire.
    pub wire: &'static str,
    /// The outcomes, where any are known.
    pub outcomes: &'static [&'static str],
}

impl PartnerType {
    /// The name in text: the id on the wire minus a trailing `Node`.
    pub fn name(self) -> &'static str {
        self.wire.strip_suffix("Node").unwrap_or(self.wire)
    }
}

/// The types of partners that are known by name, sorted.
pub fn partners() -> impl Iterator<Item = PartnerType> {
    TYPES
        .iter()
        .map(|&(wire, outcomes)| PartnerType { wire, outcomes })
}

/// Outcomes of a type.
type Outcomes = &'static [&'static str];

/// No source names them.
const NOT_KNOWN: Outcomes = &[];
/// There is nothing to decide.
const ONE: Outcomes = &["outcome"];
const EITHER: Outcomes = &["true", "false"];
const DONE: Outcomes = &["success", "error"];
/// What becomes of a login or a transaction.
const TRANSACTION: Outcomes = &["Accept", "Decline", "StepUp", "Error"];
/// What a proofing of an identity says; the spelling is the partner's.
const PROOFING: Outcomes = &[
    "SUCCESS",
    "SUCCESPATCH",
    "FAIL",
    "FAILPATCH",
    "CANCEL",
    "ERROR",
];
/// What a review of a person says.
const REVIEW: Outcomes = &["Reject", "Refer", "Resubmit", "Review", "Accept", "Error"];

const TYPES: &[(&str, Outcomes)] = &[
    ("AddAttributesToObjectAttributesNode", ONE),
    ("AkamaiAccountProtectorNode", NOT_KNOWN),
    (
        "AutonomousAccessDecisionNode",
        &["unknown", "high", "medium", "low"],
    ),
    ("AutonomousAccessResultNode", ONE),
    ("AutonomousAccessSignalNode", ONE),
    ("BioCatchSessionCollectorNode", NOT_KNOWN),
    ("BioCatchSessionNode", NOT_KNOWN),
    ("BioCatchSessionProfilerNode", NOT_KNOWN),
    ("CastleActionNode", &["ALLOW", "CHALLENGE", "DENY"]),
    ("CastleFilterNode", ONE),
    ("CastleLogNode", ONE),
    ("CastleProfilerNode", ONE),
    ("CastleRiskNode", ONE),
    ("ClearNode", NOT_KNOWN),
    ("CrowdStrikeDeviceDetails", NOT_KNOWN),
    ("CrowdStrikeDeviceIncidents", NOT_KNOWN),
    ("CrowdStrikeUserRiskAnalysis", NOT_KNOWN),
    ("CrowdStrikeZeroTrustAssessment", NOT_KNOWN),
    ("DaVinciNode", EITHER),
    ("DuoNode", &["true", "false", "error"]),
    ("DuoUniversalPromptNode", NOT_KNOWN),
    ("FingerprintProfilerNode", &["NEXT", "ERROR"]),
    ("FingerprintResponseNode", &["SUCCESS", "ERROR"]),
    ("GeoLocationNode", NOT_KNOWN),
    ("GoogleChromeDeviceTrust", NOT_KNOWN),
    ("HaveIBeenPwnedPasswordNode", NOT_KNOWN),
    ("IGCommunication", NOT_KNOWN),
    ("IPAddressDecisionNode", NOT_KNOWN),
    ("IdxAuthRequestNode", NOT_KNOWN),
    ("IdxAuthStatusNode", NOT_KNOWN),
    ("IdxCheckEnrollmentStatus", NOT_KNOWN),
    ("IdxMobileAuthRequestNode", NOT_KNOWN),
    ("IdxMobileValidateAuthRequestNode", NOT_KNOWN),
    ("IdxSponsorUser", NOT_KNOWN),
    ("InputCollectorNode", NOT_KNOWN),
    ("IntuneNode", NOT_KNOWN),
    ("JSONPath", &["SUCCESS", "ERROR"]),
    ("JumioDecisionNode", NOT_KNOWN),
    ("JumioInitiateNode", NOT_KNOWN),
    ("LegacyFRCreateForgeRockUser", EITHER),
    ("LegacyFRLogin", EITHER),
    ("LegacyFRValidateToken", EITHER),
    ("LegacyORACreateForgeRockUser", EITHER),
    ("LegacyORALogin", EITHER),
    ("LegacyORAValidateToken", EITHER),
    ("LegacySMCreateForgeRockUser", EITHER),
    ("LegacySMLogin", EITHER),
    ("LegacySMValidateToken", EITHER),
    (
        "LnrsIidqaGetQuizNode",
        &[
            "SUCCESS",
            "API_ERROR",
            "DISCOVERY_ERROR",
            "VELOCITY_ERROR",
            "ERROR",
        ],
    ),
    ("LnrsIidqaQuizCollectorNode", &["NEXT", "CANCEL", "ERROR"]),
    (
        "LnrsIidqaQuizDecisionNode",
        &["PASS", "CHALLENGE", "FAIL", "API_ERROR", "ERROR"],
    ),
    ("LnrsOtpCollectorNode", NOT_KNOWN),
    ("LnrsOtpDecisionNode", NOT_KNOWN),
    ("LnrsOtpSelectNode", NOT_KNOWN),
    ("LnrsOtpSendNode", NOT_KNOWN),
    ("NuDataCaptchaNode", NOT_KNOWN),
    ("NuDataInitializeNode", NOT_KNOWN),
    ("NuDataScoreNode", NOT_KNOWN),
    ("NuDataTriggerMFANode", NOT_KNOWN),
    ("NuDataUpdateNode", NOT_KNOWN),
    ("OS_Auth_ActivateDeviceNode", DONE),
    ("OS_Auth_AddDeviceNode", DONE),
    (
        "OS_Auth_CheckActivationNode",
        &["pending", "activated", "timeout", "unknown", "error"],
    ),
    (
        "OS_Auth_CheckSessionStatusNode",
        &[
            "pending", "accepted", "refused", "failure", "timeout", "unknown", "error",
        ],
    ),
    ("OS_Auth_GenerateChallengeNode", DONE),
    ("OS_Auth_GetUserAuthenticatorNode", NOT_KNOWN),
    ("OS_Auth_UserLoginNode", TRANSACTION),
    ("OS_Auth_UserRegisterNode", &["Success", "Error"]),
    ("OS_Auth_VDPAssignAuthenticatorNode", DONE),
    ("OS_Auth_VDPGenerateVOTPNode", DONE),
    ("OS_Auth_VDPUserRegisterNode", &["Success", "Error"]),
    ("OS_Auth_ValidateEventNode", TRANSACTION),
    ("OS_Auth_ValidateTransactionNode", TRANSACTION),
    ("OS_Auth_VisualCodeNode", ONE),
    ("OS_Auth_VisualCodeStopNode", ONE),
    ("OS_IDV_IdentityVerificationNode", NOT_KNOWN),
    ("OS_Risk_CDDCNode", ONE),
    (
        "OS_Risk_InsertTransactionNode",
        &["Accept", "Decline", "Challenge", "Error"],
    ),
    ("OS_Sample_AttributesCollector", ONE),
    ("OS_Sample_ErrorDisplayNode", ONE),
    ("OS_Sample_StoreCommandNode", &["Success", "Error"]),
    ("OS_Sample_TransactionCollector", ONE),
    ("OctopusNode", &["True", "Error"]),
    (
        "OctopusReturnNode",
        &["TRUE", "FALSE", "UNANSWERED", "ERROR"],
    ),
    (
        "PingOneAuthorizeNode",
        &["permit", "deny", "indeterminate", "clientError", "continue"],
    ),
    (
        "PingOneCredentialsFindWallets",
        &["success", "successMulti", "notFound", "error"],
    ),
    ("PingOneCredentialsIssue", DONE),
    (
        "PingOneCredentialsPairWallet",
        &["success", "error", "timeout"],
    ),
    (
        "PingOneCredentialsRemoveWallet",
        &["success", "notFound", "error"],
    ),
    (
        "PingOneCredentialsRevoke",
        &["success", "notFound", "error"],
    ),
    ("PingOneCredentialsUpdate", DONE),
    (
        "PingOneCredentialsVerification",
        &["success", "error", "timeout"],
    ),
    (
        "PingOneIdentityProviderHandlerNode",
        &["ACCOUNT_EXISTS", "ACCOUNT_EXISTS_NO_LINK", "NO_ACCOUNT"],
    ),
    ("PingOneVerifyAuthentication", PROOFING),
    ("PingOneVerifyProofing", PROOFING),
    ("PushRegNode", NOT_KNOWN),
    ("RESTNode", &["200", "NOMATCHRESPONSE", "ERROR"]),
    ("RsaSecurIdCollector", ONE),
    (
        "RsaSecurIdInitialize",
        &["CHALLENGE", "UNSUPPORTED", "ERROR"],
    ),
    (
        "RsaSecurIdVerify",
        &["SUCCESS", "NEXT_TOKENCODE", "FAIL", "ERROR"],
    ),
    ("SearchForUserNode", NOT_KNOWN),
    ("SecurID", NOT_KNOWN),
    ("SocureDeviceIDCollector", NOT_KNOWN),
    ("SocureDocumentVerificationNode", REVIEW),
    ("SocureIdPlusAuth", REVIEW),
    ("ThreatMetrixProfilerNode", NOT_KNOWN),
    ("ThreatMetrixReasonCodeNode", NOT_KNOWN),
    ("ThreatMetrixReviewStatusNode", NOT_KNOWN),
    ("ThreatMetrixSessionQueryNode", NOT_KNOWN),
    ("ThreatMetrixUpdateReviewNode", NOT_KNOWN),
    ("TrusonaDecisionNode", NOT_KNOWN),
    (
        "TypingDNADecisionNode",
        &[
            "ENROLL",
            "INITIAL_ENROLLMENT_COMPLETE",
            "RETRY",
            "MATCH",
            "NO_MATCH",
            "FAIL",
        ],
    ),
    ("TypingDNARecorder", ONE),
    ("TypingDNAResetProfile", &["SUCCESS", "ERROR"]),
    ("TypingDNAShortPhraseCollector", ONE),
    (
        "VerifyAuthCollectorDecisionNode",
        &["true", "false", "error"],
    ),
    ("VerifyAuthIdentifierNode", &["Found", "Not Found", "Error"]),
    (
        "VerifyAuthLookupNode",
        &["Success", "Not Found", "Not Mobile", "Error"],
    ),
    ("VerifyAuthSenderNode", &["true", "error"]),
    ("designer-4b76e2122a0541498f380072cd115683", ONE),
    ("designer-8ab9f1aad4b4460a9c45d15fb148e221", ONE),
    ("designer-a605506774a848f7877b4d17a453bd39", NOT_KNOWN),
    (
        "designer-c15e2efb3deb4d4ea338c74a6440b69f",
        &["Success", "Script Error"],
    ),
    (
        "designer-c605506774a848f7877b4d17a453bd39",
        &["True", "False"],
    ),
    (
        "designer-c6063fb2f5dc42dd9772bedc93898bd8",
        &["Success", "Script Error"],
    ),
    ("designer-ef81b1a52c914710b3388caebfe7233a", ONE),
    ("designer-session", &["True", "False"]),
    ("hibpAuthNode", NOT_KNOWN),
    ("iProovNode", &["TRUE", "FALSE", "RETRY", "ERROR"]),
    (
        "onfidoCheckNode",
        &["clear", "consider", "deny", "pending", "error"],
    ),
    ("onfidoRegistrationNode", &["true", "error"]),
    ("provePrefillNode", NOT_KNOWN),
    ("proveTrustNode", NOT_KNOWN),
    ("spycloudAuthNode", NOT_KNOWN),
];

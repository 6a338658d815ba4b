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

const TYPES: &[(&str, &[&str])] = &[
    ("AddAttributesToObjectAttributesNode", &["outcome"]),
    ("AkamaiAccountProtectorNode", &[]),
    (
        "AutonomousAccessDecisionNode",
        &["unknown", "high", "medium", "low"],
    ),
    ("AutonomousAccessResultNode", &["outcome"]),
    ("AutonomousAccessSignalNode", &["outcome"]),
    ("BioCatchSessionCollectorNode", &[]),
    ("BioCatchSessionNode", &[]),
    ("BioCatchSessionProfilerNode", &[]),
    ("CastleActionNode", &["ALLOW", "CHALLENGE", "DENY"]),
    ("CastleFilterNode", &["outcome"]),
    ("CastleLogNode", &["outcome"]),
    ("CastleProfilerNode", &["outcome"]),
    ("CastleRiskNode", &["outcome"]),
    ("ClearNode", &[]),
    ("CrowdStrikeDeviceDetails", &[]),
    ("CrowdStrikeDeviceIncidents", &[]),
    ("CrowdStrikeUserRiskAnalysis", &[]),
    ("CrowdStrikeZeroTrustAssessment", &[]),
    ("DaVinciNode", &["true", "false"]),
    ("DuoNode", &["true", "false", "error"]),
    ("DuoUniversalPromptNode", &[]),
    ("FingerprintProfilerNode", &["NEXT", "ERROR"]),
    ("FingerprintResponseNode", &["SUCCESS", "ERROR"]),
    ("GeoLocationNode", &[]),
    ("GoogleChromeDeviceTrust", &[]),
    ("HaveIBeenPwnedPasswordNode", &[]),
    ("IGCommunication", &[]),
    ("IPAddressDecisionNode", &[]),
    ("IdxAuthRequestNode", &[]),
    ("IdxAuthStatusNode", &[]),
    ("IdxCheckEnrollmentStatus", &[]),
    ("IdxMobileAuthRequestNode", &[]),
    ("IdxMobileValidateAuthRequestNode", &[]),
    ("IdxSponsorUser", &[]),
    ("InputCollectorNode", &[]),
    ("IntuneNode", &[]),
    ("JSONPath", &["SUCCESS", "ERROR"]),
    ("JumioDecisionNode", &[]),
    ("JumioInitiateNode", &[]),
    ("LegacyFRCreateForgeRockUser", &["true", "false"]),
    ("LegacyFRLogin", &["true", "false"]),
    ("LegacyFRValidateToken", &["true", "false"]),
    ("LegacyORACreateForgeRockUser", &["true", "false"]),
    ("LegacyORALogin", &["true", "false"]),
    ("LegacyORAValidateToken", &["true", "false"]),
    ("LegacySMCreateForgeRockUser", &["true", "false"]),
    ("LegacySMLogin", &["true", "false"]),
    ("LegacySMValidateToken", &["true", "false"]),
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
    ("LnrsOtpCollectorNode", &[]),
    ("LnrsOtpDecisionNode", &[]),
    ("LnrsOtpSelectNode", &[]),
    ("LnrsOtpSendNode", &[]),
    ("NuDataCaptchaNode", &[]),
    ("NuDataInitializeNode", &[]),
    ("NuDataScoreNode", &[]),
    ("NuDataTriggerMFANode", &[]),
    ("NuDataUpdateNode", &[]),
    ("OS_Auth_ActivateDeviceNode", &["success", "error"]),
    ("OS_Auth_AddDeviceNode", &["success", "error"]),
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
    ("OS_Auth_GenerateChallengeNode", &["success", "error"]),
    ("OS_Auth_GetUserAuthenticatorNode", &[]),
    (
        "OS_Auth_UserLoginNode",
        &["Accept", "Decline", "StepUp", "Error"],
    ),
    ("OS_Auth_UserRegisterNode", &["Success", "Error"]),
    ("OS_Auth_VDPAssignAuthenticatorNode", &["success", "error"]),
    ("OS_Auth_VDPGenerateVOTPNode", &["success", "error"]),
    ("OS_Auth_VDPUserRegisterNode", &["Success", "Error"]),
    (
        "OS_Auth_ValidateEventNode",
        &["Accept", "Decline", "StepUp", "Error"],
    ),
    (
        "OS_Auth_ValidateTransactionNode",
        &["Accept", "Decline", "StepUp", "Error"],
    ),
    ("OS_Auth_VisualCodeNode", &["outcome"]),
    ("OS_Auth_VisualCodeStopNode", &["outcome"]),
    ("OS_IDV_IdentityVerificationNode", &[]),
    ("OS_Risk_CDDCNode", &["outcome"]),
    (
        "OS_Risk_InsertTransactionNode",
        &["Accept", "Decline", "Challenge", "Error"],
    ),
    ("OS_Sample_AttributesCollector", &["outcome"]),
    ("OS_Sample_ErrorDisplayNode", &["outcome"]),
    ("OS_Sample_StoreCommandNode", &["Success", "Error"]),
    ("OS_Sample_TransactionCollector", &["outcome"]),
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
    ("PingOneCredentialsIssue", &["success", "error"]),
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
    ("PingOneCredentialsUpdate", &["success", "error"]),
    (
        "PingOneCredentialsVerification",
        &["success", "error", "timeout"],
    ),
    (
        "PingOneIdentityProviderHandlerNode",
        &["ACCOUNT_EXISTS", "ACCOUNT_EXISTS_NO_LINK", "NO_ACCOUNT"],
    ),
    (
        "PingOneVerifyAuthentication",
        &[
            "SUCCESS",
            "SUCCESPATCH",
            "FAIL",
            "FAILPATCH",
            "CANCEL",
            "ERROR",
        ],
    ),
    (
        "PingOneVerifyProofing",
        &[
            "SUCCESS",
            "SUCCESPATCH",
            "FAIL",
            "FAILPATCH",
            "CANCEL",
            "ERROR",
        ],
    ),
    ("PushRegNode", &[]),
    ("RESTNode", &["200", "NOMATCHRESPONSE", "ERROR"]),
    ("RsaSecurIdCollector", &["outcome"]),
    (
        "RsaSecurIdInitialize",
        &["CHALLENGE", "UNSUPPORTED", "ERROR"],
    ),
    (
        "RsaSecurIdVerify",
        &["SUCCESS", "NEXT_TOKENCODE", "FAIL", "ERROR"],
    ),
    ("SearchForUserNode", &[]),
    ("SecurID", &[]),
    ("SocureDeviceIDCollector", &[]),
    (
        "SocureDocumentVerificationNode",
        &["Reject", "Refer", "Resubmit", "Review", "Accept", "Error"],
    ),
    (
        "SocureIdPlusAuth",
        &["Reject", "Refer", "Resubmit", "Review", "Accept", "Error"],
    ),
    ("ThreatMetrixProfilerNode", &[]),
    ("ThreatMetrixReasonCodeNode", &[]),
    ("ThreatMetrixReviewStatusNode", &[]),
    ("ThreatMetrixSessionQueryNode", &[]),
    ("ThreatMetrixUpdateReviewNode", &[]),
    ("TrusonaDecisionNode", &[]),
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
    ("TypingDNARecorder", &["outcome"]),
    ("TypingDNAResetProfile", &["SUCCESS", "ERROR"]),
    ("TypingDNAShortPhraseCollector", &["outcome"]),
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
    ("designer-4b76e2122a0541498f380072cd115683", &["outcome"]),
    ("designer-8ab9f1aad4b4460a9c45d15fb148e221", &["outcome"]),
    ("designer-a605506774a848f7877b4d17a453bd39", &[]),
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
    ("designer-ef81b1a52c914710b3388caebfe7233a", &["outcome"]),
    ("designer-session", &["True", "False"]),
    ("hibpAuthNode", &[]),
    ("iProovNode", &["TRUE", "FALSE", "RETRY", "ERROR"]),
    (
        "onfidoCheckNode",
        &["clear", "consider", "deny", "pending", "error"],
    ),
    ("onfidoRegistrationNode", &["true", "error"]),
    ("provePrefillNode", &[]),
    ("proveTrustNode", &[]),
    ("spycloudAuthNode", &[]),
];

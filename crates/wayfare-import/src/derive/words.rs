//! Words that people read, where no rule makes them from ids.
//!
//! In: the id of a type, or of an outcome. Out: what the product calls it: facts of the product, in its
//! order of bytes. Types and outcomes that are not here are called by the words in their ids.

use crate::write::snake;

/// What types are called.
const TYPES: &[(&str, &str)] = &[
    (
        "AcceptTermsAndConditionsNode",
        "Accept Terms and Conditions",
    ),
    ("AmsterJwtDecisionNode", "Amster Jwt Decision Node"),
    ("AnonymousUserNode", "Anonymous User Mapping"),
    ("BackChannelInitNode", "Backchannel Initialize"),
    ("BackChannelStatusNode", "Backchannel Status"),
    ("BioCatchSessionCollectorNode", "BioCatch Session Collector"),
    ("BioCatchSessionNode", "BioCatch Session"),
    ("BioCatchSessionProfilerNode", "BioCatch Session Profiler"),
    ("CastleActionNode", "Castle Action Node"),
    ("CastleFilterNode", "Castle Filter Node"),
    ("CastleLogNode", "Castle Log Node"),
    ("CastleProfilerNode", "Castle Profiler Node"),
    ("CastleRiskNode", "Castle Risk Node"),
    ("ClearNode", "CLEAR ID Verification"),
    (
        "CombinedMultiFactorRegistrationNode",
        "Combined MFA Registration",
    ),
    ("ConfigProviderNode", "Configuration Provider"),
    ("ConsentNode", "Consent Collector"),
    (
        "CookiePresenceDecisionNode",
        "Cookie Presence Decision Node",
    ),
    ("CrowdStrikeDeviceDetails", "CrowdStrike Device Details"),
    ("CrowdStrikeDeviceIncidents", "CrowdStrike Device Incidents"),
    (
        "CrowdStrikeUserRiskAnalysis",
        "CrowdStrike User Risk Analysis",
    ),
    (
        "CrowdStrikeZeroTrustAssessment",
        "CrowdStrike Zero Trust Assessment",
    ),
    ("DaVinciNode", "PingOne DaVinci API"),
    ("DebugNode", "Debug Node"),
    ("DeviceBindingStorageNode", "Device Binding Storage Node"),
    ("DeviceGeoFencingNode", "Device Geofencing"),
    ("DeviceSaveNode", "Device Profile Save"),
    ("DisplayUserNameNode", "Display Username"),
    ("EmailSuspendNode", "Email Suspend Node"),
    ("EmailTemplateNode", "Email Template Node"),
    ("GeoLocationNode", "GeoLocation Node"),
    ("IGCommunication", "Gateway Communication"),
    ("IPAddressDecisionNode", "IP Address Decision Node"),
    ("IdentityAssertionDecisionNode", "Identity Assertion"),
    ("IdxAuthRequestNode", "IdentityX Auth Request Initiator"),
    ("IdxAuthStatusNode", "IdentityX Auth Request Decision"),
    (
        "IdxCheckEnrollmentStatus",
        "IdentityX Check Enrollment Status",
    ),
    ("IdxMobileAuthRequestNode", "IdentityX Mobile Auth Request"),
    (
        "IdxMobileValidateAuthRequestNode",
        "IdentityX Mobile Auth Request Validate",
    ),
    ("IdxSponsorUser", "IdentityX Sponsor User"),
    ("InputCollectorNode", "Input Collector Node"),
    ("IntuneNode", "Microsoft Intune"),
    ("IotAuthenticationNode", "Authenticate Thing"),
    ("IotRegistrationNode", "Register Thing"),
    ("JSONPath", "JSONPath"),
    ("JwtPasswordReplayNode", "JWT Password Replay"),
    ("KbaCreateNode", "KBA Definition"),
    ("KbaDecisionNode", "KBA Decision"),
    ("KbaVerifyNode", "KBA Verification"),
    ("LdapDecisionNode", "LDAP Decision"),
    ("LegacyFRCreateForgeRockUser", "Legacy-FR-Create FR User"),
    ("LegacyFRLogin", "Legacy-FR-Login"),
    ("LegacyFRValidateToken", "Legacy-FR-Validate Token"),
    ("LegacyORACreateForgeRockUser", "Legacy-ORA-Create FR User"),
    ("LegacyORALogin", "Legacy-ORA-Login"),
    ("LegacyORAValidateToken", "Legacy-ORA-Validate Token"),
    ("LegacySMCreateForgeRockUser", "Legacy-SM-Create FR User"),
    ("LegacySMLogin", "Legacy-SM-Login"),
    ("LegacySMValidateToken", "Legacy-SM-Validate Token"),
    ("LnrsIidqaGetQuizNode", "LexisNexis InstantID Get Quiz Node"),
    (
        "LnrsIidqaQuizCollectorNode",
        "LexisNexis InstantID Quiz Collector Node",
    ),
    (
        "LnrsIidqaQuizDecisionNode",
        "LexisNexis InstantID Quiz Decision Node",
    ),
    ("LnrsOtpCollectorNode", "LexisNexis OTP Collector"),
    ("LnrsOtpDecisionNode", "LexisNexis OTP Decision"),
    ("LnrsOtpSelectNode", "LexisNexis OTP Selector"),
    ("LnrsOtpSendNode", "LexisNexis OTP Sender"),
    ("MessageNode", "Message Node"),
    ("MetadataNode", "State metadata"),
    (
        "MultiFactorRegistrationOptionsNode",
        "MFA Registration Options",
    ),
    ("NuDataCaptchaNode", "NuData Captcha"),
    ("NuDataInitializeNode", "NuData Initialize"),
    ("NuDataScoreNode", "NuData Score"),
    ("NuDataTriggerMFANode", "NuData Trigger MFA"),
    ("NuDataUpdateNode", "NuData Update"),
    ("OS_Auth_ActivateDeviceNode", "OneSpan Auth Activate Device"),
    ("OS_Auth_AddDeviceNode", "OneSpan Auth Add Device"),
    (
        "OS_Auth_CheckActivationNode",
        "OneSpan Auth Check Activation",
    ),
    (
        "OS_Auth_CheckSessionStatusNode",
        "OneSpan Auth Check Session Status",
    ),
    (
        "OS_Auth_GenerateChallengeNode",
        "OneSpan Auth Generate Challenge",
    ),
    (
        "OS_Auth_GetUserAuthenticatorNode",
        "OneSpan Get User Authenticator",
    ),
    ("OS_Auth_UserLoginNode", "OneSpan Auth User Login"),
    ("OS_Auth_UserRegisterNode", "OneSpan Auth User Register"),
    (
        "OS_Auth_VDPAssignAuthenticatorNode",
        "OneSpan Auth Assign Authenticator",
    ),
    ("OS_Auth_VDPGenerateVOTPNode", "OneSpan Auth Generate VOTP"),
    (
        "OS_Auth_VDPUserRegisterNode",
        "OneSpan Auth VDP User Register",
    ),
    ("OS_Auth_ValidateEventNode", "OneSpan Auth Validate Event"),
    (
        "OS_Auth_ValidateTransactionNode",
        "OneSpan Auth Validate Transaction",
    ),
    ("OS_Auth_VisualCodeNode", "OneSpan Auth Visual Code"),
    (
        "OS_Auth_VisualCodeStopNode",
        "OneSpan Auth Hide Visual Code",
    ),
    (
        "OS_IDV_IdentityVerificationNode",
        "OneSpan Identity Verification Node",
    ),
    ("OS_Risk_CDDCNode", "OneSpan Risk CDDC"),
    (
        "OS_Risk_InsertTransactionNode",
        "OneSpan Risk Analytics Send Transaction",
    ),
    (
        "OS_Sample_AttributesCollector",
        "OneSpan Sample Attributes Collector",
    ),
    ("OS_Sample_ErrorDisplayNode", "OneSpan Sample Error Display"),
    ("OS_Sample_StoreCommandNode", "OneSpan Sample Store Command"),
    (
        "OS_Sample_TransactionCollector",
        "OneSpan Sample Transaction Collector",
    ),
    ("OathDeviceStorageNode", "OATH Device Storage Node"),
    ("OathRegistrationNode", "OATH Registration"),
    ("OathTokenVerifierNode", "OATH Token Verifier"),
    ("OctopusNode", "Octopus Node"),
    ("OctopusReturnNode", "Octopus Return Node"),
    ("OidcNode", "OIDC ID Token Validator"),
    (
        "OneTimePasswordCollectorDecisionNode",
        "OTP Collector Decision",
    ),
    ("OneTimePasswordGeneratorNode", "HOTP Generator"),
    ("OneTimePasswordSmsSenderNode", "OTP SMS Sender"),
    ("OneTimePasswordSmtpSenderNode", "OTP Email Sender"),
    (
        "OptOutMultiFactorAuthenticationNode",
        "Opt-out Multi-Factor Authentication",
    ),
    ("PageNode", "Page Node"),
    ("PingOneAuthorizeNode", "PingOne Authorize"),
    ("PingOneCreateUserNode", "PingOne Create User"),
    (
        "PingOneCredentialsFindWallets",
        "PingOne Credentials Find Wallets",
    ),
    ("PingOneCredentialsIssue", "PingOne Credentials Issue"),
    (
        "PingOneCredentialsPairWallet",
        "PingOne Credentials Pair Wallet",
    ),
    (
        "PingOneCredentialsRemoveWallet",
        "PingOne Credentials Delete Wallet",
    ),
    ("PingOneCredentialsRevoke", "PingOne Credentials Revoke"),
    ("PingOneCredentialsUpdate", "PingOne Credentials Update"),
    (
        "PingOneCredentialsVerification",
        "PingOne Credentials Verification",
    ),
    ("PingOneDeleteUserNode", "PingOne Delete User"),
    ("PingOneIdentityMatchNode", "PingOne Identity Match"),
    ("PingOneIdentityProviderHandlerNode", "PingOne"),
    (
        "PingOneVerifyAuthentication",
        "PingOne Verify Authentication",
    ),
    (
        "PingOneVerifyCompletionDecisionNode",
        "PingOne Verify Completion Decision",
    ),
    ("PingOneVerifyEvaluationNode", "PingOne Verify Evaluation"),
    ("PingOneVerifyProofing", "PingOne Verify Proofing"),
    ("PollingWaitNode", "Polling Wait Node"),
    ("ProvisionIdmAccountNode", "Provision IDM Account"),
    ("PushAuthenticationSenderNode", "Push Sender"),
    ("PushRegNode", "Push Reg Node"),
    ("PushResultVerifierNode", "Push Result Verifier Node"),
    ("PushWaitNode", "Push Wait Node"),
    ("QueryParameterNode", "Query Parameter Node"),
    ("RESTNode", "HTTP Client"),
    ("RadiusChallengeCollectorNode", "RADIUS Challenge Collector"),
    ("RadiusDecisionNode", "RADIUS Decision"),
    ("RecoveryCodeDisplayNode", "Recovery Code Display Node"),
    ("RequestHeaderNode", "Request Header Node"),
    (
        "RequiredAttributesDecisionNode",
        "Required Attributes Present",
    ),
    ("RsaSecurIdCollector", "RSA SecurId Collector"),
    ("RsaSecurIdInitialize", "RSA SecurId Initialize"),
    ("RsaSecurIdVerify", "RSA SecurId Verify"),
    ("SecurID", "RSA SecurID"),
    ("SelectIdPNode", "Select Identity Provider"),
    ("SessionDataNode", "Get Session Data"),
    ("SetFailureUrlNode", "Failure URL"),
    ("SetSuccessUrlNode", "Success URL"),
    ("SocialNode", "OAuth 2.0"),
    ("SocialOAuthIgnoreProfileNode", "Social Ignore Profile"),
    ("SocialOpenIdConnectNode", "OpenID Connect"),
    ("SocialProviderHandlerNode", "Social Provider Handler Node"),
    (
        "SocialProviderHandlerNodeV2",
        "Social Provider Handler Node",
    ),
    ("SocureDeviceIDCollector", "Socure DeviceId Collector"),
    ("SocureDocumentVerificationNode", "Socure Predictive DocV"),
    ("SocureIdPlusAuth", "Socure ID+"),
    (
        "TermsAndConditionsDecisionNode",
        "Terms and Conditions Decision",
    ),
    ("ThreatMetrixProfilerNode", "ThreatMetrix Profiler"),
    ("ThreatMetrixReasonCodeNode", "ThreatMetrix Reason Code"),
    ("ThreatMetrixReviewStatusNode", "ThreatMetrix Review Status"),
    ("ThreatMetrixSessionQueryNode", "ThreatMetrix Query"),
    ("ThreatMetrixUpdateReviewNode", "ThreatMetrix Update Review"),
    ("TrusonaDecisionNode", "Trusona Decision Node"),
    ("TypingDNADecisionNode", "TypingDNA Decision Node"),
    ("TypingDNARecorder", "TypingDNA Recorder"),
    ("TypingDNAResetProfile", "TypingDNA Reset Profile"),
    (
        "TypingDNAShortPhraseCollector",
        "TypingDNA Short Phrase Collector",
    ),
    ("ValidatedPasswordNode", "Platform Password"),
    ("ValidatedUsernameNode", "Platform Username"),
    (
        "VerifyAuthCollectorDecisionNode",
        "Twilio Verify Collector Decision",
    ),
    ("VerifyAuthIdentifierNode", "Twilio Identifier"),
    ("VerifyAuthLookupNode", "Twilio Verify Lookup"),
    ("VerifyAuthSenderNode", "Twilio Verify Sender"),
    ("WebAuthnAuthenticationNode", "WebAuthn Authentication Node"),
    ("WebAuthnDeviceStorageNode", "WebAuthn Device Storage Node"),
    ("WebAuthnRegistrationNode", "WebAuthn Registration Node"),
    ("ZeroPageLoginNode", "Zero Page Login Collector"),
    ("hibpAuthNode", "Have I Been Pwned"),
    ("iProovNode", "iProov Authentication"),
    ("onfidoCheckNode", "Onfido Check"),
    ("onfidoRegistrationNode", "Onfido Registration"),
    ("product-CaptchaEnterpriseNode", "reCAPTCHA Enterprise"),
    ("product-CaptchaNode", "CAPTCHA"),
    (
        "product-CertificateCollectorNode",
        "Certificate Collector Node",
    ),
    (
        "product-CertificateUserExtractorNode",
        "Certificate User Extractor Node",
    ),
    (
        "product-CertificateValidationNode",
        "Certificate Validation Node",
    ),
    ("product-KerberosNode", "Kerberos Node"),
    (
        "product-PingOneProtectEvaluationNode",
        "PingOne Protect Evaluation",
    ),
    (
        "product-PingOneProtectInitializeNode",
        "PingOne Protect Initialize",
    ),
    ("product-PingOneProtectResultNode", "PingOne Protect Result"),
    ("product-ReCaptchaNode", "Legacy CAPTCHA"),
    ("product-Saml2Node", "SAML2 Authentication"),
    ("product-SecurIdNode", "RSA SecurID"),
    ("provePrefillNode", "Prove Prefill Node"),
    ("proveTrustNode", "Prove Trust Node"),
    ("spycloudAuthNode", "SpyCloud Auth Node"),
];

/// What outcomes of types are called.
const OUTCOMES: &[(&str, &str, &str)] = &[
    (
        "CombinedMultiFactorRegistrationNode",
        "timeoutOutcome",
        "Time Out",
    ),
    (
        "ConfigProviderNode",
        "CONFIGURATION_FAILED",
        "Configuration failure",
    ),
    ("CreateObjectNode", "FAILURE", "Failed"),
    (
        "DeviceSigningVerifierNode",
        "ClientNotRegistered",
        "ClientNotRegistered",
    ),
    ("DeviceSigningVerifierNode", "keyNotFound", "Key not found"),
    (
        "DeviceSigningVerifierNode",
        "noDeviceRegistered",
        "No Registered Device",
    ),
    ("IotAuthenticationNode", "register", "Requires Registration"),
    ("LnrsIidqaGetQuizNode", "API_ERROR", "API Error"),
    ("LnrsIidqaQuizDecisionNode", "API_ERROR", "API Error"),
    (
        "MultiFactorRegistrationOptionsNode",
        "optOutOutcome",
        "Opt-out",
    ),
    (
        "OathTokenVerifierNode",
        "notRegisteredOutcome",
        "Not registered",
    ),
    ("PassthroughAuthenticationNode", "MISSING", "Missing Input"),
    ("PatchObjectNode", "FAILURE", "Failed"),
    ("PingOneAuthorizeNode", "clientError", "Error"),
    ("PingOneCredentialsFindWallets", "notFound", "Not found"),
    (
        "PingOneCredentialsFindWallets",
        "successMulti",
        "Success multiple",
    ),
    ("PingOneCredentialsRemoveWallet", "notFound", "Not found"),
    ("PingOneCredentialsRevoke", "notFound", "Not found"),
    (
        "PingOneIdentityProviderHandlerNode",
        "ACCOUNT_EXISTS",
        "Account exists",
    ),
    (
        "PingOneIdentityProviderHandlerNode",
        "ACCOUNT_EXISTS_NO_LINK",
        "Account exists, no link",
    ),
    (
        "PingOneIdentityProviderHandlerNode",
        "NO_ACCOUNT",
        "No account exists",
    ),
    (
        "PingOneVerifyAuthentication",
        "FAILPATCH",
        "Fail (Patch ID)",
    ),
    (
        "PingOneVerifyAuthentication",
        "SUCCESPATCH",
        "Success (Patch ID)",
    ),
    ("PingOneVerifyProofing", "FAILPATCH", "Fail (Patch ID)"),
    ("PingOneVerifyProofing", "SUCCESPATCH", "Success (Patch ID)"),
    ("PushRegistrationNode", "timeoutOutcome", "Time Out"),
    ("PushResultVerifierNode", "FALSE", "Failure"),
    ("PushResultVerifierNode", "TRUE", "Success"),
    ("PushWaitNode", "EXITED", "Exit"),
    ("RESTNode", "NOMATCHRESPONSE", "Default Response"),
    ("RsaSecurIdVerify", "FAIL", "Failure"),
    ("RsaSecurIdVerify", "NEXT_TOKENCODE", "Next Token Code"),
    ("SocialFacebookNode", "ACCOUNT_EXISTS", "Account exists"),
    ("SocialFacebookNode", "NO_ACCOUNT", "No account exists"),
    ("SocialGoogleNode", "ACCOUNT_EXISTS", "Account exists"),
    ("SocialGoogleNode", "NO_ACCOUNT", "No account exists"),
    ("SocialNode", "ACCOUNT_EXISTS", "Account exists"),
    ("SocialNode", "NO_ACCOUNT", "No account exists"),
    (
        "SocialOpenIdConnectNode",
        "ACCOUNT_EXISTS",
        "Account exists",
    ),
    ("SocialOpenIdConnectNode", "NO_ACCOUNT", "No account exists"),
    (
        "SocialProviderHandlerNode",
        "ACCOUNT_EXISTS",
        "Account exists",
    ),
    (
        "SocialProviderHandlerNode",
        "NO_ACCOUNT",
        "No account exists",
    ),
    (
        "SocialProviderHandlerNodeV2",
        "ACCOUNT_EXISTS",
        "Account exists",
    ),
    (
        "SocialProviderHandlerNodeV2",
        "NO_ACCOUNT",
        "No account exists",
    ),
    (
        "SocialProviderHandlerNodeV2",
        "SOCIAL_AUTH_INTERRUPTED",
        "Social auth interrupted",
    ),
    (
        "TypingDNADecisionNode",
        "INITIAL_ENROLLMENT_COMPLETE",
        "Initial enrollment complete",
    ),
    ("TypingDNADecisionNode", "NO_MATCH", "No match"),
    ("WebAuthnAuthenticationNode", "error", "Client Error"),
    (
        "WebAuthnAuthenticationNode",
        "noDevice",
        "No Device Registered",
    ),
    (
        "WebAuthnAuthenticationNode",
        "successSignCountMismatch",
        "Sign Count Mismatch",
    ),
    ("WebAuthnRegistrationNode", "error", "Client Error"),
    ("ZeroPageLoginNode", "false", "No Credentials"),
    ("ZeroPageLoginNode", "true", "Has Credentials"),
    (
        "product-CertificateValidationNode",
        "NOT_FOUND",
        "Not found",
    ),
    (
        "product-PingOneProtectEvaluationNode",
        "clientError",
        "ClientError",
    ),
    (
        "product-PingOneProtectEvaluationNode",
        "exceed",
        "Exceeds Score Threshold",
    ),
    ("product-Saml2Node", "ACCOUNT_EXISTS", "Account exists"),
    ("product-Saml2Node", "NO_ACCOUNT", "No account exists"),
];

/// What a type is called.
pub(super) fn of_type(wire: &str) -> String {
    let at = TYPES.binary_search_by(|(ty, _)| (*ty).cmp(wire)).ok();
    if let Some((_, name)) = at.and_then(|at| TYPES.get(at)) {
        return (*name).to_owned();
    }
    let short = wire.strip_prefix("product-").unwrap_or(wire);
    apart(short.strip_suffix("Node").unwrap_or(short)).join(" ")
}

/// What an outcome of a type is called that no author has named.
pub(super) fn of_outcome(wire: &str, id: &str) -> String {
    let at = OUTCOMES
        .binary_search_by(|(ty, outcome, _)| (*ty, *outcome).cmp(&(wire, id)))
        .ok();
    if let Some((_, _, name)) = at.and_then(|at| OUTCOMES.get(at)) {
        return (*name).to_owned();
    }
    let short = id.strip_suffix("Outcome").filter(|id| !id.is_empty());
    let spaced = short.unwrap_or(id).replace(['_', '-'], " ");
    let words = apart(&spaced);
    let titled: Vec<String> = words.iter().map(|word| capital(word, true)).collect();
    titled.join(" ")
}

/// Words that are written in capital letters, or otherwise.
const SPELLED: &[(&str, &str)] = &[
    ("api", "API"),
    ("captcha", "CAPTCHA"),
    ("hotp", "HOTP"),
    ("http", "HTTP"),
    ("id", "ID"),
    ("idm", "IDM"),
    ("idp", "IDP"),
    ("ip", "IP"),
    ("kba", "KBA"),
    ("ldap", "LDAP"),
    ("mfa", "MFA"),
    ("oath", "OATH"),
    ("otp", "OTP"),
    ("pin", "PIN"),
    ("saml", "SAML"),
    ("saml2", "SAML2"),
    ("sdk", "SDK"),
    ("sms", "SMS"),
    ("sso", "SSO"),
    ("totp", "TOTP"),
    ("url", "URL"),
    ("vpn", "VPN"),
];

/// Words that are written small between others.
const SMALL: &[&str] = &["and", "for", "from", "of", "or", "the", "to", "with"];

/// What a node is called: as its type where its name is made of that, else as its name says.
pub(super) fn of_node(name: &str, wire: &str) -> String {
    let number = |rest: &str| {
        let digits = rest.strip_prefix('_').unwrap_or("x");
        rest.is_empty() || digits.bytes().all(|b| b.is_ascii_digit())
    };
    let ty = of_type(wire);
    let word = snake(&ty);
    let short = word.strip_suffix("_node").unwrap_or(&word);
    let is_of_type = |word: &str| !word.is_empty() && name.strip_prefix(word).is_some_and(number);
    if is_of_type(&word) || is_of_type(short) {
        ty
    } else {
        of_name(name)
    }
}

/// What a node is called by its name in the text: `retry_limit_2` is `Retry Limit`.
pub(super) fn of_name(name: &str) -> String {
    let mut words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let is_number = |word: &&str| word.bytes().all(|b| b.is_ascii_digit());
    if words.len() > 1 {
        words.pop_if(|word| is_number(word));
    }
    let titled = words.iter().enumerate().map(|(at, word)| {
        let spelled = SPELLED.iter().find(|(plain, _)| plain == word);
        match spelled {
            Some((_, spelled)) => (*spelled).to_owned(),
            None if at > 0 && SMALL.contains(word) => (*word).to_owned(),
            None => capital(word, false),
        }
    });
    titled.collect::<Vec<_>>().join(" ")
}

fn capital(word: &str, lower: bool) -> String {
    let mut chars = word.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let rest = chars.as_str();
    let rest = if lower {
        rest.to_lowercase()
    } else {
        rest.to_owned()
    };
    format!("{}{rest}", first.to_uppercase())
}

/// The words of an id in which each begins with a capital letter: `DataStoreDecision`.
fn apart(id: &str) -> Vec<String> {
    let chars: Vec<char> = id.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &char) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let low = |c: Option<&char>| c.is_some_and(char::is_ascii_lowercase);
        let ends = before.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let starts = before.is_some_and(char::is_ascii_uppercase) && low(after);
        if char == ' ' || char.is_ascii_uppercase() && (ends || starts) {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        }
        if char != ' ' {
            word.push(char);
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_order() {
        assert!(TYPES.is_sorted_by(|a, b| a.0 < b.0));
        assert!(OUTCOMES.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }

    #[test]
    fn words_are_the_products() {
        assert_eq!(of_type("DataStoreDecisionNode"), "Data Store Decision");
        assert_eq!(of_type("PageNode"), "Page Node");
        assert_eq!(of_type("AcmeSMSGateNode"), "Acme SMS Gate");
        assert_eq!(of_outcome("DataStoreDecisionNode", "true"), "True");
        assert_eq!(
            of_outcome("EmailTemplateNode", "EMAIL_NOT_SENT"),
            "Email Not Sent"
        );
        assert_eq!(
            of_outcome("SelectIdPNode", "localAuthentication"),
            "Local Authentication"
        );
        assert_eq!(of_outcome("PatchObjectNode", "FAILURE"), "Failed");
        assert_eq!(of_name("retry_limit_2"), "Retry Limit");
        assert_eq!(of_name("2"), "2");
        assert_eq!(of_node("page_2", "PageNode"), "Page Node");
        assert_eq!(of_node("page_of_terms", "PageNode"), "Page of Terms");
        assert_eq!(of_node("kba_definition", "KbaCreateNode"), "KBA Definition");
        assert_eq!(of_node("check_otp", "KbaCreateNode"), "Check OTP");
    }
}

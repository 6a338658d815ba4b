//! What discovery says (OpenID Connect Discovery §3, RFC 8414 §2).

use serde_json::{Value as Json, json};

use super::{ClientAuth, Endpoint, Grant, authorize::Mode};
use crate::jose::Algorithm;

/// What a provider says of itself.
#[derive(Debug, Clone)]
pub struct Metadata<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// By what ID tokens are signed.
    pub algorithms: &'a [Algorithm],
    /// The scopes that clients may have.
    pub scopes: &'a [String],
    /// The claims that there may be.
    pub claims: &'a [String],
    /// The values of `acr` that are known.
    pub acr: &'a [String],
}

impl Metadata<'_> {
    /// The document.
    pub fn document(&self) -> Json {
        let at = |endpoint: Endpoint| format!("{}{}", self.issuer, endpoint.path());
        let algorithms: Vec<_> = self.algorithms.iter().map(|one| one.name()).collect();
        let auth: Vec<_> = ClientAuth::ALL.iter().map(|one| one.word()).collect();
        let confidential: Vec<_> = auth.iter().filter(|one| **one != "none").collect();
        let public = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256].map(Algorithm::name);
        let mut document = json!({
            "issuer": self.issuer,
            "authorization_endpoint": at(Endpoint::Authorize),
            "token_endpoint": at(Endpoint::Token),
            "userinfo_endpoint": at(Endpoint::Userinfo),
            "introspection_endpoint": at(Endpoint::Introspect),
            "revocation_endpoint": at(Endpoint::Revoke),
            "end_session_endpoint": at(Endpoint::EndSession),
            "jwks_uri": at(Endpoint::Keys),
            "scopes_supported": self.scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": [Mode::Query.word(), Mode::FormPost.word()],
            "grant_types_supported": Grant::ALL.map(Grant::word),
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
            "token_endpoint_auth_methods_supported": auth,
            "token_endpoint_auth_signing_alg_values_supported": public,
            "introspection_endpoint_auth_methods_supported": confidential,
            "introspection_endpoint_auth_signing_alg_values_supported": public,
            "revocation_endpoint_auth_methods_supported": auth,
            "revocation_endpoint_auth_signing_alg_values_supported": public,
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "select_account", "consent"],
            "claim_types_supported": ["normal"],
            "claims_supported": self.claims,
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
            "authorization_response_iss_parameter_supported": true,
        });
        if let Some(members) = document.as_object_mut()
            && !self.acr.is_empty()
        {
            members.insert("acr_values_supported".to_owned(), json!(self.acr));
        }
        document
    }
}

//! Whether an ID token is a provider's word to this client about somebody who logged in now.

use wayfare::Timestamp;

use super::Claims;
use crate::jose::{Algorithm, Expected, Refused, Typ, VerifyingKey};

/// How many seconds the clocks may differ.
const LEEWAY: u64 = 30;

/// What an ID token must be (OIDC Core, section 3.1.3.7).
#[derive(Debug, Clone, Copy)]
pub struct IdToken<'a> {
    /// Who issued it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub client: &'a str,
    /// What stands in it, where the run has said so; otherwise there must be none.
    pub nonce: Option<&'a str>,
    /// The access token that came with it, of which it may say the hash.
    pub access: Option<&'a str>,
    /// How it may be signed.
    pub algorithms: &'a [Algorithm],
}

/// Why an ID token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTheirs {
    /// It does not hold.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It is for several, and was not given to this client.
    #[error("it was given to somebody else")]
    Party,
    /// It belongs to another run.
    #[error("it belongs to another login")]
    Nonce,
    /// It came with another access token.
    #[error("it belongs to another access token")]
    Access,
    /// It says nobody.
    #[error("it says nobody")]
    Nobody,
}

impl NotTheirs {
    /// Whether other keys might help: the provider may have new ones.
    pub fn may_be_newer(self) -> bool {
        self == Self::Refused(Refused::Signature)
    }
}

impl IdToken<'_> {
    /// The claims of a token.
    ///
    /// # Errors
    /// It is not believed.
    pub fn claims<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
        token: &str,
        now: Timestamp,
    ) -> Result<Claims, NotTheirs> {
        let expected = Expected {
            typ: Typ::Plain,
            issuer: Some(self.issuer),
            audience: &[self.client],
            algorithms: self.algorithms,
            leeway: LEEWAY,
        };
        let verified = expected.verify(keys, token, now)?;
        let several = verified
            .claims
            .get("aud")
            .and_then(serde_json::Value::as_array)
            .is_some_and(|all| all.len() > 1);
        match verified.claims.get("azp") {
            Some(party) if party.as_str() != Some(self.client) => return Err(NotTheirs::Party),
            None if several => return Err(NotTheirs::Party),
            _ => {}
        }
        if verified.seconds("iat").is_none() {
            return Err(Refused::Claim("iat").into());
        }
        let own = match self.nonce {
            Some(nonce) => verified.text("nonce") == Some(nonce),
            // One that stands there belongs to a login that somebody began elsewhere.
            None => !verified.claims.contains_key("nonce"),
        };
        if !own {
            return Err(NotTheirs::Nonce);
        }
        // §3.1.3.8: it may stand there, and counts where it does.
        if let (Some(access), Some(said)) = (self.access, verified.claims.get("at_hash"))
            && said.as_str() != Some(&*verified.algorithm.half_hash(access))
        {
            return Err(NotTheirs::Access);
        }
        if verified.text("sub").is_none_or(str::is_empty) {
            return Err(NotTheirs::Nobody);
        }
        Ok(Claims(verified.claims))
    }
}

//! Signed tokens, for every wire.
//!
//! Each key signs in one way, and no token says how it is to be read: its `alg` must be that of the key,
//! its `kid` only says which keys are tried first, and what would name keys of its own is refused. A kind
//! of token is told by its `typ`, so that none is taken for another. Times are seconds, given in, and whole
//! numbers; a claim of the wrong kind is never an absent one.

mod key;
mod provider;
mod set;
mod token;

pub use self::{
    key::{BadKey, SigningKey, VerifyingKey, read_jwks},
    set::{Entry, KeySet},
    token::{Claims, Expected, Refused, TOKEN_BYTES_MAX, Typ, Verified},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, SHA512, digest};

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// `EdDSA` with Ed25519.
    EdDsa,
    /// `ES256`: ECDSA with P-256 and SHA-256.
    Es256,
    /// `RS256`: RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// `HS256`: HMAC with SHA-256 and a secret that both sides have.
    Hs256,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::EdDsa, Self::Es256, Self::Rs256, Self::Hs256];

    /// The name in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Hs256 => "HS256",
        }
    }

    /// The algorithm of this name, exactly as it is written.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether whoever verifies needs no secret.
    pub fn is_public(self) -> bool {
        self != Self::Hs256
    }

    /// The left half of the hash that goes with it, by which an ID token names what came with it (OpenID
    /// Connect Core §3.1.3.6).
    pub fn half_hash(self, text: &str) -> String {
        let hash = match self {
            Self::EdDsa => digest(&SHA512, text.as_bytes()),
            Self::Es256 | Self::Rs256 | Self::Hs256 => digest(&SHA256, text.as_bytes()),
        };
        let half = hash.as_ref().len() / 2;
        URL_SAFE_NO_PAD.encode(hash.as_ref().get(..half).unwrap_or_default())
    }

    fn spelled(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
        }
    }
}

//! Keys: those that sign, those that verify, and how the public ones are written.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
        RsaPublicKeyComponents,
    },
};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Algorithm, provider};
use crate::json::{Bounds, Ignored, read};

/// The fewest bytes of a secret that both sides have.
const SECRET_BYTES_MIN: usize = 32;
/// How many keys of a set are read.
const KEYS_MAX: usize = 64;
/// How many bytes an RSA modulus has.
const MODULUS_BYTES: std::ops::RangeInclusive<usize> = 256..=1_024;
/// How many bytes an RSA exponent has at most.
const EXPONENT_BYTES_MAX: usize = 8;

/// Bytes are no key of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key for {}", .0.name())]
pub struct BadKey(pub Algorithm);

/// A key that signs, in one way.
#[derive(Clone)]
pub struct SigningKey {
    private: EncodingKey,
    public: VerifyingKey,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.public.algorithm)
            .field("kid", &self.public.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The key of these bytes: PKCS #8 for `EdDSA` and `ES256`, PKCS #1 for `RS256`, and at least 32
    /// bytes of a secret for `HS256`.
    ///
    /// # Errors
    /// The bytes are no such key.
    pub fn new(algorithm: Algorithm, kid: Option<String>, bytes: &[u8]) -> Result<Self, BadKey> {
        provider::install();
        let bad = BadKey(algorithm);
        let (private, public) = match algorithm {
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes).map_err(|_| bad)?;
                let public = Public::Ed(pair.public_key().as_ref().to_vec());
                (EncodingKey::from_ed_der(bytes), public)
            }
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(
                    &ECDSA_P256_SHA256_FIXED_SIGNING,
                    bytes,
                    &SystemRandom::new(),
                )
                .map_err(|_| bad)?;
                let public = Public::Ec(pair.public_key().as_ref().to_vec());
                (EncodingKey::from_ec_der(bytes), public)
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::from_der(bytes).map_err(|_| bad)?;
                let RsaPublicKeyComponents::<Vec<u8>> { n, e } = pair.public().into();
                let public = Public::Rsa { n, e };
                (EncodingKey::from_rsa_der(bytes), public)
            }
            Algorithm::Hs256 => {
                if bytes.len() < SECRET_BYTES_MIN {
                    return Err(bad);
                }
                (EncodingKey::from_secret(bytes), Public::Secret)
            }
        };
        let decoding = match &public {
            Public::Secret => DecodingKey::from_secret(bytes),
            public => public.decoding().ok_or(bad)?,
        };
        let mut public = VerifyingKey {
            algorithm,
            kid,
            public,
            decoding,
        };
        if public.kid.is_none() {
            public.kid = public.thumbprint();
        }
        Ok(Self { private, public })
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        self.public.algorithm
    }

    /// The name by which its tokens refer to it: what was given, or the thumbprint of the public key.
    pub fn kid(&self) -> Option<&str> {
        self.public.kid()
    }

    /// What verifies its tokens.
    pub fn verifying(&self) -> &VerifyingKey {
        &self.public
    }

    pub(super) fn private(&self) -> &EncodingKey {
        &self.private
    }
}

#[derive(Clone)]
enum Public {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// With its first byte, 4.
    Ec(Vec<u8>),
    Ed(Vec<u8>),
    Secret,
}

impl Public {
    fn decoding(&self) -> Option<DecodingKey> {
        Some(match self {
            Self::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            Self::Ec(point) => DecodingKey::from_ec_der(point),
            Self::Ed(key) => DecodingKey::from_ed_der(key),
            Self::Secret => return None,
        })
    }
}

/// A key that verifies, in one way.
#[derive(Clone)]
pub struct VerifyingKey {
    algorithm: Algorithm,
    kid: Option<String>,
    public: Public,
    decoding: DecodingKey,
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.algorithm)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The members of a JWK that count. Others, also those with certificates, are not looked at.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl VerifyingKey {
    /// The public key that a JWK holds; `None` where it is of no kind that is used here, is not for
    /// signatures, or is broken.
    pub fn from_jwk(jwk: &Json) -> Option<Self> {
        provider::install();
        if !jwk.is_object() {
            return None;
        }
        let jwk = Jwk::deserialize(jwk).ok()?;
        let for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk
                .key_ops
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !for_signatures {
            return None;
        }
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_ref()?).ok();
        let (algorithm, public) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (bytes(&jwk.n)?, bytes(&jwk.e)?);
                let fits =
                    MODULUS_BYTES.contains(&n.len()) && (1..=EXPONENT_BYTES_MAX).contains(&e.len());
                (Algorithm::Rs256, fits.then_some(Public::Rsa { n, e })?)
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&jwk.x)?, bytes(&jwk.y)?);
                let fits = x.len() == 32 && y.len() == 32;
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                (Algorithm::Es256, fits.then_some(Public::Ec(point))?)
            }
            ("OKP", Some("Ed25519")) => {
                let x = bytes(&jwk.x)?;
                (Algorithm::EdDsa, (x.len() == 32).then_some(Public::Ed(x))?)
            }
            _ => return None,
        };
        if jwk.alg.is_some_and(|alg| alg != algorithm.name()) {
            return None;
        }
        let decoding = public.decoding()?;
        Some(Self {
            algorithm,
            kid: jwk.kid,
            public,
            decoding,
        })
    }

    /// The key of a secret that both sides have, of at least 32 bytes.
    ///
    /// # Errors
    /// The secret is shorter.
    pub fn from_secret(kid: Option<String>, secret: &[u8]) -> Result<Self, BadKey> {
        SigningKey::new(Algorithm::Hs256, kid, secret).map(|key| key.public)
    }

    /// How it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Its name.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }

    /// As a JWK; `None` where it is a secret.
    pub fn jwk(&self) -> Option<Json> {
        let mut jwk = self.required()?;
        let members = jwk.as_object_mut()?;
        members.insert("use".to_owned(), "sig".into());
        members.insert("alg".to_owned(), self.algorithm.name().into());
        if let Some(kid) = &self.kid {
            members.insert("kid".to_owned(), kid.clone().into());
        }
        Some(jwk)
    }

    /// The members that make the key.
    fn required(&self) -> Option<Json> {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        Some(match &self.public {
            Public::Rsa { n, e } => json!({"e": text(e), "kty": "RSA", "n": text(n)}),
            Public::Ec(point) => {
                let (x, y) = point.get(1..)?.split_at_checked(32)?;
                json!({"crv": "P-256", "kty": "EC", "x": text(x), "y": text(y)})
            }
            Public::Ed(key) => json!({"crv": "Ed25519", "kty": "OKP", "x": text(key)}),
            Public::Secret => return None,
        })
    }

    /// The thumbprint of RFC 7638; `None` where it is a secret.
    pub fn thumbprint(&self) -> Option<String> {
        // Members in the order of their names and without blanks, as the RFC asks.
        let ordered: std::collections::BTreeMap<String, Json> =
            self.required()?.as_object()?.clone().into_iter().collect();
        let text = serde_json::to_string(&ordered).ok()?;
        Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes())))
    }
}

/// The keys of a JWK set that can be used here; `None` where it is no such set.
pub fn read_jwks(bytes: &[u8], bounds: Bounds) -> Option<Vec<VerifyingKey>> {
    // Twice: once for its bounds and that no member stands twice, once for what it says.
    read::<Ignored>(bytes, bounds).ok()?;
    let set: Json = serde_json::from_slice(bytes).ok()?;
    let keys = set.get("keys")?.as_array()?.iter();
    Some(
        keys.filter_map(VerifyingKey::from_jwk)
            .take(KEYS_MAX)
            .collect(),
    )
}

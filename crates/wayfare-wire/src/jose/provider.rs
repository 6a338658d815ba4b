//! The cryptography behind the tokens: ring, which is here already.
//!
//! Keys are in the forms that the library's own providers take: PKCS #8, PKCS #1 for RSA, and plain public
//! keys; so nothing changes where an embedder has installed another one.

use std::sync::Once;

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind, Result},
    signature::{self, Signer, Verifier},
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
        RsaPublicKeyComponents, UnparsedPublicKey,
    },
};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Keys are written as JWK by `key`, which asks nothing of it.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes sure that there is a provider; one that an embedder installed stays.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

struct Key<K> {
    algorithm: Algorithm,
    key: K,
}

enum Private {
    Hmac(hmac::Key),
    Rsa(Box<RsaKeyPair>),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

enum Public {
    Hmac(hmac::Key),
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec(Vec<u8>),
    Ed(Vec<u8>),
}

fn wrong(kind: ErrorKind) -> Error {
    kind.into()
}

fn family(fits: bool) -> Result<()> {
    fits.then_some(())
        .ok_or_else(|| wrong(ErrorKind::InvalidKeyFormat))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the library asks for this shape"
)]
fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    family(algorithm_fits(*algorithm, key.family()))?;
    let bytes = key.as_bytes();
    let private = match algorithm {
        Algorithm::HS256 => Private::Hmac(hmac::Key::new(hmac::HMAC_SHA256, bytes)),
        Algorithm::RS256 => {
            Private::Rsa(Box::new(RsaKeyPair::from_der(bytes).map_err(|error| {
                wrong(ErrorKind::InvalidRsaKey(error.to_string()))
            })?))
        }
        Algorithm::ES256 => Private::Ec(
            EcdsaKeyPair::from_pkcs8(
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                bytes,
                &SystemRandom::new(),
            )
            .map_err(|_| wrong(ErrorKind::InvalidEcdsaKey))?,
        ),
        Algorithm::EdDSA => Private::Ed(
            Ed25519KeyPair::from_pkcs8_maybe_unchecked(bytes)
                .map_err(|_| wrong(ErrorKind::InvalidEddsaKey))?,
        ),
        _ => return Err(wrong(ErrorKind::UnsupportedAlgorithm)),
    };
    Ok(Box::new(Key {
        algorithm: *algorithm,
        key: private,
    }))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the library asks for this shape"
)]
fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    family(algorithm_fits(*algorithm, key.family()))?;
    let public = match (algorithm, key.kind()) {
        (Algorithm::HS256, DecodingKeyKind::SecretOrDer(bytes)) => {
            Public::Hmac(hmac::Key::new(hmac::HMAC_SHA256, bytes))
        }
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => Public::Rsa {
            n: n.clone(),
            e: e.clone(),
        },
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(bytes)) => Public::Ec(bytes.clone()),
        (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(bytes)) => Public::Ed(bytes.clone()),
        _ => return Err(wrong(ErrorKind::UnsupportedAlgorithm)),
    };
    Ok(Box::new(Key {
        algorithm: *algorithm,
        key: public,
    }))
}

fn algorithm_fits(algorithm: Algorithm, family: AlgorithmFamily) -> bool {
    algorithm.family() == family
}

impl Signer<Vec<u8>> for Key<Private> {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        let random = SystemRandom::new();
        match &self.key {
            Private::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Private::Rsa(key) => {
                let mut bytes = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut bytes)
                    .map_err(|_| signature::Error::new())?;
                Ok(bytes)
            }
            Private::Ec(key) => key
                .sign(&random, message)
                .map(|signature| signature.as_ref().to_vec())
                .map_err(|_| signature::Error::new()),
            Private::Ed(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }
}

impl JwtSigner for Key<Private> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Key<Public> {
    fn verify(&self, message: &[u8], given: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        let verified = match &self.key {
            Public::Hmac(key) => hmac::verify(key, message, given),
            Public::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, given)
            }
            Public::Ec(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, given)
            }
            Public::Ed(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, given),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Key<Public> {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

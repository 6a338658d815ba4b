//! Files of authorised keys, as OpenSSH has them: in comes a text, out go public keys.
//!
//! Of options `from=` is looked at. A line with any other is left out, because what it forbids is not looked at
//! here; so is a key of a kind or a strength that is not used for tokens.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::origin::Origin;

/// How many keys of a file count.
const KEYS_MAX: usize = 64;
/// How many of its lines are read.
const LINES_MAX: usize = 4_096;

/// A public key that may sign tokens; each kind signs in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    /// The one way in which it signs, as tokens name it.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RS256",
            Self::P256(_) => "ES256",
            Self::P384(_) => "ES384",
            Self::Ed25519(_) => "EdDSA",
        }
    }

    /// Whether it has signed this.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Self::P384(point) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature)
            }
            Self::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
        };
        verified.is_ok()
    }
}

/// The keys of a file that count for a client.
pub(super) fn keys(text: &str, client: Option<IpAddr>) -> Vec<Key> {
    let lines = text.lines().take(LINES_MAX);
    let counting = lines.filter_map(|line| key(from_here(line, client)?));
    counting.take(KEYS_MAX).collect()
}

/// The line behind its option `from=`, where it counts for a client; a line without the option as it is.
fn from_here(line: &str, client: Option<IpAddr>) -> Option<&str> {
    let Some((option, rest)) = line.trim_start().split_once("=\"") else {
        return Some(line);
    };
    if !option.eq_ignore_ascii_case("from") {
        return Some(line);
    }
    let (list, rest) = rest.split_once('"')?;
    // Behind a comma stands another option, which is not looked at.
    let alone = rest.starts_with([' ', '\t']);
    (alone && Origin::read(list)?.fits(client)).then_some(rest)
}

fn key(line: &str) -> Option<Key> {
    // A comment and a line with another option do not begin with a kind.
    let mut words = line.split_ascii_whitespace();
    let (kind, blob) = (words.next()?, words.next()?);
    let blob = STANDARD.decode(blob).ok()?;
    let mut rest = blob.as_slice();
    if field(&mut rest)? != kind.as_bytes() {
        return None;
    }
    let key = match kind {
        "ssh-rsa" => {
            let (e, n) = (number(&mut rest)?, number(&mut rest)?);
            Key::Rsa { n, e }
        }
        "ecdsa-sha2-nistp256" => Key::P256(point(&mut rest, b"nistp256", 65)?),
        "ecdsa-sha2-nistp384" => Key::P384(point(&mut rest, b"nistp384", 97)?),
        "ssh-ed25519" => Key::Ed25519(field(&mut rest).filter(|key| key.len() == 32)?.to_vec()),
        _ => return None,
    };
    rest.is_empty().then_some(key)
}

/// The next field: its length in four bytes, and so many.
fn field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (field, behind) = behind.split_at_checked(length)?;
    *rest = behind;
    Some(field)
}

/// A positive number without leading zeros.
fn number(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let bytes = field(rest)?;
    if bytes.first().is_none_or(|first| *first >= 0x80) {
        return None;
    }
    let bytes: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    (!bytes.is_empty()).then_some(bytes)
}

fn point(rest: &mut &[u8], curve: &[u8], length: usize) -> Option<Vec<u8>> {
    if field(rest)? != curve {
        return None;
    }
    let point = field(rest)?;
    (point.len() == length && point.first() == Some(&4)).then(|| point.to_vec())
}

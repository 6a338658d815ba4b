//! Signing and verifying a token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Header, Validation, decode, encode, errors::ErrorKind};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value as Json};
use wayfare::Timestamp;

use super::{Algorithm, KeySet, SigningKey, VerifyingKey};
use crate::json::{Bounds, Ignored, read};

/// How many bytes a token has at most.
pub const TOKEN_BYTES_MAX: usize = 16 * 1_024;

/// The claims of a token.
pub type Claims = Map<String, Json>;

/// What the header must say of the kind of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typ<'a> {
    /// This, in any case, with or without `application/` before it.
    Is(&'a str),
    /// `JWT` or nothing, as ID tokens have it.
    Plain,
}

/// What is expected of a token.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Its kind.
    pub typ: Typ<'a>,
    /// Who issued it; not looked at where absent.
    pub issuer: Option<&'a str>,
    /// Whom it is for: one of these; not looked at where empty.
    pub audience: &'a [&'a str],
    /// How it may be signed; a key of another algorithm is not tried.
    pub algorithms: &'a [Algorithm],
    /// How many seconds the clocks may differ.
    pub leeway: u64,
}

/// A token that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Its claims.
    pub claims: Claims,
    /// How it was signed.
    pub algorithm: Algorithm,
    /// The name of the key that signed it.
    pub kid: Option<String>,
}

impl Verified {
    /// A claim that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Json::as_str)
    }

    /// A claim that is a time, in seconds.
    pub fn seconds(&self, name: &str) -> Option<u64> {
        self.claims.get(name).and_then(Json::as_u64)
    }
}

/// Why a token does not hold. For logs: whoever sent it learns only that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not three parts of base 64, or they are not what they should be.
    #[error("it is no signed token")]
    Malformed,
    /// It names an algorithm that is not expected.
    #[error("it is signed in a way that is not expected")]
    Algorithm,
    /// It is of another kind.
    #[error("it is a token of another kind")]
    Typ,
    /// None of the keys signed it.
    #[error("none of the keys signed it")]
    Signature,
    /// A claim is missing or of the wrong kind.
    #[error("the claim `{0}` is missing or wrong")]
    Claim(&'static str),
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// Its time has not come.
    #[error("it is not valid yet")]
    Early,
    /// Somebody else issued it.
    #[error("somebody else issued it")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for somebody else")]
    Audience,
}

/// The header as it counts. What would bring keys along is refused, and so is what must be understood.
#[derive(Deserialize)]
struct Head {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
    b64: Option<IgnoredAny>,
    zip: Option<IgnoredAny>,
    enc: Option<IgnoredAny>,
    jku: Option<IgnoredAny>,
    jwk: Option<IgnoredAny>,
    x5u: Option<IgnoredAny>,
}

const BOUNDS: Bounds = Bounds {
    bytes: TOKEN_BYTES_MAX,
    depth: 16,
    string_bytes: TOKEN_BYTES_MAX,
    number_bytes: 32,
};

impl SigningKey {
    /// A token of a kind with these claims.
    ///
    /// # Errors
    /// The claims are no JSON, or randomness failed.
    pub fn sign(
        &self,
        typ: &str,
        claims: &impl Serialize,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let mut header = Header::new(self.algorithm().spelled());
        header.typ = Some(typ.to_owned());
        header.kid = self.kid().map(str::to_owned);
        encode(&header, claims, self.private())
    }
}

impl KeySet {
    /// The claims of a token that one of the keys signed and that is as expected.
    ///
    /// # Errors
    /// It does not hold.
    pub fn verify(
        &self,
        token: &str,
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        verify(self.verifying(now), token, expected, now)
    }
}

impl Expected<'_> {
    /// The claims of a token that one of these keys signed and that is as expected.
    ///
    /// # Errors
    /// It does not hold.
    pub fn verify<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k VerifyingKey>,
        token: &str,
        now: Timestamp,
    ) -> Result<Verified, Refused> {
        verify(keys, token, self, now)
    }
}

fn verify<'k>(
    keys: impl IntoIterator<Item = &'k VerifyingKey>,
    token: &str,
    expected: &Expected<'_>,
    now: Timestamp,
) -> Result<Verified, Refused> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(Refused::Malformed);
    }
    let head = header(token)?;
    let algorithm = Algorithm::parse(&head.alg)
        .filter(|algorithm| expected.algorithms.contains(algorithm))
        .ok_or(Refused::Algorithm)?;
    if !expected.typ.fits(head.typ.as_deref()) {
        return Err(Refused::Typ);
    }
    let mut validation = Validation::new(algorithm.spelled());
    // Times are looked at below, by the clock that is given in and without taking a claim of the wrong
    // kind for an absent one; so are the others.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    // The `kid` says which keys may have signed, never that one has: those without a name are tried too.
    let fits = |key: &&VerifyingKey| {
        key.algorithm() == algorithm
            && (head.kid.is_none() || key.kid().is_none() || key.kid() == head.kid.as_deref())
    };
    for key in keys.into_iter().filter(fits) {
        match decode::<Claims>(token, key.decoding(), &validation) {
            Ok(data) => {
                let verified = Verified {
                    claims: data.claims,
                    algorithm,
                    kid: key.kid().map(str::to_owned),
                };
                return expected.check(verified, now);
            }
            // Claims are read only behind a signature that holds.
            Err(error) if matches!(error.kind(), ErrorKind::Json(_)) => {
                return Err(Refused::Malformed);
            }
            Err(_) => (),
        }
    }
    Err(Refused::Signature)
}

fn header(token: &str) -> Result<Head, Refused> {
    let mut parts = token.split('.');
    let (Some(head), Some(claims), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refused::Malformed);
    };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Refused::Malformed);
    let (head, claims) = (decode(head)?, decode(claims)?);
    for part in [&head, &claims] {
        // No member twice, and objects: an array in place of one would give members by their order.
        let object = part.first() == Some(&b'{');
        if !object || read::<Ignored>(part, BOUNDS).is_err() {
            return Err(Refused::Malformed);
        }
    }
    let head: Head = serde_json::from_slice(&head).map_err(|_| Refused::Malformed)?;
    let refused = [
        &head.crit, &head.b64, &head.zip, &head.enc, &head.jku, &head.jwk, &head.x5u,
    ];
    if refused.into_iter().any(Option::is_some) {
        return Err(Refused::Malformed);
    }
    Ok(head)
}

impl Typ<'_> {
    fn fits(self, given: Option<&str>) -> bool {
        let plain = |text: &str| {
            let text = text.to_ascii_lowercase();
            text.strip_prefix("application/")
                .unwrap_or(&text)
                .to_owned()
        };
        match self {
            Self::Is(wanted) => given.is_some_and(|given| plain(given) == plain(wanted)),
            Self::Plain => given.is_none_or(|given| plain(given) == "jwt"),
        }
    }
}

impl Expected<'_> {
    fn check(&self, verified: Verified, now: Timestamp) -> Result<Verified, Refused> {
        let now = now.0 / 1_000;
        let time = |name: &'static str| match verified.claims.get(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or(Refused::Claim(name)),
        };
        let expires = time("exp")?.ok_or(Refused::Claim("exp"))?;
        if now >= expires.saturating_add(self.leeway) {
            return Err(Refused::Expired);
        }
        for name in ["nbf", "iat"] {
            if time(name)?.is_some_and(|from| from > now.saturating_add(self.leeway)) {
                return Err(Refused::Early);
            }
        }
        for name in ["iss", "sub", "jti"] {
            if verified
                .claims
                .get(name)
                .is_some_and(|value| !value.is_string())
            {
                return Err(Refused::Claim(name));
            }
        }
        if let Some(issuer) = self.issuer
            && verified.text("iss") != Some(issuer)
        {
            return Err(Refused::Issuer);
        }
        let audience = audience(verified.claims.get("aud")).ok_or(Refused::Claim("aud"))?;
        let ours = |one: &str| self.audience.contains(&one);
        if !self.audience.is_empty() && !audience.into_iter().any(ours) {
            return Err(Refused::Audience);
        }
        Ok(verified)
    }
}

/// Whom a token is for: a text or a list of them; `None` where it is neither.
fn audience(claim: Option<&Json>) -> Option<Vec<&str>> {
    match claim {
        None => Some(Vec::new()),
        Some(Json::String(one)) => Some(vec![one]),
        Some(Json::Array(list)) => list.iter().map(Json::as_str).collect(),
        Some(_) => None,
    }
}

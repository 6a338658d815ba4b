//! Tokens that scripts make and check: signed with HS256, and made with RS256 too.

use base64::Engine as _;
use ring::{hmac, signature};
use serde_json::{Map, Value as Json, json};

use super::{
    convert::text_of,
    crypto::{self, URL, decoded},
    host::{Host, Refused},
};

/// `jwtAssertion` and `jwtValidator`.
pub(super) fn jwt(host: &Host, asked: &Json) -> Result<Json, Refused> {
    let none = Map::new();
    let asked = asked.as_object().unwrap_or(&none);
    let data = asked.get("data").and_then(Json::as_object);
    let data = data.ok_or_else(|| Refused::told("the data of a token is an object"))?;
    let kind = text_of(data, "jwtType");
    if kind != "SIGNED" {
        return Err(Refused::told(format!(
            "tokens of the type `{kind}` are not made here: `SIGNED` ones are"
        )));
    }
    if text_of(asked, "op") == "generate" {
        return generate(host, data);
    }
    validate(host, data)
}

/// Issuer, subject and stable id, where the older word stands for all of them.
fn named(data: &Map<String, Json>, key: &str) -> Option<Json> {
    let own = data.get(key).filter(|value| !value.is_null());
    own.or_else(|| data.get("accountId"))
        .filter(|value| !value.is_null())
        .cloned()
}

fn generate(host: &Host, data: &Map<String, Json>) -> Result<Json, Refused> {
    let issuer = named(data, "issuer").or_else(|| named(data, "stableId"));
    let issuer = issuer.ok_or_else(|| Refused::told("a token has an `issuer` or a `stableId`"))?;
    let algorithm = text_of(data, "jwsAlgorithm");
    let mut claims = match data.get("claims") {
        Some(Json::Object(claims)) => claims.clone(),
        _ => Map::new(),
    };
    let now = host.now.seconds();
    claims.insert("iss".to_owned(), issuer);
    claims.insert("iat".to_owned(), json!(now));
    for (key, claim) in [("subject", "sub"), ("stableId", "stableId")] {
        if let Some(value) = named(data, key) {
            claims.insert(claim.to_owned(), value);
        }
    }
    if let Some(audience) = data.get("audience").filter(|value| !value.is_null()) {
        claims.insert("aud".to_owned(), audience.clone());
    }
    if let Some(kind) = data.get("type").filter(|value| !value.is_null()) {
        claims.insert("typ".to_owned(), kind.clone());
    }
    let id = data.get("jwtId").filter(|value| !value.is_null()).cloned();
    let id = id.unwrap_or_else(|| json!(URL.encode(host.draw(16))));
    claims.insert("jti".to_owned(), id);
    let minutes = data
        .get("validityMinutes")
        .and_then(Json::as_u64)
        .unwrap_or(0);
    claims.insert(
        "exp".to_owned(),
        json!(now.saturating_add(minutes.saturating_mul(60))),
    );
    let header = json!({ "typ": "JWT", "alg": algorithm });
    let body = format!(
        "{}.{}",
        URL.encode(header.to_string()),
        URL.encode(Json::Object(claims).to_string())
    );
    let signed = match &*algorithm {
        "HS256" => {
            let key = signing_key(data)?;
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), body.as_bytes())
                .as_ref()
                .to_vec()
        }
        "RS256" => crypto::rsa_signed(&private_key(data)?, body.as_bytes())?,
        other => {
            return Err(Refused::told(format!(
                "tokens are not signed by `{other}` here"
            )));
        }
    };
    Ok(json!(format!("{body}.{}", URL.encode(signed))))
}

fn signing_key(data: &Map<String, Json>) -> Result<Vec<u8>, Refused> {
    let key = text_of(data, "signingKey");
    if key.is_empty() {
        return Err(Refused::told("a token needs a `signingKey`"));
    }
    decoded(&key).ok_or_else(|| Refused::told("the `signingKey` is no base 64"))
}

fn private_key(data: &Map<String, Json>) -> Result<signature::RsaKeyPair, Refused> {
    let refused = || Refused::told("the `privateKey` is no RSA key as JWK");
    let key = data
        .get("privateKey")
        .and_then(Json::as_object)
        .ok_or_else(refused)?;
    let part = |name: &str| {
        decoded(&text_of(key, name))
            .filter(|bytes| !bytes.is_empty())
            .ok_or_else(refused)
    };
    let parts = signature::RsaKeyPair::from_components(&ring::rsa::KeyPairComponents {
        public_key: ring::rsa::PublicKeyComponents {
            n: part("n")?,
            e: part("e")?,
        },
        d: part("d")?,
        p: part("p")?,
        q: part("q")?,
        dP: part("dp")?,
        dQ: part("dq")?,
        qInv: part("qi")?,
    });
    parts.map_err(|_| refused())
}

/// The claims of a token that is in force and has what is asked of it; null where it has not.
fn validate(host: &Host, data: &Map<String, Json>) -> Result<Json, Refused> {
    let token = text_of(data, "jwt");
    let key = signing_key(data)?;
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signed), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(Json::Null);
    };
    let read = |part: &str| {
        URL.decode(part)
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Json>(&bytes).ok())
    };
    let (Some(head), Some(Json::Object(found)), Ok(signed)) =
        (read(header), read(claims), URL.decode(signed))
    else {
        return Ok(Json::Null);
    };
    if head.get("alg").and_then(Json::as_str) != Some("HS256") {
        return Ok(Json::Null);
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    if hmac::verify(&key, format!("{header}.{claims}").as_bytes(), &signed).is_err() {
        return Ok(Json::Null);
    }
    let skew = data.get("clockSkew").and_then(Json::as_u64).unwrap_or(0);
    let now = host.now.seconds();
    let expires = found.get("exp").and_then(Json::as_u64).unwrap_or(0);
    let issued = found.get("iat").and_then(Json::as_u64).unwrap_or(u64::MAX);
    if expires.saturating_add(skew) < now || issued > now.saturating_add(skew) {
        return Ok(Json::Null);
    }
    let from = named(data, "issuer").or_else(|| named(data, "stableId"));
    let asked = [
        ("iss", Some(from.unwrap_or(Json::Null))),
        ("sub", named(data, "subject")),
        ("aud", data.get("audience").cloned()),
        ("typ", data.get("type").cloned()),
    ];
    for (claim, wanted) in asked {
        let wanted = wanted.filter(|wanted| claim == "iss" || !wanted.is_null());
        if wanted.is_some() && wanted.as_ref() != found.get(claim) {
            return Ok(Json::Null);
        }
    }
    let wanted = data.get("claims").and_then(Json::as_object);
    let differs = |(name, value): (&String, &Json)| found.get(name) != Some(value);
    if wanted.is_some_and(|claims| claims.iter().any(differs)) {
        return Ok(Json::Null);
    }
    Ok(told(&found))
}

/// Claims under the names that scripts know them by.
fn told(found: &Map<String, Json>) -> Json {
    let long = |name: &str| match name {
        "iss" => "issuer",
        "sub" => "subject",
        "aud" => "audience",
        "exp" => "expirationTime",
        "iat" => "issuedAt",
        "jti" => "jwtId",
        "typ" => "type",
        _ => "",
    };
    let mut told = found.clone();
    for (name, value) in found {
        let long = long(name);
        if !long.is_empty() {
            told.insert(long.to_owned(), value.clone());
        }
    }
    Json::Object(told)
}

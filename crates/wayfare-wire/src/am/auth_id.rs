//! The token of a step: `authId`.
//!
//! A JWS in compact form with one fixed header. Its claims are the product's; clients hold it as opaque.
//! Reading goes from the outside in: length, three parts, header bytes, signature, and only then the
//! claims, whose bytes must be exactly those that writing them would give.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use wayfare::{Host, Realm, engine::host::NoRandomness};

use crate::{
    json::{Bounds, Writer, read},
    seal::RealmKeys,
};

/// The longest token.
pub const BYTES_MAX: usize = 8 * 1_024;

/// `{"typ":"JWT","alg":"HS256"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

/// How many characters a one-time key has, five bits each.
const OTK_CHARS: usize = 26;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// The index value of the start, if it had one.
    #[serde(rename = "authIndexValue", default)]
    pub index_value: Option<String>,
    /// The one-time key.
    pub otk: String,
    /// The index type of the start, if it had one.
    #[serde(rename = "authIndexType", default)]
    pub index_type: Option<String>,
    /// The realm.
    pub realm: Realm,
    /// The run: sealed, or a sealed reference to it.
    #[serde(rename = "sessionId")]
    pub session_id: String,
    /// Until when, in seconds since 1970.
    pub exp: u64,
    /// Since when, in seconds since 1970.
    pub iat: u64,
}

/// A token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAuthId {
    /// It is too long, or not three parts of base64url.
    #[error("not a token")]
    Malformed,
    /// It is not one of ours.
    #[error("not a token of this realm")]
    Invalid,
}

impl Claims {
    fn write(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.session_id.len() + 256);
        out.open_object();
        if let Some(value) = &self.index_value {
            out.key("authIndexValue").text(value);
        }
        out.key("otk").text(&self.otk);
        if let Some(ty) = &self.index_type {
            out.key("authIndexType").text(ty);
        }
        out.key("realm").text(self.realm.as_str());
        out.key("sessionId").text(&self.session_id);
        let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        out.key("exp").int(seconds(self.exp));
        out.key("iat").int(seconds(self.iat));
        out.close_object();
        out.into_bytes()
    }
}

/// The token of these claims.
pub fn sign(claims: &Claims, keys: &RealmKeys) -> String {
    sign_payload(&claims.write(), keys)
}

fn sign_payload(payload: &[u8], keys: &RealmKeys) -> String {
    let mut token = String::with_capacity(HEADER.len() + payload.len() * 4 / 3 + 64);
    token.push_str(HEADER);
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(payload, &mut token);
    let signature = keys.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    token
}

/// The claims of a token that one of the keys signed.
///
/// # Errors
/// It is not a token, or not one of this realm.
pub fn verify(token: &str, keys: &RealmKeys) -> Result<Claims, BadAuthId> {
    if token.len() > BYTES_MAX {
        return Err(BadAuthId::Malformed);
    }
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| BadAuthId::Malformed)
    };
    let mut parts = token.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(BadAuthId::Malformed);
    };
    if header != HEADER {
        decode(header)?;
    }
    let decoded = decode(payload)?;
    let decoded_signature = decode(signature)?;
    let signed = token
        .get(..header.len() + 1 + payload.len())
        .ok_or(BadAuthId::Malformed)?;
    if header != HEADER || !keys.signed(signed.as_bytes(), &decoded_signature) {
        return Err(BadAuthId::Invalid);
    }
    let bounds = Bounds {
        depth: 1,
        string_bytes: BYTES_MAX,
        ..Bounds::default()
    };
    let claims: Claims = read(&decoded, bounds).map_err(|_| BadAuthId::Invalid)?;
    let otk_fits = claims.otk.len() == OTK_CHARS
        && claims
            .otk
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v'));
    if otk_fits && claims.write() == decoded {
        Ok(claims)
    } else {
        Err(BadAuthId::Invalid)
    }
}

/// A fresh one-time key of 130 random bits.
///
/// # Errors
/// There is no randomness to be had.
pub fn one_time_key(host: &dyn Host) -> Result<String, NoRandomness> {
    let mut bytes = [0; OTK_CHARS];
    host.random(&mut bytes)?;
    Ok(bytes
        .iter()
        .map(|byte| char::from_digit(u32::from(byte & 31), 32).unwrap_or('0'))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::tests::{Counting, pair};

    fn keys() -> RealmKeys {
        RealmKeys::new(pair(1), [])
    }

    fn claims() -> Claims {
        Claims {
            index_value: Some("Login".into()),
            otk: one_time_key(&Counting::default()).unwrap(),
            index_type: Some("service".into()),
            realm: Realm::parse("/alpha").unwrap(),
            session_id: "c2VhbGVk".into(),
            exp: 1_700_000_300,
            iat: 1_700_000_000,
        }
    }

    #[test]
    fn has_the_form_of_the_recorded_ones() {
        let token = sign(&claims(), &keys());
        let mut parts = token
            .split('.')
            .map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(
            text(parts.next().unwrap()),
            r#"{"typ":"JWT","alg":"HS256"}"#
        );
        assert_eq!(
            text(parts.next().unwrap()),
            r#"{"authIndexValue":"Login","otk":"0123456789abcdefghijklmnop","authIndexType":"service","realm":"/alpha","sessionId":"c2VhbGVk","exp":1700000300,"iat":1700000000}"#
        );
        assert_eq!(parts.next().unwrap().len(), 32);
        assert_eq!(verify(&token, &keys()), Ok(claims()));
        let plain = Claims {
            index_value: None,
            index_type: None,
            ..claims()
        };
        assert_eq!(verify(&sign(&plain, &keys()), &keys()), Ok(plain));
    }

    #[test]
    fn a01_every_flipped_bit_is_refused() {
        let token = sign(&claims(), &keys());
        for bit in 0..token.len() * 8 {
            let mut changed = token.clone().into_bytes();
            changed[bit / 8] ^= 1 << (bit % 8);
            if let Ok(changed) = String::from_utf8(changed) {
                assert!(verify(&changed, &keys()).is_err(), "bit {bit}");
            }
        }
        // The last character of each part holds bits that say nothing: they must be zero.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        for at in 0..token.len() {
            for other in alphabet.chars() {
                let mut changed = token.clone();
                changed.replace_range(at..=at, &other.to_string());
                assert_eq!(verify(&changed, &keys()).is_ok(), changed == token);
            }
        }
    }

    #[test]
    fn a02_other_forms_are_refused() {
        let token = sign(&claims(), &keys());
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let (_, payload) = signed.split_once('.').unwrap();
        for alg in ["none", "None", "nOnE", "NONE"] {
            let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"typ":"JWT","alg":"{alg}"}}"#));
            assert_eq!(
                verify(&format!("{header}.{payload}."), &keys()),
                Err(BadAuthId::Invalid)
            );
            let resigned = keys().sign(format!("{header}.{payload}").as_bytes());
            let resigned = URL_SAFE_NO_PAD.encode(resigned);
            let resigned = format!("{header}.{payload}.{resigned}");
            assert_eq!(verify(&resigned, &keys()), Err(BadAuthId::Invalid));
        }
        assert_eq!(
            verify(&format!("{signed}."), &keys()),
            Err(BadAuthId::Invalid)
        );
        for malformed in [
            String::new(),
            ".".into(),
            signed.into(),
            format!("{token}."),
            format!("{token}.{signature}"),
            format!("{token}="),
            format!("{signed}=.{signature}"),
            format!(" {token}"),
            format!("{token}\n"),
            format!("{signed} .{signature}"),
            token.replace('-', "+").replace('_', "/") + "/",
            "a".repeat(BYTES_MAX + 1),
        ] {
            assert_eq!(
                verify(&malformed, &keys()),
                Err(BadAuthId::Malformed),
                "{malformed}"
            );
        }
    }

    #[test]
    fn a03_other_headers_are_refused_even_when_signed_by_us() {
        let payload = URL_SAFE_NO_PAD.encode(claims().write());
        for header in [
            r#"{"typ":"JWT","alg":"HS384"}"#,
            r#"{"typ":"JWT","alg":"RS256"}"#,
            r#"{"typ":"JWT","alg":"ES256"}"#,
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"typ":"JWT","alg":"HS256","kid":"../../etc/passwd"}"#,
            r#"{"typ":"JWT","alg":"HS256","kid":"' OR 1=1"}"#,
            r#"{"typ":"JWT","alg":"HS256","jku":"http://127.0.0.1:1/"}"#,
            r#"{"typ":"JWT","alg":"HS256","x5u":"http://127.0.0.1:1/"}"#,
            r#"{"typ":"JWT","alg":"HS256","jwk":{"kty":"oct","k":""}}"#,
            r#"{"typ":"JWT", "alg":"HS256"}"#,
        ] {
            let signed = format!("{}.{payload}", URL_SAFE_NO_PAD.encode(header));
            let signature = URL_SAFE_NO_PAD.encode(keys().sign(signed.as_bytes()));
            let token = format!("{signed}.{signature}");
            assert_eq!(verify(&token, &keys()), Err(BadAuthId::Invalid), "{header}");
        }
        let empty = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"");
        let signed = format!("{HEADER}.{payload}");
        let signature = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&empty, signed.as_bytes()));
        assert_eq!(
            verify(&format!("{signed}.{signature}"), &keys()),
            Err(BadAuthId::Invalid)
        );
    }

    #[test]
    fn a04_claims_of_another_type_are_refused_even_when_signed_by_us() {
        let good = String::from_utf8(claims().write()).unwrap();
        assert!(verify(&sign_payload(good.as_bytes(), &keys()), &keys()).is_ok());
        let replace = |name: &str, value: Option<&str>| {
            let mut map: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&good).unwrap();
            map.remove(name);
            let changed = value.map(|value| format!("\"{name}\":{value}"));
            let others = map.iter().map(|(key, value)| format!("\"{key}\":{value}"));
            let members: Vec<_> = changed.into_iter().chain(others).collect();
            format!("{{{}}}", members.join(","))
        };
        for name in ["exp", "iat", "nbf", "realm", "sessionId", "otk"] {
            for value in [
                None,
                Some("null"),
                Some("\"1700000300\""),
                Some("1700000300.0"),
                Some("1.7e9"),
                Some("-1"),
                Some("1e400"),
                Some("[1700000300]"),
                Some("{}"),
                Some("true"),
                Some("18446744073709551616"),
            ] {
                if name == "nbf" && value.is_none() {
                    continue;
                }
                let token = sign_payload(replace(name, value).as_bytes(), &keys());
                assert_eq!(
                    verify(&token, &keys()),
                    Err(BadAuthId::Invalid),
                    "{name} {value:?}"
                );
            }
        }
        for changed in [
            good.replace("\"exp\"", "\"exp\":1,\"exp\""),
            good.replace("{\"auth", "{ \"auth"),
            good.replace("\"Login\"", "null"),
            good.replace("/alpha", "\\/alpha"),
            good.replace("0123456789a", "0123456789w"),
            good.replace("0123456789a", "0123456789A"),
            good.clone() + " ",
        ] {
            assert_ne!(changed, good);
            let token = sign_payload(changed.as_bytes(), &keys());
            assert_eq!(
                verify(&token, &keys()),
                Err(BadAuthId::Invalid),
                "{changed}"
            );
        }
    }

    #[test]
    fn a05_keys_of_another_realm_do_not_verify() {
        let token = sign(&claims(), &keys());
        let other = RealmKeys::new(pair(2), []);
        assert_eq!(verify(&token, &other), Err(BadAuthId::Invalid));
    }
}

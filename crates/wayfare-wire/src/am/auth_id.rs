//! The token of a step: `authId`.
//!
//! A JWS in compact form with one fixed header. Its claims are the product's; clients hold it as opaque.
//! Reading goes from the outside in: length, three parts, header bytes, signature, and only then the
//! claims, whose bytes must be exactly those that writing them would give.

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use memchr::memchr;
use wayfare::{Host, engine::host::NoRandomness};

use crate::{
    json::{Canonical, Writer, base64},
    seal::RealmKeys,
};

/// The longest token.
pub const BYTES_MAX: usize = 8 * 1_024;

/// `{"typ":"JWT","alg":"HS256"}`
const HEADER: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9";

/// How many characters a one-time key has, five bits each.
const OTK_CHARS: usize = 26;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims<'a> {
    /// The index value of the start, if it had one.
    pub index_value: Option<Cow<'a, str>>,
    /// The one-time key.
    pub otk: OneTimeKey,
    /// The index type of the start, if it had one.
    pub index_type: Option<&'a str>,
    /// The realm.
    pub realm: &'a str,
    /// The run: sealed, or a sealed reference to it.
    pub session_id: Cow<'a, [u8]>,
    /// Until when, in seconds since 1970.
    pub exp: u64,
    /// Since when, in seconds since 1970.
    pub iat: u64,
}

/// A text that no other token has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OneTimeKey([u8; OTK_CHARS]);

impl fmt::Debug for OneTimeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeKey")
    }
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

impl<'a> Claims<'a> {
    fn write(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.session_id.len() * 4 / 3 + 256);
        out.open_object();
        if let Some(value) = &self.index_value {
            out.key("authIndexValue").text(value);
        }
        out.key("otk").text(self.otk.as_str());
        if let Some(ty) = self.index_type {
            out.key("authIndexType").text(ty);
        }
        out.key("realm").text(self.realm);
        out.key("sessionId").base64(&self.session_id);
        let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        out.key("exp").int(seconds(self.exp));
        out.key("iat").int(seconds(self.iat));
        out.close_object();
        out.into_bytes()
    }

    /// The way back of `write`: no other text says the same.
    fn read(text: &'a str) -> Option<Self> {
        let mut rest = Canonical::new(text);
        rest.take("{")?;
        let index_value = match rest.take("\"authIndexValue\":") {
            Some(()) => {
                let value = rest.text()?;
                rest.take(",")?;
                Some(value)
            }
            None => None,
        };
        rest.take("\"otk\":")?;
        let otk = OneTimeKey::read(rest.plain()?)?;
        let index_type = match rest.take(",\"authIndexType\":") {
            Some(()) => Some(rest.plain()?),
            None => None,
        };
        rest.take(",\"realm\":")?;
        let realm = rest.plain()?;
        rest.take(",\"sessionId\":")?;
        let session_id = rest.base64()?;
        rest.take(",\"exp\":")?;
        let exp = rest.whole()?;
        rest.take(",\"iat\":")?;
        let iat = rest.whole()?;
        rest.take("}")?;
        rest.is_over().then_some(Self {
            index_value,
            otk,
            index_type,
            realm,
            session_id: Cow::Owned(session_id),
            exp,
            iat,
        })
    }
}

impl OneTimeKey {
    /// A fresh one of 130 random bits.
    ///
    /// # Errors
    /// There is no randomness to be had.
    pub fn draw(host: &dyn Host) -> Result<Self, NoRandomness> {
        let mut bytes = [0; OTK_CHARS];
        host.random(&mut bytes)?;
        Ok(Self(bytes.map(|byte| match byte & 31 {
            digit @ 0..10 => b'0' + digit,
            letter => b'a' + letter - 10,
        })))
    }

    fn read(text: &str) -> Option<Self> {
        let key: [u8; OTK_CHARS] = text.as_bytes().try_into().ok()?;
        let fits = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'v');
        key.iter().all(fits).then_some(Self(key))
    }

    fn as_str(&self) -> &str {
        // It holds ASCII alone.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The token of these claims.
pub fn sign(claims: &Claims<'_>, keys: &RealmKeys) -> String {
    sign_payload(&claims.write(), keys)
}

fn sign_payload(payload: &[u8], keys: &RealmKeys) -> String {
    let mut token = Vec::with_capacity(HEADER.len() + payload.len() * 4 / 3 + 64);
    token.extend_from_slice(HEADER.as_bytes());
    token.push(b'.');
    base64(payload, &mut token);
    let signature = keys.sign(&token);
    token.push(b'.');
    base64(signature.as_ref(), &mut token);
    // It holds ASCII alone.
    String::from_utf8(token).unwrap_or_default()
}

/// What stands before and behind the first point.
fn part(text: &str) -> Option<(&str, &str)> {
    let (before, point) = text.split_at_checked(memchr(b'.', text.as_bytes())?)?;
    Some((before, point.strip_prefix('.')?))
}

/// The claims of a token that one of the keys signed, read into `room`.
///
/// # Errors
/// It is not a token, or not one of this realm.
pub fn verify<'r>(
    token: &str,
    keys: &RealmKeys,
    room: &'r mut Vec<u8>,
) -> Result<Claims<'r>, BadAuthId> {
    if token.len() > BYTES_MAX {
        return Err(BadAuthId::Malformed);
    }
    let (header, rest) = part(token).ok_or(BadAuthId::Malformed)?;
    let (payload, signature) = part(rest).ok_or(BadAuthId::Malformed)?;
    room.clear();
    room.reserve(token.len());
    let mut decode = |part: &str| {
        let decoded = URL_SAFE_NO_PAD.decode_vec(part, room);
        decoded.map_err(|_| BadAuthId::Malformed)?;
        Ok(room.len())
    };
    if header != HEADER {
        decode(header)?;
        decode(payload)?;
        decode(signature)?;
        return Err(BadAuthId::Invalid);
    }
    let end = decode(payload)?;
    decode(signature)?;
    let signed = token.get(..header.len() + 1 + payload.len());
    let (claims, signature) = room.split_at_checked(end).ok_or(BadAuthId::Malformed)?;
    if !keys.signed(signed.ok_or(BadAuthId::Malformed)?.as_bytes(), signature) {
        return Err(BadAuthId::Invalid);
    }
    let claims = std::str::from_utf8(claims).ok();
    claims.and_then(Claims::read).ok_or(BadAuthId::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::tests::{Counting, pair};

    fn keys() -> RealmKeys {
        RealmKeys::new(pair(1), [])
    }

    fn claims() -> Claims<'static> {
        Claims {
            index_value: Some("Login".into()),
            otk: OneTimeKey::draw(&Counting::default()).unwrap(),
            index_type: Some("service"),
            realm: "/alpha",
            session_id: b"sealed".into(),
            exp: 1_700_000_300,
            iat: 1_700_000_000,
        }
    }

    fn verify(token: &str, keys: &RealmKeys) -> Result<(), BadAuthId> {
        super::verify(token, keys, &mut Vec::new()).map(|_| ())
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
        let plain = Claims {
            index_value: None,
            index_type: None,
            ..claims()
        };
        let quoted = Claims {
            index_value: Some("a \"quoted\"\n\\journey".into()),
            ..claims()
        };
        for claims in [claims(), plain, quoted] {
            let mut room = b"whatever was in there".to_vec();
            let read = super::verify(&sign(&claims, &keys()), &keys(), &mut room);
            assert_eq!(read, Ok(claims));
        }
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

//! Signed tokens: whom one is for, or nobody.
//!
//! The key says how a token is signed and not the token; no token without a signature, none by a shared
//! secret, none that is not in force by the clock of the run, and none for another nonce names anybody.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, de::IgnoredAny};
use wayfare::{Secret, Timestamp};

use super::authorized::Key;

/// How many bytes a token has at most.
const TOKEN_MAX: usize = 8 * 1_024;
/// How many characters the name of a user has at most.
const NAME_MAX: usize = 256;

/// What counts of a header; a member that is there twice is refused, as in [`Claims`].
#[derive(Deserialize)]
struct Header {
    alg: String,
    /// What must be understood besides: nothing is.
    crit: Option<IgnoredAny>,
    /// How the body is packed: it must not be.
    zip: Option<IgnoredAny>,
}

/// What counts of the claims.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    nonce: String,
    exp: u64,
    nbf: Option<u64>,
}

/// Whom a token is for that one of the keys signed for this nonce.
pub(super) fn subject(
    token: &str,
    nonce: &Secret<String>,
    keys: &[Key],
    now: Timestamp,
) -> Option<String> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    if claims.contains('.') {
        return None;
    }
    let header: Header = part(header)?;
    if header.crit.is_some() || header.zip.is_some() {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let mut fitting = keys.iter().filter(|key| key.algorithm() == header.alg);
    if !fitting.any(|key| key.has_signed(signed.as_bytes(), &signature)) {
        return None;
    }
    let claims: Claims = part(claims)?;
    let seconds = now.0 / 1_000;
    let in_force = seconds < claims.exp && claims.nbf.is_none_or(|from| from <= seconds);
    let hash = |text: &str| digest(&SHA256, text.as_bytes());
    let same = hash(nonce.reveal()).as_ref() == hash(&claims.nonce).as_ref();
    let named = !claims.sub.is_empty()
        && claims.sub.chars().count() <= NAME_MAX
        && !claims.sub.chars().any(char::is_control);
    (in_force && same && named && !nonce.reveal().is_empty()).then_some(claims.sub)
}

fn part<T: for<'de> Deserialize<'de>>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    // An array in place of an object would give members by their order.
    let object = bytes.first() == Some(&b'{');
    object
        .then(|| serde_json::from_slice(&bytes).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use ring::{
        hmac,
        rand::SystemRandom,
        signature::{
            ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
            EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
        },
    };

    use super::{super::authorized, *};

    // Made with ssh-keygen and openssl; the private key was thrown away. The token is for `demo`, with the
    // nonce `n0nce`, until second 2000.
    const RSA: &str = "AAAAB3NzaC1yc2EAAAADAQABAAABAQCeuKsdZ63i6by8h9/feTmDsf3osupnycNXNhObHCGcT0x6rexPfsmD\
        zSXhUEOLMAXr2E4Ahf2t/eIUdDUSYB/4x+VsC2IjlKK4uj93yTdkTU+tu3vCH4gV/UWgf4KfRgDDz+Owbqxj\
        uldYMslLWBRqG5CRj2m1oZJpcluVFSOH8o6ruMoNaPNIQJTi6HIVCzOIORE50lS5qmeTt/7xYwtCMRauPexG\
        mvJ+VshakeXHS+NdTUJ7ltm9UXLAd0FfrY7MG/erVoU4Fk3P84x1uv/jYtvWYqkdxQhe3VNKVJ1/VNx2Y+r+\
        gjFFqSXdn1O4nMI/r6MNjsrFilzjZMNQWnDN";
    const RSA_TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJkZW1vIiwibm9uY2UiOiJuMG5jZSIsImV4cCI6MjAwMH0.I6nJIWm\
        0zQFgGs-Gh6kzQ9Fjgg0g583abDiDiu6VhXAKGlS3932egemOwB_cNLQJJXdLMZkKzWclPIOvVZ0N1aUhsRi\
        htkdRYhjaXaAoO1LkS5A1Be5BPY9V0dQQ5dSBGNzS41ll9v8NIrW8iidYTZpXovB2qTreQPP52TJAPZ0qrWZ\
        lJjWgWJVzcD1jyG96YuCfpf0cbDTf8HD-3jfrWDnait6FEQrA7zQtu3MS8g7v-\
        6Eae0q9cwazPsx5d05Q7x6cR50xPcfxv-\
        YiNPxJwNLE9wC3_5Q5ODZWWvgoRNx278z5C0l0SEBxpSGzuBi7c2aXFlXqgHw7JJTRKVSeGw";

    const NOW: Timestamp = Timestamp(1_000_000);
    const CLAIMS: &str = r#"{"sub":"demo","nonce":"n0nce","exp":2000}"#;

    fn named(token: &str, keys: &[Key]) -> Option<String> {
        subject(token, &Secret::new("n0nce".to_owned()), keys, NOW)
    }

    fn line(kind: &str, fields: &[&[u8]]) -> String {
        let mut blob = Vec::new();
        for field in [kind.as_bytes()].iter().chain(fields) {
            blob.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
            blob.extend(*field);
        }
        let blob = base64::engine::general_purpose::STANDARD.encode(blob);
        format!("{kind} {blob} tool")
    }

    fn signed(header: &str, claims: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let text = parts.join(".");
        let signature = URL_SAFE_NO_PAD.encode(sign(text.as_bytes()));
        format!("{text}.{signature}")
    }

    fn ed25519() -> (Ed25519KeyPair, String) {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let line = line("ssh-ed25519", &[pair.public_key().as_ref()]);
        (pair, line)
    }

    fn ed(header: &str, claims: &str) -> Option<String> {
        let (pair, line) = ed25519();
        let token = signed(header, claims, |text| pair.sign(text).as_ref().to_vec());
        named(&token, &authorized::keys(&line, None))
    }

    #[test]
    fn a_token_by_an_authorised_rsa_key_names_its_user() {
        let keys = authorized::keys(&format!("# tools\n\nssh-rsa {RSA} tool\n"), None);
        assert_eq!(named(RSA_TOKEN, &keys).as_deref(), Some("demo"));
        let other = Secret::new("another".to_owned());
        assert_eq!(subject(RSA_TOKEN, &other, &keys, NOW), None);
        let empty = Secret::new(String::new());
        assert_eq!(subject(RSA_TOKEN, &empty, &keys, NOW), None);
        let nonce = Secret::new("n0nce".to_owned());
        assert!(subject(RSA_TOKEN, &nonce, &keys, Timestamp(1_999_999)).is_some());
        assert_eq!(
            subject(RSA_TOKEN, &nonce, &keys, Timestamp(2_000_000)),
            None
        );
        assert_eq!(named(RSA_TOKEN, &[]), None);
        assert_eq!(
            named(RSA_TOKEN, &authorized::keys(&ed25519().1, None)),
            None
        );
    }

    #[test]
    fn the_key_says_how_a_token_is_signed() {
        let random = SystemRandom::new();
        let kinds: [(&EcdsaSigningAlgorithm, &str, &str, &str); 2] = [
            (
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                "ES256",
                "ecdsa-sha2-nistp256",
                "nistp256",
            ),
            (
                &ECDSA_P384_SHA384_FIXED_SIGNING,
                "ES384",
                "ecdsa-sha2-nistp384",
                "nistp384",
            ),
        ];
        for (algorithm, name, kind, curve) in kinds {
            let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap();
            let sign = |text: &[u8]| pair.sign(&random, text).unwrap().as_ref().to_vec();
            let point = pair.public_key().as_ref();
            let keys = authorized::keys(&line(kind, &[curve.as_bytes(), point]), None);
            let header = format!(r#"{{"alg":"{name}"}}"#);
            let token = signed(&header, CLAIMS, sign);
            assert_eq!(named(&token, &keys).as_deref(), Some("demo"), "{name}");
            for lie in ["RS256", "ES512", "none", "HS256"] {
                let token = signed(&format!(r#"{{"alg":"{lie}"}}"#), CLAIMS, sign);
                assert_eq!(named(&token, &keys), None, "{lie}");
            }
            // Another curve than the kind says.
            for wrong in ["nistp521", "nistp25", ""] {
                assert!(authorized::keys(&line(kind, &[wrong.as_bytes(), point]), None).is_empty());
            }
        }
        assert_eq!(ed(r#"{"alg":"EdDSA"}"#, CLAIMS).as_deref(), Some("demo"));
    }

    #[test]
    fn no_signature_and_a_shared_secret_are_none() {
        let rsa = format!("ssh-rsa {RSA} tool");
        let keys = authorized::keys(&rsa, None);
        for alg in ["none", "None", "HS256", "RS512", "PS256", ""] {
            let header = format!(r#"{{"alg":"{alg}"}}"#);
            assert_eq!(named(&signed(&header, CLAIMS, |_| Vec::new()), &keys), None);
            // The public key as if it were a secret.
            for secret in [rsa.as_str(), RSA] {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
                let token = signed(&header, CLAIMS, |text| {
                    hmac::sign(&key, text).as_ref().to_vec()
                });
                assert_eq!(named(&token, &keys), None, "{alg}");
            }
        }
    }

    #[test]
    fn headers_and_claims_must_be_plain() {
        const EDDSA: &str = r#"{"alg":"EdDSA"}"#;
        for header in [
            r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#,
            r#"{"alg":"EdDSA","zip":"DEF"}"#,
            r#"["EdDSA",null,null]"#,
            "{}",
            "",
        ] {
            assert_eq!(ed(header, CLAIMS), None, "{header}");
        }
        for claims in [
            r#"{"sub":"demo","nonce":"n0nce","exp":2000,"sub":"root"}"#,
            r#"{"sub":"demo","nonce":"other","nonce":"n0nce","exp":2000}"#,
            r#"{"sub":"demo","nonce":"n0nce"}"#,
            r#"{"sub":"demo","exp":2000}"#,
            r#"{"nonce":"n0nce","exp":2000}"#,
            r#"{"sub":"","nonce":"n0nce","exp":2000}"#,
            r#"{"sub":"de\nmo","nonce":"n0nce","exp":2000}"#,
            r#"{"sub":["demo"],"nonce":"n0nce","exp":2000}"#,
            r#"{"sub":"demo","nonce":"n0nce","exp":"2000"}"#,
            r#"{"sub":"demo","nonce":"n0nce","exp":-1}"#,
            r#"{"sub":"demo","nonce":"n0nce","exp":1000}"#,
            r#"{"sub":"demo","nonce":"n0nce","exp":2000,"nbf":1001}"#,
            r#"["demo","n0nce",2000,null]"#,
            r#"{"sub":"demo","nonce":"n0nce","exp":2000} "x""#,
        ] {
            assert_eq!(ed(EDDSA, claims), None, "{claims}");
        }
        let from = r#"{"sub":"demo","nonce":"n0nce","exp":2000,"nbf":1000,"more":[]}"#;
        assert_eq!(ed(EDDSA, from).as_deref(), Some("demo"));
        let long = format!(
            r#"{{"sub":"{}","nonce":"n0nce","exp":2000}}"#,
            "x".repeat(257)
        );
        assert_eq!(ed(EDDSA, &long), None);
        let padded = format!(
            r#"{{"sub":"demo","nonce":"n0nce","exp":2000,"x":"{}"}}"#,
            "x".repeat(TOKEN_MAX)
        );
        assert_eq!(ed(EDDSA, &padded), None);
    }

    #[test]
    fn what_was_changed_is_signed_by_nobody() {
        let keys = authorized::keys(&format!("ssh-rsa {RSA}"), None);
        for at in 0..RSA_TOKEN.len() {
            let mut changed = RSA_TOKEN.as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(named(&changed, &keys), None, "{at}");
        }
        for token in [
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            &format!("{RSA_TOKEN}.x"),
            &format!("{RSA_TOKEN}="),
        ] {
            assert_eq!(named(token, &keys), None, "{token}");
        }
    }

    #[test]
    fn a_key_counts_from_where_its_line_says() {
        let (_, good) = ed25519();
        let text = format!("From=\"127.0.0.0/24,!127.0.0.9\" {good}");
        let from =
            |client: &str| authorized::keys(&text, Some(client.parse().expect("an address")));
        assert_eq!(from("127.0.0.1").len(), 1);
        assert_eq!(from("127.0.0.9").len(), 0);
        assert_eq!(from("192.0.2.1").len(), 0);
        assert!(
            authorized::keys(&text, None).is_empty(),
            "nobody knows from where"
        );
        let elsewhere = format!("{text}\n{good}");
        assert_eq!(
            authorized::keys(&elsewhere, None).len(),
            1,
            "the other line says nothing"
        );
    }

    #[test]
    fn lines_that_say_more_or_less_than_a_key_are_left_out() {
        let (_, good) = ed25519();
        for text in [
            "",
            "# comment",
            "ssh-ed25519",
            "ssh-ed25519 AAAA",
            "ssh-dss AAAAB3NzaC1kc3M=",
            &format!("from=\"10.0.0.1\" {good}"),
            &format!("from=\"*\",no-pty {good}"),
            &format!("no-pty,from=\"*\" {good}"),
            &format!("from=\"*\"{good}"),
            &format!("from=\"* {good}"),
            &format!("cert-authority {good}"),
            &good.replacen("ssh-ed25519", "ssh-rsa", 1),
            &line("ssh-ed25519", &[&[1; 31]]),
            &line("ssh-ed25519", &[&[1; 32], b"more"]),
            &line("ssh-rsa", &[&[1, 0, 1], &[]]),
            &line("ssh-rsa", &[&[0x80], &[1]]),
        ] {
            assert!(authorized::keys(text, None).is_empty(), "{text}");
        }
        let many = format!("{good}\n").repeat(100);
        assert_eq!(authorized::keys(&many, None).len(), 64);
    }
}

//! Signed tokens: what holds, and everything that does not.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use serde_json::{Value as Json, json};
use wayfare::Timestamp;
use wayfare_wire::{
    jose::{
        Algorithm, Entry, Expected, KeySet, Refused, SigningKey, TOKEN_BYTES_MAX, Typ,
        VerifyingKey, read_jwks,
    },
    json::Bounds,
};

// Made with openssl for this test alone.
const RSA: &str = "\
MIIEowIBAAKCAQEA1OygSJ+5jPWg4dfuI1uhrIgVwkb8nx/swU3t+tz+mIoOxJbIO6QvfKlmF2eawVZmsZ+jVdp1JMo7x1KTRGWg\
    uDSVJMvGIaDDnVtKX1Y+lTELRbSoPBGLcf04hsSmAk8/t3VZNrEtQSmU/ZRPsN+6AXxpda9H+7RQx5WR4dZ4gDQCHcYbeoWP9YRB\
    86f3dm1oThdV8sgVzniCzVWP6YLCAqWATIDnk2SBj3sF0laF8qco0+zRCBXxxl2oisTxMT8g9Y0zL+kisCyMFOKYCC66Bp2cfXG3\
    mea+Xcto0g3IZM+dxHhOGNxWBa/4qojgtzEoQa9NxIAjTfjm9EU2RPbRcQIDAQABAoIBACmJk+c3CaqfDGiiiDlrmcmfrqb81DFy\
    t+wp+MAUtrIpVKIzTBKegAkQvvLX6k/HPDdwjhukh2/K6AiFamdQcB8fWu0Xt6o9w4uCEKsylvjh3XIWwS8euRZesNVRrZULwsFW\
    ajYKMGri4sbpVPaLXq0FiUlFDYTj81JMMm5dOZrArzcSMTkBB3O8X0czgoC4NnxlEV63YrHhIj16Fn054Z/CeJrId8AhBa2WJCit\
    QrTFyBhg87Tv2DaOv8+4x5cJoK4A79lTIAbcrdq0fDg9QA0yQIEGT6pEDva7hNsqhiNpEud8VwHXPg7Sx7S50jQ7U9ReD0T5GTGJ\
    AHy5BqH7XKUCgYEA/WQ9SgFVe2ZdLEtuNgrX1porYGYXfaQZJEM4JvDOX4Rx0LhnEwoZkybvB25Rq4EPDG/uhJ8IsESqfFJrtcGX\
    WtDb1KgrDtJb96ClIexFuYXfWG0Rmti0LrwniLqz/wn7O1mHNY3+BAhYTYUXquxxV664ox2eV0sLZtSnLk+7Cf8CgYEA1x2+ZSmc\
    CaavCyxifTxaxrFY/d0WxBJZChu9LY47gY56pEe63kaZXfeJvHUCrt87oAqq8Geee6qwTU85OnqLNMfFiSzL4wJsbZ7xfmydhxd5\
    SoGIIBtoo8yZz9GFc52ah8Uz4mAX48d2afrSXYmaMH4Z72lsMh5Q4GG+miYrxI8CgYBl7/aMGB9IhnTDRhEvYotURS9gF5IptGN8\
    6CHl4IhVetXCzvyAd1a0kTwl9Cac5U2lhj4hUk1PhEBFxW6ZbykxmsZlNcYkr1HaO+FS1VdzfDzOuQoVDkrmZkFNSzbwShas2KaB\
    T/85phXIEdvkojwytxKGZHr3yTPsCW68Pc0UBwKBgAqa9csI/R9gr1qOqqBf/F21WpzRbJDoEqmz6mS3kWl2u8cjnivdMSx3yruW\
    zTYP3WGrhPfrM94G8UAuerTOW9STUMLNiZO8h9nzrxY7hpylZJ5uumZS05rXuHGNc9XaXEb7Su6LLEJXkBfzfLGN2iMv5FlwShxC\
    cFxPlVUGMrwzAoGBAL+ByUWZ+04X8dwubpBOkC+plCCRfIJP9oXfGgBqJTHHbAqzOeTvSJurt1v/LMekPUZVc5wRmU6/e5L5IUy0\
    WqUFBJq8xvwvOqJgZ4rXGAWUE5HG6g5SpH9Cco+tpDA+5nnJZPg+phds9ifH9Ffl+7+GoYmAvs7IMo4VVfkMDRzL";

const NOW: Timestamp = Timestamp(1_000_000);

fn der(algorithm: Algorithm) -> Vec<u8> {
    let random = SystemRandom::new();
    match algorithm {
        Algorithm::EdDsa => Ed25519KeyPair::generate_pkcs8(&random)
            .unwrap()
            .as_ref()
            .to_vec(),
        Algorithm::Es256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)
            .unwrap()
            .as_ref()
            .to_vec(),
        Algorithm::Rs256 => STANDARD.decode(RSA).unwrap(),
        Algorithm::Hs256 => vec![7; 32],
    }
}

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::new(algorithm, Some("k1".to_owned()), &der(algorithm)).unwrap()
}

fn claims() -> Json {
    json!({"iss": "https://here", "aud": "app", "sub": "demo", "exp": 1_100, "iat": 1_000})
}

const EXPECTED: Expected<'static> = Expected {
    typ: Typ::Is("at+jwt"),
    issuer: Some("https://here"),
    audience: &["app"],
    algorithms: &Algorithm::ALL,
    leeway: 0,
};

fn verified(key: &SigningKey, token: &str) -> Result<Json, Refused> {
    EXPECTED
        .verify([key.verifying()], token, NOW)
        .map(|verified| verified.claims.into())
}

/// A token of any header and claims, by a shared secret.
fn by_secret(header: &str, claims: &str, secret: &[u8]) -> String {
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let text = parts.join(".");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(tag))
}

#[test]
fn every_algorithm_signs_what_it_verifies() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let token = key.sign("at+jwt", &claims()).unwrap();
        assert_eq!(verified(&key, &token), Ok(claims()), "{}", algorithm.name());
        for other in Algorithm::ALL {
            let other = SigningKey::new(
                other,
                Some("k1".to_owned()),
                &match other {
                    Algorithm::Hs256 => vec![8; 32],
                    // The one key of the test.
                    Algorithm::Rs256 if algorithm == other => continue,
                    other => der(other),
                },
            );
            assert_eq!(
                verified(&other.unwrap(), &token),
                Err(Refused::Signature),
                "{}",
                algorithm.name()
            );
        }
    }
}

/// RFC 8725 §3.1: the caller says which algorithms there are. RFC 7515: every bit is signed.
#[test]
fn a_changed_bit_is_refused() {
    for algorithm in Algorithm::ALL {
        let key = key(algorithm);
        let token = key.sign("at+jwt", &claims()).unwrap();
        for at in 0..token.len() {
            for bit in 0..7 {
                let mut bytes = token.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let changed = String::from_utf8(bytes).unwrap();
                assert!(verified(&key, &changed).is_err(), "{at} {bit} {changed}");
            }
        }
        for more in [
            format!("{token}="),
            format!("{token}."),
            format!(".{token}"),
            format!(" {token}"),
            format!("{token}\n"),
            token.rsplit_once('.').unwrap().0.to_owned(),
            format!("{}.", token.rsplit_once('.').unwrap().0),
            String::new(),
            "..".to_owned(),
        ] {
            assert!(verified(&key, &more).is_err(), "{more}");
        }
    }
}

/// RFC 8725 §2.1, §3.1 and §3.2: no `none`, and no public key as a secret.
#[test]
fn no_token_says_how_it_is_read() {
    let text = claims().to_string();
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let key = key(algorithm);
        let jwk = key.verifying().jwk().unwrap();
        let public = jwk
            .get("n")
            .or_else(|| jwk.get("x"))
            .and_then(Json::as_str)
            .unwrap()
            .to_owned();
        let raw = URL_SAFE_NO_PAD.decode(&public).unwrap();
        for name in ["none", "None", "nOnE", "HS256", "HS384", "hs256", ""] {
            for secret in [&b""[..], public.as_bytes(), &raw] {
                let header = format!(r#"{{"alg":"{name}","typ":"at+jwt","kid":"k1"}}"#);
                let token = by_secret(&header, &text, secret);
                assert!(verified(&key, &token).is_err(), "{name}");
                let unsigned = token.rsplit_once('.').unwrap().0.to_owned() + ".";
                assert!(verified(&key, &unsigned).is_err(), "{name}");
            }
        }
        let token = key.sign("at+jwt", &claims()).unwrap();
        let only = Expected {
            algorithms: &[Algorithm::Hs256],
            ..EXPECTED
        };
        let refused = only.verify([key.verifying()], &token, NOW);
        assert_eq!(refused.unwrap_err(), Refused::Algorithm);
    }
}

/// RFC 8725 §3.10 and §3.11: what a header brings along is not followed, and the kind is told apart.
#[test]
fn a_header_is_plain() {
    let key = key(Algorithm::Hs256);
    let with = |header: &str| verified(&key, &by_secret(header, &claims().to_string(), &[7; 32]));
    assert!(with(r#"{"alg":"HS256","typ":"at+jwt"}"#).is_ok());
    assert!(with(r#"{"alg":"HS256","typ":"application/AT+JWT","kid":"k1","cty":"x"}"#).is_ok());
    for (header, why) in [
        (r#"{"alg":"HS256"}"#, Refused::Typ),
        (r#"{"alg":"HS256","typ":"JWT"}"#, Refused::Typ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","kid":"../../k1"}"#,
            Refused::Signature,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","kid":7}"#,
            Refused::Malformed,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","alg":"HS256"}"#,
            Refused::Malformed,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","crit":["exp"]}"#,
            Refused::Malformed,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","b64":false}"#,
            Refused::Malformed,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","zip":"DEF"}"#,
            Refused::Malformed,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","jku":"http://127.0.0.1/"}"#,
            Refused::Malformed,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","x5u":"http://127.0.0.1/"}"#,
            Refused::Malformed,
        ),
        (
            r#"{"alg":"HS256","typ":"at+jwt","jwk":{"kty":"oct","k":"AA"}}"#,
            Refused::Malformed,
        ),
        (r#"["HS256","at+jwt"]"#, Refused::Malformed),
        ("{}", Refused::Malformed),
        ("", Refused::Malformed),
    ] {
        assert_eq!(with(header), Err(why), "{header}");
    }
}

/// RFC 7519 §4.1, RFC 8725 §3.8 and §3.9; a claim of the wrong kind is no absent one (CVE-2026-25537).
#[test]
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn claims_are_strict() {
    let key = key(Algorithm::Hs256);
    let header = r#"{"alg":"HS256","typ":"at+jwt"}"#;
    let with = |claims: &str| verified(&key, &by_secret(header, claims, &[7; 32])).map(|_| ());
    let rest = r#""iss":"https://here","aud":"app""#;
    for (claims, is) in [
        (format!(r#"{{{rest},"exp":1001}}"#), Ok(())),
        (
            format!(r#"{{{rest},"exp":1001,"nbf":1000,"iat":1000}}"#),
            Ok(()),
        ),
        (format!(r#"{{{rest},"exp":1000}}"#), Err(Refused::Expired)),
        (format!("{{{rest}}}"), Err(Refused::Claim("exp"))),
        (
            format!(r#"{{{rest},"exp":null}}"#),
            Err(Refused::Claim("exp")),
        ),
        (
            format!(r#"{{{rest},"exp":"1001"}}"#),
            Err(Refused::Claim("exp")),
        ),
        (
            format!(r#"{{{rest},"exp":1001.5}}"#),
            Err(Refused::Claim("exp")),
        ),
        (
            format!(r#"{{{rest},"exp":-1}}"#),
            Err(Refused::Claim("exp")),
        ),
        (
            format!(r#"{{{rest},"exp":[1001]}}"#),
            Err(Refused::Malformed),
        ),
        (
            format!(r#"{{{rest},"exp":1e400}}"#),
            Err(Refused::Malformed),
        ),
        (
            format!(r#"{{{rest},"exp":1001,"nbf":"x"}}"#),
            Err(Refused::Claim("nbf")),
        ),
        (
            format!(r#"{{{rest},"exp":1001,"nbf":null}}"#),
            Err(Refused::Claim("nbf")),
        ),
        (
            format!(r#"{{{rest},"exp":1001,"iat":{{}}}}"#),
            Err(Refused::Claim("iat")),
        ),
        (
            format!(r#"{{{rest},"exp":1001,"nbf":1001}}"#),
            Err(Refused::Early),
        ),
        (
            format!(r#"{{{rest},"exp":1001,"iat":1001}}"#),
            Err(Refused::Early),
        ),
        (
            format!(r#"{{{rest},"exp":1001,"exp":1001}}"#),
            Err(Refused::Malformed),
        ),
        (
            format!(r#"{{{rest},"exp":1001,"sub":7}}"#),
            Err(Refused::Claim("sub")),
        ),
        (
            r#"{"iss":"https://there","aud":"app","exp":1001}"#.into(),
            Err(Refused::Issuer),
        ),
        (r#"{"aud":"app","exp":1001}"#.into(), Err(Refused::Issuer)),
        (
            r#"{"iss":["https://here"],"aud":"app","exp":1001}"#.into(),
            Err(Refused::Claim("iss")),
        ),
        (
            r#"{"iss":"https://here","aud":"other","exp":1001}"#.into(),
            Err(Refused::Audience),
        ),
        (
            r#"{"iss":"https://here","aud":["x","app"],"exp":1001}"#.into(),
            Ok(()),
        ),
        (
            r#"{"iss":"https://here","aud":["app",7],"exp":1001}"#.into(),
            Err(Refused::Claim("aud")),
        ),
        (
            r#"{"iss":"https://here","exp":1001}"#.into(),
            Err(Refused::Audience),
        ),
        ("[]".into(), Err(Refused::Malformed)),
        ("7".into(), Err(Refused::Malformed)),
        (String::new(), Err(Refused::Malformed)),
    ] {
        assert_eq!(with(&claims), is, "{claims}");
    }
    let late = Expected {
        leeway: 5,
        ..EXPECTED
    };
    let token = by_secret(header, &format!(r#"{{{rest},"exp":996}}"#), &[7; 32]);
    assert!(late.verify([key.verifying()], &token, NOW).is_ok());
    let token = by_secret(header, &format!(r#"{{{rest},"exp":995}}"#), &[7; 32]);
    assert!(late.verify([key.verifying()], &token, NOW).is_err());
    let long = format!(
        r#"{{{rest},"exp":1001,"x":"{}"}}"#,
        "x".repeat(TOKEN_BYTES_MAX)
    );
    assert_eq!(with(&long), Err(Refused::Malformed));
    let deep = format!(
        r#"{{{rest},"exp":1001,"x":{}{}}}"#,
        "[".repeat(64),
        "]".repeat(64)
    );
    assert_eq!(with(&deep), Err(Refused::Malformed));
}

/// RFC 7517 §5 and RFC 7638: what is published is read back and verifies; secrets are never published.
#[test]
fn published_keys_verify() {
    let entries = Algorithm::ALL.map(|algorithm| Entry {
        key: SigningKey::new(algorithm, None, &der(algorithm)).unwrap(),
        from: Timestamp(0),
        until: None,
    });
    let set = KeySet::new(entries.to_vec());
    let text = set.jwks(NOW).to_string();
    assert!(!text.contains("oct") && !text.contains("\"k\"") && !text.contains("\"d\""));
    let read = read_jwks(text.as_bytes(), Bounds::default()).unwrap();
    assert_eq!(read.len(), 3);
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        let signing = set.signing(Some(algorithm), NOW).unwrap();
        assert_eq!(signing.kid(), signing.verifying().thumbprint().as_deref());
        let token = signing.sign("at+jwt", &claims()).unwrap();
        let verified = EXPECTED.verify(&read, &token, NOW).unwrap();
        assert_eq!(verified.kid.as_deref(), signing.kid());
        assert_eq!(verified.algorithm, algorithm);
    }
    // The example of RFC 7638 §3.1.
    let example = json!({"kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRX\
              jBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSq\
              zs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHa\
              Q-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
    let example = VerifyingKey::from_jwk(&example).unwrap();
    assert_eq!(
        example.thumbprint().as_deref(),
        Some("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    );
    assert_eq!(example.kid(), Some("2011-04-29"));
}

#[test]
fn keys_of_no_use_are_left_out() {
    let good = key(Algorithm::EdDsa).verifying().jwk().unwrap();
    assert!(VerifyingKey::from_jwk(&good).is_some());
    let changed = |name: &str, value: Json| {
        let mut jwk = good.clone();
        jwk.as_object_mut().unwrap().insert(name.to_owned(), value);
        VerifyingKey::from_jwk(&jwk)
    };
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("ES256")),
        ("alg", json!(7)),
        ("key_ops", json!(["sign"])),
        ("crv", json!("X25519")),
        ("crv", json!("P-256")),
        ("kty", json!("oct")),
        ("x", json!("AA")),
        ("x", json!(7)),
        ("kid", json!(7)),
    ] {
        assert!(changed(name, value.clone()).is_none(), "{name} {value}");
    }
    for small in [
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        json!([]),
        json!("x"),
    ] {
        assert!(VerifyingKey::from_jwk(&small).is_none());
    }
    assert!(SigningKey::new(Algorithm::Hs256, None, &[7; 31]).is_err());
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        assert!(SigningKey::new(algorithm, None, b"no key").is_err());
    }
    for set in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(
            read_jwks(set.as_bytes(), Bounds::default()).is_none(),
            "{set}"
        );
    }
}

/// A new key is published before it signs, and an old one verifies until its last token has expired.
#[test]
fn rotation_leaves_no_gap() {
    let entry = |kid: &str, fill, from, until: Option<u64>| Entry {
        key: SigningKey::new(Algorithm::Hs256, Some(kid.to_owned()), &[fill; 32]).unwrap(),
        from: Timestamp(from),
        until: until.map(Timestamp),
    };
    let set = KeySet::new(vec![
        entry("new", 2, 2_000_000, None),
        entry("old", 1, 0, Some(3_000_000)),
    ]);
    let expected = Expected {
        issuer: None,
        audience: &[],
        ..EXPECTED
    };
    for (now, signs, verifying) in [
        (1_000, "old", vec!["new", "old"]),
        (1_999, "old", vec!["new", "old"]),
        (2_000, "new", vec!["new", "old"]),
        (2_999, "new", vec!["new", "old"]),
        (3_000, "new", vec!["new"]),
    ] {
        let now = Timestamp(now * 1_000);
        let key = set.signing(None, now).unwrap();
        assert_eq!(key.kid(), Some(signs), "{now:?}");
        let names: Vec<_> = set.verifying(now).filter_map(VerifyingKey::kid).collect();
        assert_eq!(names, verifying, "{now:?}");
        let token = key
            .sign("at+jwt", &json!({"exp": now.0 / 1_000 + 1}))
            .unwrap();
        assert!(set.verify(&token, &expected, now).is_ok());
    }
    // The old key's token is not taken past its end, even where it says that it lasts longer.
    let old = set.signing(None, Timestamp(0)).unwrap();
    let token = old.sign("at+jwt", &json!({"exp": 9_000})).unwrap();
    assert!(set.verify(&token, &expected, Timestamp(2_999_999)).is_ok());
    assert!(set.verify(&token, &expected, Timestamp(3_000_000)).is_err());
    assert!(set.signing(Some(Algorithm::EdDsa), NOW).is_none());
    assert!(KeySet::default().signing(None, NOW).is_none());
}

//! The token of a step, bent: A01 to A05.

use std::net::TcpListener;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value as Json, json};

use super::{
    forge::{HEADER, b64, claims, forged, hs256, parts, signing_key, slice},
    pipe,
    world::{ALPHA, BAD_JSON, BAD_SIGNATURE, MALFORMED, Refused, World, bad},
};
use crate::support::{Client, filled};

/// The right answer to a first step of `Login`, with another token in it.
fn bent(step: &Json, token: &str) -> String {
    let mut step = filled(step, &["demo".into(), ALPHA.into()]);
    step["authId"] = token.into();
    step.to_string()
}

fn token(step: &Json) -> String {
    step["authId"].as_str().expect("a token").to_owned()
}

/// Whether every part of a token is base64url.
fn decodes(token: &str) -> bool {
    token
        .split('.')
        .all(|part| URL_SAFE_NO_PAD.decode(part).is_ok())
}

/// Sends one bent token to `/alpha` and holds the refusal to all that it means.
async fn refuse(world: &World, step: &Json, bent_token: &str, expected: Refused<'_>) {
    let mut client = world.client();
    let body = bent(step, bent_token);
    let path = Client::path("/alpha", "");
    let request = client.post(&path, &body);
    // Short pieces stand in any line by chance; whole tokens and passwords in none.
    let mut secrets = vec![ALPHA];
    secrets.extend((bent_token.len() > 40).then_some(bent_token));
    world.refused(request, expected, &secrets).await;
}

/// The untouched token still works: nothing of it was consumed.
async fn still_works(world: &World, step: &Json) {
    let answered = world
        .client()
        .answer(step, &["demo".into(), ALPHA.into()])
        .await;
    answered.token();
    assert_eq!(world.server.sessions(), 1);
}

#[tokio::test]
async fn a01_every_flipped_bit_of_a_token_is_refused() {
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    let good = token(&step);
    let before = world.look();
    let whole = bent(&step, &good).into_bytes();
    let at = whole
        .windows(good.len())
        .position(|window| window == good.as_bytes());
    let at = at.expect("the token stands in the body");
    let bits = good.len() * 8;
    let bodies: Vec<Vec<u8>> = (0..bits)
        .map(|bit| {
            let mut body = whole.clone();
            body[at + bit / 8] ^= 1 << (bit % 8);
            body
        })
        .collect();
    let answers = pipe::post_all(world.server.running.address(), &bodies).await;
    let mut seen = [0_usize; 3];
    for (bit, answer) in answers.iter().enumerate() {
        let read = serde_json::from_slice::<Json>(&bodies[bit]);
        let (which, expected) = match read.as_ref().map(|json| json["authId"].as_str()) {
            Ok(Some(text)) if text.matches('.').count() == 2 && decodes(text) => (1, BAD_SIGNATURE),
            Ok(_) => (2, MALFORMED),
            Err(_) => (0, BAD_JSON),
        };
        seen[which] += 1;
        assert_eq!(
            (answer.0, &*String::from_utf8_lossy(&answer.1)),
            (expected.status, &*expected.body()),
            "bit {bit}"
        );
    }
    assert!(seen.iter().all(|count| *count > 100), "{seen:?}");
    let after = world.look();
    after.assert_unchanged(&before);
    assert_eq!(
        after.audit.len(),
        before.audit.len() + bits,
        "one line each"
    );
    for line in &after.audit[before.audit.len()..] {
        assert_eq!(line["eventName"], "AM-ACCESS-OUTCOME");
        assert!(!line.to_string().contains(slice(&good, 40, 80)), "{line}");
    }
    // Bits of the last character of each part that stand for nothing must be as they were written.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let ends = [
        parts(&good)[0].len(),
        parts(&good)[0].len() + parts(&good)[1].len() + 1,
        good.len(),
    ];
    for end in ends {
        for other in alphabet
            .chars()
            .filter(|c| slice(&good, end - 1, end) != c.to_string())
        {
            let mut changed = good.clone();
            changed.replace_range(end - 1..end, &other.to_string());
            let expected = if decodes(&changed) {
                BAD_SIGNATURE
            } else {
                MALFORMED
            };
            let reply = world
                .client()
                .post(&Client::path("/alpha", ""), &bent(&step, &changed))
                .await;
            assert_eq!(
                (reply.status, reply.text()),
                (400, &*expected.body()),
                "{other} at {end}"
            );
        }
    }
    world.look().assert_unchanged(&before);
    still_works(&world, &step).await;
}

#[tokio::test]
async fn a02_other_forms_of_a_token_are_refused() {
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    let good = token(&step);
    let [header, payload, signature] = parts(&good);
    let key = signing_key(&world, "alpha");
    for alg in ["none", "None", "nOnE", "NONE"] {
        let other = b64(format!(r#"{{"typ":"JWT","alg":"{alg}"}}"#));
        refuse(&world, &step, &format!("{other}.{payload}."), BAD_SIGNATURE).await;
        let resigned = hs256(&key, &format!("{other}.{payload}"));
        refuse(
            &world,
            &step,
            &format!("{other}.{payload}.{resigned}"),
            BAD_SIGNATURE,
        )
        .await;
    }
    refuse(
        &world,
        &step,
        &format!("{header}.{payload}."),
        BAD_SIGNATURE,
    )
    .await;
    for malformed in [
        String::new(),
        ".".to_owned(),
        "..".to_owned() + ".",
        format!("{header}.{payload}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{header}.{payload}=.{signature}"),
        format!(" {good}"),
        format!("{good} "),
        format!("{good}\n"),
        format!("{header}. {payload}.{signature}"),
        format!("{header}.{payload}\t.{signature}"),
        format!("{header}.{payload}.{signature}+"),
        format!("{header}.{payload}.{signature}\u{0}"),
        "a".repeat(8_193),
    ] {
        refuse(&world, &step, &malformed, MALFORMED).await;
    }
    still_works(&world, &step).await;
}

#[tokio::test]
async fn a03_other_headers_are_refused_and_nothing_is_fetched() {
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    let good = token(&step);
    let said = claims(&good);
    let key = signing_key(&world, "alpha");
    assert_eq!(
        forged(HEADER, &said, &key),
        good,
        "the test signs as the server does"
    );
    let listener = TcpListener::bind("127.0.0.1:0").expect("a listener");
    listener
        .set_nonblocking(true)
        .expect("a listener that does not wait");
    let address = listener.local_addr().expect("an address");
    let public = b"-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    for header in [
        r#"{"typ":"JWT","alg":"HS384"}"#.to_owned(),
        r#"{"typ":"JWT","alg":"RS256"}"#.to_owned(),
        r#"{"typ":"JWT","alg":"ES256"}"#.to_owned(),
        r#"{"alg":"HS256","typ":"JWT"}"#.to_owned(),
        r#"{"typ":"JWT", "alg":"HS256"}"#.to_owned(),
        r#"{"typ":"JWT","alg":"HS256","kid":"../../../../dev/null"}"#.to_owned(),
        r#"{"typ":"JWT","alg":"HS256","kid":"x' UNION SELECT 'key"}"#.to_owned(),
        format!(r#"{{"typ":"JWT","alg":"HS256","jku":"http://{address}/jwks"}}"#),
        format!(r#"{{"typ":"JWT","alg":"HS256","x5u":"http://{address}/chain"}}"#),
        r#"{"typ":"JWT","alg":"HS256","jwk":{"kty":"oct","k":""}}"#.to_owned(),
    ] {
        for key in [&key[..], b"", public] {
            refuse(&world, &step, &forged(&header, &said, key), BAD_SIGNATURE).await;
        }
    }
    for key in [&b""[..], public] {
        refuse(&world, &step, &forged(HEADER, &said, key), BAD_SIGNATURE).await;
    }
    let asked = listener.accept().expect_err("nobody came");
    assert_eq!(asked.kind(), std::io::ErrorKind::WouldBlock);
    still_works(&world, &step).await;
}

#[tokio::test]
async fn a04_signed_claims_of_another_type_are_refused() {
    let world = World::new().await;
    let step = world.client().begin("Login").await.step();
    let good = token(&step);
    let said = claims(&good);
    let key = signing_key(&world, "alpha");
    let map: serde_json::Map<String, Json> = serde_json::from_str(&said).expect("JSON");
    let mut tried = 0;
    for name in ["exp", "iat", "nbf", "realm", "sessionId", "otk"] {
        let own = map.get(name).cloned().unwrap_or(json!(1_800_000_300));
        let values = [
            None,
            Some("null".to_owned()),
            Some(format!(
                "\"{}\"",
                own.to_string().trim_matches('"').to_owned() + "0"
            )),
            Some("1800000300.0".to_owned()),
            Some("-1".to_owned()),
            Some("1e400".to_owned()),
            Some("18446744073709551616".to_owned()),
            Some(format!("[{own}]")),
            Some("{}".to_owned()),
            Some("true".to_owned()),
        ];
        for value in values {
            if name == "nbf" && value.is_none() {
                continue;
            }
            let members = map.iter().filter(|(key, _)| *key != name);
            let mut members: Vec<String> = members
                .map(|(key, value)| format!("\"{key}\":{value}"))
                .collect();
            members.extend(value.map(|value| format!("\"{name}\":{value}")));
            let bent = forged(HEADER, &format!("{{{}}}", members.join(",")), &key);
            refuse(&world, &step, &bent, BAD_SIGNATURE).await;
            tried += 1;
        }
    }
    assert_eq!(tried, 59);
    for changed in [
        said.replace("\"exp\":", "\"exp\":1,\"exp\":"),
        said.replacen('{', "{ ", 1),
        said.clone() + " ",
        said.replace("/alpha", "\\/alpha"),
        said.replace("/alpha", "/beta"),
        said.replace("/alpha", "/ALPHA"),
    ] {
        assert_ne!(changed, said);
        refuse(
            &world,
            &step,
            &forged(HEADER, &changed, &key),
            BAD_SIGNATURE,
        )
        .await;
    }
    still_works(&world, &step).await;
}

#[tokio::test]
async fn a05_a_step_of_one_realm_is_no_step_of_another() {
    let world = World::new().await;
    let step = world.client().begin("").await.step();
    let body = bent(&step, &token(&step));
    let contradicts = bad("Invalid realm, /beta");
    for (path, expected) in [
        (Client::path("/beta", ""), BAD_SIGNATURE),
        (Client::path("/alpha", "realm=/beta"), contradicts),
        (
            "/am/json/authenticate?realm=/beta".to_owned(),
            BAD_SIGNATURE,
        ),
        ("/am/json/beta/authenticate".to_owned(), BAD_SIGNATURE),
        (Client::path("/", ""), BAD_SIGNATURE),
    ] {
        let mut client = world.client();
        let request = client.post(&path, &body);
        world
            .refused(request, expected, &[ALPHA, &token(&step)])
            .await;
    }
    // Even with the keys of both realms at hand, a token that names its realm is of that realm alone.
    let said = claims(&token(&step)).replace("/alpha", "/beta");
    let moved = forged(HEADER, &said, &signing_key(&world, "beta"));
    let mut client = world.client();
    let body = bent(&step, &moved);
    let path = Client::path("/beta", "");
    let request = client.post(&path, &body);
    world
        .refused(request, BAD_SIGNATURE, &[ALPHA, &moved])
        .await;
    still_works(&world, &step).await;
}

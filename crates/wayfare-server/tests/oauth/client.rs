//! Clients that say who they are by a token of their own (RFC 7523, OpenID Connect Core §9).

use std::sync::OnceLock;

use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::{Value as Json, json};
use wayfare_wire::jose::{Algorithm, KeySet, SigningKey};

use super::stage::{SECRET, basic, post, stage, text};
use crate::support::BEGIN;

const ISSUER: &str = "https://id.example.com/am/oauth2/realms/root/realms/alpha";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The key of the client of the tests.
fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(other_key)
}

fn other_key() -> SigningKey {
    let random = SystemRandom::new();
    let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
    SigningKey::new(Algorithm::Es256, None, made.expect("a key").as_ref()).expect("a key")
}

/// The keys that the server knows the client by.
pub(crate) fn jwks() -> Json {
    KeySet::of(key().clone()).jwks(BEGIN)
}

fn assertion(change: impl FnOnce(&mut Json)) -> String {
    let now = BEGIN.0 / 1_000;
    let mut claims = json!({
        "iss": "signs", "sub": "signs", "aud": ISSUER, "jti": "one", "iat": now, "exp": now + 60,
    });
    change(&mut claims);
    key().sign("JWT", &claims).expect("a token")
}

#[tokio::test]
async fn a_client_signs_who_it_is_once() {
    let server = stage().await;
    let client = server.client();
    let with = async |token: &str, more: &[(&str, &str)]| {
        let own = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TYPE),
            ("client_assertion", token),
        ];
        let pairs: Vec<_> = own.iter().chain(more).copied().collect();
        post(&client, "/access_token", &pairs).await
    };
    let token = assertion(|_| ());
    let reply = with(&token, &[("client_id", "signs")]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    // RFC 7523 §3: the same one again is somebody else's.
    let again = with(&token, &[]).await;
    assert_eq!(
        (again.status, text(&again.json(), "error")),
        (401, "invalid_client")
    );
    let endpoint = assertion(|claims| {
        claims["aud"] = json!([format!("{ISSUER}/access_token")]);
        claims["jti"] = json!("two");
    });
    assert_eq!(with(&endpoint, &[]).await.status, 200);
    let now = BEGIN.0 / 1_000;
    for (name, value) in [
        ("iss", json!("service")),
        ("sub", json!("service")),
        ("aud", json!("https://elsewhere.example.com")),
        ("aud", Json::Null),
        ("exp", json!(now - 31)),
        ("exp", json!(now + 3_600)),
        ("exp", Json::Null),
        ("jti", json!("")),
        ("jti", Json::Null),
        ("nbf", json!(now + 60)),
    ] {
        let token = assertion(|claims| {
            claims["jti"] = json!(format!("{name} {value}"));
            claims[name] = value.clone();
        });
        let reply = with(&token, &[]).await;
        assert_eq!(
            (reply.status, text(&reply.json(), "error")),
            (401, "invalid_client"),
            "{name} {value}"
        );
    }
    let claims = json!({
        "iss": "signs", "sub": "signs", "aud": ISSUER, "jti": "x", "iat": now, "exp": now + 60,
    });
    let foreign = other_key().sign("JWT", &claims).unwrap();
    assert_eq!(with(&foreign, &[]).await.status, 401);
    // It has no secret, and no other way counts.
    for (id, secret) in [("signs", SECRET), ("signs", "")] {
        let client = basic(&client, id, secret);
        let reply = post(
            &client,
            "/access_token",
            &[("grant_type", "client_credentials")],
        )
        .await;
        assert_eq!(reply.status, 401);
    }
}

/// RFC 6749 §2.3 and §5.2.
#[tokio::test]
async fn who_a_client_is_is_said_in_one_way() {
    let server = stage().await;
    let client = server.client();
    let grant = ("grant_type", "client_credentials");
    let wrong = basic(&client, "service", "not the secret of it");
    let reply = post(&wrong, "/access_token", &[grant]).await;
    assert_eq!(
        (reply.status, text(&reply.json(), "error")),
        (401, "invalid_client")
    );
    assert!(
        reply
            .header("www-authenticate")
            .unwrap()
            .starts_with("Basic ")
    );
    let unknown = basic(&client, "nobody", SECRET);
    let other = post(&unknown, "/access_token", &[grant]).await;
    assert_eq!((other.status, other.text()), (reply.status, reply.text()));
    let in_form = [grant, ("client_id", "service"), ("client_secret", "no")];
    let reply = post(&client, "/access_token", &in_form).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("www-authenticate"), None);
    let service = basic(&client, "service", SECRET);
    for (client, pairs, error) in [
        (
            &service,
            vec![grant, ("client_secret", SECRET)],
            "invalid_request",
        ),
        (
            &service,
            vec![grant, ("client_id", "app")],
            "invalid_request",
        ),
        (
            &service,
            vec![grant, ("client_assertion", "x")],
            "invalid_request",
        ),
        (&client, vec![grant], "invalid_client"),
        (
            &client,
            vec![grant, ("client_id", "service")],
            "invalid_client",
        ),
        (
            &client,
            vec![grant, ("client_id", "app"), ("client_secret", SECRET)],
            "invalid_client",
        ),
        (
            &client,
            vec![grant, ("client_id", "app"), ("client_id", "app")],
            "invalid_request",
        ),
        (
            &client,
            vec![grant, ("client_assertion", "x")],
            "invalid_request",
        ),
        (
            &basic(&client, "api", SECRET),
            vec![grant],
            "invalid_client",
        ),
        (&basic(&client, "app", ""), vec![grant], "invalid_client"),
        // RFC 7591 §2: the way that is registered, and no other.
        (
            &client,
            vec![grant, ("client_id", "service"), ("client_secret", SECRET)],
            "invalid_client",
        ),
    ] {
        let reply = post(client, "/access_token", &pairs).await;
        assert_eq!(text(&reply.json(), "error"), error, "{pairs:?}");
    }
    for header in [
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic YQ==",
        "Bearer x",
        "Basic YTpiOmM= x",
    ] {
        let client = client.clone().header("Authorization", header);
        let reply = post(&client, "/access_token", &[grant]).await;
        assert_eq!(reply.status, 401, "{header}");
    }
}

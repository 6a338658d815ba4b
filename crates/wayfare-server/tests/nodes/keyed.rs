//! Keys and certificates: the keys that the settings of the realm allow, and no others.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value as Json, json};
use wayfare::{Registry, ScriptAction, Value};
use wayfare_server::config::{Config, SecretSource};

use super::{after_login, from_first, info, log_in, says};
use crate::support::{TestServer, alpha};

const LABEL: &str = "am.authentication.nodes.jwt.replay.gateway.encryption";
const FILE: &str = "@BASE_DIR@/security/keys/amster/authorized_keys";
/// Made with openssl; its subject is `CN=demo`, among others.
const CERTIFICATE: &str = "MIICMjCCAdigAwIBAgIUdklVrLPTRc63l7M1Ckhqg/vmExcwCgYIKoZIzj0EAwIwgYAxFzAVBgoJkiaJk/IsZAEZFgdleGFtcGxlMRMwEQYDVQQKDApBY21lLCBJbmMuMQ0wCwYDVQQDDARkZW1vMRMwEQYKCZImiZPyLGQBAQwDdS03MR8wHQYJKoZIhvcNAQkBFhBkZW1vQGV4YW1wbGUuY29tMQswCQYDVQQFEwJTMTAgFw0yNjExMjIxMzA5MDFaGA8yMTI2MTAyOTEzMDkwMVowgYAxFzAVBgoJkiaJk/IsZAEZFgdleGFtcGxlMRMwEQYDVQQKDApBY21lLCBJbmMuMQ0wCwYDVQQDDARkZW1vMRMwEQYKCZImiZPyLGQBAQwDdS03MR8wHQYJKoZIhvcNAQkBFhBkZW1vQGV4YW1wbGUuY29tMQswCQYDVQQFEwJTMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNFXdyz0XXkcs7X6W/8UkCHRgDMsfgLVa53BDQJb9lfL/knD7qC85dvofMYDMAzrYFmgLtwYauQVFR6uGiVm9E6jLDAqMAkGA1UdEwQCMAAwHQYDVR0OBBYEFCgk5pUnLA8fFkgRQnY/rDubetUWMAoGCCqGSM49BAMCA0gAMEUCIQDO8hN7h3Q6U5tYxuFNA+LGc3jEwgwCwoBUz0msg2Wr3QIgAQ/54TnUOCKXylNBBJ+eTl1bmezCTDJZVFD8Zr34IFE=";

#[tokio::test]
async fn a_password_is_kept_for_whoever_has_the_key() {
    let journey = after_login(
        "failure",
        r#"  node next: JwtPasswordReplay {
    encryptionKeySecretLabelIdentifier = "gateway"
    jwtSessionProperty = "replay"
    -> success
    on error -> broken
  }
  node broken: SetFailureDetails(failureMessage = { en = "broken" }) -> failure"#,
    );
    let serve = async |key: Option<&str>| {
        TestServer::with(|config, folder| {
            let journeys = folder.join("journeys");
            crate::support::write_all(&journeys, &[("login.journey", &journey)]);
            *config = config.clone().with_journeys(journeys);
            let settings = config.realms.get_mut(&alpha()).unwrap();
            settings.session.properties = ["replay".to_owned()].into();
            if let Some(key) = key {
                let path = folder.join("gateway.pem");
                std::fs::write(&path, key).unwrap();
                let source = SecretSource::File(path);
                settings.replay_keys.insert(LABEL.to_owned(), source);
            }
        })
        .await
    };
    let pem = "-----BEGIN AES SECRET KEY-----\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n-----END AES SECRET KEY-----\n";
    let server = serve(Some(pem)).await;
    let mut client = server.client();
    log_in(&mut client).await.token();
    let shown = info(&mut client).await;
    let sealed = shown["properties"]["replay"].as_str().unwrap();
    let parts: Vec<&str> = sealed.split('.').collect();
    assert_eq!(parts.len(), 5, "{sealed}");
    let header = URL_SAFE_NO_PAD.decode(parts[0]).unwrap();
    let header: Json = serde_json::from_slice(&header).unwrap();
    assert_eq!(
        header,
        json!({ "typ": "JWT", "alg": "dir", "enc": "A128CBC-HS256" })
    );
    let written = server.everything_written();
    let password = b"Ch4ng31t";
    assert!(
        !written
            .windows(password.len())
            .any(|piece| piece == password)
    );
    for key in [None, Some("AAEC")] {
        let server = serve(key).await;
        let refused = log_in(&mut server.client()).await;
        assert_eq!(refused.status, 401, "{key:?}");
        assert_eq!(refused.json()["message"], "broken");
    }
}

/// A server that asks a tool, then for the password of whoever it names; with keys where there are any.
async fn asking(keys: Option<&str>) -> TestServer {
    let journey = from_first(
        r#"  node first: AmsterJwtDecision {
    true -> password
    false -> nobody
    on error -> broken
  }
  node nobody: SetFailureDetails(failureMessage = { en = "nobody" }) -> failure
  node broken: SetFailureDetails(failureMessage = { en = "broken" }) -> failure
  node password: PasswordCollector -> check
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }"#,
    );
    TestServer::with(|config: &mut Config, folder| {
        let journeys = folder.join("journeys");
        crate::support::write_all(&journeys, &[("login.journey", &journey)]);
        *config = config.clone().with_journeys(journeys);
        if let Some(keys) = keys {
            let path = folder.join("authorized_keys");
            std::fs::write(&path, keys).unwrap();
            let settings = config.realms.get_mut(&alpha()).unwrap();
            settings.authorized_keys.insert(FILE.to_owned(), path);
        }
    })
    .await
}

fn tool() -> (Ed25519KeyPair, String) {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
    let mut blob = Vec::new();
    for field in [&b"ssh-ed25519"[..], pair.public_key().as_ref()] {
        blob.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
        blob.extend(field);
    }
    let blob = base64::engine::general_purpose::STANDARD.encode(blob);
    (pair, format!("# tools\nssh-ed25519 {blob} tool\n"))
}

fn token(pair: &Ed25519KeyPair, claims: &Json) -> Json {
    let parts = [json!({ "alg": "EdDSA" }), claims.clone()];
    let parts = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let text = parts.join(".");
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(text.as_bytes()).as_ref());
    json!(format!("{text}.{signature}"))
}

#[tokio::test]
async fn a_tool_says_with_its_key_for_whom_it_comes() {
    // AmsterJwtDecision
    let (pair, line) = tool();
    let server = asking(Some(&line)).await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    assert_eq!(step["callbacks"][0]["type"], "HiddenValueCallback");
    assert_eq!(step["callbacks"][0]["output"][1]["value"], "jwt");
    let nonce = says(&step).to_owned();
    let claims =
        |nonce: &str, sub: &str, exp: u64| json!({ "sub": sub, "nonce": nonce, "exp": exp });
    let good = token(&pair, &claims(&nonce, "demo", 9_999_999_999));
    let asked = client
        .answer(&step, std::slice::from_ref(&good))
        .await
        .step();
    assert_eq!(asked["callbacks"][0]["type"], "PasswordCallback");
    client.answer(&asked, &["Ch4ng31t".into()]).await.token();
    // The same token again, in its own step and in another run.
    let again = client.answer(&step, std::slice::from_ref(&good)).await;
    assert_eq!(again.status, 401);
    let refuses = async |make: &dyn Fn(&str) -> Json, server: &TestServer| {
        let mut client = server.client();
        let step = client.begin("").await.step();
        let reply = client.answer(&step, &[make(says(&step))]).await;
        assert_eq!(reply.status, 401, "{}", reply.text());
        reply.json()["message"].as_str().unwrap().to_owned()
    };
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
    let lies: [&dyn Fn(&str) -> Json; 6] = [
        &|_| good.clone(),
        &|nonce| token(&pair, &claims(nonce, "demo", 1)),
        &|nonce| token(&pair, &claims(nonce, "eve", 9_999_999_999)),
        &|nonce| token(&stranger, &claims(nonce, "demo", 9_999_999_999)),
        &|nonce| json!(nonce),
        &|_| json!(""),
    ];
    for lie in lies {
        assert_eq!(refuses(lie, &server).await, "nobody");
    }
    let right = |nonce: &str| token(&pair, &claims(nonce, "demo", 9_999_999_999));
    let keyless = asking(None).await;
    assert_eq!(refuses(&right, &keyless).await, "broken");
    let optional = asking(Some(
        &line.replace("ssh-ed25519 ", "from=\"10.0.0.1\" ssh-ed25519 "),
    ))
    .await;
    assert_eq!(refuses(&right, &optional).await, "nobody");
}

#[tokio::test]
async fn a_certificate_that_was_collected_names_its_user_and_lets_nobody_in() {
    // product-CertificateUserExtractor
    let mut registry = Registry::standard();
    registry
        .script("collect", |view| {
            view.put_transient("X509Certificate", Value::from(CERTIFICATE))?;
            Ok(ScriptAction::go("done"))
        })
        .unwrap();
    let journey = from_first(
        r#"  node first: ScriptedDecision {
    script = "collect"
    done -> owner
  }
  node owner: product-CertificateUserExtractor {
    EXTRACTED -> ask
    NOT_EXTRACTED -> failure
    on error -> failure
  }
  node ask: Page {
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }"#,
    );
    let server = TestServer::with_registry(registry, |config, folder| {
        let journeys = folder.join("journeys");
        crate::support::write_all(&journeys, &[("login.journey", &journey)]);
        *config = config.clone().with_journeys(journeys);
    })
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    assert_eq!(client.answer(&step, &["no".into()]).await.status, 401);
    let step = client.begin("").await.step();
    client.answer(&step, &["Ch4ng31t".into()]).await.token();
}

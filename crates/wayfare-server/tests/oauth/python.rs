//! Tokens as `PyJWT` reads them, by the keys that are published (RFC 7515, RFC 7517, RFC 9068 §4).

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value as Json, json};
use wayfare_server::clock::{Clock as _, SystemClock};
use wayfare_wire::jose::Algorithm;

use super::stage::{BASE, SECRET, basic, logged_in, post, stage_at, text, tokens};
use crate::support::alpha;

const ISSUER: &str = "https://id.example.com/am/oauth2/realms/root/realms/alpha";

fn python() -> Option<String> {
    let python = std::env::var("WAYFARE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let known = Command::new(&python)
        .args(["-c", "import jwt, cryptography"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !known {
        let required = std::env::var("WAYFARE_CLIENTS").is_ok_and(|value| value == "required");
        assert!(!required, "there is no Python with PyJWT");
        println!("skipped: there is no Python with PyJWT");
    }
    known.then_some(python)
}

/// The claims as `PyJWT` takes them, or the name of its error.
fn checked(python: &str, asked: &Json) -> Result<Json, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/verify.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python");
    let mut input = child.stdin.take().expect("an input");
    input
        .write_all(asked.to_string().as_bytes())
        .expect("an input");
    drop(input);
    let output = child.wait_with_output().expect("an end");
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("claims"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

#[tokio::test]
async fn another_library_takes_the_tokens() {
    let Some(python) = python() else {
        return;
    };
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        // PyJWT has the clock of the machine, so the server has it too.
        let server = stage_at(SystemClock.now(), |config| {
            let realm = config.realms.get_mut(&alpha()).expect("a realm");
            let oauth = realm.oauth.as_mut().expect("a provider");
            oauth.algorithms = vec![algorithm];
            for client in oauth.clients.values_mut() {
                client.algorithm = algorithm;
            }
        })
        .await;
        let mut client = logged_in(&server).await;
        let id_token = tokens(&mut client, &[]).await;
        let service = basic(&server.client(), "service", SECRET);
        let own = post(
            &service,
            "/access_token",
            &[("grant_type", "client_credentials")],
        )
        .await;
        let own = own.json();
        let jwks = client.get(&format!("{BASE}/connect/jwk_uri")).await.json();
        for (token, typ, aud) in [
            (text(&id_token, "id_token"), "JWT", "app"),
            (
                text(&own, "access_token"),
                "at+jwt",
                "https://api.example.com",
            ),
        ] {
            let mut asked = json!({
                "token": token, "jwks": jwks, "alg": algorithm.name(), "aud": aud, "iss": ISSUER,
                "typ": typ,
            });
            let claims = checked(&python, &asked);
            let claims =
                claims.unwrap_or_else(|error| panic!("{} {typ}: {error}", algorithm.name()));
            assert_eq!(claims["iss"], ISSUER);
            for (name, value) in [
                ("aud", json!("elsewhere")),
                ("iss", json!("https://elsewhere.example.com")),
                ("typ", json!("other")),
                ("token", json!(format!("{token}A"))),
            ] {
                let before = asked[name].take();
                asked[name] = value;
                assert!(checked(&python, &asked).is_err(), "{name}");
                asked[name] = before;
            }
        }
    }
}

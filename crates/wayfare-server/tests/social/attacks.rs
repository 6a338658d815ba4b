//! What must not log anybody in.

use serde_json::{Value as Json, json};
use wayfare_wire::jose::Algorithm;

use super::{
    back, parameter,
    provider::{Op, Tokens, key},
    redirect, sent, server,
};
use crate::support::{Client, Reply, TestServer};

/// Nobody is logged in, and nothing is told.
fn refused(reply: &Reply, server: &TestServer) {
    assert_eq!(reply.status, 401, "{}", reply.text());
    let wanted = json!({ "code": 401, "reason": "Unauthorized", "message": "Login failure" });
    assert_eq!(reply.json(), wanted);
    assert_eq!(server.sessions(), 0);
}

/// Comes back as a good provider sends one back, but for what `change` does.
async fn comes(
    op: &Op,
    (client, step, url): (&mut Client, &Json, &str),
    change: impl FnOnce(&mut Json),
) -> Reply {
    let mut claims = op.claims("1234", &parameter(url, "nonce"));
    change(&mut claims);
    op.then(Tokens::Id(op.token(&claims)));
    op.tells(json!({ "sub": claims["sub"] }));
    let (state, iss) = (parameter(url, "state"), op.issuer());
    let came = [
        ("code", "c"),
        ("state", state.as_str()),
        ("iss", iss.as_str()),
    ];
    back(client, step, &came).await
}

#[tokio::test]
async fn a_token_that_is_not_for_this_login_is_nobodys() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let now = crate::support::BEGIN.0 / 1_000;
    let wrong: &[(&str, Json)] = &[
        ("nonce", json!("another")),
        ("nonce", Json::Null),
        ("aud", json!("somebody")),
        ("aud", json!(["wayfare", "somebody"])),
        ("aud", Json::Null),
        ("azp", json!("somebody")),
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{}/", op.issuer()))),
        ("iss", Json::Null),
        ("exp", json!(now - 60)),
        ("exp", json!((now + 60).to_string())),
        ("exp", Json::Null),
        ("iat", json!(now + 600)),
        ("iat", Json::Null),
        ("nbf", json!(now + 600)),
        ("at_hash", json!(Algorithm::EdDsa.half_hash("another"))),
        ("at_hash", json!(Algorithm::Es256.half_hash("at"))),
        ("at_hash", json!(1)),
        ("sub", json!("")),
        ("sub", json!(1234)),
        ("sub", Json::Null),
    ];
    for (name, value) in wrong {
        let (mut client, step, url) = sent(&server).await;
        let reply = comes(&op, (&mut client, &step, &url), |claims| {
            claims[*name] = value.clone();
            let members = claims.as_object_mut().unwrap();
            members.retain(|_, value| !value.is_null());
        })
        .await;
        assert_eq!(reply.status, 401, "{name} = {value}");
        refused(&reply, &server);
    }
    // The same as it should be.
    let (mut client, step, url) = sent(&server).await;
    comes(&op, (&mut client, &step, &url), |claims| {
        claims["at_hash"] = json!(Algorithm::EdDsa.half_hash("at"));
    })
    .await
    .token();
}

#[tokio::test]
async fn a_token_that_the_provider_did_not_sign_is_nobodys() {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let encoded = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let public = op.key.verifying().jwk().unwrap();
    for kind in 0..6 {
        let (mut client, step, url) = sent(&server).await;
        let claims = op.claims("1234", &parameter(&url, "nonce"));
        let good = op.token(&claims);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let token = match kind {
            0 => format!(
                "{}.{}.",
                encoded(&json!({ "alg": "none" })),
                encoded(&claims)
            ),
            1 => key("one").sign("JWT", &claims).unwrap(),
            2 => {
                // The public key as the secret of an HMAC.
                let secret = public["x"].as_str().unwrap();
                let hmac = wayfare_wire::jose::SigningKey::new(
                    Algorithm::Hs256,
                    Some("one".to_owned()),
                    secret.as_bytes(),
                );
                hmac.unwrap().sign("JWT", &claims).unwrap()
            }
            3 => format!("{signed}."),
            4 => {
                let other = op.claims("1234", "other");
                let head = good.split('.').next().unwrap();
                format!("{head}.{}.{signature}", encoded(&other))
            }
            _ => op.key.sign("at+jwt", &claims).unwrap(),
        };
        op.then(Tokens::Id(token));
        op.tells(json!({ "sub": "1234" }));
        let (state, iss) = (parameter(&url, "state"), op.issuer());
        let came = [
            ("code", "c"),
            ("state", state.as_str()),
            ("iss", iss.as_str()),
        ];
        refused(&back(&mut client, &step, &came).await, &server);
    }
}

#[tokio::test]
async fn an_answer_to_another_run_is_none_to_this() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let iss = op.issuer();
    let (_, _, theirs) = sent(&server).await;
    let theirs = parameter(&theirs, "state");
    for state in ["", "x", theirs.as_str()] {
        let (mut client, step, _) = sent(&server).await;
        let came = [("code", "c"), ("state", state), ("iss", iss.as_str())];
        refused(&back(&mut client, &step, &came).await, &server);
    }
    // Of two states nobody can say which is meant; the same of codes.
    for twice in ["state", "code", "error"] {
        let (mut client, step, url) = sent(&server).await;
        let state = parameter(&url, "state");
        let mut came = vec![
            ("code", "c"),
            ("state", state.as_str()),
            ("iss", iss.as_str()),
        ];
        came.push((twice, if twice == "state" { &state } else { "c" }));
        if twice == "error" {
            came.push((twice, "access_denied"));
        }
        refused(&back(&mut client, &step, &came).await, &server);
    }
    assert_eq!(op.asked("/token").len(), 0, "no code went anywhere");
}

#[tokio::test]
async fn an_answer_counts_once() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let (mut client, step, url) = sent(&server).await;
    comes(&op, (&mut client, &step, &url), |_| ()).await.token();
    let again = comes(&op, (&mut client, &step, &url), |_| ()).await;
    assert_eq!(again.status, 401);
    assert_eq!(again.json()["detail"]["errorCode"], "110");
    assert_eq!(server.sessions(), 1);
    assert_eq!(op.asked("/token").len(), 1);
}

#[tokio::test]
async fn of_many_with_one_answer_one_is_logged_in() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let (client, step, url) = sent(&server).await;
    for _ in 0..16 {
        op.knows("1234", &parameter(&url, "nonce"));
    }
    op.tells(json!({ "sub": "1234" }));
    let (state, iss) = (parameter(&url, "state"), op.issuer());
    let tries = (0..16).map(|_| {
        let (mut client, step) = (client.clone(), step.clone());
        let (state, iss) = (state.clone(), iss.clone());
        tokio::spawn(async move {
            let came = [
                ("code", "c"),
                ("state", state.as_str()),
                ("iss", iss.as_str()),
            ];
            back(&mut client, &step, &came).await.status
        })
    });
    let mut good = 0;
    for one in tries.collect::<Vec<_>>() {
        good += u32::from(one.await.unwrap() == 200);
    }
    assert_eq!((good, server.sessions()), (1, 1));
    assert_eq!(op.asked("/token").len(), 1);
}

#[tokio::test]
async fn an_answer_of_another_provider_goes_nowhere() {
    let (op, evil) = (Op::start(), Op::start());
    let server = server(&op, |_| ()).await;
    for iss in [Some(evil.issuer()), None] {
        let (mut client, step, url) = sent(&server).await;
        let state = parameter(&url, "state");
        let mut came = vec![("code", "c"), ("state", state.as_str())];
        if let Some(iss) = &iss {
            came.push(("iss", iss));
        }
        refused(&back(&mut client, &step, &came).await, &server);
    }
    assert_eq!(op.asked("/token").len(), 0);
}

#[tokio::test]
async fn who_is_asked_at_the_provider_is_who_the_token_is_about() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let (mut client, step, url) = sent(&server).await;
    op.knows("5", &parameter(&url, "nonce"));
    op.tells(json!({ "sub": "1234", "preferred_username": "ada" }));
    let (state, iss) = (parameter(&url, "state"), op.issuer());
    let came = [
        ("code", "c"),
        ("state", state.as_str()),
        ("iss", iss.as_str()),
    ];
    refused(&back(&mut client, &step, &came).await, &server);
}

#[tokio::test]
async fn neither_name_nor_mail_nor_letter_case_finds_an_account() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    // `ada` has the link of `1234`; whoever calls herself so elsewhere is somebody else.
    let (mut client, step, url) = sent(&server).await;
    let reply = comes(&op, (&mut client, &step, &url), |claims| {
        claims["sub"] = json!("4321");
        claims["preferred_username"] = json!("ada");
        claims["email"] = json!("demo@example.com");
        claims["given_name"] = json!("A");
        claims["family_name"] = json!("B");
    })
    .await;
    refused(&reply, &server);
}

#[tokio::test]
async fn a_provider_that_calls_itself_another_is_not_asked() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    for (name, value) in [
        ("issuer", json!("https://accounts.example.com")),
        ("token_endpoint", json!("http://10.0.0.1/token")),
        ("token_endpoint", json!("file:///etc/passwd")),
        ("jwks_uri", json!("http://169.254.169.254/latest")),
        ("authorization_endpoint", Json::Null),
    ] {
        op.publishes("issuer", json!(op.issuer()));
        op.publishes("token_endpoint", json!(format!("{}/token", op.issuer())));
        op.publishes("jwks_uri", json!(format!("{}/jwks", op.issuer())));
        op.publishes(name, value);
        let mut client = server.client();
        let asked = client.begin("Social").await.step();
        refused(&client.answer(&asked, &["op".into()]).await, &server);
    }
    assert!(
        op.seen()
            .iter()
            .all(|seen| seen.path.contains("well-known"))
    );
}

#[tokio::test]
async fn a_provider_that_was_not_offered_cannot_be_chosen() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    for chosen in ["evil", "OP", "op ", "success"] {
        let mut client = server.client();
        let asked = client.begin("Social").await.step();
        refused(&client.answer(&asked, &[chosen.into()]).await, &server);
    }
    let mut client = server.client();
    let asked = client.begin("Social").await.step();
    let again = client.answer(&asked, &["".into()]).await.step();
    assert_eq!(again["callbacks"], asked["callbacks"]);
}

#[tokio::test]
async fn odd_answers_of_a_provider_are_failures_and_nothing_else() {
    let op = Op::start();
    let server = server(&op, |_| ()).await;
    let bodies = [
        (
            400,
            json!({ "error": "invalid_grant", "error_description": "<b>" }),
        ),
        (200, json!({})),
        (200, json!({ "access_token": "at", "token_type": "Bearer" })),
        (200, json!([])),
        (302, json!({ "id_token": "x" })),
        (503, json!({})),
        (200, json!({ "id_token": "x".repeat(300 * 1_024) })),
    ];
    for (status, body) in bodies {
        let (mut client, step, url) = sent(&server).await;
        op.then(Tokens::Body(status, body));
        let (state, iss) = (parameter(&url, "state"), op.issuer());
        let came = [
            ("code", "c"),
            ("state", state.as_str()),
            ("iss", iss.as_str()),
        ];
        refused(&back(&mut client, &step, &came).await, &server);
    }
    let (_, step, _) = sent(&server).await;
    assert!(redirect(&step).starts_with("http://127.0.0.1:"));
}

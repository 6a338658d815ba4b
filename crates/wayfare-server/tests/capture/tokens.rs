//! Codes and tokens: redeemed once, by whom they were made for, and what ends them.

use std::{sync::Arc, time::Duration};

use serde_json::{Value as Json, json};
use wayfare::{SubjectId, engine::effect::Who};
use wayfare_wire::capture::client::Feature;

use super::support::{DEMO, basic, client, code, entity, form, got, send, server};
use crate::support::{TestServer, alpha};

const BACK: &str = "https://app.example/back";

async fn a_code(server: &TestServer, id: &str, more: &str) -> String {
    let asked = format!("{DEMO}&redirect_uri=https%3A%2F%2Fapp.example%2Fback{more}");
    got(
        server,
        id,
        "/access/getAuthorizationCode",
        &asked,
        "authorizationCode",
    )
    .await
}

async fn redeem(server: &TestServer, id: &str, key: &str, uri: &str) -> (u16, Json) {
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", key),
        ("redirect_uri", uri),
    ];
    let reply = send(server, &basic(id), "/oauth/token", &form(&grant)).await;
    (reply.status, reply.json())
}

async fn refresh(server: &TestServer, id: &str, token: &Json) -> (u16, Json) {
    let token = token.as_str().expect("a token");
    let grant = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let reply = send(server, &basic(id), "/oauth/token", &form(&grant)).await;
    (reply.status, reply.json())
}

async fn lives(server: &TestServer, token: &Json) -> bool {
    entity(server, token.as_str().expect("a token")).await["stat"] == "ok"
}

#[tokio::test]
async fn a_code_is_redeemed_for_tokens_with_the_state_it_was_made_with() {
    let server = server(|_| ()).await;
    let key = a_code(
        &server,
        "owner",
        "&transaction_state=%7B%22cart%22%3A%5B1%2C2%5D%7D",
    )
    .await;
    let (status, tokens) = redeem(&server, "owner", &key, BACK).await;
    assert_eq!(status, 200, "{tokens}");
    assert_eq!(tokens["expires_in"], 3600);
    assert_eq!(tokens["transaction_state"], json!({"cart": [1, 2]}));
    assert!(lives(&server, &tokens["access_token"]).await);
    server.advance(Duration::from_secs(3_600));
    let over = entity(&server, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(code(&over), 414);
    // The refresh token is good for one more pair.
    let (_, next) = refresh(&server, "owner", &tokens["refresh_token"]).await;
    assert_ne!(next["refresh_token"], tokens["refresh_token"]);
    assert!(lives(&server, &next["access_token"]).await);
}

/// G03: a code used twice, by another client, with another address, too late.
#[tokio::test]
async fn a_code_is_good_for_its_client_its_address_its_time_and_once() {
    let server = server(|_| ()).await;
    let key = a_code(&server, "owner", "&for_client_id=login_client").await;
    let (status, other) = redeem(&server, "owner", &key, BACK).await;
    assert_eq!((status, code(&other)), (400, 200), "{other}");
    assert_eq!(other["error"], "invalid_grant");
    assert_eq!(other["argument_name"], "code");
    let (status, elsewhere) = redeem(&server, "login_client", &key, "https://evil.example/").await;
    assert_eq!((status, code(&elsewhere)), (400, 420));
    assert_eq!(elsewhere["sub_error"], "redirect_uri_mismatch");
    // None of that used it up.
    let (status, tokens) = redeem(&server, "login_client", &key, BACK).await;
    assert_eq!(status, 200, "{tokens}");
    assert!(lives(&server, &tokens["access_token"]).await);
    // A second time somebody else has it, and nobody knows who.
    let (status, again) = redeem(&server, "login_client", &key, BACK).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")));
    assert!(!lives(&server, &tokens["access_token"]).await);
    assert_eq!(
        refresh(&server, "login_client", &tokens["refresh_token"])
            .await
            .0,
        400
    );
    // It lives for 30 seconds unless somebody says otherwise.
    let key = a_code(&server, "owner", "").await;
    server.advance(Duration::from_secs(30));
    let (status, late) = redeem(&server, "owner", &key, BACK).await;
    assert_eq!((status, code(&late)), (400, 415));
    assert_eq!(late["error"], "invalid_grant");
}

#[tokio::test]
async fn codes_are_made_for_the_addresses_of_a_client_only() {
    let server = server(|capture| {
        let mut strict = client(&[Feature::Owner]);
        strict.redirect_uris = vec![BACK.to_owned()];
        capture.clients.insert("strict".to_owned(), strict);
    })
    .await;
    a_code(&server, "strict", "").await;
    let asked = format!("{DEMO}&redirect_uri=https%3A%2F%2Fapp.example%2Fback%2F");
    let answer =
        super::support::ask(&server, "strict", "/access/getAuthorizationCode", &asked).await;
    assert_eq!(code(&answer), 200);
    assert_eq!(answer["argument_name"], "redirect_uri");
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_all_that_came_from_it() {
    let server = server(|_| ()).await;
    let key = a_code(&server, "owner", "").await;
    let (_, first) = redeem(&server, "owner", &key, BACK).await;
    let (_, second) = refresh(&server, "owner", &first["refresh_token"]).await;
    assert_eq!(
        refresh(&server, "login_client", &second["refresh_token"])
            .await
            .0,
        400
    );
    let (status, again) = refresh(&server, "owner", &first["refresh_token"]).await;
    assert_eq!((status, &again["error"]), (400, &json!("invalid_grant")));
    for tokens in [&first, &second] {
        assert!(!lives(&server, &tokens["access_token"]).await);
        assert_eq!(
            refresh(&server, "owner", &tokens["refresh_token"]).await.0,
            400
        );
    }
}

#[tokio::test]
async fn of_sixty_four_with_the_same_code_one_is_first() {
    let server = Arc::new(server(|_| ()).await);
    let key = a_code(&server, "owner", "").await;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (server, key) = (Arc::clone(&server), key.clone());
            tokio::spawn(async move { redeem(&server, "owner", &key, BACK).await })
        })
        .collect();
    let mut first = Vec::new();
    for task in tasks {
        let (status, answer) = task.await.unwrap();
        if status == 200 {
            first.push(answer);
        } else {
            assert_eq!(answer["error"], "invalid_grant");
        }
    }
    assert_eq!(first.len(), 1);
    assert!(
        !lives(&server, &first[0]["access_token"]).await,
        "the others came a second time"
    );
}

/// L14: a secret of one kind is nothing to another.
#[tokio::test]
async fn kinds_do_not_cross() {
    let server = server(|_| ()).await;
    let key = a_code(&server, "owner", "").await;
    let access = got(
        &server,
        "owner",
        "/access/getAccessToken",
        DEMO,
        "accessToken",
    )
    .await;
    let asked = format!("{DEMO}&attribute_name=emailVerified");
    let verify = got(
        &server,
        "owner",
        "/access/getVerificationCode",
        &asked,
        "verification_code",
    )
    .await;
    let creation = got(
        &server,
        "owner",
        "/access/getCreationToken",
        "type_name=user",
        "creation_token",
    )
    .await;
    for other in [&access, &verify, &creation] {
        assert_eq!(redeem(&server, "owner", other, BACK).await.0, 400);
        assert_eq!(refresh(&server, "owner", &json!(other)).await.0, 400);
    }
    for other in [&key, &verify, &creation] {
        assert_eq!(code(&entity(&server, other).await), 414);
    }
    for other in [&key, &access, &creation] {
        let used = form(&[("verification_code", other)]);
        let answer = send(&server, "", "/access/useVerificationCode", &used)
            .await
            .json();
        assert_eq!(code(&answer), 200);
    }
}

#[tokio::test]
async fn who_is_disabled_is_out() {
    let server = server(|_| ()).await;
    let key = a_code(&server, "owner", "").await;
    let access = got(
        &server,
        "owner",
        "/access/getAccessToken",
        DEMO,
        "accessToken",
    )
    .await;
    let identities = server.running.identities(&alpha()).unwrap();
    let who = Who::Name(Arc::from("demo"));
    let demo = identities.read(&who, &[]).await.unwrap().unwrap();
    identities.set_status(&who, false).await.unwrap();
    assert_eq!(code(&entity(&server, &access).await), 414);
    assert_eq!(redeem(&server, "owner", &key, BACK).await.0, 400);
    let asked = super::support::ask(&server, "owner", "/access/getAccessToken", DEMO).await;
    assert_eq!(code(&asked), 540);
    // What has ended does not come back with them.
    identities
        .set_status(&Who::Subject(SubjectId(demo.subject.0)), true)
        .await
        .unwrap();
    assert_eq!(code(&entity(&server, &access).await), 414);
}

#[tokio::test]
async fn codes_and_tokens_outlast_a_restart_and_so_does_their_use() {
    let server = server(|_| ()).await;
    let (used, kept) = (
        a_code(&server, "owner", "").await,
        a_code(&server, "owner", "").await,
    );
    let (_, tokens) = redeem(&server, "owner", &used, BACK).await;
    let server = server.restart().await;
    assert_eq!(redeem(&server, "owner", &kept, BACK).await.0, 200);
    assert!(lives(&server, &tokens["access_token"]).await);
    assert_eq!(redeem(&server, "owner", &used, BACK).await.0, 400);
    let written = server.everything_written();
    for secret in [&used, &kept] {
        assert!(
            !written
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        );
    }
}

#[tokio::test]
async fn a_client_that_fails_at_tokens_is_told_as_the_rfc_has_it() {
    let server = server(|_| ()).await;
    // RFC 6749, section 5.2.
    let grant = "grant_type=refresh_token&refresh_token=x";
    let wrong = send(&server, "Basic eDp5", "/oauth/token", grant).await;
    assert_eq!(wrong.status, 401);
    assert!(
        wrong
            .header("www-authenticate")
            .is_some_and(|header| header.starts_with("Basic"))
    );
    assert_eq!(wrong.json()["error"], "invalid_client");
    let nobody = send(&server, "", "/oauth/token", grant).await;
    assert_eq!(
        (nobody.status, &nobody.json()["error"]),
        (401, &json!("invalid_client"))
    );
    // Who asks comes before what is asked.
    for grant in ["", "grant_type=password", "grant_type=refresh_token"] {
        for by in ["", "Basic eDp5"] {
            let reply = send(&server, by, "/oauth/token", grant).await;
            assert_eq!(reply.status, 401, "{by}: {grant}");
            assert_eq!(reply.json()["error"], "invalid_client");
        }
    }
    let mut getting = server
        .client()
        .bare()
        .header("authorization", &basic("owner"));
    let there = format!("/capture/oauth/token?{grant}");
    let there = getting.get(&there).await;
    assert_eq!(there.status, 400);
    assert_eq!(there.json()["argument_name"], "refresh_token");
    let may_not = send(&server, &basic("metadata"), "/oauth/token", grant).await;
    assert_eq!(may_not.status, 400);
    assert_eq!(may_not.json()["error"], "unauthorized_client");
    let other = send(
        &server,
        &basic("owner"),
        "/oauth/token",
        "grant_type=password",
    )
    .await;
    assert_eq!(other.json()["error"], "invalid_request");
    assert_eq!(other.json()["sub_error"], "invalid_argument");
}

//! A login, from the first request to the log-out.

use std::time::Duration;

use serde_json::json;

use crate::support::{Client, TestServer};

const LOGIN_FAILURE: &str = r#"{"code":401,"reason":"Unauthorized","message":"Login failure"}"#;
const TIMED_OUT: &str = r#"{"code":401,"reason":"Unauthorized","message":"Session has timed out","detail":{"errorCode":"110"}}"#;

/// Name and password on one page, no retry.
const PLAIN: &str = r"
journey plain {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
";

#[tokio::test]
async fn the_demo_user_logs_in_and_out() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let begun = client.begin("").await;
    let step = begun.step();
    assert_eq!(begun.header("content-api-version"), Some("resource=2.1"));
    assert_eq!(step["callbacks"][0]["type"], "NameCallback");
    assert_eq!(step["callbacks"][1]["type"], "PasswordCallback");
    assert_eq!(server.sessions(), 0);

    let done = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    let token = done.token();
    assert_eq!(
        done.text(),
        format!(r#"{{"tokenId":"{token}","successUrl":"/am/console","realm":"/alpha"}}"#)
    );
    assert_eq!(client.cookies["iPlanetDirectoryPro"], token);
    let cookie = done
        .all("set-cookie")
        .find(|c| c.starts_with("iPlanetDirectoryPro"));
    assert_eq!(
        cookie.unwrap(),
        format!("iPlanetDirectoryPro={token}; Path=/; HttpOnly; SameSite=Lax")
    );
    assert_eq!(server.sessions(), 1);
    assert_eq!(server.compared(), 1);

    let valid = client.sessions("validate", "").await.json();
    assert_eq!(valid["valid"], true);
    assert_eq!(valid["uid"], "demo");
    assert_eq!(valid["realm"], "/alpha");
    let info = client.sessions("getSessionInfo", "").await.json();
    assert_eq!(info["username"], "demo");
    assert_eq!(info["properties"]["AuthLevel"], "0");

    let out = client.sessions("logout", "").await;
    assert_eq!(out.text(), r#"{"result":"Successfully logged out"}"#);
    assert_eq!(client.cookies.get("iPlanetDirectoryPro"), None);
    assert_eq!(server.sessions(), 0);
    let body = json!({ "tokenId": token }).to_string();
    let dead = client.sessions("validate", &body).await;
    assert_eq!(dead.text(), r#"{"valid":false}"#);
    let again = client.sessions("logout", &body).await;
    assert_eq!(again.text(), r#"{"result":"Token has expired"}"#);
    assert_eq!(
        server.events(),
        [
            "AM-NODE-LOGIN-COMPLETED",
            "AM-LOGIN-COMPLETED",
            "AM-SESSION-LOGGED_OUT"
        ]
    );
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer() {
    let server = TestServer::journeys(&[("plain.journey", PLAIN)]).await;
    let mut replies = Vec::new();
    for (username, password) in [
        ("demo", "wrong"),
        ("nobody", "wrong"),
        ("demo\u{200b}", "Ch4ng31t"),
    ] {
        let reply = server.client().login(username, password).await;
        assert_eq!(reply.status, 401);
        assert_eq!(reply.text(), LOGIN_FAILURE);
        let headers: Vec<_> = reply
            .headers
            .iter()
            .filter(|(n, _)| n != "date")
            .cloned()
            .collect();
        replies.push(headers);
    }
    assert_eq!(replies[0], replies[1]);
    assert_eq!(replies[0], replies[2]);
    assert_eq!(server.sessions(), 0);
    assert_eq!((server.compared(), server.running.hash().dummies()), (1, 2));
    let reply = server.client().login("DEMO", "Ch4ng31t").await;
    reply.token();
}

#[tokio::test]
async fn a_step_is_used_once() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let retry = client.answer(&step, &["demo".into(), "no".into()]).await;
    let next = retry.step();
    assert_ne!(next["authId"], step["authId"]);
    let replay = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!((replay.status, replay.text()), (401, TIMED_OUT));
    assert_eq!(server.compared(), 1);
    client
        .answer(&next, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    let late = client
        .answer(&next, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!((late.status, late.text()), (401, TIMED_OUT));
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn callbacks_that_do_not_fit_consume_nothing() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let mut one = step.clone();
    one["callbacks"].as_array_mut().unwrap().pop();
    let mut swapped = step.clone();
    swapped["callbacks"].as_array_mut().unwrap().reverse();
    for (body, message) in [
        (one, "Incorrect number of callbacks found in JSON response"),
        (swapped, "Required callback not found in JSON response"),
    ] {
        let reply = client
            .post(&Client::path("/alpha", ""), &body.to_string())
            .await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["message"], message);
    }
    client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
}

#[tokio::test]
async fn a_run_expires() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    server.advance(Duration::from_secs(300));
    let late = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!((late.status, late.text()), (401, TIMED_OUT));
    let step = client.begin("").await.step();
    server.advance(Duration::from_secs(299));
    client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
}

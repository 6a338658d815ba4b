//! Mails that are asked for: how many, and what they cost others.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::support::{code, form, send, server, set};
use crate::support::TestServer;

const BACK: &str = "https://app.example/back";
const FLOW: [(&str, &str); 5] = [
    ("client_id", "demo-login"),
    ("flow", "standard"),
    ("flow_version", "1"),
    ("locale", "en-US"),
    ("redirect_uri", BACK),
];

async fn native_by(server: &TestServer, by: &str, path: &str, pairs: &[(&str, &str)]) -> Json {
    let all: Vec<(&str, &str)> = FLOW.iter().chain(pairs).copied().collect();
    send(server, by, &format!("/oauth/{path}"), &form(&all))
        .await
        .json()
}

async fn sign_in(server: &TestServer, who: &str, password: &str) -> Json {
    let pairs = [
        ("form", "signInForm"),
        ("signInEmailAddress", who),
        ("currentPassword", password),
    ];
    native_by(server, "", "auth_native_traditional", &pairs).await
}

async fn forgot(server: &TestServer, email: &str) -> Json {
    let pairs = [
        ("form", "forgotPasswordForm"),
        ("signInEmailAddress", email),
    ];
    native_by(server, "", "forgot_password_native", &pairs).await
}

async fn resend(server: &TestServer, email: &str) -> Json {
    let pairs = [
        ("form", "resendVerificationForm"),
        ("signInEmailAddress", email),
    ];
    native_by(server, "", "verify_email_native", &pairs).await
}

fn token(answer: &Json) -> String {
    assert!(answer["access_token"].is_string(), "{answer}");
    answer["access_token"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn runs_that_wait_for_a_mail_take_nobodys_place() {
    let server = TestServer::with(|config, _| {
        config.limits.runs_per_source = 3;
        set(config, |_| ());
    })
    .await;
    for at in 0..8 {
        let ok = forgot(&server, &format!("nobody{at}@example.com")).await;
        assert_eq!(ok, json!({ "stat": "ok" }));
    }
    assert_eq!(forgot(&server, "demo@example.com").await["stat"], "ok");
    token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
}

#[tokio::test]
async fn nobody_is_mailed_without_end_and_nobody_learns_who_is_there() {
    let server = server(|_| ()).await;
    let mut faces = Vec::new();
    for email in ["demo@example.com", "nobody@example.com"] {
        for _ in 0..3 {
            assert_eq!(forgot(&server, email).await["stat"], "ok");
        }
        for _ in 0..2 {
            assert_eq!(resend(&server, &email.to_uppercase()).await["stat"], "ok");
        }
        let mut refused = forgot(&server, email).await;
        assert_eq!(code(&refused), 510, "{refused}");
        assert_eq!(code(&resend(&server, email).await), 510);
        refused["request_id"] = Json::Null;
        faces.push(refused);
    }
    assert_eq!(faces.first(), faces.last());
    assert_eq!(server.outbox().len(), 5);
    // Logins are another matter, and so is the next hour.
    token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
    server.advance(Duration::from_secs(3_600));
    assert_eq!(forgot(&server, "demo@example.com").await["stat"], "ok");
}

#[tokio::test]
async fn one_source_asks_for_so_many_mails_and_no_more() {
    let server = TestServer::with(|config, _| {
        config.limits.mails_per_source = 2;
        set(config, |_| ());
    })
    .await;
    assert_eq!(forgot(&server, "demo@example.com").await["stat"], "ok");
    assert_eq!(forgot(&server, "nobody@example.com").await["stat"], "ok");
    for email in ["demo@example.com", "other@example.com"] {
        let pairs = [
            ("form", "forgotPasswordForm"),
            ("signInEmailAddress", email),
        ];
        let all: Vec<(&str, &str)> = FLOW.iter().chain(&pairs).copied().collect();
        let reply = send(&server, "", "/oauth/forgot_password_native", &form(&all)).await;
        assert_eq!(code(&reply.json()), 510);
        assert!(reply.header("retry-after").is_some());
    }
}

//! Codes that are mailed: how many, how long they count, and what comes of redeeming one.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::{Value as Json, json};
use wayfare::engine::effect::Who;
use wayfare_server::store::token::Kind;

use super::{
    social,
    support::{DEMO, basic, code, entity, form, got, send, server, set},
};
use crate::support::{TestServer, alpha};

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

/// The codes of all mails, behind this word.
fn codes(server: &TestServer, word: &str) -> BTreeSet<String> {
    let mails = server.outbox().into_iter();
    let found = mails.filter_map(|mail| {
        let text = mail
            .replace("=\r\n", "")
            .replace("=\n", "")
            .replace("=3D", "=");
        let (_, rest) = text.split_once(word)?;
        let code = rest.chars().take_while(char::is_ascii_alphanumeric);
        Some(code.collect())
    });
    found.collect()
}

/// The code of a mail that has just been asked for.
async fn mailed(server: &TestServer, email: &str) -> String {
    let before = codes(server, "?code=");
    assert_eq!(forgot(server, email).await, json!({ "stat": "ok" }));
    let after = codes(server, "?code=");
    after.difference(&before).next().expect("a code").clone()
}

async fn redeem(server: &TestServer, key: &str) -> Json {
    let grant = [
        ("grant_type", "authorization_code"),
        ("code", key),
        ("redirect_uri", BACK),
    ];
    send(server, &basic("demo-login"), "/oauth/token", &form(&grant))
        .await
        .json()
}

async fn verify(server: &TestServer, key: &str) -> Json {
    let pairs = [("verification_code", key)];
    send(server, "", "/access/useVerificationCode", &form(&pairs))
        .await
        .json()
}

async fn set_password(server: &TestServer, token: &str, password: &str) -> Json {
    let pairs = [
        ("form", "newPasswordForm"),
        ("newPassword", password),
        ("newPasswordConfirm", password),
    ];
    native_by(
        server,
        &format!("OAuth {token}"),
        "update_profile_native",
        &pairs,
    )
    .await
}

async fn change_address(server: &TestServer, token: &str, email: &str) -> Json {
    let pairs = [("form", "editProfileForm"), ("emailAddress", email)];
    native_by(
        server,
        &format!("OAuth {token}"),
        "update_profile_native",
        &pairs,
    )
    .await
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
        assert_eq!(
            refused["error_description"],
            "too many mails were asked for"
        );
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

#[tokio::test]
async fn a_newer_code_takes_the_place_of_those_before() {
    let server = server(|_| ()).await;
    let first = mailed(&server, "demo@example.com").await;
    assert_eq!(resend(&server, "demo@example.com").await["stat"], "ok");
    let old = codes(&server, "verification_code=");
    let second = mailed(&server, "demo@example.com").await;
    assert_eq!(redeem(&server, &first).await["error"], "invalid_grant");
    token(&redeem(&server, &second).await);
    // One to verify is of another kind, and one that a client was given of another yet.
    let given = format!("{DEMO}&attribute_name=emailVerified&lifetime=600");
    let path = "/access/getVerificationCode";
    let given = got(&server, "owner", path, &given, "verification_code").await;
    assert_eq!(verify(&server, &given).await["stat"], "ok");
    assert_eq!(old.len(), 1);
}

#[tokio::test]
async fn a_newer_code_to_verify_takes_the_place_of_those_before() {
    let server = server(|_| ()).await;
    assert_eq!(resend(&server, "demo@example.com").await["stat"], "ok");
    let first = codes(&server, "verification_code=");
    assert_eq!(resend(&server, "demo@example.com").await["stat"], "ok");
    let both = codes(&server, "verification_code=");
    for key in &first {
        assert_eq!(code(&verify(&server, key).await), 200);
    }
    for key in both.difference(&first) {
        assert_eq!(verify(&server, key).await["stat"], "ok");
    }
    assert_eq!((first.len(), both.len()), (1, 2));
}

#[tokio::test]
async fn a_code_does_not_outlive_the_address_that_it_was_mailed_to() {
    let server = server(|_| ()).await;
    let known = token(&sign_in(&server, "demo@example.com", "Ch4ng31t").await);
    let key = mailed(&server, "demo@example.com").await;
    let changed = change_address(&server, &known, "new@example.com").await;
    assert_eq!(changed["stat"], "ok", "{changed}");
    assert_eq!(redeem(&server, &key).await["error"], "invalid_grant");
    let key = mailed(&server, "new@example.com").await;
    token(&redeem(&server, &key).await);
}

#[tokio::test]
async fn of_sixty_four_with_one_mailed_code_one_has_it() {
    let server = Arc::new(server(|_| ()).await);
    let key = mailed(&server, "demo@example.com").await;
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (server, key) = (Arc::clone(&server), key.clone());
            tokio::spawn(async move { redeem(&server, &key).await })
        })
        .collect();
    let mut first = Vec::new();
    for task in tasks {
        let answer = task.await.expect("an answer");
        if answer["stat"] == "ok" {
            first.push(token(&answer));
        } else {
            assert_eq!(answer["error"], "invalid_grant");
        }
    }
    assert_eq!(first.len(), 1);
}

async fn register(server: &TestServer, email: &str) -> Json {
    let pairs = [
        ("form", "registrationForm"),
        ("emailAddress", email),
        ("newPassword", "Engine1843"),
        ("newPasswordConfirm", "Engine1843"),
        ("firstName", "Ada"),
        ("lastName", "Lovelace"),
    ];
    native_by(server, "", "register_native_traditional", &pairs).await
}

#[tokio::test]
async fn one_address_is_mailed_no_more_by_who_registers_it_again_and_again() {
    let server = server(|_| ()).await;
    for at in 0..7 {
        // Whoever leaves an address may register with it once more.
        let known = token(&register(&server, "victim@example.com").await);
        let other = format!("other{at}@example.com");
        assert_eq!(change_address(&server, &known, &other).await["stat"], "ok");
    }
    let mails = server.outbox();
    assert_eq!(mails.len(), 5, "{mails:?}");
    for mail in mails {
        assert!(mail.contains("\r\nTo: victim@example.com\r\n"), "{mail}");
        assert!(
            mail.contains("\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n"),
            "{mail}"
        );
    }
    assert_eq!(code(&forgot(&server, "victim@example.com").await), 510);
    server.advance(Duration::from_secs(3_600));
    register(&server, "victim@example.com").await;
    assert_eq!(server.outbox().len(), 6);
}

#[tokio::test]
async fn who_is_disabled_is_mailed_nothing_and_nobody_learns_of_it() {
    let server = server(|_| ()).await;
    let identities = server.running.identities(&alpha()).unwrap();
    let who = Who::Name(Arc::from("demo"));
    identities.set_status(&who, false).await.unwrap();
    let kept = || {
        let store = server.running.store();
        let count = |kind| store.token_count(Kind::new(kind)).unwrap();
        (count("capture.code"), count("capture.verify"))
    };
    for email in ["nobody@example.com", "demo@example.com"] {
        let before = kept();
        assert_eq!(forgot(&server, email).await, json!({ "stat": "ok" }));
        assert_eq!(resend(&server, email).await, json!({ "stat": "ok" }));
        assert_eq!(kept(), (before.0 + 1, before.1 + 1));
    }
    assert_eq!(server.outbox().len(), 0);
}

async fn link(server: &TestServer, known: &str, subject: &str) -> Json {
    let social = social::social(server, "google", subject, "").await;
    let by = format!("OAuth {known}");
    native_by(server, &by, "link_account_native", &[("token", &social)]).await
}

/// Whether somebody at a provider is let in.
async fn is_linked(server: &TestServer, subject: &str) -> bool {
    let social = social::social(server, "google", subject, "").await;
    let answer = native_by(server, "", "auth_native", &[("token", &social)]).await;
    answer["stat"] == "ok"
}

#[tokio::test]
async fn who_made_an_account_with_anothers_address_is_out_when_its_owner_comes() {
    let server = social::server().await;
    let made = token(&register(&server, "victim@example.com").await);
    assert_eq!(link(&server, &made, "66").await["stat"], "ok");
    let key = mailed(&server, "victim@example.com").await;
    let recovered = token(&redeem(&server, &key).await);
    let record = entity(&server, &recovered).await["result"].clone();
    assert!(record["emailVerified"].is_string(), "{record}");
    assert_eq!(record["profiles"], json!([]));
    assert_eq!(code(&entity(&server, &made).await), 414);
    assert!(!is_linked(&server, "66").await);
    // As long as the old password stands it lets in, and what is linked by it goes with it.
    let again = token(&sign_in(&server, "victim@example.com", "Engine1843").await);
    assert_eq!(link(&server, &again, "67").await["stat"], "ok");
    let set = set_password(&server, &recovered, "Analytical1").await;
    assert_eq!(set, json!({ "stat": "ok" }));
    assert!(!is_linked(&server, "67").await);
    assert_eq!(code(&entity(&server, &again).await), 414);
    let old = sign_in(&server, "victim@example.com", "Engine1843").await;
    assert_eq!(code(&old), 210);
    token(&sign_in(&server, "victim@example.com", "Analytical1").await);
    // A second time the code ends what came from it, which was spared before.
    assert_eq!(redeem(&server, &key).await["error"], "invalid_grant");
    assert_eq!(code(&entity(&server, &recovered).await), 414);
}

#[tokio::test]
async fn a_password_is_set_for_the_address_that_was_mailed_only() {
    let server = social::server().await;
    register(&server, "victim@example.com").await;
    let key = mailed(&server, "victim@example.com").await;
    let recovered = token(&redeem(&server, &key).await);
    let again = token(&sign_in(&server, "victim@example.com", "Engine1843").await);
    let changed = change_address(&server, &again, "eve@example.com").await;
    assert_eq!(changed["stat"], "ok", "{changed}");
    let set = set_password(&server, &recovered, "Analytical1").await;
    assert_eq!(code(&set), 403, "{set}");
}

#[tokio::test]
async fn what_was_linked_to_a_verified_address_stays() {
    let server = social::server().await;
    let made = token(&register(&server, "ada@example.com").await);
    for key in codes(&server, "verification_code=") {
        assert_eq!(verify(&server, &key).await["stat"], "ok");
    }
    let before = entity(&server, &made).await["result"]["emailVerified"].clone();
    assert!(before.is_string());
    assert_eq!(link(&server, &made, "17").await["stat"], "ok");
    server.advance(Duration::from_secs(1));
    let key = mailed(&server, "ada@example.com").await;
    let recovered = token(&redeem(&server, &key).await);
    assert_eq!(
        entity(&server, &recovered).await["result"]["emailVerified"],
        before
    );
    assert!(is_linked(&server, "17").await);
    assert_eq!(entity(&server, &made).await["stat"], "ok");
    let set = set_password(&server, &recovered, "Analytical1").await;
    assert_eq!(set, json!({ "stat": "ok" }));
    assert!(is_linked(&server, "17").await);
}

#[tokio::test]
async fn a_name_that_is_the_address_follows_it() {
    let server = server(|_| ()).await;
    let known = token(&register(&server, "old@example.com").await);
    let changed = change_address(&server, &known, "new@example.com").await;
    assert_eq!(changed, json!({ "stat": "ok" }));
    token(&sign_in(&server, "new@example.com", "Engine1843").await);
    let old = sign_in(&server, "old@example.com", "Engine1843").await;
    assert_eq!(code(&old), 210);
    assert_eq!(
        entity(&server, &known).await["result"]["displayName"],
        "new@example.com"
    );
    // It is free for others.
    token(&register(&server, "old@example.com").await);
    // A name of its own stays.
    let demo = token(&sign_in(&server, "demo", "Ch4ng31t").await);
    let changed = change_address(&server, &demo, "dee@example.com").await;
    assert_eq!(changed, json!({ "stat": "ok" }));
    token(&sign_in(&server, "demo", "Ch4ng31t").await);
    token(&sign_in(&server, "dee@example.com", "Ch4ng31t").await);
}

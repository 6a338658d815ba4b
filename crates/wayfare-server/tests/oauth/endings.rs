//! What ends tokens: a logout, the end of a user, a second use, another password.

use std::sync::Arc;

use wayfare::{Secret, engine::effect::Who};
use wayfare_server::store::{token::Kind, user::NameKey};

use super::stage::{
    BASE, SECRET, authorize, code, exchange, introspect, logged_in, parameter, refresh, sent_to,
    stage, text, tokens, userinfo,
};
use crate::support::{Reply, TestServer, alpha};

async fn are_over(server: &TestServer, all: &serde_json::Value) {
    let client = server.client();
    let (access, renew) = (text(all, "access_token"), text(all, "refresh_token"));
    assert_eq!(introspect(&client, access).await["active"], false);
    assert_eq!(introspect(&client, renew).await["active"], false);
    assert_eq!(userinfo(&client, access).await.status, 401);
    let reply = refresh(&client, renew).await;
    assert_eq!(
        (reply.status, text(&reply.json(), "error")),
        (400, "invalid_grant")
    );
}

async fn are_good(server: &TestServer, all: &serde_json::Value) {
    let info = userinfo(&server.client(), text(all, "access_token")).await;
    assert_eq!(info.status, 200, "{}", info.text());
}

#[tokio::test]
async fn a_logout_ends_the_tokens_of_its_session_and_no_others() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let mut other = logged_in(&server).await;
    let mine = tokens(&mut client, &[]).await;
    let theirs = tokens(&mut other, &[]).await;
    let open = code(&authorize(&mut client, &[]).await);
    let reply = client.sessions("logout", "{}").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    are_over(&server, &mine).await;
    are_good(&server, &theirs).await;
    assert_eq!(exchange(&client, &open).await.status, 400);
}

/// What the page that asks wants back.
fn csrf(page: &Reply) -> String {
    let text = page.text();
    let csrf = text.split("name=\"csrf\" value=\"").nth(1);
    let csrf = csrf.expect("a form").split('"').next().unwrap();
    csrf.to_owned()
}

/// OpenID Connect RP-Initiated Logout §2 and §3.
#[tokio::test]
async fn a_client_logs_its_user_out() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let hint = text(&all, "id_token");
    let bye = "post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fbye&state=x%20y";
    for wrong in [
        "post_logout_redirect_uri=https%3A%2F%2Fevil.example.com%2F",
        "post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb",
        "client_id=asks",
        "client_id=nobody",
    ] {
        let path = format!("{BASE}/connect/endSession?id_token_hint={hint}&{wrong}");
        assert_eq!(client.get(&path).await.status, 400, "{wrong}");
    }
    let path = format!("{BASE}/connect/endSession?id_token_hint={hint}x");
    assert_eq!(client.get(&path).await.status, 400);
    are_good(&server, &all).await;
    let path = format!("{BASE}/connect/endSession?id_token_hint={hint}&{bye}");
    let reply = client.get(&path).await;
    assert_eq!(
        reply.header("location"),
        Some("https://app.example.com/bye?state=x%20y")
    );
    assert!(!client.cookies.contains_key("iPlanetDirectoryPro"));
    assert_eq!(server.sessions(), 0);
    are_over(&server, &all).await;
    // Again, and long after: there is nothing left to end, and that is no mistake.
    server.advance(std::time::Duration::from_secs(90 * 24 * 60 * 60));
    let reply = client
        .get(&format!("{BASE}/connect/endSession?id_token_hint={hint}"))
        .await;
    assert_eq!((reply.status, reply.text()), (204, ""));
}

/// RP-Initiated Logout §2 and §4: a token of somebody else is no wish of whoever is there.
#[tokio::test]
async fn a_hint_of_somebody_else_ends_nothing_unasked() {
    let server = stage().await;
    let mut theirs = server.client();
    theirs.login("ada", SECRET).await.token();
    let all = tokens(&mut theirs, &[]).await;
    let mut client = logged_in(&server).await;
    let mine = tokens(&mut client, &[]).await;
    let hint = text(&all, "id_token");
    let path = format!("{BASE}/connect/endSession?id_token_hint={hint}");
    let page = client.get(&path).await;
    assert_eq!((page.status, server.sessions()), (200, 2));
    assert!(client.cookies.contains_key("iPlanetDirectoryPro"));
    are_good(&server, &all).await;
    are_good(&server, &mine).await;
    // Who says yes ends the session that is there, and not the one of the token.
    let body = format!("id_token_hint={hint}&csrf={}", csrf(&page));
    let mut form = client
        .clone()
        .header("Content-Type", "application/x-www-form-urlencoded");
    let path = format!("{BASE}/connect/endSession");
    let reply = form.send("POST", &path, Some(body.as_bytes())).await;
    assert_eq!((reply.status, server.sessions()), (204, 1));
    are_good(&server, &all).await;
    are_over(&server, &mine).await;
    // Where nobody is, the token is the wish of its client.
    let path = format!("{BASE}/connect/endSession?id_token_hint={hint}");
    assert_eq!(server.client().get(&path).await.status, 204);
    assert_eq!(server.sessions(), 0);
}

/// RP-Initiated Logout §2: without a hint it may be anybody who asks.
#[tokio::test]
async fn without_a_hint_the_user_is_asked() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let path = format!("{BASE}/connect/endSession?client_id=app");
    let page = client.get(&path).await;
    assert_eq!(page.status, 200);
    assert_eq!(server.sessions(), 1);
    let csrf = csrf(&page);
    let mut form = client
        .clone()
        .header("Content-Type", "application/x-www-form-urlencoded");
    let path = format!("{BASE}/connect/endSession");
    let reply = form
        .send("POST", &path, Some(b"client_id=app&csrf=wrong"))
        .await;
    assert_eq!((reply.status, server.sessions()), (200, 1));
    let body = format!("client_id=app&csrf={csrf}");
    let reply = form.send("POST", &path, Some(body.as_bytes())).await;
    assert_eq!((reply.status, server.sessions()), (204, 0));
}

/// RFC 6749 §4.1.2 and §10.5: a code that comes twice ends what came of it.
#[tokio::test]
async fn a_code_that_comes_twice_ends_its_tokens() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let code = code(&authorize(&mut client, &[]).await);
    let all = exchange(&client, &code).await.json();
    let other = tokens(&mut client, &[]).await;
    are_good(&server, &all).await;
    let again = exchange(&client, &code).await;
    assert_eq!(
        (again.status, text(&again.json(), "error")),
        (400, "invalid_grant")
    );
    are_over(&server, &all).await;
    are_good(&server, &other).await;
    assert!(
        server
            .events()
            .iter()
            .any(|event| event == "AM-OAUTH2-TOKEN-REVOKED")
    );
}

/// RFC 9700 §4.14.2: of a thief and the owner nobody knows who is who.
#[tokio::test]
async fn a_refresh_token_that_comes_twice_ends_the_grant() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let first = tokens(&mut client, &[]).await;
    let second = refresh(&client, text(&first, "refresh_token")).await.json();
    are_good(&server, &second).await;
    assert_eq!(
        refresh(&client, text(&first, "refresh_token")).await.status,
        400
    );
    are_over(&server, &second).await;
    assert_eq!(
        userinfo(&client, text(&first, "access_token")).await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_at_once_one_gets_tokens() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let code = code(&authorize(&mut client, &[]).await);
    let tries: Vec<_> = (0..64)
        .map(|_| {
            let (client, code) = (client.clone(), code.clone());
            tokio::spawn(async move { exchange(&client, &code).await.status })
        })
        .collect();
    let mut granted = 0;
    for one in tries {
        granted += u32::from(one.await.unwrap() == 200);
    }
    assert_eq!(granted, 1);
    // Somebody had it twice, so nobody has anything.
    let store = server.running.store();
    assert_eq!(store.token_count(Kind::new("oauth.access")), Ok(0));
    assert_eq!(store.token_count(Kind::new("oauth.refresh")), Ok(0));
}

#[tokio::test]
async fn who_is_disabled_or_has_a_new_password_has_no_tokens() {
    let server = stage().await;
    let store = server.running.store().clone();
    let demo = store
        .user(&alpha(), &NameKey::of("demo").unwrap())
        .unwrap()
        .unwrap();
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let open = code(&authorize(&mut client, &[]).await);
    let identities = server.running.identities(&alpha()).unwrap();
    let who = Who::Name(Arc::from("demo"));
    assert_eq!(identities.set_status(&who, false).await, Ok(true));
    are_over(&server, &all).await;
    assert_eq!(exchange(&client, &open).await.status, 400);
    assert_eq!(server.sessions(), 0);
    assert_eq!(identities.set_status(&who, true).await, Ok(true));
    are_over(&server, &all).await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let hash = server
        .running
        .hash()
        .here()
        .hash(&Secret::from("Another1!"));
    store
        .set_password(&alpha(), demo.id, hash.unwrap())
        .await
        .unwrap();
    are_over(&server, &all).await;
}

/// L8: what was acknowledged outlives the server.
#[tokio::test]
async fn a_restart_keeps_what_is_good_and_what_is_over() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let good = tokens(&mut client, &[]).await;
    let first = tokens(&mut client, &[]).await;
    let spent = text(&first, "refresh_token").to_owned();
    refresh(&client, &spent).await;
    let server = server.restart().await;
    are_good(&server, &good).await;
    let client = server.client();
    assert_eq!(refresh(&client, &spent).await.status, 400);
    let reply = refresh(&client, text(&good, "refresh_token")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// A step-up takes the tokens along, and a hint names the session that was there before.
#[tokio::test]
async fn a_session_in_place_of_another_keeps_its_tokens() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    let step = client.begin("Strong").await.step();
    client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    are_good(&server, &all).await;
    let (_, parameters) = sent_to(&authorize(&mut client, &[("acr_values", "strong")]).await);
    assert!(
        parameters.iter().any(|(name, _)| name == "code"),
        "{parameters:?}"
    );
    let hint = text(&all, "id_token");
    client
        .get(&format!("{BASE}/connect/endSession?id_token_hint={hint}"))
        .await;
    assert_eq!(server.sessions(), 0);
    are_over(&server, &all).await;
    assert_eq!(
        parameter(
            &authorize(&mut client, &[("prompt", "none")]).await,
            "error"
        )
        .as_deref(),
        Some("login_required")
    );
}

#[tokio::test]
async fn a_logout_ends_the_tokens_of_a_session_that_is_over_too() {
    let server = stage().await;
    let mut client = logged_in(&server).await;
    let all = tokens(&mut client, &[]).await;
    server.advance(std::time::Duration::from_secs(5 * 60 * 60));
    let renewed = refresh(&client, text(&all, "refresh_token")).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let renewed = renewed.json();
    let hint = text(&all, "id_token");
    let path = format!("{BASE}/connect/endSession?id_token_hint={hint}");
    let reply = server.client().get(&path).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    are_over(&server, &renewed).await;
}

//! Social tokens: browsers and apps that log in for another service, and that service.

use std::time::Duration;

use serde_json::{Value as Json, json};
use wayfare::{Secret, Timestamp};
use wayfare_server::{
    config::{AuthInfoService, ProviderSettings, SecretSource, SocialSettings},
    social::SocialTokens,
};

use super::{
    CLIENT, parameter,
    provider::{Op, Tokens, key},
    published::{Published, at_the_provider},
};
use crate::support::{Client, Reply, TestServer, Window, alpha, percent};

const APP: &str = "https://app.example.com/signin?tenant=1";
const KEY: &str = "the key of the service";

/// A server that makes social tokens for the provider.
async fn broker(op: &Op) -> TestServer {
    let issuer = op.issuer();
    TestServer::with(move |config, folder| {
        let key = folder.join("key");
        std::fs::write(&key, format!("{KEY}\n")).unwrap();
        let realm = config.realms.get_mut(&alpha()).unwrap();
        let provider = ProviderSettings::new(issuer, CLIENT);
        realm.providers.insert("op".to_owned(), provider);
        let mut social = SocialSettings::default();
        social.token_urls = vec![APP.to_owned()];
        social.api_key = Some(SecretSource::File(key));
        realm.social = Some(social);
    })
    .await
}

fn tokens(server: &TestServer) -> SocialTokens {
    SocialTokens::new(server.running.store().clone())
}

/// Begins in a browser: the browser, and where it is sent.
async fn started(server: &TestServer) -> (Client, String) {
    let mut client = server.client().bare();
    let path = format!("/capture/op/start?token_url={}", percent(APP));
    let reply = client.get(&path).await;
    assert_eq!(reply.status, 302, "{}", reply.text());
    let cookie = reply.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/capture", "Max-Age=600"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    (client, reply.header("location").unwrap().to_owned())
}

async fn callback(client: &mut Client, parameters: &[(&str, &str)]) -> Reply {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", percent(value)))
        .collect();
    client
        .get(&format!("/capture/signin/callback?{}", pairs.join("&")))
        .await
}

/// The token in a page that posts it.
fn posted(reply: &Reply) -> Secret<String> {
    let text = reply.text();
    let (_, rest) = text
        .split_once("name=\"token\" value=\"")
        .unwrap_or_else(|| panic!("{} {text}", reply.status));
    Secret::from(rest.split('"').next().unwrap())
}

async fn oauth_token(server: &TestServer, fields: &[(&str, &str)]) -> Json {
    let form: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", percent(value)))
        .collect();
    let client = server.client().bare();
    let mut client = client.header("Content-Type", "application/x-www-form-urlencoded");
    let reply = client
        .post("/capture/signin/oauth_token", &form.join("&"))
        .await;
    assert_eq!(reply.status, 200);
    reply.json()
}

/// Claims of an ID token for an app that has set no nonce.
fn nonceless(op: &Op, subject: &str) -> Json {
    let mut claims = op.claims(subject, "");
    if let Some(members) = claims.as_object_mut() {
        members.remove("nonce");
    }
    claims
}

async fn auth_info(server: &TestServer, key: &str, token: &str) -> Json {
    let client = server.client().bare();
    let mut client = client.header("Content-Type", "application/x-www-form-urlencoded");
    let body = format!("apiKey={}&token={}", percent(key), percent(token));
    client.post("/capture/api/v2/auth_info", &body).await.json()
}

#[tokio::test]
async fn a_browser_comes_back_with_a_token_that_says_who_it_is() {
    let op = Op::start();
    let server = broker(&op).await;
    let (mut client, url) = started(&server).await;
    let back = format!(
        "http://{}/capture/signin/callback",
        server.running.address()
    );
    assert_eq!(parameter(&url, "redirect_uri"), back);
    let mut claims = op.claims("1234", &parameter(&url, "nonce"));
    claims["email"] = json!("ada@example.com");
    claims["email_verified"] = json!(true);
    claims["given_name"] = json!("Ada");
    op.then(Tokens::Id(op.token(&claims)));
    op.tells(json!({ "sub": "1234", "name": "Ada Lovelace" }));
    let (state, iss) = (parameter(&url, "state"), op.issuer());
    let came = [
        ("code", "c"),
        ("state", state.as_str()),
        ("iss", iss.as_str()),
    ];
    let reply = callback(&mut client, &came).await;
    let token = posted(&reply);
    assert_eq!(token.reveal().len(), 40);
    let policy = reply.header("content-security-policy").unwrap();
    assert!(
        policy.contains("form-action https://app.example.com;"),
        "{policy}"
    );
    assert!(
        reply
            .text()
            .contains("action=\"https://app.example.com/signin?tenant=1\"")
    );
    assert!(client.cookies.is_empty(), "what was begun is over");

    let said = auth_info(&server, KEY, token.reveal()).await;
    let wanted = json!({
        "stat": "ok",
        "profile": {
            "providerName": "op", "providerSpecifier": "op", "identifier": format!("{iss}/1234"),
            "displayName": "Ada Lovelace", "email": "ada@example.com",
            "verifiedEmail": "ada@example.com",
            "name": { "givenName": "Ada", "formatted": "Ada Lovelace" },
        },
    });
    assert_eq!(said, wanted);

    // Looking at it does not use it; using it does, once.
    let (tokens, now) = (tokens(&server), crate::support::BEGIN);
    let seen = tokens
        .resolve(&alpha(), &token, now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (seen.link.as_str(), seen.subject.as_str()),
        ("op-1234", "1234")
    );
    let elsewhere = wayfare::Realm::root();
    assert_eq!(tokens.consume(&elsewhere, &token, now).await.unwrap(), None);
    let tries = (0..16).map(|_| {
        let (tokens, token) = (tokens.clone(), token.clone());
        tokio::spawn(async move { tokens.consume(&alpha(), &token, now).await.unwrap() })
    });
    let mut good = 0;
    for one in tries.collect::<Vec<_>>() {
        good += u32::from(one.await.unwrap().is_some());
    }
    assert_eq!(good, 1);
    assert_eq!(tokens.resolve(&alpha(), &token, now).await.unwrap(), None);
    let said = auth_info(&server, KEY, token.reveal()).await;
    assert_eq!(said["err"]["code"], 2);
    // The token stands nowhere.
    let written = server.everything_written();
    let token = token.reveal().as_bytes();
    assert!(!written.windows(token.len()).any(|w| w == token));
}

#[tokio::test]
async fn a_token_goes_only_where_the_settings_say() {
    let op = Op::start();
    let server = broker(&op).await;
    for url in [
        "https://app.example.com/signin",
        "https://app.example.com/signin?tenant=1&x",
        "https://app.example.com/signin?tenant=1#",
        "https://app.example.com/signin?tenant=%31",
        "https://app.example.com.evil.example/signin?tenant=1",
        "https://app.example.com@evil.example/signin?tenant=1",
        "https://evil.example/?https://app.example.com/signin?tenant=1",
        "//app.example.com/signin?tenant=1",
        "javascript:alert(1)",
        "",
    ] {
        let mut client = server.client().bare();
        let path = format!("/capture/op/start?token_url={}", percent(url));
        let reply = client.get(&path).await;
        assert_eq!(reply.status, 400, "{url}");
        assert!(reply.header("location").is_none() && client.cookies.is_empty());
    }
    for path in [
        format!(
            "/capture/op/start?token_url={0}&token_url={0}",
            percent(APP)
        ),
        "/capture/op/start".to_owned(),
    ] {
        assert_eq!(server.client().get(&path).await.status, 400);
    }
    let path = format!("/capture/evil/start?token_url={}", percent(APP));
    assert_eq!(server.client().get(&path).await.status, 404);
    assert!(op.seen().is_empty());
    // Nor by another cookie.
    let (mut client, url) = started(&server).await;
    let cookie = client.cookies["wayfare-social"].clone();
    let mut parts: Vec<String> = cookie.split('.').map(str::to_owned).collect();
    parts[2] = "aHR0cHM6Ly9ldmlsLmV4YW1wbGUv".to_owned();
    client
        .cookies
        .insert("wayfare-social".to_owned(), parts.join("."));
    let (state, iss) = (parameter(&url, "state"), op.issuer());
    let came = [
        ("code", "c"),
        ("state", state.as_str()),
        ("iss", iss.as_str()),
    ];
    let reply = callback(&mut client, &came).await;
    assert_eq!((reply.status, op.asked("/token").len()), (400, 0));
}

#[tokio::test]
async fn what_was_begun_in_one_browser_is_not_finished_in_another() {
    let op = Op::start();
    let server = broker(&op).await;
    let (mine, url) = started(&server).await;
    let (mut theirs, other) = started(&server).await;
    let (state, iss) = (parameter(&url, "state"), op.issuer());
    assert_ne!(state, parameter(&other, "state"));
    let came = [
        ("code", "c"),
        ("state", state.as_str()),
        ("iss", iss.as_str()),
    ];
    // With another browser's cookie, with none, with a wrong state, and by another provider.
    assert_eq!(callback(&mut theirs, &came).await.status, 400);
    assert_eq!(callback(&mut server.client(), &came).await.status, 400);
    for (state, iss) in [
        ("x", iss.as_str()),
        ("", iss.as_str()),
        (&state, "https://evil.example"),
    ] {
        let came = [("code", "c"), ("state", state), ("iss", iss)];
        assert_eq!(callback(&mut mine.clone(), &came).await.status, 400);
    }
    assert_eq!(callback(&mut mine.clone(), &came[..2]).await.status, 400);
    assert_eq!(op.asked("/token").len(), 0);
    // A token for another nonce.
    op.knows("1234", "another");
    op.tells(json!({ "sub": "1234" }));
    assert_eq!(callback(&mut mine.clone(), &came).await.status, 400);
    // Whoever turned back has no token.
    let reply = callback(
        &mut mine.clone(),
        &[("error", "access_denied"), came[1], came[2]],
    )
    .await;
    assert_eq!(reply.status, 200);
    assert!(!reply.text().contains("<form"));
}

#[tokio::test]
async fn an_app_gets_a_token_for_what_it_has_from_the_provider() {
    let op = Op::start();
    let server = broker(&op).await;
    let token = op.token(&op.claims("7", "n"));
    // It was made for a login with a nonce, which whoever brings it has to know.
    let pairs = [("provider", "op"), ("id_token", &*token)];
    assert_eq!(oauth_token(&server, &pairs).await["stat"], "fail");
    let said = oauth_token(
        &server,
        &[("provider", "op"), ("id_token", &token), ("nonce", "n")],
    )
    .await;
    assert_eq!(said["stat"], "ok", "{said}");
    let social = Secret::from(said["token"].as_str().unwrap());
    let now = crate::support::BEGIN;
    let tokens = tokens(&server);
    let seen = tokens
        .resolve(&alpha(), &social, now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.link, "op-7");
    // Once.
    let again = oauth_token(
        &server,
        &[("provider", "op"), ("id_token", &token), ("nonce", "n")],
    )
    .await;
    assert_eq!(again["err"]["code"], 2);
    // It is over after its time.
    let later = Timestamp(now.0 + 11 * 60 * 1_000);
    assert_eq!(
        tokens.resolve(&alpha(), &social, later).await.unwrap(),
        None
    );
}

#[tokio::test]
async fn what_an_app_brings_must_be_for_this_server() {
    let op = Op::start();
    op.tells(json!({ "sub": "7" }));
    let server = broker(&op).await;
    let with = |name: &str, value: Json| {
        let mut claims = nonceless(&op, "7");
        claims[name] = value;
        op.token(&claims)
    };
    let good = op.token(&op.claims("7", "n"));
    let now = crate::support::BEGIN.0 / 1_000;
    let forged = key("one").sign("JWT", &nonceless(&op, "7")).unwrap();
    for (fields, code) in [
        (
            vec![
                ("provider", "op"),
                ("id_token", good.as_str()),
                ("nonce", "other"),
            ],
            2,
        ),
        (
            vec![
                ("provider", "op"),
                ("id_token", &with("aud", json!("other"))),
            ],
            2,
        ),
        (
            vec![
                ("provider", "op"),
                ("id_token", &with("exp", json!(now - 60))),
            ],
            2,
        ),
        (
            vec![
                ("provider", "op"),
                ("id_token", &with("iss", json!("https://a.example"))),
            ],
            2,
        ),
        (vec![("provider", "op"), ("id_token", &forged)], 2),
        (vec![("provider", "op"), ("id_token", "a.b.c")], 2),
        (vec![("provider", "evil"), ("id_token", &good)], 1),
        // An access token was perhaps given to another app.
        (vec![("provider", "op"), ("token", "at")], 2),
        (
            vec![("provider", "op"), ("token", "at"), ("id_token", &good)],
            1,
        ),
        (vec![("provider", "op")], 0),
        (vec![("id_token", good.as_str())], 0),
        (
            vec![("provider", "op"), ("provider", "op"), ("id_token", &good)],
            1,
        ),
    ] {
        let said = oauth_token(&server, &fields).await;
        assert_eq!(
            (&said["stat"], &said["err"]["code"]),
            (&json!("fail"), &json!(code)),
            "{fields:?}"
        );
    }
    assert!(op.asked("/me").is_empty());
}

#[tokio::test]
async fn only_a_service_with_the_key_reads_who_it_is() {
    let op = Op::start();
    let server = broker(&op).await;
    let token = op.token(&nonceless(&op, "7"));
    let said = oauth_token(&server, &[("provider", "op"), ("id_token", &token)]).await;
    let social = said["token"].as_str().unwrap();
    for (key, token, code) in [
        ("wrong", social, 3),
        ("", social, 0),
        (KEY, "", 2),
        (KEY, "0123456789012345678901234567890123456789", 2),
        (KEY, token.as_str(), 2),
    ] {
        let said = auth_info(&server, key, token).await;
        assert_eq!(said["err"]["code"], code, "{key} {token}");
    }
    assert_eq!(auth_info(&server, KEY, social).await["stat"], "ok");
    server.advance(Duration::from_secs(11 * 60));
    assert_eq!(auth_info(&server, KEY, social).await["err"]["code"], 2);
}

#[tokio::test]
async fn a_social_token_logs_its_person_in() {
    let op = Op::start();
    let issuer = op.issuer();
    let server = super::server(&op, |_| ()).await;
    let server = server
        .restart_with(|config| {
            let realm = config.realms.get_mut(&alpha()).unwrap();
            realm.social = Some(SocialSettings::default());
        })
        .await;
    let token = op.token(&nonceless(&op, "1234"));
    let said = oauth_token(&server, &[("provider", "op"), ("id_token", &token)]).await;
    let social = said["token"].as_str().unwrap();
    for (kind, status) in [("id_token", 401), ("social_token", 200)] {
        let mut client = server.client();
        let step = client.begin("App").await.step();
        let reply = client.answer(&step, &[social.into(), kind.into()]).await;
        assert_eq!(reply.status, status, "{kind} {issuer}");
    }
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn another_service_is_asked_about_tokens_of_its_own() {
    let op = Op::start();
    let theirs = broker(&op).await;
    let url = format!(
        "http://{}/capture/api/v2/auth_info",
        theirs.running.address()
    );
    let server = TestServer::with(|config, folder| {
        let key = folder.join("key");
        std::fs::write(&key, KEY).unwrap();
        let mut social = SocialSettings::default();
        let api_key = SecretSource::File(key);
        social.auth_info = Some(AuthInfoService { url, api_key });
        config.realms.get_mut(&alpha()).unwrap().social = Some(social);
    })
    .await;
    let token = op.token(&nonceless(&op, "7"));
    let said = oauth_token(&theirs, &[("provider", "op"), ("id_token", &token)]).await;
    let social = Secret::from(said["token"].as_str().unwrap());
    let (tokens, now) = (server.running.social().clone(), crate::support::BEGIN);
    let seen = tokens
        .resolve(&alpha(), &social, now)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.link, format!("op-{}/7", op.issuer()));
    assert!(
        tokens
            .consume(&alpha(), &social, now)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        tokens
            .consume(&alpha(), &social, now)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        tokens
            .resolve(&alpha(), &social, now)
            .await
            .unwrap()
            .is_none()
    );
    let nobodys = Secret::from("0123456789012345678901234567890123456789");
    assert!(
        tokens
            .resolve(&alpha(), &nobodys, now)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_brings_a_token_to_an_application() {
    let Some(op) = Published::start().await else {
        return;
    };
    // The application is whatever listens there: it is enough to see what it is sent.
    let app = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = format!("http://{}/token", app.local_addr().unwrap());
    let url = there.clone();
    let server = op
        .server(move |config| {
            let mut social = SocialSettings::default();
            social.token_urls = vec![url];
            config.realms.get_mut(&alpha()).unwrap().social = Some(social);
        })
        .await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    let got = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        loop {
            let (mut stream, _) = app.accept().await.unwrap();
            let mut bytes = Vec::new();
            let mut buffer = [0; 4_096];
            // BOUND: what a browser sends for one small form.
            while let Ok(count) = stream.read(&mut buffer).await {
                bytes.extend_from_slice(&buffer[..count]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((_, token)) = text.split_once("\r\n\r\ntoken=")
                    && token.len() >= 40
                {
                    let page =
                        "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nWelcome";
                    stream.write_all(page.as_bytes()).await.unwrap();
                    return token.to_owned();
                }
                if count == 0 {
                    break;
                }
            }
        }
    });
    window
        .go(&format!("/capture/op/start?token_url={}", percent(&there)))
        .await;
    at_the_provider(&window, "grace").await;
    window.sees("Welcome").await;
    let token = Secret::from(got.await.unwrap().as_str());
    let now = wayfare_server::clock::Clock::now(&server.clock);
    let seen = server.running.social().resolve(&alpha(), &token, now).await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(seen.verified_email.as_deref(), Some("grace@example.com"));
    window.close().await;
}

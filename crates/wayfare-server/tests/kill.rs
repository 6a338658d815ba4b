//! `kill -9` of a server that has told somebody that a token is used up, or over: it stays so.

use std::{fs, path::Path};

use serde_json::{Value as Json, json};
use tempfile::TempDir;
use wayfare_server::config::Config;

use crate::{
    capture::support::{DEMO, basic, form, set},
    oauth::stage::{authorize, code, exchange, introspect, post, refresh, settings_of, text},
    oauth::stage::{tokens, userinfo},
    support::{Client, Process, Reply, alpha, cheap, serve},
};

const OAUTH: &str = r#"
[realms."/alpha".oauth]
algorithms = ["ES256"]

[realms."/alpha".oauth.clients.app]
type = "public"
redirect_uris = ["https://app.example.com/cb"]
scopes = ["openid", "profile"]
consent = "implied"

[realms."/alpha".oauth.clients.api]
type = "confidential"
auth = "client_secret_post"
secret = { file = "secret" }
grants = []
introspect_all = true
"#;

/// Who administers Autonomous Identity.
const ROOT: &str = r#"
[realms."/alpha".users.root]
password = { file = "root" }
groups = ["Admin"]
"#;
const ROOT_PASSWORD: &str = "Adm1n-pass";

const BACK: &str = "https://app.example/back";

/// The test that is a server.
const SERVER: &str = "kill::a_server_when_it_is_told_to_be_one";

async fn start(folder: &Path) -> Process {
    Process::start(SERVER, folder).await
}

/// `kill -9`, and another server over the same folder.
async fn again(process: Process, folder: &Path) -> Process {
    process.kill().await;
    start(folder).await
}

#[test]
fn a_server_when_it_is_told_to_be_one() {
    serve(|folder| {
        let mut config = cheap(&folder.join("data"));
        fs::write(folder.join("root"), ROOT_PASSWORD).expect("a file");
        set(&mut config, |_| ());
        // The port is another one each time, and tokens name who issued them.
        config.server.origin = Some("http://login.example.com".to_owned());
        let users = Config::parse("wayfare.toml", ROOT, folder).expect("users");
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        realm.users.clone_from(&users.realms[&alpha()].users);
        realm.oauth = Some(settings_of(folder, OAUTH));
        realm.autoid.as_mut().expect("its settings").rotate = true;
        config
    });
}

async fn oauth_lives(client: &Client, all: &Json) -> bool {
    let access = userinfo(client, text(all, "access_token")).await.status == 200;
    let renewal = introspect(client, text(all, "refresh_token")).await["active"] == true;
    assert_eq!(access, renewal, "both or none");
    access
}

fn invalid(reply: &Reply) {
    let json = reply.json();
    let said = (reply.status, json["error"].as_str());
    assert_eq!(said, (400, Some("invalid_grant")), "{json}");
}

#[tokio::test]
async fn what_was_used_up_or_revoked_at_oauth_stays_so() {
    let folder = TempDir::new().expect("a folder");
    let process = start(folder.path()).await;
    let mut client = process.client();
    client.login("demo", "Ch4ng31t").await.token();
    let used = code(&authorize(&mut client, &[]).await);
    let redeemed = exchange(&client, &used).await.json();
    let old = tokens(&mut client, &[]).await;
    let rotated = refresh(&client, text(&old, "refresh_token")).await.json();
    let revoked = tokens(&mut client, &[]).await;
    let pairs = [
        ("token", text(&revoked, "refresh_token")),
        ("client_id", "app"),
    ];
    assert_eq!(post(&client, "/token/revoke", &pairs).await.status, 200);

    let process = again(process, folder.path()).await;
    let client = process.client();
    assert!(oauth_lives(&client, &redeemed).await);
    assert!(oauth_lives(&client, &rotated).await);
    assert!(!oauth_lives(&client, &revoked).await);
    invalid(&refresh(&client, text(&revoked, "refresh_token")).await);
    // Each a second time: that ends what came of the first.
    invalid(&exchange(&client, &used).await);
    invalid(&refresh(&client, text(&old, "refresh_token")).await);

    let process = again(process, folder.path()).await;
    let client = process.client();
    for all in [&redeemed, &rotated, &revoked] {
        assert!(!oauth_lives(&client, all).await, "{all}");
    }
    invalid(&exchange(&client, &used).await);
}

/// An answer of Capture to a client that proves itself.
async fn ask(client: &Client, authorization: &str, path: &str, pairs: &str) -> Json {
    let client = client.clone().bare();
    let client = client.header("authorization", authorization);
    let mut client = client.header("content-type", "application/x-www-form-urlencoded");
    client.post(&format!("/capture{path}"), pairs).await.json()
}

async fn capture_lives(client: &Client, token: &Json) -> bool {
    let token = token.as_str().expect("a token");
    ask(client, &format!("OAuth {token}"), "/entity", "").await["stat"] == "ok"
}

async fn redeemed(client: &Client, key: &str) -> Json {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", key),
        ("redirect_uri", BACK),
    ];
    ask(client, &basic("owner"), "/oauth/token", &form(&pairs)).await
}

async fn refreshed(client: &Client, all: &Json) -> Json {
    let token = all["refresh_token"].as_str().expect("a token");
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", token)];
    ask(client, &basic("owner"), "/oauth/token", &form(&pairs)).await
}

#[tokio::test]
async fn what_was_used_up_at_capture_stays_so() {
    let folder = TempDir::new().expect("a folder");
    let process = start(folder.path()).await;
    let client = process.client();
    let owner = basic("owner");
    let a_code = async || {
        let asked = format!("{DEMO}&redirect_uri=https%3A%2F%2Fapp.example%2Fback&lifetime=3600");
        let made = ask(&client, &owner, "/access/getAuthorizationCode", &asked).await;
        let made = made["authorizationCode"].as_str();
        made.expect("a code").to_owned()
    };
    let made = ask(&client, &owner, "/access/getAccessToken", DEMO).await;
    let access = &made["accessToken"];
    let used = a_code().await;
    let first = redeemed(&client, &used).await;
    let old = redeemed(&client, &a_code().await).await;
    let rotated = refreshed(&client, &old).await;

    let process = again(process, folder.path()).await;
    let client = process.client();
    for token in [access, &first["access_token"], &rotated["access_token"]] {
        assert!(capture_lives(&client, token).await, "{token}");
    }
    let refused = redeemed(&client, &used).await;
    assert_eq!(refused["error"], "invalid_grant", "{refused}");
    let refused = refreshed(&client, &old).await;
    assert_eq!(refused["error"], "invalid_grant", "{refused}");

    let process = again(process, folder.path()).await;
    let client = process.client();
    assert!(capture_lives(&client, access).await);
    for all in [&first, &old, &rotated] {
        assert!(!capture_lives(&client, &all["access_token"]).await, "{all}");
        let refused = refreshed(&client, all).await;
        assert_eq!(refused["error"], "invalid_grant", "{refused}");
    }
}

async fn autoid(client: &Client, token: &str, path: &str, body: &str) -> Reply {
    let client = client.clone().bare();
    let mut client = client.header("content-type", "application/json");
    if !token.is_empty() {
        client = client.header("authorization", &format!("Bearer {token}"));
    }
    let body = (!body.is_empty()).then_some(body.as_bytes());
    let method = if body.is_some() { "POST" } else { "GET" };
    client.send(method, &format!("/api/{path}"), body).await
}

async fn verified(client: &Client, token: &str) -> u16 {
    let reply = autoid(client, token, "authentication/verify", "").await;
    reply.status
}

#[tokio::test]
async fn what_was_revoked_at_autonomous_identity_stays_so() {
    let folder = TempDir::new().expect("a folder");
    let process = start(folder.path()).await;
    let client = process.client();
    let login = async |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password }).to_string();
        let reply = autoid(&client, "", "authentication/login", &body).await;
        text(&reply.json(), "token").to_owned()
    };
    let kept = login("demo", "Ch4ng31t").await;
    let logged_out = login("demo", "Ch4ng31t").await;
    let reply = autoid(&client, &logged_out, "slo/logout", "{}").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let old = login("demo", "Ch4ng31t").await;
    let renewed = autoid(&client, &old, "authentication/renewToken", "{}").await;
    let renewed = text(&renewed.json(), "token").to_owned();
    let root = login("root", ROOT_PASSWORD).await;
    let mut of_programs = Vec::new();
    for name in ["stays", "goes"] {
        let body = json!({ "name": name, "expiry": 4_000_000_000_u64 }).to_string();
        let made = autoid(&client, &root, "admin/createApiToken", &body).await;
        let made = made.json();
        of_programs.push((
            text(&made, "token").to_owned(),
            text(&made, "id").to_owned(),
        ));
    }
    let [(stays, _), (goes, id)] = of_programs.as_slice() else {
        panic!("two tokens");
    };
    let body = json!({ "id": id }).to_string();
    let reply = autoid(&client, &root, "admin/revokeApiToken", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());

    let process = again(process, folder.path()).await;
    let client = process.client();
    for (token, status) in [
        (&kept, 200),
        (&renewed, 200),
        (&logged_out, 401),
        (&old, 401),
    ] {
        assert_eq!(verified(&client, token).await, status);
    }
    let reply = autoid(&client, &old, "authentication/renewToken", "{}").await;
    assert_eq!(reply.status, 401, "{}", reply.text());
    for (token, valid) in [(stays, true), (goes, false)] {
        let path = format!("admin/verifyApiToken/{token}");
        let reply = autoid(&client, &root, &path, "").await;
        assert_eq!(reply.json()["valid"], valid, "{}", reply.text());
    }
    assert_eq!(
        autoid(&client, stays, "admin/getUsers", "").await.status,
        200
    );
    assert_eq!(
        autoid(&client, goes, "admin/getUsers", "").await.status,
        401
    );
}

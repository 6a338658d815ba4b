//! What a login sets, a log-out clears; and the names that `serverinfo` tells.

use wayfare_server::config::{Config, SameSite};

use super::{ask, demo, told, with};
use crate::support::{Client, Reply, TestServer};

fn session_cookies(reply: &Reply) -> Vec<String> {
    reply
        .all("set-cookie")
        .filter(|cookie| !cookie.starts_with("amlbcookie"))
        .map(str::to_owned)
        .collect()
}

/// What login sets and what logout clears, the token and the expiry taken out, and the name that is told.
async fn round(change: impl FnOnce(&mut Config)) -> (Vec<String>, Vec<String>, String, TestServer) {
    let server = with(change).await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let done = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    let token = done.token();
    let set: Vec<String> = session_cookies(&done)
        .iter()
        .map(|cookie| cookie.replace(&token, ""))
        .collect();
    let mut asked = server.client().header("Accept-API-Version", "resource=1.1");
    let info = asked.get("/am/json/serverinfo/*").await.json();
    let name = info["cookieName"].as_str().expect("a name").to_owned();
    assert_eq!(
        client.cookies.get(&name),
        Some(&token),
        "the cookie has this name"
    );
    let valid = client.sessions("validate", "").await;
    assert_eq!(valid.json()["valid"], true);
    let by_header = server
        .client()
        .header(&name, &token)
        .sessions("validate", "")
        .await;
    assert_eq!(by_header.json()["valid"], true, "and so has the header");
    let out = client.sessions("logout", "").await;
    assert_eq!(out.status, 200);
    let cleared = session_cookies(&out)
        .iter()
        .map(|cookie| cookie.replace("; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0", ""))
        .collect();
    (set, cleared, name, server)
}

#[tokio::test]
async fn a_log_out_clears_exactly_what_the_login_set() {
    let (set, cleared, name, _server) = round(|_| ()).await;
    assert_eq!(
        set,
        ["iPlanetDirectoryPro=; Path=/; HttpOnly; SameSite=Lax"]
    );
    assert_eq!((set, &*name), (cleared, "iPlanetDirectoryPro"));
    let (set, cleared, name, _server) = round(|config| {
        config.server.cookie_name = "0123456789abcde".to_owned();
        config.server.cookie_domains = vec!["example.com".to_owned(), "example.org".to_owned()];
        config.server.cookie_secure = true;
        config.server.cookie_same_site = SameSite::None;
    })
    .await;
    assert_eq!(
        set,
        [
            "0123456789abcde=; Domain=example.com; Path=/; Secure; HttpOnly; SameSite=None",
            "0123456789abcde=; Domain=example.org; Path=/; Secure; HttpOnly; SameSite=None",
        ]
    );
    assert_eq!((set, &*name), (cleared, "0123456789abcde"));
}

#[tokio::test]
async fn a_hardened_cookie_belongs_to_one_host() {
    let (set, cleared, name, server) =
        round(|config| config.server.cookie_host_prefix = true).await;
    assert_eq!(
        set,
        ["__Host-iPlanetDirectoryPro=; Path=/; Secure; HttpOnly; SameSite=Lax"]
    );
    assert_eq!((set, &*name), (cleared, "__Host-iPlanetDirectoryPro"));
    // A cookie of the other name, which a neighbour could have set, counts for nothing.
    let mut client = server.client();
    let step = client.begin("").await.step();
    let token = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    let mut other = server.client();
    other
        .cookies
        .insert("iPlanetDirectoryPro".to_owned(), token);
    let denied = other.sessions("getSessionInfo", "").await;
    assert_eq!(denied.status, 401);
}

#[tokio::test]
async fn browsers_are_told_to_forget_unless_they_are_not() {
    let header = "clear-site-data";
    let server = with(|_| ()).await;
    let client = demo(&server).await;
    let query = "_action=logout";
    let out = ask(&client, "/alpha", "3.1", query, "").await;
    assert_eq!(out.header(header), Some(r#""cookies", "storage""#));
    let again = ask(&client, "/alpha", "3.1", query, "").await;
    assert_eq!(told(&again), (200, r#"{"result":"Token has expired"}"#));
    assert!(again.header(header).is_some() && !session_cookies(&again).is_empty());
    let off = with(|config| config.server.clear_site_data = false).await;
    let client = demo(&off).await;
    let out = ask(&client, "/alpha", "3.1", query, "").await;
    assert_eq!(out.header(header), None);
    assert_eq!(session_cookies(&out).len(), 1);
    let mut none: Client = off.client();
    let denied = none.sessions("logout", "").await;
    assert_eq!((denied.status, denied.header(header)), (401, None));
}

//! `sessions` and its companions over HTTP: who may ask what, and what it does.

mod actions;
mod companions;
mod cookies;
mod handles;
mod properties;
mod times;

use serde_json::Value as Json;
use wayfare_server::{Running, config::Config};

use crate::support::{Client, Reply, TestServer, filled};

/// The path of `sessions` in a realm.
pub(crate) fn path(realm: &str, query: &str) -> String {
    let authenticate = Client::path(realm, "");
    let base = authenticate.trim_end_matches("authenticate");
    format!("{base}sessions?{query}")
}

/// Asks `sessions` of a realm, in a version.
pub(crate) async fn ask(
    client: &Client,
    realm: &str,
    version: &str,
    query: &str,
    body: &str,
) -> Reply {
    let version = format!("resource={version}");
    let mut client = client.clone().header("Accept-API-Version", &version);
    client.post(&path(realm, query), body).await
}

/// The status and the body.
pub(crate) fn told(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.text())
}

/// What a body says that names a token.
pub(crate) fn naming(token: &str) -> String {
    serde_json::json!({ "tokenId": token }).to_string()
}

pub(crate) const DENIED: (u16, &str) = (
    401,
    r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#,
);
pub(crate) const FORBIDDEN: (u16, &str) = (
    403,
    r#"{"code":403,"reason":"Forbidden","message":"Forbidden"}"#,
);

/// A client with a session of `amadmin`, who administers everything.
pub(crate) async fn admin(server: &TestServer) -> Client {
    let password = password_of_admin(&server.running);
    logged_in(server.client(), "/", "amadmin", &password).await
}

fn password_of_admin(running: &Running) -> String {
    let password = running.admin_password().expect("a password was made");
    password.reveal().to_owned()
}

/// The client after a login with the default journey of a realm.
pub(crate) async fn logged_in(
    mut client: Client,
    realm: &str,
    username: &str,
    password: &str,
) -> Client {
    let path = Client::path(realm, "");
    let step = client.post(&path, "").await.step();
    let body = filled(&step, &[username.into(), password.into()]);
    client.post(&path, &body.to_string()).await.token();
    client
}

/// The token of a client's session.
pub(crate) fn token(client: &Client) -> String {
    client.cookies["iPlanetDirectoryPro"].clone()
}

/// A server of the demo, where clients of `/alpha` may read and set some properties.
async fn server() -> TestServer {
    with(|_| ()).await
}

async fn with(change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::with(|config, _| {
        for settings in config.realms.values_mut() {
            settings.session.properties = ["AuthLevel", "theme", "am.protected.x"]
                .map(str::to_owned)
                .into();
        }
        change(config);
    })
    .await
}

/// The client of the demo user.
async fn demo(server: &TestServer) -> Client {
    logged_in(server.client(), "/alpha", "demo", "Ch4ng31t").await
}

/// A user of `/alpha` besides the demo's.
fn add_other(server: &TestServer, username: &str) {
    let alpha = crate::support::alpha();
    crate::attacks::world::add_user(server, &alpha, username, Some("0ther-pass"));
}

async fn other(server: &TestServer, username: &str) -> Client {
    logged_in(server.client(), "/alpha", username, "0ther-pass").await
}

/// A member of a reply.
fn at<'a>(json: &'a Json, key: &str) -> &'a str {
    json[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {json}"))
}

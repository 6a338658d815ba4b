//! A server with clients of every kind, and requests as those send them.

use std::fmt::Write as _;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value as Json;
use wayfare_server::config::{CaptureClient, CaptureSettings, Config};
use wayfare_wire::capture::client::Feature;

use crate::support::{Client, Reply, TestServer, alpha, percent};

/// The secret of all clients of the demo.
pub(crate) const SECRET: &str = "everybody-knows-this-demo-secret";

/// The user of the demo, by a unique attribute.
pub(crate) const DEMO: &str = "key_attribute=email&key_value=%22demo%40example.com%22";

pub(crate) fn client(features: &[Feature]) -> CaptureClient {
    let mut client = CaptureClient::default();
    client.features = features.iter().copied().collect();
    client
}

/// The demo, with an owner and clients that may do one thing each.
pub(crate) async fn server(change: impl FnOnce(&mut CaptureSettings)) -> TestServer {
    TestServer::with(|config, _| set(config, change)).await
}

pub(crate) fn set(config: &mut Config, change: impl FnOnce(&mut CaptureSettings)) {
    let realm = config.realms.get_mut(&alpha()).expect("the realm");
    let capture = realm.capture.as_mut().expect("capture");
    for feature in Feature::ALL {
        capture
            .clients
            .insert(feature.name().to_owned(), client(&[feature]));
    }
    change(capture);
}

/// `Authorization` of a client by its secret.
pub(crate) fn basic(id: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{SECRET}")))
}

pub(crate) async fn send(
    server: &TestServer,
    authorization: &str,
    path: &str,
    form: &str,
) -> Reply {
    let mut client = server.client().bare();
    if !authorization.is_empty() {
        client = client.header("authorization", authorization);
    }
    let mut client = client.header("content-type", "application/x-www-form-urlencoded");
    post(&mut client, path, form).await
}

pub(crate) async fn post(client: &mut Client, path: &str, form: &str) -> Reply {
    let reply = client.post(&format!("/capture{path}"), form).await;
    assert_eq!(
        reply.header("content-type"),
        Some("application/json"),
        "{path}"
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
    assert!(reply.json()["stat"].is_string(), "{path}: {}", reply.text());
    reply
}

/// The answer to a request of a client that proves itself by its secret.
pub(crate) async fn ask(server: &TestServer, id: &str, path: &str, form: &str) -> Json {
    send(server, &basic(id), path, form).await.json()
}

/// The text of a member of an answer that went well.
pub(crate) async fn got(
    server: &TestServer,
    id: &str,
    path: &str,
    form: &str,
    key: &str,
) -> String {
    let json = ask(server, id, path, form).await;
    assert_eq!(json["stat"], "ok", "{json}");
    json[key]
        .as_str()
        .unwrap_or_else(|| panic!("no {key} in {json}"))
        .to_owned()
}

/// A form of these pairs.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = String::new();
    for (name, value) in pairs {
        let _ = write!(
            form,
            "{}{}={}",
            if form.is_empty() { "" } else { "&" },
            percent(name),
            percent(value)
        );
    }
    form
}

/// What is asked of an error in tests: code, name and the argument it names.
pub(crate) fn code(json: &Json) -> u64 {
    assert_eq!(json["stat"], "error", "{json}");
    assert_eq!(
        json["request_id"].as_str().map(str::len),
        Some(16),
        "{json}"
    );
    json["code"].as_u64().expect("a code")
}

/// The record that an access token stands for.
pub(crate) async fn entity(server: &TestServer, token: &str) -> Json {
    send(server, &format!("OAuth {token}"), "/entity", "")
        .await
        .json()
}

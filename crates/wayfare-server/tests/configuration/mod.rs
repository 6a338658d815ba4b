//! The product's configuration interface: trees, nodes and scripts beside the journeys of texts.

mod attacks;
mod child;
mod conditions;
mod corpus;
mod exceptions;
mod export;
mod rows;
mod runs;
mod secrets;
mod told;
mod variables;

use serde_json::{Value as Json, json};

use crate::support::{Client, Reply, TestServer, filled};

/// A login of `/alpha`, which goes before whatever is kept.
pub(crate) const LOGIN: &str = "journey login \"Login\" {
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

pub(crate) const SUCCESS: &str = "70e691a5-1e33-4ac3-a356-e7b6d60d92e0";
pub(crate) const FAILURE: &str = "e301438c-0bd0-429c-ab0c-66126501069a";

/// A path below the trees and nodes of `/alpha`.
pub(crate) fn at(rest: &str) -> String {
    format!(
        "/am/json/realms/root/realms/alpha/realm-config/authentication/authenticationtrees/{rest}"
    )
}

/// A path below the scripts of `/alpha`.
pub(crate) fn scripts(rest: &str) -> String {
    format!("/am/json/realms/root/realms/alpha/scripts{rest}")
}

/// A server with one journey in a text.
pub(crate) async fn serve() -> TestServer {
    TestServer::journeys(&[("login.journey", LOGIN)]).await
}

/// The administrator, logged in at the top.
pub(crate) async fn admin(server: &TestServer) -> Client {
    let password = server.running.admin_password().expect("made now");
    admin_with(server.client(), password.reveal()).await
}

pub(crate) async fn admin_with(client: Client, password: &str) -> Client {
    let path = Client::path("/", "");
    let mut client = client;
    let step = client.post(&path, "").await.step();
    let body = filled(&step, &["amadmin".into(), password.into()]).to_string();
    client.post(&path, &body).await.token();
    client.header("Accept-API-Version", "protocol=2.1,resource=1.0")
}

pub(crate) async fn put(client: &mut Client, path: &str, body: &Json) -> Reply {
    let body = body.to_string();
    client.send("PUT", path, Some(body.as_bytes())).await
}

/// Puts what must be taken.
pub(crate) async fn keep(client: &mut Client, path: &str, body: &Json) -> Json {
    let reply = put(client, path, body).await;
    assert!(
        matches!(reply.status, 200 | 201),
        "{path}: {} {}",
        reply.status,
        reply.text()
    );
    reply.json()
}

/// Whether a tree is served, and if not, why.
pub(crate) async fn check(client: &mut Client, name: &str) -> Json {
    let path = at(&format!("trees/{name}?_action=check"));
    let reply = client.post(&path, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// A tree `name` of the nodes that [`nodes`] makes.
pub(crate) fn tree(name: &str) -> Json {
    let own = |node: &str| id(name, node);
    json!({
        "_id": name,
        "entryNodeId": own("page"),
        "description": "A login that is kept",
        "identityResource": "managed/alpha_user",
        "uiConfig": { "categories": "[\"Authentication\"]" },
        "nodes": {
            own("page"): {
                "nodeType": "PageNode", "displayName": "Credentials", "x": 200, "y": 100.5,
                "connections": { "outcome": own("check") },
            },
            own("check"): {
                "nodeType": "DataStoreDecisionNode", "displayName": "Check", "x": 400, "y": 100,
                "connections": { "true": SUCCESS, "false": own("again") },
            },
            own("again"): {
                "nodeType": "RetryLimitDecisionNode", "displayName": "Again", "x": 600, "y": 100,
                "connections": { "Retry": own("page"), "Reject": FAILURE },
            },
        },
        "staticNodes": { "startNode": { "x": 50, "y": 25 }, SUCCESS: { "x": 700, "y": 50 } },
    })
}

/// The nodes of a tree, those in its page first: type, id, settings.
pub(crate) fn nodes(name: &str) -> Vec<(&'static str, String, Json)> {
    let own = |node: &str| id(name, node);
    vec![
        ("UsernameCollectorNode", own("user"), json!({})),
        ("PasswordCollectorNode", own("pass"), json!({})),
        (
            "PageNode",
            own("page"),
            json!({
                "pageHeader": { "en": "Sign in" },
                "pageDescription": {},
                "nodes": [
                    { "_id": own("user"), "nodeType": "UsernameCollectorNode", "displayName": "User" },
                    { "_id": own("pass"), "nodeType": "PasswordCollectorNode", "displayName": "Pass" },
                ],
            }),
        ),
        ("DataStoreDecisionNode", own("check"), json!({})),
        (
            "RetryLimitDecisionNode",
            own("again"),
            json!({ "retryLimit": 2, "incrementUserAttributeOnFailure": false }),
        ),
    ]
}

/// The id of a node of a tree: the same each time, no other's.
pub(crate) fn id(tree: &str, node: &str) -> String {
    let sum = |salt: u64| {
        format!("{tree}/{node}").bytes().fold(salt, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    let (head, tail) = (sum(0xcbf2_9ce4_8422_2325), sum(7));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        head >> 32,
        head >> 16 & 0xffff,
        head & 0xfff,
        tail >> 48 & 0xfff,
        tail & 0xffff_ffff_ffff
    )
}

/// Keeps the nodes of a tree, and the tree.
pub(crate) async fn keep_tree(client: &mut Client, name: &str) -> Json {
    for (ty, id, body) in nodes(name) {
        keep(client, &at(&format!("nodes/{ty}/{id}")), &body).await;
    }
    keep(client, &at(&format!("trees/{name}")), &tree(name)).await
}

/// Whether `demo` logs in with this journey of `/alpha`.
pub(crate) async fn logs_in(client: &mut Client, journey: &str) -> bool {
    let reply = client.begin(journey).await;
    if reply.status != 200 {
        return false;
    }
    let reply = client
        .answer(&reply.step(), &["demo".into(), "Ch4ng31t".into()])
        .await;
    reply.status == 200 && reply.json().get("tokenId").is_some()
}

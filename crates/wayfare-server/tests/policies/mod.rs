//! Policies over HTTP: denied with advice, stepped up, allowed; and what a transaction allows once.

mod callers;
mod circle;

use serde_json::Value as Json;

use crate::support::{Client, Reply};

/// Asks the policies of `/alpha` with the cookie of a client.
async fn ask(client: &Client, body: &Json) -> Reply {
    ask_at(client, "realms/root/realms/alpha", "evaluate", body).await
}

async fn ask_at(client: &Client, realm: &str, action: &str, body: &Json) -> Reply {
    let mut client = client.clone().header("Accept-API-Version", "resource=2.1");
    let path = format!("/am/json/{realm}/policies?_action={action}");
    client.post(&path, &body.to_string()).await
}

/// The decision about one resource.
async fn decision(client: &Client, resource: &str) -> Json {
    decision_with(client, resource, &serde_json::json!({})).await
}

async fn decision_with(client: &Client, resource: &str, environment: &Json) -> Json {
    let body = serde_json::json!({ "resources": [resource], "environment": environment });
    let reply = ask(client, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()[0].clone()
}

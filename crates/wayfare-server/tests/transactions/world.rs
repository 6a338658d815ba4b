//! A server with two realms, journeys to confirm by, and a caller of the backchannel.

use std::path::Path;

use serde_json::{Value as Json, json};
use wayfare_server::config::{Config, LogLevel};

use crate::support::{Client, Reply, TestServer, write_all};

/// The bearer token of the caller.
pub(super) const BEARER: &str = "0123456789abcdefghijklmnop";

pub(super) const PASSWORD: &str = "Passw0rd";

const JOURNEYS: &str = r#"
journey login "Login" {
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

/// Reached by a transaction only.
journey confirm "Confirm" {
  transactionalOnly = true
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> raise
    false -> failure
  }
  node raise: ModifyAuthLevel(authLevelIncrement = 20) -> success
}

/// Shows what the caller brought.
journey order "Order" {
  transactionalOnly = true
  start amount
  node amount: Decision {
    when has shared.amount && shared.amount == 12 -> credentials
    else -> failure
  }
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> plan
    false -> failure
  }
  node plan: SetSessionProperties {
    properties = { plan = "gold", secret = "x" }
    -> success
  }
}

journey no_session "NoSess" {
  noSession = true
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

journey inner "Inner" {
  innerTreeOnly = true
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
"#;

const POLICIES: &str = r#"
policy transfers "transfer:*" {
  actions = [confirm]
  require transaction confirm
}

policy strong "strong:*" {
  actions = [confirm]
  require level 20
}
"#;

const SETTINGS: &str = r#"
[server]
origin = "https://login.example.com"
[realms."/alpha"]
journeys = ["journeys"]
default = "Login"
[realms."/alpha".session]
properties = ["plan"]
[realms."/alpha".users.demo]
password = { file = "password" }
[realms."/alpha".users.eve]
password = { file = "password" }
[realms."/beta"]
journeys = ["journeys"]
default = "Login"
[realms."/beta".users.demo]
password = { file = "password" }
[[backchannel]]
token = { file = "bearer" }
realms = ["/alpha"]
"#;

pub(super) async fn served() -> TestServer {
    TestServer::with(|config, folder| *config = settings(folder)).await
}

fn settings(folder: &Path) -> Config {
    write_all(
        folder,
        &[
            ("journeys/world.journey", &format!("{JOURNEYS}{POLICIES}")),
            ("password", PASSWORD),
            ("bearer", BEARER),
        ],
    );
    let mut config =
        Config::parse("wayfare.toml", SETTINGS, folder).unwrap_or_else(|error| panic!("{error}"));
    "127.0.0.1:0".clone_into(&mut config.server.listen);
    config.server.log = LogLevel::Off;
    config.data.folder = folder.join("data");
    config.hash.memory_kib = 8;
    config.hash.time = 1;
    config
}

/// The caller's own client.
pub(super) fn caller(server: &TestServer) -> Client {
    server
        .client()
        .header("Accept-API-Version", "resource=1, protocol=2.0")
        .header("Authorization", &format!("Bearer {BEARER}"))
}

pub(super) const INITIALIZE: &str =
    "/am/json/realms/root/realms/alpha/authenticate/backchannel/initialize";
pub(super) const INFO: &str = "/am/json/realms/root/realms/alpha/authenticate/backchannel/info";

/// A request for a login of this user by this journey.
pub(super) fn wanted(journey: &str, name: &str) -> Json {
    json!({ "type": "service", "value": journey, "subject": { "type": "user", "name": name } })
}

/// Asks for a login; the id of the transaction.
pub(super) async fn initialize(server: &TestServer, body: &Json) -> String {
    let reply = caller(server).post(INITIALIZE, &body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = reply.json()["transaction"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(
        reply.json()["redirectUri"],
        format!(
            "https://login.example.com/?realm=/alpha&authIndexType=transaction&authIndexValue={id}"
        )
    );
    id
}

/// What is told about a transaction.
pub(super) async fn info(server: &TestServer, id: &str) -> Reply {
    let body = json!({ "transaction": id }).to_string();
    caller(server).post(INFO, &body).await
}

/// State and result.
pub(super) async fn standing(server: &TestServer, id: &str) -> (String, String) {
    let told = info(server, id).await.json();
    let text = |key: &str| told[key].as_str().unwrap_or("-").to_owned();
    (text("state"), text("result"))
}

pub(super) fn is(state: &str, result: &str) -> (String, String) {
    (state.to_owned(), result.to_owned())
}

/// Starts the run of a transaction in a realm.
pub(super) async fn begin(client: &mut Client, realm: &str, id: &str) -> Reply {
    let query = format!("authIndexType=transaction&authIndexValue={id}");
    client.post(&Client::path(realm, &query), "").await
}

/// Goes through the run of a transaction with this name and password.
pub(super) async fn confirm(client: &mut Client, id: &str, name: &str, password: &str) -> Reply {
    let step = begin(client, "/alpha", id).await.step();
    client.answer(&step, &[name.into(), password.into()]).await
}

/// What the policies of a realm say of a transfer, perhaps with a transaction.
pub(super) async fn decided(client: &Client, realm: &str, resource: &str, id: &str) -> Json {
    let mut client = client.clone().header("Accept-API-Version", "resource=2.1");
    let environment = if id.is_empty() {
        json!({})
    } else {
        json!({ "TxId": [id] })
    };
    let body = json!({ "resources": [resource], "environment": environment });
    let path = format!("/am/json/realms/root/realms/{realm}/policies?_action=evaluate");
    let reply = client.post(&path, &body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()[0].clone()
}

/// Whether the transfer is allowed.
pub(super) async fn allowed(client: &Client, resource: &str, id: &str) -> bool {
    decided(client, "alpha", resource, id).await["actions"] == json!({ "confirm": true })
}

/// Asks for a transfer that is denied; the id of the transaction.
pub(super) async fn denied(client: &Client, resource: &str) -> String {
    let decision = decided(client, "alpha", resource, "").await;
    assert_eq!(decision["actions"], json!({}));
    let id = decision["advices"]["TransactionConditionAdvice"][0].as_str();
    id.expect("an id").to_owned()
}

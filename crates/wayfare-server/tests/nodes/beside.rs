//! Journeys beside a run: one client waits for what another one does.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{says, serve};
use crate::support::{Client, TestServer};

const JOURNEYS: &str = r#"
journey login "Login" {
  start ask
  node ask: BackChannelInit {
    tree = "Approve"
    idType = "USER"
    usernameKey = "customer"
    dataKey = "order"
    timeout = 1m
    created -> show
    unknownSubject -> nobody
    error -> broken
    on error -> broken
  }
  node show: Page {
    node address: Metadata(attributes = ["backchannel-redirectUri"])
    node go: Message {
      message = { en = "new" }
    }
    true -> stands
    false -> failure
  }
  node stands: BackChannelStatus {
    pending -> pending
    inProgress -> begun
    success -> name
    failure -> denied
    unknown -> gone
    error -> broken
    on error -> broken
  }
  node pending: Message {
    message = { en = "pending" }
    true -> stands
    false -> failure
  }
  node begun: Page {
    node word: Metadata(attributes = ["backchannel-transactionData"])
    node go: Message {
      message = { en = "begun" }
    }
    true -> stands
    false -> failure
  }
  node name: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
  node nobody: SetFailureDetails(failureMessage = { en = "nobody" }) -> failure
  node denied: SetFailureDetails(failureMessage = { en = "denied" }) -> failure
  node gone: SetFailureDetails(failureMessage = { en = "gone" }) -> failure
  node broken: SetFailureDetails(failureMessage = { en = "broken" }) -> failure
}

journey approve "Approve" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> tell
    false -> failure
  }
  node tell: BackchannelNotification {
    success -> sure
    error -> failure
    on error -> failure
  }
  node sure: Message {
    message = { en = "sure?" }
    true -> success
    false -> failure
  }
}
"#;

/// The journeys, with a first node that says for whom.
fn text(customer: &str, retry: bool) -> String {
    let order = format!(
        "  start order
  node order: SetState {{
    attributes = {{ customer = \"{customer}\", order = {{ \"backchannel-data\" = {{ amount = \"7\" }} }} }}
    -> ask
  }}
"
    );
    let text = JOURNEYS.replacen("  start ask\n", &order, 1);
    text.replacen(
        "    timeout = 1m\n",
        &format!("    timeout = 1m\n    allowRetry = {retry}\n"),
        1,
    )
    .replacen(
        "journey login \"Login\" {\n",
        "journey login \"Login\" {\n  allow enumeration because \"the customer is named by the text\"\n",
        1,
    )
}

/// The id in the address that the first step shows.
fn transaction(step: &Json) -> String {
    let address = &step["callbacks"][0]["output"][0]["value"]["backchannel-redirectUri"];
    let address = address.as_str().expect("an address");
    let (_, id) = address.split_once("authIndexValue=").expect("an id");
    assert!(address.contains("realm=/alpha&authIndexType=transaction"));
    id.to_owned()
}

async fn come(server: &TestServer, id: &str) -> (Client, crate::support::Reply) {
    let mut client = server.client();
    let query = format!("authIndexType=transaction&authIndexValue={id}");
    let reply = client.post(&Client::path("alpha", &query), "").await;
    (client, reply)
}

#[tokio::test]
async fn one_client_waits_for_what_another_one_does() {
    let server = serve(&text("demo", true)).await;
    let mut waits = server.client();
    let step = waits.begin("").await.step();
    let id = transaction(&step);
    let step = waits.answer(&step, &[0.into()]).await.step();
    assert_eq!(says(&step), "pending");
    // A wrong password leaves it open, where it may be tried again.
    let (mut other, reply) = come(&server, &id).await;
    let failed = other
        .answer(&reply.step(), &["demo".into(), "no".into()])
        .await;
    assert_eq!(failed.status, 401);
    let (mut other, reply) = come(&server, &id).await;
    let sure = other
        .answer(&reply.step(), &["demo".into(), "Ch4ng31t".into()])
        .await
        .step();
    assert_eq!(says(&sure), "sure?");
    let step = waits.answer(&step, &[0.into()]).await.step();
    assert_eq!(
        step["callbacks"][0]["output"][0]["value"],
        json!({ "backchannel-transactionData": { "amount": "7" } })
    );
    other.answer(&sure, &[0.into()]).await.token();
    // What came of it is told and proves nothing: whoever waits logs in for themselves.
    let step = waits.answer(&step, &[0.into()]).await.step();
    assert_eq!(step["callbacks"][0]["type"], "NameCallback");
    waits
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    // It is used up.
    let (_, again) = come(&server, &id).await;
    assert_ne!(again.status, 200);
    let events = server.events();
    assert!(
        events.iter().any(|event| event.contains("TRANSACTION")),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_refusal_is_told_and_time_runs_out() {
    let server = serve(&text("demo", false)).await;
    let mut waits = server.client();
    let first = waits.begin("").await.step();
    let (mut other, reply) = come(&server, &transaction(&first)).await;
    let failed = other
        .answer(&reply.step(), &["demo".into(), "no".into()])
        .await;
    assert_eq!(failed.status, 401);
    let told = waits.answer(&first, &[0.into()]).await;
    assert_eq!(told.json()["message"], "denied");
    let mut waits = server.client();
    let step = waits.begin("").await.step();
    server.advance(Duration::from_secs(61));
    let told = waits.answer(&step, &[0.into()]).await;
    assert_eq!(told.json()["message"], "gone");
}

#[tokio::test]
async fn nobody_is_opened_for_and_nobody_fills_the_store() {
    let server = serve(&text("nobody", true)).await;
    let reply = server.client().begin("").await;
    assert_eq!(reply.json()["message"], "nobody");
    let server = serve(&text("demo", true)).await;
    for _ in 0..64 {
        assert_eq!(server.client().begin("").await.status, 200);
    }
    let reply = server.client().begin("").await;
    assert_eq!(reply.json()["message"], "broken");
    server.advance(Duration::from_secs(61));
    assert_eq!(server.client().begin("").await.status, 200);
}

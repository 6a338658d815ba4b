//! Nodes that decide where a run goes.

use std::time::Duration;

use serde_json::json;

use super::{after_login, from_first, info, log_in, says, serve};
use crate::support::TestServer;

#[tokio::test]
async fn an_inner_journey_leads_on_by_its_end() {
    let outer = r#"
journey login "Login" {
  start check
  node check: journey inner {
    true -> success
    false -> no
    error -> broken
  }
  node no: Message {
    message = { en = "no" }
    true -> failure
    false -> failure
  }
  node broken: Message {
    message = { en = "broken" }
    true -> failure
    false -> failure
  }
}

journey inner {
  innerTreeOnly = true
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> which
  }
  node which: Decision {
    when has shared.username && shared.username == "demo" -> failure
    else -> nowhere
  }
}
"#;
    let server = serve(outer).await;
    let mut client = server.client();
    assert_eq!(says(&client.login("demo", "wrong").await.step()), "no");
    assert_eq!(says(&client.login("other", "wrong").await.step()), "broken");
    log_in(&mut client).await.token();
    let refused = server.client().begin("inner").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[tokio::test]
async fn decision_takes_the_arm_that_holds() {
    let server = serve(&after_login(
        "failure",
        r#"
  node next: Decision {
    when has request.headers["x-risk"] && request.headers["x-risk"] == "high" -> high
    when has user.mail && user.mail == "demo@example.com" -> mail
    else -> neither
  }
  node high: Message {
    message = { en = "high" }
    true -> failure
    false -> failure
  }
  node mail: Message {
    message = { en = "mail" }
    true -> success
    false -> failure
  }
  node neither: Message {
    message = { en = "neither" }
    true -> failure
    false -> failure
  }"#,
    ))
    .await;
    let mut client = server.client().header("X-Risk", "high");
    assert_eq!(says(&log_in(&mut client).await.step()), "high");
    let mut client = server.client().header("X-Risk", "low");
    assert_eq!(says(&log_in(&mut client).await.step()), "mail");
}

#[tokio::test]
async fn who_comes_to_an_unavailable_node_fails() {
    let server = serve(&after_login(
        "failure",
        r#"
  node next: Unavailable(type = "AcmeTokenNode", why = "it did not come along") {
    verified -> success
    refused -> failure
    on error -> sorry
  }
  node sorry: Message {
    message = { en = "not today" }
    true -> failure
    false -> failure
  }"#,
    ))
    .await;
    let mut client = server.client();
    assert_eq!(says(&log_in(&mut client).await.step()), "not today");
}

#[tokio::test]
async fn levels_are_moved_and_asked_for() {
    let server = serve(&after_login(
        "failure",
        r#"
  node next: ModifyAuthLevel(authLevelIncrement = 12) -> lower
  node lower: ModifyAuthLevel(authLevelIncrement = -2) -> ten
  node ten: AuthLevelDecision(authLevelRequirement = 10) {
    true -> eleven
    false -> failure
  }
  node eleven: AuthLevelDecision(authLevelRequirement = 11) {
    true -> failure
    false -> say
  }
  node say: Message {
    message = { en = "ten" }
    true -> success
    false -> failure
  }"#,
    ))
    .await;
    let mut client = server.client();
    let step = log_in(&mut client).await.step();
    assert_eq!(says(&step), "ten");
    client.answer(&step, &[0.into()]).await.token();
    assert_eq!(info(&mut client).await["properties"]["AuthLevel"], "10");
    assert_eq!(server.audit().pop().unwrap()["level"], 10);
}

#[tokio::test]
async fn flow_control_sends_the_share_it_is_told() {
    for (percentage, way) in [(100, "first"), (0, "second")] {
        let server = serve(&from_first(&format!(
            r#"
  node first: FlowControl {{
    percentageA = {percentage}
    outcomeADisplayName = "new"
    outcomeBDisplayName = "old"
    A -> one
    B -> two
  }}
  node one: Message {{
    message = {{ en = "first" }}
    true -> failure
    false -> failure
  }}
  node two: Message {{
    message = {{ en = "second" }}
    true -> failure
    false -> failure
  }}"#
        )))
        .await;
        for _ in 0..20 {
            assert_eq!(says(&server.client().begin("").await.step()), way);
        }
    }
}

#[tokio::test]
async fn set_state_writes_typed_values() {
    let server = serve(&from_first(
        r#"
  node first: SetState {
    attributes = { username = "demo", count = 3, flag = true, words = ["a", "b"] }
    -> say
  }
  node say: Metadata(attributes = ["username", "count", "flag", "words"]) -> failure"#,
    ))
    .await;
    let step = server.client().begin("").await.step();
    assert_eq!(
        step["callbacks"][0]["output"][0]["value"],
        json!({ "username": "demo", "count": 3, "flag": true, "words": ["a", "b"] })
    );
}

/// `TimerStart` and `TimerStop`.
#[tokio::test]
async fn a_timer_reports_the_time_that_passed() {
    let server: TestServer = serve(&from_first(
        r#"
  node first: TimerStart(startTimeProperty = "began") -> wait
  node wait: Message {
    true -> stop
    false -> stop
  }
  node stop: TimerStop {
    startTimeProperty = "began"
    metricKey = "think.time"
    -> say
  }
  node say: Metadata(attributes = ["began"]) -> failure"#,
    ))
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    server.advance(Duration::from_millis(1_234));
    let step = client.answer(&step, &[0.into()]).await.step();
    let began = &step["callbacks"][0]["output"][0]["value"]["began"];
    assert_eq!(*began, json!(crate::support::BEGIN.0));
    let audit = server.audit();
    let notes: Vec<_> = audit.iter().filter_map(|line| line.get("notes")).collect();
    assert_eq!(notes, [&json!(["timer think.time 1234 ms"])]);
}

//! Nodes that prepare the end.

use std::time::Duration;

use serde_json::json;

use super::{after_login, from_first, info, log_in, serve};
use crate::support::TestServer;

#[tokio::test]
async fn session_properties_and_times_are_those_of_the_journey() {
    // SetSessionProperties, RemoveSessionProperties
    let journey = after_login(
        "failure",
        r#"
  node next: SetSessionProperties {
    properties = { tenant = "north", colour = "red", shape = "round", hidden = "yes" }
    maxSessionTime = 10m
    maxIdleTime = 3m
    -> remove
  }
  node remove: RemoveSessionProperties(propertyNames = ["colour", "other"]) -> success"#,
    );
    let server = TestServer::with_journeys(&[("login.journey", &journey)], |config| {
        for settings in config.realms.values_mut() {
            settings.session.properties = ["tenant", "shape", "colour"].map(str::to_owned).into();
        }
    })
    .await;
    let mut client = server.client();
    log_in(&mut client).await.token();
    let shown = info(&mut client).await;
    let properties = shown["properties"].as_object().unwrap();
    assert_eq!(properties["tenant"], "north");
    assert_eq!(properties["shape"], "round");
    assert!(!properties.contains_key("colour"), "{shown}");
    assert!(!properties.contains_key("hidden"), "not listed: {shown}");
    assert_eq!(shown["maxSessionExpirationTime"], "2027-01-15T08:10:00Z");
    assert_eq!(shown["maxIdleExpirationTime"], "2027-01-15T08:03:00Z");
    server.advance(Duration::from_secs(180));
    let valid = client.sessions("validate", "").await.json();
    assert_eq!(valid["valid"], false);
}

#[tokio::test]
async fn set_success_url_is_where_success_leads() {
    let server = serve(&after_login(
        "failure",
        r#"  node next: SetSuccessUrl(successUrl = "https://app.example.com/home") -> success"#,
    ))
    .await;
    let done = log_in(&mut server.client()).await;
    done.token();
    assert_eq!(done.json()["successUrl"], "https://app.example.com/home");
}

#[tokio::test]
async fn success_has_its_details_and_headers() {
    let server = serve(&after_login(
        "failure",
        r#"
  node next: SetSessionProperties(properties = { tenant = "north" }) -> details
  node details: SetSuccessDetails {
    successDetails = { colour = "red" }
    sessionProperties = { branch = "tenant", level = "AuthLevel" }
    headerControl = { "X-Greeting" = "hello" }
    -> success
  }"#,
    ))
    .await;
    let done = log_in(&mut server.client()).await;
    let token = done.token();
    assert_eq!(
        done.json(),
        json!({
            "tokenId": token,
            "successUrl": "/am/console",
            "realm": "/alpha",
            "colour": "red",
            "branch": "north",
            "level": "0"
        })
    );
    assert_eq!(done.header("x-greeting"), Some("hello"));
    let failed = server.client().login("demo", "wrong").await;
    assert_eq!(failed.header("x-greeting"), None);
}

#[tokio::test]
async fn failure_has_its_url_message_details_and_headers() {
    let server = serve(&from_first(
        r#"
  node first: SetFailureUrl(failureUrl = "https://app.example.com/sorry") -> details
  node details: SetFailureDetails {
    failureMessage = { en = "Not today", fr = "Pas aujourd'hui" }
    failureDetails = { reason = "holiday" }
    headerControl = { "X-Reason" = "holiday" }
    -> failure
  }"#,
    ))
    .await;
    for (locale, message) in [("en", "Not today"), ("fr", "Pas aujourd'hui")] {
        let mut client = server.client().header("Accept-Language", locale);
        let reply = client.begin("").await;
        assert_eq!(reply.status, 401);
        assert_eq!(
            reply.json(),
            json!({
                "code": 401,
                "reason": "Unauthorized",
                "message": message,
                "detail": {
                    "failureUrl": "https://app.example.com/sorry",
                    "reason": "holiday"
                }
            })
        );
        assert_eq!(reply.header("x-reason"), Some("holiday"));
    }
}

#[tokio::test]
async fn an_error_has_its_message_details_and_headers() {
    // The sender finds no code, which is an error of the node.
    let journey = |wired: &str| {
        from_first(&format!(
            r#"
  node first: SetErrorDetails {{
    errorMessage = {{ en = "Something broke" }}
    errorDetails = {{ ticket = "T-1" }}
    headerControl = {{ "X-Ticket" = "T-1" }}
    -> break
  }}
  node break: AccountActiveDecision {{
    allow unwritten_key because "the error is what is looked at"
    {wired}
    true -> failure
    false -> failure
  }}"#
        ))
    };
    let server = serve(&journey("")).await;
    let reply = server.client().begin("").await;
    assert_eq!(reply.status, 401);
    let body = reply.json();
    assert_eq!(body["message"], "Something broke");
    assert_eq!(body["detail"], json!({ "ticket": "T-1" }));
    assert_eq!(reply.header("x-ticket"), Some("T-1"));
    assert_eq!(server.sessions(), 0);
    // Where the error is led on, the end is an ordinary failure.
    let server = serve(&journey("on error -> failure")).await;
    let reply = server.client().begin("").await;
    assert_eq!((reply.status, reply.header("x-ticket")), (401, None));
    assert_eq!(reply.json()["message"], "Login failure");
}

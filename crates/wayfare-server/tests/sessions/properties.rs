//! Properties: what is listed is read and set, and nothing else.

use super::{FORBIDDEN, ask, demo, server, told};

#[tokio::test]
async fn listed_properties_are_read_set_and_removed() {
    let server = server().await;
    let client = demo(&server).await;
    let new = |query: &'static str, body: &'static str| ask(&client, "/alpha", "4.0", query, body);
    let old = |query: &'static str, body: &'static str| ask(&client, "/alpha", "1.2", query, body);
    let get = "_action=getSessionProperties";
    let all = |theme: &str| format!(r#"{{"AuthLevel":"0","theme":"{theme}","am.protected.x":""}}"#);
    assert_eq!(told(&new(get, "").await), (200, &*all("")));
    let set = new("_action=updateSessionProperties", r#"{"theme":"dark"}"#).await;
    assert_eq!(told(&set), (200, &*all("dark")));
    assert_eq!(told(&new(get, "").await), (200, &*all("dark")));
    let info = new("_action=getSessionInfo", "").await.json();
    assert_eq!(info["properties"]["theme"], "dark");

    let names = old("_action=getPropertyNames", "").await;
    assert_eq!(
        told(&names),
        (
            200,
            r#"{"properties":["AuthLevel","theme","am.protected.x"]}"#
        )
    );
    let success = (200, r#"{"success":true}"#);
    assert_eq!(
        told(&old("_action=setProperty", r#"{"theme":"light"}"#).await),
        success
    );
    let one = old("_action=getProperty", r#"{"properties":["theme"]}"#).await;
    assert_eq!(told(&one), (200, r#"{"theme":"light"}"#));
    assert_eq!(
        told(&old("_action=getProperty", "").await),
        (200, &*all("light"))
    );
    let removed = old("_action=deleteProperty", r#"{"properties":["theme"]}"#).await;
    assert_eq!(told(&removed), success);
    assert_eq!(told(&new(get, "").await), (200, &*all("")));
    let changes = server
        .audit()
        .iter()
        .filter(|line| line["eventName"] == "AM-SESSION-PROPERTY_CHANGED")
        .count();
    assert_eq!(changes, 3);
    assert!(
        !server
            .audit()
            .iter()
            .any(|line| line.to_string().contains("dark"))
    );
}

#[tokio::test]
async fn what_is_not_listed_is_refused_and_nothing_of_the_request_is_done() {
    let server = server().await;
    let client = demo(&server).await;
    for (version, query, body) in [
        (
            "4.0",
            "updateSessionProperties",
            r#"{"theme":"x","other":"y"}"#,
        ),
        (
            "2.1",
            "updateSessionProperties",
            r#"{"theme":"x","tokenId":"y"}"#,
        ),
        ("1.2", "setProperty", r#"{"theme":"x","Theme":"y"}"#),
        (
            "1.2",
            "deleteProperty",
            r#"{"properties":["theme","AuthLevel"]}"#,
        ),
        ("1.2", "getProperty", r#"{"properties":["UserToken"]}"#),
    ] {
        let query = format!("_action={query}");
        let reply = ask(&client, "/alpha", version, &query, body).await;
        assert_eq!(told(&reply), FORBIDDEN, "{query} {body}");
    }
    let shown = ask(&client, "/alpha", "4.0", "_action=getSessionProperties", "").await;
    assert_eq!(shown.json()["theme"], "");
    let nothing = ask(
        &client,
        "/alpha",
        "4.0",
        "_action=updateSessionProperties",
        "{}",
    )
    .await;
    assert_eq!(nothing.status, 400);
}

#[tokio::test]
async fn what_clients_set_stays_through_an_upgrade_and_a_restart() {
    let server = server().await;
    let mut client = demo(&server).await;
    let set = "_action=updateSessionProperties";
    ask(&client, "/alpha", "4.0", set, r#"{"theme":"dark"}"#).await;
    let step = client.begin("").await;
    if let Some(auth_id) = step.json()["authId"].as_str() {
        assert!(!auth_id.is_empty());
    }
    let server = server.restart().await;
    let shown = ask(
        &server.client(),
        "/alpha",
        "4.0",
        "_action=getSessionProperties",
        &super::naming(&super::token(&client)),
    )
    .await;
    assert_eq!(shown.json()["theme"], "dark");
}

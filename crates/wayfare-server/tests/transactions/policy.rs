//! Transactions of policies over HTTP: denied, confirmed by the same subject, allowed once; and all that
//! others try with the id.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::world::{PASSWORD, allowed, begin, confirm, decided, denied, info, served};
use crate::support::{Client, Reply, TestServer};

const NO_CONFIGURATION: &str =
    r#"{"code":400,"reason":"Bad Request","message":"No Configuration found"}"#;
const LOGIN_FAILURE: &str = r#"{"code":401,"reason":"Unauthorized","message":"Login failure"}"#;

async fn logged_in(server: &TestServer, name: &str) -> Client {
    let mut client = server.client();
    client.login(name, PASSWORD).await.token();
    client
}

fn refused(reply: &Reply) {
    assert_eq!((reply.status, reply.text()), (400, NO_CONFIGURATION));
}

#[tokio::test]
async fn a_transfer_is_denied_confirmed_and_allowed_once() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let token = client.cookies["iPlanetDirectoryPro"].clone();
    let id = denied(&client, "transfer:1").await;
    assert!(
        !allowed(&client, "transfer:1", &id).await,
        "not yet confirmed"
    );

    // It runs although the session is there, and the session stays what it is.
    let step = begin(&mut client, "/alpha", &id).await.step();
    assert!(!allowed(&client, "transfer:1", &id).await, "under way");
    let done = client
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!(
        done.text(),
        r#"{"tokenId":"","successUrl":"/am/console","realm":"/alpha"}"#,
        "scripts do not read the token of a cookie here either"
    );
    assert!(
        done.all("set-cookie")
            .all(|c| !c.starts_with("iPlanetDirectoryPro"))
    );
    assert_eq!(client.cookies["iPlanetDirectoryPro"], token);
    assert_eq!(server.sessions(), 1);
    let strong = decided(&client, "alpha", "strong:1", "").await;
    assert_eq!(
        strong["advices"],
        json!({ "AuthLevelConditionAdvice": ["20"] }),
        "a confirmation raises nothing"
    );

    assert!(
        !allowed(&client, "transfer:2", &id).await,
        "another transfer"
    );
    assert!(allowed(&client, "transfer:1", &id).await);
    for _ in 0..3 {
        assert!(!allowed(&client, "transfer:1", &id).await, "used");
    }
    refused(&begin(&mut client, "/alpha", &id).await);
    let again = client
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!(again.status, 401);
}

#[tokio::test]
async fn one_question_brings_several_and_each_is_used_for_its_own() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let mut ids = Vec::new();
    for resource in ["transfer:1", "transfer:2"] {
        let id = denied(&client, resource).await;
        confirm(&mut client, &id, "demo", PASSWORD).await;
        ids.push(id);
    }
    let ask = async |ids: &[&str]| {
        let mut client = client.clone().header("Accept-API-Version", "resource=2.1");
        let body = json!({
            "resources": ["transfer:2", "transfer:3", "transfer:1", "transfer:1"],
            "environment": { "TxId": ids },
        });
        let path = "/am/json/realms/root/realms/alpha/policies?_action=evaluate";
        client.post(path, &body.to_string()).await
    };
    let granted = |reply: &Reply| -> Vec<bool> {
        let list = reply.json();
        let is_granted = |one: &Json| one["actions"] == json!({ "confirm": true });
        list.as_array().unwrap().iter().map(is_granted).collect()
    };
    let first = ask(&[&ids[0], "nothing", &ids[1], &ids[0]]).await;
    assert_eq!(granted(&first), [true, false, true, false]);
    let told = first.json();
    assert_eq!(told[0]["advices"], json!({}));
    assert!(told[1]["advices"]["TransactionConditionAdvice"].is_array());
    let again = ask(&[&ids[0], &ids[1]]).await;
    assert_eq!(granted(&again), [false; 4]);
    let many = ask(&["x"; 65]).await;
    assert_eq!(many.status, 400, "{}", many.text());
}

#[tokio::test]
async fn the_advice_itself_leads_to_the_transaction_and_a_header_gets_its_token_back() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let token = client.cookies.remove("iPlanetDirectoryPro").unwrap();
    let mut client = client.header("iPlanetDirectoryPro", &token);
    let id = denied(&client, "transfer:1").await;
    let advice = format!(
        "%3CAdvices%3E%3CAttributeValuePair%3E%3CAttribute%20name=%22TransactionConditionAdvice%22/%3E%3CValue%3E{id}%3C/Value%3E%3C/AttributeValuePair%3E%3C/Advices%3E"
    );
    let query = format!("authIndexType=composite_advice&authIndexValue={advice}");
    let step = client
        .post(&Client::path("/alpha", &query), "")
        .await
        .step();
    let done = client
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!(done.token(), token);
    assert!(allowed(&client, "transfer:1", &id).await);
}

#[tokio::test]
async fn nobody_else_begins_or_uses_it() {
    let server = served().await;
    let mut demo = logged_in(&server, "demo").await;
    let mut eve = logged_in(&server, "eve").await;
    let id = denied(&demo, "transfer:1").await;
    // Without a session, with another's, in another realm, by its id in another form.
    refused(&begin(&mut server.client(), "/alpha", &id).await);
    refused(&begin(&mut eve, "/alpha", &id).await);
    refused(&begin(&mut demo.clone(), "/beta", &id).await);
    refused(&begin(&mut demo, "/alpha", &id.to_uppercase()).await);
    refused(&begin(&mut demo, "/alpha", &format!("{id}%20")).await);
    // A caller of the backchannel is told nothing of it.
    assert_eq!(info(&server, &id).await.status, 404);

    // Somebody else's password in a run of one's own.
    let step = begin(&mut demo, "/alpha", &id).await.step();
    let done = demo.answer(&step, &["eve".into(), PASSWORD.into()]).await;
    assert_eq!((done.status, done.text()), (401, LOGIN_FAILURE));
    assert!(!allowed(&demo, "transfer:1", &id).await);
    refused(&begin(&mut demo, "/alpha", &id).await);

    // What one has confirmed another cannot use.
    let id = denied(&demo, "transfer:1").await;
    assert_eq!(confirm(&mut demo, &id, "demo", PASSWORD).await.status, 200);
    assert!(!allowed(&eve, "transfer:1", &id).await);
    assert!(allowed(&demo, "transfer:1", &id).await);
}

#[tokio::test]
async fn of_a_step_that_another_took_over_nothing_comes() {
    let server = served().await;
    let mut demo = logged_in(&server, "demo").await;
    let mut eve = logged_in(&server, "eve").await;
    let id = denied(&demo, "transfer:1").await;
    let step = begin(&mut demo, "/alpha", &id).await.step();
    // A stolen step, answered with one's own name beside one's own session.
    let done = eve.answer(&step, &["eve".into(), PASSWORD.into()]).await;
    assert_eq!((done.status, done.text()), (401, LOGIN_FAILURE));
    assert!(!allowed(&eve, "transfer:1", &id).await);
    assert!(!allowed(&demo, "transfer:1", &id).await);
    assert_eq!(server.sessions(), 2);
}

#[tokio::test]
async fn a_failed_confirmation_denies_it_for_good() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let id = denied(&client, "transfer:1").await;
    let failed = confirm(&mut client, &id, "demo", "wrong").await;
    assert_eq!((failed.status, failed.text()), (401, LOGIN_FAILURE));
    refused(&begin(&mut client, "/alpha", &id).await);
    assert!(!allowed(&client, "transfer:1", &id).await);
    let valid = client.sessions("validate", "").await.json();
    assert_eq!(valid["valid"], true, "the session stays");
    let next = denied(&client, "transfer:1").await;
    assert_ne!(next, id);
    confirm(&mut client, &next, "demo", PASSWORD).await;
    assert!(allowed(&client, "transfer:1", &next).await);
}

#[tokio::test]
async fn it_rests_on_the_session_that_it_was_begun_beside() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let id = denied(&client, "transfer:1").await;
    let step = begin(&mut client, "/alpha", &id).await.step();
    client.sessions("logout", "").await;
    let done = client
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!((done.status, done.text()), (401, LOGIN_FAILURE));
    assert_eq!(server.sessions(), 0);
    let client = logged_in(&server, "demo").await;
    assert!(!allowed(&client, "transfer:1", &id).await);
}

#[tokio::test]
async fn it_ends_with_its_time_in_every_state() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let created = denied(&client, "transfer:1").await;
    let begun = denied(&client, "transfer:2").await;
    let approved = denied(&client, "transfer:3").await;
    confirm(&mut client, &approved, "demo", PASSWORD).await;
    server.advance(Duration::from_secs(590));
    let step = begin(&mut client, "/alpha", &begun).await.step();
    server.advance(Duration::from_secs(10));
    refused(&begin(&mut client, "/alpha", &created).await);
    let late = client
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!((late.status, late.text()), (401, LOGIN_FAILURE));
    assert!(!allowed(&client, "transfer:2", &begun).await);
    assert!(!allowed(&client, "transfer:3", &approved).await);
}

#[tokio::test]
async fn another_realm_knows_nothing_of_it() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let id = denied(&client, "transfer:1").await;
    confirm(&mut client, &id, "demo", PASSWORD).await;
    // The user of the same name elsewhere, with the same policy there.
    let mut other = server.client();
    let step = other.post(&Client::path("/beta", ""), "").await.step();
    let body = crate::support::filled(&step, &["demo".into(), PASSWORD.into()]).to_string();
    other.post(&Client::path("/beta", ""), &body).await.token();
    let there = decided(&other, "beta", "transfer:1", &id).await;
    assert_eq!(there["actions"], json!({}));
    assert_ne!(there["advices"]["TransactionConditionAdvice"][0], json!(id));
    assert!(allowed(&client, "transfer:1", &id).await);
}

/// Thirty-two uses at once, and thirty-two confirmations at once before them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_thirty_two_uses_at_once_one_is_allowed() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let id = denied(&client, "transfer:1").await;
    let mut steps = Vec::new();
    for _ in 0..32 {
        steps.push(begin(&mut client, "/alpha", &id).await.step());
    }
    let mut runs = tokio::task::JoinSet::new();
    for step in steps {
        let mut client = client.clone();
        runs.spawn(async move {
            client
                .answer(&step, &["demo".into(), PASSWORD.into()])
                .await
        });
    }
    let mut confirmed = 0;
    while let Some(done) = runs.join_next().await {
        confirmed += u32::from(done.unwrap().status == 200);
    }
    assert_eq!(confirmed, 1);
    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (client, id) = (client.clone(), id.clone());
        uses.spawn(async move { allowed(&client, "transfer:1", &id).await });
    }
    let mut granted = 0;
    while let Some(one) = uses.join_next().await {
        granted += u32::from(one.unwrap());
    }
    assert_eq!(granted, 1);
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn a_use_is_on_disk_before_it_is_told() {
    let server = served().await;
    let mut client = logged_in(&server, "demo").await;
    let id = denied(&client, "transfer:1").await;
    let other = denied(&client, "transfer:2").await;
    for id in [&id, &other] {
        confirm(&mut client, id, "demo", PASSWORD).await;
    }
    assert!(allowed(&client, "transfer:1", &id).await);
    let server = server.restart().await;
    let mut again = server.client();
    again.cookies = client.cookies.clone();
    assert!(!allowed(&again, "transfer:1", &id).await);
    assert!(allowed(&again, "transfer:2", &other).await);
    // The audit names neither id.
    let logged: String = server.audit().iter().map(Json::to_string).collect();
    assert!(!logged.contains(&id) && !logged.contains(&other));
}

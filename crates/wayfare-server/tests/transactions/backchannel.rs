//! The backchannel over HTTP: another server asks, a user logs in, the other server is told.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::world::{
    BEARER, INFO, INITIALIZE, PASSWORD, begin, caller, confirm, info, initialize, is, served,
    standing, wanted,
};
use crate::support::Client;

const NO_CONFIGURATION: &str =
    r#"{"code":400,"reason":"Bad Request","message":"No Configuration found"}"#;
const LOGIN_FAILURE: &str = r#"{"code":401,"reason":"Unauthorized","message":"Login failure"}"#;
const ACCESS_DENIED: &str = r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#;

#[tokio::test]
async fn a_login_that_another_server_asked_for() {
    let server = served().await;
    let mut body = wanted("Order", "demo");
    body["data"] = json!({ "amount": 12 });
    body["trackingId"] = json!("order-7");
    let id = initialize(&server, &body).await;
    let told = info(&server, &id).await;
    assert_eq!(
        told.text(),
        r#"{"state":"CREATED","result":"UNKNOWN","auditTrackingIds":["order-7"],"type":"service","value":"Order","subject":{"type":"user","name":"demo"}}"#
    );
    assert_eq!(told.header("content-api-version"), Some("resource=1.0"));

    let mut client = server.client();
    let step = begin(&mut client, "/alpha", &id).await.step();
    assert_eq!(standing(&server, &id).await, is("IN_PROGRESS", "UNKNOWN"));
    assert_eq!(server.sessions(), 0);
    let done = client
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    let token = done.token();
    assert_eq!(client.cookies["iPlanetDirectoryPro"], token);
    assert_eq!(server.sessions(), 1);

    let told = info(&server, &id).await.json();
    assert_eq!(told["state"], "COMPLETED");
    assert_eq!(told["result"], "APPROVED");
    assert_eq!(told["sessionProperties"], json!({ "plan": "gold" }));
    let tracking = told["auditTrackingIds"].as_array().unwrap();
    assert_eq!(tracking.len(), 2);
    let audit = server.audit();
    assert!(audit.iter().any(|line| line["run"] == tracking[1]));
    let opened: Vec<&Json> = audit
        .iter()
        .filter(|line| line["eventName"] == "AM-TRANSACTION-CREATED")
        .collect();
    assert_eq!(opened[0]["trackingId"], "order-7");

    // It is over: nobody can log in by it again, and no step of it is taken twice.
    let again = begin(&mut server.client(), "/alpha", &id).await;
    assert_eq!((again.status, again.text()), (400, NO_CONFIGURATION));
    let again = server
        .client()
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!(again.status, 401);
    assert_eq!(server.sessions(), 1);

    // Neither the bearer token nor the id of a transaction is written where people read.
    let logged: String = server.audit().iter().map(Json::to_string).collect();
    assert!(!logged.contains(BEARER) && !logged.contains(&id));
}

#[tokio::test]
async fn a_login_without_a_session_is_approved_too() {
    let server = served().await;
    let id = initialize(&server, &wanted("NoSess", "demo")).await;
    let done = confirm(&mut server.client(), &id, "demo", PASSWORD).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert!(done.json().get("tokenId").is_none());
    assert_eq!(standing(&server, &id).await, is("COMPLETED", "APPROVED"));
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn callers_need_a_token_of_the_realm() {
    let server = served().await;
    let body = wanted("Confirm", "demo").to_string();
    let beta = INITIALIZE.replace("alpha", "beta");
    for (path, authorization) in [
        (INITIALIZE, ""),
        (INITIALIZE, "Bearer"),
        (INITIALIZE, "Bearer x"),
        (INITIALIZE, "Basic 0123456789abcdefghijklmnop"),
        (INITIALIZE, "Bearer 0123456789abcdefghijklmnoP"),
        (&*beta, "Bearer 0123456789abcdefghijklmnop"),
        (INFO, "Bearer x"),
    ] {
        let mut client = caller(&server).header("Authorization", authorization);
        let reply = client.post(path, &body).await;
        assert_eq!(
            (reply.status, reply.text()),
            (401, ACCESS_DENIED),
            "{path} {authorization}"
        );
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        // Whoever may not ask does not learn what would be read.
        let reply = client.post(path, "{").await;
        assert_eq!((reply.status, reply.text()), (401, ACCESS_DENIED));
    }
    // A session is no bearer token.
    let mut client = server.client();
    let token = client.login("demo", PASSWORD).await.token();
    let mut client = caller(&server).header("Authorization", &format!("Bearer {token}"));
    assert_eq!(client.post(INITIALIZE, &body).await.status, 401);
    let reply = caller(&server).get(INITIALIZE).await;
    assert_eq!(reply.status, 405);
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused() {
    let server = served().await;
    for journey in ["Inner", "Nothing", "confirm"] {
        let reply = caller(&server)
            .post(INITIALIZE, &wanted(journey, "demo").to_string())
            .await;
        assert_eq!(
            (reply.status, reply.text()),
            (400, NO_CONFIGURATION),
            "{journey}"
        );
    }
    for (key, value) in [
        ("data", json!({ "realm": "/beta" })),
        ("data", json!({ "authLevel": 20 })),
        ("trackingId", json!("a b")),
        ("type", json!("tree")),
    ] {
        let mut body = wanted("Confirm", "demo");
        body[key] = value;
        let reply = caller(&server).post(INITIALIZE, &body.to_string()).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["message"], format!("Invalid value for {key}"));
    }
    let mut body = wanted("Confirm", "demo");
    body["allowretry"] = json!(true);
    assert_eq!(
        caller(&server)
            .post(INITIALIZE, &body.to_string())
            .await
            .status,
        400
    );
    for id in [
        "",
        "x",
        "00000000-0000-0000-0000-000000000000",
        &"x".repeat(10_000),
    ] {
        let reply = info(&server, id).await;
        assert_eq!(reply.status, 404, "{id}");
        assert_eq!(reply.json()["message"], "Transaction not found");
    }
}

#[tokio::test]
async fn a_user_who_is_not_there_has_the_same_face() {
    let server = served().await;
    for name in ["demo", "nobody", "demo\u{200b}"] {
        let id = initialize(&server, &wanted("Confirm", name)).await;
        let told = info(&server, &id).await.json();
        assert_eq!(told["subject"]["name"], name);
        assert_eq!(told["state"], "CREATED");
        let step = begin(&mut server.client(), "/alpha", &id).await.step();
        assert_eq!(step["callbacks"].as_array().unwrap().len(), 2);
        if name != "demo" {
            // Nobody can confirm it.
            let done = confirm(&mut server.client(), &id, "demo", PASSWORD).await;
            assert_eq!((done.status, done.text()), (401, LOGIN_FAILURE));
            assert_eq!(standing(&server, &id).await, is("COMPLETED", "DENIED"));
        }
    }
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn another_user_does_not_confirm_it() {
    let server = served().await;
    let id = initialize(&server, &wanted("Confirm", "demo")).await;
    let done = confirm(&mut server.client(), &id, "eve", PASSWORD).await;
    assert_eq!(
        (done.status, done.text()),
        (401, LOGIN_FAILURE),
        "whom it expects is not told"
    );
    assert_eq!(standing(&server, &id).await, is("COMPLETED", "DENIED"));
    assert_eq!(server.sessions(), 0);
    // Beside a session of somebody else neither, and that session stays.
    let id = initialize(&server, &wanted("Confirm", "demo")).await;
    let mut eve = server.client();
    eve.login("eve", PASSWORD).await.token();
    let before = eve.cookies.clone();
    let done = confirm(&mut eve, &id, "eve", PASSWORD).await;
    assert_eq!(done.status, 401);
    assert_eq!(eve.cookies, before);
    let valid = eve.sessions("validate", "").await.json();
    assert_eq!(valid["valid"], true);
    assert_eq!(standing(&server, &id).await, is("COMPLETED", "DENIED"));
}

#[tokio::test]
async fn a_failure_is_final_unless_it_may_be_tried_again() {
    let server = served().await;
    let id = initialize(&server, &wanted("Confirm", "demo")).await;
    let failed = confirm(&mut server.client(), &id, "demo", "wrong").await;
    assert_eq!((failed.status, failed.text()), (401, LOGIN_FAILURE));
    assert_eq!(standing(&server, &id).await, is("COMPLETED", "DENIED"));
    let again = begin(&mut server.client(), "/alpha", &id).await;
    assert_eq!((again.status, again.text()), (400, NO_CONFIGURATION));

    let mut body = wanted("Confirm", "demo");
    body["allowRetry"] = json!(true);
    let id = initialize(&server, &body).await;
    let failed = confirm(&mut server.client(), &id, "demo", "wrong").await;
    assert_eq!(failed.status, 401);
    assert_eq!(standing(&server, &id).await, is("IN_PROGRESS", "UNKNOWN"));
    confirm(&mut server.client(), &id, "demo", PASSWORD)
        .await
        .token();
    assert_eq!(standing(&server, &id).await, is("COMPLETED", "APPROVED"));
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn it_ends_with_its_time_and_belongs_to_its_realm() {
    let server = served().await;
    let id = initialize(&server, &wanted("Confirm", "demo")).await;
    let step = begin(&mut server.client(), "/alpha", &id).await.step();
    let elsewhere = begin(&mut server.client(), "/beta", &id).await;
    assert_eq!(
        (elsewhere.status, elsewhere.text()),
        (400, NO_CONFIGURATION)
    );
    let beta = INFO.replace("alpha", "beta");
    let body = json!({ "transaction": id }).to_string();
    assert_eq!(caller(&server).post(&beta, &body).await.status, 401);

    let late = initialize(&server, &wanted("Confirm", "demo")).await;
    server.advance(Duration::from_secs(599));
    assert_eq!(standing(&server, &id).await, is("IN_PROGRESS", "UNKNOWN"));
    // A run that was begun in time ends too late.
    let last = begin(&mut server.client(), "/alpha", &late).await.step();
    server.advance(Duration::from_secs(1));
    let done = server
        .client()
        .answer(&last, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!((done.status, done.text()), (401, LOGIN_FAILURE));
    assert_eq!(server.sessions(), 0);
    for id in [&id, &late] {
        assert_eq!(info(&server, id).await.status, 404);
        let again = begin(&mut server.client(), "/alpha", id).await;
        assert_eq!((again.status, again.text()), (400, NO_CONFIGURATION));
    }
    let gone = server
        .client()
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    assert_eq!(gone.status, 401);
}

#[tokio::test]
async fn a_journey_of_transactions_is_reached_by_nothing_else() {
    let server = served().await;
    for query in [
        "authIndexType=service&authIndexValue=Confirm",
        "authIndexType=transaction&authIndexValue=Confirm",
        "authIndexType=transaction&authIndexValue=",
        "authIndexType=transaction",
        "authIndexType=transaction&authIndexValue=%00",
        "authIndexType=level&authIndexValue=20",
        "authIndexType=composite_advice&authIndexValue=%3CAdvices%3E%3CAttributeValuePair%3E%3CAttribute%20name=%22AuthenticateToServiceConditionAdvice%22/%3E%3CValue%3EConfirm%3C/Value%3E%3C/AttributeValuePair%3E%3C/Advices%3E",
    ] {
        let reply = server
            .client()
            .post(&Client::path("/alpha", query), "")
            .await;
        assert_eq!(
            (reply.status, reply.text()),
            (400, NO_CONFIGURATION),
            "{query}"
        );
    }
}

/// Many runs of one transaction at once: one session.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_thirty_two_runs_at_once_one_counts() {
    let server = served().await;
    let id = initialize(&server, &wanted("Confirm", "demo")).await;
    let mut steps = Vec::new();
    for _ in 0..32 {
        steps.push(begin(&mut server.client(), "/alpha", &id).await.step());
    }
    let mut runs = Vec::new();
    for step in steps {
        let mut client = server.client();
        runs.push(tokio::spawn(async move {
            client
                .answer(&step, &["demo".into(), PASSWORD.into()])
                .await
        }));
    }
    let mut approved = 0;
    for run in runs {
        let reply = run.await.unwrap();
        match reply.status {
            200 => approved += 1,
            status => assert!(matches!(status, 401 | 503), "{status}"),
        }
    }
    assert_eq!(approved, 1);
    assert_eq!(server.sessions(), 1);
    assert_eq!(standing(&server, &id).await, is("COMPLETED", "APPROVED"));
}

#[tokio::test]
async fn a_transaction_outlives_the_server() {
    let server = served().await;
    let open = initialize(&server, &wanted("Confirm", "demo")).await;
    let done = initialize(&server, &wanted("Confirm", "demo")).await;
    confirm(&mut server.client(), &done, "demo", PASSWORD)
        .await
        .token();
    let server = server.restart().await;
    assert_eq!(standing(&server, &open).await, is("CREATED", "UNKNOWN"));
    assert_eq!(standing(&server, &done).await, is("COMPLETED", "APPROVED"));
    let again = begin(&mut server.client(), "/alpha", &done).await;
    assert_eq!(again.status, 400);
    confirm(&mut server.client(), &open, "demo", PASSWORD)
        .await
        .token();
}

//! Starts beside a session: vectors 27 to 31, B02, B03 and C06.

use serde_json::{Value as Json, json};
use wayfare_server::{clock::Clock as _, config::ExistingToken};

use super::stage::{
    LEVEL, OTHERS, Player as _, SERVICE, at, bad_request, choices, composite, journey, service,
    session_cookie, stage, stage_with,
};
use crate::support::{Client, Reply, TestServer};

const COOKIE: &str = "iPlanetDirectoryPro";

const OTHER_SUBJECT: &str =
    "Session Upgrade fails since user is different than original authenticated user";

/// A client with a session of a journey.
async fn with_session(server: &TestServer, journey: &str) -> (Client, String) {
    let mut client = server.client();
    let token = client.log_in(journey).await.token();
    (client, token)
}

/// Success without a run: no cookie, nothing made, nothing ended.
fn assert_at_once(reply: &Reply, token: &str) {
    let expected =
        format!(r#"{{"tokenId":"{token}","successUrl":"/am/console","realm":"/alpha"}}"#);
    assert_eq!((reply.status, reply.text()), (200, &*expected));
    assert_eq!(reply.header("set-cookie"), None);
}

#[tokio::test]
async fn v27_a_session_is_enough() {
    let server = stage().await;
    let (mut client, token) = with_session(&server, "Login").await;
    for path in [at(""), service("Login"), at("authIndexType=service")] {
        assert_at_once(&client.post(&path, "").await, "");
    }
    let user = at("authIndexType=user&authIndexValue=demo");
    assert_at_once(&client.post(&user, "").await, "");
    let reply = client.post(&at("goto=https://app.example.com/x"), "").await;
    assert_eq!(reply.json()["successUrl"], "https://app.example.com/x");
    let reply = client.post(&at("noSession=true"), "").await;
    assert_eq!(
        reply.text(),
        r#"{"successUrl":"/am/console","realm":"/alpha"}"#
    );
    assert_eq!(server.sessions(), 1);
    assert!(client.is_valid(&token).await);
    // Another journey, another user, a level, somebody else's session: none of these is satisfied.
    for path in [
        service("Once"),
        at("authIndexType=user&authIndexValue=other"),
        at("authIndexType=level&authIndexValue=20"),
    ] {
        client.post(&path, "").await.step();
    }
    client.cookies.insert(COOKIE.into(), "wfs1.AAAA".into());
    client.post(&at(""), "").await.step();
    // Nor is a session of another realm.
    let mut below = server.client().header(COOKIE, &token);
    below.post(&Client::path("/alpha/sub", ""), "").await.step();
    let audit = server.audit();
    let told = audit
        .iter()
        .filter(|line| line["reason"] == "session_is_enough");
    let told: Vec<&Json> = told.collect();
    assert_eq!(told.len(), 6);
    for line in told {
        assert_eq!(line["username"], "demo");
        assert!(
            line["session"].is_string() && line["run"].is_null(),
            "{line}"
        );
    }
}

#[tokio::test]
async fn v27_what_stands_for_the_token_is_a_switch() {
    for (switch, by_cookie, by_header) in [
        (ExistingToken::Auto, false, true),
        (ExistingToken::Same, true, true),
        (ExistingToken::Empty, false, false),
    ] {
        let server = stage_with(|config| config.server.existing_token = switch).await;
        let (mut client, token) = with_session(&server, "Login").await;
        let shown = |told: bool| if told { &*token } else { "" };
        assert_at_once(&client.post(&at(""), "").await, shown(by_cookie));
        let mut header = server.client().header(COOKIE, &token);
        assert_at_once(&header.post(&at(""), "").await, shown(by_header));
        let parameter = at(&format!("sessionUpgradeSSOTokenId={token}"));
        let reply = server.client().post(&parameter, "").await;
        assert_at_once(&reply, shown(by_header));
    }
}

#[tokio::test]
async fn v28_a_forced_run_replaces_the_session() {
    let server = stage().await;
    let (mut client, old) = with_session(&server, "Mid").await;
    // The name of the parameter is compared as it stands.
    for query in ["forceauth=true", "ForceAuth=false", "ForceAuth="] {
        assert_at_once(&client.post(&at(query), "").await, "");
    }
    let step = client.post(&at("ForceAuth=true"), "").await.step();
    assert!(client.is_valid(&old).await);
    let new = client.as_demo(&step).await.token();
    assert_ne!(old, new);
    assert!(!client.is_valid(&old).await);
    let info = client.info(&new).await;
    assert_eq!(info["username"], "demo");
    assert_eq!(server.sessions(), 1);
    // Without a session it is a login.
    let step = server.client().post(&at("ForceAuth=true"), "").await.step();
    server.client().as_demo(&step).await.token();
    assert_eq!(server.sessions(), 2);
}

#[tokio::test]
async fn v29_a_journey_that_must_run_runs() {
    let server = stage().await;
    let (mut client, _) = with_session(&server, "MustRun").await;
    let step = client.post(&service("MustRun"), "").await.step();
    assert_eq!(step["stage"], "MustRun");
    client.as_demo(&step).await.token();
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn v30_a_level_that_is_reached_and_one_that_is_not() {
    let server = stage().await;
    let (mut client, old) = with_session(&server, "Mid").await;
    for level in ["0", "min", "9", "10"] {
        let query = format!("authIndexType=level&authIndexValue={level}");
        assert_at_once(&client.post(&at(&query), "").await, "");
    }
    let menu = client
        .post(&at("authIndexType=level&authIndexValue=11"), "")
        .await
        .step();
    assert_eq!(choices(&menu), ["Strong", "Either"]);
    let step = client.answer(&menu, &[json!(0)]).await.step();
    let new = client.as_demo(&step).await.token();
    assert!(!client.is_valid(&old).await);
    assert_eq!(level_of(&server, &mut client, &new).await, "20");
    // A login at level 0 on top of it keeps the greater one.
    let step = client.post(&service("Once"), "").await.step();
    let last = client.as_demo(&step).await.token();
    assert_eq!(level_of(&server, &mut client, &last).await, "20");
    assert_at_once(
        &client
            .post(&at("authIndexType=level&authIndexValue=20"), "")
            .await,
        "",
    );
}

/// The level of a session as the store has it.
async fn level_of(server: &TestServer, client: &mut Client, token: &str) -> String {
    properties(server, client, token).await["AuthLevel"]
        .as_str()
        .expect("a text")
        .to_owned()
}

/// All properties of a session.
async fn properties(server: &TestServer, client: &mut Client, token: &str) -> Json {
    let handle = client.info(token).await["properties"]["AMCtxId"].clone();
    let handle = handle.as_str().expect("a handle");
    let now = server.clock.now();
    let found = server.running.store().session_by_handle(handle, now);
    let session = found.expect("a store").expect("a session");
    serde_json::to_value(session.properties).expect("JSON")
}

#[tokio::test]
async fn v31_b03_an_upgrade_as_somebody_else_changes_nothing() {
    let server = stage().await;
    let (client, old) = with_session(&server, "Mid").await;
    let others: [Json; 2] = ["other".into(), OTHERS.into()];
    let explicit =
        format!("authIndexType=service&authIndexValue=Strong&sessionUpgradeSSOTokenId={old}");
    let mut stranger = server.client();
    for (client, path) in [
        (&mut client.clone(), service("Strong")),
        (&mut client.clone(), at("ForceAuth=true")),
        (&mut server.client().header(COOKIE, &old), service("Strong")),
        (&mut stranger, at(&explicit)),
    ] {
        let before = client.clone().info(&old).await;
        let step = client.post(&path, "").await.step();
        let reply = client.answer(&step, &others).await;
        let expected = bad_request(OTHER_SUBJECT);
        assert_eq!((reply.status, reply.text()), (400, &*expected));
        assert_eq!(session_cookie(&reply), None);
        assert_eq!(client.clone().info(&old).await, before);
        assert_eq!(server.sessions(), 1);
    }
    // A failure changes nothing either.
    let mut client = client;
    let step = client.post(&service("Strong"), "").await.step();
    let reply = client.answer(&step, &["demo".into(), "no".into()]).await;
    assert_eq!((reply.status, session_cookie(&reply)), (401, None));
    assert!(client.is_valid(&old).await);
}

#[tokio::test]
async fn a_session_that_is_named_must_be_there() {
    let server = stage().await;
    let (mut client, token) = with_session(&server, "Login").await;
    client.sessions("logout", "{}").await;
    for named in [
        "nope",
        &token,
        "wfs1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        for more in [
            "",
            "&authIndexType=service&authIndexValue=Strong",
            "&ForceAuth=true",
        ] {
            let query = format!("sessionUpgradeSSOTokenId={named}{more}");
            let reply = server.client().post(&at(&query), "").await;
            let expected = bad_request("The session to upgrade is not valid");
            assert_eq!((reply.status, reply.text()), (400, &*expected), "{query}");
        }
    }
    // One of another realm cannot be upgraded by a run that lives in this one.
    let (_, token) = with_session(&server, "Login").await;
    let query = format!("sessionUpgradeSSOTokenId={token}");
    let reply = server
        .client()
        .post(&Client::path("/alpha/sub", &query), "")
        .await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    // One that ends before the run does is simply not there any more.
    let menu = composite(&[(SERVICE, &["Mid", "Strong"])]);
    let mut client = server.client();
    let menu = client
        .post(&at(&format!("{menu}&{query}")), "")
        .await
        .step();
    let mut owner = server.client().header(COOKIE, &token);
    assert_eq!(owner.sessions("logout", "").await.status, 200);
    let reply = client.answer(&menu, &[json!(0)]).await;
    let expected = bad_request("The session to upgrade is not valid");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
}

#[tokio::test]
async fn b02_an_upgrade_makes_a_new_session_of_the_same_subject() {
    let server = stage().await;
    let (mut client, old) = with_session(&server, "Mid").await;
    let before = client.info(&old).await;
    let was = properties(&server, &mut client, &old).await;
    let step = client.post(&service("Strong"), "").await.step();
    assert_eq!(journey(&step), "Strong");
    let reply = client.as_demo(&step).await;
    let new = reply.token();
    assert!(session_cookie(&reply).is_some_and(|cookie| cookie.contains(&new)));
    // The old one is dead at once, for everybody and everything.
    assert!(!client.is_valid(&old).await);
    let mut dead = server.client().header(COOKIE, &old);
    dead.post(&at(""), "").await.step();
    assert_eq!(server.sessions(), 1);
    let after = client.info(&new).await;
    for same in ["username", "universalId", "realm"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    let is = properties(&server, &mut client, &new).await;
    assert_eq!(is["AuthLevel"], "20");
    assert_eq!(is["Service"], "Strong|Mid");
    assert_eq!(is["AuthType"], was["AuthType"]);
    assert_ne!(is["AMCtxId"], was["AMCtxId"]);
    assert_eq!(is["IndexType"], "service");
    // What the new journey sets wins, the rest is copied.
    assert_eq!(
        (&is["shade"], &is["colour"]),
        (&json!("light"), &json!("red"))
    );
    for same in ["UserId", "Principal", "Organization"] {
        assert_eq!(is[same], was[same], "{same}");
    }
    // Both journeys are passed now.
    for journey in ["Mid", "Strong"] {
        assert_at_once(&client.post(&service(journey), "").await, "");
    }
}

#[tokio::test]
async fn b02_only_what_is_proved_raises_the_level() {
    let server = stage().await;
    let (mut client, old) = with_session(&server, "Mid").await;
    let step = client.post(&service("Strong"), "").await.step();
    assert_eq!(
        client
            .answer(&step, &["demo".into(), "no".into()])
            .await
            .status,
        401
    );
    assert_eq!(level_of(&server, &mut client, &old).await, "10");
    let menu = client
        .post(&at("authIndexType=level&authIndexValue=20"), "")
        .await
        .step();
    let step = client.answer(&menu, &[json!(1)]).await.step();
    let step = client.as_demo(&step).await.step();
    // The run is at 0 beside a session at 10; neither is 20.
    assert_eq!(client.answer(&step, &[json!(1)]).await.status, 401);
    assert!(client.is_valid(&old).await);
    assert_eq!(level_of(&server, &mut client, &old).await, "10");
}

#[tokio::test]
async fn c06_an_advice_for_less_runs_and_lowers_nothing() {
    let server = stage().await;
    let (mut client, old) = with_session(&server, "Strong").await;
    let advice = composite(&[(LEVEL, &["10"])]);
    let menu = client.post(&at(&advice), "").await.step();
    let step = client.answer(&menu, &[json!(0)]).await.step();
    assert_eq!(journey(&step), "Mid");
    assert!(client.is_valid(&old).await);
    let new = client.as_demo(&step).await.token();
    assert_eq!(level_of(&server, &mut client, &new).await, "20");
    let after = client.info(&new).await;
    assert_eq!(
        (&after["username"], &after["realm"]),
        (&json!("demo"), &json!("/alpha"))
    );
    assert_eq!(server.sessions(), 1);
    // The session that the menu was shown beside is the one that is upgraded, cookie or not.
    let menu = client.post(&at(&advice), "").await.step();
    let step = server.client().answer(&menu, &[json!(1)]).await.step();
    let others: [Json; 2] = ["other".into(), OTHERS.into()];
    let reply = server.client().answer(&step, &others).await;
    assert_eq!(
        (reply.status, reply.text()),
        (400, &*bad_request(OTHER_SUBJECT))
    );
    assert!(client.is_valid(&new).await);
}

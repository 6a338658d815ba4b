//! Nodes that find out who it is, and what becomes of an account.

use serde_json::json;

use super::{after_login, from_first, info, log_in, says, serve};
use crate::support::TestServer;

#[tokio::test]
async fn data_store_decision_compares_name_and_password() {
    let server = serve(&after_login(
        "refused",
        r#"
  node next: Message {
    message = { en = "welcome" }
    true -> success
    false -> failure
  }
  node refused: Message {
    message = { en = "refused" }
    true -> failure
    false -> failure
  }"#,
    ))
    .await;
    let mut client = server.client();
    let step = client.login("demo", "wrong").await.step();
    assert_eq!((says(&step), server.compared()), ("refused", 1));
    // Whoever is unknown costs as much and leads the same way.
    let step = client.login("nobody", "wrong").await.step();
    assert_eq!((says(&step), server.compared()), ("refused", 1));
    assert_eq!(server.running.hash().dummies(), 1);
    let step = client.login("DEMO", "Ch4ng31t").await.step();
    assert_eq!((says(&step), server.compared()), ("welcome", 2));
    client.answer(&step, &[0.into()]).await.token();
    assert_eq!(info(&mut client).await["username"], "demo");
    let line = server.audit().pop().unwrap();
    assert_eq!(line["result"], "SUCCESSFUL");
}

#[tokio::test]
async fn retry_limit_decision_lets_try_again_as_often_as_it_says() {
    let server = serve(&after_login(
        "again",
        r"
  node next: Message {
    true -> success
    false -> failure
  }
  node again: RetryLimitDecision(retryLimit = 1) {
    Retry -> credentials
    Reject -> failure
  }",
    ))
    .await;
    let mut client = server.client();
    let step = client.login("demo", "wrong").await.step();
    assert_eq!(step["callbacks"][0]["type"], "NameCallback");
    let answers = ["demo".into(), "wrong".into()];
    let reply = client.answer(&step, &answers).await;
    assert_eq!((reply.status, server.compared()), (401, 2));
    assert_eq!(reply.json()["message"], "Login failure");
}

/// `AccountLockout` and `AccountActiveDecision` in one journey: a right password asks whether the account
/// is active and locks it, a wrong one unlocks it.
const LOCKS: &str = r#"
  node next: AccountActiveDecision {
    true -> lock
    false -> inactive
  }
  node lock: AccountLockout(lockAction = "LOCK") -> locked
  node locked: Message {
    message = { en = "locked" }
    true -> success
    false -> failure
  }
  node inactive: Message {
    message = { en = "inactive" }
    true -> failure
    false -> failure
  }
  node unlock: AccountLockout {
    lockAction = "UNLOCK"
    allow enumeration, unproved_write because "what the node does is looked at"
    -> unlocked
  }
  node unlocked: Message {
    message = { en = "unlocked" }
    true -> failure
    false -> failure
  }"#;

#[tokio::test]
async fn account_lockout_locks_and_unlocks() {
    let server = serve(&after_login("unlock", LOCKS)).await;
    let mut client = server.client();
    let step = log_in(&mut client).await.step();
    assert_eq!(says(&step), "locked");
    // The login under way is refused as well, in the words of any other.
    let reply = client.answer(&step, &[0.into()]).await;
    assert_eq!(
        (reply.status, reply.text()),
        (
            401,
            r#"{"code":401,"reason":"Unauthorized","message":"Login failure"}"#
        )
    );
    assert_eq!(server.audit().pop().unwrap()["reason"], "inactive");
    // A later login compares, and sees that the account is locked.
    let step = log_in(&mut client).await.step();
    assert_eq!((says(&step), server.compared()), ("inactive", 2));
    let server = server.restart().await;
    let mut client = server.client();
    assert_eq!(says(&log_in(&mut client).await.step()), "inactive");
    let step = client.login("demo", "wrong").await.step();
    assert_eq!(says(&step), "unlocked");
    assert_eq!(says(&log_in(&mut client).await.step()), "locked");
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn zero_page_login_reads_the_headers_it_is_told() {
    let server = serve(&from_first(
        r#"
  node first: ZeroPageLogin {
    usernameHeader = "X-Name"
    passwordHeader = "X-Word"
    allowWithoutReferer = false
    referrerWhiteList = ["https://portal.example.com/"]
    true -> check
    false -> asked
  }
  node asked: Message {
    message = { en = "asked" }
    true -> failure
    false -> failure
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }"#,
    ))
    .await;
    let named = || {
        server
            .client()
            .header("X-Name", "demo")
            // RFC 2047: a word in base64.
            .header("X-Word", "=?UTF-8?B?Q2g0bmczMXQ=?=")
    };
    let portal = "https://portal.example.com/";
    named().header("Referer", portal).begin("").await.token();
    for mut client in [
        named(),
        named().header("Referer", "https://evil.example.com/"),
        named().header("Referer", portal).also("Referer", portal),
        server.client().header("Referer", portal),
        server
            .client()
            .header("Referer", portal)
            .header("X-OpenAM-Username", "demo")
            .header("X-OpenAM-Password", "Ch4ng31t"),
    ] {
        assert_eq!(says(&client.begin("").await.step()), "asked");
    }
    assert_eq!((server.compared(), server.sessions()), (1, 1));
}

#[tokio::test]
async fn session_data_reads_the_session_of_before() {
    let plain = after_login(
        "failure",
        r#"
  node next: SetSessionProperties(properties = { tenant = "north" }) -> raise
  node raise: ModifyAuthLevel(authLevelIncrement = 7) -> success"#,
    );
    let reads = r#"
journey reads {
  allow no_success because "the test looks at what comes before the end"
  start user
  on error -> failed
  node user: SessionData {
    sessionDataKey = "UserToken"
    sharedStateKey = "username"
    -> level
  }
  node level: SessionData {
    sessionDataKey = "AuthLevel"
    sharedStateKey = "level"
    -> tenant
  }
  node tenant: SessionData {
    sessionDataKey = "tenant"
    sharedStateKey = "branch"
    -> say
  }
  node say: Metadata(attributes = ["username", "level", "branch"]) -> failure
  node failed: Message {
    message = { en = "no session" }
    true -> failure
    false -> failure
  }
}
"#;
    let server = TestServer::journeys(&[("login.journey", &plain), ("reads.journey", reads)]).await;
    let mut client = server.client();
    assert_eq!(says(&client.begin("reads").await.step()), "no session");
    log_in(&mut client).await.token();
    let step = client.begin("reads").await.step();
    assert_eq!(
        step["callbacks"][0]["output"][0]["value"],
        json!({ "username": "demo", "level": "7", "branch": "north" })
    );
    // It is no login: the session of before is the only one.
    client.answer(&step, &[]).await;
    assert_eq!(server.sessions(), 1);
}

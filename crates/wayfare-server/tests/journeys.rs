//! Journeys while the server runs: mail, levels, edits that work and edits that do not.

use std::fs;

use serde_json::Value as Json;

use wayfare_server::{
    Server,
    config::{Config, Journeys, RealmSettings},
};

use crate::{
    post::{follow, opened},
    support::{Client, TestServer, alpha},
};

/// A code of six digits in a sent message.
fn code(message: &str) -> String {
    let digits: Vec<&str> = message
        .split(|c: char| !c.is_ascii_digit())
        .filter(|run| run.len() >= 6)
        .collect();
    digits
        .last()
        .unwrap_or_else(|| panic!("no code in {message}"))
        .to_string()
}

async fn to_the_code(server: &TestServer, client: &mut Client) -> Json {
    let step = client.begin("StepUp").await.step();
    let before = server.outbox().len();
    let step = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .step();
    assert_eq!(server.outbox().len(), before + 1, "one message");
    step
}

#[tokio::test]
async fn the_demo_registers_somebody_who_then_logs_in() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let address = client.begin("Registration").await.step();
    let before = server.outbox();
    let sent = client.answer(&address, &["zoe@example.com".into()]).await;
    assert!(
        sent.text().contains("A mail with a link"),
        "{}",
        sent.text()
    );
    let mut sent = server
        .outbox()
        .difference(&before)
        .cloned()
        .collect::<Vec<_>>();
    let (head, _, id) = opened(&sent.pop().expect("a mail"));
    assert!(head.contains("zoe@example.com"), "{head}");
    // In whatever browser the link is followed.
    let mut client = server.client();
    let mut page = follow(&mut client, &id).await.step();
    let typed = ["zoe", "Zoe", "Zed", "Engine1843"];
    for (at, value) in typed.iter().enumerate() {
        page["callbacks"][at]["input"][0]["value"] = Json::from(*value);
    }
    page["callbacks"][4]["input"][0]["value"] = Json::from(true);
    let path = Client::path("/alpha", "");
    let mut questions = client.post(&path, &page.to_string()).await.step();
    let asked = &mut questions["callbacks"][0];
    assert_eq!(asked["type"], "KbaCreateCallback");
    asked["input"][0]["value"] = asked["output"][1]["value"][0].clone();
    asked["input"][1]["value"] = Json::from("Rex the first");
    client.post(&path, &questions.to_string()).await.token();
    server.client().login("zoe", "Engine1843").await.token();
}

#[tokio::test]
async fn every_journey_of_the_demo_can_be_begun() {
    let server = TestServer::demo().await;
    for name in [
        "AuthenticatorApp",
        "Consent",
        "KnownDevice",
        "ProgressiveProfile",
        "RememberMe",
        "ResetPassword",
    ] {
        let asked = server.client().begin(name).await;
        assert_eq!(asked.status, 200, "{name}: {}", asked.text());
    }
    // What an author has allowed is no remark of the start.
    let status = server.running.journeys(&alpha()).expect("a realm");
    assert_eq!(status.remarks, Vec::<String>::new());
}

#[tokio::test]
async fn a_mailed_code_raises_the_level() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = to_the_code(&server, &mut client).await;
    let message = server.outbox().pop_first().expect("a message");
    assert!(message.contains("To: demo@example.com"), "{message}");
    let done = client.answer(&step, &[code(&message).into()]).await;
    done.token();
    let info = client.sessions("getSessionInfo", "").await.json();
    assert_eq!(info["properties"]["AuthLevel"], "20");
    assert!(
        !server
            .audit()
            .iter()
            .any(|line| line.to_string().contains(&code(&message)))
    );
}

#[tokio::test]
async fn a_wrong_code_is_counted_apart_from_passwords() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = to_the_code(&server, &mut client).await;
    let message = server.outbox().pop_first().expect("a message");
    let right = code(&message);
    let wrong = if right == "000000" {
        "111111"
    } else {
        "000000"
    };
    let reply = client.answer(&step, &[wrong.into()]).await;
    assert_ne!(reply.json()["tokenId"], Json::String(String::new()));
    assert_eq!(server.sessions(), 0);
    server.client().login("demo", "Ch4ng31t").await.token();
}

#[tokio::test]
async fn an_upgrade_ends_the_old_session_and_never_lowers_the_level() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let old = client.login("demo", "Ch4ng31t").await.token();
    let step = to_the_code(&server, &mut client).await;
    let message = server.outbox().pop_first().expect("a message");
    let new = client.answer(&step, &[code(&message).into()]).await.token();
    assert_ne!(old, new);
    assert_eq!(server.sessions(), 1);
    let asked = |token: &str| serde_json::json!({ "tokenId": token }).to_string();
    assert_eq!(
        client.sessions("validate", &asked(&old)).await.text(),
        r#"{"valid":false}"#
    );
    assert_eq!(
        client.sessions("validate", &asked(&new)).await.json()["valid"],
        true
    );
    // A plain login on top of it takes the level over.
    let forced = Client::path("/alpha", "ForceAuth=true");
    let step = client.post(&forced, "").await.step();
    let values = ["demo".into(), "Ch4ng31t".into()];
    let third = client.answer(&step, &values).await.token();
    let info = client
        .sessions("getSessionInfo", &asked(&third))
        .await
        .json();
    assert_eq!(info["properties"]["AuthLevel"], "20");
    assert_eq!(server.sessions(), 1);
}

pub(crate) const ONE_FIELD: &str = r#"
journey login "Login" {
  start credentials
  node credentials: Page {
    stage = "first"
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> credentials_again
  }
  node credentials_again: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> failure
  }
}
"#;

#[tokio::test]
async fn a_broken_test_is_named_and_stops_nothing() {
    const GOOD: &str = r#"
test "right" for login {
  given user demo { password = "Ch4ng31t" }
  answer credentials { username = "demo", password = "Ch4ng31t" }
  expect success
}
"#;
    let wrong = GOOD.replace("answer credentials", "answer credentails");
    let files = [
        ("login.journey", ONE_FIELD),
        ("login.test.journey", wrong.as_str()),
        ("more.test.journey", "test {"),
    ];
    let server = TestServer::journeys(&files).await;
    assert_eq!(server.client().begin("").await.step()["stage"], "first");
    let status = || server.running.journeys(&alpha()).unwrap();
    let broken = status().tests;
    assert_eq!(broken.len(), 2, "{broken:?}");
    assert!(
        broken[0].starts_with("login.test.journey:4:10: error["),
        "{broken:?}"
    );
    assert!(broken[1].starts_with("more.test.journey:1:"), "{broken:?}");

    let folder = server.journey_folder();
    fs::write(folder.join("login.test.journey"), GOOD).unwrap();
    fs::write(folder.join("more.test.journey"), [0xff, 0xfe, b'x']).unwrap();
    assert!(!server.running.reload(&alpha()).await, "the same journeys");
    let broken = status().tests;
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(
        broken[0].starts_with("more.test.journey: cannot read ") && broken[0].contains("UTF-8"),
        "{broken:?}"
    );
    fs::remove_file(folder.join("more.test.journey")).unwrap();
    fs::write(
        folder.join("login.journey"),
        ONE_FIELD.replace("\"first\"", "\"second\""),
    )
    .unwrap();
    assert!(server.running.reload(&alpha()).await, "another version");
    let status = status();
    assert_eq!((status.tests, status.error), (Vec::new(), None));
    assert_eq!(server.client().begin("").await.step()["stage"], "second");
}

#[tokio::test]
async fn a_broken_edit_keeps_the_old_version_and_says_so() {
    let server = TestServer::journeys(&[("login.journey", ONE_FIELD)]).await;
    let file = server.journey_folder().join("login.journey");
    assert_eq!(server.client().begin("").await.step()["stage"], "first");
    fs::write(&file, ONE_FIELD.replace("-> check", "-> chekc")).unwrap();
    assert!(!server.running.reload(&alpha()).await);
    let status = server.running.journeys(&alpha()).unwrap();
    let error = status.error.expect("an error");
    assert!(error.contains("login.journey:"), "{error}");
    assert_eq!(status.journeys, ["Login"]);
    assert_eq!(server.client().begin("").await.step()["stage"], "first");
    fs::remove_file(&file).unwrap();
    assert!(
        !server.running.reload(&alpha()).await,
        "a file that vanished"
    );
    assert!(server.running.journeys(&alpha()).unwrap().error.is_some());
    assert_eq!(server.client().begin("").await.step()["stage"], "first");
    fs::write(&file, ONE_FIELD).unwrap();
    assert!(!server.running.reload(&alpha()).await, "as it was");
    assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
}

#[tokio::test]
async fn the_default_journey_may_not_be_one_that_must_run() {
    let must = ONE_FIELD.replace(
        "  start credentials",
        "  mustRun = true\n  start credentials",
    );
    let says = "the default journey `Login` has `mustRun = true`";
    let server = TestServer::journeys(&[("login.journey", ONE_FIELD)]).await;
    let file = server.journey_folder().join("login.journey");
    fs::write(&file, &must).unwrap();
    assert!(!server.running.reload(&alpha()).await);
    let error = server.running.journeys(&alpha()).unwrap().error.unwrap();
    assert!(error.starts_with(says), "{error}");
    assert_eq!(server.client().begin("").await.step()["stage"], "first");
    // Beside another default it may.
    let other = must.replace("journey login \"Login\"", "journey other \"Other\"");
    fs::write(&file, format!("{ONE_FIELD}{other}")).unwrap();
    assert!(server.running.reload(&alpha()).await);
    assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
    for name in ["Login", "Sole"] {
        let folder = tempfile::TempDir::new().unwrap();
        let text = must.replace("\"Login\"", &format!("\"{name}\""));
        fs::write(folder.path().join("one.journey"), text).unwrap();
        let mut config = Config::default();
        config.data.folder = folder.path().join("data");
        let mut settings = RealmSettings::default();
        settings.journeys = Journeys::Paths(vec![folder.path().to_path_buf()]);
        config.realms = [(alpha(), settings)].into();
        let Err(error) = Server::start(config).await else {
            panic!("it started");
        };
        let said = error.to_string();
        assert!(said.contains(&says.replace("Login", name)), "{said}");
        assert!(said.contains("realm `/alpha`"), "{said}");
    }
}

#[tokio::test]
async fn a_run_ends_on_the_version_it_began_with() {
    let server = TestServer::journeys(&[("login.journey", ONE_FIELD)]).await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let file = server.journey_folder().join("login.journey");
    fs::write(&file, ONE_FIELD.replace("\"first\"", "\"second\"")).unwrap();
    server.running.reload(&alpha()).await;
    assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
    assert_eq!(server.client().begin("").await.step()["stage"], "second");
    let old = client
        .answer(&step, &["demo".into(), "no".into()])
        .await
        .step();
    assert_eq!(old["stage"], "first");
    // Also after a restart, which has only the text that was kept.
    let server = server.restart().await;
    let mut client = server.client();
    let still = client
        .answer(&old, &["demo".into(), "no".into()])
        .await
        .step();
    assert_eq!(still["stage"], "first");
    client
        .answer(&still, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
}

#[tokio::test]
async fn files_are_watched() {
    let server = TestServer::journeys(&[("login.journey", ONE_FIELD)]).await;
    let file = server.journey_folder().join("login.journey");
    fs::write(&file, ONE_FIELD.replace("\"first\"", "\"second\"")).unwrap();
    let seen = async {
        while server.client().begin("").await.step()["stage"] != "second" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), seen)
        .await
        .expect("the new version is served");
}

#[tokio::test]
async fn a_large_state_is_kept_in_the_store_and_used_once() {
    let server = TestServer::with_journeys(&[("login.journey", ONE_FIELD)], |config| {
        config.limits.inline_state_bytes = 64;
    })
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let next = client
        .answer(&step, &["demo".into(), "no".into()])
        .await
        .step();
    let replay = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(replay.json()["detail"]["errorCode"], "110");
    let server = server.restart().await;
    server
        .client()
        .answer(&next, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    let late = server
        .client()
        .answer(&next, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(late.status, 401);
    assert_eq!(server.sessions(), 1);
}

#[tokio::test]
async fn nothing_secret_is_written_in_the_clear() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    client
        .answer(&step, &["demo".into(), "S3cr3t-and-wrong".into()])
        .await
        .step();
    let token = client.login("demo", "Ch4ng31t").await.token();
    let written = String::from_utf8_lossy(&server.everything_written()).into_owned();
    for secret in [
        "S3cr3t-and-wrong",
        "Ch4ng31t",
        &token,
        step["authId"].as_str().unwrap(),
    ] {
        assert!(!written.contains(secret), "{secret} is on disk");
    }
}

/// Two journeys in two files; `other` comes first by name, so an edit to it moves every number of `Login`.
const OTHER: &str = r#"
journey other {
  allow no_success because "the test looks at what comes before the end"
  start say
  node say: Message {
    message = { en = "Other" }
    true -> failure
    false -> failure
  }
}
"#;

const OTHER_GROWN: &str = r#"
journey other {
  allow no_success because "the test looks at what comes before the end"
  start state
  node state: SetState {
    attributes = { colour = "red", size = "large" }
    -> say
  }
  node say: Message {
    message = { en = "Other" }
    stateField = "said"
    true -> again
    false -> failure
  }
  node again: RetryLimitDecision {
    Retry -> say
    Reject -> failure
  }
}

journey another {
  allow no_success because "the test looks at what comes before the end"
  start say
  node say: Message {
    true -> failure
    false -> failure
  }
}
"#;

/// The pin that a token names: behind the kind, the epoch, the run and the generation.
fn pin(step: &Json) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let token = step["authId"].as_str().expect("a token");
    let claims = token.split('.').nth(1).expect("claims");
    let claims = URL_SAFE_NO_PAD.decode(claims).expect("claims");
    let claims: Json = serde_json::from_slice(&claims).expect("claims");
    let head = claims["sessionId"].as_str().expect("a head");
    let head = URL_SAFE_NO_PAD.decode(head).expect("a head");
    head[1 + 16 + 16 + 4..][..32].to_vec()
}

#[tokio::test]
async fn an_edit_to_another_journey_ends_no_run_and_an_edit_to_its_own_keeps_the_old_one() {
    let server = TestServer::journeys(&[("a.journey", OTHER), ("login.journey", ONE_FIELD)]).await;
    let mut client = server.client();
    let begun = client.begin("").await.step();
    let pinned = pin(&begun);
    // One try is counted, so the memory of a node and a name are in the run.
    let step = client
        .answer(&begun, &["demo".into(), "no".into()])
        .await
        .step();
    assert_eq!(pin(&step), pinned);

    fs::write(server.journey_folder().join("a.journey"), OTHER_GROWN).unwrap();
    server.running.reload(&alpha()).await;
    assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
    assert_eq!(server.client().begin("another").await.status, 200);
    // Nothing of before is needed: neither in memory nor on disk.
    let server = server.restart().await;
    server
        .running
        .store()
        .forget_programs(wayfare::Timestamp(u64::MAX >> 1))
        .await
        .unwrap();
    let mut client = server.client();
    let step = client
        .answer(&step, &["demo".into(), "no".into()])
        .await
        .step();
    assert_eq!(pin(&step), pinned, "the same journey under the same pin");
    assert_eq!(pin(&server.client().begin("").await.step()), pinned);
    // Two retries were allowed; both are used, also across the edit.
    let last = client.answer(&step, &["demo".into(), "no".into()]).await;
    assert_eq!(last.status, 401, "{}", last.text());

    let mut client = server.client();
    let old = client.begin("").await.step();
    let edited = ONE_FIELD.replace("\"first\"", "\"second\"");
    fs::write(server.journey_folder().join("login.journey"), edited).unwrap();
    server.running.reload(&alpha()).await;
    let fresh = server.client().begin("").await.step();
    assert_ne!(pin(&fresh), pinned);
    assert_eq!(fresh["stage"], "second");
    let old = client
        .answer(&old, &["demo".into(), "no".into()])
        .await
        .step();
    assert_eq!((&old["stage"], pin(&old)), (&Json::from("first"), pinned));
    // Where nothing is left of the old version, its runs have timed out.
    let server = server.restart().await;
    server
        .running
        .store()
        .forget_programs(wayfare::Timestamp(u64::MAX >> 1))
        .await
        .unwrap();
    let gone = server
        .client()
        .answer(&old, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(gone.status, 401);
    assert_eq!(gone.json()["detail"]["errorCode"], "110");
    assert_eq!((server.compared(), server.sessions()), (0, 0));
    server
        .client()
        .answer(&fresh, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
}

//! Logins that are under way while their user is disabled or has a new password: nothing comes of them.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use wayfare::{Secret, engine::effect::Who};
use wayfare_server::store::{ending::Since, token::Kind, user::NameKey};

use crate::support::{Client, Reply, TestServer, alpha, percent};

const PASSWORD: &str = "Ch4ng31t";

/// Proves the password and asks for something else before it lets in.
const ASKING: &str = r#"
journey asking {
  start headers
  node headers: ZeroPageLogin {
    true -> check
    false -> credentials
  }
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> say
    false -> failure
  }
  node say: Message {
    message = { en = "Go on?" }
    true -> success
    false -> failure
  }
}
"#;

fn id_of_demo(server: &TestServer) -> String {
    let name = NameKey::of("demo").unwrap();
    let demo = server.running.store().user(&alpha(), &name).unwrap();
    demo.unwrap().id
}

async fn set_password(server: &TestServer, password: &str) {
    let hash = server.running.hash();
    let hash = hash.here().hash(&Secret::from(password)).unwrap();
    let store = server.running.store();
    let set = store.set_password(&alpha(), id_of_demo(server), hash).await;
    assert_eq!(set, Ok(true));
}

async fn set_active(server: &TestServer, active: bool) {
    let identities = server.running.identities(&alpha()).unwrap();
    let who = Who::Name(Arc::from("demo"));
    assert_eq!(identities.set_status(&who, active).await, Ok(true));
}

/// A run that has proved its user and asks whether to go on.
async fn proved(server: &TestServer, by_headers: bool) -> (Client, Json) {
    let mut client = server.client();
    if by_headers {
        client = client
            .header("X-OpenAM-Username", "demo")
            .header("X-OpenAM-Password", PASSWORD);
        let step = client.begin("asking").await.step();
        return (client, step);
    }
    let step = client.begin("asking").await.step();
    let reply = client
        .answer(&step, &["demo".into(), PASSWORD.into()])
        .await;
    (client, reply.step())
}

#[tokio::test]
async fn a_run_that_has_proved_a_password_does_not_outlive_it() {
    let server = TestServer::journeys(&[("asking.journey", ASKING)]).await;
    for by_headers in [false, true] {
        let (mut client, step) = proved(&server, by_headers).await;
        client.answer(&step, &[0.into()]).await.token();
        assert_eq!(server.sessions(), 1);
        let (mut client, step) = proved(&server, by_headers).await;
        // The same password again is another one, too.
        set_password(&server, PASSWORD).await;
        let reply = client.answer(&step, &[0.into()]).await;
        assert_eq!(reply.status, 401, "{by_headers}: {}", reply.text());
        let (mut client, step) = proved(&server, by_headers).await;
        set_active(&server, false).await;
        set_active(&server, true).await;
        let reply = client.answer(&step, &[0.into()]).await;
        assert_eq!(reply.status, 401, "{by_headers}: {}", reply.text());
        assert_eq!(server.sessions(), 0);
    }
}

#[tokio::test]
async fn a_page_that_was_open_takes_the_new_password() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    set_password(&server, "Another1!").await;
    let reply = client
        .answer(&step, &["demo".into(), "Another1!".into()])
        .await;
    reply.token();
}

async fn am(mut client: Client) -> Reply {
    client.login("demo", PASSWORD).await
}

pub(crate) async fn autoid(client: Client) -> Reply {
    let body = json!({ "username": "demo", "password": PASSWORD }).to_string();
    let mut client = client.bare().header("content-type", "application/json");
    client.post("/api/authentication/login", &body).await
}

pub(crate) async fn capture(client: Client) -> Reply {
    let form = format!(
        "client_id=demo-login&flow=standard&flow_version=1&locale=en-US&form=signInForm\
         &signInEmailAddress={}&currentPassword={PASSWORD}",
        percent("demo@example.com")
    );
    let mut client = client
        .bare()
        .header("content-type", "application/x-www-form-urlencoded");
    client
        .post("/capture/oauth/auth_native_traditional", &form)
        .await
}

/// Logs in many times on all wires at once and does something beside it; the tokens of Autonomous Identity.
async fn beside(server: &TestServer, change: impl Future<Output = ()>) -> Vec<String> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (one, two, three) = (server.client(), server.client(), server.client());
        tasks.spawn(async move { ("am", am(one).await) });
        tasks.spawn(async move { ("autoid", autoid(two).await) });
        tasks.spawn(async move { ("capture", capture(three).await) });
    }
    // Some are over by then, and some are under way.
    let mut replies: Vec<(&str, Reply)> = Vec::new();
    for _ in 0..4 {
        replies.extend(tasks.join_next().await.map(Result::unwrap));
    }
    change.await;
    replies.extend(tasks.join_all().await);
    let tokens = replies.iter().filter(|(wire, _)| *wire == "autoid");
    tokens
        .filter_map(|(_, reply)| Some(reply.json()["token"].as_str()?.to_owned()))
        .collect()
}

/// Nobody is let in by what was made.
async fn nothing_is_left(server: &TestServer, tokens: &[String]) {
    let store = server.running.store();
    assert_eq!(server.sessions(), 0);
    assert_eq!(store.token_count(Kind::new("capture.access")), Ok(0));
    for token in tokens {
        let mut client = server.client().bare();
        client = client.header("authorization", &format!("Bearer {token}"));
        let reply = client.get("/api/authentication/verify").await;
        assert_eq!(reply.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_with_an_old_password_do_not_outlive_it_on_any_wire() {
    let server = TestServer::demo().await;
    for _ in 0..6 {
        let tokens = beside(&server, set_password(&server, "Another1!")).await;
        nothing_is_left(&server, &tokens).await;
        set_password(&server, PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_beside_a_disabling_do_not_outlive_it_on_any_wire() {
    let server = TestServer::demo().await;
    for _ in 0..6 {
        let tokens = beside(&server, set_active(&server, false)).await;
        set_active(&server, true).await;
        nothing_is_left(&server, &tokens).await;
    }
}

/// What the wires ask in the transaction that keeps what they make.
#[tokio::test]
async fn an_end_is_over_for_all_but_the_run_that_brought_it_about() {
    let server = TestServer::demo().await;
    let store = server.running.store();
    let demo = id_of_demo(&server);
    let ended = |since: Since| store.has_ended(&alpha(), &demo, since).unwrap();
    let before = store.since();
    assert!(!ended(before) && !ended(Since::FIRST));
    set_password(&server, "Another1!").await;
    let between = store.since();
    assert!(ended(before) && ended(before.of_run(7)));
    assert!(!ended(between));
    assert_eq!(store.standing_since(&alpha(), &demo, before), Ok(None));
    let standing = store.standing(&alpha(), &demo).ok();
    assert_eq!(store.standing_since(&alpha(), &demo, between), Ok(standing));
    // It is nobody else's.
    assert_eq!(store.has_ended(&alpha(), "another", before), Ok(false));
}

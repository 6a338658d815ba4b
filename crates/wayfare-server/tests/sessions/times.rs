//! How long a session lasts: user, node, journey, realm, in this order.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value as Json;
use wayfare_server::{
    clock::Clock as _,
    store::{
        session::Page,
        user::{NameKey, User},
    },
};

use crate::support::{Client, TestServer, alpha};

/// A login; the parts that say a time are put in.
fn journey(name: &str, settings: &str, after: &str, node: &str) -> String {
    format!(
        r#"journey a_{} "{name}" {{
  {settings}
  start credentials
  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}
  node check: DataStoreDecision {{
    true -> {after}
    false -> failure
  }}
  {node}
}}
"#,
        name.to_lowercase()
    )
}

const NODE: &str = "node times: SetSessionProperties {
    maxSessionTime = 40m
    maxIdleTime = 4m
    -> success
  }";
const JOURNEY: &str = "maximumSessionTime = 30m
  maximumIdleTime = 3m";

fn add(server: &TestServer, username: &str, attributes: &[(&str, Json)]) {
    let password = wayfare::Secret::from("pass-w0rd");
    let hash = server
        .running
        .hash()
        .here()
        .hash(&password)
        .expect("a hash");
    let attributes: BTreeMap<String, Json> = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let user = User {
        id: format!("id-{username}"),
        username: username.to_owned(),
        active: true,
        attributes,
        password: Some(hash),
    };
    assert_eq!(server.running.store().add_user(&alpha(), user), Ok(true));
}

/// The longest and the idle time in minutes.
async fn times(client: &mut Client, journey: &str, username: &str) -> (i64, i64) {
    let step = client.begin(journey).await.step();
    client
        .answer(&step, &[username.into(), "pass-w0rd".into()])
        .await
        .token();
    let told = client.sessions("refresh", "").await.json();
    let minutes = |key: &str| told[key].as_i64().unwrap();
    (minutes("maxsessiontime"), minutes("maxidletime"))
}

#[tokio::test]
async fn the_user_comes_before_the_node_the_journey_and_the_realm() {
    let files = [
        journey("Login", "", "success", ""),
        journey("Timed", JOURNEY, "success", ""),
        journey("Node", JOURNEY, "times", NODE),
        String::from(
            "journey outer \"Outer\" {\n  maximumSessionTime = 31m\n  start within\n  node within: journey a_node {\n    true -> success\n    false -> failure\n  }\n}\n",
        ),
    ];
    let text = files.concat();
    let server = TestServer::with_journeys(&[("all.journey", &text)], |config| {
        for settings in config.realms.values_mut() {
            let session = &mut settings.session;
            session.time_max = Duration::from_secs(20 * 60);
            session.idle_max = Duration::from_secs(2 * 60);
            session.time_max_attribute = Some("sessionMinutes".to_owned());
            session.idle_max_attribute = Some("idleMinutes".to_owned());
        }
    })
    .await;
    add(&server, "plain", &[("mail", "x".into())]);
    add(
        &server,
        "both",
        &[("SessionMinutes", 50.into()), ("idleMinutes", "5".into())],
    );
    add(&server, "one", &[("idleMinutes", vec!["6"].into())]);
    add(
        &server,
        "wrong",
        &[
            ("sessionMinutes", "never".into()),
            ("idleMinutes", 0.into()),
        ],
    );
    for (journey, username, expected) in [
        ("Login", "plain", (20, 2)),
        ("Timed", "plain", (30, 3)),
        ("Node", "plain", (40, 4)),
        ("Outer", "plain", (40, 4)),
        ("Login", "both", (50, 5)),
        ("Node", "both", (50, 5)),
        ("Node", "one", (40, 6)),
        ("Node", "wrong", (40, 4)),
        ("Login", "wrong", (20, 2)),
    ] {
        let found = times(&mut server.client(), journey, username).await;
        assert_eq!(found, expected, "{journey} {username}");
    }
}

#[tokio::test]
async fn uses_within_a_second_are_one_write() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    let store = server.running.store();
    let name = NameKey::of("demo").unwrap();
    let user = store.user(&alpha(), &name).unwrap().unwrap();
    let last_use = || {
        let first = Page { offset: 0, size: 1 };
        let found = store.sessions_of(&alpha(), &user.id, server.clock.now(), first);
        found.unwrap().first().unwrap().accessed
    };
    let before = last_use();
    for _ in 0..20 {
        assert_eq!(client.sessions("validate", "").await.json()["valid"], true);
        server.advance(Duration::from_millis(40));
    }
    assert_eq!(last_use(), before, "less than a second after the login");
    server.advance(Duration::from_millis(200));
    let now = server.clock.now();
    assert_eq!(client.sessions("validate", "").await.json()["valid"], true);
    assert_eq!(last_use(), now);
    server.advance(Duration::from_millis(40));
    for _ in 0..5 {
        assert_eq!(client.sessions("validate", "").await.json()["valid"], true);
    }
    assert_eq!(last_use(), now);
}

//! Nodes whose effect lasts beyond the run: cookies, what a session keeps, what is counted; and waits.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use wayfare::{Realm, Registry, ScriptAction, Value};
use wayfare_server::store::user::{NameKey, User};

use super::{after_login, from_first, info, log_in, says, serve};
use crate::support::{Client, Reply, TestServer, alpha};

const HOUR: Duration = Duration::from_secs(3_600);

const REMEMBERING: &str = r#"
journey login "Login" {
  start known
  node known: PersistentCookieDecision {
    idleTimeout = 2h
    persistentCookieName = "remember-me"
    true -> success
    false -> credentials
    on error -> failure
  }
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> remember
    false -> failure
  }
  node remember: SetPersistentCookie {
    idleTimeout = 2h
    maxLife = 5h
    persistentCookieName = "remember-me"
    sameSite = "STRICT"
    -> success
  }
}
journey strict "Strict" {
  start known
  node known: PersistentCookieDecision {
    enforceClientIp = true
    persistentCookieName = "remember-me"
    hmacSigningKeySecretLabelIdentifier = "another"
    true -> success
    false -> ask
    on error -> failure
  }
  node ask: UsernameCollector -> failure
}
"#;

/// A client that has logged in, with nothing but its persistent cookie.
async fn remembered(server: &TestServer) -> Client {
    let mut client = server.client();
    let reply = log_in(&mut client).await;
    reply.token();
    client.cookies.retain(|name, _| name == "remember-me");
    assert_eq!(client.cookies.len(), 1);
    client
}

fn is_let_in(reply: &Reply) -> bool {
    assert_eq!(reply.status, 200);
    reply.json()["tokenId"].is_string()
}

#[tokio::test]
async fn a_persistent_cookie_lets_in_until_its_times_are_over() {
    let server = serve(REMEMBERING).await;
    let mut client = server.client();
    let reply = log_in(&mut client).await;
    let set: Vec<&str> = reply.all("set-cookie").collect();
    let set = set
        .iter()
        .find(|cookie| cookie.starts_with("remember-me=wfp1."));
    let set = set.unwrap_or_else(|| panic!("{reply:?}"));
    assert!(
        set.ends_with("; Path=/; Max-Age=7200; Secure; HttpOnly; SameSite=Strict"),
        "{set}"
    );
    assert!(!set.contains("demo"));
    let kept = remembered(&server).await;
    // Each use renews it, but never past its end: two hours unused, five hours in all.
    let mut client = kept.clone();
    for _ in 0..3 {
        server.advance(HOUR * 3 / 2);
        client.cookies.retain(|name, _| name == "remember-me");
        assert!(is_let_in(&client.begin("").await));
    }
    assert!(
        !is_let_in(&kept.clone().begin("").await),
        "two hours unused"
    );
    server.advance(HOUR);
    client.cookies.retain(|name, _| name == "remember-me");
    assert!(!is_let_in(&client.begin("").await), "five hours in all");
}

#[tokio::test]
async fn whoever_ends_all_their_sessions_gives_up_all_their_cookies() {
    let server = serve(REMEMBERING).await;
    let stolen = remembered(&server).await;
    assert!(is_let_in(&stolen.clone().begin("").await));
    let mut owner = server.client();
    log_in(&mut owner).await.token();
    let path = "/am/json/realms/root/realms/alpha/sessions?_action=logoutByUser";
    let mut owner = owner.header("Accept-API-Version", "resource=5.1");
    let out = owner.post(path, r#"{"username":"demo"}"#).await;
    assert_eq!(out.status, 200);
    assert!(!is_let_in(&stolen.clone().begin("").await));
    // What is given out afterwards counts, until that is done again.
    let mut again = remembered(&server).await;
    assert!(is_let_in(&again.begin("").await));
    let server = server.restart().await;
    let mut after = server.client();
    after.cookies.clone_from(&stolen.cookies);
    assert!(!is_let_in(&after.begin("").await));
}

#[tokio::test]
async fn a_persistent_cookie_ends_with_the_password_the_account_and_any_change() {
    let server = serve(REMEMBERING).await;
    let alpha = Realm::parse("/alpha").unwrap();
    let store = server.running.store();
    let kept = remembered(&server).await;
    assert!(is_let_in(&kept.clone().begin("").await));
    // Another journey has another key, and another realm none that fits.
    assert!(!is_let_in(&kept.clone().begin("Strict").await));
    let value = &kept.cookies["remember-me"];
    for wrong in [
        value.chars().take(value.len() - 2).collect(),
        value.replace("wfp1.", "wfp2."),
        value.to_uppercase(),
        "wfp1.".to_owned(),
        "demo".to_owned(),
    ] {
        let mut client = kept.clone();
        client.cookies.insert("remember-me".to_owned(), wrong);
        assert!(!is_let_in(&client.begin("").await));
    }
    let demo = store.user(&alpha, &NameKey::of("demo").unwrap()).unwrap();
    let id = demo.unwrap().id;
    store.set_active(&alpha, id.clone(), false).await.unwrap();
    assert!(!is_let_in(&kept.clone().begin("").await), "inactive");
    store.set_active(&alpha, id.clone(), true).await.unwrap();
    assert!(is_let_in(&kept.clone().begin("").await));
    let hash = server.running.hash().here().hash(&"Changed1".into());
    let changed = store.set_password(&alpha, id, hash.unwrap()).await;
    assert_eq!(changed, Ok(true));
    assert!(!is_let_in(&kept.clone().begin("").await), "a new password");
    let server = server.restart().await;
    let mut client = Client::new(server.running.address());
    client.cookies = kept.cookies;
    assert!(!is_let_in(&client.begin("").await));
}

#[tokio::test]
async fn a_cookie_of_the_journeys_own_is_set_at_once() {
    let own = "
  start mark
  node mark: SetCustomCookie {
    name = \"brand\"
    value = \"north\"
    maxAge = 60s
    path = \"/app\"
    -> steal
  }
  node steal: SetCustomCookie {
    name = \"iPlanetDirectoryPro\"
    value = \"mine\"
    -> credentials
  }";
    let journey = after_login("failure", "  node next: ModifyAuthLevel -> success");
    let journey = journey.replace("\n  start credentials", own);
    let server = serve(&journey).await;
    let reply = server.client().begin("").await;
    let set: Vec<&str> = reply.all("set-cookie").collect();
    assert!(
        set.contains(&"brand=north; Path=/app; Max-Age=60; SameSite=Lax"),
        "{set:?}"
    );
    // A name of the server's own is not the journey's.
    assert!(!set.iter().any(|cookie| cookie.contains("mine")), "{set:?}");
}

#[tokio::test]
async fn what_is_counted_and_timed_is_told_to_this_machine() {
    let journey = after_login(
        "failed",
        "  node next: Meter(metricKey = \"in\") -> success
  node failed: Meter(metricKey = \"out\") -> failure",
    );
    let server = serve(&journey).await;
    let mut client = server.client();
    for password in ["Ch4ng31t", "no", "no"] {
        client.cookies.clear();
        client.login("demo", password).await;
    }
    let reply = client.get("/metrics").await;
    assert_eq!(reply.status, 200);
    let kind = reply.header("content-type").unwrap();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    for line in [
        "wayfare_meter_total{realm=\"/alpha\",key=\"in\"} 1",
        "wayfare_meter_total{realm=\"/alpha\",key=\"out\"} 2",
    ] {
        assert!(reply.text().lines().any(|l| l == line), "{}", reply.text());
    }
    let mut proxied = server.client().header("X-Forwarded-For", "203.0.113.9");
    assert_eq!(proxied.get("/metrics").await.status, 404);
}

#[tokio::test]
async fn a_logout_says_what_the_journey_has_added() {
    let journey = after_login(
        "failure",
        "  node next: SetLogoutDetails {
    logoutDetails = { goto = \"https://app.example.com/bye\", survey = \"short\" }
    -> success
  }",
    );
    let server = serve(&journey).await;
    let mut client = server.client();
    log_in(&mut client).await.token();
    let shown = client.sessions("getSessionProperties", "").await.json();
    assert!(!shown.to_string().contains("survey"), "{shown}");
    let out = client.sessions("logout", "").await.json();
    let told = json!({
        "result": "Successfully logged out",
        "goto": "https://app.example.com/bye",
        "survey": "short",
    });
    assert_eq!(out, told);
}

#[tokio::test]
async fn a_run_has_the_time_that_its_journey_gives_it() {
    let journey = after_login(
        "failure",
        "  node next: UpdateJourneyTimeout {
    operation = \"SET\"
    value = 20
    -> form
  }
  node form: Message {
    message = { en = \"read\" }
    true -> success
    false -> failure
  }",
    );
    let server = serve(&journey).await;
    for (minutes, status) in [(19, 200), (20, 401)] {
        let mut client = server.client();
        let step = log_in(&mut client).await.step();
        server.advance(Duration::from_secs(minutes * 60));
        assert_eq!(client.answer(&step, &[0.into()]).await.status, status);
    }
}

/// A server with this script and this journey.
async fn scripted(registry: Registry, journey: &str) -> TestServer {
    TestServer::with_registry(registry, |config, folder| {
        let journeys = folder.join("journeys");
        std::fs::create_dir_all(&journeys).unwrap();
        std::fs::write(journeys.join("login.journey"), journey).unwrap();
        *config = config.clone().with_journeys(journeys);
    })
    .await
}

#[tokio::test]
async fn codes_are_shown_and_a_push_is_waited_for() {
    let mut registry = Registry::standard();
    registry
        .script("register", |view| {
            let codes = ["iZmEtxvQ00", "3kz0RFJVbE"].map(Value::from);
            view.put_transient("recoveryCodes", Value::List(codes.into()))?;
            view.put_shared("pushNumberChallengeKey", "42")?;
            Ok(ScriptAction::go("done"))
        })
        .unwrap();
    let journey = from_first(
        "  node first: ScriptedDecision {
    script = \"register\"
    done -> show
  }
  node show: RecoveryCodeDisplay -> wait
  node wait: PushWait {
    challengeMessage = { en = \"{{challenge}}\" }
    DONE -> manage
    EXITED -> failure
  }
  node manage: EnableDeviceManagement {
    deviceEnforcementStrategy = \"SAME\"
    successOutcome -> failure
    failureOutcome -> told
  }
  node told: SetFailureDetails {
    failureMessage = { en = \"no device\" }
    -> failure
  }",
    );
    let server = scripted(registry, &journey).await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    assert!(says(&step).contains("\"iZmEtxvQ00\\n\""), "{step}");
    let step = client.answer(&step, &[]).await.step();
    assert_eq!(step["callbacks"][1]["output"][0]["value"], "42");
    server.advance(Duration::from_secs(5));
    let reply = client.answer(&step, &[]).await;
    assert_eq!(reply.json()["message"], "no device");
}

#[tokio::test]
async fn a_registered_script_runs_in_the_server() {
    let mut registry = Registry::standard();
    registry
        .script("local", |view| {
            let local = view
                .request()
                .client
                .is_some_and(|client| client.is_loopback());
            Ok(ScriptAction::go(if local { "near" } else { "far" }))
        })
        .unwrap();
    let journey = after_login(
        "failure",
        "  node next: ScriptedDecision {
    script = \"local\"
    outputs = []
    near -> success
    far -> failure
  }",
    );
    let server = scripted(registry, &journey).await;
    log_in(&mut server.client()).await.token();
}

#[tokio::test]
async fn a_registered_script_makes_the_settings_of_a_node() {
    let mut registry = Registry::standard();
    registry
        .script("greeting", |view| {
            let name = view.get("username").and_then(Value::as_text).unwrap_or("?");
            let message = Value::from(format!("Hello, {name}"));
            let yes = Value::Map(Arc::new([(Arc::from("fr"), Value::from("Oui"))].into()));
            Ok(ScriptAction::configure([
                ("message", message),
                ("messageYes", yes),
                ("messageNo", Value::from("No")),
            ]))
        })
        .unwrap();
    let journey = after_login(
        "failure",
        "  node next: ConfigProvider {
    nodeType = \"MessageNode\"
    script = \"greeting\"
    true -> success
    false -> failure
    CONFIGURATION_FAILED -> failure
  }",
    );
    let server = scripted(registry, &journey).await;
    let mut client = server.client();
    let step = log_in(&mut client).await.step();
    assert_eq!(step["callbacks"][0]["output"][0]["value"], "Hello, demo");
    assert_eq!(
        step["callbacks"][1]["output"][2]["value"],
        serde_json::json!(["Oui", "No"])
    );
    client.answer(&step, &[0.into()]).await.token();
}

#[tokio::test]
async fn a_visitor_becomes_somebody() {
    let journey = format!(
        "{}
journey visit \"Visit\" {{
  start visitor
  node visitor: AnonymousUser {{
    anonymousUserName = \"guest\"
    -> cart
    on error -> failure
  }}
  node cart: SetSessionProperties {{
    properties = {{ cart = \"7\" }}
    allow unproved_success because \"a visitor is nobody in particular\"
    -> success
  }}
}}
journey plain \"Plain\" {{
  start name
  node name: UsernameCollector -> secret
  node secret: PasswordCollector -> check
  node check: DataStoreDecision {{
    true -> success
    false -> failure
  }}
}}",
        after_login(
            "failure",
            "  node next: AnonymousSessionUpgrade {
    -> success
    on error -> failure
  }",
        )
    );
    let server = TestServer::with_journeys(&[("login.journey", &journey)], |config| {
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        realm.session.properties = vec!["cart".to_owned()];
    })
    .await;
    let guest = User {
        id: "guest".to_owned(),
        username: "guest".to_owned(),
        password: None,
        active: true,
        attributes: BTreeMap::new(),
    };
    assert_eq!(server.running.store().add_user(&alpha(), guest), Ok(true));
    let visitor = server.client().begin("Visit").await.token();
    let mut client = server.client();
    let query = format!("ForceAuth=true&sessionUpgradeSSOTokenId={visitor}");
    let path = Client::path("/alpha", &query);
    let answers = ["demo".into(), "Ch4ng31t".into()];
    // Whoever was not let go stays.
    let plain = format!("{path}&authIndexType=service&authIndexValue=Plain");
    let step = client.post(&plain, "").await.step();
    let step = client.answer(&step, &answers[..1]).await.step();
    let refused = client.answer(&step, &answers[1..]).await;
    assert_eq!(refused.status, 400, "another's session");
    assert_eq!(server.sessions(), 1);
    let step = client.post(&path, "").await.step();
    client.answer(&step, &answers).await.token();
    assert_eq!(server.sessions(), 1, "the visitor's session is over");
    let info = info(&mut client).await;
    assert_eq!(info["username"], "demo");
    assert_eq!(info["properties"].get("cart"), None);
    // With the session of somebody who was proved it is refused.
    let step = client
        .post(&Client::path("/alpha", "ForceAuth=true"), "")
        .await
        .step();
    let refused = client.answer(&step, &answers).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn a_name_that_a_provider_gave_needs_its_password() {
    let server = serve(
        "journey login \"Login\" {
  start told
  node told: SetState {
    attributes = { userInfo = { userNames = { uid = [\"demo\", \"other\"] } } }
    -> name
  }
  node name: SocialOAuthIgnoreProfile {
    -> secret
    on error -> failure
  }
  node secret: PasswordCollector -> check
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
",
    )
    .await;
    let mut client = server.client();
    let step = client.begin("Login").await.step();
    let refused = client.answer(&step, &["no".into()]).await;
    assert_eq!(refused.status, 401);
    let step = client.begin("Login").await.step();
    client.answer(&step, &["Ch4ng31t".into()]).await.token();
    assert_eq!(info(&mut client).await["username"], "demo");
}

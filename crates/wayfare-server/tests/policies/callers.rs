//! Who may ask about whom, and what is said to those who may not.

use serde_json::json;

use super::{ask, ask_at};
use crate::support::TestServer;

const JOURNEYS: &str = r#"
policy audits "https://a.test/*" {
  actions = [GET]
  subjects = [group "auditors"]
}

policy by_address "office:*" {
  actions = [enter]
  when request.ip in ["10.0.0.0/8"]
}

policy small "limit:*" {
  actions = [pay]
  when has environment["amount"] && int(environment["amount"]) < 100
}

journey login "Login" {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

#[tokio::test]
async fn strangers_are_refused_and_others_ask_about_themselves() {
    let server = TestServer::demo().await;
    let body = json!({"resources": ["transfer:1"]});
    let refused = ask(&server.client(), &body).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.text(),
        r#"{"code":401,"reason":"Unauthorized","message":"Access Denied"}"#
    );
    let mut client = server.client();
    let token = client.login("demo", "Ch4ng31t").await.token();
    let mut other = server.client();
    let others = other.login("demo", "Ch4ng31t").await.token();
    let about = |token: &str| json!({"resources": ["transfer:1"], "subject": {"ssoToken": token}});
    assert_eq!(ask(&client, &about(&token)).await.status, 200);
    // Another's session, even of the same person, and one that is not there look alike.
    for token in [&others, "wfs1.nothing"] {
        let refused = ask(&client, &about(token)).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(refused.json()["message"], "Forbidden");
    }
    // A session of one realm is nothing in another that is not above or below.
    assert_eq!(
        ask_at(&client, "realms/root/realms/beta", "evaluate", &body)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_is_not_a_question_is_refused_as_resources_are() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    let path = "/am/json/realms/root/realms/alpha/policies?_action=evaluate";
    for (body, message) in [
        ("{}", "Invalid value resources"),
        (
            r#"{"resources":["a"],"subject":{"jwt":"x"}}"#,
            "Invalid value subject",
        ),
    ] {
        let refused = client.post(path, body).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.json()["message"], message);
    }
    let alpha = "realms/root/realms/alpha";
    let tree = ask_at(&client, alpha, "evaluateTree", &json!({"resource": "a"})).await;
    assert_eq!(tree.status, 501);
    assert_eq!(
        client
            .get("/am/json/realms/root/realms/alpha/policies")
            .await
            .status,
        405
    );
    let mut bare = client.clone();
    bare.headers.clear();
    let cross = bare.post(path, r#"{"resources":["a"]}"#).await;
    assert_eq!(cross.status, 403, "{}", cross.text());
    let versions = client.clone().header("Accept-API-Version", "resource=9.0");
    let mut versions = versions;
    assert_eq!(
        versions.post(path, r#"{"resources":["a"]}"#).await.status,
        404
    );
}

#[tokio::test]
async fn conditions_read_what_came_with_the_question() {
    let server = TestServer::journeys(&[("bank.journey", JOURNEYS)]).await;
    let mut client = server.client();
    client.login("demo", "Ch4ng31t").await.token();
    let cases = [
        ("office:1", json!({"requestIp": ["10.1.2.3"]}), true),
        ("office:1", json!({"requestIp": ["11.1.2.3"]}), false),
        (
            "office:1",
            json!({"requestIp": ["10.1.2.3", "10.1.2.4"]}),
            false,
        ),
        ("office:1", json!({"requestIp": ["nowhere"]}), false),
        ("office:1", json!({}), false),
        ("limit:1", json!({"amount": ["99"]}), true),
        ("limit:1", json!({"amount": ["100"]}), false),
        ("limit:1", json!({"amount": ["many"]}), false),
        ("limit:1", json!({"amount": []}), false),
        ("limit:1", json!({}), false),
        ("https://a.test/x", json!({}), false),
        ("nothing:1", json!({}), false),
    ];
    for (resource, environment, granted) in cases {
        let decided = super::decision_with(&client, resource, &environment).await;
        let is_granted = decided["actions"] != json!({});
        assert_eq!(is_granted, granted, "{resource} {environment}");
        assert_eq!(
            decided["advices"],
            json!({}),
            "nothing can be proved that helps"
        );
    }
    let lines = server.audit();
    let asked = lines
        .iter()
        .filter(|line| line["eventName"] == "AM-POLICY-EVALUATED");
    assert_eq!(asked.count(), 12);
}

#[tokio::test]
async fn an_administrator_asks_about_nobody() {
    let open = JOURNEYS.replace("policy audits", "policy open \"open:*\" {\n  actions = [read]\n  subjects = [any]\n}\n\npolicy closed \"closed:*\" {\n  actions = [read]\n}\n\npolicy audits");
    let server = TestServer::journeys(&[("bank.journey", &open)]).await;
    let admin = crate::sessions::admin(&server).await;
    let nobody = json!({"resources": ["open:1", "closed:1"], "subject": {}});
    let decided = ask(&admin, &nobody).await.json();
    assert_eq!(decided[0]["actions"], json!({"read": true}));
    assert_eq!(decided[1]["actions"], json!({}));
    let mut demo = server.client();
    demo.login("demo", "Ch4ng31t").await.token();
    assert_eq!(ask(&demo, &nobody).await.status, 403);
    assert_eq!(ask(&server.client(), &nobody).await.status, 401);
}

#[tokio::test]
async fn an_administrator_asks_about_anybody() {
    let server = TestServer::demo().await;
    let admin = crate::sessions::admin(&server).await;
    let mut demo = server.client();
    let token = demo.login("demo", "Ch4ng31t").await.token();
    let seen = "https://bank.example.com/accounts/1";
    let about = |resource: &str, environment: serde_json::Value| {
        json!({
            "resources": [resource],
            "application": "iPlanetAMWebAgentService",
            "subject": {"ssoToken": token},
            "environment": environment,
        })
    };
    let decided = ask(&admin, &about(seen, json!({}))).await.json();
    assert_eq!(decided[0]["actions"], json!({"GET": true}));
    // Their own session is of another realm, and so none to these policies.
    for resource in [seen, "transfer:9"] {
        let own = ask(&admin, &json!({"resources": [resource]})).await.json();
        assert_eq!(own[0]["actions"], json!({}));
        assert_eq!(
            own[0]["advices"],
            json!({"AuthenticateToRealmConditionAdvice": ["/alpha"]}),
            "{resource}"
        );
    }

    // A gateway: the subject confirms, the gateway brings the id.
    let denied = ask(&admin, &about("transfer:9", json!({}))).await.json();
    let advices = &denied[0]["advices"];
    super::circle::confirm(&server, &mut demo, advices).await;
    let with = json!({"TxId": advices["TransactionConditionAdvice"]});
    for expected in [json!({"confirm": true}), json!({})] {
        let decided = ask(&admin, &about("transfer:9", with.clone())).await.json();
        assert_eq!(decided[0]["actions"], expected);
    }

    demo.sessions("logout", "").await;
    let gone = ask(&admin, &about(seen, json!({}))).await;
    assert_eq!(gone.status, 400, "{}", gone.text());
    assert_eq!(gone.json()["message"], "Invalid value subject");
}

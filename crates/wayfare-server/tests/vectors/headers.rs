//! Logins by headers, on journeys that know nothing of them: vectors 15 to 17.

use serde_json::json;

use super::stage::{
    LOGIN_FAILURE, PASSWORD, alpha, at, service, session_cookie, stage, stage_with,
};
use crate::support::{Client, TestServer};

const USERNAME: &str = "X-OpenAM-Username";
const SECRET: &str = "X-OpenAM-Password";

fn with(client: Client, name: &str, password: &str) -> Client {
    client.header(USERNAME, name).header(SECRET, password)
}

#[tokio::test]
async fn v15_headers_answer_a_first_step_of_name_and_password() {
    let server = stage().await;
    let reply = with(server.client(), "demo", PASSWORD)
        .post(&at(""), "{}")
        .await;
    let token = reply.token();
    assert!(session_cookie(&reply).is_some_and(|cookie| cookie.contains(&token)));
    let mut wrong = with(server.client(), "demo", "no");
    let reply = wrong.post(&service("Once"), "").await;
    assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
    // One comparison: what they answered once they do not answer again.
    let before = server.compared();
    let mut wrong = with(server.client(), "demo", "no");
    wrong.post(&service("Login"), "").await.step();
    assert_eq!(server.compared(), before + 1);
}

#[tokio::test]
async fn v16_headers_may_be_encoded() {
    let server = stage().await;
    let mut client = with(
        server.client(),
        "=?UTF-8?B?ZGVtbw==?=",
        "=?UTF-8?Q?Ch4ng31t?=",
    );
    client.post(&at(""), "").await.token();
    for (name, password) in [
        ("=?UTF-8?B?%%%?=", PASSWORD),
        ("demo", "=?UTF-8?B?ZGV\u{1}?="),
    ] {
        let reply = with(server.client(), name, password)
            .post(&at(""), "")
            .await;
        assert_eq!(reply.status, 400, "{name} {password}");
    }
    let mut twice = with(server.client(), "demo", PASSWORD).also(SECRET, PASSWORD);
    assert_eq!(twice.post(&at(""), "").await.status, 400);
}

#[tokio::test]
async fn v17_all_of_a_step_or_nothing() {
    let server = stage().await;
    let mut client = with(server.client(), "demo", PASSWORD);
    let step = client.post(&service("Choice"), "").await.step();
    assert_eq!(step["callbacks"].as_array().expect("callbacks").len(), 3);
    assert_eq!(step["callbacks"][0]["input"][0]["value"], "");
    // One header is not enough for two callbacks.
    for (name, value) in [(USERNAME, "demo"), (SECRET, PASSWORD)] {
        let mut one = server.client().header(name, value);
        one.post(&at(""), "").await.step();
    }
    // A start that brings callbacks, and a step, are answered by what they bring.
    let mut step = server.client().post(&service("Once"), "").await.step();
    step["callbacks"][0]["input"][0]["value"] = json!("demo");
    step["callbacks"][1]["input"][0]["value"] = json!("no");
    let reply = client.post(&at(""), &step.to_string()).await;
    assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
    step.as_object_mut().expect("an object").remove("authId");
    let reply = client.post(&service("Once"), &step.to_string()).await;
    assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
    // A password that is too long for the step is left to the person.
    let mut long = with(server.client(), "demo", &"x".repeat(2_000));
    let reply = long.post(&at(""), "").await;
    assert!(matches!(reply.status, 200 | 400 | 431), "{}", reply.status);
    assert_eq!(server.compared(), 2);
}

#[tokio::test]
async fn headers_are_a_switch_of_the_realm() {
    let server = stage_with(|config| alpha(config).zero_page = false).await;
    let mut client = with(server.client(), "demo", PASSWORD);
    client.post(&at(""), "").await.step();
    assert_eq!(server.compared(), 0);
    let told = async |server: &TestServer| {
        let path = "/am/json/realms/root/realms/alpha/serverinfo/*";
        let mut client = server.client().header("Accept-API-Version", "resource=1.1");
        let info = client.get(path).await;
        info.json()["zeroPageLogin"]["enabled"].clone()
    };
    assert_eq!(told(&server).await, false);
    assert_eq!(told(&stage().await).await, true);
}

//! The login page, where providers stand below a form, and answers that come in one.

use super::{parameter, provider::Op, sent, server, whose};
use crate::support::{Client, TestServer, Window, percent};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_presses_a_button_fills_in_nothing() {
    let op = Op::start();
    op.tells(serde_json::json!({ "sub": "1234" }));
    let server = server(&op, |_| ()).await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?service=Page").await;
    window.sees("op").await;
    window.click("form button.second").await;
    window.sees("You are signed in").await;
    window.sees("ada").await;
    let left = window.ask("return location.href + history.state").await;
    let left = left.as_str().unwrap();
    assert!(
        !left.contains("code=") && left.contains("service=Page"),
        "{left}"
    );
    window.click("#logout").await;
    window.sees("You are logged out").await;
    // The form is the password here.
    window.go("/?service=Page").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("You are signed in").await;
    window.sees("demo").await;
    window.close().await;
}

/// Posts a form to the login page, as a provider has a browser do.
async fn posts(server: &TestServer, declared: &str, body: &str) -> (u16, Option<String>) {
    let client = server.client().bare();
    let mut client: Client = client.header("Content-Type", declared);
    let reply = client.post("/", body).await;
    (reply.status, reply.header("location").map(str::to_owned))
}

#[tokio::test]
async fn an_answer_may_come_in_a_form() {
    let op = Op::start();
    op.tells(serde_json::json!({ "sub": "1234" }));
    let server = server(&op, |provider| provider.form_post = true).await;
    let (mut client, step, url) = sent(&server).await;
    assert_eq!(parameter(&url, "response_mode"), "form_post");
    op.knows("1234", &parameter(&url, "nonce"));
    let (state, iss) = (parameter(&url, "state"), percent(&op.issuer()));
    let form = "application/x-www-form-urlencoded; charset=utf-8";
    let body =
        format!("code=c%2B1&state={state}&iss={iss}&user=%7B%7D&goto=https%3A%2F%2Fevil.example");
    let (status, location) = posts(&server, form, &body).await;
    let location = location.unwrap();
    assert_eq!(status, 303);
    assert_eq!(parameter(&location, "code"), "c+1");
    assert!(
        location.starts_with("/?") && !location.contains("evil"),
        "{location}"
    );
    let query = location.trim_start_matches("/?");
    let body = serde_json::json!({ "authId": step["authId"] }).to_string();
    client
        .post(&Client::path("/alpha", query), &body)
        .await
        .token();
    assert_eq!(whose(&mut client).await, "ada");
    for (declared, body) in [
        ("application/json", "{}"),
        (form, "state=x"),
        (form, "code=a&code=b&state=x"),
        (form, ""),
    ] {
        let (status, location) = posts(&server, declared, body).await;
        assert_eq!((status, location), (405, None), "{declared} {body}");
    }
}

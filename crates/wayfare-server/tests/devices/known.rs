//! The example: a code on a device that is new, a password alone on one that is known.

use std::{collections::BTreeSet, time::Duration};

use fantoccini::key::Key;
use serde_json::{Value as Json, json};

use super::{come, kept, serve, told};
use crate::support::{Client, Reply, TestServer, Window};

/// Logs in with the example; whether a code was asked for, and the code where it was.
async fn log_in(server: &TestServer, device: &Json) -> (Client, Reply, Option<String>) {
    let before = server.outbox();
    let mut client = server.client();
    let reply = come(&mut client, "KnownDevice", device).await;
    let now = server.outbox();
    let new: BTreeSet<&String> = now.difference(&before).collect();
    let code = new.into_iter().next().map(|mail| {
        let (_, rest) = mail.rsplit_once("Your code is ").expect("a code");
        rest.chars().take(6).collect()
    });
    (client, reply, code)
}

/// The same to its end.
async fn through(server: &TestServer, device: &Json) -> bool {
    let (mut client, reply, code) = log_in(server, device).await;
    let Some(code) = &code else {
        reply.token();
        return false;
    };
    let step = reply.step();
    client.answer(&step, &[code.as_str().into()]).await.token();
    true
}

const JOURNEY: &str = "/?realm=/alpha&service=KnownDevice";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[tokio::test]
async fn a_new_device_takes_a_code_and_is_known_from_then_on() {
    let server = serve().await;
    assert!(through(&server, &told("d3v1ce")).await);
    assert!(!through(&server, &told("d3v1ce")).await);
    let server = server.restart().await;
    assert!(
        !through(&server, &told("d3v1ce")).await,
        "after a restart too"
    );
    // Every login keeps it alive, thirty days without one do not.
    server.advance(29 * DAY);
    assert!(!through(&server, &told("d3v1ce")).await);
    server.advance(29 * DAY);
    assert!(!through(&server, &told("d3v1ce")).await);
    server.advance(31 * DAY);
    assert!(through(&server, &told("d3v1ce")).await);
    assert!(!through(&server, &told("d3v1ce")).await);
    // What it told lies sealed.
    let written = server.everything_written();
    let holds = |text: &[u8]| written.windows(text.len()).any(|window| window == text);
    assert!(!holds(b"m3tad4ta"));
}

#[tokio::test]
async fn a_device_that_is_not_the_one_takes_a_code() {
    let server = serve().await;
    assert!(through(&server, &told("d3v1ce")).await);
    let with = |metadata: Json| json!({ "identifier": "d3v1ce", "metadata": metadata });
    for device in [
        told("0ther"),
        told("D3V1CE"),
        with(json!({ "platform": [], "fonts": {} })),
        with(json!({})),
        with(json!([])),
        with(json!(null)),
        json!({ "identifier": "d3v1ce" }),
        // Not kept, because it cannot be read: neither is it known.
        json!({ "metadata": {} }),
        json!({ "identifier": ["d3v1ce"], "metadata": {} }),
    ] {
        let (_, reply, code) = log_in(&server, &device).await;
        assert!(code.is_some(), "{device}: {}", reply.text());
    }
    assert!(!through(&server, &told("d3v1ce")).await, "it is as it was");
    // Two attributes may differ, and with the next one it is another device.
    let changed = json!({ "platform": { "language": "de", "marker": "m3tad4ta" }, "fonts": ["b"] });
    assert!(!through(&server, &with(changed)).await);
    let more = json!({ "platform": { "language": "de", "marker": "x" }, "fonts": ["b"] });
    assert!(log_in(&server, &with(more)).await.2.is_some());
}

#[tokio::test]
async fn a_wrong_code_keeps_no_device() {
    let server = serve().await;
    let (mut client, reply, _) = log_in(&server, &told("d3v1ce")).await;
    let mut step = reply.step();
    for _ in 0..4 {
        let reply = client.answer(&step, &["000000".into()]).await;
        if reply.status != 200 {
            break;
        }
        step = reply.step();
    }
    assert!(log_in(&server, &told("d3v1ce")).await.2.is_some());
}

#[tokio::test]
async fn the_device_that_was_away_for_longest_makes_room() {
    let server = serve().await;
    for device in ["a", "b", "c", "a"] {
        kept(&server, device).await;
        server.advance(DAY);
    }
    let mut client = kept(&server, "d").await;
    let all = client
        .get(&super::at("profile?_queryFilter=true"))
        .await
        .json();
    let ids = all["result"].as_array().unwrap().iter();
    let ids: BTreeSet<&str> = ids.map(|device| device["_id"].as_str().unwrap()).collect();
    assert_eq!(ids, BTreeSet::from(["a", "c", "d"]));
}

#[tokio::test]
async fn what_a_device_may_tell_is_bounded() {
    let server = serve().await;
    let come = async |text: String| {
        let mut client = server.client();
        let step = super::enter(&mut client, "Login").await.step();
        client.answer(&step, &[text.into()]).await.status
    };
    let padded = |bytes: usize| {
        let text = r#"{"identifier":"a","metadata":{"x":""}}"#;
        text.replace("\"\"", &format!("\"{}\"", "x".repeat(bytes - text.len())))
    };
    assert_eq!(come(padded(8 * 1024)).await, 200);
    assert_eq!(come(padded(8 * 1024 + 1)).await, 401);
    for text in [
        String::new(),
        "null".to_owned(),
        "{".to_owned(),
        r#"{"identifier":"a","identifier":"b"}"#.to_owned(),
        format!(r#"{{"identifier":"{}"}}"#, "a".repeat(256)),
        format!(
            r#"{{"identifier":"a","m":{}1{}}}"#,
            "[".repeat(3_000),
            "]".repeat(3_000)
        ),
        format!(r#"{{"identifier":"a","m":[{}]}}"#, vec!["1"; 512].join(",")),
    ] {
        let head: String = text.chars().take(60).collect();
        assert_eq!(come(text).await, 401, "{head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_known_after_its_first_code() {
    let server = serve().await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go(JOURNEY).await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.focused("input[autocomplete='one-time-code']").await;
    let mail = server.outbox().into_iter().next().expect("a mail");
    let (_, rest) = mail.rsplit_once("Your code is ").expect("a code");
    let code: String = rest.chars().take(6).collect();
    window.type_keys(&code).await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("You are signed in").await;
    // The session goes, as it does in time; the browser stays.
    window.browser.delete_all_cookies().await.unwrap();
    window.go(JOURNEY).await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("You are signed in").await;
    assert_eq!(server.outbox().len(), 1, "no second code");
    // A log-out has the browser forget all that it kept, its name as well.
    window.click("#logout").await;
    window.sees("You are logged out").await;
    window.go(JOURNEY).await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.focused("input[autocomplete='one-time-code']").await;
    assert_eq!(server.outbox().len(), 2);
    window.close().await;
}

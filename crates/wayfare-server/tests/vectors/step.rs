//! Starts, steps, answers and their ends: vectors 1 to 14, 18, 32 and 35.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::stage::{
    LOGIN_FAILURE, NO_CONFIGURATION, PASSWORD, Player as _, TIMED_OUT, at, bad_request, claims,
    service, session_cookie, stage,
};
use crate::support::{Client, Reply, filled};

/// The headers of every reply, in the order recorded, besides cookies and those of the transport.
const HEADERS: &[(&str, &str)] = &[
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
    ("content-type", "application/json"),
    ("cache-control", "private"),
    ("expires", "0"),
    ("pragma", "no-cache"),
    ("content-api-version", "resource=2.1"),
];

const BALANCER: &str = "amlbcookie=01; Path=/; HttpOnly; SameSite=Lax";

#[tokio::test]
async fn v01_v02_a_start_with_an_empty_object_or_with_nothing() {
    let server = stage().await;
    let recorded = "resource=2.0, protocol=1.0";
    for body in [Some(&b"{}"[..]), Some(&b""[..]), None] {
        let mut client = server
            .client()
            .bare()
            .header("Accept-API-Version", recorded);
        let root = "/am/json/realms/root/authenticate";
        let reply = client.send("POST", root, body).await;
        let step = reply.step();
        let members: Vec<&String> = step.as_object().expect("an object").keys().collect();
        assert_eq!(members.len(), 4, "{members:?}");
        assert_eq!(
            step["callbacks"],
            json!([
                {
                    "type": "NameCallback",
                    "output": [{"name": "prompt", "value": "User Name"}],
                    "input": [{"name": "IDToken1", "value": ""}],
                    "_id": 0,
                },
                {
                    "type": "PasswordCallback",
                    "output": [{"name": "prompt", "value": "Password"}],
                    "input": [{"name": "IDToken2", "value": ""}],
                    "_id": 1,
                },
            ])
        );
        let text = reply.text();
        let order = ["\"authId\"", "\"callbacks\"", "\"stage\"", "\"header\""];
        let places: Vec<_> = order
            .iter()
            .map(|key| text.find(key).expect("it"))
            .collect();
        assert!(places.is_sorted(), "{text}");
        for (name, value) in HEADERS {
            assert_eq!(reply.header(name), Some(*value), "{name}");
        }
        assert_eq!(reply.all("set-cookie").collect::<Vec<_>>(), [BALANCER]);
        let claims = claims(&step);
        assert_eq!(claims["realm"], "/");
        assert_eq!(claims["authIndexType"], json!(null));
        let span = claims["exp"].as_u64().zip(claims["iat"].as_u64());
        assert_eq!(span.map(|(exp, iat)| exp - iat), Some(300));
    }
}

#[tokio::test]
async fn v03_a_right_answer_logs_in() {
    let server = stage().await;
    let mut client = server.client();
    let reply = client.log_in("Login").await;
    let token = reply.token();
    assert_eq!(
        reply.text(),
        format!(r#"{{"tokenId":"{token}","successUrl":"/am/console","realm":"/alpha"}}"#)
    );
    for (name, value) in HEADERS {
        assert_eq!(reply.header(name), Some(*value), "{name}");
    }
    let cookies: Vec<&str> = reply.all("set-cookie").collect();
    let session = format!("iPlanetDirectoryPro={token}; Path=/; HttpOnly; SameSite=Lax");
    assert_eq!(cookies, [BALANCER, &session]);
}

#[tokio::test]
async fn v04_a_wrong_password_is_a_plain_failure() {
    let server = stage().await;
    let mut client = server.client();
    let step = client.post(&service("Once"), "").await.step();
    let reply = client.answer(&step, &["demo".into(), "no".into()]).await;
    assert_eq!((reply.status, reply.text()), (401, LOGIN_FAILURE));
    assert_eq!(reply.header("content-length"), Some("62"));
    for (name, value) in HEADERS {
        assert_eq!(reply.header(name), Some(*value), "{name}");
    }
    assert_eq!(reply.header("set-cookie"), None);
}

#[tokio::test]
async fn v05_a_journey_that_is_not_there() {
    let server = stage().await;
    let reply = server.client().post(&service("nope"), "{}").await;
    assert_eq!((reply.status, reply.text()), (400, NO_CONFIGURATION));
    assert_eq!(reply.header("content-length"), Some("70"));
    assert_eq!(reply.header("set-cookie"), None);
}

#[tokio::test]
async fn v06_an_index_type_that_is_none() {
    let server = stage().await;
    let reply = server.client().post(&at("authIndexType=foo"), "").await;
    let expected = bad_request("Unknown Authentication Index Type");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
}

#[tokio::test]
async fn v07_v08_versions_that_are_not_there_and_that_are_none() {
    let server = stage().await;
    for version in ["resource=42.0", "resource=2.2", "resource=3.0,protocol=1.0"] {
        let mut client = server.client().header("Accept-API-Version", version);
        let reply = client.post(&at(""), "{}").await;
        assert_eq!((reply.status, reply.text()), (404, ""), "{version}");
        assert_eq!(reply.header("content-api-version"), None);
    }
    let mut client = server.client().header("Accept-API-Version", "banana");
    let reply = client.post(&at(""), "{}").await;
    let expected = "Version string is in an invalid format: banana";
    assert_eq!((reply.status, reply.text()), (400, expected));
    let plain = reply.header("content-type").expect("a type");
    assert!(plain.starts_with("text/plain"), "{plain}");
}

#[tokio::test]
async fn v09_a_flipped_byte_in_the_signature() {
    let server = stage().await;
    let mut client = server.client();
    let mut step = client.post(&service("Login"), "").await.step();
    let token = step["authId"].as_str().expect("a token").to_owned();
    let at = token.len() - 10;
    let other = if token.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut flipped = token.clone();
    flipped.replace_range(at..=at, other);
    step["authId"] = flipped.into();
    let reply = client.as_demo(&step).await;
    let expected = bad_request("AuthId JWT Signature not valid");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    step["authId"] = "no token".into();
    let reply = client.as_demo(&step).await;
    let expected = bad_request("Failed to parse JWT, malformed");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    step["authId"] = token.into();
    client.as_demo(&step).await.token();
}

#[tokio::test]
async fn v10_a_token_after_its_time() {
    let server = stage().await;
    let mut client = server.client();
    let step = client.post(&service("Login"), "").await.step();
    server.advance(Duration::from_secs(300));
    let reply = client.as_demo(&step).await;
    assert_eq!((reply.status, reply.text()), (401, TIMED_OUT));
}

#[tokio::test]
async fn v11_a_token_a_second_time() {
    let server = stage().await;
    let mut client = server.client();
    let step = client.post(&service("Login"), "").await.step();
    client
        .answer(&step, &["demo".into(), "no".into()])
        .await
        .step();
    let reply = client.as_demo(&step).await;
    assert_eq!((reply.status, reply.text()), (401, TIMED_OUT));
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn v12_v13_callbacks_that_are_too_few_or_in_another_order() {
    let server = stage().await;
    let mut client = server.client();
    let step = client.post(&service("Login"), "").await.step();
    let body = filled(&step, &["demo".into(), PASSWORD.into()]);
    let mut few = body.clone();
    few["callbacks"].as_array_mut().expect("callbacks").pop();
    let reply = client.post(&at(""), &few.to_string()).await;
    let expected = bad_request("Incorrect number of callbacks found in JSON response");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    let mut swapped = body.clone();
    swapped["callbacks"]
        .as_array_mut()
        .expect("callbacks")
        .reverse();
    let reply = client.post(&at(""), &swapped.to_string()).await;
    let expected = bad_request("Required callback not found in JSON response");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    let mut without = body.clone();
    let first = without["callbacks"][0].as_object_mut().expect("an object");
    first.remove("input");
    let reply = client.post(&at(""), &without.to_string()).await;
    let expected = bad_request("JSON Callback does not include a input field");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
    // None of these mistakes has cost the step.
    client.post(&at(""), &body.to_string()).await.token();
}

#[tokio::test]
async fn v14_an_empty_name_is_asked_for_again() {
    let server = stage().await;
    let mut client = server.client();
    let step = client.post(&service("Login"), "").await.step();
    let again = client.answer(&step, &["".into(), "".into()]).await.step();
    // A page numbers its callbacks anew; all else is the same.
    let asked = |step: &Json| {
        let mut callbacks = step["callbacks"].clone();
        for callback in callbacks.as_array_mut().expect("callbacks") {
            callback.as_object_mut().expect("a callback").remove("_id");
        }
        callbacks
    };
    assert_eq!(asked(&again), asked(&step));
    assert_ne!(again["authId"], step["authId"]);
    client.as_demo(&again).await.token();
}

#[tokio::test]
async fn v18_b10_no_session_is_made_where_none_is_wanted() {
    let server = stage().await;
    let plain = r#"{"successUrl":"/am/console","realm":"/alpha"}"#;
    let worded =
        r#"{"message":"Authentication Successful","successUrl":"/am/console","realm":"/alpha"}"#;
    for (version, expected) in [
        (Some("resource=2.1"), plain),
        (Some("protocol=1.0,resource=2.1"), plain),
        (Some("resource=2.0, protocol=1.0"), worded),
        (Some("resource=1.2"), worded),
        (None, worded),
    ] {
        for (journey, query) in [
            ("Login", "&noSession=true"),
            ("NoSess", ""),
            ("NoSess", "&noSession=false"),
        ] {
            let mut client = server.client().bare().header("X-Requested-With", "test");
            if let Some(version) = version {
                client = client.header("Accept-API-Version", version);
            }
            let step = client
                .post(&format!("{}{query}", service(journey)), "")
                .await
                .step();
            let reply = client.as_demo(&step).await;
            let case = format!("{version:?} {journey} {query}");
            assert_eq!((reply.status, reply.text()), (200, expected), "{case}");
            assert_eq!(session_cookie(&reply), None, "{case}");
        }
    }
    // Asked for at the last step alone, as one of the clients does.
    let mut client = server.client();
    let step = client.post(&service("Login"), "").await.step();
    let values = ["demo".into(), PASSWORD.into()];
    let reply = client
        .answer_at(&at("noSession=true"), &step, &values)
        .await;
    assert_eq!((reply.status, reply.text()), (200, plain));
    assert_eq!(session_cookie(&reply), None);
    assert_eq!(server.sessions(), 0);
}

#[tokio::test]
async fn v32_c09_what_may_not_be_started_directly() {
    let server = stage().await;
    let unknown = server.client().post(&service("Nowhere"), "").await;
    assert_eq!((unknown.status, unknown.text()), (400, NO_CONFIGURATION));
    for journey in ["Inner", "Off", "Paid"] {
        for query in ["", "&ForceAuth=true", "&noSession=true"] {
            let mut client = server.client();
            let reply = client
                .post(&format!("{}{query}", service(journey)), "")
                .await;
            assert_eq!(reply.status, unknown.status, "{journey}");
            assert_eq!(reply.text(), unknown.text(), "{journey}");
            let told = |reply: &Reply| {
                let headers = reply.headers.iter();
                let but_the_time = headers.filter(|(name, _)| name != "date");
                but_the_time.cloned().collect::<Vec<_>>()
            };
            assert_eq!(told(&reply), told(&unknown), "{journey}");
        }
    }
}

#[tokio::test]
async fn v35_a_request_that_another_site_could_have_sent() {
    let server = stage().await;
    let reply = server.client().bare().post(&at(""), "{}").await;
    assert_eq!(reply.status, 403, "{}", reply.text());
    for (name, value) in [
        ("X-Requested-With", "XMLHttpRequest"),
        ("Accept-API-Version", "resource=2.1"),
    ] {
        let mut client = server.client().bare().header(name, value);
        client.post(&at(""), "{}").await.step();
    }
}

#[tokio::test]
async fn version_one_has_its_own_errors() {
    let server = stage().await;
    let mut client = server.client().header("Accept-API-Version", "resource=1.0");
    let step = client.post(&service("Once"), "").await;
    assert_eq!(step.header("content-api-version"), Some("resource=1.2"));
    let reply = client
        .answer(&step.step(), &["demo".into(), "no".into()])
        .await;
    let expected = r#"{"errorMessage":"Login failure"}"#;
    assert_eq!((reply.status, reply.text()), (401, expected));
    let led = client.post(&service("Led"), "").await.step();
    let reply = client.answer(&led, &["demo".into(), "no".into()]).await;
    let expected =
        r#"{"errorMessage":"Login failure","failureUrl":"https://app.example.com/badly"}"#;
    assert_eq!((reply.status, reply.text()), (401, expected));
    let reply = client.post(&service("nope"), "").await;
    let expected = r#"{"errorMessage":"No Configuration found"}"#;
    assert_eq!((reply.status, reply.text()), (400, expected));
    let mut second = server.client();
    let led = second.post(&service("Led"), "").await.step();
    let reply = second.answer(&led, &["demo".into(), "no".into()]).await;
    let expected = r#"{"code":401,"reason":"Unauthorized","message":"Login failure","detail":{"failureUrl":"https://app.example.com/badly"}}"#;
    assert_eq!((reply.status, reply.text()), (401, expected));
}

#[tokio::test]
async fn a_start_that_brings_callbacks_answers_its_first_step() {
    let server = stage().await;
    let mut client: Client = server.client();
    let mut step = client.post(&service("Login"), "").await.step();
    step.as_object_mut().expect("an object").remove("authId");
    let body = filled(&step, &["demo".into(), PASSWORD.into()]).to_string();
    client.post(&service("Login"), &body).await.token();
    let wrong = filled(&step, &["demo".into(), "no".into()]).to_string();
    let next = server.client().post(&service("Login"), &wrong).await.step();
    assert_eq!(next["callbacks"], step["callbacks"]);
    // Callbacks of another step are refused as they would be with a token.
    let reply = server.client().post(&service("Choice"), &body).await;
    let expected = bad_request("Incorrect number of callbacks found in JSON response");
    assert_eq!((reply.status, reply.text()), (400, &*expected));
}

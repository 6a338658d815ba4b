//! Secrets of nodes: kept nowhere, told to nobody, and each its own node's.

use serde_json::{Value as Json, json};
use wayfare_server::config::Parameter;

use super::{admin, at, check, id, keep, keep_tree, logs_in, serve, tree};
use crate::support::{Client, TestServer, alpha};

const SENDER: &str = "OneTimePasswordSmtpSenderNode";

fn sender(password: &Json) -> Json {
    json!({
        "hostName": "mail.example.com", "hostPort": 25, "username": "u", "password": password,
        "sslOption": "SSL", "fromEmailAddress": "a@example.com",
    })
}

/// Keeps a tree with a node of this name that has a secret.
async fn keep_sender(client: &mut Client, name: &str, node: &str) {
    keep_tree(client, name).await;
    let own = id(name, node);
    let path = at(&format!("nodes/{SENDER}/{own}"));
    keep(client, &path, &sender(&json!("given"))).await;
    let mut sending = tree(name);
    sending["nodes"][&own] = json!({
        "nodeType": SENDER, "displayName": node, "connections": { "outcome": id(name, "again") },
    });
    sending["nodes"][id(name, "check")]["connections"]["false"] = json!(own);
    keep(client, &at(&format!("trees/{name}")), &sending).await;
}

/// The parameter that a tree waits for.
async fn wanted(client: &mut Client, name: &str) -> String {
    let told = check(client, name).await;
    assert_eq!(told["served"], false, "{told}");
    let reason = told["reasons"][0].as_str().expect("a reason");
    let (_, rest) = reason.split_once('`').expect("a name");
    rest.split('`').next().unwrap_or_default().to_owned()
}

async fn bind(server: TestServer, params: &[String]) -> TestServer {
    server
        .restart_with(|config| {
            let path = config.data.folder.join("../a-secret");
            std::fs::write(&path, "s3cr3t").expect("a secret");
            let settings = config.realms.get_mut(&alpha()).expect("a realm");
            for name in params {
                let parameter = Parameter::SecretFile(path.clone());
                settings.params.insert(name.as_str().into(), parameter);
            }
        })
        .await
}

#[tokio::test]
async fn only_the_name_of_a_variable_is_no_secret() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = at(&format!("nodes/{SENDER}/mail"));
    let secret = "S3cr3t-within-9d1f";
    for sent in [
        json!(format!("&{{esv.pw|{secret}}}")),
        json!(format!("&{{esv.a}}{secret}&{{esv.b}}")),
        json!(format!("&{{ {secret} }}")),
        json!(format!("&{{}}{secret}}}")),
        json!({ "$string": secret }),
    ] {
        let made = keep(&mut client, &path, &sender(&sent)).await;
        assert_eq!(made["password"], Json::Null, "{sent}");
    }
    let made = keep(&mut client, &path, &sender(&json!("&{esv.smtp-a.pw}"))).await;
    assert_eq!(made["password"], "&{esv.smtp-a.pw}");
    assert_is_nowhere(&server, secret);
}

#[tokio::test]
async fn secrets_of_types_that_nobody_describes_are_known_by_their_names() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let secret = "S3cr3t-of-a-partner-77aa";
    let path = at("nodes/AddAttributesToObjectAttributesNode/partner");
    let sent = json!({
        "url": "https://example.com", "apiSecret": secret, "Client-Password": secret, "apikey": secret,
        "clientSecret-encrypted": secret, "x-encrypted": secret, "privateKeys": [secret],
        "nested": { "kept": "yes", "accessToken": secret, "list": [{ "credentials": { "a": secret } }] },
        "tokenName": "&{esv.token}",
    });
    let made = keep(&mut client, &path, &sent).await;
    assert_eq!(made["url"], "https://example.com");
    assert_eq!(made["nested"]["kept"], "yes");
    assert_eq!(made["apiSecret"], Json::Null);
    assert_eq!(made["tokenName"], "&{esv.token}");
    assert!(!made.to_string().contains(secret), "{made}");
    let read = client.get(&path).await.json();
    assert_eq!(read, made);
    let all = client
        .post(&at("nodes?_action=nextdescendents"), "{}")
        .await;
    assert!(!all.text().contains(secret), "{}", all.text());
    assert_is_nowhere(&server, secret);
    // What was told can be sent back.
    let again = keep(&mut client, &path, &read).await;
    assert_eq!(again, made);
}

fn assert_is_nowhere(server: &TestServer, secret: &str) {
    let written = server.everything_written();
    let found = written
        .windows(secret.len())
        .any(|part| part == secret.as_bytes());
    assert!(!found, "the secret is on disk");
}

#[tokio::test]
async fn nodes_of_one_name_have_secrets_of_their_own() {
    let server = serve().await;
    let mut client = admin(&server).await;
    for name in ["First", "Second"] {
        keep_sender(&mut client, name, "mail").await;
    }
    let first = wanted(&mut client, "First").await;
    let second = wanted(&mut client, "Second").await;
    assert!(first.starts_with("stored_mail_password_"), "{first}");
    assert_ne!(first, second);
    // Nor does it matter which other tree calls it.
    let calls = id("First", "calls");
    let path = at(&format!("nodes/InnerTreeEvaluatorNode/{calls}"));
    keep(&mut client, &path, &json!({ "tree": "Second" })).await;
    let mut calling = client.get(&at("trees/First")).await.json();
    calling["nodes"][&calls] = json!({
        "nodeType": "InnerTreeEvaluatorNode", "displayName": "Inner",
        "connections": { "true": super::SUCCESS, "false": super::FAILURE },
    });
    calling["nodes"][id("First", "check")]["connections"]["true"] = json!(calls);
    keep(&mut client, &at("trees/First"), &calling).await;
    assert_eq!(wanted(&mut client, "First").await, first);
    assert_eq!(wanted(&mut client, "Second").await, second);
    let server = bind(server, &[first, second]).await;
    for name in ["First", "Second"] {
        let status = server.running.journeys(&alpha()).expect("a realm");
        assert!(!status.unfit.contains_key(name), "{status:?}");
    }
}

#[tokio::test]
async fn a_secret_that_nobody_gives_keeps_no_other_tree_from_being_served() {
    let server = serve().await;
    let mut client = admin(&server).await;
    // One variable's name is the beginning of the other's.
    for (name, variable) in [("First", "&{esv.mail}"), ("Second", "&{esv.mail2}")] {
        keep_sender(&mut client, name, "mail").await;
        let path = at(&format!("nodes/{SENDER}/{}", id(name, "mail")));
        keep(&mut client, &path, &sender(&json!(variable))).await;
    }
    keep_sender(&mut client, "Third", "x").await;
    let third = wanted(&mut client, "Third").await;
    let longer = format!("{third}2");
    let cookies = client.cookies.clone();
    let server = bind(server, &["esv_mail2".to_owned(), longer]).await;
    let mut client = server.client().header("Accept-API-Version", "resource=1.0");
    client.cookies = cookies;
    for (name, served) in [("First", false), ("Second", true), ("Third", false)] {
        let told = check(&mut client, name).await;
        assert_eq!(told["served"], served, "{told}");
        assert_eq!(logs_in(&mut server.client(), name).await, served, "{name}");
    }
}

//! What owners see of their devices, and when they may give them up.

use std::{sync::Arc, time::Duration};

use serde_json::{Value as Json, json};
use wayfare::{SubjectId, engine::effect::Who};

use super::{is_in, log_in, password, register, server};
use crate::support::{Client, TestServer, alpha};

const OATH: &str = "/am/json/realms/root/realms/alpha/users/demo/devices/2fa/oath";

pub(super) async fn subject(server: &TestServer) -> SubjectId {
    let identities = server.running.identities(&alpha()).expect("identities");
    let found = identities.read(&Who::Name(Arc::from("demo")), &[]).await;
    found.expect("a store").expect("demo").subject
}

async fn list(client: &mut Client) -> Vec<Json> {
    let reply = client.get(&format!("{OATH}?_queryFilter=true")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = reply.json();
    assert_eq!(
        body["resultCount"],
        body["result"].as_array().expect("a list").len()
    );
    body["result"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn an_owner_sees_devices_and_no_secret() {
    let server = server().await;
    let (app, codes) = register(&server).await;
    server.advance(Duration::from_secs(60));
    let mut client = server.client();
    assert!(is_in(
        &log_in(&mut client, "AuthenticatorApp", &app.code(&server, 0)).await
    ));
    let listed = list(&mut client).await;
    assert_eq!(listed.len(), 1);
    let one = &listed[0];
    assert_eq!(one["deviceName"], "OATH Device");
    assert_eq!(one["deviceManagementStatus"], false);
    assert_eq!(one["_id"], one["uuid"]);
    assert!(one["lastAccessDate"].as_u64() > one["createdDate"].as_u64());
    let uuid = one["uuid"].as_str().expect("a uuid");
    let read = client.get(&format!("{OATH}/{uuid}")).await;
    assert_eq!(read.status, 200);
    for secret in std::iter::once(&app.key).chain(&codes) {
        assert!(!read.text().contains(secret.as_str()));
    }
    assert_eq!(client.get(&format!("{OATH}/none")).await.status, 404);
    let kinds = [
        "2fa/push",
        "2fa/webauthn",
        "2fa/binding",
        "profile",
        "trusted",
    ];
    for kind in kinds {
        let path = OATH.replace("2fa/oath", kind);
        let reply = client.get(&format!("{path}?_queryFilter=true")).await;
        assert_eq!(reply.json()["resultCount"], 0, "{kind}: {}", reply.text());
    }
}

#[tokio::test]
async fn strangers_learn_nothing_and_sites_elsewhere_do_nothing() {
    let server = server().await;
    let (app, _) = register(&server).await;
    let mut nobody = server.client();
    assert_eq!(
        nobody
            .get(&format!("{OATH}?_queryFilter=true"))
            .await
            .status,
        401
    );
    // A session of somebody else: a user who is there looks like one who is not.
    let other = OATH.replace("demo", "nobody");
    let mut client = server.client();
    server.advance(Duration::from_secs(60));
    assert!(is_in(
        &log_in(&mut client, "AuthenticatorApp", &app.code(&server, 0)).await
    ));
    assert_eq!(
        client
            .get(&format!("{other}?_queryFilter=true"))
            .await
            .status,
        403
    );
    let uuid = list(&mut client).await[0]["uuid"]
        .as_str()
        .expect("a uuid")
        .to_owned();
    // This session may look, and no more: no journey has said that it may manage devices.
    for (method, path, body) in [
        ("DELETE", format!("{OATH}/{uuid}"), None),
        ("POST", format!("{OATH}?_action=reset"), Some("{}")),
        (
            "POST",
            format!("{OATH}?_action=skip"),
            Some(r#"{"value":true}"#),
        ),
    ] {
        let reply = client.send(method, &path, body.map(str::as_bytes)).await;
        assert_eq!(reply.status, 403, "{method} {path}: {}", reply.text());
    }
    // Nor does the header matter that a page of another site cannot send: without it nothing happens.
    let mut bare = server.client().bare();
    bare.cookies = client.cookies.clone();
    let reply = bare.send("DELETE", &format!("{OATH}/{uuid}"), None).await;
    assert_eq!(reply.status, 403, "{}", reply.text());
    assert_eq!(list(&mut client).await.len(), 1);
}

#[tokio::test]
async fn whoever_proved_the_factor_may_give_it_up() {
    let server = server().await;
    let (app, _) = register(&server).await;
    server.advance(Duration::from_secs(60));
    let mut client = server.client();
    let reply = log_in(&mut client, "Login", &app.code(&server, 0)).await;
    assert!(is_in(&reply), "{}", reply.text());
    let listed = list(&mut client).await;
    assert_eq!(listed[0]["deviceManagementStatus"], true);
    // Another kind needs a factor of its own.
    let push = format!("{}?_action=reset", OATH.replace("oath", "push"));
    assert_eq!(client.post(&push, "{}").await.status, 403);

    let check = format!("{OATH}?_action=check");
    assert_eq!(
        client.post(&check, "{}").await.json(),
        json!({ "result": false })
    );
    let skip = format!("{OATH}?_action=skip");
    assert_eq!(
        client.post(&skip, r#"{"value":true}"#).await.json(),
        json!({})
    );
    assert_eq!(
        client.post(&check, "{}").await.json(),
        json!({ "result": true })
    );
    assert_eq!(client.post(&skip, r#"{"value":"yes"}"#).await.status, 400);
    assert_eq!(client.post(&skip, "{}").await.status, 400);
    assert_eq!(
        client.post(&format!("{OATH}?_action=x"), "{}").await.status,
        501
    );

    let uuid = listed[0]["uuid"].as_str().expect("a uuid");
    let gone = client.send("DELETE", &format!("{OATH}/{uuid}"), None).await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert_eq!(gone.json()["uuid"], uuid);
    assert_eq!(
        client
            .send("DELETE", &format!("{OATH}/{uuid}"), None)
            .await
            .status,
        404
    );
    assert!(list(&mut client).await.is_empty());
    assert_eq!(
        client
            .post(&format!("{OATH}?_action=reset"), "{}")
            .await
            .json(),
        json!({ "result": true })
    );
    assert_eq!(
        client.post(&check, "{}").await.json(),
        json!({ "result": false })
    );
    // Without a device the journey offers to register one.
    let step = password(&mut server.client(), "AuthenticatorApp")
        .await
        .step();
    assert_eq!(
        step["callbacks"][1]["output"][2]["value"][0],
        "Register Device"
    );
}

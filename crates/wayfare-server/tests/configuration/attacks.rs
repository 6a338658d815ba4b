//! Whoever is no administrator, and what an administrator's client may not bring about.

use serde_json::{Value as Json, json};

use super::{
    FAILURE, LOGIN, SUCCESS, admin, at, check, id, keep, keep_tree, logs_in, put, scripts, serve,
    tree,
};
use crate::support::{Client, TestServer, filled};

/// `demo` of a realm, logged in there.
async fn user(server: &TestServer, realm: &str, name: &str) -> Client {
    let path = Client::path(realm, "");
    let mut client = server.client();
    let step = client.post(&path, "").await.step();
    let body = filled(&step, &[name.into(), "Ch4ng31t".into()]).to_string();
    client.post(&path, &body).await.token();
    client.header("Accept-API-Version", "protocol=2.1,resource=1.0")
}

#[tokio::test]
async fn nobody_but_an_administrator_of_the_realm_is_answered() {
    let server = serve().await;
    let mut nobody = server.client().header("Accept-API-Version", "resource=1.0");
    let mut plain = user(&server, "/alpha", "demo").await;
    let body = json!({ "entryNodeId": FAILURE, "nodes": {} }).to_string();
    for (method, path, body) in [
        ("GET", at("trees?_queryFilter=true"), None),
        ("GET", at("trees/Login"), None),
        ("GET", at("trees/none"), None),
        ("PUT", at("trees/x"), Some(&body)),
        ("DELETE", at("trees/Login"), None),
        ("POST", at("nodes?_action=getAllTypes"), Some(&body)),
        ("POST", at("nodes?_action=nextdescendents"), Some(&body)),
        ("PUT", at("nodes/MessageNode/a"), Some(&body)),
        ("GET", scripts("?_queryFilter=true"), None),
        ("PUT", scripts("/a"), Some(&body)),
    ] {
        let body = body.map(String::as_bytes);
        let stranger = nobody.send(method, &path, body).await;
        assert_eq!(stranger.status, 401, "{method} {path}: {}", stranger.text());
        let other = plain.send(method, &path, body).await;
        assert_eq!(other.status, 403, "{method} {path}: {}", other.text());
        assert_eq!(other.json()["message"], "Forbidden");
    }
    assert_eq!(
        server
            .running
            .journeys(&crate::support::alpha())
            .expect("a realm")
            .reloads,
        0
    );
}

#[tokio::test]
async fn an_administrator_of_one_realm_changes_no_other() {
    let server = TestServer::with_journeys(&[("login.journey", LOGIN)], |config| {
        let realm = crate::support::alpha();
        let settings = config.realms.get_mut(&realm).expect("a realm");
        settings.admins.push("user:demo".to_owned());
    })
    .await;
    let mut own = user(&server, "/alpha", "demo").await;
    let sent = json!({ "entryNodeId": FAILURE, "nodes": {} });
    keep(&mut own, &at("trees/x"), &sent).await;
    for above in [
        "/am/json/realms/root/realm-config/authentication/authenticationtrees/trees/x",
        "/am/json/realm-config/authentication/authenticationtrees/trees/x",
        "/am/json/realm-config/authentication/authenticationtrees/trees/x?realm=/",
    ] {
        let reply = put(&mut own, above, &sent).await;
        assert_eq!(reply.status, 403, "{above}: {}", reply.text());
    }
    // What is kept of one realm is not of another.
    let mut top = admin(&server).await;
    let found = top
        .get("/am/json/realms/root/realm-config/authentication/authenticationtrees/trees/x")
        .await;
    assert_eq!(found.status, 404);
    // Once it is no administrator's any more, the session changes nothing.
    let short = "/am/json/alpha/realm-config/authentication/authenticationtrees/trees/x";
    assert_eq!(own.get(short).await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = serve().await;
    let mut client = admin(&server).await;
    client.headers.clear();
    let sent = json!({ "entryNodeId": FAILURE, "nodes": {} });
    for method in ["PUT", "POST", "DELETE"] {
        let path = at("trees/x");
        let body = sent.to_string();
        let reply = client.send(method, &path, Some(body.as_bytes())).await;
        assert_eq!(reply.status, 403, "{method}: {}", reply.text());
    }
}

#[tokio::test]
async fn names_that_could_be_paths_are_none() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let sent = json!({ "entryNodeId": FAILURE, "nodes": {} });
    for name in [
        "..",
        ".",
        "%2e%2e",
        "a%2Fb",
        "a%5Cb",
        "%00",
        "a%0Ab",
        "%20a",
        "a%20",
        "a%E2%80%AEb",
        "",
        &"x".repeat(257),
        "a/b/c",
        "a//b",
        "%c3%28",
        "a%25",
    ] {
        let reply = put(&mut client, &at(&format!("trees/{name}")), &sent).await;
        let harmless =
            reply.status == 404 || reply.status == 405 || (name == "a%25" && reply.status < 300);
        assert!(harmless, "{name}: {} {}", reply.status, reply.text());
        let reply = put(
            &mut client,
            &at(&format!("nodes/MessageNode/{name}")),
            &json!({}),
        )
        .await;
        let harmless =
            reply.status == 404 || reply.status == 405 || (name == "a%25" && reply.status < 300);
        assert!(harmless, "{name}: {} {}", reply.status, reply.text());
    }
    for id in ["1.0", "2.0", "99.9"] {
        let reply = put(
            &mut client,
            &at(&format!("nodes/MessageNode/1.0/{id}")),
            &json!({}),
        )
        .await;
        assert_eq!(reply.status, 404, "{id}");
    }
    for id in [
        json!("../../x"),
        json!("a\u{0}"),
        json!(7),
        json!(""),
        json!(["a"]),
    ] {
        let body = json!({ "_id": id }).to_string();
        let reply = client
            .post(&at("nodes/MessageNode?_action=create"), &body)
            .await;
        assert_eq!(reply.status, 400, "{id}: {}", reply.text());
    }
    // Nothing was written but the database and what belongs to it.
    let mut there: Vec<_> = std::fs::read_dir(server.folder.path())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    there.sort();
    assert_eq!(there, ["data", "journeys"]);
}

#[tokio::test]
async fn bodies_are_bounded_and_long_ones_are_let_in_by_a_session_alone() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = scripts("/long");
    let script = |bytes: usize| json!({ "name": "Long", "script": "QUFB".repeat(bytes / 4), "language": "JAVASCRIPT" });
    let made = put(&mut client, &path, &script(900 * 1_024)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let over = put(&mut client, &path, &script(1_024 * 1_024 + 1)).await;
    assert_eq!(over.status, 413);
    let mut nobody = server.client();
    let refused = put(&mut nobody, &path, &script(100 * 1_024)).await;
    assert_eq!(refused.status, 413);
    let mut forged = server.client();
    forged.cookies.insert(
        "iPlanetDirectoryPro".to_owned(),
        format!("wfs1.{}", "A".repeat(43)),
    );
    assert_eq!(
        put(&mut forged, &path, &script(100 * 1_024)).await.status,
        413
    );
    // Elsewhere nobody sends so much.
    let long = format!("{{\"x\":\"{}\"}}", "a".repeat(100 * 1_024));
    let elsewhere = client.post(&Client::path("/alpha", ""), &long).await;
    assert_eq!(elsewhere.status, 413);
    let deep = format!("{{\"nodes\":{}{}}}", "[".repeat(64), "]".repeat(64));
    let reply = client
        .send("PUT", &at("trees/x"), Some(deep.as_bytes()))
        .await;
    assert_eq!(reply.status, 400);
    let deep = format!("{{\"nodes\":{}{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let reply = client
        .send("PUT", &at("trees/x"), Some(deep.as_bytes()))
        .await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn what_stands_in_a_text_is_changed_in_its_file_alone() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let text = client.get(&at("trees/Login")).await;
    assert_eq!(text.status, 200, "{}", text.text());
    let mut sent = text.json();
    sent["enabled"] = json!(false);
    let refused = put(&mut client, &at("trees/Login"), &sent).await;
    assert_eq!(refused.status, 403);
    let said = refused.json()["message"].as_str().expect("text").to_owned();
    assert!(said.contains("login.journey"), "{said}");
    assert_eq!(
        client.send("DELETE", &at("trees/Login"), None).await.status,
        403
    );
    for (node, entry) in sent["nodes"].as_object().expect("nodes") {
        let ty = entry["nodeType"].as_str().expect("a type");
        let path = at(&format!("nodes/{ty}/{node}"));
        let body = client.get(&path).await.json();
        let refused = put(&mut client, &path, &body).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.text());
        assert_eq!(client.send("DELETE", &path, None).await.status, 403);
    }
    assert!(logs_in(&mut server.client(), "Login").await);
}

#[tokio::test]
async fn a_node_in_use_stays() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    for (ty, node) in [
        ("DataStoreDecisionNode", "check"),
        ("PasswordCollectorNode", "pass"),
    ] {
        let path = at(&format!("nodes/{ty}/{}", id("Kept", node)));
        let refused = client.send("DELETE", &path, None).await;
        assert_eq!(refused.status, 409, "{}", refused.text());
    }
    assert!(logs_in(&mut server.client(), "Kept").await);
}

#[tokio::test]
async fn trees_that_call_each_other_in_a_circle_are_kept_and_not_served() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept").await;
    let calls = |other: &str| json!({ "tree": other });
    let around = |node: &str| {
        json!({
            "entryNodeId": node,
            "nodes": { node: {
                "nodeType": "InnerTreeEvaluatorNode", "displayName": "Inner",
                "connections": { "true": SUCCESS, "false": FAILURE },
            } },
        })
    };
    for (name, other) in [("A", "B"), ("B", "C"), ("C", "A"), ("Self", "Self")] {
        let node = format!("{name}-calls");
        let path = at(&format!("nodes/InnerTreeEvaluatorNode/{node}"));
        keep(&mut client, &path, &calls(other)).await;
        keep(&mut client, &at(&format!("trees/{name}")), &around(&node)).await;
    }
    for name in ["A", "B", "C", "Self"] {
        let told = check(&mut client, name).await;
        assert_eq!(told["served"], false, "{told}");
        assert!(
            !told["reasons"].as_array().expect("a list").is_empty(),
            "{told}"
        );
        let read = client.get(&at(&format!("trees/{name}"))).await;
        let warning = read.header("warning").expect("a warning");
        assert!(
            warning.starts_with("199 wayfare \"not served: "),
            "{warning}"
        );
        let reply = server.client().begin(name).await;
        assert_eq!(reply.status, 400);
        assert_eq!(reply.json()["message"], "No Configuration found");
    }
    // The others are served, and the circle can be broken.
    for name in ["Login", "Kept"] {
        assert!(logs_in(&mut server.client(), name).await, "{name}");
    }
    let path = at("nodes/InnerTreeEvaluatorNode/C-calls");
    keep(&mut client, &path, &calls("Kept")).await;
    for name in ["A", "B", "C"] {
        let told = check(&mut client, name).await;
        assert_eq!(told["served"], true, "{told}");
        assert!(logs_in(&mut server.client(), name).await, "{name}");
    }
}

#[tokio::test]
async fn secrets_of_nodes_are_neither_kept_nor_told_nor_noted() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let secret = "S3cr3t-of-a-node-9d1f";
    let path = at("nodes/OneTimePasswordSmtpSenderNode/mail");
    let sent = json!({
        "hostName": "mail.example.com", "hostPort": 25, "username": "u", "password": secret,
        "sslOption": "SSL", "fromEmailAddress": "a@example.com",
    });
    let made = keep(&mut client, &path, &sent).await;
    assert!(!made.to_string().contains(secret), "{made}");
    let read = client.get(&path).await;
    assert!(!read.text().contains(secret), "{}", read.text());
    let all = client
        .post(&at("nodes?_action=nextdescendents"), "{}")
        .await;
    assert!(!all.text().contains(secret));
    let written = server.everything_written();
    let found = written
        .windows(secret.len())
        .any(|part| part == secret.as_bytes());
    assert!(!found, "the secret is on disk");
    assert_eq!(made["password"], Json::Null);
    // What only names a variable is no secret.
    let mut named = sent.clone();
    named["password"] = json!("&{esv.smtp.password}");
    let made = keep(&mut client, &path, &named).await;
    assert_eq!(made["password"], "&{esv.smtp.password}");
}

#[tokio::test]
async fn a_tree_of_nodes_that_are_not_there_is_kept_and_not_served() {
    let server = serve().await;
    let mut client = admin(&server).await;
    keep(&mut client, &at("trees/Early"), &tree("Early")).await;
    let told = check(&mut client, "Early").await;
    assert_eq!(told["_id"], "Early");
    assert!(!logs_in(&mut server.client(), "Early").await);
    assert!(logs_in(&mut server.client(), "Login").await);
    keep_tree(&mut client, "Early").await;
    assert!(logs_in(&mut server.client(), "Early").await);
    assert_eq!(
        client
            .post(&at("trees/none?_action=check"), "")
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_tree_is_served_by_its_own_name_or_not_at_all() {
    let server = serve().await;
    let mut client = admin(&server).await;
    for (path, other) in [
        ("Pipe%7Cd", "pipe_d"),
        // Not composed.
        ("cafe%CC%81", "cafe"),
        (&"n".repeat(129), &"n".repeat(40)),
    ] {
        keep_tree(&mut client, "Kept").await;
        let mut odd = tree("Kept");
        odd.as_object_mut().expect("an object").remove("_id");
        keep(&mut client, &at(&format!("trees/{path}")), &odd).await;
        let told = check(&mut client, path).await;
        assert_eq!(told["served"], false, "{told}");
        assert!(!logs_in(&mut server.client(), path).await, "{path}");
        assert!(!logs_in(&mut server.client(), other).await, "{other}");
    }
    assert!(logs_in(&mut server.client(), "Kept").await);
    // Nor by one that looks like another's.
    for path in [
        "Lo%C2%ADgin",
        "Login%F3%A0%81%81",
        "Login%E3%85%A4",
        "Lo%E2%80%A8gin",
    ] {
        let reply = put(&mut client, &at(&format!("trees/{path}")), &tree("Kept")).await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
    }
}

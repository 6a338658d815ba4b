//! What the checks refuse of a text and a tree may do: its administrator is told, and guards hold.

use serde_json::json;

use super::{LOGIN, SUCCESS, admin, at, check, keep, keep_tree, logs_in, serve};
use crate::support::{Client, Reply, TestServer, alpha};

/// A tree that lets in whoever is named.
async fn keep_open(client: &mut Client, name: &str) -> Reply {
    keep(client, &at("nodes/UsernameCollectorNode/named"), &json!({})).await;
    let open = json!({
        "entryNodeId": "named",
        "nodes": { "named": {
            "nodeType": "UsernameCollectorNode", "displayName": "Named",
            "connections": { "outcome": SUCCESS },
        } },
    });
    let path = at(&format!("trees/{name}"));
    super::put(client, &path, &open).await
}

#[tokio::test]
async fn who_keeps_a_tree_that_proves_nobody_is_told() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let made = keep_open(&mut client, "Open").await;
    assert_eq!(made.status, 201);
    let warning = made.header("warning").expect("a warning");
    assert_eq!(
        warning,
        "199 wayfare \"served with exceptions: unproved_success\""
    );
    let told = check(&mut client, "Open").await;
    assert_eq!(told["served"], true, "{told}");
    let noticed = told["noticed"].to_string();
    assert!(noticed.contains("unproved_success"), "{noticed}");
    assert!(noticed.contains("`named`"), "{noticed}");
    let audit = server.everything_written();
    let audit = String::from_utf8_lossy(&audit);
    assert!(audit.contains("\"exceptions\":\"unproved_success\""));
    // One in which all is proved is served without a word.
    keep_tree(&mut client, "Kept").await;
    let read = client.get(&at("trees/Kept")).await;
    assert_eq!(read.header("warning"), None);
    assert_eq!(check(&mut client, "Kept").await["noticed"], json!([]));
}

const GUARD: &str = "guard \"all\" {
  ensure every path to success passes proof of password
}
";

#[tokio::test]
async fn guards_hold_for_trees_that_are_kept() {
    let server =
        TestServer::journeys(&[("login.journey", LOGIN), ("all.guard.journey", GUARD)]).await;
    let mut client = admin(&server).await;
    keep_open(&mut client, "Open").await;
    let told = check(&mut client, "Open").await;
    assert_eq!(told["served"], false, "{told}");
    let reasons = told["reasons"].to_string();
    assert!(reasons.contains("guard_failed"), "{reasons}");
    assert_eq!(server.client().begin("Open").await.status, 400);
    keep_tree(&mut client, "Kept").await;
    assert!(logs_in(&mut server.client(), "Kept").await);
}

#[tokio::test]
async fn one_that_a_guard_refuses_keeps_none_of_many_from_being_served() {
    let server =
        TestServer::journeys(&[("login.journey", LOGIN), ("all.guard.journey", GUARD)]).await;
    let mut client = admin(&server).await;
    keep_tree(&mut client, "Kept00").await;
    // They share their nodes.
    let many = 70;
    for number in 1..many {
        let path = at(&format!("trees/Kept{number:02}"));
        let mut same = super::tree("Kept00");
        same["_id"] = json!(format!("Kept{number:02}"));
        keep(&mut client, &path, &same).await;
    }
    keep_open(&mut client, "Any").await;
    keep_open(&mut client, "Open").await;
    let status = server.running.journeys(&alpha()).expect("a realm");
    let unfit: Vec<&String> = status.unfit.keys().collect();
    assert_eq!(unfit, ["Any", "Open"], "{status:?}");
    let server = server.restart().await;
    let status = server.running.journeys(&alpha()).expect("a realm");
    let unfit: Vec<&String> = status.unfit.keys().collect();
    assert_eq!(unfit, ["Any", "Open"], "after a restart");
}

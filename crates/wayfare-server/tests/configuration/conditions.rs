//! Two who change the same.

use serde_json::json;

use super::{FAILURE, admin, at, keep, put, serve};

#[tokio::test]
async fn who_has_seen_an_older_one_changes_nothing() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = at("trees/x");
    let sent = json!({ "entryNodeId": FAILURE, "nodes": {} });
    let first = keep(&mut client, &path, &sent).await;
    let revision = first["_rev"].as_str().expect("a revision").to_owned();
    let other = json!({ "entryNodeId": FAILURE, "nodes": {}, "description": "other" });
    for revision in [revision.clone(), format!("\"{revision}\"")] {
        keep(&mut client, &path, &sent).await;
        let mut seen = client.clone().header("If-Match", &revision);
        assert_eq!(put(&mut seen, &path, &other).await.status, 200);
        assert_eq!(put(&mut seen, &path, &sent).await.status, 412);
        assert_eq!(seen.send("DELETE", &path, None).await.status, 412);
    }
    let mut any = client.clone().header("If-Match", "*");
    assert_eq!(put(&mut any, &path, &sent).await.status, 200);
    assert_eq!(put(&mut any, &at("trees/y"), &sent).await.status, 404);
    let mut new = client.clone().header("If-None-Match", "*");
    let twice = put(&mut new, &path, &other).await;
    assert_eq!(twice.status, 409);
    assert_eq!(
        twice.json()["message"],
        "Unable to save config: Service already exists"
    );
    assert_eq!(put(&mut new, &at("trees/y"), &sent).await.status, 201);
    let mut odd = client.clone().header("If-None-Match", "\"7\"");
    assert_eq!(put(&mut odd, &path, &sent).await.status, 400);
    let two = client.header("If-Match", &revision).also("If-Match", "*");
    assert_eq!(put(&mut { two }, &path, &sent).await.status, 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_write_at_once_one_is_told_so() {
    let server = serve().await;
    let mut client = admin(&server).await;
    let path = at("trees/x");
    let sent = json!({ "entryNodeId": FAILURE, "nodes": {} });
    let mut seen = keep(&mut client, &path, &sent).await;
    for round in 0..8 {
        let revision = seen["_rev"].as_str().expect("a revision").to_owned();
        let writers = (0..4).map(|writer| {
            let mut client = client.clone().header("If-Match", &revision);
            let path = path.clone();
            tokio::spawn(async move {
                let body = json!({
                    "entryNodeId": FAILURE, "nodes": {}, "description": format!("{round}/{writer}"),
                });
                put(&mut client, &path, &body).await
            })
        });
        let mut won = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            let reply = writer.await.expect("a reply");
            match reply.status {
                200 => won.push(reply.json()),
                status => assert_eq!(status, 412, "{}", reply.text()),
            }
        }
        assert_eq!(won.len(), 1);
        seen = client.get(&path).await.json();
        assert_eq!(seen, won[0]);
    }
    // Of many who make the same, one has made it.
    let makers = (0..6).map(|_| {
        let mut client = client.clone().header("If-None-Match", "*");
        let path = at("trees/new");
        let sent = sent.clone();
        tokio::spawn(async move { put(&mut client, &path, &sent).await.status })
    });
    let mut statuses = Vec::new();
    for maker in makers.collect::<Vec<_>>() {
        statuses.push(maker.await.expect("a reply"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

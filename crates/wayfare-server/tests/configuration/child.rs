//! `kill -9` of a server whose journeys are being changed.

use serde_json::json;

use super::{FAILURE, LOGIN, admin_with, at, check, keep, keep_tree, logs_in, put};
use crate::support::{Process, cheap, serve, write_all};

/// The test that is a server.
const SERVER: &str = "configuration::child::a_server_when_it_is_told_to_be_one";

#[test]
fn a_server_when_it_is_told_to_be_one() {
    serve(|folder| cheap(&folder.join("data")).with_journeys(folder.join("journeys")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::TempDir::new().expect("a folder");
    write_all(&folder.path().join("journeys"), &[("login.journey", LOGIN)]);
    let process = Process::start(SERVER, folder.path()).await;
    let password = process.password.clone().expect("made now");
    let mut client = admin_with(process.client(), &password).await;
    keep_tree(&mut client, "Kept").await;
    process.kill().await;
    // Each time one thing is acknowledged and another is under way.
    for round in 0..4_u32 {
        let process = Process::start(SERVER, folder.path()).await;
        let mut client = admin_with(process.client(), &password).await;
        assert!(
            logs_in(&mut process.client(), "Kept").await,
            "round {round}"
        );
        for before in 0..round {
            let found = client.get(&at(&format!("trees/round-{before}"))).await;
            assert_eq!(found.status, 200, "round {round}, tree of {before}");
            let gone = client.get(&at(&format!("trees/gone-{before}"))).await;
            assert_eq!(gone.status, 404, "round {round}, gone of {before}");
        }
        // A tree that was under way is there whole, or not at all.
        for before in 0..round {
            for number in 0..8 {
                let path = at(&format!("trees/under-way-{before}-{number}"));
                let found = client.get(&path).await;
                match found.status {
                    200 => {
                        assert_eq!(found.json()["description"], "x".repeat(10_000));
                        let name = format!("under-way-{before}-{number}");
                        assert_eq!(check(&mut client, &name).await["_id"], *name);
                    }
                    status => assert_eq!(status, 404),
                }
            }
        }
        let empty = json!({ "entryNodeId": FAILURE, "nodes": {} });
        keep(&mut client, &at(&format!("trees/round-{round}")), &empty).await;
        keep(&mut client, &at(&format!("trees/gone-{round}")), &empty).await;
        let gone = at(&format!("trees/gone-{round}"));
        assert_eq!(client.send("DELETE", &gone, None).await.status, 200);
        let long = json!({
            "entryNodeId": FAILURE, "nodes": {}, "description": "x".repeat(10_000),
        });
        let mut first = client.clone();
        let path = at(&format!("trees/under-way-{round}-0"));
        assert_eq!(put(&mut first, &path, &long).await.status, 201);
        let writers = (1..8).map(|number| {
            let client = client.clone();
            let (path, long) = (
                at(&format!("trees/under-way-{round}-{number}")),
                long.clone(),
            );
            // Whether a reply comes is what nobody can know.
            tokio::spawn(async move {
                let body = long.to_string();
                let head = format!(
                    "PUT {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
                     Accept-API-Version: resource=1.0\r\nCookie: {}\r\nContent-Length: {}\r\n\r\n",
                    "127.0.0.1",
                    client
                        .cookies
                        .iter()
                        .map(|(n, v)| format!("{n}={v}"))
                        .collect::<Vec<_>>()
                        .join("; "),
                    body.len(),
                );
                client
                    .raw(format!("{head}{body}").as_bytes())
                    .await
                    .map(|reply| reply.status)
            })
        });
        let writers: Vec<_> = writers.collect();
        process.kill().await;
        for writer in writers {
            writer.abort();
        }
    }
}

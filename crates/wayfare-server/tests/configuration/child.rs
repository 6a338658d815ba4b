//! `kill -9` of a server whose journeys are being changed.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use wayfare_server::Server;

use super::{FAILURE, LOGIN, admin_with, at, check, keep, keep_tree, logs_in, put};
use crate::support::{Client, cheap, write_all};

/// The variable that makes the test below a server, over this folder.
const FOLDER: &str = "WAYFARE_CONFIGURATION_FOLDER";
/// What stands before the address that it tells.
const ADDRESS: &str = "address ";
/// What stands before the password of the administrator.
const PASSWORD: &str = "password ";

const PATIENCE: Duration = Duration::from_secs(60);

struct Process {
    child: Child,
    address: SocketAddr,
    password: Option<String>,
}

impl Process {
    async fn start(folder: &Path) -> Self {
        let program = std::env::current_exe().expect("this program");
        let name = "configuration::child::a_server_when_it_is_told_to_be_one";
        let mut child = Command::new(program)
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let told = async {
            let mut password = None;
            loop {
                let line = lines.next_line().await.expect("text").expect("a line");
                if let Some((_, shown)) = line.split_once(PASSWORD) {
                    password = Some(shown.trim().to_owned());
                }
                if let Some((_, address)) = line.split_once(ADDRESS) {
                    return (address.trim().parse().expect("an address"), password);
                }
            }
        };
        let (address, password) = timeout(PATIENCE, told).await.expect("it starts in time");
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            child,
            address,
            password,
        }
    }

    fn client(&self) -> Client {
        Client::new(self.address)
    }

    async fn kill(mut self) {
        self.child.kill().await.expect("it is killed");
    }
}

/// No test but a server, where the variable is set.
#[tokio::test]
async fn a_server_when_it_is_told_to_be_one() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let config = cheap(&folder.join("data")).with_journeys(folder.join("journeys"));
    let running = Server::start(config).await.expect("it starts");
    if let Some(password) = running.admin_password() {
        println!("{PASSWORD}{}", password.reveal());
    }
    println!("{ADDRESS}{}", running.address());
    // Until it is killed, or whoever started it is gone.
    let gone = tokio::task::spawn_blocking(|| {
        let _ = std::io::stdin().read_line(&mut String::new());
    });
    gone.await.expect("the end");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_a_kill() {
    let folder = tempfile::TempDir::new().expect("a folder");
    write_all(&folder.path().join("journeys"), &[("login.journey", LOGIN)]);
    let process = Process::start(folder.path()).await;
    let password = process.password.clone().expect("made now");
    let mut client = admin_with(process.client(), &password).await;
    keep_tree(&mut client, "Kept").await;
    process.kill().await;
    // Each time one thing is acknowledged and another is under way.
    for round in 0..4_u32 {
        let process = Process::start(folder.path()).await;
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

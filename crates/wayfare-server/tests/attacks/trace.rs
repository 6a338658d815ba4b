//! What a server writes and says while everything goes wrong: B07.
//!
//! The server is this program, started again, so that what it writes to standard error can be read.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value as Json, json};
use wayfare_server::config::LogLevel;

use super::world::{ALPHA, World, code};
use crate::{
    sessions::{naming, path},
    support::{Client, Reply, filled},
};

/// The variable that makes the test below a server.
const SERVE: &str = "WAYFARE_TEST_SERVE";
const PATIENCE: Duration = Duration::from_secs(60);

/// Serves until standard input ends where it is started for that; by itself it only sees to it that the
/// server writes the lines of its audit, which the test below reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serves_whoever_reads_its_lines() {
    let world = World::with(|config| {
        if std::env::var_os(SERVE).is_some() {
            config.server.log = LogLevel::Audit;
        }
    })
    .await;
    if std::env::var_os(SERVE).is_none() {
        let before = world.look().audit.len();
        world.client().login("demo", ALPHA).await.token();
        assert_eq!(world.look().audit.len(), before + 2);
        return;
    }
    println!(
        "\nSERVING {}",
        json!([world.server.running.address(), world.server.folder.path()])
    );
    std::io::stdout().flush().expect("standard output");
    let read = tokio::task::spawn_blocking(|| std::io::stdin().read(&mut [0]));
    let _ = read.await;
}

struct Process {
    child: Child,
    client: Client,
    folder: PathBuf,
    said: mpsc::Receiver<String>,
}

impl Process {
    fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args([
                "--exact",
                "attacks::trace::serves_whoever_reads_its_lines",
                "--nocapture",
            ])
            .env(SERVE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("a process");
        let output = child.stdout.take().expect("its output");
        let errors = child.stderr.take().expect("its errors");
        let (sender, serving) = mpsc::channel();
        let (all, said) = mpsc::channel();
        let errors_to = all.clone();
        std::thread::spawn(move || {
            let mut text = String::new();
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some(json) = line.strip_prefix("SERVING ") {
                    let _ = sender.send(json.to_owned());
                }
                text.push_str(&line);
                text.push('\n');
            }
            let _ = all.send(text);
        });
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = BufReader::new(errors).read_to_end(&mut bytes);
            let _ = errors_to.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        let serving = serving.recv_timeout(PATIENCE).expect("it starts in time");
        let (address, folder): (std::net::SocketAddr, PathBuf) =
            serde_json::from_str(&serving).expect("where it serves");
        Self {
            child,
            client: Client::new(address),
            folder,
            said,
        }
    }

    fn outbox(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.join("data/outbox")).expect("the outbox");
        let text = |file: std::io::Result<fs::DirEntry>| fs::read_to_string(file.unwrap().path());
        files.filter_map(|file| text(file).ok()).collect()
    }

    /// What the server wrote into its folder, mail apart: a code has to stand there.
    fn written(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut open = vec![self.folder.join("data")];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() && !path.ends_with("outbox") {
                    open.push(path);
                } else if path.is_file() {
                    let bytes = fs::read(&path).expect("a file");
                    files.push((path, bytes));
                }
            }
        }
        files
    }

    /// What it wrote to standard output and standard error.
    fn stop(mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        for _ in 0..2 {
            said.push_str(&self.said.recv_timeout(PATIENCE).expect("it stops in time"));
        }
        self.child.wait().expect("it is gone");
        said
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What must be found nowhere, and the bodies in which it must not be.
#[derive(Default)]
struct Gathered {
    secrets: Vec<(&'static str, String)>,
    refused: Vec<(String, String)>,
}

impl Gathered {
    fn secret(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= 8, "{what} could be found by chance");
        self.secrets.push((what, secret.to_owned()));
    }

    /// A step: its token whole, and each part that is worth something.
    fn step(&mut self, reply: &Reply) -> Json {
        let step = reply.step();
        let auth_id = step["authId"].as_str().expect("a token");
        self.secret("an authId", auth_id);
        self.secret("a signature", auth_id.rsplit('.').next().expect("a part"));
        step
    }

    fn reply(&mut self, asked: &str, reply: &Reply) {
        if reply.status >= 400 {
            let all = format!("{:?} {}", reply.headers, reply.text());
            self.refused.push((asked.to_owned(), all));
        }
    }

    fn look(&self, place: &str, bytes: &[u8]) {
        for (what, secret) in &self.secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{what} in {place}");
        }
    }
}

async fn send(
    gathered: &mut Gathered,
    client: &Client,
    method: &str,
    path: &str,
    body: &str,
) -> Reply {
    let body = (!body.is_empty()).then_some(body.as_bytes());
    let reply = client.clone().send(method, path, body).await;
    gathered.reply(&format!("{method} {path}"), &reply);
    reply
}

/// Logs in with one factor and with two, with mistakes on the way; the tokens of both sessions.
async fn logins(gathered: &mut Gathered, server: &Process) -> Vec<String> {
    let mut client = server.client.clone();
    let authenticate = Client::path("/alpha", "");
    for password in ["wr0ng-Passw0rd", "an0ther-wr0ng"] {
        gathered.secret("a wrong password", password);
        let reply = client.begin("Plain").await;
        let step = gathered.step(&reply);
        let body = filled(&step, &["demo".into(), password.into()]).to_string();
        send(gathered, &client, "POST", &authenticate, &body).await;
        // Once more, and broken in some ways.
        for body in [
            body.clone(),
            body.replace("PasswordCallback", "NameCallback"),
            format!("{body}}}"),
        ] {
            send(gathered, &client, "POST", &authenticate, &body).await;
        }
        let auth_id = step["authId"].as_str().unwrap();
        let tampered = body.replace(auth_id, &format!("{auth_id}AA"));
        send(gathered, &client, "POST", &authenticate, &tampered).await;
        for path in [
            format!("/am/json/realms/root/realms/{auth_id}/authenticate"),
            format!("/am/json/{password}/authenticate"),
            format!("/am/json/alpha/users/{auth_id}"),
        ] {
            if !path.contains(password) {
                send(gathered, &client, "POST", &path, "").await;
            }
        }
    }
    gathered.secret("the password", ALPHA);
    let reply = client.begin("Plain").await;
    let step = gathered.step(&reply);
    let plain = client
        .answer(&step, &["demo".into(), ALPHA.into()])
        .await
        .token();
    let mut second = server.client.clone();
    let reply = second.begin("Mfa").await;
    let step = gathered.step(&reply);
    let reply = second.answer(&step, &["demo".into(), ALPHA.into()]).await;
    let step = gathered.step(&reply);
    let code = code(server.outbox().last().expect("a mail"));
    gathered.secret("a one-time password", &code);
    let wrong = if code == "12345678" {
        "87654321"
    } else {
        "12345678"
    };
    let reply = second.answer(&step, &[wrong.into()]).await;
    let step = gathered.step(&reply);
    let mfa = second.answer(&step, &[code.into()]).await.token();
    let zero = Client::path("/alpha", "authIndexType=service&authIndexValue=Zero");
    let headers = server
        .client
        .clone()
        .header("X-OpenAM-Username", "demo")
        .header("X-OpenAM-Password", ALPHA);
    let by_header = send(gathered, &headers, "POST", &zero, "").await.token();
    let twice = headers.also("X-OpenAM-Password", ALPHA);
    send(gathered, &twice, "POST", &zero, "").await;
    vec![plain, mfa, by_header]
}

/// Puts a token wherever a client might.
async fn misplaced(gathered: &mut Gathered, server: &Process, token: &str) {
    let old = server
        .client
        .clone()
        .header("Accept-API-Version", "resource=1.2");
    let new = server
        .client
        .clone()
        .header("Accept-API-Version", "resource=4.0");
    for action in ["validate", "getTimeLeft", "getNothing", token] {
        let query = format!("_action={action}&tokenId={token}");
        send(gathered, &old, "POST", &path("/alpha", &query), "").await;
        send(
            gathered,
            &new,
            "POST",
            &path("/alpha", &query),
            &naming(token),
        )
        .await;
        send(
            gathered,
            &new,
            "POST",
            &path("/beta", &query),
            &naming(token),
        )
        .await;
    }
    for at in [
        format!("/am/json/sessions/{token}?_action=validate"),
        format!("/am/json/realms/root/realms/{token}/sessions?_action=validate"),
        format!("/am/json/alpha/serverinfo/{token}"),
        format!("/am/json/alpha/users/{token}"),
        format!("/am/json/{token}"),
        format!("/am/{token}"),
        format!("/{token}"),
        format!("/am/json/authenticate?realm={token}"),
        format!("/am/json/alpha/authenticate?authIndexType={token}"),
        format!("/am/json/alpha/authenticate?authIndexType=service&authIndexValue={token}"),
        format!("/am/json/alpha/authenticate?sessionUpgradeSSOTokenId={token}x"),
        format!("/am/json/alpha/authenticate?goto=%2F%2F{token}&suspendedId={token}"),
    ] {
        for method in ["GET", "POST"] {
            send(gathered, &server.client, method, &at, "").await;
        }
    }
    let versioned = server.client.clone().header("Accept-API-Version", token);
    send(
        gathered,
        &versioned,
        "POST",
        &path("/alpha", "_action=validate"),
        "",
    )
    .await;
    let update = json!({ "tokenId": token, token: "x", "AuthLevel": token }).to_string();
    let query = "_action=updateSessionProperties";
    send(gathered, &new, "POST", &path("/alpha", query), &update).await;
    let as_step = json!({ "authId": token, "callbacks": [] }).to_string();
    send(
        gathered,
        &new,
        "POST",
        &Client::path("/alpha", ""),
        &as_step,
    )
    .await;
    let out = send(
        gathered,
        &new,
        "POST",
        &path("/alpha", "_action=logout"),
        &naming(token),
    )
    .await;
    assert_eq!(out.status, 200);
    send(
        gathered,
        &new,
        "POST",
        &path("/alpha", "_action=refresh"),
        &naming(token),
    )
    .await;
}

#[tokio::test]
async fn b07_nothing_secret_is_written_or_said() {
    let server = Process::start();
    let mut gathered = Gathered::default();
    let tokens = logins(&mut gathered, &server).await;
    for token in &tokens {
        gathered.secret("a session token", token);
        gathered.secret(
            "a part of a token",
            token.strip_prefix("wfs1.").expect("a token"),
        );
    }
    for token in &tokens {
        misplaced(&mut gathered, &server, token).await;
    }
    assert!(gathered.refused.len() > 60, "{}", gathered.refused.len());
    // Where a message names what the client sent, that is no secret of anybody else; and yet it is masked.
    for (asked, said) in &gathered.refused {
        gathered.look(
            &format!("the answer to {}", Path::new(asked).display()),
            said.as_bytes(),
        );
    }
    let written = server.written();
    assert!(
        written
            .iter()
            .any(|(path, bytes)| path.ends_with("audit.log") && bytes.len() > 10_000)
    );
    for (path, bytes) in &written {
        gathered.look(&path.display().to_string(), bytes);
    }
    let said = server.stop();
    assert!(said.contains("AM-LOGIN-COMPLETED") && said.contains("AM-ACCESS-OUTCOME"));
    gathered.look("what the server wrote to its terminal", said.as_bytes());
}

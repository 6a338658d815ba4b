//! Logging in, failing, asking whose session it is.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use embed::Server;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const JOURNEYS: &str = include_str!("../../../journeys/login.journey");
const AUTHENTICATE: &str = "/am/json/realms/root/authenticate";
const PATIENCE: Duration = Duration::from_secs(60);

/// A server at a free port, until the test ends.
async fn start() -> (SocketAddr, Arc<Server>) {
    let server = Server::new(JOURNEYS, "demo", "Ch4ng31t").expect("a journey without a mistake");
    let server = Arc::new(server);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = embed::app(Arc::clone(&server));
    tokio::spawn(async { axum::serve(listener, app).await });
    (address, server)
}

struct Reply {
    status: u16,
    head: String,
    body: Json,
}

async fn post(at: SocketAddr, path: &str, cookie: &str, body: &str) -> Reply {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nAccept-API-Version: \
         resource=2.1\r\nX-Requested-With: test\r\nContent-Type: application/json\r\n"
    );
    if !cookie.is_empty() {
        let _ = write!(request, "Cookie: iPlanetDirectoryPro={cookie}\r\n");
    }
    let _ = write!(request, "Content-Length: {}\r\n\r\n{body}", body.len());
    let mut received = String::new();
    let exchange = async {
        let mut stream = TcpStream::connect(at).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream.read_to_string(&mut received).await.expect("a reply");
    };
    tokio::time::timeout(PATIENCE, exchange)
        .await
        .expect("in time");
    let (head, body) = received.split_once("\r\n\r\n").expect("a head");
    Reply {
        status: head
            .split(' ')
            .nth(1)
            .and_then(|s| s.parse().ok())
            .expect("a status"),
        head: head.to_ascii_lowercase(),
        body: serde_json::from_str(body).unwrap_or(Json::Null),
    }
}

async fn begin(at: SocketAddr) -> Json {
    let reply = post(at, AUTHENTICATE, "", "").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body
}

async fn answer(at: SocketAddr, step: &Json, username: &str, password: &str) -> Reply {
    let mut step = step.clone();
    step["callbacks"][0]["input"][0]["value"] = json!(username);
    step["callbacks"][1]["input"][0]["value"] = json!(password);
    post(at, AUTHENTICATE, "", &step.to_string()).await
}

#[tokio::test]
async fn someone_logs_in_and_is_known() {
    let (at, server) = start().await;
    let step = begin(at).await;
    assert_eq!(step["callbacks"][0]["type"], "NameCallback");
    let reply = answer(at, &step, "demo", "Ch4ng31t").await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let token = reply.body["tokenId"].as_str().expect("a token");
    assert!(
        reply
            .head
            .contains(&format!("set-cookie: iplanetdirectorypro={token}")),
        "{}",
        reply.head
    );
    assert_eq!(server.who(token).as_deref(), Some("demo"));
    assert_eq!(server.who("another"), None);

    // A step is used once.
    let again = answer(at, &step, "demo", "Ch4ng31t").await;
    assert_eq!(
        (again.status, &again.body["detail"]["errorCode"]),
        (401, &json!("110"))
    );

    // A session that comes along is not stepped up: the next login is a new one.
    let reply = post(at, AUTHENTICATE, token, "").await;
    assert!(reply.body["tokenId"].is_null(), "{}", reply.body);
    assert!(reply.body["authId"].is_string(), "{}", reply.body);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let (at, _) = start().await;
    for name in ["demo", "nobody"] {
        let mut step = begin(at).await;
        for _ in 0..2 {
            let reply = answer(at, &step, name, "wrong").await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            step = reply.body;
        }
        let reply = answer(at, &step, name, "wrong").await;
        assert_eq!(
            (reply.status, &reply.body["message"]),
            (401, &json!("Login failure"))
        );
    }
    // Two runs of three tries were one too many: the right password does not match any more.
    let mut step = begin(at).await;
    for _ in 0..2 {
        step = answer(at, &step, "demo", "wrong").await.body;
    }
    let reply = answer(at, &step, "demo", "Ch4ng31t").await;
    assert_eq!(reply.status, 401, "{}", reply.body);
}

#[tokio::test]
async fn what_it_does_not_serve_is_not_there() {
    let (at, _) = start().await;
    for path in [
        "/am/json/realms/root/realms/alpha/authenticate",
        "/am/json/realms/root/serverinfo/*",
        "/am/json/realms/root/sessions",
        "/am/json/nothing",
        "/other",
    ] {
        let reply = post(at, path, "", "").await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.body);
    }
    for (kind, status) in [
        ("user", 200),
        ("resource", 400),
        ("transaction", 400),
        ("role", 400),
    ] {
        let path = format!("{AUTHENTICATE}?authIndexType={kind}&authIndexValue=demo");
        let reply = post(at, &path, "", "").await;
        assert_eq!(reply.status, status, "{kind}: {}", reply.body);
    }
    let tampered = json!({ "authId": "a.b.c", "callbacks": [] }).to_string();
    let reply = post(at, AUTHENTICATE, "", &tampered).await;
    assert_eq!(reply.status, 400, "{}", reply.body);
}

#[test]
fn a_text_with_a_mistake_makes_no_server() {
    let error = Server::new("journey login {", "demo", "Ch4ng31t").expect_err("a mistake");
    assert!(error.to_string().contains("own.journey"), "{error}");
}

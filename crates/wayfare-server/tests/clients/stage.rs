//! What stands around the clients: the server they log in at, and an origin of the test's own.
//!
//! That origin serves the scripts to the browser, plays the place that a journey sends people to, and lets
//! a scenario do what the outside world would: let time pass, read mail.

use std::{
    convert::Infallible,
    path::{Component, Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};
use wayfare_server::config::Config;
use wayfare_wire::query::Query;

use super::nodes;
use crate::support::{TestServer, write_all};

const JOURNEYS: &str = include_str!("clients.journey");

/// The folder of the scripts.
pub(super) fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients")
}

type Reply = Response<Full<Bytes>>;

pub(super) struct Stage {
    pub(super) server: Arc<TestServer>,
    pub(super) origin: String,
    serving: JoinHandle<()>,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Stage {
    pub(super) async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// The same with settings of the server changed.
    pub(super) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let allowed = origin.clone();
        let server = TestServer::with_registry(nodes::registry(&origin), |config, folder| {
            let journeys = folder.join("journeys");
            write_all(&journeys, &[("clients.journey", JOURNEYS)]);
            *config = config.clone().with_journeys(journeys);
            config.cors_allow.push(allowed);
            change(config);
        });
        let server = Arc::new(server.await);
        let serving = tokio::spawn(serve(listener, Arc::clone(&server)));
        Self {
            server,
            origin,
            serving,
        }
    }

    /// Where the server is.
    pub(super) fn at(&self) -> String {
        format!("http://{}", self.server.running.address())
    }
}

async fn serve(listener: TcpListener, server: Arc<TestServer>) {
    while let Ok((stream, _)) = listener.accept().await {
        let server = Arc::clone(&server);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, Infallible>(answer(&server, &request).await) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

async fn answer(server: &TestServer, request: &Request<Incoming>) -> Reply {
    let path = request.uri().path();
    let query = Query::parse(request.uri().query().unwrap_or("")).expect("a query");
    let one = |name: &'static str| query.one(name).expect("at most one").unwrap_or("");
    match path {
        "/stage/advance" => {
            let span = one("ms").parse().expect("milliseconds");
            server.advance(Duration::from_millis(span));
            told(&json!(true))
        }
        "/stage/mail" => told(&json!(server.outbox())),
        "/idp" => come_back(server, one("state"), one("origin"), request),
        path if path.starts_with("/protected/") => protected(server, request).await,
        _ => file(path).unwrap_or_else(|| plain(StatusCode::NOT_FOUND)),
    }
}

fn plain(status: StatusCode) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = status;
    reply
}

fn told(json: &serde_json::Value) -> Reply {
    let mut reply = Reply::new(Full::from(json.to_string()));
    let kind = header::HeaderValue::from_static("application/json");
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    reply
}

/// Something that the policies of the server protect: whoever may not have it is given the decision, with
/// the advice in it.
async fn protected(server: &TestServer, request: &Request<Incoming>) -> Reply {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let name = request.uri().path().trim_start_matches("/protected/");
    let cookies = header("cookie").unwrap_or_default().split("; ");
    let token = cookies.filter_map(|pair| pair.strip_prefix("iPlanetDirectoryPro="));
    let mut client = server
        .client()
        .header("Accept-API-Version", "protocol=1.0,resource=2.1");
    let token = token.last().unwrap_or_default().to_owned();
    client
        .cookies
        .insert("iPlanetDirectoryPro".to_owned(), token);
    let mut ask = json!({ "resources": [format!("https://app.example.com:443/{name}")] });
    if let Some(transaction) = header("x-txid") {
        ask["environment"] = json!({ "TxId": [transaction] });
    }
    let path = "/am/json/realms/root/realms/alpha/policies?_action=evaluate";
    let decided = client.post(path, &ask.to_string()).await;
    if decided.status != 200 {
        return plain(StatusCode::FORBIDDEN);
    }
    let decision = decided.json()[0].take();
    if decision["actions"]["GET"] == json!(true) {
        return told(&json!({ "here": name }));
    }
    let mut reply = told(&decision);
    *reply.status_mut() = StatusCode::UNAUTHORIZED;
    reply
}

/// Back to the page that the client came from, with a code that has what must be encoded in it.
fn come_back(server: &TestServer, state: &str, from: &str, request: &Request<Incoming>) -> Reply {
    let login_page = format!("http://{}", server.running.address());
    let page = if from == login_page {
        format!("{login_page}/")
    } else {
        let host = request.headers()[header::HOST].to_str().expect("a host");
        format!("http://{host}/clients/page.html")
    };
    let mut reply = plain(StatusCode::FOUND);
    let place = format!("{page}?code=4%2F2%20%2B%26&state={state}");
    let place = place.parse().expect("an address");
    reply.headers_mut().insert(header::LOCATION, place);
    reply
}

/// A script or a page of the folder.
fn file(path: &str) -> Option<Reply> {
    let path = Path::new(path.strip_prefix("/clients/")?);
    let below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let kind = match path.extension()?.to_str()? {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript",
        "css" => "text/css",
        _ => return None,
    };
    let bytes = std::fs::read(scripts().join(path).as_path())
        .ok()
        .filter(|_| below)?;
    let mut reply = Reply::new(Full::from(bytes));
    let kind = header::HeaderValue::from_static(kind);
    reply.headers_mut().insert(header::CONTENT_TYPE, kind);
    Some(reply)
}

/// Whether the packages are there and Node runs; says so once where not.
pub(super) fn clients_are_here() -> bool {
    static FOUND: OnceLock<Result<(), &'static str>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let node = std::process::Command::new("node").arg("--version").output();
        if !node.is_ok_and(|node| node.status.success()) {
            return Err("there is no node");
        }
        let packages = scripts().join("node_modules");
        let there = |name: &str| packages.join(name).join("package.json").exists();
        if ![
            "@forgerock/javascript-sdk",
            "@forgerock/oidc-client",
            "@rockcarver/frodo-cli",
        ]
        .into_iter()
        .all(there)
        {
            return Err("the packages are not there: run `npm ci` in tests/clients");
        }
        Ok(())
    });
    if let Err(why) = found {
        assert!(
            std::env::var_os("WAYFARE_CLIENTS").is_none(),
            "{why}, and WAYFARE_CLIENTS asks for it"
        );
        println!("skipped: {why}");
    }
    found.is_ok()
}

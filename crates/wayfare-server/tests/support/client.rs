//! The client: raw HTTP, a cookie jar, and the few steps of a login.

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr, time::Duration};

use serde_json::Value as Json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// All headers of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.text()))
    }

    /// The token of success.
    pub(crate) fn token(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text());
        let json = self.json();
        json["tokenId"]
            .as_str()
            .unwrap_or_else(|| panic!("no token in {json}"))
            .to_owned()
    }

    /// The step that was asked.
    pub(crate) fn step(&self) -> Json {
        assert_eq!(self.status, 200, "{}", self.text());
        let json = self.json();
        assert!(json["authId"].is_string(), "no step in {json}");
        json
    }
}

/// A client with a cookie jar.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    pub(crate) cookies: BTreeMap<String, String>,
    /// Headers sent with every request.
    pub(crate) headers: Vec<(String, String)>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            address,
            cookies: BTreeMap::new(),
            headers: vec![
                header("Accept-API-Version", "protocol=1.0,resource=2.1"),
                header("X-Requested-With", "test"),
            ],
        }
    }

    /// Without the headers that are sent with every request.
    pub(crate) fn bare(mut self) -> Self {
        self.headers.clear();
        self
    }

    /// With another header in every request; one of the same name is replaced.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a second header of a name.
    pub(crate) fn also(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, None).await
    }

    /// Posts JSON.
    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Reply {
        self.send("POST", path, Some(body.as_bytes())).await
    }

    /// Sends a request; a body is declared to be JSON unless a header says otherwise.
    pub(crate) async fn send(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> Reply {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
            self.address
        );
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self
                .cookies
                .iter()
                .map(|(n, v)| format!("{n}={v}"))
                .collect();
            let _ = write!(head, "Cookie: {}\r\n", pairs.join("; "));
        }
        let declared = self
            .headers
            .iter()
            .any(|(n, _)| n.eq_ignore_ascii_case("content-type"));
        if let Some(body) = body {
            if !declared && !body.is_empty() {
                head.push_str("Content-Type: application/json\r\n");
            }
            let _ = write!(head, "Content-Length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        let reply = self.raw(&bytes).await.expect("a reply");
        self.keep_cookies(&reply);
        reply
    }

    fn keep_cookies(&mut self, reply: &Reply) {
        let set: Vec<String> = reply.all("set-cookie").map(str::to_owned).collect();
        for cookie in set {
            let (pair, attributes) = cookie.split_once(';').unwrap_or((&cookie, ""));
            let (name, value) = pair.split_once('=').expect("a cookie");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Sends bytes as they are on a connection of their own; `None` where nothing came back.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Option<Reply> {
        let exchange = async {
            let mut stream = TcpStream::connect(self.address).await.ok()?;
            // The server may refuse and close before it has read everything.
            let _ = stream.write_all(bytes).await;
            let mut received = Vec::new();
            let _ = stream.read_to_end(&mut received).await;
            parse(&received)
        };
        timeout(PATIENCE, exchange).await.expect("in time")
    }

    /// Opens a connection to write to piece by piece.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address)
            .await
            .expect("a connection")
    }

    /// The path of `authenticate` in a realm.
    pub(crate) fn path(realm: &str, query: &str) -> String {
        let mut path = String::from("/am/json/realms/root");
        for part in realm.split('/').filter(|part| !part.is_empty()) {
            let _ = write!(path, "/realms/{part}");
        }
        path.push_str("/authenticate");
        if !query.is_empty() {
            let _ = write!(path, "?{query}");
        }
        path
    }

    /// Starts a journey of `/alpha`; the default one where the name is empty.
    pub(crate) async fn begin(&mut self, journey: &str) -> Reply {
        let query = if journey.is_empty() {
            String::new()
        } else {
            format!("authIndexType=service&authIndexValue={journey}")
        };
        self.post(&Self::path("/alpha", &query), "").await
    }

    /// Answers a step of `/alpha`: the inputs in order, as many as are given.
    pub(crate) async fn answer(&mut self, step: &Json, values: &[Json]) -> Reply {
        let body = filled(step, values).to_string();
        self.post(&Self::path("/alpha", ""), &body).await
    }

    /// Logs in with the default journey of `/alpha`.
    pub(crate) async fn login(&mut self, username: &str, password: &str) -> Reply {
        let step = self.begin("").await.step();
        self.answer(&step, &[username.into(), password.into()])
            .await
    }

    /// Asks something of `sessions`, with the cookie of this client.
    pub(crate) async fn sessions(&mut self, action: &str, body: &str) -> Reply {
        let path = format!("/am/json/realms/root/realms/alpha/sessions?_action={action}");
        let asked = self.clone().header("Accept-API-Version", "resource=4.0");
        let mut asked = asked;
        let reply = asked.post(&path, body).await;
        self.cookies = asked.cookies;
        reply
    }
}

/// A text with every byte escaped.
pub(crate) fn percent(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        // Writing into a string cannot fail.
        let _ = write!(escaped, "%{byte:02X}");
    }
    escaped
}

/// The query of a start that is asked for by an advice of one name.
pub(crate) fn advice(name: &str, values: &[&str]) -> String {
    let mut document = format!("<Advices><AttributeValuePair><Attribute name=\"{name}\"/>");
    for value in values {
        let _ = write!(document, "<Value>{value}</Value>");
    }
    document.push_str("</AttributeValuePair></Advices>");
    format!(
        "authIndexType=composite_advice&authIndexValue={}",
        percent(&document)
    )
}

/// The step with its inputs filled in order.
pub(crate) fn filled(step: &Json, values: &[Json]) -> Json {
    let mut step = step.clone();
    let mut values = values.iter();
    for callback in step["callbacks"].as_array_mut().expect("callbacks") {
        for input in callback["input"].as_array_mut().into_iter().flatten() {
            if let Some(value) = values.next() {
                input["value"] = value.clone();
            }
        }
    }
    assert!(values.next().is_none(), "more values than inputs");
    step
}

fn parse(bytes: &[u8]) -> Option<Reply> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head of text");
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(':').expect("a header");
            (name.to_ascii_lowercase(), value.trim().to_owned())
        })
        .collect();
    let reply = Reply {
        status,
        headers,
        body: bytes[end + 4..].to_vec(),
    };
    if let Some(length) = reply.header("content-length") {
        let length: usize = length.parse().expect("a length");
        assert!(reply.body.len() <= length, "more than was declared");
    }
    Some(reply)
}

//! A connection that is kept, and requests that may be lost with it.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use serde_json::{Value as Json, json};

const AUTHENTICATE: &str = "/am/json/realms/root/realms/alpha/authenticate";
const POLICIES: &str = "/am/json/realms/root/realms/alpha/policies?_action=evaluate";
const SESSIONS: &str = "/am/json/realms/root/realms/alpha/sessions?_action=";

/// No answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lost;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or(Json::Null)
    }
}

pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self, Lost> {
        let stream = TcpStream::connect(address).map_err(|_| Lost)?;
        stream.set_nodelay(true).map_err(|_| Lost)?;
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .map_err(|_| Lost)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Starts the default journey.
    pub(crate) fn begin(&mut self) -> Result<Answer, Lost> {
        self.post(AUTHENTICATE, "resource=2.1", "", None)
    }

    /// Starts a journey.
    pub(crate) fn begin_journey(&mut self, name: &str) -> Result<Answer, Lost> {
        let path = format!("{AUTHENTICATE}?authIndexType=service&authIndexValue={name}");
        self.post(&path, "resource=2.1", "", None)
    }

    /// Answers whatever two things a step asks.
    pub(crate) fn fill(&mut self, step: &Json, values: [&str; 2]) -> Result<Answer, Lost> {
        self.give(step, &values.map(Json::from))
    }

    /// Answers a step: the first inputs in order, as many as are given.
    pub(crate) fn give(&mut self, step: &Json, values: &[Json]) -> Result<Answer, Lost> {
        let mut body = step.clone();
        for (at, value) in values.iter().enumerate() {
            body["callbacks"][at]["input"][0]["value"] = value.clone();
        }
        self.post(AUTHENTICATE, "resource=2.1", &body.to_string(), None)
    }

    /// Starts it beside a session, whatever that session satisfies.
    pub(crate) fn begin_beside(&mut self, token: &str) -> Result<Answer, Lost> {
        let path = format!("{AUTHENTICATE}?ForceAuth=true");
        self.post(&path, "resource=2.1", "", Some(token))
    }

    /// Answers a step.
    pub(crate) fn answer(
        &mut self,
        step: &Json,
        username: &str,
        password: &str,
    ) -> Result<Answer, Lost> {
        self.post(
            AUTHENTICATE,
            "resource=2.1",
            &answers(step, username, password),
            None,
        )
    }

    /// Answers a step beside a session.
    pub(crate) fn answer_beside(
        &mut self,
        step: &Json,
        username: &str,
        password: &str,
        token: &str,
    ) -> Result<Answer, Lost> {
        let body = answers(step, username, password);
        self.post(AUTHENTICATE, "resource=2.1", &body, Some(token))
    }

    /// Asks whether the transfer may be made, perhaps with a transaction.
    pub(crate) fn decide(&mut self, token: &str, id: Option<&str>) -> Result<Answer, Lost> {
        let environment = id.map_or_else(|| json!({}), |id| json!({ "TxId": [id] }));
        let body = json!({ "resources": ["transfer:1"], "environment": environment });
        self.post(POLICIES, "resource=2.1", &body.to_string(), Some(token))
    }

    /// Starts the journey of a transaction.
    pub(crate) fn begin_transaction(&mut self, token: &str, id: &str) -> Result<Answer, Lost> {
        let path = format!("{AUTHENTICATE}?authIndexType=transaction&authIndexValue={id}");
        self.post(&path, "resource=2.1", "", Some(token))
    }

    /// Asks something about a session.
    pub(crate) fn session(&mut self, action: &str, token: &str) -> Result<Answer, Lost> {
        self.sessions(action, &json!({ "tokenId": token }))
    }

    /// Asks something of `sessions`.
    pub(crate) fn sessions(&mut self, action: &str, body: &Json) -> Result<Answer, Lost> {
        let path = format!("{SESSIONS}{action}");
        self.post(&path, "resource=4.0", &body.to_string(), None)
    }

    fn post(
        &mut self,
        path: &str,
        version: &str,
        body: &str,
        token: Option<&str>,
    ) -> Result<Answer, Lost> {
        let token = token.map_or_else(String::new, |token| {
            format!("iPlanetDirectoryPro: {token}\r\n")
        });
        let kind = if body.is_empty() {
            ""
        } else {
            "Content-Type: application/json\r\n"
        };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAccept-API-Version: {version}\r\n{token}{kind}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream
            .write_all(request.as_bytes())
            .map_err(|_| Lost)?;
        loop {
            if let Some((length, answer)) = parse(&self.received) {
                self.received.drain(..length);
                return Ok(answer);
            }
            let mut bytes = [0; 8_192];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return Err(Lost),
                Ok(count) => self.received.extend_from_slice(&bytes[..count]),
            }
        }
    }
}

/// The body that answers a step.
fn answers(step: &Json, username: &str, password: &str) -> String {
    let input = |at: u32, value: &str| json!([{ "name": format!("IDToken{at}"), "value": value }]);
    let body = json!({
        "authId": step["authId"],
        "callbacks": [
            { "type": "NameCallback", "input": input(1, username) },
            { "type": "PasswordCallback", "input": input(2, password) },
        ],
    });
    body.to_string()
}

fn parse(bytes: &[u8]) -> Option<(usize, Answer)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end])
        .expect("text")
        .to_ascii_lowercase();
    let status = head.split(' ').nth(1)?.parse().expect("a status");
    let length = head.split("content-length: ").nth(1).expect("a length");
    let length: usize = length.split("\r\n").next()?.parse().expect("a number");
    let body = bytes.get(end..end + length)?;
    let body = String::from_utf8(body.to_vec()).expect("text");
    Some((end + length, Answer { status, body }))
}

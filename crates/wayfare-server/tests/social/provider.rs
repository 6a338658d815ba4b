//! An identity provider: a small real HTTP service on a port of the loopback, in a thread of its own.

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::Ed25519KeyPair,
};
use serde_json::{Map, Value as Json, json};
use wayfare_wire::jose::{Algorithm, SigningKey};

use crate::support::BEGIN;

/// Who this server is at the provider.
pub(crate) const CLIENT: &str = "wayfare";

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) form: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self.form.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is said to the next request for tokens.
#[derive(Debug, Clone)]
pub(crate) enum Tokens {
    /// Tokens, the ID token being this.
    Id(String),
    /// This body with this status.
    Body(u16, Json),
}

type LogsIn = Box<dyn Fn(&str) -> Json + Send>;

#[derive(Default)]
struct Shared {
    tokens: VecDeque<Tokens>,
    userinfo: Option<Json>,
    published: Map<String, Json>,
    keys: Vec<Json>,
    seen: Vec<Seen>,
    over: bool,
    nonce: Option<String>,
    logs_in: Option<LogsIn>,
}

/// The provider.
pub(crate) struct Op {
    pub(crate) address: SocketAddr,
    pub(crate) key: Arc<SigningKey>,
    shared: Arc<Mutex<Shared>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// A key of this name.
pub(crate) fn key(kid: &str) -> SigningKey {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    SigningKey::new(Algorithm::EdDsa, Some(kid.to_owned()), pkcs8.as_ref()).unwrap()
}

impl Op {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let key = key("one");
        let issuer = format!("http://{address}");
        let published = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/auth?tenant=a"),
            "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/me"),
            "jwks_uri": format!("{issuer}/jwks"),
            "authorization_response_iss_parameter_supported": true,
        });
        let shared = Arc::new(Mutex::new(Shared {
            published: published.as_object().unwrap().clone(),
            keys: vec![key.verifying().jwk().unwrap()],
            ..Shared::default()
        }));
        let signing = Arc::new(key);
        let (theirs, key) = (Arc::clone(&signing), signing);
        shared.lock().unwrap().logs_in = Some(Box::new(move |nonce| {
            let now = BEGIN.0 / 1_000;
            let claims = json!({
                "iss": issuer, "sub": "1234", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce,
            });
            let token = theirs.sign("JWT", &claims).unwrap();
            json!({ "access_token": "at", "token_type": "Bearer", "id_token": token })
        }));
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if theirs.lock().unwrap().over {
                    return;
                }
                stream
                    .set_read_timeout(Some(Duration::from_secs(10)))
                    .unwrap();
                // A browser opens connections that it does not use: nobody else waits for those.
                let theirs = Arc::clone(&theirs);
                thread::spawn(move || {
                    if let Some(seen) = request(&mut stream) {
                        answer(&theirs, &mut stream, seen);
                    }
                });
            }
        });
        Self {
            address,
            key,
            shared,
            thread: Some(thread),
        }
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Says this to the next request for tokens, after what it says already.
    pub(crate) fn then(&self, tokens: Tokens) {
        self.shared.lock().unwrap().tokens.push_back(tokens);
    }

    /// Says this of whoever has an access token.
    pub(crate) fn tells(&self, userinfo: Json) {
        self.shared.lock().unwrap().userinfo = Some(userinfo);
    }

    /// Publishes another value, or none.
    pub(crate) fn publishes(&self, name: &str, value: Json) {
        let published = &mut self.shared.lock().unwrap().published;
        published.insert(name.to_owned(), value);
        published.retain(|_, value| !value.is_null());
    }

    /// Publishes these keys in place of others.
    pub(crate) fn signs_with(&self, keys: &[&SigningKey]) {
        let keys = keys.iter().map(|key| key.verifying().jwk().unwrap());
        self.shared.lock().unwrap().keys = keys.collect();
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    /// The requests for a path.
    pub(crate) fn asked(&self, path: &str) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| seen.path == path);
        seen
    }

    /// Claims of an ID token for this server.
    pub(crate) fn claims(&self, subject: &str, nonce: &str) -> Json {
        let now = BEGIN.0 / 1_000;
        json!({
            "iss": self.issuer(), "sub": subject, "aud": CLIENT, "iat": now, "exp": now + 300,
            "nonce": nonce,
        })
    }

    /// An ID token with these claims, by the key of the provider.
    pub(crate) fn token(&self, claims: &Json) -> String {
        self.key.sign("JWT", claims).unwrap()
    }

    /// Says next that it is this person.
    pub(crate) fn knows(&self, subject: &str, nonce: &str) {
        let token = self.token(&self.claims(subject, nonce));
        self.then(Tokens::Id(token));
    }
}

impl Drop for Op {
    fn drop(&mut self) {
        self.shared.lock().unwrap().over = true;
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The challenge of a verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// The parameters of an address or a form.
pub(crate) fn parameters(text: &str) -> Vec<(String, String)> {
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let query = wayfare_wire::query::Query::parse(query).unwrap();
    query.into_parameters()
}

/// The value of a parameter, which must be there.
pub(crate) fn parameter(text: &str, name: &str) -> String {
    let all = parameters(text);
    let found = all.into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no {name} in {text}")).1
}

fn request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let header = |name: &str| {
                let mut lines = head
                    .lines()
                    .skip(1)
                    .filter_map(|line| line.split_once(": "));
                let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_owned())
            };
            let length = header("content-length").map_or(0, |text| text.parse().unwrap());
            if bytes.len() >= end + 4 + length {
                let body = std::str::from_utf8(&bytes[end + 4..]).unwrap();
                return Some(Seen {
                    path: head.split(' ').nth(1).unwrap().to_owned(),
                    authorization: header("authorization"),
                    form: if body.is_empty() {
                        Vec::new()
                    } else {
                        parameters(&format!("?{body}"))
                    },
                });
            }
        }
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}

fn answer(shared: &Mutex<Shared>, stream: &mut TcpStream, seen: Seen) {
    let mut shared = shared.lock().unwrap();
    let path = seen.path.clone();
    shared.seen.push(seen);
    if let Some(query) = path.strip_prefix("/auth?") {
        let asked = format!("?{query}");
        shared.nonce = Some(parameter(&asked, "nonce"));
        let back = parameter(&asked, "redirect_uri");
        let state = parameter(&asked, "state");
        let iss = shared.published["issuer"].as_str().unwrap_or_default();
        let iss = crate::support::percent(iss);
        let reply = format!(
            "HTTP/1.1 302 Found\r\nLocation: {back}?code=c0de&state={state}&iss={iss}\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let _ = stream.write_all(reply.as_bytes());
        return;
    }
    let (status, body) = match path.as_str() {
        "/.well-known/openid-configuration" => (200, Json::Object(shared.published.clone())),
        "/jwks" => (200, json!({ "keys": shared.keys })),
        "/token" => match shared.tokens.pop_front() {
            Some(Tokens::Id(token)) => (
                200,
                json!({ "access_token": "at", "token_type": "Bearer", "id_token": token }),
            ),
            Some(Tokens::Body(status, body)) => (status, body),
            // Whoever was sent here logs in as the same person every time.
            None => match (shared.nonce.take(), shared.logs_in.as_ref()) {
                (Some(nonce), Some(logs_in)) => (200, logs_in(&nonce)),
                _ => (400, json!({ "error": "invalid_grant" })),
            },
        },
        "/me" => match &shared.userinfo {
            Some(userinfo) => (200, userinfo.clone()),
            None => (401, json!({ "error": "invalid_token" })),
        },
        _ => (404, json!({})),
    };
    let body = body.to_string();
    let reply = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    );
    // Whoever has read enough may have closed already.
    let _ = stream.write_all(reply.as_bytes());
}

//! A handler of nodes outside: a small real HTTP service on a port of the loopback, in a thread of its own.

use std::{
    collections::VecDeque,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use ring::hmac;
use serde_json::Value as Json;
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

pub(crate) const SECRET: &str = "a secret that both sides share, and nobody else";

/// What the service does with the next request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Replies, signed as it should be.
    Say(Json),
    /// Replies with these bytes, signed as it should be.
    Bytes(Vec<u8>),
    /// Replies without a signature.
    Unsigned(Json),
    /// Replies with the signature of another secret.
    Forged(Json),
    /// Replies with the right signature and, behind it, another.
    Twice(Json),
    /// Replies with a signature of the request's kind.
    Echoed(Json),
    /// Replies with what it replied last, signature and all.
    Replayed,
    /// Replies with this status and header, signed as it should be.
    Status(&'static str, Json),
    /// Takes the request and says nothing until the test ends.
    Hang,
    /// Takes the request and closes.
    Close,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Json,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }
}

#[derive(Debug, Default)]
struct Shared {
    script: VecDeque<Act>,
    /// What is said to requests of which the script says nothing.
    decide: Option<fn(&[Seen]) -> Json>,
    seen: Vec<Seen>,
    last: Option<Vec<u8>>,
    over: bool,
}

/// The service.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    arrived: mpsc::Receiver<()>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::over(None)
    }

    /// The same over TLS, as `localhost`, with a certificate of the authority in `authority.pem`.
    pub(crate) fn secure() -> Self {
        let pem = |text: &'static str| text.as_bytes();
        let chain = CertificateDer::pem_slice_iter(pem(include_str!("server.pem")));
        let chain = chain.map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(pem(include_str!("server.key"))).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Self::over(Some(Arc::new(config)))
    }

    fn over(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (told, arrived) = mpsc::channel();
        let theirs = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if theirs.lock().unwrap().over {
                    return;
                }
                stream
                    .set_read_timeout(Some(Duration::from_secs(10)))
                    .unwrap();
                let mut stream: Box<dyn Stream> = match &tls {
                    None => Box::new(stream),
                    Some(config) => {
                        let secured = ServerConnection::new(Arc::clone(config)).unwrap();
                        Box::new(StreamOwned::new(secured, stream))
                    }
                };
                // Whoever does not trust the service goes before it has said anything.
                let Some((first, text)) = request(&mut *stream) else {
                    continue;
                };
                let held_on = answer(&theirs, &mut *stream, &first, &text);
                let _ = stream.flush();
                // Whoever looks at what was seen looks after this.
                let _ = told.send(());
                if held_on {
                    held.push(stream);
                }
            }
        });
        Self {
            address,
            shared,
            arrived,
            thread: Some(thread),
        }
    }

    /// Does this with the next request, after what it does already.
    pub(crate) fn then(&self, act: Act) {
        self.shared.lock().unwrap().script.push_back(act);
    }

    /// Says to every request of which nothing else is said what this makes of all that came, it being the last.
    pub(crate) fn decide(&self, decide: fn(&[Seen]) -> Json) {
        self.shared.lock().unwrap().decide = Some(decide);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().seen.clone()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen().last().cloned().expect("a request")
    }

    /// Waits until another request has come; it does not block the runtime for longer than a test may take.
    pub(crate) fn wait(&self) {
        self.arrived
            .recv_timeout(Duration::from_secs(20))
            .expect("a request");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shared.lock().unwrap().over = true;
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

trait Stream: Read + Write + Send {}

impl<T: Read + Write + Send> Stream for T {}

fn request(stream: &mut dyn Stream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..].to_vec()));
            }
        }
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `v1=` and the HMAC over lines and a body, as docs/external-nodes.md has it.
fn sign(secret: &str, lines: &[&str], body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut message = (lines.join("\n") + "\n").into_bytes();
    message.extend_from_slice(body);
    format!("v1={}", hex(hmac::sign(&key, &message).as_ref()))
}

/// Answers; whether the connection is to be held open.
fn answer(shared: &Mutex<Shared>, stream: &mut dyn Stream, head: &str, body: &[u8]) -> bool {
    let mut shared = shared.lock().unwrap();
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let seen = Seen {
        headers,
        body: serde_json::from_slice(body).unwrap(),
    };
    let nonce = seen.header("wayfare-nonce").to_owned();
    let (time, key) = (seen.header("wayfare-time"), seen.header("idempotency-key"));
    let lines = ["wayfare-request-v1", time, &nonce, key];
    assert_eq!(seen.header("wayfare-signature"), sign(SECRET, &lines, body));
    let fresh = shared
        .seen
        .iter()
        .all(|old| old.header("wayfare-nonce") != nonce);
    assert!(fresh, "a nonce is used twice");
    shared.seen.push(seen.clone());
    let said = shared.script.pop_front();
    let decided = || Some(Act::Say(shared.decide?(&shared.seen)));
    let act = said.or_else(decided);
    let act = act.expect("nothing is said to this request");
    let right = |body: &[u8]| sign(SECRET, &["wayfare-reply-v1", &nonce], body);
    let ok = "200 OK";
    let (status, signature, body) = match act {
        Act::Say(json) => {
            let body = json.to_string().into_bytes();
            (ok, Some(right(&body)), body)
        }
        Act::Bytes(body) => (ok, Some(right(&body)), body),
        Act::Unsigned(json) => (ok, None, json.to_string().into_bytes()),
        Act::Forged(json) => {
            let body = json.to_string().into_bytes();
            let lines = ["wayfare-reply-v1", &nonce];
            (
                ok,
                Some(sign(
                    "another secret, as long as it has to be",
                    &lines,
                    &body,
                )),
                body,
            )
        }
        Act::Twice(json) => {
            let body = json.to_string().into_bytes();
            let both = format!("{0}\r\nWayfare-Signature: {0}0", right(&body));
            (ok, Some(both), body)
        }
        Act::Echoed(json) => {
            let body = json.to_string().into_bytes();
            (ok, Some(sign(SECRET, &lines, &body)), body)
        }
        Act::Replayed => {
            let last = shared.last.clone().expect("a reply");
            stream.write_all(&last).unwrap();
            return false;
        }
        Act::Status(status, json) => {
            let body = json.to_string().into_bytes();
            (status, Some(right(&body)), body)
        }
        Act::Hang => return true,
        Act::Close => return false,
    };
    let mut reply = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len());
    if let Some(signature) = signature {
        reply.push_str("Wayfare-Signature: ");
        reply.push_str(&signature);
        reply.push_str("\r\n");
    }
    reply.push_str("Connection: close\r\n\r\n");
    let mut reply = reply.into_bytes();
    reply.extend_from_slice(&body);
    // Whoever has read enough may have closed already.
    let _ = stream.write_all(&reply);
    shared.last = Some(reply);
    false
}

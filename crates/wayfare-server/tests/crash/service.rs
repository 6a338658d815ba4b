//! The service that scripts call: it outlives the server, and remembers what it was asked.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The file of a server's folder that says where the service is.
pub(crate) const FILE: &str = "service";

/// The journey whose script writes to its user and to the service.
pub(crate) const JOURNEY: &str = r#"/// Writes by a script: to the user, and then to a service.
journey script "Script" {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> write
    false -> failure
  }

  node write: ScriptedDecision {
    script = file("write.js")
    outputs = []
    done -> success
  }
}
"#;

/// Its script.
pub(crate) fn script(service: &str) -> String {
    format!(
        "if (callbacks.isEmpty()) {{
           callbacksBuilder.textInputCallback('Which');
         }} else {{
           var which = callbacks.getTextInputCallbacks()[0], id = idRepository.getIdentity(nodeState.get('username'));
           var before = id.getAttributeValues('givenName');
           id.setAttribute('givenName', [String(Number(before.length ? before[0] : 0) + 1)]);
           id.store();
           var sent = httpClient.send('http://{service}/', {{ method: 'POST', body: which }}).get();
           if (!sent.ok) throw new Error(sent.statusText);
           action.goTo('done');
         }}"
    )
}

/// What was asked: the keys that came with each text, in order.
type Asked = Arc<Mutex<BTreeMap<String, Vec<String>>>>;

/// The service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    asked: Asked,
    /// Whether answers wait.
    held: Arc<AtomicBool>,
}

impl Service {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Asked::default();
        let held = Arc::new(AtomicBool::new(false));
        let (noted, holds) = (Arc::clone(&asked), Arc::clone(&held));
        // It ends with this program.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, holds) = (Arc::clone(&noted), Arc::clone(&holds));
                std::thread::spawn(move || answer(stream, &noted, &holds));
            }
        });
        Self {
            address,
            asked,
            held,
        }
    }

    /// Says where it is to whatever server is started over this folder.
    pub(crate) fn tell(&self, folder: &std::path::Path) {
        std::fs::write(folder.join(FILE), self.address.to_string()).expect("a file");
    }

    pub(crate) fn hold(&self, held: bool) {
        self.held.store(held, Ordering::SeqCst);
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> BTreeMap<String, Vec<String>> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

fn answer(mut stream: TcpStream, asked: &Asked, held: &AtomicBool) {
    let mut received = Vec::new();
    // BOUND: until the request is whole or the server is gone.
    let (key, body) = loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some(found) = whole(&text) {
            break found;
        }
        let mut bytes = [0; 4_096];
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(count) => received.extend_from_slice(&bytes[..count]),
        }
    };
    let mut all = asked.lock().expect("nobody panics");
    all.entry(body).or_default().push(key);
    drop(all);
    // BOUND: until whoever holds lets go.
    while held.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
}

/// The key and the body of a request that is whole.
fn whole(text: &str) -> Option<(String, String)> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
    let length: usize = header("content-length: ")?.parse().ok()?;
    let key = header("idempotency-key: ").unwrap_or_default();
    (body.len() >= length).then(|| (key.to_owned(), body.to_owned()))
}

//! How the cost of a request grows with how many connections are open.
//!
//! See the bench of the same name of the library. The server is a process of its own; what counts is its
//! processor time for one request, which comes by each of the connections in turn.

#![expect(
    clippy::expect_used,
    clippy::cast_precision_loss,
    reason = "a bench measures, and one that cannot go on has nothing better to do"
)]

#[path = "../../../benches/support/law.rs"]
mod law;
#[path = "support/served.rs"]
mod served;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
};

use law::Law;
use served::{Server, journeys, start};

const LAWS: &[Law] = &[Law {
    name: "connections",
    what: "a request over HTTP, processor time of the server",
    of: "open connections",
    // At ten thousand a request may take 1.3 times as much as at one.
    bound: 0.03,
    sizes: &[1, 10, 100, 1_000, 10_000],
    measure: requested,
}];

/// How many requests are counted, at least.
const REQUESTS: usize = 20_000;

/// Room for all connections, and for a connection that waits for its turn.
const SETTINGS: &str = r#"
[server.limits]
connections = 20000
head_time = "10m"
"#;

/// The processor time of a process in nanoseconds, all its threads together.
fn used(server: &Server) -> u64 {
    let tasks = format!("/proc/{}/task", server.id());
    let threads = fs::read_dir(tasks).expect("its threads");
    threads
        .filter_map(|thread| {
            let path = thread.ok()?.path();
            spent(&path)
        })
        .sum()
}

/// The first number of `schedstat` is the time on a processor.
fn spent(thread: &Path) -> Option<u64> {
    let text = fs::read_to_string(thread.join("schedstat")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}

fn ask(stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) {
    stream.write_all(request).expect("a request is sent");
    let count = stream.read(buffer).expect("a reply comes");
    let reply = buffer.get(..count).unwrap_or_default();
    assert!(
        reply.starts_with(b"HTTP/1.1 200") && reply.ends_with(b"}"),
        "{}",
        String::from_utf8_lossy(reply)
    );
}

/// One request by each of so many connections, again and again.
fn requested(connections: usize) -> f64 {
    let folder = journeys(1);
    fs::write(folder.path().join("wayfare.toml"), SETTINGS).expect("a file");
    let (_, server) = start(folder.path());
    let request = format!(
        "GET /am/json/serverinfo/* HTTP/1.1\r\nhost: {}\r\naccept-api-version: resource=1.1\r\n\r\n",
        server.address
    );
    let mut buffer = vec![0; 16 * 1_024];
    let mut streams: Vec<TcpStream> = (0..connections)
        .map(|_| {
            let stream = TcpStream::connect(&server.address).expect("it listens");
            stream.set_nodelay(true).expect("a setting");
            stream
        })
        .collect();
    let rounds = REQUESTS.div_ceil(connections);
    let mut least = f64::MAX;
    // The first is for what is made once.
    for measured in [false, true, true, true] {
        let before = used(&server);
        for _ in 0..rounds {
            for stream in &mut streams {
                ask(stream, request.as_bytes(), &mut buffer);
            }
        }
        let spent = used(&server).saturating_sub(before);
        if measured {
            least = least.min(spent as f64 / (rounds * connections) as f64);
        }
    }
    least
}

fn main() {
    law::only(LAWS, "laws_command.json");
}

//! The budgets of the server as a process: how soon it listens, and how much memory it takes idle.
//!
//! See the bench of the same name of the library. Starts are measured on the clock, as whoever waits for one
//! does, and the least of several counts.

#![expect(
    clippy::expect_used,
    reason = "a bench measures, and one that cannot go on has nothing better to do"
)]

#[expect(dead_code, reason = "nothing here stands beside another")]
#[path = "../../../benches/support/ratio.rs"]
mod ratio;

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ratio::line;

/// How often each start is made.
const STARTS: usize = 5;

/// A server that is killed when it goes.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder of as many journeys: a name, a password, a check.
fn journeys(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for at in 0..count {
        // A realm begins with the one of this name.
        let name = if at == 0 {
            String::new()
        } else {
            at.to_string()
        };
        let mut text = String::new();
        let _ = write!(
            text,
            "journey login{name} \"Login{name}\" {{\n  start credentials\n\n  node credentials: Page {{\n    \
             node username: UsernameCollector\n    node password: PasswordCollector\n    -> check\n  }}\n\n  \
             node check: DataStoreDecision {{\n    true -> success\n    false -> failure\n  }}\n}}\n"
        );
        let path = folder.path().join("journeys");
        fs::create_dir_all(&path).expect("a folder");
        fs::write(path.join(format!("login{at}.journey")), text).expect("a file");
    }
    folder
}

/// How long it takes until a server says where it listens and answers there; the server.
fn start(folder: &Path) -> (Duration, Server) {
    let data = folder.join("data");
    let _ = fs::remove_dir_all(&data);
    let begun = Instant::now();
    let child = Command::new(env!("CARGO_BIN_EXE_wayfare"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data)
        .arg(folder.join("journeys"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut server = Server(child.expect("the program starts"));
    let output = server.0.stdout.take().expect("its output");
    let said = BufReader::new(output).lines().map_while(Result::ok);
    // What it reads its settings and journeys from may come first.
    let address = said
        .take(8)
        .find_map(|line| Some(line.rsplit_once("listens at http://")?.1.to_owned()));
    let address = address.expect("an address");
    let mut stream = TcpStream::connect(&address).expect("it listens");
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .expect("a request");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    let took = begun.elapsed();
    // Its output is read no further; what it writes after this stays in the pipe.
    (took, server)
}

/// The memory that a process has in use, in megabytes.
fn resident(server: &Server) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.0.id())).expect("its status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kibibytes.expect("its memory") / 1_024.0
}

fn main() {
    for (count, most) in [(10, 50.0), (1_000, 100.0)] {
        let folder = journeys(count);
        let mut least = Duration::MAX;
        let mut memory = f64::MAX;
        for _ in 0..STARTS {
            let (took, server) = start(folder.path());
            least = least.min(took);
            memory = memory.min(resident(&server));
        }
        let milliseconds = least.as_secs_f64() * 1_000.0;
        line(
            &format!("P8_listening_{count}_journeys_ms"),
            milliseconds,
            most,
        );
        line(&format!("P8_idle_{count}_journeys_megabytes"), memory, 20.0);
    }
}

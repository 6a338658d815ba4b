//! The server as a process of its own, over a folder of journeys.

#![expect(
    clippy::expect_used,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server that is killed when it goes.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

/// A folder of as many journeys: a name, a password, a check.
pub(crate) fn journeys(count: usize) -> tempfile::TempDir {
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

/// How long it takes until a server of this folder says where it listens and answers there; the server. Where
/// the folder has settings, they are read.
pub(crate) fn start(folder: &Path) -> (Duration, Server) {
    let data = folder.join("data");
    let _ = fs::remove_dir_all(&data);
    let settings = folder.join("wayfare.toml");
    let begun = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayfare"));
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(&data);
    if settings.exists() {
        command.arg("--config").arg(settings);
    }
    let child = command
        .arg(folder.join("journeys"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut server = Server {
        child: child.expect("the program starts"),
        address: String::new(),
    };
    let output = server.child.stdout.take().expect("its output");
    let said = BufReader::new(output).lines().map_while(Result::ok);
    // What it reads its settings and journeys from may come first.
    let address = said
        .take(8)
        .find_map(|line| Some(line.rsplit_once("listens at http://")?.1.to_owned()));
    server.address = address.expect("an address");
    let mut stream = TcpStream::connect(&server.address).expect("it listens");
    let address = &server.address;
    write!(
        stream,
        "GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )
    .expect("a request");
    let mut reply = String::new();
    stream.read_to_string(&mut reply).expect("a reply");
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    // Its output is read no further; what it writes after this stays in the pipe.
    (begun.elapsed(), server)
}

//! A server in a process of its own, which can be killed: this program, started again for one test.

use std::{net::SocketAddr, path::Path, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use wayfare_server::Server;

use crate::{
    smtp::{Mailer, PATIENCE, mailing},
    support::{Client, cheap},
};

/// The variable that makes the test below a server, over this folder.
const FOLDER: &str = "WAYFARE_OUTBOX_FOLDER";
/// What stands before the address that it tells.
const ADDRESS: &str = "address ";

/// A server in a process of its own.
pub(super) struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    /// A server whose data, journeys and settings are beside the files of a mail server.
    pub(super) async fn start(mailer: &Mailer) -> Self {
        let folder = mailer.folder.path();
        let table = mailer.table("none", "sms_gateway = \"sms.example.com\"");
        std::fs::write(folder.join("mail.toml"), table).expect("a file");
        let program = std::env::current_exe().expect("this program");
        let name = "outbox::child::a_server_when_it_is_told_to_be_one";
        let mut child = Command::new(program)
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let told = async {
            loop {
                let line = lines.next_line().await.expect("text").expect("a line");
                if let Some((_, address)) = line.split_once(ADDRESS) {
                    return address.trim().parse().expect("an address");
                }
            }
        };
        let address = timeout(PATIENCE, told).await.expect("it starts in time");
        // What it writes besides is of no interest, and must not stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address }
    }

    pub(super) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// `kill -9`.
    pub(super) async fn kill(mut self) {
        self.child.kill().await.expect("the signal is sent");
    }
}

#[test]
fn a_server_when_it_is_told_to_be_one() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let folder = Path::new(&folder);
    let mut config = cheap(&folder.join("data"));
    let table = std::fs::read_to_string(folder.join("mail.toml")).expect("a table");
    mailing(&mut config, folder, folder, &table);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let running = runtime.block_on(Server::start(config));
    let running = running.unwrap_or_else(|error| panic!("{error}"));
    println!("{ADDRESS}{}", running.address());
    // It ends with whoever started it, or before.
    let _ = std::io::Read::read(&mut std::io::stdin(), &mut [0]);
    runtime.block_on(running.stop());
}

//! A server in a process of its own, which can be killed: this program, started again for one test.

use std::{ffi::OsString, net::SocketAddr, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use wayfare_server::{Server, config::Config};

use super::Client;

/// The variable that makes a test a server, over this folder.
const FOLDER: &str = "WAYFARE_SERVE_FOLDER";
/// What stands before the address that it tells.
const ADDRESS: &str = "address ";
/// What stands before the password of the administrator, where one was made.
const PASSWORD: &str = "password ";
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server in a process of its own.
pub(crate) struct Process {
    child: Child,
    address: SocketAddr,
    /// The password of the administrator, where one was made.
    pub(crate) password: Option<String>,
}

impl Process {
    /// Starts this test, which [`serve`]s, as a server over a folder.
    pub(crate) async fn start(test: &str, folder: &Path) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let told = async {
            let mut password = None;
            loop {
                let line = lines.next_line().await.expect("text").expect("a line");
                if let Some((_, shown)) = line.split_once(PASSWORD) {
                    password = Some(shown.trim().to_owned());
                }
                if let Some((_, address)) = line.split_once(ADDRESS) {
                    return (address.trim().parse().expect("an address"), password);
                }
            }
        };
        let (address, password) = timeout(PATIENCE, told).await.expect("it starts in time");
        // What it writes besides is of no interest, and must not stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            child,
            address,
            password,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("the signal is sent");
    }
}

/// The body of a test that is none but a server, where [`Process`] started it: the settings come from its
/// folder.
pub(crate) fn serve(settings: impl FnOnce(&Path) -> Config) {
    let Some(folder): Option<OsString> = std::env::var_os(FOLDER) else {
        return;
    };
    let config = settings(Path::new(&folder));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let running = runtime.block_on(Server::start(config));
    let running = running.unwrap_or_else(|error| panic!("{error}"));
    if let Some(password) = running.admin_password() {
        println!("{PASSWORD}{}", password.reveal());
    }
    println!("{ADDRESS}{}", running.address());
    // It ends with whoever started it, or before.
    let _ = std::io::Read::read(&mut std::io::stdin(), &mut [0]);
    runtime.block_on(running.stop());
}

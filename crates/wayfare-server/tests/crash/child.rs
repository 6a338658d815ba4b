//! The server: the same program, started again with a folder in its environment.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use wayfare::{Realm, Secret};
use wayfare_server::{
    Server,
    config::{Config, LogLevel},
    store::user::User,
};

use super::service;

/// The variable that makes this program a server.
pub(crate) const FOLDER: &str = "WAYFARE_CRASH_FOLDER";
/// The password of everybody.
pub(crate) const PASSWORD: &str = "right-Passw0rd";
/// The journeys that are served, and a policy that one of them confirms.
const JOURNEYS: [(&str, &str); 4] = [
    ("world.journey", include_str!("../attacks/world.journey")),
    ("transfers.journey", include_str!("transfers.journey")),
    ("identities.journey", include_str!("identities.journey")),
    ("codes.journey", include_str!("codes.journey")),
];
/// How many failures lock an account.
pub(crate) const FAILURES: u32 = 5;
/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Serves until standard input ends: with whoever started it, or before.
pub(crate) fn serve(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let running = runtime
        .block_on(Server::start(config(folder)))
        .unwrap_or_else(|error| panic!("{error}"));
    let realm = Realm::parse("/alpha").expect("a realm");
    let store = running.store();
    if store.user_count(&realm) == Ok(0) {
        let hash = running
            .hash()
            .here()
            .hash(&Secret::from(PASSWORD))
            .expect("a hash");
        for username in super::load::users() {
            let user = User {
                id: username.clone(),
                username,
                active: true,
                attributes: BTreeMap::new(),
                password: Some(hash.clone()),
            };
            assert_eq!(store.add_user(&realm, user), Ok(true));
        }
        let devices = running.devices(&realm).expect("devices");
        for number in 0..super::load::CLIENTS {
            let user = super::load::owner(number);
            runtime.block_on(super::code::register(
                devices,
                running.hash(),
                &user,
                number,
            ));
        }
    }
    println!("{}", running.address());
    std::io::stdout().flush().expect("standard output");
    let _ = std::io::stdin().read(&mut [0]);
    runtime.block_on(running.stop());
}

/// Parameters that let two cores do hundreds of logins a second, and bounds that no load here meets.
fn config(folder: &Path) -> Config {
    let hour = Duration::from_secs(3_600);
    let journeys = folder.join("journeys");
    std::fs::create_dir_all(&journeys).expect("a folder");
    for (name, text) in JOURNEYS {
        std::fs::write(journeys.join(name), text).expect("a file");
    }
    let service = std::fs::read_to_string(folder.join(service::FILE)).ok();
    if let Some(service) = &service {
        let script = service::script(service);
        std::fs::write(journeys.join("script.journey"), service::JOURNEY).expect("a file");
        std::fs::write(journeys.join("write.js"), script).expect("a file");
    }
    let mut config = Config::demo(folder).with_journeys(journeys);
    if let Some(service) = service {
        let listed = format!("http://{service}/").parse().expect("an address");
        config.scripts.http.push(listed);
        config.scripts.write.push("givenName".to_owned());
        // The engine is not optimised in a build for tests.
        config.scripts.time = Duration::from_secs(1);
    }
    "127.0.0.1:0".clone_into(&mut config.server.listen);
    config.server.log = LogLevel::Error;
    config.hash.memory_kib = 8;
    config.hash.time = 1;
    config.hash.queue = 1_000;
    config.limits.run_time = hour;
    config.limits.runs_per_source = 10_000_000;
    config.limits.runs_per_realm = 10_000_000;
    for settings in config.realms.values_mut() {
        settings.demo_user = false;
        settings.session.properties = vec!["note".to_owned()];
        settings.lockout.failures = FAILURES;
        settings.lockout.window = hour;
        settings.lockout.lock_for = hour;
        settings.lockout.lock_max = hour;
        settings.lockout.hard = u32::MAX;
    }
    config
}

/// A server under way.
pub(crate) struct Process {
    child: Child,
    /// The server ends when this is closed.
    _input: Option<ChildStdin>,
    pub(crate) address: SocketAddr,
    /// How long it took from the start to the first answer.
    pub(crate) start: Duration,
}

impl Process {
    /// Starts a server over this folder.
    pub(crate) fn start(folder: &Path) -> Self {
        let begun = Instant::now();
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let input = child.stdin.take();
        let output = child.stdout.take().expect("its output");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let line = BufReader::new(output).lines().next();
            let _ = sender.send(line);
        });
        let line = receiver.recv_timeout(PATIENCE).expect("it starts in time");
        let line = line.expect("a line").expect("text");
        let address = line.parse().expect("an address");
        Self {
            child,
            _input: input,
            address,
            start: begun.elapsed(),
        }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("the signal is sent");
        self.child.wait().expect("the process is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

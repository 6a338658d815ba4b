//! A real server on a port of the loopback, and a client that sends exactly what it is told.

mod client;
// Benches take this module too, and read no mail.
#[cfg(test)]
pub(crate) mod mail;
// They open no browser either, and kill nobody.
#[cfg(test)]
mod process;
mod watched;
#[cfg(test)]
mod window;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value as Json;
use tempfile::TempDir;
use wayfare::{Realm, Registry, Timestamp};
use wayfare_server::{
    Server,
    clock::ManualClock,
    config::{Config, LogLevel},
};

use wayfare_wire::jose::Algorithm;

pub(crate) use self::{
    client::{Client, Reply, advice, filled, percent},
    watched::Watched,
};
#[cfg(test)]
pub(crate) use self::{
    process::{Process, serve},
    window::Window,
};

/// The time at which the clock of tests begins.
pub(crate) const BEGIN: Timestamp = Timestamp(1_800_000_000_000);

/// A server in this process, with a data folder that goes when the test ends.
pub(crate) struct TestServer {
    pub(crate) running: Watched,
    pub(crate) clock: ManualClock,
    pub(crate) folder: TempDir,
    config: Config,
    registry: Registry,
}

/// The demo with argon2 parameters that a test can afford, at any free port.
pub(crate) fn cheap(data: &Path) -> Config {
    let mut config = Config::demo(data);
    "127.0.0.1:0".clone_into(&mut config.server.listen);
    config.server.log = LogLevel::Off;
    config.hash.memory_kib = 8;
    config.hash.time = 1;
    // An RSA key takes a second that no test has to wait for.
    let oauth = config
        .realms
        .get_mut(&alpha())
        .and_then(|realm| realm.oauth.as_mut());
    if let Some(oauth) = oauth {
        oauth.algorithms = vec![Algorithm::Es256];
        for client in oauth.clients.values_mut() {
            client.algorithm = Algorithm::Es256;
        }
    }
    config
}

impl TestServer {
    /// The demo.
    pub(crate) async fn demo() -> Self {
        Self::with(|_, _| ()).await
    }

    /// The demo with its settings changed; the second argument is a folder of the test's own.
    pub(crate) async fn with(change: impl FnOnce(&mut Config, &Path)) -> Self {
        Self::with_registry(Registry::standard(), change).await
    }

    /// The same with node types of the test's own.
    pub(crate) async fn with_registry(
        registry: Registry,
        change: impl FnOnce(&mut Config, &Path),
    ) -> Self {
        Self::at(BEGIN, registry, change).await
    }

    /// The same at another time.
    pub(crate) async fn at(
        begin: Timestamp,
        registry: Registry,
        change: impl FnOnce(&mut Config, &Path),
    ) -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut config = cheap(&folder.path().join("data"));
        change(&mut config, folder.path());
        let clock = ManualClock::at(begin);
        let running = start(config.clone(), &registry, &clock).await;
        Self {
            running,
            clock,
            folder,
            config,
            registry,
        }
    }

    /// The demo with these journeys in `/alpha` in place of its own.
    pub(crate) async fn journeys(files: &[(&str, &str)]) -> Self {
        Self::with_journeys(files, |_| ()).await
    }

    /// The same with settings changed.
    pub(crate) async fn with_journeys(
        files: &[(&str, &str)],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::with(|config, folder| {
            let journeys = folder.join("journeys");
            write_all(&journeys, files);
            *config = config.clone().with_journeys(journeys);
            change(config);
        })
        .await
    }

    /// The folder of journeys, where the test brought its own.
    pub(crate) fn journey_folder(&self) -> PathBuf {
        self.folder.path().join("journeys")
    }

    /// A client of its own.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.running.address())
    }

    /// Stops the server as a signal does and starts it again over the same data.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|_| ()).await
    }

    /// The same with settings changed.
    pub(crate) async fn restart_with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self.restart().await
    }

    /// The same, with something done to the data folder while nobody uses it.
    pub(crate) async fn restart_after(self, between: impl FnOnce(&Path)) -> Self {
        let Self {
            running,
            clock,
            folder,
            config,
            registry,
        } = self;
        running.stop().await;
        between(&folder.path().join("data"));
        let running = start(config.clone(), &registry, &clock).await;
        Self {
            running,
            clock,
            folder,
            config,
            registry,
        }
    }

    /// The file of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("data").join("wayfare.db")
    }

    /// Puts the clock on.
    pub(crate) fn advance(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// How many sessions there are.
    pub(crate) fn sessions(&self) -> u64 {
        self.running.store().session_count().expect("a count")
    }

    /// How many passwords were compared with a stored hash.
    pub(crate) fn compared(&self) -> u64 {
        self.running.hash().compared()
    }

    /// How many passwords were compared with nothing, for as much work.
    pub(crate) fn compared_with_nothing(&self) -> u64 {
        self.running.hash().dummies()
    }

    /// The lines of the audit.
    pub(crate) fn audit(&self) -> Vec<Json> {
        let text = fs::read_to_string(self.running.audit_path()).expect("the audit");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line of JSON"))
            .collect()
    }

    /// The names of the events of the audit.
    pub(crate) fn events(&self) -> Vec<String> {
        self.audit()
            .iter()
            .map(|line| line["eventName"].as_str().expect("a name").to_owned())
            .collect()
    }

    /// The texts of sent messages, in no order that means anything.
    pub(crate) fn outbox(&self) -> BTreeSet<String> {
        let at_most = Duration::from_secs(30);
        assert!(self.running.post().wait(at_most), "links are on their way");
        let files = fs::read_dir(self.running.outbox()).expect("the outbox");
        files
            .map(|file| fs::read_to_string(file.expect("a file").path()).expect("a message"))
            .collect()
    }

    /// Everything the server has written, to look for what must not be there.
    pub(crate) fn everything_written(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut folders = vec![self.folder.path().join("data")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    bytes.extend(fs::read(path).expect("a file"));
                }
            }
        }
        bytes
    }
}

async fn start(config: Config, registry: &Registry, clock: &ManualClock) -> Watched {
    let running = Server::new(config)
        .registry(registry.clone())
        .clock(clock.clone())
        .run()
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    Watched::new(running)
}

/// Writes files into a folder.
pub(crate) fn write_all(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// The realm of the demo.
pub(crate) fn alpha() -> Realm {
    Realm::parse("/alpha").expect("a realm")
}

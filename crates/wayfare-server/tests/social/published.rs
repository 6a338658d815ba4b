//! The npm package `oidc-provider`, and a person at a browser.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

use fantoccini::key::Key;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, ChildStdout, Command},
};
use wayfare::{Registry, Timestamp};
use wayfare_server::config::{Config, ProviderSettings, SecretSource};
use wayfare_wire::social::AuthMethod;

use super::JOURNEYS;
use crate::support::{Client, TestServer, Window, alpha, write_all};

/// How long the provider may take to listen on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);

/// The provider; gone when dropped.
pub(crate) struct Published {
    pub(crate) issuer: String,
    _process: Child,
    // What it still says must go somewhere, or it stops.
    _lines: tokio::io::Lines<BufReader<ChildStdout>>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/provider")
}

impl Published {
    /// Starts it, or says that it is not here.
    pub(crate) async fn start() -> Option<Self> {
        if !folder().join("node_modules/oidc-provider").exists() {
            assert!(
                std::env::var_os("WAYFARE_CLIENTS").is_none(),
                "oidc-provider is not installed, and WAYFARE_CLIENTS asks for it"
            );
            println!("skipped: `npm ci` was not run in tests/provider");
            return None;
        }
        let mut process = Command::new("node")
            .arg("provider.js")
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let issuer = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.starts_with("http://") {
                    return line;
                }
            }
            panic!("the provider does not listen");
        });
        let issuer = issuer.await.expect("in time");
        Some(Self {
            issuer,
            _process: process,
            _lines: lines,
        })
    }

    /// What a realm has to know of it; the secret is put into the folder.
    fn settings(&self, folder: &Path) -> ProviderSettings {
        let mut provider = ProviderSettings::new(&self.issuer, "wayfare");
        provider.auth_method = AuthMethod::Basic;
        provider.display_name = Some("The other office".to_owned());
        let secret = folder.join("secret");
        std::fs::write(&secret, "a secret of the client, long enough\n").unwrap();
        provider.client_secret = Some(SecretSource::File(secret));
        provider
    }

    /// The demo, whose realm knows it as `op`; its clock is the one that the provider goes by.
    pub(crate) async fn demo(&self, change: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::at(now(), Registry::standard(), |config, folder| {
            let provider = self.settings(folder);
            let realm = config.realms.get_mut(&alpha()).unwrap();
            realm.providers.insert("op".to_owned(), provider);
            change(config);
        })
        .await
    }

    /// A server whose realm knows it as `op`; its clock is the one that the provider goes by.
    pub(crate) async fn server(&self, change: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::at(now(), Registry::standard(), |config, folder| {
            let journeys = folder.join("journeys");
            write_all(&journeys, &[("social.journey", JOURNEYS)]);
            let provider = self.settings(folder);
            *config = config.clone().with_journeys(journeys);
            super::settle(config, provider);
            let realm = config.realms.get_mut(&alpha()).unwrap();
            realm.users.clear();
            change(config);
        })
        .await
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Timestamp(u64::try_from(since.unwrap().as_millis()).unwrap())
}

/// Logs in at the provider without a browser, from the address that somebody was sent to; where they are
/// sent back to.
pub(crate) async fn without_a_browser(op: &Published, url: &str, name: &str) -> String {
    const STEPS_MAX: usize = 12;
    let path_of = |url: &str| url.strip_prefix(&*op.issuer).unwrap_or(url).to_owned();
    let address = op.issuer.strip_prefix("http://").unwrap().parse().unwrap();
    let mut client = Client::new(address)
        .bare()
        .header("Content-Type", "application/x-www-form-urlencoded");
    let mut path = path_of(url);
    let mut reply = client.get(&path).await;
    for _ in 0..STEPS_MAX {
        if let Some(location) = reply.header("location") {
            path = path_of(location);
            if !path.starts_with('/') {
                return path;
            }
            reply = client.get(&path).await;
        } else {
            assert!(reply.text().contains("Log in at the provider"), "{path}");
            let form = format!("login={name}&do=in");
            reply = client.post(&path, &form).await;
        }
    }
    panic!("the provider does not come to an end: {path}");
}

/// Logs in at the provider's own page.
pub(crate) async fn at_the_provider(window: &Window, name: &str) {
    window.sees("Log in at the provider").await;
    window.focused("input[name='login']").await;
    window.type_keys(name).await;
    window.type_keys(&Key::Enter.to_string()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_elsewhere_and_has_an_account_from_then_on() {
    let Some(op) = Published::start().await else {
        return;
    };
    let server = op.server(|_| ()).await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?service=Social").await;
    window.sees("The other office").await;
    window.click("form button.second").await;
    at_the_provider(&window, "grace").await;
    window.sees("You are signed in").await;
    window.sees("grace").await;
    assert_eq!(server.sessions(), 1);
    // Nothing of the answer is left in the address, and a reload is no second answer.
    let left = window
        .ask("return location.search + sessionStorage.length")
        .await;
    assert!(!left.as_str().unwrap().contains("code="), "{left}");
    window.click("#logout").await;
    window.sees("You are logged out").await;
    // The next time it is the same account.
    window.go("/?service=Social").await;
    window.sees("The other office").await;
    window.click("form button.second").await;
    at_the_provider(&window, "grace").await;
    window.sees("You are signed in").await;
    window.sees("grace").await;
    assert_eq!(server.running.store().user_count(&alpha()).unwrap(), 2);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_turns_back_is_asked_again() {
    let Some(op) = Published::start().await else {
        return;
    };
    let server = op.server(|_| ()).await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?service=Social").await;
    window.sees("The other office").await;
    window.click("form button.second").await;
    window.sees("Log in at the provider").await;
    window.click("#back").await;
    window.sees("The other office").await;
    assert_eq!(server.sessions(), 0);
    window.close().await;
}

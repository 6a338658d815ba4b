//! Records of runs over HTTP.

use std::{fs, path::Path};

use wayfare::{Compiler, Engine, Realm, Registry, Source};
use wayfare_server::config::{Config, TraceSettings};
use wayfare_sim::trace::{Fate, Trace};

use crate::support::{TestServer, mail};

const CODE: &str = r"
journey code {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> generate
    false -> attempts
  }
  node attempts: RetryLimitDecision(retryLimit = 2) {
    Retry -> credentials
    Reject -> failure
  }
  node generate: OneTimePasswordGenerator(length = 6) -> send
  node send: OneTimePasswordSmtpSender -> enter
  node enter: OneTimePasswordCollectorDecision(passwordExpiryTime = 5m) {
    true -> success
    false -> failure
  }
}
";

const PLAIN: &str = r"
journey plain {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
";

fn records(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

fn engine(text: &str) -> Engine {
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("a.journey", text)]);
    Engine::link(compiled.program.unwrap(), registry).unwrap()
}

async fn server(text: &str, change: impl FnOnce(&mut TraceSettings)) -> TestServer {
    TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        fs::create_dir_all(&journeys).unwrap();
        fs::write(journeys.join("a.journey"), text).unwrap();
        *config = config.clone().with_journeys(journeys);
        let mut settings = TraceSettings::new(folder.join("traces"));
        change(&mut settings);
        config.traces = Some(settings);
    })
    .await
}

#[tokio::test]
async fn a_login_leaves_a_record_that_is_replayed() {
    let server = server(CODE, |_| ()).await;
    let folder = server.folder.path().join("traces");
    let mut client = server.client();
    let step = client.begin("").await.step();
    let again = client
        .answer(&step, &["demo".into(), "n0tR1ght".into()])
        .await
        .step();
    let asked = client
        .answer(&again, &["demo".into(), "Ch4ng31t".into()])
        .await
        .step();
    assert!(records(&folder).is_empty(), "the run is open");
    let mail = server.outbox().pop_first().unwrap();
    let code = mail::code(&mail, 6);
    let done = client.answer(&asked, &[code.as_str().into()]).await;
    let token = done.token();

    let found = records(&folder);
    let [text] = found.as_slice() else {
        panic!("{found:?}");
    };
    for secret in ["n0tR1ght", "Ch4ng31t", &code, &token, "demo"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let trace = Trace::parse(text).unwrap();
    let replayed = trace.replay(&engine(CODE)).unwrap();
    assert!(
        matches!(replayed.fate, Fate::Ended(_)),
        "{:?}",
        replayed.fate
    );
    assert!(replayed.divergence.is_none(), "{:?}", replayed.divergence);
    assert_eq!(replayed.trace.lines, trace.lines);
    let changed = CODE.replace("retryLimit = 2", "retryLimit = 0");
    let replayed = trace.replay(&engine(&changed)).unwrap();
    assert!(replayed.divergence.is_some());
}

#[tokio::test]
async fn records_are_bounded_and_only_of_what_is_listed() {
    let bounded = server(PLAIN, |settings| settings.files = 2).await;
    let folder = bounded.folder.path().join("traces");
    let login = async |server: &TestServer, password: &str| {
        let mut client = server.client();
        let step = client.begin("").await.step();
        client
            .answer(&step, &["demo".into(), password.into()])
            .await
    };
    for password in ["wrong", "Ch4ng31t", "Ch4ng31t", "wrong"] {
        login(&bounded, password).await;
        assert!(records(&folder).len() <= 2);
    }
    let found = records(&folder);
    assert!(
        found[0].contains("success") && !found[1].contains("success"),
        "{found:?}"
    );
    let bounded = bounded.restart().await;
    login(&bounded, "Ch4ng31t").await;
    assert_eq!(records(&folder).len(), 2, "files of before count too");

    let elsewhere = server(PLAIN, |settings| {
        settings.journeys = vec!["other".to_owned()];
    })
    .await;
    login(&elsewhere, "Ch4ng31t").await.token();
    let none = server(PLAIN, |settings| settings.realms = vec![Realm::root()]).await;
    login(&none, "Ch4ng31t").await.token();
    let small = server(PLAIN, |settings| settings.bytes = 100).await;
    login(&small, "Ch4ng31t").await.token();
    for server in [elsewhere, none, small] {
        assert!(records(&server.folder.path().join("traces")).is_empty());
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_written_breaks_no_login() {
    let server = server(PLAIN, |_| ()).await;
    fs::remove_dir_all(server.folder.path().join("traces")).unwrap();
    let mut client = server.client();
    let step = client.begin("").await.step();
    let done = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert!(!done.token().is_empty());
}

#[test]
fn the_settings_are_read() {
    let read = |text: &str| Config::parse("a.toml", text, Path::new("/srv"));
    assert!(read("").unwrap().traces.is_none());
    let text = "[server.traces]\nfolder = \"t\"\nfiles = 3\nbytes = \"1KiB\"\nnames = \"kept\"\nrealms = [\"/\"]\njourneys = [\"Login\"]\n";
    let traces = read(text).unwrap().traces.unwrap();
    assert_eq!(traces.folder, Path::new("/srv/t"));
    assert_eq!(
        (traces.files, traces.bytes, traces.names_hidden),
        (3, 1_024, false)
    );
    assert_eq!(traces.realms, [Realm::root()]);
    assert_eq!(traces.journeys, ["Login"]);
    for (wrong, word) in [
        ("[server.traces]\n", "folder"),
        ("[server.traces]\nfolder = \"t\"\nfiles = 0\n", "from 1 on"),
        (
            "[server.traces]\nfolder = \"t\"\nrealms = [\"/x\"]\n",
            "realms of this file",
        ),
        ("[server.traces]\nfolder = \"t\"\nfile = 1\n", "`file`"),
    ] {
        let error = read(wrong).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

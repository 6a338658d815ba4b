//! Mail by a real mail server on the loopback: `tests/smtp/server.py`, which tells what it was sent.
//!
//! Where Python or its package `aiosmtpd` is missing the tests say that they are skipped; with
//! `WAYFARE_SMTP=required` that is a failure. `WAYFARE_PYTHON` names another Python.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use wayfare_server::config::{Config, DefaultJourney};

use crate::{
    post::{BY_MAIL, LINK, ask, code, follow, people, with_code},
    support::{BEGIN, Client, Reply, TestServer, alpha, write_all},
};

/// How long a test waits for a mail.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const BY_GATEWAY: &str = r#"OneTimePasswordSmsSender {
    mobilePhoneAttributeName = "mobile"
    smsContent = "Type {{OTP}}."
    -> enter
    on error -> unsent
  }"#;

fn python() -> String {
    std::env::var("WAYFARE_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// A mail server of the test's own; it ends with the test.
pub(crate) struct Mailer {
    child: tokio::process::Child,
    lines: Lines<BufReader<tokio::process::ChildStdout>>,
    port: u64,
    pub(crate) folder: TempDir,
}

impl Mailer {
    pub(crate) async fn start(mode: &str) -> Option<Self> {
        let known = Command::new(python())
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if !known {
            let required = std::env::var("WAYFARE_SMTP").is_ok_and(|value| value == "required");
            assert!(!required, "there is no Python with aiosmtpd");
            eprintln!("skipped: there is no Python with aiosmtpd");
            return None;
        }
        let folder = TempDir::new().expect("a folder");
        let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/smtp/server.py");
        let mut child = tokio::process::Command::new(python())
            .arg(script)
            .arg(mode)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the mail server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let port = line(&mut lines).await["port"].as_u64().expect("a port");
        Some(Self {
            child,
            lines,
            port,
            folder,
        })
    }

    /// The next mail that it took, or what else it tells.
    pub(crate) async fn mail(&mut self) -> Json {
        line(&mut self.lines).await
    }

    /// Has it behave otherwise from now on.
    pub(crate) async fn tell(&mut self, word: &str) {
        let input = self.child.stdin.as_mut().expect("its input");
        let told = input.write_all(format!("{word}\n").as_bytes()).await;
        told.expect("it reads");
    }

    /// The table of a realm that sends its mail here.
    pub(crate) fn table(&self, security: &str, more: &str) -> String {
        let port = self.port;
        format!(
            "[realms.\"/alpha\".mail]\nfrom = \"Door <door@example.com>\"\nhost = \"localhost\"\n\
             port = {port}\nsecurity = \"{security}\"\n{more}\n"
        )
    }

    /// The server with these journeys, and this one for its mail.
    pub(crate) async fn serving(&self, security: &str, more: &str) -> TestServer {
        let text = self.table(security, more);
        let folder = self.folder.path().to_owned();
        TestServer::with(|config, own| mailing(config, own, &folder, &text)).await
    }
}

/// Settings with the journeys that send something, and with mail by this table.
pub(crate) fn mailing(config: &mut Config, own: &Path, folder: &Path, table: &str) {
    let files = [
        ("link.journey", LINK),
        ("code.journey", &with_code("Code", BY_MAIL, "success")),
        ("text.journey", &with_code("Text", BY_GATEWAY, "success")),
    ];
    write_all(&own.join("journeys"), &files);
    *config = config.clone().with_journeys(own.join("journeys"));
    people(config, folder, table);
    let realm = config.realms.get_mut(&alpha()).expect("the realm");
    realm.default = DefaultJourney::Found;
}

async fn line(lines: &mut Lines<BufReader<tokio::process::ChildStdout>>) -> Json {
    let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
    let line = line.expect("in time").expect("a line").expect("a line");
    serde_json::from_str(&line).expect("JSON")
}

pub(crate) async fn begin(client: &mut Client, journey: &str, name: &str) -> Reply {
    let step = client.begin(journey).await.step();
    let typed = [name.into(), "Ch4ng31t".into()];
    client.answer(&step, &typed).await
}

const ACCOUNT: &str = "username = \"mailer\"\npassword = { file = \"password\" }\nca = \"ca.pem\"";

// Looking into the outbox waits for what is under way, which must go on meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_goes_by_a_mail_server_and_is_followed() {
    for mode in ["starttls", "tls"] {
        let Some(mut mailer) = Mailer::start(mode).await else {
            return;
        };
        let password = mailer.folder.path().join("password");
        std::fs::write(password, "pass of the mailer\n").expect("a file");
        let server = mailer.serving(mode, ACCOUNT).await;
        ask(&mut server.client().header("Accept-Language", "de"), "demo")
            .await
            .step();
        let mail = mailer.mail().await;
        assert_eq!(mail["tls"], true);
        assert_eq!(mail["login"], true);
        assert_eq!(mail["envelope"]["from"], "door@example.com");
        assert_eq!(
            mail["envelope"]["to"],
            serde_json::json!(["demo@example.com"])
        );
        assert_eq!(mail["from"], "Door <door@example.com>");
        assert_eq!(mail["to"], "demo@example.com");
        assert_eq!(mail["subject"], "Wählen Sie ein neues Passwort");
        // Without it the rest of the header says nothing of the body, and a link is shown with its `=3D`.
        assert_eq!(mail["mime"], "1.0");
        assert_eq!(mail["type"], "text/plain");
        assert_eq!(mail["date"].as_u64(), Some(BEGIN.0 / 1_000));
        let body = mail["body"].as_str().expect("a text");
        assert!(body.contains("Folgen Sie diesem Link"), "{body}");
        let (_, rest) = body.split_once("suspendedId=").expect("a link");
        let id = rest.split(['&', '\n']).next().expect("an id");
        follow(&mut server.client(), id).await.token();
        let again = follow(&mut server.client(), id).await;
        assert_eq!(again.status, 401, "{}", again.text());
        // Nothing of it is kept here.
        assert!(server.outbox().is_empty());
        mailer.child.kill().await.expect("it ends");
    }
}

#[tokio::test]
async fn codes_go_by_mail_and_by_a_gateway_to_text_messages() {
    let Some(mut mailer) = Mailer::start("plain").await else {
        return;
    };
    let server = mailer
        .serving("none", "sms_gateway = \"sms.example.com\"")
        .await;
    let mut client = server.client();
    let step = begin(&mut client, "Code", "demo").await.step();
    let mail = mailer.mail().await;
    assert_eq!(mail["tls"], false);
    let sent = code(mail["body"].as_str().expect("a text"));
    assert_eq!(mail["subject"], format!("Grüße: {sent}"));
    client.answer(&step, &[sent.into()]).await.token();
    // An address that some servers would read as that of another is none.
    let reply = begin(&mut server.client(), "Code", "word").await;
    assert!(reply.text().contains("Not sent."), "{}", reply.text());
    // The second of these users has a carrier that the node does not ask for.
    let mut client = server.client();
    let step = begin(&mut client, "Text", "tel").await.step();
    let mail = mailer.mail().await;
    assert_eq!(mail["to"], "+491711234567@sms.example.com");
    let sent = code(mail["body"].as_str().expect("a text"));
    client.answer(&step, &[sent.into()]).await.token();
}

#[tokio::test]
async fn a_server_that_refuses_or_is_slow_or_strange_takes_the_error_arrow() {
    // With how a link fares that nobody waits for: given up, or put off.
    let ways = [
        ("refuse", "none", "mail_not_sent"),
        ("full", "none", "mail_not_sent"),
        ("later", "none", "mail_delayed"),
        ("busy", "none", "mail_delayed"),
        ("slow", "none", "mail_delayed"),
        ("mute", "none", "mail_delayed"),
        ("cut", "none", "mail_delayed"),
        ("gone", "none", "mail_delayed"),
        // Its authority is not one that is trusted here.
        ("starttls", "starttls", "mail_delayed"),
        ("tls", "tls", "mail_delayed"),
        // It speaks no TLS at all, and nothing is said without.
        ("plain", "starttls", "mail_delayed"),
        ("plain", "tls", "mail_delayed"),
    ];
    for (mode, security, link) in ways {
        let Some(mailer) = Mailer::start(mode).await else {
            return;
        };
        let server = mailer.serving(security, "timeout = \"1s\"").await;
        let reply = begin(&mut server.client(), "Code", "demo").await;
        assert_eq!(reply.status, 401, "{mode}: {}", reply.text());
        assert!(
            reply.text().contains("Not sent."),
            "{mode}: {}",
            reply.text()
        );
        let failed = server.audit();
        let failed = failed.iter().find(|line| line["failed"] == "code/send");
        assert_eq!(failed.expect("a line")["result"], "FAILED", "{mode}");
        // A link is another matter: whoever waits for it learns nothing.
        let known = ask(&mut server.client(), "demo").await.step();
        let unknown = ask(&mut server.client(), "nobody").await.step();
        assert_eq!(known["callbacks"], unknown["callbacks"]);
        let post = server.running.post().clone();
        let waited = tokio::task::spawn_blocking(move || post.wait(PATIENCE)).await;
        assert!(waited.expect("a thread"));
        let told = server.audit();
        let told = told.iter().find(|line| line["reason"] == link);
        let told = told.unwrap_or_else(|| panic!("{mode}, {security}: {:?}", server.audit()));
        assert_eq!(told["realm"], "/alpha", "{mode}");
        assert_eq!(told["failed"], "Link", "{mode}");
    }
}

#[tokio::test]
async fn an_account_that_is_refused_takes_the_error_arrow_and_the_password_is_told_nowhere() {
    let Some(mailer) = Mailer::start("starttls").await else {
        return;
    };
    let password = mailer.folder.path().join("password");
    std::fs::write(password, "not the pass of the mailer\n").expect("a file");
    let server = mailer.serving("starttls", ACCOUNT).await;
    let reply = begin(&mut server.client(), "Code", "demo").await;
    assert!(reply.text().contains("Not sent."), "{}", reply.text());
    ask(&mut server.client(), "demo").await.step();
    let post = server.running.post().clone();
    let waited = tokio::task::spawn_blocking(move || post.wait(PATIENCE)).await;
    assert!(waited.expect("a thread"));
    let told = server.audit();
    let told = told.iter().find(|line| line["reason"] == "mail_delayed");
    assert_eq!(told.expect("a line")["why"], "the mail server answered 535");
    let written = server.everything_written();
    let secret = b"not the pass of the mailer";
    assert!(!written.windows(secret.len()).any(|part| part == secret));
}

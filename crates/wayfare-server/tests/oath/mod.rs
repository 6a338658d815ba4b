//! Authenticator apps over HTTP, with `oathtool` as the app.
//!
//! Where it is missing the app is this project's own code, and the tests say so; with
//! `WAYFARE_OATHTOOL=required` that is a failure.

mod devices;
mod life;
mod page;
mod qr;
mod settings;

use std::process::Command;

use serde_json::{Value as Json, json};
use wayfare::engine::effect::OathHash;
use wayfare_oath::{Key, Token};

use crate::support::{Client, Reply, TestServer};

const EXAMPLE: &str = include_str!("../../../../journeys/authenticator_app.journey");

/// The second journey of these tests: a session that may manage its devices.
const MANAGE: &str = r#"
journey manage "Login" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> token
    false -> failure
  }
  node token: OathTokenVerifier {
    successOutcome -> may
    failureOutcome -> failure
    notRegisteredOutcome -> failure
  }
  node may: EnableDeviceManagement(deviceEnforcementStrategy = "SAME") {
    successOutcome -> success
    failureOutcome -> failure
  }
}
"#;

/// A password, for journeys that are about what comes behind it.
const PASSWORD: &str = "
fragment password -> known | unknown {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> known
    false -> unknown
  }
}
";

async fn server() -> TestServer {
    TestServer::journeys(&[("app.journey", EXAMPLE), ("manage.journey", MANAGE)]).await
}

/// An authenticator app that has scanned an address.
#[derive(Debug, Clone)]
struct App {
    key: String,
}

impl App {
    fn scan(step: &Json) -> Self {
        let address = hidden(step);
        assert!(
            address.starts_with("otpauth://totp/Acme:demo?"),
            "{address}"
        );
        for part in [
            "issuer=Acme",
            "digits=6",
            "algorithm=SHA1",
            "period=30",
            "b=032b75",
        ] {
            assert!(address.contains(part), "{part} in {address}");
        }
        let key = address.split("secret=").nth(1).expect("a key");
        let key = key.split('&').next().expect("a key");
        Self {
            key: key.to_owned(),
        }
    }

    /// The code that is shown so many seconds from now.
    fn code(&self, server: &TestServer, away: i64) -> String {
        use wayfare_server::clock::Clock as _;
        let now = i64::try_from(server.clock.now().seconds()).expect("a time") + away;
        let at = format!("@{now}");
        let shown = Command::new("oathtool")
            .args(["--totp=sha1", "--base32", "--now", &at, &self.key])
            .output();
        if let Ok(shown) = shown {
            assert!(shown.status.success(), "{shown:?}");
            return String::from_utf8(shown.stdout)
                .expect("a text")
                .trim()
                .to_owned();
        }
        let required = std::env::var("WAYFARE_OATHTOOL").is_ok_and(|value| value == "required");
        assert!(!required, "there is no oathtool");
        eprintln!("there is no oathtool: the app is our own code");
        let key = Key::from_base32(&self.key).expect("a key");
        let token = Token::new(key, OathHash::Sha1, 6).expect("a token");
        token.code(u64::try_from(now / 30).expect("a step"))
    }
}

fn hidden(step: &Json) -> String {
    let callback = &step["callbacks"][2];
    assert_eq!(callback["type"], "HiddenValueCallback", "{step}");
    assert_eq!(callback["output"][1]["value"], "mfaDeviceRegistration");
    let address = callback["output"][0]["value"].as_str();
    address.expect("an address").to_owned()
}

fn prompt(step: &Json) -> &str {
    step["callbacks"][0]["output"][0]["value"]
        .as_str()
        .unwrap_or_else(|| panic!("no prompt in {step}"))
}

/// A name and a password, answered.
async fn password(client: &mut Client, journey: &str) -> Reply {
    let step = client.begin(journey).await.step();
    client
        .answer(&step, &[json!("demo"), json!("Ch4ng31t")])
        .await
}

/// A name, a password and a code, answered.
async fn log_in(client: &mut Client, journey: &str, code: &str) -> Reply {
    let step = password(client, journey).await.step();
    assert_eq!(prompt(&step), "Enter verification code");
    client.answer(&step, &[json!(code), json!(0)]).await
}

/// The same in the example, by somebody who has just come.
async fn given(server: &TestServer, code: &str) -> Reply {
    log_in(&mut server.client(), "AuthenticatorApp", code).await
}

fn is_in(reply: &Reply) -> bool {
    reply.status == 200 && reply.json()["tokenId"].is_string()
}

/// The step after a code that was wrong: the same again.
fn asks_again(reply: &Reply) -> bool {
    reply.status == 200 && reply.json()["callbacks"].is_array()
}

/// Registers the app of `demo`; the app, and the recovery codes.
async fn register(server: &TestServer) -> (App, Vec<String>) {
    let mut client = server.client();
    let step = password(&mut client, "AuthenticatorApp").await.step();
    let options = &step["callbacks"][1]["output"][2]["value"];
    assert_eq!(options[0], "Register Device", "{step}");
    let step = client.answer(&step, &[json!(0)]).await.step();
    let kinds: Vec<&str> = step["callbacks"]
        .as_array()
        .expect("callbacks")
        .iter()
        .filter_map(|callback| callback["type"].as_str())
        .collect();
    assert_eq!(
        kinds,
        [
            "TextOutputCallback",
            "TextOutputCallback",
            "HiddenValueCallback",
            "ConfirmationCallback"
        ]
    );
    assert_eq!(step["callbacks"][1]["output"][1]["value"], "4");
    let app = App::scan(&step);
    let shown = step["callbacks"][1]["output"][0]["value"]
        .as_str()
        .expect("a script");
    assert!(
        shown.contains("<svg") || shown.contains("\"svg\""),
        "{shown}"
    );
    assert!(!shown.contains(&app.key));
    let step = client
        .answer(&step, &[json!(hidden(&step)), json!(0)])
        .await
        .step();
    assert_eq!(prompt(&step), "Enter verification code");
    let code = app.code(server, 0);
    let step = client.answer(&step, &[json!(code), json!(0)]).await.step();
    let codes = recovery_codes(&step);
    assert!(is_in(&client.answer(&step, &[]).await));
    (app, codes)
}

fn recovery_codes(step: &Json) -> Vec<String> {
    let script = prompt(step);
    assert!(script.contains("Recovery Codes"), "{script}");
    let lines = script
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\\n\" +"));
    let codes: Vec<String> = lines
        .map(|code| code.trim_start_matches('"').to_owned())
        .filter(|code| !code.contains(' '))
        .collect();
    assert_eq!(codes.len(), 10, "{script}");
    codes
}

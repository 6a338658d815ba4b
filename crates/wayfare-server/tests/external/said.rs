//! What an operator is told where `[external.TYPE]` is missing, or says something wrong.

use std::path::Path;

use serde_json::json;
use wayfare_server::{Server, config::Config};
use wayfare_wire::external::Allowed;

use super::{
    service::{Act, Service},
    settings,
};
use crate::support::{TestServer, cheap, write_all};

const JOURNEY: &str = r#"
extern AcmeScore "AcmeScoreNode" -> low | high {
  calls out
}

journey scored {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> score
    false -> failure
  }
  node score: AcmeScore {
    low -> success
    high -> failure
  }
}
"#;

#[tokio::test]
async fn a_type_without_a_block_is_told_with_the_block_that_it_wants() {
    let folder = tempfile::tempdir().unwrap();
    let journeys = folder.path().join("journeys");
    write_all(&journeys, &[("scored.journey", JOURNEY)]);
    let config = cheap(&folder.path().join("data")).with_journeys(journeys);
    let refused = Server::start(config).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "the journeys of realm `/alpha` cannot be served\n\
         node `score` of journey `scored` has type `AcmeScore`, whose behaviour is not built yet; a handler \
         of your own is asked where `[external.AcmeScore]` names one"
    );
}

#[test]
fn an_address_that_cannot_be_called_is_told_with_its_line() {
    for address in [
        "ftp://nodes.example.com/",
        "http://nodes.example.com/",
        "https://",
        "https://me:pw@nodes.example.com/",
        "nodes.example.com/score",
        "https://nodes.example.com:99999/score",
        "https://nodes.example.com:0/score",
        "https://nodes.example.com:/score",
    ] {
        let text =
            format!("[external.AcmeScore]\nsecret = {{ env = \"K\" }}\nurl = \"{address}\"\n");
        let refused = Config::parse("wayfare.toml", &text, Path::new("."));
        assert_eq!(
            refused.unwrap_err().to_string(),
            format!(
                "wayfare.toml:3: `external.AcmeScore.url` must be an address such as \
                 \"https://nodes.example.com/captcha\"; http is for this machine only, but is \"{address}\""
            )
        );
    }
}

#[tokio::test]
async fn an_outcome_that_the_block_leaves_out_fails_the_run_and_is_told_in_the_audit() {
    let service = Service::start();
    let server = TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        write_all(&journeys, &[("scored.journey", JOURNEY)]);
        *config = config.clone().with_journeys(journeys);
        let mut settings = settings(&service, folder);
        settings.allowed.outcomes = Some(["high".to_owned()].into());
        config.external.insert("AcmeScore".to_owned(), settings);
    })
    .await;
    service.then(Act::Say(json!({ "outcome": "low" })));
    let refused = server.client().login("demo", "Ch4ng31t").await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    assert!(!refused.text().contains("low"), "{}", refused.text());
    let audit = server.audit();
    let reasons = audit.iter().filter_map(|line| line["reason"].as_str());
    let told = "the settings do not let it end by `low`";
    assert!(
        reasons.clone().any(|reason| reason.contains(told)),
        "{audit:?}"
    );
    assert_eq!(server.sessions(), 0);
}

/// What is allowed to no avail is a slip, and the first login by it would be the first to tell.
#[tokio::test]
async fn words_that_the_type_does_not_have_are_told_at_the_start() {
    let set = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start();
    let journeys = folder.path().join("journeys");
    let text = JOURNEY.replace(
        "-> low | high {",
        "(apiKey: Text = \"none\") -> low | high {\n  asks TextInputCallback\n  reads shared.username\n  \
         reads transient.password",
    );
    write_all(&journeys, &[("scored.journey", &text)]);
    let start = async |allowed: Allowed, name: &str| {
        let mut config = cheap(&folder.path().join(name)).with_journeys(journeys.clone());
        let mut settings = settings(&service, folder.path());
        settings.allowed = allowed;
        config.external.insert("AcmeScore".to_owned(), settings);
        Server::start(config).await
    };
    let wrong = Allowed {
        state: Some(set(&["shared.username", "shared.usrname", "any.username"])),
        secrets: set(&["settings.apiKye", "transient.password"]),
        outcomes: Some(set(&["hihg", "low", "maybe"])),
        callbacks: Some(set(&["TextInputCalback"])),
    };
    let refused = start(wrong, "wrong").await.unwrap_err().to_string();
    assert_eq!(
        refused,
        "the journeys of realm `/alpha` cannot be served\n\
         `external.AcmeScore.state` lists `any.username`, which `AcmeScore` does not read\n\
         `external.AcmeScore.state` lists `shared.usrname`, which `AcmeScore` does not read; did you mean \
         `shared.username`?\n\
         `external.AcmeScore.secrets` lists `settings.apiKye`, which `AcmeScore` neither reads nor has as a \
         setting; did you mean `settings.apiKey`?\n\
         `external.AcmeScore.outcomes` lists `hihg`, which is no outcome of `AcmeScore`; did you mean \
         `high`?\n\
         `external.AcmeScore.outcomes` lists `maybe`, which is no outcome of `AcmeScore`\n\
         `external.AcmeScore.callbacks` lists `TextInputCalback`, which `AcmeScore` does not ask; did you \
         mean `TextInputCallback`?"
    );
    let right = Allowed {
        state: Some(set(&["shared.username"])),
        secrets: set(&["settings.apiKey", "transient.password"]),
        outcomes: Some(set(&["low"])),
        callbacks: Some(set(&[])),
    };
    start(right, "right").await.unwrap().stop().await;
}

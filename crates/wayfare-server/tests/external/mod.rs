//! Nodes outside, over HTTP on both sides: what their handlers are sent, what counts of what they say, and
//! what becomes of a run when they are slow, down or lying.

mod said;
pub(crate) mod service;

use std::{fs, path::Path, time::Duration};

use serde_json::{Value as Json, json};
use wayfare::{
    NodeError, Registry,
    engine::effect::{EffectId, External, ExternalReply, Handler, Handlers, Went},
};
use wayfare_server::{
    Server,
    clock::ManualClock,
    config::{Config, DefaultJourney, ExternalSettings, LdapStoreSettings, SecretSource},
};

use crate::ldap::slapd::Slapd;
use crate::support::{BEGIN, Reply, TestServer, alpha, cheap, write_all};
use service::{Act, SECRET, Service};

const JOURNEYS: &str = r#"
extern AcmeScore "AcmeScoreNode" (siteKey: Text = "public") -> low | high {
  asks TextInputCallback
  asks AcmeCallback
  reads shared.username
  reads transient.password
  writes shared.score: Int
  calls out
}

extern AcmeLogin "AcmeLoginNode" -> true | false {
  reads shared.username
  proves device on true
  calls out
}

extern AcmeMail "AcmeMailNode" -> true {
  reads shared.username
  suspends
  calls out
}

journey scored {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> score
  }
  node score: AcmeScore {
    low -> check
    high -> failure
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}

journey caught {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> score
  }
  node score: AcmeScore {
    allow enumeration because "a test"
    low -> check
    high -> failure
    on error -> sorry
  }
  node sorry: Message(message = { en = "Without a score" }) {
    true -> check
    false -> failure
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}

journey device {
  start username
  node username: UsernameCollector -> login
  node login: AcmeLogin {
    true -> success
    false -> failure
  }
}

journey mailed {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> mail
    false -> failure
  }
  node mail: AcmeMail {
    true -> success
  }
}
"#;

pub(crate) fn settings(service: &Service, folder: &Path) -> ExternalSettings {
    let file = folder.join("handler.key");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    let url = format!("http://{}/nodes?x=1", service.address)
        .parse()
        .unwrap();
    ExternalSettings::new(url, SecretSource::File(file))
}

/// A server whose types outside are all answered for by one service; the change is of `AcmeScore`.
async fn server(service: &Service, change: impl FnOnce(&mut ExternalSettings)) -> TestServer {
    TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        write_all(&journeys, &[("outside.journey", JOURNEYS)]);
        *config = config.clone().with_journeys(journeys);
        by_default(config);
        let mut settings = settings(service, folder);
        for ty in ["AcmeLogin", "AcmeMail"] {
            config.external.insert(ty.to_owned(), settings.clone());
        }
        change(&mut settings);
        config.external.insert("AcmeScore".to_owned(), settings);
    })
    .await
}

/// Makes `scored` the default journey.
fn by_default(config: &mut Config) {
    let realm = config.realms.get_mut(&alpha()).unwrap();
    realm.default = DefaultJourney::Named("scored".into());
}

async fn try_once(server: &TestServer, journey: &str) -> Reply {
    let mut client = server.client();
    let step = client.begin(journey).await.step();
    client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
}

fn low() -> Json {
    json!({ "outcome": "low", "writes": { "shared.score": 7 } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_is_told_what_its_type_reads_and_decides() {
    let service = Service::start();
    let server = server(&service, |_| ()).await;
    service.then(Act::Say(low()));
    try_once(&server, "scored").await.token();
    let seen = service.last();
    assert_eq!(
        seen.body,
        json!({
            "version": 1, "type": "AcmeScoreNode", "name": "AcmeScore", "node": "score",
            "realm": "/alpha", "locales": [], "event": { "kind": "entered" },
            "settings": { "siteKey": "public" },
            // The password is read too, and stays here.
            "state": { "shared.username": "demo" },
            "memory": null, "outcomes": ["low", "high"], "proving": [],
            "callbacks": ["TextInputCallback", "AcmeCallback"], "writes": ["shared.score"],
            "suspends": false,
        })
    );
    assert_eq!(seen.header("wayfare-time"), BEGIN.0.to_string());
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("idempotency-key").len(), 32);
    service.then(Act::Say(json!({ "outcome": "high" })));
    assert_eq!(try_once(&server, "scored").await.status, 401);
    let keys: Vec<_> = service
        .seen()
        .iter()
        .map(|s| s.header("idempotency-key").to_owned())
        .collect();
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_go_out_where_the_settings_say_so() {
    let service = Service::start();
    let server = server(&service, |settings| {
        settings.allowed.state = Some(std::collections::BTreeSet::new());
        settings.allowed.secrets = [String::from("transient.password")].into();
    })
    .await;
    service.then(Act::Say(low()));
    try_once(&server, "scored").await.token();
    assert_eq!(
        service.last().body["state"],
        json!({ "transient.password": "Ch4ng31t" })
    );
}

/// Everything that a service may do wrong: the error arrow is taken, or the run fails; the audit says so.
#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "a table, a line for each mistake")]
async fn what_does_not_count_fails_closed_or_takes_the_error_arrow() {
    let service = Service::start();
    let server = server(&service, |settings| {
        settings.timeout = Duration::from_millis(300);
        settings.reply_bytes = 2_000;
    })
    .await;
    // A reply to be sent again.
    service.then(Act::Say(low()));
    try_once(&server, "scored").await.token();
    let big = json!({ "outcome": "low", "memory": "x".repeat(3_000) });
    let deep = format!("{{\"outcome\":\"low\",\"memory\":{}}}", "[".repeat(900));
    let wrong = [
        (Act::Replayed, "not signed for this request"),
        (Act::Unsigned(low()), "not signed for this request"),
        (Act::Forged(low()), "not signed for this request"),
        (Act::Echoed(low()), "not signed for this request"),
        (Act::Twice(low()), "not signed for this request"),
        (
            Act::Say(json!({ "outcome": "middle" })),
            "no outcome `middle`",
        ),
        (
            Act::Say(json!({ "outcome": "low", "writes": { "shared.admin": true } })),
            "does not write `shared.admin`",
        ),
        (
            Act::Say(json!({ "outcome": "low", "writes": { "shared.username": "amadmin" } })),
            "does not write `shared.username`",
        ),
        (
            Act::Say(json!({ "outcome": "low", "writes": { "shared.score": "many" } })),
            "written with no Int",
        ),
        (
            Act::Say(json!({ "outcome": "low", "user": "amadmin" })),
            "of no user",
        ),
        (
            Act::Say(json!({ "outcome": "low", "level": 50 })),
            "no JSON of a reply",
        ),
        (
            Act::Say(json!({ "callbacks": [{ "type": "PasswordCallback" }] })),
            "does not ask `PasswordCallback`",
        ),
        (Act::Say(json!({ "callbacks": [] })), "asks nothing"),
        (
            Act::Say(json!({ "suspend": { "text": "wait" } })),
            "does not suspend the run",
        ),
        (Act::Say(json!({ "taken": true })), "one to another event"),
        (
            Act::Say(json!({ "error": "no score today" })),
            "the handler says: no score today",
        ),
        (Act::Say(big), "more than 2000 bytes"),
        (Act::Bytes(b"<html>".to_vec()), "no JSON of a reply"),
        (Act::Bytes(deep.into_bytes()), "no JSON of a reply"),
        (Act::Bytes(Vec::new()), "no JSON of a reply"),
        (
            Act::Status("500 Internal Server Error", low()),
            "status 500",
        ),
        (
            Act::Status("302 Found\r\nLocation: http://127.0.0.1:1/", low()),
            "status 302",
        ),
        (Act::Status("204 No Content", low()), "status 204"),
        (Act::Close, "no reply"),
        (Act::Hang, "no reply within 300ms"),
    ];
    for (act, why) in wrong {
        let before = server.audit().len();
        service.then(act.clone());
        let refused = try_once(&server, "scored").await;
        assert_eq!(refused.status, 401, "{act:?}: {}", refused.text());
        let told = refused.text();
        assert!(!told.contains(why) && !told.contains("score"), "{told}");
        let audit = server.audit();
        let line = audit[before..]
            .iter()
            .find(|line| line["result"] == "FAILED");
        let line = line.unwrap_or_else(|| panic!("{act:?}: {:?}", &audit[before..]));
        let reason = line["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("node_failed: scored/score") && reason.contains(why),
            "{act:?}: {reason}"
        );

        let before = server.audit().len();
        let act = match act {
            Act::Replayed => Act::Unsigned(low()),
            act => act,
        };
        service.then(act.clone());
        let caught = try_once(&server, "caught").await.step();
        assert!(
            caught.to_string().contains("Without a score"),
            "{act:?}: {caught}"
        );
        let audit = server.audit();
        let notes = audit[before..].iter().filter_map(|l| l["notes"].as_array());
        let notes: Vec<_> = notes.flatten().filter_map(Json::as_str).collect();
        assert!(
            matches!(&notes[..], [note] if note.starts_with("caught/score: ") && note.contains(why)),
            "{act:?}: {notes:?}"
        );
    }
    assert_eq!(server.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_down_fails_the_node() {
    let service = Service::start();
    let server = server(&service, |_| ()).await;
    drop(service);
    assert_eq!(try_once(&server, "scored").await.status, 401);
    let caught = try_once(&server, "caught").await.step();
    assert!(caught.to_string().contains("Without a score"));
    let audit = server.audit();
    assert!(audit.iter().any(|line| line["failed"] == "caught/score"));
    let reason = audit.iter().filter_map(|line| line["reason"].as_str());
    assert!(
        reason
            .into_iter()
            .any(|why| why.contains("cannot be reached")),
        "{audit:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_asks_and_keeps_what_it_wants_to_remember() {
    let service = Service::start();
    let server = server(&service, |_| ()).await;
    let mut client = server.client();
    let step = client.begin("scored").await.step();
    service.then(Act::Say(json!({
        "callbacks": [
            { "type": "TextInputCallback", "output": [{ "name": "prompt", "value": "Pet?" }] },
            {
                "type": "AcmeCallback",
                "output": [{ "name": "puzzle", "value": { "tiles": [1, 2] } }],
                "input": [{ "name": "IDToken1token", "value": "" }],
            },
        ],
        "memory": { "tries": 1 },
    })));
    let asked = client
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await
        .step();
    let callbacks = asked["callbacks"].as_array().unwrap();
    assert_eq!(callbacks[0]["output"][0]["value"], "Pet?");
    assert_eq!(callbacks[1]["type"], "AcmeCallback");
    assert_eq!(
        callbacks[1]["output"][0]["value"],
        json!({ "tiles": [1, 2] })
    );
    assert_eq!(callbacks[1]["input"][0]["name"], "IDToken2token");
    service.then(Act::Say(low()));
    client
        .answer(&asked, &["Rex".into(), "solved".into()])
        .await
        .token();
    let seen = service.last().body;
    assert_eq!(seen["memory"], json!({ "tries": 1 }));
    assert_eq!(
        seen["event"],
        json!({ "kind": "answered", "answers": [
            { "type": "TextInputCallback", "input": [{ "name": "IDToken1", "value": "Rex" }] },
            { "type": "AcmeCallback", "input": [{ "name": "IDToken2token", "value": "solved" }] },
        ] })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_proved_is_said_by_the_store() {
    let service = Service::start();
    let server = server(&service, |_| ()).await;
    for (said, status) in [
        (json!({ "outcome": "true", "user": "demo" }), 200),
        // An outcome that proves has to say whom.
        (json!({ "outcome": "true" }), 401),
        (json!({ "outcome": "true", "user": "nobody" }), 401),
        (json!({ "outcome": "false" }), 401),
    ] {
        let mut client = server.client();
        let step = client.begin("device").await.step();
        service.then(Act::Say(said.clone()));
        let reply = client.answer(&step, &["demo".into()]).await;
        assert_eq!(reply.status, status, "{said}: {}", reply.text());
        assert_eq!(service.last().body["proving"], json!(["true"]));
    }
    assert_eq!(server.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_run_goes_on_by_the_link_that_the_handler_got() {
    let service = Service::start();
    let server = server(&service, |_| ()).await;
    service.then(Act::Say(
        json!({ "suspend": { "text": "Look into your mail", "link": true, "seconds": 60 }, "memory": 5 }),
    ));
    service.then(Act::Say(json!({ "taken": true })));
    let waits = try_once(&server, "mailed").await.json();
    assert!(waits.to_string().contains("Look into your mail"), "{waits}");
    let sent = service.last().body;
    assert_eq!(sent["event"]["kind"], "suspended");
    let link = sent["event"]["link"].as_str().unwrap();
    let id = link.split("suspendedId=").nth(1).unwrap();
    let id = id.split('&').next().unwrap();
    service.then(Act::Say(json!({ "outcome": "true" })));
    let mut other = server.client();
    let path = format!("/am/json/realms/root/realms/alpha/authenticate?suspendedId={id}");
    other.post(&path, "").await.token();
    let seen = service.last().body;
    assert_eq!(seen["event"], json!({ "kind": "resumed" }));
    assert_eq!(seen["memory"], 5);
}

/// The step was claimed before the handler was called: whoever stops the server in between loses the run,
/// and nobody can have the handler called a second time by it.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_during_a_call_does_not_call_again() {
    let service = Service::start();
    let server = server(&service, |_| ()).await;
    let mut client = server.client();
    let step = client.begin("scored").await.step();
    service.then(Act::Hang);
    let body = crate::support::filled(&step, &["demo".into(), "Ch4ng31t".into()]).to_string();
    let mut pending = client.clone();
    let sent = tokio::spawn(async move {
        let path = crate::support::Client::path("/alpha", "");
        pending.post(&path, &body).await
    });
    tokio::task::block_in_place(|| service.wait());
    // As a kill would: the call is dropped where it stands.
    sent.abort();
    let server = server.restart().await;
    let mut again = server.client();
    again.cookies.clone_from(&client.cookies);
    let refused = again
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    assert_eq!(service.seen().len(), 1);
    assert_eq!(server.sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_has_to_be_of_a_known_authority_and_of_this_host() {
    for (authority, host, trusted) in [
        (true, "localhost", true),
        (false, "localhost", false),
        (true, "127.0.0.1", false),
    ] {
        let service = Service::secure();
        let port = service.address.port();
        let server = server(&service, |settings| {
            settings.url = format!("https://{host}:{port}/nodes").parse().unwrap();
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/external/authority.pem");
            settings.ca = authority.then(|| file.into());
        })
        .await;
        if trusted {
            service.then(Act::Say(low()));
        }
        let reply = try_once(&server, "scored").await;
        assert_eq!(reply.status, if trusted { 200 } else { 401 }, "{host}");
        assert_eq!(service.seen().len(), usize::from(trusted));
        let audit = server.audit();
        let mut reasons = audit.iter().filter_map(|line| line["reason"].as_str());
        let distrusted = reasons.any(|why| why.contains("no connection that can be trusted"));
        assert_eq!(distrusted, !trusted, "{audit:?}");
    }
}

#[derive(Debug)]
struct Generous;

impl Handler for Generous {
    fn decide(&self, _: EffectId, asked: &External) -> Result<ExternalReply, NodeError> {
        assert_eq!(&*asked.wire, "AcmeScoreNode");
        Ok(ExternalReply::Went(
            Went::by("low").write("shared.score", 1_i64),
        ))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_nobody_answers_for_are_refused_by_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let journeys = folder.path().join("journeys");
    write_all(&journeys, &[("outside.journey", JOURNEYS)]);
    let config =
        |name: &str| -> Config { cheap(&folder.path().join(name)).with_journeys(journeys.clone()) };
    let start = |config: Config, handlers: Handlers| {
        Server::new(config)
            .registry(Registry::standard())
            .clock(ManualClock::at(BEGIN))
            .handlers(handlers)
            .run()
    };
    let refused = start(config("a"), Handlers::new())
        .await
        .unwrap_err()
        .to_string();
    for ty in ["AcmeScore", "AcmeLogin", "AcmeMail"] {
        assert!(refused.contains(&format!("`{ty}`")), "{refused}");
    }
    let some = Handlers::new().with("AcmeScore", Generous);
    let refused = start(config("b"), some.clone())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        !refused.contains("AcmeScore") && refused.contains("AcmeMail"),
        "{refused}"
    );
    let all = some.with("AcmeLogin", Generous).with("AcmeMail", Generous);
    let mut config = config("c");
    by_default(&mut config);
    let running = start(config, all).await.unwrap();
    let mut client = crate::support::Client::new(running.address());
    client.login("demo", "Ch4ng31t").await.token();
    running.stop().await;
}

#[test]
fn settings_that_make_no_sense_are_said() {
    let read = |text: &str| {
        Config::parse("wayfare.toml", text, Path::new("/srv")).map_err(|error| error.to_string())
    };
    let config = read(
        "[external.AcmeScore]\nurl = \"https://nodes.example.com/score\"\nsecret = { file = \"k\" }\n\
         timeout = \"2s\"\nstate = [\"shared.username\"]\nsecrets = []\noutcomes = [\"low\"]\n\
         callbacks = []\nreply_bytes = \"8KiB\"\nca = \"ca.pem\"\n",
    )
    .unwrap();
    let settings = &config.external["AcmeScore"];
    assert_eq!(settings.url.host(), Some("nodes.example.com"));
    assert_eq!(settings.secret, SecretSource::File("/srv/k".into()));
    assert_eq!(settings.timeout, Duration::from_secs(2));
    assert_eq!(settings.reply_bytes, 8_192);
    assert_eq!(
        settings.allowed.outcomes,
        Some([String::from("low")].into())
    );
    assert_eq!(settings.allowed.callbacks, Some([].into()));
    for (text, why) in [
        (
            "url = \"http://nodes.example.com/\"\nsecret = { env = \"K\" }",
            "http is for this machine only",
        ),
        (
            "url = \"https://me:pw@nodes.example.com/\"\nsecret = { env = \"K\" }",
            "external.A.url",
        ),
        (
            "url = \"nodes.example.com\"\nsecret = { env = \"K\" }",
            "external.A.url",
        ),
        ("secret = { env = \"K\" }", "`external.A.url` is missing"),
        (
            "url = \"https://nodes.example.com/\"",
            "`external.A.secret` is missing",
        ),
        (
            "url = \"https://nodes.example.com/\"\nsecret = \"plain\"",
            "secrets are never written here",
        ),
        (
            "url = \"https://nodes.example.com/\"\nsecret = { env = \"K\" }\ntimeout = \"10m\"",
            "shorter than `server.limits.request_time`",
        ),
        (
            "url = \"https://nodes.example.com/\"\nsecret = { env = \"K\" }\nretries = 3",
            "there is no setting `retries`",
        ),
    ] {
        let refused = read(&format!("[external.A]\n{text}\n")).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    for local in [
        "http://127.0.0.1:9/",
        "http://[::1]:9/x",
        "http://localhost:9/",
    ] {
        let text = format!("[external.A]\nurl = \"{local}\"\nsecret = {{ env = \"K\" }}\n");
        assert!(read(&text).is_ok(), "{local}");
    }
}

#[tokio::test]
async fn a_provider_outside_vouches_for_an_account_that_is_made() {
    provisions(|_| ()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_made_in_a_directory_too() {
    let Some(slapd) = Slapd::of_one() else { return };
    provisions(|config| {
        let directory = slapd.directory(wayfare::engine::effect::LdapSecurity::Plain);
        let mut store = LdapStoreSettings::new(directory);
        store.create_in = Some("ou=people,dc=example,dc=com".to_owned());
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        realm.identities.ldap = Some(store);
        realm.demo_user = false;
    })
    .await;
    let mail = slapd.get("uid=ada,ou=people,dc=example,dc=com", "mail");
    assert_eq!(mail.await, Some(vec!["ada@example.com".to_owned()]));
}

async fn provisions(change: impl FnOnce(&mut Config)) {
    let service = Service::start();
    let text = include_str!("../../../../journeys/nodes/provision_dynamic_account.journey");
    let server = TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        write_all(&journeys, &[("provider.journey", text)]);
        *config = config.clone().with_journeys(journeys);
        change(config);
        config
            .external
            .insert("Provider".to_owned(), settings(&service, folder));
    })
    .await;
    let told = json!({ "outcome": "NO_ACCOUNT", "writes": { "shared.userInfo": {
        "userNames": { "username": ["ada"] },
        "attributes": { "mail": ["ada@example.com"] },
    } } });
    service.then(Act::Say(told.clone()));
    let mut client = server.client();
    client.begin("ProvisionDynamicAccount").await.token();
    // The name is taken now, and whoever comes as it again is not that one.
    service.then(Act::Say(told));
    let again = server.client().begin("ProvisionDynamicAccount").await;
    assert_eq!(again.status, 401, "{}", again.text());
}

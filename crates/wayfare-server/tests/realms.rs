//! Realms: every way to name one, what one takes over from another, and the users a start makes.

use std::{fs, path::Path};

use serde_json::Value as Json;
use wayfare::Realm;
use wayfare_server::{
    Server,
    config::{Config, LogLevel},
    store::user::NameKey,
};

use crate::support::{self, Client, Reply, TestServer, filled, write_all};

const LOGIN: &str = "journey login \"Login\" {
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

const SETTINGS: &str = r#"
[realms."/"]
journeys = ["journeys"]
failure_url = "/sorry"
goto = ["https://app.example.com:443/*"]
[realms."/".lockout]
failures = 2
[realms."/".session]
time_max = "10m"
[realms."/".users.demo]
password = { file = "password" }

[realms."/alpha"]
parent = "/"
aliases = ["customers", "login.customers.example"]
goto = []
[realms."/alpha".session]
idle_max = "1m"
[realms."/alpha".users.demo]
password = { file = "password" }

[realms."/alpha/in/between"]
parent = "/alpha"
aliases = ["deep"]
[realms."/alpha/in/between".users.demo]
password = { file = "password" }
"#;

/// These settings over journeys and a password in files.
async fn served(settings: &str) -> TestServer {
    TestServer::with(|config, folder| *config = read(settings, folder)).await
}

fn read(settings: &str, folder: &Path) -> Config {
    write_all(
        folder,
        &[
            ("journeys/login.journey", LOGIN),
            ("password", "Passw0rd\n"),
        ],
    );
    let mut config =
        Config::parse("wayfare.toml", settings, folder).unwrap_or_else(|error| panic!("{error}"));
    "127.0.0.1:0".clone_into(&mut config.server.listen);
    config.server.log = LogLevel::Off;
    config.data.folder = folder.join("data");
    config.hash.memory_kib = 8;
    config.hash.time = 1;
    config
}

fn realm(path: &str) -> Realm {
    Realm::parse(path).expect("a realm")
}

/// Logs `demo` in by this path below `/am/json` and with these headers.
async fn login(mut client: Client, path: &str) -> Reply {
    let path = format!("/am/json{path}");
    let step = client.post(&path, "").await;
    if step.status != 200 {
        return step;
    }
    let body = filled(&step.step(), &["demo".into(), "Passw0rd".into()]).to_string();
    client.post(&path, &body).await
}

#[tokio::test]
async fn c08_every_spelling_of_a_realm_leads_to_it() {
    let server = served(SETTINGS).await;
    for (path, realm) in [
        ("/realms/root/authenticate", "/"),
        ("/realms/ROOT/authenticate", "/"),
        ("/realms/root/authenticate/", "/"),
        ("/authenticate", "/"),
        ("/authenticate?realm=/", "/"),
        ("/authenticate?realm=", "/"),
        ("/realms/root/realms/alpha/authenticate", "/alpha"),
        ("/realms/alpha/authenticate", "/alpha"),
        ("/realms/customers/authenticate", "/alpha"),
        ("/realms/login.customers.example/authenticate", "/alpha"),
        ("/alpha/authenticate", "/alpha"),
        ("/customers/authenticate", "/alpha"),
        ("/authenticate?realm=/alpha", "/alpha"),
        ("/authenticate?realm=%2Falpha", "/alpha"),
        ("/authenticate?realm=customers", "/alpha"),
        ("/realms/root/authenticate?realm=/alpha", "/alpha"),
        ("/realms/alpha/authenticate?realm=/alpha", "/alpha"),
        ("/realms/%61lpha/authenticate", "/alpha"),
        (
            "/realms/root/realms/alpha/realms/in/realms/between/authenticate",
            "/alpha/in/between",
        ),
        ("/realms/deep/authenticate", "/alpha/in/between"),
        ("/alpha/in/between/authenticate", "/alpha/in/between"),
        ("/authenticate?realm=/alpha/in/between", "/alpha/in/between"),
        ("/authenticate?realm=deep", "/alpha/in/between"),
        (
            "/realms/customers/realms/in/realms/between/authenticate",
            "/alpha/in/between",
        ),
    ] {
        let reply = login(server.client(), path).await;
        reply.token();
        assert_eq!(reply.json()["realm"], realm, "{path}");
    }
}

#[tokio::test]
async fn c08_what_is_no_spelling_of_a_realm_is_an_unknown_one() {
    let server = served(SETTINGS).await;
    let sessions = server.sessions();
    for part in [
        "nope",
        "..",
        "%2e%2e",
        "%252e%252e",
        "%252falpha",
        "alpha%2fin",
        "alpha;x",
        "alpha.",
        "Alpha",
        "ALPHA",
        "CUSTOMERS",
        "alpha%00",
        "alpha%20",
        "%20alpha",
        "al%5cpha",
        "%c3%28",
        ".",
        "deep%2f..",
    ] {
        for path in [
            format!("/realms/root/realms/{part}/authenticate"),
            format!("/realms/{part}/authenticate"),
            format!("/{part}/authenticate"),
        ] {
            let reply = login(server.client(), &path).await;
            // What was sent is in the message, and nothing else of it differs from realm to realm.
            let message = reply.json()["message"].as_str().map(str::to_owned);
            assert_eq!(
                (reply.status, message),
                (404, Some(format!("Realm \"{part}\" not found"))),
                "{path}"
            );
        }
    }
    for query in [
        "/nope",
        "nope",
        "Customers",
        "alpha",
        "/alpha/",
        "//alpha",
        "/alpha/../alpha",
        "%252Falpha",
        "/Alpha",
        "/alpha%00",
        "/alpha.",
        "/alpha;x",
        "/alpha%20",
        "\\alpha",
    ] {
        let reply = login(server.client(), &format!("/authenticate?realm={query}")).await;
        assert_eq!(reply.status, 400, "{query}");
        let message = reply.json()["message"].to_string();
        assert!(message.starts_with("\"Invalid realm, "), "{message}");
    }
    // A query beside a path that names another realm: nobody can tell which was meant.
    for path in [
        "/realms/root/realms/alpha/authenticate?realm=/",
        "/realms/deep/authenticate?realm=/alpha",
        "/alpha/authenticate?realm=deep",
        "/authenticate?realm=/alpha&realm=/",
    ] {
        let reply = login(server.client(), path).await;
        assert_eq!(reply.status, 400, "{path}");
    }
    assert_eq!(server.sessions(), sessions);
}

#[tokio::test]
async fn a_host_stands_for_a_realm_where_nothing_else_names_one() {
    let strict = format!("{SETTINGS}[server]\nhosts = [\"login.example\"]\n");
    for (settings, others) in [(SETTINGS, true), (&*strict, false)] {
        let server = served(settings).await;
        let by = async |host: &str, path: &str| {
            let path = format!("/am/json{path}");
            let ask = async |body: &str| {
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
                     X-Requested-With: t\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                server.client().raw(head.as_bytes()).await.expect("a reply")
            };
            let step = ask("").await;
            if step.status != 200 {
                return (step.status, step.text().to_owned());
            }
            let body = filled(&step.step(), &["demo".into(), "Passw0rd".into()]).to_string();
            let done = ask(&body).await;
            (done.status, done.json()["realm"].to_string())
        };
        let ok = |realm: &str| (200, format!("{realm:?}"));
        for host in [
            "login.customers.example",
            "LOGIN.Customers.Example",
            "login.customers.example:8443",
        ] {
            assert_eq!(by(host, "/authenticate").await, ok("/alpha"), "{host}");
            // A path or a query says more than a host.
            assert_eq!(by(host, "/realms/root/authenticate").await, ok("/"));
            assert_eq!(by(host, "/authenticate?realm=/").await, ok("/"));
            assert_eq!(
                by(host, "/authenticate?realm=deep").await,
                ok("/alpha/in/between")
            );
        }
        assert_eq!(by("login.example", "/authenticate").await, ok("/"));
        // An alias without a dot is no host.
        for host in ["customers", "other.example", "127.0.0.1:8080", "[::1]:8080"] {
            let (status, text) = by(host, "/authenticate").await;
            if others {
                assert_eq!((status, text), ok("/"), "{host}");
            } else {
                assert_eq!(status, 400, "{host}");
                let name = host.strip_suffix(":8080").unwrap_or(host);
                let expected = format!("FQDN \\\"{name}\\\" is not valid.");
                assert!(text.contains(&expected), "{text}");
            }
            assert_eq!(by(host, "/realms/root/authenticate").await, ok("/"));
        }
    }
}

#[tokio::test]
async fn a_realm_takes_over_what_it_does_not_write() {
    let server = served(SETTINGS).await;
    // Failures: two of the parent's, not five.
    for (path, user) in [("/alpha", "demo"), ("/alpha/in/between", "demo")] {
        let wrong = async || {
            let mut client = server.client();
            let step = client.post(&Client::path(path, ""), "").await.step();
            let body = filled(&step, &[user.into(), "wrong".into()]).to_string();
            client.post(&Client::path(path, ""), &body).await
        };
        let before = server.compared();
        for _ in 0..4 {
            assert_eq!(wrong().await.status, 401);
        }
        assert_eq!(server.compared() - before, 2, "{path}");
        let failed = wrong().await.json();
        assert_eq!(failed["detail"]["failureUrl"], "/sorry", "{path}: {failed}");
    }
    server.advance(std::time::Duration::from_secs(120));
    // Sessions: ten minutes of the top realm, one idle minute of the one between.
    let mut client = server.client();
    let path = Client::path("/alpha/in/between", "");
    let step = client.post(&path, "").await.step();
    let body = filled(&step, &["demo".into(), "Passw0rd".into()]).to_string();
    let token = client.post(&path, &body).await.token();
    let body = serde_json::json!({ "tokenId": token }).to_string();
    let valid = async || {
        let reply = server.client().sessions("validate", &body).await;
        reply.json()["valid"] == Json::Bool(true)
    };
    for _ in 0..12 {
        assert!(valid().await);
        server.advance(std::time::Duration::from_secs(54));
    }
    assert!(!valid().await, "ten minutes are over");
    // Users, names and what lies between are nobody's to take over.
    let reply = login(server.client(), "/alpha/in/authenticate").await;
    assert_eq!(
        (
            reply.status,
            reply.json()["message"]
                .as_str()
                .expect("a message")
                .to_owned()
        ),
        (400, "No Configuration found".to_owned()),
        "a realm that only lies between is there, and empty"
    );
    for (path, count) in [
        ("/", 2),
        ("/alpha", 1),
        ("/alpha/in", 0),
        ("/alpha/in/between", 1),
    ] {
        let counted = server.running.store().user_count(&realm(path));
        assert_eq!(counted, Ok(count), "{path}");
    }
}

const USERS: &str = r#"
[realms."/alpha"]
journeys = ["journeys"]
[realms."/alpha".users.Anna]
password = { file = "password" }
groups = ["staff", "admins"]
[realms."/alpha".users.Anna.attributes]
mail = "anna@example.com"
age = 44
tags = ["a", "b"]
[realms."/alpha".users.quiet]
[realms."/alpha".users.gone]
password = { file = "password" }
active = false
"#;

#[tokio::test]
async fn users_of_the_settings_are_made_once_and_then_left_alone() {
    let server = served(USERS).await;
    let alpha = realm("/alpha");
    let user = |server: &TestServer, name: &str| {
        let key = NameKey::of(name).expect("a name");
        server
            .running
            .store()
            .user(&alpha, &key)
            .expect("read")
            .expect("a user")
    };
    let anna = user(&server, "anna");
    assert_eq!(anna.username, "Anna");
    assert_eq!(
        Json::from_iter(anna.attributes.clone()),
        serde_json::json!({
            "uid": "Anna", "username": "Anna", "_createDate": support::BEGIN.rfc3339(),
            "mail": "anna@example.com", "age": 44,
            "tags": ["a", "b"], "groups": ["staff", "admins"],
        })
    );
    let login = async |server: &TestServer, name: &str, password: &str| {
        server.client().login(name, password).await.status
    };
    assert_eq!(login(&server, "anna", "Passw0rd").await, 200);
    for name in ["quiet", "gone"] {
        assert_eq!(login(&server, name, "Passw0rd").await, 401, "{name}");
    }
    assert_eq!(user(&server, "quiet").password, None);
    // Another password, and another one in the file: the one of the store stays, and the file is not read.
    let hash = server.running.hash().here().hash(&"Changed1".into());
    let changed = server
        .running
        .store()
        .set_password(&alpha, anna.id.clone(), hash.unwrap());
    assert_eq!(changed.await, Ok(true));
    fs::remove_file(server.folder.path().join("password")).expect("removed");
    let server = server.restart().await;
    assert_eq!(user(&server, "anna").id, anna.id);
    assert_eq!(login(&server, "anna", "Changed1").await, 200);
    assert_eq!(login(&server, "anna", "Passw0rd").await, 401);
    let written = String::from_utf8_lossy(&server.everything_written()).into_owned();
    assert!(!written.contains("Passw0rd"));
}

#[tokio::test]
async fn a_user_that_cannot_be_made_stops_the_start_and_says_why() {
    let refusal = async |change: &dyn Fn(&Path)| {
        let folder = tempfile::TempDir::new().expect("a folder");
        let config = read(USERS, folder.path());
        change(folder.path());
        match Server::start(config).await {
            Ok(_) => panic!("it started"),
            Err(error) => error.to_string(),
        }
    };
    let missing =
        refusal(&|folder| fs::remove_file(folder.join("password")).expect("removed")).await;
    assert!(
        missing.starts_with("user `Anna` of realm `/alpha` cannot be made: ")
            && missing.contains("password: "),
        "{missing}"
    );
    for text in ["", "\n", &"x".repeat(1_025)] {
        let wrong =
            refusal(&|folder| fs::write(folder.join("password"), text).expect("written")).await;
        assert!(wrong.contains("must have 1 to 1024 characters"), "{wrong}");
    }
}

#[tokio::test]
async fn the_user_of_the_demo_can_be_written_to_and_is_of_the_staff() {
    let server = TestServer::demo().await;
    let key = NameKey::of("demo").expect("a name");
    let demo = server.running.store().user(&realm("/alpha"), &key);
    let attributes = demo.expect("read").expect("a user").attributes;
    assert_eq!(attributes["groups"], serde_json::json!(["staff"]));
    assert_eq!(attributes["mail"], "demo@example.com");
}

#[tokio::test]
async fn a_module_or_a_role_that_names_no_journey_stops_the_start() {
    for (table, expected) in [
        ("modules", "`modules.DataStore` names the journey `Logn`"),
        ("roles", "`roles.DataStore` names the journey `Logn`"),
    ] {
        let folder = tempfile::TempDir::new().expect("a folder");
        let settings = format!(
            "[realms.\"/alpha\"]\njourneys = [\"journeys\"]\n[realms.\"/alpha\".{table}]\n\
             DataStore = \"Logn\"\n"
        );
        let Err(error) = Server::start(read(&settings, folder.path())).await else {
            panic!("it started");
        };
        let said = error.to_string();
        assert!(said.contains(expected), "{said}");
        assert!(
            said.ends_with("which is not there; did you mean `Login`?"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_policy_that_requires_a_realm_that_is_not_there_stops_the_start() {
    for (realm, said) in [
        ("/alpha", None),
        (
            "/alpah",
            Some(
                "policy `p` requires the realm `/alpah`, which is not there; did you mean `/alpha`?",
            ),
        ),
    ] {
        let folder = tempfile::TempDir::new().expect("a folder");
        let config = read(
            "[realms.\"/alpha\"]\njourneys = [\"journeys\"]\n",
            folder.path(),
        );
        let policy =
            format!("policy p \"x:*\" {{\n  actions = [read]\n  require realm \"{realm}\"\n}}\n");
        fs::write(folder.path().join("journeys/p.journey"), policy).expect("written");
        let refused = Server::start(config)
            .await
            .err()
            .map(|error| error.to_string());
        match said {
            None => assert_eq!(refused, None),
            Some(said) => {
                let refused = refused.expect("refused");
                assert!(refused.ends_with(said), "{refused}");
            }
        }
    }
}

const ADMINS: &str = r#"
[realms."/"]
journeys = ["journeys"]
admins = ["user:chief"]
[realms."/".users.chief]
password = { file = "password" }
[realms."/".users.anna]
password = { file = "password" }
groups = ["admins"]
[realms."/".users.amadmin]
password = { file = "password" }

[realms."/alpha"]
parent = "/"
admins = ["group:admins", "user:Bert"]
[realms."/alpha".users.anna]
password = { file = "password" }
groups = ["staff", "admins"]
[realms."/alpha".users.bert]
password = { file = "password" }
[realms."/alpha".users.carl]
password = { file = "password" }
groups = ["Admins", "admin", "group:admins"]
[realms."/alpha".users.chief]
password = { file = "password" }
[realms."/alpha".users.amadmin]
password = { file = "password" }

[realms."/alpha/sub"]
parent = "/alpha"
[realms."/alpha/sub".users.anna]
password = { file = "password" }
groups = ["admins"]

[realms."/alphabet"]
parent = "/"
"#;

#[tokio::test]
async fn administrators_are_those_of_the_realm_and_of_those_it_lies_in() {
    let server = served(ADMINS).await;
    let whole = ["/", "/alpha", "/alpha/sub", "/alphabet"];
    for (realm, user, expected) in [
        ("/", "amadmin", &whole[..]),
        ("/", "chief", &whole[..]),
        ("/", "anna", &[]),
        ("/alpha", "anna", &["/alpha", "/alpha/sub"]),
        ("/alpha", "bert", &["/alpha", "/alpha/sub"]),
        ("/alpha", "carl", &[]),
        // Names that mean something in another realm mean nothing here.
        ("/alpha", "chief", &[]),
        ("/alpha", "amadmin", &[]),
        ("/alpha/sub", "anna", &[]),
    ] {
        let mut client = server.client();
        let path = Client::path(realm, "");
        let step = client.post(&path, "").await.step();
        let body = filled(&step, &[user.into(), "Passw0rd".into()]).to_string();
        client.post(&path, &body).await.token();
        let mut client = client.header("Accept-API-Version", "resource=1.0");
        let below = path.strip_suffix("authenticate").expect("a path");
        let reply = client
            .get(&format!("{below}realms?_queryFilter=true"))
            .await;
        if expected.is_empty() {
            assert_eq!(reply.status, 403, "{user} of {realm}: {}", reply.text());
            continue;
        }
        let told = reply.json();
        let listed: Vec<String> = told["result"]
            .as_array()
            .unwrap_or_else(|| panic!("{told}"))
            .iter()
            .map(|entry| {
                let parent = entry["parentPath"]
                    .as_str()
                    .unwrap_or("")
                    .trim_end_matches('/');
                let name = entry["name"]
                    .as_str()
                    .expect("a name")
                    .trim_start_matches('/');
                format!("{parent}/{name}")
            })
            .collect();
        assert_eq!(listed, expected, "{user} of {realm}: {told}");
        // An account that is switched off administers nothing, whatever its session.
        let key = NameKey::of(user).expect("a name");
        let store = server.running.store();
        let at = self::realm(realm);
        let id = store.user(&at, &key).expect("read").expect("a user").id;
        assert_eq!(store.set_active(&at, id, false).await, Ok(true));
        let reply = client
            .get(&format!("{below}realms?_queryFilter=true"))
            .await;
        assert!(matches!(reply.status, 401 | 403), "{user} of {realm}");
    }
}

#[tokio::test]
async fn a_bearer_token_that_cannot_be_used_stops_the_start() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let settings = |token: &str| {
        format!(
            "[realms.\"/alpha\"]\njourneys = [\"journeys\"]\n[[backchannel]]\ntoken = {token}\n\
             realms = [\"/alpha\"]\n"
        )
    };
    fs::write(folder.path().join("short"), "0123456789").expect("written");
    fs::write(folder.path().join("blank"), "0123456789 0123456789 0123").expect("written");
    for (token, expected) in [
        (
            "{ file = \"short\" }",
            "must be 22 to 1024 letters, digits and",
        ),
        (
            "{ file = \"blank\" }",
            "must be 22 to 1024 letters, digits and",
        ),
        ("{ file = \"nowhere\" }", "nowhere: "),
        (
            "{ env = \"WAYFARE_NO_SUCH_VARIABLE\" }",
            "the environment has no text in WAYFARE_NO_SUCH_VARIABLE",
        ),
    ] {
        let Err(error) = Server::start(read(&settings(token), folder.path())).await else {
            panic!("it started");
        };
        let said = error.to_string();
        assert!(
            said.starts_with("the token of a backchannel cannot be used: "),
            "{said}"
        );
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("0123456789"), "{said}");
    }
}

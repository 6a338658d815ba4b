//! Starting, stopping, starting again, and every way not to start.

use std::{fmt::Write as _, fs};

use tempfile::TempDir;
use wayfare::{Realm, Value};
use wayfare_server::{
    Server,
    config::{Config, Parameter},
    keys,
};

use crate::support::{Client, TestServer, alpha, cheap, write_all};

async fn refusal(config: Config) -> String {
    match Server::start(config).await {
        Ok(_) => panic!("it started"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn the_first_start_says_where_to_log_in_and_that_it_is_a_demo() {
    let server = TestServer::demo().await;
    let welcome = server.running.welcome();
    let admin = server
        .running
        .admin_password()
        .expect("made now")
        .reveal()
        .clone();
    for text in [
        &format!("http://{}/", server.running.address()),
        "user            demo of realm /alpha, password Ch4ng31t",
        &admin,
        "/am/json/realms/root/realms/alpha/authenticate",
        "This is a demo",
    ] {
        assert!(welcome.contains(text), "{text} in\n{welcome}");
    }
    let mut client = server.client();
    let step = client.post(&Client::path("/", ""), "").await.step();
    let body = crate::support::filled(&step, &["amadmin".into(), admin.clone().into()]).to_string();
    client.post(&Client::path("/", ""), &body).await.token();
    let written = String::from_utf8_lossy(&server.everything_written()).into_owned();
    assert!(!written.contains(&admin), "the password is nowhere on disk");
    let server = server.restart().await;
    assert!(server.running.admin_password().is_none(), "shown once");
    assert!(!server.running.welcome().contains("amadmin"));
}

#[tokio::test]
async fn where_mail_is_kept_is_said_where_some_is() {
    let kept = async |servers: &[bool]| {
        let folder = TempDir::new().unwrap();
        let journeys = folder.path().join("journeys");
        write_all(&journeys, &[("login.journey", crate::journeys::ONE_FIELD)]);
        let mut toml =
            String::from("[server]\nlisten = \"127.0.0.1:0\"\n[data]\nfolder = \"data\"\n");
        for (realm, has_server) in ["/a", "/b"].iter().zip(servers) {
            writeln!(toml, "[realms.\"{realm}\"]\njourneys = [\"journeys\"]").unwrap();
            if *has_server {
                writeln!(toml, "[realms.\"{realm}\".mail]\nfrom = \"a@example.com\"").unwrap();
                toml.push_str("host = \"mail.example.com\"\n");
            }
        }
        let config = Config::parse("wayfare.toml", &toml, folder.path()).unwrap();
        let running = Server::start(config).await.unwrap();
        let welcome = running.welcome();
        let outbox = running.outbox().display().to_string();
        running.stop().await;
        let line = welcome
            .lines()
            .find(|line| line.contains("mail is kept in"));
        line.map(|line| line.replace(&outbox, "OUTBOX"))
    };
    let all = Some("  mail is kept in OUTBOX".to_owned());
    assert_eq!(kept(&[false, false]).await, all);
    let some = Some("  mail is kept in OUTBOX  (realm /b)".to_owned());
    assert_eq!(kept(&[true, false]).await, some);
    // The realm at the top has no journeys here, and so no mail.
    assert_eq!(kept(&[true, true]).await, None);
}

#[tokio::test]
async fn no_test_keeps_a_server_from_starting() {
    // In the file of a journey a test must have a shape; what it speaks of is nobody's affair here.
    let wrong = "test \"x\" for logn {\n  expect sucess\n  answer nobody = 1\n}\n";
    let within = format!("{}\n{wrong}", crate::journeys::ONE_FIELD);
    let server = TestServer::journeys(&[
        ("login.journey", within.as_str()),
        ("login.test.journey", "tset \"unclosed {{{ \u{202e} for\n"),
        (
            "other.test.journey",
            "journey login {\n  start nowhere\n}\n",
        ),
    ])
    .await;
    assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
    assert_eq!(server.running.journeys(&alpha()).unwrap().remarks, [""; 0]);
    assert_eq!(server.client().begin("").await.step()["stage"], "first");
    // Nor does one that turns up later, and nothing is read anew for it.
    fs::write(server.journey_folder().join("new.test.journey"), "}}}").unwrap();
    assert!(!server.running.reload(&alpha()).await);
    assert_eq!(server.running.journeys(&alpha()).unwrap().error, None);
    let server = server.restart().await;
    assert_eq!(server.client().begin("").await.step()["stage"], "first");
}

#[tokio::test]
async fn sessions_and_open_runs_go_on_after_a_restart() {
    let server = TestServer::demo().await;
    let mut inside = server.client();
    inside.login("demo", "Ch4ng31t").await.token();
    let mut under_way = server.client();
    let step = under_way.begin("").await.step();
    let next = under_way
        .answer(&step, &["demo".into(), "no".into()])
        .await
        .step();
    let server = server.restart().await;
    let again = |client: &Client| {
        let mut moved = server.client();
        moved.cookies.clone_from(&client.cookies);
        moved
    };
    assert_eq!(
        again(&inside).sessions("validate", "").await.json()["valid"],
        true
    );
    let replay = again(&under_way)
        .answer(&step, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(
        replay.json()["detail"]["errorCode"],
        "110",
        "a used step stays used"
    );
    again(&under_way)
        .answer(&next, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    assert_eq!(server.sessions(), 2);
}

#[tokio::test]
async fn a_log_out_is_not_undone_by_a_restart() {
    let server = TestServer::demo().await;
    let mut client = server.client();
    let token = client.login("demo", "Ch4ng31t").await.token();
    client.sessions("logout", "").await;
    let server = server.restart().await;
    let body = serde_json::json!({ "tokenId": token }).to_string();
    assert_eq!(
        server.client().sessions("validate", &body).await.text(),
        r#"{"valid":false}"#
    );
}

#[tokio::test]
async fn failures_are_not_forgotten_by_a_restart() {
    let mut server = TestServer::demo().await;
    for _ in 0..5 {
        server.client().login("demo", "wrong").await.step();
        server = server.restart().await;
    }
    let locked = server.client().login("demo", "Ch4ng31t").await;
    locked.step();
    assert_eq!(
        server.sessions(),
        0,
        "out of tries, and told no more than that"
    );
    server.advance(std::time::Duration::from_secs(30));
    server.client().login("demo", "Ch4ng31t").await.token();
}

#[tokio::test]
async fn open_requests_end_before_the_server_does() {
    let server = TestServer::with(|config, _| {
        config.hash.memory_kib = 16 * 1_024;
        config.hash.time = 8;
    })
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let login = tokio::spawn(async move {
        client
            .answer(&step, &["demo".into(), "Ch4ng31t".into()])
            .await
    });
    // Once the hash is counted the request is inside.
    while server.compared() == 0 {
        tokio::task::yield_now().await;
    }
    let address = server.running.address();
    let TestServer {
        running, folder, ..
    } = server;
    running.stop().await;
    login.await.unwrap().token();
    assert!(
        Client::new(address)
            .raw(b"GET /healthz HTTP/1.1\r\n\r\n")
            .await
            .is_none(),
        "it no longer listens"
    );
    drop(folder);
}

#[tokio::test]
async fn a_port_in_use_a_bad_folder_and_a_second_server_are_told_apart() {
    let server = TestServer::demo().await;
    let folder = TempDir::new().unwrap();
    let mut config = cheap(&folder.path().join("data"));
    config.server.listen = server.running.address().to_string();
    let message = refusal(config).await;
    assert!(
        message.starts_with(&format!("cannot listen at {}: ", server.running.address())),
        "{message}"
    );
    assert!(
        message.contains("choose another with --listen"),
        "{message}"
    );
    let next = Server::start(cheap(&folder.path().join("data")))
        .await
        .unwrap();
    assert!(
        next.admin_password().is_some(),
        "a start that fails does not use up the one showing of the password"
    );

    let message = refusal(cheap(&server.folder.path().join("data"))).await;
    assert!(
        message.starts_with("another server is using the data folder"),
        "{message}"
    );

    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let message = refusal(cheap(&file.join("data"))).await;
    assert!(
        message.starts_with("cannot write the data folder"),
        "{message}"
    );

    let corrupt = folder.path().join("corrupt");
    fs::create_dir(&corrupt).unwrap();
    fs::write(corrupt.join("wayfare.db"), "not a database at all, sorry").unwrap();
    let message = refusal(cheap(&corrupt)).await;
    assert!(message.contains("wayfare.db is damaged"), "{message}");
}

#[tokio::test]
async fn journeys_that_cannot_be_served_stop_the_start_and_say_why() {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let serve = |path: &str| cheap(&at("data")).with_journeys(at(path));
    let message = refusal(serve("nowhere")).await;
    assert!(message.contains("there is no file or folder"), "{message}");

    let _socket = std::os::unix::net::UnixListener::bind(at("pipe.journey")).unwrap();
    let message = refusal(serve("pipe.journey")).await;
    let said = "pipe.journey is neither a file nor a folder; name a .journey file or a folder";
    assert!(message.contains(said), "{message}");

    write_all(&at("above"), &[("journeys/login.journey", "")]);
    let message = refusal(serve("above")).await;
    assert!(
        message.contains("there is no .journey file in"),
        "{message}"
    );
    assert!(message.contains("did you mean"), "{message}");

    write_all(
        &at("broken"),
        &[("a.journey", "journey a {\n  start nowhere_to_be_found\n}\n")],
    );
    let message = refusal(serve("broken")).await;
    assert!(
        message.contains("the journeys of realm `/alpha` cannot be served"),
        "{message}"
    );
    assert!(message.contains("a.journey:2:"), "{message}");

    let two = "journey NAME {\n  start n\n  node n: Page {\n    node u: UsernameCollector\n    node p: PasswordCollector\n    -> c\n  }\n  node c: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n";
    write_all(
        &at("two"),
        &[
            ("a.journey", &two.replace("NAME", "one")),
            ("b.journey", &two.replace("NAME", "two")),
        ],
    );
    let message = refusal(serve("two")).await;
    assert!(
        message.contains("it is not clear which is the default; there are one, two"),
        "{message}"
    );
    fs::write(at("two/b.journey"), two.replace("NAME", "two \"Login\"")).unwrap();
    let running = Server::start(serve("two"))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        running.journeys(&alpha()).unwrap().default.as_deref(),
        Some("Login")
    );
}

#[tokio::test]
async fn a_parameter_that_no_file_declares_stops_the_start() {
    let folder = TempDir::new().unwrap();
    let files = folder.path().join("journeys");
    let text = format!("param tries: Int = 3\n{}", crate::journeys::ONE_FIELD);
    write_all(&files, &[("login.journey", &text)]);
    for given in [
        Parameter::Value(Value::Int(4)),
        Parameter::SecretVariable("TIRES".into()),
    ] {
        let mut config = cheap(&folder.path().join("data")).with_journeys(files.clone());
        let realm = config.realms.get_mut(&alpha()).unwrap();
        realm.params.insert("tires".into(), given);
        let message = refusal(config).await;
        for expected in [
            "the journeys of realm `/alpha` cannot be served",
            "no file declares the parameter `tires`; did you mean `tries`?",
        ] {
            assert!(message.contains(expected), "{message}");
        }
    }
}

#[tokio::test]
async fn keys_are_private_stay_and_are_rotated() {
    let server = TestServer::demo().await;
    let data = server.folder.path().join("data");
    let realm = alpha();
    let file = keys::path(&data, &realm);
    let before = fs::read(&file).unwrap();
    assert_ne!(
        before,
        fs::read(keys::path(&data, &Realm::root())).unwrap(),
        "each realm has its own"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode =
            |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&file), 0o600);
        assert_eq!(mode(&data), 0o700);
        for name in ["wayfare.db", "wayfare.db-wal", "audit.log"] {
            assert_eq!(mode(&data.join(name)), 0o600, "{name}");
        }
    }
    let mut client = server.client();
    let step = client.begin("").await.step();
    let server = server.restart().await;
    assert_eq!(fs::read(&file).unwrap(), before, "kept across a restart");
    let keep = std::time::Duration::from_secs(3_600);
    let now = wayfare_server::clock::Clock::now(&server.clock);
    keys::rotate(&data, &realm, now, keep).expect("new keys");
    let server = server.restart().await;
    let mut moved = server.client();
    let next = moved
        .answer(&step, &["demo".into(), "no".into()])
        .await
        .step();
    server.advance(std::time::Duration::from_secs(10));
    moved
        .answer(&next, &["demo".into(), "Ch4ng31t".into()])
        .await
        .token();
    let late = server.client().begin("").await.step();
    server.advance(keep);
    keys::rotate(
        &data,
        &realm,
        wayfare_server::clock::Clock::now(&server.clock),
        keep,
    )
    .expect("new keys");
    let server = server.restart().await;
    let reply = server
        .client()
        .answer(&late, &["demo".into(), "Ch4ng31t".into()])
        .await;
    assert_eq!(
        reply.json()["detail"]["errorCode"],
        "110",
        "expired, though its key still verifies"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn keys_that_others_can_read_stop_the_start() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = TempDir::new().unwrap();
    let config = cheap(folder.path());
    drop(
        Server::start(config.clone())
            .await
            .unwrap_or_else(|error| panic!("{error}")),
    );
    let file = keys::path(folder.path(), &alpha());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let message = refusal(config.clone()).await;
    assert!(message.contains("chmod 600"), "{message}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "{}").unwrap();
    let message = refusal(config).await;
    assert!(message.contains("are damaged"), "{message}");
}

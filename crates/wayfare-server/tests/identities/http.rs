//! Identities over HTTP: tries that are counted for a user, a store that fails, what the realm is told.

use rusqlite::Connection;
use wayfare::Realm;
use wayfare_server::config::DefaultJourney;

use crate::support::{Client, Reply, TestServer};

/// Three tries of a user, whatever runs they are in.
const TRIES: &str = r#"
journey tries {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> again
  }
  node again: RetryLimitDecision {
    retryLimit = 2
    incrementUserAttributeOnFailure = true
    allow enumeration because "nobody is counted over runs"
    Retry -> credentials
    Reject -> failure
    on error -> sorry
  }
  node sorry: SetFailureDetails {
    failureMessage = { en = "Come back later." }
    -> failure
  }
}
"#;

async fn try_once(client: &mut Client, password: &str) -> Reply {
    let step = client.begin("").await.step();
    client
        .answer(&step, &["demo".into(), password.into()])
        .await
}

fn counts(server: &TestServer) -> usize {
    let key = wayfare_server::store::user::NameKey::of("demo").unwrap();
    let realm = Realm::parse("/alpha").unwrap();
    let user = server.running.store().user(&realm, &key).unwrap().unwrap();
    user.attributes
        .keys()
        .filter(|name| name.starts_with("_retry/"))
        .count()
}

#[tokio::test]
async fn tries_of_a_user_are_counted_over_runs_and_a_restart() {
    let server = TestServer::journeys(&[("tries.journey", TRIES)]).await;
    for _ in 0..2 {
        let again = try_once(&mut server.client(), "wrong").await;
        assert!(again.json().get("authId").is_some(), "{}", again.text());
    }
    assert_eq!(counts(&server), 1);
    let server = server.restart().await;
    let rejected = try_once(&mut server.client(), "wrong").await;
    assert_eq!(rejected.status, 401, "{}", rejected.text());
    // Used up: they begin anew.
    assert_eq!(counts(&server), 0);
    let again = try_once(&mut server.client(), "wrong").await;
    assert!(again.json().get("authId").is_some());
    assert_eq!(counts(&server), 1);
    // Whoever is in has all tries again.
    try_once(&mut server.client(), "Ch4ng31t").await.token();
    assert_eq!(counts(&server), 0);
}

/// The journey of the tries under another name, with something else in it.
fn tries_as(name: &str, settings: &str, right: &str) -> String {
    TRIES
        .replace("journey tries {", &format!("journey {name} {{\n{settings}"))
        .replace("true -> success", right)
}

#[tokio::test]
async fn success_without_a_session_gives_the_tries_back_and_a_failure_does_not() {
    let quiet = tries_as("quiet", "  noSession = true", "true -> success");
    let closed = "true -> closed";
    let denied = tries_as("denied", "", closed).replace(
        "  node sorry:",
        "  node closed: Decision {
    when has shared.username && shared.username == \"nobody\" -> success
    else -> failure
  }
  node sorry:",
    );
    let of_a_run = tries_as("of_a_run", "  noSession = true", "true -> success")
        .replace("incrementUserAttributeOnFailure = true", "")
        .replace(
            "allow enumeration because \"nobody is counted over runs\"",
            "",
        );
    // Whoever types a name has not shown that it is theirs.
    let named = r#"
journey named {
  noSession = true
  start who
  node who: UsernameCollector {
    allow unproved_success because "it looks a name up"
    -> success
  }
}
journey named_in {
  start who
  node who: UsernameCollector {
    allow unproved_success because "it looks a name up"
    -> success
  }
}
"#;
    let server = TestServer::with_journeys(
        &[
            ("tries.journey", TRIES),
            ("quiet.journey", &quiet),
            ("denied.journey", &denied),
            ("of_a_run.journey", &of_a_run),
            ("named.journey", named),
        ],
        |config| {
            let realm = config.realms.get_mut(&crate::support::alpha()).unwrap();
            realm.default = DefaultJourney::Named("tries".to_owned());
        },
    )
    .await;
    let start = |journey: &str, more: &str| {
        let query = format!("authIndexType=service&authIndexValue={journey}{more}");
        Client::path("/alpha", &query)
    };
    let answer = async |path: String, typed: &[&str]| {
        let mut client = server.client();
        let step = client.post(&path, "").await.step();
        let typed: Vec<_> = typed.iter().map(|text| (*text).into()).collect();
        // `noSession` belongs to the request that ends the run, as to the one that begins it.
        let body = crate::support::filled(&step, &typed).to_string();
        client.post(&path, &body).await
    };
    for (path, passed) in [
        (start("quiet", ""), true),
        (start("tries", "&noSession=true"), true),
        (start("of_a_run", ""), true),
        (start("denied", ""), false),
        (start("named", ""), false),
        (start("named_in", ""), false),
    ] {
        let wrong = try_once(&mut server.client(), "wrong").await;
        assert!(wrong.json().get("authId").is_some(), "{}", wrong.text());
        assert_eq!(counts(&server), 1, "{path}");
        let typed: &[&str] = if path.contains("named") {
            &["demo"]
        } else {
            &["demo", "Ch4ng31t"]
        };
        let reply = answer(path.clone(), typed).await;
        let failed = path.contains("denied");
        assert_eq!(reply.status == 401, failed, "{path}: {}", reply.text());
        let session = reply.json()["tokenId"].is_string();
        assert_eq!(
            session,
            path.contains("named_in"),
            "{path}: {}",
            reply.text()
        );
        assert_eq!(counts(&server) == 0, passed, "{path}");
        try_once(&mut server.client(), "Ch4ng31t").await.token();
        assert_eq!(counts(&server), 0);
    }
    // In a run alone nobody's tries are kept.
    let path = start("of_a_run", "");
    let wrong = answer(path, &["demo", "wrong"]).await;
    assert!(wrong.json().get("authId").is_some(), "{}", wrong.text());
    assert_eq!(counts(&server), 0);
}

#[tokio::test]
async fn a_store_that_cannot_write_takes_the_error_arrow() {
    let server = TestServer::journeys(&[("tries.journey", TRIES)]).await;
    let file = server.folder.path().join("data").join("wayfare.db");
    let db = Connection::open(file).unwrap();
    db.execute_batch(
        "CREATE TRIGGER full BEFORE UPDATE OF attributes ON user BEGIN
         SELECT RAISE(ABORT, 'database or disk is full'); END",
    )
    .unwrap();
    let failed = try_once(&mut server.client(), "wrong").await;
    assert_eq!(failed.status, 401);
    assert!(
        failed.text().contains("Come back later."),
        "{}",
        failed.text()
    );
    assert_eq!(counts(&server), 0);
    let audit = std::fs::read_to_string(server.running.audit_path()).unwrap();
    assert!(audit.contains("tries/again"), "{audit}");
    db.execute_batch("DROP TRIGGER full").unwrap();
    let again = try_once(&mut server.client(), "wrong").await;
    assert!(again.json().get("authId").is_some());
}

#[tokio::test]
async fn documents_and_schemas_are_read_at_the_start_or_stop_it() {
    for (name, text, fits) in [
        (
            "terms",
            r#"{"version": "1", "text": {"en": "Be kind."}}"#,
            true,
        ),
        ("terms", r#"{"version": 1, "text": {}}"#, false),
        ("questions", r#"{"questions": {"1": {"en": "?"}}}"#, true),
        ("questions", "[]", false),
        ("consent", r#"[{"name": "crm"}]"#, true),
        ("consent", "[{}]", false),
        ("consent", "nothing", false),
        (
            "schema",
            r#"{"properties": {"userName": {"type": "string"}}}"#,
            true,
        ),
        (
            "schema",
            r#"{"properties": {"mail": {"type": "string"}}}"#,
            false,
        ),
    ] {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("file.json");
        std::fs::write(&file, text).unwrap();
        let mut config = crate::support::cheap(&folder.path().join("data"));
        let realm = config
            .realms
            .get_mut(&Realm::parse("/alpha").unwrap())
            .unwrap();
        let into = match name {
            "terms" => &mut realm.identities.terms,
            "questions" => &mut realm.identities.questions,
            "consent" => &mut realm.identities.consent,
            _ => &mut realm.identities.schema,
        };
        *into = Some(file);
        match wayfare_server::Server::start(config).await {
            Ok(running) => {
                assert!(fits, "{name}: {text}");
                running.stop().await;
            }
            Err(error) => {
                assert!(!fits, "{name}: {text}: {error}");
                assert!(error.to_string().contains("file.json"), "{error}");
            }
        }
    }
}

/// Asks for what is in an object of the profile, keeps it, and looks at it.
const PREFERENCES: &str = r#"
journey ask {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> lacks
    false -> failure
  }
  node lacks: QueryFilterDecision {
    queryFilter = "!(/preferences pr) or /preferences/marketing eq false or /preferences/updates eq false"
    true -> page
    false -> present
  }
  node page: Page {
    node news: AttributeCollector {
      attributesToCollect = ["preferences/updates", "/preferences/marketing"]
      validateInputs = true
    }
    -> keep
  }
  node keep: PatchObject {
    patchAsObject = true
    PATCHED -> success
    FAILURE -> failure
  }
  node present: AttributePresentDecision {
    presentAttribute = "preferences/updates"
    true -> equal
    false -> failure
  }
  node equal: AttributeValueDecision {
    comparisonOperation = "EQUALS"
    comparisonAttribute = "/preferences/marketing"
    comparisonValue = "true"
    true -> told
    false -> failure
  }
  node told: SetSuccessDetails {
    sessionProperties = { news = "wanted" }
    -> success
  }
}
"#;

#[tokio::test]
async fn what_is_in_an_object_is_asked_for_kept_and_looked_at() {
    let server = TestServer::journeys(&[("ask.journey", PREFERENCES)]).await;
    let key = wayfare_server::store::user::NameKey::of("demo").unwrap();
    let realm = Realm::parse("/alpha").unwrap();
    let kept = || {
        let user = server.running.store().user(&realm, &key).unwrap().unwrap();
        user.attribute("preferences").cloned()
    };
    for (news, offers) in [(true, false), (true, true)] {
        let mut client = server.client();
        let mut page = try_once(&mut client, "Ch4ng31t").await.step();
        let names = [
            (0, "preferences/updates", news),
            (1, "preferences/marketing", offers),
        ];
        for (at, name, value) in names {
            let callback = &mut page["callbacks"][at];
            assert_eq!(callback["type"], "BooleanAttributeInputCallback");
            assert_eq!(callback["output"][0]["value"], name);
            callback["input"][0]["value"] = value.into();
        }
        let done = client
            .post(&Client::path("/alpha", ""), &page.to_string())
            .await;
        done.token();
        let wanted = serde_json::json!({ "updates": news, "marketing": offers });
        assert_eq!(kept(), Some(wanted));
    }
    try_once(&mut server.client(), "Ch4ng31t").await.token();
}

/// What the users of the next tests hold.
const PEOPLE: &str = r#"{"properties": {
    "userName": {"type": "string", "userEditable": true},
    "mail": {"type": "string", "userEditable": true, "policies": [{"policyId": "valid-email-address-format"}]},
    "vip": {"type": "boolean", "viewable": false},
    "salary": {"type": "number"},
    "password": {"type": "string", "viewable": false, "userEditable": true, "isProtected": true, "minLength": 8}
}}"#;

/// Registration on one page, and a journey that would have a user change what is not the user's.
const PAGES: &str = r#"
journey join {
  start all
  node all: Page {
    node name: ValidatedUsername(validateInput = true)
    node mail: AttributeCollector {
      attributesToCollect = ["mail"]
      validateInputs = true
    }
    node password: ValidatedPassword(validateInput = true)
    node terms: AcceptTermsAndConditions
    -> make
  }
  node make: CreateObject {
    allow enumeration because "a test"
    CREATED -> success
    FAILURE -> failure
  }
}

journey raise {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> ask
    false -> failure
  }
  node ask: AttributeCollector {
    attributesToCollect = ["salary"]
    validateInputs = true
    -> keep
  }
  node keep: PatchObject {
    PATCHED -> success
    FAILURE -> failure
  }
}
"#;

async fn people() -> TestServer {
    TestServer::with(|config, folder| {
        let journeys = folder.join("journeys");
        crate::support::write_all(&journeys, &[("pages.journey", PAGES)]);
        *config = config.clone().with_journeys(journeys);
        let files = [
            ("people.json", PEOPLE),
            (
                "terms.json",
                r#"{"version": "1", "text": {"en": "Be kind."}}"#,
            ),
        ];
        crate::support::write_all(folder, &files);
        let realm = config
            .realms
            .get_mut(&Realm::parse("/alpha").unwrap())
            .unwrap();
        realm.default = DefaultJourney::Named("join".into());
        realm.identities.schema = Some(folder.join("people.json"));
        realm.identities.terms = Some(folder.join("terms.json"));
    })
    .await
}

/// The answers to the page of `join`: none is only to be validated.
fn all(name: &str, mail: &str, password: &str, terms: bool) -> Vec<serde_json::Value> {
    let texts = [name, mail, password];
    let mut answers: Vec<serde_json::Value> = texts
        .iter()
        .flat_map(|text| [(*text).into(), false.into()])
        .collect();
    answers.push(terms.into());
    answers
}

/// What stands in each field, and how many policies it failed.
fn fields(step: &serde_json::Value) -> Vec<(serde_json::Value, usize)> {
    let callbacks = step["callbacks"].as_array().unwrap().iter();
    let field = callbacks.map(|callback| {
        let outputs = callback["output"].as_array().unwrap();
        let failed = outputs
            .iter()
            .find(|output| output["name"] == "failedPolicies");
        let failed = failed.map_or(0, |failed| failed["value"].as_array().unwrap().len());
        (callback["input"][0]["value"].clone(), failed)
    });
    field.collect()
}

#[tokio::test]
async fn a_page_comes_again_with_what_was_accepted_and_without_old_complaints() {
    let server = people().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let empty = |text: &str| (serde_json::Value::from(text), 0);
    let unticked = (serde_json::Value::from(false), 0);
    let ticked = (serde_json::Value::from(true), 0);
    assert_eq!(
        fields(&step),
        [empty(""), empty(""), empty(""), unticked.clone()]
    );
    // The name is taken and the rest is as it should be.
    let answers = all("demo", "new@example.com", "Secret12", true);
    let step = client.answer(&step, &answers).await.step();
    let taken = ("demo".into(), 1);
    assert_eq!(
        fields(&step),
        [taken, empty("new@example.com"), empty(""), ticked.clone()]
    );
    // The name is mended, and the others are spoilt.
    let answers = all("new", "new", "short", false);
    let step = client.answer(&step, &answers).await.step();
    let (odd, short) = (("new".into(), 1), (serde_json::Value::from(""), 1));
    assert_eq!(fields(&step), [empty("new"), odd, short, unticked]);
    // They are mended, and the name is spoilt: nothing is said of what is right now.
    let answers = all("demo", "new@example.com", "Secret12", true);
    let step = client.answer(&step, &answers).await.step();
    let taken = ("demo".into(), 1);
    assert_eq!(
        fields(&step),
        [taken, empty("new@example.com"), empty(""), ticked]
    );
    let answers = all("new", "new@example.com", "Secret12", true);
    client.answer(&step, &answers).await.token();
}

#[tokio::test]
async fn what_is_not_the_users_is_neither_shown_nor_asked_for() {
    let server = people().await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let answers = all("ada", "ada@example.com", "Secret12", true);
    let token = client.answer(&step, &answers).await.token();
    let file = server.folder.path().join("data").join("wayfare.db");
    let changed =
        "UPDATE user SET attributes = json_set(attributes, '$.vip', json('true'), '$.salary', 7)";
    let db = Connection::open(file).unwrap();
    db.execute(&format!("{changed} WHERE username = 'ada'"), [])
        .unwrap();
    let mut own = server.client().header("iPlanetDirectoryPro", &token);
    let profile = own.get("/am/json/realms/root/realms/alpha/users/ada").await;
    assert_eq!(profile.json()["salary"], serde_json::json!(["7"]));
    assert_eq!(profile.json().get("vip"), None, "{}", profile.text());

    let step = client.begin("raise").await.step();
    let refused = client
        .answer(&step, &["ada".into(), "Secret12".into()])
        .await;
    assert_eq!(refused.status, 401, "{}", refused.text());
    let audit = std::fs::read_to_string(server.running.audit_path()).unwrap();
    assert!(audit.contains("Configuration contains an invalid attribute"));
}

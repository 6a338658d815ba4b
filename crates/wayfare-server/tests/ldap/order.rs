//! A directory and the database beside it are no one transaction: whatever breaks off between them leaves
//! nobody in, and is whole once it is done again.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use rusqlite::Connection;
use serde_json::Value as Json;
use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::DirectorySettings;

use super::{
    OUT, STORE,
    fake::{Does, Fake, SEARCH, found, result},
    login, over, said, served,
    slapd::Slapd,
};
use crate::support::{TestServer, alpha};

const ADD: u8 = 0x68;
const DELETE: u8 = 0x4a;

/// Journeys that make and change somebody, in the directory and beside it: no directory has `country`.
const BOTH: &str = r#"
journey join "Join" {
  start about
  node about: Page {
    node name: ValidatedUsername(validateInput = true)
    node secret: ValidatedPassword
    node more: AttributeCollector(attributesToCollect = ["mail", "country"], required = true)
    -> make
  }
  node make: CreateObject(identityResource = "managed/user") {
    allow enumeration because "the test asks for what is told"
    CREATED -> success
    FAILURE -> refused
    on error -> broken
  }
  node refused: SetFailureDetails(failureMessage = "refused") -> failure
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}

journey change "Change" {
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
  node ask: AttributeCollector(attributesToCollect = ["givenName", "country"], required = true) -> patch
  node patch: PatchObject(identityResource = "managed/user") {
    PATCHED -> is
    FAILURE -> refused
    on error -> broken
  }
  node is: QueryFilterDecision {
    queryFilter = "givenName eq 'Augusta' and country eq 'Utopia'"
    true -> success
    false -> other
  }
  node other: SetFailureDetails(failureMessage = "other") -> failure
  node refused: SetFailureDetails(failureMessage = "refused") -> failure
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}

journey rename "Rename" {
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
  node ask: AttributeCollector(attributesToCollect = ["description"], required = true) -> patch
  node patch: PatchObject(identityResource = "managed/user") {
    PATCHED -> success
    FAILURE -> refused
    on error -> broken
  }
  node refused: SetFailureDetails(failureMessage = "refused") -> failure
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}
"#;

/// Has every write to the users of the database fail from now on, as on a disk that is full, or succeed
/// again.
fn full(server: &TestServer, is_full: bool) {
    let db = Connection::open(server.database()).expect("a database");
    db.busy_timeout(std::time::Duration::from_secs(5))
        .expect("a timeout");
    let sql = if is_full {
        "CREATE TRIGGER full BEFORE INSERT ON user BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    } else {
        "DROP TRIGGER full"
    };
    db.execute_batch(sql).expect("a trigger");
}

async fn joins(server: &TestServer, name: &str, mail: &str) -> String {
    let mut client = server.client();
    let step = client.begin("Join").await.step();
    let answers: [Json; 7] = [
        name.into(),
        false.into(),
        "Ch4ng31t-fresh".into(),
        mail.into(),
        false.into(),
        "Utopia".into(),
        false.into(),
    ];
    said(&client.answer(&step, &answers).await)
}

async fn changes(server: &TestServer, journey: &str, name: &str, values: &[&str]) -> String {
    let mut client = server.client();
    let step = client.begin(journey).await.step();
    let password = format!("Ch4ng31t-{name}");
    let step = client
        .answer(&step, &[name.into(), password.into()])
        .await
        .step();
    let answers = values.iter();
    let answers: Vec<Json> = answers
        .flat_map(|value| [Json::from(*value), false.into()])
        .collect();
    said(&client.answer(&step, &answers).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_be_made_whole_is_not_made() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(
        slapd.directory(LdapSecurity::Tls),
        &format!("{STORE}{BOTH}"),
    )
    .await;
    let dn = "uid=grete,ou=people,dc=example,dc=com";
    full(&server, true);
    assert_eq!(joins(&server, "grete", "grete@example.com").await, "broken");
    assert_eq!(slapd.get(dn, "uid").await, None);
    assert_eq!(server.sessions(), 0);
    full(&server, false);
    // Nothing stands in the way of doing it again, and in the end the account is active and whole.
    assert_eq!(joins(&server, "grete", "grete@example.com").await, "in");
    assert_eq!(slapd.get(dn, "employeeType").await, Some(Vec::new()));
    let reply = login(&server, "Login", "grete", "Ch4ng31t-fresh").await;
    assert_eq!(said(&reply), "in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_broke_off_is_whole_once_it_is_made_again() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(
        slapd.directory(LdapSecurity::Tls),
        &format!("{STORE}{BOTH}"),
    )
    .await;
    let reply = login(&server, "Login", "ada", "Ch4ng31t-ada").await;
    assert_eq!(said(&reply), "in");
    full(&server, true);
    let values = ["Augusta", "Utopia"];
    assert_eq!(changes(&server, "Change", "ada", &values).await, "broken");
    // The directory comes first.
    let dn = "uid=ada,ou=people,dc=example,dc=com";
    let given = slapd.get(dn, "givenName").await;
    assert_eq!(given, Some(vec!["Augusta".to_owned()]));
    full(&server, false);
    assert_eq!(changes(&server, "Change", "ada", &values).await, "in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_falls_silent_is_left_with_nobody_who_may_come_in() {
    let added = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&added);
    let fake = Fake::start(move |tag, body| match tag {
        SEARCH => found(&[], 0),
        ADD => {
            noted.lock().expect("nobody fails").extend_from_slice(body);
            Does::Answers(vec![result(0x69, 0, "")])
        }
        // It cannot be taken away either.
        DELETE => Does::Answers(vec![result(0x6b, 80, "")]),
        _ => Does::Nothing,
    })
    .await;
    let at = vec![("127.0.0.1".to_owned(), fake.port)];
    let mut directory = DirectorySettings::new(at, "ou=people,dc=example,dc=com");
    directory.security = LdapSecurity::Plain;
    let server = over(directory, &format!("{STORE}{BOTH}")).await;
    assert_eq!(joins(&server, "grete", "grete@example.com").await, "broken");
    assert_eq!((fake.count(ADD), fake.count(DELETE)), (1, 1));
    let added = added.lock().expect("nobody fails").clone();
    let added = String::from_utf8_lossy(&added).into_owned();
    assert!(
        added.contains("employeeType") && added.contains("locked"),
        "{added}"
    );
    assert_eq!(server.sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_entry_is_named_by_does_not_change() {
    let Some(slapd) = Slapd::start() else { return };
    let server = served(&format!("{STORE}{BOTH}"), |config| {
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let directory = slapd.directory(LdapSecurity::Tls);
        let mut store = wayfare_server::config::LdapStoreSettings::new(directory);
        store.attributes = [("description".to_owned(), "cn".to_owned())].into();
        realm.identities.ldap = Some(store);
        realm.demo_user = false;
    })
    .await;
    for (value, expected) in [("Other", "refused"), ("Hand", "in")] {
        let came = changes(&server, "Rename", "hand", &[value]).await;
        assert_eq!(came, expected, "{value}");
    }
    // Whoever is named by something else may have another one.
    assert_eq!(changes(&server, "Rename", "ada", &["Countess"]).await, "in");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_be_one_persons_is() {
    let Some(slapd) = Slapd::start() else { return };
    let schema = slapd.ca().with_file_name("users.json");
    let text = r#"{ "title": "User", "required": ["userName"], "properties": {
        "userName": { "type": "string", "userEditable": true, "unique": true },
        "mail": { "type": "string", "userEditable": true, "unique": true },
        "country": { "type": "string", "userEditable": true },
        "password": { "type": "string", "isProtected": true, "userEditable": true } } }"#;
    fs::write(&schema, text).expect("a schema");
    let server = served(&format!("{STORE}{BOTH}"), |config| {
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let directory = slapd.directory(LdapSecurity::Tls);
        let mut store = wayfare_server::config::LdapStoreSettings::new(directory);
        store.create_in = Some("ou=people,dc=example,dc=com".to_owned());
        realm.identities.ldap = Some(store);
        realm.identities.schema = Some(schema.clone());
        realm.demo_user = false;
    })
    .await;
    for (name, mail, expected) in [
        ("grete", "ADA@example.com", "refused"),
        ("grete", "pair@example.com", "refused"),
        ("Ada", "grete@example.com", "asks"),
        ("grete", "grete@example.com", "in"),
        ("greta", "grete@example.com", "refused"),
    ] {
        assert_eq!(joins(&server, name, mail).await, expected, "{name} {mail}");
    }
    let dn = "uid=greta,ou=people,dc=example,dc=com";
    assert_eq!(slapd.get(dn, "uid").await, None);
    let reply = login(&server, "Login", "greta", "Ch4ng31t-fresh").await;
    assert_eq!(said(&reply), OUT);
}

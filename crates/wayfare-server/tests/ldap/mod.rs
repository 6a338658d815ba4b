//! Directories over HTTP: a real one with a policy of its own, and ones that misbehave.

mod bounds;
mod fake;
mod generic;
mod mutual;
mod odd;
mod order;
mod remember;
pub(crate) mod slapd;

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value as Json;
use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::{
    AllowedDirectory, Config, DefaultJourney, DirectorySettings, LdapStoreSettings, SecretSource,
    StatusSettings,
};

use self::slapd::Slapd;
use crate::support::{Reply, TestServer, alpha};

const STORE: &str = r#"
journey store "Login" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: IdentityStoreDecision {
    mixedCaseForPasswordChangeMessages = true
    minimumPasswordLength = 4
    allow enumeration because "the test asks for what is told"
    TRUE -> success
    FALSE -> failure
    LOCKED -> locked
    CANCELLED -> cancelled
    EXPIRED -> lapsed
    on error -> broken
  }
  node locked: SetFailureDetails(failureMessage = "locked") -> failure
  node cancelled: SetFailureDetails(failureMessage = "cancelled") -> failure
  node lapsed: SetFailureDetails(failureMessage = "lapsed") -> failure
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}

journey plain "Plain" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
    on error -> broken
  }
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}
"#;

/// A journey that asks a directory of its own.
fn named(ty: &str, port: u16, mode: &str) -> String {
    STORE
        .replace("node check: IdentityStoreDecision {\n", &format!(
            "node check: {ty} {{\n    primaryServers = [\"127.0.0.1:{port}\"]\n    accountSearchBaseDn = [\"ou=people,dc=example,dc=com\"]\n    searchFilterAttributes = [\"uid\"]\n    userProfileAttribute = \"uid\"\n    ldapConnectionMode = \"{mode}\"\n"
        ))
}

async fn served(text: &str, change: impl FnOnce(&mut Config)) -> TestServer {
    TestServer::with_journeys(&[("world.journey", text)], |config| {
        config.realms.get_mut(&alpha()).expect("the realm").default =
            DefaultJourney::Named("Login".to_owned());
        change(config);
    })
    .await
}

/// A server whose realm has its users in a directory.
async fn over(directory: DirectorySettings, text: &str) -> TestServer {
    served(text, |config| {
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let mut store = LdapStoreSettings::new(directory);
        store.create_in = Some("ou=people,dc=example,dc=com".to_owned());
        store.status = Some(status());
        realm.identities.ldap = Some(store);
        realm.demo_user = false;
    })
    .await
}

fn status() -> StatusSettings {
    StatusSettings {
        attribute: "employeeType".to_owned(),
        inactive: "locked".to_owned(),
        active: None,
    }
}

async fn login(server: &TestServer, journey: &str, name: &str, password: &str) -> Reply {
    let mut client = server.client();
    let step = client.begin(journey).await.step();
    client.answer(&step, &[name.into(), password.into()]).await
}

fn said(reply: &Reply) -> String {
    let json = reply.json();
    if json["tokenId"].is_string() {
        return "in".to_owned();
    }
    json["message"].as_str().unwrap_or("asks").to_owned()
}

const OUT: &str = "Login failure";

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_lets_in_whoever_it_knows() {
    let Some(slapd) = Slapd::start() else { return };
    for security in [
        LdapSecurity::Tls,
        LdapSecurity::StartTls,
        LdapSecurity::Plain,
    ] {
        let server = over(slapd.directory(security), STORE).await;
        for journey in ["Login", "Plain"] {
            for (name, password, expected) in [
                ("ada", "Ch4ng31t-ada", "in"),
                ("ADA", "Ch4ng31t-ada", "in"),
                ("ada@example.com", "Ch4ng31t-ada", "in"),
                ("ada", "wrong", OUT),
                ("nobody", "Ch4ng31t-ada", OUT),
            ] {
                let reply = login(&server, journey, name, password).await;
                assert_eq!(said(&reply), expected, "{security:?} {journey} {name}");
            }
        }
        // The name of the session is the one of the entry.
        let mut client = server.client();
        client.login("ADA", "Ch4ng31t-ada").await;
        assert_eq!(client.sessions("validate", "").await.json()["uid"], "ada");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_is_never_part_of_a_filter_or_a_name() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(slapd.directory(LdapSecurity::Tls), STORE).await;
    let long = "a".repeat(250);
    let stars = "*".repeat(200);
    for name in [
        "*",
        "a*",
        "ada)(uid=*",
        "*)(|(uid=*",
        "ada)(objectClass=*))(|(uid=ada",
        r"\61da",
        r"ad\61",
        "ada,ou=people,dc=example,dc=com",
        "uid=ada,ou=people,dc=example,dc=com",
        "ada\0",
        "(uid=ada)",
        "&(uid=ada)",
        " ada",
        "ada ",
        "ad  a",
        "\u{ff41}da",
        &long,
        &stars,
    ] {
        for journey in ["Login", "Plain"] {
            let reply = login(&server, journey, name, "Ch4ng31t-ada").await;
            assert_eq!(reply.status, 401, "{name:?}: {}", reply.text());
        }
    }
    // A bind without a password succeeds in a directory; none is made.
    for password in ["", " ", "\t"] {
        for journey in ["Login", "Plain"] {
            let reply = login(&server, journey, "ada", password).await;
            assert_ne!(said(&reply), "in", "{password:?}");
        }
    }
    // Two of one name, and one without a name, are nobody.
    for name in [
        "twin",
        "twin@example.com",
        "nameless",
        "nameless@example.com",
    ] {
        let password = if name.starts_with("twin") {
            "Ch4ng31t-twin"
        } else {
            "Ch4ng31t-nameless"
        };
        assert_eq!(
            said(&login(&server, "Login", name, password).await),
            OUT,
            "{name}"
        );
    }
    assert_eq!(server.sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_a_directory_has_its_say() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(slapd.directory(LdapSecurity::Tls), STORE).await;
    for (name, password, expected) in [
        ("locked", "Ch4ng31t-locked", "locked"),
        ("locked", "wrong", "locked"),
        ("lapsed", "Ch4ng31t-lapsed", "lapsed"),
        ("lapsed", "wrong", OUT),
        ("reset", "wrong", OUT),
    ] {
        let reply = login(&server, "Login", name, password).await;
        assert_eq!(said(&reply), expected, "{name} {password}");
    }
    // Whoever only compares is not told, and a password that must be changed is not enough.
    for (name, expected) in [
        ("locked", OUT),
        ("lapsed", OUT),
        ("reset", OUT),
        ("soon", "in"),
    ] {
        let reply = login(&server, "Plain", name, &format!("Ch4ng31t-{name}")).await;
        assert_eq!(said(&reply), expected, "{name}");
    }
    // One that lapses soon, and one that has lapsed, may be kept as long as they let in.
    for (name, words) in [("soon", "expires in"), ("grace", "Logins left")] {
        let mut client = server.client();
        let step = client.begin("").await.step();
        let password = format!("Ch4ng31t-{name}");
        let page = client
            .answer(&step, &[name.into(), password.into()])
            .await
            .step();
        let text = page["callbacks"][0]["output"][0]["value"].as_str();
        assert!(text.is_some_and(|text| text.contains(words)), "{page}");
        let kept = client
            .answer(&page, &["".into(), "".into(), "".into(), 1.into()])
            .await;
        assert_eq!(said(&kept), "in", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_as_the_directory_will_have_it() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(slapd.directory(LdapSecurity::Tls), STORE).await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let page = client
        .answer(&step, &["reset".into(), "Ch4ng31t-reset".into()])
        .await
        .step();
    let change =
        |old: &str, new: &str| -> Vec<Json> { vec![old.into(), new.into(), new.into(), 0.into()] };
    let why = |page: &Json| {
        page["callbacks"][0]["output"][0]["value"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(why(&page).contains("must change"), "{page}");
    // The old one is compared by the directory; the new one is judged by its policy.
    let page = client
        .answer(&page, &change("a guess", "Newer-secret-1"))
        .await
        .step();
    assert!(why(&page).contains("old password"), "{page}");
    let page = client
        .answer(&page, &change("Ch4ng31t-reset", "short12"))
        .await
        .step();
    assert!(why(&page).contains("too short"), "{page}");
    let done = client
        .answer(&page, &change("Ch4ng31t-reset", "Newer-secret-1"))
        .await;
    assert_eq!(said(&done), "in");
    for (password, expected) in [("Ch4ng31t-reset", OUT), ("Newer-secret-1", "in")] {
        let reply = login(&server, "Login", "reset", password).await;
        assert_eq!(said(&reply), expected, "{password}");
    }
    // Cancelling a change that must be made lets nobody in; neither does a grace login that is the last.
    let mut client = server.client();
    let step = client.begin("").await.step();
    let page = client
        .answer(&step, &["grace".into(), "Ch4ng31t-grace".into()])
        .await
        .step();
    let done = client
        .answer(&page, &change("Ch4ng31t-grace", "Newer-secret-2"))
        .await;
    assert_eq!(said(&done), "in");
    assert_eq!(
        said(&login(&server, "Login", "grace", "Newer-secret-2").await),
        "in"
    );
    let everything = String::from_utf8_lossy(&server.everything_written()).into_owned();
    for secret in ["Newer-secret", "server-secret", "Ch4ng31t-"] {
        assert!(!everything.contains(secret), "{secret} is written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_here_before_the_directory_is_asked() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(slapd.directory(LdapSecurity::Tls), STORE).await;
    // By both ways in, and by both names: one budget.
    for at in 0..5 {
        let journey = if at % 2 == 0 { "Login" } else { "Plain" };
        let name = if at % 2 == 0 {
            "ada"
        } else {
            "ada@example.com"
        };
        assert_eq!(said(&login(&server, journey, name, "wrong").await), OUT);
    }
    for journey in ["Login", "Plain"] {
        let reply = login(&server, journey, "ada", "Ch4ng31t-ada").await;
        assert_eq!(said(&reply), OUT, "no try is left");
    }
    let server = server.restart().await;
    assert_eq!(
        said(&login(&server, "Plain", "ada", "Ch4ng31t-ada").await),
        OUT
    );
    server.advance(Duration::from_secs(31));
    assert_eq!(
        said(&login(&server, "Plain", "ada", "Ch4ng31t-ada").await),
        "in"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_goes_away_fails_cleanly() {
    let Some(mut slapd) = Slapd::start() else {
        return;
    };
    let server = over(slapd.directory(LdapSecurity::Tls), STORE).await;
    assert_eq!(
        said(&login(&server, "Login", "ada", "Ch4ng31t-ada").await),
        "in"
    );
    slapd.end();
    for name in ["ada", "nobody"] {
        for journey in ["Login", "Plain"] {
            assert_eq!(
                said(&login(&server, journey, name, "x-long-enough").await),
                "broken"
            );
        }
    }
    assert!(
        server
            .events()
            .iter()
            .any(|event| event == "AM-LOGIN-COMPLETED")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_with_another_certificate_is_not_asked() {
    let (Some(slapd), Some(other)) = (Slapd::start(), Slapd::start()) else {
        return;
    };
    for security in [LdapSecurity::Tls, LdapSecurity::StartTls] {
        let mut directory = slapd.directory(security);
        directory.ca = Some(other.ca());
        let server = over(directory, STORE).await;
        assert_eq!(
            said(&login(&server, "Login", "ada", "Ch4ng31t-ada").await),
            "broken"
        );
    }
}

const GENERIC: &str = r#"
journey join "Join" {
  start about
  node about: Page {
    node name: ValidatedUsername(validateInput = true)
    node secret: ValidatedPassword
    node more: AttributeCollector(attributesToCollect = ["givenName", "sn", "mail"], required = true)
    -> make
  }
  node make: CreateObject(identityResource = "managed/user") {
    allow enumeration because "the test asks for what is told"
    CREATED -> check
    FAILURE -> refused
    on error -> broken
  }
  node check: DataStoreDecision {
    true -> count
    false -> failure
  }
  node count: IncrementLoginCount -> success
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
  node ask: AttributeCollector(attributesToCollect = ["givenName"], required = true) -> patch
  node patch: PatchObject(identityResource = "managed/user") {
    PATCHED -> is
    FAILURE -> failure
  }
  node is: AttributeValueDecision {
    comparisonAttribute = "givenName"
    comparisonValue = "Augusta"
    true -> success
    false -> other
  }
  node other: SetFailureDetails(failureMessage = "other") -> failure
}

journey lock "Lock" {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> lock
    false -> failure
  }
  node lock: AccountLockout(lockAction = "LOCK") -> active
  node active: AccountActiveDecision {
    true -> success
    false -> locked
  }
  node locked: SetFailureDetails(failureMessage = "locked now") -> failure
}

journey find "Find" {
  start mail
  node mail: AttributeCollector(attributesToCollect = ["mail"], required = true) -> known
  node known: IdentifyExistingUser(identityAttribute = "mail", identifier = "userName") {
    allow enumeration because "the test asks for what is told"
    true -> secret
    false -> nobody
  }
  node nobody: SetFailureDetails(failureMessage = "nobody") -> failure
  node secret: PasswordCollector -> check
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn people_are_made_found_changed_and_locked_in_a_directory() {
    let Some(slapd) = Slapd::start() else { return };
    let text = format!("{STORE}{GENERIC}");
    let server = over(slapd.directory(LdapSecurity::Tls), &text).await;
    let join = |name: &str, password: &str, mail: &str| -> Vec<Json> {
        let mut all: Vec<Json> = vec![name.into(), false.into(), password.into()];
        for value in ["Given", "Name", mail] {
            all.extend([Json::from(value), false.into()]);
        }
        all
    };
    for (name, password, mail, expected) in [
        ("grete", "Ch4ng31t-fresh", "grete@example.com", "in"),
        (
            "o'neil, (*) \\#1",
            "Ch4ng31t-fresh",
            "oneil@example.com",
            "in",
        ),
        ("grete", "Ch4ng31t-fresh", "other@example.com", "asks"),
        // What names somebody, in whichever attribute: two who are meant by it would both be nobody.
        (
            "ADA@example.com",
            "Ch4ng31t-fresh",
            "ada2@example.com",
            "refused",
        ),
        ("ada2", "Ch4ng31t-fresh", "Ada@example.com", "refused"),
        // The directory's own policy, and no half-made entry.
        ("weak", "Sh0rt-one", "weak@example.com", "refused"),
    ] {
        let mut client = server.client();
        let step = client.begin("Join").await.step();
        let reply = client.answer(&step, &join(name, password, mail)).await;
        assert_eq!(said(&reply), expected, "{name}: {}", reply.text());
    }
    assert_eq!(
        said(&login(&server, "Plain", "weak", "Sh0rt-one").await),
        OUT
    );
    let by_mail = login(&server, "Login", "ada@example.com", "Ch4ng31t-ada").await;
    assert_eq!(said(&by_mail), "in");
    let odd = login(&server, "Login", "o'neil, (*) \\#1", "Ch4ng31t-fresh").await;
    assert_eq!(said(&odd), "in");

    for (given, expected) in [("Augusta", "in"), ("Gus", "other")] {
        let mut client = server.client();
        let step = client.begin("Change").await.step();
        let step = client
            .answer(&step, &["ada".into(), "Ch4ng31t-ada".into()])
            .await
            .step();
        let reply = client.answer(&step, &[given.into(), false.into()]).await;
        assert_eq!(said(&reply), expected, "{given}");
    }
    for (mail, expected) in [
        ("ADA@example.com", "in"),
        ("pair@example.com", "nobody"),
        ("*@example.com", "nobody"),
        ("a)(uid=ada", "nobody"),
    ] {
        let mut client = server.client();
        let step = client.begin("Find").await.step();
        let mut reply = client.answer(&step, &[mail.into(), false.into()]).await;
        if said(&reply) == "asks" {
            reply = client.answer(&reply.step(), &["Ch4ng31t-ada".into()]).await;
        }
        assert_eq!(said(&reply), expected, "{mail}");
    }
    let locked = login(&server, "Lock", "grete", "Ch4ng31t-fresh").await;
    assert_eq!(said(&locked), "locked now");
    assert_eq!(
        said(&login(&server, "Login", "grete", "Ch4ng31t-fresh").await),
        "locked"
    );
    assert_eq!(
        said(&login(&server, "Plain", "grete", "Ch4ng31t-fresh").await),
        OUT
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_asks_the_directories_that_the_settings_allow() {
    let Some(slapd) = Slapd::start() else { return };
    let text = named("LdapDecision", slapd.tls, "LDAPS")
        .replace("userProfileAttribute = \"uid\"\n", "userProfileAttribute = \"uid\"\n    adminDn = \"cn=server,ou=services,dc=example,dc=com\"\n    adminPassword = reader\n");
    let text = format!("param reader: Secret\n{text}");
    let secret = slapd.ca().with_file_name("secret");
    for (allowed, expected) in [(true, "in"), (false, "broken")] {
        let server = served(&text, |config| {
            let realm = config.realms.get_mut(&alpha()).expect("the realm");
            realm.params.insert(
                "reader".into(),
                wayfare_server::config::Parameter::SecretFile(secret.clone()),
            );
            if allowed {
                let ca = Some(slapd.ca());
                realm.directories = BTreeMap::from([(
                    ("127.0.0.1".to_owned(), slapd.tls),
                    AllowedDirectory { ca },
                )]);
            }
            let mut user = wayfare_server::config::UserSettings::default();
            user.groups = vec!["staff".to_owned()];
            realm.users = BTreeMap::from([("ada".to_owned(), user)]);
        })
        .await;
        assert_eq!(
            said(&login(&server, "Login", "ada", "Ch4ng31t-ada").await),
            expected
        );
        if allowed {
            for (name, password, expected) in [
                ("ada", "wrong", OUT),
                ("locked", "Ch4ng31t-locked", OUT),
                // Right in the directory, and nobody here.
                ("soon", "Ch4ng31t-soon", OUT),
                ("*", "Ch4ng31t-ada", OUT),
            ] {
                let reply = login(&server, "Login", name, password).await;
                assert_eq!(said(&reply), expected, "{name}");
            }
        }
    }
}

#[test]
fn settings_of_directories_are_read_and_their_mistakes_told() {
    let folder = std::path::Path::new("/settings");
    let text = r#"
[realms."/alpha".identities.ldap]
servers = ["ldap.example.com", "other.example.com:1636"]
bases = ["ou=people,dc=example,dc=com"]
bind_dn = "cn=server"
bind_password = { env = "LDAP_PASSWORD" }
search = ["uid", "mail"]
policy = "none"
timeout = "2s"
status = { attribute = "employeeType", inactive = "locked" }
[realms."/alpha".identities.ldap.attributes]
mail = "rfc822Mailbox"
[realms."/alpha".systems.hr]
servers = ["localhost:389"]
security = "none"
bases = ["dc=hr"]
[realms."/alpha".directories."ldap.example.com:636"]
ca = "ca.pem"
"#;
    let mut read = Config::parse("wayfare.toml", text, folder).unwrap();
    let realm = read.realms.remove(&alpha()).unwrap();
    let store = realm.identities.ldap.unwrap();
    let at = |host: &str, port| (host.to_owned(), port);
    assert_eq!(
        store.directory.servers,
        [at("ldap.example.com", 636), at("other.example.com", 1636)]
    );
    assert_eq!(store.directory.timeout, Duration::from_secs(2));
    let account = (
        "cn=server".to_owned(),
        SecretSource::Variable("LDAP_PASSWORD".to_owned()),
    );
    assert_eq!(store.directory.account, Some(account));
    assert_eq!(
        store.attributes,
        BTreeMap::from([("mail".to_owned(), "rfc822Mailbox".to_owned())])
    );
    assert_eq!(store.status, Some(status()));
    assert_eq!(realm.systems["hr"].security, LdapSecurity::Plain);
    let ca = realm.directories[&at("ldap.example.com", 636)].ca.clone();
    assert_eq!(ca, Some(folder.join("ca.pem")));

    for (wrong, part) in [
        (
            "servers = [\"ldap.example.com\"]\nbases = [\"dc=x\"]\nsecurity = \"none\"",
            "not this machine",
        ),
        ("servers = [\"ldap.example.com\"]", "bases"),
        (
            "servers = [\"h\"]\nbases = [\"dc=x\"]\nattributes = { \"work/place\" = \"l\" }",
            "objects are kept beside a directory",
        ),
        ("bases = [\"dc=x\"]", "servers"),
        ("servers = [\"a/b\"]\nbases = [\"dc=x\"]", "servers"),
        (
            "servers = [\"h\"]\nbases = [\"dc=x\"]\nbind_dn = \"cn=x\"",
            "bind_password",
        ),
        (
            "servers = [\"h\"]\nbases = [\"dc=x\"]\nsearch = [\"uid=*\"]",
            "search",
        ),
        (
            "servers = [\"h\"]\nbases = [\"dc=x\"]\nname = \"(uid\"",
            "name",
        ),
        (
            "servers = [\"h\"]\nbases = [\"dc=x\"]\npolicy = \"x\"",
            "policy",
        ),
        (
            "servers = [\"h\"]\nbases = [\"dc=x\"]\nbind_password = \"secret-word\"",
            "bind_password",
        ),
    ] {
        let text = format!("[realms.\"/alpha\".identities.ldap]\n{wrong}\n");
        let error = Config::parse("wayfare.toml", &text, folder)
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{wrong}: {error}");
        assert!(!error.contains("secret-word"), "{error}");
    }
}

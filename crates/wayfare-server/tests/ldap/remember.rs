//! Persistent cookies of people in a directory: they end with the password that the directory has.

use std::sync::Arc;

use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::{DirectorySettings, LdapStoreSettings, SecretSource};

use super::{login, said, served, slapd::Slapd, status};
use crate::support::{Client, TestServer, alpha};

const REMEMBERING: &str = r#"
journey login "Login" {
  start known
  node known: PersistentCookieDecision {
    persistentCookieName = "remember-me"
    true -> success
    false -> credentials
    on error -> broken
  }
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> remember
    false -> failure
  }
  node remember: SetPersistentCookie {
    persistentCookieName = "remember-me"
    -> success
  }
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}
"#;

async fn over(directory: DirectorySettings) -> TestServer {
    served(REMEMBERING, |config| {
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let mut store = LdapStoreSettings::new(directory);
        store.status = Some(status());
        realm.identities.ldap = Some(store);
        realm.demo_user = false;
    })
    .await
}

/// Somebody who has logged in, with nothing but the persistent cookie, where there is one.
async fn remembered(server: &TestServer, name: &str, password: &str) -> Client {
    let mut client = server.client();
    let step = client.begin("").await.step();
    let reply = client.answer(&step, &[name.into(), password.into()]).await;
    assert_eq!(said(&reply), "in", "{name}");
    client.cookies.retain(|name, _| name == "remember-me");
    client
}

async fn begins(client: &Client) -> String {
    said(&client.clone().begin("").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_ends_with_the_password_in_the_directory() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(slapd.directory(LdapSecurity::Tls)).await;
    // One whose password has a time, and one whose hash can be read.
    for name in ["soon", "ada"] {
        let kept = remembered(&server, name, &format!("Ch4ng31t-{name}")).await;
        assert_eq!(kept.cookies.len(), 1, "{name}");
        assert_eq!(begins(&kept).await, "in", "{name}");
        let dn = format!("uid={name},ou=people,dc=example,dc=com");
        // Another attribute is no other password.
        slapd.set(&dn, "description", &["changed"]).await;
        assert_eq!(begins(&kept).await, "in", "{name}");
        slapd.set(&dn, "employeeType", &["locked"]).await;
        assert_eq!(begins(&kept).await, "asks", "{name} is locked");
        slapd.set(&dn, "employeeType", &[]).await;
        assert_eq!(begins(&kept).await, "in", "{name}");
        slapd.set(&dn, "userPassword", &["Another-Ch4ng31t"]).await;
        assert_eq!(begins(&kept).await, "asks", "{name} has another password");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_directory_tells_nothing_of_passwords_there_are_no_cookies() {
    let Some(slapd) = Slapd::start() else { return };
    let mut directory = slapd.directory(LdapSecurity::Tls);
    directory.account = Some((
        "cn=blind,ou=services,dc=example,dc=com".to_owned(),
        SecretSource::File(slapd.ca().with_file_name("secret")),
    ));
    let server = over(directory).await;
    let kept = remembered(&server, "ada", "Ch4ng31t-ada").await;
    assert_eq!(kept.cookies.len(), 0);
    // When one was changed may be read even where its hash may not.
    let kept = remembered(&server, "soon", "Ch4ng31t-soon").await;
    assert_eq!(begins(&kept).await, "in");
    let dn = "uid=soon,ou=people,dc=example,dc=com";
    slapd.set(dn, "userPassword", &["Another-Ch4ng31t"]).await;
    assert_eq!(begins(&kept).await, "asks");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_needs_the_directory() {
    let Some(mut slapd) = Slapd::start() else {
        return;
    };
    let server = Arc::new(over(slapd.directory(LdapSecurity::Tls)).await);
    let kept = remembered(&server, "ada", "Ch4ng31t-ada").await;
    slapd.end();
    assert_eq!(begins(&kept).await, "broken");
    assert_eq!(server.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn giving_up_all_cookies_is_not_undone_by_a_login() {
    let Some(slapd) = Slapd::start() else { return };
    let server = over(slapd.directory(LdapSecurity::Tls)).await;
    let stolen = remembered(&server, "ada", "Ch4ng31t-ada").await;
    let mut owner = server.client();
    let step = owner.begin("").await.step();
    let answers = ["ada".into(), "Ch4ng31t-ada".into()];
    owner.answer(&step, &answers).await.token();
    let path = "/am/json/realms/root/realms/alpha/sessions?_action=logoutByUser";
    let mut owner = owner.header("Accept-API-Version", "resource=5.1");
    let out = owner.post(path, r#"{"username":"ada"}"#).await;
    assert_eq!(out.status, 200, "{}", out.text());
    assert_eq!(begins(&stolen).await, "asks");
    let dn = "uid=ada,ou=people,dc=example,dc=com";
    slapd.set(dn, "givenName", &["Augusta"]).await;
    let reply = login(&server, "Login", "ada", "Ch4ng31t-ada").await;
    assert_eq!(said(&reply), "in");
    assert_eq!(begins(&stolen).await, "asks");
}

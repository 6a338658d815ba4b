//! Directories that ask who calls them, and know it by a certificate.

use std::{collections::BTreeMap, fs};

use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::{AllowedDirectory, ClientCertificate, Config};

use super::{GENERIC, STORE, login, named, over, said, served, slapd::Slapd};
use crate::support::alpha;

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_shown_the_certificate_of_the_settings() {
    let Some(slapd) = Slapd::demanding() else {
        return;
    };
    for security in [LdapSecurity::Tls, LdapSecurity::StartTls] {
        for (shown, account, expected) in [
            (Some(true), true, "in"),
            // Without an account, the owner of the certificate searches.
            (Some(true), false, "in"),
            (Some(false), true, "broken"),
            (None, true, "broken"),
        ] {
            let mut directory = slapd.directory(security);
            directory.certificate = shown.map(|own| slapd.shown(own));
            if !account {
                directory.account = None;
            }
            let server = over(directory, STORE).await;
            let reply = login(&server, "Login", "ada", "Ch4ng31t-ada").await;
            assert_eq!(said(&reply), expected, "{security:?} {shown:?} {account}");
            if expected == "in" {
                let reply = login(&server, "Login", "ada", "wrong").await;
                assert_eq!(said(&reply), super::OUT);
            }
        }
    }
    // And what it may do there it does.
    let mut directory = slapd.directory(LdapSecurity::Tls);
    directory.certificate = Some(slapd.shown(true));
    directory.account = None;
    let server = over(directory, &format!("{STORE}{GENERIC}")).await;
    let mut client = server.client();
    let step = client.begin("Change").await.step();
    let step = client
        .answer(&step, &["ada".into(), "Ch4ng31t-ada".into()])
        .await
        .step();
    let reply = client
        .answer(&step, &["Augusta".into(), false.into()])
        .await;
    assert_eq!(said(&reply), "in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_given_the_certificate_that_the_settings_map_its_label_to() {
    const LABEL: &str = "am.authentication.nodes.ldap.decision.mtls.own.cert";
    let Some(slapd) = Slapd::demanding() else {
        return;
    };
    let asks =
        "userProfileAttribute = \"uid\"\n    mtlsEnabled = true\n    mtlsSecretLabel = \"own\"\n";
    let text =
        named("LdapDecision", slapd.tls, "LDAPS").replace("userProfileAttribute = \"uid\"\n", asks);
    for (shown, expected) in [
        (Some(slapd.shown(true)), "in"),
        (Some(slapd.shown(false)), "broken"),
        (None, "broken"),
    ] {
        let server = served(&text, |config| {
            let realm = config.realms.get_mut(&alpha()).expect("the realm");
            let ca = Some(slapd.ca());
            let at = ("127.0.0.1".to_owned(), slapd.tls);
            realm.directories = BTreeMap::from([(at, AllowedDirectory { ca })]);
            let shown = shown.clone().map(|shown| (LABEL.to_owned(), shown));
            realm.client_certificates = shown.into_iter().collect();
            let user = wayfare_server::config::UserSettings::default();
            realm.users = BTreeMap::from([("ada".to_owned(), user)]);
        })
        .await;
        let reply = login(&server, "Login", "ada", "Ch4ng31t-ada").await;
        assert_eq!(said(&reply), expected, "{shown:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_replaced_is_the_one_that_is_shown() {
    let Some(slapd) = Slapd::demanding() else {
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let put = |shown: ClientCertificate| {
        fs::copy(shown.certificate, folder.path().join("own.pem")).expect("a copy");
        fs::copy(shown.key, folder.path().join("own.key")).expect("a copy");
    };
    put(slapd.shown(false));
    let mut directory = slapd.directory(LdapSecurity::Tls);
    directory.account = None;
    directory.certificate = Some(ClientCertificate {
        certificate: folder.path().join("own.pem"),
        key: folder.path().join("own.key"),
    });
    let server = over(directory, STORE).await;
    let before = login(&server, "Login", "ada", "Ch4ng31t-ada").await;
    put(slapd.shown(true));
    let after = login(&server, "Login", "ada", "Ch4ng31t-ada").await;
    assert_eq!(
        (said(&before).as_str(), said(&after).as_str()),
        ("broken", "in")
    );
}

#[test]
fn settings_of_certificates_are_read_and_their_mistakes_told() {
    let folder = std::path::Path::new("/settings");
    let text = r#"
[realms."/alpha".identities.ldap]
servers = ["ldap.example.com"]
bases = ["dc=x"]
certificate = "own.pem"
key = "own.key"
[realms."/alpha".client_certificates."am.authentication.nodes.ldap.decision.mtls.own.cert"]
certificate = "node.pem"
key = "node.key"
"#;
    let mut read = Config::parse("wayfare.toml", text, folder).unwrap();
    let realm = read.realms.remove(&alpha()).unwrap();
    let own = |name: &str| ClientCertificate {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    };
    let store = realm.identities.ldap.unwrap();
    assert_eq!(store.directory.certificate, Some(own("own")));
    let label = "am.authentication.nodes.ldap.decision.mtls.own.cert";
    assert_eq!(realm.client_certificates.get(label), Some(&own("node")));

    let store =
        "[realms.\"/alpha\".identities.ldap]\nbases = [\"dc=x\"]\nservers = [\"localhost\"]\n";
    let node = "[realms.\"/alpha\".client_certificates.\"x\"]\n";
    for (wrong, part) in [
        (format!("{store}certificate = \"own.pem\""), "go together"),
        (format!("{store}key = \"own.key\""), "go together"),
        (
            format!("{store}certificate = \"a\"\nkey = \"b\"\nsecurity = \"none\""),
            "security",
        ),
        (format!("{node}certificate = \"a\""), "go together"),
        (node.to_owned(), "certificate"),
        (
            format!("{node}certificate = \"a\"\nkey = \"b\"\nca = \"c\""),
            "ca",
        ),
    ] {
        let error = Config::parse("wayfare.toml", &wrong, folder);
        let error = error.unwrap_err().to_string();
        assert!(error.contains(part), "{wrong}: {error}");
    }
}

//! Directories that do what a real one rarely does: other numbers, nonsense, silence.

use std::collections::BTreeMap;

use wayfare::engine::effect::LdapSecurity;
use wayfare_server::config::{AllowedDirectory, DirectorySettings};

use super::{
    OUT, STORE,
    fake::{self, BIND, Does, Fake, MODIFY, SEARCH, bound, entry, found, result},
    login, named, over, said, served,
};
use crate::support::{TestServer, alpha};

/// A directory with one person, whose bind comes to this.
async fn with_person(code: u8, text: &'static str) -> Fake {
    Fake::start(move |tag, _| match tag {
        BIND => bound(code, text),
        SEARCH => {
            let attributes: [(&str, &[u8]); 3] = [
                ("uid", b"demo"),
                ("entryUUID", b"0001"),
                ("objectGUID", &[0xff, 1, 2]),
            ];
            found(&[entry("uid=demo,dc=example,dc=com", &attributes)], 0)
        }
        MODIFY => Does::Answers(vec![result(0x67, 0, "")]),
        _ => Does::Nothing,
    })
    .await
}

pub(super) async fn asking(ty: &str, fake: &Fake) -> TestServer {
    asking_within(ty, fake, "20s").await
}

/// A server whose node waits so long for its directory.
pub(super) async fn asking_within(ty: &str, fake: &Fake, time: &str) -> TestServer {
    let port = fake.port;
    let waits = format!("userProfileAttribute = \"uid\"\n    ldapOperationsTimeout = {time}\n");
    let text = named(ty, port, "LDAP").replace("userProfileAttribute = \"uid\"\n", &waits);
    served(&text, |config| {
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        let at = ("127.0.0.1".to_owned(), port);
        realm.directories = BTreeMap::from([(at, AllowedDirectory::default())]);
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn active_directory_tells_by_its_numbers() {
    for (code, text, expected) in [
        (0, "", "in"),
        (
            49,
            "80090308: AcceptSecurityContext error, data 52e, v4563",
            OUT,
        ),
        (
            49,
            "80090308: AcceptSecurityContext error, data 775, v4563",
            "locked",
        ),
        (
            49,
            "80090308: AcceptSecurityContext error, data 533, v4563",
            "locked",
        ),
        (
            49,
            "80090308: AcceptSecurityContext error, data 532, v4563",
            "lapsed",
        ),
        (
            49,
            "80090308: AcceptSecurityContext error, data 773, v4563",
            "asks",
        ),
        (51, "busy", "broken"),
    ] {
        let fake = with_person(code, text).await;
        let server = asking("ADDecision", &fake).await;
        let mut client = server.client();
        let step = client.begin("").await.step();
        let reply = client
            .answer(&step, &["demo".into(), "Ch4ng31t".into()])
            .await;
        assert_eq!(said(&reply), expected, "{text}");
        if expected == "asks" {
            let change = [
                "Ch4ng31t".into(),
                "Newer-1".into(),
                "Newer-1".into(),
                0.into(),
            ];
            let done = client.answer(&reply.step(), &change).await;
            assert_eq!((said(&done).as_str(), fake.count(MODIFY)), ("in", 1));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_misbehaves_lets_nobody_in() {
    let person = |attributes: &[(&str, &[u8])]| entry("uid=demo,dc=example,dc=com", attributes);
    let whole = person(&[("uid", b"demo"), ("entryUUID", b"1")]);
    let searched = |done: Does| {
        move |tag: u8, _: &[u8]| match tag {
            SEARCH => done.clone(),
            BIND => bound(0, ""),
            _ => Does::Nothing,
        }
    };
    let referral = |tag| {
        let parts = [fake::tlv(10, &[10]), fake::tlv(4, b""), fake::tlv(4, b"")];
        let to = fake::tlv(
            0xa3,
            &fake::tlv(4, b"ldap://elsewhere.example.com/dc=example"),
        );
        fake::tlv(tag, &[parts.concat(), to].concat())
    };
    for (what, does, expected) in [
        ("a referral", Does::Answers(vec![referral(0x65)]), "broken"),
        ("a limit", found(std::slice::from_ref(&whole), 4), OUT),
        (
            "two of one name",
            found(&[whole.clone(), person(&[("uid", b"DEMO")])], 0),
            OUT,
        ),
        ("no name", found(&[person(&[("mail", b"demo")])], 0), OUT),
        (
            "a name of bytes",
            found(&[person(&[("uid", &[0xff, 0xfe])])], 0),
            OUT,
        ),
        (
            "another name",
            found(&[person(&[("uid", b"other")])], 0),
            OUT,
        ),
        ("a cut", Does::Breaks(vec![0x30, 0x20, 2, 1]), "broken"),
        (
            "nonsense",
            Does::Breaks(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            "broken",
        ),
        ("an empty message", Does::Breaks(vec![0x30, 0]), "broken"),
        (
            "an entry of nothing",
            Does::Answers(vec![vec![0x64, 0]]),
            "broken",
        ),
        ("refused", found(&[], 50), "broken"),
    ] {
        let fake = Fake::start(searched(does)).await;
        let server = asking("LdapDecision", &fake).await;
        let reply = login(&server, "Login", "demo", "Ch4ng31t").await;
        assert_eq!(said(&reply), expected, "{what}");
        assert_eq!(server.sessions(), 0, "{what}");
    }
    // A bind that is answered with nothing, half of an answer or a referral.
    for (what, does) in [
        ("a cut", Does::Breaks(vec![0x30, 0x0c, 2, 1])),
        ("a referral", Does::Answers(vec![referral(0x61)])),
    ] {
        let whole = whole.clone();
        let fake = Fake::start(move |tag, _| match tag {
            SEARCH => found(std::slice::from_ref(&whole), 0),
            _ => does.clone(),
        })
        .await;
        let server = asking("LdapDecision", &fake).await;
        assert_eq!(
            said(&login(&server, "Login", "demo", "Ch4ng31t").await),
            "broken",
            "{what}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_silent_is_waited_for_no_longer_than_said() {
    let fake = Fake::start(|_, _| Does::Nothing).await;
    let server = asking_within("LdapDecision", &fake, "1s").await;
    assert_eq!(
        said(&login(&server, "Login", "demo", "Ch4ng31t").await),
        "broken"
    );
    assert_eq!(fake.count(SEARCH), 1);
}

/// A directory that knows one person, or nobody, and lets in no one.
async fn stranger(person: bool) -> Fake {
    Fake::start(move |tag, _| match tag {
        BIND => bound(49, ""),
        SEARCH if person => {
            let attributes: [(&str, &[u8]); 2] = [("uid", b"demo"), ("entryUUID", b"1")];
            found(&[entry("uid=demo,dc=x", &attributes)], 0)
        }
        _ => found(&[], 0),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_costs_a_bind_as_a_guess_does() {
    let count = |person: bool| async move {
        let fake = stranger(person).await;
        let server = asking("LdapDecision", &fake).await;
        assert_eq!(said(&login(&server, "Login", "demo", "wrong").await), OUT);
        (fake.count(SEARCH), fake.count(BIND))
    };
    assert_eq!(count(true).await, count(false).await);

    // The same where the directory is the store of the realm, whoever asks.
    for journey in ["Login", "Plain"] {
        let count = |person: bool| async move {
            let fake = stranger(person).await;
            let at = vec![("127.0.0.1".to_owned(), fake.port)];
            let mut directory = DirectorySettings::new(at, "dc=example,dc=com");
            directory.security = LdapSecurity::Plain;
            let server = over(directory, STORE).await;
            assert_eq!(said(&login(&server, journey, "demo", "wrong").await), OUT);
            (fake.count(SEARCH), fake.count(BIND))
        };
        assert_eq!(count(true).await, count(false).await, "{journey}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_system_is_asked_and_proves_nothing() {
    let text = r#"
journey through "Login" {
  start about
  node about: Page {
    node name: ValidatedUsername
    node secret: ValidatedPassword
    -> elsewhere
  }
  node elsewhere: PassthroughAuthentication {
    systemEndpoint = "hr"
    allow enumeration because "the test asks for what is told"
    AUTHENTICATED -> here
    MISSING -> missing
    FAILED -> failure
    on error -> broken
  }
  node here: DataStoreDecision {
    true -> success
    false -> there
  }
  node there: SetFailureDetails(failureMessage = "right there alone") -> failure
  node missing: SetFailureDetails(failureMessage = "missing") -> failure
  node broken: SetFailureDetails(failureMessage = "broken") -> failure
}
"#;
    for (code, password, expected) in [
        (0, "Ch4ng31t", "in"),
        (0, "other", "right there alone"),
        (49, "Ch4ng31t", OUT),
        (52, "Ch4ng31t", "broken"),
    ] {
        let fake = with_person(code, "").await;
        let port = fake.port;
        let server = served(text, |config| {
            let realm = config.realms.get_mut(&alpha()).expect("the realm");
            let at = vec![("127.0.0.1".to_owned(), port)];
            let mut system = DirectorySettings::new(at, "dc=example,dc=com");
            system.security = LdapSecurity::Plain;
            realm.systems = BTreeMap::from([("hr".to_owned(), system)]);
        })
        .await;
        assert_eq!(
            said(&login(&server, "Login", "demo", password).await),
            expected
        );
    }
}

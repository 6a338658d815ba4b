//! Two realms with a user `demo` each, the journeys that attacks are tried on, and what "refused" means.

use std::{collections::BTreeMap, fs};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::Value as Json;
use wayfare::{Realm, Secret};
use wayfare_server::{
    config::{Config, DefaultJourney, Journeys, RealmSettings},
    store::user::User,
};

use crate::support::{Client, Reply, TestServer, mail, write_all};

/// The password of `demo` in `/alpha`.
pub(crate) const ALPHA: &str = "Ch4ng31t";
/// The password of `demo` in `/beta`.
pub(crate) const BETA: &str = "0ther-S3cret";

/// What a failed login says, whatever the reason.
pub(crate) const LOGIN_FAILURE: &str =
    r#"{"code":401,"reason":"Unauthorized","message":"Login failure"}"#;

/// The journeys, the same in both realms.
const JOURNEYS: &str = include_str!("world.journey");

/// A server with both realms.
pub(crate) struct World {
    pub(crate) server: TestServer,
}

/// A realm of the two.
pub(crate) fn realm(path: &str) -> Realm {
    Realm::parse(path).expect("a realm")
}

/// Attributes, a hashed password, and a name.
pub(crate) fn add_user(server: &TestServer, at: &Realm, username: &str, password: Option<&str>) {
    let hashed = password.map(|password| {
        let hash = server.running.hash();
        hash.here().hash(&Secret::from(password)).expect("a hash")
    });
    let user = User {
        id: format!("id-of-{}-{username}", at.as_str().trim_start_matches('/')),
        username: username.to_owned(),
        active: true,
        attributes: BTreeMap::from([("mail".to_owned(), "demo@example.com".into())]),
        password: hashed,
    };
    let added = server.running.store().add_user(at, user);
    assert_eq!(added, Ok(true), "{username} is there already");
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// With settings changed.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let server = TestServer::with(|config, folder| {
            let journeys_folder = folder.join("journeys");
            write_all(&journeys_folder, &[("all.journey", JOURNEYS)]);
            for (path, demo_user) in [("/alpha", true), ("/beta", false)] {
                let mut settings = RealmSettings::default();
                settings.journeys = Journeys::Paths(vec![journeys_folder.clone()]);
                settings.default = DefaultJourney::Named("Login".to_owned());
                settings.demo_user = demo_user;
                // Whether headers log in is left to the node; the other way has vectors of its own.
                settings.zero_page = false;
                config.realms.insert(realm(path), settings);
            }
            change(config);
        })
        .await;
        add_user(&server, &realm("/beta"), "demo", Some(BETA));
        Self { server }
    }

    pub(crate) fn client(&self) -> Client {
        self.server.client()
    }

    /// What can be seen of the server from inside.
    pub(crate) fn look(&self) -> Look {
        let hash = self.server.running.hash();
        Look {
            sessions: self.server.sessions(),
            compared: hash.compared(),
            dummies: hash.dummies(),
            messages: self.server.outbox().len(),
            rows: self.rows(),
            audit: self.server.audit(),
        }
    }

    /// Every row of every table that a request may change; generations of runs and counters among them.
    fn rows(&self) -> Vec<String> {
        let file = self.server.folder.path().join("data/wayfare.db");
        let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .expect("the database");
        let mut rows = Vec::new();
        for table in ["run", "effect", "counter", "session", "user", "program"] {
            let mut statement = database
                .prepare(&format!("SELECT * FROM {table}"))
                .expect("a table");
            let columns = statement.column_count();
            let mut found = statement.query([]).expect("rows");
            while let Some(row) = found.next().expect("a row") {
                let cells = (0..columns).map(|at| match row.get_ref(at).expect("a cell") {
                    ValueRef::Null => "-".to_owned(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => number.to_string(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    ValueRef::Blob(bytes) => format!("{bytes:02x?}"),
                });
                rows.push(format!("{table} {}", cells.collect::<Vec<_>>().join(" ")));
            }
        }
        rows.sort();
        rows
    }

    /// Sends what must be refused and holds the refusal to all that the word means.
    pub(crate) async fn refused(
        &self,
        request: impl Future<Output = Reply>,
        expected: Refused<'_>,
        secrets: &[&str],
    ) -> Reply {
        let before = self.look();
        let reply = request.await;
        self.assert_refused(&before, &reply, expected, secrets);
        reply
    }

    /// A refusal: the exact status and body; no session, cookie or token; nothing compared, counted, moved or
    /// sent; one line of the audit that names the refusal and none of the secrets.
    pub(crate) fn assert_refused(
        &self,
        before: &Look,
        reply: &Reply,
        expected: Refused<'_>,
        secrets: &[&str],
    ) {
        let after = self.look();
        assert_eq!(
            (reply.status, reply.text()),
            (expected.status, &*expected.body())
        );
        assert_eq!(reply.header("set-cookie"), None);
        after.assert_unchanged(before);
        assert_eq!(after.audit.len(), before.audit.len() + 1, "one line");
        let line = &after.audit[before.audit.len()];
        assert_eq!(line["eventName"], "AM-ACCESS-OUTCOME", "{line}");
        assert_eq!(line["result"], "FAILED", "{line}");
        assert_eq!(line["status"], expected.status, "{line}");
        assert_eq!(line["reason"], expected.message, "{line}");
        let line = line.to_string();
        for secret in secrets {
            assert!(!line.contains(secret), "{secret} in {line}");
            assert!(!reply.text().contains(secret), "{secret} in the reply");
        }
    }

    /// The level and service of a session.
    pub(crate) async fn level(&self, token: &str) -> Json {
        let body = serde_json::json!({ "tokenId": token }).to_string();
        let info = self.client().sessions("getSessionInfo", &body).await.json();
        info["properties"]["AuthLevel"].clone()
    }

    /// The last line of the audit.
    pub(crate) fn last_line(&self) -> Json {
        self.server.audit().pop().expect("a line")
    }
}

/// What can be seen of a server from inside, at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Look {
    pub(crate) sessions: u64,
    pub(crate) compared: u64,
    pub(crate) dummies: u64,
    pub(crate) messages: usize,
    pub(crate) rows: Vec<String>,
    pub(crate) audit: Vec<Json>,
}

impl Look {
    /// Nothing but the audit is different.
    pub(crate) fn assert_unchanged(&self, before: &Self) {
        assert_eq!(self.sessions, before.sessions, "sessions");
        assert_eq!(self.compared, before.compared, "comparisons");
        assert_eq!(self.dummies, before.dummies, "hashes");
        assert_eq!(self.messages, before.messages, "messages");
        assert_eq!(self.rows, before.rows, "rows of the store");
    }
}

/// How a request is refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refused<'a> {
    pub(crate) status: u16,
    pub(crate) message: &'a str,
}

pub(crate) const BAD_SIGNATURE: Refused<'_> = bad("AuthId JWT Signature not valid");
pub(crate) const MALFORMED: Refused<'_> = bad("Failed to parse JWT, malformed");
pub(crate) const COUNT: Refused<'_> = bad("Incorrect number of callbacks found in JSON response");
pub(crate) const KIND: Refused<'_> = bad("Required callback not found in JSON response");
pub(crate) const INPUT: Refused<'_> = bad("JSON Callback does not include a input field");
pub(crate) const VALUE: Refused<'_> = bad("Invalid value for a callback input in JSON response");
pub(crate) const NO_CONFIGURATION: Refused<'_> = bad("No Configuration found");
pub(crate) const BAD_JSON: Refused<'_> =
    bad("The request could not be processed because the provided content is not valid JSON");
pub(crate) const TIMED_OUT: Refused<'_> = Refused {
    status: 401,
    message: "Session has timed out",
};

/// A refusal with 400.
pub(crate) const fn bad(message: &str) -> Refused<'_> {
    Refused {
        status: 400,
        message,
    }
}

impl Refused<'_> {
    /// The whole body.
    pub(crate) fn body(&self) -> String {
        let reason = match self.status {
            400 => "Bad Request",
            401 => "Unauthorized",
            413 => "Request Entity Too Large",
            429 => "Too Many Requests",
            503 => "Service Unavailable",
            other => panic!("no reason for {other}"),
        };
        let detail = if self.message == TIMED_OUT.message {
            r#","detail":{"errorCode":"110"}"#
        } else {
            ""
        };
        // None of the messages holds anything that JSON or HTML would escape.
        format!(
            r#"{{"code":{},"reason":"{reason}","message":"{}"{detail}}}"#,
            self.status, self.message
        )
    }
}

/// The code of a sent message.
pub(crate) fn code(message: &str) -> String {
    mail::code(message, 8)
}

/// A reply with what differs from run to run taken out.
pub(crate) fn face(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let headers = reply
        .headers
        .iter()
        .filter(|(name, _)| name != "date" && name != "content-length");
    let mut body = reply.text().to_owned();
    if let Ok(json) = serde_json::from_str::<Json>(&body)
        && let Some(auth_id) = json["authId"].as_str()
    {
        body = body.replace(auth_id, "AUTH_ID");
    }
    (reply.status, headers.cloned().collect(), body)
}

/// The text of a file in the data folder.
pub(crate) fn data_file(server: &TestServer, name: &str) -> String {
    fs::read_to_string(server.folder.path().join("data").join(name)).expect("a file")
}

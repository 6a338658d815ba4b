//! Requests and what they are read as, and answers as they go back, in files: `tests/autoid/*.txt`.
//!
//! `> METHOD TARGET`, header lines, an empty line, the body; below it the call, or the refusal as it goes
//! back. `UPDATE=1` writes what is read now.

#![expect(
    clippy::disallowed_methods,
    reason = "golden files are read and written"
)]

use std::{fmt::Write as _, path::Path, time::Duration};

use serde_json::json;
use wayfare::{Realm, Secret, Timestamp};
use wayfare_wire::{
    am::{reply::Reply, request::Parts},
    autoid::{
        call::Asked,
        operation::Operation,
        refusal::Refusal,
        reply::{Answer, ApiToken},
        role::Permitted,
        token::{Issuing, Login},
        user::{Account, User},
    },
    jose::Algorithm,
    json::Bounds,
};

fn shown(reply: &Reply) -> String {
    let mut text = format!("< {}\n", reply.status);
    for (name, value) in &reply.headers {
        let usual = ["content-type", "cache-control", "x-content-type-options"];
        if !usual.contains(&&**name) {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    text + std::str::from_utf8(&reply.body).unwrap() + "\n"
}

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/autoid")
        .join(name)
}

fn compare(name: &str, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(file(name), text).unwrap();
    }
    let written = std::fs::read_to_string(file(name)).unwrap_or_default();
    assert_eq!(written, text, "{name}; UPDATE=1 writes it");
}

fn played(text: &str) -> String {
    let mut out = String::new();
    for block in text.split("\n\n\n").map(|block| block.trim_matches('\n')) {
        let asked: Vec<&str> = block
            .lines()
            .take_while(|line| !line.starts_with("= ") && !line.starts_with("< "))
            .collect();
        let mut lines = asked.iter().filter(|line| !line.starts_with('#'));
        let first = lines.next().unwrap().strip_prefix("> ").unwrap();
        let (method, target) = first.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = Vec::new();
        for line in lines.by_ref().take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ").unwrap();
            headers.push((name.to_owned(), value.to_owned()));
        }
        let body = lines.copied().collect::<Vec<_>>().join("\n");
        let parts = Parts {
            method,
            path,
            query,
            headers: &headers,
            body: body.trim_end_matches('\n').as_bytes(),
            client: None,
        };
        let read = Asked::read(&parts).and_then(|asked| {
            let call = asked.call(&parts, Bounds::default())?;
            Ok((asked, call))
        });
        let answer = match read {
            Ok((asked, call)) => format!("= {asked:?}\n= {call:?}\n"),
            Err(refusal) => shown(&refusal.reply("r-1")),
        };
        let _ = write!(out, "{}\n\n{answer}\n\n", asked.join("\n").trim_end());
    }
    out.trim_end().to_owned() + "\n"
}

#[test]
fn requests_are_read_as_the_files_say() {
    for name in ["authentication.txt", "beside.txt", "refused.txt"] {
        let text = std::fs::read_to_string(file(name)).unwrap();
        compare(name, &played(&text));
    }
}

#[test]
fn every_operation_is_found_by_its_path_and_takes_its_methods_alone() {
    for operation in Operation::ALL {
        let path = match operation {
            Operation::VerifyApiToken => operation.path().to_owned() + "abc",
            _ => operation.path().to_owned(),
        };
        let found = Operation::at(&path).map(|(found, _)| found);
        assert_eq!(found, Some(operation), "{path}");
        for longer in [path.clone() + "/", path.clone() + "/x"] {
            assert_eq!(Operation::at(&longer), None, "{longer}");
        }
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "get", "", ","] {
            let named = operation.methods().split(", ").any(|one| one == method);
            assert_eq!(operation.takes(method), named, "{method} {path}");
        }
    }
    assert_eq!(
        Operation::at("/api/authentication/action"),
        Some((Operation::Actions, ""))
    );
}

#[test]
fn every_refusal_is_written_as_the_file_says() {
    let refusals = [
        Refusal::BadLogin,
        Refusal::NoToken,
        Refusal::BadToken,
        Refusal::Forbidden,
        Refusal::Malformed("This path takes no body".into()),
        Refusal::Unfit("`password` is too short".to_owned()),
        Refusal::NotFound("There is no such user"),
        Refusal::Conflict("There is such a user already"),
        Refusal::Method("GET, HEAD"),
        Refusal::TooLarge,
        Refusal::MediaType,
        Refusal::TooMany { retry_after: 3 },
        Refusal::Internal,
        Refusal::Busy { retry_after: 1 },
    ];
    let text: String = refusals
        .iter()
        .map(|refusal| shown(&refusal.reply("r-1")))
        .collect();
    compare("refusals.txt", &text);
}

pub(super) fn user() -> User {
    User {
        dn: "cn=test.user@test.com,dc=example,dc=org".to_owned(),
        gid_number: "7777".to_owned(),
        uid: "test.user".to_owned(),
        display_name: "Test User".to_owned(),
        groups: vec!["Admin".to_owned()],
        email: Some("test.user@test.com".to_owned()),
        subject: "6711197".to_owned(),
    }
}

pub(super) fn issuing() -> Issuing {
    Issuing {
        issuer: "https://login.example.com/api/authentication".to_owned(),
        audience: "http://my.service".to_owned(),
        algorithm: Algorithm::EdDsa,
        lifetime: Duration::from_secs(43_200),
        lifetime_max: Duration::from_secs(7 * 86_400),
    }
}

pub(super) fn login(at: u64) -> Login {
    Login {
        user: user(),
        realm: Realm::parse("/alpha").unwrap(),
        at: Timestamp(at * 1_000),
        methods: vec!["pwd".to_owned()],
        level: 10,
    }
}

#[test]
fn every_answer_is_written_as_the_file_says() {
    let token = ApiToken {
        id: "t-1".to_owned(),
        name: "nightly".to_owned(),
        description: "loads the reports".to_owned(),
        expires: 1_800_000_000,
        made_by: "test.user".to_owned(),
    };
    let account = Account {
        user: user(),
        active: true,
    };
    let answers = [
        Answer::Token {
            user: user(),
            token: Secret::from("123456"),
        },
        Answer::Verified(issuing().issue(&login(1_628_893_019), "j-1")),
        Answer::Actions(Permitted {
            actions: vec!["*".to_owned()],
            title: "Unknown".to_owned(),
            homepage: "company".to_owned(),
        }),
        Answer::Keys(json!({ "keys": [{ "kty": "OKP" }] })),
        Answer::Health { uptime: 5_412 },
        Answer::Version,
        Answer::Config {
            ldap: true,
            oidc: false,
        },
        Answer::User(account.clone()),
        Answer::Users(vec![
            account.clone(),
            Account {
                active: false,
                ..account
            },
        ]),
        Answer::ApiTokenMade {
            token: token.clone(),
            secret: Secret::from("123456"),
        },
        Answer::ApiTokenVerified(Some(token.clone())),
        Answer::ApiTokenVerified(None),
        Answer::ApiTokens(vec![token]),
        Answer::Done,
    ];
    let text: String = answers
        .iter()
        .map(|answer| shown(&answer.reply()))
        .collect();
    compare("answers.txt", &text);
    assert!(
        !format!("{answers:?}").contains("123456"),
        "tokens are not shown"
    );
}

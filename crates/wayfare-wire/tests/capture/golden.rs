//! Requests and what they are read as, in files: `tests/capture/*.txt`.
//!
//! `> METHOD TARGET`, header lines, an empty line, the body; below it the call, or the error as it goes
//! back. `UPDATE=1` writes what is read now.

#![expect(
    clippy::disallowed_methods,
    reason = "golden files are read and written"
)]

use std::{fmt::Write as _, path::Path};

use wayfare_wire::{
    am::{reply::Reply, request::Parts},
    capture::{
        error::{Code, Detail, Error, RequestId},
        operation::Operation,
        reply::{Answer, Login, Tokens},
        request::Request,
    },
    json::Bounds,
};

use serde_json::json;
use wayfare::Secret;

pub(super) fn shown(reply: &Reply) -> String {
    let mut text = format!("< {}\n", reply.status);
    for (name, value) in &reply.headers {
        let usual = ["content-type", "cache-control", "x-content-type-options"];
        if !usual.contains(&&**name) {
            let _ = writeln!(text, "{name}: {value}");
        }
    }
    text + std::str::from_utf8(&reply.body).unwrap() + "\n"
}

fn compare(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/capture")
        .join(file);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, text, "{file}; UPDATE=1 writes it");
}

fn id() -> RequestId {
    RequestId::new([7; 10])
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
        let mut body = lines.copied().collect::<Vec<_>>().join("\n");
        if headers
            .iter()
            .any(|(_, value)| value.starts_with("multipart"))
        {
            body = body.trim_end().replace('\n', "\r\n");
        }
        let body = body.trim_end_matches('\n');
        let parts = Parts {
            method,
            path,
            query,
            headers: &headers,
            body: body.as_bytes(),
            client: None,
        };
        let answer = match Request::read(&parts, "/capture", Bounds::default()) {
            Ok(request) => format!("= {:?}\n= {:?}\n", request.sender, request.call),
            Err(unread) => shown(&unread.error.reply(unread.operation, &id())),
        };
        let asked = asked.join("\n");
        let _ = write!(out, "{}\n\n{answer}\n\n", asked.trim_end());
    }
    out.trim_end().to_owned() + "\n"
}

#[test]
fn requests_are_read_as_the_files_say() {
    for file in ["access.txt", "oauth.txt", "refused.txt"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/capture")
            .join(file);
        let text = std::fs::read_to_string(path).unwrap();
        compare(file, &played(&text));
    }
}

fn detail(code: Code) -> Detail {
    let text = |text: &str| text.to_owned();
    let fields = || {
        [(
            text("signInForm"),
            vec![text("Incorrect username or password. Try again.")],
        )]
        .into()
    };
    match code {
        Code::MissingArgument | Code::InvalidArgument => Detail::Argument("flow".into()),
        Code::InvalidCredentials | Code::NoSuchAccount | Code::InvalidFormFields => {
            Detail::Fields(fields())
        }
        Code::UnknownApplication => Detail::Application(text("abc")),
        Code::UnknownEntityType | Code::EntityTypeExists => Detail::EntityType(text("shop")),
        Code::UnknownAttribute | Code::AttributeExists | Code::ReservedAttribute => {
            Detail::Attribute(text("shoeSize"))
        }
        Code::RecordNotFound => {
            Detail::Prefill([(text("emailAddress"), text("a@example.com"))].into())
        }
        Code::EmailAddressInUse => Detail::ExistingProvider(text("capture")),
        Code::RedirectUriMismatch => Detail::Redirect {
            supplied: text("https://a.example/"),
            expected: Some(text("https://b.example/")),
        },
        _ => Detail::None,
    }
}

#[test]
fn every_code_is_written_as_the_file_says() {
    let mut text = String::new();
    for &code in Code::ALL {
        let error = Error::new(code, "what is wrong").with(detail(code));
        text += &shown(&error.reply(Some(Operation::AuthNative), &id()));
        text += &shown(&error.reply(Some(Operation::Token), &id()));
        text += "\n";
    }
    for error in [
        Error::limit(3),
        Error::mails(3),
        Error::not_served(),
        Error::method(),
        Error::too_large(),
        Error::not_found().with(Detail::PrefillAttributes(
            [("email".to_owned(), "a@example.com".to_owned())].into(),
        )),
        Error::new(Code::TriggeredError, "already verified")
            .message(Some("Schon bestätigt.".to_owned())),
        Error::invalid("code", "code not recognized"),
    ] {
        text += &shown(&error.reply(Some(Operation::GetAccessToken), &id()));
        text += &shown(&error.reply(Some(Operation::Token), &id()));
    }
    compare("errors.txt", &text);
}

#[test]
fn every_answer_is_written_as_the_file_says() {
    let token = |text: &str| Secret::from(text);
    let login = Login {
        user: [
            ("uuid".to_owned(), json!("u-1")),
            ("id".to_owned(), json!(4)),
        ]
        .into_iter()
        .collect(),
        token: Some(token("t")),
        code: Some(token("c")),
        is_new: Some(true),
    };
    let answers = [
        Answer::Ok,
        Answer::AccessToken(token("t")),
        Answer::RefreshedToken(token("t")),
        Answer::AuthorizationCode(token("c")),
        Answer::VerificationCode(token("v")),
        Answer::CreationToken(token("k")),
        Answer::Verified {
            uuid: "u-1".to_owned(),
        },
        Answer::Tokens(Tokens {
            access: token("t"),
            refresh: token("r"),
            expires_in: 3600,
            state: None,
        }),
        Answer::Tokens(Tokens {
            access: token("t"),
            refresh: token("r"),
            expires_in: 60,
            state: Some(json!({ "capture": { "password_recover": true } })),
        }),
        Answer::Login(Login {
            token: None,
            code: None,
            is_new: None,
            ..login.clone()
        }),
        Answer::Login(login),
        Answer::Entity(json!({ "uuid": "u-1", "emailVerified": null })),
    ];
    let text: String = answers
        .iter()
        .map(|answer| shown(&answer.reply()))
        .collect();
    compare("answers.txt", &text);
    assert!(
        !format!("{answers:?}").contains("\"t\""),
        "tokens are not shown"
    );
}

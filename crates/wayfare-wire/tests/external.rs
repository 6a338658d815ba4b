//! The wire to handlers of nodes outside.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value as Json, json};
use wayfare::{
    Answer, Ask, Secret, Value,
    engine::effect::{External, ExternalEvent, ExternalReply},
};
use wayfare_wire::{
    am::callbacks,
    external::{Allowed, Key, ReplyError},
    json::Writer,
};

fn asked() -> External {
    let text = |text: &str| Arc::from(text);
    External {
        name: text("AcmeCaptcha"),
        wire: text("AcmeCaptchaNode"),
        node: text("human"),
        realm: text("/alpha"),
        locales: vec!["de".to_owned()],
        event: ExternalEvent::Entered,
        settings: BTreeMap::from([
            (text("siteKey"), Value::from("public")),
            (text("secretKey"), Value::Secret(Secret::from("s3cret"))),
        ]),
        state: BTreeMap::from([
            (text("shared.username"), Value::from("demo")),
            (text("shared.mail"), Value::from("demo@example.com")),
            (
                text("transient.password"),
                Value::Secret(Secret::from("Ch4ng31t")),
            ),
        ]),
        memory: Some(Value::Int(3)),
        outcomes: vec![text("true"), text("false")],
        proving: vec![text("true")],
        callbacks: vec![text("NameCallback"), text("AcmeCallback")],
        writes: vec![text("transient.score")],
        suspends: false,
    }
}

fn sent(allowed: &Allowed, asked: &External) -> Json {
    serde_json::from_str(&allowed.request(asked)).unwrap()
}

fn set(words: &[&str]) -> std::collections::BTreeSet<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

#[test]
fn secrets_stay_here_unless_the_settings_name_them() {
    let plain = sent(&Allowed::default(), &asked());
    assert_eq!(
        plain["state"],
        json!({ "shared.username": "demo", "shared.mail": "demo@example.com" })
    );
    assert_eq!(plain["settings"], json!({ "siteKey": "public" }));
    assert_eq!(plain["event"], json!({ "kind": "entered" }));
    assert_eq!(plain["memory"], 3);
    let narrow = Allowed {
        state: Some(set(&["shared.username"])),
        secrets: set(&["transient.password", "settings.secretKey"]),
        outcomes: Some(set(&["false"])),
        callbacks: Some(set(&[])),
    };
    let narrow = sent(&narrow, &asked());
    assert_eq!(
        narrow["state"],
        json!({ "shared.username": "demo", "transient.password": "Ch4ng31t" })
    );
    assert_eq!(narrow["settings"]["secretKey"], "s3cret");
    assert_eq!(narrow["outcomes"], json!(["false"]));
    assert_eq!(narrow["proving"], json!([]));
    assert_eq!(narrow["callbacks"], json!([]));
}

#[test]
fn answers_are_spelled_as_clients_send_them() {
    let mut asked = asked();
    let kind = |kind: &str| Arc::from(kind);
    asked.event = ExternalEvent::Answered(vec![
        (kind("NameCallback"), Answer::Text("demo".to_owned())),
        (kind("TextOutputCallback"), Answer::None),
        (
            kind("AcmeCallback"),
            Answer::Fields(vec![
                (kind(""), Value::Secret(Secret::from("token"))),
                (kind("flag"), Value::Bool(true)),
            ]),
        ),
    ]);
    let body = sent(&Allowed::default(), &asked);
    assert_eq!(
        body["event"]["answers"],
        json!([
            { "type": "NameCallback", "input": [{ "name": "IDToken1", "value": "demo" }] },
            { "type": "TextOutputCallback", "input": [] },
            { "type": "AcmeCallback", "input": [
                { "name": "IDToken3", "value": "token" },
                { "name": "IDToken3flag", "value": true },
            ] },
        ])
    );
}

fn read(body: &Json) -> Result<ExternalReply, ReplyError> {
    Allowed::default().reply(&asked(), body.to_string().as_bytes())
}

#[test]
fn a_reply_says_exactly_one_thing() {
    let went = read(&json!({
        "outcome": "true", "user": "demo", "writes": { "transient.score": 0.5 }, "memory": [1],
    }));
    let Ok(ExternalReply::Went(went)) = went else {
        panic!("{went:?}");
    };
    assert_eq!(&*went.outcome, "true");
    assert_eq!(went.user.as_deref(), Some("demo"));
    assert_eq!(went.writes["transient.score"].to_json(), json!(0.5));
    for none in [
        json!({}),
        json!({ "outcome": "true", "taken": true }),
        json!({ "outcome": "true", "callbacks": [] }),
        json!({ "callbacks": [], "user": "demo" }),
        json!({ "memory": 1 }),
    ] {
        assert_eq!(read(&none), Err(ReplyError::NotOne), "{none}");
    }
    for malformed in [
        json!([]),
        json!({ "outcome": 1 }),
        json!({ "outcome": "true", "level": 30 }),
        json!({ "suspend": { "text": "wait", "proves": "password" } }),
    ] {
        let refused = read(&malformed);
        assert!(
            matches!(refused, Err(ReplyError::Malformed(_))),
            "{refused:?}"
        );
    }
    assert_eq!(read(&json!({ "taken": true })), Err(ReplyError::Unfit));
    let refused = read(&json!({ "error": "no\nway" })).unwrap_err();
    assert_eq!(refused.to_string(), "the handler says: noway");
    let deep = format!(
        "{{\"outcome\":\"true\",\"memory\":{}1{}}}",
        "[".repeat(40),
        "]".repeat(40)
    );
    let refused = Allowed::default().reply(&asked(), deep.as_bytes());
    assert_eq!(refused, Err(ReplyError::Value));
}

#[test]
fn the_settings_bound_a_reply() {
    let allowed = Allowed {
        outcomes: Some(set(&["false"])),
        callbacks: Some(set(&["AcmeCallback"])),
        ..Allowed::default()
    };
    let read = |body: Json| allowed.reply(&asked(), body.to_string().as_bytes());
    assert!(read(json!({ "outcome": "false" })).is_ok());
    assert_eq!(
        read(json!({ "outcome": "true" })),
        Err(ReplyError::Outcome(Arc::from("true")))
    );
    assert_eq!(
        read(json!({ "suspend": { "text": "", "then": { "outcome": "true" } } })),
        Err(ReplyError::Outcome(Arc::from("true")))
    );
    assert_eq!(
        read(json!({ "callbacks": [{ "type": "NameCallback" }] })),
        Err(ReplyError::Callback(Arc::from("NameCallback")))
    );
    assert!(read(json!({ "callbacks": [{ "type": "AcmeCallback" }] })).is_ok());
}

#[test]
fn a_link_is_taken_and_nothing_else_is_said_to_it() {
    let mut asked = asked();
    asked.event = ExternalEvent::Suspended("https://am.example.com/?x".to_owned());
    let body = sent(&Allowed::default(), &asked);
    assert_eq!(body["event"]["link"], "https://am.example.com/?x");
    let read = |body: Json| Allowed::default().reply(&asked, body.to_string().as_bytes());
    assert_eq!(read(json!({ "taken": true })), Ok(ExternalReply::Taken));
    assert_eq!(read(json!({ "outcome": "true" })), Err(ReplyError::Unfit));
}

/// What goes out to clients comes in from handlers: each kind, read back and written again, is the same.
#[test]
fn every_kind_of_callback_is_read_as_it_is_written() {
    let text = include_str!("am/callbacks/every_kind.json");
    let all: Json = serde_json::from_str(text).unwrap();
    let list = all
        .as_array()
        .or_else(|| all["callbacks"].as_array())
        .unwrap();
    let mut written = 0;
    for callback in list {
        let read = callbacks::read(callback).unwrap();
        let mut out = Writer::with_capacity(256);
        callbacks::write(&mut out, &Ask::new(vec![read]));
        let again: Json = serde_json::from_slice(&out.into_bytes()).unwrap();
        let mut expected = callback.clone();
        // Positions and ids are given when it is asked, and handlers ask for no untouched button.
        expected.as_object_mut().unwrap().remove("_id");
        let renamed = expected.get_mut("input").and_then(Json::as_array_mut);
        let renamed = renamed.into_iter().flatten();
        for input in renamed {
            let name = input["name"]
                .as_str()
                .unwrap()
                .trim_start_matches("IDToken");
            let end = name
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .to_owned();
            input["name"] = json!(format!("IDToken1{end}"));
        }
        if expected["type"] == "ConfirmationCallback" {
            expected["input"][0]["value"] = json!(0);
        }
        assert_eq!(again[0], expected);
        written += 1;
    }
    assert!(written > 15, "{written}");
}

#[test]
fn what_is_no_callback_is_said() {
    for (json, why) in [
        (json!({}), "a callback has no type"),
        (
            json!({ "type": "" }),
            "a callback has a type that is no name",
        ),
        (
            json!({ "type": "a b" }),
            "a callback has a type that is no name",
        ),
        (
            json!({ "type": "ChoiceCallback" }),
            "a callback has nothing to choose from",
        ),
        (
            json!({ "type": "NameCallback", "output": [{ "name": "prompt" }] }),
            "a callback has fields without a name and a value",
        ),
        (
            json!({ "type": "PollingWaitCallback" }),
            "a wait has no time",
        ),
    ] {
        assert_eq!(callbacks::read(&json), Err(why));
    }
}

#[test]
fn a_signature_is_for_one_request_and_one_body() {
    assert!(Key::new(&[7; 31]).is_none());
    let key = Key::new(&[7; 32]).unwrap();
    let signature = key.reply("nonce", b"body");
    assert!(key.is_reply("nonce", b"body", &signature));
    assert!(!key.is_reply("other", b"body", &signature));
    assert!(!key.is_reply("nonce", b"bodi", &signature));
    assert!(!key.is_reply("nonce", b"body", &signature.to_uppercase()));
    assert!(!key.is_reply("nonce", b"body", "v1="));
    assert!(!key.is_reply("nonce", b"body", "v1=zz"));
    assert!(!key.is_reply("nonce", b"body", ""));
    let other = Key::new(&[8; 32]).unwrap();
    assert!(!other.is_reply("nonce", b"body", &signature));
    // A request that is sent back is no reply.
    let request = key.request("1", "nonce", "key", b"body");
    assert!(!key.is_reply("nonce", b"body", &request));
    // Both as another implementation of HMAC has them.
    assert_eq!(
        signature,
        "v1=fba58cc95e02ce27add9fe6a1af6b2380ff339fea3428bf6883af0290c436c3f"
    );
    assert_eq!(
        key.request("1", "nonce", "key", b"body"),
        "v1=8daa1b99c871e45b157afd391b6d3a8c0a9cb29e06349b77b54f5f31ec8eab4b"
    );
    assert_eq!(format!("{key:?}"), "Key(_)");
}

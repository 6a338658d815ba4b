//! What is asked, what comes back, and what of it counts.

use wayfare::{
    Answer, Ask, Callback, Decimal, Secret, Value,
    engine::callback::{AttributeValue, FailedPolicy, Foreign, MessageKind},
};
use wayfare_wire::{
    am::{
        callbacks::{answers, passed},
        error::Refusal,
        reply,
        request::Body,
    },
    json::Bounds,
};

fn name() -> Callback {
    Callback::Name {
        prompt: "User Name".into(),
        default: String::new(),
        autocomplete: vec![],
    }
}

fn password() -> Callback {
    Callback::Password {
        prompt: "Password".into(),
    }
}

fn choice() -> Callback {
    Callback::Choice {
        prompt: "Authentication Menu".into(),
        choices: vec!["Login".into(), "StepUp".into()],
        default: 0,
    }
}

fn confirmation(optional: bool) -> Callback {
    Callback::Confirmation {
        prompt: String::new(),
        message: MessageKind::Information,
        options: vec!["Exit".into()],
        default: 0,
        optional,
    }
}

fn text(text: &str) -> Callback {
    Callback::TextOutput {
        text: text.into(),
        message: MessageKind::Information,
    }
}

/// Every kind there is, as `tests/am/callbacks/every_kind.json` spells it.
pub(crate) fn every_kind() -> Ask {
    let failed = FailedPolicy {
        requirement: "MIN_LENGTH".into(),
        params: serde_json::json!({"minLength": 3}),
    };
    let mut ask = Ask::new(vec![
        name(),
        password(),
        Callback::TextInput {
            prompt: "One Time Pin".into(),
            default: "0000".into(),
        },
        choice(),
        confirmation(false),
        confirmation(true),
        Callback::HiddenValue {
            id: "jwt".into(),
            value: "67e50231-c646-4a74-9b5d-2022a3e6f8d6".into(),
        },
        Callback::TextOutput {
            text: "a \"quoted\" </script>".into(),
            message: MessageKind::Script,
        },
        Callback::SuspendedTextOutput {
            text: "An email has been sent to your inbox.".into(),
        },
        Callback::PollingWait {
            wait_ms: 8_000,
            message: "Waiting for response...".into(),
        },
        Callback::Metadata {
            data: serde_json::json!({"_type": "WebAuthn", "timeout": "60000"}),
        },
        Callback::Redirect {
            url: "https://idp.example.com/a?b=c".into(),
            method: "POST".into(),
            data: Some(serde_json::json!({"SAMLRequest": "x"})),
            tracking_cookie: true,
        },
        Callback::ValidatedUsername {
            prompt: "Username".into(),
            policies: serde_json::json!({}),
            failed: vec![failed],
            validate_only: false,
            value: String::new(),
        },
        Callback::ValidatedPassword {
            prompt: "Password".into(),
            echo: false,
            policies: serde_json::json!({"name": "password"}),
            failed: vec![],
            validate_only: true,
        },
    ]);
    ask.callbacks.extend(of_profiles());
    ask.ids = Some((0..22).collect());
    ask.stage = Some("UsernamePassword".into());
    ask.header = Some("Sign In".into());
    ask.description = Some(String::new());
    ask
}

/// The kinds about profiles, and one that only a node outside knows.
fn of_profiles() -> Vec<Callback> {
    let attribute = |name: &str, value: AttributeValue| Callback::Attribute {
        name: name.into(),
        prompt: format!("Your {name}"),
        required: name == "mail",
        policies: serde_json::json!({}),
        failed: vec![],
        validate_only: false,
        value,
    };
    vec![
        attribute("mail", AttributeValue::Text("a@example.com".into())),
        attribute("age", AttributeValue::Number(None)),
        attribute("weight", AttributeValue::Number(Decimal::parse("30"))),
        attribute("preferences/marketing", AttributeValue::Flag(true)),
        Callback::SecurityQuestion {
            prompt: "Select a security question".into(),
            questions: vec!["Your first pet?".into()],
            own: true,
        },
        Callback::Terms {
            version: "0.0".into(),
            text: "Lorem ipsum".into(),
            created: "2019-10-28T04:20:11.320Z".into(),
            accepted: false,
        },
        Callback::Consent {
            name: "managedUser_managedUser".into(),
            display_name: "Identity Mapping".into(),
            icon: String::new(),
            access_level: "Actual Profile".into(),
            required: true,
            message: "You consent to your data being shared".into(),
            fields: vec!["mail".into()],
            given: false,
        },
        Callback::Foreign(Box::new(Foreign {
            kind: "PingOneProtectEvaluationCallback".into(),
            output: vec![("pauseBehavioralData".into(), true.into())],
            input: vec![
                ("signals".into(), "".into()),
                ("clientError".into(), "".into()),
            ],
        })),
    ]
}

fn written(ask: &Ask) -> String {
    String::from_utf8(reply::step("a.b.c", ask).body).unwrap()
}

#[test]
fn every_kind_is_spelled_as_recorded() {
    let expected = include_str!("am/callbacks/every_kind.json");
    // The file has one callback a line; the wire has none of those line breaks.
    let expected: String = expected.lines().map(str::trim).collect();
    assert_eq!(written(&every_kind()), expected);
}

#[test]
fn hints_for_the_browser_are_sent_where_there_are_any() {
    let hinted = Callback::Name {
        prompt: "User Name".into(),
        default: "demo".into(),
        autocomplete: vec!["username".into(), "webauthn".into()],
    };
    assert!(written(&Ask::new(vec![hinted])).contains(
        r#""output":[{"name":"prompt","value":"User Name"},{"name":"autocompleteValues","value":["username","webauthn"]}],"input":[{"name":"IDToken1","value":"demo"}]"#
    ));
}

#[test]
fn a_single_node_sends_neither_ids_nor_page_texts() {
    assert_eq!(
        written(&Ask::new(vec![name()])),
        r#"{"authId":"a.b.c","callbacks":[{"type":"NameCallback","output":[{"name":"prompt","value":"User Name"}],"input":[{"name":"IDToken1","value":""}]}]}"#
    );
}

/// The answers to `ask` in a body with these callbacks.
fn answer(ask: &Ask, callbacks: &str) -> Result<Vec<Answer>, Refusal> {
    let body = format!(r#"{{"authId":"a.b.c","callbacks":{callbacks}}}"#);
    match Body::read(body.as_bytes(), Bounds::default())? {
        Body::Continue {
            callbacks: Some(submitted),
            ..
        } => answers(ask, submitted),
        _ => panic!("not a continuation"),
    }
}

fn one(callback: Callback, value: &str) -> Result<Answer, Refusal> {
    let kind = callback.kind().to_owned();
    let sent = format!(r#"[{{"type":"{kind}","input":[{{"name":"IDToken1","value":{value}}}]}}]"#);
    answer(&Ask::new(vec![callback]), &sent).map(|mut answers| answers.remove(0))
}

#[test]
fn a_whole_step_that_comes_back_as_it_went_is_read() {
    let ask = every_kind();
    let echoed = written(&ask).replace(r#""authId""#, r#""status":200,"ok":true,"authId""#);
    let Ok(Body::Continue {
        callbacks: Some(submitted),
        ..
    }) = Body::read(echoed.as_bytes(), Bounds::default())
    else {
        panic!("not a continuation");
    };
    assert_eq!(
        answers(&ask, submitted).unwrap(),
        [
            Answer::Text(String::new()),
            Answer::Secret(Secret::from("")),
            Answer::Text("0000".into()),
            Answer::Index(0),
            Answer::Index(0),
            Answer::Untouched,
            Answer::Text("jwt".into()),
            Answer::None,
            Answer::None,
            Answer::None,
            Answer::None,
            Answer::None,
            Answer::Validated {
                text: String::new(),
                validate_only: false
            },
            Answer::ValidatedSecret {
                secret: Secret::from(""),
                validate_only: true
            },
            attribute(AttributeValue::Text("a@example.com".into())),
            attribute(AttributeValue::Number(None)),
            attribute(AttributeValue::Number(Decimal::parse("30"))),
            attribute(AttributeValue::Flag(true)),
            Answer::SecurityQuestion {
                question: String::new(),
                answer: Secret::from(""),
            },
            Answer::Flag(false),
            Answer::Flag(false),
            Answer::Fields(vec![
                ("signals".into(), Value::Secret("".into())),
                ("clientError".into(), Value::Secret("".into())),
            ]),
        ]
    );
}

fn attribute(value: AttributeValue) -> Answer {
    Answer::Attribute {
        value,
        validate_only: false,
    }
}

pub(crate) fn device_profile() -> Callback {
    Callback::DeviceProfile {
        metadata: true,
        location: false,
        message: "One moment".into(),
    }
}

#[test]
fn a_device_profile_is_asked_for_in_one_text() {
    let ask = Ask::new(vec![device_profile()]);
    assert_eq!(
        written(&ask),
        r#"{"authId":"a.b.c","callbacks":[{"type":"DeviceProfileCallback","output":[{"name":"metadata","value":true},{"name":"location","value":false},{"name":"message","value":"One moment"}],"input":[{"name":"IDToken1","value":""}]}]}"#
    );
}

#[test]
fn values_of_attributes_are_of_the_kind_that_was_asked() {
    let callback = |value: AttributeValue| Callback::Attribute {
        name: "x".into(),
        prompt: "x".into(),
        required: false,
        policies: serde_json::json!({}),
        failed: vec![],
        validate_only: false,
        value,
    };
    let number = |text: &str| AttributeValue::Number(Decimal::parse(text));
    let flag = AttributeValue::Flag;
    let line = |text: &str| AttributeValue::Text(text.into());
    for (asked, sent, read) in [
        (number("0"), "30.0", number("30")),
        (number("0"), "30", number("30")),
        (number("0"), "-1.25", number("-1.25")),
        (number("0"), "\"12.5\"", number("12.5")),
        (number("0"), "\"\"", AttributeValue::Number(None)),
        (number("0"), "null", AttributeValue::Number(None)),
        (flag(true), "false", flag(false)),
        (flag(true), "null", flag(false)),
        (line(""), "\"demo\"", line("demo")),
        (line("a"), "null", line("")),
    ] {
        assert_eq!(one(callback(asked), sent), Ok(attribute(read)), "{sent}");
    }
    for (asked, sent) in [
        (number("0"), "\"many\""),
        (number("0"), "true"),
        (number("0"), "[1]"),
        (number("0"), "1e300"),
        (number("0"), "9223372036854775807"),
        (flag(true), "\"true\""),
        (flag(true), "1"),
        (line(""), "7"),
        (line(""), "{}"),
    ] {
        let refused = one(callback(asked), sent);
        assert_eq!(refused, Err(Refusal::CallbackValue), "{sent}");
    }
}

#[test]
fn what_a_node_outside_asked_is_handed_through_by_the_names_of_its_inputs() {
    let ask = Ask::new(vec![Callback::Foreign(Box::new(Foreign {
        kind: "AcmeCallback".into(),
        output: vec![("a".into(), serde_json::json!({"b": [1]}))],
        input: vec![("".into(), 1.into()), ("note".into(), "".into())],
    }))]);
    assert_eq!(
        written(&ask),
        r#"{"authId":"a.b.c","callbacks":[{"type":"AcmeCallback","output":[{"name":"a","value":{"b":[1]}}],"input":[{"name":"IDToken1","value":1},{"name":"IDToken1note","value":""}]}]}"#
    );
    let sent = |input: &str| {
        answer(
            &ask,
            &format!(r#"[{{"type":"AcmeCallback","input":[{input}]}}]"#),
        )
    };
    let fields = |first: Value, note: &str| {
        Ok(vec![Answer::Fields(vec![
            ("".into(), first),
            ("note".into(), Value::Secret(note.into())),
        ])])
    };
    let both = r#"{"name":"IDToken1note","value":"hi"},{"name":"IDToken1","value":2.5}"#;
    let half = Value::Decimal(Decimal::parse("2.5").unwrap());
    assert_eq!(sent(both), fields(half, "hi"));
    let one = r#"{"name":"IDToken1other","value":"x"}"#;
    assert_eq!(
        sent(one),
        fields(Value::Int(1), ""),
        "what did not come is as it was"
    );
    let nested = r#"{"name":"IDToken1note","value":{}}"#;
    assert_eq!(sent(nested), Err(Refusal::CallbackValue));
}

#[test]
fn a12_counts_and_types_must_fit() {
    let ask = Ask::new(vec![name(), password()]);
    let n = r#"{"type":"NameCallback","input":[{"name":"IDToken1","value":"demo"}]}"#;
    let p = r#"{"type":"PasswordCallback","input":[{"name":"IDToken2","value":"pw"}]}"#;
    assert_eq!(
        answer(&ask, &format!("[{n},{p}]")).unwrap(),
        [
            Answer::Text("demo".into()),
            Answer::Secret(Secret::from("pw"))
        ]
    );
    for (callbacks, refusal) in [
        (format!("[{n}]"), Refusal::CallbackCount),
        (format!("[{n},{p},{p}]"), Refusal::CallbackCount),
        ("[]".into(), Refusal::CallbackCount),
        ("{}".into(), Refusal::CallbackCount),
        ("\"x\"".into(), Refusal::CallbackCount),
        ("null".into(), Refusal::CallbackCount),
        ("7".into(), Refusal::CallbackCount),
        (format!("{{\"0\":{n},\"1\":{p}}}"), Refusal::CallbackCount),
        (format!("[{p},{n}]"), Refusal::CallbackType),
        (format!("[{n},{n}]"), Refusal::CallbackType),
        (
            format!("[{n},{}]", p.replace("\"PasswordCallback\"", "7")),
            Refusal::CallbackType,
        ),
        (
            format!("[{n},{}]", p.replace("\"type\"", "\"Type\"")),
            Refusal::CallbackType,
        ),
        (format!("[{n},null]"), Refusal::CallbackType),
        (format!("[{n},[]]"), Refusal::CallbackType),
        (
            format!("[{n},{{\"type\":\"PasswordCallback\"}}]"),
            Refusal::CallbackInput,
        ),
        (
            format!("[{n},{{\"type\":\"PasswordCallback\",\"input\":[]}}]"),
            Refusal::CallbackInput,
        ),
        (
            format!("[{n},{{\"type\":\"PasswordCallback\",\"input\":{{}}}}]"),
            Refusal::CallbackInput,
        ),
    ] {
        assert_eq!(answer(&ask, &callbacks), Err(refusal), "{callbacks}");
    }
}

#[test]
fn a13_only_declared_inputs_count() {
    let ask = Ask::new(vec![name(), text("hello")]);
    let callbacks = r#"[
        {"type":"NameCallback","_id":99,"output":[{"name":"prompt","value":"Evil"}],"authLevel":90,
         "input":[{"name":"IDToken99","value":"x"},{"name":"authLevel","value":"90"},
                  {"name":"IDToken1","value":"demo"},{"name":"username","value":"root"}]},
        {"type":"TextOutputCallback","output":[],"input":[{"name":"IDToken2","value":"x"}]}]"#;
    assert_eq!(
        answer(&ask, callbacks).unwrap(),
        [Answer::Text("demo".into()), Answer::None]
    );
    let twice = r#"[{"type":"NameCallback","input":[{"name":"IDToken1","value":"a"},
        {"name":"IDToken1","value":"b"}]},{"type":"TextOutputCallback"}]"#;
    assert_eq!(answer(&ask, twice), Err(Refusal::CallbackValue));
}

#[test]
fn a14_choices_are_numbers_within_range() {
    assert_eq!(one(choice(), "0"), Ok(Answer::Index(0)));
    assert_eq!(one(choice(), "1"), Ok(Answer::Index(1)));
    assert_eq!(one(choice(), "\"1\""), Ok(Answer::Index(1)));
    for value in [
        "-1",
        "2",
        "2147483648",
        "4294967296",
        "18446744073709551615",
        "\"0x1\"",
        "1.5",
        "1.0",
        "1e2",
        "1e0",
        "\"\"",
        "null",
        "[0]",
        "{}",
        "true",
        "\"01\"",
        "\"+1\"",
        "\" 1\"",
        "\"-1\"",
        "\"2\"",
        "\"١\"",
    ] {
        assert_eq!(one(choice(), value), Err(Refusal::CallbackValue), "{value}");
    }
}

#[test]
fn a15_confirmations_and_booleans_are_strict() {
    assert_eq!(one(confirmation(false), "0"), Ok(Answer::Index(0)));
    assert_eq!(one(confirmation(true), "\"0\""), Ok(Answer::Index(0)));
    assert_eq!(one(confirmation(true), "100"), Ok(Answer::Untouched));
    assert_eq!(one(confirmation(true), "\"100\""), Ok(Answer::Untouched));
    assert_eq!(one(confirmation(false), "100"), Err(Refusal::CallbackValue));
    for value in ["1", "2", "\"true\"", "true", "\"yes\"", "null"] {
        assert_eq!(
            one(confirmation(true), value),
            Err(Refusal::CallbackValue),
            "{value}"
        );
    }
    let ask = Ask::new(vec![Callback::ValidatedUsername {
        prompt: "Username".into(),
        policies: serde_json::json!({}),
        failed: vec![],
        validate_only: false,
        value: String::new(),
    }]);
    let flag = |value: &str| {
        let sent = format!(
            r#"[{{"type":"ValidatedCreateUsernameCallback","input":[{{"name":"IDToken1","value":"demo"}},
            {{"name":"IDToken1validateOnly","value":{value}}}]}}]"#
        );
        answer(&ask, &sent)
    };
    for (value, expected) in [("true", true), ("false", false)] {
        let answer = Answer::Validated {
            text: "demo".into(),
            validate_only: expected,
        };
        assert_eq!(flag(value), Ok(vec![answer]));
    }
    for value in ["\"true\"", "1", "\"yes\"", "null", "[]", "2"] {
        assert_eq!(flag(value), Err(Refusal::CallbackValue), "{value}");
    }
}

#[test]
fn texts_are_texts() {
    assert_eq!(one(name(), "\"ɗëɱø\""), Ok(Answer::Text("ɗëɱø".into())));
    assert_eq!(one(name(), "null"), Ok(Answer::Text(String::new())));
    for value in ["1", "true", "[]", "{}", "1.5"] {
        assert_eq!(one(name(), value), Err(Refusal::CallbackValue), "{value}");
        assert_eq!(
            one(password(), value),
            Err(Refusal::CallbackValue),
            "{value}"
        );
    }
    let untouched = r#"[{"type":"NameCallback","input":[{"name":"IDToken1"}]}]"#;
    assert_eq!(
        answer(&Ask::new(vec![name()]), untouched).unwrap(),
        [Answer::Text(String::new())]
    );
}

#[test]
fn v36_a_return_without_callbacks_passes_what_needs_no_input() {
    let redirect = Callback::Redirect {
        url: "https://idp.example.com/".into(),
        method: "GET".into(),
        data: None,
        tracking_cookie: true,
    };
    assert_eq!(passed(&Ask::new(vec![redirect])), Ok(vec![Answer::None]));
    assert_eq!(passed(&Ask::new(vec![name()])), Err(Refusal::CallbackCount));
}

#[test]
fn e01_a_hundred_thousand_callbacks_are_too_many() {
    let ask = Ask::new(vec![name()]);
    let many = format!("[{}]", vec!["{}"; 20_000].join(","));
    assert_eq!(answer(&ask, &many), Err(Refusal::CallbackCount));
    let more = format!("[{}]", vec!["{}"; 100_000].join(","));
    assert_eq!(answer(&ask, &more), Err(Refusal::TooLarge));
}

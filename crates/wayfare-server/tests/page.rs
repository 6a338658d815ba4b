//! Each kind of callback on the login page, asked by a node of the tests' own and answered by a person.
//!
//! `WAYFARE_SHOTS` names a folder for a picture of each, for people to look at.

use std::{borrow::Cow, path::PathBuf, time::Duration};

use fantoccini::key::Key;
use serde_json::{Value as Json, json};
use wayfare::{
    Action, Answer, Callback, Context, NodeError, NodeType, Prepared, Registry, Reply, Setting,
    Setup, Signature, Type, Value,
    engine::callback::{AttributeValue, FailedPolicy, Foreign, MessageKind},
    model::{
        journey::OutcomeId,
        signature::{Known, Outcomes},
    },
};
use wayfare_server::config::DefaultJourney;

use crate::support::{TestServer, Window, alpha, write_all};

/// What a person does with what is shown.
enum Does {
    /// Types into the first field.
    Types(&'static str),
    /// Runs a script, as a mouse would, and sends the form.
    Clicks(&'static str),
    /// Presses the button with these words.
    Presses(&'static str),
    /// Sends it on as it stands.
    GoesOn,
    /// Waits for the page to go on by itself.
    Waits,
}

/// A callback, what is seen of it, what is done, and what comes back.
struct Case {
    callback: Callback,
    sees: &'static str,
    does: Does,
    answer: &'static str,
}

fn case(callback: Callback, sees: &'static str, does: Does, answer: &'static str) -> Case {
    Case {
        callback,
        sees,
        does,
        answer,
    }
}

fn failed() -> Vec<FailedPolicy> {
    vec![FailedPolicy {
        requirement: "MIN_LENGTH".into(),
        params: json!({ "minLength": 3 }),
    }]
}

fn attribute(name: &str, prompt: &str, value: AttributeValue) -> Callback {
    Callback::Attribute {
        name: name.into(),
        prompt: prompt.into(),
        required: true,
        policies: json!({}),
        failed: vec![],
        validate_only: false,
        value,
    }
}

fn foreign(kind: &str, output: &[(&str, Json)], inputs: &[&str]) -> Callback {
    Callback::Foreign(Box::new(Foreign {
        kind: kind.into(),
        output: output
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()))
            .collect(),
        input: inputs
            .iter()
            .map(|end| ((*end).into(), "".into()))
            .collect(),
    }))
}

/// Kinds in which something is typed or chosen.
fn asked() -> Vec<Case> {
    vec![
        case(
            Callback::Name {
                prompt: "User Name".into(),
                default: String::new(),
                autocomplete: vec![],
            },
            "User Name",
            Does::Types("ada"),
            "ada",
        ),
        case(
            Callback::Password {
                prompt: "Password".into(),
            },
            "Password",
            Does::Types("S3cret"),
            "S3cret",
        ),
        case(
            Callback::TextInput {
                prompt: "Where do you work?".into(),
                default: "at".into(),
            },
            "Where do you work?",
            Does::Types(" home"),
            "at home",
        ),
        case(
            Callback::Choice {
                prompt: "Where to?".into(),
                choices: vec!["Home".into(), "Work".into()],
                default: 1,
            },
            "Where to?",
            Does::GoesOn,
            "1",
        ),
        case(
            Callback::Confirmation {
                prompt: "Shall we go on?".into(),
                message: MessageKind::Warning,
                options: vec!["Go on".into(), "Stop".into()],
                default: 0,
                optional: false,
            },
            "Shall we go on?",
            Does::Presses("Stop"),
            "1",
        ),
        case(
            Callback::ValidatedUsername {
                prompt: "A name of your own".into(),
                policies: json!({}),
                failed: failed(),
                validate_only: false,
                value: String::new(),
            },
            "At least 3 characters, please.",
            Does::Types("ada"),
            "ada",
        ),
        case(
            Callback::ValidatedPassword {
                prompt: "A new password".into(),
                echo: false,
                policies: json!({}),
                failed: failed(),
                validate_only: false,
            },
            "At least 3 characters, please.",
            Does::Types("S3cret"),
            "S3cret",
        ),
    ]
}

/// Kinds that ask for something of a profile.
fn of_profiles() -> Vec<Case> {
    vec![
        case(
            attribute("mail", "Email Address", AttributeValue::Text(String::new())),
            "Email Address",
            Does::Types("ada@example.com"),
            "ada@example.com",
        ),
        case(
            attribute("age", "How old are you?", AttributeValue::Number(None)),
            "How old are you?",
            Does::Types("41"),
            "41.0",
        ),
        case(
            attribute(
                "preferences/marketing",
                "Send me special offers",
                AttributeValue::Flag(false),
            ),
            "Send me special offers",
            Does::Clicks("document.querySelector('#form input[type=checkbox]').click()"),
            "true",
        ),
        case(
            Callback::SecurityQuestion {
                prompt: "Select a security question".into(),
                questions: vec!["Your first pet?".into()],
                own: false,
            },
            "Your first pet?",
            Does::Types("Rex"),
            "Your first pet? Rex",
        ),
    ]
}

/// Kinds in which something is agreed to, or only shown.
fn shown() -> Vec<Case> {
    let text = |text: &str, message: MessageKind| Callback::TextOutput {
        text: text.into(),
        message,
    };
    vec![
        case(
            Callback::Terms {
                version: "1.0".into(),
                text: "Be kind to each other.".into(),
                created: "2026-10-28T04:20:11.320Z".into(),
                accepted: false,
            },
            "Be kind to each other.",
            Does::Clicks("document.querySelector('#form input[type=checkbox]').click()"),
            "true",
        ),
        case(
            Callback::Consent {
                name: "managedUser_crm".into(),
                display_name: "Newsletter".into(),
                icon: String::new(),
                access_level: "Actual Profile".into(),
                required: false,
                message: "Your data is shared with those who write the newsletter.".into(),
                fields: vec!["mail".into(), "givenName".into()],
                given: false,
            },
            "Newsletter (Actual Profile)",
            Does::GoesOn,
            "false",
        ),
        case(
            Callback::DeviceProfile {
                metadata: true,
                location: false,
                message: "Looking at your device.".into(),
            },
            "",
            Does::Waits,
            "{\"identifier\":",
        ),
        case(
            Callback::HiddenValue {
                id: "hidden".into(),
                value: "nobody sees this".into(),
            },
            "Next",
            Does::GoesOn,
            "hidden",
        ),
        case(
            Callback::Metadata {
                data: json!({ "brand": "north" }),
            },
            "Next",
            Does::GoesOn,
            "",
        ),
        case(
            text("You have three tries left.", MessageKind::Information),
            "You have three tries left.",
            Does::GoesOn,
            "",
        ),
        case(
            text("Your password lapses today.", MessageKind::Warning),
            "Your password lapses today.",
            Does::GoesOn,
            "",
        ),
        case(
            text("That is not possible.", MessageKind::Error),
            "That is not possible.",
            Does::GoesOn,
            "",
        ),
        case(
            text("document.title = 'broken'", MessageKind::Script),
            "Next",
            Does::GoesOn,
            "",
        ),
        case(
            Callback::PollingWait {
                wait_ms: 1_000,
                message: "One moment, please.".into(),
            },
            "One moment, please.",
            Does::Waits,
            "",
        ),
    ]
}

/// Kinds that a node outside asks, as services and apps know them.
fn outside() -> Vec<Case> {
    let app =
        |kind: &str, inputs: &[&str]| foreign(kind, &[("challenge", json!("c2VjcmV0"))], inputs);
    let not_here = "this page cannot";
    vec![
        case(
            foreign(
                "SelectIdPCallback",
                &[
                    (
                        "providers",
                        json!([
                            { "provider": "acme", "uiConfig": { "buttonDisplayName": "Acme" } },
                            { "provider": "localAuthentication" },
                        ]),
                    ),
                    ("value", json!("")),
                ],
                &[""],
            ),
            "Continue with Acme",
            Does::Presses("Acme"),
            "acme",
        ),
        case(
            app("IdPCallback", &["token", "token_type"]),
            not_here,
            Does::GoesOn,
            "",
        ),
        case(app("ReCaptchaCallback", &[""]), not_here, Does::GoesOn, ""),
        case(
            app(
                "ReCaptchaEnterpriseCallback",
                &["token", "action", "clientError", "payload"],
            ),
            not_here,
            Does::GoesOn,
            "",
        ),
        case(
            app(
                "DeviceBindingCallback",
                &["jws", "deviceName", "deviceId", "clientError"],
            ),
            not_here,
            Does::GoesOn,
            "",
        ),
        case(
            app("DeviceSigningVerifierCallback", &["jws", "clientError"]),
            not_here,
            Does::GoesOn,
            "",
        ),
        case(
            app("AppIntegrityCallback", &["token", "clientError"]),
            not_here,
            Does::GoesOn,
            "",
        ),
        case(
            app("PingOneProtectInitializeCallback", &["clientError"]),
            not_here,
            Does::GoesOn,
            "",
        ),
        case(
            app(
                "PingOneProtectEvaluationCallback",
                &["signals", "clientError"],
            ),
            not_here,
            Does::GoesOn,
            "",
        ),
        case(
            foreign("LanguageCallback", &[], &["Language", "Country"]),
            not_here,
            Does::GoesOn,
            "",
        ),
    ]
}

fn cases() -> Vec<Case> {
    let mut cases = asked();
    cases.extend(of_profiles());
    cases.extend(shown());
    cases.extend(outside());
    cases
}

/// Asks the callback at a place in the list, and leaves by `right` where the answer is that of the list.
#[derive(Debug)]
struct Show;

impl NodeType for Show {
    fn signature(&self) -> Signature {
        const OUTCOMES: &[Cow<'static, str>] = &[Cow::Borrowed("right"), Cow::Borrowed("wrong")];
        Signature {
            outcomes: Outcomes::Fixed(Cow::Borrowed(OUTCOMES)),
            settings: Cow::Owned(vec![Setting::new("at", Type::Int).required()]),
            asks: Known::Is(true),
            callbacks: Cow::Borrowed(&[Cow::Borrowed("*")]),
            ..Signature::new("Show", "ShowNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        let at = setup.constant("at")?.and_then(Value::as_int);
        Ok(Box::new(Showing {
            at: at
                .and_then(|at| usize::try_from(at).ok())
                .unwrap_or_default(),
            right: setup.outcome("right")?,
            wrong: setup.outcome("wrong")?,
        }))
    }
}

#[derive(Debug)]
struct Showing {
    at: usize,
    right: OutcomeId,
    wrong: OutcomeId,
}

impl Prepared for Showing {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::ask([cases().swap_remove(self.at).callback]))
    }

    fn resume(&self, _: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let Reply::Answers(answers) = reply else {
            return Err(NodeError::new("something else than an answer"));
        };
        let said = answers.iter().map(said).collect::<Vec<_>>().join(" ");
        let right = match cases().swap_remove(self.at) {
            Case {
                callback: Callback::DeviceProfile { .. },
                answer,
                ..
            } => said.contains(answer.trim_start_matches('{').trim_end_matches(':')),
            Case { answer, .. } => said == answer,
        };
        Ok(Action::go(if right { self.right } else { self.wrong }))
    }
}

/// An answer as a person would say it.
fn said(answer: &Answer) -> String {
    match answer {
        Answer::Text(text) | Answer::Validated { text, .. } => text.clone(),
        Answer::Secret(secret) | Answer::ValidatedSecret { secret, .. } => secret.reveal().clone(),
        Answer::Index(at) => at.to_string(),
        Answer::Attribute { value, .. } => match value {
            AttributeValue::Text(text) => text.clone(),
            AttributeValue::Number(number) => {
                number.map_or_else(String::new, |number| number.to_string())
            }
            AttributeValue::Flag(flag) => flag.to_string(),
        },
        Answer::SecurityQuestion { question, answer } => format!("{question} {}", answer.reveal()),
        Answer::Flag(flag) => flag.to_string(),
        Answer::Fields(fields) => {
            let texts = fields.iter().map(|(_, value)| match value {
                Value::Secret(secret) => secret.reveal().clone(),
                other => format!("{other:?}"),
            });
            texts.collect()
        }
        // Nothing was said.
        _ => String::new(),
    }
}

fn journeys() -> String {
    let journey = |at: usize| {
        format!(
            r#"
journey show_{at} "Show{at}" {{
  start shown
  node shown: Show(at = {at}) {{
    right -> credentials
    wrong -> failure
  }}
  node credentials: Page {{
    pageHeader = "It came"
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}
  node check: DataStoreDecision {{
    true -> success
    false -> failure
  }}
}}
"#
        )
    };
    (0..cases().len()).map(journey).collect()
}

async fn picture(window: &Window, kind: &str, at: usize) {
    let Some(folder) = std::env::var_os("WAYFARE_SHOTS") else {
        return;
    };
    let png = window.browser.screenshot().await.expect("a picture");
    let path = PathBuf::from(folder).join(format!("{at:02}_{kind}.png"));
    std::fs::write(path, png).expect("a file");
}

const IS_ASKED: &str = "return !!document.querySelector('#form button, #form input, #form .wait')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_kind_of_callback_is_shown_and_answered() {
    let mut registry = Registry::standard();
    registry.add(Show).expect("a name of its own");
    let server = TestServer::with_registry(registry, |config, folder| {
        let folder = folder.join("journeys");
        write_all(&folder, &[("show.journey", &journeys())]);
        *config = config.clone().with_journeys(folder);
        let realm = config.realms.get_mut(&alpha()).expect("the realm");
        realm.default = DefaultJourney::Found;
    })
    .await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    for (at, case) in cases().into_iter().enumerate() {
        let kind = case.callback.kind().to_owned();
        window.go(&format!("/?realm=/alpha&service=Show{at}")).await;
        let by_itself = matches!(case.callback, Callback::DeviceProfile { .. });
        if !by_itself {
            assert!(window.until(IS_ASKED, vec![]).await, "{kind}");
            window.sees(case.sees).await;
            if kind == "ChoiceCallback" {
                window.focused("input[type='radio']:checked").await;
            }
            picture(&window, &kind, at).await;
            let unlabelled = "return [...document.querySelectorAll('#form input, #form select')].filter((i) => !i.labels.length).length";
            assert_eq!(window.ask(unlabelled).await, 0, "{kind}");
            assert_ne!(window.ask("return document.title").await, "broken");
        }
        match case.does {
            Does::Types(text) => {
                window.focused("input").await;
                window.type_keys(text).await;
                window.type_keys(&Key::Enter.to_string()).await;
            }
            Does::Clicks(script) => {
                window.ask(script).await;
                window.click("#form button[type=submit]").await;
            }
            Does::Presses(text) => {
                let press = format!(
                    "[...document.querySelectorAll('#form button')].find((b) => b.textContent.includes({text:?})).click()"
                );
                window.ask(&press).await;
            }
            Does::GoesOn => window.click("#form button[type=submit]").await,
            Does::Waits => server.advance(Duration::from_secs(2)),
        }
        window.sees("It came").await;
    }
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_followed() {
    #[derive(Debug)]
    struct Away;
    impl NodeType for Away {
        fn signature(&self) -> Signature {
            Signature {
                asks: Known::Is(true),
                callbacks: Cow::Borrowed(&[Cow::Borrowed("RedirectCallback")]),
                ..Signature::new("Away", "AwayNode")
            }
        }

        fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
            Ok(Box::new(Going(setup.outcome("outcome")?)))
        }
    }
    #[derive(Debug)]
    struct Going(OutcomeId);
    impl Prepared for Going {
        fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
            Ok(Action::ask([Callback::Redirect {
                url: "/outbox?from=here".to_owned(),
                method: "GET".to_owned(),
                data: None,
                tracking_cookie: true,
            }]))
        }

        fn resume(&self, _: &mut Context<'_>, _: Reply) -> Result<Action, NodeError> {
            Ok(Action::go(self.0))
        }
    }
    let mut registry = Registry::standard();
    registry.add(Away).expect("a name of its own");
    let server = TestServer::with_registry(registry, |config, folder| {
        let folder = folder.join("journeys");
        let text = "journey away \"Away\" {\n  start go\n  node go: Away -> credentials\n  node credentials: Page {\n    node username: UsernameCollector\n    node password: PasswordCollector\n    -> check\n  }\n  node check: DataStoreDecision {\n    true -> success\n    false -> failure\n  }\n}\n";
        write_all(&folder, &[("away.journey", text)]);
        *config = config.clone().with_journeys(folder);
    })
    .await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?realm=/alpha&service=Away").await;
    let there = "return location.pathname + location.search === '/outbox?from=here'";
    assert!(window.until(there, vec![]).await);
    // Whoever comes back goes on where the journey was left.
    window.go("/?code=1&state=2").await;
    window.focused("input[autocomplete='username']").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("You are signed in").await;
    window.close().await;
}

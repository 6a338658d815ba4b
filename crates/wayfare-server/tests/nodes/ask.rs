//! Nodes that ask or show.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{after_login, from_first, log_in, output, says, serve, shown};
use crate::support::filled;

#[tokio::test]
async fn page_shows_its_stage_header_and_description() {
    let server = serve(&from_first(
        r#"
  node first: Page {
    pageHeader = { en = "Sign in", fr = "Connexion" }
    pageDescription = { en = "With your account", fr = "Avec votre compte" }
    stage = "UsernamePassword"
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }"#,
    ))
    .await;
    let callbacks = json!([
        {
            "type": "NameCallback",
            "output": [output("prompt", "User Name")],
            "input": [{ "name": "IDToken1", "value": "" }],
            "_id": 0
        },
        {
            "type": "PasswordCallback",
            "output": [output("prompt", "Password")],
            "input": [{ "name": "IDToken2", "value": "" }],
            "_id": 1
        }
    ]);
    for (locale, header, description) in [
        ("en", "Sign in", "With your account"),
        ("fr", "Connexion", "Avec votre compte"),
    ] {
        let mut client = server.client().header("Accept-Language", locale);
        let step = client.begin("").await.step();
        let expected = json!({
            "callbacks": callbacks,
            "stage": "UsernamePassword",
            "header": header,
            "description": description
        });
        assert_eq!(shown(&step), expected);
        let done = client
            .answer(&step, &["demo".into(), "Ch4ng31t".into()])
            .await;
        done.token();
    }
}

#[tokio::test]
async fn username_collector_says_what_to_fill_in() {
    let server = serve(&from_first(
        r#"
  node first: UsernameCollector {
    autocompleteValues = ["username", "webauthn"]
    -> say
  }
  node say: Metadata(attributes = ["username"]) -> failure"#,
    ))
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let asked = json!({ "callbacks": [{
        "type": "NameCallback",
        "output": [
            output("prompt", "User Name"),
            output("autocompleteValues", json!(["username", "webauthn"]))
        ],
        "input": [{ "name": "IDToken1", "value": "" }]
    }] });
    assert_eq!(shown(&step), asked);
    let again = client.answer(&step, &["".into()]).await.step();
    assert_eq!(shown(&again), asked, "a name must not be empty");
    let step = client.answer(&again, &["somebody".into()]).await.step();
    assert_eq!(
        step["callbacks"][0]["output"][0]["value"],
        json!({ "username": "somebody" })
    );
}

#[tokio::test]
async fn password_collector_asks_until_there_is_one() {
    let server = serve(&from_first(
        r"
  node first: UsernameCollector -> password
  node password: PasswordCollector -> check
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }",
    ))
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let step = client.answer(&step, &["demo".into()]).await.step();
    let asked = json!({ "callbacks": [{
        "type": "PasswordCallback",
        "output": [output("prompt", "Password")],
        "input": [{ "name": "IDToken1", "value": "" }]
    }] });
    assert_eq!(shown(&step), asked);
    let step = client.answer(&step, &["".into()]).await.step();
    assert_eq!(shown(&step), asked, "a password must not be empty");
    assert_eq!(server.compared(), 0);
    client.answer(&step, &["Ch4ng31t".into()]).await.token();
    assert_eq!(server.compared(), 1);
}

/// What the schema says of an attribute that may be any text.
fn policies(attribute: &str) -> Json {
    json!({
        "policyRequirements": ["VALID_TYPE"],
        "fallbackPolicies": null,
        "name": attribute,
        "policies": [{
            "policyRequirements": ["VALID_TYPE"],
            "policyId": "valid-type",
            "params": { "types": ["string"] }
        }],
        "conditionalPolicies": null
    })
}

#[tokio::test]
async fn validated_username_asks_as_one_that_is_made() {
    let server = serve(&from_first(
        r#"
  node first: ValidatedUsername {
    validateInput = true
    usernameAttribute = "givenName"
    -> password
  }
  node password: PasswordCollector -> check
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }"#,
    ))
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let asked = json!({ "callbacks": [{
        "type": "ValidatedCreateUsernameCallback",
        "output": [
            output("policies", policies("givenName")),
            output("failedPolicies", json!([])),
            output("validateOnly", false),
            output("prompt", "Username")
        ],
        "input": [
            { "name": "IDToken1", "value": "" },
            { "name": "IDToken1validateOnly", "value": false }
        ]
    }] });
    assert_eq!(shown(&step), asked);
    // To validate only leads nowhere.
    let step = client
        .answer(&step, &["demo".into(), true.into()])
        .await
        .step();
    assert_eq!(
        step["callbacks"][0]["type"],
        "ValidatedCreateUsernameCallback"
    );
    let step = client
        .answer(&step, &["demo".into(), false.into()])
        .await
        .step();
    client.answer(&step, &["Ch4ng31t".into()]).await.token();
}

#[tokio::test]
async fn validated_username_shows_the_name_it_knows() {
    let server = serve(&from_first(
        r#"
  node first: UsernameCollector -> again
  node again: ValidatedUsername {
    usernameAttribute = "givenName"
    prepopulate = true
    autocompleteValues = ["username"]
    -> say
  }
  node say: Metadata(attributes = ["username"]) -> failure"#,
    ))
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let step = client.answer(&step, &["demo".into()]).await.step();
    let asked = json!({ "callbacks": [{
        "type": "NameCallback",
        "output": [
            output("prompt", "User Name"),
            output("autocompleteValues", json!(["username"]))
        ],
        "input": [{ "name": "IDToken1", "value": "demo" }]
    }] });
    assert_eq!(shown(&step), asked);
    let step = client.answer(&step, &["other".into()]).await.step();
    let data = &step["callbacks"][0]["output"][0]["value"];
    assert_eq!(*data, json!({ "username": "other" }));
}

#[tokio::test]
async fn validated_password_asks_as_one_that_is_made() {
    let server = serve(&from_first(
        r#"
  node first: UsernameCollector -> password
  node password: ValidatedPassword {
    validateInput = true
    passwordAttribute = "city"
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> failure
  }"#,
    ))
    .await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let step = client.answer(&step, &["demo".into()]).await.step();
    let asked = json!({ "callbacks": [{
        "type": "ValidatedCreatePasswordCallback",
        "output": [
            output("echoOn", false),
            output("policies", policies("city")),
            output("failedPolicies", json!([])),
            output("validateOnly", false),
            output("prompt", "Password")
        ],
        "input": [
            { "name": "IDToken1", "value": "" },
            { "name": "IDToken1validateOnly", "value": false }
        ]
    }] });
    assert_eq!(shown(&step), asked);
    let step = client
        .answer(&step, &["Ch4ng31t".into(), true.into()])
        .await
        .step();
    assert_eq!(shown(&step), asked, "nothing of it comes back");
    assert_eq!(server.compared(), 0);
    let done = client
        .answer(&step, &["Ch4ng31t".into(), false.into()])
        .await;
    done.token();
}

#[tokio::test]
async fn choice_collector_prompts_and_presets() {
    let server = serve(&from_first(
        r#"
  node first: ChoiceCollector {
    prompt = { en = "Which way?", de = "Welcher Weg?" }
    defaultChoice = "mail"
    sms -> say_sms
    mail -> say_mail
    app -> failure
  }
  node say_sms: Message {
    message = { en = "sms" }
    true -> failure
    false -> failure
  }
  node say_mail: Message {
    message = { en = "mail" }
    true -> failure
    false -> failure
  }"#,
    ))
    .await;
    let mut client = server.client().header("Accept-Language", "de");
    let step = client.begin("").await.step();
    let asked = json!({ "callbacks": [{
        "type": "ChoiceCallback",
        "output": [
            output("prompt", "Welcher Weg?"),
            output("choices", json!(["sms", "mail", "app"])),
            output("defaultChoice", 1)
        ],
        "input": [{ "name": "IDToken1", "value": 1 }]
    }] });
    assert_eq!(shown(&step), asked);
    // Untouched, the preset one is taken.
    assert_eq!(says(&client.answer(&step, &[]).await.step()), "mail");
    let step = client.begin("").await.step();
    assert_eq!(says(&client.answer(&step, &[0.into()]).await.step()), "sms");
}

#[tokio::test]
async fn message_asks_its_words_and_keeps_the_answer() {
    let server = serve(&from_first(
        r#"
  node first: Message {
    message = { en = "Terms have changed" }
    messageYes = { en = "I agree" }
    messageNo = { en = "I do not" }
    stateField = "agreed"
    true -> say
    false -> say
  }
  node say: Metadata(attributes = ["agreed"]) -> failure"#,
    ))
    .await;
    for pressed in [0, 1] {
        let mut client = server.client();
        let step = client.begin("").await.step();
        let asked = json!({ "callbacks": [
            {
                "type": "TextOutputCallback",
                "output": [output("message", "Terms have changed"), output("messageType", "0")]
            },
            {
                "type": "ConfirmationCallback",
                "output": [
                    output("prompt", ""),
                    output("messageType", 0),
                    output("options", json!(["I agree", "I do not"])),
                    output("optionType", -1),
                    output("defaultOption", 1)
                ],
                "input": [{ "name": "IDToken2", "value": 0 }]
            }
        ] });
        assert_eq!(shown(&step), asked);
        let step = client.answer(&step, &[pressed.into()]).await.step();
        let data = &step["callbacks"][0]["output"][0]["value"];
        assert_eq!(*data, json!({ "agreed": pressed }));
    }
}

const POLLING: &str = r#"
  node first: PollingWait {
    secondsToWait = 20s
    waitingMessage = { en = "Look at your phone" }
    exitable = true
    exitMessage = { en = "Another way" }
    spamDetectionEnabled = true
    spamDetectionTolerance = 1
    DONE -> done
    EXITED -> left
    SPAM -> spam
  }
  node done: Message {
    message = { en = "done" }
    true -> failure
    false -> failure
  }
  node left: Message {
    message = { en = "left" }
    true -> failure
    false -> failure
  }
  node spam: Message {
    message = { en = "spam" }
    true -> failure
    false -> failure
  }"#;

fn waiting(ms: &str) -> Json {
    json!({ "callbacks": [
        {
            "type": "PollingWaitCallback",
            "output": [output("waitTime", ms), output("message", "Look at your phone")]
        },
        {
            "type": "ConfirmationCallback",
            "output": [
                output("prompt", ""),
                output("messageType", 0),
                output("options", json!(["Another way"])),
                output("optionType", -1),
                output("defaultOption", 0)
            ],
            "input": [{ "name": "IDToken2", "value": 100 }]
        }
    ] })
}

#[tokio::test]
async fn polling_wait_waits_and_is_left_by_its_button() {
    // PollingWait
    let server = serve(&from_first(POLLING)).await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    assert_eq!(shown(&step), waiting("20000"));
    server.advance(Duration::from_secs(5));
    let step = client.answer(&step, &[]).await.step();
    assert_eq!(
        shown(&step),
        waiting("15000"),
        "too early by fifteen seconds"
    );
    server.advance(Duration::from_secs(15));
    assert_eq!(says(&client.answer(&step, &[]).await.step()), "done");
    let step = client.begin("").await.step();
    assert_eq!(
        says(&client.answer(&step, &[0.into()]).await.step()),
        "left"
    );
}

#[tokio::test]
async fn polling_wait_takes_impatience_for_spam() {
    // PollingWait
    let server = serve(&from_first(POLLING)).await;
    let mut client = server.client();
    let step = client.begin("").await.step();
    let step = client.answer(&step, &[]).await.step();
    assert_eq!(
        shown(&step),
        waiting("20000"),
        "one early answer is tolerated"
    );
    assert_eq!(says(&client.answer(&step, &[]).await.step()), "spam");
}

#[tokio::test]
async fn metadata_sends_the_chosen_state() {
    let server = serve(&after_login(
        "failure",
        r#"
  node next: SetState(attributes = { colour = "red", hidden = "yes" }) -> say
  node say: Metadata(attributes = ["colour", "username", "missing"]) -> success"#,
    ))
    .await;
    let mut client = server.client();
    let step = log_in(&mut client).await.step();
    let asked = json!({ "callbacks": [{
        "type": "MetadataCallback",
        "output": [output("data", json!({ "colour": "red", "username": "demo" }))]
    }] });
    assert_eq!(shown(&step), asked);
    client.answer(&step, &[]).await.token();
}

#[tokio::test]
async fn debug_shows_the_state_or_notes_its_keys() {
    let journey = |popup: bool| {
        after_login(
            "failure",
            &format!("  node next: Debug(popupEnabled = {popup}) -> success"),
        )
    };
    let server = serve(&journey(true)).await;
    let mut client = server.client();
    let step = log_in(&mut client).await.step();
    let callbacks = step["callbacks"].as_array().unwrap();
    assert_eq!(callbacks.len(), 3);
    assert_eq!(callbacks[0]["output"][1], output("messageType", "4"));
    assert!(says(&step).contains(r#""username":"demo""#), "{step}");
    assert!(!step.to_string().contains("Ch4ng31t"));
    assert_eq!(
        callbacks[2],
        json!({
            "type": "TextOutputCallback",
            "output": [output("message", "Debug Step"), output("messageType", "0")]
        })
    );
    let body = filled(&step, &[]);
    client.answer(&body, &[]).await.token();
    // Without its window it asks nothing, and the keys stand in the audit.
    let server = serve(&journey(false)).await;
    log_in(&mut server.client()).await.token();
    let audit = server.audit();
    let notes = &audit.last().unwrap()["notes"];
    assert_eq!(*notes, json!(["shared state has username"]));
}

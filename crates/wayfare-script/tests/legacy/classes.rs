//! One script for each kind of class and binding; a script checks what it sees, and fails with what is not so.

use std::sync::Arc;

use wayfare::{
    Answer, Callback, Input, Secret,
    engine::{
        callback::{AttributeValue, MessageKind},
        effect::Fetched,
    },
};
use wayfare_script::{Permissions, Settings};

use super::stage::{Play, Stage};

/// Runs a script that must leave by `true`.
fn passes(stage: &mut Stage) {
    stage.begin();
    assert_eq!(stage.failure(), None);
    assert_eq!(stage.outcome().as_deref(), Some("true"));
}

fn plain(script: &str) -> Stage {
    let mut stage = Play::new(script).stage();
    passes(&mut stage);
    stage
}

#[test]
fn texts_have_the_methods_of_java() {
    plain(include_str!("scripts/texts.legacy.js"));
}

#[test]
fn collections_are_lists_sets_and_maps() {
    let stage = plain(include_str!("scripts/collections.legacy.js"));
    let left = stage.state();
    // What is changed within a value of the state is changed there.
    assert!(
        left.contains(r#"profile={"city":"Oslo","seen":true,"tags":["a","b","c"]}"#),
        "{left}"
    );
    assert!(
        left.contains(r#"made={"list":["z"],"plain":[1,2],"text":"t"}"#),
        "{left}"
    );
}

#[test]
fn values_of_the_newer_state_are_wrapped() {
    let stage = plain(include_str!("scripts/json.legacy.js"));
    let left = stage.state();
    assert!(
        left.contains(r#"json={"a":1,"b":["x"],"c":true}"#),
        "{left}"
    );
    assert!(!left.contains("merged"), "{left}");
}

#[test]
fn classes_are_found_by_their_names_and_no_others() {
    plain(include_str!("scripts/importer.legacy.js"));
}

#[test]
fn dates_are_those_of_the_run() {
    plain(include_str!("scripts/time.legacy.js"));
}

#[test]
fn digests_and_tokens_are_computed() {
    plain(include_str!("scripts/jose.legacy.js"));
}

#[test]
fn requests_are_sent_and_answered() {
    let mut stage = Play::new(include_str!("scripts/http.legacy.js")).stage();
    stage.web = Box::new(|asked| {
        if asked.url.reveal().ends_with("/down") {
            return Fetched::Failed(Arc::from("refused"));
        }
        assert_eq!(&*asked.method, "POST");
        assert_eq!(asked.body.as_ref().unwrap().reveal(), r#"{"name":"demo"}"#);
        let headers: Vec<String> = asked
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.reveal()))
            .collect();
        assert_eq!(
            headers,
            ["authorization: Bearer t", "content-type: application/json"]
        );
        Fetched::Answered {
            status: 201,
            headers: vec![(Arc::from("x-trace"), Secret::new("abc".to_owned()))],
            body: Secret::new(r#"{"id":"42"}"#.to_owned()),
        }
    });
    passes(&mut stage);
    assert!(stage.state().contains(r#"id="42""#));
    assert_eq!(stage.fetched.borrow().len(), 2);
}

#[test]
fn identities_secrets_and_the_request_are_there() {
    let mut play = Play::new(include_str!("scripts/identity.legacy.js"));
    play.settings = settings();
    let mut stage = play.stage();
    passes(&mut stage);
    let users = stage.users.borrow();
    let description = users["demo"].attributes.get("description").cloned();
    assert_eq!(description.unwrap().as_text(), Some("seen"));
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    let mut permissions = Permissions::default();
    permissions.write = vec!["description".to_owned()];
    settings.permissions = permissions;
    let secrets = [("scripted.node.key", "s3cr3t"), ("other.key", "hidden")];
    settings.secrets = secrets
        .map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())))
        .into();
    let properties = [("esv.host", "api.example"), ("esv.port", "8443")];
    settings.properties = properties
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    settings
}

#[test]
fn callbacks_are_sent_and_come_back_answered() {
    let mut stage = Play::new(include_str!("scripts/callbacks.legacy.js")).stage();
    let asked = stage.asked();
    let kinds: Vec<&str> = asked.iter().map(Callback::kind).collect();
    assert_eq!(
        kinds,
        [
            "NameCallback",
            "PasswordCallback",
            "TextInputCallback",
            "ChoiceCallback",
            "ConfirmationCallback",
            "ConfirmationCallback",
            "HiddenValueCallback",
            "TextOutputCallback",
            "TextOutputCallback",
            "StringAttributeInputCallback",
            "NumberAttributeInputCallback",
            "BooleanAttributeInputCallback",
        ]
    );
    let Some(Callback::Confirmation {
        options, default, ..
    }) = asked.get(5)
    else {
        panic!("{asked:?}");
    };
    assert_eq!(options, &["OK", "Cancel"]);
    assert_eq!(*default, 0);
    let Some(Callback::TextOutput { message, .. }) = asked.get(8) else {
        panic!("{asked:?}");
    };
    assert_eq!(*message, MessageKind::Script);
    let text = |text: &str| Answer::Text(text.to_owned());
    let attribute = |value| Answer::Attribute {
        value,
        validate_only: false,
    };
    let number = wayfare::Decimal::parse("42");
    stage.take(Input::Answers(vec![
        text("alice"),
        Answer::Secret(Secret::new("s3cret".to_owned())),
        text("typed"),
        Answer::Index(2),
        Answer::Index(0),
        Answer::Index(1),
        text("filled"),
        Answer::None,
        Answer::None,
        attribute(AttributeValue::Text("c@d.example".to_owned())),
        attribute(AttributeValue::Number(number)),
        attribute(AttributeValue::Flag(false)),
    ]));
    assert_eq!(stage.failure(), None);
    assert_eq!(stage.outcome().as_deref(), Some("true"));
    assert!(stage.state().contains(r#"asked="alice""#));
}

#[test]
fn every_other_callback_is_sent() {
    let mut stage = Play::new(
        "var cb = JavaImporter(org.forgerock.openam.authentication.callbacks, com.sun.identity.authentication.spi);
         var json = JavaImporter(org.forgerock.json.JsonValue).JsonValue;
         var policies = json.json({ policies: [{ policyId: 'required' }] });
         var redirect = new cb.RedirectCallback('https://idp.example/', null, 'GET');
         redirect.setTrackingCookie(true);
         action = org.forgerock.openam.auth.node.api.Action.send(
           redirect, new cb.MetadataCallback(json.json({ a: [1] })),
           cb.PollingWaitCallback.makeCallback().withWaitTime('5000').withMessage('Wait').build(), new cb.PollingWaitCallback('1', 'w'),
           new cb.ValidatedUsernameCallback('Name', policies, false), new cb.ValidatedPasswordCallback('Password', false, policies, false),
           new cb.KbaCreateCallback('Question', ['Pet?', 'Town?'], false), new cb.TermsAndConditionsCallback('1', 'Be kind', '2023-11-14T22:13:20.000Z'),
           new cb.ConsentMappingCallback('m', 'Mapping', '', 'Actual Profile', ['mail'], 'Share?', true),
           new cb.DeviceProfileCallback(true, false, 'Collecting'),
           new cb.StringAttributeInputCallback('mail', 'Mail', '', true, policies, true, ['{}'])
         ).build();",
    )
    .stage();
    let asked = stage.asked();
    let kinds: Vec<&str> = asked.iter().map(Callback::kind).collect();
    assert_eq!(
        kinds,
        [
            "RedirectCallback",
            "MetadataCallback",
            "PollingWaitCallback",
            "PollingWaitCallback",
            "ValidatedCreateUsernameCallback",
            "ValidatedCreatePasswordCallback",
            "KbaCreateCallback",
            "TermsAndConditionsCallback",
            "ConsentMappingCallback",
            "DeviceProfileCallback",
            "StringAttributeInputCallback",
        ]
    );
    let shown = format!("{asked:?}");
    for part in [
        "tracking_cookie: true",
        "wait_ms: 5000",
        "own: false",
        "\"required\"",
        "access_level: \"Actual Profile\"",
        "metadata: true",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn what_no_browser_answers_is_not_sent() {
    for class in [
        "com.sun.identity.authentication.spi.HttpCallback('r', 'Negotiate', 401)",
        "com.sun.identity.authentication.spi.X509CertificateCallback('c')",
    ] {
        let script = format!(
            "action = org.forgerock.openam.auth.node.api.Action.send(new {class}).build();"
        );
        let mut stage = Play::new(&script).stage();
        stage.begin();
        let message = stage.failure().unwrap();
        assert!(message.contains("Callback"), "{message}");
    }
}

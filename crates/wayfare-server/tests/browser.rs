//! The login page in a real browser against the real server.
//!
//! Without a browser and its driver the tests say that they are skipped; with `WAYFARE_BROWSER=required`
//! that is a failure.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::{Value as Json, json};

use crate::{
    post::{BY_MAIL, code, with_code},
    support::{TestServer, Window},
};

const STEPS: &str = r#"
journey steps "Steps" {
  start credentials

  node credentials: Page {
    pageHeader = { en = "Welcome", fr = "Bienvenue" }
    pageDescription = "New here? <a href='/help'>Read</a><script>document.title='broken'</script>"
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> where
    false -> failure
  }

  node where: ChoiceCollector {
    prompt = "Where to?"
    Home -> agree
    Work -> wait
  }

  node agree: Message {
    message = "Do you agree?"
    messageYes = "I agree"
    messageNo = "I do not"
    true -> success
    false -> failure
  }

  node wait: PollingWait {
    secondsToWait = 1s
    waitingMessage = "One moment"
    exitable = true
    exitMessage = "Leave"
    DONE -> success
    EXITED -> failure
  }
}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_and_out_with_the_keyboard() {
    let server = TestServer::demo().await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/").await;

    // A wrong password: told so, a fresh form, the focus back in the first field.
    window.sign_in("demo", "wrong").await;
    window.sees("That did not work").await;
    assert_eq!(
        window
            .ask("return document.getElementById('alert').getAttribute('role')")
            .await,
        "alert"
    );
    assert_eq!(server.sessions(), 0);

    // An empty password is found before anything is sent.
    window.focused("input[autocomplete='username']").await;
    window.type_keys("demo").await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("Please fill this in").await;
    window
        .focused("input[autocomplete='current-password'][aria-invalid='true']")
        .await;
    window.type_keys("Ch4ng31t").await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("You are signed in").await;
    window.sees("demo").await;
    window.sees("/alpha").await;
    assert_eq!(server.sessions(), 1);

    // The token is out of the page's reach, and a reload still knows who is there.
    assert_eq!(window.ask("return document.cookie").await, "");
    window.go("/").await;
    window.sees("You are signed in").await;

    window.click("#logout").await;
    window.sees("You are logged out").await;
    assert_eq!(server.sessions(), 0);
    window.type_keys(&Key::Enter.to_string()).await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("You are signed in").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_has_a_label_and_nothing_runs_inline() {
    let server = TestServer::demo().await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/").await;
    window.focused("input[autocomplete='username']").await;
    let unlabelled = "return [...document.querySelectorAll('input, select')].filter((i) => !i.labels.length).length";
    assert_eq!(window.ask(unlabelled).await, 0);
    assert_eq!(
        window.ask("return document.documentElement.lang").await,
        "en-US"
    );
    let inline =
        "return document.querySelectorAll('script:not([src]), style, [style], [onclick]').length";
    assert_eq!(window.ask(inline).await, 0);
    // The policy of the page refuses a script put into it.
    window
        .ask("const s = document.createElement('script'); s.textContent = 'window.broken = 1'; document.body.append(s)")
        .await;
    assert_eq!(window.ask("return window.broken ?? 0").await, 0);

    // The password can be shown, and hides again.
    window.click(".secret button").await;
    window
        .focused("input[type='text'][autocomplete='current-password']")
        .await;
    window.click(".secret button").await;
    window
        .focused("input[type='password'][autocomplete='current-password']")
        .await;

    // On a phone nothing is cut off and fields are large enough not to be zoomed into.
    window.browser.set_window_size(360, 640).await.unwrap();
    window.go("/").await;
    window.focused("input[autocomplete='username']").await;
    assert_eq!(
        window
            .ask("return document.documentElement.scrollWidth <= innerWidth")
            .await,
        json!(true)
    );
    let small = "return [...document.querySelectorAll('input, button[type=submit]')].filter((e) => \
                 e.getBoundingClientRect().height < 44 || parseFloat(getComputedStyle(e).fontSize) < 16).length";
    assert_eq!(window.ask(small).await, 0);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_choice_a_message_and_a_wait_are_shown() {
    let server = TestServer::journeys(&[("steps.journey", STEPS)]).await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?realm=/alpha&service=Steps&locale=fr").await;
    window.sees("Bienvenue").await;
    assert_eq!(window.ask("return document.title").await, "Bienvenue");
    assert_eq!(
        window
            .ask("return document.querySelectorAll('#description a').length")
            .await,
        1
    );
    assert_eq!(
        window
            .ask("return document.querySelectorAll('#description script').length")
            .await,
        0
    );

    window.go("/?realm=/alpha&service=Steps").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("Where to?").await;
    window.focused("input[type='radio']").await;
    window.type_keys(&Key::Down.to_string()).await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("One moment").await;
    window.sees("Leave").await;
    // The page asks again by itself, and is told to wait until the time is over.
    server.advance(Duration::from_secs(2));
    window.sees("You are signed in").await;
    window.click("#logout").await;
    window.sees("You are logged out").await;

    window.go("/?realm=/alpha&service=Steps").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("Where to?").await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("Do you agree?").await;
    window.click("button[value='1']").await;
    window.sees("That did not work").await;

    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("Where to?").await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("Do you agree?").await;
    window.click("button[value='0']").await;
    window.sees("You are signed in").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailed_code_is_asked_for() {
    let text = with_code("Otp", BY_MAIL, "success");
    let server = TestServer::journeys(&[("otp.journey", &text)]).await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?realm=/alpha&service=Otp").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window
        .focused("input[autocomplete='one-time-code'][inputmode='numeric']")
        .await;
    window.type_keys("000000x").await;
    window.type_keys(&Key::Enter.to_string()).await;
    let asked_again =
        "return document.activeElement?.matches('input') && !document.activeElement.value";
    assert!(window.until(asked_again, vec![]).await);
    let mail = server.outbox().into_iter().next().expect("a mail");
    let code = code(&mail);
    window.focused("input[autocomplete='one-time-code']").await;
    window.type_keys(&code).await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("You are signed in").await;
    window.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_work_is_said() {
    let server = TestServer::demo().await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/?service=Nope").await;
    window.sees("There is no such journey").await;

    // A page left open for longer than a run may take begins anew.
    window.go("/").await;
    window.focused("input[autocomplete='username']").await;
    server.advance(Duration::from_secs(3_600));
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("open for too long").await;
    window.sign_in("demo", "Ch4ng31t").await;
    window.sees("You are signed in").await;
    window.close().await;
}

/// One callback of each kind that asks something of a profile or a device, as the wire spells them.
fn profile_callbacks() -> Json {
    let text = |name: &str, prompt: &str, required: bool, failed: Json| {
        json!({ "type": "StringAttributeInputCallback",
            "output": [{ "name": "name", "value": name }, { "name": "prompt", "value": prompt },
                { "name": "required", "value": required }, { "name": "policies", "value": {} },
                { "name": "failedPolicies", "value": failed }, { "name": "validateOnly", "value": false },
                { "name": "value", "value": "" }],
            "input": [{ "name": "IDToken1", "value": "" }, { "name": "IDToken1validateOnly", "value": false }] })
    };
    let question = |at: u32| {
        json!({ "type": "KbaCreateCallback",
            "output": [{ "name": "prompt", "value": "Select a security question" },
                { "name": "predefinedQuestions", "value": ["What was your first pet?", "Where were you born?"] },
                { "name": "allowUserDefinedQuestions", "value": true }],
            "input": [{ "name": format!("IDToken{at}question"), "value": "" }, { "name": format!("IDToken{at}answer"), "value": "" }] })
    };
    let failed =
        json!(["{ \"params\": { \"minLength\": 3 }, \"policyRequirement\": \"MIN_LENGTH\" }"]);
    json!([
        text("givenName", "First Name", true, json!([])),
        text("mail", "Email Address", true, failed),
        { "type": "NumberAttributeInputCallback",
          "output": [{ "name": "name", "value": "age" }, { "name": "prompt", "value": "How old are you?" },
                     { "name": "required", "value": false }, { "name": "value", "value": null }],
          "input": [{ "name": "IDToken3", "value": null }, { "name": "IDToken3validateOnly", "value": false }] },
        { "type": "BooleanAttributeInputCallback",
          "output": [{ "name": "name", "value": "preferences/marketing" }, { "name": "prompt", "value": "Send me special offers" },
                     { "name": "required", "value": true }, { "name": "value", "value": false }],
          "input": [{ "name": "IDToken4", "value": false }, { "name": "IDToken4validateOnly", "value": false }] },
        question(5),
        question(6),
        { "type": "ConsentMappingCallback",
          "output": [{ "name": "name", "value": "managedUser_crm" }, { "name": "displayName", "value": "Newsletter" },
                     { "name": "icon", "value": "" }, { "name": "accessLevel", "value": "Actual Profile" },
                     { "name": "isRequired", "value": true }, { "name": "message", "value": "You consent to your data being shared" },
                     { "name": "fields", "value": ["mail", "<b>givenName</b>"] }],
          "input": [{ "name": "IDToken7", "value": false }] },
        { "type": "TermsAndConditionsCallback",
          "output": [{ "name": "version", "value": "1.0" }, { "name": "terms", "value": "Be kind.\n<script>window.broken = 1</script>" },
                     { "name": "createDate", "value": "2026-10-28T04:20:11.320Z" }],
          "input": [{ "name": "IDToken8", "value": false }] },
        { "type": "SelectIdPCallback",
          "output": [{ "name": "providers", "value": [{ "provider": "acme", "uiConfig": { "buttonDisplayName": "Acme" } },
                     { "provider": "localAuthentication" }] }, { "name": "value", "value": "" }],
          "input": [{ "name": "IDToken9", "value": "" }] },
        { "type": "DeviceProfileCallback",
          "output": [{ "name": "metadata", "value": true }, { "name": "location", "value": false }, { "name": "message", "value": "" }],
          "input": [{ "name": "IDToken10", "value": "" }] }
    ])
}

/// What policies say that were not met, in languages of the page.
async fn policies_have_words(window: &Window) {
    let told = "const done = arguments[arguments.length - 1];
        import('/page/words.js').then(({ wordsFor }) => done([
          wordsFor(['xx', 'de-AT']).policy({ policyRequirement: 'AT_LEAST_X_CAPITAL_LETTERS', params: { numCaps: 1 } }),
          wordsFor(['fr']).policy({ policyRequirement: 'CANNOT_CONTAIN_OTHERS', params: { disallowedFields: 'sn' } }),
          wordsFor(['constructor']).policy({ policyRequirement: 'VALID_USERNAME', params: {} }),
          wordsFor(['en']).policy({ policyRequirement: 'MATCH_REGEXP', params: { regexp: '^a,{1}$', flags: 'i' } }),
          wordsFor(['en']).policy({ policyRequirement: 'OF_ITS_OWN', params: { most: 3 } }),
        ]));";
    let told = window.browser.execute_async(told, vec![]).await.unwrap();
    assert_eq!(
        told,
        json!([
            "Nötige Großbuchstaben: mindestens 1.",
            "Ne doit pas contenir : le nom.",
            "This name is taken already.",
            "This does not have the expected form: ^a,{1}$",
            "of its own: 3"
        ])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_callbacks_of_profiles_and_devices_are_shown_and_filled_in() {
    let server = TestServer::demo().await;
    let Some(window) = Window::at(&server).await else {
        return;
    };
    window.go("/").await;
    window.focused("input[autocomplete='username']").await;
    // The widgets as the page makes them, in its own form, for callbacks that no one journey sends at once.
    let show = "const callbacks = args[0];
        Promise.all([import('/page/callbacks.js'), import('/page/words.js')]).then(([{ widgetFor }, { wordsFor }]) => {
          const say = wordsFor(['en']);
          window.callbacks = callbacks;
          window.widgets = callbacks.map((callback, at) => widgetFor(callback, at, callbacks, say));
          const form = document.getElementById('form');
          form.replaceChildren(...window.widgets.flatMap((widget) => [...widget.elements, ...(widget.buttons ?? [])]));
        });";
    let show = show.replace("args[0]", "arguments[0]");
    window
        .browser
        .execute(&show, vec![profile_callbacks()])
        .await
        .unwrap();
    assert!(
        window
            .until("return window.widgets?.length === 10", vec![])
            .await
    );
    let unlabelled = "return [...document.querySelectorAll('#form input, #form select')].filter((i) => !i.labels.length).length";
    assert_eq!(window.ask(unlabelled).await, 0);
    assert_eq!(window.ask("return window.broken ?? 0").await, 0);
    assert_eq!(
        window
            .ask("return document.querySelectorAll('#form b, #form script').length")
            .await,
        0
    );
    window.sees("At least 3 characters, please.").await;
    policies_have_words(&window).await;

    // What is required is asked for before anything is sent; an attribute that may be empty is not.
    let bad = "return window.widgets.map((w, at) => w.check && !w.check() ? at : -1).filter((at) => at >= 0)";
    assert_eq!(window.ask(bad).await, json!([0, 1, 4, 5, 6, 7]));
    let fill = "const put = (id, value) => { const i = document.getElementById(id); i.value = value; i.dispatchEvent(new Event('input')); };
        put('field-0', 'Ada'); put('field-1', 'ada@example.com'); put('field-2', '1,5'); put('field-4-answer', 'Rex');
        document.getElementById('field-5').value = ''; document.getElementById('field-5').dispatchEvent(new Event('change'));
        put('field-5-own', 'Why?'); put('field-5-answer', 'Because');
        document.getElementById('field-6').click(); document.getElementById('field-7').click();
        [...document.querySelectorAll('button')].find((b) => b.textContent.includes('Acme')).click();
        for (const widget of window.widgets) widget.fill?.();";
    // The click on a provider would send the form of the page.
    window
        .ask("document.getElementById('form').onsubmit = (event) => event.preventDefault()")
        .await;
    window.ask(fill).await;
    assert_eq!(window.ask(bad).await, json!([]));
    assert!(
        window
            .until("return !!window.callbacks[9].input[0].value", vec![])
            .await
    );
    let answers = window
        .ask("return window.callbacks.map((c) => c.input.map((i) => i.value)).slice(0, 9)")
        .await;
    assert_eq!(
        answers,
        json!([
            ["Ada", false],
            ["ada@example.com", false],
            [1.5, false],
            [false, false],
            ["What was your first pet?", "Rex"],
            ["Why?", "Because"],
            [true],
            [true],
            ["acme"]
        ])
    );
    let device = window
        .ask("return JSON.parse(window.callbacks[9].input[0].value)")
        .await;
    assert!(
        device["identifier"]
            .as_str()
            .is_some_and(|id| id.len() == 32),
        "{device}"
    );
    assert!(
        device["metadata"]["browser"]["userAgent"].is_string(),
        "{device}"
    );
    assert!(device.get("location").is_none(), "{device}");
    window.close().await;
}

//! The login page in a real browser against the real server.
//!
//! Without a browser and its driver the tests say that they are skipped; with `WAYFARE_BROWSER=required`
//! that is a failure.

use std::time::Duration;

use fantoccini::key::Key;
use serde_json::json;

use crate::support::{TestServer, Window};

const OTP: &str = r#"
journey otp "Otp" {
  start credentials

  node credentials: Page {
    stage = "UsernamePassword"
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> make
    false -> failure
  }

  node make: OneTimePasswordGenerator(length = 6) -> send
  node send: OneTimePasswordSmtpSender(emailSubject = "Code", emailContent = "Your code is {{OTP}}.") -> enter

  node enter: OneTimePasswordCollectorDecision {
    true -> success
    false -> again
  }

  node again: RetryLimitDecision(retryLimit = 2) {
    Retry -> enter
    Reject -> failure
  }
}
"#;

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
    let server = TestServer::journeys(&[("otp.journey", OTP)]).await;
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
    let code = code_in(&mail);
    window.focused("input[autocomplete='one-time-code']").await;
    window.type_keys(&code).await;
    window.type_keys(&Key::Enter.to_string()).await;
    window.sees("You are signed in").await;
    window.close().await;
}

fn code_in(mail: &str) -> String {
    let (_, rest) = mail
        .split_once("Your code is ")
        .expect("the code in the mail");
    rest.chars().take_while(char::is_ascii_digit).collect()
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

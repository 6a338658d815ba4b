//! One-time codes by mail.

use std::time::Duration;

use serde_json::json;

use super::{after_login, log_in, output, serve, shown};
use crate::support::{TestServer, mail};

/// `OneTimePasswordGenerator`, `OneTimePasswordSmtpSender` and `OneTimePasswordCollectorDecision` with
/// every setting that reaches the outside.
const CODE: &str = r#"
  node next: OneTimePasswordGenerator(length = 10) -> send
  node send: OneTimePasswordSmtpSender {
    hostName = "mail.example.com"
    hostPort = 2525
    username = "mailer"
    fromEmailAddress = "door@example.com"
    emailAttribute = "mail"
    emailSubject = { en = "Code {{OTP}} for you", fr = "Votre code {{OTP}}" }
    emailContent = { en = "Type {{OTP}} now.", fr = "Tapez {{OTP}}." }
    sslOption = "START_TLS"
    on error -> failure
    -> enter
  }
  node enter: OneTimePasswordCollectorDecision {
    passwordExpiryTime = 2m
    on error -> failure
    true -> success
    false -> again
  }
  node again: RetryLimitDecision(retryLimit = 1) {
    Retry -> enter
    Reject -> failure
  }"#;

/// The code of the one message that is new.
fn code(server: &TestServer, before: usize) -> String {
    let sent = server.outbox();
    assert_eq!(sent.len(), before + 1);
    let mut codes = sent.iter().flat_map(|message| mail::codes(message, 10));
    codes.next().expect("a code of ten digits")
}

#[tokio::test]
async fn a_code_is_made_sent_and_collected_as_the_settings_say() {
    let server = serve(&after_login("failure", CODE)).await;
    let mut client = server.client().header("Accept-Language", "fr");
    let step = log_in(&mut client).await.step();
    assert_eq!(
        shown(&step),
        json!({ "callbacks": [{
            "type": "PasswordCallback",
            "output": [output("prompt", "One Time Password")],
            "input": [{ "name": "IDToken1", "value": "" }]
        }] })
    );
    let right = code(&server, 0);
    let message = server.outbox().pop_first().unwrap();
    for line in [
        "From: door@example.com\r\n".to_owned(),
        "To: demo@example.com\r\n".to_owned(),
        format!("Subject: Votre code {right}\r\n"),
        format!("\r\n\r\nTapez {right}.\r\n"),
    ] {
        assert!(message.contains(&line), "{line:?} is not in {message:?}");
    }
    let wrong = if right == "0000000000" {
        "1111111111"
    } else {
        "0000000000"
    };
    let step = client.answer(&step, &[wrong.into()]).await.step();
    server.advance(Duration::from_secs(119));
    client.answer(&step, &[right.into()]).await.token();
}

#[tokio::test]
async fn a_code_lapses_when_the_setting_says() {
    let server = serve(&after_login("failure", CODE)).await;
    let mut client = server.client();
    let step = log_in(&mut client).await.step();
    let right = code(&server, 0);
    server.advance(Duration::from_secs(120));
    let step = client.answer(&step, &[right.clone().into()]).await.step();
    let reply = client.answer(&step, &[right.into()]).await;
    assert_eq!((reply.status, server.sessions()), (401, 0));
}

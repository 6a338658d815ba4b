//! One-time codes by mail, alone and as a second factor.

use std::time::Duration;

use super::{
    factors,
    stage::{Play, failure, journey, kinds, secret, success, text},
};
use wayfare::{Factor, FailureReason};

/// Password, then a code; `before` stands between code and mail.
fn coded(before: &str) -> String {
    journey(&format!(
        r#"
  node next: OneTimePasswordGenerator(length = 6) -> before

{before}

  node send: OneTimePasswordSmtpSender {{
    hostName = "mail.example.com"
    username = "mailer"
    fromEmailAddress = "login@example.com"
    emailContent = "Your code: {{{{OTP}}}}"
    -> enter
    on error -> enter
  }}

  node enter: OneTimePasswordCollectorDecision {{
    passwordExpiryTime = 2m
    true -> success
    false -> again
  }}

  node again: RetryLimitDecision {{
    retryLimit = 2
    Retry -> enter
    Reject -> failure
  }}"#
    ))
}

fn straight() -> String {
    coded("  node before: ModifyAuthLevel -> send")
}

#[test]
fn a_mailed_code_is_a_second_factor() {
    let mut play = Play::new(&straight());
    assert_eq!(kinds(&play.log_in()), ["PasswordCallback"]);
    let code = play.code();
    assert_eq!(code.len(), 6);
    assert_eq!(&*play.store.borrow().sent[0].to, "demo@example.com");
    assert_eq!(kinds(&play.answer([secret("")])), ["PasswordCallback"]);
    assert_eq!(kinds(&play.answer([secret("wrong")])), ["PasswordCallback"]);
    let done = success(play.answer([secret(&code)]));
    assert_eq!(factors(&done), [Factor::Password, Factor::Otp]);
    assert_eq!(play.store.borrow().verified, 3);
}

#[test]
fn a_lapsed_code_is_never_right() {
    let mut play = Play::new(&straight());
    play.log_in();
    let code = play.code();
    play.pass(Duration::from_secs(119));
    assert_eq!(kinds(&play.answer([secret("wrong")])), ["PasswordCallback"]);
    play.pass(Duration::from_secs(1));
    assert_eq!(kinds(&play.answer([secret(&code)])), ["PasswordCallback"]);
    failure(play.answer([secret(&code)]));
}

const ELSEWHERE: &str = r#"  node before: SetState {
    attributes = { emailAddress = "evil@example.com" }
    -> send
  }"#;

#[test]
fn a_code_sent_elsewhere_is_no_factor() {
    let mut play = Play::new(&coded(ELSEWHERE));
    play.log_in();
    assert_eq!(&*play.store.borrow().sent[0].to, "evil@example.com");
    let code = play.code();
    let done = success(play.answer([secret(&code)]));
    assert_eq!(factors(&done), [Factor::Password]);
}

/// A code alone, without a password.
const PASSWORDLESS: &str = r#"journey t {
  start name

  node name: UsernameCollector -> make

  node make: OneTimePasswordGenerator -> BEFORE

  node elsewhere: SetState {
    attributes = { emailAddress = "evil@example.com" }
    -> send
  }

  node send: OneTimePasswordSmtpSender {
    allow enumeration because "what a mail server refuses is not looked at here"
    hostName = "mail.example.com"
    username = "mailer"
    fromEmailAddress = "login@example.com"
    -> enter
    on error -> failure
  }

  node enter: OneTimePasswordCollectorDecision {
    true -> success
    false -> failure
  }
}
"#;

#[test]
fn a_code_alone_proves_whom_it_was_sent_to() {
    let text_of = PASSWORDLESS
        .replace("BEFORE", "send")
        .replace("node elsewhere: SetState {\n    attributes = { emailAddress = \"evil@example.com\" }\n    -> send\n  }\n", "");
    let mut play = Play::new(&text_of);
    play.begin();
    play.answer([text("DEMO")]);
    let code = play.code();
    assert_eq!(code.len(), 8);
    let done = success(play.answer([secret(&code)]));
    assert_eq!(&*done.subject.username, "demo");
    assert_eq!(factors(&done), [Factor::Otp]);

    let mut foreign = Play::refused(&PASSWORDLESS.replace("BEFORE", "elsewhere"));
    foreign.begin();
    foreign.answer([text("demo")]);
    let code = foreign.code();
    let refused = failure(foreign.answer([secret(&code)]));
    assert_eq!(refused.reason, FailureReason::UnprovedSuccess);
}

#[test]
fn a_code_that_went_astray_stays_worthless_when_sending_fails() {
    // The first mail goes elsewhere and is said to have failed; the second goes to the profile.
    let body = coded(ELSEWHERE).replace("on error -> enter", "on error -> mend");
    let body = body.replace(
        "  node enter: One",
        r#"  node mend: SetState {
    attributes = { emailAddress = "demo@example.com" }
    -> resend
  }

  node resend: OneTimePasswordSmtpSender {
    hostName = "mail.example.com"
    username = "mailer"
    fromEmailAddress = "login@example.com"
    emailContent = "Your code: {{OTP}}"
    -> enter
  }

  node enter: One"#,
    );
    let mut play = Play::new(&body);
    play.store.borrow_mut().failing = 1;
    assert_eq!(kinds(&play.log_in()), ["PasswordCallback"]);
    assert_eq!(&*play.store.borrow().sent[0].to, "demo@example.com");
    let code = play.code();
    let done = success(play.answer([secret(&code)]));
    assert_eq!(factors(&done), [Factor::Password]);
}

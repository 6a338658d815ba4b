//! The built-in nodes in whole journeys, from text to the end of a run.
//!
//! Each behaviour alone, with every setting, is tested beside its code; here they meet the compiler, the
//! engine, pages and a store.

mod end;
mod interpreted;
mod otp;
mod provider;
mod scripted;
mod stage;

use std::time::Duration;

use stage::{Play, callbacks, failure, journey, kinds, secret, shown, success, text};
use wayfare::{Answer, AuthLevel, Callback, Factor, FailureReason, engine::trace::Event};

/// The factors proved, in order.
fn factors(success: &wayfare::Success) -> Vec<Factor> {
    success.evidence.iter().map(|proof| proof.factor).collect()
}

const PRESS: [Answer; 1] = [Answer::None];

#[test]
fn name_and_password_on_one_page_log_in_under_the_canonical_name() {
    let mut play = Play::new(&journey("  node next: ModifyAuthLevel -> success"));
    play.begin();
    let done = success(play.answer([text("Demo"), secret("Ch4ng31t")]));
    assert_eq!(&*done.subject.id.0, "id-demo");
    assert_eq!(&*done.subject.username, "demo");
    assert_eq!(factors(&done), [Factor::Password]);
    assert!(done.proved);
    assert_eq!(play.store.borrow().verified, 1);
}

#[test]
fn an_empty_answer_is_asked_again_and_the_page_keeps_the_rest() {
    let mut play = Play::new(&journey("  node next: ModifyAuthLevel -> success"));
    play.begin();
    let again = play.answer([text(""), secret("Ch4ng31t")]);
    assert_eq!(kinds(&again), ["NameCallback", "PasswordCallback"]);
    assert_eq!(play.store.borrow().verified, 0);
    success(play.answer([text("demo"), secret("Ch4ng31t")]));
}

#[test]
fn unknown_wrong_and_blank_are_the_same_failure() {
    let same = |name: &str, password: &str| {
        let mut play = Play::new(&journey("  node next: ModifyAuthLevel -> success"));
        play.begin();
        let failed = failure(play.answer([text(name), secret(password)]));
        (
            failed.reason,
            failed.message,
            failed.details,
            failed.headers,
        )
    };
    let wrong = same("demo", "no");
    assert_eq!(wrong.0, FailureReason::Rejected);
    assert_eq!(same("nobody", "no"), wrong);
    assert_eq!(same("demo", "  "), wrong);
}

const PLATFORM: &str = r#"journey t {
  start credentials

  node credentials: Page {
    node username: ValidatedUsername {
      validateInput = true
      usernameAttribute = "mail"
    }
    node password: ValidatedPassword {
      validateInput = true
      passwordAttribute = "pin"
    }
    -> check
  }

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

#[test]
fn the_platform_nodes_validate_only_without_going_on() {
    let mut play = Play::new(PLATFORM);
    let kind = [
        "ValidatedCreateUsernameCallback",
        "ValidatedCreatePasswordCallback",
    ];
    assert_eq!(kinds(&play.begin()), kind);
    let answers = |validate_only| {
        [
            Answer::Validated {
                text: "demo".to_owned(),
                validate_only,
            },
            Answer::ValidatedSecret {
                secret: "Ch4ng31t".into(),
                validate_only,
            },
        ]
    };
    assert_eq!(kinds(&play.answer(answers(true))), kind);
    assert_eq!(play.store.borrow().verified, 0);
    success(play.answer(answers(false)));
}

const LOCKING: &str = r#"journey t {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> active
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = 1
    Retry -> credentials
    Reject -> lock
  }

  node lock: AccountLockout(lockAction = "LOCK") -> failure

  node active: AccountActiveDecision {
    true -> success
    false -> unlock
  }

  node unlock: AccountLockout(lockAction = "UNLOCK") -> success
}
"#;

#[test]
fn tries_are_counted_and_the_account_locked() {
    let mut play = Play::new(LOCKING);
    play.begin();
    let wrong = || [text("demo"), secret("no")];
    assert_eq!(kinds(&play.answer(wrong())).len(), 2);
    assert!(play.store.borrow().users["demo"].active);
    failure(play.answer(wrong()));
    assert_eq!(play.store.borrow().verified, 2);
    assert!(!play.store.borrow().users["demo"].active);
}

#[test]
fn an_inactive_account_is_seen_and_unlocked() {
    let mut play = Play::new(LOCKING);
    play.store
        .borrow_mut()
        .users
        .get_mut("demo")
        .unwrap()
        .active = false;
    success(play.log_in());
    assert!(play.store.borrow().users["demo"].active);
}

#[test]
fn a_lockout_that_cannot_be_done_is_an_error_of_the_node() {
    let mut play = Play::new(LOCKING);
    play.store.borrow_mut().failing = 1;
    play.begin();
    play.answer([text("demo"), secret("no")]);
    let failed = failure(play.answer([text("demo"), secret("no")]));
    assert!(matches!(failed.reason, FailureReason::NodeFailed { .. }));
}

const ZERO_PAGE: &str = r#"journey t {
  start headers

  node headers: ZeroPageLogin {
    usernameHeader = "X-User"
    passwordHeader = "X-Pass"
    allowWithoutReferer = false
    referrerWhiteList = ["https://app.example.com/"]
    true -> check
    false -> failure
  }

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;

#[test]
fn headers_log_in_without_a_page() {
    let referer = "https://app.example.com/";
    let play = |referer: &str| {
        Play::new(ZERO_PAGE)
            .header("X-User", "=?UTF-8?B?ZGVtbw==?=")
            .header("X-Pass", "Ch4ng31t")
            .header("Referer", referer)
    };
    success(play(referer).begin());
    let refused = failure(play("https://evil.example/").begin());
    assert_eq!(refused.reason, FailureReason::Rejected);
    let twice = failure(play(referer).header("x-user", "other").begin());
    assert!(matches!(twice.reason, FailureReason::NodeFailed { .. }));
    assert_eq!(twice.username, None, "nothing of it was taken");
}

#[test]
fn waiting_ends_by_time_by_button_or_as_spam() {
    let text = journey(
        r#"  node next: PollingWait {
    secondsToWait = 3s
    waitingMessage = "Hold on"
    exitable = true
    exitMessage = "Leave"
    spamDetectionEnabled = true
    spamDetectionTolerance = 1
    DONE -> success
    EXITED -> left
    SPAM -> spam
  }

  node left: SetFailureDetails {
    failureMessage = "left"
    -> failure
  }

  node spam: SetFailureDetails {
    failureMessage = "spam"
    -> failure
  }"#,
    );
    let waiting = || {
        let mut play = Play::new(&text);
        let step = play.log_in();
        let [
            Callback::PollingWait {
                wait_ms: 3_000,
                message,
            },
            Callback::Confirmation {
                options,
                optional: true,
                ..
            },
        ] = callbacks(&step)
        else {
            panic!("{step:?}");
        };
        assert_eq!(
            (&**message, &**options),
            ("Hold on", &["Leave".to_owned()][..])
        );
        play
    };
    let untouched = || [Answer::None, Answer::Untouched];
    let mut patient = waiting();
    patient.pass(Duration::from_secs(3));
    success(patient.answer(untouched()));

    let mut left = waiting();
    let failed = failure(left.answer([Answer::None, Answer::Index(0)]));
    assert_eq!(failed.message.as_deref(), Some("left"));

    let mut hasty = waiting();
    assert_eq!(kinds(&hasty.answer(untouched())).len(), 2);
    let failed = failure(hasty.answer(untouched()));
    assert_eq!(failed.message.as_deref(), Some("spam"));
}

#[test]
fn state_flows_from_set_state_to_message_metadata_and_debug() {
    let text = journey(
        r#"  node next: SetState {
    attributes = { plan = "gold", seats = 3 }
    -> ask
  }

  node ask: Page {
    node data: Metadata(attributes = ["plan", "seats"])
    node sure: Message {
      message = "Plan ${shared.plan}?"
      messageYes = { en = "Keep", fr = "Garder" }
      messageNo = { en = "Drop", fr = "Jeter" }
      stateField = "answer"
    }
    true -> show
    false -> failure
  }

  node show: Debug(popupEnabled = true) -> quiet
  node quiet: Debug(popupEnabled = false) -> success"#,
    );
    let mut play = Play::new(&text);
    play.request.locales = vec!["fr".to_owned()];
    let asked = play.log_in();
    assert_eq!(shown(&asked), "Plan gold?");
    let [
        Callback::Metadata { data },
        _,
        Callback::Confirmation {
            options,
            default: 1,
            ..
        },
    ] = callbacks(&asked)
    else {
        panic!("{asked:?}");
    };
    assert_eq!(*data, serde_json::json!({ "plan": "gold", "seats": 3 }));
    assert_eq!(options, &["Garder", "Jeter"]);
    let debug = play.answer([Answer::None, Answer::None, Answer::Index(0)]);
    assert_eq!(kinds(&debug), ["TextOutputCallback"; 3]);
    let state = shown(&debug);
    assert!(state.contains(r#""answer":0"#), "{state}");
    assert!(!state.contains("Ch4ng31t"), "{state}");
    success(play.answer([Answer::None, Answer::None, Answer::None]));
    let noted = |event: &Event| matches!(event, Event::Note(note) if note.contains("seats"));
    assert!(play.trace().iter().any(noted));
}

#[test]
fn choices_are_the_arms_and_lead_each_its_way() {
    let text = journey(
        r#"  node next: ChoiceCollector {
    prompt = { en = "How?", de = "Wie?" }
    defaultChoice = "by phone"
    mail -> success
    "by phone" -> failure
  }"#,
    );
    let play = || {
        let mut play = Play::new(&text);
        play.request.locales = vec!["de".to_owned()];
        let step = play.log_in();
        let [
            Callback::Choice {
                prompt,
                choices,
                default: 1,
            },
        ] = callbacks(&step)
        else {
            panic!("{step:?}");
        };
        assert_eq!(
            (&**prompt, &**choices),
            ("Wie?", &["mail".into(), "by phone".into()][..])
        );
        play
    };
    success(play().answer([Answer::Index(0)]));
    failure(play().answer([Answer::Index(1)]));
}

#[test]
fn levels_are_raised_and_required() {
    let text = |by: i64, required: i64| {
        journey(&format!(
            "  node next: ModifyAuthLevel(authLevelIncrement = {by}) -> enough

  node enough: AuthLevelDecision {{
    authLevelRequirement = {required}
    true -> success
    false -> failure
  }}"
        ))
    };
    let done = success(Play::new(&text(20, 20)).log_in());
    assert_eq!(done.level, AuthLevel::saturating(20));
    failure(Play::new(&text(19, 20)).log_in());
}

#[test]
fn runs_are_split_and_timed() {
    let text = |percentage: u8| {
        journey(&format!(
            r#"  node next: TimerStart(startTimeProperty = "t0") -> pause
  node pause: PollingWait(secondsToWait = 2s) -> stop

  node stop: TimerStop {{
    startTimeProperty = "t0"
    metricKey = "login.pause"
    -> split
  }}

  node split: FlowControl {{
    percentageA = {percentage}
    outcomeADisplayName = "old"
    outcomeBDisplayName = "new"
    A -> success
    B -> failure
  }}"#
        ))
    };
    let run = |percentage| {
        let mut play = Play::new(&text(percentage));
        play.log_in();
        play.pass(Duration::from_millis(2_500));
        let step = play.answer(PRESS);
        let trace = play.trace();
        let timed = |event: &Event| matches!(event, Event::Note(note) if note == "timer login.pause 2500 ms");
        assert!(trace.iter().any(timed), "{trace:?}");
        step
    };
    success(run(100));
    failure(run(0));
}

#[test]
fn a_page_keeps_a_choice_while_another_child_asks_again() {
    let text_of = r#"journey t {
  start page

  node page: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    node way: ChoiceCollector(prompt = "Where to?")
    in -> check
    out -> failure
  }

  node check: DataStoreDecision {
    true -> success
    false -> failure
  }
}
"#;
    let kind = ["NameCallback", "PasswordCallback", "ChoiceCallback"];
    let mut play = Play::new(text_of);
    assert_eq!(kinds(&play.begin()), kind);
    let answers = |name: &str, at| [text(name), secret("Ch4ng31t"), Answer::Index(at)];
    assert_eq!(kinds(&play.answer(answers("", 1))), kind);
    assert_eq!(play.store.borrow().verified, 0);
    success(play.answer(answers("demo", 0)));

    let mut out = Play::new(text_of);
    out.begin();
    failure(out.answer(answers("demo", 1)));
    assert_eq!(out.store.borrow().verified, 0);
}

#[test]
fn a_code_on_a_page_is_compared_once_and_stays_a_factor() {
    let text_of = r#"journey t {
  start name

  node name: UsernameCollector -> make
  node make: OneTimePasswordGenerator -> send

  node send: OneTimePasswordSmtpSender {
    allow enumeration because "what a mail server refuses is not looked at here"
    hostName = "mail.example.com"
    username = "mailer"
    fromEmailAddress = "login@example.com"
    -> page
    on error -> failure
  }

  node page: Page {
    node password: PasswordCollector
    node code: OneTimePasswordCollectorDecision
    true -> success
    false -> failure
  }
}
"#;
    let mut play = Play::new(text_of);
    play.begin();
    play.answer([text("demo")]);
    let code = play.code();
    // The empty password is asked again after the code has matched.
    let again = play.answer([secret(""), secret(&code)]);
    assert_eq!(kinds(&again), ["PasswordCallback"; 2]);
    let done = success(play.answer([secret("any"), secret(&code)]));
    assert_eq!(factors(&done), [Factor::Otp]);
    assert_eq!(play.store.borrow().verified, 1);
}

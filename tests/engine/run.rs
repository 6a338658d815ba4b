//! Steps: what a run takes, what it refuses, when it ends.

use std::{sync::Arc, time::Duration};

use wayfare::{
    AnswerError, EffectReply, EngineError, Input, LinkError, NodeError, Start, Step, Value,
    engine::start::Start as StartAlias,
};

use super::support::{
    Player, engine, failure, is_verify, prompts, secret, success, text, try_engine, why,
};

pub(crate) const LOGIN: &str = r#"
journey login "Login" {
  start credentials

  node credentials: Page {
    stage = "UsernamePassword"
    pageHeader = { en = "Sign in", fr = "Connexion" }
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> success
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = 3
    Retry -> credentials
    Reject -> failure
  }
}
"#;

#[test]
fn the_right_password_logs_in() {
    let mut run = Player::new(LOGIN, "Login");
    let step = run.begin();
    assert_eq!(prompts(&step), 2);
    let end = success(run.answer([text("demo"), secret("demo-pw")]));
    assert_eq!(&*end.subject.id.0, "id-demo");
    assert!(end.proved);
    assert_eq!(end.evidence.len(), 1);
    assert_eq!(&*end.evidence[0].node, "login/check");
    assert_eq!(end.node_types, [Arc::from("DataStoreDecision")]);
    assert_eq!(
        run.trace(),
        [
            "login/credentials.username",
            "login/credentials.password",
            "login/credentials.password asks 2",
            "login/credentials -> outcome",
            "login/check",
            "login/check calls verify",
            "login/check -> true",
            " calls read_identity",
        ]
        .map(|line| if line.starts_with(' ') {
            format!("login/check{line}")
        } else {
            line.to_owned()
        })
    );
}

#[test]
fn a_retry_limit_of_three_compares_four_times() {
    let mut run = Player::new(LOGIN, "Login");
    run.begin();
    for _ in 0..3 {
        assert_eq!(prompts(&run.answer([text("demo"), secret("no")])), 2);
    }
    let step = run.answer([text("demo"), secret("no")]);
    assert_eq!(why(step), "Rejected");
    assert_eq!(run.count(is_verify), 4);
}

#[test]
fn answers_that_do_not_fit_leave_the_question_standing() {
    let mut run = Player::new(LOGIN, "Login");
    run.begin();
    let standing = run.auth.standing();
    let refused = |run: &mut Player, answers: Vec<wayfare::Answer>| match run
        .input(Input::Answers(answers))
    {
        Err(EngineError::Answer(error)) => error,
        other => panic!("{other:?}"),
    };
    for (answers, error) in [
        (
            vec![],
            AnswerError::Count {
                expected: 2,
                got: 0,
            },
        ),
        (
            vec![text("demo")],
            AnswerError::Count {
                expected: 2,
                got: 1,
            },
        ),
        (
            vec![secret("demo"), secret("x")],
            AnswerError::Kind {
                position: 0,
                expected: "NameCallback".into(),
            },
        ),
        (
            vec![text("demo"), text("x")],
            AnswerError::Kind {
                position: 1,
                expected: "PasswordCallback".into(),
            },
        ),
        (
            vec![text(&"é".repeat(257)), secret("x")],
            AnswerError::Bounds { position: 0 },
        ),
        (
            vec![text("demo"), secret(&"é".repeat(1_025))],
            AnswerError::Bounds { position: 1 },
        ),
    ] {
        assert_eq!(refused(&mut run, answers), error);
        assert_eq!(run.auth.standing(), standing);
        assert_eq!(run.auth.generation(), 0);
    }
    for input in [
        Input::Begin,
        Input::Resume,
        Input::Effect(EffectReply::Miss),
    ] {
        let error = run.input(input).unwrap_err();
        assert_eq!(
            error,
            EngineError::Unexpected {
                waits_for: "answers"
            }
        );
    }
    success(run.answer([text("demo"), secret("demo-pw")]));
    let error = run.input(Input::Begin).unwrap_err();
    assert_eq!(error, EngineError::Ended);
    assert!(calls_at_the_bound_are_taken());
}

fn calls_at_the_bound_are_taken() -> bool {
    let mut run = Player::new(LOGIN, "Login");
    run.begin();
    let step = run.answer([text(&"é".repeat(256)), secret(&"é".repeat(1_024))]);
    prompts(&step) == 2
}

#[test]
fn what_cannot_be_started_directly_looks_like_what_is_not_there() {
    let body = "start a\n node a: Probe { ok -> success\n no -> failure } }";
    let text = format!(
        "journey off {{ enabled = false\n {body}\n\
         journey inner {{ innerTreeOnly = true\n {body}\n\
         journey paid {{ transactionalOnly = true\n {body}\n"
    );
    let engine = engine(&text);
    let host = super::support::Machine::new(1);
    for name in ["off", "inner", "paid", "none", "OFF", ""] {
        let error = engine.begin(Start::journey(name), &host).unwrap_err();
        assert_eq!(error, EngineError::NoJourney, "{name}");
    }
    let mut start: StartAlias = Start::journey("paid");
    start.transaction = Some("t".into());
    engine.begin(start, &host).unwrap();
    host.broken.set(true);
    let error = engine.begin(Start::journey("paid"), &host).unwrap_err();
    assert_eq!(error, EngineError::NoJourney);
}

#[test]
fn a_run_without_randomness_is_not_begun() {
    let engine = engine(LOGIN);
    let host = super::support::Machine::new(1);
    host.broken.set(true);
    let error = engine.begin(Start::journey("Login"), &host).unwrap_err();
    assert_eq!(error, EngineError::NoRandomness);
}

#[test]
fn a_run_ends_at_its_time_and_not_before() {
    let timed = |setting: &str| {
        LOGIN.replace(
            "start credentials",
            &format!("{setting}\n  start credentials"),
        )
    };
    for (text, minutes) in [
        (LOGIN.to_owned(), 5),
        (timed("treeTimeout = 10m"), 10),
        (timed("treeTimeout = 2h"), 60),
    ] {
        let mut run = Player::new(&text, "Login");
        run.begin();
        let began = run.auth.began_at();
        assert_eq!(
            run.auth.expires_at(),
            began.plus(Duration::from_secs(60 * minutes))
        );
        run.host.now.set(run.auth.expires_at().0);
        let answers = || Input::Answers(vec![text_of(), secret("demo-pw")]);
        assert_eq!(run.input(answers()).unwrap_err(), EngineError::Expired);
        run.host.now.set(run.auth.expires_at().0 - 1);
        success(run.input(answers()).unwrap());
    }
}

fn text_of() -> wayfare::Answer {
    text("demo")
}

#[test]
fn effects_are_numbered_within_a_generation() {
    let mut run = Player::new(
        r#"journey j {
          start a
          node a: Probe(do = "send; lookup; name; send; verify") { ok -> b no -> b }
          node b: Probe(do = "lock; ask") { ok -> failure no -> failure }
        }"#,
        "j",
    );
    run.begin();
    assert_eq!(run.auth.generation(), 0);
    run.answer([text("demo")]);
    assert_eq!(run.auth.generation(), 1);
    let ids: Vec<_> = run
        .calls
        .iter()
        .map(|c| (c.id.generation, c.id.ordinal))
        .collect();
    assert_eq!(ids, [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]);
    assert!(
        run.calls
            .iter()
            .all(|call| call.id.run == run.auth.run_id())
    );
    assert_eq!(&*run.calls[4].node, "j/b");
}

#[test]
fn a_failed_effect_takes_the_error_arrow_and_nothing_stays() {
    let journey = |arrow: &str| {
        format!(
            r#"journey j {{
              start a
              node a: Probe(do = "shared x 1; raise 5; property color; count; send", raises = 5) {{
                ok -> failure
                no -> failure
                {arrow}
              }}
              node after: Probe(do = "expect shared x nothing; expect shared count nothing; ask") {{
                ok -> a
                no -> failure
              }}
            }}"#
        )
    };
    let mut run = Player::new(&journey("on error -> after"), "j");
    run.failing = Some("send");
    assert_eq!(prompts(&run.begin()), 1);
    let lines = run.trace();
    assert!(
        lines.contains(&"j/a failed: it is down".to_owned()),
        "{lines:?}"
    );

    let mut run = Player::new(
        &journey("")
            .replace("node after", "node after_all")
            .replace("ok -> failure", "ok -> after_all"),
        "j",
    );
    run.failing = Some("send");
    let step = run.begin();
    assert_eq!(why(step), "j/a: it is down");
}

#[test]
fn a_reply_of_another_kind_is_refused_and_changes_nothing() {
    let engine = engine(LOGIN);
    let host = super::support::Machine::new(1);
    let request = wayfare::Request::default();
    let mut auth = engine.begin(Start::journey("Login"), &host).unwrap();
    auth.step(&host, &request, Input::Begin).unwrap();
    let answers = vec![text("demo"), secret("demo-pw")];
    let step = auth.step(&host, &request, Input::Answers(answers)).unwrap();
    assert!(matches!(step, Step::Call(_)));
    for reply in [
        EffectReply::Sent,
        EffectReply::Identity(None),
        EffectReply::Custom(Value::Null),
        EffectReply::StatusSet(true),
        EffectReply::Session(None),
    ] {
        let error = auth
            .step(&host, &request, Input::Effect(reply))
            .unwrap_err();
        assert!(matches!(error, EngineError::Unexpected { .. }), "{error}");
        assert_eq!(auth.standing(), Some(step.clone()));
    }
}

#[test]
fn linking_names_every_node_that_cannot_run() {
    let errors = try_engine(
        r#"journey j {
          start a
          node a: Probe(do = "refuse to link") { ok -> b no -> failure }
          node b: IotRegistration { success -> c failure -> failure }
          node c: Probe(do = "refuse to link") { ok -> failure no -> failure }
        }"#,
    )
    .unwrap_err();
    let nodes: Vec<_> = errors
        .0
        .iter()
        .map(|error| match error {
            LinkError::NoBehaviour { node, ty, .. } => format!("{node}: {ty}"),
            LinkError::Refused { node, message, .. } => format!("{node}: {message}"),
            other => other.to_string(),
        })
        .collect();
    assert_eq!(
        nodes,
        [
            "a: the probe refuses",
            "b: IotRegistration",
            "c: the probe refuses"
        ]
    );
    assert_eq!(errors.to_string().lines().count(), 3);
}

#[test]
fn a_suspended_run_waits_for_its_link() {
    let mut run = Player::new(
        r#"journey j {
          start a
          node a: Waiting(do = "shared x 1; suspend; expect shared x 1; ask") { ok -> failure no -> failure }
        }"#,
        "j",
    );
    run.sealing = true;
    let Step::Suspended(suspended) = run.begin() else {
        panic!("not suspended")
    };
    assert_eq!(suspended.until, run.auth.expires_at());
    assert_eq!(
        suspended.until.since(run.auth.began_at()),
        Duration::from_secs(86_400)
    );
    assert!(suspended.deliver.is_some());
    assert_eq!(suspended.id.generation, 0);
    run.host.now.set(suspended.until.0 - 1);
    let error = run.input(Input::Answers(vec![])).unwrap_err();
    assert!(matches!(error, EngineError::Unexpected { .. }));
    assert_eq!(prompts(&run.input(Input::Resume).unwrap()), 1);
    assert_eq!(run.auth.generation(), 1);
    assert_eq!(
        run.auth.expires_at().since(suspended.until),
        Duration::from_millis(299_999)
    );
}

#[test]
fn decisions_read_what_they_need_and_nothing_else() {
    let mut run = Player::new(
        r#"journey j {
          start a
          node a: Probe(do = "shared username demo") { ok -> b no -> failure }
          node b: Decision {
            when has user.mail && user.mail == "demo@example.com" as mine -> c
            else -> failure
          }
          node c: Decision {
            when auth_level >= 1 -> failure
            when request.ip in ["10.0.0.0/8"] -> d
            else -> failure
          }
          node d: Probe(do = "ask") { ok -> failure no -> failure }
        }"#,
        "j",
    );
    run.request.client = Some("10.1.2.3".parse().unwrap());
    assert_eq!(prompts(&run.begin()), 1);
    assert_eq!(run.calls.len(), 1);
    let wayfare::Effect::ReadIdentity(read) = &run.calls[0].effect else {
        panic!("{:?}", run.calls)
    };
    assert_eq!(read.attributes, [Arc::from("mail")]);
    assert!(run.trace().contains(&"j/b -> mine".to_owned()));

    // Without an address the guard is an error, not false.
    let mut run = Player::new(
        r#"journey j { start c
          node c: Decision { when request.ip in ["10.0.0.0/8"] -> failure else -> d }
          node d: Probe(do = "ask") { ok -> failure no -> failure }
        }"#,
        "j",
    );
    let step = run.begin();
    assert_eq!(why(step), "j/c: `request.ip` is not there");
}

#[test]
fn the_end_carries_what_nodes_prepared() {
    let mut run = Player::new(
        r#"journey j {
          noSession = true
          start a
          node a: Probe(do = "property color; ask") { ok -> failure no -> failure }
        }"#,
        "j",
    );
    run.begin();
    let end = failure(run.answer([text("x")]));
    assert_eq!(&*end.journey, "j");
    let mut run = Player::new(
        r#"journey j { start a node a: Probe(do = "property AUTHLEVEL") { ok -> failure no -> failure } }"#,
        "j",
    );
    let step = run.begin();
    assert!(why(step).contains("belongs to the system"));
    let _ = NodeError::new("x");
}

#[test]
fn a_run_says_whether_the_next_step_may_compare_a_secret() {
    let text_of = r#"
journey j {
  start user
  node user: UsernameCollector -> password
  node password: PasswordCollector -> call
  node call: journey inside {
    true -> check
    false -> failure
  }
  node check: DataStoreDecision {
    true -> last
    false -> failure
  }
  node last: UsernameCollector -> failure
}

journey inside {
  innerTreeOnly = true
  start again
  node again: UsernameCollector -> note
  node note: Decision {
    allow unproved_success because "the caller proves"
    when auth_level >= 1 -> failure
    else -> success
  }
}
"#;
    let mut run = Player::new(text_of, "j");
    let mut seen = vec![run.auth.may_verify()];
    run.begin();
    for answer in [text("demo"), secret("demo-pw"), text("demo"), text("demo")] {
        seen.push(run.auth.may_verify());
        run.answer([answer]);
    }
    seen.push(run.auth.may_verify());
    // Before the first step, at `user`, `password`, `again`, `last`, and at the end.
    assert_eq!(seen, [false, false, false, true, false, false]);
    assert_eq!(run.count(is_verify), 1);
}

#[test]
fn a_failing_look_up_at_the_end_lets_nobody_in() {
    let mut run = Player::new(LOGIN, "Login");
    run.failing = Some("read");
    run.begin();
    let step = run.answer([text("demo"), secret("demo-pw")]);
    assert_eq!(why(step), "login/check: it is down");
}

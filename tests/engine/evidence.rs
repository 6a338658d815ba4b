//! Who logs in is who was proved, or nobody logs in.

use std::sync::Arc;

use wayfare::{
    AuthLevel, Factor, Realm, Start, StartSession, Step, SubjectId, engine::effect::SessionRef,
};

use super::support::{Player, engine, failure, secret, success, text, why};

fn told(words: &str) -> String {
    format!(
        r#"journey j {{ start a node a: Probe(do = "{words}", reads = ["password"]) {{ ok -> success no -> failure }} }}"#
    )
}

const PROVE: &str = "name; secret; verify; prove password";

fn login(run: &mut Player, name: &str) -> Step {
    run.begin();
    run.answer([text(name)]);
    run.answer([secret(&format!("{name}-pw"))])
}

#[test]
fn a_proof_of_the_subject_succeeds() {
    let mut run = Player::new(&told(PROVE), "j");
    let end = success(login(&mut run, "demo"));
    assert_eq!(end.evidence[0].factor, Factor::Password);
    assert_eq!(end.evidence[0].subject, end.subject.id);
    assert_eq!(end.upgrades, None);
}

#[test]
fn the_canonical_name_is_the_one_that_logs_in() {
    let mut run = Player::new(&told(PROVE), "j");
    run.begin();
    run.answer([text("DEMO")]);
    let end = success(run.answer([secret("demo-pw")]));
    assert_eq!(&*end.subject.username, "demo");
}

#[test]
fn success_without_a_proof_is_refused() {
    for words in [
        "name",
        "name; lookup; identify",
        "name; secret; verify; identify",
        "shared username demo",
    ] {
        let mut run = Player::new(&told(words), "j");
        let mut step = run.begin();
        let mut asked = 0;
        while let Step::Ask(ask) = &step {
            let password = matches!(ask.callbacks[0], wayfare::Callback::Password { .. });
            step = run.answer([if password {
                secret("demo-pw")
            } else {
                text("demo")
            }]);
            asked += 1;
            assert!(asked < 5);
        }
        assert_eq!(why(step), "UnprovedSuccess", "{words}");
        assert!(
            !run.trace()
                .iter()
                .any(|line| line.contains("read_identity") && words == "name")
        );
    }
}

#[test]
fn an_exception_lifts_the_check_at_its_own_arrow_only() {
    let allowed = |at: &str| {
        format!(
            r#"journey j {{
              start a
              node a: Probe(do = "name") {{ ok -> b no -> failure {} }}
              node b: Probe(do = "shared x 1") {{ ok -> success no -> failure {} }}
            }}"#,
            if at == "a" { ALLOW } else { "" },
            if at == "b" { ALLOW } else { "" },
        )
    };
    let mut run = Player::new(&allowed("b"), "j");
    run.begin();
    let end = success(run.answer([text("demo")]));
    assert!(!end.proved);
    assert_eq!(&*end.subject.id.0, "id-demo");
    let mut run = Player::new(&allowed("b"), "j");
    run.begin();
    let step = run.answer([text("nobody")]);
    assert_eq!(why(step), "Inactive");
    let mut run = Player::new(&allowed("none"), "j");
    run.begin();
    let step = run.answer([text("demo")]);
    assert_eq!(why(step), "UnprovedSuccess");
}

const ALLOW: &str = "\n allow unproved_success because \"a test\"\n";

#[test]
fn another_name_drops_what_was_proved() {
    let text_of = |second: &str| {
        format!(
            r#"journey j {{
              start a
              node a: Probe(do = "{PROVE}", reads = ["password"]) {{ ok -> b no -> failure }}
              node b: Probe(do = "{second}", reads = ["password"]) {{ ok -> success no -> failure }}
            }}"#
        )
    };
    for (second, outcome) in [
        ("shared username eve", "UnprovedSuccess"),
        ("transient username eve", "UnprovedSuccess"),
        (
            "shared username eve; shared username demo",
            "UnprovedSuccess",
        ),
        ("shared username eve; lookup; identify", "UnprovedSuccess"),
        ("remove username; shared username eve", "UnprovedSuccess"),
    ] {
        let mut run = Player::new(&text_of(second), "j");
        let step = login(&mut run, "demo");
        assert_eq!(why(step), outcome, "{second}");
    }
    for second in [
        "shared username demo",
        "shared other eve",
        "lookup; identify",
    ] {
        let mut run = Player::new(&text_of(second), "j");
        assert_eq!(
            &*success(login(&mut run, "demo")).subject.username,
            "demo",
            "{second}"
        );
    }
}

#[test]
fn a_proof_that_the_signature_does_not_know_fails_the_node() {
    for (words, message) in [
        (
            "name; secret; verify; prove otp",
            "the signature does not say",
        ),
        (
            "name; secret; verify; prove device",
            "the signature does not say",
        ),
        ("name; secret; verify; prove forged", "named by no effect"),
    ] {
        let mut run = Player::new(&told(words), "j");
        let step = login(&mut run, "demo");
        assert!(why(step).contains(message), "{words}");
    }
    let none = told("name; prove forged");
    let mut run = Player::new(&none, "j");
    run.begin();
    let step = run.answer([text("demo")]);
    assert!(why(step).contains("named by no effect"));
}

#[test]
fn the_level_moves_as_the_signature_says_or_not_at_all() {
    let text_of = |raise: &str, claim: u32| {
        format!(
            r#"journey j {{ level = {claim} start a
              node a: Probe(do = "name; secret; verify; raise {raise}; prove password", raises = 5, reads = ["password"]) {{ ok -> success no -> failure }} }}"#
        )
    };
    let mut run = Player::new(&text_of("5", 5), "j");
    assert_eq!(
        success(login(&mut run, "demo")).level,
        AuthLevel::saturating(5)
    );
    for raise in ["6", "4", "500"] {
        let mut run = Player::new(&text_of(raise, 5), "j");
        let step = login(&mut run, "demo");
        assert!(why(step).contains("the level was moved"), "{raise}");
    }
    // A node that says it raises and does not: the claim is checked again at the end.
    let lazy = text_of("5", 5).replace("raise 5; ", "");
    let mut run = Player::new(&lazy, "j");
    let step = login(&mut run, "demo");
    assert_eq!(why(step), "LevelNotReached");
}

#[test]
fn an_account_that_is_not_active_or_not_there_is_refused() {
    let mut run = Player::new(&told(PROVE), "j");
    run.users.get_mut("demo").unwrap().active = false;
    let end = failure(login(&mut run, "demo"));
    assert_eq!(format!("{:?}", end.reason), "Inactive");
    assert_eq!(end.username, Some(Arc::from("demo")));
    assert_eq!(end.message, None);
}

fn session(subject: &str) -> StartSession {
    StartSession {
        session: SessionRef(Arc::from("s1")),
        subject: SubjectId(Arc::from(format!("id-{subject}"))),
        username: Arc::from(subject),
        level: AuthLevel::saturating(5),
        services: vec![Arc::from("j")],
        proved: true,
    }
}

#[test]
fn a_session_of_the_same_subject_is_replaced_one_of_another_refuses() {
    let engine = engine(&told(PROVE));
    let realm = Realm::parse("/alpha").unwrap();
    let start = |who| {
        Start::journey("j")
            .realm(realm.clone())
            .session(session(who))
    };
    let mut run = Player::start(engine.clone(), start("demo"));
    let end = success(login(&mut run, "demo"));
    assert_eq!(end.upgrades, Some(SessionRef(Arc::from("s1"))));
    assert_eq!(end.level, AuthLevel::ZERO);
    let mut run = Player::start(engine, start("eve"));
    let step = login(&mut run, "demo");
    assert_eq!(why(step), "OtherSubject");
}

#[test]
fn a_session_alone_proves_nobody() {
    let text_of = |then: &str| {
        format!(
            r#"journey j {{
              start a
              node a: SessionData(sessionDataKey = "UserToken", sharedStateKey = "username") -> b
              node b: Probe(do = "{then}", reads = ["password"]) {{ ok -> success no -> failure }}
            }}"#
        )
    };
    let start = || Start::journey("j").session(session("demo"));
    let mut run = Player::start(engine(&text_of("shared x 1")), start());
    let step = run.begin();
    assert_eq!(why(step), "UnprovedSuccess");
    let mut run = Player::start(engine(&text_of("secret; verify; prove password")), start());
    run.begin();
    let end = success(run.answer([secret("demo-pw")]));
    let factors: Vec<_> = end.evidence.iter().map(|e| e.factor).collect();
    assert_eq!(factors, [Factor::Session, Factor::Password]);
}

const OTP: &str = r#"journey otp {
  start name
  node name: UsernameCollector -> generate
  node generate: OneTimePasswordGenerator -> send
  node send: OneTimePasswordSmtpSender {
    fromEmailAddress = "login@example.com"
    emailSubject = { en = "Your code" }
    emailContent = { en = "{{OTP}}" }
    on error -> failure
    -> enter
  }
  node enter: OneTimePasswordCollectorDecision {
    true -> success
    false -> failure
  }
}"#;

fn code_sent(run: &Player) -> String {
    let body = run.calls.iter().rev().find_map(|call| match &call.effect {
        wayfare::Effect::Send(message) => Some(message.body.reveal().clone()),
        _ => None,
    });
    let body = body.expect("a message");
    body.chars().filter(char::is_ascii_digit).collect()
}

#[test]
fn a_code_proves_whom_it_was_sent_to() {
    let mut run = Player::new(OTP, "otp");
    run.sealing = true;
    run.begin();
    run.answer([text("demo")]);
    let code = code_sent(&run);
    let end = success(run.answer([secret(&code)]));
    assert_eq!(end.evidence[0].factor, Factor::Otp);
    assert_eq!(&*end.subject.username, "demo");
}

#[test]
fn a_code_of_another_proves_nobody() {
    let text_of = OTP.replace(
        "-> enter\n",
        "-> swap\n",
    ).replace(
        "node enter",
        "node swap: Probe(do = \"name\", reads = [\"oneTimePassword\", \"oneTimePasswordTimestamp\"]) { ok -> enter no -> failure }\n node enter",
    );
    let mut run = Player::new(&text_of, "otp");
    run.begin();
    run.answer([text("demo")]);
    let code = code_sent(&run);
    run.answer([text("eve")]);
    let step = run.answer([secret(&code)]);
    assert_eq!(why(step), "UnprovedSuccess");
}

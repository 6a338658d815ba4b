//! Runs that are driven with answers.

use std::sync::Arc;

use wayfare::{
    Ground, GroundKind, Input, Start, Step, Value,
    engine::callback::{Answer, Ask, Callback, Foreign},
    headless::{Answers, Drive, Failed, Given, Headless, Lack, NeedsInput, Outcome, Slot},
};

use super::{
    random::{Dice, answer, journeys},
    support::{Player, engine, is_verify, success},
};

const LOGIN: &str = "journey login { start credentials
  node credentials: Page {
    node name: UsernameCollector
    node word: PasswordCollector
    outcome -> check }
  node check: DataStoreDecision { true -> success false -> credentials }
}";

/// Drives a run to its end, with the effects performed as they come.
fn drive(player: &mut Player, answers: Answers) -> (Outcome, Headless) {
    let run = Headless::new(player.auth.clone(), answers);
    go_on(player, run, Input::Begin)
}

fn go_on(player: &mut Player, mut run: Headless, mut input: Input) -> (Outcome, Headless) {
    for _ in 0..10_000 {
        match run.step(&player.host, &player.request, input).unwrap() {
            Drive::Call(call) => {
                input = Input::Effect(player.perform(&call.effect));
                player.calls.push(call);
            }
            Drive::Done(outcome) => return (outcome, run),
        }
    }
    panic!("the run does not end");
}

fn credentials(name: &str, word: &str) -> Answers {
    let mut answers = Answers::new();
    answers.text("username", name).secret("password", word);
    answers
}

fn failed(outcome: Outcome) -> Failed {
    match outcome {
        Outcome::Failure(failed) => *failed,
        other => panic!("not a failure: {other:?}"),
    }
}

fn needs(outcome: Outcome) -> NeedsInput {
    match outcome {
        Outcome::NeedsInput(needs) => needs,
        other => panic!("not a question: {other:?}"),
    }
}

#[test]
fn a_login_succeeds_with_what_it_asks() {
    let mut player = Player::new(LOGIN, "login");
    let (outcome, run) = drive(&mut player, credentials("demo", "demo-pw"));
    assert!(matches!(outcome, Outcome::Success(_)));
    assert_eq!(run.unused().count(), 0);
    let used: Vec<String> = run
        .used()
        .map(|(slot, to)| format!("{slot}>{to}"))
        .collect();
    assert_eq!(used, ["username>username", "password>password"]);
}

#[test]
fn a_question_that_comes_again_ends_the_run_after_one_comparison() {
    let mut player = Player::new(LOGIN, "login");
    let (outcome, run) = drive(&mut player, credentials("demo", "no"));
    let failed = failed(outcome);
    assert_eq!(failed.ground, Ground::InvalidCredentials { detail: None });
    assert_eq!(failed.failure, None);
    assert!(failed.asked.is_some());
    assert_eq!(player.count(is_verify), 1);
    assert!(!format!("{run:?}").contains("demo-pw"));
}

#[test]
fn a_second_answer_is_given_where_there_is_one() {
    let mut player = Player::new(LOGIN, "login");
    let mut answers = credentials("demo", "no");
    answers.put(
        Slot::parse("username#2").unwrap(),
        Given::Text("demo".to_owned()),
    );
    answers.put(
        Slot::parse("PasswordCallback#2").unwrap(),
        Given::Text("demo-pw".to_owned()),
    );
    let (outcome, _) = drive(&mut player, answers);
    assert!(matches!(outcome, Outcome::Success(_)), "{outcome:?}");
    assert_eq!(player.count(is_verify), 2);
}

#[test]
fn what_has_no_answer_is_told_and_nothing_is_guessed() {
    let mut player = Player::new(LOGIN, "login");
    let mut answers = Answers::new();
    answers.text("username", "demo").text("mail", "a@b");
    let (outcome, run) = drive(&mut player, answers);
    assert_eq!(needs(outcome).lacks, [(1, Lack::Missing)]);
    let unused: Vec<String> = run.unused().map(ToString::to_string).collect();
    assert_eq!(unused, ["mail"]);
}

#[test]
fn a_choice_is_made_by_its_words_or_its_place_and_never_by_default() {
    let text = "journey j { start pick
      node pick: ChoiceCollector { defaultChoice = \"a\"
        prompt = { en = \"Which?\" }
        a -> failure
        b -> say }
      node say: SetFailureDetails { ground = \"already_done\"
        outcome -> failure }
    }";
    let given = |given: Option<Given>| {
        let mut answers = Answers::new();
        if let Some(given) = given {
            answers.put(Slot::parse("choice").unwrap(), given);
        }
        drive(&mut Player::new(text, "j"), answers).0
    };
    for right in [Given::Text("b".to_owned()), Given::Index(1)] {
        assert_eq!(failed(given(Some(right))).ground, Ground::AlreadyDone);
    }
    assert_eq!(needs(given(None)).lacks, [(0, Lack::Missing)]);
    for wrong in [
        Given::Text("c".to_owned()),
        Given::Flag(true),
        Given::Index(2),
    ] {
        assert_eq!(needs(given(Some(wrong))).lacks, [(0, Lack::Unfit)]);
    }
}

#[test]
fn a_secret_goes_into_no_field_that_shows_it() {
    let mut player = Player::new(LOGIN, "login");
    let mut answers = Answers::new();
    answers
        .secret("username", "demo-pw")
        .secret("password", "demo-pw");
    let (outcome, _) = drive(&mut player, answers);
    assert_eq!(needs(outcome).lacks, [(0, Lack::Unfit)]);
}

#[test]
fn what_only_shows_is_passed_and_a_wait_is_not() {
    let text = "journey j { start wait
      node wait: PollingWait { DONE -> failure }
    }";
    let (outcome, _) = drive(&mut Player::new(text, "j"), Answers::new());
    assert!(needs(outcome).lacks.contains(&(0, Lack::Person)));
}

#[test]
fn slots_are_read_as_they_are_written() {
    for text in [
        "mail",
        "password#2",
        "ChoiceCallback",
        "ChoiceCallback#3",
        "id:7",
    ] {
        assert_eq!(Slot::parse(text).unwrap().to_string(), text);
    }
    assert_eq!(Slot::parse("mail#1"), Slot::parse("mail"));
    for bad in ["", "#1", "mail#0", "mail#x", "id:x"] {
        assert_eq!(Slot::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_first_step_is_answered_in_full_or_not_at_all() {
    let mut player = Player::new(LOGIN, "login");
    let Step::Ask(ask) = player.begin() else {
        panic!("a login asks");
    };
    let both = credentials("demo", "demo-pw").to_first(&ask).unwrap();
    success(player.answer(both));
    assert_eq!(Answers::new().to_first(&ask), None);
}

/// An interactive walk and a driven one, with the same answers, come to the same.
#[test]
fn random_journeys_end_as_they_do_for_a_person() {
    let mut ends = 0;
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let text = journeys(seed);
        let engine = engine(&text);
        let mut person = Player::start(engine.clone(), Start::journey("j"));
        let mut answers = Answers::new();
        let mut counts = std::collections::BTreeMap::<String, u32>::new();
        let mut step = person.input(Input::Begin).unwrap();
        let mut asked = 0;
        let end = loop {
            let Step::Ask(ask) = &step else {
                break Some(step);
            };
            asked += 1;
            if asked > 20 {
                break None;
            }
            let mut typed = Vec::new();
            for callback in &ask.callbacks {
                let answer = answer(&mut dice, callback);
                if let Some(field) = callback.field() {
                    let nth = counts.entry(field.to_owned()).or_insert(0);
                    *nth += 1;
                    let slot = Slot::Field(Arc::from(field), *nth);
                    answers.put(slot, Given::Answer(answer.clone()));
                }
                typed.push(answer);
            }
            step = person.answer(typed);
        };
        let mut driven = Player::start(engine, Start::journey("j"));
        let (outcome, run) = drive(&mut driven, answers);
        match (end, outcome) {
            (Some(Step::Done(wayfare::End::Success(a))), Outcome::Success(b)) => {
                assert_eq!(a.subject, b.subject);
                assert_eq!(run.unused().count(), 0);
            }
            (Some(Step::Done(wayfare::End::Failure(a))), Outcome::Failure(b)) => {
                assert_eq!(Some(a), b.failure, "{text}");
                assert_eq!(run.unused().count(), 0);
            }
            // Who asks for ever is left.
            (Some(Step::Suspended(_)), Outcome::Suspended(_))
            | (None, Outcome::NeedsInput(_) | Outcome::Failure(_)) => {}
            (end, outcome) => panic!("{end:?}\n{outcome:?}\n{text}"),
        }
        ends += 1;
    }
    assert_eq!(ends, 400);
}

#[test]
fn a_callback_that_is_called_by_its_kind_is_counted_once() {
    let kind: Arc<str> = Arc::from("IdPCallback");
    let one = Callback::Foreign(Box::new(Foreign {
        kind: Arc::clone(&kind),
        output: Vec::new(),
        input: vec![(Arc::from("token"), serde_json::Value::from(""))],
    }));
    let ask = Ask::new(vec![one.clone(), one]);
    let fields = |text: &str| Answer::Fields(vec![(Arc::from("token"), Value::from(text))]);
    for slot in [
        |kind, nth| Slot::Kind(kind, nth),
        |kind, nth| Slot::Field(kind, nth),
    ] {
        let mut answers = Answers::new();
        for (nth, text) in [(1, "a"), (2, "b")] {
            let slot: Slot = slot(Arc::clone(&kind), nth);
            answers.put(slot, Given::Answer(fields(text)));
        }
        assert_eq!(answers.to_first(&ask), Some(vec![fields("a"), fields("b")]));
    }
}

#[test]
fn a_run_that_asks_for_ever_is_bounded() {
    let mut answers = Answers::new();
    for nth in 1..=100 {
        for (field, word) in [("username", "demo"), ("password", "no")] {
            let slot = Slot::Field(Arc::from(field), nth);
            answers.put(slot, Given::Text(word.to_owned()));
        }
    }
    let mut player = Player::new(LOGIN, "login");
    let run = Headless::new(player.auth.clone(), answers).with_asks_max(5);
    let (outcome, _) = go_on(&mut player, run, Input::Begin);
    assert_eq!(
        failed(outcome).ground.kind(),
        GroundKind::InvalidCredentials
    );
    assert_eq!(player.count(is_verify), 5);
}

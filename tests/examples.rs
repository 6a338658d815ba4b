//! The journeys of the project, compiled, in their one form, and walked from start to end.

use std::{collections::BTreeMap, sync::Arc};

use wayfare::{
    Answer, Callback, Compiler, Effect, EffectReply, End, Engine, Host, Input, MemoryImporter,
    Registry, Request, Secret, Source, Start, Step, SubjectId, Timestamp, Value,
    engine::{
        effect::{Credential, Identity},
        host::NoRandomness,
    },
};

use crate::documents::read;

const FILES: &[&str] = &[
    "choice_of_factor.journey",
    "customers.guard.journey",
    "guards.journey",
    "inner_journey.journey",
    "login.journey",
    "message.journey",
    "otp_step_up.journey",
    "policies.journey",
    "polling.journey",
    "retry_and_lockout.journey",
    "two_codes.journey",
    "zero_page.journey",
];

/// A clock that moves a second with every look, and counted bytes for randomness.
struct World;

impl Host for World {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(at % 251).unwrap();
        }
        Ok(())
    }
}

fn engine(files: &[&str]) -> Engine {
    let lib = MemoryImporter::new([Source::new(
        "lib/otp.journey",
        read("journeys/lib/otp.journey"),
    )]);
    let registry = Registry::standard();
    let sources = files
        .iter()
        .map(|file| Source::new(*file, read(&format!("journeys/{file}"))));
    let compiled = Compiler::new(registry.catalog())
        .importer(&lib)
        .compile(sources);
    let found: Vec<_> = compiled
        .diagnostics
        .iter()
        .map(|d| d.one_line(&compiled.sources))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
    Engine::link(compiled.program.unwrap(), registry).unwrap()
}

/// Plays a journey: each turn answers the callbacks that want an answer, in order. `code` stands for the
/// code that was mailed last.
fn play(journey: &str, turns: &[&[&str]], request: &Request) -> (String, Vec<String>) {
    let engine = engine(FILES);
    let mut auth = engine.begin(Start::journey(journey), &World).unwrap();
    let mut turns = turns.iter();
    let mut input = Input::Begin;
    let mut mailed = String::new();
    let mut did = Vec::new();
    for _ in 0..100 {
        input = match auth.step(&World, request, input).unwrap() {
            Step::Ask(ask) => {
                let mut given = turns.next().expect("an answer for every question").iter();
                let answers = ask
                    .callbacks
                    .iter()
                    .map(|callback| answer(callback, &mut given, &mailed));
                Input::Answers(answers.collect())
            }
            Step::Call(call) => {
                if let Effect::Send(message) = &call.effect {
                    mailed = message
                        .body
                        .reveal()
                        .chars()
                        .filter(char::is_ascii_digit)
                        .collect();
                    did.push(format!("mail to {}", message.to));
                }
                if let Effect::SetStatus(set) = &call.effect {
                    did.push(if set.active { "unlock" } else { "lock" }.to_owned());
                }
                Input::Effect(perform(&call.effect))
            }
            Step::Suspended(_) => Input::Resume,
            Step::Done(End::Success(success)) => {
                assert!(turns.next().is_none(), "answers are left over");
                return (
                    format!("{} at {}", success.subject.username, success.level),
                    did,
                );
            }
            Step::Done(End::Failure(failure)) => {
                assert!(turns.next().is_none(), "answers are left over");
                let message = failure.message.as_deref().unwrap_or("Login failure");
                return (format!("failure: {message}"), did);
            }
        };
    }
    panic!("the run does not end");
}

fn answer<'a>(
    callback: &Callback,
    given: &mut impl Iterator<Item = &'a &'a str>,
    code: &str,
) -> Answer {
    let mut next = || match *given.next().expect("an answer") {
        "code" => code.to_owned(),
        other => other.to_owned(),
    };
    match callback {
        Callback::Name { .. } => Answer::Text(next()),
        Callback::Password { .. } => Answer::Secret(Secret::new(next())),
        Callback::Choice { .. } => Answer::Index(next().parse().unwrap()),
        Callback::Confirmation { optional, .. } => match next().as_str() {
            "" if *optional => Answer::Untouched,
            other => Answer::Index(other.parse().unwrap()),
        },
        _ => Answer::None,
    }
}

fn perform(effect: &Effect) -> EffectReply {
    let demo = Identity {
        subject: SubjectId(Arc::from("demo")),
        username: Arc::from("demo"),
        active: true,
        attributes: BTreeMap::from([
            (Arc::from("mail"), Value::from("demo@example.com")),
            (Arc::from("role"), Value::from("admin")),
        ]),
    };
    match effect {
        Effect::Verify(verify) => {
            let right = match &verify.credential {
                Credential::Otp { expected, lapsed } => !lapsed && *expected == verify.secret,
                Credential::Password | Credential::Bind(_) => verify.secret.reveal() == "Ch4ng31t",
                Credential::Recovery { .. } | Credential::Oath(_) | Credential::Answers { .. } => {
                    false
                }
            };
            if right {
                EffectReply::Match(demo)
            } else {
                EffectReply::Miss
            }
        }
        Effect::ReadIdentity(_) => EffectReply::Identity(Some(demo)),
        Effect::SetStatus(_) => EffectReply::StatusSet(true),
        Effect::Send(_) => EffectReply::Sent,
        other => EffectReply::Failed(format!("{other:?}")),
    }
}

const RIGHT: &[&str] = &["demo", "Ch4ng31t"];
const WRONG: &[&str] = &["demo", "wrong"];

/// Plays without headers and says only how it ended.
fn ends(journey: &str, turns: &[&[&str]]) -> String {
    play(journey, turns, &Request::default()).0
}

#[test]
fn every_file_stands_alone_and_in_its_one_form() {
    for file in FILES {
        // A guard names journeys of other files.
        if !file.ends_with(".guard.journey") {
            engine(&[file]);
        }
        let text = read(&format!("journeys/{file}"));
        assert_eq!(
            wayfare::format(&Source::new(*file, text.as_str())).unwrap(),
            text,
            "{file}"
        );
    }
    let text = read("journeys/lib/otp.journey");
    assert_eq!(
        wayfare::format(&Source::new("otp.journey", text.as_str())).unwrap(),
        text
    );
}

#[test]
fn login() {
    assert_eq!(ends("Login", &[RIGHT]), "demo at 0");
    assert_eq!(ends("Login", &[WRONG, WRONG, RIGHT]), "demo at 0");
    assert_eq!(
        ends("Login", &[WRONG, WRONG, WRONG]),
        "failure: Login failure"
    );
}

#[test]
fn otp_step_up() {
    let (end, did) = play("StepUp", &[RIGHT, &["code"]], &Request::default());
    assert_eq!(
        (end.as_str(), did),
        ("demo at 20", vec!["mail to demo@example.com".to_owned()])
    );
    assert_eq!(
        ends("StepUp", &[RIGHT, &["x"], &["x"], &["x"], &["code"]]),
        "demo at 20"
    );
    assert_eq!(
        ends("StepUp", &[RIGHT, &["x"], &["x"], &["x"], &["x"]]),
        "failure: Login failure"
    );
}

#[test]
fn choice_of_factor() {
    assert_eq!(
        ends("ChoiceOfFactor", &[RIGHT, &["0"], &["code"]]),
        "demo at 15"
    );
    assert_eq!(ends("ChoiceOfFactor", &[RIGHT, &["1"]]), "demo at 5");
    assert_eq!(
        ends("ChoiceOfFactor", &[RIGHT, &["2"]]),
        "failure: Login failure"
    );
}

#[test]
fn retry_and_lockout() {
    let (end, did) = play(
        "RetryAndLockout",
        &[WRONG, WRONG, WRONG],
        &Request::default(),
    );
    assert_eq!(
        (end.as_str(), did),
        ("failure: Login failure", vec!["lock".to_owned()])
    );
    assert_eq!(ends("RetryAndLockout", &[WRONG, WRONG, RIGHT]), "demo at 0");
}

#[test]
fn inner_journey() {
    assert_eq!(ends("Welcome", &[WRONG, RIGHT, &["0"]]), "demo at 10");
    assert_eq!(ends("Welcome", &[RIGHT, &["1"]]), "failure: Login failure");
    assert_eq!(
        ends("Welcome", &[WRONG, WRONG, WRONG, WRONG]),
        "failure: Login failure"
    );
}

#[test]
fn two_codes() {
    assert_eq!(
        ends("TwoCodes", &[RIGHT, &["code"], &["0"], &["code"]]),
        "demo at 0"
    );
    assert_eq!(
        ends("TwoCodes", &[RIGHT, &["x"], &["x"], &["x"]]),
        "failure: Login failure"
    );
    assert_eq!(
        ends(
            "TwoCodes",
            &[RIGHT, &["x"], &["x"], &["code"], &["0"], &["x"], &["x"]]
        ),
        "failure: Login failure"
    );
}

#[test]
fn message() {
    assert_eq!(ends("Message", &[RIGHT, &["0"]]), "demo at 0");
    assert_eq!(
        ends("Message", &[RIGHT, &["1"]]),
        "failure: You have to agree to the terms of use."
    );
}

#[test]
fn polling() {
    assert_eq!(ends("Polling", &[RIGHT, &["0"]]), "failure: Login failure");
    // The clock of this test stands still, so a client that asks again is told to wait again.
    assert_eq!(
        ends("Polling", &[RIGHT, &[""], &[""], &["0"]]),
        "failure: Login failure"
    );
}

#[test]
fn zero_page() {
    let mut request = Request::default();
    request.headers = vec![
        ("X-OpenAM-Username".to_owned(), "demo".to_owned()),
        ("X-OpenAM-Password".to_owned(), "Ch4ng31t".to_owned()),
    ];
    assert_eq!(play("ZeroPage", &[], &request).0, "demo at 0");
    assert_eq!(ends("ZeroPage", &[RIGHT]), "demo at 0");
}

#[test]
fn guards() {
    assert_eq!(ends("Guards", &[RIGHT, &["code"]]), "demo at 0");
    let mut office = Request::default();
    office.client = Some("10.1.2.3".parse().unwrap());
    // An administrator is asked for a code from anywhere.
    assert_eq!(play("Guards", &[RIGHT, &["code"]], &office).0, "demo at 0");
}

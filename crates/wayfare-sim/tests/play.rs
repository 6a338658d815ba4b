//! Runs in their world.

use std::{sync::Arc, time::Duration};

use wayfare::{
    Action, Answer, AuthLevel, Compiler, Context, Effect, EffectReply, End, Engine, EngineError,
    FailureReason, Input, NodeError, NodeType, Prepared, Registry, Reply, Secret, Setup, Signature,
    Source, Start, Step, Suspend, Value,
    engine::effect::Custom,
    model::{journey::OutcomeId, signature::Known},
};
use wayfare_sim::{Play, SimHost, Stop, User, World};

const TEXT: &str = r#"
journey password_check {
  innerTreeOnly = true
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }
  node check: DataStoreDecision {
    true -> success
    false -> attempts
  }
  node attempts: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> failure
  }
}

journey login "Login" {
  start password
  node password: journey password_check {
    true -> raise
    false -> lock
  }
  node lock: AccountLockout(lockAction = "LOCK") -> failure
  node raise: ModifyAuthLevel(authLevelIncrement = 10) -> generate
  node generate: OneTimePasswordGenerator(length = 6) -> send
  node send: OneTimePasswordSmtpSender -> enter
  node enter: OneTimePasswordCollectorDecision(passwordExpiryTime = 5m) {
    true -> success
    false -> failure
  }
}
"#;

fn engine(text: &str) -> Engine {
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("test.journey", text)]);
    let found = format!("{:#?}", compiled.diagnostics);
    Engine::link(compiled.program.expect(&found), registry).unwrap()
}

fn login() -> Engine {
    engine(TEXT)
}

fn play(engine: &Engine, world: World) -> Play {
    Play::begin(engine, Start::journey("Login"), world, SimHost::new(7)).unwrap()
}

fn credentials(name: &str, password: &str) -> Vec<Answer> {
    vec![
        Answer::Text(name.to_owned()),
        Answer::Secret(Secret::from(password)),
    ]
}

fn code(code: &str) -> Vec<Answer> {
    vec![Answer::Secret(Secret::from(code))]
}

#[test]
fn a_run_asks_and_goes_on_until_it_ends() {
    let mut play = play(&login(), World::demo());
    assert_eq!(play.stop(), None);
    assert_eq!(play.session().at(), None);
    let Stop::Ask(ask) = play.first().unwrap() else {
        panic!("{:?}", play.stop());
    };
    assert_eq!(ask.callbacks.len(), 2);
    let asker = play.asker();
    let names: Vec<_> = asker
        .iter()
        .map(|(name, at)| (&**name, at.clone()))
        .collect();
    assert_eq!(
        names,
        [
            ("password_check/credentials.username", 0..1),
            ("password_check/credentials.password", 1..2)
        ]
    );
    assert_eq!(play.session().calls(), [Arc::from("login/password")]);

    let stop = play.answer(credentials("demo", "Ch4ng31t")).unwrap();
    assert!(matches!(stop, Stop::Ask(_)), "{stop:?}");
    assert_eq!(play.asker(), [(Arc::from("login/enter"), 0..1)]);
    let session = play.session();
    assert_eq!(session.level(), AuthLevel::saturating(10));
    assert_eq!(&*session.subject().unwrap().id.0, "id-demo");
    assert_eq!(session.evidence().len(), 1);
    assert_eq!(session.shared("username"), Some(&Value::from("demo")));
    assert_eq!(session.shared("oneTimePassword"), None);
    assert!(session.shared_keys().contains(&Arc::from("username")));
    assert!(session.calls().is_empty());

    let sent = play.world().outbox.last().unwrap().code().unwrap();
    let Stop::Done(End::Success(success)) = play.answer(code(sent.reveal())).unwrap() else {
        panic!("{:?}", play.stop());
    };
    assert_eq!(success.evidence.len(), 2);
    let opened = play.opened().unwrap();
    let session = &play.world().sessions[opened];
    assert_eq!((&*session.username, session.level.number()), ("demo", 10));
    assert!(play.asker().is_empty());
    assert_eq!(play.answer(Vec::new()).unwrap_err(), EngineError::Ended);
}

#[test]
fn three_wrong_passwords_lock_the_account() {
    let mut play = play(&login(), World::demo());
    play.first().unwrap();
    for _ in 0..2 {
        let stop = play.answer(credentials("demo", "no")).unwrap();
        assert!(matches!(stop, Stop::Ask(_)));
    }
    let Stop::Done(End::Failure(failure)) = play.answer(credentials("demo", "no")).unwrap() else {
        panic!("{:?}", play.stop());
    };
    assert_eq!(failure.reason, FailureReason::Rejected);
    assert!(!play.world().users["demo"].active);
    assert_eq!(play.opened(), None);
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut one = play(&login(), World::demo());
    one.first().unwrap();
    let mut other = one.clone();
    one.answer(credentials("demo", "no")).unwrap();
    other.answer(credentials("demo", "Ch4ng31t")).unwrap();
    assert!(one.world().outbox.is_empty());
    assert_eq!(other.world().outbox.len(), 1);
}

#[test]
fn a_step_that_is_refused_changes_nothing() {
    let mut play = play(&login(), World::demo());
    play.first().unwrap();
    let (stop, world) = (play.stop(), play.world().clone());
    assert!(play.answer(Vec::new()).is_err());
    assert!(play.resume().is_err());
    assert!(play.first().is_err());
    assert_eq!((play.stop(), play.world()), (stop, &world));
    assert_eq!(play.session().generation(), 0);
}

#[test]
fn time_that_passes_ends_a_run() {
    let mut play = play(&login(), World::demo());
    play.first().unwrap();
    play.advance(Duration::from_secs(5 * 60));
    let refused = play.answer(credentials("demo", "Ch4ng31t"));
    assert_eq!(refused.unwrap_err(), EngineError::Expired);
}

#[test]
fn an_upgrade_takes_the_place_of_the_session() {
    let engine = login();
    let mut world = World::demo();
    let level = AuthLevel::saturating(30);
    let old = world.open_session("demo", level, SimHost::EPOCH).unwrap();
    let start = Start::journey("Login").session(world.start_session(&old).unwrap());
    let mut play = Play::begin(&engine, start, world, SimHost::new(7)).unwrap();
    play.first().unwrap();
    play.answer(credentials("demo", "Ch4ng31t")).unwrap();
    let sent = play.world().outbox[0].code().unwrap();
    let stop = play.answer(code(sent.reveal())).unwrap();
    assert!(matches!(stop, Stop::Done(End::Success(_))), "{stop:?}");
    let world = play.world();
    assert_eq!(world.sessions.len(), 1);
    assert!(!world.sessions.contains_key(&old));
    assert_eq!(world.sessions[play.opened().unwrap()].level, level);
}

/// What a play does is what the steps of its run do.
#[test]
fn a_play_is_the_steps_of_its_run() {
    let engine = login();
    let scripts = [
        vec![credentials("demo", "Ch4ng31t"), code("000000")],
        vec![credentials("nobody", "x"), credentials("demo", "Ch4ng31t")],
        vec![
            credentials("demo", "no"),
            credentials("demo", "no"),
            credentials("demo", "no"),
        ],
    ];
    for script in scripts {
        let mut play = play(&engine, World::demo());
        let mut seen = vec![play.first().unwrap()];
        for answers in &script {
            seen.push(play.answer(answers.clone()).unwrap());
        }

        let (host, mut world) = (SimHost::new(7), World::demo());
        let mut run = engine.begin(Start::journey("Login"), &host).unwrap();
        let mut plain = Vec::new();
        let mut answers = script.into_iter();
        let mut input = Input::Begin;
        loop {
            let next = run
                .step(&host, &wayfare::Request::default(), input)
                .unwrap();
            let stop = match next {
                Step::Call(call) => {
                    input = Input::Effect(world.perform(&call, SimHost::EPOCH));
                    continue;
                }
                Step::Ask(ask) => Stop::Ask(ask),
                Step::Suspended(suspended) => Stop::Suspended(suspended),
                Step::Done(end) => {
                    if let End::Success(success) = &end {
                        world.log_in(success, SimHost::EPOCH);
                    }
                    Stop::Done(end)
                }
            };
            plain.push(stop);
            let Some(next) = answers.next() else { break };
            input = Input::Answers(next);
        }
        assert_eq!(seen, plain);
        assert_eq!(*play.world(), world);
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let engine = login();
    let transcript = |seed| {
        let start = Start::journey("Login");
        let world = World::demo().user(User::new("eve").password("x"));
        let mut play = Play::begin(&engine, start, world, SimHost::new(seed)).unwrap();
        play.first().unwrap();
        play.answer(credentials("demo", "Ch4ng31t")).unwrap();
        let sent = play.world().outbox[0].code().unwrap();
        (format!("{:?} {:?}", play.trace(), play.world()), sent)
    };
    assert_eq!(transcript(7), transcript(7));
    assert_ne!(transcript(7).1, transcript(8).1);
}

/// A node that suspends the run, with a link sent by an effect of its own.
#[derive(Debug)]
struct Knock;

impl NodeType for Knock {
    fn signature(&self) -> Signature {
        Signature {
            suspends: Known::Is(true),
            ..Signature::new("Knock", "KnockNode")
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Ok(Box::new(Knocking(setup.outcome("outcome")?)))
    }
}

#[derive(Debug)]
struct Knocking(OutcomeId);

impl Prepared for Knocking {
    fn enter(&self, _: &mut Context<'_>) -> Result<Action, NodeError> {
        Ok(Action::Suspend(Box::new(Suspend {
            text: "Look at your door.".to_owned(),
            within: Some(Duration::from_secs(600)),
            deliver: Some(Effect::Custom(Custom {
                kind: Arc::from("knock"),
                request: Value::from("open {0}"),
                once: true,
            })),
        })))
    }

    fn resume(&self, _: &mut Context<'_>, _: Reply) -> Result<Action, NodeError> {
        Ok(Action::go(self.0))
    }
}

#[test]
fn a_suspended_run_goes_on_by_its_link() {
    let mut registry = Registry::standard();
    registry.add(Knock).unwrap();
    let text = "journey door {\n  start knock\n  node knock: Knock -> failure\n  allow no_success because \"a test\"\n}\n";
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("door.journey", text)]);
    let found = format!("{:#?}", compiled.diagnostics);
    let engine = Engine::link(compiled.program.expect(&found), registry).unwrap();
    let begin = || {
        let world = World::new().answers("knock", EffectReply::Custom(Value::Null));
        let mut play =
            Play::begin(&engine, Start::journey("door"), world, SimHost::new(7)).unwrap();
        assert!(matches!(play.first().unwrap(), Stop::Suspended(_)));
        play
    };
    let mut play = begin();
    let [performed] = &*play.world().performed else {
        panic!("{:?}", play.world().performed);
    };
    assert_eq!(&*performed.node, "door/knock");
    let Effect::Custom(custom) = &performed.effect else {
        panic!("{:?}", performed.effect);
    };
    let asked = custom.request.as_text().unwrap();
    let link = format!(
        "open https://login.example.com/?suspendedId={:032x}.0",
        play.session().run_id()
    );
    assert_eq!(asked, link);
    play.restore().unwrap();
    assert!(matches!(
        play.resume().unwrap(),
        Stop::Done(End::Failure(_))
    ));
    let mut late = begin();
    late.advance(Duration::from_secs(600));
    assert_eq!(late.resume().unwrap_err(), EngineError::Expired);
}

#[test]
fn a_run_that_was_sealed_and_opened_is_the_same() {
    let mut one = play(&login(), World::demo());
    let mut other = one.clone();
    one.first().unwrap();
    other.restore().unwrap();
    other.first().unwrap();
    for answers in [
        credentials("eve", "no"),
        credentials("demo", "Ch4ng31t"),
        code("1"),
    ] {
        other.restore().unwrap();
        assert_eq!(one.answer(answers.clone()), other.answer(answers));
        assert_eq!(one.world(), other.world());
    }
    assert_eq!(one.trace(), other.trace());
    assert_eq!(other.restore().unwrap_err(), EngineError::Ended);
}

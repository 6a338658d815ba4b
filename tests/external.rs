//! Nodes outside: what their handlers see, and what counts of what they say.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use wayfare::{
    Answer, AuthSession, Callback, Compiler, Effect, EffectReply, End, Engine, Factor, Host, Input,
    LinkError, NodeError, Registry, Request, Seal, SealError, Secret, Secrets, Signature, Source,
    Start, Step, Timestamp, Value,
    engine::{
        callback::Foreign,
        effect::{
            EffectId, External, ExternalEvent, ExternalReply, Handler, Handlers, Identity, Went,
        },
        host::NoRandomness,
    },
    model::signature::Limit,
};

const TEXT: &str = r#"
param api_key: Secret

extern Desk "DeskNode" (place: Text, wait: Duration = 5s, key: Secret) -> yes | no {
  asks TextInputCallback
  asks DeskCallback
  reads shared.username
  reads transient.password
  writes shared.wait: Duration
  writes shared.ratio: Decimal
  writes shared.list: [Text]
  writes transient.token: Secret
  writes shared.objectAttributes.city: Text
  proves device on yes
  calls out
}

extern Loop "LoopNode" -> again | done {
  calls out
}

extern Once "OnceNode" -> outcome {
  calls out
}

extern Mute "MuteNode" -> outcome {
  writes shared.username: Text
  suspends
  calls out
}

journey desk {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> desk
  }
  node desk: Desk(place = shared.username, key = api_key) {
    yes -> success
    no -> failure
  }
}

extern Proven "ProvenNode" -> yes | no {
  reads shared.username
  proves device on yes
  calls out
}

extern Anybody "AnybodyNode" -> yes | no {
  writes shared.username: Text
  proves device on yes
  calls out
}

journey twice {
  start first
  node first: Proven {
    yes -> raise
    no -> failure
  }
  node raise: ModifyAuthLevel(authLevelIncrement = 10) -> second
  node second: Proven {
    yes -> success
    no -> failure
  }
  ensure auth_level >= 10 at success
}

journey changed {
  start first
  node first: Proven {
    yes -> raise
    no -> failure
  }
  node raise: ModifyAuthLevel(authLevelIncrement = 10) -> second
  node second: Anybody {
    yes -> success
    no -> failure
  }
  ensure every path to success passes second.yes
}

journey caught {
  start credentials
  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> desk
  }
  node desk: Desk(place = "door", key = api_key) {
    allow enumeration because "a test"
    yes -> success
    no -> failure
    on error -> after
  }
  node after: Message(message = { en = "after" }) {
    true -> failure
    false -> failure
  }
}

journey turns {
  allow no_success because "a test"
  start ask
  node ask: UsernameCollector -> loop
  node loop: Loop {
    again -> ask
    done -> failure
  }
}

journey named {
  allow no_success because "a test"
  start mute
  node mute: Mute -> show
  node show: Message(message = { en = "name" }) {
    true -> failure
    false -> failure
  }
}

journey paged {
  allow no_success because "a test"
  start page
  node page: Page {
    node once: Once
    node username: UsernameCollector
    -> failure
  }
}
"#;

struct Wall;

impl Host for Wall {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(7);
        Ok(())
    }
}

/// Hides nothing: what comes back is what is looked at.
struct Open;

impl Seal for Open {
    fn seal(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }

    fn open(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }
}

fn program(text: &str) -> wayfare::Valid<wayfare::Program> {
    let compiled =
        Compiler::new(Registry::standard().catalog()).compile([Source::new("desk.journey", text)]);
    let found = format!("{:#?}", compiled.diagnostics);
    compiled.program.unwrap_or_else(|| panic!("{found}"))
}

fn engine() -> Engine {
    let program = program(TEXT);
    let mut registry = Registry::standard();
    registry.external(&program, |_| true);
    let secrets = Secrets::from([(Arc::from("api_key"), Secret::from("k3y"))]);
    Engine::link_with(program, registry, secrets).unwrap()
}

struct Run {
    auth: AuthSession,
    stop: Step,
}

impl Run {
    fn start(engine: &Engine, journey: &str) -> Self {
        let mut auth = engine.begin(Start::journey(journey), &Wall).unwrap();
        let stop = auth.step(&Wall, &Request::default(), Input::Begin).unwrap();
        Self { auth, stop }
    }

    /// The journey `desk` or `caught`, at its node outside.
    fn at_desk(engine: &Engine, journey: &str) -> Self {
        let mut run = Self::start(engine, journey);
        run.answer(vec![
            Answer::Text("demo".to_owned()),
            Answer::Secret(Secret::from("Ch4ng31t")),
        ]);
        run
    }

    fn give(&mut self, input: Input) {
        // Whatever it waits for, it may wait as bytes.
        let bytes = self.auth.seal(&Open, b"").unwrap();
        self.auth = self.auth.engine().open(&Open, b"", &bytes).unwrap();
        self.stop = self.auth.step(&Wall, &Request::default(), input).unwrap();
        // The store knows `demo` and `ann`, and nobody else.
        if let Step::Call(call) = &self.stop
            && let Effect::ReadIdentity(read) = &call.effect
        {
            let who = format!("{:?}", read.who);
            let found = ["demo", "ann"].into_iter().find(|name| who.contains(name));
            let found = found.map(|name| Identity::named(Arc::from(name)));
            self.give(Input::Effect(EffectReply::Identity(found)));
        }
    }

    fn answer(&mut self, answers: Vec<Answer>) {
        self.give(Input::Answers(answers));
    }

    fn say(&mut self, reply: ExternalReply) {
        self.give(Input::Effect(EffectReply::External(Box::new(reply))));
    }

    fn asked(&self) -> &External {
        match &self.stop {
            Step::Call(call) => match &call.effect {
                Effect::External(asked) => asked,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    /// Why the node failed.
    fn failed(&self) -> String {
        match &self.stop {
            Step::Done(End::Failure(failure)) => failure.reason.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn shows(&self, text: &str) -> bool {
        matches!(&self.stop, Step::Ask(ask) if format!("{ask:?}").contains(text))
    }
}

fn went(outcome: &str) -> Went {
    Went::by(outcome)
}

fn yes() -> Went {
    went("yes").user("demo")
}

#[test]
fn a_handler_sees_what_the_signature_reads_and_the_settings_as_they_are_now() {
    let engine = engine();
    let run = Run::at_desk(&engine, "desk");
    let asked = run.asked();
    assert_eq!(
        (&*asked.name, &*asked.wire, &*asked.node),
        ("Desk", "DeskNode", "desk")
    );
    assert_eq!(asked.event, ExternalEvent::Entered);
    let keys: Vec<&str> = asked.state.keys().map(|key| &**key).collect();
    assert_eq!(keys, ["shared.username", "transient.password"]);
    assert!(matches!(
        asked.state["transient.password"],
        Value::Secret(_)
    ));
    assert_eq!(asked.settings["place"], Value::from("demo"));
    assert!(matches!(asked.settings["key"], Value::Secret(_)));
    assert!(!format!("{asked:?}").contains("k3y"));
    assert_eq!(asked.proving, [Arc::from("yes")]);
    assert!(!asked.suspends);
}

#[test]
fn an_outcome_proves_what_its_signature_says_of_whom_the_store_knows() {
    let engine = engine();
    let mut run = Run::at_desk(&engine, "desk");
    run.say(ExternalReply::Went(yes()));
    // The last question is the engine's own: whether the account is active.
    let Step::Done(End::Success(success)) = &run.stop else {
        panic!("{:?}", run.stop);
    };
    assert_eq!(success.evidence[0].factor, Factor::Device);
    assert_eq!(&*success.subject.username, "demo");
    for (said, why) in [
        (went("yes"), "names no `user`"),
        (went("yes").user("eve"), "no such user"),
        (went("no").user("demo"), "of no user"),
    ] {
        let mut run = Run::at_desk(&engine, "desk");
        run.say(ExternalReply::Went(said));
        assert!(run.failed().contains(why), "{}", run.failed());
    }
}

#[test]
fn a_handler_names_another_user_only_where_its_type_writes_the_name() {
    let engine = engine();
    let mut run = Run::start(&engine, "twice");
    run.say(ExternalReply::Went(yes()));
    run.say(ExternalReply::Went(yes()));
    assert!(matches!(&run.stop, Step::Done(End::Success(success)) if success.level.number() == 10));
    // The checks have proved the level of whoever comes to success.
    let mut run = Run::start(&engine, "twice");
    run.say(ExternalReply::Went(yes()));
    run.say(ExternalReply::Went(went("yes").user("ann")));
    let why = "does not say that this outcome names another user";
    assert!(run.failed().contains(why), "{}", run.failed());
    // A type that writes the name may name anybody, who has nothing of what the other had.
    let mut run = Run::start(&engine, "changed");
    run.say(ExternalReply::Went(yes()));
    run.say(ExternalReply::Went(went("yes").user("ann")));
    let Step::Done(End::Success(success)) = &run.stop else {
        panic!("{:?}", run.stop);
    };
    assert_eq!(
        (&*success.subject.username, success.level.number()),
        ("ann", 0)
    );
    assert_eq!(success.evidence.len(), 1);
}

#[test]
fn writes_are_of_the_declared_types_and_are_taken_back_when_the_node_fails() {
    let engine = engine();
    let good = yes()
        .write("shared.wait", 1_500_i64)
        .write("shared.ratio", 2_i64)
        .write("shared.list", Value::List(Arc::from([Value::from("a")])))
        .write("transient.token", "t0ken")
        .write("shared.objectAttributes.city", "Bern");
    let mut run = Run::at_desk(&engine, "desk");
    run.say(ExternalReply::Went(good.clone()));
    assert!(
        matches!(run.stop, Step::Done(End::Success(_))),
        "{:?}",
        run.stop
    );
    let list = Value::List(Arc::from([Value::from("a"), Value::Int(1)]));
    for (path, value) in [
        ("shared.wait", Value::from("5s")),
        ("shared.wait", Value::Int(-1)),
        ("shared.ratio", Value::from("2")),
        ("shared.list", list),
        ("transient.token", Value::Bool(true)),
        ("shared.list", Value::Null),
        ("transient.wait", Value::Int(1)),
        ("shared.username", Value::from("amadmin")),
        ("shared.objectAttributes.mail", Value::from("x")),
        ("wait", Value::Int(1)),
        ("", Value::Int(1)),
    ] {
        let mut run = Run::at_desk(&engine, "caught");
        run.say(ExternalReply::Went(good.clone().write(path, value)));
        assert!(run.shows("after"), "{path}: {:?}", run.stop);
        let kept = ["wait", "ratio", "list"].map(|key| run.auth.shared(key).cloned());
        assert_eq!(kept, [None, None, None], "{path}");
    }
}

#[test]
fn only_declared_callbacks_are_asked_and_unknown_kinds_go_through() {
    let engine = engine();
    let desk = Callback::Foreign(Box::new(Foreign {
        kind: Arc::from("DeskCallback"),
        output: vec![(Arc::from("puzzle"), serde_json::json!({ "a": 1 }))],
        input: vec![(Arc::from("token"), serde_json::json!(""))],
    }));
    let mut run = Run::at_desk(&engine, "desk");
    run.say(ExternalReply::Asked {
        callbacks: vec![desk.clone()],
        memory: Some(Value::Int(4)),
    });
    let Step::Ask(ask) = &run.stop else {
        panic!("{:?}", run.stop);
    };
    assert_eq!(ask.callbacks, [desk]);
    let answer = Answer::Fields(vec![(Arc::from("token"), Value::Secret(Secret::from("x")))]);
    run.answer(vec![answer.clone()]);
    let asked = run.asked();
    assert_eq!(
        asked.event,
        ExternalEvent::Answered(vec![(Arc::from("DeskCallback"), answer)])
    );
    assert_eq!(asked.memory, Some(Value::Int(4)));
    run.say(ExternalReply::Went(yes()));
    assert!(matches!(run.stop, Step::Done(End::Success(_))));
    let mut run = Run::at_desk(&engine, "desk");
    run.say(ExternalReply::Asked {
        callbacks: vec![Callback::Password {
            prompt: String::new(),
        }],
        memory: None,
    });
    assert!(run.failed().contains("does not ask `PasswordCallback`"));
}

#[test]
fn what_a_node_keeps_and_says_is_bounded() {
    let engine = engine();
    for (bytes, why) in [
        (8_100, None),
        (8_300, Some("keeps too much")),
        (40_000, Some("too large")),
    ] {
        let mut run = Run::at_desk(&engine, "desk");
        let mut went = yes();
        went.memory = Some(Value::from("x".repeat(bytes)));
        run.say(ExternalReply::Went(went));
        match why {
            None => assert!(matches!(run.stop, Step::Done(End::Success(_)))),
            Some(why) => assert!(run.failed().contains(why), "{}", run.failed()),
        }
    }
}

#[test]
fn what_is_kept_comes_back_with_the_next_visit() {
    let engine = engine();
    let mut run = Run::start(&engine, "turns");
    for turn in 0..3_i64 {
        run.answer(vec![Answer::Text("demo".to_owned())]);
        let memory = run.asked().memory.clone();
        assert_eq!(memory, (turn > 0).then_some(Value::Int(turn)));
        let mut again = went("again");
        again.memory = Some(Value::Int(turn + 1));
        run.say(ExternalReply::Went(again));
    }
}

#[test]
fn a_name_is_what_the_store_calls_it_and_only_types_that_suspend_wait() {
    let engine = engine();
    let mut run = Run::start(&engine, "named");
    run.say(ExternalReply::Waits {
        text: "wait".to_owned(),
        within: None,
        link: true,
        memory: Some(Value::Int(1)),
        then: None,
    });
    let Step::Suspended(suspended) = &run.stop else {
        panic!("{:?}", run.stop);
    };
    let deliver = suspended.deliver.clone().unwrap().addressed("https://x/?y");
    let Effect::External(deliver) = deliver else {
        panic!("{deliver:?}");
    };
    assert_eq!(
        deliver.event,
        ExternalEvent::Suspended("https://x/?y".to_owned())
    );
    run.give(Input::Resume);
    assert_eq!(run.asked().event, ExternalEvent::Resumed);
    assert_eq!(run.asked().memory, Some(Value::Int(1)));
    run.say(ExternalReply::Went(went("outcome").user("demo")));
    assert!(run.shows("name"));
    assert_eq!(run.auth.shared("username"), Some(&Value::from("demo")));

    let mut run = Run::start(&engine, "named");
    run.say(ExternalReply::Went(
        went("outcome").write("shared.username", "demo"),
    ));
    assert!(run.failed().contains("name the user as `user`"));

    let mut run = Run::at_desk(&engine, "desk");
    run.say(ExternalReply::Waits {
        text: String::new(),
        within: None,
        link: false,
        memory: None,
        then: None,
    });
    assert!(run.failed().contains("does not suspend"));
}

#[test]
fn a_page_asks_a_handler_once_for_the_same() {
    let engine = engine();
    let mut run = Run::start(&engine, "paged");
    run.say(ExternalReply::Went(went("outcome")));
    assert!(matches!(run.stop, Step::Ask(_)));
    run.answer(vec![Answer::Text("demo".to_owned())]);
    // The second round goes by the record of the first.
    assert!(
        matches!(run.stop, Step::Done(End::Failure(_))),
        "{:?}",
        run.stop
    );
}

#[derive(Debug)]
struct Sorry;

impl Handler for Sorry {
    fn decide(&self, _: EffectId, asked: &External) -> Result<ExternalReply, NodeError> {
        match asked.memory {
            None => Ok(ExternalReply::Went(went("done"))),
            Some(_) => Err(NodeError::new("not again")),
        }
    }
}

#[test]
fn handlers_answer_for_their_types_alone() {
    let engine = engine();
    let handlers = Handlers::new().with("Loop", Sorry);
    let mut run = Run::start(&engine, "turns");
    run.answer(vec![Answer::Text("demo".to_owned())]);
    let Step::Call(call) = run.stop.clone() else {
        panic!("{:?}", run.stop);
    };
    let reply = handlers.perform(&call).unwrap();
    assert_eq!(
        reply,
        EffectReply::External(Box::new(ExternalReply::Went(went("done"))))
    );
    let desk = Run::at_desk(&engine, "desk");
    let Step::Call(call) = desk.stop else {
        panic!("{:?}", desk.stop);
    };
    assert_eq!(handlers.perform(&call), None);
}

#[test]
fn types_without_a_handler_and_types_that_bound_their_visits_are_refused() {
    let program = program(TEXT);
    let mut registry = Registry::standard();
    registry.external(&program, |signature| signature.name == "Loop");
    let secrets = Secrets::from([(Arc::from("api_key"), Secret::from("k3y"))]);
    let refused = Engine::link_with(program, registry, secrets).unwrap_err();
    let missing: BTreeSet<&str> = refused
        .0
        .iter()
        .map(|error| match error {
            LinkError::NoBehaviour { ty, .. } => &**ty,
            other => panic!("{other}"),
        })
        .collect();
    assert_eq!(
        missing.into_iter().collect::<Vec<_>>(),
        ["Anybody", "Desk", "Mute", "Once", "Proven"]
    );

    let mut registry = Registry::standard();
    let mut limited = Signature::new("Limited", "LimitedNode");
    limited.limits = Some(Limit {
        setting: Cow::Borrowed("most"),
        outcome: Cow::Borrowed("outcome"),
    });
    registry.add(wayfare::ExternalNode::new(limited)).unwrap();
    let text = "journey j {\n  allow no_success because \"a test\"\n  start one\n  node one: Limited -> failure\n}\n";
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("j.journey", text)]);
    let found = format!("{:?}", compiled.diagnostics);
    let program = compiled.program.unwrap_or_else(|| panic!("{found}"));
    let refused = Engine::link(program, registry).unwrap_err().to_string();
    assert!(refused.contains("bounds its visits"), "{refused}");
}

#[test]
fn every_type_of_a_partner_can_be_declared_and_used() {
    use std::fmt::Write as _;
    let partners: Vec<_> = wayfare::catalogue::partners().collect();
    assert_eq!(partners.len(), 134);
    let catalog = wayfare::catalogue::standard();
    let mut text = String::new();
    for (at, partner) in partners.iter().enumerate() {
        assert!(
            catalog.find_wire(partner.wire).is_none(),
            "{}",
            partner.wire
        );
        let outcomes: Vec<String> = match partner.outcomes {
            [] => vec!["\"done\"".to_owned()],
            some => some.iter().map(|name| format!("{name:?}")).collect(),
        };
        let (name, wire) = (partner.name(), partner.wire);
        let exits = outcomes.join(" | ");
        let _ = write!(
            text,
            "extern {name} {wire:?} -> {exits} {{\n  calls out\n}}\n\njourney j{at} {{\n  allow no_success because \"a test\"\n  start one\n  \
             node one: {name} {{\n    {exits} -> failure\n  }}\n}}\n\n"
        );
    }
    let mut registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("all.journey", text)]);
    let found: Vec<_> = compiled
        .diagnostics
        .iter()
        .map(|finding| finding.one_line(&compiled.sources))
        .collect();
    let program = compiled.program.unwrap_or_else(|| panic!("{found:#?}"));
    registry.external(&program, |_| true);
    Engine::link(program, registry).unwrap();
}

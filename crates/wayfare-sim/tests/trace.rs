//! Records of runs: what they hold, what they do not, and what they come to again.

use std::{fmt::Write as _, path::Path};

use wayfare::{
    Answer, AuthSession, Callback, Compiler, EffectReply, End, Engine, Host as _, Input, Registry,
    Request, Secret, Source, Start, Step, Value,
    engine::{
        callback::Foreign,
        effect::{ExternalReply, Went},
    },
};
use wayfare_sim::{
    Scripted, SimHost, World,
    trace::{Fate, Names, Recorder, Trace, TraceError},
};

/// Small random numbers from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % count
    }

    fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[usize::try_from(self.below(list.len() as u64)).unwrap()]
    }
}

fn engine(text: &str) -> Engine {
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("random.journey", text)]);
    let program = compiled
        .into_program()
        .unwrap_or_else(|e| panic!("{e}\n{text}"));
    Engine::link(program, registry).unwrap()
}

const LOGIN: &str = r#"journey login "Login" {
  start credentials

  node credentials: Page {
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }

  node check: DataStoreDecision {
    true -> greet
    false -> attempts
  }

  node attempts: RetryLimitDecision {
    retryLimit = 2
    Retry -> credentials
    Reject -> failure
  }

  node greet: Message {
    true -> success
    false -> failure
  }
}
"#;

/// Whom the runs know; the password stands nowhere else.
const PASSWORD: &str = "Ch4ng31t";

fn answer(callback: &Callback, dice: &mut Dice) -> Answer {
    match callback {
        Callback::Name { .. } | Callback::TextInput { .. } => {
            Answer::Text((*dice.pick(&["demo", "demo", "nobody", ""])).to_owned())
        }
        Callback::Password { .. } => {
            Answer::Secret(Secret::from(*dice.pick(&["Ch4ng31t", "Wr0ngPa55", ""])))
        }
        Callback::Choice { choices, .. } => {
            Answer::Index(u32::try_from(dice.below(choices.len() as u64 + 1)).unwrap())
        }
        Callback::Confirmation { options, .. } => {
            Answer::Index(u32::try_from(dice.below(options.len() as u64)).unwrap())
        }
        _ => Answer::None,
    }
}

/// A run with random answers, ill-fitted ones among them, in a world that fails at times.
fn record(engine: &Engine, journey: &str, seed: u64, names: Names) -> Option<Trace> {
    let mut dice = Dice(seed);
    let host = SimHost::new(seed);
    let mut world = World::demo();
    let (mut run, mut recorder) =
        Recorder::begin(engine, Start::journey(journey), &host, names).ok()?;
    let mut request = Request::default();
    request.client = Some("10.1.2.3".parse().unwrap());
    request
        .headers
        .push(("X-Real".to_owned(), "kept".to_owned()));
    request
        .headers
        .push(("Authorization".to_owned(), "Bearer abc-secret".to_owned()));
    request
        .cookies
        .push(("iPlanetDirectoryPro".to_owned(), "cookie-secret".to_owned()));
    let mut input = Input::Begin;
    for _ in 0..60 {
        host.advance(std::time::Duration::from_millis(dice.below(5_000)));
        if dice.below(20) == 0 {
            host.fail_random_at(host.draws());
        }
        let step = recorder.step(&mut run, &host, &request, input);
        input = match step {
            Ok(Step::Done(_)) => break,
            Ok(Step::Call(call)) => {
                if dice.below(9) == 0 {
                    world.script(&*call.node, Scripted::Fail("out of order".to_owned()));
                }
                Input::Effect(world.perform(&call, host.now()))
            }
            Ok(Step::Suspended(_)) => Input::Resume,
            Ok(Step::Ask(_)) | Err(_) => next(&run, &mut dice),
        };
    }
    Some(recorder.into_trace())
}

fn next(run: &AuthSession, dice: &mut Dice) -> Input {
    match run.standing() {
        Some(Step::Ask(ask)) => {
            if dice.below(12) == 0 {
                return Input::Answers(vec![Answer::Untouched]);
            }
            Input::Answers(ask.callbacks.iter().map(|c| answer(c, dice)).collect())
        }
        Some(Step::Call(_)) => Input::Effect(EffectReply::Failed("again".to_owned())),
        _ => Input::Resume,
    }
}

/// Every error that can be allowed: what a record holds is in question here, not what a journey proves.
fn allowed() -> String {
    let codes = wayfare::codes::ALL.iter();
    let words = codes
        .filter(|code| code.allowable && code.severity == wayfare::Severity::Error)
        .map(|code| code.word);
    words.collect::<Vec<_>>().join(", ")
}

/// A journey of random nodes with random arrows.
fn random_journey(dice: &mut Dice) -> String {
    const TYPES: &[(&str, &[&str])] = &[
        ("UsernameCollector", &["->"]),
        ("PasswordCollector", &["->"]),
        ("DataStoreDecision", &["true ->", "false ->"]),
        ("AccountActiveDecision", &["true ->", "false ->"]),
        ("Message", &["true ->", "false ->"]),
        (
            "ChoiceCollector(prompt = \"Which?\")",
            &["one ->", "two ->", "three ->"],
        ),
        (
            "RetryLimitDecision(retryLimit = 2)",
            &["Retry ->", "Reject ->"],
        ),
        ("ModifyAuthLevel(authLevelIncrement = 5)", &["->"]),
        ("OneTimePasswordGenerator(length = 6)", &["->"]),
        ("OneTimePasswordCollectorDecision", &["true ->", "false ->"]),
        ("AccountLockout(lockAction = \"LOCK\")", &["->"]),
        ("PollingWait(secondsToWait = 3s)", &["DONE ->"]),
    ];
    let count = 3 + dice.below(9);
    let allow = format!("allow {} because \"a test\"", allowed());
    // Each success without a proof is an exception of its own node.
    let at_once = allow.replace("unproved_success, ", "");
    let mut text = format!("journey random {{\n  {at_once}\n  start n0\n");
    for at in 0..count {
        // A page first, so that there is somebody.
        let (ty, outcomes) = *dice.pick(TYPES);
        let target = |dice: &mut Dice| match dice.below(8) {
            0 => "success".to_owned(),
            1 => "failure".to_owned(),
            2..5 if at + 1 < count => format!("n{}", at + 1),
            _ => format!("n{}", dice.below(count)),
        };
        let _ = writeln!(text, "  node n{at}: {ty} {{\n    {allow}");
        for outcome in outcomes {
            let _ = writeln!(text, "    {outcome} {}", target(dice));
        }
        if dice.below(3) == 0 {
            let _ = writeln!(text, "    on error -> {}", target(dice));
        }
        text.push_str("  }\n");
    }
    text.push_str("}\n");
    text
}

/// The engine, where nothing but the proofs is in the way of a random journey.
fn random_engine(text: &str) -> Option<Engine> {
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("random.journey", text)]);
    Engine::link(compiled.program?, registry).ok()
}

fn replays_to_the_byte(engine: &Engine, trace: &Trace) -> Result<(), String> {
    let text = trace.text();
    let read = Trace::parse(&text).map_err(|e| format!("{e}\n{text}"))?;
    if read != *trace {
        return Err(format!("what is read is not what was written\n{text}"));
    }
    let replayed = read.replay(engine).map_err(|e| format!("{e}\n{text}"))?;
    let again = replayed.trace.text();
    if again != text || replayed.divergence.is_some() {
        return Err(format!("recorded:\n{text}\nreplayed:\n{again}"));
    }
    Ok(())
}

#[test]
#[expect(clippy::disallowed_methods, reason = "how many is told from outside")]
fn a_run_of_a_random_journey_is_replayed_to_the_byte() {
    let cases: u64 = std::env::var("WAYFARE_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(120);
    let (mut runs, mut steps) = (0_u64, 0);
    for seed in 0..cases {
        let mut dice = Dice(seed);
        let text = random_journey(&mut dice);
        let Some(engine) = random_engine(&text) else {
            continue;
        };
        for names in [Names::Kept, Names::Hidden] {
            let Some(trace) = record(&engine, "random", seed, names) else {
                continue;
            };
            runs += 1;
            steps += trace.lines.len();
            if let Err(why) = replays_to_the_byte(&engine, &trace) {
                panic!("seed {seed}, {names:?}\n{text}\n{why}");
            }
        }
    }
    println!("{runs} runs, {steps} lines");
    assert!(runs * 4 >= cases, "{runs} runs of {cases} journeys");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn the_examples_are_replayed_to_the_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../journeys");
    let mut sources = Vec::new();
    let mut library = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.extension().is_some_and(|e| e == "journey") && !name.contains(".test.") {
            sources.push(Source::new(name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    for entry in std::fs::read_dir(folder.join("lib")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        library.push(Source::new(
            format!("lib/{name}"),
            std::fs::read_to_string(&path).unwrap(),
        ));
    }
    sources.sort_by(|a, b| a.name().cmp(b.name()));
    let library = wayfare::MemoryImporter::new(library);
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog())
        .importer(&library)
        .compile(sources);
    let engine = Engine::link(compiled.into_program().unwrap(), registry).unwrap();
    let names: Vec<_> = engine.program().by_wire_name.keys().cloned().collect();
    let mut runs = 0;
    for name in names {
        for seed in 0..20 {
            if let Some(trace) = record(&engine, &name, seed, Names::Kept) {
                runs += 1;
                replays_to_the_byte(&engine, &trace).unwrap_or_else(|e| panic!("{name}: {e}"));
            }
        }
    }
    assert!(runs >= 200, "{runs}");
}

#[test]
fn nothing_secret_is_in_a_record() {
    let engine = engine(LOGIN);
    for seed in 0..200 {
        let text = record(&engine, "Login", seed, Names::Kept).unwrap().text();
        for secret in [PASSWORD, "Wr0ngPa55", "abc-secret", "cookie-secret"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("kept"));
        let hidden = record(&engine, "Login", seed, Names::Hidden)
            .unwrap()
            .text();
        for name in ["demo", "nobody", "10.1.2.3", PASSWORD] {
            assert!(!hidden.contains(name), "{hidden}");
        }
    }
}

#[test]
fn another_version_says_what_changes() {
    let before = engine(LOGIN);
    let after = engine(&LOGIN.replace("true -> greet", "true -> success").replace(
        "  node greet: Message {\n    true -> success\n    false -> failure\n  }\n",
        "",
    ));
    let host = SimHost::new(1);
    let mut world = World::demo();
    let (mut run, mut recorder) =
        Recorder::begin(&before, Start::journey("Login"), &host, Names::Kept).unwrap();
    let given = [
        vec![
            Answer::Text("demo".into()),
            Answer::Secret(Secret::from(PASSWORD)),
        ],
        vec![Answer::None, Answer::Index(1)],
    ];
    let mut given = given.into_iter();
    let mut input = Input::Begin;
    loop {
        let step = recorder
            .step(&mut run, &host, &Request::default(), input)
            .unwrap();
        input = match step {
            Step::Ask(_) => Input::Answers(given.next().unwrap()),
            Step::Call(call) => Input::Effect(world.perform(&call, host.now())),
            Step::Suspended(_) => Input::Resume,
            Step::Done(_) => break,
        };
    }
    let trace = recorder.into_trace();
    let same = trace.replay(&before).unwrap();
    assert_eq!(same.divergence, None);
    let replayed = trace.replay(&after).unwrap();
    let parts = replayed.divergence.unwrap();
    assert!(parts.before.starts_with("asks ["), "{parts:?}");
    assert!(parts.after.contains("read_identity"), "{parts:?}");
    assert!(
        replayed.trace.way().ends_with("Login/check.true")
            || replayed.trace.way().contains("check.true")
    );
    assert!(trace.way().contains("greet.false"), "{}", trace.way());
    assert!(
        matches!(&replayed.fate, Fate::Missing(what) if what.contains("read_identity")),
        "{:?}",
        replayed.fate
    );
    let words = trace.words();
    assert!(words.contains("answers \"demo\", (hidden)"), "{words}");
}

#[test]
fn what_is_no_record_is_said_and_never_panics() {
    assert_eq!(Trace::parse("\n\n").unwrap_err(), TraceError::Empty);
    assert!(matches!(
        Trace::parse("no json"),
        Err(TraceError::NoHeader(_))
    ));
    let engine = engine(LOGIN);
    let text = record(&engine, "Login", 3, Names::Kept).unwrap().text();
    let other = text.replacen("\"wayfare_trace\":1", "\"wayfare_trace\":2", 1);
    assert_eq!(Trace::parse(&other).unwrap_err(), TraceError::OtherForm(2));
    let broken = text.replacen("\"entered\"", "\"entred\"", 1);
    assert!(matches!(Trace::parse(&broken), Err(TraceError::BadLine { number, .. }) if number > 1));
    let deep = format!("{}{}\n", text, "[".repeat(100_000));
    assert!(matches!(
        Trace::parse(&deep),
        Err(TraceError::BadLine { .. })
    ));
    let big = "x".repeat(Trace::BYTES_MAX + 1);
    assert_eq!(Trace::parse(&big).unwrap_err(), TraceError::TooLarge);
    // Lines left out, doubled and mixed up: every record that can be read can be replayed.
    let lines: Vec<&str> = text.lines().collect();
    let mut dice = Dice(11);
    for _ in 0..300 {
        let mut mixed = vec![lines[0]];
        for _ in 0..dice.below(2 * lines.len() as u64) {
            mixed.push(*dice.pick(&lines[1..]));
        }
        let trace = Trace::parse(&mixed.join("\n")).unwrap();
        let replayed = trace.replay(&engine).unwrap();
        assert!(replayed.trace.lines.len() < 20_000);
        let _ = trace.words();
    }
    // Huge numbers are numbers.
    let huge = text.replace("\"times\":1", "\"times\":18446744073709551615");
    if let Ok(trace) = Trace::parse(&huge) {
        let _ = trace.replay(&engine);
    }
}

const OUTSIDE: &str = r#"
extern Desk "DeskNode" -> yes | no {
  asks TextInputCallback
  asks DeskCallback
  reads shared.username
  writes shared.score: Int
  writes transient.token: Secret
  proves device on yes
  calls out
}

journey desk {
  start username
  node username: UsernameCollector -> desk
  node desk: Desk {
    yes -> success
    no -> failure
  }
}
"#;

#[test]
fn what_a_node_outside_said_is_recorded_without_its_secrets() {
    let compiled = Compiler::new(Registry::standard().catalog())
        .compile([Source::new("desk.journey", OUTSIDE)]);
    let program = compiled.into_program().unwrap_or_else(|e| panic!("{e}"));
    let mut registry = Registry::standard();
    registry.external(&program, |_| true);
    let engine = Engine::link(program, registry).unwrap();
    for names in [Names::Kept, Names::Hidden] {
        let host = SimHost::new(1);
        let mut world = World::demo();
        let mut went = Went::by("yes")
            .user("demo")
            .write("transient.token", "t0ken");
        went.memory = Some(Value::from("m3mory"));
        let asked = ExternalReply::Asked {
            callbacks: vec![
                Callback::TextInput {
                    prompt: "Pet?".to_owned(),
                    default: String::new(),
                },
                Callback::Foreign(Box::new(Foreign {
                    kind: "DeskCallback".into(),
                    output: vec![("puzzle".into(), "p4zzle".into())],
                    input: vec![("token".into(), "".into())],
                })),
            ],
            memory: Some(Value::from("m3mory")),
        };
        for said in [
            asked,
            ExternalReply::Went(went.write("shared.score", 7_i64)),
        ] {
            world.script(
                "desk/desk",
                Scripted::Reply(EffectReply::External(Box::new(said))),
            );
        }
        let (mut run, mut recorder) =
            Recorder::begin(&engine, Start::journey("desk"), &host, names).unwrap();
        let fields = vec![("token".into(), Value::Secret(Secret::from("f1eld")))];
        let mut answers = vec![
            vec![Answer::Text("Rex".to_owned()), Answer::Fields(fields)],
            vec![Answer::Text("demo".to_owned())],
        ];
        let mut input = Input::Begin;
        let end = loop {
            input = match recorder
                .step(&mut run, &host, &Request::default(), input)
                .unwrap()
            {
                Step::Done(end) => break end,
                Step::Call(call) => Input::Effect(world.perform(&call, host.now())),
                Step::Suspended(_) => Input::Resume,
                Step::Ask(_) => Input::Answers(answers.pop().unwrap()),
            };
        };
        assert!(matches!(end, End::Success(_)), "{end:?}");
        let trace = recorder.into_trace();
        let text = trace.text();
        for secret in ["t0ken", "m3mory", "p4zzle", "f1eld"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(text.contains("demo"), names == Names::Kept, "{text}");
        assert!(
            text.contains("DeskNode") && text.contains("score"),
            "{text}"
        );
        replays_to_the_byte(&engine, &trace).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn a_login_elsewhere_is_recorded_without_its_secrets_and_taken_again() {
    let text = r#"
journey social "Social" {
  start choose
  node choose: SelectIdP {
    socialAuthentication -> provider
    localAuthentication -> failure
  }
  node provider: SocialProviderHandlerNodeV2(script = "x") {
    ACCOUNT_EXISTS -> success
    NO_ACCOUNT | SOCIAL_AUTH_INTERRUPTED -> failure
  }
}"#;
    let registry = Registry::standard();
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("s.journey", text)]);
    let engine = Engine::link(compiled.program.unwrap(), registry).unwrap();
    for names in [Names::Kept, Names::Hidden] {
        let links = Value::List([Value::from("example-c4rol")].into());
        let mut world =
            World::new().user(wayfare_sim::User::new("ada").attribute("aliasList", links));
        let host = SimHost::new(5);
        let (mut run, mut recorder) =
            Recorder::begin(&engine, Start::journey("Social"), &host, names).unwrap();
        let (mut input, mut request, mut drawn) = (Input::Begin, Request::default(), String::new());
        let end = loop {
            let step = recorder.step(&mut run, &host, &request, input).unwrap();
            input = match step {
                Step::Done(end) => break end,
                Step::Call(call) => Input::Effect(world.perform(&call, host.now())),
                Step::Suspended(_) => panic!("nothing is suspended here"),
                Step::Ask(ask) => {
                    if let Callback::Redirect { url, .. } = &ask.callbacks[0] {
                        url.split("state=").nth(1).unwrap().clone_into(&mut drawn);
                        request.parameters = vec![
                            ("code".to_owned(), "signed in as c4rol".to_owned()),
                            ("state".to_owned(), drawn.clone()),
                        ];
                        Input::Answers(vec![Answer::None])
                    } else {
                        let chosen = Value::Secret(Secret::from("example"));
                        Input::Answers(vec![Answer::Fields(vec![("".into(), chosen)])])
                    }
                }
            };
        };
        assert!(matches!(end, End::Success(_)), "{end:?}");
        let trace = recorder.into_trace();
        let text = trace.text();
        for secret in [drawn.as_str(), "signed in as"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert_eq!(text.contains("c4rol"), names == Names::Kept, "{text}");
        replays_to_the_byte(&engine, &trace).unwrap_or_else(|e| panic!("{e}"));
    }
}

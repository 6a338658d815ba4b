//! What the benches share: journeys, a host without a machine, and a store in memory.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a bench that cannot go on has nothing better to do"
)]

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::{
    Answer, AuthSession, CompileLimits, Compiler, Effect, EffectReply, End, Engine, FailureReason,
    Host, Input, Limits, Registry, Request, Secret, Source, Start, Step, SubjectId, Timestamp,
    engine::{
        effect::{Identity, Who},
        host::NoRandomness,
    },
};

/// Name, password, check: three posts with the one that starts.
pub(crate) const LOGIN: &str = r#"journey login "Login" {
  start username

  node username: UsernameCollector -> password

  node password: PasswordCollector -> check

  node check: DataStoreDecision {
    true -> level
    false -> attempts
  }

  node level: ModifyAuthLevel {
    authLevelIncrement = 10
    -> success
  }

  node attempts: RetryLimitDecision {
    retryLimit = 3
    Retry -> username
    Reject -> failure
  }
}
"#;

/// As many of these logins, under names of their own: what a realm of them compiles to.
pub(crate) fn logins(count: usize) -> String {
    let mut text = String::with_capacity(count * (LOGIN.len() + 16));
    for at in 0..count {
        let named = LOGIN.replacen(
            "journey login \"Login\"",
            &format!("journey login{at} \"Login{at}\""),
            1,
        );
        text.push_str(&named);
        text.push('\n');
    }
    text
}

/// What a journey that only walks is told about and does not mind.
const ALLOWED: &str = "  allow no_success, level_without_proof because \"it is only walked\"\n";

/// `count` level decisions that hold, one after the other; then the run fails.
pub(crate) fn chain(count: usize) -> String {
    let mut text = format!("journey chain \"Chain\" {{\n{ALLOWED}  start n0\n");
    for at in 0..count {
        let next = next(at, count);
        let _ = write!(
            text,
            "\n  node n{at}: AuthLevelDecision {{\n    authLevelRequirement = 0\n    true -> {next}\n    \
             false -> failure\n  }}\n"
        );
    }
    text + "}\n"
}

/// As [`chain`], of five types that ask nothing.
pub(crate) fn mixed(count: usize) -> String {
    let mut text = format!("journey mixed \"Mixed\" {{\n{ALLOWED}  start n0\n");
    for at in 0..count {
        let next = next(at, count);
        let _ = match at % 5 {
            0 => write!(
                text,
                "\n  node n{at}: AuthLevelDecision {{\n    authLevelRequirement = 0\n    \
                 true -> {next}\n    false -> failure\n  }}\n"
            ),
            1 => write!(
                text,
                "\n  node n{at}: ModifyAuthLevel {{\n    authLevelIncrement = 1\n    -> {next}\n  }}\n"
            ),
            2 => write!(
                text,
                "\n  node n{at}: SetState {{\n    attributes = {{ color = \"red\" }}\n    -> {next}\n  }}\n"
            ),
            3 => write!(
                text,
                "\n  node n{at}: RetryLimitDecision {{\n    retryLimit = 3\n    Retry -> {next}\n    \
                 Reject -> failure\n  }}\n"
            ),
            _ => write!(
                text,
                "\n  node n{at}: Decision {{\n    when has shared.color && shared.color == \"red\" -> {next}\n    \
                 else -> failure\n  }}\n"
            ),
        };
    }
    text + "}\n"
}

fn next(at: usize, count: usize) -> String {
    if at + 1 < count {
        format!("n{}", at + 1)
    } else {
        "failure".to_owned()
    }
}

/// A text compiled and linked, the limits of size and of visits lifted by the public settings.
///
/// # Panics
/// The text is refused.
pub(crate) fn engine(text: &str) -> Engine {
    link(text, &Registry::standard())
}

/// As [`engine`], with the types of a registry.
///
/// # Panics
/// The text is refused.
pub(crate) fn link(text: &str, registry: &Registry) -> Engine {
    let compiled = Compiler::new(registry.catalog())
        .limits(
            CompileLimits::default()
                .file_bytes(256 * 1_024 * 1_024)
                .nodes(1_000_000),
        )
        .compile([Source::new("b.journey", text)]);
    let Some(program) = compiled.program else {
        panic!("refused: {:?}", compiled.diagnostics.iter().next());
    };
    let engine = Engine::link(program, registry.clone()).expect("built-in types alone");
    let mut limits = Limits::default();
    limits.visits_per_turn = u32::MAX;
    limits.visits_per_run = u32::MAX;
    engine.with_limits(limits)
}

/// A clock that stands still and numbers that are no secret.
#[derive(Debug)]
pub(crate) struct Still;

impl Host for Still {
    fn now(&self) -> Timestamp {
        Timestamp(1_800_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        bytes.fill(7);
        Ok(())
    }
}

/// One user, whose identity is cloned for every reply.
#[derive(Debug)]
pub(crate) struct Store {
    identity: Identity,
}

impl Store {
    /// A store with the user `demo`.
    pub(crate) fn new() -> Self {
        Self {
            identity: Identity {
                subject: SubjectId(Arc::from("id-demo")),
                username: Arc::from("demo"),
                active: true,
                attributes: BTreeMap::new(),
            },
        }
    }

    fn reply(&self, effect: &Effect) -> EffectReply {
        match effect {
            Effect::Verify(verify) => {
                let known = match &verify.who {
                    Who::Name(name) => **name == *self.identity.username,
                    Who::Subject(id) => *id == self.identity.subject,
                };
                if known && verify.secret.reveal() == "demo-password" {
                    EffectReply::Match(self.identity.clone())
                } else {
                    EffectReply::Miss
                }
            }
            Effect::ReadIdentity(_) => EffectReply::Identity(Some(self.identity.clone())),
            _ => EffectReply::Failed("there is no such thing here".to_owned()),
        }
    }
}

/// A step with all its effects.
pub(crate) fn step(run: &mut AuthSession, store: &Store, request: &Request, input: Input) -> Step {
    let mut step = run
        .step(&Still, request, input)
        .expect("an input that fits");
    while let Step::Call(call) = step {
        let reply = Input::Effect(store.reply(&call.effect));
        step = run.step(&Still, request, reply).expect("a reply that fits");
    }
    step
}

/// A journey that asks nothing and leads to failure, ready to be walked.
pub(crate) struct Walk {
    engine: Engine,
    start: Start,
    request: Request,
}

impl Walk {
    /// The journey of this name on the wire, a run of which visits so many nodes.
    ///
    /// The end of a run does not tell how far it came where each node may lead there. So it is walked with one
    /// visit less, which must be too few, and with just as many. A trace would not do, as a run that is traced
    /// goes another way.
    ///
    /// # Panics
    /// A run visits fewer nodes, or more.
    pub(crate) fn new(engine: Engine, journey: &str, visits: usize) -> Self {
        let visits = u32::try_from(visits).expect("a number of visits");
        let limits = engine.limits().clone();
        let mut walk = Self {
            engine,
            start: Start::journey(journey),
            request: Request::default(),
        };
        let mut ends_within = |most: u32| {
            let mut limits = limits.clone();
            limits.visits_per_turn = most;
            walk.engine = walk.engine.clone().with_limits(limits);
            walk.end()
        };
        let short = ends_within(visits.checked_sub(1).expect("a node to visit"));
        let too_few = matches!(reason(&short), Some(FailureReason::TooManyVisits));
        assert!(too_few, "fewer visits than {visits}: {short:?}");
        let whole = ends_within(visits);
        let enough = matches!(reason(&whole), Some(FailureReason::Rejected));
        assert!(enough, "not {visits} visits: {whole:?}");
        walk.engine = walk.engine.with_limits(limits);
        walk
    }

    /// As many level decisions: see [`chain`].
    pub(crate) fn chain(count: usize) -> Self {
        Self::new(engine(&chain(count)), "Chain", count)
    }

    /// As many nodes of five types: see [`mixed`].
    pub(crate) fn mixed(count: usize) -> Self {
        Self::new(engine(&mixed(count)), "Mixed", count)
    }

    /// A run.
    ///
    /// # Panics
    /// It does not come to the end of its journey.
    pub(crate) fn run(&self) -> Step {
        let end = self.end();
        let rejected = matches!(reason(&end), Some(FailureReason::Rejected));
        assert!(rejected, "{end:?}");
        end
    }

    fn end(&self) -> Step {
        let mut run = self
            .engine
            .begin(self.start.clone(), &Still)
            .expect("the journey is there");
        run.step(&Still, &self.request, Input::Begin)
            .expect("a first step")
    }
}

/// Why a run has failed, if it has.
fn reason(step: &Step) -> Option<&FailureReason> {
    match step {
        Step::Done(End::Failure(failure)) => Some(&failure.reason),
        _ => None,
    }
}

/// The answer to the first question of [`LOGIN`].
pub(crate) fn name() -> Input {
    Input::Answers(vec![Answer::Text("demo".to_owned())])
}

/// The answer to the second one.
pub(crate) fn password() -> Input {
    let secret = Secret::new("demo-password".to_owned());
    Input::Answers(vec![Answer::Secret(secret)])
}

/// A whole login.
///
/// # Panics
/// It does not succeed.
pub(crate) fn login(engine: &Engine, start: &Start, request: &Request, store: &Store) -> Step {
    let mut run = engine
        .begin(start.clone(), &Still)
        .expect("the journey is there");
    step(&mut run, store, request, Input::Begin);
    step(&mut run, store, request, name());
    let end = step(&mut run, store, request, password());
    assert!(matches!(end, Step::Done(End::Success(_))), "{end:?}");
    end
}

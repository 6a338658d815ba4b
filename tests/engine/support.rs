//! A host, users, and a player that performs effects.

use std::{cell::Cell, collections::BTreeMap, sync::Arc};

use sha2::{Digest, Sha256};
use wayfare::{
    Answer, AuthSession, Compiler, Effect, EffectReply, End, Engine, EngineError, Event, Failure,
    FailureReason, Host, Input, LinkErrors, Registry, Request, Seal, SealError, Secret, Source,
    Start, Step, SubjectId, Success, Timestamp, Value,
    engine::{
        effect::{Credential, Identity, SessionView, Who},
        host::NoRandomness,
        step::Call,
    },
};

use super::probe::{Leading, Probe, Single, Waiting};

/// A clock that stands still until it is moved, and numbers from a seed.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) now: Cell<u64>,
    seed: Cell<u64>,
    pub(crate) broken: Cell<bool>,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            now: Cell::new(1_800_000_000_000),
            seed: Cell::new(seed),
            broken: Cell::new(false),
        }
    }
}

impl Host for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        if self.broken.get() {
            return Err(NoRandomness);
        }
        for byte in bytes {
            let mut x = self.seed.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.seed.set(x);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (x >> 56) as u8;
        }
        Ok(())
    }
}

/// A sealer out of a hash: a key stream and a keyed digest over data and text.
#[derive(Debug)]
pub(crate) struct Sealer(pub(crate) [u8; 32]);

impl Sealer {
    fn apply(&self, bytes: &mut [u8]) {
        for (block, chunk) in (0_u64..).zip(bytes.chunks_mut(32)) {
            let stream = Sha256::new()
                .chain_update(self.0)
                .chain_update(block.to_be_bytes())
                .finalize();
            for (byte, key) in chunk.iter_mut().zip(stream) {
                *byte ^= key;
            }
        }
    }

    fn tag(&self, associated: &[u8], bytes: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.0)
            .chain_update((associated.len() as u64).to_be_bytes())
            .chain_update(associated)
            .chain_update(bytes)
            .finalize()
            .into()
    }
}

impl Seal for Sealer {
    fn seal(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        self.apply(bytes);
        let tag = self.tag(associated, bytes);
        bytes.extend_from_slice(&tag);
        Ok(())
    }

    fn open(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let at = bytes.len().checked_sub(32).ok_or(SealError)?;
        let tag = bytes.split_off(at);
        if tag != self.tag(associated, bytes) {
            return Err(SealError);
        }
        self.apply(bytes);
        Ok(())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) password: String,
    pub(crate) active: bool,
    pub(crate) attributes: BTreeMap<Arc<str>, Value>,
}

pub(crate) fn users() -> BTreeMap<String, User> {
    let user = |name: &str| {
        let mail = Value::from(format!("{name}@example.com"));
        let user = User {
            password: format!("{name}-pw"),
            active: true,
            attributes: BTreeMap::from([(Arc::from("mail"), mail)]),
        };
        (name.to_owned(), user)
    };
    BTreeMap::from([user("demo"), user("eve")])
}

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::standard();
    let types = registry.add(Probe).unwrap().add(Single).unwrap();
    types.add(Waiting).unwrap().add(Leading).unwrap();
    registry
}

/// Findings that the journeys of these tests are free to have: they are about the engine.
const ALLOWED: &str = "\n  allow no_success, unreachable, spinning_loop, unbounded_password_loop, count_reset, no_way_out, \
    identity_swapped, enumeration, \
    level_without_proof, loose_end because \"a test of the engine\"\n";

/// Tests write several items on a line; the language wants them one by one.
pub(crate) fn one_item_a_line(text: &str) -> String {
    let mut text = text.replace("on error", "\u{1}");
    for word in [
        "start ",
        "node ",
        "ok -> ",
        "no -> ",
        "true -> ",
        "false -> ",
        "success -> ",
        "failure -> ",
        "error -> ",
        "else -> ",
        "when ",
        "level = ",
    ] {
        text = text.replace(&format!(" {word}"), &format!("\n{word}"));
    }
    let text = text
        .replace("{ ", "{\n")
        .replace(" }", "\n}")
        .replace('\u{1}', "\non error");
    let lines = text.lines().map(|line| {
        let journey = line.trim_start().starts_with("journey ") && line.trim_end().ends_with('{');
        let more = if journey { ALLOWED } else { "\n" };
        format!("{line}{more}")
    });
    lines.collect()
}

/// Links a text, which may have findings that refuse it only if the test says so.
pub(crate) fn try_engine(text: &str) -> Result<Engine, LinkErrors> {
    let registry = registry();
    let text = &one_item_a_line(text);
    let compiled =
        Compiler::new(registry.catalog()).compile([Source::new("test.journey", text.as_str())]);
    let shown: Vec<String> = compiled
        .diagnostics
        .iter()
        .map(|found| format!("{found:?}"))
        .collect();
    let program = compiled
        .program
        .unwrap_or_else(|| panic!("refused:\n{}\n{text}", shown.join("\n")));
    Engine::link(program, registry)
}

pub(crate) fn engine(text: &str) -> Engine {
    try_engine(text).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// A run with everything around it; effects are performed as they come.
#[derive(Debug)]
pub(crate) struct Player {
    pub(crate) engine: Engine,
    pub(crate) auth: AuthSession,
    pub(crate) host: Machine,
    pub(crate) request: Request,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) calls: Vec<Arc<Call>>,
    /// Fails the next effect of this kind.
    pub(crate) failing: Option<&'static str>,
    /// Seals and opens at every stop.
    pub(crate) sealing: bool,
    events: Vec<Event>,
}

impl Player {
    pub(crate) fn new(text: &str, journey: &str) -> Self {
        Self::start(engine(text), Start::journey(journey))
    }

    pub(crate) fn start(engine: Engine, start: Start) -> Self {
        let host = Machine::new(7);
        let auth = engine.begin(start, &host).unwrap().traced();
        Self {
            engine,
            auth,
            host,
            request: Request::default(),
            users: users(),
            calls: Vec::new(),
            failing: None,
            sealing: false,
            events: Vec::new(),
        }
    }

    /// The first step, with all effects up to the next question.
    pub(crate) fn begin(&mut self) -> Step {
        self.input(Input::Begin).unwrap()
    }

    pub(crate) fn answer(&mut self, answers: impl Into<Vec<Answer>>) -> Step {
        self.input(Input::Answers(answers.into())).unwrap()
    }

    pub(crate) fn input(&mut self, input: Input) -> Result<Step, EngineError> {
        let mut step = self.auth.step(&self.host, &self.request, input)?;
        for _ in 0..10_000 {
            if self.sealing {
                self.reopen();
            }
            let Step::Call(call) = step else {
                return Ok(step);
            };
            let reply = self.perform(&call.effect);
            self.calls.push(call);
            step = self
                .auth
                .step(&self.host, &self.request, Input::Effect(reply))?;
        }
        panic!("the run calls for ever");
    }

    pub(crate) fn reopen(&mut self) {
        let sealer = Sealer([3; 32]);
        if let Ok(bytes) = self.auth.seal(&sealer, b"data") {
            self.events.append(&mut self.auth.take_trace());
            self.auth = self.engine.open(&sealer, b"data", &bytes).unwrap().traced();
        }
    }

    pub(crate) fn identity(&self, name: &str) -> Option<Identity> {
        self.users.get(name).map(|user| Identity {
            subject: SubjectId(Arc::from(format!("id-{name}"))),
            username: Arc::from(name),
            active: user.active,
            attributes: user.attributes.clone(),
        })
    }

    fn find(&self, who: &Who) -> Option<Identity> {
        match who {
            Who::Name(name) => self.identity(&name.to_lowercase()),
            Who::Subject(id) => self.identity(id.0.strip_prefix("id-")?),
        }
    }

    pub(crate) fn perform(&mut self, effect: &Effect) -> EffectReply {
        let kind = match effect {
            Effect::Verify(_) => "verify",
            Effect::ReadIdentity(_) => "read",
            Effect::SetStatus(_) => "status",
            Effect::Send(_) => "send",
            Effect::ReadSession(_) => "session",
            _ => "custom",
        };
        if self.failing == Some(kind) {
            return EffectReply::Failed("it is down".to_owned());
        }
        match effect {
            Effect::Verify(verify) => {
                let identity = self.find(&verify.who);
                let right = match &verify.credential {
                    Credential::Password | Credential::Bind(_) => {
                        identity.as_ref().is_some_and(|identity| {
                            self.users[&*identity.username].password == *verify.secret.reveal()
                        })
                    }
                    Credential::Otp { expected, lapsed } => {
                        !lapsed && expected.reveal() == verify.secret.reveal()
                    }
                    Credential::Recovery { .. }
                    | Credential::Oath(_)
                    | Credential::Answers { .. } => false,
                };
                match identity.filter(|_| right) {
                    Some(identity) => EffectReply::Match(identity),
                    None => EffectReply::Miss,
                }
            }
            Effect::ReadIdentity(read) => EffectReply::Identity(self.find(&read.who)),
            Effect::SetStatus(_) => EffectReply::StatusSet(true),
            Effect::Send(_) => EffectReply::Sent,
            Effect::ReadSession(_) => EffectReply::Session(Some(SessionView {
                subject: SubjectId(Arc::from("id-demo")),
                username: Arc::from("demo"),
                level: wayfare::AuthLevel::saturating(5),
                created: Timestamp(0),
                properties: BTreeMap::from([(Arc::from("color"), Value::from("red"))]),
            })),
            _ => EffectReply::Custom(Value::from("done")),
        }
    }

    pub(crate) fn count(&self, kind: fn(&Effect) -> bool) -> usize {
        self.calls.iter().filter(|call| kind(&call.effect)).count()
    }

    /// The trace so far, one line an event, without the draws.
    pub(crate) fn trace(&mut self) -> Vec<String> {
        self.events.append(&mut self.auth.take_trace());
        let events = std::mem::take(&mut self.events);
        let lines = events.iter().map(ToString::to_string);
        lines
            .filter(|line| !line.starts_with("now ") && !line.starts_with("drew "))
            .collect()
    }
}

pub(crate) fn text(text: &str) -> Answer {
    Answer::Text(text.to_owned())
}

pub(crate) fn secret(text: &str) -> Answer {
    Answer::Secret(Secret::from(text))
}

pub(crate) fn prompts(step: &Step) -> usize {
    match step {
        Step::Ask(ask) => ask.callbacks.len(),
        other => panic!("not a question: {other:?}"),
    }
}

pub(crate) fn success(step: Step) -> Success {
    match step {
        Step::Done(End::Success(success)) => Arc::unwrap_or_clone(success),
        other => panic!("not a success: {other:?}"),
    }
}

pub(crate) fn failure(step: Step) -> Failure {
    match step {
        Step::Done(End::Failure(failure)) => Arc::unwrap_or_clone(failure),
        other => panic!("not a failure: {other:?}"),
    }
}

/// The message of a node that failed, or the reason in words.
pub(crate) fn why(step: Step) -> String {
    match failure(step).reason {
        FailureReason::NodeFailed { node, message } => format!("{node}: {message}"),
        other => format!("{other:?}"),
    }
}

pub(crate) fn is_verify(effect: &Effect) -> bool {
    matches!(effect, Effect::Verify(_))
}

pub(crate) fn is_send(effect: &Effect) -> bool {
    matches!(effect, Effect::Send(_))
}

//! A journey on a stage: its effects are performed by a small store, its callbacks answered by hand.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use wayfare::{
    Answer, AuthLevel, AuthSession, Callback, Compiler, Effect, EffectReply, End, Engine, Failure,
    Host, Input, Registry, Request, Secret, Source, Start, StartSession, Step, SubjectId, Success,
    Timestamp, Value, analysis,
    engine::{
        effect::{Credential, Identity, Judgement, Message, SessionRef, SessionView, Shape, Who},
        host::NoRandomness,
        trace::Event,
    },
};

/// The seed of the host's randomness, the same on every run.
const SEED: u64 = 0x5eed;

/// A clock that tests move and randomness from a seed.
#[derive(Debug)]
pub(crate) struct Stand {
    now: Cell<u64>,
    random: Cell<u64>,
}

impl Host for Stand {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for byte in bytes {
            // SplitMix64.
            let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.random.set(state);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56).to_le_bytes()[0];
        }
        Ok(())
    }
}

/// Someone who can log in.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) password: &'static str,
    pub(crate) mail: Option<&'static str>,
    pub(crate) active: bool,
}

/// Performs effects and remembers them.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) users: BTreeMap<&'static str, User>,
    pub(crate) sent: Vec<Message>,
    pub(crate) verified: usize,
    pub(crate) properties: BTreeMap<Arc<str>, Value>,
    /// How many messages and changes of status fail from now on.
    pub(crate) failing: usize,
}

impl Store {
    fn find(&self, who: &Who) -> Option<(&'static str, &User)> {
        let name = match who {
            Who::Name(name) => name.to_lowercase(),
            Who::Subject(id) => id.0.trim_start_matches("id-").to_owned(),
        };
        self.users
            .get_key_value(&*name)
            .map(|(name, user)| (*name, user))
    }

    fn identity(name: &str, user: &User) -> Identity {
        let mail = user.mail.map(|mail| (Arc::from("mail"), Value::from(mail)));
        Identity {
            subject: SubjectId(Arc::from(format!("id-{name}"))),
            username: Arc::from(name),
            active: user.active,
            attributes: mail.into_iter().collect(),
        }
    }

    fn perform(&mut self, effect: &Effect) -> EffectReply {
        match effect {
            Effect::Verify(verify) => {
                self.verified += 1;
                let Some((name, user)) = self.find(&verify.who) else {
                    return EffectReply::Miss;
                };
                let right = match &verify.credential {
                    Credential::Password | Credential::Bind(_) => {
                        verify.secret.reveal() == user.password
                    }
                    Credential::Otp { expected, lapsed } => verify.secret == *expected && !lapsed,
                    Credential::Recovery { .. }
                    | Credential::Oath(_)
                    | Credential::Answers { .. } => false,
                };
                if right {
                    EffectReply::Match(Self::identity(name, user))
                } else {
                    EffectReply::Miss
                }
            }
            Effect::ReadIdentity(read) => EffectReply::Identity(
                self.find(&read.who)
                    .map(|(name, user)| Self::identity(name, user)),
            ),
            Effect::SetStatus(_) | Effect::Send(_) if self.failing > 0 => {
                self.failing -= 1;
                EffectReply::Failed("out of order".to_owned())
            }
            Effect::SetStatus(set) => {
                let name = self.find(&set.who).map(|(name, _)| name);
                let user = name.and_then(|name| self.users.get_mut(name));
                let there = user.is_some();
                if let Some(user) = user {
                    user.active = set.active;
                }
                EffectReply::StatusSet(there)
            }
            Effect::Send(message) => {
                self.sent.push(message.clone());
                EffectReply::Sent
            }
            Effect::ReadSession(_) => EffectReply::Session(Some(SessionView {
                subject: SubjectId(Arc::from("id-demo")),
                username: Arc::from("demo"),
                level: AuthLevel::saturating(10),
                created: Timestamp(0),
                properties: self.properties.clone(),
            })),
            Effect::Judge(judge) => {
                EffectReply::Judged(judge.attributes.iter().map(judgement).collect())
            }
            other => panic!("no journey here wants {other:?}"),
        }
    }
}

/// A text that may be anything.
fn judgement(attribute: &Arc<str>) -> Judgement {
    Judgement {
        attribute: Arc::clone(attribute),
        shape: Some(Shape::Text),
        title: attribute.to_string(),
        required: false,
        secret: false,
        viewable: true,
        editable: true,
        policies: serde_json::json!({}),
        failed: Vec::new(),
    }
}

/// One run.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) auth: AuthSession,
    pub(crate) host: Stand,
    pub(crate) store: RefCell<Store>,
    pub(crate) request: Request,
}

/// Links the journey `t` of a text that has no mistake.
pub(crate) fn link(text: &str) -> Result<Engine, String> {
    link_with(Registry::standard(), text)
}

fn link_with(registry: Registry, text: &str) -> Result<Engine, String> {
    let compiled = Compiler::new(registry.catalog()).compile([Source::new("t.journey", text)]);
    let Some(program) = compiled.program else {
        let mut findings = String::new();
        for finding in &compiled.diagnostics {
            let _ = writeln!(findings, "{finding:?}");
        }
        panic!("{findings}\n{text}");
    };
    Engine::link(program, registry).map_err(|errors| errors.to_string())
}

impl Play {
    pub(crate) fn new(text: &str) -> Self {
        Self::start(text, Start::journey("t"))
    }

    /// Of a text that the proofs refuse: what the run itself does then is looked at.
    pub(crate) fn refused(text: &str) -> Self {
        let registry = Registry::standard();
        let compiled = Compiler::new(registry.catalog()).compile([Source::new("t.journey", text)]);
        let refused = compiled.refused.expect("the proofs refuse it");
        let program = analysis::overlook(refused).expect("an `allow` could cover it");
        let engine = Engine::link(program, registry).expect("the journey links");
        Self::of(&engine, Start::journey("t"))
    }

    /// With these node types and scripts.
    pub(crate) fn registered(registry: Registry, text: &str) -> Self {
        let engine = link_with(registry, text).expect("the journey links");
        Self::of(&engine, Start::journey("t"))
    }

    /// Beside a session of `demo` at level 10.
    pub(crate) fn beside_session(text: &str) -> Self {
        let session = StartSession {
            session: SessionRef(Arc::from("session")),
            subject: SubjectId(Arc::from("id-demo")),
            username: Arc::from("demo"),
            level: AuthLevel::saturating(10),
            services: Vec::new(),
            proved: true,
        };
        Self::start(text, Start::journey("t").session(session))
    }

    fn start(text: &str, start: Start) -> Self {
        Self::of(&link(text).expect("the journey links"), start)
    }

    fn of(engine: &Engine, start: Start) -> Self {
        let host = Stand {
            now: Cell::new(1_700_000_000_000),
            random: Cell::new(SEED),
        };
        let user = |password, mail| User {
            password,
            mail,
            active: true,
        };
        let users = BTreeMap::from([
            ("demo", user("Ch4ng31t", Some("demo@example.com"))),
            ("other", user("0ther", None)),
        ]);
        Self {
            auth: engine.begin(start, &host).unwrap().traced(),
            host,
            store: RefCell::new(Store {
                users,
                sent: Vec::new(),
                verified: 0,
                properties: BTreeMap::new(),
                failing: 0,
            }),
            request: Request::default(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request
            .headers
            .push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn pass(&self, time: Duration) {
        let passed = u64::try_from(time.as_millis()).unwrap();
        self.host.now.set(self.host.now.get() + passed);
    }

    fn take(&mut self, input: Input) -> Step {
        let mut step = self.auth.step(&self.host, &self.request, input).unwrap();
        while let Step::Call(call) = &step {
            let reply = self.store.borrow_mut().perform(&call.effect);
            let input = Input::Effect(reply);
            step = self.auth.step(&self.host, &self.request, input).unwrap();
        }
        step
    }

    pub(crate) fn begin(&mut self) -> Step {
        self.take(Input::Begin)
    }

    pub(crate) fn answer<const N: usize>(&mut self, answers: [Answer; N]) -> Step {
        self.take(Input::Answers(answers.into()))
    }

    /// Begins and logs in on the first page.
    pub(crate) fn log_in(&mut self) -> Step {
        assert_eq!(kinds(&self.begin()), ["NameCallback", "PasswordCallback"]);
        self.answer([text("demo"), secret("Ch4ng31t")])
    }

    /// The one-time code of the last mail.
    pub(crate) fn code(&self) -> String {
        let store = self.store.borrow();
        let body = store.sent.last().expect("a mail was sent").body.reveal();
        body.chars().filter(char::is_ascii_digit).collect()
    }

    pub(crate) fn trace(&mut self) -> Vec<Event> {
        self.auth.take_trace()
    }
}

pub(crate) fn text(text: &str) -> Answer {
    Answer::Text(text.to_owned())
}

pub(crate) fn secret(text: &str) -> Answer {
    Answer::Secret(Secret::from(text))
}

pub(crate) fn callbacks(step: &Step) -> &[Callback] {
    match step {
        Step::Ask(ask) => &ask.callbacks,
        other => panic!("it asks: {other:?}"),
    }
}

pub(crate) fn kinds(step: &Step) -> Vec<&str> {
    callbacks(step).iter().map(Callback::kind).collect()
}

/// The text that a step shows first.
pub(crate) fn shown(step: &Step) -> &str {
    let shown = callbacks(step).iter().find_map(|callback| match callback {
        Callback::TextOutput { text, .. } => Some(&**text),
        _ => None,
    });
    shown.expect("the step shows a text")
}

pub(crate) fn success(step: Step) -> Success {
    match step {
        Step::Done(End::Success(success)) => Arc::unwrap_or_clone(success),
        other => panic!("it succeeds: {other:?}"),
    }
}

pub(crate) fn failure(step: Step) -> Failure {
    match step {
        Step::Done(End::Failure(failure)) => Arc::unwrap_or_clone(failure),
        other => panic!("it fails: {other:?}"),
    }
}

/// A journey that asks for name and password and then goes to `next`, a node of `body`.
pub(crate) fn journey(body: &str) -> String {
    format!(
        "journey t {{
  start credentials

  node credentials: Page {{
    node username: UsernameCollector
    node password: PasswordCollector
    -> check
  }}

  node check: DataStoreDecision {{
    true -> next
    false -> failure
  }}
{body}
}}
"
    )
}

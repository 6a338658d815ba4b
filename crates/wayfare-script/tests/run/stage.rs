//! One script in a journey of its own.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    sync::Arc,
};

use wayfare::{
    Answer, AuthSession, Callback, Compiler, Effect, EffectReply, Engine, Host, Input, Registry,
    Request, Seal, SealError, Source, Start, StartSession, Step, SubjectId, Timestamp, Value,
    compile::MemoryImporter,
    engine::{
        effect::{Device, Fetch, Fetched, Identity, Who},
        host::NoRandomness,
        trace::Event,
    },
};
use wayfare_script::{Meter, Scripts, Settings};

/// A clock that stands and randomness from a counter.
#[derive(Debug, Default)]
pub(crate) struct Stand(Cell<u64>);

impl Host for Stand {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        for byte in bytes {
            self.0.set(
                self.0
                    .get()
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1),
            );
            *byte = self.0.get().to_be_bytes()[0];
        }
        Ok(())
    }
}

type Web = Box<dyn Fn(&Fetch) -> Fetched>;

/// A seal that binds to nothing: what is tested is what comes back.
#[derive(Debug)]
struct Wax;

impl Seal for Wax {
    fn seal(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }

    fn open(&self, _: &[u8], _: &mut Vec<u8>) -> Result<(), SealError> {
        Ok(())
    }
}

/// The world and a run in it.
pub(crate) struct Stage {
    engine: Engine,
    pub(crate) auth: AuthSession,
    host: Stand,
    pub(crate) request: Request,
    pub(crate) users: RefCell<BTreeMap<String, Identity>>,
    pub(crate) effects: RefCell<Vec<Effect>>,
    pub(crate) web: Web,
    pub(crate) devices: Vec<Device>,
    events: Vec<Event>,
}

/// A journey around the scripts of `main.js` and `after.js`.
const TEXT: &str = r#"journey t {
  start main
  node main: ScriptedDecision {
    script = file("FILE")
    one -> after
    two -> after
    three -> failure
  }
  node after: ScriptedDecision {
    script = file("after.js")
    done -> success
    allow unproved_success because "a stage for scripts"
  }
}
"#;

pub(crate) fn identity(name: &str, attributes: &[(&str, &str)]) -> Identity {
    let attributes = attributes.iter();
    Identity {
        subject: SubjectId(Arc::from(format!("id-{name}"))),
        username: Arc::from(name),
        active: true,
        attributes: attributes
            .map(|(key, value)| (Arc::from(*key), Value::from(*value)))
            .collect(),
    }
}

impl Stage {
    pub(crate) fn new(script: &str) -> Self {
        Self::with(script, Settings::default())
    }

    pub(crate) fn with(script: &str, settings: Settings) -> Self {
        Self::started(script, settings, Start::journey("t"))
    }

    pub(crate) fn in_session(script: &str) -> Self {
        let session = StartSession {
            session: wayfare::engine::effect::SessionRef(Arc::from("session")),
            subject: SubjectId(Arc::from("id-demo")),
            username: Arc::from("demo"),
            level: wayfare::AuthLevel::saturating(5),
            services: vec![Arc::from("login")],
            proved: true,
        };
        Self::started(
            script,
            Settings::default(),
            Start::journey("t").session(session),
        )
    }

    pub(crate) fn metered(script: &str, settings: Settings, meter: Option<impl Meter>) -> Self {
        let mut scripts = Scripts::new(settings);
        if let Some(meter) = meter {
            scripts = scripts.metered(meter);
        }
        let mut registry = Registry::standard();
        registry.interpreter(scripts);
        Self::of(script, registry, Start::journey("t"))
    }

    pub(crate) fn started(script: &str, settings: Settings, start: Start) -> Self {
        Self::of(script, registry(settings), start)
    }

    /// Another journey than that around one script.
    pub(crate) fn of_text(text: &str, registry: Registry) -> Self {
        Self::of_files(text, &[], registry)
    }

    /// Another journey, with the scripts beside it.
    pub(crate) fn of_files(text: &str, files: &[(&str, &str)], registry: Registry) -> Self {
        let files = files.iter().map(|(path, text)| Source::new(*path, *text));
        let importer = MemoryImporter::new(files);
        let compiled = Compiler::new(registry.catalog())
            .importer(&importer)
            .compile([Source::new("t.journey", text)]);
        let program = compiled
            .into_program()
            .unwrap_or_else(|why| panic!("{why}"));
        Self::of_engine(
            Engine::link(program, registry).unwrap(),
            Start::journey("t"),
        )
    }

    fn of(script: &str, registry: Registry, start: Start) -> Self {
        let engine = link(script, registry).unwrap_or_else(|why| panic!("{why}"));
        Self::of_engine(engine, start)
    }

    fn of_engine(engine: Engine, start: Start) -> Self {
        let host = Stand::default();
        Self {
            auth: engine.begin(start, &host).unwrap().traced(),
            engine,
            host,
            request: Request::default(),
            users: RefCell::new(BTreeMap::from([(
                "demo".to_owned(),
                identity(
                    "demo",
                    &[("mail", "demo@example.com"), ("givenName", "Demo")],
                ),
            )])),
            effects: RefCell::default(),
            web: Box::new(|_| Fetched::Denied(Arc::from("nothing is listed"))),
            devices: Vec::new(),
            events: Vec::new(),
        }
    }

    fn perform(&self, effect: &Effect) -> EffectReply {
        self.effects.borrow_mut().push(effect.clone());
        let named = |who: &Who| match who {
            Who::Name(name) => name.to_string(),
            Who::Subject(id) => id.0.trim_start_matches("id-").to_owned(),
        };
        match effect {
            Effect::ReadIdentity(read) => {
                let mut found = self.users.borrow().get(&named(&read.who)).cloned();
                if let Some(found) = &mut found {
                    found
                        .attributes
                        .retain(|name, _| read.attributes.contains(name));
                }
                EffectReply::Identity(found)
            }
            Effect::FindIdentity(find) => {
                let users = self.users.borrow();
                let mut all = users.values().filter(|user| {
                    let name = Value::Text(Arc::clone(&user.username));
                    find.filter
                        .matches(&BTreeMap::from([(Arc::from("userName"), name)]))
                });
                EffectReply::Identity(all.next().cloned())
            }
            Effect::PatchIdentity(patch) => {
                let mut users = self.users.borrow_mut();
                let Some(user) = users.get_mut(&named(&patch.who)) else {
                    return EffectReply::Identity(None);
                };
                for (name, change) in &patch.changes {
                    match change {
                        wayfare::engine::effect::Change::Set(value) => {
                            user.attributes.insert(Arc::clone(name), value.clone());
                        }
                        _ => {
                            user.attributes.remove(name);
                        }
                    }
                }
                EffectReply::Written(user.clone())
            }
            Effect::Fetch(asked) => EffectReply::Fetched(Box::new((self.web)(asked))),
            Effect::Send(_) => EffectReply::Sent,
            Effect::ReadDevices(_) => EffectReply::Devices(self.devices.clone()),
            other => panic!("nothing here does {other:?}"),
        }
    }

    /// Takes a step, and performs what is asked on the way.
    pub(crate) fn take(&mut self, input: Input) -> Step {
        let mut step = self.step(input);
        while let Step::Call(call) = &step {
            let reply = self.perform(&call.effect);
            step = self.step(Input::Effect(reply));
        }
        step
    }

    /// Takes one step and, where the run stops there, puts it away and takes it up again.
    pub(crate) fn step(&mut self, input: Input) -> Step {
        let step = self.auth.step(&self.host, &self.request, input).unwrap();
        self.events.extend(self.auth.take_trace());
        if !matches!(step, Step::Done(_)) {
            let bytes = self.auth.seal(&Wax, b"").unwrap();
            self.auth = self.engine.open(&Wax, b"", &bytes).unwrap().traced();
        }
        step
    }

    pub(crate) fn begin(&mut self) -> Step {
        self.take(Input::Begin)
    }

    pub(crate) fn answer(&mut self, answers: Vec<Answer>) -> Step {
        self.take(Input::Answers(answers))
    }

    /// The callbacks that the script sends first.
    pub(crate) fn asked(&mut self) -> Vec<Callback> {
        match self.begin() {
            Step::Ask(ask) => ask.callbacks.clone(),
            other => panic!("it asks: {other:?}; {:?}", self.events),
        }
    }

    /// Begins, and gives the outcome by which the script is left.
    pub(crate) fn left(&mut self) -> String {
        self.begin();
        self.outcome()
    }

    /// The outcome by which the script was left.
    pub(crate) fn outcome(&self) -> String {
        let left = self.events.iter().find_map(|event| match event {
            Event::Left { node, outcome } if &**node == "t/main" => Some(outcome.to_string()),
            _ => None,
        });
        left.unwrap_or_else(|| panic!("it is left: {:?}", self.events))
    }

    /// Begins, and gives the message with which the script fails.
    pub(crate) fn failed(&mut self) -> String {
        self.begin();
        self.failed_with()
    }

    /// The message with which the script has failed.
    pub(crate) fn failed_with(&self) -> String {
        let failed = self.events.iter().find_map(|event| match event {
            Event::Failed { message, .. } => Some(message.clone()),
            _ => None,
        });
        failed.unwrap_or_else(|| panic!("it fails: {:?}", self.events))
    }

    /// The lines that were logged.
    pub(crate) fn lines(&self) -> Vec<String> {
        let notes = self.events.iter().filter_map(|event| match event {
            Event::Note(text) => text.strip_prefix("main.js: ").map(str::to_owned),
            _ => None,
        });
        notes.collect()
    }

    /// What the run has left in its trace.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// What the script of this node, a text within the journey, has logged.
    pub(crate) fn state_of(&self, node: &str) -> String {
        let prefix = format!("{node}: info: ");
        let notes = self.events.iter().find_map(|event| match event {
            Event::Note(text) => text.strip_prefix(&prefix).map(str::to_owned),
            _ => None,
        });
        notes.unwrap_or_else(|| panic!("it goes on: {:?}", self.events))
    }

    /// What the state was behind the script.
    pub(crate) fn state(&self) -> String {
        let notes = self.events.iter().find_map(|event| match event {
            Event::Note(text) => text.strip_prefix("after.js: info: ").map(str::to_owned),
            _ => None,
        });
        notes.unwrap_or_else(|| panic!("it goes on: {:?}", self.events))
    }
}

pub(crate) fn registry(settings: Settings) -> Registry {
    let mut registry = Registry::standard();
    registry.interpreter(Scripts::new(settings));
    registry
}

pub(crate) fn link(script: &str, registry: Registry) -> Result<Engine, String> {
    link_file("main.js", script, registry)
}

pub(crate) fn link_file(file: &str, script: &str, registry: Registry) -> Result<Engine, String> {
    let after = "logger.info(nodeState.keys().sort().map(key => key + '=' + JSON.stringify(nodeState.get(key))).join(' '));
        outcome = 'done';";
    let importer = MemoryImporter::new([Source::new(file, script), Source::new("after.js", after)]);
    let compiled = Compiler::new(registry.catalog())
        .importer(&importer)
        .compile([Source::new("t.journey", TEXT.replace("FILE", file))]);
    let program = compiled
        .into_program()
        .unwrap_or_else(|why| panic!("{why}"));
    Engine::link(program, registry).map_err(|errors| errors.to_string())
}

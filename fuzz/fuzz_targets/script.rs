//! Any text runs as a script within its bounds, in any world, and does only what its text tells.
//!
//! The first line decides, byte by byte: the generation and what the script is for, the state, the request, the
//! answers, and what comes back from outside. The rest is the script; its bytes from 0x80 up stand for parts of
//! scripts, so that one changed byte is one changed statement.

#![no_main]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use libfuzzer_sys::fuzz_target;
use wayfare::{
    Answer, Callback, Compiler, Decimal, Effect, EffectReply, Engine, EngineError, Generation, Input, Registry,
    Request, ScriptAction, ScriptFacts, Secret, Source, Start, StartSession, Step, SubjectId, Value,
    compile::MemoryImporter,
    engine::{
        callback::AttributeValue,
        effect::{Device, Fetched, Identity, SessionRef, Unmet},
        trace::Event,
    },
    model::signature::Known,
};
use wayfare_script::{READER, Scripts, Settings, facts};
use wayfare_sim::{OpenSeal, SimHost};

/// What scripts are made of, in either generation.
const PARTS: [&str; 128] = include!("script/parts.in");

/// Names that are keys, headers, parameters and attributes.
const NAMES: [&str; 16] = [
    "username", "password", "oneTimePassword", "a", "b", "mail", "givenName", "objectAttributes",
    "__proto__", "constructor", "length", "toString", "then", "", "é", "a.b",
];

/// Texts that are values.
const TEXTS: [&str; 16] = [
    "demo", "one", "two", "true", "false", "", "0", "-1", "1e400", "null", "{\"a\":[1]}", "x\u{0}y\r\n",
    "\u{1f600}", "{0}", "https://api.example.com/risk", "eyJhbGciOiJub25lIn0.e30.",
];

/// Bytes that decide, and zeros after them.
struct Dice<'a>(&'a [u8]);

impl Dice<'_> {
    fn roll(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn name(&mut self) -> &'static str {
        NAMES[usize::from(self.roll()) % NAMES.len()]
    }

    fn text(&mut self) -> &'static str {
        TEXTS[usize::from(self.roll()) % TEXTS.len()]
    }

    fn pairs(&mut self) -> Vec<(String, String)> {
        let count = self.roll() % 3;
        (0..count).map(|_| (self.name().to_owned(), self.text().to_owned())).collect()
    }

    fn value(&mut self) -> Value {
        match self.roll() % 12 {
            0 => Value::Null,
            1 => Value::Bool(self.roll() % 2 == 0),
            2 => Value::Int(i64::from(self.roll()) - 1),
            3 => Value::Int(i64::MAX),
            4 => Value::Decimal(Decimal::parse("0.1").expect("it is a number")),
            5 => Value::List(vec![Value::from(self.text()), Value::Int(1), Value::Null].into()),
            6 => Value::Map(Arc::new(BTreeMap::from([(Arc::from(self.name()), Value::from(self.text()))]))),
            7 => (0..40).fold(Value::Null, |inner, _| Value::List(vec![inner].into())),
            8 => Value::Secret(Secret::new(self.text().to_owned())),
            9 => Value::Size(u64::MAX),
            _ => Value::from(self.text()),
        }
    }

    fn state(&mut self) -> Vec<(&'static str, Value, bool)> {
        let count = self.roll() % 5;
        (0..count).map(|_| (self.name(), self.value(), self.roll() % 2 == 0)).collect()
    }

    fn identity(&mut self) -> Identity {
        let mut identity = Identity::named(Arc::from(self.text()));
        identity.subject = SubjectId(Arc::from("id-demo"));
        for _ in 0..self.roll() % 4 {
            identity.attributes.insert(Arc::from(self.name()), self.value());
        }
        identity
    }

    fn reply(&mut self, effect: &Effect) -> EffectReply {
        if self.roll() % 8 == 7 {
            return EffectReply::Failed("it is down".to_owned());
        }
        match effect {
            Effect::ReadIdentity(_) | Effect::FindIdentity(_) => {
                EffectReply::Identity((self.roll() % 4 != 3).then(|| self.identity()))
            }
            Effect::CreateIdentity(_) | Effect::PatchIdentity(_) => match self.roll() % 4 {
                0 => EffectReply::Refused(vec![Unmet { attribute: Arc::from("mail"), failed: Vec::new() }]),
                _ => EffectReply::Written(self.identity()),
            },
            Effect::ReadDevices(_) => EffectReply::Devices(vec![Device {
                uuid: Arc::from(self.text()),
                name: Arc::from(self.text()),
                created: wayfare::Timestamp(0),
                accessed: wayfare::Timestamp(0),
                used: None,
                data: BTreeMap::from([(Arc::from(self.name()), self.value())]),
            }]),
            Effect::Fetch(_) => EffectReply::Fetched(Box::new(match self.roll() % 4 {
                0 => Fetched::Denied(Arc::from("not listed")),
                1 => Fetched::Failed(Arc::from("no answer")),
                _ => Fetched::Answered {
                    status: u16::from(self.roll()) * 3,
                    headers: vec![(Arc::from(self.name()), Secret::new(self.text().to_owned()))],
                    body: Secret::new(self.text().to_owned()),
                },
            })),
            Effect::Send(_) => EffectReply::Sent,
            _ => EffectReply::Failed("nothing does this here".to_owned()),
        }
    }

    fn answer(&mut self, callback: &Callback) -> Answer {
        let text = self.text().to_owned();
        match callback {
            Callback::Name { .. }
            | Callback::TextInput { .. }
            | Callback::HiddenValue { .. }
            | Callback::DeviceProfile { .. } => Answer::Text(text),
            Callback::Password { .. } => Answer::Secret(Secret::new(text)),
            Callback::Choice { .. } | Callback::Confirmation { .. } => Answer::Index(u32::from(self.roll() % 4)),
            Callback::ValidatedUsername { .. } => Answer::Validated { text, validate_only: self.roll() % 2 == 1 },
            Callback::ValidatedPassword { .. } => {
                Answer::ValidatedSecret { secret: Secret::new(text), validate_only: self.roll() % 2 == 1 }
            }
            Callback::Attribute { value, .. } => Answer::Attribute {
                value: match value {
                    AttributeValue::Text(_) => AttributeValue::Text(text),
                    other => other.clone(),
                },
                validate_only: self.roll() % 2 == 1,
            },
            Callback::SecurityQuestion { .. } => {
                Answer::SecurityQuestion { question: text.clone(), answer: Secret::new(text) }
            }
            Callback::Terms { .. } | Callback::Consent { .. } => Answer::Flag(self.roll() % 2 == 0),
            Callback::Foreign(foreign) => {
                let names = foreign.input.iter().map(|(name, _)| Arc::clone(name));
                let secret = |text: &str| Value::Secret(Secret::new(text.to_owned()));
                Answer::Fields(names.map(|name| (name, secret(self.text()))).collect())
            }
            _ => Answer::None,
        }
    }
}

/// What a script is for, with its journey.
struct Play {
    file: &'static str,
    journey: &'static str,
    generation: Generation,
    decides: bool,
}

const DECISION: &str = include_str!("script/decision.journey");
const SETTINGS: &str = include_str!("script/settings.journey");
const DEVICES: &str = include_str!("script/devices.journey");
const TYPE: &str = include_str!("script/type.journey");

fn play(dice: &mut Dice<'_>) -> Play {
    let roll = dice.roll();
    let (file, generation) = if roll % 2 == 0 {
        ("main.js", Generation::Next)
    } else {
        ("main.legacy.js", Generation::First)
    };
    let (journey, decides) = match roll / 2 % 8 {
        5 => (SETTINGS, false),
        6 => (DEVICES, false),
        7 => (TYPE, false),
        _ => (DECISION, true),
    };
    Play { file, journey, generation, decides }
}

/// The keys of the state, as the nodes around the script see them.
type Seen = Arc<Mutex<Vec<BTreeSet<Arc<str>>>>>;

fn registry(state: Vec<(&'static str, Value, bool)>, seen: &Seen) -> Registry {
    let mut settings = Settings::default();
    settings.budget.steps = 20;
    settings.budget.memory = 4 * 1_024 * 1_024;
    settings.permissions.write = vec!["*".to_owned()];
    settings.permissions.create = true;
    settings.permissions.mail = true;
    let (key, secret) = ("scripted.node.key".to_owned(), Secret::new("k3y".to_owned()));
    settings.secrets.insert(key, secret);
    settings.properties.insert("esv.a".to_owned(), "1".to_owned());
    let mut registry = Registry::standard();
    registry.interpreter(Scripts::new(settings));
    let before = Arc::clone(seen);
    let added = registry.script("before", move |view| {
        for (name, value, shared) in &state {
            match (*name, shared) {
                ("objectAttributes", _) => view.put_object_shared("mail", value.clone())?,
                (name, true) => view.put_shared(name, value.clone())?,
                (name, false) => view.put_transient(name, value.clone())?,
            }
        }
        before.lock().expect("nobody panics").push(view.keys().into_iter().collect());
        Ok(ScriptAction::go("done"))
    });
    added.expect("it is the first of its name");
    let after = Arc::clone(seen);
    let added = registry.script("after", move |view| {
        after.lock().expect("nobody panics").push(view.keys().into_iter().collect());
        Ok(ScriptAction::go("done"))
    });
    added.expect("it is the first of its name");
    registry
}

/// How many steps a run is taken on.
const STEPS: usize = 48;

/// Runs it; puts it away and takes it up again at every stop where that is wanted.
fn run(engine: &Engine, request: &Request, start: Start, mut dice: Dice<'_>, stored: bool) -> (Vec<Step>, Vec<Event>) {
    let host = SimHost::new(1);
    let (mut steps, mut events) = (Vec::new(), Vec::new());
    let mut auth = engine.begin(start, &host).expect("the journey can be started").traced();
    let mut input = Input::Begin;
    for _ in 0..STEPS {
        let answers = matches!(input, Input::Answers(_));
        let step = match auth.step(&host, request, input) {
            Ok(step) => step,
            // One of several that are not there is chosen, or a question that was not asked.
            Err(EngineError::Answer(_)) if answers => break,
            Err(error) => panic!("what is answered is what is asked: {error}"),
        };
        events.extend(auth.take_trace());
        input = match &step {
            Step::Ask(ask) => Input::Answers(ask.callbacks.iter().map(|it| dice.answer(it)).collect()),
            Step::Call(call) => Input::Effect(dice.reply(&call.effect)),
            Step::Suspended(_) => Input::Resume,
            Step::Done(_) => {
                steps.push(step);
                break;
            }
        };
        steps.push(step);
        if stored {
            let bytes = auth.seal(&OpenSeal, b"fuzz").expect("a run that stops can be put away");
            auth = engine.open(&OpenSeal, b"fuzz", &bytes).expect("and taken up again").traced();
            let again = auth.seal(&OpenSeal, b"fuzz").expect("and put away again");
            assert_eq!(bytes, again, "another run was taken up");
        }
    }
    (steps, events)
}

/// What the run did is among what the text tells.
fn told(facts: &ScriptFacts, steps: &[Step], events: &[Event], seen: &[BTreeSet<Arc<str>>]) {
    if facts.unread.is_some() {
        return;
    }
    let mut asked = false;
    for event in events {
        match event {
            Event::Left { node, outcome } if &**node == "t/main" => {
                let known = !facts.outcomes.all || facts.outcomes.lines.contains_key(outcome);
                assert!(known, "the text does not tell of {outcome:?}: {facts:?}");
                assert!(asked || facts.asks != Known::Is(true), "it did not ask: {facts:?}");
            }
            Event::Asked { node, .. } if &**node == "t/main" => {
                asked = true;
                assert!(facts.asks != Known::Is(false), "it asks: {facts:?}");
            }
            Event::Called { node, kind } if &**node == "t/main" => {
                assert!(facts.calls_out != Known::Is(false), "it calls {kind}: {facts:?}");
            }
            _ => {}
        }
    }
    for step in steps {
        match step {
            Step::Suspended(_) => assert!(facts.suspends != Known::Is(false), "it suspends: {facts:?}"),
            Step::Ask(ask) if facts.callbacks.all => {
                for callback in &ask.callbacks {
                    let known = facts.callbacks.lines.contains_key(callback.kind());
                    assert!(known, "it sends {callback:?}: {facts:?}");
                }
            }
            _ => {}
        }
    }
    let [before, after] = seen else { return };
    if facts.writes.all {
        for key in after.difference(before) {
            let known = facts.writes.lines.keys().any(|(_, known)| known == key);
            assert!(known || &**key == "objectAttributes", "it writes {key:?}: {facts:?}");
        }
    }
    if facts.removes.all {
        for key in before.difference(after) {
            assert!(facts.removes.lines.contains_key(key), "it removes {key:?}: {facts:?}");
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    if bytes.len() > 8 * 1_024 {
        return;
    }
    let head = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (head, rest) = bytes.split_at(head);
    let mut dice = Dice(head);
    let Play { file, journey, generation, decides } = play(&mut dice);
    let raw = dice.roll() % 16 == 15;
    let text = if raw {
        String::from_utf8_lossy(rest).into_owned()
    } else {
        let part = |byte: &u8| PARTS.get(usize::from(*byte).wrapping_sub(0x80)).copied();
        rest.iter().fold(String::new(), |mut text, byte| {
            match part(byte) {
                Some(part) => text.push_str(part),
                None => text.push(char::from(*byte)),
            }
            text
        })
    };
    let facts = facts(&text, generation);
    let state = dice.state();
    let mut request = Request::default();
    request.headers = dice.pairs();
    request.parameters = dice.pairs();
    request.cookies = dice.pairs();
    request.locales = vec!["en".to_owned()];
    let mut start = Start::journey("t");
    if dice.roll() % 2 == 1 {
        start = start.session(StartSession {
            session: SessionRef(Arc::from("session")),
            subject: SubjectId(Arc::from("id-demo")),
            username: Arc::from("demo"),
            level: wayfare::AuthLevel::saturating(5),
            services: vec![Arc::from("login")],
            proved: true,
        });
    }
    let seen = Seen::default();
    let registry = registry(state, &seen);
    let importer = MemoryImporter::new([Source::new(file, &*text)]);
    let journey = Source::new("t.journey", journey.replace("FILE", file));
    // With the reader too the journey is checked without a panic, whatever is found.
    let _ = Compiler::new(registry.catalog()).importer(&importer).scripts(&READER).compile([journey.clone()]);
    let compiled = Compiler::new(registry.catalog()).importer(&importer).compile([journey]);
    let Some(program) = compiled.program else {
        return;
    };
    // What is no script is refused here.
    let Ok(engine) = Engine::link(program, registry) else {
        return;
    };
    let (steps, events) = run(&engine, &request, start.clone(), Dice(dice.0), false);
    let looked = std::mem::take(&mut *seen.lock().expect("nobody panics"));
    if decides {
        told(&facts, &steps, &events, &looked);
    }
    let (again, _) = run(&engine, &request, start, dice, true);
    assert_eq!(steps, again, "a run that was put away goes on otherwise");
});

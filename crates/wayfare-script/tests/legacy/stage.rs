//! One script of the first generation in a journey of its own, behind one that leaves state.

use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, sync::Arc};

use wayfare::{
    Answer, AuthSession, Callback, Compiler, Effect, EffectReply, Engine, Input, Registry, Request,
    Secret, Source, Start, Step, Value,
    compile::MemoryImporter,
    engine::{
        callback::AttributeValue,
        effect::{Change, Fetch, Fetched, Identity, Who},
        trace::Event,
    },
};
use wayfare_script::{Scripts, Settings};

use crate::run::stage::{Stand, identity};

/// What the node before the script leaves.
const BEFORE: &str = "
nodeState.putShared('username', 'demo');
nodeState.putShared('profile', { city: 'Oslo', tags: ['a', 'b'] });
nodeState.putTransient('password', 's3cret');
nodeState.mergeShared({ objectAttributes: { mail: 'demo@example.com', userName: 'demo' } });
outcome = 'done';";

/// What shows the state behind the script.
const AFTER: &str = "
logger.info(nodeState.keys().sort().map(key => key + '=' + JSON.stringify(nodeState.get(key))).join(' '));
outcome = 'done';";

/// A script, the file that it stands in and what its node says of it.
#[derive(Debug, Clone)]
pub(crate) struct Play {
    pub(crate) file: String,
    pub(crate) script: String,
    pub(crate) before: String,
    pub(crate) outcomes: Vec<String>,
    /// Lines within the node: `outputs = ["a"]`.
    pub(crate) lines: String,
    pub(crate) settings: Settings,
}

impl Play {
    pub(crate) fn new(script: &str) -> Self {
        Self {
            file: "main.legacy.js".to_owned(),
            script: script.to_owned(),
            before: BEFORE.to_owned(),
            outcomes: vec!["true".to_owned(), "false".to_owned()],
            lines: String::new(),
            settings: Settings::default(),
        }
    }

    /// The journey with its scripts, ready to run.
    pub(crate) fn engine(&self) -> Result<Engine, String> {
        let mut registry = Registry::standard();
        registry.interpreter(Scripts::new(self.settings.clone()));
        let importer = MemoryImporter::new([
            Source::new(&*self.file, &*self.script),
            Source::new("before.js", &*self.before),
            Source::new("after.js", AFTER),
        ]);
        let compiled = Compiler::new(registry.catalog())
            .importer(&importer)
            .compile([Source::new("t.journey", self.text())]);
        let program = compiled.into_program()?;
        Engine::link(program, registry).map_err(|errors| errors.to_string())
    }

    fn text(&self) -> String {
        let mut arms = String::new();
        for outcome in &self.outcomes {
            let _ = writeln!(arms, "    {} -> after", quoted(outcome));
        }
        format!(
            "journey t {{
  start before
  node before: ScriptedDecision {{
    script = file(\"before.js\")
    done -> main
  }}
  node main: ScriptedDecision {{
    script = file({})
    {}
{arms}  }}
  node after: ScriptedDecision {{
    script = file(\"after.js\")
    done -> success
    allow unproved_success because \"a stage for scripts\"
  }}
}}
",
            quoted(&self.file),
            self.lines
        )
    }

    pub(crate) fn stage(&self) -> Stage {
        Stage::new(&self.engine().unwrap_or_else(|why| panic!("{why}")))
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

type Web = Box<dyn Fn(&Fetch) -> Fetched>;

/// A run and the world around it.
pub(crate) struct Stage {
    auth: AuthSession,
    host: Stand,
    pub(crate) request: Request,
    pub(crate) users: RefCell<BTreeMap<String, Identity>>,
    pub(crate) fetched: RefCell<Vec<Fetch>>,
    pub(crate) web: Web,
    pub(crate) events: Vec<Event>,
}

impl Stage {
    pub(crate) fn new(engine: &Engine) -> Self {
        let host = Stand::default();
        let attributes = [("mail", "demo@example.com"), ("givenName", "Demo")];
        let mut request = Request::default();
        request.headers = pairs(&[("User-Agent", "tests")]);
        request.parameters = pairs(&[("goto", "https://app.example/")]);
        Self {
            auth: engine.begin(Start::journey("t"), &host).unwrap().traced(),
            host,
            request,
            users: RefCell::new(BTreeMap::from([(
                "demo".to_owned(),
                identity("demo", &attributes),
            )])),
            fetched: RefCell::default(),
            web: Box::new(|_| Fetched::Denied(Arc::from("nothing is listed"))),
            events: Vec::new(),
        }
    }

    fn perform(&self, effect: &Effect) -> EffectReply {
        let named = |who: &Who| match who {
            Who::Name(name) => name.to_string(),
            Who::Subject(id) => id.0.trim_start_matches("id-").to_owned(),
        };
        match effect {
            Effect::ReadIdentity(read) => {
                EffectReply::Identity(self.users.borrow().get(&named(&read.who)).cloned())
            }
            Effect::PatchIdentity(patch) => {
                let mut users = self.users.borrow_mut();
                let Some(user) = users.get_mut(&named(&patch.who)) else {
                    return EffectReply::Identity(None);
                };
                for (name, change) in &patch.changes {
                    if let Change::Set(value) = change {
                        user.attributes.insert(Arc::clone(name), value.clone());
                    }
                }
                EffectReply::Written(user.clone())
            }
            Effect::Fetch(asked) => {
                self.fetched.borrow_mut().push((**asked).clone());
                EffectReply::Fetched(Box::new((self.web)(asked)))
            }
            other => panic!("nothing here does {other:?}"),
        }
    }

    /// Takes a step, performing what is to be done outside.
    pub(crate) fn take(&mut self, input: Input) -> Step {
        let mut step = self.auth.step(&self.host, &self.request, input).unwrap();
        while let Step::Call(call) = &step {
            let reply = self.perform(&call.effect);
            let input = Input::Effect(reply);
            step = self.auth.step(&self.host, &self.request, input).unwrap();
        }
        self.events.extend(self.auth.take_trace());
        step
    }

    pub(crate) fn begin(&mut self) -> Step {
        self.take(Input::Begin)
    }

    /// What the script sends.
    pub(crate) fn asked(&mut self) -> Vec<Callback> {
        match self.begin() {
            Step::Ask(ask) => ask.callbacks.clone(),
            other => panic!("it asks: {other:?}; {:?}", self.events),
        }
    }

    /// The outcome by which the script was left, if it was.
    pub(crate) fn outcome(&self) -> Option<String> {
        self.events.iter().find_map(|event| match event {
            Event::Left { node, outcome } if &**node == "t/main" => Some(outcome.to_string()),
            _ => None,
        })
    }

    /// The message with which the script failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        self.events.iter().find_map(|event| match event {
            Event::Failed { message, .. } => Some(message.clone()),
            _ => None,
        })
    }

    /// What the state was behind the script.
    pub(crate) fn state(&self) -> String {
        let notes = self.events.iter().find_map(|event| match event {
            Event::Note(text) => text
                .strip_prefix("after.js: message: ")
                .or_else(|| text.strip_prefix("after.js: info: ")),
            _ => None,
        });
        notes
            .unwrap_or_else(|| panic!("it goes on: {:?}", self.events))
            .to_owned()
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Some answer to each callback.
pub(crate) fn answers(callbacks: &[Callback]) -> Vec<Answer> {
    let text = || "answer".to_owned();
    callbacks
        .iter()
        .map(|callback| match callback {
            Callback::Name { .. } | Callback::TextInput { .. } | Callback::DeviceProfile { .. } => {
                Answer::Text(text())
            }
            Callback::HiddenValue { value, .. } => Answer::Text(value.clone()),
            Callback::Password { .. } => Answer::Secret(Secret::new(text())),
            Callback::Choice { default, .. } | Callback::Confirmation { default, .. } => {
                Answer::Index(*default)
            }
            Callback::ValidatedUsername { .. } => Answer::Validated {
                text: text(),
                validate_only: false,
            },
            Callback::ValidatedPassword { .. } => Answer::ValidatedSecret {
                secret: Secret::new(text()),
                validate_only: false,
            },
            Callback::Attribute { value, .. } => Answer::Attribute {
                value: match value {
                    AttributeValue::Text(_) => AttributeValue::Text(text()),
                    other => other.clone(),
                },
                validate_only: false,
            },
            Callback::SecurityQuestion { .. } => Answer::SecurityQuestion {
                question: text(),
                answer: Secret::new(text()),
            },
            Callback::Terms { .. } | Callback::Consent { .. } => Answer::Flag(true),
            Callback::Foreign(foreign) => Answer::Fields(
                foreign
                    .input
                    .iter()
                    .map(|(name, _)| (Arc::clone(name), Value::from("answer")))
                    .collect(),
            ),
            _ => Answer::None,
        })
        .collect()
}

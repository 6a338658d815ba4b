//! What an embedder writes: a node type, a host, limits, a cipher, and the loop around a run.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use sha2::{Digest, Sha256};
use wayfare::{
    Action, Answer, AuthLevel, Callback, Compiler, Context, Effect, EffectReply, End, Engine,
    EngineError, Factor, Host, Input, Limits, LinkError, NodeError, NodeType, Prepared, Realm,
    Registry, Reply, Request, Seal, SealError, Secret, Secrets, Setting, Setup, Signature, Source,
    Start, Step, SubjectId, Timestamp, Type, Value,
    engine::{
        effect::{Custom, Identity},
        host::NoRandomness,
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        signature::{Known, OutcomeFacts, Outcomes, Preset},
    },
};

/// `Badge(reader = "door", key = badge_key)`: reads a badge outside and proves a device.
#[derive(Debug)]
struct Badge;

fn setting(key: &'static str, ty: Type) -> Setting {
    Setting {
        key: Cow::Borrowed(key),
        ty,
        unit: None,
        default: Preset::None,
        required: true,
        allowed: Cow::Borrowed(&[]),
        range: None,
    }
}

impl NodeType for Badge {
    fn signature(&self) -> Signature {
        let facts = |outcome, proves| OutcomeFacts {
            proves,
            writes_identity: Known::Is(true),
            ..OutcomeFacts::new(outcome)
        };
        Signature {
            name: Cow::Borrowed("Badge"),
            wire: Cow::Borrowed("AcmeBadgeNode"),
            versions: Cow::Borrowed(&[1]),
            summary: Cow::Borrowed("Reads a badge"),
            settings: Cow::Owned(vec![
                setting("key", Type::Secret),
                setting("reader", Type::Text),
            ]),
            outcomes: Outcomes::Fixed(Cow::Borrowed(&[
                Cow::Borrowed("known"),
                Cow::Borrowed("unknown"),
            ])),
            callbacks: Cow::Borrowed(&[Cow::Borrowed("TextInputCallback")]),
            reads: Cow::Borrowed(&[]),
            writes: Cow::Borrowed(&[]),
            removes: Cow::Borrowed(&[]),
            facts: Cow::Owned(vec![
                facts("known", Some(Factor::Device)),
                facts("unknown", None),
            ]),
            asks: Known::Is(true),
            asks_when: None,
            suspends: Known::Is(false),
            calls_out: Known::Is(true),
            calls_when: None,
            verifies: Known::Is(false),
            limits: None,
            page_child: true,
            finds: Cow::Borrowed(&[]),
            leads_to: None,
            runs: None,
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        let reader = setup.setting("reader").cloned();
        let key = setup.setting("key").cloned();
        Ok(Box::new(Reader {
            place: reader.ok_or_else(|| NodeError::new("a badge needs a reader"))?,
            key: key.ok_or_else(|| NodeError::new("a badge needs a key"))?,
            badge: setup.key("badge"),
            known: setup.outcome("known")?,
            unknown: setup.outcome("unknown")?,
        }))
    }
}

#[derive(Debug)]
struct Reader {
    place: SettingValue,
    key: SettingValue,
    badge: KeyId,
    known: OutcomeId,
    unknown: OutcomeId,
}

impl Prepared for Reader {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        let place = cx.value(&self.place)?;
        let prompt = format!("Badge number at the {}", place.as_text().unwrap_or("door"));
        Ok(Action::ask([Callback::TextInput {
            prompt,
            default: String::new(),
        }]))
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        match reply {
            Reply::Answers(answers) => {
                let Some(Answer::Text(badge)) = answers.into_iter().next() else {
                    return Err(NodeError::new("a badge is a text"));
                };
                cx.put_shared(self.badge, Value::from(badge.as_str()));
                let request = BTreeMap::from([
                    (Arc::from("badge"), Value::from(badge)),
                    (Arc::from("key"), cx.value(&self.key)?),
                ]);
                Ok(Action::call(Effect::Custom(Custom {
                    kind: Arc::from("badge"),
                    request: Value::Map(Arc::new(request)),
                    once: true,
                })))
            }
            Reply::Effect(EffectReply::Custom(Value::Text(name))) => {
                let identity = Identity {
                    subject: SubjectId(Arc::clone(&name)),
                    username: name,
                    active: true,
                    attributes: BTreeMap::new(),
                };
                Ok(Action::prove(self.known, Factor::Device, identity))
            }
            _ => Ok(Action::go(self.unknown)),
        }
    }
}

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

/// A cipher of the embedder's; here a key stream and a keyed digest made of a hash.
struct Cipher;

impl Cipher {
    fn stream(bytes: &mut [u8]) {
        for (block, chunk) in (0_u64..).zip(bytes.chunks_mut(32)) {
            let key = Sha256::digest([b"stream".as_slice(), &block.to_be_bytes()].concat());
            chunk
                .iter_mut()
                .zip(key)
                .for_each(|(byte, key)| *byte ^= key);
        }
    }

    fn tag(associated: &[u8], bytes: &[u8]) -> Vec<u8> {
        Sha256::digest([b"tag".as_slice(), associated, b"|", bytes].concat()).to_vec()
    }
}

impl Seal for Cipher {
    fn seal(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        Self::stream(bytes);
        let tag = Self::tag(associated, bytes);
        bytes.extend(tag);
        Ok(())
    }

    fn open(&self, associated: &[u8], bytes: &mut Vec<u8>) -> Result<(), SealError> {
        let at = bytes.len().checked_sub(32).ok_or(SealError)?;
        if bytes.split_off(at) != Self::tag(associated, bytes) {
            return Err(SealError);
        }
        Self::stream(bytes);
        Ok(())
    }
}

const TEXT: &str = r#"
param badge_key: Secret

journey door "Front door" {
  start badge

  node badge: Badge {
    reader = "front door"
    key = badge_key
    known -> success
    unknown -> failure
  }
}
"#;

fn registry() -> Registry {
    let mut registry = Registry::standard();
    registry.add(Badge).unwrap();
    registry
}

fn compiled() -> wayfare::Valid<wayfare::Program> {
    let compiled = Compiler::new(registry().catalog()).compile([Source::new("door.journey", TEXT)]);
    let found = format!("{:?}", compiled.diagnostics);
    compiled.program.unwrap_or_else(|| panic!("{found}"))
}

fn engine() -> Engine {
    let secrets = Secrets::from([(Arc::from("badge_key"), Secret::from("k3y"))]);
    Engine::link_with(compiled(), registry(), secrets).unwrap()
}

/// The reader: a custom effect, answered outside.
fn read(effect: &Effect) -> EffectReply {
    match effect {
        Effect::Custom(custom) => {
            let Value::Map(request) = &custom.request else {
                return EffectReply::Failed("no request".to_owned());
            };
            assert!(matches!(&request["key"], Value::Secret(key) if key.reveal() == "k3y"));
            assert!(!format!("{custom:?}").contains("k3y"));
            match request["badge"].as_text() {
                Some("4711") => EffectReply::Custom(Value::from("ada")),
                _ => EffectReply::Custom(Value::Null),
            }
        }
        Effect::ReadIdentity(_) => EffectReply::Identity(Some(Identity {
            subject: SubjectId(Arc::from("ada")),
            username: Arc::from("ada"),
            active: true,
            attributes: BTreeMap::new(),
        })),
        other => EffectReply::Failed(format!("nobody performs {other:?}")),
    }
}

#[test]
fn a_node_type_of_ones_own_logs_somebody_in() {
    let engine = engine();
    let request = Request::default();
    for (badge, logs_in) in [("4711", true), ("4712", false)] {
        let start = Start::journey("Front door").realm(Realm::parse("/alpha").unwrap());
        let mut auth = engine.begin(start, &Wall).unwrap();
        let mut input = Input::Begin;
        let end = loop {
            input = match auth.step(&Wall, &request, input).unwrap() {
                Step::Ask(ask) => {
                    let Callback::TextInput { prompt, .. } = &ask.callbacks[0] else {
                        panic!("{ask:?}")
                    };
                    assert_eq!(prompt, "Badge number at the front door");
                    // Anything may happen between two requests: the run waits as sealed bytes.
                    let bytes = auth.seal(&Cipher, b"/alpha").unwrap();
                    assert!(matches!(
                        engine.open(&Cipher, b"/beta", &bytes),
                        Err(EngineError::BadSnapshot)
                    ));
                    auth = engine.open(&Cipher, b"/alpha", &bytes).unwrap();
                    Input::Answers(vec![Answer::Text(badge.to_owned())])
                }
                Step::Call(call) => Input::Effect(read(&call.effect)),
                Step::Suspended(_) => panic!("a door does not suspend"),
                Step::Done(end) => break end,
            };
        };
        match end {
            End::Success(success) => {
                assert!(logs_in);
                assert_eq!(&*success.subject.username, "ada");
                assert_eq!(success.evidence[0].factor, Factor::Device);
                assert_eq!(success.level, AuthLevel::ZERO);
                assert_eq!(success.node_types, [Arc::from("Badge")]);
            }
            End::Failure(_) => assert!(!logs_in),
        }
    }
}

#[test]
fn an_unbound_secret_refuses_to_link() {
    let errors = Engine::link(compiled(), registry()).unwrap_err();
    assert_eq!(errors.0, [LinkError::Unbound(Arc::from("badge_key"))]);
}

#[test]
fn a_type_cannot_be_registered_twice() {
    let error = registry().add(Badge).unwrap_err();
    assert_eq!(error.0, "Badge");
}

#[test]
fn limits_are_settings() {
    let mut limits = Limits::default();
    limits.answer_bytes = 4;
    let engine = engine().with_limits(limits);
    assert_eq!(engine.limits().answer_bytes, 4);
    let mut auth = engine.begin(Start::journey("Front door"), &Wall).unwrap();
    let request = Request::default();
    auth.step(&Wall, &request, Input::Begin).unwrap();
    let long = Input::Answers(vec![Answer::Text("47110".to_owned())]);
    assert!(matches!(
        auth.step(&Wall, &request, long),
        Err(EngineError::Answer(_))
    ));
    let fits = Input::Answers(vec![Answer::Text("4711".to_owned())]);
    auth.step(&Wall, &request, fits).unwrap();
}

#[test]
fn an_engine_is_shared_by_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    fn moved<T: Send>(_: &T) {}
    let engine = engine();
    shared(&engine);
    moved(&engine.begin(Start::journey("Front door"), &Wall).unwrap());
}

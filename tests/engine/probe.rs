//! A node type that does what its settings say, so that a test can make a node do anything.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use wayfare::{
    Action, Answer, Callback, Context, Effect, EffectReply, Factor, NodeError, NodeType, Prepared,
    Reply, Secret, Setting, Setup, Signature, Type, Value,
    engine::{
        action::Suspend,
        effect::{
            Channel, Credential, Custom, Identity, Message, ReadIdentity, SetStatus, Verify, Who,
        },
    },
    model::{
        expr::KeyId,
        journey::OutcomeId,
        signature::{Known, LevelChange, OutcomeFacts, Outcomes, Preset, Scope, Secrecy, StateKey},
    },
};

/// `Probe(do = "…")`: words separated by `;`, done in order; at the end it leaves by `ok`.
#[derive(Debug)]
pub(crate) struct Probe;

fn setting(key: &'static str, ty: Type, default: Preset) -> Setting {
    Setting {
        key: Cow::Borrowed(key),
        ty,
        unit: None,
        default,
        required: false,
        allowed: Cow::Borrowed(&[]),
        range: None,
    }
}

fn facts(outcome: &'static str, proves: Option<Factor>, level: LevelChange) -> OutcomeFacts {
    OutcomeFacts {
        proves,
        counts_try: Known::Is(true),
        level,
        ..OutcomeFacts::new(outcome)
    }
}

/// A probe with the outcome `ok` alone, for children of pages that are not the last.
#[derive(Debug)]
pub(crate) struct Single;

impl NodeType for Single {
    fn signature(&self) -> Signature {
        let probe = Probe.signature();
        Signature {
            name: Cow::Borrowed("Single"),
            wire: Cow::Borrowed("SingleNode"),
            outcomes: Outcomes::Fixed(Cow::Borrowed(&[Cow::Borrowed("ok")])),
            ..probe
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Probe.prepare(setup)
    }
}

/// A probe that may suspend the run.
#[derive(Debug)]
pub(crate) struct Waiting;

impl NodeType for Waiting {
    fn signature(&self) -> Signature {
        let probe = Probe.signature();
        Signature {
            name: Cow::Borrowed("Waiting"),
            wire: Cow::Borrowed("WaitingNode"),
            suspends: Known::Is(true),
            ..probe
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Probe.prepare(setup)
    }
}

/// A probe that comes before the others of its page, and needs them only where it ends in `ok`.
#[derive(Debug)]
pub(crate) struct Leading;

impl NodeType for Leading {
    fn signature(&self) -> Signature {
        let probe = Probe.signature();
        Signature {
            name: Cow::Borrowed("Leading"),
            wire: Cow::Borrowed("LeadingNode"),
            leads_to: Some(Cow::Borrowed("ok")),
            ..probe
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        Probe.prepare(setup)
    }
}

impl NodeType for Probe {
    fn signature(&self) -> Signature {
        Signature {
            name: Cow::Borrowed("Probe"),
            wire: Cow::Borrowed("ProbeNode"),
            versions: Cow::Borrowed(&[1]),
            summary: Cow::Borrowed("Does what it is told"),
            settings: Cow::Owned(vec![
                setting("do", Type::Text, Preset::Text(Cow::Borrowed(""))),
                setting("raises", Type::Int, Preset::Int(0)),
                setting("reads", Type::List(Arc::new(Type::Text)), Preset::EmptyList),
            ]),
            outcomes: Outcomes::Fixed(Cow::Borrowed(&[Cow::Borrowed("ok"), Cow::Borrowed("no")])),
            callbacks: Cow::Borrowed(&[]),
            reads: Cow::Owned(vec![StateKey {
                scope: Scope::Any,
                key: Cow::Borrowed("*"),
                named_by: Some(Cow::Borrowed("reads")),
                ty: Type::Any,
                secrecy: Secrecy::Secret,
                always: false,
            }]),
            writes: Cow::Borrowed(&[]),
            removes: Cow::Borrowed(&[]),
            facts: Cow::Owned(vec![
                facts(
                    "ok",
                    Some(Factor::Password),
                    LevelChange::BySetting(Cow::Borrowed("raises")),
                ),
                facts("no", None, LevelChange::None),
            ]),
            asks: Known::Is(true),
            asks_when: None,
            suspends: Known::Is(false),
            calls_out: Known::Is(true),
            calls_when: None,
            verifies: Known::Is(true),
            limits: None,
            page_child: true,
            finds: Cow::Borrowed(&[]),
            leads_to: None,
            runs: None,
        }
    }

    fn prepare(&self, setup: &mut Setup<'_>) -> Result<Box<dyn Prepared>, NodeError> {
        let text = setup.constant("do")?.and_then(Value::as_text).unwrap_or("");
        if text.contains("refuse to link") {
            return Err(NodeError::new("the probe refuses"));
        }
        let words = text
            .split(';')
            .map(|part| part.split_whitespace().map(str::to_owned).collect())
            .filter(|words: &Vec<String>| !words.is_empty())
            .collect();
        Ok(Box::new(Told {
            words,
            username: setup.key("username"),
            password: setup.key("password"),
            ok: setup.outcome("ok")?,
            no: setup.try_outcome("no").unwrap_or(setup.outcome("ok")?),
        }))
    }
}

#[derive(Debug)]
struct Told {
    words: Vec<Vec<String>>,
    username: KeyId,
    password: KeyId,
    ok: OutcomeId,
    no: OutcomeId,
}

/// What a word comes to.
enum Done {
    Next,
    Stop(Action),
}

impl Told {
    /// Does the words from `at` on. The place after a stop and the identity found are kept in the visit.
    fn act(&self, cx: &mut Context<'_>, mut at: usize) -> Result<Action, NodeError> {
        while let Some(words) = self.words.get(at) {
            at += 1;
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match self.word(cx, &words)? {
                Done::Next => {}
                Done::Stop(action) => {
                    if !matches!(action, Action::Go(_)) {
                        keep(cx, "at", Value::Int(i64::try_from(at).unwrap()));
                    }
                    return Ok(action);
                }
            }
        }
        Ok(Action::go(self.ok))
    }

    fn word(&self, cx: &mut Context<'_>, words: &[&str]) -> Result<Done, NodeError> {
        let who = |cx: &Context<'_>| match cx.get(self.username) {
            Some(Value::Text(name)) => Who::Name(name.clone()),
            _ => Who::Name(Arc::from("nobody")),
        };
        match words {
            ["shared", key, value] => {
                let key = cx.key(key);
                cx.put_shared(key, Value::from(*value));
            }
            ["transient", key, value] => {
                let key = cx.key(key);
                cx.put_transient(key, Value::Secret(Secret::from(*value)));
            }
            ["object", key, value] => cx.put_object_transient(key, Value::from(*value)),
            ["remove", key] => {
                let key = cx.key(key);
                cx.remove(key);
            }
            ["expect", scope, key, value] => expect(cx, scope, key, value)?,
            ["big", key, bytes] => {
                let key = cx.key(key);
                cx.put_shared(key, Value::from("x".repeat(bytes.parse().unwrap())));
            }
            ["raise", by] => cx.raise(by.parse().unwrap()),
            ["count"] => {
                let count = cx.memory().and_then(Value::as_int).unwrap_or(0) + 1;
                cx.set_memory(Some(Value::Int(count)));
                let key = cx.key("count");
                cx.put_shared(key, Value::Int(count));
            }
            ["draw", key] => {
                let mut bytes = [0; 4];
                cx.random(&mut bytes)?;
                let key = cx.key(key);
                cx.put_shared(
                    key,
                    Value::from(format!("{:08x}", u32::from_be_bytes(bytes))),
                );
            }
            ["now", key] => {
                let now = i64::try_from(cx.now().0).unwrap();
                let key = cx.key(key);
                cx.put_shared(key, Value::Int(now));
            }
            ["property", name] => cx.session_property(name, Some(Value::from("x")))?,
            ["open"] => cx.open_challenge(),
            ["fail", message @ ..] => return Err(NodeError::new(message.join(" "))),
            ["otp"] => {
                return Err(NodeError::new("unknown word"));
            }
            ["go", outcome] => {
                return Ok(Done::Stop(Action::go(if *outcome == "no" {
                    self.no
                } else {
                    self.ok
                })));
            }
            ["prove", factor] => return self.prove(cx, factor),
            ["identify"] => {
                let identity = found(cx).ok_or_else(|| NodeError::new("nobody was found"))?;
                return Ok(Done::Stop(Action::Go(wayfare::Go {
                    outcome: self.ok,
                    proof: None,
                    identity: Some(Box::new(identity)),
                })));
            }
            other => return self.stop(cx, other, who(cx)),
        }
        Ok(Done::Next)
    }

    fn prove(&self, cx: &mut Context<'_>, factor: &str) -> Result<Done, NodeError> {
        let identity = if factor == "forged" {
            Identity {
                subject: wayfare::SubjectId(Arc::from("id-forged")),
                username: Arc::from("forged"),
                active: true,
                attributes: BTreeMap::new(),
            }
        } else {
            found(cx).ok_or_else(|| NodeError::new("nobody was found"))?
        };
        let factor = Factor::find(factor).unwrap_or(Factor::Password);
        Ok(Done::Stop(Action::prove(self.ok, factor, identity)))
    }

    fn stop(&self, cx: &Context<'_>, words: &[&str], who: Who) -> Result<Done, NodeError> {
        let action = match words {
            ["ask"] => Action::ask([Callback::TextInput {
                prompt: "text".to_owned(),
                default: String::new(),
            }]),
            ["ask", "nothing"] => Action::ask([]),
            ["ask", count] => Action::ask(vec![
                Callback::TextInput {
                    prompt: "text".to_owned(),
                    default: String::new(),
                };
                count.parse().unwrap()
            ]),
            ["name"] => Action::ask([Callback::Name {
                prompt: "name".to_owned(),
                default: String::new(),
                autocomplete: Vec::new(),
            }]),
            ["secret"] => Action::ask([Callback::Password {
                prompt: "secret".to_owned(),
            }]),
            ["metadata"] => Action::ask([Callback::Metadata {
                data: serde_json::json!({ "a": 1 }),
            }]),
            ["verify"] => Action::call(Effect::Verify(Verify {
                who,
                credential: Credential::Password,
                secret: match cx.get(self.password) {
                    Some(Value::Secret(secret)) => secret.clone(),
                    _ => Secret::from(""),
                },
            })),
            ["lookup"] => Action::call(Effect::ReadIdentity(ReadIdentity {
                who,
                attributes: vec![Arc::from("mail")],
            })),
            ["lock"] => Action::call(Effect::SetStatus(SetStatus { who, active: false })),
            ["send"] => Action::call(Effect::Send(mail(&who))),
            ["custom", kind] => Action::call(Effect::Custom(Custom {
                kind: Arc::from(*kind),
                request: Value::Null,
                once: *kind == "once",
            })),
            ["suspend"] => Action::Suspend(Box::new(Suspend {
                text: "see your mail".to_owned(),
                within: None,
                deliver: Some(Effect::Send(mail(&who))),
            })),
            other => return Err(NodeError::new(format!("unknown word {other:?}"))),
        };
        Ok(Done::Stop(action))
    }
}

fn mail(who: &Who) -> Message {
    let Who::Name(name) = who else {
        panic!("the probe knows names only")
    };
    Message {
        channel: Channel::Mail,
        to: Arc::from(format!("{name}@example.com")),
        from: Arc::from(""),
        subject: "hello".to_owned(),
        body: Secret::from("follow {0}"),
        route: BTreeMap::new(),
        template: None,
    }
}

fn kept(cx: &Context<'_>) -> BTreeMap<Arc<str>, Value> {
    match cx.visit() {
        Some(Value::Map(map)) => (**map).clone(),
        _ => BTreeMap::new(),
    }
}

fn keep(cx: &mut Context<'_>, key: &str, value: Value) {
    let mut map = kept(cx);
    map.insert(Arc::from(key), value);
    cx.set_visit(Some(Value::Map(Arc::new(map))));
}

fn found(cx: &Context<'_>) -> Option<Identity> {
    let map = kept(cx);
    let text = |key: &str| match map.get(key) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    Some(Identity {
        subject: wayfare::SubjectId(text("subject")?),
        username: text("username")?,
        active: true,
        attributes: BTreeMap::new(),
    })
}

fn expect(cx: &mut Context<'_>, scope: &str, key: &str, value: &str) -> Result<(), NodeError> {
    let id = cx.key(key);
    let there = match scope {
        "shared" => cx.shared(id),
        "transient" => cx.transient(id),
        "secure" => cx.secure(id),
        "object" => cx.object_attribute(key),
        _ => cx.get(id),
    };
    let text = match there {
        None => "nothing".to_owned(),
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Secret(secret)) => secret.reveal().clone(),
        Some(Value::Int(number)) => number.to_string(),
        Some(other) => format!("{other:?}"),
    };
    if text == value {
        return Ok(());
    }
    Err(NodeError::new(format!(
        "{scope} {key} is {text}, not {value}"
    )))
}

impl Prepared for Told {
    fn enter(&self, cx: &mut Context<'_>) -> Result<Action, NodeError> {
        cx.set_visit(None);
        self.act(cx, 0)
    }

    fn resume(&self, cx: &mut Context<'_>, reply: Reply) -> Result<Action, NodeError> {
        let at = match kept(cx).get("at") {
            Some(Value::Int(at)) => usize::try_from(*at).unwrap(),
            _ => 0,
        };
        match reply {
            Reply::Answers(answers) => match answers.into_iter().next() {
                Some(Answer::Secret(secret)) => {
                    cx.put_transient(self.password, Value::Secret(secret));
                }
                Some(Answer::Text(text)) => {
                    let name = matches!(self.words.get(at - 1), Some(words) if words[0] == "name");
                    let key = if name { self.username } else { cx.key("text") };
                    if text == "again" {
                        return self.act(cx, at - 1);
                    }
                    cx.put_shared(key, Value::from(text));
                }
                _ => {}
            },
            Reply::Effect(EffectReply::Match(identity) | EffectReply::Identity(Some(identity))) => {
                keep(cx, "subject", Value::Text(identity.subject.0));
                keep(cx, "username", Value::Text(identity.username));
            }
            Reply::Effect(EffectReply::Miss) => return Ok(Action::go(self.no)),
            Reply::Effect(_) | Reply::Resumed => {}
        }
        // A page gives the same answers again; the place is that of the question.
        self.act(cx, at)
    }
}

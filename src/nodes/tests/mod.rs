//! Behaviours one by one, in a small world of their own.
//!
//! Settings not given have the catalogue's defaults. How nodes work together is tested with whole
//! journeys elsewhere.

mod ask;
mod backchannel;
mod bind;
mod context;
mod contract;
mod cookie;
mod core;
mod decide;
mod device;
mod end;
mod failure;
mod federation;
mod identify;
mod keyed;
mod knowledge;
mod known;
mod letter;
mod oath;
mod object;
mod otp;
mod policy;
mod provider;
mod provision;
mod register;
mod scripted;
mod sms;
mod stand_in;
mod terms;
mod verify;
mod wait;

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use contract::{Before, Contract};

use crate::{
    engine::{
        action::{Action, Reply, Subject, Suspend},
        callback::{Answer, Callback},
        context::{Context, Dress, World},
        effect::{Effect, EffectReply, Identity, SessionRef, SubjectId},
        error::NodeError,
        ground::Ground,
        host::Timestamp,
        limits::Limits,
        node_type::{KeyTable, Prepared, Setup},
        output::{Output, Remember},
        registry::Registry,
        request::Request,
        script::{Activation, Script, digest_of},
        start::StartSession,
        step::{Ending, Evidence},
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        level::AuthLevel,
        realm::Realm,
        signature::{Factor, Outcomes, Preset, Setting, Unit},
        text::LocalizedText,
        value::{Type, Value},
    },
    nodes::standard,
    secret::Secret,
};

type Scope = BTreeMap<KeyId, Value>;
type Message = (Option<String>, Vec<(Arc<str>, Value)>);

/// An open challenge, and whom it is for.
#[derive(Debug, PartialEq)]
struct Challenge(Option<Subject>);

/// What is told of a code that nothing bound to anybody.
#[derive(Debug, Default, PartialEq)]
enum Told {
    #[default]
    Nobody,
    Somebody,
}

/// A world that keeps what nodes do to it.
#[derive(Debug, Default)]
struct Fake {
    keys: KeyTable,
    shared: Scope,
    transient: Scope,
    secure: Scope,
    /// Keys that were looked up where they may be sensitive.
    read: RefCell<BTreeSet<KeyId>>,
    object: BTreeMap<String, (Value, bool)>,
    level: AuthLevel,
    target_level: Option<AuthLevel>,
    /// By outcome, the greatest level that it leads to.
    leads_to: BTreeMap<OutcomeId, AuthLevel>,
    subject: Option<Subject>,
    session: Option<StartSession>,
    told: Option<Value>,
    transaction: Option<Arc<str>>,
    challenge: Option<Challenge>,
    code_told: Told,
    now: u64,
    random: Vec<u8>,
    realm: Option<Realm>,
    limits: Limits,
    request: Request,
    visit: Option<Value>,
    memory: Option<Value>,
    properties: BTreeMap<String, Option<Value>>,
    urls: Vec<String>,
    success: BTreeMap<String, Value>,
    session_details: BTreeMap<String, String>,
    failure: Option<Message>,
    error: Option<Message>,
    lockout: Option<String>,
    ground: Option<Ground>,
    dress: Option<Dress>,
    headers: Vec<(Ending, String, String)>,
    times: (Option<Duration>, Option<Duration>),
    trace: Vec<String>,
    kept: BTreeMap<String, Value>,
    remember: Vec<Remember>,
    lets_go: bool,
    outputs: Vec<Output>,
    evidence: Vec<Evidence>,
    run_time: Duration,
    activation: Option<Box<Activation>>,
}

impl World for Fake {
    fn shared(&self, key: KeyId) -> Option<&Value> {
        self.shared.get(&key)
    }
    fn transient(&self, key: KeyId) -> Option<&Value> {
        self.read.borrow_mut().insert(key);
        self.transient.get(&key)
    }
    fn secure(&self, key: KeyId) -> Option<&Value> {
        self.secure.get(&key)
    }
    fn put_shared(&mut self, key: KeyId, value: Value) {
        self.shared.insert(key, value);
    }
    fn put_transient(&mut self, key: KeyId, value: Value) {
        self.transient.insert(key, value);
    }
    fn remove(&mut self, key: KeyId) {
        self.shared.remove(&key);
        self.transient.remove(&key);
        self.secure.remove(&key);
    }
    fn key(&mut self, name: &str) -> KeyId {
        self.keys.intern(name)
    }
    fn shared_entries(&self) -> Vec<(Arc<str>, Value)> {
        let named = |(key, value): (&KeyId, &Value)| {
            let name = Arc::clone(self.keys.name(*key).unwrap());
            (!matches!(value, Value::Secret(_))).then(|| (name, value.clone()))
        };
        let mut entries: Vec<_> = self.shared.iter().filter_map(named).collect();
        entries.sort();
        entries
    }
    fn object(&self, name: &str) -> Option<&Value> {
        self.object.get(name).map(|(value, _)| value)
    }
    fn objects(&self) -> BTreeMap<Arc<str>, Value> {
        let all = self.object.iter();
        all.map(|(name, (value, _))| (Arc::from(&**name), value.clone()))
            .collect()
    }
    fn put_object(&mut self, name: &str, value: Value, transient: bool) {
        self.object.insert(name.to_owned(), (value, transient));
    }
    fn level(&self) -> AuthLevel {
        self.level
    }
    fn target_level(&self) -> Option<AuthLevel> {
        self.target_level
    }
    fn may_reach(&self, outcome: OutcomeId, level: AuthLevel) -> bool {
        self.leads_to
            .get(&outcome)
            .is_some_and(|most| *most >= level)
    }
    fn raise(&mut self, by: i64) {
        self.level = self.level.raised(by);
    }
    fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }
    fn told(&self) -> Option<&Value> {
        self.told.as_ref()
    }
    fn session(&self) -> Option<&StartSession> {
        self.session.as_ref()
    }
    fn transaction(&self) -> Option<&Arc<str>> {
        self.transaction.as_ref()
    }
    fn challenge_subject(&self) -> Option<&Subject> {
        self.challenge.as_ref()?.0.as_ref()
    }
    fn open_challenge(&mut self) {
        self.challenge = Some(Challenge(None));
    }
    fn bind_challenge(&mut self, subject: &Subject) {
        if let Some(open) = &mut self.challenge {
            open.0 = Some(subject.clone());
        }
    }
    fn close_challenge(&mut self) {
        self.challenge = None;
    }
    fn hand_out_challenge(&mut self) {
        self.code_told = Told::Somebody;
    }
    fn challenge_is_unsent(&self) -> bool {
        self.challenge == Some(Challenge(None)) && self.code_told == Told::Nobody
    }
    fn now(&mut self) -> Timestamp {
        Timestamp(self.now)
    }
    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NodeError> {
        if self.random.is_empty() {
            return Err(NodeError::new("no randomness"));
        }
        for byte in bytes {
            *byte = self.random.remove(0);
            self.random.push(*byte);
        }
        Ok(())
    }
    fn realm(&self) -> &Realm {
        self.realm.as_ref().unwrap()
    }
    fn limits(&self) -> &Limits {
        &self.limits
    }
    fn request(&self) -> &Request {
        &self.request
    }
    fn visit(&self) -> Option<&Value> {
        self.visit.as_ref()
    }
    fn set_visit(&mut self, value: Option<Value>) {
        self.visit = value;
    }
    fn memory(&self) -> Option<&Value> {
        self.memory.as_ref()
    }
    fn set_memory(&mut self, value: Option<Value>) {
        self.memory = value;
    }
    fn value(&self, setting: &SettingValue) -> Result<Value, NodeError> {
        match setting {
            SettingValue::Constant(Value::SecretParameter(name)) => {
                Ok(Value::Secret(Secret::new(format!("bound {name}"))))
            }
            SettingValue::Constant(value) => Ok(value.clone()),
            SettingValue::Computed(_) => Err(NodeError::new("not computed here")),
        }
    }
    fn session_property(&mut self, name: &str, value: Option<Value>) -> Result<(), NodeError> {
        if name.eq_ignore_ascii_case("authlevel") {
            return Err(NodeError::new("Cannot set system session property"));
        }
        self.properties.insert(name.to_owned(), value);
        Ok(())
    }
    fn set_success_url(&mut self, url: &str) {
        self.urls.push(format!("success {url}"));
    }
    fn set_failure_url(&mut self, url: &str) {
        self.urls.push(format!("failure {url}"));
    }
    fn success_detail(&mut self, name: &str, value: Value) {
        self.success.insert(name.to_owned(), value);
    }
    fn success_session_detail(&mut self, name: &str, property: &str) {
        self.session_details
            .insert(name.to_owned(), property.to_owned());
    }
    fn failure_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        self.failure = Some((message.map(ToOwned::to_owned), details));
    }
    fn error_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        self.error = Some((message.map(ToOwned::to_owned), details));
    }
    fn raise_ground(&mut self, ground: Ground) {
        self.ground = Some(ground);
    }
    fn lockout_message(&mut self, message: &str) {
        self.lockout = Some(message.to_owned());
    }
    fn dress(&mut self, dress: Dress) {
        self.dress = Some(dress);
    }
    fn response_header(&mut self, ending: Ending, name: &str, value: &str) {
        self.headers
            .push((ending, name.to_owned(), value.to_owned()));
    }
    fn session_times(&mut self, time: Option<Duration>, idle: Option<Duration>) {
        self.times = (time, idle);
    }
    fn keep(&mut self, name: &str, value: Value) {
        self.kept.insert(name.to_owned(), value);
    }
    fn remember(&mut self, cookie: Remember) {
        self.remember.push(cookie);
    }
    fn let_go(&mut self) {
        self.lets_go = true;
    }
    fn output(&mut self, output: Output) {
        self.outputs.push(output);
    }
    fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }
    fn run_time(&self) -> Duration {
        self.run_time
    }
    fn set_run_time(&mut self, time: Duration) {
        self.run_time = time.min(self.limits.run_time_max);
    }
    fn trace(&mut self, text: String) {
        self.trace.push(text);
    }
    fn key_names(&self, shared: bool) -> BTreeSet<Arc<str>> {
        let others = self.transient.keys().chain(self.secure.keys());
        let keys = self.shared.keys().chain(others.filter(|_| !shared));
        keys.filter_map(|key| self.keys.name(*key).cloned())
            .collect()
    }
    fn take_activation(&mut self) -> Option<Box<Activation>> {
        self.activation.take()
    }
    fn set_activation(&mut self, activation: Option<Box<Activation>>) {
        self.activation = activation;
    }
    fn effect_digest(&self, effect: &Effect) -> [u8; 16] {
        digest_of(effect)
    }
}

/// One node in its world.
struct Visit {
    world: Fake,
    node: Box<dyn Prepared>,
    outcomes: Vec<Arc<str>>,
    contract: Contract,
}

/// What a node did, in a form that tests can compare.
#[derive(Debug, PartialEq)]
enum Did {
    Go(String, Option<(Factor, Identity)>),
    Found(String, Identity),
    Ask(Vec<Callback>),
    Call(Effect),
    Suspend(Suspend),
}

fn went(outcome: &str) -> Did {
    Did::Go(outcome.to_owned(), None)
}

impl Visit {
    /// A node of this type with these settings.
    fn new<const N: usize>(ty: &str, settings: [(&str, Value); N]) -> Self {
        Self::authored(ty, settings, &[]).unwrap()
    }

    /// A refusal to link.
    fn refused<const N: usize>(ty: &str, settings: [(&str, Value); N]) -> String {
        Self::authored(ty, settings, &[])
            .err()
            .map(|error| error.message)
            .expect("the settings are refused")
    }

    fn authored<const N: usize>(
        ty: &str,
        settings: [(&str, Value); N],
        arms: &[&str],
    ) -> Result<Self, NodeError> {
        Self::scripted(ty, settings.into(), arms, &BTreeMap::new())
    }

    fn scripted(
        ty: &str,
        settings: Vec<(&str, Value)>,
        arms: &[&str],
        scripts: &BTreeMap<Arc<str>, Script>,
    ) -> Result<Self, NodeError> {
        let ty = standard()
            .into_iter()
            .find(|known| known.signature().name == ty)
            .expect("the type has a behaviour");
        let signature = ty.signature();
        let mut all: BTreeMap<Arc<str>, SettingValue> = signature
            .settings
            .iter()
            .filter_map(|setting| Some((Arc::from(&*setting.key), preset(setting)?)))
            .collect();
        for (key, value) in settings {
            assert!(signature.setting(key).is_some(), "no setting {key}");
            all.insert(Arc::from(key), SettingValue::Constant(value));
        }
        let settings: Vec<_> = all.into_iter().collect();
        let outcomes: Vec<Arc<str>> = match &signature.outcomes {
            Outcomes::Fixed(names) => names.iter().map(|name| Arc::from(&**name)).collect(),
            Outcomes::Bounded(names) => names.iter().map(|o| Arc::from(&*o.name)).collect(),
            Outcomes::Authored { .. } | Outcomes::LastChild => {
                arms.iter().map(|arm| Arc::from(*arm)).collect()
            }
        };
        let mut registry = Registry::standard();
        registry.set_scripts(scripts.clone());
        let mut world = Fake {
            realm: Some(Realm::root()),
            ..Fake::default()
        };
        let node = ty.prepare(&mut Setup {
            settings: &settings,
            files: &BTreeMap::new(),
            outcomes: &outcomes,
            journey: "journey",
            node: "node",
            keys: &mut world.keys,
            registry: &registry,
            program: None,
        })?;
        Ok(Self {
            world,
            node,
            outcomes,
            contract: Contract {
                signature,
                settings,
            },
        })
    }

    fn key(&mut self, name: &str) -> KeyId {
        self.world.keys.intern(name)
    }

    fn with_shared(mut self, name: &str, value: impl Into<Value>) -> Self {
        let key = self.key(name);
        self.world.shared.insert(key, value.into());
        self
    }

    fn with_transient(mut self, name: &str, value: impl Into<Value>) -> Self {
        let key = self.key(name);
        self.world.transient.insert(key, value.into());
        self
    }

    fn shared(&mut self, name: &str) -> Option<Value> {
        let key = self.key(name);
        self.world.shared.get(&key).cloned()
    }

    fn transient(&mut self, name: &str) -> Option<Value> {
        let key = self.key(name);
        self.world.transient.get(&key).cloned()
    }

    fn enter(&mut self) -> Result<Did, String> {
        let before = Before::of(&self.world);
        let action = self.node.enter(&mut Context::new(&mut self.world));
        self.did(&before, action)
    }

    fn resume(&mut self, reply: Reply) -> Result<Did, String> {
        let before = Before::of(&self.world);
        let action = self.node.resume(&mut Context::new(&mut self.world), reply);
        self.did(&before, action)
    }

    fn answer<const N: usize>(&mut self, answers: [Answer; N]) -> Result<Did, String> {
        self.resume(Reply::Answers(answers.into()))
    }

    fn effect(&mut self, reply: EffectReply) -> Result<Did, String> {
        self.resume(Reply::Effect(reply))
    }

    fn did(&self, before: &Before, action: Result<Action, NodeError>) -> Result<Did, String> {
        let action = action.map_err(|error| error.message)?;
        self.contract
            .hold(&action, before, &self.world, &self.outcomes);
        match action {
            Action::Go(go) => {
                let outcome = self.outcomes[go.outcome.index()].to_string();
                Ok(match (go.proof, go.identity) {
                    (None, None) => Did::Go(outcome, None),
                    (None, Some(identity)) => Did::Found(outcome, *identity),
                    (Some(factor), identity) => {
                        let identity = identity.expect("a proof names its subject");
                        Did::Go(outcome, Some((factor, *identity)))
                    }
                })
            }
            Action::Ask(callbacks) => Ok(Did::Ask(callbacks)),
            Action::Call(effect) => Ok(Did::Call(*effect)),
            Action::Suspend(suspend) => Ok(Did::Suspend(*suspend)),
        }
    }
}

/// The default of a setting, as the compiler lowers it.
fn preset(setting: &Setting) -> Option<SettingValue> {
    let value = match &setting.default {
        Preset::None => return None,
        Preset::Bool(value) => Value::Bool(*value),
        Preset::Int(number) => match setting.unit.and_then(Unit::duration) {
            Some(one) => Value::Duration(one * u32::try_from(*number).unwrap()),
            None if setting.unit == Some(Unit::Kibibytes) => {
                Value::Size(u64::try_from(*number).unwrap() * 1_024)
            }
            None => Value::Int(*number),
        },
        Preset::Text(text) => Value::from(&**text),
        Preset::Texts(texts) => list(texts.iter().map(|text| &**text)),
        Preset::EmptyList => list([]),
        Preset::EmptyMap if setting.ty == Type::LocalizedText => {
            Value::Localized(LocalizedText::default())
        }
        Preset::EmptyMap => map([]),
        Preset::Value(value) => value.clone(),
    };
    Some(SettingValue::Constant(value))
}

fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Value {
    Value::List(texts.into_iter().map(Value::from).collect())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let entries = entries.map(|(key, value)| (Arc::from(key), value));
    Value::Map(Arc::new(BTreeMap::from(entries)))
}

fn localized<const N: usize>(entries: [(&str, &str); N]) -> Value {
    Value::Localized(LocalizedText::by_locale(entries))
}

fn secret(text: &str) -> Value {
    Value::Secret(Secret::from(text))
}

fn demo() -> Identity {
    Identity {
        subject: SubjectId(Arc::from("id-demo")),
        username: Arc::from("demo"),
        active: true,
        attributes: BTreeMap::new(),
    }
}

fn subject() -> Subject {
    Subject {
        id: demo().subject,
        username: demo().username,
    }
}

fn session() -> StartSession {
    StartSession {
        session: SessionRef(Arc::from("session")),
        subject: demo().subject,
        username: demo().username,
        level: AuthLevel::saturating(10),
        services: Vec::new(),
        proved: true,
    }
}

#[test]
fn every_behaviour_has_a_type_of_the_catalogue() {
    assert_eq!(standard().len(), super::TYPES.len());
}

//! What a node sees of its run, and may do to it.
//!
//! In: what a behaviour asks of its context. Out: answers from the run, the host and the request, and writes
//! that are taken back where the node fails. Where a run stops and how nodes follow each other is not here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use crate::{
    engine::{
        action::Subject,
        context::{Dress, World},
        effect::Effect,
        error::NodeError,
        expr::{Around, Scene, compile_term, evaluate},
        ground::{Ground, Heard},
        host::Timestamp,
        limits::Limits,
        output::{Output, Remember},
        plan::is_secret,
        property::refuse_system_property,
        request::Request,
        script::Activation,
        start::StartSession,
        state::Place,
        step::{Ending, Evidence},
        trace::Event,
        turn::Turn,
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        level::AuthLevel,
        realm::Realm,
        value::Value,
    },
    secret::Secret,
};

/// How many lines of nodes are kept until somebody takes them.
pub(super) const NOTES_MAX: usize = 32;

/// How much of what nodes hand out is kept until somebody takes it.
const OUTPUTS_MAX: usize = 64;

impl World for Turn<'_> {
    fn shared(&self, key: KeyId) -> Option<&Value> {
        self.run.state.shared.get(&key)
    }

    fn transient(&self, key: KeyId) -> Option<&Value> {
        self.run.state.sensitive.transient.get(&key)
    }

    fn secure(&self, key: KeyId) -> Option<&Value> {
        self.run.state.sensitive.secure.get(&key)
    }

    fn put_shared(&mut self, key: KeyId, value: Value) {
        if key == self.plan.known.username {
            self.write_username(&value);
        }
        if key == self.plan.known.user_info && self.is_provider() {
            self.run.proofs_mut().told = Some(value.clone());
        }
        self.run.set_cell(Place::Shared, key, Some(value));
    }

    fn put_transient(&mut self, key: KeyId, value: Value) {
        if key == self.plan.known.username {
            self.write_username(&value);
        }
        self.run.set_cell(Place::Transient, key, Some(value));
    }

    fn remove(&mut self, key: KeyId) {
        for place in Place::ALL {
            self.run.set_cell(place, key, None);
        }
    }

    fn key(&mut self, name: &str) -> KeyId {
        self.run.key(self.plan, name)
    }

    fn shared_entries(&self) -> Vec<(Arc<str>, Value)> {
        let mut entries: Vec<_> = self
            .run
            .state
            .shared
            .iter()
            .filter(|(_, value)| !is_secret(value))
            .filter_map(|(key, value)| Some((self.run.key_name(self.plan, *key)?, value.clone())))
            .collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        entries
    }

    fn object(&self, name: &str) -> Option<&Value> {
        self.run.state.member(name)
    }

    fn objects(&self) -> BTreeMap<Arc<str>, Value> {
        self.run.state.members()
    }

    fn put_object(&mut self, name: &str, value: Value, transient: bool) {
        let place = if transient {
            Place::Transient
        } else {
            Place::Shared
        };
        self.run.set_member(place, Arc::from(name), Some(value));
    }

    fn level(&self) -> AuthLevel {
        self.run.level
    }

    fn raise(&mut self, by: i64) {
        let before = self.run.level;
        self.run.visit.level_before.get_or_insert(before);
        let level = before.raised(by);
        self.run.set_level(level);
    }

    fn target_level(&self) -> Option<AuthLevel> {
        Turn::target_level(self)
    }

    fn may_reach(&self, outcome: OutcomeId, level: AuthLevel) -> bool {
        self.outcome_reaches(outcome, level)
    }

    fn subject(&self) -> Option<&Subject> {
        self.run.proofs.subject.as_ref()
    }

    fn told(&self) -> Option<&Value> {
        self.run.proofs.told.as_ref()
    }

    fn session(&self) -> Option<&StartSession> {
        self.run.start.session.as_ref()
    }

    fn transaction(&self) -> Option<&Arc<str>> {
        self.run.start.transaction.as_ref()
    }

    fn challenge_subject(&self) -> Option<&Subject> {
        self.run.proofs.challenge.as_ref()?.subject.as_ref()
    }

    fn open_challenge(&mut self) {
        self.run.proofs_mut().open();
    }

    fn bind_challenge(&mut self, subject: &Subject) {
        self.run.proofs_mut().bind(subject);
    }

    fn close_challenge(&mut self) {
        self.run.void_challenge();
    }

    fn hand_out_challenge(&mut self) {
        self.run.hand_out_challenge();
    }

    fn challenge_is_unsent(&self) -> bool {
        self.run.proofs.is_unsent()
    }

    fn now(&mut self) -> Timestamp {
        self.page_now().unwrap_or(self.now)
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NodeError> {
        if self.replay_random(bytes) {
            return Ok(());
        }
        self.host
            .random(bytes)
            .map_err(|error| NodeError::new(error.to_string()))?;
        self.record_random(bytes);
        if self.trace.is_some() {
            self.note(Event::Random(Secret::new(bytes.to_vec())));
        }
        Ok(())
    }

    fn realm(&self) -> &Realm {
        &self.run.start.realm
    }

    fn limits(&self) -> &Limits {
        self.limits
    }

    fn request(&self) -> &Request {
        self.request
    }

    fn visit(&self) -> Option<&Value> {
        self.run.visit.memory.as_ref()
    }

    fn set_visit(&mut self, value: Option<Value>) {
        self.run.visit.memory = value;
    }

    fn memory(&self) -> Option<&Value> {
        self.run.memory.get(&self.unit)
    }

    fn set_memory(&mut self, value: Option<Value>) {
        self.run.set_memory(self.unit, value);
    }

    fn value(&self, setting: &SettingValue) -> Result<Value, NodeError> {
        match setting {
            SettingValue::Constant(value) => self.bound(value),
            SettingValue::Computed(expr) => evaluate(
                &compile_term(expr)?,
                Scene {
                    around: Around::Run(self.run, &self.run.visit.fetched),
                    request: self.request,
                    now: self.now,
                },
            ),
        }
    }

    fn session_property(&mut self, name: &str, value: Option<Value>) -> Result<(), NodeError> {
        refuse_system_property(name)?;
        self.run
            .ends_mut()
            .properties
            .insert(Arc::from(name), value);
        Ok(())
    }

    fn set_success_url(&mut self, url: &str) {
        self.run.ends_mut().success_url = Some(Arc::from(url));
    }

    fn set_failure_url(&mut self, url: &str) {
        self.run.ends_mut().failure_url = Some(Arc::from(url));
    }

    fn success_detail(&mut self, name: &str, value: Value) {
        self.run.ends_mut().details.insert(Arc::from(name), value);
    }

    fn success_session_detail(&mut self, name: &str, property: &str) {
        self.run
            .ends_mut()
            .session_details
            .insert(Arc::from(name), Arc::from(property));
    }

    fn failure_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        self.run.ends_mut().failure.add(message, details);
    }

    fn error_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        self.run.ends_mut().error.add(message, details);
    }

    fn raise_ground(&mut self, ground: Ground) {
        self.run.visit.heard = Some(Box::new(Heard::Raised(ground)));
    }

    fn lockout_message(&mut self, message: &str) {
        self.run.ends_mut().lockout = Some(message.to_owned());
    }

    fn dress(&mut self, dress: Dress) {
        self.dress = dress;
    }

    fn response_header(&mut self, ending: Ending, name: &str, value: &str) {
        self.run
            .ends_mut()
            .headers
            .entry(ending)
            .or_default()
            .insert(Arc::from(name.to_ascii_lowercase()), Arc::from(value));
    }

    fn session_times(&mut self, time: Option<Duration>, idle: Option<Duration>) {
        let ends = self.run.ends_mut();
        ends.session_time = time.or(ends.session_time);
        ends.idle_time = idle.or(ends.idle_time);
    }

    fn keep(&mut self, name: &str, value: Value) {
        self.run.ends_mut().kept.insert(Arc::from(name), value);
    }

    fn remember(&mut self, cookie: Remember) {
        let name = Arc::clone(&cookie.name);
        self.run.ends_mut().remember.insert(name, cookie);
    }

    fn let_go(&mut self) {
        self.run.ends_mut().lets_go = true;
    }

    fn output(&mut self, output: Output) {
        // What a page has counted, it does not count again in a later round.
        let counted = matches!(output, Output::Measure(_)) && self.replay_measure();
        if !counted && self.outputs.len() < OUTPUTS_MAX {
            self.outputs.push(output);
        }
    }

    fn evidence(&self) -> &[Evidence] {
        &self.run.proofs.evidence
    }

    fn run_time(&self) -> Duration {
        self.run.expires.since(self.run.counted)
    }

    fn set_run_time(&mut self, time: Duration) {
        let time = time.min(self.limits.run_time_max);
        self.run.set_time(time);
    }

    fn trace(&mut self, text: String) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(text.clone());
        }
        self.note(Event::Note(text));
    }

    fn key_names(&self, shared: bool) -> BTreeSet<Arc<str>> {
        let state = &self.run.state;
        let sensitive = &state.sensitive;
        let others = sensitive.transient.iter().chain(sensitive.secure.iter());
        let others = others.filter(|_| !shared);
        let keys = state.shared.iter().chain(others).map(|(key, _)| *key);
        keys.filter_map(|key| self.run.key_name(self.plan, key))
            .collect()
    }

    fn take_activation(&mut self) -> Option<Box<Activation>> {
        self.run.visit.script.take()
    }

    fn set_activation(&mut self, activation: Option<Box<Activation>>) {
        self.run.visit.script = activation;
    }

    fn effect_digest(&self, effect: &Effect) -> [u8; 16] {
        self.digest_of(effect)
    }
}

impl Turn<'_> {
    /// A constant with its secret parameters bound.
    fn bound(&self, value: &Value) -> Result<Value, NodeError> {
        match value {
            Value::SecretParameter(name) => self
                .linked
                .secrets
                .get(name)
                .map(|secret| Value::Secret(secret.clone()))
                .ok_or_else(|| NodeError::new(format!("parameter `{name}` is not bound"))),
            Value::List(list) if list.iter().any(is_secret) => {
                let bound: Result<Vec<_>, _> = list.iter().map(|value| self.bound(value)).collect();
                bound.map(|list| Value::List(list.into()))
            }
            Value::Map(map) if map.values().any(is_secret) => {
                let mut bound = BTreeMap::new();
                for (key, value) in map.iter() {
                    bound.insert(Arc::clone(key), self.bound(value)?);
                }
                Ok(Value::Map(Arc::new(bound)))
            }
            other => Ok(other.clone()),
        }
    }
}

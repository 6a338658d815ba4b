//! What a node may read and do, over the walker's own state.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use super::{page::Recorded, state::Challenge, walker::Walker};
use crate::{
    engine::{
        action::Subject,
        context::{Dress, World},
        effect::Effect,
        error::NodeError,
        ground::Ground,
        host::{Host, Timestamp},
        limits::Limits,
        output::{Output, Remember},
        refuse_system_property,
        request::Request,
        script::{Activation, digest_of},
        start::StartSession,
        step::{Ending, Evidence},
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        level::AuthLevel,
        realm::Realm,
        value::Value,
    },
};

impl Walker<'_> {
    fn name(&self, key: KeyId) -> String {
        let known = self.kit.keys.len();
        match (key.0 as usize).checked_sub(known) {
            None => self.kit.keys.name(key).unwrap().to_string(),
            Some(at) => self.named[at].clone(),
        }
    }

    pub(super) fn object_attribute(&self, name: &str) -> Option<&Value> {
        let hidden = &self.state.hidden;
        let transient = hidden.transient_object.get(name);
        transient
            .or_else(|| hidden.secure_object.get(name))
            .or_else(|| self.state.shared_object.get(name))
    }

    /// Another name than the one there, or that of the subject, drops all that was proved.
    fn naming(&mut self, key: &str, value: &Value) {
        if key != "username" {
            return;
        }
        let there = self.state.shared.get("username").and_then(Value::as_text);
        let subject = self.state.subject.as_ref().map(|s| &*s.username);
        let new = value.as_text();
        if new.is_some() && (new == there || new == subject) {
            return;
        }
        let another = there.is_some() || subject.is_some();
        if self.state.subject.is_some() {
            self.saw("another name clears the proofs");
        }
        self.state.subject = None;
        self.state.evidence.clear();
        self.state.challenge = None;
        if another {
            self.forget_level();
        }
    }

    /// The level belonged to somebody else.
    pub(super) fn forget_level(&mut self) {
        if self.state.level != AuthLevel::ZERO {
            self.saw("another name takes the level away");
        }
        self.state.level = AuthLevel::ZERO;
        self.visit_at_hand_mut().level = None;
    }
}

impl World for Walker<'_> {
    fn shared(&self, key: KeyId) -> Option<&Value> {
        self.state.shared.get(&self.name(key))
    }

    fn transient(&self, key: KeyId) -> Option<&Value> {
        self.state.hidden.transient.get(&self.name(key))
    }

    fn secure(&self, key: KeyId) -> Option<&Value> {
        self.state.hidden.secure.get(&self.name(key))
    }

    fn put_shared(&mut self, key: KeyId, value: Value) {
        let name = self.name(key);
        self.naming(&name, &value);
        self.state.shared.insert(name, value);
    }

    fn put_transient(&mut self, key: KeyId, value: Value) {
        let name = self.name(key);
        self.naming(&name, &value);
        self.state.hidden.transient.insert(name, value);
    }

    fn remove(&mut self, key: KeyId) {
        let name = self.name(key);
        self.state.shared.remove(&name);
        self.state.hidden.transient.remove(&name);
        self.state.hidden.secure.remove(&name);
    }

    fn key(&mut self, name: &str) -> KeyId {
        if let Some(key) = self.kit.keys.find(name) {
            return key;
        }
        let known = self.named.iter().position(|known| known == name);
        let at = known.unwrap_or_else(|| {
            self.named.push(name.to_owned());
            self.named.len() - 1
        });
        KeyId(u32::try_from(self.kit.keys.len() + at).unwrap())
    }

    fn shared_entries(&self) -> Vec<(Arc<str>, Value)> {
        let shared = self.state.shared.iter();
        shared
            .filter(|(_, value)| !matches!(value, Value::Secret(_)))
            .map(|(name, value)| (Arc::from(&**name), value.clone()))
            .collect()
    }

    fn object(&self, name: &str) -> Option<&Value> {
        self.object_attribute(name)
    }

    fn objects(&self) -> BTreeMap<Arc<str>, Value> {
        let hidden = &self.state.hidden;
        let shared = self.state.shared_object.keys();
        shared
            .chain(hidden.secure_object.keys())
            .chain(hidden.transient_object.keys())
            .filter_map(|name| Some((Arc::from(&**name), self.object_attribute(name)?.clone())))
            .collect()
    }

    fn put_object(&mut self, name: &str, value: Value, transient: bool) {
        let place = if transient {
            &mut self.state.hidden.transient_object
        } else {
            &mut self.state.shared_object
        };
        place.insert(name.to_owned(), value);
    }

    fn level(&self) -> AuthLevel {
        self.state.level
    }

    fn raise(&mut self, by: i64) {
        let before = self.state.level;
        self.visit_at_hand_mut().level.get_or_insert(before);
        self.state.level = before.raised(by);
        self.saw(if by < 0 {
            "level lowered"
        } else {
            "level raised"
        });
    }

    fn target_level(&self) -> Option<AuthLevel> {
        let set = match self.state.shared.get("targetAuthLevel") {
            Some(Value::Int(level)) => *level,
            _ => 0,
        };
        let asked = self.start.asked_level.unwrap_or(AuthLevel::ZERO);
        let target = AuthLevel::saturating(set).max(asked);
        (target.number() > 0).then_some(target)
    }

    fn may_reach(&self, outcome: OutcomeId, level: AuthLevel) -> bool {
        self.reaches(outcome, i64::from(level.number()))
    }

    fn subject(&self) -> Option<&Subject> {
        self.state.subject.as_ref()
    }

    // No type of the random programs asks for it.
    fn told(&self) -> Option<&Value> {
        None
    }

    fn session(&self) -> Option<&StartSession> {
        self.start.session.as_ref()
    }

    fn transaction(&self) -> Option<&Arc<str>> {
        self.start.transaction.as_ref()
    }

    fn challenge_subject(&self) -> Option<&Subject> {
        self.state.challenge.as_ref()?.sent_to.as_ref()
    }

    fn open_challenge(&mut self) {
        self.state.challenge = Some(Challenge {
            sent_to: None,
            seen: false,
        });
    }

    fn bind_challenge(&mut self, subject: &Subject) {
        let Some(open) = &self.state.challenge else {
            return;
        };
        let known = open.sent_to.as_ref().or(self.state.subject.as_ref());
        self.state.challenge = match known {
            Some(known) if known.id != subject.id => None,
            _ => Some(Challenge {
                sent_to: Some(subject.clone()),
                seen: open.seen,
            }),
        };
    }

    fn close_challenge(&mut self) {
        // What a node does is given back when it fails; this is not.
        self.state.challenge = None;
        self.before.challenge = None;
    }

    fn hand_out_challenge(&mut self) {
        for state in [&mut self.state, &mut self.before] {
            if let Some(open) = &mut state.challenge {
                open.seen = true;
            }
        }
    }

    fn challenge_is_unsent(&self) -> bool {
        let open = self.state.challenge.as_ref();
        open.is_some_and(|open| open.sent_to.is_none() && !open.seen)
    }

    fn now(&mut self) -> Timestamp {
        let now = self.now;
        let Some(page) = &mut self.page else {
            return now;
        };
        let now = page.now;
        let child = page.child();
        if let Some(Recorded::Now(then)) = child.replayed(|old| matches!(old, Recorded::Now(_))) {
            self.saw("a clock replayed in a page");
            return then;
        }
        child.record(Recorded::Now(now));
        now
    }

    fn random(&mut self, bytes: &mut [u8]) -> Result<(), NodeError> {
        let size = bytes.len();
        let same = |old: &Recorded| matches!(old, Recorded::Random(drawn) if drawn.len() == size);
        if let Some(page) = &mut self.page
            && let Some(Recorded::Random(drawn)) = page.child().replayed(same)
        {
            bytes.copy_from_slice(&drawn);
            self.saw("a draw replayed in a page");
            return Ok(());
        }
        if let Err(error) = self.host.random(bytes) {
            self.saw("randomness failed");
            return Err(NodeError::new(error.to_string()));
        }
        if let Some(page) = &mut self.page {
            page.child().record(Recorded::Random(bytes.to_vec()));
        }
        Ok(())
    }

    fn realm(&self) -> &Realm {
        &self.start.realm
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn request(&self) -> &Request {
        &self.request
    }

    fn visit(&self) -> Option<&Value> {
        self.visit_at_hand().memory.as_ref()
    }

    fn set_visit(&mut self, value: Option<Value>) {
        self.visit_at_hand_mut().memory = value;
    }

    fn memory(&self) -> Option<&Value> {
        self.state.memory.get(&self.unit_path())
    }

    fn set_memory(&mut self, value: Option<Value>) {
        let path = self.unit_path();
        match value {
            Some(value) => self.state.memory.insert(path, value),
            None => self.state.memory.remove(&path),
        };
    }

    fn value(&self, setting: &SettingValue) -> Result<Value, NodeError> {
        match setting {
            SettingValue::Constant(value) => Ok(value.clone()),
            SettingValue::Computed(expr) => self.term(expr),
        }
    }

    fn session_property(&mut self, name: &str, value: Option<Value>) -> Result<(), NodeError> {
        refuse_system_property(name)?;
        self.state.ends.properties.insert(Arc::from(name), value);
        Ok(())
    }

    fn set_success_url(&mut self, url: &str) {
        self.state.ends.success_url = Some(Arc::from(url));
    }

    fn set_failure_url(&mut self, url: &str) {
        self.state.ends.failure_url = Some(Arc::from(url));
    }

    fn success_detail(&mut self, name: &str, value: Value) {
        self.state.ends.details.insert(Arc::from(name), value);
    }

    fn success_session_detail(&mut self, name: &str, property: &str) {
        let details = &mut self.state.ends.session_details;
        details.insert(Arc::from(name), Arc::from(property));
    }

    fn failure_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        let words = &mut self.state.ends.failure;
        words.message = message.map(str::to_owned).or(words.message.take());
        words.details.extend(details);
    }

    fn error_detail(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        let words = &mut self.state.ends.error;
        words.message = message.map(str::to_owned).or(words.message.take());
        words.details.extend(details);
    }

    fn raise_ground(&mut self, ground: Ground) {
        self.visit_at_hand_mut().raised = Some(ground);
    }

    fn lockout_message(&mut self, message: &str) {
        self.state.ends.lockout = Some(message.to_owned());
    }

    fn dress(&mut self, dress: Dress) {
        // No script of these tests dresses what it asks.
        assert_eq!(dress, Dress::default());
    }

    fn response_header(&mut self, ending: Ending, name: &str, value: &str) {
        let headers = self.state.ends.headers.entry(ending).or_default();
        headers.insert(Arc::from(name.to_lowercase()), Arc::from(value));
    }

    fn session_times(&mut self, time: Option<Duration>, idle: Option<Duration>) {
        let ends = &mut self.state.ends;
        ends.session_time = time.or(ends.session_time);
        ends.idle_time = idle.or(ends.idle_time);
    }

    fn keep(&mut self, name: &str, value: Value) {
        self.state.ends.kept.insert(Arc::from(name), value);
    }

    fn remember(&mut self, cookie: Remember) {
        let remember = &mut self.state.ends.remember;
        remember.insert(Arc::clone(&cookie.name), cookie);
    }

    fn let_go(&mut self) {
        self.state.ends.lets_go = true;
    }

    fn output(&mut self, _: Output) {}

    fn evidence(&self) -> &[Evidence] {
        &self.state.evidence
    }

    fn run_time(&self) -> Duration {
        self.expires.since(self.counted)
    }

    fn set_run_time(&mut self, time: Duration) {
        self.expires = self.counted.plus(time.min(self.limits.run_time_max));
    }

    fn trace(&mut self, _: String) {}

    fn key_names(&self, _: bool) -> BTreeSet<Arc<str>> {
        // No script of these tests asks for them.
        BTreeSet::new()
    }

    fn take_activation(&mut self) -> Option<Box<Activation>> {
        self.visit_at_hand_mut().script.take()
    }

    fn set_activation(&mut self, activation: Option<Box<Activation>>) {
        self.visit_at_hand_mut().script = activation;
    }

    fn effect_digest(&self, effect: &Effect) -> [u8; 16] {
        digest_of(effect)
    }
}

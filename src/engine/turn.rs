//! One turn of a run: what is at hand while it walks, and what nodes may do to it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{
        action::{Action, Go, Subject, Suspend},
        callback::{Ask, Callback},
        context::World,
        effect::{Effect, EffectId, ReadIdentity, ReadSession, Who},
        error::NodeError,
        expr::{Around, Scene, compile_term, evaluate},
        host::{Host, Timestamp},
        limits::Limits,
        live::Row,
        output::{Output, Remember},
        plan::{Facts, InnerOutcomes, Needs, Plan, Unit, is_secret},
        request::Request,
        run::{Asker, Run, Standing, Words},
        session::Linked,
        snapshot,
        start::StartSession,
        state::{Place, Undo},
        step::{Call, End, Ending, Evidence, Failure, FailureReason, Step, Suspended},
        trace::Event,
        walk::Next,
    },
    model::{
        expr::KeyId,
        journey::{OutcomeId, SettingValue},
        level::AuthLevel,
        realm::Realm,
        signature::Factor,
        value::Value,
    },
    secret::Secret,
};

/// Session properties that belong to the system, in lower case.
const SYSTEM_PROPERTIES: &[&str] = &[
    "amctxid",
    "amlbcookie",
    "authinstant",
    "authlevel",
    "authtype",
    "charset",
    "clienttype",
    "fullloginurl",
    "host",
    "hostname",
    "indextype",
    "locale",
    "loginurl",
    "oidcsid",
    "organization",
    "principal",
    "principals",
    "realm",
    "service",
    "successurl",
    "sun.am.universalidentifier",
    "userid",
    "userprofile",
    "usertoken",
    "xusref",
];

/// Whether a session property is the system's, in any letter case: neither journeys nor clients set it.
pub fn is_system_property(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SYSTEM_PROPERTIES.contains(&&*lower) || lower.starts_with("am.protected.")
}

/// Refuses a session property that is the system's.
pub(crate) fn refuse_system_property(name: &str) -> Result<(), NodeError> {
    if is_system_property(name) || name.is_empty() {
        return Err(NodeError::new(format!(
            "session property `{name}` belongs to the system"
        )));
    }
    Ok(())
}

/// How many lines of nodes are kept until somebody takes them.
const NOTES_MAX: usize = 32;

/// How much of what nodes hand out is kept until somebody takes it.
const OUTPUTS_MAX: usize = 64;

/// A run with everything that a turn needs besides.
pub(crate) struct Turn<'a> {
    pub(crate) linked: &'a Linked,
    pub(crate) plan: &'a Plan,
    pub(crate) limits: &'a Limits,
    pub(crate) run: &'a mut Run,
    pub(crate) host: &'a dyn Host,
    pub(crate) request: &'a Request,
    pub(crate) now: Timestamp,
    /// The unit at hand.
    pub(crate) unit: u32,
    /// The node left last.
    pub(crate) from: u32,
    pub(crate) trace: Option<&'a mut Vec<Event>>,
    /// Lines that nodes wrote, also where nothing is traced.
    pub(crate) notes: &'a mut Vec<String>,
    /// What nodes hand out at once.
    pub(crate) outputs: &'a mut Vec<Output>,
}

impl std::fmt::Debug for Turn<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

impl Turn<'_> {
    /// Counts a visit; false where that is one too many.
    #[inline]
    pub(crate) fn count(&mut self) -> bool {
        let left = self.visits_left() > 0;
        if left {
            self.run.turn += 1;
            self.run.visits += 1;
        }
        left
    }

    /// How many visits the limits still allow.
    #[inline]
    pub(crate) fn visits_left(&self) -> u32 {
        let turn = self.limits.visits_per_turn.saturating_sub(self.run.turn);
        let run = self.limits.visits_per_run.saturating_sub(self.run.visits);
        turn.min(run)
    }

    /// Forgets what the last node kept for its visit.
    #[inline]
    pub(crate) fn begin_visit(&mut self) {
        self.run.undo.clear();
        self.run.visit.clear();
    }

    /// Something that a valid program rules out: the run ends, and never in success.
    pub(crate) fn broken(&mut self, what: &str) -> Next {
        self.end(FailureReason::NodeFailed {
            node: self.node_name(),
            message: format!("broken invariant: {what}"),
        })
    }

    pub(crate) fn node_name(&self) -> Arc<str> {
        self.plan
            .label(self.run.at)
            .map_or_else(|| Arc::from(""), |label| Arc::clone(&label.name))
    }

    fn unit_name(&self) -> Arc<str> {
        self.plan
            .unit(self.unit)
            .map_or_else(|| self.node_name(), |unit| Arc::clone(&unit.name))
    }

    pub(crate) fn inner_outcomes(&self, node: u32) -> Option<InnerOutcomes> {
        self.plan.label(node).and_then(|label| label.inner)
    }

    /// Ends the run in failure.
    pub(crate) fn end(&mut self, reason: FailureReason) -> Next {
        let (ending, words) = match reason {
            FailureReason::NodeFailed { .. }
            | FailureReason::TooManyVisits
            | FailureReason::StateTooLarge => (Ending::Error, &mut self.run.ends.error),
            FailureReason::Rejected
            | FailureReason::LooseEnd
            | FailureReason::UnprovedSuccess
            | FailureReason::LevelNotReached
            | FailureReason::EnsureUnmet { .. }
            | FailureReason::Inactive
            | FailureReason::OtherSubject => (Ending::Failure, &mut self.run.ends.failure),
        };
        let Words { message, details } = std::mem::take(words);
        let run = &mut *self.run;
        let journey_url = run.ends.failure_url.take();
        let asked = run.start.goto_on_fail.clone();
        let failure = Failure {
            reason,
            username: run.username(self.plan.known.username),
            journey: Arc::clone(&run.start.journey),
            failure_url: asked.or(journey_url.clone()),
            journey_url,
            message,
            details,
            headers: run.ends.headers.remove(&ending).unwrap_or_default(),
        };
        self.finish(End::Failure(Box::new(failure)))
    }

    /// Ends the run: nothing of its state stays.
    pub(crate) fn finish(&mut self, end: End) -> Next {
        self.run.forget();
        self.run.standing = Standing::Ended(end.clone());
        Next::stop(Step::Done(end))
    }

    /// Stops for somebody to answer.
    pub(crate) fn ask(&mut self, callbacks: Vec<Callback>) -> Result<Step, NodeError> {
        self.ask_all(Ask::new(callbacks))
    }

    /// As [`Turn::ask`], with what a page adds.
    pub(crate) fn ask_all(&mut self, ask: Ask) -> Result<Step, NodeError> {
        self.check_callbacks(&ask.callbacks)?;
        if self.trace.is_some() {
            let (node, callbacks) = (self.unit_name(), ask.callbacks.len());
            self.note(Event::Asked { node, callbacks });
        }
        self.carry();
        self.run.standing = Standing::Ask(ask.clone());
        Ok(self.stop(Step::Ask(ask)))
    }

    fn check_callbacks(&self, callbacks: &[Callback]) -> Result<(), NodeError> {
        if callbacks.is_empty() {
            return Err(NodeError::new("the node asks nothing"));
        }
        if callbacks.len() > self.limits.callbacks as usize {
            return Err(NodeError::new("the node asks more than the limit"));
        }
        Ok(())
    }

    /// Stops for something to be done outside, on behalf of the unit at hand.
    pub(crate) fn call(&mut self, effect: Effect) -> Next {
        // An effect counts as a visit, so that no node can call for ever.
        if !self.count() {
            return self.end(FailureReason::TooManyVisits);
        }
        let call = Call {
            id: self.next_id(),
            effect,
            node: self.unit_name(),
        };
        if self.trace.is_some() {
            let (node, kind) = (Arc::clone(&call.node), call.effect.kind());
            self.note(Event::Called { node, kind });
        }
        self.run.standing = Standing::Call(call.clone());
        Next::stop(self.stop(Step::Call(call)))
    }

    fn next_id(&mut self) -> EffectId {
        let ordinal = self.run.ordinal;
        self.run.ordinal = ordinal.saturating_add(1);
        EffectId {
            run: self.run.id,
            generation: self.run.generation,
            ordinal,
        }
    }

    /// Stops until someone comes back by a link.
    pub(crate) fn suspend(&mut self, suspend: Suspend) -> Result<Step, NodeError> {
        if self.run.page.is_some() {
            return Err(NodeError::new("a node in a page cannot suspend the run"));
        }
        let longest = self.limits.suspend_time_max;
        let until = self
            .now
            .plus(suspend.within.unwrap_or(longest).min(longest));
        let ask = Ask::new(vec![Callback::SuspendedTextOutput { text: suspend.text }]);
        let suspended = Suspended {
            id: self.next_id(),
            ask,
            until,
            deliver: suspend.deliver,
        };
        self.run.expires = until;
        self.carry();
        self.run.standing = Standing::Suspended(suspended.clone());
        Ok(self.stop(Step::Suspended(suspended)))
    }

    /// Every stop: a run whose state has grown too large ends here.
    fn stop(&mut self, step: Step) -> Step {
        if snapshot::size(self.run, self.plan) > self.limits.state_bytes
            && let Next::Stop(end) = self.end(FailureReason::StateTooLarge)
        {
            return *end;
        }
        step
    }

    /// What is transient crosses a stop only where a node further on declares that it reads it.
    fn carry(&mut self) {
        let (plan, inputs) = (self.plan, &self.linked.inputs);
        if let Some(label) = plan.label(self.run.at) {
            let live = &label.live;
            self.run.carry_undo(
                |key| inputs.key(live, key),
                |name| inputs.member(live, name),
            );
            let sensitive = &mut self.run.state.sensitive;
            if !sensitive.is_empty() {
                sensitive.retain(
                    |key| inputs.key(live, key),
                    |name| inputs.member(live, name),
                );
                sensitive.settle();
            }
        }
        for frame in &mut self.run.frames {
            if frame.saved.is_empty() {
                continue;
            }
            let Some(node) = plan.node(frame.caller) else {
                continue;
            };
            let any = |test: &dyn Fn(&Row) -> bool| {
                plan.successors(node)
                    .filter_map(|next| plan.label(next))
                    .any(|label| test(&label.live))
            };
            frame.saved.retain(
                |key| any(&|live| inputs.key(live, key)),
                |name| any(&|live| inputs.member(live, name)),
            );
            frame.saved.settle();
        }
    }

    /// Asks for what the expressions of the unit read from outside and is not there yet.
    pub(crate) fn fetch(&mut self, needs: &Needs) -> Option<Action> {
        if !needs.user.is_empty() && self.run.visit.fetched.user.is_none() {
            if let Some(who) = self.who() {
                self.run.asker = Asker::User;
                return Some(Action::call(Effect::ReadIdentity(ReadIdentity {
                    who,
                    attributes: needs.user.clone(),
                })));
            }
            self.run.visit.fetched.user = Some(BTreeMap::new());
        }
        if !needs.session.is_empty() && self.run.visit.fetched.session.is_none() {
            if let Some(session) = &self.run.start.session {
                let session = session.session.clone();
                self.run.asker = Asker::Session;
                return Some(Action::call(Effect::ReadSession(ReadSession {
                    session,
                    properties: needs.session.clone(),
                })));
            }
            self.run.visit.fetched.session = Some(BTreeMap::new());
        }
        None
    }

    /// Whom a look-up is about: the subject, else the name typed.
    pub(crate) fn who(&self) -> Option<Who> {
        match &self.run.proofs.subject {
            Some(subject) => Some(Who::Subject(subject.id.clone())),
            None => self.run.username(self.plan.known.username).map(Who::Name),
        }
    }

    /// A level that was moved must have been moved as the signature says: proofs rest on that.
    #[inline]
    pub(crate) fn check_level(&self, outcome: OutcomeId) -> Result<(), NodeError> {
        let Some(before) = self.run.visit.level_before else {
            return Ok(());
        };
        let facts = self
            .plan
            .unit(self.unit)
            .and_then(|unit| unit.facts.get(outcome.index()));
        match facts {
            Some(Facts { level: None, .. }) => Ok(()),
            Some(Facts {
                level: Some(by), ..
            }) if before.raised(*by) == self.run.level => Ok(()),
            _ => Err(NodeError::new(
                "the level was moved otherwise than the signature says",
            )),
        }
    }

    /// The identity that a way out names, and the proof of it.
    pub(crate) fn prove_identity(&mut self, go: &Go) -> Result<(), NodeError> {
        let Some(identity) = &go.identity else {
            return Err(NodeError::new("a proof names nobody"));
        };
        if !self.run.is_vouched(&identity.subject) {
            return Err(NodeError::new("the identity was named by no effect"));
        }
        if let Some(factor) = go.proof {
            let allowed = self
                .plan
                .unit(self.unit)
                .and_then(|unit| unit.facts.get(go.outcome.index()))
                .is_some_and(|facts| facts.proves == Some(factor));
            if !allowed {
                return Err(NodeError::new(format!(
                    "the signature does not say that this outcome proves {factor}"
                )));
            }
            let challenged = self.run.proofs.challenge.as_ref();
            if factor == Factor::Otp
                && challenged.is_some_and(|challenge| {
                    challenge
                        .subject
                        .as_ref()
                        .is_none_or(|s| s.id != identity.subject)
                })
            {
                return Err(NodeError::new("the code was not sent to this subject"));
            }
        }
        let proof = go.proof.map(|factor| Evidence {
            subject: identity.subject.clone(),
            factor,
            node: self.unit_name(),
            visit: self.run.visits,
            at: self.now,
        });
        let username = Value::Text(Arc::clone(&identity.username));
        let proofs = self.run.proofs_mut();
        let another = proofs.identify(identity);
        if let Some(proof) = proof {
            if proof.factor == Factor::Otp {
                // Used up with its code.
                proofs.challenge = None;
            }
            proofs.add(proof);
        }
        if another {
            self.drop_level();
        }
        let key = self.plan.known.username;
        if self.run.state.shared.get(&key) != Some(&username) {
            self.run.set_cell(Place::Shared, key, Some(username));
        }
        Ok(())
    }

    /// A write of a name: another one than before drops all that was proved.
    fn write_username(&mut self, value: &Value) {
        let same = |known: Option<&str>| known.is_some() && value.as_text() == known;
        let key = self.plan.known.username;
        let there = self.run.state.shared.get(&key).and_then(Value::as_text);
        let subject = self.run.proofs.subject.as_ref().map(|s| &*s.username);
        if same(there) || same(subject) {
            return;
        }
        let another = there.is_some() || subject.is_some();
        if !self.run.proofs.is_clear() {
            self.run.proofs_mut().clear();
        }
        if another {
            self.drop_level();
        }
    }

    /// The level is that of whoever was named before: it counts for nobody else.
    fn drop_level(&mut self) {
        if self.run.level != AuthLevel::ZERO {
            self.run.set_level(AuthLevel::ZERO);
        }
        // What the node has moved is lost too, and held to no signature.
        self.run.visit.level_before = None;
    }

    /// Whether the unit at hand is of a type that can prove a federation.
    fn is_provider(&self) -> bool {
        let federation = Some(Factor::Federation);
        let unit = self.plan.unit(self.unit);
        unit.is_some_and(|unit| unit.facts.iter().any(|facts| facts.proves == federation))
    }

    pub(crate) fn note(&mut self, event: Event) {
        if let Some(trace) = &mut self.trace {
            trace.push(event);
        }
    }

    #[inline]
    pub(crate) fn trace_entered(&mut self, unit: &Unit) {
        if let Some(trace) = &mut self.trace {
            trace.push(Event::Entered {
                node: Arc::clone(&unit.name),
            });
        }
    }

    #[inline]
    pub(crate) fn trace_left(&mut self, outcome: OutcomeId) {
        if self.trace.is_some()
            && let Some(label) = self.plan.label(self.run.at)
            && let Some(outcome) = label.outcomes.get(outcome.index())
        {
            let (node, outcome) = (Arc::clone(&label.name), Arc::clone(outcome));
            self.note(Event::Left { node, outcome });
        }
    }

    pub(crate) fn trace_failed(&mut self, error: &NodeError) {
        if self.trace.is_some() {
            let (node, message) = (self.node_name(), error.message.clone());
            self.note(Event::Failed { node, message });
        }
    }

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
}

impl Run {
    /// The name typed, or that of the subject.
    pub(crate) fn username(&self, key: KeyId) -> Option<Arc<str>> {
        match self.state.shared.get(&key) {
            Some(Value::Text(name)) => Some(Arc::clone(name)),
            _ => self
                .proofs
                .subject
                .as_ref()
                .map(|subject| Arc::clone(&subject.username)),
        }
    }

    /// The name of a key of the plan or of this run.
    pub(crate) fn key_name(&self, plan: &Plan, key: KeyId) -> Option<Arc<str>> {
        let at = key.0 as usize;
        plan.keys
            .name(key)
            .or_else(|| self.keys.get(at.checked_sub(plan.keys.len())?))
            .cloned()
    }

    /// What would be put back into transient state after a stop has by then become secure, or is gone.
    fn carry_undo(&mut self, key: impl Fn(KeyId) -> bool, member: impl Fn(&str) -> bool) {
        let mut kept = Vec::with_capacity(self.undo.len());
        let both: Vec<KeyId> = self
            .undo
            .iter()
            .filter_map(|undo| match undo {
                Undo::Cell(Place::Secure, key, _) => Some(*key),
                _ => None,
            })
            .collect();
        for undo in std::mem::take(&mut self.undo) {
            match undo {
                Undo::Cell(Place::Transient, k, old) => {
                    let old = old.filter(|_| key(k));
                    if old.is_none() && both.contains(&k) {
                        continue;
                    }
                    let now = self.state.sensitive.secure.get(&k).cloned();
                    kept.push(Undo::Cell(Place::Secure, k, old.or(now)));
                }
                Undo::Member(Place::Transient, name, old) => {
                    let now = self.state.sensitive.secure_object.get(&name).cloned();
                    let old = old.filter(|_| member(&name)).or(now);
                    kept.push(Undo::Member(Place::Secure, name, old));
                }
                Undo::Cell(..)
                | Undo::Member(..)
                | Undo::Memory(..)
                | Undo::Level(_)
                | Undo::Expires(_)
                | Undo::Identity(_)
                | Undo::Ends(_) => kept.push(undo),
            }
        }
        self.undo = kept;
    }

    /// Drops all that an ended run no longer needs.
    pub(crate) fn forget(&mut self) {
        self.state = crate::engine::state::State::default();
        self.visit = crate::engine::run::Visit::default();
        self.frames = Vec::new();
        self.page = None;
        self.undo = Vec::new();
        self.memory = crate::engine::state::Cells::default();
        self.ends = crate::engine::run::Ends::default();
    }
}

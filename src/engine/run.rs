//! Everything that a run keeps from one step to the next.
//!
//! This is what a snapshot holds. It names nodes, keys and units by the numbers of one plan and is worth
//! nothing beside another. The request at hand is not in it, nor anything of the host.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    engine::{
        callback::Ask,
        effect::{Credential, Effect, EffectReply, SubjectId},
        evidence::Proofs,
        ground::{Ground, Heard},
        host::Timestamp,
        obligation::Passed,
        output::Remember,
        page::PageVisit,
        plan::{NOWHERE, Plan},
        script::Activation,
        start::Start,
        state::{Cells, Place, Sensitive, State, Undo},
        step::{Call, End, Ending, Suspended},
    },
    model::{expr::KeyId, level::AuthLevel, value::Value},
};

/// Where nodes find the level that is asked for.
pub(crate) const TARGET_LEVEL: &str = "targetAuthLevel";

/// What a run waits for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Standing {
    Begin,
    Ask(Arc<Ask>),
    Call(Arc<Call>),
    Suspended(Arc<Suspended>),
    Ended(End),
}

/// Who asked for the effect that a run waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Asker {
    /// The node, or the child of the page at its cursor.
    #[default]
    Node,
    /// The engine, for attributes that expressions of the node read.
    User,
    /// The engine, for session properties that expressions of the node read.
    Session,
    /// The engine, on the way into success.
    Success,
}

/// What expressions of a node read from outside.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Fetched {
    pub(crate) user: Option<BTreeMap<Arc<str>, Value>>,
    pub(crate) session: Option<BTreeMap<Arc<str>, Value>>,
}

/// What lasts as long as a node, or a child of a page, is visited.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Visit {
    /// What the node keeps.
    pub(crate) memory: Option<Value>,
    /// What its expressions have read from outside.
    pub(crate) fetched: Fetched,
    /// The identities that replies to its effects have named.
    pub(crate) vouched: Vec<SubjectId>,
    /// Whether an effect of an embedder's own was answered, which may name anybody.
    pub(crate) custom: bool,
    /// The level before the node first moved it.
    pub(crate) level_before: Option<AuthLevel>,
    /// What a script of the node keeps for its next run.
    pub(crate) script: Option<Box<Activation>>,
    /// Why the node may not go on in success, as it heard or said.
    pub(crate) heard: Option<Box<Heard>>,
}

impl Visit {
    /// Forgets everything, at next to no cost where there is nothing.
    #[inline]
    pub(crate) fn clear(&mut self) {
        if self.memory.is_some() {
            self.memory = None;
        }
        self.script = None;
        self.forget_replies();
    }

    /// Forgets what came from outside; it is asked for again.
    #[inline]
    pub(crate) fn forget_replies(&mut self) {
        if self.fetched.user.is_some() || self.fetched.session.is_some() {
            self.fetched = Fetched::default();
        }
        self.vouched.clear();
        self.heard = None;
        self.custom = false;
        self.level_before = None;
        if let Some(script) = &mut self.script {
            script.forget_replies();
        }
    }
}

impl Words {
    pub(crate) fn add(&mut self, message: Option<&str>, details: Vec<(Arc<str>, Value)>) {
        if let Some(message) = message {
            self.message = Some(message.to_owned());
        }
        self.details.extend(details);
    }
}

/// A journey that waits for an inner one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Frame {
    /// The node of the caller.
    pub(crate) caller: u32,
    /// What the caller had that is sensitive; the inner journey got what it declares.
    pub(crate) saved: Sensitive,
    /// What the caller has passed of what its success needs.
    pub(crate) passed: Passed,
}

/// What nodes prepare for the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Ends {
    pub(crate) properties: BTreeMap<Arc<str>, Option<Value>>,
    pub(crate) success_url: Option<Arc<str>>,
    pub(crate) failure_url: Option<Arc<str>>,
    pub(crate) details: BTreeMap<Arc<str>, Value>,
    pub(crate) session_details: BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) failure: Words,
    pub(crate) error: Words,
    /// What is said where the account is not active.
    pub(crate) lockout: Option<String>,
    pub(crate) headers: BTreeMap<Ending, BTreeMap<Arc<str>, Arc<str>>>,
    pub(crate) session_time: Option<Duration>,
    pub(crate) idle_time: Option<Duration>,
    /// What the session to come keeps for the server.
    pub(crate) kept: BTreeMap<Arc<str>, Value>,
    /// The persistent cookies to set, by name.
    pub(crate) remember: BTreeMap<Arc<str>, Remember>,
    /// Whether a session of nobody proved may become one of somebody else.
    pub(crate) lets_go: bool,
}

/// The message and details of a failure.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Words {
    pub(crate) message: Option<String>,
    pub(crate) details: BTreeMap<Arc<str>, Value>,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Run {
    pub(crate) id: u128,
    /// Keys the digests of page records, so that equal secrets of two runs look different.
    pub(crate) salt: [u8; 16],
    pub(crate) generation: u32,
    /// The number of the next effect within this generation.
    pub(crate) ordinal: u32,
    pub(crate) start: Start,
    pub(crate) journey: u32,
    pub(crate) began: Timestamp,
    /// Since when the time counts that the run may take.
    pub(crate) counted: Timestamp,
    pub(crate) expires: Timestamp,
    pub(crate) standing: Standing,
    pub(crate) asker: Asker,
    /// The node being visited.
    pub(crate) at: u32,
    pub(crate) frames: Vec<Frame>,
    pub(crate) visit: Visit,
    pub(crate) page: Option<Box<PageVisit>>,
    pub(crate) undo: Vec<Undo>,
    pub(crate) visits: u32,
    pub(crate) turn: u32,
    pub(crate) state: State,
    pub(crate) level: AuthLevel,
    pub(crate) proofs: Proofs,
    /// Run memory by unit.
    pub(crate) memory: Cells<u32>,
    /// Keys named at run time; they come after those of the plan.
    pub(crate) keys: Vec<Arc<str>>,
    /// What is prepared for the end; most runs prepare nothing.
    pub(crate) ends: Option<Box<Ends>>,
    /// Whether the arrow that entered success allows success without a proof.
    pub(crate) unproved_allowed: bool,
    /// What the journey at hand has passed of what its success needs.
    pub(crate) passed: Passed,
    /// Why the run would fail, as last found.
    pub(crate) ground: Option<Box<Ground>>,
}

impl Run {
    /// A run that has not taken its first step.
    pub(crate) fn new(
        id: u128,
        salt: [u8; 16],
        start: Start,
        journey: u32,
        (began, expires): (Timestamp, Timestamp),
    ) -> Self {
        Self {
            id,
            salt,
            generation: 0,
            ordinal: 0,
            start,
            journey,
            began,
            counted: began,
            expires,
            standing: Standing::Begin,
            asker: Asker::Node,
            at: NOWHERE,
            frames: Vec::new(),
            visit: Visit::default(),
            page: None,
            undo: Vec::new(),
            visits: 0,
            turn: 0,
            state: State::default(),
            level: AuthLevel::ZERO,
            proofs: Proofs::default(),
            memory: Cells::default(),
            keys: Vec::new(),
            ends: None,
            unproved_allowed: false,
            passed: Passed::new(),
            ground: None,
        }
    }

    /// Puts what the start brought into shared state; nothing of it is taken back by a node that fails.
    pub(crate) fn take_data(&mut self, plan: &Plan) {
        let mut data = std::mem::take(&mut self.start.data);
        data.retain(|name, _| !matches!(&**name, "realm" | "authLevel"));
        if let Some(level) = self.start.asked_level {
            let level = Value::Int(i64::from(level.number()));
            data.insert(Arc::from(TARGET_LEVEL), level);
        }
        for (name, value) in data {
            let key = self.key(plan, &name);
            self.state.shared.set(key, Some(value));
        }
    }

    /// The number of a key named at run time.
    pub(crate) fn key(&mut self, plan: &Plan, name: &str) -> KeyId {
        if let Some(key) = plan.keys.find(name) {
            return key;
        }
        let known = self.keys.iter().position(|key| &**key == name);
        let at = known.unwrap_or_else(|| {
            self.keys.push(Arc::from(name));
            self.keys.len() - 1
        });
        KeyId(u32::try_from(plan.keys.len() + at).unwrap_or(u32::MAX))
    }

    /// The number of a key, where anything has named it.
    pub(crate) fn find_key(&self, plan: &Plan, name: &str) -> Option<KeyId> {
        plan.keys.find(name).or_else(|| {
            let at = self.keys.iter().position(|key| &**key == name)?;
            u32::try_from(plan.keys.len() + at).ok().map(KeyId)
        })
    }

    /// An answer was taken: effects are numbered anew, and visits of the turn are counted anew.
    pub(crate) fn next_generation(&mut self) {
        self.generation = self.generation.saturating_add(1);
        self.ordinal = 0;
        self.turn = 0;
    }

    /// Records a change before it is made; the first record of a place stands for all later ones.
    pub(crate) fn record(&mut self, undo: Undo) {
        if !self.undo.iter().any(|old| old.same_place(&undo)) {
            self.undo.push(undo);
        }
    }

    pub(crate) fn set_cell(&mut self, place: Place, key: KeyId, value: Option<Value>) {
        let old = self.state.cells_mut(place).set(key, value);
        self.record(Undo::Cell(place, key, old));
    }

    pub(crate) fn set_member(&mut self, place: Place, name: Arc<str>, value: Option<Value>) {
        let old = self.state.members_mut(place).set(Arc::clone(&name), value);
        self.record(Undo::Member(place, name, old));
    }

    /// Puts a value into shared state alone, where it does not stand there alone already.
    pub(crate) fn put_alone(&mut self, key: KeyId, value: &Value) {
        let Sensitive {
            transient, secure, ..
        } = &self.state.sensitive;
        let hidden = transient.get(&key).is_some() || secure.get(&key).is_some();
        if hidden || self.state.shared.get(&key) != Some(value) {
            for place in Place::ALL {
                self.set_cell(place, key, None);
            }
            self.set_cell(Place::Shared, key, Some(value.clone()));
        }
    }

    pub(crate) fn set_memory(&mut self, unit: u32, value: Option<Value>) {
        let old = self.memory.set(unit, value);
        self.record(Undo::Memory(unit, old));
    }

    /// Sets the time that the run may take, from when it last began to count.
    pub(crate) fn set_time(&mut self, time: Duration) {
        self.record(Undo::Expires(self.expires));
        self.expires = self.counted.plus(time);
    }

    pub(crate) fn set_level(&mut self, level: AuthLevel) {
        self.record(Undo::Level(self.level));
        self.level = level;
    }

    /// The proofs, recorded before they change.
    pub(crate) fn proofs_mut(&mut self) -> &mut Proofs {
        if !self.undo.iter().any(|old| matches!(old, Undo::Identity(_))) {
            self.undo
                .push(Undo::Identity(Box::new(self.proofs.clone())));
        }
        &mut self.proofs
    }

    /// Closes the open challenge for good: a code that may have gone astray proves nothing, also when
    /// the node that let it go then fails.
    pub(crate) fn void_challenge(&mut self) {
        self.proofs.challenge = None;
        for undo in &mut self.undo {
            if let Undo::Identity(old) = undo {
                old.challenge = None;
            }
        }
    }

    /// Says that the code of the open challenge may be known outside the run, for good: what was shown was
    /// shown, also when the node that showed it then fails.
    pub(crate) fn hand_out_challenge(&mut self) {
        let before = self.undo.iter_mut().filter_map(|undo| match undo {
            Undo::Identity(old) => old.challenge.as_mut(),
            _ => None,
        });
        for open in before.chain(self.proofs.challenge.as_mut()) {
            open.out = true;
        }
    }

    /// What is prepared for the end, recorded before it changes.
    pub(crate) fn ends_mut(&mut self) -> &mut Ends {
        if !self.undo.iter().any(|old| matches!(old, Undo::Ends(_))) {
            self.undo.push(Undo::Ends(self.ends.clone()));
        }
        self.ends.get_or_insert_default()
    }

    /// What is prepared for the end, which comes now.
    pub(crate) fn take_ends(&mut self) -> Ends {
        self.ends.take().map(|ends| *ends).unwrap_or_default()
    }

    /// Takes back what the node changed. A page that asks again keeps the counters of its children:
    /// a try that was counted stays counted.
    pub(crate) fn roll_back(&mut self, keep_memory: bool) {
        let mut kept = Vec::new();
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Cell(place, key, old) => {
                    self.state.cells_mut(place).set(key, old);
                }
                Undo::Member(place, name, old) => {
                    self.state.members_mut(place).set(name, old);
                }
                Undo::Memory(unit, old) if keep_memory => kept.push(Undo::Memory(unit, old)),
                Undo::Memory(unit, old) => {
                    self.memory.set(unit, old);
                }
                Undo::Level(old) => self.level = old,
                Undo::Expires(old) => self.expires = old,
                Undo::Identity(old) => self.proofs = *old,
                Undo::Ends(old) => self.ends = old,
            }
        }
        self.undo = kept;
    }

    /// Whose identities a reply names, for the proofs that may follow.
    pub(crate) fn vouch(&mut self, reply: &EffectReply) {
        match reply {
            EffectReply::Match(identity)
            | EffectReply::Identity(Some(identity))
            | EffectReply::Written(identity)
            | EffectReply::Remembered(Some((identity, _))) => {
                self.visit.vouched.push(identity.subject.clone());
            }
            EffectReply::Session(Some(session)) => {
                self.visit.vouched.push(session.subject.clone());
            }
            EffectReply::Policy(verdict) => {
                let whose = verdict.identity().map(|identity| identity.subject.clone());
                self.visit.vouched.extend(whose);
            }
            EffectReply::Custom(_) => self.visit.custom = true,
            EffectReply::Miss
            | EffectReply::Missed(_)
            | EffectReply::Identity(None)
            | EffectReply::StatusSet(_)
            | EffectReply::Sent
            | EffectReply::Refused(_)
            | EffectReply::Judged(_)
            | EffectReply::Document(_)
            | EffectReply::External(_)
            | EffectReply::Session(None)
            | EffectReply::Remembered(None)
            | EffectReply::Devices(_)
            | EffectReply::DeviceStored(_)
            | EffectReply::DeviceRemoved(_)
            | EffectReply::Backchannel(_)
            | EffectReply::Keyed(_)
            | EffectReply::Fetched(_)
            | EffectReply::Social(_)
            | EffectReply::Failed(_) => {}
        }
    }

    /// Whether anything outside has named this subject to the node at hand.
    pub(crate) fn is_vouched(&self, subject: &SubjectId) -> bool {
        self.visit.custom
            || self.visit.vouched.contains(subject)
            || self
                .proofs
                .subject
                .as_ref()
                .is_some_and(|known| known.id == *subject)
            || self
                .start
                .session
                .as_ref()
                .is_some_and(|session| session.subject == *subject)
    }

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
        self.named(plan, key).cloned()
    }

    /// The same, not kept.
    pub(crate) fn key_text<'a>(&'a self, plan: &'a Plan, key: KeyId) -> Option<&'a str> {
        self.named(plan, key).map(|name| &**name)
    }

    fn named<'a>(&'a self, plan: &'a Plan, key: KeyId) -> Option<&'a Arc<str>> {
        let own = || {
            self.keys
                .get((key.0 as usize).checked_sub(plan.keys.len())?)
        };
        plan.keys.name(key).or_else(own)
    }

    /// Drops all that an ended run no longer needs.
    pub(crate) fn forget(&mut self) {
        self.state = State::default();
        self.visit = Visit::default();
        self.frames = Vec::new();
        self.page = None;
        self.undo = Vec::new();
        self.memory = Cells::default();
        self.ends = None;
        self.ground = None;
    }
}

/// Whether a reply is one that the effect can have.
pub(crate) fn fits(effect: &Effect, reply: &EffectReply) -> bool {
    match (effect, reply) {
        (_, EffectReply::Failed(_))
        | (Effect::Verify(_), EffectReply::Match(_) | EffectReply::Miss | EffectReply::Missed(_))
        | (Effect::ReadIdentity(_) | Effect::FindIdentity(_), EffectReply::Identity(_))
        | (
            Effect::CreateIdentity(_) | Effect::PatchIdentity(_),
            EffectReply::Written(_) | EffectReply::Refused(_),
        )
        | (
            Effect::PatchIdentity(_)
            | Effect::ReadDevices(_)
            | Effect::StoreDevice(_)
            | Effect::RemoveDevice(_),
            EffectReply::Identity(None),
        )
        | (Effect::ReadDevices(_), EffectReply::Devices(_))
        | (Effect::StoreDevice(_), EffectReply::DeviceStored(_))
        | (Effect::RemoveDevice(_), EffectReply::DeviceRemoved(_))
        | (Effect::ReadDocument(_), EffectReply::Document(_))
        | (Effect::SetStatus(_), EffectReply::StatusSet(_))
        | (Effect::Send(_), EffectReply::Sent)
        | (Effect::ReadSession(_), EffectReply::Session(_))
        | (Effect::External(_) | Effect::Social(_), EffectReply::External(_))
        | (Effect::OpenCookie(_), EffectReply::Remembered(_))
        | (Effect::Backchannel(_), EffectReply::Backchannel(_))
        | (Effect::Fetch(_), EffectReply::Fetched(_))
        | (Effect::Custom(_), EffectReply::Custom(_)) => true,
        (Effect::Keyed(asked), EffectReply::Keyed(said)) => said.fits(asked),
        (Effect::Social(asked), EffectReply::Social(said)) => said.fits(asked),
        // What a policy says is understood only by who asks for it.
        (Effect::Verify(verify), EffectReply::Policy(_) | EffectReply::Refused(_)) => match &verify
            .credential
        {
            Credential::Bind(bind) => matches!(reply, EffectReply::Policy(_)) || bind.new.is_some(),
            _ => false,
        },
        // What was asked about is told, all of it and in its order.
        (Effect::Judge(judge), EffectReply::Judged(judged)) => {
            judge.attributes.is_empty() || judge.attributes.len() == judged.len()
        }
        (
            Effect::Verify(_)
            | Effect::ReadIdentity(_)
            | Effect::SetStatus(_)
            | Effect::Send(_)
            | Effect::ReadSession(_)
            | Effect::FindIdentity(_)
            | Effect::CreateIdentity(_)
            | Effect::PatchIdentity(_)
            | Effect::Judge(_)
            | Effect::ReadDocument(_)
            | Effect::External(_)
            | Effect::OpenCookie(_)
            | Effect::ReadDevices(_)
            | Effect::StoreDevice(_)
            | Effect::RemoveDevice(_)
            | Effect::Backchannel(_)
            | Effect::Keyed(_)
            | Effect::Fetch(_)
            | Effect::Social(_)
            | Effect::Custom(_),
            _,
        ) => false,
    }
}

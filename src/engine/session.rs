//! The engine and its runs: what an embedder holds.
//!
//! An [`Engine`] is a linked program; it is cheap to clone and may be shared by threads. An
//! [`AuthSession`] is one run. It is stepped until it is done; between two steps it can be sealed, kept
//! anywhere and opened again.

use std::{fmt, sync::Arc};

use zeroize::Zeroize;

use crate::{
    analysis::levels::Levels,
    compile::ProgramHash,
    engine::{
        action::Reply,
        answer,
        callback::Answer,
        context::Dress,
        effect::{Effect, EffectReply},
        error::{AnswerError, EngineError, NodeError},
        ground::Ground,
        host::{Host, Timestamp, id_of},
        level_index::LevelIndex,
        limits::Limits,
        link::{self, LinkErrors, Secrets},
        live::Inputs,
        output::Output,
        plan::{Kind, NOWHERE, Plan},
        registry::Registry,
        request::Request,
        run::{Asker, Run, Standing, fits},
        seal::Seal,
        snapshot,
        start::Start,
        step::{Input, Step},
        trace::Event,
        turn::Turn,
        walk::{Next, resume, settle, walk},
    },
    model::{
        level::{AuthLevel, LevelSpan},
        program::{Program, Valid},
    },
    policy::Policies,
};

/// A plan with all that a run needs besides.
#[derive(Debug)]
pub(crate) struct Linked {
    pub(crate) program: Program,
    pub(crate) plan: Plan,
    pub(crate) inputs: Inputs,
    pub(crate) secrets: Secrets,
    pub(crate) levels: LevelIndex,
    pub(crate) policies: Policies,
}

/// A linked program: what runs are begun with.
///
/// Clones share one plan.
#[derive(Clone)]
pub struct Engine {
    pub(super) linked: Arc<Linked>,
    limits: Arc<Limits>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("journeys", &self.linked.plan.journeys.len())
            .field("nodes", &self.linked.plan.nodes.len())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Joins a checked program to behaviours.
    ///
    /// # Errors
    /// All there is: types without a behaviour, settings that a behaviour refuses, secret parameters
    /// (they need [`Engine::link_with`]).
    pub fn link(program: Valid<Program>, registry: Registry) -> Result<Self, LinkErrors> {
        Self::link_with(program, registry, Secrets::new())
    }

    /// Joins a checked program to behaviours, with its secret parameters.
    ///
    /// # Errors
    /// As [`Engine::link`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a registry is made for one engine; giving it away reads better than a reference"
    )]
    pub fn link_with(
        program: Valid<Program>,
        registry: Registry,
        secrets: Secrets,
    ) -> Result<Self, LinkErrors> {
        let program = program.into_inner();
        let mut found = Levels::new(&program);
        let spans = std::mem::take(&mut found.spans);
        let levels = LevelIndex::of_program(&program, spans);
        let (plan, inputs) = link::link(&program, &registry, &secrets, found)?;
        let policies = Policies::of(&program.policies);
        Ok(Self {
            linked: Arc::new(Linked {
                program,
                plan,
                inputs,
                secrets,
                levels,
                policies,
            }),
            limits: Arc::new(Limits::default()),
        })
    }

    /// The same engine with other limits.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = Arc::new(limits);
        self
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.linked.program
    }

    /// The policies of the program.
    pub fn policies(&self) -> &Policies {
        &self.linked.policies
    }

    /// The hash of each journey, in their order: the journey with all that it can reach, the signatures
    /// used, the revisions of their behaviours. A run goes on wherever a journey has the hash of its own.
    pub fn hashes(&self) -> &[ProgramHash] {
        self.linked.plan.pins.hashes()
    }

    /// Whether runs of the journey that this hash names can go on here.
    pub fn serves(&self, hash: &ProgramHash) -> bool {
        self.linked.plan.pins.journey(hash).is_some()
    }

    /// The journeys that a login at this level may choose from, by their names on the wire: at most
    /// `max`.
    ///
    /// Those whose every success has the level come first, then those with some way to it, both in the
    /// order of declaration. Only journeys are named that are enabled, offered, not kept for inner use or
    /// for transactions, and whose every success makes a session that is proved: neither `noSession` nor
    /// one with `allow unproved_success` at an arrow into success. The cost grows with `max` and the logarithm of the number of journeys.
    pub fn at_least(&self, level: AuthLevel, max: usize) -> Vec<Arc<str>> {
        let journeys = &self.linked.program.journeys;
        let found = self.linked.levels.at_least(level, max);
        found
            .into_iter()
            .filter_map(|at| journeys.get(at))
            .map(|journey| Arc::clone(&journey.wire_name))
            .collect()
    }

    /// The levels that runs of a journey can have at success, by its name on the wire; `None` where there
    /// is no such journey or no way to success.
    ///
    /// For a journey that is called by others, as if it were started alone.
    pub fn levels(&self, wire_name: &str) -> Option<LevelSpan> {
        let journey = self.linked.program.journey_on_wire(wire_name)?;
        self.linked.levels.span(journey.id.index())
    }

    /// Begins a run.
    ///
    /// # Errors
    /// There is no such journey, it is not enabled or not one that can be started so, or there is no
    /// randomness.
    pub fn begin(&self, start: Start, host: &dyn Host) -> Result<AuthSession, EngineError> {
        let program = &self.linked.program;
        let journey = program
            .journey_on_wire(&start.journey)
            .filter(|journey| {
                let settings = &journey.settings;
                let alone = settings.enabled && !settings.inner_only;
                alone && (start.transaction.is_some() || !settings.transactional_only)
            })
            .ok_or(EngineError::NoJourney)?;
        let mut drawn = [0; 32];
        host.random(&mut drawn)
            .map_err(|_| EngineError::NoRandomness)?;
        let (id, salt) = drawn.split_first_chunk().ok_or(EngineError::Bug("draw"))?;
        let salt = *salt.first_chunk().ok_or(EngineError::Bug("draw"))?;
        let now = host.now();
        let mut run = Run::new(
            id_of(now, *id),
            salt,
            start,
            journey.id.0,
            (now, now.plus(self.run_time(journey.id.0))),
        );
        drawn.zeroize();
        run.take_data(&self.linked.plan);
        Ok(AuthSession {
            engine: self.clone(),
            run,
            trace: None,
            notes: Vec::new(),
            outputs: Vec::new(),
        })
    }

    /// How long a run of this journey may take.
    fn run_time(&self, journey: u32) -> std::time::Duration {
        let settings = self.linked.plan.journey(journey);
        settings
            .and_then(|journey| journey.settings.run_time_max)
            .unwrap_or(self.limits.run_time)
            .min(self.limits.run_time_max)
    }

    /// Opens a run that was sealed.
    ///
    /// # Errors
    /// The bytes are not a run of a journey of this program as it is, sealed with this key and this
    /// associated data.
    pub fn open(
        &self,
        seal: &dyn Seal,
        associated: &[u8],
        sealed: &[u8],
    ) -> Result<AuthSession, EngineError> {
        let mut bytes = sealed.to_vec();
        let opened = seal.open(associated, &mut bytes);
        let run = opened
            .ok()
            .and_then(|()| snapshot::read(&bytes, &self.linked.plan));
        bytes.zeroize();
        Ok(AuthSession {
            engine: self.clone(),
            run: run.ok_or(EngineError::BadSnapshot)?,
            trace: None,
            notes: Vec::new(),
            outputs: Vec::new(),
        })
    }
}

/// One run of a journey.
#[derive(Clone)]
pub struct AuthSession {
    pub(super) engine: Engine,
    pub(super) run: Run,
    trace: Option<Vec<Event>>,
    notes: Vec<String>,
    outputs: Vec<Output>,
}

impl fmt::Debug for AuthSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthSession")
            .field("journey", &self.run.start.journey)
            .field("generation", &self.run.generation)
            .field("waits_for", &self.waits_for())
            .finish_non_exhaustive()
    }
}

impl AuthSession {
    /// Takes the run on until somebody must be asked, something must be done outside, or it is done.
    ///
    /// # Errors
    /// The input is not what the run waits for; the run is as it was before.
    pub fn step(
        &mut self,
        host: &dyn Host,
        request: &Request,
        input: Input,
    ) -> Result<Step, EngineError> {
        let now = host.now();
        self.admit(now, &input)?;
        let engine = &self.engine;
        if let Some(trace) = &mut self.trace {
            trace.push(Event::Now(now));
        }
        let mut turn = Turn {
            linked: &engine.linked,
            plan: &engine.linked.plan,
            limits: &engine.limits,
            run: &mut self.run,
            host,
            request,
            now,
            unit: NOWHERE,
            from: NOWHERE,
            trace: self.trace.as_mut(),
            notes: &mut self.notes,
            outputs: &mut self.outputs,
            dress: Dress::default(),
        };
        let next = match input {
            Input::Begin => turn.begin(),
            Input::Answers(answers) => {
                turn.run.next_generation();
                turn.answered(answers)
            }
            Input::Effect(reply) => turn.replied(reply),
            Input::Resume => {
                turn.run.next_generation();
                turn.run.counted = now;
                turn.run.expires = now.plus(engine.run_time(turn.run.journey));
                turn.resumed(Reply::Resumed)
            }
        };
        Ok(walk(&mut turn, next))
    }

    /// Whether the input is what the run waits for, before anything is changed.
    fn admit(&self, now: Timestamp, input: &Input) -> Result<(), EngineError> {
        let unexpected = || EngineError::Unexpected {
            waits_for: self.waits_for(),
        };
        if matches!(self.run.standing, Standing::Ended(_)) {
            return Err(EngineError::Ended);
        }
        if now >= self.run.expires {
            return Err(EngineError::Expired);
        }
        match (&self.run.standing, input) {
            (Standing::Begin, Input::Begin) | (Standing::Suspended(_), Input::Resume) => Ok(()),
            (Standing::Ask(ask), Input::Answers(answers)) => {
                Ok(answer::check(&ask.callbacks, answers, &self.engine.limits)?)
            }
            (Standing::Call(call), Input::Effect(reply)) if fits(&call.effect, reply) => Ok(()),
            (
                Standing::Begin
                | Standing::Ask(_)
                | Standing::Call(_)
                | Standing::Suspended(_)
                | Standing::Ended(_),
                _,
            ) => Err(unexpected()),
        }
    }

    /// Whether answers fit what the run asks, as the next step would judge them.
    ///
    /// A server asks before it marks the step as used, so that a mistake costs nothing.
    ///
    /// # Errors
    /// The number, a kind or a bound is wrong, or nothing is asked.
    pub fn check(&self, answers: &[Answer]) -> Result<(), AnswerError> {
        match &self.run.standing {
            Standing::Ask(ask) => answer::check(&ask.callbacks, answers, &self.engine.limits),
            Standing::Begin | Standing::Call(_) | Standing::Suspended(_) | Standing::Ended(_) => {
                Err(AnswerError::Count {
                    expected: 0,
                    got: answers.len(),
                })
            }
        }
    }

    fn waits_for(&self) -> &'static str {
        match &self.run.standing {
            Standing::Begin => "its first step",
            Standing::Ask(_) => "answers",
            Standing::Call(call) => match call.effect {
                Effect::Verify(_) => "the reply to a comparison",
                Effect::ReadIdentity(_) => "the reply to a look-up of an identity",
                Effect::SetStatus(_) => "the reply to a change of an account",
                Effect::Send(_) => "the reply to a message",
                Effect::ReadSession(_) => "the reply to a look-up of a session",
                Effect::FindIdentity(_) => "the reply to a search for an identity",
                Effect::CreateIdentity(_) => "the reply to the making of an identity",
                Effect::PatchIdentity(_) => "the reply to a change of an identity",
                Effect::Judge(_) => "the reply to a question about attributes",
                Effect::ReadDocument(_) => "the reply to a look-up of a document",
                Effect::External(_) => "the reply of a node outside",
                Effect::OpenCookie(_) => "the reply to the opening of a cookie",
                Effect::ReadDevices(_) => "the reply to a look-up of devices",
                Effect::StoreDevice(_) => "the reply to the keeping of a device",
                Effect::RemoveDevice(_) => "the reply to the removal of a device",
                Effect::Backchannel(_) => "the reply about a journey beside this one",
                Effect::Keyed(_) => "the reply to work with a key",
                Effect::Fetch(_) => "the reply to a request of a script",
                Effect::Social(_) => "the reply about an identity provider",
                Effect::Custom(_) => "the reply to an effect of the embedder's",
            },
            Standing::Suspended(_) => "someone who comes back by a link",
            Standing::Ended(_) => "nothing",
        }
    }

    /// What the run waits for, as the last step said it; `None` before the first step.
    pub fn standing(&self) -> Option<Step> {
        match &self.run.standing {
            Standing::Begin => None,
            Standing::Ask(ask) => Some(Step::Ask(Arc::clone(ask))),
            Standing::Call(call) => Some(Step::Call(Arc::clone(call))),
            Standing::Suspended(suspended) => Some(Step::Suspended(Arc::clone(suspended))),
            Standing::Ended(end) => Some(Step::Done(end.clone())),
        }
    }

    /// The id of the run: 128 bits of randomness.
    pub fn run_id(&self) -> u128 {
        self.run.id
    }

    /// How often the run has been answered or resumed: the number of the stop it stands at.
    pub fn generation(&self) -> u32 {
        self.run.generation
    }

    /// When the run began.
    pub fn began_at(&self) -> Timestamp {
        self.run.began
    }

    /// From when on the run refuses every step.
    pub fn expires_at(&self) -> Timestamp {
        self.run.expires
    }

    /// How the run was started.
    pub fn start(&self) -> &Start {
        &self.run.start
    }

    /// The hash that names what the run can meet: its pin, see [`Engine::hashes`].
    pub fn program(&self) -> ProgramHash {
        let pins = &self.engine.linked.plan.pins;
        pins.hash(self.run.journey)
            .copied()
            .unwrap_or(ProgramHash([0; 32]))
    }

    /// The engine, and with it the program, that the run goes on with.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Why the run would fail, as far as it has found anything; the end of a run carries it.
    pub fn ground(&self) -> Option<&Ground> {
        self.run.ground.as_deref()
    }

    /// The name typed so far, for audits.
    pub fn username(&self) -> Option<Arc<str>> {
        self.run.username(self.engine.linked.plan.known.username)
    }

    /// Whether the next step may compare a secret before it stops again.
    ///
    /// Never false where it does; a server takes its place in the queue of hashes by it.
    pub fn may_verify(&self) -> bool {
        let plan = &self.engine.linked.plan;
        match &self.run.standing {
            Standing::Begin => plan
                .journey(self.run.journey)
                .and_then(|journey| plan.label(journey.start))
                .is_none_or(|label| label.verifies_entered),
            Standing::Ask(_) | Standing::Suspended(_) => plan
                .label(self.run.at)
                .is_none_or(|label| label.verifies_resumed),
            Standing::Call(_) => true,
            Standing::Ended(_) => false,
        }
    }

    /// All that the run keeps, for tests that compare it.
    #[cfg(test)]
    pub(crate) fn parts(&self) -> (&Run, &Plan) {
        (&self.run, &self.engine.linked.plan)
    }

    /// Writes a trace from now on.
    pub fn traced(mut self) -> Self {
        self.trace = Some(Vec::new());
        self
    }

    /// What has happened since the trace was last taken.
    pub fn take_trace(&mut self) -> Vec<Event> {
        self.trace.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The lines that nodes wrote since they were last taken, such as the time of a timer, and why nodes
    /// failed whose error arrow was taken; the first few where there are many. They are in no snapshot.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// What nodes have handed out since it was last taken: cookies for the reply, and what is counted and
    /// timed; the first few where there is much. It is in no snapshot.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// The run as sealed bytes, bound to `associated`.
    ///
    /// # Errors
    /// The run has ended, or sealing failed.
    pub fn seal(&self, seal: &dyn Seal, associated: &[u8]) -> Result<Vec<u8>, EngineError> {
        if matches!(self.run.standing, Standing::Ended(_)) {
            return Err(EngineError::Ended);
        }
        let bytes = snapshot::write(&self.run, &self.engine.linked.plan);
        let mut bytes = bytes.ok_or(EngineError::Bug("seal"))?;
        if seal.seal(associated, &mut bytes).is_err() {
            bytes.zeroize();
            return Err(EngineError::NoRandomness);
        }
        Ok(bytes)
    }
}

impl Turn<'_> {
    fn begin(&mut self) -> Next {
        match self.plan.journey(self.run.journey) {
            Some(journey) => Next::Arrive(journey.start),
            None => self.broken("the journey is not in the plan"),
        }
    }

    fn answered(&mut self, answers: Vec<Answer>) -> Next {
        match self.plan.node(self.run.at) {
            Some(node) if node.kind == Kind::Page => self.answer_page(node, answers),
            _ => self.resumed(Reply::Answers(answers)),
        }
    }

    fn resumed(&mut self, reply: Reply) -> Next {
        let Some(node) = self.plan.node(self.run.at).filter(|n| n.kind.is_task()) else {
            return self.broken("the node that waits is not in the plan");
        };
        self.unit = node.body;
        let result = resume(self, reply);
        settle(self, node, result)
    }

    fn replied(&mut self, reply: EffectReply) -> Next {
        if self.run.asker == Asker::Success {
            return self.resume_success(reply);
        }
        let Some(node) = self.plan.node(self.run.at) else {
            return self.broken("the node that waits is not in the plan");
        };
        if node.kind == Kind::Page {
            return self.reply_page(node, reply);
        }
        self.unit = node.body;
        let asker = std::mem::take(&mut self.run.asker);
        if let EffectReply::Failed(message) = reply {
            return settle(self, node, Err(NodeError::new(message)));
        }
        if asker == Asker::Node {
            self.run.vouch(&reply);
            let reply = self.run.hear(reply);
            return self.resumed(Reply::Effect(reply));
        }
        self.keep_fetched(asker, reply);
        let result = self.enter_fetched();
        settle(self, node, result)
    }
}

//! A run in its world: steps are taken and effects performed until somebody must answer.
//!
//! In: answers. Out: what is asked next, or how it ended. Nothing is decided here that the engine or the
//! world does not decide.

use std::{ops::Range, sync::Arc, time::Duration};

use wayfare::{
    Answer, Ask, AuthSession, End, Engine, EngineError, Event, Host as _, Input, Request, Start,
    Step,
    engine::step::{Call, Suspended},
};

use crate::{host::SimHost, link, seal::OpenSeal, world::World};

/// Where a run stands that nobody but a person can take on.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// Something is asked.
    Ask(Arc<Ask>),
    /// The run waits for someone to come back by a link.
    Suspended(Arc<Suspended>),
    /// The run has ended.
    Done(End),
}

/// A run with its world and its host.
///
/// A play is a value: a clone goes another way from the same stop. Steps that the engine refuses change
/// nothing but the trace's times.
#[derive(Clone)]
pub struct Play {
    session: AuthSession,
    world: World,
    host: SimHost,
    request: Request,
    trace: Vec<Event>,
    opened: Option<Arc<str>>,
}

impl std::fmt::Debug for Play {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Play")
            .field("session", &self.session)
            .field("trace", &self.trace)
            .finish_non_exhaustive()
    }
}

impl Play {
    /// A run that has not taken its first step.
    ///
    /// # Errors
    /// As [`Engine::begin`].
    pub fn begin(
        engine: &Engine,
        start: Start,
        world: World,
        host: SimHost,
    ) -> Result<Self, EngineError> {
        let session = engine.begin(start, &host)?.traced();
        Ok(Self {
            session,
            world,
            host,
            request: Request::default(),
            trace: Vec::new(),
            opened: None,
        })
    }

    /// With this request beside every step from now on.
    pub fn request(mut self, request: Request) -> Self {
        self.request = request;
        self
    }

    /// Takes the run on, and performs what it wants done, until somebody must answer.
    ///
    /// Success makes a session in the world, unless it asks for none.
    ///
    /// # Errors
    /// As [`AuthSession::step`]; the run is then as it was.
    pub fn step(&mut self, input: Input) -> Result<Stop, EngineError> {
        let mut input = input;
        // BOUND: every effect counts as a visit of the turn.
        loop {
            let step = self.session.step(&self.host, &self.request, input);
            self.trace.append(&mut self.session.take_trace());
            input = match step? {
                Step::Ask(ask) => return Ok(Stop::Ask(ask)),
                Step::Call(call) => Input::Effect(self.world.perform(&call, self.host.now())),
                Step::Suspended(suspended) => {
                    self.deliver(&suspended);
                    return Ok(Stop::Suspended(suspended));
                }
                Step::Done(end) => {
                    if let End::Success(success) = &end {
                        self.opened = self.world.log_in(success, self.host.now());
                    }
                    return Ok(Stop::Done(end));
                }
            };
        }
    }

    /// Takes the first step.
    ///
    /// # Errors
    /// As [`Play::step`].
    pub fn first(&mut self) -> Result<Stop, EngineError> {
        self.step(Input::Begin)
    }

    /// Answers what is asked, one answer for each callback.
    ///
    /// # Errors
    /// As [`Play::step`].
    pub fn answer(&mut self, answers: Vec<Answer>) -> Result<Stop, EngineError> {
        self.step(Input::Answers(answers))
    }

    /// Follows the link of a suspended run.
    ///
    /// # Errors
    /// As [`Play::step`].
    pub fn resume(&mut self) -> Result<Stop, EngineError> {
        self.step(Input::Resume)
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.host.advance(by);
    }

    /// The stop that the run stands at; `None` before the first step.
    pub fn stop(&self) -> Option<Stop> {
        match self.session.standing()? {
            Step::Ask(ask) => Some(Stop::Ask(ask)),
            Step::Suspended(suspended) => Some(Stop::Suspended(suspended)),
            Step::Done(end) => Some(Stop::Done(end)),
            // A play never rests at an effect.
            Step::Call(_) => None,
        }
    }

    /// Who asks now, with the range of its callbacks; see [`AuthSession::asking`].
    pub fn asker(&self) -> Vec<(Arc<str>, Range<usize>)> {
        self.session.asking()
    }

    /// What has happened so far.
    pub fn trace(&self) -> &[Event] {
        &self.trace
    }

    /// The run.
    pub fn session(&self) -> &AuthSession {
        &self.session
    }

    /// The handle of the session that success has made.
    pub fn opened(&self) -> Option<&Arc<str>> {
        self.opened.as_ref()
    }

    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world, to change it.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// The host.
    pub fn host(&self) -> &SimHost {
        &self.host
    }

    /// Seals the run and opens it again, as between two requests; nothing else changes.
    ///
    /// # Errors
    /// As [`AuthSession::seal`] and [`Engine::open`].
    pub fn restore(&mut self) -> Result<(), EngineError> {
        let sealed = self.session.seal(&OpenSeal, b"play")?;
        let session = self.session.engine().open(&OpenSeal, b"play", &sealed)?;
        self.session = session.traced();
        Ok(())
    }

    /// The world as the run has left it, with the host, for the next run.
    pub fn into_world(self) -> (World, SimHost) {
        (self.world, self.host)
    }

    fn deliver(&mut self, suspended: &Suspended) {
        let Some(effect) = suspended.deliver.clone() else {
            return;
        };
        let link = link::of(self.session.run_id(), self.session.generation());
        let call = Call {
            id: suspended.id,
            effect: effect.addressed(&link),
            node: self.session.at().unwrap_or_default(),
        };
        // A message that cannot be sent leaves the run suspended, as on a server.
        self.world.perform(&call, self.host.now());
    }
}

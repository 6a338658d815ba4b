//! One run of a journey, as a property sees it.

use std::{collections::BTreeMap, ops::Range, sync::Arc, time::Duration};

use wayfare::{
    AuthLevel, End, Engine, EngineError, Event, Failure, Request, Success, Value,
    engine::{
        action::Subject,
        step::{Evidence, Suspended},
    },
    model::journey::Journey,
};
use wayfare_sim::{Performed, Play, Stop, World};

use crate::{
    case::{self, Case, Setup},
    moves::{Move, Word},
};

/// A name that nobody has.
pub(crate) const STRANGER: &str = "stranger";

/// A stop of a run: what could be seen when somebody had to go on.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What is asked, or how it ended.
    pub stop: Stop,
    /// Who asks, `journey/node` or `journey/node.child`, with the range of its callbacks.
    pub askers: Vec<(Arc<str>, Range<usize>)>,
    /// The path from the journey at hand to the node that asks, inner journeys first: `password.credentials`.
    pub path: String,
    /// The level.
    pub level: AuthLevel,
    /// Whom the run has identified.
    pub subject: Option<Subject>,
    /// What was proved so far.
    pub evidence: Vec<Evidence>,
    /// Shared state, without what is secret.
    pub shared: BTreeMap<Arc<str>, Value>,
    /// How many effects had been performed.
    pub effects: usize,
    /// How many messages had been sent.
    pub sent: usize,
}

/// One run: the moves that were made, the stops they led to, and the world they left.
///
/// A run need not have ended: somebody may just stop answering.
#[derive(Debug, Clone)]
pub struct Run {
    pub(crate) setup: Arc<Setup>,
    pub(crate) case: Case,
    pub(crate) stops: Vec<Seen>,
    /// By move, the stop it was made at.
    pub(crate) made_at: Vec<usize>,
    pub(crate) play: Option<Play>,
    pub(crate) refused: Option<EngineError>,
    pub(crate) secrets: Vec<String>,
}

impl Run {
    /// The stops in order; the first is that of the first step.
    pub fn stops(&self) -> &[Seen] {
        &self.stops
    }

    /// The moves in order.
    pub fn moves(&self) -> &[Move] {
        &self.case.moves
    }

    /// The moves with the stop each was made at.
    pub fn steps(&self) -> impl Iterator<Item = (&Seen, &Move)> {
        let stops = self.made_at.iter().filter_map(|at| self.stops.get(*at));
        stops.zip(&self.case.moves)
    }

    /// The stop it stands at.
    pub fn last(&self) -> Option<&Seen> {
        self.stops.last()
    }

    /// How it ended, if it did.
    pub fn end(&self) -> Option<&End> {
        match &self.last()?.stop {
            Stop::Done(end) => Some(end),
            Stop::Ask(_) | Stop::Suspended(_) => None,
        }
    }

    /// The success, if it ended so.
    pub fn success(&self) -> Option<&Success> {
        match self.end()? {
            End::Success(success) => Some(success),
            End::Failure(_) => None,
        }
    }

    /// The failure, if it ended so.
    pub fn failure(&self) -> Option<&Failure> {
        match self.end()? {
            End::Success(_) => None,
            End::Failure(failure) => Some(failure),
        }
    }

    /// The stops at which the run was suspended.
    pub fn suspended(&self) -> impl Iterator<Item = &Suspended> {
        self.stops.iter().filter_map(|seen| match &seen.stop {
            Stop::Suspended(suspended) => Some(&**suspended),
            Stop::Ask(_) | Stop::Done(_) => None,
        })
    }

    /// Why the run took no step any more: it could not begin, or its time was over.
    pub fn refused(&self) -> Option<&EngineError> {
        self.refused.as_ref()
    }

    /// The level that it came to.
    pub fn level(&self) -> AuthLevel {
        self.last().map_or(AuthLevel::ZERO, |seen| seen.level)
    }

    /// What it has proved.
    pub fn evidence(&self) -> &[Evidence] {
        self.last().map_or(&[], |seen| &*seen.evidence)
    }

    /// What has happened in it.
    pub fn trace(&self) -> &[Event] {
        self.play.as_ref().map_or(&[], Play::trace)
    }

    /// The effects that were performed.
    pub fn effects(&self) -> &[Performed] {
        &self.world().performed
    }

    /// The world that it left.
    pub fn world(&self) -> &World {
        self.play.as_ref().map_or(&self.setup.world, Play::world)
    }

    /// The run itself; `None` where it could not begin.
    pub fn play(&self) -> Option<&Play> {
        self.play.as_ref()
    }

    /// How often a node was entered: `journey/node`, and of a page `journey/node.child`.
    pub fn visits(&self, node: &str) -> usize {
        let entered =
            |event: &&Event| matches!(event, Event::Entered { node: at } if &**at == node);
        self.trace().iter().filter(entered).count()
    }

    /// How often a node was left by an outcome.
    pub fn left(&self, node: &str, outcome: &str) -> usize {
        let left = |event: &&Event| matches!(event, Event::Left { node: at, outcome: by } if &**at == node && &**by == outcome);
        self.trace().iter().filter(left).count()
    }

    /// How often a node failed.
    pub fn failed(&self, node: &str) -> usize {
        let failed =
            |event: &&Event| matches!(event, Event::Failed { node: at, .. } if &**at == node);
        self.trace().iter().filter(failed).count()
    }

    /// What was secret in it: passwords of the world, what was typed into password fields, codes.
    pub fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.setup.engine
    }

    /// The journey.
    pub fn journey(&self) -> Option<&Journey> {
        let program = self.setup.engine.program();
        program.journey_on_wire(&self.setup.journey)
    }

    /// The request that came with every step.
    pub fn request(&self) -> &Request {
        &self.case.request
    }

    /// The session that it began with: whose, and at which level.
    pub fn began_with(&self) -> Option<(&str, AuthLevel)> {
        let (name, level) = self.case.session.as_ref()?;
        Some((name, *level))
    }

    /// How much time its moves let go by.
    pub fn waited(&self) -> Duration {
        let waits = self.case.moves.iter().map(|made| match made {
            Move::Advance(by) => *by,
            _ => Duration::ZERO,
        });
        waits.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// The same moves once more, from the beginning.
    pub fn again(&self) -> Self {
        case::replay(&self.setup, &self.case, false)
    }

    /// The same moves once more, with the run sealed and opened again at every stop.
    pub fn restored(&self) -> Self {
        case::replay(&self.setup, &self.case, true)
    }

    /// The same moves, with a name that nobody has typed wherever a user's name was.
    pub fn as_stranger(&self) -> Self {
        let users = &self.setup.world.users;
        let mut case = self.case.clone();
        for made in &mut case.moves {
            if let Move::Answer(words) = made {
                for word in words {
                    if let Word::Typed(text) = word
                        && users.contains_key(text.as_str())
                    {
                        STRANGER.clone_into(text);
                    }
                }
            }
        }
        case::replay(&self.setup, &case, false)
    }

    /// The run as a test of the language, which says what happens and passes.
    pub fn as_test(&self, name: &str) -> String {
        crate::print::test(self, name)
    }

    /// The run as requests to a server, for a shell.
    pub fn as_curl(&self) -> String {
        crate::print::curl(self)
    }

    /// Everything that can be seen of it, as text; two runs are the same where this is.
    pub fn transcript(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        // Writing to a text cannot fail.
        for event in self.trace() {
            let _ = writeln!(text, "{event}");
        }
        for seen in &self.stops {
            let _ = writeln!(text, "{seen:?}");
        }
        let _ = writeln!(text, "{:?}", self.world());
        text
    }
}

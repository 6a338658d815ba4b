//! Tests of the language, played.
//!
//! In: a linked program and a [`Scenario`]. Out: a [`Report`]: whether all that is expected was so, and if
//! not, what was expected at which line, what was there instead, and the run so far. A scenario names
//! journeys and nodes by their paths, so it can be played against any program that has them. Each test
//! has a world and a clock of its own and sees nothing of any other.

mod access;
mod answer;
mod app;
mod effect;
mod expect;
mod log;
mod player;
pub(crate) mod stand_in;

use std::{collections::BTreeMap, sync::Arc};

pub(crate) use expect::word as reason;
pub use stand_in::registry;
use wayfare::{
    Diagnostic, Engine, Event, LinkErrors, Program, Registry, Secret, Secrets, Span, Valid, Value,
    codes, model::scenario::Scenario,
};

use crate::scenario::player::Player;

/// What came of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What went wrong; nothing where the test has passed.
    pub failed: Option<Failed>,
    /// What happened in the run.
    pub trace: Vec<Event>,
    /// The run as callbacks and outcomes.
    pub run: String,
}

/// An expectation that does not hold, or a line that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The line.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub expected: String,
    /// The run so far, as callbacks and outcomes.
    pub run: String,
}

impl Failed {
    /// The finding that says so.
    pub fn diagnostic(&self, scenario: &Scenario) -> Diagnostic {
        let run = if self.run.is_empty() {
            "the run has not begun".to_owned()
        } else {
            format!("the run: {}", self.run)
        };
        Diagnostic::new(codes::TEST_FAILED, self.span, self.message.clone())
            .expected(self.expected.clone())
            .note(run)
            .note(format!(
                "in the test `{}` of `{}`",
                scenario.name, scenario.journey
            ))
    }
}

/// Plays a test.
pub fn run(engine: &Engine, scenario: &Scenario) -> Report {
    let mut player = Player::new(engine, scenario);
    let failed = player.play(&scenario.steps).err().map(|broken| Failed {
        span: broken.span,
        message: broken.message,
        expected: broken.expected,
        run: player.log().to_owned(),
    });
    Report {
        failed,
        run: player.log().to_owned(),
        trace: player.into_trace(),
    }
}

/// Links a program so that its tests can be played: types whose behaviour is not in the registry are
/// played by the tests, see [`wayfare::ExternalNode::rehearsed`], and secret parameters have the values given, or one of no meaning.
///
/// # Errors
/// As [`Engine::link_with`].
pub fn link(
    program: Valid<Program>,
    registry: Registry,
    parameters: &BTreeMap<Arc<str>, Value>,
) -> Result<Engine, LinkErrors> {
    let registry = stand_in::registry(&program, registry);
    let secrets: Secrets = program
        .secret_parameters
        .keys()
        .map(|name| {
            let given = parameters.get(name).and_then(Value::as_text);
            let value = given.map_or_else(|| format!("the secret {name}"), str::to_owned);
            (Arc::clone(name), Secret::new(value))
        })
        .collect();
    Engine::link_with(program, registry, secrets)
}

/// A line that does not hold.
#[derive(Debug)]
struct Broken {
    span: Span,
    message: String,
    expected: String,
}

impl Broken {
    fn new(span: Span, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            expected: expected.into(),
        }
    }
}

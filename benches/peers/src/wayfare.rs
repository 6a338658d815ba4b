//! What the peers are held against: the engine, by its public interface.

use std::hint::black_box;

use wayfare::{
    Answer, CompileLimits, Compiler, End, Engine, Input, Program, Registry, Request, Secret,
    Source, Start, Step,
    compile::{ImportError, Importer},
};
use wayfare_sim::explore::{Options, explore};

use crate::support::{self, LOGIN, Store, Walk, login, logins, step};

/// How long the chains are that are walked.
pub(crate) const CHAINS: [usize; 3] = [10, 100, 1_000];
/// How many units of text are compiled: logins of ours, policies or rules of a peer.
pub(crate) const UNITS: usize = 200;
/// The wrong password by which a login fails: the first, and three more.
pub(crate) const TRIES: usize = 4;

fn wrong() -> Input {
    Input::Answers(vec![Answer::Secret(Secret::new("no".to_owned()))])
}

/// Engines, and what their runs are given.
pub(crate) struct Ours {
    login: Engine,
    chains: Vec<Walk>,
    store: Store,
    request: Request,
    registry: Registry,
    text: String,
}

impl Ours {
    pub(crate) fn new() -> Self {
        let ours = Self {
            login: support::engine(LOGIN),
            chains: CHAINS.map(Walk::chain).into(),
            store: Store::new(),
            request: Request::default(),
            registry: Registry::standard(),
            text: logins(UNITS),
        };
        ours.refuses();
        ours
    }

    /// Three tries after the first are all there are, as with each of the peers.
    fn refuses(&self) {
        let mut run = self
            .login
            .begin(Start::journey("Login"), &support::Still)
            .expect("the journey is there");
        step(&mut run, &self.store, &self.request, Input::Begin);
        let mut last = None;
        for _ in 0..TRIES {
            assert!(!matches!(last, Some(Step::Done(_))), "{last:?}");
            step(&mut run, &self.store, &self.request, support::name());
            last = Some(step(&mut run, &self.store, &self.request, wrong()));
        }
        assert!(
            matches!(last, Some(Step::Done(End::Failure(_)))),
            "{last:?}"
        );
    }

    /// A login of three posts.
    pub(crate) fn log_in(&self) {
        let start = Start::journey("Login");
        black_box(login(&self.login, &start, &self.request, &self.store));
    }

    /// The chain that is the `at`th of [`CHAINS`].
    pub(crate) fn walk(&self, at: usize) {
        black_box(self.chains[at].run());
    }

    /// Text to linked program.
    pub(crate) fn compile(&self) {
        let limits = CompileLimits::default().file_bytes(16 * 1_024 * 1_024);
        let compiled = Compiler::new(self.registry.catalog())
            .limits(limits)
            .compile([Source::new("b.journey", black_box(self.text.as_str()))]);
        let program = compiled.program.expect("a text without a mistake");
        let engine = Engine::link(program, self.registry.clone());
        black_box(engine.expect("built-in types alone"));
    }

    /// How long that text is.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }
}

const LARGE: &str = include_str!("../../../journeys/explore_large.journey");
const CODES: &str = include_str!("../../../journeys/lib/otp.journey");

struct Lib;

impl Importer for Lib {
    fn read(&self, _: &str, path: &str) -> Result<Source, ImportError> {
        Ok(Source::new(path, CODES))
    }
}

/// The journey of which every state is looked at.
pub(crate) struct Large(Program);

impl Large {
    pub(crate) fn new() -> Self {
        let compiled = Compiler::new(wayfare::catalogue::standard())
            .importer(&Lib)
            .compile([Source::new("a.journey", LARGE)]);
        Self(compiled.program.expect("a journey").into_inner())
    }

    /// How many states there are.
    pub(crate) fn states(&self) -> u64 {
        let journey = self.0.journeys.first().expect("a journey");
        let found = explore(&self.0, journey, Options::default(), &mut |_| true);
        let found = found.expect("a journey that fits");
        assert!(found.is_clean(), "a property is broken");
        black_box(found.states)
    }
}

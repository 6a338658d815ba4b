//! The check: random runs of one journey, a property of each, and the shortest run that breaks it.

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    sync::Arc,
};

use wayfare::{Compiler, Engine, Registry, Severity, Source, Value, model::journey::Journey};
use wayfare_sim::World;

use crate::{
    case::{self, Setup},
    finding::Finding,
    knowledge::Knowledge,
    quiet,
    run::Run,
    shrink,
};

/// How many runs a check makes where `WAYFARE_TEST_CASES` does not say.
pub const CASES: u32 = 256;
/// How many moves a run has at most.
pub const STEPS: usize = 40;
/// The seed where `WAYFARE_TEST_SEED` does not say.
pub const SEED: u64 = 20_260_101;

/// A journey that runs are made of, in a world.
///
/// [`check!`](crate::check!) makes one from a text or an engine; what it should be besides is said here.
///
/// ```
/// use wayfare_testing::{Check, property};
/// # const LOGIN: &str = "
/// # journey login {
/// #   start credentials
/// #   node credentials: Page {
/// #     node username: UsernameCollector
/// #     node password: PasswordCollector
/// #     -> check
/// #   }
/// #   node check: DataStoreDecision {
/// #     true -> success
/// #     false -> failure
/// #   }
/// # }
/// # ";
/// let check = Check::new(LOGIN).journey("login").faults().cases(32);
/// wayfare_testing::check!(check, property::no_success_without_evidence);
/// ```
#[derive(Clone)]
#[must_use = "a check does nothing until a property is held to it"]
pub struct Check {
    engine: Engine,
    journey: Option<Arc<str>>,
    world: World,
    faults: bool,
    outside: BTreeMap<Arc<str>, Vec<Value>>,
    cases: Option<u32>,
    seed: Option<u64>,
    steps: usize,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("engine", &self.engine)
            .field("journey", &self.journey)
            .finish_non_exhaustive()
    }
}

/// What a check can be made of: a text of journeys, or an engine.
pub trait Subject {
    /// The engine.
    ///
    /// # Errors
    /// Why there is none: what the compiler found, say.
    fn engine(self) -> Result<Engine, String>;

    /// The check, where the subject is one already.
    ///
    /// # Errors
    /// As [`Subject::engine`].
    fn check(self) -> Result<Check, String>
    where
        Self: Sized,
    {
        self.engine().map(Check::of)
    }
}

impl Subject for &str {
    fn engine(self) -> Result<Engine, String> {
        let registry = Registry::standard();
        let source = Source::new("check.journey", self);
        let compiled = Compiler::new(registry.catalog()).compile([source]);
        let Some(program) = compiled.program else {
            let found: Vec<String> = compiled
                .diagnostics
                .iter()
                .filter(|found| found.severity == Severity::Error)
                .map(|found| format!("{}: {}", found.code, found.message))
                .collect();
            return Err(format!(
                "the journey does not compile:\n{}",
                found.join("\n")
            ));
        };
        // What handlers outside say is for the check to choose.
        let mut registry = registry;
        registry.external(&program, |_| true);
        Engine::link(program, registry).map_err(|errors| errors.to_string())
    }
}

impl Subject for &String {
    fn engine(self) -> Result<Engine, String> {
        self.as_str().engine()
    }
}

impl Subject for Engine {
    fn engine(self) -> Result<Engine, String> {
        Ok(self)
    }
}

impl Subject for &Engine {
    fn engine(self) -> Result<Engine, String> {
        Ok(self.clone())
    }
}

impl Subject for Check {
    fn engine(self) -> Result<Engine, String> {
        Ok(self.engine)
    }

    fn check(self) -> Result<Check, String> {
        Ok(self)
    }
}

/// What a property comes to: nothing where it asserts by itself, or a reason why it does not hold.
pub trait Verdict {
    /// # Errors
    /// Why it does not hold.
    fn verdict(self) -> Result<(), String>;
}

impl Verdict for () {
    fn verdict(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> Verdict for Result<(), E> {
    fn verdict(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

impl Check {
    /// A check of this text or engine, in a world with two users: `demo` with the password `Ch4ng31t`, and
    /// `ada` with `Tr0ub4dor`.
    ///
    /// # Panics
    /// The text does not compile.
    #[track_caller]
    pub fn new(subject: impl Subject) -> Self {
        match subject.check() {
            Ok(check) => check,
            Err(message) => fail(&message),
        }
    }

    pub(crate) fn of(engine: Engine) -> Self {
        let ada = wayfare_sim::User::new("ada")
            .password("Tr0ub4dor")
            .attribute("mail", "ada@example.com");
        Self {
            engine,
            journey: None,
            world: World::demo().user(ada),
            faults: false,
            outside: BTreeMap::new(),
            cases: None,
            seed: None,
            steps: STEPS,
        }
    }

    /// Of the journey that the wire calls so; otherwise the first that can be started is meant.
    pub fn journey(mut self, name: impl Into<Arc<str>>) -> Self {
        self.journey = Some(name.into());
        self
    }

    /// In this world.
    pub fn world(mut self, world: World) -> Self {
        self.world = world;
        self
    }

    /// With effects that fail now and then.
    pub fn faults(mut self) -> Self {
        self.faults = true;
        self
    }

    /// With effects of an embedder's own of this kind, replied to by any of these, by the first before
    /// anything else is said; or with nodes outside of the type of this name, which end by any of these
    /// outcomes.
    pub fn outside(
        mut self,
        kind: impl Into<Arc<str>>,
        replies: impl IntoIterator<Item = Value>,
    ) -> Self {
        let kind = kind.into();
        let replies: Vec<Value> = replies.into_iter().collect();
        if let Some(first) = replies.first() {
            let first = wayfare::EffectReply::Custom(first.clone());
            self.world.custom.insert(Arc::clone(&kind), first);
        }
        self.outside.insert(kind, replies);
        self
    }

    /// With this many runs, whatever the environment says.
    pub fn cases(mut self, cases: u32) -> Self {
        self.cases = Some(cases);
        self
    }

    /// With the runs of this seed, whatever the environment says.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// With at most this many moves in a run.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = steps;
        self
    }

    /// Holds every run to a property.
    ///
    /// # Panics
    /// It does not hold of some run; the shortest that was found is told, see [`Finding`].
    #[track_caller]
    pub fn holds<V: Verdict>(self, property: impl Fn(&Run) -> V) {
        match self.find(property) {
            Ok(None) => {}
            Ok(Some(finding)) => fail(&finding.to_string()),
            Err(message) => fail(&message),
        }
    }

    /// The shortest run that was found for which a property does not hold, if there is any.
    ///
    /// # Errors
    /// There is no such journey, or the environment has a number that is none.
    pub fn find<V: Verdict>(self, property: impl Fn(&Run) -> V) -> Result<Option<Finding>, String> {
        let cases = number(
            "WAYFARE_TEST_CASES",
            self.cases.map(u64::from),
            u64::from(CASES),
        )?;
        let first = number("WAYFARE_TEST_SEED", self.seed, SEED)?;
        let setup = Arc::new(self.setup()?);
        let holds = |run: &Run| quiet::catch(|| property(run).verdict()).and_then(|inner| inner);
        for case in 0..cases {
            // The first run has the seed itself, so that a finding is repeated by its own.
            let seed = first.wrapping_add(case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let run = case::random(&setup, seed);
            if let Err(message) = holds(&run) {
                let found = run.moves().len();
                let (run, message, tried) = shrink::shorten(run, message, &holds);
                return Ok(Some(Finding {
                    run,
                    message,
                    seed,
                    case,
                    found,
                    tried,
                }));
            }
        }
        Ok(None)
    }

    pub(crate) fn setup(self) -> Result<Setup, String> {
        let program = self.engine.program();
        let startable =
            |journey: &&Journey| journey.settings.enabled && !journey.settings.inner_only;
        let found = match &self.journey {
            Some(name) => program
                .journey_on_wire(name)
                .or_else(|| program.journey_named(name))
                .ok_or_else(|| format!("there is no journey `{name}`"))?,
            None => program
                .journeys
                .iter()
                .find(startable)
                .ok_or("there is no journey that can be started")?,
        };
        let known = Knowledge::of(program, found, &self.world);
        Ok(Setup {
            journey: Arc::clone(&found.wire_name),
            name: Arc::clone(&found.name),
            known,
            engine: self.engine.clone(),
            world: self.world,
            faults: self.faults,
            outside: self.outside,
            steps: self.steps,
        })
    }
}

fn number(variable: &str, told: Option<u64>, usual: u64) -> Result<u64, String> {
    if let Some(told) = told {
        return Ok(told);
    }
    match std::env::var(variable) {
        Err(_) => Ok(usual),
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{variable}={text} is no whole number")),
    }
}

#[track_caller]
#[expect(
    clippy::panic,
    reason = "a check that does not hold fails the test that makes it"
)]
fn fail(message: &str) -> ! {
    panic!("{message}")
}

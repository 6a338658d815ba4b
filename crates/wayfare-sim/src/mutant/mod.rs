//! Whether the tests of a program notice when it is changed.
//!
//! In: a program with tests that pass. Out: for each of its mutants who noticed: the proofs, which refuse
//! it before it can run; a test, which fails; or nobody, with the answers for which it differs. A mutant
//! that differs for no answers within the bound is named as one that may be equivalent. Everything is in
//! one order, and ends at its budgets.

mod change;
mod difference;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use change::{Kind, Mutant, mutants};
pub use difference::Difference;
use wayfare::{
    Engine, LinkErrors, Program, Registry, Valid, Value,
    model::{journey::NodeKind, scenario::Scenario},
};

use crate::{
    mutant::difference::{Bound, Tried},
    scenario,
};

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Mutants that are judged; the rest is counted.
    pub mutants_max: usize,
    /// Runs that are played to find a difference.
    pub plays_max: usize,
    /// Answers in one such run.
    pub answers_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mutants_max: 5_000,
            plays_max: 2_000,
            answers_max: 12,
        }
    }
}

impl Options {
    /// With this many mutants judged at most.
    pub fn mutants_max(self, mutants_max: usize) -> Self {
        Self {
            mutants_max,
            ..self
        }
    }
}

/// Who noticed a mutant.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// The proofs refuse it: the code of a finding.
    Refused(Arc<str>),
    /// This test fails.
    Killed(Arc<str>),
    /// Nobody, though it differs.
    Survived(Difference),
    /// Nobody, and within the bound it does not differ.
    Equivalent,
    /// It could not be asked whether it differs, for this reason.
    NotJudged(&'static str),
}

/// A mutant and who noticed it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The mutant.
    pub mutant: Mutant,
    /// Who noticed.
    pub fate: Fate,
}

/// What came of all mutants.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Score {
    /// Each that was judged.
    pub judged: Vec<Judged>,
    /// How many were left at the budget.
    pub left: usize,
}

impl Score {
    fn count(&self, wanted: impl Fn(&Fate) -> bool) -> usize {
        self.judged
            .iter()
            .filter(|judged| wanted(&judged.fate))
            .count()
    }

    /// How many the proofs refuse.
    pub fn refused(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Refused(_)))
    }

    /// How many a test notices.
    pub fn killed(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Killed(_)))
    }

    /// How many nobody notices.
    pub fn survived(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Survived(_)))
    }

    /// How many do not differ within the bound.
    pub fn equivalent(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::Equivalent))
    }

    /// How many could not be asked whether they differ.
    pub fn not_judged(&self) -> usize {
        self.count(|fate| matches!(fate, Fate::NotJudged(_)))
    }

    /// Thousandths of those that differ which somebody notices; none where none differs.
    pub fn thousandths(&self) -> Option<usize> {
        let noticed = self.refused() + self.killed();
        let all = noticed + self.survived();
        (noticed * 1_000).checked_div(all)
    }
}

/// Why mutants cannot be judged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutantError {
    /// A test fails already.
    #[error("the test `{0}` fails without any change")]
    Fails(Arc<str>),
    /// The program cannot be linked.
    #[error("{0}")]
    Link(LinkErrors),
}

/// Judges every mutant of a program by its tests. Tests with parameters of their own, which are of another
/// program, are left out. `report` is told how many of how many are done, and says whether to go on.
///
/// # Errors
/// The program cannot be linked, or a test fails on the program itself.
pub fn judge(
    program: &Valid<Program>,
    registry: &dyn Fn() -> Registry,
    parameters: &BTreeMap<Arc<str>, Value>,
    options: Options,
    report: &mut dyn FnMut(usize, usize) -> bool,
) -> Result<Score, MutantError> {
    let link = |program| scenario::link(program, registry(), parameters);
    let original = link(program.clone()).map_err(MutantError::Link)?;
    let scenarios: Vec<&Scenario> = program
        .scenarios
        .iter()
        .filter(|s| s.parameters.is_empty())
        .collect();
    if let Some(fails) = scenarios
        .iter()
        .find(|test| scenario::run(&original, test).failed.is_some())
    {
        return Err(MutantError::Fails(Arc::clone(&fails.name)));
    }
    let callers = callers(program);
    let mut all = mutants(program);
    let mut score = Score {
        judged: Vec::new(),
        left: all.len().saturating_sub(options.mutants_max),
    };
    all.truncate(options.mutants_max);
    let count = all.len();
    for (done, mutant) in all.into_iter().enumerate() {
        if !report(done, count) {
            score.left += count - done;
            break;
        }
        let besides: &[wayfare::Code] = if mutant.leaves_a_node() {
            &[wayfare::codes::UNREACHABLE]
        } else {
            &[]
        };
        let fate = match wayfare::analysis::accept(program, mutant.program(program), besides) {
            Err(code) => Fate::Refused(Arc::from(code.word)),
            Ok(changed) => match link(changed) {
                // What cannot be linked never runs either.
                Err(_) => Fate::Refused(Arc::from("link")),
                Ok(engine) => by_tests(&original, &engine, &mutant, &scenarios, &callers, options),
            },
        };
        score.judged.push(Judged { mutant, fate });
    }
    Ok(score)
}

type Callers = BTreeMap<Arc<str>, BTreeSet<Arc<str>>>;

fn by_tests(
    original: &Engine,
    engine: &Engine,
    mutant: &Mutant,
    scenarios: &[&Scenario],
    callers: &Callers,
    options: Options,
) -> Fate {
    let through = callers.get(&mutant.journey);
    let touches = |journey: &Arc<str>| through.is_some_and(|through| through.contains(journey));
    for test in scenarios.iter().filter(|test| touches(&test.journey)) {
        if scenario::run(engine, test).failed.is_some() {
            return Fate::Killed(Arc::clone(&test.name));
        }
    }
    let bound = Bound {
        plays: options.plays_max,
        answers: options.answers_max,
        expiry: mutant.expiry,
    };
    // The journey itself first, then whoever calls it.
    let own = std::iter::once(&mutant.journey);
    let others = through
        .into_iter()
        .flatten()
        .filter(|journey| **journey != mutant.journey);
    let mut fate = Fate::NotJudged("no run of its journey can begin with what is tried");
    for journey in own.chain(others) {
        match difference::difference(original, engine, journey, bound) {
            Tried::Differs(found) => return Fate::Survived(found),
            Tried::Alike => fate = Fate::Equivalent,
            Tried::NotBegun => {}
        }
    }
    fate
}

/// By journey, the journeys whose runs may come through it, itself included.
fn callers(program: &Program) -> Callers {
    let mut all: Callers = program
        .journeys
        .iter()
        .map(|journey| {
            (
                Arc::clone(&journey.name),
                BTreeSet::from([Arc::clone(&journey.name)]),
            )
        })
        .collect();
    // BOUND: journeys do not call each other in circles, so that as many rounds as there are journeys do.
    for _ in 0..program.journeys.len() {
        let before: usize = all.values().map(BTreeSet::len).sum();
        for journey in &program.journeys {
            let own = all.get(&journey.name).cloned().unwrap_or_default();
            for node in journey.graph.node_weights() {
                if let NodeKind::Inner(inner) = &node.kind
                    && let Some(inner) = program.journey(*inner)
                    && let Some(of_inner) = all.get_mut(&inner.name)
                {
                    of_inner.extend(own.iter().cloned());
                }
            }
        }
        if all.values().map(BTreeSet::len).sum::<usize>() == before {
            break;
        }
    }
    all
}

//! What is proved of a program before it may run.
//!
//! In: a program whose names, types and wiring are whole. Out: findings, each with the shortest run that
//! shows it. Only signatures are looked at, never behaviours, so a journey whose node types are written
//! elsewhere is checked all the same; what a signature leaves open is read as the worst.
//!
//! Every check is iterative and near-linear. Journeys that call journeys are summarised: by which ends
//! they can be left, and with what. Three rules hold for all proofs. Every error arrow that is written may
//! be taken. A node that calls out, or cannot work without a value, may fail without one; the error then
//! goes up to the first caller that takes it, else the run has failed. And paths are paths of the graph:
//! only `at most … visits` counts how often a limiter lets a run pass.
//!
//! `allow` lines are not looked at here: the compiler applies them to what is found.

mod binding;
mod claim;
mod component;
mod counterexample;
mod definite;
mod ensure;
mod evidence;
mod explore;
mod faces;
mod flow;
mod guard;
mod identity;
mod ignored;
mod implied;
mod level;
pub(crate) mod levels;
mod loops;
mod phase;
mod policy;
mod proof;
mod proven;
mod reach;
mod revision;
mod route;
mod screen;
mod space;
mod starts;
mod state;
pub(crate) mod summary;
mod visits;

pub use binding::{Binding, BoundField, check as check_bindings};
pub use counterexample::{Calls, CounterStep, Counterexample};
pub use ensure::{Verdict, prove};
pub use levels::{level_spans, level_spans_at_nodes};
pub use revision::{accept, overlook};

use crate::{Diagnostics, analysis::flow::Flows, model::program::Program};

/// Everything that the last pass of the compiler finds in a program, `allow` lines not applied.
///
/// For tools that make or change programs without text; the compiler has done this already.
pub fn findings(program: &Program) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    check(program, &mut diagnostics);
    diagnostics
}

/// Checks a program: the last pass of the compiler.
pub(crate) fn check(program: &Program, diagnostics: &mut Diagnostics) {
    let flows = Flows::new(program);
    reach::check(program, &flows, diagnostics);
    ignored::check(program, diagnostics);
    loops::check(program, &flows, diagnostics);
    claim::check(program, &flows, diagnostics);
    levels::check(program, &flows, diagnostics);
    proof::check(program, &flows, diagnostics);
    state::check(program, &flows, diagnostics);
    faces::check(program, &flows, diagnostics);
    ensure::check(program, &flows, diagnostics);
    guard::check(program, &flows, diagnostics);
    policy::check(program, || level_spans(program), diagnostics);
}

//! What becomes of the values in the state of a run.
//!
//! In: what signatures, settings and expressions say of reading and writing. Out: findings about values
//! that are read and not there, of another type, or lost on the way; about values that nothing ever reads;
//! and about secrets that come to where they may be seen. What a signature leaves open is never made a
//! finding: a script may have written any key, and may read any.
//!
//! `ensure has` asks the same of one place; the rules by which values are made and lost are those of
//! `definite`, here for all keys at once.

mod clash;
mod dead;
mod leak;
mod memory;
mod place;
mod reading;
mod start;
mod sweep;
mod touch;
mod trace;
mod wired;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;

use crate::{
    Code, Diagnostic, Diagnostics,
    analysis::{
        counterexample::Counterexample,
        flow::{Flow, Flows},
    },
    model::{journey::JourneyId, program::Program, signature::Scope},
    source::Span,
};
use memory::Memory;
use place::{Named, named};
use touch::{KeyNo, Touches};
use trace::Goal;
use wired::Wired;

/// How many runs are looked for, and how much is explored for them; findings beyond have none.
const RUNS_MAX: usize = 256;
const WORK_MAX: usize = 3_000_000;

/// What all checks of the state share.
struct Check<'a> {
    program: &'a Program,
    flows: &'a Flows,
    touches: Touches,
    roots: BTreeMap<JourneyId, Memory>,
    /// The journeys that others call.
    called: BTreeSet<JourneyId>,
    /// What was said of which place and key; copies of a fragment are one place.
    told: BTreeSet<(&'static str, Span, KeyNo)>,
    /// The keys of which a value is said to be lost.
    lost: BTreeSet<KeyNo>,
    found: Diagnostics,
    runs: usize,
    work: usize,
    /// By journey that was asked for, the states that a run may come to.
    entered: BTreeMap<JourneyId, Vec<bool>>,
}

/// Checks the state of every journey.
pub(super) fn check(program: &Program, flows: &Flows, diagnostics: &mut Diagnostics) {
    let calls = flows.order.iter().filter_map(|id| flows.get(*id));
    let called = calls
        .flat_map(Flow::calls)
        .map(|(_, inner)| inner)
        .collect();
    let mut check = Check {
        program,
        flows,
        touches: Touches::new(program, flows),
        roots: start::roots(program),
        called,
        told: BTreeSet::new(),
        lost: BTreeSet::new(),
        found: Diagnostics::default(),
        runs: 0,
        work: 0,
        entered: BTreeMap::new(),
    };
    reading::check(&mut check);
    clash::check(&mut check);
    leak::check(&mut check);
    dead::check(&mut check);
    diagnostics.append(check.found);
}

impl Check<'_> {
    /// The shortest run to a goal, from whichever journey it is the shortest.
    fn run(&mut self, wired: &Wired, goal: &Goal<'_>) -> Option<Counterexample> {
        if self.is_spent() {
            return None;
        }
        let roots = self.roots.clone();
        self.run_from(wired, goal, &roots)
    }

    /// The same from other memories.
    fn run_from(
        &mut self,
        wired: &Wired,
        goal: &Goal<'_>,
        roots: &BTreeMap<JourneyId, Memory>,
    ) -> Option<Counterexample> {
        let mut best: Option<Counterexample> = None;
        if self.is_spent() {
            return best;
        }
        for root in start::leading_to(self.flows, roots, goal.journey) {
            if self.is_spent() {
                break;
            }
            let (run, work) = trace::run(self.program, self.flows, wired, root, goal);
            self.spend(work);
            if let Some(run) = run
                && best.as_ref().is_none_or(|best| run.length < best.length)
            {
                best = Some(run);
            }
        }
        best
    }

    /// Whether a journey is called by others, and can be started by itself all the same.
    fn is_called_and_root(&self, journey: JourneyId) -> bool {
        self.called.contains(&journey) && self.roots.contains_key(&journey)
    }

    /// Whether no further run is looked for, so that a run that is not there says nothing.
    fn is_spent(&self) -> bool {
        self.runs >= RUNS_MAX || self.work >= WORK_MAX
    }

    fn spend(&mut self, work: usize) {
        self.runs += 1;
        self.work = self.work.saturating_add(work);
    }

    /// Whether a run that is entered somewhere comes to a state, for all that the arrows say.
    fn may_come_to(&mut self, journey: JourneyId, state: u32) -> bool {
        let (flows, roots) = (self.flows, &self.roots);
        let reached = self.entered.entry(journey).or_insert_with(|| {
            let entered = !start::leading_to(flows, roots, journey).is_empty();
            let flow = flows.get(journey).filter(|_| entered);
            flow.map_or_else(Vec::new, |flow| flow.reached(&flows.ends).to_vec())
        });
        reached.get(state as usize) == Some(&true)
    }

    /// Whether there are more findings than anyone reads: then this one is counted, and no more.
    fn is_beyond(&mut self, code: Code, at: &Named) -> bool {
        let is_full = self.found.len() >= Diagnostics::KEPT_MAX;
        if is_full {
            // The first error is kept all the same, so it names its place.
            let message = format!("`{}`: {}", at.text, code.summary);
            self.found.push(Diagnostic::new(code, at.span, message));
        }
        is_full
    }

    /// Keeps a finding, with the run that shows it.
    fn report(&mut self, finding: Diagnostic, lead: &str, run: Option<&Counterexample>) {
        let finding = match run {
            Some(run) => run.tell(self.program, finding, lead),
            None => finding,
        };
        self.found.push(finding);
    }

    /// A node that writes a key, for a label.
    fn writer(&self, key: KeyNo, scope: Scope) -> Option<Named> {
        let (shared, sensitive) = match scope {
            Scope::Shared | Scope::ObjectShared => (true, false),
            Scope::Transient | Scope::Secure | Scope::ObjectTransient => (false, true),
            Scope::Any => (true, true),
        };
        let found = |wanted: bool, sensitive: bool| {
            let writer = self.touches.writer(key, sensitive);
            writer.filter(|_| wanted)
        };
        let (journey, state) = found(sensitive, true).or_else(|| found(shared, false))?;
        named(self.program, self.flows, journey, state)
    }

    /// The last node of a run that writes a key into transient state, and the inner journey that this was
    /// in, where the run has left it since.
    fn last_writer(&self, run: &Counterexample, key: KeyNo) -> Option<(Named, Option<Named>)> {
        for step in run.steps.iter().rev() {
            let Some(flow) = self.flows.get(step.journey) else {
                continue;
            };
            let puts = |state: &u32| {
                let writes = &self.touches.of(step.journey, *state).writes;
                writes
                    .iter()
                    .any(|write| write.key == key && write.sensitive)
            };
            let Some(state) = later_first(flow, step.node).into_iter().find(puts) else {
                continue;
            };
            let writer = named(self.program, self.flows, step.journey, state)?;
            let left = !run.end.calls.starts_with(&step.calls);
            let common = run
                .end
                .calls
                .iter()
                .zip(step.calls.iter())
                .take_while(|(a, b)| a == b)
                .count();
            let inner = step.calls.get(common).filter(|_| left);
            let inner = inner.and_then(|(journey, node)| {
                named(self.program, self.flows, *journey, Flow::of_node(*node))
            });
            return Some((writer, inner));
        }
        None
    }

    /// A key that is written somewhere and is spelt almost like this one.
    fn near(&self, key: KeyNo) -> Option<KeyNo> {
        let names = &self.touches.names;
        let wanted = names.name(key);
        let other = |one: &KeyNo| *one != key && names.is_member(*one) == names.is_member(key);
        let written: Vec<KeyNo> = self.touches.written().filter(other).collect();
        let candidates: Vec<&str> = written.iter().map(|key| names.name(*key)).collect();
        let near = crate::spelling::nearest(wanted, candidates)?;
        written.into_iter().find(|key| names.name(*key) == near)
    }
}

/// The states of a node: one, or one for each child of a page, the last first.
fn later_first(flow: &Flow, node: NodeIndex<u32>) -> Vec<u32> {
    let mut states: Vec<u32> = flow.states_of(node).collect();
    states.reverse();
    states
}

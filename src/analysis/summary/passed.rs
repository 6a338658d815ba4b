//! The checks that every run to success has passed.
//!
//! A check is an outcome of a node that might have left otherwise and does not prove a factor: an account
//! that is active, a captcha that was solved, a guard that holds. What a person chooses from a list is no
//! check, and neither is the outcome of a limiter. Checks are known by their type and outcome, or by their
//! condition, so that nodes may be renamed, moved and copied. The sets are worked out by one pass over the
//! states, joining by what all ways have in common.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use crate::{
    analysis::{
        counterexample::{self, Counterexample},
        explore::explore,
        flow::{self, Exit, Flow, Flows, Leave, Only, StateKind},
        phase::{ARMED, Phase},
        space::{Mark, Space},
        summary::without::is_shut,
    },
    model::{
        expr::Expr,
        journey::{Guard, Journey, JourneyId, Node, NodeKind, Task},
        program::Program,
        signature::{Known, Outcomes},
    },
};

/// A check: what was passed, as it is told apart and shown.
pub(crate) type Check = Arc<str>;

/// By journey, the checks that every success has passed.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    sets: Vec<BTreeSet<Check>>,
    /// Whether the program has more checks than are told apart.
    pub(crate) cut_short: bool,
}

impl Passed {
    /// The checks of a journey.
    pub(crate) fn of(&self, journey: JourneyId) -> impl Iterator<Item = &Check> {
        self.sets.get(journey.index()).into_iter().flatten()
    }

    /// Whether this check is among those of a journey.
    pub(crate) fn has(&self, journey: JourneyId, check: &Check) -> bool {
        let set = self.sets.get(journey.index());
        set.is_some_and(|set| set.contains(check))
    }
}

/// How many checks are told apart.
const CHECKS_MAX: usize = 4_096;

/// A set of checks by number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn add(&mut self, at: usize) {
        let word = at / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (at % 64);
        }
    }

    fn unite(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine |= theirs;
        }
    }

    /// Keeps what both have; whether anything went.
    fn meet(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (at, mine) in self.0.iter_mut().enumerate() {
            let kept = *mine & other.0.get(at).copied().unwrap_or(0);
            changed |= kept != *mine;
            *mine = kept;
        }
        changed
    }

    fn has(&self, at: usize) -> bool {
        let word = self.0.get(at / 64).copied().unwrap_or(0);
        word & 1 << (at % 64) != 0
    }
}

#[derive(Default)]
struct Numbers {
    known: BTreeMap<Check, usize>,
    full: bool,
}

impl Numbers {
    fn of(&mut self, check: String) -> Option<usize> {
        if let Some(number) = self.known.get(&*check) {
            return Some(*number);
        }
        if self.known.len() >= CHECKS_MAX {
            self.full = true;
            return None;
        }
        let number = self.known.len();
        self.known.insert(Arc::from(check), number);
        Some(number)
    }
}

/// The checks that every success has passed on which nothing says that one of the conditions is true, by
/// journey.
pub(super) fn of(program: &Program, flows: &Flows, without: &[Expr]) -> Passed {
    let mut numbers = Numbers::default();
    let mut ends: Vec<Vec<Option<Bits>>> = vec![Vec::new(); program.journeys.len()];
    for id in &flows.order {
        let (Some(journey), Some(flow)) = (program.journey(*id), flows.get(*id)) else {
            continue;
        };
        let found = pass(
            (program, flows, without),
            (journey, flow),
            &ends,
            &mut numbers,
        );
        if let Some(place) = ends.get_mut(id.index()) {
            *place = found;
        }
    }
    let set = |ends: &Vec<Option<Bits>>| {
        let success = ends.get(Exit::Success.number()).and_then(Option::as_ref);
        let passed =
            |(_, number): &(&Check, &usize)| success.is_some_and(|bits| bits.has(**number));
        let known = numbers.known.iter().filter(passed);
        known.map(|(check, _)| Arc::clone(check)).collect()
    };
    Passed {
        sets: ends.iter().map(set).collect(),
        cut_short: numbers.full,
    }
}

/// By way to end, what all runs of one journey have passed there.
fn pass(
    (program, flows, without): (&Program, &Flows, &[Expr]),
    (journey, flow): (&Journey, &Flow),
    inner: &[Vec<Option<Bits>>],
    numbers: &mut Numbers,
) -> Vec<Option<Bits>> {
    let checks: Vec<Option<usize>> = flow
        .arcs
        .iter()
        .map(|arc| {
            // Where conditions are set aside, they are not told as checks besides.
            let is_condition = matches!(
                flow.state(arc.from)
                    .and_then(|s| journey.graph.node_weight(s.node)),
                Some(Node {
                    kind: NodeKind::Decision(_),
                    ..
                })
            );
            if is_condition && !without.is_empty() {
                return None;
            }
            check_of(program, journey, flow, arc).and_then(|check| numbers.of(check))
        })
        .collect();
    let mut at: Vec<Option<Bits>> = vec![None; flow.states.len()];
    let mut queued = vec![false; flow.states.len()];
    if let Some(start) = at.get_mut(flow.start as usize) {
        *start = Some(Bits::default());
    }
    let mut open = VecDeque::from([flow.start]);
    while let Some(state) = open.pop_front() {
        if let Some(queued) = queued.get_mut(state as usize) {
            *queued = false;
        }
        let Some(here) = at.get(state as usize).cloned().flatten() else {
            continue;
        };
        for (id, arc) in flow.leaving(state) {
            if is_shut(journey, flow, arc, without) {
                continue;
            }
            if arc.is_shut() || arc.only == Only::Done || !flow.returns(arc, &flows.ends) {
                continue;
            }
            let mut bits = here.clone();
            if let Some(check) = checks.get(id as usize).copied().flatten() {
                bits.add(check);
            }
            if let (Some(StateKind::Call(callee)), Some(exit)) =
                (flow.state(state).map(|state| state.kind), arc.via)
                && let Some(Some(passed)) = inner
                    .get(callee.index())
                    .and_then(|ends| ends.get(exit.number()))
            {
                bits.unite(passed);
            }
            let Some(place) = at.get_mut(arc.to as usize) else {
                continue;
            };
            let changed = match place {
                None => {
                    *place = Some(bits);
                    true
                }
                Some(known) => known.meet(&bits),
            };
            if changed
                && let Some(queued) = queued.get_mut(arc.to as usize)
                && !*queued
            {
                *queued = true;
                open.push_back(arc.to);
            }
        }
    }
    let mut ends: Vec<Option<Bits>> = vec![None; Exit::COUNT];
    for (state, bits) in flow.states.iter().zip(at) {
        let (StateKind::Exit(exit), Some(bits)) = (state.kind, bits) else {
            continue;
        };
        match ends.get_mut(exit.number()) {
            Some(place @ None) => *place = Some(bits),
            Some(Some(known)) => {
                known.meet(&bits);
            }
            None => {}
        }
    }
    ends
}

/// The check that taking an arc means.
fn check_of(program: &Program, journey: &Journey, flow: &Flow, arc: &flow::Arc) -> Option<String> {
    let state = flow.state(arc.from)?;
    let node = journey.graph.node_weight(state.node)?;
    let (Leave::Outcome(outcome) | Leave::Next(outcome)) = arc.leave else {
        return None;
    };
    match &node.kind {
        NodeKind::Decision(arms) => Some(guard_text(program, arms, outcome.index())),
        NodeKind::Task(_) | NodeKind::Page(_) if arc.proves.is_some() => None,
        NodeKind::Task(task) => task_check(program, task, &node.outcomes, outcome.index()),
        NodeKind::Page(page) => {
            let child = page.children.get(usize::from(state.child))?;
            task_check(program, &child.task, &child.outcomes, outcome.index())
        }
        NodeKind::Inner(_) | NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => None,
    }
}

fn task_check(
    program: &Program,
    task: &Task,
    outcomes: &[Arc<str>],
    outcome: usize,
) -> Option<String> {
    let signature = program.catalog.get(task.ty)?;
    let authored = matches!(signature.outcomes, Outcomes::Authored { .. });
    let chosen = authored && signature.asks == Known::Is(true);
    if outcomes.len() < 2 || chosen || signature.limits.is_some() {
        return None;
    }
    Some(format!("{}.{}", signature.name, outcomes.get(outcome)?))
}

/// The condition of an arm; that of `else` is that no other holds.
fn guard_text(program: &Program, arms: &[Guard], at: usize) -> String {
    let text = |arm: &Guard| {
        let condition = arm.condition.as_ref();
        condition.map(|condition| condition.text(&program.keys))
    };
    if let Some(condition) = arms.get(at).and_then(text) {
        return condition;
    }
    let others: Vec<String> = arms.iter().filter_map(text).collect();
    format!("none of {}", others.join("; "))
}

/// A shortest run to success that does not pass this check.
pub(super) fn run_around(
    mut space: Space<'_>,
    journey: &Journey,
    check: &Check,
) -> Option<Counterexample> {
    let (program, flows) = (space.program, space.flows);
    for instance in &mut space.instances {
        let (Some(at), Some(flow)) = (
            program.journey(instance.journey),
            flows.get(instance.journey),
        ) else {
            continue;
        };
        for (id, arc) in (0..).zip(&flow.arcs) {
            if check_of(program, at, flow, arc).as_deref() == Some(&**check) {
                instance.mark_arc(flow, id, Mark::CUT);
            }
        }
    }
    let flow = flows.get(journey.id)?;
    let outermost = space.instances.first_mut()?;
    outermost.mark_state(flow, Flow::of_node(journey.success), Mark::GOAL);
    let phase = Phase::Passing;
    let explored = explore(&space, &phase, Flow::of_node(journey.start), ARMED);
    counterexample::of_best(&space, &phase, &explored)
}

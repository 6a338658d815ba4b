//! What success is asked for besides: the properties that speak of it, held at run time too.
//!
//! In: the `ensure` lines of a program, those of guards among them. Out: for each journey what its success
//! needs, and for each node which of that is met by passing it. A property is an obligation where it says
//! that every path to `success` passes something, that `success` never follows something, or that the level
//! is so high there. The proofs have shown all of them before anything is linked; what is done here can only
//! refuse a run, and does where the proofs, a node type or a signature were wrong.
//!
//! Deliberately not here: properties of other places than success, how often a place is passed, values, and
//! faces, which the proofs alone hold. Lines that an `allow ensure_failed` covers are not held either.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::graph::NodeIndex;

use crate::{
    codes,
    engine::{
        plan::{Kind, NOWHERE, Plan},
        step::FailureReason,
        turn::Turn,
    },
    model::{
        catalog::TypeId,
        journey::{Allow, Journey, JourneyId, NodeKind, OutcomeId, Task},
        level::AuthLevel,
        program::Program,
        property::{At, Ensure, Place, PlaceKind, Point, Property},
        signature::Factor,
    },
};

/// What the success of a journey needs.
#[derive(Debug)]
pub(crate) struct Obligation {
    /// The label of the line.
    label: Arc<str>,
    need: Need,
}

#[derive(Debug)]
enum Need {
    /// One of these was passed.
    OneOf(Vec<Passage>),
    /// This was not.
    Not(Passage),
    /// The level is at least this.
    Level(AuthLevel),
}

/// What can be passed.
#[derive(Debug)]
enum Passage {
    /// A place, by its text; what it stands for is where the marks are.
    Place(Arc<str>),
    /// A proof of whoever is named at the end.
    Proof(Factor),
}

/// A place of an obligation, at the node where it is passed.
#[derive(Debug)]
struct Mark {
    at: MarkAt,
    /// The journey whose obligation it is.
    owner: u32,
    /// The nodes that call inner journeys on the way from there to here, the outermost first; `None` for
    /// any.
    calls: Option<Vec<u32>>,
    text: Arc<str>,
}

/// How a node is passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkAt {
    Entered,
    Left(OutcomeId),
    Failed,
    /// The child of this number is visited.
    Child(u16),
    /// It has ended in this outcome of its own.
    ChildLeft(u16, OutcomeId),
}

/// The obligations of a plan.
#[derive(Debug, Default)]
pub(crate) struct Obligations {
    /// By journey.
    of: Vec<Vec<Obligation>>,
    /// By node.
    marks: BTreeMap<u32, Vec<Mark>>,
}

impl Obligations {
    /// Those of a program; `number` says which node of the plan a node of a journey is.
    pub(crate) fn of(
        program: &Program,
        number: impl Fn(usize, NodeIndex<u32>) -> Option<u32>,
    ) -> Self {
        let mut collected = Collect {
            program,
            number,
            made: Self {
                of: program.journeys.iter().map(|_| Vec::new()).collect(),
                marks: BTreeMap::new(),
            },
        };
        for journey in &program.journeys {
            if !allows_broken(&journey.allows) {
                for ensure in &journey.ensures {
                    collected.add(journey, ensure);
                }
            }
        }
        for (id, ensure) in program.guards.iter().flat_map(|guard| &guard.holds) {
            if let Some(journey) = program.journeys.get(id.index()) {
                collected.add(journey, ensure);
            }
        }
        collected.made
    }

    /// Whether passing a node can meet something.
    pub(crate) fn is_marked(&self, node: u32) -> bool {
        self.marks.contains_key(&node)
    }
}

/// Whether an `allow` line lets properties of the journey fail.
fn allows_broken(allows: &[Allow]) -> bool {
    let mut codes = allows.iter().flat_map(|allow| &allow.codes);
    codes.any(|(code, _)| **code == *codes::ENSURE_FAILED.word)
}

struct Collect<'a, N> {
    program: &'a Program,
    number: N,
    made: Obligations,
}

impl<N: Fn(usize, NodeIndex<u32>) -> Option<u32>> Collect<'_, N> {
    fn add(&mut self, journey: &Journey, ensure: &Ensure) {
        if ensure.from != journey.start {
            return;
        }
        let need = match &ensure.property {
            Property::EveryPath { to, passes } if is_success(journey, to) => Need::OneOf(
                passes
                    .iter()
                    .map(|place| self.passage(journey, place))
                    .collect(),
            ),
            Property::Never { what, after } if is_success(journey, what) => {
                Need::Not(self.passage(journey, after))
            }
            Property::LevelAtLeast { level, place } if is_success(journey, place) => {
                Need::Level(*level)
            }
            Property::EveryPath { .. }
            | Property::Never { .. }
            | Property::LevelAtLeast { .. }
            | Property::Has { .. }
            | Property::Holds { .. }
            | Property::SameFace { .. }
            | Property::AtMost { .. } => return,
        };
        if let Some(of) = self.made.of.get_mut(journey.id.index()) {
            of.push(Obligation {
                label: Arc::clone(&ensure.label),
                need,
            });
        }
    }

    fn passage(&mut self, journey: &Journey, place: &Place) -> Passage {
        match &place.kind {
            PlaceKind::Proof(factor) => return Passage::Proof(*factor),
            PlaceKind::Points(points) => {
                for point in points {
                    self.point(journey.id, point, &place.text);
                }
            }
            PlaceKind::Any(ty, outcome) => {
                self.any(journey.id, *ty, outcome.as_deref(), &place.text);
            }
        }
        Passage::Place(Arc::clone(&place.text))
    }

    fn point(&mut self, owner: JourneyId, point: &Point, text: &Arc<str>) {
        let calls: Option<Vec<u32>> = point
            .calls
            .iter()
            .map(|(journey, node)| (self.number)(journey.index(), *node))
            .collect();
        let node = (self.number)(point.journey.index(), point.node);
        // A point that is nowhere is never passed: what needs it is refused.
        let (Some(calls), Some(node)) = (calls, node) else {
            return;
        };
        let at = match point.at {
            At::Node => MarkAt::Entered,
            At::Outcome(outcome) => MarkAt::Left(outcome),
            At::Error => MarkAt::Failed,
            At::Child(child) => MarkAt::Child(child),
            At::ChildOutcome(child, outcome) => MarkAt::ChildLeft(child, outcome),
        };
        self.mark(node, at, owner, Some(calls), text);
    }

    /// Every node of a type, at any depth.
    fn any(&mut self, owner: JourneyId, ty: TypeId, outcome: Option<&str>, text: &Arc<str>) {
        let named = |outcomes: &[Arc<str>], name: &str| {
            let at = outcomes.iter().position(|outcome| &**outcome == name)?;
            u16::try_from(at).ok().map(OutcomeId)
        };
        let program = self.program;
        for (at, journey) in program.journeys.iter().enumerate() {
            for index in journey.graph.node_indices() {
                let (Some(node), Some(id)) =
                    (journey.graph.node_weight(index), (self.number)(at, index))
                else {
                    continue;
                };
                let is_it = |task: &Task| program.catalog.kind(task.ty) == ty;
                match &node.kind {
                    NodeKind::Task(task) if is_it(task) => {
                        let passed = match outcome {
                            None => Some(MarkAt::Entered),
                            Some(name) => named(&node.outcomes, name).map(MarkAt::Left),
                        };
                        if let Some(passed) = passed {
                            self.mark(id, passed, owner, None, text);
                        }
                    }
                    NodeKind::Page(page) => {
                        for (number, child) in (0..).zip(&page.children) {
                            if !is_it(&child.task) {
                                continue;
                            }
                            let passed = match outcome {
                                None => Some(MarkAt::Child(number)),
                                Some(name) => named(&child.outcomes, name)
                                    .map(|outcome| MarkAt::ChildLeft(number, outcome)),
                            };
                            if let Some(passed) = passed {
                                self.mark(id, passed, owner, None, text);
                            }
                        }
                    }
                    NodeKind::Task(_)
                    | NodeKind::Decision(_)
                    | NodeKind::Inner(_)
                    | NodeKind::Success
                    | NodeKind::Failure
                    | NodeKind::LooseEnd => {}
                }
            }
        }
    }

    fn mark(
        &mut self,
        node: u32,
        at: MarkAt,
        owner: JourneyId,
        calls: Option<Vec<u32>>,
        text: &Arc<str>,
    ) {
        self.made.marks.entry(node).or_default().push(Mark {
            at,
            owner: owner.0,
            calls,
            text: Arc::clone(text),
        });
    }
}

/// Whether a place is the success of the journey itself, and nothing else.
fn is_success(journey: &Journey, place: &Place) -> bool {
    let PlaceKind::Points(points) = &place.kind else {
        return false;
    };
    !points.is_empty()
        && points.iter().all(|point| {
            let node = journey.graph.node_weight(point.node);
            point.calls.is_empty()
                && point.journey == journey.id
                && point.at == At::Node
                && node.is_some_and(|node| matches!(node.kind, NodeKind::Success))
        })
}

/// The places that a run has passed in one journey on its way, sorted.
pub(crate) type Passed = Vec<Arc<str>>;

impl Turn<'_> {
    /// Notes that the node at hand is passed, where anything depends on it.
    #[inline]
    pub(crate) fn pass_by(&mut self, node: u32, at: MarkAt) {
        if self.plan.node(node).is_some_and(|node| node.marked) {
            self.note_passed(node, at);
        }
    }

    fn note_passed(&mut self, node: u32, at: MarkAt) {
        let plan = self.plan;
        let Some(marks) = plan.obligations.marks.get(&node) else {
            return;
        };
        for mark in marks.iter().filter(|mark| mark.at == at) {
            let depth = self.run.frames.len();
            let owners = match &mark.calls {
                None => 0..=depth,
                Some(calls) => match depth.checked_sub(calls.len()) {
                    Some(owner) if self.called_by(owner, calls) => owner..=owner,
                    _ => continue,
                },
            };
            for owner in owners {
                if self.journey_at(owner) == Some(mark.owner) {
                    self.keep_passed(owner, &mark.text);
                }
            }
        }
    }

    /// Whether the calls from a depth on are these.
    fn called_by(&self, depth: usize, calls: &[u32]) -> bool {
        let frames = self.run.frames.get(depth..).unwrap_or_default();
        frames.len() == calls.len()
            && frames
                .iter()
                .zip(calls)
                .all(|(frame, call)| frame.caller == *call)
    }

    /// The journey that a run is in at a depth of calls.
    fn journey_at(&self, depth: usize) -> Option<u32> {
        let Some(above) = depth.checked_sub(1) else {
            return Some(self.run.journey);
        };
        let caller = self.run.frames.get(above)?.caller;
        let node = self.plan.node(caller)?;
        (node.kind == Kind::Inner).then_some(node.body)
    }

    fn keep_passed(&mut self, depth: usize, text: &Arc<str>) {
        // A frame keeps what the journey that waits in it has passed.
        let passed = match self.run.frames.get_mut(depth) {
            Some(frame) => &mut frame.passed,
            None => &mut self.run.passed,
        };
        if let Err(at) = passed.binary_search(text) {
            passed.insert(at, Arc::clone(text));
        }
    }

    /// The first obligation of the journey at hand that is not met.
    pub(crate) fn unmet(&self) -> Option<FailureReason> {
        let plan: &Plan = self.plan;
        let journey = self.journey_at(self.run.frames.len()).unwrap_or(NOWHERE);
        let obligations = plan.obligations.of.get(journey as usize)?;
        let unmet = obligations
            .iter()
            .find(|obligation| !self.meets(&obligation.need))?;
        Some(FailureReason::EnsureUnmet {
            ensure: Arc::clone(&unmet.label),
        })
    }

    fn meets(&self, need: &Need) -> bool {
        match need {
            Need::OneOf(passages) => passages.iter().any(|passage| self.has_passed(passage)),
            Need::Not(passage) => !self.has_passed(passage),
            Need::Level(level) => self.run.level >= *level,
        }
    }

    fn has_passed(&self, passage: &Passage) -> bool {
        match passage {
            Passage::Place(text) => self.run.passed.binary_search(text).is_ok(),
            Passage::Proof(factor) => {
                let proofs = &self.run.proofs;
                proofs.subject.as_ref().is_some_and(|subject| {
                    let of = |proof: &crate::engine::step::Evidence| {
                        proof.subject == subject.id && proof.factor == *factor
                    };
                    proofs.evidence.iter().any(of)
                })
            }
        }
    }
}

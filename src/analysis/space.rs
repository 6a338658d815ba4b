//! Where a run can be: a journey with the chain of callers that a property tells apart.
//!
//! In: the flows and the places of a property. Out: *instances*, one for each journey and one more for
//! each chain of inner-journey nodes that a place walks into, and the marks of the places on their states
//! and arcs. Chains that no place names share one instance, so nothing is inlined.

use std::{collections::BTreeMap, sync::Arc};

use petgraph::graph::NodeIndex;

use crate::{
    analysis::flow::{Exit, Flow, Flows, Leave, State, StateKind},
    model::{
        catalog::{Catalog, TypeId},
        journey::{Journey, JourneyId, NodeKind},
        program::Program,
        property::{At, Place, PlaceKind, Point},
        signature::Factor,
    },
};

/// What an event of a run means to a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(pub(super) u8);

impl Mark {
    /// The property does not look past it.
    pub(super) const CUT: Self = Self(1);
    /// What must not be reached while armed.
    pub(super) const GOAL: Self = Self(2);
    /// Arms the goal.
    pub(super) const ARM: Self = Self(4);
    /// Disarms the goal; where both stand, it comes last.
    pub(super) const DISARM: Self = Self(8);

    /// Whether this mark is among `marks`.
    pub(super) fn within(self, marks: u8) -> bool {
        marks & self.0 != 0
    }
}

/// The number of an instance.
pub(super) type InstanceId = u32;

/// A journey with the callers that are told apart.
#[derive(Debug)]
pub(super) struct Instance {
    /// Its number.
    pub(super) id: InstanceId,
    /// The journey.
    pub(super) journey: JourneyId,
    /// Whether it is where runs begin.
    pub(super) outermost: bool,
    chain: Option<usize>,
    calls: BTreeMap<u32, InstanceId>,
    states: Vec<u8>,
    arcs: Vec<u8>,
}

impl Instance {
    fn new(id: InstanceId, journey: JourneyId, chain: Option<usize>) -> Self {
        Self {
            id,
            journey,
            outermost: id == 0,
            chain,
            calls: BTreeMap::new(),
            states: Vec::new(),
            arcs: Vec::new(),
        }
    }

    /// The instance that a state calls.
    pub(super) fn callee(&self, state: u32) -> Option<InstanceId> {
        self.calls.get(&state).copied()
    }

    /// The marks on a state.
    pub(super) fn on_state(&self, state: u32) -> u8 {
        self.states.get(state as usize).copied().unwrap_or(0)
    }

    /// The marks on an arc.
    pub(super) fn on_arc(&self, arc: u32) -> u8 {
        self.arcs.get(arc as usize).copied().unwrap_or(0)
    }

    /// Adds a mark to a state.
    pub(super) fn mark_state(&mut self, flow: &Flow, state: u32, mark: Mark) {
        if self.states.is_empty() {
            self.states = vec![0; flow.states.len()];
        }
        if let Some(marks) = self.states.get_mut(state as usize) {
            *marks |= mark.0;
        }
    }

    /// Adds a mark to an arc.
    pub(super) fn mark_arc(&mut self, flow: &Flow, arc: u32, mark: Mark) {
        if self.arcs.is_empty() {
            self.arcs = vec![0; flow.arcs.len()];
        }
        if let Some(marks) = self.arcs.get_mut(arc as usize) {
            *marks |= mark.0;
        }
    }
}

/// All instances that a run of one journey can be in; the first is the journey itself.
#[derive(Debug)]
pub(super) struct Space<'a> {
    /// The program.
    pub(super) program: &'a Program,
    /// Its flows.
    pub(super) flows: &'a Flows,
    /// The instances.
    pub(super) instances: Vec<Instance>,
    chains: Vec<BTreeMap<u32, usize>>,
}

impl<'a> Space<'a> {
    /// The instances of runs of a journey, told apart as far as these places do.
    pub(super) fn new(
        program: &'a Program,
        flows: &'a Flows,
        journey: JourneyId,
        places: &[&Place],
    ) -> Self {
        let mut space = Self {
            program,
            flows,
            instances: Vec::new(),
            chains: vec![BTreeMap::new()],
        };
        for place in places {
            if let PlaceKind::Points(points) = &place.kind {
                for point in points {
                    space.add_chain(&point.calls);
                }
            }
        }
        space.instantiate(journey);
        space
    }

    /// The instances of runs of any journey, none told apart by its callers but for whether it has any.
    pub(super) fn of_all(program: &'a Program, flows: &'a Flows) -> Self {
        let count = u32::try_from(program.journeys.len()).unwrap_or(u32::MAX);
        let instance = |id: u32, journey: JourneyId, outermost: bool| {
            let calls = flows.get(journey).into_iter().flat_map(Flow::calls);
            Instance {
                outermost,
                calls: calls.map(|(state, inner)| (state, inner.0)).collect(),
                ..Instance::new(id, journey, None)
            }
        };
        let inner = (0..count).map(|at| instance(at, JourneyId(at), false));
        let outer = (0..count).map(|at| instance(count.saturating_add(at), JourneyId(at), true));
        Self {
            program,
            flows,
            instances: inner.chain(outer).collect(),
            chains: Vec::new(),
        }
    }

    /// Among the instances of all journeys, that in which runs of one begin.
    pub(super) fn outermost(&self, journey: JourneyId) -> InstanceId {
        let count = u32::try_from(self.program.journeys.len()).unwrap_or(u32::MAX);
        count.saturating_add(journey.0)
    }

    fn add_chain(&mut self, calls: &[(JourneyId, NodeIndex<u32>)]) {
        let mut at = 0;
        for (_, node) in calls {
            let state = Flow::of_node(*node);
            let next = self.chains.len();
            let Some(chain) = self.chains.get_mut(at) else {
                return;
            };
            at = *chain.entry(state).or_insert(next);
            if at == next {
                self.chains.push(BTreeMap::new());
            }
        }
    }

    fn instantiate(&mut self, journey: JourneyId) {
        let mut known: BTreeMap<(JourneyId, Option<usize>), InstanceId> = BTreeMap::new();
        known.insert((journey, Some(0)), 0);
        self.instances.push(Instance::new(0, journey, Some(0)));
        let mut next = 0;
        while let Some(instance) = self.instances.get(next) {
            let chain = instance.chain;
            let mut calls = BTreeMap::new();
            let flow = self.flows.get(instance.journey);
            for (state, inner) in flow.into_iter().flat_map(Flow::calls) {
                let chain = chain
                    .and_then(|at| self.chains.get(at))
                    .and_then(|chain| chain.get(&state).copied());
                let new = u32::try_from(self.instances.len()).unwrap_or(u32::MAX);
                let id = *known.entry((inner, chain)).or_insert(new);
                if id == new {
                    self.instances.push(Instance::new(new, inner, chain));
                }
                calls.insert(state, id);
            }
            if let Some(instance) = self.instances.get_mut(next) {
                instance.calls = calls;
            }
            next += 1;
        }
    }

    /// An instance.
    pub(super) fn instance(&self, id: InstanceId) -> Option<&Instance> {
        self.instances.get(id as usize)
    }

    /// The flow of an instance.
    pub(super) fn flow(&self, id: InstanceId) -> Option<&'a Flow> {
        self.flows.get(self.instance(id)?.journey)
    }

    /// Puts a mark on everything that a place means.
    pub(super) fn mark(&mut self, place: &Place, mark: Mark) {
        match &place.kind {
            PlaceKind::Points(points) => {
                for point in points {
                    self.mark_point(point, mark);
                }
            }
            PlaceKind::Any(ty, outcome) => self.mark_type(*ty, outcome.as_deref(), mark),
            PlaceKind::Proof(factor) => self.mark_proof(*factor, mark),
        }
    }

    fn mark_point(&mut self, point: &Point, mark: Mark) {
        let mut id = 0;
        for (_, node) in &point.calls {
            let Some(next) = self
                .instance(id)
                .and_then(|i| i.callee(Flow::of_node(*node)))
            else {
                return;
            };
            id = next;
        }
        let flows = self.flows;
        let (Some(instance), Some(flow)) = (
            self.instances.get_mut(id as usize),
            flows.get(point.journey),
        ) else {
            return;
        };
        if instance.journey != point.journey {
            return;
        }
        match point.at {
            At::Node => {
                instance.mark_state(flow, Flow::of_node(point.node), mark);
                // Outside, a run that ends in an error or at a loose end has failed.
                let fails = flow
                    .state(Flow::of_node(point.node))
                    .is_some_and(|state| state.kind == StateKind::Exit(Exit::Failure));
                if fails && instance.outermost {
                    for (at, state) in (0..).zip(&flow.states) {
                        if matches!(state.kind, StateKind::Exit(Exit::Raise | Exit::Loose)) {
                            instance.mark_state(flow, at, mark);
                        }
                    }
                }
            }
            At::Child(child) => {
                for at in flow.states_of_child(point.node, child) {
                    instance.mark_state(flow, at, mark);
                }
            }
            At::Outcome(_) | At::Error | At::ChildOutcome(..) => {
                for (id, arc) in (0..).zip(&flow.arcs) {
                    let Some(state) = flow.state(arc.from) else {
                        continue;
                    };
                    if state.node == point.node && leaves_by(state.child, arc.leave, point.at) {
                        instance.mark_arc(flow, id, mark);
                    }
                }
            }
        }
    }

    fn mark_type(&mut self, ty: TypeId, outcome: Option<&str>, mark: Mark) {
        let (program, flows) = (self.program, self.flows);
        for instance in &mut self.instances {
            let (Some(journey), Some(flow)) = (
                program.journey(instance.journey),
                flows.get(instance.journey),
            ) else {
                continue;
            };
            for (at, state) in (0..).zip(&flow.states) {
                let Some(outcomes) = outcomes_of(&program.catalog, journey, state, ty) else {
                    continue;
                };
                let Some(name) = outcome else {
                    instance.mark_state(flow, at, mark);
                    continue;
                };
                for (id, arc) in flow.leaving(at) {
                    let outcome = arc.outcome();
                    let named = outcome.and_then(|outcome| outcomes.get(outcome.index()));
                    if named.is_some_and(|named| &**named == name) {
                        instance.mark_arc(flow, id, mark);
                    }
                }
            }
        }
    }

    fn mark_proof(&mut self, factor: Factor, mark: Mark) {
        let flows = self.flows;
        for instance in &mut self.instances {
            let Some(flow) = flows.get(instance.journey) else {
                continue;
            };
            for (id, arc) in (0..).zip(&flow.arcs) {
                if arc.proves == Some(factor) {
                    instance.mark_arc(flow, id, mark);
                }
            }
        }
    }
}

/// The outcomes of a state whose node, or child of a page, is of this type; none where it is not.
pub(super) fn outcomes_of<'j>(
    catalog: &Catalog,
    journey: &'j Journey,
    state: &State,
    ty: TypeId,
) -> Option<&'j [Arc<str>]> {
    let node = journey.graph.node_weight(state.node)?;
    match &node.kind {
        NodeKind::Task(task) if catalog.kind(task.ty) == ty => Some(&node.outcomes),
        NodeKind::Page(page) => {
            let child = page.children.get(usize::from(state.child))?;
            (catalog.kind(child.task.ty) == ty).then_some(&*child.outcomes)
        }
        NodeKind::Task(_)
        | NodeKind::Decision(_)
        | NodeKind::Inner(_)
        | NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd => None,
    }
}

/// Whether an arc that leaves a state (of child `child`) is the point `at` of its node.
pub(super) fn leaves_by(child: u16, leave: Leave, at: At) -> bool {
    match (at, leave) {
        (At::Outcome(wanted), Leave::Outcome(outcome)) => wanted == outcome,
        (At::ChildOutcome(of, wanted), Leave::Outcome(outcome) | Leave::Next(outcome)) => {
            of == child && wanted == outcome
        }
        (At::Error, Leave::Error) => true,
        (
            At::Node | At::Child(_) | At::Outcome(_) | At::ChildOutcome(..) | At::Error,
            Leave::Next(_) | Leave::Past | Leave::Outcome(_) | Leave::Error | Leave::Unhandled,
        ) => false,
    }
}

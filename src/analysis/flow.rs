//! A journey as every check sees it: states, arcs, and what is known of each.
//!
//! In: the graph of a journey and the signatures. Out: a flat table of states and arcs. A page becomes
//! one state for each child, so that places inside pages need no rules of their own; the page and its
//! first child are one state. An inner journey stays one state whose arcs are named by the way the inner
//! journey ends. Errors are arcs: to the written target, else out of the journey. Which properties hold
//! on these arcs is decided elsewhere.

use std::cell::OnceCell;

use petgraph::{graph::NodeIndex, visit::EdgeRef};

use crate::{
    analysis::{component::Arcs, evidence::Fates},
    model::{
        address::{Addresses, Stated},
        catalog::Catalog,
        expr::{Expr, Function, Slot},
        journey::{
            Child, Edge, Guard, Journey, JourneyId, Node, NodeKind, On, OutcomeId, SettingValue,
            Task,
        },
        program::Program,
        signature::{self, Challenge, Factor, Known, LevelChange, Presence, Signature},
    },
};

/// How a journey ends, as its caller sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Exit {
    /// At success.
    Success,
    /// At failure.
    Failure,
    /// At a declared loose end, its own or one further in.
    Loose,
    /// In an error that nothing inside takes: a node that calls out or may miss a value has failed.
    Raise,
    /// In an error of a node of which none is expected. Only a written arrow makes it count.
    Stumble,
}

impl Exit {
    /// How many ways there are.
    pub(super) const COUNT: usize = 5;

    /// The place of this way in a list of all.
    pub(super) fn number(self) -> usize {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Loose => 2,
            Self::Raise => 3,
            Self::Stumble => 4,
        }
    }
}

/// A set of ways to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Exits(u8);

impl Exits {
    /// Whether this way is among them.
    pub(super) fn has(self, exit: Exit) -> bool {
        self.0 & Self::bit(exit) != 0
    }

    /// Adds a way.
    pub(super) fn add(&mut self, exit: Exit) {
        self.0 |= Self::bit(exit);
    }

    fn bit(exit: Exit) -> u8 {
        1 << exit.number()
    }
}

/// What a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StateKind {
    /// A node, a page with its first child, or a later child of a page.
    Step,
    /// A call of an inner journey.
    Call(JourneyId),
    /// An end.
    Exit(Exit),
}

/// A state.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// What it is.
    pub(super) kind: StateKind,
    /// The node; for an end without a node of its own, failure.
    pub(super) node: NodeIndex<u32>,
    /// Which child of a page; 0 for everything else.
    pub(super) child: u16,
    /// Whether every visit asks or suspends before it ends in an outcome.
    pub(super) asks: bool,
    /// Whether a visit may stop the run and wait for a person.
    pub(super) stops: bool,
    /// Whether a secret may be compared.
    pub(super) verifies: bool,
    /// Whether failing is to be expected.
    pub(super) may_fail: bool,
}

/// How an arc leaves its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leave {
    /// From one child of a page to the next, by the child's own outcome.
    Next(OutcomeId),
    /// Out of the node by an outcome.
    Outcome(OutcomeId),
    /// By the error arrow that is written.
    Error,
    /// In an error that has no arrow.
    Unhandled,
}

/// How far an arc moves the level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Raise {
    /// By this much; mostly not at all.
    By(i64),
    /// By an amount that is computed at run time.
    Unknown,
}

impl Raise {
    /// Whether the level may rise by it.
    pub(super) fn may_raise(self) -> bool {
        match self {
            Self::By(by) => by > 0,
            Self::Unknown => true,
        }
    }
}

/// For which questions an arc stands: an error in a later child of a page has passed the earlier ones, and
/// yet what they did is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Only {
    /// For all.
    Always,
    /// For what a run passes.
    Passing,
    /// For what a run has done.
    Done,
}

/// How often an arc can be taken in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// As often as one likes.
    None,
    /// At most this often.
    Times(u64),
    /// A limit that is computed at run time.
    Unknown,
}

/// What becomes of the account of whoever is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    /// Whether it is changed.
    pub(super) changes: bool,
    /// Whether it is made.
    pub(super) makes: bool,
    /// The factors that are handed out.
    pub(super) hands: Factors,
}

impl Account {
    const KEPT: Self = Self {
        changes: false,
        makes: false,
        hands: Factors(0),
    };
}

/// A set of factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Factors(pub(super) u16);

impl Factors {
    pub(super) fn of(list: &[Factor]) -> Self {
        let one = |factor: &Factor| 1 << *factor as u16;
        Self(list.iter().map(one).fold(0, |all, one: u16| all | one))
    }

    /// Whether this factor is among these.
    pub(super) fn has(self, factor: Factor) -> bool {
        Self::has_in(u32::from(self.0), factor)
    }

    /// The same of factors that a memory holds.
    pub(super) fn has_in(bits: u32, factor: Factor) -> bool {
        bits & u32::from(Self::of(&[factor]).0) != 0
    }
}

/// An arc.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, as signatures state them"
)]
pub(super) struct Arc {
    /// Where it begins.
    pub(super) from: u32,
    /// Where it leads.
    pub(super) to: u32,
    /// How it leaves.
    pub(super) leave: Leave,
    /// For a call: how the inner journey has ended.
    pub(super) via: Option<Exit>,
    /// For which questions it stands.
    pub(super) only: Only,
    /// What is proved.
    pub(super) proves: Option<Factor>,
    /// Whether a secret was compared, where one is.
    pub(super) compares: bool,
    /// What becomes of the account.
    pub(super) account: Account,
    /// Whether it is there for a name that is nobody's.
    pub(super) absent: bool,
    /// Whether the name of the identity may be written.
    pub(super) writes_identity: bool,
    /// Whether another person may be named than the one named before.
    pub(super) renames: bool,
    /// What becomes of the challenge.
    pub(super) challenge: Challenge,
    /// What becomes of the address that the state may state for a code.
    pub(super) stated: Stated,
    /// How the level moves.
    pub(super) raise: Raise,
    /// The least level with which it can be taken.
    pub(super) level_min: i64,
    /// The greatest level with which it can be taken.
    pub(super) level_max: i64,
    /// How often it can be taken.
    pub(super) bound: Bound,
}

impl Arc {
    /// Whether taking it completes a node.
    pub(super) fn completes(&self) -> bool {
        !matches!(self.leave, Leave::Next(_))
    }

    /// Whether no run can take it: a limiter that lets nothing pass.
    pub(super) fn is_shut(&self) -> bool {
        self.bound == Bound::Times(0)
    }

    /// The outcome of the node, or of the child of a page, by which it leaves.
    pub(super) fn outcome(&self) -> Option<OutcomeId> {
        match self.leave {
            Leave::Next(outcome) | Leave::Outcome(outcome) => Some(outcome),
            Leave::Error | Leave::Unhandled => None,
        }
    }

    /// Whether it is taken on an error.
    pub(super) fn is_error(&self) -> bool {
        matches!(self.leave, Leave::Error | Leave::Unhandled)
    }
}

/// A journey as states and arcs.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// Which journey.
    pub(super) journey: JourneyId,
    /// Where it starts.
    pub(super) start: u32,
    /// The states; those of nodes first, by the number of the node.
    pub(super) states: Vec<State>,
    /// The arcs, by where they begin.
    pub(super) arcs: Vec<Arc>,
    first: Vec<u32>,
    children: Vec<(u32, u32)>,
    calls: Vec<(u32, JourneyId)>,
    exits: Vec<(u32, Exit)>,
    nodes: usize,
    loops: OnceCell<Vec<u32>>,
    entering: OnceCell<Entering>,
    reached: OnceCell<Vec<bool>>,
}

/// The numbers of the arcs, by where they lead.
#[derive(Debug, Clone)]
struct Entering {
    first: Vec<u32>,
    arcs: Vec<u32>,
}

impl Entering {
    fn new(states: usize, arcs: &[Arc]) -> Self {
        let mut first = vec![0_u32; states + 1];
        for arc in arcs {
            if let Some(count) = first.get_mut(arc.to as usize) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        // Filled from behind, each count ends as the place of the first.
        let mut list = vec![0; sum as usize];
        let count = u32::try_from(arcs.len()).unwrap_or(u32::MAX);
        for (id, arc) in (0..count).zip(arcs).rev() {
            if let Some(place) = first.get_mut(arc.to as usize) {
                *place = place.saturating_sub(1);
                if let Some(place) = list.get_mut(*place as usize) {
                    *place = id;
                }
            }
        }
        Self { first, arcs: list }
    }
}

impl Flow {
    /// The flow of a journey.
    fn new(program: &Program, addresses: &Addresses, journey: &Journey) -> Self {
        Builder::new(program, addresses, journey).finish()
    }

    /// The arcs that begin at a state, with their numbers.
    pub(super) fn leaving(&self, state: u32) -> impl Iterator<Item = (u32, &Arc)> {
        let from = self.first.get(state as usize).copied().unwrap_or(0);
        let to = self.first.get(state as usize + 1).copied().unwrap_or(from);
        (from..to).filter_map(|id| self.arcs.get(id as usize).map(|arc| (id, arc)))
    }

    /// The arcs that lead to a state, with their numbers.
    pub(super) fn entering(&self, state: u32) -> impl Iterator<Item = (u32, &Arc)> {
        let into = self
            .entering
            .get_or_init(|| Entering::new(self.states.len(), &self.arcs));
        let at = |state: usize| into.first.get(state).map_or(0, |at| *at as usize);
        let ids = into.arcs.get(at(state as usize)..at(state as usize + 1));
        let ids = ids.unwrap_or(&[]).iter().copied();
        ids.filter_map(|id| self.arcs.get(id as usize).map(|arc| (id, arc)))
    }

    /// Whether an arc is on a loop of the whole flow. Whatever arcs are left out, no other is on one.
    pub(super) fn may_loop(&self, arc: &Arc) -> bool {
        let loops = self.loops.get_or_init(|| {
            let open = self.arcs.iter().filter(|arc| !arc.is_shut());
            let pairs: Vec<(u32, u32)> = open.map(|arc| (arc.from, arc.to)).collect();
            Arcs::new(self.states.len(), &pairs).components()
        });
        loops.get(arc.from as usize) == loops.get(arc.to as usize)
    }

    /// The states that can be reached from the start by some of the arcs.
    pub(super) fn reach(&self, keep: impl Fn(&Arc) -> bool) -> Vec<bool> {
        let mut seen = vec![false; self.states.len()];
        let mut open = Vec::new();
        if let Some(start) = seen.get_mut(self.start as usize) {
            *start = true;
            open.push(self.start);
        }
        while let Some(state) = open.pop() {
            for (_, arc) in self.leaving(state) {
                if let Some(seen) = seen.get_mut(arc.to as usize)
                    && !*seen
                    && keep(arc)
                {
                    *seen = true;
                    open.push(arc.to);
                }
            }
        }
        seen
    }

    /// How many of the states, the first ones, are nodes.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// A state.
    pub(super) fn state(&self, id: u32) -> Option<&State> {
        self.states.get(id as usize)
    }

    /// The state of a node.
    pub(super) fn of_node(node: NodeIndex<u32>) -> u32 {
        u32::try_from(node.index()).unwrap_or(u32::MAX)
    }

    /// The state of a child of a page; the first child is the page itself.
    pub(super) fn of_child(&self, node: NodeIndex<u32>, child: u16) -> u32 {
        let state = Self::of_node(node);
        if child == 0 {
            return state;
        }
        self.children
            .binary_search_by_key(&state, |(page, _)| *page)
            .ok()
            .and_then(|at| self.children.get(at))
            .map_or(u32::MAX, |(_, first)| first + u32::from(child) - 1)
    }

    /// The states that some run reaches, given how inner journeys can end.
    pub(super) fn reached(&self, ends: &[Exits]) -> &[bool] {
        self.reached
            .get_or_init(|| self.reach(|arc| !arc.is_shut() && self.returns(arc, ends)))
    }

    /// The ends among the states that are reached.
    pub(super) fn ends(&self, reached: &[bool]) -> Exits {
        let mut exits = Exits::default();
        for (state, _) in self
            .states
            .iter()
            .zip(reached)
            .filter(|(_, reached)| **reached)
        {
            match state.kind {
                StateKind::Exit(exit) => exits.add(exit),
                StateKind::Step | StateKind::Call(_) => {}
            }
        }
        exits
    }

    /// Whether the inner journey that an arc comes back from can end as the arc says; true for others.
    pub(super) fn returns(&self, arc: &Arc, ends: &[Exits]) -> bool {
        let Some(exit) = arc.via else { return true };
        match self.state(arc.from).map(|state| state.kind) {
            Some(StateKind::Call(inner)) => {
                ends.get(inner.index()).is_some_and(|ends| ends.has(exit))
            }
            Some(StateKind::Step | StateKind::Exit(_)) | None => true,
        }
    }

    /// The states that are ends.
    pub(super) fn exits(&self) -> impl Iterator<Item = (u32, Exit)> {
        self.exits.iter().copied()
    }

    /// The states of a node: one, or one for each child of a page.
    pub(super) fn states_of(&self, node: NodeIndex<u32>) -> impl Iterator<Item = u32> {
        let first = Self::of_node(node);
        let page = self
            .children
            .binary_search_by_key(&first, |(page, _)| *page);
        let later = page.ok().and_then(|at| self.children.get(at));
        let later = later.into_iter().flat_map(|(_, later)| *later..);
        let is_of = move |state: &u32| self.state(*state).is_some_and(|state| state.node == node);
        std::iter::once(first).chain(later.take_while(is_of))
    }

    /// The states that call an inner journey.
    pub(super) fn calls(&self) -> impl Iterator<Item = (u32, JourneyId)> {
        self.calls.iter().copied()
    }
}

/// The flows of a program, and its journeys so ordered that each stands behind those it calls.
#[derive(Debug)]
pub(super) struct Flows {
    list: Vec<Flow>,
    /// How many states all have.
    total: usize,
    /// Callees first. Journeys that call each other in a circle are left out; they are refused earlier.
    pub(super) order: Vec<JourneyId>,
    /// By journey, the ways in which it can end.
    pub(super) ends: Vec<Exits>,
    /// With what the runs of each journey begin and end, worked out where it is asked for.
    pub(super) fates: OnceCell<Fates>,
}

impl Flows {
    /// All flows of a program.
    pub(super) fn new(program: &Program) -> Self {
        let addresses = Addresses::new(&program.catalog, program.journeys.iter());
        let flows: Vec<Flow> = program
            .journeys
            .iter()
            .map(|journey| Flow::new(program, &addresses, journey))
            .collect();
        let order = callees_first(&flows);
        let ends = vec![Exits::default(); flows.len()];
        let mut all = Self {
            total: flows.iter().map(|flow| flow.states.len()).sum(),
            list: flows,
            order,
            ends,
            fates: OnceCell::new(),
        };
        for id in &all.order {
            let Some(flow) = all.list.get(id.index()) else {
                continue;
            };
            let ends = flow.ends(flow.reached(&all.ends));
            if let Some(place) = all.ends.get_mut(id.index()) {
                *place = ends;
            }
        }
        all
    }

    /// By journey, at most how many states it and those that it calls have.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<usize> = self.list.iter().map(|flow| flow.states.len()).collect();
        for id in &self.order {
            let Some(flow) = self.get(*id) else { continue };
            let mut inner: Vec<JourneyId> = flow.calls().map(|(_, inner)| inner).collect();
            inner.sort_unstable();
            inner.dedup();
            let deeper = inner.iter().filter_map(|inner| sizes.get(inner.index()));
            let size = deeper.fold(flow.states.len(), |sum, size| sum.saturating_add(*size));
            if let Some(place) = sizes.get_mut(id.index()) {
                *place = size.min(self.total);
            }
        }
        sizes
    }

    /// The flow of a journey.
    pub(super) fn get(&self, journey: JourneyId) -> Option<&Flow> {
        self.list.get(journey.index())
    }
}

/// Kahn's order on the call graph.
fn callees_first(flows: &[Flow]) -> Vec<JourneyId> {
    let mut callers: Vec<Vec<usize>> = vec![Vec::new(); flows.len()];
    let mut open: Vec<usize> = vec![0; flows.len()];
    for (at, flow) in flows.iter().enumerate() {
        for (_, inner) in flow.calls() {
            if let Some(list) = callers.get_mut(inner.index()) {
                list.push(at);
                if let Some(count) = open.get_mut(at) {
                    *count += 1;
                }
            }
        }
    }
    let mut ready: Vec<usize> = (0..flows.len())
        .filter(|at| open.get(*at) == Some(&0))
        .collect();
    let mut order = Vec::with_capacity(flows.len());
    let mut next = 0;
    while let Some(at) = ready.get(next).copied() {
        next += 1;
        if let Some(flow) = flows.get(at) {
            order.push(flow.journey);
        }
        for caller in callers.get(at).into_iter().flatten() {
            if let Some(count) = open.get_mut(*caller) {
                *count -= 1;
                if *count == 0 {
                    ready.push(*caller);
                }
            }
        }
    }
    order
}

struct Builder<'a> {
    program: &'a Program,
    catalog: &'a Catalog,
    addresses: &'a Addresses,
    journey: &'a Journey,
    states: Vec<State>,
    arcs: Vec<Arc>,
    children: Vec<(u32, u32)>,
    raise: u32,
    stumble: u32,
}

/// Where the outcomes of a node lead.
struct Targets {
    outcomes: Vec<(OutcomeId, u32)>,
    error: Option<u32>,
}

impl<'a> Builder<'a> {
    fn new(program: &'a Program, addresses: &'a Addresses, journey: &'a Journey) -> Self {
        Self {
            program,
            catalog: &program.catalog,
            addresses,
            journey,
            states: Vec::with_capacity(journey.graph.node_count() + 2),
            // Each node has one for its errors besides.
            arcs: Vec::with_capacity(journey.graph.edge_count() + journey.graph.node_count()),
            children: Vec::new(),
            raise: 0,
            stumble: 0,
        }
    }

    fn finish(mut self) -> Flow {
        for index in self.journey.graph.node_indices() {
            let state = self.first_state(index);
            self.states.push(state);
        }
        self.raise = self.push_exit(Exit::Raise);
        self.stumble = self.push_exit(Exit::Stumble);
        for index in self.journey.graph.node_indices() {
            if let Some(node) = self.journey.graph.node_weight(index) {
                self.node(index, node);
            }
        }
        // Only children of pages stand out of order.
        if !self.arcs.is_sorted_by_key(|arc| arc.from) {
            self.arcs.sort_by_key(|arc| arc.from);
        }
        let mut first = vec![0_u32; self.states.len() + 1];
        for arc in &self.arcs {
            if let Some(count) = first.get_mut(arc.from as usize + 1) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for count in &mut first {
            sum += *count;
            *count = sum;
        }
        let call = |(at, state): (u32, &State)| match state.kind {
            StateKind::Call(inner) => Some((at, inner)),
            StateKind::Step | StateKind::Exit(_) => None,
        };
        let exit = |(at, state): (u32, &State)| match state.kind {
            StateKind::Exit(exit) => Some((at, exit)),
            StateKind::Step | StateKind::Call(_) => None,
        };
        Flow {
            exits: (0..).zip(&self.states).filter_map(exit).collect(),
            calls: (0..).zip(&self.states).filter_map(call).collect(),
            journey: self.journey.id,
            start: Flow::of_node(self.journey.start),
            states: self.states,
            arcs: self.arcs,
            first,
            children: self.children,
            nodes: self.raise as usize,
            loops: OnceCell::new(),
            entering: OnceCell::new(),
            reached: OnceCell::new(),
        }
    }

    fn push_exit(&mut self, exit: Exit) -> u32 {
        let id = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
        self.states
            .push(State::plain(StateKind::Exit(exit), self.journey.failure));
        id
    }

    fn first_state(&self, index: NodeIndex<u32>) -> State {
        let Some(node) = self.journey.graph.node_weight(index) else {
            return State::plain(StateKind::Step, index);
        };
        match &node.kind {
            NodeKind::Success => State::plain(StateKind::Exit(Exit::Success), index),
            NodeKind::Failure => State::plain(StateKind::Exit(Exit::Failure), index),
            NodeKind::LooseEnd => State::plain(StateKind::Exit(Exit::Loose), index),
            NodeKind::Inner(inner) => State::plain(StateKind::Call(*inner), index),
            NodeKind::Task(task) => self.task_state(index, 0, task),
            NodeKind::Decision(guards) => State {
                may_fail: guards_may_fail(guards),
                ..State::plain(StateKind::Step, index)
            },
            NodeKind::Page(page) => {
                let mut state = page.children.first().map_or_else(
                    || State::plain(StateKind::Step, index),
                    |child| self.task_state(index, 0, &child.task),
                );
                // A page stops once for all its children, before any of them takes its answers.
                let later = page.children.iter().skip(1);
                for child in later.map(|child| self.task_state(index, 0, &child.task)) {
                    state.asks |= child.asks;
                    state.stops |= child.stops;
                }
                state
            }
        }
    }

    fn task_state(&self, node: NodeIndex<u32>, child: u16, task: &Task) -> State {
        let mut state = State {
            child,
            ..State::plain(StateKind::Step, node)
        };
        let Some(signature) = self.catalog.get(task.ty) else {
            return State {
                stops: true,
                verifies: true,
                may_fail: true,
                ..state
            };
        };
        let setting = |key: &str| {
            let found = task.settings.iter().find(|(name, _)| &**name == key);
            found.map(|(_, value)| value)
        };
        let asks = signature.asks(setting);
        state.asks = asks == Known::Is(true) || signature.suspends == Known::Is(true);
        state.stops = asks.or(true) || signature.suspends.or(true);
        state.verifies = signature.verifies.or(true);
        state.may_fail = signature.calls(setting).or(true)
            || signature.reads.iter().any(|read| read.always)
            || task
                .settings
                .iter()
                .any(|(_, value)| matches!(value, SettingValue::Computed(_)));
        state
    }

    fn targets(&self, index: NodeIndex<u32>) -> Targets {
        let mut targets = Targets {
            outcomes: Vec::new(),
            error: None,
        };
        for edge in self.journey.graph.edges(index) {
            let to = Flow::of_node(edge.target());
            let Edge { on, .. } = edge.weight();
            match on {
                On::Outcome(outcome) => targets.outcomes.push((*outcome, to)),
                On::Error => targets.error = Some(to),
            }
        }
        targets.outcomes.sort_unstable();
        targets
    }

    fn node(&mut self, index: NodeIndex<u32>, node: &Node) {
        let from = Flow::of_node(index);
        match &node.kind {
            NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd => {}
            NodeKind::Inner(_) => {
                let targets = self.targets(index);
                // The call itself fails where journeys stand too deep in each other.
                self.error(from, &targets, Only::Always);
                self.call(from, node, &targets);
            }
            NodeKind::Decision(_) => {
                let targets = self.targets(index);
                self.leave(from, None, &node.outcomes, &targets);
                self.error(from, &targets, Only::Always);
            }
            NodeKind::Task(task) => {
                let targets = self.targets(index);
                self.leave(from, Some(task), &node.outcomes, &targets);
                self.error(from, &targets, Only::Always);
                let signature = self.catalog.get(task.ty);
                if let (Some(signature), Some(arc)) = (signature, self.arcs.last_mut()) {
                    arc.absent = fails_for_nobody(signature);
                    // A code that went astray has done so also where the sender fails afterwards.
                    if self.addresses.stated(signature, task, "") == Stated::Used {
                        arc.stated = Stated::Used;
                    }
                }
            }
            NodeKind::Page(page) => self.page(index, node, &page.children),
        }
    }

    fn page(&mut self, index: NodeIndex<u32>, node: &Node, children: &[Child]) {
        let targets = self.targets(index);
        let mut from = Flow::of_node(index);
        let first = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
        if children.len() > 1 {
            self.children.push((from, first));
        }
        let does = |wanted: Stated| self.stated_by(children).contains(&wanted);
        // What was sent was sent, wherever the page fails, and to whom is not known where both stand in it.
        let sends = does(Stated::Used).then(|| {
            if does(Stated::Written) {
                Stated::Written
            } else {
                Stated::Used
            }
        });
        let first_arc = self.arcs.len();
        self.error(from, &targets, Only::Always);
        if children.len() > 1 {
            let mut later = children.iter().skip(1);
            let may_fail = later.any(|child| self.task_state(index, 1, &child.task).may_fail);
            self.error_if(may_fail, from, &targets, Only::Done);
        }
        for (at, child) in children.iter().enumerate() {
            let number = u16::try_from(at).unwrap_or(u16::MAX);
            if at > 0 {
                let mut state = self.task_state(index, number, &child.task);
                state.asks = false;
                state.stops = false;
                from = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
                self.states.push(state);
                self.error(from, &targets, Only::Passing);
            }
            if at + 1 < children.len() {
                let to = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
                let arc = self.arc(from, to, Leave::Next(OutcomeId(0)));
                let name = child.outcomes.first().map_or("", |name| &**name);
                let arc = self.with_facts(arc, &child.task, name);
                self.arcs.push(arc);
            } else {
                self.leave(from, Some(&child.task), &child.outcomes, &targets);
            }
        }
        if children.is_empty() {
            self.leave(from, None, &node.outcomes, &targets);
        }
        for arc in self.arcs.iter_mut().skip(first_arc) {
            if let Some(stated) = sends.filter(|_| arc.is_error()) {
                arc.stated = stated;
            }
        }
    }

    fn stated_by(&self, children: &[Child]) -> Vec<Stated> {
        let stated = |child: &Child| {
            let signature = self.catalog.get(child.task.ty)?;
            let all = child.outcomes.iter();
            all.map(|name| self.addresses.stated(signature, &child.task, name))
                .find(|stated| *stated != Stated::Kept)
        };
        children
            .iter()
            .map(|child| stated(child).unwrap_or(Stated::Kept))
            .collect()
    }

    fn leave(
        &mut self,
        from: u32,
        task: Option<&Task>,
        names: &[std::sync::Arc<str>],
        to: &Targets,
    ) {
        for (outcome, target) in &to.outcomes {
            let mut arc = self.arc(from, *target, Leave::Outcome(*outcome));
            if let Some(task) = task {
                let name = names.get(outcome.index()).map_or("", |name| &**name);
                arc = self.with_facts(arc, task, name);
            }
            self.arcs.push(arc);
        }
    }

    fn error(&mut self, from: u32, targets: &Targets, only: Only) {
        let state = self.states.get(from as usize);
        let may_fail = state.is_some_and(|state| state.may_fail);
        self.error_if(may_fail, from, targets, only);
    }

    fn error_if(&mut self, may_fail: bool, from: u32, targets: &Targets, only: Only) {
        let (to, leave) = match targets.error {
            Some(to) => (to, Leave::Error),
            None if may_fail => (self.raise, Leave::Unhandled),
            None => (self.stumble, Leave::Unhandled),
        };
        let arc = Arc {
            only,
            ..self.arc(from, to, leave)
        };
        self.arcs.push(arc);
    }

    fn call(&mut self, from: u32, node: &Node, targets: &Targets) {
        let wired = |name: &str| {
            let outcome = node.outcome(name)?;
            let at = targets.outcomes.iter().find(|(id, _)| *id == outcome)?;
            Some((at.1, Leave::Outcome(outcome)))
        };
        let error = wired("error");
        let handler = error.or(targets.error.map(|to| (to, Leave::Error)));
        let loose = Flow::of_node(self.journey.loose_end);
        let unhandled = |to: u32| (to, Leave::Unhandled);
        let ends = [
            (Exit::Success, wired("true")),
            (Exit::Failure, wired("false")),
            (Exit::Loose, error.or(Some(unhandled(loose)))),
            (Exit::Raise, handler.or(Some(unhandled(self.raise)))),
            (Exit::Stumble, handler.or(Some(unhandled(self.stumble)))),
        ];
        for (exit, to) in ends {
            if let Some((to, leave)) = to {
                let arc = Arc {
                    via: Some(exit),
                    ..self.arc(from, to, leave)
                };
                self.arcs.push(arc);
            }
        }
    }

    fn arc(&self, from: u32, to: u32, leave: Leave) -> Arc {
        debug_assert!(self.program.journey(self.journey.id).is_some());
        Arc {
            from,
            to,
            leave,
            via: None,
            only: Only::Always,
            proves: None,
            compares: true,
            account: Account::KEPT,
            absent: false,
            writes_identity: false,
            renames: false,
            challenge: Challenge::None,
            stated: Stated::Kept,
            raise: Raise::By(0),
            level_min: 0,
            level_max: i64::MAX,
            bound: Bound::None,
        }
    }

    fn with_facts(&self, mut arc: Arc, task: &Task, outcome: &str) -> Arc {
        let Some(signature) = self.catalog.get(task.ty) else {
            return Arc {
                writes_identity: true,
                renames: true,
                stated: Stated::Written,
                raise: Raise::Unknown,
                ..arc
            };
        };
        let setting = |key: &str| {
            let found = task.settings.iter().find(|(name, _)| &**name == key);
            found.map(|(_, value)| value)
        };
        arc.proves = signature.proves(outcome, setting);
        arc.writes_identity = signature.writes_identity(outcome, setting).or(true);
        arc.renames = signature.renames(outcome, setting).or(true);
        arc.stated = self.addresses.stated(signature, task, outcome);
        if let Some(facts) = signature.facts_of(outcome) {
            arc.challenge = facts.challenge;
            arc.compares = facts.compares;
            // A wrong password is no matter of who is there.
            arc.absent = facts.presence == Known::Is(Presence::Absent)
                && facts.account != signature::Account::Made
                && !signature.verifies.or(true);
            arc.account.changes = signature.changes_account(outcome, setting).or(true);
            match &facts.account {
                signature::Account::Kept => {}
                signature::Account::Made => arc.account.makes = true,
                signature::Account::Changed { hands, .. } => {
                    arc.account.hands = Factors::of(hands);
                }
            }
            arc.raise = raise_of(task, &facts.level);
            if let Some(key) = &facts.level_at_least {
                arc.level_min = constant_int(task, key).unwrap_or(0).max(0);
            }
            if let Some(key) = &facts.level_below {
                let bound = constant_int(task, key);
                arc.level_max = bound.map_or(i64::MAX, |bound| bound.saturating_sub(1));
            }
        }
        arc.bound = bound_of(task, signature, outcome);
        arc
    }
}

impl State {
    fn plain(kind: StateKind, node: NodeIndex<u32>) -> Self {
        Self {
            kind,
            node,
            child: 0,
            asks: false,
            stops: false,
            verifies: false,
            may_fail: false,
        }
    }
}

/// Whether a type has outcomes for users alone, so that it fails where there is none.
fn fails_for_nobody(signature: &Signature) -> bool {
    let has = |presence: Presence| {
        let is = |facts: &signature::OutcomeFacts| facts.presence == Known::Is(presence);
        signature.facts.iter().any(is)
    };
    has(Presence::Present) && !has(Presence::Absent)
}

fn raise_of(task: &Task, change: &LevelChange) -> Raise {
    match change {
        LevelChange::None => Raise::By(0),
        LevelChange::By(by) => Raise::By(i64::from(*by)),
        LevelChange::BySetting(key) => constant_int(task, key).map_or(Raise::Unknown, Raise::By),
    }
}

fn bound_of(task: &Task, signature: &Signature, outcome: &str) -> Bound {
    match &signature.limits {
        Some(limit) if limit.outcome == outcome => constant_int(task, &limit.setting)
            .map_or(Bound::Unknown, |times| {
                Bound::Times(u64::try_from(times).unwrap_or(0))
            }),
        Some(_) | None => Bound::None,
    }
}

fn constant_int(task: &Task, key: &str) -> Option<i64> {
    task.settings
        .iter()
        .find(|(k, _)| &**k == key)
        .and_then(|(_, value)| match value {
            SettingValue::Constant(value) => value.as_int(),
            SettingValue::Computed(_) => None,
        })
}

/// Whether evaluating the guards may fail: they ask outside, or convert a text.
fn guards_may_fail(guards: &[Guard]) -> bool {
    let mut open: Vec<&Expr> = guards
        .iter()
        .filter_map(|guard| guard.condition.as_ref())
        .collect();
    while let Some(expr) = open.pop() {
        match expr {
            Expr::Read(Slot::User(_) | Slot::Session(_) | Slot::SessionLevel, _)
            | Expr::Has(Slot::User(_) | Slot::Session(_) | Slot::SessionLevel)
            | Expr::Binary(
                crate::model::expr::BinaryOp::Add | crate::model::expr::BinaryOp::Subtract,
                ..,
            ) => {
                return true;
            }
            Expr::Literal(_) | Expr::Read(..) | Expr::Has(_) => {}
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Call(function, arguments) => {
                if matches!(
                    function,
                    Function::Int | Function::Age | Function::Before | Function::After
                ) {
                    return true;
                }
                open.extend(arguments);
            }
            Expr::Join(parts) => open.extend(parts),
        }
    }
    false
}

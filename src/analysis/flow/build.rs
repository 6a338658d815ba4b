//! The flow of a journey, from its graph.
//!
//! In: the graph, the catalogue, and what becomes of addresses. Out: a state for each node and each later
//! child of a page, and an arc for each way to leave one, errors included. What the signatures say of a
//! state or an arc is filled in beside this.

use std::cell::OnceCell;

use petgraph::{graph::NodeIndex, visit::EdgeRef};

use crate::{
    analysis::flow::{
        Flow,
        arc::{Account, Arc, Bound, Leave, Only, Raise},
        exit::Exit,
        facts::{fails_for_nobody, guards_may_fail},
        state::{State, StateKind},
    },
    model::{
        address::{Addresses, Stated},
        catalog::Catalog,
        hearsay::Hearsay,
        journey::{Child, Edge, Journey, Lead, Node, NodeKind, On, OutcomeId, Page, Task},
        program::Program,
        signature::Challenge,
        unsent::{Unsent, Use},
    },
};

/// What is known of a program as a whole.
pub(super) type Known<'a> = (&'a Addresses, &'a Unsent<'a>, &'a Hearsay<'a>);

/// A flow in the making.
pub(super) struct Builder<'a> {
    program: &'a Program,
    pub(super) catalog: &'a Catalog,
    pub(super) addresses: &'a Addresses,
    pub(super) unsent: &'a Unsent<'a>,
    pub(super) hearsay: &'a Hearsay<'a>,
    pub(super) journey: &'a Journey,
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

impl Targets {
    /// Those by which a last child leaves past the others, and those by which it leaves behind them.
    fn split(&self, lead: Option<Lead>) -> (Self, Self) {
        let ends = |(outcome, _): &(OutcomeId, u32)| lead.is_some_and(|lead| lead.ends(*outcome));
        let (past, behind) = self.outcomes.iter().copied().partition(ends);
        let with = |outcomes| Self {
            outcomes,
            error: self.error,
        };
        (with(past), with(behind))
    }
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        program: &'a Program,
        (addresses, unsent, hearsay): Known<'a>,
        journey: &'a Journey,
    ) -> Self {
        Self {
            program,
            catalog: &program.catalog,
            addresses,
            unsent,
            hearsay,
            journey,
            states: Vec::with_capacity(journey.graph.node_count() + 2),
            // Each node has one for its errors besides.
            arcs: Vec::with_capacity(journey.graph.edge_count() + journey.graph.node_count()),
            children: Vec::new(),
            raise: 0,
            stumble: 0,
        }
    }

    pub(super) fn finish(mut self) -> Flow {
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
                    state.unsaid |= child.unsaid;
                    state.stops |= child.stops;
                }
                state
            }
        }
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
                    arc.code = self.unsent.of(signature, task);
                }
            }
            NodeKind::Page(page) => self.page(index, node, page),
        }
    }

    fn page(&mut self, index: NodeIndex<u32>, node: &Node, page: &Page) {
        let children = page.children.as_slice();
        let lead = page.lead(self.catalog);
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
        let shows = children.iter().any(|child| {
            let signature = self.catalog.get(child.task.ty);
            signature.is_none_or(|of| self.unsent.of(of, &child.task) == Use::Shows)
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
                state.unsaid = false;
                state.stops = false;
                from = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
                self.states.push(state);
                self.error(from, &targets, Only::Passing);
            }
            if at + 1 < children.len() {
                let to = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
                for (number, name) in (0..).zip(&child.outcomes) {
                    let arc = self.arc(from, to, Leave::Next(OutcomeId(number)));
                    let arc = self.with_facts(arc, &child.task, name);
                    self.arcs.push(arc);
                }
            } else {
                let (past, behind) = targets.split(lead);
                self.leave(from, Some(&child.task), &child.outcomes, &behind);
                if lead.is_some() {
                    self.past(index, number, child, &past);
                }
            }
        }
        if children.is_empty() {
            self.leave(from, None, &node.outcomes, &targets);
        }
        for arc in self.arcs.iter_mut().skip(first_arc) {
            if let Some(stated) = sends.filter(|_| arc.is_error()) {
                arc.stated = stated;
            }
            if arc.is_error() && shows {
                arc.code = Use::Shows;
            }
        }
    }

    /// The way through a page by its last child alone, past those that stand before it.
    fn past(&mut self, index: NodeIndex<u32>, number: u16, child: &Child, targets: &Targets) {
        let from = u32::try_from(self.states.len()).unwrap_or(u32::MAX);
        self.states.push(State {
            asks: false,
            unsaid: false,
            stops: false,
            ..self.task_state(index, number, &child.task)
        });
        let arc = self.arc(Flow::of_node(index), from, Leave::Past);
        self.arcs.push(arc);
        self.leave(from, Some(&child.task), &child.outcomes, targets);
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
            code: Use::None,
            raise: Raise::By(0),
            level_min: 0,
            level_max: i64::MAX,
            bound: Bound::None,
        }
    }
}

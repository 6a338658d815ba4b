//! A journey as every check sees it: states, arcs, and what is known of each.
//!
//! In: the graph of a journey and the signatures. Out: a flat table of states and arcs. A page becomes
//! one state for each child, so that places inside pages need no rules of their own; the page and its
//! first child are one state. An inner journey stays one state whose arcs are named by the way the inner
//! journey ends. Errors are arcs: to the written target, else out of the journey. Which properties hold
//! on these arcs is decided elsewhere.

mod arc;
mod build;
mod exit;
mod facts;
mod program;
mod state;

use std::cell::OnceCell;

use petgraph::graph::NodeIndex;

use crate::{
    analysis::{
        component::Arcs,
        flow::build::{Builder, Known},
    },
    model::{
        journey::{Journey, JourneyId},
        program::Program,
    },
};

pub(super) use arc::{Arc, Bound, Factors, Leave, Only, Raise};
pub(super) use exit::{Exit, Exits};
pub(super) use program::Flows;
pub(super) use state::{State, StateKind};

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
    fn new(program: &Program, known: Known<'_>, journey: &Journey) -> Self {
        Builder::new(program, known, journey).finish()
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

    /// The states of a child of a page: one, or two where the child comes first and the others may be passed
    /// by.
    pub(super) fn states_of_child(
        &self,
        node: NodeIndex<u32>,
        child: u16,
    ) -> impl Iterator<Item = u32> {
        let is_child =
            move |state: &u32| self.state(*state).is_some_and(|state| state.child == child);
        self.states_of(node).filter(is_child)
    }

    /// The states that call an inner journey.
    pub(super) fn calls(&self) -> impl Iterator<Item = (u32, JourneyId)> {
        self.calls.iter().copied()
    }
}

//! The loops of a flow, and an order in which a run meets what is not in a loop.

use crate::analysis::{
    component::Arcs,
    flow::{Arc, Exits, Flow, Only},
};

/// The states of a flow in order, loop by loop.
#[derive(Debug)]
pub(super) struct Shape {
    /// States so ordered that arcs lead onwards, but within a loop.
    pub(super) order: Vec<u32>,
    /// Where each loop, or state in none, begins in the order; and the end.
    first: Vec<u32>,
    /// By state, which loop it is in.
    pub(super) group: Vec<u32>,
    /// By state, its place in the order.
    pub(super) place: Vec<u32>,
    looped: Vec<bool>,
}

/// Whether a run may take an arc with what it has done so far.
pub(super) fn is_open(arc: &Arc) -> bool {
    !arc.is_shut() && arc.only != Only::Passing
}

impl Shape {
    /// The shape of a flow, given how inner journeys can end.
    pub(super) fn new(flow: &Flow, ends: &[Exits]) -> Self {
        let count = flow.states.len();
        let pairs: Vec<(u32, u32)> = flow
            .arcs
            .iter()
            .filter(|arc| is_open(arc) && flow.returns(arc, ends))
            .map(|arc| (arc.from, arc.to))
            .collect();
        let arcs = Arcs::new(count, &pairs);
        let components = arcs.components();
        let component = |state: u32| components.get(state as usize).copied().unwrap_or(0);
        let depth = backwards(&arcs, flow.start);
        let mut order: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        // Arcs between components lead to smaller numbers.
        order.sort_by_key(|state| {
            let depth = depth.get(*state as usize).copied().unwrap_or(u32::MAX);
            (u32::MAX - component(*state), depth)
        });
        let mut shape = Self {
            first: Vec::new(),
            group: vec![0; count],
            place: vec![0; count],
            looped: Vec::new(),
            order: Vec::new(),
        };
        let mut last = None;
        for (place, state) in (0_u32..).zip(&order) {
            if last.replace(component(*state)) != Some(component(*state)) {
                shape.first.push(place);
                shape.looped.push(false);
            }
            let group = u32::try_from(shape.first.len() - 1).unwrap_or(u32::MAX);
            put(&mut shape.group, *state, group);
            put(&mut shape.place, *state, place);
        }
        shape
            .first
            .push(u32::try_from(order.len()).unwrap_or(u32::MAX));
        shape.order = order;
        for (from, to) in pairs {
            let group = shape.group_of(from);
            if group == shape.group_of(to)
                && let Some(looped) = shape.looped.get_mut(group as usize)
            {
                *looped = true;
            }
        }
        shape
    }

    /// How many loops and states in none there are.
    pub(super) fn groups(&self) -> usize {
        self.looped.len()
    }

    pub(super) fn members(&self, group: usize) -> &[u32] {
        let from = self.first.get(group).copied().unwrap_or(0) as usize;
        let to = self.first.get(group + 1).copied().unwrap_or(0) as usize;
        self.order.get(from..to).unwrap_or_default()
    }

    /// Whether a run can come back within this group.
    pub(super) fn is_loop(&self, group: usize) -> bool {
        self.looped.get(group) == Some(&true)
    }

    pub(super) fn group_of(&self, state: u32) -> u32 {
        self.group.get(state as usize).copied().unwrap_or(u32::MAX)
    }

    pub(super) fn place_of(&self, state: u32) -> u32 {
        self.place.get(state as usize).copied().unwrap_or(u32::MAX)
    }
}

/// By state, how early a search from the start is done with what lies behind it, last first.
fn backwards(arcs: &Arcs, start: u32) -> Vec<u32> {
    let count = arcs.vertices();
    let mut seen = vec![false; count];
    let mut number = vec![u32::MAX; count];
    let mut left = u32::try_from(count).unwrap_or(u32::MAX);
    let mut open = vec![(start, 0)];
    if let Some(seen) = seen.get_mut(start as usize) {
        *seen = true;
    }
    while let Some((state, next)) = open.pop() {
        if let Some(target) = arcs.from(state).get(next).copied() {
            open.push((state, next + 1));
            if let Some(seen) = seen.get_mut(target as usize).filter(|seen| !**seen) {
                *seen = true;
                open.push((target, 0));
            }
        } else {
            left = left.saturating_sub(1);
            put(&mut number, state, left);
        }
    }
    number
}

fn put(list: &mut [u32], at: u32, value: u32) {
    if let Some(place) = list.get_mut(at as usize) {
        *place = value;
    }
}

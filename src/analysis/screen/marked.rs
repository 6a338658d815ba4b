//! Where the places of properties lie in the journeys of a program.
//!
//! In: the properties of a group, or the patterns of many. Out: by state and arc, what it means to each of
//! them. The table is made once and cleared between groups; what a run makes of the marks is not here.

use crate::{
    analysis::{
        flow::{Exit, Flow, Flows, StateKind},
        screen::marks::{Marks, Pattern, places_of},
        space::{leaves_by, outcomes_of},
    },
    model::{
        journey::JourneyId,
        program::Program,
        property::{At, Ensure, Place, PlaceKind, Point, Property},
    },
};

/// Where marks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    State(u32),
    Arc(u32),
}

/// The marks of one group of properties on all journeys. Most states and arcs have none.
pub(super) struct Marked<'a> {
    program: &'a Program,
    flows: &'a Flows,
    /// By journey, where its states begin, and where its arcs do.
    first: Vec<(usize, usize)>,
    /// By state and by arc, the place of its marks in the list and one; 0 for none.
    states: Vec<u32>,
    arcs: Vec<u32>,
    list: Vec<Marks>,
    /// What is to be cleared for the next group.
    used: Vec<(JourneyId, Spot)>,
    /// The properties that ask for a proof, one bit each.
    pub(super) asked: u64,
    /// The places that are named by a type or a factor, with all that they mean.
    kinds: Vec<(PlaceKind, Vec<(JourneyId, Spot)>)>,
}

impl<'a> Marked<'a> {
    pub(super) fn new(program: &'a Program, flows: &'a Flows) -> Self {
        let (mut states, mut arcs) = (0, 0);
        let mut first = Vec::with_capacity(program.journeys.len());
        for journey in &program.journeys {
            first.push((states, arcs));
            if let Some(flow) = flows.get(journey.id) {
                states += flow.states.len();
                arcs += flow.arcs.len();
            }
        }
        Self {
            program,
            flows,
            first,
            states: vec![0; states],
            arcs: vec![0; arcs],
            list: Vec::new(),
            used: Vec::new(),
            asked: 0,
            kinds: Vec::new(),
        }
    }

    pub(super) fn at(&self, journey: JourneyId, spot: Spot) -> Marks {
        let first = self.first.get(journey.index()).copied().unwrap_or_default();
        let number = match spot {
            Spot::State(state) => self.states.get(first.0 + state as usize),
            Spot::Arc(arc) => self.arcs.get(first.1 + arc as usize),
        };
        let place = number.and_then(|number| number.checked_sub(1));
        place
            .and_then(|place| self.list.get(place as usize))
            .copied()
            .unwrap_or_default()
    }

    fn number(&mut self, journey: JourneyId, spot: Spot) -> Option<&mut u32> {
        let first = self.first.get(journey.index()).copied().unwrap_or_default();
        match spot {
            Spot::State(state) => self.states.get_mut(first.0 + state as usize),
            Spot::Arc(arc) => self.arcs.get_mut(first.1 + arc as usize),
        }
    }

    fn add(&mut self, journey: JourneyId, spot: Spot, marks: Marks) {
        let next = u32::try_from(self.list.len() + 1).unwrap_or(u32::MAX);
        let Some(number) = self.number(journey, spot) else {
            return;
        };
        if *number == 0 {
            *number = next;
            self.list.push(marks);
            self.used.push((journey, spot));
            return;
        }
        let place = (*number - 1) as usize;
        if let Some(known) = self.list.get_mut(place) {
            *known = known.or(marks);
        }
    }

    fn clear(&mut self) {
        for (journey, spot) in std::mem::take(&mut self.used) {
            if let Some(number) = self.number(journey, spot) {
                *number = 0;
            }
        }
        self.list.clear();
        self.asked = 0;
    }

    /// Marks what a group of properties speaks of, in the journeys where it is looked for.
    pub(super) fn mark(
        &mut self,
        here: &[(JourneyId, &Ensure)],
        looked: impl Fn(JourneyId) -> bool,
    ) {
        self.clear();
        let mut by_kind: Vec<Marks> = Vec::new();
        for (bit, (_, ensure)) in here.iter().enumerate() {
            for (role, place) in places_of(&ensure.property) {
                self.asked |= role.marks(bit).proved;
                self.place(place, role.marks(bit), &mut by_kind);
            }
        }
        self.mark_kinds(&by_kind, looked);
    }

    /// Marks what each of these patterns speaks of, in all journeys.
    pub(super) fn mark_patterns(&mut self, patterns: &[Pattern]) {
        self.clear();
        let mut by_kind = vec![Marks::default(); self.kinds.len()];
        for (bit, pattern) in patterns.iter().enumerate() {
            for (kind, role) in pattern {
                self.asked |= role.marks(bit).proved;
                if let Some(marks) = by_kind.get_mut(*kind) {
                    *marks = marks.or(role.marks(bit));
                }
            }
        }
        self.mark_kinds(&by_kind, |_| true);
    }

    fn mark_kinds(&mut self, by_kind: &[Marks], looked: impl Fn(JourneyId) -> bool) {
        for (kind, marks) in by_kind.iter().enumerate() {
            if marks.cut | marks.goal | marks.arm | marks.proved == 0 {
                continue;
            }
            let spots = self.kinds.get_mut(kind);
            let spots = spots.map_or_else(Vec::new, |(_, spots)| std::mem::take(spots));
            for (journey, spot) in spots.iter().filter(|(journey, _)| looked(*journey)) {
                self.add(*journey, *spot, *marks);
            }
            if let Some((_, place)) = self.kinds.get_mut(kind) {
                *place = spots;
            }
        }
    }

    /// The number of a type or a factor.
    fn kind(&mut self, kind: &PlaceKind) -> usize {
        let known = self.kinds.iter().position(|(known, _)| known == kind);
        known.unwrap_or_else(|| {
            let spots = self.spots(kind);
            self.kinds.push((kind.clone(), spots));
            self.kinds.len() - 1
        })
    }

    /// What a property speaks of in journeys that none of its points lies in.
    pub(super) fn pattern(&mut self, property: &Property) -> Pattern {
        let mut pattern = Pattern::new();
        for (role, place) in places_of(property) {
            if !matches!(place.kind, PlaceKind::Points(_)) {
                pattern.push((self.kind(&place.kind), role));
            }
        }
        pattern.sort_unstable();
        pattern.dedup();
        pattern
    }

    fn place(&mut self, place: &Place, marks: Marks, by_kind: &mut Vec<Marks>) {
        let PlaceKind::Points(points) = &place.kind else {
            let number = self.kind(&place.kind);
            if by_kind.len() <= number {
                by_kind.resize(number + 1, Marks::default());
            }
            if let Some(of_kind) = by_kind.get_mut(number) {
                *of_kind = of_kind.or(marks);
            }
            return;
        };
        for point in points {
            for spot in self.spots_of(point) {
                self.add(point.journey, spot, marks);
            }
        }
    }

    /// What a point of a journey means that is where runs begin.
    fn spots_of(&self, point: &Point) -> Vec<Spot> {
        let Some(flow) = self.flows.get(point.journey) else {
            return Vec::new();
        };
        let node = Flow::of_node(point.node);
        match point.at {
            At::Node => {
                let kind = flow.state(node).map(|state| state.kind);
                let mut spots = vec![Spot::State(node)];
                // A run that ends in an error or at a loose end has failed.
                if kind == Some(StateKind::Exit(Exit::Failure)) {
                    let ends = flow
                        .exits()
                        .filter(|(_, exit)| matches!(exit, Exit::Raise | Exit::Loose));
                    spots.extend(ends.map(|(state, _)| Spot::State(state)));
                }
                spots
            }
            At::Child(child) => vec![Spot::State(flow.of_child(point.node, child))],
            At::Outcome(_) | At::Error | At::ChildOutcome(..) => {
                let mut spots = Vec::new();
                for state in flow.states_of(point.node) {
                    let child = flow.state(state).map_or(0, |state| state.child);
                    let leaving = flow.leaving(state);
                    let named = leaving.filter(|(_, arc)| leaves_by(child, arc.leave, point.at));
                    spots.extend(named.map(|(id, _)| Spot::Arc(id)));
                }
                spots
            }
        }
    }

    /// What a type or a factor means in all journeys.
    fn spots(&self, kind: &PlaceKind) -> Vec<(JourneyId, Spot)> {
        let mut spots = Vec::new();
        for journey in &self.program.journeys {
            let Some(flow) = self.flows.get(journey.id) else {
                continue;
            };
            match kind {
                PlaceKind::Points(_) => {}
                PlaceKind::Proof(factor) => {
                    let arcs = (0..).zip(&flow.arcs);
                    let proving = arcs.filter(|(_, arc)| arc.proves == Some(*factor));
                    spots.extend(proving.map(|(id, _)| (journey.id, Spot::Arc(id))));
                }
                PlaceKind::Any(ty, outcome) => {
                    for (at, state) in (0..).zip(&flow.states) {
                        let Some(outcomes) =
                            outcomes_of(&self.program.catalog, journey, state, *ty)
                        else {
                            continue;
                        };
                        let Some(name) = outcome else {
                            spots.push((journey.id, Spot::State(at)));
                            continue;
                        };
                        let arcs = flow.leaving(at).filter(|(_, arc)| {
                            arc.outcome()
                                .and_then(|outcome| outcomes.get(outcome.index()))
                                == Some(name)
                        });
                        spots.extend(arcs.map(|(id, _)| (journey.id, Spot::Arc(id))));
                    }
                }
            }
        }
        spots
    }
}

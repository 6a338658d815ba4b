//! Which of very many properties hold, sixty-four at once.
//!
//! In: properties about places that are passed, each of a journey. Out: those that some run breaks. A
//! sweep follows one bit of a word for each property, whether a run is armed there; inner journeys are swept once
//! for all that call them. The rules are those of `phase`; the run that shows a broken property is looked
//! for elsewhere, one by one. Properties of another kind, and those that name a place by its callers, are
//! left to that search too.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::{
    analysis::{
        flow::{Arc, Exit, Flow, Flows, Only, StateKind},
        space::{leaves_by, outcomes_of},
    },
    model::{
        journey::JourneyId,
        program::Program,
        property::{At, Ensure, Place, PlaceKind, Point, Property},
        signature::Challenge,
    },
};

/// How many properties are followed at once.
const WIDTH: usize = 64;

/// What is known of a property before any run is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Screened {
    /// It holds in every run.
    Holds,
    /// Some run breaks it.
    Broken,
    /// It was not looked at.
    Open,
}

/// Looks at all properties, each with its journey.
pub(super) fn screen(
    program: &Program,
    flows: &Flows,
    asked: &[(JourneyId, &Ensure)],
) -> Vec<Screened> {
    let mut found = vec![Screened::Open; asked.len()];
    let ordered: Vec<bool> = {
        let mut ordered = vec![false; program.journeys.len()];
        for id in &flows.order {
            if let Some(place) = ordered.get_mut(id.index()) {
                *place = true;
            }
        }
        ordered
    };
    let mut fit: Vec<usize> = Vec::new();
    for (at, (journey, ensure)) in asked.iter().enumerate() {
        if ordered.get(journey.index()) == Some(&true) && fits(*journey, ensure) {
            fit.push(at);
        }
    }
    // One search alone is as fast, and finds the run besides.
    if fit.len() < 2 {
        return found;
    }
    // Properties of one journey share what it calls.
    fit.sort_by_key(|at| asked.get(*at).map(|(journey, _)| *journey));
    let mut all = Groups::new(program, flows);
    let properties = fit.iter().filter_map(|at| asked.get(*at));
    let patterns: Vec<usize> = if fit.len() > WIDTH {
        properties.map(|(_, one)| all.pattern(one)).collect()
    } else {
        Vec::new()
    };
    // Of more patterns than are followed at once, little is shared.
    let few = all.patterns.list.len() <= WIDTH;
    let mut patterns = patterns.chunks(WIDTH).filter(|_| few);
    for group in fit.chunks(WIDTH) {
        let here: Vec<(JourneyId, &Ensure)> = group
            .iter()
            .filter_map(|at| asked.get(*at))
            .copied()
            .collect();
        let broken = all.broken(&here, patterns.next());
        for ((bit, at), (_, ensure)) in group.iter().enumerate().zip(&here) {
            if let Some(place) = found.get_mut(*at) {
                *place = if broken >> bit & 1 == 1 {
                    // Those that ask for a proof are followed a little too carefully.
                    if asks_for_proof(ensure) {
                        Screened::Open
                    } else {
                        Screened::Broken
                    }
                } else {
                    Screened::Holds
                };
            }
        }
    }
    found
}

fn asks_for_proof(ensure: &Ensure) -> bool {
    let mut places = places_of(&ensure.property).into_iter();
    places.any(|(role, _)| role == Role::Proof)
}

/// Whether a property is one of places that are passed, and of none that is told apart by its callers.
fn fits(journey: JourneyId, ensure: &Ensure) -> bool {
    let places: Vec<&Place> = match &ensure.property {
        Property::EveryPath { to, passes } => passes.iter().chain([to]).collect(),
        Property::Never { what, after } => vec![what, after],
        Property::LevelAtLeast { .. }
        | Property::Has { .. }
        | Property::Holds { .. }
        | Property::SameFace { .. }
        | Property::AtMost { .. } => return false,
    };
    places.iter().all(|place| match &place.kind {
        PlaceKind::Points(points) => points
            .iter()
            .all(|point| point.calls.is_empty() && point.journey == journey),
        PlaceKind::Any(..) | PlaceKind::Proof(_) => true,
    })
}

/// What an event means to each property, one bit each.
#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    cut: u64,
    goal: u64,
    arm: u64,
    /// A factor is proved that is asked for.
    proved: u64,
}

impl Marks {
    fn or(self, more: Self) -> Self {
        Self {
            cut: self.cut | more.cut,
            goal: self.goal | more.goal,
            arm: self.arm | more.arm,
            proved: self.proved | more.proved,
        }
    }
}

/// For which properties some run is there calm, and for which armed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Row {
    calm: u64,
    armed: u64,
}

impl Row {
    fn or(self, more: Self) -> Self {
        Self {
            calm: self.calm | more.calm,
            armed: self.armed | more.armed,
        }
    }

    /// What goes on behind an arc, for the properties that ask for a proof: as if a code never proved
    /// anything, and as if an error in a page took all proofs back.
    fn behind(self, arc: &Arc, asked: u64, marks: Marks) -> Self {
        if asked == 0 {
            return self;
        }
        let mut row = self;
        if arc.only == Only::Passing || arc.renames {
            row.armed |= row.calm & asked;
        }
        if arc.renames {
            row.calm &= !asked;
        }
        if arc.challenge != Challenge::Answers {
            row.calm |= row.armed & marks.proved;
            row.armed &= !marks.proved;
        }
        row
    }

    /// What goes on behind an event, and what it breaks.
    fn step(self, marks: Marks) -> (Self, u64) {
        let calm = self.calm & !marks.cut;
        let armed = self.armed & !marks.cut;
        let broken = armed & marks.goal;
        let next = Self {
            calm: calm & !marks.arm,
            armed: armed & !broken | calm & marks.arm,
        };
        (next, broken)
    }
}

/// What a place is to a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Cut,
    Proof,
    Goal,
    Arm,
}

impl Role {
    fn marks(self, bit: usize) -> Marks {
        let (bit, none) = (1_u64 << bit, Marks::default());
        match self {
            Self::Cut => Marks { cut: bit, ..none },
            Self::Proof => Marks {
                proved: bit,
                ..none
            },
            Self::Goal => Marks { goal: bit, ..none },
            Self::Arm => Marks { arm: bit, ..none },
        }
    }
}

/// The types and factors that a property names, by their numbers. In a journey in which none of its points
/// lies, nor in those it calls, a property does what all others of its pattern do.
type Pattern = Vec<(usize, Role)>;

/// The places of a property that is only about such.
fn places_of(property: &Property) -> Vec<(Role, &Place)> {
    match property {
        Property::EveryPath { to, passes } => {
            let role = |place: &Place| match place.kind {
                PlaceKind::Proof(_) => Role::Proof,
                PlaceKind::Points(_) | PlaceKind::Any(..) => Role::Cut,
            };
            let passes = passes.iter().map(|place| (role(place), place));
            passes.chain([(Role::Goal, to)]).collect()
        }
        Property::Never { what, after } => vec![(Role::Goal, what), (Role::Arm, after)],
        Property::LevelAtLeast { .. }
        | Property::Has { .. }
        | Property::Holds { .. }
        | Property::SameFace { .. }
        | Property::AtMost { .. } => Vec::new(),
    }
}

/// Where marks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    State(u32),
    Arc(u32),
}

/// The marks of one group of properties on all journeys. Most states and arcs have none.
struct Marked<'a> {
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
    asked: u64,
    /// The places that are named by a type or a factor, with all that they mean.
    kinds: Vec<(PlaceKind, Vec<(JourneyId, Spot)>)>,
}

impl<'a> Marked<'a> {
    fn new(program: &'a Program, flows: &'a Flows) -> Self {
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

    fn at(&self, journey: JourneyId, spot: Spot) -> Marks {
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
    fn mark(&mut self, here: &[(JourneyId, &Ensure)], looked: impl Fn(JourneyId) -> bool) {
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
    fn mark_patterns(&mut self, patterns: &[Pattern]) {
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
    fn pattern(&mut self, property: &Property) -> Pattern {
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
                        let Some(outcomes) = outcomes_of(journey, state, *ty) else {
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

/// What comes of entering an inner journey, calm or armed, for every property.
#[derive(Debug, Clone, Copy, Default)]
struct Summary {
    from_calm: ([Row; Exit::COUNT], u64),
    from_armed: ([Row; Exit::COUNT], u64),
}

impl Summary {
    /// Takes over one bit of another.
    fn add(&mut self, other: &Self, from: usize, to: usize) {
        let bit = |word: u64| (word >> from & 1) << to;
        let pairs = [
            (&mut self.from_calm, &other.from_calm),
            (&mut self.from_armed, &other.from_armed),
        ];
        for ((ends, broken), (other_ends, other_broken)) in pairs {
            *broken |= bit(*other_broken);
            for (end, other) in ends.iter_mut().zip(other_ends) {
                end.calm |= bit(other.calm);
                end.armed |= bit(other.armed);
            }
        }
    }
}

/// What the groups of properties share.
struct Groups<'a> {
    flows: &'a Flows,
    marked: Marked<'a>,
    /// By journey, its place in the order of journeys.
    rank: Vec<u32>,
    /// By journey, what comes of entering it; only that of journeys that the group at hand calls is its.
    summaries: Vec<Summary>,
    /// By journey that a group may enter, whether a point of the group lies in it or further in.
    inside: Vec<bool>,
    patterns: Patterns,
}

/// The patterns of properties, and what comes of entering journeys in which no point lies.
#[derive(Default)]
struct Patterns {
    numbers: BTreeMap<Pattern, usize>,
    list: Vec<Pattern>,
    /// By journey, once something asks for it.
    swept: Vec<Summary>,
}

impl Patterns {
    /// What comes of entering a journey, for properties of these patterns.
    fn summary(&self, journey: JourneyId, numbers: &[usize]) -> Summary {
        let mut summary = Summary::default();
        if let Some(of) = self.swept.get(journey.index()) {
            for (bit, number) in numbers.iter().enumerate() {
                summary.add(of, *number, bit);
            }
        }
        summary
    }
}

impl<'a> Groups<'a> {
    fn new(program: &'a Program, flows: &'a Flows) -> Self {
        let mut rank = vec![0; program.journeys.len()];
        for (place, id) in (0..).zip(&flows.order) {
            if let Some(rank) = rank.get_mut(id.index()) {
                *rank = place;
            }
        }
        Self {
            flows,
            marked: Marked::new(program, flows),
            summaries: vec![Summary::default(); rank.len()],
            inside: vec![false; rank.len()],
            rank,
            patterns: Patterns::default(),
        }
    }

    /// The number of the pattern of a property.
    fn pattern(&mut self, ensure: &Ensure) -> usize {
        let pattern = self.marked.pattern(&ensure.property);
        let next = self.patterns.list.len();
        if let Some(known) = self.patterns.numbers.get(&pattern) {
            return *known;
        }
        self.patterns.numbers.insert(pattern.clone(), next);
        self.patterns.list.push(pattern);
        next
    }

    /// The properties of a group that some run breaks, one bit each; with their `patterns`, they share
    /// with other groups what comes of journeys in which none of their points lies.
    fn broken(&mut self, here: &[(JourneyId, &Ensure)], patterns: Option<&[usize]>) -> u64 {
        let entered = self.entered(here);
        for id in &entered {
            let flow = self.flows.get(*id);
            let mut calls = flow.into_iter().flat_map(Flow::calls);
            let is_inside = patterns.is_none()
                || here.binary_search_by_key(id, |(own, _)| *own).is_ok()
                || calls.any(|(_, inner)| self.inside.get(inner.index()) == Some(&true));
            if let Some(inside) = self.inside.get_mut(id.index()) {
                *inside = is_inside;
            }
        }
        let is_inside = |id: &JourneyId| self.inside.get(id.index()) == Some(&true);
        let (inside, outside): (Vec<_>, Vec<_>) = entered.iter().copied().partition(is_inside);
        let called = inside.iter().filter_map(|id| self.flows.get(*id));
        let called: BTreeSet<JourneyId> = called.flat_map(Flow::calls).map(|(_, id)| id).collect();
        if let Some(patterns) = patterns.filter(|_| !outside.is_empty()) {
            self.sweep_patterns();
            for id in outside.iter().filter(|id| called.contains(id)) {
                let summary = self.patterns.summary(*id, patterns);
                if let Some(place) = self.summaries.get_mut(id.index()) {
                    *place = summary;
                }
            }
        }
        let looked = |id: JourneyId| self.inside.get(id.index()) == Some(&true);
        self.marked.mark(here, looked);
        for id in inside.iter().filter(|id| called.contains(id)) {
            self.summarise(*id);
        }
        let sweep = Sweep {
            flows: self.flows,
            marked: &self.marked,
            summaries: &self.summaries,
        };
        let broken = sweep.broken(here);
        for id in entered {
            if let Some(inside) = self.inside.get_mut(id.index()) {
                *inside = false;
            }
        }
        broken
    }

    /// The journeys that runs of a group enter, callees first.
    fn entered(&self, here: &[(JourneyId, &Ensure)]) -> Vec<JourneyId> {
        let mut open: Vec<JourneyId> = here.iter().map(|(journey, _)| *journey).collect();
        open.dedup();
        let mut entered: BTreeSet<(u32, JourneyId)> = BTreeSet::new();
        let rank = |id: JourneyId| self.rank.get(id.index()).copied().unwrap_or(0);
        while let Some(id) = open.pop() {
            if entered.insert((rank(id), id)) {
                let calls = self.flows.get(id).into_iter().flat_map(Flow::calls);
                open.extend(calls.map(|(_, inner)| inner));
            }
        }
        entered.into_iter().map(|(_, id)| id).collect()
    }

    /// Sweeps all journeys once for all patterns.
    fn sweep_patterns(&mut self) {
        if !self.patterns.swept.is_empty() {
            return;
        }
        self.marked.mark_patterns(&self.patterns.list);
        for id in &self.flows.order {
            self.summarise(*id);
        }
        self.patterns.swept.clone_from(&self.summaries);
    }

    /// Notes what comes of entering a journey, those that it calls being known.
    fn summarise(&mut self, id: JourneyId) {
        let Some(flow) = self.flows.get(id) else {
            return;
        };
        let sweep = Sweep {
            flows: self.flows,
            marked: &self.marked,
            summaries: &self.summaries,
        };
        let enter = |row: Row| sweep.through(flow, &[(flow.start, row)]);
        let summary = Summary {
            from_calm: enter(Row {
                calm: u64::MAX,
                armed: 0,
            }),
            from_armed: enter(Row {
                calm: 0,
                armed: u64::MAX,
            }),
        };
        if let Some(place) = self.summaries.get_mut(id.index()) {
            *place = summary;
        }
    }
}

struct Sweep<'a, 'm> {
    flows: &'a Flows,
    marked: &'m Marked<'a>,
    summaries: &'m [Summary],
}

impl Sweep<'_, '_> {
    /// The properties that some run breaks, one bit each.
    fn broken(&self, here: &[(JourneyId, &Ensure)]) -> u64 {
        let mut broken = 0;
        let numbered: Vec<(usize, &(JourneyId, &Ensure))> = here.iter().enumerate().collect();
        for same in numbered.chunk_by(|(_, (one, _)), (_, (other, _))| one == other) {
            let Some(flow) = same.first().and_then(|(_, (id, _))| self.flows.get(*id)) else {
                continue;
            };
            let starts: Vec<(u32, Row)> = same
                .iter()
                .map(|(bit, (_, ensure))| {
                    let bit = 1_u64 << bit;
                    let is_armed = matches!(ensure.property, Property::EveryPath { .. });
                    let row = Row {
                        calm: if is_armed { 0 } else { bit },
                        armed: if is_armed { bit } else { 0 },
                    };
                    (Flow::of_node(ensure.from), row)
                })
                .collect();
            broken |= self.through(flow, &starts).1;
        }
        broken
    }

    /// With what the ends of a journey are reached from these states, and what is broken on the way.
    fn through(&self, flow: &Flow, starts: &[(u32, Row)]) -> ([Row; Exit::COUNT], u64) {
        let mut front = Front {
            marked: self.marked,
            flow,
            rows: vec![Row::default(); flow.states.len()],
            waiting: vec![false; flow.states.len()],
            work: VecDeque::new(),
            broken: 0,
        };
        for (state, row) in starts {
            front.arrive(*state, *row);
        }
        // BOUND: a state comes back only when a bit of its row turns, and rows never lose one.
        while let Some((state, here)) = front.next() {
            let kind = flow.state(state).map(|state| state.kind);
            let open = |arc: &Arc| arc.only != Only::Done && !arc.is_shut();
            for (id, arc) in flow.leaving(state).filter(|(_, arc)| open(arc)) {
                let before = match (arc.via, kind) {
                    (None, _) => here,
                    (Some(exit), Some(StateKind::Call(inner))) => {
                        let (row, broken) = self.behind(inner, exit, here);
                        front.broken |= broken;
                        row
                    }
                    (Some(_), _) => continue,
                };
                let marks = self.marked.at(flow.journey, Spot::Arc(id));
                let before = before.behind(arc, self.marked.asked, marks);
                let (next, broken) = before.step(marks);
                front.broken |= broken;
                front.arrive(arc.to, next);
            }
        }
        let mut ends = [Row::default(); Exit::COUNT];
        for (state, exit) in flow.exits() {
            let row = front.rows.get(state as usize).copied().unwrap_or_default();
            if let Some(end) = ends.get_mut(exit.number()) {
                *end = end.or(row);
            }
        }
        (ends, front.broken)
    }

    /// What comes out of an inner journey on one of its ends, and what it breaks.
    fn behind(&self, inner: JourneyId, exit: Exit, here: Row) -> (Row, u64) {
        let Some(summary) = self.summaries.get(inner.index()) else {
            return (Row::default(), 0);
        };
        let end = |(ends, broken): &([Row; Exit::COUNT], u64), entered: u64| {
            let row = ends.get(exit.number()).copied().unwrap_or_default();
            let row = Row {
                calm: row.calm & entered,
                armed: row.armed & entered,
            };
            (row, broken & entered)
        };
        let (calm, broken) = end(&summary.from_calm, here.calm);
        let (armed, more) = end(&summary.from_armed, here.armed);
        (calm.or(armed), broken | more)
    }
}

/// The states that a sweep has come to.
struct Front<'a> {
    marked: &'a Marked<'a>,
    flow: &'a Flow,
    rows: Vec<Row>,
    waiting: Vec<bool>,
    work: VecDeque<u32>,
    broken: u64,
}

impl Front<'_> {
    fn arrive(&mut self, state: u32, row: Row) {
        if row == Row::default() {
            return;
        }
        let marks = self.marked.at(self.flow.journey, Spot::State(state));
        let (row, broken) = row.step(marks);
        self.broken |= broken;
        let Some(known) = self.rows.get_mut(state as usize) else {
            return;
        };
        let joined = known.or(row);
        if joined == *known {
            return;
        }
        *known = joined;
        if let Some(waiting) = self.waiting.get_mut(state as usize)
            && !*waiting
        {
            *waiting = true;
            self.work.push_back(state);
        }
    }

    fn next(&mut self) -> Option<(u32, Row)> {
        let state = self.work.pop_front()?;
        if let Some(waiting) = self.waiting.get_mut(state as usize) {
            *waiting = false;
        }
        let row = self.rows.get(state as usize).copied().unwrap_or_default();
        Some((state, row))
    }
}

//! Forward: with which levels a run that enters a journey leaves it, by each of its ends.
//!
//! Every state gets an interval, loop by loop in the order of the flow. Within a loop intervals grow
//! until nothing changes; one that keeps growing is widened, to 0 below and to no bound above. What was
//! widened is narrowed by what guards and decisions let through, and by limiters that let a run around
//! only so often. An inner journey is gone through once for each interval that it is entered with; where
//! callers enter it with many, it is gone through once with any level, and what its arrows can add
//! bounds the rest. Callers that wait stand in a list.

use std::collections::VecDeque;

use crate::{
    analysis::{
        flow::{Arc, Exit, Flow, Flows, Leave, StateKind},
        levels::{
            gain::Gains,
            interval::Interval,
            limit,
            shape::{Shape, is_open},
        },
    },
    model::{
        journey::{Guard, JourneyId, NodeKind, OutcomeId},
        program::Program,
    },
};

/// How often an interval in a loop may grow before it is widened.
const GROWTH_MAX: u8 = 4;

/// With how many intervals an inner journey is gone through one by one.
const ENTRIES_MAX: usize = 8;

/// How often a loop is gone around to narrow what was widened.
const NARROWINGS: usize = 3;

/// The levels at each way to end, by [`Exit::number`].
pub(super) type Ends = [Option<Interval>; Exit::COUNT];

/// The parts that every search of a program shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) program: &'a Program,
    pub(super) flows: &'a Flows,
    pub(super) shapes: &'a [Shape],
    pub(super) gains: &'a Gains,
}

/// What has been worked out of the journeys of a program.
#[derive(Debug)]
pub(super) struct Reach<'a> {
    parts: Parts<'a>,
    /// By journey, the intervals it was entered with, and what came of each.
    known: Vec<Vec<(Interval, Ends)>>,
}

/// A journey entered with an interval that nothing is known of yet.
#[derive(Debug)]
struct Wanted(JourneyId, Interval);

/// A journey that is being gone through.
#[derive(Debug)]
struct Visit<'a> {
    id: JourneyId,
    flow: &'a Flow,
    shape: &'a Shape,
    input: Interval,
    at: Vec<Option<Interval>>,
    growth: Vec<u8>,
    waiting: Vec<bool>,
    group: usize,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// The group has not been looked at.
    Fresh,
    /// States of the loop whose interval has grown, and what came from outside of it.
    Growing(VecDeque<u32>, Vec<Option<Interval>>),
    /// The members from this one on must still pass on what they have.
    Leaving(usize),
}

impl<'a> Reach<'a> {
    pub(super) fn new(parts: Parts<'a>) -> Self {
        Self {
            parts,
            known: vec![Vec::new(); parts.program.journeys.len()],
        }
    }

    /// The levels at the ends of a journey that is entered with these.
    pub(super) fn ends(&mut self, journey: JourneyId, input: Interval) -> Ends {
        self.run(journey, input);
        self.exactly(journey, input).unwrap_or_default()
    }

    /// The interval of every state of a journey that is started alone.
    pub(super) fn states(&mut self, journey: JourneyId) -> Vec<Option<Interval>> {
        self.run(journey, Interval::ZERO);
        let Some(mut visit) = self.visit(journey, Interval::ZERO) else {
            return Vec::new();
        };
        match self.advance(&mut visit) {
            Ok(_) => visit.at,
            Err(_) => Vec::new(),
        }
    }

    fn run(&mut self, journey: JourneyId, input: Interval) {
        if self.exactly(journey, input).is_some() {
            return;
        }
        let mut stack: Vec<Visit<'a>> = Vec::new();
        let mut wanted = Some(Wanted(journey, input));
        // BOUND: no journey stands behind one that it calls, and each is entered with a bounded number
        // of intervals.
        loop {
            if let Some(Wanted(id, input)) = wanted.take() {
                match self.visit(id, input) {
                    Some(visit) => stack.push(visit),
                    None => self.keep(id, input, Ends::default()),
                }
            }
            let Some(visit) = stack.last_mut() else {
                return;
            };
            match self.advance(visit) {
                Ok(ends) => {
                    let (id, input) = (visit.id, visit.input);
                    self.keep(id, input, ends);
                    stack.pop();
                }
                Err(more) => wanted = Some(more),
            }
        }
    }

    fn keep(&mut self, journey: JourneyId, input: Interval, ends: Ends) {
        if let Some(list) = self.known.get_mut(journey.index()) {
            list.push((input, ends));
        }
    }

    fn exactly(&self, journey: JourneyId, input: Interval) -> Option<Ends> {
        let list = self.known.get(journey.index())?;
        let found = list.iter().find(|(known, _)| *known == input);
        found.map(|(_, ends)| *ends)
    }

    /// What comes of entering a journey with these levels, or what must be worked out first.
    fn enter(&self, journey: JourneyId, input: Interval) -> Result<Ends, Wanted> {
        if let Some(known) = self.exactly(journey, input) {
            return Ok(known);
        }
        let entries = self.known.get(journey.index()).map_or(0, Vec::len);
        if entries < ENTRIES_MAX {
            return Err(Wanted(journey, input));
        }
        match self.exactly(journey, Interval::ANY) {
            Some(_) => Ok(self.around(journey, input)),
            None => Err(Wanted(journey, Interval::ANY)),
        }
    }

    /// What is known of a journey entered with these levels, or with more than these; no end is above
    /// what the arrows of the journey can add.
    fn around(&self, journey: JourneyId, input: Interval) -> Ends {
        let list = self.known.get(journey.index()).into_iter().flatten();
        let wider = list.filter(|(known, _)| known.contains(input));
        let found = wider.min_by_key(|(known, _)| known.greatest - known.least);
        let mut ends = found.map_or([Some(Interval::ANY); Exit::COUNT], |(_, ends)| *ends);
        for (exit, end) in ends.iter_mut().enumerate() {
            if let (Some(end), Some(gain)) = (end, self.parts.gains.through(journey, exit)) {
                end.greatest = end.greatest.min(gain.after(input.greatest)).max(end.least);
            }
        }
        ends
    }

    /// A visit of a journey; none of one that leads back to itself.
    fn visit(&self, id: JourneyId, input: Interval) -> Option<Visit<'a>> {
        let flow = self.parts.flows.get(id)?;
        let shape = self.parts.shapes.get(id.index())?;
        if !self.parts.gains.is_ordered(id) {
            return None;
        }
        let count = flow.states.len();
        let mut at = vec![None; count];
        if let Some(start) = at.get_mut(flow.start as usize) {
            *start = Some(input);
        }
        Some(Visit {
            id,
            flow,
            shape,
            input,
            at,
            growth: vec![0; count],
            waiting: vec![false; count],
            group: 0,
            phase: Phase::Fresh,
        })
    }

    /// Goes on until the visit is done or another must be done first.
    fn advance(&self, visit: &mut Visit<'a>) -> Result<Ends, Wanted> {
        // BOUND: every turn moves on by a phase, or by a group.
        while visit.group < visit.shape.groups() {
            match visit.phase {
                Phase::Fresh => visit.begin(),
                Phase::Growing(..) => {
                    let outside = self.grow(visit)?;
                    if visit.is_widened() {
                        for _ in 0..NARROWINGS {
                            self.narrow(visit, &outside);
                        }
                        self.limit(visit, &outside);
                    }
                    visit.phase = Phase::Leaving(0);
                }
                Phase::Leaving(from) => {
                    self.leave(visit, from)?;
                    visit.group += 1;
                    visit.phase = Phase::Fresh;
                }
            }
        }
        let mut ends = Ends::default();
        for (state, interval) in visit.flow.states.iter().zip(&visit.at) {
            if let StateKind::Exit(exit) = state.kind
                && let Some(end) = ends.get_mut(exit.number())
            {
                *end = *interval;
            }
        }
        Ok(ends)
    }

    /// Lets the intervals of a loop grow until nothing changes; gives what came from outside.
    fn grow(&self, visit: &mut Visit<'a>) -> Result<Vec<Option<Interval>>, Wanted> {
        // BOUND: an interval grows a few times, is widened at each end, and then stands.
        while let Some(state) = visit.next_growing() {
            let out = match self.out(visit, state, Self::enter) {
                Ok(out) => out,
                Err(wanted) => {
                    visit.wait(state);
                    return Err(wanted);
                }
            };
            for (to, interval) in out {
                if visit.is_inside(to) && visit.grow(to, interval) {
                    visit.wait(to);
                }
            }
        }
        match std::mem::replace(&mut visit.phase, Phase::Fresh) {
            Phase::Growing(_, outside) => Ok(outside),
            Phase::Fresh | Phase::Leaving(_) => Ok(Vec::new()),
        }
    }

    /// Goes around a loop once more: nothing is in an interval that does not come from somewhere.
    fn narrow(&self, visit: &mut Visit<'a>, outside: &[Option<Interval>]) {
        let members = visit.shape.members(visit.group);
        let first = members
            .first()
            .map_or(0, |state| visit.shape.place_of(*state));
        let within = |shape: &Shape, state: u32| (shape.place_of(state) - first) as usize;
        let mut next = outside.to_vec();
        let known = |reach: &Self, journey: JourneyId, input: Interval| -> Result<Ends, Wanted> {
            Ok(reach.around(journey, input))
        };
        for back in [true, false] {
            for (place, state) in members.iter().enumerate() {
                if !back {
                    let now = visit.get(*state);
                    let narrowed = next.get(place).copied().flatten();
                    let both = now.zip(narrowed).and_then(|(now, next)| now.meet(next));
                    visit.set(*state, both);
                }
                let out = self.out(visit, *state, known).unwrap_or_default();
                for (to, interval) in out {
                    if visit.is_inside(to) && (within(visit.shape, to) <= place) == back {
                        join(&mut next, within(visit.shape, to), interval);
                    }
                }
            }
        }
    }

    /// Holds a loop to what its limiters leave.
    fn limit(&self, visit: &mut Visit<'a>, outside: &[Option<Interval>]) {
        let members = visit.shape.members(visit.group);
        let unbounded = |state: &&u32| visit.get(**state).is_some_and(Interval::is_unbounded);
        if members.iter().find(unbounded).is_none() {
            return;
        }
        let entered = outside.iter().flatten().map(|interval| interval.greatest);
        let Some(greatest) = entered.max().and_then(|greatest| {
            limit::greatest(
                visit.flow,
                visit.shape,
                visit.group,
                self.parts.gains,
                greatest,
            )
        }) else {
            return;
        };
        for state in members {
            let held = visit
                .get(*state)
                .and_then(|interval| interval.at_most(greatest));
            visit.set(*state, held);
        }
    }

    /// Passes on what the members of a group have to the states behind it.
    fn leave(&self, visit: &mut Visit<'a>, from: usize) -> Result<(), Wanted> {
        let members = visit.shape.members(visit.group);
        for (place, state) in members.iter().enumerate().skip(from) {
            let out = match self.out(visit, *state, Self::enter) {
                Ok(out) => out,
                Err(wanted) => {
                    visit.phase = Phase::Leaving(place);
                    return Err(wanted);
                }
            };
            for (to, interval) in out {
                if !visit.is_inside(to) {
                    join(&mut visit.at, to as usize, interval);
                }
            }
        }
        Ok(())
    }

    /// Where the arcs of a state lead with the levels it has.
    fn out(
        &self,
        visit: &Visit<'a>,
        state: u32,
        enter: impl Fn(&Self, JourneyId, Interval) -> Result<Ends, Wanted>,
    ) -> Result<Vec<(u32, Interval)>, Wanted> {
        let (Some(interval), Some(what)) = (visit.get(state), visit.flow.state(state)) else {
            return Ok(Vec::new());
        };
        let ends = match what.kind {
            StateKind::Call(inner) => enter(self, inner, interval)?,
            StateKind::Step | StateKind::Exit(_) => Ends::default(),
        };
        let journey = self.parts.program.journey(visit.id);
        let node = journey.and_then(|journey| journey.graph.node_weight(what.node));
        let arms = match node.map(|node| &node.kind) {
            Some(NodeKind::Decision(guards)) => Some(arms(guards, interval)),
            _ => None,
        };
        let before = |arc: &Arc| match (arc.via, arc.leave, &arms) {
            (Some(exit), ..) => ends.get(exit.number()).copied().flatten(),
            (None, Leave::Outcome(OutcomeId(arm)), Some(arms)) => {
                arms.get(usize::from(arm)).copied().flatten()
            }
            (None, ..) => Some(interval),
        };
        let leaving = visit.flow.leaving(state).map(|(_, arc)| arc);
        Ok(leaving
            .filter(|arc| is_open(arc))
            .filter_map(|arc| {
                let taken = before(arc)?
                    .at_least(arc.level_min)?
                    .at_most(arc.level_max)?;
                Some((arc.to, taken.behind(arc)))
            })
            .collect())
    }
}

/// The levels with which each arm of a decision may be taken: the arms before it did not hold.
fn arms(guards: &[Guard], interval: Interval) -> Vec<Option<Interval>> {
    let mut left = Some(interval);
    let mut arms = Vec::with_capacity(guards.len());
    for guard in guards {
        arms.push(match &guard.condition {
            None => left,
            Some(condition) => {
                let taken = left.and_then(|left| left.where_is(condition, true));
                left = left.and_then(|left| left.where_is(condition, false));
                taken
            }
        });
    }
    arms
}

fn join(list: &mut [Option<Interval>], at: usize, interval: Interval) {
    if let Some(place) = list.get_mut(at) {
        *place = Some(place.map_or(interval, |old| old.join(interval)));
    }
}

impl Visit<'_> {
    fn get(&self, state: u32) -> Option<Interval> {
        self.at.get(state as usize).copied().flatten()
    }

    fn set(&mut self, state: u32, interval: Option<Interval>) {
        if let Some(place) = self.at.get_mut(state as usize) {
            *place = interval;
        }
    }

    /// Whether a state is in the group at hand.
    fn is_inside(&self, state: u32) -> bool {
        self.shape.group_of(state) as usize == self.group
    }

    /// Begins with the group at hand.
    fn begin(&mut self) {
        if !self.shape.is_loop(self.group) {
            self.phase = Phase::Leaving(0);
            return;
        }
        let members = self.shape.members(self.group);
        let outside = members.iter().map(|state| self.get(*state)).collect();
        self.phase = Phase::Growing(VecDeque::new(), outside);
        for state in members {
            if self.get(*state).is_some() {
                self.wait(*state);
            }
        }
    }

    /// Puts a state into the queue of those that have grown.
    fn wait(&mut self, state: u32) {
        if let (Phase::Growing(open, _), Some(waiting)) =
            (&mut self.phase, self.waiting.get_mut(state as usize))
            && !std::mem::replace(waiting, true)
        {
            open.push_back(state);
        }
    }

    fn next_growing(&mut self) -> Option<u32> {
        let Phase::Growing(open, _) = &mut self.phase else {
            return None;
        };
        let state = open.pop_front()?;
        if let Some(waiting) = self.waiting.get_mut(state as usize) {
            *waiting = false;
        }
        Some(state)
    }

    /// Adds levels to a state of a loop; whether that changes it.
    fn grow(&mut self, state: u32, more: Interval) -> bool {
        let Some(old) = self.get(state) else {
            self.set(state, Some(more));
            return true;
        };
        let mut joined = old.join(more);
        if joined == old {
            return false;
        }
        if let Some(growth) = self.growth.get_mut(state as usize) {
            *growth = growth.saturating_add(1);
            if *growth > GROWTH_MAX {
                let any = Interval::ANY;
                if joined.least < old.least {
                    joined.least = any.least;
                }
                if joined.greatest > old.greatest {
                    joined.greatest = any.greatest;
                }
            }
        }
        self.set(state, Some(joined));
        true
    }

    /// Whether anything in the loop at hand was widened.
    fn is_widened(&self) -> bool {
        let members = self.shape.members(self.group).iter();
        members
            .filter_map(|state| self.growth.get(*state as usize))
            .any(|growth| *growth > GROWTH_MAX)
    }
}

//! The oracle: every run, one state at a time, with the whole stack in it.
//!
//! Nothing here is shared with the checks: it walks the graph of the program node by node, keeps what a
//! property speaks of as plain data, and tries everything that the rules allow.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{graph::NodeIndex, visit::EdgeRef};
use wayfare::{
    analysis::{CounterStep, Counterexample},
    model::{
        expr::{Expr, Slot},
        journey::{Guard, Journey, JourneyId, NodeKind, On, OutcomeId},
        property::{At, Ensure, Place, PlaceKind, Point, Property},
    },
};

use super::{
    challenge::Codes,
    kinds::{Kind, renames},
    random::Made,
    world::{Fact, arm_says, can_be},
};

/// A node of a journey, and which child of a page.
pub(super) type Spot = (JourneyId, NodeIndex<u32>, u16);

/// How a node is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// From a child of a page to the next.
    Next(OutcomeId),
    Go(OutcomeId),
    Error,
    Unhandled,
}

/// Something that happens in a run; the stack is that at the node it happens to.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Visit(Vec<Spot>),
    Leave(Vec<Spot>, How),
    /// An inner journey is entered at this node.
    Enter,
    /// An inner journey is left, and with it this node.
    Return(Vec<Spot>, How),
    /// The outermost journey fails with an error.
    Failed,
}

/// What may happen next: the events, and the stack behind them; none where the run has ended.
pub(super) struct Move {
    pub(super) events: Vec<Event>,
    pub(super) to: Option<Vec<Spot>>,
}

fn edge(journey: &Journey, node: NodeIndex<u32>, on: On) -> Option<NodeIndex<u32>> {
    journey
        .graph
        .edges(node)
        .find(|edge| edge.weight().on == on)
        .map(|edge| edge.target())
}

/// Everything that may happen in a run that stands here.
pub(super) fn moves(made: &Made, stack: &[Spot]) -> Vec<Move> {
    let (id, node, child) = *stack.last().unwrap();
    let journey = made.journey(id);
    let weight = &journey.graph[node];
    match &weight.kind {
        NodeKind::Success => ends(made, stack, "true").into_iter().collect(),
        NodeKind::Failure => ends(made, stack, "false").into_iter().collect(),
        NodeKind::LooseEnd => {
            if let Some(found) = ends(made, stack, "error") {
                return vec![found];
            }
            if stack.len() == 1 {
                return Vec::new();
            }
            let up = stack[..stack.len() - 1].to_vec();
            let end = made.journey(up.last().unwrap().0).loose_end;
            vec![arrive(
                vec![Event::Return(up.clone(), How::Unhandled)],
                up,
                end,
            )]
        }
        NodeKind::Inner(inner) => {
            let mut to = stack.to_vec();
            to.push((*inner, made.journey(*inner).start, 0));
            let entered = Move {
                events: vec![Event::Enter, Event::Visit(to.clone())],
                to: Some(to),
            };
            vec![entered, fails(made, stack, false)]
        }
        NodeKind::Page(page) if usize::from(child) + 1 < page.children.len() => {
            let mut to = stack.to_vec();
            to.last_mut().unwrap().2 += 1;
            let events = vec![
                Event::Leave(stack.to_vec(), How::Next(OutcomeId(0))),
                Event::Visit(to.clone()),
            ];
            vec![
                Move {
                    events,
                    to: Some(to),
                },
                fails(made, stack, may_fail(made, stack)),
            ]
        }
        NodeKind::Task(_) | NodeKind::Decision(_) | NodeKind::Page(_) => {
            let mut all = vec![fails(made, stack, may_fail(made, stack))];
            for outcome in 0..weight.outcomes.len() {
                let outcome = OutcomeId(u16::try_from(outcome).unwrap());
                if let Some(target) = edge(journey, node, On::Outcome(outcome)) {
                    let events = vec![Event::Leave(stack.to_vec(), How::Go(outcome))];
                    all.push(arrive(events, stack.to_vec(), target));
                }
            }
            all
        }
    }
}

fn arrive(mut events: Vec<Event>, mut stack: Vec<Spot>, target: NodeIndex<u32>) -> Move {
    let top = stack.last_mut().unwrap();
    *top = (top.0, target, 0);
    events.push(Event::Visit(stack.clone()));
    Move {
        events,
        to: Some(stack),
    }
}

/// An inner journey ends; the caller leaves by the outcome of that name.
fn ends(made: &Made, stack: &[Spot], name: &str) -> Option<Move> {
    let up = stack[..stack.len() - 1].to_vec();
    let (id, node, _) = *up.last()?;
    let journey = made.journey(id);
    let outcome = journey.graph[node].outcome(name)?;
    let target = edge(journey, node, On::Outcome(outcome))?;
    Some(arrive(
        vec![Event::Return(up.clone(), How::Go(outcome))],
        up,
        target,
    ))
}

pub(super) fn may_fail(made: &Made, stack: &[Spot]) -> bool {
    let (id, node, child) = *stack.last().unwrap();
    match (
        &made.journey(id).graph[node].kind,
        made.kind(id, node, child),
    ) {
        (NodeKind::Decision(arms), _) => arms
            .iter()
            .filter_map(|arm| arm.condition.as_ref())
            .any(asks_outside),
        (_, Some((kind, _))) => kind.may_fail(),
        _ => false,
    }
}

fn asks_outside(expr: &Expr) -> bool {
    match expr {
        Expr::Has(slot) => matches!(slot, Slot::User(_) | Slot::Session(_)),
        Expr::Not(inner) => asks_outside(inner),
        Expr::Binary(_, left, right) => asks_outside(left) || asks_outside(right),
        _ => false,
    }
}

/// A node fails; the first that takes the error goes on.
fn fails(made: &Made, stack: &[Spot], expected: bool) -> Move {
    let (id, node, _) = *stack.last().unwrap();
    let mut stack = stack.to_vec();
    if let Some(target) = edge(made.journey(id), node, On::Error) {
        return arrive(vec![Event::Leave(stack.clone(), How::Error)], stack, target);
    }
    let mut events = vec![Event::Leave(stack.clone(), How::Unhandled)];
    loop {
        stack.pop();
        let Some((id, node, _)) = stack.last().copied() else {
            break;
        };
        let journey = made.journey(id);
        if let Some(outcome) = journey.graph[node].outcome("error")
            && let Some(target) = edge(journey, node, On::Outcome(outcome))
        {
            events.push(Event::Return(stack.clone(), How::Go(outcome)));
            return arrive(events, stack, target);
        }
        if let Some(target) = edge(journey, node, On::Error) {
            events.push(Event::Return(stack.clone(), How::Error));
            return arrive(events, stack, target);
        }
        events.push(Event::Return(stack.clone(), How::Unhandled));
    }
    if expected {
        events.push(Event::Failed);
    }
    Move { events, to: None }
}

/// Whether an event is among what a place means.
pub(super) fn is_at(made: &Made, place: &Place, event: &Event) -> bool {
    match &place.kind {
        PlaceKind::Points(points) => points.iter().any(|point| is_point(made, point, event)),
        PlaceKind::Any(ty, outcome) => {
            let name = &made.program.catalog.get(*ty).unwrap().name;
            let (stack, how) = match event {
                Event::Visit(stack) => (stack, None),
                Event::Leave(stack, how) => (stack, Some(*how)),
                Event::Enter | Event::Return(..) | Event::Failed => return false,
            };
            let (id, node, child) = *stack.last().unwrap();
            let Some((kind, _)) = made.kind(id, node, child) else {
                return false;
            };
            if kind.name() != name {
                return false;
            }
            match (outcome, how) {
                (None, None) => true,
                (Some(wanted), Some(How::Next(outcome) | How::Go(outcome))) => {
                    kind.outcomes()[outcome.index()] == &**wanted
                }
                _ => false,
            }
        }
        PlaceKind::Proof(factor) => match event {
            Event::Leave(stack, How::Next(outcome) | How::Go(outcome)) => {
                let (id, node, child) = *stack.last().unwrap();
                made.kind(id, node, child).is_some_and(|(kind, _)| {
                    kind.proves(kind.outcomes()[outcome.index()]) == Some(*factor)
                })
            }
            _ => false,
        },
    }
}

fn is_point(made: &Made, point: &Point, event: &Event) -> bool {
    let here = |stack: &[Spot]| {
        let (id, node, _) = *stack.last().unwrap();
        let calls = stack[..stack.len() - 1]
            .iter()
            .map(|(id, node, _)| (*id, *node));
        calls.eq(point.calls.iter().copied()) && id == point.journey && node == point.node
    };
    let root = made.journey(JourneyId(0));
    let fails = point.calls.is_empty() && point.node == root.failure && point.at == At::Node;
    match event {
        Event::Failed => fails,
        Event::Visit(stack) => {
            let (id, node, child) = *stack.last().unwrap();
            let loose = stack.len() == 1 && id == root.id && node == root.loose_end;
            loose && fails
                || here(stack)
                    && match point.at {
                        At::Node => child == 0,
                        At::Child(wanted) => child == wanted,
                        _ => false,
                    }
        }
        Event::Leave(stack, how) | Event::Return(stack, how) => {
            let child = stack.last().unwrap().2;
            here(stack)
                && match (point.at, *how) {
                    (At::Outcome(wanted), How::Go(outcome)) => wanted == outcome,
                    (At::ChildOutcome(of, wanted), How::Go(outcome) | How::Next(outcome)) => {
                        of == child && wanted == outcome
                    }
                    (At::Error, How::Error) => true,
                    _ => false,
                }
        }
        Event::Enter => false,
    }
}

/// What a property makes of a run so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Data {
    armed: bool,
    level: i64,
    /// Whether somebody is named, and whether who is named next is another.
    named: bool,
    other: bool,
    /// What is known of a code.
    codes: Codes,
    fact: bool,
    /// By frame: whether the ticket is in transient and in secure state.
    ticket: Vec<(bool, bool)>,
    visits: u64,
    used: BTreeMap<Spot, u64>,
    /// What an error in the page at hand goes back to.
    page: Option<Before>,
}

/// What was known before a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Before {
    armed: bool,
    codes: Codes,
    level: i64,
    named: bool,
    fact: bool,
    ticket: (bool, bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    Dead,
    Hit,
    Go,
}

fn hit(hit: bool) -> Then {
    if hit { Then::Hit } else { Then::Go }
}

/// A property with what it needs to be followed.
pub(super) struct Watch<'a> {
    made: &'a Made,
    ensure: &'a Ensure,
}

impl<'a> Watch<'a> {
    pub(super) fn new(made: &'a Made, ensure: &'a Ensure) -> Self {
        Self { made, ensure }
    }

    /// Where runs begin. Within another run the level may be anything.
    fn starts(&self) -> Vec<Data> {
        let armed = matches!(self.ensure.property, Property::EveryPath { .. });
        let start = Data {
            armed,
            ticket: vec![(false, false)],
            ..Data::default()
        };
        let levels = if self.is_open() { 0..=12 } else { 0..=0 };
        levels
            .map(|level| Data {
                level,
                named: self.is_open(),
                ..start.clone()
            })
            .collect()
    }

    /// Whether the verdict on this one may be too careful.
    pub(super) fn is_open(&self) -> bool {
        let root = self.made.journey(JourneyId(0));
        matches!(self.ensure.property, Property::LevelAtLeast { .. })
            && (self.ensure.from != root.start || root.settings.inner_only)
    }

    fn event(&self, data: &mut Data, event: &Event) -> Then {
        if let Event::Leave(stack, How::Go(outcome)) = event {
            let (id, node, child) = *stack.last().unwrap();
            if let Some((Kind::Limits, limit)) = self.made.kind(id, node, child)
                && outcome.index() == 0
            {
                let counted = matches!(self.ensure.property, Property::AtMost { .. });
                let used = data.used.entry((id, node, child)).or_default();
                *used += 1;
                if *used > u64::try_from(limit).unwrap() {
                    return Then::Dead;
                }
                if !counted {
                    data.used.clear();
                    if limit == 0 {
                        return Then::Dead;
                    }
                }
            }
        }
        let is = |place: &Place| is_at(self.made, place, event);
        match &self.ensure.property {
            Property::EveryPath { to, passes }
                if passes
                    .iter()
                    .any(|place| matches!(place.kind, PlaceKind::Proof(_))) =>
            {
                self.moves_proof(data, event, passes);
                let passed =
                    |place: &Place| !matches!(place.kind, PlaceKind::Proof(_)) && is(place);
                if passes.iter().any(passed) {
                    Then::Dead
                } else {
                    hit(data.armed && is(to))
                }
            }
            Property::EveryPath { to, passes } => {
                if passes.iter().any(is) {
                    Then::Dead
                } else {
                    hit(is(to))
                }
            }
            Property::Never { what, after } => {
                if data.armed && is(what) {
                    return Then::Hit;
                }
                data.armed |= is(after);
                Then::Go
            }
            Property::SameFace { .. } => panic!("two runs are another oracle's"),
            Property::AtMost { visits, of } => {
                data.visits += u64::from(is(of));
                hit(data.visits > *visits)
            }
            Property::LevelAtLeast { level, place } => {
                if !self.moves_level(data, event) {
                    return Then::Dead;
                }
                hit(data.level < i64::from(level.number()) && is(place))
            }
            Property::Has {
                slot: slot @ (Slot::Transient(_) | Slot::Secure(_)),
                place,
            } => {
                let before = has_ticket(data, slot);
                self.moves_ticket(data, event);
                let after = has_ticket(data, slot);
                // One arrives before the node stops, and leaves after it has done its work.
                let there = if matches!(event, Event::Visit(_)) {
                    before
                } else {
                    after
                };
                hit(!there && is(place))
            }
            Property::Has { slot, place } => {
                let before = data.fact;
                self.moves_fact(data, event, Fact::Has(slot));
                let there = if matches!(event, Event::Visit(_)) {
                    before
                } else {
                    data.fact
                };
                hit(!there && is(place))
            }
            Property::Holds { condition, place } => {
                let before = data.fact;
                self.moves_fact(data, event, Fact::Holds(condition));
                let there = if matches!(event, Event::Visit(_)) {
                    before
                } else {
                    data.fact
                };
                hit(!there && is(place))
            }
        }
    }

    fn arms(&self, stack: &[Spot]) -> Option<&'a [Guard]> {
        let (id, node, _) = *stack.last().unwrap();
        match &self.made.journey(id).graph[node].kind {
            NodeKind::Decision(arms) => Some(arms),
            _ => None,
        }
    }

    /// Remembers what an error in a page goes back to, and goes back to it.
    fn pages(&self, data: &mut Data, event: &Event) {
        let top = data.ticket.last().copied().unwrap_or_default();
        match event {
            Event::Visit(stack) if stack.last().unwrap().2 == 0 => {
                data.page = None;
                let (id, node, _) = *stack.last().unwrap();
                if matches!(self.made.journey(id).graph[node].kind, NodeKind::Page(_)) {
                    data.page = Some(Before {
                        armed: data.armed,
                        codes: data.codes,
                        level: data.level,
                        named: data.named,
                        fact: data.fact,
                        ticket: top,
                    });
                }
            }
            Event::Leave(_, How::Error | How::Unhandled) => {
                if let Some(before) = data.page.take() {
                    data.level = before.level;
                    data.named = before.named;
                    data.fact = before.fact;
                    *data.ticket.last_mut().unwrap() = before.ticket;
                    if self.asks_for_proof() {
                        (data.armed, data.codes) = (before.armed, before.codes);
                    }
                }
                if self.asks_for_proof()
                    && let Event::Leave(stack, _) = event
                {
                    data.codes.failed(&self.made.all_kinds(stack));
                }
            }
            Event::Leave(_, How::Go(_)) => data.page = None,
            _ => {}
        }
    }

    fn asks_for_proof(&self) -> bool {
        let Property::EveryPath { passes, .. } = &self.ensure.property else {
            return false;
        };
        passes
            .iter()
            .any(|place| matches!(place.kind, PlaceKind::Proof(_)))
    }

    /// Whether one of the factors is proved of whoever is named last.
    fn moves_proof(&self, data: &mut Data, event: &Event, passes: &[Place]) {
        self.pages(data, event);
        let Some((kind, name)) = self.done(event) else {
            return;
        };
        data.armed |= renames(kind, name);
        data.codes.named(kind, name);
        let worthless = kind == Kind::Code && !data.codes.is_out();
        let wanted = |place: &Place| match place.kind {
            PlaceKind::Proof(factor) => kind.proves(name) == Some(factor) && !worthless,
            _ => false,
        };
        data.armed &= !passes.iter().any(wanted);
        data.codes.done(kind, name);
    }

    /// The task that an event ends, and its outcome.
    fn done(&self, event: &Event) -> Option<(Kind, &'static str)> {
        let Event::Leave(stack, How::Go(outcome) | How::Next(outcome)) = event else {
            return None;
        };
        let (id, node, child) = *stack.last().unwrap();
        let (kind, _) = self.made.kind(id, node, child)?;
        Some((kind, kind.outcomes()[outcome.index()]))
    }

    fn moves_level(&self, data: &mut Data, event: &Event) -> bool {
        self.pages(data, event);
        let Event::Leave(stack, How::Go(outcome) | How::Next(outcome)) = event else {
            return true;
        };
        if let Some(arms) = self.arms(stack) {
            let before = arms[..outcome.index()]
                .iter()
                .filter_map(|arm| arm.condition.as_ref());
            let own = arms[outcome.index()].condition.as_ref();
            let level = data.level;
            return before.into_iter().all(|arm| can_be(arm, false, level))
                && own.is_none_or(|arm| can_be(arm, true, level));
        }
        let (id, node, child) = *stack.last().unwrap();
        if let Some((kind, name)) = self.done(event) {
            if renames(kind, name) && data.other {
                // Of the two ways only one is told where they are the same.
                if !data.named || data.level == 0 {
                    return false;
                }
                data.level = 0;
                data.other = false;
            }
            data.named |= kind.names(name);
        }
        match self.made.kind(id, node, child) {
            Some((Kind::Raises, by)) => data.level = (data.level + by).clamp(0, 100),
            Some((Kind::Gate, need)) => return (data.level >= need) == (outcome.index() == 0),
            _ => {}
        }
        true
    }

    fn stops(&self, stack: &[Spot]) -> bool {
        let (id, node, child) = *stack.last().unwrap();
        let children = match &self.made.journey(id).graph[node].kind {
            NodeKind::Page(page) => page.children.len(),
            _ => 1,
        };
        child == 0
            && (0..children).any(|child| {
                let child = u16::try_from(child).unwrap();
                self.made
                    .kind(id, node, child)
                    .is_some_and(|(kind, _)| kind.may_stop())
            })
    }

    fn moves_ticket(&self, data: &mut Data, event: &Event) {
        match event {
            Event::Visit(stack) => {
                if self.stops(stack) {
                    for (depth, ticket) in data.ticket.iter_mut().enumerate() {
                        let (id, node, _) = stack[depth];
                        let journey = self.made.journey(id);
                        let kept = if depth + 1 == stack.len() {
                            self.is_live(journey, node)
                        } else {
                            journey
                                .graph
                                .neighbors(node)
                                .any(|next| self.is_live(journey, next))
                        };
                        *ticket = (false, (ticket.0 || ticket.1) && kept);
                    }
                }
                self.pages(data, event);
            }
            Event::Return(..) => {
                data.ticket.pop();
            }
            Event::Enter | Event::Failed => {}
            Event::Leave(stack, how) => {
                self.pages(data, event);
                let (id, node, child) = *stack.last().unwrap();
                let top = data.ticket.last_mut().unwrap();
                match (how, self.made.kind(id, node, child)) {
                    (How::Go(_) | How::Next(_), Some((Kind::WritesTransient, _))) => top.0 = true,
                    (How::Go(outcome), None) => {
                        if let Some(arms) = self.arms(stack) {
                            let (at, key) = (outcome.index(), super::random::key("ticket"));
                            top.0 |= arm_says(arms, at, Fact::Has(&Slot::Transient(key)));
                            top.1 |= arm_says(arms, at, Fact::Has(&Slot::Secure(key)));
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    /// What enters an inner journey is decided before its first node is visited.
    fn enters(&self, data: &mut Data, inner: JourneyId) {
        let Property::Has {
            slot: Slot::Transient(_) | Slot::Secure(_),
            ..
        } = &self.ensure.property
        else {
            return;
        };
        let top = data.ticket.last().copied().unwrap_or_default();
        let reads = self.reads(self.made.journey(inner));
        data.ticket.push(if reads { top } else { (false, false) });
    }

    fn reads(&self, journey: &Journey) -> bool {
        journey
            .graph
            .node_indices()
            .any(|node| self.node_reads(journey, node))
    }

    fn node_reads(&self, journey: &Journey, node: NodeIndex<u32>) -> bool {
        match &journey.graph[node].kind {
            NodeKind::Inner(inner) => self.reads(self.made.journey(*inner)),
            NodeKind::Decision(arms) => arms
                .iter()
                .filter_map(|arm| arm.condition.as_ref())
                .any(reads_ticket),
            _ => (0..8).any(|child| {
                matches!(
                    self.made.kind(journey.id, node, child),
                    Some((Kind::Reads, _))
                )
            }),
        }
    }

    fn is_live(&self, journey: &Journey, from: NodeIndex<u32>) -> bool {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if self.node_reads(journey, node) {
                return true;
            }
            open.extend(
                journey
                    .graph
                    .neighbors(node)
                    .filter(|next| seen.insert(*next)),
            );
        }
        false
    }

    fn moves_fact(&self, data: &mut Data, event: &Event, fact: Fact<'_>) {
        match event {
            Event::Visit(stack) => {
                let lost = matches!(fact, Fact::Has(Slot::User(_) | Slot::Header(_)));
                if lost && self.stops(stack) {
                    data.fact = false;
                }
                self.pages(data, event);
            }
            Event::Leave(stack, how) => {
                self.pages(data, event);
                let (How::Go(outcome) | How::Next(outcome)) = how else {
                    return;
                };
                let (id, node, child) = *stack.last().unwrap();
                if let Some(arms) = self.arms(stack) {
                    data.fact |= arm_says(arms, outcome.index(), fact);
                }
                let Some((kind, _)) = self.made.kind(id, node, child) else {
                    return;
                };
                let name = kind.outcomes()[outcome.index()];
                match (fact, kind) {
                    (Fact::Has(Slot::User(_)), _) if kind.names(name) => data.fact = false,
                    (Fact::Has(Slot::Shared(_)), Kind::Removes) if name == "true" => {
                        data.fact = false;
                    }
                    (Fact::Has(Slot::Shared(_)), Kind::WritesShared) => data.fact = true,
                    (Fact::Holds(_), Kind::MayWrite) => data.fact = false,
                    _ => {}
                }
            }
            Event::Enter | Event::Return(..) | Event::Failed => {}
        }
    }
}

fn has_ticket(data: &Data, slot: &Slot) -> bool {
    let (transient, secure) = data.ticket.last().copied().unwrap_or_default();
    match slot {
        Slot::Secure(_) => secure,
        _ => transient,
    }
}

fn reads_ticket(expr: &Expr) -> bool {
    match expr {
        Expr::Has(slot) => matches!(slot, Slot::Transient(_) | Slot::Secure(_)),
        Expr::Not(inner) => reads_ticket(inner),
        Expr::Binary(_, left, right) => reads_ticket(left) || reads_ticket(right),
        _ => false,
    }
}

type Run = (Vec<Spot>, Data);

/// Follows one move: the data behind it, the nodes completed, and which of its events hits.
fn follow(
    watch: &Watch<'_>,
    data: &Data,
    next: &Move,
    other: bool,
    mut step: impl FnMut(&[Spot], How) -> bool,
) -> Option<(Data, u64, Option<usize>)> {
    let mut data = data.clone();
    data.other = other;
    let mut length = 0;
    for (at, event) in next.events.iter().enumerate() {
        if let Event::Leave(stack, how) | Event::Return(stack, how) = event
            && !matches!(how, How::Next(_))
        {
            length += 1;
            if !step(stack, *how) {
                return None;
            }
        }
        if matches!(event, Event::Enter)
            && let Some((inner, ..)) = next.to.as_ref().and_then(|to| to.last())
        {
            watch.enters(&mut data, *inner);
        }
        match watch.event(&mut data, event) {
            Then::Dead => return None,
            // Nobody else was named after all.
            Then::Hit if data.other => return None,
            Then::Hit => return Some((data, length, Some(at))),
            Then::Go => {}
        }
    }
    (!data.other).then_some((data, length, None))
}

/// The length of a shortest run that breaks a property; none where there is no such run.
pub(super) fn shortest(watch: &Watch<'_>) -> Option<u64> {
    let root = watch.made.journey(JourneyId(0));
    let stack = vec![(root.id, watch.ensure.from, 0)];
    let mut known: BTreeMap<Run, u64> = BTreeMap::new();
    let mut open: BTreeSet<(u64, Run)> = BTreeSet::new();
    let mut best: Option<u64> = None;
    for mut data in watch.starts() {
        match watch.event(&mut data, &Event::Visit(stack.clone())) {
            Then::Dead => {}
            Then::Hit => return Some(0),
            Then::Go => {
                open.insert((0, (stack.clone(), data)));
            }
        }
    }
    while let Some((length, (stack, data))) = open.pop_first() {
        if best.is_some_and(|best| best <= length) {
            break;
        }
        let all = moves(watch.made, &stack);
        for (next, other) in all.iter().flat_map(|next| [(next, false), (next, true)]) {
            let Some((data, more, hit)) = follow(watch, &data, next, other, |_, _| true) else {
                continue;
            };
            let length = length + more;
            if hit.is_some() {
                best = Some(best.map_or(length, |best| best.min(length)));
                continue;
            }
            let Some(to) = next.to.clone() else { continue };
            let run = (to, data);
            if known.get(&run).is_none_or(|best| length < *best) {
                known.insert(run.clone(), length);
                open.insert((length, run));
            }
        }
        assert!(
            known.len() < 300_000,
            "a case that is too large for the oracle"
        );
    }
    best
}

/// What happens in the run that a counter-example tells of, up to the end it names; none where there is
/// no such run.
pub(super) fn events(watch: &Watch<'_>, run: &Counterexample) -> Option<Vec<Event>> {
    let root = watch.made.journey(JourneyId(0));
    let stack = vec![(root.id, watch.ensure.from, 0)];
    let ends_at = |event: &Event| is_end(watch.made, &run.end, event);
    let first = Event::Visit(stack.clone());
    let mut open: Vec<(usize, Run, Vec<Event>)> = Vec::new();
    for mut data in watch.starts() {
        match watch.event(&mut data, &first) {
            Then::Dead => {}
            Then::Hit => {
                return (run.steps.is_empty() && ends_at(&first)).then(|| vec![first]);
            }
            Then::Go => open.push((0, (stack.clone(), data), vec![first.clone()])),
        }
    }
    let mut seen: BTreeSet<(usize, Run)> = BTreeSet::new();
    while let Some((taken, (stack, data), told)) = open.pop() {
        let all = moves(watch.made, &stack);
        for (next, other) in all.iter().flat_map(|next| [(next, false), (next, true)]) {
            let mut at = taken;
            let fits = |stack: &[Spot], how: How| {
                let fits = run
                    .steps
                    .get(at)
                    .is_some_and(|step| is_step(step, stack, how));
                at += 1;
                fits
            };
            let Some((data, _, hit)) = follow(watch, &data, next, other, fits) else {
                continue;
            };
            if let Some(hit) = hit {
                if at == run.steps.len() && ends_at(&next.events[hit]) {
                    let mut told = told;
                    told.extend_from_slice(&next.events[..=hit]);
                    return Some(told);
                }
                continue;
            }
            if let Some(to) = next.to.clone()
                && seen.insert((at, (to.clone(), data.clone())))
            {
                let mut told = told.clone();
                told.extend(next.events.iter().cloned());
                open.push((at, (to, data), told));
            }
        }
    }
    None
}

pub(super) fn is_step(step: &CounterStep, stack: &[Spot], how: How) -> bool {
    let (id, node, _) = *stack.last().unwrap();
    let calls = stack[..stack.len() - 1]
        .iter()
        .map(|(id, node, _)| (*id, *node));
    let on = match how {
        How::Go(outcome) => step.on == On::Outcome(outcome),
        How::Error | How::Unhandled => step.on == On::Error,
        How::Next(_) => false,
    };
    calls.eq(step.calls.iter().copied()) && step.journey == id && step.node == node && on
}

/// The end of a counter-example is the very point; failing with an error is arriving at failure.
fn is_end(made: &Made, end: &Point, event: &Event) -> bool {
    let place = Place {
        text: "end".into(),
        kind: PlaceKind::Points(vec![end.clone()]),
        span: wayfare::Span::default(),
    };
    let loose = made.journey(JourneyId(0)).loose_end;
    let on_loose = matches!(event, Event::Visit(stack) if stack.last().unwrap().1 == loose);
    is_at(made, &place, event) || on_loose && end.node == loose
}

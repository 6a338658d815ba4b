//! What a property makes of a run, event by event.
//!
//! In: a property and the events of a run. Out: what is known of the run so far as plain data, and whether
//! the run is out, goes on, or breaks the property. Which runs there are is not here.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::graph::NodeIndex;
use wayfare::{
    Factor,
    model::{
        expr::Slot,
        journey::{Guard, JourneyId, NodeKind},
        property::{Ensure, Place, PlaceKind, Property},
    },
};

use super::{
    challenge::Codes,
    kinds::{Kind, renames},
    moves::{Event, How, Spot, moves},
    place::is_at,
    random::Made,
    ticket::has_ticket,
    world::{Fact, arm_says, can_be},
};

/// What a property makes of a run so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Data {
    armed: bool,
    level: i64,
    /// Whether somebody is named, and whether who is named next is another.
    named: bool,
    pub(super) other: bool,
    /// What is known of a code.
    codes: Codes,
    fact: bool,
    /// By frame: whether the ticket is in transient and in secure state.
    pub(super) ticket: Vec<(bool, bool)>,
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

/// What runs of the first journey may know of a code where they come to a node of it.
fn codes_at(made: &Made, node: NodeIndex<u32>) -> BTreeSet<Codes> {
    let root = made.journey(JourneyId(0));
    let place = |kind| Place {
        text: "nothing".into(),
        kind,
        span: wayfare::Span::default(),
    };
    let ensure = Ensure {
        label: "walk".into(),
        from: root.start,
        property: Property::EveryPath {
            to: place(PlaceKind::Points(Vec::new())),
            // No kind proves it.
            passes: vec![place(PlaceKind::Proof(Factor::Knowledge))],
        },
        span: wayfare::Span::default(),
    };
    let watch = Watch::new(made, &ensure);
    let stack = vec![(root.id, root.start, 0)];
    let mut open: Vec<(Vec<Spot>, Data)> = Vec::new();
    for mut data in watch.starts() {
        watch.event(&mut data, &Event::Visit(stack.clone()));
        open.push((stack.clone(), data));
    }
    let mut seen: BTreeSet<(Vec<Spot>, Data)> = open.iter().cloned().collect();
    while let Some((stack, data)) = open.pop() {
        for next in moves(made, &stack) {
            let mut data = data.clone();
            let mut events = next.events.iter();
            if events.any(|event| watch.event(&mut data, event) == Then::Dead) {
                continue;
            }
            if let Some(to) = next.to
                && seen.insert((to.clone(), data.clone()))
            {
                open.push((to, data));
            }
        }
        assert!(seen.len() < 300_000, "a case that is too large to walk");
    }
    let here = seen
        .into_iter()
        .filter(|(stack, _)| *stack == [(root.id, node, 0)]);
    let codes: BTreeSet<Codes> = here.map(|(_, data)| data.codes).collect();
    if codes.is_empty() {
        return BTreeSet::from([Codes::NONE]);
    }
    codes
}

/// A property with what it needs to be followed.
pub(super) struct Watch<'a> {
    pub(super) made: &'a Made,
    pub(super) ensure: &'a Ensure,
}

impl<'a> Watch<'a> {
    pub(super) fn new(made: &'a Made, ensure: &'a Ensure) -> Self {
        Self { made, ensure }
    }

    /// Where runs begin. Within another run the level may be anything.
    pub(super) fn starts(&self) -> Vec<Data> {
        let armed = matches!(self.ensure.property, Property::EveryPath { .. });
        let start = Data {
            armed,
            ticket: vec![(false, false)],
            ..Data::default()
        };
        let root = self.made.journey(JourneyId(0));
        if self.asks_for_proof() && self.ensure.from != root.start {
            // Within a journey a code may be out already.
            let codes = codes_at(self.made, self.ensure.from);
            let with = |codes| Data {
                codes,
                ..start.clone()
            };
            return codes.into_iter().map(with).collect();
        }
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

    pub(super) fn event(&self, data: &mut Data, event: &Event) -> Then {
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
                if !self.moves_proof(data, event, passes) {
                    return Then::Dead;
                }
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

    pub(super) fn arms(&self, stack: &[Spot]) -> Option<&'a [Guard]> {
        let (id, node, _) = *stack.last().unwrap();
        match &self.made.journey(id).graph[node].kind {
            NodeKind::Decision(arms) => Some(arms),
            _ => None,
        }
    }

    /// Remembers what an error in a page goes back to, and goes back to it.
    pub(super) fn pages(&self, data: &mut Data, event: &Event) {
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

    /// Whether one of the factors is proved of whoever is named last; false where no run goes on so.
    fn moves_proof(&self, data: &mut Data, event: &Event, passes: &[Place]) -> bool {
        self.pages(data, event);
        let Some((kind, name)) = self.done(event) else {
            return true;
        };
        if data.codes.is_beyond(kind, name) {
            return false;
        }
        data.armed |= renames(kind, name);
        data.codes.named(kind, name);
        let worthless = kind == Kind::Code && !data.codes.is_out();
        let wanted = |place: &Place| match place.kind {
            PlaceKind::Proof(factor) => kind.proves(name) == Some(factor) && !worthless,
            _ => false,
        };
        data.armed &= !passes.iter().any(wanted);
        data.codes.done(kind, name);
        true
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

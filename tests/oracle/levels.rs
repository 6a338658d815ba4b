//! The levels at success, found by trying every run.
//!
//! A run is a stack, a level and what its limiters have counted. All of them are tried up to a level that
//! no interval of these programs needs; a loop that raises further is cut there.

use std::collections::{BTreeMap, BTreeSet};

use wayfare::{
    Greatest, LevelSpan,
    model::{
        expr::{Expr, Slot},
        journey::{JourneyId, NodeKind},
    },
};

use super::{
    kinds::{Kind, renames},
    moves::{Event, How, Spot, moves},
    random::Made,
    world::can_be,
};

/// No run is followed above it.
const LEVEL_MAX: i64 = 40;

/// How many places are tried.
const TRIED_MAX: usize = 40_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct At {
    stack: Vec<Spot>,
    level: i64,
    /// Whether somebody is named.
    named: bool,
    /// The level before the page at hand, and whether somebody was named.
    page: Option<(i64, bool)>,
    used: BTreeMap<Spot, i64>,
}

/// What limiters do: the proofs follow paths of the graph, on which only a limit of 0 lets nobody pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limiters {
    Counted,
    Open,
}

/// The levels that were found, and whether everything was tried.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) levels: BTreeSet<i64>,
    pub(super) all: bool,
}

/// The levels with which runs of a journey that is started alone succeed.
pub(super) fn at_success(made: &Made, journey: JourneyId, limiters: Limiters) -> Found {
    let start = At {
        stack: vec![(journey, made.journey(journey).start, 0)],
        level: 0,
        named: false,
        page: None,
        used: BTreeMap::new(),
    };
    let mut found = Found {
        all: true,
        ..Found::default()
    };
    let (mut seen, mut open) = (BTreeSet::new(), Vec::new());
    open.extend(arrived(made, start));
    while let Some(at) = open.pop() {
        if at.level > LEVEL_MAX || seen.len() > TRIED_MAX {
            found.all = false;
            continue;
        }
        if !seen.insert(at.clone()) {
            continue;
        }
        if let [(id, node, _)] = at.stack.as_slice()
            && *node == made.journey(*id).success
        {
            found.levels.insert(at.level);
        }
        for step in moves(made, &at.stack) {
            // Who is named may be another, or the same again.
            for other in [false, true] {
                let mut next = at.clone();
                let mut goes = true;
                let mut names = false;
                for event in &step.events {
                    goes &= happens(made, &mut next, event);
                    if other && renamed(made, event) {
                        names = true;
                        next.level = if at.named { 0 } else { next.level };
                    }
                }
                if limiters == Limiters::Open {
                    next.used.retain(|spot, _| {
                        let kind = made.kind(spot.0, spot.1, spot.2);
                        kind == Some((Kind::Limits, 0))
                    });
                }
                if let Some(stack) = step.to.clone().filter(|_| goes && names == other) {
                    next.stack = stack;
                    open.push(next);
                }
            }
        }
    }
    found
}

/// Whether an event may name another person.
fn renamed(made: &Made, event: &Event) -> bool {
    let Event::Leave(stack, How::Go(outcome) | How::Next(outcome)) = event else {
        return false;
    };
    let (id, node, child) = *stack.last().unwrap();
    made.kind(id, node, child)
        .is_some_and(|(kind, _)| renames(kind, kind.outcomes()[outcome.index()]))
}

fn arrived(made: &Made, mut at: At) -> Option<At> {
    let event = Event::Visit(at.stack.clone());
    happens(made, &mut at, &event).then_some(at)
}

/// What an event does to a run; false where it cannot happen.
fn happens(made: &Made, at: &mut At, event: &Event) -> bool {
    match event {
        Event::Visit(stack) => {
            let (id, node, child) = *stack.last().unwrap();
            if child == 0 {
                let page = matches!(made.journey(id).graph[node].kind, NodeKind::Page(_));
                at.page = page.then_some((at.level, at.named));
            }
            true
        }
        Event::Leave(_, How::Error | How::Unhandled) => {
            if let Some((level, named)) = at.page.take() {
                at.level = level;
                at.named = named;
            }
            true
        }
        Event::Leave(stack, How::Go(outcome) | How::Next(outcome)) => {
            let spot = *stack.last().unwrap();
            leaves(made, at, spot, outcome.index())
        }
        Event::Enter | Event::Return(..) | Event::Failed => true,
    }
}

fn leaves(made: &Made, at: &mut At, spot: Spot, outcome: usize) -> bool {
    let (id, node, child) = spot;
    if let NodeKind::Decision(arms) = &made.journey(id).graph[node].kind {
        let is = |condition: &Option<Expr>, wanted| {
            condition
                .as_ref()
                .is_none_or(|condition| can_be(condition, wanted, at.level))
        };
        return arms[..outcome].iter().all(|arm| is(&arm.condition, false))
            && is(&arms[outcome].condition, true);
    }
    let kind = made.kind(id, node, child);
    at.named |= kind.is_some_and(|(kind, _)| kind.names(kind.outcomes()[outcome]));
    match kind {
        Some((Kind::Raises, by)) => at.level = (at.level + by).max(0),
        Some((Kind::Gate, need)) => return (at.level >= need) == (outcome == 0),
        Some((Kind::Limits, limit)) if outcome == 0 => {
            let used = at.used.entry(spot).or_default();
            *used += 1;
            return *used <= limit;
        }
        _ => {}
    }
    true
}

/// Whether levels are the only thing that runs differ in: no loops, no limits, nothing that looks at the
/// level.
pub(super) fn is_plain(made: &Made) -> bool {
    made.program.journeys.iter().all(|journey| {
        let looks = journey.graph.node_weights().any(|node| match &node.kind {
            NodeKind::Decision(arms) => arms
                .iter()
                .filter_map(|arm| arm.condition.as_ref())
                .any(reads_level),
            _ => false,
        });
        !looks && petgraph::algo::toposort(&journey.graph, None).is_ok()
    }) && !made
        .kinds
        .values()
        .any(|(kind, _)| matches!(kind, Kind::Gate | Kind::Limits))
}

fn reads_level(expr: &Expr) -> bool {
    match expr {
        Expr::Read(slot, _) => *slot == Slot::AuthLevel,
        Expr::Not(inner) => reads_level(inner),
        Expr::Binary(_, left, right) => reads_level(left) || reads_level(right),
        _ => false,
    }
}

/// Whether no level lies outside of the span.
pub(super) fn lie_within(found: &Found, span: Option<LevelSpan>) -> bool {
    let Some(span) = span else {
        return found.levels.is_empty();
    };
    let greatest = match span.greatest {
        Greatest::Finite(level) => i64::from(level.number()),
        Greatest::Unbounded => i64::MAX,
    };
    let least = i64::from(span.least.number());
    found
        .levels
        .iter()
        .all(|level| (least..=greatest).contains(level))
}

/// Whether both ends of the span were found.
pub(super) fn are_the_ends(found: &Found, span: Option<LevelSpan>) -> bool {
    let ends = (found.levels.first(), found.levels.last());
    match (span, ends) {
        (None, (None, None)) => true,
        (Some(span), (Some(least), Some(greatest))) => {
            let greatest_is = match span.greatest {
                Greatest::Finite(level) => i64::from(level.number()) == *greatest,
                Greatest::Unbounded => false,
            };
            i64::from(span.least.number()) == *least && greatest_is
        }
        _ => false,
    }
}

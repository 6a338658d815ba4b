//! The least level of a run at a place.
//!
//! The memory of a run is its level. A run begins at 0; one that begins in the midst of another run (in
//! an inner journey or a fragment) has at least 0, and what is known of it is a bound. Bounds of a
//! signature (`AuthLevelDecision.true`) and guards on `auth_level` close the ways that the level rules
//! out. Levels above every number that the program compares with are one level. Naming another person than
//! the one named before takes the level back to 0, so a run that may do so goes on both ways.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    analysis::{
        counterexample,
        ensure::{Question, Verdict, verdict},
        explore::{Domain, Next, explore},
        flow::{Arc, Flow, Leave, Only, Raise, State},
        space::{Instance, Mark, Space},
    },
    model::{
        expr::{BinaryOp, Expr, Slot},
        journey::{Guard, Journey, JourneyId, NodeKind},
        level::AuthLevel,
        property::{At, Place, PlaceKind, Point},
        value::Value,
    },
};

impl Question<'_> {
    /// Whether the level is at least this at every arrival at a place.
    pub(super) fn level_at_least(&self, level: AuthLevel, place: &Place) -> Verdict {
        self.level_at_least_and_work(level, place).0
    }

    /// The same, and how much was looked at for it.
    pub(super) fn level_at_least_and_work(
        &self,
        level: AuthLevel,
        place: &Place,
    ) -> (Verdict, usize) {
        let mut space = self.space(&[place]);
        space.mark(place, Mark::GOAL);
        let levels = Levels::new(&space, Some(level));
        let explored = explore(&space, &levels, self.start(), levels.at_start(self));
        let run = counterexample::of_best(&space, &levels, &explored);
        (verdict(&explored, run), explored.work())
    }
}

/// Success of a journey as a place.
pub(super) fn success_of(journey: &Journey) -> Place {
    let point = Point {
        calls: Vec::new(),
        journey: journey.id,
        node: journey.success,
        at: At::Node,
    };
    Place {
        text: "success".into(),
        kind: PlaceKind::Points(vec![point]),
        span: journey.span,
    }
}

/// The greatest level as a number.
pub(super) const MAX: i64 = i32::MAX as i64;

/// What is known of the level of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    /// The level, or the least it can be.
    least: i64,
    /// Whether it may be greater.
    open: bool,
    /// Whether somebody is named.
    named: bool,
}

/// The greatest level that a memory holds beside whether somebody is named.
const HELD_MAX: i64 = (1 << 30) - 1;

/// Levels as the memory of a run.
struct Levels<'a> {
    bound: i64,
    /// From here on levels are not told apart.
    ceiling: i64,
    /// Whether a memory has room for who is named; without it, somebody always is.
    names: bool,
    guards: BTreeMap<(JourneyId, u32), &'a [Guard]>,
    /// The first arm that is taken for sure, by decision and memory.
    sure: RefCell<BTreeMap<(JourneyId, u32, u32), usize>>,
}

impl<'a> Levels<'a> {
    fn new(space: &Space<'a>, bound: Option<AuthLevel>) -> Self {
        let bound = bound.map_or(0, |level| i64::from(level.number()));
        let mut ceiling = bound;
        let mut falls = false;
        let mut guards = BTreeMap::new();
        for instance in &space.instances {
            let Some(journey) = space.program.journey(instance.journey) else {
                continue;
            };
            for arc in space
                .flows
                .get(instance.journey)
                .into_iter()
                .flat_map(|flow| &flow.arcs)
            {
                ceiling = ceiling.max(arc.level_min);
                if arc.level_max < MAX {
                    ceiling = ceiling.max(arc.level_max.saturating_add(1));
                }
                falls |= matches!(arc.raise, Raise::By(by) if by < 0);
            }
            for (index, node) in journey
                .graph
                .node_indices()
                .zip(journey.graph.node_weights())
            {
                if let NodeKind::Decision(arms) = &node.kind
                    && let Some(greatest) = greatest_compared(arms)
                {
                    ceiling = ceiling.max(greatest);
                    guards.insert((instance.journey, Flow::of_node(index)), arms.as_slice());
                }
            }
        }
        let wanted = ceiling.saturating_add(1).clamp(0, MAX);
        let names = wanted <= HELD_MAX;
        let ceiling = match (falls, names) {
            (false, _) => wanted,
            (true, true) => HELD_MAX,
            (true, false) => MAX,
        };
        Self {
            bound,
            ceiling,
            names,
            guards,
            sure: RefCell::default(),
        }
    }

    fn at_start(&self, question: &Question<'_>) -> u32 {
        let journey = question.program.journey(question.journey);
        let outermost = journey
            .is_some_and(|journey| journey.start == question.from && !journey.settings.inner_only);
        let called = question.program.journeys.iter().any(|other| {
            let flow = question.flows.get(other.id);
            flow.into_iter()
                .flat_map(Flow::calls)
                .any(|(_, inner)| inner == question.journey)
        });
        let within = !outermost || called;
        self.memory(Known {
            least: 0,
            open: within,
            named: within,
        })
    }

    /// Levels from the ceiling on are one.
    fn memory(&self, known: Known) -> u32 {
        let known = self.held(known);
        let least = u32::try_from(known.least.clamp(0, MAX)).unwrap_or(0);
        let memory = least << 1 | u32::from(known.open);
        if self.names {
            memory << 1 | u32::from(known.named)
        } else {
            memory
        }
    }

    fn known(&self, memory: u32) -> Known {
        let (level, named) = if self.names {
            (memory >> 1, memory & 1 == 1)
        } else {
            (memory, true)
        };
        Known {
            least: i64::from(level >> 1),
            open: level & 1 == 1,
            named,
        }
    }

    fn held(&self, known: Known) -> Known {
        Known {
            least: known.least.min(self.ceiling),
            ..known
        }
    }

    fn greatest(&self, known: Known) -> i64 {
        if known.open || known.least >= self.ceiling {
            MAX
        } else {
            known.least
        }
    }

    /// The level behind an arm of a decision, unless the level rules the arm out.
    fn through(&self, at: &Instance, arc: &Arc, known: Known) -> Option<Known> {
        let Some(arms) = self.guards.get(&(at.journey, arc.from)) else {
            return Some(known);
        };
        let Leave::Outcome(outcome) = arc.leave else {
            return Some(known);
        };
        let greatest = self.greatest(known);
        let key = (at.journey, arc.from, self.memory(known));
        let sure = *self.sure.borrow_mut().entry(key).or_insert_with(|| {
            let is_sure = |arm: &Guard| match &arm.condition {
                None => true,
                Some(condition) => truth(condition, known.least, greatest) == Truth::True,
            };
            arms.iter().position(is_sure).unwrap_or(arms.len())
        });
        if outcome.index() > sure {
            return None;
        }
        let condition = arms
            .get(outcome.index())
            .and_then(|arm| arm.condition.as_ref());
        match condition {
            Some(condition) if truth(condition, known.least, greatest) == Truth::False => None,
            Some(condition) if known.open => Some(Known {
                least: known.least.max(least_where(condition)),
                ..known
            }),
            Some(_) | None => Some(known),
        }
    }
}

impl Domain for Levels<'_> {
    fn visit(&self, at: &Instance, id: u32, _: &State, memory: u32) -> Next {
        let below = self.known(memory).least < self.bound;
        if below && Mark::GOAL.within(at.on_state(id)) {
            Next::Hit
        } else {
            Next::Go(memory)
        }
    }

    fn leave(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        match self.taken(at, arc, memory) {
            Some(known) => self.next(at, id, known),
            None => Next::Dead,
        }
    }

    fn otherwise(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        let known = self.known(memory);
        if !known.named || !arc.renames || known.least == 0 && !known.open {
            return Next::Dead;
        }
        match self.taken(at, arc, memory) {
            Some(known) => {
                let known = Known {
                    least: 0,
                    open: false,
                    ..known
                };
                self.next(at, id, known)
            }
            None => Next::Dead,
        }
    }
}

impl Levels<'_> {
    fn next(&self, at: &Instance, id: u32, known: Known) -> Next {
        if known.least < self.bound && Mark::GOAL.within(at.on_arc(id)) {
            return Next::Hit;
        }
        Next::Go(self.memory(known))
    }

    /// What is known behind an arc on which nobody else is named; `None` where the level rules it out.
    fn taken(&self, at: &Instance, arc: &Arc, memory: u32) -> Option<Known> {
        let mut known = self.known(memory);
        if arc.only == Only::Passing {
            return None;
        }
        if known.least < arc.level_min {
            if !known.open {
                return None;
            }
            known.least = arc.level_min;
        }
        if known.least > arc.level_max {
            return None;
        }
        let known = self.through(at, arc, known)?;
        let named = known.named || arc.writes_identity;
        Some(self.held(match arc.raise {
            Raise::By(0) => Known { named, ..known },
            Raise::By(by) => Known {
                least: known.least.saturating_add(by).clamp(0, MAX),
                named,
                ..known
            },
            Raise::Unknown => Known {
                least: 0,
                open: true,
                named,
            },
        }))
    }
}

/// The greatest number that guards compare the level with; `None` where they do not speak of it.
fn greatest_compared(arms: &[Guard]) -> Option<i64> {
    let mut greatest = None;
    let mut open: Vec<&Expr> = arms
        .iter()
        .filter_map(|arm| arm.condition.as_ref())
        .collect();
    while let Some(expr) = open.pop() {
        if let Some((_, number)) = comparison(expr) {
            greatest = greatest.max(Some(number));
        }
        match expr {
            Expr::Not(inner) => open.push(inner),
            Expr::Binary(_, left, right) => open.extend([&**left, &**right]),
            Expr::Literal(_) | Expr::Read(..) | Expr::Has(_) | Expr::Call(..) | Expr::Join(_) => {}
        }
    }
    greatest
}

/// `auth_level op number`, whichever way around it is written.
pub(super) fn comparison(expr: &Expr) -> Option<(BinaryOp, i64)> {
    let Expr::Binary(op, left, right) = expr else {
        return None;
    };
    match (&**left, &**right) {
        (Expr::Read(Slot::AuthLevel, _), Expr::Literal(Value::Int(number))) => Some((*op, *number)),
        (Expr::Literal(Value::Int(number)), Expr::Read(Slot::AuthLevel, _)) => {
            Some((turned(*op), *number))
        }
        _ => None,
    }
}

/// The operator with its sides exchanged.
pub(super) fn turned(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessOrEqual => BinaryOp::GreaterOrEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterOrEqual => BinaryOp::LessOrEqual,
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::In
        | BinaryOp::Add
        | BinaryOp::Subtract => op,
    }
}

/// What a condition is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    /// It holds.
    True,
    /// It does not.
    False,
    /// It may or may not.
    Either,
}

impl Truth {
    fn of(always: bool, never: bool) -> Self {
        match (always, never) {
            (true, _) => Self::True,
            (_, true) => Self::False,
            (false, false) => Self::Either,
        }
    }
}

/// What a condition is, for a level between two bounds.
pub(super) fn truth(expr: &Expr, least: i64, greatest: i64) -> Truth {
    if let Some((op, number)) = comparison(expr) {
        return match op {
            BinaryOp::Less => Truth::of(greatest < number, least >= number),
            BinaryOp::LessOrEqual => Truth::of(greatest <= number, least > number),
            BinaryOp::Greater => Truth::of(least > number, greatest <= number),
            BinaryOp::GreaterOrEqual => Truth::of(least >= number, greatest < number),
            BinaryOp::Equal => Truth::of(
                least == number && greatest == number,
                number < least || number > greatest,
            ),
            BinaryOp::NotEqual => Truth::of(
                number < least || number > greatest,
                least == number && greatest == number,
            ),
            BinaryOp::Or | BinaryOp::And | BinaryOp::In | BinaryOp::Add | BinaryOp::Subtract => {
                Truth::Either
            }
        };
    }
    match expr {
        Expr::Literal(Value::Bool(value)) => Truth::of(*value, !*value),
        Expr::Not(inner) => match truth(inner, least, greatest) {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Either => Truth::Either,
        },
        Expr::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
            let sides = (truth(left, least, greatest), truth(right, least, greatest));
            match (op, sides) {
                (BinaryOp::And, (Truth::False, _) | (_, Truth::False))
                | (_, (Truth::False, Truth::False)) => Truth::False,
                (BinaryOp::Or, (Truth::True, _) | (_, Truth::True))
                | (_, (Truth::True, Truth::True)) => Truth::True,
                _ => Truth::Either,
            }
        }
        Expr::Literal(_)
        | Expr::Read(..)
        | Expr::Has(_)
        | Expr::Binary(..)
        | Expr::Call(..)
        | Expr::Join(_) => Truth::Either,
    }
}

/// The least level with which a condition can be true.
fn least_where(expr: &Expr) -> i64 {
    match (comparison(expr), expr) {
        (Some((BinaryOp::GreaterOrEqual | BinaryOp::Equal, number)), _) => number.max(0),
        (Some((BinaryOp::Greater, number)), _) => number.saturating_add(1).clamp(0, MAX),
        (None, Expr::Binary(BinaryOp::And, left, right)) => {
            least_where(left).max(least_where(right))
        }
        (None, Expr::Binary(BinaryOp::Or, left, right)) => {
            least_where(left).min(least_where(right))
        }
        _ => 0,
    }
}

//! Nodes that need no visit: they read the level, or move it, and lead on.
//!
//! In: the table of hops that linking makes, a node, a level and how many visits are left. Out: where
//! the walk has to stop and visit. It comes to the same as visiting every node, but for the time: such a
//! node writes nothing that could be taken back but the level, and of that the last move is kept. Runs
//! that are traced do not come here.

use crate::{
    engine::{
        expr::{Op, Test},
        plan::{Behaviour, Facts, Kind, NOWHERE, Plan, PlanNode, Unit},
        state::Undo,
        turn::Turn,
    },
    model::{expr::BinaryOp, journey::OutcomeId, level::AuthLevel},
};

/// What a node does that needs the level of the run and nothing else.
///
/// See [`Prepared::silent`](crate::Prepared::silent).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Silent {
    /// A decision by the level.
    Level {
        /// The level from which on the run leaves by `yes`.
        least: i64,
        /// The outcome at or above it.
        yes: OutcomeId,
        /// The outcome below it.
        no: OutcomeId,
    },
    /// A move of the level, as the signature declares it.
    Raise {
        /// By how much; the level falls where it is negative.
        by: i64,
        /// The outcome.
        outcome: OutcomeId,
    },
}

/// What the walk does at a node without visiting it: sixteen bytes, targets inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hop {
    /// Nothing: the node is visited.
    Visit,
    /// Leads to `yes` from the level `least` on, else to `no`.
    Level { least: u32, yes: u32, no: u32 },
    /// Moves the level.
    Raise { by: i32, to: u32 },
}

/// How far a walk came without a visit.
#[derive(Debug, Clone, Copy)]
struct Passed {
    at: u32,
    from: u32,
    visits: u32,
    level: AuthLevel,
    /// The level before the last node, where that one moved it.
    before: Option<AuthLevel>,
}

/// Follows hops from `at` on, at most `left` of them.
fn pass(hops: &[Hop], at: u32, level: AuthLevel, left: u32) -> Passed {
    let (mut at, mut from, mut visits) = (at, NOWHERE, 0);
    let (mut level, mut before) = (level, None);
    // BOUND: every hop counts as a visit.
    while visits < left {
        let next = match hops.get(at as usize) {
            Some(Hop::Level { least, yes, no }) => {
                before = None;
                if level.number() >= *least { *yes } else { *no }
            }
            Some(Hop::Raise { by, to }) => {
                before = Some(level);
                level = level.raised(i64::from(*by));
                *to
            }
            Some(Hop::Visit) | None => break,
        };
        from = at;
        at = next;
        visits += 1;
    }
    Passed {
        at,
        from,
        visits,
        level,
        before,
    }
}

impl Turn<'_> {
    /// The next node that has to be visited, from this one on.
    #[inline]
    pub(crate) fn skip_silent(&mut self, id: u32) -> u32 {
        let silent = self
            .plan
            .hops
            .get(id as usize)
            .is_some_and(|hop| *hop != Hop::Visit);
        if !silent || self.trace.is_some() {
            return id;
        }
        let left = self.visits_left();
        let passed = pass(&self.plan.hops, id, self.run.level, left);
        if passed.visits == 0 {
            return id;
        }
        self.begin_visit();
        let run = &mut *self.run;
        run.turn += passed.visits;
        run.visits += passed.visits;
        run.at = passed.from;
        run.level = passed.level;
        if let Some(before) = passed.before {
            run.visit.level_before = Some(before);
            run.undo.push(Undo::Level(before));
        }
        self.from = passed.from;
        passed.at
    }
}

/// The hop of every node, once all else of the plan is there.
pub(crate) fn hops(plan: &Plan) -> Vec<Hop> {
    let hop = |node: &PlanNode| {
        let unit = plan.unit(node.body).filter(|unit| unit.needs.is_none());
        match node.kind {
            // What an obligation waits for is passed in full.
            Kind::Task if node.marked => None,
            Kind::Task => unit.and_then(|unit| silent(plan, *node, unit)),
            Kind::Page | Kind::Inner | Kind::Success | Kind::Failure | Kind::LooseEnd => None,
        }
    };
    let nodes = plan.nodes.iter();
    nodes.map(|node| hop(node).unwrap_or(Hop::Visit)).collect()
}

fn silent(plan: &Plan, node: PlanNode, unit: &Unit) -> Option<Hop> {
    let target = |outcome| plan.target(node, outcome).filter(|to| *to != NOWHERE);
    let silent = match &unit.behaviour {
        Behaviour::Node(node) => node.silent()?,
        Behaviour::Guards(guards) => by_level(guards)?,
    };
    match silent {
        Silent::Level { least, yes, no } => Some(Hop::Level {
            // A level is never below zero and never above what fits.
            least: u32::try_from(least.max(0)).unwrap_or(u32::MAX),
            yes: target(yes)?,
            no: target(no)?,
        }),
        Silent::Raise { by, outcome } => {
            let allowed = match unit.facts.get(outcome.index())? {
                Facts { level: None, .. } => true,
                Facts {
                    level: Some(level), ..
                } => *level == by,
            };
            // More than the whole range moves the level to its end, as the whole range does.
            let most = i64::from(i32::MAX);
            let by = i32::try_from(by.clamp(-most, most)).ok()?;
            let to = target(outcome)?;
            allowed.then_some(Hop::Raise { by, to })
        }
    }
}

/// A decision of one condition on the level, and `else`.
fn by_level(guards: &[Option<Test>]) -> Option<Silent> {
    let [Some(test), None] = guards else {
        return None;
    };
    let [Op::Level(op, number)] = *test.ops else {
        return None;
    };
    let (first, second) = (OutcomeId(0), OutcomeId(1));
    let above = number.checked_add(1)?;
    let (least, yes, no) = match op {
        BinaryOp::GreaterOrEqual => (number, first, second),
        BinaryOp::Greater => (above, first, second),
        BinaryOp::Less => (number, second, first),
        BinaryOp::LessOrEqual => (above, second, first),
        _ => return None,
    };
    Some(Silent::Level { least, yes, no })
}

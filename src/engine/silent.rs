//! Nodes that need no visit: they look at the run, or change a little of it, and lead on.
//!
//! In: the table of hops that linking makes, a node, a run and how many visits are left. Out: where the
//! walk has to stop and visit. It comes to the same as visiting every node, but for the time: what the last
//! node changed is recorded as in a visit, since it may be taken back. Where only a visit can tell, as when
//! a condition fails, there is one. Runs that are traced do not come here.

use std::sync::Arc;

use crate::{
    engine::{
        expr::{Op, Test},
        ground::Finds,
        plan::{Behaviour, Facts, Kind, NOWHERE, Plan, PlanNode, Unit},
        state::Undo,
        turn::Turn,
        walk::{first_that_holds, scene},
    },
    model::{
        expr::{BinaryOp, KeyId},
        journey::OutcomeId,
        level::AuthLevel,
        value::Value,
    },
};

/// What a node does that takes no more of a run than its level, its state and the memory of the node.
///
/// See [`Prepared::silent`](crate::Prepared::silent).
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A count of visits, which is all that the memory of the node holds.
    Count {
        /// How often the run leaves by `again`.
        limit: i64,
        /// The outcome that counts one more.
        again: OutcomeId,
        /// The outcome from then on, which counts nothing.
        spent: OutcomeId,
    },
    /// Values for shared state; their keys are removed from the other scopes. What is there already is left
    /// alone.
    Write {
        /// The values by key.
        entries: Arc<[(KeyId, Value)]>,
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
    /// Counts in the memory of the unit; leads to `again` below the limit, else to `spent`.
    Count { limit: u32, again: u32, spent: u32 },
    /// Puts into shared state what stands at this place of [`Hops::writes`].
    Write { what: u32, to: u32 },
    /// Leads by the first condition of the unit that holds.
    Guards,
}

/// The hops of all nodes.
#[derive(Debug, Default)]
pub(crate) struct Hops {
    by_node: Vec<Hop>,
    writes: Vec<Arc<[(KeyId, Value)]>>,
}

impl Hops {
    #[inline]
    fn of(&self, node: u32) -> Hop {
        self.by_node
            .get(node as usize)
            .copied()
            .unwrap_or(Hop::Visit)
    }
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

/// Follows hops about the level from `at` on, at most `left` of them.
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
            Some(Hop::Visit | Hop::Count { .. } | Hop::Write { .. } | Hop::Guards) | None => break,
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
        let mut id = id;
        if self.trace.is_some() || self.plan.hops.of(id) == Hop::Visit {
            return id;
        }
        self.begin_visit();
        // BOUND: every turn counts a visit, or is the last.
        loop {
            let next = match self.plan.hops.of(id) {
                Hop::Visit => None,
                Hop::Level { .. } | Hop::Raise { .. } => self.pass_levels(id),
                hop => self.hop(id, hop),
            };
            match next {
                Some(next) => id = next,
                None => return id,
            }
        }
    }

    /// Forgets what the last hop has left behind; no hop leaves more.
    fn begin_hop(&mut self) {
        self.run.undo.clear();
        self.run.visit.level_before = None;
    }

    /// Takes the run over nodes about the level; nowhere where no visit is left.
    fn pass_levels(&mut self, id: u32) -> Option<u32> {
        let left = self.visits_left();
        let passed = pass(&self.plan.hops.by_node, id, self.run.level, left);
        if passed.visits == 0 {
            return None;
        }
        self.begin_hop();
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
        Some(passed.at)
    }

    /// Takes the run over one node; nowhere where no visit is left, or where only a visit can tell.
    fn hop(&mut self, id: u32, hop: Hop) -> Option<u32> {
        let plan = self.plan;
        let node = plan.node(id).filter(|_| self.visits_left() > 0)?;
        self.run.at = id;
        self.begin_hop();
        let to = match hop {
            Hop::Count {
                limit,
                again,
                spent,
            } => match self.run.memory.get(&node.body) {
                Some(Value::Int(count)) if *count >= i64::from(limit) => spent,
                None if limit == 0 => spent,
                Some(Value::Int(count)) => {
                    let count = count.saturating_add(1);
                    self.run.set_memory(node.body, Some(Value::Int(count)));
                    again
                }
                None => {
                    self.run.set_memory(node.body, Some(Value::Int(1)));
                    again
                }
                Some(_) => return None,
            },
            Hop::Write { what, to } => {
                for (key, value) in plan.hops.writes.get(what as usize)?.iter() {
                    self.run.put_alone(*key, value);
                }
                to
            }
            Hop::Guards => match &plan.unit(node.body)?.behaviour {
                Behaviour::Guards(guards) => {
                    let outcome = first_that_holds(guards, scene(self)).ok()?;
                    plan.target(node, outcome).filter(|to| *to != NOWHERE)?
                }
                Behaviour::Node(_) => return None,
            },
            Hop::Visit | Hop::Level { .. } | Hop::Raise { .. } => return None,
        };
        self.count();
        self.from = id;
        Some(to)
    }
}

/// The hop of every node, once all else of the plan is there.
pub(crate) fn hops(plan: &Plan) -> Hops {
    let mut writes = Vec::new();
    let mut hop = |node: &PlanNode| {
        let unit = plan.unit(node.body).filter(|unit| unit.needs.is_none());
        match node.kind {
            // What an obligation waits for is passed in full.
            Kind::Task if node.marked => None,
            Kind::Task => unit.and_then(|unit| silent(plan, *node, unit, &mut writes)),
            Kind::Page | Kind::Inner | Kind::Success | Kind::Failure | Kind::LooseEnd => None,
        }
    };
    let nodes = plan.nodes.iter();
    let by_node = nodes.map(|node| hop(node).unwrap_or(Hop::Visit)).collect();
    Hops { by_node, writes }
}

fn silent(
    plan: &Plan,
    node: PlanNode,
    unit: &Unit,
    writes: &mut Vec<Arc<[(KeyId, Value)]>>,
) -> Option<Hop> {
    let target = |outcome| plan.target(node, outcome).filter(|to| *to != NOWHERE);
    // An outcome that finds why a run fails is left by a visit.
    let finds_nothing =
        |outcome: OutcomeId| matches!(unit.finds.get(outcome.index()), None | Some(Finds::Nothing));
    let silent = match &unit.behaviour {
        Behaviour::Node(node) => node.silent()?,
        Behaviour::Guards(guards) => match by_level(guards) {
            Some(silent) => silent,
            None => return Some(Hop::Guards),
        },
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
        Silent::Count {
            limit,
            again,
            spent,
        } => (finds_nothing(again) && finds_nothing(spent)).then_some(Hop::Count {
            limit: u32::try_from(limit).ok()?,
            again: target(again)?,
            spent: target(spent)?,
        }),
        Silent::Write { entries, outcome } => {
            let to = target(outcome).filter(|_| finds_nothing(outcome))?;
            // A write of these means more than what it writes.
            let own = [plan.known.username, plan.known.user_info];
            if entries.iter().any(|(key, _)| own.contains(key)) {
                return None;
            }
            let what = u32::try_from(writes.len()).ok()?;
            writes.push(entries);
            Some(Hop::Write { what, to })
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

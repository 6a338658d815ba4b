//! What a run holds when it succeeds: the factors proved of whom it logs in, and its level.
//!
//! The memory of a run is the number of a holding; holdings are numbered as they are met. Levels are
//! exact until there are too many of them, as where a loop raises; from then on new ones are the greatest.
//! Naming another person than the one named before drops all of it, if it is another.

use std::{cell::RefCell, collections::BTreeMap, fmt};

use crate::{
    analysis::{
        counterexample::{self, Counterexample},
        explore::{Domain, Explored, Next, explore},
        flow::{Arc, Exit, Leave, Only, Raise, State, StateKind},
        level::{MAX, Truth, truth},
        levels::level_spans,
        proof::Memory,
        space::{Instance, Mark, Space},
    },
    model::{
        journey::{JourneyId, NodeKind},
        level::Greatest,
        signature::Factor,
    },
};

/// A set of factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Factors(u16);

impl Factors {
    fn with(self, factor: Factor) -> Self {
        let at = Factor::ALL.iter().position(|(known, _)| *known == factor);
        Self(at.map_or(self.0, |at| self.0 | 1 << at))
    }

    /// Whether all of these are among `other`.
    pub(crate) fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

impl fmt::Display for Factors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (at, (_, word)) in Factor::ALL.iter().enumerate() {
            if self.0 & 1 << at != 0 {
                let gap = if first { "" } else { " and " };
                write!(f, "{gap}{word}")?;
                first = false;
            }
        }
        if first {
            f.write_str("no proof")
        } else {
            Ok(())
        }
    }
}

/// What a run has proved and the level it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Holding {
    /// The factors proved of the subject named last.
    pub(crate) factors: Factors,
    /// The level; the greatest one stands for any.
    pub(crate) level: i64,
}

impl Holding {
    /// Whether a success with this makes one with `other` no news: it proves no more and gives no less.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.factors.within(other.factors) && self.level >= other.level
    }
}

/// What the successes of a journey hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Holdings {
    /// Each once, sorted.
    pub(crate) list: Vec<Holding>,
    /// Whether there are more than could be followed.
    pub(crate) cut_short: bool,
}

impl Holdings {
    /// Those of `other` that are news to this: no success of this one proves as little for as much.
    /// Of those that differ only by proving more or giving less, the worst alone.
    pub(crate) fn news_of(&self, other: &Self) -> Vec<Holding> {
        let is_news = |new: &Holding| !self.list.iter().any(|old| old.covers(*new));
        let news: Vec<Holding> = other.list.iter().copied().filter(is_news).collect();
        let worst = |new: &&Holding| {
            !news
                .iter()
                .any(|worse| worse != *new && worse.covers(**new))
        };
        news.iter().filter(worst).copied().collect()
    }
}

impl Holdings {
    /// The successes that prove the least for what they give: those that make no other one needless.
    pub(crate) fn least(&self) -> Vec<Holding> {
        let least = |one: &&Holding| !self.list.iter().any(|o| o != *one && o.covers(**one));
        self.list.iter().filter(least).copied().collect()
    }
}

/// How many holdings are told apart by their levels.
const EXACT_MAX: usize = 512;

/// Holdings as the memory of a run.
struct Held<'a> {
    space: &'a Space<'a>,
    /// Whether levels are followed at all.
    levels: bool,
    wanted: Option<Holding>,
    table: RefCell<Table>,
}

/// What a run holds on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Now {
    holding: Holding,
    /// Whether somebody is named.
    named: bool,
    /// The code that is waited for, by the number of what is known of it.
    code: u32,
}

#[derive(Default)]
struct Table {
    list: Vec<Now>,
    numbers: BTreeMap<Now, u32>,
}

impl Table {
    fn number(&mut self, mut now: Now) -> u32 {
        if self.list.len() >= EXACT_MAX && !self.numbers.contains_key(&now) {
            now.holding.level = MAX;
        }
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(now).or_insert(next);
        if number == next {
            self.list.push(now);
        }
        number
    }
}

impl<'a> Held<'a> {
    fn new(space: &'a Space<'a>, levels: bool, wanted: Option<Holding>) -> Self {
        Self {
            space,
            levels,
            wanted,
            table: RefCell::default(),
        }
    }

    fn now(&self, memory: u32) -> Now {
        let table = self.table.borrow();
        table.list.get(memory as usize).copied().unwrap_or(Now {
            holding: Holding {
                factors: Factors::default(),
                level: MAX,
            },
            named: true,
            code: Memory::START.pack(),
        })
    }

    fn holding(&self, memory: u32) -> Holding {
        self.now(memory).holding
    }

    fn number(&self, now: Now) -> u32 {
        self.table.borrow_mut().number(now)
    }

    fn start(&self) -> u32 {
        self.number(Now {
            holding: Holding {
                factors: Factors::default(),
                level: 0,
            },
            named: false,
            code: Memory::START.pack(),
        })
    }

    /// What a run holds behind an arc; `other` where it names another person there than before. `None`
    /// where the arc is not taken so.
    fn behind(&self, at: &Instance, id: u32, arc: &Arc, memory: u32, other: bool) -> Option<Now> {
        if arc.only == Only::Passing || Mark::CUT.within(at.on_arc(id)) {
            return None;
        }
        let Now {
            mut holding,
            named,
            code,
        } = self.now(memory);
        let code = Memory::unpack(code);
        if self.levels && holding.level < MAX {
            let level = holding.level;
            if level < arc.level_min || level > arc.level_max || !self.lets(at.journey, arc, level)
            {
                return None;
            }
        }
        if self.levels {
            holding.level = match arc.raise {
                _ if other => 0,
                Raise::By(_) if holding.level == MAX => MAX,
                Raise::By(by) => holding.level.saturating_add(by).clamp(0, MAX),
                Raise::Unknown => MAX,
            };
        }
        if arc.renames {
            holding.factors = Factors::default();
        }
        if let Some(factor) = code.proves(arc) {
            holding.factors = holding.factors.with(factor);
        }
        Some(Now {
            holding,
            named: named || arc.writes_identity,
            code: code.after(arc).of_codes().pack(),
        })
    }

    /// Whether a decision lets this level through on an arc.
    fn lets(&self, journey: JourneyId, arc: &Arc, level: i64) -> bool {
        let node = self
            .space
            .program
            .journey(journey)
            .zip(self.space.flows.get(journey))
            .and_then(|(journey, flow)| {
                let state = flow.state(arc.from)?;
                journey.graph.node_weight(state.node)
            });
        let (Some(NodeKind::Decision(arms)), Leave::Outcome(outcome)) =
            (node.map(|node| &node.kind), arc.leave)
        else {
            return true;
        };
        let is = |at: usize, wanted: Truth| {
            let condition = arms.get(at).and_then(|arm| arm.condition.as_ref());
            condition.map_or(wanted == Truth::True, |condition| {
                truth(condition, level, level) == wanted
            })
        };
        !is(outcome.index(), Truth::False) && !(0..outcome.index()).any(|at| is(at, Truth::True))
    }
}

impl Domain for Held<'_> {
    fn visit(&self, at: &Instance, _: u32, state: &State, memory: u32) -> Next {
        let success = at.outermost && state.kind == StateKind::Exit(Exit::Success);
        if success && self.wanted == Some(self.holding(memory)) {
            return Next::Hit;
        }
        Next::Go(memory)
    }

    fn leave(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        let now = self.behind(at, id, arc, memory, false);
        now.map_or(Next::Dead, |now| Next::Go(self.number(now)))
    }

    fn otherwise(&self, at: &Instance, id: u32, arc: &Arc, memory: u32) -> Next {
        if !arc.renames || !self.levels || !self.now(memory).named {
            return Next::Dead;
        }
        let now = self.behind(at, id, arc, memory, true);
        now.map_or(Next::Dead, |now| Next::Go(self.number(now)))
    }
}

fn ends(held: &Held<'_>, explored: &Explored) -> Holdings {
    let memories = explored.memories(Exit::Success);
    let mut list: Vec<Holding> = memories.map(|memory| held.holding(memory)).collect();
    list.sort_unstable();
    list.dedup();
    Holdings {
        list,
        cut_short: explored.cut_short,
    }
}

/// What the successes of the outermost journey hold.
pub(super) fn of(space: &Space<'_>, from: u32) -> Holdings {
    let held = Held::new(space, true, None);
    let exact = ends(&held, &explore(space, &held, from, held.start()));
    if !exact.cut_short {
        return exact;
    }
    let held = Held::new(space, false, None);
    let mut all = ends(&held, &explore(space, &held, from, held.start()));
    let journey = space.instance(0).map(|at| at.journey.index());
    let spans = level_spans(space.program);
    let span = journey
        .and_then(|at| spans.get(at))
        .and_then(Option::as_ref);
    let greatest = span.map_or(MAX, |span| match span.greatest {
        Greatest::Finite(level) => i64::from(level.number()),
        Greatest::Unbounded => MAX,
    });
    for holding in &mut all.list {
        holding.level = greatest;
    }
    all
}

/// A shortest run to a success that holds exactly this.
pub(super) fn run_to(space: &Space<'_>, from: u32, wanted: Holding) -> Option<Counterexample> {
    for levels in [true, false] {
        let wanted = Holding {
            level: if levels { wanted.level } else { 0 },
            ..wanted
        };
        let held = Held::new(space, levels, Some(wanted));
        let explored = explore(space, &held, from, held.start());
        let run = counterexample::of_best(space, &held, &explored);
        if run.is_some() {
            return run;
        }
    }
    None
}

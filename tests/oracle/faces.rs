//! What a stranger sees of a known and of an unknown user: every pair of runs on the same answers.
//!
//! Nothing is shared with the check: pairs are not put into classes, runs have their whole stack, and what
//! the made-up types mean stands in a table beside their signatures. The verdicts must agree, and the two
//! runs that are shown must be one of the pairs, each step of them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::any, test_runner::TestCaseError};
use wayfare::{
    Factor,
    analysis::{Counterexample, Verdict, findings, prove},
    codes,
    model::{
        expr::{Expr, Slot},
        journey::{JourneyId, Node, NodeKind, SettingValue, Task},
        property::{At, Ensure, Place, PlaceKind, Property},
    },
};

use super::{
    Tally, cases,
    moves::{Event, How, Spot, is_step, moves},
    place::is_at,
    random::{Choices, Made},
    runner,
    state::show,
};

mod memory;
mod sorts;

use memory::{Odd, Odds};
use sorts::{Names, Of, Sort, sort_of};

/// One of the two runs: where it is, whether it has ended, whether its name is the client's word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    stack: Vec<Spot>,
    ended: Option<bool>,
    typed: bool,
}

type Step = (Vec<Spot>, How);

/// A way on, with the nodes that it completes.
#[derive(Debug, Clone)]
struct Way {
    how: How,
    steps: Vec<Step>,
    /// None where the two may part there, or where nothing is ever seen again.
    to: Option<Run>,
    outage: bool,
}

/// What is to be seen at a stop of a run, and how it goes on.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each named"
)]
struct View<'a> {
    ended: Option<bool>,
    shown: Option<&'a Node>,
    task: Option<&'a Task>,
    node: Option<&'a Node>,
    ways: Vec<Way>,
    depends: bool,
    /// Whether only one of the two may have what it cannot work without.
    lacks: bool,
    differs: bool,
    /// What it writes, and what the earlier children of its page do.
    leaves: Odds,
    before: Odds,
    /// Whether what it writes differs.
    unlike: bool,
    /// What it writes on every outcome.
    settles: Odds,
}

struct Oracle<'a> {
    made: &'a Made,
    /// None: where the subject is proved.
    until: Option<&'a Place>,
}

impl<'a> Oracle<'a> {
    fn task(&self, (journey, node, child): Spot) -> Option<&'a Task> {
        match &self.made.journey(journey).graph[node].kind {
            NodeKind::Task(task) => Some(task),
            NodeKind::Page(page) => Some(&page.children[usize::from(child)].task),
            _ => None,
        }
    }

    /// Whether a run has come to the place until which both must look alike.
    fn is_there(&self, event: &Event) -> bool {
        let Some(place) = self.until else {
            return false;
        };
        let (stack, how) = match event {
            Event::Visit(stack) => (stack, None),
            Event::Leave(stack, How::Next(outcome) | How::Go(outcome)) => (stack, Some(*outcome)),
            _ => {
                return matches!(place.kind, PlaceKind::Points(_))
                    && is_at(self.made, place, event);
            }
        };
        let sort = self
            .task(*stack.last().unwrap())
            .map(|task| sort_of(self.made, task));
        match (&place.kind, how) {
            (PlaceKind::Points(_), _) => is_at(self.made, place, event),
            (PlaceKind::Any(ty, None), None) => self
                .task(*stack.last().unwrap())
                .is_some_and(|task| task.ty == *ty),
            (PlaceKind::Any(ty, Some(name)), Some(outcome)) => {
                let own = self
                    .task(*stack.last().unwrap())
                    .is_some_and(|task| task.ty == *ty);
                own && sort.unwrap().outcomes[outcome.index()].0 == &**name
            }
            (PlaceKind::Any(..), _) | (PlaceKind::Proof(_), None) => false,
            (PlaceKind::Proof(factor), Some(outcome)) => {
                sort.is_some_and(|sort| sort.outcomes[outcome.index()].2 == Some(*factor))
            }
        }
    }

    /// Through calls and returns, which nobody sees, until something is chosen, shown or at its end.
    fn settled(&self, mut run: Run, steps: &mut Vec<Step>) -> Option<Run> {
        let mut seen = BTreeSet::new();
        while run.ended.is_none() {
            let (journey, node, _) = *run.stack.last().unwrap();
            let outer = run.stack.len() == 1;
            match &self.made.journey(journey).graph[node].kind {
                NodeKind::Success if outer => run.ended = Some(true),
                NodeKind::Failure | NodeKind::LooseEnd if outer => run.ended = Some(false),
                NodeKind::Success | NodeKind::Failure | NodeKind::LooseEnd | NodeKind::Inner(_) => {
                    if !seen.insert(run.stack.clone()) {
                        return None;
                    }
                    let next = moves(self.made, &run.stack).swap_remove(0);
                    if next.events.iter().any(|event| self.is_there(event)) {
                        return None;
                    }
                    steps.extend(completed(&next.events));
                    run.stack = next.to.unwrap();
                }
                _ => break,
            }
        }
        Some(run)
    }

    fn may_fail(&self, spot: Spot) -> bool {
        let node = &self.made.journey(spot.0).graph[spot.1];
        if let NodeKind::Decision(arms) = &node.kind {
            let asks = |expr: &Expr| matches!(expr, Expr::Has(Slot::User(_)));
            return arms
                .iter()
                .filter_map(|arm| arm.condition.as_ref())
                .any(asks);
        }
        self.task(spot).is_some_and(|task| self.task_may_fail(task))
    }

    fn task_may_fail(&self, task: &Task) -> bool {
        let computed = |(_, value): &(_, SettingValue)| matches!(value, SettingValue::Computed(_));
        let sort = sort_of(self.made, task);
        sort.calls_out || sort.needs || task.settings.iter().any(computed)
    }

    /// Whether the outcome of a spot can depend on whether there is such a user.
    fn depends(&self, spot: Spot) -> bool {
        let node = &self.made.journey(spot.0).graph[spot.1];
        if let NodeKind::Decision(arms) = &node.kind {
            let mut conditions = arms.iter().filter_map(|arm| arm.condition.as_ref());
            return conditions.any(|condition| memory::asks(condition, &Odds::new(), true));
        }
        let Some(task) = self.task(spot) else {
            return false;
        };
        let sort = sort_of(self.made, task);
        let looked_up = sort.outcomes.iter().any(|(_, of, proves)| match of {
            Of::User | Of::Nobody => true,
            Of::Anybody | Of::Right => false,
            Of::Unsaid => !is_right(*proves) && sort.looks && sort.calls_out,
        });
        looked_up || memory::computes(task, &Odds::new(), true)
    }

    /// Whether it can depend on what only one of two runs has done.
    fn goes_by(&self, spot: Spot, odds: &Odds) -> bool {
        let node = &self.made.journey(spot.0).graph[spot.1];
        if let NodeKind::Decision(arms) = &node.kind {
            let mut conditions = arms.iter().filter_map(|arm| arm.condition.as_ref());
            return conditions.any(|condition| memory::asks(condition, odds, false));
        }
        let Some(task) = self.task(spot) else {
            return false;
        };
        let sort = sort_of(self.made, task);
        let open = sort.outcomes.iter().any(|(_, of, proves)| match of {
            Of::User | Of::Nobody => true,
            Of::Anybody | Of::Right => false,
            Of::Unsaid => !is_right(*proves),
        });
        sort.name == "Gate" && odds.contains(&Odd::Level)
            || open && memory::reads(self.made, task, odds)
            || memory::computes(task, odds, false)
    }

    /// What is written at a spot.
    fn written(&self, spot: Spot, view: &mut View<'a>) {
        let Some(task) = self.task(spot) else {
            return;
        };
        view.leaves = memory::writes(self.made, task);
        let NodeKind::Page(page) = &self.made.journey(spot.0).graph[spot.1].kind else {
            view.settles = memory::settles(self.made, task);
            return;
        };
        let (before, later) = page.children.split_at(usize::from(spot.2));
        for child in before {
            view.before.extend(memory::writes(self.made, &child.task));
        }
        if later
            .iter()
            .skip(1)
            .all(|child| !self.task_may_fail(&child.task))
        {
            view.settles = memory::settles(self.made, task);
        }
    }

    fn view(&self, run: &Run, known: bool, odds: &Odds) -> View<'a> {
        let mut view = View {
            ended: run.ended,
            shown: None,
            task: None,
            node: None,
            ways: Vec::new(),
            depends: false,
            lacks: false,
            differs: false,
            leaves: Odds::new(),
            before: Odds::new(),
            unlike: false,
            settles: Odds::new(),
        };
        if run.ended.is_some() {
            return view;
        }
        let spot = *run.stack.last().unwrap();
        let node = &self.made.journey(spot.0).graph[spot.1];
        view.node = Some(node);
        view.task = self.task(spot);
        let sort = view.task.map(|task| sort_of(self.made, task));
        let looked_up = run.typed && self.depends(spot);
        view.depends = looked_up || self.goes_by(spot, odds);
        let lacks = view
            .task
            .is_some_and(|task| memory::needs(self.made, task, odds));
        view.lacks = lacks;
        self.written(spot, &mut view);
        for next in moves(self.made, &run.stack) {
            view.ways
                .extend(self.way(run, known, (looked_up, lacks), &next.events, next.to));
        }
        // Where no place is named, a proof is where they part rightly; else it is seen like all else.
        let right =
            |(_, of, proves): &(_, Of, Option<Factor>)| *of == Of::Right || is_right(*proves);
        if run.typed
            && self.until.is_some()
            && sort.is_some_and(|sort| sort.outcomes.iter().any(right))
        {
            view.depends = true;
        }
        view.unlike = view.depends
            || view
                .task
                .is_some_and(|task| memory::reads(self.made, task, odds));
        let tasks: Vec<&Task> = match &node.kind {
            NodeKind::Task(task) if sort.unwrap().seen => vec![task],
            NodeKind::Page(page) if spot.2 == 0 => page.children.iter().map(|c| &c.task).collect(),
            _ => return view,
        };
        let fails = |way: &Way| matches!(way.how, How::Error | How::Unhandled);
        if looked_up && !known && view.ways.iter().all(fails) {
            // Who cannot be looked up is asked nothing.
            return view;
        }
        view.shown = Some(node);
        view.differs = tasks
            .iter()
            .any(|task| memory::computes(task, odds, run.typed) || memory::lists(task, odds));
        view
    }

    fn way(
        &self,
        run: &Run,
        known: bool,
        (looked_up, lacks): (bool, bool),
        events: &[Event],
        to: Option<Vec<Spot>>,
    ) -> Option<Way> {
        let spot = *run.stack.last().unwrap();
        let sort = self.task(spot).map(|task| sort_of(self.made, task));
        let Some(Event::Leave(_, how)) = events.first() else {
            panic!("a settled run leaves a node");
        };
        let mut way = Way {
            how: *how,
            steps: completed(events),
            to: None,
            outage: false,
        };
        let mut typed = run.typed;
        match (how, sort) {
            (How::Error | How::Unhandled, _) if lacks => {}
            (How::Error | How::Unhandled, _) => {
                let none = |sort: &Sort| sort.outcomes.iter().all(|(_, of, _)| *of != Of::Nobody);
                way.outage = !(looked_up && sort.is_some_and(none));
                if !way.outage && known {
                    return None;
                }
            }
            (How::Next(outcome) | How::Go(outcome), Some(sort)) => {
                let (_, of, proves) = sort.outcomes[outcome.index()];
                let right = of == Of::Right || is_right(proves);
                if right && (self.until.is_none() || !known && run.typed) {
                    return None;
                }
                if !right && of == Of::User && looked_up && !known {
                    return None;
                }
                if sort.name == "Limits" && outcome.index() == 0 && self.is_shut(spot) {
                    return None;
                }
                typed = match sort.names {
                    Names::No => typed,
                    Names::Typed | Names::Told => true,
                    Names::Trusted => false,
                    Names::First => typed && outcome.index() != 0,
                };
            }
            (How::Next(_) | How::Go(_), None) => {}
        }
        if events.iter().any(|event| self.is_there(event)) {
            return None;
        }
        way.to = match to {
            Some(stack) => {
                let next = Run {
                    stack,
                    ended: None,
                    typed,
                };
                self.settled(next, &mut way.steps)
            }
            None if self.may_fail(spot) && self.is_there(&Event::Failed) => None,
            None => Some(Run {
                stack: run.stack[..1].to_vec(),
                ended: Some(false),
                typed,
            }),
        };
        Some(way)
    }

    fn is_shut(&self, spot: Spot) -> bool {
        let settings = &self.task(spot).unwrap().settings;
        settings.iter().any(|(name, value)| {
            &**name == "most" && *value == SettingValue::Constant(wayfare::Value::Int(0))
        })
    }

    /// How two limiters count that are passed side by side, or alone.
    fn counted(&self, known: Option<&Run>, unknown: Option<&Run>) -> Odds {
        let spot = |run: Option<&Run>| run.map(|run| *run.stack.last().unwrap());
        memory::counted(self.made, spot(known), spot(unknown))
    }

    /// The pairs that must look alike if this one does; none where it does not.
    fn next(&self, pair: &Pair) -> Option<Ways> {
        let Pair {
            known,
            unknown,
            odds,
        } = pair;
        let (left, right) = (
            self.view(known, true, odds),
            self.view(unknown, false, odds),
        );
        let same = known.stack == unknown.stack && known.ended == unknown.ended;
        let is_silent = |view: &View<'_>| view.shown.is_none() && view.ended.is_none();
        match (is_silent(&left), is_silent(&right)) {
            (true, true) if same || same_choice(&left, &right) => {}
            (true, _) => return Some(self.alone(pair, left, true)),
            (false, true) => return Some(self.alone(pair, right, false)),
            (false, false) => {
                let alike = match (left.shown, right.shown) {
                    (Some(one), Some(other)) => looks_like(one, other),
                    (None, None) => left.ended == right.ended,
                    _ => false,
                };
                if !alike || left.differs || right.differs {
                    return None;
                }
            }
        }
        Some(self.together(pair, &left, &right, same))
    }

    fn alone(&self, pair: &Pair, view: View<'_>, known: bool) -> Ways {
        let mut odds = pair.odds.clone();
        odds.extend(view.leaves);
        odds.extend(if known {
            self.counted(Some(&pair.known), None)
        } else {
            self.counted(None, Some(&pair.unknown))
        });
        let ways = view.ways.into_iter().filter(|way| !way.outage);
        let step = |way: Way| {
            let mut odds = odds.clone();
            if matches!(way.how, How::Error | How::Unhandled) {
                odds.extend(view.before.iter().copied());
            }
            let (left, right) = if known {
                (Some(way), None)
            } else {
                (None, Some(way))
            };
            (left, right, odds)
        };
        ways.map(step).collect()
    }

    fn together(&self, pair: &Pair, left: &View<'_>, right: &View<'_>, same: bool) -> Ways {
        let spot = |run: &Run| *run.stack.last().unwrap();
        let ended = pair.known.ended.is_some() || pair.unknown.ended.is_some();
        let uneven = !ended
            && pair
                .odds
                .contains(&Odd::Count(spot(&pair.known), spot(&pair.unknown)));
        let mut odds = pair.odds.clone();
        let unlike = left.unlike || right.unlike || uneven;
        for view in [left, right] {
            if view.unlike || uneven {
                odds.extend(view.leaves.iter().copied());
            }
        }
        if !ended {
            odds.extend(self.counted(Some(&pair.known), Some(&pair.unknown)));
        }
        let depends = left.depends || right.depends || uneven;
        let lacks = left.lacks || right.lacks;
        let fails = |way: &Way| matches!(way.how, How::Error | How::Unhandled);
        let mut ways = Ways::new();
        for one in &left.ways {
            for other in &right.ways {
                let twins = one.how == other.how;
                let outage = one.outage && twins && same;
                let one_fails = lacks && fails(one) != fails(other);
                let together = if depends || one_fails {
                    !one.outage && !other.outage
                } else {
                    twins && !one.outage
                };
                if !outage && !together {
                    continue;
                }
                let mut odds = odds.clone();
                if !unlike && !fails(one) && !fails(other) {
                    odds.retain(|odd| {
                        !(pair.odds.contains(odd)
                            && left.settles.contains(odd)
                            && right.settles.contains(odd))
                    });
                }
                if fails(one) != fails(other) {
                    odds.extend(left.before.iter().chain(&right.before).copied());
                }
                ways.push((Some(one.clone()), Some(other.clone()), odds));
            }
        }
        ways
    }

    fn start(&self, ensure: Option<&Ensure>, root: JourneyId) -> Option<Run> {
        let journey = self.made.journey(root);
        let node = ensure.map_or(journey.start, |ensure| ensure.from);
        let stack = vec![(root, node, 0)];
        if self.is_there(&Event::Visit(stack.clone())) {
            return None;
        }
        let run = Run {
            stack,
            ended: None,
            typed: node != journey.start || ensure.is_some() && journey.settings.inner_only,
        };
        self.settled(run, &mut Vec::new())
    }
}

fn is_right(proves: Option<Factor>) -> bool {
    proves.is_some_and(|factor| !matches!(factor, Factor::Session | Factor::Registration))
}

fn completed(events: &[Event]) -> Vec<Step> {
    let steps = events.iter().filter_map(|event| match event {
        Event::Leave(stack, how) | Event::Return(stack, how) if !matches!(how, How::Next(_)) => {
            Some((stack.clone(), *how))
        }
        _ => None,
    });
    steps.collect()
}

fn looks_like(one: &Node, other: &Node) -> bool {
    let kinds = match (&one.kind, &other.kind) {
        (NodeKind::Task(one), NodeKind::Task(other)) => one == other,
        (NodeKind::Page(one), NodeKind::Page(other)) => {
            let tasks = |page: &wayfare::model::journey::Page| -> Vec<Task> {
                page.children
                    .iter()
                    .map(|child| child.task.clone())
                    .collect()
            };
            one.stage == other.stage && tasks(one) == tasks(other)
        }
        _ => false,
    };
    kinds && one.outcomes == other.outcomes
}

fn same_choice(left: &View<'_>, right: &View<'_>) -> bool {
    if let (Some(one), Some(other)) = (left.task, right.task) {
        return one == other;
    }
    match (left.node.map(|n| &n.kind), right.node.map(|n| &n.kind)) {
        (Some(NodeKind::Decision(one)), Some(NodeKind::Decision(other))) => {
            let conditions = |arms: &[wayfare::model::journey::Guard]| -> Vec<Option<Expr>> {
                arms.iter().map(|arm| arm.condition.clone()).collect()
            };
            conditions(one) == conditions(other)
        }
        _ => false,
    }
}

/// Two runs, and what only one of them has done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    known: Run,
    unknown: Run,
    odds: Odds,
}

/// How the two of a pair go on, side by side, and what they leave behind.
type Ways = Vec<(Option<Way>, Option<Way>, Odds)>;

/// What two runs come to: all pairs, with how they go on, and those that differ.
struct Found {
    start: Option<Pair>,
    next: BTreeMap<Pair, Ways>,
    differ: BTreeSet<Pair>,
}

fn found(made: &Made, ensure: Option<&Ensure>, root: JourneyId) -> Option<Found> {
    let until = ensure.map(|ensure| match &ensure.property {
        Property::SameFace { until } => until,
        _ => panic!("another property"),
    });
    let oracle = Oracle { made, until };
    let start = oracle.start(ensure, root).map(|run| Pair {
        known: run.clone(),
        unknown: run,
        odds: Odds::new(),
    });
    let mut found = Found {
        start: start.clone(),
        next: BTreeMap::new(),
        differ: BTreeSet::new(),
    };
    let mut open: Vec<Pair> = start.into_iter().collect();
    let mut seen: BTreeSet<Pair> = open.iter().cloned().collect();
    while let Some(pair) = open.pop() {
        if seen.len() > PAIRS_MAX {
            return None;
        }
        let Some(next) = oracle.next(&pair) else {
            found.differ.insert(pair);
            continue;
        };
        for step in &next {
            let Some(pair) = behind(&pair, step) else {
                continue;
            };
            if seen.insert(pair.clone()) {
                open.push(pair);
            }
        }
        found.next.insert(pair, next);
    }
    Some(found)
}

/// A case with more is left out, and counted.
const PAIRS_MAX: usize = 60_000;

fn behind(pair: &Pair, (known, unknown, odds): &(Option<Way>, Option<Way>, Odds)) -> Option<Pair> {
    let go = |run: &Run, way: &Option<Way>| match way {
        Some(way) => way.to.clone(),
        None => Some(run.clone()),
    };
    Some(Pair {
        known: go(&pair.known, known)?,
        unknown: go(&pair.unknown, unknown)?,
        odds: odds.clone(),
    })
}

/// Whether two runs that are told of are a pair of runs to a difference.
fn is_real(made: &Made, found: &Found, run: &Counterexample) -> bool {
    let Some(beside) = run.beside.as_deref() else {
        return false;
    };
    let fits = |run: &Counterexample, at: usize, way: &Option<Way>| {
        let steps = way.as_ref().map_or(&[][..], |way| &way.steps);
        let fits = steps.iter().enumerate().all(|(more, (stack, how))| {
            let step = run.steps.get(at + more);
            step.is_some_and(|step| is_step(step, stack, *how))
        });
        fits.then_some(at + steps.len())
    };
    // Calls on the way to the first stop complete nodes only where an inner journey is empty.
    let mut open: Vec<(Pair, usize, usize)> = found
        .start
        .clone()
        .map(|pair| (pair, 0, 0))
        .into_iter()
        .collect();
    let mut seen = BTreeSet::new();
    while let Some((pair, left, right)) = open.pop() {
        if !seen.insert((pair.clone(), left, right)) {
            continue;
        }
        if found.differ.contains(&pair) {
            let whole = left == run.steps.len() && right == beside.steps.len();
            if whole && is_end(made, run, &pair.known) && is_end(made, beside, &pair.unknown) {
                return true;
            }
            continue;
        }
        for step in found.next.get(&pair).into_iter().flatten() {
            let (known, unknown) = (fits(run, left, &step.0), fits(beside, right, &step.1));
            if let (Some(left), Some(right), Some(pair)) = (known, unknown, behind(&pair, step)) {
                open.push((pair, left, right));
            }
        }
    }
    false
}

fn is_end(made: &Made, run: &Counterexample, at: &Run) -> bool {
    let (journey, node, child) = *at.stack.last().unwrap();
    if let Some(good) = at.ended {
        let root = made.journey(journey);
        let ends = if good {
            vec![root.success]
        } else {
            vec![root.failure, root.loose_end]
        };
        return run.end.calls.is_empty() && ends.contains(&run.end.node);
    }
    let calls = at.stack[..at.stack.len() - 1]
        .iter()
        .map(|(id, node, _)| (*id, *node));
    let place = if child == 0 {
        At::Node
    } else {
        At::Child(child)
    };
    calls.eq(run.end.calls.iter().copied())
        && (run.end.journey, run.end.node, run.end.at) == (journey, node, place)
}

fn decide(tally: &Tally, made: &Made, ensure: &Ensure) -> Result<(), String> {
    let Some(expected) = found(made, Some(ensure), JourneyId(0)) else {
        tally.add("too many pairs");
        return Ok(());
    };
    let verdict = prove(&made.program, JourneyId(0), ensure);
    match &verdict {
        Verdict::Holds if expected.differ.is_empty() => tally.add("same face holds"),
        Verdict::Fails(run) if !expected.differ.is_empty() => {
            tally.add("same face fails");
            if run.steps.iter().any(|step| !step.calls.is_empty()) {
                tally.add("same face fails through an inner journey");
            }
            if expected.differ.iter().all(|pair| !pair.odds.is_empty()) {
                tally.add("same face fails by what one has done alone");
            }
            if !is_real(made, &expected, run) {
                return Err(format!("no two runs: {run:?}"));
            }
        }
        Verdict::Fails(_) if memory::is_large(made) => tally.add("too many traces"),
        _ => {
            let differ: Vec<_> = expected.differ.iter().take(3).collect();
            return Err(format!("said {verdict:?}, differ {differ:#?}, {ensure:?}"));
        }
    }
    Ok(())
}

fn told(tally: &Tally, made: &Made) -> Result<(), String> {
    let Some(expected) = found(made, None, JourneyId(0)) else {
        tally.add("too many pairs");
        return Ok(());
    };
    let told = findings(&made.program);
    let told: Vec<_> = told
        .iter()
        .filter(|f| f.code == codes::ENUMERATION)
        .collect();
    if !told.is_empty() && expected.differ.is_empty() && memory::is_large(made) {
        tally.add("too many traces");
        return Ok(());
    }
    if told.is_empty() != expected.differ.is_empty() {
        let differ: Vec<_> = expected.differ.iter().take(3).collect();
        return Err(format!("told {told:#?}, differ {differ:#?}"));
    }
    tally.add(if told.is_empty() {
        "one face"
    } else {
        "two faces"
    });
    if expected.next.len() > 3 {
        tally.add("several pairs");
    }
    Ok(())
}

#[test]
fn a_stranger_is_told_apart_where_two_runs_of_the_oracle_are() {
    let tally = Tally::default();
    runner(cases(600))
        .run(&vec(any::<u16>(), 0..200), |numbers| {
            let choices = &mut Choices::new(&numbers);
            let made = sorts::program(choices);
            for node in made
                .program
                .journeys
                .iter()
                .flat_map(|j| j.graph.node_weights())
            {
                tally.add(match &node.kind {
                    NodeKind::Page(_) => "page",
                    NodeKind::Inner(_) => "inner",
                    NodeKind::Decision(_) => "decision",
                    NodeKind::Task(task) => sort_of(&made, task).name,
                    _ => continue,
                });
            }
            let mut check = || {
                told(&tally, &made)?;
                for _ in 0..3 {
                    decide(&tally, &made, &sorts::ensure(choices, &made))?;
                }
                Ok(())
            };
            check().map_err(|why: String| TestCaseError::fail(format!("{why}\n{}", show(&made))))
        })
        .unwrap();
    tally.expect(&[
        "page",
        "inner",
        "decision",
        "one face",
        "two faces",
        "several pairs",
        "same face holds",
        "same face fails",
        "same face fails through an inner journey",
        "same face fails by what one has done alone",
    ]);
    let names: Vec<&str> = sorts::SORTS.iter().map(|sort| sort.name).collect();
    tally.expect(&names);
}

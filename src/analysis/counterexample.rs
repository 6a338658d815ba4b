//! A run that shows why a property does not hold: as data, and as a line to read.

use std::{fmt::Write as _, sync::Arc};

use petgraph::graph::NodeIndex;

use crate::{
    analysis::{
        explore::{Domain, Explored, Hit, HitPlace, Link, TableId},
        flow::{Flow, Leave, StateKind},
        route::asks_text,
        space::{InstanceId, Space},
    },
    model::{
        journey::{JourneyId, Node, NodeKind, On, OutcomeId},
        program::Program,
        property::{At, Point},
    },
};

/// The inner-journey nodes that a run is inside of, outermost first.
pub type Calls = Arc<[(JourneyId, NodeIndex<u32>)]>;

/// One node of a counter-example, left in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterStep {
    /// The inner-journey nodes the run is inside of, outermost first.
    pub calls: Calls,
    /// The journey of the node.
    pub journey: JourneyId,
    /// The node.
    pub node: NodeIndex<u32>,
    /// How it is left; an error that has no arrow is [`On::Error`] too.
    pub on: On,
}

/// A shortest run that breaks a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    /// The nodes in the order in which they are completed; of a very long run the first
    /// [`Counterexample::STEPS_MAX`].
    pub steps: Vec<CounterStep>,
    /// How many nodes the run completes, those that are not listed included.
    pub length: u64,
    /// The point at which the property breaks.
    pub end: Point,
    /// Where two runs are compared, the other one: this run is of a known user, that one of an unknown.
    pub beside: Option<Box<Counterexample>>,
}

impl Counterexample {
    /// How many steps are kept.
    pub const STEPS_MAX: usize = 10_000;

    /// The run in one line: `credentials [Name, Password] -> check.false -> attempts.Reject -> success`.
    ///
    /// What stands in brackets are the callbacks that a node may ask.
    /// An inner journey that came to its end is one step; one that the run is still inside of is a prefix,
    /// `profile/check.true`.
    ///
    /// ```
    /// use wayfare::analysis::Counterexample;
    /// fn show(run: &Counterexample, program: &wayfare::Program) -> String {
    ///     format!("success is reached by {}", run.text(program))
    /// }
    /// ```
    pub fn text(&self, program: &Program) -> String {
        let shown: Vec<&CounterStep> = self
            .steps
            .iter()
            .filter(|step| self.end.calls.starts_with(&step.calls))
            .collect();
        let text = |step: &&CounterStep| step_text(program, step);
        let mut parts: Vec<String>;
        if (shown.len() as u64) < SHOWN_MAX && self.steps.len() as u64 == self.length {
            parts = shown.iter().map(text).collect();
            parts.extend(self.end_text(program));
        } else {
            // Only what is read is put into words: runs are long where journeys stand in each other.
            let hidden = shown.len().saturating_sub(SHOWN_HALF * 2);
            if hidden > 0 {
                parts = shown.iter().take(SHOWN_HALF).map(text).collect();
                parts.push(format!("… {hidden} more …"));
                parts.extend(shown.iter().skip(SHOWN_HALF + hidden).map(text));
            } else {
                parts = shown.iter().map(text).collect();
            }
            match self.length.saturating_sub(self.steps.len() as u64) {
                0 => {}
                more => parts.push(format!("… {more} more …")),
            }
            parts.extend(self.end_text(program));
        }
        parts.join(" -> ")
    }

    /// The steps of inner journeys that came to an end, one line for each.
    pub fn inner_text(&self, program: &Program) -> Vec<String> {
        let is_inner = |step: &&CounterStep| !self.end.calls.starts_with(&step.calls);
        let mut lines: Vec<(&Calls, Vec<&CounterStep>)> = Vec::new();
        for step in self.steps.iter().filter(is_inner) {
            let is_full = lines.len() == INNER_MAX;
            match lines.last_mut() {
                Some((calls, steps)) if **calls == step.calls => steps.push(step),
                Some(_) if is_full => break,
                Some(_) | None => lines.push((&step.calls, vec![step])),
            }
        }
        lines
            .into_iter()
            .map(|(calls, steps)| {
                let is_long = steps.len() as u64 > SHOWN_MAX;
                let shown = if is_long { SHOWN_HALF } else { steps.len() };
                let texts = steps.iter().take(shown);
                let mut parts: Vec<String> = texts.map(|step| part_text(program, step)).collect();
                if is_long {
                    parts.push(format!("… {} more …", steps.len() - SHOWN_HALF));
                }
                format!(
                    "within `{}`: {}",
                    calls_text(program, calls),
                    parts.join(" -> ")
                )
            })
            .collect()
    }

    fn end_text(&self, program: &Program) -> Option<String> {
        match self.end.at {
            At::Node | At::Child(_) => Some(self.place(program)),
            At::ChildOutcome(..) => Some(format!("{} ends", self.place(program))),
            // The last step has said it.
            At::Outcome(_) | At::Error => None,
        }
    }

    /// The point at which the run ends, as it is written in the language.
    pub(super) fn place(&self, program: &Program) -> String {
        let prefix = match &*self.end.calls {
            [] => String::new(),
            calls => format!("{}/", calls_text(program, calls)),
        };
        let node = name(program, self.end.journey, self.end.node);
        let left_by = |outcome| {
            program
                .journey(self.end.journey)
                .and_then(|journey| journey.graph.node_weight(self.end.node))
                .and_then(|node| outcome_name(node, outcome))
                .unwrap_or("?")
        };
        match self.end.at {
            At::Node => format!("{prefix}{node}"),
            At::Child(child) | At::ChildOutcome(child, _) => {
                format!("{prefix}{node}.{}", child_name(program, &self.end, child))
            }
            At::Outcome(outcome) => format!("{prefix}{node}.{}", left_by(outcome)),
            At::Error => format!("{prefix}{node} on error"),
        }
    }
}

const SHOWN_HALF: usize = 15;
const SHOWN_MAX: u64 = 40;
const INNER_MAX: usize = 4;

/// The name of a node, ends included.
pub(super) fn name(program: &Program, journey: JourneyId, node: NodeIndex<u32>) -> String {
    named(program, journey, node).to_owned()
}

fn named(program: &Program, journey: JourneyId, node: NodeIndex<u32>) -> &str {
    let node = program
        .journey(journey)
        .and_then(|journey| journey.graph.node_weight(node));
    node.map_or("", |node| match node.kind {
        NodeKind::Success => "success",
        NodeKind::Failure => "failure",
        NodeKind::LooseEnd => "nowhere",
        NodeKind::Task(_) | NodeKind::Decision(_) | NodeKind::Page(_) | NodeKind::Inner(_) => {
            &node.path
        }
    })
}

fn child_name(program: &Program, point: &Point, child: u16) -> String {
    let node = program
        .journey(point.journey)
        .and_then(|journey| journey.graph.node_weight(point.node));
    match node.map(|node| &node.kind) {
        Some(NodeKind::Page(page)) => page
            .children
            .get(usize::from(child))
            .map_or_else(String::new, |child| child.name.to_string()),
        Some(_) | None => String::new(),
    }
}

fn calls_text(program: &Program, calls: &[(JourneyId, NodeIndex<u32>)]) -> String {
    let names: Vec<&str> = calls
        .iter()
        .map(|(journey, node)| named(program, *journey, *node))
        .collect();
    names.join("/")
}

fn step_text(program: &Program, step: &CounterStep) -> String {
    match &*step.calls {
        [] => part_text(program, step),
        calls => format!(
            "{}/{}",
            calls_text(program, calls),
            part_text(program, step)
        ),
    }
}

fn part_text(program: &Program, step: &CounterStep) -> String {
    let mut text = name(program, step.journey, step.node);
    let node = program
        .journey(step.journey)
        .and_then(|journey| journey.graph.node_weight(step.node));
    let Some(node) = node else {
        return text;
    };
    text.push_str(&asks_text(program, node));
    match step.on {
        On::Outcome(outcome) if node.outcomes.len() > 1 => {
            let _ = write!(text, ".{}", outcome_name(node, outcome).unwrap_or("?"));
        }
        On::Outcome(_) => {}
        On::Error => text.push_str(" on error"),
    }
    text
}

/// The name of an outcome; of a decision, that of the arm.
pub(super) fn outcome_name(node: &Node, outcome: OutcomeId) -> Option<&str> {
    match &node.kind {
        NodeKind::Decision(guards) => guards.get(outcome.index()).map(|guard| {
            if guard.condition.is_none() {
                "else"
            } else {
                &*guard.name
            }
        }),
        NodeKind::Success
        | NodeKind::Failure
        | NodeKind::LooseEnd
        | NodeKind::Task(_)
        | NodeKind::Page(_)
        | NodeKind::Inner(_) => node.outcomes.get(outcome.index()).map(|name| &**name),
    }
}

/// The run to the shortest hit of an exploration.
pub(super) fn of_best<D: Domain>(
    space: &Space<'_>,
    domain: &D,
    explored: &Explored,
) -> Option<Counterexample> {
    let hit = explored.tables.first()?.best?;
    Some(
        Trail {
            space,
            domain,
            explored,
        }
        .run(0, hit, Arc::from([])),
    )
}

/// The run to a hit in a table, entered by the callers that first led there.
pub(super) fn of_hit<D: Domain>(
    space: &Space<'_>,
    domain: &D,
    explored: &Explored,
    table: TableId,
    hit: Hit,
) -> Counterexample {
    let mut hit = hit;
    let mut inside = vec![(table, hit)];
    let mut at = table;
    while let Some((caller, state, memory)) = explored.tables.get(at).and_then(|table| table.caller)
    {
        hit = Hit {
            length: hit.length,
            state,
            memory,
            place: HitPlace::Inside(at),
        };
        inside.push((caller, hit));
        at = caller;
    }
    let trail = Trail {
        space,
        domain,
        explored,
    };
    let mut steps = Vec::new();
    let mut length = 0;
    let mut calls: Calls = Arc::from([]);
    let mut end = None;
    while let Some((table, hit)) = inside.pop() {
        let run = trail.within(table, hit, &calls, &mut steps);
        length += run;
        if inside.is_empty() {
            end = Some(trail.end(table, hit, &calls));
        } else {
            calls = trail.deeper(&calls, table, hit.state);
        }
    }
    Counterexample {
        steps,
        length,
        end: end.unwrap_or_else(|| trail.end(0, hit, &calls)),
        beside: None,
    }
}

struct Trail<'a, 's, D> {
    space: &'a Space<'s>,
    domain: &'a D,
    explored: &'a Explored,
}

impl<D: Domain> Trail<'_, '_, D> {
    /// The whole run to a hit that may lie further in.
    fn run(&self, mut table: TableId, mut hit: Hit, mut calls: Calls) -> Counterexample {
        let length = hit.length;
        let mut steps = Vec::new();
        loop {
            self.within(table, hit, &calls, &mut steps);
            let HitPlace::Inside(inner) = hit.place else {
                break;
            };
            calls = self.deeper(&calls, table, hit.state);
            let Some(best) = self.explored.tables.get(inner).and_then(|table| table.best) else {
                break;
            };
            (table, hit) = (inner, best);
        }
        Counterexample {
            steps,
            length,
            end: self.end(table, hit, &calls),
            beside: None,
        }
    }

    fn journey(&self, table: TableId) -> Option<(InstanceId, JourneyId, &Flow)> {
        let instance = self.explored.tables.get(table)?.instance;
        let journey = self.space.instance(instance)?.journey;
        Some((instance, journey, self.space.flow(instance)?))
    }

    fn deeper(&self, calls: &Calls, table: TableId, state: u32) -> Calls {
        let mut list = calls.to_vec();
        if let Some((_, journey, flow)) = self.journey(table)
            && let Some(state) = flow.state(state)
        {
            list.push((journey, state.node));
        }
        Arc::from(list)
    }

    /// Adds the steps of a run within one table up to a hit there; how long that part is.
    fn within(&self, table: TableId, hit: Hit, calls: &Calls, steps: &mut Vec<CounterStep>) -> u64 {
        let mut links = self.explored.links(table, hit.state, hit.memory);
        if let HitPlace::OnArc(arc, after) | HitPlace::Behind(arc, after) = hit.place {
            links.push(Link {
                state: hit.state,
                memory: hit.memory,
                arc,
                after,
            });
        }
        let mut length = 0;
        // Each entry is the rest of one journey's links, still to be written.
        let mut open = vec![(table, Arc::clone(calls), links.into_iter(), None)];
        while let Some((table, calls, links, pending)) = open.last_mut() {
            if let Some(step) = pending.take() {
                length += 1;
                push(steps, step);
                continue;
            }
            let Some(link) = links.next() else {
                open.pop();
                continue;
            };
            if steps.len() >= Counterexample::STEPS_MAX {
                break;
            }
            let Some((instance, journey, flow)) = self.journey(*table) else {
                break;
            };
            let (Some(arc), Some(state)) =
                (flow.arcs.get(link.arc as usize), flow.state(link.state))
            else {
                break;
            };
            if let Some(on) = on_of(arc.leave) {
                let calls = Arc::clone(calls);
                *pending = Some(CounterStep {
                    calls,
                    journey,
                    node: state.node,
                    on,
                });
            }
            let Some(exit) = arc.via else { continue };
            let StateKind::Call(_) = state.kind else {
                continue;
            };
            let Some(at) = self.space.instance(instance) else {
                continue;
            };
            let entry = self.domain.call(at, link.state, link.memory);
            let inner = at
                .callee(link.state)
                .and_then(|callee| self.explored.table_of(callee, entry));
            let Some(inner) = inner else { continue };
            let Some(end) = self.explored.ending(inner, exit, link.after) else {
                continue;
            };
            let deeper = self.deeper(calls, *table, link.state);
            let links = self.explored.links(inner, end, link.after);
            open.push((inner, deeper, links.into_iter(), None));
        }
        length
    }

    fn end(&self, table: TableId, hit: Hit, calls: &Calls) -> Point {
        let fallback = Point {
            calls: calls.to_vec(),
            journey: JourneyId(0),
            node: NodeIndex::new(0),
            at: At::Node,
        };
        let Some((_, journey, flow)) = self.journey(table) else {
            return fallback;
        };
        let at_state = |id: u32| {
            let state = flow.state(id);
            let child = state.map_or(0, |state| state.child);
            let at = if child == 0 {
                At::Node
            } else {
                At::Child(child)
            };
            (state.map_or_else(NodeIndex::end, |state| state.node), at)
        };
        let (node, at) = match hit.place {
            HitPlace::Start | HitPlace::Inside(_) => at_state(hit.state),
            HitPlace::Behind(arc, _) => {
                at_state(flow.arcs.get(arc as usize).map_or(hit.state, |arc| arc.to))
            }
            HitPlace::OnArc(arc, _) => {
                let state = flow.state(hit.state);
                let child = state.map_or(0, |state| state.child);
                let leave = flow.arcs.get(arc as usize).map(|arc| arc.leave);
                let at = leave.map_or(At::Node, |leave| at_of(leave, child));
                (state.map_or_else(NodeIndex::end, |state| state.node), at)
            }
        };
        Point {
            calls: calls.to_vec(),
            journey,
            node,
            at,
        }
    }
}

fn push(steps: &mut Vec<CounterStep>, step: CounterStep) {
    if steps.len() < Counterexample::STEPS_MAX {
        steps.push(step);
    }
}

/// What a step shows of leaving by an arc; nothing within a page.
pub(super) fn on_of(leave: Leave) -> Option<On> {
    match leave {
        Leave::Next(OutcomeId(_)) | Leave::Past => None,
        Leave::Outcome(outcome) => Some(On::Outcome(outcome)),
        Leave::Error | Leave::Unhandled => Some(On::Error),
    }
}

/// The point that leaving by an arc is.
pub(super) fn at_of(leave: Leave, child: u16) -> At {
    match leave {
        Leave::Outcome(outcome) => At::Outcome(outcome),
        Leave::Next(outcome) => At::ChildOutcome(child, outcome),
        Leave::Past => At::Node,
        Leave::Error | Leave::Unhandled => At::Error,
    }
}

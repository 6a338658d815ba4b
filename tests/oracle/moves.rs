//! Everything that may happen next in a run, whole stack in hand.
//!
//! In: a program and a stack. Out: each move, as events, and the stack behind it. Nothing is shared with the
//! checks: errors, ends and inner journeys are worked out on the graph anew. Conditions are not looked at.

use petgraph::{graph::NodeIndex, visit::EdgeRef};
use wayfare::{
    analysis::CounterStep,
    model::{
        expr::{Expr, Slot},
        journey::{Journey, JourneyId, NodeKind, On, OutcomeId},
    },
};

use super::random::Made;

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

//! What the nodes of a program say of the keys that they read.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;
use wayfare::model::{
    expr::{Expr, Slot},
    journey::{Guard, JourneyId, NodeKind, SettingValue, Task},
    signature::{Known, Scope, Signature, StateKey},
};

use super::super::{kinds::KEYS, moves::Spot, random::Made};

pub(super) fn task_at(made: &Made, (journey, node, child): Spot) -> Option<&Task> {
    match &made.journey(journey).graph[node].kind {
        NodeKind::Task(task) => Some(task),
        NodeKind::Page(page) => Some(&page.children[usize::from(child)].task),
        _ => None,
    }
}

pub(super) fn signature(made: &Made, spot: Spot) -> Option<&Signature> {
    task_at(made, spot)
        .and_then(|task| made.program.catalog.get(task.ty))
        .map(|s| &**s)
}

/// The key that a line means for the task.
pub(super) fn means(task: &Task, line: &StateKey) -> String {
    if line.named_by.is_none() {
        return line.key.to_string();
    }
    match &task.settings[0].1 {
        SettingValue::Constant(value) => value.as_text().unwrap().to_owned(),
        SettingValue::Computed(_) => panic!("the generator computes nothing"),
    }
}

pub(super) fn spots(made: &Made) -> Vec<Spot> {
    let mut all = Vec::new();
    for journey in &made.program.journeys {
        for node in journey.graph.node_indices() {
            let children = match &journey.graph[node].kind {
                NodeKind::Page(page) => page.children.len(),
                _ => 1,
            };
            for child in 0..children {
                all.push((journey.id, node, u16::try_from(child).unwrap()));
            }
        }
    }
    all
}

pub(super) fn asks(made: &Made, (journey, node, child): Spot) -> bool {
    let asks = |spot| signature(made, spot).is_some_and(|s| s.asks == Known::Is(true));
    match &made.journey(journey).graph[node].kind {
        NodeKind::Page(page) => {
            let children = 0..u16::try_from(page.children.len()).unwrap();
            child == 0
                && children
                    .into_iter()
                    .any(|child| asks((journey, node, child)))
        }
        _ => asks((journey, node, child)),
    }
}

pub(super) fn slot_of(slot: &Slot) -> Option<(usize, Scope)> {
    let (id, scope) = match slot {
        Slot::Shared(id) => (id, Scope::Shared),
        Slot::Transient(id) => (id, Scope::Transient),
        Slot::Secure(id) => (id, Scope::Secure),
        _ => return None,
    };
    Some((id.0 as usize, scope))
}

pub(super) fn slots(expr: &Expr, into: &mut Vec<Slot>) {
    match expr {
        Expr::Has(slot) => into.push(slot.clone()),
        Expr::Not(inner) => slots(inner, into),
        Expr::Binary(_, left, right) => {
            slots(left, into);
            slots(right, into);
        }
        _ => {}
    }
}

pub(super) fn guard_slots(arms: &[Guard]) -> Vec<Slot> {
    let mut found = Vec::new();
    for condition in arms.iter().filter_map(|arm| arm.condition.as_ref()) {
        slots(condition, &mut found);
    }
    found
}

/// Whether a spot reads a key from where a stop may take it, journeys further in included.
pub(super) fn declares(made: &Made, (journey, node, child): Spot, name: &str) -> bool {
    match &made.journey(journey).graph[node].kind {
        NodeKind::Decision(arms) => guard_slots(arms).iter().any(|slot| {
            slot_of(slot).is_some_and(|(id, scope)| KEYS[id] == name && scope != Scope::Shared)
        }),
        NodeKind::Inner(inner) => journey_declares(made, *inner, name),
        _ => {
            let spot = (journey, node, child);
            let task = task_at(made, spot);
            signature(made, spot).is_some_and(|signature| {
                signature
                    .reads
                    .iter()
                    .any(|line| line.scope != Scope::Shared && means(task.unwrap(), line) == name)
            })
        }
    }
}

pub(super) fn node_declares(
    made: &Made,
    journey: JourneyId,
    node: NodeIndex<u32>,
    name: &str,
) -> bool {
    let here = |spot: &Spot| spot.0 == journey && spot.1 == node;
    spots(made)
        .into_iter()
        .filter(here)
        .any(|spot| declares(made, spot, name))
}

pub(super) fn journey_declares(made: &Made, journey: JourneyId, name: &str) -> bool {
    let nodes = made.journey(journey).graph.node_indices();
    nodes
        .into_iter()
        .any(|node| node_declares(made, journey, node, name))
}

/// Whether anything from a node on declares a key; a page counts as a whole.
pub(super) fn live(made: &Made, journey: JourneyId, from: NodeIndex<u32>, name: &str) -> bool {
    let graph = &made.journey(journey).graph;
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            if node_declares(made, journey, node, name) {
                return true;
            }
            open.extend(graph.neighbors(node));
        }
    }
    false
}
